/*
 * An association that outlives the memory it was in: 20 bytes of ours, then what Mbed TLS writes of a context. Three
 * fields of its structures that no function reads or sets are used here, two more in whimbrel_mbedtls.c.
 */
#include "internal.h"
#include <string.h>

/* Sequence number of the next record; the first two bytes of the counter are the epoch. */
uint64_t whimbrel_glue_sequence(const struct session *session)
{
    const unsigned char *counter = session->ssl.MBEDTLS_PRIVATE(cur_out_ctr);
    uint64_t sequence = 0;
    for (int i = 2; i < 8; i++)
        sequence = sequence << 8 | counter[i];
    return sequence;
}

#ifdef WITH_SAVING

/* 'W', format, role, 0; when a certificate ends; the beginning of SHA-256 over all before and behind it. Mbed TLS trusts
 * the lengths in what it loads, so that what storage has damaged must not come that far. */
enum { FORMAT = 1, UNTIL = 4, CHECK = 12, CHECK_SIZE = 8, HEAD = CHECK + CHECK_SIZE };

static int checksum(const uint8_t *data, size_t size, uint8_t *check)
{
    uint8_t digest[2 * MARK_SIZE], whole[MARK_SIZE];
    memcpy(digest, data, CHECK);
    if (whimbrel_glue_digest(MBEDTLS_MD_SHA256, data + HEAD, size - HEAD, digest + CHECK) < 0) return -1;
    if (whimbrel_glue_digest(MBEDTLS_MD_SHA256, digest, CHECK + MARK_SIZE, whole) < 0) return -1;
    memcpy(check, whole, CHECK_SIZE);
    return 0;
}

/* While the handshake's memory is there the last flight may have to be repeated: who sent it must hear from the peer first. */
int whimbrel_glue_savable(struct session *session)
{
    return session->state == SESSION_OPEN && session->ssl.MBEDTLS_PRIVATE(handshake) == NULL &&
           whimbrel_glue_saves(mbedtls_ssl_get_ciphersuite_id_from_ssl(&session->ssl)) &&
           mbedtls_ssl_check_pending(&session->ssl) == 0;
}

static void dies(struct session *session)
{
    session->state = SESSION_DEAD;
    session->error = WHIMBREL_ERR_FULL;
}

/* Mbed TLS resets a context that it has saved, so it is loaded again. Only a lack of memory can end the session here. */
int32_t whimbrel_glue_save(struct session *session, uint8_t *buffer, size_t size)
{
    size_t length = 0;
    int result;

    if (session->state != SESSION_OPEN) return WHIMBREL_ERR_STATE;
    if (!whimbrel_glue_saves(mbedtls_ssl_get_ciphersuite_id_from_ssl(&session->ssl)))
        return WHIMBREL_ERR_NOT_SUPPORTED;
    if (!whimbrel_glue_savable(session)) return WHIMBREL_ERR_STATE;
    if (size < HEAD) return WHIMBREL_ERR_FULL;
    result = mbedtls_ssl_context_save(&session->ssl, buffer + HEAD, size - HEAD, &length);
    if (result == MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL) return WHIMBREL_ERR_FULL;
    if (result == 0) result = mbedtls_ssl_context_load(&session->ssl, buffer + HEAD, length);
    if (result != 0) {
        dies(session);
        return WHIMBREL_ERR_FULL;
    }
    mbedtls_ssl_set_mtu(&session->ssl, session->mtu);
    buffer[0] = 'W';
    buffer[1] = FORMAT;
    buffer[2] = session->serves;
    buffer[3] = 0;
    for (int i = 0; i < 8; i++)
        buffer[UNTIL + i] = (uint8_t)((uint64_t)session->until_s >> (56 - 8 * i));
    if (checksum(buffer, HEAD + length, buffer + CHECK) != 0) return WHIMBREL_ERR_FULL;
    return (int32_t)(HEAD + length);
}

int32_t whimbrel_glue_load(struct session *session, const uint8_t *data, size_t size, uint64_t sequence)
{
    unsigned char *counter = session->ssl.MBEDTLS_PRIVATE(cur_out_ctr);
    uint8_t check[CHECK_SIZE];
    uint64_t until = 0;
    int result;

    if (size < HEAD || data[0] != 'W' || data[1] != FORMAT || data[2] != session->serves || data[3] != 0 ||
        sequence >> 48 != 0)
        return WHIMBREL_ERR_MALFORMED;
    if (checksum(data, size, check) != 0) return WHIMBREL_ERR_FULL;
    if (memcmp(check, data + CHECK, CHECK_SIZE) != 0) return WHIMBREL_ERR_MALFORMED;
    result = mbedtls_ssl_context_load(&session->ssl, data + HEAD, size - HEAD);
    if (result != 0) return whimbrel_glue_is_memory(result) ? WHIMBREL_ERR_FULL : WHIMBREL_ERR_MALFORMED;
    mbedtls_ssl_set_mtu(&session->ssl, session->mtu);
    for (int i = 0; i < 8; i++)
        until = until << 8 | data[UNTIL + i];
    session->until_s = (int64_t)until;
    if (whimbrel_glue_sequence(session) < sequence)
        for (int i = 0; i < 6; i++)
            counter[7 - i] = (unsigned char)(sequence >> 8 * i);
    return WHIMBREL_OK;
}

/* The window's top is the record that came just now; all 64 up to it count as seen, and older ones do anyway. */
void whimbrel_glue_fence(struct session *session)
{
#if defined(MBEDTLS_SSL_DTLS_ANTI_REPLAY)
    session->ssl.MBEDTLS_PRIVATE(in_window) = UINT64_MAX;
#else
    (void)session;
#endif
}

#endif /* WITH_SAVING */
