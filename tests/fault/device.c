/* device: see device.h. */
#include "tests/fault/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "crypto/crypto.h"
#include "platform/linux/parts.h"
#include "tests/support/make_pack.h"
#include "tests/support/random_model.h"

#define MODEL_SEED  1
#define POLICY_SEED 2

/* ---- Packs -------------------------------------------------------------------------------- */

struct pack_file {
    uint8_t *bytes;
    size_t n;
    char text[512]; /* its signature */
    size_t text_n;
};
static struct pack_file packs[2][3]; /* model, policy; by version */
static char model_key[MAKE_KEY_TEXT], policy_key[MAKE_KEY_TEXT];

static void keep(struct pack_file *p, const uint8_t *bytes, size_t n, uint8_t seed) {
    p->bytes = aligned_alloc(64, (n + 63) / 64 * 64);
    if (!p->bytes) abort();
    memcpy(p->bytes, bytes, n);
    p->n = n;
    p->text_n = make_signature(p->text, sizeof p->text, bytes, n, seed);
}

void device_make_packs(void) {
    uint8_t *bytes = malloc(MAKE_PACK_MAX);
    if (!bytes) abort();
    make_public_key(model_key, MODEL_SEED);
    make_public_key(policy_key, POLICY_SEED);
    for (unsigned version = 1; version <= 2; version++) {
        struct dice d = {version};
        struct random_model r;
        const struct make_policy policy = {.version = version, .eps_micro = DEVICE_EPS_MICRO};
        random_model_make(&r, &d, 24, 0);
        keep(&packs[0][version], bytes, make_model_pack(bytes, &r.model, 8, version), MODEL_SEED);
        keep(&packs[1][version], bytes, make_policy_pack(bytes, &policy), POLICY_SEED);
        random_model_free(&r);
    }
    free(bytes);
}

static int device_map(void *ctx, const char *path, const uint8_t **bytes, size_t *n) {
    const struct device *d = ctx;
    int is_policy = strncmp(path, POLICY_PATH, strlen(POLICY_PATH)) == 0;
    unsigned version = is_policy ? d->policy : d->model;
    const struct pack_file *p = &packs[is_policy][version];
    if (version == 0) return -ENOENT;
    if (strstr(path, ".minisig")) {
        *bytes = (const uint8_t *)p->text;
        *n = p->text_n;
    } else {
        *bytes = p->bytes;
        *n = p->n;
    }
    return 0;
}

static void device_unmap(void *ctx, const uint8_t *bytes, size_t n) {
    (void)ctx;
    (void)bytes;
    (void)n;
}

/* ---- Time, chance, the screen ------------------------------------------------------------- */

static int clock_mono(void *ctx, uint64_t *ms) {
    const struct device *d = ctx;
    *ms = d->mono_ms;
    return d->clock_fails ? -EIO : 0;
}

static int clock_wall(void *ctx, int64_t *unix_s) {
    const struct device *d = ctx;
    *unix_s = d->wall_s;
    return d->clock_fails ? -EIO : 0;
}

void device_advance(struct device *d, uint64_t ms) {
    d->mono_ms += ms;
    d->wall_s += (int64_t)(ms / 1000);
}

static int entropy(void *ctx, void *buf, size_t n) {
    static const uint8_t seed[32] = "the fault matrix's own entropy..";
    struct device *d = ctx;
    uint8_t *to = buf;
    if (d->entropy_fails) return -EIO;
    while (n > 0) {
        uint8_t what[16], block[HASH_BYTES];
        store64(what, disk.life);
        store64(what + 8, d->draws++);
        hash_keyed(block, seed, "entropy", what, sizeof what);
        size_t part = n < sizeof block ? n : sizeof block;
        memcpy(to, block, part);
        to += part;
        n -= part;
    }
    return 0;
}

static int banner(void *ctx, const struct sotto_banner *b, struct sotto_banner_receipt *r) {
    struct device *d = ctx;
    if (d->banner_fails) return -EIO;
    memcpy(r->hash, b->hash, sizeof r->hash);
    r->channels = SOTTO_CHANNEL_SCREEN;
    r->acknowledged = 1;
    r->shown_from_ms = d->mono_ms;
    device_advance(d, b->min_display_ms + 1);
    r->shown_until_ms = d->mono_ms;
    return 0;
}

/* ---- The key store ------------------------------------------------------------------------ */

static int device_secret(void *ctx, uint8_t secret[32]) {
    (void)ctx;
    memset(secret, 0x6b, 32);
    return 0;
}

