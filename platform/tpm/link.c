/* link: a session with a TPM. Owns the connection, the session key and the sentences about what
 * went wrong. Promises that no secret crosses the bus in the clear, that waiting ends, and that a
 * TPM which was reset or taken away costs a new session and no more. Called by keystore_tpm.c. */
#include "platform/tpm/parts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_tctildr.h>

/* TPM2_TRANSIENT_FIRST; libtss2's own macro shifts a signed 0x80 by 24. */
#define TRANSIENT_FIRST UINT32_C(0x80000000)

/* ---- Waiting ------------------------------------------------------------------------------ */

#define TRIES_MAX 7 /* 20 + 40 + … + 1280 ms */

int link_must_wait(TSS2_RC rc, unsigned *tries) {
    rc = link_cause(rc);
    if (rc != TPM2_RC_RETRY && rc != TPM2_RC_YIELDED && rc != TPM2_RC_TESTING &&
        rc != TPM2_RC_NV_RATE && rc != TPM2_RC_NV_UNAVAILABLE)
        return 0;
    if (*tries == TRIES_MAX) return 0;
    struct timespec pause = {0, (10L << ++*tries) * 1000000L};
    if (pause.tv_nsec >= 1000000000L) pause = (struct timespec){1, pause.tv_nsec - 1000000000L};
    (void)nanosleep(&pause, NULL);
    return 1;
}

/* ---- The session -------------------------------------------------------------------------- */

/* The storage key of the TCG's ECC template: derived from the seed, so always the same. */
static const TPM2B_PUBLIC storage_key = {
    .publicArea = {
        .type = TPM2_ALG_ECC,
        .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                            TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                            TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
        .parameters.eccDetail = {
            .symmetric = {.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB},
            .scheme.scheme = TPM2_ALG_NULL,
            .curveID = TPM2_ECC_NIST_P256,
            .kdf.scheme = TPM2_ALG_NULL}}};
static const TPMT_SYM_DEF session_cipher = {
    .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};

static TSS2_RC session_start(struct link *l, ESYS_TR salt_key, ESYS_TR *session) {
    TSS2_RC rc;
    LINK_PATIENTLY(rc, Esys_StartAuthSession(l->esys, salt_key, ESYS_TR_NONE, ESYS_TR_NONE,
                                             ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_HMAC,
                                             &session_cipher, TPM2_ALG_SHA256, session));
    return rc;
}

/* Asks for the owner's word in a session too: a password session would show it on the bus. */
static TSS2_RC storage_key_make(struct link *l, ESYS_TR *key) {
    const TPM2B_SENSITIVE_CREATE no_secret = {0};
    const TPM2B_DATA nothing = {0};
    const TPML_PCR_SELECTION no_pcr = {0};
    ESYS_TR plain = ESYS_TR_NONE;
    TSS2_RC rc = session_start(l, ESYS_TR_NONE, &plain);
    if (rc != TSS2_RC_SUCCESS) return rc;
    rc = Esys_TRSess_SetAttributes(l->esys, plain, TPMA_SESSION_CONTINUESESSION, 0xff);
    if (rc == TSS2_RC_SUCCESS)
        LINK_PATIENTLY(rc, Esys_CreatePrimary(l->esys, ESYS_TR_RH_OWNER, plain, ESYS_TR_NONE,
                                              ESYS_TR_NONE, &no_secret, &storage_key, &nothing,
                                              &no_pcr, key, NULL, NULL, NULL, NULL));
    (void)Esys_FlushContext(l->esys, plain);
    return rc;
}

ESYS_TR link_session(struct link *l, TPMA_SESSION encrypted) {
    (void)Esys_TRSess_SetAttributes(l->esys, l->session, TPMA_SESSION_CONTINUESESSION | encrypted,
                                    0xff);
    return l->session;
}

/* Makers whose TPMs are made of software, or of firmware that keeps its memory in a chip outside:
 * older contents can be put back there. Names as TPM2_PT_MANUFACTURER gives them. */
