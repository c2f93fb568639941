/* vault_box: see vault_box.h. */
#include "tests/support/test.h"

#include "tests/support/vault_box.h"

static const uint8_t SEED[32] = "a seed for the vault's tests....";

void box_make(struct vault_box *box) {
    memset(box, 0, sizeof *box);
    snprintf(box->dir, sizeof box->dir, "/tmp/sotto-vault-XXXXXX");
    assert_non_null(mkdtemp(box->dir));
    assert_int_equal(sim_device_init(&box->device, SEED, box->dir, &box->err), SOTTO_OK);
    box->device.port.slot_bytes = 32;
    snprintf(box->db, sizeof box->db, "%s/vault.db", box->dir);
    snprintf(box->log, sizeof box->log, "%s/vault.db-wal", box->dir);
    assert_int_equal(rng_seed(&box->rng, box->device.port.entropy, box->device.port.ctx), 0);
}

int box_open(struct vault_box *box) {
    assert_null(box->v);
    box->v = calloc(1, vault_bytes());
    assert_non_null(box->v);
    box->err.message[0] = 0;
    return vault_open(box->v, &box->device.port, &box->rng, &box->err);
}

void box_close(struct vault_box *box) {
    if (!box->v) return;
    vault_close(box->v);
    free(box->v);
    box->v = NULL;
}

int box_restart(struct vault_box *box) {
    const char *vfs = box->device.port.vault_vfs;
    box_close(box);
    sim_device_release(&box->device);
    assert_int_equal(sim_device_init(&box->device, SEED, box->dir, &box->err), SOTTO_OK);
    box->device.port.slot_bytes = 32;
    box->device.port.vault_vfs = vfs;
    assert_int_equal(rng_seed(&box->rng, box->device.port.entropy, box->device.port.ctx), 0);
    return box_open(box);
}

void box_free(struct vault_box *box) {
    box_close(box);
    sim_device_release(&box->device);
    folder_remove(box->dir);
}

void box_content(uint8_t bytes[BOX_CHUNK_BYTES], unsigned number, uint32_t chunk) {
    char canary[CANARY_BYTES + 1];
    for (size_t i = 0; i < BOX_CHUNK_BYTES; i += CANARY_BYTES) {
        canary_make(canary, number * 1000003u + chunk * 1009u + (unsigned)i);
        memcpy(bytes + i, canary, CANARY_BYTES);
    }
}

uint32_t box_profile(struct vault_box *box, const char *name, unsigned number, uint32_t chunks) {
    uint8_t bytes[BOX_CHUNK_BYTES];
    uint32_t slot = 0;
    assert_int_equal(vault_begin(box->v, &box->err), SOTTO_OK);
    assert_int_equal(vault_profile_create(box->v, name, &slot, &box->err), SOTTO_OK);
    for (uint32_t i = 0; i <= chunks; i++) {
        struct vault_key key = {i ? VAULT_EVENTS : VAULT_PROFILE, slot, i};
        box_content(bytes, number, i);
        assert_int_equal(vault_put(box->v, key, bytes, sizeof bytes, &box->err), SOTTO_OK);
    }
    assert_int_equal(vault_commit(box->v, &box->err), SOTTO_OK);
    return slot;
}

int box_profile_is_whole(struct vault_box *box, const char *name, unsigned number,
                         uint32_t chunks) {
    uint8_t bytes[BOX_CHUNK_BYTES], found[BOX_CHUNK_BYTES];
    uint32_t slot;
    size_t n;
    if (vault_profile_find(box->v, name, &slot) != SOTTO_OK) return 0;
    for (uint32_t i = 0; i <= chunks; i++) {
        struct vault_key key = {i ? VAULT_EVENTS : VAULT_PROFILE, slot, i};
        box_content(bytes, number, i);
        if (vault_get(box->v, key, found, sizeof found, &n, &box->err) != SOTTO_OK ||
            n != sizeof bytes || memcmp(bytes, found, n) != 0)
            return 0;
    }
    return 1;
}
