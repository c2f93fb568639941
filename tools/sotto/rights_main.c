/* rights_main: `sotto rights …`: the verbs of sotto_people.h for one stored profile, on the device
 * itself, offline: asked of sottod where it runs, else done here. Each works in every state of
 * consent. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "crypto/crypto.h"
#include "sotto_people.h"
#include "tools/common/cli.h"
#include "tools/common/export_json.h"
#include "tools/sotto/commands.h"
#include "tools/sotto/device.h"
#include "tools/sotto/rights_daemon.h"
#include "tools/sotto/rights_taken.h"

static const char help[] =
    "usage: sotto rights VERB --profile NAME [options]\n"
    "\n"
    "What a person may see, correct, block, forget, pause, object to, erase and take away.\n"
    "\n"
    "  view        what is known, as lines\n"
    "  export      the same as JSON (tools/sotto/export.schema.json), to standard output or --out\n"
    "  receipts    what was agreed to, refused and erased, signed; as files with --out\n"
    "  like        say that you like --item\n"
    "  dislike     forget what was done with --item, and never show it again\n"
    "  block       never show --item, --group or --provider\n"
    "  unblock     take that back\n"
    "  forget      what was done with --item, or --at a time as `view` tells it\n"
    "  pause       keep what is stored, use nothing of it\n"
    "  resume      the end of a pause\n"
    "  object      to --purpose store, personalise, measure, paid or sensitive\n"
    "  withdraw    what was agreed to for --purpose\n"
    "  reset       forget all interests, keep words and blocks\n"
    "  erase       everything, with the key that opens it\n"
    "\n"
    "  --profile NAME      whose\n"
    "  --item ID, --group NAME, --provider NAME, --at SECONDS, --purpose NAME   what, see above\n"
    "  --out FILE          where an export goes; the beginning of the receipts' names\n"
    "  --seal-to HEX       seal it for the holder of this X25519 key (64 digits; libsodium's "
    "sealed "
    "box)\n\n" DEVICE_HELP_OF("subject",
                              DAEMON_SUBJECT_SOCKET) "\n"
                                                     "Example:\n"
                                                     "  sotto rights export --profile household "
                                                     "--out mine.json \\\n      " DEVICE_EXAMPLE;

enum { ITEM, GROUP, PROVIDER, AT, PURPOSE, OUT, SEAL_TO, PROFILE, VALUES };

static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                        {"item", required_argument, NULL, ITEM},
                                        {"group", required_argument, NULL, GROUP},
                                        {"provider", required_argument, NULL, PROVIDER},
                                        {"at", required_argument, NULL, AT},
                                        {"purpose", required_argument, NULL, PURPOSE},
                                        {"out", required_argument, NULL, OUT},
                                        {"seal-to", required_argument, NULL, SEAL_TO},
                                        {"profile", required_argument, NULL, PROFILE},
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
    const char *value[VALUES];
    sotto_session session;
    uint8_t *bytes; /* of an export */
    size_t n;
    struct taken taken;
};

static int usage(const char *message, const char *what) {
    fprintf(stderr, "sotto rights: %s%s; `sotto rights --help` tells more\n", message, what);
    return EXIT_USAGE;
}

/* ---- Verbs: each returns a status of the engine, or asks for what is missing ---------------- */

#define LACKS 100 /* no status is that high */

static int print_fact(void *ctx, const struct sotto_fact *f) {
    static const char *const kinds[] = {"",
                                        "profile",
                                        "consent",
                                        "receipt",
                                        "event",
                                        "inferred interest",
                                        "inferred taste",
                                        "block",
                                        "shown",
                                        "notice",
                                        "ticket",
                                        "answer",
                                        "report"};
    (void)ctx;
    printf("%-18s %s", kinds[f->kind], f->is_stored ? "stored  " : "        ");
    if (f->text) printf(" %s", f->text);
    if (f->kind == SOTTO_FACT_CONSENT)
        printf(" purpose %" PRIu32 ": word %" PRIu32, f->code, f->state);
    if (f->kind == SOTTO_FACT_EVENT || f->kind == SOTTO_FACT_TICKET)
        printf(" kind %" PRIu32, f->code);
    if (f->value) printf(" %" PRId64, f->value);
    if (f->bytes) printf(" %zu bytes", f->n);
    if (f->time_s) printf(" at %" PRId64, f->time_s);
    printf("\n");
    return 0;
}

