/* commands: one function per subcommand. Each parses its own options (argv[0] is the subcommand's
 * name), prints its own errors and returns an exit code of tools/common/cli.h. Called by main.c;
 * `check` is in check.h. */
#ifndef SOTTO_PACK_COMMANDS_H
#define SOTTO_PACK_COMMANDS_H

int train_main(int argc, char **argv);
int evaluate_main(int argc, char **argv);
int policy_main(int argc, char **argv);
int keygen_main(int argc, char **argv);
int sign_main(int argc, char **argv);
int verify_main(int argc, char **argv);
int inspect_main(int argc, char **argv);
int switch_main(int argc, char **argv);

#endif
