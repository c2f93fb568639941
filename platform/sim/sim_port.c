/* sim_port: see sim_port.h. The device under test believes all of this. */
#include "platform/sim/sim_port.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "crypto/crypto.h"
#include "platform/linux/parts.h"

#define WALL_START_S  1767225600 /* 2026-01-01 00:00 UTC */
#define MONO_START_MS 1000

/* ---- Time and chance ---------------------------------------------------------------------- */

static int sim_clock_mono_ms(void *ctx, uint64_t *ms) {
    const struct sim_device *d = ctx;
    *ms = d->mono_ms;
    return d->clock_fails ? -EIO : 0;
}

static int sim_clock_wall_s(void *ctx, int64_t *unix_s) {
    const struct sim_device *d = ctx;
    *unix_s = d->wall_s;
    return d->clock_fails ? -EIO : 0;
}

void sim_device_advance(struct sim_device *d, uint64_t ms) {
    d->mono_ms += ms;
    d->wall_rest_ms += ms;
    d->wall_s += (int64_t)(d->wall_rest_ms / 1000);
    d->wall_rest_ms %= 1000;
}

/* Keyed BLAKE2b in counter mode over (boot, block). The boot number keeps a restarted device from
 * drawing the nonces of its last life again. */
static int sim_entropy(void *ctx, void *buf, size_t n) {
    struct sim_device *d = ctx;
    uint8_t *to = buf;
    if (d->entropy_fails) return -EIO;
    d->entropy_bytes += n;
    while (n > 0) {
        uint8_t counter[16], block[HASH_BYTES];
        store64(counter, d->boot);
        store64(counter + 8, d->entropy_block++);
        hash_keyed(block, d->seed, "sim-entropy", counter, sizeof counter);
        size_t part = n < sizeof block ? n : sizeof block;
        memcpy(to, block, part);
        to += part;
        n -= part;
    }
    return 0;
}

/* ---- Keys --------------------------------------------------------------------------------- */

/* Takes one from the fuse; -EIO once it has burnt out. */
static int fuse_take(struct sim_device *d) {
    if (!d->fuse) return 0;
    if (*d->fuse <= 0) return -EIO;
    --*d->fuse;
    return 0;
}

/* Counts a key operation. 1: it is the one that fails. */
static int key_operation_fails(struct sim_device *d) {
    if (d->key_fails_at == 0) return 0;
    if (d->key_fails_at > 1) return d->key_fails_at--, 0;
    if (!d->key_fails_on) d->key_fails_at = 0;
    return 1;
}

/* Runs `operation` unless it is to fail before it does anything. */
#define KEY_OPERATION(d, operation)                                                                \
    do {                                                                                           \
        int is_failing = key_operation_fails(d);                                                   \
        if (is_failing && !(d)->key_answer_lost) return -EIO;                                      \
        int answer = (operation);                                                                  \
        return is_failing ? -EIO : answer;                                                         \
    } while (0)

static int secret_make(struct sim_device *d, uint8_t secret[32]) {
    if (d->secret_fails) return -EIO;
    hash_keyed(secret, d->seed, "sim-device-secret", NULL, 0);
    return 0;
}

static int sim_device_secret(void *ctx, uint8_t secret[32]) {
    KEY_OPERATION((struct sim_device *)ctx, secret_make(ctx, secret));
}

static int slot_write(struct sim_device *d, unsigned slot, const uint8_t *bytes, size_t n) {
    if (slot > 1 || n == 0 || n > SOTTO_SLOT_BYTES_MAX) return -EINVAL;
    if (d->slot_put_fails || fuse_take(d) != 0) return -EIO;
    d->slot_puts++;
    if (d->has_dir) return linux_slot_put(&d->host, slot, bytes, n);
    memcpy(d->slot[slot].bytes, bytes, n);
    d->slot[slot].n = n;
    return 0;
}

static int sim_slot_put(void *ctx, unsigned slot, const uint8_t *bytes, size_t n) {
    KEY_OPERATION((struct sim_device *)ctx, slot_write(ctx, slot, bytes, n));
}

static int slot_read(struct sim_device *d, unsigned slot, uint8_t *bytes, size_t cap, size_t *n) {
    if (slot > 1) return -EINVAL;
    if (d->slot_get_fails) return -EIO;
    if (d->has_dir) return linux_slot_get(&d->host, slot, bytes, cap, n);
    if (d->slot[slot].n == 0) return 1;
    if (d->slot[slot].n > cap) return -EFBIG;
    memcpy(bytes, d->slot[slot].bytes, d->slot[slot].n);
    *n = d->slot[slot].n;
    return 0;
}

