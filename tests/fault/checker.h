/* checker: the one judge of every row. Opens what a fault left and holds it against what the record
 * says may be there: it opens; the content is that of the last acknowledged commit or of one that
 * was in flight, never half of one; what the engine then tells lies within its beliefs; only the
 * living key is left; nothing is held in memory afterwards. */
#ifndef SOTTO_FAULT_CHECKER_H
#define SOTTO_FAULT_CHECKER_H

#include "tests/fault/record.h"

#define CANDIDATES_MAX 1024

/* What may be there after some operations of a record. */
struct horizon {
    size_t candidate[CANDIDATES_MAX], n; /* numbers of contents; 0 is the latest acknowledged */
    size_t belief;                       /* the last step that was taken */
    int is_settled;                      /* and nothing was begun since */
};
void horizon_begin(struct horizon *h);
void horizon_step(struct horizon *h, const struct op *op);

struct verdict {
    int is_bad;
    char why[256];
};
void verdict_bad(struct verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether the engine is opened as well as the vault: for every content once, and for each so many
 * states. */
struct judge {
    const struct record *record;
    uint8_t *seen;    /* of each content: an engine has been opened on it, settled or not */
    unsigned every;   /* 0: never but for the first */
    uint64_t engines; /* opened */
    uint64_t n;
};
void judge_begin(struct judge *j, const struct record *r, unsigned every);
void judge_end(struct judge *j);

/* Judges an image, which is left as it was; the RAM disk is used up. */
void judge_image(struct judge *j, const struct horizon *h, const struct image *image,
                 struct verdict *v);

/* What the engine tells, through its public face. */
struct facts {
    struct {
        int is_there;
        unsigned word[PURPOSES];
        uint32_t events;
    } person[PERSONS];
    uint64_t profiles, reports, spent_micro, model_floor, policy_floor, logged_reports;
    uint64_t epoch, logged_erasures, logged_shreds;
    uint8_t audit_key[32];
};
/* Reads them from an engine that is open. */
void facts_read(struct sotto *engine, struct facts *f, struct verdict *v);
/* Between two beliefs: each value lies within one of them or between both. */
void facts_check(const struct facts *f, const struct belief *low, const struct belief *high,
                 struct verdict *v);

#endif
