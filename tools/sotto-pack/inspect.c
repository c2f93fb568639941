/* inspect: reads a pack that may be damaged, and prints it for people. See inspect.h. */
#include "tools/sotto-pack/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/crypto.h"
#include "tools/sotto-pack/facts_build.h"

#define NEIGHBOURS_SHOWN 15

const char *inspect_section_name(uint32_t id) {
    switch ((enum pack_section_id)id) {
    case SECTION_INFO: return "INFO";
    case SECTION_STRINGS: return "STRINGS";
    case SECTION_ITEMS: return "ITEMS";
    case SECTION_KEYS: return "KEYS";
    case SECTION_PRIOR: return "PRIOR";
    case SECTION_ROW_STARTS: return "ROW_STARTS";
    case SECTION_COLUMNS: return "COLUMNS";
    case SECTION_WEIGHTS: return "WEIGHTS";
    case SECTION_SCALES: return "SCALES";
    case SECTION_DECAY: return "DECAY";
    case SECTION_GROUPS: return "GROUPS";
    case SECTION_CARD: return "CARD";
    case SECTION_ROWS: return "ROWS";
    case SECTION_SELF: return "SELF";
    case SECTION_AGES: return "AGES";
    case SECTION_REPEAT_AGES: return "REPEAT_AGES";
    case SECTION_REPEAT: return "REPEAT";
    case SECTION_FACTS: return "FACTS";
    case SECTION_FACT_OF: return "FACT_OF";
    case SECTION_TAGS: return "TAGS";
    case SECTION_POLICY: return "POLICY";
    case SECTION_TEXTS: return "TEXTS";
    case SECTION_SCHEMA: return "SCHEMA";
    }
    return "unknown";
}

static void read_table(struct inspect_report *r, const uint8_t *bytes, size_t n) {
    for (uint32_t i = 0; i < r->n_sections && i < PACK_SECTIONS_MAX; i++) {
        size_t at = PACK_HEADER_BYTES + (size_t)i * PACK_SECTION_BYTES;
        if (at + PACK_SECTION_BYTES > n) return;
        const uint8_t *e = bytes + at;
        struct inspect_section *s = &r->sections[r->n_listed++];
        s->id = load32(e);
        s->offset = load64(e + 8);
        s->n = load64(e + 16);
        s->is_inside = s->offset <= n && s->n <= n - s->offset;
        if (s->is_inside) {
            uint8_t digest[HASH_BYTES];
            hash256(digest, bytes + s->offset, (size_t)s->n);
            s->is_hash_ok = memcmp(digest, e + 24, HASH_BYTES) == 0;
        }
    }
}

void inspect_bytes(struct inspect_report *r, const uint8_t *bytes, size_t n, const char *path) {
    memset(r, 0, sizeof *r);
    if (n >= PACK_HEADER_BYTES && memcmp(bytes, PACK_MAGIC, 8) == 0) {
        r->has_header = 1;
        r->format = load32(bytes + 8);
        r->role = load32(bytes + 12);
        r->version = load64(bytes + 16);
        r->not_after_s = (int64_t)load64(bytes + 24);
        r->min_engine = load32(bytes + 32);
        r->n_sections = load32(bytes + 36);
        r->length = load64(bytes + 40);
        r->created_s = (int64_t)load64(bytes + 64);
        size_t class_n = strnlen((const char *)bytes + 48, PACK_CLASS_MAX + 1);
        if (class_n <= PACK_CLASS_MAX && utf8_is_printable((const char *)bytes + 48, class_n))
            memcpy(r->device_class, bytes + 48, class_n);
        read_table(r, bytes, n);
    }
    r->pack.bytes = bytes;
    r->pack.n = n;
    if (pack_parse(&r->pack, path, &r->container) != SOTTO_OK) return;
    r->container.status = r->pack.role == PACK_MODEL
                              ? model_load(&r->model, &r->pack, path, &r->container)
                              : policy_load(&r->policy, &r->pack, path, &r->container);
}

static const char *time_text(char out[32], int64_t unix_s) {
    time_t t = (time_t)unix_s;
    struct tm utc;
    if (!gmtime_r(&t, &utc) || !strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &utc))
        snprintf(out, 32, "%lld s", (long long)unix_s);
    return out;
}

