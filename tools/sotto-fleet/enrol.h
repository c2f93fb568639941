/* enrol: which devices belong to the fleet, read from a text file. Called by collect.c.
 *
 * One line a device: 64 hexadecimal digits of its public key (sotto_device_key), optionally white
 * space and a label. Empty lines and lines that begin with # are skipped. */
#ifndef SOTTO_FLEET_ENROL_H
#define SOTTO_FLEET_ENROL_H

#include "tools/sotto-fleet/store.h"

/* Reads all of `path` into *devices (free it) and *n. A line that is not as above, or a device that
 * is listed twice, is SOTTO_E_FORMAT with the line's number. */
int fleet_enrolled_read(const char *path, struct fleet_device **devices, size_t *n,
                        struct sotto_error *err) MUST_CHECK;

#endif
