/* receipt_main: `sotto receipt verify`. Needs nothing but a receipt and the device's key. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "sotto_people.h"
#include "sotto_receipt.h"
#include "tools/common/cli.h"
#include "tools/common/json.h"
#include "tools/sotto/commands.h"

static const char help[] =
    "usage: sotto receipt verify --key HEX [--json] RECEIPT\n"
    "\n"
    "Verifies the receipt of an erasure and says what was destroyed, and how thoroughly; or a "
    "receipt of\n"
    "consent, and says what was agreed to or refused.\n"
    "\n"
    "  --key HEX   the device's key, noted when it was enrolled (64 digits)\n"
    "  --json      the result as JSON\n"
    "\n"
    "Example:\n"
    "  sotto receipt verify --key $(cut -d' ' -f1 run/enrolled.txt | head -1) erased.receipt\n";

static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                        {"key", required_argument, NULL, 'k'},
                                        {"json", no_argument, NULL, 'j'},
                                        {NULL, 0, NULL, 0}};

struct command {
    const char *path;
    uint8_t key[32];
    int has_key, is_json;
};

static int usage(const char *message) {
    fprintf(stderr, "sotto receipt: %s; `sotto receipt --help` tells more\n", message);
    return EXIT_USAGE;
}

static int read_key(uint8_t key[32], const char *text) {
    size_t length = strspn(text, "0123456789abcdefABCDEF");
    if (text[length] || length != 64) return -1;
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        key[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return 0;
}

/* EXIT_OK to go on, -1 when help was printed. */
static int parse(struct command *c, int argc, char **argv) {
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'h': fputs(help, stdout); return -1;
        case 'k':
            if (read_key(c->key, optarg) != 0) return usage("--key takes 64 hexadecimal digits");
            c->has_key = 1;
            break;
        case 'j': c->is_json = 1; break;
        default: return usage("an option is unknown or lacks its value");
        }
    }
    if (optind >= argc || strcmp(argv[optind], "verify") != 0)
        return usage("say what to do: verify");
    if (optind + 2 != argc) return usage("name one receipt");
    if (!c->has_key) return usage("--key is missing: the device's key");
    c->path = argv[optind + 1];
    return EXIT_OK;
}

/* One byte more than any receipt has shows that a file is longer. */
static int read_receipt(const char *path, uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES + 1], size_t *n,
                        struct sotto_error *err) {
    FILE *f = fopen(path, "rbe");
    if (!f) return fail(err, SOTTO_E_IO, "%s cannot be opened", path);
    *n = fread(bytes, 1, SOTTO_CONSENT_RECEIPT_BYTES + 1, f);
    int is_bad = ferror(f);
    fclose(f);
    return is_bad ? fail(err, SOTTO_E_IO, "%s cannot be read", path) : SOTTO_OK;
}

static const char *what(uint32_t purposes) {
    uint32_t personalise = 1u << SOTTO_PURPOSE_PERSONALISE, measure = 1u << SOTTO_PURPOSE_MEASURE;
    if (purposes & 1u << SOTTO_PURPOSE_STORE) return "all that was stored";
    if (purposes == personalise) return "what was kept to personalise";
    return purposes == measure ? "what was kept to measure"
                               : "what was kept to personalise and to measure";
}

static const char *why(uint32_t reason) {
    switch ((enum sotto_erase_why)reason) {
    case SOTTO_ERASE_ASKED: return "asked for";
    case SOTTO_ERASE_WITHDRAWN: return "consent was taken back";
    case SOTTO_ERASE_EXPIRED: return "consent to store ran out, or the policy no longer allows it";
    }
    return "unknown";
}

static void date(char text[24], int64_t at_s) {
    time_t at = (time_t)at_s;
    struct tm day;
    text[0] = 0;
    if (gmtime_r(&at, &day)) strftime(text, 24, "%Y-%m-%d %H:%M:%S", &day);
}

