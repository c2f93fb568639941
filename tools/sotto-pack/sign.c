/* sign: the command lines of `sotto-pack keygen`, `sign` and `verify`. Called by main.c and by
 * tests. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/args.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/keyfile.h"
#include "tools/sotto-pack/password.h"
#include "tools/sotto-pack/switch_file.h"

static const char help_keygen[] =
    "usage: sotto-pack keygen --out NAME [--no-password | --password-file FILE]\n"
    "\n"
    "Makes a key pair in minisign's format: NAME.key, the secret (mode 0600), and NAME.pub. "
    "Existing files are\n"
    "never overwritten. Give the model and the policy pack different keys, held by different "
    "people.\n"
    "\n"
    "  --out NAME            where to write, without an ending (required)\n"
    "  --password-file FILE  its first line is the password; else it is asked for, twice\n"
    "  --no-password         do not encrypt the secret key (for tests and sealed build machines)\n"
    "\n"
    "Examples:\n"
    "  sotto-pack keygen --out merchandising\n"
    "  sotto-pack keygen --out test-privacy --no-password\n";

static const char help_sign[] =
    "usage: sotto-pack sign --key NAME.key [--password-file FILE] [--comment TEXT] PACK…\n"
    "\n"
    "Signs packs and switches and writes PACK.minisig beside each, as `minisign -S` does. A file "
    "that is no\n"
    "intact one is refused.\n"
    "\n"
    "  --key FILE            minisign secret key (required)\n"
    "  --password-file FILE  its first line is the key's password; else it is asked for\n"
    "  --comment TEXT        trusted comment; default: time and name of the file\n"
    "\n"
    "Examples:\n"
    "  sotto-pack sign --key merchandising.key model.pack\n"
    "  sotto-pack sign --key privacy.key --password-file /run/secrets/privacy --comment \"v7\" "
    "eu.pack\n";

static const char help_verify[] =
    "usage: sotto-pack verify --key NAME.pub PACK…\n"
    "\n"
    "Verifies each PACK by PACK.minisig as a device does, then the hashes inside. Ends 4 if any is "
    "refused\n"
    "or unsigned, or the key is malformed.\n"
    "\n"
    "  --key FILE            minisign public key: a .pub file or its 56 characters (required)\n"
    "\n"
    "Examples:\n"
    "  sotto-pack verify --key merchandising.pub model.pack\n"
    "  sotto-pack verify --key RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3 eu.pack\n";

struct command {
    const char *name, *help, *key, *out, *password_file, *comment;
    int has_no_password;
};

enum option_id { OPT_KEY = 256, OPT_OUT, OPT_PASSWORD_FILE, OPT_NO_PASSWORD, OPT_COMMENT };

static const struct option keygen_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"out", required_argument, NULL, OPT_OUT},
    {"password-file", required_argument, NULL, OPT_PASSWORD_FILE},
    {"no-password", no_argument, NULL, OPT_NO_PASSWORD},
    {NULL, 0, NULL, 0},
};
static const struct option sign_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"key", required_argument, NULL, OPT_KEY},
    {"password-file", required_argument, NULL, OPT_PASSWORD_FILE},
    {"comment", required_argument, NULL, OPT_COMMENT},
    {NULL, 0, NULL, 0},
};
static const struct option verify_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"key", required_argument, NULL, OPT_KEY},
    {NULL, 0, NULL, 0},
};

/* Returns EXIT_OK to go on, -1 when help was printed, else the exit code. */
static int parse(struct command *c, const struct option *options, int argc, char **argv) {
    int option;
    optind = 0; /* glibc: start afresh, for tests that come back */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'h': fputs(c->help, stdout); return -1;
        case OPT_KEY: c->key = optarg; break;
        case OPT_OUT: c->out = optarg; break;
        case OPT_PASSWORD_FILE: c->password_file = optarg; break;
        case OPT_NO_PASSWORD: c->has_no_password = 1; break;
        case OPT_COMMENT: c->comment = optarg; break;
        default: return args_unknown(c->name, argc, argv);
        }
    }
    return EXIT_OK;
}

