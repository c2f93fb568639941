/* make_fleet: a fleet of any size on paper: keys, noise and signatures are the real ones, only the
 * visits are made up. For the collector at scale (million.sh).
 *
 *     make_fleet make N DIR     N devices of 64 cells, one day: DIR/enrolled-*.txt,
 * DIR/policy.pack, DIR/officer.pub, DIR/reports/ *.reports, DIR/truth.txt make_fleet check DB DIR
 * holds the estimates of a database against the truth make_fleet run COMMAND…   runs a command; its
 * seconds and peak memory, on stderr */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "dp/mechanism.h"
#include "tests/support/make_pack.h"
#include "tests/support/test_rng.h"
#include "tools/sotto-fleet/collect.h"
#include "tools/sotto-fleet/estimate.h"
#include "tools/sotto-pack/parallel.h"

#define CELLS   64
#define WINDOW  20454
#define BATCH   10000 /* reports a file */
#define OFFICER 9
#define GROUPS  4

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* ---- make -------------------------------------------------------------------------------- */

struct making {
    const char *dir;
    uint64_t devices;
    uint8_t schema[32];
    pthread_mutex_t lock;
    int64_t truth[CELLS];
};

static FILE *open_in(const char *dir, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    if (!f) die(path);
    return f;
}

static void one_device(struct making *m, struct rng *rng, struct dice *dice, uint64_t number,
                       FILE *reports, FILE *enrolled, int64_t truth[CELLS]) {
    static const struct mechanism_terms terms = {.mechanism = KIND_LAPLACE,
                                                 .eps_micro = 1000000,
                                                 .max_cells = 4,
                                                 .max_weight = 1,
                                                 .n_cells = CELLS};
    uint8_t seed[32], public_key[32], secret_key[64], digest[32], bytes[SOTTO_REPORT_MAX];
    struct mechanism_cost cost;
    uint16_t counts[CELLS];
    size_t n;
    hash_keyed(seed, m->schema, "device", &number, sizeof number);
    sign_keypair(public_key, secret_key, seed);
    hash256(digest, public_key, sizeof public_key);
    struct sotto_report r = {.sequence = 1,
                             .metric = 1,
                             .window = WINDOW,
                             .window_s = 86400,
                             .policy_version = 1,
                             .mechanism = terms.mechanism,
                             .unit = SOTTO_UNIT_VISIT,
                             .eps_micro = terms.eps_micro,
                             .max_cells = terms.max_cells,
                             .max_weight = terms.max_weight,
                             .n_cells = CELLS};
    memcpy(r.device, digest, sizeof r.device);
    memcpy(r.schema, m->schema, sizeof r.schema);
    for (int c = 0; c < CELLS; c++) {
        counts[c] = (uint16_t)dice_below(dice, 2 + 60 / (1 + (uint32_t)c));
        truth[c] += counts[c];
    }
    if (mechanism_check(&terms, &cost, NULL) != 0 || rng_bytes(rng, r.id, sizeof r.id) != 0 ||
        rng_bytes(rng, r.audit_head, sizeof r.audit_head) != 0 ||
        mechanism_noise(rng, &terms, counts, r.cells) != 0)
        die("noise");
    r.rho_q40 = cost.rho_q40;
    r.delta_log2 = cost.delta_log2;
    if (sotto_report_encode(&r, secret_key, bytes, sizeof bytes, &n) != SOTTO_OK) die("encode");
    if (fwrite(bytes, 1, n, reports) != n) die("reports");
    for (int i = 0; i < 32; i++) fprintf(enrolled, "%02x", public_key[i]);
    fprintf(enrolled, " kiosk %" PRIu64 " @region-%" PRIu64 "\n", number, number % GROUPS);
}

static void one_batch(void *ctx, int thread, uint32_t batch) {
    struct making *m = ctx;
    int64_t truth[CELLS] = {0};
    struct rng rng;
    struct test_entropy entropy;
    struct dice dice = {UINT64_C(77) << 32 | batch};
    char name[64];
    snprintf(name, sizeof name, "reports/%06u.reports", batch);
    FILE *reports = open_in(m->dir, name);
    snprintf(name, sizeof name, "enrolled-%06u.txt", batch);
    FILE *enrolled = open_in(m->dir, name);
    (void)thread;
    if (test_rng_start(&rng, &entropy, dice.state, UINT32_MAX) != 0) die("generator");
    for (uint64_t d = (uint64_t)batch * BATCH; d < m->devices && d < ((uint64_t)batch + 1) * BATCH;
         d++)
        one_device(m, &rng, &dice, d, reports, enrolled, truth);
    if (fclose(reports) != 0 || fclose(enrolled) != 0) die("closing");
    pthread_mutex_lock(&m->lock);
    for (int c = 0; c < CELLS; c++) m->truth[c] += truth[c];
    pthread_mutex_unlock(&m->lock);
}

