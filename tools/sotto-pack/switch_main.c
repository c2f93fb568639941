/* switch_main: `sotto-pack switch`: the file that turns personalisation off on devices, or lets it
 * be on again (src/FORMAT.md, section 7). */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "sotto_people.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/args.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/switch_file.h"

static const char help[] =
    "usage: sotto-pack switch --off|--on --number N [--device-class NAME] --out FILE\n"
    "\n"
    "Writes the remote switch, to be signed with the policy key (`sotto-pack sign`) and given to "
    "devices\n"
    "with FILE.minisig beside it. A device believes one whose number is higher than any before.\n"
    "\n"
    "  --off                nothing is personalised\n"
    "  --on                 it may be again\n"
    "  --number N           from 1; higher than the last one's (required)\n"
    "  --device-class NAME  only for this class of devices, at most 15 bytes; default: all\n"
    "  --out FILE           where to write (required)\n"
    "\n"
    "Example:\n"
    "  sotto-pack switch --off --number 2 --device-class kiosk --out switch && \\\n"
    "      sotto-pack sign --key privacy.key switch\n";

enum option_id { OPT_OFF = 256, OPT_ON, OPT_NUMBER, OPT_CLASS, OPT_OUT };

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {"off", no_argument, NULL, OPT_OFF},
    {"on", no_argument, NULL, OPT_ON},
    {"number", required_argument, NULL, OPT_NUMBER},
    {"device-class", required_argument, NULL, OPT_CLASS},
    {"out", required_argument, NULL, OPT_OUT},
    {NULL, 0, NULL, 0},
};

int switch_main(int argc, char **argv) {
    struct sotto_error err = {0};
    struct switch_file s = {.off = 2};
    const char *number = NULL, *out = NULL, *class = "";
    uint8_t bytes[SOTTO_SWITCH_BYTES];
    int option;
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'h': fputs(help, stdout); return EXIT_OK;
        case OPT_OFF:
        case OPT_ON:
            if (s.off != 2) return args_usage("switch", "say --off or --on, once");
            s.off = option == OPT_OFF;
            break;
        case OPT_NUMBER: number = optarg; break;
        case OPT_CLASS: class = optarg; break;
        case OPT_OUT: out = optarg; break;
        default: return args_unknown("switch", argc, argv);
        }
    }
    if (optind < argc) return args_usage("switch", "\"%s\" is one word too many", argv[optind]);
    if (s.off == 2) return args_usage("switch", "say --off or --on");
    if (!number || !out) return args_usage("switch", "--number or --out is missing");
    if (args_uint("--number", number, 1, UINT64_MAX, &s.number, &err) != SOTTO_OK)
        return cli_report("sotto-pack switch", &err);
    if (strlen(class) >= sizeof s.device_class)
        return args_usage("switch", "a device class has at most 15 bytes");
    memcpy(s.device_class, class, strlen(class));
    switch_file_write(&s, bytes);
    return packfile_replace(out, bytes, sizeof bytes, 0644, &err) == SOTTO_OK
               ? EXIT_OK
               : cli_report("sotto-pack switch", &err);
}
