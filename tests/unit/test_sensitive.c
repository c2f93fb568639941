/* Sensitive kinds: names, words in four languages, words that only look alike, and tags that reveal
 * something together. */
#include "tests/support/test.h"

#include "tools/common/sensitive_words.h"

static void every_kind_has_a_name_that_leads_back_to_its_bit(void **state) {
    (void)state;
    for (unsigned i = 0; i < SENSITIVE_KINDS; i++) {
        const char *name = sensitive_name(i);
        assert_int_equal(sensitive_of_name(name, strlen(name)), 1u << i);
        assert_int_equal(sensitive_of_name(name, strlen(name) - 1), 0);
    }
    assert_int_equal(sensitive_of_name("money-trouble", 13), SOTTO_SENSITIVE_MONEY_TROUBLE);
    assert_int_equal(sensitive_of_name("neural", 6), SOTTO_SENSITIVE_NEURAL);
    assert_int_equal(sensitive_of_name("", 0), 0);
}

static void words_mark_their_kind_in_every_language(void **state) {
    (void)state;
    static const struct {
        uint32_t kind;
        const char *texts[5];
    } cases[] = {
        {SOTTO_SENSITIVE_HEALTH,
         {"Pregnancy Test (2)", "Schwangerschaftstest", "Préservatifs", "Embarazo y salud"}},
        {SOTTO_SENSITIVE_RELIGION, {"HALAL meat", "Gebetsbuch", "Mosquée", "Biblia"}},
        {SOTTO_SENSITIVE_POLITICS, {"Elections", "Politik", "Politique", "Política"}},
        {SOTTO_SENSITIVE_UNION, {"Trade unions", "Gewerkschaften", "Syndicat", "Sindicatos"}},
        {SOTTO_SENSITIVE_SEXUALITY, {"Gay cinema", "Erotikfilme", "Érotique", "Lesbianas"}},
        {SOTTO_SENSITIVE_ETHNICITY, {"Afro hair", "ethnisch", "Origine ethnique", "Indígena"}},
        {SOTTO_SENSITIVE_BIOMETRICS,
         {"Fingerprint lock", "Gesichtserkennung", "Test ADN", "Reconocimiento facial"}},
        {SOTTO_SENSITIVE_CHILDREN, {"Baby food", "Säuglinge", "Bébé", "Pañales"}},
        {SOTTO_SENSITIVE_MONEY_TROUBLE,
         {"Payday loans", "Schuldenberatung", "Surendettement", "Deudas"}},
        {SOTTO_SENSITIVE_ADDICTION, {"Craft Beers", "Rotwein", "Vins & spiritueux", "Cervezas"}},
        {SOTTO_SENSITIVE_LOCATION,
         {"GPS tracker", "Frauenhaus", "Géolocalisation", "Geolocalización"}},
        {SOTTO_SENSITIVE_IMMIGRATION, {"Asylum", "Flüchtlinge", "Titre de séjour", "Inmigración"}},
        {SOTTO_SENSITIVE_CRIMINAL,
         {"Bail bonds", "Führungszeugnis", "Casier judiciaire", "Antecedentes penales"}},
        {SOTTO_SENSITIVE_NEURAL,
         {"EEG headset", "Gehirnwellen", "Ondes cérébrales", "Ondas cerebrales"}},
    };
    assert_int_equal(ARRAY_LEN(cases), SENSITIVE_KINDS - 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (size_t t = 0; cases[i].texts[t]; t++)
            if (!(sensitive_of_text(cases[i].texts[t]) & cases[i].kind))
                fail_msg("\"%s\" is no %s", cases[i].texts[t], sensitive_name((unsigned)i));
}

static void words_that_only_look_alike_are_no_match(void **state) {
    (void)state;
    static const char *const harmless[] = {
        "",
        "Union Jack mug",
        "European Union flag",
        "Wine gums",
        "Root beer",
        "Erdbeeren",
        "Beeren",
        "Schweinefleisch",
        "Schwein",
        "Baby carrots",
        "Kinder Bueno",
        "Medizinball",
        "Alcohol-free punch",
        "Ginger",
        "Rump steak",
        "Grace",
        "License",
        "Unionised spelling",
        "Debit card",
        "true crime",
        "\xe6\x97\xa5\xe6\x9c\xac",
        "\xc3",
    };
    for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
        if (sensitive_of_text(harmless[i]) != 0)
            fail_msg("\"%s\" is taken for 0x%x", harmless[i], sensitive_of_text(harmless[i]));
    assert_int_equal(sensitive_of_text("Wine gums and wine"), SOTTO_SENSITIVE_ADDICTION);
}

static uint32_t together(const char *one, const char *other, const char *title) {
    const char *const tags[] = {one, other};
    return sensitive_of_tags(tags, 2, &title, title ? 1 : 0, NULL) &
           ~(uint32_t)SOTTO_SENSITIVE_UNCLASSIFIED;
}

static void tags_reveal_together_what_none_of_them_does_alone(void **state) {
    (void)state;
    static const struct {
        const char *one, *other;
        uint32_t kind;
    } cases[] = {
        {"lawyer", "visa", SOTTO_SENSITIVE_IMMIGRATION},
        {"Anwalt", "Diebstahl", SOTTO_SENSITIVE_CRIMINAL},
        {"unscented lotion", "zinc", SOTTO_SENSITIVE_HEALTH},
        {"map", "shelter", SOTTO_SENSITIVE_LOCATION},
        {"DNA", "family tree", SOTTO_SENSITIVE_ETHNICITY},
        {"préstamos", "rápido", SOTTO_SENSITIVE_MONEY_TROUBLE},
        {"drapeau", "candidat", SOTTO_SENSITIVE_POLITICS},
        {"whistle", "strike", SOTTO_SENSITIVE_UNION},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t kind = cases[i].kind;
        if ((together(cases[i].one, "bread", NULL) | together("bread", cases[i].other, NULL)) &
            kind)
            fail_msg("\"%s\" or \"%s\" alone is marked", cases[i].one, cases[i].other);
        if (!(together(cases[i].one, cases[i].other, NULL) & kind) ||
            !(together(cases[i].other, cases[i].one, NULL) & kind) ||
            !(together("bread", cases[i].one, cases[i].other) & kind))
            fail_msg("\"%s\" with \"%s\" is not marked", cases[i].one, cases[i].other);
    }
    /* A test for pregnancy is about health; with an age it is about a child's sexuality too. */
    assert_int_equal(together("pregnancy test", "bread", NULL) & SOTTO_SENSITIVE_SEXUALITY, 0);
    assert_int_not_equal(together("pregnancy test", "age 15", NULL) & SOTTO_SENSITIVE_SEXUALITY, 0);
    /* Words of two tags never make up one phrase. */
    assert_int_equal(together("green", "card", NULL), 0);
}

static void tag_that_nobody_judged_is_quarantined_and_named(void **state) {
    (void)state;
    const char *const known[] = {"Fruit and vegetables", "Milch"}, *const title = "Zylkene 75";
    const char *const odd[] = {"bread", "xanthoria", "beer"}, *which;

    assert_int_equal(sensitive_of_tags(known, 2, &title, 1, &which), 0);
    assert_null(which);
    assert_int_equal(sensitive_of_tags(odd, 3, NULL, 0, &which),
                     SOTTO_SENSITIVE_UNCLASSIFIED | SOTTO_SENSITIVE_ADDICTION);
    assert_string_equal(which, "xanthoria");

    assert_true(sensitive_is_ordinary("Pets, plants & tools"));
    assert_false(sensitive_is_ordinary("Bread of the afflicted"));
    assert_false(sensitive_is_ordinary(""));
    assert_false(sensitive_is_ordinary("-"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_name_that_leads_back_to_its_bit),
        cmocka_unit_test(words_mark_their_kind_in_every_language),
        cmocka_unit_test(words_that_only_look_alike_are_no_match),
        cmocka_unit_test(tags_reveal_together_what_none_of_them_does_alone),
        cmocka_unit_test(tag_that_nobody_judged_is_quarantined_and_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
