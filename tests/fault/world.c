/* world: see world.h. */
#include "tests/fault/world.h"

#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "tests/fault/alloc.h"
#include "vault/inside.h"

#define BIT(word)       (1u << (word))
#define MINUTE_MS       60000u
#define HOUR_MS         (60u * MINUTE_MS)
#define UNSAID          BIT(SOTTO_CONSENT_UNKNOWN)
#define NO_ONE(b)       ((b)->place == MAY_BE_GONE)
#define person_of(w, p) (&(w)->now.person[p])

/* ---- Steps -------------------------------------------------------------------------------- */

static void problem(struct world *w, const char *what, int status) {
    if (!w->problem[0])
        snprintf(w->problem, sizeof w->problem, "%s: status %d: %.100s", what, status,
                 w->engine ? sotto_last_error(w->engine) : "");
}

static void step(struct world *w) {
    w->now.wall_s = w->device.wall_s;
    w->now.model = w->device.model;
    w->now.policy = w->device.policy;
    if (recording) {
        disk_note(OP_STEP, 0, (int64_t)recording->n_belief, NULL, 0);
        record_belief(recording, &w->now);
    }
    if (w->each) w->each(w->each_arg);
}

void world_start(struct world *w, int has_counter) {
    memset(w, 0, sizeof *w);
    device_start(&w->device, has_counter, DEVICE_START_S);
    for (unsigned p = 0; p < PERSONS; p++) {
        w->now.person[p].place = MAY_BE_GONE;
        for (unsigned i = 0; i < PURPOSES; i++) w->now.person[p].word[i] = UNSAID;
    }
}

void world_record(struct world *w, struct record *r) {
    image_copy(&r->before, &disk.now);
    r->has_counter = (w->device.port.key_caps & SOTTO_KEYS_COUNTER) != 0;
    r->life = disk.life;
    recording = r;
    disk.record = &r->ops;
    w->now.wall_s = w->device.wall_s;
    w->now.model = w->device.model;
    w->now.policy = w->device.policy;
    record_belief(r, &w->now);
}

static void forget_sessions(struct world *w) {
    memset(w->session, 0, sizeof w->session);
    memset(w->said, 0, sizeof w->said);
    memset(w->seen, 0, sizeof w->seen);
}

void world_drop(struct world *w) {
    if (!w->engine) return;
    /* What a cut ends is not ended politely: no visit may write. */
    memset(w->engine->secrets->visits, 0, sizeof w->engine->secrets->visits);
    memset(w->engine->secrets->debts, 0, sizeof w->engine->secrets->debts);
    vault_close(w->engine->vault);
    sotto_close(w->engine);
    w->engine = NULL;
    forget_sessions(w);
}

/* ---- What storage tells -------------------------------------------------------------------- */

static int has_storage(struct world *w) { return w->engine && engine_has_storage(w->engine); }

static uint64_t reports_now(struct world *w) {
    struct sotto_health health = {.size = sizeof health};
    if (sotto_health(w->engine, &health) != SOTTO_OK) return 0;
    return health.reports;
}

/* Reports are made in passing by many calls: those the engine tells of while it has storage are
 * there for good. */
static void note_reports(struct world *w) {
    uint64_t n = has_storage(w) ? reports_now(w) : 0;
    if (n > w->now.reports_min) w->now.reports_min = n;
    w->now.reports_max = has_storage(w) ? w->now.reports_min : UINT64_MAX;
}

static void note_floors(struct world *w) {
    if (!has_storage(w) || w->engine->storage_status != SOTTO_OK) return;
    if (w->engine->model_status == SOTTO_OK && w->device.model > w->now.model_floor)
        w->now.model_floor = w->device.model;
    if (w->engine->rules == &w->engine->policy && w->device.policy > w->now.policy_floor)
        w->now.policy_floor = w->device.policy;
}

