/* main: chooses the subcommand of sotto. */
#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/sotto/commands.h"

static const char help[] =
    "usage: sotto COMMAND [options] …\n"
    "\n"
    "Looks after a device, and after what it says of itself.\n"
    "\n"
    "  doctor    say what is wrong with a device, and what to do\n"
    "  audit     export a device's audit log, or verify one\n"
    "  report    show what would leave a device, and what it means\n"
    "  budget    tell what a device has revealed, and what that protects\n"
    "  receipt   verify the receipt of an erasure, or of consent\n"
    "  rights    what a person may see, correct, block, forget, pause, object to, erase and take "
    "away\n"
    "\n"
    "  --version prints the version. `sotto COMMAND --help` tells a command's options.\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong command line, 4 bad signature or malformed log,\n"
    "5 storage full or busy. Of doctor: 0 all is well, 1 warnings alone, 3 privacy budget spent,\n"
    "4 something cannot be trusted, 5 something does not work.\n";

static int dispatch(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    if (strcmp(name, "--version") == 0) {
        printf("sotto %s\n", sotto_version());
        return EXIT_OK;
    }
    if (strcmp(name, "doctor") == 0) return doctor_main(argc - 1, argv + 1);
    if (strcmp(name, "audit") == 0) return audit_main(argc - 1, argv + 1);
    if (strcmp(name, "report") == 0) return report_main(argc - 1, argv + 1);
    if (strcmp(name, "budget") == 0) return budget_main(argc - 1, argv + 1);
    if (strcmp(name, "receipt") == 0) return receipt_main(argc - 1, argv + 1);
    if (strcmp(name, "rights") == 0) return rights_main(argc - 1, argv + 1);
    if (*name)
        fprintf(stderr, "sotto: there is no command \"%s\"; `sotto --help` lists them\n", name);
    else
        fputs("sotto: name a command; `sotto --help` lists them\n", stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv) { return cli_flush("sotto", dispatch(argc, argv)); }
