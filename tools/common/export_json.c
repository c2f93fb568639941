/* export_json: see export_json.h. */
#include "tools/common/export_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

static const char *const purposes[] = {"", "store", "personalise", "measure", "paid", "sensitive"};
static const char *const states[] = {"unknown", "granted",  "denied", "withdrawn",
                                     "expired", "objected", "paused"};
static const char *const channels[] = {"unknown", "screen", "speech", "staff",
                                       "notice",  "signal", "command"};
static const char *const types[] = {"", "view", "select", "purchase", "like"};
static const char *const blocks[] = {"", "item", "group", "provider"};
static const char *const tickets[] = {"", "handoff", "contest"};
static const char *const ticket_states[] = {"", "requested", "accepted", "resolved", "timed_out"};
static const char *const outcomes[] = {"none", "helped", "upheld", "overridden"};

#define NAME(names, i) ((i) < sizeof(names) / sizeof(names)[0] ? (names)[i] : "unknown")

static void put_hex(struct json *j, const char *key, const uint8_t *bytes, size_t n) {
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(2 * n + 1);
    if (!text) return;
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * n] = '\0';
    json_text(j, key, text);
    free(text);
}

/* Keys of items are numbers that JSON's readers would round. */
static void put_key(struct json *j, uint64_t key) {
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, key);
    json_text(j, "key", text);
}

static void put_profile(struct json *j, const struct sotto_fact *f) {
    if (f->text) json_text(j, "name", f->text);
}
static void put_consent(struct json *j, const struct sotto_fact *f) {
    json_text(j, "purpose", NAME(purposes, f->code));
    json_text(j, "word", NAME(states, f->state));
    json_text(j, "means", NAME(states, (size_t)f->value));
    json_text(j, "channel", NAME(channels, f->more));
    json_uint(j, "notice_version", f->number);
    json_int(j, "time_s", f->time_s);
}
static void put_numbered(struct json *j, const struct sotto_fact *f) {
    json_uint(j, "number", f->number);
    put_hex(j, "bytes", f->bytes, f->n);
}
static void put_event(struct json *j, const struct sotto_fact *f) {
    if (f->text) json_text(j, "item", f->text);
    put_key(j, f->number);
    json_text(j, "type", NAME(types, f->code));
    json_int(j, "time_s", f->time_s);
}
static void put_interest(struct json *j, const struct sotto_fact *f) {
    json_text(j, "item", f->text);
    json_int(j, "weight", f->value);
}
static void put_taste(struct json *j, const struct sotto_fact *f) {
    json_text(j, "group", f->text);
    json_int(j, "weight", f->value);
}
static void put_block(struct json *j, const struct sotto_fact *f) {
    json_text(j, "kind", NAME(blocks, f->code));
    json_text(j, "name", f->text);
    json_int(j, "time_s", f->time_s);
}
static void put_notice(struct json *j, const struct sotto_fact *f) {
    json_uint(j, "notice_version", f->number);
    json_int(j, "time_s", f->time_s);
    json_int(j, "used_s", f->value);
}
static void put_ticket(struct json *j, const struct sotto_fact *f) {
    json_uint(j, "number", f->number);
    json_text(j, "kind", NAME(tickets, f->code));
    json_text(j, "state", NAME(ticket_states, f->state));
    json_text(j, "outcome", NAME(outcomes, f->more));
    json_int(j, "reason", f->value);
    json_int(j, "time_s", f->time_s);
}
static void put_report(struct json *j, const struct sotto_fact *f) {
    json_uint(j, "metric", f->number >> 32);
    json_uint(j, "window", f->number & UINT32_MAX);
    put_hex(j, "bytes", f->bytes, f->n);
}

static const struct {
    const char *name;
    void (*put)(struct json *j, const struct sotto_fact *f);
} kinds[] = {
    [SOTTO_FACT_PROFILE] = {"profile", put_profile},
    [SOTTO_FACT_CONSENT] = {"consent", put_consent},
    [SOTTO_FACT_RECEIPT] = {"receipt", put_numbered},
    [SOTTO_FACT_EVENT] = {"event", put_event},
    [SOTTO_FACT_INTEREST] = {"inferred_interest", put_interest},
    [SOTTO_FACT_TASTE] = {"inferred_taste", put_taste},
    [SOTTO_FACT_BLOCK] = {"block", put_block},
    [SOTTO_FACT_SHOWN] = {"shown", put_numbered},
    [SOTTO_FACT_NOTICE] = {"notice", put_notice},
    [SOTTO_FACT_TICKET] = {"ticket", put_ticket},
    [SOTTO_FACT_ANSWER] = {"answer", put_numbered},
    [SOTTO_FACT_REPORT] = {"report", put_report},
};

void export_json_begin(struct export_json *x, FILE *to) {
    x->json = json_to(to);
    json_begin_object(&x->json, NULL);
    json_text(&x->json, "schema", "tools/sotto/export.schema.json");
    json_int(&x->json, "version", 1);
    json_begin_array(&x->json, "facts");
}

/* One flat array: facts of a kind may come from storage and from memory, apart from each other. */
int export_json_put(void *ctx, const struct sotto_fact *fact) {
    struct export_json *x = ctx;
    if ((size_t)fact->kind >= sizeof kinds / sizeof kinds[0] || !kinds[fact->kind].put) return -1;
    json_begin_object(&x->json, NULL);
    json_text(&x->json, "fact", kinds[fact->kind].name);
    json_bool(&x->json, "stored", (int)fact->is_stored);
    kinds[fact->kind].put(&x->json, fact);
    json_end_object(&x->json);
    return ferror(x->json.to) ? -1 : 0;
}

int export_json_end(struct export_json *x) {
    json_end_array(&x->json);
    json_end_object(&x->json);
    fputc('\n', x->json.to);
    return ferror(x->json.to) ? -1 : 0;
}

int export_json_make(struct sotto *engine, sotto_session session, const uint8_t *seal_key,
                     uint8_t **bytes, size_t *n) {
    struct export_json x;
    char *text = NULL;
    *bytes = NULL;
    *n = 0;
    FILE *f = open_memstream(&text, n);
    if (!f) return SOTTO_E_MEMORY;
    export_json_begin(&x, f);
    int status = sotto_export(engine, session, export_json_put, &x);
    int is_bad = export_json_end(&x) | fclose(f);
    if (status == SOTTO_OK && is_bad) status = SOTTO_E_MEMORY;
    uint8_t *sealed = seal_key && status == SOTTO_OK ? malloc(*n + SEAL_TO_BYTES) : NULL;
    if (seal_key && status == SOTTO_OK && !sealed) status = SOTTO_E_MEMORY;
    if (sealed && seal_to(sealed, (const uint8_t *)text, *n, seal_key) != 0) status = SOTTO_E_KEY;
    if (status == SOTTO_OK && !seal_key) {
        *bytes = (uint8_t *)text;
        return SOTTO_OK;
    }
    if (text) wipe(text, *n);
    free(text);
    if (status != SOTTO_OK) {
        free(sealed);
        return status;
    }
    *bytes = sealed;
    *n += SEAL_TO_BYTES;
    return SOTTO_OK;
}
