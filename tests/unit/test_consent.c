/* Consent: every state, event, age, signal, policy and clock, against a second telling of the
 * rules; receipts of consent, their bytes and their chain; blocks and the notice as they are
 * stored. */
#include "tests/support/test.h"

#include "engine.h"
#include "tests/support/dice.h"
#include "tests/support/format_md.h"

#define NOW 1000000

static struct policy policy_of(enum policy_consent mode, enum policy_age unknown) {
    struct policy p;
    policy_strict(&p);
    for (int i = SOTTO_PURPOSE_STORE; i <= SOTTO_PURPOSE_LAST; i++) p.consent[i] = mode;
    p.consent_ttl_s = 1000;
    p.ask_again_s = 500;
    p.notice_version = 7;
    p.child_below = 13;
    p.teen_below = 16;
    p.age_unknown = unknown;
    p.teen_profiling = 1;
    p.signal_objects[POLICY_SIGNAL_GPC] = 1u << SOTTO_PURPOSE_PAID;
    p.signal_objects[POLICY_SIGNAL_LMT] = 1u << SOTTO_PURPOSE_PERSONALISE;
    return p;
}

struct situation {
    int state, mode, notice, years, unknown, signals, purpose, teen_profiling;
    int64_t said_ago;
};

static struct policy in(const struct situation *s, struct consent *c) {
    struct policy p = policy_of((enum policy_consent)s->mode, (enum policy_age)s->unknown);
    p.teen_profiling = (uint32_t)s->teen_profiling;
    memset(c, 0, sizeof *c);
    c->word[s->purpose - 1].state = (uint8_t)s->state;
    c->word[s->purpose - 1].at_s = NOW - s->said_ago;
    c->word[s->purpose - 1].notice_version = (uint32_t)s->notice;
    c->years = (uint8_t)s->years;
    c->signals = (uint8_t)s->signals;
    return p;
}

/* The rules once more, as one would tell them. */
static enum sotto_consent told(const struct situation *s) {
    int is_child = s->years ? s->years < 13 : s->unknown == AGE_CHILD;
    int is_teen = s->years ? s->years >= 13 && s->years < 16 : s->unknown == AGE_TEEN;
    if (is_child) return SOTTO_CONSENT_DENIED;
    if (is_teen) {
        if (s->purpose == SOTTO_PURPOSE_PAID || s->purpose == SOTTO_PURPOSE_SENSITIVE)
            return SOTTO_CONSENT_DENIED;
        if (s->purpose != SOTTO_PURPOSE_MEASURE && !s->teen_profiling) return SOTTO_CONSENT_DENIED;
    }
    if (s->purpose == SOTTO_PURPOSE_PAID && s->signals & 1 << SOTTO_SIGNAL_GPC)
        return SOTTO_CONSENT_OBJECTED;
    if (s->purpose == SOTTO_PURPOSE_PERSONALISE && s->signals & 1 << SOTTO_SIGNAL_LMT)
        return SOTTO_CONSENT_OBJECTED;
    if (s->mode == POLICY_NEVER) return SOTTO_CONSENT_DENIED;
    if (s->state == SOTTO_CONSENT_GRANTED || s->state == SOTTO_CONSENT_PAUSED) {
        if (s->said_ago < 0) return SOTTO_CONSENT_UNKNOWN;
        if (s->said_ago > 1000 || s->notice != 7) return SOTTO_CONSENT_EXPIRED;
    }
    return (enum sotto_consent)s->state;
}

typedef void (*visitor)(const struct situation *s);
static unsigned visit_all(visitor each) {
    static const int64_t agos[] = {-1, 0, 499, 500, 1000, 1001, NOW};
    static const int ages[] = {0, 12, 13, 15, 16, 99};
    unsigned n = 0;
    struct situation s;
    for (s.state = SOTTO_CONSENT_UNKNOWN; s.state <= SOTTO_CONSENT_PAUSED; s.state++)
        for (s.mode = POLICY_NEVER; s.mode <= POLICY_NOTICE; s.mode++)
            for (s.notice = 6; s.notice <= 8; s.notice++)
                for (size_t y = 0; y < ARRAY_LEN(ages); y++)
                    for (s.unknown = AGE_ADULT; s.unknown <= AGE_CHILD; s.unknown++)
                        for (s.signals = 0; s.signals < 8; s.signals += 2)
                            for (s.purpose = 1; s.purpose <= SOTTO_PURPOSE_LAST; s.purpose++)
                                for (s.teen_profiling = 0; s.teen_profiling < 2; s.teen_profiling++)
                                    for (size_t a = 0; a < ARRAY_LEN(agos); a++, n++) {
                                        if (s.state == SOTTO_CONSENT_EXPIRED) continue;
                                        s.years = ages[y];
                                        s.said_ago = agos[a];
                                        each(&s);
                                    }
    return n;
}

