/* sotto_people.h: what the person in front may say, see, correct and refuse, and whom to call.
 *
 * Every function works in every state of consent and offline. What weighs what: a child's age, then
 * a signal (GPC, LMT), then the person's word, then the policy. A function that tells of storage
 * failing (SOTTO_E_IO, SOTTO_E_FULL) has all the same done in memory what was asked; it reaches
 * storage as soon as that works again, unless the session ends before.
 * Copyright 2026 the Sotto authors. Apache-2.0. */
#ifndef SOTTO_PEOPLE_H
#define SOTTO_PEOPLE_H

#include "sotto.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Words, signals, age ----------------------------------------------------------------- */

/* How a word reached the device. */
enum sotto_said {
    SOTTO_SAID_UNKNOWN = 0, /* stored by an older engine */
    SOTTO_SAID_SCREEN = 1,
    SOTTO_SAID_SPEECH = 2,
    SOTTO_SAID_STAFF = 3,
    SOTTO_SAID_NOTICE = 4,  /* a banner was shown and not declined, where the policy is opt-out */
    SOTTO_SAID_SIGNAL = 5,  /* the device or the browser said it for the person */
    SOTTO_SAID_COMMAND = 6, /* the command line */
    SOTTO_SAID_LAST = SOTTO_SAID_COMMAND
};

struct sotto_word {
    size_t size;
    enum sotto_purpose purpose;
    /* GRANTED, DENIED, WITHDRAWN, OBJECTED; PAUSED, but not of STORE. */
    enum sotto_consent state;
    enum sotto_said channel; /* SCREEN, SPEECH, STAFF or COMMAND */
    const char *locale;      /* of the notice, BCP 47, at most 35 bytes; NULL: the engine's */
};

/* As sotto_consent_set, which is a word said on the screen. SOTTO_E_CONSENT also when the person is
 * too young for a yes, or a signal objects to it; then nothing is recorded. */
SOTTO_API SOTTO_MUST_CHECK int sotto_consent_say(struct sotto *engine, sotto_session session,
                                                 const struct sotto_word *word);

/* *may_ask is 1 when the person may be asked for `purpose` now. 0 when the answer is known, can
 * only be no, or was no less than the policy's ask-again time ago. */
SOTTO_API SOTTO_MUST_CHECK int sotto_consent_may_ask(struct sotto *engine, sotto_session session,
                                                     enum sotto_purpose purpose, uint32_t *may_ask);

/* Keeps what is stored and uses none of it; nothing new is kept either. Every yes but that to STORE
 * rests, until it is said anew or sotto_resume; a no stays a no. Where nothing was said, no banner
 * brings a yes in this session before that. While storage is away it also holds for a yes that
 * nobody can look up, and is stored once storage returns; sotto_session_end says if it did not. */
SOTTO_API SOTTO_MUST_CHECK int sotto_pause(struct sotto *engine, sotto_session session);
/* Every yes that rests counts again, as old as it is. */
SOTTO_API SOTTO_MUST_CHECK int sotto_resume(struct sotto *engine, sotto_session session);

enum sotto_signal {
    SOTTO_SIGNAL_GPC = 1, /* Global Privacy Control */
    SOTTO_SIGNAL_LMT = 2, /* limit ad tracking, as set-top boxes and phones have it */
    SOTTO_SIGNAL_LAST = SOTTO_SIGNAL_LMT
};

/* A signal was received: until the session ends it objects to the purposes that the policy names,
 * whatever the person said before, and what is done meanwhile is not kept for them. It leaves a
 * receipt for each. Nothing of it is stored but those: tell it in every session it comes in. */
SOTTO_API SOTTO_MUST_CHECK int sotto_signal_set(struct sotto *engine, sotto_session session,
                                                enum sotto_signal signal);

enum sotto_age { SOTTO_AGE_ADULT = 0, SOTTO_AGE_TEEN = 1, SOTTO_AGE_CHILD = 2 };

/* Tells the person's age in years, 0 to 150; 0: unknown, and the policy says what that means. Ages
 * are not stored. For a child nothing is kept, measured or chosen: the session becomes anonymous,
 * what it held is dropped and its slates are general. It stays so: an adult after a child gets
 * nothing of what was before. */