static int prepare(const char *program) {
    struct sotto_error err;
    if (crypto_init() == 0) return EXIT_OK;
    fail(&err, SOTTO_E_ENTROPY, "the cryptographic library could not be prepared");
    return cli_report(program, &err);
}

int keygen_main(int argc, char **argv) {
    struct command c = {.name = "keygen", .help = help_keygen};
    struct sotto_error err = {0};
    char public_text[KEYFILE_PUBLIC_TEXT], *password = NULL;
    int code = parse(&c, keygen_options, argc, argv);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    if (!c.out) return args_usage("keygen", "--out is missing: name the key pair");
    if (optind < argc) return args_usage("keygen", "\"%s\" is one word too many", argv[optind]);
    if (c.has_no_password && c.password_file)
        return args_usage("keygen", "--no-password and --password-file exclude each other");
    if ((code = prepare("sotto-pack keygen")) != EXIT_OK) return code;
    if (!c.has_no_password) {
        password = c.password_file ? password_read(c.password_file, &err)
                                   : password_ask("Password for the new secret key: ", 1, &err);
        if (!password) return cli_report("sotto-pack keygen", &err);
    }
    int status = keyfile_generate(c.out, password, public_text, &err);
    locked_free(password);
    if (status != SOTTO_OK) return cli_report("sotto-pack keygen", &err);
    printf("%s.key: the secret key; keep it where only its owner can read it, with a backup\n"
           "%s.pub: the public key, for devices and verifiers: %s\n",
           c.out, c.out, public_text);
    return EXIT_OK;
}

/* minisign's default comment; SOURCE_DATE_EPOCH makes it reproducible. */
static int default_comment(char *out, size_t cap, const char *path, struct sotto_error *err) {
    struct pack_manifest now;
    const struct args_pack none = {0};
    const char *name = strrchr(path, '/');
    int status = args_manifest(&none, PACK_MODEL, &now, err);
    snprintf(out, cap, "timestamp:%lld\tfile:%s\thashed", (long long)now.created_s,
             name ? name + 1 : path);
    return status;
}

static int sign_file(const struct command *c, const struct keyfile_secret *key, const char *path,
                     struct sotto_error *err) {
    char text[KEYFILE_SIGNATURE_MAX], comment[KEYFILE_COMMENT_MAX + 1], signature[4096];
    struct pack pack = {0};
    uint8_t *bytes;
    int length = snprintf(signature, sizeof signature, "%s.minisig", path);
    if (length < 0 || (size_t)length >= sizeof signature)
        return fail(err, SOTTO_E_ARGUMENT, "a path is longer than %zu bytes", sizeof signature - 9);
    int status = packfile_check_out(signature, (const char *const[]){path, c->key}, 2, err);
    if (status == SOTTO_OK) status = packfile_read(path, PACK_BYTES_MAX, &bytes, &pack.n, err);
    if (status != SOTTO_OK) return status;
    struct switch_file not_used;
    pack.bytes = bytes;
    /* never sign what no device would read */
    if (switch_file_read(&not_used, bytes, pack.n) != 0) status = pack_parse(&pack, path, err);
    if (status == SOTTO_OK && !c->comment)
        status = default_comment(comment, sizeof comment, path, err);
    if (status == SOTTO_OK)
        status = keyfile_sign(key, bytes, pack.n, c->comment ? c->comment : comment, text, err);
    if (status == SOTTO_OK) status = packfile_replace(signature, text, strlen(text), 0644, err);
    free(bytes);
    return status;
}

