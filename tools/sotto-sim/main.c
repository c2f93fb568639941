/* sotto-sim: shoppers, kiosks and days, simulated around the real library. Chooses the subcommand
 * and checks that it was given what it needs. */
#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/sotto-sim/commands.h"

static const char help_all[] =
    "usage: sotto-sim COMMAND [OPTION…]\nshoppers, kiosks and days, simulated around the real "
    "library\n\n  sotto-sim generate --out FILE.csv      transactions of a made-up town\n  "
    "sotto-sim split    --data FILE         the day that parts training from testing\n  sotto-sim "
    "run      --model … --out DIR kiosks over days: slates, banners, disks, reports\n  sotto-sim "
    "evaluate --model … --data …  quality on held-out baskets\n  sotto-sim page     --in DIR "
    "--out FILE what was measured, as one HTML file\n  sotto-sim summary  --in DIR            the "
    "same on one screen\n  sotto-sim scenario                     stories of people at a kiosk, "
    "each on one page\n\nsotto-sim COMMAND --help tells the options. Exit codes: 0 done, 1 "
    "failed, 2 wrong usage,\n3 refused by consent or budget, 4 integrity, 5 try again.\n";

static const char help_generate[] =
    "usage: sotto-sim generate [OPTION…]\nwrites transactions of a made-up town; the same seed "
    "gives the same bytes everywhere\n\n  --out FILE           the CSV to write; - is standard "
    "output (required)\n  --seed N             default 1\n  --days N             default 120, "
    "from 2025-01-01 on\n  --visits-per-day N   on an average day, default 120\n  --items N       "
    "     in the catalogue, 48 to 20000, default 400\n  --shoppers N         in the town, default "
    "1500\n\nExample: sotto-sim generate --seed 7 --days 90 --out town.csv\n";

static const char help_split[] =
    "usage: sotto-sim split [OPTION…]\nprints the first day held out: where the last tenth of the "
    "time begins, and the\nfirst of its month when the data spans half a year\n\n  --data FILE    "
    "      CSV, plain, .xz or .zst (required); --map, --item-pattern and\n                       "
    "--cancel-prefix as in sotto-pack\n\nExample: sotto-sim split --data retail.csv.xz\n";

static const char help_run[] =
    "usage: sotto-sim run [OPTION…]\nkiosks over days on the real library\n\n  --model FILE "
    "--model-key KEY     model pack; KEY is a minisign public key or its file\n  --policy FILE "
    "--policy-key KEY   policy pack, likewise\n  --out DIR            a new directory: kiosk-NN/, "
    "reports/, enrolled.txt, run.json, truth.json,\n                       screen.json (the last "
    "three are the simulator's notes, not a device's)\n  --kiosks N           default 8\n  --days "
    "N             default 14; of --data all\n  --from DAY           first day; without --data on "
    "or after 2025-01-01, where the town begins\n  --data FILE          real baskets instead of "
    "the town; --map, --item-pattern, --cancel-prefix\n                       and --max-basket as "
    "in sotto-pack\n  --seed N, --items N, --visits-per-day N, --shoppers N   as given to "
    "sotto-sim generate\n  --accept-rate R      share who agree to personalisation, default 0.8\n "
    " --measure-rate R     share who agree to be counted, default 0.9\n  --profile-rate R     "
    "share of known customers who let a profile be kept, default 0.2\n  --json FILE          also "
    "write run.json there\nRecall@20 is hits / min(20, items held out).\nOf those who "
    "agree, 4 in 100 decline on the banner, and 1 banner in "
    "100 cannot be shown.\n\nExample: sotto-sim run --model town.pack --model-key model.pub "
    "--policy demo.pack \\\n             --policy-key policy.pub --from 2025-04-01 --days 14 "
    "--out run\n";

static const char help_evaluate[] =
    "usage: sotto-sim evaluate [OPTION…]\nhow well the device library suggests what held-out "
    "baskets go on with\n\n  --model FILE --model-key KEY     model pack; KEY is a minisign "
    "public key or its file\n  --policy FILE --policy-key KEY   policy pack, likewise\n  --data "
    "FILE          transactions; --map, --item-pattern, --cancel-prefix as in sotto-pack\n  "
    "--from DAY           first day held out (see sotto-sim split)\n  --min-basket N       least "
    "distinct items of a basket, before and after leaving out what the\n                       "
    "catalogue does not have; default 4\n  --json FILE          write the figures there "
    "too\n\nExample: sotto-sim evaluate --model retail.pack --model-key model.pub --policy "
    "demo.pack \\\n             --policy-key policy.pub --data retail.csv.xz --from 2011-11-01\n";

