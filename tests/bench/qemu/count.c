/* count: a plugin for QEMU's user mode that counts the guest's instructions between
 * bench_counting_starts and bench_counting_ends and prints them. Run on this machine, inside QEMU,
 * whatever processor it emulates; the program must not be stripped. Counts are of whole translated
 * blocks, of which none is left in the middle here, and the same from run to run.
 *
 * Debian's qemu-user runs plugins but packages no header for them: what is needed of version 1 of
 * the interface (QEMU 4.2 and later; qemu.org, "TCG plugins") is declared here. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t plugin_id;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*translated)(plugin_id, struct qemu_plugin_tb *));
/* flags 0: the callback looks at no registers. */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
                                          void (*executed)(unsigned cpu, void *data), int flags,
                                          void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *insn);

EXPORTED extern int qemu_plugin_version;
EXPORTED int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

int qemu_plugin_version = 1;

static int is_counting;
static uint64_t instructions;

static void start(unsigned cpu, void *data) {
    (void)cpu;
    (void)data;
    is_counting = 1;
    instructions = 0;
}

static void stop(unsigned cpu, void *data) {
    (void)cpu;
    (void)data;
    if (is_counting) fprintf(stderr, "%llu instructions\n", (unsigned long long)instructions);
    is_counting = 0;
}

static void count(unsigned cpu, void *data) {
    (void)cpu;
    if (is_counting) instructions += (uintptr_t)data;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb) {
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(tb);
    const char *symbol = qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(tb, 0));
    if (symbol && strcmp(symbol, "bench_counting_starts") == 0)
        qemu_plugin_register_vcpu_tb_exec_cb(tb, start, 0, NULL);
    else if (symbol && strcmp(symbol, "bench_counting_ends") == 0)
        qemu_plugin_register_vcpu_tb_exec_cb(tb, stop, 0, NULL);
    else
        qemu_plugin_register_vcpu_tb_exec_cb(tb, count, 0, (void *)(uintptr_t)n);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    (void)info;
    (void)argc;
    (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
