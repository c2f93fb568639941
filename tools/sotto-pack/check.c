/* check: see check.h. It reads and cleans exactly as training does, so what it says is what a model
 * would be made of. */
#include "tools/sotto-pack/check.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/common/times.h"
#include "tools/sotto-pack/args.h"
#include "tools/sotto-pack/facts_build.h"

#define FEW_BASKETS 1000 /* below, what goes with what is mostly chance */

static const char help[] =
    "usage: sotto-pack check [options] TRANSACTIONS.csv[.xz|.zst]\n"
    "\n"
    "Reads and cleans transactions as training would, and says what was dropped, what was repaired "
    "and what\n"
    "deserves a look. Changes nothing.\n"
    "\n"
    "  --map LIST            column names: basket=InvoiceNo,item=StockCode,time=…; meanings are "
    "basket, item,\n"
    "                        time, title, quantity, price, customer, category, order. Default: "
    "usual names\n"
    "  --format table|lists  lists: \"user item item …\" a line; default: by the first line\n"
    "  --item-pattern RE     item ids must match (POSIX extended; none passes all); default: "
    "inferred\n"
    "  --cancel-prefix TEXT  basket ids of cancellations begin so (or none); default: inferred\n"
    "  --max-basket N        drop baskets with more distinct items\n"
    "  --stale-days N        report items unsold for so long before the end (default 90)\n"
    "  --from DATE           use lines from this day on\n"
    "  --until DATE          use lines before this day\n"
    "  --catalogue FILE      say too what this table of products says of them\n"
    "  --catalogue-map LIST  its columns, as in `sotto-pack train`\n"
    "  --json                the same facts as JSON\n"
    "\n"
    "Bots or resellers, kept but shown: baskets of 100 distinct items or more and over 20 times "
    "the "
    "median,\n"
    "customers of 100 baskets or more and over 50 times the median.\n"
    "\n"
    "JSON: file, blake2b_256 (of the decompressed file), lines, kept, baskets, items, customers, "
    "first_day,\n"
    "last_day, columns {basket item time title quantity price customer category}, item_pattern, "
    "cancel_prefix,\n"
    "dropped {bad_lines bad_times missing_ids cancellations bad_numbers zero_quantity zero_price "
    "non_products\n"
    "out_of_range oversized} in lines, first_line {the same, and duplicates}, bad_line_problem,\n"
    "repaired {duplicates titles}, look {non_product_codes missing_customers missing_titles "
    "future_times\n"
    "stale_items bot_baskets bot_customers}, verdict (usable, few_baskets or much_dropped), with "
    "a\n"
    "catalogue also catalogue {items paid synthetic staff rated adult with_provider sensitive "
    "kinds\n"
    "quarantined unknown_tags}.\n"
    "\n"
    "Exit codes: 0 usable, 2 wrong command line, 4 not usable as it is, 1 not readable.\n"
    "\n"
    "Examples:\n"
    "  sotto-pack check sales.csv.xz\n"
    "  sotto-pack check --map item=sku,title=label --until 2026-10-01 --json sales.csv | jq "
    ".dropped\n";

static const char *const column_names[DATASET_COLUMNS] = {
    [COLUMN_BASKET] = "basket",     [COLUMN_ITEM] = "item",         [COLUMN_TIME] = "time",
    [COLUMN_TITLE] = "title",       [COLUMN_QUANTITY] = "quantity", [COLUMN_PRICE] = "price",
    [COLUMN_CUSTOMER] = "customer", [COLUMN_CATEGORY] = "category", [COLUMN_ORDER] = "order"};

/* One reason for dropping lines: how it is called in JSON and for people. */
struct reason {
    const char *key, *words;
    uint64_t count, first;
};

