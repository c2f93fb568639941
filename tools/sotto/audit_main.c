/* audit_main: `sotto audit verify`. Needs nothing but an exported log and the device's first audit
 * key, and says what that proves and what it cannot. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "sotto_audit.h"
#include "sotto_people.h"
#include "sotto_receipt.h"
#include "tools/common/cli.h"
#include "tools/common/json.h"
#include "tools/common/outfile.h"
#include "tools/sotto/commands.h"
#include "tools/sotto/daemon.h"

#define LOG_BYTES_MAX (64u << 20)

static const char help[] =
    "usage: sotto audit verify --key HEX [options] LOG\n"
    "       sotto audit export [--socket FILE] LOG\n"
    "\n"
    "Verifies an audit log that a device handed out, with nothing but its first audit key; or has\n"
    "sottod hand it out, and says the key.\n"
    "\n"
    "  --socket FILE  sottod's operator socket (" DAEMON_OPERATOR_SOCKET ")\n"
    "  --key HEX   the device's first audit key, noted when it was enrolled (64 digits)\n"
    "  --seen HEX  what a log of this device ended with earlier (at least 32 digits): whether this "
    "one "
    "goes on from there\n"
    "  --entries   every entry that is still there; dates are what the device believed\n"
    "  --json      the result as JSON\n"
    "\n"
    "Example:\n"
    "  sotto audit export today.audit\n"
    "  sotto audit verify --key $(cut -d' ' -f1 run/audit/keys.txt | head -1) "
    "run/audit/kiosk-01.audit\n";

static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                        {"key", required_argument, NULL, 'k'},
                                        {"seen", required_argument, NULL, 's'},
                                        {"entries", no_argument, NULL, 'e'},
                                        {"json", no_argument, NULL, 'j'},
                                        {"socket", required_argument, NULL, 'o'},
                                        {NULL, 0, NULL, 0}};

struct command {
    const char *log, *socket;
    uint8_t key[32], seen[SOTTO_AUDIT_HEAD_BYTES];
    int has_key, has_seen, lists, is_json, exports;
};

static const struct {
    const char *key, *text;
} kinds[SOTTO_AUDIT_KINDS] = {
    [SOTTO_AUDIT_START] = {"starts", "starts of the engine"},
    [SOTTO_AUDIT_POLICY] = {"strict_policy", "changes between the policy and the strict rules"},
    [SOTTO_AUDIT_MODEL] = {"models_set_aside", "models set aside, or used again"},
    [SOTTO_AUDIT_CONSENT] = {"consents", "words on consent stored"},
    [SOTTO_AUDIT_ERASE] = {"erasures", "erasures begun"},
    [SOTTO_AUDIT_SHRED] = {"keys_destroyed", "keys destroyed"},
    [SOTTO_AUDIT_REPORT] = {"reports", "reports sealed and paid for"},
    [SOTTO_AUDIT_DISCLOSURE] = {"disclosures", "tellings of banners and slates"},
    [SOTTO_AUDIT_STORAGE] = {"storage_returns", "returns of failed storage"},
    [SOTTO_AUDIT_EXPORT] = {"exports", "exports of this log"},
    [SOTTO_AUDIT_ROTATE] = {"rotations", "renewals of the keys begun"},
    [SOTTO_AUDIT_RIGHT] = {"rights", "uses of rights on stored profiles"},
    [SOTTO_AUDIT_TICKET] = {"tickets", "calls for a person, and what came of them"},
    [SOTTO_AUDIT_OVERRIDE] = {"overrides", "decisions overridden by staff"},
    [SOTTO_AUDIT_SWITCH] = {"switches", "turns of the switch"},
};

static int usage(const char *message) {
    fprintf(stderr, "sotto audit: %s; `sotto audit --help` tells more\n", message);
    return EXIT_USAGE;
}

/* At least 2·n digits; more of them are read over when `may_go_on`. */
static int read_hex(uint8_t *out, size_t n, const char *text, int may_go_on) {
    size_t length = strspn(text, "0123456789abcdefABCDEF");
    if (text[length] || length < 2 * n || (!may_go_on && length != 2 * n)) return -1;
    for (size_t i = 0; i < n; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
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
            if (read_hex(c->key, sizeof c->key, optarg, 0) != 0)
                return usage("--key takes 64 hexadecimal digits");
            c->has_key = 1;
            break;
        case 's':
            if (read_hex(c->seen, sizeof c->seen, optarg, 1) != 0)
                return usage("--seen takes at least 32 hexadecimal digits");
            c->has_seen = 1;
            break;
        case 'e': c->lists = 1; break;
        case 'j': c->is_json = 1; break;
        case 'o': c->socket = optarg; break;
        default: return usage("an option is unknown or lacks its value");
        }
    }
    c->exports = optind < argc && strcmp(argv[optind], "export") == 0;
    if (!c->exports && (optind >= argc || strcmp(argv[optind], "verify") != 0))
        return usage("say what to do: verify or export");
    if (optind + 2 != argc) return usage("name one log");
    if (!c->exports && !c->has_key) return usage("--key is missing: the device's first audit key");
    c->log = argv[optind + 1];
    return EXIT_OK;
}

