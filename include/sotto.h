/* sotto.h: personalise a screen without telling anyone.
 *
 * The life of a slate:
 *
 *     sotto_open ──► sotto_session_begin ──► sotto_record … ──► sotto_slate_request
 *                                                                  │ sealed
 *                            sotto_slate_open ◄── sotto_slate_present (the banner is shown)
 *                              │ items
 *                            sotto_explain, sotto_record, sotto_session_end, sotto_tick
 *
 * The engine is not thread-safe: use one engine from one thread at a time. It starts no thread,
 * opens no socket, reads no environment and prints nothing. After sotto_open the calls between
 * sotto_session_begin and sotto_slate_open allocate no memory.
 *
 * Every function returns SOTTO_OK (0), a positive status that is no failure, or a negative
 * enum sotto_status; a failed call changes nothing. sotto_last_error tells a person what to do.
 * Structures that begin with `size` must have it set to their sizeof before the call; zero in any
 * other field means the default. Text is UTF-8 and ends with a NUL.
 *
 * Copyright 2026 the Sotto authors. Apache-2.0. */
#ifndef SOTTO_H
#define SOTTO_H

#include <stddef.h>
#include <stdint.h>

#include "sotto_port.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SOTTO_VERSION_MAJOR 0
#define SOTTO_VERSION_MINOR 1
#define SOTTO_VERSION_PATCH 0
/* The engine's version as one number, compared with a pack's minimum: major·10^6 + minor·10^3 +
 * patch. */
#define SOTTO_VERSION_NUMBER 1000u

#if defined(__GNUC__) && __GNUC__ >= 4
#define SOTTO_API        __attribute__((visibility("default")))
#define SOTTO_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SOTTO_API
#define SOTTO_MUST_CHECK
#endif

/* ---- Errors ------------------------------------------------------------------------------ */

enum sotto_status {
    SOTTO_PENDING = 1, /* not an error: the banner is on its way, call sotto_slate_confirm */
    SOTTO_OK = 0,
    SOTTO_E_ARGUMENT = -1,   /* a parameter is missing or out of its documented range */
    SOTTO_E_STATE = -2,      /* not now: unknown, closed or spent handle; window still open */
    SOTTO_E_MEMORY = -3,     /* the memory given or available does not suffice */
    SOTTO_E_IO = -4,         /* a file could not be read or storage failed */
    SOTTO_E_FULL = -5,       /* storage is full or read-only */
    SOTTO_E_CORRUPT = -6,    /* stored data failed authentication: damaged or tampered with */
    SOTTO_E_SIGNATURE = -7,  /* a pack or report is not signed by the expected key */
    SOTTO_E_FORMAT = -8,     /* a signed file is malformed */
    SOTTO_E_ROLLBACK = -9,   /* a pack is older than one already installed */
    SOTTO_E_EXPIRED = -10,   /* a pack is past its not-after date */
    SOTTO_E_MISMATCH = -11,  /* a pack is for another role, device class or engine */
    SOTTO_E_CONSENT = -12,   /* the person has not agreed to this */
    SOTTO_E_SPENT = -13,     /* the privacy budget does not cover it */
    SOTTO_E_NOT_FOUND = -14, /* no such item, profile, metric or report */
    SOTTO_E_ENTROPY = -15,   /* the random source failed */
    SOTTO_E_KEY = -16,       /* the key store failed or holds no usable key */
    SOTTO_E_BUSY = -17,      /* another process owns the vault */
    SOTTO_E_LIMIT = -18,     /* a documented limit is reached */
    SOTTO_E_NEWER = -19      /* the vault was written by a newer engine */
};

/* The longest message, with its NUL. */
#define SOTTO_MESSAGE_BYTES 256

/* A failure for people: a code, and a sentence that names the file or field and the remedy. Never
 * holds secrets or profile content. */
struct sotto_error {
    int status;
    char message[SOTTO_MESSAGE_BYTES];
};

/* A fixed English phrase for a status; never NULL. */
SOTTO_API const char *sotto_strerror(int status);

/* The engine's version, "major.minor.patch". */
SOTTO_API const char *sotto_version(void);

/* ---- Opening and closing ----------------------------------------------------------------- */

struct sotto; /* the engine */

/* Limits that size the engine. */
#define SOTTO_SESSIONS_MAX          4
#define SOTTO_SLATES_MAX            8
#define SOTTO_SLATE_ITEMS_MAX       64
#define SOTTO_DECISIONS_KEPT        8 /* beside the slates that are alive */
#define SOTTO_HISTORY_MAX           1024
#define SOTTO_PROFILES_MAX          64
#define SOTTO_PROFILE_NAME_MAX      63 /* bytes, without the NUL */
#define SOTTO_ITEM_ID_MAX           63 /* bytes, without the NUL */
#define SOTTO_PROFILE_BYTES_DEFAULT (4u << 20)

