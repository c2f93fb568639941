/* policy_main: the command line of `sotto-pack policy`. Called by main.c and by tests. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "release/release.h"
#include "tools/common/cli.h"
#include "tools/common/mechanism_read.h"
#include "tools/sotto-pack/args.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/policy_build.h"
#include "tools/sotto-pack/policy_explain.h"

static const char help[] =
    "usage: sotto-pack policy --out POLICY.pack [options] POLICY.ini\n"
    "       sotto-pack policy --explain notice|record|dpia [--markdown] POLICY.ini|POLICY.pack\n"
    "       sotto-pack policy --pseudo POLICY.ini|POLICY.pack\n"
    "\n"
    "Turns a policy's INI into a policy pack, to be signed with `sotto-pack sign` by the privacy "
    "officer.\n"
    "Bounds and the banner's words are checked; firmware-config/policies/README.md explains every "
    "field.\n"
    "The INI has at most 64 KiB, in lines of at most 190 bytes.\n"
    "\n"
    "  --out FILE            the pack to write (required)\n"
    "  --model MODEL.pack    supplies the group names for `cells = groups`\n"
    "  --pack-version N      devices never go back to a lower one (default: the time, "
    "YYYYMMDDhhmm)\n"
    "  --not-after DATE      devices refuse the pack later than this\n"
    "  --device-class NAME   only for devices of this class\n"
    "  --created DATE        default: SOURCE_DATE_EPOCH, else now\n"
    "  --explain DOCUMENT    prints the policy in plain sentences instead: `notice` for the "
    "public,\n"
    "                        `record` of processing (GDPR Art. 30), `dpia` (Art. 35, a skeleton).\n"
    "                        Engineering defaults, not legal advice. No signature is looked at\n"
    "  --markdown            as Markdown\n"
    "  --pseudo              prints banner texts of a made-up language: longer, with accents and "
    "in\n"
    "                        brackets, to see on a screen what is clipped or was not translated\n"
    "\n"
    "Examples:\n"
    "  sotto-pack policy --out eu.pack --model model.pack firmware-config/policies/eu.ini\n"
    "  sotto-pack policy --out kiosk.pack --model model.pack --pack-version 3 \\\n"
    "      --not-after 2027-12-31 --device-class kiosk kiosk.ini\n"
    "  sotto-pack policy --explain dpia --markdown --model model.pack kiosk.ini >dpia.md\n";

struct command {
    struct args_pack pack;
    const char *out, *model, *file, *explain;
    enum explain_document document; /* of `explain` */
    int is_markdown, is_pseudo;
};

enum option_id {
    OPT_OUT = 256,
    OPT_MODEL,
    OPT_PACK_VERSION,
    OPT_NOT_AFTER,
    OPT_DEVICE_CLASS,
    OPT_CREATED,
    OPT_EXPLAIN,
    OPT_MARKDOWN,
    OPT_PSEUDO
};

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {"out", required_argument, NULL, OPT_OUT},
    {"model", required_argument, NULL, OPT_MODEL},
    {"pack-version", required_argument, NULL, OPT_PACK_VERSION},
    {"not-after", required_argument, NULL, OPT_NOT_AFTER},
    {"device-class", required_argument, NULL, OPT_DEVICE_CLASS},
    {"created", required_argument, NULL, OPT_CREATED},
    {"explain", required_argument, NULL, OPT_EXPLAIN},
    {"markdown", no_argument, NULL, OPT_MARKDOWN},
    {"pseudo", no_argument, NULL, OPT_PSEUDO},
    {NULL, 0, NULL, 0},
};

static int parse_document(struct command *c) {
    static const char *const names[EXPLAIN_DOCUMENTS] = {"notice", "record", "dpia"};
    for (int i = 0; i < EXPLAIN_DOCUMENTS; i++)
        if (strcmp(c->explain, names[i]) == 0) {
            c->document = (enum explain_document)i;
            return EXIT_OK;
        }
    return args_usage("policy", "--explain %s is no document: write notice, record or dpia",
                      c->explain);
}

