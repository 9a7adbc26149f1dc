/*
 * From whimbrel_session_t to a context that can shake hands (TS 1.0 sections 7.1.7 and 7.1.9; RFC 7925), what the server's
 * role needs besides (section 7.1.6), and what is kept of a session for the next one.
 */
#include "internal.h"
#include <string.h>

/* Where a timeout is not given: RFC 6347 section 4.2.4.1. */
enum { FIRST_MS = 1000, LONGEST_MS = 60000 };

enum { RESUMING_MTU = 256 };

static int32_t status_of(int result)
{
    if (result == 0) return WHIMBREL_OK;
    return whimbrel_glue_is_memory(result) ? WHIMBREL_ERR_FULL : WHIMBREL_ERR_CREDENTIALS;
}

/* ---- Timers: Mbed TLS sets one and asks about it, on the clock of the call that is under way. */

static void set_timer(void *context, uint32_t intermediate_ms, uint32_t final_ms)
{
    struct session *session = context;
    session->intermediate_ms = session->now_ms + intermediate_ms;
    session->final_ms = final_ms == 0 ? 0 : session->now_ms + final_ms;
}

/* While a datagram waits the timer has not expired: a late call must read the answer before it gives up on it. */
static int get_timer(void *context)
{
    const struct session *session = context;
    if (session->final_ms == 0) return -1;
    if (session->now_ms >= session->final_ms && session->datagram == NULL) return 2;
    return session->now_ms >= session->intermediate_ms ? 1 : 0;
}

/* ---- Datagrams: out at once, in the one of this call. */

static int put(void *context, const unsigned char *datagram, size_t size)
{
    const struct session *session = context;
    /* what cannot be sent is lost like on the air, and repeated like it */
    if (session->outlet != NULL) (void)session->outlet->send(session->outlet->context, datagram, size);
    return (int)size;
}

/* How much of a datagram is whole records (RFC 6347 section 4.1). Mbed TLS 3.6 calls it an internal error, and then reads
 * nothing any more, if less than a header is left behind a record that it has dropped: anybody could end a session so.
 * Records with a Connection ID are for peers that have one; what comes from there on is left to Mbed TLS. */
static size_t whole_records(const uint8_t *datagram, size_t size)
{
    enum { HEADER = 13, LENGTH = 11, WITH_CID = 25 };
    size_t at = 0;
    while (size - at >= HEADER) {
        const size_t length = (size_t)datagram[at + LENGTH] << 8 | datagram[at + LENGTH + 1];
        if (datagram[at] == WITH_CID) return size;
        if (length > size - at - HEADER) break;
        at += HEADER + length;
    }
    return at;
}

static int take(void *context, unsigned char *buffer, size_t size)
{
    struct session *session = context;
    const uint8_t *datagram = session->datagram;
    size_t whole;
    session->datagram = NULL;
    if (datagram == NULL || session->datagram_size > size) return MBEDTLS_ERR_SSL_WANT_READ;
    whole = whole_records(datagram, session->datagram_size);
    if (whole == 0) return MBEDTLS_ERR_SSL_WANT_READ;
    memcpy(buffer, datagram, whole);
    return (int)whole;
}

/* ---- Configuration */

static int32_t configure_psk(struct session *session, const whimbrel_session_t *setup)
{
#ifdef WITH_PSK
    if (setup->secret_key_length == 0 || setup->secret_key_length > MBEDTLS_PSK_MAX_LEN ||
        setup->identity_length == 0 || setup->identity_length > MBEDTLS_SSL_OUT_CONTENT_LEN / 2)
        return WHIMBREL_ERR_CREDENTIALS;
    return status_of(mbedtls_ssl_conf_psk(&session->config, setup->secret_key, setup->secret_key_length,
                                          setup->identity, setup->identity_length));
#else
    (void)session;
    (void)setup;
    return WHIMBREL_ERR_SECURITY_MODE;
#endif
}

