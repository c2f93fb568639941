/* capture: see capture.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/common/outfile.h"
#include "tools/sotto-sim/capture.h"
#include "tools/sotto-sim/visit.h"

enum { CAPTURE_SOME = 1, CAPTURE_GOOD = 2, REASONS_GOOD = 3 };
enum { BASKET_LEAST = 3, BASKET_MOST = 6, LIST = 12, DUMP = 192 };

static const char *type_name(enum sotto_event_type type) {
    switch (type) {
    case SOTTO_EVENT_VIEW: return "looked at";
    case SOTTO_EVENT_SELECT: return "chose";
    case SOTTO_EVENT_PURCHASE: return "bought";
    case SOTTO_EVENT_LIKE: return "said they like";
    }
    return "";
}

int capture_begin(struct visit_capture *c, struct sotto_error *err) {
    memset(c, 0, sizeof *c);
    c->screen = json_object();
    return c->screen ? SOTTO_OK : fail(err, SOTTO_E_MEMORY, "out of memory");
}

int capture_write(const struct visit_capture *c, const char *path) {
    struct outfile out;
    FILE *to = outfile_open(&out, path);
    if (!to) return -1;
    int rc = json_dumpf(c->screen, to, JSON_INDENT(1));
    return outfile_close(&out, rc == 0) != 0 ? -1 : rc;
}

void capture_end(struct visit_capture *c) {
    json_decref(c->screen);
    free(c->before);
    memset(c, 0, sizeof *c);
}

/* ---- Slates and reasons ------------------------------------------------------------------ */

static json_t *reasons_note(struct machine *k, sotto_slate slate, uint32_t rank) {
    struct sotto_reason reasons[SOTTO_HISTORY_MAX + 1];
    struct sotto_explanation e = {.size = sizeof e};
    json_t *list = json_array();
    if (sotto_explain(k->engine, slate, rank, &e, reasons, ARRAY_LEN(reasons)) != SOTTO_OK)
        return list;
    for (uint32_t i = 0; i < e.count; i++) {
        int is_popular = reasons[i].kind == SOTTO_REASON_POPULAR;
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:s*}", "kind",
                                              is_popular ? "popular" : "activity", "contribution",
                                              (json_int_t)reasons[i].contribution, "events",
                                              (json_int_t)reasons[i].events, "title",
                                              is_popular ? NULL : reasons[i].title));
    }
    return list;
}

static json_t *list_note(struct machine *k, sotto_slate slate, const struct sotto_item *items,
                         uint32_t n) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < n && i < LIST; i++) {
        json_t *item = json_pack("{s:s, s:s, s:I}", "id", items[i].id, "title",
                                 *items[i].title ? items[i].title : items[i].id, "score",
                                 (json_int_t)items[i].score);
        if (slate) json_object_set_new(item, "reasons", reasons_note(k, slate, i));
        json_array_append_new(list, item);
    }
    return list;
}

int capture_slates(struct visit_capture *c, struct machine *k, const struct visit *v, uint32_t half,
                   const struct observer *packs, sotto_slate slate, const struct sotto_item *items,
                   uint32_t n, const struct sotto_item *general, uint32_t n_general,
                   struct sotto_error *err) {
    /* an anonymous visit of a handy size; once more if a later one tells more */
    if (c->have_slates == CAPTURE_GOOD || v->profile || half < BASKET_LEAST || half > BASKET_MOST)
        return SOTTO_OK;
    struct sotto_explanation first = {.size = sizeof first};
    int rc = sotto_explain(k->engine, slate, 0, &first, NULL, 0);
    if (rc != SOTTO_OK) return machine_fail(k, rc, "asking for reasons", err);
    int quality = first.count >= REASONS_GOOD ? CAPTURE_GOOD : CAPTURE_SOME;
    if (quality <= c->have_slates) return SOTTO_OK;
    json_t *basket = json_array();
    for (uint32_t i = 0; i < half; i++)
        json_array_append_new(basket, json_string(model_item_title(&packs->model, v->items[i])));
    json_object_set_new(c->screen, "kiosk", json_integer(k->number));
    json_object_set_new(c->screen, "basket", basket);
    json_object_set_new(c->screen, "banner", machine_banner(k));
    json_object_set_new(c->screen, "personalised", list_note(k, slate, items, n));
    if (json_object_set_new(c->screen, "general", list_note(k, 0, general, n_general)) != 0)
        return fail(err, SOTTO_E_MEMORY, "out of memory");
    c->have_slates = quality;
    return SOTTO_OK;
}

