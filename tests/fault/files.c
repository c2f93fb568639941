/* files: see files.h. */
#include "tests/fault/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void files_make(char dir[64]) {
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(dir, 64, "%s/sotto-fault-XXXXXX", base);
    if (!mkdtemp(dir)) abort();
}

void files_start(struct world *w, const char *dir, uint64_t life, const struct belief *b) {
    world_start(w, 0);
    device_start_files(&w->device, dir, life, b->wall_s);
    w->now = *b;
    for (unsigned p = 0; p < PERSONS; p++) w->due[p] = b->person[p].events_min;
}

void files_judge(const char *dir, uint64_t life, const struct belief *low,
                 const struct belief *high, struct belief *b, struct verdict *v) {
    struct device device;
    struct sotto_config config;
    struct sotto_error err = {0, ""};
    struct sotto *engine = NULL;
    struct facts f;
    device_start_files(&device, dir, life, high->wall_s);
    device_configure(&device, &config);
    if (sotto_open(&config, &engine, &err) != SOTTO_OK) {
        verdict_bad(v, "the engine does not open: %s", err.message);
        return;
    }
    facts_read(engine, &f, v);
    facts_check(&f, low, high, v);
    sotto_close(engine);
    *b = *high;
    for (unsigned p = 0; p < PERSONS; p++) {
        b->person[p].place = f.person[p].is_there ? MAY_BE_THERE : MAY_BE_GONE;
        b->person[p].events_min = b->person[p].events_max = f.person[p].events;
        for (unsigned i = 0; i < PURPOSES; i++) b->person[p].word[i] = 1u << f.person[p].word[i];
    }
    b->reports_min = b->reports_max = f.reports;
}
