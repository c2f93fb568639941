/* crash: see crash.h. */
#include "tests/fault/crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/dice.h"

/* ---- Going through a record ---------------------------------------------------------------- */

void crash_begin(struct crash *c, const struct ops *ops, const struct image *before) {
    c->ops = ops;
    c->point = c->n_pending = 0;
    image_copy(&c->durable, before);
}

void crash_end(struct crash *c) { image_free(&c->durable); }

static const uint8_t *bytes_of(const struct crash *c, const struct op *op) {
    return c->ops->bytes + op->bytes;
}

static void apply(const struct crash *c, const struct op *op, struct image *to) {
    struct ram_file *f = &to->file[op->file];
    if (op->kind == OP_WRITE) file_put(f, bytes_of(c, op), op->n, (size_t)op->at);
    if (op->kind == OP_TRUNCATE) file_resize(f, (size_t)op->at);
    if (op->kind == OP_DELETE) file_resize(f, 0);
    f->exists = op->kind != OP_DELETE;
}

/* Whether the folder may not know the file yet: it is new, or its deletion is pending. */
static int is_new(const struct crash *c, unsigned file) {
    for (size_t i = 0; i < c->n_pending; i++)
        if (c->pending[i].op->kind == OP_DELETE && c->pending[i].op->file == file) return 1;
    return !c->durable.file[file].exists;
}

/* What is pending for `file` becomes durable: all of it, or only up to its last deletion, which a
 * sync of the folder settles. What a failed sync lost stays away. */
static void settle(struct crash *c, unsigned file, int is_folder_only) {
    size_t last = 0, kept = 0;
    for (size_t i = 0; i < c->n_pending; i++)
        if (c->pending[i].op->file == file &&
            (!is_folder_only || c->pending[i].op->kind == OP_DELETE))
            last = i + 1;
    for (size_t i = 0; i < c->n_pending; i++) {
        const struct unsynced p = c->pending[i];
        if (p.op->file != file || i >= last) {
            c->pending[kept++] = p;
        } else if (!p.is_lost) {
            apply(c, p.op, &c->durable);
        }
    }
    c->n_pending = kept;
}

static void sync_file(struct crash *c, const struct op *op) {
    if (op->n == 0) {
        /* The first sync of a new journal or log syncs the folder, and with it all entries. */
        for (unsigned i = 0; i < DISK_FILES && op->file != 0 && is_new(c, op->file); i++)
            if (i != op->file) settle(c, i, 1);
        settle(c, op->file, 0);
        c->durable.file[op->file].exists = 1;
        return;
    }
    for (size_t i = 0; i < c->n_pending; i++)
        if (c->pending[i].op->file == op->file) c->pending[i].is_lost = 1;
}

void crash_step(struct crash *c) {
    const struct op *op = &c->ops->op[c->point++];
    switch (op->kind) {
    case OP_WRITE:
    case OP_TRUNCATE:
    case OP_DELETE:
        if (c->n_pending == CRASH_PENDING_MAX) abort();
        c->pending[c->n_pending++] = (struct unsynced){op, 0};
        if (op->kind == OP_DELETE && op->n)
            for (unsigned i = 0; i < DISK_FILES; i++) settle(c, i, 1);
        break;
    case OP_SYNC: sync_file(c, op); break;
    case OP_SLOT_PUT:
        memcpy(c->durable.slot[op->file], bytes_of(c, op), op->n);
        c->durable.slot_n[op->file] = op->n;
        break;
    case OP_SLOT_DESTROY:
        memset(c->durable.slot[op->file], 0, SLOT_BYTES_MAX);
        c->durable.slot_n[op->file] = 0;
        break;
    case OP_COUNTER: c->durable.counter++; break;
    default: break; /* marks */
    }
}

int crash_is_point(const struct crash *c) {
    return c->point == 0 || c->ops->op[c->point - 1].kind < OP_COMMIT_BEGIN;
}