/* What was owed has been paid. */
static void settle_owed(struct world *w) {
    for (unsigned p = 0; p < PERSONS; p++) {
        if (!w->is_owed[p]) continue;
        w->is_owed[p] = 0;
        if (w->said[p][0] && w->said[p][0] != SOTTO_CONSENT_GRANTED) {
            person_of(w, p)->place = MAY_BE_GONE;
            w->due[p] = person_of(w, p)->events_min = person_of(w, p)->events_max = 0;
        }
        for (unsigned i = 0; i < PURPOSES; i++)
            if (w->said[p][i] && w->said[p][i] != SOTTO_CONSENT_GRANTED &&
                person_of(w, p)->place != MAY_BE_GONE)
                person_of(w, p)->word[i] = BIT(w->said[p][i]);
        if (!w->session[p]) memset(w->said[p], 0, sizeof w->said[p]);
    }
}

/* ---- Acts --------------------------------------------------------------------------------- */

void act_open(struct world *w) {
    struct sotto_config config;
    struct sotto_error err = {0, ""};
    if (w->engine) return;
    device_configure(&w->device, &config);
    forget_sessions(w);
    memset(w->is_owed, 0, sizeof w->is_owed); /* with the engine that owed it */
    if (sotto_open(&config, &w->engine, &err) != SOTTO_OK) w->engine = NULL;
    if (w->engine) {
        note_floors(w);
        note_reports(w);
    }
    step(w);
}

void act_close(struct world *w) {
    if (!w->engine) return;
    for (unsigned p = 0; p < PERSONS; p++)
        if (w->session[p]) act_end(w, (enum who)p);
    sotto_close(w->engine);
    w->engine = NULL;
    step(w);
}

void act_begin(struct world *w, enum who p) {
    if (!w->engine || w->session[p]) return;
    int status = sotto_session_begin(w->engine, person_name[p], &w->session[p]);
    if (status != SOTTO_OK) problem(w, "a session cannot begin", status);
    memset(w->said[p], 0, sizeof w->said[p]);
    w->seen[p] = 0;
    step(w);
}

/* The visit's events reach the vault only with consent to store; else they are gone. A visit that
 * ends well has lost nothing. */
void act_end(struct world *w, enum who p) {
    if (!w->engine || !w->session[p]) return;
    int status = sotto_session_end(w->engine, w->session[p]);
    w->session[p] = 0;
    if (status == SOTTO_OK && person_of(w, p)->place == MAY_BE_THERE)
        person_of(w, p)->events_min = w->due[p];
    w->due[p] = person_of(w, p)->events_min;
    w->seen[p] = 0;
    if (!w->is_owed[p]) memset(w->said[p], 0, sizeof w->said[p]);
    step(w);
}

static int is_personal(const struct world *w, enum who p) {
    return person_of(w, p)->word[SOTTO_PURPOSE_PERSONALISE - 1] == BIT(SOTTO_CONSENT_GRANTED);
}

void act_events(struct world *w, enum who p, unsigned n) {
    for (unsigned i = 0; i < n && w->engine && w->session[p]; i++) {
        char id[16];
        snprintf(id, sizeof id, "item-%u", (w->seen[p] * 5 + (unsigned)p) % 24);
        struct sotto_event event = {sizeof event, id, SOTTO_EVENT_SELECT};
        if (person_of(w, p)->place & MAY_BE_THERE) person_of(w, p)->events_max++;
        /* Without a yes to personalise nothing need be kept. */
        if (person_of(w, p)->place & MAY_BE_THERE && is_personal(w, p)) w->due[p]++;
        w->seen[p]++;
        int status = sotto_record(w->engine, w->session[p], &event);
        if (status != SOTTO_OK) problem(w, "an event is refused", status);
    }
    step(w);
}

