/* machine: see machine.h. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sotto_audit.h"
#include "sotto_report.h"
#include "tools/sotto-sim/dice.h"
#include "tools/sotto-sim/machine.h"
#include "tools/sotto-sim/scan.h"

static void hex(char *text, const uint8_t *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

int machine_fail(const struct machine *k, int status, const char *doing, struct sotto_error *err) {
    const char *why = k->engine ? sotto_last_error(k->engine) : "";
    return fail(err, status, "kiosk %u, %s: %.180s", k->number, doing,
                *why ? why : sotto_strerror(status));
}

/* ---- Power ------------------------------------------------------------------------------- */

/* A kiosk in a shop goes on with general slates when its model is out of date. A tester asked to
 * see this very pack at work, and is told instead. */
static int packs_in_force(const struct machine *k, const struct observer *packs,
                          struct sotto_error *err) {
    struct sotto_health health = {.size = sizeof health};
    int rc = sotto_health(k->engine, &health);
    if (rc != SOTTO_OK) return machine_fail(k, rc, "asking for its health", err);
    if (health.model_status != SOTTO_OK)
        return fail(err, health.model_status, "%.180s: %s", packs->model_path,
                    health.model_message);
    return SOTTO_OK;
}

static int power_on(struct machine *k, const uint8_t seed[32], int64_t now_s,
                    const struct observer *packs, struct sotto_error *err) {
    int rc = sim_device_init(&k->device, seed, k->dir[0] ? k->dir : NULL, err);
    k->device.port.key_caps |= SOTTO_KEYS_SIMULATED;
    if (rc != SOTTO_OK) return rc;
    k->is_on = 1;
    k->device.wall_s = now_s;
    struct sotto_config config = {.size = sizeof config,
                                  .port = &k->device.port,
                                  .model_pack = packs->model_path,
                                  .model_key = packs->model_key,
                                  .policy_pack = packs->policy_path,
                                  .policy_key = packs->policy_key,
                                  .device_class = "kiosk"};
    rc = sotto_open(&config, &k->engine, err);
    return rc != SOTTO_OK ? rc : packs_in_force(k, packs, err);
}

void machine_close(struct machine *k) {
    if (!k->is_on) return;
    sotto_close(k->engine);
    k->engine = NULL;
    sim_device_release(&k->device);
    k->is_on = 0;
}

int machine_open(struct machine *k, uint32_t number, const char *dir, uint64_t seed, int64_t now_s,
                 const struct observer *packs, struct sotto_error *err) {
    uint8_t own[32];
    struct dice d = dice_for(seed, 60, number);
    for (size_t i = 0; i < sizeof own; i += 8) store64(own + i, dice_next(&d));
    k->number = number;
    snprintf(k->dir, sizeof k->dir, "%s", dir ? dir : "");
    return power_on(k, own, now_s, packs, err);
}

int machine_restart(struct machine *k, const struct observer *packs, struct sotto_error *err) {
    uint8_t seed[32];
    int64_t now_s = k->device.wall_s;
    memcpy(seed, k->device.seed, sizeof seed);
    machine_close(k);
    return power_on(k, seed, now_s, packs, err);
}

/* ---- Time -------------------------------------------------------------------------------- */

int64_t machine_now_s(const struct machine *k) { return k->device.wall_s; }

void machine_wait(struct machine *k, uint32_t ms) { sim_device_advance(&k->device, ms); }

int machine_until(struct machine *k, int64_t now_s) {
    if (now_s > k->device.wall_s)
        sim_device_advance(&k->device, (uint64_t)(now_s - k->device.wall_s) * 1000);
    return sotto_tick(k->engine);
}

/* ---- What a bystander sees --------------------------------------------------------------- */

