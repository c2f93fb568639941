/* engine_switch: turning personalisation off, on the device or from afar. Off counts at once, also
 * while storage is away, and what cannot be read is off. Record (VAULT_SYSTEM, slot 0, seq 3): u32
 * format = 1, u8 off, u8[3] zero, u64 number of the last remote switch. */
#include "engine.h"
#include "sotto_audit.h"

#define FORMAT       1
#define RECORD_BYTES 16
#define BOTH         (SOTTO_OFF_LOCAL | SOTTO_OFF_REMOTE)

static const struct vault_key key = {VAULT_SYSTEM, 0, 3};
static const uint8_t MAGIC[8] = {'S', 'O', 'T', 'T', 'O', 'S', 'W', '1'};

static void turn(struct sotto *e, uint32_t off) {
    e->off = off;
    if (off) slates_apply(e, 0, SLATE_WITHDRAW, SOTTO_WHY_OFF);
}

static int save(struct sotto *e) {
    uint8_t bytes[RECORD_BYTES] = {0};
    e->owes_switch = 1;
    if (vault_state(e->vault) == SOTTO_STORAGE_NONE) return SOTTO_OK;
    if (!engine_has_storage(e))
        return fail(&e->error, SOTTO_E_IO,
                    "storage fails: the switch counts now and will be stored; repeat it if the "
                    "device restarts before");
    store32(bytes, FORMAT);
    bytes[4] = (uint8_t)e->off;
    store64(bytes + 8, e->switch_number);
    int status = vault_begin(e->vault, &e->error);
    if (status != SOTTO_OK) return status;
    vault_anchor(e->vault);
    vault_note(e->vault, SOTTO_AUDIT_SWITCH, (uint8_t)e->off, e->switch_number, 0);
    status = vault_put(e->vault, key, bytes, sizeof bytes, &e->error);
    if (status == SOTTO_OK) status = vault_commit(e->vault, &e->error);
    if (status != SOTTO_OK) vault_rollback(e->vault);
    if (status == SOTTO_OK) e->owes_switch = 0;
    return status;
}

int switch_load(struct sotto *e) {
    uint8_t bytes[RECORD_BYTES];
    size_t n;
    int status = vault_get(e->vault, key, bytes, sizeof bytes, &n, &e->error);
    if (status == SOTTO_OK && (n != sizeof bytes || load32(bytes) != FORMAT || bytes[4] > BOTH))
        status = SOTTO_E_CORRUPT;
    if (status == SOTTO_E_CORRUPT || status == SOTTO_E_LIMIT) {
        turn(e, e->off | SOTTO_OFF_LOCAL);
        return SOTTO_OK; /* until it is set again */
    }
    if (status != SOTTO_OK && status != SOTTO_E_NOT_FOUND) return status;
    if (status == SOTTO_OK && load64(bytes + 8) > e->switch_number) {
        e->switch_number = load64(bytes + 8);
        turn(e, (e->off & SOTTO_OFF_LOCAL) | (bytes[4] & SOTTO_OFF_REMOTE));
    }
    /* What was said since storage was lost is younger. */
    if (status == SOTTO_OK && !e->owes_switch)
        turn(e, (e->off & SOTTO_OFF_REMOTE) | (bytes[4] & SOTTO_OFF_LOCAL));
    return e->owes_switch && engine_has_storage(e) ? save(e) : SOTTO_OK;
}

int sotto_switch_set(struct sotto *e, int off) {
    int status = engine_enter(e);
    if (status != SOTTO_OK) return status;
    if (off != 0 && off != 1) return fail(&e->error, SOTTO_E_ARGUMENT, "off is 0 or 1");
    engine_now(e);
    turn(e, off ? e->off | SOTTO_OFF_LOCAL : e->off & ~SOTTO_OFF_LOCAL);
    return engine_note(e, save(e));
}

/* Believes nothing of the file before its signature held. */
static int read_switch(struct sotto *e, const char *path, const uint8_t *bytes, size_t n) {
    if (n != SOTTO_SWITCH_BYTES)
        return fail(&e->error, SOTTO_E_FORMAT, "%.150s is no switch; make it anew", path);
    uint32_t off = load32(bytes + 8);
    uint64_t number = load64(bytes + 16);
    if (memcmp(bytes, MAGIC, sizeof MAGIC) != 0 || off > 1 || load32(bytes + 12) != 0 ||
        number == 0 || bytes[SOTTO_SWITCH_BYTES - 1] != 0)
        return fail(&e->error, SOTTO_E_FORMAT, "%.150s is no switch; make it anew", path);
    if (bytes[24] && strcmp((const char *)bytes + 24, e->device_class) != 0)
        return fail(&e->error, SOTTO_E_MISMATCH, "%.150s is for another class of devices", path);
    if (number < e->switch_number ||
        (number == e->switch_number && off != (e->off & SOTTO_OFF_REMOTE) / SOTTO_OFF_REMOTE))
        return fail(&e->error, SOTTO_E_ROLLBACK,
                    "%.150s has number %llu, but %llu was already in use: give it a higher one",
                    path, (unsigned long long)number, (unsigned long long)e->switch_number);
    if (number == e->switch_number) return SOTTO_OK;
    e->switch_number = number;
    turn(e, off ? e->off | SOTTO_OFF_REMOTE : e->off & ~SOTTO_OFF_REMOTE);
    return save(e);
}

int sotto_switch_remote(struct sotto *e, const char *path) {
    const struct sotto_port *port = e ? e->port : NULL;
    char sig_path[512];
    const uint8_t *bytes = NULL, *sig = NULL;
    size_t n = 0, sig_n = 0, length = path ? strnlen(path, sizeof sig_path) : 0;
    int status = engine_enter(e);
    if (status != SOTTO_OK) return status;
    if (length == 0 || length + sizeof ".minisig" > sizeof sig_path)
        return fail(&e->error, SOTTO_E_ARGUMENT, "the path of a switch has 1 to %zu bytes",
                    sizeof sig_path - sizeof ".minisig");
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): engine_enter refuses NULL */
    if (!e->policy_key[0])
        return fail(&e->error, SOTTO_E_STATE, "no policy key is configured to verify it with");
    engine_now(e);
    memcpy(sig_path, path, length);
    memcpy(sig_path + length, ".minisig", sizeof ".minisig");
    if (port->file_map(port->ctx, path, &bytes, &n) != 0)
        return fail(&e->error, SOTTO_E_IO, "%.150s cannot be read", path);
    if (port->file_map(port->ctx, sig_path, &sig, &sig_n) != 0)
        status = fail(&e->error, SOTTO_E_SIGNATURE, "%.150s.minisig cannot be read", path);
    if (status == SOTTO_OK)
        status = minisig_verify(e->policy_key, bytes, n, (const char *)sig, sig_n, path, &e->error);
    if (status == SOTTO_OK) status = engine_note(e, read_switch(e, path, bytes, n));
    if (sig) port->file_unmap(port->ctx, sig, sig_n);
    port->file_unmap(port->ctx, bytes, n);
    return status;
}
