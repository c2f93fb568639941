/* collect: from a folder of report files to counted reports. Believes nothing: a report counts only
 * if an enrolled device signed it, a known policy explains it and nothing counted contradicts it;
 * whatever else is set aside with a reason and a remedy. Called by main.c. */
#ifndef SOTTO_FLEET_COLLECT_H
#define SOTTO_FLEET_COLLECT_H

#include "tools/sotto-fleet/store.h"

struct fleet_collect_options {
    const char *db, *enrolled, *policy;
    const char *policy_key; /* a minisign public key, or the file that holds it */
    const char *dir;        /* files named *.report in it are read, in the order of their names */
};

struct fleet_set_aside {
    char file[FLEET_FILE_MAX + 1];
    const char *reason; /* a short fixed code: "unknown-device" */
    const char *remedy;
    char detail[160];
};

struct fleet_collected {
    uint64_t files, accepted, duplicates;
    uint64_t enrolled;
    struct fleet_set_aside *set_aside; /* what is in quarantine after this run, by file name */
    size_t n_set_aside;
};

/* Runs once, as one transaction: on failure the database is as before. Safe to repeat. Release
 * *result with fleet_collected_free, also after a failure. */
int fleet_collect(const struct fleet_collect_options *options, struct fleet_collected *result,
                  struct sotto_error *err) MUST_CHECK;
void fleet_collected_free(struct fleet_collected *result);

/* Loads a signed policy pack of whatever device class. */
int fleet_policy_load(struct policy *policy, const char *path, const char *key_or_file,
                      struct sotto_error *err) MUST_CHECK;

#endif
