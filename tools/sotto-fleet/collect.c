/* collect: see collect.h. */
#include "tools/sotto-fleet/collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tools/common/cli.h"
#include "tools/sotto-fleet/enrol.h"

#define SUFFIX ".report"

/* ---- Why a file is set aside ------------------------------------------------------------- */

enum reason {
    COUNTED,
    DUPLICATE,
    UNREADABLE,
    MALFORMED,
    UNKNOWN_DEVICE,
    BAD_SIGNATURE,
    WRONG_SCHEMA,
    WRONG_TERMS,
    WINDOW_TWICE,
    SEQUENCE_TWICE,
    OUT_OF_ORDER
};

static const struct {
    const char *code, *remedy;
} reasons[] = {
    [UNREADABLE] = {"unreadable", "make it a regular file that you may read, or copy it again"},
    [MALFORMED] = {"malformed",
                   "copy it again from the device; if that does not help, update sotto-fleet"},
    [UNKNOWN_DEVICE] = {"unknown-device",
                        "add the device's public key to the file of enrolled devices"},
    [BAD_SIGNATURE] =
        {"bad-signature",
         "copy it again from the device; if that does not help, treat the device as tampered with"},
    [WRONG_SCHEMA] =
        {"wrong-schema",
         "collect once more with the --policy pack that this device ran under, then again"},
    [WRONG_TERMS] =
        {"wrong-terms",
         "it contradicts the policy it names: update the device's engine and look for tampering"},
    [WINDOW_TWICE] =
        {"window-twice",
         "the device noised one window twice: its vault was set back or copied; enrol it anew"},
    [SEQUENCE_TWICE] =
        {"sequence-twice",
         "the device numbered two reports alike: its vault was set back or copied; enrol it anew"},
    [OUT_OF_ORDER] =
        {"out-of-order",
         "the device's history ran backwards: its vault was set back or copied; enrol it anew"},
};

struct run {
    struct fleet_store store;
    struct fleet_collected *result;
    size_t cap_set_aside;
    struct sotto_error *err;
};

static int set_aside(struct run *run, const struct fleet_file *file, enum reason reason,
                     const char *detail) {
    struct fleet_collected *r = run->result;
    if (r->n_set_aside == run->cap_set_aside) {
        size_t cap = run->cap_set_aside ? 2 * run->cap_set_aside : 16;
        struct fleet_set_aside *list = realloc(r->set_aside, cap * sizeof *list);
        if (!list) return fail(run->err, SOTTO_E_MEMORY, "out of memory");
        r->set_aside = list;
        run->cap_set_aside = cap;
    }
    struct fleet_set_aside *entry = &r->set_aside[r->n_set_aside++];
    snprintf(entry->file, sizeof entry->file, "%s", file->name);
    snprintf(entry->detail, sizeof entry->detail, "%s", detail);
    entry->reason = reasons[reason].code;
    entry->remedy = reasons[reason].remedy;
    return fleet_store_quarantine(&run->store, file, entry->reason, entry->detail, entry->remedy,
                                  run->err);
}

/* ---- Judging one report ------------------------------------------------------------------ */

static enum reason check_terms(const struct sotto_report *r, const struct fleet_terms *t,
                               char detail[160]) {
    const struct {
        const char *name;
        uint32_t have, want;
    } fields[] = {{"mechanism", r->mechanism, t->mechanism},
                  {"unit", r->unit, t->unit},
                  {"window length", r->window_s, t->window_s},
                  {"epsilon", r->eps_micro, t->eps_micro},
                  {"cells per visit", r->max_cells, t->max_cells},
                  {"number of cells", r->n_cells, t->n_cells}};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (fields[i].have != fields[i].want) {
            snprintf(detail, 160, "metric %u: its %s is %u, its policy says %u", r->metric,
                     fields[i].name, fields[i].have, fields[i].want);
            return WRONG_TERMS;
        }
    return COUNTED;
}

