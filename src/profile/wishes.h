/* wishes: what a person never wants to see, and when they last saw the notice. Pure; kept in locked
 * memory as the very bytes that are stored. */
#ifndef SOTTO_WISHES_H
#define SOTTO_WISHES_H

#include "pack/model.h"
#include "sotto_people.h"

/* u8 format = 1, u8[3] zero, then per block u8 kind, u8 bytes of the name, u32 time, name, NUL. */
#define WISHES_HEAD  4
#define WISHES_BYTES (WISHES_HEAD + SOTTO_BLOCKS_BYTES)

struct wishes {
    uint32_t n; /* bytes in use; 0: none */
    uint8_t bytes[WISHES_BYTES];
};

struct wish {
    enum sotto_block_kind kind;
    uint32_t time_s;
    const char *name;
};

/* The wish at *at (start with 0), which moves on; 0 at the end. */
int wishes_next(const struct wishes *w, uint32_t *at, struct wish *wish) MUST_CHECK;
/* -1 when there is no room. Adding what is there changes nothing. */
int wishes_add(struct wishes *w, const struct wish *wish) MUST_CHECK;
/* -1 when it was not there. */
int wishes_remove(struct wishes *w, enum sotto_block_kind kind, const char *name) MUST_CHECK;
/* -1, and none, for bytes that wishes_add cannot have made. */
int wishes_decode(struct wishes *w, const uint8_t *bytes, size_t n) MUST_CHECK;
/* Sets the bit of every item of the model that is blocked, one bit an item. */
void wishes_mark(const struct wishes *w, const struct model *model, uint8_t *bits);

/* When the notice was shown, of what, and when the profile was used last. Record: u32 format = 1,
 * u32 notice version, i64 shown, u64 policy version, u64 model version, i64 used. */
#define NOTICE_BYTES 40
struct notice {
    int64_t at_s; /* 0: never */
    uint32_t version;
    uint64_t policy_version, model_version;
    int64_t used_s; /* 0: not known */
};
void notice_encode(const struct notice *notice, uint8_t bytes[NOTICE_BYTES]);
/* -1, and never shown, for anything unreadable. */
int notice_decode(struct notice *notice, const uint8_t *bytes, size_t n) MUST_CHECK;

#endif
