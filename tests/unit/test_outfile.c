/* Text appears under its name whole or not at all. */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/pack_tool.h"
#include "tools/common/outfile.h"

static const char *content_of(const char *path) {
    static char copy[64];
    char *text = pack_tool_read(path);
    snprintf(copy, sizeof copy, "%s", text);
    free(text);
    return copy;
}

static void what_stood_there_stays_until_the_new_text_is_complete(void **state) {
    struct pack_tool *t = *state;
    struct outfile o;
    const char *path = pack_tool_write(t, "page", "old");

    fputs("half", outfile_open(&o, path));
    fflush(o.to);
    assert_string_equal(content_of(path), "old");
    assert_int_equal(outfile_close(&o, 0), 0); /* given up */
    assert_string_equal(content_of(path), "old");
    fputs("new", outfile_open(&o, path));
    assert_int_equal(outfile_close(&o, 1), 0);

    assert_string_equal(content_of(path), "new");
    assert_int_equal(pack_tool_count(t), 1);
}

/* A file size limit stands in for a full disk: the same error comes from write(2). */
static void full_disk_leaves_the_old_text_and_nothing_else(void **state) {
    struct pack_tool *t = *state;
    struct outfile o;
    struct rlimit was, tight;
    const char *path = pack_tool_write(t, "page", "old");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    tight = was;
    tight.rlim_cur = 1000;
    FILE *to = outfile_open(&o, path);
    assert_non_null(to);

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (int i = 0; i < 100000; i++) fputc('x', to);
    int rc = outfile_close(&o, 1), why = errno;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);

    assert_int_equal(rc, -1);
    assert_int_equal(why, EFBIG);
    assert_string_equal(content_of(path), "old");
    assert_int_equal(pack_tool_count(t), 1);
}

static void links_are_followed_and_pipes_written_to_in_place(void **state) {
    struct pack_tool *t = *state;
    struct outfile o;
    struct stat st;
    const char *file = pack_tool_write(t, "file", "old"), *link = pack_tool_path(t, "link"),
               *pipe = pack_tool_path(t, "pipe");
    char got[8] = "";
    assert_int_equal(symlink(file, link), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    int reader = open(pipe, O_RDONLY | O_NONBLOCK); /* else the writer would wait for one */
    assert_true(reader >= 0);
    assert_int_equal(chmod(file, 0640), 0);

    fputs("new", outfile_open(&o, link));
    assert_int_equal(outfile_close(&o, 1), 0);
    assert_int_equal(outfile_check(pipe), 0);
    fputs("through", outfile_open(&o, pipe));
    assert_int_equal(outfile_close(&o, 1), 0);

    assert_true(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    assert_true(lstat(pipe, &st) == 0 && S_ISFIFO(st.st_mode));
    assert_int_equal(read(reader, got, 7), 7);
    assert_string_equal(got, "through");
    close(reader);
    assert_string_equal(content_of(file), "new");
    assert_true(stat(file, &st) == 0 && (st.st_mode & 0777) == 0640);
}

static void what_cannot_be_made_says_why(void **state) {
    struct pack_tool *t = *state;
    struct outfile o;

    assert_null(outfile_open(&o, pack_tool_path(t, "no/such/page")));
    assert_int_equal(errno, ENOENT);
    assert_null(outfile_open(&o, t->folder));
    assert_int_equal(errno, EISDIR);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, pack_tool_setup, pack_tool_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_stood_there_stays_until_the_new_text_is_complete),
        IN_FOLDER(full_disk_leaves_the_old_text_and_nothing_else),
        IN_FOLDER(links_are_followed_and_pipes_written_to_in_place),
        IN_FOLDER(what_cannot_be_made_says_why),
    };
    return cmocka_run_group_tests_name("outfile", tests, NULL, NULL);
}
