/* engine: the façade's own state, shared by engine*.c only. Owns every room's memory; decides
 * nothing that a room could decide. */
#ifndef SOTTO_ENGINE_H
#define SOTTO_ENGINE_H

#include "base/clock.h"
#include "pack/model.h"
#include "pack/policy.h"
#include "profile/person.h"
#include "release/release.h"
#include "slate/slate.h"
#include "vault/vault.h"

#define LOCALE_BYTES 36
#define CLASS_BYTES  16
#define DEBTS_MAX    16
#define SLATES_KEPT  (SOTTO_SLATES_MAX + SOTTO_DECISIONS_KEPT)

/* One person's stay in front of the screen. In locked memory. */
struct visit {
    sotto_session handle;    /* 0: unused */
    uint64_t policy_version; /* whose metrics `tally` counts for */
    uint64_t active_ms;      /* monotonic time of the last call */
    int is_disclosed;        /* saw the notice of person.notice in this session */
    int is_overridden;       /* staff decided: nothing is personalised any more */
    int is_countable;        /* no randomness failed while counting */
    int owes_consent;        /* a "no" that storage has not taken yet */
    int owes_yes;            /* a "yes" said before storage could be asked */
    uint8_t owes_erase; /* an erasure that storage has not done yet: 1 + enum sotto_erase_why */
    uint8_t purge_why;  /* enum sotto_erase_why of owes_purge */
    uint8_t paused;     /* purposes that are to rest, a yes or not: bits 1 << purpose */
    uint8_t owes_purge; /* purposes whose records storage has yet to destroy: bits 1 << purpose */
    uint64_t seen_ms;   /* monotonic time it was saved last */
    uint32_t changes;   /* how often it changed what may be in a slate: blocks, what was shown */
    sotto_slate asked;  /* whose banner was shown last, */
    uint8_t asked_hash[HASH_BYTES]; /* and its hash: the answer may outlive the slate */
    /* The large last here and below: what is near is reached in one instruction. */
    struct person person;
    struct dp_visit tally;
    struct seen seen;     /* what was shown lately */
    struct wishes marked; /* those that the visit's bits in `barred` were made of */
};

#define TICKET_BYTES 40 /* of its record */
/* Somebody asked for a person. */
struct ticket {
    uint64_t number;       /* 0: unused */
    sotto_session session; /* 0: it has ended */
    uint32_t slot, seq;    /* its record, of a stored profile; slot 0: none */
    uint8_t kind, state, outcome;
    uint32_t reason;
    uint64_t decision, made_ms;
    int64_t time_s;
};

/* What storage owes somebody whose session has ended. */
struct debt {
    char name[SOTTO_PROFILE_NAME_MAX + 1]; /* "": unused */
    uint8_t owes_erase;                    /* as in a visit */
    struct consent no;                     /* the purposes that were denied or withdrawn */
};

/* All that could tell about a person, in one locked, guarded, undumpable block. */
struct secrets {
    int is_here; /* 0: wiped, for this is a child made by fork */
    struct rng rng;
    uint8_t report_secret[SIGN_SECRET_BYTES], schedule_key[SCHEDULE_KEY_BYTES];
    struct ticket tickets[SOTTO_TICKETS_MAX];
    struct debt debts[DEBTS_MAX];
    struct visit visits[SOTTO_SESSIONS_MAX];
    struct person nobody;             /* for the sweep and others to work with */
    struct slate slates[SLATES_KEPT]; /* at most SOTTO_SLATES_MAX have a handle */
};

struct sotto {
    const struct sotto_port *port;
    struct sotto_error error;
    struct pack model_pack;
    struct model model;
    const struct policy *rules; /* &policy while it is valid, else &strict */
    int policy_status;
    char policy_message[SOTTO_MESSAGE_BYTES];
    int model_status; /* not SOTTO_OK: expired or outdated, so slates are general */
    char model_message[SOTTO_MESSAGE_BYTES];
    char locale[LOCALE_BYTES], device_class[CLASS_BYTES];

