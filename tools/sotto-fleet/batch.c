/* batch: see batch.h. */
#include "tools/sotto-fleet/batch.h"

#include <unistd.h>

/* What every report begins and ends with: src/FORMAT.md section 2. */
static const uint8_t head[] = {0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0};
#define TAIL_BYTES (2 + SIGN_BYTES) /* 58 40 and the signature */
#define AHEAD      ((size_t)2 * SOTTO_REPORT_MAX + sizeof head)

void batch_begin(struct batch *b, int fd) {
    b->fd = fd;
    b->offset = 0;
    b->from = b->to = 0;
    b->is_end = b->has_failed = 0;
}

/* Makes AHEAD bytes readable, or all that are left. */
static void fill(struct batch *b) {
    if (b->to - b->from >= AHEAD || b->is_end) return;
    memmove(b->buf, b->buf + b->from, b->to - b->from);
    b->to -= b->from;
    b->from = 0;
    while (b->to < sizeof b->buf) {
        ssize_t got = read(b->fd, b->buf + b->to, sizeof b->buf - b->to);
        if (got <= 0) {
            b->is_end = 1;
            b->has_failed = got < 0;
            break;
        }
        b->to += (size_t)got;
    }
}

static int is_head(const struct batch *b, size_t at) {
    return b->to - at >= sizeof head && memcmp(b->buf + at, head, sizeof head) == 0;
}

/* The first place from `at` to before `end` where a report may begin; `end` when there is none. */
static size_t find_head(const struct batch *b, size_t at, size_t end) {
    for (; at < end; at++)
        if (is_head(b, at)) return at;
    return end;
}

/* How long the report at b->from is by its own account; 0 when it is none or is cut off. */
static size_t report_bytes(const struct batch *b) {
    const uint8_t *p = b->buf + b->from;
    size_t have = b->to - b->from, n = sizeof head, payload;
    if (!is_head(b, b->from) || have < n + 3) return 0;
    if (p[n] == 0x58) {
        payload = p[n + 1];
        n += 2;
    } else if (p[n] == 0x59) {
        payload = (size_t)p[n + 1] << 8 | p[n + 2];
        n += 3;
    } else {
        return 0;
    }
    n += payload + TAIL_BYTES;
    if (n > SOTTO_REPORT_MAX || n > have) return 0;
    return p[n - TAIL_BYTES] == 0x58 && p[n - TAIL_BYTES + 1] == SIGN_BYTES ? n : 0;
}

static void take(struct batch *b, size_t n) {
    b->from += n;
    b->offset += n;
}

/* Adds the next n bytes to a damaged stretch. */
static void keep(struct batch *b, struct batch_piece *piece, struct hash_stream *hash, size_t n) {
    size_t room = sizeof b->kept - piece->n, kept = n < room ? n : room;
    hash_stream_add(hash, b->buf + b->from, n);
    memcpy(b->kept + piece->n, b->buf + b->from, kept);
    piece->n += kept;
    piece->length += n;
    take(b, n);
}

/* Everything up to the next head; one right here has already been judged. */
static void damaged(struct batch *b, struct batch_piece *piece) {
    struct hash_stream hash;
    hash_stream_begin(&hash);
    *piece = (struct batch_piece){.offset = b->offset, .bytes = b->kept};
    for (size_t skip = 1; b->from < b->to; skip = 0) {
        size_t next = find_head(b, b->from + skip, b->to);
        int is_found = next < b->to;
        /* the last bytes may be the beginning of a head */
        if (!is_found && !b->is_end) next -= sizeof head - 1;
        keep(b, piece, &hash, next - b->from);
        if (is_found) break;
        fill(b);
    }
    hash_stream_end(&hash, piece->hash);
}

int batch_next(struct batch *b, struct batch_piece *piece) {
    fill(b);
    if (b->has_failed) return -1;
    if (b->from == b->to) return 0;
    size_t n = report_bytes(b);
    /* A report that was cut off claims the beginning of the next one for itself. */
    if (n && b->from + n != b->to && !is_head(b, b->from + n) &&
        find_head(b, b->from + 1, b->from + n) != b->from + n)
        n = 0;
    if (n) {
        *piece = (struct batch_piece){1, b->offset, n, b->buf + b->from, n, {0}};
        take(b, n);
        return 1;
    }
    damaged(b, piece);
    return b->has_failed ? -1 : 1;
}
