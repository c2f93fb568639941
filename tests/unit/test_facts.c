/* What a catalogue says of items, from its CSV through the pack to the device: nothing is lost,
 * mixed up or invented on the way, and a pack that says what cannot be is refused. */
#include "tests/support/test.h"

#include "crypto/crypto.h"
#include "pack/model.h"
#include "pack/sensitive.h"
#include "tests/support/make_pack.h"
#include "tests/support/pack_tool.h"
#include "tests/support/random_model.h"
#include "tools/sotto-pack/check.h"
#include "tools/sotto-pack/commands.h"

static _Alignas(64) uint8_t bytes[MAKE_PACK_MAX];

static int load(const uint8_t *from, size_t n, struct model *model, struct pack *pack,
                struct sotto_error *err) {
    memset(pack, 0, sizeof *pack);
    pack->bytes = from;
    pack->n = n;
    int status = pack_parse(pack, "test.pack", err);
    return status == SOTTO_OK ? model_load(model, pack, "test.pack", err) : status;
}

/* ---- The builder -------------------------------------------------------------------------- */

static const char products[] =
    "item,title,category,brand,sponsor,synthetic,staff,provider,age_rating,sensitive\n"
    "A0,Lamp,Home,Bright,Acme Ltd,,,Shop A,,none\n"
    "A1,Red wine,Drinks,Vine,,,yes,Shop A,,addiction\n"
    "A2,Bible,Books,Old,,,,,,\n"
    "A3,Vase,Home,Clay,,yes,,Shop B,16,none\n"
    "A4,Plate,Home,Clay,Acme Ltd,,,Shop A,,none\n"
    "A5,Odd thing,Home,Xyzzyq,,,,,,\n";

static char *train(struct pack_tool *t, const char *const *more, struct model *model,
                   struct pack *pack) {
    const char *words[24] = {"train", "--no-measure", "--out"};
    struct sotto_error err;
    unsigned n = 3;
    const char *out = pack_tool_path(t, "m.pack"), *sales = pack_tool_families(t);
    const char *table = pack_tool_write(t, "p.csv", products);
    words[n++] = out;
    words[n++] = "--threads";
    words[n++] = "1";
    words[n++] = "--catalogue";
    words[n++] = table;
    while (*more) words[n++] = *more++;
    words[n++] = sales;
    assert_int_equal(pack_tool_run_words(t, train_main, words), 0);
    FILE *f = fopen(out, "rb");
    assert_non_null(f);
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    if (load(bytes, size, model, pack, &err) != SOTTO_OK) fail_msg("%s", err.message);
    return t->out;
}

static struct model_facts facts_of_id(const struct model *m, const char *id) {
    uint32_t item = model_find(m, id);
    assert_int_not_equal(item, MODEL_NONE);
    return model_facts(m, item);
}

static void every_fact_of_the_catalogue_reaches_the_device_with_its_item(void **state) {
    struct pack_tool *t = *state;
    struct model m = {0};
    struct pack pack = {0};
    const char *out = train(t, (const char *const[]){NULL}, &m, &pack);

    struct model_facts lamp = facts_of_id(&m, "A0"), wine = facts_of_id(&m, "A1"),
                       bible = facts_of_id(&m, "A2"), vase = facts_of_id(&m, "A3"),
                       odd = facts_of_id(&m, "A5"), plain = facts_of_id(&m, "B0");
    assert_int_equal(lamp.flags, MODEL_PAID);
    assert_string_equal(lamp.payer, "Acme Ltd");
    assert_string_equal(lamp.provider, "Shop A");
    assert_int_equal(lamp.sensitive, 0);
    assert_int_equal(wine.flags, MODEL_STAFF);
    assert_int_equal(wine.sensitive, SOTTO_SENSITIVE_ADDICTION);
    assert_true(bible.sensitive & SOTTO_SENSITIVE_RELIGION); /* by its words alone */
    assert_int_equal(vase.flags, MODEL_SYNTHETIC);
    assert_int_equal(vase.rating, 16);
    assert_string_equal(vase.provider, "Shop B");
    assert_int_equal(odd.flags, 0);
    assert_int_equal(plain.flags | plain.rating | plain.sensitive, 0);
    assert_string_equal(plain.payer, "");
    assert_int_equal(m.n_staff, 1);
    assert_true(m.has_paid);
    assert_int_equal(m.n_tags, 0); /* not asked for */
    assert_non_null(strstr(out, "quarantined"));
}