static int has_memory_outside(struct link *l) {
    static const char *const makers[] = {"IBM ", "MSFT", "INTC", "AMD ", "QCOM",
                                         "VMW ", "GOOG", "SMSN", "CSCO", "HISI"};
    TPMI_YES_NO more;
    TPMS_CAPABILITY_DATA *data = NULL;
    char name[4];
    TSS2_RC rc;
    LINK_PATIENTLY(rc, Esys_GetCapability(l->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                          TPM2_CAP_TPM_PROPERTIES, TPM2_PT_MANUFACTURER, 1, &more,
                                          &data));
    int is_outside = 1;
    if (rc == TSS2_RC_SUCCESS && data->data.tpmProperties.count == 1 &&
        data->data.tpmProperties.tpmProperty[0].property == TPM2_PT_MANUFACTURER) {
        UINT32 value = data->data.tpmProperties.tpmProperty[0].value;
        for (int i = 0; i < 4; i++) {
            name[i] = (char)(value >> (24 - 8 * i));
            if (!name[i]) name[i] = ' '; /* short names end so, or so */
        }
        is_outside = 0;
        for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
            is_outside |= memcmp(makers[i], name, sizeof name) == 0;
    }
    if (rc == TSS2_RC_SUCCESS) Esys_Free(data);
    return is_outside;
}

/* Flushes every handle of a range. */
static void sweep(struct link *l, UINT32 first) {
    TPMI_YES_NO more;
    TPMS_CAPABILITY_DATA *data = NULL;
    if (Esys_GetCapability(l->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                           first, 32, &more, &data) != TSS2_RC_SUCCESS)
        return;
    for (UINT32 i = 0; i < data->data.handles.count && i < 32; i++) {
        ESYS_TR tr;
        if (Esys_TR_FromTPMPublic(l->esys, data->data.handles.handle[i], ESYS_TR_NONE, ESYS_TR_NONE,
                                  ESYS_TR_NONE, &tr) == TSS2_RC_SUCCESS &&
            Esys_FlushContext(l->esys, tr) != TSS2_RC_SUCCESS)
            (void)Esys_TR_Close(l->esys, &tr);
    }
    Esys_Free(data);
}

/* A TPM has room for some three sessions and objects. Behind a resource manager only our own are
 * seen; without one the TPM is ours alone, and what fills it was left by an earlier life that ended
 * before it could flush. */
static int is_crowded(TSS2_RC rc) {
    TSS2_RC cause = link_cause(rc);
    return cause == TPM2_RC_OBJECT_MEMORY || cause == TPM2_RC_SESSION_MEMORY ||
           cause == TPM2_RC_SESSION_HANDLES || cause == TPM2_RC_OBJECT_HANDLES ||
           cause == TPM2_RC_MEMORY || cause == TPM2_RC_CONTEXT_GAP;
}

static TSS2_RC session_make(struct link *l) {
    ESYS_TR key = ESYS_TR_NONE;
    TSS2_RC rc = storage_key_make(l, &key);
    if (rc == TSS2_RC_SUCCESS) rc = session_start(l, key, &l->session);
    if (key != ESYS_TR_NONE) (void)Esys_FlushContext(l->esys, key);
    return rc;
}

static TSS2_RC link_open(struct link *l) {
    TSS2_RC rc = TSS2_RC_SUCCESS;
    if (!l->tcti_given) rc = Tss2_TctiLdr_Initialize(l->tcti_name, &l->tcti);
    if (rc == TSS2_RC_SUCCESS)
        rc = Esys_Initialize(&l->esys, l->tcti_given ? l->tcti_given : l->tcti, NULL);
    if (rc == TSS2_RC_SUCCESS) rc = Esys_TR_SetAuth(l->esys, ESYS_TR_RH_OWNER, &l->owner);
    if (rc == TSS2_RC_SUCCESS) rc = session_make(l);
    if (is_crowded(rc)) {
        sweep(l, TPM2_LOADED_SESSION_FIRST);
        sweep(l, TRANSIENT_FIRST);
        rc = session_make(l);
    }
    if (rc == TSS2_RC_SUCCESS && l->is_physical) l->is_physical = !has_memory_outside(l);
    if (rc != TSS2_RC_SUCCESS) link_close(l);
    return rc;
}

