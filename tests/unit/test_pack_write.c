/* pack_write: containers are laid out as FORMAT.md says, and files appear whole or not at all. */
#include "tests/support/test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/support/make_pack.h"
#include "tests/support/pack_tool.h"
#include "tools/sotto-pack/pack_write.h"

static const struct pack_manifest manifest = {
    .role = PACK_MODEL,
    .version = 7,
    .not_after_s = 1900000000,
    .created_s = 1700000000,
    .min_engine = PACK_WRITE_MIN_ENGINE,
    .device_class = "kiosk",
};

static void same_input_gives_same_bytes_and_pack_parse_accepts_them(void **state) {
    (void)state;
    const struct pack_part parts[] = {{SECTION_INFO, "abc", 3},
                                      {SECTION_STRINGS, NULL, 0},
                                      {SECTION_CARD,
                                       "0123456789012345678901234567890123456789012"
                                       "345678901234567890123456789",
                                       70}};
    struct sotto_error err = {0};
    uint8_t *a, *b;
    size_t a_n, b_n;

    assert_int_equal(pack_build(&manifest, parts, 3, &a, &a_n, &err), SOTTO_OK);
    assert_int_equal(pack_build(&manifest, parts, 3, &b, &b_n, &err), SOTTO_OK);

    assert_int_equal(a_n, b_n);
    assert_memory_equal(a, b, a_n);
    struct pack pack = {.bytes = a, .n = a_n};
    assert_int_equal(pack_parse(&pack, "x", &err), SOTTO_OK);
    assert_int_equal(pack.version, 7);
    assert_int_equal(pack.not_after_s, 1900000000);
    assert_string_equal(pack.device_class, "kiosk");
    assert_int_equal(load64(a + 64), 1700000000);
    size_t n;
    assert_memory_equal(pack_section(&pack, SECTION_INFO, &n), "abc", 3);
    assert_int_equal(n, 3);
    free(a);
    free(b);
}

/* tests/support/make_pack.c was written from FORMAT.md without looking at ours. */
static void two_independent_writers_agree_byte_for_byte(void **state) {
    (void)state;
    const struct pack_part parts[] = {{SECTION_INFO, "first", 5}, {SECTION_CARD, "second", 6}};
    const struct make_section sections[] = {{SECTION_INFO, "first", 5},
                                            {SECTION_CARD, "second", 6}};
    const struct make_header header = {PACK_MODEL, 7, 1900000000, PACK_WRITE_MIN_ENGINE, "kiosk"};
    uint8_t *theirs = calloc(1, MAKE_PACK_MAX), *ours;
    size_t theirs_n = make_pack(theirs, &header, sections, 2), ours_n;
    struct sotto_error err = {0};

    assert_int_equal(pack_build(&manifest, parts, 2, &ours, &ours_n, &err), SOTTO_OK);

    assert_int_equal(ours_n, theirs_n);
    store64(ours + 64, load64(theirs + 64)); /* the time of creation is not in make_header */
    assert_memory_equal(ours, theirs, ours_n);
    free(ours);
    free(theirs);
}

static void what_no_device_would_read_is_not_built(void **state) {
    (void)state;
    const struct pack_part good[] = {{SECTION_INFO, "a", 1}},
                           twice[] = {{SECTION_INFO, "a", 1}, {SECTION_INFO, "a", 1}};
    struct pack_manifest zero = manifest, long_class = manifest, early = manifest;
    struct sotto_error err = {0};
    uint8_t *bytes;
    size_t n;
    zero.version = 0;
    long_class.device_class = "sixteen-bytes-xx";
    early.not_after_s = -1;

    assert_int_equal(pack_build(&zero, good, 1, &bytes, &n, &err), SOTTO_E_ARGUMENT);
    assert_int_equal(pack_build(&long_class, good, 1, &bytes, &n, &err), SOTTO_E_ARGUMENT);
    assert_int_equal(pack_build(&early, good, 1, &bytes, &n, &err), SOTTO_E_ARGUMENT);
    assert_int_equal(pack_build(&manifest, twice, 2, &bytes, &n, &err), SOTTO_E_ARGUMENT);
    assert_int_equal(pack_build(&manifest, good, 0, &bytes, &n, &err), SOTTO_E_ARGUMENT);
    assert_null(bytes);
}

static void replacing_keeps_the_old_file_on_failure_and_leaves_nothing_behind(void **state) {
    struct pack_tool *t = *state;
    struct sotto_error err = {0};
    const char *path = pack_tool_path(t, "file"), *missing = pack_tool_path(t, "no/such/file");
    assert_int_equal(packfile_replace(path, "old", 3, 0644, &err), SOTTO_OK);
    mkdir(pack_tool_path(t, "folder"), 0700);

    assert_int_equal(packfile_replace(path, "newer", 5, 0644, &err), SOTTO_OK);
    int to_missing = packfile_replace(missing, "x", 1, 0644, &err);
    int to_folder = packfile_replace(pack_tool_path(t, "folder"), "x", 1, 0644, &err);

    assert_int_equal(to_missing, SOTTO_E_IO);
    assert_int_equal(to_folder, SOTTO_E_IO);
    assert_non_null(strstr(err.message, "folder"));
    char *content = pack_tool_read(path);
    assert_string_equal(content, "newer");
    free(content);
    assert_int_equal(pack_tool_count(t), 2); /* file and folder: no temporary file is left */
}