static int read_log(const char *path, uint8_t **bytes, size_t *n, struct sotto_error *err) {
    FILE *f = fopen(path, "rbe");
    size_t cap = 1 << 16;
    *bytes = malloc(cap);
    *n = 0;
    if (!f) {
        free(*bytes);
        *bytes = NULL;
        return fail(err, SOTTO_E_IO, "%s cannot be opened", path);
    }
    while (*bytes && *n < LOG_BYTES_MAX) {
        size_t got = fread(*bytes + *n, 1, cap - *n, f);
        *n += got;
        if (got == 0) break;
        if (*n < cap) continue;
        uint8_t *more = realloc(*bytes, cap *= 2);
        if (!more) free(*bytes);
        *bytes = more;
    }
    int is_bad = ferror(f);
    fclose(f);
    if (!*bytes) return fail(err, SOTTO_E_MEMORY, "no memory for %s", path);
    if (is_bad) return fail(err, SOTTO_E_IO, "%s cannot be read", path);
    if (*n >= LOG_BYTES_MAX) return fail(err, SOTTO_E_LIMIT, "%s is too large for a log", path);
    return SOTTO_OK;
}

static const char *state_name(uint64_t state) {
    switch (state & 0xff) {
    case SOTTO_CONSENT_GRANTED: return "granted";
    case SOTTO_CONSENT_DENIED: return "denied";
    case SOTTO_CONSENT_WITHDRAWN: return "withdrawn";
    case SOTTO_CONSENT_OBJECTED: return "objected to";
    case SOTTO_CONSENT_PAUSED: return "paused";
    default: return "unknown";
    }
}

static const char *right_name(unsigned right) {
    static const char *const names[] = {"",
                                        "paused",
                                        "resumed",
                                        "objected to by a signal",
                                        "left by an adult for a child",
                                        "a block added",
                                        "a block taken back",
                                        "an interest corrected",
                                        "events forgotten",
                                        "reset",
                                        "exported"};
    return right < sizeof names / sizeof names[0] ? names[right] : "a right used";
}

