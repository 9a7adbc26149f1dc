/* The bench's DTLS server as its caller sees it: configuration, and which session a datagram belongs to. */
#include "server.h"
#include "internal.h"
#include <stdlib.h>
#include <string.h>

static int draw(void *context, unsigned char *buffer, size_t size)
{
    const lab_dtls_t *server = context;
    server->given.random(server->given.context, buffer, size);
    return 0;
}

static int find_psk(void *context, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t length)
{
    const lab_dtls_t *server = context;
    uint8_t key[MBEDTLS_PSK_MAX_LEN];
    const size_t size = server->given.psk(server->given.context, identity, length, key, sizeof key);
    return size == 0 ? -1 : mbedtls_ssl_set_hs_psk(ssl, key, size);
}

static int use_certificate(lab_dtls_t *server)
{
    const lab_dtls_config_t *given = &server->given;
    if (given->certificate == NULL) return 0;
    int status = mbedtls_x509_crt_parse_der(&server->own, given->certificate, given->certificate_length);
    if (status == 0)
        status = mbedtls_pk_parse_key(&server->key, given->key, given->key_length, NULL, 0, draw, server);
    if (status == 0) status = mbedtls_x509_crt_parse_der(&server->trust, given->trust, given->trust_length);
    if (status == 0) status = mbedtls_ssl_conf_own_cert(&server->config, &server->own, &server->key);
    mbedtls_ssl_conf_ca_chain(&server->config, &server->trust, NULL);
    mbedtls_ssl_conf_authmode(&server->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    return status;
}

static int configure(lab_dtls_t *server)
{
    const lab_dtls_config_t *given = &server->given;
    mbedtls_ssl_config *config = &server->config;
    if (given->ciphersuite_count > SUITES) return -1;
    int status = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_DATAGRAM,
                                             MBEDTLS_SSL_PRESET_DEFAULT);
    if (status != 0) return status;
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_rng(config, draw, server);
    mbedtls_ssl_conf_psk_cb(config, find_psk, server);
    mbedtls_ssl_conf_handshake_timeout(config, given->first_timeout_ms, given->longest_timeout_ms);
    for (size_t n = 0; n < given->ciphersuite_count; n++)
        server->suites[n] = given->ciphersuites[n];
    if (given->ciphersuites != NULL)
        mbedtls_ssl_conf_ciphersuites(config, server->suites);
    else
        mbedtls_ssl_conf_preference_order(config, MBEDTLS_SSL_SRV_CIPHERSUITE_ORDER_CLIENT);
    /* Records of content type 25 carry a Connection ID of this length; those of others are not for us. */
    status = mbedtls_ssl_conf_cid(config, given->connection_ids ? LAB_DTLS_CID_LENGTH : 0,
                                  MBEDTLS_SSL_UNEXPECTED_CID_IGNORE);
    if (status != 0) return status;
    keep_configure(server);
    return use_certificate(server);
}

lab_dtls_t *lab_dtls_new(const lab_dtls_config_t *config)
{
    lab_dtls_t *server = calloc(1, sizeof *server);
    if (server == NULL) abort();
    server->given = *config;
    server->counters.alert = server->counters.alert_out = -1;
    mbedtls_ssl_config_init(&server->config);
    mbedtls_x509_crt_init(&server->own);
    mbedtls_x509_crt_init(&server->trust);
    mbedtls_pk_init(&server->key);
    if (configure(server) == 0) return server;
    lab_dtls_free(server);
    return NULL;
}

void lab_dtls_free(lab_dtls_t *server)
{
    lab_dtls_forget(server, 1);
    mbedtls_ssl_config_free(&server->config);
    mbedtls_x509_crt_free(&server->own);
    mbedtls_x509_crt_free(&server->trust);
    mbedtls_pk_free(&server->key);
    free(server);
}

static struct session *by_cid(const lab_dtls_t *server, const uint8_t *cid)
{
    struct session *session = server->sessions;
    while (session != NULL && memcmp(session->cid, cid, sizeof session->cid) != 0)
        session = session->next;
    return session;
}

static struct session *by_address(const lab_dtls_t *server, const lab_dtls_address_t *from, int established)
{
    struct session *session = server->sessions;
    while (session != NULL &&
           (session->established != established || memcmp(&session->address, from, sizeof *from) != 0))
        session = session->next;
    return session;
}

/*
 * The session that a datagram belongs to, NULL if there is none. Without a Connection ID the address decides. There may be
 * two of one address, an established one and one that begins (RFC 6347 section 4.2.8): what a handshake is made of is
 * for the latter.
 */
