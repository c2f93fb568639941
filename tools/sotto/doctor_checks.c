/* doctor_checks: what is well, what is not, and what to do about it. The table at the end lists
 * every check; each looks at the facts alone, says one thing, the worst, and fails with the code
 * that fits: EXIT_INTEGRITY when something cannot be trusted, EXIT_TEMPORARY when something does
 * not work, EXIT_REFUSED when the privacy budget is spent. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/clock.h"
#include "tools/common/cli.h"
#include "tools/common/times.h"
#include "tools/sotto/doctor.h"
#include "tools/sottod/config.h"

#define DAY_S         INT64_C(86400)
#define EXPIRES_S     (30 * DAY_S)
#define WAITS_S       (3 * DAY_S) /* sotto-upload looks at least once in some hours */
#define MIB           (UINT64_C(1) << 20)
#define SPACE_WARN    (16 * MIB)
#define SPACE_FAIL    MIB
#define FILES_FAIL    8
#define START_IT      "start it: systemctl restart sottod, and look at journalctl -u sottod"
#define LOST_KEY      "bring the key back: without it nobody can read the vault"
#define LOOK_AS_ROOT  "run sotto doctor as root"
#define SIGN_AND_COPY "sign it anew with sotto-pack and copy the pack and its .minisig together"

__attribute__((format(printf, 2, 3))) static void well(struct doctor_finding *f, const char *form,
                                                       ...) {
    va_list args;
    f->state = DOCTOR_OK;
    va_start(args, form);
    vsnprintf(f->what, sizeof f->what, form, args);
    va_end(args);
}

/* `code` 0: a warning. */
__attribute__((format(printf, 4, 5))) static void ill(struct doctor_finding *f, int code,
                                                      const char *advice, const char *form, ...) {
    va_list args;
    f->state = code ? DOCTOR_FAIL : DOCTOR_WARN;
    f->code = code;
    snprintf(f->advice, sizeof f->advice, "%s", advice);
    va_start(args, form);
    vsnprintf(f->what, sizeof f->what, form, args);
    va_end(args);
}

/* A failure's code is never that of a warning. */
static int code_of(int status) {
    int code = cli_exit_of(status);
    if (status == SOTTO_E_KEY) return EXIT_INTEGRITY;
    return code == EXIT_INTEGRITY || code == EXIT_REFUSED ? code : EXIT_TEMPORARY;
}

static const char *date(int64_t unix_s, char text[11]) {
    time_write_date(unix_s, text);
    return text;
}

/* ---- Settings, keys, clock --------------------------------------------------------------- */

static void check_settings(const struct doctor *d, struct doctor_finding *f) {
    if (d->config_status == SOTTO_E_NOT_FOUND && d->device.model_key)
        well(f, "there is no %s; the options say where to look", d->config_path);
    else if (d->config_status == SOTTO_E_NOT_FOUND)
        ill(f, EXIT_TEMPORARY, "install firmware-config/sotto.conf there, or name --config FILE",
            "there is no %s: sottod cannot start", d->config_path);
    else if (d->config_status == SOTTO_E_IO)
        ill(f, EXIT_TEMPORARY, "name a file that is there, and " LOOK_AS_ROOT, "%s",
            d->config_message);
    else if (d->config_status != SOTTO_OK)
        ill(f, EXIT_INTEGRITY, "correct that line; sottod --help lists all keys", "%s",
            d->config_message);
    else if (!d->device.model_key)
        ill(f, EXIT_TEMPORARY, "add model-key to [device]: a .pub file",
            "%s names no model-key: sottod cannot start", d->config_path);
    else
        well(f, "%s", d->config_path);
}

/* NULL, or why a key file is not to be trusted. */
static const char *key_fault(const struct doctor *d, const struct doctor_file *file, int is_must) {
    if (file->error == ENOENT && !is_must) return NULL;
    if (file->error == ENOENT) return "is missing";
    if (file->error) return "cannot be looked at";
    if (!S_ISREG(file->is.st_mode)) return "is no ordinary file";
    if (file->is.st_mode & 077) return "may be read by others";
    if (file->is.st_nlink > 1) return "has a second name";
    if (file->is.st_uid != 0 && file->is.st_uid != d->keys.is.st_uid)
        return "belongs to another user than its folder";
    return NULL;
}

