/* sotto_port.h: what a platform supplies to the engine.
 *
 * The engine calls nothing of the operating system itself. It sees the world through this one
 * structure: clocks, entropy, keys, files and the screen. platform/linux fills it for a real
 * device, platform/sim for a simulated one. Copyright 2026 the Sotto authors. Apache-2.0. */
#ifndef SOTTO_PORT_H
#define SOTTO_PORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What the key store can do (sotto_port.key_caps) ------------------------------------- */

/* Claim nothing that is not so: policies, receipts and sotto_health repeat it. Contradictions (soft
 * keys that are bound or physically destroyed, a counter without callbacks) are refused by
 * sotto_open. Keys that are not said to be bound to the device count as soft. */

/* The device secret cannot be read off the storage medium (TPM, TEE, fuses). */
#define SOTTO_KEYS_DEVICE_BOUND 0x01u
/* slot_destroy makes the old bytes physically unrecoverable, not only unlinked. */
#define SOTTO_KEYS_DESTROY_PHYSICAL 0x02u
/* counter_read and counter_bump work and the counter can never go back. */
#define SOTTO_KEYS_COUNTER 0x04u
/* There is no device: a simulator plays one. Demonstration policies, which refuse a device whose
 * keys are bound to it, run on it. */
#define SOTTO_KEYS_SIMULATED 0x08u
/* Keys are ordinary files: fit for a desk, obfuscation only against a stolen SD card. With a vault
 * a policy must say `soft-keys = allow`, or `strict` rules in its place. */
#define SOTTO_KEYS_SOFT 0x80u

/* How thoroughly slot_destroy destroyed (receipts of erasure repeat it to the person). */
enum sotto_assurance {
    SOTTO_ASSURANCE_LOGICAL = 1, /* overwritten and unlinked; flash may keep stale copies */
    SOTTO_ASSURANCE_PHYSICAL = 2 /* the hardware promises the bytes are gone */
};

/* The most bytes a key slot ever holds: a 16 KiB discardable file, so that losing any flash page of
 * it loses the key (the scheme of Android's secdiscardable files). */
#define SOTTO_SLOT_BYTES_MAX 16384u

/* ---- The disclosure banner --------------------------------------------------------------- */

#define SOTTO_BANNER_ACTIONS_MAX 4

/* One thing the person can do on the banner. */
struct sotto_banner_action {
    const char *id;    /* stable identifier: "accept", "decline", "why", "person" */
    const char *label; /* text in the packet's locale, UTF-8 */
};

/* What must be shown before a personalised slate may be opened. All strings are UTF-8, owned by the
 * engine and valid until the slate is closed. */
struct sotto_banner {
    size_t size;             /* sizeof(struct sotto_banner) of the engine */
    uint8_t id[16];          /* random, fresh for each presentation */
    uint32_t notice_version; /* version of the notice text, from the policy pack */
    const char *locale;      /* BCP 47 tag of the texts below */
    const char *direction;   /* "ltr" or "rtl" */
    const char *title;       /* one line */
    const char *short_text;  /* one or two sentences for the screen */
    const char *plain_text;  /* plain-language version, for "tell me more" */
    const char *speech_text; /* for text to speech; no abbreviations */
    const char *icon;        /* name of an icon the front end knows, e.g. "sotto-personal" */
    const char *contact;     /* how to reach a person who answers for this system */
    struct sotto_banner_action actions[SOTTO_BANNER_ACTIONS_MAX];
    uint32_t n_actions;
    uint32_t min_display_ms; /* the banner must stay visible at least this long */
    uint32_t must_ack;       /* 1: the person must acknowledge; 0: showing suffices */
    uint8_t hash[32];        /* BLAKE2b-256 over every field above; the receipt must repeat it */
};

/* Where a banner was perceivable (bits of sotto_banner_receipt.channels). */
#define SOTTO_CHANNEL_SCREEN  0x1u
#define SOTTO_CHANNEL_SPEECH  0x2u
#define SOTTO_CHANNEL_BRAILLE 0x4u

/* The front end's word that the banner was shown. The engine believes it only if every field fits.
 */
struct sotto_banner_receipt {
    size_t size;             /* sizeof(struct sotto_banner_receipt) of the caller */
    uint8_t hash[32];        /* copied from the packet that was shown */
    uint32_t channels;       /* SOTTO_CHANNEL_* bits; none means not shown */
    uint32_t acknowledged;   /* 1 if the person acknowledged, 2 if the person declined, else 0 */
    uint64_t shown_from_ms;  /* clock_mono_ms when it became visible */
    uint64_t shown_until_ms; /* clock_mono_ms when it was last known visible */
};

/* ---- Calling a person ---------------------------------------------------------------------- */

