/* consent: see consent.h. Record: u8 format = 2, u8 purposes = 5, u16 zero, then per purpose u8
 * state, u8[3] zero, u32 notice version, i64 time. Format 1, still read, has 3 purposes; nobody was
 * asked about the others then. */
#include "profile/consent.h"

#define FORMAT         2
#define FIRST_PURPOSES 3 /* of format 1 */

int consent_is_purpose(int purpose) {
    return purpose >= SOTTO_PURPOSE_STORE && purpose <= SOTTO_PURPOSE_MEASURE;
}

void consent_say(struct consent *consent, enum sotto_purpose purpose, enum sotto_consent state,
                 const struct policy *policy, int64_t now_s) {
    consent->word[purpose - 1].state = state;
    consent->word[purpose - 1].notice_version = policy->notice_version;
    consent->word[purpose - 1].at_s = now_s;
}

int consent_merge(struct consent *consent, const struct consent *later) {
    int said = 0;
    for (int i = 0; i < CONSENT_PURPOSES; i++) {
        if (later->word[i].state == SOTTO_CONSENT_UNKNOWN) continue;
        consent->word[i] = later->word[i];
        said++;
    }
    return said;
}

void consent_keep_no(struct consent *consent) {
    for (int i = 0; i < CONSENT_PURPOSES; i++)
        if (consent->word[i].state != SOTTO_CONSENT_DENIED &&
            consent->word[i].state != SOTTO_CONSENT_WITHDRAWN)
            memset(&consent->word[i], 0, sizeof consent->word[i]);
}

enum sotto_consent consent_now(const struct consent *consent, enum sotto_purpose purpose,
                               const struct policy *policy, int64_t now_s) {
    if (policy->consent[purpose] == POLICY_NEVER) return SOTTO_CONSENT_DENIED;
    int64_t at_s = consent->word[purpose - 1].at_s;
    enum sotto_consent state = consent->word[purpose - 1].state;
    if (state != SOTTO_CONSENT_GRANTED) return state;
    if (at_s > now_s) return SOTTO_CONSENT_UNKNOWN; /* dated in the future: not to be trusted */
    if (now_s - at_s > policy->consent_ttl_s ||
        consent->word[purpose - 1].notice_version != policy->notice_version)
        return SOTTO_CONSENT_EXPIRED;
    return SOTTO_CONSENT_GRANTED;
}

void consent_encode(const struct consent *consent, uint8_t bytes[CONSENT_RECORD_BYTES]) {
    memset(bytes, 0, CONSENT_RECORD_BYTES);
    bytes[0] = FORMAT;
    bytes[1] = CONSENT_PURPOSES;
    for (int i = 0; i < CONSENT_PURPOSES; i++) {
        uint8_t *p = bytes + 4 + 16 * i;
        p[0] = (uint8_t)consent->word[i].state;
        store32(p + 4, consent->word[i].notice_version);
        store64(p + 8, (uint64_t)consent->word[i].at_s);
    }
}

int consent_decode(struct consent *consent, const uint8_t *bytes, size_t n) {
    memset(consent, 0, sizeof *consent);
    if (n < 4) return -1;
    int purposes = bytes[0] == FORMAT ? CONSENT_PURPOSES : FIRST_PURPOSES;
    if (bytes[0] == 0 || bytes[0] > FORMAT || bytes[1] != purposes || load16(bytes + 2) != 0 ||
        n != 4 + 16 * (size_t)purposes)
        return -1;
    for (int i = 0; i < purposes; i++) {
        const uint8_t *p = bytes + 4 + 16 * i;
        int64_t at_s = (int64_t)load64(p + 8);
        if (p[0] > SOTTO_CONSENT_WITHDRAWN || p[1] || p[2] || p[3] || at_s < 0) {
            memset(consent, 0, sizeof *consent);
            return -1;
        }
        consent->word[i].state = (enum sotto_consent)p[0];
        consent->word[i].notice_version = load32(p + 4);
        consent->word[i].at_s = at_s;
    }
    return 0;
}
