/* collect: from a folder of report files to counted reports, as one run. Called by main.c. */
#ifndef SOTTO_FLEET_COLLECT_H
#define SOTTO_FLEET_COLLECT_H

#include "tools/sotto-fleet/ingest.h"

struct fleet_collect_options {
    const char *db, *enrolled, *policy;
    const char *policy_key; /* a minisign public key, or the file that holds it */
    const char *dir; /* of it files named *.report (one each) and *.reports (batches) are read, in
                        the order of their names */
};

/* Runs once, as one transaction: on failure the database is as before. Safe to repeat. Release
 * *result with fleet_collected_free, also after a failure. */
int fleet_collect(const struct fleet_collect_options *options, struct fleet_collected *result,
                  struct sotto_error *err) MUST_CHECK;

/* Loads a signed policy pack of whatever device class. */
int fleet_policy_load(struct policy *policy, const char *path, const char *key_or_file,
                      struct sotto_error *err) MUST_CHECK;

#endif
