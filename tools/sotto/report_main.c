/* report_main: `sotto report preview`. Shows what would leave this device, byte for byte, and what
 * it would mean, to whoever reads it and for a person. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "sotto_report.h"
#include "tools/common/cli.h"
#include "tools/sotto/commands.h"
#include "tools/sotto/device.h"

static const char help[] =
    "usage: sotto report preview [options]\n"
    "\n"
    "Shows every report that waits in a device's outbox exactly as it would leave, when it may, "
    "and\n"
    "what it means. Nothing is sent; nothing that is not stored already is made up for this.\n"
    "\n" DEVICE_HELP "  --all               those that may have left already, too\n"
    "  --hex               their bytes\n"
    "\n"
    "Example:\n"
    "  sotto report preview\n"
    "  sotto report preview " DEVICE_EXAMPLE;

static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                        {"all", no_argument, NULL, 'a'},
                                        {"hex", no_argument, NULL, 'x'},
                                        {"model", required_argument, NULL, 'd'},
                                        {"model-key", required_argument, NULL, 'd'},
                                        {"policy", required_argument, NULL, 'd'},
                                        {"policy-key", required_argument, NULL, 'd'},
                                        {"keys", required_argument, NULL, 'd'},
                                        {"vault", required_argument, NULL, 'd'},
                                        {"socket", required_argument, NULL, 'd'},
                                        {NULL, 0, NULL, 0}};

struct command {
    struct own_device device;
    int shows_all, shows_hex;
};

static int usage(const char *message, const char *what) {
    fprintf(stderr, "sotto report: %s%s; `sotto report --help` tells more\n", message, what);
    return EXIT_USAGE;
}

/* EXIT_OK to go on, -1 when help was printed. */
static int parse(struct command *c, int argc, char **argv) {
    int option, index = 0;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, &index)) != -1) {
        switch (option) {
        case 'h': fputs(help, stdout); return -1;
        case 'a': c->shows_all = 1; break;
        case 'x': c->shows_hex = 1; break;
        case 'd': (void)own_device_option(&c->device, options[index].name, optarg); break;
        default: return usage("an option is unknown or lacks its value", "");
        }
    }
    if (optind + 1 != argc || strcmp(argv[optind], "preview") != 0)
        return usage("say what to do: preview", "");
    const char *lacks = own_device_lacks(&c->device);
    return lacks ? usage(lacks, "") : EXIT_OK;
}

static const char *day_of(char text[24], int64_t s) {
    time_t at = (time_t)s;
    struct tm day;
    if (!gmtime_r(&at, &day) || strftime(text, 24, "%Y-%m-%d %H:%M", &day) == 0)
        snprintf(text, 24, "an unknown day");
    return text;
}

static const char *mechanism_of(uint32_t mechanism) {
    switch ((enum sotto_mechanism)mechanism) {
    case SOTTO_DISCRETE_LAPLACE: return "discrete Laplace noise on every count";
    case SOTTO_DISCRETE_GAUSSIAN: return "discrete Gaussian noise on every count";
    case SOTTO_SUBSET_SELECTION: return "a set of values drawn by chance (subset selection)";
    case SOTTO_PGR: return "a point drawn by chance (projective geometry response)";
    case SOTTO_ONE_BIT_MEAN: return "one bit drawn by chance";
    }
    return "unknown";
}

/* e^epsilon for the few epsilons there are would do; this needs no table. */
static double factor_of(uint32_t eps_micro) {
    double x = eps_micro / 1e6, term = 1, sum = 1;
    for (int i = 1; i < 40; i++) sum += term *= x / i;
    return sum;
}

static void print_numbers(struct own_device *d, const struct sotto_report *r) {
    if (r->unit == SOTTO_UNIT_HOUSEHOLD) {
        printf("  The answer, as it would leave:");
        for (uint32_t i = 0; i < r->n_answer; i++) printf(" %02x", r->answer[i]);
        printf("\n");
        return;
    }
    printf("  The numbers, as they would leave:\n");
    for (uint32_t c = 0; c < r->n_cells; c++) {
        const char *name = own_device_cell(d, r->metric, c);
        printf("    %6d  %s\n", r->cells[c], name ? name : "(no name under the policy in force)");
    }
}

