/* keys: every key of the vault. Owns the root key, the keyring (a data key for the device, one per
 * profile, with the profile's name) and the META row; all in one arena of locked memory. Promises
 * that a name or key reaches the file only sealed. Called by vault.c and erase.c. */
#ifndef SOTTO_VAULT_KEYS_H
#define SOTTO_VAULT_KEYS_H

#include "vault/audit.h"
#include "vault/census.h"
#include "vault/seal.h"

#define KEYRING_DEVICE 0 /* the slot of the device's own data key; profiles have 1 and up */
#define KEYRING_SLOTS  (SOTTO_PROFILES_MAX + 1)

struct data_key {
    uint8_t key[SEAL_KEY_BYTES];
    uint64_t id; /* random; 0 means the slot is free */
    char name[SOTTO_PROFILE_NAME_MAX + 1];
    int is_uncommitted; /* made in the open transaction */
};

/* The arena. */
struct keyring {
    uint8_t root[SEAL_KEY_BYTES], next_root[SEAL_KEY_BYTES];
    uint8_t census[SEAL_KEY_BYTES]; /* see census.h */
    struct data_key slot[KEYRING_SLOTS];
    struct data_key before;           /* of a profile that is being sealed anew */
    struct audit_state audit;         /* while a line is added to the log */
    uint8_t scratch[BLOB_PADDED_MAX]; /* the only place where plaintext of records lies */
    /* A key slot's bytes on their way. Kept, so that no erasure ever waits for locked memory. */
    uint8_t slot_bytes[SOTTO_SLOT_BYTES_MAX];
};

/* What an erasure still owes (META). */
enum pending {
    PENDING_NOTHING = 0,
    PENDING_SHRED =
        1 /* records are deleted; the key epoch that opens their old bytes still lives */
};

/* The one plaintext row: the anchor of all others. */
struct meta {
    uint8_t store_id[STORE_ID_BYTES];
    uint64_t epoch; /* key slot epoch & 1 is the living one */
    uint32_t pending;
    uint32_t format;      /* of the engine that wrote it */
    uint32_t readers;     /* the oldest format that an engine must know to read it */
    uint64_t generation;  /* commits */
    uint64_t counter;     /* what the hardware counter says after the last anchored commit */
    struct census census; /* of all other rows */
};

/* Engines write format 3, which those that know format 2 can read: it has more classes of records.
 * Format 2 is raised by the first change; format 1, which had no census and no counter, at once.
 * What a newer engine writes is read, and never changed, as long as its `readers` allows. */
#define META_FORMAT  3
#define META_READERS 2
#define META_BYTES   128
#define META_BYTES_1 72

void meta_encode(uint8_t bytes[META_BYTES], const struct meta *meta, const uint8_t root[32]);
/* Reads without authenticating, enough to find the root key: SOTTO_E_NEWER when this engine cannot
 * even read it, SOTTO_E_CORRUPT. */
int meta_decode(const uint8_t *bytes, size_t n, struct meta *meta) MUST_CHECK;
/* True when `root` made this row, which meta_decode has accepted. */
int meta_is_authentic(const uint8_t *bytes, const uint8_t root[32]) MUST_CHECK;

/* `bytes`: SOTTO_SLOT_BYTES_MAX of locked memory to work in, wiped on return. */

/* Draws a new secret into key slot epoch & 1, durable on return. SOTTO_E_KEY, SOTTO_E_ENTROPY. */
int slot_renew(const struct sotto_port *port, struct rng *rng, uint64_t epoch, uint8_t *bytes,
               struct sotto_error *err) MUST_CHECK;
/* 1 when the slot holds anything at all or cannot be read, 0 when it is empty. */
int slot_is_filled(const struct sotto_port *port, unsigned slot, uint8_t *bytes) MUST_CHECK;
/* Destroys the slot; raises nothing when it is empty. */
int slot_shred(const struct sotto_port *port, unsigned slot, int *assurance,
               struct sotto_error *err) MUST_CHECK;
/* The root key of a store in an epoch. SOTTO_E_KEY with *is_gone 1 when the slot is empty or
 * unusable, 0 when the keystore fails and may be asked again. */
int root_derive(const struct sotto_port *port, const struct meta *meta, uint8_t *bytes,
                uint8_t root[32], int *is_gone, struct sotto_error *err) MUST_CHECK;

/* Fills a free slot with a new data key. */
int data_key_draw(struct data_key *slot, const char *name, struct rng *rng) MUST_CHECK;
/* The content of a keyring row; at most DATA_KEY_BYTES_MAX. */
#define DATA_KEY_BYTES_MAX (SEAL_KEY_BYTES + 8 + 1 + SOTTO_PROFILE_NAME_MAX)
size_t data_key_encode(uint8_t bytes[DATA_KEY_BYTES_MAX], const struct data_key *key);
int data_key_decode(struct data_key *key, const uint8_t *bytes, size_t n) MUST_CHECK;

#endif