/* Somebody in front of the screen asks for a person. Nothing of their profile goes along. */
struct sotto_handoff {
    size_t size;
    uint64_t ticket;     /* to be shown or read aloud */
    uint32_t reason;     /* the caller's code */
    uint64_t decision;   /* what it is about; 0: nothing in particular */
    const char *contact; /* who answers for this system, from the policy */
};

/* ---- The port ---------------------------------------------------------------------------- */

/* Callbacks return 0 for success and a negative number for failure unless said otherwise; they are
 * called on the thread that called the engine, and must not call the engine back. `ctx` is handed
 * to each unchanged. The structure and everything it points to must outlive the engine. */
struct sotto_port {
    size_t size; /* sizeof(struct sotto_port); lets the structure grow */
    void *ctx;

    /* Milliseconds of a clock that never goes back while the device is on (it may stand still
     * while the device sleeps). Required. */
    int (*clock_mono_ms)(void *ctx, uint64_t *ms);
    /* Seconds since 1970-01-01 UTC as far as the device knows. Taken as advice: the engine
     * keeps its own time floor. Required. */
    int (*clock_wall_s)(void *ctx, int64_t *unix_s);
    /* Fills `buf` with `n` bytes from a cryptographic source. Failure stops reports and new
     * records, never the screen. Required. */
    int (*entropy)(void *ctx, void *buf, size_t n);

    /* SOTTO_KEYS_* bits. */
    uint32_t key_caps;
    /* A secret that is the same at every start and differs between devices. Required. */
    int (*device_secret)(void *ctx, uint8_t secret[32]);
    /* Destroyable key slots, `slot` is 0 or 1. slot_put replaces atomically and is durable on
     * return. slot_get sets *n and returns 0, returns 1 when the slot is empty, negative on
     * failure. slot_destroy of an empty slot succeeds; *assurance is one of enum
     * sotto_assurance. A put that is cut leaves the old value or the new one; a destroy that is cut
     * leaves the value, secret remains of it or nothing, and repeating it finishes: what was
     * overwritten counts as empty, or a key would be made of it. After a failure the
     * next call may work again. tests/support/keystore_contract.h holds stores to this. Required.
     */
    int (*slot_put)(void *ctx, unsigned slot, const uint8_t *bytes, size_t n);
    int (*slot_get)(void *ctx, unsigned slot, uint8_t *bytes, size_t cap, size_t *n);
    int (*slot_destroy)(void *ctx, unsigned slot, int *assurance);
    /* How many bytes a slot should hold: 32 for hardware, SOTTO_SLOT_BYTES_MAX for files. */
    size_t slot_bytes;
    /* A counter that hardware never lets go back and that is the engine's alone: counter_bump adds
     * one; one that failed may have moved it all the same. Used if SOTTO_KEYS_COUNTER is claimed.
     * The engine moves it with every spending, consent, erasure, forgotten event and version
     * floor, and refuses a vault that is older than the counter says (SOTTO_E_ROLLBACK). NULL when
     * there is none: then a vault that is set back together with its keys goes unnoticed on the
     * device. */
    int (*counter_read)(void *ctx, uint64_t *value);
    int (*counter_bump)(void *ctx, uint64_t *value);

    /* Maps a whole file read-only. `*bytes` is aligned to 64 bytes (a page of mmap is) and stays
     * valid until file_unmap. A file that others may write must be refused: the engine validates a
     * pack once, at open. Replace packs by rename, never in place. Required. */
    int (*file_map)(void *ctx, const char *path, const uint8_t **bytes, size_t *n);
    void (*file_unmap)(void *ctx, const uint8_t *bytes, size_t n);
    /* Path of the vault's one SQLite file, on a data partition that survives updates. NULL: the
     * engine keeps nothing at all (RAM only), also no floors: after a restart it believes the wall
     * clock and takes any signed pack, however old. */
    const char *vault_path;
    /* Name of a registered SQLite VFS, NULL for the default. */
    const char *vault_vfs;

    /* Shows the banner. Returns 0 with *receipt filled when the banner has already been shown
     * (a blocking hook), 1 when it is being shown and sotto_slate_confirm will follow, negative
     * when it cannot be shown. NULL: there is no banner, so nothing personalised is ever handed
     * out. */
    int (*banner_show)(void *ctx, const struct sotto_banner *banner,
                       struct sotto_banner_receipt *receipt);

    /* Calls a person: staff's pager, a telephone number on the screen. Returns 0 when somebody was
     * called (sotto_ticket_move tells whether they come), 1 when somebody is here, negative when
     * nobody can be called. NULL: nobody can; people are told the policy's alternative at once. */
    int (*handoff)(void *ctx, const struct sotto_handoff *request);

    /* 0: sotto_open fails where the system does not let the process lock the memory that holds
     * profiles and keys (mlock, RLIMIT_MEMLOCK), because it could reach swap. 1: go on without;
     * sotto_health.memory_locked tells. For desks, simulators and devices without swap. */
    uint32_t allow_unlocked;
};

#ifdef __cplusplus
}
#endif
#endif
