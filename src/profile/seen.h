/* seen: what was shown to a person, counted no longer and no finer than the policy's caps need.
 * Lives in locked memory; one record of the profile in the vault, class VAULT_SHOWN. Owns the
 * bounds: past them the items shown longest ago are forgotten, and what cannot be counted is not
 * shown. Called by slate and engine. */
#ifndef SOTTO_SEEN_H
#define SOTTO_SEEN_H

#include "pack/model.h"
#include "pack/policy.h"

#define SEEN_ITEMS_MAX    240
#define SEEN_COUNTS_MAX   40 /* capped groups and payers of one day */
#define SEEN_RECORD_BYTES (8 + SEEN_ITEMS_MAX * 14 + SEEN_COUNTS_MAX * 10)

enum seen_kind { SEEN_GROUP = 1, SEEN_PAYER = 2 };

struct seen {
    uint32_t day; /* since 1970: what the counts below are of */
    uint16_t n_items, n_counts;
    uint8_t is_asked, is_dirty; /* for whoever loads and saves it */
    struct {
        uint32_t item, at_s; /* when it was shown last */
        uint8_t today;       /* times, at most 255 */
        uint8_t is_taken;    /* the person did something with it since */
    } items[SEEN_ITEMS_MAX];
    struct {
        const char *name; /* in the pack */
        uint8_t kind;     /* enum seen_kind */
        uint8_t today;
    } counts[SEEN_COUNTS_MAX];
};

/* Counts an item as shown now, if the policy has any use for that. */
void seen_show(struct seen *seen, const struct model *model, const struct policy *policy,
               uint32_t item, int64_t now_s);
/* The person did something with it: it was not passed over. With `is_taken` 0 they want that
 * forgotten. */
void seen_take(struct seen *seen, uint32_t item, uint8_t is_taken);
/* Sets the bits of the items that may not be shown now: at their cap, or passed over lately. */
void seen_bar(const struct seen *seen, const struct policy *policy, int64_t now_s, uint8_t *bits);
/* How many more of a group or payer `per_day` (0: no cap) leaves today; at most 255, which means
 * any number. `seen` NULL: nothing was shown. */
uint8_t seen_left(const struct seen *seen, enum seen_kind kind, const char *name, uint32_t per_day,
                  int64_t now_s) MUST_CHECK;

/* The record's bytes; returns how many, 0 when there is nothing to tell. */
size_t seen_encode(const struct seen *seen, const struct model *model, const struct policy *policy,
                   int64_t now_s, uint8_t bytes[SEEN_RECORD_BYTES]);
/* Adds what a record tells, as far as the model still knows it, to what was shown since. -1 and
 * nothing added if it is malformed. */
int seen_decode(struct seen *seen, const struct model *model, const uint8_t *bytes,
                size_t n) MUST_CHECK;
/* Whether nothing in a record can count any more: the last thing shown was before both its day and
 * the time that items are hidden for, or that events are kept for, were over. */
int seen_is_over(const uint8_t *bytes, size_t n, const struct policy *policy,
                 int64_t now_s) MUST_CHECK;

#endif
