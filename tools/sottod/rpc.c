/* rpc: see rpc.h. */
#include "tools/sottod/rpc.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* ---- Lines out --------------------------------------------------------------------------- */

/* Takes `message`. */
static char *line_of(json_t *message) {
    char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    if (!text) return NULL;
    size_t n = strlen(text);
    char *line = realloc(text, n + 2);
    if (!line) {
        free(text);
        return NULL;
    }
    memcpy(line + n, "\n", 2);
    return line;
}

char *rpc_reply(const json_t *id, json_t *result) {
    return line_of(json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result));
}

char *rpc_failure(const json_t *id, int code, const struct sotto_error *err) {
    const char *what = "internal error";
    switch (code) {
    case RPC_PARSE_ERROR: what = "parse error"; break;
    case RPC_INVALID_REQUEST: what = "invalid request"; break;
    case RPC_UNKNOWN_METHOD: what = "method not found"; break;
    case RPC_INVALID_PARAMS: what = "invalid params"; break;
    case RPC_INTERNAL_ERROR: break;
    default: what = sotto_strerror(err->status);
    }
    /* A message cut at its longest may end within a character. */
    json_t *message = json_string(err->message);
    if (!message) message = json_string("see the daemon's log");
    json_t *data = json_pack("{s:i, s:s, s:o}", "status", err->status, "name",
                             rpc_status_name(err->status), "message", message);
    json_t *error = json_pack("{s:i, s:s, s:o}", "code", code, "message", what, "data", data);
    json_t *to = id ? json_incref((json_t *)(uintptr_t)id) : json_null();
    return line_of(json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", "id", to, "error", error));
}

char *rpc_notification(const char *method, json_t *params) {
    return line_of(
        json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params));
}

/* ---- Requests in ------------------------------------------------------------------------- */

static int fits(const json_t *value, enum rpc_type type) {
    switch (type) {
    case RPC_TEXT: return json_is_string(value) && json_string_length(value) <= RPC_TEXT_MAX;
    case RPC_NUMBER:
        return json_is_integer(value) && json_integer_value(value) >= 0 &&
               json_integer_value(value) <= RPC_NUMBER_MAX;
    case RPC_BOOL: return json_is_boolean(value);
    case RPC_TEXTS:
        if (!json_is_array(value) || json_array_size(value) > 8) return 0;
        for (size_t i = 0; i < json_array_size(value); i++)
            if (!fits(json_array_get(value, i), RPC_TEXT)) return 0;
        return 1;
    case RPC_END: break;
    }
    return 0;
}

static const char *type_text(enum rpc_type type) {
    switch (type) {
    case RPC_TEXT: return "a text of at most 512 bytes";
    case RPC_NUMBER: return "a whole number from 0 to 2^53 - 1";
    case RPC_BOOL: return "true or false";
    case RPC_TEXTS: return "a list of at most 8 texts";
    case RPC_END: break;
    }
    return "nothing";
}

/* Holds the parameters against the method's table: what it lists and nothing else. */
static int check_params(const struct rpc_method *m, const json_t *params, struct sotto_error *err) {
    size_t known = 0;
    for (int i = 0; i < RPC_PARAMS_MAX && m->params[i].type != RPC_END; i++) {
        int may_lack = m->params[i].name[0] == '?';
        const char *name = m->params[i].name + may_lack;
        const json_t *value = json_object_get(params, name);
        if (!value && may_lack) continue;
        known++;
        if (!value || !fits(value, m->params[i].type))
            return fail(err, RPC_INVALID_PARAMS, "%s: \"%s\" %s %s", m->name, name,
                        value ? "must be" : "is missing:", type_text(m->params[i].type));
    }
    if (known != json_object_size(params))
        return fail(err, RPC_INVALID_PARAMS, "%s: a parameter is unknown to this method", m->name);
    return 0;
}

static int is_id(const json_t *id) {
    return json_is_null(id) || json_is_integer(id) ||
           (json_is_string(id) && json_string_length(id) <= RPC_ID_MAX);
}

static char *run(const struct rpc_role *role, void *caller, const json_t *request, const json_t *id,
                 json_t **later) {
    const char *name = json_string_value(json_object_get(request, "method"));
    const struct rpc_method *m = NULL;
    struct rpc_call call = {.params = json_object_get(request, "params")};
    for (size_t i = 0; i < role->n_methods && !m; i++)
        if (strcmp(role->methods[i].name, name) == 0) m = &role->methods[i];
    if (!m) {
        fail(&call.err, SOTTO_E_NOT_FOUND, "the %s socket has no such method", role->name);
        return id ? rpc_failure(id, RPC_UNKNOWN_METHOD, &call.err) : NULL;
    }
    call.params = call.params ? json_incref(call.params) : json_object();
    call.result = json_object();
    int status = check_params(m, call.params, &call.err);
    if (status == 0) status = m->run(caller, &call);
    char *line = NULL;
    if (status == RPC_INVALID_PARAMS) {
        call.err.status = SOTTO_E_ARGUMENT;
        line = id ? rpc_failure(id, RPC_INVALID_PARAMS, &call.err) : NULL;
    } else if (status < 0) {
        call.err.status = status;
        line = id ? rpc_failure(id, RPC_ENGINE_ERROR + status, &call.err) : NULL;
    } else if (id && call.is_later) {
        *later = json_incref((json_t *)(uintptr_t)id);
    } else if (id) {
        line = rpc_reply(id, json_incref(call.result));
    }
    json_decref(call.params);
    json_decref(call.result);
    return line;
}

