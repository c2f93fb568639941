/* keystore_tpm: the device secret, two key slots and a counter inside a TPM. Owns five
 * non-volatile indices: slot s has nv_base + 2s and nv_base + 2s + 1, the counter nv_base + 4.
 *
 * A slot's value is in one of its two indices; a new one is written into the other and read back
 * before the old one is overwritten and removed. So a cut at any instant leaves the old value or
 * the new one, never a part. An index that was defined and not written, or half written, counts as
 * empty and is removed by the next put or destroy. */
#include "platform/tpm/parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- An index of a slot ------------------------------------------------------------------- */

#define AT_MAGIC    0
#define AT_SEQUENCE 4 /* the higher one is the newer */
#define AT_LENGTH   8
#define AT_BYTES    12
#define AT_SUM      (AT_BYTES + SOTTO_TPM_SLOT_BYTES_MAX)
#define ENTRY_BYTES (AT_SUM + 8)

static const uint8_t MAGIC[4] = {'S', 'K', '0', '1'};

#define SLOT_ATTRIBUTES                                                                            \
    (TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA |                                        \
     TPM2_NT_ORDINARY << TPMA_NV_TPM2_NT_SHIFT)
#define COUNTER_ATTRIBUTES                                                                         \
    (TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA |                                        \
     TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT)

