/* spy: see spy.h. */
#include "tests/canary/spy.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

uint64_t spy_buffers, spy_hits;

static uint8_t secrets[SPY_SECRETS_MAX][SPY_BYTES];
static uint8_t begins_one[1 << 16]; /* by the first two bytes: whether a secret begins so */
static unsigned n_secrets;

static unsigned beginning(const uint8_t *p) { return (unsigned)p[0] << 8 | p[1]; }

void spy_add(const void *secret) {
    if (n_secrets == SPY_SECRETS_MAX) abort();
    memcpy(secrets[n_secrets++], secret, SPY_BYTES);
    begins_one[beginning(secret)] = 1;
}

void spy_forget(void) {
    memset(secrets, 0, sizeof secrets);
    memset(begins_one, 0, sizeof begins_one);
    n_secrets = 0;
    spy_buffers = spy_hits = 0;
}

/* The table above is no trace of its own. */
static int is_in_table(const uint8_t *p) {
    return p >= secrets[0] && p < secrets[SPY_SECRETS_MAX - 1] + SPY_BYTES;
}

unsigned spy_count(const void *bytes, size_t n) {
    const uint8_t *p = bytes;
    uint8_t is_found[SPY_SECRETS_MAX] = {0};
    unsigned found = 0;
    for (size_t at = 0; at + SPY_BYTES <= n; at++) {
        if (!begins_one[beginning(p + at)] || is_in_table(p + at)) continue;
        for (unsigned i = 0; i < n_secrets; i++)
            if (memcmp(p + at, secrets[i], SPY_BYTES) == 0) is_found[i] = 1;
    }
    for (unsigned i = 0; i < n_secrets; i++) found += is_found[i];
    return found;
}

static void look(const void *bytes, size_t n) {
    if (n_secrets == 0) return;
    spy_buffers++;
    spy_hits += spy_count(bytes, n) > 0;
}

static void look_at_all(const struct iovec *v, int n) {
    for (int i = 0; i < n; i++) look(v[i].iov_base, v[i].iov_len);
}

/* libc's own. ISO C has no cast from dlsym's result, POSIX asks for this one. */
static void *next(const char *name) {
    void *f = dlsym(RTLD_NEXT, name);
    if (!f) abort();
    return f;
}

/* One definition a symbol: headers rename some of these with 64-bit offsets, so each is named here
 * by hand. */
#define SYMBOL(name) __asm__(name) __attribute__((visibility("default")))

ssize_t spy_write(int fd, const void *p, size_t n) SYMBOL("write");
ssize_t spy_write(int fd, const void *p, size_t n) {
    ssize_t (*real)(int, const void *, size_t);
    *(void **)&real = next("write");
    look(p, n);
    return real(fd, p, n);
}

ssize_t spy_pwrite(int fd, const void *p, size_t n, long at) SYMBOL("pwrite");
ssize_t spy_pwrite(int fd, const void *p, size_t n, long at) {
    ssize_t (*real)(int, const void *, size_t, long);
    *(void **)&real = next("pwrite");
    look(p, n);
    return real(fd, p, n, at);
}

ssize_t spy_pwrite64(int fd, const void *p, size_t n, int64_t at) SYMBOL("pwrite64");
ssize_t spy_pwrite64(int fd, const void *p, size_t n, int64_t at) {
    ssize_t (*real)(int, const void *, size_t, int64_t);
    *(void **)&real = next("pwrite64");
    look(p, n);
    return real(fd, p, n, at);
}

ssize_t spy_writev(int fd, const struct iovec *v, int n) SYMBOL("writev");
ssize_t spy_writev(int fd, const struct iovec *v, int n) {
    ssize_t (*real)(int, const struct iovec *, int);
    *(void **)&real = next("writev");
    look_at_all(v, n);
    return real(fd, v, n);
}

ssize_t spy_pwritev64(int fd, const struct iovec *v, int n, int64_t at) SYMBOL("pwritev64");
ssize_t spy_pwritev64(int fd, const struct iovec *v, int n, int64_t at) {
    ssize_t (*real)(int, const struct iovec *, int, int64_t);
    *(void **)&real = next("pwritev64");
    look_at_all(v, n);
    return real(fd, v, n, at);
}

ssize_t spy_send(int fd, const void *p, size_t n, int flags) SYMBOL("send");
ssize_t spy_send(int fd, const void *p, size_t n, int flags) {
    ssize_t (*real)(int, const void *, size_t, int);
    *(void **)&real = next("send");
    look(p, n);
    return real(fd, p, n, flags);
}

ssize_t spy_sendto(int fd, const void *p, size_t n, int flags, const void *to, socklen_t to_n)
    SYMBOL("sendto");
ssize_t spy_sendto(int fd, const void *p, size_t n, int flags, const void *to, socklen_t to_n) {
    ssize_t (*real)(int, const void *, size_t, int, const void *, socklen_t);
    *(void **)&real = next("sendto");
    look(p, n);
    return real(fd, p, n, flags, to, to_n);
}

ssize_t spy_sendmsg(int fd, const struct msghdr *m, int flags) SYMBOL("sendmsg");
ssize_t spy_sendmsg(int fd, const struct msghdr *m, int flags) {
    ssize_t (*real)(int, const struct msghdr *, int);
    *(void **)&real = next("sendmsg");
    look_at_all(m->msg_iov, (int)m->msg_iovlen);
    return real(fd, m, flags);
}

/* Nothing of Sotto logs: whatever comes here counts as a secret. */
void spy_syslog(int priority, const char *format, ...) SYMBOL("syslog");
void spy_syslog(int priority, const char *format, ...) {
    (void)priority, (void)format;
    spy_buffers++;
    spy_hits++;
}

void spy_syslog_chk(int priority, int flag, const char *format, ...) SYMBOL("__syslog_chk");
void spy_syslog_chk(int priority, int flag, const char *format, ...) {
    (void)priority, (void)flag, (void)format;
    spy_buffers++;
    spy_hits++;
}
