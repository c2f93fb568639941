/* args: command-line words turned into checked values. See args.h. */
#include "tools/sotto-pack/args.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "tools/common/cli.h"
#include "tools/common/dataset.h"

int args_usage(const char *command, const char *format, ...) {
    va_list ap;
    fprintf(stderr, "sotto-pack %s: ", command);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "; `sotto-pack %s --help` tells more\n", command);
    return EXIT_USAGE;
}

int args_unknown(const char *command, int argc, char **argv) {
    const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "?";
    return args_usage(command, "\"%s\" is no option of it, or its value is missing", word);
}

int args_uint(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *value,
              struct sotto_error *err) {
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || v < least || v > most)
        return fail(err, SOTTO_E_ARGUMENT, "%s \"%.40s\" is not a whole number from %llu to %llu",
                    option, text, (unsigned long long)least, (unsigned long long)most);
    *value = v;
    return SOTTO_OK;
}

int args_real(const char *option, const char *text, double least, double most, double *value,
              struct sotto_error *err) {
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !isfinite(v) || v < least || v > most)
        return fail(err, SOTTO_E_ARGUMENT, "%s \"%.40s\" is not a number from %g to %g", option,
                    text, least, most);
    *value = v;
    return SOTTO_OK;
}

int args_time(const char *option, const char *text, int64_t *unix_s, struct sotto_error *err) {
    if (dataset_parse_time(text, unix_s) != 0)
        return fail(err, SOTTO_E_ARGUMENT,
                    "%s \"%.40s\" is not a date like 2027-01-31 or 2027-01-31T08:30:00Z", option,
                    text);
    return SOTTO_OK;
}

static int created(const char *text, int64_t *unix_s, struct sotto_error *err) {
    const char *epoch = getenv("SOURCE_DATE_EPOCH"); /* reproducible-builds.org */
    uint64_t v = 0;
    if (text) return args_time("--created", text, unix_s, err);
    if (!epoch || !*epoch) {
        *unix_s = (int64_t)time(NULL);
        return SOTTO_OK;
    }
    int status = args_uint("SOURCE_DATE_EPOCH", epoch, 0, 253402300799u, &v, err);
    *unix_s = (int64_t)v;
    return status;
}

int args_manifest(const struct args_pack *args, enum pack_role role, struct pack_manifest *manifest,
                  struct sotto_error *err) {
    memset(manifest, 0, sizeof *manifest);
    manifest->role = role;
    manifest->min_engine = PACK_WRITE_MIN_ENGINE;
    manifest->device_class = args->device_class ? args->device_class : "";
    int status = created(args->created, &manifest->created_s, err);
    if (status != SOTTO_OK) return status;
    if (args->not_after) {
        status = args_time("--not-after", args->not_after, &manifest->not_after_s, err);
        if (status != SOTTO_OK) return status;
        if (manifest->not_after_s <= manifest->created_s)
            return fail(
                err, SOTTO_E_ARGUMENT,
                "--not-after %.40s is not later than the pack's creation: devices would refuse "
                "it at once",
                args->not_after);
    }
    if (args->pack_version)
        return args_uint("--pack-version", args->pack_version, 1, UINT64_MAX, &manifest->version,
                         err);
    time_t t = (time_t)manifest->created_s;
    struct tm utc;
    if (!gmtime_r(&t, &utc) || utc.tm_year < 0)
        return fail(err, SOTTO_E_ARGUMENT, "the time of creation is out of range: give --created");
    manifest->version = ((((uint64_t)utc.tm_year + 1900) * 100 + (uint64_t)utc.tm_mon + 1) * 100 +
                         (uint64_t)utc.tm_mday) *
                            10000 +
                        (uint64_t)utc.tm_hour * 100 + (uint64_t)utc.tm_min;
    return SOTTO_OK;
}
