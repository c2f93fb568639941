/* parts: the two halves of the TPM key store. link.c talks to the TPM, keystore_tpm.c keeps keys in
 * it. Not installed. */
#ifndef SOTTO_TPM_PARTS_H
#define SOTTO_TPM_PARTS_H

#include <tss2/tss2_esys.h>

#include "platform/tpm/sotto_tpm.h"

#define OWNER_AUTH_MAX 64
#define TCTI_BYTES     256

/* One TPM: how to reach it and, while `esys` is not NULL, a salted session with it. */
struct link {
    char tcti_name[TCTI_BYTES];
    TSS2_TCTI_CONTEXT *tcti, *tcti_given;
    ESYS_CONTEXT *esys;
    ESYS_TR session;
    TPM2B_AUTH owner;
    uint32_t nv_base;
    int is_physical; /* destroys physically, as far as anybody can know */
    char error[SOTTO_MESSAGE_BYTES];
};

/* Our own codes, in a layer that libtss2 does not use. */
#define LINK_RC(n)     (TSS2_RC)((0xe0u << TSS2_RC_LAYER_SHIFT) | (n))
#define LINK_COLLISION LINK_RC(1)
#define LINK_UNWRITTEN LINK_RC(2)
#define LINK_MISREAD   LINK_RC(3)

/* Runs `work` in a session, which is made if there is none. If it fails in a way that a new session
 * may heal, it is run once more, unless `is_once`. The code of the last run; a failure has left its
 * sentence in l->error. */
TSS2_RC link_run(struct link *l, TSS2_RC (*work)(struct link *l, void *args), void *args,
                 int is_once);
void link_close(struct link *l);

/* Session attributes for the next command: encrypt what is sent (TPMA_SESSION_DECRYPT), what comes
 * back (TPMA_SESSION_ENCRYPT), both or neither. Returns the session. */
ESYS_TR link_session(struct link *l, TPMA_SESSION encrypted);
/* The same call again while the TPM says that it is only busy, for about 2 s. */
int link_must_wait(TSS2_RC rc, unsigned *tries);
#define LINK_PATIENTLY(rc, call)                                                                   \
    do {                                                                                           \
        unsigned tries = 0;                                                                        \
        do (rc) = (call);                                                                          \
        while (link_must_wait(rc, &tries));                                                        \
    } while (0)

/* Overwrites what libtss2 keeps of the last answer in its own buffers. */
void link_rinse(struct link *l);

/* The TPM's own code without the parts that tell which handle, session or parameter it is about;
 * resource managers put theirs in a layer of their own. */
static inline TSS2_RC link_cause(TSS2_RC rc) {
    TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
    if (layer == TSS2_RESMGR_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER) rc &= 0xffff;
    if (rc >> TSS2_RC_LAYER_SHIFT) return rc;
    return rc & TPM2_RC_FMT1 ? rc & (TPM2_RC_FMT1 | 0x3f) : rc;
}

#endif
