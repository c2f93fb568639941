/* record: one recorded stretch of a device's life: the image before, every operation, what the
 * vault held at each commit and what the device had promised after each step. Owns the reading of a
 * vault's whole content. Called by world.c (writes it), checker.c and the rows (judge by it). */
#ifndef SOTTO_FAULT_RECORD_H
#define SOTTO_FAULT_RECORD_H

#include "sotto.h"
#include "tests/fault/disk.h"

struct vault;

/* Everything in a vault but keys, padding and the audit log, as one hash. */
struct content {
    uint8_t digest[32];
    uint64_t entries;    /* of the audit log */
    uint64_t generation; /* META's count of commits */
    uint32_t rows, profiles;
};

#define PERSONS      4
#define PURPOSES     3
#define MAY_BE_GONE  1u
#define MAY_BE_THERE 2u

/* What a device may be held to: each value is a set or a range, for a call that failed may have
 * been done or not. */
struct belief {
    struct {
        unsigned place;          /* MAY_BE_ bits */
        unsigned word[PURPOSES]; /* bits 1 << enum sotto_consent */
        uint32_t events_min, events_max;
    } person[PERSONS];
    uint64_t reports_min, reports_max;
    uint64_t model_floor, policy_floor; /* at least */
    unsigned model, policy;             /* the packs that lie there */
    int64_t wall_s;
    /* The report that was handed out last, which may only ever be handed out again. */
    int has_report;
    uint64_t report_window;
    uint8_t report_hash[32];
};

struct record {
    struct image before;
    int has_counter;
    uint64_t life; /* of the device while it was recorded */
    struct ops ops;
    struct content *content; /* 0: before; then at each commit */
    size_t n_content, cap_content;
    struct belief *belief; /* 0: before; then after each step */
    size_t n_belief, cap_belief;
    const char *flaw; /* what no commit may do, or NULL */
    struct nonces *nonces;
    uint64_t generation; /* of the last commit, if there was one */
    int has_committed;
};
void record_free(struct record *r);
size_t record_content(struct record *r, const struct content *c);
void record_belief(struct record *r, const struct belief *b);

/* The record that commits are noted in; NULL: none. */
extern struct record *recording;

/* Reads an open vault's rows, also within a transaction or while it is still being opened. -1 when
 * a row cannot be read or is not authentic. */
int content_read(struct vault *v, struct content *c);

/* Names and item keys of the persons of the matrix, which no medium may ever show. The first place
 * in `bytes` that does, or -1. */
long leak_find(const uint8_t *bytes, size_t n);
extern const char *const person_name[PERSONS];

#endif
