/* lines: see lines.h. */
#include "tools/common/lines.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/common/cli.h"
#include "tools/common/lists.h"

#define TITLE_BYTES    120
#define TIME_BYTES     64   /* longer than any date, so that cutting spoils it */
#define AMOUNT_MAX     1e12 /* what is more is no quantity and no price */
#define BAD_SHARE      10   /* per cent of bad lines that a file may have */
#define PROGRESS_LINES 4096
#define ORDER_SHARE    1 /* per cent of slashed dates that may contradict the others */

struct reading {
    struct lines *lines;
    struct dataset_quality *quality;
    int column[DATASET_COLUMNS];
    size_t n_columns;
};

static const char *field(const struct reading *g, const struct csv_record *r, int which) {
    const char *text = g->column[which] >= 0 ? r->fields[g->column[which]] : "";
    while (*text == ' ') text++;
    return text[0] == 'N' && text[1] == 'A' && text[2 + strspn(text + 2, " ")] == '\0' ? "" : text;
}

/* The same with the spaces around it, which a title's cleaning counts as a repair. */
static const char *field_untrimmed(const struct reading *g, const struct csv_record *r, int which) {
    return *field(g, r, which) ? r->fields[g->column[which]] : "";
}

/* Numbers a trimmed word; DATASET_NONE if it is empty. */
static int number_word(struct intern *set, const char *text, uint32_t *number) {
    char word[SOTTO_ITEM_ID_MAX + 1];
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == ' ') n--;
    *number = DATASET_NONE;
    if (n == 0) return 0;
    if (n >= sizeof word) return -1;
    memcpy(word, text, n);
    word[n] = '\0';
    *number = intern(set, word);
    return *number == INTERN_FAILED ? -2 : 0;
}

/* Runs of spaces become one, the ends go, and what is too long is cut between characters. */
static int number_title(struct intern *set, const char *text, uint32_t *number, int *was_cleaned) {
    char title[TITLE_BYTES + 1];
    size_t n = 0;
    const char *at = text;
    *number = DATASET_NONE;
    while (*at) {
        size_t width = 1;
        while (((unsigned char)at[width] & 0xc0) == 0x80) width++;
        if (n + width > TITLE_BYTES) break;
        if (*at != ' ' || (n > 0 && title[n - 1] != ' ')) {
            for (size_t i = 0; i < width; i++) title[n++] = at[i]; /* faster than memcpy of one */
        }
        at += width;
    }
    while (n > 0 && title[n - 1] == ' ') n--;
    title[n] = '\0';
    *was_cleaned = strcmp(title, text) != 0;
    if (n == 0) return 0;
    *number = intern(set, title);
    return *number == INTERN_FAILED ? -2 : 0;
}

/* A number above zero, or the flag that says why not. An absent column judges nothing. */
static uint32_t read_amount(const struct reading *g, const struct csv_record *r, int which,
                            uint32_t not_above_zero, float *value) {
    char *end;
    *value = 0;
    if (g->column[which] < 0) return 0;
    const char *text = field(g, r, which);
    errno = 0;
    double v = strtod(text, &end);
    while (*end == ' ') end++;
    /* strtod also takes hexadecimal, "nan" and "inf". */
    if (end == text || *end || errno || fabs(v) > AMOUNT_MAX ||
        text[strspn(text, "+-.0123456789eE ")])
        return LINE_BAD_NUMBER;
    *value = (float)v;
    return v > 0 ? 0 : not_above_zero;
}

static uint32_t read_order(const struct reading *g, const struct csv_record *r, double *value) {
    char *end;
    if (g->column[COLUMN_ORDER] < 0) return 0;
    const char *text = field(g, r, COLUMN_ORDER);
    *value = strtod(text, &end);
    while (*end == ' ') end++;
    int is_number = end != text && !*end && isfinite(*value);
    if (!is_number) *value = 0;
    return is_number ? 0 : LINE_BAD_NUMBER;
}

/* Packs a slashed date so that it can be settled when the whole column is known. */
static int64_t slashed_pack(const struct slashed *s) {
    return (((int64_t)s->year * 32 + s->first) * 32 + s->second) * 131072 + s->second_of_day;
}

