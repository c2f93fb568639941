/* inspect: what is in a pack, told section by section, as far as it can be read. Nothing here
 * trusts the pack. Called by inspect_main and by tests. */
#ifndef SOTTO_PACK_INSPECT_H
#define SOTTO_PACK_INSPECT_H

#include "pack/model.h"
#include "pack/policy.h"

struct inspect_section {
    uint32_t id;
    uint64_t offset, n;
    int is_inside;  /* lies within the file */
    int is_hash_ok; /* its bytes fit its hash */
};

struct inspect_report {
    int has_header; /* magic and enough bytes; the manifest fields below are as found */
    uint32_t format, role, min_engine, n_sections;
    uint64_t version, length; /* length as the header has it */
    int64_t not_after_s, created_s;
    char device_class[PACK_CLASS_MAX + 1]; /* printable, else "" */
    uint32_t n_listed;                     /* entries of the table that could be read */
    struct inspect_section sections[PACK_SECTIONS_MAX];
    struct sotto_error
        container; /* what pack_parse, then model_load or policy_load said; status 0: sound */
    struct pack pack;
    struct model model;   /* when sound and a model */
    struct policy policy; /* when sound and a policy */
};

/* Reads everything that can be read of `bytes`; never fails, what is wrong is in report->container.
 * The bytes must outlive the report. */
void inspect_bytes(struct inspect_report *report, const uint8_t *bytes, size_t n, const char *path);

const char *inspect_section_name(uint32_t id);

/* Print for people, or as JSON. */
void inspect_print(const struct inspect_report *report, const char *path, size_t n);
void inspect_print_json(const struct inspect_report *report, const char *path, size_t n);
/* The card of a sound model pack, or NULL: a terminal believes escape sequences, so a card that is
 * not printable text in lines is not shown. Not NUL-terminated. */
const char *inspect_card(const struct inspect_report *report, size_t *n);
/* The strongest neighbours of an item by title. SOTTO_E_NOT_FOUND when the catalogue has no such
 * item. */
int inspect_explain(const struct model *model, const char *path, const char *id,
                    struct sotto_error *err) MUST_CHECK;

#endif
