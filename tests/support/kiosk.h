/* kiosk: a simulated device with signed packs in a directory of its own, and an engine on it. */
#ifndef SOTTO_TEST_KIOSK_H
#define SOTTO_TEST_KIOSK_H

#include "make_pack.h"
#include "platform/sim/sim_port.h"

#define KIOSK_MODEL_KEY  1
#define KIOSK_POLICY_KEY 2

struct kiosk {
    char dir[64], model_path[96], policy_path[96], device_dir[96];
    char model_key[MAKE_KEY_TEXT], policy_key[MAKE_KEY_TEXT];
    struct sim_device device;
    struct sotto_config config;
    struct sotto *engine; /* NULL until kiosk_open */
};

/* Makes the directory, a model of `n_items` items in 8 groups ("item-0" …, every pair related) and
 * a policy. is_ram_only: no vault. Fails the test on error. */
void kiosk_make(struct kiosk *k, uint32_t n_items, const struct make_policy *policy,
                int is_ram_only);
void kiosk_put_model(struct kiosk *k, uint32_t n_items, uint64_t version);
/* The same with `groups` groups instead of 8: item i is of group i modulo that. */
void kiosk_put_groups(struct kiosk *k, uint32_t n_items, uint32_t groups, uint64_t version);
/* The same of items "item-FIRST" and up under other numbers: see make_renumbered_pack. */
void kiosk_put_renumbered(struct kiosk *k, uint32_t first, uint32_t n_items, uint32_t groups,
                          uint64_t version);
/* The same in 8 groups, with facts, one for each item. */
void kiosk_put_facts(struct kiosk *k, uint32_t n_items, const struct make_fact *facts,
                     uint64_t version);
void kiosk_put_policy(struct kiosk *k, const struct make_policy *policy);
/* Opens; must succeed. */
void kiosk_open(struct kiosk *k);
/* Closes the engine and starts the device again, as after a power cut that came politely. */
void kiosk_restart(struct kiosk *k);
/* Opens again while the key store fails, and storage with it; until kiosk_mend_storage. */
void kiosk_restart_without_storage(struct kiosk *k);
/* Lets the key store answer again, and time pass until the engine has found out. */
void kiosk_mend_storage(struct kiosk *k);
/* Closes, removes everything. */
void kiosk_free(struct kiosk *k);

/* A session that has said yes to `purposes` (bits 1 << enum sotto_purpose). */
sotto_session kiosk_session(struct kiosk *k, const char *profile, unsigned purposes);
void kiosk_record(struct kiosk *k, sotto_session s, unsigned item, enum sotto_event_type type);
/* request → present → open of `count` items. *present gets the status of present (may be NULL). */
struct sotto_slate_view kiosk_slate(struct kiosk *k, sotto_session s, struct sotto_item *items,
                                    uint32_t count, int *present);

/* True if any file under `dir` holds the bytes. */
int files_contain(const char *dir, const void *bytes, size_t n);

#endif
