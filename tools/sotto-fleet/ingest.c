/* ingest: see ingest.h. */
#include "tools/sotto-fleet/ingest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"

#define CHUNK       1024 /* reports verified together */
#define SLICE       16   /* taken by a thread at a time */
#define THREADS_MAX 16
#define TERMS_KEPT  16

/* ---- Why something is set aside ---------------------------------------------------------- */

enum reason {
    COUNTED,
    DUPLICATE,
    UNREADABLE,
    MALFORMED,
    UNKNOWN_DEVICE,
    BAD_SIGNATURE,
    WRONG_SCHEMA,
    WRONG_TERMS,
    WINDOW_TWICE,
    SEQUENCE_TWICE,
    OUT_OF_ORDER
};

static const struct {
    const char *code, *remedy;
} reasons[] = {
    [UNREADABLE] = {"unreadable", "make it a regular file that you may read, or copy it again"},
    [MALFORMED] = {"malformed",
                   "copy it again from the device; if that does not help, update sotto-fleet"},
    [UNKNOWN_DEVICE] = {"unknown-device",
                        "add the device's public key to the file of enrolled devices"},
    [BAD_SIGNATURE] =
        {"bad-signature",
         "copy it again from the device; if that does not help, treat the device as tampered with"},
    [WRONG_SCHEMA] =
        {"wrong-schema",
         "collect once more with the --policy pack that this device ran under, then again"},
    [WRONG_TERMS] =
        {"wrong-terms",
         "it contradicts the policy it names: update the device's engine and look for tampering"},
    [WINDOW_TWICE] =
        {"window-twice",
         "the device noised one window twice: its vault was set back or copied; enrol it anew"},
    [SEQUENCE_TWICE] =
        {"sequence-twice",
         "the device numbered two reports alike: its vault was set back or copied; enrol it anew"},
    [OUT_OF_ORDER] =
        {"out-of-order",
         "the device's history ran backwards: its vault was set back or copied; enrol it anew"},
};

/* ---- A run ------------------------------------------------------------------------------- */

struct slot {
    char place[FLEET_PLACE_MAX + 1], detail[160];
    uint8_t bytes[SOTTO_REPORT_MAX + 1]; /* one more shows that it is too long */
    size_t n;
    uint8_t hash[HASH_BYTES], key[32];
    enum reason reason; /* COUNTED: nothing against it so far */
    uint64_t series;    /* that it belongs to, once its terms were checked */
    struct sotto_report report;
};

struct chunk {
    size_t n;
    atomic_size_t next;
    int threads; /* that run; joined by chunk_wait */
    pthread_t ids[THREADS_MAX];
    struct slot slots[CHUNK];
};

struct ingest {
    struct fleet_store *store;
    struct fleet_collected *result;
    size_t cap_set_aside;
    int threads, may_retired;
    int filling; /* which chunk takes bytes; the other one is being verified, or is empty */
    struct chunk chunks[2];
    struct {
        uint8_t schema[16];
        struct fleet_metric metric;
    } terms[TERMS_KEPT]; /* those met last */
    uint32_t n_terms, next_terms;
};

static int set_aside(struct ingest *in, const struct fleet_bytes *b, enum reason reason,
                     const char *detail, struct sotto_error *err) {
    struct fleet_collected *r = in->result;
    r->n_set_aside++;
    if (r->n_listed < FLEET_LISTED_MAX) {
        if (r->n_listed == in->cap_set_aside) {
            size_t cap = in->cap_set_aside ? 2 * in->cap_set_aside : 16;
            struct fleet_set_aside *list = realloc(r->set_aside, cap * sizeof *list);
            if (!list) return fail(err, SOTTO_E_MEMORY, "out of memory");
            r->set_aside = list;
            in->cap_set_aside = cap;
        }
        struct fleet_set_aside *entry = &r->set_aside[r->n_listed++];
        snprintf(entry->file, sizeof entry->file, "%s", b->place);
        snprintf(entry->detail, sizeof entry->detail, "%s", detail);
        entry->reason = reasons[reason].code;
        entry->remedy = reasons[reason].remedy;
    }
    return fleet_store_quarantine(in->store, b, reasons[reason].code, detail,
                                  reasons[reason].remedy, err);
}

/* ---- Verifying, by all processors -------------------------------------------------------- */

static void verify(struct slot *s) {
    struct sotto_error why = {0, ""};
    if (s->reason != COUNTED) return;
    int status = sotto_report_decode(s->bytes, s->n, s->key, &s->report, &why);
    if (status != SOTTO_OK) {
        s->reason = status == SOTTO_E_SIGNATURE ? BAD_SIGNATURE : MALFORMED;
        snprintf(s->detail, sizeof s->detail, "%.150s", why.message);
    } else if (s->report.sequence > INT64_MAX) {
        s->reason = MALFORMED;
        snprintf(s->detail, sizeof s->detail, "its sequence is beyond what any device counts to");
    }
}

