/* budget_main: `sotto budget`. What this device has revealed, what it still may, and in plain words
 * what that protects and what not. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "sotto_report.h"
#include "tools/common/cli.h"
#include "tools/common/json.h"
#include "tools/common/noise_words.h"
#include "tools/sotto/commands.h"
#include "tools/sotto/device.h"

static const char help[] =
    "usage: sotto budget [options]\n"
    "\n"
    "Tells what a device has revealed about people and what it still may.\n"
    "\n" DEVICE_HELP "  --explain           what is protected, in plain words, and what is not\n"
    "  --json              the figures as JSON\n"
    "\n"
    "Example:\n"
    "  sotto budget --explain\n"
    "  sotto budget --explain " DEVICE_EXAMPLE;

static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                        {"explain", no_argument, NULL, 'e'},
                                        {"json", no_argument, NULL, 'j'},
                                        {"model", required_argument, NULL, 'd'},
                                        {"model-key", required_argument, NULL, 'd'},
                                        {"policy", required_argument, NULL, 'd'},
                                        {"policy-key", required_argument, NULL, 'd'},
                                        {"keys", required_argument, NULL, 'd'},
                                        {"vault", required_argument, NULL, 'd'},
                                        {"socket", required_argument, NULL, 'd'},
                                        {NULL, 0, NULL, 0}};

#define DELTA_ONE 18446744073709551616.0 /* 2^64, the unit of sotto_budget's delta_q64 */

struct command {
    struct own_device device;
    int explains, is_json;
};

static int usage(const char *message, const char *what) {
    fprintf(stderr, "sotto budget: %s%s; `sotto budget --help` tells more\n", message, what);
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
        case 'e': c->explains = 1; break;
        case 'j': c->is_json = 1; break;
        case 'd': (void)own_device_option(&c->device, options[index].name, optarg); break;
        default: return usage("an option is unknown or lacks its value", "");
        }
    }
    if (optind != argc) return usage("this is one word too many: ", argv[optind]);
    const char *lacks = own_device_lacks(&c->device);
    return lacks ? usage(lacks, "") : EXIT_OK;
}

static void print_json(const struct sotto_budget *b) {
    struct json j = json_to(stdout);
    json_begin_object(&j, NULL);
    json_text(&j, "unit",
              b->unit == SOTTO_UNIT_VISIT       ? "visit"
              : b->unit == SOTTO_UNIT_HOUSEHOLD ? "household"
                                                : "none");
    json_uint(&j, "window_micro", b->window_micro);
    json_uint(&j, "year_micro", b->year_micro);
    json_uint(&j, "year_cap_micro", b->year_cap_micro);
    json_uint(&j, "lifetime_micro", b->lifetime_micro);
    json_uint(&j, "lifetime_cap_micro", b->lifetime_cap_micro);
    json_uint(&j, "composed_micro", b->composed_micro);
    json_text(&j, "composed_by", b->composed_is_zcdp ? "zcdp" : "sum");
    json_uint(&j, "composed_delta_log2", b->composed_is_zcdp ? b->composed_delta_log2 : 0);
    json_double(&j, "delta", (double)b->delta_q64 / DELTA_ONE);
    json_uint(&j, "fresh_answers", b->fresh);
    json_uint(&j, "fresh_answers_cap", b->fresh_cap);
    json_uint(&j, "reports", b->reports);
    json_bool(&j, "is_spent", (int)b->is_spent);
    json_end_object(&j);
    printf("\n");
}

static void print_figures(const struct sotto_budget *b) {
    printf("%" PRIu64 " reports made. Epsilon charged:\n"
           "  this year    %12.6f of %g\n"
           "  ever         %12.6f of %g\n",
           b->reports, (double)b->year_micro / 1e6, (double)b->year_cap_micro / 1e6,
           (double)b->lifetime_micro / 1e6, (double)b->lifetime_cap_micro / 1e6);
    printf("  all together %12.6f", (double)b->composed_micro / 1e6);
    if (b->composed_is_zcdp)
        printf(", but for a chance of one in 2^%u (zero-concentrated composition; the sum is %g)",
               b->composed_delta_log2, (double)b->lifetime_micro / 1e6);
    printf("\n");
    if (b->unit == SOTTO_UNIT_HOUSEHOLD)
        printf("  fresh answers this year: %u of %u\n", b->fresh, b->fresh_cap);
    if (b->delta_q64)
        printf("  chance, added up, that one of these did not hold: %.3g\n",
               (double)b->delta_q64 / DELTA_ONE);
    if (b->unit != 0 && b->is_spent)
        printf("Not one more window is covered: nothing new about anybody leaves.\n");
}

int budget_main(int argc, char **argv) {
    struct command c = {0};
    struct sotto_error err = {0};
    struct sotto_budget b = {.size = sizeof b};
    int code = parse(&c, argc, argv);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    int status = own_device_open(&c.device, &err);
    if (status == SOTTO_OK) status = own_device_budget(&c.device, &b, &err);
    own_device_close(&c.device);
    if (status != SOTTO_OK) return cli_report("sotto budget", &err);
    if (c.is_json) {
        print_json(&b);
        return EXIT_OK;
    }
    print_figures(&b);
    if (b.unit == 0) printf("The policy in force measures nothing.\n");
    const struct noise_words words = {b.window_micro, b.year_cap_micro, b.lifetime_cap_micro,
                                      b.fresh_cap};
    if (c.explains && b.unit == SOTTO_UNIT_VISIT) noise_words_visit(&words);
    if (c.explains && b.unit == SOTTO_UNIT_HOUSEHOLD) noise_words_household(&words);
    return EXIT_OK;
}
