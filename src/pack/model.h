/* model: a model pack's arrays, every offset, index and bound checked once at open. */
#ifndef SOTTO_MODEL_H
#define SOTTO_MODEL_H

#include "pack/pack.h"

#define MODEL_ITEMS_MAX  65535u
#define MODEL_GROUPS_MAX 256u
#define MODEL_DECAY_MAX  256u  /* = SOTTO_HISTORY_MAX */
#define MODEL_UNIT       32768 /* 1.0 of scales, decay and event weights (Q15) */
#define MODEL_PRIOR_MAX  (1 << 29)

struct model {
    uint64_t version;
    uint32_t n_items, n_groups, n_edges, n_decay;
    const char *strings;  /* NUL-terminated printable UTF-8, offset 0 is "" */
    const uint8_t *items; /* n_items × 12: u32 id offset, u32 title offset, u16 group, u16 flags */
    const uint8_t *keys;  /* n_items × 12 sorted: u64 hash_item_id, u32 item */
    const int32_t *prior; /* n_items, |prior| ≤ MODEL_PRIOR_MAX */
    const uint32_t *row_starts; /* n_items + 1, ascending */
    const uint16_t *columns;    /* n_edges, strictly ascending within a row, never the row itself */
    const int8_t *weights;      /* n_edges, -127 to 127 */
    const uint16_t *scales;     /* n_items, ≤ MODEL_UNIT */
    const uint16_t *decay;      /* n_decay, ≤ MODEL_UNIT; 0 beyond */
    uint16_t event_weights[4];  /* by enum sotto_event_type, ≤ MODEL_UNIT */
    const uint8_t *groups;      /* n_groups × u32: offset of the group's name */
};

/* Checks every array of a verified pack and fills *model, whose pointers live as long as the pack.
 */
int model_load(struct model *model, const struct pack *pack, const char *path,
               struct sotto_error *err) MUST_CHECK;

const char *model_item_id(const struct model *model, uint32_t item);
const char *model_item_title(const struct model *model, uint32_t item);
uint16_t model_item_group(const struct model *model, uint32_t item);
const char *model_group_name(const struct model *model, uint32_t group);

#define MODEL_NONE UINT32_MAX
/* The item with this id, or MODEL_NONE. */
uint32_t model_find(const struct model *model, const char *id);
/* The item whose hash_item_id is `key`, or MODEL_NONE. */
uint32_t model_find_key(const struct model *model, uint64_t key);
uint64_t model_item_key(const struct model *model, uint32_t item);

#endif
