/* Policies: from INI to a pack that a device loads, and each mistake a person can make on the way.
 */
#include "tests/support/test.h"

#include <unistd.h>

#include "crypto/crypto.h"
#include "release/release.h"
#include "tests/support/dice.h"
#include "tests/support/make_pack.h"
#include "tests/support/pack_tool.h"
#include "tests/support/random_model.h"
#include "tools/common/cli.h"
#include "tools/sotto-pack/commands.h"
#include "tools/sotto-pack/policy_build.h"

/* A complete policy, the metric's cells aside. */
static const char good[] =
    "[policy]\nname = test\ndemo = yes\njurisdiction = Nowhere\naccountable = Ada, "
    "officer\ncontact = desk\nretention = 90d\nidle = "
    "60s\n"
    "slate-lifetime = 5m\n[consent]\nstore = ask\npersonalise = ask\nmeasure = never\nterm = 365d\n"
    "paid = notice\nsensitive = ask\nask-again = 30d\nunused-profile = 60d\nreceipts = 1000d\n"
    "[disclosure]\nnotice-version = 2\nmin-display = 1500ms\nacknowledge = yes\nicon = "
    "sotto-personal\n"
    "scope = day\nrepeat = 2d\nnotice-interval = 300d\nexplain = offered\n"
    "[signals]\ngpc = none\nlmt = personalise  paid\n[age]\nchild-below = 13\nteen-below = "
    "16\nunknown = "
    "teen\nteen-profiling = yes\n[caps]\nitem = 3\nsponsor = 4\nseen = 5d\n[cap.wine]\ngroup = "
    "wines\n"
    "per-day = 2\n[ads]\npaid-items = label\n[people]\nstaff-picks = 10\nperson-within = 90s\n"
    "otherwise = Ring.\n[uses]\nrefuse = access credit price employment insurance\n"
    "[text.en]\ndirection = ltr\ntitle = Chosen\nshort = A line\n  and its end.\nplain = Plain.\n"
    "speech = Speech.\naccept = Yes\ndecline = No\nwhy = Why?\nperson = A person\n"
    "[budget]\nyear = 365.25\nlifetime = 2000\n"
    "[metric.interest]\nid = 9\nmechanism = discrete-laplace\nunit = visit\nsource = item-groups\n"
    "events = select purchase\nepsilon = 0.000001\nmax-cells = 2\nmax-weight = 5\nwindow = "
    "1d\ncells = a | b c | "
    "other\n";

