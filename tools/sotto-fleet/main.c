/* sotto-fleet: the operator's side. Collects the report files of a fleet of devices and estimates
 * what they counted together. This file owns the command line and nothing else. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>

#include "tools/common/cli.h"
#include "tools/sotto-fleet/print.h"

static const char PROGRAM[] = "sotto-fleet";

static const char HELP[] =
    "Usage: sotto-fleet COMMAND [OPTION]…\n"
    "\n"
    "Reads the signed, noised reports of a fleet of devices and estimates what they counted "
    "together.\n"
    "\n"
    "Commands:\n"
    "  collect    read report files into a database; what does not fit goes into quarantine\n"
    "  estimate   sums with 95 % intervals, per metric and window and over all windows\n"
    "\n"
    "  --help, --version\n"
    "`sotto-fleet COMMAND --help` explains a command.\n"
    "\n"
    "Ends 0 on success, 1 on other failures, 2 on a wrong command line, 4 when something is not\n"
    "authentic or malformed, 5 when storage is full or busy (nothing was changed; try again).\n";

static const char COLLECT_HELP[] =
    "Usage: sotto-fleet collect --db FILE --enrolled FILE --policy PACK --policy-key KEY DIR\n"
    "\n"
    "Reads the files DIR/*.report in the order of their names. A report is counted when an "
    "enrolled\n"
    "device signed it, its schema is that of a policy given now or before, and it contradicts no\n"
    "report of the same device. Anything else is kept in the table `quarantine`, listed, and "
    "never\n"
    "counted. A run is one transaction and safe to repeat: the same bytes are counted once.\n"
    "\n"
    "  --db FILE          SQLite database; made when missing\n"
    "  --enrolled FILE    a line per device: 64 hexadecimal digits of its public key, and a label\n"
    "  --policy PACK      policy pack that the devices run under, with PACK.minisig beside it\n"
    "  --policy-key KEY   the privacy officer's minisign public key, or the file that holds it\n"
    "  --json             the summary as JSON\n"
    "\n"
    "Ends 4 when the policy is not authentic, the list of devices is malformed or a file of this "
    "run\n"
    "is in quarantine (the rest is counted all the same), 5 when the database could not be written "
    "(then it is unchanged).\n"
    "\n"
    "Example:\n"
    "  sotto-fleet collect --db fleet.db --enrolled enrolled.txt --policy policy.pack \\\n"
    "      --policy-key officer.pub reports/\n";

static const char ESTIMATE_HELP[] =
    "Usage: sotto-fleet estimate --db FILE [--metric ID] [--window W] [--json]\n"
    "\n"
    "Per metric, window and cell: the sum of the noised counts, and the interval in which what "
    "was\n"
    "counted lies 95 times in 100, as far as noise is concerned. Counted are visits after the\n"
    "policy's bound: each in at most max-cells cells, drawn at random where it touched more. "
    "Where\n"
    "visits touch more, estimates lie below the true number of visits, by how much no report "
    "tells.\n"
    "Devices that sent nothing are not in it: compare reports with devices enrolled. Negative\n"
    "estimates are noise around small counts; they are shown as they are.\n"
    "\n"
    "  --db FILE      database that `sotto-fleet collect` made\n"
    "  --metric ID    this metric only\n"
    "  --window W     this window only: its start in seconds since 1970 divided by its length\n"
    "  --json         as JSON\n"
    "\n"
    "Examples:\n"
    "  sotto-fleet estimate --db fleet.db\n"
    "  sotto-fleet estimate --db fleet.db --metric 1 --window 20456 --json\n";

enum {
    OPT_HELP = 256,
    OPT_VERSION,
    OPT_DB,
    OPT_ENROLLED,
    OPT_POLICY,
    OPT_KEY,
    OPT_METRIC,
    OPT_WINDOW,
    OPT_JSON
};

static int usage(const char *command, const char *what) {
    fprintf(stderr, "%s: %s\nTry `%s%s%s --help`.\n", PROGRAM, what, PROGRAM, command ? " " : "",
            command ? command : "");
    return EXIT_USAGE;
}

static int help(const char *text) {
    fputs(text, stdout);
    return EXIT_OK;
}

static int collect(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, OPT_HELP},
                                            {"db", required_argument, NULL, OPT_DB},
                                            {"enrolled", required_argument, NULL, OPT_ENROLLED},
                                            {"policy", required_argument, NULL, OPT_POLICY},
                                            {"policy-key", required_argument, NULL, OPT_KEY},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {NULL, 0, NULL, 0}};
    struct fleet_collect_options o = {NULL, NULL, NULL, NULL, NULL};
    struct fleet_collected result;
    struct sotto_error err = {0, ""};
    int is_json = 0, c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) switch (c) {
        case OPT_HELP: return help(COLLECT_HELP);
        case OPT_DB: o.db = optarg; break;
        case OPT_ENROLLED: o.enrolled = optarg; break;
        case OPT_POLICY: o.policy = optarg; break;
        case OPT_KEY: o.policy_key = optarg; break;
        case OPT_JSON: is_json = 1; break;
        default: return usage("collect", "the command line is wrong");
        }
    if (optind + 1 != argc) return usage("collect", "name exactly one folder of reports");
    o.dir = argv[optind];
    if (!o.db || !o.enrolled || !o.policy || !o.policy_key)
        return usage("collect", "--db, --enrolled, --policy and --policy-key are all needed");

    int status = fleet_collect(&o, &result, &err), code = EXIT_OK;
    if (status != SOTTO_OK)
        code = cli_report(PROGRAM, &err);
    else if (is_json)
        fleet_print_collected_json(stdout, &result);
    else
        fleet_print_collected(stdout, &result);
    if (status == SOTTO_OK && result.n_set_aside) {
        fprintf(stderr, "%s: %zu of %llu files are in quarantine and not counted\n", PROGRAM,
                result.n_set_aside, (unsigned long long)result.files);
        code = EXIT_INTEGRITY;
    }
    fleet_collected_free(&result);
    return code;
}

/* A whole number from 0 to `most`; -1 when it is none. */
static int64_t number(const char *text, int64_t most) {
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    return errno || end == text || *end || v < 0 || v > most ? -1 : v;
}

