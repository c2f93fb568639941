/* rpc: JSON-RPC 2.0 as bytes in, bytes out. Knows how a request looks, which methods a role has and
 * what they take; knows no socket and no engine. Whatever comes in, one reply line comes out, or
 * none where the protocol wants none. Called by sockets.c, with tables from rpc_ui.c,
 * rpc_operator.c and rpc_subject.c. */
#ifndef SOTTO_RPC_H
#define SOTTO_RPC_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "sotto.h"

/* The longest request, without its newline. */
#define RPC_LINE_MAX 65536
#define RPC_TEXT_MAX 512
#define RPC_ID_MAX   64
/* Whole numbers that a script's doubles hold exactly. */
#define RPC_NUMBER_MAX ((INT64_C(1) << 53) - 1)

enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_UNKNOWN_METHOD = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL_ERROR = -32603,
    RPC_ENGINE_ERROR = -32000 /* plus the enum sotto_status: -32001 to -32019 */
};

enum rpc_type { RPC_END = 0, RPC_TEXT, RPC_NUMBER, RPC_BOOL, RPC_TEXTS };

struct rpc_param {
    const char *name; /* a '?' before it: may be left out */
    enum rpc_type type;
};

/* One request under way. `params` is an object that fits its method's table. */
struct rpc_call {
    json_t *params;
    json_t *result; /* an object, empty at first, for the method to fill */
    struct sotto_error err;
    int is_later; /* set by the method: the reply waits for rpc_reply */
};

/* SOTTO_OK or more with the result filled; or an enum sotto_status with call->err filled, or
 * RPC_INVALID_PARAMS with the sentence in call->err.message. */
typedef int rpc_method_fn(void *caller, struct rpc_call *call);

#define RPC_PARAMS_MAX 6

struct rpc_method {
    const char *name;
    rpc_method_fn *run;
    struct rpc_param params[RPC_PARAMS_MAX];
};

/* What one socket offers. */
struct rpc_role {
    const char *name;
    const struct rpc_method *methods;
    size_t n_methods;
};

/* Answers one request of n bytes for `caller`, which methods are handed. Returns the reply with its
 * newline, to be freed, or NULL where there is none: for a notification, and for a call that
 * answers later. Then *later (must be NULL before) holds its id, for rpc_reply. */
char *rpc_handle(const struct rpc_role *role, void *caller, const char *line, size_t n,
                 json_t **later);

/* Lines to be freed; NULL only without memory. rpc_reply takes `result`; rpc_notification takes
 * `params`. */
char *rpc_reply(const json_t *id, json_t *result);
char *rpc_failure(const json_t *id, int code, const struct sotto_error *err);
char *rpc_notification(const char *method, json_t *params);

/* ---- For methods --------------------------------------------------------------------------- */

/* A parameter of the given type; the fallback where it was left out. */
const char *rpc_text(const struct rpc_call *call, const char *name);
uint64_t rpc_number(const struct rpc_call *call, const char *name, uint64_t fallback);
int rpc_bool(const struct rpc_call *call, const char *name, int fallback);

/* Puts a value into an object; ignores what cannot be (no memory). Bytes become hexadecimal. */
void rpc_put_text(json_t *object, const char *name, const char *value);
void rpc_put_number(json_t *object, const char *name, uint64_t value);
void rpc_put_signed(json_t *object, const char *name, int64_t value);
void rpc_put_bool(json_t *object, const char *name, int value);
void rpc_put_hex(json_t *object, const char *name, const uint8_t *bytes, size_t n);

/* The place of a word in a list of `n`, from 1; 0 when it is not there. */
unsigned rpc_word(const char *const *words, unsigned n, const char *word);
/* "SOTTO_E_STATE" for a status; never NULL. */
const char *rpc_status_name(int status);

/* Leaves the call with RPC_INVALID_PARAMS and this sentence. */
int rpc_refuse(struct rpc_call *call, const char *sentence) SOTTO_MUST_CHECK;

#endif
