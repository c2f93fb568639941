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
#include "tools/sotto-fleet/batch.h"
#include "tools/sotto-fleet/enrol.h"

#define ONE  ".report"
#define MANY ".reports"

struct run {
    struct fleet_store store;
    struct ingest *ingest;
    struct batch *batch;
    struct fleet_collected *result;
    struct sotto_error *err;
};

/* ---- Files ------------------------------------------------------------------------------- */

static int ends_with(const char *name, const char *suffix) {
    size_t n = strlen(name), s = strlen(suffix);
    return name[0] != '.' && n > s && strcmp(name + n - s, suffix) == 0;
}

static int is_report_name(const struct dirent *entry) {
    return ends_with(entry->d_name, ONE) || ends_with(entry->d_name, MANY);
}

/* Byte order, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* -1 when it is not a regular file that can be read. */
static int open_regular(int dir, const char *name) {
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))) return fd;
    close(fd);
    return -1;
}

static int unreadable(struct run *run, const char *name) {
    struct fleet_bytes none = {.place = name, .bytes = (const uint8_t *)""};
    hash256(none.hash, none.bytes, 0);
    return ingest_odd(run->ingest, &none, FLEET_UNREADABLE, "it cannot be read as a regular file",
                      run->err);
}

static int collect_one(struct run *run, int fd, const char *name) {
    uint8_t bytes[SOTTO_REPORT_MAX + 1]; /* one more shows that a file is too long */
    size_t have = 0;
    ssize_t got = 1;
    while (got > 0 && have < sizeof bytes) {
        got = read(fd, bytes + have, sizeof bytes - have);
        if (got > 0) have += (size_t)got;
    }
    return got < 0 ? unreadable(run, name)
                   : ingest_report(run->ingest, name, bytes, have, run->err);
}

static int collect_many(struct run *run, int fd, const char *name) {
    struct batch_piece piece;
    char place[FLEET_PLACE_MAX + 1], detail[160];
    int status = SOTTO_OK, more = 0;
    batch_begin(run->batch, fd);
    while (status == SOTTO_OK && (more = batch_next(run->batch, &piece)) > 0) {
        snprintf(place, sizeof place, "%s@%llu", name, (unsigned long long)piece.offset);
        if (piece.is_report) {
            status = ingest_report(run->ingest, place, piece.bytes, piece.n, run->err);
            continue;
        }
        struct fleet_bytes odd = {.place = place, .bytes = piece.bytes, .n = piece.n};
        memcpy(odd.hash, piece.hash, sizeof odd.hash);
        snprintf(detail, sizeof detail, "%llu bytes that are no report%s",
                 (unsigned long long)piece.length,
                 piece.n < piece.length ? "; only the first 65536 are kept here" : "");
        status = ingest_odd(run->ingest, &odd, FLEET_MALFORMED, detail, run->err);
    }
    return status == SOTTO_OK && more < 0 ? unreadable(run, name) : status;
}

static int collect_file(struct run *run, int dir, const char *name) {
    run->result->files++;
    int fd = open_regular(dir, name);
    if (fd < 0) return unreadable(run, name);
    int status = ends_with(name, MANY) ? collect_many(run, fd, name) : collect_one(run, fd, name);
    close(fd);
    return status;
}

/* ---- The folder -------------------------------------------------------------------------- */

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
    return status == SOTTO_OK ? ingest_flush(run->ingest, run->err) : status;
}

/* ---- One run ----------------------------------------------------------------------------- */

static int collect_into(struct run *run, int dir, const struct fleet_collect_options *options,
                        const struct policy *policy, const uint8_t enrolled[32]) {
    int status = fleet_store_open(&run->store, options->db, 1, run->err);
    if (status != SOTTO_OK) return status;
    run->batch = malloc(sizeof *run->batch);
    run->ingest = ingest_new(&run->store, 0, run->result);
    status = run->batch && run->ingest ? fleet_store_begin(&run->store, run->err)
                                       : fail(run->err, SOTTO_E_MEMORY, "out of memory");
    if (status == SOTTO_OK) status = fleet_store_policy(&run->store, policy, run->err);
    if (status == SOTTO_OK)
        status = fleet_enrolled_store(options->enrolled, enrolled, &run->store, run->err);
    if (status == SOTTO_OK) status = collect_dir(run, dir, options->dir);
    if (status == SOTTO_OK) status = fleet_store_commit(&run->store, run->err);
    if (status != SOTTO_OK) fleet_store_rollback(&run->store);
    ingest_free(run->ingest);
    free(run->batch);
    fleet_store_close(&run->store);
    return status;
}

int fleet_collect(const struct fleet_collect_options *options, struct fleet_collected *result,
                  struct sotto_error *err) {
    struct run run = {.result = result, .err = err};
    struct policy *policy = calloc(1, sizeof *policy);
    uint8_t enrolled[HASH_BYTES];
    uint64_t devices = 0;
    int dir = -1;
    memset(result, 0, sizeof *result);
    if (!policy) return fail(err, SOTTO_E_MEMORY, "out of memory");
    int status = fleet_policy_load(policy, options->policy, options->policy_key, err);
    if (status == SOTTO_OK)
        status = fleet_enrolled_check(options->enrolled, &devices, enrolled, err);
    /* before the database, which a mistyped folder must not leave behind */
    if (status == SOTTO_OK && (dir = open(options->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        status = no_folder(options->dir, err);
    if (status == SOTTO_OK) status = collect_into(&run, dir, options, policy, enrolled);
    if (dir >= 0) close(dir);
    result->enrolled = devices;
    free(policy);
    return status;
}