/* The profile that answers for the household on a device whose policy has household metrics (a
 * set-top box): run the sessions that are everybody's in the house under this name. Other profiles
 * and anonymous sessions are never part of such an answer. */
#define SOTTO_PROFILE_HOUSEHOLD "household"

/* What slates are used for. They order what a screen shows; every policy refuses the others. */
enum sotto_use {
    SOTTO_USE_SCREEN = 0,
    SOTTO_USE_CREDIT = 1,
    SOTTO_USE_PRICE = 2,
    SOTTO_USE_EMPLOYMENT = 3,
    SOTTO_USE_INSURANCE = 4,
    SOTTO_USE_ACCESS = 5, /* to goods, places or services */
    SOTTO_USE_LAST = SOTTO_USE_ACCESS
};

struct sotto_config {
    size_t size;
    const struct sotto_port *port; /* required; must outlive the engine */
    /* Path of the model pack; its signature is beside it, `.minisig` appended. Required. */
    const char *model_pack;
    /* Public key of merchandising in minisign's form (56 base64 characters). Required. */
    const char *model_key;
    /* Path and public key of the policy pack. NULL, or a pack that is not valid: the compiled-in
     * `strict` policy rules, which never personalises; sotto_health says why. */
    const char *policy_pack;
    const char *policy_key;
    /* The class this device was given ("kiosk", "stb"); a pack that names another is refused. */
    const char *device_class;
    /* Preferred locale of the banner, BCP 47; NULL means the policy's first. */
    const char *locale;
    /* Memory for the engine; NULL lets it allocate one block. sotto_memory_needed tells how much.
     */
    void *memory;
    size_t memory_bytes;
    /* The most bytes of storage that all profiles together may take; 0 means
     * SOTTO_PROFILE_BYTES_DEFAULT. Past it, and past 64 KiB of its own, a profile's oldest events
     * make room for its newer ones. What people agreed to, the ledger, reports and the audit log
     * are always kept. */
    uint64_t profile_bytes_max;
    /* What the slates are used for; anything but SOTTO_USE_SCREEN is refused. */
    enum sotto_use use;
};

/* Computes into *bytes the size of the block that sotto_config.memory must hold for this model.
 * More comes apart from it: locked memory for keys, histories and scores (sotto_health.memory_bytes
 * tells block and locked memory together), SQLite's own heap, capped at 1 MiB, and the mapped
 * packs. Verifies the model pack on the way, so it fails as sotto_open would. `err` may be NULL. */
SOTTO_API SOTTO_MUST_CHECK int sotto_memory_needed(const struct sotto_config *config, size_t *bytes,
                                                   struct sotto_error *err);

/* Opens an engine: verifies the packs, opens or makes the vault, finishes what a power cut left
 * undone. On failure *engine is NULL and `err` (may be NULL) says why. If only the vault's storage
 * fails (full, read-only, damaged, gone), or the model pack is past its not-after date, the engine
 * opens all the same and serves non-personalised slates; sotto_health says so. SOTTO_E_MEMORY when
 * the system does not let the process lock its secrets in memory: `err` tells what RLIMIT_MEMLOCK
 * must allow (see sotto_port.allow_unlocked). Close with sotto_close. */
SOTTO_API SOTTO_MUST_CHECK int sotto_open(const struct sotto_config *config, struct sotto **engine,
                                          struct sotto_error *err);

/* Ends every session (sealing what consent allows), wipes secrets, closes. NULL is allowed. An
 * engine belongs to the process that opened it: in a child made by fork every call fails with
 * SOTTO_E_STATE and this one does nothing (Linux 4.14 and newer; before, do not try). */
SOTTO_API void sotto_close(struct sotto *engine);

/* The message of the last call that failed on this engine; "" if none did. Valid until the next
 * call. */
SOTTO_API const char *sotto_last_error(const struct sotto *engine);

/* ---- Sessions and consent ---------------------------------------------------------------- */

/* Handles. 0 is never valid; a closed handle is refused, never reused. */
typedef uint64_t sotto_session;
typedef uint64_t sotto_slate;

/* Begins a visit. `profile` NULL: an anonymous session that lives in RAM and leaves nothing behind.
 * Otherwise the name of a profile (1 to SOTTO_PROFILE_NAME_MAX bytes): if the vault holds it, its
 * history and consent are loaded; if not, the session starts empty and nothing is stored before
 * consent to store. While storage fails it starts empty too and is loaded when storage comes back.
 * Every session, named or not, ends with sotto_session_end or once no call was made for it during
 * the policy's idle time; a call that comes later finds it ended (SOTTO_E_STATE).
 * SOTTO_E_LIMIT when SOTTO_SESSIONS_MAX sessions are open; SOTTO_E_STATE when that profile already
 * is in a session. */
