/* inspect_main: the command line of `sotto-pack inspect`. Called by main.c and by tests. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/args.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/inspect.h"

static const char help[] = "usage: sotto-pack inspect [--json | --card | --explain ITEM_ID] PACK\n"
                           "\n"
                           "Shows what is in a pack: header, sections with their hashes checked, "
                           "then the model's size and card or the\n"
                           "policy in plain sentences. Looks at damaged packs too and ends 4 for "
                           "them. Signatures are the business of\n"
                           "`sotto-pack verify`.\n"
                           "\n"
                           "  --json                the same for machines\n"
                           "  --card                print only a model's quality card (JSON)\n"
                           "  --explain ITEM_ID     list the strongest neighbours of an item\n"
                           "\n"
                           "Examples:\n"
                           "  sotto-pack inspect model.pack\n"
                           "  sotto-pack inspect --explain 85123A model.pack\n";

enum option_id { OPT_JSON = 256, OPT_CARD, OPT_EXPLAIN };

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {"json", no_argument, NULL, OPT_JSON},
    {"card", no_argument, NULL, OPT_CARD},
    {"explain", required_argument, NULL, OPT_EXPLAIN},
    {NULL, 0, NULL, 0},
};

static int only_models(const struct inspect_report *r, const char *path, struct sotto_error *err) {
    return r->pack.role == PACK_MODEL
               ? SOTTO_OK
               : fail(err, SOTTO_E_MISMATCH,
                      "%s is a policy pack: --card and --explain are for models", path);
}

static int print_card(const struct inspect_report *r, const char *path, struct sotto_error *err) {
    size_t n;
    const char *card = inspect_card(r, &n);
    if (!card) return fail(err, SOTTO_E_NOT_FOUND, "%s has no readable card", path);
    printf("%.*s", (int)n, card);
    return SOTTO_OK;
}

int inspect_main(int argc, char **argv) {
    static struct inspect_report report; /* large; the tool runs one command */
    struct sotto_error err = {0};
    const char *item = NULL;
    int option, as_json = 0, as_card = 0;
    uint8_t *bytes;
    size_t n;
    optind = 0; /* glibc: start afresh, for tests that come back */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'h': fputs(help, stdout); return EXIT_OK;
        case OPT_JSON: as_json = 1; break;
        case OPT_CARD: as_card = 1; break;
        case OPT_EXPLAIN: item = optarg; break;
        default: return args_unknown("inspect", argc, argv);
        }
    }
    if (optind + 1 != argc) return args_usage("inspect", "name one pack");
    if (as_json + as_card + (item != NULL) > 1)
        return args_usage("inspect", "--json, --card and --explain exclude each other");
    const char *path = argv[optind];
    if (crypto_init() != 0) {
        fail(&err, SOTTO_E_ENTROPY, "the cryptographic library could not be prepared");
        return cli_report("sotto-pack inspect", &err);
    }
    if (packfile_read(path, PACK_BYTES_MAX, &bytes, &n, &err) != SOTTO_OK)
        return cli_report("sotto-pack inspect", &err);
    inspect_bytes(&report, bytes, n, path);
    int status = report.container.status;
    err = report.container;
    if (as_json)
        inspect_print_json(&report, path, n);
    else if (!as_card && !item)
        inspect_print(&report, path, n);
    else if (status == SOTTO_OK && (status = only_models(&report, path, &err)) == SOTTO_OK)
        status = item ? inspect_explain(&report.model, path, item, &err)
                      : print_card(&report, path, &err);
    free(bytes);
    return status == SOTTO_OK ? EXIT_OK : cli_report("sotto-pack inspect", &err);
}