static void policy(struct making *m) {
    static uint8_t pack[MAKE_PACK_MAX];
    static struct policy loaded;
    struct make_policy p = {.version = 1, .n_cells = CELLS};
    struct sotto_error err;
    char path[4096], key[MAKE_KEY_TEXT];
    snprintf(path, sizeof path, "%s/policy.pack", m->dir);
    make_signed_file(path, pack, make_policy_pack(pack, &p), OFFICER);
    make_public_key(key, OFFICER);
    if (fleet_policy_load(&loaded, path, key, &err) != SOTTO_OK) die(err.message);
    memcpy(m->schema, loaded.schema_hash, sizeof m->schema);
    FILE *to = open_in(m->dir, "officer.pub");
    fprintf(to, "%s\n", key);
    if (fclose(to) != 0) die("officer.pub");
}

static int make(uint64_t devices, const char *dir) {
    struct making m = {.dir = dir, .devices = devices, .lock = PTHREAD_MUTEX_INITIALIZER};
    char path[4096];
    snprintf(path, sizeof path, "%s/reports", dir);
    if ((mkdir(dir, 0755) != 0 && access(dir, W_OK) != 0) ||
        (mkdir(path, 0755) != 0 && access(path, W_OK) != 0))
        die(path);
    policy(&m);
    uint32_t batches = (uint32_t)((devices + BATCH - 1) / BATCH);
    parallel_each(batches, (int)sysconf(_SC_NPROCESSORS_ONLN), "reporting", one_batch, &m);
    FILE *to = open_in(dir, "truth.txt");
    for (int c = 0; c < CELLS; c++) fprintf(to, "%" PRId64 "\n", m.truth[c]);
    return fclose(to) == 0 ? 0 : 1;
}

/* ---- check ------------------------------------------------------------------------------- */

struct checking {
    int64_t truth[CELLS];
    uint64_t reports, groups, group_reports;
    int inside, inside_all, is_seen;
};

static int check_one(void *ctx, const struct fleet_estimate *e, struct sotto_error *err) {
    struct checking *c = ctx;
    (void)err;
    if (e->is_total || e->is_suppressed) return SOTTO_OK;
    if (e->group) {
        c->groups++;
        c->group_reports += e->reports;
        return SOTTO_OK;
    }
    c->is_seen++;
    c->reports = e->reports;
    for (uint32_t i = 0; i < e->metric->n_cells && i < CELLS; i++) {
        int64_t off = llabs(e->cells[i].sum - c->truth[i]);
        c->inside += off <= e->half_width;
        c->inside_all += off <= e->all_half_width;
    }
    return SOTTO_OK;
}

static int check(const char *db, const char *dir) {
    struct checking c = {.reports = 0};
    const struct fleet_estimate_options o = {
        .db = db, .window = -1, .min_reports = 1, .by_group = 1};
    struct sotto_error err;
    uint64_t enrolled;
    char path[4096], line[64];
    snprintf(path, sizeof path, "%s/truth.txt", dir);
    FILE *f = fopen(path, "re");
    if (!f) die(path);
    for (int i = 0; i < CELLS; i++) {
        if (!fgets(line, sizeof line, f)) die(path);
        c.truth[i] = strtoll(line, NULL, 10);
    }
    fclose(f);
    if (fleet_estimate_all(&o, check_one, &c, &enrolled, &err) != SOTTO_OK) die(err.message);
    printf("%" PRIu64 " reports of %" PRIu64 " devices; %d of %d true totals inside their 95 %% "
           "interval, %d inside the one for all cells; %" PRIu64 " groups of together %" PRIu64
           " reports\n",
           c.reports, enrolled, c.inside, CELLS, c.inside_all, c.groups, c.group_reports);
    /* 95 % of 64 is 60.8, standard deviation 1.7 */
    return c.is_seen == 1 && c.reports == enrolled && c.group_reports == enrolled &&
                   c.inside >= 54 && c.inside_all >= CELLS - 1
               ? 0
               : 1;
}

/* ---- run --------------------------------------------------------------------------------- */

static int run(char **command) {
    struct timespec from, to;
    struct rusage usage;
    int status = 0;
    clock_gettime(CLOCK_MONOTONIC, &from);
    pid_t child = fork();
    if (child == 0) {
        execv(command[0], command);
        die(command[0]);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child) die("wait4");
    clock_gettime(CLOCK_MONOTONIC, &to);
    fprintf(stderr, "%.1f s, %.1f s of processors, peak %ld KiB\n",
            (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9,
            (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
            usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv) {
    if (crypto_init() != 0) die("libsodium");
    if (argc == 4 && strcmp(argv[1], "make") == 0)
        return make(strtoull(argv[2], NULL, 10), argv[3]);
    if (argc == 4 && strcmp(argv[1], "check") == 0) return check(argv[2], argv[3]);
    if (argc > 2 && strcmp(argv[1], "run") == 0) return run(argv + 2);
    fprintf(stderr, "usage: make_fleet make N DIR | check DB DIR | run COMMAND…\n");
    return 2;
}