SOTTO_API SOTTO_MUST_CHECK int sotto_session_begin(struct sotto *engine, const char *profile,
                                                   sotto_session *session);

/* Ends a visit: stores what consent allows, counts the visit if it may be measured, wipes the rest.
 * If storing fails the session has still ended, and the status tells what was lost, or may have
 * been where the profile could not be looked up. An erasure or a no that storage has not taken yet
 * is not lost with the session: sotto_tick tries again. */
SOTTO_API int sotto_session_end(struct sotto *engine, sotto_session session);

/* What consent is asked for, each by itself. */
enum sotto_purpose {
    SOTTO_PURPOSE_STORE = 1,       /* keep a profile on this device between visits */
    SOTTO_PURPOSE_PERSONALISE = 2, /* let this visit's and the profile's history order a slate */
    SOTTO_PURPOSE_MEASURE = 3,     /* count this visit in noised aggregates that leave the device */
    SOTTO_PURPOSE_PAID = 4,        /* let history choose among paid items too */
    SOTTO_PURPOSE_SENSITIVE = 5,   /* use items of sensitive kinds */
    SOTTO_PURPOSE_LAST = SOTTO_PURPOSE_SENSITIVE
};

enum sotto_consent {
    SOTTO_CONSENT_UNKNOWN = 0, /* never asked, unreadable: means no */
    SOTTO_CONSENT_GRANTED = 1,
    SOTTO_CONSENT_DENIED = 2,
    SOTTO_CONSENT_WITHDRAWN = 3, /* was granted, then taken back */
    SOTTO_CONSENT_EXPIRED = 4,   /* was granted longer ago than the policy's term (read only) */
    SOTTO_CONSENT_OBJECTED = 5,  /* the person objected, or a signal did for them */
    SOTTO_CONSENT_PAUSED = 6     /* granted, and rests: kept, not used */
};

/* Records the person's word on one purpose, said on the screen; `state` is GRANTED, DENIED,
 * WITHDRAWN, OBJECTED or PAUSED (sotto_people.h has the other channels, and the receipts). In an
 * anonymous session it holds for the session. Granting STORE to a named session creates its profile
 * and stores what the session holds; taking it back erases the profile and its key. A no to
 * PERSONALISE disarms every slate of the session and destroys the events behind them, in memory and
 * in storage; a no to MEASURE what was kept to be counted.
 * A no counts at once, whatever the status. SOTTO_E_IO says that a no could not be stored because
 * storage fails: it will be as soon as storage works again, unless the device restarts before.
 * SOTTO_E_CONSENT when the policy never allows the purpose (nothing is recorded), or STORE in an
 * anonymous session. */
SOTTO_API SOTTO_MUST_CHECK int sotto_consent_set(struct sotto *engine, sotto_session session,
                                                 enum sotto_purpose purpose,
                                                 enum sotto_consent state);

/* Reads into *state what is recorded; only SOTTO_CONSENT_GRANTED ever means yes. In a session that
 * was paused, SOTTO_CONSENT_PAUSED wherever there is no no. */
SOTTO_API SOTTO_MUST_CHECK int sotto_consent_get(struct sotto *engine, sotto_session session,
                                                 enum sotto_purpose purpose,
                                                 enum sotto_consent *state);

/* ---- Events ------------------------------------------------------------------------------ */

enum sotto_event_type {
    SOTTO_EVENT_VIEW = 1,     /* looked at an item's page */
    SOTTO_EVENT_SELECT = 2,   /* put into the basket, started to watch */
    SOTTO_EVENT_PURCHASE = 3, /* bought, watched to the end */
    SOTTO_EVENT_LIKE = 4 /* the person said so: sotto_interest alone records it; weighs as much as a
                            purchase */
};

struct sotto_event {
    size_t size;
    const char *item; /* item id as in the catalogue */
    enum sotto_event_type type;
};

/* Records that the person did something, now. Kept in locked RAM; reaches the vault, encrypted,
 * only under consent to store. Beyond SOTTO_HISTORY_MAX events the oldest are forgotten.
 * SOTTO_E_NOT_FOUND when the catalogue has no such item. */
SOTTO_API SOTTO_MUST_CHECK int sotto_record(struct sotto *engine, sotto_session session,
                                            const struct sotto_event *event);

/* Stores now what every session has recorded under consent to store, which sotto_tick does within
 * seconds: afterwards it is there, whatever happens to the power. A commit for each session that
 * has something new; a daemon calls it once for many events. The first failure is returned; what
 * could not be stored stays in memory for the next time. SOTTO_E_STATE without working storage,
 * SOTTO_E_LIMIT when profiles take as much as they may. */
