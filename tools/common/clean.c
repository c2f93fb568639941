/* clean: see clean.h. What is a product and what a cancellation is inferred from how nearly all ids
 * look, unless the caller says so; what was inferred is reported. */
#include "tools/common/clean.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFIX_DIGITS_MIN 3
#define PREFIX_DIGITS_MAX 16
#define MOST_PERCENT      98
#define CANCEL_PERCENT    90

static size_t leading_digits(const char *s) { return strspn(s, "0123456789"); }

/* "^([0-9]{5}|[0-9]+$)" where nearly all lines' ids begin with five digits. */
static void infer_item_pattern(const struct lines *lines, char *out, size_t cap) {
    size_t at_least[PREFIX_DIGITS_MAX + 1] = {0}, n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < lines->n; i++) {
        if (lines->v[i].item == DATASET_NONE) continue;
        size_t digits = leading_digits(lines->items.texts[lines->v[i].item]);
        n++;
        for (size_t k = 1; k <= digits && k <= PREFIX_DIGITS_MAX; k++) at_least[k]++;
    }
    for (size_t k = PREFIX_DIGITS_MAX; n > 0 && k >= PREFIX_DIGITS_MIN; k--)
        if (at_least[k] * 100 >= n * MOST_PERCENT) {
            snprintf(out, cap, "^([0-9]{%zu}|[0-9]+$)", k);
            return;
        }
}

static int is_number(const char *s) { return *s && s[leading_digits(s)] == '\0'; }

/* "C" where ids are numbers and some numbers have a C before them. */
static void infer_cancel_prefix(const struct lines *lines, char *out, size_t cap) {
    size_t numeric = 0, cancelled = 0, n = 0;
    out[0] = '\0';
    for (uint32_t b = 0; b < lines->baskets.n; b++) {
        const char *id = lines->baskets.texts[b];
        n++;
        if (is_number(id)) numeric++;
        if (id[0] == 'C' && is_number(id + 1)) cancelled++;
    }
    if (cancelled > 0 && numeric * 100 >= (n - cancelled) * CANCEL_PERCENT) snprintf(out, cap, "C");
}

/* For every item id whether it is a product. NULL without memory or on a bad pattern. */
static uint8_t *match_items(const struct lines *lines, const char *pattern,
                            struct sotto_error *err) {
    regex_t regex;
    uint8_t *is_product = malloc(lines->items.n ? lines->items.n : 1);
    if (!is_product) {
        fail(err, SOTTO_E_MEMORY, "no memory for %u items", lines->items.n);
        return NULL;
    }
    memset(is_product, 1, lines->items.n);
    if (!*pattern) return is_product;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        fail(err, SOTTO_E_ARGUMENT,
             "--item-pattern: \"%s\" is not a POSIX extended regular expression", pattern);
        free(is_product);
        return NULL;
    }
    for (uint32_t i = 0; i < lines->items.n; i++)
        is_product[i] = regexec(&regex, lines->items.texts[i], 0, NULL, 0) == 0;
    regfree(&regex);
    return is_product;
}

static void count(uint64_t *counter, uint64_t *first, const struct line *line) {
    if ((*counter)++ == 0) *first = line->number;
}

/* Counts a line under the first reason that fits; 1 if it stays. */
static int judge(const struct lines *lines, const struct line *line, const uint8_t *is_product,
                 const struct dataset_options *o, struct dataset_quality *q) {
    size_t prefix = strlen(q->cancel_prefix);
    if (line->flags & LINE_BAD_TIME)
        count(&q->bad_times, &q->first.bad_time, line);
    else if (line->basket == DATASET_NONE || line->item == DATASET_NONE)
        count(&q->missing_ids, &q->first.missing_id, line);
    else if (prefix && strncmp(lines->baskets.texts[line->basket], q->cancel_prefix, prefix) == 0)
        count(&q->cancellations, &q->first.cancellation, line);
    else if (line->flags & LINE_BAD_NUMBER)
        count(&q->bad_numbers, &q->first.bad_number, line);
    else if (line->flags & LINE_NO_QUANTITY)
        count(&q->zero_quantity, &q->first.zero_quantity, line);
    else if (line->flags & LINE_NO_PRICE)
        count(&q->zero_price, &q->first.zero_price, line);
    else if (!is_product[line->item])
        count(&q->non_products, &q->first.non_product, line);
    else if ((o->from_s && line->time_s < o->from_s) || (o->until_s && line->time_s >= o->until_s))
        count(&q->out_of_range, &q->first.out_of_range, line);
    else
        return 1;
    return 0;
}

