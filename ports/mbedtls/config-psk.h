/*
 * Mbed TLS 3.6 for the smallest firmware: a DTLS 1.2 client with PSK and AES-128-CCM. No certificates, no curves, no text.
 */
#ifndef WHIMBREL_MBEDTLS_CONFIG_PSK_H
#define WHIMBREL_MBEDTLS_CONFIG_PSK_H

/* Platform: memory from hooks, or from a block of the caller. */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_MEMORY_BUFFER_ALLOC_C
#define MBEDTLS_MEMORY_ALIGN_MULTIPLE 8

/* Nothing of the C library's heap and exit(): without hooks and without a block there is no memory, and a block that was
 * overwritten is where the device stops. */
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
#define MBEDTLS_PLATFORM_EXIT_MACRO(status) \
    for (;;)                                \
    continue

/* AES in flash, with one table a direction instead of four, and no inverse: CCM only encrypts. */
#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_AES_ONLY_128_BIT_KEY_LENGTH
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT
#define MBEDTLS_CCM_C
#define MBEDTLS_CIPHER_C

/* SHA-256 alone: the suites' PRF, and the mark of a session's credentials. */
#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER

/* DTLS 1.2, client. */
#define MBEDTLS_KEY_EXCHANGE_PSK_ENABLED
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_DTLS
#define MBEDTLS_SSL_DTLS_ANTI_REPLAY
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET

/* Connection ID as RFC 9146 has it, without padding. Our own is empty; the array for it must have one byte. */
#define MBEDTLS_SSL_DTLS_CONNECTION_ID
#define MBEDTLS_SSL_DTLS_CONNECTION_ID_COMPAT      0
#define MBEDTLS_SSL_CID_TLS1_3_PADDING_GRANULARITY 1
#define MBEDTLS_SSL_CID_IN_LEN_MAX                 1
#define MBEDTLS_SSL_CID_OUT_LEN_MAX                32

/* Associations that outlive a power cycle. */
#define MBEDTLS_SSL_CONTEXT_SERIALIZATION

/* Sizes. A record buffer has 13 bytes for the header and some 18 for what a cipher adds, so that a datagram of 1280 bytes
 * fits. Flights of a PSK handshake are shorter than the window for those that come out of order. */
#define MBEDTLS_PSK_MAX_LEN            64
#define MBEDTLS_SSL_IN_CONTENT_LEN     1252
#define MBEDTLS_SSL_OUT_CONTENT_LEN    1252
#define MBEDTLS_SSL_DTLS_MAX_BUFFERING 1024

#endif /* WHIMBREL_MBEDTLS_CONFIG_PSK_H */
