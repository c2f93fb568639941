/* catalogue: see catalogue.h. */
#include "tools/common/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "pack/model.h"
#include "pack/sensitive.h"
#include "tools/common/csv.h"
#include "tools/common/intern.h"

enum { TAG_COLUMNS_MAX = 16, TAG_BYTES = 200 };

struct owned {
    struct intern texts, tags;
    uint32_t *tag_lists; /* of all items */
    size_t n_listed, cap_listed;
    size_t cap;
};

/* Meanings of columns but for tags, of which there may be several. */
enum meaning {
    ITEM,
    TITLE,
    CATEGORY,
    SPONSOR,
    SYNTHETIC,
    STAFF,
    PROVIDER,
    RATING,
    SENSITIVE,
    MEANINGS
};
static const struct {
    const char *name, *usual[6];
} meanings[MEANINGS] = {
    [ITEM] = {"item", {"item", "item_id", "product_id", "stockcode", "sku"}},
    [TITLE] = {"title", {"title", "description", "name", "product_name"}},
    [CATEGORY] = {"category", {"category", "product_category", "department"}},
    [SPONSOR] = {"sponsor", {"sponsor", "payer"}},
    [SYNTHETIC] = {"synthetic", {"synthetic"}},
    [STAFF] = {"staff", {"staff", "staff_pick"}},
    [PROVIDER] = {"provider", {"provider"}},
    [RATING] = {"rating", {"age_rating", "least_age"}}, /* "rating" alone may be stars */
    [SENSITIVE] = {"sensitive", {"sensitive"}},
};

struct reader {
    struct catalogue *c;
    struct owned *o;
    const char *path;
    int column[MEANINGS], tag[TAG_COLUMNS_MAX];
    int n_tags;
    size_t n_fields;
    char names[TAG_COLUMNS_MAX][64];
};

static int find_column(const struct csv_record *header, const char *name, size_t n) {
    for (size_t i = 0; i < header->n_fields; i++)
        if (strlen(header->fields[i]) == n && strncasecmp(header->fields[i], name, n) == 0)
            return (int)i;
    return -1;
}

static int find_usual(const struct csv_record *header, const char *const *names) {
    for (; *names; names++) {
        int column = find_column(header, *names, strlen(*names));
        if (column >= 0) return column;
    }
    return -1;
}

static int take_column(struct reader *r, const struct csv_record *header, const char *path,
                       const char *meaning, size_t meaning_n, const char *name, size_t n,
                       struct sotto_error *err) {
    int column = find_column(header, name, n);
    if (column < 0)
        return fail(err, SOTTO_E_ARGUMENT,
                    "%s: --catalogue-map names the column \"%.*s\", which it lacks", path, (int)n,
                    name);
    for (int m = 0; m < MEANINGS; m++)
        if (meaning_n == strlen(meanings[m].name) &&
            strncmp(meaning, meanings[m].name, meaning_n) == 0) {
            r->column[m] = column;
            return SOTTO_OK;
        }
    if (meaning_n != 4 || strncmp(meaning, "tags", 4) != 0 || r->n_tags == TAG_COLUMNS_MAX)
        return fail(err, SOTTO_E_ARGUMENT,
                    "--catalogue-map: \"%.*s\" is none of item, title, category, sponsor, "
                    "synthetic, staff, provider, rating, sensitive, tags (at most %d)",
                    (int)meaning_n, meaning, TAG_COLUMNS_MAX);
    snprintf(r->names[r->n_tags], sizeof r->names[0], "%.*s", (int)n, name);
    r->tag[r->n_tags++] = column;
    return SOTTO_OK;
}