static void now_is_told(const struct situation *s) {
    struct consent c;
    struct policy p = in(s, &c);
    if (consent_now(&c, (enum sotto_purpose)s->purpose, &p, NOW) != told(s))
        fail_msg("state %d mode %d notice %d years %d unknown %d signals %d purpose %d ago %lld",
                 s->state, s->mode, s->notice, s->years, s->unknown, s->signals, s->purpose,
                 (long long)s->said_ago);
}

static void child_before_signal_before_person_before_policy(void **state) {
    (void)state;
    assert_true(visit_all(now_is_told) > 100000);
}

/* Every event in every situation: what is a yes afterwards was one before, or was said by the
 * person, or stood for by a banner under an opt-out policy. */
static void events_lead_to_a_yes_only_by_a_yes(const struct situation *s) {
    for (int event = 0; event < CONSENT_EVENTS; event++) {
        struct consent c;
        struct policy p = in(s, &c);
        enum sotto_purpose purpose = (enum sotto_purpose)s->purpose;
        enum sotto_consent before = told(s);
        int waits = consent_waits_for_notice(&c, purpose, &p, NOW);
        unsigned action =
            consent_apply(&c, purpose, (enum consent_event)event, SOTTO_SAID_SCREEN, &p, NOW);
        int is_yes = consent_is_given(&c, purpose, &p, NOW);

        if (waits) assert_true(s->mode == POLICY_NOTICE && before != SOTTO_CONSENT_GRANTED);
        if (waits) assert_false(consent_is_no((enum sotto_consent)s->state));
        if (waits) assert_int_not_equal(s->state, SOTTO_CONSENT_PAUSED); /* however long ago */
        if (is_yes && before != SOTTO_CONSENT_GRANTED)
            assert_true(event == CONSENT_GRANT || event == CONSENT_NOTICE ||
                        (event == CONSENT_RESUME && before == SOTTO_CONSENT_PAUSED));
        if (event == CONSENT_DENY || event == CONSENT_WITHDRAW || event == CONSENT_OBJECT) {
            assert_false(is_yes);
            assert_int_equal(action, CONSENT_SAY | CONSENT_PURGE);
        }
        if (event == CONSENT_PAUSE) assert_false(is_yes);
        /* A pause and its end leave the yes as old as it was. */
        if (action & CONSENT_MARK) assert_int_equal(c.word[purpose - 1].at_s, NOW - s->said_ago);
        if (action == 0) assert_int_equal(c.word[purpose - 1].state, s->state);
        assert_int_not_equal(c.word[purpose - 1].state, SOTTO_CONSENT_EXPIRED);
    }
}

static void nothing_but_a_yes_becomes_a_yes(void **state) {
    (void)state;
    visit_all(events_lead_to_a_yes_only_by_a_yes);
}

static void asking_is_seldom(const struct situation *s) {
    struct consent c;
    struct policy p = in(s, &c);
    int may = consent_may_ask(&c, (enum sotto_purpose)s->purpose, &p, NOW);
    enum sotto_consent now = told(s);
    int is_no = s->state == SOTTO_CONSENT_DENIED || s->state == SOTTO_CONSENT_WITHDRAWN ||
                s->state == SOTTO_CONSENT_OBJECTED;
    if (now == SOTTO_CONSENT_GRANTED || now == SOTTO_CONSENT_PAUSED || s->mode == POLICY_NEVER)
        assert_false(may);
    if (is_no && s->said_ago < 500) assert_false(may); /* also of a no dated in the future */
    struct situation yes = *s;
    yes.state = SOTTO_CONSENT_GRANTED;
    yes.said_ago = 0;
    yes.notice = 7;
    /* Whoever is asked could say yes. */
    if (may) assert_int_equal(told(&yes), SOTTO_CONSENT_GRANTED);
    if (now == SOTTO_CONSENT_UNKNOWN || now == SOTTO_CONSENT_EXPIRED) assert_true(may);
    if (told(&yes) == SOTTO_CONSENT_GRANTED && is_no && s->said_ago >= 500) assert_true(may);
}

