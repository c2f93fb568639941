/* Batches of reports, and the list of enrolled devices, on the operator's host. */
#include "tests/fuzz/files.h"

#include <fcntl.h>

#include "tools/sotto-fleet/batch.h"
#include "tools/sotto-fleet/enrol.h"

/* Every byte is handed out once, in order; nothing shaped like a report is longer than one. */
static void take_apart(const char *path, const uint8_t *data, size_t n) {
    static struct batch batch;
    struct batch_piece piece;
    uint64_t offset = 0;
    int more, fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0);
    batch_begin(&batch, fd);
    while ((more = batch_next(&batch, &piece)) > 0) {
        must(piece.offset == offset && piece.length > 0 && piece.length <= n - offset);
        must(piece.n == (piece.length < BATCH_KEPT_MAX ? piece.length : BATCH_KEPT_MAX));
        must(memcmp(piece.bytes, data + offset, piece.n) == 0);
        must(!piece.is_report || piece.length <= SOTTO_REPORT_MAX);
        offset += piece.length;
    }
    must(more == 0 && offset == n);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    uint8_t hash[HASH_BYTES];
    uint64_t devices = 0;
    struct sotto_error err;
    must(crypto_init() == 0);
    const char *path = memory_file(data, n);
    take_apart(path, data, n);
    if (fleet_enrolled_check(path, &devices, hash, &err) == SOTTO_OK) must(devices <= n / 64);
    return 0;
}
