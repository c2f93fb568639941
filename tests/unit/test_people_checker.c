/* An independent witness: random people, words, signals, ages, banners, clocks and failures, and a
 * model of its own that was told only what was said and shown. Nothing personal may be handed out
 * that this model cannot account for: a yes to personalise that still holds, and a banner's good
 * receipt in the same session. `test_people_checker STEPS SEED` plays longer. */
#include "tests/support/test.h"

#include "tests/support/dice.h"
#include "base/base.h"
#include "sotto_people.h"
#include "tests/support/kiosk.h"

#define TTL_S    (90 * 86400)
#define SESSIONS 3
#define SLATES   4

/* ---- What the witness believes ------------------------------------------------------------- */

struct word {
    int is_yes, is_resting;
    int64_t at_s;
};
struct profile { /* "anna" and "bob", as they may be stored */
    int is_kept;
    int was_shown; /* the banner, in a visit that was stored */
    struct word personalise;
};
struct session {
    sotto_session handle;
    int who; /* -1: nobody by name */
    int is_kept, has_receipt, years, has_signal, is_overridden;
    int was_said;  /* a word on personalising: a notice changes nothing any more */
    int was_shown; /* a banner, whatever was said since */
    int is_paused; /* asked to rest, whether or not there was a yes */
    struct word personalise;
};
struct witness {
    struct profile profile[2];
    struct session session[SESSIONS];
    struct {
        sotto_slate handle;
        struct session *of;
    } slate[SLATES];
    int is_off;
    int is_notice; /* a banner that was shown and not declined stands for a yes */
    int is_scoped; /* a stored profile's banner counts in later visits */
    unsigned lost; /* how often storage went away */
    int64_t now_s;
    unsigned personal, general, why[16];
};

static int may_be_personal(const struct witness *w, const struct session *s) {
    return s->personalise.is_yes && !s->personalise.is_resting &&
           w->now_s - s->personalise.at_s <= TTL_S &&
           (s->has_receipt || (w->is_scoped && s->was_shown)) && !s->has_signal && !w->is_off &&
           !s->is_overridden && !s->is_paused && (s->years == 0 || s->years >= 13);
}

static void keep(struct witness *w, struct session *s) {
    if (s->who >= 0 && s->is_kept)
        w->profile[s->who] =
            (struct profile){1, w->profile[s->who].was_shown || s->was_shown, s->personalise};
}

/* ---- What happens ------------------------------------------------------------------------- */

static const char *const names[] = {"anna", "bob"};

static void begin(struct kiosk *k, struct witness *w, struct dice *d, struct session *s) {
    memset(s, 0, sizeof *s);
    s->who = (int)dice_below(d, 3) - 1;
    for (int i = 0; i < SESSIONS; i++)
        if (&w->session[i] != s && w->session[i].handle && w->session[i].who == s->who) s->who = -1;
    if (sotto_session_begin(k->engine, s->who < 0 ? NULL : names[s->who], &s->handle) != SOTTO_OK) {
        s->handle = 0;
        return;
    }
    if (s->who >= 0 && w->profile[s->who].is_kept) {
        s->is_kept = 1;
        s->personalise = w->profile[s->who].personalise;
        s->was_shown = w->profile[s->who].was_shown;
    }
}

static void say(struct kiosk *k, struct witness *w, struct dice *d, struct session *s) {
    static const enum sotto_consent words[] = {
        SOTTO_CONSENT_GRANTED, SOTTO_CONSENT_GRANTED,   SOTTO_CONSENT_GRANTED,
        SOTTO_CONSENT_GRANTED, SOTTO_CONSENT_GRANTED,   SOTTO_CONSENT_GRANTED,
        SOTTO_CONSENT_DENIED,  SOTTO_CONSENT_WITHDRAWN, SOTTO_CONSENT_OBJECTED};
    enum sotto_purpose purpose = (enum sotto_purpose)(1 + dice_below(d, SOTTO_PURPOSE_LAST));
    enum sotto_consent word = words[dice_below(d, ARRAY_LEN(words))];
    if (dice_below(d, 2)) purpose = SOTTO_PURPOSE_PERSONALISE;
    int status = sotto_consent_set(k->engine, s->handle, purpose, word);
    int is_yes = word == SOTTO_CONSENT_GRANTED;
    if (is_yes && status != SOTTO_OK) return;
    if (purpose == SOTTO_PURPOSE_STORE) {
        s->is_kept = is_yes;
        if (!is_yes && s->who >= 0) memset(&w->profile[s->who], 0, sizeof w->profile[0]);
    }
    if (purpose == SOTTO_PURPOSE_PERSONALISE) {
        s->personalise = (struct word){is_yes, 0, w->now_s};
        s->was_said = 1;
        if (!is_yes) s->has_receipt = 0;
        if (is_yes) s->is_paused = 0;
    }
    keep(w, s);
}

