/* catalogue: what is known of products apart from their sales: titles, categories and tags, from a
 * table of their own. Host side only; called by sotto-pack train. */
#ifndef SOTTO_CATALOGUE_H
#define SOTTO_CATALOGUE_H

#include "base/base.h"
#include "tools/common/dataset.h"

/* What a catalogue may say of a product, as bits: those of enum model_fact (pack/model.h). */
struct catalogue_item {
    const char *id, *title, *category; /* "" if missing */
    const char *provider, *payer;      /* who offers it, who pays for its place; "" if nobody */
    uint32_t sensitive;                /* bits of enum sotto_sensitive that its column names */
    uint16_t flags;                    /* enum model_fact */
    uint8_t rating;                    /* least age, 0 to 21 */
    uint8_t is_classified;             /* its column said something of sensitive kinds, or "none" */
    const uint32_t *tags;              /* numbers of tags, its category among them */
    uint32_t n_tags;
};

struct catalogue {
    struct catalogue_item *items; /* by id */
    uint32_t n;
    uint32_t n_tags;    /* distinct */
    int is_classified;  /* it has a column `sensitive` */
    uint64_t bad_lines; /* left out, as are lines without an id and ids that came before */
    uint8_t hash[32];   /* BLAKE2b-256 of the decompressed file */
    void *owned;
};

/* Reads a CSV (as dataset_read does). `map`: "item=product_id,title=name,category=department,
 * tags=brand+type"; NULL: item, title and category by their usual names, no tags. A tag is a column
 * and its value; "NA" and nothing are none. More meanings: sponsor (who pays for its place),
 * synthetic and staff (yes or no), provider, rating (least age; 18 and more is for adults only),
 * sensitive (kinds by their ids, or none). SOTTO_E_FORMAT, with the line, where one of these cannot
 * be what it says: a product is paid for by somebody who has a name. Release with catalogue_free.
 */
int catalogue_read(struct catalogue *c, const char *path, const char *map,
                   struct sotto_error *err) MUST_CHECK;
void catalogue_free(struct catalogue *c);
/* A tag as "column=value". */
const char *catalogue_tag(const struct catalogue *c, uint32_t number);
/* NULL if it is not there. */
const struct catalogue_item *catalogue_find(const struct catalogue *c, const char *id);

/* Gives data's items the titles and categories that they lack, and appends the catalogue's other
 * items, in no basket. The catalogue must outlive the dataset. */
int catalogue_join(const struct catalogue *c, struct dataset *data,
                   struct sotto_error *err) MUST_CHECK;

#endif
