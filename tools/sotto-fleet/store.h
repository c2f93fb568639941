/* store: the fleet's memory, one SQLite file. Owns every statement; promises that a run that writes
 * is one transaction, that nothing counted or set aside is ever deleted, and that memory does not
 * grow with the number of rows. Called by enrol.c, ingest.c, merge.c and estimate.c. store.c opens,
 * store_fleet.c keeps devices and definitions, store_reports.c reports.
 *
 *     rolls       lists of devices, by their hash; the last one rules
 *     devices     by the 8 bytes of their id, as a number; groups
 *     series      what is measured, by its definition's hash; cells: its names
 *     schemas     which schema means which series
 *     reports     what counts; files: where it came from
 *     quarantine  what does not, and why */
#ifndef SOTTO_FLEET_STORE_H
#define SOTTO_FLEET_STORE_H

#include "tools/common/mechanism_read.h"
#include "pack/policy.h"
#include "sotto_report.h"

#define FLEET_LABEL_MAX  63 /* bytes, without the NUL; of groups too */
#define FLEET_GROUPS_MAX 1024
#define FLEET_PLACE_MAX  287 /* a file's name and an offset in it */

enum fleet_statement {
    FLEET_ROLL_GET,
    FLEET_ROLL_PUT,
    FLEET_ROLL_ALTER,
    FLEET_GROUP_PUT,
    FLEET_GROUP_GET,
    FLEET_GROUPS_LIST,
    FLEET_GROUPS_COUNT,
    FLEET_DEVICE_PUT,
    FLEET_DEVICE_LINE,
    FLEET_DEVICE_KEY,
    FLEET_DEVICE_COUNT,
    FLEET_DEVICES_LIST,
    FLEET_SERIES_PUT,
    FLEET_SERIES_NUMBER,
    FLEET_SERIES_GET,
    FLEET_SERIES_LIST,
    FLEET_METRIC_KNOWN,
    FLEET_CELL_PUT,
    FLEET_CELLS_GET,
    FLEET_SCHEMA_PUT,
    FLEET_SCHEMA_GET,
    FLEET_SCHEMA_LIST,
    FLEET_FILE_PUT,
    FLEET_FILE_GET,
    FLEET_REPORT_KNOWN,
    FLEET_REPORT_WINDOW,
    FLEET_REPORT_SEQUENCE,
    FLEET_REPORT_ORDER,
    FLEET_REPORT_PUT,
    FLEET_REPORT_LIST,
    FLEET_REPORT_BYTES,
    FLEET_REPORTED_LIST,
    FLEET_QUARANTINE_ANY,
    FLEET_QUARANTINE_PUT,
    FLEET_QUARANTINE_RESOLVE,
    FLEET_QUARANTINE_LIST,
    FLEET_STATEMENTS
};

struct fleet_store {
    const char *path; /* the caller's */
    struct sqlite3 *db;
    struct sqlite3_stmt *statements[FLEET_STATEMENTS];
    int64_t roll;         /* number of the list of devices that rules; 0: none yet */
    int has_cases;        /* quarantine may hold open cases */
    uint64_t file_number; /* of the last file put, 0: none */
    char file_name[FLEET_PLACE_MAX + 1];
};

/* Opens `path`; with may_write it is made when missing, without it must exist. SOTTO_E_FORMAT for a
 * file that is no fleet database or of an earlier format, SOTTO_E_NEWER for a later one. On failure
 * the store is closed. */
int fleet_store_open(struct fleet_store *s, const char *path, int may_write,
                     struct sotto_error *err) MUST_CHECK;
void fleet_store_close(struct fleet_store *s);

/* Begins the one transaction of a run and makes the tables when the file is new. Of the statuses
 * below SOTTO_E_FULL and SOTTO_E_BUSY mean: try again; fleet_store_rollback leaves the file as it
 * was. */
int fleet_store_begin(struct fleet_store *s, struct sotto_error *err) MUST_CHECK;
int fleet_store_commit(struct fleet_store *s, struct sotto_error *err) MUST_CHECK;
void fleet_store_rollback(struct fleet_store *s);

