/*
 * whimbrel_mbedtls_crypto and whimbrel_crypto_software over the same random inputs: two implementations that share no line
 * must agree, and refuse the same. What is right of the two is for tests/sms_packet.rs to say, whose bytes others made.
 */
#include "../c/checks.h"
#include "whimbrel_mbedtls.h"
#include <string.h>

enum { ROUNDS = 4000, LARGEST = 512, CHUNKS = 6 };

static const whimbrel_crypto_t *const tables[2] = { &whimbrel_crypto_software, &whimbrel_mbedtls_crypto };
static const uint8_t zero[16];

static uint32_t state = 5;

static uint32_t below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

static void fill(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)below(256);
}

static const struct algorithm {
    uint8_t cipher;
    size_t key_length, block;
} algorithms[] = {
    { WHIMBREL_AES, 16, 16 },
    { WHIMBREL_AES, 24, 16 },
    { WHIMBREL_AES, 32, 16 },
    { WHIMBREL_TRIPLE_DES, 24, 8 },
};
enum { ALGORITHMS = sizeof algorithms / sizeof algorithms[0] };

static int32_t cbc(int table, const struct algorithm *algorithm, int encrypt, const uint8_t *key,
                   const uint8_t *iv, uint8_t *data, size_t size)
{
    const whimbrel_crypto_t *t = tables[table];
    return t->cbc(t->context, algorithm->cipher, (uint8_t)encrypt, key, algorithm->key_length, iv, data,
                  size);
}

/* Both encipher to the same, and each deciphers what the other made. The IV of the caller stays. */
static void same_cbc(const struct algorithm *algorithm)
{
    uint8_t key[32], iv[16], before[16], plain[LARGEST], data[2][LARGEST];
    const size_t size = below(LARGEST / (uint32_t)algorithm->block + 1) * algorithm->block;
    fill(key, sizeof key);
    fill(iv, sizeof iv);
    fill(plain, sizeof plain);
    memcpy(before, iv, sizeof iv);
    for (int table = 0; table < 2; table++) {
        memcpy(data[table], plain, sizeof plain);
        EQUAL(WHIMBREL_OK, cbc(table, algorithm, 1, key, iv, data[table], size));
        CHECK(memcmp(data[table] + size, plain + size, sizeof plain - size) == 0);
        CHECK(size == 0 || memcmp(data[table], plain, size) != 0);
    }
    CHECK(memcmp(data[0], data[1], sizeof plain) == 0);
    for (int table = 0; table < 2; table++) {
        EQUAL(WHIMBREL_OK, cbc(table, algorithm, 0, key, iv, data[!table], size));
        CHECK(memcmp(data[!table], plain, sizeof plain) == 0);
    }
    CHECK(memcmp(iv, before, sizeof iv) == 0);
}

/* In pieces and at once, the checksum is the same. */
static void same_mac(const struct algorithm *algorithm)
{
    uint8_t key[32], message[LARGEST], out[4][16];
    whimbrel_chunk_t chunks[CHUNKS], whole = { message, 0 };
    const size_t count = below(CHUNKS + 1);
    fill(key, sizeof key);
    fill(message, sizeof message);
    for (size_t i = 0; i < count; i++) {
        chunks[i].size = below(LARGEST / CHUNKS);
        chunks[i].data = chunks[i].size > 0 ? message + whole.size : NULL;
        whole.size += chunks[i].size;
    }
    memset(out, 0xee, sizeof out);
    for (int table = 0; table < 2; table++) {
        const whimbrel_crypto_t *t = tables[table];
        EQUAL(WHIMBREL_OK,
              t->mac(t->context, algorithm->cipher, key, algorithm->key_length, chunks, count, out[table]));
        EQUAL(WHIMBREL_OK,
              t->mac(t->context, algorithm->cipher, key, algorithm->key_length, &whole, 1, out[2 + table]));
    }
    for (int i = 1; i < 4; i++)
        CHECK(memcmp(out[0], out[i], 16) == 0);
    CHECK(memcmp(out[0] + algorithm->block, zero, 16 - algorithm->block) == 0);
}

static void same_refusals(void)
{
    uint8_t key[64] = { 0 }, data[64] = { 0 }, out[16] = { 0 };
    whimbrel_chunk_t chunks[CHUNKS + 1] = { { NULL, 0 } };
    for (int table = 0; table < 2; table++) {
        const whimbrel_crypto_t *t = tables[table];
        EQUAL(sizeof *t, t->size);
        for (uint8_t cipher = 0; cipher < 5; cipher++)
            for (size_t length = 0; length <= sizeof key; length++) {
                const int aes = cipher == WHIMBREL_AES, des = cipher == WHIMBREL_TRIPLE_DES;
                const int known = (aes && (length == 16 || length == 32)) || ((aes || des) && length == 24);
                const int32_t status = known        ? WHIMBREL_OK
                                       : aes || des ? WHIMBREL_ERR_CREDENTIALS
                                                    : WHIMBREL_ERR_NOT_SUPPORTED;
                EQUAL(status, t->cbc(t->context, cipher, 1, key, length, zero, data, 32));
                EQUAL(status, t->mac(t->context, cipher, key, length, chunks, CHUNKS, out));
                if (!known) continue;
                EQUAL(WHIMBREL_ERR_FULL, t->mac(t->context, cipher, key, length, chunks, CHUNKS + 1, out));
                EQUAL(WHIMBREL_OK, t->cbc(t->context, cipher, 0, key, length, zero, NULL, 0));
                for (size_t size = 1; size < 48; size++)
                    if (size % (aes ? 16 : 8) != 0)
                        EQUAL(WHIMBREL_ERR_BAD_VALUE,
                              t->cbc(t->context, cipher, 0, key, length, zero, data, size));
            }
    }
}

int main(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        same_cbc(&algorithms[round % ALGORITHMS]);
        same_mac(&algorithms[round % ALGORITHMS]);
    }
    same_refusals();
    return verdict("crypto");
}
