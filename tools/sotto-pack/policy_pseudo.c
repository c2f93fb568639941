/* policy_pseudo: banner texts of a language nobody speaks, en-XA: English with accents, longer, in
 * brackets. On a screen it shows what is clipped (a bracket is missing), what was never translated
 * (it has no accents) and fonts that lack letters. See policy_build.h. */
#include "tools/sotto-pack/policy_build.h"

#include <stdio.h>

enum { TITLE_ROOM = 60, SHORT_ROOM = 240, LINE_ROOM = 110 };

static const char *const keys[POLICY_TEXT_FIELDS] = {
    [TEXT_TITLE] = "title",   [TEXT_SHORT] = "short",   [TEXT_PLAIN] = "plain",
    [TEXT_SPEECH] = "speech", [TEXT_ACCEPT] = "accept", [TEXT_DECLINE] = "decline",
    [TEXT_WHY] = "why",       [TEXT_PERSON] = "person",
};

static const char *accented(char c, char plain[2]) {
    static const char from[] = "aceinouyACEINOUY";
    static const char *const to[] = {"\xc3\xa5", "\xc3\xa7", "\xc3\xa9", "\xc3\xae",
                                     "\xc3\xb1", "\xc3\xb6", "\xc3\xbb", "\xc3\xbd",
                                     "\xc3\x85", "\xc3\x87", "\xc3\x89", "\xc3\x8e",
                                     "\xc3\x91", "\xc3\x96", "\xc3\x9b", "\xc3\x9d"};
    const char *at = c ? strchr(from, c) : NULL;
    plain[0] = c;
    plain[1] = '\0';
    return at ? to[at - from] : plain;
}

/* One key, 40 % longer where it has room, broken where the INI's lines end. */
static void put(const char *key, const char *text, size_t room) {
    static const char *const more[] = {"\xc3\xb6\xc3\xb1\xc3\xa9", "tw\xc3\xb6",
                                       "thr\xc3\xa9\xc3\xa9", "f\xc3\xb6\xc3\xbbr"};
    size_t n = strlen(text), left = n * 2 / 5 + 1, column = strlen(key);
    char plain[2];
    if (n + 2 >= room)
        left = 0;
    else if (left > room - n - 2)
        left = room - n - 2;
    printf("%s = \xe2\x9f\xa6", key);
    for (; *text; text++) {
        const char *c = accented(*text, plain);
        column += strlen(c);
        if (*text == ' ' && column > LINE_ROOM) {
            printf("\n   ");
            column = 4;
        }
        fputs(c, stdout);
    }
    for (unsigned i = 0; left >= 6; i++, left -= 6) {
        printf(column > LINE_ROOM ? "\n    %s" : " %s", more[i % ARRAY_LEN(more)]);
        column = column > LINE_ROOM ? 10 : column + 8;
    }
    printf("\xe2\x9f\xa7\n");
}

void policy_pseudo(const struct policy *policy) {
    const char *const *text = policy->texts[policy_text_index(policy, "en")];
    printf("; Made from [text.%s] by `sotto-pack policy --pseudo`: for tests of a screen, not for "
           "people.\n"
           "[text.en-XA]\ndirection = ltr\n",
           text[TEXT_LOCALE]);
    for (int f = 0; f < POLICY_TEXT_FIELDS; f++)
        if (keys[f])
            put(keys[f], text[f],
                f == TEXT_TITLE   ? TITLE_ROOM
                : f == TEXT_SHORT ? SHORT_ROOM
                                  : 900);
}
