/* keys: root key, META and keyring entries. K_root needs both a secret of the device and a
 * destroyable slot: without the device the file is noise, without the slot the erased stay erased.
 */
#include "vault/keys.h"

/* ---- META --------------------------------------------------------------------------------- */

static const uint8_t MAGIC[8] = {'S', 'O', 'T', 'T', 'O', 'V', 'L', 'T'};

#define AT_FORMAT     8
#define AT_PENDING    12
#define AT_STORE_ID   16
#define AT_EPOCH      32
#define AT_MAC_1      40
#define AT_GENERATION 40
#define AT_COUNTER    48
#define AT_CENSUS     56
#define AT_READERS    88
#define AT_ZERO       92
#define AT_MAC        96
_Static_assert(AT_STORE_ID + STORE_ID_BYTES == AT_EPOCH, "store id");
_Static_assert(AT_CENSUS + CENSUS_BYTES == AT_READERS, "census");
_Static_assert(AT_MAC + HASH_BYTES == META_BYTES && AT_MAC_1 + HASH_BYTES == META_BYTES_1, "mac");

void meta_encode(uint8_t bytes[META_BYTES], const struct meta *meta, const uint8_t root[32]) {
    memcpy(bytes, MAGIC, sizeof MAGIC);
    store32(bytes + AT_FORMAT, META_FORMAT);
    store32(bytes + AT_PENDING, meta->pending);
    memcpy(bytes + AT_STORE_ID, meta->store_id, STORE_ID_BYTES);
    store64(bytes + AT_EPOCH, meta->epoch);
    store64(bytes + AT_GENERATION, meta->generation);
    store64(bytes + AT_COUNTER, meta->counter);
    memcpy(bytes + AT_CENSUS, meta->census.sum, CENSUS_BYTES);
    store32(bytes + AT_READERS, META_READERS);
    store32(bytes + AT_ZERO, 0);
    hash_keyed(bytes + AT_MAC, root, "sotto-vault-meta", bytes, AT_MAC);
}

int meta_decode(const uint8_t *bytes, size_t n, struct meta *meta) {
    if (n < AT_PENDING || memcmp(bytes, MAGIC, sizeof MAGIC) != 0) return SOTTO_E_CORRUPT;
    memset(meta, 0, sizeof *meta);
    meta->format = load32(bytes + AT_FORMAT);
    if (meta->format > META_FORMAT && n < META_BYTES) return SOTTO_E_NEWER;
    if (n < META_BYTES_1 || (meta->format == 1 && n != META_BYTES_1) || meta->format == 0)
        return SOTTO_E_CORRUPT;
    meta->pending = load32(bytes + AT_PENDING);
    memcpy(meta->store_id, bytes + AT_STORE_ID, STORE_ID_BYTES);
    meta->epoch = load64(bytes + AT_EPOCH);
    if (meta->format >= 2) {
        if (n < META_BYTES || (meta->format <= META_FORMAT && n != META_BYTES))
            return SOTTO_E_CORRUPT;
        meta->generation = load64(bytes + AT_GENERATION);
        meta->counter = load64(bytes + AT_COUNTER);
        memcpy(meta->census.sum, bytes + AT_CENSUS, CENSUS_BYTES);
        meta->readers = load32(bytes + AT_READERS);
    }
    if (meta->readers > META_FORMAT) return SOTTO_E_NEWER;
    return meta->pending <= PENDING_SHRED ? SOTTO_OK : SOTTO_E_CORRUPT;
}

int meta_is_authentic(const uint8_t *bytes, const uint8_t root[32]) {
    uint8_t mac[HASH_BYTES];
    size_t at = load32(bytes + AT_FORMAT) == 1 ? AT_MAC_1 : AT_MAC;
    hash_keyed(mac, root, "sotto-vault-meta", bytes, at);
    return equal_ct(mac, bytes + at, HASH_BYTES);
}

/* ---- Slots and the root key --------------------------------------------------------------- */

int slot_renew(const struct sotto_port *port, struct rng *rng, uint64_t epoch, uint8_t *bytes,
               struct sotto_error *err) {
    unsigned slot = (unsigned)(epoch & 1);
    if (port->slot_bytes < 32 || port->slot_bytes > SOTTO_SLOT_BYTES_MAX)
        return fail(err, SOTTO_E_ARGUMENT, "port: slot_bytes must be 32 to %u",
                    SOTTO_SLOT_BYTES_MAX);
    int status = SOTTO_OK;
    if (rng_bytes(rng, bytes, port->slot_bytes) != 0)
        status = fail(err, SOTTO_E_ENTROPY, "vault: the random source failed, no key was made");
    else if (port->slot_put(port->ctx, slot, bytes, port->slot_bytes) != 0)
        status = fail(err, SOTTO_E_KEY, "key slot %u: the key store could not write it", slot);
    wipe(bytes, SOTTO_SLOT_BYTES_MAX);
    return status;
}

