/* load: see load.h. */
#include "tests/bench/vault/load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void load_need(int is_ok, const char *what) {
    if (is_ok) return;
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* ---- Events -------------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t mixed(uint64_t z) {
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t roll(struct load_drawer *d, uint64_t below) {
    d->dice += UINT64_C(0x9e3779b97f4a7c15);
    return mixed(d->dice) % below;
}

void load_drawer_start(struct load_drawer *d, uint32_t person) {
    memset(d, 0, sizeof *d);
    d->dice = person + 1;
    d->time_ms = UINT64_C(1735689600000) + roll(d, 86400000); /* 2025-01-01 */
}

struct load_event load_draw(struct load_drawer *d) {
    struct load_event e = {.type = 1};
    d->time_ms += 5000 + roll(d, 120000);
    if (d->n % 50 == 0) d->time_ms += 3600000 + roll(d, 72000000);
    if (roll(d, 3) == 0 && d->n >= 10) {
        e.type = 2 + roll(d, 2);
        e.item = d->recent[roll(d, 10)];
    } else {
        e.item = mixed(1 + (roll(d, 10) == 0 ? roll(d, 100) : roll(d, 10000)));
        d->recent[d->n % 10] = e.item;
    }
    if (d->n < 10) d->recent[d->n] = e.item;
    d->n++;
    e.time_ms = d->time_ms;
    e.value = roll(d, 100000);
    memcpy(e.slate, (uint64_t[2]){mixed(d->dice + 1), mixed(d->dice + 2)}, sizeof e.slate);
    return e;
}

/* ---- Measures ------------------------------------------------------------------------------ */

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_us(void) {
    struct rusage u;
    load_need(getrusage(RUSAGE_SELF, &u) == 0, "getrusage failed");
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Sectors of 512 bytes ever written to the device. */
static uint64_t sectors_written(const struct load *load) {
    char path[64];
    unsigned long long sectors = 0;
    if (!load->device) return 0;
    int fd = open(load->db, O_RDONLY);
    if (fd >= 0) load_need(syncfs(fd) == 0 && close(fd) == 0, "syncfs failed");
    snprintf(path, sizeof path, "/sys/block/%.40s/stat", load->device);
    FILE *f = fopen(path, "r");
    char line[256], *at = line;
    load_need(f && fgets(line, sizeof line, f), "no such device");
    for (int field = 0; field < 7; field++) sectors = strtoull(at, &at, 10);
    fclose(f);
    return sectors;
}

void load_setup(struct load *load, int argc, char **argv) {
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    char path[sizeof load->db + 16];
    memset(load, 0, sizeof *load);
    load_need(argc >= 2 && argc <= 3, "usage: FOLDER [DEVICE]");
    load->device = argc == 3 ? argv[2] : NULL;
    snprintf(load->db, sizeof load->db, "%.400s/store.db", argv[1]);
    for (unsigned i = 0; i < sizeof tails / sizeof *tails; i++) {
        snprintf(path, sizeof path, "%s%s", load->db, tails[i]);
        unlink(path);
    }
    load_need(fault_vfs_register(&load->disk, "counted") == 0, "the counting disk did not start");
}

void load_begin(struct load *load) {
    load->began_sectors = sectors_written(load);
    load->disk.bytes_written = 0;
    load->began_cpu_us = cpu_us();
    load->began_ns = now_ns();
}

void load_end(struct load *load) {
    struct stat s, log;
    char path[sizeof load->db + 16];
    load->wall_s = (double)(now_ns() - load->began_ns) / 1e9;
    load->cpu_us = (double)(cpu_us() - load->began_cpu_us);
    load->vfs_bytes = (double)load->disk.bytes_written;
    load->device_bytes = 512.0 * (double)(sectors_written(load) - load->began_sectors);
    snprintf(path, sizeof path, "%s-wal", load->db);
    load_need(stat(load->db, &s) == 0, "nothing was written");
    load->file_bytes = (double)s.st_size + (stat(path, &log) == 0 ? (double)log.st_size : 0);
}

void load_read_begin(struct load *load) { load->began_ns = now_ns(); }

void load_read_end(struct load *load, uint32_t i) {
    load->read_ms[i] = (double)(now_ns() - load->began_ns) / 1e6;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double peak_mb(void) {
    char line[128];
    double kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    load_need(f != NULL, "/proc is not there");
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0) kb = strtod(line + 6, NULL);
    fclose(f);
    return kb / 1024;
}

void load_print(struct load *load, const char *what) {
    char device[16] = "-";
    qsort(load->read_ms, LOAD_PEOPLE, sizeof *load->read_ms, by_value);
    if (load->device) snprintf(device, sizeof device, "%.0f", load->device_bytes / LOAD_TOTAL);
    printf("  %-36s %8.0f %7.2f %8.0f %8s %7.2f %8.2f %7.1f\n", what, LOAD_TOTAL / load->wall_s,
           load->cpu_us / LOAD_TOTAL, load->vfs_bytes / LOAD_TOTAL, device, load->file_bytes / 1e6,
           load->read_ms[LOAD_PEOPLE / 2], peak_mb());
    fault_vfs_unregister(&load->disk);
}
