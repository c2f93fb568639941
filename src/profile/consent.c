/* consent: see consent.h. Record: u8 format = 2, u8 purposes = 5, u16 zero, then per purpose u8
 * state, u8 channel, u16 zero, u32 notice version, i64 time. Format 1, still read, has 3 purposes
 * and no channels. */
#include "profile/consent.h"

#define FORMAT         2
#define FIRST_PURPOSES 3 /* of format 1 */

/* Both of the state a word is in by itself; what is above it is weighed by consent_now. */
static const struct consent_move table[CONSENT_STATES][CONSENT_EVENTS] = {
#define YES                                                                                        \
    { SOTTO_CONSENT_GRANTED, CONSENT_SAY }
#define NO(s)                                                                                      \
    { SOTTO_CONSENT_##s, CONSENT_SAY | CONSENT_PURGE }
#define STAYS(s)                                                                                   \
    { SOTTO_CONSENT_##s, 0 }
#define NOES NO(DENIED), NO(WITHDRAWN)
    /* clang-format off */
    /*                        NOTICE            GRANT DENY, WITHDRAW RESUME            OBJECT        PAUSE */
    [SOTTO_CONSENT_UNKNOWN]   = {YES,              YES, NOES, STAYS(UNKNOWN),   NO(OBJECTED), STAYS(UNKNOWN)},
    [SOTTO_CONSENT_GRANTED]   = {STAYS(GRANTED),   YES, NOES, STAYS(GRANTED),   NO(OBJECTED), {SOTTO_CONSENT_PAUSED, CONSENT_MARK}},
    [SOTTO_CONSENT_DENIED]    = {STAYS(DENIED),    YES, NOES, STAYS(DENIED),    NO(OBJECTED), STAYS(DENIED)},
    [SOTTO_CONSENT_WITHDRAWN] = {STAYS(WITHDRAWN), YES, NOES, STAYS(WITHDRAWN), NO(OBJECTED), STAYS(WITHDRAWN)},
    [SOTTO_CONSENT_EXPIRED]   = {YES,              YES, NOES, STAYS(EXPIRED),   NO(OBJECTED), STAYS(EXPIRED)},
    [SOTTO_CONSENT_OBJECTED]  = {STAYS(OBJECTED),  YES, NOES, STAYS(OBJECTED),  NO(OBJECTED), STAYS(OBJECTED)},
    [SOTTO_CONSENT_PAUSED]    = {STAYS(PAUSED),    YES, NOES, {SOTTO_CONSENT_GRANTED, CONSENT_MARK}, NO(OBJECTED), STAYS(PAUSED)},
    /* clang-format on */
};

struct consent_move consent_next(enum sotto_consent state, enum consent_event event) {
    return table[state][event];
}

int consent_is_purpose(int purpose) {
    return purpose >= SOTTO_PURPOSE_STORE && purpose <= SOTTO_PURPOSE_LAST;
}

int consent_is_no(enum sotto_consent state) {
    return state == SOTTO_CONSENT_DENIED || state == SOTTO_CONSENT_WITHDRAWN ||
           state == SOTTO_CONSENT_OBJECTED;
}

/* The word by itself, as time and the notice leave it. */
static enum sotto_consent said(const struct consent *consent, enum sotto_purpose purpose,
                               const struct policy *policy, int64_t now_s) {
    int64_t at_s = consent->word[purpose - 1].at_s;
    enum sotto_consent state = (enum sotto_consent)consent->word[purpose - 1].state;
    if (state != SOTTO_CONSENT_GRANTED && state != SOTTO_CONSENT_PAUSED) return state;
    if (at_s > now_s) return SOTTO_CONSENT_UNKNOWN; /* dated in the future: not to be trusted */
    if (now_s - at_s > policy->consent_ttl_s ||
        consent->word[purpose - 1].notice_version != policy->notice_version)
        return SOTTO_CONSENT_EXPIRED;
    return state;
}

unsigned consent_apply(struct consent *consent, enum sotto_purpose purpose,
                       enum consent_event event, enum sotto_said channel,
                       const struct policy *policy, int64_t now_s) {
    struct consent_move move = consent_next(said(consent, purpose, policy, now_s), event);
    if (move.action == 0) return 0;
    consent->word[purpose - 1].state = move.state;
    consent->word[purpose - 1].channel = (uint8_t)channel;
    if (move.action & CONSENT_SAY) {
        consent->word[purpose - 1].notice_version = policy->notice_version;
        consent->word[purpose - 1].at_s = now_s;
    }
    return move.action;
}

int consent_merge(struct consent *consent, const struct consent *later) {
    int words = 0;
    for (int i = 0; i < CONSENT_PURPOSES; i++) {
        if (later->word[i].state == SOTTO_CONSENT_UNKNOWN) continue;
        consent->word[i] = later->word[i];
        words++;
    }
    return words;
}

void consent_keep_no(struct consent *consent) {
    for (int i = 0; i < CONSENT_PURPOSES; i++)
        if (!consent_is_no((enum sotto_consent)consent->word[i].state))
            memset(&consent->word[i], 0, sizeof consent->word[i]);
}

enum policy_age consent_age(const struct consent *consent, const struct policy *policy) {
    if (consent->years == 0) return (enum policy_age)policy->age_unknown;
    if (consent->years < policy->child_below) return AGE_CHILD;
    return consent->years < policy->teen_below ? AGE_TEEN : AGE_ADULT;
}

/* Children: nothing at all, whatever a policy says. Nobody young is profiled to be advertised to.
 */
static int age_allows(const struct consent *consent, enum sotto_purpose purpose,
                      const struct policy *policy) {
    enum policy_age age = consent_age(consent, policy);
    if (age == AGE_ADULT) return 1;
    return age == AGE_TEEN && (purpose == SOTTO_PURPOSE_MEASURE ||
                               (policy->teen_profiling && purpose <= SOTTO_PURPOSE_PERSONALISE));
}

uint32_t consent_objected(const struct consent *consent, const struct policy *policy) {
    uint32_t purposes = 0;
    for (int s = SOTTO_SIGNAL_GPC; s <= SOTTO_SIGNAL_LAST; s++)
        if (consent->signals >> s & 1) purposes |= policy->signal_objects[s - SOTTO_SIGNAL_GPC];
    return purposes;
}

enum sotto_consent consent_above(const struct consent *consent, enum sotto_purpose purpose,
                                 const struct policy *policy) {
    if (!age_allows(consent, purpose, policy)) return SOTTO_CONSENT_DENIED;
    if (consent_objected(consent, policy) >> purpose & 1) return SOTTO_CONSENT_OBJECTED;
    return policy->consent[purpose] == POLICY_NEVER ? SOTTO_CONSENT_DENIED : SOTTO_CONSENT_UNKNOWN;
}

enum sotto_consent consent_now(const struct consent *consent, enum sotto_purpose purpose,
                               const struct policy *policy, int64_t now_s) {
    enum sotto_consent state = consent_above(consent, purpose, policy);
    return state != SOTTO_CONSENT_UNKNOWN ? state : said(consent, purpose, policy, now_s);
}

int consent_may_keep(const struct consent *consent, enum sotto_purpose purpose,
                     const struct policy *policy) {
    enum sotto_consent state = (enum sotto_consent)consent->word[purpose - 1].state;
    return state != SOTTO_CONSENT_PAUSED && !consent_is_no(state) &&
           consent_above(consent, purpose, policy) == SOTTO_CONSENT_UNKNOWN;
}

int consent_may_ask(const struct consent *consent, enum sotto_purpose purpose,
                    const struct policy *policy, int64_t now_s) {
    enum sotto_consent state = said(consent, purpose, policy, now_s);
    int64_t at_s = consent->word[purpose - 1].at_s;
    if (consent_above(consent, purpose, policy) != SOTTO_CONSENT_UNKNOWN) return 0;
    if (consent_is_no(state)) return at_s <= now_s && now_s - at_s >= policy->ask_again_s;
    return state == SOTTO_CONSENT_UNKNOWN || state == SOTTO_CONSENT_EXPIRED;
}

int consent_waits_for_notice(const struct consent *consent, enum sotto_purpose purpose,
                             const struct policy *policy, int64_t now_s) {
    return policy->consent[purpose] == POLICY_NOTICE &&
           consent->word[purpose - 1].state != SOTTO_CONSENT_PAUSED &&
           consent_above(consent, purpose, policy) == SOTTO_CONSENT_UNKNOWN &&
           consent_next(said(consent, purpose, policy, now_s), CONSENT_NOTICE).action != 0;
}

void consent_encode(const struct consent *consent, uint8_t bytes[CONSENT_RECORD_BYTES]) {
    memset(bytes, 0, CONSENT_RECORD_BYTES);
    bytes[0] = FORMAT;
    bytes[1] = CONSENT_PURPOSES;
    for (int i = 0; i < CONSENT_PURPOSES; i++) {
        uint8_t *p = bytes + 4 + 16 * i;
        p[0] = consent->word[i].state;
        p[1] = consent->word[i].channel;
        store32(p + 4, consent->word[i].notice_version);
        store64(p + 8, (uint64_t)consent->word[i].at_s);
    }
}

int consent_decode(struct consent *consent, const uint8_t *bytes, size_t n) {
    memset(consent->word, 0, sizeof consent->word);
    if (n < 4) return -1;
    int purposes = bytes[0] == FORMAT ? CONSENT_PURPOSES : FIRST_PURPOSES;
    if (bytes[0] == 0 || bytes[0] > FORMAT || bytes[1] != purposes || load16(bytes + 2) != 0 ||
        n != 4 + 16 * (size_t)purposes)
        return -1;
    for (int i = 0; i < purposes; i++) {
        const uint8_t *p = bytes + 4 + 16 * i;
        int64_t at_s = (int64_t)load64(p + 8);
        if (p[0] >= CONSENT_STATES || p[0] == SOTTO_CONSENT_EXPIRED || p[1] > SOTTO_SAID_LAST ||
            p[2] || p[3] || at_s < 0) {
            memset(consent->word, 0, sizeof consent->word);
            return -1;
        }
        consent->word[i].state = p[0];
        consent->word[i].channel = p[1];
        consent->word[i].notice_version = load32(p + 4);
        consent->word[i].at_s = at_s;
    }
    return 0;
}
