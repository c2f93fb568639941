/* lent_engine: sottod's service on an engine of the Linux port, with a clock that obeys, for tests
 * of what is said on the sockets without the sockets. */
#ifndef SOTTO_TEST_LENT_ENGINE_H
#define SOTTO_TEST_LENT_ENGINE_H

#include "tests/support/kiosk.h"
#include "tools/sottod/exporter.h"
#include "tools/sottod/service.h"

struct lent_engine {
    struct kiosk k; /* for its packs and its directory */
    struct service service;
    struct exporter exporter;
    char *told; /* the last notification that any client was given; NULL: none */
};

/* 60 items, a policy with one metric of visits; reports of the last days wait in the
 * vault, and the first of them may leave. */
void lent_engine_make(struct lent_engine *l);
void lent_engine_free(struct lent_engine *l);
/* A client of a role; client_leave ends it. Its notifications go to l->told. */
void lent_engine_join(struct lent_engine *l, struct client *c, const struct rpc_role *role);
/* Closes the engine and opens it again; clients must have left. */
void lent_engine_restart(struct lent_engine *l);
/* Lets time pass. */
void lent_engine_wait(struct lent_engine *l, uint64_t ms);
/* One request as sottod answers it, the commit made; the reply is to be freed. */
char *lent_engine_ask(struct lent_engine *l, struct client *c, const char *line);

#endif
