/* audit_format: the bytes of the audit log, shared by who writes it (audit.c) and who verifies it
 * (audit_verify.c). See sotto_audit.h and src/FORMAT.md, section 4. */
#ifndef SOTTO_AUDIT_FORMAT_H
#define SOTTO_AUDIT_FORMAT_H

#include "crypto/crypto.h"
#include "sotto_audit.h"

#define AUDIT_EPOCH_ENTRIES  64
#define AUDIT_SEGMENT_EPOCHS 32
#define AUDIT_ENTRY_BYTES    24
#define AUDIT_GENESIS_BYTES  (32 + 2 * SIGN_PUBLIC_BYTES + SIGN_BYTES)
#define AUDIT_SEAL_BYTES                                                                           \
    (8 + 8 + 8 + HASH_BYTES + 8 * SOTTO_AUDIT_KINDS + 2 * SIGN_PUBLIC_BYTES + SIGN_BYTES)
#define AUDIT_EPOCH_BYTES_MAX (12 + AUDIT_EPOCH_ENTRIES * AUDIT_ENTRY_BYTES)

/* An exported log: magic and version, then pieces of u32 kind, u32 length, content. */
#define AUDIT_MAGIC       "SOTTOAUD"
#define AUDIT_MAGIC_BYTES 8
#define AUDIT_VERSION     1

enum audit_piece {
    AUDIT_PIECE_GENESIS = 1, /* first */
    AUDIT_PIECE_SEGMENT = 2, /* seals of segments, ascending */
    AUDIT_PIECE_EPOCH = 3,   /* entries of an epoch; its seal follows */
    AUDIT_PIECE_SEAL = 4
};

/* How the chain begins, signed by the first segment key, whose public half proves everything. */
struct audit_genesis {
    uint8_t nonce[32]; /* random: nobody can guess what a head covers */
    uint8_t segment_key[SIGN_PUBLIC_BYTES], epoch_key[SIGN_PUBLIC_BYTES];
};

enum audit_level { AUDIT_LEVEL_EPOCH, AUDIT_LEVEL_SEGMENT };

/* What the end of an epoch or segment says. */
struct audit_seal {
    uint64_t level;   /* enum audit_level */
    uint64_t number;  /* of the epoch or segment, from 0 */
    uint64_t entries; /* ever written */
    uint8_t head[HASH_BYTES];
    uint64_t totals[SOTTO_AUDIT_KINDS];
    uint8_t next_key[SIGN_PUBLIC_BYTES];   /* seals the next one of this level */
    uint8_t next_epoch[SIGN_PUBLIC_BYTES]; /* seals the epoch that follows */
};

/* `secret`: libsodium's 64-byte form, of the key that the seal belongs to. */
void audit_genesis_sign(uint8_t bytes[AUDIT_GENESIS_BYTES], const struct audit_genesis *g,
                        const uint8_t secret[64]);
/* 0, or -1 when it is not signed by its own segment key. */
int audit_genesis_read(struct audit_genesis *g,
                       const uint8_t bytes[AUDIT_GENESIS_BYTES]) MUST_CHECK;
/* The head before the first entry. */
void audit_first_head(uint8_t head[HASH_BYTES], const struct audit_genesis *g);
/* Moves the head on by one entry. */
void audit_next_head(uint8_t head[HASH_BYTES], const uint8_t entry[AUDIT_ENTRY_BYTES]);

void audit_entry_write(uint8_t bytes[AUDIT_ENTRY_BYTES], const struct sotto_audit_entry *e);
void audit_entry_read(struct sotto_audit_entry *e, const uint8_t bytes[AUDIT_ENTRY_BYTES]);

void audit_seal_sign(uint8_t bytes[AUDIT_SEAL_BYTES], const struct audit_seal *s,
                     const uint8_t secret[64]);
/* Whether `key` made the seal. */
int audit_seal_is_by(const uint8_t bytes[AUDIT_SEAL_BYTES],
                     const uint8_t key[SIGN_PUBLIC_BYTES]) MUST_CHECK;
/* Of one that audit_seal_is_by has accepted. */
void audit_seal_read(struct audit_seal *s, const uint8_t bytes[AUDIT_SEAL_BYTES]);

#endif
