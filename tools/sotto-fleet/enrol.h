/* enrol: which devices belong to the fleet, streamed from a text file into the store, so that a
 * list may be of any length. Called by collect.c.
 *
 * One line a device: 64 hexadecimal digits of its public key (sotto_device_key), then optionally
 * white space and a label, then optionally white space and @GROUP, the group that its reports are
 * also added up in: 1 to 63 bytes without white space. Empty lines and lines that begin with # are
 * skipped. */
#ifndef SOTTO_FLEET_ENROL_H
#define SOTTO_FLEET_ENROL_H

#include "tools/sotto-fleet/store.h"

/* Reads all of `path` and changes nothing: how many devices it names and its hash. A line that is
 * not as above is SOTTO_E_FORMAT with the line's number. */
int fleet_enrolled_check(const char *path, uint64_t *devices, uint8_t hash[32],
                         struct sotto_error *err) MUST_CHECK;

/* Makes the devices of `path` the enrolled ones, unless a list of this hash already rules. A device
 * that is listed twice is SOTTO_E_FORMAT with both lines; SOTTO_E_BUSY when the file is no longer
 * what was checked. To be called within the store's transaction. */
int fleet_enrolled_store(const char *path, const uint8_t hash[32], struct fleet_store *store,
                         struct sotto_error *err) MUST_CHECK;

#endif