SOTTO_API SOTTO_MUST_CHECK int sotto_flush(struct sotto *engine);

/* Tells the engine whether an item can be had now (`in_stock` 0 or 1). All are until told
 * otherwise; forgotten at close. SOTTO_E_NOT_FOUND when the catalogue has no such item. */
SOTTO_API SOTTO_MUST_CHECK int sotto_stock_set(struct sotto *engine, const char *item,
                                               int in_stock);

/* ---- Slates ------------------------------------------------------------------------------ */

struct sotto_slate_request {
    size_t size;
    uint32_t count;   /* how many items, 1 to SOTTO_SLATE_ITEMS_MAX; 0 means 20 */
    uint32_t repeats; /* 1: items of the history may be shown again, and count for themselves */
    uint32_t general; /* 1: the person asked for a slate not based on profiling */
};

/* Makes a slate and seals it: nothing about its items can be read before sotto_slate_open. Without
 * consent to personalise (or under a policy that never does) it is a general slate, made without
 * looking at any history. Slates live until sotto_slate_close, the end of their session or the
 * policy's time limit. SOTTO_E_LIMIT when SOTTO_SLATES_MAX slates are alive. */
SOTTO_API SOTTO_MUST_CHECK int sotto_slate_request(struct sotto *engine, sotto_session session,
                                                   const struct sotto_slate_request *request,
                                                   sotto_slate *slate);

/* Shows the disclosure that the slate needs, through the port's banner_show. A session that has
 * already seen the current notice, and a general slate, need none: SOTTO_OK at once. SOTTO_PENDING
 * when the hook shows it without waiting; sotto_slate_confirm then finishes. Any failure of the
 * hook returns SOTTO_E_STATE and leaves the slate to open as general. */
SOTTO_API SOTTO_MUST_CHECK int sotto_slate_present(struct sotto *engine, sotto_slate slate);

/* Delivers the receipt of a banner that was pending. SOTTO_E_STATE when it proves no disclosure
 * (wrong hash, no channel, too short, not acknowledged, times that cannot be): the slate will open
 * as general. A receipt that says the person declined is heard however late it comes, also when the
 * slate has timed out, was opened or closed: it denies consent to personalise. */
SOTTO_API SOTTO_MUST_CHECK int sotto_slate_confirm(struct sotto *engine, sotto_slate slate,
                                                   const struct sotto_banner_receipt *receipt);

/* Why an opened slate is general; SOTTO_WHY_PERSONALISED when it is not. */
enum sotto_why {
    SOTTO_WHY_PERSONALISED = 0,
    SOTTO_WHY_ASKED = 1,         /* the caller asked for a general slate */
    SOTTO_WHY_POLICY = 2,        /* the policy never personalises (strict, or no valid policy) */
    SOTTO_WHY_NO_CONSENT = 3,    /* consent is not granted, expired or was withdrawn */
    SOTTO_WHY_NOT_DISCLOSED = 4, /* no valid banner receipt */
    SOTTO_WHY_DECLINED = 5,      /* the person declined on the banner */
    SOTTO_WHY_EXPIRED = 6,       /* the sealed slate was too old */
    SOTTO_WHY_NO_HISTORY = 7,    /* there is nothing to personalise on yet */
    SOTTO_WHY_STORAGE = 8,       /* storage failed or was refused; nobody's word can be trusted */
    SOTTO_WHY_MODEL = 9,         /* the model pack expired or is older than one in use before */
    SOTTO_WHY_CHILD = 10,        /* a child is in front of the screen, or may be */
    SOTTO_WHY_OFF = 11,          /* personalisation is switched off */
    SOTTO_WHY_STAFF = 12         /* staff decided so for this session */
};

/* A fixed English sentence for a `why`; never NULL. */
SOTTO_API const char *sotto_why_text(enum sotto_why why);

/* What a screen must say of an item, wherever it shows it. */
enum sotto_item_flag {
    SOTTO_ITEM_PAID = 1,      /* somebody pays for its place: show `payer` */
    SOTTO_ITEM_SYNTHETIC = 2, /* made by software */
    SOTTO_ITEM_STAFF = 4,     /* picked by people who work here */
    SOTTO_ITEM_ADULT = 8      /* for adults only */
};

struct sotto_item {
    const char *id;       /* owned by the engine, valid until sotto_close */
    const char *title;    /* likewise; "" when the catalogue has none */
    int32_t score;        /* sum of the reasons sotto_explain gives; model units */
    uint32_t rank;        /* 0 is the first */
    const char *provider; /* who offers it; "" when the catalogue does not say */
    const char *payer;    /* who pays for its place: never "" of a paid item, "" of all others */
    uint32_t flags;       /* enum sotto_item_flag */
    uint32_t rating;      /* least age in years; 0: for everyone */
};

