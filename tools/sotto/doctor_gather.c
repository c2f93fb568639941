/* doctor_gather: looks at a device and judges nothing. It changes nothing either, but for what
 * opening a vault does: that comes last, only while no sottod has it and keys and vault are there
 * already, and as the user who owns them, so that no file is left that sottod cannot use. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "pack/pack.h"
#include "pack/policy.h"
#include "tools/common/public_key.h"
#include "tools/sotto-upload/config.h"
#include "tools/sotto-web/config.h"
#include "tools/sotto/doctor.h"
#include "tools/sottod/config.h"

#define PATIENCE_S 5

static void look(struct doctor_file *f, const char *folder, const char *name) {
    snprintf(f->path, sizeof f->path, "%s%s%s", folder, name[0] ? "/" : "", name);
    f->error = lstat(f->path, &f->is) == 0 ? 0 : errno;
}

static const char *or_null(const char *text) { return text[0] ? text : NULL; }

/* ---- Settings ---------------------------------------------------------------------------- */

/* `name` beside the configuration of sottod. */
static void beside(const struct doctor *d, const char *name, char *path, size_t cap) {
    const char *slash = strrchr(d->config_path, '/');
    int folder = slash ? (int)(slash - d->config_path + 1) : 0;
    snprintf(path, cap, "%.*s%s", folder, d->config_path, name);
}

static void take(const char **field, const char *from_file) {
    if (!*field) *field = or_null(from_file);
}

static void gather_settings(struct doctor *d) {
    struct sotto_error err = {0};
    char path[512];
    snprintf(d->config_path, sizeof d->config_path, "%s",
             d->config ? d->config : sottod_config_settings.file);
    if (!d->config && access(d->config_path, F_OK) != 0 && errno == ENOENT)
        d->config_status = SOTTO_E_NOT_FOUND;
    else
        d->config_status = settings_file(&sottod_config_settings, d->config_path, &err);
    snprintf(d->config_message, sizeof d->config_message, "%s", err.message);
    take(&d->device.model, sottod_set.model);
    take(&d->device.model_key, sottod_set.model_key);
    take(&d->device.policy, sottod_set.policy);
    take(&d->device.policy_key, sottod_set.policy_key);
    take(&d->device.keys, sottod_set.keys);
    take(&d->device.vault, sottod_set.vault);
    take(&d->device.socket, sottod_set.operator.path);
    take(&d->device.device_class, sottod_set.device_class);
    d->is_policy_named = d->device.policy_key != NULL;

    beside(d, "web.conf", d->web_path, sizeof d->web_path);
    d->has_web = access(d->web_path, F_OK) == 0;
    if (d->has_web) d->web_status = settings_file(&web_told_settings, d->web_path, &err);
    if (d->web_status != SOTTO_OK)
        snprintf(d->web_message, sizeof d->web_message, "%s", err.message);
    beside(d, "upload.conf", path, sizeof path);
    if (access(path, F_OK) == 0) {
        d->upload_status = settings_file(&upload_config_settings, path, &err);
        d->has_upload = d->upload_status == SOTTO_OK && (upload_set.url[0] || upload_set.to[0]);
    }
}

/* ---- Files ------------------------------------------------------------------------------- */

static void gather_storage(struct doctor *d) {
    struct statvfs space;
    char folder[600];
    if (!d->device.vault) return;
    look(&d->vault, d->device.vault, "");
    snprintf(folder, sizeof folder, "%s", d->device.vault);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = '\0';
    look(&d->vault_folder, slash ? (folder[0] ? folder : "/") : ".", "");
    d->space_error = statvfs(d->vault_folder.path, &space) == 0 ? 0 : errno;
    if (d->space_error) return;
    d->free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
    d->free_files = space.f_favail;
    d->has_files = space.f_files != 0;
    d->is_read_only = (space.f_flag & ST_RDONLY) != 0;
}

