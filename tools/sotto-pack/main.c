/* main: chooses the subcommand of sotto-pack. */
#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/sotto-pack/check.h"
#include "tools/sotto-pack/commands.h"

static const char help[] =
    "usage: sotto-pack COMMAND [options] …\n"
    "\n"
    "Builds, signs and shows the packs that devices read.\n"
    "\n"
    "  check     report the quality of transactions in a CSV\n"
    "  train     learn a model from them and write a model pack\n"
    "  evaluate  measure how good a model pack is on data it has not seen\n"
    "  policy    turn a policy's INI into a policy pack\n"
    "  keygen    make a key pair for signing packs\n"
    "  sign      sign packs, as minisign does\n"
    "  verify    verify signed packs, as a device does\n"
    "  inspect   show what is in a pack, even a damaged one\n"
    "  switch    write the remote switch that turns personalisation off\n"
    "\n"
    "  --version prints the version. `sotto-pack COMMAND --help` tells a command's options.\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 2 wrong command line, 4 bad signature or malformed file,\n"
    "5 storage full or busy.\n"
    "\n"
    "Examples:\n"
    "  sotto-pack keygen --out merchandising\n"
    "  sotto-pack train --out model.pack sales.csv && sotto-pack sign --key merchandising.key "
    "model.pack\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"check", check_main},   {"train", train_main},     {"evaluate", evaluate_main},
    {"policy", policy_main}, {"keygen", keygen_main},   {"sign", sign_main},
    {"verify", verify_main}, {"inspect", inspect_main}, {"switch", switch_main},
};

static int dispatch(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        fputs(help, stdout);
        return EXIT_OK;
    }
    if (strcmp(name, "--version") == 0) {
        printf("sotto-pack %s\n", sotto_version());
        return EXIT_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(name, commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    if (*name)
        fprintf(stderr, "sotto-pack: there is no command \"%s\"; `sotto-pack --help` lists them\n",
                name);
    else
        fputs("sotto-pack: name a command; `sotto-pack --help` lists them\n", stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv) { return cli_flush("sotto-pack", dispatch(argc, argv)); }
