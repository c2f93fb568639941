/* rpc_operator: what whoever maintains the device may do. Figures, reports as they leave, the audit
 * log, public keys; never a profile and never a slate. Every method is explained in README.md. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "sotto_audit.h"
#include "sotto_report.h"
#include "tools/sottod/exporter.h"
#include "tools/sottod/service.h"

static int health(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    struct sotto_health h = {.size = sizeof h};
    int status = sotto_health(c->service->engine, &h);
    if (status != SOTTO_OK) return service_status(c->service, call, status);
    json_t *r = call->result;
    rpc_put_text(r, "version", sotto_version());
    rpc_put_bool(r, "is_strict", (int)h.strict);
    rpc_put_text(r, "policy_status", rpc_status_name(h.policy_status));
    rpc_put_text(r, "policy_message", h.policy_message);
    rpc_put_text(r, "model_status", rpc_status_name(h.model_status));
    rpc_put_text(r, "model_message", h.model_message);
    rpc_put_text(r, "storage", storage_word(h.storage));
    rpc_put_text(r, "storage_status", rpc_status_name(h.storage_status));
    rpc_put_text(r, "storage_message", h.storage_message);
    rpc_put_number(r, "model_version", h.model_version);
    rpc_put_number(r, "policy_version", h.policy_version);
    rpc_put_number(r, "items", h.items);
    rpc_put_number(r, "profiles", h.profiles);
    rpc_put_number(r, "profile_bytes", h.profile_bytes);
    rpc_put_number(r, "profile_bytes_max", h.profile_bytes_max);
    rpc_put_number(r, "banners_asked", h.banners_asked);
    rpc_put_number(r, "banners_shown", h.banners_shown);
    rpc_put_number(r, "slates_general", h.slates_general);
    rpc_put_number(r, "slates_personalised", h.slates_personalised);
    rpc_put_number(r, "reports", h.reports);
    rpc_put_signed(r, "time_floor_s", h.time_floor_s);
    rpc_put_signed(r, "time_late_s", h.time_late_s);
    rpc_put_signed(r, "time_claim_s", h.time_claim_s);
    rpc_put_number(r, "memory_bytes", h.memory_bytes);
    rpc_put_bool(r, "memory_locked", (int)h.memory_locked);
    rpc_put_text(r, "keys", h.key_text);
    rpc_put_number(r, "key_epoch", h.key_epoch);
    if (c->service->exporter) {
        rpc_put_number(r, "outbox_files", exporter_waiting(c->service->exporter));
        rpc_put_text(r, "outbox_message", exporter_message(c->service->exporter));
    }
    return SOTTO_OK;
}

int method_budget(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    struct sotto_budget b = {.size = sizeof b};
    int status = sotto_budget(c->service->engine, &b);
    if (status != SOTTO_OK) return service_status(c->service, call, status);
    json_t *r = call->result;
    rpc_put_text(r, "unit",
                 b.unit == SOTTO_UNIT_VISIT       ? "visit"
                 : b.unit == SOTTO_UNIT_HOUSEHOLD ? "household"
                                                  : "none");
    rpc_put_bool(r, "is_spent", (int)b.is_spent);
    rpc_put_number(r, "window_micro", b.window_micro);
    rpc_put_number(r, "year_micro", b.year_micro);
    rpc_put_number(r, "year_cap_micro", b.year_cap_micro);
    rpc_put_number(r, "lifetime_micro", b.lifetime_micro);
    rpc_put_number(r, "lifetime_cap_micro", b.lifetime_cap_micro);
    rpc_put_number(r, "composed_micro", b.composed_micro);
    rpc_put_text(r, "composed_by", b.composed_is_zcdp ? "zcdp" : "sum");
    rpc_put_number(r, "composed_delta_log2", b.composed_delta_log2);
    uint8_t delta[8];
    for (int i = 0; i < 8; i++) delta[i] = (uint8_t)(b.delta_q64 >> (56 - 8 * i));
    rpc_put_hex(r, "delta_q64", delta, sizeof delta); /* a number of 64 bits is no JSON number */
    rpc_put_number(r, "fresh_answers", b.fresh);
    rpc_put_number(r, "fresh_answers_cap", b.fresh_cap);
    rpc_put_number(r, "reports", b.reports);
    return SOTTO_OK;
}

