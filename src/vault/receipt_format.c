/* receipt_format: see receipt_format.h. A reader takes exactly what a writer can have written. */
#include "vault/receipt_format.h"

static const uint8_t MAGIC[8] = {'S', 'O', 'T', 'T', 'O', 'R', 'C', 'T'};
/* No report and no seal begins like this, so no signature of the one passes for the other. */
static const uint8_t LABEL[16] = "sotto-receipt";

#define FORMAT 1

#define AT_FORMAT    8
#define AT_PURPOSES  12
#define AT_ASSURANCE 13
#define AT_WHY       14
#define AT_ZERO      15
#define AT_PROFILES  16
#define AT_RECORDS   20
#define AT_EPOCH     24
#define AT_TIME      32
#define AT_NUMBER    40
#define AT_LINES     48
#define AT_HEAD      56
#define AT_BEFORE    (AT_HEAD + HASH_BYTES)
_Static_assert(AT_BEFORE + HASH_BYTES == RECEIPT_BODY_BYTES, "receipt");

#define PURPOSES                                                                                   \
    (1u << SOTTO_PURPOSE_STORE | 1u << SOTTO_PURPOSE_PERSONALISE | 1u << SOTTO_PURPOSE_MEASURE)

void receipt_body_write(uint8_t body[RECEIPT_BODY_BYTES], const struct sotto_receipt *r) {
    memcpy(body, MAGIC, sizeof MAGIC);
    store32(body + AT_FORMAT, FORMAT);
    body[AT_PURPOSES] = (uint8_t)r->purposes;
    body[AT_ASSURANCE] = (uint8_t)r->assurance;
    body[AT_WHY] = (uint8_t)r->why;
    body[AT_ZERO] = 0;
    store32(body + AT_PROFILES, r->profiles);
    store32(body + AT_RECORDS, r->records);
    store64(body + AT_EPOCH, r->epoch);
    store64(body + AT_TIME, (uint64_t)r->time_s);
    store64(body + AT_NUMBER, r->number);
    store64(body + AT_LINES, r->audit_lines);
    memcpy(body + AT_HEAD, r->audit_head, HASH_BYTES);
    memcpy(body + AT_BEFORE, r->before, HASH_BYTES);
}

int receipt_body_read(struct sotto_receipt *r, const uint8_t body[RECEIPT_BODY_BYTES]) {
    const size_t size = r->size;
    memset(r, 0, sizeof *r);
    r->size = size;
    if (memcmp(body, MAGIC, sizeof MAGIC) != 0 || load32(body + AT_FORMAT) != FORMAT ||
        body[AT_PURPOSES] == 0 || (body[AT_PURPOSES] & ~PURPOSES) != 0 ||
        body[AT_ASSURANCE] < SOTTO_ASSURANCE_LOGICAL ||
        body[AT_ASSURANCE] > SOTTO_ASSURANCE_PHYSICAL || body[AT_WHY] > SOTTO_ERASE_EXPIRED ||
        body[AT_ZERO] != 0 || load64(body + AT_TIME) > INT64_MAX || load64(body + AT_NUMBER) == 0)
        return -1;
    r->purposes = body[AT_PURPOSES];
    r->assurance = body[AT_ASSURANCE];
    r->why = body[AT_WHY];
    r->profiles = load32(body + AT_PROFILES);
    r->records = load32(body + AT_RECORDS);
    r->epoch = load64(body + AT_EPOCH);
    r->time_s = (int64_t)load64(body + AT_TIME);
    r->number = load64(body + AT_NUMBER);
    r->audit_lines = load64(body + AT_LINES);
    memcpy(r->audit_head, body + AT_HEAD, HASH_BYTES);
    memcpy(r->before, body + AT_BEFORE, HASH_BYTES);
    return 0;
}

static void message_of(uint8_t message[sizeof LABEL + RECEIPT_BODY_BYTES], const uint8_t *body) {
    memcpy(message, LABEL, sizeof LABEL);
    memcpy(message + sizeof LABEL, body, RECEIPT_BODY_BYTES);
}

void receipt_sign(uint8_t bytes[SOTTO_RECEIPT_BYTES], const uint8_t secret[SIGN_SECRET_BYTES]) {
    uint8_t message[sizeof LABEL + RECEIPT_BODY_BYTES];
    message_of(message, bytes);
    sign(bytes + RECEIPT_BODY_BYTES, message, sizeof message, secret);
}

const char receipt_lacks[] =
    "a receipt is verified with its bytes, a key and a result with its size";
const char receipt_altered[] =
    "the receipt was altered, or it is another device's; check the device's key";
const char receipt_newer[] =
    "the receipt is authentic and says what this version does not know; update it";

int sotto_receipt_verify(const uint8_t *bytes, size_t n, const uint8_t device_key[32],
                         struct sotto_receipt *receipt, struct sotto_error *err) {
    uint8_t message[sizeof LABEL + RECEIPT_BODY_BYTES];
    if (!receipt || receipt->size < sizeof *receipt || !bytes || !device_key)
        return fail(err, SOTTO_E_ARGUMENT, "%s", receipt_lacks);
    const size_t size = receipt->size;
    memset(receipt, 0, sizeof *receipt);
    receipt->size = size;
    if (crypto_init() != 0) return fail(err, SOTTO_E_STATE, "libsodium could not start");
    if (n != SOTTO_RECEIPT_BYTES || memcmp(bytes, MAGIC, sizeof MAGIC) != 0)
        return fail(err, SOTTO_E_FORMAT, "this is no receipt of an erasure: it has %zu bytes", n);
    message_of(message, bytes);
    if (sign_verify(bytes + RECEIPT_BODY_BYTES, message, sizeof message, device_key) != 0)
        return fail(err, SOTTO_E_SIGNATURE, "%s", receipt_altered);
    if (receipt_body_read(receipt, bytes) != 0)
        return fail(err, SOTTO_E_FORMAT, "%s", receipt_newer);
    return SOTTO_OK;
}
