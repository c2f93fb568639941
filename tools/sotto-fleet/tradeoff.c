/* tradeoff: see tradeoff.h. */
#include "tools/sotto-fleet/tradeoff.h"

#include <math.h>
#include <stdlib.h>

#include "crypto/crypto.h"

#define FLEETS_MIN 8 /* simulated for a point, or none are */

struct simulation {
    const struct tradeoff_options *options;
    struct mechanism_terms terms;
    struct answers answers; /* households */
    struct rng rng;
    uint64_t state; /* of the entropy */
    double sum;     /* of squared errors */
    uint64_t errors;
};

/* Entropy that repeats: the same picture twice. Nothing of it protects anybody. */
static int entropy(void *ctx, void *buf, size_t n) {
    struct simulation *s = ctx;
    for (uint8_t *out = buf; n > 0;) {
        uint8_t digest[HASH_BYTES];
        size_t take = n < sizeof digest ? n : sizeof digest;
        hash256(digest, &s->state, sizeof s->state);
        s->state++;
        memcpy(out, digest, take);
        out += take;
        n -= take;
    }
    return 0;
}

/* ---- Formulas ---------------------------------------------------------------------------- */

static struct mechanism_terms terms_of(const struct tradeoff_options *o, uint32_t eps_micro) {
    struct mechanism_terms t = {.eps_micro = eps_micro,
                                .max_cells = o->max_cells,
                                .max_weight = o->max_weight,
                                .n_cells = o->n_cells,
                                .max_value = o->max_value};
    struct mechanism_choice choice;
    if (o->kind == TRADEOFF_VISITS)
        t.mechanism = o->max_cells > MECHANISM_LAPLACE_CELLS_MAX ? KIND_GAUSSIAN : KIND_LAPLACE;
    else if (o->kind == TRADEOFF_MEAN)
        t.mechanism = KIND_ONE_BIT, t.n_cells = 1;
    else if (mechanism_choose(eps_micro, o->n_cells, &choice) == 0)
        t.mechanism = choice.mechanism;
    return t;
}

/* Simulated households hold values spread evenly over 0 … max_value. */
static uint32_t value_of(const struct mechanism_terms *t, uint64_t household) {
    uint64_t values = t->mechanism == KIND_ONE_BIT ? (uint64_t)t->max_value + 1 : t->n_cells;
    return (uint32_t)(household * UINT64_C(0x9e3779b97f4a7c15) % values);
}

/* Variance of the mean's error over values x/m spread evenly over 0 … 1 in m + 1 steps:
 * E[r(1-r)] with r = q + (p - q)x, E[x] = 1/2, E[x²] = (2m + 1)/(6m). */
static double mean_variance(const struct interval_odds *o, double m) {
    double d = o->p - o->q, second = (2 * m + 1) / (6 * m);
    double r = o->q + d / 2, rr = o->q * o->q + o->q * d + d * d * second;
    return (r - rr) / (d * d);
}

/* Variance of what one device adds to the error of a cell; households: mean over the cells. */
static double variance_of(const struct mechanism_terms *t, const struct interval_odds *o) {
    uint64_t num = 0, den = 1;
    if (t->mechanism == KIND_ONE_BIT) return mean_variance(o, t->max_value);
    if (t->mechanism != KIND_LAPLACE && t->mechanism != KIND_GAUSSIAN)
        return interval_debias_variance(1, 1.0 / t->n_cells, o);
    if (mechanism_scale(t, &num, &den) != 0) return NAN;
    double scale = (double)num / (double)den;
    struct interval_noise noise = {t->mechanism == KIND_GAUSSIAN,
                                   t->mechanism == KIND_GAUSSIAN ? sqrt(scale) : scale};
    return interval_variance(&noise);
}

/* ---- Simulation -------------------------------------------------------------------------- */

static void note(struct simulation *s, double error) {
    s->sum += error * error;
    s->errors++;
}

static int simulate_visits(struct simulation *s, uint64_t devices) {
    static const uint16_t counts[MECHANISM_COUNTED_MAX];
    int16_t noised[MECHANISM_COUNTED_MAX];
    int64_t sums[MECHANISM_COUNTED_MAX] = {0};
    for (uint64_t d = 0; d < devices; d++) {
        if (mechanism_noise(&s->rng, &s->terms, counts, noised) != 0) return -1;
        for (uint32_t c = 0; c < s->terms.n_cells; c++) sums[c] += noised[c];
    }
    for (uint32_t c = 0; c < s->terms.n_cells; c++) note(s, (double)sums[c] / (double)devices);
    return 0;
}

