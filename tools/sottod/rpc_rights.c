/* rpc_rights: what a person may see, correct, block, forget, pause and object to, by the name of
 * their profile. Every method is explained in README.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "crypto/crypto.h"
#include "tools/common/export_json.h"
#include "tools/sottod/service.h"

/* What an open screen shows may not be so any more. */
static int leave_changed(struct client *c, struct rpc_call *call, const struct seat *seat,
                         int status) {
    service_status(c->service, call, status);
    if (seat->owner)
        client_announce(seat->owner, "profile.changed",
                        json_pack("{s:I}", "session", (json_int_t)seat->handle));
    seat_leave(c, seat);
    return status;
}

/* ---- See and take away ------------------------------------------------------------------- */

#define FACTS_AT_ONCE 32
#define PIECE_BYTES   16384

static int make(struct client *c, struct rpc_call *call, const uint8_t *seal_key, uint8_t **bytes,
                size_t *n) {
    struct seat seat;
    int status = seat_take(c, call, &seat);
    if (status != SOTTO_OK) return status;
    status = export_json_make(c->service->engine, seat.handle, seal_key, bytes, n);
    service_status(c->service, call, status);
    seat_leave(c, &seat);
    return status;
}

int rights_view(void *caller, struct rpc_call *call) {
    uint8_t *bytes = NULL;
    size_t n = 0, from = (size_t)rpc_number(call, "from", 0);
    int status = make(caller, call, NULL, &bytes, &n);
    if (status != SOTTO_OK) return status;
    json_t *document = json_loadb((const char *)bytes, n, 0, NULL), *some = json_array();
    const json_t *facts = json_object_get(document, "facts");
    size_t count = json_array_size(facts);
    for (size_t i = from; i < count && i - from < FACTS_AT_ONCE; i++)
        (void)!json_array_append(some, json_array_get(facts, i));
    rpc_put_number(call->result, "count", count);
    (void)!json_object_set_new(call->result, "facts", some);
    json_decref(document);
    wipe(bytes, n);
    free(bytes);
    return document ? SOTTO_OK : fail(&call->err, SOTTO_E_MEMORY, "no memory for the answer");
}

void client_drop_export(struct client *c) {
    if (c->export) wipe(c->export, c->export_n);
    free(c->export);
    c->export = NULL;
    c->export_n = 0;
}

