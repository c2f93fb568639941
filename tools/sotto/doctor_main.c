/* doctor_main: `sotto doctor`. What is wrong with this device, and what to do. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/sotto/commands.h"
#include "tools/sotto/doctor.h"

#define CHECKS_MAX 32

static const char help[] =
    "usage: sotto doctor [options]\n"
    "\n"
    "Looks at everything that a device needs to work and says in a line each what is wrong and "
    "what\n"
    "to do: settings, keys, clock, storage, policy, model, sockets, budget, outbox, memory, "
    "random\n"
    "source, web, Chromium. Reads sottod's configuration, and web.conf and upload.conf beside it.\n"
    "Asks sottod where it runs; else it opens the vault itself, as the user who owns it.\n"
    "\n"
    "  --config FILE       sottod's configuration (/etc/sotto/sotto.conf)\n"
    "  --json              exit, asked (sottod, vault, nobody) and checks: name, state (ok, warn,\n"
    "                      fail), what, advice\n"
    "  --chromium DIRS     folders of managed policies, between colons, instead of Chromium's\n"
    "\n"
    "Instead of what the configuration says:\n"
    "\n"
    "  --model FILE        the device's model pack, its signature beside it\n"
    "  --model-key KEY     the key it is signed with: 56 characters, or the .pub file\n"
    "  --policy FILE       the device's policy pack\n"
    "  --policy-key KEY    the key that one is signed with\n"
    "  --keys DIR          the folder of the device's keys\n"
    "  --vault FILE        its vault\n"
    "  --socket FILE       sottod's operator socket\n"
    "\n"
    "Example:\n"
    "  sotto doctor\n"
    "  sotto doctor --config /etc/sotto/sotto.conf --json\n"
    "\n"
    "Exit codes: 0 all is well, 1 warnings alone, 2 wrong command line, 3 the privacy budget is\n"
    "spent, 4 something cannot be trusted: keys, packs, a malformed file, 5 something does not\n"
    "work: sottod, storage, clock. Of several the first in the order 4, 5, 3.\n";

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},         {"json", no_argument, NULL, 'j'},
    {"config", required_argument, NULL, 'c'}, {"chromium", required_argument, NULL, 'm'},
    {"model", required_argument, NULL, 'd'},  {"model-key", required_argument, NULL, 'd'},
    {"policy", required_argument, NULL, 'd'}, {"policy-key", required_argument, NULL, 'd'},
    {"keys", required_argument, NULL, 'd'},   {"vault", required_argument, NULL, 'd'},
    {"socket", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};

static int usage(const char *message, const char *what) {
    fprintf(stderr, "sotto doctor: %s%s; `sotto doctor --help` tells more\n", message, what);
    return EXIT_USAGE;
}

int doctor_main(int argc, char **argv) {
    static struct doctor d;
    static struct doctor_finding findings[CHECKS_MAX];
    int option, index = 0, is_json = 0;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, &index)) != -1) {
        switch (option) {
        case 'h': fputs(help, stdout); return EXIT_OK;
        case 'j': is_json = 1; break;
        case 'c': d.config = optarg; break;
        case 'm': d.chromium = optarg; break;
        case 'd': (void)own_device_option(&d.device, options[index].name, optarg); break;
        default: return usage("an option is unknown or lacks its value", "");
        }
    }
    if (optind != argc) return usage("this is one word too many: ", argv[optind]);
    doctor_gather(&d);
    for (size_t i = 0; i < doctor_n_checks && i < CHECKS_MAX; i++)
        doctor_checks[i].judge(&d, &findings[i]);
    doctor_print(&d, findings, is_json);
    return doctor_exit(findings, doctor_n_checks);
}
