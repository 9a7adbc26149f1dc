/*
 * Certificates: our own, and whether the peer's is the right one by Certificate Usage and Matching Type (LwM2M 1.1, `/0/x/15`
 * and `/0/x/13`, after RFC 6698), name (RFC 6125; TS 1.0 section 7.1.9) and dates.
 *
 * Mbed TLS builds the path and checks signatures, then shows it to judge() from the top down to the peer's certificate,
 * which is where we decide. Its own verdict at each place is taken as evidence and replaced by ours. It insists on a list
 * of trusted certificates: where we have none to give it gets an empty one, which no signature can be verified with.
 */
#include "internal.h"

#ifdef WITH_CERTIFICATES

#include <string.h>

/* What TS 1.0 section 7.1.9 and RFC 7925 need: ECDSA with SHA-2 on the two curves. RFC 8422 and RFC 5246 number them. */
static const uint16_t groups[] = {
    23, /* secp256r1 */
    24, /* secp384r1 */
    0,
};
static const uint16_t signatures[] = {
    0x0403, /* ecdsa with SHA-256 */
    0x0503, /* SHA-384 */
    0x0603, /* SHA-512 */
    0,
};
#if MBEDTLS_VERSION_NUMBER >= 0x04000000
#define PROFILE mbedtls_x509_crt_profile_suiteb
#else
#define PROFILE profile
static const mbedtls_x509_crt_profile profile = {
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1),
    0, /* no RSA */
};
#endif

/* ---- Parsing */

/* Length of the DER element at the beginning, 0 if it is not whole or no SEQUENCE. */
static size_t element(const uint8_t *der, size_t length)
{
    size_t size = 0, digits;
    if (length < 2 || der[0] != 0x30) return 0;
    if (der[1] < 0x80) return der[1] + (size_t)2 <= length ? der[1] + (size_t)2 : 0;
    digits = der[1] & 0x7fu;
    if (digits == 0 || digits > 3 || length < 2 + digits) return 0;
    for (size_t i = 0; i < digits; i++)
        size = size << 8 | der[2 + i];
    return size <= length - 2 - digits ? size + 2 + digits : 0;
}

/* Certificates one after the other, without copying them. */
int whimbrel_glue_trust(mbedtls_x509_crt *chain, const uint8_t *der, size_t length)
{
    while (length != 0) {
        const size_t size = element(der, length);
        const int result = size == 0 ? -1 : mbedtls_x509_crt_parse_der_nocopy(chain, der, size);
        if (result != 0) return result;
        der += size;
        length -= size;
    }
    return 0;
}

#if defined(MBEDTLS_PEM_PARSE_C)
static int is_pem(const uint8_t *data, size_t length)
{
    static const char begin[] = "-----BEGIN";
    return length >= sizeof begin && memcmp(data, begin, sizeof begin - 1) == 0;
}

/* PEM must end with a NUL for Mbed TLS. What is copied may be a key. */
static uint8_t *terminated(const uint8_t *data, size_t length)
{
    uint8_t *copy = mbedtls_calloc(1, length + 1);
    if (copy != NULL) memcpy(copy, data, length);
    return copy;
}

static void drop(uint8_t *copy, size_t length)
{
    mbedtls_platform_zeroize(copy, length + 1);
    mbedtls_free(copy);
}
#endif

/* Certificates, DER or PEM, with copies: whimbrel_session_t is valid during the call only. */
static int parse_certificates(mbedtls_x509_crt *chain, const uint8_t *data, size_t length)
{
#if defined(MBEDTLS_PEM_PARSE_C)
    if (is_pem(data, length)) {
        uint8_t *copy = terminated(data, length);
        int result = MBEDTLS_ERR_SSL_ALLOC_FAILED;
        if (copy == NULL) return result;
        result = mbedtls_x509_crt_parse(chain, copy, length + 1);
        drop(copy, length);
        return result;
    }
#endif
    if (length == 0) return -1;
    while (length != 0) {
        const size_t size = element(data, length);
        const int result = size == 0 ? -1 : mbedtls_x509_crt_parse_der(chain, data, size);
        if (result != 0) return result;
        data += size;
        length -= size;
    }
    return 0;
}

static int parse_key(struct session *session, const uint8_t *data, size_t length)
{
    int result;
    if (length == 0) return -1;
#if defined(MBEDTLS_PEM_PARSE_C)
    if (is_pem(data, length)) {
        uint8_t *copy = terminated(data, length);
        if (copy == NULL) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
        result = mbedtls_pk_parse_key(&session->papers->key, copy, length + 1, NULL,
                                      0 RANDOM_OF(session->backend));
        drop(copy, length);
        return result;
    }
#endif
    result = mbedtls_pk_parse_key(&session->papers->key, data, length, NULL, 0 RANDOM_OF(session->backend));
    return result;
}

