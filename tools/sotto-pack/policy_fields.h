/* policy_fields: how policy_build.c and policy_metric.c read the fields of an INI file into a
 * policy. The first failure is remembered; whatever is asked after it does nothing. */
#ifndef SOTTO_PACK_POLICY_FIELDS_H
#define SOTTO_PACK_POLICY_FIELDS_H

#include "pack/model.h"
#include "pack/policy.h"
#include "tools/sotto-pack/policy_ini.h"

struct builder {
    struct policy *p;
    struct ini ini;
    const struct model *model;
    struct sotto_error *err;
    int status; /* the first failure; later steps do nothing */
};

/* Remembers a failure. */
void field_check(struct builder *b, int status);
/* Copies into the policy's strings; refuses what is empty or longer than `most`. */
const char *field_keep(struct builder *b, const struct ini_entry *e, const char *text, size_t n,
                       size_t most);
/* Each reads one key that must be there; `example` shows what to write. */
const char *field_text(struct builder *b, const char *section, const char *key, const char *example,
                       size_t most);
/* In units of `unit_ms`. */
uint32_t field_duration(struct builder *b, const char *section, const char *key,
                        const char *example, uint64_t least_ms, uint64_t most_ms, uint64_t unit_ms);
uint64_t field_number(struct builder *b, const char *section, const char *key, const char *example,
                      uint64_t least, uint64_t most);
uint64_t field_micro(struct builder *b, const char *section, const char *key, const char *example,
                     uint64_t least, uint64_t most);
/* One of `n` words, by its number. */
uint32_t field_choice(struct builder *b, const char *section, const char *key,
                      const char *const *words, unsigned n);
/* Words out of `words` (NULL at the end) with spaces between, or "none": bits 1 << (number of the
 * word + 1). */
uint32_t field_set(struct builder *b, const char *section, const char *key, const char *example,
                   const char *const *words);
/* Entry number i begins a section with this prefix that no entry before it was in. */
int field_begins_section(const struct ini *ini, uint32_t i, const char *prefix);

/* policy_metric.c: reads every [metric.NAME] and holds it against what the mechanisms can keep. */
void field_metrics(struct builder *b);

#endif