/* `good` with `from` replaced by `to`; the test fails if there is no `from`. */
static const char *edited(const char *from, const char *to) {
    static char text[8192];
    const char *at = strstr(good, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    return text;
}

/* Runs `policy` on a text; the INI is always test.ini. */
static int build(struct pack_tool *t, const char *text) {
    return pack_tool_run(t, policy_main, "policy", "--out", pack_tool_path(t, "out.pack"),
                         "--pack-version", "4", "--created", "2026-01-01",
                         pack_tool_write(t, "test.ini", text), NULL);
}

static struct policy policy;

/* Loads what `build` wrote. */
static const struct policy *built(struct pack_tool *t) {
    struct sotto_error err = {0};
    struct pack pack = {0};
    uint8_t *bytes;
    assert_int_equal(
        packfile_read(pack_tool_path(t, "out.pack"), POLICY_BYTES_MAX, &bytes, &pack.n, &err),
        SOTTO_OK);
    pack.bytes = bytes;
    assert_int_equal(pack_parse(&pack, "out.pack", &err), SOTTO_OK);
    assert_int_equal(policy_load(&policy, &pack, "out.pack", &err), SOTTO_OK);
    free(bytes);
    return &policy;
}

static void every_field_arrives_at_the_device_as_written(void **state) {
    struct pack_tool *t = *state;

    assert_int_equal(build(t, edited("epsilon = 0.000001", "epsilon = 0.125")), EXIT_OK);

    const struct policy *p = built(t);
    assert_int_equal(p->version, 4);
    assert_string_equal(p->name, "test");
    assert_string_equal(p->accountable, "Ada, officer");
    assert_string_equal(p->contact, "desk");
    assert_int_equal(p->retention_s, 90 * 86400);
    assert_int_equal(p->idle_s, 60);
    assert_int_equal(p->slate_ttl_s, 300);
    assert_int_equal(p->consent[SOTTO_PURPOSE_STORE], POLICY_ASK);
    assert_int_equal(p->consent[SOTTO_PURPOSE_PERSONALISE], POLICY_ASK);
    assert_int_equal(p->consent[SOTTO_PURPOSE_MEASURE], POLICY_NEVER);
    assert_int_equal(p->consent_ttl_s, 365 * 86400);
    assert_int_equal(p->notice_version, 2);
    assert_int_equal(p->min_display_ms, 1500);
    assert_int_equal(p->must_ack, 1);
    assert_int_equal(p->year_micro, 365250000);
    assert_int_equal(p->lifetime_micro, 2000000000);
    assert_int_equal(p->consent[SOTTO_PURPOSE_PAID], POLICY_NOTICE);
    assert_int_equal(p->consent[SOTTO_PURPOSE_SENSITIVE], POLICY_ASK);
    assert_int_equal(p->ask_again_s, 30 * 86400);
    assert_int_equal(p->profile_ttl_s, 60 * 86400);
    assert_int_equal(p->receipt_ttl_s, 1000 * 86400);
    assert_int_equal(p->signal_objects[POLICY_SIGNAL_GPC], 0);
    assert_int_equal(p->signal_objects[POLICY_SIGNAL_LMT],
                     1u << SOTTO_PURPOSE_PERSONALISE | 1u << SOTTO_PURPOSE_PAID);
    assert_int_equal(p->banner_scope, SCOPE_DAY);
    assert_int_equal(p->banner_repeat_s, 2 * 86400);
    assert_int_equal(p->notice_interval_s, 300 * 86400);
    assert_int_equal(p->must_explain, 0);
    assert_int_equal(p->child_below, 13);
    assert_int_equal(p->teen_below, 16);
    assert_int_equal(p->age_unknown, AGE_TEEN);
    assert_int_equal(p->teen_profiling, 1);
    assert_int_equal(p->caps_item_day, 3);
    assert_int_equal(p->caps_sponsor_day, 4);
    assert_int_equal(p->seen_hide_s, 5 * 86400);
    assert_int_equal(p->n_caps, 1);
    assert_string_equal(p->caps[0].group, "wines");
    assert_int_equal(p->caps[0].per_day, 2);
    assert_int_equal(p->ads, ADS_LABEL);
    assert_int_equal(p->staff_min_percent, 10);
    assert_int_equal(p->handoff_timeout_s, 90);
    assert_string_equal(p->handoff_else, "Ring.");
    assert_int_equal(p->use_classes_refused, 62);
    assert_int_equal(p->demo_only, 1);
    assert_string_equal(p->jurisdiction, "Nowhere");
    assert_int_equal(p->n_texts, 1);
    assert_string_equal(p->texts[0][TEXT_LOCALE], "en");
    assert_string_equal(p->texts[0][TEXT_SHORT], "A line and its end.");
    assert_string_equal(p->texts[0][TEXT_ICON], "sotto-personal");
    assert_string_equal(p->texts[0][TEXT_PERSON], "A person");
    assert_int_equal(p->n_metrics, 1);
    assert_int_equal(p->metrics[0].id, 9);
    assert_string_equal(p->metrics[0].name, "interest");
    assert_int_equal(p->metrics[0].event_mask,
                     1u << SOTTO_EVENT_SELECT | 1u << SOTTO_EVENT_PURCHASE);
    assert_int_equal(p->metrics[0].eps_micro, 125000);
    assert_int_equal(p->metrics[0].mechanism, MECHANISM_DISCRETE_LAPLACE);
    assert_int_equal(p->metrics[0].max_cells, 2);
    assert_int_equal(p->metrics[0].max_weight, 5);
    assert_int_equal(p->metrics[0].window_s, 86400);
    assert_int_equal(p->metrics[0].n_cells, 3);
    assert_string_equal(p->metrics[0].cells[1], "b c");
}

static void soft_keys_are_refused_unless_the_policy_allows_them(void **state) {
    static const struct {
        const char *line;
        uint32_t allows;
    } words[] = {{"retention = 90d", 0},
                 {"retention = 90d\nsoft-keys = refuse", 0},
                 {"retention = 90d\nsoft-keys = allow", 1}};
    struct pack_tool *t = *state;
    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        char *text = strdup(edited("epsilon = 0.000001", "epsilon = 1.0"));
        assert_non_null(text);
        char *at = strstr(text, "retention = 90d"), all[8192];
        snprintf(all, sizeof all, "%.*s%s%s", (int)(at - text), text, words[i].line, at + 15);
        free(text);

        assert_int_equal(build(t, all), EXIT_OK);

        assert_int_equal(built(t)->allows_soft_keys, words[i].allows);
    }
}

