/* vault_box: a vault on a simulated device in a temporary folder, for the tests of the vault. */
#ifndef SOTTO_TEST_VAULT_BOX_H
#define SOTTO_TEST_VAULT_BOX_H

#include "platform/sim/fault_vfs.h"
#include "platform/sim/sim_port.h"
#include "tests/support/canary.h"
#include "vault/vault.h"

struct vault_box {
    char dir[64], db[96], log[96];
    struct sim_device device;
    struct rng rng;
    struct vault *v;
    struct sotto_error err; /* of the last call that was given it */
};

/* A new folder and a device in it; the vault is not open yet. */
void box_make(struct vault_box *box);
/* Opens the vault; the status of vault_open. */
int box_open(struct vault_box *box);
/* Closes and frees it. */
void box_close(struct vault_box *box);
/* As after a restart: closes, starts the device anew, opens. */
int box_restart(struct vault_box *box);
/* Closes and removes everything. */
void box_free(struct vault_box *box);

/* Stores profile `name` with `chunks` event records and one consent record, content by `number`;
 * returns its slot. */
uint32_t box_profile(struct vault_box *box, const char *name, unsigned number, uint32_t chunks);
/* True when every record that box_profile stored is there and right. */
int box_profile_is_whole(struct vault_box *box, const char *name, unsigned number, uint32_t chunks);

#define BOX_CHUNK_BYTES 480
/* The content of a record of box_profile: readable, and different for every record. */
void box_content(uint8_t bytes[BOX_CHUNK_BYTES], unsigned number, uint32_t chunk);

#endif