#define REASONS 10
static void list_reasons(const struct dataset_quality *q, struct reason out[REASONS]) {
    const struct reason all[REASONS] = {
        {"bad_lines", "not readable as CSV in UTF-8", q->bad_lines, q->first.bad_line},
        {"bad_times", "date not readable", q->bad_times, q->first.bad_time},
        {"missing_ids", "basket or item id missing", q->missing_ids, q->first.missing_id},
        {"cancellations", "cancellation", q->cancellations, q->first.cancellation},
        {"bad_numbers", "quantity or price not a number", q->bad_numbers, q->first.bad_number},
        {"zero_quantity", "quantity zero or less", q->zero_quantity, q->first.zero_quantity},
        {"zero_price", "price zero or less", q->zero_price, q->first.zero_price},
        {"non_products", "not a product", q->non_products, q->first.non_product},
        {"out_of_range", "outside --from and --until", q->out_of_range, q->first.out_of_range},
        {"oversized", "in a basket above --max-basket", q->oversized, q->first.oversized},
    };
    memcpy(out, all, sizeof all);
}

/* Whether a model can be learnt from it. */
enum verdict { VERDICT_USABLE, VERDICT_FEW_BASKETS, VERDICT_MUCH_DROPPED };

static enum verdict judge(const struct dataset_quality *q) {
    uint64_t asked_for = q->out_of_range + q->oversized;
    if (q->baskets < FEW_BASKETS) return VERDICT_FEW_BASKETS;
    return q->lines - q->kept - asked_for > q->lines / 4 ? VERDICT_MUCH_DROPPED : VERDICT_USABLE;
}

void check_write_json(struct json *j, const struct dataset_quality *q) {
    struct reason reasons[REASONS];
    char day[11], hash[65];
    for (int i = 0; i < 32; i++) snprintf(hash + 2 * i, 3, "%02x", q->hash[i]);
    list_reasons(q, reasons);
    json_text(j, "blake2b_256", hash);
    json_uint(j, "lines", q->lines);
    json_uint(j, "kept", q->kept);
    json_uint(j, "baskets", q->baskets);
    json_uint(j, "items", q->items);
    json_uint(j, "customers", q->customers);
    time_write_date(q->first_s, day);
    json_text(j, "first_day", day);
    time_write_date(q->last_s, day);
    json_text(j, "last_day", day);
    json_begin_object(j, "columns");
    for (int i = 0; i < DATASET_COLUMNS; i++)
        if (q->columns[i][0]) json_text(j, column_names[i], q->columns[i]);
    json_end_object(j);
    json_text(j, "item_pattern", q->item_pattern);
    json_text(j, "cancel_prefix", q->cancel_prefix);
    json_begin_object(j, "dropped");
    for (int i = 0; i < REASONS; i++) json_uint(j, reasons[i].key, reasons[i].count);
    json_end_object(j);
    json_begin_object(j, "first_line");
    for (int i = 0; i < REASONS; i++)
        if (reasons[i].first) json_uint(j, reasons[i].key, reasons[i].first);
    if (q->first.duplicate) json_uint(j, "duplicates", q->first.duplicate);
    json_end_object(j);
    if (q->bad_lines) json_text(j, "bad_line_problem", q->bad_line_problem);
    json_begin_object(j, "repaired");
    json_uint(j, "duplicates", q->duplicates);
    json_uint(j, "titles", q->repaired_titles);
    json_end_object(j);
    json_begin_object(j, "look");
    json_uint(j, "non_product_codes", q->non_product_codes);
    json_uint(j, "missing_customers", q->missing_customers);
    json_uint(j, "missing_titles", q->missing_titles);
    json_uint(j, "future_times", q->future_times);
    json_uint(j, "stale_items", q->stale_items);
    json_uint(j, "bot_baskets", q->bot_baskets);
    json_uint(j, "bot_customers", q->bot_customers);
    json_end_object(j);
    static const char *const verdicts[] = {"usable", "few_baskets", "much_dropped"};
    json_text(j, "verdict", verdicts[judge(q)]);
}

/* ---- For people -------------------------------------------------------------------------- */

static void put_line(const char *words, uint64_t count, uint64_t of, uint64_t first) {
    printf("  %-38s %9" PRIu64, words, count);
    if (of) printf("  %5.1f %%", 100.0 * (double)count / (double)of);
    if (first) printf("  first in line %" PRIu64, first);
    putchar('\n');
}

