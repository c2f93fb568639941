/* rules: which items may be in a slate for whom, from the policy, the person's age and consent, and
 * what was shown today. The same rules hold on a cold start. */
#include "slate/slate.h"

#define ANY_AGE    255
#define EVERY_KIND UINT32_MAX
#define ADULT_FROM                                                                                 \
    18 /* whatever a policy calls an adult; and general slates have nothing from it */

/* Whoever is in a band may be the youngest in it. */
static uint8_t rating_of(const struct policy *policy, const struct slate_person *person) {
    switch (person->age) {
    case AGE_ADULT: return person->years && person->years < ADULT_FROM ? person->years : ANY_AGE;
    case AGE_TEEN: return (uint8_t)policy->child_below;
    case AGE_CHILD: break;
    }
    return 0;
}

/* `seen` NULL: nobody is asked for. */
static void add_caps(struct slate_rules *r, const struct model *model, const struct policy *policy,
                     const struct seen *seen, int64_t now_s) {
    r->payer_left = seen_left(seen, SEEN_PAYER, "", policy->caps_sponsor_day, now_s);
    for (uint32_t i = 0; seen && i < seen->n_counts; i++) {
        const char *name = seen->counts[i].name;
        if (seen->counts[i].kind == SEEN_PAYER)
            r->payers[r->n_payers++] = (struct slate_payer){
                name, seen_left(seen, SEEN_PAYER, name, policy->caps_sponsor_day, now_s)};
    }
    for (uint32_t c = 0; c < policy->n_caps; c++)
        for (uint32_t g = 0; g < model->n_groups; g++) {
            if (strcmp(policy->caps[c].group, model_group_name(model, g)) != 0) continue;
            r->groups[r->n_groups].group = (uint16_t)g;
            r->groups[r->n_groups++].left =
                seen_left(seen, SEEN_GROUP, policy->caps[c].group, policy->caps[c].per_day, now_s);
            break;
        }
}

void slate_rules(struct slate_rules *r, const struct model *model, const struct policy *policy,
                 const struct slate_person *person, int64_t now_s) {
    memset(r, 0, sizeof *r);
    r->sensitive = EVERY_KIND;
    r->rating = rating_of(policy, person);
    r->flags = MODEL_ADULT;
    if (policy->ads == ADS_REFUSE || person->age == AGE_CHILD) r->flags |= MODEL_PAID;
    r->is_paid_apart = 1;
    r->staff_percent = (uint8_t)policy->staff_min_percent;
    if (!person->seen) {
        if (r->rating >= ADULT_FROM) r->rating = ADULT_FROM - 1;
    } else if (person->age == AGE_ADULT) {
        if (r->rating >= ADULT_FROM) r->flags &= (uint16_t)~MODEL_ADULT;
        r->is_paid_apart = !person->may_paid;
        if (person->may_sensitive) r->sensitive = 0;
    }
    add_caps(r, model, policy, person->seen, now_s);
}

struct score_gate slate_gate(const struct slate_rules *r, const struct model *model) {
    return (struct score_gate){
        .model = model, .flags = r->flags, .sensitive = r->sensitive, .rating = r->rating};
}