static void put32(uint8_t *to, uint32_t v) {
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get32(const uint8_t *from) {
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* FNV-1a. Against half a write, not against anybody: the session authenticates what is read. */
static uint64_t sum_of(const uint8_t *bytes, size_t n) {
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++) sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static void entry_encode(uint8_t entry[ENTRY_BYTES], uint32_t sequence, const uint8_t *bytes,
                         size_t n) {
    memset(entry, 0, ENTRY_BYTES);
    memcpy(entry + AT_MAGIC, MAGIC, sizeof MAGIC);
    put32(entry + AT_SEQUENCE, sequence);
    put32(entry + AT_LENGTH, (uint32_t)n);
    memcpy(entry + AT_BYTES, bytes, n);
    uint64_t sum = sum_of(entry, AT_SUM);
    put32(entry + AT_SUM, (uint32_t)sum);
    put32(entry + AT_SUM + 4, (uint32_t)(sum >> 32));
}

static int entry_is_whole(const uint8_t entry[ENTRY_BYTES]) {
    uint64_t sum = get32(entry + AT_SUM) | (uint64_t)get32(entry + AT_SUM + 4) << 32;
    uint32_t n = get32(entry + AT_LENGTH);
    return memcmp(entry, MAGIC, sizeof MAGIC) == 0 && sum == sum_of(entry, AT_SUM) && n >= 1 &&
           n <= SOTTO_TPM_SLOT_BYTES_MAX;
}

/* ---- Any index ---------------------------------------------------------------------------- */

enum place_state { ABSENT, FOREIGN, EMPTY, WHOLE };

/* An index as it was found; `tr` is libtss2's name for it, to be closed. */
struct place {
    uint32_t index;
    enum place_state state;
    int is_written;
    ESYS_TR tr;
    uint8_t entry[ENTRY_BYTES];
};

static void place_close(struct link *l, struct place *p) {
    if (p->tr != ESYS_TR_NONE) (void)Esys_TR_Close(l->esys, &p->tr);
    p->tr = ESYS_TR_NONE;
    explicit_bzero(p->entry, sizeof p->entry);
}

/* Finds out whether the index is there and ours. Asked in the session, so that an answer altered on
 * its way cannot make a slot look empty. */
static TSS2_RC place_find(struct link *l, struct place *p, uint32_t index, TPMA_NV attributes,
                          UINT16 bytes) {
    TPM2B_NV_PUBLIC *found = NULL;
    TSS2_RC rc;
    memset(p, 0, sizeof *p);
    p->index = index;
    p->tr = ESYS_TR_NONE;
    LINK_PATIENTLY(rc, Esys_TR_FromTPMPublic(l->esys, index, link_session(l, TPMA_SESSION_ENCRYPT),
                                             ESYS_TR_NONE, ESYS_TR_NONE, &p->tr));
    if (link_cause(rc) == TPM2_RC_HANDLE) {
        p->state = ABSENT;
        return TSS2_RC_SUCCESS;
    }
    if (rc == TSS2_RC_SUCCESS)
        LINK_PATIENTLY(rc, Esys_NV_ReadPublic(l->esys, p->tr, link_session(l, TPMA_SESSION_ENCRYPT),
                                              ESYS_TR_NONE, ESYS_TR_NONE, &found, NULL));
    if (rc != TSS2_RC_SUCCESS) {
        place_close(l, p);
        return rc;
    }
    const TPMS_NV_PUBLIC *area = &found->nvPublic;
    int is_ours = area->nvIndex == index && area->nameAlg == TPM2_ALG_SHA256 &&
                  (area->attributes & ~TPMA_NV_WRITTEN) == attributes && area->dataSize == bytes &&
                  area->authPolicy.size == 0;
    p->is_written = (area->attributes & TPMA_NV_WRITTEN) != 0;
    p->state = is_ours ? EMPTY : FOREIGN;
    Esys_Free(found);
    return TSS2_RC_SUCCESS;
}

/* Reads `n` bytes of an index, wiping what libtss2 held. */
static TSS2_RC place_read(struct link *l, const struct place *p, uint8_t *to, UINT16 n) {
    TPM2B_MAX_NV_BUFFER *data = NULL;
    TSS2_RC rc;
    LINK_PATIENTLY(rc, Esys_NV_Read(l->esys, p->tr, p->tr, link_session(l, TPMA_SESSION_ENCRYPT),
                                    ESYS_TR_NONE, ESYS_TR_NONE, n, 0, &data));
    if (rc != TSS2_RC_SUCCESS) return rc;
    if (data->size == n)
        memcpy(to, data->buffer, n);
    else
        rc = LINK_MISREAD;
    explicit_bzero(data, sizeof *data);
    Esys_Free(data);
    link_rinse(l);
    return rc;
}

static TSS2_RC place_define(struct link *l, struct place *p, TPMA_NV attributes, UINT16 bytes) {
    const TPM2B_AUTH no_auth = {0};
    const TPM2B_NV_PUBLIC area = {.nvPublic = {.nvIndex = p->index,
                                               .nameAlg = TPM2_ALG_SHA256,
                                               .attributes = attributes,
                                               .dataSize = bytes}};
    TSS2_RC rc;
    LINK_PATIENTLY(rc, Esys_NV_DefineSpace(l->esys, ESYS_TR_RH_OWNER,
                                           link_session(l, TPMA_SESSION_DECRYPT), ESYS_TR_NONE,
                                           ESYS_TR_NONE, &no_auth, &area, &p->tr));
    if (rc == TSS2_RC_SUCCESS) p->state = EMPTY, p->is_written = 0;
    return rc;
}

static TSS2_RC place_write(struct link *l, struct place *p, const uint8_t entry[ENTRY_BYTES]) {
    TPM2B_MAX_NV_BUFFER data = {.size = ENTRY_BYTES};
    TSS2_RC rc;
    memcpy(data.buffer, entry, ENTRY_BYTES);
    LINK_PATIENTLY(rc, Esys_NV_Write(l->esys, p->tr, p->tr, link_session(l, TPMA_SESSION_DECRYPT),
                                     ESYS_TR_NONE, ESYS_TR_NONE, &data, 0));
    explicit_bzero(&data, sizeof data);
    if (rc == TSS2_RC_SUCCESS) p->is_written = 1;
    return rc;
}

/* Overwrites and removes an index of ours. */
static TSS2_RC place_remove(struct link *l, struct place *p) {
    static const uint8_t zeros[ENTRY_BYTES];
    TSS2_RC rc = TSS2_RC_SUCCESS;
    if (p->state == ABSENT || p->state == FOREIGN) return TSS2_RC_SUCCESS;
    if (p->is_written) rc = place_write(l, p, zeros);
    if (rc != TSS2_RC_SUCCESS) return rc;
    LINK_PATIENTLY(rc, Esys_NV_UndefineSpace(l->esys, ESYS_TR_RH_OWNER, p->tr, link_session(l, 0),
                                             ESYS_TR_NONE, ESYS_TR_NONE));
    if (rc == TSS2_RC_SUCCESS) {
        p->tr = ESYS_TR_NONE; /* libtss2 has let go of it */
        p->state = ABSENT;
    }
    return rc;
}

/* ---- Slots -------------------------------------------------------------------------------- */

/* The two indices of a slot; `newest` is the one that holds its value, or NULL. */
struct pair {
    struct place place[2];
    struct place *newest, *other;
};

static void pair_close(struct link *l, struct pair *pair) {
    for (int i = 0; i < 2; i++) place_close(l, &pair->place[i]);
}

static TSS2_RC pair_open(struct link *l, struct pair *pair, unsigned slot) {
    TSS2_RC rc = TSS2_RC_SUCCESS;
    memset(pair, 0, sizeof *pair);
    pair->place[0].tr = pair->place[1].tr = ESYS_TR_NONE;
    for (unsigned i = 0; i < 2 && rc == TSS2_RC_SUCCESS; i++) {
        struct place *p = &pair->place[i];
        rc = place_find(l, p, l->nv_base + 2 * slot + i, SLOT_ATTRIBUTES, ENTRY_BYTES);
        if (rc != TSS2_RC_SUCCESS || p->state != EMPTY || !p->is_written) continue;
        rc = place_read(l, p, p->entry, ENTRY_BYTES);
        if (rc == TSS2_RC_SUCCESS && entry_is_whole(p->entry)) p->state = WHOLE;
    }
    if (rc != TSS2_RC_SUCCESS) {
        pair_close(l, pair);
        return rc;
    }
    int is_whole[2] = {pair->place[0].state == WHOLE, pair->place[1].state == WHOLE};
    unsigned at = is_whole[1];
    if (is_whole[0] && is_whole[1]) /* as distances, so that the sequence may wrap */
        at = (int32_t)(get32(pair->place[1].entry + AT_SEQUENCE) -
                       get32(pair->place[0].entry + AT_SEQUENCE)) > 0;
    if (is_whole[0] || is_whole[1]) pair->newest = &pair->place[at];
    pair->other = &pair->place[pair->newest ? !at : pair->place[0].state == FOREIGN];
    return rc;
}

struct slot_args {
    unsigned slot;
    const uint8_t *put;
    uint8_t *got;
    size_t n, cap;
    int is_empty;
};

static TSS2_RC put_beside(struct link *l, struct pair *pair, const struct slot_args *a) {
    uint8_t entry[ENTRY_BYTES], back[ENTRY_BYTES];
    uint32_t sequence = pair->newest ? get32(pair->newest->entry + AT_SEQUENCE) + 1 : 1;
    struct place *to = pair->other;
    if (to->state == FOREIGN) return LINK_COLLISION;
    TSS2_RC rc = place_remove(l, to);
    if (rc == TSS2_RC_SUCCESS) rc = place_define(l, to, SLOT_ATTRIBUTES, ENTRY_BYTES);
    if (rc != TSS2_RC_SUCCESS) return rc;
    entry_encode(entry, sequence, a->put, a->n);
    rc = place_write(l, to, entry);
    if (rc == TSS2_RC_SUCCESS) rc = place_read(l, to, back, ENTRY_BYTES);
    if (rc == TSS2_RC_SUCCESS && memcmp(entry, back, ENTRY_BYTES) != 0) rc = LINK_MISREAD;
    explicit_bzero(entry, sizeof entry);
    explicit_bzero(back, sizeof back);
    if (rc != TSS2_RC_SUCCESS) (void)place_remove(l, to);
    return rc;
}

static TSS2_RC slot_put(struct link *l, void *args) {
    const struct slot_args *a = args;
    struct pair pair;
    TSS2_RC rc = pair_open(l, &pair, a->slot);
    if (rc != TSS2_RC_SUCCESS) return rc;
    rc = put_beside(l, &pair, a);
    if (rc == TSS2_RC_SUCCESS && pair.newest) rc = place_remove(l, pair.newest);
    pair_close(l, &pair);
    return rc;
}

static TSS2_RC slot_get(struct link *l, void *args) {
    struct slot_args *a = args;
    struct pair pair;
    TSS2_RC rc = pair_open(l, &pair, a->slot);
    if (rc != TSS2_RC_SUCCESS) return rc;
    a->is_empty = !pair.newest;
    if (pair.newest) {
        a->n = get32(pair.newest->entry + AT_LENGTH);
        if (a->n <= a->cap) memcpy(a->got, pair.newest->entry + AT_BYTES, a->n);
    } else if (pair.other->state == FOREIGN) {
        rc = LINK_COLLISION;
    }
    pair_close(l, &pair);
    return rc;
}

/* The older value first: cut in between, it must not come back. */
static TSS2_RC slot_destroy(struct link *l, void *args) {
    const struct slot_args *a = args;
    struct pair pair;
    TSS2_RC rc = pair_open(l, &pair, a->slot);
    if (rc != TSS2_RC_SUCCESS) return rc;
    rc = place_remove(l, pair.other);
    struct place *last = pair.other == &pair.place[0] ? &pair.place[1] : &pair.place[0];
    if (rc == TSS2_RC_SUCCESS) rc = place_remove(l, last);
    pair_close(l, &pair);
    return rc;
}

/* ---- The device secret -------------------------------------------------------------------- */

/* A primary key: the TPM derives it from its seed whenever it is asked, so nothing is stored that
 * could be lost, and clearing the TPM changes it for good. */
static const TPM2B_PUBLIC secret_key = {
    .publicArea = {
        .type = TPM2_ALG_KEYEDHASH,
        .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                            TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                            TPMA_OBJECT_NODA | TPMA_OBJECT_SIGN_ENCRYPT,
        .parameters.keyedHashDetail = {.scheme = {.scheme = TPM2_ALG_HMAC,
                                                  .details.hmac.hashAlg = TPM2_ALG_SHA256}},
        .unique.keyedHash = {.size = 22, .buffer = "sotto device secret v1"}}};

static TSS2_RC secret_derive(struct link *l, void *args) {
    static const TPM2B_MAX_BUFFER label = {.size = 13, .buffer = "device secret"};
    const TPM2B_SENSITIVE_CREATE no_secret = {0};
    const TPM2B_DATA nothing = {0};
    const TPML_PCR_SELECTION no_pcr = {0};
    TPM2B_DIGEST *mac = NULL;
    ESYS_TR key = ESYS_TR_NONE;
    TSS2_RC rc;
    LINK_PATIENTLY(rc, Esys_CreatePrimary(l->esys, ESYS_TR_RH_OWNER,
                                          link_session(l, TPMA_SESSION_DECRYPT), ESYS_TR_NONE,
                                          ESYS_TR_NONE, &no_secret, &secret_key, &nothing, &no_pcr,
                                          &key, NULL, NULL, NULL, NULL));
    if (rc != TSS2_RC_SUCCESS) return rc;
    LINK_PATIENTLY(rc, Esys_HMAC(l->esys, key, link_session(l, TPMA_SESSION_ENCRYPT), ESYS_TR_NONE,
                                 ESYS_TR_NONE, &label, TPM2_ALG_SHA256, &mac));
    (void)Esys_FlushContext(l->esys, key);
    if (rc != TSS2_RC_SUCCESS) return rc;
    if (mac->size == 32)
        memcpy(args, mac->buffer, 32);
    else
        rc = LINK_MISREAD;
    explicit_bzero(mac, sizeof *mac);
    Esys_Free(mac);
    link_rinse(l);
    return rc;
}

/* ---- The counter -------------------------------------------------------------------------- */

static TSS2_RC counter_move(struct link *l, const struct place *p) {
    TSS2_RC rc;
    LINK_PATIENTLY(rc, Esys_NV_Increment(l->esys, p->tr, p->tr, link_session(l, 0), ESYS_TR_NONE,
                                         ESYS_TR_NONE));
    return rc;
}

static TSS2_RC counter_value(struct link *l, const struct place *p, uint64_t *value) {
    uint8_t bytes[8];
    TSS2_RC rc = place_read(l, p, bytes, sizeof bytes);
    *value = 0;
    for (int i = 0; i < 8 && rc == TSS2_RC_SUCCESS; i++) *value = *value << 8 | bytes[i];
    return rc;
}

/* Finds the counter; one that is new is made, and moved once, for before that it has no value. A
 * TPM starts a new counter above all it ever had, so one that was removed is noticed. */
static TSS2_RC counter_find(struct link *l, struct place *p) {
    TSS2_RC rc = place_find(l, p, l->nv_base + 4, COUNTER_ATTRIBUTES, 8);
    if (rc == TSS2_RC_SUCCESS && p->state == FOREIGN) rc = LINK_COLLISION;
    if (rc == TSS2_RC_SUCCESS && p->state == ABSENT) rc = place_define(l, p, COUNTER_ATTRIBUTES, 8);
    if (rc == TSS2_RC_SUCCESS && !p->is_written) rc = counter_move(l, p);
    if (rc != TSS2_RC_SUCCESS) place_close(l, p);
    return rc;
}

static TSS2_RC counter_get(struct link *l, void *args) {
    struct place p;
    TSS2_RC rc = counter_find(l, &p);
    if (rc != TSS2_RC_SUCCESS) return rc;
    rc = counter_value(l, &p, args);
    place_close(l, &p);
    return rc;
}

static TSS2_RC counter_bump(struct link *l, void *args) {
    struct place p;
    TSS2_RC rc = counter_find(l, &p);
    if (rc != TSS2_RC_SUCCESS) return rc;
    rc = counter_move(l, &p);
    if (rc == TSS2_RC_SUCCESS) rc = counter_value(l, &p, args);
    place_close(l, &p);
    return rc;
}

/* ---- Callbacks ---------------------------------------------------------------------------- */

static struct link *link_of(void *ctx) { return ((struct sotto_tpm *)ctx)->inside; }

static int errno_of(TSS2_RC rc) {
    if (rc == TSS2_RC_SUCCESS) return 0;
    if (rc == LINK_COLLISION) return -EEXIST;
    return link_cause(rc) == TPM2_RC_NV_SPACE ? -ENOSPC : -EIO;
}

static int tpm_device_secret(void *ctx, uint8_t secret[32]) {
    return errno_of(link_run(link_of(ctx), secret_derive, secret, 0));
}

static int tpm_slot_put(void *ctx, unsigned slot, const uint8_t *bytes, size_t n) {
    struct slot_args a = {.slot = slot, .put = bytes, .n = n};
    if (slot > 1 || n == 0 || n > SOTTO_TPM_SLOT_BYTES_MAX) return -EINVAL;
    return errno_of(link_run(link_of(ctx), slot_put, &a, 0));
}

static int tpm_slot_get(void *ctx, unsigned slot, uint8_t *bytes, size_t cap, size_t *n) {
    struct slot_args a = {.slot = slot, .got = bytes, .cap = cap};
    if (slot > 1) return -EINVAL;
    int status = errno_of(link_run(link_of(ctx), slot_get, &a, 0));
    if (status != 0) return status;
    if (a.is_empty) return 1;
    if (a.n > cap) return -EFBIG;
    *n = a.n;
    return 0;
}

static int tpm_slot_destroy(void *ctx, unsigned slot, int *assurance) {
    struct slot_args a = {.slot = slot};
    struct link *l = link_of(ctx);
    if (slot > 1) return -EINVAL;
    int status = errno_of(link_run(l, slot_destroy, &a, 0));
    if (status == 0)
        *assurance = l->is_physical ? SOTTO_ASSURANCE_PHYSICAL : SOTTO_ASSURANCE_LOGICAL;
    return status;
}

static int tpm_counter_read(void *ctx, uint64_t *value) {
    return errno_of(link_run(link_of(ctx), counter_get, value, 0));
}

/* Never run twice: the first run may have moved it although its answer was lost. */
static int tpm_counter_bump(void *ctx, uint64_t *value) {
    return errno_of(link_run(link_of(ctx), counter_bump, value, 1));
}

/* ---- Opening and closing ------------------------------------------------------------------ */

static int tpm_fail(struct sotto_error *err, int status, const char *message) {
    if (err) {
        err->status = status;
        snprintf(err->message, sizeof err->message, "%s", message);
    }
    return status;
}

static int options_check(const struct sotto_tpm *tpm, const struct sotto_tpm_options *o,
                         const struct sotto_port *port, struct sotto_error *err) {
    if (!tpm || !o || o->size < sizeof *o || !port || port->size < sizeof *port)
        return tpm_fail(err, SOTTO_E_ARGUMENT, "sotto_tpm_keys: NULL given, or a size not set");
    if (port->ctx != (const void *)&tpm->device)
        return tpm_fail(err, SOTTO_E_ARGUMENT,
                        "sotto_tpm_keys: make the port with sotto_linux_port(&tpm->device, …)");
    if (o->owner_auth_bytes > OWNER_AUTH_MAX || (o->owner_auth_bytes && !o->owner_auth))
        return tpm_fail(err, SOTTO_E_ARGUMENT,
                        "sotto_tpm_options.owner_auth: at most 64 bytes are allowed");
    if (o->tcti && strlen(o->tcti) >= TCTI_BYTES)
        return tpm_fail(err, SOTTO_E_ARGUMENT, "sotto_tpm_options.tcti is too long");
    if (o->nv_base && (o->nv_base >> 24) != TPM2_HT_NV_INDEX)
        return tpm_fail(err, SOTTO_E_ARGUMENT,
                        "sotto_tpm_options.nv_base is no index: write 0x01800000 or more");
    return SOTTO_OK;
}

/* Asks for everything once, so that what is wrong is said now. */
static TSS2_RC probe(struct link *l, void *args) {
    uint8_t secret[32];
    uint64_t value;
    struct pair pair;
    (void)args;
    TSS2_RC rc = secret_derive(l, secret);
    explicit_bzero(secret, sizeof secret);
    for (unsigned slot = 0; slot < 2 && rc == TSS2_RC_SUCCESS; slot++) {
        rc = pair_open(l, &pair, slot);
        if (rc != TSS2_RC_SUCCESS) break;
        if (pair.place[0].state == FOREIGN || pair.place[1].state == FOREIGN) rc = LINK_COLLISION;
        pair_close(l, &pair);
    }
    return rc == TSS2_RC_SUCCESS ? counter_get(l, &value) : rc;
}

int sotto_tpm_keys(struct sotto_tpm *tpm, const struct sotto_tpm_options *options,
                   struct sotto_port *port, struct sotto_error *err) {
    int status = options_check(tpm, options, port, err);
    if (status != SOTTO_OK) return status;
    sotto_tpm_close(tpm);
    struct link *l = calloc(1, sizeof *l);
    if (!l) return tpm_fail(err, SOTTO_E_MEMORY, "sotto_tpm_keys: no memory");
    snprintf(l->tcti_name, sizeof l->tcti_name, "%s",
             options->tcti ? options->tcti : "device:/dev/tpmrm0");
    l->tcti_given = options->tcti_context;
    l->session = ESYS_TR_NONE;
    l->owner.size = (UINT16)options->owner_auth_bytes;
    if (options->owner_auth_bytes)
        memcpy(l->owner.buffer, options->owner_auth, options->owner_auth_bytes);
    l->nv_base = options->nv_base ? options->nv_base : SOTTO_TPM_NV_BASE;
    l->is_physical = options->is_discrete != 0;
    tpm->inside = l;
    TSS2_RC rc = link_run(l, probe, NULL, 0);

    port->key_caps = SOTTO_KEYS_DEVICE_BOUND | SOTTO_KEYS_COUNTER;
    if (l->is_physical && rc == TSS2_RC_SUCCESS) port->key_caps |= SOTTO_KEYS_DESTROY_PHYSICAL;
    port->device_secret = tpm_device_secret;
    port->slot_put = tpm_slot_put;
    port->slot_get = tpm_slot_get;
    port->slot_destroy = tpm_slot_destroy;
    port->slot_bytes = SOTTO_TPM_SLOT_BYTES;
    port->counter_read = tpm_counter_read;
    port->counter_bump = tpm_counter_bump;
    return rc == TSS2_RC_SUCCESS ? SOTTO_OK : tpm_fail(err, SOTTO_E_KEY, l->error);
}

const char *sotto_tpm_last_error(const struct sotto_tpm *tpm) {
    const struct link *l = tpm ? tpm->inside : NULL;
    return l ? l->error : "";
}

void sotto_tpm_close(struct sotto_tpm *tpm) {
    struct link *l = tpm ? tpm->inside : NULL;
    if (!l) return;
    link_close(l);
    explicit_bzero(l, sizeof *l);
    free(l);
    tpm->inside = NULL;
}
