/* ingest: from bytes that claim to be reports to counted ones. Believes nothing: a report counts
 * only if an enrolled device signed it, a known policy explains it and nothing counted contradicts
 * it; whatever else is set aside with a reason and a remedy. Signatures are verified by all
 * processors while the store works on the chunk before; memory does not depend on how many reports
 * there are. Called by collect.c and merge.c. */
#ifndef SOTTO_FLEET_INGEST_H
#define SOTTO_FLEET_INGEST_H

#include "tools/sotto-fleet/store.h"

#define FLEET_LISTED_MAX 1000 /* cases listed after a run; all are in the table `quarantine` */

struct fleet_set_aside {
    char file[FLEET_PLACE_MAX + 1]; /* "b.reports@812": from its 812th byte on */
    const char *reason;             /* a short fixed code: "unknown-device" */
    const char *remedy;
    char detail[160];
};

struct fleet_collected {
    uint64_t files, reports, accepted, duplicates;
    uint64_t enrolled;
    uint64_t n_set_aside;              /* what is in quarantine after this run */
    struct fleet_set_aside *set_aside; /* the first n_listed of it, in the order it was met */
    size_t n_listed;
};
void fleet_collected_free(struct fleet_collected *result);

enum fleet_odd { FLEET_UNREADABLE, FLEET_MALFORMED };

struct ingest;
/* Starts; the store's transaction is open and outlives it. With may_retired reports of devices that
 * are no longer enrolled count too. `result` is counted on. NULL when memory is short. */
struct ingest *ingest_new(struct fleet_store *store, int may_retired,
                          struct fleet_collected *result);
void ingest_free(struct ingest *in);

/* Takes bytes, judged now or later; `place` names them for people. */
int ingest_report(struct ingest *in, const char *place, const uint8_t *bytes, size_t n,
                  struct sotto_error *err) MUST_CHECK;
/* Sets aside what cannot be a report at all. */
int ingest_odd(struct ingest *in, const struct fleet_bytes *bytes, enum fleet_odd odd,
               const char *detail, struct sotto_error *err) MUST_CHECK;
/* Judges everything taken so far. */
int ingest_flush(struct ingest *in, struct sotto_error *err) MUST_CHECK;

#endif
