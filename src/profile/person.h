/* person: whoever is in front of the screen, for as long as a session lasts: name, consent and
 * history in locked memory, and the way between them and the vault. Nothing reaches the vault
 * before consent to store. Called by the engine. */
#ifndef SOTTO_PERSON_H
#define SOTTO_PERSON_H

#include "pack/model.h"
#include "profile/consent.h"
#include "profile/history.h"
#include "profile/proof.h"
#include "profile/wishes.h"
#include "vault/vault.h"

/* What is known of a person's place in the vault. */
enum person_place {
    PERSON_UNKNOWN,   /* the vault could not be asked yet: it may hold anything */
    PERSON_NEW,       /* asked: it does not hold this person; or there is nothing to ask */
    PERSON_STORED,    /* it does, in `slot`; consent and events are loaded */
    PERSON_UNREADABLE /* it does, damaged: a stranger, to whom nothing is added */
};

struct person {
    char name[SOTTO_PROFILE_NAME_MAX + 1]; /* "" for an anonymous session */
    enum person_place place;
    uint32_t slot;       /* in the vault, when STORED or UNREADABLE */
    uint32_t next_chunk; /* number of the next event chunk */
    uint32_t in_last;    /* how many of the stored events are in the one before it, which the next
                            flush fills up; 0: it begins another */
    uint8_t owes;        /* bits PERSON_WISHES, PERSON_NOTICE: changed, and not stored yet */
    uint32_t doubt;      /* the commit that history.n_doubt speaks of (vault_doubt); 0: none */
    struct consent consent;
    struct notice notice;
    struct proofs proofs;
    struct wishes wishes;
    struct history history;
};
#define PERSON_WISHES 1u /* also the record's seq in VAULT_PEOPLE */
#define PERSON_NOTICE 2u

/* Where persons are kept and what rules. */
struct person_home {
    struct vault *vault;
    const struct policy *policy;
    const struct model *model;
    uint64_t bytes_max; /* that all stored profiles together may take */
};

/* What one profile may take: four times a full history. Past it, and past person_home.bytes_max, a
 * person's oldest events make room for the newer; consent always has room. */
#define PERSON_BYTES_MAX (64u << 10)

/* Starts empty with `name` ("" for anonymous), place UNKNOWN if there is something to ask. */
void person_begin(struct person *p, const struct person_home *home, const char *name);
/* Asks the vault, which must work, for an UNKNOWN person: loads consent, and the newest events that
 * retention and consent allow. Words said and events seen in the meantime stay: they are younger
 * than what was stored. Damage (SOTTO_E_CORRUPT) makes the person UNREADABLE: unreadable consent is
 * no consent. After any other failure the person is UNKNOWN as before. */
int person_load(struct person *p, const struct person_home *home, int64_t now_s,
                struct sotto_error *err) MUST_CHECK;

/* Storage was away, and it may be another vault that came back: place and stored events are asked
 * for again. What was said and what is not stored yet stay; events whose commit failed and is there
 * all the same are stored. */
void person_ask_again(struct person *p, const struct vault *vault);

/* True if the profile is in the vault and consent to keep it there holds now. */
int person_may_store(const struct person *p, const struct person_home *home,
                     int64_t now_s) MUST_CHECK;
/* Creates the profile in the vault, with all that is known of the person, in one transaction. */
int person_create(struct person *p, const struct person_home *home,
                  struct sotto_error *err) MUST_CHECK;
/* Writes the consent of a STORED person, and the receipts that wait. */
int person_save_consent(struct person *p, const struct person_home *home,
                        struct sotto_error *err) MUST_CHECK;
/* Writes what p->owes says, if the profile may be stored. */
int person_save_wishes(struct person *p, const struct person_home *home, int64_t now_s,
                       struct sotto_error *err) MUST_CHECK;
/* Forgets the events of one item (time_s 0: all), in memory and in every stored chunk; adds to
 * *forgotten how many there were. `work` is somebody nobody is. */
int person_forget(struct person *p, const struct person_home *home, uint64_t key, uint32_t time_s,
                  struct person *work, uint32_t *forgotten, struct sotto_error *err) MUST_CHECK;
/* Reads the consent stored in `slot`: SOTTO_E_CORRUPT where it cannot be read, which is no. */
int person_stored_consent(const struct person_home *home, uint32_t slot, struct consent *consent,
                          struct sotto_error *err) MUST_CHECK;
/* Writes the words of `said` that are a no over those stored under `name`, and leaves the rest as
 * it is, with receipts. Nothing to do, and SOTTO_OK, where nobody of that name is stored, or with
 * consent that cannot be read, which is no already. `work` is somebody nobody is. */
int person_save_no(const struct person_home *home, const char *name, const struct consent *said,
                   struct person *work, struct sotto_error *err) MUST_CHECK;
/* Makes a receipt of a word, to be stored with the person's consent. */
struct person_said {
    enum sotto_purpose purpose;
    enum sotto_consent state;
    enum sotto_said channel;
    const char *locale;
    int64_t at_s;
};
void person_prove(struct person *p, const struct policy *policy, const struct person_said *what);
/* Whether there are events that the vault should hold, and does not yet. */
int person_waits(const struct person *p, const struct person_home *home, int64_t now_s);
/* Seals them, as far as the quotas have room; does nothing without consent to store, or after a
 * no to being personalised, which is all that events are good for. */
int person_flush(struct person *p, const struct person_home *home, int64_t now_s,
                 struct sotto_error *err) MUST_CHECK;
/* The purposes, bits 1 << enum sotto_purpose, to which the person's last word is a no. What was
 * kept for one of them alone has no reason to be there. */
uint8_t person_refused(const struct person *p) MUST_CHECK;
/* The classes of records, bits 1 << enum vault_class, that a purpose alone needs: to personalise,
 * the events and what was shown; to measure, what a household answered. Nothing is kept for paid or
 * sensitive items alone, and everything is needed to store: 0. */
uint32_t person_classes(enum sotto_purpose purpose) MUST_CHECK;
/* Looks after a stored profile that nobody has open: erases it once consent to store has run out,
 * the policy no longer allows it, or nobody used it for the policy's term; lets old receipts go,
 * and what was shown once it counts no more; destroys what a purpose that was said no to had kept;
 * lets events go that retention ends; merges small chunks. Writes nothing where nothing is due.
 * Consent given on an older notice counts for nothing, but may be renewed until its term ends. A
 * profile that cannot be read is left alone. `work` is somebody nobody is, in locked memory. */
int person_keep(const struct person_home *home, uint32_t slot, int64_t late_s, struct person *work,
                struct sotto_error *err) MUST_CHECK;
/* Wipes all that is known of the person from memory; the name stays, the age and signals of the
 * session stay, the place is UNKNOWN. */
void person_reset(struct person *p);

#endif