int slot_is_filled(const struct sotto_port *port, unsigned slot, uint8_t *bytes) {
    size_t n = 0;
    int got = port->slot_get(port->ctx, slot, bytes, SOTTO_SLOT_BYTES_MAX, &n);
    wipe(bytes, SOTTO_SLOT_BYTES_MAX);
    return got != 1;
}

int slot_shred(const struct sotto_port *port, unsigned slot, int *assurance,
               struct sotto_error *err) {
    int level = SOTTO_ASSURANCE_LOGICAL;
    if (port->slot_destroy(port->ctx, slot, &level) != 0)
        return fail(err, SOTTO_E_KEY,
                    "key slot %u: the key store could not destroy it; it will be tried again",
                    slot);
    /* No receipt says more than the port declared it can do. */
    int is_physical =
        level == SOTTO_ASSURANCE_PHYSICAL && (port->key_caps & SOTTO_KEYS_DESTROY_PHYSICAL);
    *assurance = is_physical ? SOTTO_ASSURANCE_PHYSICAL : SOTTO_ASSURANCE_LOGICAL;
    return SOTTO_OK;
}

int root_derive(const struct sotto_port *port, const struct meta *meta, uint8_t *bytes,
                uint8_t root[32], int *is_gone, struct sotto_error *err) {
    uint8_t secret[32] = {0}, slot_key[HASH_BYTES] = {0}, binding[STORE_ID_BYTES + 8];
    unsigned slot = (unsigned)(meta->epoch & 1);
    int status = SOTTO_OK;
    size_t n = 0;
    *is_gone = 0;
    int got = port->slot_get(port->ctx, slot, bytes, SOTTO_SLOT_BYTES_MAX, &n);
    if (got == 1 || (got == 0 && (n < 32 || n > SOTTO_SLOT_BYTES_MAX))) {
        *is_gone = 1;
        status = fail(err, SOTTO_E_KEY,
                      "key slot %u: its key is gone, so the vault cannot be read; restore the key "
                      "store or move the vault away to start anew",
                      slot);
    } else if (got != 0) {
        status = fail(err, SOTTO_E_KEY, "key slot %u: the key store could not read it", slot);
    } else if (port->device_secret(port->ctx, secret) != 0) {
        status = fail(err, SOTTO_E_KEY, "device secret: the key store could not read it");
    } else {
        memcpy(binding, meta->store_id, STORE_ID_BYTES);
        store64(binding + STORE_ID_BYTES, meta->epoch);
        hash_keyed(slot_key, secret, "sotto-vault-slot", bytes, n);
        hash_keyed(root, slot_key, "sotto-vault-root", binding, sizeof binding);
    }
    wipe(secret, sizeof secret);
    wipe(slot_key, sizeof slot_key);
    wipe(bytes, SOTTO_SLOT_BYTES_MAX);
    return status;
}

/* ---- Keyring entries ---------------------------------------------------------------------- */

int data_key_draw(struct data_key *key, const char *name, struct rng *rng) {
    uint8_t id[8];
    if (rng_bytes(rng, key->key, sizeof key->key) != 0 || rng_bytes(rng, id, sizeof id) != 0) {
        wipe(key, sizeof *key);
        return SOTTO_E_ENTROPY;
    }
    key->id = load64(id) | 1; /* never 0, which marks a free slot */
    memcpy(key->name, name, strlen(name) + 1);
    return SOTTO_OK;
}

size_t data_key_encode(uint8_t bytes[DATA_KEY_BYTES_MAX], const struct data_key *key) {
    size_t name_bytes = strlen(key->name);
    memcpy(bytes, key->key, SEAL_KEY_BYTES);
    store64(bytes + SEAL_KEY_BYTES, key->id);
    bytes[SEAL_KEY_BYTES + 8] = (uint8_t)name_bytes;
    memcpy(bytes + SEAL_KEY_BYTES + 9, key->name, name_bytes);
    return SEAL_KEY_BYTES + 9 + name_bytes;
}

int data_key_decode(struct data_key *key, const uint8_t *bytes, size_t n) {
    if (n < SEAL_KEY_BYTES + 9) return SOTTO_E_CORRUPT;
    size_t name_bytes = bytes[SEAL_KEY_BYTES + 8];
    if (name_bytes > SOTTO_PROFILE_NAME_MAX || n != SEAL_KEY_BYTES + 9 + name_bytes)
        return SOTTO_E_CORRUPT;
    memcpy(key->key, bytes, SEAL_KEY_BYTES);
    key->id = load64(bytes + SEAL_KEY_BYTES);
    memcpy(key->name, bytes + SEAL_KEY_BYTES + 9, name_bytes);
    key->name[name_bytes] = 0;
    key->is_uncommitted = 0;
    return key->id ? SOTTO_OK : SOTTO_E_CORRUPT;
}