static int simulate_households(struct simulation *s, uint64_t devices) {
    uint8_t answer[MECHANISM_ANSWER_MAX];
    const struct answers *a = &s->answers;
    uint32_t k = s->terms.n_cells;
    int status = -1, is_mean = a->odds.is_mean;
    double n = (double)devices, value = 0;
    uint64_t *points = calloc(a->n_points, sizeof *points), *support = calloc(k, sizeof *support);
    uint64_t *truth = calloc(k, sizeof *truth);
    if (points && support && truth) status = 0;
    for (uint64_t d = 0; d < devices && status == 0; d++) {
        uint32_t v = value_of(&s->terms, d);
        if (mechanism_answer(&s->rng, &s->terms, v, answer) != 0 ||
            answers_add(a, points, answer, a->answer_bytes) != 0)
            status = -1;
        value += (double)v / (s->terms.max_value ? s->terms.max_value : 1);
        truth[is_mean ? 0 : v]++;
    }
    if (status == 0) {
        answers_support(a, points, support);
        for (uint32_t c = 0; c < k; c++)
            note(s, (interval_debias(devices, support[c], &a->odds) -
                     (is_mean ? value : (double)truth[c])) /
                        n);
    }
    free(points);
    free(support);
    free(truth);
    return status;
}

static int simulate(struct simulation *s, uint64_t devices, struct tradeoff_point *p,
                    struct sotto_error *err) {
    int is_visits = s->options->kind == TRADEOFF_VISITS;
    uint64_t each = devices * (is_visits ? s->terms.n_cells : 1), fleets = s->options->work / each;
    if (fleets < FLEETS_MIN) return SOTTO_OK;
    if (fleets > 2000) fleets = 2000;
    s->sum = 0;
    s->errors = 0;
    for (uint64_t f = 0; f < fleets; f++)
        if ((is_visits ? simulate_visits : simulate_households)(s, devices) != 0)
            return fail(err, SOTTO_E_ENTROPY, "a simulated device failed");
    p->simulated = sqrt(s->sum / (double)s->errors);
    p->errors = s->errors;
    /* Fleets are independent, the cells of an answer are not: households count as fleets, but with
     * an answer's cells averaged out. A root mean square of m errors scatters by 1/√(2m), of few
     * devices' heavy-tailed errors by a little more. */
    double independent =
        is_visits ? (double)s->errors : fmax((double)fleets, (double)s->errors / 4);
    p->margin = 4 * sqrt((1 + 3.0 / (double)devices) / (2 * independent));
    return SOTTO_OK;
}

/* ---- All points -------------------------------------------------------------------------- */

static int one_epsilon(struct simulation *s, uint32_t eps_micro, struct tradeoff *t,
                       struct sotto_error *err) {
    const struct tradeoff_options *o = s->options;
    const char *wrong = "";
    s->terms = terms_of(o, eps_micro);
    if (mechanism_check(&s->terms, NULL, &wrong) != 0)
        return fail(err, SOTTO_E_ARGUMENT, "epsilon %g: %s", eps_micro / 1e6, wrong);
    const struct fleet_metric metric = {.id = 1,
                                        .mechanism = s->terms.mechanism,
                                        .eps_micro = eps_micro,
                                        .n_cells = s->terms.n_cells,
                                        .max_value = s->terms.max_value};
    int status = o->kind == TRADEOFF_VISITS ? SOTTO_OK : answers_init(&s->answers, &metric, err);
    double variance = status == SOTTO_OK ? variance_of(&s->terms, &s->answers.odds) : 0;
    for (uint32_t i = 0; i < o->n_devices && status == SOTTO_OK; i++) {
        struct tradeoff_point *p = &t->points[t->n++];
        *p = (struct tradeoff_point){.eps_micro = eps_micro,
                                     .mechanism = s->terms.mechanism,
                                     .devices = o->devices[i],
                                     .formula = sqrt(variance / (double)o->devices[i]),
                                     .simulated = NAN};
        status = simulate(s, o->devices[i], p, err);
        t->disagreeing += fabs(p->simulated / p->formula - 1) > p->margin; /* no for NAN */
    }
    answers_free(&s->answers);
    return status;
}

int tradeoff_compute(const struct tradeoff_options *o, struct tradeoff *t,
                     struct sotto_error *err) {
    struct simulation s = {.options = o, .state = o->seed << 32};
    memset(t, 0, sizeof *t);
    t->options = o;
    if (crypto_init() != 0 || rng_seed(&s.rng, entropy, &s) != 0)
        return fail(err, SOTTO_E_ENTROPY, "libsodium could not start: the system gives no entropy");
    int status = SOTTO_OK;
    for (uint32_t i = 0; i < o->n_eps && status == SOTTO_OK; i++)
        status = one_epsilon(&s, o->eps_micro[i], t, err);
    return status;
}