struct sotto_slate_view {
    size_t size;
    /* The distance in bytes between two items of the array given: its elements are of that size.
     * 0: that of the struct above, in this and every later version. Set it to
     * sizeof(struct sotto_item) and items may gain fields; an engine fills those that fit. */
    size_t item_size;
    uint32_t personalised; /* 1: chosen for this person; 0: the same for everyone of that age */
    enum sotto_why why;
    uint32_t count;    /* items written */
    uint64_t decision; /* its number, never 0 and at most 2^53, for sotto_decision_replay and for
                          people who contest it: made of time and a counter, so that no two of a
                          device are likely to be the same */
};

/* Opens a slate and writes at most `cap` items. Never fails for want of consent or disclosure: then
 * the items are the general slate and view->personalised is 0, view->why the reason. A slate opens
 * once; what it was opened as never changes. */
SOTTO_API SOTTO_MUST_CHECK int sotto_slate_open(struct sotto *engine, sotto_slate slate,
                                                struct sotto_slate_view *view,
                                                struct sotto_item *items, size_t cap);

/* Ends a slate: its handle is worth nothing any more, and one that was not opened is wiped. What an
 * opened one was made of stays for sotto_decision_replay. 0 and closed handles are allowed. */
SOTTO_API void sotto_slate_close(struct sotto *engine, sotto_slate slate);

/* ---- Reasons ----------------------------------------------------------------------------- */

/* Where a reason comes from. A screen should have words for all of them. Nothing is ever put into a
 * slate to learn from it, so there is no reason of that kind. */
enum sotto_reason_kind {
    SOTTO_REASON_POPULAR = 1,  /* popular with everyone; in every score */
    SOTTO_REASON_ACTIVITY = 2, /* because of what the person did with `item` */
    SOTTO_REASON_REPEAT = 3,   /* the person did something with this very item before */
    SOTTO_REASON_KIND = 4,     /* this item is new; it is of a kind that goes with `item` */
    SOTTO_REASON_STAFF = 5,    /* people who work here picked it; never part of a score */
    SOTTO_REASON_SPONSOR = 6,  /* `title` pays for its place; never part of a score */
    SOTTO_REASON_TOLD = 7      /* the person said that they like `item` */
};

struct sotto_reason {
    enum sotto_reason_kind kind;
    const char *item;           /* the item that led here; NULL of POPULAR, STAFF and SPONSOR */
    const char *title;          /* its title; of SPONSOR who pays; else NULL */
    int32_t contribution;       /* exact share of the score, model units, may be negative or 0 */
    uint32_t events;            /* how many events with `item` are summed here, else 0 */
    enum sotto_event_type type; /* the most recent of them, else 0 */
};

/* What a person can do about it. */
enum sotto_action {
    SOTTO_ACTION_LESS = 1,   /* less like this: block the item, its provider or a tag */
    SOTTO_ACTION_FORGET = 2, /* forget what was done with explanation->without */
    SOTTO_ACTION_OFF = 4     /* take back consent to personalise */
};

/* What moves an item in a slate, without touching its score. */
enum sotto_moved {
    SOTTO_MOVED_CAPS = 1, /* what had a better score was shown often enough */
    SOTTO_MOVED_STAFF = 2 /* the share of staff picks */
};

/* No place: not in the slate. */
#define SOTTO_RANK_NONE UINT32_MAX
/* What a catalogue's hash takes, in bytes. */
#define SOTTO_CATALOGUE_BYTES 16

struct sotto_explanation {
    size_t size;
    int32_t score;           /* equals the sum of all contributions, exactly */
    uint32_t personalised;   /* as in the slate view */
    uint32_t count;          /* reasons that exist */
    uint64_t model_version;  /* of the pack that made the score */
    uint64_t policy_version; /* that ruled then; 0: the compiled-in strict policy */
    /* First 16 bytes of BLAKE2b-256 over the hashes of the sections that describe the items. */
    uint8_t catalogue[SOTTO_CATALOGUE_BYTES];
    uint64_t decision;
    uint32_t flags;      /* of the item: enum sotto_item_flag */
    const char *payer;   /* as in struct sotto_item */
    uint32_t actions;    /* enum sotto_action: what makes sense here */
    uint32_t data_days;  /* age in days of the oldest event that counted; 0 of a general slate */
    uint32_t model_days; /* and of the model, since its pack was built; 0 when it does not say */
    /* Rank before and after: `rank_scored` is its place by scores alone among all items that may
     * be shown to this person, `rank` the one it has. They differ when caps or the share of staff
     * picks moved items; a score never moves. */
    uint32_t rank_scored, rank, moved_by; /* moved_by: enum sotto_moved */
    /* What counted most for this item, and what would be if that had never happened: the item (NULL
     * when nothing the person did counted for it), its place by scores alone in that case, and the
     * rank in the slate that would then have been made (SOTTO_RANK_NONE: it would not be here). */
    const char *without, *without_title;
    uint32_t rank_without, slate_rank_without;
};

