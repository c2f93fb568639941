/* Transactions and catalogues on the operator's host. */

#include "tests/fuzz/files.h"

#include "crypto/crypto.h"
#include "tools/common/catalogue.h"
#include "tools/common/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct dataset d;
    struct catalogue c = {0};
    struct sotto_error err;
    const struct dataset_options how = {.keeps_sequence = n % 2};
    must(crypto_init() == 0);
    const char *path = memory_file(data, n);
    if (dataset_read(&d, path, &how, &err) == SOTTO_OK) {
        size_t entries = 0;
        for (uint32_t b = 0; b < d.n_baskets; b++) {
            must(d.baskets[b].n > 0 && d.baskets[b].first + d.baskets[b].n <= d.n_basket_items);
            entries += d.baskets[b].n;
        }
        must(entries == d.n_basket_items);
        for (size_t i = 0; i < d.n_basket_items; i++) must(d.basket_items[i] < d.n_items);
        dataset_free(&d);
    }
    if (catalogue_read(&c, path, NULL, &err) == SOTTO_OK) catalogue_free(&c);
    return 0;
}
