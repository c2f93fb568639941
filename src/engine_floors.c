/* engine_floors: what must never go back: time and the versions of packs. Two records in the vault,
 * written together (VAULT_SYSTEM, slot 0; seq 1: i64 time, u64 model version, u64 policy version;
 * seq 2, which older engines do not know: u32 format 1, u32 held s, i64 late, i64 claim, u32 used
 * s, u32 0, see clock.h); every write keeps the higher of what was stored and what is in use. */
#include "engine.h"

#define RECORD_BYTES 24
#define CLOCK_BYTES  32
#define CLOCK_FORMAT 1

static const struct vault_key key = {VAULT_SYSTEM, 0, 1}, clock_key = {VAULT_SYSTEM, 0, 2};

static int unreadable(struct sotto_error *err) {
    return fail(err, SOTTO_E_CORRUPT,
                "the vault's record of time and versions cannot be read; move it away");
}

/* Leaves what a vault of an older engine does not have: late is then now. */
static int clock_load(struct sotto *e, struct clock_kept *kept, struct sotto_error *err) {
    uint8_t bytes[CLOCK_BYTES];
    size_t n;
    int status = vault_get(e->vault, clock_key, bytes, sizeof bytes, &n, err);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK && status != SOTTO_E_LIMIT) return status;
    if (status == SOTTO_E_LIMIT || n != sizeof bytes || load32(bytes) != CLOCK_FORMAT ||
        load64(bytes + 8) > INT64_MAX / 2 || load64(bytes + 16) > INT64_MAX / 2)
        return unreadable(err);
    kept->held_s = load32(bytes + 4);
    kept->late_s = (int64_t)load64(bytes + 8);
    kept->claim_s = (int64_t)load64(bytes + 16);
    kept->used_s = load32(bytes + 24);
    return SOTTO_OK;
}

static int clock_save(struct sotto *e, const struct clock_kept *kept, struct sotto_error *err) {
    uint8_t bytes[CLOCK_BYTES] = {0};
    store32(bytes, CLOCK_FORMAT);
    store32(bytes + 4, kept->held_s);
    store64(bytes + 8, (uint64_t)kept->late_s);
    store64(bytes + 16, (uint64_t)kept->claim_s);
    store32(bytes + 24, kept->used_s);
    return vault_put(e->vault, clock_key, bytes, sizeof bytes, err);
}

int floors_load(struct sotto *e, struct floors *f, struct sotto_error *err) {
    uint8_t bytes[RECORD_BYTES];
    size_t n;
    memset(f, 0, sizeof *f);
    if (!engine_can_read(e)) return SOTTO_OK;
    int status = vault_get(e->vault, key, bytes, sizeof bytes, &n, err);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK && status != SOTTO_E_LIMIT) return status;
    if (status == SOTTO_E_LIMIT || n != sizeof bytes || load64(bytes) > INT64_MAX / 2)
        return unreadable(err);
    f->clock.now_s = (int64_t)load64(bytes);
    f->model = load64(bytes + 8);
    f->policy = load64(bytes + 16);
    return clock_load(e, &f->clock, err);
}

/* Within the open transaction. */
static int put(struct sotto *e, const struct floors *f, int is_higher) {
    uint8_t bytes[RECORD_BYTES];
    store64(bytes, (uint64_t)f->clock.now_s);
    store64(bytes + 8, f->model);
    store64(bytes + 16, f->policy);
    if (is_higher) vault_anchor(e->vault);
    int status = vault_put(e->vault, key, bytes, sizeof bytes, &e->error);
    if (status == SOTTO_OK) status = clock_save(e, &f->clock, &e->error);
    if (status == SOTTO_OK) status = vault_commit(e->vault, &e->error);
    if (status != SOTTO_OK) vault_rollback(e->vault);
    return status;
}

int floors_save(struct sotto *e) {
    struct floors f;
    int status = floors_load(e, &f, &e->error);
    if (status != SOTTO_OK) return status;
    const struct floors before = f;
    f.clock = clock_keep(&e->clock);
    if (before.clock.now_s > f.clock.now_s) f.clock.now_s = before.clock.now_s;
    if (before.clock.late_s > f.clock.late_s) f.clock.late_s = before.clock.late_s;
    /* A model that had expired before it was ever used must not shut out one that still holds. */
    if (e->model_status != SOTTO_E_EXPIRED && e->model.version > f.model)
        f.model = e->model.version;
    /* A policy that only this device's keys keep from ruling counts as used: else an older one that
     * is content with less could be put back. */
    if ((e->rules == &e->policy || e->policy_status == SOTTO_E_KEY) && e->policy.version > f.policy)
        f.policy = e->policy.version;
    status = vault_begin(e->vault, &e->error);
    if (status == SOTTO_OK) status = put(e, &f, f.model > before.model || f.policy > before.policy);
    if (status == SOTTO_OK) e->saved = f.clock;
    return status;
}

/* Storage that was out of reach when the packs were opened may know better. */
int floors_adopt(struct sotto *e) {
    struct floors f;
    int status = floors_load(e, &f, &e->error);
    if (status != SOTTO_OK) return status;
    clock_raise(&e->clock, &f.clock);
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