static void see(struct slashed_seen *seen, uint64_t line) {
    if (seen->n++ == 0) seen->first_line = line;
}

static void read_time(struct reading *g, const struct csv_record *r, struct line *line) {
    struct slashed s;
    char text[TIME_BYTES + 1];
    size_t n = 0;
    for (const char *at = field(g, r, COLUMN_TIME); *at && n < TIME_BYTES; at++) text[n++] = *at;
    while (n > 0 && text[n - 1] == ' ') n--;
    text[n] = '\0';
    switch (time_read(text, &line->time_s, &s)) {
    case TIME_EXACT: return;
    case TIME_UNREADABLE: line->flags |= LINE_BAD_TIME; return;
    case TIME_SLASHED: break;
    }
    if (s.first > 12 && s.second > 12) {
        line->flags |= LINE_BAD_TIME;
        return;
    }
    line->flags |= LINE_SLASHED;
    line->time_s = slashed_pack(&s);
    see(&g->lines->slashed, line->number);
    if (s.first > 12) see(&g->lines->day_first, line->number);
    if (s.second > 12) see(&g->lines->month_first, line->number);
}

struct line *lines_add(struct lines *lines) {
    if (lines->n == lines->cap) {
        size_t cap = lines->cap ? 2 * lines->cap : 4096;
        struct line *v = realloc(lines->v, cap * sizeof *v);
        if (!v) return NULL;
        lines->v = v;
        lines->cap = cap;
    }
    memset(&lines->v[lines->n], 0, sizeof lines->v[0]);
    return &lines->v[lines->n];
}

void lines_count_bad(struct dataset_quality *q, uint64_t line, const char *problem) {
    if (q->bad_lines++ == 0) {
        q->first.bad_line = line;
        snprintf(q->bad_line_problem, sizeof q->bad_line_problem, "%s", problem);
    }
}

static int read_record(struct reading *g, const struct csv_record *r, struct sotto_error *err) {
    struct lines *l = g->lines;
    struct dataset_quality *q = g->quality;
    float quantity;
    int was_cleaned, bad = 0;
    q->lines++;
    if (r->problem || r->n_fields != g->n_columns) {
        lines_count_bad(q, r->line, r->problem ? r->problem : "it has another number of fields");
        return SOTTO_OK;
    }
    struct line *line = lines_add(l);
    if (!line)
        return fail(err, SOTTO_E_MEMORY, "no memory for line %llu", (unsigned long long)r->line);
    line->number = r->line;
    bad |= number_word(&l->baskets, field(g, r, COLUMN_BASKET), &line->basket);
    bad |= number_word(&l->items, field(g, r, COLUMN_ITEM), &line->item);
    bad |= number_word(&l->customers, field(g, r, COLUMN_CUSTOMER), &line->customer);
    if (bad == -1) {
        lines_count_bad(q, r->line, "an id is longer than 63 bytes");
        return SOTTO_OK;
    }
    bad |=
        number_title(&l->titles, field_untrimmed(g, r, COLUMN_TITLE), &line->title, &was_cleaned);
    bad |= number_title(&l->categories, field(g, r, COLUMN_CATEGORY), &line->category, &(int){0});
    if (bad)
        return fail(err, SOTTO_E_MEMORY, "no memory for line %llu", (unsigned long long)r->line);
    if (was_cleaned) line->flags |= LINE_TITLE_CLEANED;
    line->flags |= read_amount(g, r, COLUMN_QUANTITY, LINE_NO_QUANTITY, &quantity);
    line->flags |= read_amount(g, r, COLUMN_PRICE, LINE_NO_PRICE, &line->price);
    line->flags |= read_order(g, r, &line->order);
    read_time(g, r, line);
    l->n++;
    return SOTTO_OK;
}

/* "3/4/2011" is one day or another: a day above 12 anywhere in the column decides for all of it.
 * The few dates that then have no such month are bad. */
