/* policy_fields: typed values of an INI file, with the first failure remembered. See
 * policy_fields.h.
 */
#include "tools/sotto-pack/policy_fields.h"

void field_check(struct builder *b, int status) {
    if (b->status == SOTTO_OK) b->status = status;
}

/* Copies into the policy's strings. */
const char *field_keep(struct builder *b, const struct ini_entry *e, const char *text, size_t n,
                       size_t most) {
    struct policy *p = b->p;
    if (n == 0 || n > most) {
        field_check(b, ini_fail(&b->ini, e, b->err,
                                n ? "it has %zu bytes, %zu are allowed"
                                  : "it is empty (%zu of 1 to %zu bytes)",
                                n, most));
        return "";
    }
    if (n + 1 > POLICY_STRINGS_BYTES - p->strings_n) {
        field_check(b,
                    ini_fail(&b->ini, e, b->err, "all texts together exceed %d bytes: shorten some",
                             POLICY_STRINGS_BYTES));
        return "";
    }
    char *copy = p->strings + p->strings_n;
    memcpy(copy, text, n);
    copy[n] = '\0';
    p->strings_n += n + 1;
    return copy;
}

const char *field_text(struct builder *b, const char *section, const char *key, const char *example,
                       size_t most) {
    if (b->status != SOTTO_OK) return "";
    struct ini_entry *e = ini_find(&b->ini, section, key, example, b->err);
    if (!e) {
        b->status = SOTTO_E_FORMAT;
        return "";
    }
    return field_keep(b, e, e->value, strlen(e->value), most);
}

uint32_t field_duration(struct builder *b, const char *section, const char *key,
                        const char *example, uint64_t least_ms, uint64_t most_ms,
                        uint64_t unit_ms) {
    uint64_t ms = 0;
    if (b->status != SOTTO_OK) return 0;
    field_check(b, ini_duration(&b->ini, section, key, example, least_ms, most_ms, &ms, b->err));
    if (b->status == SOTTO_OK && ms % unit_ms)
        field_check(b, ini_fail(&b->ini, ini_find(&b->ini, section, key, example, b->err), b->err,
                                "it must be whole seconds"));
    return (uint32_t)(ms / unit_ms);
}

uint64_t field_number(struct builder *b, const char *section, const char *key, const char *example,
                      uint64_t least, uint64_t most) {
    uint64_t v = 0;
    if (b->status == SOTTO_OK)
        field_check(b, ini_uint(&b->ini, section, key, example, least, most, &v, b->err));
    return v;
}

uint64_t field_micro(struct builder *b, const char *section, const char *key, const char *example,
                     uint64_t least, uint64_t most) {
    uint64_t v = 0;
    if (b->status == SOTTO_OK)
        field_check(b, ini_micro(&b->ini, section, key, example, least, most, &v, b->err));
    return v;
}

uint32_t field_choice(struct builder *b, const char *section, const char *key,
                      const char *const *words, unsigned n) {
    uint32_t v = 0;
    if (b->status == SOTTO_OK)
        field_check(b, ini_choice(&b->ini, section, key, words, n, &v, b->err));
    return v;
}

uint32_t field_set(struct builder *b, const char *section, const char *key, const char *example,
                   const char *const *words) {
    uint32_t set = 0;
    if (b->status != SOTTO_OK) return 0;
    struct ini_entry *e = ini_find(&b->ini, section, key, example, b->err);
    if (!e) {
        b->status = SOTTO_E_FORMAT;
        return 0;
    }
    if (strcmp(e->value, "none") == 0) return 0;
    for (const char *at = e->value + strspn(e->value, " "); *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        unsigned i = 0;
        while (words[i] && (strlen(words[i]) != n || memcmp(words[i], at, n) != 0)) i++;
        if (!words[i] || set >> (i + 1) & 1) {
            field_check(b, ini_fail(&b->ini, e, b->err,
                                    "\"%.*s\" is %s: write `none`, or words like `%s`", (int)n, at,
                                    words[i] ? "named twice" : "not understood", example));
            return 0;
        }
        set |= 2u << i;
        at += n;
    }
    if (set == 0) field_check(b, ini_fail(&b->ini, e, b->err, "it is empty: write `none`"));
    return set;
}

/* Entry number i begins a section with this prefix that no entry before it was in. */
int field_begins_section(const struct ini *ini, uint32_t i, const char *prefix) {
    const char *section = ini->entries[i].section;
    if (strncmp(section, prefix, strlen(prefix)) != 0) return 0;
    for (uint32_t k = 0; k < i; k++)
        if (strcmp(ini->entries[k].section, section) == 0) return 0;
    return 1;
}