    struct vault *vault;
    int storage_status;
    char storage_message[SOTTO_MESSAGE_BYTES];
    uint64_t retried_ms, flushed_ms;
    uint64_t profile_bytes_max;
    uint32_t sweep_slot;     /* the last that the sweep has looked at */
    uint64_t swept_ms;       /* when its pass began */
    struct clock_kept saved; /* of the clock, last time */

    struct secrets *secrets;
    struct slate_workspace workspace;
    uint8_t *absent; /* one bit per item: out of stock */
    uint8_t *barred; /* likewise, in locked memory, for each of secrets.slates: what may not be in
                        it; and for each of secrets.visits: what the person blocked */
    struct sotto_clock clock;
    struct dp dp;

    uint32_t off;           /* personalisation is: bits SOTTO_OFF_* */
    int owes_switch;        /* storage does not know it yet */
    uint64_t switch_number; /* of the last remote switch */
    char policy_key[57];    /* as configured; "" if none */

    uint64_t last_handle;
    int is_in_hook; /* a hook is running: it must not call back */
    uint64_t banners_asked, banners_shown, slates_general, slates_personalised;
    uint64_t logged_banners, logged_slates; /* of them in the audit log */
    int is_start_logged;
    size_t memory_bytes;
    int is_locked; /* the locked memory truly is */
    void *owned;   /* the block, if the engine allocated it */
    struct policy policy, strict;
    /* Histogram cell of each item group, per metric of the policy that counts groups. */
    uint8_t cell_of_group[POLICY_METRICS_MAX][MODEL_GROUPS_MAX];
};

/* Begins every public call: refuses a NULL engine and calls from within the banner hook. */
int engine_enter(struct sotto *e) MUST_CHECK;
/* The same for a call that needs pointers: `what` names them, `is_given` says that none is NULL. */
int engine_enter_given(struct sotto *e, int is_given, const char *what) MUST_CHECK;
/* The same for one that is given a struct whose first member, size_t size, says how much of it the
 * caller knows: at least `size`. */
int engine_enter_with(struct sotto *e, const void *given, size_t size, const char *what) MUST_CHECK;
/* Moves time on, lets the strict policy rule once the signed one has expired, and sets an expired
 * model aside; both return when the clock that said so turns out to be wrong. Seconds since 1970,
 * on the clock that windows and budgets go by. */
int64_t engine_now(struct sotto *e);
/* The same, on the clock that consent and retention go by (see clock.h). */
int64_t engine_late(struct sotto *e);
uint64_t engine_now_ms(struct sotto *e);
/* True if records can be kept. */
int engine_has_storage(const struct sotto *e) MUST_CHECK;
/* True if records can be read; a newer engine's vault can be read but not changed. */
int engine_can_read(const struct sotto *e) MUST_CHECK;
/* True if nothing stored is out of reach: storage works, or there is none by configuration. */
int engine_hears_everyone(const struct sotto *e) MUST_CHECK;
/* Remembers a storage failure for sotto_health. Returns `status`. */
int engine_note(struct sotto *e, int status);
/* Of several calls that are made whatever becomes of each: the first failure, which is told. */
struct first {
    int status;
    struct sotto_error error;
};
/* Notes `status`, as engine_note does, and keeps it with its message if it is the first. */
void first_keep(struct sotto *e, struct first *first, int status);
/* Puts the message back; returns the status. */
int first_tell(struct sotto *e, const struct first *first) MUST_CHECK;
struct person_home engine_home(struct sotto *e);
/* Finds an item by its id; SOTTO_E_NOT_FOUND if the model has none. */
int engine_find_item(struct sotto *e, const char *id, uint32_t *item) MUST_CHECK;
/* Puts what was shown since the last time into the audit log. */
void audit_disclosures(struct sotto *e);
/* Makes the key that signs reports, if there is none yet. */
int engine_make_report_key(struct sotto *e) MUST_CHECK;
/* What can only be done with working storage: at open and whenever it comes back. */
int engine_settle_storage(struct sotto *e) MUST_CHECK;
/* Puts the compiled-in policy in force, disarms every slate and says why. */
void engine_let_strict_rule(struct sotto *e, int status, const char *message);
/* From now on slates are general, because of the model. */
void engine_set_model_aside(struct sotto *e, int status, const char *message);

