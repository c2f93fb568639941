/* lines: the transactions as they stand in the file, every word of them numbered, nothing judged
 * yet. Called by dataset.c. */
#ifndef SOTTO_LINES_H
#define SOTTO_LINES_H

#include "tools/common/csv.h"
#include "tools/common/dataset.h"
#include "tools/common/intern.h"
#include "tools/common/times.h"

enum line_flag {
    LINE_BAD_TIME = 1,
    LINE_SLASHED = 2, /* `time_s` is packed by slashed_pack until lines_settle_times */
    LINE_BAD_NUMBER = 4,
    LINE_NO_QUANTITY = 8, /* zero or less */
    LINE_NO_PRICE = 16,   /* zero or less */
    LINE_TITLE_CLEANED = 32
};

struct line {
    int64_t time_s;
    uint64_t number;                                  /* in the file */
    uint32_t basket, item, customer, title, category; /* DATASET_NONE if missing */
    float price;
    uint32_t flags;
    double order; /* within its basket; 0 where no column says */
};

struct lines {
    struct line *v;
    size_t n, cap;
    struct intern baskets, items, customers, titles, categories;
    /* Of the dates a/b/year: all, those that only day/month fits, those that only month/day fits.
     */
    struct slashed_seen {
        uint64_t n, first_line;
    } slashed, day_first, month_first;
};

/* Which column holds what: quality->columns and, by index into a record, *column (-1: none). */
int columns_find(const struct csv_record *header, const char *path, const char *map,
                 int column[DATASET_COLUMNS], struct dataset_quality *quality,
                 struct sotto_error *err) MUST_CHECK;

/* Reads the whole file, a table or lists; counts bad lines in *quality, says in *format which it
 * was. */
int lines_read(struct lines *lines, const char *path, const struct dataset_options *options,
               enum dataset_format *format, struct dataset_quality *quality,
               struct sotto_error *err) MUST_CHECK;
/* Room for one line more, zeroed, at lines->v[lines->n]; the caller counts it. NULL: no memory. */
struct line *lines_add(struct lines *lines);
void lines_count_bad(struct dataset_quality *quality, uint64_t line, const char *problem);
void lines_free(struct lines *lines);

#endif