/* Explains the item at `rank` of an opened slate. Writes at most `cap` reasons, the strongest (by
 * absolute contribution) first, then those that are no part of the score; explanation->count tells
 * how many there are, never more than SOTTO_HISTORY_MAX + 4. SOTTO_E_STATE before the slate was
 * opened (a reason would tell the item) and after the history behind it was erased. */
SOTTO_API SOTTO_MUST_CHECK int sotto_explain(struct sotto *engine, sotto_slate slate, uint32_t rank,
                                             struct sotto_explanation *explanation,
                                             struct sotto_reason *reasons, size_t cap);

/* Makes a slate again from what it was made of: the same items, scores and ranks, byte for byte, as
 * sotto_slate_open wrote with the same `cap`. Works after the slate was closed, for the latest
 * SOTTO_DECISIONS_KEPT or more of them, until their session ends. SOTTO_E_NOT_FOUND for a decision
 * that is not kept (any more); SOTTO_E_STATE once the history behind it was erased. */
SOTTO_API SOTTO_MUST_CHECK int sotto_decision_replay(struct sotto *engine, uint64_t decision,
                                                     struct sotto_slate_view *view,
                                                     struct sotto_item *items, size_t cap);

/* ---- The system as a whole ---------------------------------------------------------------- */

#define SOTTO_PARAMETERS_MAX 4

/* One of the main parameters that decide an order. */
struct sotto_parameter {
    enum sotto_reason_kind kind;
    const char *label; /* a fixed English phrase */
    uint32_t permille; /* its weight; all of them add up to 1000 */
};

/* How slates are made here, whoever looks: the main parameters and their weight (Regulation (EU)
 * 2022/2065, Art. 27). */
struct sotto_description {
    size_t size;
    uint32_t count; /* parameters */
    /* What an average item gets from being popular, against what one purchase just now adds to an
     * item that goes with it (ACTIVITY; to a new one: KIND) or to itself (REPEAT): means of
     * magnitudes over the whole catalogue. */
    struct sotto_parameter parameters[SOTTO_PARAMETERS_MAX];
    uint32_t event_permille[4]; /* what one event counts, by enum sotto_event_type; [0] unused */
    /* After so many other items, or days, an event counts half or less; UINT32_MAX: never. */
    uint32_t half_places, half_days, repeat_half_days;
    uint32_t staff_percent;         /* least share of staff picks */
    uint32_t paid;                  /* 1: paid items may be shown, labelled */
    uint32_t seen_hide_s;           /* what was passed over is not shown for so long */
    uint32_t item_day, sponsor_day; /* times a day one item, and items of one payer; 0: no cap */
    uint32_t must_explain;          /* 1: reasons are to be shown with every slate, unasked */
    uint64_t model_version, policy_version;
    uint8_t catalogue[SOTTO_CATALOGUE_BYTES];
};

/* Fills *description. Reads the whole model: not for every screen. */
SOTTO_API SOTTO_MUST_CHECK int sotto_describe(struct sotto *engine,
                                              struct sotto_description *description);

/* ---- Erasure ----------------------------------------------------------------------------- */

struct sotto_erase_receipt {
    size_t size;
    uint32_t profiles;  /* how many stored profiles were destroyed */
    uint32_t records;   /* how many encrypted records of theirs were deleted */
    uint32_t assurance; /* enum sotto_assurance; 0 when nothing was stored */
    uint64_t epoch;     /* key epoch after the erasure */
    uint64_t number;    /* of the signed receipt (sotto_receipt.h); 0 when there is none */
};

/* Destroys a profile's key and records, or with `profile` NULL those of every profile; open
 * sessions of it lose their history and consent at once, and open slates their reasons. Works
 * whatever was consented to; erasing what does not exist succeeds and says 0. A power cut in the
 * middle is finished by the next open. The privacy ledger is kept: what was revealed stays
 * accounted for. The signed receipt comes from sotto_receipt_next (sotto_receipt.h), also of an
 * erasure that a power cut interrupted. */
SOTTO_API SOTTO_MUST_CHECK int sotto_erase(struct sotto *engine, const char *profile,
                                           struct sotto_erase_receipt *receipt);

/* Destroys what one purpose alone needed of a profile (NULL: of every one): to personalise, its
 * events; to measure, what was kept to answer for it. PURPOSE_STORE is sotto_erase. The rest stays,
 * sealed under a new key, and so does what the person agreed to: a no, by sotto_consent_set,
 * destroys the same and stays a no. As certain, and finished in the same way, as sotto_erase; if
 * storage fails, an open session of the profile tries again, else repeat it. */
