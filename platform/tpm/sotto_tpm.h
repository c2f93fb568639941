/* sotto_tpm.h: keys in a TPM 2.0 instead of in files.
 *
 * A library of its own (libsotto-tpm, needs libtss2-esys and libtss2-tctildr), so that a device
 * without a TPM needs neither. It fills the key part of a port that sotto_linux_port has made:
 *
 *     struct sotto_tpm tpm = {0};
 *     sotto_linux_port(&tpm.device, NULL, "/data/sotto/vault.db", &port, &err);
 *     sotto_tpm_keys(&tpm, &(struct sotto_tpm_options){.size = sizeof(struct sotto_tpm_options)},
 *                    &port, &err);
 *
 * The device secret is an HMAC under a key that the TPM derives from its storage seed and never
 * gives out. The two key slots and the counter are non-volatile indices. Every secret crosses the
 * bus encrypted, in a session salted by the TPM's storage key. What that promises and what not:
 * platform/README.md. Copyright 2026 the Sotto authors. Apache-2.0. */
#ifndef SOTTO_TPM_H
#define SOTTO_TPM_H

#include "sotto_linux.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The first of the SOTTO_TPM_NV_INDICES indices used; in the range that belongs to the owner. */
#define SOTTO_TPM_NV_BASE    0x01805010u
#define SOTTO_TPM_NV_INDICES 5u

/* The most bytes a slot holds, and what sotto_port.slot_bytes asks for. */
#define SOTTO_TPM_SLOT_BYTES_MAX 64u
#define SOTTO_TPM_SLOT_BYTES     32u

struct sotto_tpm_options {
    size_t size; /* sizeof(struct sotto_tpm_options) */
    /* How to reach the TPM, in tctildr's form; NULL means "device:/dev/tpmrm0", the kernel's
     * resource manager. A device without one ("device:/dev/tpm0") may be used by nobody else. */
    const char *tcti;
    /* The owner's password, if one is set: at most 64 bytes; copied. */
    const void *owner_auth;
    size_t owner_auth_bytes;
    uint32_t nv_base; /* 0: SOTTO_TPM_NV_BASE */
    /* 1: you vouch that this is a chip of its own, whose non-volatile memory never leaves it. Then,
     * unless the TPM names a maker known for TPMs made of software or firmware,
     * SOTTO_KEYS_DESTROY_PHYSICAL is claimed. */
    uint32_t is_discrete;
    /* A TSS2_TCTI_CONTEXT of your own instead of `tcti`; stays yours, must outlive the engine. */
    void *tcti_context;
};

/* What the keys need to remember; port.ctx points to `device`. Owned by the caller, must not move,
 * must outlive the engine. Zero it before the first use. */
struct sotto_tpm {
    struct sotto_linux device; /* first, so that hooks find `user` as with sotto_linux */
    void *inside;
};

/* Puts the TPM's callbacks and capabilities into *port, which sotto_linux_port must have made from
 * tpm->device. SOTTO_E_ARGUMENT: a wrong option, nothing was done. SOTTO_E_KEY: the TPM cannot be
 * used now and *err says why (absent, owner's password, full, index used by others); the port is
 * complete all the same: the engine serves general slates, reports failed storage and asks the TPM
 * again. `err` may be NULL. */
SOTTO_API SOTTO_MUST_CHECK int sotto_tpm_keys(struct sotto_tpm *tpm,
                                              const struct sotto_tpm_options *options,
                                              struct sotto_port *port, struct sotto_error *err);

/* Why the TPM failed last, a sentence for a person; "" if it never did. */
SOTTO_API const char *sotto_tpm_last_error(const struct sotto_tpm *tpm);

/* Ends the session and wipes. After sotto_close; nothing in the TPM changes. NULL is allowed. */
SOTTO_API void sotto_tpm_close(struct sotto_tpm *tpm);

#ifdef __cplusplus
}
#endif
#endif
