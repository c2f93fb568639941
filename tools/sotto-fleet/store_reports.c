/* store_reports: what counts, and what does not. See store.h. */
#include "tools/sotto-fleet/store_parts.h"

#include <stdio.h>

static int64_t device_number(const uint8_t id[8]) { return (int64_t)load64(id); }
static int64_t mark_of(const struct fleet_bytes *b) { return (int64_t)load64(b->hash); }
static int64_t ended_s(const struct sotto_report *r) {
    return (int64_t)((r->window + 1) * r->window_s); /* below 2^32 · 2^22 */
}

int fleet_store_conflict(struct fleet_store *s, const struct fleet_bytes *b,
                         const struct sotto_report *report, enum fleet_conflict *conflict,
                         struct sotto_error *err) {
    struct use u = use_of(s, FLEET_REPORT_KNOWN);
    bind_int(&u, mark_of(b));
    bind_bytes(&u, b->bytes, b->n);
    *conflict = FLEET_KNOWN;
    int status = use_exists(&u, err);
    if (status != SOTTO_E_NOT_FOUND) return status;
    if (!report) {
        *conflict = FLEET_NO_CONFLICT;
        return SOTTO_OK;
    }
    *conflict = FLEET_WINDOW_TWICE;
    u = use_of(s, FLEET_REPORT_WINDOW);
    bind_int(&u, device_number(report->device));
    bind_int(&u, report->metric);
    bind_int(&u, (int64_t)report->window);
    status = use_exists(&u, err);
    if (status != SOTTO_E_NOT_FOUND) return status;
    *conflict = FLEET_SEQUENCE_TWICE;
    u = use_of(s, FLEET_REPORT_SEQUENCE);
    bind_int(&u, device_number(report->device));
    bind_int(&u, (int64_t)report->sequence);
    status = use_exists(&u, err);
    if (status != SOTTO_E_NOT_FOUND) return status;
    *conflict = FLEET_OUT_OF_ORDER;
    u = use_of(s, FLEET_REPORT_ORDER);
    bind_int(&u, device_number(report->device));
    bind_int(&u, (int64_t)report->sequence);
    bind_int(&u, ended_s(report));
    bind_int(&u, report->unit == UNIT_HOUSEHOLD); /* answers one question a window */
    status = use_exists(&u, err);
    if (status != SOTTO_E_NOT_FOUND) return status;
    *conflict = FLEET_NO_CONFLICT;
    return SOTTO_OK;
}

/* The number of the file that a place lies in: what stands before the last '@'. */
static int file_number(struct fleet_store *s, const char *place, uint64_t *number,
                       struct sotto_error *err) {
    char name[FLEET_PLACE_MAX + 1];
    snprintf(name, sizeof name, "%s", place);
    char *at = strrchr(name, '@');
    if (at && at[1] && strspn(at + 1, "0123456789") == strlen(at + 1)) *at = '\0';
    if (s->file_number == 0 || strcmp(s->file_name, name) != 0) {
        struct use put = use_of(s, FLEET_FILE_PUT);
        bind_text(&put, name);
        int status = use_done(&put, err);
        if (status != SOTTO_OK) return status;
        struct use get = use_of(s, FLEET_FILE_GET);
        bind_text(&get, name);
        s->file_number = use_step(&get) ? (uint64_t)sqlite3_column_int64(get.query, 0) : 0;
        memcpy(s->file_name, name, sizeof name);
        status = use_done(&get, err);
        if (status != SOTTO_OK) return status;
    }
    *number = s->file_number;
    return SOTTO_OK;
}

static int resolve(struct fleet_store *s, const struct fleet_bytes *b, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_QUARANTINE_RESOLVE);
    bind_bytes(&u, b->hash, sizeof b->hash);
    bind_text(&u, b->place);
    return use_done(&u, err);
}

