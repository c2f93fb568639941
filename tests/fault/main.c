/* main: one row of the fault matrix, or all of them. See README.md.
 *
 *     fault [--row NAME] [--seed N] [--scale X] [--part I/N] [--scenario NAME] [--state N]
 *
 * Prints `row NAME STATES FAILURES ENGINES CPU_SECONDS` for each, and a line for each of the first
 * failures. Ends 1 if there was any. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/crypto.h"
#include "tests/fault/alloc.h"
#include "tests/fault/row.h"
#include "tests/support/dice.h"

#define TOLD_MOST 5

static const struct {
    const char *name;
    void (*run)(struct row *row);
} rows[] = {
    {"power", row_power},   {"lost", row_lost},           {"errors", row_errors},
    {"memory", row_memory}, {"damage", row_damage},       {"kill", row_kill},
    {"clocks", row_clocks}, {"processes", row_processes}, {"rollback", row_rollback},
};

int row_next(struct row *row) {
    uint64_t number = row->number++;
    if (row->only_state) return number + 1 == row->only_state;
    if (number % row->parts != row->part) return 0;
    row->states++;
    return 1;
}

int row_draw(struct row *row) {
    struct dice d = {row->seed * 1000003 + row->number};
    if (row->scale >= 1 || (double)dice_below(&d, 1000000) < row->scale * 1e6) return row_next(row);
    row->number++;
    return 0;
}

void row_judge(struct row *row, const struct verdict *v, const char *format, ...) {
    va_list args;
    if (row->only_state) row->states++;
    if (!v->is_bad) return;
    if (row->failures++ >= TOLD_MOST) return;
    printf("FAILED ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf(" (STATE=%llu): %s\n", (unsigned long long)row->number, v->why);
    fflush(stdout);
}

int row_wants(const struct row *row, unsigned scenario) {
    return !row->only || strcmp(row->only, scenarios[scenario].name) == 0;
}

uint64_t row_scaled(const struct row *row, uint64_t full) {
    double n = (double)full * row->scale;
    return n < 1 ? 1 : (uint64_t)n;
}

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *value(int argc, char **argv, const char *name, const char *otherwise) {
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0) return argv[i + 1];
    return otherwise;
}

static int is_scenario(const char *name) {
    for (unsigned i = 0; name && i < n_scenarios; i++)
        if (strcmp(name, scenarios[i].name) == 0) return 1;
    return name == NULL;
}

int main(int argc, char **argv) {
    const char *wanted = value(argc, argv, "--row", NULL);
    uint64_t failures = 0, ran = 0;
    if (!is_scenario(value(argc, argv, "--scenario", NULL))) {
        fprintf(stderr, "fault: no such scenario\n");
        return 2;
    }
    alloc_start();
    disk_start();
    if (crypto_init() != 0) return 2;
    device_make_packs();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct row row = {.seed = strtoull(value(argc, argv, "--seed", "1"), NULL, 10),
                          .scale = strtod(value(argc, argv, "--scale", "1"), NULL),
                          .parts = 1,
                          .only = value(argc, argv, "--scenario", NULL),
                          .only_state = strtoull(value(argc, argv, "--state", "0"), NULL, 10)};
        if (wanted && strcmp(wanted, rows[i].name) != 0) continue;
        char *slash = NULL;
        row.part = (unsigned)strtoul(value(argc, argv, "--part", "0/1"), &slash, 10);
        row.parts = *slash == '/' ? (unsigned)strtoul(slash + 1, NULL, 10) : 0;
        if (row.part >= row.parts) return 2;
        double from = cpu_s();
        rows[i].run(&row);
        printf("row %s %llu %llu %llu %.1f\n", rows[i].name, (unsigned long long)row.states,
               (unsigned long long)row.failures, (unsigned long long)row.engines, cpu_s() - from);
        fflush(stdout);
        failures += row.failures;
        ran++;
    }
    if (ran == 0) fprintf(stderr, "fault: no such row\n");
    return ran == 0 ? 2 : failures > 0;
}