static void the_same_ini_gives_the_same_bytes(void **state) {
    struct pack_tool *t = *state;
    const char *text = edited("epsilon = 0.000001", "epsilon = 1.0");
    assert_int_equal(build(t, text), EXIT_OK);
    rename(pack_tool_path(t, "out.pack"), pack_tool_path(t, "first.pack"));
    assert_int_equal(build(t, text), EXIT_OK);

    assert_int_equal(pack_tool_shell(t, "cmp out.pack first.pack"), 0);
}

static void every_mistake_is_refused_with_its_line_and_a_remedy(void **state) {
    struct pack_tool *t = *state;
    static const struct {
        const char *from, *to, *says;
    } mistakes[] = {
        {"epsilon = 0.000001", "epsilon = 0.000001",
         "[metric.interest] epsilon: 1e-06 is not on the menu of a visit: write one of 0.125, "
         "0.25, "
         "0.5, 1, 2"},
        {"epsilon = 0.000001", "epsilon = 0", "0 is not on the menu"},
        {"epsilon = 0.000001", "epsilon = 4", "4 is not on the menu"},
        {"max-weight = 5", "max-weight = 17", "whole number from 1 to 16"},
        {"max-weight = 5\n", "", "lacks `max-weight`"},
        {"mechanism = discrete-laplace", "mechanism = magic", "write auto or discrete-laplace or"},
        {"mechanism = discrete-laplace", "mechanism = discrete-gaussian", "Gaussian for 11 to 64"},
        {"mechanism = discrete-laplace", "mechanism = subset-selection", "write `auto`"},
        {"unit = visit", "unit = person", "household"},
        {"source = item-groups", "source = event-count", "visits are counted by item-groups"},
        {"epsilon = 0.000001", "epsilon = 0.0000010", "at most six places"},
        {"epsilon = 0.000001", "epsilon = 1,0", "at most six places"},
        {"epsilon = 0.000001", "epsilon = 1.", "at most six places"},
        {"epsilon = 0.000001", "epsilon = -1", "at most six places"},
        {"epsilon = 0.000001", "epsilon = 2.000001", "is not on the menu"},
        {"epsilon = 0.000001", "epsilon = 99999999999999999999", "at most six places"},
        {"retention = 90d", "retention = 90",
         "test.ini:7: [policy] retention: \"90\" is not a time"},
        {"retention = 90d", "retention = 366d", "out of bounds: from 1h to 365d"},
        {"retention = 90d", "retention = 3600001ms", "whole seconds"},
        {"retention = 90d", "retention = 18446744073709551615d", "is not a time"},
        {"retention = 90d", "retention = 90d\nsoft-keys = yes", "refuse"},
        {"retention = 90d\n", "",
         "test.ini: [policy] lacks `retention`: add a line like `retention = 90d`"},
        {"idle = 60s", "idle = 1s", "out of bounds"},
        {"name = test", "name =", "it is empty"},
        {"name = test", "name = FILL IN the name\nnmae = x", "[policy] nmae: there is no such key"},
        {"accountable = Ada, officer", "accountable = FILL IN: who", "placeholder"},
        {"contact = desk", "contact = desk\ncontact = desk", "given twice, first in line 6"},
        {"store = ask", "store = yes", "write never or ask"},
        {"store = ask", "store = notice", "write never or ask"},
        {"measure = never", "measure = notice", "write never or ask"},
        {"sensitive = ask", "sensitive = notice", "write never or ask"},
        {"paid = notice", "paid = always", "write never or ask or notice"},
        {"ask-again = 30d", "ask-again = 731d", "from 0d to 730d"},
        {"unused-profile = 60d", "unused-profile = 59m", "from 1h to 730d"},
        {"receipts = 1000d", "receipts = 3651d", "from 1d to 3650d"},
        {"repeat = 2d", "repeat = 366d", "from 1h to 365d"},
        {"notice-interval = 300d", "notice-interval = 366d", "from 1d to 365d"},
        {"scope = day", "scope = ever", "write session or day or profile"},
        {"explain = offered", "explain = no", "write offered or required"},
        {"gpc = none", "gpc = everything", "\"everything\" is not understood"},
        {"gpc = none", "gpc = paid paid", "\"paid\" is named twice"},
        {"gpc = none", "gpc =", "it is empty: write `none`"},
        {"gpc = none\n", "", "[signals] lacks `gpc`"},
        {"child-below = 13", "child-below = 17", "younger than a teen"},
        {"teen-below = 16", "teen-below = 22", "from 0 to 21"},
        {"item = 3", "item = 256", "from 0 to 255"},
        {"seen = 5d", "seen = 32d", "from 0d to 31d"},
        {"per-day = 2", "per-day = 0", "from 1 to 255"},
        {"[cap.wine]", "[cap.x]\ngroup = wines\nper-day = 1\n[cap.wine]", "has a cap already"},
        {"staff-picks = 10", "staff-picks = 51", "from 0 to 50"},
        {"person-within = 90s", "person-within = 9s", "from 10s to 1h"},
        {"otherwise = Ring.", "otherwise =", "it is empty"},
        {"refuse = access credit price employment insurance", "refuse = credit price",
         "no policy may leave one out"},
        {"refuse = access credit price employment insurance", "refuse = none",
         "no policy may leave one out"},
        {"contact = desk", "contact = FILL IN", "placeholder"},
        {"jurisdiction = Nowhere\n", "", "[policy] lacks `jurisdiction`"},
        {"acknowledge = yes", "acknowledge = maybe", "write no or yes"},
        {"notice-version = 2", "notice-version = 0", "whole number from 1"},
        {"notice-version = 2", "notice-version = 2x", "whole number from 1"},
        {"min-display = 1500ms", "min-display = 61s", "out of bounds: from 500ms to 1m"},
        {"[disclosure]", "[disclosures]", "test.ini:20: there is no such section"},
        {"[text.en]", "[text.]", "there is no such section"},
        {"[text.en]", "[text.e_n]", "language tag"},
        {"direction = ltr", "direction = left", "write ltr or rtl"},
        {"speech = Speech.\n", "", "[text.en] lacks `speech`"},
        {"title = Chosen",
         "title = Chosen for you because of all that you have ever done on this screen",
         "60 are allowed"},
        {"plain = Plain.", "plain = You stay Anonymous.", "[text.en] plain: it promises anonymity"},
        {"decline = No", "decline = No, I would rather see the same as everyone else",
         "similar length"},
        {"year = 365.25", "year = 801", "out of bounds"},
        {"lifetime = 2000", "lifetime = 8001", "out of bounds"},
        {"lifetime = 2000", "lifetime =", "at most six places"},
        {"id = 9", "id = 65536", "whole number from 1 to 65535"},
        {"unit = visit", "unit = person", "write visit"},
        {"events = select purchase", "events = select buy", "\"buy\" is no event"},
        {"max-cells = 2", "max-cells = 65", "whole number from 1 to 64"},
        {"max-cells = 2", "max-cells = 4", "4 is more than there are cells (3)"},
        {"window = 1d", "window = 59m", "out of bounds: from 1h to 31d"},
        {"cells = a | b c | other", "cells = a | b", "the last cell must be \"other\""},
        {"cells = a | b c | other", "cells = a | a | other", "named twice"},
        {"cells = a | b c | other", "cells = a | | other", "it is empty"},
        {"cells = a | b c | other", "cells = groups", "give --model"},
        {"name = test", "just words", "test.ini:2: this is neither"},
        {"name = test", "name = \xff\xfe", "not printable UTF-8"},
        {"name = test", "name = \x1b[31mred", "not printable UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        char text[8192];
        snprintf(text, sizeof text, "%s", edited(mistakes[i].from, mistakes[i].to));
        /* The base text breaks one bound of its own, on purpose; mend it unless that is the case at
         * hand. */
        char *eps = strstr(text, "epsilon = 0.000001\n");
        if (eps && i > 0) memcpy(eps, "epsilon = 1.000000\n", 19);

        int code = build(t, text);

        if (code != EXIT_INTEGRITY || !strstr(t->err, mistakes[i].says) ||
            !strstr(t->err, "test.ini"))
            fail_msg("\"%s\" gave code %d and: %s", mistakes[i].to, code, t->err);
        assert_int_not_equal(access(pack_tool_path(t, "out.pack"), F_OK), 0);
    }
}

static void long_lines_and_stray_lines_are_refused_not_split(void **state) {
    struct pack_tool *t = *state;
    char text[1024];
    snprintf(text, sizeof text, "[policy]\nname = %0400d\n", 1);
    assert_int_equal(build(t, text), EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "test.ini:2: this line is longer than 190 bytes"));

    assert_int_equal(build(t, "name = x\n"), EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "before the first [section]"));

    assert_int_equal(build(t, ""), EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "lacks `name`"));
}

