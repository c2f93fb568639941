/* card: the quality card of a model pack, JSON for people and audits: from which data, cleaned how,
 * learnt with what, and how good on baskets it had not seen. Holds no transaction and no customer.
 * Called by train_model. */
#include "tools/sotto-pack/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/common/json.h"
#include "tools/sotto-pack/check.h"

enum { TRIAL_BYTES = 128, TRIAL_FRAME = 8 }; /* indent, quotes, comma, line end */

static void put_time(struct json *j, const char *key, int64_t unix_s) {
    time_t t = (time_t)unix_s;
    struct tm utc;
    char text[64] = "";
    if (gmtime_r(&t, &utc)) strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_text(j, key, text);
}

static void put_quality(struct json *j, const char *key, const struct quality *q) {
    json_begin_object(j, key);
    json_double(j, "recall_at_20", q->recall);
    json_double(j, "ndcg_at_20", q->ndcg);
    json_double(j, "hit_rate_at_20", q->hit);
    json_double(j, "reciprocal_rank_at_20", q->reciprocal);
    json_end_object(j);
}

static const char *protocol(enum goal goal) {
    switch (goal) {
    case GOAL_BASKET:
        return "last tenth of the baskets held out; of each of at least 4 items the first half is "
               "the session, the rest the targets";
    case GOAL_NEXT_BASKET:
        return "last tenth of the baskets held out; each one there of a known customer is the "
               "target, all earlier ones the history; customers count by the root of how often "
               "they come";
    case GOAL_SESSIONS:
        return "last tenth of the sessions held out; at each step the next item is the target";
    case GOAL_RANKING: return "a fifth of each row held out by a hash; it is the target";
    }
    return "";
}

static void put_held_out(struct json *j, const struct train_result *r,
                         const struct train_options *o) {
    if (r->packed.examples == 0) return;
    json_begin_object(j, "held_out");
    json_text(j, "protocol", protocol(o->goal));
    json_uint(j, "training_baskets", r->measured_on);
    json_uint(j, "examples", r->packed.examples);
    /* The best of many on the same examples is a little luckier than it is good. */
    json_bool(j, "parameters_chosen_on_these", o->is_tuned);
    json_uint(j, "widest_neighbours", r->log.widest_neighbours);
    put_quality(j, "widest", &r->widest);
    put_quality(j, "packed", &r->packed);
    put_quality(j, "popularity", &r->popular);
    json_end_object(j);
}

static void put_learning(struct json *j, const struct fit_options *f,
                         const struct train_result *r) {
    const struct gram_params *g = &f->learn.gram;
    json_begin_object(j, "learning");
    json_text(j, "method", r->is_sparse ? "ridge on candidates (sparse)" : "closed form (dense)");
    json_text(j, "rows", f->by_customer ? "customers" : "baskets");
    json_uint(j, "min_baskets", f->min_baskets);
    if (r->cut_rows) {
        json_uint(j, "rows_cut", r->cut_rows);
        json_uint(j, "rows_cut_to_items", GRAM_ROW_MAX);
    }
    json_double(j, "alpha_user", g->alpha_user);
    json_double(j, "alpha_item", g->alpha_item);
    json_double(j, "row_half_life_days", g->half_life_days);
    json_double(j, "mix", g->mix);
    if (g->mix < 1) json_double(j, "window", g->window);
    json_double(j, "lambda_factor", f->learn.lambda_factor);
    json_double(j, "lambda", r->lambda);
    json_uint(j, "keeps_diagonal", (uint64_t)f->learn.keeps_diagonal);
    if (r->is_sparse) json_uint(j, "candidates", f->learn.candidates);
    json_uint(j, "threads", (uint64_t)f->learn.threads);
    json_end_object(j);
}

