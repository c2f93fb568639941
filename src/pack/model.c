/* model: turns a verified model pack into arrays that can be indexed without looking. Every offset,
 * order and bound that later code relies on is checked here, once. */
#include "pack/model.h"

#include "crypto/crypto.h"
#include "pack/facts.h"

_Static_assert(MODEL_DECAY_MAX == SOTTO_HISTORY_MAX, "a weight for every place in a history");

#define INFO_BYTES 48
#define ITEM_BYTES 8
#define KEY_BYTES  8
#define TITLE_MAX  255
#define STEP_BYTES 3 /* a step between two columns of at most 2^20 items, in LEB128 */

struct loader {
    const struct pack *pack;
    const char *path;
    struct sotto_error *err;
};

static int bad(const struct loader *l, const char *what) {
    return fail(l->err, SOTTO_E_FORMAT, "%s: %s; build it again with this version of sotto-pack",
                l->path, what);
}

/* A section that must hold exactly count elements of `each` bytes. */
static const void *array(const struct loader *l, enum pack_section_id id, uint64_t count,
                         size_t each, int *status) {
    size_t n;
    const uint8_t *p = pack_section(l->pack, id, &n);
    if (*status == SOTTO_OK && (!p || n != count * each))
        *status = fail(l->err, SOTTO_E_FORMAT, "%s: section %d is missing or has the wrong length",
                       l->path, (int)id);
    return p;
}

static int load_info(struct model *m, const struct loader *l) {
    int status = SOTTO_OK;
    const uint8_t *info = array(l, SECTION_INFO, 1, INFO_BYTES, &status);
    if (status != SOTTO_OK) return status;
    m->n_items = load32(info);
    m->n_groups = load32(info + 4);
    m->n_edges = load32(info + 8);
    m->n_decay = load32(info + 12);
    m->n_ages = load32(info + 16);
    m->n_repeat_ages = load32(info + 20);
    for (int i = 0; i < 4; i++) m->event_weights[i] = load16(info + 24 + 2 * i);
    uint32_t codec = load32(info + 32);
    if (codec != MODEL_FIXED16 && codec != MODEL_VARINT)
        return fail(l->err, SOTTO_E_MISMATCH, "%s: its row codec %u is unknown to this engine",
                    l->path, codec);
    m->codec = (enum model_codec)codec;
    if (m->n_items == 0 || m->n_items > MODEL_ITEMS_MAX ||
        (m->codec == MODEL_FIXED16 && m->n_items > 65536))
        return bad(l, "the item count is out of range");
    if (m->n_groups == 0 || m->n_groups > MODEL_GROUPS_MAX)
        return bad(l, "the group count is out of range");
    if (m->n_decay == 0 || m->n_decay > MODEL_DECAY_MAX)
        return bad(l, "the decay table is out of range");
    if (m->n_ages == 0 || m->n_ages > MODEL_DAYS_MAX || m->n_repeat_ages == 0 ||
        m->n_repeat_ages > MODEL_DAYS_MAX)
        return bad(l, "a table of ages is out of range");
    if (m->event_weights[0] != 0 || load32(info + 36) != 0 || load64(info + 40) != 0)
        return bad(l, "reserved fields are not zero");
    for (int i = 1; i < 4; i++)
        if (m->event_weights[i] > MODEL_UNIT) return bad(l, "an event weight exceeds 1");
    return SOTTO_OK;
}

int model_check_string(const struct model *m, size_t strings_n, uint32_t offset, size_t least,
                       size_t max) {
    if (offset >= strings_n || (offset > 0 && m->strings[offset - 1] != '\0')) return -1;
    size_t n = strnlen(m->strings + offset, strings_n - offset);
    return n >= least && n <= max && utf8_is_printable(m->strings + offset, n) ? 0 : -1;
}

