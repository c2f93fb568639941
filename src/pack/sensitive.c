/* sensitive: see sensitive.h. */
#include "pack/sensitive.h"

static const char names[SENSITIVE_KINDS][16] = {
    "health",    "religion",    "politics", "union",         "sexuality",
    "ethnicity", "biometrics",  "children", "money-trouble", "addiction",
    "location",  "immigration", "criminal", "neural",        "unclassified",
};

const char *sensitive_name(unsigned kind) { return names[kind]; }

uint32_t sensitive_of_name(const char *name, size_t n) {
    for (unsigned i = 0; i < SENSITIVE_KINDS; i++)
        if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0) return 1u << i;
    return 0;
}
