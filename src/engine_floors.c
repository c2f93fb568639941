/* engine_floors: what must never go back: time and the versions of packs. One record in the vault
 * (VAULT_SYSTEM, slot 0, seq 1: i64 time, u64 model version, u64 policy version); every write keeps
 * the higher of what was stored and what is in use. */
#include "engine.h"

#define RECORD_BYTES 24

static const struct vault_key key = {VAULT_SYSTEM, 0, 1};

int floors_load(struct sotto *e, struct floors *f, struct sotto_error *err) {
    uint8_t bytes[RECORD_BYTES];
    size_t n;
    memset(f, 0, sizeof *f);
    if (!engine_can_read(e)) return SOTTO_OK;
    int status = vault_get(e->vault, key, bytes, sizeof bytes, &n, err);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK && status != SOTTO_E_LIMIT) return status;
    if (status == SOTTO_E_LIMIT || n != sizeof bytes || (int64_t)load64(bytes) < 0)
        return fail(err, SOTTO_E_CORRUPT,
                    "the vault's record of time and versions cannot be read; move it away");
    f->time_s = (int64_t)load64(bytes);
    f->model = load64(bytes + 8);
    f->policy = load64(bytes + 16);
    return SOTTO_OK;
}

int floors_save(struct sotto *e, int64_t now_s) {
    uint8_t bytes[RECORD_BYTES];
    struct floors f;
    int status = floors_load(e, &f, &e->error);
    if (status != SOTTO_OK) return status;
    if (now_s > f.time_s) f.time_s = now_s;
    const struct floors before = f;
    /* A model that had expired before it was ever used must not shut out one that still holds. */
    if (e->model_status != SOTTO_E_EXPIRED && e->model.version > f.model)
        f.model = e->model.version;
    if (e->rules == &e->policy && e->policy.version > f.policy) f.policy = e->policy.version;
    store64(bytes, (uint64_t)f.time_s);
    store64(bytes + 8, f.model);
    store64(bytes + 16, f.policy);
    if (f.model > before.model || f.policy > before.policy) vault_anchor(e->vault);
    status = vault_put(e->vault, key, bytes, sizeof bytes, &e->error);
    if (status == SOTTO_OK) e->saved_floor_s = now_s;
    return status;
}

/* Storage that was out of reach when the packs were opened may know better. */
int floors_adopt(struct sotto *e) {
    struct floors f;
    int status = floors_load(e, &f, &e->error);
    if (status != SOTTO_OK) return status;
    clock_raise(&e->clock, f.time_s);
    if (e->rules == &e->policy && e->policy.version < f.policy)
        engine_let_strict_rule(e, SOTTO_E_ROLLBACK,
                               "the policy pack is older than one already in use; install a newer");
    if (e->model.version >= f.model) return SOTTO_OK;
    status = fail(&e->error, SOTTO_E_ROLLBACK,
                  "the model pack has version %llu, but %llu was already in use: install a newer "
                  "one; until then slates are general",
                  (unsigned long long)e->model.version, (unsigned long long)f.model);
    engine_set_model_aside(e, status, e->error.message);
    return status;
}
