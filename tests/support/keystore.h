/* keystore: key stores of every kind behind one face, for the contract that all must keep. */
#ifndef SOTTO_TEST_KEYSTORE_H
#define SOTTO_TEST_KEYSTORE_H

#include "platform/sim/sim_port.h"

struct keystore;

/* One operation on an open store; what the callback returned. */
typedef int (*keystore_operation)(struct keystore *s, void *args);

struct keystore_kind {
    const char *name;
    uint32_t caps;
    size_t put_max; /* the longest value a slot takes */
    /* Why there is none here, or NULL. */
    const char *(*is_missing)(void);
    /* Makes device `number`, not opened. Others of another number are other devices. */
    void (*make)(struct keystore *s, unsigned number);
    void (*open)(struct keystore *s);
    /* As when the process ends. */
    void (*close)(struct keystore *s);
    void (*free)(struct keystore *s);
    /* Runs an operation on the open store and takes the power at its step number `step`. 1: it was
     * through before, and *status is its answer; 0: it was cut. Then the store is closed, and may
     * be opened after the power came back. */
    int (*cut)(struct keystore *s, long step, keystore_operation operation, void *args,
               int *status);
    /* 1: everything fails until called with 0. */
    void (*sabotage)(struct keystore *s, int is_on);
    /* How many things it has put where keys are kept. */
    unsigned (*count)(struct keystore *s);
};

struct keystore {
    const struct keystore_kind *kind;
    struct sotto_port port;
    char dir[64], keys[80], vault[80];
    struct sotto_linux linux_device;
    struct sim_device sim;
    void *more; /* the kind's own */
};

extern const struct keystore_kind file_store, sim_store;
/* Makes and opens; skips the test, saying why, where there is none of this kind. */
void keystore_make(struct keystore *s, const struct keystore_kind *kind, unsigned number);
void keystore_reopen(struct keystore *s);
void keystore_free(struct keystore *s);

int keystore_put(struct keystore *s, unsigned slot, const void *bytes, size_t n);
/* What slot_get says; the value into `bytes` of SOTTO_SLOT_BYTES_MAX. */
int keystore_get(struct keystore *s, unsigned slot, uint8_t *bytes, size_t *n);
/* What slot_destroy says; *assurance may be NULL. */
int keystore_destroy(struct keystore *s, unsigned slot, int *assurance);
/* True if the slot holds exactly these bytes; n 0: if it is empty. */
int keystore_holds(struct keystore *s, unsigned slot, const void *bytes, size_t n);

#endif
