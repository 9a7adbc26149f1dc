/*
 * What outlives a session: tickets (RFC 5077), session IDs, and the secret behind cookies (RFC 6347 section 4.2.1).
 *
 * A ticket here is a number that the server looks up, as a session ID is: both lead to the same store, whose entries
 * end in virtual time. Mbed TLS's own would use the machine's clock.
 */
#include "internal.h"
#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>

/* The largest state that is kept: with the client's certificate. */
#define STATE_SIZE 4096
#define ID_SIZE    32

static int keep(lab_dtls_t *server, const uint8_t *id, size_t length, const mbedtls_ssl_session *state)
{
    uint8_t buffer[STATE_SIZE];
    size_t size = 0;
    if (length > ID_SIZE || mbedtls_ssl_session_save(state, buffer, sizeof buffer, &size) != 0) return -1;
    struct kept *kept = calloc(1, sizeof *kept);
    uint8_t *copy = malloc(size);
    if (kept == NULL || copy == NULL) abort();
    memcpy(copy, buffer, size);
    memcpy(kept->id, id, length);
    kept->state = copy;
    kept->size = size;
    kept->peer = server->current->peer;
    kept->until = server->now + server->given.resumable_ms;
    kept->next = server->kept;
    server->kept = kept;
    return 0;
}

/* Fills `state` from the store, and gives the session the peer number of the one before. */
static int resume(lab_dtls_t *server, const uint8_t *id, size_t length, mbedtls_ssl_session *state)
{
    uint8_t name[ID_SIZE] = { 0 };
    if (length > sizeof name) return -1;
    memcpy(name, id, length);
    for (const struct kept *kept = server->kept; kept != NULL; kept = kept->next) {
        if (memcmp(kept->id, name, sizeof name) != 0 || kept->until <= server->now) continue;
        if (mbedtls_ssl_session_load(state, kept->state, kept->size) != 0) return -1;
        server->current->resumed = 1;
        server->current->peer = kept->peer;
        return 0;
    }
    return -1;
}

static int cache_get(void *context, const unsigned char *id, size_t length, mbedtls_ssl_session *state)
{
    return resume(context, id, length, state);
}

static int cache_set(void *context, const unsigned char *id, size_t length, const mbedtls_ssl_session *state)
{
    return keep(context, id, length, state);
}

static int ticket_write(void *context, const mbedtls_ssl_session *state, unsigned char *start,
                        const unsigned char *end, size_t *length, uint32_t *lifetime)
{
    lab_dtls_t *server = context;
    if (end - start < ID_SIZE) return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    server->given.random(server->given.context, start, ID_SIZE);
    *length = ID_SIZE;
    *lifetime = server->given.resumable_ms / 1000;
    return keep(server, start, ID_SIZE, state) == 0 ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int ticket_parse(void *context, mbedtls_ssl_session *state, unsigned char *ticket, size_t length)
{
    return resume(context, ticket, length, state) == 0 ? 0 : MBEDTLS_ERR_SSL_INVALID_MAC;
}

static int cookie(const lab_dtls_t *server, const unsigned char *peer, size_t length, uint8_t made[32])
{
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    return mbedtls_md_hmac(sha256, server->secret, sizeof server->secret, peer, length, made);
}

static int cookie_write(void *context, unsigned char **place, unsigned char *end, const unsigned char *peer,
                        size_t length)
{
    if (end - *place < 32) return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    const int status = cookie(context, peer, length, *place);
    *place += 32;
    return status;
}

static int cookie_check(void *context, const unsigned char *given, size_t size, const unsigned char *peer,
                        size_t length)
{
    uint8_t made[32];
    if (size != sizeof made || cookie(context, peer, length, made) != 0) return -1;
    return memcmp(made, given, sizeof made) == 0 ? 0 : -1;
}

void keep_configure(lab_dtls_t *server)
{
    mbedtls_ssl_config *config = &server->config;
    server->given.random(server->given.context, server->secret, sizeof server->secret);
    if (server->given.cookies)
        mbedtls_ssl_conf_dtls_cookies(config, cookie_write, cookie_check, server);
    else
        mbedtls_ssl_conf_dtls_cookies(config, NULL, NULL, NULL);
    if (server->given.tickets)
        mbedtls_ssl_conf_session_tickets_cb(config, ticket_write, ticket_parse, server);
    if (server->given.session_ids) mbedtls_ssl_conf_session_cache(config, server, cache_get, cache_set);
}

void keep_forget(lab_dtls_t *server)
{
    while (server->kept != NULL) {
        struct kept *kept = server->kept;
        server->kept = kept->next;
        free(kept->state);
        free(kept);
    }
}