/* engine_keys.c */
/* SOTTO_E_KEY, and *why a sentence, when the policy refuses what the port's keys are. */
int keys_suit(const struct sotto_port *port, const struct policy *policy, const char *path,
              struct sotto_error *why) MUST_CHECK;
/* What the port declares of its keys, in words. */
void keys_describe(const struct sotto_port *port, char *text, size_t cap);

/* engine_floors.c */
struct floors {
    struct clock_kept clock;
    uint64_t model, policy; /* versions */
};
/* All zero where nothing is stored or can be reached; a status other than SOTTO_OK if a record is
 * there that cannot be read. */
int floors_load(struct sotto *e, struct floors *f, struct sotto_error *err) MUST_CHECK;
int floors_save(struct sotto *e) MUST_CHECK;
/* Holds what is in use against what storage knows. */
int floors_adopt(struct sotto *e) MUST_CHECK;

/* engine_visit.c */
/* Finds a visit and notes that somebody is there. One that was idle for too long is ended. */
struct visit *visit_find(struct sotto *e, sotto_session session);
/* What a public call of a session begins with: engine_enter, then visit_find into *v. */
int visit_enter(struct sotto *e, sotto_session session, struct visit **v) MUST_CHECK;
/* Whether consent to `purpose` holds now: consent_is_given, and no pause. */
int visit_may_use(const struct sotto *e, const struct visit *v,
                  enum sotto_purpose purpose) MUST_CHECK;
/* Whether what happens now may be remembered for it: consent_may_keep, and no pause. */
int visit_may_keep(const struct sotto *e, const struct visit *v,
                   enum sotto_purpose purpose) MUST_CHECK;
int visit_is_idle(const struct sotto *e, const struct visit *v, uint64_t now_ms) MUST_CHECK;
int visit_end(struct sotto *e, struct visit *v) MUST_CHECK;
/* Forgets what is known of a person but the name; what is stored, or may be, is owed an erasure. */
void visit_forget(struct sotto *e, struct visit *v, enum sotto_erase_why why);
/* Forgets, in memory, what one purpose alone needed. */
void visit_forget_purpose(struct sotto *e, struct visit *v, enum sotto_purpose purpose);
/* Does what waits for working storage: an owed erasure, looking the person up, consent, events. */
int visit_settle(struct sotto *e, struct visit *v, int64_t now_s) MUST_CHECK;

/* engine_consent.c */
/* Copies the receipt past *number, which moves to it. SOTTO_E_NOT_FOUND, which leaves the message
 * alone, past the last. */
int people_receipt(struct sotto *e, struct visit *v, uint64_t *number, uint8_t *bytes) MUST_CHECK;
/* Whether the disclosure that is on record covers a personal slate now: of this notice, policy and
 * model, within the policy's scope and intervals. */
int people_disclosed(struct sotto *e, const struct visit *v) MUST_CHECK;
/* The banner was shown and not declined. */
void people_shown(struct sotto *e, struct visit *v);
/* The profile is in use. */
void people_used(struct sotto *e, struct visit *v);
/* Why this person's slates may not be personal, whatever is asked for; SOTTO_WHY_PERSONALISED if
 * they may. `is_asking` 1: a yes that the banner would stand for counts already. */
enum sotto_why people_why_not(struct sotto *e, const struct visit *v, int is_asking) MUST_CHECK;
/* A pause that was said before anybody could be looked up: now there may be a yes that rests. */
void people_rest(struct sotto *e, struct visit *v);
/* Stores what waits, or says that it will be. */
int people_owe(struct sotto *e, struct visit *v, const char *what) MUST_CHECK;
/* engine_rights.c */
/* Puts the use of a right on a stored profile into the audit log. */
void audit_right(struct sotto *e, const struct visit *v, enum sotto_right right);
/* Sets the bit of each item that this person blocked, one bit an item. O(items) for each block,
 * once they have changed. */
