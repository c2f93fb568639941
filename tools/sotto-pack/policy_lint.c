/* policy_lint: rules about the words on the banner, in every language. See policy_build.h. */
#include "tools/sotto-pack/policy_build.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

enum { TITLE_MAX = 60, SHORT_MAX = 240, LABEL_SLACK = 4, SAME_LEAST = 8 };

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

/* A count per visit is protected, not anonymous, and nobody may be told otherwise. */
static int promises_anonymity(const char *text) {
    static const char *const words[] = {
        "anonym", /* English, German, French */
        "an\xc3\xb3nim",
        "an\xc3\x93nim",
        "anonim",                                   /* Spanish */
        "\xe5\x8c\xbf\xe5\x90\x8d",                 /* Japanese, Chinese: 匿名 */
        "\xd9\x85\xd8\xac\xd9\x87\xd9\x88\xd9\x84", /* Arabic: unknown; hidden identity */
        "\xd8\xa5\xd8\xae\xd9\x81\xd8\xa7\xd8\xa1 \xd8\xa7\xd9\x84\xd9\x87\xd9\x88\xd9\x8a\xd8\xa9",
    };
    for (; *text; text++)
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
            if (strncasecmp(text, words[i], strlen(words[i])) == 0) return 1;
    return 0;
}

/* Capitals, since "todo" and "xxx" are words of some language. */
static const char *placeholder_in(const char *text) {
    static const char *const words[] = {"FILL IN",     "TODO",        "TBD", "FIXME",
                                        "Lorem ipsum", "lorem ipsum", "XXX", "{",
                                        "<...",        "%s",          "???"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strstr(text, words[i])) return words[i];
    return NULL;
}

/* ---- Yes and no ---------------------------------------------------------------------------- */

static int is_shouted(const char *label) {
    int upper = 0;
    for (; *label; label++) {
        if (islower((unsigned char)*label)) return 0;
        upper += isupper((unsigned char)*label) != 0;
    }
    return upper > 2; /* "OK" is a word */
}

/* Marks that draw the eye: exclamation, arrows, stars, ticks, and all of emoji. */
static int is_decked(const char *label) {
    for (; *label; label++) {
        unsigned char c = (unsigned char)*label;
        if (c == '!' || c == '*' || c == '>' || c >= 0xF0) return 1;
        /* U+2190 to U+2BFF, and the wide exclamation mark U+FF01. */
        if (c == 0xE2 && (unsigned char)label[1] >= 0x86 && (unsigned char)label[1] <= 0xAF)
            return 1;
        if (strncmp(label, "\xef\xbc\x81", 3) == 0) return 1;
    }
    return 0;
}

static int lint_choice(const char *const *text, const struct ini *ini, struct sotto_error *err) {
    const char *yes = text[TEXT_ACCEPT], *no = text[TEXT_DECLINE];
    const struct ini_entry *entry = entry_of(ini, text[TEXT_LOCALE], "accept");
    size_t accept = characters(yes), decline = characters(no);
    size_t more = accept > decline ? accept : decline, less = accept > decline ? decline : accept;
    /* Short words differ by chance ("OK", "Close"); beyond that a longer label is a nudge. */
    if (more > 2 * less && more - less > LABEL_SLACK)
        return ini_fail(
            ini, entry, err,
            "accept (%zu characters) and decline (%zu) must be of similar length, within "
            "twofold, so that neither nudges",
            accept, decline);
    if (is_shouted(yes) != is_shouted(no))
        return ini_fail(ini, entry, err,
                        "only one of accept and decline is in capitals: write both alike");
    if (is_decked(yes) != is_decked(no))
        return ini_fail(ini, entry, err,
                        "only one of accept and decline has an eye-catching mark: remove it");
    if (strcmp(yes, no) == 0)
        return ini_fail(ini, entry, err, "accept and decline say the same: nobody could choose");
    return SOTTO_OK;
}

/* ---- One language -------------------------------------------------------------------------- */

/* Letters of scripts written from right to left (Hebrew to Arabic Extended, U+0590 to U+08FF, and
 * the presentation forms) less all other letters. */