static int sim_slot_get(void *ctx, unsigned slot, uint8_t *bytes, size_t cap, size_t *n) {
    KEY_OPERATION((struct sim_device *)ctx, slot_read(ctx, slot, bytes, cap, n));
}

static int slot_erase(struct sim_device *d, unsigned slot, int *assurance) {
    int status = 0;
    if (slot > 1) return -EINVAL;
    if (d->slot_destroy_fails || fuse_take(d) != 0) return -EIO;
    d->slot_destroys++;
    if (d->has_dir)
        status = linux_slot_destroy(&d->host, slot, assurance);
    else
        wipe(&d->slot[slot], sizeof d->slot[slot]);
    if (status == 0)
        *assurance = d->port.key_caps & SOTTO_KEYS_DESTROY_PHYSICAL ? SOTTO_ASSURANCE_PHYSICAL
                                                                    : SOTTO_ASSURANCE_LOGICAL;
    return status;
}

static int sim_slot_destroy(void *ctx, unsigned slot, int *assurance) {
    KEY_OPERATION((struct sim_device *)ctx, slot_erase(ctx, slot, assurance));
}

/* A count that outlives restarts: the file's length. `more` bytes are appended first. */
static int file_count(const char *path, size_t more, uint64_t *count) {
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return -errno;
    int status = write(fd, "+", more) == (ssize_t)more && fstat(fd, &st) == 0 ? 0 : -EIO;
    if (status == 0) *count = (uint64_t)st.st_size;
    close(fd);
    return status;
}

static int counter_move(struct sim_device *d, unsigned by, uint64_t *value) {
    if (d->counter_fails || (by && fuse_take(d) != 0)) return -EIO;
    if (d->has_dir) return file_count(d->counter_path, by, value);
    d->counter += by;
    *value = d->counter;
    return 0;
}

static int sim_counter_read(void *ctx, uint64_t *value) {
    KEY_OPERATION((struct sim_device *)ctx, counter_move(ctx, 0, value));
}

static int sim_counter_bump(void *ctx, uint64_t *value) {
    KEY_OPERATION((struct sim_device *)ctx, counter_move(ctx, 1, value));
}

void sim_device_claim(struct sim_device *d, uint32_t caps) {
    int has_counter = (caps & SOTTO_KEYS_COUNTER) != 0;
    d->port.key_caps = caps;
    d->port.counter_read = has_counter ? sim_counter_read : NULL;
    d->port.counter_bump = has_counter ? sim_counter_bump : NULL;
    d->port.slot_bytes = caps & SOTTO_KEYS_SOFT ? SOTTO_SLOT_BYTES_MAX : 32;
}

/* ---- The banner --------------------------------------------------------------------------- */

static void text_keep(char *to, size_t cap, const char *from) {
    snprintf(to, cap, "%s", from ? from : "");
}

static void packet_keep(struct sim_device *d, const struct sotto_banner *banner) {
    struct sim_packet *p = &d->packet;
    memset(p, 0, sizeof *p);
    memcpy(p->id, banner->id, sizeof p->id);
    memcpy(p->hash, banner->hash, sizeof p->hash);
    p->notice_version = banner->notice_version;
    p->min_display_ms = banner->min_display_ms;
    p->must_ack = banner->must_ack;
    text_keep(p->locale, sizeof p->locale, banner->locale);
    text_keep(p->direction, sizeof p->direction, banner->direction);
    text_keep(p->icon, sizeof p->icon, banner->icon);
    text_keep(p->title, sizeof p->title, banner->title);
    text_keep(p->short_text, sizeof p->short_text, banner->short_text);
    text_keep(p->plain_text, sizeof p->plain_text, banner->plain_text);
    text_keep(p->speech_text, sizeof p->speech_text, banner->speech_text);
    text_keep(p->contact, sizeof p->contact, banner->contact);
    p->n_actions = banner->n_actions;
    for (uint32_t i = 0; i < banner->n_actions && i < SOTTO_BANNER_ACTIONS_MAX; i++) {
        text_keep(p->action_id[i], sizeof p->action_id[i], banner->actions[i].id);
        text_keep(p->action_label[i], sizeof p->action_label[i], banner->actions[i].label);
    }
    p->asked_ms = d->mono_ms;
}

