/*
 * What all files of the backend need: chance, digests, the errors that mean no memory, the table of cipher suites, and
 * the mark by which credentials are compared without being kept.
 */
#include "internal.h"

int whimbrel_glue_random(void *backend, unsigned char *buffer, size_t size)
{
    const whimbrel_mbedtls_t *self = backend;
    self->random(self->random_context, buffer, size);
    return 0;
}

/* Errors of the low-level modules lie in the seven lowest bits, and may be added to one of a module above. */
int whimbrel_glue_is_memory(int error)
{
#if MBEDTLS_VERSION_NUMBER >= 0x04000000
    return error == MBEDTLS_ERR_SSL_ALLOC_FAILED || error == PSA_ERROR_INSUFFICIENT_MEMORY;
#else
    enum { MPI = 0x0010, ASN1 = 0x006a };
    enum {
        X509 = 0x2880,
        PK = 0x3f80,
        ECP = 0x4d80,
        MD = 0x5180,
        CIPHER = 0x6180,
        SSL = 0x7f00,
        PEM = 0x1180
    };
    const int low = -error & 0x7f, high = -error & 0xff80;
    return error < 0 && (low == MPI || low == ASN1 || high == X509 || high == PK || high == ECP ||
                         high == MD || high == CIPHER || high == SSL || high == PEM);
#endif
}

int32_t whimbrel_glue_digest(mbedtls_md_type_t type, const void *data, size_t size, uint8_t *digest)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(type);
    if (info == NULL) return WHIMBREL_ERR_SECURITY_MODE;
    return mbedtls_md(info, data, size, digest) == 0 ? WHIMBREL_OK : WHIMBREL_ERR_FULL;
}

/* The suites that this backend knows the meaning of; which of them there are depends on how Mbed TLS was built. AEAD only
 * can be saved: the state of a CBC suite is not in what Mbed TLS writes. In the order in which they are offered. */
static const struct suite {
    uint16_t number;
    uint8_t mode, aead, offered;
} known[] = {
    { 0xc0a8, WHIMBREL_PSK, 1, 1 },         /* PSK_WITH_AES_128_CCM_8 */
    { 0xc0a4, WHIMBREL_PSK, 1, 1 },         /* PSK_WITH_AES_128_CCM */
    { 0x00a8, WHIMBREL_PSK, 1, 1 },         /* PSK_WITH_AES_128_GCM_SHA256 */
    { 0x00ae, WHIMBREL_PSK, 0, 1 },         /* PSK_WITH_AES_128_CBC_SHA256 */
    { 0xc0ae, WHIMBREL_CERTIFICATE, 1, 1 }, /* ECDHE_ECDSA_WITH_AES_128_CCM_8 */
    { 0xc0ac, WHIMBREL_CERTIFICATE, 1, 1 }, /* ECDHE_ECDSA_WITH_AES_128_CCM */
    { 0xc02b, WHIMBREL_CERTIFICATE, 1, 1 }, /* ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 */
    { 0xc023, WHIMBREL_CERTIFICATE, 0, 1 }, /* ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 */
    { 0xc0a9, WHIMBREL_PSK, 1, 0 },         /* PSK_WITH_AES_256_CCM_8 */
    { 0xc0a5, WHIMBREL_PSK, 1, 0 },         /* PSK_WITH_AES_256_CCM */
    { 0x00a9, WHIMBREL_PSK, 1, 0 },         /* PSK_WITH_AES_256_GCM_SHA384 */
    { 0xccab, WHIMBREL_PSK, 1, 0 },         /* PSK_WITH_CHACHA20_POLY1305_SHA256 */
    { 0xccac, WHIMBREL_PSK, 1, 0 },         /* ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 */
    { 0xc037, WHIMBREL_PSK, 0, 0 },         /* ECDHE_PSK_WITH_AES_128_CBC_SHA256 */
    { 0xc0af, WHIMBREL_CERTIFICATE, 1, 0 }, /* ECDHE_ECDSA_WITH_AES_256_CCM_8 */
    { 0xc0ad, WHIMBREL_CERTIFICATE, 1, 0 }, /* ECDHE_ECDSA_WITH_AES_256_CCM */
    { 0xc02c, WHIMBREL_CERTIFICATE, 1, 0 }, /* ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 */
    { 0xcca9, WHIMBREL_CERTIFICATE, 1, 0 }, /* ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 */
};

static const struct suite *suite_of(int number)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == number) return &known[i];
    return NULL;
}

static int is_built(int number)
{
    for (const int *built = mbedtls_ssl_list_ciphersuites(); *built != 0; built++)
        if (*built == number) return 1;
    return 0;
}

int whimbrel_glue_saves(int suite)
{
    const struct suite *found = suite_of(suite);
    return found != NULL && found->aead;
}

/* What to offer: what the application names, in its order, as far as it fits the mode and is there; else our own list. */
int32_t whimbrel_glue_suites(struct session *session, const whimbrel_session_t *setup)
{
    const int own = setup->ciphersuites == NULL;
    const size_t wanted = own ? sizeof known / sizeof *known : setup->ciphersuite_count;
    size_t count = 0;

    for (size_t i = 0; i < wanted && count < SUITES; i++) {
        const struct suite *suite = own ? &known[i] : suite_of(setup->ciphersuites[i]);
        if (suite == NULL || suite->mode != setup->mode || (own && !suite->offered)) continue;
        if (is_built(suite->number)) session->suites[count++] = suite->number;
    }
    session->suites[count] = 0;
    return count != 0 ? WHIMBREL_OK : WHIMBREL_ERR_CIPHERSUITE;
}

/* A digest over all that decides with whom a session is and what it trusts: an earlier session is resumed, or its tickets
 * are accepted, only where this is the same. Lengths go in too, so that no field can run over into the next. */
int32_t whimbrel_glue_mark(const struct session *session, const whimbrel_session_t *setup, uint8_t *mark)
{
    const struct {
        const void *data;
        size_t size;
    } parts[] = {
        { setup->identity, setup->identity_length },     { setup->server_key, setup->server_key_length },
        { setup->secret_key, setup->secret_key_length }, { setup->name, setup->name_length },
        { session->suites, sizeof session->suites },
    };
    const uint8_t head[] = { setup->mode,          setup->serves,     setup->certificate_usage,
                             setup->matching_type, setup->check_name, setup->name_is_address };
    mbedtls_md_context_t context;
    int result;

    mbedtls_md_init(&context);
    result = mbedtls_md_setup(&context, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 0);
    if (result == 0) result = mbedtls_md_starts(&context);
    if (result == 0) result = mbedtls_md_update(&context, head, sizeof head);
    for (size_t i = 0; result == 0 && i < sizeof parts / sizeof *parts; i++) {
        const uint8_t length[] = { (uint8_t)(parts[i].size >> 24), (uint8_t)(parts[i].size >> 16),
                                   (uint8_t)(parts[i].size >> 8), (uint8_t)parts[i].size };
        result = mbedtls_md_update(&context, length, sizeof length);
        if (result == 0 && parts[i].size != 0)
            result = mbedtls_md_update(&context, parts[i].data, parts[i].size);
    }
    if (result == 0) result = mbedtls_md_finish(&context, mark);
    mbedtls_md_free(&context);
    return result == 0 ? WHIMBREL_OK : WHIMBREL_ERR_FULL;
}
