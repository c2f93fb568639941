/* pack: opens a container. The order is fixed: size, signature, header, role, class, engine,
 * section table, section hashes; a parser never sees a byte that was not authenticated first. */
#include "pack/pack.h"

#include <stdio.h>

#include "crypto/crypto.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Packs are mapped little-endian; a big-endian host would need a byte-swapping loader."
#endif

#define SIG_BYTES_MAX  4096
#define PATH_BYTES_MAX 4096

static int bad(struct sotto_error *err, const char *path, const char *what) {
    return fail(err, SOTTO_E_FORMAT, "%s: %s; build it again with this version of sotto-pack", path,
                what);
}

static int is_zero(const uint8_t *p, size_t n) {
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) any |= p[i];
    return any == 0;
}

static const uint8_t *section_entry(const struct pack *pack, uint32_t i) {
    return pack->bytes + PACK_HEADER_BYTES + (size_t)i * PACK_SECTION_BYTES;
}

/* Sections must tile the file exactly, so that there is one way to write a pack and no room to
 * hide. */
static int check_sections(const struct pack *pack, const char *path, struct sotto_error *err) {
    uint64_t at = PACK_HEADER_BYTES + (uint64_t)pack->n_sections * PACK_SECTION_BYTES;
    uint32_t last_id = 0;
    if (at > pack->n) return bad(err, path, "the section table is cut off");
    for (uint32_t i = 0; i < pack->n_sections; i++) {
        const uint8_t *e = section_entry(pack, i);
        uint32_t id = load32(e);
        uint64_t offset = load64(e + 8), length = load64(e + 16);
        uint64_t expected = (at + PACK_ALIGN - 1) / PACK_ALIGN * PACK_ALIGN;
        uint8_t digest[HASH_BYTES];
        if (id <= last_id) return bad(err, path, "section ids are not ascending");
        if (load32(e + 4) != 0 || !is_zero(e + 56, 8))
            return bad(err, path, "reserved bytes of the section table are not zero");
        if (offset != expected || offset > pack->n || length > pack->n - offset)
            return bad(err, path, "a section lies outside its place");
        if (!is_zero(pack->bytes + at, (size_t)(offset - at)))
            return bad(err, path, "there are bytes between two sections");
        hash256(digest, pack->bytes + offset, (size_t)length);
        if (memcmp(digest, e + 24, HASH_BYTES) != 0)
            return fail(err, SOTTO_E_FORMAT,
                        "%s: section %u does not fit its hash; install it again", path, id);
        last_id = id;
        at = offset + length;
    }
    return at == pack->n ? SOTTO_OK : bad(err, path, "there are bytes after the last section");
}

int pack_parse(struct pack *pack, const char *path, struct sotto_error *err) {
    const uint8_t *h = pack->bytes;
    if (pack->n < PACK_HEADER_BYTES || memcmp(h, PACK_MAGIC, 8) != 0)
        return fail(err, SOTTO_E_FORMAT, "%s is not a Sotto pack", path);
    if (load32(h + 8) != PACK_FORMAT)
        return fail(err, SOTTO_E_MISMATCH, "%s has pack format %u, this engine reads format %d",
                    path, load32(h + 8), PACK_FORMAT);
    uint32_t role = load32(h + 12);
    if (role != PACK_MODEL && role != PACK_POLICY) return bad(err, path, "its role is unknown");
    pack->role = (enum pack_role)role;
    pack->version = load64(h + 16);
    pack->not_after_s = (int64_t)load64(h + 24);
    pack->created_s = (int64_t)load64(h + 64);
    pack->min_engine = load32(h + 32);
    pack->n_sections = load32(h + 36);
    if (load64(h + 40) != pack->n) return bad(err, path, "it is cut off or has grown");
    memcpy(pack->device_class, h + 48, sizeof pack->device_class);
    size_t class_n = strnlen(pack->device_class, sizeof pack->device_class);
    if (class_n > PACK_CLASS_MAX || !utf8_is_printable(pack->device_class, class_n) ||
        !is_zero(h + 48 + class_n, 16 - class_n) || !is_zero(h + 72, 56))
        return bad(err, path, "its header is malformed");
    if (pack->version == 0) return bad(err, path, "its version is zero");
    if (pack->not_after_s < 0) return bad(err, path, "its not-after date is before 1970");
    if (pack->n_sections == 0 || pack->n_sections > PACK_SECTIONS_MAX)
        return bad(err, path, "its number of sections is out of range");
    return check_sections(pack, path, err);
}

