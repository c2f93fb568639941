/* evaluate_device: the engine on a simulated kiosk that keeps nothing. See evaluate.h. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "pack/policy.h"
#include "platform/sim/sim_port.h"
#include "tools/sotto-pack/evaluate.h"
#include "tools/sotto-pack/keyfile.h"
#include "tools/sotto-pack/policy_build.h"

enum { FILES = 6, PATH_BYTES = 64, START_S = 1000000000 };

struct device {
    char dir[PATH_BYTES], files[FILES][PATH_BYTES + 32];
    char key[KEYFILE_PUBLIC_TEXT];
    struct sim_device sim;
    struct sotto *engine;
    sotto_session session;
    int is_on;
};

enum { FILE_KEY, FILE_PUB, FILE_MODEL, FILE_MODEL_SIG, FILE_POLICY, FILE_POLICY_SIG };

static int sign_file(struct device *d, const struct keyfile_secret *key, int which,
                     const uint8_t *bytes, size_t n, struct sotto_error *err) {
    char text[KEYFILE_SIGNATURE_MAX];
    int status = keyfile_sign(key, bytes, n, "for evaluation only", text, err);
    if (status == SOTTO_OK) status = packfile_replace(d->files[which], bytes, n, 0600, err);
    if (status == SOTTO_OK)
        status = packfile_replace(d->files[which + 1], text, strlen(text), 0600, err);
    return status;
}

/* Everything is asked for, nothing is measured, and a visit may last. */
static int make_policy(uint8_t **bytes, size_t *n, struct sotto_error *err) {
    static struct policy p;
    const struct pack_manifest manifest = {.role = PACK_POLICY,
                                           .version = 1,
                                           .created_s = START_S,
                                           .min_engine = PACK_WRITE_MIN_ENGINE,
                                           .device_class = ""};
    policy_strict(&p);
    p.name = "evaluation";
    p.consent[SOTTO_PURPOSE_PERSONALISE] = POLICY_ASK;
    p.consent_ttl_s = POLICY_CONSENT_TTL_S_MAX;
    p.idle_s = POLICY_IDLE_S_MAX;
    p.slate_ttl_s = POLICY_SLATE_TTL_S_MAX;
    p.min_display_ms = POLICY_MIN_DISPLAY_MS_MIN;
    p.banner_repeat_s = p.notice_interval_s = 365u * 86400u;
    p.age_unknown = AGE_ADULT;
    return policy_pack(&p, &manifest, "the policy for evaluation", bytes, n, err);
}

static int make_files(struct device *d, const uint8_t *pack, size_t n, struct sotto_error *err) {
    static const char *const names[] = {"key.key",     "key.pub",
                                        "model.pack",  "model.pack.minisig",
                                        "policy.pack", "policy.pack.minisig"};
    struct keyfile_secret *key = NULL;
    uint8_t *policy = NULL;
    size_t policy_n = 0;
    char dir[sizeof d->dir], base[PATH_BYTES + 8];
    const char *tmp = getenv("TMPDIR");
    if (!tmp || strlen(tmp) > 30) tmp = "/tmp";
    snprintf(dir, sizeof dir, "%s/sotto-evaluate-XXXXXX", tmp);
    if (!mkdtemp(dir))
        return fail(err, SOTTO_E_IO, "%s: no folder can be made there; set TMPDIR", tmp);
    memcpy(d->dir, dir, sizeof dir);
    for (int i = 0; i < FILES; i++)
        snprintf(d->files[i], sizeof d->files[i], "%.60s/%s", dir, names[i]);
    snprintf(base, sizeof base, "%.60s/key", dir);
    int status = keyfile_generate(base, NULL, d->key, err);
    if (status == SOTTO_OK) status = keyfile_open(&key, d->files[FILE_KEY], NULL, err);
    if (status == SOTTO_OK) status = make_policy(&policy, &policy_n, err);
    if (status == SOTTO_OK) status = sign_file(d, key, FILE_MODEL, pack, n, err);
    if (status == SOTTO_OK) status = sign_file(d, key, FILE_POLICY, policy, policy_n, err);
    keyfile_close(key);
    free(policy);
    return status;
}

/* A clock cannot go back, so whoever lived earlier gets a device anew. */
static int switch_on(struct device *d, int64_t now_s, struct sotto_error *err) {
    static const uint8_t seed[32] = {1};
    if (d->is_on) {
        sotto_close(d->engine);
        sim_device_release(&d->sim);
        d->is_on = 0;
        d->session = 0;
    }
    int status = sim_device_init(&d->sim, seed, NULL, err);
    d->sim.port.key_caps |= SOTTO_KEYS_SIMULATED;
    if (status != SOTTO_OK) return status;
    d->is_on = 1;
    d->engine = NULL;
    d->sim.wall_s = now_s;
    struct sotto_config config = {.size = sizeof config,
                                  .port = &d->sim.port,
                                  .model_pack = d->files[FILE_MODEL],
                                  .model_key = d->key,
                                  .policy_pack = d->files[FILE_POLICY],
                                  .policy_key = d->key,
                                  .device_class = ""};
    return sotto_open(&config, &d->engine, err);
}

