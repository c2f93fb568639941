/* receipt: the records from which receipts of erasures are made. Owns VAULT_SYSTEM, slot 1: seq 0
 * what an erasure that is not finished has done, written in the transaction that makes it certain;
 * seq = number the body of a finished one, written with the audit line of its key's end. Thus a
 * power cut loses neither. Called by erase.c. */
#ifndef SOTTO_VAULT_RECEIPT_H
#define SOTTO_VAULT_RECEIPT_H

#include "vault/receipt_format.h"

struct vault;

/* Within the open transaction: what it destroys. Of *r: purposes (0: a rotation, which is owed its
 * line in the log and no receipt), why, profiles, records; time_s is filled in. */
int receipt_begin(struct vault *v, struct sotto_receipt *r, struct sotto_error *err) MUST_CHECK;
/* What receipt_begin wrote. SOTTO_E_NOT_FOUND, which leaves *err alone, when no erasure is under
 * way. */
int receipt_begun(struct vault *v, struct sotto_receipt *r, struct sotto_error *err) MUST_CHECK;
/* Within the open transaction, behind the audit lines of the erasure: fills in number, epoch, place
 * in the log and what came before, and stores it. */
int receipt_finish(struct vault *v, struct sotto_receipt *r, struct sotto_error *err) MUST_CHECK;
/* That the keys of a vault were destroyed which could not be read, and so cannot be written to
 * either: in memory, with number SOTTO_RECEIPT_UNREAD and no place in any log. */
void receipt_unread(struct vault *v, struct sotto_receipt *r);

#endif