static const char *or_none(const char *option) { return strcmp(option, "none") ? option : ""; }

int lines_judge(const struct lines *lines, const struct dataset_options *o, uint8_t *keep,
                struct dataset_quality *q, struct sotto_error *err) {
    if (o->item_pattern && strlen(o->item_pattern) >= sizeof q->item_pattern)
        return fail(err, SOTTO_E_ARGUMENT, "--item-pattern is longer than %zu characters",
                    sizeof q->item_pattern - 1);
    if (o->cancel_prefix && strlen(o->cancel_prefix) >= sizeof q->cancel_prefix)
        return fail(err, SOTTO_E_ARGUMENT, "--cancel-prefix is longer than %zu characters",
                    sizeof q->cancel_prefix - 1);
    if (o->item_pattern)
        snprintf(q->item_pattern, sizeof q->item_pattern, "%s", or_none(o->item_pattern));
    else
        infer_item_pattern(lines, q->item_pattern, sizeof q->item_pattern);
    if (o->cancel_prefix)
        snprintf(q->cancel_prefix, sizeof q->cancel_prefix, "%s", or_none(o->cancel_prefix));
    else
        infer_cancel_prefix(lines, q->cancel_prefix, sizeof q->cancel_prefix);
    uint8_t *is_product = match_items(lines, q->item_pattern, err);
    if (!is_product) return err ? err->status : SOTTO_E_MEMORY;
    for (size_t i = 0; i < lines->n; i++) {
        keep[i] = (uint8_t)judge(lines, &lines->v[i], is_product, o, q);
        q->kept += keep[i];
    }
    for (uint32_t i = 0; i < lines->items.n; i++) q->non_product_codes += !is_product[i];
    free(is_product);
    return SOTTO_OK;
}

int lines_none_left(const struct dataset_quality *q, const char *path, struct sotto_error *err) {
    const struct {
        uint64_t n, first;
        const char *what, *remedy;
    } reasons[] = {
        {q->bad_times, q->first.bad_time, "have no readable date",
         "name its column with --map time=COLUMN, or write 2011-11-01"},
        {q->missing_ids, q->first.missing_id, "lack a basket or item id",
         "name their columns with --map basket=COLUMN,item=COLUMN"},
        {q->cancellations, q->first.cancellation, "count as cancellations",
         "give --cancel-prefix none"},
        {q->bad_numbers, q->first.bad_number, "have a quantity or price that is no number",
         "name the columns with --map quantity=COLUMN,price=COLUMN"},
        {q->zero_quantity, q->first.zero_quantity, "have a quantity of zero or less",
         "name its column with --map quantity=COLUMN"},
        {q->zero_price, q->first.zero_price, "have a price of zero or less",
         "name its column with --map price=COLUMN"},
        {q->non_products, q->first.non_product, "are no products", "give --item-pattern none"},
        {q->out_of_range, q->first.out_of_range, "are outside the dates",
         "check --from and --until"},
        {q->oversized, q->first.oversized, "are in too large baskets", "raise --max-basket"},
    };
    size_t most = 0;
    for (size_t i = 1; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].n > reasons[most].n) most = i;
    return fail(err, SOTTO_E_FORMAT,
                "%s: no line is left after cleaning; %llu of %llu %s, the first in line %llu: %s",
                path, (unsigned long long)reasons[most].n, (unsigned long long)q->lines,
                reasons[most].what, (unsigned long long)reasons[most].first, reasons[most].remedy);
}