static void hex(char text[65], const uint8_t bytes[32]) {
    for (size_t i = 0; i < 32; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static void print_json(const struct sotto_receipt *r) {
    struct json j = json_to(stdout);
    char head[65], before[65];
    hex(head, r->audit_head);
    hex(before, r->before);
    json_begin_object(&j, NULL);
    json_uint(&j, "number", r->number);
    json_bool(&j, "whole_profiles", (int)(r->purposes >> SOTTO_PURPOSE_STORE & 1));
    json_bool(&j, "personalise", (int)(r->purposes >> SOTTO_PURPOSE_PERSONALISE & 1));
    json_bool(&j, "measure", (int)(r->purposes >> SOTTO_PURPOSE_MEASURE & 1));
    json_text(&j, "assurance", r->assurance == SOTTO_ASSURANCE_PHYSICAL ? "physical" : "logical");
    json_text(&j, "why", why(r->why));
    json_uint(&j, "profiles", r->profiles);
    json_uint(&j, "records", r->records);
    json_uint(&j, "key_epoch", r->epoch);
    json_int(&j, "time_s", r->time_s);
    json_uint(&j, "audit_lines", r->audit_lines);
    json_text(&j, "audit_head", head);
    json_text(&j, "before", before);
    json_end_object(&j);
    printf("\n");
}

static void print_result(const struct command *c, const struct sotto_receipt *r) {
    char day[24], head[65];
    date(day, r->time_s);
    hex(head, r->audit_head);
    printf("%s: authentic, receipt %" PRIu64 " of this device\n\n", c->path, r->number);
    printf("destroyed: %s, of %" PRIu32 " profiles: %" PRIu32 " records (%s)\n", what(r->purposes),
           r->profiles, r->records, why(r->why));
    printf("when:      %s UTC or later, as far as the device knew\n", day);
    printf("how:       the key that opened them was destroyed %s; key epoch %" PRIu64 " began\n",
           r->assurance == SOTTO_ASSURANCE_PHYSICAL
               ? "physically: the hardware promises that its bytes are gone"
               : "logically: overwritten and unlinked; flash may keep stale copies of the key",
           r->epoch);
    if (r->audit_lines)
        printf("on record: line %" PRIu64 " of the audit log, which then ended with\n  %s\n",
               r->audit_lines, head);
    else
        printf("on record: nowhere, the audit log could not be read\n");
}

/* ---- Receipts of consent ----------------------------------------------------------------- */

static const char *purpose_name(enum sotto_purpose purpose) {
    switch (purpose) {
    case SOTTO_PURPOSE_STORE: return "keep a profile";
    case SOTTO_PURPOSE_PERSONALISE: return "personalise";
    case SOTTO_PURPOSE_MEASURE: return "measure";
    case SOTTO_PURPOSE_PAID: return "choose among paid items";
    case SOTTO_PURPOSE_SENSITIVE: return "use items of sensitive kinds";
    }
    return "unknown";
}

static const char *word_name(enum sotto_consent state) {
    switch (state) {
    case SOTTO_CONSENT_GRANTED: return "granted";
    case SOTTO_CONSENT_DENIED: return "denied";
    case SOTTO_CONSENT_WITHDRAWN: return "withdrawn";
    case SOTTO_CONSENT_OBJECTED: return "objected to";
    case SOTTO_CONSENT_PAUSED: return "paused";
    case SOTTO_CONSENT_UNKNOWN:
    case SOTTO_CONSENT_EXPIRED: break;
    }
    return "unknown";
}

static const char *channel_name(enum sotto_said channel) {
    switch (channel) {
    case SOTTO_SAID_SCREEN: return "on the screen";
    case SOTTO_SAID_SPEECH: return "by speech";
    case SOTTO_SAID_STAFF: return "to staff";
    case SOTTO_SAID_NOTICE: return "by a notice that was not declined";
    case SOTTO_SAID_SIGNAL: return "by a signal";
    case SOTTO_SAID_COMMAND: return "on the command line";
    case SOTTO_SAID_UNKNOWN: break;
    }
    return "in a way not known";
}

static int consent_receipt(const struct command *c, const uint8_t *bytes, size_t n) {
    struct sotto_consent_receipt r = {.size = sizeof r};
    struct sotto_error err = {0};
    char day[24], hash[65], before[65];
    if (sotto_consent_receipt_verify(bytes, n, c->key, &r, &err) != SOTTO_OK)
        return cli_report("sotto receipt", &err);
    date(day, r.time_s);
    hex(hash, r.policy_hash);
    hex(before, r.before);
    if (c->is_json) {
        struct json j = json_to(stdout);
        json_begin_object(&j, NULL);
        json_uint(&j, "number", r.number);
        json_text(&j, "purpose", purpose_name(r.purpose));
        json_text(&j, "word", word_name(r.state));
        json_text(&j, "said", channel_name(r.channel));
        json_uint(&j, "notice_version", r.notice_version);
        json_text(&j, "locale", r.locale);
        json_uint(&j, "policy_version", r.policy_version);
        json_text(&j, "policy_hash", hash);
        json_int(&j, "time_s", r.time_s);
        json_text(&j, "before", before);
        json_end_object(&j);
        printf("\n");
        return EXIT_OK;
    }
    printf("%s: authentic, receipt %" PRIu64 " of this profile or session\n\n", c->path, r.number);
    printf("said:   %s: %s, %s\n", purpose_name(r.purpose), word_name(r.state),
           channel_name(r.channel));
    printf("when:   %s UTC, as far as the device knew\n", day);
    printf("under:  notice %" PRIu32 "%s%s, policy %" PRIu64 "\n  %s\n", r.notice_version,
           r.locale[0] ? ", " : "", r.locale, r.policy_version, hash);
    return EXIT_OK;
}

int receipt_main(int argc, char **argv) {
    struct command c = {0};
    struct sotto_receipt r = {.size = sizeof r};
    struct sotto_error err = {0};
    uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES + 1] = {0};
    size_t n = 0;
    int code = parse(&c, argc, argv);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    int status = read_receipt(c.path, bytes, &n, &err);
    if (status == SOTTO_OK && memcmp(bytes, "SOTTOCNS", 8) == 0)
        return consent_receipt(&c, bytes, n);
    if (status == SOTTO_OK) status = sotto_receipt_verify(bytes, n, c.key, &r, &err);
    if (status != SOTTO_OK) return cli_report("sotto receipt", &err);
    if (c.is_json)
        print_json(&r);
    else
        print_result(&c, &r);
    return EXIT_OK;
}
