/* One association: its timers, its datagrams, its handshake and what it carries. */
#include "internal.h"
#include <stdlib.h>
#include <string.h>

static int send_datagram(void *context, const unsigned char *datagram, size_t size)
{
    struct session *session = context;
    lab_dtls_t *server = session->server;
    const int in_clear = size > HEADER_SIZE + 1 && datagram[3] == 0 && datagram[4] == 0;
    if (in_clear && datagram[0] == ALERT && datagram[HEADER_SIZE] == MBEDTLS_SSL_ALERT_LEVEL_FATAL)
        server->counters.alert_out = datagram[HEADER_SIZE + 1];
    server->given.send(server->given.context, &session->address, datagram, size);
    return (int)size;
}

static int receive_datagram(void *context, unsigned char *buffer, size_t size)
{
    struct session *session = context;
    if (session->datagram == NULL) return MBEDTLS_ERR_SSL_WANT_READ;
    const size_t taken = session->datagram_size < size ? session->datagram_size : size;
    memcpy(buffer, session->datagram, taken);
    session->datagram = NULL;
    return (int)taken;
}

static void set_timer(void *context, uint32_t intermediate, uint32_t final)
{
    struct session *session = context;
    session->intermediate = session->server->now + intermediate;
    session->final = final == 0 ? 0 : session->server->now + final;
}

static int get_timer(void *context)
{
    const struct session *session = context;
    if (session->final == 0) return -1;
    if (session->server->now >= session->final) return 2;
    return session->server->now >= session->intermediate;
}

struct session *session_new(lab_dtls_t *server, const lab_dtls_address_t *from, const uint8_t *random)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) abort();
    mbedtls_ssl_context *ssl = &session->ssl;
    session->server = server;
    session->peer = ++server->peers;
    session->address = *from;
    memcpy(session->hello, random, sizeof session->hello);
    server->given.random(server->given.context, session->cid, sizeof session->cid);
    mbedtls_ssl_init(ssl);
    if (mbedtls_ssl_setup(ssl, &server->config) != 0) abort();
    mbedtls_ssl_set_bio(ssl, session, send_datagram, receive_datagram, NULL);
    mbedtls_ssl_set_timer_cb(ssl, session, set_timer, get_timer);
    mbedtls_ssl_set_mtu(ssl, server->given.mtu);
    if (mbedtls_ssl_set_client_transport_id(ssl, from->bytes, sizeof from->bytes) != 0) abort();
    if (server->given.connection_ids &&
        mbedtls_ssl_set_cid(ssl, MBEDTLS_SSL_CID_ENABLED, session->cid, sizeof session->cid) != 0)
        abort();
    session->next = server->sessions;
    server->sessions = session;
    return session;
}

void session_free(struct session *session)
{
    struct session **link = &session->server->sessions;
    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
    mbedtls_ssl_free(&session->ssl);
    free(session);
}

/* A session that replaces others which had the same address. */
static void established(struct session *session)
{
    lab_dtls_t *server = session->server;
    session->established = 1;
    server->counters.suite = mbedtls_ssl_get_ciphersuite_id_from_ssl(&session->ssl);
    if (session->resumed)
        server->counters.resumed++;
    else
        server->counters.full++;
    for (struct session *next, *other = server->sessions; other != NULL; other = next) {
        next = other->next;
        const int same = memcmp(&other->address, &session->address, sizeof session->address) == 0;
        if (same && other != session) session_free(other);
    }
}

/* Counts why a session is over. Never 1, so that it can be returned. */
static int over(struct session *session, int status)
{
    lab_dtls_counters_t *counters = &session->server->counters;
    if (status == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED)
        return 0; /* the client comes again, with the cookie */
    if (status == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        counters->closed++;
        return 0;
    }
    if (status == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        counters->alert = session->ssl.MBEDTLS_PRIVATE(in_msg)[1];
    counters->status = status;
    if (!session->established) counters->failed++;
    return 0;
}

int session_run(struct session *session)
{
    lab_dtls_t *server = session->server;
    server->current = session;
    int status;
    if (!session->established) {
        status = mbedtls_ssl_handshake(&session->ssl);
        if (status == MBEDTLS_ERR_SSL_WANT_READ) return 1;
        if (status != 0) return over(session, status);
        established(session);
    }
    while ((status = mbedtls_ssl_read(&session->ssl, server->plain, PLAIN_SIZE)) > 0) {
        server->progress = 1;
        server->given.message(server->given.context, session->peer, server->plain, (size_t)status);
    }
    return status == MBEDTLS_ERR_SSL_WANT_READ ? 1 : over(session, status);
}
