/* household: see household.h. */
#include "release/household.h"

#include "dp/sample.h"
#include "release/ledger.h"
#include "release/tally.h"

#define MEMO_VERSION 1
/* u32 version, schema (32), u32 window, u32 events, u32 value, u32 bytes of the answer, the answer
 */
#define MEMO_HEAD  52
#define MEMO_BYTES (MEMO_HEAD + MECHANISM_ANSWER_MAX)

/* More events than this weigh as this many. */
#define EVENTS_MAX (1u << 30)

struct memo {
    uint32_t window, n_events, value; /* of the window at hand; no events: nothing is kept */
    uint32_t n_answer;                /* 0: never answered */
    uint8_t answer[MECHANISM_ANSWER_MAX];
};

/* ---- The store ----------------------------------------------------------------------------- */

static struct vault_key key_of(uint32_t slot, uint32_t metric) {
    struct vault_key key = {VAULT_MEMO, slot, metric};
    return key;
}

/* Reads a memo; an empty one when there is none, or it was made under another schema. */
static int memo_load(const struct dp *dp, uint32_t slot, const struct policy_metric *metric,
                     struct memo *memo, struct sotto_error *err) {
    uint8_t bytes[MEMO_BYTES];
    size_t n = 0;
    memset(memo, 0, sizeof *memo);
    int status = vault_get(dp->vault, key_of(slot, metric->id), bytes, sizeof bytes, &n, err);
    if (status == SOTTO_E_NOT_FOUND) return SOTTO_OK;
    if (status != SOTTO_OK) return status;
    if (n == sizeof bytes && load32(bytes) == MEMO_VERSION &&
        load32(bytes + 48) <= MECHANISM_ANSWER_MAX &&
        memcmp(bytes + 4, dp->policy->schema_hash, HASH_BYTES) == 0) {
        memo->window = load32(bytes + 36);
        memo->n_events = load32(bytes + 40);
        memo->value = load32(bytes + 44);
        memo->n_answer = load32(bytes + 48);
        memcpy(memo->answer, bytes + MEMO_HEAD, memo->n_answer);
    }
    wipe(bytes, sizeof bytes);
    return SOTTO_OK;
}

static int memo_save(const struct dp *dp, uint32_t slot, const struct policy_metric *metric,
                     const struct memo *memo, struct sotto_error *err) {
    uint8_t bytes[MEMO_BYTES] = {0};
    store32(bytes, MEMO_VERSION);
    memcpy(bytes + 4, dp->policy->schema_hash, HASH_BYTES);
    store32(bytes + 36, memo->window);
    store32(bytes + 40, memo->n_events);
    store32(bytes + 44, memo->value);
    store32(bytes + 48, memo->n_answer);
    memcpy(bytes + MEMO_HEAD, memo->answer, memo->n_answer);
    int status = vault_put(dp->vault, key_of(slot, metric->id), bytes, sizeof bytes, err);
    wipe(bytes, sizeof bytes);
    return status;
}

int household_forget_all(struct vault *vault, struct sotto_error *err) {
    return tally_delete_run(vault, key_of(0, 0), UINT32_MAX, UINT64_MAX, err);
}

/* ---- The value of a window ------------------------------------------------------------------ */

/* Of `old` events that led to one value and `more` that led to another: whether the other one takes
 * its place, as often as it should (reservoir sampling, Vitter 1985, of size 1). */
static int draw_newer(struct dp *dp, uint32_t old, uint32_t more, int *is_newer) {
    uint64_t place;
    if (sample_uniform(dp->rng, (uint64_t)old + more, &place) != 0) return -1;
    *is_newer = place < more;
    return 0;
}

int household_touch(struct dp *dp, struct dp_visit *visit, uint32_t index, uint32_t value) {
    int is_newer = 0;
    uint32_t before = visit->metrics[index].n_events;
    if (before >= EVENTS_MAX) return 0;
    if (draw_newer(dp, before, 1, &is_newer) != 0) return -1;
    if (is_newer) visit->metrics[index].value = value;
    visit->metrics[index].n_events = before + 1;
    return 0;
}

static int memo_add(struct dp *dp, const struct policy_metric *metric, struct memo *memo,
                    const struct dp_visit *visit, uint32_t m) {
    uint32_t more = visit->metrics[m].n_events;
    int is_newer = 0;
    if (visit->metrics[m].value >= metric->n_cells) return -1;
    if (draw_newer(dp, memo->n_events, more, &is_newer) != 0) return -1;
    if (is_newer) memo->value = visit->metrics[m].value;
    memo->n_events = more < EVENTS_MAX - memo->n_events ? memo->n_events + more : EVENTS_MAX;
    return 0;
}

