/* test: cmocka with the headers it wants, for every test program. */
#ifndef SOTTO_TEST_H
#define SOTTO_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* cmocka's macro would shadow our function of that name (base/base.h). */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

/* Whether this program runs about ten times slower than it could: under AddressSanitizer, or an
 * emulator (tests/run.sh). The longest tests then do less. */
static inline int test_is_slow(void) {
#ifdef __SANITIZE_ADDRESS__
    return 1;
#else
    return getenv("SOTTO_EMULATOR") != NULL;
#endif
}

#endif