static void rest(struct kiosk *k, struct witness *w, struct session *s, int is_pause) {
    int status = is_pause ? sotto_pause(k->engine, s->handle) : sotto_resume(k->engine, s->handle);
    if (is_pause || status == SOTTO_OK) s->is_paused = is_pause;
    /* Only a yes can rest beyond this session. */
    if (is_pause ? s->personalise.is_yes : status == SOTTO_OK) s->personalise.is_resting = is_pause;
    keep(w, s);
}

static void grow(struct kiosk *k, struct witness *w, struct dice *d, struct session *s) {
    static const int ages[] = {0, 8, 14, 40};
    int years = ages[dice_below(d, ARRAY_LEN(ages))];
    (void)w;
    if (sotto_session_age(k->engine, s->handle, (uint32_t)years) == SOTTO_E_STATE) return;
    s->years = years;
    if (years != 8) return;
    s->who = -1; /* and nothing of what was */
    s->is_kept = s->has_receipt = s->was_shown = s->was_said = s->is_paused = 0;
    memset(&s->personalise, 0, sizeof s->personalise);
}

static void erase(struct kiosk *k, struct witness *w, struct dice *d) {
    struct sotto_erase_receipt gone = {.size = sizeof gone};
    int who = (int)dice_below(d, 2);
    (void)!sotto_erase(k->engine, names[who], &gone);
    memset(&w->profile[who], 0, sizeof w->profile[0]);
    for (int i = 0; i < SESSIONS; i++) {
        struct session *s = &w->session[i];
        if (!s->handle || s->who != who) continue;
        s->is_kept = s->has_receipt = s->was_shown = s->was_said = 0;
        memset(&s->personalise, 0, sizeof s->personalise);
    }
}

/* A banner that was accepted proves something, in whichever way the receipt came. */
static void present(struct kiosk *k, struct witness *w, struct dice *d, struct session *s,
                    sotto_slate slate) {
    unsigned asked = k->device.banners_asked;
    enum sim_banner mode = k->device.banner =
        dice_below(d, 2) ? SIM_BANNER_ACCEPTED : (enum sim_banner)dice_below(d, 8);
    int status = sotto_slate_present(k->engine, slate);
    int is_asked = k->device.banners_asked > asked;
    if (status == SOTTO_PENDING && dice_below(d, 3)) {
        struct sotto_banner_receipt receipt = {.size = sizeof receipt};
        sim_device_advance(&k->device, 2000);
        mode = k->device.banner = dice_below(d, 4) ? SIM_BANNER_ACCEPTED : SIM_BANNER_TOO_SHORT;
        sim_banner_receipt(&k->device, &receipt);
        if (dice_below(d, 8) == 0) receipt.hash[0] ^= 1, mode = SIM_BANNER_WRONG_HASH;
        status = sotto_slate_confirm(k->engine, slate, &receipt);
    }
    if (!is_asked) return;
    if (mode == SIM_BANNER_DECLINED) {
        s->personalise.is_yes = 0;
        s->has_receipt = 0;
        s->was_said = 1;
    }
    if (mode == SIM_BANNER_ACCEPTED && status == SOTTO_OK) {
        s->has_receipt = s->was_shown = 1;
        if (w->is_notice && !s->was_said && !s->personalise.at_s)
            s->personalise = (struct word){1, s->personalise.is_resting, w->now_s};
    }
    keep(w, s);
}

