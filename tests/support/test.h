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

/* cmocka's macro would shadow our function of that name (base/base.h); fail_msg remains. */
#undef fail

#endif
