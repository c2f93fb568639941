/* model: a model pack's arrays, every offset, index and bound checked once at open. */
#ifndef SOTTO_MODEL_H
#define SOTTO_MODEL_H

#include "pack/pack.h"

#define MODEL_ITEMS_MAX   (1u << 20)
#define MODEL_GROUPS_MAX  256u
#define MODEL_DECAY_MAX   1024u /* = SOTTO_HISTORY_MAX */
#define MODEL_DAYS_MAX    1024u
#define MODEL_UNIT        32768 /* 1.0 of scales, decay and event weights (Q15) */
#define MODEL_PRIOR_MAX   (1 << 28)
#define MODEL_SELF_MAX    4095  /* steps of the row's scale, as weights are */
#define MODEL_REPEAT_UNIT 2048  /* one recent event, in the repeat term (Q11) */
#define MODEL_REPEAT_MAX  16384 /* most of strength, and of events (8.0) */

/* How rows are written. */
enum model_codec {
    MODEL_FIXED16 = 1, /* u16 columns and i8 weights, side by side; at most 65536 items */
    MODEL_VARINT = 2   /* per edge the step from the column before (LEB128) and an i8 weight */
};

#define MODEL_FACT_SETS_MAX   65535u
#define MODEL_TAGS_MAX        (1u << 20) /* of all sets together */
#define MODEL_RATING_MAX      21u        /* the highest least age */
#define MODEL_TEXT_MAX        63         /* bytes of a provider or payer */
#define MODEL_TAG_MAX         200        /* bytes of a tag */
#define MODEL_CATALOGUE_BYTES 16
#define MODEL_SET_BYTES       20

/* What a catalogue may say of an item. */
enum model_fact {
    MODEL_PAID = 1,      /* somebody pays for its place; `payer` says who */
    MODEL_SYNTHETIC = 2, /* made by software */
    MODEL_STAFF = 4,     /* picked by people who work here */
    MODEL_ADULT = 8,     /* for adults only */
    MODEL_FACTS_ALL = 15
};

#define MODEL_ITEM_NEW                                                                             \
    1u /* flag: learnt from items of its kind, not from what people did with it */

struct model {
    uint64_t version;
    uint32_t n_items, n_groups, n_edges, n_decay, n_ages, n_repeat_ages;
    enum model_codec codec;
    const char *strings;  /* NUL-terminated printable UTF-8, offset 0 is "" */
    const uint8_t *items; /* n_items × 8: u32 offset of the id (the title follows it), u16 group,
                             u16 flags */
    const uint8_t *keys;  /* n_items × 8 by hash_item_id: u32 upper half of it, u32 item */
    const int32_t *prior; /* n_items, |prior| ≤ MODEL_PRIOR_MAX, never ascending */
    const uint32_t *row_starts; /* n_items + 1, ascending: edges, or bytes for MODEL_VARINT */
    const uint16_t *columns; /* MODEL_FIXED16: strictly ascending in a row, never the row itself */
    const int8_t *weights;   /* MODEL_FIXED16: -127 to 127, never 0 */
    const uint8_t *rows;     /* MODEL_VARINT: the same, interleaved */
    const uint16_t *scales;  /* n_items, ≤ MODEL_UNIT */
    const int16_t *self;     /* n_items: the diagonal, |self| ≤ MODEL_SELF_MAX */
    const uint16_t *decay;   /* n_decay, by place in the history, ≤ MODEL_UNIT; 0 beyond */
    const uint16_t *ages;    /* n_ages, by age in days, ≤ MODEL_UNIT; the last one beyond */
    const uint16_t *repeat_ages; /* n_repeat_ages, likewise, for the repeat term */
    const uint16_t *repeat;      /* n_groups: strength of the repeat term, ≤ MODEL_REPEAT_MAX */
    uint16_t event_weights[4];   /* by enum sotto_event_type, ≤ MODEL_UNIT */
    const uint8_t *groups;       /* n_groups × u32: offset of the group's name */
    /* Optional (NULL and 0): items that have the same facts share a set of them. */
    uint32_t n_sets, n_tags, n_staff; /* n_staff: items that are staff picks */
    int has_paid;
    const uint8_t *sets;    /* n_sets × 20: see FORMAT.md */
    const uint16_t *set_of; /* n_items */
    const uint32_t *tags;   /* n_tags: offsets of texts, those of the sets one after another */
    int64_t created_s;      /* when the pack was built; 0: not said */
    uint8_t catalogue[MODEL_CATALOGUE_BYTES]; /* hash of all that is said about items */
};