/* Returns EXIT_OK to go on, -1 when help was printed, else the exit code. */
static int parse(struct command *c, int argc, char **argv) {
    int option, code;
    optind = 0; /* glibc: start afresh, for tests that come back */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'h': fputs(help, stdout); return -1;
        case OPT_OUT: c->out = optarg; break;
        case OPT_MODEL: c->model = optarg; break;
        case OPT_PACK_VERSION: c->pack.pack_version = optarg; break;
        case OPT_NOT_AFTER: c->pack.not_after = optarg; break;
        case OPT_DEVICE_CLASS: c->pack.device_class = optarg; break;
        case OPT_CREATED: c->pack.created = optarg; break;
        case OPT_EXPLAIN: c->explain = optarg; break;
        case OPT_MARKDOWN: c->is_markdown = 1; break;
        case OPT_PSEUDO: c->is_pseudo = 1; break;
        default: return args_unknown("policy", argc, argv);
        }
    }
    const int is_printing = c->explain || c->is_pseudo;
    if (!c->out && !is_printing)
        return args_usage("policy", "--out is missing: name the pack to write");
    if (!!c->explain + c->is_pseudo + !!c->out > 1)
        return args_usage("policy", "--out, --explain and --pseudo are three commands: give one");
    if (c->explain && (code = parse_document(c)) != EXIT_OK) return code;
    if (c->is_markdown && !c->explain)
        return args_usage("policy", "--markdown goes with --explain");
    if (optind >= argc) return args_usage("policy", "the policy's INI file is missing");
    if (optind + 1 < argc)
        return args_usage("policy", "\"%s\" is one file too many: give one INI", argv[optind + 1]);
    c->file = argv[optind];
    return EXIT_OK;
}

/* Only names are taken from the model, and the privacy officer signs them: its signature is not
 * needed here. */
static int load_model(const char *path, uint8_t **bytes, struct model *model,
                      struct sotto_error *err) {
    struct pack pack = {0};
    int status = packfile_read(path, PACK_BYTES_MAX, bytes, &pack.n, err);
    pack.bytes = *bytes;
    if (status == SOTTO_OK) status = pack_parse(&pack, path, err);
    if (status == SOTTO_OK && pack.role != PACK_MODEL)
        status = fail(err, SOTTO_E_MISMATCH,
                      "%s is no model pack: give the one `sotto-pack train` wrote", path);
    if (status == SOTTO_OK) status = model_load(model, &pack, path, err);
    return status;
}

static const char *mechanism_name(uint32_t mechanism) {
    switch ((enum policy_mechanism)mechanism) {
    case MECHANISM_DISCRETE_LAPLACE: return "discrete Laplace noise";
    case MECHANISM_DISCRETE_GAUSSIAN: return "discrete Gaussian noise";
    case MECHANISM_SUBSET_SELECTION: return "subset selection";
    case MECHANISM_PGR: return "projective geometry response";
    case MECHANISM_ONE_BIT_MEAN: return "one-bit mean";
    }
    return "unknown";
}

/* The mechanism that was chosen, and how well it will do: closed formulas, see src/dp/README.md. */
static void print_metric(const struct policy_metric *m) {
    const struct mechanism_terms terms = dp_terms(m);
    struct mechanism_cost cost = {0};
    struct mechanism_choice choice;
    uint64_t num, den, p, q, of;
    double eps = m->eps_micro / 1e6;
    if (mechanism_check(&terms, &cost, NULL) != 0) return; /* policy_pack has refused it */
    printf("  %s: %s, epsilon %g a %s and window", m->name, mechanism_name(m->mechanism), eps,
           m->unit == UNIT_VISIT ? "visit" : "household");
    if (cost.delta_log2) printf(", but for a chance of 2^-%u", cost.delta_log2);
    if (mechanism_scale(&terms, &num, &den) == 0) {
        double scale = (double)num / (double)den, ratio = exp(-1 / scale);
        double sd = m->mechanism == MECHANISM_DISCRETE_LAPLACE ? sqrt(2 * ratio) / (1 - ratio)
                                                               : sqrt(scale);
        printf("\n    %u cells, at most %u a visit by %u each; each count is off by %.2f (standard "
               "deviation)\n",
               m->n_cells, m->max_cells, m->max_weight, sd);
    } else if (m->mechanism == MECHANISM_ONE_BIT_MEAN && mechanism_odds(&terms, &p, &q, &of) == 0) {
        double gap = (double)(p - q) / (double)of;
        printf("\n    sums cut at %u; a mean over n households is off by at most %.2f/sqrt(n)\n",
               m->max_value, m->max_value / (2 * gap));
    } else if (mechanism_choose(m->eps_micro, m->n_cells, &choice) == 0) {
        printf("\n    %u values, an answer of %zu bytes; the share of a value over n households is "
               "off by\n    %.3f/sqrt(n), its mean square %.2f %% above the optimum\n",
               m->n_cells, mechanism_answer_bytes(&terms),
               sqrt((double)mechanism_mse_q32(&terms) / 4294967296.0),
               100 * ((double)mechanism_mse_q32(&terms) / (double)choice.best_q32 - 1));
    }
}

