/* device: see device.h. */
#include "tools/sotto/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "sotto_report.h"
#include "tools/common/public_key.h"
#include "tools/sottod/rpc.h"

#define STATUS_LAST SOTTO_E_NEWER

static const char *const names[] = {"model", "model-key", "policy", "policy-key", "keys", "vault"};

static const char **field(struct own_device *d, size_t i) {
    const char **const fields[] = {&d->model,      &d->model_key, &d->policy,
                                   &d->policy_key, &d->keys,      &d->vault};
    return fields[i];
}

int own_device_option(struct own_device *d, const char *name, const char *value) {
    if (strcmp(name, "socket") == 0) {
        d->socket = value;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0) {
            *field(d, i) = value;
            return 0;
        }
    return -1;
}

const char *own_device_lacks(struct own_device *d) {
    static char sentence[64];
    const char *lacks = NULL;
    size_t given = 0;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (*field(d, i))
            given++;
        else if (!lacks)
            lacks = names[i];
    d->daemon.fd = -1;
    const char *usual = d->usual_socket ? d->usual_socket : DAEMON_OPERATOR_SOCKET;
    if (given == 0 && daemon_find(&d->daemon, d->socket ? d->socket : usual)) return NULL;
    if (d->socket) return "nobody listens at the socket";
    if (!lacks) return NULL;
    snprintf(sentence, sizeof sentence, "%sthis option is missing: --%s",
             given ? "" : "sottod does not run, and ", lacks);
    return sentence;
}

static int owner_be(struct own_device *d, struct sotto_error *err) {
    struct stat is;
    if (geteuid() != 0 || (stat(d->vault, &is) != 0 && stat(d->keys, &is) != 0) || is.st_uid == 0)
        return SOTTO_OK;
    if (setegid(is.st_gid) != 0 || seteuid(is.st_uid) != 0)
        return fail(err, SOTTO_E_IO, "the vault's owner cannot be put on: %s", strerror(errno));
    d->is_owner = 1;
    return SOTTO_OK;
}

static void owner_leave(struct own_device *d) {
    if (d->is_owner && (seteuid(0) != 0 || setegid(0) != 0)) abort();
    d->is_owner = 0;
}

int own_device_open_ill(struct own_device *d, struct sotto_error *err) {
    char model_key[PUBLIC_KEY_CHARS + 1], policy_key[PUBLIC_KEY_CHARS + 1];
    if (d->daemon.fd >= 0) return SOTTO_OK;
    int status = public_key_text(model_key, d->model_key, err);
    if (status == SOTTO_OK && d->policy_key)
        status = public_key_text(policy_key, d->policy_key, err);
    if (status == SOTTO_OK) status = owner_be(d, err);
    if (status == SOTTO_OK)
        status = sotto_linux_port(&d->linux_port, d->keys, d->vault, &d->port, err);
    if (status != SOTTO_OK) {
        owner_leave(d);
        return status;
    }
    d->port.allow_unlocked = 1; /* a look in passing, not a service */
    const struct sotto_config config = {.size = sizeof config,
                                        .port = &d->port,
                                        .model_pack = d->model,
                                        .model_key = model_key,
                                        .policy_pack = d->policy_key ? d->policy : NULL,
                                        .policy_key = d->policy_key ? policy_key : NULL,
                                        .device_class = d->device_class};
    status = sotto_open(&config, &d->engine, err);
    if (status != SOTTO_OK) owner_leave(d);
    return status;
}

int own_device_open(struct own_device *d, struct sotto_error *err) {
    struct sotto_health health = {.size = sizeof health};
    int status = own_device_open_ill(d, err);
    if (status != SOTTO_OK || !d->engine) return status;
    status = sotto_health(d->engine, &health);
    if (status == SOTTO_OK && health.policy_status != SOTTO_OK)
        status = fail(err, health.policy_status, "%s", health.policy_message);
    if (status == SOTTO_OK && health.storage != SOTTO_STORAGE_OK &&
        health.storage != SOTTO_STORAGE_READ_ONLY)
        status =
            fail(err, health.storage_status ? health.storage_status : SOTTO_E_IO, "%s",
                 health.storage_message[0] ? health.storage_message : "the vault is out of reach");
    if (status != SOTTO_OK) own_device_close(d);
    return status;
}

