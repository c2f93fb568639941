/* wishes: see wishes.h. */
#include "profile/wishes.h"

#define FORMAT     1
#define WISH_BYTES 7 /* besides the name */

int wishes_next(const struct wishes *w, uint32_t *at, struct wish *wish) {
    if (*at == 0) *at = WISHES_HEAD;
    if (*at >= w->n) return 0;
    const uint8_t *p = w->bytes + *at;
    *wish = (struct wish){(enum sotto_block_kind)p[0], load32(p + 2), (const char *)p + 6};
    *at += WISH_BYTES + p[1];
    return 1;
}

/* Where it is, 0 if it is not; *next is behind it. */
static uint32_t find(const struct wishes *w, enum sotto_block_kind kind, const char *name,
                     uint32_t *next) {
    struct wish wish;
    uint32_t from = WISHES_HEAD;
    *next = 0;
    for (; wishes_next(w, next, &wish); from = *next)
        if (wish.kind == kind && strcmp(wish.name, name) == 0) return from;
    return 0;
}

int wishes_add(struct wishes *w, const struct wish *wish) {
    size_t length = strlen(wish->name);
    uint32_t next;
    if (find(w, wish->kind, wish->name, &next)) return 0;
    if (w->n == 0) w->n = WISHES_HEAD;
    if (w->n + WISH_BYTES + length > sizeof w->bytes) return -1;
    uint8_t *p = w->bytes + w->n;
    w->bytes[0] = FORMAT;
    p[0] = (uint8_t)wish->kind;
    p[1] = (uint8_t)length;
    store32(p + 2, wish->time_s);
    memcpy(p + 6, wish->name, length + 1);
    w->n += WISH_BYTES + (uint32_t)length;
    return 0;
}

int wishes_remove(struct wishes *w, enum sotto_block_kind kind, const char *name) {
    uint32_t next, at = find(w, kind, name, &next);
    if (!at) return -1;
    memmove(w->bytes + at, w->bytes + next, w->n - next);
    w->n -= next - at;
    memset(w->bytes + w->n, 0, next - at);
    return 0;
}

int wishes_decode(struct wishes *w, const uint8_t *bytes, size_t n) {
    size_t at = WISHES_HEAD;
    memset(w, 0, sizeof *w);
    if (n < WISHES_HEAD || n > sizeof w->bytes || bytes[0] != FORMAT || bytes[1] || bytes[2] ||
        bytes[3])
        return -1;
    while (at < n) {
        const uint8_t *p = bytes + at;
        if (n - at < WISH_BYTES + 1 || n - at < WISH_BYTES + (size_t)p[1] || p[1] == 0 ||
            p[1] > SOTTO_BLOCK_NAME_MAX || p[0] < SOTTO_BLOCK_ITEM || p[0] > SOTTO_BLOCK_PROVIDER ||
            p[6 + p[1]] || !utf8_is_printable((const char *)p + 6, p[1]))
            return -1;
        at += WISH_BYTES + (size_t)p[1];
    }
    memcpy(w->bytes, bytes, n);
    w->n = (uint32_t)n;
    return 0;
}

void wishes_mark(const struct wishes *w, const struct model *model, uint8_t *bits) {
    struct wish wish;
    uint32_t at = 0, item;
    while (wishes_next(w, &at, &wish)) {
        if (wish.kind == SOTTO_BLOCK_ITEM && (item = model_find(model, wish.name)) != MODEL_NONE)
            bits[item >> 3] |= (uint8_t)(1u << (item & 7));
        if (wish.kind == SOTTO_BLOCK_GROUP) model_mark(model, MODEL_MARK_TAG, wish.name, bits);
        if (wish.kind == SOTTO_BLOCK_PROVIDER)
            model_mark(model, MODEL_MARK_PROVIDER, wish.name, bits);
    }
}

void notice_encode(const struct notice *notice, uint8_t bytes[NOTICE_BYTES]) {
    store32(bytes, FORMAT);
    store32(bytes + 4, notice->version);
    store64(bytes + 8, (uint64_t)notice->at_s);
    store64(bytes + 16, notice->policy_version);
    store64(bytes + 24, notice->model_version);
    store64(bytes + 32, (uint64_t)notice->used_s);
}

int notice_decode(struct notice *notice, const uint8_t *bytes, size_t n) {
    memset(notice, 0, sizeof *notice);
    if (n != NOTICE_BYTES || load32(bytes) != FORMAT || load64(bytes + 8) > INT64_MAX / 2 ||
        load64(bytes + 32) > INT64_MAX / 2)
        return -1;
    *notice = (struct notice){(int64_t)load64(bytes + 8), load32(bytes + 4), load64(bytes + 16),
                              load64(bytes + 24), (int64_t)load64(bytes + 32)};
    return 0;
}