/* ---- Devices ----------------------------------------------------------------------------- */

struct fleet_device {
    uint8_t id[8], key[32];
    char label[FLEET_LABEL_MAX + 1], group[FLEET_LABEL_MAX + 1]; /* "" if none */
};

/* Whether the list that rules has this hash. */
int fleet_store_has_roll(struct fleet_store *s, const uint8_t hash[32], int *has,
                         struct sotto_error *err) MUST_CHECK;
/* Begins a list: only devices put from now on are enrolled; the others are kept. */
int fleet_store_roll(struct fleet_store *s, const uint8_t hash[32],
                     struct sotto_error *err) MUST_CHECK;
/* Marks the list that rules as no longer being that of any file; begins one if there is none. */
int fleet_store_alter_roll(struct fleet_store *s, struct sotto_error *err) MUST_CHECK;
/* Enrols a device. *other is the line that named it before in this list, 0 if none: then nothing
 * was changed. SOTTO_E_LIMIT beyond FLEET_GROUPS_MAX groups. */
int fleet_store_enrol(struct fleet_store *s, const struct fleet_device *device, uint32_t line,
                      uint32_t *other, struct sotto_error *err) MUST_CHECK;
/* Knows a device without enrolling it. */
int fleet_store_retired(struct fleet_store *s, const struct fleet_device *device,
                        struct sotto_error *err) MUST_CHECK;
/* The public key of a device that is enrolled, or with may_retired also of one that was.
 * SOTTO_E_NOT_FOUND. */
int fleet_store_device(struct fleet_store *s, const uint8_t id[8], int may_retired, uint8_t key[32],
                       struct sotto_error *err) MUST_CHECK;
/* Calls `each` for every device that is or was enrolled. */
typedef int fleet_each_device(void *ctx, const struct fleet_device *device, int is_enrolled,
                              struct sotto_error *err);
int fleet_store_devices(struct fleet_store *s, fleet_each_device *each, void *ctx,
                        struct sotto_error *err) MUST_CHECK;

/* How many devices are enrolled. */
int fleet_store_enrolled(struct fleet_store *s, uint64_t *devices,
                         struct sotto_error *err) MUST_CHECK;

/* Names of groups by their numbers, 1 and up; how many devices each has enrolled, [0] those of
 * none. */
struct fleet_groups {
    uint32_t n; /* of groups; the arrays have one more */
    char names[FLEET_GROUPS_MAX + 1][FLEET_LABEL_MAX + 1];
    uint64_t enrolled[FLEET_GROUPS_MAX + 1];
};
int fleet_store_groups(struct fleet_store *s, struct fleet_groups *groups,
                       struct sotto_error *err) MUST_CHECK;

/* ---- Definitions ------------------------------------------------------------------------- */

/* What is measured, and how: what a report must agree with. */
struct fleet_metric {
    uint64_t series; /* its number in this database */
    uint8_t definition[32];
    uint32_t id, mechanism, unit, source, event_mask, window_s, eps_micro, fresh_year;
    uint32_t max_cells, max_weight, max_value, n_cells, n_names;
    char name[64];
    char cells[POLICY_CELLS_MAX][64];
};

/* The terms of a metric's mechanism. */
struct mechanism_terms fleet_terms_of(const struct fleet_metric *metric);

/* Remembers the policy's schema; schemas of earlier runs stay known. */
int fleet_store_policy(struct fleet_store *s, const struct policy *policy,
                       struct sotto_error *err) MUST_CHECK;
/* Takes over every schema that `from` knows. SOTTO_E_CORRUPT when a definition is not what its hash
 * says, or the same schema means something else here. */
int fleet_store_copy_schemas(struct fleet_store *s, struct fleet_store *from,
                             struct sotto_error *err) MUST_CHECK;
/* The series of a schema's metric, without names. SOTTO_E_NOT_FOUND when no policy with this schema
 * was ever given, or it has no such metric. */
