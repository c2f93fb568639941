/* rights_daemon: the verbs of `sotto rights` while sottod runs and owns the vault: each is a method
 * of its subject socket, which says what is wrong with a request in its own words. */
#include "tools/sotto/rights_daemon.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "crypto/crypto.h"

static const struct {
    const char *verb, *method, *key, *word; /* the word that the method wants beside */
} methods[] = {{"like", "interest", "opinion", "like"},
               {"dislike", "interest", "opinion", "dislike"},
               {"block", "block", NULL, NULL},
               {"unblock", "unblock", NULL, NULL},
               {"forget", "forget", NULL, NULL},
               {"pause", "pause", NULL, NULL},
               {"resume", "resume", NULL, NULL},
               {"object", "object", NULL, NULL},
               {"withdraw", "consent", "state", "withdrawn"},
               {"reset", "reset", NULL, NULL},
               {"erase", "erase", NULL, NULL}};

static void put(json_t *object, const char *name, json_t *value) {
    (void)!json_object_set_new(object, name, value);
}
static uint64_t number(const json_t *from, const char *name) {
    return (uint64_t)json_integer_value(json_object_get(from, name));
}

/* ---- See and take away ----------------------------------------------------------------------- */

/* One fact on a line, as the export names its parts. */
static void print_fact(const json_t *fact) {
    const char *name;
    json_t *value;
    printf("%-18s %s", json_string_value(json_object_get(fact, "fact")),
           json_is_true(json_object_get(fact, "stored")) ? "stored  " : "        ");
    json_object_foreach((json_t *)(uintptr_t)fact, name, value) {
        if (strcmp(name, "fact") == 0 || strcmp(name, "stored") == 0) continue;
        char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        printf(" %s %s", name, text ? text : json_string_value(value));
        free(text);
    }
    printf("\n");
}

static int view(struct daemon *d, const struct rights_asked *a, struct sotto_error *err) {
    uint64_t from = 0, count = 1;
    while (from < count) {
        json_t *r = daemon_ask(
            d, "view", json_pack("{s:s, s:I}", "profile", a->profile, "from", (json_int_t)from),
            err);
        if (!r) return err->status;
        const json_t *facts = json_object_get(r, "facts");
        size_t n = json_array_size(facts);
        for (size_t i = 0; i < n; i++) print_fact(json_array_get(facts, i));
        count = n ? number(r, "count") : 0;
        from += n;
        json_decref(r);
    }
    return SOTTO_OK;
}

/* In pieces, as the audit log comes. */
static int take_export(struct daemon *d, const struct rights_asked *a, uint8_t **bytes, size_t *n,
                       struct sotto_error *err) {
    size_t size = 1;
    *bytes = NULL;
    for (*n = 0; *n < size;) {
        json_t *p = json_pack("{s:s, s:I}", "profile", a->profile, "offset", (json_int_t)*n);
        if (a->seal_to) put(p, "seal_to", json_string(a->seal_to));
        json_t *r = daemon_ask(d, "export", p, err);
        if (!r) return err->status;
        const char *hex = json_string_value(json_object_get(r, "bytes"));
        size_t from = *n;
        if (!*bytes) {
            size = number(r, "size");
            *bytes = size < RIGHTS_EXPORT_MAX ? malloc(size + 1) : NULL;
        }
        for (; *bytes && hex && hex[0] && hex[1] && *n < size; hex += 2) {
            char pair[3] = {hex[0], hex[1], 0};
            (*bytes)[(*n)++] = (uint8_t)strtoul(pair, NULL, 16);
        }
        json_decref(r);
        if (*n == from) return fail(err, SOTTO_E_FORMAT, "sottod's export ended before its end");
    }
    return SOTTO_OK;
}

/* ---- The verbs ------------------------------------------------------------------------------- */

int rights_ask(struct daemon *d, const char *verb, const struct rights_asked *a, uint8_t **bytes,
               size_t *n, struct sotto_error *err) {
    const struct {
        const char *name, *value;
    } words[] = {{"profile", a->profile},
                 {"item", a->item},
                 {"group", a->group},
                 {"provider", a->provider},
                 {"purpose", a->purpose}};
    char *end = NULL;
    if (strcmp(verb, "view") == 0) return view(d, a, err);
    if (strcmp(verb, "export") == 0) return take_export(d, a, bytes, n, err);
    json_t *p = json_object();
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (words[i].value) put(p, words[i].name, json_string(words[i].value));
    if (a->at) put(p, "time_s", json_integer(strtoll(a->at, &end, 10)));
    size_t i = 0;
    while (i < ARRAY_LEN(methods) - 1 && strcmp(methods[i].verb, verb) != 0) i++;
    if (methods[i].key) put(p, methods[i].key, json_string(methods[i].word));
    if (end && *end) {
        json_decref(p);
        return fail(err, SOTTO_E_ARGUMENT, "--at takes seconds since 1970");
    }
    json_t *r = daemon_ask(d, methods[i].method, p, err);
    if (!r) return err->status;
    if (json_object_get(r, "forgotten"))
        printf("%" PRIu64 " events forgotten\n", number(r, "forgotten"));
    if (json_object_get(r, "records"))
        printf("%" PRIu64 " records destroyed; receipt %" PRIu64 "\n", number(r, "records"),
               number(r, "receipt"));
    json_decref(r);
    return SOTTO_OK;
}