static void *verify_chunk(void *arg) {
    struct chunk *c = arg;
    for (;;) {
        size_t i = atomic_fetch_add(&c->next, SLICE);
        if (i >= c->n) return NULL;
        for (size_t end = c->n - i < SLICE ? c->n : i + SLICE; i < end; i++) verify(&c->slots[i]);
    }
}

/* A thread that cannot be started leaves its share to chunk_wait. */
static void chunk_start(struct chunk *c, int threads) {
    atomic_store(&c->next, 0);
    c->threads = 0;
    if (c->n < 2 * SLICE) return;
    while (c->threads < threads && pthread_create(&c->ids[c->threads], NULL, verify_chunk, c) == 0)
        c->threads++;
}

static void chunk_wait(struct chunk *c) {
    verify_chunk(c);
    for (int t = 0; t < c->threads; t++) pthread_join(c->ids[t], NULL);
    c->threads = 0;
}

/* ---- Judging, in the order of arrival ---------------------------------------------------- */

/* What needs only the claimed device: known bytes, its key. */
static int prepare(struct ingest *in, struct slot *s, struct sotto_error *err) {
    struct fleet_bytes b = {.place = s->place, .bytes = s->bytes, .n = s->n};
    enum fleet_conflict conflict;
    uint8_t device[8];
    hash256(b.hash, s->bytes, s->n);
    memcpy(s->hash, b.hash, sizeof s->hash);
    int status = fleet_store_conflict(in->store, &b, NULL, &conflict, err);
    if (status != SOTTO_OK) return status;
    s->reason = conflict == FLEET_KNOWN ? DUPLICATE : COUNTED;
    if (s->reason == DUPLICATE) return SOTTO_OK;
    if (sotto_report_peek(s->bytes, s->n, device) != SOTTO_OK) {
        s->reason = MALFORMED;
        snprintf(s->detail, sizeof s->detail, "not a report");
        return SOTTO_OK;
    }
    status = fleet_store_device(in->store, device, in->may_retired, s->key, err);
    if (status != SOTTO_E_NOT_FOUND) return status;
    s->reason = UNKNOWN_DEVICE;
    snprintf(s->detail, sizeof s->detail, "device %02x%02x%02x%02x%02x%02x%02x%02x is not enrolled",
             device[0], device[1], device[2], device[3], device[4], device[5], device[6],
             device[7]);
    return SOTTO_OK;
}

static int terms_of(struct ingest *in, const struct sotto_report *r,
                    const struct fleet_metric **terms, struct sotto_error *err) {
    struct fleet_metric *m;
    for (uint32_t i = 0; i < in->n_terms; i++) {
        m = &in->terms[i].metric;
        *terms = m;
        if (m->id == r->metric && memcmp(in->terms[i].schema, r->schema, 16) == 0) return SOTTO_OK;
    }
    uint32_t at = in->next_terms;
    m = &in->terms[at].metric;
    int status = fleet_store_terms(in->store, r->schema, r->metric, m, err);
    if (status != SOTTO_OK) {
        memset(m, 0, sizeof *m); /* id 0 is no report's */
        return status;
    }
    memcpy(in->terms[at].schema, r->schema, 16);
    in->next_terms = (at + 1) % TERMS_KEPT;
    if (in->n_terms < TERMS_KEPT) in->n_terms++;
    *terms = m;
    return SOTTO_OK;
}

static void check_terms(struct slot *s, const struct fleet_metric *m) {
    const struct sotto_report *r = &s->report;
    s->series = m->series;
    const struct mechanism_terms terms = fleet_terms_of(m);
    const struct {
        const char *name;
        uint32_t have, want;
    } fields[] = {{"mechanism", r->mechanism, m->mechanism},
                  {"unit", r->unit, m->unit},
                  {"window length", r->window_s, m->window_s},
                  {"epsilon", r->eps_micro, m->eps_micro},
                  {"cells per visit", r->max_cells, m->max_cells},
                  {"weight per cell", r->max_weight, m->max_weight},
                  {"largest value", r->max_value, m->max_value},
                  {"number of cells", r->n_cells, m->n_cells}};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (fields[i].have != fields[i].want) {
            snprintf(s->detail, sizeof s->detail, "metric %u: its %s is %u, its policy says %u",
                     r->metric, fields[i].name, fields[i].have, fields[i].want);
            s->reason = WRONG_TERMS;
            return;
        }
    if (r->unit == UNIT_HOUSEHOLD && mechanism_answer_check(&terms, r->answer, r->n_answer) != 0) {
        snprintf(s->detail, sizeof s->detail, "metric %u: nobody could have answered so",
                 r->metric);
        s->reason = WRONG_TERMS;
    }
}

