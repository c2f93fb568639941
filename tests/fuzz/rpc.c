/* What clients say on sottod's sockets: the first byte chooses the socket, each line is a request.
 * Whatever comes in, what goes out is one line of JSON-RPC with the request's id, or nothing where
 * nothing is owed. */
#include "tests/fuzz/fuzz.h"

#include "tests/support/kiosk.h"
#include "tools/sottod/service.h"

static struct service service;

static void tell(struct client *client, char *line) {
    (void)client;
    must(line != NULL);
    free(line);
}

static void begin(void) {
    static struct kiosk k;
    kiosk_make(&k, 20, &(struct make_policy){.eps_micro = 1000000}, 1);
    k.device.banner = SIM_BANNER_PENDING;
    kiosk_open(&k);
    service.engine = k.engine;
    service.port = k.device.port;
    service.health.size = sizeof service.health;
    must(sotto_health(service.engine, &service.health) == SOTTO_OK);
}

/* The id that the reply must have; NULL: the line owes none that could be known. */
static json_t *id_of(const char *line, size_t n) {
    json_t *request = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
    json_t *id = json_incref(json_object_get(request, "id"));
    json_decref(request);
    return id;
}

static void answer(struct client *c, const char *line, size_t n) {
    json_t *later = NULL, *id = id_of(line, n);
    char *reply = rpc_handle(c->role, c, line, n, &later);
    must(!(reply && later));
    if (later) reply = rpc_reply(later, json_object());
    must(reply || !id);
    if (reply) {
        size_t length = strlen(reply);
        must(length > 1 && reply[length - 1] == '\n' && !memchr(reply, '\n', length - 1));
        json_t *message = json_loads(reply, JSON_REJECT_DUPLICATES, NULL);
        const json_t *error = json_object_get(message, "error");
        must(message && !error != !json_object_get(message, "result"));
        must(json_object_get(message, "id") != NULL);
        must(error || !id || json_equal(id, json_object_get(message, "id")));
        must(!error || json_is_string(json_object_get(json_object_get(error, "data"), "message")));
        json_decref(message);
    }
    json_decref(later);
    json_decref(id);
    free(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const struct rpc_role *const roles[] = {&role_ui, &role_operator, &role_subject};
    struct client c = {.tell = tell};
    if (!service.engine) begin();
    if (n == 0) return 0;
    client_join(&service, &c, roles[data[0] % 3]);
    const char *at = (const char *)data + 1, *end = (const char *)data + n;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline ? newline : end) - at);
        answer(&c, at, length);
        at += length + 1;
    }
    service_tick(&service);
    client_leave(&c);
    return 0;
}
