/* seen: see seen.h. Record: u8 format = 1, u8 items, u8 counts, u8 zero, u32 day; per item u64 key
 * (hash_item_id), u32 time shown last, u8 times that day, u8 1 if the person did something with it
 * since; per count u64 hash_item_id of the group's or payer's name, u8 kind, u8 times that day. */
#include "profile/seen.h"

#include "crypto/crypto.h"

#define FORMAT      1
#define HEAD_BYTES  8
#define ITEM_BYTES  14
#define COUNT_BYTES 10
#define DAY_S       86400
_Static_assert(SEEN_COUNTS_MAX <= 64, "one bit each");

static uint32_t day_of(int64_t now_s) { return (uint32_t)(now_s / DAY_S); }

/* Yesterday's counts are worth nothing. */
static void roll(struct seen *s, int64_t now_s) {
    if (s->day == day_of(now_s)) return;
    s->day = day_of(now_s);
    s->n_counts = 0;
    for (uint32_t i = 0; i < s->n_items; i++) s->items[i].today = 0;
}

static uint32_t find_item(const struct seen *s, uint32_t item) {
    uint32_t i = 0;
    while (i < s->n_items && s->items[i].item != item) i++;
    return i;
}

/* The place of an item: its own, a free one, or that of the item shown longest ago. */
static uint32_t place_of(struct seen *s, uint32_t item) {
    uint32_t i = find_item(s, item), oldest = 0;
    if (i < s->n_items) return i;
    if (s->n_items < SEEN_ITEMS_MAX) return s->n_items++;
    for (i = 1; i < SEEN_ITEMS_MAX; i++)
        if (s->items[i].at_s < s->items[oldest].at_s) oldest = i;
    memset(&s->items[oldest], 0, sizeof s->items[0]);
    return oldest;
}

static uint32_t find_count(const struct seen *s, uint8_t kind, const char *name) {
    uint32_t i = 0;
    while (i < s->n_counts && (s->counts[i].kind != kind || strcmp(s->counts[i].name, name) != 0))
        i++;
    return i;
}

static void count(struct seen *s, uint8_t kind, const char *name, uint8_t times) {
    uint32_t i = find_count(s, kind, name);
    if (i == SEEN_COUNTS_MAX) return; /* seen_left knows */
    if (i == s->n_counts) {
        memset(&s->counts[i], 0, sizeof s->counts[0]);
        s->counts[i].name = name;
        s->counts[i].kind = kind;
        s->n_counts++;
    }
    s->counts[i].today =
        (uint8_t)(s->counts[i].today + times < 255 ? s->counts[i].today + times : 255);
}

static int is_kept(const struct policy *policy) {
    return policy->seen_hide_s || policy->caps_item_day || policy->caps_sponsor_day ||
           policy->n_caps;
}

void seen_show(struct seen *s, const struct model *model, const struct policy *policy,
               uint32_t item, int64_t now_s) {
    if (!is_kept(policy)) return;
    roll(s, now_s);
    if (policy->seen_hide_s || policy->caps_item_day) {
        uint32_t i = place_of(s, item);
        s->items[i].item = item;
        s->items[i].at_s = (uint32_t)now_s;
        s->items[i].is_taken = 0;
        if (s->items[i].today < 255) s->items[i].today++;
    }
    const char *group = model_group_name(model, model_item_group(model, item));
    for (uint32_t c = 0; c < policy->n_caps; c++)
        if (strcmp(policy->caps[c].group, group) == 0) {
            count(s, SEEN_GROUP, group, 1);
            break;
        }
    const struct model_facts facts = model_facts(model, item);
    if (policy->caps_sponsor_day && (facts.flags & MODEL_PAID))
        count(s, SEEN_PAYER, facts.payer, 1);
    s->is_dirty = 1;
}

void seen_take(struct seen *s, uint32_t item, uint8_t is_taken) {
    uint32_t i = find_item(s, item);
    if (i == s->n_items || s->items[i].is_taken == is_taken) return;
    s->items[i].is_taken = is_taken;
    s->is_dirty = 1;
}

static int is_hidden(const struct seen *s, uint32_t i, const struct policy *policy, int64_t now_s) {
    return !s->items[i].is_taken && now_s < (int64_t)s->items[i].at_s + policy->seen_hide_s;
}

void seen_bar(const struct seen *s, const struct policy *policy, int64_t now_s, uint8_t *bits) {
    int is_today = s->day == day_of(now_s);
    for (uint32_t i = 0; i < s->n_items; i++) {
        uint32_t item = s->items[i].item, cap = policy->caps_item_day;
        if (is_hidden(s, i, policy, now_s) || (is_today && cap && s->items[i].today >= cap))
            bits[item >> 3] |= (uint8_t)(1u << (item & 7));
    }
}

