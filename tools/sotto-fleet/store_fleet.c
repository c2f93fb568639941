/* store_fleet: who is enrolled and what is measured. See store.h. */
#include "tools/sotto-fleet/store_parts.h"

#include "base/cbor.h"
#include "crypto/crypto.h"

/* The 8 bytes of a device's id, as SQLite keeps them. */
static int64_t device_number(const uint8_t id[8]) { return (int64_t)load64(id); }

/* ---- Devices ----------------------------------------------------------------------------- */

int fleet_store_has_roll(struct fleet_store *s, const uint8_t hash[32], int *has,
                         struct sotto_error *err) {
    uint8_t have[HASH_BYTES];
    struct use u = use_of(s, FLEET_ROLL_GET);
    *has = 0;
    if (use_step(&u)) {
        column_bytes(&u, 1, have, sizeof have);
        *has = u.rc == SQLITE_ROW && memcmp(have, hash, sizeof have) == 0;
    }
    return use_done(&u, err);
}

int fleet_store_roll(struct fleet_store *s, const uint8_t hash[32], struct sotto_error *err) {
    struct use u = use_of(s, FLEET_ROLL_PUT);
    bind_bytes(&u, hash, HASH_BYTES);
    int status = use_done(&u, err);
    if (status == SOTTO_OK) s->roll = sqlite3_last_insert_rowid(s->db);
    return status;
}

int fleet_store_alter_roll(struct fleet_store *s, struct sotto_error *err) {
    static const uint8_t of_no_file[HASH_BYTES];
    if (s->roll == 0) return fleet_store_roll(s, of_no_file, err);
    struct use u = use_of(s, FLEET_ROLL_ALTER);
    bind_int(&u, s->roll);
    return use_done(&u, err);
}

static int group_number(struct fleet_store *s, const char *name, int64_t *number,
                        struct sotto_error *err) {
    *number = 0;
    if (!name[0]) return SOTTO_OK;
    for (int is_put = 0; is_put < 2; is_put++) {
        struct use get = use_of(s, FLEET_GROUP_GET);
        bind_text(&get, name);
        if (use_step(&get)) *number = sqlite3_column_int64(get.query, 0);
        int status = use_done(&get, err);
        if (status != SOTTO_OK || *number) break;
        struct use put = use_of(s, FLEET_GROUP_PUT);
        bind_text(&put, name);
        status = use_done(&put, err);
        if (status != SOTTO_OK) return status;
    }
    if (*number < 1 || *number > FLEET_GROUPS_MAX)
        return fail(err, SOTTO_E_LIMIT,
                    "%.120s: group %.63s would be one more than the %d groups there may be; use "
                    "fewer, larger groups",
                    s->path, name, FLEET_GROUPS_MAX);
    return SOTTO_OK;
}

static int put_device(struct fleet_store *s, const struct fleet_device *d, int64_t roll,
                      uint32_t line, struct sotto_error *err) {
    int64_t group;
    int status = group_number(s, d->group, &group, err);
    if (status != SOTTO_OK) return status;
    struct use u = use_of(s, FLEET_DEVICE_PUT);
    bind_int(&u, device_number(d->id));
    bind_bytes(&u, d->key, sizeof d->key);
    bind_text(&u, d->label);
    bind_int(&u, group);
    bind_int(&u, roll);
    bind_int(&u, line);
    return use_done(&u, err);
}

int fleet_store_enrol(struct fleet_store *s, const struct fleet_device *d, uint32_t line,
                      uint32_t *other, struct sotto_error *err) {
    struct use before = use_of(s, FLEET_DEVICE_LINE);
    bind_int(&before, device_number(d->id));
    bind_int(&before, s->roll);
    *other = use_step(&before) ? column_u32(&before, 0) : 0;
    int status = use_done(&before, err);
    return status != SOTTO_OK || *other ? status : put_device(s, d, s->roll, line, err);
}

int fleet_store_retired(struct fleet_store *s, const struct fleet_device *d,
                        struct sotto_error *err) {
    return put_device(s, d, -1, 0, err); /* 0 is the roll of a database without one */
}