/* ---- The disk ---------------------------------------------------------------------------- */

static int file_append(uint8_t **bytes, size_t *n, const char *path) {
    FILE *f = fopen(path, "rbe");
    if (!f) return -1;
    long size = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    uint8_t *grown = size < 0 ? NULL : realloc(*bytes, *n + (size_t)size + 1);
    if (grown) {
        rewind(f);
        *bytes = grown;
        *n += fread(grown + *n, 1, (size_t)size, f);
    }
    fclose(f);
    return grown ? 0 : -1;
}

/* The file that SQLite appends to while it is open. */
static int journal_read(const struct machine *k, uint8_t **bytes, size_t *n) {
    char path[640];
    snprintf(path, sizeof path, "%s-wal", k->device.port.vault_path);
    return file_append(bytes, n, path);
}

int capture_before_end(struct visit_capture *c, struct machine *k, const struct visit *v,
                       sotto_session session, struct sotto_error *err) {
    enum sotto_consent stores;
    c->is_watching = 0;
    /* not counted, so that nothing but the person's own record is written at the end */
    if (c->have_disk || !v->profile || v->measures || v->n < BASKET_LEAST || v->n > BASKET_MOST)
        return SOTTO_OK;
    int rc = sotto_consent_get(k->engine, session, SOTTO_PURPOSE_STORE, &stores);
    if (rc != SOTTO_OK) return machine_fail(k, rc, "reading consent", err);
    if (stores != SOTTO_CONSENT_GRANTED) return SOTTO_OK;
    c->n_before = 0;
    c->is_watching = journal_read(k, &c->before, &c->n_before) == 0 &&
                     file_append(&c->before, &c->n_before, k->device.port.vault_path) == 0;
    return SOTTO_OK;
}

/* Where the longest stretch begins that was nowhere in the vault before and has no four zero bytes
 * in a row (the padding of database pages): a sealed record that is new. */
static size_t fresh_stretch(const uint8_t *bytes, size_t n, const uint8_t *before, size_t n_before,
                            size_t *length) {
    enum { BLOCK = 16 };
    static const uint8_t zeros[4];
    size_t best = 0, start = 0;
    *length = 0;
    for (size_t i = 0; i + BLOCK <= n; i++) {
        int is_old = i % BLOCK == 0 && memmem(before, n_before, bytes + i, BLOCK) != NULL;
        if (is_old || memcmp(bytes + i, zeros, sizeof zeros) == 0)
            start = i + (is_old ? BLOCK : sizeof zeros);
        if (i + 1 > start && i + 1 - start > *length) {
            *length = i + 1 - start;
            best = start;
        }
    }
    return best;
}

static json_t *events_note(const struct visit *v, const struct observer *packs) {
    json_t *list = json_array();
    char time[32] = "";
    time_t t = (time_t)v->time_s;
    struct tm day;
    if (gmtime_r(&t, &day)) strftime(time, sizeof time, "%Y-%m-%d", &day);
    for (int type = SOTTO_EVENT_SELECT; type <= SOTTO_EVENT_PURCHASE; type++)
        for (uint32_t i = 0; i < v->n; i++)
            json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "time", time, "type",
                                                  type_name((enum sotto_event_type)type), "title",
                                                  model_item_title(&packs->model, v->items[i])));
    return list;
}

int capture_after_end(struct visit_capture *c, struct machine *k, const struct visit *v,
                      const struct observer *packs, struct sotto_error *err) {
    uint8_t *after = NULL;
    size_t n = 0, length;
    if (!c->is_watching) return SOTTO_OK;
    c->is_watching = 0;
    if (journal_read(k, &after, &n) != 0) {
        free(after);
        return SOTTO_OK;
    }
    size_t at = fresh_stretch(after, n, c->before, c->n_before, &length);
    if (length >= DUMP / 2) {
        char hex[2 * DUMP + 1];
        if (length > DUMP) length = DUMP;
        for (size_t i = 0; i < length; i++) snprintf(hex + 2 * i, 3, "%02x", after[at + i]);
        json_t *disk =
            json_pack("{s:s, s:I, s:s, s:s, s:o}", "file", "vault.db-wal", "offset", (json_int_t)at,
                      "hex", hex, "profile", v->profile, "events", events_note(v, packs));
        c->have_disk = disk != NULL;
        if (!disk || json_object_set_new(c->screen, "disk", disk) != 0) {
            free(after);
            return fail(err, SOTTO_E_MEMORY, "out of memory");
        }
    }
    free(after);
    return SOTTO_OK;
}