static int load_catalogue(struct model *m, const struct loader *l) {
    int status = SOTTO_OK;
    size_t strings_n;
    m->strings = (const char *)pack_section(l->pack, SECTION_STRINGS, &strings_n);
    m->items = array(l, SECTION_ITEMS, m->n_items, ITEM_BYTES, &status);
    m->keys = array(l, SECTION_KEYS, m->n_items, KEY_BYTES, &status);
    m->groups = array(l, SECTION_GROUPS, m->n_groups, 4, &status);
    if (status != SOTTO_OK) return status;
    if (!m->strings || strings_n == 0 || m->strings[0] != '\0' || m->strings[strings_n - 1] != '\0')
        return bad(l, "its strings are malformed");
    for (uint32_t i = 0; i < m->n_items; i++) {
        const uint8_t *item = m->items + (size_t)i * ITEM_BYTES;
        uint32_t id = load32(item);
        if (model_check_string(m, strings_n, id, 1, SOTTO_ITEM_ID_MAX) != 0)
            return bad(l, "an item id is empty, too long or not printable UTF-8");
        if (model_check_string(m, strings_n, id + (uint32_t)strlen(m->strings + id) + 1, 0,
                               TITLE_MAX) != 0)
            return bad(l, "an item title is too long or not printable UTF-8");
        if (load16(item + 4) >= m->n_groups || load16(item + 6) > MODEL_ITEM_NEW)
            return bad(l, "an item's group or flags are out of range");
    }
    for (uint32_t g = 0; g < m->n_groups; g++)
        if (model_check_string(m, strings_n, load32(m->groups + 4 * (size_t)g), 1, 63) != 0)
            return bad(l, "a group name is empty, too long or not printable UTF-8");
    /* Strictly ascending keys, and each the hash of its own item's id: so each item once. */
    uint64_t before = 0;
    for (uint32_t i = 0; i < m->n_items; i++) {
        const uint8_t *entry = m->keys + (size_t)i * KEY_BYTES;
        uint32_t item = load32(entry + 4);
        uint64_t key = item < m->n_items ? hash_item_id(model_item_id(m, item)) : 0;
        if (item >= m->n_items || key >> 32 != load32(entry) || (i > 0 && key <= before))
            return bad(l, "its item keys are out of order");
        before = key;
    }
    return SOTTO_OK;
}

/* One edge each: the same rules for both codecs. */
static int check_edge(const struct model *m, uint32_t row, uint32_t before, uint32_t column,
                      int weight) {
    int ascends = before == UINT32_MAX || column > before;
    return ascends && column < m->n_items && column != row && weight != 0 && weight != INT8_MIN
               ? 0
               : -1;
}

static int check_fixed(const struct model *m, uint32_t row) {
    uint32_t before = UINT32_MAX;
    for (uint32_t e = m->row_starts[row]; e < m->row_starts[row + 1]; e++) {
        if (check_edge(m, row, before, m->columns[e], m->weights[e]) != 0) return -1;
        before = m->columns[e];
    }
    return 0;
}

/* Steps are 1 to 2^21 − 1 in the fewest bytes, so that there is one way to write a row. */
static int check_varint(const struct model *m, uint32_t row, uint64_t *edges) {
    const uint8_t *p = m->rows + m->row_starts[row], *end = m->rows + m->row_starts[row + 1];
    uint32_t column = UINT32_MAX;
    while (p < end) {
        size_t n = 0;
        while (n < STEP_BYTES - 1 && (size_t)(end - p) > n && (p[n] & 0x80)) n++;
        if ((size_t)(end - p) < n + 2 || (p[n] & 0x80) || p[n] == 0) return -1;
        uint32_t before = column;
        int weight = model_edge(&p, &column);
        if (check_edge(m, row, before, column, weight) != 0) return -1;
        ++*edges;
    }
    return 0;
}

static int load_rows(struct model *m, const struct loader *l) {
    int status = SOTTO_OK;
    size_t rows_n = m->n_edges;
    uint64_t edges = 0;
    m->row_starts = array(l, SECTION_ROW_STARTS, (uint64_t)m->n_items + 1, 4, &status);
    if (m->codec == MODEL_FIXED16) {
        m->columns = array(l, SECTION_COLUMNS, m->n_edges, 2, &status);
        m->weights = array(l, SECTION_WEIGHTS, m->n_edges, 1, &status);
        edges = m->n_edges;
    } else {
        m->rows = pack_section(l->pack, SECTION_ROWS, &rows_n);
        if (status == SOTTO_OK && !m->rows) return bad(l, "its rows are missing");
    }
    if (status != SOTTO_OK) return status;
    if (m->row_starts[0] != 0 || m->row_starts[m->n_items] != rows_n)
        return bad(l, "its rows do not cover its edges");
    for (uint32_t i = 0; i < m->n_items; i++)
        if (m->row_starts[i] > m->row_starts[i + 1] || m->row_starts[i + 1] > rows_n)
            return bad(l, "its rows overlap");
    for (uint32_t i = 0; i < m->n_items; i++)
        if ((m->codec == MODEL_FIXED16 ? check_fixed(m, i) : check_varint(m, i, &edges)) != 0)
            return bad(l, "a row's columns are out of order or a weight is out of range");
    return edges == m->n_edges ? SOTTO_OK : bad(l, "its rows do not cover its edges");
}

static int are_units(const uint16_t *table, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (table[i] > MODEL_UNIT) return 0;
    return 1;
}