static void check_keys(const struct doctor *d, struct doctor_finding *f) {
    const struct doctor_file *files[] = {&d->device_key, &d->slots[0], &d->slots[1]};
    char advice[DOCTOR_TEXT];
    if (d->keys.error == ENOENT && d->vault.path[0] && d->vault.error == 0) {
        ill(f, EXIT_INTEGRITY, LOST_KEY, "%s is gone, but there is a vault", d->keys.path);
        return;
    }
    if (d->keys.error == ENOENT) {
        ill(f, 0, "start sottod once: it makes its keys", "%s is not there yet", d->keys.path);
        return;
    }
    if (d->keys.error == EACCES || d->device_key.error == EACCES) {
        ill(f, 0, LOOK_AS_ROOT, "%s cannot be looked at by this user", d->keys.path);
        return;
    }
    if (d->keys.error || !S_ISDIR(d->keys.is.st_mode)) {
        ill(f, EXIT_INTEGRITY, "make it a folder of sottod's own user, mode 0700",
            "%s is no folder", d->keys.path);
        return;
    }
    if (d->keys.is.st_mode & 077) {
        snprintf(advice, sizeof advice, "chmod 700 %s; others may have copied the keys",
                 d->keys.path);
        ill(f, EXIT_INTEGRITY, advice, "%s has mode %04o: others may look into it", d->keys.path,
            (unsigned)d->keys.is.st_mode & 07777);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const char *fault = key_fault(d, files[i], i == 0);
        if (!fault) continue;
        if (files[i]->error == ENOENT && d->vault.error == ENOENT)
            ill(f, 0, "start sottod once: it makes its keys", "%s is not there yet",
                files[i]->path);
        else if (files[i]->error == ENOENT)
            ill(f, EXIT_INTEGRITY, LOST_KEY, "%s is missing, but there is a vault", files[i]->path);
        else {
            snprintf(advice, sizeof advice,
                     "chown it to its folder's user and chmod 600 %s; others may have copied it",
                     files[i]->path);
            ill(f, EXIT_INTEGRITY, advice, "%s %s (mode %04o)", files[i]->path, fault,
                (unsigned)files[i]->is.st_mode & 07777);
        }
        return;
    }
    const char *words = d->health.key_text[0] ? d->health.key_text : "files";
    well(f, "%s: %s%s", d->keys.path, words,
         d->has_tpm ? "; this machine has a TPM" : "; this machine has no TPM");
}

static void check_clock(const struct doctor *d, struct doctor_finding *f) {
    char now[11], other[11];
    const char *advice = "set it: a time server, or the real-time clock's battery";
    int64_t signed_s =
        d->model.created_s > d->policy.created_s ? d->model.created_s : d->policy.created_s;
    date(d->wall_s, now);
    if (d->wall_s < CLOCK_EARLIEST_S)
        ill(f, EXIT_TEMPORARY, advice, "it says %s: it was never set", now);
    else if (d->wall_s > CLOCK_LATEST_S)
        ill(f, EXIT_TEMPORARY, advice, "it says %s: that is no date", now);
    else if (signed_s > d->wall_s + DAY_S)
        ill(f, 0, advice, "it says %s, but a pack was signed on %s", now, date(signed_s, other));
    else if (d->health.time_floor_s > d->wall_s + DAY_S)
        ill(f, 0, advice, "it says %s, but this device has already seen %s", now,
            date(d->health.time_floor_s, other));
    else if (d->health.time_claim_s && d->health.time_claim_s > d->health.time_floor_s + DAY_S)
        ill(f, 0, "nothing, if the date is right: it is believed after eight hours of uptime",
            "it says %s, and the device still goes by %s", now,
            date(d->health.time_floor_s, other));
    else
        well(f, "it says %s", now);
}