static int take_header(struct reader *r, const struct csv_record *header, const char *path,
                       const char *map, struct sotto_error *err) {
    for (int m = 0; m < MEANINGS; m++) r->column[m] = -1;
    r->n_fields = header->n_fields;
    for (; map && *map; map += *map == ',') {
        size_t pair = strcspn(map, ","), meaning = strcspn(map, "=,");
        const char *end = map + pair, *name = map + meaning + 1;
        if (meaning >= pair)
            return fail(err, SOTTO_E_ARGUMENT, "--catalogue-map: \"%.*s\" is not MEANING=COLUMN",
                        (int)pair, map);
        while (name <= end) {
            size_t n = strcspn(name, "+,");
            int status = take_column(r, header, path, map, meaning, name, n, err);
            if (status != SOTTO_OK) return status;
            name += n + 1;
        }
        map = end;
    }
    for (int m = 0; m < MEANINGS; m++) {
        if (r->column[m] < 0) r->column[m] = find_usual(header, meanings[m].usual);
    }
    r->c->is_classified = r->column[SENSITIVE] >= 0;
    if (r->column[ITEM] < 0)
        return fail(err, SOTTO_E_FORMAT,
                    "%s, line 1: no column for the item; name it with --catalogue-map item=COLUMN",
                    path);
    return SOTTO_OK;
}

static int text_is_clean(const char *text, size_t most) {
    size_t n = strlen(text);
    return n <= most && utf8_is_printable(text, n);
}

static const char *value(const struct csv_record *record, int column) {
    const char *text = column < 0 ? "" : record->fields[column];
    while (*text == ' ') text++;
    return strcmp(text, "NA") == 0 ? "" : text;
}

static const char *keep(struct owned *o, const char *text) {
    uint32_t number = *text ? intern(&o->texts, text) : 0;
    if (number == INTERN_FAILED) return NULL;
    return *text ? o->texts.texts[number] : "";
}

/* A tag is a column and its value, so that "1" of one is not "1" of another. */
static int add_tag(struct owned *o, const char *column, const char *text) {
    char tag[TAG_BYTES];
    if (!*text) return 0;
    snprintf(tag, sizeof tag, "%.60s=%.120s", column, text);
    uint32_t number = intern(&o->tags, tag);
    if (number == INTERN_FAILED) return -1;
    if (o->n_listed == o->cap_listed) {
        size_t cap = o->cap_listed ? 2 * o->cap_listed : 4096;
        uint32_t *more = realloc(o->tag_lists, cap * sizeof *more);
        if (!more) return -1;
        o->tag_lists = more;
        o->cap_listed = cap;
    }
    o->tag_lists[o->n_listed++] = number;
    return 1;
}

