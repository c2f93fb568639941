/* sensitive: the kinds of goods and titles that say more of a person than a taste, by name. What
 * belongs to a kind is judged by tools (tools/common/sensitive_words.h) and by whoever fills the
 * catalogue; the device only holds the bits against consent to SOTTO_PURPOSE_SENSITIVE. */
#ifndef SOTTO_SENSITIVE_H
#define SOTTO_SENSITIVE_H

#include "base/base.h"

/* Bits; a pack keeps them in 16. After GDPR Art. 9 and 10, CPRA 1798.140(ae), PIPL Art. 28. */
enum sotto_sensitive {
    SOTTO_SENSITIVE_HEALTH = 1 << 0,
    SOTTO_SENSITIVE_RELIGION = 1 << 1,
    SOTTO_SENSITIVE_POLITICS = 1 << 2,
    SOTTO_SENSITIVE_UNION = 1 << 3,
    SOTTO_SENSITIVE_SEXUALITY = 1 << 4,
    SOTTO_SENSITIVE_ETHNICITY = 1 << 5,
    SOTTO_SENSITIVE_BIOMETRICS = 1 << 6,
    SOTTO_SENSITIVE_CHILDREN = 1 << 7,
    SOTTO_SENSITIVE_MONEY_TROUBLE = 1 << 8,
    SOTTO_SENSITIVE_ADDICTION = 1 << 9, /* gambling, alcohol, tobacco */
    SOTTO_SENSITIVE_LOCATION = 1 << 10,
    SOTTO_SENSITIVE_IMMIGRATION = 1 << 11,
    SOTTO_SENSITIVE_CRIMINAL = 1 << 12,
    SOTTO_SENSITIVE_NEURAL = 1 << 13,
    /* Nobody has judged it yet: treated like a sensitive kind until somebody does. */
    SOTTO_SENSITIVE_UNCLASSIFIED = 1 << 14
};
#define SENSITIVE_KINDS 15
#define SENSITIVE_ALL   ((1u << SENSITIVE_KINDS) - 1)

/* The name of bit 1 << kind, as catalogues write it: "money-trouble". `kind` < SENSITIVE_KINDS. */
const char *sensitive_name(unsigned kind);
/* The bit of a name of `n` bytes; 0 if there is no such kind. */
uint32_t sensitive_of_name(const char *name, size_t n) MUST_CHECK;

#endif