static const char help_page[] =
    "usage: sotto-sim page [OPTION…]\none HTML file, readable without a network or a script\n\n  "
    "--in DIR …           where run.json, screen.json, truth.json, evaluate.json (of sotto-sim) "
    "and\n                       estimate.json (of sotto-fleet estimate --json) are; what is "
    "missing is left out\n  --out FILE           the page; - is standard output (required)\n  "
    "--command TEXT       the command that repeats the quality figures, to be shown\n\nExample: "
    "sotto-sim page --in out/demo/run --in out/demo --out index.html\n";

static const char help_summary[] = "usage: sotto-sim summary [OPTION…]\nwhat was measured, on one "
                                   "screen\n\n  --in DIR …           as for sotto-sim page\n  "
                                   "--command TEXT       likewise\n\nExample: sotto-sim summary "
                                   "--in out/demo/run --in out/demo\n";

static const char help_scenario[] =
    "usage: sotto-sim scenario [OPTION…]\nplays stories of people at a kiosk on the real library, "
    "with packs that it makes itself, and\nlooks whether each kept its promises: ends 1 when one "
    "did not\n\n  --story NAME         one of first-visit returning-shopper why-this not-for-me "
    "household\n                       banner-broken turn-off forget-me child call-a-person; or "
    "all, the default\n  --out DIR            a new directory for what is otherwise deleted: "
    "packs, "
    "and for each story the\n                       kiosk's files; forget-me also leaves what was "
    "exported before and after\n\nsotto-sim --scenario NAME is the same.\n\nExample: sotto-sim "
    "scenario --story forget-me --out forgotten\n";

#define OPTIONS_WORLD "seed items shoppers visits-per-day days "
#define OPTIONS_PACKS "model model-key policy policy-key "
#define OPTIONS_DATA  "data map item-pattern cancel-prefix max-basket "

static const struct {
    const char *name, *help, *allowed, *required;
    int (*run)(const struct options *);
} commands[] = {
    {"generate", help_generate, OPTIONS_WORLD "out ", "out", command_generate},
    {"split", help_split, OPTIONS_DATA, "data", command_split},
    {"run", help_run,
     OPTIONS_PACKS OPTIONS_WORLD OPTIONS_DATA
     "from kiosks accept-rate measure-rate profile-rate min-basket out json ",
     "packs out", command_run},
    {"evaluate", help_evaluate, OPTIONS_PACKS OPTIONS_DATA "from days seed min-basket json ",
     "packs data from", command_evaluate},
    {"page", help_page, "in out command ", "in out", command_page},
    {"summary", help_summary, "in command ", "in", command_summary},
    {"scenario", help_scenario, "story out ", "", command_scenario},
};

static int lacks(const char *command, const char *required, const struct options *o) {
    const char *missing = NULL;
    if (strstr(required, "from") && !o->from) missing = "--from DAY";
    if (strstr(required, "data") && !o->data) missing = "--data FILE";
    if (strstr(required, "in") && !o->n_dirs) missing = "--in DIR";
    if (strstr(required, "out") && !o->out) missing = "--out";
    if (strstr(required, "packs")) {
        if (!o->policy_key) missing = "--policy-key KEY";
        if (!o->policy) missing = "--policy FILE";
        if (!o->model_key) missing = "--model-key KEY";
        if (!o->model) missing = "--model FILE";
    }
    if (!missing) return 0;
    fprintf(stderr, "sotto-sim %s: needs %s; try sotto-sim %s --help\n", command, missing, command);
    return 1;
}

static int dispatch(int argc, char **argv) {
    if (argc < 2) {
        fputs(help_all, stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        fputs(help_all, stdout);
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("sotto-sim %s\n", sotto_version());
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--scenario") == 0) {
        static char name[] = "scenario", story[] = "--story";
        char *words[] = {name, story, argc > 2 ? argv[2] : NULL, NULL};
        struct options o;
        if (argc > 3 || options_parse(&o, argc, words, "story ") != 0) {
            fputs(help_scenario, stderr);
            return EXIT_USAGE;
        }
        return command_scenario(&o);
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct options o;
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        int rc = options_parse(&o, argc - 1, argv + 1, commands[i].allowed);
        if (rc == 1) {
            fputs(commands[i].help, stdout);
            return EXIT_OK;
        }
        if (rc != 0 || lacks(argv[1], commands[i].required, &o)) return EXIT_USAGE;
        return commands[i].run(&o);
    }
    fprintf(stderr, "sotto-sim: there is no command \"%s\"; try sotto-sim --help\n", argv[1]);
    return EXIT_USAGE;
}

int main(int argc, char **argv) { return cli_flush("sotto-sim", dispatch(argc, argv)); }
