#include "kiosk.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

#include "crypto/crypto.h"
#include "random_model.h"

static uint8_t pack_bytes[MAKE_PACK_MAX];

static void join(char *out, size_t cap, const char *dir, const char *name) {
    int n = snprintf(out, cap, "%s/%s", dir, name);
    assert_true(n > 0 && (size_t)n < cap);
}

void kiosk_put_model(struct kiosk *k, uint32_t n_items, uint64_t version) {
    kiosk_put_groups(k, n_items, 8, version);
}

static void put_model(struct kiosk *k, uint32_t n_items, uint32_t groups, uint64_t version,
                      const struct make_fact *facts, const uint32_t *first) {
    struct dice d = {version * 1000 + n_items};
    struct random_model r;
    random_model_make(&r, &d, n_items, 0);
    /* Small priors and decent weights, so that activity decides; nothing fades with age. */
    for (uint32_t i = 0; i < n_items; i++) {
        r.prior[i] = (int32_t)(n_items - i);
        r.scales[i] = MODEL_UNIT / 2;
    }
    for (uint32_t i = 0; i < r.model.n_decay; i++) r.decay[i] = (uint16_t)(MODEL_UNIT / (1 + i));
    r.ages[0] = MODEL_UNIT;
    r.model.n_ages = 1;
    for (int t = 1; t < 4; t++) r.model.event_weights[t] = MODEL_UNIT;
    size_t n = first   ? make_renumbered_pack(pack_bytes, &r.model, *first, groups, version)
               : facts ? make_facts_pack(pack_bytes, &r.model, groups, version, facts)
                       : make_model_pack(pack_bytes, &r.model, groups, version);
    make_signed_file(k->model_path, pack_bytes, n, KIOSK_MODEL_KEY);
    random_model_free(&r);
}

void kiosk_put_groups(struct kiosk *k, uint32_t n_items, uint32_t groups, uint64_t version) {
    put_model(k, n_items, groups, version, NULL, NULL);
}

void kiosk_put_renumbered(struct kiosk *k, uint32_t first, uint32_t n_items, uint32_t groups,
                          uint64_t version) {
    put_model(k, n_items, groups, version, NULL, &first);
}

void kiosk_put_facts(struct kiosk *k, uint32_t n_items, const struct make_fact *facts,
                     uint64_t version) {
    put_model(k, n_items, 8, version, facts, NULL);
}

void kiosk_put_policy(struct kiosk *k, const struct make_policy *policy) {
    size_t n = make_policy_pack(pack_bytes, policy);
    make_signed_file(k->policy_path, pack_bytes, n, KIOSK_POLICY_KEY);
}