static int metrics(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    struct sotto_metric_info m = {.size = sizeof m};
    json_t *list = json_array();
    int status = SOTTO_OK;
    for (uint32_t i = 0; (status = sotto_metric(c->service->engine, i, &m)) == SOTTO_OK; i++) {
        json_t *metric = json_object();
        rpc_put_number(metric, "id", m.id);
        rpc_put_text(metric, "name", m.name);
        rpc_put_text(metric, "unit", m.unit == SOTTO_UNIT_VISIT ? "visit" : "household");
        rpc_put_number(metric, "cells", m.cells);
        rpc_put_number(metric, "max_cells", m.max_cells);
        rpc_put_number(metric, "max_weight", m.max_weight);
        rpc_put_number(metric, "eps_micro", m.eps_micro);
        rpc_put_number(metric, "window_s", m.window_s);
        rpc_put_number(metric, "open_window", m.open_window);
        rpc_put_number(metric, "spent_micro", m.spent_micro);
        (void)!json_array_append_new(list, metric);
    }
    (void)!json_object_set_new(call->result, "metrics", list);
    return status == SOTTO_E_NOT_FOUND ? SOTTO_OK : service_status(c->service, call, status);
}

/* ---- Reports ----------------------------------------------------------------------------- */

/* One report as it would leave, and the cursor to the next. */
static int report_preview(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    uint8_t bytes[SOTTO_REPORT_MAX], key[32];
    struct sotto_report report;
    uint64_t cursor = rpc_number(call, "after", 0);
    int64_t release_s = 0;
    size_t n = 0;
    int status =
        sotto_report_preview(c->service->engine, &cursor, &release_s, bytes, sizeof bytes, &n);
    if (status == SOTTO_OK) status = sotto_device_key(c->service->engine, key);
    if (status != SOTTO_OK) return service_status(c->service, call, status);
    status = sotto_report_decode(bytes, n, key, &report, &call->err);
    if (status != SOTTO_OK) return status;
    json_t *cells = json_array();
    rpc_put_number(call->result, "sequence", cursor);
    rpc_put_signed(call->result, "release_s", release_s);
    rpc_put_number(call->result, "metric", report.metric);
    rpc_put_number(call->result, "window", report.window);
    rpc_put_number(call->result, "eps_micro", report.eps_micro);
    for (uint32_t i = 0; report.unit == SOTTO_UNIT_VISIT && i < report.n_cells; i++) {
        const char *name = sotto_metric_cell(c->service->engine, report.metric, i);
        json_t *cell = json_object();
        rpc_put_text(cell, "name", name);
        rpc_put_signed(cell, "count", report.cells[i]);
        (void)!json_array_append_new(cells, cell);
    }
    (void)!json_object_set_new(call->result, "cells", cells);
    rpc_put_hex(call->result, "bytes", bytes, n);
    return SOTTO_OK;
}

static int reports_export(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    if (!c->service->exporter)
        return fail(&call->err, SOTTO_E_STATE, "no outbox folder is configured");
    uint64_t n = exporter_run(c->service->exporter, c->service->engine);
    rpc_put_number(call->result, "exported", n);
    rpc_put_number(call->result, "waiting", exporter_waiting(c->service->exporter));
    if (exporter_message(c->service->exporter)[0])
        return fail(&call->err, SOTTO_E_IO, "%s", exporter_message(c->service->exporter));
    return SOTTO_OK;
}

/* ---- The audit log ----------------------------------------------------------------------- */

#define PIECE_BYTES 16384

static int put_piece(void *ctx, const void *bytes, size_t n) {
    const uint8_t *from = bytes;
    int fd = *(int *)ctx;
    while (n > 0) {
        ssize_t put = write(fd, from, n);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return -1;
        from += put;
        n -= (size_t)put;
    }
    return 0;
}

