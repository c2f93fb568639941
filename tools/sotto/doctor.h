/* doctor: what `sotto doctor` knows of a device, and what it says about it. doctor_gather.c looks
 * and judges nothing; doctor_checks.c judges and looks at nothing; doctor_print.c prints. */
#ifndef SOTTO_DOCTOR_H
#define SOTTO_DOCTOR_H

#include <sys/stat.h>

#include "tools/sotto/device.h"

#define DOCTOR_NAMES 8    /* origins of pages from elsewhere */
#define DOCTOR_TEXT  1024 /* of what is wrong, and of what to do */
#define DOCTOR_OWNER 160
#define DOCTOR_CHROMIUM                                                                            \
    "/etc/chromium/policies/managed:/etc/opt/chrome/policies/managed:"                             \
    "/etc/chromium-browser/policies/managed"

/* ---- Facts ----------------------------------------------------------------------------------- */

/* A file without following a link: errno of the look, 0 when it is there. */
struct doctor_file {
    char path[600];
    int error;
    struct stat is;
};

struct doctor_pack {
    int status; /* 0, or why it is not believed */
    char message[SOTTO_MESSAGE_BYTES];
    uint64_t version;
    int64_t not_after_s, created_s; /* as in struct pack */
};

struct doctor_socket {
    const char *role;
    struct doctor_file file;
    int connect_error; /* errno; 0: somebody listens */
    int answers;
};

enum doctor_asked { DOCTOR_NOBODY, DOCTOR_SOTTOD, DOCTOR_VAULT };

struct doctor {
    /* What to look at. */
    struct own_device device;
    const char *config;   /* of --config; NULL: the usual file */
    const char *chromium; /* folders of managed policies, between colons */
    int config_status;    /* of reading it; SOTTO_E_NOT_FOUND: there is no usual file */
    char config_path[512], config_message[SOTTO_MESSAGE_BYTES];

    /* Files. */
    struct doctor_file keys, device_key, slots[2], vault, vault_folder, outbox;
    int space_error; /* errno of looking at the vault's file system */
    uint64_t free_bytes, free_files;
    int is_read_only, has_files; /* the file system; whether it counts files at all */
    uint64_t outbox_files, refused_files;
    int64_t oldest_s; /* since the oldest file came into the outbox; 0: none waits */
    int has_upload;   /* upload.conf is there and says where to */
    int upload_status;
    int has_tpm;

    /* Packs, read here. */
    struct doctor_pack model, policy;
    int is_policy_named; /* there is a key for one */
    char owner[DOCTOR_OWNER], contact[DOCTOR_OWNER];

    /* The system. */
    int64_t wall_s; /* seconds since 1970 */
    int random_error;
    uint64_t lock_bytes; /* what may be locked; UINT64_MAX: no limit. Of sottod where it runs */

    /* sottod, or the vault. */
    struct doctor_socket sockets[3];
    enum doctor_asked asked;
    int ask_status; /* 0, or why there is no health */
    char ask_message[SOTTO_MESSAGE_BYTES];
    struct sotto_health health;
    int has_budget;
    struct sotto_budget budget;

    /* The web front end. */
    int has_web, web_status;
    char web_path[512], web_message[SOTTO_MESSAGE_BYTES];
    struct doctor_file token;
    size_t n_origins;
    char origins[DOCTOR_NAMES][128];
    int is_allowed[DOCTOR_NAMES]; /* by a managed policy of Chromium */
    char bad_policy[512];         /* a policy file that is no JSON; "" */
};

/* Fills what is below `What to look at`. */
void doctor_gather(struct doctor *d);

/* ---- Findings -------------------------------------------------------------------------------- */

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_finding {
    enum doctor_state state;
    int code; /* of a failure: enum cli_exit */
    char what[DOCTOR_TEXT], advice[DOCTOR_TEXT];
};

struct doctor_check {
    const char *name;
    void (*judge)(const struct doctor *d, struct doctor_finding *f);
};
extern const struct doctor_check doctor_checks[];
extern const size_t doctor_n_checks;

/* The exit code of the worst: failures before warnings, and among them what cannot be trusted,
 * then what does not work, then what is spent. */
int doctor_exit(const struct doctor_finding *findings, size_t n);

void doctor_print(const struct doctor *d, const struct doctor_finding *findings, int is_json);

#endif