int fleet_store_device(struct fleet_store *s, const uint8_t id[8], int may_retired, uint8_t key[32],
                       struct sotto_error *err) {
    struct use u = use_of(s, FLEET_DEVICE_KEY);
    bind_int(&u, device_number(id));
    bind_int(&u, s->roll);
    bind_int(&u, may_retired);
    int is_there = use_step(&u);
    if (is_there) column_bytes(&u, 0, key, 32);
    int status = use_done(&u, err);
    return status != SOTTO_OK ? status : is_there ? SOTTO_OK : SOTTO_E_NOT_FOUND;
}

int fleet_store_devices(struct fleet_store *s, fleet_each_device *each, void *ctx,
                        struct sotto_error *err) {
    struct use u = use_of(s, FLEET_DEVICES_LIST);
    int status = SOTTO_OK;
    bind_int(&u, s->roll);
    while (status == SOTTO_OK && use_step(&u)) {
        struct fleet_device d;
        store64(d.id, (uint64_t)sqlite3_column_int64(u.query, 0));
        column_bytes(&u, 1, d.key, sizeof d.key);
        column_text(&u, 2, d.label, sizeof d.label);
        column_text(&u, 3, d.group, sizeof d.group);
        if (u.rc != SQLITE_ROW) break;
        status = each(ctx, &d, sqlite3_column_int(u.query, 4), err);
    }
    int ended = use_done(&u, err);
    return status != SOTTO_OK ? status : ended;
}

int fleet_store_enrolled(struct fleet_store *s, uint64_t *devices, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_DEVICE_COUNT);
    bind_int(&u, s->roll);
    *devices = use_step(&u) ? (uint64_t)sqlite3_column_int64(u.query, 0) : 0;
    return use_done(&u, err);
}

int fleet_store_groups(struct fleet_store *s, struct fleet_groups *groups,
                       struct sotto_error *err) {
    memset(groups, 0, sizeof *groups);
    struct use u = use_of(s, FLEET_GROUPS_LIST);
    while (use_step(&u)) {
        uint32_t number = column_u32(&u, 0);
        if (number == 0 || number > FLEET_GROUPS_MAX) continue;
        column_text(&u, 1, groups->names[number], sizeof groups->names[number]);
        if (number > groups->n) groups->n = number;
    }
    int status = use_done(&u, err);
    if (status != SOTTO_OK) return status;
    struct use count = use_of(s, FLEET_GROUPS_COUNT);
    bind_int(&count, s->roll);
    while (use_step(&count)) {
        uint32_t number = column_u32(&count, 0);
        if (number <= FLEET_GROUPS_MAX) groups->enrolled[number]++;
    }
    return use_done(&count, err);
}

/* ---- Definitions ------------------------------------------------------------------------- */

struct mechanism_terms fleet_terms_of(const struct fleet_metric *m) {
    return (struct mechanism_terms){.mechanism = m->mechanism,
                                    .eps_micro = m->eps_micro,
                                    .max_cells = m->max_cells,
                                    .max_weight = m->max_weight,
                                    .n_cells = m->n_cells,
                                    .max_value = m->max_value};
}

/* The numbers of a definition, in the order of the table's columns. */
#define NUMBERS 12
static void numbers_of(const struct fleet_metric *m, uint32_t out[NUMBERS]) {
    const uint32_t numbers[NUMBERS] = {m->mechanism,  m->unit,      m->source,     m->event_mask,
                                       m->window_s,   m->eps_micro, m->fresh_year, m->max_cells,
                                       m->max_weight, m->max_value, m->n_cells,    m->n_names};
    memcpy(out, numbers, sizeof numbers);
}

/* What makes reports comparable, hashed: those made under policies that differ only elsewhere add
 * up. */
static void definition_of(const struct fleet_metric *m, uint8_t out[HASH_BYTES]) {
    uint8_t bytes[POLICY_CELLS_MAX * 68 + 256];
    struct cbor_writer w = cbor_writer_of(bytes, sizeof bytes);
    uint32_t numbers[NUMBERS];
    numbers_of(m, numbers);
    cbor_put_uint(&w, m->id);
    cbor_put_text(&w, m->name);
    for (size_t i = 0; i < NUMBERS; i++) cbor_put_uint(&w, numbers[i]);
    cbor_put_array(&w, m->n_names);
    for (uint32_t c = 0; c < m->n_names; c++) cbor_put_text(&w, m->cells[c]);
    hash256(out, bytes, w.n); /* always fits: names have at most 63 bytes */
}

