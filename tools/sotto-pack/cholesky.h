/* cholesky: the inverse of a large symmetric positive definite matrix, block by block so that
 * progress can be shown; a single call into LAPACK would be silent for minutes. Called by ease.c.
 */
#ifndef SOTTO_PACK_CHOLESKY_H
#define SOTTO_PACK_CHOLESKY_H

#include <stdint.h>

/* Replaces the n × n matrix `a` by its inverse. Only the lower triangle (row-major) is read, both
 * are written. `threads` for OpenBLAS; results may differ in their last bits between numbers of
 * threads. Shows a progress line named `label`. Returns 0, or −1 when the matrix is not positive
 * definite; then `a` is spoilt. */
int cholesky_invert(float *a, uint32_t n, int threads, const char *label);

#endif