static void two_metrics_may_not_share_an_id_nor_exceed_the_sum(void **state) {
    struct pack_tool *t = *state;
    static const char second[] =
        "[metric.two]\nid = %d\nmechanism = discrete-laplace\nunit = visit\nsource = item-groups\n"
        "events = view\nepsilon = %s\nmax-cells = 1\nmax-weight = 1\nwindow = 1h\ncells = other\n";
    char text[8192], more[512];

    snprintf(more, sizeof more, second, 9, "0.5");
    snprintf(text, sizeof text, "%s%s", edited("0.000001", "1.0"), more);
    assert_int_equal(build(t, text), EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "has the id 9 too"));

    snprintf(more, sizeof more, second, 3, "2");
    snprintf(text, sizeof text, "%s%s", edited("0.000001", "0.125"), more);
    assert_int_equal(build(t, text), EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "add up to 2.125"));

    snprintf(more, sizeof more, second, 3, "1");
    snprintf(text, sizeof text, "%s%s", edited("0.000001", "1.0"), more);
    assert_int_equal(build(t, text), EXIT_OK);
    assert_int_equal(built(t)->metrics[0].id, 3); /* by id, not by place in the file */
    assert_string_equal(built(t)->metrics[1].name, "interest");
}

/* The builder chooses by unit, epsilon, bounds and cells; what it chose a device can keep. */
static void mechanism_is_chosen_and_told_with_its_error(void **state) {
    struct pack_tool *t = *state;
    static const char household[] = "unit = household\nfresh-answers = 12";
    static const struct {
        const char *unit, *source, *bounds;
        uint32_t mechanism, n_cells, max_value;
        const char *says;
    } cases[] = {
        {"unit = visit", "item-groups", "max-cells = 2\nmax-weight = 1\ncells = a | b | other",
         MECHANISM_DISCRETE_LAPLACE, 3, 0, "discrete Laplace noise, epsilon 1 a visit"},
        {"unit = visit", "item-groups",
         "max-cells = 11\nmax-weight = 2\ncells = a | b | c | d | e | f | g | h | i | j | other",
         MECHANISM_DISCRETE_GAUSSIAN, 11, 0, "discrete Gaussian noise"},
        {household, "item-groups", "cells = a | b | other", MECHANISM_SUBSET_SELECTION, 3, 0,
         "subset selection, epsilon 1 a household"},
        {household, "item-buckets", "buckets = 63", MECHANISM_SUBSET_SELECTION, 64, 0, "off by"},
        {household, "item-buckets", "buckets = 4095", MECHANISM_PGR, 4096, 0,
         "an answer of 4 bytes"},
        {household, "event-count", "max-value = 20", MECHANISM_ONE_BIT_MEAN, 1, 20,
         "sums cut at 20"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[8192], metric[512];
        snprintf(metric, sizeof metric,
                 "[metric.chosen]\nid = 1\nmechanism = auto\n%s\nsource = %s\nevents = view\n"
                 "epsilon = 1\nwindow = 7d\n%s\n",
                 cases[i].unit, cases[i].source, cases[i].bounds);
        snprintf(text, sizeof text, "%s", edited("0.000001", "1"));
        *strstr(text, "[metric.interest]") = '\0';
        strncat(text, metric, sizeof text - strlen(text) - 1);
        assert_int_equal(build(t, text), EXIT_OK);
        assert_non_null(strstr(t->out, cases[i].says));
        const struct policy_metric *m = &built(t)->metrics[0];
        struct sotto_error err;
        assert_int_equal(m->mechanism, cases[i].mechanism);
        assert_int_equal(m->n_cells, cases[i].n_cells);
        assert_int_equal(m->max_value, cases[i].max_value);
        assert_int_equal(dp_policy_check(built(t), &err), SOTTO_OK);
    }
}

static void units_are_not_mixed_and_households_take_turns(void **state) {
    struct pack_tool *t = *state;
    static const char second[] =
        "[metric.two]\nid = 3\nmechanism = auto\nunit = household\nsource = item-buckets\n"
        "events = view\nepsilon = 1\nfresh-answers = %d\nwindow = %s\nbuckets = 31\n";
    char text[8192], more[512];

    snprintf(more, sizeof more, second, 12, "1d");
    snprintf(text, sizeof text, "%s%s", edited("0.000001", "1"), more);
    assert_int_equal(build(t, text), EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "not both"));

    for (int i = 0; i < 3; i++) {
        static const struct {
            int fresh;
            const char *window, *says;
        } one[] = {{12, "1d", "take turns"}, {6, "7d", "take turns"}, {13, "7d", "from 1 to 12"}};
        char first[512];
        snprintf(first, sizeof first, second, 12, "7d");
        memcpy(strstr(first, "two"), "one", 3);
        memcpy(strstr(first, "id = 3"), "id = 2", 6);
        snprintf(more, sizeof more, second, one[i].fresh, one[i].window);
        snprintf(text, sizeof text, "%s", edited("0.000001", "1"));
        *strstr(text, "[metric.interest]") = '\0';
        strncat(text, first, sizeof text - strlen(text) - 1);
        strncat(text, more, sizeof text - strlen(text) - 1);
        assert_int_equal(build(t, text), EXIT_INTEGRITY);
        assert_non_null(strstr(t->err, one[i].says));
    }
}