static int put_metric(struct fleet_store *s, const struct fleet_metric *m, uint64_t *series,
                      struct sotto_error *err) {
    uint32_t numbers[NUMBERS];
    numbers_of(m, numbers);
    struct use u = use_of(s, FLEET_SERIES_PUT);
    bind_bytes(&u, m->definition, sizeof m->definition);
    bind_int(&u, m->id);
    bind_text(&u, m->name);
    for (size_t i = 0; i < NUMBERS; i++) bind_int(&u, numbers[i]);
    int status = use_done(&u, err);
    if (status != SOTTO_OK) return status;
    struct use number = use_of(s, FLEET_SERIES_NUMBER);
    bind_bytes(&number, m->definition, sizeof m->definition);
    *series = use_step(&number) ? (uint64_t)sqlite3_column_int64(number.query, 0) : 0;
    status = use_done(&number, err);
    for (uint32_t c = 0; c < m->n_names && status == SOTTO_OK; c++) {
        struct use cell = use_of(s, FLEET_CELL_PUT);
        bind_int(&cell, (int64_t)*series);
        bind_int(&cell, c);
        bind_text(&cell, m->cells[c]);
        status = use_done(&cell, err);
    }
    return status;
}

/* SOTTO_E_CORRUPT when the schema's metric already means another series. */
static int put_schema(struct fleet_store *s, const uint8_t schema[16], uint32_t metric,
                      uint64_t series, struct sotto_error *err) {
    struct use put = use_of(s, FLEET_SCHEMA_PUT);
    bind_bytes(&put, schema, 16);
    bind_int(&put, metric);
    bind_int(&put, (int64_t)series);
    int status = use_done(&put, err);
    if (status != SOTTO_OK) return status;
    struct use get = use_of(s, FLEET_SCHEMA_GET);
    bind_bytes(&get, schema, 16);
    bind_int(&get, metric);
    uint64_t have = use_step(&get) ? (uint64_t)sqlite3_column_int64(get.query, 0) : 0;
    status = use_done(&get, err);
    if (status != SOTTO_OK || have == series) return status;
    return fail(err, SOTTO_E_CORRUPT,
                "%.120s: metric %u of one schema means two things; one of the databases is damaged",
                s->path, metric);
}

int fleet_store_policy(struct fleet_store *s, const struct policy *policy,
                       struct sotto_error *err) {
    int status = SOTTO_OK;
    for (uint32_t i = 0; i < policy->n_metrics && status == SOTTO_OK; i++) {
        const struct policy_metric *p = &policy->metrics[i];
        struct fleet_metric m = {.id = p->id,
                                 .mechanism = p->mechanism,
                                 .unit = p->unit,
                                 .source = p->source,
                                 .event_mask = p->event_mask,
                                 .window_s = p->window_s,
                                 .eps_micro = p->eps_micro,
                                 .fresh_year = p->fresh_year,
                                 .max_cells = p->max_cells,
                                 .max_weight = p->max_weight,
                                 .max_value = p->max_value,
                                 .n_cells = p->n_cells,
                                 .n_names = p->n_names};
        memcpy(m.name, p->name, strlen(p->name) + 1); /* policies are held to 63 bytes */
        for (uint32_t c = 0; c < m.n_names; c++)
            memcpy(m.cells[c], p->cells[c], strlen(p->cells[c]) + 1);
        definition_of(&m, m.definition);
        status = put_metric(s, &m, &m.series, err);
        if (status == SOTTO_OK) status = put_schema(s, policy->schema_hash, m.id, m.series, err);
    }
    return status;
}

int fleet_store_metric(struct fleet_store *s, uint64_t series, struct fleet_metric *m,
                       struct sotto_error *err) {
    uint32_t *const fields[NUMBERS] = {
        &m->mechanism,  &m->unit,      &m->source,     &m->event_mask, &m->window_s, &m->eps_micro,
        &m->fresh_year, &m->max_cells, &m->max_weight, &m->max_value,  &m->n_cells,  &m->n_names};
    memset(m, 0, sizeof *m);
    m->series = series;
    struct use u = use_of(s, FLEET_SERIES_GET);
    bind_int(&u, (int64_t)series);
    if (use_step(&u)) {
        column_bytes(&u, 1, m->definition, sizeof m->definition);
        m->id = column_u32(&u, 2);
        column_text(&u, 3, m->name, sizeof m->name);
        for (int i = 0; i < NUMBERS; i++) *fields[i] = column_u32(&u, 4 + i);
    }
    int status = use_done(&u, err);
    if (status != SOTTO_OK) return status;
    if (m->n_cells == 0 || m->n_cells > POLICY_VALUES_MAX || m->n_names > POLICY_CELLS_MAX ||
        m->window_s == 0 || (m->unit == UNIT_VISIT && m->n_cells > POLICY_CELLS_MAX))
        return store_error(s, SQLITE_CORRUPT, err);
    struct use cells = use_of(s, FLEET_CELLS_GET);
    bind_int(&cells, (int64_t)series);
    while (use_step(&cells)) {
        uint32_t cell = column_u32(&cells, 0);
        if (cell < m->n_names) column_text(&cells, 1, m->cells[cell], sizeof m->cells[cell]);
    }
    return use_done(&cells, err);
}

