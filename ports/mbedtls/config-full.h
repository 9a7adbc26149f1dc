/*
 * Mbed TLS 3.6 for hosts, the bench and its tests: DTLS 1.2 with all that whimbrel_mbedtls.c can use, client and server.
 * No PSA, no TLS 1.3, no files, no clock: the backend judges dates by the platform's wall clock.
 */
#ifndef WHIMBREL_MBEDTLS_CONFIG_FULL_H
#define WHIMBREL_MBEDTLS_CONFIG_FULL_H

/* In Mbed TLS 4 the cryptography is configured elsewhere: scripts/mbedtls.sh takes what TF-PSA-Crypto has by default. */
#ifndef WHIMBREL_MBEDTLS_4

/* Platform: memory from hooks, or from a block of the caller. */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_MEMORY_BUFFER_ALLOC_C
#define MBEDTLS_MEMORY_ALIGN_MULTIPLE 8
#define MBEDTLS_VERSION_C

/* Ciphers: CCM and CCM_8, GCM, CBC. */
#define MBEDTLS_AES_C
#define MBEDTLS_CIPHER_C
#define MBEDTLS_CCM_C
#define MBEDTLS_GCM_C
#define MBEDTLS_CIPHER_MODE_CBC

/* Secured short messages (crypto.c). No suite of TLS gets 3DES by it. */
#define MBEDTLS_CMAC_C
#define MBEDTLS_DES_C

/* Hashes: those that Matching Type and certificate signatures name. */
#define MBEDTLS_MD_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C

/* Elliptic curves. Signatures need no randomness of good quality (RFC 6979). */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECDSA_DETERMINISTIC
#define MBEDTLS_HMAC_DRBG_C

/* Certificates and keys, DER and PEM. */
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_OID_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_PK_WRITE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C

#else
#define MBEDTLS_VERSION_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#endif /* WHIMBREL_MBEDTLS_4 */

/* Key exchanges. */
#define MBEDTLS_KEY_EXCHANGE_PSK_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_PSK_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED

/* DTLS 1.2, both roles. */
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SRV_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_DTLS
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES
#define MBEDTLS_SSL_DTLS_ANTI_REPLAY
#define MBEDTLS_SSL_DTLS_HELLO_VERIFY
#define MBEDTLS_SSL_COOKIE_C
#define MBEDTLS_SSL_ENCRYPT_THEN_MAC
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_SERVER_NAME_INDICATION

/* Connection ID as RFC 9146 has it. A granularity of 1 adds no padding: a record of five bytes takes 37, not 47. */
#define MBEDTLS_SSL_DTLS_CONNECTION_ID
#ifndef WHIMBREL_MBEDTLS_4
#define MBEDTLS_SSL_DTLS_CONNECTION_ID_COMPAT 0
#endif
#define MBEDTLS_SSL_CID_TLS1_3_PADDING_GRANULARITY 1

/* Resumption, and associations that outlive a power cycle. */
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_TICKET_C
#define MBEDTLS_SSL_CACHE_C
#define MBEDTLS_SSL_CONTEXT_SERIALIZATION

/* Sizes. Resource 5 of the Security object allows a PSK of any length; this is what one handshake can carry. */
#define MBEDTLS_PSK_MAX_LEN            128
#define MBEDTLS_SSL_IN_CONTENT_LEN     4096
#define MBEDTLS_SSL_OUT_CONTENT_LEN    4096
#define MBEDTLS_SSL_DTLS_MAX_BUFFERING 8192

#endif /* WHIMBREL_MBEDTLS_CONFIG_FULL_H */