/* 1, 0, or -1 when it is neither. */
static int yes_or_no(const char *text) {
    static const char *const words[][2] = {
        {"no", "yes"}, {"0", "1"}, {"false", "true"}, {"n", "y"}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        for (int v = 0; v < 2; v++)
            if (strcasecmp(text, words[i][v]) == 0) return v;
    return *text ? -1 : 0;
}

static int bad_value(const struct reader *r, const struct csv_record *record, enum meaning m,
                     const char *remedy, struct sotto_error *err) {
    return fail(err, SOTTO_E_FORMAT, "%s, line %llu: %s \"%.40s\" of item %.63s: %s", r->path,
                (unsigned long long)record->line, meanings[m].name, value(record, r->column[m]),
                value(record, r->column[ITEM]), remedy);
}

/* The bits of the kinds that a list names; *is_bad says whether it names anything else. */
static uint32_t kinds_of(const char *text, int *is_bad) {
    uint32_t bits = 0;
    *is_bad = 0;
    for (size_t n; *(text += strspn(text, " ,;+|")); text += n) {
        n = strcspn(text, " ,;+|");
        uint32_t bit = sensitive_of_name(text, n);
        if (bit == 0 && (n != 4 || strncmp(text, "none", 4) != 0)) *is_bad = 1;
        bits |= bit;
    }
    return bits;
}

static int take_facts(const struct reader *r, const struct csv_record *record,
                      struct catalogue_item *item, struct sotto_error *err) {
    const char *payer = value(record, r->column[SPONSOR]);
    const int is_word = yes_or_no(payer);
    if (is_word == 1 || (*payer && is_word < 0 && !text_is_clean(payer, MODEL_TEXT_MAX)))
        return bad_value(r, record, SPONSOR,
                         "a paid item needs the name of who pays, in at most 63 "
                         "bytes",
                         err);
    item->payer = keep(r->o, is_word == 0 ? "" : payer);
    item->provider = keep(r->o, value(record, r->column[PROVIDER]));
    if (!item->payer || !item->provider) return SOTTO_E_MEMORY;
    if (!text_is_clean(item->provider, MODEL_TEXT_MAX))
        return bad_value(r, record, PROVIDER, "at most 63 printable bytes", err);
    if (*item->payer) item->flags |= MODEL_PAID;
    for (enum meaning m = SYNTHETIC; m <= STAFF; m++) {
        int is_so = yes_or_no(value(record, r->column[m]));
        if (is_so < 0) return bad_value(r, record, m, "yes or no", err);
        if (is_so) item->flags |= m == SYNTHETIC ? MODEL_SYNTHETIC : MODEL_STAFF;
    }
    char *end;
    const char *rating = value(record, r->column[RATING]);
    unsigned long years = strtoul(rating, &end, 10);
    if (*rating &&
        (end == rating || strcmp(end, *end == '+' ? "+" : "") != 0 || years > MODEL_RATING_MAX))
        return bad_value(r, record, RATING, "a least age in years, 0 to 21", err);
    item->rating = (uint8_t)years;
    if (years >= 18) item->flags |= MODEL_ADULT;
    int is_bad;
    const char *kinds = value(record, r->column[SENSITIVE]);
    item->is_classified = *kinds != '\0';
    item->sensitive = kinds_of(kinds, &is_bad);
    if (is_bad) return bad_value(r, record, SENSITIVE, "kinds by their ids, or none", err);
    return SOTTO_OK;
}

static int take_record(struct reader *r, const struct csv_record *record, struct sotto_error *err) {
    struct catalogue *c = r->c;
    struct owned *o = r->o;
    if (record->problem || record->n_fields != r->n_fields || !*value(record, r->column[ITEM])) {
        c->bad_lines++;
        return SOTTO_OK;
    }
    if (c->n == o->cap) {
        size_t cap = o->cap ? 2 * o->cap : 4096;
        struct catalogue_item *more = realloc(c->items, cap * sizeof *more);
        if (!more) return SOTTO_E_MEMORY;
        c->items = more;
        o->cap = cap;
    }
    struct catalogue_item *item = &c->items[c->n];
    /* Where the lists are is known once they stop moving: until then, how many came before. */
    size_t first = o->n_listed;
    *item = (struct catalogue_item){.id = keep(o, value(record, r->column[ITEM])),
                                    .title = keep(o, value(record, r->column[TITLE])),
                                    .category = keep(o, value(record, r->column[CATEGORY]))};
    if (!item->id || !item->title || !item->category) return SOTTO_E_MEMORY;
    if (add_tag(o, "category", item->category) < 0) return SOTTO_E_MEMORY;
    for (int t = 0; t < r->n_tags; t++)
        if (add_tag(o, r->names[t], value(record, r->tag[t])) < 0) return SOTTO_E_MEMORY;
    item->n_tags = (uint32_t)(o->n_listed - first);
    c->n++;
    return take_facts(r, record, item, err);
}

static int by_id(const void *a, const void *b) {
    return strcmp(((const struct catalogue_item *)a)->id, ((const struct catalogue_item *)b)->id);
}

/* Points the items at their tags, sorts them and keeps the first of each id. */
static void settle(struct catalogue *c, const struct owned *o) {
    size_t at = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        c->items[i].tags = o->tag_lists ? o->tag_lists + at : NULL; /* nobody has any */
        at += c->items[i].n_tags;
    }
    if (c->n) qsort(c->items, c->n, sizeof *c->items, by_id);
    for (uint32_t i = 0; i < c->n; i++) {
        if (n > 0 && strcmp(c->items[n - 1].id, c->items[i].id) == 0) {
            /* Of equal ids the one read first has its tags first. */
            if (c->items[i].tags < c->items[n - 1].tags) c->items[n - 1] = c->items[i];
            c->bad_lines++;
        } else {
            c->items[n++] = c->items[i];
        }
    }
    c->n = n;
    c->n_tags = o->tags.n;
}