SOTTO_API SOTTO_MUST_CHECK int sotto_erase_purpose(struct sotto *engine, const char *profile,
                                                   enum sotto_purpose purpose,
                                                   struct sotto_erase_receipt *receipt);

/* ---- Keys -------------------------------------------------------------------------------- */

struct sotto_rotation {
    size_t size;
    uint64_t epoch;     /* key epoch from now on */
    uint32_t assurance; /* enum sotto_assurance: how the old key was destroyed */
};

/* Renews the vault's keys without erasing anybody: a fresh secret into the free key slot, every
 * data key wrapped anew, the old slot destroyed. Copies of the vault made before then open no more,
 * unless somebody kept a copy of the old slot too; where the key store has a counter the device
 * refuses even those. Records keep their data keys: whoever has read one out of memory still has
 * it. Leaves a line in the audit log.
 * Once begun it happens: SOTTO_E_KEY, SOTTO_E_IO and SOTTO_E_FULL may say that it is not finished
 * yet; sotto_tick or the next open finish it, also after a power cut. SOTTO_E_STATE when nothing is
 * stored or storage has failed, SOTTO_E_NEWER for a vault that a newer engine wrote; then nothing
 * changed. */
SOTTO_API SOTTO_MUST_CHECK int sotto_keys_rotate(struct sotto *engine,
                                                 struct sotto_rotation *rotation);

/* ---- What leaves the device -------------------------------------------------------------- */

/* The longest report, in bytes. */
#define SOTTO_REPORT_MAX 384

/* The device's report-signing public key (Ed25519), to enrol it with the fleet. */
SOTTO_API SOTTO_MUST_CHECK int sotto_device_key(struct sotto *engine, uint8_t key[32]);

struct sotto_metric_info {
    size_t size;
    uint32_t id;             /* as in the policy */
    const char *name;        /* owned by the engine */
    uint32_t cells;          /* histogram length */
    uint32_t max_cells;      /* at most this many cells per visit are counted (sensitivity) */
    uint32_t eps_micro;      /* epsilon of one visit more or less in a window, millionths */
    uint32_t window_s;       /* window length, seconds */
    uint32_t unit;           /* enum sotto_unit: visits are counted, or the household answers */
    uint32_t max_weight;     /* one visit adds at most this much to a cell */
    uint64_t open_window;    /* index of the window now being counted */
    uint64_t spent_micro;    /* charged so far over the device's life, all metrics, millionths */
    uint64_t lifetime_micro; /* the most that may ever be charged */
};

/* Describes metric number `index` (0, 1, …) of the policy. SOTTO_E_NOT_FOUND past the last. */
SOTTO_API SOTTO_MUST_CHECK int sotto_metric(struct sotto *engine, uint32_t index,
                                            struct sotto_metric_info *info);

/* The name of histogram cell `cell` of metric `metric`; NULL when there is none. */
SOTTO_API const char *sotto_metric_cell(struct sotto *engine, uint32_t metric, uint32_t cell);

/* Seals the report of one closed window: adds noise, charges the ledger, stores the final bytes and
 * deletes the raw counts in one transaction; then writes the report (at most SOTTO_REPORT_MAX
 * bytes) into `buf` and its length into *n, if it may leave: a report does at a moment within the
 * window that follows, which the device fixed before there was anything to tell. Before that
 * SOTTO_PENDING, with *n 0: sealed and paid for, ask again later. Asking again returns the stored
 * bytes, the same as long as they are kept (the last 400 windows). SOTTO_E_STATE while the window
 * is open, SOTTO_E_SPENT when the budget does not cover it (then nothing leaves and nothing
 * changes), SOTTO_E_NOT_FOUND where no report was made, SOTTO_E_LIMIT if `cap` is too small. */
SOTTO_API SOTTO_MUST_CHECK int sotto_report_seal(struct sotto *engine, uint32_t metric,
                                                 uint64_t window, uint8_t *buf, size_t cap,
                                                 size_t *n);

/* Copies the next stored report after *cursor (start with 0) into `buf` and moves *cursor to it.
 * SOTTO_E_NOT_FOUND past the last that may leave by now (see sotto_report_seal). */
SOTTO_API SOTTO_MUST_CHECK int sotto_outbox_next(struct sotto *engine, uint64_t *cursor,
                                                 uint8_t *buf, size_t cap, size_t *n);

/* Copies the stored report after *cursor (start with 0) as sotto_outbox_next would, also one that
 * may not leave yet; *release_s says when it may, in seconds since 1970. To show people what
 * leaves; what is sent comes from sotto_outbox_next. SOTTO_E_NOT_FOUND past the last. */
