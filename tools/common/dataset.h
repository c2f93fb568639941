/* dataset: transactions read from CSV, cleaned, grouped into baskets. Host side only. The same
 * reading and cleaning serves `sotto-pack check`, `sotto-pack train` and `sotto-sim`, so that what
 * was checked is what is trained on and measured. */
#ifndef SOTTO_DATASET_H
#define SOTTO_DATASET_H

#include <stdio.h>
#include "sotto.h"

/* What a column means. BASKET, ITEM and TIME are required; the others improve cleaning. */
enum dataset_column {
    COLUMN_BASKET,
    COLUMN_ITEM,
    COLUMN_TIME,
    COLUMN_TITLE,
    COLUMN_QUANTITY,
    COLUMN_PRICE,
    COLUMN_CUSTOMER,
    COLUMN_CATEGORY,
    COLUMN_ORDER, /* a number that orders the lines of a basket; used with keeps_sequence */
    DATASET_COLUMNS
};

/* How the file is written. */
enum dataset_format {
    DATASET_AUTO,  /* by the first line */
    DATASET_TABLE, /* CSV with a header; comma, semicolon or tab, whichever the header holds most */
    DATASET_LISTS /* "user item item …" a line, separated by blanks; no times. A user's items make
                     one basket of that customer, time 0; baskets in file order */
};

struct dataset_options {
    enum dataset_format format;
    /* 1: a basket is a session whose order matters. Its lines are ordered by COLUMN_ORDER if there
     * is one, else by time, equal ones by file order, and an item that comes again stays again.
     * 0: a basket's items are distinct, in file order. */
    int keeps_sequence;
    /* "basket=InvoiceNo,item=StockCode,…"; NULL: found by usual header names. */
    const char *map;
    /* POSIX extended regex that an item id must match; NULL: inferred from the data (when at least
     * 98 % of the lines' ids begin with k ≥ 3 digits, the largest such k, or are all digits; else
     * everything passes); "" or "none" passes everything. */
    const char *item_pattern;
    /* Basket ids that begin with this are cancellations; NULL: "C" where nearly all other ids are
     * numeric, else none; "" or "none" none. */
    const char *cancel_prefix;
    uint32_t max_basket; /* drop baskets with more distinct items (bots, wholesale); 0 keeps all,
                            reports only */
    uint32_t
        stale_days; /* an item unsold this long before the end is reported as stale; 0 means 90 */
    int64_t from_s, until_s; /* keep lines with from_s ≤ time < until_s; 0: no bound */
    int show_progress;       /* a progress line on stderr if it is a terminal */
};

#define DATASET_NONE UINT32_MAX

struct dataset_item {
    const char *id, *title; /* title: the most frequent one; "" if none */
    const char *category;   /* "" if none */
    double price;           /* median unit price; 0 if none */
    uint32_t baskets;       /* in how many baskets */
    int64_t last_s;         /* when last sold */
};

struct dataset_basket {
    int64_t time_s; /* of its first line, seconds since 1970 (UTC) */
    const char *id;
    uint32_t customer; /* number, or DATASET_NONE */
    uint32_t first, n; /* its items: basket_items[first … first + n); see keeps_sequence */
};

/* What cleaning found; each line is counted under the first reason that fits. */
struct dataset_quality {
    uint64_t lines, kept;
    uint64_t
        bad_lines; /* wrong number of fields, broken quoting, invalid UTF-8, too long: dropped */
    uint64_t bad_times, bad_numbers; /* unreadable date, quantity or price: dropped */
    uint64_t missing_ids;            /* no basket or item id: dropped */
    uint64_t cancellations, zero_quantity, zero_price, non_products; /* dropped */
    uint64_t out_of_range; /* outside from_s … until_s: dropped */
    uint64_t oversized;    /* in a basket of more than max_basket items: dropped */
    uint64_t duplicates;   /* the same item again in the same basket: merged */
    uint64_t missing_customers, missing_titles; /* kept */
    uint64_t repaired_titles; /* stray spaces, differing titles for one item: the most frequent is
                                 used */
    uint64_t future_times;    /* later than the day of the run: kept, reported */
    /* Line numbers of the first of each kind, 0 if there is none; for people to look at. */
    struct {
        uint64_t bad_line, bad_time, bad_number, missing_id, cancellation, zero_quantity,
            zero_price, non_product, out_of_range, oversized, duplicate;
    } first;
    char bad_line_problem[64]; /* what was wrong with the first bad line */
    uint32_t non_product_codes, stale_items;
    uint32_t bot_baskets;   /* kept, of 100 distinct items or more and over 20 times the median */
    uint32_t bot_customers; /* kept, of 100 baskets or more and over 50 times the median */
    uint32_t items, baskets, customers;
    int64_t first_s, last_s;
    char item_pattern[64], cancel_prefix[16]; /* what was used; "" none */
    char columns[DATASET_COLUMNS][64];        /* header names that were used; "" none */
    uint8_t hash[32];                         /* BLAKE2b-256 of the decompressed file */
};

struct dataset {
    enum dataset_format format; /* DATASET_TABLE or DATASET_LISTS: what it was */
    struct dataset_item *items;
    struct dataset_basket *baskets; /* by time, then file order */
    uint32_t *basket_items;
    uint32_t n_items, n_baskets, n_customers;
    size_t n_basket_items;
    struct dataset_quality quality;
    void *owned; /* strings and indexes */
};

/* Reads a CSV (RFC 4180; plain, .xz or .zst by content) from `path`. Errors name file, line, column
 * and remedy. A line that is merely dirty is counted, not fatal; a missing required column,
 * unreadable compression, more than 10 % bad lines or nothing left after cleaning is fatal. Release
 * with dataset_free. */
int dataset_read(struct dataset *data, const char *path, const struct dataset_options *options,
                 struct sotto_error *err);
void dataset_free(struct dataset *data);

/* "2011-11-01" or "2011-11-01T08:30:00Z" → seconds since 1970. 0 or -1. */
int dataset_parse_time(const char *text, int64_t *unix_s);

#endif