void crash_tell(const struct crash *c) {
    static const char *const names[] = {"write",    "truncate",     "sync",   "delete",
                                        "slot put", "slot destroy", "counter"};
    const size_t n_names = sizeof names / sizeof *names;
    static const char *const files[] = {"vault", "journal", "log"};
    for (size_t i = c->point > 24 ? c->point - 24 : 0; i < c->point; i++) {
        const struct op *op = &c->ops->op[i];
        int is_pending = 0;
        for (size_t k = 0; k < c->n_pending; k++) is_pending |= c->pending[k].op == op;
        if (op->kind >= OP_COMMIT_BEGIN)
            printf("%5zu %s %lld\n", i + 1,
                   op->kind == OP_COMMIT_BEGIN ? "commit begins, content"
                   : op->kind == OP_COMMIT_END ? "commit ends, status"
                                               : "step",
                   (long long)op->at);
        else
            printf("%5zu %s %s at %lld, %u bytes%s\n", i + 1,
                   op->kind < n_names ? names[op->kind] : "?",
                   op->kind <= OP_DELETE ? files[op->file]
                   : op->file            ? "1"
                                         : "0",
                   (long long)op->at, op->n, is_pending ? ", unsynced" : "");
    }
}

/* ---- What is left -------------------------------------------------------------------------- */

void crash_keep_all(const struct crash *c, struct image *to) {
    image_copy(to, &c->durable);
    for (size_t i = 0; i < c->n_pending; i++) apply(c, c->pending[i].op, to);
}

void crash_lose_all(const struct crash *c, struct image *to) { image_copy(to, &c->durable); }

void crash_keep_some(const struct crash *c, uint64_t mask, struct image *to) {
    int is_undone[DISK_FILES] = {0};
    image_copy(to, &c->durable);
    for (size_t i = 0; i < c->n_pending && i < 64; i++) {
        const struct unsynced *p = &c->pending[i];
        int is_kept = mask >> i & 1 && !p->is_lost;
        if (p->op->kind == OP_DELETE) is_undone[p->op->file] = !is_kept;
        /* Behind a deletion that never was they went to a file without a name. */
        if (is_kept && !is_undone[p->op->file]) apply(c, p->op, to);
    }
}

/* Sector by sector: new, old, or within the write noise. */
static void write_torn(const struct crash *c, const struct op *op, struct dice *d,
                       struct image *to) {
    const uint8_t *bytes = bytes_of(c, op);
    struct ram_file *f = &to->file[op->file];
    unsigned style = dice_below(d, 4);
    for (size_t i = 0; i < op->n;) {
        size_t at = (size_t)op->at + i, n = DISK_SECTOR - at % DISK_SECTOR;
        if (n > op->n - i) n = op->n - i;
        unsigned fate = dice_below(d, 8);
        if (fate < 4) {
            file_put(f, bytes + i, n, at);
        } else if (style == 1 && fate == 4) { /* garbage */
            uint8_t noise[DISK_SECTOR];
            for (size_t b = 0; b < n; b++) noise[b] = (uint8_t)dice_u64(d);
            file_put(f, noise, n, at);
        } else if (style == 2 && fate == 5) { /* torn within the sector */
            file_put(f, bytes + i, dice_below(d, (uint32_t)n + 1), at);
        } else if (style == 3 && fate == 6 && at + n > f->n) { /* grown, without its content */
            file_resize(f, at + n);
        }
        i += n;
    }
}

void crash_draw(const struct crash *c, uint64_t seed, struct image *to) {
    struct dice d = {seed};
    int is_undone[DISK_FILES] = {0};
    size_t old_size[DISK_FILES];
    unsigned keep = dice_below(&d, 9), torn = dice_below(&d, 5), stale = dice_below(&d, 6);
    image_copy(to, &c->durable);
    for (unsigned i = 0; i < DISK_FILES; i++) old_size[i] = to->file[i].n;
    for (size_t i = 0; i < c->n_pending; i++) {
        const struct unsynced *p = &c->pending[i];
        unsigned fate = dice_below(&d, 8);
        int is_kept = fate < keep && !p->is_lost;
        if (p->op->kind == OP_DELETE) {
            is_undone[p->op->file] = !is_kept;
            old_size[p->op->file] = 0;
        }
        if (is_undone[p->op->file] || p->is_lost) continue;
        if (p->op->kind == OP_WRITE && dice_below(&d, 5) < torn)
            write_torn(c, p->op, &d, to);
        else if (is_kept)
            apply(c, p->op, to);
    }
    /* The size of a file is written by another road than its content. */
    for (unsigned i = 0; i < DISK_FILES && stale == 0; i++)
        if (to->file[i].n > old_size[i]) file_resize(&to->file[i], old_size[i]);
}