static int estimate(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, OPT_HELP},
                                            {"db", required_argument, NULL, OPT_DB},
                                            {"metric", required_argument, NULL, OPT_METRIC},
                                            {"window", required_argument, NULL, OPT_WINDOW},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {NULL, 0, NULL, 0}};
    struct fleet_estimates estimates;
    struct sotto_error err = {0, ""};
    const char *db = NULL;
    int64_t metric = 0, window = -1;
    int is_json = 0, c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) switch (c) {
        case OPT_HELP: return help(ESTIMATE_HELP);
        case OPT_DB: db = optarg; break;
        case OPT_METRIC:
            if ((metric = number(optarg, 65535)) < 1)
                return usage("estimate", "--metric takes a number from 1 to 65535");
            break;
        case OPT_WINDOW:
            if ((window = number(optarg, UINT32_MAX)) < 0)
                return usage("estimate", "--window takes a window's number, such as 20456");
            break;
        case OPT_JSON: is_json = 1; break;
        default: return usage("estimate", "the command line is wrong");
        }
    if (optind != argc) return usage("estimate", "it takes options only");
    if (!db) return usage("estimate", "--db is needed");

    int status = fleet_estimate_all(db, (uint32_t)metric, window, &estimates, &err), code = EXIT_OK;
    if (status != SOTTO_OK)
        code = cli_report(PROGRAM, &err);
    else if (is_json)
        fleet_print_estimates_json(stdout, &estimates);
    else
        fleet_print_estimates(stdout, &estimates);
    fleet_estimates_free(&estimates);
    return code;
}

static int dispatch(int argc, char **argv) {
    if (argc < 2) return usage(NULL, "name a command: collect or estimate");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return help(HELP);
    if (strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", PROGRAM, sotto_version());
        return EXIT_OK;
    }
    if (strcmp(argv[1], "collect") == 0) return collect(argc - 1, argv + 1);
    if (strcmp(argv[1], "estimate") == 0) return estimate(argc - 1, argv + 1);
    return usage(NULL, "no such command; there are collect and estimate");
}

int main(int argc, char **argv) { return cli_flush(PROGRAM, dispatch(argc, argv)); }