/* Everything that can be said without looking at what else is counted. */
static int judge_alone(struct run *run, const struct fleet_file *file, struct sotto_report *report,
                       struct fleet_terms *terms, enum reason *reason, char detail[160]) {
    uint8_t device[8], key[32];
    struct sotto_error why = {0, ""};
    *reason = MALFORMED;
    snprintf(detail, 160, "not a report");
    if (sotto_report_peek(file->bytes, file->n, device) != SOTTO_OK) return SOTTO_OK;
    int status = fleet_store_device(&run->store, device, key, run->err);
    if (status == SOTTO_E_NOT_FOUND) {
        *reason = UNKNOWN_DEVICE;
        snprintf(detail, 160, "device %02x%02x%02x%02x%02x%02x%02x%02x is not enrolled", device[0],
                 device[1], device[2], device[3], device[4], device[5], device[6], device[7]);
        return SOTTO_OK;
    }
    if (status != SOTTO_OK) return status;
    status = sotto_report_decode(file->bytes, file->n, key, report, &why);
    if (status != SOTTO_OK) {
        *reason = status == SOTTO_E_SIGNATURE ? BAD_SIGNATURE : MALFORMED;
        snprintf(detail, 160, "%.150s", why.message);
        return SOTTO_OK;
    }
    if (report->sequence > INT64_MAX) {
        snprintf(detail, 160, "its sequence is beyond what any device counts to");
        return SOTTO_OK;
    }
    status = fleet_store_terms(&run->store, report->schema, report->metric, terms, run->err);
    if (status == SOTTO_E_NOT_FOUND) {
        *reason = WRONG_SCHEMA;
        snprintf(detail, 160,
                 "metric %u, policy version %llu: no policy given so far has this schema",
                 report->metric, (unsigned long long)report->policy_version);
        return SOTTO_OK;
    }
    if (status != SOTTO_OK) return status;
    *reason = check_terms(report, terms, detail);
    return SOTTO_OK;
}

static int judge(struct run *run, const struct fleet_file *file) {
    struct sotto_report report;
    struct fleet_terms terms;
    enum fleet_conflict conflict;
    enum reason reason = COUNTED;
    char detail[160] = "";
    int status = fleet_store_conflict(&run->store, file->hash, NULL, &conflict, run->err);
    if (status != SOTTO_OK) return status;
    if (conflict == FLEET_KNOWN) {
        run->result->duplicates++;
        return SOTTO_OK;
    }
    status = judge_alone(run, file, &report, &terms, &reason, detail);
    if (status == SOTTO_OK && reason == COUNTED) {
        status = fleet_store_conflict(&run->store, file->hash, &report, &conflict, run->err);
        reason = conflict == FLEET_WINDOW_TWICE     ? WINDOW_TWICE
                 : conflict == FLEET_SEQUENCE_TWICE ? SEQUENCE_TWICE
                 : conflict == FLEET_OUT_OF_ORDER   ? OUT_OF_ORDER
                                                    : COUNTED;
        snprintf(detail, sizeof detail, "metric %u, window %llu, sequence %llu", report.metric,
                 (unsigned long long)report.window, (unsigned long long)report.sequence);
    }
    if (status != SOTTO_OK) return status;
    if (reason != COUNTED) return set_aside(run, file, reason, detail);
    run->result->accepted++;
    return fleet_store_accept(&run->store, file, &report, terms.definition, run->err);
}

/* ---- The folder -------------------------------------------------------------------------- */

static int is_report_name(const struct dirent *entry) {
    size_t n = strlen(entry->d_name), suffix = sizeof SUFFIX - 1;
    return entry->d_name[0] != '.' && n > suffix && strcmp(entry->d_name + n - suffix, SUFFIX) == 0;
}

