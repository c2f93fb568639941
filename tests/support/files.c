#include "files.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void scratch_make(char dir[64]) {
    memcpy(dir, "/tmp/sotto-test-XXXXXX", sizeof "/tmp/sotto-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

void scratch_free(const char *dir) { nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS); }

const char *scratch_file(const char *dir, const char *name, const void *bytes, size_t n) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

const char *scratch_text(const char *dir, const char *name, const char *text) {
    return scratch_file(dir, name, text, strlen(text));
}