/* The server's role: cookies, and tickets that only the same credentials can use again. */
static int32_t configure_server(struct session *session)
{
    int result = 0;
    (void)session; /* without either */
#ifdef WITH_COOKIES
    result = mbedtls_ssl_cookie_setup(&session->cookies RANDOM_OF(session->backend));
    mbedtls_ssl_conf_dtls_cookies(&session->config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check,
                                  &session->cookies);
#elif defined(MBEDTLS_SSL_SRV_C) && defined(MBEDTLS_SSL_DTLS_HELLO_VERIFY)
    mbedtls_ssl_conf_dtls_cookies(&session->config, NULL, NULL, NULL);
#endif
#ifdef WITH_TICKETS
    if (session->has_tickets && memcmp(session->tickets_mark, session->mark, MARK_SIZE) != 0) {
        mbedtls_ssl_ticket_free(&session->tickets);
        session->has_tickets = 0;
    }
    if (result == 0 && !session->has_tickets) {
        const uint32_t lifetime_s = 24 * 3600;
        int made;
        mbedtls_ssl_ticket_init(&session->tickets);
#if MBEDTLS_VERSION_NUMBER >= 0x04000000
        made = mbedtls_ssl_ticket_setup(&session->tickets, PSA_ALG_CCM, PSA_KEY_TYPE_AES, 128, lifetime_s);
#else
        made = mbedtls_ssl_ticket_setup(&session->tickets RANDOM_OF(session->backend),
                                        MBEDTLS_CIPHER_AES_128_CCM, lifetime_s);
#endif
        session->has_tickets = made == 0;
        if (made != 0) mbedtls_ssl_ticket_free(&session->tickets); /* a server without tickets is one, too */
        memcpy(session->tickets_mark, session->mark, MARK_SIZE);
    }
    if (session->has_tickets)
        mbedtls_ssl_conf_session_tickets_cb(&session->config, mbedtls_ssl_ticket_write,
                                            mbedtls_ssl_ticket_parse, &session->tickets);
#endif
    return status_of(result);
}

/* The same for both roles and both modes. The client uses tickets, offers a Connection ID and has none of its own. */
static int32_t configure_common(struct session *session, const whimbrel_session_t *setup)
{
    const uint32_t first = setup->first_timeout_ms != 0 ? setup->first_timeout_ms : FIRST_MS;
    const uint32_t longest = setup->longest_timeout_ms != 0 ? setup->longest_timeout_ms : LONGEST_MS;
    mbedtls_ssl_config *config = &session->config;
    const int endpoint = setup->serves ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;
    int result = mbedtls_ssl_config_defaults(config, endpoint, MBEDTLS_SSL_TRANSPORT_DATAGRAM,
                                             MBEDTLS_SSL_PRESET_DEFAULT);

    if (result != 0) return status_of(result);
#if MBEDTLS_VERSION_NUMBER < 0x04000000
    mbedtls_ssl_conf_rng(config, whimbrel_glue_random, session->backend);
#endif
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_ciphersuites(config, session->suites);
    mbedtls_ssl_conf_handshake_timeout(config, first, longest > first ? longest : first);
#if defined(MBEDTLS_SSL_ENCRYPT_THEN_MAC)
    {
        int needed = 0; /* by CBC suites only; four bytes of the first datagram otherwise */
        for (const int *suite = session->suites; *suite != 0; suite++)
            if (!whimbrel_glue_saves(*suite)) needed = 1;
        mbedtls_ssl_conf_encrypt_then_mac(config,
                                          needed ? MBEDTLS_SSL_ETM_ENABLED : MBEDTLS_SSL_ETM_DISABLED);
    }
#endif
#if defined(MBEDTLS_SSL_EXTENDED_MASTER_SECRET)
    mbedtls_ssl_conf_extended_master_secret(config, MBEDTLS_SSL_EXTENDED_MS_ENABLED);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_DTLS_ANTI_REPLAY)
    /* until there are keys: a forged record with a high number would close the window on the true ones */
    mbedtls_ssl_conf_dtls_anti_replay(config, MBEDTLS_SSL_ANTI_REPLAY_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)
    if (setup->mode == WHIMBREL_PSK && !session->backend->psk_tickets)
        mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