static void groups_of_a_model_become_cells_with_other_last(void **state) {
    struct pack_tool *t = *state;
    struct random_model r;
    struct dice d = {3};
    random_model_make(&r, &d, 20, 0);
    uint8_t *bytes = calloc(1, MAKE_PACK_MAX);
    size_t n = make_model_pack(bytes, &r.model, 5, 1);
    const char *model = pack_tool_path(t, "m.pack");
    struct sotto_error err = {0};
    assert_int_equal(packfile_replace(model, bytes, n, 0644, &err), SOTTO_OK);
    char *text = strdup(edited("cells = a | b c | other", "cells = groups"));
    memcpy(strstr(text, "0.000001"), "1.000000", 8);
    const char *ini = pack_tool_write(t, "test.ini", text);

    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--model", model, "--out",
                                   pack_tool_path(t, "out.pack"), ini, NULL),
                     EXIT_OK);

    const struct policy_metric *m = &built(t)->metrics[0];
    assert_int_equal(m->n_cells, 6);
    assert_string_equal(m->cells[0], "group-0");
    assert_string_equal(m->cells[4], "group-4");
    assert_string_equal(m->cells[5], "other");

    /* A policy is no model, and a broken model is none either. */
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--model",
                                   pack_tool_path(t, "out.pack"), "--out",
                                   pack_tool_path(t, "no.pack"), ini, NULL),
                     EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "is no model pack"));
    bytes[n - 1] ^= 1;
    assert_int_equal(packfile_replace(model, bytes, n, 0644, &err), SOTTO_OK);
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--model", model, "--out",
                                   pack_tool_path(t, "no.pack"), ini, NULL),
                     EXIT_INTEGRITY);
    free(text);
    free(bytes);
    random_model_free(&r);
}

