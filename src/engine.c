/* engine: opening, closing, time, storage and health. See engine.h and include/sotto.h. */
#include "engine.h"

#include <stdlib.h>

#define ALIGN16(n)   (((n) + 15u) & ~(size_t)15)
#define RETRY_MS     5000
#define REFUSED_MS   60000 /* the right file may have been put back; looking costs reading it */
#define FLUSH_MS     5000
#define FLOOR_SAVE_S 3600

/* ---- Words ------------------------------------------------------------------------------- */

const char *sotto_strerror(int status) {
    static const char words[] =                           /* from SOTTO_PENDING, which is 1, down */
        "the banner is on its way\0"                      /* SOTTO_PENDING */
        "no error\0"                                      /* SOTTO_OK */
        "a parameter is missing or out of range\0"        /* SOTTO_E_ARGUMENT */
        "not possible in this state\0"                    /* SOTTO_E_STATE */
        "not enough memory\0"                             /* SOTTO_E_MEMORY */
        "a file could not be read or storage failed\0"    /* SOTTO_E_IO */
        "storage is full or read-only\0"                  /* SOTTO_E_FULL */
        "stored data is damaged or was tampered with\0"   /* SOTTO_E_CORRUPT */
        "not signed by the expected key\0"                /* SOTTO_E_SIGNATURE */
        "a file is malformed\0"                           /* SOTTO_E_FORMAT */
        "older than what is already installed\0"          /* SOTTO_E_ROLLBACK */
        "past its expiry date\0"                          /* SOTTO_E_EXPIRED */
        "made for another role, device class or engine\0" /* SOTTO_E_MISMATCH */
        "the person has not agreed to this\0"             /* SOTTO_E_CONSENT */
        "the privacy budget does not cover it\0"          /* SOTTO_E_SPENT */
        "no such item, profile, metric or report\0"       /* SOTTO_E_NOT_FOUND */
        "the random source failed\0"                      /* SOTTO_E_ENTROPY */
        "the key store failed or holds no usable key\0"   /* SOTTO_E_KEY */
        "another process owns the vault\0"                /* SOTTO_E_BUSY */
        "a documented limit is reached\0"                 /* SOTTO_E_LIMIT */
        "the vault was written by a newer engine";        /* SOTTO_E_NEWER */
    _Static_assert(SOTTO_PENDING == 1 && SOTTO_OK == 0 && SOTTO_E_NEWER == -19, "words for each");
    if (status > SOTTO_PENDING || status < SOTTO_E_NEWER) return "unknown status";
    return packed_string(words, (unsigned)(SOTTO_PENDING - status));
}

#define TEXT_OF(x)  TEXT_OF_(x)
#define TEXT_OF_(x) #x
const char *sotto_version(void) {
    return TEXT_OF(SOTTO_VERSION_MAJOR) "." TEXT_OF(SOTTO_VERSION_MINOR) "." TEXT_OF(
        SOTTO_VERSION_PATCH);
}
_Static_assert(SOTTO_VERSION_NUMBER ==
                   SOTTO_VERSION_MAJOR * 1000000 + SOTTO_VERSION_MINOR * 1000 + SOTTO_VERSION_PATCH,
               "one version");

const char *sotto_last_error(const struct sotto *e) { return e ? e->error.message : ""; }

/* ---- Time, policy, storage --------------------------------------------------------------- */

int engine_enter(struct sotto *e) {
    if (!e) return SOTTO_E_ARGUMENT;
    if (!e->secrets->is_here)
        return fail(&e->error, SOTTO_E_STATE,
                    "this process was forked off the one that opened the engine, and has none of "
                    "its secrets: open an engine after the fork");
    if (e->is_in_hook)
        return fail(&e->error, SOTTO_E_STATE,
                    "the engine was called from inside a hook of its own; return first");
    return SOTTO_OK;
}

int engine_enter_given(struct sotto *e, int is_given, const char *what) {
    int status = engine_enter(e);
    if (status != SOTTO_OK || is_given) return status;
    return fail(&e->error, SOTTO_E_ARGUMENT, "%s must not be NULL", what);
}

int engine_enter_with(struct sotto *e, const void *given, size_t size, const char *what) {
    int status = engine_enter(e);
    if (status != SOTTO_OK || (given && *(const size_t *)given >= size)) return status;
    return fail(&e->error, SOTTO_E_ARGUMENT, "set %s.size to its sizeof", what);
}