static int rightwardness(const char *text) {
    int right = 0;
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        if ((*s & 0xC0) == 0x80) continue;
        if ((*s >= 0xD6 && *s <= 0xDF) || (*s == 0xE0 && s[1] < 0xA4) ||
            (*s == 0xEF && (s[1] == 0xAC || s[1] == 0xAD || s[1] == 0xB9 || s[1] == 0xBA)))
            right++;
        else if (isalpha(*s) || *s >= 0xC3)
            right--;
    }
    return right;
}

static int lint_text(const char *const *text, const struct ini *ini, struct sotto_error *err) {
    const char *locale = text[TEXT_LOCALE], *word;
    for (int f = 0; f < POLICY_TEXT_FIELDS; f++) {
        if (!field_keys[f]) continue;
        const struct ini_entry *entry = entry_of(ini, locale, field_keys[f]);
        if (promises_anonymity(text[f]))
            return ini_fail(
                ini, entry, err,
                "it promises anonymity, which noised counts do not give: say what is kept and "
                "what is sent instead");
        if ((word = placeholder_in(text[f])))
            return ini_fail(ini, entry, err,
                            "\"%s\" looks like a placeholder: write what people shall read", word);
    }
    if (characters(text[TEXT_TITLE]) > TITLE_MAX)
        return ini_fail(ini, entry_of(ini, locale, "title"), err,
                        "it has %zu characters, %d are allowed: a title is one line",
                        characters(text[TEXT_TITLE]), TITLE_MAX);
    if (characters(text[TEXT_SHORT]) > SHORT_MAX)
        return ini_fail(ini, entry_of(ini, locale, "short"), err,
                        "it has %zu characters, %d are allowed: move the rest to `plain`",
                        characters(text[TEXT_SHORT]), SHORT_MAX);
    int is_right = rightwardness(text[TEXT_SHORT]) > 0;
    if (is_right != (strcmp(text[TEXT_DIRECTION], "rtl") == 0))
        return ini_fail(ini, entry_of(ini, locale, "direction"), err,
                        "the text is written from %s: write %s",
                        is_right ? "right to left" : "left to right", is_right ? "rtl" : "ltr");
    return lint_choice(text, ini, err);
}

/* ---- Between languages --------------------------------------------------------------------- */

static int is_same_language(const char *a, const char *b) {
    size_t n = strcspn(a, "-");
    return n == strcspn(b, "-") && strncasecmp(a, b, n) == 0;
}

static int lint_pair(const char *const *first, const char *const *second, const struct ini *ini,
                     struct sotto_error *err) {
    const char *locale = second[TEXT_LOCALE];
    if (strcasecmp(first[TEXT_LOCALE], locale) == 0)
        return ini_fail(ini, entry_of(ini, locale, "title"), err,
                        "this language is given twice: remove one");
    for (int f = 0; f < POLICY_TEXT_FIELDS; f++)
        if (field_keys[f] && !is_same_language(first[TEXT_LOCALE], locale) &&
            characters(first[f]) >= SAME_LEAST && strcmp(first[f], second[f]) == 0)
            return ini_fail(ini, entry_of(ini, locale, field_keys[f]), err,
                            "it is the same as in [text.%s]: translate it", first[TEXT_LOCALE]);
    return SOTTO_OK;
}

/* What people read of the policy besides the banner. */
static int lint_words(const struct policy *p, const struct ini *ini, struct sotto_error *err) {
    const char *word, *texts[] = {p->name, p->jurisdiction, p->handoff_else};
    static const char *const keys[] = {"name", "jurisdiction", "otherwise"};
    for (unsigned i = 0; i < ARRAY_LEN(texts); i++)
        if ((word = placeholder_in(texts[i])))
            for (uint32_t k = 0; k < ini->n; k++)
                if (strcmp(ini->entries[k].key, keys[i]) == 0)
                    return ini_fail(ini, &ini->entries[k], err,
                                    "\"%s\" looks like a placeholder: write what people shall read",
                                    word);
    return SOTTO_OK;
}

int policy_lint(const struct policy *policy, const struct ini *ini, struct sotto_error *err) {
    int status = lint_words(policy, ini, err);
    for (uint32_t i = 0; i < policy->n_texts && status == SOTTO_OK; i++) {
        status = lint_text(policy->texts[i], ini, err);
        for (uint32_t k = 0; k < i && status == SOTTO_OK; k++)
            status = lint_pair(policy->texts[k], policy->texts[i], ini, err);
    }
    return status;
}
