/* main_collect: the commands that fill a database, collect and merge. */
#include <getopt.h>
#include <stdio.h>

#include "tools/common/cli.h"
#include "tools/sotto-fleet/collect.h"
#include "tools/sotto-fleet/commands.h"
#include "tools/sotto-fleet/merge.h"
#include "tools/sotto-fleet/print.h"

static const char COLLECT_HELP[] =
    "Usage: sotto-fleet collect --db FILE --enrolled FILE --policy PACK --policy-key KEY DIR\n"
    "\n"
    "Reads DIR/*.report, a report each, and DIR/*.reports, batches of reports one after the other\n"
    "(`cat *.report > day.reports` makes one), in the order of their names. A report is counted "
    "when\n"
    "an enrolled device signed it, its schema is that of a policy given now or before, and it\n"
    "contradicts no report of the same device. Anything else is kept in the table `quarantine`,\n"
    "listed, and never counted; what is damaged in a batch costs only itself. A run is one\n"
    "transaction and safe to repeat: the same bytes are counted once.\n"
    "\n"
    "  --db FILE          SQLite database; made when missing\n"
    "  --enrolled FILE    a line per device: 64 hexadecimal digits of its public key, a label and\n"
    "                     perhaps @GROUP, whose devices `estimate --groups` adds up by themselves\n"
    "  --policy PACK      policy pack that the devices run under, with PACK.minisig beside it\n"
    "  --policy-key KEY   the privacy officer's minisign public key, or the file that holds it\n"
    "  --json             the summary as JSON\n"
    "\n"
    "Ends 4 when the policy is not authentic, the list of devices is malformed or something of "
    "this\n"
    "run is in quarantine (the rest is counted all the same), 5 when the database could not be\n"
    "written (then it is unchanged).\n"
    "\n"
    "Example:\n"
    "  sotto-fleet collect --db fleet.db --enrolled enrolled.txt --policy policy.pack \\\n"
    "      --policy-key officer.pub reports/\n";

static const char MERGE_HELP[] =
    "Usage: sotto-fleet merge --db FILE DATABASE…\n"
    "\n"
    "Adds what other collectors counted to a database. Every report is verified and judged again:\n"
    "what two collectors both have counts once, what contradicts goes into quarantine, and "
    "merging\n"
    "again changes nothing. The lists of devices of all databases are joined. Reports made under\n"
    "different policies are kept apart, as in estimates. A run is one transaction.\n"
    "\n"
    "  --db FILE   SQLite database; made when missing\n"
    "  --json      the summary as JSON\n"
    "\n"
    "Ends 4 when a database is none, or damaged (then nothing was merged), or something is in\n"
    "quarantine (the rest is merged all the same), 5 when FILE could not be written (then it is\n"
    "unchanged).\n"
    "\n"
    "Example:\n"
    "  sotto-fleet merge --db all.db north.db south.db\n";

enum { OPT_HELP = 256, OPT_DB, OPT_ENROLLED, OPT_POLICY, OPT_KEY, OPT_JSON };

static int finish(int status, const struct sotto_error *err, struct fleet_collected *result,
                  const char *what, int is_json) {
    int code = EXIT_OK;
    if (status != SOTTO_OK)
        code = cli_report(FLEET_PROGRAM, err);
    else if (is_json)
        fleet_print_collected_json(stdout, result);
    else
        fleet_print_collected(stdout, result, what);
    if (status == SOTTO_OK && result->n_set_aside) {
        fprintf(stderr, "%s: %llu cases are in quarantine and not counted\n", FLEET_PROGRAM,
                (unsigned long long)result->n_set_aside);
        code = EXIT_INTEGRITY;
    }
    fleet_collected_free(result);
    return code;
}

int fleet_main_collect(int argc, char **argv) {
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
        case OPT_HELP: return fleet_help(COLLECT_HELP);
        case OPT_DB: o.db = optarg; break;
        case OPT_ENROLLED: o.enrolled = optarg; break;
        case OPT_POLICY: o.policy = optarg; break;
        case OPT_KEY: o.policy_key = optarg; break;
        case OPT_JSON: is_json = 1; break;
        default: return fleet_usage("collect", "the command line is wrong");
        }
    if (optind + 1 != argc) return fleet_usage("collect", "name exactly one folder of reports");
    o.dir = argv[optind];
    if (!o.db || !o.enrolled || !o.policy || !o.policy_key)
        return fleet_usage("collect", "--db, --enrolled, --policy and --policy-key are all needed");
    int status = fleet_collect(&o, &result, &err);
    return finish(status, &err, &result, "files", is_json);
}

int fleet_main_merge(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, OPT_HELP},
                                            {"db", required_argument, NULL, OPT_DB},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {NULL, 0, NULL, 0}};
    struct fleet_collected result;
    struct sotto_error err = {0, ""};
    const char *db = NULL;
    int is_json = 0, c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) switch (c) {
        case OPT_HELP: return fleet_help(MERGE_HELP);
        case OPT_DB: db = optarg; break;
        case OPT_JSON: is_json = 1; break;
        default: return fleet_usage("merge", "the command line is wrong");
        }
    if (!db) return fleet_usage("merge", "--db is needed");
    if (optind == argc) return fleet_usage("merge", "name the databases to merge");
    int status = fleet_merge(db, argv + optind, (size_t)(argc - optind), &result, &err);
    return finish(status, &err, &result, "databases", is_json);
}
