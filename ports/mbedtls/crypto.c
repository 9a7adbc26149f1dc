/*
 * whimbrel_mbedtls_crypto: the primitives of secured short messages and of SCP03 by Mbed TLS 3.6. It shares nothing with the
 * DTLS backend and needs none. A primitive that the library was not configured for says WHIMBREL_ERR_NOT_SUPPORTED.
 */
#include "whimbrel_mbedtls.h"
#include <mbedtls/build_info.h>
#include <string.h>

/* In Mbed TLS 4 the application has no ciphers but PSA's. */
#if MBEDTLS_VERSION_NUMBER < 0x04000000
#if defined(MBEDTLS_AES_C) && defined(MBEDTLS_CIPHER_MODE_CBC)
#define WITH_AES_CBC
#include <mbedtls/aes.h>
#endif
#if defined(MBEDTLS_AES_C) && defined(MBEDTLS_CMAC_C)
#define WITH_AES_CMAC
#include <mbedtls/cipher.h>
#include <mbedtls/cmac.h>
#endif
#if defined(MBEDTLS_DES_C)
#define WITH_DES
#include <mbedtls/des.h>
#include <mbedtls/platform_util.h>
#endif
#endif

enum { BLOCK = 16, DES_BLOCK = 8, DES_KEY = 24, CHUNKS = 6 };

static int32_t check_key(uint8_t cipher, size_t length)
{
    if (cipher == WHIMBREL_AES)
        return length == 16 || length == 24 || length == 32 ? WHIMBREL_OK : WHIMBREL_ERR_CREDENTIALS;
    if (cipher == WHIMBREL_TRIPLE_DES) return length == DES_KEY ? WHIMBREL_OK : WHIMBREL_ERR_CREDENTIALS;
    return WHIMBREL_ERR_NOT_SUPPORTED;
}

#ifdef WITH_AES_CBC
/* The library knows fewer lengths of keys if it was told so. */
static int32_t aes_cbc(int encrypt, const uint8_t *key, size_t key_length, const uint8_t *iv, uint8_t *data,
                       size_t size)
{
    unsigned char chain[BLOCK];
    const unsigned int bits = (unsigned int)key_length * 8;
    mbedtls_aes_context aes;
    int error;
    memcpy(chain, iv, BLOCK);
    mbedtls_aes_init(&aes);
    error = encrypt ? mbedtls_aes_setkey_enc(&aes, key, bits) : mbedtls_aes_setkey_dec(&aes, key, bits);
    if (error == 0)
        error = mbedtls_aes_crypt_cbc(&aes, encrypt ? MBEDTLS_AES_ENCRYPT : MBEDTLS_AES_DECRYPT, size, chain,
                                      data, data);
    mbedtls_aes_free(&aes);
    return error == 0 ? WHIMBREL_OK : WHIMBREL_ERR_NOT_SUPPORTED;
}
#endif

#ifdef WITH_AES_CMAC
static int32_t aes_cmac(const uint8_t *key, size_t key_length, const whimbrel_chunk_t *chunks, size_t count,
                        uint8_t *out)
{
    const int bits = (int)key_length * 8;
    const mbedtls_cipher_info_t *info =
        mbedtls_cipher_info_from_values(MBEDTLS_CIPHER_ID_AES, bits, MBEDTLS_MODE_ECB);
    mbedtls_cipher_context_t cipher;
    int error;
    if (info == NULL) return WHIMBREL_ERR_NOT_SUPPORTED;
    mbedtls_cipher_init(&cipher);
    error = mbedtls_cipher_setup(&cipher, info);
    if (error == 0) error = mbedtls_cipher_cmac_starts(&cipher, key, (size_t)bits);
    for (size_t i = 0; i < count && error == 0; i++)
        if (chunks[i].size > 0) error = mbedtls_cipher_cmac_update(&cipher, chunks[i].data, chunks[i].size);
    if (error == 0) error = mbedtls_cipher_cmac_finish(&cipher, out);
    mbedtls_cipher_free(&cipher);
    if (error == MBEDTLS_ERR_CIPHER_ALLOC_FAILED) return WHIMBREL_ERR_FULL;
    return error == 0 ? WHIMBREL_OK : WHIMBREL_ERR_NOT_SUPPORTED;
}
#endif