/* ---- Storage and packs ------------------------------------------------------------------- */

static void check_storage(const struct doctor *d, struct doctor_finding *f) {
    const struct sotto_health *h = &d->health;
    const char *folder = d->vault_folder.path;
    if (!d->device.vault) {
        well(f, "nothing is kept: the configuration names no vault");
        return;
    }
    if (d->vault_folder.error || d->space_error)
        ill(f, EXIT_TEMPORARY, "mount the data partition before sottod starts", "%s: %s", folder,
            strerror(d->vault_folder.error ? d->vault_folder.error : d->space_error));
    else if (d->is_read_only)
        ill(f, EXIT_TEMPORARY, "mount it for writing; after errors look at dmesg and run fsck",
            "%s is read-only: nothing can be stored", folder);
    else if (d->free_bytes < SPACE_FAIL || (d->has_files && d->free_files < FILES_FAIL))
        ill(f, EXIT_TEMPORARY, "make room on this partition", "%s is full: %" PRIu64 " KiB free",
            folder, d->free_bytes / 1024);
    else if (d->vault.error == 0 && (d->vault.is.st_mode & 077))
        ill(f, EXIT_INTEGRITY, "chmod 600 it", "%s has mode %04o: others may read it",
            d->vault.path, (unsigned)d->vault.is.st_mode & 07777);
    else if (d->ask_status == SOTTO_OK && d->asked != DOCTOR_NOBODY &&
             h->storage == SOTTO_STORAGE_REFUSED)
        ill(f, EXIT_INTEGRITY, "keep the file, and see SECURITY.md; removing it loses all profiles",
            "the vault is refused: %s", h->storage_message);
    else if (d->ask_status == SOTTO_OK && d->asked != DOCTOR_NOBODY &&
             h->storage == SOTTO_STORAGE_READ_ONLY)
        ill(f, 0, "install that engine again", "a newer engine wrote the vault: it is only read");
    else if (d->ask_status == SOTTO_OK && d->asked != DOCTOR_NOBODY &&
             h->storage != SOTTO_STORAGE_OK)
        ill(f, EXIT_TEMPORARY, "see that sottod's user may write there, then restart sottod",
            "the vault does not work: %s", h->storage_message);
    else if (d->free_bytes < SPACE_WARN)
        ill(f, 0, "make room on this partition", "%s has only %" PRIu64 " KiB free", folder,
            d->free_bytes / 1024);
    else if (h->profile_bytes_max && h->profile_bytes >= h->profile_bytes_max / 10 * 9)
        ill(f, 0, "raise profile-bytes, or shorten the policy's retention",
            "profiles take %" PRIu64 " of %" PRIu64 " bytes", h->profile_bytes,
            h->profile_bytes_max);
    else if (d->vault.error == ENOENT)
        ill(f, 0, "start sottod once: it makes its vault", "%s is not there yet", d->vault.path);
    else if (d->asked == DOCTOR_NOBODY || d->ask_status != SOTTO_OK)
        ill(f, 0, "mend what fails below, then ask again", "the vault could not be looked at%s%s",
            d->ask_message[0] ? ": " : "", d->ask_message);
    else
        well(f, "%" PRIu64 " MiB free; %u profiles take %" PRIu64 " of %" PRIu64 " bytes",
             d->free_bytes / MIB, h->profiles, h->profile_bytes, h->profile_bytes_max);
}