static void say_store(struct world *w, enum who p, enum sotto_consent word, int status) {
    unsigned *place = &person_of(w, p)->place;
    if (word == SOTTO_CONSENT_GRANTED) {
        if (status == SOTTO_OK && *place == MAY_BE_GONE)
            w->due[p] = person_of(w, p)->events_min = person_of(w, p)->events_max = w->seen[p];
        else if (*place != MAY_BE_THERE)
            person_of(w, p)->events_max += w->seen[p];
        *place = status == SOTTO_OK ? MAY_BE_THERE : *place | MAY_BE_THERE;
        for (unsigned i = 0; i < PURPOSES; i++) {
            unsigned bits = w->said[p][i] ? BIT(w->said[p][i]) : 0;
            if (bits && status == SOTTO_OK) person_of(w, p)->word[i] = bits;
            if (bits && status != SOTTO_OK) person_of(w, p)->word[i] |= bits;
        }
        if (!is_personal(w, p)) w->due[p] = person_of(w, p)->events_min = 0;
        return;
    }
    if (status == SOTTO_OK) {
        *place = MAY_BE_GONE;
        w->due[p] = person_of(w, p)->events_min = person_of(w, p)->events_max = 0;
        for (unsigned i = 0; i < PURPOSES; i++) person_of(w, p)->word[i] = UNSAID;
    } else if (*place != MAY_BE_GONE) {
        *place |= MAY_BE_GONE;
        w->is_owed[p] = 1;
    }
    w->seen[p] = 0;
}

void act_say(struct world *w, enum who p, enum sotto_purpose purpose, enum sotto_consent word) {
    unsigned i = (unsigned)purpose - 1;
    if (!w->engine || !w->session[p]) return;
    int status = sotto_consent_set(w->engine, w->session[p], purpose, word);
    if (status == SOTTO_OK || word != SOTTO_CONSENT_GRANTED) w->said[p][i] = (unsigned)word;
    enum sotto_consent heard = SOTTO_CONSENT_UNKNOWN;
    int got = sotto_consent_get(w->engine, w->session[p], purpose, &heard);
    if (got != SOTTO_OK || (word != SOTTO_CONSENT_GRANTED && heard == SOTTO_CONSENT_GRANTED))
        problem(w, "a no is not heard at once", got);
    if (status != SOTTO_OK && has_storage(w) && word != SOTTO_CONSENT_GRANTED && disk.hits == 0)
        problem(w, "a no is refused", status);
    if (purpose == SOTTO_PURPOSE_STORE) {
        unsigned keep = w->said[p][0];
        w->said[p][0] = (unsigned)word; /* whatever became of it, the vault may have it */
        say_store(w, p, word, status);
        w->said[p][0] = keep;
    } else if (!NO_ONE(person_of(w, p))) {
        unsigned *words = &person_of(w, p)->word[i];
        *words = status == SOTTO_OK && person_of(w, p)->place == MAY_BE_THERE ? BIT(word)
                                                                              : *words | BIT(word);
        if (status != SOTTO_OK && word != SOTTO_CONSENT_GRANTED) w->is_owed[p] = 1;
    }
    /* What was only kept to personalise may go with the yes to it. */
    if (purpose == SOTTO_PURPOSE_PERSONALISE && word != SOTTO_CONSENT_GRANTED)
        w->due[p] = person_of(w, p)->events_min = 0;
    step(w);
}

/* The nonces of what is stored of a person, or of all; or of every key that is wrapped. */
#define CIPHERS_MAX 4096
static uint8_t ciphers[CIPHERS_MAX][SEAL_NONCE_BYTES];

static unsigned ciphers_note(struct world *w, enum who p, int is_keys) {
    static uint8_t blob[BLOB_BYTES_MAX];
    struct vault *v = w->engine->vault;
    int64_t row = INT64_MIN;
    size_t length;
    uint32_t slot = 0;
    unsigned n = 0;
    if (!has_storage(w)) return 0;
    if (p != ALL_PERSONS && vault_profile_find(v, person_name[p], &slot) != SOTTO_OK) return 0;
    disk.is_paused++;
    while (store_next(&v->store, row, INT64_MAX, &row, NULL) == SOTTO_OK && n < CIPHERS_MAX) {
        uint32_t kind = (uint32_t)((uint64_t)row >> 56), of = (uint32_t)(row >> 32) & 0xffffffu;
        int is_ours = kind == VAULT_PROFILE || kind == VAULT_EVENTS || (kind == 0 && of > 0);
        if (is_keys) is_ours = kind == 0 && row != META_ROW;
        if (is_ours && (slot == 0 || of == slot) &&
            store_get(&v->store, row, blob, sizeof blob, &length, NULL) == SOTTO_OK)
            memcpy(ciphers[n++], blob + BLOB_HEADER_BYTES - SEAL_NONCE_BYTES, SEAL_NONCE_BYTES);
        row++;
    }
    disk.is_paused--;
    return n;
}