/* Byte order, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Reads at most cap bytes; -1 when it is not a regular file that can be read. */
static ssize_t read_whole(int dir, const char *name, uint8_t *buf, size_t cap) {
    struct stat st;
    size_t have = 0;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return -1;
    ssize_t got = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? 1 : -1;
    while (got > 0 && have < cap) {
        got = read(fd, buf + have, cap - have);
        if (got > 0) have += (size_t)got;
    }
    close(fd);
    return got < 0 ? -1 : (ssize_t)have;
}

static int collect_file(struct run *run, int dir, const char *name) {
    uint8_t bytes[SOTTO_REPORT_MAX + 1]; /* one more shows that a file is too long */
    struct fleet_file file = {.name = name, .bytes = bytes};
    run->result->files++;
    ssize_t n = read_whole(dir, name, bytes, sizeof bytes);
    file.n = n < 0 ? 0 : (size_t)n;
    hash256(file.hash, bytes, file.n);
    return n < 0 ? set_aside(run, &file, UNREADABLE, "it cannot be read as a regular file")
                 : judge(run, &file);
}

static int no_folder(const char *path, struct sotto_error *err) {
    return fail(err, SOTTO_E_IO, "%.120s: %s; name the folder that holds the report files", path,
                strerror(errno));
}

static int collect_dir(struct run *run, int dir, const char *path) {
    struct dirent **names = NULL;
    struct cli_progress progress;
    int status = SOTTO_OK;
    int n = scandirat(dir, ".", &names, is_report_name, by_name);
    if (n < 0) return no_folder(path, run->err);
    cli_progress_begin(&progress, "collecting", (uint64_t)n);
    for (int i = 0; i < n; i++) {
        if (status == SOTTO_OK) status = collect_file(run, dir, names[i]->d_name);
        cli_progress_to(&progress, (uint64_t)i + 1);
        free(names[i]);
    }
    cli_progress_end(&progress);
    free(names);
    return status;
}

/* ---- One run ----------------------------------------------------------------------------- */

static int collect_into(struct run *run, int dir, const struct fleet_collect_options *options,
                        const struct policy *policy, const struct fleet_device *devices,
                        size_t n_devices) {
    int status = fleet_store_open(&run->store, options->db, 1, run->err);
    if (status != SOTTO_OK) return status;
    status = fleet_store_begin(&run->store, run->err);
    if (status == SOTTO_OK) status = fleet_store_policy(&run->store, policy, run->err);
    if (status == SOTTO_OK) status = fleet_store_enrol(&run->store, devices, n_devices, run->err);
    if (status == SOTTO_OK) status = collect_dir(run, dir, options->dir);
    if (status == SOTTO_OK) status = fleet_store_commit(&run->store, run->err);
    if (status != SOTTO_OK) fleet_store_rollback(&run->store);
    fleet_store_close(&run->store);
    return status;
}

int fleet_collect(const struct fleet_collect_options *options, struct fleet_collected *result,
                  struct sotto_error *err) {
    struct fleet_device *devices = NULL;
    struct run run = {.result = result, .err = err};
    struct policy *policy = calloc(1, sizeof *policy);
    size_t n_devices = 0;
    int dir = -1;
    memset(result, 0, sizeof *result);
    if (!policy) return fail(err, SOTTO_E_MEMORY, "out of memory");
    int status = fleet_policy_load(policy, options->policy, options->policy_key, err);
    if (status == SOTTO_OK)
        status = fleet_enrolled_read(options->enrolled, &devices, &n_devices, err);
    /* before the database, which a mistyped folder must not leave behind */
    if (status == SOTTO_OK && (dir = open(options->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        status = no_folder(options->dir, err);
    if (status == SOTTO_OK) status = collect_into(&run, dir, options, policy, devices, n_devices);
    if (dir >= 0) close(dir);
    result->enrolled = n_devices;
    free(devices);
    free(policy);
    return status;
}

void fleet_collected_free(struct fleet_collected *result) {
    free(result->set_aside);
    memset(result, 0, sizeof *result);
}
