/* commands: the commands of sotto-fleet, each in a file of its own, and what they share. */
#ifndef SOTTO_FLEET_COMMANDS_H
#define SOTTO_FLEET_COMMANDS_H

#include <stdint.h>

#define FLEET_PROGRAM "sotto-fleet"

/* Each takes its own arguments, argv[0] being the command, and returns an exit code. */
int fleet_main_collect(int argc, char **argv);
int fleet_main_merge(int argc, char **argv);
int fleet_main_estimate(int argc, char **argv);
int fleet_main_tradeoff(int argc, char **argv);

/* Says what is wrong with the command line; returns EXIT_USAGE. */
int fleet_usage(const char *command, const char *what);
int fleet_help(const char *text);
/* A whole number from 0 to `most`; -1 when it is none. */
int64_t fleet_number(const char *text, int64_t most);

#endif
