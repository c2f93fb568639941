/* sotto_audit.h: what a device did, provable to whoever holds its first audit key.
 *
 * The log is a BLAKE2b hash chain of small entries. It is cut into epochs; each is sealed by an
 * Ed25519 key that signs the chain's head, the totals so far and the next public key, and is then
 * erased: who takes the device later cannot rewrite what was sealed before (forward security:
 * Bellare & Yee 1997; Schneier & Kelsey, USENIX Security 1998). AUDIT_SEGMENT_EPOCHS epochs make a
 * segment, sealed the same way by a key of its own. The epochs of old segments are let go; the
 * segment's seal keeps their totals and their place in the chain. Epochs end by number of entries,
 * at a start and at an export, never by wall clock. Entries hold no profile and no item. Byte for
 * byte: src/FORMAT.md, section 4. Copyright 2026 the Sotto authors. Apache-2.0. */
#ifndef SOTTO_AUDIT_H
#define SOTTO_AUDIT_H

#include "sotto.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an entry tells; `detail`, `a` and `b` as said here. */
enum sotto_audit_kind {
    SOTTO_AUDIT_START = 1,   /* the engine started; a model version, b policy version (0: none);
                                detail 1:   strict rules, 2: the model is set aside, 3: both */
    SOTTO_AUDIT_POLICY = 2,  /* the strict rules took over from those of policy version a;
                                detail 1: they gave way to them again */
    SOTTO_AUDIT_MODEL = 3,   /* model version a was set aside: expired or outdated; detail 1:
                                it is used again */
    SOTTO_AUDIT_CONSENT = 4, /* of a stored profile; a its words as they stand: enum sotto_consent
                                in bits 0 to 7 store, 8 to 15 personalise, 16 to 23 measure, 24 to
                                31 paid, 32 to 39 sensitive */
    SOTTO_AUDIT_ERASE = 5,   /* begun: a profiles, b records; detail purposes (bits 1 << enum
                                sotto_purpose) + 16 * enum sotto_erase_why; 0: from before receipts */
    SOTTO_AUDIT_SHRED = 6,   /* the old key destroyed: detail enum sotto_assurance, a key epoch */
    SOTTO_AUDIT_REPORT = 7,  /* a metric * 2^32 + window, b charge in millionths of epsilon */
    SOTTO_AUDIT_DISCLOSURE =
        8,                   /* since the last such entry: a banners shown, b personalised slates */
    SOTTO_AUDIT_STORAGE = 9, /* storage is back; a failures since the engine started */
    SOTTO_AUDIT_EXPORT = 10, /* this log was handed out */
    SOTTO_AUDIT_ROTATE = 11, /* keys were renewed: a the key epoch that ended; SHRED follows */
    SOTTO_AUDIT_RIGHT = 12, /* somebody used a right on a stored profile: detail enum sotto_right */
    SOTTO_AUDIT_TICKET = 13,   /* a person was asked for, came or did not: detail enum
                                  sotto_ticket_state + 16 * enum sotto_ticket_kind, a the reason, b
                                  enum sotto_outcome */
    SOTTO_AUDIT_OVERRIDE = 14, /* staff decided otherwise: detail 1 of an item, 0 of a session; a
                                  the reason */
    SOTTO_AUDIT_SWITCH = 15 /* detail SOTTO_OFF_* as they are now, a the remote switch's number */
};

enum sotto_right {
    SOTTO_RIGHT_PAUSE = 1,
    SOTTO_RIGHT_RESUME = 2,
    SOTTO_RIGHT_SIGNAL = 3,
    SOTTO_RIGHT_AGE = 4, /* a child took over */
    SOTTO_RIGHT_BLOCK = 5,
    SOTTO_RIGHT_UNBLOCK = 6,
    SOTTO_RIGHT_CORRECT = 7,
    SOTTO_RIGHT_FORGET = 8,
    SOTTO_RIGHT_RESET = 9,
    SOTTO_RIGHT_EXPORT = 10
};
#define SOTTO_AUDIT_KINDS 16 /* room for later ones */

struct sotto_audit_entry {
    uint8_t kind;
    uint8_t detail;
    uint16_t day;  /* since 1970, as far as the device knew: advice, not proof */
    uint32_t boot; /* starts of the engine so far */
    uint64_t a, b;
};

struct sotto_audit_result {
    size_t size;      /* sizeof(struct sotto_audit_result) */
    uint64_t entries; /* ever written and sealed */
    uint64_t let_go;  /* of them only in totals: the epochs they were in are gone */
    uint64_t epochs, segments;
    uint64_t totals[SOTTO_AUDIT_KINDS]; /* by kind */
    uint8_t head[32];                   /* of the chain: what the log ends with */
    /* Whether `seen` is a head of this log: 1, and then entry `seen_at` was the last one before it;
     * 0: it is of none of the entries that are still there. */
    uint32_t is_seen;
    uint64_t seen_at;
};

#define SOTTO_AUDIT_HEAD_BYTES 16 /* of a head, in reports */

/* Verifies an exported log with nothing but the device's first audit key. `seen`:
 * SOTTO_AUDIT_HEAD_BYTES of a head that was seen elsewhere, in a report, or NULL. `each`, if not
 * NULL, is called with every entry that is still there, in order, numbered from 1, once it is known
 * to be authentic. SOTTO_E_SIGNATURE: some seal is not this device's; SOTTO_E_FORMAT: not a log,
 * cut off or altered; then *result is zeroed and the message tells where. What cannot be proven:
 * that nothing was cut off behind the last seal; compare with a head seen elsewhere. */
SOTTO_API SOTTO_MUST_CHECK int
sotto_audit_verify(const uint8_t *bytes, size_t n, const uint8_t first_key[32],
                   const uint8_t seen[SOTTO_AUDIT_HEAD_BYTES], struct sotto_audit_result *result,
                   void (*each)(void *ctx, uint64_t number, const struct sotto_audit_entry *entry),
                   void *ctx, struct sotto_error *err);

/* ---- On the device ------------------------------------------------------------------------- */

/* The device's first audit key, to be noted when it is enrolled. SOTTO_E_STATE without storage. */
SOTTO_API SOTTO_MUST_CHECK int sotto_audit_key(struct sotto *engine, uint8_t key[32]);
/* Seals what is not sealed yet and hands the whole log to `put` piece by piece; a number other than
 * 0 from it ends the export with SOTTO_E_IO. */
SOTTO_API SOTTO_MUST_CHECK int
sotto_audit_export(struct sotto *engine, int (*put)(void *ctx, const void *bytes, size_t n),
                   void *ctx);

#ifdef __cplusplus
}
#endif
#endif
