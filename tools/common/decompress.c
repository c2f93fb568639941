/* decompress: see decompress.h. */
#include "tools/common/decompress.h"

#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "base/base.h"

#define IN_BYTES            (256u << 10)
#define XZ_MEMORY_MAX       (256u << 20)
#define ZSTD_WINDOW_LOG_MAX 27 /* 128 MiB, zstd's own default for the decoder */

enum kind { PLAIN, XZ, ZST };

struct stream {
    const char *path;
    FILE *file;
    enum kind kind;
    uint64_t read; /* compressed bytes taken from the file */
    uint64_t size; /* of the file, 0 if not known */
    size_t in_at, in_n;
    int is_file_done, is_done, is_mid_frame;
    lzma_stream xz;
    ZSTD_DStream *zst;
    uint8_t in[IN_BYTES];
};

static int damaged(const struct stream *s, const char *what, struct sotto_error *err) {
    return fail(err, SOTTO_E_FORMAT, "%s: %s near byte %llu; fetch or compress the file again",
                s->path, what, (unsigned long long)(s->read - (s->in_n - s->in_at)));
}

static int refill(struct stream *s, struct sotto_error *err) {
    if (s->in_at < s->in_n || s->is_file_done) return SOTTO_OK;
    s->in_n = fread(s->in, 1, sizeof s->in, s->file);
    s->in_at = 0;
    s->read += s->in_n;
    if (s->in_n == 0 && ferror(s->file))
        return fail(err, SOTTO_E_IO, "%s cannot be read: %s", s->path, strerror(errno));
    s->is_file_done = s->in_n == 0;
    return SOTTO_OK;
}

static int start_decoder(struct stream *s, struct sotto_error *err) {
    if (s->kind == XZ) {
        s->xz = (lzma_stream)LZMA_STREAM_INIT;
        if (lzma_stream_decoder(&s->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
            return fail(err, SOTTO_E_MEMORY, "%s: no memory for the xz decoder", s->path);
    } else if (s->kind == ZST) {
        s->zst = ZSTD_createDStream();
        if (!s->zst ||
            ZSTD_isError(ZSTD_DCtx_setParameter(s->zst, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
            return fail(err, SOTTO_E_MEMORY, "%s: no memory for the zstd decoder", s->path);
    }
    return SOTTO_OK;
}

struct stream *stream_open(const char *path, struct sotto_error *err) {
    static const uint8_t xz[] = {0xfd, '7', 'z', 'X', 'Z', 0}, zst[] = {0x28, 0xb5, 0x2f, 0xfd};
    struct stream *s = calloc(1, sizeof *s);
    if (!s) {
        fail(err, SOTTO_E_MEMORY, "no memory to read %s", path);
        return NULL;
    }
    s->path = path;
    s->file = fopen(path, "rb");
    if (!s->file) {
        fail(err, SOTTO_E_IO, "%s cannot be opened: %s", path, strerror(errno));
        stream_close(s);
        return NULL;
    }
    struct stat st;
    if (fstat(fileno(s->file), &st) == 0 && S_ISREG(st.st_mode)) s->size = (uint64_t)st.st_size;
    int status = refill(s, err);
    if (s->in_n >= sizeof xz && memcmp(s->in, xz, sizeof xz) == 0) s->kind = XZ;
    if (s->in_n >= sizeof zst && memcmp(s->in, zst, sizeof zst) == 0) s->kind = ZST;
    if (status == SOTTO_OK) status = start_decoder(s, err);
    if (status == SOTTO_OK) return s;
    stream_close(s);
    return NULL;
}

static int read_xz(struct stream *s, uint8_t *buf, size_t cap, size_t *n, struct sotto_error *err) {
    s->xz.next_out = buf;
    s->xz.avail_out = cap;
    while (s->xz.avail_out == cap && !s->is_done) {
        int status = refill(s, err);
        if (status != SOTTO_OK) return status;
        s->xz.next_in = s->in + s->in_at;
        s->xz.avail_in = s->in_n - s->in_at;
        lzma_ret rc = lzma_code(&s->xz, s->is_file_done ? LZMA_FINISH : LZMA_RUN);
        s->in_at = s->in_n - s->xz.avail_in;
        if (rc == LZMA_STREAM_END)
            s->is_done = 1;
        else if (rc == LZMA_BUF_ERROR)
            return damaged(s, "the xz data end too early", err);
        else if (rc == LZMA_MEMLIMIT_ERROR || rc == LZMA_MEM_ERROR)
            return fail(err, SOTTO_E_MEMORY, "%s needs more than %u MiB to decompress; use xz -6",
                        s->path, XZ_MEMORY_MAX >> 20);
        else if (rc != LZMA_OK)
            return damaged(s, "the xz data are damaged", err);
    }
    *n = cap - s->xz.avail_out;
    return SOTTO_OK;
}

static int read_zst(struct stream *s, uint8_t *buf, size_t cap, size_t *n,
                    struct sotto_error *err) {
    ZSTD_outBuffer out = {buf, cap, 0};
    while (out.pos == 0) {
        int status = refill(s, err);
        if (status != SOTTO_OK) return status;
        if (s->is_file_done) {
            if (s->is_mid_frame) return damaged(s, "the zstd data end too early", err);
            break;
        }
        ZSTD_inBuffer in = {s->in, s->in_n, s->in_at};
        size_t rc = ZSTD_decompressStream(s->zst, &out, &in);
        s->in_at = in.pos;
        if (ZSTD_isError(rc)) return damaged(s, "the zstd data are damaged", err);
        s->is_mid_frame = rc != 0;
    }
    *n = out.pos;
    return SOTTO_OK;
}

int stream_read(struct stream *s, void *buf, size_t cap, size_t *n, struct sotto_error *err) {
    *n = 0;
    if (s->kind == XZ) return read_xz(s, buf, cap, n, err);
    if (s->kind == ZST) return read_zst(s, buf, cap, n, err);
    int status = refill(s, err);
    if (status != SOTTO_OK) return status;
    *n = s->in_n - s->in_at < cap ? s->in_n - s->in_at : cap;
    memcpy(buf, s->in + s->in_at, *n);
    s->in_at += *n;
    return SOTTO_OK;
}

void stream_progress(const struct stream *s, uint64_t *done, uint64_t *total) {
    *done = s->read;
    *total = s->size;
}

void stream_close(struct stream *s) {
    if (!s) return;
    if (s->kind == XZ) lzma_end(&s->xz);
    ZSTD_freeDStream(s->zst);
    if (s->file) fclose(s->file);
    free(s);
}