#ifdef WITH_DES
static int des_start(mbedtls_des3_context *des, int encrypt, const uint8_t *key)
{
    mbedtls_des3_init(des);
    return encrypt ? mbedtls_des3_set3key_enc(des, key) : mbedtls_des3_set3key_dec(des, key);
}

#ifdef MBEDTLS_CIPHER_MODE_CBC
static int32_t des_cbc(int encrypt, const uint8_t *key, const uint8_t *iv, uint8_t *data, size_t size)
{
    const int mode = encrypt ? MBEDTLS_DES_ENCRYPT : MBEDTLS_DES_DECRYPT;
    unsigned char chain[DES_BLOCK];
    mbedtls_des3_context des;
    int error = des_start(&des, encrypt, key);
    memcpy(chain, iv, DES_BLOCK);
    if (error == 0) error = mbedtls_des3_crypt_cbc(&des, mode, size, chain, data, data);
    mbedtls_des3_free(&des);
    return error == 0 ? WHIMBREL_OK : WHIMBREL_ERR_NOT_SUPPORTED;
}
#endif

static int32_t des_mac(const uint8_t *key, const whimbrel_chunk_t *chunks, size_t count, uint8_t *out)
{
    uint8_t chain[BLOCK] = { 0 };
    size_t filled = 0;
    mbedtls_des3_context des;
    int error = des_start(&des, 1, key);
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < chunks[i].size && error == 0; at++) {
            chain[filled++] ^= chunks[i].data[at];
            if (filled < DES_BLOCK) continue;
            error = mbedtls_des3_crypt_ecb(&des, chain, chain);
            filled = 0;
        }
    /* what is missing of a block is zeros, and they change nothing */
    if (filled > 0 && error == 0) error = mbedtls_des3_crypt_ecb(&des, chain, chain);
    if (error == 0) memcpy(out, chain, BLOCK);
    mbedtls_des3_free(&des);
    mbedtls_platform_zeroize(chain, sizeof chain);
    return error == 0 ? WHIMBREL_OK : WHIMBREL_ERR_NOT_SUPPORTED;
}
#endif

static int32_t cbc(void *context, uint8_t cipher, uint8_t encrypt, const uint8_t *key, size_t key_length,
                   const uint8_t *iv, uint8_t *data, size_t size)
{
    const int32_t status = check_key(cipher, key_length);
    (void)context;
    (void)encrypt;
    (void)key;
    (void)iv;
    (void)data;
    if (status < 0) return status;
    if (size % (cipher == WHIMBREL_AES ? BLOCK : DES_BLOCK) != 0) return WHIMBREL_ERR_BAD_VALUE;
    if (size == 0) return WHIMBREL_OK;
#ifdef WITH_AES_CBC
    if (cipher == WHIMBREL_AES) return aes_cbc(encrypt, key, key_length, iv, data, size);
#endif
#if defined(WITH_DES) && defined(MBEDTLS_CIPHER_MODE_CBC)
    if (cipher == WHIMBREL_TRIPLE_DES) return des_cbc(encrypt, key, iv, data, size);
#endif
    return WHIMBREL_ERR_NOT_SUPPORTED;
}

static int32_t mac(void *context, uint8_t cipher, const uint8_t *key, size_t key_length,
                   const whimbrel_chunk_t *chunks, size_t count, uint8_t *out)
{
    const int32_t status = check_key(cipher, key_length);
    (void)context;
    (void)key;
    (void)chunks;
    (void)out;
    if (status < 0) return status;
    if (count > CHUNKS) return WHIMBREL_ERR_FULL;
#ifdef WITH_AES_CMAC
    if (cipher == WHIMBREL_AES) return aes_cmac(key, key_length, chunks, count, out);
#endif
#ifdef WITH_DES
    if (cipher == WHIMBREL_TRIPLE_DES) return des_mac(key, chunks, count, out);
#endif
    return WHIMBREL_ERR_NOT_SUPPORTED;
}

const whimbrel_crypto_t whimbrel_mbedtls_crypto = { .size = sizeof(whimbrel_crypto_t),
                                                    .cbc = cbc,
                                                    .mac = mac };