void kiosk_make(struct kiosk *k, uint32_t n_items, const struct make_policy *policy,
                int is_ram_only) {
    struct sotto_error err;
    uint8_t seed[32];
    memset(k, 0, sizeof *k);
    memset(seed, 0x5e, sizeof seed);
    assert_int_equal(crypto_init(), 0);
    const char *tmp = getenv("TMPDIR");
    snprintf(k->dir, sizeof k->dir, "%.40s/sotto-test-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(k->dir));
    join(k->model_path, sizeof k->model_path, k->dir, "model.pack");
    join(k->policy_path, sizeof k->policy_path, k->dir, "policy.pack");
    join(k->device_dir, sizeof k->device_dir, k->dir, "device");
    make_public_key(k->model_key, KIOSK_MODEL_KEY);
    make_public_key(k->policy_key, KIOSK_POLICY_KEY);
    kiosk_put_model(k, n_items, 1);
    if (policy) kiosk_put_policy(k, policy);
    if (sim_device_init(&k->device, seed, is_ram_only ? NULL : k->device_dir, &err) != SOTTO_OK)
        fail_msg("%s", err.message);
    k->config = (struct sotto_config){.size = sizeof k->config,
                                      .port = &k->device.port,
                                      .model_pack = k->model_path,
                                      .model_key = k->model_key,
                                      .policy_pack = k->policy_path,
                                      .policy_key = k->policy_key};
}

void kiosk_open(struct kiosk *k) {
    struct sotto_error err = {0, ""};
    if (sotto_open(&k->config, &k->engine, &err) != SOTTO_OK) fail_msg("%s", err.message);
}

void kiosk_restart_without_storage(struct kiosk *k) {
    sotto_close(k->engine);
    k->engine = NULL;
    k->device.slot_get_fails = 1;
    kiosk_open(k);
}

void kiosk_mend_storage(struct kiosk *k) {
    k->device.slot_get_fails = 0;
    sim_device_advance(&k->device, 6000); /* it looks every five seconds */
    if (sotto_tick(k->engine) != SOTTO_OK) fail_msg("%s", sotto_last_error(k->engine));
}

void kiosk_restart(struct kiosk *k) {
    struct sotto_error err;
    uint8_t seed[32];
    int64_t wall_s = k->device.wall_s;
    enum sim_banner banner = k->device.banner;
    memcpy(seed, k->device.seed, sizeof seed);
    sotto_close(k->engine);
    k->engine = NULL;
    sim_device_release(&k->device);
    if (sim_device_init(&k->device, seed, k->device_dir, &err) != SOTTO_OK)
        fail_msg("%s", err.message);
    k->device.wall_s = wall_s;
    k->device.banner = banner;
    kiosk_open(k);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void kiosk_free(struct kiosk *k) {
    sotto_close(k->engine);
    sim_device_release(&k->device);
    nftw(k->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    memset(k, 0, sizeof *k);
}

sotto_session kiosk_session(struct kiosk *k, const char *profile, unsigned purposes) {
    sotto_session s;
    if (sotto_session_begin(k->engine, profile, &s) != SOTTO_OK)
        fail_msg("%s", sotto_last_error(k->engine));
    for (int p = SOTTO_PURPOSE_STORE; p <= SOTTO_PURPOSE_MEASURE; p++)
        if (purposes >> p & 1 && sotto_consent_set(k->engine, s, (enum sotto_purpose)p,
                                                   SOTTO_CONSENT_GRANTED) != SOTTO_OK)
            fail_msg("%s", sotto_last_error(k->engine));
    return s;
}

void kiosk_record(struct kiosk *k, sotto_session s, unsigned item, enum sotto_event_type type) {
    char id[32];
    snprintf(id, sizeof id, "item-%u", item);
    const struct sotto_event event = {sizeof event, id, type};
    if (sotto_record(k->engine, s, &event) != SOTTO_OK) fail_msg("%s", sotto_last_error(k->engine));
}

struct sotto_slate_view kiosk_slate(struct kiosk *k, sotto_session s, struct sotto_item *items,
                                    uint32_t count, int *present) {
    const struct sotto_slate_request request = {.size = sizeof request, .count = count};
    struct sotto_slate_view view = {.size = sizeof view};
    sotto_slate slate;
    if (sotto_slate_request(k->engine, s, &request, &slate) != SOTTO_OK)
        fail_msg("%s", sotto_last_error(k->engine));
    int status = sotto_slate_present(k->engine, slate);
    if (present) *present = status;
    if (sotto_slate_open(k->engine, slate, &view, items, count) != SOTTO_OK)
        fail_msg("%s", sotto_last_error(k->engine));
    sotto_slate_close(k->engine, slate);
    return view;
}

/* nftw takes no argument for its callback. */
static const void *wanted;
static size_t wanted_n;

static int look_into(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)ftw;
    if (type != FTW_F || (size_t)st->st_size < wanted_n) return 0;
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc((size_t)st->st_size);
    int found = 0;
    if (f && bytes) {
        size_t n = fread(bytes, 1, (size_t)st->st_size, f);
        found = memmem(bytes, n, wanted, wanted_n) != NULL;
    }
    if (f) fclose(f);
    free(bytes);
    return found;
}

int files_contain(const char *dir, const void *bytes, size_t n) {
    wanted = bytes;
    wanted_n = n;
    return nftw(dir, look_into, 8, FTW_PHYS) == 1;
}
