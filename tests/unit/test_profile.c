/* Consent and history: what a word is worth, and what survives encoding. */
#include "tests/support/test.h"

#include "crypto/crypto.h"
#include "profile/consent.h"
#include "profile/history.h"
#include "tests/support/dice.h"

static struct policy asking_policy(void) {
    struct policy p;
    policy_strict(&p);
    p.consent_ttl_s = 1000;
    p.notice_version = 7;
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
        consent_say(&c, (enum sotto_purpose)said, SOTTO_CONSENT_GRANTED, &p, 5);
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
        consent_say(&c, (enum sotto_purpose)i, SOTTO_CONSENT_GRANTED, &p, 5);
        assert_int_not_equal(consent_now(&c, (enum sotto_purpose)i, &p, 5), SOTTO_CONSENT_GRANTED);
    }
}

static void damaged_consent_record_is_no(void **state) {
    (void)state;
    struct policy p = asking_policy();
    struct consent c = {0}, back;
    uint8_t bytes[CONSENT_RECORD_BYTES];
    for (int i = SOTTO_PURPOSE_STORE; i <= SOTTO_PURPOSE_MEASURE; i++)
        consent_say(&c, (enum sotto_purpose)i, SOTTO_CONSENT_DENIED, &p, 5);
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

static void full_history_forgets_the_oldest(void **state) {
    (void)state;
    struct history h = {0};
    for (uint32_t i = 0; i < SOTTO_HISTORY_MAX + 10; i++) {
        history_add(&h, (struct history_event){.key = i, .time_s = i, .type = SOTTO_EVENT_VIEW});
        if (i == 99) h.n_stored = 100;
    }
    assert_int_equal(h.n, SOTTO_HISTORY_MAX);
    assert_int_equal(h.events[0].key, 10);
    assert_int_equal(h.events[h.n - 1].key, SOTTO_HISTORY_MAX + 9);
    assert_int_equal(h.n_stored, 90);

    history_expire(&h, 50);

    assert_int_equal(h.events[0].key, 50);
    assert_int_equal(h.n, SOTTO_HISTORY_MAX - 40);
    assert_int_equal(h.n_stored, 50);
    history_expire(&h, INT64_MAX);
    assert_int_equal(h.n, 0);
    assert_int_equal(h.n_stored, 0);
}

static void events_survive_a_chunk_and_damage_adds_nothing(void **state) {
    (void)state;
    struct dice d = {31};
    struct history h = {0}, back;
    uint8_t bytes[HISTORY_CHUNK_BYTES], copy[HISTORY_CHUNK_BYTES];
    for (uint32_t i = 0; i < 40; i++)
        history_add(&h, (struct history_event){.key = dice_u64(&d),
                                               .item = i,
                                               .time_s = (uint32_t)dice_u64(&d),
                                               .type = (uint8_t)(1 + dice_below(&d, 3))});
    size_t n = history_encode(&h, 5, 32, bytes);
    memset(&back, 0, sizeof back);
    assert_int_equal(history_decode(&back, bytes, n), 0);
    assert_int_equal(back.n, 32);
    for (uint32_t i = 0; i < 32; i++) {
        assert_int_equal(back.events[i].key, h.events[5 + i].key);
        assert_int_equal(back.events[i].time_s, h.events[5 + i].time_s);
        assert_int_equal(back.events[i].type, h.events[5 + i].type);
        assert_int_equal(back.events[i].item, HISTORY_NO_ITEM);
    }
    for (size_t cut = 0; cut < n; cut++) {
        memset(&back, 0, sizeof back);
        assert_int_equal(history_decode(&back, bytes, cut), -1);
        assert_int_equal(back.n, 0);
    }
    static const size_t reserved[] = {0, 1, 2, 3, 4 + 12, 4 + 13, 4 + 31 * 16 + 15};
    for (unsigned i = 0; i < ARRAY_LEN(reserved); i++) {
        memcpy(copy, bytes, n);
        copy[reserved[i]] = 0xee;
        memset(&back, 0, sizeof back);
        assert_int_equal(history_decode(&back, copy, n), -1);
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

        for (uint32_t from = 0; from < 40; from += 20) {
            size_t n = history_encode(&stored, from, 20, bytes);
            assert_int_equal(history_decode(&h, bytes, n), 0);
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
        consent_say(&stored, (enum sotto_purpose)i, SOTTO_CONSENT_GRANTED, &p, 5);
    consent_say(&later, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN, &p, 6);
    consent_say(&later, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_GRANTED, &p, 7);

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
        cmocka_unit_test(full_history_forgets_the_oldest),
        cmocka_unit_test(events_survive_a_chunk_and_damage_adds_nothing),
        cmocka_unit_test(stored_events_take_their_place_before_newer_ones),
        cmocka_unit_test(later_words_win_and_only_a_no_is_kept_as_a_debt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
