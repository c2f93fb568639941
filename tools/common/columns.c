/* columns: which column of a header means what, by the caller's word or by usual names. */
#include <stdio.h>
#include <strings.h>

#include "tools/common/lines.h"

static const char *const meanings[DATASET_COLUMNS] = {
    [COLUMN_BASKET] = "basket",     [COLUMN_ITEM] = "item",         [COLUMN_TIME] = "time",
    [COLUMN_TITLE] = "title",       [COLUMN_QUANTITY] = "quantity", [COLUMN_PRICE] = "price",
    [COLUMN_CUSTOMER] = "customer", [COLUMN_CATEGORY] = "category", [COLUMN_ORDER] = "order"};

#define NAMES_MAX 16

/* The first that occurs in the header wins. */
static const char *const usual[DATASET_COLUMNS][NAMES_MAX] = {
    [COLUMN_BASKET] = {"basket", "basket_id", "basketid", "invoice", "invoiceno", "invoice_no",
                       "order", "order_id", "orderid", "transaction", "transaction_id",
                       "transactionid", "session", "session_id", "sessionid"},
    [COLUMN_ITEM] = {"item", "item_id", "itemid", "stockcode", "stock_code", "product_id",
                     "productid", "product", "sku", "article", "article_id"},
    [COLUMN_TIME] = {"time", "timestamp", "datetime", "transaction_timestamp", "invoicedate",
                     "invoice_date", "order_date", "date"},
    [COLUMN_TITLE] = {"title", "description", "product_name", "item_name", "name", "product_type"},
    [COLUMN_QUANTITY] = {"quantity", "qty", "count", "units"},
    [COLUMN_PRICE] = {"price", "unitprice", "unit_price", "sales_value", "amount"},
    [COLUMN_CUSTOMER] = {"customer", "customer_id", "customerid", "customer id", "household",
                         "household_id", "user", "user_id", "userid"},
    [COLUMN_CATEGORY] = {"category", "product_category", "department", "group"},
    [COLUMN_ORDER] = {"timeframe", "event_order", "position", "step"}};

/* A name of the header without the spaces around it. */
static const char *column_name(const struct csv_record *header, size_t i, int *n) {
    const char *name = header->fields[i] + strspn(header->fields[i], " ");
    *n = (int)strlen(name);
    while (*n > 0 && name[*n - 1] == ' ') --*n;
    return name;
}

static int find_named(const struct csv_record *header, const char *wanted, size_t wanted_n) {
    for (size_t i = 0; i < header->n_fields; i++) {
        int n;
        const char *name = column_name(header, i, &n);
        if ((size_t)n == wanted_n && strncasecmp(name, wanted, wanted_n) == 0) return (int)i;
    }
    return -1;
}

/* The header's names in one line, for messages. */
static const char *listed(const struct csv_record *header, char *out, size_t cap) {
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < header->n_fields && at < cap; i++) {
        int length, n;
        const char *name = column_name(header, i, &length);
        n = snprintf(out + at, cap - at, "%s%.*s", i ? ", " : "", length, name);
        if (n < 0) break;
        at += (size_t)n;
    }
    return out;
}

static int take_map(const struct csv_record *header, const char *path, const char *map,
                    int column[DATASET_COLUMNS], struct sotto_error *err) {
    char names[120];
    while (*map) {
        size_t pair = strcspn(map, ","), meaning = strcspn(map, "=,");
        int which = -1;
        for (int i = 0; i < DATASET_COLUMNS; i++)
            if (strlen(meanings[i]) == meaning && strncmp(meanings[i], map, meaning) == 0)
                which = i;
        if (which < 0 || meaning >= pair)
            return fail(
                err, SOTTO_E_ARGUMENT,
                "--map: \"%.*s\" is not MEANING=COLUMN; meanings are basket, item, time, title, "
                "quantity, price, customer, category, order",
                (int)pair, map);
        column[which] = find_named(header, map + meaning + 1, pair - meaning - 1);
        if (column[which] < 0)
            return fail(err, SOTTO_E_ARGUMENT,
                        "%s: --map names the column \"%.*s\", which it lacks; it has %s", path,
                        (int)(pair - meaning - 1), map + meaning + 1,
                        listed(header, names, sizeof names));
        map += pair + (map[pair] == ',');
    }
    return SOTTO_OK;
}

int columns_find(const struct csv_record *header, const char *path, const char *map,
                 int column[DATASET_COLUMNS], struct dataset_quality *quality,
                 struct sotto_error *err) {
    char names[120];
    for (int i = 0; i < DATASET_COLUMNS; i++) column[i] = -1;
    if (header->n_fields == 1)
        return fail(err, SOTTO_E_FORMAT,
                    "%s, line %llu: it names one column only, \"%.40s\"; save the file as CSV with "
                    "commas, semicolons or tabs between its fields",
                    path, (unsigned long long)header->line, header->fields[0]);
    int status = map ? take_map(header, path, map, column, err) : SOTTO_OK;
    if (status != SOTTO_OK) return status;
    for (int i = 0; i < DATASET_COLUMNS; i++) {
        for (int k = 0; k < NAMES_MAX && column[i] < 0; k++)
            if (usual[i][k]) column[i] = find_named(header, usual[i][k], strlen(usual[i][k]));
        if (i <= COLUMN_TIME && column[i] < 0)
            return fail(
                err, SOTTO_E_FORMAT,
                "%s, line %llu: no column for the %s; name it with --map %s=COLUMN. It has %s",
                path, (unsigned long long)header->line, meanings[i], meanings[i],
                listed(header, names, sizeof names));
        if (column[i] >= 0) {
            int n;
            const char *name = column_name(header, (size_t)column[i], &n);
            snprintf(quality->columns[i], sizeof quality->columns[i], "%.*s", n, name);
        }
    }
    return SOTTO_OK;
}
