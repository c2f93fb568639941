/* checker: see checker.h. */
#include "tests/fault/checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "tests/fault/alloc.h"
#include "tests/fault/device.h"
#include "vault/inside.h"

void verdict_bad(struct verdict *v, const char *format, ...) {
    va_list args;
    if (v->is_bad) return; /* the first reason is the one to read */
    v->is_bad = 1;
    va_start(args, format);
    vsnprintf(v->why, sizeof v->why, format, args);
    va_end(args);
}

/* ---- What may be there -------------------------------------------------------------------- */

void horizon_begin(struct horizon *h) {
    memset(h, 0, sizeof *h);
    h->n = 1;
    h->is_settled = 1;
}

void horizon_step(struct horizon *h, const struct op *op) {
    switch (op->kind) {
    case OP_COMMIT_BEGIN:
        if (h->n == CANDIDATES_MAX) abort();
        h->candidate[h->n++] = (size_t)op->at;
        h->is_settled = 0;
        break;
    case OP_COMMIT_END:
        if (op->at != SOTTO_OK) break; /* it may have been done all the same */
        h->candidate[0] = h->candidate[h->n - 1];
        h->n = 1;
        break;
    case OP_STEP:
        h->belief = (size_t)op->at;
        h->is_settled = h->n == 1;
        break;
    default: break;
    }
}

/* ---- What the engine tells ----------------------------------------------------------------- */

static void person_read(struct sotto *e, unsigned p, struct facts *f, struct verdict *v) {
    sotto_session s;
    int status = sotto_session_begin(e, person_name[p], &s);
    if (status != SOTTO_OK) {
        verdict_bad(v, "no session begins: %s", sotto_last_error(e));
        return;
    }
    for (int i = 0; i < SOTTO_SESSIONS_MAX; i++) {
        const struct visit *visit = &e->secrets->visits[i];
        if (visit->handle != s) continue;
        f->person[p].is_there = visit->person.place == PERSON_STORED;
        f->person[p].events = visit->person.history.n;
        if (visit->person.place != PERSON_STORED && visit->person.place != PERSON_NEW)
            verdict_bad(v, "%.4s cannot be read: %s", person_name[p], sotto_last_error(e));
    }
    for (unsigned i = 0; i < PURPOSES; i++) {
        enum sotto_consent word = SOTTO_CONSENT_UNKNOWN;
        status = sotto_consent_get(e, s, (enum sotto_purpose)(i + 1), &word);
        if (status != SOTTO_OK) verdict_bad(v, "no word of %.4s can be read", person_name[p]);
        f->person[p].word[i] = (unsigned)word;
    }
    status = sotto_session_end(e, s);
    if (status != SOTTO_OK) verdict_bad(v, "a visit does not end: %s", sotto_last_error(e));
}

static uint8_t log_bytes[1 << 20];
static size_t log_n;
static int log_put(void *ctx, const void *bytes, size_t n) {
    (void)ctx;
    if (log_n + n > sizeof log_bytes) return -1;
    memcpy(log_bytes + log_n, bytes, n);
    log_n += n;
    return 0;
}

static void audit_read(struct sotto *e, struct facts *f, struct verdict *v) {
    struct sotto_audit_result result = {.size = sizeof result};
    struct sotto_error err = {0, ""};
    log_n = 0;
    if (sotto_audit_key(e, f->audit_key) != SOTTO_OK ||
        sotto_audit_export(e, log_put, NULL) != SOTTO_OK)
        verdict_bad(v, "the audit log is not handed out: %s", sotto_last_error(e));
    else if (sotto_audit_verify(log_bytes, log_n, f->audit_key, NULL, &result, NULL, NULL, &err) !=
             SOTTO_OK)
        verdict_bad(v, "the audit log does not verify: %s", err.message);
    f->logged_reports = result.totals[SOTTO_AUDIT_REPORT];
    f->logged_erasures = result.totals[SOTTO_AUDIT_ERASE];
    f->logged_shreds = result.totals[SOTTO_AUDIT_SHRED];
}