int fleet_store_terms(struct fleet_store *s, const uint8_t schema[16], uint32_t metric,
                      struct fleet_metric *terms, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_SCHEMA_GET);
    bind_bytes(&u, schema, 16);
    bind_int(&u, metric);
    int is_there = use_step(&u);
    uint64_t series = is_there ? (uint64_t)sqlite3_column_int64(u.query, 0) : 0;
    int status = use_done(&u, err);
    if (status != SOTTO_OK) return status;
    return is_there ? fleet_store_metric(s, series, terms, err) : SOTTO_E_NOT_FOUND;
}

static int is_shown(const char *text) { return utf8_is_printable(text, strlen(text)); }

/* What another database says it measured may be shown and can have been measured. */
static int is_possible(const struct fleet_metric *m) {
    const struct mechanism_terms terms = fleet_terms_of(m);
    int is_visit =
        m->mechanism == MECHANISM_DISCRETE_LAPLACE || m->mechanism == MECHANISM_DISCRETE_GAUSSIAN;
    for (uint32_t c = 0; c < m->n_names; c++)
        if (!is_shown(m->cells[c])) return 0;
    return is_shown(m->name) && m->unit == (is_visit ? UNIT_VISIT : UNIT_HOUSEHOLD) &&
           mechanism_check(&terms, NULL, NULL) == 0;
}

int fleet_store_copy_schemas(struct fleet_store *s, struct fleet_store *from,
                             struct sotto_error *err) {
    struct use u = use_of(from, FLEET_SCHEMA_LIST);
    int status = SOTTO_OK;
    while (status == SOTTO_OK && use_step(&u)) {
        uint8_t schema[16], definition[HASH_BYTES];
        struct fleet_metric m;
        uint64_t series;
        column_bytes(&u, 0, schema, sizeof schema);
        uint32_t metric = column_u32(&u, 1);
        if (u.rc != SQLITE_ROW) break;
        status = fleet_store_metric(from, (uint64_t)sqlite3_column_int64(u.query, 2), &m, err);
        if (status != SOTTO_OK) break;
        definition_of(&m, definition);
        if (m.id != metric || memcmp(definition, m.definition, sizeof definition) != 0 ||
            !is_possible(&m))
            status = fail(err, SOTTO_E_CORRUPT,
                          "%.120s: the definition of metric %u was altered; nothing was merged: "
                          "restore it from a backup",
                          from->path, metric);
        if (status == SOTTO_OK) status = put_metric(s, &m, &series, err);
        if (status == SOTTO_OK) status = put_schema(s, schema, metric, series, err);
    }
    int ended = use_done(&u, err);
    return status != SOTTO_OK ? status : ended;
}

int fleet_store_has_metric(struct fleet_store *s, uint32_t metric, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_METRIC_KNOWN);
    bind_int(&u, metric);
    int status = use_exists(&u, err);
    if (status == SOTTO_E_NOT_FOUND)
        return fail(err, status, "%.120s knows no metric %u; leave --metric out to see all",
                    s->path, metric);
    return status;
}

int fleet_store_next_series(struct fleet_store *s, uint32_t *metric, uint64_t *series,
                            struct sotto_error *err) {
    struct use u = use_of(s, FLEET_SERIES_LIST);
    bind_int(&u, *metric);
    bind_int(&u, (int64_t)*series);
    int is_there = use_step(&u);
    if (is_there) {
        *metric = column_u32(&u, 0);
        *series = (uint64_t)sqlite3_column_int64(u.query, 1);
    }
    int status = use_done(&u, err);
    return status != SOTTO_OK ? status : is_there ? SOTTO_OK : SOTTO_E_NOT_FOUND;
}
