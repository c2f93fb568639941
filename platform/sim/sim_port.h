/* sim_port: a simulated device. Owns a clock that obeys, entropy that repeats, key slots and a
 * banner that do as they are told, and switches that break them. For tests and sotto-sim; never
 * for a device, since everything random follows from the seed. The engine cannot tell it from a
 * real one: it sees only `port`. */
#ifndef SOTTO_SIM_PORT_H
#define SOTTO_SIM_PORT_H

#include "platform/linux/sotto_linux.h"

/* What banner_show does. The first three wait as a real person would: the clock moves on by the
 * packet's minimum display time (at least 1 ms) before the receipt is written. */
enum sim_banner {
    SIM_BANNER_ACCEPTED = 0, /* shown long enough and acknowledged */
    SIM_BANNER_SHOWN,        /* shown long enough, nobody touched it */
    SIM_BANNER_DECLINED,     /* shown long enough, the person declined */
    SIM_BANNER_FAILS,        /* the hook returns an error and fills nothing */
    SIM_BANNER_PENDING,      /* the hook returns 1; sim_banner_receipt makes the receipt later */
    SIM_BANNER_WRONG_HASH,   /* a receipt for another packet */
    SIM_BANNER_TOO_SHORT,    /* gone before the minimum display time; acknowledged all the same */
    SIM_BANNER_NO_CHANNEL    /* no channel on which anyone could perceive it */
};

#define SIM_TEXT_BYTES 512

/* The last packet that banner_show was given; texts are cut to fit. */
struct sim_packet {
    uint8_t id[16], hash[32];
    uint32_t notice_version, min_display_ms, must_ack, n_actions;
    char locale[32], direction[8], icon[64];
    char title[SIM_TEXT_BYTES], short_text[SIM_TEXT_BYTES], plain_text[SIM_TEXT_BYTES],
        speech_text[SIM_TEXT_BYTES], contact[SIM_TEXT_BYTES];
    char action_id[SOTTO_BANNER_ACTIONS_MAX][32], action_label[SOTTO_BANNER_ACTIONS_MAX][64];
    uint64_t asked_ms; /* mono_ms when the hook was called */
};

/* A device. Set the fields of the middle groups at any time, also while an engine is open; must not
 * move in memory after sim_device_init (port.ctx points to it). */
struct sim_device {
    struct sotto_port port; /* give &device.port to sotto_open */

    /* Clocks: independent of each other, so a test may let either jump. */
    uint64_t mono_ms; /* starts at 1000 */
    int64_t wall_s;   /* starts at 2026-01-01 00:00 UTC */

    /* The banner. */
    enum sim_banner banner;
    unsigned banners_asked; /* calls of the hook */
    unsigned banners_shown; /* calls after which a person has seen it for its full time */
    struct sim_packet packet;

    /* Faults: 1 makes the named callback fail until set back to 0. */
    int clock_fails, entropy_fails, secret_fails;
    int slot_put_fails, slot_get_fails, slot_destroy_fails, counter_fails;
    /* Makes the key_fails_at-th key operation from now on fail, and with key_fails_on all that
     * follow; 0: none. Every callback of the key store counts. With key_answer_lost the operation
     * is done and only its answer is lost. */
    unsigned key_fails_at;
    int key_fails_on, key_answer_lost;
    /* A power switch: when not NULL, every slot_put, slot_destroy and counter_bump first takes one
     * from *fuse, and fails without doing anything once it is 0. A test may let its disk burn the
     * same fuse. */
    long *fuse;

    /* What the device holds. Read only for users. */
    uint64_t counter, slot_puts, slot_destroys, entropy_bytes;
    char counter_path[SOTTO_LINUX_PATH_BYTES]; /* with a directory the counter is a file's length */
    uint8_t seed[32];
    uint64_t boot, entropy_block, wall_rest_ms;
    struct {
        uint8_t bytes[SOTTO_SLOT_BYTES_MAX];
        size_t n; /* 0: empty */
    } slot[2];
    int has_dir;
    struct sotto_linux host; /* the key directory and vault path when has_dir */
};

/* Builds a device from a seed; the same seed gives the same device secret and, boot for boot, the
 * same entropy. dir NULL: key slots live in the structure (they claim hardware: physical
 * destruction, a counter) and the vault is RAM only; a test may set port.vault_path itself.
 * Otherwise `dir` is a directory (made 0700 if missing) that holds vault.db, keys/, the count of
 * boots and the counter; the next sim_device_init on it is the same device after a restart. It
 * claims SOTTO_KEYS_DEVICE_BOUND alone: its secret follows from the seed, its slots are files. */
int sim_device_init(struct sim_device *d, const uint8_t seed[32], const char *dir,
                    struct sotto_error *err) SOTTO_MUST_CHECK;
/* Claims any SOTTO_KEYS_* instead, and acts on it: what slot_destroy says, whether there is a
 * counter, how large slots are. */
void sim_device_claim(struct sim_device *d, uint32_t caps);
/* Wipes what the structure holds; files stay. */
void sim_device_release(struct sim_device *d);

/* Lets time pass on both clocks. */
void sim_device_advance(struct sim_device *d, uint64_t ms);

/* The receipt for the last packet as the current `banner` mode would write it (PENDING writes an
 * accepted one); moves the clock like the blocking hook. For sotto_slate_confirm. */
void sim_banner_receipt(struct sim_device *d, struct sotto_banner_receipt *receipt);

#endif