int catalogue_read(struct catalogue *c, const char *path, const char *map,
                   struct sotto_error *err) {
    static struct csv_record record;
    memset(c, 0, sizeof *c);
    struct reader r = {.c = c, .o = calloc(1, sizeof *r.o), .path = path};
    c->owned = r.o;
    if (!r.o) return fail(err, SOTTO_E_MEMORY, "no memory to read %s", path);
    struct csv *csv = csv_open(path, err);
    if (!csv) {
        catalogue_free(c);
        return err->status;
    }
    int got = csv_next(csv, &record, err), status = got < 0 ? got : SOTTO_OK;
    if (status == SOTTO_OK && (got == 0 || record.problem))
        status = fail(err, SOTTO_E_FORMAT, "%s, line 1: %s; it must name the columns", path,
                      got ? record.problem : "the file is empty");
    if (status == SOTTO_OK) status = take_header(&r, &record, path, map, err);
    while (status == SOTTO_OK && (got = csv_next(csv, &record, err)) == 1)
        if ((status = take_record(&r, &record, err)) == SOTTO_E_MEMORY)
            fail(err, status, "no memory for line %llu of %s", (unsigned long long)record.line,
                 path);
    if (status == SOTTO_OK && got < 0) status = got;
    if (status == SOTTO_OK) csv_hash(csv, c->hash);
    csv_close(csv);
    if (status == SOTTO_OK && c->bad_lines > c->n)
        status = fail(err, SOTTO_E_FORMAT,
                      "%s: %llu lines have no item or cannot be read; check "
                      "its columns",
                      path, (unsigned long long)c->bad_lines);
    if (status == SOTTO_OK)
        settle(c, r.o);
    else
        catalogue_free(c);
    return status;
}

void catalogue_free(struct catalogue *c) {
    struct owned *o = c->owned;
    if (o) {
        intern_free(&o->texts);
        intern_free(&o->tags);
        free(o->tag_lists);
        free(o);
    }
    free(c->items);
    memset(c, 0, sizeof *c);
}

const char *catalogue_tag(const struct catalogue *c, uint32_t number) {
    return ((const struct owned *)c->owned)->tags.texts[number];
}

const struct catalogue_item *catalogue_find(const struct catalogue *c, const char *id) {
    struct catalogue_item key = {.id = id};
    return c->n ? bsearch(&key, c->items, c->n, sizeof *c->items, by_id) : NULL;
}

int catalogue_join(const struct catalogue *c, struct dataset *data, struct sotto_error *err) {
    uint8_t *is_there = calloc((size_t)c->n + 1, 1);
    uint32_t missing = c->n;
    if (!is_there) return fail(err, SOTTO_E_MEMORY, "no memory for %u products", c->n);
    for (uint32_t i = 0; i < data->n_items; i++) {
        const struct catalogue_item *known = catalogue_find(c, data->items[i].id);
        if (!known) continue;
        is_there[known - c->items] = 1;
        missing--;
        if (!data->items[i].title[0]) data->items[i].title = known->title;
        if (!data->items[i].category[0]) data->items[i].category = known->category;
    }
    struct dataset_item *more =
        realloc(data->items, ((size_t)data->n_items + missing + 1) * sizeof *more);
    if (more) {
        data->items = more;
        for (uint32_t i = 0; i < c->n; i++)
            if (!is_there[i])
                data->items[data->n_items++] =
                    (struct dataset_item){.id = c->items[i].id,
                                          .title = c->items[i].title,
                                          .category = c->items[i].category};
    }
    free(is_there);
    return more ? SOTTO_OK : fail(err, SOTTO_E_MEMORY, "no memory for %u products", missing);
}
