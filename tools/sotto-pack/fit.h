/* fit: one model learnt from a part of a dataset, ready to be served in different ways. Called by
 * train and tune. */
#ifndef SOTTO_PACK_FIT_H
#define SOTTO_PACK_FIT_H

#include "tools/sotto-pack/examples.h"
#include "tools/sotto-pack/learn.h"
#include "tools/sotto-pack/newcomers.h"

enum method { METHOD_AUTO, METHOD_DENSE, METHOD_SPARSE };

struct fit_options {
    struct learn_params learn;
    struct serve_params serve;
    enum method method; /* METHOD_AUTO: dense where its matrix fits and has at most 45,000 items */
    int by_customer;    /* rows are people, not baskets */
    uint32_t min_baskets;
    uint64_t most_memory;              /* bytes; 0: what the machine has free */
    const struct catalogue *catalogue; /* joined to the dataset; NULL: no newcomers */
    int packs_tags;                    /* its tags go into the pack */
    uint32_t most_new;                 /* newcomers at most */
    double new_strength;               /* see newcomers_add */
};

#define FIT_DENSE_ITEMS_MAX 45000

struct fit {
    const struct dataset *data;
    struct interactions x;
    struct groups groups;
    struct rows rows;
    double repeat_rates[GROUPS_CELLS_MAX];
    uint8_t *is_new; /* per item; NULL: none is */
    uint32_t n_new;
    int is_sparse;
};

/* Whether the options name the sparse method, or leave the choice and these rows are too many items
 * or too much memory for the dense one. */
int fit_is_sparse(const struct interactions *x, const struct fit_options *options);
/* Whether learning these rows by the method that the options name, or would come to, fits into
 * memory: to be asked before hours of work. */
int fit_check(const struct interactions *x, const struct fit_options *options,
              struct sotto_error *err) MUST_CHECK;

/* Learns from the first `n_baskets` baskets but for the entries `held` (NULL: none). Release with
 * fit_free. */
int fit_learn(struct fit *f, const struct dataset *data, uint32_t n_baskets, const uint8_t *held,
              const struct fit_options *options, const char *label,
              struct sotto_error *err) MUST_CHECK;
/* The part of fit_learn that follows learning: newcomers, groups. */
int fit_describe(struct fit *f, uint32_t n_baskets, const uint8_t *held,
                 const struct fit_options *options, struct sotto_error *err) MUST_CHECK;
void fit_free(struct fit *f);

/* Quantises; `neighbours`, `edge_bytes` and `codec` as in struct quantise_source. */
int fit_serve(const struct fit *f, struct packed *packed, const struct serve_params *serve,
              uint32_t neighbours, uint64_t edge_bytes, enum model_codec codec,
              struct sotto_error *err) MUST_CHECK;

#endif
