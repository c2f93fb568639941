/* person: whoever is in front of the screen, for as long as a session lasts: name, consent and
 * history in locked memory, and the way between them and the vault. Nothing reaches the vault
 * before consent to store. Called by the engine. */
#ifndef SOTTO_PERSON_H
#define SOTTO_PERSON_H

#include "pack/model.h"
#include "profile/consent.h"
#include "profile/history.h"
#include "vault/vault.h"

struct person {
    char name[SOTTO_PROFILE_NAME_MAX + 1]; /* "" for an anonymous session */
    uint32_t slot;                         /* in the vault; 0: not stored */
    uint32_t next_chunk;                   /* number of the next event chunk */
    int is_unreadable; /* something is stored that could not be read: nothing is added to it */
    struct consent consent;
    struct history history;
};

/* Where persons are kept and what rules. */
struct person_home {
    struct vault *vault;
    const struct policy *policy;
    const struct model *model;
};

/* Starts with `name` ("" for anonymous), loading consent and the newest events that the retention
 * time allows if the vault holds that profile. Unreadable consent is no consent; unreadable events
 * are lost events; both are reported by the status (SOTTO_E_CORRUPT) while the person is usable, as
 * a stranger. */
int person_begin(struct person *p, const struct person_home *home, const char *name, int64_t now_s,
                 struct sotto_error *err) MUST_CHECK;

/* True if the profile is in the vault and consent to keep it there holds now. */
int person_may_store(const struct person *p, const struct person_home *home,
                     int64_t now_s) MUST_CHECK;
/* Creates the profile in the vault, with its consent and the history so far, in one transaction. */
int person_create(struct person *p, const struct person_home *home,
                  struct sotto_error *err) MUST_CHECK;
/* Writes the consent of a stored profile. */
int person_save_consent(const struct person *p, const struct person_home *home,
                        struct sotto_error *err) MUST_CHECK;
/* Seals the events the vault does not hold yet; does nothing without consent to store. */
int person_flush(struct person *p, const struct person_home *home, int64_t now_s,
                 struct sotto_error *err) MUST_CHECK;
/* Wipes history, consent and place in the vault from memory; the name stays. */
void person_reset(struct person *p);

#endif
