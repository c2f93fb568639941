/* Model packs, as they are and with hashes that fit. What is accepted is scored with, at once. */
#include "tests/fuzz/pack_bytes.h"

#include "pack/model.h"
#include "score/score.h"

#define ITEMS_MAX 4096

static void use(const struct model *m) {
    static int32_t sums[ITEMS_MAX];
    static uint32_t touched[ITEMS_MAX + 256];
    static uint8_t seen[ITEMS_MAX / 8];
    struct score_work work = {sums, touched};
    struct score_hit top[20];
    const struct score_filter filter = {.seen = seen};
    struct score_input in[3] = {{0, 30000, 0}, {m->n_items / 2, 20000, 0}, {m->n_items - 1, 7, 0}};
    if (m->n_items > ITEMS_MAX) return;
    uint32_t n = score_best(m, in, 3, &filter, &work, top, 20);
    for (uint32_t i = 0; i < n; i++) must(top[i].item < m->n_items);
    for (uint32_t i = 0; i < m->n_items && i < 8; i++) {
        must(strlen(model_item_id(m, i)) <= SOTTO_ITEM_ID_MAX);
        must(strlen(model_item_title(m, i)) < 4096);
        must(model_item_group(m, i) < m->n_groups);
    }
    for (uint32_t i = 0; i < m->n_items; i++) {
        const struct model_facts f = model_facts(m, i);
        must(strlen(f.provider) <= MODEL_TEXT_MAX && strlen(f.payer) <= MODEL_TEXT_MAX);
        must((*f.payer != '\0') == ((f.flags & MODEL_PAID) != 0));
    }
    must(model_mark(m, MODEL_MARK_TAG, "brand=x", seen) <= m->n_items);
    memset(seen, 0, sizeof seen);
    must(model_find(m, "item-0") == MODEL_NONE || model_find(m, "item-0") < m->n_items);
}

static void parse(uint8_t *bytes, size_t n) {
    struct pack pack = {.bytes = bytes, .n = n};
    struct model model;
    struct sotto_error err;
    if (pack_parse(&pack, "fuzz.pack", &err) != SOTTO_OK) return;
    if (model_load(&model, &pack, "fuzz.pack", &err) == SOTTO_OK) use(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    uint8_t *bytes = pack_copy(data, n);
    must(crypto_init() == 0);
    parse(bytes, n);
    pack_mend(bytes, n);
    parse(bytes, n);
    free(bytes);
    return 0;
}