static void a_budget_that_pays_for_no_window_is_refused(void **state) {
    struct pack_tool *t = *state;
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"year = 365.25", "year = 0.999999", "[budget] year: it does not pay for one window"},
        {"lifetime = 2000", "lifetime = 0", "[budget] lifetime: it does not pay for one window"},
        {"year = 365.25", "year = 1", NULL}, /* one window a year is little, but something */
    };
    for (int asks = 0; asks < 2; asks++) /* where measuring is never allowed it costs nothing */
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            char text[8192];
            snprintf(text, sizeof text, "%s", edited(cases[i].from, cases[i].to));
            memcpy(strstr(text, "epsilon = 0.000001"), "epsilon = 1.000000", 18);
            if (asks) memcpy(strstr(text, "measure = never"), "measure = ask  ", 15);
            int is_refused = asks && cases[i].says;

            assert_int_equal(build(t, text), is_refused ? EXIT_INTEGRITY : EXIT_OK);

            if (is_refused) assert_non_null(strstr(t->err, cases[i].says));
        }
}

static void an_ini_beyond_its_bound_is_malformed(void **state) {
    struct pack_tool *t = *state;
    char *text = calloc(1, INI_BYTES_MAX + 2);
    assert_non_null(text);
    memset(text, '\n', INI_BYTES_MAX + 1);

    assert_int_equal(build(t, text), EXIT_INTEGRITY);

    assert_non_null(strstr(t->err, "test.ini"));
    assert_non_null(strstr(t->err, "64 KiB"));
    free(text);
}