SOTTO_API SOTTO_MUST_CHECK int sotto_session_age(struct sotto *engine, sotto_session session,
                                                 uint32_t years);

/* What weighs besides the person's words: to be shown. */
struct sotto_standing {
    size_t size;
    enum sotto_age age;     /* the band that counts */
    uint32_t signals;       /* received: bits 1 << enum sotto_signal */
    uint32_t objected;      /* purposes they object to: bits 1 << enum sotto_purpose. Honoured. */
    uint32_t is_notice_due; /* 1: nothing is personalised before the banner was shown again */
    int64_t notice_at_s;    /* when this profile saw the notice last, seconds since 1970; or 0 */
    uint32_t is_off;        /* personalisation is switched off: bits SOTTO_OFF_* */
    uint32_t blocks;        /* how many the person has */
};
/* Fills *standing, whose size is set. */
SOTTO_API SOTTO_MUST_CHECK int sotto_standing(struct sotto *engine, sotto_session session,
                                              struct sotto_standing *standing);

/* ---- Receipts of consent ----------------------------------------------------------------- */

/* Every word, also a signal's, leaves a receipt: in the vault under the profile's key for a stored
 * profile, so that erasing takes them along, else in memory for the session. It holds no name. Each
 * names the one before by its hash. Signed by the key that signs receipts of erasures. Byte for
 * byte: src/FORMAT.md, section 6. */
#define SOTTO_CONSENT_RECEIPT_BYTES 208
#define SOTTO_CONSENT_LOCALE_BYTES  36
/* How many a profile keeps; older ones are let go, as are those past the policy's term. */
#define SOTTO_CONSENT_RECEIPTS_KEPT 32

struct sotto_consent_receipt {
    size_t size;
    enum sotto_purpose purpose;
    enum sotto_consent state;
    enum sotto_said channel;
    uint32_t notice_version;
    uint64_t policy_version; /* 0: the compiled-in strict policy */
    uint64_t number;         /* 1 for the profile's, or the session's, first */
    int64_t time_s;          /* seconds since 1970, as far as the device knew */
    char locale[SOTTO_CONSENT_LOCALE_BYTES];
    uint8_t policy_hash[32]; /* BLAKE2b-256 of the policy pack; zeros for strict */
    uint8_t before[32]; /* BLAKE2b-256 of what is signed of the receipt before; 0 for the first */
};

/* Verifies a receipt with the device's key (sotto_device_key) and fills *receipt. SOTTO_E_FORMAT,
 * SOTTO_E_SIGNATURE as sotto_receipt_verify; then *receipt is zeroed. `err` may be NULL. */
SOTTO_API SOTTO_MUST_CHECK int sotto_consent_receipt_verify(const uint8_t *bytes, size_t n,
                                                            const uint8_t device_key[32],
                                                            struct sotto_consent_receipt *receipt,
                                                            struct sotto_error *err);

/* Copies the receipt of this session's person that follows number *cursor (start with 0) and moves
 * *cursor to it. SOTTO_E_NOT_FOUND past the last. */
SOTTO_API SOTTO_MUST_CHECK int
sotto_consent_receipt_next(struct sotto *engine, sotto_session session, uint64_t *cursor,
                           uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES]);

/* ---- Rights ------------------------------------------------------------------------------ */

enum sotto_block_kind {
    SOTTO_BLOCK_ITEM = 1,
    SOTTO_BLOCK_GROUP = 2,   /* an item group or a tag */
    SOTTO_BLOCK_PROVIDER = 3 /* who sells or makes it */
};
/* The longest name that can be blocked, in bytes, and what all of a person's blocks take together:
 * each its name and 7 more. */
#define SOTTO_BLOCK_NAME_MAX 200
#define SOTTO_BLOCKS_BYTES   2000

/* Never show this item, group or provider to this person again; of a name that the catalogue does
 * not know, should it come. SOTTO_E_LIMIT past SOTTO_BLOCKS_BYTES. Blocking twice is blocking. */
SOTTO_API SOTTO_MUST_CHECK int sotto_block(struct sotto *engine, sotto_session session,
                                           enum sotto_block_kind kind, const char *name);
