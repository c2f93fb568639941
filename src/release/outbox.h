/* outbox: reports in their final bytes, and when they may leave. Owns the records of class
 * VAULT_OUTBOX (slot = metric, seq = window); promises that a byte is handed out only once it is
 * durable and its moment, fixed by schedule.h before there was anything to tell, has come. Called
 * by release.c. */
#ifndef SOTTO_OUTBOX_H
#define SOTTO_OUTBOX_H

#include "release/ledger.h"
#include "sotto_report.h"

/* Stores a report's bytes; within the transaction that pays for them. */
int outbox_put(struct vault *vault, uint32_t metric, uint32_t window, const uint8_t *bytes,
               size_t n, struct sotto_error *err) MUST_CHECK;

/* The stored bytes of a window: SOTTO_E_NOT_FOUND, which leaves *err alone, where there are none;
 * SOTTO_PENDING with *n 0 where they may not leave at `now_s`. */
int outbox_get(struct vault *vault, uint32_t metric, uint32_t window, int64_t now_s, uint8_t *buf,
               size_t cap, size_t *n, struct sotto_error *err) MUST_CHECK;

/* SOTTO_E_LIMIT, with its sentence: a caller's buffer has no room for a report of n bytes. */
int outbox_too_small(size_t n, struct sotto_error *err) MUST_CHECK;

#endif
