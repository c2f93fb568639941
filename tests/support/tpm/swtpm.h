/* swtpm: a TPM made of software, on the loopback interface, and a transport to it that breaks on
 * demand. For tests; only built where libtss2 is there. */
#ifndef SOTTO_TEST_SWTPM_H
#define SOTTO_TEST_SWTPM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <tss2/tss2_tcti.h>

/* What the transport does to the command number `at` from now on (1: the next; 0: nothing). */
enum bus_fault {
    BUS_CUT_BEFORE = 1, /* power is cut before it arrives: it and all later ones fail */
    BUS_CUT_AFTER,      /* power is cut after it was done, before its answer */
    BUS_BUSY,           /* it and the next `times` - 1 are answered with `busy_rc` */
    BUS_FLIP            /* a bit of its answer is flipped: `flip_at` counts bits */
};

struct bus {
    TSS2_TCTI_CONTEXT_COMMON_V1 head; /* first: libtss2 sees this */
    TSS2_TCTI_CONTEXT *wire;
    enum bus_fault fault;
    unsigned at, times, flip_at;
    uint32_t busy_rc;
    int is_dead, is_answer_made;
    unsigned commands;
    /* All that crossed, commands and answers, as somebody at the pins would see it. */
    uint8_t *seen;
    size_t seen_n, seen_cap;
};

struct swtpm {
    char dir[64]; /* its state */
    pid_t pid;
    uint16_t port; /* of commands; the next one takes orders, such as power off */
    struct bus bus;
};

/* Why there can be none on this machine, or NULL. */
const char *swtpm_is_missing(void);
/* Makes and starts one; fails the test on error. */
void swtpm_make(struct swtpm *t);
/* Ends it with its state. */
void swtpm_free(struct swtpm *t);
/* Takes its power for a moment: sessions and working memory are gone, the rest stays. The bus
 * carries again what comes next. */
void swtpm_power_cycle(struct swtpm *t);
/* Kills the process and starts it anew on what it had stored. */
void swtpm_kill_and_restart(struct swtpm *t);
/* In tctildr's form. */
void swtpm_name(const struct swtpm *t, char *name, size_t cap);
/* Runs one of Debian's tpm2-tools words by hand: a command as bytes; the TPM's response code. */
uint32_t swtpm_send(struct swtpm *t, const void *command, size_t n, void *answer, size_t *answer_n);

#endif
