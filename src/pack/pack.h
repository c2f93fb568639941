/* pack: the one thing a device reads from outside. Verifies a container's signature, role, class,
 * version and expiry, then validates every offset once, so that later code may index without
 * looking. Formats byte by byte: src/FORMAT.md. */
#ifndef SOTTO_PACK_H
#define SOTTO_PACK_H

#include "base/base.h"

#define PACK_MAGIC         "SOTTOPK1"
#define PACK_FORMAT        1
#define PACK_HEADER_BYTES  128
#define PACK_SECTION_BYTES 64 /* one entry of the section table */
#define PACK_SECTIONS_MAX  32
#define PACK_ALIGN         64
#define PACK_BYTES_MAX     (1u << 30)
#define PACK_CLASS_MAX     15 /* bytes of a device class, without the NUL */

enum pack_role { PACK_MODEL = 1, PACK_POLICY = 2 };

enum pack_section_id {
    /* model pack */
    SECTION_INFO = 1,
    SECTION_STRINGS = 2,
    SECTION_ITEMS = 3,
    SECTION_KEYS = 4,
    SECTION_PRIOR = 5,
    SECTION_ROW_STARTS = 6,
    SECTION_COLUMNS = 7,
    SECTION_WEIGHTS = 8,
    SECTION_SCALES = 9,
    SECTION_DECAY = 10,
    SECTION_GROUPS = 11,
    SECTION_CARD = 12, /* the quality card: JSON for people, opaque to the device */
    SECTION_ROWS = 13,
    SECTION_SELF = 14,
    SECTION_AGES = 15,
    SECTION_REPEAT_AGES = 16,
    SECTION_REPEAT = 17,
    SECTION_FACTS = 18, /* optional, all three */
    SECTION_FACT_OF = 19,
    SECTION_TAGS = 20,
    /* policy pack */
    SECTION_POLICY = 32,
    SECTION_TEXTS = 33,
    SECTION_SCHEMA = 34
};

/* A verified, still mapped container. */
struct pack {
    const struct sotto_port *port;
    const uint8_t *bytes;
    size_t n;
    enum pack_role role;
    uint64_t version;
    int64_t not_after_s; /* seconds since 1970; 0 means never */
    int64_t created_s;   /* when it was signed, by the signer's clock; 0: not said */
    uint32_t min_engine;
    char device_class[PACK_CLASS_MAX + 1]; /* "" fits every device */
    uint32_t n_sections;
};

/* Maps `path` and `path`.minisig, verifies the signature by `key` (minisign base64), then header
 * and section table. `name` is what messages call it ("model pack"). Fails closed; then *pack is
 * zeroed and nothing stays mapped. */
int pack_open(struct pack *pack, const struct sotto_port *port, const char *path, const char *key,
              enum pack_role role, const char *device_class, struct sotto_error *err) MUST_CHECK;
/* SOTTO_E_ROLLBACK below `floor`, SOTTO_E_EXPIRED past not-after at `now_s`. */
int pack_check_fresh(const struct pack *pack, const char *path, uint64_t floor, int64_t now_s,
                     struct sotto_error *err) MUST_CHECK;
void pack_close(struct pack *pack);

/* A section's bytes, or NULL with *n = 0 when there is none. */
const uint8_t *pack_section(const struct pack *pack, enum pack_section_id id, size_t *n);
/* The BLAKE2b-256 of a section's bytes, as checked when the pack was parsed; NULL when there is
 * none. */
const uint8_t *pack_section_hash(const struct pack *pack, enum pack_section_id id);

/* Parses and checks header and section table of bytes already trusted or, in the pack builder's
 * `inspect`, only to be looked at. `path` is for messages. */
int pack_parse(struct pack *pack, const char *path, struct sotto_error *err) MUST_CHECK;

/* ---- minisign (https://jedisct1.github.io/minisign/), prehashed signatures only ---------- */

/* Verifies that `sig` (the text of a .minisig file) signs `bytes` under `key`. The trusted comment
 * must be authentic too. `path` is for messages. */
int minisig_verify(const char *key, const uint8_t *bytes, size_t n, const char *sig, size_t sig_n,
                   const char *path, struct sotto_error *err) MUST_CHECK;

#endif