static void put_serving(struct json *j, const struct serve_params *s) {
    json_begin_object(j, "serving");
    json_double(j, "fold", s->fold);
    json_double(j, "spread", s->spread);
    json_uint(j, "keeps_negative", (uint64_t)s->keeps_negative);
    if (s->neighbours) json_uint(j, "neighbours_at_most", (uint64_t)s->neighbours);
    json_double(j, "decay", s->decay);
    json_double(j, "age_half_life_days", s->age_half_life_days);
    json_double(j, "prior_strength", s->prior_strength);
    json_double(j, "popularity_half_life_days", s->prior_half_life_days);
    json_double(j, "repeat_strength", s->repeat_strength);
    json_double(j, "repeat_half_life_days", s->repeat_half_life_days);
    json_double(j, "self_strength", s->self_strength);
    json_end_object(j);
}

static int trial_text(char text[TRIAL_BYTES], const struct tune_trial *t) {
    return snprintf(text, TRIAL_BYTES, "%.24s %g %.4f %.4f %.4f %.4f %u %d", t->name, t->value,
                    t->recall, t->ndcg, t->hit, t->reciprocal, t->items, t->is_better);
}

/* Short, because it travels with the pack: at most `room` bytes. Where these are too few, those
 * that were kept go first. */
static void put_trials(struct json *j, const struct tune_log *log, uint64_t room) {
    char text[TRIAL_BYTES];
    uint64_t kept = 0;
    uint32_t left_out = 0;
    if (log->n == 0) return;
    json_text(j, "tried_are",
              "parameter, value, recall, ndcg, hit rate, reciprocal rank (all at 20), items, 1 if "
              "kept; of each draw the best of its servings");
    for (uint32_t k = 0; k < log->n; k++)
        if (log->v[k].is_better) kept += (uint64_t)trial_text(text, &log->v[k]) + TRIAL_FRAME;
    uint64_t left[2] = {room > kept ? room - kept : 0, room}; /* by is_better */
    json_begin_array(j, "tried");
    for (uint32_t k = 0; k < log->n; k++) {
        uint64_t bytes = (uint64_t)trial_text(text, &log->v[k]) + TRIAL_FRAME;
        uint64_t *from = &left[log->v[k].is_better != 0];
        if (bytes > *from) {
            left_out++;
            continue;
        }
        *from -= bytes;
        json_text(j, NULL, text);
    }
    json_end_array(j);
    if (left_out) json_uint(j, "tried_left_out", left_out);
}

int card_write(const struct train_result *r, const struct dataset *data,
               const struct train_options *o, const struct pack_manifest *manifest, char **text,
               size_t *n, struct sotto_error *err) {
    *text = NULL;
    *n = 0;
    FILE *to = open_memstream(text, n);
    if (!to) return fail(err, SOTTO_E_MEMORY, "no memory for the quality card");
    struct json j = json_to(to);
    json_begin_object(&j, NULL);
    json_text(&j, "format", "sotto-card-3");
    put_time(&j, "created", manifest->created_s);
    json_begin_object(&j, "model");
    json_text(&j, "for", train_goal_name(o->goal));
    json_text(&j, "method",
              "item-to-item, closed form (EASE, Steck 2019; SLIST, Choi et al. 2021), "
              "degree-normalised, truncated, int8");
    json_uint(&j, "items", r->items);
    json_uint(&j, "new_items", r->new_items);
    json_uint(&j, "edges", r->edges);
    json_uint(&j, "neighbours", r->neighbours);
    json_text(&j, "codec", r->codec == MODEL_VARINT ? "varint" : "fixed16");
    json_uint(&j, "groups", r->groups);
    json_text(&j, "groups_from", r->is_category ? "category" : "price");
    json_uint(&j, "baskets", r->baskets);
    if (r->kept_share >= 0) json_double(&j, "kept_weight_share", r->kept_share);
    json_end_object(&j);
    put_learning(&j, &r->used, r);
    put_serving(&j, &r->used.serve);
    put_held_out(&j, r, o);
    put_trials(&j, &r->log, train_log_bytes(o));
    json_begin_object(&j, "data");
    check_write_json(&j, &data->quality);
    json_end_object(&j);
    json_end_object(&j);
    int is_bad = ferror(to);
    if (fclose(to) != 0 || is_bad) {
        free(*text);
        *text = NULL;
        return fail(err, SOTTO_E_MEMORY, "no memory for the quality card");
    }
    return SOTTO_OK;
}
