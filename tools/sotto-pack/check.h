/* check: the quality of a file of transactions, told to a person or as JSON. */
#ifndef SOTTO_PACK_CHECK_H
#define SOTTO_PACK_CHECK_H

#include "tools/common/dataset.h"
#include "tools/common/json.h"

/* `sotto-pack check`; argv[0] is the subcommand's name. Returns an exit code of cli.h. */
int check_main(int argc, char **argv);
/* Writes the facts as members of the object that is open in `j`; also used in a model's quality
 * card. */
void check_write_json(struct json *j, const struct dataset_quality *q);

#endif