uint8_t seen_left(const struct seen *s, enum seen_kind kind, const char *name, uint32_t per_day,
                  int64_t now_s) {
    if (per_day == 0) return 255;
    if (per_day > 254) per_day = 254;
    if (!s || s->day != day_of(now_s)) return (uint8_t)per_day;
    uint32_t i = find_count(s, (uint8_t)kind, name);
    if (i == SEEN_COUNTS_MAX) return 0;
    uint32_t today = i < s->n_counts ? s->counts[i].today : 0;
    return (uint8_t)(today < per_day ? per_day - today : 0);
}

/* ---- The record --------------------------------------------------------------------------- */

size_t seen_encode(const struct seen *s, const struct model *model, const struct policy *policy,
                   int64_t now_s, uint8_t bytes[SEEN_RECORD_BYTES]) {
    int is_today = s->day == day_of(now_s);
    uint8_t *p = bytes + HEAD_BYTES;
    memset(bytes, 0, SEEN_RECORD_BYTES);
    bytes[0] = FORMAT;
    store32(bytes + 4, s->day);
    for (uint32_t i = 0; i < s->n_items; i++) {
        if (!is_hidden(s, i, policy, now_s) && !(is_today && s->items[i].today)) continue;
        store64(p, model_item_key(model, s->items[i].item));
        store32(p + 8, s->items[i].at_s);
        p[12] = s->items[i].today;
        p[13] = s->items[i].is_taken;
        p += ITEM_BYTES;
        bytes[1]++;
    }
    for (uint32_t i = 0; is_today && i < s->n_counts; i++, p += COUNT_BYTES, bytes[2]++) {
        store64(p, hash_item_id(s->counts[i].name));
        p[8] = s->counts[i].kind;
        p[9] = s->counts[i].today;
    }
    return bytes[1] || bytes[2] ? (size_t)(p - bytes) : 0;
}

/* Adds the counts of a record whose names this model has. */
static void add_counts(struct seen *s, const struct model *m, const uint8_t *counts, unsigned n) {
    uint64_t done = 0; /* several sets of facts may name one payer */
    for (uint32_t i = 0; i < m->n_groups + m->n_sets && n > 0; i++) {
        uint8_t kind = i < m->n_groups ? SEEN_GROUP : SEEN_PAYER;
        const char *name =
            kind == SEEN_GROUP ? model_group_name(m, i) : model_set_payer(m, i - m->n_groups);
        uint64_t key = *name ? hash_item_id(name) : 0;
        for (unsigned c = 0; *name && c < n; c++) {
            const uint8_t *p = counts + (size_t)c * COUNT_BYTES;
            if (done >> c & 1 || p[8] != kind || load64(p) != key) continue;
            count(s, kind, name, p[9]);
            done |= 1ull << c;
        }
    }
}

int seen_decode(struct seen *s, const struct model *model, const uint8_t *bytes, size_t n) {
    const uint8_t *p = bytes + HEAD_BYTES;
    if (n < HEAD_BYTES || bytes[0] != FORMAT || bytes[1] > SEEN_ITEMS_MAX ||
        bytes[2] > SEEN_COUNTS_MAX || bytes[3] != 0 ||
        n != HEAD_BYTES + (size_t)bytes[1] * ITEM_BYTES + (size_t)bytes[2] * COUNT_BYTES)
        return -1;
    uint32_t day = load32(bytes + 4);
    for (unsigned i = 0; i < bytes[1]; i++)
        if (p[i * ITEM_BYTES + 13] > 1) return -1;
    const uint8_t *counts = p + (size_t)bytes[1] * ITEM_BYTES;
    for (unsigned i = 0; i < bytes[2]; i++)
        if (counts[i * COUNT_BYTES + 8] < SEEN_GROUP || counts[i * COUNT_BYTES + 8] > SEEN_PAYER)
            return -1;
    if (s->day < day) roll(s, (int64_t)day * DAY_S);
    int is_same_day = s->day == day;
    for (unsigned i = 0; i < bytes[1]; i++, p += ITEM_BYTES) {
        uint32_t item = model_find_key(model, load64(p)), times = is_same_day ? p[12] : 0;
        if (item == MODEL_NONE) continue;
        uint32_t known = find_item(s, item);
        if (known == s->n_items) {
            if (s->n_items == SEEN_ITEMS_MAX) continue; /* what was shown since is younger */
            s->n_items++;
            s->items[known].item = item;
            s->items[known].at_s = load32(p + 8);
            s->items[known].is_taken = p[13];
            s->items[known].today = (uint8_t)times;
        } else {
            times += s->items[known].today;
            s->items[known].today = (uint8_t)(times < 255 ? times : 255);
        }
    }
    if (is_same_day) add_counts(s, model, counts, bytes[2]);
    return 0;
}

int seen_is_over(const uint8_t *bytes, size_t n, const struct policy *policy, int64_t now_s) {
    if (n < HEAD_BYTES || bytes[0] != FORMAT) return 0;
    int64_t ago_s = now_s - ((int64_t)load32(bytes + 4) + 1) * DAY_S;
    return ago_s >= policy->seen_hide_s || ago_s >= policy->retention_s;
}