/* 1 when something was said. */
static int pack_fault(const struct doctor *d, const struct doctor_pack *p, const char *effect,
                      struct doctor_finding *f) {
    char day[11];
    int64_t now_s = d->health.time_floor_s > d->wall_s ? d->health.time_floor_s : d->wall_s;
    if (p->status != SOTTO_OK)
        ill(f, code_of(p->status),
            p->status == SOTTO_E_IO
                ? "see that the pack, its .minisig and its key are there, writable by root alone"
                : SIGN_AND_COPY,
            "%s: %s", effect, p->message);
    else if (p->not_after_s && p->not_after_s < now_s)
        ill(f, EXIT_INTEGRITY, "install a newer one", "%s: it expired on %s", effect,
            date(p->not_after_s, day));
    else if (p->not_after_s && p->not_after_s < now_s + EXPIRES_S)
        ill(f, 0, "install a newer one before that", "it expires on %s", date(p->not_after_s, day));
    else
        return 0;
    return 1;
}

static const char *until(const struct doctor_pack *p, char text[32]) {
    char day[11];
    if (p->not_after_s)
        snprintf(text, 32, "good until %s", date(p->not_after_s, day));
    else
        snprintf(text, 32, "without an end");
    return text;
}

static void check_policy(const struct doctor *d, struct doctor_finding *f) {
    char end[32];
    if (!d->is_policy_named) {
        ill(f, 0, "add policy and policy-key to [device], or leave it so on purpose",
            "no policy-key is named: strict rules are in force, nothing is personalised");
        return;
    }
    if (pack_fault(d, &d->policy, "strict rules are in force", f)) return;
    if (d->asked != DOCTOR_NOBODY && d->ask_status == SOTTO_OK && d->health.strict)
        ill(f, code_of(d->health.policy_status),
            d->health.policy_status == SOTTO_E_KEY
                ? "keep keys in a TPM, or let the policy say soft-keys = allow"
                : "mend that, then restart sottod",
            "strict rules are in force: %s", d->health.policy_message);
    else
        well(f, "version %" PRIu64 ", %s, answered for by %s (%s)", d->policy.version,
             until(&d->policy, end), d->owner, d->contact);
}

static void check_model(const struct doctor *d, struct doctor_finding *f) {
    char end[32];
    if (!d->device.model_key) {
        ill(f, EXIT_TEMPORARY, "name a model-key", "without a key no model is believed");
        return;
    }
    if (pack_fault(d, &d->model, "slates are general", f)) return;
    if (d->asked != DOCTOR_NOBODY && d->ask_status == SOTTO_OK && d->health.model_status)
        ill(f, code_of(d->health.model_status), "mend that, then restart sottod",
            "slates are general: %s", d->health.model_message);
    else
        well(f, "version %" PRIu64 ", %s", d->model.version, until(&d->model, end));
}

/* ---- sottod ------------------------------------------------------------------------------ */

static void check_sockets(const struct doctor *d, struct doctor_finding *f) {
    for (size_t i = 0; i < ARRAY_LEN(d->sockets); i++) {
        const struct doctor_socket *s = &d->sockets[i];
        if (s->file.error == ENOENT)
            ill(f, EXIT_TEMPORARY, START_IT, "sottod does not run: there is no %s", s->file.path);
        else if (s->file.error == EACCES || s->connect_error == EACCES)
            ill(f, 0, LOOK_AS_ROOT ", or as a member of the socket's group",
                "this user may not use %s", s->file.path);
        else if (s->file.error || !S_ISSOCK(s->file.is.st_mode))
            ill(f, EXIT_INTEGRITY, "remove it, then " START_IT, "%s is no socket", s->file.path);
        else if (s->connect_error)
            ill(f, EXIT_TEMPORARY, START_IT,
                "sottod does not run: it left %s behind, and nobody answers (%s)", s->file.path,
                strerror(s->connect_error));
        else if (s->file.is.st_mode & 07)
            ill(f, EXIT_INTEGRITY, "restart sottod, and let nothing change the mode: it is 0660",
                "%s has mode %04o: everybody may try it", s->file.path,
                (unsigned)s->file.is.st_mode & 07777);
        else if (!s->answers)
            ill(f, EXIT_TEMPORARY, LOOK_AS_ROOT "; if that does not help, restart sottod",
                "nobody answers on %s", s->file.path);
        else
            continue;
        return;
    }
    well(f, "ui, operator and subject are there and answer");
}

