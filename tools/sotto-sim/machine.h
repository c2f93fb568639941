/* machine: one simulated kiosk: a port with a clock, keys and a vault of its own, the real engine
 * on it, and counts of what a bystander saw. Called by visit.c, run.c and evaluate.c. */
#ifndef SOTTO_SIM_MACHINE_H
#define SOTTO_SIM_MACHINE_H

#include <stdio.h>

#include "platform/sim/sim_port.h"
#include "tools/sotto-sim/observer.h"
#include "tools/sotto-sim/truth.h"

/* jansson's value, declared here because its header and tools/common/json.h both claim the name
 * json_real. */
typedef struct json_t json_t;

#define MACHINE_WHYS (SOTTO_WHY_STAFF + 1)

struct machine_counts {
    uint64_t visits, events;
    uint64_t asked, shown, declined, failed; /* banners */
    uint64_t whys[MACHINE_WHYS];             /* slates as they opened, by enum sotto_why */
    uint64_t not_kept;                       /* visits whose profile found no room in the vault */
    uint64_t reports, report_bytes;
};

struct machine {
    uint32_t number; /* 1, 2, … */
    char dir[512];   /* "" when it keeps nothing (RAM only) */
    int is_on;
    struct sim_device device;
    struct sotto *engine;
    struct machine_counts counts; /* over all its boots */
    uint64_t cursor;              /* into the outbox */
    uint8_t public_key[32];       /* for its reports; after machine_enrol */
};

/* A device under `dir` (made if it is not there; NULL: RAM only), switched on at `now_s`. *k must
 * be zeroed and must not move until machine_close. */
int machine_open(struct machine *k, uint32_t number, const char *dir, uint64_t seed, int64_t now_s,
                 const struct observer *packs, struct sotto_error *err);
/* Switches it off and on again, as kiosks do at night. */
int machine_restart(struct machine *k, const struct observer *packs, struct sotto_error *err);
void machine_close(struct machine *k);

/* Lets time pass until `now_s` (never back) and gives the engine its tick. */
int machine_until(struct machine *k, int64_t now_s);
int64_t machine_now_s(const struct machine *k);
/* Lets `ms` milliseconds pass. */
void machine_wait(struct machine *k, uint32_t ms);
/* The banner packet last shown, as JSON; NULL when none was. Release with json_decref. */
json_t *machine_banner(const struct machine *k);

/* Appends this device's public key to `to`, as `sotto-fleet collect` reads it. */
int machine_enrol(struct machine *k, FILE *to, struct sotto_error *err);
/* Writes each new report of the outbox as dir/<device>-<metric>-<window>.report, and shows it to
 * the oracle. */
int machine_export(struct machine *k, const char *dir, struct truth *truth,
                   struct sotto_error *err);
/* Writes the device's audit log as dir/kiosk-NN.audit and appends its first audit key to `keys`. */
int machine_audit(struct machine *k, const char *dir, FILE *keys, struct sotto_error *err);
/* Bytes of all files of this device. */
uint64_t machine_disk_bytes(const struct machine *k);

/* Fills `err` from the engine's last error. */
int machine_fail(const struct machine *k, int status, const char *doing, struct sotto_error *err);

#endif