void engine_let_strict_rule(struct sotto *e, int status, const char *message) {
    e->rules = &e->strict;
    e->dp.policy = e->rules;
    if (e->is_start_logged && e->policy_status != status)
        vault_note(e->vault, SOTTO_AUDIT_POLICY, 0, e->policy.version, 0);
    e->policy_status = status;
    memset(e->policy_message, 0, sizeof e->policy_message);
    memcpy(e->policy_message, message, strnlen(message, sizeof e->policy_message - 1));
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) e->secrets->visits[i].is_disclosed = 0;
    slates_apply(e, 0, SLATE_WITHDRAW, SOTTO_WHY_POLICY);
}

/* Also brings a signed policy back. */
static void let_signed_rule(struct sotto *e) {
    e->rules = &e->policy;
    e->dp.policy = e->rules;
    if (e->is_start_logged) vault_note(e->vault, SOTTO_AUDIT_POLICY, 1, e->policy.version, 0);
    e->policy_status = SOTTO_OK;
    e->policy_message[0] = '\0';
}

void engine_set_model_aside(struct sotto *e, int status, const char *message) {
    if (e->is_start_logged && e->model_status != status)
        vault_note(e->vault, SOTTO_AUDIT_MODEL, 0, e->model.version, 0);
    e->model_status = status;
    memset(e->model_message, 0, sizeof e->model_message);
    memcpy(e->model_message, message, strnlen(message, sizeof e->model_message - 1));
    slates_apply(e, 0, SLATE_WITHDRAW, SOTTO_WHY_MODEL);
}

/* What has expired at `claimed_s` is not used; what only seemed to is used again. */
static void heed_expiry(struct sotto *e, int64_t claimed_s) {
    int64_t last_s = e->model_pack.not_after_s;
    int is_over = last_s != 0 && claimed_s > last_s;
    if (e->model_status == SOTTO_OK && is_over)
        engine_set_model_aside(e, SOTTO_E_EXPIRED,
                               "the model pack expired; install a newer one; until then slates are "
                               "general");
    if (e->model_status == SOTTO_E_EXPIRED && !is_over) {
        if (e->is_start_logged) vault_note(e->vault, SOTTO_AUDIT_MODEL, 1, e->model.version, 0);
        e->model_status = SOTTO_OK;
        e->model_message[0] = '\0';
    }
    last_s = e->policy.not_after_s;
    is_over = last_s != 0 && claimed_s > last_s;
    if (e->rules == &e->policy && is_over)
        engine_let_strict_rule(e, SOTTO_E_EXPIRED, "the policy pack expired; install a newer one");
    if (e->policy_status == SOTTO_E_EXPIRED && !is_over) let_signed_rule(e);
}

int64_t engine_now(struct sotto *e) {
    int64_t now_s = clock_now(&e->clock);
    vault_tell_time(e->vault, now_s);
    heed_expiry(e, clock_claimed(&e->clock));
    return now_s;
}

int64_t engine_late(struct sotto *e) {
    engine_now(e);
    return e->clock.late_s;
}

uint64_t engine_now_ms(struct sotto *e) {
    engine_now(e);
    return e->clock.mono_ms;
}

int engine_has_storage(const struct sotto *e) { return vault_state(e->vault) == SOTTO_STORAGE_OK; }

int engine_can_read(const struct sotto *e) {
    return engine_has_storage(e) || vault_state(e->vault) == SOTTO_STORAGE_READ_ONLY;
}

int engine_hears_everyone(const struct sotto *e) {
    return engine_can_read(e) || vault_state(e->vault) == SOTTO_STORAGE_NONE;
}

int engine_note(struct sotto *e, int status) {
    if (status < 0) {
        e->storage_status = status;
        memcpy(e->storage_message, e->error.message, sizeof e->storage_message);
    }
    return status;
}

void first_keep(struct sotto *e, struct first *first, int status) {
    if (engine_note(e, status) == SOTTO_OK || first->status != SOTTO_OK) return;
    first->status = status;
    first->error = e->error;
}

int first_tell(struct sotto *e, const struct first *first) {
    if (first->status != SOTTO_OK) e->error = first->error;
    return first->status;
}

