/* format_md: see format_md.h. */
#include "tests/support/format_md.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"

size_t hex_after(const char *heading, uint8_t *out, size_t cap) {
    FILE *f = fopen("src/FORMAT.md", "r");
    char line[512];
    size_t n = 0;
    int seen = 0, inside = 0, high = -1;
    if (!f) {
        fail_msg("src/FORMAT.md: not found; run the tests from the top of the checkout");
        return 0;
    }
    while (fgets(line, sizeof line, f)) {
        if (strstr(line, heading)) seen = 1;
        if (!seen) continue;
        if (strncmp(line, "```", 3) == 0) {
            if (inside) break;
            inside = 1;
            continue;
        }
        for (char *c = line; inside && *c && *c != '#'; c++) {
            static const char digits[] = "0123456789abcdef";
            const char *digit = strchr(digits, *c);
            if (!digit) continue;
            if (high < 0) {
                high = (int)(digit - digits);
            } else {
                assert_true(n < cap);
                out[n++] = (uint8_t)(high << 4 | (int)(digit - digits));
                high = -1;
            }
        }
    }
    fclose(f);
    assert_int_equal(high, -1);
    return n;
}
