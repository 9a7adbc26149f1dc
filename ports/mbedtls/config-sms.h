/*
 * Mbed TLS 3.6 for firmware with secured short messages or SCP03: config-psk.h, and what crypto.c needs. Without the line of
 * DES there is AES alone.
 */
#ifndef WHIMBREL_MBEDTLS_CONFIG_SMS_H
#define WHIMBREL_MBEDTLS_CONFIG_SMS_H

#include "config-psk.h"

/* Packets are deciphered too, and their keys may be longer. */
#undef MBEDTLS_BLOCK_CIPHER_NO_DECRYPT
#undef MBEDTLS_AES_ONLY_128_BIT_KEY_LENGTH
#define MBEDTLS_CIPHER_MODE_CBC
#define MBEDTLS_CMAC_C
#define MBEDTLS_DES_C

#endif /* WHIMBREL_MBEDTLS_CONFIG_SMS_H */
