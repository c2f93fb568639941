/* scenarios: see scenarios.h. */
#include "tests/fault/scenarios.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "tests/fault/crash.h"
#include "vault/inside.h"

/* ---- Pasts -------------------------------------------------------------------------------- */

static void nothing(struct world *w) { (void)w; }

/* Three persons, one report, a day gone by. */
static void town(struct world *w) {
    act_open(w);
    act_visit(w, ANNA, 40);
    act_visit(w, BOB, 5);
    act_visit(w, CARL, 3);
    act_slate(w);
    act_days(w, 1);
    act_close(w);
}

static void many_small_visits(struct world *w) {
    town(w);
    act_open(w);
    for (unsigned i = 0; i < 70; i++) {
        act_begin(w, ANNA);
        act_events(w, ANNA, 2);
        act_end(w, ANNA);
    }
    act_close(w);
}

/* Three segments of the log but for its last two epochs: an export ends one. */
static void long_log(struct world *w) {
    town(w);
    act_open(w);
    for (unsigned i = 0; i < 94; i++) act_export(w);
    act_close(w);
}

static void sql(const char *text, const void *blob, size_t n) {
    sqlite3 *db;
    sqlite3_stmt *statement;
    if (sqlite3_open_v2(DISK_VAULT, &db, SQLITE_OPEN_READWRITE, DISK_VFS) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, text, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_bind_blob(statement, 1, blob, (int)n, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_DONE)
        abort();
    sqlite3_finalize(statement);
    if (sqlite3_close(db) != SQLITE_OK) abort();
}

/* META as format 1 had it (FORMAT.md): no generation, no counter, no census. */
static void older_vault(struct world *w) {
    enum { AT_MAC = 40, BYTES = AT_MAC + HASH_BYTES };
    uint8_t meta[BYTES] = "SOTTOVLT";
    struct vault *v = calloc(1, vault_bytes());
    struct rng rng = {.used = 0};
    town(w);
    if (!v || rng_seed(&rng, w->device.port.entropy, w->device.port.ctx) != 0 ||
        vault_open(v, &w->device.port, &rng, NULL) != SOTTO_OK)
        abort();
    store32(meta + 8, 1);
    memcpy(meta + 16, v->meta.store_id, STORE_ID_BYTES);
    store64(meta + 32, v->meta.epoch);
    hash_keyed(meta + AT_MAC, v->keys->root, "sotto-vault-meta", meta, AT_MAC);
    vault_close(v);
    free(v);
    sql("UPDATE b SET v = ?1 WHERE k = 0", meta, sizeof meta);
}

/* What three months would have left: DORA's events in one chunk each, as format 1 had them, some
 * an hour short of their retention; CARL's consent an hour short of its term. */
#define OLD_EVENTS 3u
static void old_town(struct world *w) {
    enum { EVENTS = 9 };
    uint8_t bytes[HISTORY_CHUNK_BYTES], words[CONSENT_RECORD_BYTES];
    struct history h = {.n = 1};
    struct consent consent;
    struct vault_key key = {VAULT_EVENTS, 0, 0};
    town(w);
    act_open(w);
    act_visit(w, DORA, 0);
    struct person_home home = engine_home(w->engine);
    if (vault_profile_find(home.vault, person_name[DORA], &key.slot) != SOTTO_OK) abort();
    for (uint32_t i = 0; i < EVENTS; i++) {
        int64_t ago_s = i < OLD_EVENTS ? home.policy->retention_s - 3600 : 60;
        h.events[0] =
            (struct history_event){model_item_key(home.model, i), i,
                                   (uint32_t)(w->device.wall_s - ago_s), SOTTO_EVENT_SELECT};
        key.seq = i + 1;
        if (history_encode(&h, 0, bytes) != 1 ||
            vault_put(home.vault, key, bytes, sizeof bytes, NULL) != SOTTO_OK)
            abort();
    }
    w->now.person[DORA].events_min = w->now.person[DORA].events_max = w->due[DORA] = EVENTS;
    key = (struct vault_key){VAULT_PROFILE, 0, 0};
    if (vault_profile_find(home.vault, person_name[CARL], &key.slot) != SOTTO_OK ||
        person_stored_consent(&home, key.slot, &consent, NULL) != SOTTO_OK)
        abort();
    for (unsigned i = 0; i < PURPOSES; i++)
        consent.word[i].at_s = w->device.wall_s - home.policy->consent_ttl_s + 3600;
    consent_encode(&consent, words);
    if (vault_put(home.vault, key, words, sizeof words, NULL) != SOTTO_OK) abort();
    act_close(w);
}

/* Power was cut in an erasure that had been promised but not finished, and the log is hot. */
static void cut_in_erasure(struct world *w) {
    static struct crash crash;
    struct record r = {.life = 0};
    struct image image = {.counter = 0};
    unsigned ends = 0;
    town(w);
    world_record(w, &r);
    act_open(w);
    size_t open_n = r.ops.n;
    act_erase(w, BOB);
    scenario_end();
    world_drop(w);
    crash_begin(&crash, &r.ops, &r.before);
    while (crash.point < r.ops.n && ends < 1) {
        crash_step(&crash);
        ends += crash.point > open_n && r.ops.op[crash.point - 1].kind == OP_COMMIT_END;
    }
    crash_keep_all(&crash, &image);
    disk_load(&image, disk.life + 1);
    crash_end(&crash);
    image_free(&image);
    record_free(&r);
}

/* ---- Acts --------------------------------------------------------------------------------- */

static void first_start(struct world *w) {
    act_open(w);
    act_visit(w, ANNA, 3);
    act_close(w);
}

static void events(struct world *w) {
    act_open(w);
    act_begin(w, ANNA);
    for (unsigned i = 0; i < 4; i++) act_events(w, ANNA, 20);
    act_begin(w, BOB);
    act_events(w, BOB, 5);
    device_advance(&w->device, 6000);
    act_tick(w);
    act_events(w, ANNA, 3);
    act_abandon(w);
    act_end(w, BOB);
    act_end(w, ANNA);
    act_close(w);
}

static void consent_change(struct world *w) {
    act_open(w);
    act_begin(w, ANNA);
    act_say(w, ANNA, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_DENIED);
    act_say(w, ANNA, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN);
    act_say(w, ANNA, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_GRANTED);
    act_visit(w, DORA, 4);
    act_begin(w, BOB);
    act_events(w, BOB, 2);
    act_say(w, BOB, SOTTO_PURPOSE_STORE, SOTTO_CONSENT_WITHDRAWN);
    act_say(w, ANNA, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_WITHDRAWN);
    act_end(w, BOB);
    act_close(w);
}

static void erase(struct world *w) {
    act_open(w);
    act_erase(w, BOB);
    act_visit(w, BOB, 2);
    act_erase(w, ALL_PERSONS);
    act_visit(w, DORA, 3);
    act_close(w);
}

/* Key epochs turn, also under somebody's visit and beside an erasure. */
static void rotation(struct world *w) {
    act_open(w);
    act_rotate(w);
    act_begin(w, ANNA);
    act_events(w, ANNA, 3);
    act_rotate(w);
    act_events(w, ANNA, 2);
    act_end(w, ANNA);
    act_erase(w, CARL);
    act_rotate(w);
    act_close(w);
}

static void retention(struct world *w) {
    act_open(w);
    act_sweep(w, OLD_EVENTS);
    act_visit(w, DORA, 2);
    act_close(w);
}

static void pack_install(struct world *w) {
    act_packs(w, 2, 2);
    act_open(w);
    act_tick(w);
    act_close(w);
    /* The old ones come back while storage is away, so that nobody can tell. */
    act_packs(w, 1, 1);
    if (disk.fault == FAULT_NONE) disk.fault = FAULT_EIO, disk.fault_at = 0, disk.is_sticky = 1;
    act_open(w);
    if (w->engine) act_revive(w); /* else storage was there, and they were refused */
    disk_heal();
    act_close(w);
    act_packs(w, 2, 2);
    act_open(w);
    act_visit(w, BOB, 2);
    act_close(w);
}

static void report(struct world *w) {
    act_open(w);
    act_visit(w, ANNA, 4);
    act_days(w, 1);
    act_visit(w, BOB, 4);
    device_advance(&w->device, 86400u * 1000u);
    act_seal(w);
    act_days(w, 2);
    act_close(w);
}

static void compaction(struct world *w) {
    act_open(w);
    act_begin(w, ANNA);
    act_events(w, ANNA, 2);
    act_end(w, ANNA);
    act_close(w);
}

static void audit_seal(struct world *w) {
    act_open(w);
    act_export(w);
    act_begin(w, ANNA);
    act_say(w, ANNA, SOTTO_PURPOSE_MEASURE, SOTTO_CONSENT_DENIED);
    act_end(w, ANNA);
    act_export(w);
    act_export(w);
    act_close(w);
}

static void full_disk(struct world *w) {
    act_open(w);
    act_begin(w, ANNA);
    act_begin(w, BOB);
    disk.limit = disk.now.file[0].n + disk.now.file[2].n + 3000;
    act_events(w, ANNA, 40);
    act_say(w, BOB, SOTTO_PURPOSE_PERSONALISE, SOTTO_CONSENT_WITHDRAWN);
    act_slate(w);
    device_advance(&w->device, 6000);
    act_tick(w);
    act_erase(w, CARL);
    act_revive(w);
    act_erase(w, CARL);
    act_end(w, BOB);
    act_end(w, ANNA);
    act_close(w);
}

static void upgrade(struct world *w) {
    act_open(w);
    act_visit(w, BOB, 2);
    act_erase(w, CARL);
    act_close(w);
}

static void recovery(struct world *w) {
    act_open(w);
    act_visit(w, ANNA, 2);
    act_close(w);
}

const struct scenario scenarios[] = {
    {"first start", nothing, first_start},
    {"events", town, events},
    {"consent change", town, consent_change},
    {"erase", town, erase},
    {"rotation", town, rotation},
    {"pack install", town, pack_install},
    {"report", town, report},
    {"compaction", many_small_visits, compaction},
    {"audit seal", long_log, audit_seal},
    {"full disk", town, full_disk},
    {"upgrade", older_vault, upgrade},
    {"recovery", cut_in_erasure, recovery},
    {"retention", old_town, retention},
};
const unsigned n_scenarios = sizeof scenarios / sizeof *scenarios;
#define N_SCENARIOS (sizeof scenarios / sizeof *scenarios)

/* ---- Running ------------------------------------------------------------------------------- */

void content_of_disk(int has_counter, int64_t wall_s, struct content *c) {
    struct device device;
    struct rng rng = {.used = 0};
    struct sotto_error err = {0, ""};
    struct image kept = {.counter = 0};
    struct vault *v = calloc(1, vault_bytes());
    if (!v) abort();
    image_copy(&kept, &disk.now);
    device_start(&device, has_counter, wall_s);
    if (rng_seed(&rng, device.port.entropy, device.port.ctx) != 0) abort();
    if (vault_open(v, &device.port, &rng, &err) != SOTTO_OK || content_read(v, c) != 0) {
        fprintf(stderr, "fault: the vault before a scenario cannot be read: %s\n", err.message);
        exit(2);
    }
    /* An erasure that was owed has been finished now, and logged; before, it was not. */
    c->entries -= c->entries && memcmp(kept.slot_n, disk.now.slot_n, sizeof kept.slot_n) != 0;
    vault_close(v);
    free(v);
    disk_load(&kept, disk.life);
    image_free(&kept);
}

/* Pasts are made once. */
void scenario_prepare(unsigned which, struct world *w, int has_counter) {
    static struct past {
        int is_made;
        struct image image;
        struct world world;
    } pasts[N_SCENARIOS][2];
    static const struct image empty;
    struct past *past = &pasts[which][has_counter];
    if (!past->is_made) {
        disk_load(&empty, 1);
        world_start(&past->world, has_counter);
        scenarios[which].past(&past->world);
        if (past->world.problem[0] || past->world.engine) {
            fprintf(stderr, "fault: %s: %s\n", scenarios[which].name, past->world.problem);
            exit(2);
        }
        image_copy(&past->image, &disk.now);
        past->is_made = 1;
    }
    *w = past->world;
    w->device.port.ctx = &w->device;
    disk_load(&past->image, 10);
}

void scenario_begin(unsigned which, struct world *w, int has_counter, struct record *r) {
    struct content before = {.rows = 0};
    scenario_prepare(which, w, has_counter);
    content_of_disk(has_counter, w->device.wall_s, &before);
    record_content(r, &before);
    world_record(w, r);
}

void scenario_end(void) {
    recording = NULL;
    disk.record = NULL;
}

void scenario_record(unsigned which, int has_counter, struct world *w, struct record *r) {
    scenario_begin(which, w, has_counter, r);
    scenarios[which].acts(w);
    scenario_end();
}