/* Files whose names end in .report, and the oldest one's time. */
static uint64_t reports_in(const char *folder, int64_t *oldest_s) {
    DIR *all = opendir(folder);
    uint64_t n = 0;
    for (const struct dirent *entry; all && (entry = readdir(all)) != NULL;) {
        struct stat is;
        size_t length = strlen(entry->d_name);
        if (length <= 7 || strcmp(entry->d_name + length - 7, ".report") != 0 ||
            fstatat(dirfd(all), entry->d_name, &is, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        n++;
        if (*oldest_s == 0 || is.st_mtime < *oldest_s) *oldest_s = is.st_mtime;
    }
    if (all) closedir(all);
    return n;
}

static void gather_outbox(struct doctor *d) {
    char refused[600];
    int64_t oldest_s = 0, ignored_s = 0;
    if (!sottod_set.outbox[0]) return;
    look(&d->outbox, sottod_set.outbox, "");
    d->outbox_files = reports_in(sottod_set.outbox, &oldest_s);
    if (oldest_s && d->wall_s > oldest_s) d->oldest_s = d->wall_s - oldest_s;
    snprintf(refused, sizeof refused, "%s/refused", sottod_set.outbox);
    d->refused_files = reports_in(refused, &ignored_s);
}

/* ---- Packs ------------------------------------------------------------------------------- */

static void gather_pack(const struct doctor *d, struct pack *pack, const char *path,
                        const char *key_given, enum pack_role role, struct doctor_pack *to) {
    struct sotto_error err = {0};
    char key[PUBLIC_KEY_CHARS + 1];
    to->status = public_key_text(key, key_given, &err);
    if (to->status == SOTTO_OK)
        to->status =
            pack_open(pack, &d->device.port, path, key, role, d->device.device_class, &err);
    snprintf(to->message, sizeof to->message, "%s", err.message);
    if (to->status != SOTTO_OK) return;
    to->version = pack->version;
    to->not_after_s = pack->not_after_s;
    to->created_s = pack->created_s;
}

static void gather_packs(struct doctor *d) {
    static struct policy policy;
    struct sotto_error err = {0};
    struct pack pack = {0};
    /* Without keys and vault: this port maps files, and makes none. */
    d->model.status = sotto_linux_port(&d->device.linux_port, NULL, NULL, &d->device.port, &err);
    if (d->model.status != SOTTO_OK || !d->device.model_key) return;
    gather_pack(d, &pack, d->device.model, d->device.model_key, PACK_MODEL, &d->model);
    if (d->model.status == SOTTO_OK) pack_close(&pack);
    if (!d->is_policy_named) return;
    gather_pack(d, &pack, d->device.policy, d->device.policy_key, PACK_POLICY, &d->policy);
    if (d->policy.status != SOTTO_OK) return;
    d->policy.status = policy_load(&policy, &pack, d->device.policy, &err);
    snprintf(d->policy.message, sizeof d->policy.message, "%s", err.message);
    if (d->policy.status == SOTTO_OK) {
        snprintf(d->owner, sizeof d->owner, "%s", policy.accountable ? policy.accountable : "");
        snprintf(d->contact, sizeof d->contact, "%s", policy.contact ? policy.contact : "");
    }
    pack_close(&pack);
}

/* ---- The system -------------------------------------------------------------------------- */

static void gather_system(struct doctor *d) {
    struct timespec now = {0};
    uint8_t some[16];
    struct rlimit may;
    clock_gettime(CLOCK_REALTIME, &now);
    d->wall_s = now.tv_sec;
    d->random_error =
        getrandom(some, sizeof some, GRND_NONBLOCK) == (ssize_t)sizeof some ? 0 : errno;
    if (getrlimit(RLIMIT_MEMLOCK, &may) == 0)
        d->lock_bytes = may.rlim_cur == RLIM_INFINITY ? UINT64_MAX : may.rlim_cur;
    d->has_tpm = access("/dev/tpmrm0", F_OK) == 0 || access("/dev/tpm0", F_OK) == 0;
}

/* ---- sottod ------------------------------------------------------------------------------ */

static void gather_socket(struct doctor_socket *s, const char *role, const char *path,
                          const char *question) {
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct daemon daemon;
    struct sotto_error err = {0};
    s->role = role;
    look(&s->file, path, "");
    if (s->file.error) return;
    errno = ENAMETOOLONG;
    if (!daemon_find(&daemon, path)) {
        s->connect_error = errno;
        return;
    }
    (void)setsockopt(daemon.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    json_t *answer = daemon_ask(&daemon, question, NULL, &err);
    s->answers = answer != NULL;
    json_decref(answer);
    daemon_leave(&daemon);
}

/* The limit that the process at the other end has, from what the kernel says of it. */
static void gather_lock_limit(struct doctor *d, int fd) {
    struct ucred peer;
    socklen_t n = sizeof peer;
    char line[256], path[64];
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0) return;
    snprintf(path, sizeof path, "/proc/%d/limits", (int)peer.pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        static const char name[] = "Max locked memory";
        if (strncmp(line, name, sizeof name - 1) != 0) continue;
        const char *soft = line + sizeof name - 1 + strspn(line + sizeof name - 1, " ");
        d->lock_bytes = *soft == 'u' ? UINT64_MAX : strtoull(soft, NULL, 10); /* "unlimited" */
    }
    if (f) fclose(f);
}

/* Becomes the vault's owner, for good. */
static int owner_become(const struct stat *is, struct sotto_error *err) {
    if (geteuid() != 0 || is->st_uid == 0) return SOTTO_OK;
    if (setgroups(0, NULL) == 0 && setgid(is->st_gid) == 0 && setuid(is->st_uid) == 0)
        return SOTTO_OK;
    return fail(err, SOTTO_E_IO, "the vault's owner cannot be put on: %s", strerror(errno));
}

static void gather_engine(struct doctor *d) {
    struct sotto_error err = {0};
    const struct doctor_socket *operator= & d->sockets[1];
    int status = SOTTO_OK;
    d->device.daemon.fd = -1;
    d->health.size = sizeof d->health;
    d->budget.size = sizeof d->budget;
    if (operator->answers) {
        if (!daemon_find(&d->device.daemon, operator->file.path)) return;
        d->asked = DOCTOR_SOTTOD;
        gather_lock_limit(d, d->device.daemon.fd);
    } else if (operator->file.error != ENOENT && operator->connect_error != ECONNREFUSED) {
        return; /* somebody may have the vault, and does not talk to us */
    } else if (!d->device.vault || d->vault.error || d->keys.error || d->device_key.error) {
        return;
    } else {
        d->asked = DOCTOR_VAULT;
        status = owner_become(&d->vault.is, &err);
        if (status == SOTTO_OK) status = own_device_open_ill(&d->device, &err);
    }
    if (status == SOTTO_OK) status = own_device_health(&d->device, &d->health, &err);
    d->ask_status = status;
    snprintf(d->ask_message, sizeof d->ask_message, "%s", err.message);
    d->has_budget =
        status == SOTTO_OK && own_device_budget(&d->device, &d->budget, &err) == SOTTO_OK;
    own_device_close(&d->device);
}

/* ---- The web front end ------------------------------------------------------------------- */

static int lists(const json_t *policy, const char *key, const char *origin) {
    const json_t *list = json_object_get(policy, key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *one = json_string_value(json_array_get(list, i));
        if (one && (strcmp(one, origin) == 0 || strcmp(one, "*") == 0)) return 1;
    }
    return 0;
}

static void gather_managed(struct doctor *d, const char *folder) {
    DIR *all = opendir(folder);
    for (const struct dirent *entry; all && (entry = readdir(all)) != NULL;) {
        char path[600];
        size_t length = strlen(entry->d_name);
        if (length <= 5 || strcmp(entry->d_name + length - 5, ".json") != 0) continue;
        snprintf(path, sizeof path, "%.300s/%.255s", folder, entry->d_name);
        json_t *policy = json_load_file(path, 0, NULL);
        if (!policy) snprintf(d->bad_policy, sizeof d->bad_policy, "%.500s", path);
        for (size_t i = 0; policy && i < d->n_origins; i++)
            d->is_allowed[i] |= lists(policy, "LocalNetworkAccessAllowedForUrls", d->origins[i]) ||
                                lists(policy, "LoopbackNetworkAllowedForUrls", d->origins[i]);
        json_decref(policy);
    }
    if (all) closedir(all);
}

static void gather_web(struct doctor *d) {
    char text[SETTING_TEXT_BYTES], folders[SETTING_TEXT_BYTES], *rest = text, *one;
    if (!d->has_web || d->web_status != SOTTO_OK) return;
    look(&d->token, web_set.token, "");
    snprintf(text, sizeof text, "%s", web_set.origins);
    while ((one = strsep(&rest, " ")) != NULL && d->n_origins < DOCTOR_NAMES)
        if (one[0]) snprintf(d->origins[d->n_origins++], sizeof d->origins[0], "%.127s", one);
    snprintf(folders, sizeof folders, "%s", d->chromium ? d->chromium : DOCTOR_CHROMIUM);
    rest = folders;
    while ((one = strsep(&rest, ":")) != NULL) gather_managed(d, one);
}

void doctor_gather(struct doctor *d) {
    gather_settings(d);
    gather_system(d);
    look(&d->keys, d->device.keys, "");
    look(&d->device_key, d->device.keys, "device.key");
    look(&d->slots[0], d->device.keys, "slot-0.key");
    look(&d->slots[1], d->device.keys, "slot-1.key");
    gather_storage(d);
    gather_outbox(d);
    gather_web(d);
    gather_socket(&d->sockets[0], "ui", sottod_set.ui.path, "health");
    gather_socket(&d->sockets[1], "operator", d->device.socket, "health");
    gather_socket(&d->sockets[2], "subject", sottod_set.subject.path, "budget");
    gather_packs(d);
    gather_engine(d);
}
