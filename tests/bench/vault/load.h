/* load: the work that every store in this folder is given, and how it is measured, so that a row of
 * the table means the same for all of them. 20 people, 5,000 events each, written in batches of 32
 * of one person, each durable before the next (synchronous=FULL); then the file is opened anew and
 * everybody's events are read once. Knows no store; compiled once for each peer, against its own
 * sqlite3.h. */
#ifndef SOTTO_BENCH_LOAD_H
#define SOTTO_BENCH_LOAD_H

#include "platform/sim/fault_vfs.h"

enum {
    LOAD_PEOPLE = 20,
    LOAD_EVENTS = 5000, /* of one person */
    LOAD_BATCH = 32,
    LOAD_TOTAL = LOAD_PEOPLE * LOAD_EVENTS
};

/* 48 bytes. Sotto keeps the first three fields; a peer keeps all of them, or those three. */
struct load_event {
    uint64_t item; /* a hash */
    uint64_t time_ms;
    uint64_t type; /* 1 to 3 */
    uint64_t value;
    uint8_t slate[16];
};
_Static_assert(sizeof(struct load_event) == 48, "an event has 48 bytes");

/* Draws events: of 10,000 items the first 1 % come 10 % of the time; two events in three look at an
 * item, one does more with one of the last ten; 5 to 125 s apart, and hours after every 50. */
struct load_drawer {
    uint64_t dice, time_ms;
    uint32_t n;
    uint64_t recent[10];
};
void load_drawer_start(struct load_drawer *d, uint32_t person);
struct load_event load_draw(struct load_drawer *d);

/* ---- What is measured ---------------------------------------------------------------------- */

struct load {
    char db[512]; /* the file to write to */
    struct fault_vfs disk;
    const char *device; /* block device under the folder, "loop3", or NULL */
    uint64_t began_ns, began_cpu_us, began_sectors;
    double wall_s, cpu_us, vfs_bytes, device_bytes, file_bytes, read_ms[LOAD_PEOPLE];
};

/* argv: FOLDER [DEVICE]. Removes what an earlier run left; registers load->disk as "counted". */
void load_setup(struct load *load, int argc, char **argv);
/* Around the writing of all events. */
void load_begin(struct load *load);
void load_end(struct load *load);
/* Around the reading of person i's events. */
void load_read_begin(struct load *load);
void load_read_end(struct load *load, uint32_t i);
/* Prints the row, with the process's peak memory. */
void load_print(struct load *load, const char *what);
/* Ends the process with a message unless `is_ok`. */
void load_need(int is_ok, const char *what);

#endif
