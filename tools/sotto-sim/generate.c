/* generate: writes the made-up town's transactions as CSV, and split: tells where to part training
 * from what comes after. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "tools/common/cli.h"
#include "tools/common/outfile.h"
#include "tools/sotto-sim/commands.h"
#include "tools/sotto-sim/generate.h"

static void line_write(FILE *to, const struct world *world, const struct world_visit *v,
                       uint32_t day, uint32_t index, uint32_t k) {
    const struct world_item *item = world_item(world, v->items[k]);
    char customer[16] = "", stamp[32];
    time_t t = (time_t)v->time_s;
    struct tm when;
    if (v->is_member) snprintf(customer, sizeof customer, "P%05u", v->shopper);
    if (!gmtime_r(&t, &when) || strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &when) == 0)
        stamp[0] = 0;
    /* no field of the vocabulary holds a comma or a quote */
    fprintf(to, "B%u-%u,%s,%s,%s,%s,%u,%u.%02u,%s\n", day, index, customer, item->id, item->title,
            world_category(item->category), v->quantities[k], item->price_pence / 100,
            item->price_pence % 100, stamp);
}

int generate_write(FILE *to, const struct world_config *config, uint32_t days, int show_progress) {
    struct cli_progress progress;
    struct world *world = world_new(config);
    if (!world) return -1;
    fputs("basket,customer,item,title,category,quantity,price,time\n", to);
    if (show_progress) cli_progress_begin(&progress, "generating", days);
    for (uint32_t day = 0; day < days; day++) {
        uint32_t n = world_visits(world, day);
        for (uint32_t i = 0; i < n; i++) {
            struct world_visit v;
            world_visit(world, day, i, &v);
            for (uint32_t k = 0; k < v.n; k++) line_write(to, world, &v, day, i, k);
        }
        if (show_progress) cli_progress_to(&progress, day + 1);
    }
    if (show_progress) cli_progress_end(&progress);
    world_free(world);
    return ferror(to) ? -1 : 0;
}

int command_generate(const struct options *o) {
    struct world_config config = {o->seed, o->items, o->shoppers, o->visits_per_day};
    struct outfile out;
    FILE *to = outfile_open(&out, o->out);
    if (!to) return command_io("sotto-sim generate", o->out);
    errno = 0;
    int rc = generate_write(to, &config, o->days ? o->days : 120, 1), why = errno;
    if (outfile_close(&out, rc == 0) != 0)
        rc = -1;
    else
        errno = why;
    return rc == 0 ? EXIT_OK : command_io("sotto-sim generate", o->out);
}

int command_split(const struct options *o) {
    struct dataset data;
    struct sotto_error err = {0};
    char day[11];
    if (dataset_read(&data, o->data, &o->dataset, &err) != SOTTO_OK)
        return cli_report("sotto-sim split", &err);
    metrics_date(day, metrics_split(data.quality.first_s, data.quality.last_s));
    dataset_free(&data);
    puts(day);
    return EXIT_OK;
}
