/* swtpm: see swtpm.h. */
#include "tests/support/test.h"

#include "tests/support/tpm/swtpm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#include "tests/support/canary.h"

const char *swtpm_is_missing(void) {
    static const char *const places[] = {"/usr/bin/swtpm", "/usr/local/bin/swtpm"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (access(places[i], X_OK) == 0) return NULL;
    return "swtpm is not installed";
}

/* ---- The process -------------------------------------------------------------------------- */

static int port_open(uint16_t port, int is_server) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    int status = is_server ? bind(fd, (struct sockaddr *)&to, sizeof to)
                           : connect(fd, (struct sockaddr *)&to, sizeof to);
    if (status == 0) return fd;
    close(fd);
    return -1;
}

/* Two neighbouring ports that nobody has, as far as one can know. */
static uint16_t ports_find(void) {
    static uint32_t next;
    if (!next) next = 20000 + (uint32_t)getpid() * 8 % 20000;
    for (int i = 0; i < 2000; i++, next += 2) {
        uint16_t port = (uint16_t)(20000 + next % 40000);
        int a = port_open(port, 1), b = port_open((uint16_t)(port + 1), 1);
        if (a >= 0) close(a);
        if (b >= 0) close(b);
        if (a >= 0 && b >= 0) {
            next += 2;
            return port;
        }
    }
    fail_msg("no free ports");
    return 0;
}

static int is_up(const struct swtpm *t) {
    for (int i = 0; i < 400; i++) {
        int fd = port_open((uint16_t)(t->port + 1), 0), status;
        if (fd >= 0) {
            close(fd);
            return 1;
        }
        if (waitpid(t->pid, &status, WNOHANG) != 0) return 0;
        usleep(10000);
    }
    return 0;
}

static void start(struct swtpm *t) {
    char state[96], server[96], order[96];
    snprintf(state, sizeof state, "dir=%s,mode=0600", t->dir);
    for (int try = 0; try < 5; try++) {
        t->port = ports_find();
        snprintf(server, sizeof server, "type=tcp,port=%u,bindaddr=127.0.0.1", t->port);
        snprintf(order, sizeof order, "type=tcp,port=%u,bindaddr=127.0.0.1", t->port + 1u);
        t->pid = fork();
        assert_true(t->pid >= 0);
        if (t->pid == 0) {
            (void)!freopen("/dev/null", "w", stderr);
            execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server,
                   "--ctrl", order, "--flags", "not-need-init,startup-clear", (char *)NULL);
            _exit(127);
        }
        if (is_up(t)) return;
    }
    fail_msg("swtpm does not start");
}

static void stop(struct swtpm *t) {
    int status;
    if (t->pid <= 0) return;
    (void)kill(t->pid, SIGKILL);
    (void)waitpid(t->pid, &status, 0);
    t->pid = 0;
}

/* ---- The bus ------------------------------------------------------------------------------ */

#define BUS(context) ((struct bus *)(void *)(context))

static void see(struct bus *b, const uint8_t *bytes, size_t n) {
    if (b->seen_n + n > b->seen_cap) {
        b->seen_cap = 2 * (b->seen_n + n);
        b->seen = realloc(b->seen, b->seen_cap);
        assert_non_null(b->seen);
    }
    memcpy(b->seen + b->seen_n, bytes, n);
    b->seen_n += n;
}

/* What becomes of the command at hand; counts. */
static enum bus_fault fault_now(struct bus *b) {
    b->commands++;
    if (b->at == 0 || --b->at > 0) return 0;
    if (b->fault == BUS_BUSY && --b->times > 0) b->at = 1;
    return b->fault;
}

static TSS2_RC bus_transmit(TSS2_TCTI_CONTEXT *context, size_t n, const uint8_t *command) {
    struct bus *b = BUS(context);
    static uint8_t lost[4096];
    size_t lost_n = sizeof lost;
    if (b->is_dead) return TSS2_TCTI_RC_IO_ERROR;
    see(b, command, n);
    enum bus_fault fault = fault_now(b);
    b->is_answer_made = fault == BUS_BUSY;
    if (b->is_answer_made) return TSS2_RC_SUCCESS;
    b->is_dead = fault == BUS_CUT_BEFORE;
    if (b->is_dead) return TSS2_TCTI_RC_IO_ERROR;
    TSS2_RC rc = Tss2_Tcti_Transmit(b->wire, n, command);
    if (rc == TSS2_RC_SUCCESS && fault == BUS_CUT_AFTER) {
        rc = Tss2_Tcti_Receive(b->wire, &lost_n, lost, TSS2_TCTI_TIMEOUT_BLOCK);
        b->is_dead = 1;
    }
    b->is_answer_made = fault == BUS_FLIP ? 2 : 0;
    return rc;
}