static void tags_go_in_when_asked_for_and_people_can_block_by_them(void **state) {
    struct pack_tool *t = *state;
    struct model m = {0};
    struct pack pack = {0};
    train(t, (const char *const[]){"--pack-tags", "--catalogue-map", "tags=brand+category", NULL},
          &m, &pack);
    uint8_t bits[32] = {0};

    assert_true(m.n_tags > 0);
    assert_int_equal(model_mark(&m, MODEL_MARK_TAG, "brand=Clay", bits), 2);
    uint32_t vase = model_find(&m, "A3"), plate = model_find(&m, "A4"), lamp = model_find(&m, "A0");
    assert_true(bits[vase / 8] >> vase % 8 & 1);
    assert_true(bits[plate / 8] >> plate % 8 & 1);
    assert_false(bits[lamp / 8] >> lamp % 8 & 1);
    memset(bits, 0, sizeof bits);
    assert_int_equal(model_mark(&m, MODEL_MARK_PROVIDER, "Shop A", bits), 3);
    assert_int_equal(model_mark(&m, MODEL_MARK_TAG, "brand=", bits), 0);
    assert_int_equal(model_mark(&m, MODEL_MARK_TAG, model_group_name(&m, 0), bits) > 0, 1);
    assert_int_equal(model_mark(&m, MODEL_MARK_PROVIDER, "", bits), 0);
}

static void check_and_inspect_tell_what_a_catalogue_says(void **state) {
    struct pack_tool *t = *state;
    struct model m = {0};
    struct pack pack = {0};
    train(t, (const char *const[]){NULL}, &m, &pack);
    const char *sales = pack_tool_path(t, "sales.csv"), *table = pack_tool_path(t, "p.csv");

    assert_int_equal(
        pack_tool_run(t, check_main, "check", "--catalogue", table, "--json", sales, NULL), 0);
    assert_non_null(strstr(t->out, "\"paid\": 2"));
    assert_non_null(strstr(t->out, "\"religion\": 1"));
    assert_int_equal(pack_tool_run(t, inspect_main, "inspect", pack_tool_path(t, "m.pack"), NULL),
                     0);
    assert_non_null(strstr(t->out, "paid for, always shown with who pays"));
    assert_non_null(strstr(t->out, "addiction"));
}

/* ---- The device ---------------------------------------------------------------------------- */

enum { ITEMS = 12 };

static size_t make(const struct make_fact *facts) {
    struct dice d = {7};
    struct random_model r;
    random_model_make(&r, &d, ITEMS, 0);
    size_t n = make_facts_pack(bytes, &r.model, 3, 5, facts);
    random_model_free(&r);
    return n;
}

static void a_pack_without_facts_says_nothing_of_its_items(void **state) {
    (void)state;
    struct sotto_error err;
    struct model m = {0};
    struct pack pack = {0};
    assert_int_equal(load(bytes, make(NULL), &m, &pack, &err), SOTTO_OK);
    for (uint32_t i = 0; i < ITEMS; i++) {
        const struct model_facts f = model_facts(&m, i);
        assert_int_equal(f.flags | f.rating | f.sensitive, 0);
        assert_string_equal(f.provider, "");
        assert_string_equal(f.payer, "");
    }
}