static void print_header(const struct inspect_report *r) {
    char not_after[32], created[32];
    printf("  role          %s\n", r->role == PACK_MODEL    ? "model"
                                   : r->role == PACK_POLICY ? "policy"
                                                            : "unknown");
    printf("  version       %llu\n", (unsigned long long)r->version);
    printf("  created       %s\n", time_text(created, r->created_s));
    printf("  not after     %s\n",
           r->not_after_s ? time_text(not_after, r->not_after_s) : "never expires");
    printf("  least engine  %u.%u.%u\n", r->min_engine / 1000000, r->min_engine / 1000 % 1000,
           r->min_engine % 1000);
    printf("  device class  %s\n", r->device_class[0] ? r->device_class : "any");
    printf("  format        %u\n\n  section             bytes  hash\n", r->format);
    for (uint32_t i = 0; i < r->n_listed; i++) {
        const struct inspect_section *s = &r->sections[i];
        printf("  %2u %-12s %9llu  %s\n", s->id, inspect_section_name(s->id),
               (unsigned long long)s->n,
               !s->is_inside   ? "LIES OUTSIDE THE FILE"
               : s->is_hash_ok ? "ok"
                               : "WRONG");
    }
    printf("\n");
}

const char *inspect_card(const struct inspect_report *r, size_t *n) {
    const char *card = (const char *)pack_section(&r->pack, SECTION_CARD, n);
    for (size_t from = 0, i = 0; card && i <= *n; i++)
        if (i == *n || card[i] == '\n') {
            if (!utf8_is_printable(card + from, i - from)) card = NULL;
            from = i + 1;
        }
    return card;
}

static void print_model(const struct inspect_report *r) {
    const struct model *m = &r->model;
    size_t n;
    const char *card = inspect_card(r, &n);
    printf("%u items in %u groups, %u edges (%.1f an item, codec %s)\n", m->n_items, m->n_groups,
           m->n_edges, (double)m->n_edges / m->n_items,
           m->codec == MODEL_VARINT ? "varint" : "fixed16");
    printf("decay over %u positions, ages over %u days, repeats over %u days\n", m->n_decay,
           m->n_ages, m->n_repeat_ages);
    printf("event weights: view %.2f, select %.2f, purchase %.2f\n",
           m->event_weights[SOTTO_EVENT_VIEW] / 32768.0,
           m->event_weights[SOTTO_EVENT_SELECT] / 32768.0,
           m->event_weights[SOTTO_EVENT_PURCHASE] / 32768.0);
    if (m->sets) {
        const struct facts_summary facts = facts_of_model(m);
        printf("facts in %u sets, %u tags:\n", m->n_sets, m->n_tags);
        facts_print(&facts);
    }
    printf("groups:");
    for (uint32_t g = 0; g < m->n_groups; g++)
        printf("%s %s", g ? "," : "", model_group_name(m, g));
    printf("\n");
    if (card)
        printf("card: %.*s", (int)n, card);
    else
        printf("card: none, or not printable\n");
}

static const char *duration_text(char out[32], uint64_t s) {
    if (s % 86400 == 0)
        snprintf(out, 32, "%llu days", (unsigned long long)(s / 86400));
    else if (s % 60 == 0)
        snprintf(out, 32, "%llu minutes", (unsigned long long)(s / 60));
    else
        snprintf(out, 32, "%llu seconds", (unsigned long long)s);
    return out;
}

static void print_events(const struct policy_metric *m) {
    static const char *const events[] = {"", "view", "select", "purchase"};
    int any = 0;
    for (unsigned t = 1; t < ARRAY_LEN(events); t++)
        if (m->event_mask >> t & 1) printf("%s%s", any++ ? " or " : "", events[t]);
}

static void print_visits(const struct policy_metric *m) {
    printf("  One visit adds to at most %u of %u cells, %u to each; epsilon %g a visit and window, "
           "discrete %s noise.\n",
           m->max_cells, m->n_cells, m->max_weight, m->eps_micro / 1e6,
           m->mechanism == MECHANISM_DISCRETE_LAPLACE ? "Laplace" : "Gaussian");
}

static void print_household(const struct policy_metric *m) {
    printf(
        "  One household answers in noise of its own, epsilon %g, at most %u times a year, and in "
        "between again;\n  ",
        m->eps_micro / 1e6, m->fresh_year);
    if (m->source == SOURCE_EVENT_COUNT)
        printf("with a bit, for a count of at most %u.\n", m->max_value);
    else
        printf("for one of %u values, by %s.\n", m->n_cells,
               m->mechanism == MECHANISM_SUBSET_SELECTION ? "subset selection"
                                                          : "projective geometry");
}

static void print_metric(const struct policy_metric *m) {
    static const char *const sources[] = {"", "by item group", "by item, in buckets,",
                                          "by the number of events"};
    char window[32];
    printf("Metric %u, \"%s\", %s %s touched by ", m->id, m->name,
           m->unit == UNIT_VISIT ? "counts visits" : "asks households", sources[m->source]);
    print_events(m);
    printf(", in windows of %s.\n", duration_text(window, m->window_s));
    if (m->unit == UNIT_VISIT)
        print_visits(m);
    else
        print_household(m);
    if (m->n_names == 0) return;
    printf("  Cells:");
    for (uint32_t c = 0; c < m->n_names; c++) printf("%s %s", c ? "," : "", m->cells[c]);
    printf("\n");
}