static TSS2_RC bus_receive(TSS2_TCTI_CONTEXT *context, size_t *n, uint8_t *answer,
                           int32_t timeout) {
    struct bus *b = BUS(context);
    if (b->is_dead) return TSS2_TCTI_RC_IO_ERROR;
    if (b->is_answer_made == 1) {
        const uint8_t busy[10] = {0x80,
                                  0x01,
                                  0,
                                  0,
                                  0,
                                  10,
                                  (uint8_t)(b->busy_rc >> 24),
                                  (uint8_t)(b->busy_rc >> 16),
                                  (uint8_t)(b->busy_rc >> 8),
                                  (uint8_t)b->busy_rc};
        if (answer) memcpy(answer, busy, sizeof busy);
        *n = sizeof busy;
        return TSS2_RC_SUCCESS;
    }
    TSS2_RC rc = Tss2_Tcti_Receive(b->wire, n, answer, timeout);
    if (rc != TSS2_RC_SUCCESS || !answer) return rc;
    see(b, answer, *n);
    if (b->is_answer_made == 2) answer[b->flip_at / 8 % *n] ^= (uint8_t)(1u << b->flip_at % 8);
    b->is_answer_made = 0;
    return rc;
}

static void bus_finalize(TSS2_TCTI_CONTEXT *context) { (void)context; }
static TSS2_RC bus_cancel(TSS2_TCTI_CONTEXT *context) {
    (void)context;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static void bus_connect(struct swtpm *t) {
    char name[64];
    swtpm_name(t, name, sizeof name);
    t->bus.head.magic = 1;
    t->bus.head.version = 1;
    t->bus.head.transmit = bus_transmit;
    t->bus.head.receive = bus_receive;
    t->bus.head.finalize = bus_finalize;
    t->bus.head.cancel = bus_cancel;
    assert_int_equal(Tss2_TctiLdr_Initialize(name, &t->bus.wire), TSS2_RC_SUCCESS);
}

/* ---- Up and down -------------------------------------------------------------------------- */

void swtpm_name(const struct swtpm *t, char *name, size_t cap) {
    snprintf(name, cap, "swtpm:host=127.0.0.1,port=%u", t->port);
}

void swtpm_make(struct swtpm *t) {
    memset(t, 0, sizeof *t);
    (void)setenv("TSS2_LOG", "all+none", 1); /* libtss2 else tells each failure on its own */
    snprintf(t->dir, sizeof t->dir, "/tmp/sotto-tpm-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    start(t);
    bus_connect(t);
}

void swtpm_free(struct swtpm *t) {
    if (t->bus.wire) Tss2_TctiLdr_Finalize(&t->bus.wire);
    stop(t);
    free(t->bus.seen);
    folder_remove(t->dir);
}

uint32_t swtpm_send(struct swtpm *t, const void *command, size_t n, void *answer,
                    size_t *answer_n) {
    uint8_t scratch[4096] = {0};
    size_t scratch_n = sizeof scratch;
    assert_int_equal(Tss2_Tcti_Transmit(t->bus.wire, n, command), TSS2_RC_SUCCESS);
    assert_int_equal(Tss2_Tcti_Receive(t->bus.wire, &scratch_n, scratch, TSS2_TCTI_TIMEOUT_BLOCK),
                     TSS2_RC_SUCCESS);
    assert_true(scratch_n >= 10);
    if (answer) {
        assert_true(scratch_n <= *answer_n);
        memcpy(answer, scratch, scratch_n);
        *answer_n = scratch_n;
    }
    return (uint32_t)scratch[6] << 24 | (uint32_t)scratch[7] << 16 | (uint32_t)scratch[8] << 8 |
           scratch[9];
}

static void bus_mend(struct bus *b) {
    b->fault = 0;
    b->at = b->times = 0;
    b->is_dead = b->is_answer_made = 0;
}

void swtpm_power_cycle(struct swtpm *t) {
    static const uint8_t init[8] = {0, 0, 0, 2, 0, 0, 0, 0};
    static const uint8_t startup[12] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0};
    uint8_t answer[4];
    int fd = port_open((uint16_t)(t->port + 1), 0);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, init, sizeof init), sizeof init);
    assert_int_equal(read(fd, answer, sizeof answer), sizeof answer);
    close(fd);
    assert_memory_equal(answer, "\0\0\0\0", 4);
    bus_mend(&t->bus);
    assert_int_equal(swtpm_send(t, startup, sizeof startup, NULL, NULL), 0);
}

void swtpm_kill_and_restart(struct swtpm *t) {
    Tss2_TctiLdr_Finalize(&t->bus.wire);
    stop(t);
    start(t);
    bus_connect(t);
    bus_mend(&t->bus);
}
