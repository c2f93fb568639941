/* memory: what becomes of the process's memory when it crashes. The arenas of the library are kept
 * out of dumps one by one; stacks, SQLite's pages and the front end's own memory are not, so there
 * are to be no dumps at all. */
#include "platform/linux/parts.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/base.h"

static int dumps_set(unsigned long is_allowed, struct sotto_error *err) {
    struct rlimit core;
    if (prctl(PR_SET_DUMPABLE, is_allowed, 0, 0, 0) != 0 || getrlimit(RLIMIT_CORE, &core) != 0)
        return fail(err, SOTTO_E_IO, "the process's core dumps cannot be switched: %s",
                    strerror(errno));
    /* The soft limit alone: whoever may dump again finds the hard one as it was. */
    core.rlim_cur = is_allowed ? core.rlim_max : 0;
    if (setrlimit(RLIMIT_CORE, &core) != 0)
        return fail(err, SOTTO_E_IO, "RLIMIT_CORE cannot be set: %s", strerror(errno));
    return SOTTO_OK;
}

int linux_forbid_dumps(struct sotto_error *err) { return dumps_set(0, err); }
int sotto_linux_allow_dumps(struct sotto_error *err) { return dumps_set(1, err); }
