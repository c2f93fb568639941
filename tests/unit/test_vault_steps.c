/* Every act of the vault with any step of SQLite failing: once, wherever it reads, writes or
 * commits, also just after a commit was done. Nothing is half done, nobody else is lost, and asked
 * again after a retry the vault does it. */
#include "tests/support/test.h"

#include <sqlite3.h>

#include "sotto_audit.h"
#include "tests/support/vault_box.h"
#include "vault/inside.h"

/* Steps of SQLite's machine to be left alone; a statement of ours has some eight. */
static long left;
#define STRIDE 5

static int fail_once(void *ctx) {
    (void)ctx;
    return left-- == 0;
}

static int swallow(void *ctx, const void *bytes, size_t n) {
    (void)ctx, (void)bytes, (void)n;
    return 0;
}

enum act {
    CREATE,
    PUT,
    PUT_AGAIN,
    DELETE,
    GET,
    NEXT,
    ERASE,
    ERASE_ALL,
    ERASE_PART,
    ERASE_PART_OF_ALL,
    ROTATE,
    NOTE,
    LOOK,
    EXPORT,
    RECEIPT,
    ACTS
};

static const struct vault_key ledger = {VAULT_LEDGER, 1, 1}, there = {VAULT_LEDGER, 1, 2};

static int do_act(struct vault_box *box, enum act act) {
    static const struct vault_scope events = {.classes = 1u << VAULT_EVENTS,
                                              .purposes = 1u << SOTTO_PURPOSE_PERSONALISE};
    struct vault_audit_sink sink = {swallow, NULL};
    struct sotto_rotation rotation = {.size = sizeof rotation};
    struct vault_key key = {VAULT_LEDGER, 0, 0};
    uint8_t bytes[RECEIPT_BODY_BYTES], head[SOTTO_AUDIT_HEAD_BYTES];
    uint64_t number = 0;
    uint32_t slot;
    size_t n;
    switch (act) {
    case CREATE:
        if (vault_profile_find(box->v, "new", &slot) == SOTTO_OK) return SOTTO_OK;
        return vault_profile_create(box->v, "new", &slot, &box->err);
    case PUT: return vault_put(box->v, ledger, "x", 1, &box->err);
    case PUT_AGAIN: return vault_put(box->v, there, "y", 1, &box->err);
    case DELETE: return vault_delete(box->v, there, &box->err);
    case GET: return vault_get(box->v, there, bytes, sizeof bytes, &n, &box->err);
    case NEXT: return vault_next(box->v, &key, 1, &box->err);
    case ERASE: return vault_erase(box->v, "goes", NULL, &box->err);
    case ERASE_ALL: return vault_erase(box->v, NULL, NULL, &box->err);
    case ERASE_PART: return vault_erase_part(box->v, "goes", &events, NULL, &box->err);
    case ERASE_PART_OF_ALL: return vault_erase_part(box->v, NULL, &events, NULL, &box->err);
    case ROTATE: return vault_rotate(box->v, &rotation, &box->err);
    case NOTE:
        vault_note(box->v, SOTTO_AUDIT_START, 0, 0, 0);
        return vault_write_notes(box->v, &box->err);
    case LOOK: return vault_audit_look(box->v, NULL, head, &box->err);
    case EXPORT: return vault_audit_export(box->v, &sink, &box->err);
    case RECEIPT: return vault_receipt_next(box->v, &number, bytes, &box->err);
    case ACTS: break;
    }
    return -1;
}

/* Two people, one of whom also answered something, and a receipt of a third. */
static void populate(struct vault_box *box) {
    const struct vault_key answer = {VAULT_MEMO, box_profile(box, "goes", 1, 2), 7};
    box_profile(box, "stays", 2, 2);
    box_profile(box, "went", 3, 1);
    assert_int_equal(vault_put(box->v, answer, "yes", 3, &box->err), SOTTO_OK);
    assert_int_equal(vault_put(box->v, there, "x", 1, &box->err), SOTTO_OK);
    assert_int_equal(vault_erase(box->v, "went", NULL, &box->err), SOTTO_OK);
}

static void check(struct vault_box *box, enum act act) {
    uint32_t slot;
    if (act == ERASE_ALL) {
        assert_int_equal(vault_profile_count(box->v), 0);
        return;
    }
    assert_int_equal(vault_profile_find(box->v, "goes", &slot),
                     act == ERASE ? SOTTO_E_NOT_FOUND : SOTTO_OK);
    if (act != ERASE && act != ERASE_PART && act != ERASE_PART_OF_ALL)
        assert_true(box_profile_is_whole(box, "goes", 1, 2));
    assert_true(box_profile_is_whole(box, "stays", 2, act == ERASE_PART_OF_ALL ? 0 : 2));
}

static void a_step_that_fails_leaves_nothing_half_done(void **state) {
    (void)state;
    struct fault_vfs disk;
    assert_int_equal(fault_vfs_register(&disk, "steps"), 0);
    disk.loss =
        FAULT_LOSS_ALL; /* there is no cut to take it: only nobody waits for the real disk */
    for (int act = 0; act < ACTS; act++) {
        unsigned failed = 0;
        for (long at = 0;; at += STRIDE) {
            struct vault_box box;
            box_make(&box);
            box.device.port.vault_vfs = disk.name;
            assert_int_equal(box_open(&box), SOTTO_OK);
            populate(&box);
            left = at;
            sqlite3_progress_handler(box.v->store.db, 1, fail_once, NULL);

            int status = do_act(&box, (enum act)act);

            int has_failed = left < 0;
            if (box.v->store.db) sqlite3_progress_handler(box.v->store.db, 0, NULL, NULL);
            if (status != SOTTO_OK) {
                failed++;
                assert_int_equal(status, SOTTO_E_IO);
                assert_int_equal(vault_state(box.v), SOTTO_STORAGE_FAILED);
                assert_int_equal(vault_retry(box.v, &box.err), SOTTO_OK);
                assert_int_equal(do_act(&box, (enum act)act), SOTTO_OK);
            }
            check(&box, (enum act)act);
            assert_int_equal(box_restart(&box), SOTTO_OK);
            check(&box, (enum act)act);
            box_free(&box);
            if (!has_failed) break;
        }
        print_message("act %d failed in %u ways\n", act, failed);
        assert_true(failed > 0);
    }
    fault_vfs_unregister(&disk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_that_fails_leaves_nothing_half_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
