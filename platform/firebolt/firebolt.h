/* firebolt: RDK Firebolt's privacy module in terms of Sotto's purposes, for a set-top box whose
 * settings screen speaks Firebolt (rdkcentral/firebolt-apis, src/openrpc/privacy.json: twelve
 * flags). Pure functions; the caller has the engine, and the transport.
 *
 * | flag                                                      | purpose, or why never            |
 * |-----------------------------------------------------------|----------------------------------|
 * | allowWatchHistory                                         | STORE                            |
 * | allowPersonalization                                      | PERSONALISE                      |
 * | allowProductAnalytics                                     | MEASURE                          |
 * | allowPrimaryBrowseAdTargeting                             | PAID                             |
 * | allowResumePoints, allowUnentitledResumePoints            | never: no resume points          |
 * | allowUnentitledPersonalization                            | never: no entitlements are known |
 * | allowPrimaryContentAdTargeting, allowAppContentAdTargeting | never: no ads within content    |
 * | allowACRCollection, allowCameraAnalytics                  | never: no such input exists      |
 * | allowRemoteDiagnostics                                    | never: nothing of a person goes  |
 *
 * A flag that is never is always answered false, and setting it to true changes nothing. Copyright
 * 2026 the Sotto authors. Apache-2.0. */
#ifndef SOTTO_FIREBOLT_H
#define SOTTO_FIREBOLT_H

#include "sotto_people.h"

#define FIREBOLT_FLAGS 12

struct firebolt_flag {
    const char *name;           /* as in Firebolt's settings */
    enum sotto_purpose purpose; /* 0: never */
};
extern const struct firebolt_flag firebolt_flags[FIREBOLT_FLAGS];

/* The flag of this name; -1 when Firebolt has none. */
int firebolt_find(const char *name) SOTTO_MUST_CHECK;
/* What to answer when a flag is read; `now` is what sotto_consent_get tells of its purpose. */
int firebolt_answer(int flag, enum sotto_consent now) SOTTO_MUST_CHECK;
/* What word setting the flag to `allow` is, into *word (all but size, channel and locale); 1 to say
 * it, 0 when there is nothing to say. */
int firebolt_word(int flag, int allow, enum sotto_consent now,
                  struct sotto_word *word) SOTTO_MUST_CHECK;

#endif