int engine_find_item(struct sotto *e, const char *id, uint32_t *item) {
    *item = model_find(&e->model, id);
    if (*item != MODEL_NONE) return SOTTO_OK;
    return fail(&e->error, SOTTO_E_NOT_FOUND, "the catalogue of this model has no such item");
}

struct person_home engine_home(struct sotto *e) {
    struct person_home home = {e->vault, e->rules, &e->model, e->profile_bytes_max};
    return home;
}

/* ---- Memory ------------------------------------------------------------------------------ */

/* One block: the engine, the vault's state and the stock bitmap. Locked memory comes apart from it.
 */
struct layout {
    size_t vault_at, absent_at, total;
    size_t sums_at, touched_at, seen_at, barred_at, inputs_at, secrets_total;
};

static struct layout layout_of(const struct model *model) {
    struct layout l;
    size_t bitmap = slate_bitmap_bytes(model->n_items);
    l.vault_at = ALIGN16(sizeof(struct sotto));
    l.absent_at = l.vault_at + ALIGN16(vault_bytes());
    l.total = l.absent_at + bitmap;
    l.sums_at = ALIGN16(sizeof(struct secrets));
    l.touched_at = l.sums_at + ALIGN16((size_t)model->n_items * sizeof(int32_t));
    l.seen_at = l.touched_at + ALIGN16(score_touched_places(model->n_items) * sizeof(uint32_t));
    l.barred_at = l.seen_at + bitmap;
    l.inputs_at = l.barred_at + (SLATES_KEPT + SOTTO_SESSIONS_MAX) * bitmap;
    l.secrets_total = l.inputs_at + SOTTO_HISTORY_MAX * sizeof(struct score_input);
    return l;
}

static int check_config(const struct sotto_config *c, struct sotto_error *err) {
    if (!c || c->size < sizeof *c)
        return fail(err, SOTTO_E_ARGUMENT, "set sotto_config.size to sizeof(struct sotto_config)");
    const struct sotto_port *p = c->port;
    if (!p || p->size < sizeof *p || !p->clock_mono_ms || !p->clock_wall_s || !p->entropy ||
        !p->device_secret || !p->slot_put || !p->slot_get || !p->slot_destroy || !p->file_map ||
        !p->file_unmap || p->slot_bytes < 32 || p->slot_bytes > SOTTO_SLOT_BYTES_MAX)
        return fail(err, SOTTO_E_ARGUMENT,
                    "the port lacks a required callback, its size or its slot_bytes");
    if ((p->key_caps & SOTTO_KEYS_COUNTER) && (!p->counter_read || !p->counter_bump))
        return fail(err, SOTTO_E_ARGUMENT,
                    "the port claims SOTTO_KEYS_COUNTER but lacks counter_read or counter_bump");
    if ((p->key_caps & SOTTO_KEYS_SOFT) &&
        (p->key_caps & (SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_DESTROY_PHYSICAL)))
        return fail(err, SOTTO_E_ARGUMENT,
                    "the port claims soft keys that are bound to the device or destroyed "
                    "physically; ordinary files are neither");
    if (c->use != SOTTO_USE_SCREEN)
        return fail(err, SOTTO_E_ARGUMENT,
                    "sotto_config.use: Sotto orders what a screen shows; it decides nothing about "
                    "credit, prices, work, insurance or access");
    if (!c->model_pack || !c->model_key)
        return fail(err, SOTTO_E_ARGUMENT, "sotto_config needs model_pack and model_key");
    if ((c->policy_pack == NULL) != (c->policy_key == NULL))
        return fail(err, SOTTO_E_ARGUMENT, "policy_pack and policy_key go together");
    if ((c->locale && strlen(c->locale) >= LOCALE_BYTES) ||
        (c->device_class && strlen(c->device_class) >= CLASS_BYTES))
        return fail(err, SOTTO_E_ARGUMENT, "the locale or device class is too long");
    if (crypto_init() != 0) return fail(err, SOTTO_E_ENTROPY, "libsodium could not start");
    return SOTTO_OK;
}

static int open_model(const struct sotto_config *c, struct pack *pack, struct model *model,
                      struct sotto_error *err) {
    int status =
        pack_open(pack, c->port, c->model_pack, c->model_key, PACK_MODEL, c->device_class, err);
    if (status != SOTTO_OK) return status;
    status = model_load(model, pack, c->model_pack, err);
    if (status != SOTTO_OK) pack_close(pack);
    return status;
}

