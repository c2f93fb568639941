/* device: the port of a device whose storage and key store are the RAM disk's. Owns its clocks and
 * the packs it was given; its entropy follows from the life it is in. Called by world.c and by the
 * rows that open a vault alone. */
#ifndef SOTTO_FAULT_DEVICE_H
#define SOTTO_FAULT_DEVICE_H

#include "platform/linux/sotto_linux.h"
#include "tests/fault/disk.h"

#define DEVICE_START_S 1767225600 /* 2026-01-01 00:00 UTC */
#define MODEL_PATH     "model.pack"
#define POLICY_PATH    "policy.pack"

struct device {
    struct sotto_port port;
    uint64_t mono_ms, draws;
    int64_t wall_s;
    unsigned model, policy; /* which of the packs lie there: version 1 or 2; 0: none */
    int clock_fails, entropy_fails, banner_fails;
    struct sotto_linux host; /* where has_files */
    int has_files;
};

/* The EPS of the one metric of the policies. */
#define DEVICE_EPS_MICRO 1000000u

/* Makes the packs once, at the start of the process. */
void device_make_packs(void);
/* A device of the RAM disk, started at `wall_s`. */
void device_start(struct device *d, int has_counter, int64_t wall_s);
/* A device whose vault and keys are real files in `dir`, an existing folder, by SQLite's own VFS;
 * `life` as of disk_load. */
void device_start_files(struct device *d, const char *dir, uint64_t life, int64_t wall_s);
/* Fills in what sotto_open is told. */
void device_configure(struct device *d, struct sotto_config *config);
void device_advance(struct device *d, uint64_t ms);

#endif