static int view(struct command *c) {
    return sotto_export(c->device.engine, c->session, print_fact, NULL);
}

/* -1 unless it is 64 hexadecimal digits. */
static int read_key(uint8_t key[32], const char *text) {
    if (strspn(text, "0123456789abcdefABCDEF") != 64 || text[64]) return -1;
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        key[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return 0;
}

static int export_all(struct command *c) {
    uint8_t key[32];
    const char *seal_key = c->value[SEAL_TO];
    if (seal_key && read_key(key, seal_key) != 0) return LACKS + SEAL_TO;
    return export_json_make(c->device.engine, c->session, seal_key ? key : NULL, &c->bytes, &c->n);
}

static int receipts(struct command *c) {
    return taken_here(&c->taken, c->device.engine, c->session);
}

static int like(struct command *c) {
    if (!c->value[ITEM]) return LACKS + ITEM;
    return sotto_interest(c->device.engine, c->session, c->value[ITEM], 1);
}
static int dislike(struct command *c) {
    if (!c->value[ITEM]) return LACKS + ITEM;
    return sotto_interest(c->device.engine, c->session, c->value[ITEM], -1);
}

static int block_or_not(struct command *c, int (*verb)(struct sotto *, sotto_session,
                                                       enum sotto_block_kind, const char *)) {
    int done = 0, status = SOTTO_OK;
    for (int i = ITEM; i <= PROVIDER && status == SOTTO_OK; i++) {
        if (!c->value[i]) continue;
        status = verb(c->device.engine, c->session,
                      (enum sotto_block_kind)(SOTTO_BLOCK_ITEM + i - ITEM), c->value[i]);
        done++;
    }
    return done ? status : LACKS + ITEM;
}
static int block(struct command *c) { return block_or_not(c, sotto_block); }
static int unblock(struct command *c) { return block_or_not(c, sotto_unblock); }

static int forget(struct command *c) {
    uint32_t n = 0;
    char *end = NULL;
    long long at = c->value[AT] ? strtoll(c->value[AT], &end, 10) : 0;
    if ((end && *end) || (!c->value[AT] && !c->value[ITEM])) return LACKS + AT;
    int status = sotto_forget(c->device.engine, c->session, c->value[ITEM], at, &n);
    if (status == SOTTO_OK) printf("%" PRIu32 " events forgotten\n", n);
    return status;
}
static int pause_all(struct command *c) { return sotto_pause(c->device.engine, c->session); }
static int resume(struct command *c) { return sotto_resume(c->device.engine, c->session); }

static int say(struct command *c, enum sotto_consent state) {
    static const char *const names[] = {"", "store", "personalise", "measure", "paid", "sensitive"};
    struct sotto_word word = {.size = sizeof word, .state = state, .channel = SOTTO_SAID_COMMAND};
    for (size_t i = 1; i < ARRAY_LEN(names) && c->value[PURPOSE]; i++)
        if (strcmp(names[i], c->value[PURPOSE]) == 0) word.purpose = (enum sotto_purpose)i;
    if (!word.purpose) return LACKS + PURPOSE;
    return sotto_consent_say(c->device.engine, c->session, &word);
}
static int object(struct command *c) { return say(c, SOTTO_CONSENT_OBJECTED); }
static int withdraw(struct command *c) { return say(c, SOTTO_CONSENT_WITHDRAWN); }

static int tell_erased(int status, const struct sotto_erase_receipt *r) {
    if (status == SOTTO_OK)
        printf("%" PRIu32 " records destroyed; receipt %" PRIu64 "\n", r->records, r->number);
    return status;
}
static int reset(struct command *c) {
    struct sotto_erase_receipt r = {.size = sizeof r};
    return tell_erased(sotto_reset(c->device.engine, c->session, &r), &r);
}
static int erase(struct command *c) {
    struct sotto_erase_receipt r = {.size = sizeof r};
    return tell_erased(sotto_erase(c->device.engine, c->value[PROFILE], &r), &r);
}

static const struct {
    const char *name;
    int (*run)(struct command *c);
} verbs[] = {{"view", view},       {"export", export_all}, {"receipts", receipts},
             {"like", like},       {"dislike", dislike},   {"block", block},
             {"unblock", unblock}, {"forget", forget},     {"pause", pause_all},
             {"resume", resume},   {"object", object},     {"withdraw", withdraw},
             {"reset", reset},     {"erase", erase}};

/* ---- The command -------------------------------------------------------------------------- */

/* The verb's number, or -1 - an exit code. */
static int parse(struct command *c, int argc, char **argv) {
    int option, index = 0;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, &index)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return -1 - EXIT_OK;
        }
        if (option == 'd')
            (void)own_device_option(&c->device, options[index].name, optarg);
        else if (option < VALUES)
            c->value[option] = optarg;
        else
            return -1 - usage("an option is unknown or lacks its value", "");
    }
    if (optind + 1 != argc) return -1 - usage("say what to do, one verb", "");
    if (!c->value[PROFILE]) return -1 - usage("--profile is missing", "");
    size_t verb = 0;
    while (verb < ARRAY_LEN(verbs) && strcmp(verbs[verb].name, argv[optind]) != 0) verb++;
    if (verb == ARRAY_LEN(verbs)) return -1 - usage("there is no such verb: ", argv[optind]);
    c->device.usual_socket = DAEMON_SUBJECT_SOCKET;
    const char *lacks = own_device_lacks(&c->device);
    return lacks ? -1 - usage(lacks, "") : (int)verb;
}