static void the_ini_is_never_replaced_by_its_pack(void **state) {
    struct pack_tool *t = *state;
    const char *ini = pack_tool_write(t, "test.ini", edited("0.000001", "1.0"));

    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--out", ini, ini, NULL), EXIT_USAGE);

    assert_non_null(strstr(t->err, "test.ini would replace what is read"));
    char *content = pack_tool_read(ini);
    assert_non_null(strstr(content, "[policy]"));
    free(content);
}

static void strict_ini_says_what_is_compiled_in(void **state) {
    struct pack_tool *t = *state;
    static struct policy strict;
    policy_strict(&strict);
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--out", pack_tool_path(t, "out.pack"),
                                   "firmware-config/policies/strict.ini", NULL),
                     EXIT_OK);

    const struct policy *p = built(t);

    assert_string_equal(p->name, strict.name);
    assert_string_equal(p->accountable, strict.accountable);
    assert_string_equal(p->contact, strict.contact);
    assert_memory_equal(p->consent, strict.consent, sizeof p->consent);
    assert_int_equal(p->consent_ttl_s, strict.consent_ttl_s);
    assert_int_equal(p->retention_s, strict.retention_s);
    assert_int_equal(p->idle_s, strict.idle_s);
    assert_int_equal(p->slate_ttl_s, strict.slate_ttl_s);
    assert_int_equal(p->notice_version, strict.notice_version);
    assert_int_equal(p->min_display_ms, strict.min_display_ms);
    assert_int_equal(p->must_ack, strict.must_ack);
    assert_int_equal(p->year_micro, strict.year_micro);
    assert_int_equal(p->lifetime_micro, strict.lifetime_micro);
    assert_int_equal(p->allows_soft_keys, strict.allows_soft_keys);
    for (unsigned i = 0; i < POLICY_NUMBERS; i++)
        if (policy_number(p, i) != policy_number(&strict, i))
            fail_msg("strict.ini and policy_strict differ in the %s", policy_numbers[i].what);
    assert_string_equal(p->jurisdiction, strict.jurisdiction);
    assert_string_equal(p->handoff_else, strict.handoff_else);
    assert_int_equal(p->n_caps, strict.n_caps);
    assert_int_equal(p->n_metrics, strict.n_metrics);
    assert_int_equal(p->n_texts, strict.n_texts);
    for (int f = 0; f < POLICY_TEXT_FIELDS; f++)
        assert_string_equal(p->texts[0][f], strict.texts[0][f]);
}

static void each_wrong_command_line_is_refused_with_a_hint(void **state) {
    struct pack_tool *t = *state;
    const char *ini = pack_tool_write(t, "test.ini", edited("0.000001", "1"));
    static const char *const wrong[][5] = {
        {"--pack-version", "0", "--pack-version"}, {"--pack-version", "x", "whole number"},
        {"--not-after", "soon", "2027-01-31"},     {"--not-after", "2001-01-01", "not later"},
        {"--created", "x", "--created"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(pack_tool_run(t, policy_main, "policy", "--out",
                                       pack_tool_path(t, "out.pack"), wrong[i][0], wrong[i][1], ini,
                                       NULL),
                         EXIT_USAGE);
        if (!strstr(t->err, wrong[i][2])) fail_msg("%s said: %s", wrong[i][0], t->err);
    }
    assert_int_equal(pack_tool_run(t, policy_main, "policy", ini, NULL), EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--out", "x", NULL), EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--out", "x", ini, ini, NULL),
                     EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--outt", "x", ini, NULL), EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--out", pack_tool_path(t, "out.pack"),
                                   "--device-class", "a-class-that-is-too-long", ini, NULL),
                     EXIT_USAGE);
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--out", pack_tool_path(t, "out.pack"),
                                   pack_tool_path(t, "none.ini"), NULL),
                     EXIT_FAILED);
    assert_non_null(strstr(t->err, "none.ini"));
    assert_int_equal(pack_tool_run(t, policy_main, "policy", "--out",
                                   pack_tool_path(t, "no/out.pack"), ini, NULL),
                     EXIT_FAILED);
    assert_non_null(strstr(t->err, "out.pack"));
}

