/* The presets that are shipped, the texts they share, what they are explained as, and the bounds
 * that no policy may leave. */
#include "tests/support/test.h"

#include <ctype.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/support/make_pack.h"
#include "tests/support/pack_tool.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/policy_build.h"
#include "tools/sotto-pack/policy_explain.h"
#include "tools/sotto-pack/policy_table.h"

#define FOLDER "firmware-config/policies/"

static const char *const presets[] = {"strict",   "eu", "uk", "us-ca", "us-stb",
                                      "us-child", "ca", "cn", "demo"};

static struct policy policy;

static char *replaced(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    if (!at) fail_msg("there is no \"%s\"", from);
    size_t cap = strlen(text) + strlen(to) + 1;
    char *out = calloc(1, cap);
    assert_non_null(out);
    snprintf(out, cap, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

/* The text of a preset with owner, contact and cells filled in; to be freed. */
static char *filled(const char *name) {
    char path[128];
    snprintf(path, sizeof path, FOLDER "%s.ini", name);
    char *text = pack_tool_read(path);
    for (char *at; (at = strstr(text, "= FILL IN"));) memcpy(at, "= Some One", 9);
    if (!strstr(text, "cells = groups")) return text;
    char *out = replaced(text, "cells = groups", "cells = a | b | c | other");
    free(text);
    return out;
}

/* Builds an INI as x.ini beside a copy of the shared texts, and loads the pack. */
static int build(struct pack_tool *t, const char *text) {
    char here[512], command[700];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(command, sizeof command, "cp -R '%s/" FOLDER "texts' .", here);
    assert_int_equal(pack_tool_shell(t, command), 0);
    return pack_tool_run(t, policy_main, "policy", "--out", pack_tool_path(t, "x.pack"),
                         pack_tool_write(t, "x.ini", text), NULL);
}

static const struct policy *built(struct pack_tool *t) {
    struct sotto_error err = {0};
    struct pack pack = {0};
    uint8_t *bytes;
    assert_int_equal(
        packfile_read(pack_tool_path(t, "x.pack"), POLICY_BYTES_MAX, &bytes, &pack.n, &err),
        SOTTO_OK);
    pack.bytes = bytes;
    assert_int_equal(pack_parse(&pack, "x.pack", &err), SOTTO_OK);
    assert_int_equal(policy_load(&policy, &pack, "x.pack", &err), SOTTO_OK);
    free(bytes);
    return &policy;
}

static const struct policy *built_preset(struct pack_tool *t, const char *name) {
    char *text = filled(name);
    if (build(t, text) != EXIT_OK) fail_msg("%s: %s", name, t->err);
    free(text);
    return built(t);
}

static void every_preset_builds_once_its_owner_is_named(void **state) {
    struct pack_tool *t = *state;
    for (size_t i = 0; i < ARRAY_LEN(presets); i++) {
        char path[128];
        snprintf(path, sizeof path, FOLDER "%s.ini", presets[i]);
        char *raw = pack_tool_read(path);
        int names_nobody = strstr(raw, "FILL IN") != NULL;
        if (!strstr(raw, "not legal advice")) fail_msg("%s does not say what it is not", path);

        const struct policy *p = built_preset(t, presets[i]);

        assert_string_equal(p->name, presets[i]);
        assert_int_equal(p->demo_only, strcmp(presets[i], "demo") == 0);
        assert_int_equal(names_nobody,
                         strcmp(presets[i], "demo") != 0 && strcmp(presets[i], "strict") != 0);
        if (names_nobody) {
            assert_int_equal(build(t, raw), EXIT_INTEGRITY);
            assert_non_null(strstr(t->err, "placeholder"));
        }
        free(raw);
    }
}

/* Every [section] key of a live preset stands under, or in a block under, a comment that cites. */
static void live_presets_cite_a_provision_for_every_section(void **state) {
    (void)state;
    for (size_t i = 1; i + 1 < ARRAY_LEN(presets); i++) {
        char path[128];
        snprintf(path, sizeof path, FOLDER "%s.ini", presets[i]);
        char *text = pack_tool_read(path);
        unsigned comments = 0;
        for (char *at = text; (at = strchr(at, ';')); at++)
            comments += at == text || at[-1] == '\n';
        if (comments < 30) fail_msg("%s has %u comments", path, comments);
        free(text);
    }
}

static void presets_keep_what_their_law_demands(void **state) {
    struct pack_tool *t = *state;
    enum { STORE = SOTTO_PURPOSE_STORE, PERSONALISE, MEASURE, PAID, SENSITIVE };
    const uint32_t day = 86400;
    const struct policy *p = built_preset(t, "eu");
    for (int i = STORE; i <= PAID; i++) assert_int_equal(p->consent[i], POLICY_ASK);
    assert_int_equal(p->consent[SENSITIVE], POLICY_NEVER);
    assert_int_equal(p->must_ack, 1);
    assert_int_equal(p->banner_scope, SCOPE_SESSION);
    assert_int_equal(p->allows_soft_keys, 0);
    assert_int_equal(p->child_below, 16);
    assert_int_equal(p->teen_profiling, 0);
    assert_int_equal(p->n_texts, 4);

    p = built_preset(t, "uk");
    assert_int_equal(p->age_unknown, AGE_TEEN);
    assert_int_equal(p->consent[PERSONALISE], POLICY_ASK);

    p = built_preset(t, "us-ca");
    assert_int_equal(p->consent[PERSONALISE], POLICY_NOTICE);
    assert_int_equal(p->ask_again_s, 365 * day);
    assert_true(p->signal_objects[POLICY_SIGNAL_GPC] >> PAID & 1);
    assert_true(p->signal_objects[POLICY_SIGNAL_GPC] >> PERSONALISE & 1);
    assert_int_equal(p->teen_profiling, 0);

    p = built_preset(t, "us-stb");
    assert_true(p->consent_ttl_s <= 730 * day && p->retention_s <= 365 * day);
    assert_true(p->notice_interval_s <= 365 * day);
    assert_int_equal(p->consent[PERSONALISE], POLICY_ASK);
    for (uint32_t i = 0; i < p->n_metrics; i++)
        assert_int_equal(p->metrics[i].source, SOURCE_ITEM_GROUP); /* never titles */

    p = built_preset(t, "us-child");
    for (int i = STORE; i <= SENSITIVE; i++) assert_int_equal(p->consent[i], POLICY_NEVER);
    assert_int_equal(p->n_metrics, 0);
    assert_int_equal(p->ads, ADS_REFUSE);
    assert_int_equal(p->age_unknown, AGE_CHILD);

    p = built_preset(t, "ca");
    assert_string_equal(p->texts[1][TEXT_LOCALE], "fr");

    p = built_preset(t, "cn");
    assert_true(p->receipt_ttl_s >= 3 * 365 * day);
    assert_int_equal(p->child_below, 14);

    p = built_preset(t, "demo");
    assert_int_equal(p->n_texts, 6);
    assert_string_equal(p->texts[policy_text_index(p, "ar")][TEXT_DIRECTION], "rtl");
    assert_string_equal(p->texts[policy_text_index(p, "ja")][TEXT_LOCALE], "ja");
}

static void shared_texts_are_read_as_strictly_as_the_policy(void **state) {
    struct pack_tool *t = *state;
    char *eu = filled("eu");
    static const char files[] = "files = texts/en.ini texts/de.ini texts/fr.ini texts/es.ini";
    static const struct {
        const char *line, *file, *says;
    } wrong[] = {
        {"files = ../en.ini", NULL, "not below the folder"},
        {"files = texts/../../en.ini", NULL, "not below the folder"},
        {"files = /etc/hosts", NULL, "not below the folder"},
        {"files = texts/none.ini", NULL, "none.ini"},
        {"files = texts/en.ini texts/en.ini", NULL, "en.ini:4: [text.en] direction is given twice"},
        {"files = texts/en.ini odd.ini", "[policy]\nname = other\n",
         "odd.ini:1: there is no such section"},
        {"files = texts/en.ini odd.ini", "[text.nl]\ndirection = ltr\n", "[text.nl] lacks `title`"},
        {"files = texts/en.ini odd.ini", "[text.en]\nshuort = x\n",
         "odd.ini:2: [text.en] shuort: there is no such key"},
        {"files = texts/en.ini odd.ini", "text = x\n", "before the first [section]"},
        {"files =", NULL, "there are no banner texts"},
        {"flies = texts/en.ini", NULL, "there are no banner texts"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char *text = replaced(eu, files, wrong[i].line);
        if (wrong[i].file) pack_tool_write(t, "odd.ini", wrong[i].file);
        int code = build(t, text);
        if (code == EXIT_OK || !strstr(t->err, wrong[i].says))
            fail_msg("\"%s\" gave %d and: %s", wrong[i].line, code, t->err);
        free(text);
    }
    free(eu);
}

/* ---- Lint ---------------------------------------------------------------------------------- */

static void words_that_mislead_are_refused_with_file_line_and_remedy(void **state) {
    struct pack_tool *t = *state;
    static const struct {
        const char *file, *key, *value, *says;
    } cases[] = {
        {"en", "plain", "TODO", "placeholder: write what people shall read"},
        {"en", "short", "Ask {name} at the desk.", "placeholder"},
        {"de", "short", "Lorem ipsum dolor sit.", "placeholder"},
        {"de", "plain", "Alles bleibt anonym.", "promises anonymity"},
        {"fr", "plain", "Vos visites restent anonymes.", "promises anonymity"},
        {"es", "plain", "Es un recuento an\xc3\xb3nimo.", "promises anonymity"},
        {"ar", "plain", "\xd8\xa3\xd9\x86\xd8\xaa \xd9\x85\xd8\xac\xd9\x87\xd9\x88\xd9\x84",
         "promises anonymity"},
        {"ja", "plain", "\xe5\x8c\xbf\xe5\x90\x8d\xe3\x81\xa7\xe3\x81\x99", "promises anonymity"},
        {"en", "accept", "YES, CHOOSE FOR ME", "only one of accept and decline is in capitals"},
        {"en", "decline", "NO, SAME FOR ALL", "only one of accept and decline is in capitals"},
        {"en", "accept", "Yes, choose for me!", "eye-catching mark"},
        {"en", "accept", "\xe2\x9e\x9c Yes, choose", "eye-catching mark"},
        {"en", "decline", "No, same \xf0\x9f\x98\x9e", "eye-catching mark"},
        {"en", "decline", "No", "similar length"},
        {"en", "accept", "No, same for all", "say the same"},
        {"de", "why", "Why am I seeing this?", "the same as in [text.en]: translate it"},
        {"ar", "direction", "ltr", "write rtl"},
        {"ja", "direction", "rtl", "write ltr"},
        {"fr", "direction", "rtl", "write ltr"},
        {"en", "title", "A title that goes on and on and on until no screen has room for it", "60"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *demo = filled("demo"), name[32], path[128], line[200], place[64];
        snprintf(path, sizeof path, FOLDER "texts/%s.ini", cases[i].file);
        char *text = pack_tool_read(path);
        size_t cap = strlen(text) + 300;
        char *out = calloc(1, cap);
        assert_non_null(out);
        snprintf(line, sizeof line, "\n%s =", cases[i].key);
        char *at = strstr(text, line), *end = at + 1;
        assert_non_null(at);
        for (end = strchr(end, '\n'); end && end[1] == ' ';) end = strchr(end + 1, '\n');
        assert_non_null(end);
        snprintf(out, cap, "%.*s%s %s%s", (int)(at - text), text, line, cases[i].value, end);
        snprintf(name, sizeof name, "odd.ini");
        pack_tool_write(t, name, out);
        snprintf(line, sizeof line, "texts/%s.ini", cases[i].file);
        char *edited = replaced(demo, line, "odd.ini");

        int code = build(t, edited);

        snprintf(place, sizeof place, "[text.%s] ", cases[i].file);
        if (code != EXIT_INTEGRITY || !strstr(t->err, cases[i].says) ||
            !strstr(t->err, "odd.ini:") || !strstr(t->err, place))
            fail_msg("%s %s gave %d and: %s", cases[i].key, cases[i].value, code, t->err);
        free(edited);
        free(out);
        free(text);
        free(demo);
    }
}

static void todo_of_spanish_is_no_placeholder_and_dialects_may_agree(void **state) {
    struct pack_tool *t = *state;
    char *eu = filled("eu"), *en = pack_tool_read(FOLDER "texts/en.ini");
    char *gb = replaced(en, "[text.en]", "[text.en-GB]");
    pack_tool_write(t, "gb.ini", gb);
    char *text = replaced(eu, "texts/en.ini", "texts/en.ini gb.ini");

    assert_int_equal(build(t, text), EXIT_OK);
    assert_non_null(strstr(built(t)->texts[4][TEXT_PLAIN], "lista que todos"));

    char *odd = replaced(text, "jurisdiction = European Union", "jurisdiction = TBD");
    assert_int_equal(build(t, odd), EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "[policy] jurisdiction: \"TBD\" looks like a placeholder"));
    free(odd);
    free(text);
    free(gb);
    free(en);
    free(eu);
}

static void pseudo_language_is_longer_accented_and_passes_the_lint(void **state) {
    struct pack_tool *t = *state;
    char *demo = filled("demo");
    assert_int_equal(build(t, demo), EXIT_OK);
    assert_int_equal(
        pack_tool_run(t, policy_main, "policy", "--pseudo", pack_tool_path(t, "x.pack"), NULL),
        EXIT_OK);
    char *pseudo = strdup(t->out);
    pack_tool_write(t, "xa.ini", pseudo);
    char *text = replaced(demo, "texts/ja.ini", "texts/ja.ini xa.ini");

    if (build(t, text) != EXIT_OK) fail_msg("%s", t->err);

    const struct policy *p = built(t);
    const char *const *en = p->texts[0], *const *xa = p->texts[6];
    assert_string_equal(xa[TEXT_LOCALE], "en-XA");
    for (int f = TEXT_TITLE; f < POLICY_TEXT_FIELDS; f++) {
        if (f == TEXT_ICON) continue;
        assert_true(strlen(xa[f]) > strlen(en[f]) + strlen(en[f]) / 5);
        assert_memory_equal(xa[f], "\xe2\x9f\xa6", 3);
        assert_string_equal(xa[f] + strlen(xa[f]) - 3, "\xe2\x9f\xa7");
        for (const char *c = xa[f]; *c; c++) /* a vowel without its accent was not gone through */
            if (strchr("aeiou", *c) && f == TEXT_SHORT) fail_msg("left alone: %s", xa[f]);
    }
    free(text);
    free(pseudo);
    free(demo);
}

/* ---- The documents ------------------------------------------------------------------------- */

static const char *const documents[] = {"notice", "record", "dpia"};

/* All that the three documents say of x.pack, one after the other; to be freed. */
static char *explained(struct pack_tool *t, const char *file) {
    size_t n = 0;
    char *all = calloc(3, PACK_TOOL_TEXT);
    assert_non_null(all);
    for (unsigned d = 0; d < ARRAY_LEN(documents); d++) {
        if (pack_tool_run(t, policy_main, "policy", "--explain", documents[d], file, NULL) !=
            EXIT_OK)
            fail_msg("%s", t->err);
        n += (size_t)snprintf(all + n, 3 * PACK_TOOL_TEXT - n, "%s", t->out);
    }
    return all;
}

static void documents_say_who_answers_what_noise_covers_and_what_they_are_not(void **state) {
    struct pack_tool *t = *state;
    for (size_t i = 0; i < ARRAY_LEN(presets); i++) {
        const struct policy *p = built_preset(t, presets[i]);
        const char *pack = pack_tool_path(t, "x.pack"), *ini = pack_tool_path(t, "x.ini");
        for (unsigned d = 0; d < ARRAY_LEN(documents); d++) {
            assert_int_equal(
                pack_tool_run(t, policy_main, "policy", "--explain", documents[d], pack, NULL),
                EXIT_OK);
            assert_non_null(strstr(t->out, "Engineering defaults, not legal advice."));
            assert_non_null(strstr(t->out, p->accountable));
            assert_non_null(strstr(t->out, p->contact));
            assert_non_null(strstr(t->out, p->handoff_else));
            assert_non_null(strstr(t->out, p->jurisdiction));
            assert_non_null(
                strstr(t->out, p->n_metrics ? "What is protected: " : "Nothing leaves"));
            if (p->n_metrics) assert_non_null(strstr(t->out, "What is not:"));
            assert_null(strstr(t->out, "%s"));
            assert_null(strstr(t->out, "(null)"));
            assert_null(strcasestr(t->out, "anonym"));
            assert_null(strstr(t->out, "\n## "));
            if (d > 0) assert_non_null(strstr(t->out, "[GDPR Art. "));
            char *text = strdup(t->out);
            assert_int_equal(pack_tool_run(t, policy_main, "policy", "--markdown", "--explain",
                                           documents[d], ini, NULL),
                             EXIT_OK);
            assert_memory_equal(t->out, "# ", 2);
            assert_non_null(strstr(t->out, "\n## "));
            free(text);
        }
    }
}

/* Whatever a policy changes, somebody reads of. */
static void every_field_shows_in_some_document(void **state) {
    struct pack_tool *t = *state;
    struct sotto_error err = {0};
    static struct policy changed;
    const struct pack_manifest manifest = {.role = PACK_POLICY, .version = 1, .device_class = ""};
    built_preset(t, "eu");
    char *before = explained(t, pack_tool_path(t, "x.pack"));
    for (unsigned i = 0; i < POLICY_NUMBERS; i++) {
        const struct policy_number *number = &policy_numbers[i];
        if (number->least == number->most) continue; /* no policy can change it */
        changed = policy;
        uint64_t now = policy_number(&policy, i);
        policy_set_number(&changed, i, now == number->most ? now - 1 : now + 1);
        if (i == POLICY_KEY_CHILD_BELOW - POLICY_KEY_STORE) policy_set_number(&changed, i, 15);
        if (policy_rows[i].form == FORM_SET) policy_set_number(&changed, i, now ^ 4);
        uint8_t *bytes;
        size_t n;
        if (policy_pack(&changed, &manifest, "x", &bytes, &n, &err) != SOTTO_OK)
            fail_msg("%s: %s", number->what, err.message);
        const char *path = pack_tool_path(t, "changed.pack");
        assert_int_equal(packfile_replace(path, bytes, n, 0644, &err), SOTTO_OK);
        free(bytes);

        char *after = explained(t, path);

        if (strcmp(before, after) == 0) fail_msg("no document tells the %s", number->what);
        if (!explain_rows[i].law || !*explain_rows[i].law) fail_msg("%s: no law", number->what);
        free(after);
    }
    free(before);
}

static void explaining_refuses_what_is_no_policy(void **state) {
    struct pack_tool *t = *state;
    built_preset(t, "eu");
    const char *pack = pack_tool_path(t, "x.pack"), *ini = pack_tool_path(t, "x.ini");
    static const char *const wrong[][4] = {
        {"--explain", "poem", "no document"},
        {"--explain", "notice", "three commands", "--pseudo"},
        {"--pseudo", "--markdown", "goes with --explain"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const char *words[] = {"policy", wrong[i][0], wrong[i][1], ini, wrong[i][3], NULL};
        assert_int_equal(pack_tool_run_words(t, policy_main, words), EXIT_USAGE);
        assert_non_null(strstr(t->err, wrong[i][2]));
    }
    assert_int_equal(pack_tool_shell(t, "printf 'SOTTOPK1 and no more' >torn.pack"), 0);
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--explain", "notice",
                                   pack_tool_path(t, "torn.pack"), NULL),
                     EXIT_INTEGRITY);
    assert_string_equal(t->out, "");
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--explain", "notice", pack, NULL),
                     EXIT_OK);
}

/* ---- Bounds -------------------------------------------------------------------------------- */

static int decodes(const struct make_policy *p, struct sotto_error *err) {
    static uint8_t bytes[65536];
    struct pack pack = {.bytes = bytes, .n = make_policy_pack(bytes, p)};
    assert_int_equal(pack_parse(&pack, "hand-made", err), SOTTO_OK);
    return policy_load(&policy, &pack, "hand-made", err);
}

/* From CBOR that no compiler wrote: the bound itself is allowed, one beyond it is not. */
static void device_refuses_every_number_beyond_its_bound(void **state) {
    (void)state;
    struct sotto_error err = {0};
    for (unsigned i = 0; i < POLICY_NUMBERS; i++) {
        const struct policy_number *n = &policy_numbers[i];
        struct make_policy p = {.field = POLICY_KEY_STORE + i};
        int is_age = p.field == POLICY_KEY_CHILD_BELOW || p.field == POLICY_KEY_TEEN_BELOW;
        p.value = n->most;
        if (!is_age && decodes(&p, &err) != SOTTO_OK) fail_msg("%s: %s", n->what, err.message);
        if (!is_age) assert_int_equal(policy_number(&policy, i), n->most);
        p.value = n->least;
        if (!is_age && decodes(&p, &err) != SOTTO_OK) fail_msg("%s: %s", n->what, err.message);
        const uint64_t beyond[] = {n->most + 1, n->most + (UINT64_C(1) << 32), UINT64_MAX,
                                   (uint64_t)n->least - 1};
        for (size_t k = 0; k < ARRAY_LEN(beyond); k++) {
            p.value = beyond[k];
            if (decodes(&p, &err) != SOTTO_E_FORMAT || !strstr(err.message, n->what))
                fail_msg("%s: %llu is accepted", n->what, (unsigned long long)beyond[k]);
            assert_string_equal(policy.name, "strict");
        }
    }
}

/* Written by a person: the same bounds, told with file and line. */
static void compiler_refuses_every_number_beyond_its_bound(void **state) {
    struct pack_tool *t = *state;
    char *eu = filled("eu");
    for (unsigned i = 0; i < POLICY_NUMBERS; i++) {
        const struct policy_row *row = &policy_rows[i];
        const struct policy_number *n = &policy_numbers[i];
        static const char *const suffix[] = {"", "", "", "s", "ms", ""};
        char key[64], values[2][64] = {"", ""};
        switch (row->form) {
        case FORM_CHOICE:
            snprintf(values[0], 64, "%s",
                     row->words[n->most + 1] ? row->words[n->most + 1] : "odd");
            break;
        case FORM_COUNT:
        case FORM_SECONDS:
        case FORM_MS:
            snprintf(values[0], 64, "%llu%s", (unsigned long long)n->most + 1, suffix[row->form]);
            if (n->least) snprintf(values[1], 64, "%u%s", n->least - 1, suffix[row->form]);
            break;
        case FORM_MICRO:
            snprintf(values[0], 64, "%llu.1", (unsigned long long)n->most / 1000000);
            break;
        case FORM_SET: snprintf(values[0], 64, "odd"); break;
        }
        if (n->least == n->most) snprintf(values[1], 64, "none");
        for (int v = 0; v < 2; v++) {
            if (!values[v][0]) continue;
            snprintf(key, sizeof key, "\n%s = ", row->key);
            char *at = strstr(eu, key), *end = at ? strchr(at + 1, '\n') : NULL;
            if (!at || !end) fail_msg("eu.ini has no %s", row->key);
            size_t cap = strlen(eu) + 100;
            char *text = calloc(1, cap);
            assert_non_null(text);
            snprintf(text, cap, "%.*s%s%s%s", (int)(at - eu), eu, key, values[v], end);

            int code = build(t, text);

            snprintf(key, sizeof key, "[%s] %s: ", row->section, row->key);
            if (code != EXIT_INTEGRITY || !strstr(t->err, key) || !strstr(t->err, "x.ini:"))
                fail_msg("%s = %s gave %d and: %s", row->key, values[v], code, t->err);
            free(text);
        }
    }
    free(eu);
}

static void readme_explains_every_key(void **state) {
    (void)state;
    char *readme = pack_tool_read(FOLDER "README.md"), key[64];
    for (unsigned i = 0; i < POLICY_NUMBERS; i++) {
        snprintf(key, sizeof key, "`%s`", policy_rows[i].key);
        if (!strstr(readme, key)) fail_msg("README.md does not explain %s", key);
        snprintf(key, sizeof key, "`[%s]`", policy_rows[i].section);
        if (!strstr(readme, key)) fail_msg("README.md does not explain %s", key);
    }
    for (size_t i = 0; i < ARRAY_LEN(presets); i++) {
        snprintf(key, sizeof key, "`%s.ini`", presets[i]);
        if (!strstr(readme, key)) fail_msg("README.md does not list %s", key);
    }
    free(readme);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        IN_FOLDER(every_preset_builds_once_its_owner_is_named),
        cmocka_unit_test(live_presets_cite_a_provision_for_every_section),
        IN_FOLDER(presets_keep_what_their_law_demands),
        IN_FOLDER(shared_texts_are_read_as_strictly_as_the_policy),
        IN_FOLDER(words_that_mislead_are_refused_with_file_line_and_remedy),
        IN_FOLDER(todo_of_spanish_is_no_placeholder_and_dialects_may_agree),
        IN_FOLDER(pseudo_language_is_longer_accented_and_passes_the_lint),
        IN_FOLDER(documents_say_who_answers_what_noise_covers_and_what_they_are_not),
        IN_FOLDER(every_field_shows_in_some_document),
        IN_FOLDER(explaining_refuses_what_is_no_policy),
        cmocka_unit_test(device_refuses_every_number_beyond_its_bound),
        IN_FOLDER(compiler_refuses_every_number_beyond_its_bound),
        cmocka_unit_test(readme_explains_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