/* Checks every array of a verified pack and fills *model, whose pointers live as long as the pack.
 */
int model_load(struct model *model, const struct pack *pack, const char *path,
               struct sotto_error *err) MUST_CHECK;

const char *model_item_id(const struct model *model, uint32_t item);
const char *model_item_title(const struct model *model, uint32_t item);
uint16_t model_item_group(const struct model *model, uint32_t item);
int model_item_is_new(const struct model *model, uint32_t item);
const char *model_group_name(const struct model *model, uint32_t group);

/* The facts of an item; all 0 and "" where the pack has none. */
struct model_facts {
    uint16_t flags;       /* enum model_fact */
    uint8_t rating;       /* least age in years; 0: for everyone */
    uint32_t sensitive;   /* bits of enum sotto_sensitive */
    const char *provider; /* "" if not said */
    const char *payer;    /* never "" of a paid item, else "" */
};
struct model_facts model_facts(const struct model *model, uint32_t item);
/* The same, for tests of many items. */
static inline const uint8_t *model_set_of(const struct model *model, uint32_t item) {
    return model->sets + (size_t)model->set_of[item] * MODEL_SET_BYTES;
}
static inline uint16_t model_set_flags(const uint8_t *set) { return load16(set); }
static inline uint8_t model_set_rating(const uint8_t *set) { return set[2]; }
static inline uint32_t model_set_sensitive(const uint8_t *set) { return load32(set + 12); }

/* The payer that a set of facts names; "" if none. */
const char *model_set_payer(const struct model *model, uint32_t set);

/* What a person may block besides an item. */
enum model_mark { MODEL_MARK_TAG, MODEL_MARK_PROVIDER };
/* Sets the bit of every item one of whose tags (or whose group) or whose provider is `text`;
 * returns how many. `bits` has a bit an item. O(items): not for hot paths. */
uint32_t model_mark(const struct model *model, enum model_mark what, const char *text,
                    uint8_t *bits);

#define MODEL_NONE UINT32_MAX
/* The item with this id, or MODEL_NONE. */
uint32_t model_find(const struct model *model, const char *id);
/* The item whose hash_item_id is `key`, or MODEL_NONE. */
uint32_t model_find_key(const struct model *model, uint64_t key);
uint64_t model_item_key(const struct model *model, uint32_t item);

/* Reads the next edge of a MODEL_VARINT row: moves *at on and *column to the edge's column (start
 * with UINT32_MAX, one before the first), and returns its weight. Only on rows model_load accepted.
 */
static inline int model_edge(const uint8_t **at, uint32_t *column) {
    const uint8_t *p = *at;
    uint32_t step = *p & 0x7f;
    if (*p++ & 0x80) {
        step |= (uint32_t)(*p & 0x7f) << 7;
        if (*p++ & 0x80) step |= (uint32_t)*p++ << 14;
    }
    *column += step;
    *at = p + 1;
    return (int8_t)*p;
}

/* A row read edge by edge, whatever its codec; not for hot paths. */
struct model_row {
    const struct model *model;
    uint32_t at, end, column;
};

static inline struct model_row model_row_of(const struct model *model, uint32_t item) {
    return (struct model_row){model, model->row_starts[item], model->row_starts[item + 1],
                              UINT32_MAX};
}

/* 1 and the next edge in row->column and *weight, or 0 at the end. */
static inline int model_row_next(struct model_row *row, int *weight) {
    if (row->at >= row->end) return 0;
    if (row->model->codec == MODEL_FIXED16) {
        row->column = row->model->columns[row->at];
        *weight = row->model->weights[row->at++];
    } else {
        const uint8_t *p = row->model->rows + row->at;
        *weight = model_edge(&p, &row->column);
        row->at = (uint32_t)(p - row->model->rows);
    }
    return 1;
}

#endif