/* The log may be long: at offset 0 it is written to a nameless file, and read from it in pieces. */
static int audit_export(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    uint8_t piece[PIECE_BYTES];
    uint64_t offset = rpc_number(call, "offset", 0);
    if (offset == 0) {
        if (c->log_fd >= 0) close(c->log_fd);
        char name[] = "/tmp/sottod-XXXXXX";
        c->log_fd = mkostemp(name, O_CLOEXEC);
        if (c->log_fd < 0)
            return fail(&call->err, SOTTO_E_IO, "no temporary file: %s", strerror(errno));
        unlink(name);
        int status = sotto_audit_export(c->service->engine, put_piece, &c->log_fd);
        if (status != SOTTO_OK) return service_status(c->service, call, status);
    }
    if (c->log_fd < 0) return fail(&call->err, SOTTO_E_STATE, "begin at offset 0");
    off_t size = lseek(c->log_fd, 0, SEEK_END);
    ssize_t n = pread(c->log_fd, piece, sizeof piece, (off_t)offset);
    if (size < 0 || n < 0) return fail(&call->err, SOTTO_E_IO, "the log cannot be read back");
    rpc_put_number(call->result, "offset", offset);
    rpc_put_number(call->result, "size", (uint64_t)size);
    rpc_put_hex(call->result, "bytes", piece, (size_t)n);
    return SOTTO_OK;
}

/* ---- Keys -------------------------------------------------------------------------------- */

static int put_key(const struct client *c, struct rpc_call *call,
                   int (*get)(struct sotto *, uint8_t key[32])) {
    uint8_t key[32];
    int status = get(c->service->engine, key);
    if (status == SOTTO_OK) rpc_put_hex(call->result, "key", key, sizeof key);
    return service_status(c->service, call, status);
}
static int audit_key(void *caller, struct rpc_call *call) {
    return put_key(caller, call, sotto_audit_key);
}
static int device_key(void *caller, struct rpc_call *call) {
    return put_key(caller, call, sotto_device_key);
}

static int keys_rotate(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    struct sotto_rotation r = {.size = sizeof r};
    int status = sotto_keys_rotate(c->service->engine, &r);
    if (status != SOTTO_OK) return service_status(c->service, call, status);
    rpc_put_number(call->result, "epoch", r.epoch);
    rpc_put_text(call->result, "assurance",
                 r.assurance == SOTTO_ASSURANCE_PHYSICAL ? "physical" : "logical");
    return SOTTO_OK;
}

/* ---- The switch, and what happens here ---------------------------------------------------- */

/* Screens that show what was chosen draw anew. */
static int switched(const struct client *c, struct rpc_call *call, int status) {
    const struct sotto_health *h = &c->service->health;
    service_status(c->service, call, status);
    service_announce(c->service, NULL, "policy.changed",
                     json_pack("{s:I, s:b}", "policy_version", (json_int_t)h->policy_version,
                               "is_strict", (int)h->strict));
    return status;
}

static int switch_set(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    int status = sotto_switch_set(c->service->engine, rpc_bool(call, "off", 1));
    return switched(c, call, status);
}

/* The file's signature says whether it counts, whoever names it. */
static int switch_remote(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    return switched(c, call, sotto_switch_remote(c->service->engine, rpc_text(call, "file")));
}

static int events_subscribe(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    (void)call;
    c->is_subscribed = 1;
    return SOTTO_OK;
}

static const struct rpc_method methods[] = {
    {"health", health, {{0}}},
    {"budget", method_budget, {{0}}},
    {"metrics", metrics, {{0}}},
    {"report.preview", report_preview, {{"?after", RPC_NUMBER}}},
    {"reports.export", reports_export, {{0}}},
    {"audit.export", audit_export, {{"?offset", RPC_NUMBER}}},
    {"audit.key", audit_key, {{0}}},
    {"device.key", device_key, {{0}}},
    {"keys.rotate", keys_rotate, {{0}}},
    {"switch.set", switch_set, {{"off", RPC_BOOL}}},
    {"switch.remote", switch_remote, {{"file", RPC_TEXT}}},
    {"events.subscribe", events_subscribe, {{0}}},
    {"handoff.list", desk_list, {{0}}},
    {"handoff.accept", desk_accept, {{"ticket", RPC_NUMBER}}},
    {"handoff.resolve", desk_resolve, {{"ticket", RPC_NUMBER}, {"outcome", RPC_TEXT}}},
    {"override",
     desk_override,
     {{"ticket", RPC_NUMBER}, {"reason", RPC_NUMBER}, {"?item", RPC_TEXT}}},
};
const struct rpc_role role_operator = {"operator", methods, ARRAY_LEN(methods)};
