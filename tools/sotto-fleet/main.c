/* sotto-fleet: the operator's side. Collects the reports of a fleet of devices and estimates what
 * they counted together. This file finds the command and owns nothing else. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/sotto-fleet/commands.h"

static const char HELP[] =
    "Usage: sotto-fleet COMMAND [OPTION]…\n"
    "\n"
    "Reads the signed, noised reports of a fleet of devices and estimates what they counted "
    "together.\n"
    "\n"
    "Commands:\n"
    "  collect    read report files into a database; what does not fit goes into quarantine\n"
    "  merge      several collectors' databases into one; nothing counts twice\n"
    "  estimate   totals and shares with intervals, per metric, window and group of devices\n"
    "  tradeoff   the error to expect for each epsilon and size of the fleet, as text or picture\n"
    "\n"
    "  --help, --version\n"
    "`sotto-fleet COMMAND --help` explains a command.\n"
    "\n"
    "Ends 0 on success, 1 on other failures, 2 on a wrong command line, 4 when something is not\n"
    "authentic or malformed, 5 when storage is full or busy (nothing was changed; try again).\n";

int fleet_usage(const char *command, const char *what) {
    fprintf(stderr, "%s: %s\nTry `%s%s%s --help`.\n", FLEET_PROGRAM, what, FLEET_PROGRAM,
            command ? " " : "", command ? command : "");
    return EXIT_USAGE;
}

int fleet_help(const char *text) {
    fputs(text, stdout);
    return EXIT_OK;
}

int64_t fleet_number(const char *text, int64_t most) {
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    return errno || end == text || *end || v < 0 || v > most ? -1 : v;
}

static int dispatch(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"collect", fleet_main_collect},
                    {"merge", fleet_main_merge},
                    {"estimate", fleet_main_estimate},
                    {"tradeoff", fleet_main_tradeoff}};
    if (argc < 2) return fleet_usage(NULL, "name a command: collect, merge, estimate or tradeoff");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return fleet_help(HELP);
    if (strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", FLEET_PROGRAM, sotto_version());
        return EXIT_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    return fleet_usage(NULL, "no such command; there are collect, merge, estimate and tradeoff");
}

int main(int argc, char **argv) { return cli_flush(FLEET_PROGRAM, dispatch(argc, argv)); }
