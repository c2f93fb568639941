#include "lent_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "test.h"

/* Both clocks are the machine's, moved. */
static uint64_t ahead_ms;
static int64_t behind_s;

static int mono(void *ctx, uint64_t *ms) {
    struct timespec t;
    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &t);
    *ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + ahead_ms;
    return 0;
}
static int wall(void *ctx, int64_t *s) {
    (void)ctx;
    *s = (int64_t)time(NULL) - behind_s;
    return 0;
}

static void open_engine(struct lent_engine *l) {
    struct sotto_error err = {0, ""};
    char keys[128], vault[128];
    snprintf(keys, sizeof keys, "%s/keys", l->k.dir);
    snprintf(vault, sizeof vault, "%s/vault.db", l->k.dir);
    l->service.linux_port.user = &l->service;
    if (sotto_linux_port(&l->service.linux_port, keys, vault, &l->service.port, &err) != SOTTO_OK)
        fail_msg("%s", err.message);
    l->service.port.clock_mono_ms = mono;
    l->service.port.clock_wall_s = wall;
    l->service.port.allow_unlocked = 1;
    l->service.port.banner_show = service_banner_show;
    l->service.port.handoff = service_handoff;
    struct sotto_config config = l->k.config;
    config.port = &l->service.port;
    if (sotto_open(&config, &l->service.engine, &err) != SOTTO_OK) fail_msg("%s", err.message);
    l->service.health.size = sizeof l->service.health;
    assert_int_equal(sotto_health(l->service.engine, &l->service.health), SOTTO_OK);
}

void lent_engine_make(struct lent_engine *l) {
    char outbox[128];
    struct sotto_error err = {0, ""};
    memset(l, 0, sizeof *l);
    kiosk_make(&l->k, 60, &(struct make_policy){.eps_micro = 1000000, .n_cells = 9}, 1);
    behind_s = 3 * 86400;
    open_engine(l);
    struct sotto *rest = l->k.engine;
    l->k.engine = l->service.engine;
    sotto_session s = kiosk_session(&l->k, NULL, 1u << SOTTO_PURPOSE_MEASURE);
    kiosk_record(&l->k, s, 1, SOTTO_EVENT_PURCHASE);
    assert_int_equal(sotto_session_end(l->service.engine, s), SOTTO_OK);
    l->k.engine = rest;
    /* Two days ago it was sealed, to leave within a day of its own choice. */
    for (behind_s = 2 * 86400; behind_s >= 0; behind_s -= 2 * 86400) {
        sotto_close(l->service.engine);
        open_engine(l);
        assert_int_equal(sotto_tick(l->service.engine), SOTTO_OK);
    }
    behind_s = 0;
    snprintf(outbox, sizeof outbox, "%s/outbox", l->k.dir);
    assert_int_equal(mkdir(outbox, 0700), 0);
    if (exporter_open(&l->exporter, outbox, 8, &err) != SOTTO_OK) fail_msg("%s", err.message);
    l->service.exporter = &l->exporter;
}

void lent_engine_free(struct lent_engine *l) {
    sotto_close(l->service.engine);
    exporter_close(&l->exporter);
    kiosk_free(&l->k);
    free(l->told);
    ahead_ms = 0;
}

static struct lent_engine *told_to;

static void tell(struct client *client, char *line) {
    (void)client;
    free(told_to->told);
    told_to->told = line;
}

void lent_engine_join(struct lent_engine *l, struct client *c, const struct rpc_role *role) {
    memset(c, 0, sizeof *c);
    c->tell = tell;
    told_to = l;
    client_join(&l->service, c, role);
}

void lent_engine_restart(struct lent_engine *l) {
    sotto_close(l->service.engine);
    memset(l->service.desk, 0, sizeof l->service.desk);
    open_engine(l);
    desk_open(&l->service);
}

void lent_engine_wait(struct lent_engine *l, uint64_t ms) {
    (void)l;
    ahead_ms += ms;
}

char *lent_engine_ask(struct lent_engine *l, struct client *c, const char *line) {
    json_t *later = NULL;
    char *reply = rpc_handle(c->role, c, line, strlen(line), &later);
    if (!later) return reply;
    assert_null(reply);
    json_t *result = json_object();
    rpc_put_bool(result, "stored", sotto_flush(l->service.engine) == SOTTO_OK);
    l->service.needs_flush = 0;
    reply = rpc_reply(later, result);
    json_decref(later);
    return reply;
}
