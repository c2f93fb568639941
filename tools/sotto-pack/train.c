/* train: measures on held-out data (and tunes there, if asked), then learns from everything. See
 * train.h. */
#include "tools/sotto-pack/train.h"

#include <stdlib.h>
#include <unistd.h>

/* What alignment and the digits of the card may add to the size of a pack without edges. */
#define SIZE_SLACK 1024
/* What the figures may add to the card, other parameters to the tables, what was tried to the card.
 */
#define FIGURES_BYTES 1000
#define TABLES_BYTES  2000
#define LOG_BYTES     14000

const char *train_goal_name(enum goal goal) {
    switch (goal) {
    case GOAL_BASKET: return "basket";
    case GOAL_NEXT_BASKET: return "next-basket";
    case GOAL_SESSIONS: return "sessions";
    case GOAL_RANKING: return "ranking";
    }
    return "unknown";
}

struct train_options train_defaults(enum goal goal, int threads) {
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct train_options o = {
        .goal = goal,
        .fit = {.learn = {.gram = {.alpha_user = 0.25, .alpha_item = 0.4, .mix = 1, .window = 4},
                          .lambda_factor = 12,
                          .candidates = 100,
                          .threads = threads                  ? threads
                                     : cpus > 0 && cpus < 256 ? (int)cpus
                                                              : 1},
                .serve = {.prior_strength = 0.03, .prior_half_life_days = 30, .self_strength = 1},
                .min_baskets = 5,
                .most_new = 2000,
                .new_strength = 0.5},
        .most_bytes = 1000000,
        .may_measure = 1,
    };
    switch (goal) {
    case GOAL_BASKET: o.fit.serve.decay = 5; break;
    case GOAL_NEXT_BASKET:
        o.fit.by_customer = 1;
        o.fit.serve.age_half_life_days = 60;
        o.fit.serve.repeat_strength = 0.4;
        o.fit.serve.repeat_half_life_days = 60;
        break;
    case GOAL_SESSIONS:
        o.fit.learn.gram.mix = 0.25;
        o.fit.learn.gram.window = 2;
        o.fit.learn.keeps_diagonal = 1;
        o.fit.serve.decay = 2;
        break;
    case GOAL_RANKING: o.fit.serve.prior_half_life_days = 0; break;
    }
    return o;
}

uint64_t train_log_bytes(const struct train_options *o) {
    return o->most_bytes / 16 < LOG_BYTES ? o->most_bytes / 16 : LOG_BYTES;
}

static int build(struct built_model *built, const struct fit *f, const struct fit_options *used,
                 const struct packed *packed, const struct pack_manifest *manifest,
                 const char *card, size_t card_n, struct sotto_error *err) {
    const struct model_source source = {f->data, &f->x,  &f->groups,      packed,
                                        card,    card_n, used->catalogue, used->packs_tags};
    return model_build(built, manifest, &source, err);
}

/* What is measured on a part of the data must be learnt in the same way from all of them, though
 * these may have too many items for it. Tuning chooses where there is a choice. */
static void choose_method(struct fit_options *fit, const struct interactions *x, int is_tuned) {
    if (fit->method != METHOD_AUTO) return;
    if (fit_is_sparse(x, fit))
        fit->method = METHOD_SPARSE;
    else if (!is_tuned)
        fit->method = METHOD_DENSE;
}

/* The room that a pack of these items has left for rows: what it weighs without any. */
static int room_for_rows(struct train_result *r, const struct dataset *data,
                         const struct train_options *o, const struct pack_manifest *manifest,
                         uint64_t slack, uint64_t *bytes, struct sotto_error *err) {
    const struct interactions_options of = {.n_baskets = data->n_baskets,
                                            .min_baskets = o->fit.min_baskets,
                                            .by_customer = r->used.by_customer};
    struct fit f = {.data = data};
    struct built_model bare = {0};
    struct packed packed = {0};
    char *card = NULL;
    size_t card_n = 0;
    int status = card_write(r, data, o, manifest, &card, &card_n, err);
    if (status == SOTTO_OK) status = interactions_make(&f.x, data, &of, err);
    if (status == SOTTO_OK) {
        choose_method(&r->used, &f.x, o->is_tuned);
        status = fit_check(&f.x, &r->used, err);
    }
    if (status == SOTTO_OK) status = rows_make(&f.rows, f.x.n_items, 1, err);
    if (status == SOTTO_OK) status = fit_describe(&f, data->n_baskets, NULL, &o->fit, err);
    if (status == SOTTO_OK)
        status = fit_serve(&f, &packed, &r->used.serve, 0, 0, MODEL_VARINT, err);
    if (status == SOTTO_OK)
        status = build(&bare, &f, &r->used, &packed, manifest, card, card_n, err);
    uint64_t fixed = bare.n + SIZE_SLACK + slack;
    *bytes = o->most_bytes > fixed ? o->most_bytes - fixed : 0;
    if (status == SOTTO_OK && *bytes == 0)
        status = fail(err, SOTTO_E_LIMIT,
                      "%u items without a single neighbour already take %llu of %llu bytes: raise "
                      "--max-bytes or --min-baskets",
                      f.x.n_items, (unsigned long long)fixed, (unsigned long long)o->most_bytes);
    model_build_free(&bare);
    quantise_free(&packed);
    fit_free(&f);
    free(card);
    return status;
}