static int32_t credentials_status(int result)
{
    if (result == 0) return WHIMBREL_OK;
    return whimbrel_glue_is_memory(result) ? WHIMBREL_ERR_FULL : WHIMBREL_ERR_CREDENTIALS;
}

/* ---- Addresses: the literal of a URI, IPv4 or IPv6 (RFC 3986 section 3.2.2), to four or sixteen bytes; 0 if it is none. */

static size_t parse_v4(const char *text, size_t length, uint8_t *address)
{
    unsigned value = 0, digits = 0, at = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] >= '0' && text[i] <= '9' && digits < 3) {
            value = value * 10 + (unsigned)(text[i] - '0');
            digits++;
        } else if (digits != 0 && value < 256 && at < 4 && (i == length || text[i] == '.')) {
            address[at++] = (uint8_t)value;
            value = digits = 0;
        } else {
            return 0;
        }
    }
    return at == 4 ? 4 : 0;
}

static int hexadecimal(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Up to four hexadecimal digits from `i` on; moves `i` behind them. -1: none. */
static long group(const char *text, size_t length, size_t *i)
{
    long value = 0;
    const size_t first = *i;
    while (*i < length && *i - first < 4 && hexadecimal(text[*i]) >= 0)
        value = value << 4 | hexadecimal(text[(*i)++]);
    return *i == first ? -1 : value;
}

static size_t parse_v6(const char *text, size_t length, uint8_t *address)
{
    size_t at = 0, gap = 17, i = 0;
    memset(address, 0, 16);
    if (length >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 0;
        i = 2;
    }
    while (i < length) {
        const size_t start = i;
        long value;
        if (at > 14) return 0;
        value = group(text, length, &i);
        if (i < length && text[i] == '.') { /* the last four bytes as IPv4 */
            if (at > 12 || parse_v4(text + start, length - start, address + at) == 0) return 0;
            at += 4;
            break;
        }
        if (value < 0) return 0;
        address[at++] = (uint8_t)(value >> 8);
        address[at++] = (uint8_t)value;
        if (i == length) break;
        if (text[i++] != ':' || i == length) return 0;
        if (text[i] == ':') {
            if (gap != 17) return 0;
            gap = at;
            i++;
        }
    }
    if (gap == 17) return at == 16 ? 16 : 0;
    if (at > 14) return 0;
    memmove(address + 16 - (at - gap), address + gap, at - gap);
    memset(address + gap, 0, 16 - at);
    return 16;
}

static size_t parse_address(const char *text, size_t length, uint8_t *address)
{
    const size_t v4 = parse_v4(text, length, address);
    return v4 != 0 ? v4 : parse_v6(text, length, address);
}

static int is_address(const struct judge *judge, const char *text, size_t length)
{
    uint8_t address[16];
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    return length < ADDRESS_TEXT && parse_address(text, length, address) == judge->address_length &&
           memcmp(address, judge->address, judge->address_length) == 0;
}

/* The host of a URI: behind "://" and a user, up to a port, a path or the end. */
static int is_host(const struct judge *judge, const char *uri, size_t length)
{
    size_t start = 0, end;
    while (start + 3 <= length && memcmp(uri + start, "://", 3) != 0)
        start++;
    if (start + 3 > length) return 0;
    start += 3;
    for (end = start; end < length && uri[end] != '/' && uri[end] != '?' && uri[end] != '#'; end++)
        if (uri[end] == '@') start = end + 1;
    if (start < end && uri[start] == '[') {
        const char *close = memchr(uri + start, ']', end - start);
        if (close == NULL) return 0;
        return is_address(judge, uri + start, (size_t)(close - uri) + 1 - start);
    }
    for (size_t i = start; i < end; i++)
        if (uri[i] == ':') end = i;
    return is_address(judge, uri + start, end - start);
}

/* TS 1.0 section 7.1.9 wants the address in the Common Name or in a name of type URI; RFC 5280 has iPAddress for it. */
static int names_address(const struct judge *judge, const mbedtls_x509_crt *certificate)
{
    enum { URI = 6, IP_ADDRESS = 7 };
    static const uint8_t common_name[] = { 0x55, 0x04, 0x03 };

    for (const mbedtls_x509_sequence *san = &certificate->subject_alt_names; san != NULL; san = san->next) {
        const int type = san->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
        if (san->buf.p == NULL) continue;
        if (type == IP_ADDRESS && san->buf.len == judge->address_length &&
            memcmp(san->buf.p, judge->address, san->buf.len) == 0)
            return 1;
        if (type == URI && is_host(judge, (const char *)san->buf.p, san->buf.len)) return 1;
    }
    for (const mbedtls_x509_name *name = &certificate->subject; name != NULL; name = name->next)
        if (name->oid.len == sizeof common_name &&
            memcmp(name->oid.p, common_name, sizeof common_name) == 0 &&
            is_address(judge, (const char *)name->val.p, name->val.len))
            return 1;
    return 0;
}

/* ---- The verdict */

/* Seconds since 1970 of a date in the Gregorian calendar, UTC. Years are counted from March, so that a leap day is the last. */
static int64_t seconds(const mbedtls_x509_time *time)
{
    const int64_t year = time->mon > 2 ? time->year : time->year - 1;
    const int64_t day = (153 * ((time->mon + 9) % 12) + 2) / 5 + time->day - 1;
    const int64_t days = 365 * year + year / 4 - year / 100 + year / 400 + day - 719468;
    return ((days * 24 + time->hour) * 60 + time->min) * 60 + time->sec;
}

static int is_outdated(struct judge *judge, const mbedtls_x509_crt *certificate)
{
    const int64_t end = seconds(&certificate->valid_to);
    if (judge->ignore_dates) return 0;
    if (end < judge->until_s) judge->until_s = end;
    return judge->now_s < seconds(&certificate->valid_from) || judge->now_s > end;
}

static int is_wanted(const struct judge *judge, const mbedtls_x509_crt *certificate)
{
    uint8_t digest[64] = { 0 };
    const size_t size = mbedtls_md_get_size(mbedtls_md_info_from_type(judge->hash));
    return whimbrel_glue_digest(judge->hash, certificate->raw.p, certificate->raw.len, digest) ==
               WHIMBREL_OK &&
           memcmp(digest, judge->digest, size) == 0;
}

static int is_self_issued(const mbedtls_x509_crt *certificate)
{
    return certificate->issuer_raw.len == certificate->subject_raw.len &&
           memcmp(certificate->issuer_raw.p, certificate->subject_raw.p, certificate->issuer_raw.len) == 0;
}

static void reset(struct judge *judge)
{
    judge->flags = 0;
    judge->outdated = judge->matched = 0;
    judge->until_s = INT64_MAX;
}

/* One certificate of the path: what counts of it depends on the usage. */
static void weigh(struct judge *judge, const mbedtls_x509_crt *certificate, int depth, uint32_t flags)
{
    const int wanted = is_wanted(judge, certificate);

    switch (judge->usage) {
    case WHIMBREL_USAGE_CA_CONSTRAINT:
        if (depth > 0 && wanted) judge->matched = 1;
        break;
    case WHIMBREL_USAGE_TRUST_ANCHOR_ASSERTION:
        /* the path begins here: what is above does not count, nor who signed this one */
        if (wanted && (depth > 0 || is_self_issued(certificate))) {
            reset(judge);
            judge->matched = 1;
            flags = 0;
        }
        break;
    case WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE:
        /* no path: this one only, whoever signed it */
        reset(judge);
        flags = 0;
        /* fall through */
    default:
        judge->matched = depth == 0 && wanted;
        break;
    }
    judge->flags |= flags;
    if (is_outdated(judge, certificate)) judge->outdated = 1;
}

/* The callback of Mbed TLS (mbedtls_ssl_conf_verify). Depth 0, the peer's own certificate, comes last. The flags that it
 * leaves select the alert. */
static int judge_certificate(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    const uint32_t dates = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
    struct session *session = context;
    struct judge *judge = &session->judge;
    int other_name = (*flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0;

    weigh(judge, certificate, depth, *flags & ~(dates | MBEDTLS_X509_BADCERT_CN_MISMATCH));
    *flags = 0;
    if (depth != 0) return 0;

    if (judge->name_is_address) other_name = !names_address(judge, certificate);
    judge->verdict = WHIMBREL_OK;
    if (!judge->matched || judge->flags != 0) {
        judge->verdict = WHIMBREL_ERR_CERTIFICATE;
        *flags = judge->flags != 0 ? judge->flags : MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    } else if (judge->check_name && other_name) {
        judge->verdict = WHIMBREL_ERR_NAME;
        *flags = MBEDTLS_X509_BADCERT_CN_MISMATCH;
    } else if (judge->outdated) {
        judge->verdict = WHIMBREL_ERR_EXPIRED;
        *flags = MBEDTLS_X509_BADCERT_EXPIRED;
    }
    session->until_s = judge->until_s;
    reset(judge);
    return 0;
}

/* ---- Setting up */

/* What the right certificate hashes to. A certificate itself must be one; it becomes the anchor where it is to be. */
static int32_t expect(struct session *session, const whimbrel_session_t *setup)
{
    static const mbedtls_md_type_t hashes[] = { MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384,
                                                MBEDTLS_MD_SHA512 };
    struct judge *judge = &session->judge;
    const mbedtls_md_info_t *info;
    mbedtls_x509_crt *anchors = &session->papers->anchors;
    int32_t status;

    if (setup->matching_type >= sizeof hashes / sizeof *hashes) return WHIMBREL_ERR_SECURITY_MODE;
    judge->hash = hashes[setup->matching_type];
    info = mbedtls_md_info_from_type(judge->hash);
    if (info == NULL) return WHIMBREL_ERR_SECURITY_MODE;
    if (setup->matching_type != 0) {
        if (setup->server_key_length != mbedtls_md_get_size(info)) return WHIMBREL_ERR_CREDENTIALS;
        memcpy(judge->digest, setup->server_key, setup->server_key_length);
        return WHIMBREL_OK;
    }
    status = credentials_status(parse_certificates(anchors, setup->server_key, setup->server_key_length));
    if (status >= 0)
        status = whimbrel_glue_digest(judge->hash, anchors->raw.p, anchors->raw.len, judge->digest);
    if (judge->usage != WHIMBREL_USAGE_TRUST_ANCHOR_ASSERTION) {
        mbedtls_x509_crt_free(anchors);
        mbedtls_x509_crt_init(anchors);
    }
    return status;
}

static int32_t set_judge(struct session *session, const whimbrel_session_t *setup)
{
    const whimbrel_mbedtls_t *backend = session->backend;
    struct judge *judge = &session->judge;
    const int stored = setup->certificate_usage == WHIMBREL_USAGE_CA_CONSTRAINT ||
                       setup->certificate_usage == WHIMBREL_USAGE_SERVICE_CERTIFICATE_CONSTRAINT;
    int32_t status;

    memset(judge, 0, sizeof *judge);
    reset(judge);
    if (setup->certificate_usage < WHIMBREL_USAGE_CA_CONSTRAINT ||
        setup->certificate_usage > WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE ||
        (stored && backend->trust_store == NULL))
        return WHIMBREL_ERR_SECURITY_MODE;
    judge->usage = setup->certificate_usage;
    judge->check_name = setup->check_name || judge->usage != WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE;
    judge->now_s = setup->wall_clock_s;
    judge->ignore_dates = setup->wall_clock_s < 0 && backend->without_clock == WHIMBREL_MBEDTLS_IGNORE_DATES;
    if (judge->check_name && setup->name_is_address) {
        size_t length;
        if (setup->name_length == 0 || setup->name_length >= ADDRESS_TEXT) return WHIMBREL_ERR_CREDENTIALS;
        length = parse_address(setup->name, setup->name_length, judge->address);
        if (length == 0) return WHIMBREL_ERR_CREDENTIALS;
        judge->address_length = (uint8_t)length;
        judge->name_is_address = 1;
    }
    status = expect(session, setup);
    if (status >= 0 && stored)
        status = credentials_status(whimbrel_glue_trust(&session->papers->anchors, backend->trust_store,
                                                        backend->trust_store_length));
    return status;
}

int32_t whimbrel_glue_certificate(struct session *session, const whimbrel_session_t *setup)
{
    mbedtls_ssl_config *config = &session->config;
    int32_t status;
    int result;

    session->papers = mbedtls_calloc(1, sizeof *session->papers);
    if (session->papers == NULL) return WHIMBREL_ERR_FULL;
    mbedtls_x509_crt_init(&session->papers->own);
    mbedtls_x509_crt_init(&session->papers->anchors);
    mbedtls_pk_init(&session->papers->key);
    status = set_judge(session, setup);
    if (status < 0) return status;
    result = parse_certificates(&session->papers->own, setup->identity, setup->identity_length);
    if (result == 0) result = parse_key(session, setup->secret_key, setup->secret_key_length);
    if (result == 0)
        result = mbedtls_pk_check_pair(&session->papers->own.pk,
                                       &session->papers->key RANDOM_OF(session->backend));
    if (result == 0) result = mbedtls_ssl_conf_own_cert(config, &session->papers->own, &session->papers->key);
    if (result != 0) return credentials_status(result);

    mbedtls_ssl_conf_groups(config, groups);
    mbedtls_ssl_conf_sig_algs(config, signatures);
    mbedtls_ssl_conf_cert_profile(config, &PROFILE);
    mbedtls_ssl_conf_ca_chain(config, &session->papers->anchors, NULL);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_verify(config, judge_certificate, session);
#if defined(MBEDTLS_SSL_SRV_C)
    mbedtls_ssl_conf_cert_req_ca_list(config, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
#endif
    return WHIMBREL_OK;
}

/* Once the handshake is over nobody looks at them again: two to four kilobytes. */
void whimbrel_glue_release(struct session *session)
{
    if (session->papers == NULL) return;
    mbedtls_x509_crt_free(&session->papers->own);
    mbedtls_x509_crt_free(&session->papers->anchors);
    mbedtls_pk_free(&session->papers->key);
    mbedtls_free(session->papers);
    session->papers = NULL;
}

#else
typedef int whimbrel_glue_no_certificates; /* ISO C wants a declaration */
#endif