int sign_main(int argc, char **argv) {
    struct command c = {.name = "sign", .help = help_sign};
    struct sotto_error err = {0};
    struct keyfile_secret *key = NULL;
    char *password = NULL;
    int code = parse(&c, sign_options, argc, argv);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    if (!c.key) return args_usage("sign", "--key is missing: name the secret key");
    if (optind >= argc) return args_usage("sign", "name at least one pack to sign");
    if ((code = prepare("sotto-pack sign")) != EXIT_OK) return code;
    int status = keyfile_is_encrypted(c.key, &err);
    if (status == 1) {
        password = c.password_file ? password_read(c.password_file, &err)
                                   : password_ask("Password of the secret key: ", 0, &err);
        if (!password) return cli_report("sotto-pack sign", &err);
    }
    if (status == 0 && keyfile_is_exposed(c.key))
        fprintf(stderr,
                "sotto-pack sign: warning: %s has no password and others may read it: "
                "`chmod 600` it, and think about who has read it\n",
                c.key);
    if (status >= 0) status = keyfile_open(&key, c.key, password, &err);
    locked_free(password);
    for (int i = optind; status == SOTTO_OK && i < argc; i++) {
        status = sign_file(&c, key, argv[i], &err);
        if (status == SOTTO_OK) printf("%s.minisig written\n", argv[i]);
    }
    keyfile_close(key);
    return status == SOTTO_OK ? EXIT_OK : cli_report("sotto-pack sign", &err);
}

static int read_signature(const char *signature, const char *path, uint8_t **text, size_t *n,
                          struct sotto_error *err) {
    int status = packfile_read(signature, KEYFILE_SIGNATURE_MAX, text, n, err);
    if (status == SOTTO_E_LIMIT)
        return fail(err, SOTTO_E_FORMAT, "%s is longer than any signature", signature);
    if (status != SOTTO_OK && access(signature, F_OK) != 0 && errno == ENOENT)
        return fail(err, SOTTO_E_SIGNATURE,
                    "%s is not signed, for there is no %s: sign it with `sotto-pack sign`", path,
                    signature);
    return status;
}

static int verify_file(const char *public_text, const char *path, struct sotto_error *err) {
    char signature[4096];
    struct pack pack = {0};
    uint8_t *bytes = NULL, *text = NULL;
    size_t text_n;
    int length = snprintf(signature, sizeof signature, "%s.minisig", path);
    if (length < 0 || (size_t)length >= sizeof signature)
        return fail(err, SOTTO_E_ARGUMENT, "a path is longer than %zu bytes", sizeof signature - 9);
    int status = packfile_read(path, PACK_BYTES_MAX, &bytes, &pack.n, err);
    if (status == SOTTO_OK) status = read_signature(signature, path, &text, &text_n, err);
    if (status == SOTTO_OK)
        status = minisig_verify(public_text, bytes, pack.n, (const char *)text, text_n, path, err);
    struct switch_file s;
    int is_switch = status == SOTTO_OK && switch_file_read(&s, bytes, pack.n) == 0;
    if (is_switch)
        printf("%s: signed by this key and intact; switch %llu, %s\n", path,
               (unsigned long long)s.number, s.off ? "off" : "on");
    pack.bytes = bytes;
    if (status == SOTTO_OK && !is_switch) status = pack_parse(&pack, path, err);
    if (status == SOTTO_OK && !is_switch)
        printf("%s: signed by this key and intact; %s pack, version %llu\n", path,
               pack.role == PACK_MODEL ? "model" : "policy", (unsigned long long)pack.version);
    free(bytes);
    free(text);
    return status;
}

int verify_main(int argc, char **argv) {
    struct command c = {.name = "verify", .help = help_verify};
    struct sotto_error err = {0};
    char public_text[KEYFILE_PUBLIC_TEXT];
    int code = parse(&c, verify_options, argc, argv);
    if (code != EXIT_OK) return code < 0 ? EXIT_OK : code;
    if (!c.key) return args_usage("verify", "--key is missing: name the public key");
    if (optind >= argc) return args_usage("verify", "name at least one pack to verify");
    if ((code = prepare("sotto-pack verify")) != EXIT_OK) return code;
    if (keyfile_public(c.key, public_text, &err) != SOTTO_OK)
        return cli_report("sotto-pack verify", &err);
    for (int i = optind; i < argc; i++) /* every file is judged; a refusal outweighs the rest */
        if (verify_file(public_text, argv[i], &err) != SOTTO_OK) {
            int worse = cli_report("sotto-pack verify", &err);
            if (code != EXIT_INTEGRITY) code = worse;
        }
    return code;
}
