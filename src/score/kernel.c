/* kernel: which set of inner loops this CPU runs. See kernel.h. The only place of the library that
 * asks the system what processor it is on. */
#include "score/kernel.h"

#if defined(SCORE_HAS_NEON) && defined(__arm__)
#include <sys/auxv.h>
#ifndef HWCAP_ARM_NEON /* musl leaves it to the kernel's headers */
#define HWCAP_ARM_NEON (1ul << 12)
#endif
#endif

#if defined(SCORE_HAS_AVX2)
#define FAST (&score_avx2)
#elif defined(SCORE_HAS_NEON)
#define FAST (&score_neon)
#else
#define FAST (&score_plain)
#endif

/* Asked anew each time: it costs nanoseconds, and the library keeps no state of its own. */
const struct score_kernel *score_kernel_best(void) {
#if defined(SCORE_HAS_AVX2)
    return __builtin_cpu_supports("avx2") ? FAST : &score_plain;
#elif defined(SCORE_HAS_NEON) && defined(__arm__)
    return (getauxval(AT_HWCAP) & HWCAP_ARM_NEON) ? FAST : &score_plain;
#else
    return FAST; /* NEON is part of every arm64 */
#endif
}

const struct score_kernel *const *score_kernels(void) {
    static const struct score_kernel *const lists[2][3] = {{&score_plain}, {&score_plain, FAST}};
    return lists[score_kernel_best() != &score_plain];
}
