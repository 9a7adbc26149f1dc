/*
 * Mbed TLS 3.6 for firmware with certificates: config-psk.h, and TLS_ECDHE_ECDSA on secp256r1 with X.509 in DER.
 */
#ifndef WHIMBREL_MBEDTLS_CONFIG_X509_H
#define WHIMBREL_MBEDTLS_CONFIG_X509_H

#include "config-psk.h"

/* Two functions print into strings; a linker that collects garbage drops both. No text about certificates. */
#include <stdio.h>
#define MBEDTLS_PLATFORM_SNPRINTF_MACRO snprintf
#define MBEDTLS_X509_REMOVE_INFO

/* Matching Type 2 and 3 name SHA-384 and SHA-512. Without these two lines they are refused at the start of a session. */
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_SHA512_SMALLER

/* One curve, for all of it. */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C

/* Certificates and keys, DER. */
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_SERVER_NAME_INDICATION

/* A handshake costs a second of computing and two kilobytes of radio: tickets pay. */
#define MBEDTLS_SSL_SESSION_TICKETS

/* A chain is longer than a datagram, and is put together in one record buffer. */
#undef MBEDTLS_SSL_IN_CONTENT_LEN
#undef MBEDTLS_SSL_DTLS_MAX_BUFFERING
#define MBEDTLS_SSL_IN_CONTENT_LEN     2048
#define MBEDTLS_SSL_DTLS_MAX_BUFFERING 4096

#endif /* WHIMBREL_MBEDTLS_CONFIG_X509_H */