int fleet_store_terms(struct fleet_store *s, const uint8_t schema[16], uint32_t metric,
                      struct fleet_metric *terms, struct sotto_error *err) MUST_CHECK;
/* A series with its names, by its number. */
int fleet_store_metric(struct fleet_store *s, uint64_t series, struct fleet_metric *metric,
                       struct sotto_error *err) MUST_CHECK;
/* SOTTO_E_NOT_FOUND when no schema has a metric of this id. */
int fleet_store_has_metric(struct fleet_store *s, uint32_t metric,
                           struct sotto_error *err) MUST_CHECK;
/* The next series with reports after (*metric, *series), by metric id and number; begin with zeros.
 * SOTTO_E_NOT_FOUND past the last. */
int fleet_store_next_series(struct fleet_store *s, uint32_t *metric, uint64_t *series,
                            struct sotto_error *err) MUST_CHECK;

/* ---- Reports ----------------------------------------------------------------------------- */

/* Bytes with a name for people: the file they are from and, in a file of many, their offset. */
struct fleet_bytes {
    const char *place;
    const uint8_t *bytes;
    size_t n;
    uint8_t hash[32]; /* BLAKE2b-256 of the bytes */
};

enum fleet_conflict {
    FLEET_NO_CONFLICT,
    FLEET_KNOWN,          /* the very same bytes are counted already */
    FLEET_WINDOW_TWICE,   /* other bytes for the same device, metric and window */
    FLEET_SEQUENCE_TWICE, /* another report of the device has this sequence */
    /* a higher sequence for an earlier window, or the reverse; of a household also for the same */
    FLEET_OUT_OF_ORDER
};
/* How bytes fit what is counted; with `report` NULL only whether they are known. */
int fleet_store_conflict(struct fleet_store *s, const struct fleet_bytes *bytes,
                         const struct sotto_report *report, enum fleet_conflict *conflict,
                         struct sotto_error *err) MUST_CHECK;
/* Counts a report from now on and closes its case if it was in quarantine, and that of damaged
 * bytes that came from the same place: they were copied again. A case against a device stays open.
 */
int fleet_store_accept(struct fleet_store *s, const struct fleet_bytes *bytes,
                       const struct sotto_report *report, uint64_t series,
                       struct sotto_error *err) MUST_CHECK;
/* Puts bytes into quarantine; again is no harm. */
int fleet_store_quarantine(struct fleet_store *s, const struct fleet_bytes *bytes,
                           const char *reason, const char *detail, const char *remedy,
                           struct sotto_error *err) MUST_CHECK;

/* Calls `each` for every counted report's bytes with the place it came from; then for every open
 * case of quarantine. Stops at and returns the first status that is not SOTTO_OK. */
typedef int fleet_each_bytes(void *ctx, const char *place, const uint8_t *bytes, size_t n,
                             struct sotto_error *err);
int fleet_store_bytes(struct fleet_store *s, fleet_each_bytes *each, void *ctx,
                      struct sotto_error *err) MUST_CHECK;

/* One counted report as estimates need it. */
struct fleet_counted {
    uint64_t window;
    uint32_t group;  /* of its device now; 0: none */
    int is_enrolled; /* now */
    int is_repeat;
    const uint8_t
        *numbers; /* visits: 2 bytes a cell, int16 little-endian; households: the answer */
    size_t n_numbers;
};
/* Calls `each` for every counted report of a series, by window; window -1 means all. */
typedef int fleet_each_counted(void *ctx, const struct fleet_counted *report,
                               struct sotto_error *err);
int fleet_store_counted(struct fleet_store *s, uint64_t series, int64_t window,
                        fleet_each_counted *each, void *ctx, struct sotto_error *err) MUST_CHECK;
/* How many enrolled households of each group (numbers as in fleet_groups) reported on any metric of
 * windows of this length in `window`. */
int fleet_store_reported(struct fleet_store *s, uint32_t window_s, uint64_t window,
                         uint64_t reported[FLEET_GROUPS_MAX + 1],
                         struct sotto_error *err) MUST_CHECK;

#endif