/* The pack is read back from disk with a byte changed at every place. */
static void inspect_tells_of_every_damaged_byte(void **state) {
    struct pack_tool *t = *state;
    assert_int_equal(build(t, edited("0.000001", "1")), EXIT_OK);
    const char *path = pack_tool_path(t, "out.pack");
    assert_int_equal(pack_tool_run(t, inspect_main, "inspect", path, NULL), EXIT_OK);
    assert_non_null(strstr(t->out, "happens only if the person agreed"));
    assert_non_null(strstr(t->out, "sound"));
    struct sotto_error err = {0};
    uint8_t *bytes;
    size_t n;
    assert_int_equal(packfile_read(path, POLICY_BYTES_MAX, &bytes, &n, &err), SOTTO_OK);
    for (size_t i = 0; i < n; i++) {
        /* Fields that mean something else after a flip and are for the signature to protect. */
        if ((i >= 16 && i < 36) || (i >= 48 && i < 72)) continue;
        bytes[i] ^= 0x40;
        assert_int_equal(packfile_replace(path, bytes, n, 0644, &err), SOTTO_OK);
        int code = pack_tool_run(t, inspect_main, "inspect", path, NULL);
        if (code != EXIT_INTEGRITY || !strstr(t->out, "DAMAGED") || !strstr(t->err, "out.pack"))
            fail_msg("byte %zu gave code %d", i, code);
        if (i == n - 1) assert_non_null(strstr(t->out, "WRONG")); /* the schema's hash */
        bytes[i] ^= 0x40;
        if (i > 1200 && i + 17 < n) i += 16; /* each takes a file's fsync */
    }
    assert_int_equal(packfile_replace(path, bytes, n / 2, 0644, &err), SOTTO_OK);
    assert_int_equal(pack_tool_run(t, inspect_main, "inspect", "--json", path, NULL),
                     EXIT_INTEGRITY);
    assert_non_null(strstr(t->out, "\"sound\": false"));
    assert_non_null(strstr(t->out, "cut off"));
    assert_int_equal(packfile_replace(path, "x", 1, 0644, &err), SOTTO_OK);
    assert_int_equal(pack_tool_run(t, inspect_main, "inspect", path, NULL), EXIT_INTEGRITY);
    assert_non_null(strstr(t->err, "not a Sotto pack"));
    free(bytes);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        IN_FOLDER(every_field_arrives_at_the_device_as_written),
        IN_FOLDER(soft_keys_are_refused_unless_the_policy_allows_them),
        IN_FOLDER(the_same_ini_gives_the_same_bytes),
        IN_FOLDER(every_mistake_is_refused_with_its_line_and_a_remedy),
        IN_FOLDER(long_lines_and_stray_lines_are_refused_not_split),
        IN_FOLDER(two_metrics_may_not_share_an_id_nor_exceed_the_sum),
        IN_FOLDER(mechanism_is_chosen_and_told_with_its_error),
        IN_FOLDER(units_are_not_mixed_and_households_take_turns),
        IN_FOLDER(groups_of_a_model_become_cells_with_other_last),
        IN_FOLDER(a_budget_that_pays_for_no_window_is_refused),
        IN_FOLDER(an_ini_beyond_its_bound_is_malformed),
        IN_FOLDER(the_ini_is_never_replaced_by_its_pack),
        IN_FOLDER(strict_ini_says_what_is_compiled_in),
        IN_FOLDER(each_wrong_command_line_is_refused_with_a_hint),
        IN_FOLDER(inspect_tells_of_every_damaged_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