SOTTO_API SOTTO_MUST_CHECK int sotto_report_preview(struct sotto *engine, uint64_t *cursor,
                                                    int64_t *release_s, uint8_t *buf, size_t cap,
                                                    size_t *n);

/* What was revealed so far and may still be. All epsilons in millionths; those of a year count for
 * years of 365 days since 1970. */
struct sotto_budget {
    size_t size;
    uint32_t unit;         /* enum sotto_unit (sotto_report.h); 0: the policy measures nothing */
    uint32_t is_spent;     /* 1: not one more window is covered */
    uint64_t window_micro; /* one window's cost to its unit: visits, all metrics together */
    uint64_t year_micro, year_cap_micro;
    uint64_t lifetime_micro, lifetime_cap_micro;
    /* All of it at once, as if one person had been in every window: the smaller of the sum and what
     * zero-concentrated composition gives at an additional delta of 2^-composed_delta_log2. */
    uint64_t composed_micro;
    uint32_t composed_is_zcdp, composed_delta_log2;
    uint64_t delta_q64;        /* the chance, added up, that an epsilon did not hold, in 2^-64 */
    uint32_t fresh, fresh_cap; /* households: answers this year, and at most */
    uint64_t reports;          /* ever made */
};

/* Fills *budget. SOTTO_E_STATE without a working vault. */
SOTTO_API SOTTO_MUST_CHECK int sotto_budget(struct sotto *engine, struct sotto_budget *budget);

/* Housekeeping, to be called about once a second: stores what waits, ends idle sessions, closes
 * windows and seals their reports, reopens failed storage, and looks after one profile of a person
 * who did not return: erases it when consent to store has run out, lets old events go. Returns the
 * first failure; the rest is done all the same. */
SOTTO_API int sotto_tick(struct sotto *engine);

/* ---- Health ------------------------------------------------------------------------------ */

enum sotto_storage_state {
    SOTTO_STORAGE_NONE = 0, /* the port gave no vault path: RAM only */
    SOTTO_STORAGE_OK = 1,
    SOTTO_STORAGE_FAILED = 2,   /* full, read-only, gone or failing; sotto_tick tries again */
    SOTTO_STORAGE_REFUSED = 3,  /* damaged, foreign, newer or not the latest: kept untouched, not
                                   used; looked at again  once a minute */
    SOTTO_STORAGE_READ_ONLY = 4 /* a newer engine wrote it: read, kept untouched */
};

/* The longest description of a key store, with its NUL. */
#define SOTTO_KEY_TEXT_BYTES 112

struct sotto_health {
    size_t size;
    uint32_t strict;   /* 1: the compiled-in strict policy rules */
    int policy_status; /* why: 0 when the policy pack is in force, else enum sotto_status;
                          SOTTO_E_KEY: it refuses soft keys (sotto_port.key_caps) */
    char policy_message[SOTTO_MESSAGE_BYTES];
    int model_status; /* 0, or why slates are general: SOTTO_E_EXPIRED, SOTTO_E_ROLLBACK */
    char model_message[SOTTO_MESSAGE_BYTES];
    enum sotto_storage_state storage;
    int storage_status; /* enum sotto_status of the last storage failure */
    char storage_message[SOTTO_MESSAGE_BYTES];
    uint64_t model_version, policy_version;
    uint32_t items;                            /* catalogue size */
    uint32_t profiles;                         /* stored profiles */
    uint64_t profile_bytes, profile_bytes_max; /* what they take, and may take, of storage */
    uint64_t banners_asked, banners_shown;
    uint64_t slates_general, slates_personalised;
    uint64_t reports;       /* stored in the outbox */
    int64_t time_floor_s;   /* the engine's notion of now: never goes back, seconds since 1970 */
    int64_t time_late_s;    /* what consent and retention go by: every plausible reading so far */
    int64_t time_claim_s;   /* what the wall clock says and is not believed yet; 0: nothing */
    size_t memory_bytes;    /* of the engine's block and locked arenas */
    uint32_t memory_locked; /* 1: those arenas cannot reach swap; 0: sotto_port.allow_unlocked */
    uint32_t key_caps;      /* SOTTO_KEYS_* as the port declares them */
    char key_text[SOTTO_KEY_TEXT_BYTES]; /* the same in words, for a screen or a command line */
    uint64_t key_epoch;                  /* counts erasures and rotations; 0 without a vault */
    uint32_t idle_s;           /* a session nobody touches for so long is over, as policy says */
    uint32_t slate_lifetime_s; /* a sealed slate older than this opens as general */
};

/* Fills *health. */
SOTTO_API SOTTO_MUST_CHECK int sotto_health(struct sotto *engine, struct sotto_health *health);

#ifdef __cplusplus
}
#endif
#endif
