/* Consent and history: what a word is worth, and what survives encoding. */
#include "tests/support/test.h"

#include "crypto/crypto.h"
#include "profile/consent.h"
#include "profile/history.h"
#include "tests/support/dice.h"
#include "tests/support/format_md.h"

static struct policy asking_policy(void) {
    struct policy p;
    policy_strict(&p);
    p.consent_ttl_s = 1000;
    p.notice_version = 7;
    p.age_unknown = AGE_ADULT;
    for (int i = SOTTO_PURPOSE_STORE; i <= SOTTO_PURPOSE_MEASURE; i++) p.consent[i] = POLICY_ASK;
    return p;
}

/* Every state × policy mode × age × notice: exactly one combination is a yes. */
static void only_granted_current_and_informed_consent_is_yes(void **state) {
    (void)state;
    const int64_t said_at = 100000;
    static const int64_t ages[] = {-1, 0, 999, 1000, 1001, 1 << 30};
    for (int purpose = SOTTO_PURPOSE_STORE; purpose <= SOTTO_PURPOSE_MEASURE; purpose++)
        for (int s = SOTTO_CONSENT_UNKNOWN; s <= SOTTO_CONSENT_WITHDRAWN; s++)
            for (int asks = 0; asks < 2; asks++)
                for (uint32_t notice = 6; notice <= 8; notice++)
                    for (unsigned a = 0; a < ARRAY_LEN(ages); a++) {
                        struct policy p = asking_policy();
                        struct consent c = {0};
                        if (!asks) p.consent[purpose] = POLICY_NEVER;
                        c.word[purpose - 1].state = (enum sotto_consent)s;
                        c.word[purpose - 1].at_s = said_at;
                        c.word[purpose - 1].notice_version = notice;
                        int yes = consent_is_given(&c, (enum sotto_purpose)purpose, &p,
                                                   said_at + ages[a]);
                        assert_int_equal(yes, s == SOTTO_CONSENT_GRANTED && asks && notice == 7 &&
                                                  ages[a] >= 0 && ages[a] <= 1000);
                    }
}

static void purposes_do_not_leak_into_each_other(void **state) {
    (void)state;
    struct policy p = asking_policy();
    for (int said = SOTTO_PURPOSE_STORE; said <= SOTTO_PURPOSE_MEASURE; said++) {
        struct consent c = {0};
        consent_apply(&c, (enum sotto_purpose)said, CONSENT_GRANT, SOTTO_SAID_SCREEN, &p, 5);
        for (int other = SOTTO_PURPOSE_STORE; other <= SOTTO_PURPOSE_MEASURE; other++)
            assert_int_equal(consent_is_given(&c, (enum sotto_purpose)other, &p, 5), other == said);
    }
}

static void strict_policy_never_gives_consent(void **state) {
    (void)state;
    struct policy p;
    struct consent c = {0};
    policy_strict(&p);
    for (int i = SOTTO_PURPOSE_STORE; i <= SOTTO_PURPOSE_MEASURE; i++) {
        consent_apply(&c, (enum sotto_purpose)i, CONSENT_GRANT, SOTTO_SAID_SCREEN, &p, 5);
        assert_int_not_equal(consent_now(&c, (enum sotto_purpose)i, &p, 5), SOTTO_CONSENT_GRANTED);
    }
}

static void damaged_consent_record_is_no(void **state) {
    (void)state;
    struct policy p = asking_policy();
    struct consent c = {0}, back = {0};
    uint8_t bytes[CONSENT_RECORD_BYTES];
    for (int i = SOTTO_PURPOSE_STORE; i <= SOTTO_PURPOSE_MEASURE; i++)
        consent_apply(&c, (enum sotto_purpose)i, CONSENT_DENY, SOTTO_SAID_SCREEN, &p, 5);
    consent_encode(&c, bytes);
    assert_int_equal(consent_decode(&back, bytes, sizeof bytes), 0);
    assert_memory_equal(&back, &c, sizeof c);
    for (size_t n = 0; n < sizeof bytes; n++) assert_int_equal(consent_decode(&back, bytes, n), -1);
    /* No damage to a record of three denials may decode to a usable yes… but the state byte itself
     * is data: that one is protected by the vault's authentication, so it is left out here. */
    for (size_t i = 0; i < sizeof bytes; i++)
        for (unsigned v = 1; v < 256; v++) {
            if (i >= 4 && (i - 4) % 16 == 0) continue;
            bytes[i] ^= (uint8_t)v;
            if (consent_decode(&back, bytes, sizeof bytes) != 0)
                for (int k = 0; k < CONSENT_PURPOSES; k++)
                    assert_int_equal(back.word[k].state, SOTTO_CONSENT_UNKNOWN);
            for (int k = SOTTO_PURPOSE_STORE; k <= SOTTO_PURPOSE_MEASURE; k++)
                assert_false(consent_is_given(&back, (enum sotto_purpose)k, &p, 5));
            bytes[i] ^= (uint8_t)v;
        }
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(consent_decode(&back, bytes, sizeof bytes), -1);
}

