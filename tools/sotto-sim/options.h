/* options: the command line of every subcommand, in one table. Called by main.c. */
#ifndef SOTTO_SIM_OPTIONS_H
#define SOTTO_SIM_OPTIONS_H

#include "tools/common/dataset.h"

#define OPTIONS_DIRS_MAX 16

struct options {
    /* packs and their keys (a key as text, or a minisign .pub file) */
    const char *model, *model_key, *policy, *policy_key;
    /* where things go and come from */
    const char *out, *json, *data, *from;
    const char *command; /* shown to those who want to repeat a figure */
    const char *story;   /* NULL: all */
    const char *dirs[OPTIONS_DIRS_MAX];
    size_t n_dirs;
    /* the made-up town */
    uint64_t seed;
    uint32_t days, visits_per_day, items, shoppers;
    /* the kiosks */
    uint32_t kiosks, min_basket;
    uint32_t accept_ppm, measure_ppm, profile_ppm; /* in a million */
    int64_t from_s;
    struct dataset_options dataset;
};

/* Fills *options from argv[1 …]; argv[0] is the subcommand. `allowed` names the options that it
 * takes, each followed by a space. 0; 1 when help was asked for; -1 after a message on stderr. */
int options_parse(struct options *options, int argc, char **argv, const char *allowed);

#endif