static void print_policy(const struct policy *p) {
    static const char *const purposes[] = {"",
                                           "Keeping a profile on the device",
                                           "Ordering slates by what a person did",
                                           "Counting visits in noised reports",
                                           "Letting history choose paid items",
                                           "Using items of sensitive kinds"};
    static const char *const modes[] = {"never happens", "happens only if the person agreed",
                                        "happens once the banner was shown and not declined"};
    char a[32], b[32];
    printf("Policy \"%s\". Accountable: %s. To reach a person: %s.\n", p->name, p->accountable,
           p->contact);
    for (int i = SOTTO_PURPOSE_STORE; i <= SOTTO_PURPOSE_LAST; i++)
        printf("%s %s.\n", purposes[i], modes[p->consent[i]]);
    printf("Consent holds for %s; events are kept for %s.\n", duration_text(a, p->consent_ttl_s),
           duration_text(b, p->retention_s));
    printf("A visit ends after %s without events; a sealed slate lives for %s.\n",
           duration_text(a, p->idle_s), duration_text(b, p->slate_ttl_s));
    printf("The banner (notice %u) must be shown for at least %g s%s.\n", p->notice_version,
           p->min_display_ms / 1000.0, p->must_ack ? " and be acknowledged" : "");
    printf("Keys in ordinary files are %s.\n", p->allows_soft_keys ? "allowed" : "refused");
    if (p->n_metrics == 0) {
        printf("Nothing leaves the device.\n");
    } else {
        printf("Privacy budget: epsilon %g a year, %g over the device's life.\n",
               (double)p->year_micro / 1e6, (double)p->lifetime_micro / 1e6);
        for (uint32_t i = 0; i < p->n_metrics; i++) print_metric(&p->metrics[i]);
    }
    for (uint32_t i = 0; i < p->n_texts; i++)
        printf("[%s] %s: %s (%s / %s)\n", p->texts[i][TEXT_LOCALE], p->texts[i][TEXT_TITLE],
               p->texts[i][TEXT_SHORT], p->texts[i][TEXT_ACCEPT], p->texts[i][TEXT_DECLINE]);
}

void inspect_print(const struct inspect_report *r, const char *path, size_t n) {
    printf("%s: %zu bytes, %s\n", path, n, r->container.status == SOTTO_OK ? "sound" : "DAMAGED");
    if (r->has_header) print_header(r);
    if (r->container.status != SOTTO_OK) return;
    if (r->pack.role == PACK_MODEL)
        print_model(r);
    else
        print_policy(&r->policy);
}

struct neighbour {
    int32_t weight;
    uint32_t item;
};

static int by_weight(const void *a, const void *b) {
    const struct neighbour *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

int inspect_explain(const struct model *m, const char *path, const char *id,
                    struct sotto_error *err) {
    uint32_t item = model_find(m, id);
    if (item == MODEL_NONE)
        return fail(err, SOTTO_E_NOT_FOUND,
                    "%s has no item \"%.63s\": it was rarer than --min-baskets, or its id is spelt "
                    "otherwise",
                    path, id);
    uint32_t n = 0;
    int weight;
    struct neighbour *list = calloc(m->n_items, sizeof *list);
    if (!list) return fail(err, SOTTO_E_MEMORY, "no memory for %u neighbours", m->n_items);
    struct model_row row = model_row_of(m, item);
    while (model_row_next(&row, &weight))
        list[n++] = (struct neighbour){weight * m->scales[item], row.column};
    qsort(list, n, sizeof *list, by_weight);
    printf("%s %s (%s)\ngoes with (one purchase adds, in model units):\n", id,
           model_item_title(m, item), model_group_name(m, model_item_group(m, item)));
    for (uint32_t k = 0; k < n && k < NEIGHBOURS_SHOWN; k++)
        printf("  %9d  %-12s %s\n", (int)list[k].weight, model_item_id(m, list[k].item),
               model_item_title(m, list[k].item));
    if (n > NEIGHBOURS_SHOWN) printf("  and %u more\n", n - NEIGHBOURS_SHOWN);
    if (n == 0) printf("  nothing: it has no neighbours in this model\n");
    if (m->self[item])
        printf("itself, where items may come again: %d\n", m->self[item] * m->scales[item]);
    free(list);
    return SOTTO_OK;
}
