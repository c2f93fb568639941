/* sotto_linux.h: the port of a Linux device.
 *
 * Fills a struct sotto_port with the kernel's clocks, getrandom, checked memory maps and a
 * keystore of ordinary files. The banner stays the caller's: set port.banner_show and read what
 * port.ctx means below. Copyright 2026 the Sotto authors. Apache-2.0. */
#ifndef SOTTO_LINUX_H
#define SOTTO_LINUX_H

#include "sotto.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The longest path of the key directory or the vault, with its NUL. */
#define SOTTO_LINUX_PATH_BYTES 512

/* What the port needs to remember; port.ctx points to it. Owned by the caller, must not move and
 * must outlive the engine; needs no release. */
struct sotto_linux {
    char key_dir[SOTTO_LINUX_PATH_BYTES];
    char vault_path[SOTTO_LINUX_PATH_BYTES];
    void *user; /* the caller's, for its banner hook: ((struct sotto_linux *)ctx)->user */
};

/* Fills *port from the parts below and zeroes the rest (no banner hook, no hardware counter).
 *
 * `key_dir` holds device.key (32 bytes, made once), slot-0.key and slot-1.key (16 KiB); it is made
 * with mode 0700 if missing. The keystore refuses a directory or file that anyone but root and
 * this user owns or that others may read, with SOTTO_E_KEY. It claims SOTTO_KEYS_SOFT and erases
 * with SOTTO_ASSURANCE_LOGICAL: against a stolen SD card files on the same card are obfuscation,
 * and policies refuse it unless they say `soft-keys = allow`. NULL: no key store; fill the key
 * callbacks with another's before sotto_open, as sotto_tpm_keys (libsotto-tpm) does.
 *
 * `vault_path` is the vault's file, made empty with mode 0600 if its directory exists; a path that
 * cannot be made is left to sotto_open to report, so that a device with broken storage still
 * serves. NULL keeps everything in RAM; a key store is required all the same, for the device
 * secret.
 *
 * The process is made undumpable (PR_SET_DUMPABLE, RLIMIT_CORE): no core dump, and no debugger or
 * reader of /proc/PID/mem of the same user. sotto_linux_allow_dumps takes that back.
 *
 * SOTTO_E_ARGUMENT for a too long path, SOTTO_E_KEY or SOTTO_E_IO for a key directory
 * that cannot be used. `err` may be NULL. On failure *port is zeroed. */
SOTTO_API SOTTO_MUST_CHECK int sotto_linux_port(struct sotto_linux *device, const char *key_dir,
                                                const char *vault_path, struct sotto_port *port,
                                                struct sotto_error *err);

/* For a developer's desk: lets this process be dumped and debugged again. Call it after
 * sotto_linux_port. The library's own arenas stay out of dumps all the same; what it has handed to
 * you does not. `err` may be NULL. */
SOTTO_API SOTTO_MUST_CHECK int sotto_linux_allow_dumps(struct sotto_error *err);

#ifdef __cplusplus
}
#endif
#endif
