/* slate: from scores to what a person sees. A slate is made sealed, opens once, and opens as
 * personalised only from the state a valid disclosure leads to. Pure but for hashing: no store,
 * clock or port. Called by the engine. */
#ifndef SOTTO_SLATE_H
#define SOTTO_SLATE_H

#include "crypto/crypto.h"
#include "pack/model.h"
#include "pack/policy.h"
#include "profile/history.h"
#include "score/score.h"

/* ---- States: a table, walked exhaustively by tests/unit/test_slate.c ---------------------- */

enum slate_state {
    SLATE_GENERAL,       /* never was personal; needs no disclosure */
    SLATE_SEALED,        /* personal, nothing shown yet */
    SLATE_ASKED,         /* the banner is on its way */
    SLATE_SHOWN,         /* a valid receipt is there: may open as personal */
    SLATE_REFUSED,       /* will open as general */
    SLATE_EXPIRED,       /* too old: will open as general */
    SLATE_OPEN_GENERAL,  /* spent */
    SLATE_OPEN_PERSONAL, /* spent */
    SLATE_STATES,
    SLATE_NOT_ALLOWED = SLATE_STATES
};

enum slate_event {
    SLATE_ASK,          /* the banner is being shown */
    SLATE_RECEIPT_GOOD, /* it proves the disclosure */
    SLATE_RECEIPT_BAD,  /* it proves nothing; or the hook failed */
    SLATE_DECLINE,      /* the person said no on the banner */
    SLATE_WITHDRAW,     /* consent or the session's disclosure ended */
    SLATE_TIMEOUT,
    SLATE_OPEN,
    SLATE_EVENTS
};

/* The state after `event`, or SLATE_NOT_ALLOWED: then nothing changes. */
enum slate_state slate_next(enum slate_state state, enum slate_event event) MUST_CHECK;

/* ---- A slate ----------------------------------------------------------------------------- */

/* One distinct item of the history as it entered the scores. */
struct slate_input {
    struct score_input in;
    uint16_t events; /* events with that item */
    uint16_t type;   /* enum sotto_event_type of the latest */
};

struct slate {
    sotto_slate handle; /* 0: unused */
    sotto_session session;
    enum slate_state state;
    enum sotto_why why;         /* for the day it opens as general */
    uint64_t made_ms, asked_ms; /* monotonic */
    struct sotto_banner banner;
    int is_answered; /* the banner was declined: its receipt is spent */
    uint32_t n_general, n_personal, n_inputs;
    struct score_hit general[SOTTO_SLATE_ITEMS_MAX], personal[SOTTO_SLATE_ITEMS_MAX];
    struct slate_input inputs[SOTTO_HISTORY_MAX];
};

/* Memory that ranking needs, in locked memory because it mirrors a profile. */
struct slate_workspace {
    struct score_work score;
    uint8_t *seen;              /* one bit per item, all 0 between calls */
    const uint8_t *absent;      /* one bit per item: out of stock */
    struct score_input *inputs; /* SOTTO_HISTORY_MAX */
};

/* Bytes of a bitmap over the items. */
static inline size_t slate_bitmap_bytes(uint32_t n_items) { return ((size_t)n_items + 7) / 8; }

/* Ranks the general slate: by prior, stock only; it never looks at a history. */
void slate_rank_general(struct slate *s, const struct model *model, const struct slate_workspace *w,
                        uint32_t count);
/* Ranks the personal slate at `now_s`: folds the history to distinct items, latest first, scores,
 * filters what was seen (unless `repeats`) and what is out of stock. n_personal is 0 if nothing is
 * left to say. */
void slate_rank_personal(struct slate *s, const struct model *model, const struct history *history,
                         struct slate_workspace *w, int64_t now_s, uint32_t count, int repeats);

/* Explains `item` with `score`: writes at most `cap` reasons, strongest first, and returns how many
 * there are. The contributions of all of them add up to `score` exactly. */
uint32_t slate_explain(const struct slate *s, const struct model *model, uint32_t rank,
                       struct sotto_reason *reasons, size_t cap);

/* ---- Disclosure -------------------------------------------------------------------------- */

/* Fills the packet from the policy's texts with a fresh id and its hash. -1 if randomness failed.
 */
int banner_fill(struct sotto_banner *banner, const struct policy *policy, const char *locale,
                struct rng *rng) MUST_CHECK;
void banner_hash(const struct sotto_banner *banner, uint8_t hash[HASH_BYTES]);

/* What a receipt proves about `banner`, shown after `asked_ms` and judged at `now_ms` (monotonic):
 * SLATE_RECEIPT_GOOD, SLATE_RECEIPT_BAD or SLATE_DECLINE. */
enum slate_event receipt_judge(const struct sotto_banner *banner,
                               const struct sotto_banner_receipt *receipt, uint64_t asked_ms,
                               uint64_t now_ms) MUST_CHECK;

#endif