/* Takes it back. SOTTO_E_NOT_FOUND when it was not blocked. */
SOTTO_API SOTTO_MUST_CHECK int sotto_unblock(struct sotto *engine, sotto_session session,
                                             enum sotto_block_kind kind, const char *name);

/* Corrects an interest. `like` 1: the person says so themselves, counts as an event
 * SOTTO_EVENT_LIKE; SOTTO_E_CONSENT where nothing may be kept of them: after a no to being
 * personalised, while that rests, of a child, against a signal or the policy. 0: not an interest,
 * everything that was done with the item is forgotten. -1: the same, and the item is blocked. */
SOTTO_API SOTTO_MUST_CHECK int sotto_interest(struct sotto *engine, sotto_session session,
                                              const char *item, int like);

/* Forgets what was done with an item at `time_s` (as sotto_export tells it; 0: ever), in memory and
 * in storage, whose records are written anew without it. The next slate does not know of it; slates
 * made before are disarmed. *forgotten (may be NULL) tells how many events there were. */
SOTTO_API SOTTO_MUST_CHECK int sotto_forget(struct sotto *engine, sotto_session session,
                                            const char *item, int64_t time_s, uint32_t *forgotten);

/* All interests go, with a receipt of erasure where something was stored; words, receipts and
 * blocks stay. */
SOTTO_API SOTTO_MUST_CHECK int sotto_reset(struct sotto *engine, sotto_session session,
                                           struct sotto_erase_receipt *receipt);

enum sotto_fact_kind {
    SOTTO_FACT_PROFILE = 1,  /* text: the name, NULL for an anonymous session; code 1: stored */
    SOTTO_FACT_CONSENT = 2,  /* code: purpose; state: the word; value: what it means now (both enum
                                sotto_consent); number: notice version; time; more: channel */
    SOTTO_FACT_RECEIPT = 3,  /* bytes: a signed receipt of consent */
    SOTTO_FACT_EVENT = 4,    /* text: item id, NULL if this catalogue has it not; number: its key;
                                code: enum sotto_event_type; time */
    SOTTO_FACT_INTEREST = 5, /* inferred. text: item; number: its key; value: weight in a score */
    SOTTO_FACT_TASTE = 6,    /* inferred. text: item group; value: sum of those weights */
    SOTTO_FACT_BLOCK = 7,    /* code: enum sotto_block_kind; text: name; time */
    SOTTO_FACT_SHOWN = 8,    /* bytes: what was shown and how often, as the vault has it */
    SOTTO_FACT_NOTICE = 9,   /* number: notice version; time: when it was shown; value: when the
                                profile was used last */
    SOTTO_FACT_TICKET = 10,  /* number: ticket; code: enum sotto_ticket_kind; state: enum
                                sotto_ticket_state; value: reason; more: outcome; time */
    SOTTO_FACT_ANSWER = 11,  /* number: metric; bytes: what a household answers, a record */
    SOTTO_FACT_REPORT = 12   /* number: metric * 2^32 + window; bytes: a report that left or will */
};

/* One thing that is known of a person. Pointers are valid during the call only. */
struct sotto_fact {
    enum sotto_fact_kind kind;
    uint32_t code, state, more;
    uint32_t is_stored; /* 1: in the vault, 0: in memory only */
    uint64_t number;
    int64_t value, time_s; /* seconds since 1970 */
    const char *text;
    const uint8_t *bytes;
    size_t n;
};

/* Hands everything that is known of this session's person to `put`, one fact after the other, what
 * is stored and what is in memory, what was said and what is inferred, and every report that was
 * made on this device. A number other than 0 from `put` ends it with SOTTO_E_IO. `put` must not
 * call the engine. SOTTO_E_CORRUPT when a record cannot be read: what can was handed out. */
SOTTO_API SOTTO_MUST_CHECK int sotto_export(struct sotto *engine, sotto_session session,
                                            int (*put)(void *ctx, const struct sotto_fact *fact),
                                            void *ctx);

/* ---- A person to talk to ----------------------------------------------------------------- */

enum sotto_ticket_kind {
    SOTTO_TICKET_HANDOFF = 1, /* somebody is to come */
    SOTTO_TICKET_CONTEST = 2  /* a decision is to be looked at by a person */
};

