/* ours: the load through the profile and vault rooms, as the engine drives them: events in locked
 * memory, person_flush when a batch is full. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/linux/sotto_linux.h"
#include "profile/person.h"
#include "tests/bench/vault/load.h"

static struct sotto_error err;

static void ok(int status) {
    load_need(status == SOTTO_OK, err.message[0] ? err.message : "failed");
}

static void write_all(struct person *people, const struct person_home *home) {
    static struct load_drawer drawers[LOAD_PEOPLE];
    uint32_t done = 0;
    for (uint32_t i = 0; i < LOAD_PEOPLE; i++) load_drawer_start(&drawers[i], i);
    while (done < LOAD_EVENTS) {
        uint32_t n = LOAD_EVENTS - done < LOAD_BATCH ? LOAD_EVENTS - done : LOAD_BATCH;
        for (uint32_t i = 0; i < LOAD_PEOPLE; i++) {
            int64_t now_s = 0;
            for (uint32_t k = 0; k < n; k++) {
                struct load_event e = load_draw(&drawers[i]);
                now_s = (int64_t)(e.time_ms / 1000);
                history_add(&people[i].history,
                            (struct history_event){e.item, HISTORY_NO_ITEM, (uint32_t)now_s,
                                                   (uint8_t)e.type});
            }
            ok(person_flush(&people[i], home, now_s, &err));
        }
        done += n;
    }
}

/* Every chunk of a person, opened and decoded; an engine keeps the latest SOTTO_HISTORY_MAX. */
static void read_all(struct vault *v, const char *name, struct history *h) {
    uint8_t bytes[HISTORY_CHUNK_BYTES];
    uint32_t slot, events = 0;
    size_t n;
    ok(vault_profile_find(v, name, &slot));
    struct vault_key key = {VAULT_EVENTS, slot, 0};
    while (vault_next(v, &key, 0, &err) == SOTTO_OK && key.slot == slot) {
        ok(vault_get(v, key, bytes, sizeof bytes, &n, &err));
        load_need(history_decode(h, bytes, n) == 0, "a chunk is malformed");
        events += bytes[1];
    }
    load_need(events == LOAD_EVENTS, "events are missing");
}

int main(int argc, char **argv) {
    static struct load load;
    static struct sotto_linux device;
    static struct policy policy;
    static struct model model;
    struct sotto_port port;
    struct rng rng;
    char keys[512], name[16];
    load_setup(&load, argc, argv);
    snprintf(keys, sizeof keys, "%.400s/keys", argv[1]);
    ok(sotto_linux_port(&device, keys, load.db, &port, &err));
    port.vault_vfs = load.disk.name;
    load_need(crypto_init() == 0 && rng_seed(&rng, port.entropy, port.ctx) == 0, "no randomness");

    struct vault *v = calloc(1, vault_bytes());
    /* A year's retention and term: nothing of the load is too old. */
    policy_strict(&policy);
    policy.consent[SOTTO_PURPOSE_STORE] = POLICY_ASK;
    policy.age_unknown = AGE_ADULT;
    policy.consent_ttl_s = POLICY_CONSENT_TTL_S_MAX;
    policy.retention_s = POLICY_RETENTION_S_MAX;
    struct person_home home = {v, &policy, &model, UINT64_MAX};
    struct person *people = sodium_malloc(LOAD_PEOPLE * sizeof *people);
    load_need(v && people, "out of memory");
    ok(vault_open(v, &port, &rng, &err));
    for (uint32_t i = 0; i < LOAD_PEOPLE; i++) {
        snprintf(name, sizeof name, "person %u", i);
        person_begin(&people[i], &home, name);
        ok(person_load(&people[i], &home, 1735689600, &err));
        consent_apply(&people[i].consent, SOTTO_PURPOSE_STORE, CONSENT_GRANT, SOTTO_SAID_SCREEN,
                      &policy, 1735689600);
        ok(person_create(&people[i], &home, &err));
    }

    load_begin(&load);
    write_all(people, &home);
    load_end(&load);

    vault_close(v);
    memset(v, 0, vault_bytes());
    ok(vault_open(v, &port, &rng, &err));
    for (uint32_t i = 0; i < LOAD_PEOPLE; i++) {
        snprintf(name, sizeof name, "person %u", i);
        memset(&people[0].history, 0, sizeof people[0].history);
        load_read_begin(&load);
        read_all(v, name, &people[0].history);
        load_read_end(&load, i);
    }
    vault_close(v);
    load_print(&load, "Sotto's vault");
    sodium_free(people);
    free(v);
    return 0;
}