static void nobody_is_asked_in_vain_or_too_soon(void **state) {
    (void)state;
    visit_all(asking_is_seldom);
}

static void nothing_is_remembered_of_the_young_or_against_a_no_a_rest_or_a_signal(void **state) {
    (void)state;
    struct policy p = policy_of(POLICY_ASK, AGE_CHILD);
    struct consent c = {0};
    assert_false(consent_may_keep(&c, SOTTO_PURPOSE_PERSONALISE, &p));
    c.years = 30;
    assert_true(consent_may_keep(&c, SOTTO_PURPOSE_PERSONALISE, &p));
    c.years = 14;
    p.teen_profiling = 0;
    assert_false(consent_may_keep(&c, SOTTO_PURPOSE_PERSONALISE, &p));
    c.years = 30;
    consent_apply(&c, SOTTO_PURPOSE_PERSONALISE, CONSENT_GRANT, SOTTO_SAID_SCREEN, &p, NOW);
    consent_apply(&c, SOTTO_PURPOSE_PERSONALISE, CONSENT_PAUSE, SOTTO_SAID_SCREEN, &p, NOW);
    assert_false(consent_may_keep(&c, SOTTO_PURPOSE_PERSONALISE, &p));
    static const enum consent_event noes[] = {CONSENT_DENY, CONSENT_WITHDRAW, CONSENT_OBJECT};
    for (size_t i = 0; i < ARRAY_LEN(noes); i++) {
        consent_apply(&c, SOTTO_PURPOSE_PERSONALISE, CONSENT_GRANT, SOTTO_SAID_SCREEN, &p, NOW);
        assert_true(consent_may_keep(&c, SOTTO_PURPOSE_PERSONALISE, &p));
        consent_apply(&c, SOTTO_PURPOSE_PERSONALISE, noes[i], SOTTO_SAID_SCREEN, &p, NOW);
        assert_false(consent_may_keep(&c, SOTTO_PURPOSE_PERSONALISE, &p));
    }
    consent_apply(&c, SOTTO_PURPOSE_PERSONALISE, CONSENT_GRANT, SOTTO_SAID_SCREEN, &p, NOW);
    c.signals = 1u << SOTTO_SIGNAL_LMT;
    assert_false(consent_may_keep(&c, SOTTO_PURPOSE_PERSONALISE, &p));
    c.signals = 0;
    p.consent[SOTTO_PURPOSE_PERSONALISE] = POLICY_NEVER;
    assert_false(consent_may_keep(&c, SOTTO_PURPOSE_PERSONALISE, &p));
}

/* ---- Receipts ---------------------------------------------------------------------------- */

static void device_key(uint8_t key[32], uint8_t secret[SIGN_SECRET_BYTES]) {
    uint8_t seed[SIGN_SEED_BYTES];
    memset(seed, 7, sizeof seed); /* as in FORMAT.md */
    sign_keypair(key, secret, seed);
}

static struct sotto_consent_receipt example(void) {
    struct sotto_consent_receipt r = {.size = sizeof r,
                                      .purpose = SOTTO_PURPOSE_PERSONALISE,
                                      .state = SOTTO_CONSENT_GRANTED,
                                      .channel = SOTTO_SAID_SCREEN,
                                      .notice_version = 7,
                                      .policy_version = 12,
                                      .number = 3,
                                      .time_s = 1790000000,
                                      .locale = "de-AT"};
    memset(r.policy_hash, 0xc0, sizeof r.policy_hash);
    memset(r.before, 0xb0, sizeof r.before);
    return r;
}

static void receipt_in_the_documentation_is_what_a_device_writes(void **state) {
    (void)state;
    uint8_t key[32], secret[SIGN_SECRET_BYTES], bytes[SOTTO_CONSENT_RECEIPT_BYTES],
        documented[SOTTO_CONSENT_RECEIPT_BYTES];
    struct sotto_consent_receipt r = example();
    assert_int_equal(crypto_init(), 0);
    device_key(key, secret);
    proof_write(bytes, &r);
    proof_sign(bytes, secret);

    assert_int_equal(hex_after("## 6. Receipts of consent", documented, sizeof documented),
                     sizeof documented);
    assert_memory_equal(documented, bytes, sizeof bytes);
    struct sotto_consent_receipt back = {.size = sizeof back};
    assert_int_equal(sotto_consent_receipt_verify(documented, sizeof documented, key, &back, NULL),
                     SOTTO_OK);
    assert_memory_equal(&back, &r, sizeof r);
}