static int settle_times(struct lines *l, const char *path, struct sotto_error *err) {
    uint64_t day = l->day_first.n, month = l->month_first.n;
    int is_day_first = day > month;
    if (l->slashed.n == 0) return SOTTO_OK;
    if (day == 0 && month == 0)
        return fail(err, SOTTO_E_FORMAT,
                    "%s, line %llu: its dates can be read as day/month or as month/day; write them "
                    "as 2011-11-01",
                    path, (unsigned long long)l->slashed.first_line);
    if ((is_day_first ? month : day) * 100 > (day + month) * ORDER_SHARE)
        return fail(err, SOTTO_E_FORMAT,
                    "%s: the date in line %llu is day/month, that in line %llu month/day; write "
                    "them as 2011-11-01",
                    path, (unsigned long long)l->day_first.first_line,
                    (unsigned long long)l->month_first.first_line);
    for (size_t i = 0; i < l->n; i++) {
        struct line *line = &l->v[i];
        if (!(line->flags & LINE_SLASHED)) continue;
        int64_t packed = line->time_s / 131072, second = line->time_s % 131072;
        int b = (int)(packed % 32), a = (int)(packed / 32 % 32);
        int64_t days = days_from_civil(packed / 1024, is_day_first ? b : a, is_day_first ? a : b);
        if (days == INT64_MIN)
            line->flags |= LINE_BAD_TIME;
        else
            line->time_s = days * 86400 + second;
    }
    return SOTTO_OK;
}

static int read_all(struct reading *g, struct csv *csv, const char *path,
                    const struct dataset_options *options, struct sotto_error *err) {
    static struct csv_record r;
    struct cli_progress progress;
    int got = csv_next(csv, &r, err);
    if (got < 0) return got;
    if (got == 0 || r.problem)
        return fail(err, SOTTO_E_FORMAT,
                    "%s, line 1: %s; it must begin with a line that names the columns, in UTF-8",
                    path, got ? r.problem : "the file is empty");
    int status = columns_find(&r, path, options->map, g->column, g->quality, err);
    if (status != SOTTO_OK) return status;
    g->n_columns = r.n_fields;
    uint64_t done, total;
    csv_progress(csv, &done, &total);
    cli_progress_begin(&progress, "reading", options->show_progress ? total : 0);
    while (status == SOTTO_OK && (got = csv_next(csv, &r, err)) == 1) {
        status = read_record(g, &r, err);
        if (g->quality->lines % PROGRESS_LINES) continue;
        csv_progress(csv, &done, &total);
        cli_progress_to(&progress, done);
    }
    cli_progress_end(&progress);
    if (got < 0) return got;
    csv_hash(csv, g->quality->hash);
    return status;
}

static int table_read(struct lines *lines, const char *path, const struct dataset_options *options,
                      struct dataset_quality *quality, struct sotto_error *err) {
    struct reading g = {.lines = lines, .quality = quality};
    struct csv *csv = csv_open(path, err);
    if (!csv) return err->status;
    int status = read_all(&g, csv, path, options, err);
    csv_close(csv);
    return status;
}

int lines_read(struct lines *lines, const char *path, const struct dataset_options *options,
               enum dataset_format *format, struct dataset_quality *quality,
               struct sotto_error *err) {
    *format = options->format == DATASET_AUTO ? lists_or_table(path) : options->format;
    int status =
        (*format == DATASET_LISTS ? lists_read : table_read)(lines, path, options, quality, err);
    if (status != SOTTO_OK) return status;
    if (quality->lines == 0)
        return fail(err, SOTTO_E_FORMAT,
                    *format == DATASET_LISTS ? "%s holds no user with items"
                                             : "%s holds no transactions behind its header",
                    path);
    if (quality->bad_lines * 100 > quality->lines * BAD_SHARE)
        return fail(err, SOTTO_E_FORMAT,
                    "%s: %llu of %llu lines cannot be read (line %llu: %s); export it again as %s "
                    "in UTF-8",
                    path, (unsigned long long)quality->bad_lines,
                    (unsigned long long)quality->lines, (unsigned long long)quality->first.bad_line,
                    quality->bad_line_problem, *format == DATASET_LISTS ? "lists" : "CSV");
    return settle_times(lines, path, err);
}

void lines_free(struct lines *lines) {
    intern_free(&lines->baskets);
    intern_free(&lines->items);
    intern_free(&lines->customers);
    intern_free(&lines->titles);
    intern_free(&lines->categories);
    free(lines->v);
    memset(lines, 0, sizeof *lines);
}