static void open(struct kiosk *k, struct witness *w, unsigned i) {
    struct sotto_slate_view view = {.size = sizeof view};
    struct sotto_item items[8];
    struct session *s = w->slate[i].of;
    if (sotto_slate_open(k->engine, w->slate[i].handle, &view, items, 8) == SOTTO_OK) {
        if (view.personalised && !may_be_personal(w, s))
            fail_msg("a personal slate without a reason: yes %d, resting %d, receipt %d, years %d, "
                     "signal %d, off %d, overridden %d",
                     s->personalise.is_yes, s->personalise.is_resting, s->has_receipt, s->years,
                     s->has_signal, w->is_off, s->is_overridden);
        w->personal += view.personalised;
        w->general += !view.personalised;
        w->why[view.why & 15]++;
    }
    sotto_slate_close(k->engine, w->slate[i].handle);
    w->slate[i].handle = 0;
}

static void let_time_pass(struct kiosk *k, struct witness *w, struct dice *d) {
    static const uint64_t steps_s[] = {1, 1, 1, 2, 2, 5, 5, 20, 20, 200};
    uint64_t s = steps_s[dice_below(d, ARRAY_LEN(steps_s))];
    if (dice_below(d, 500) == 0) k->device.wall_s += 100 * 86400; /* every yes may run out */
    if (dice_below(d, 500) == 0) k->device.wall_s -= 30 * 86400;  /* or seem younger */
    sim_device_advance(&k->device, s * 1000);
    if (dice_below(d, 2)) (void)!sotto_tick(k->engine);
    w->now_s += (int64_t)s; /* at least */
}

/* The device restarts without its keys, and with them without its vault; or they are back. A no
 * that was said meanwhile may be lost by a second restart, as sotto.h says: there is none. */
static void lose_storage(struct kiosk *k, struct witness *w) {
    struct sotto_health health = {.size = sizeof health};
    if (!k->device.port.vault_path) return;
    if (k->device.slot_get_fails) {
        k->device.slot_get_fails = 0;
        return;
    }
    assert_int_equal(sotto_health(k->engine, &health), SOTTO_OK);
    if (health.storage != SOTTO_STORAGE_OK || w->is_off) return;
    sotto_close(k->engine);
    k->engine = NULL;
    k->device.slot_get_fails = 1;
    k->device.entropy_fails = 0;
    kiosk_open(k);
    memset(w->session, 0, sizeof w->session);
    memset(w->slate, 0, sizeof w->slate);
    w->lost++;
}