static int slot_put(void *ctx, unsigned slot, const uint8_t *bytes, size_t n) {
    struct device *d = ctx;
    if (d->has_files) return linux_slot_put(&d->host, slot, bytes, n);
    if (slot >= DISK_SLOTS || n == 0 || n > SLOT_BYTES_MAX) return -EINVAL;
    if (disk_fails(OP_SLOT_PUT)) return -EIO;
    static const uint8_t zeros[SLOT_BYTES_MAX];
    for (unsigned i = 0; i < DISK_SLOTS; i++)
        disk.is_key_weak |= disk.now.slot_n[i] == n && memcmp(disk.now.slot[i], bytes, n) == 0;
    disk.is_key_weak |= memcmp(zeros, bytes, n) == 0;
    memcpy(disk.now.slot[slot], bytes, n);
    disk.now.slot_n[slot] = n;
    disk_note(OP_SLOT_PUT, slot, 0, bytes, n);
    return 0;
}

static int slot_get(void *ctx, unsigned slot, uint8_t *bytes, size_t cap, size_t *n) {
    struct device *d = ctx;
    if (d->has_files) return linux_slot_get(&d->host, slot, bytes, cap, n);
    if (slot >= DISK_SLOTS) return -EINVAL;
    if (disk_fails(OP_SLOT_GET)) return -EIO;
    if (disk.now.slot_n[slot] == 0) return 1;
    if (cap < disk.now.slot_n[slot]) return -EFBIG;
    memcpy(bytes, disk.now.slot[slot], disk.now.slot_n[slot]);
    *n = disk.now.slot_n[slot];
    return 0;
}

static int slot_destroy(void *ctx, unsigned slot, int *assurance) {
    struct device *d = ctx;
    if (d->has_files) return linux_slot_destroy(&d->host, slot, assurance);
    if (slot >= DISK_SLOTS) return -EINVAL;
    if (disk_fails(OP_SLOT_DESTROY)) return -EIO;
    memset(disk.now.slot[slot], 0, SLOT_BYTES_MAX);
    disk.now.slot_n[slot] = 0;
    disk_note(OP_SLOT_DESTROY, slot, 0, NULL, 0);
    *assurance = SOTTO_ASSURANCE_PHYSICAL;
    return 0;
}

static int counter_read(void *ctx, uint64_t *value) {
    (void)ctx;
    if (disk_fails(OP_COUNTER_GET)) return -EIO;
    *value = disk.now.counter;
    return 0;
}

static int counter_bump(void *ctx, uint64_t *value) {
    (void)ctx;
    if (disk_fails(OP_COUNTER)) return -EIO;
    *value = ++disk.now.counter;
    disk_note(OP_COUNTER, 0, 0, NULL, 0);
    return 0;
}

/* ---- Starting ----------------------------------------------------------------------------- */

void device_start(struct device *d, int has_counter, int64_t wall_s) {
    memset(d, 0, sizeof *d);
    d->mono_ms = 1000;
    d->wall_s = wall_s;
    d->model = d->policy = 1;
    d->port = (struct sotto_port){
        .size = sizeof d->port,
        .ctx = d,
        .clock_mono_ms = clock_mono,
        .clock_wall_s = clock_wall,
        .entropy = entropy,
        .key_caps = SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_DESTROY_PHYSICAL |
                    (has_counter ? SOTTO_KEYS_COUNTER : 0),
        .device_secret = device_secret,
        .slot_put = slot_put,
        .slot_get = slot_get,
        .slot_destroy = slot_destroy,
        .slot_bytes = SLOT_BYTES,
        .counter_read = has_counter ? counter_read : NULL,
        .counter_bump = has_counter ? counter_bump : NULL,
        .file_map = device_map,
        .file_unmap = device_unmap,
        .banner_show = banner,
        .vault_path = DISK_VAULT,
        .vault_vfs = DISK_VFS,
        .allow_unlocked = 1,
    };
}

void device_start_files(struct device *d, const char *dir, uint64_t life, int64_t wall_s) {
    struct sotto_error err;
    device_start(d, 0, wall_s);
    disk.life = life;
    d->has_files = 1;
    snprintf(d->host.key_dir, sizeof d->host.key_dir, "%s/keys", dir);
    snprintf(d->host.vault_path, sizeof d->host.vault_path, "%s/vault.db", dir);
    if (linux_keystore_open(&d->host, &err) != SOTTO_OK) abort();
    (void)linux_file_private(d->host.vault_path);
    d->port.vault_path = d->host.vault_path;
    d->port.vault_vfs = "unix";
    d->port.key_caps = SOTTO_KEYS_SOFT;
    d->port.slot_bytes = SOTTO_SLOT_BYTES_MAX;
}

void device_configure(struct device *d, struct sotto_config *config) {
    *config = (struct sotto_config){.size = sizeof *config,
                                    .port = &d->port,
                                    .model_pack = MODEL_PATH,
                                    .model_key = model_key,
                                    .policy_pack = POLICY_PATH,
                                    .policy_key = policy_key};
}