/* A policy to be read to people: an INI, or a pack whose signature is for others to check. */
static int load_either(struct policy *policy, const char *path, const struct model *model,
                       struct sotto_error *err) {
    struct pack pack = {0};
    uint8_t *bytes;
    int status = packfile_read(path, PACK_BYTES_MAX, &bytes, &pack.n, err);
    if (status != SOTTO_OK) return status;
    pack.bytes = bytes;
    if (pack.n >= 8 && memcmp(bytes, "SOTTOPK", 7) == 0) {
        status = pack_parse(&pack, path, err);
        if (status == SOTTO_OK && pack.role != PACK_POLICY)
            status = fail(err, SOTTO_E_MISMATCH,
                          "%s is no policy pack: give the one `sotto-pack policy` wrote", path);
        if (status == SOTTO_OK) status = policy_load(policy, &pack, path, err);
    } else {
        status = policy_from_ini(policy, path, model, err);
    }
    free(bytes);
    return status;
}

static void print_result(const struct command *c, const struct policy *p, size_t n) {
    printf("%s: %zu bytes, policy \"%s\", %u languages, %u metrics\n", c->out, n, p->name,
           p->n_texts, p->n_metrics);
    for (uint32_t i = 0; i < p->n_metrics; i++) print_metric(&p->metrics[i]);
    printf("next: sotto-pack sign --key NAME.key %s\n", c->out);
}

int policy_main(int argc, char **argv) {
    static struct policy policy; /* large; the tool runs one command */
    struct command c = {0};
    struct sotto_error err = {0};
    struct pack_manifest manifest;
    struct model model;
    uint8_t *model_bytes = NULL, *bytes = NULL;
    size_t n = 0;
    int code = parse(&c, argc, argv);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    if (crypto_init() != 0) {
        fail(&err, SOTTO_E_ENTROPY, "the cryptographic library could not be prepared");
        return cli_report("sotto-pack policy", &err);
    }
    if (args_manifest(&c.pack, PACK_POLICY, &manifest, &err) != SOTTO_OK)
        return args_usage("policy", "%s", err.message);
    int status = SOTTO_OK;
    if (!c.out) {
        if (c.model) status = load_model(c.model, &model_bytes, &model, &err);
        if (status == SOTTO_OK)
            status = load_either(&policy, c.file, c.model ? &model : NULL, &err);
        free(model_bytes);
        if (status != SOTTO_OK) return cli_report("sotto-pack policy", &err);
        if (c.is_pseudo)
            policy_pseudo(&policy);
        else
            policy_explain(&policy, c.document, c.is_markdown);
        return EXIT_OK;
    }
    status = packfile_check_out(c.out, (const char *const[]){c.file, c.model}, 2, &err);
    if (status == SOTTO_OK && c.model) status = load_model(c.model, &model_bytes, &model, &err);
    if (status == SOTTO_OK)
        status = policy_from_ini(&policy, c.file, c.model ? &model : NULL, &err);
    free(model_bytes); /* the policy holds copies */
    if (status == SOTTO_OK) status = policy_pack(&policy, &manifest, c.file, &bytes, &n, &err);
    if (status == SOTTO_OK) status = packfile_replace(c.out, bytes, n, 0644, &err);
    free(bytes);
    if (status != SOTTO_OK) return cli_report("sotto-pack policy", &err);
    print_result(&c, &policy, n);
    return EXIT_OK;
}