static int load_weights(struct model *m, const struct loader *l) {
    int status = SOTTO_OK;
    m->prior = array(l, SECTION_PRIOR, m->n_items, 4, &status);
    m->scales = array(l, SECTION_SCALES, m->n_items, 2, &status);
    m->self = array(l, SECTION_SELF, m->n_items, 2, &status);
    m->decay = array(l, SECTION_DECAY, m->n_decay, 2, &status);
    m->ages = array(l, SECTION_AGES, m->n_ages, 2, &status);
    m->repeat_ages = array(l, SECTION_REPEAT_AGES, m->n_repeat_ages, 2, &status);
    m->repeat = array(l, SECTION_REPEAT, m->n_groups, 2, &status);
    if (status != SOTTO_OK) return status;
    for (uint32_t i = 0; i < m->n_items; i++) {
        if (m->prior[i] > MODEL_PRIOR_MAX || m->prior[i] < -MODEL_PRIOR_MAX)
            return bad(l, "a prior is out of range");
        if (i > 0 && m->prior[i] > m->prior[i - 1])
            return bad(l, "its items are not numbered by falling prior");
        if (m->self[i] > MODEL_SELF_MAX || m->self[i] < -MODEL_SELF_MAX)
            return bad(l, "a diagonal weight is out of range");
    }
    if (!are_units(m->scales, m->n_items)) return bad(l, "a row's scale exceeds 1");
    if (!are_units(m->decay, m->n_decay)) return bad(l, "a decay weight exceeds 1");
    if (!are_units(m->ages, m->n_ages) || !are_units(m->repeat_ages, m->n_repeat_ages))
        return bad(l, "an age's weight exceeds 1");
    for (uint32_t g = 0; g < m->n_groups; g++)
        if (m->repeat[g] > MODEL_REPEAT_MAX) return bad(l, "a repeat strength is out of range");
    return load_rows(m, l);
}

/* What is said about items, hashed: the sections that say it are vouched for one by one. */
static void hash_catalogue(struct model *m, const struct pack *pack) {
    static const enum pack_section_id said[] = {SECTION_STRINGS, SECTION_ITEMS,   SECTION_GROUPS,
                                                SECTION_FACTS,   SECTION_FACT_OF, SECTION_TAGS};
    uint8_t hashes[ARRAY_LEN(said) * HASH_BYTES] = {0}, hash[HASH_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        const uint8_t *one = pack_section_hash(pack, said[i]);
        if (one) memcpy(hashes + i * HASH_BYTES, one, HASH_BYTES);
    }
    hash256(hash, hashes, sizeof hashes);
    memcpy(m->catalogue, hash, sizeof m->catalogue);
}

int model_load(struct model *model, const struct pack *pack, const char *path,
               struct sotto_error *err) {
    struct loader l = {pack, path, err};
    memset(model, 0, sizeof *model);
    model->version = pack->version;
    model->created_s = pack->created_s;
    int status = load_info(model, &l);
    if (status == SOTTO_OK) status = load_catalogue(model, &l);
    if (status == SOTTO_OK) {
        const char *what = facts_load(model, pack);
        if (what) status = bad(&l, what);
    }
    if (status == SOTTO_OK) status = load_weights(model, &l);
    if (status == SOTTO_OK) hash_catalogue(model, pack);
    if (status != SOTTO_OK) memset(model, 0, sizeof *model);
    return status;
}

const char *model_item_id(const struct model *model, uint32_t item) {
    return model->strings + load32(model->items + (size_t)item * ITEM_BYTES);
}

const char *model_item_title(const struct model *model, uint32_t item) {
    const char *id = model_item_id(model, item);
    return id + strlen(id) + 1;
}

uint16_t model_item_group(const struct model *model, uint32_t item) {
    return load16(model->items + (size_t)item * ITEM_BYTES + 4);
}

int model_item_is_new(const struct model *model, uint32_t item) {
    return (load16(model->items + (size_t)item * ITEM_BYTES + 6) & MODEL_ITEM_NEW) != 0;
}

const char *model_group_name(const struct model *model, uint32_t group) {
    return model->strings + load32(model->groups + 4 * (size_t)group);
}

uint32_t model_find_key(const struct model *model, uint64_t key) {
    uint32_t low = 0, high = model->n_items, upper = (uint32_t)(key >> 32);
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (load32(model->keys + (size_t)mid * KEY_BYTES) < upper)
            low = mid + 1;
        else
            high = mid;
    }
    /* Half a key narrows it down to an item or two; the whole one is hashed anew. */
    for (; low < model->n_items; low++) {
        const uint8_t *entry = model->keys + (size_t)low * KEY_BYTES;
        if (load32(entry) != upper) break;
        if (model_item_key(model, load32(entry + 4)) == key) return load32(entry + 4);
    }
    return MODEL_NONE;
}

uint32_t model_find(const struct model *model, const char *id) {
    uint32_t item = model_find_key(model, hash_item_id(id));
    return item != MODEL_NONE && strcmp(model_item_id(model, item), id) == 0 ? item : MODEL_NONE;
}

uint64_t model_item_key(const struct model *model, uint32_t item) {
    return hash_item_id(model_item_id(model, item));
}