static void put_text(const char *path, const struct dataset_options *o,
                     const struct dataset_quality *q) {
    struct reason reasons[REASONS];
    char first[11], last[11];
    list_reasons(q, reasons);
    time_write_date(q->first_s, first);
    time_write_date(q->last_s, last);
    printf("%s: %" PRIu64 " lines; %" PRIu64
           " kept as %u baskets of %u items by %u customers, %s to %s\n\n",
           path, q->lines, q->kept, q->baskets, q->items, q->customers, first, last);
    printf("Columns   ");
    for (int i = 0; i < DATASET_COLUMNS; i++)
        if (q->columns[i][0]) printf(" %s=%s", column_names[i], q->columns[i]);
    printf("\nProducts   ids that match %s%s\n", q->item_pattern[0] ? q->item_pattern : "anything",
           o->item_pattern || !q->item_pattern[0] ? "" : " (inferred; --item-pattern changes it)");
    printf("Cancelled  basket ids that begin with %s%s\n\n",
           q->cancel_prefix[0] ? q->cancel_prefix : "nothing special",
           o->cancel_prefix || !q->cancel_prefix[0] ? ""
                                                    : " (inferred; --cancel-prefix changes it)");
    printf("Dropped, each line for the first reason that fits:\n");
    for (int i = 0; i < REASONS; i++)
        if (reasons[i].count)
            put_line(reasons[i].words, reasons[i].count, q->lines, reasons[i].first);
    if (q->kept == q->lines) printf("  nothing\n");
    if (q->bad_lines) printf("  (line %" PRIu64 ": %s)\n", q->first.bad_line, q->bad_line_problem);
    printf("\nRepaired:\n");
    put_line("item again in the same basket: merged", q->duplicates, q->kept, q->first.duplicate);
    put_line("titles trimmed or made the same", q->repaired_titles, q->kept, 0);
    printf("\nDeserves a look:\n");
    if (q->non_product_codes)
        put_line("item ids taken for no products", q->non_product_codes, 0, 0);
    if (q->missing_customers)
        put_line("lines without a customer (kept)", q->missing_customers, q->kept, 0);
    if (q->missing_titles) put_line("lines without a title (kept)", q->missing_titles, q->kept, 0);
    if (q->future_times) put_line("lines dated in the future (kept)", q->future_times, q->kept, 0);
    if (q->stale_items) put_line("items unsold for long (kept)", q->stale_items, q->items, 0);
    if (q->bot_baskets) put_line("very large baskets: bots? (kept)", q->bot_baskets, q->baskets, 0);
    if (q->bot_customers)
        put_line("very busy customers: bots? (kept)", q->bot_customers, q->customers, 0);
    if (!(q->non_product_codes || q->missing_customers || q->missing_titles || q->future_times ||
          q->stale_items || q->bot_baskets || q->bot_customers))
        printf("  nothing\n");
    printf("\nVerdict: ");
    switch (judge(q)) {
    case VERDICT_USABLE: printf("usable.\n"); break;
    case VERDICT_FEW_BASKETS:
        printf("usable, but baskets are few (%u): what goes with what will be mostly chance.\n",
               q->baskets);
        break;
    case VERDICT_MUCH_DROPPED:
        printf("usable, but more than a quarter of the lines was dropped: check the reasons "
               "above.\n");
        break;
    }
}

/* ---- The command ------------------------------------------------------------------------- */

enum option_id {
    OPT_MAP = 256,
    OPT_FORMAT,
    OPT_ITEM_PATTERN,
    OPT_CANCEL_PREFIX,
    OPT_MAX_BASKET,
    OPT_STALE_DAYS,
    OPT_FROM,
    OPT_UNTIL,
    OPT_CATALOGUE,
    OPT_CATALOGUE_MAP,
    OPT_JSON
};

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {"map", required_argument, NULL, OPT_MAP},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"item-pattern", required_argument, NULL, OPT_ITEM_PATTERN},
    {"cancel-prefix", required_argument, NULL, OPT_CANCEL_PREFIX},
    {"max-basket", required_argument, NULL, OPT_MAX_BASKET},
    {"stale-days", required_argument, NULL, OPT_STALE_DAYS},
    {"from", required_argument, NULL, OPT_FROM},
    {"until", required_argument, NULL, OPT_UNTIL},
    {"catalogue", required_argument, NULL, OPT_CATALOGUE},
    {"catalogue-map", required_argument, NULL, OPT_CATALOGUE_MAP},
    {"json", no_argument, NULL, OPT_JSON},
    {NULL, 0, NULL, 0}};