static void slate_read(struct sotto *e, struct verdict *v) {
    const struct sotto_slate_request request = {.size = sizeof request, .count = 4};
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[4];
    sotto_session s = 0;
    sotto_slate slate = 0;
    int status = sotto_session_begin(e, NULL, &s);
    if (status == SOTTO_OK) status = sotto_slate_request(e, s, &request, &slate);
    if (status == SOTTO_OK) status = sotto_slate_open(e, slate, &view, items, 4);
    if (status != SOTTO_OK || view.count == 0) verdict_bad(v, "the screen has nothing to show");
    (void)!sotto_session_end(e, s);
}

/* What was reported must not lie there raw any more. */
static void tallies_read(struct sotto *e, struct verdict *v) {
    struct vault_key key = {VAULT_TALLY, 0, 0};
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
    for (int is_first = 1; vault_next(e->vault, &key, is_first, NULL) == SOTTO_OK; is_first = 0) {
        const struct vault_key outbox = {VAULT_OUTBOX, key.slot, key.seq};
        if (vault_get(e->vault, outbox, bytes, sizeof bytes, &n, NULL) != SOTTO_E_NOT_FOUND)
            verdict_bad(v, "the counts of window %u are there after its report", key.seq);
    }
}

void facts_read(struct sotto *e, struct facts *f, struct verdict *v) {
    struct sotto_health health = {.size = sizeof health};
    struct sotto_metric_info info = {.size = sizeof info};
    memset(f, 0, sizeof *f);
    if (sotto_health(e, &health) != SOTTO_OK || health.storage != SOTTO_STORAGE_OK) {
        verdict_bad(v, "the engine has no storage: %s", health.storage_message);
        return;
    }
    struct floors floors;
    if (floors_load(e, &floors, &e->error) != SOTTO_OK)
        verdict_bad(v, "floors cannot be read: %s", sotto_last_error(e));
    f->model_floor = floors.model;
    f->policy_floor = floors.policy;
    f->profiles = health.profiles;
    f->reports = health.reports;
    if (sotto_metric(e, 0, &info) != SOTTO_OK) verdict_bad(v, "no ledger: %s", sotto_last_error(e));
    f->spent_micro = info.spent_micro;
    for (unsigned p = 0; p < PERSONS; p++) person_read(e, p, f, v);
    slate_read(e, v);
    tallies_read(e, v);
    audit_read(e, f, v);
    f->epoch = e->vault->stored.epoch; /* now: opening a session may finish an erasure */
    if (sotto_health(e, &health) != SOTTO_OK || health.storage != SOTTO_STORAGE_OK)
        verdict_bad(v, "storage failed in use: %s", health.storage_message);
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t most(uint32_t a, uint32_t b) { return a > b ? a : b; }

static void person_check(const struct facts *f, unsigned p, const struct belief *low,
                         const struct belief *high, struct verdict *v) {
    const char *name = person_name[p];
    unsigned place = low->person[p].place | high->person[p].place;
    if (!(place & (f->person[p].is_there ? MAY_BE_THERE : MAY_BE_GONE))) {
        verdict_bad(v, "%.4s is %s", name, f->person[p].is_there ? "not erased" : "lost");
        return;
    }
    if (!f->person[p].is_there) return;
    for (unsigned i = 0; i < PURPOSES; i++)
        if (!((low->person[p].word[i] | high->person[p].word[i]) >> f->person[p].word[i] & 1))
            verdict_bad(v, "%.4s's word %u is %u", name, i + 1, f->person[p].word[i]);
    if (f->person[p].word[0] == SOTTO_CONSENT_UNKNOWN)
        verdict_bad(v, "%.4s is stored without a word", name);
    uint32_t first = least(low->person[p].events_min, high->person[p].events_min),
             last = most(low->person[p].events_max, high->person[p].events_max);
    if (f->person[p].events < first || f->person[p].events > last)
        verdict_bad(v, "%.4s has %u events, not %u to %u", name, f->person[p].events, first, last);
}

void facts_check(const struct facts *f, const struct belief *low, const struct belief *high,
                 struct verdict *v) {
    uint64_t there = 0;
    for (unsigned p = 0; p < PERSONS; p++) {
        person_check(f, p, low, high, v);
        there += f->person[p].is_there != 0;
    }
    if (f->profiles != there) verdict_bad(v, "%llu profiles", (unsigned long long)f->profiles);
    if (f->reports < low->reports_min || f->reports > high->reports_max)
        verdict_bad(v, "%llu reports, not %llu to %llu", (unsigned long long)f->reports,
                    (unsigned long long)low->reports_min, (unsigned long long)high->reports_max);
    if (f->spent_micro != f->reports * DEVICE_EPS_MICRO || f->logged_reports != f->reports)
        verdict_bad(v, "%llu reports, %llu of them logged, %llu micro-epsilon charged",
                    (unsigned long long)f->reports, (unsigned long long)f->logged_reports,
                    (unsigned long long)f->spent_micro);
    if (f->epoch < 1 + f->logged_erasures) /* the first epoch is 1 */
        verdict_bad(v, "%llu erasures, yet key epoch %llu", (unsigned long long)f->logged_erasures,
                    (unsigned long long)f->epoch);
    if (f->logged_shreds + 1 < f->epoch)
        verdict_bad(v, "key epoch %llu, yet the log tells of %llu keys destroyed",
                    (unsigned long long)f->epoch, (unsigned long long)f->logged_shreds);
    if (f->model_floor < low->model_floor || f->policy_floor < low->policy_floor)
        verdict_bad(v, "floors went back to %llu and %llu", (unsigned long long)f->model_floor,
                    (unsigned long long)f->policy_floor);
}

/* ---- A judgement --------------------------------------------------------------------------- */

void judge_begin(struct judge *j, const struct record *r, unsigned every) {
    *j = (struct judge){.record = r, .every = every};
    j->seen = calloc(r->n_content + 1, 1);
    if (!j->seen) abort();
}

void judge_end(struct judge *j) { free(j->seen); }

static const struct belief *belief_at(const struct record *r, size_t i) {
    return &r->belief[i < r->n_belief ? i : r->n_belief - 1];
}

static void memory_check(long guarded, long sqlite, struct verdict *v) {
    if (disk.is_key_weak) verdict_bad(v, "a key slot was given no fresh secret");
    disk.is_key_weak = 0;
    if (disk.open_files != 0) verdict_bad(v, "%d files stay open", disk.open_files);
    if (alloc.live != guarded) verdict_bad(v, "guarded memory is not given back");
    if (alloc_sqlite_live() != sqlite) verdict_bad(v, "memory of SQLite is not given back");
}

static void keys_check(const struct vault *v, int has_counter, struct verdict *verdict) {
    unsigned living = (unsigned)(v->meta.epoch & 1);
    if (!disk.now.slot_n[living]) verdict_bad(verdict, "the living key slot is empty");
    if (disk.now.slot_n[1 - living]) verdict_bad(verdict, "the old key slot was not destroyed");
    if (v->meta.pending) verdict_bad(verdict, "an erasure is left unfinished");
    if (has_counter && v->meta.counter != disk.now.counter)
        verdict_bad(verdict, "the counter is at %llu, the vault at %llu",
                    (unsigned long long)disk.now.counter, (unsigned long long)v->meta.counter);
}

static void content_check(const struct judge *j, const struct horizon *h, struct vault *v,
                          size_t *which, struct verdict *verdict) {
    struct content c;
    if (content_read(v, &c) != 0) {
        verdict_bad(verdict, "a row cannot be read");
        return;
    }
    for (size_t i = h->n; i-- > 0;) {
        const struct content *may = &j->record->content[h->candidate[i]];
        *which = h->candidate[i];
        if (memcmp(may->digest, c.digest, sizeof c.digest) == 0) break;
        if (i == 0)
            verdict_bad(verdict, "the content is of no commit: %u rows, %u profiles", c.rows,
                        c.profiles);
    }
    uint64_t first = j->record->content[h->candidate[0]].entries,
             last = j->record->content[h->candidate[h->n - 1]].entries;
    if (c.entries < first || c.entries > last + 2) /* recovery adds what it did */
        verdict_bad(verdict, "the audit log has %llu entries, not %llu to %llu",
                    (unsigned long long)c.entries, (unsigned long long)first,
                    (unsigned long long)last + 2);
}

/* The vault alone. */
static void vault_judge(const struct judge *j, const struct horizon *h, size_t *which,
                        struct verdict *verdict) {
    static struct vault *v;
    struct sotto_error err = {0, ""};
    struct device device;
    struct rng rng = {.used = 0};
    if (!v) v = calloc(1, vault_bytes());
    if (!v) abort();
    memset(v, 0, vault_bytes());
    device_start(&device, j->record->has_counter, belief_at(j->record, h->belief)->wall_s);
    if (rng_seed(&rng, device.port.entropy, device.port.ctx) != 0) abort();
    if (vault_open(v, &device.port, &rng, &err) != SOTTO_OK) {
        verdict_bad(verdict, "the vault does not open: %d %.160s", err.status, err.message);
    } else {
        content_check(j, h, v, which, verdict);
        keys_check(v, j->record->has_counter, verdict);
    }
    vault_close(v);
}

/* A pack below the floor must not come back. */
static void old_packs_check(const struct judge *j, const struct belief *low,
                            struct verdict *verdict) {
    struct device device;
    struct sotto_config config;
    struct sotto *engine = NULL;
    device_start(&device, j->record->has_counter, low->wall_s);
    device.policy = low->policy;
    device_configure(&device, &config);
    if (sotto_open(&config, &engine, NULL) != SOTTO_E_ROLLBACK)
        verdict_bad(verdict, "an old model pack is taken");
    sotto_close(engine);
    device.model = 2;
    device.policy = 1;
    if (sotto_open(&config, &engine, NULL) != SOTTO_OK || engine->rules == &engine->policy)
        verdict_bad(verdict, "an old policy pack is taken");
    sotto_close(engine);
}

/* A report that was handed out is the same for ever. */
static void report_check(struct sotto *e, const struct belief *b, struct verdict *v) {
    uint8_t bytes[SOTTO_REPORT_MAX], hash[HASH_BYTES];
    size_t n = 0;
    if (!b->has_report) return;
    if (sotto_report_seal(e, 1, b->report_window, bytes, sizeof bytes, &n) != SOTTO_OK) {
        verdict_bad(v, "a report that left is gone: %s", sotto_last_error(e));
        return;
    }
    hash256(hash, bytes, n);
    if (memcmp(hash, b->report_hash, sizeof hash) != 0)
        verdict_bad(v, "a report that left is another one now");
}

static unsigned newest(unsigned there, uint64_t floor) {
    return there < floor ? (unsigned)floor : there;
}

/* The whole engine, which works on as if nothing had happened. */
static void engine_judge(const struct judge *j, const struct horizon *h, struct verdict *verdict) {
    const struct belief *low = belief_at(j->record, h->belief),
                        *high = h->is_settled ? low : belief_at(j->record, h->belief + 1);
    struct device device;
    struct sotto_config config;
    struct sotto_error err = {0, ""};
    struct sotto *engine = NULL;
    struct facts facts;
    device_start(&device, j->record->has_counter, low->wall_s);
    device.model = newest(high->model, high->model_floor);
    device.policy = newest(high->policy, high->policy_floor);
    device_configure(&device, &config);
    if (sotto_open(&config, &engine, &err) != SOTTO_OK) {
        verdict_bad(verdict, "the engine does not open: %s", err.message);
        return;
    }
    facts_read(engine, &facts, verdict);
    facts_check(&facts, low, high, verdict);
    report_check(engine, low, verdict);
    sotto_close(engine);
}

void judge_image(struct judge *j, const struct horizon *h, const struct image *image,
                 struct verdict *v) {
    long guarded = alloc.live, sqlite = alloc_sqlite_live();
    size_t which = 0;
    j->n++;
    disk_load(image, j->record->life + 1);
    vault_judge(j, h, &which, v);
    memory_check(guarded, sqlite, v);
    uint8_t bit = h->is_settled ? 1 : 2;
    int is_first = !(j->seen[which] & bit);
    if (v->is_bad || (!is_first && (j->every == 0 || j->n % j->every != 0))) return;
    j->seen[which] |= bit;
    j->engines++;
    disk_load(image, j->record->life + 2);
    engine_judge(j, h, v);
    memory_check(guarded, sqlite, v);
    if (v->is_bad || belief_at(j->record, h->belief)->model_floor < 2) return;
    disk_load(image, j->record->life + 3);
    old_packs_check(j, belief_at(j->record, h->belief), v);
}