enum sotto_ticket_state {
    SOTTO_TICKET_REQUESTED = 1,
    SOTTO_TICKET_ACCEPTED = 2, /* somebody has taken it */
    SOTTO_TICKET_RESOLVED = 3,
    SOTTO_TICKET_TIMED_OUT = 4 /* nobody came: show sotto_ticket.otherwise */
};

enum sotto_outcome {
    SOTTO_OUTCOME_NONE = 0,
    SOTTO_OUTCOME_HELPED = 1,
    SOTTO_OUTCOME_UPHELD = 2,    /* the decision stays */
    SOTTO_OUTCOME_OVERRIDDEN = 3 /* a person decided otherwise */
};

#define SOTTO_TICKETS_MAX 8 /* at once */

struct sotto_ticket {
    size_t size;
    uint64_t number;
    enum sotto_ticket_kind kind;
    enum sotto_ticket_state state;
    enum sotto_outcome outcome;
    uint32_t reason;       /* the caller's code */
    uint64_t decision;     /* what it is about; 0: nothing in particular */
    int64_t time_s;        /* when it was made, seconds since 1970 */
    const char *otherwise; /* what to do if no one comes, from the policy; owned by the engine */
};

/* Calls a person through the port's handoff hook; without one, or when it fails, the ticket has
 * timed out at once. Nothing of the profile goes along. `decision`: what it is about, or 0.
 * SOTTO_E_LIMIT when SOTTO_TICKETS_MAX are open. */
SOTTO_API SOTTO_MUST_CHECK int sotto_handoff_request(struct sotto *engine, sotto_session session,
                                                     uint32_t reason, uint64_t decision,
                                                     uint64_t *ticket);
/* The same to contest a decision: kept with the profile if that is stored. It does not time out. */
SOTTO_API SOTTO_MUST_CHECK int sotto_contest(struct sotto *engine, sotto_session session,
                                             uint32_t reason, uint64_t decision, uint64_t *ticket);
/* Staff has taken it (`state` ACCEPTED; one who comes late is welcome too) or is done with it
 * (RESOLVED, with an outcome). SOTTO_E_STATE where that cannot follow, SOTTO_E_NOT_FOUND when there
 * is no such open ticket. */
SOTTO_API SOTTO_MUST_CHECK int sotto_ticket_move(struct sotto *engine, uint64_t ticket,
                                                 enum sotto_ticket_state state,
                                                 enum sotto_outcome outcome);
/* Fills *ticket, whose size is set. */
SOTTO_API SOTTO_MUST_CHECK int sotto_ticket_look(struct sotto *engine, uint64_t number,
                                                 struct sotto_ticket *ticket);

/* The number of the next ticket that is kept with a profile, whatever became of it: after a restart
 * staff finds those that are still open. *cursor is 0 for the first. SOTTO_E_NOT_FOUND past the
 * last. */
SOTTO_API SOTTO_MUST_CHECK int sotto_ticket_next(struct sotto *engine, uint64_t *cursor,
                                                 uint64_t *number);

/* Staff decides otherwise for this person: the item is not shown to them again, or with NULL
 * nothing is personalised in this session any more. `reason` is staff's code, not 0; the audit log
 * keeps it. */
SOTTO_API SOTTO_MUST_CHECK int sotto_override(struct sotto *engine, sotto_session session,
                                              const char *item, uint32_t reason);

/* ---- The switch -------------------------------------------------------------------------- */

#define SOTTO_OFF_LOCAL  1u
#define SOTTO_OFF_REMOTE 2u

/* Turns personalisation off on this device (`off` 1), or lets it be on again. Counts at once and is
 * kept in the vault. What the remote switch says is not changed. */
SOTTO_API SOTTO_MUST_CHECK int sotto_switch_set(struct sotto *engine, int off);
/* Reads a remote switch: a file of SOTTO_SWITCH_BYTES bytes (src/FORMAT.md, section 7) and its
 * minisign signature by the policy key beside it. Its number must be higher than that of any read
 * before, else SOTTO_E_ROLLBACK (the very same one again is fine). Until then nothing changes.
 * SOTTO_E_STATE without a policy key. */
SOTTO_API SOTTO_MUST_CHECK int sotto_switch_remote(struct sotto *engine, const char *path);
#define SOTTO_SWITCH_BYTES 40

#ifdef __cplusplus
}
#endif
#endif
