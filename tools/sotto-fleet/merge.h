/* merge: several collectors' databases into one, as one run. Every report is verified and judged
 * again, so that what two collectors both have counts once and what contradicts is set aside;
 * merging again changes nothing. Sums of disjoint sets of reports add up, so it does not matter how
 * many collectors there are. Called by main.c. */
#ifndef SOTTO_FLEET_MERGE_H
#define SOTTO_FLEET_MERGE_H

#include "tools/sotto-fleet/ingest.h"

/* Reads the `n` databases `from` into `db`, which is made when missing. Their lists of devices are
 * believed: whoever one of them has enrolled is enrolled. SOTTO_E_CORRUPT when a definition was
 * altered or means two things, SOTTO_E_FORMAT when `db` is among `from` or one id has two keys:
 * then `db` is as before. Release *result with fleet_collected_free, also after a failure. */
int fleet_merge(const char *db, char *const *from, size_t n, struct fleet_collected *result,
                struct sotto_error *err) MUST_CHECK;

#endif