static int check_signature(const struct pack *pack, const char *path, const char *key,
                           struct sotto_error *err) {
    char sig_path[PATH_BYTES_MAX];
    const uint8_t *sig = NULL;
    size_t sig_n = 0;
    int n = snprintf(sig_path, sizeof sig_path, "%s.minisig", path);
    if (n < 0 || (size_t)n >= sizeof sig_path)
        return fail(err, SOTTO_E_ARGUMENT, "the path of a pack is longer than %d bytes",
                    PATH_BYTES_MAX - 10);
    if (pack->port->file_map(pack->port->ctx, sig_path, &sig, &sig_n) != 0)
        return fail(err, SOTTO_E_SIGNATURE,
                    "%s has no readable signature: sign it and install %s.minisig beside it", path,
                    path);
    int status =
        sig_n > SIG_BYTES_MAX
            ? fail(err, SOTTO_E_SIGNATURE, "%s.minisig is too long to be a signature", path)
            : minisig_verify(key, pack->bytes, pack->n, (const char *)sig, sig_n, path, err);
    pack->port->file_unmap(pack->port->ctx, sig, sig_n);
    return status;
}

static int check_fit(const struct pack *pack, const char *path, enum pack_role role,
                     const char *device_class, struct sotto_error *err) {
    if (pack->role != role)
        return fail(err, SOTTO_E_MISMATCH, "%s is a %s pack, a %s pack is needed here", path,
                    pack->role == PACK_MODEL ? "model" : "policy",
                    role == PACK_MODEL ? "model" : "policy");
    if (pack->device_class[0] && strcmp(pack->device_class, device_class ? device_class : "") != 0)
        return fail(err, SOTTO_E_MISMATCH, "%s is for device class \"%s\", this device is \"%s\"",
                    path, pack->device_class, device_class ? device_class : "");
    if (pack->min_engine > SOTTO_VERSION_NUMBER)
        return fail(err, SOTTO_E_MISMATCH, "%s needs engine %u.%u.%u or newer, this is %s", path,
                    pack->min_engine / 1000000, pack->min_engine / 1000 % 1000,
                    pack->min_engine % 1000, sotto_version());
    return SOTTO_OK;
}

int pack_open(struct pack *pack, const struct sotto_port *port, const char *path, const char *key,
              enum pack_role role, const char *device_class, struct sotto_error *err) {
    memset(pack, 0, sizeof *pack);
    if (port->file_map(port->ctx, path, &pack->bytes, &pack->n) != 0) {
        memset(pack, 0, sizeof *pack);
        return fail(err, SOTTO_E_IO,
                    "%s cannot be read: it must be a regular file that only its owner may write",
                    path);
    }
    pack->port = port;
    if ((uintptr_t)pack->bytes % PACK_ALIGN != 0 && pack->n != 0) {
        pack_close(pack);
        return fail(err, SOTTO_E_ARGUMENT,
                    "%s: the port's file_map gave memory that is not aligned to %d bytes", path,
                    PACK_ALIGN);
    }
    int status = pack->n > PACK_BYTES_MAX ? fail(err, SOTTO_E_FORMAT, "%s is larger than %u MiB",
                                                 path, PACK_BYTES_MAX >> 20)
                                          : check_signature(pack, path, key, err);
    if (status == SOTTO_OK) status = pack_parse(pack, path, err);
    if (status == SOTTO_OK) status = check_fit(pack, path, role, device_class, err);
    if (status != SOTTO_OK) pack_close(pack);
    return status;
}

int pack_check_fresh(const struct pack *pack, const char *path, uint64_t floor, int64_t now_s,
                     struct sotto_error *err) {
    if (pack->version < floor)
        return fail(err, SOTTO_E_ROLLBACK,
                    "%s has version %llu, but version %llu was already in use: install a newer one",
                    path, (unsigned long long)pack->version, (unsigned long long)floor);
    if (pack->not_after_s != 0 && now_s > pack->not_after_s)
        return fail(err, SOTTO_E_EXPIRED, "%s expired at %lld s after 1970: install a newer one",
                    path, (long long)pack->not_after_s);
    return SOTTO_OK;
}

void pack_close(struct pack *pack) {
    if (pack->port && pack->bytes) pack->port->file_unmap(pack->port->ctx, pack->bytes, pack->n);
    memset(pack, 0, sizeof *pack);
}

static const uint8_t *find_entry(const struct pack *pack, enum pack_section_id id) {
    for (uint32_t i = 0; i < pack->n_sections; i++)
        if (load32(section_entry(pack, i)) == (uint32_t)id) return section_entry(pack, i);
    return NULL;
}

const uint8_t *pack_section(const struct pack *pack, enum pack_section_id id, size_t *n) {
    const uint8_t *e = find_entry(pack, id);
    *n = e ? (size_t)load64(e + 16) : 0;
    return e ? pack->bytes + load64(e + 8) : NULL;
}

const uint8_t *pack_section_hash(const struct pack *pack, enum pack_section_id id) {
    const uint8_t *e = find_entry(pack, id);
    return e ? e + 24 : NULL;
}
