/* store: the fleet's memory, one SQLite file. Owns every statement; promises that a run of
 * `collect` is one transaction and that nothing is ever deleted. Called by collect.c and
 * estimate.c.
 *
 *     devices     who is enrolled          metrics, cells  what is measured, by its definition's
 * hash reports     what counts              schemas         which schema means which definitions
 *     quarantine  what does not, and why */
#ifndef SOTTO_FLEET_STORE_H
#define SOTTO_FLEET_STORE_H

#include "pack/policy.h"
#include "sotto_report.h"

#define FLEET_LABEL_MAX 63 /* bytes, without the NUL */
#define FLEET_FILE_MAX  255

enum fleet_statement {
    FLEET_DEVICES_RETIRE,
    FLEET_DEVICE_PUT,
    FLEET_DEVICE_GET,
    FLEET_DEVICE_COUNT,
    FLEET_METRIC_PUT,
    FLEET_CELL_PUT,
    FLEET_SCHEMA_PUT,
    FLEET_SCHEMA_GET,
    FLEET_REPORT_KNOWN,
    FLEET_REPORT_WINDOW,
    FLEET_REPORT_SEQUENCE,
    FLEET_REPORT_ORDER,
    FLEET_REPORT_PUT,
    FLEET_QUARANTINE_PUT,
    FLEET_QUARANTINE_RESOLVE,
    FLEET_METRIC_KNOWN,
    FLEET_METRIC_GET,
    FLEET_CELLS_GET,
    FLEET_GROUPS,
    FLEET_STATEMENTS
};

struct fleet_store {
    const char *path; /* the caller's */
    struct sqlite3 *db;
    struct sqlite3_stmt *statements[FLEET_STATEMENTS];
};

/* Opens `path`; with may_write it is made when missing, without it must exist. SOTTO_E_FORMAT for a
 * file that is no fleet database, SOTTO_E_NEWER for a later format. On failure the store is closed.
 */
int fleet_store_open(struct fleet_store *s, const char *path, int may_write,
                     struct sotto_error *err) MUST_CHECK;
void fleet_store_close(struct fleet_store *s);

/* Begins the one transaction of a run and makes the tables when the file is new. Of the statuses
 * below SOTTO_E_FULL and SOTTO_E_BUSY mean: try again; fleet_store_rollback leaves the file as it
 * was. */
int fleet_store_begin(struct fleet_store *s, struct sotto_error *err) MUST_CHECK;
int fleet_store_commit(struct fleet_store *s, struct sotto_error *err) MUST_CHECK;
void fleet_store_rollback(struct fleet_store *s);

/* ---- What a run of collect writes -------------------------------------------------------- */

struct fleet_device {
    uint8_t id[8], key[32];
    char label[FLEET_LABEL_MAX + 1];
};

/* Replaces the list of enrolled devices; those not in it are kept but no longer enrolled. */
int fleet_store_enrol(struct fleet_store *s, const struct fleet_device *devices, size_t n,
                      struct sotto_error *err) MUST_CHECK;
/* Remembers the policy's schema; schemas of earlier runs stay known. */
int fleet_store_policy(struct fleet_store *s, const struct policy *policy,
                       struct sotto_error *err) MUST_CHECK;

/* The public key of an enrolled device. SOTTO_E_NOT_FOUND. */
int fleet_store_device(struct fleet_store *s, const uint8_t id[8], uint8_t key[32],
                       struct sotto_error *err) MUST_CHECK;

/* What a report must agree with. */
struct fleet_terms {
    uint8_t definition[32];
    uint32_t mechanism, unit, window_s, eps_micro, max_cells, n_cells;
};
/* SOTTO_E_NOT_FOUND when no policy with this schema was ever given, or it has no such metric. */
int fleet_store_terms(struct fleet_store *s, const uint8_t schema[16], uint32_t metric,
                      struct fleet_terms *terms, struct sotto_error *err) MUST_CHECK;

enum fleet_conflict {
    FLEET_NO_CONFLICT,
    FLEET_KNOWN,          /* the very same bytes are counted already */
    FLEET_WINDOW_TWICE,   /* other bytes for the same device, metric and window */
    FLEET_SEQUENCE_TWICE, /* another report of the device has this sequence */
    FLEET_OUT_OF_ORDER    /* a higher sequence for an earlier window, or the reverse */
};
/* How a report fits what is counted. `hash` is BLAKE2b-256 of its bytes. */
int fleet_store_conflict(struct fleet_store *s, const uint8_t hash[32],
                         const struct sotto_report *report, enum fleet_conflict *conflict,
                         struct sotto_error *err) MUST_CHECK;

struct fleet_file {
    const char *name;
    const uint8_t *bytes;
    size_t n;
    uint8_t hash[32];
};
/* Counts a report from now on and closes its case if it was in quarantine. */
int fleet_store_accept(struct fleet_store *s, const struct fleet_file *file,
                       const struct sotto_report *report, const uint8_t definition[32],
                       struct sotto_error *err) MUST_CHECK;
/* Puts a file into quarantine; again is no harm. */
int fleet_store_quarantine(struct fleet_store *s, const struct fleet_file *file, const char *reason,
                           const char *detail, const char *remedy,
                           struct sotto_error *err) MUST_CHECK;

/* ---- What estimate reads ----------------------------------------------------------------- */

struct fleet_metric {
    uint8_t definition[32];
    uint32_t id, window_s, eps_micro, max_cells, n_cells;
    char name[64];
    char cells[POLICY_CELLS_MAX][64];
};
int fleet_store_metric(struct fleet_store *s, const uint8_t definition[32],
                       struct fleet_metric *metric, struct sotto_error *err) MUST_CHECK;
/* SOTTO_E_NOT_FOUND when no schema has a metric of this id. */
int fleet_store_has_metric(struct fleet_store *s, uint32_t metric,
                           struct sotto_error *err) MUST_CHECK;
int fleet_store_enrolled(struct fleet_store *s, uint64_t *devices,
                         struct sotto_error *err) MUST_CHECK;

/* Calls `each` for every counted report, by metric, definition and window; metric 0 and window -1
 * mean all. `cells` are 2·n bytes, int16 little-endian. Stops at and returns the first status that
 * is not SOTTO_OK. */
typedef int fleet_each_report(void *ctx, const uint8_t definition[32], uint64_t window,
                              const uint8_t *cells, size_t n_cells, struct sotto_error *err);
int fleet_store_reports(struct fleet_store *s, uint32_t metric, int64_t window,
                        fleet_each_report *each, void *ctx, struct sotto_error *err) MUST_CHECK;

#endif
