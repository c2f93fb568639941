/* spy: looks for secrets in every buffer that this process, or a library in it, gives to the
 * kernel. A program that links this has write, pwrite, writev, pwritev, send, sendto, sendmsg and
 * syslog of its own, which look and then do what libc does. (What stdio writes libc passes on
 * inside itself: look into the files.) */
#ifndef SOTTO_TEST_SPY_H
#define SOTTO_TEST_SPY_H

#include <stddef.h>
#include <stdint.h>

/* What is looked for: the first SPY_BYTES of each secret. */
enum { SPY_BYTES = 12, SPY_SECRETS_MAX = 256 };

/* Adds a secret of SPY_BYTES or more. */
void spy_add(const void *secret);
void spy_forget(void);
/* How many buffers were seen, and how many of them held a secret, since spy_forget. */
extern uint64_t spy_buffers, spy_hits;

/* How many secrets the bytes hold. */
unsigned spy_count(const void *bytes, size_t n);

#endif