/* Once an erasure is reported no file holds even the ciphertext, nor after a rotation a wrapping by
 * the key that was destroyed. */
static void ciphers_look(struct world *w, unsigned n, const char *what) {
    for (unsigned i = 0; i < n; i++)
        for (unsigned f = 0; f < DISK_FILES; f++)
            if (disk.now.file[f].n &&
                memmem(disk.now.file[f].bytes, disk.now.file[f].n, ciphers[i], SEAL_NONCE_BYTES))
                problem(w, what, SOTTO_OK);
}

void act_erase(struct world *w, enum who p) {
    struct sotto_erase_receipt receipt = {.size = sizeof receipt};
    if (!w->engine) return;
    unsigned n_ciphers = w->device.has_files ? 0 : ciphers_note(w, p, 0);
    int status = sotto_erase(w->engine, p == ALL_PERSONS ? NULL : person_name[p], &receipt);
    if (status == SOTTO_OK && has_storage(w))
        ciphers_look(w, n_ciphers, "the ciphertext of an erased profile is still there");
    if (status == SOTTO_OK && n_ciphers && receipt.assurance != SOTTO_ASSURANCE_PHYSICAL)
        problem(w, "an erasure destroyed no key", SOTTO_OK);
    for (unsigned i = 0; i < PERSONS; i++) {
        if (p != ALL_PERSONS && (enum who)i != p) continue;
        if (status == SOTTO_OK) {
            person_of(w, i)->place = MAY_BE_GONE;
            w->due[i] = person_of(w, i)->events_min = person_of(w, i)->events_max = 0;
            for (unsigned k = 0; k < PURPOSES; k++) person_of(w, i)->word[k] = UNSAID;
        } else if (person_of(w, i)->place != MAY_BE_GONE) {
            person_of(w, i)->place |= MAY_BE_GONE;
        }
        memset(w->said[i], 0, sizeof w->said[i]);
        w->seen[i] = 0;
    }
    step(w);
}

void act_rotate(struct world *w) {
    struct sotto_rotation rotation = {.size = sizeof rotation};
    if (!w->engine) return;
    unsigned n_keys = ciphers_note(w, ALL_PERSONS, 1);
    int status = sotto_keys_rotate(w->engine, &rotation);
    if (status == SOTTO_OK && has_storage(w))
        ciphers_look(w, n_keys, "a key is still there as it was wrapped before");
    if (status == SOTTO_OK && rotation.assurance != SOTTO_ASSURANCE_PHYSICAL)
        problem(w, "a rotation destroyed no key", SOTTO_OK);
    if (status != SOTTO_OK && disk.hits == 0 && !alloc.is_armed)
        problem(w, "a rotation is refused", status);
    step(w);
}

/* The sweep looks after one person in a tick. */
void act_sweep(struct world *w, uint32_t expired) {
    int is_whole = w->engine != NULL;
    device_advance(&w->device, 2 * HOUR_MS);
    /* What is past its time is loaded no more, swept or not; who is, may go. */
    person_of(w, DORA)->events_min -= expired;
    w->due[DORA] -= expired;
    person_of(w, DORA)->events_max -= expired;
    person_of(w, CARL)->place |= MAY_BE_GONE;
    person_of(w, CARL)->events_min = 0;
    for (unsigned i = 0; i < PURPOSES; i++)
        person_of(w, CARL)->word[i] |= BIT(SOTTO_CONSENT_EXPIRED);
    step(w);
    for (unsigned i = 0; i <= PERSONS; i++) {
        is_whole &= w->engine && sotto_tick(w->engine) == SOTTO_OK && has_storage(w);
        device_advance(&w->device, 1000);
    }
    if (is_whole) {
        person_of(w, CARL)->place = MAY_BE_GONE;
        person_of(w, CARL)->events_max = 0;
    }
    act_tick(w);
}