static struct session *addressee(lab_dtls_t *server, const lab_dtls_address_t *from, const uint8_t *datagram,
                                 size_t size)
{
    if (size > HEADER_SIZE + LAB_DTLS_CID_LENGTH && datagram[0] == WITH_CID)
        return by_cid(server, datagram + HEADER_SIZE - 2);
    struct session *beginning = by_address(server, from, 0);
    struct session *established = by_address(server, from, 1);
    const uint8_t *random = hello_random(datagram, size);
    if (random != NULL) {
        if (beginning != NULL && memcmp(beginning->hello, random, sizeof beginning->hello) == 0)
            return beginning;
        if (beginning != NULL) session_free(beginning);
        return session_new(server, from, random);
    }
    const int application = size > 0 && datagram[0] == MBEDTLS_SSL_MSG_APPLICATION_DATA;
    return beginning != NULL && !(application && established != NULL) ? beginning : established;
}

/* RFC 9146 section 6: a record that is authentic and newer than all before tells where the peer is now. */
static void follow(struct session *session, const lab_dtls_address_t *from, const uint8_t *datagram)
{
    uint64_t number = 0;
    if (datagram[0] != WITH_CID) return;
    for (size_t n = 3; n < 11; n++)
        number = number << 8 | datagram[n];
    if (number <= session->newest) return;
    session->newest = number;
    if (memcmp(&session->address, from, sizeof *from) == 0) return;
    session->address = *from;
    session->server->counters.moved++;
}

void lab_dtls_input(lab_dtls_t *server, uint64_t now, const lab_dtls_address_t *from, const uint8_t *datagram,
                    size_t size)
{
    uint8_t *whole = server->datagram;
    server->now = now;
    size = hello_assemble(server, from, datagram, size, whole, DATAGRAM_SIZE);
    if (size == 0) return;
    struct session *session = addressee(server, from, whole, size);
    if (session == NULL) {
        server->counters.strange++;
        return;
    }
    const int was = session->established;
    server->progress = 0;
    session->datagram = whole;
    session->datagram_size = size;
    int lives = 1;
    /* an expired timer goes first and leaves the datagram for the next turn */
    while (lives && session->datagram != NULL)
        lives = session_run(session);
    if (!lives) {
        session_free(session);
        return;
    }
    if (server->progress || session->established != was)
        follow(session, from, whole);
    else if (was)
        server->counters.dropped++;
}

void lab_dtls_poll(lab_dtls_t *server, uint64_t now)
{
    server->now = now;
    for (struct session *next, *session = server->sessions; session != NULL; session = next) {
        next = session->next;
        const int due = session->final != 0 && session->final <= now;
        if (due && !session_run(session)) session_free(session);
    }
}

uint64_t lab_dtls_deadline(const lab_dtls_t *server)
{
    uint64_t next = UINT64_MAX;
    for (const struct session *session = server->sessions; session != NULL; session = session->next)
        if (session->final != 0 && session->final < next) next = session->final;
    return next;
}

/* The latest established session of a peer. */
static struct session *by_peer(const lab_dtls_t *server, uint32_t peer)
{
    struct session *session = server->sessions;
    while (session != NULL && (session->peer != peer || !session->established))
        session = session->next;
    return session;
}

void lab_dtls_write(lab_dtls_t *server, uint32_t peer, const uint8_t *plain, size_t size)
{
    struct session *session = by_peer(server, peer);
    if (session == NULL || mbedtls_ssl_write(&session->ssl, plain, size) != (int)size)
        server->counters.unsent++;
}

int32_t lab_dtls_alert(lab_dtls_t *server, uint32_t peer, uint8_t level, uint8_t description)
{
    struct session *session = by_peer(server, peer);
    if (session == NULL) return -1;
    const int status = mbedtls_ssl_send_alert_message(&session->ssl, level, description);
    if (level == MBEDTLS_SSL_ALERT_LEVEL_FATAL) session_free(session);
    return status;
}

int32_t lab_dtls_close(lab_dtls_t *server, uint32_t peer)
{
    struct session *session = by_peer(server, peer);
    if (session == NULL) return -1;
    const int status = mbedtls_ssl_close_notify(&session->ssl);
    session_free(session);
    return status;
}

void lab_dtls_forget(lab_dtls_t *server, int32_t also_resumption)
{
    while (server->sessions != NULL)
        session_free(server->sessions);
    hello_forget(server);
    if (also_resumption) keep_forget(server);
}

size_t lab_dtls_sessions(const lab_dtls_t *server)
{
    size_t count = 0;
    for (const struct session *session = server->sessions; session != NULL; session = session->next)
        count += session->established;
    return count;
}

void lab_dtls_counters(const lab_dtls_t *server, lab_dtls_counters_t *counters)
{
    *counters = server->counters;
}