int sotto_memory_needed(const struct sotto_config *config, size_t *bytes, struct sotto_error *err) {
    struct pack pack;
    struct model model;
    int status = check_config(config, err);
    if (status == SOTTO_OK && !bytes)
        status = fail(err, SOTTO_E_ARGUMENT, "bytes must not be NULL");
    if (status == SOTTO_OK) status = open_model(config, &pack, &model, err);
    if (status != SOTTO_OK) return status;
    *bytes = layout_of(&model).total;
    pack_close(&pack);
    return SOTTO_OK;
}

/* ---- Opening ----------------------------------------------------------------------------- */

/* What RLIMIT_MEMLOCK must allow. Guarded memory is locked by whole pages: there is room for two
 * arenas' ends on pages of 64 KiB. */
static size_t locked_limit(const struct layout *l, const struct sotto_port *port) {
    const size_t page = 65536;
    size_t n = l->secrets_total + (port->vault_path ? vault_locked_bytes() : 0);
    return (n / page + 3) * page;
}

/* Takes the block and the locked memory; on failure nothing is held. */
static int take_memory(const struct sotto_config *c, const struct model *model, struct sotto **out,
                       struct sotto_error *err) {
    struct layout l = layout_of(model);
    uint8_t *block = c->memory;
    if (block && (c->memory_bytes < l.total || ((uintptr_t)block & 15) != 0))
        return fail(err, SOTTO_E_MEMORY,
                    "sotto_config.memory must hold %zu bytes, aligned to 16; it has %zu", l.total,
                    c->memory_bytes);
    if (!block) block = malloc(l.total);
    int is_locked = 0;
    uint8_t *locked = block ? guarded_alloc(l.secrets_total, &is_locked) : NULL;
    if (!locked || (!is_locked && !c->port->allow_unlocked)) {
        int is_refused = locked != NULL;
        locked_free(locked);
        if (!c->memory) free(block);
        if (is_refused)
            return fail(err, SOTTO_E_MEMORY,
                        "the system does not let this process lock its secrets in memory: raise "
                        "RLIMIT_MEMLOCK to %zu bytes (LimitMEMLOCK= in a systemd unit)",
                        locked_limit(&l, c->port));
        return fail(err, SOTTO_E_MEMORY, "no memory: the engine needs %zu bytes and %zu locked",
                    l.total, l.secrets_total);
    }
    memset(block, 0, l.total);
    struct sotto *e = (struct sotto *)(void *)block;
    e->owned = c->memory ? NULL : block;
    e->vault = (struct vault *)(void *)(block + l.vault_at);
    e->absent = block + l.absent_at;
    e->secrets = (struct secrets *)(void *)locked;
    e->secrets->is_here = 1;
    e->workspace.score.sums = (int32_t *)(void *)(locked + l.sums_at);
    e->workspace.score.touched = (uint32_t *)(void *)(locked + l.touched_at);
    e->workspace.seen = locked + l.seen_at;
    e->workspace.inputs = (struct score_input *)(void *)(locked + l.inputs_at);
    e->barred = locked + l.barred_at;
    e->memory_bytes = l.total + l.secrets_total;
    if (c->port->vault_path) e->memory_bytes += vault_locked_bytes();
    e->is_locked = is_locked;
    *out = e;
    return SOTTO_OK;
}

/* When a believed pack was signed, it was at least that late; how long it is meant to last says
 * what a clock that was never set may say. */
static void support_time(struct sotto *e, const struct pack *pack) {
    struct sotto_clock *clock = &e->clock;
    if (pack->created_s > clock->signed_from_s) clock->signed_from_s = pack->created_s;
    if (pack->not_after_s > clock->signed_until_s) clock->signed_until_s = pack->not_after_s;
}