static void step(struct kiosk *k, struct witness *w, struct dice *d) {
    struct session *s = &w->session[dice_below(d, SESSIONS)];
    unsigned i = (unsigned)dice_below(d, SLATES);
    const struct sotto_slate_request request = {.size = sizeof request, .count = 8};
    /* One that ended by itself is nobody's any more. */
    enum sotto_consent word;
    if (s->handle && sotto_consent_get(k->engine, s->handle, 1, &word) != SOTTO_OK) s->handle = 0;
    switch (dice_below(d, 40)) {
    case 0: let_time_pass(k, w, d); return;
    case 1:
        if (dice_below(d, 4) == 0) erase(k, w, d);
        return;
    case 2:
        if (dice_below(d, 4)) return;
        w->is_off = (int)dice_below(d, 5) == 0;
        (void)!sotto_switch_set(k->engine, w->is_off);
        return;
    case 3: k->device.entropy_fails = dice_below(d, 12) == 0; return;
    case 4:
        if (k->device.slot_get_fails || dice_below(d, 8) == 0) lose_storage(k, w);
        return;
    default: break;
    }
    if (!s->handle) {
        begin(k, w, d, s);
        return;
    }
    switch (dice_below(d, 25)) {
    case 0:
        if (dice_below(d, 3)) break;
        for (unsigned x = 0; x < SLATES; x++)
            if (w->slate[x].of == s) w->slate[x].handle = 0;
        (void)!sotto_session_end(k->engine, s->handle);
        s->handle = 0;
        break;
    case 1:
    case 2:
    case 3: say(k, w, d, s); break;
    case 4: rest(k, w, s, (int)dice_below(d, 3) == 0); break;
    case 5:
        if (dice_below(d, 6)) break;
        (void)!sotto_signal_set(k->engine, s->handle, SOTTO_SIGNAL_LMT);
        s->has_signal = 1;
        break;
    case 6:
        if (dice_below(d, 6) == 0) grow(k, w, d, s);
        break;
    case 7:
        if (dice_below(d, 8)) break;
        (void)!sotto_override(k->engine, s->handle, NULL, 1);
        s->is_overridden = 1;
        break;
    case 8: (void)!sotto_forget(k->engine, s->handle, "item-3", 0, NULL); break;
    case 9:
    case 10:
    case 11:
        if (w->slate[i].handle) open(k, w, i);
        break;
    case 12:
    case 13:
    case 14:
        if (w->slate[i].handle && w->slate[i].of == s) present(k, w, d, s, w->slate[i].handle);
        break;
    case 15:
    case 16:
    case 17:
    case 18:
    case 19:
    case 20:
    case 21:
        if (w->slate[i].handle ||
            sotto_slate_request(k->engine, s->handle, &request, &w->slate[i].handle) != SOTTO_OK)
            break;
        w->slate[i].of = s;
        if (dice_below(d, 2)) present(k, w, d, s, w->slate[i].handle);
        if (dice_below(d, 3) == 0) open(k, w, i);
        break;
    default: kiosk_record(k, s->handle, (unsigned)dice_below(d, 60), SOTTO_EVENT_VIEW); break;
    }
}

static unsigned long steps = 100000, seed = 1;

static void play(int is_ram_only, unsigned long n, uint64_t consent, uint64_t scope) {
    struct kiosk k;
    struct witness w = {0};
    struct dice d = {seed + (unsigned)is_ram_only};
    const struct make_policy policy = {
        .version = 1,
        .more = {{POLICY_KEY_PERSONALISE, consent}, {POLICY_KEY_BANNER_SCOPE, scope}}};
    w.is_notice = consent == POLICY_NOTICE;
    w.is_scoped = scope != SCOPE_SESSION;
    kiosk_make(&k, 60, &policy, is_ram_only);
    kiosk_open(&k);
    w.now_s = k.device.wall_s;
    for (unsigned long i = 0; i < n; i++) step(&k, &w, &d);
    print_message("seed %lu: %u personal slates, each accounted for; %u general; storage lost %u "
                  "times\n",
                  seed, w.personal, w.general, w.lost);
    for (int i = 0; i < 16; i++)
        if (w.why[i]) print_message("  %u: %s\n", w.why[i], sotto_why_text((enum sotto_why)i));
    if (n >= 5000) assert_true(w.personal > n / 1000); /* else this witness has seen nothing */
    kiosk_free(&k);
}

static void nothing_personal_is_handed_out_without_a_yes_and_a_receipt(void **state) {
    (void)state;
    play(1, steps / 2, POLICY_ASK, SCOPE_SESSION);
}

static void nor_where_profiles_are_stored(void **state) {
    (void)state;
    play(0, steps / 20, POLICY_ASK, SCOPE_SESSION);
    play(0, steps / 20, POLICY_ASK, SCOPE_DAY);
    play(0, steps / 20, POLICY_ASK, SCOPE_PROFILE);
}

static void nor_where_a_notice_stands_for_a_yes(void **state) {
    (void)state;
    play(1, steps * 3 / 10, POLICY_NOTICE, SCOPE_SESSION);
    play(0, steps / 20, POLICY_NOTICE, SCOPE_PROFILE);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_personal_is_handed_out_without_a_yes_and_a_receipt),
        cmocka_unit_test(nor_where_profiles_are_stored),
        cmocka_unit_test(nor_where_a_notice_stands_for_a_yes),
    };
    if (argc > 1) steps = strtoul(argv[1], NULL, 10);
    if (argc > 2) seed = strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