int household_commit(struct dp *dp, const struct dp_visit *visit, int64_t now_s,
                     struct sotto_error *err) {
    struct ledger ledger;
    struct memo memo;
    if (dp->household == 0) return SOTTO_OK;
    /* What is due first: the record holds one window. */
    int status = dp_tick(dp, now_s, err);
    if (status == SOTTO_OK) status = tally_begin(dp, now_s, &ledger, err);
    if (status != SOTTO_OK) return status;
    uint64_t window = (uint64_t)now_s / dp->policy->metrics[0].window_s;
    if (window < ledger.metrics[0].next) return SOTTO_OK;
    if (window > LEDGER_WINDOW_MAX) return ledger_clock_beyond(err);
    uint32_t m = schedule_metric(dp->schedule_key, dp->policy, (uint32_t)window);
    const struct policy_metric *metric = &dp->policy->metrics[m];
    /* What will not be asked is not kept. */
    if (visit->metrics[m].n_events == 0 ||
        !schedule_is_fresh(dp->schedule_key, metric, (uint32_t)window))
        return SOTTO_OK;
    status = memo_load(dp, dp->household, metric, &memo, err);
    if (status == SOTTO_OK) {
        if (memo.window != window) memo.n_events = 0;
        memo.window = (uint32_t)window;
        if (memo_add(dp, metric, &memo, visit, m) != 0)
            status = fail(err, SOTTO_E_ENTROPY,
                          "the random source failed, so this session was not counted");
    }
    if (status == SOTTO_OK) status = memo_save(dp, dp->household, metric, &memo, err);
    wipe(&memo, sizeof memo);
    return status;
}

/* ---- The answer ---------------------------------------------------------------------------- */

/* What the mechanism is asked: the value that was drawn, a bounded number of events, or what stands
 * for nothing. */
static uint32_t question_of(const struct policy_metric *metric, const struct memo *memo,
                            uint32_t window) {
    int is_there = memo->n_events > 0 && memo->window == window;
    if (metric->mechanism == MECHANISM_ONE_BIT_MEAN) {
        uint32_t n = is_there ? memo->n_events : 0;
        return n < metric->max_value ? n : metric->max_value;
    }
    return is_there ? memo->value : metric->n_cells - 1;
}

int entropy_failed(const struct policy_metric *metric, struct sotto_error *err) {
    return fail(err, SOTTO_E_ENTROPY,
                "metric %u: the random source failed, so its report was not made", metric->id);
}

static int answer_anew(struct dp *dp, const struct policy_metric *metric, uint32_t question,
                       struct household_answer *answer, struct sotto_error *err) {
    const struct mechanism_terms terms = dp_terms(metric);
    answer->n = mechanism_answer_bytes(&terms);
    if (answer->n == 0 || mechanism_answer(dp->rng, &terms, question, answer->bytes) != 0)
        return entropy_failed(metric, err);
    answer->has_memo = 1;
    return SOTTO_OK;
}

static void answer_again(const struct memo *memo, struct household_answer *answer) {
    answer->n = memo->n_answer;
    memcpy(answer->bytes, memo->answer, memo->n_answer);
}

int household_decide(struct dp *dp, const struct policy_metric *metric, uint32_t window,
                     int may_charge, struct household_answer *answer, struct sotto_error *err) {
    struct memo memo = {0};
    memset(answer, 0, sizeof *answer);
    int is_fresh = may_charge && schedule_is_fresh(dp->schedule_key, metric, window);
    int status = SOTTO_OK;
    if (dp->household) status = memo_load(dp, dp->household, metric, &memo, err);
    if (status == SOTTO_OK && is_fresh) {
        answer->is_fresh = 1;
        answer->slot = dp->household;
        status = answer_anew(dp, metric, question_of(metric, &memo, window), answer, err);
    } else if (status == SOTTO_OK && memo.n_answer) {
        answer_again(&memo, answer);
    } else if (status == SOTTO_OK) {
        static const struct memo nothing;
        status = memo_load(dp, 0, metric, &memo, err);
        if (status == SOTTO_OK && memo.n_answer)
            answer_again(&memo, answer);
        else if (status == SOTTO_OK)
            status = answer_anew(dp, metric, question_of(metric, &nothing, window), answer, err);
    }
    wipe(&memo, sizeof memo);
    return status;
}

int household_settle(struct dp *dp, const struct policy_metric *metric, uint32_t window,
                     const struct household_answer *answer, struct sotto_error *err) {
    struct memo memo;
    int is_kept_value = 0;
    /* The value has been answered or given up: either way its window is over. */
    int status = SOTTO_OK;
    if (dp->household && !(answer->has_memo && answer->slot == dp->household)) {
        status = memo_load(dp, dp->household, metric, &memo, err);
        is_kept_value = status == SOTTO_OK && memo.n_events > 0 && memo.window <= window;
        memo.window = memo.n_events = memo.value = 0;
        if (is_kept_value) status = memo_save(dp, dp->household, metric, &memo, err);
    }
    if (status == SOTTO_OK && answer->has_memo) {
        memset(&memo, 0, sizeof memo);
        memo.n_answer = (uint32_t)answer->n;
        memcpy(memo.answer, answer->bytes, answer->n);
        status = memo_save(dp, answer->slot, metric, &memo, err);
    }
    wipe(&memo, sizeof memo);
    return status;
}