static int check_conflict(struct ingest *in, struct slot *s, const struct fleet_bytes *b,
                          struct sotto_error *err) {
    enum fleet_conflict conflict;
    int status = fleet_store_conflict(in->store, b, &s->report, &conflict, err);
    s->reason = conflict == FLEET_KNOWN            ? DUPLICATE
                : conflict == FLEET_WINDOW_TWICE   ? WINDOW_TWICE
                : conflict == FLEET_SEQUENCE_TWICE ? SEQUENCE_TWICE
                : conflict == FLEET_OUT_OF_ORDER   ? OUT_OF_ORDER
                                                   : COUNTED;
    snprintf(s->detail, sizeof s->detail, "metric %u, window %llu, sequence %llu", s->report.metric,
             (unsigned long long)s->report.window, (unsigned long long)s->report.sequence);
    return status;
}

static int judge(struct ingest *in, struct slot *s, struct sotto_error *err) {
    struct fleet_bytes b = {.place = s->place, .bytes = s->bytes, .n = s->n};
    const struct fleet_metric *terms = NULL;
    int status = SOTTO_OK;
    memcpy(b.hash, s->hash, sizeof b.hash);
    if (s->reason == COUNTED) {
        status = terms_of(in, &s->report, &terms, err);
        if (status == SOTTO_E_NOT_FOUND) {
            s->reason = WRONG_SCHEMA;
            snprintf(s->detail, sizeof s->detail,
                     "metric %u, policy version %llu: no policy given so far has this schema",
                     s->report.metric, (unsigned long long)s->report.policy_version);
            status = SOTTO_OK;
        } else if (status == SOTTO_OK) {
            check_terms(s, terms);
        }
    }
    if (status == SOTTO_OK && s->reason == COUNTED) status = check_conflict(in, s, &b, err);
    if (status != SOTTO_OK) return status;
    if (s->reason == DUPLICATE) {
        in->result->duplicates++;
        return SOTTO_OK;
    }
    if (s->reason != COUNTED) return set_aside(in, &b, s->reason, s->detail, err);
    in->result->accepted++;
    return fleet_store_accept(in->store, &b, &s->report, s->series, err);
}

static int chunk_judge(struct ingest *in, struct chunk *c, struct sotto_error *err) {
    int status = SOTTO_OK;
    for (size_t i = 0; i < c->n && status == SOTTO_OK; i++) status = judge(in, &c->slots[i], err);
    c->n = 0;
    return status;
}

/* Hands the full chunk to the threads, then judges the one before. */
static int turn(struct ingest *in, struct sotto_error *err) {
    struct chunk *full = &in->chunks[in->filling], *before = &in->chunks[!in->filling];
    int status = SOTTO_OK;
    chunk_wait(before);
    for (size_t i = 0; i < full->n && status == SOTTO_OK; i++)
        status = prepare(in, &full->slots[i], err);
    if (status != SOTTO_OK) {
        full->n = 0;
        return status;
    }
    chunk_start(full, in->threads);
    in->filling = !in->filling;
    return chunk_judge(in, before, err);
}

/* ---- For callers ------------------------------------------------------------------------- */

struct ingest *ingest_new(struct fleet_store *store, int may_retired,
                          struct fleet_collected *result) {
    struct ingest *in = calloc(1, sizeof *in);
    if (!in) return NULL;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    in->store = store;
    in->may_retired = may_retired;
    in->result = result;
    in->threads = processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (int)processors;
    return in;
}

void ingest_free(struct ingest *in) {
    if (!in) return;
    for (int i = 0; i < 2; i++) chunk_wait(&in->chunks[i]);
    free(in);
}

int ingest_report(struct ingest *in, const char *place, const uint8_t *bytes, size_t n,
                  struct sotto_error *err) {
    struct chunk *c = &in->chunks[in->filling];
    struct slot *s = &c->slots[c->n++];
    in->result->reports++;
    s->n = n < sizeof s->bytes ? n : sizeof s->bytes;
    memcpy(s->bytes, bytes, s->n);
    snprintf(s->place, sizeof s->place, "%s", place);
    s->detail[0] = '\0';
    return c->n == CHUNK ? turn(in, err) : SOTTO_OK;
}

int ingest_flush(struct ingest *in, struct sotto_error *err) {
    int status = turn(in, err);
    return status == SOTTO_OK ? turn(in, err) : status;
}

int ingest_odd(struct ingest *in, const struct fleet_bytes *bytes, enum fleet_odd odd,
               const char *detail, struct sotto_error *err) {
    int status = ingest_flush(in, err);
    if (status != SOTTO_OK) return status;
    return set_aside(in, bytes, odd == FLEET_UNREADABLE ? UNREADABLE : MALFORMED, detail, err);
}

void fleet_collected_free(struct fleet_collected *result) {
    free(result->set_aside);
    memset(result, 0, sizeof *result);
}