static int ask(struct command *c, int verb, struct sotto_error *err) {
    const struct rights_asked asked = {.profile = c->value[PROFILE],
                                       .item = c->value[ITEM],
                                       .group = c->value[GROUP],
                                       .provider = c->value[PROVIDER],
                                       .at = c->value[AT],
                                       .purpose = c->value[PURPOSE],
                                       .seal_to = c->value[SEAL_TO]};
    if (verbs[verb].run == receipts)
        return taken_asked(&c->taken, &c->device.daemon, asked.profile, err);
    return rights_ask(&c->device.daemon, verbs[verb].name, &asked, &c->bytes, &c->n, err);
}

/* Here, in a session of its own. LACKS and more: what the command line misses. */
static int act(struct command *c, int verb, struct sotto_error *err) {
    struct sotto *e = c->device.engine;
    int status = sotto_session_begin(e, c->value[PROFILE], &c->session);
    if (status == SOTTO_OK) status = verbs[verb].run(c);
    if (status < 0) {
        const char *why = sotto_last_error(e);
        fail(err, status, "%s", why[0] ? why : sotto_strerror(status));
    }
    int ended = c->session ? sotto_session_end(e, c->session) : SOTTO_OK;
    if (status == SOTTO_OK && ended != SOTTO_OK)
        status = fail(err, ended, "%s", sotto_last_error(e));
    return status;
}

int rights_main(int argc, char **argv) {
    static struct command c;
    memset(&c, 0, sizeof c);
    struct sotto_error err = {0};
    int verb = parse(&c, argc, argv);
    if (verb < 0) return -1 - verb;
    int status = own_device_open(&c.device, &err);
    if (status == SOTTO_OK) status = c.device.engine ? act(&c, verb, &err) : ask(&c, verb, &err);
    own_device_close(&c.device);
    if (status >= LACKS)
        return usage("this verb needs a good --", options[1 + status - LACKS].name);
    if (status == SOTTO_OK && c.bytes) status = taken_write(c.value[OUT], c.bytes, c.n, &err);
    if (status == SOTTO_OK) status = taken_put(&c.taken, c.value[OUT], &err);
    if (c.bytes) wipe(c.bytes, c.n);
    free(c.bytes);
    return status == SOTTO_OK ? EXIT_OK : cli_report("sotto rights", &err);
}
