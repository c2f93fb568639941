/* commands: one function per subcommand of `sotto`. Each parses its own options (argv[0] is the
 * subcommand's name), prints its own errors and returns an exit code of tools/common/cli.h. */
#ifndef SOTTO_COMMANDS_H
#define SOTTO_COMMANDS_H

int audit_main(int argc, char **argv);
int report_main(int argc, char **argv);
int budget_main(int argc, char **argv);
int receipt_main(int argc, char **argv);
int rights_main(int argc, char **argv);
int doctor_main(int argc, char **argv);

#endif
