/* card: the quality card of a model pack, JSON for people and audits: from which data, cleaned how,
 * learnt with what, and how good on baskets it had not seen. Holds no transaction and no customer.
 * Called by train_model. */
#include "tools/sotto-pack/train.h"

#include <stdlib.h>
#include <time.h>

#include "tools/common/json.h"
#include "tools/sotto-pack/check.h"

static void put_time(struct json *j, const char *key, int64_t unix_s) {
    time_t t = (time_t)unix_s;
    struct tm utc;
    char text[64] = "";
    if (gmtime_r(&t, &utc)) strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_text(j, key, text);
}

static void put_quality(struct json *j, const char *key, const struct holdout_quality *q) {
    json_begin_object(j, key);
    json_double(j, "recall_at_20", q->recall);
    json_double(j, "ndcg_at_20", q->ndcg);
    json_double(j, "hit_rate_at_20", q->hit);
    json_end_object(j);
}

static void put_held_out(struct json *j, const struct train_result *r) {
    if (r->packed.baskets == 0) return;
    json_begin_object(j, "held_out");
    json_text(j, "protocol",
              "model trained on the first 90 % of the baskets by time; of each later basket of at "
              "least 4 "
              "known items the first half is the session, the rest the targets");
    json_uint(j, "training_baskets", r->measured_on);
    json_uint(j, "test_baskets", r->packed.baskets);
    put_quality(j, "full", &r->full);
    put_quality(j, "packed", &r->packed);
    put_quality(j, "popularity", &r->popular);
    json_end_object(j);
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
    json_text(&j, "format", "sotto-card-1");
    put_time(&j, "created", manifest->created_s);
    json_begin_object(&j, "model");
    json_text(&j, "method", "EASE (Steck 2019), degree-normalised, truncated, int8");
    json_uint(&j, "items", r->items);
    json_uint(&j, "edges", r->edges);
    json_uint(&j, "neighbours", r->neighbours);
    json_uint(&j, "groups", r->groups);
    json_text(&j, "groups_from", r->is_category ? "category" : "price");
    json_uint(&j, "baskets", r->baskets);
    json_uint(&j, "min_baskets", o->min_baskets);
    json_double(&j, "alpha_user", o->ease.alpha_user);
    json_double(&j, "alpha_item", o->ease.alpha_item);
    json_double(&j, "lambda_factor", o->ease.lambda_factor);
    json_double(&j, "lambda", r->lambda);
    json_double(&j, "decay", o->decay);
    json_double(&j, "popularity_half_life_days", o->half_life_days);
    json_double(&j, "prior_strength", o->prior_strength);
    json_double(&j, "kept_weight_share", r->kept_share);
    json_end_object(&j);
    put_held_out(&j, r);
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
