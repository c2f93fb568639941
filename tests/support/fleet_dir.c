#include "tests/support/fleet_dir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test.h"

#include "crypto/crypto.h"

void fleet_dir_enrol(const struct fleet_dir *f, int n) {
    FILE *to = fopen(f->enrolled, "w");
    assert_non_null(to);
    fprintf(to, "# devices\n\n");
    for (int d = 0; d < n; d++) {
        for (int i = 0; i < 32; i++) fprintf(to, d & 1 ? "%02X" : "%02x", f->public_key[d][i]);
        fprintf(to, d == 1 ? "\n" : "\tkiosk %d\n", d);
    }
    assert_int_equal(fclose(to), 0);
}

void fleet_dir_policy(struct fleet_dir *f, const struct make_policy *p) {
    static uint8_t pack[MAKE_PACK_MAX];
    struct policy loaded;
    size_t n = make_policy_pack(pack, p);
    make_signed_file(f->policy, pack, n, FLEET_DIR_OFFICER);
    assert_int_equal(fleet_policy_load(&loaded, f->policy, f->key, &f->err), SOTTO_OK);
    memcpy(f->schema, loaded.schema_hash, 32);
}

struct fleet_dir *fleet_dir_new(void) {
    static struct fleet_dir f;
    const char *tmp = getenv("TMPDIR");
    memset(&f, 0, sizeof f);
    assert_int_equal(crypto_init(), 0);
    snprintf(f.dir, sizeof f.dir, "%.80s/sotto-fleet-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(f.dir));
    snprintf(f.db, sizeof f.db, "%s/fleet.db", f.dir);
    snprintf(f.enrolled, sizeof f.enrolled, "%s/enrolled.txt", f.dir);
    snprintf(f.policy, sizeof f.policy, "%s/policy.pack", f.dir);
    snprintf(f.reports, sizeof f.reports, "%s/reports", f.dir);
    assert_int_equal(mkdir(f.reports, 0755), 0);
    make_public_key(f.key, FLEET_DIR_OFFICER);
    for (int d = 0; d < FLEET_DIR_DEVICES; d++) {
        uint8_t seed[32], digest[32];
        memset(seed, 40 + d, sizeof seed);
        sign_keypair(f.public_key[d], f.secret_key[d], seed);
        hash256(digest, f.public_key[d], 32);
        memcpy(f.id[d], digest, 8);
    }
    fleet_dir_enrol(&f, 3); /* the fourth is a stranger */
    struct make_policy p = {.version = 1};
    fleet_dir_policy(&f, &p);
    f.options = (struct fleet_collect_options){f.db, f.enrolled, f.policy, f.key, f.reports};
    return &f;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *walk) {
    (void)s, (void)kind, (void)walk;
    return remove(path);
}

void fleet_dir_free(struct fleet_dir *f) {
    fleet_collected_free(&f->result);
    nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A report that fits the policy of make_policy_pack: metric 1, 8 cells, daily, epsilon 1, 4 cells a
 * visit. */
struct sotto_report fleet_dir_report(const struct fleet_dir *f, int device, uint64_t sequence,
                                     uint64_t window, int16_t fill) {
    struct sotto_report r = {.sequence = sequence,
                             .metric = 1,
                             .window = window,
                             .window_s = 86400,
                             .policy_version = 1,
                             .mechanism = 1,
                             .unit = 1,
                             .eps_micro = 1000000,
                             .rho_q40 = UINT64_C(1) << 39,
                             .max_cells = 4,
                             .max_weight = 1,
                             .n_cells = 8};
    memcpy(r.device, f->id[device], 8);
    memcpy(r.schema, f->schema, 16);
    for (int c = 0; c < 8; c++) r.cells[c] = (int16_t)(fill + c);
    return r;
}

void fleet_dir_put_bytes(const struct fleet_dir *f, const char *name, const void *bytes, size_t n) {
    char path[420];
    snprintf(path, sizeof path, "%s/%s", f->reports, name);
    make_file(path, bytes, n);
}

void fleet_dir_put(const struct fleet_dir *f, const char *name, int device,
                   const struct sotto_report *r) {
    uint8_t bytes[SOTTO_REPORT_MAX];
    size_t n;
    assert_int_equal(sotto_report_encode(r, f->secret_key[device], bytes, sizeof bytes, &n),
                     SOTTO_OK);
    fleet_dir_put_bytes(f, name, bytes, n);
}

int fleet_dir_collect(struct fleet_dir *f) {
    fleet_collected_free(&f->result);
    return fleet_collect(&f->options, &f->result, &f->err);
}

/* Collects and expects these numbers. */
void fleet_dir_collects(struct fleet_dir *f, uint64_t accepted, uint64_t duplicates,
                        size_t set_aside) {
    int status = fleet_dir_collect(f);
    if (status != SOTTO_OK) fail_msg("%s", f->err.message);
    for (size_t i = 0; i < f->result.n_listed && f->result.n_set_aside != set_aside; i++)
        print_message("%s: %s: %s\n", f->result.set_aside[i].file, f->result.set_aside[i].reason,
                      f->result.set_aside[i].detail);
    assert_int_equal(f->result.accepted, accepted);
    assert_int_equal(f->result.duplicates, duplicates);
    assert_int_equal(f->result.n_set_aside, set_aside);
}