static void check_budget(const struct doctor *d, struct doctor_finding *f) {
    const struct sotto_budget *b = &d->budget;
    uint64_t year = b->year_cap_micro - b->year_micro;
    uint64_t ever = b->lifetime_cap_micro - b->lifetime_micro;
    uint64_t left = year < ever ? year : ever;
    if (!d->has_budget)
        ill(f, 0, "mend what fails above, then ask again", "it could not be asked for%s%s",
            d->ask_message[0] ? ": " : "", d->ask_message);
    else if (b->unit == 0)
        well(f, "the policy in force measures nothing");
    else if (b->is_spent)
        ill(f, EXIT_REFUSED,
            ever < b->window_micro ? "nothing: this device has told all that it ever may"
                                   : "nothing: it goes on with the new year",
            "it is spent: not one more window is covered, and no new report is made");
    else if (left < 10 * b->window_micro)
        ill(f, 0, "expect it to fall silent; a policy with longer windows spends less",
            "only %" PRIu64 " windows are left", b->window_micro ? left / b->window_micro : 0);
    else
        well(f, "epsilon %g of %g left this year, %g of %g ever", (double)year / 1e6,
             (double)b->year_cap_micro / 1e6, (double)ever / 1e6,
             (double)b->lifetime_cap_micro / 1e6);
}

static void check_outbox(const struct doctor *d, struct doctor_finding *f) {
    if (!sottod_set.outbox[0])
        well(f, "no folder is configured: reports stay in the vault");
    else if (d->outbox.error == EACCES)
        ill(f, 0, LOOK_AS_ROOT, "%s cannot be looked at by this user", d->outbox.path);
    else if (d->outbox.error || !S_ISDIR(d->outbox.is.st_mode))
        ill(f, EXIT_TEMPORARY, "make it: firmware-config/systemd/tmpfiles.conf says how", "%s: %s",
            d->outbox.path, strerror(d->outbox.error ? d->outbox.error : ENOTDIR));
    else if (d->outbox.is.st_mode & 02)
        ill(f, EXIT_INTEGRITY, "take the right to write from others: chmod o-w",
            "%s has mode %04o: anybody may put files there", d->outbox.path,
            (unsigned)d->outbox.is.st_mode & 07777);
    else if (d->outbox_files >= sottod_set.outbox_files)
        ill(f, EXIT_TEMPORARY, "see why sotto-upload takes none: journalctl -u sotto-upload",
            "%" PRIu64 " reports wait in %s, and no more are put there", d->outbox_files,
            d->outbox.path);
    else if (d->upload_status != SOTTO_OK)
        ill(f, EXIT_INTEGRITY, "sotto-upload --help lists all keys",
            "upload.conf beside %s is not taken: nothing is sent", d->config_path);
    else if (d->oldest_s > WAITS_S)
        ill(f, 0,
            d->has_upload ? "see why sotto-upload takes none: journalctl -u sotto-upload"
                          : "say in upload.conf where reports go, and start sotto-upload",
            "%" PRIu64 " reports wait, the oldest for %" PRId64 " days", d->outbox_files,
            d->oldest_s / DAY_S);
    else if (d->refused_files)
        ill(f, 0, "look at the other side's reasons, then empty the folder `refused`",
            "%" PRIu64 " reports were refused by the other side", d->refused_files);
    else
        well(f, "%" PRIu64 " reports wait in %s%s", d->outbox_files, d->outbox.path,
             d->has_upload ? "" : "; no upload.conf says where they go");
}

/* ---- The system -------------------------------------------------------------------------- */

