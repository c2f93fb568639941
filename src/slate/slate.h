/* slate: from scores to what a person sees. A slate is made sealed, opens once, and opens as
 * personalised only from the state a valid disclosure leads to. Pure but for hashing: no store,
 * clock or port. Called by the engine. */
#ifndef SOTTO_SLATE_H
#define SOTTO_SLATE_H

#include "crypto/crypto.h"
#include "pack/model.h"
#include "pack/policy.h"
#include "profile/history.h"
#include "profile/seen.h"
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

/* One distinct item of the history, and how it entered the scores. */
struct slate_input {
    struct score_input in;
    int32_t repeated; /* what all its events add to its repeat term, in MODEL_REPEAT_UNIT */
    uint32_t time_s;  /* of the latest event */
    uint16_t events;  /* with that item */
    uint16_t type;    /* enum sotto_event_type of the latest */
};

#define SLATE_NO_CAP 255 /* any number */

struct slate_payer {
    const char *payer; /* in the pack */
    uint8_t left;
};

/* What may be shown, whom it is for apart. */
struct slate_rules {
    uint32_t sensitive;    /* kinds that may not */
    uint16_t flags;        /* enum model_fact: items that may not */
    uint8_t rating;        /* items for people older than this may not */
    uint8_t is_paid_apart; /* paid items may, but not chosen by what the person did */
    uint8_t staff_percent;
    uint8_t payer_left; /* of a payer not listed below */
    uint8_t n_groups, n_payers;
    struct {
        uint16_t group;
        uint8_t left;
    } groups[POLICY_CAPS_MAX];
    struct slate_payer payers[SCORE_PAYERS_MAX];
};

/* Whom a slate is for. */
struct slate_person {
    enum policy_age age;
    int may_sensitive, may_paid; /* consent that holds now */
    const struct seen *seen;     /* NULL: of nobody in particular */
    uint8_t years; /* as told; 0: unknown, and the policy says which band they are of */
};

/* How what is shown differs from the order of scores. */
struct slate_moves {
    uint64_t staff; /* bit r: the item at rank r came in for the share of staff picks */
    int has_capped; /* items were left out because a cap was reached */
};

struct slate {
    sotto_slate handle; /* 0: unused */
    sotto_session session;
    enum slate_state state;
    enum sotto_why why;         /* for the day it opens as general */
    uint64_t made_ms, asked_ms; /* monotonic */
    struct sotto_banner banner;
    int is_answered;   /* the banner was declined: its receipt is spent */
    uint32_t changes;  /* of its visit, when its rules were made */
    uint64_t decision; /* 0 until it was opened; it outlives the handle */
    /* What it was made of, and with the workspace's `barred` all that its order depends on. */
    int64_t now_s;
    uint64_t model_version, policy_version;
    struct slate_rules rules;
    uint32_t count, repeats, n_inputs;
    uint32_t oldest_s; /* the oldest event that counts */
    /* What was made of it. */
    uint32_t n_hits;
    struct slate_moves moves;
    struct score_hit hits[SOTTO_SLATE_ITEMS_MAX];
    /* Its n_inputs are above; last, being the largest. */
    struct slate_input inputs[SOTTO_HISTORY_MAX];
};

/* Memory that ranking needs, in locked memory because it mirrors a profile. */
struct slate_workspace {
    struct score_work score;
    uint8_t *seen;         /* one bit per item, all 0 between calls */
    const uint8_t *barred; /* one bit per item: out of stock, blocked, at its cap, passed over */
    struct score_input *inputs; /* SOTTO_HISTORY_MAX */
};

/* Bytes of a bitmap over the items, a multiple of 16. */
static inline size_t slate_bitmap_bytes(uint32_t n_items) {
    return ((size_t)n_items + 127) / 128 * 16;
}

/* The rules of a personal slate at `now_s`: what is of a sensitive kind only for adults with
 * consent to that; what is paid for not for children, and chosen by what a person did only for
 * adults with consent to that; caps less what was shown today. Whoever told that they are under 18
 * gets nothing for adults only, at whatever age a policy lets adults begin. With person->seen NULL
 * those of a general one: nothing for adults only or of a sensitive kind, paid items as the policy
 * says, caps within the slate alone; the same for everyone of that age. */
void slate_rules(struct slate_rules *rules, const struct model *model, const struct policy *policy,
                 const struct slate_person *person, int64_t now_s);
struct score_gate slate_gate(const struct slate_rules *rules, const struct model *model);

/* Ranks the general slate by s->rules: by prior; it never looks at a history. */
void slate_rank_general(struct slate *s, const struct model *model, struct slate_workspace *w,
                        uint32_t count);
/* Ranks the personal slate at `now_s` by s->rules: folds the history to distinct items, latest
 * first, scores, filters what was seen (unless `repeats`). n_hits is 0 if nothing is left to say.
 */
void slate_rank_personal(struct slate *s, const struct model *model, const struct history *history,
                         struct slate_workspace *w, int64_t now_s, uint32_t count, int repeats);
#define SLATE_WITH_ALL UINT32_MAX
/* Ranks again, exactly as before, what s was made of; or as if the history had not had the item of
 * input `without`. Returns how many items, into `hits` (SOTTO_SLATE_ITEMS_MAX). */
uint32_t slate_rank(const struct slate *s, const struct model *model, struct slate_workspace *w,
                    uint32_t without, struct score_hit *hits, struct slate_moves *moves);
/* The place (0 first) that an item has among all that may be shown, by scores alone, as if there
 * were no caps and no share of staff picks; its score goes to *score. O(items). */
uint32_t slate_place(const struct slate *s, const struct model *model, struct slate_workspace *w,
                     uint32_t without, uint32_t item, int32_t *score);

/* Explains the item at `rank` of a slate: writes at most `cap` reasons, strongest first, and
 * returns how many there are. The contributions of all of them add up to its score exactly. */
uint32_t slate_explain(const struct slate *s, const struct model *model, uint32_t rank,
                       struct sotto_reason *reasons, size_t cap);
/* The input that says most for an item, or SLATE_WITH_ALL if none does. */
uint32_t slate_strongest(const struct slate *s, const struct model *model, uint32_t item);
/* What the scores of a model are made of, in thousandths: see sotto_describe. Returns how many. */
uint32_t slate_describe(const struct model *model,
                        struct sotto_parameter parameters[SOTTO_PARAMETERS_MAX]);

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