/* A policy that is not valid in every respect leaves `strict` in force and says why. */
static void open_policy(struct sotto *e, const struct sotto_config *c, uint64_t floor) {
    struct sotto_error why = {0, ""};
    struct pack pack;
    engine_let_strict_rule(e, SOTTO_E_NOT_FOUND,
                           "no policy pack is configured; the strict policy rules");
    if (!c->policy_pack) return;
    int status = pack_open(&pack, e->port, c->policy_pack, c->policy_key, PACK_POLICY,
                           c->device_class, &why);
    if (status == SOTTO_OK) {
        /* Only for the floor: engine_now lets an expired one rest, now as on any later day. */
        status = pack_check_fresh(&pack, c->policy_pack, floor, 0, &why);
        if (status == SOTTO_OK) status = policy_load(&e->policy, &pack, c->policy_pack, &why);
        if (status == SOTTO_OK) hash256(e->policy.hash, pack.bytes, pack.n);
        if (status == SOTTO_OK) status = dp_policy_check(&e->policy, &why);
        if (status == SOTTO_OK) support_time(e, &pack);
        if (status == SOTTO_OK) status = keys_suit(e->port, &e->policy, c->policy_pack, &why);
        pack_close(&pack);
    }
    if (status != SOTTO_OK) {
        engine_let_strict_rule(e, status, why.message);
        return;
    }
    let_signed_rule(e);
}

/* The floors, the clock that starts from them, and what must be as new as they say. */
static int open_rules(struct sotto *e, const struct sotto_config *c, struct sotto_error *err) {
    struct floors floors;
    policy_strict(&e->strict);
    e->rules = &e->strict;
    int status = floors_load(e, &floors, &e->error);
    if (status != SOTTO_OK) {
        /* Failed storage leaves a general screen; storage that works but cannot tell must not let
         * an old pack pass for new. */
        engine_note(e, status);
        if (engine_can_read(e)) {
            if (err) *err = e->error;
            return status;
        }
    }
    clock_start(&e->clock, e->port, &floors.clock);
    e->saved = clock_keep(&e->clock);
    support_time(e, &e->model_pack);
    /* Only for the floor: engine_now sets an expired model aside, now as on any later day. */
    status = pack_check_fresh(&e->model_pack, c->model_pack, floors.model, 0, err);
    if (status == SOTTO_OK) open_policy(e, c, floors.policy);
    if (status == SOTTO_OK) engine_now(e);
    return status;
}

/* The dictionary of cells is the signed policy's; groups it does not name count as "other". */
static void map_groups(struct sotto *e) {
    for (uint32_t m = 0; m < e->policy.n_metrics; m++) {
        const struct policy_metric *metric = &e->policy.metrics[m];
        if (metric->source != SOURCE_ITEM_GROUP) continue;
        for (uint32_t g = 0; g < e->model.n_groups; g++) {
            uint32_t cell = metric->n_cells - 1;
            for (uint32_t i = 0; i < metric->n_names; i++)
                if (strcmp(metric->cells[i], model_group_name(&e->model, g)) == 0) cell = i;
            e->cell_of_group[m][g] = (uint8_t)cell;
        }
    }
}

static void open_dp(struct sotto *e) {
    e->dp.vault = e->vault;
    e->dp.policy = e->rules;
    e->dp.rng = &e->secrets->rng;
    e->dp.report_secret = e->secrets->report_secret;
}

int engine_make_report_key(struct sotto *e) {
    static const uint8_t none[SIGN_PUBLIC_BYTES];
    uint8_t seed[SIGN_SEED_BYTES];
    if (memcmp(e->dp.report_public, none, sizeof none) != 0) return SOTTO_OK;
    int status = vault_device_key(e->vault, "report-sign", seed);
    if (status != SOTTO_OK)
        return fail(&e->error, status, "the key store gave no device secret; check its state");
    sign_keypair(e->dp.report_public, e->dp.report_secret, seed);
    status = vault_device_key(e->vault, "report-schedule", seed);
    if (status == SOTTO_OK) {
        memcpy(e->secrets->schedule_key, seed, sizeof seed);
        e->dp.schedule_key = e->secrets->schedule_key;
    } else {
        memset(e->dp.report_public, 0, sizeof e->dp.report_public); /* both, or neither */
        fail(&e->error, status, "the key store gave no device secret; check its state");
    }
    wipe(seed, sizeof seed);
    return status;
}