json_t *machine_banner(const struct machine *k) {
    const struct sim_packet *p = &k->device.packet;
    char hash[17];
    if (!k->device.banners_shown) return NULL;
    hex(hash, p->hash, 8);
    json_t *actions = json_array();
    for (uint32_t i = 0; i < p->n_actions; i++)
        json_array_append_new(
            actions, json_pack("{s:s, s:s}", "id", p->action_id[i], "label", p->action_label[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "locale", p->locale,
                     "direction", p->direction, "title", p->title, "short", p->short_text, "plain",
                     p->plain_text, "speech", p->speech_text, "contact", p->contact, "hash", hash,
                     "notice_version", (json_int_t)p->notice_version, "min_display_ms",
                     (json_int_t)p->min_display_ms, "actions", actions);
}

/* ---- What leaves it ---------------------------------------------------------------------- */

int machine_enrol(struct machine *k, FILE *to, struct sotto_error *err) {
    char text[65];
    int rc = sotto_device_key(k->engine, k->public_key);
    if (rc != SOTTO_OK) return machine_fail(k, rc, "asking for its public key", err);
    hex(text, k->public_key, 32);
    fprintf(to, "%s kiosk-%02u\n", text, k->number);
    return SOTTO_OK;
}

static int report_write(const struct machine *k, const char *dir, struct truth *truth,
                        const uint8_t *bytes, size_t n, struct sotto_error *err) {
    struct sotto_report report;
    char device[17], path[640];
    int rc = sotto_report_decode(bytes, n, k->public_key, &report, err);
    if (rc != SOTTO_OK) return rc;
    hex(device, report.device, sizeof report.device);
    snprintf(path, sizeof path, "%.500s/%s-%u-%llu.report", dir, device, report.metric,
             (unsigned long long)report.window);
    FILE *f = fopen(path, "wbxe");
    if (!f) return fail(err, SOTTO_E_IO, "%.180s: %s", path, strerror(errno));
    int is_bad = fwrite(bytes, 1, n, f) != n;
    if (fclose(f) != 0 || is_bad)
        return fail(err, SOTTO_E_FULL, "%.180s: %s", path, strerror(errno));
    return truth_report(truth, k->number, &report) == 0
               ? SOTTO_OK
               : fail(err, SOTTO_E_MEMORY, "out of memory");
}

int machine_export(struct machine *k, const char *dir, struct truth *truth,
                   struct sotto_error *err) {
    uint8_t bytes[SOTTO_REPORT_MAX];
    for (;;) {
        size_t n;
        int rc = sotto_outbox_next(k->engine, &k->cursor, bytes, sizeof bytes, &n);
        if (rc == SOTTO_E_NOT_FOUND) return SOTTO_OK;
        if (rc != SOTTO_OK) return machine_fail(k, rc, "reading the outbox", err);
        rc = report_write(k, dir, truth, bytes, n, err);
        if (rc != SOTTO_OK) return rc;
        k->counts.reports++;
        k->counts.report_bytes += n;
    }
}

static int put(void *ctx, const void *bytes, size_t n) {
    return fwrite(bytes, 1, n, ctx) == n ? 0 : -1;
}

int machine_audit(struct machine *k, const char *dir, FILE *keys, struct sotto_error *err) {
    uint8_t key[32];
    char text[65], path[640];
    int rc = sotto_audit_key(k->engine, key);
    if (rc != SOTTO_OK) return machine_fail(k, rc, "asking for its audit key", err);
    hex(text, key, 32);
    fprintf(keys, "%s kiosk-%02u\n", text, k->number);
    snprintf(path, sizeof path, "%.500s/kiosk-%02u.audit", dir, k->number);
    FILE *f = fopen(path, "wbxe");
    if (!f) return fail(err, SOTTO_E_IO, "%.180s: %s", path, strerror(errno));
    rc = sotto_audit_export(k->engine, put, f);
    if (fclose(f) != 0 || rc == SOTTO_E_IO)
        return fail(err, SOTTO_E_FULL, "%.180s: %s", path, strerror(errno));
    return rc == SOTTO_OK ? SOTTO_OK : machine_fail(k, rc, "handing out its audit log", err);
}

uint64_t machine_disk_bytes(const struct machine *k) {
    struct scan_result result = {0};
    struct scan *nothing = scan_new();
    if (nothing && k->dir[0]) (void)scan_tree(nothing, k->dir, &result);
    scan_free(nothing);
    return result.bytes;
}