static void check_memory(const struct doctor *d, struct doctor_finding *f) {
    char limit[40] = "no limit";
    const char *advice = "set LimitMEMLOCK=16M in sottod's unit, or ulimit -l before it starts";
    if (d->lock_bytes != UINT64_MAX)
        snprintf(limit, sizeof limit, "a limit of %" PRIu64 " KiB", d->lock_bytes / 1024);
    if (d->asked == DOCTOR_NOBODY || d->ask_status != SOTTO_OK)
        well(f, "%s for this process; sottod was not asked", limit);
    else if (!d->health.memory_locked)
        ill(f, 0, advice, "%s is too little: profiles and keys may reach swap%s", limit,
            d->asked == DOCTOR_SOTTOD ? "" : " (here; sottod may have another)");
    else
        well(f, "%zu KiB locked, %s", d->health.memory_bytes / 1024, limit);
}

static void check_random(const struct doctor *d, struct doctor_finding *f) {
    if (d->random_error == EAGAIN)
        ill(f, EXIT_TEMPORARY, "wait, or give the machine a hardware generator or a saved seed",
            "the kernel has not gathered enough yet: sottod waits for it");
    else if (d->random_error)
        ill(f, EXIT_TEMPORARY, "use Linux 3.17 or newer, and allow getrandom in filters",
            "getrandom: %s", strerror(d->random_error));
    else
        well(f, "the kernel's source is ready");
}

static void check_web(const struct doctor *d, struct doctor_finding *f) {
    if (!d->has_web)
        well(f, "no web front end is configured");
    else if (d->web_status != SOTTO_OK)
        ill(f, EXIT_INTEGRITY, "correct that line; sotto-web --help lists all keys", "%s",
            d->web_message);
    else if (d->token.error == EACCES)
        ill(f, 0, LOOK_AS_ROOT, "%s cannot be looked at by this user", d->token.path);
    else if (d->token.error)
        ill(f, EXIT_TEMPORARY, "start it: systemctl restart sotto-web",
            "sotto-web does not run: %s: %s", d->token.path, strerror(d->token.error));
    else if (!S_ISREG(d->token.is.st_mode) || (d->token.is.st_mode & 027))
        ill(f, EXIT_INTEGRITY, "restart sotto-web for a new token, and keep its mode 0640",
            "%s has mode %04o: others may read or change the token", d->token.path,
            (unsigned)d->token.is.st_mode & 07777);
    else
        well(f, "the token of sotto-web is its group's alone");
}

static void check_chromium(const struct doctor *d, struct doctor_finding *f) {
    if (!d->has_web || d->web_status != SOTTO_OK || d->n_origins == 0) {
        well(f, "no page from elsewhere asks: Chromium needs no policy");
        return;
    }
    if (d->bad_policy[0]) {
        ill(f, 0, "correct it: Chromium leaves out the whole file", "%s is no JSON", d->bad_policy);
        return;
    }
    for (size_t i = 0; i < d->n_origins; i++)
        if (!d->is_allowed[i]) {
            ill(f, 0, "install firmware-config/chromium/sotto.json with that origin in it",
                "no managed policy lets %s reach this device: Chromium 142 and newer ask the "
                "visitor",
                d->origins[i]);
            return;
        }
    well(f, "a managed policy lets the pages of web.conf reach this device");
}

const struct doctor_check doctor_checks[] = {
    {"settings", check_settings}, {"keys", check_keys},     {"clock", check_clock},
    {"storage", check_storage},   {"policy", check_policy}, {"model", check_model},
    {"sockets", check_sockets},   {"budget", check_budget}, {"outbox", check_outbox},
    {"memory", check_memory},     {"random", check_random}, {"web", check_web},
    {"chromium", check_chromium},
};
const size_t doctor_n_checks = ARRAY_LEN(doctor_checks);

int doctor_exit(const struct doctor_finding *findings, size_t n) {
    static const int order[] = {EXIT_INTEGRITY, EXIT_TEMPORARY, EXIT_REFUSED};
    int is_warned = 0;
    for (size_t o = 0; o < ARRAY_LEN(order); o++)
        for (size_t i = 0; i < n; i++) {
            if (findings[i].state == DOCTOR_FAIL && findings[i].code == order[o]) return order[o];
            is_warned |= findings[i].state == DOCTOR_WARN;
        }
    return is_warned ? EXIT_FAILED : EXIT_OK;
}