static const char *ticket_state(unsigned state) {
    static const char *const names[] = {"", "requested", "accepted", "resolved", "timed out"};
    return state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

static const char *erase_what(unsigned purposes) {
    unsigned personalise = 1u << SOTTO_PURPOSE_PERSONALISE, measure = 1u << SOTTO_PURPOSE_MEASURE;
    if ((purposes & 15) == 0 || purposes & 1u << SOTTO_PURPOSE_STORE) return "";
    if ((purposes & 15) == personalise) return " of what was kept to personalise";
    if ((purposes & 15) == measure) return " of what was kept to measure";
    return " of what was kept to personalise and to measure";
}

static const char *erase_why(unsigned why) {
    switch (why) {
    case SOTTO_ERASE_WITHDRAWN: return ", consent taken back";
    case SOTTO_ERASE_EXPIRED: return ", consent run out";
    default: return "";
    }
}

static void print_entry(void *ctx, uint64_t number, const struct sotto_audit_entry *e) {
    time_t at = (time_t)e->day * 86400;
    struct tm day;
    char date[16] = "";
    (void)ctx;
    if (gmtime_r(&at, &day)) strftime(date, sizeof date, "%Y-%m-%d", &day);
    printf("%8" PRIu64 "  start %-3" PRIu32 "  %s  ", number, e->boot, date);
    switch (e->kind) {
    case SOTTO_AUDIT_START:
        printf("started: model %" PRIu64 "%s, policy %" PRIu64 "%s\n", e->a,
               e->detail & 2 ? " (set aside)" : "", e->b, e->detail & 1 ? " (strict rules)" : "");
        break;
    case SOTTO_AUDIT_POLICY:
        printf(e->detail ? "policy %" PRIu64 " instead of the strict rules\n"
                         : "strict rules instead of policy %" PRIu64 "\n",
               e->a);
        break;
    case SOTTO_AUDIT_MODEL:
        printf("model %" PRIu64 " %s\n", e->a, e->detail ? "used again" : "set aside");
        break;
    case SOTTO_AUDIT_CONSENT:
        printf(
            "consent of a profile: store %s, personalise %s, measure %s, paid %s, sensitive %s\n",
            state_name(e->a), state_name(e->a >> 8), state_name(e->a >> 16), state_name(e->a >> 24),
            state_name(e->a >> 32));
        break;
    case SOTTO_AUDIT_ERASE:
        printf("erasure%s%s: %" PRIu64 " profiles, %" PRIu64 " records\n", erase_what(e->detail),
               erase_why(e->detail >> 4), e->a, e->b);
        break;
    case SOTTO_AUDIT_SHRED:
        printf("key destroyed (%s), key epoch %" PRIu64 "\n",
               e->detail == SOTTO_ASSURANCE_PHYSICAL ? "physically" : "logically", e->a);
        break;
    case SOTTO_AUDIT_REPORT:
        printf("report: metric %" PRIu64 ", window %" PRIu64 ", epsilon %.6f\n", e->a >> 32,
               e->a & UINT32_MAX, (double)e->b / 1e6);
        break;
    case SOTTO_AUDIT_DISCLOSURE:
        printf("%" PRIu64 " banners shown, %" PRIu64 " personalised slates opened\n", e->a, e->b);
        break;
    case SOTTO_AUDIT_STORAGE: printf("storage is back\n"); break;
    case SOTTO_AUDIT_EXPORT: printf("this log was handed out\n"); break;
    case SOTTO_AUDIT_RIGHT: printf("a profile: %s\n", right_name(e->detail)); break;
    case SOTTO_AUDIT_TICKET:
        printf("%s %s, reason %" PRIu64 ", outcome %" PRIu64 "\n",
               e->detail >> 4 == SOTTO_TICKET_CONTEST ? "a decision contested:"
                                                      : "a person called:",
               ticket_state(e->detail & 15), e->a, e->b);
        break;
    case SOTTO_AUDIT_OVERRIDE:
        printf("staff decided otherwise about %s, reason %" PRIu64 "\n",
               e->detail ? "an item" : "a session", e->a);
        break;
    case SOTTO_AUDIT_SWITCH:
        printf("personalisation %s (here %s, from afar %s; switch %" PRIu64 ")\n",
               e->detail ? "off" : "on", e->detail & SOTTO_OFF_LOCAL ? "off" : "on",
               e->detail & SOTTO_OFF_REMOTE ? "off" : "on", e->a);
        break;
    default: printf("kind %u: %" PRIu64 " %" PRIu64 "\n", e->kind, e->a, e->b);
    }
}

static void hex(char text[65], const uint8_t bytes[32]) {
    for (size_t i = 0; i < 32; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static void print_json(const struct command *c, const struct sotto_audit_result *r) {
    struct json j = json_to(stdout);
    char head[65];
    hex(head, r->head);
    json_begin_object(&j, NULL);
    json_uint(&j, "entries", r->entries);
    json_uint(&j, "only_in_totals", r->let_go);
    json_uint(&j, "epochs", r->epochs);
    json_uint(&j, "segments", r->segments);
    json_text(&j, "head", head);
    if (c->has_seen) json_bool(&j, "goes_on_from_seen", (int)r->is_seen);
    json_begin_object(&j, "totals");
    for (int k = 0; k < SOTTO_AUDIT_KINDS; k++)
        if (kinds[k].key) json_uint(&j, kinds[k].key, r->totals[k]);
    json_end_object(&j);
    json_end_object(&j);
    printf("\n");
}

static void print_result(const struct command *c, const struct sotto_audit_result *r) {
    char head[65];
    hex(head, r->head);
    printf("%s: authentic\n\n", c->log);
    for (int k = 0; k < SOTTO_AUDIT_KINDS; k++)
        if (kinds[k].text && r->totals[k])
            printf("  %8" PRIu64 "  %s\n", r->totals[k], kinds[k].text);
    printf("\nproven: these %" PRIu64
           " entries were written by this device, in this order, and none "
           "was\naltered, added or left out between them",
           r->entries);
    if (r->let_go) printf("; the first %" PRIu64 " are there only as totals", r->let_go);
    printf(".\nnot proven: that nothing was cut off behind the last seal. Compare with what an "
           "earlier "
           "log\nended with (--seen). This one ends with\n  %s\n",
           head);
    if (c->has_seen && r->is_seen)
        printf("It goes on from the one that was seen, which ended with entry %" PRIu64 ".\n",
               r->seen_at);
    if (c->has_seen && !r->is_seen)
        printf("WARNING: what was seen is not among the entries that are still there.\n");
}

/* ---- Export ------------------------------------------------------------------------------ */

/* Piece by piece; each says where it begins and how long all of it is. */
static int export_pieces(struct daemon *d, FILE *to, struct sotto_error *err) {
    json_int_t at = 0, size = 1;
    while (at < size) {
        json_t *piece = daemon_ask(d, "audit.export", json_pack("{s:I}", "offset", at), err);
        const char *text = json_string_value(json_object_get(piece, "bytes"));
        size = json_integer_value(json_object_get(piece, "size"));
        json_int_t from = at;
        for (; text && text[0] && text[1]; text += 2, at++) {
            char pair[3] = {text[0], text[1], 0};
            putc((int)strtoul(pair, NULL, 16), to);
        }
        int is_over = at == from;
        if (!piece) return err->status;
        json_decref(piece);
        if (is_over) return fail(err, SOTTO_E_FORMAT, "sottod's log ended before its end");
    }
    return SOTTO_OK;
}

static int export_log(const struct command *c) {
    struct sotto_error err = {0};
    struct daemon d;
    struct outfile out;
    int status = SOTTO_OK;
    if (!daemon_find(&d, c->socket ? c->socket : DAEMON_OPERATOR_SOCKET)) {
        fail(&err, SOTTO_E_IO, "sottod does not run: nobody listens at %.150s",
             c->socket ? c->socket : DAEMON_OPERATOR_SOCKET);
        return cli_report("sotto audit", &err);
    }
    FILE *to = outfile_open(&out, c->log);
    if (!to) {
        status = fail(&err, SOTTO_E_IO, "%.150s: %s", c->log, strerror(errno));
    } else {
        status = export_pieces(&d, to, &err);
        if (outfile_close(&out, status == SOTTO_OK) != 0 && status == SOTTO_OK)
            status = fail(&err, SOTTO_E_IO, "%.150s: %s", c->log, strerror(errno));
    }
    json_t *key = status == SOTTO_OK ? daemon_ask(&d, "audit.key", NULL, &err) : NULL;
    if (key && strcmp(c->log, "-") != 0)
        printf("%s\n", json_string_value(json_object_get(key, "key")));
    if (status == SOTTO_OK && !key) status = err.status;
    json_decref(key);
    daemon_leave(&d);
    return status == SOTTO_OK ? EXIT_OK : cli_report("sotto audit", &err);
}

int audit_main(int argc, char **argv) {
    struct command c = {0};
    struct sotto_audit_result r = {.size = sizeof r};
    struct sotto_error err = {0};
    uint8_t *bytes = NULL;
    size_t n = 0;
    int code = parse(&c, argc, argv);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    if (c.exports) return export_log(&c);
    const uint8_t *seen = c.has_seen ? c.seen : NULL;
    int status = read_log(c.log, &bytes, &n, &err);
    if (status == SOTTO_OK)
        status = sotto_audit_verify(bytes, n, c.key, seen, &r, NULL, NULL, &err);
    /* Entries are shown only of a log that is good to its end. */
    if (status == SOTTO_OK && c.lists && !c.is_json)
        status = sotto_audit_verify(bytes, n, c.key, seen, &r, print_entry, NULL, &err);
    free(bytes);
    if (status != SOTTO_OK) return cli_report("sotto audit", &err);
    if (c.is_json)
        print_json(&c, &r);
    else
        print_result(&c, &r);
    return c.has_seen && !r.is_seen ? EXIT_INTEGRITY : EXIT_OK;
}