/* What the first engines stored: three purposes, and nobody was asked about the others. */
static void consent_record_of_format_1_is_read_and_the_rest_is_unknown(void **state) {
    (void)state;
    struct policy p = asking_policy();
    struct consent back = {0};
    uint8_t bytes[52] = {1, 3};
    for (int i = 0; i < 3; i++) {
        bytes[4 + 16 * i] = SOTTO_CONSENT_GRANTED;
        bytes[4 + 16 * i + 4] = (uint8_t)p.notice_version;
        bytes[4 + 16 * i + 8] = 5;
    }

    assert_int_equal(consent_decode(&back, bytes, sizeof bytes), 0);

    for (int i = SOTTO_PURPOSE_STORE; i <= SOTTO_PURPOSE_MEASURE; i++)
        assert_true(consent_is_given(&back, (enum sotto_purpose)i, &p, 6));
    assert_int_equal(back.word[SOTTO_PURPOSE_PAID - 1].state, SOTTO_CONSENT_UNKNOWN);
    assert_int_equal(back.word[SOTTO_PURPOSE_SENSITIVE - 1].state, SOTTO_CONSENT_UNKNOWN);
    for (size_t n = 0; n < sizeof bytes; n++) assert_int_equal(consent_decode(&back, bytes, n), -1);
    bytes[1] = 5;
    assert_int_equal(consent_decode(&back, bytes, sizeof bytes), -1);
    bytes[1] = 3;
    bytes[0] = 2;
    assert_int_equal(consent_decode(&back, bytes, sizeof bytes), -1);
}

static void full_history_forgets_the_oldest(void **state) {
    (void)state;
    struct history h = {0};
    for (uint32_t i = 0; i < SOTTO_HISTORY_MAX + 10; i++) {
        history_add(&h, (struct history_event){.key = i, .time_s = i, .type = SOTTO_EVENT_VIEW});
        if (i == 99) h.n_stored = 100;
    }
    assert_int_equal(h.n, SOTTO_HISTORY_MAX - 22); /* 32 at once */
    assert_int_equal(h.events[0].key, 32);
    assert_int_equal(h.events[h.n - 1].key, SOTTO_HISTORY_MAX + 9);
    assert_int_equal(h.n_stored, 68);

    history_expire(&h, 50);

    assert_int_equal(h.events[0].key, 50);
    assert_int_equal(h.n, SOTTO_HISTORY_MAX - 40);
    assert_int_equal(h.n_stored, 50);
    history_expire(&h, INT64_MAX);
    assert_int_equal(h.n, 0);
    assert_int_equal(h.n_stored, 0);
}

static void random_events(struct dice *d, struct history *h, uint32_t n) {
    uint64_t keys[6];
    uint32_t time_s = (uint32_t)dice_u64(d);
    memset(h, 0, sizeof *h);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) keys[i] = dice_u64(d);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t far = dice_below(d, 8);
        time_s = far == 0   ? (uint32_t)dice_u64(d)
                 : far == 1 ? time_s - dice_below(d, 100)
                            : time_s + dice_below(d, 1000);
        history_add(h, (struct history_event){.key = dice_below(d, 3) ? dice_u64(d)
                                                                      : keys[dice_below(d, 6)],
                                              .item = i,
                                              .time_s = time_s,
                                              .type = (uint8_t)(1 + dice_below(d, 3))});
    }
}

static void events_survive_a_chunk(void **state) {
    (void)state;
    struct dice d = {31};
    static struct history h, back;
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    for (int round = 0; round < 2000; round++) {
        uint32_t first = dice_below(&d, 9);
        random_events(&d, &h, first + 1 + dice_below(&d, 200));
        uint32_t n = history_encode(&h, first, bytes);
        memset(&back, 0, sizeof back);
        assert_int_equal(history_decode(&back, bytes, sizeof bytes), 0);
        assert_in_range(n, 1, h.n - first);
        assert_int_equal(back.n, n);
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(back.events[i].key, h.events[first + i].key);
            assert_int_equal(back.events[i].time_s, h.events[first + i].time_s);
            assert_int_equal(back.events[i].type, h.events[first + i].type);
            assert_int_equal(back.events[i].item, HISTORY_NO_ITEM);
        }
    }
}

/* However many there are, chunk after chunk takes them all: strangers an age apart (the worst there
 * is), one item again and again (the best), and items that come back from far. */