static void print_meaning(const struct sotto_report *r) {
    double factor = factor_of(r->eps_micro);
    if (r->unit == SOTTO_UNIT_VISIT) {
        printf(
            "  What it means: counts of the visits of this time whose person agreed to be counted, "
            "each in at most\n  %u cells and by at most %u, with chance added. A negative number "
            "is "
            "chance.\n",
            r->max_cells, r->max_weight);
        printf(
            "  For a person: whether one visit took place changes how likely any such report is by "
            "a factor of at\n  most %.2f; what was touched in it, by %.2f. It does not say who "
            "came, "
            "when within the window, nor\n  what was touched together. Somebody who comes k times "
            "is protected k times separately.\n",
            factor, factor * factor);
    } else {
        printf("  What it means: an answer of this household, drawn by chance, that only many "
               "households "
               "together\n  give a meaning%s.\n",
               r->is_repeat ? "; it was given before, or stands for nobody, and is sent again"
                            : "");
        printf(
            "  For a person: anything the household did in this time, in place of anything else, "
            "changes how likely\n  this answer is by a factor of at most %.2f. It never tells for "
            "certain what was watched, by whom,\n  or whether anybody was there at all.\n",
            factor);
    }
    if (r->delta_log2)
        printf("  This holds but for a chance of one in 2^%u, for what was touched of %.1f times "
               "that.\n",
               r->delta_log2, 1 + factor);
}

static void print_report(struct command *c, const struct sotto_report *r, int64_t release_s,
                         const uint8_t *bytes, size_t n) {
    char from[24], to[24], leaves[24];
    const char *name = own_device_metric(&c->device, r->metric);
    int64_t start = (int64_t)r->window * r->window_s;
    printf("Report %" PRIu64 ": \"%s\" (metric %" PRIu32 "), %s to %s UTC, %zu bytes\n",
           r->sequence, name ? name : "a metric of an earlier policy", r->metric,
           day_of(from, start), day_of(to, start + r->window_s), n);
    printf("  It may leave from %s UTC on, a time fixed before there was anything to tell.\n",
           day_of(leaves, release_s));
    printf("  Made by %s; epsilon %g.\n", mechanism_of(r->mechanism), r->eps_micro / 1e6);
    print_numbers(&c->device, r);
    print_meaning(r);
    if (c->shows_hex) {
        printf("  Every byte:\n");
        for (size_t i = 0; i < n; i++)
            printf("%s%02x%s", i % 32 ? "" : "    ", bytes[i],
                   i % 32 == 31 || i + 1 == n ? "\n" : "");
    }
    printf("\n");
}

static int preview(struct command *c, struct sotto_error *err) {
    uint8_t bytes[SOTTO_REPORT_MAX], key[32];
    uint64_t cursor = 0;
    unsigned shown = 0, gone = 0;
    int64_t release_s, now_s;
    size_t n;
    int status = own_device_about(&c->device, key, &now_s, err);
    if (status != SOTTO_OK) return status;
    while (status == SOTTO_OK) {
        struct sotto_report r;
        status = own_device_preview(&c->device, &cursor, &release_s, bytes, &n, err);
        if (status != SOTTO_OK) break;
        int may_have_left = release_s <= now_s;
        gone += (unsigned)may_have_left;
        if (may_have_left && !c->shows_all) continue;
        status = sotto_report_decode(bytes, n, key, &r, err);
        if (status != SOTTO_OK) {
            printf("Report %" PRIu64 ": %zu bytes of an earlier version\n\n", cursor, n);
            status = SOTTO_OK;
            continue;
        }
        print_report(c, &r, release_s, bytes, n);
        shown++;
    }
    if (status != SOTTO_E_NOT_FOUND) return status;
    if (shown == 0) printf("Nothing waits to leave.\n");
    if (gone && !c->shows_all) printf("%u more may have left already; --all shows them.\n", gone);
    printf("What is counted now is in no report yet: chance is added when its window ends.\n");
    return SOTTO_OK;
}

int report_main(int argc, char **argv) {
    struct command c = {0};
    struct sotto_error err = {0};
    int code = parse(&c, argc, argv);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    int status = own_device_open(&c.device, &err);
    if (status == SOTTO_OK) status = preview(&c, &err);
    own_device_close(&c.device);
    return status == SOTTO_OK ? EXIT_OK : cli_report("sotto report", &err);
}