#if defined(MBEDTLS_SSL_DTLS_CONNECTION_ID)
    result = mbedtls_ssl_conf_cid(config, 0, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE);
#endif
    return status_of(result);
}

/* The server's answer to a ClientHello without cookie wants to know whom it talks to: it is always the one of this link. */
void whimbrel_glue_identify(struct session *session)
{
#ifdef WITH_COOKIES
    static const unsigned char peer[] = { 'w' };
    if (session->serves) (void)mbedtls_ssl_set_client_transport_id(&session->ssl, peer, sizeof peer);
#else
    (void)session;
#endif
}

static int32_t configure_context(struct session *session)
{
    int result = mbedtls_ssl_setup(&session->ssl, &session->config);
    if (result != 0) return status_of(result);
    mbedtls_ssl_set_bio(&session->ssl, session, put, take, NULL);
    mbedtls_ssl_set_timer_cb(&session->ssl, session, set_timer, get_timer);
    mbedtls_ssl_set_mtu(&session->ssl, session->mtu);
#if defined(MBEDTLS_SSL_DTLS_CONNECTION_ID)
    if (!session->backend->no_connection_id) {
        static const unsigned char none[1] = { 0 }; /* empty, but copied from */
        result = mbedtls_ssl_set_cid(&session->ssl, MBEDTLS_SSL_CID_ENABLED, none, 0);
    }
#endif
    whimbrel_glue_identify(session);
    return status_of(result);
}

/* The name for Server Name Indication, and for the library's comparison with the certificate. An address goes into neither;
 * NULL says so explicitly, without which the library would refuse to verify. PSK needs it only where it was asked for. */
static int32_t configure_name(struct session *session, const whimbrel_session_t *setup)
{
#if defined(MBEDTLS_X509_CRT_PARSE_C)
    char name[256] = { 0 };
    const int checked =
        setup->check_name || (setup->mode == WHIMBREL_CERTIFICATE &&
                              setup->certificate_usage != WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE);
    const int sent = setup->mode == WHIMBREL_CERTIFICATE || setup->check_name;
    if (setup->name_length >= sizeof name || (checked && setup->name_length == 0) ||
        (setup->name_length != 0 && memchr(setup->name, 0, setup->name_length) != NULL))
        return setup->mode == WHIMBREL_CERTIFICATE ? WHIMBREL_ERR_CREDENTIALS : WHIMBREL_OK;
    if (setup->name_length != 0) memcpy(name, setup->name, setup->name_length);
    return status_of(mbedtls_ssl_set_hostname(
        &session->ssl, sent && !setup->name_is_address && setup->name_length != 0 ? name : NULL));
#else
    (void)session;
    (void)setup;
    return WHIMBREL_OK;
#endif
}

static int32_t check_mode(const whimbrel_session_t *setup)
{
#ifndef MBEDTLS_SSL_SRV_C
    if (setup->serves) return WHIMBREL_ERR_SECURITY_MODE;
#endif
#ifndef MBEDTLS_SSL_CLI_C
    if (!setup->serves) return WHIMBREL_ERR_SECURITY_MODE;
#endif
#ifdef WITH_PSK
    if (setup->mode == WHIMBREL_PSK) return WHIMBREL_OK;
#endif
#ifdef WITH_CERTIFICATES
    if (setup->mode == WHIMBREL_CERTIFICATE) return WHIMBREL_OK;
#endif
    return WHIMBREL_ERR_SECURITY_MODE;
}

