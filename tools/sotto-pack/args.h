/* args: what the subcommands share when they read their command lines: numbers, dates, a clear
 * refusal. */
#ifndef SOTTO_PACK_ARGS_H
#define SOTTO_PACK_ARGS_H

#include "base/base.h"
#include "tools/sotto-pack/pack_write.h"

/* Prints "sotto-pack COMMAND: message; `sotto-pack COMMAND --help` tells more" and returns
 * EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int args_usage(const char *command, const char *format, ...);
/* The same for what getopt_long did not understand (it returned '?' or ':'). */
int args_unknown(const char *command, int argc, char **argv);

/* Each reads all of `text` or fails with a message that names `option`. Bounds are inclusive. */
int args_uint(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *value,
              struct sotto_error *err) MUST_CHECK;
int args_real(const char *option, const char *text, double least, double most, double *value,
              struct sotto_error *err) MUST_CHECK;
/* A day ("2027-01-31", its first second in UTC) or a moment ("2027-01-31T08:30:00Z"). */
int args_time(const char *option, const char *text, int64_t *unix_s,
              struct sotto_error *err) MUST_CHECK;

/* The options every pack takes; NULL where not given. */
struct args_pack {
    const char *pack_version, *not_after, *created, *device_class;
};
/* Fills the manifest. `created` comes from --created, else SOURCE_DATE_EPOCH, else now; the
 * version, when not given, is the time of creation as YYYYMMDDhhmm, so that a later pack always is
 * a newer one. */
int args_manifest(const struct args_pack *args, enum pack_role role, struct pack_manifest *manifest,
                  struct sotto_error *err) MUST_CHECK;

#endif
