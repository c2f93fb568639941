/* policy_lint: rules about the words on the banner. See policy_build.h. */
#include "tools/sotto-pack/policy_build.h"

#include <stdio.h>
#include <strings.h>

enum { TITLE_MAX = 60, SHORT_MAX = 240, LABEL_SLACK = 4 };

static const char *const field_keys[POLICY_TEXT_FIELDS] = {
    [TEXT_TITLE] = "title",   [TEXT_SHORT] = "short",   [TEXT_PLAIN] = "plain",
    [TEXT_SPEECH] = "speech", [TEXT_ACCEPT] = "accept", [TEXT_DECLINE] = "decline",
    [TEXT_WHY] = "why",       [TEXT_PERSON] = "person",
};

static size_t characters(const char *s) {
    size_t n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static const struct ini_entry *entry_of(const struct ini *ini, const char *locale,
                                        const char *key) {
    static const struct ini_entry nowhere = {.section = "text"};
    for (uint32_t i = 0; i < ini->n; i++)
        if (strncmp(ini->entries[i].section, "text.", 5) == 0 &&
            strcmp(ini->entries[i].section + 5, locale) == 0 &&
            strcmp(ini->entries[i].key, key) == 0)
            return &ini->entries[i];
    return &nowhere;
}

/* "anonymous", "anonymously", German "anonym": a count per visit is protected, not anonymous, and
 * nobody may be told otherwise. */
static int promises_anonymity(const char *text) {
    for (; *text; text++)
        if (strncasecmp(text, "anonym", 6) == 0) return 1;
    return 0;
}

static int lint_text(const char *const *text, const struct ini *ini, struct sotto_error *err) {
    const char *locale = text[TEXT_LOCALE];
    for (int f = 0; f < POLICY_TEXT_FIELDS; f++)
        if (field_keys[f] && promises_anonymity(text[f]))
            return ini_fail(
                ini, entry_of(ini, locale, field_keys[f]), err,
                "it promises anonymity, which noised counts do not give: say what is kept and "
                "what is sent instead");
    if (characters(text[TEXT_TITLE]) > TITLE_MAX)
        return ini_fail(ini, entry_of(ini, locale, "title"), err,
                        "it has %zu characters, %d are allowed: a title is one line",
                        characters(text[TEXT_TITLE]), TITLE_MAX);
    if (characters(text[TEXT_SHORT]) > SHORT_MAX)
        return ini_fail(ini, entry_of(ini, locale, "short"), err,
                        "it has %zu characters, %d are allowed: move the rest to `plain`",
                        characters(text[TEXT_SHORT]), SHORT_MAX);
    size_t accept = characters(text[TEXT_ACCEPT]), decline = characters(text[TEXT_DECLINE]);
    size_t more = accept > decline ? accept : decline, less = accept > decline ? decline : accept;
    /* Short words differ by chance ("OK", "Close"); beyond that a longer label is a nudge. */
    if (more > 2 * less && more - less > LABEL_SLACK)
        return ini_fail(
            ini, entry_of(ini, locale, "accept"), err,
            "accept (%zu characters) and decline (%zu) must be of similar length, within "
            "twofold, so that neither nudges",
            accept, decline);
    return SOTTO_OK;
}

int policy_lint(const struct policy *policy, const struct ini *ini, struct sotto_error *err) {
    for (uint32_t i = 0; i < policy->n_texts; i++) {
        int status = lint_text(policy->texts[i], ini, err);
        if (status != SOTTO_OK) return status;
    }
    return SOTTO_OK;
}
