/* fleet_dir: an operator's folder with a signed policy, enrolled devices and report files, for
 * tests of sotto-fleet. */
#ifndef SOTTO_TEST_FLEET_DIR_H
#define SOTTO_TEST_FLEET_DIR_H

#include "tests/support/make_pack.h"
#include "tools/sotto-fleet/collect.h"

#define FLEET_DIR_DEVICES 4 /* three are enrolled, the fourth is a stranger */
#define FLEET_DIR_OFFICER 9 /* seed byte of the policy's key */

struct fleet_dir {
    char dir[128], db[160], enrolled[160], policy[160], reports[160], key[MAKE_KEY_TEXT];
    uint8_t secret_key[FLEET_DIR_DEVICES][64], public_key[FLEET_DIR_DEVICES][32];
    uint8_t id[FLEET_DIR_DEVICES][8], schema[32];
    struct fleet_collect_options options;
    struct fleet_collected result;
    struct sotto_error err;
};

struct fleet_dir *fleet_dir_new(void);
void fleet_dir_free(struct fleet_dir *f);
/* Writes the list of the first n devices. */
void fleet_dir_enrol(const struct fleet_dir *f, int n);
/* Builds, signs and installs a policy pack. */
void fleet_dir_policy(struct fleet_dir *f, const struct make_policy *p);

/* A report that fits the policy: metric 1, 8 cells of fill, fill + 1, …, daily, epsilon 1, 4 cells
 * a visit. */
struct sotto_report fleet_dir_report(const struct fleet_dir *f, int device, uint64_t sequence,
                                     uint64_t window, int16_t fill);
/* Signs a report, or takes bytes as they are, and writes them into the folder of reports. */
void fleet_dir_put(const struct fleet_dir *f, const char *name, int device,
                   const struct sotto_report *r);
void fleet_dir_put_bytes(const struct fleet_dir *f, const char *name, const void *bytes, size_t n);

/* Collects; fails the test unless it succeeds with these numbers. */
void fleet_dir_collects(struct fleet_dir *f, uint64_t accepted, uint64_t duplicates,
                        size_t set_aside);
/* Collects and returns the status. */
int fleet_dir_collect(struct fleet_dir *f);

#endif
