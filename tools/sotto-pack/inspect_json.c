/* inspect_json: the same report for machines. See inspect.h. */
#include "tools/sotto-pack/inspect.h"

#include "tools/common/json.h"
#include "tools/sotto-pack/facts_build.h"

static void put_metric(struct json *j, const struct policy_metric *m) {
    json_begin_object(j, NULL);
    json_uint(j, "id", m->id);
    json_text(j, "name", m->name);
    json_uint(j, "mechanism", m->mechanism);
    json_uint(j, "unit", m->unit);
    json_uint(j, "source", m->source);
    json_uint(j, "event_mask", m->event_mask);
    json_uint(j, "epsilon_micro", m->eps_micro);
    json_uint(j, "max_cells", m->max_cells);
    json_uint(j, "max_weight", m->max_weight);
    json_uint(j, "max_value", m->max_value);
    json_uint(j, "fresh_answers_a_year", m->fresh_year);
    json_uint(j, "n_cells", m->n_cells);
    json_uint(j, "window_s", m->window_s);
    json_begin_array(j, "cells");
    for (uint32_t c = 0; c < m->n_names; c++) json_text(j, NULL, m->cells[c]);
    json_end_array(j);
    json_end_object(j);
}

static void put_policy(struct json *j, const struct policy *p) {
    static const char *const modes[] = {"never", "ask", "notice"};
    json_begin_object(j, "policy");
    json_text(j, "name", p->name);
    json_text(j, "accountable", p->accountable);
    json_text(j, "contact", p->contact);
    json_text(j, "store", modes[p->consent[SOTTO_PURPOSE_STORE]]);
    json_text(j, "personalise", modes[p->consent[SOTTO_PURPOSE_PERSONALISE]]);
    json_text(j, "measure", modes[p->consent[SOTTO_PURPOSE_MEASURE]]);
    json_text(j, "paid", modes[p->consent[SOTTO_PURPOSE_PAID]]);
    json_text(j, "sensitive", modes[p->consent[SOTTO_PURPOSE_SENSITIVE]]);
    json_uint(j, "consent_term_s", p->consent_ttl_s);
    json_uint(j, "retention_s", p->retention_s);
    json_uint(j, "idle_s", p->idle_s);
    json_uint(j, "slate_lifetime_s", p->slate_ttl_s);
    json_uint(j, "notice_version", p->notice_version);
    json_uint(j, "min_display_ms", p->min_display_ms);
    json_bool(j, "acknowledge", (int)p->must_ack);
    json_uint(j, "year_micro", p->year_micro);
    json_uint(j, "lifetime_micro", p->lifetime_micro);
    json_bool(j, "soft_keys", (int)p->allows_soft_keys);
    json_begin_array(j, "locales");
    for (uint32_t i = 0; i < p->n_texts; i++) json_text(j, NULL, p->texts[i][TEXT_LOCALE]);
    json_end_array(j);
    json_begin_array(j, "metrics");
    for (uint32_t i = 0; i < p->n_metrics; i++) put_metric(j, &p->metrics[i]);
    json_end_array(j);
    json_end_object(j);
}

static void put_model(struct json *j, const struct inspect_report *r) {
    const struct model *m = &r->model;
    json_begin_object(j, "model");
    json_uint(j, "items", m->n_items);
    json_uint(j, "edges", m->n_edges);
    json_text(j, "codec", m->codec == MODEL_VARINT ? "varint" : "fixed16");
    json_uint(j, "decay_entries", m->n_decay);
    json_uint(j, "age_entries", m->n_ages);
    json_uint(j, "repeat_age_entries", m->n_repeat_ages);
    json_begin_array(j, "groups");
    for (uint32_t g = 0; g < m->n_groups; g++) json_text(j, NULL, model_group_name(m, g));
    json_end_array(j);
    if (m->sets) {
        const struct facts_summary facts = facts_of_model(m);
        json_begin_object(j, "facts");
        facts_write_json(j, &facts);
        json_end_object(j);
    }
    json_end_object(j);
}

void inspect_print_json(const struct inspect_report *r, const char *path, size_t n) {
    struct json j = json_to(stdout);
    json_begin_object(&j, NULL);
    json_text(&j, "file", path);
    json_uint(&j, "bytes", n);
    json_bool(&j, "sound", r->container.status == SOTTO_OK);
    if (r->container.status != SOTTO_OK) json_text(&j, "problem", r->container.message);
    if (r->has_header) {
        json_text(&j, "role",
                  r->role == PACK_MODEL    ? "model"
                  : r->role == PACK_POLICY ? "policy"
                                           : "unknown");
        json_uint(&j, "version", r->version);
        json_int(&j, "not_after_s", r->not_after_s);
        json_int(&j, "created_s", r->created_s);
        json_uint(&j, "min_engine", r->min_engine);
        json_text(&j, "device_class", r->device_class);
        json_begin_array(&j, "sections");
        for (uint32_t i = 0; i < r->n_listed; i++) {
            json_begin_object(&j, NULL);
            json_uint(&j, "id", r->sections[i].id);
            json_text(&j, "name", inspect_section_name(r->sections[i].id));
            json_uint(&j, "bytes", r->sections[i].n);
            json_bool(&j, "inside", r->sections[i].is_inside);
            json_bool(&j, "hash_ok", r->sections[i].is_hash_ok);
            json_end_object(&j);
        }
        json_end_array(&j);
    }
    if (r->container.status == SOTTO_OK && r->pack.role == PACK_MODEL) put_model(&j, r);
    if (r->container.status == SOTTO_OK && r->pack.role == PACK_POLICY) put_policy(&j, &r->policy);
    json_end_object(&j);
}