void own_device_close(struct own_device *d) {
    sotto_close(d->engine);
    d->engine = NULL;
    owner_leave(d);
    daemon_leave(&d->daemon);
    json_decref(d->metrics);
    json_decref(d->cells);
    d->metrics = d->cells = NULL;
}

/* ---- What it says -------------------------------------------------------------------------- */

static int told(const struct own_device *d, int status, struct sotto_error *err) {
    return status == SOTTO_OK ? status : fail(err, status, "%s", sotto_last_error(d->engine));
}
static uint64_t number(const json_t *from, const char *name) {
    return (uint64_t)json_integer_value(json_object_get(from, name));
}
static int is_word(const json_t *from, const char *name, const char *word) {
    const char *is = json_string_value(json_object_get(from, name));
    return is && strcmp(is, word) == 0;
}

/* As many bytes as there are; 0 when there is no such field or it does not fit. */
static size_t bytes_of(const json_t *from, const char *name, uint8_t *to, size_t cap) {
    const char *text = json_string_value(json_object_get(from, name));
    size_t n = text ? strlen(text) / 2 : 0;
    if (n > cap) return 0;
    for (size_t i = 0; i < n; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        to[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n;
}

int own_device_budget(struct own_device *d, struct sotto_budget *b, struct sotto_error *err) {
    uint8_t delta[8] = {0};
    if (d->engine) return told(d, sotto_budget(d->engine, b), err);
    json_t *r = daemon_ask(&d->daemon, "budget", NULL, err);
    if (!r) return err->status;
    b->unit = is_word(r, "unit", "visit")       ? SOTTO_UNIT_VISIT
              : is_word(r, "unit", "household") ? SOTTO_UNIT_HOUSEHOLD
                                                : 0;
    b->is_spent = json_is_true(json_object_get(r, "is_spent"));
    b->window_micro = number(r, "window_micro");
    b->year_micro = number(r, "year_micro");
    b->year_cap_micro = number(r, "year_cap_micro");
    b->lifetime_micro = number(r, "lifetime_micro");
    b->lifetime_cap_micro = number(r, "lifetime_cap_micro");
    b->composed_micro = number(r, "composed_micro");
    b->composed_is_zcdp = (uint32_t)is_word(r, "composed_by", "zcdp");
    b->composed_delta_log2 = (uint32_t)number(r, "composed_delta_log2");
    (void)bytes_of(r, "delta_q64", delta, sizeof delta);
    for (int i = 0; i < 8; i++) b->delta_q64 = b->delta_q64 << 8 | delta[i];
    b->fresh = (uint32_t)number(r, "fresh_answers");
    b->fresh_cap = (uint32_t)number(r, "fresh_answers_cap");
    b->reports = number(r, "reports");
    json_decref(r);
    return SOTTO_OK;
}

static int status_named(const json_t *from, const char *name) {
    int status = SOTTO_OK;
    while (status > STATUS_LAST && !is_word(from, name, rpc_status_name(status))) status--;
    return status;
}
static void text_of(const json_t *from, const char *name, char *to, size_t cap) {
    const char *text = json_string_value(json_object_get(from, name));
    snprintf(to, cap, "%s", text ? text : "");
}

int own_device_health(struct own_device *d, struct sotto_health *h, struct sotto_error *err) {
    static const enum sotto_storage_state states[] = {
        SOTTO_STORAGE_NONE, SOTTO_STORAGE_OK, SOTTO_STORAGE_READ_ONLY, SOTTO_STORAGE_REFUSED};
    static const char *const words[] = {"none", "ok", "read-only", "refused"};
    if (d->engine) return told(d, sotto_health(d->engine, h), err);
    json_t *r = daemon_ask(&d->daemon, "health", NULL, err);
    if (!r) return err->status;
    h->strict = (uint32_t)json_is_true(json_object_get(r, "is_strict"));
    h->policy_status = status_named(r, "policy_status");
    text_of(r, "policy_message", h->policy_message, sizeof h->policy_message);
    h->model_status = status_named(r, "model_status");
    text_of(r, "model_message", h->model_message, sizeof h->model_message);
    h->storage = SOTTO_STORAGE_FAILED;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (is_word(r, "storage", words[i])) h->storage = states[i];
    h->storage_status = status_named(r, "storage_status");
    text_of(r, "storage_message", h->storage_message, sizeof h->storage_message);
    h->model_version = number(r, "model_version");
    h->policy_version = number(r, "policy_version");
    h->items = (uint32_t)number(r, "items");
    h->profiles = (uint32_t)number(r, "profiles");
    h->profile_bytes = number(r, "profile_bytes");
    h->profile_bytes_max = number(r, "profile_bytes_max");
    h->reports = number(r, "reports");
    h->time_floor_s = (int64_t)number(r, "time_floor_s");
    h->time_late_s = (int64_t)number(r, "time_late_s");
    h->time_claim_s = (int64_t)number(r, "time_claim_s");
    h->memory_bytes = number(r, "memory_bytes");
    h->memory_locked = (uint32_t)json_is_true(json_object_get(r, "memory_locked"));
    text_of(r, "keys", h->key_text, sizeof h->key_text);
    h->key_epoch = number(r, "key_epoch");
    json_decref(r);
    return SOTTO_OK;
}

int own_device_about(struct own_device *d, uint8_t key[32], int64_t *now_s,
                     struct sotto_error *err) {
    struct sotto_health health = {.size = sizeof health};
    if (d->engine) {
        int status = sotto_device_key(d->engine, key);
        if (status == SOTTO_OK) status = sotto_health(d->engine, &health);
        *now_s = health.time_floor_s;
        return told(d, status, err);
    }
    json_t *about = daemon_ask(&d->daemon, "device.key", NULL, err);
    json_t *now = about ? daemon_ask(&d->daemon, "health", NULL, err) : NULL;
    json_t *metrics = now ? daemon_ask(&d->daemon, "metrics", NULL, err) : NULL;
    int status = metrics ? SOTTO_OK : err->status;
    if (metrics && bytes_of(about, "key", key, 32) != 32)
        status = fail(err, SOTTO_E_FORMAT, "sottod gave no key of 32 bytes");
    *now_s = (int64_t)number(now, "time_floor_s");
    d->metrics = json_incref(json_object_get(metrics, "metrics"));
    json_decref(about);
    json_decref(now);
    json_decref(metrics);
    return status;
}

int own_device_preview(struct own_device *d, uint64_t *cursor, int64_t *release_s,
                       uint8_t bytes[SOTTO_REPORT_MAX], size_t *n, struct sotto_error *err) {
    if (d->engine)
        return told(
            d, sotto_report_preview(d->engine, cursor, release_s, bytes, SOTTO_REPORT_MAX, n), err);
    json_t *r = daemon_ask(&d->daemon, "report.preview",
                           json_pack("{s:I}", "after", (json_int_t)*cursor), err);
    if (!r) return err->status;
    *cursor = number(r, "sequence");
    *release_s = (int64_t)number(r, "release_s");
    *n = bytes_of(r, "bytes", bytes, SOTTO_REPORT_MAX);
    json_decref(d->cells);
    d->cells = json_incref(json_object_get(r, "cells"));
    json_decref(r);
    return *n ? SOTTO_OK : fail(err, SOTTO_E_FORMAT, "sottod gave a report without bytes");
}

const char *own_device_metric(struct own_device *d, uint32_t metric) {
    struct sotto_metric_info info = {.size = sizeof info};
    for (uint32_t i = 0; d->engine && sotto_metric(d->engine, i, &info) == SOTTO_OK; i++)
        if (info.id == metric) return info.name;
    for (size_t i = 0; !d->engine && i < json_array_size(d->metrics); i++)
        if (number(json_array_get(d->metrics, i), "id") == metric)
            return json_string_value(json_object_get(json_array_get(d->metrics, i), "name"));
    return NULL;
}

const char *own_device_cell(struct own_device *d, uint32_t metric, uint32_t cell) {
    if (d->engine) return sotto_metric_cell(d->engine, metric, cell);
    return json_string_value(json_object_get(json_array_get(d->cells, cell), "name"));
}