static void facts_that_cannot_be_are_refused(void **state) {
    (void)state;
    struct sotto_error err;
    struct model m = {0};
    struct pack pack = {0};
    static const struct {
        struct make_fact fact;
        const char *says; /* NULL: accepted */
    } cases[] = {
        {{.flags = MODEL_PAID, .payer = "Acme"}, NULL},
        {{.flags = MODEL_FACTS_ALL, .payer = "Acme", .rating = 21, .sensitive = ~0u}, NULL},
        {{.flags = MODEL_PAID}, "paid for by nobody"},
        {{.payer = "Acme"}, "somebody pays for one that is not paid for"},
        {{.flags = 16}, "flags or age"},
        {{.rating = 22}, "flags or age"},
        {{.provider = "a\x01"}, "not printable"},
        {{.tag = ""}, "a tag is empty"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct make_fact facts[ITEMS] = {{0}};
        facts[5] = cases[i].fact;
        int status = load(bytes, make(facts), &m, &pack, &err);
        assert_int_equal(status, cases[i].says ? SOTTO_E_FORMAT : SOTTO_OK);
        if (cases[i].says && !strstr(err.message, cases[i].says))
            fail_msg("\"%s\" lacks \"%s\"", err.message, cases[i].says);
    }
}

/* Every byte of the sections of facts, changed: what loads stays within its bounds. */
static void nonsense_in_facts_never_escapes_its_bounds(void **state) {
    (void)state;
    struct sotto_error err;
    struct model m = {0};
    struct pack pack = {0};
    struct make_fact facts[ITEMS] = {{0}};
    for (unsigned i = 0; i < ITEMS; i++)
        facts[i] = (struct make_fact){
            .flags = MODEL_PAID, .payer = "Acme", .provider = "Shop", .tag = "brand=x"};
    const size_t n = make(facts);
    unsigned loaded = 0, refused = 0;
    for (uint32_t id = SECTION_FACTS; id <= SECTION_TAGS; id++) {
        assert_int_equal(load(bytes, n, &m, &pack, &err), SOTTO_OK);
        size_t length;
        const uint8_t *section = pack_section(&pack, (enum pack_section_id)id, &length);
        const uint8_t *hash = pack_section_hash(&pack, (enum pack_section_id)id);
        uint8_t *at = bytes + (section - bytes), *at_hash = bytes + (hash - bytes);
        for (size_t i = 0; i < length; i++)
            for (unsigned bit = 0; bit < 8; bit++) {
                at[i] ^= (uint8_t)(1u << bit);
                hash256(at_hash, at, length);
                if (load(bytes, n, &m, &pack, &err) == SOTTO_OK) {
                    uint8_t bits[2] = {0};
                    for (uint32_t j = 0; j < ITEMS; j++) {
                        const struct model_facts f = model_facts(&m, j);
                        assert_true(strlen(f.payer) <= MODEL_TEXT_MAX);
                        assert_true(strlen(f.provider) <= MODEL_TEXT_MAX);
                        assert_int_equal(*f.payer != '\0', (f.flags & MODEL_PAID) != 0);
                    }
                    assert_true(model_mark(&m, MODEL_MARK_TAG, "brand=x", bits) <= ITEMS);
                    loaded++;
                } else {
                    refused++;
                }
                at[i] ^= (uint8_t)(1u << bit);
            }
        hash256(at_hash, at, length);
    }
    assert_true(loaded > 100 && refused > 1000);
}

static void catalogue_hash_changes_with_what_is_said_of_an_item_and_not_with_weights(void **state) {
    (void)state;
    struct sotto_error err;
    struct model m = {0};
    struct pack pack = {0};
    uint8_t before[MODEL_CATALOGUE_BYTES];
    struct make_fact facts[ITEMS] = {{0}};
    assert_int_equal(load(bytes, make(facts), &m, &pack, &err), SOTTO_OK);
    memcpy(before, m.catalogue, sizeof before);
    assert_int_equal(load(bytes, make(facts), &m, &pack, &err), SOTTO_OK);
    assert_memory_equal(before, m.catalogue, sizeof before);
    facts[3].flags = MODEL_STAFF;
    assert_int_equal(load(bytes, make(facts), &m, &pack, &err), SOTTO_OK);
    assert_memory_not_equal(before, m.catalogue, sizeof before);

    facts[3].flags = 0;
    struct dice d = {7};
    struct random_model r;
    random_model_make(&r, &d, ITEMS, 0);
    r.prior[0] = r.prior[0] == MODEL_PRIOR_MAX ? r.prior[0] : r.prior[0] + 1;
    r.scales[2] ^= 1;
    size_t n = make_facts_pack(bytes, &r.model, 3, 6, facts);
    random_model_free(&r);
    assert_int_equal(load(bytes, n, &m, &pack, &err), SOTTO_OK);
    assert_memory_equal(before, m.catalogue, sizeof before);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        IN_FOLDER(every_fact_of_the_catalogue_reaches_the_device_with_its_item),
        IN_FOLDER(tags_go_in_when_asked_for_and_people_can_block_by_them),
        IN_FOLDER(check_and_inspect_tell_what_a_catalogue_says),
        cmocka_unit_test(a_pack_without_facts_says_nothing_of_its_items),
        cmocka_unit_test(facts_that_cannot_be_are_refused),
        cmocka_unit_test(nonsense_in_facts_never_escapes_its_bounds),
        cmocka_unit_test(catalogue_hash_changes_with_what_is_said_of_an_item_and_not_with_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
