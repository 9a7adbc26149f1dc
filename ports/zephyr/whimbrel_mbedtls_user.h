/*
 * What Zephyr's options do not say of Mbed TLS 3.6, for CONFIG_MBEDTLS_USER_CONFIG_FILE="whimbrel_mbedtls_user.h". It concerns whoever
 * uses Mbed TLS in the image. ports/mbedtls/README.md tells what each line is for.
 */
#ifndef WHIMBREL_MBEDTLS_USER_H
#define WHIMBREL_MBEDTLS_USER_H

/* Sessions that outlive a restart. */
#define MBEDTLS_SSL_CONTEXT_SERIALIZATION

/* Connection ID as RFC 9146 has it, without padding. Our own is empty; the array for it must have one byte. */
#define MBEDTLS_SSL_DTLS_CONNECTION_ID_COMPAT      0
#define MBEDTLS_SSL_CID_TLS1_3_PADDING_GRANULARITY 1
#define MBEDTLS_SSL_CID_IN_LEN_MAX                 1

#endif /* WHIMBREL_MBEDTLS_USER_H */