static void altered_receipt_is_refused_at_every_byte(void **state) {
    (void)state;
    uint8_t key[32], secret[SIGN_SECRET_BYTES], bytes[SOTTO_CONSENT_RECEIPT_BYTES + 1] = {0};
    struct sotto_consent_receipt r = example(), back = {.size = sizeof back};
    assert_int_equal(crypto_init(), 0);
    device_key(key, secret);
    proof_write(bytes, &r);
    proof_sign(bytes, secret);
    for (size_t i = 0; i < SOTTO_CONSENT_RECEIPT_BYTES; i++) {
        bytes[i] ^= 1;
        int status =
            sotto_consent_receipt_verify(bytes, SOTTO_CONSENT_RECEIPT_BYTES, key, &back, NULL);
        assert_true(status == SOTTO_E_SIGNATURE || (i < 8 && status == SOTTO_E_FORMAT));
        assert_int_equal(back.number, 0);
        bytes[i] ^= 1;
    }
    for (size_t n = 0; n <= sizeof bytes; n++)
        if (n != SOTTO_CONSENT_RECEIPT_BYTES)
            assert_int_equal(sotto_consent_receipt_verify(bytes, n, key, &back, NULL),
                             SOTTO_E_FORMAT);
    /* Authentic, and not what a device writes. */
    r.state = SOTTO_CONSENT_EXPIRED;
    proof_write(bytes, &r);
    proof_sign(bytes, secret);
    assert_int_equal(
        sotto_consent_receipt_verify(bytes, SOTTO_CONSENT_RECEIPT_BYTES, key, &back, NULL),
        SOTTO_E_FORMAT);
}

static void chain_holds_when_the_oldest_in_memory_is_let_go(void **state) {
    (void)state;
    struct proofs p = {0};
    uint8_t before[HASH_BYTES] = {0};
    for (int i = 0; i < PROOFS_WAIT + 3; i++) {
        struct sotto_consent_receipt r = example();
        r.time_s = i;
        proof_add(&p, &r);
    }
    proofs_chain(&p);
    assert_int_equal(p.n, PROOFS_WAIT);
    assert_int_equal(p.number, 3);
    memcpy(before, p.last, sizeof before);
    for (uint32_t i = 0; i < p.n; i++) {
        struct sotto_consent_receipt r = {.size = sizeof r};
        assert_int_equal(proof_read(&r, p.body[i]), 0);
        assert_int_equal(r.number, 4 + i);
        assert_int_equal(r.time_s, 3 + i);
        assert_memory_equal(r.before, before, sizeof before);
        hash256(before, p.body[i], PROOF_BYTES);
    }
}

/* ---- Blocks and the notice ----------------------------------------------------------------- */

static void blocks_survive_storage_and_damage_is_refused(void **state) {
    (void)state;
    struct dice d = {7};
    struct wishes w = {0}, back;
    const struct wish item = {SOTTO_BLOCK_ITEM, 5, "item-7"},
                      group = {SOTTO_BLOCK_GROUP, 6, "item-7"},
                      provider = {SOTTO_BLOCK_PROVIDER, 7, "Äcker & Söhne"};
    assert_int_equal(wishes_add(&w, &item), 0);
    assert_int_equal(wishes_add(&w, &group), 0);
    assert_int_equal(wishes_add(&w, &provider), 0);
    uint32_t n = w.n;
    assert_int_equal(wishes_add(&w, &item), 0);
    assert_int_equal(w.n, n); /* once */
    assert_int_equal(wishes_decode(&back, w.bytes, w.n), 0);
    assert_memory_equal(&back, &w, sizeof w);
    for (size_t k = 0; k < n; k++) {
        int is_cut_between = k == 4 || k == 4 + 7 + 6 || k == 4 + 2 * (7 + 6);
        assert_int_equal(wishes_decode(&back, w.bytes, k), is_cut_between ? 0 : -1);
    }
    for (int i = 0; i < 20000; i++) { /* whatever it says, it says it within its bounds */
        uint8_t bytes[WISHES_BYTES];
        memcpy(bytes, w.bytes, n);
        for (int k = 0; k < 3; k++) bytes[dice_below(&d, n)] = (uint8_t)dice_u64(&d);
        if (wishes_decode(&back, bytes, n) != 0) continue;
        struct wish wish;
        uint32_t at = 0;
        while (wishes_next(&back, &at, &wish)) assert_true(strlen(wish.name) <= n);
    }
    assert_int_equal(wishes_remove(&w, SOTTO_BLOCK_GROUP, "item-7"), 0);
    assert_int_equal(wishes_remove(&w, SOTTO_BLOCK_GROUP, "item-7"), -1);
    assert_int_equal(wishes_remove(&w, SOTTO_BLOCK_ITEM, "item-7"), 0);
    assert_int_equal(wishes_remove(&w, SOTTO_BLOCK_PROVIDER, "Äcker & Söhne"), 0);
    assert_int_equal(w.n, WISHES_HEAD);
    char name[SOTTO_BLOCK_NAME_MAX + 1];
    int added = 0;
    for (int i = 0;; i++, added++) {
        snprintf(name, sizeof name, "a name that is rather long, number %d", i);
        const struct wish wish = {SOTTO_BLOCK_ITEM, 1, name};
        if (wishes_add(&w, &wish) != 0) break;
    }
    assert_in_range(added, 40, 60);
    assert_int_equal(wishes_decode(&back, w.bytes, w.n), 0);
}