int fleet_store_accept(struct fleet_store *s, const struct fleet_bytes *b,
                       const struct sotto_report *r, uint64_t series, struct sotto_error *err) {
    uint8_t numbers[2 * SOTTO_REPORT_CELLS_MAX];
    size_t n = r->n_answer;
    uint64_t file;
    if (r->unit == UNIT_VISIT) {
        n = 2 * (size_t)r->n_cells;
        for (uint32_t c = 0; c < r->n_cells; c++) store16(numbers + 2 * c, (uint16_t)r->cells[c]);
    } else {
        memcpy(numbers, r->answer, n);
    }
    int status = file_number(s, b->place, &file, err);
    if (status != SOTTO_OK) return status;
    struct use u = use_of(s, FLEET_REPORT_PUT);
    bind_int(&u, device_number(r->device));
    bind_int(&u, (int64_t)r->sequence);
    bind_int(&u, r->metric);
    bind_int(&u, (int64_t)r->window);
    bind_int(&u, ended_s(r));
    bind_int(&u, (int64_t)series);
    bind_int(&u, r->is_repeat);
    bind_int(&u, mark_of(b));
    bind_int(&u, (int64_t)file);
    bind_bytes(&u, numbers, n);
    bind_bytes(&u, b->bytes, b->n);
    status = use_done(&u, err);
    return status == SOTTO_OK && s->has_cases ? resolve(s, b, err) : status;
}

int fleet_store_quarantine(struct fleet_store *s, const struct fleet_bytes *b, const char *reason,
                           const char *detail, const char *remedy, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_QUARANTINE_PUT);
    bind_bytes(&u, b->hash, sizeof b->hash);
    bind_text(&u, b->place);
    bind_text(&u, reason);
    bind_text(&u, detail);
    bind_text(&u, remedy);
    bind_bytes(&u, b->bytes, b->n);
    s->has_cases = 1;
    return use_done(&u, err);
}

static int each_row(struct fleet_store *s, enum fleet_statement which, fleet_each_bytes *each,
                    void *ctx, struct sotto_error *err) {
    struct use u = use_of(s, which);
    int status = SOTTO_OK;
    while (status == SOTTO_OK && use_step(&u)) {
        char place[FLEET_PLACE_MAX + 1];
        column_text(&u, 0, place, sizeof place);
        const uint8_t *bytes = sqlite3_column_blob(u.query, 1);
        size_t n = (size_t)sqlite3_column_bytes(u.query, 1);
        status = each(ctx, place, bytes ? bytes : (const uint8_t *)"", n, err);
    }
    int ended = use_done(&u, err);
    return status != SOTTO_OK ? status : ended;
}

int fleet_store_bytes(struct fleet_store *s, fleet_each_bytes *each, void *ctx,
                      struct sotto_error *err) {
    int status = each_row(s, FLEET_REPORT_BYTES, each, ctx, err);
    return status == SOTTO_OK ? each_row(s, FLEET_QUARANTINE_LIST, each, ctx, err) : status;
}

int fleet_store_counted(struct fleet_store *s, uint64_t series, int64_t window,
                        fleet_each_counted *each, void *ctx, struct sotto_error *err) {
    struct use u = use_of(s, FLEET_REPORT_LIST);
    int status = SOTTO_OK;
    bind_int(&u, (int64_t)series);
    bind_int(&u, window < 0 ? 0 : window);
    bind_int(&u, window < 0 ? INT64_MAX : window);
    bind_int(&u, s->roll);
    while (status == SOTTO_OK && use_step(&u)) {
        struct fleet_counted r = {.window = (uint64_t)sqlite3_column_int64(u.query, 0),
                                  .group = column_u32(&u, 1),
                                  .is_enrolled = sqlite3_column_int(u.query, 2),
                                  .is_repeat = sqlite3_column_int(u.query, 3)};
        r.numbers = sqlite3_column_blob(u.query, 4);
        r.n_numbers = (size_t)sqlite3_column_bytes(u.query, 4);
        if (u.rc != SQLITE_ROW || !r.numbers || r.group > FLEET_GROUPS_MAX) u.rc = SQLITE_CORRUPT;
        if (u.rc != SQLITE_ROW) break;
        status = each(ctx, &r, err);
    }
    int ended = use_done(&u, err);
    return status != SOTTO_OK ? status : ended;
}

int fleet_store_reported(struct fleet_store *s, uint32_t window_s, uint64_t window,
                         uint64_t reported[FLEET_GROUPS_MAX + 1], struct sotto_error *err) {
    struct use u = use_of(s, FLEET_REPORTED_LIST);
    memset(reported, 0, (FLEET_GROUPS_MAX + 1) * sizeof *reported);
    bind_int(&u, UNIT_HOUSEHOLD);
    bind_int(&u, window_s);
    bind_int(&u, (int64_t)window);
    bind_int(&u, s->roll);
    while (use_step(&u)) {
        uint32_t group = column_u32(&u, 0);
        if (group <= FLEET_GROUPS_MAX) reported[group]++;
    }
    return use_done(&u, err);
}