static void links_pipes_and_devices_are_not_replaced(void **state) {
    struct pack_tool *t = *state;
    struct sotto_error err = {0};
    struct stat st;
    const char *file = pack_tool_write(t, "file", "kept"), *link = pack_tool_path(t, "link"),
               *pipe = pack_tool_path(t, "pipe");
    assert_int_equal(symlink(file, link), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);

    int to_link = packfile_replace(link, "new", 3, 0644, &err);
    assert_non_null(strstr(err.message, "link is a symbolic link"));
    int to_pipe = packfile_replace(pipe, "new", 3, 0644, &err);
    assert_non_null(strstr(err.message, "pipe is a pipe"));
    int to_device = packfile_check_out("/dev/null", NULL, 0, &err);

    assert_int_equal(to_link, SOTTO_E_IO);
    assert_int_equal(to_pipe, SOTTO_E_IO);
    assert_int_equal(to_device, SOTTO_E_IO);
    assert_true(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    assert_true(lstat(pipe, &st) == 0 && S_ISFIFO(st.st_mode));
    char *content = pack_tool_read(file);
    assert_string_equal(content, "kept");
    free(content);
    assert_int_equal(pack_tool_count(t), 3);
}

static void what_is_read_is_not_written_under_any_name(void **state) {
    struct pack_tool *t = *state;
    struct sotto_error err = {0};
    const char *input = pack_tool_write(t, "input.csv", "x"), *twin = pack_tool_path(t, "twin");
    const char *const inputs[] = {NULL, input};
    assert_int_equal(link(input, twin), 0);

    assert_int_equal(packfile_check_out(input, inputs, 2, &err), SOTTO_E_ARGUMENT);
    assert_non_null(strstr(err.message, "input.csv"));
    assert_int_equal(packfile_check_out(twin, inputs, 2, &err), SOTTO_E_ARGUMENT);
    assert_int_equal(packfile_check_out(pack_tool_path(t, "new"), inputs, 2, &err), SOTTO_OK);
    assert_int_equal(packfile_check_out(pack_tool_write(t, "old", ""), inputs, 2, &err), SOTTO_OK);
}

static void creating_never_overwrites(void **state) {
    struct pack_tool *t = *state;
    struct sotto_error err = {0};
    struct stat st;
    const char *path = pack_tool_path(t, "secret");

    assert_int_equal(packfile_create(path, "one", 3, 0600, &err), SOTTO_OK);
    assert_int_equal(packfile_create(path, "two", 3, 0600, &err), SOTTO_E_STATE);

    char *content = pack_tool_read(path);
    assert_string_equal(content, "one");
    free(content);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void reading_is_bounded_and_names_the_file(void **state) {
    struct pack_tool *t = *state;
    struct sotto_error err = {0};
    const char *path = pack_tool_write(t, "ten", "0123456789");
    uint8_t *bytes;
    size_t n;

    assert_int_equal(packfile_read(path, 9, &bytes, &n, &err), SOTTO_E_LIMIT);
    assert_int_equal(packfile_read(pack_tool_path(t, "none"), 9, &bytes, &n, &err), SOTTO_E_IO);
    assert_non_null(strstr(err.message, "none"));
    assert_int_equal(packfile_read(t->folder, 9, &bytes, &n, &err), SOTTO_E_IO);
    assert_int_equal(packfile_read(path, 10, &bytes, &n, &err), SOTTO_OK);
    assert_int_equal(n, 10);
    assert_string_equal((char *)bytes, "0123456789");
    free(bytes);
}

int main(void) {
    if (crypto_init() != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_input_gives_same_bytes_and_pack_parse_accepts_them),
        cmocka_unit_test(two_independent_writers_agree_byte_for_byte),
        cmocka_unit_test(what_no_device_would_read_is_not_built),
        cmocka_unit_test_setup_teardown(
            replacing_keeps_the_old_file_on_failure_and_leaves_nothing_behind, pack_tool_setup,
            pack_tool_teardown),
        cmocka_unit_test_setup_teardown(links_pipes_and_devices_are_not_replaced, pack_tool_setup,
                                        pack_tool_teardown),
        cmocka_unit_test_setup_teardown(what_is_read_is_not_written_under_any_name, pack_tool_setup,
                                        pack_tool_teardown),
        cmocka_unit_test_setup_teardown(creating_never_overwrites, pack_tool_setup,
                                        pack_tool_teardown),
        cmocka_unit_test_setup_teardown(reading_is_bounded_and_names_the_file, pack_tool_setup,
                                        pack_tool_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