static void chunks_take_any_number_of_events(void **state) {
    (void)state;
    static const struct {
        uint32_t items, most;
    } cases[] = {{SOTTO_HISTORY_MAX, 63}, {1, 255}, {64, 255}, {90, 255}};
    static struct history h, back;
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    for (unsigned c = 0; c < ARRAY_LEN(cases); c++) {
        memset(&h, 0, sizeof h);
        memset(&back, 0, sizeof back);
        for (uint32_t i = 0; i < SOTTO_HISTORY_MAX; i++)
            history_add(&h, (struct history_event){.key = i % cases[c].items,
                                                   .time_s = c == 0 && i % 2 ? UINT32_MAX : 0,
                                                   .type = SOTTO_EVENT_VIEW});
        for (uint32_t from = 0; from < h.n;) {
            uint32_t n = history_encode(&h, from, bytes);
            assert_in_range(n, 1, cases[c].most);
            assert_int_equal(history_decode(&back, bytes, sizeof bytes), 0);
            from += n;
        }
        assert_int_equal(back.n, h.n);
        for (uint32_t i = 0; i < h.n; i++) {
            assert_int_equal(back.events[i].key, h.events[i].key);
            assert_int_equal(back.events[i].time_s, h.events[i].time_s);
        }
    }
}

static void damage_adds_nothing_and_nothing_is_written_in_two_ways(void **state) {
    (void)state;
    struct dice d = {32};
    static struct history h, back;
    uint8_t bytes[HISTORY_CHUNK_BYTES + 1], copy[HISTORY_CHUNK_BYTES + 1],
        again[HISTORY_CHUNK_BYTES];
    int refused = 0;
    for (int round = 0; round < 60; round++) {
        random_events(&d, &h, 1 + dice_below(&d, 200));
        uint32_t n = history_encode(&h, 0, bytes);
        bytes[HISTORY_CHUNK_BYTES] = 0;
        for (size_t cut = 0; cut <= sizeof bytes; cut++) {
            int is_whole = cut == HISTORY_CHUNK_BYTES;
            memset(&back, 0, sizeof back);
            assert_int_equal(history_decode(&back, bytes, cut), is_whole ? 0 : -1);
            assert_int_equal(back.n, is_whole ? n : 0);
        }
        for (size_t i = 0; i < HISTORY_CHUNK_BYTES; i++) {
            memcpy(copy, bytes, HISTORY_CHUNK_BYTES);
            copy[i] ^= (uint8_t)(1u << dice_below(&d, 8));
            memset(&back, 0, sizeof back);
            if (history_decode(&back, copy, HISTORY_CHUNK_BYTES) != 0) {
                assert_int_equal(back.n, 0);
                refused++;
            } else { /* other events, but then these bytes are how they are written */
                assert_int_equal(history_encode(&back, 0, again), back.n);
                assert_memory_equal(again, copy, HISTORY_CHUNK_BYTES);
            }
        }
    }
    assert_true(refused > 1000);
}

static void example_in_format_md_is_a_chunk(void **state) {
    (void)state;
    struct history h = {0};
    uint8_t example[HISTORY_CHUNK_BYTES] = {0}, bytes[HISTORY_CHUNK_BYTES];
    history_add(&h, (struct history_event){.key = 7, .time_s = 16, .type = SOTTO_EVENT_VIEW});
    history_add(&h, (struct history_event){.key = 8, .time_s = 19, .type = SOTTO_EVENT_VIEW});
    history_add(&h, (struct history_event){.key = 7, .time_s = 17, .type = SOTTO_EVENT_PURCHASE});

    assert_int_equal(history_encode(&h, 0, bytes), 3);

    assert_int_equal(hex_after("A chunk of events (class 6)", example, sizeof example), 30);
    assert_memory_equal(bytes, example, sizeof bytes);
}

static void chunks_of_format_1_are_still_read(void **state) {
    (void)state;
    struct history back = {0};
    uint8_t bytes[4 + 2 * 16] = {1, 2, 0, 0, 9, 8, 7, 6, 5, 4, 3,    2, 0x10, 0, 0, 0, 3, 0,
                                 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x20, 1, 0,    0, 1, 0, 0, 0};
    assert_int_equal(history_decode(&back, bytes, sizeof bytes), 0);
    assert_int_equal(back.n, 2);
    assert_true(back.events[0].key == 0x0203040506070809u && back.events[0].time_s == 16 &&
                back.events[0].type == SOTTO_EVENT_PURCHASE);
    assert_true(back.events[1].key == 1 && back.events[1].time_s == 0x120 &&
                back.events[1].type == SOTTO_EVENT_VIEW);
    static const size_t reserved[] = {0, 1, 2, 3, 4 + 12, 4 + 13, 4 + 16 + 15};
    for (unsigned i = 0; i < ARRAY_LEN(reserved); i++) {
        uint8_t copy[sizeof bytes];
        memcpy(copy, bytes, sizeof copy);
        copy[reserved[i]] = 0xee;
        memset(&back, 0, sizeof back);
        assert_int_equal(history_decode(&back, copy, sizeof copy), -1);
        assert_int_equal(back.n, 0);
    }
}

