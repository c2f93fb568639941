/* switch_file: see switch_file.h. */
#include "tools/sotto-pack/switch_file.h"

#include <string.h>

static const uint8_t magic[8] = {'S', 'O', 'T', 'T', 'O', 'S', 'W', '1'};

void switch_file_write(const struct switch_file *s, uint8_t bytes[SOTTO_SWITCH_BYTES]) {
    memset(bytes, 0, SOTTO_SWITCH_BYTES);
    memcpy(bytes, magic, sizeof magic);
    store32(bytes + 8, s->off);
    store64(bytes + 16, s->number);
    memcpy(bytes + 24, s->device_class, sizeof s->device_class);
}

int switch_file_read(struct switch_file *s, const uint8_t *bytes, size_t n) {
    if (n != SOTTO_SWITCH_BYTES || memcmp(bytes, magic, sizeof magic) != 0) return -1;
    s->off = load32(bytes + 8);
    s->number = load64(bytes + 16);
    memcpy(s->device_class, bytes + 24, sizeof s->device_class);
    return s->off > 1 || load32(bytes + 12) != 0 || s->number == 0 ||
                   s->device_class[sizeof s->device_class - 1]
               ? -1
               : 0;
}