struct device *device_open(const uint8_t *pack, size_t n, struct sotto_error *err) {
    struct device *d = calloc(1, sizeof *d);
    if (!d) {
        fail(err, SOTTO_E_MEMORY, "no memory for a device");
        return NULL;
    }
    if (make_files(d, pack, n, err) == SOTTO_OK && switch_on(d, START_S, err) == SOTTO_OK) return d;
    device_close(d);
    return NULL;
}

void device_close(struct device *d) {
    if (!d) return;
    if (d->is_on) {
        sotto_close(d->engine);
        sim_device_release(&d->sim);
    }
    for (int i = 0; i < FILES && d->dir[0]; i++) unlink(d->files[i]);
    if (d->dir[0]) rmdir(d->dir);
    free(d);
}

static int said(const struct device *d, int status, const char *doing, struct sotto_error *err) {
    return fail(err, status, "the simulated device, %s: %.200s", doing,
                sotto_last_error(d->engine));
}

/* The person stays at the screen, however long: a session ends when nothing happens. */
static int wait_until(struct device *d, int64_t now_s, struct sotto_error *err) {
    enum { STEP_S = POLICY_IDLE_S_MAX - 1 };
    enum sotto_consent consent;
    while (d->sim.wall_s < now_s) {
        int64_t left = now_s - d->sim.wall_s;
        sim_device_advance(&d->sim, (uint64_t)(left < STEP_S ? left : STEP_S) * 1000);
        int status = sotto_consent_get(d->engine, d->session, SOTTO_PURPOSE_PERSONALISE, &consent);
        if (status != SOTTO_OK) return said(d, status, "letting time pass", err);
    }
    return SOTTO_OK;
}

static int begin(struct device *d, int64_t now_s, struct sotto_error *err) {
    int status = SOTTO_OK;
    if (d->session) status = sotto_session_end(d->engine, d->session);
    d->session = 0;
    if (status < 0) return said(d, status, "ending a session", err);
    if (now_s < d->sim.wall_s) {
        status = switch_on(d, now_s, err);
        if (status != SOTTO_OK) return status;
    } else {
        sim_device_advance(&d->sim, (uint64_t)(now_s - d->sim.wall_s) * 1000);
    }
    status = sotto_session_begin(d->engine, NULL, &d->session);
    if (status == SOTTO_OK)
        status = sotto_consent_set(d->engine, d->session, SOTTO_PURPOSE_PERSONALISE,
                                   SOTTO_CONSENT_GRANTED);
    return status == SOTTO_OK ? SOTTO_OK : said(d, status, "beginning a session", err);
}

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int take_slate(struct device *d, const struct model *model, int repeats, int general,
                      struct answer *answer, struct sotto_error *err) {
    struct sotto_slate_request request = {.size = sizeof request,
                                          .count = SOTTO_SLATE_ITEMS_MAX,
                                          .repeats = (uint32_t)repeats,
                                          .general = (uint32_t)general};
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[SOTTO_SLATE_ITEMS_MAX];
    sotto_slate slate;
    double before = now_us();
    int status = sotto_slate_request(d->engine, d->session, &request, &slate);
    if (status == SOTTO_OK) status = sotto_slate_present(d->engine, slate);
    if (status == SOTTO_OK)
        status = sotto_slate_open(d->engine, slate, &view, items, SOTTO_SLATE_ITEMS_MAX);
    answer->us = now_us() - before;
    if (status != SOTTO_OK) return said(d, status, "making a slate", err);
    sotto_slate_close(d->engine, slate);
    answer->n = view.count;
    for (uint32_t i = 0; i < view.count; i++) {
        answer->items[i] = model_find(model, items[i].id);
        answer->scores[i] = items[i].score;
    }
    answer->is_personal = view.personalised != 0;
    if (answer->is_personal || general || view.why == SOTTO_WHY_NO_HISTORY) return SOTTO_OK;
    return fail(err, SOTTO_E_STATE, "the simulated device gave a general slate: %s",
                sotto_why_text(view.why));
}

int device_ask(struct device *d, const struct model *model, const struct question *q, int repeats,
               struct answer *answer, struct sotto_error *err) {
    int status = SOTTO_OK;
    /* Data without times happen now. */
    int64_t first_s = q->now_s == 0 ? d->sim.wall_s : q->n_events ? q->events[0].time_s : q->now_s;
    if (q->first_new == 0 || !d->session) status = begin(d, first_s, err);
    for (uint32_t k = q->first_new; k < q->n_events && status == SOTTO_OK; k++) {
        struct sotto_event event = {.size = sizeof event,
                                    .item = model_item_id(model, q->events[k].item),
                                    .type = SOTTO_EVENT_PURCHASE};
        status = wait_until(d, q->events[k].time_s, err);
        if (status == SOTTO_OK && sotto_record(d->engine, d->session, &event) != SOTTO_OK)
            status = said(d, SOTTO_E_STATE, "recording an event", err);
    }
    if (status == SOTTO_OK) status = wait_until(d, q->now_s, err);
    return status == SOTTO_OK ? take_slate(d, model, repeats, 0, answer, err) : status;
}

int device_general(struct device *d, const struct model *model, struct answer *answer,
                   struct sotto_error *err) {
    int status = begin(d, d->sim.wall_s, err);
    return status == SOTTO_OK ? take_slate(d, model, 0, 1, answer, err) : status;
}