/* What only works with working storage; called at open and when storage comes back. */
int engine_settle_storage(struct sotto *e) {
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        person_ask_again(&e->secrets->visits[i].person, e->vault);
    int status = floors_adopt(e);
    int64_t now_s = engine_now(e);
    if (e->is_start_logged)
        vault_note(e->vault, SOTTO_AUDIT_STORAGE, 0, vault_stats(e->vault).failures, 0);
    else
        vault_note(e->vault, SOTTO_AUDIT_START,
                   (uint8_t)((e->rules == &e->strict) | (e->model_status != SOTTO_OK) << 1),
                   e->model.version, e->rules == &e->policy ? e->policy.version : 0);
    if (status == SOTTO_OK) status = vault_write_notes(e->vault, &e->error);
    if (status == SOTTO_OK) e->is_start_logged = 1;
    if (status == SOTTO_OK) status = floors_save(e);
    if (status == SOTTO_OK) status = switch_load(e);
    sweep_restart(e);
    if (status == SOTTO_OK) status = engine_make_report_key(e);
    if (status == SOTTO_OK) status = household_tick(e, now_s);
    return status;
}

/* Lets go of everything and writes nothing: also what a failed open has to undo. */
static void release(struct sotto *e) {
    vault_close(e->vault);
    locked_free(e->secrets);
    pack_close(&e->model_pack);
    free(e->owned);
}

int sotto_open(const struct sotto_config *config, struct sotto **engine, struct sotto_error *err) {
    struct pack pack;
    struct model model;
    struct sotto *e = NULL;
    if (!engine) return fail(err, SOTTO_E_ARGUMENT, "engine must not be NULL");
    *engine = NULL;
    int status = check_config(config, err);
    if (status == SOTTO_OK) status = open_model(config, &pack, &model, err);
    if (status != SOTTO_OK) return status;
    status = take_memory(config, &model, &e, err);
    if (status != SOTTO_OK) {
        pack_close(&pack);
        return status;
    }
    e->port = config->port;
    e->model_pack = pack;
    e->model = model;
    e->profile_bytes_max =
        config->profile_bytes_max ? config->profile_bytes_max : SOTTO_PROFILE_BYTES_DEFAULT;
    if (config->locale) memcpy(e->locale, config->locale, strlen(config->locale));
    if (config->device_class)
        memcpy(e->device_class, config->device_class, strlen(config->device_class));
    if (config->policy_key)
        memcpy(e->policy_key, config->policy_key,
               strnlen(config->policy_key, sizeof e->policy_key - 1));

    /* A failed random source stops records, reports and banners; the general slate goes on. */
    if (rng_seed(&e->secrets->rng, e->port->entropy, e->port->ctx) != 0)
        engine_note(e,
                    fail(&e->error, SOTTO_E_ENTROPY, "the random source failed; check the port"));
    status = vault_open(e->vault, e->port, &e->secrets->rng, &e->error);
    if (status == SOTTO_E_BUSY) {
        if (err) *err = e->error;
        release(e);
        return status;
    }
    engine_note(e, status);
    status = open_rules(e, config, err);
    if (status != SOTTO_OK) {
        release(e);
        return status;
    }
    map_groups(e);
    open_dp(e);
    engine_note(e, engine_make_report_key(e));
    if (engine_has_storage(e)) engine_note(e, engine_settle_storage(e));
    *engine = e;
    return SOTTO_OK;
}

void sotto_close(struct sotto *e) {
    /* In a child made by fork, vault and arenas are the parent's: to be left as they are. */
    if (!e || !e->secrets->is_here || e->is_in_hook) return;
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
        if (e->secrets->visits[i].handle && visit_end(e, &e->secrets->visits[i]) != SOTTO_OK) {
            /* Nothing more can be done for it: the memory is wiped below. */
        }
    if (debts_pay(e) != SOTTO_OK) {
        /* Told when the sessions ended. */
    }
    audit_disclosures(e);
    engine_now(e);
    if (engine_has_storage(e) && floors_save(e) != SOTTO_OK) {
        /* The floor saved last time stays. */
    }
    release(e);
}

/* ---- Housekeeping ------------------------------------------------------------------------ */

/* Tries again, not too often, what failed: first the random source, then storage. */
static int revive(struct sotto *e, uint64_t now_ms) {
    struct rng *rng = &e->secrets->rng;
    int is_refused = vault_state(e->vault) == SOTTO_STORAGE_REFUSED;
    int is_storage_failed = is_refused || vault_state(e->vault) == SOTTO_STORAGE_FAILED;
    uint64_t wait_ms = is_refused && !rng->is_failed ? REFUSED_MS : RETRY_MS;
    if ((!rng->is_failed && !is_storage_failed) || now_ms - e->retried_ms < wait_ms)
        return SOTTO_OK;
    e->retried_ms = now_ms;
    if (rng->is_failed && rng_seed(rng, e->port->entropy, e->port->ctx) != 0)
        return fail(&e->error, SOTTO_E_ENTROPY, "the random source failed; check the port");
    if (!is_storage_failed) return SOTTO_OK;
    int status = vault_retry(e->vault, &e->error);
    return status == SOTTO_OK ? engine_settle_storage(e) : status;
}