/* A profile that could only be looked up after things were done: those stay the latest. */
static void stored_events_take_their_place_before_newer_ones(void **state) {
    (void)state;
    static const uint32_t newer[] = {0, 5, SOTTO_HISTORY_MAX - 3, SOTTO_HISTORY_MAX};
    for (unsigned round = 0; round < ARRAY_LEN(newer); round++) {
        struct history stored = {0}, h = {0};
        uint8_t bytes[HISTORY_CHUNK_BYTES];
        for (uint32_t i = 0; i < 40; i++)
            history_add(&stored, (struct history_event){.key = i, .type = SOTTO_EVENT_VIEW});
        for (uint32_t i = 0; i < newer[round]; i++)
            history_add(&h, (struct history_event){.key = 1000 + i, .type = SOTTO_EVENT_VIEW});

        for (stored.n = 20; stored.n <= 40; stored.n += 20) {
            assert_int_equal(history_encode(&stored, stored.n - 20, bytes), 20);
            assert_int_equal(history_decode(&h, bytes, sizeof bytes), 0);
        }

        uint32_t room = SOTTO_HISTORY_MAX - newer[round], kept = room < 40 ? room : 40;
        assert_int_equal(h.n, newer[round] + kept);
        assert_int_equal(h.n_stored, kept);
        for (uint32_t i = 0; i < kept; i++) assert_int_equal(h.events[i].key, 40 - kept + i);
        for (uint32_t i = kept; i < h.n; i++) assert_int_equal(h.events[i].key, 1000 + i - kept);
        history_drop_stored(&h);
        assert_int_equal(h.n, newer[round]);
        if (h.n) assert_int_equal(h.events[0].key, 1000);
    }
}

static void later_words_win_and_only_a_no_is_kept_as_a_debt(void **state) {
    (void)state;
    struct policy p = asking_policy();
    struct consent stored = {0}, later = {0};
    for (int i = SOTTO_PURPOSE_STORE; i <= SOTTO_PURPOSE_MEASURE; i++)
        consent_apply(&stored, (enum sotto_purpose)i, CONSENT_GRANT, SOTTO_SAID_SCREEN, &p, 5);
    consent_apply(&later, SOTTO_PURPOSE_PERSONALISE, CONSENT_WITHDRAW, SOTTO_SAID_SCREEN, &p, 6);
    consent_apply(&later, SOTTO_PURPOSE_MEASURE, CONSENT_GRANT, SOTTO_SAID_SCREEN, &p, 7);

    assert_int_equal(consent_merge(&stored, &later), 2);
    consent_keep_no(&later);

    assert_int_equal(stored.word[SOTTO_PURPOSE_STORE - 1].at_s, 5);
    assert_int_equal(stored.word[SOTTO_PURPOSE_PERSONALISE - 1].state, SOTTO_CONSENT_WITHDRAWN);
    assert_int_equal(stored.word[SOTTO_PURPOSE_MEASURE - 1].at_s, 7);
    assert_int_equal(later.word[SOTTO_PURPOSE_PERSONALISE - 1].state, SOTTO_CONSENT_WITHDRAWN);
    assert_int_equal(later.word[SOTTO_PURPOSE_MEASURE - 1].state, SOTTO_CONSENT_UNKNOWN);
    assert_int_equal(consent_merge(&stored, &later), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_granted_current_and_informed_consent_is_yes),
        cmocka_unit_test(purposes_do_not_leak_into_each_other),
        cmocka_unit_test(strict_policy_never_gives_consent),
        cmocka_unit_test(damaged_consent_record_is_no),
        cmocka_unit_test(consent_record_of_format_1_is_read_and_the_rest_is_unknown),
        cmocka_unit_test(full_history_forgets_the_oldest),
        cmocka_unit_test(events_survive_a_chunk),
        cmocka_unit_test(chunks_take_any_number_of_events),
        cmocka_unit_test(damage_adds_nothing_and_nothing_is_written_in_two_ways),
        cmocka_unit_test(example_in_format_md_is_a_chunk),
        cmocka_unit_test(chunks_of_format_1_are_still_read),
        cmocka_unit_test(stored_events_take_their_place_before_newer_ones),
        cmocka_unit_test(later_words_win_and_only_a_no_is_kept_as_a_debt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
