/* policy_build: from an INI file to a policy and its CBOR sections. Called by policy_main and by
 * tests. */
#ifndef SOTTO_PACK_POLICY_BUILD_H
#define SOTTO_PACK_POLICY_BUILD_H

#include "pack/model.h"
#include "pack/policy.h"
#include "tools/sotto-pack/pack_write.h"
#include "tools/sotto-pack/policy_ini.h"

/* Reads and checks an INI file. `model` supplies the names for `cells = groups`; NULL if there is
 * none. Fails with SOTTO_E_FORMAT and file, line and remedy. policy->version and not_after_s stay
 * 0. */
int policy_from_ini(struct policy *policy, const char *path, const struct model *model,
                    struct sotto_error *err) MUST_CHECK;

/* Encodes a policy as a pack in a fresh block, and loads it back as a device would, so that no pack
 * leaves the builder that a device would refuse. `path` is for messages. Needs crypto_init. */
int policy_pack(const struct policy *policy, const struct pack_manifest *manifest, const char *path,
                uint8_t **bytes, size_t *n, struct sotto_error *err) MUST_CHECK;

/* Prints on stdout an INI section of texts in a made-up language, longer and with accents, made
 * from the policy's English ones (the first ones if it has none). */
void policy_pseudo(const struct policy *policy);

/* What a person would object to in the texts: too long, promising anonymity, placeholders, left
 * untranslated, written the wrong way round, or labels that nudge. `ini` tells the lines. */
int policy_lint(const struct policy *policy, const struct ini *ini,
                struct sotto_error *err) MUST_CHECK;

#endif
