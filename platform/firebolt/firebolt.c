/* firebolt: see firebolt.h. */
#include "platform/firebolt/firebolt.h"

#include <string.h>

#define NEVER ((enum sotto_purpose)0)

const struct firebolt_flag firebolt_flags[FIREBOLT_FLAGS] = {
    {"allowACRCollection", NEVER},
    {"allowResumePoints", NEVER},
    {"allowAppContentAdTargeting", NEVER},
    {"allowCameraAnalytics", NEVER},
    {"allowPersonalization", SOTTO_PURPOSE_PERSONALISE},
    {"allowPrimaryBrowseAdTargeting", SOTTO_PURPOSE_PAID},
    {"allowPrimaryContentAdTargeting", NEVER},
    {"allowProductAnalytics", SOTTO_PURPOSE_MEASURE},
    {"allowRemoteDiagnostics", NEVER},
    {"allowUnentitledPersonalization", NEVER},
    {"allowUnentitledResumePoints", NEVER},
    {"allowWatchHistory", SOTTO_PURPOSE_STORE},
};

int firebolt_find(const char *name) {
    for (int i = 0; i < FIREBOLT_FLAGS; i++)
        if (strcmp(firebolt_flags[i].name, name) == 0) return i;
    return -1;
}

static enum sotto_purpose purpose_of(int flag) {
    return flag >= 0 && flag < FIREBOLT_FLAGS ? firebolt_flags[flag].purpose : NEVER;
}

int firebolt_answer(int flag, enum sotto_consent now) {
    return purpose_of(flag) != NEVER && now == SOTTO_CONSENT_GRANTED;
}

int firebolt_word(int flag, int allow, enum sotto_consent now, struct sotto_word *word) {
    int was_yes =
        now == SOTTO_CONSENT_GRANTED || now == SOTTO_CONSENT_PAUSED || now == SOTTO_CONSENT_EXPIRED;
    word->purpose = purpose_of(flag);
    if (word->purpose == NEVER) return 0;
    if (allow && now == SOTTO_CONSENT_GRANTED) return 0;
    /* Switching off what was never on is a no too; one that was said stays as it is. */
    if (!allow && !was_yes && now != SOTTO_CONSENT_UNKNOWN) return 0;
    word->state = allow     ? SOTTO_CONSENT_GRANTED
                  : was_yes ? SOTTO_CONSENT_WITHDRAWN
                            : SOTTO_CONSENT_DENIED;
    return 1;
}
