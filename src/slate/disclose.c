/* disclose: the banner's packet and what its receipt proves. */
#include "slate/slate.h"

/* Hashes field after field, each chained to the last, so that no two packets share a hash. */
struct chain {
    uint8_t h[HASH_BYTES];
};

static void chain_bytes(struct chain *c, const char *label, const void *bytes, size_t n) {
    uint8_t next[HASH_BYTES];
    hash_keyed(next, c->h, label, bytes, n);
    memcpy(c->h, next, sizeof next);
}
static void chain_text(struct chain *c, const char *label, const char *text) {
    chain_bytes(c, label, text, strlen(text));
}
static void chain_number(struct chain *c, const char *label, uint64_t v) {
    uint8_t bytes[8];
    store64(bytes, v);
    chain_bytes(c, label, bytes, sizeof bytes);
}

void banner_hash(const struct sotto_banner *b, uint8_t hash[HASH_BYTES]) {
    struct chain c = {{0}};
    chain_bytes(&c, "id", b->id, sizeof b->id);
    chain_number(&c, "notice", b->notice_version);
    chain_text(&c, "locale", b->locale);
    chain_text(&c, "direction", b->direction);
    chain_text(&c, "title", b->title);
    chain_text(&c, "short", b->short_text);
    chain_text(&c, "plain", b->plain_text);
    chain_text(&c, "speech", b->speech_text);
    chain_text(&c, "icon", b->icon);
    chain_text(&c, "contact", b->contact);
    chain_number(&c, "actions", b->n_actions);
    for (uint32_t i = 0; i < b->n_actions; i++) {
        chain_text(&c, "action", b->actions[i].id);
        chain_text(&c, "label", b->actions[i].label);
    }
    chain_number(&c, "display", b->min_display_ms);
    chain_number(&c, "ack", b->must_ack);
    memcpy(hash, c.h, HASH_BYTES);
}

int banner_fill(struct sotto_banner *b, const struct policy *policy, const char *locale,
                struct rng *rng) {
    const char *const *text = policy->texts[policy_text_index(policy, locale)];
    memset(b, 0, sizeof *b);
    b->size = sizeof *b;
    if (rng_bytes(rng, b->id, sizeof b->id) != 0) return -1;
    b->notice_version = policy->notice_version;
    b->locale = text[TEXT_LOCALE];
    b->direction = text[TEXT_DIRECTION];
    b->title = text[TEXT_TITLE];
    b->short_text = text[TEXT_SHORT];
    b->plain_text = text[TEXT_PLAIN];
    b->speech_text = text[TEXT_SPEECH];
    b->icon = text[TEXT_ICON];
    b->contact = policy->contact;
    b->actions[0] = (struct sotto_banner_action){"accept", text[TEXT_ACCEPT]};
    b->actions[1] = (struct sotto_banner_action){"decline", text[TEXT_DECLINE]};
    b->actions[2] = (struct sotto_banner_action){"why", text[TEXT_WHY]};
    b->actions[3] = (struct sotto_banner_action){"person", text[TEXT_PERSON]};
    b->n_actions = 4;
    b->min_display_ms = policy->min_display_ms;
    b->must_ack = policy->must_ack;
    banner_hash(b, b->hash);
    return 0;
}

enum slate_event receipt_judge(const struct sotto_banner *b, const struct sotto_banner_receipt *r,
                               uint64_t asked_ms, uint64_t now_ms) {
    const uint32_t known = SOTTO_CHANNEL_SCREEN | SOTTO_CHANNEL_SPEECH | SOTTO_CHANNEL_BRAILLE;
    if (r->size < sizeof *r || !equal_ct(r->hash, b->hash, HASH_BYTES)) return SLATE_RECEIPT_BAD;
    if (r->acknowledged == 2) return SLATE_DECLINE; /* a no needs no minimum time */
    if ((r->channels & known) == 0 || (r->channels & ~known) != 0) return SLATE_RECEIPT_BAD;
    if (r->acknowledged > 1 || (b->must_ack && r->acknowledged != 1)) return SLATE_RECEIPT_BAD;
    if (r->shown_from_ms < asked_ms || r->shown_until_ms < r->shown_from_ms ||
        r->shown_until_ms > now_ms || r->shown_until_ms - r->shown_from_ms < b->min_display_ms)
        return SLATE_RECEIPT_BAD;
    return SLATE_RECEIPT_GOOD;
}