void link_close(struct link *l) {
    if (l->esys && l->session != ESYS_TR_NONE) (void)Esys_FlushContext(l->esys, l->session);
    l->session = ESYS_TR_NONE;
    if (l->esys) Esys_Finalize(&l->esys);
    if (l->tcti) Tss2_TctiLdr_Finalize(&l->tcti);
}

void link_rinse(struct link *l) {
    TPM2B_DIGEST *noise = NULL;
    TPMS_CAPABILITY_DATA *data = NULL;
    TPMI_YES_NO more;
    /* A long answer, then a short command: libtss2 decrypts in place and keeps both buffers. */
    if (Esys_GetCapability(l->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                           TPM2_CAP_TPM_PROPERTIES, TPM2_PT_FIXED, 64, &more,
                           &data) == TSS2_RC_SUCCESS)
        Esys_Free(data);
    if (Esys_GetRandom(l->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, 32, &noise) ==
        TSS2_RC_SUCCESS)
        Esys_Free(noise);
}

/* ---- What went wrong ---------------------------------------------------------------------- */

static void explain(struct link *l, TSS2_RC rc) {
    const char *where = l->tcti_given ? "the given transport" : l->tcti_name;
    TSS2_RC cause = link_cause(rc), layer = rc & TSS2_RC_LAYER_MASK;
    const char *what = NULL;
    if (rc == LINK_COLLISION)
        what = "its indices are used by something else: choose another nv_base";
    else if (rc == LINK_MISREAD)
        what = "it did not give back what was written; the chip may be failing";
    else if (cause == TPM2_RC_BAD_AUTH || cause == TPM2_RC_AUTH_FAIL)
        what = "its owner password is not the one in sotto_tpm_options.owner_auth";
    else if (cause == TPM2_RC_NV_SPACE)
        what =
            "its non-volatile memory is full: remove an index that nobody uses (tpm2_nvundefine)";
    else if (cause == TPM2_RC_LOCKOUT)
        what = "it is locked out after wrong passwords; wait, or tpm2_dictionarylockout -c";
    else if (is_crowded(rc))
        what = "others fill its working memory; use the resource manager, device:/dev/tpmrm0";
    else if (cause == TPM2_RC_INITIALIZE)
        what = "nobody has started it; the firmware must send TPM2_Startup";
    else if (cause == TPM2_RC_FAILURE)
        what = "it is in failure mode; restart the device";
    else if (layer != 0)
        what = "it cannot be reached or answers nonsense; check the device and who may open it";
    snprintf(l->error, sizeof l->error, "TPM at %.80s: %s (code 0x%x)", where,
             what ? what : "it failed", (unsigned)rc);
}

/* Causes that a new session would not change. A wrong password is none: a session that has lost
 * step after an altered answer looks the same. */
static int is_final(TSS2_RC rc) {
    return rc == LINK_COLLISION || link_cause(rc) == TPM2_RC_NV_SPACE;
}

TSS2_RC link_run(struct link *l, TSS2_RC (*work)(struct link *l, void *args), void *args,
                 int is_once) {
    TSS2_RC rc = TSS2_RC_SUCCESS;
    for (int run = 0; run < 2; run++) {
        int has_begun = 0;
        rc = l->esys ? TSS2_RC_SUCCESS : link_open(l);
        if (rc == TSS2_RC_SUCCESS) {
            has_begun = 1;
            rc = work(l, args);
        }
        if (rc == TSS2_RC_SUCCESS || is_final(rc)) break;
        link_close(l); /* whatever state the session is in now */
        if (is_once && has_begun) break;
    }
    if (rc != TSS2_RC_SUCCESS) explain(l, rc);
    return rc;
}