/* A jump is kept at once: what it ended must not come back with the next start. */
static int is_time_to_save(const struct sotto *e) {
    return e->clock.now_s - e->saved.now_s >= FLOOR_SAVE_S ||
           e->clock.late_s - e->saved.late_s >= FLOOR_SAVE_S;
}

int sotto_tick(struct sotto *e) {
    struct first first = {engine_enter(e), {0, ""}};
    if (first.status != SOTTO_OK) return first.status;
    int64_t now_s = engine_now(e);
    uint64_t now_ms = e->clock.mono_ms;
    first_keep(e, &first, vault_look(e->vault, &e->error));
    int had_storage = engine_has_storage(e);
    first_keep(e, &first, revive(e, now_ms));
    first_keep(e, &first, debts_pay(e));
    slates_sweep(e);
    tickets_sweep(e);
    int is_back = engine_has_storage(e) && !had_storage;
    int is_flush_due = is_back || now_ms - e->flushed_ms >= FLUSH_MS;
    if (is_flush_due) e->flushed_ms = now_ms;
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        struct visit *v = &e->secrets->visits[i];
        if (!v->handle) continue;
        if (visit_is_idle(e, v, now_ms))
            first_keep(e, &first, visit_end(e, v));
        else if (is_flush_due)
            first_keep(e, &first, visit_settle(e, v, e->clock.late_s));
    }
    first_keep(e, &first, sweep_step(e));
    first_keep(e, &first, engine_make_report_key(e));
    if (engine_has_storage(e)) {
        first_keep(e, &first, household_tick(e, now_s));
        if (engine_has_storage(e) && is_time_to_save(e)) {
            first_keep(e, &first, floors_save(e));
            audit_disclosures(e);
        }
    }
    return first_tell(e, &first);
}

int sotto_health(struct sotto *e, struct sotto_health *health) {
    int status = engine_enter_with(e, health, sizeof *health, "sotto_health");
    if (status != SOTTO_OK) return status;
    memset(health, 0, sizeof *health);
    health->size = sizeof *health;
    health->time_floor_s = engine_now(e);
    health->time_late_s = e->clock.late_s;
    health->time_claim_s = e->clock.claim_s;
    health->strict = e->rules == &e->strict;
    health->policy_status = e->policy_status;
    memcpy(health->policy_message, e->policy_message, sizeof health->policy_message);
    health->model_status = e->model_status;
    memcpy(health->model_message, e->model_message, sizeof health->model_message);
    health->storage = vault_state(e->vault);
    health->storage_status = e->storage_status;
    memcpy(health->storage_message, e->storage_message, sizeof health->storage_message);
    health->model_version = e->model.version;
    health->policy_version = e->rules->version;
    health->items = e->model.n_items;
    health->profiles = vault_profile_count(e->vault);
    health->profile_bytes = vault_usage(e->vault, 0).bytes;
    health->profile_bytes_max = e->profile_bytes_max;
    health->banners_asked = e->banners_asked;
    health->banners_shown = e->banners_shown;
    health->slates_general = e->slates_general;
    health->slates_personalised = e->slates_personalised;
    health->memory_bytes = e->memory_bytes;
    health->memory_locked = e->is_locked && vault_is_locked(e->vault);
    health->key_caps = e->port->key_caps;
    health->key_epoch = vault_epoch(e->vault);
    health->idle_s = e->rules->idle_s;
    health->slate_lifetime_s = e->rules->slate_ttl_s;
    keys_describe(e->port, health->key_text, sizeof health->key_text);
    struct vault_key key = {VAULT_OUTBOX, 0, 0};
    for (int is_first = 1; engine_has_storage(e); is_first = 0) {
        status = vault_next(e->vault, &key, is_first, &e->error);
        if (status != SOTTO_OK) break;
        health->reports++;
    }
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : status;
}