char *rpc_handle(const struct rpc_role *role, void *caller, const char *bytes, size_t n,
                 json_t **later) {
    struct sotto_error err = {SOTTO_E_FORMAT, ""};
    json_error_t at;
    json_t *request = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &at);
    if (!request) {
        fail(&err, SOTTO_E_FORMAT, "this line is not JSON (RFC 8259) in UTF-8");
        return rpc_failure(NULL, RPC_PARSE_ERROR, &err);
    }
    const json_t *id = json_object_get(request, "id");
    const json_t *params = json_object_get(request, "params");
    const char *version = json_string_value(json_object_get(request, "jsonrpc"));
    const char *what = NULL;
    char *line = NULL;
    if (json_is_array(request))
        what = "batches are not taken: send one request a line";
    else if (!json_is_object(request) || !version || strcmp(version, "2.0") != 0)
        what = "a request is an object with \"jsonrpc\": \"2.0\"";
    else if (id && !is_id(id))
        what = "\"id\" is a whole number, null or a text of at most 64 bytes";
    else if (!json_is_string(json_object_get(request, "method")))
        what = "\"method\" is missing";
    else if (params && !json_is_object(params))
        what = "\"params\" is an object: parameters have names here";
    if (what) {
        fail(&err, SOTTO_E_ARGUMENT, "%s", what);
        line = rpc_failure(id && is_id(id) ? id : NULL, RPC_INVALID_REQUEST, &err);
    } else {
        line = run(role, caller, request, id, later);
    }
    json_decref(request);
    return line;
}

/* ---- For methods ------------------------------------------------------------------------- */

const char *rpc_text(const struct rpc_call *call, const char *name) {
    return json_string_value(json_object_get(call->params, name));
}

uint64_t rpc_number(const struct rpc_call *call, const char *name, uint64_t fallback) {
    const json_t *value = json_object_get(call->params, name);
    return value ? (uint64_t)json_integer_value(value) : fallback;
}

int rpc_bool(const struct rpc_call *call, const char *name, int fallback) {
    const json_t *value = json_object_get(call->params, name);
    return value ? json_is_true(value) : fallback;
}

/* Without memory the field is missing, and the client sees that. */
static void put(json_t *object, const char *name, json_t *value) {
    (void)!json_object_set_new(object, name, value);
}
void rpc_put_text(json_t *object, const char *name, const char *value) {
    put(object, name, value ? json_string(value) : json_null());
}
void rpc_put_number(json_t *object, const char *name, uint64_t value) {
    put(object, name, json_integer((json_int_t)value));
}
void rpc_put_signed(json_t *object, const char *name, int64_t value) {
    put(object, name, json_integer((json_int_t)value));
}
void rpc_put_bool(json_t *object, const char *name, int value) {
    put(object, name, json_boolean(value));
}
void rpc_put_hex(json_t *object, const char *name, const uint8_t *bytes, size_t n) {
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(2 * n + 1);
    if (!text) return;
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * n] = '\0';
    put(object, name, json_string(text));
    free(text);
}

unsigned rpc_word(const char *const *words, unsigned n, const char *word) {
    for (unsigned i = 0; word && i < n; i++)
        if (words[i] && strcmp(words[i], word) == 0) return i + 1;
    return 0;
}

const char *rpc_status_name(int status) {
    switch ((enum sotto_status)status) {
    case SOTTO_PENDING: return "SOTTO_PENDING";
    case SOTTO_OK: return "SOTTO_OK";
    case SOTTO_E_ARGUMENT: return "SOTTO_E_ARGUMENT";
    case SOTTO_E_STATE: return "SOTTO_E_STATE";
    case SOTTO_E_MEMORY: return "SOTTO_E_MEMORY";
    case SOTTO_E_IO: return "SOTTO_E_IO";
    case SOTTO_E_FULL: return "SOTTO_E_FULL";
    case SOTTO_E_CORRUPT: return "SOTTO_E_CORRUPT";
    case SOTTO_E_SIGNATURE: return "SOTTO_E_SIGNATURE";
    case SOTTO_E_FORMAT: return "SOTTO_E_FORMAT";
    case SOTTO_E_ROLLBACK: return "SOTTO_E_ROLLBACK";
    case SOTTO_E_EXPIRED: return "SOTTO_E_EXPIRED";
    case SOTTO_E_MISMATCH: return "SOTTO_E_MISMATCH";
    case SOTTO_E_CONSENT: return "SOTTO_E_CONSENT";
    case SOTTO_E_SPENT: return "SOTTO_E_SPENT";
    case SOTTO_E_NOT_FOUND: return "SOTTO_E_NOT_FOUND";
    case SOTTO_E_ENTROPY: return "SOTTO_E_ENTROPY";
    case SOTTO_E_KEY: return "SOTTO_E_KEY";
    case SOTTO_E_BUSY: return "SOTTO_E_BUSY";
    case SOTTO_E_LIMIT: return "SOTTO_E_LIMIT";
    case SOTTO_E_NEWER: return "SOTTO_E_NEWER";
    }
    return "SOTTO_UNKNOWN";
}

int rpc_refuse(struct rpc_call *call, const char *sentence) {
    fail(&call->err, SOTTO_E_ARGUMENT, "%s", sentence);
    return RPC_INVALID_PARAMS;
}
