/* switch_file: the bytes of a remote switch (src/FORMAT.md, section 7), as they are signed. */
#ifndef SOTTO_PACK_SWITCH_FILE_H
#define SOTTO_PACK_SWITCH_FILE_H

#include "base/base.h"
#include "sotto_people.h"

struct switch_file {
    uint32_t off;          /* 1: personalisation is off, 0: it may be on */
    uint64_t number;       /* from 1 */
    char device_class[16]; /* NUL-padded; "": all */
};

void switch_file_write(const struct switch_file *s, uint8_t bytes[SOTTO_SWITCH_BYTES]);
/* -1 unless the n bytes are a switch. */
int switch_file_read(struct switch_file *s, const uint8_t *bytes, size_t n) MUST_CHECK;

#endif
