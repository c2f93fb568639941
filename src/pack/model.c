/* model: turns a verified model pack into arrays that can be indexed without looking. Every offset,
 * order and bound that later code relies on is checked here, once. */
#include "pack/model.h"

#include "crypto/crypto.h"

_Static_assert(MODEL_DECAY_MAX == SOTTO_HISTORY_MAX, "a weight for every place in a history");

#define INFO_BYTES          32
#define ITEM_BYTES          12
#define KEY_BYTES           12
#define MODEL_CODEC_PLAIN16 1

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
    for (int i = 0; i < 4; i++) m->event_weights[i] = load16(info + 16 + 2 * i);
    if (load32(info + 24) != MODEL_CODEC_PLAIN16)
        return fail(l->err, SOTTO_E_MISMATCH, "%s: its row codec %u is unknown to this engine",
                    l->path, load32(info + 24));
    if (m->n_items == 0 || m->n_items > MODEL_ITEMS_MAX)
        return bad(l, "the item count is out of range");
    if (m->n_groups == 0 || m->n_groups > MODEL_GROUPS_MAX)
        return bad(l, "the group count is out of range");
    if (m->n_decay == 0 || m->n_decay > MODEL_DECAY_MAX)
        return bad(l, "the decay table is out of range");
    if (m->event_weights[0] != 0 || load32(info + 28) != 0)
        return bad(l, "reserved fields are not zero");
    for (int i = 1; i < 4; i++)
        if (m->event_weights[i] > MODEL_UNIT) return bad(l, "an event weight exceeds 1");
    return SOTTO_OK;
}

/* A string offset must begin a NUL-terminated string of at most `max` printable bytes. */
static int check_string(const struct model *m, size_t strings_n, uint32_t offset, size_t least,
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
        if (check_string(m, strings_n, load32(item), 1, SOTTO_ITEM_ID_MAX) != 0)
            return bad(l, "an item id is empty, too long or not printable UTF-8");
        if (check_string(m, strings_n, load32(item + 4), 0, 255) != 0)
            return bad(l, "an item title is too long or not printable UTF-8");
        if (load16(item + 8) >= m->n_groups || load16(item + 10) != 0)
            return bad(l, "an item's group is out of range");
    }
    for (uint32_t g = 0; g < m->n_groups; g++)
        if (check_string(m, strings_n, load32(m->groups + 4 * (size_t)g), 1, 63) != 0)
            return bad(l, "a group name is empty, too long or not printable UTF-8");
    /* Strictly ascending keys, and each key the hash of its own item's id: so each item once. */
    for (uint32_t i = 0; i < m->n_items; i++) {
        const uint8_t *key = m->keys + (size_t)i * KEY_BYTES;
        uint32_t item = load32(key + 8);
        if (item >= m->n_items || (i > 0 && load64(key - KEY_BYTES) >= load64(key)) ||
            hash_item_id(model_item_id(m, item)) != load64(key))
            return bad(l, "its item keys are out of order");
    }
    return SOTTO_OK;
}

static int load_weights(struct model *m, const struct loader *l) {
    int status = SOTTO_OK;
    m->prior = array(l, SECTION_PRIOR, m->n_items, 4, &status);
    m->row_starts = array(l, SECTION_ROW_STARTS, (uint64_t)m->n_items + 1, 4, &status);
    m->columns = array(l, SECTION_COLUMNS, m->n_edges, 2, &status);
    m->weights = array(l, SECTION_WEIGHTS, m->n_edges, 1, &status);
    m->scales = array(l, SECTION_SCALES, m->n_items, 2, &status);
    m->decay = array(l, SECTION_DECAY, m->n_decay, 2, &status);
    if (status != SOTTO_OK) return status;
    if (m->row_starts[0] != 0 || m->row_starts[m->n_items] != m->n_edges)
        return bad(l, "its rows do not cover its edges");
    for (uint32_t i = 0; i < m->n_items; i++) {
        if (m->prior[i] > MODEL_PRIOR_MAX || m->prior[i] < -MODEL_PRIOR_MAX)
            return bad(l, "a prior is out of range");
        if (m->scales[i] > MODEL_UNIT) return bad(l, "a row's scale exceeds 1");
        if (m->row_starts[i] > m->row_starts[i + 1] || m->row_starts[i + 1] > m->n_edges)
            return bad(l, "its rows overlap");
        for (uint32_t e = m->row_starts[i]; e < m->row_starts[i + 1]; e++) {
            if (m->columns[e] >= m->n_items || m->columns[e] == i ||
                (e > m->row_starts[i] && m->columns[e - 1] >= m->columns[e]))
                return bad(l, "a row's columns are out of order");
            if (m->weights[e] == INT8_MIN) return bad(l, "a weight is out of range");
        }
    }
    for (uint32_t d = 0; d < m->n_decay; d++)
        if (m->decay[d] > MODEL_UNIT) return bad(l, "a decay weight exceeds 1");
    return SOTTO_OK;
}

int model_load(struct model *model, const struct pack *pack, const char *path,
               struct sotto_error *err) {
    struct loader l = {pack, path, err};
    memset(model, 0, sizeof *model);
    model->version = pack->version;
    int status = load_info(model, &l);
    if (status == SOTTO_OK) status = load_catalogue(model, &l);
    if (status == SOTTO_OK) status = load_weights(model, &l);
    if (status != SOTTO_OK) memset(model, 0, sizeof *model);
    return status;
}

const char *model_item_id(const struct model *model, uint32_t item) {
    return model->strings + load32(model->items + (size_t)item * ITEM_BYTES);
}

const char *model_item_title(const struct model *model, uint32_t item) {
    return model->strings + load32(model->items + (size_t)item * ITEM_BYTES + 4);
}

uint16_t model_item_group(const struct model *model, uint32_t item) {
    return load16(model->items + (size_t)item * ITEM_BYTES + 8);
}

const char *model_group_name(const struct model *model, uint32_t group) {
    return model->strings + load32(model->groups + 4 * (size_t)group);
}

uint32_t model_find_key(const struct model *model, uint64_t key) {
    uint32_t low = 0, high = model->n_items;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const uint8_t *entry = model->keys + (size_t)mid * KEY_BYTES;
        if (load64(entry) == key) return load32(entry + 8);
        if (load64(entry) < key)
            low = mid + 1;
        else
            high = mid;
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