static int read_key(uint8_t key[32], const char *text) {
    if (strspn(text, "0123456789abcdefABCDEF") != 64 || text[64]) return -1;
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        key[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return 0;
}

/* Made at offset 0 and read from memory: it must not reach a disk in the open. */
int rights_export(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    uint64_t offset = rpc_number(call, "offset", 0);
    const char *seal_key = rpc_text(call, "seal_to");
    uint8_t key[32];
    if (seal_key && read_key(key, seal_key) != 0)
        return rpc_refuse(call, "seal_to is an X25519 key of 64 hexadecimal digits");
    if (offset == 0) {
        client_drop_export(c);
        int status = make(c, call, seal_key ? key : NULL, &c->export, &c->export_n);
        if (status != SOTTO_OK) return status;
    }
    if (!c->export || offset > c->export_n)
        return fail(&call->err, SOTTO_E_STATE, "begin at offset 0");
    size_t rest = c->export_n - (size_t)offset, n = rest < PIECE_BYTES ? rest : PIECE_BYTES;
    rpc_put_number(call->result, "offset", offset);
    rpc_put_number(call->result, "size", c->export_n);
    rpc_put_hex(call->result, "bytes", c->export + offset, n);
    if (n == rest) client_drop_export(c);
    return SOTTO_OK;
}

int rights_receipts(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    uint8_t bytes[SOTTO_CONSENT_RECEIPT_BYTES];
    uint64_t cursor = rpc_number(call, "after", 0);
    json_t *list = json_array();
    struct seat seat;
    int status = seat_take(c, call, &seat);
    int is_seated = status == SOTTO_OK;
    for (int i = 0; i < SOTTO_CONSENT_RECEIPTS_KEPT && status == SOTTO_OK; i++) {
        status = sotto_consent_receipt_next(c->service->engine, seat.handle, &cursor, bytes);
        if (status != SOTTO_OK) break;
        json_t *receipt = json_object();
        rpc_put_number(receipt, "number", cursor);
        rpc_put_hex(receipt, "bytes", bytes, sizeof bytes);
        (void)!json_array_append_new(list, receipt);
    }
    (void)!json_object_set_new(call->result, "receipts", list);
    if (!is_seated) return status;
    if (status == SOTTO_E_NOT_FOUND) status = SOTTO_OK;
    service_status(c->service, call, status);
    seat_leave(c, &seat);
    return status;
}

/* ---- Correct, block, forget -------------------------------------------------------------- */

static int block_or_not(struct client *c, struct rpc_call *call,
                        int (*verb)(struct sotto *, sotto_session, enum sotto_block_kind,
                                    const char *)) {
    const char *name = NULL;
    struct seat seat;
    enum sotto_block_kind kind = service_block(call, &name);
    if (!kind) return RPC_INVALID_PARAMS;
    int status = seat_take(c, call, &seat);
    if (status != SOTTO_OK) return status;
    return leave_changed(c, call, &seat, verb(c->service->engine, seat.handle, kind, name));
}
int rights_block(void *caller, struct rpc_call *call) {
    return block_or_not(caller, call, sotto_block);
}
int rights_unblock(void *caller, struct rpc_call *call) {
    return block_or_not(caller, call, sotto_unblock);
}

int rights_interest(void *caller, struct rpc_call *call) {
    static const char *const opinions[] = {"dislike", "none", "like"};
    struct client *c = caller;
    struct seat seat;
    unsigned opinion = rpc_word(opinions, ARRAY_LEN(opinions), rpc_text(call, "opinion"));
    if (!opinion) return rpc_refuse(call, "an opinion is like, none or dislike");
    int status = seat_take(c, call, &seat);
    if (status != SOTTO_OK) return status;
    return leave_changed(
        c, call, &seat,
        sotto_interest(c->service->engine, seat.handle, rpc_text(call, "item"), (int)opinion - 2));
}

int rights_forget(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    const char *item = rpc_text(call, "item");
    uint64_t time_s = rpc_number(call, "time_s", 0);
    uint32_t n = 0;
    struct seat seat;
    if (!item && !time_s) return rpc_refuse(call, "say an \"item\", a \"time_s\" or both");
    int status = seat_take(c, call, &seat);
    if (status != SOTTO_OK) return status;
    status = sotto_forget(c->service->engine, seat.handle, item, (int64_t)time_s, &n);
    rpc_put_number(call->result, "forgotten", n);
    return leave_changed(c, call, &seat, status);
}

int rights_reset(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct sotto_erase_receipt r = {.size = sizeof r};
    struct seat seat;
    int status = seat_take(c, call, &seat);
    if (status != SOTTO_OK) return status;
    status = sotto_reset(c->service->engine, seat.handle, &r);
    if (status == SOTTO_OK) rights_put_erased(call, &r);
    return leave_changed(c, call, &seat, status);
}

/* ---- Pause and object -------------------------------------------------------------------- */

static int rest_or_not(struct client *c, struct rpc_call *call,
                       int (*verb)(struct sotto *, sotto_session)) {
    struct seat seat;
    int status = seat_take(c, call, &seat);
    if (status != SOTTO_OK) return status;
    return leave_changed(c, call, &seat, verb(c->service->engine, seat.handle));
}
int rights_pause(void *caller, struct rpc_call *call) {
    return rest_or_not(caller, call, sotto_pause);
}
int rights_resume(void *caller, struct rpc_call *call) {
    return rest_or_not(caller, call, sotto_resume);
}

int rights_object(void *caller, struct rpc_call *call) {
    struct client *c = caller;
    struct sotto_word word = {
        .size = sizeof word, .state = SOTTO_CONSENT_OBJECTED, .channel = SOTTO_SAID_SCREEN};
    struct seat seat;
    word.purpose = service_purpose(call);
    if (!word.purpose) return RPC_INVALID_PARAMS;
    int status = seat_take(c, call, &seat);
    if (status != SOTTO_OK) return status;
    return leave_changed(c, call, &seat, sotto_consent_say(c->service->engine, seat.handle, &word));
}