/* Without `handshakes` the association comes from a store, and no credentials are needed. */
int32_t whimbrel_glue_configure(struct session *session, const whimbrel_session_t *setup, int handshakes)
{
    int32_t status = check_mode(setup);
    if (status < 0) return status;

    session->mode = setup->mode;
    session->serves = setup->serves;
    session->mtu = setup->mtu;
    session->until_s = INT64_MAX;
    mbedtls_ssl_init(&session->ssl);
    mbedtls_ssl_config_init(&session->config);
#ifdef WITH_COOKIES
    mbedtls_ssl_cookie_init(&session->cookies);
#endif
    session->state = SESSION_HANDSHAKE; /* from here on there is something to free */
    status = whimbrel_glue_suites(session, setup);
    if (status >= 0) status = whimbrel_glue_mark(session, setup, session->mark);
    if (status >= 0) status = configure_common(session, setup);
    if (status >= 0 && setup->serves) status = configure_server(session);
    if (status >= 0 && handshakes && setup->mode == WHIMBREL_PSK) status = configure_psk(session, setup);
#ifdef WITH_CERTIFICATES
    if (status >= 0 && handshakes && setup->mode == WHIMBREL_CERTIFICATE)
        status = whimbrel_glue_certificate(session, setup);
#endif
    if (status >= 0) status = configure_context(session);
    if (status >= 0 && handshakes) status = configure_name(session, setup);
    return status;
}

/* ---- The end, and what is kept */

/* All but what was kept. Mbed TLS overwrites what it frees. */
void whimbrel_glue_free(struct session *session)
{
    if (session->state == SESSION_NONE) return;
    mbedtls_ssl_free(&session->ssl);
#ifdef WITH_CERTIFICATES
    whimbrel_glue_release(session);
    mbedtls_platform_zeroize(&session->judge, sizeof session->judge);
#endif
#ifdef WITH_COOKIES
    mbedtls_ssl_cookie_free(&session->cookies);
#endif
    mbedtls_ssl_config_free(&session->config);
    mbedtls_platform_zeroize(session->mark, sizeof session->mark);
    session->state = SESSION_NONE;
}

void whimbrel_glue_forget(struct session *session)
{
    if (session->has_kept) mbedtls_ssl_session_free(&session->kept);
    session->has_kept = 0;
    mbedtls_platform_zeroize(session->kept_mark, sizeof session->kept_mark);
#ifdef WITH_TICKETS
    if (session->has_tickets) mbedtls_ssl_ticket_free(&session->tickets);
    session->has_tickets = 0;
    mbedtls_platform_zeroize(session->tickets_mark, sizeof session->tickets_mark);
#endif
}

/* A client offers what it kept, if the credentials are the same and a certificate judged then would be good now. Not where
 * datagrams are short: Mbed TLS does not cut a ClientHello, and one with a ticket and a cookie has 220 bytes. */
void whimbrel_glue_resume(struct session *session, const whimbrel_session_t *setup)
{
    const int64_t until = session->kept_until_s, now = setup->wall_clock_s;
    if (!session->has_kept || setup->serves || (setup->mtu != 0 && setup->mtu < RESUMING_MTU)) return;
    if (memcmp(session->kept_mark, session->mark, MARK_SIZE) == 0 &&
        (until == INT64_MAX || (now >= 0 && now <= until)) &&
        mbedtls_ssl_set_session(&session->ssl, &session->kept) == 0) {
        session->offered = 1;
        session->until_s = until;
    } else {
        mbedtls_ssl_session_free(&session->kept);
        session->has_kept = 0;
    }
}

/* Keeps what the next session could be resumed with. */
void whimbrel_glue_keep(struct session *session)
{
    if (session->serves) return;
    if (session->has_kept) mbedtls_ssl_session_free(&session->kept);
    mbedtls_ssl_session_init(&session->kept);
    session->has_kept = mbedtls_ssl_get_session(&session->ssl, &session->kept) == 0;
    if (!session->has_kept) {
        mbedtls_ssl_session_free(&session->kept);
        return;
    }
    memcpy(session->kept_mark, session->mark, MARK_SIZE);
    session->kept_until_s = session->until_s;
}
