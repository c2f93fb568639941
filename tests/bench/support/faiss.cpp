/* faiss: exact search among dense vectors, as a two-tower model would do it in place of our rows.
 * The query, the mean of the history's vectors, is made outside the time. Compiled only where
 * Debian's libfaiss-dev is installed. */
#include "tests/bench/support/bench.h"

#include <cmath>
#include <memory>
#include <vector>

#include <faiss/IndexFlat.h>
#include <faiss/IndexScalarQuantizer.h>
#include <omp.h>

struct faiss_peer {
    std::vector<float> vectors;
    std::unique_ptr<faiss::Index> index;
};

static uint64_t next(uint64_t *state) { /* SplitMix64, as tests/support/dice.h */
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void normalise(float *v) {
    float length = 0;
    for (int k = 0; k < BENCH_DIMENSIONS; k++) length += v[k] * v[k];
    for (int k = 0; k < BENCH_DIMENSIONS; k++) v[k] /= std::sqrt(length);
}

extern "C" struct faiss_peer *faiss_peer_open(uint32_t n_items, int is_quantised, uint64_t seed) {
    auto *p = new faiss_peer;
    omp_set_num_threads(1);
    p->vectors.resize((size_t)n_items * BENCH_DIMENSIONS);
    for (float &x : p->vectors) x = (float)(next(&seed) >> 40) / (float)(1 << 23) - 1;
    for (uint32_t i = 0; i < n_items; i++) normalise(&p->vectors[(size_t)i * BENCH_DIMENSIONS]);
    if (is_quantised)
        p->index.reset(new faiss::IndexScalarQuantizer(
            BENCH_DIMENSIONS, faiss::ScalarQuantizer::QT_8bit, faiss::METRIC_INNER_PRODUCT));
    else
        p->index.reset(new faiss::IndexFlatIP(BENCH_DIMENSIONS));
    p->index->train(n_items, p->vectors.data());
    p->index->add(n_items, p->vectors.data());
    return p;
}

extern "C" uint64_t faiss_peer_best(struct faiss_peer *p, const uint32_t *items, size_t n) {
    float query[BENCH_DIMENSIONS] = {0}, scores[BENCH_TOP];
    faiss::Index::idx_t found[BENCH_TOP];
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < BENCH_DIMENSIONS; k++)
            query[k] += p->vectors[(size_t)items[i] * BENCH_DIMENSIONS + (size_t)k];
    normalise(query);
    uint64_t start = bench_now_ns();
    p->index->search(1, query, BENCH_TOP, scores, found);
    return bench_now_ns() - start;
}

extern "C" void faiss_peer_close(struct faiss_peer *p) { delete p; }
