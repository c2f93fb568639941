/* commands: one function per subcommand; each returns an exit code of tools/common/cli.h after
 * printing its own errors. Called by main.c. */
#ifndef SOTTO_SIM_COMMANDS_H
#define SOTTO_SIM_COMMANDS_H

#include "tools/sotto-sim/metrics.h"
#include "tools/sotto-sim/observer.h"
#include "tools/sotto-sim/options.h"

int command_generate(const struct options *options);
int command_split(const struct options *options);
int command_run(const struct options *options);
int command_evaluate(const struct options *options);
int command_page(const struct options *options);
int command_summary(const struct options *options);
int command_scenario(const struct options *options);

/* Shared by them. */
struct json;
/* Prints "program: path: why" from errno; returns the exit code. */
int command_io(const char *program, const char *path);
/* Opens both packs that the options name. */
int command_packs(struct observer *packs, const struct options *options, struct sotto_error *err);
/* Writes means as {recall, ndcg, hit, baskets}. */
void quality_json(struct json *json, const char *key, const struct quality *sum);

#endif