/* Held-out quality, and tuning. Data too small to be split are no failure: then nothing is
 * measured. */
static int measure(struct train_result *r, const struct dataset *data,
                   const struct train_options *o, uint64_t edge_bytes, struct sotto_error *err) {
    struct examples e;
    int status = examples_make(&e, data, o->goal, err);
    if (status == SOTTO_OK) {
        const struct tune_request request = {.edge_bytes = edge_bytes,
                                             .neighbours = o->neighbours,
                                             .is_measured_only = !o->is_tuned};
        status = tune_options(&r->used, &e, &request, &r->log, err);
        r->measured_on = e.n_training;
        examples_free(&e);
    }
    if (status == SOTTO_E_LIMIT && !o->is_tuned) {
        memset(&r->log, 0, sizeof r->log);
        return SOTTO_OK;
    }
    r->packed = r->log.packed;
    r->widest = r->log.widest;
    r->popular = r->log.popular;
    return status;
}

static void note(struct train_result *r, const struct fit *f, const struct packed *packed) {
    r->items = f->x.n_items;
    r->new_items = f->n_new;
    r->skipped_ids = f->x.skipped_ids;
    r->groups = f->groups.n;
    r->is_category = f->groups.is_category;
    r->is_sparse = f->is_sparse;
    r->lambda = f->rows.lambda;
    r->live_share = f->rows.live_share;
    r->cut_rows = f->rows.cut_rows;
    r->edges = packed->model.n_edges;
    r->codec = packed->model.codec;
    r->neighbours = packed->neighbours;
    r->kept_share = packed->kept_share;
}

static int ship(struct train_result *r, const struct dataset *data, const struct train_options *o,
                const struct pack_manifest *manifest, uint64_t edge_bytes,
                struct sotto_error *err) {
    struct fit f = {0};
    struct packed packed = {0};
    char *card = NULL;
    size_t card_n = 0;
    /* Tuning takes --neighbours for a bound, as it measures; without it they are to be had in full,
     * or not at all. */
    int is_demanded = o->neighbours && !o->is_tuned;
    int status = fit_learn(&f, data, data->n_baskets, NULL, &r->used, "learning", err);
    if (status == SOTTO_OK)
        status = fit_serve(&f, &packed, &r->used.serve, o->neighbours, is_demanded ? 0 : edge_bytes,
                           0, err);
    if (status == SOTTO_OK) {
        r->baskets = data->n_baskets;
        note(r, &f, &packed);
        status = card_write(r, data, o, manifest, &card, &card_n, err);
    }
    if (status == SOTTO_OK)
        status = build(&r->model, &f, &r->used, &packed, manifest, card, card_n, err);
    free(card);
    quantise_free(&packed);
    fit_free(&f);
    return status;
}

int train_model(struct train_result *r, const struct dataset *data,
                const struct train_options *options, const struct pack_manifest *manifest,
                struct sotto_error *err) {
    uint64_t edge_bytes = 0;
    memset(r, 0, sizeof *r);
    r->used = options->fit;
    int is_measured = options->may_measure || options->is_tuned;
    uint64_t slack = is_measured ? FIGURES_BYTES : 0;
    if (options->is_tuned) slack += TABLES_BYTES + train_log_bytes(options);
    int status = room_for_rows(r, data, options, manifest, slack, &edge_bytes, err);
    if (status == SOTTO_OK && is_measured) {
        status = measure(r, data, options, edge_bytes, err);
        if (status == SOTTO_OK)
            status = room_for_rows(r, data, options, manifest, 0, &edge_bytes, err);
    }
    if (status == SOTTO_OK) status = ship(r, data, options, manifest, edge_bytes, err);
    if (status == SOTTO_OK && r->model.n > options->most_bytes)
        status =
            fail(err, SOTTO_E_LIMIT,
                 "the pack would have %zu bytes, %llu are allowed: lower --neighbours (%u), raise "
                 "--min-baskets or --max-bytes",
                 r->model.n, (unsigned long long)options->most_bytes, r->neighbours);
    if (status != SOTTO_OK) train_free(r);
    return status;
}

void train_free(struct train_result *r) {
    model_build_free(&r->model);
    memset(r, 0, sizeof *r);
}
