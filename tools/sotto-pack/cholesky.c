/* cholesky: LAPACK's own blocked algorithms (xPOTRF right-looking, then xTRTRI and xLAUUM, as
 * xPOTRI does), spelt out over OpenBLAS's level 3 so that there is something to tell between two
 * blocks.
 *
 * The lower triangle in C's order is the upper one in Fortran's: A = Uᵀ U. */
#include "tools/sotto-pack/cholesky.h"

#include <stddef.h>

#include "tools/common/cli.h"

/* Fortran calling convention; the trailing lengths are those of the character arguments. */
extern void openblas_set_num_threads(int n);
extern void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info, size_t);
extern void strtri_(const char *uplo, const char *diag, const int *n, float *a, const int *lda,
                    int *info, size_t, size_t);
extern void slauum_(const char *uplo, const int *n, float *a, const int *lda, int *info, size_t);
extern void strsm_(const char *side, const char *uplo, const char *trans, const char *diag,
                   const int *m, const int *n, const float *alpha, const float *a, const int *lda,
                   float *b, const int *ldb, size_t, size_t, size_t, size_t);
extern void strmm_(const char *side, const char *uplo, const char *trans, const char *diag,
                   const int *m, const int *n, const float *alpha, const float *a, const int *lda,
                   float *b, const int *ldb, size_t, size_t, size_t, size_t);
extern void ssyrk_(const char *uplo, const char *trans, const int *n, const int *k,
                   const float *alpha, const float *a, const int *lda, const float *beta, float *c,
                   const int *ldc, size_t, size_t);
extern void sgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
                   const float *alpha, const float *a, const int *lda, const float *b,
                   const int *ldb, const float *beta, float *c, const int *ldc, size_t, size_t);

#define BLOCK 256
#define SMALL 512 /* items: below it threads wait longer than they work */

static const float one = 1, minus_one = -1;

struct matrix {
    float *a;
    int n;
    struct cli_progress progress;
    uint64_t done; /* in thirds of n³ operations, scaled down to blocks */
};

static float *at(const struct matrix *m, int row, int column) {
    return m->a + (size_t)column * (size_t)m->n + (size_t)row;
}

static int block_at(const struct matrix *m, int k) { return m->n - k < BLOCK ? m->n - k : BLOCK; }

/* `size` rows and columns are being worked on with this block: the work grows with its square. */
static void advance(struct matrix *m, int size) {
    uint64_t blocks = (uint64_t)size / BLOCK + 1;
    m->done += blocks * blocks;
    cli_progress_to(&m->progress, m->done);
}

/* What `advance` will add up to: a sum of squares each for the factor, its inverse and the product.
 */
static uint64_t total_work(int n) {
    uint64_t sum = 0;
    for (int k = 0; k < n; k += BLOCK) {
        uint64_t ahead = (uint64_t)(n - k) / BLOCK + 1, behind = (uint64_t)k / BLOCK + 1;
        sum += ahead * ahead + behind * behind;
        sum += (uint64_t)(n / BLOCK + 1) * (uint64_t)(n / BLOCK + 1) / 3;
    }
    return sum;
}

static int factor(struct matrix *m) {
    for (int k = 0; k < m->n; k += BLOCK) {
        int b = block_at(m, k), rest = m->n - k - b, info = 0;
        spotrf_("U", &b, at(m, k, k), &m->n, &info, 1);
        if (info != 0) return -1;
        if (rest > 0) {
            strsm_("L", "U", "T", "N", &b, &rest, &one, at(m, k, k), &m->n, at(m, k, k + b), &m->n,
                   1, 1, 1, 1);
            ssyrk_("U", "T", &rest, &b, &minus_one, at(m, k, k + b), &m->n, &one,
                   at(m, k + b, k + b), &m->n, 1, 1);
        }
        advance(m, m->n - k);
    }
    return 0;
}

/* U becomes its inverse. */
static int invert_factor(struct matrix *m) {
    for (int k = 0; k < m->n; k += BLOCK) {
        int b = block_at(m, k), info = 0;
        if (k > 0) {
            strmm_("L", "U", "N", "N", &k, &b, &one, m->a, &m->n, at(m, 0, k), &m->n, 1, 1, 1, 1);
            strsm_("R", "U", "N", "N", &k, &b, &minus_one, at(m, k, k), &m->n, at(m, 0, k), &m->n,
                   1, 1, 1, 1);
        }
        strtri_("U", "N", &b, at(m, k, k), &m->n, &info, 1, 1);
        if (info != 0) return -1;
        advance(m, k);
    }
    return 0;
}

/* The inverse U⁻¹ U⁻ᵀ, over U⁻¹. */
static void multiply_factor(struct matrix *m) {
    uint64_t before = m->done;
    for (int k = 0; k < m->n; k += BLOCK) {
        int b = block_at(m, k), rest = m->n - k - b, info = 0;
        if (k > 0)
            strmm_("R", "U", "T", "N", &k, &b, &one, at(m, k, k), &m->n, at(m, 0, k), &m->n, 1, 1,
                   1, 1);
        slauum_("U", &b, at(m, k, k), &m->n, &info, 1);
        if (rest > 0) {
            if (k > 0)
                sgemm_("N", "T", &k, &b, &rest, &one, at(m, 0, k + b), &m->n, at(m, k, k + b),
                       &m->n, &one, at(m, 0, k), &m->n, 1, 1);
            ssyrk_("U", "N", &b, &rest, &one, at(m, k, k + b), &m->n, &one, at(m, k, k), &m->n, 1,
                   1);
        }
        /* k · rest operations a block: evenly enough */
        m->done = before + (m->progress.total - before) * (uint64_t)(k + b) / (uint64_t)m->n;
        cli_progress_to(&m->progress, m->done);
    }
}

/* Copies the lower triangle (in C's order) to the upper one, in tiles that fit a cache. */
static void mirror(float *a, size_t n) {
    enum { TILE = 64 };
    for (size_t r = 0; r < n; r += TILE)
        for (size_t c = 0; c <= r; c += TILE)
            for (size_t i = r; i < n && i < r + TILE; i++)
                for (size_t j = c; j < i && j < c + TILE; j++) a[j * n + i] = a[i * n + j];
}

int cholesky_invert(float *a, uint32_t n, int threads, const char *label) {
    struct matrix m = {.a = a, .n = (int)n};
    openblas_set_num_threads(n < SMALL ? 1 : threads);
    cli_progress_begin(&m.progress, label, total_work(m.n));
    int rc = factor(&m);
    if (rc == 0) rc = invert_factor(&m);
    if (rc == 0) multiply_factor(&m);
    cli_progress_end(&m.progress);
    if (rc == 0) mirror(a, n);
    return rc;
}