static void notice_survives_storage_and_damage_means_never(void **state) {
    (void)state;
    const struct notice n = {100, 7, 12, 13, 200};
    struct notice back;
    uint8_t bytes[NOTICE_BYTES];
    notice_encode(&n, bytes);
    assert_int_equal(notice_decode(&back, bytes, sizeof bytes), 0);
    assert_true(back.at_s == n.at_s && back.version == n.version && back.used_s == n.used_s &&
                back.policy_version == n.policy_version && back.model_version == n.model_version);
    for (size_t k = 0; k < sizeof bytes; k++) {
        assert_int_equal(notice_decode(&back, bytes, k), -1);
        assert_int_equal(back.at_s, 0);
    }
    bytes[15] = 0x80; /* shown before time began */
    assert_int_equal(notice_decode(&back, bytes, sizeof bytes), -1);
}

static void tickets_move_by_the_table_alone(void **state) {
    (void)state;
    static const uint8_t next[5][TICKET_EVENTS] = {
        [SOTTO_TICKET_REQUESTED] = {SOTTO_TICKET_ACCEPTED, SOTTO_TICKET_RESOLVED,
                                    SOTTO_TICKET_TIMED_OUT},
        [SOTTO_TICKET_ACCEPTED] = {0, SOTTO_TICKET_RESOLVED, 0},
        [SOTTO_TICKET_TIMED_OUT] = {SOTTO_TICKET_ACCEPTED, SOTTO_TICKET_RESOLVED, 0}};
    for (int s = SOTTO_TICKET_REQUESTED; s <= SOTTO_TICKET_TIMED_OUT; s++)
        for (int event = 0; event < TICKET_EVENTS; event++)
            assert_int_equal(ticket_next((enum sotto_ticket_state)s, (enum ticket_event)event),
                             next[s][event]);
    struct ticket t = {.number = 9, .kind = SOTTO_TICKET_CONTEST, .state = SOTTO_TICKET_ACCEPTED},
                  back;
    uint8_t bytes[TICKET_BYTES];
    ticket_encode(&t, bytes);
    assert_int_equal(ticket_decode(&back, bytes, sizeof bytes), 0);
    assert_memory_equal(&back, &t, sizeof t);
    for (size_t i = 4; i < 8; i++) {
        bytes[i] ^= 0x70;
        assert_int_equal(ticket_decode(&back, bytes, sizeof bytes), -1);
        bytes[i] ^= 0x70;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_before_signal_before_person_before_policy),
        cmocka_unit_test(nothing_but_a_yes_becomes_a_yes),
        cmocka_unit_test(nobody_is_asked_in_vain_or_too_soon),
        cmocka_unit_test(nothing_is_remembered_of_the_young_or_against_a_no_a_rest_or_a_signal),
        cmocka_unit_test(receipt_in_the_documentation_is_what_a_device_writes),
        cmocka_unit_test(altered_receipt_is_refused_at_every_byte),
        cmocka_unit_test(chain_holds_when_the_oldest_in_memory_is_let_go),
        cmocka_unit_test(blocks_survive_storage_and_damage_is_refused),
        cmocka_unit_test(notice_survives_storage_and_damage_means_never),
        cmocka_unit_test(tickets_move_by_the_table_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
