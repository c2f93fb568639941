/* rpc_why: why an item stands where it stands, and how slates are made here, whoever looks. Every
 * method is explained in README.md. */
#include "base/base.h"
#include "tools/sottod/service.h"

static const char *const kinds[] = {
    [SOTTO_REASON_POPULAR] = "popular", [SOTTO_REASON_ACTIVITY] = "activity",
    [SOTTO_REASON_REPEAT] = "repeat",   [SOTTO_REASON_KIND] = "kind",
    [SOTTO_REASON_STAFF] = "staff",     [SOTTO_REASON_SPONSOR] = "sponsor",
    [SOTTO_REASON_TOLD] = "told",
};
static const char *const types[] = {
    [SOTTO_EVENT_VIEW] = "view",
    [SOTTO_EVENT_SELECT] = "select",
    [SOTTO_EVENT_PURCHASE] = "purchase",
    [SOTTO_EVENT_LIKE] = "like",
};

void why_put_flags(json_t *object, uint32_t flags, const char *payer) {
    rpc_put_bool(object, "sponsored", (flags & SOTTO_ITEM_PAID) != 0);
    rpc_put_text(object, "payer", payer);
    rpc_put_bool(object, "synthetic", (flags & SOTTO_ITEM_SYNTHETIC) != 0);
    rpc_put_bool(object, "staff", (flags & SOTTO_ITEM_STAFF) != 0);
    rpc_put_bool(object, "adult", (flags & SOTTO_ITEM_ADULT) != 0);
}

/* A number that has none: null. */
static void put_or_null(json_t *object, const char *name, uint32_t value) {
    if (value == UINT32_MAX)
        rpc_put_text(object, name, NULL);
    else
        rpc_put_number(object, name, value);
}

/* ---- Why this? --------------------------------------------------------------------------- */

#define REASONS_MAX 16

static json_t *reason_of(const struct sotto_reason *r) {
    json_t *reason = json_object();
    rpc_put_text(reason, "kind", kinds[r->kind]);
    rpc_put_signed(reason, "contribution", r->contribution);
    if (r->item) rpc_put_text(reason, "item", r->item);
    if (r->title) rpc_put_text(reason, "title", r->title);
    if (r->item) rpc_put_number(reason, "events", r->events);
    if (r->item && r->type) rpc_put_text(reason, "type", types[r->type]);
    return reason;
}

static void put_places(json_t *result, const struct sotto_explanation *e) {
    static const char *const movers[] = {"caps", "staff"};
    static const char *const actions[] = {"less", "forget", "off"};
    rpc_put_number(result, "rank", e->rank);
    rpc_put_number(result, "rank_scored", e->rank_scored);
    service_put_bits(result, "moved_by", e->moved_by, movers, ARRAY_LEN(movers));
    service_put_bits(result, "actions", e->actions, actions, ARRAY_LEN(actions));
    if (!e->without) {
        rpc_put_text(result, "without", NULL);
        return;
    }
    json_t *without = json_object();
    rpc_put_text(without, "item", e->without);
    rpc_put_text(without, "title", e->without_title);
    put_or_null(without, "rank_scored", e->rank_without);
    put_or_null(without, "rank", e->slate_rank_without);
    (void)!json_object_set_new(result, "without", without);
}

int why_explain(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct sotto_explanation e = {.size = sizeof e};
    struct sotto_reason reasons[REASONS_MAX];
    uint64_t rank = rpc_number(call, "rank", 0), cap = rpc_number(call, "reasons", 5);
    const struct client_slate *mine = client_slate(c, call);
    if (!mine) return SOTTO_E_STATE;
    if (rank >= SOTTO_SLATE_ITEMS_MAX) return rpc_refuse(call, "a rank is 0 to 63");
    if (cap > REASONS_MAX) return rpc_refuse(call, "at most 16 reasons are given");
    int status =
        sotto_explain(c->service->engine, mine->handle, (uint32_t)rank, &e, reasons, (size_t)cap);
    if (status != SOTTO_OK) return service_status(c->service, call, status);
    json_t *list = json_array();
    rpc_put_signed(call->result, "score", e.score);
    rpc_put_bool(call->result, "personalised", (int)e.personalised);
    rpc_put_number(call->result, "count", e.count);
    rpc_put_number(call->result, "model_version", e.model_version);
    rpc_put_number(call->result, "policy_version", e.policy_version);
    rpc_put_hex(call->result, "catalogue", e.catalogue, sizeof e.catalogue);
    rpc_put_number(call->result, "decision", e.decision);
    rpc_put_number(call->result, "data_days", e.data_days);
    rpc_put_number(call->result, "model_days", e.model_days);
    why_put_flags(call->result, e.flags, e.payer);
    put_places(call->result, &e);
    for (uint32_t i = 0; i < e.count && i < cap; i++)
        (void)!json_array_append_new(list, reason_of(&reasons[i]));
    (void)!json_object_set_new(call->result, "reasons", list);
    return SOTTO_OK;
}

/* ---- The system as a whole ---------------------------------------------------------------- */

int why_describe(void *caller, struct rpc_call *call) {
    const struct client *c = caller;
    struct sotto_description d = {.size = sizeof d};
    int status = sotto_describe(c->service->engine, &d);
    if (status != SOTTO_OK) return service_status(c->service, call, status);
    json_t *r = call->result, *parameters = json_array(), *events = json_object();
    for (uint32_t i = 0; i < d.count && i < SOTTO_PARAMETERS_MAX; i++) {
        json_t *parameter = json_object();
        rpc_put_text(parameter, "kind", kinds[d.parameters[i].kind]);
        rpc_put_text(parameter, "label", d.parameters[i].label);
        rpc_put_number(parameter, "permille", d.parameters[i].permille);
        (void)!json_array_append_new(parameters, parameter);
    }
    for (size_t i = SOTTO_EVENT_VIEW; i < ARRAY_LEN(d.event_permille); i++)
        rpc_put_number(events, types[i], d.event_permille[i]);
    (void)!json_object_set_new(r, "parameters", parameters);
    (void)!json_object_set_new(r, "event_permille", events);
    put_or_null(r, "half_places", d.half_places);
    put_or_null(r, "half_days", d.half_days);
    put_or_null(r, "repeat_half_days", d.repeat_half_days);
    rpc_put_number(r, "staff_percent", d.staff_percent);
    rpc_put_bool(r, "sponsored", (int)d.paid);
    rpc_put_number(r, "seen_hide_s", d.seen_hide_s);
    rpc_put_number(r, "item_day", d.item_day);
    rpc_put_number(r, "sponsor_day", d.sponsor_day);
    rpc_put_bool(r, "must_explain", (int)d.must_explain);
    rpc_put_number(r, "model_version", d.model_version);
    rpc_put_number(r, "policy_version", d.policy_version);
    rpc_put_hex(r, "catalogue", d.catalogue, sizeof d.catalogue);
    return SOTTO_OK;
}
