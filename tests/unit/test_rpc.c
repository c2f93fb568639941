/* What is said on sottod's sockets: requests of every shape, the handles that are a client's own,
 * the times of banners, and everything README.md prints. */
#include "tests/support/test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "tests/support/lent_engine.h"
#include "tools/sottod/connection.h"

/* ---- The protocol, on methods that do nothing ---------------------------------------------- */

static int echo(void *caller, struct rpc_call *call) {
    (void)caller;
    rpc_put_text(call->result, "text", rpc_text(call, "text"));
    rpc_put_number(call->result, "number", rpc_number(call, "number", 7));
    rpc_put_bool(call->result, "is_it", rpc_bool(call, "is_it", 1));
    return SOTTO_OK;
}
static int refuse(void *caller, struct rpc_call *call) {
    (void)caller;
    return fail(&call->err, SOTTO_E_SPENT, "nothing is left");
}
static int later(void *caller, struct rpc_call *call) {
    (void)caller;
    call->is_later = 1;
    return SOTTO_OK;
}
static const struct rpc_method methods[] = {
    {"echo",
     echo,
     {{"text", RPC_TEXT}, {"?number", RPC_NUMBER}, {"?is_it", RPC_BOOL}, {"?all", RPC_TEXTS}}},
    {"refuse", refuse, {{0}}},
    {"later", later, {{0}}},
};
static const struct rpc_role role = {"test", methods, ARRAY_LEN(methods)};