void act_tick(struct world *w) {
    if (!w->engine) return;
    int status = sotto_tick(w->engine);
    note_reports(w);
    if (status == SOTTO_OK && has_storage(w)) {
        note_floors(w);
        settle_owed(w);
    }
    step(w);
}

void act_days(struct world *w, unsigned days) {
    for (unsigned hour = 0; hour < 24 * days && w->engine; hour++) {
        device_advance(&w->device, HOUR_MS);
        (void)!sotto_tick(w->engine);
    }
    act_tick(w);
}

void act_seal(struct world *w) {
    uint8_t bytes[SOTTO_REPORT_MAX], again[SOTTO_REPORT_MAX];
    struct sotto_metric_info info = {.size = sizeof info};
    size_t n = 0, n_again = 0;
    if (!w->engine || sotto_metric(w->engine, 0, &info) != SOTTO_OK) return;
    int status =
        sotto_report_seal(w->engine, info.id, info.open_window - 1, bytes, sizeof bytes, &n);
    if (status == SOTTO_OK &&
        sotto_report_seal(w->engine, info.id, info.open_window - 1, again, sizeof again,
                          &n_again) == SOTTO_OK &&
        (n != n_again || memcmp(bytes, again, n) != 0))
        problem(w, "a window has two reports", SOTTO_OK);
    if (status == SOTTO_OK) { /* it has left the device */
        w->now.has_report = 1;
        w->now.report_window = info.open_window - 1;
        hash256(w->now.report_hash, bytes, n);
    }
    note_reports(w);
    step(w);
}

static int put_nowhere(void *ctx, const void *bytes, size_t n) {
    (void)ctx;
    (void)bytes;
    (void)n;
    return 0;
}

void act_export(struct world *w) {
    if (!w->engine) return;
    (void)!sotto_audit_export(w->engine, put_nowhere, NULL);
    step(w);
}

void act_packs(struct world *w, unsigned model, unsigned policy) {
    w->device.model = model;
    w->device.policy = policy;
    step(w);
}

void act_abandon(struct world *w) {
    static const struct vault_key key = {VAULT_SYSTEM, 0, 7};
    if (!has_storage(w) || vault_begin(w->engine->vault, NULL) != SOTTO_OK) return;
    int status = vault_put(w->engine->vault, key, "dropped", 7, NULL);
    if (status != SOTTO_OK && disk.hits == 0 && !alloc.is_armed)
        problem(w, "a record is refused", status);
    vault_rollback(w->engine->vault);
    step(w);
}

/* Whatever fails, the screen has something to show. */
void act_slate(struct world *w) {
    const struct sotto_slate_request request = {.size = sizeof request, .count = 4};
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[4];
    sotto_session s = 0;
    sotto_slate slate = 0;
    if (!w->engine) return;
    int status = sotto_session_begin(w->engine, NULL, &s);
    if (status == SOTTO_OK) status = sotto_slate_request(w->engine, s, &request, &slate);
    if (status == SOTTO_OK) status = sotto_slate_open(w->engine, slate, &view, items, 4);
    if (status != SOTTO_OK || view.count == 0 || view.personalised)
        problem(w, "the general slate is not served", status);
    (void)!sotto_session_end(w->engine, s);
    step(w);
}

void act_revive(struct world *w) {
    disk_heal();
    alloc.is_armed = 0;
    act_open(w);
    for (int i = 0; i < 3 && w->engine; i++) {
        device_advance(&w->device, 6000);
        act_tick(w);
    }
    if (!has_storage(w)) problem(w, "storage that works again is not used", SOTTO_OK);
}

void act_visit(struct world *w, enum who p, unsigned events) {
    act_begin(w, p);
    act_say(w, p, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);
    act_say(w, p, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_GRANTED);
    act_say(w, p, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_GRANTED);
    act_events(w, p, events);
    act_end(w, p);
}