void sim_banner_receipt(struct sim_device *d, struct sotto_banner_receipt *receipt) {
    uint64_t shown_ms = d->packet.min_display_ms ? d->packet.min_display_ms : 1;
    memset(receipt, 0, sizeof *receipt);
    receipt->size = sizeof *receipt;
    memcpy(receipt->hash, d->packet.hash, sizeof receipt->hash);
    receipt->channels = SOTTO_CHANNEL_SCREEN;
    receipt->acknowledged = 1;
    switch (d->banner) {
    case SIM_BANNER_SHOWN: receipt->acknowledged = 0; break;
    case SIM_BANNER_DECLINED: receipt->acknowledged = 2; break;
    case SIM_BANNER_WRONG_HASH: receipt->hash[0] ^= 1; break;
    case SIM_BANNER_TOO_SHORT:
        /* A minimum of 0 cannot be undercut; then the receipt has no time at all. */
        shown_ms = d->packet.min_display_ms ? d->packet.min_display_ms - 1 : 0;
        break;
    case SIM_BANNER_NO_CHANNEL: receipt->channels = 0; break;
    case SIM_BANNER_ACCEPTED:
    case SIM_BANNER_FAILS:
    case SIM_BANNER_PENDING: break;
    }
    receipt->shown_from_ms = d->mono_ms;
    sim_device_advance(d, shown_ms);
    receipt->shown_until_ms = d->mono_ms;
    if (receipt->channels && shown_ms >= d->packet.min_display_ms && shown_ms > 0)
        d->banners_shown++;
}

static int sim_banner_show(void *ctx, const struct sotto_banner *banner,
                           struct sotto_banner_receipt *receipt) {
    struct sim_device *d = ctx;
    d->banners_asked++;
    packet_keep(d, banner);
    if (d->banner == SIM_BANNER_FAILS) return -EIO;
    if (d->banner == SIM_BANNER_PENDING) return 1;
    sim_banner_receipt(d, receipt);
    return 0;
}

/* ---- Making one --------------------------------------------------------------------------- */

static int path_join(char to[SOTTO_LINUX_PATH_BYTES], const char *dir, const char *name) {
    int n = snprintf(to, SOTTO_LINUX_PATH_BYTES, "%s/%s", dir, name);
    return n > 0 && n < SOTTO_LINUX_PATH_BYTES ? 0 : -1;
}

static int dir_use(struct sim_device *d, const char *dir, struct sotto_error *err) {
    char boots[SOTTO_LINUX_PATH_BYTES];
    if (path_join(d->host.key_dir, dir, "keys") || path_join(d->host.vault_path, dir, "vault.db") ||
        path_join(boots, dir, "boots") || path_join(d->counter_path, dir, "counter"))
        return fail(err, SOTTO_E_ARGUMENT, "%.100s…: the path is too long", dir);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return fail(err, SOTTO_E_IO, "%s: cannot make the folder: %s", dir, strerror(errno));
    int status = linux_keystore_open(&d->host, err);
    if (status != SOTTO_OK) return status;
    (void)linux_file_private(d->host.vault_path); /* the vault reports it when it opens */
    int code = file_count(boots, 1, &d->boot);
    if (code != 0)
        return fail(err, SOTTO_E_IO, "%s: cannot count the boot: %s", boots, strerror(-code));
    d->has_dir = 1;
    d->port.vault_path = d->host.vault_path;
    sim_device_claim(d, SOTTO_KEYS_DEVICE_BOUND);
    return SOTTO_OK;
}

int sim_device_init(struct sim_device *d, const uint8_t seed[32], const char *dir,
                    struct sotto_error *err) {
    memset(d, 0, sizeof *d);
    if (crypto_init() != 0) return fail(err, SOTTO_E_STATE, "sim: libsodium did not start");
    memcpy(d->seed, seed, sizeof d->seed);
    d->mono_ms = MONO_START_MS;
    d->wall_s = WALL_START_S;
    d->port = (struct sotto_port){
        .size = sizeof d->port,
        .ctx = d,
        .clock_mono_ms = sim_clock_mono_ms,
        .clock_wall_s = sim_clock_wall_s,
        .entropy = sim_entropy,
        .key_caps = SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_DESTROY_PHYSICAL | SOTTO_KEYS_COUNTER,
        .device_secret = sim_device_secret,
        .slot_put = sim_slot_put,
        .slot_get = sim_slot_get,
        .slot_destroy = sim_slot_destroy,
        .slot_bytes = 32,
        .counter_read = sim_counter_read,
        .counter_bump = sim_counter_bump,
        .file_map = linux_file_map,
        .file_unmap = linux_file_unmap,
        .banner_show = sim_banner_show,
        .allow_unlocked = 1, /* nobody's data; and many devices run in one process */
    };
    int status = dir ? dir_use(d, dir, err) : SOTTO_OK;
    if (status != SOTTO_OK) sim_device_release(d);
    return status;
}

void sim_device_release(struct sim_device *d) { wipe(d, sizeof *d); }