static const struct {
    const char *line, *reply; /* NULL: none; else the reply's beginning */
} table[] = {
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"text\":\"a\"}}",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"text\":\"a\",\"number\":7,\"is_it\":true}}\n"},
    {"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"echo\",\"params\":{\"text\":\"ä\",\"number\":"
     "9007199254740991,\"is_it\":false,\"all\":[\"b\"]}}",
     "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{\"text\":\"ä\",\"number\":9007199254740991,"
     "\"is_"
     "it\":false}}\n"},
    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"refuse\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32013,\"message\":\"the privacy budget "
     "does "
     "not cover it\",\"data\":{\"status\":-13,\"name\":\"SOTTO_E_SPENT\",\"message\":\"nothing is "
     "left\"}}}\n"},
    /* No answer is owed to a notification, whatever becomes of it. */
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":{\"text\":\"a\"}}", NULL},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"refuse\"}", NULL},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"no such\"}", NULL},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"later\"}", NULL},
    {"", "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"},
    {"{", "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"},
    {"{\"id\":1,\"id\":1}", "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"refuse\"} x",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"},
    {"7", "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"},
    {"[]", "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"},
    {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"refuse\"}]",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"},
    {"{}", "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"},
    {"{\"jsonrpc\":\"1.0\",\"id\":5,\"method\":\"refuse\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32600,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"refuse\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"refuse\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":[]}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32600,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":[\"a\"]}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32600,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ECHO\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32601,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\"}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32602,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":{\"text\":5}}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32602,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":{\"text\":\"a\",\"more\":1}}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32602,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":{\"text\":\"a\",\"number\":-1}}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32602,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":{\"text\":\"a\",\"number\":"
     "9007199254740992}}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32602,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":{\"text\":\"a\",\"is_it\":1}}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32602,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":{\"text\":\"a\",\"all\":[1]}}",
     "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32602,"},
    {"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":{\"text\":\"a\\u0000b\"}}",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"},
};

static void every_line_has_the_answer_the_protocol_wants(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        json_t *id = NULL;
        char *reply = rpc_handle(&role, NULL, table[i].line, strlen(table[i].line), &id);
        if ((reply == NULL) != (table[i].reply == NULL) || id ||
            (reply && strncmp(reply, table[i].reply, strlen(table[i].reply)) != 0))
            fail_msg("%s\n  was answered with %s", table[i].line, reply ? reply : "nothing");
        free(reply);
    }
}

static void a_late_answer_has_the_id_of_its_request(void **state) {
    static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"later\"}";
    json_t *id = NULL;
    (void)state;

    assert_null(rpc_handle(&role, NULL, line, strlen(line), &id));
    char *reply = rpc_reply(id, json_object());

    assert_string_equal(reply, "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"result\":{}}\n");
    json_decref(id);
    free(reply);
}

static void deep_nesting_is_refused_and_harms_nothing(void **state) {
    static char line[RPC_LINE_MAX];
    json_t *id = NULL;
    (void)state;
    memset(line, '[', sizeof line);

    char *reply = rpc_handle(&role, NULL, line, sizeof line, &id);

    assert_non_null(strstr(reply, "-32700"));
    free(reply);
}

/* ---- The real methods ---------------------------------------------------------------------- */

static struct lent_engine lent;

/* Asks and takes the reply apart; *error_code is 0 when it is a result. */
static json_t *ask(struct client *c, int *error_code, const char *format, ...) {
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    char *reply = lent_engine_ask(&lent, c, line);
    json_t *message = json_loads(reply, 0, NULL);
    assert_non_null(message);
    json_t *error = json_object_get(message, "error"), *result = json_object_get(message, "result");
    *error_code = error ? (int)json_integer_value(json_object_get(error, "code")) : 0;
    json_t *kept = json_incref(error ? error : result);
    json_decref(message);
    free(reply);
    return kept;
}
#define REQUEST(METHOD, PARAMS)                                                                    \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" METHOD "\",\"params\":{" PARAMS "}}"

static json_int_t number_of(struct client *c, const char *name, const char *line) {
    int code;
    json_t *result = ask(c, &code, "%s", line);
    json_int_t number = json_integer_value(json_object_get(result, name));
    assert_int_equal(code, 0);
    json_decref(result);
    return number;
}
static int code_of(struct client *c, const char *format, json_int_t number) {
    int code;
    char line[1024];
    /* Some formats use no number. */
    /* cppcheck-suppress wrongPrintfScanfArgNum */
    /* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
    snprintf(line, sizeof line, format, (long long)number);
    json_decref(ask(c, &code, "%s", line));
    return code;
}

/* A session that consents and looked at something, and a slate of it. */
static json_int_t sealed(struct client *c, json_int_t *session) {
    char line[256];
    *session = number_of(c, "session", REQUEST("session.begin", ""));
    assert_int_equal(code_of(c,
                             REQUEST("consent.set", "\"session\":%lld,\"purpose\":\"personalise\","
                                                    "\"state\":\"granted\""),
                             *session),
                     0);
    assert_int_equal(
        code_of(c, REQUEST("event", "\"session\":%lld,\"item\":\"item-1\",\"type\":\"view\""),
                *session),
        0);
    snprintf(line, sizeof line, REQUEST("slate", "\"session\":%lld"), (long long)*session);
    return number_of(c, "slate", line);
}

static int is_personal(struct client *c, json_int_t slate) {
    int code;
    json_t *view = ask(c, &code, REQUEST("open", "\"slate\":%lld"), (long long)slate);
    assert_int_equal(code, 0);
    int is = json_is_true(json_object_get(view, "personalised"));
    json_decref(view);
    return is;
}

/* Presents, waits and confirms; the confirmation's code. */
static int confirm(struct client *c, json_int_t slate, uint64_t wait_ms, unsigned visible_ms,
                   const char *answer) {
    int code;
    char hash[65] = "";
    json_t *shown = ask(c, &code, REQUEST("disclosure", "\"slate\":%lld"), (long long)slate);
    assert_int_equal(code, 0);
    snprintf(hash, sizeof hash, "%s",
             json_string_value(json_object_get(json_object_get(shown, "packet"), "hash")));
    json_decref(shown);
    lent_engine_wait(&lent, wait_ms);
    json_decref(
        ask(c, &code,
            REQUEST("disclosure.confirm", "\"slate\":%lld,\"hash\":\"%s\",\"channels\":["
                                          "\"screen\"],\"answer\":\"%s\",\"visible_ms\":%u"),
            (long long)slate, hash, answer, visible_ms));
    return code;
}

static void a_banner_is_believed_only_within_the_daemons_own_time(void **state) {
    static const struct {
        uint64_t wait_ms;
        unsigned visible_ms;
        const char *answer;
        int code, is_personal;
    } cases[] = {{20000, 15000, "accepted", 0, 1},
                 {20000, 0, "accepted", -32002, 0}, /* never visible */
                 {0, 15000, "accepted", -32002, 0}, /* longer than it has been out */
                 {100, 4294967295u, "accepted", -32002, 0},
                 {20000, 15000, "none", -32002, 0}, /* not acknowledged */
                 {20000, 15000, "declined", 0, 0}};
    (void)state;
    lent_engine_make(&lent);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct client c;
        json_int_t session;
        lent_engine_join(&lent, &c, &role_ui);
        json_int_t slate = sealed(&c, &session);

        int code = confirm(&c, slate, cases[i].wait_ms, cases[i].visible_ms, cases[i].answer);

        if (code != cases[i].code || is_personal(&c, slate) != cases[i].is_personal)
            fail_msg("case %zu: %d", i, code);
        client_leave(&c);
    }
    lent_engine_free(&lent);
}

static void a_no_is_heard_after_its_slate_was_closed(void **state) {
    struct client c;
    json_int_t session;
    int code;
    (void)state;
    lent_engine_make(&lent);
    lent_engine_join(&lent, &c, &role_ui);
    json_int_t slate = sealed(&c, &session);
    json_t *shown = ask(&c, &code, REQUEST("disclosure", "\"slate\":%lld"), (long long)slate);
    assert_int_equal(code_of(&c, REQUEST("slate.close", "\"slate\":%lld"), slate), 0);

    json_decref(ask(&c, &code,
                    REQUEST("disclosure.confirm", "\"slate\":%lld,\"hash\":\"%s\",\"channels\":[],"
                                                  "\"answer\":\"declined\",\"visible_ms\":0"),
                    (long long)slate,
                    json_string_value(json_object_get(json_object_get(shown, "packet"), "hash"))));

    assert_int_equal(code, 0);
    json_t *said =
        ask(&c, &code, REQUEST("consent.get", "\"session\":%lld,\"purpose\":\"personalise\""),
            (long long)session);
    assert_string_equal(json_string_value(json_object_get(said, "state")), "denied");
    json_decref(said);
    json_decref(shown);
    client_leave(&c);
    lent_engine_free(&lent);
}

static void a_client_uses_only_what_it_began(void **state) {
    static const char *const lines[] = {
        REQUEST("session.end", "\"session\":%lld"),
        REQUEST("consent.get", "\"session\":%lld,\"purpose\":\"store\""),
        REQUEST("consent.set", "\"session\":%lld,\"purpose\":\"store\",\"state\":\"denied\""),
        REQUEST("event", "\"session\":%lld,\"item\":\"item-1\",\"type\":\"view\""),
        REQUEST("slate", "\"session\":%lld")};
    static const char *const slate_lines[] = {
        REQUEST("disclosure", "\"slate\":%lld"), REQUEST("open", "\"slate\":%lld"),
        REQUEST("explain", "\"slate\":%lld,\"rank\":0"), REQUEST("slate.close", "\"slate\":%lld"),
        REQUEST("disclosure.confirm",
                "\"slate\":%lld,\"channels\":[],\"answer\":\"declined\",\"visible_ms\":0,\"hash\":"
                "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"")};
    struct client mine, other;
    json_int_t session;
    (void)state;
    lent_engine_make(&lent);
    lent_engine_join(&lent, &mine, &role_ui);
    lent_engine_join(&lent, &other, &role_ui);
    json_int_t slate = sealed(&mine, &session);

    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assert_int_equal(code_of(&other, lines[i], session), -32002);
    for (size_t i = 0; i < ARRAY_LEN(slate_lines); i++)
        assert_int_equal(code_of(&other, slate_lines[i], slate), -32002);

    assert_int_equal(code_of(&mine, lines[1], session), 0);
    client_leave(&mine);
    client_leave(&other);
    lent_engine_free(&lent);
}

static void an_anonymous_visit_has_no_name_to_be_found_by(void **state) {
    struct client ui, subject;
    json_int_t session;
    (void)state;
    lent_engine_make(&lent);
    lent_engine_join(&lent, &ui, &role_ui);
    lent_engine_join(&lent, &subject, &role_subject);
    sealed(&ui, &session);

    assert_int_equal(code_of(&subject, REQUEST("view", "\"profile\":\"\""), 0), -32602);
    assert_int_equal(code_of(&subject, REQUEST("export", "\"profile\":\"\""), 0), -32602);
    assert_int_equal(code_of(&subject, REQUEST("reset", "\"profile\":\"\""), 0), -32602);
    client_leave(&subject);
    client_leave(&ui);
    lent_engine_free(&lent);
}

static void an_event_is_promised_to_be_stored_only_where_it_is_kept(void **state) {
    /* At first nothing was said; and a yes may rest. */
    static const char *const words[] = {"paused",   "denied",  "withdrawn",
                                        "objected", "granted", "paused"};
    struct client ui;
    char line[256];
    int code;
    (void)state;
    lent_engine_make(&lent);
    lent_engine_join(&lent, &ui, &role_ui);
    json_int_t session = number_of(&ui, "session", REQUEST("session.begin", "\"profile\":\"ann\""));
    assert_int_equal(
        code_of(
            &ui,
            REQUEST("consent.set", "\"session\":%lld,\"purpose\":\"store\",\"state\":\"granted\""),
            session),
        0);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        snprintf(
            line, sizeof line,
            REQUEST("consent.set", "\"session\":%lld,\"purpose\":\"personalise\",\"state\":\"%s\""),
            (long long)session, words[i]);
        json_decref(ask(&ui, &code, "%s", line));

        json_t *told = ask(
            &ui, &code, REQUEST("event", "\"session\":%lld,\"item\":\"item-1\",\"type\":\"view\""),
            (long long)session);

        assert_int_equal(code, 0);
        assert_int_equal(json_is_true(json_object_get(told, "stored")),
                         strcmp(words[i], "granted") == 0);
        json_decref(told);
    }
    client_leave(&ui);
    lent_engine_free(&lent);
}

static size_t lines_in(const struct buffer *b) {
    size_t n = 0;
    for (size_t i = b->from; i < b->n; i++) n += b->bytes[i] == '\n';
    return n;
}

static void who_asks_much_at_once_is_answered_in_turns(void **state) {
    static const char line[] = REQUEST("health", "") "\n";
    static const size_t answered[] = {16, 32, 40, 40};
    uint64_t bytes = 0;
    int ends[2];
    (void)state;
    lent_engine_make(&lent);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct connection *c = connection_new(ends[0], 1, &bytes, 1u << 20);
    assert_non_null(c);
    client_join(&lent.service, &c->client, &role_ui);
    for (int i = 0; i < 40; i++)
        assert_int_equal(write(ends[1], line, sizeof line - 1), sizeof line - 1);

    connection_read(c, 1);
    for (size_t i = 0; i < ARRAY_LEN(answered); i++) {
        connection_answer(c, 1);
        assert_int_equal(lines_in(&c->out), answered[i]);
        assert_int_equal(connection_has_more(c), answered[i] < 40);
    }
    connection_free(c);
    close(ends[1]);
    lent_engine_free(&lent);
}

static void sessions_end_with_their_client(void **state) {
    struct client c;
    (void)state;
    lent_engine_make(&lent);
    for (int round = 0; round < 3; round++) {
        lent_engine_join(&lent, &c, &role_ui);
        for (int i = 0; i < SOTTO_SESSIONS_MAX; i++)
            number_of(&c, "session", REQUEST("session.begin", ""));
        assert_int_equal(code_of(&c, REQUEST("session.begin", ""), 0), -32018);
        client_leave(&c);
    }
    lent_engine_free(&lent);
}

static void slates_that_were_opened_or_expired_give_way(void **state) {
    struct client one, other;
    char line[256], theirs[256];
    json_int_t first = 0, slate = 0;
    (void)state;
    lent_engine_make(&lent);
    lent_engine_join(&lent, &one, &role_ui);
    lent_engine_join(&lent, &other, &role_ui);
    snprintf(line, sizeof line, REQUEST("slate", "\"session\":%lld"),
             (long long)number_of(&one, "session", REQUEST("session.begin", "")));
    snprintf(theirs, sizeof theirs, REQUEST("slate", "\"session\":%lld"),
             (long long)number_of(&other, "session", REQUEST("session.begin", "")));
    for (int i = 0; i < SOTTO_SLATES_MAX; i++) {
        slate = number_of(&one, "slate", line);
        first = first ? first : slate;
    }

    /* What waits to be opened does not. */
    assert_int_equal(code_of(&other, theirs, 0), -32018);
    assert_int_equal(code_of(&one, line, 0), -32018);
    is_personal(&one, first);
    number_of(&other, "slate", theirs);
    assert_int_equal(code_of(&one, REQUEST("explain", "\"slate\":%lld,\"rank\":0"), first), -32002);
    assert_int_equal(code_of(&other, theirs, 0), -32018);
    assert_int_equal(code_of(&one, REQUEST("open", "\"slate\":%lld"), slate), 0);
    lent.service.health.slate_lifetime_s = 1;
    lent_engine_wait(&lent, 2000);
    for (int i = 0; i < SOTTO_SLATES_MAX; i++) number_of(&one, "slate", line);

    client_leave(&one);
    client_leave(&other);
    lent_engine_free(&lent);
}

static void what_was_blocked_is_not_in_the_next_slate(void **state) {
    struct client c;
    char line[256];
    (void)state;
    lent_engine_make(&lent);
    lent_engine_join(&lent, &c, &role_ui);
    json_int_t session = number_of(&c, "session", REQUEST("session.begin", ""));
    snprintf(line, sizeof line, REQUEST("slate", "\"session\":%lld,\"count\":3"),
             (long long)session);
    for (int round = 0; round < 2; round++) {
        int code;
        json_t *view = ask(&c, &code, REQUEST("open", "\"slate\":%lld"),
                           (long long)number_of(&c, "slate", line));
        const json_t *items = json_object_get(view, "items");
        for (size_t i = 0; i < json_array_size(items); i++) {
            const char *id = json_string_value(json_object_get(json_array_get(items, i), "id"));
            if (round == 1) assert_string_not_equal(id, "item-0");
            if (round == 0 && i == 0) assert_string_equal(id, "item-0");
        }
        json_decref(view);
        assert_int_equal(
            code_of(&c, REQUEST("block", "\"session\":%lld,\"item\":\"item-0\""), session), 0);
    }
    assert_int_equal(code_of(&c, REQUEST("block", "\"session\":%lld"), session), -32602);
    assert_int_equal(
        code_of(&c, REQUEST("block", "\"session\":%lld,\"item\":\"a\",\"group\":\"b\""), session),
        -32602);
    client_leave(&c);
    lent_engine_free(&lent);
}

static void people_are_promised_somebody_only_while_somebody_listens(void **state) {
    struct client ui, other, staff;
    char line[256];
    (void)state;
    lent_engine_make(&lent);
    lent_engine_join(&lent, &ui, &role_ui);
    lent_engine_join(&lent, &other, &role_ui);
    lent_engine_join(&lent, &staff, &role_operator);
    snprintf(line, sizeof line, REQUEST("handoff", "\"session\":%lld,\"reason\":5"),
             (long long)number_of(&ui, "session", REQUEST("session.begin", "")));
    number_of(&ui, "ticket", line);
    assert_null(lent.told);
    assert_int_equal(code_of(&ui, REQUEST("events.subscribe", ""), 0), 0);
    assert_int_equal(code_of(&staff, REQUEST("events.subscribe", ""), 0), 0);

    json_int_t ticket = number_of(&ui, "ticket", line);

    assert_non_null(strstr(lent.told, "handoff.requested"));
    assert_non_null(strstr(lent.told, "\"reason\":5"));
    assert_int_equal(code_of(&other, REQUEST("handoff.state", "\"ticket\":%lld"), ticket), -32002);
    lent_engine_wait(&lent, 61000);
    service_tick(&lent.service);
    assert_non_null(strstr(lent.told, "handoff.changed"));
    assert_non_null(strstr(lent.told, "timed_out"));
    assert_null(strstr(lent.told, "\"text\":null"));
    assert_int_equal(code_of(&staff, REQUEST("handoff.accept", "\"ticket\":%lld"), ticket), 0);
    assert_non_null(strstr(lent.told, "accepted"));
    assert_int_equal(code_of(&staff, REQUEST("handoff.accept", "\"ticket\":%lld"), ticket), -32002);
    client_leave(&ui);
    assert_int_equal(code_of(&staff,
                             REQUEST("handoff.resolve", "\"ticket\":%lld,\"outcome\":\"helped\""),
                             ticket),
                     0);
    client_leave(&staff);
    client_leave(&other);
    lent_engine_free(&lent);
}

/* How many tickets staff sees in this state. */
static unsigned listed(struct client *staff, const char *wanted) {
    int code;
    unsigned n = 0;
    json_t *told = ask(staff, &code, "%s", REQUEST("handoff.list", ""));
    const json_t *list = json_object_get(told, "tickets");
    assert_int_equal(code, 0);
    for (size_t i = 0; i < json_array_size(list); i++)
        n += strcmp(json_string_value(json_object_get(json_array_get(list, i), "state")), wanted) ==
             0;
    json_decref(told);
    return n;
}

static void staff_finds_what_a_stored_person_contests_after_a_restart(void **state) {
    struct client ui, staff;
    char line[256];
    (void)state;
    lent_engine_make(&lent);
    lent_engine_join(&lent, &ui, &role_ui);
    json_int_t ann = number_of(&ui, "session", REQUEST("session.begin", "\"profile\":\"ann\"")),
               nobody = number_of(&ui, "session", REQUEST("session.begin", ""));
    assert_int_equal(
        code_of(
            &ui,
            REQUEST("consent.set", "\"session\":%lld,\"purpose\":\"store\",\"state\":\"granted\""),
            ann),
        0);
    assert_int_equal(code_of(&ui, REQUEST("contest", "\"session\":%lld,\"decision\":9"), nobody),
                     0);
    snprintf(line, sizeof line, REQUEST("contest", "\"session\":%lld,\"decision\":7"),
             (long long)ann);
    json_int_t resolved = number_of(&ui, "ticket", line), open = number_of(&ui, "ticket", line);
    client_leave(&ui);
    lent_engine_join(&lent, &staff, &role_operator);
    assert_int_equal(listed(&staff, "requested"), 3);
    assert_int_equal(code_of(&staff,
                             REQUEST("handoff.resolve", "\"ticket\":%lld,\"outcome\":\"upheld\""),
                             resolved),
                     0);
    client_leave(&staff);

    lent_engine_restart(&lent);

    lent_engine_join(&lent, &staff, &role_operator);
    assert_int_equal(listed(&staff, "requested"), 1);
    assert_int_equal(listed(&staff, "resolved"), 0);
    assert_int_equal(code_of(&staff, REQUEST("handoff.accept", "\"ticket\":%lld"), open), 0);
    assert_int_equal(listed(&staff, "accepted"), 1);
    assert_int_equal(code_of(&staff, REQUEST("override", "\"ticket\":%lld,\"reason\":1"), open),
                     -32002);
    client_leave(&staff);
    lent_engine_free(&lent);
}

static void whoever_subscribed_hears_what_ended_by_time_or_was_taken_away(void **state) {
    struct client ui, subject;
    int code;
    json_int_t session;
    (void)state;
    lent_engine_make(&lent);
    lent_engine_join(&lent, &ui, &role_ui);
    lent_engine_join(&lent, &subject, &role_subject);
    session = number_of(&ui, "session", REQUEST("session.begin", "\"profile\":\"ann\""));
    assert_int_equal(code_of(&ui, REQUEST("events.subscribe", ""), 0), 0);

    json_decref(ask(&subject, &code,
                    REQUEST("consent", "\"profile\":\"ann\",\"purpose\":\"store\","
                                       "\"state\":\"granted\"")));
    assert_int_equal(code, 0);
    assert_non_null(strstr(lent.told, "consent.changed"));
    assert_non_null(strstr(lent.told, "granted"));
    json_decref(ask(&subject, &code, REQUEST("erase", "\"profile\":\"ann\"")));
    assert_non_null(strstr(lent.told, "profile.erased"));
    assert_null(strstr(lent.told, "ann"));
    lent_engine_wait(&lent, (uint64_t)lent.service.health.idle_s * 1000);
    service_tick(&lent.service);
    assert_non_null(strstr(lent.told, "session.ended"));
    assert_int_equal(code_of(&ui, REQUEST("session.end", "\"session\":%lld"), session), -32002);

    client_leave(&ui);
    client_leave(&subject);
    lent_engine_free(&lent);
}

static void assert_store(struct client *subject, const char *wanted) {
    int code;
    json_t *told =
        ask(subject, &code, REQUEST("consent", "\"profile\":\"ann\",\"purpose\":\"store\""));
    assert_int_equal(code, 0);
    assert_string_equal(json_string_value(json_object_get(told, "state")), wanted);
    json_decref(told);
}

/* Whose session is taken over by a child is still reached by name; nobody is reached by none. */
static void a_right_by_name_is_that_persons_and_not_of_who_took_their_session(void **state) {
    struct client ui, subject;
    int code;
    (void)state;
    lent_engine_make(&lent);
    lent_engine_join(&lent, &ui, &role_ui);
    lent_engine_join(&lent, &subject, &role_subject);
    json_int_t session = number_of(&ui, "session", REQUEST("session.begin", "\"profile\":\"ann\""));
    assert_int_equal(code_of(&ui,
                             REQUEST("consent.set", "\"session\":%lld,\"purpose\":\"store\","
                                                    "\"state\":\"granted\""),
                             session),
                     0);
    assert_int_equal(code_of(&ui, REQUEST("age", "\"session\":%lld,\"years\":9"), session), 0);

    assert_store(&subject, "granted"); /* hers, not the child's */
    json_decref(ask(&subject, &code,
                    REQUEST("consent", "\"profile\":\"ann\",\"purpose\":\"store\","
                                       "\"state\":\"withdrawn\"")));
    assert_int_equal(code, 0);
    assert_store(&subject, "unknown"); /* erased */
    json_decref(ask(&subject, &code, REQUEST("view", "\"profile\":\"\"")));
    assert_int_equal(code, -32602);

    client_leave(&ui);
    client_leave(&subject);
    lent_engine_free(&lent);
}

/* ---- README.md ------------------------------------------------------------------------------- */

/* "…" fits anything; at the end of a list, any rest; as a key, other keys. */
static int fits(const json_t *wanted, const json_t *got) {
    static const char any[] = "…";
    if (json_is_string(wanted) && strcmp(json_string_value(wanted), any) == 0) return got != NULL;
    if (json_is_array(wanted) && json_is_array(got)) {
        size_t n = json_array_size(wanted);
        int is_open = n && fits(json_array_get(wanted, n - 1), json_null()) &&
                      json_is_string(json_array_get(wanted, n - 1));
        if (is_open ? json_array_size(got) < n - 1 : json_array_size(got) != n) return 0;
        for (size_t i = 0; i < n - (size_t)is_open; i++)
            if (!fits(json_array_get(wanted, i), json_array_get(got, i))) return 0;
        return 1;
    }
    if (json_is_object(wanted) && json_is_object(got)) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)wanted, key,
                            value) if (strcmp(key, any) != 0 &&
                                       !fits(value, json_object_get(got, key))) return 0;
        return json_object_get(wanted, any) || json_object_size(wanted) == json_object_size(got);
    }
    return json_equal(wanted, got);
}

static void everything_the_readme_prints_is_so(void **state) {
    const struct rpc_role *const roles[] = {&role_ui, &role_operator, &role_subject};
    struct client clients[3], *c = NULL;
    char line[4096], *reply = NULL;
    /* What later lines name: said by the device, so not the same every time. */
    struct {
        const char *name, *field;
        char value[65];
    } said[] = {{"HASH", "hash", ""},
                {"TICKET", "ticket", ""},
                {"DECISION", "decision", ""},
                {"SESSION", "session", ""}};
    uint8_t is_shown[3][32] = {{0}};
    FILE *f = fopen("tools/sottod/README.md", "r");
    (void)state;
    assert_non_null(f);
    lent_engine_make(&lent);
    for (int r = 0; r < 3; r++) lent_engine_join(&lent, &clients[r], roles[r]);

    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        for (int r = 0; r < 3; r++)
            if (strncmp(line, "```rpc ", 7) == 0 && strcmp(line + 7, roles[r]->name) == 0)
                c = &clients[r];
        if (strncmp(line, "--> ", 4) == 0) {
            assert_null(reply);
            if (strstr(line, "HASH")) lent_engine_wait(&lent, 5000);
            for (size_t i = 0; i < ARRAY_LEN(said); i++) {
                char rest[512], *at = strstr(line, said[i].name);
                if (!at) continue;
                snprintf(rest, sizeof rest, "%s%s", said[i].value, at + strlen(said[i].name));
                snprintf(at, sizeof line - (size_t)(at - line), "%s", rest);
            }
            reply = lent_engine_ask(&lent, c, line + 4);
            assert_non_null(reply);
            for (size_t m = 0; m < c->role->n_methods; m++) {
                char quoted[64];
                snprintf(quoted, sizeof quoted, "\"method\":\"%s\"", c->role->methods[m].name);
                if (strstr(line, quoted)) is_shown[c - clients][m] = 1;
            }
        } else if (strncmp(line, "<-- ", 4) == 0) {
            json_t *wanted = json_loads(line + 4, 0, NULL), *got = json_loads(reply, 0, NULL);
            if (!wanted || !fits(wanted, got)) fail_msg("%s\nis answered with %s", line, reply);
            const json_t *result = json_object_get(got, "result");
            const json_t *packet = json_object_get(result, "packet");
            for (size_t i = 0; i < ARRAY_LEN(said); i++) {
                const json_t *v = json_object_get(packet ? packet : result, said[i].field);
                if (json_is_string(v))
                    snprintf(said[i].value, sizeof said[i].value, "%s", json_string_value(v));
                else if (json_is_integer(v))
                    snprintf(said[i].value, sizeof said[i].value, "%lld",
                             (long long)json_integer_value(v));
            }
            json_decref(wanted);
            json_decref(got);
            free(reply);
            reply = NULL;
        }
    }

    for (int r = 0; r < 3; r++)
        for (size_t m = 0; m < roles[r]->n_methods; m++)
            if (!is_shown[r][m])
                fail_msg("README.md shows no %s on the %s socket", roles[r]->methods[m].name,
                         roles[r]->name);
    for (int r = 0; r < 3; r++) client_leave(&clients[r]);
    lent_engine_free(&lent);
    fclose(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_has_the_answer_the_protocol_wants),
        cmocka_unit_test(a_late_answer_has_the_id_of_its_request),
        cmocka_unit_test(deep_nesting_is_refused_and_harms_nothing),
        cmocka_unit_test(a_banner_is_believed_only_within_the_daemons_own_time),
        cmocka_unit_test(a_no_is_heard_after_its_slate_was_closed),
        cmocka_unit_test(a_client_uses_only_what_it_began),
        cmocka_unit_test(an_anonymous_visit_has_no_name_to_be_found_by),
        cmocka_unit_test(an_event_is_promised_to_be_stored_only_where_it_is_kept),
        cmocka_unit_test(who_asks_much_at_once_is_answered_in_turns),
        cmocka_unit_test(sessions_end_with_their_client),
        cmocka_unit_test(slates_that_were_opened_or_expired_give_way),
        cmocka_unit_test(what_was_blocked_is_not_in_the_next_slate),
        cmocka_unit_test(people_are_promised_somebody_only_while_somebody_listens),
        cmocka_unit_test(staff_finds_what_a_stored_person_contests_after_a_restart),
        cmocka_unit_test(whoever_subscribed_hears_what_ended_by_time_or_was_taken_away),
        cmocka_unit_test(a_right_by_name_is_that_persons_and_not_of_who_took_their_session),
        cmocka_unit_test(everything_the_readme_prints_is_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