void people_blocked(struct sotto *e, struct visit *v, uint8_t *bits);
/* Where those bits are kept as long as the visit lasts. */
uint8_t *people_bits(struct sotto *e, const struct visit *v);

/* engine_tickets.c */
enum ticket_event { TICKET_ACCEPT, TICKET_RESOLVE, TICKET_TIMEOUT, TICKET_EVENTS };
/* The table: the state after, 0 where nothing may follow. */
unsigned ticket_next(enum sotto_ticket_state state, enum ticket_event event) MUST_CHECK;
void ticket_encode(const struct ticket *t, uint8_t bytes[TICKET_BYTES]);
int ticket_decode(struct ticket *t, const uint8_t *bytes, size_t n) MUST_CHECK;
void tickets_sweep(struct sotto *e);
/* Lets the tickets of a session that ends go on without it. */
void tickets_leave(struct sotto *e, sotto_session session);

/* engine_switch.c */
int switch_load(struct sotto *e) MUST_CHECK;
/* engine_seen.c */
/* Reads what was shown to a stored person before, once; writes what was shown since, not too often
 * or as the last thing of the visit. */
int visit_settle_seen(struct sotto *e, struct visit *v, int64_t now_s, int is_last) MUST_CHECK;

/* engine_household.c */
/* Seals what is due, for the household only what it consents to now. */
int household_tick(struct sotto *e, int64_t now_s) MUST_CHECK;
/* Says to e->dp who answers for the household now; forgets what was kept of one that took its
 * consent back. */
int household_settle_consent(struct sotto *e) MUST_CHECK;
/* True if what this visit did may be counted: anybody's under metrics of visits, under household
 * metrics that of the stored profile SOTTO_PROFILE_HOUSEHOLD. */
int household_counts(struct sotto *e, const struct visit *v) MUST_CHECK;

/* engine_debts.c */
/* Takes over what storage owes a visit that ends. -1 when DEBTS_MAX names wait already. */
int debts_take(struct sotto *e, const struct visit *v) MUST_CHECK;
/* Gives it back to a visit of the same person that begins. */
void debts_give(struct sotto *e, struct visit *v);
/* Pays what can be paid now. */
int debts_pay(struct sotto *e) MUST_CHECK;
/* An erasure of `profile` (NULL: all) has settled them. */
void debts_forget(struct sotto *e, const char *profile);

/* engine_sweep.c */
/* Begins a pass with the next step. */
void sweep_restart(struct sotto *e);
/* Looks after one stored profile, if a pass is under way or due. */
int sweep_step(struct sotto *e) MUST_CHECK;

/* engine_slate.c */
/* Applies `event` to every slate of a session (0: of all). */
void slates_apply(struct sotto *e, sotto_session session, enum slate_event event,
                  enum sotto_why why);
void slates_close(struct sotto *e, sotto_session session);
/* The history of a session was erased: disarms its slates, also those that are open, and wipes what
 * they were made of. */
void slates_forget(struct sotto *e, sotto_session session);
/* A place that nobody has a handle of, wiped: a free one, or that of the oldest decision. NULL when
 * more than `most` slates have one; never with SOTTO_SLATES_MAX. */
struct slate *slate_spare(struct sotto *e, int most);
/* A slate whose session still lives, with time already applied to it; NULL, and an error, if there
 * is none. */
struct slate *slate_find(struct sotto *e, sotto_slate handle);
/* Times out what is older than the policy allows. */
void slates_sweep(struct sotto *e);
/* The workspace, with what could not be in this slate. */
struct slate_workspace *slate_workspace_of(struct sotto *e, const struct slate *s);
/* Hands out an opened slate's first `cap` items. */
void slate_hand_out(const struct sotto *e, const struct slate *s, struct sotto_slate_view *view,
                    struct sotto_item *items, size_t cap);
int view_check(struct sotto *e, const struct sotto_slate_view *view, const struct sotto_item *items,
               size_t cap) MUST_CHECK;

#endif