static int read_count(const char *option, const char *text, uint32_t *value,
                      struct sotto_error *err) {
    uint64_t v = 0;
    int status = args_uint(option, text, 1, UINT32_MAX, &v, err);
    *value = (uint32_t)v;
    return status;
}

int check_main(int argc, char **argv) {
    struct dataset_options o = {.show_progress = 1};
    const char *products = NULL, *map = NULL;
    struct facts_summary facts = {0};
    struct catalogue catalogue;
    struct dataset data;
    struct sotto_error err;
    int is_json = 0, c, status = SOTTO_OK;
    optind = 1;
    while (status == SOTTO_OK && (c = getopt_long(argc, argv, ":h", options, NULL)) != -1)
        switch (c) {
        case 'h': fputs(help, stdout); return EXIT_OK;
        case OPT_MAP: o.map = optarg; break;
        case OPT_FORMAT:
            o.format = strcmp(optarg, "table") == 0   ? DATASET_TABLE
                       : strcmp(optarg, "lists") == 0 ? DATASET_LISTS
                                                      : DATASET_AUTO;
            if (o.format == DATASET_AUTO)
                return args_usage("check", "--format \"%.40s\" is neither table nor lists", optarg);
            break;
        case OPT_ITEM_PATTERN: o.item_pattern = optarg; break;
        case OPT_CANCEL_PREFIX: o.cancel_prefix = optarg; break;
        case OPT_MAX_BASKET:
            status = read_count("--max-basket", optarg, &o.max_basket, &err);
            break;
        case OPT_STALE_DAYS:
            status = read_count("--stale-days", optarg, &o.stale_days, &err);
            break;
        case OPT_FROM: status = args_time("--from", optarg, &o.from_s, &err); break;
        case OPT_UNTIL: status = args_time("--until", optarg, &o.until_s, &err); break;
        case OPT_CATALOGUE: products = optarg; break;
        case OPT_CATALOGUE_MAP: map = optarg; break;
        case OPT_JSON: is_json = 1; break;
        default: return args_unknown("check", argc, argv);
        }
    if (status != SOTTO_OK) return args_usage("check", "%s", err.message);
    if (optind != argc - 1) return args_usage("check", "name one file of transactions");
    if (o.from_s && o.until_s && o.from_s >= o.until_s)
        return args_usage("check", "--from is not before --until, so no line would be left");
    if (products) {
        status = catalogue_read(&catalogue, products, map, &err);
        if (status != SOTTO_OK) return cli_report("sotto-pack check", &err);
        facts = facts_of_catalogue(&catalogue);
        catalogue_free(&catalogue);
    }
    status = dataset_read(&data, argv[optind], &o, &err);
    if (status != SOTTO_OK) return cli_report("sotto-pack check", &err);
    if (is_json) {
        struct json j = json_to(stdout);
        json_begin_object(&j, NULL);
        json_text(&j, "file", argv[optind]);
        check_write_json(&j, &data.quality);
        if (products) {
            json_begin_object(&j, "catalogue");
            facts_write_json(&j, &facts);
            json_end_object(&j);
        }
        json_end_object(&j);
    } else {
        put_text(argv[optind], &o, &data.quality);
        if (products) {
            printf("\n%s says of %u products:\n", products, facts.items);
            facts_print(&facts);
        }
    }
    dataset_free(&data);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("sotto-pack check: the result could not be written out; is the disk full?\n", stderr);
        return EXIT_TEMPORARY;
    }
    return EXIT_OK;
}
