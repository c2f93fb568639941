/* lists: words, one after the other; bounded memory, whatever a line's length. See lists.h. */
#include "tools/common/lists.h"

#include <stdio.h>
#include <sys/stat.h>

#include "tools/common/cli.h"
#include "tools/common/decompress.h"

enum { BUFFER_BYTES = 1 << 16 };

enum dataset_format lists_or_table(const char *path) {
    static char text[BUFFER_BYTES];
    struct sotto_error ignored;
    struct stat st;
    size_t n = 0, got = 1;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return DATASET_TABLE;
    struct stream *s = stream_open(path, &ignored);
    if (!s) return DATASET_TABLE;
    while (n < sizeof text && got > 0 && !memchr(text, '\n', n)) {
        if (stream_read(s, text + n, sizeof text - n, &got, &ignored) != SOTTO_OK) break;
        n += got;
    }
    stream_close(s);
    const char *end = memchr(text, '\n', n);
    size_t line = end ? (size_t)(end - text) : n;
    for (size_t i = 0; i < line; i++)
        if (strchr(",;\t", text[i]) && text[i]) return DATASET_TABLE;
    return memchr(text, ' ', line) ? DATASET_LISTS : DATASET_TABLE;
}

struct reading {
    struct lines *lines;
    struct dataset_quality *quality;
    char word[SOTTO_ITEM_ID_MAX + 1];
    size_t n;            /* bytes of the word so far, also of one that is too long */
    uint64_t number;     /* of the line */
    uint32_t user;       /* DATASET_NONE until its word is there */
    uint32_t items;      /* of the line */
    const char *problem; /* of the line */
};

static int end_word(struct reading *g, struct sotto_error *err) {
    if (g->n == 0) return SOTTO_OK;
    size_t n = g->n;
    g->n = 0;
    if (n > SOTTO_ITEM_ID_MAX) {
        g->problem = "an id is longer than 63 bytes";
        return SOTTO_OK;
    }
    g->word[n] = '\0';
    if (!utf8_is_printable(g->word, n)) {
        g->problem = "it is not UTF-8";
        return SOTTO_OK;
    }
    int is_user = g->user == DATASET_NONE;
    uint32_t number = intern(is_user ? &g->lines->customers : &g->lines->items, g->word);
    uint32_t basket = is_user ? intern(&g->lines->baskets, g->word) : g->user;
    struct line *line = is_user ? NULL : lines_add(g->lines);
    if (number == INTERN_FAILED || basket == INTERN_FAILED || (!is_user && !line))
        return fail(err, SOTTO_E_MEMORY, "no memory for line %llu", (unsigned long long)g->number);
    if (is_user) {
        g->user = number; /* customers and baskets are numbered alike */
        return SOTTO_OK;
    }
    *line = (struct line){.number = g->number,
                          .basket = g->user,
                          .item = number,
                          .customer = g->user,
                          .title = DATASET_NONE,
                          .category = DATASET_NONE};
    g->lines->n++;
    g->items++;
    g->quality->lines++;
    return SOTTO_OK;
}

/* A line that is bad leaves nothing behind. */
static void end_line(struct reading *g, size_t *first) {
    if (!g->problem && g->user != DATASET_NONE && g->items == 0) g->quality->missing_ids++;
    if (g->problem) {
        g->quality->lines -= g->lines->n - *first;
        g->quality->lines++;
        g->lines->n = *first;
        lines_count_bad(g->quality, g->number, g->problem);
    }
    *first = g->lines->n;
    g->user = DATASET_NONE;
    g->items = 0;
    g->problem = NULL;
    g->number++;
}

static int take(struct reading *g, const char *text, size_t n, size_t *first,
                struct sotto_error *err) {
    int status = SOTTO_OK;
    for (size_t i = 0; i < n && status == SOTTO_OK; i++) {
        char ch = text[i];
        if (ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n') {
            status = end_word(g, err);
            if (ch == '\n' && status == SOTTO_OK) end_line(g, first);
        } else {
            if (g->n < SOTTO_ITEM_ID_MAX) g->word[g->n] = ch;
            g->n++;
        }
    }
    return status;
}

int lists_read(struct lines *lines, const char *path, const struct dataset_options *options,
               struct dataset_quality *quality, struct sotto_error *err) {
    static char buffer[BUFFER_BYTES];
    struct reading g = {.lines = lines, .quality = quality, .number = 1, .user = DATASET_NONE};
    struct hash_stream hash;
    struct cli_progress progress;
    uint64_t done, total;
    size_t got = 1, first = 0;
    struct stream *s = stream_open(path, err);
    if (!s) return err->status;
    hash_stream_begin(&hash);
    stream_progress(s, &done, &total);
    cli_progress_begin(&progress, "reading", options->show_progress ? total : 0);
    int status = SOTTO_OK;
    while (status == SOTTO_OK && got > 0) {
        status = stream_read(s, buffer, sizeof buffer, &got, err);
        if (status != SOTTO_OK) break;
        hash_stream_add(&hash, buffer, got);
        status = take(&g, buffer, got, &first, err);
        stream_progress(s, &done, &total);
        cli_progress_to(&progress, done);
    }
    if (status == SOTTO_OK) status = end_word(&g, err);
    if (status == SOTTO_OK) end_line(&g, &first);
    hash_stream_end(&hash, quality->hash);
    cli_progress_end(&progress);
    stream_close(s);
    return status;
}
