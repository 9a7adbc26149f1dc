/*
 * What the files of this backend share. A session is one row of the backend's table: a context of Mbed TLS with a
 * configuration of its own, what resumption needs, and the arguments of the call that is under way.
 */
#ifndef WHIMBREL_MBEDTLS_INTERNAL_H
#define WHIMBREL_MBEDTLS_INTERNAL_H

#include "whimbrel_mbedtls.h"
#include <mbedtls/md.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>

#if MBEDTLS_VERSION_NUMBER < 0x03060000
#error "Mbed TLS 3.6 or later"
#endif
#if !defined(MBEDTLS_SSL_PROTO_DTLS) || !defined(MBEDTLS_SSL_PROTO_TLS1_2)
#error "MBEDTLS_SSL_PROTO_DTLS and MBEDTLS_SSL_PROTO_TLS1_2"
#endif

/* Mbed TLS 4 has a generator of its own: no function takes one. With its comma, for the end of an argument list. */
#if MBEDTLS_VERSION_NUMBER < 0x04000000
#define RANDOM_OF(backend) , whimbrel_glue_random, (backend)
#else
#define RANDOM_OF(backend)
#endif

#if defined(MBEDTLS_X509_CRT_PARSE_C) && defined(MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED)
#define WITH_CERTIFICATES
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#endif

#if defined(MBEDTLS_KEY_EXCHANGE_PSK_ENABLED) || defined(MBEDTLS_KEY_EXCHANGE_ECDHE_PSK_ENABLED)
#define WITH_PSK
#endif

#if defined(MBEDTLS_SSL_SRV_C)
#if defined(MBEDTLS_SSL_DTLS_HELLO_VERIFY) && defined(MBEDTLS_SSL_COOKIE_C)
#define WITH_COOKIES
#include <mbedtls/ssl_cookie.h>
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_TICKET_C)
#define WITH_TICKETS
#include <mbedtls/ssl_ticket.h>
#endif
#endif

#if defined(MBEDTLS_SSL_CONTEXT_SERIALIZATION)
#define WITH_SAVING
#endif

enum { MARK_SIZE = 32, SUITES = 16, ADDRESS_TEXT = 46 };

#ifdef WITH_CERTIFICATES
/* How the peer's certificate is judged, and what was seen of its path so far (certificate.c). */
struct judge {
    uint8_t usage, check_name, name_is_address, ignore_dates;
    int64_t now_s;
    /* What the right certificate hashes to; Matching Type 0 is held as SHA-256. */
    mbedtls_md_type_t hash;
    uint8_t digest[64];
    /* The address that the certificate must be for. */
    uint8_t address_length, address[16];
    /* Of the path, from its top down. */
    uint32_t flags;
    uint8_t outdated, matched;
    int64_t until_s;
    int32_t verdict;
};
#endif

#ifdef WITH_CERTIFICATES
/* What a handshake with certificates needs. */
struct papers {
    mbedtls_x509_crt own, anchors;
    mbedtls_pk_context key;
};
#endif

struct session {
    whimbrel_mbedtls_t *backend;
    enum { SESSION_NONE, SESSION_HANDSHAKE, SESSION_OPEN, SESSION_DEAD } state;
    int32_t error; /* of a dead one */
    int32_t alert;
    uint8_t mode, serves, untouched, busy, full_handshake, resumed, offered;
    uint16_t mtu;

    /* The call that is under way. `datagram` is NULL once Mbed TLS has taken it. */
    const whimbrel_outlet_t *outlet;
    const uint8_t *datagram;
    size_t datagram_size;
    uint64_t now_ms;

    /* The timer that Mbed TLS has set; final_ms 0: none. */
    uint64_t intermediate_ms, final_ms;

    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    int suites[SUITES + 1];
    uint8_t mark[MARK_SIZE]; /* of its credentials */
    int64_t until_s;         /* when a certificate of the peer's path ends */

    /* What is left of an earlier session, to resume it. */
    mbedtls_ssl_session kept;
    uint8_t has_kept, kept_mark[MARK_SIZE];
    int64_t kept_until_s;

#ifdef WITH_COOKIES
    mbedtls_ssl_cookie_ctx cookies;
#endif
#ifdef WITH_TICKETS
    mbedtls_ssl_ticket_context tickets;
    uint8_t has_tickets, tickets_mark[MARK_SIZE];
#endif
#ifdef WITH_CERTIFICATES
    struct judge judge;
    struct papers
        *papers; /* allocated for the handshake: a certificate is half a kilobyte even if it is empty */
#endif
};

struct whimbrel_mbedtls_t {
    whimbrel_security_t table;
    void (*random)(void *context, uint8_t *buffer, size_t size);
    void *random_context;
    const uint8_t *trust_store;
    size_t trust_store_length;
    uint8_t without_clock, no_connection_id, psk_tickets, has_memory, count;
    struct session *sessions;
};

/* Common (common.c). */
int whimbrel_glue_random(void *backend, unsigned char *buffer, size_t size);
int whimbrel_glue_is_memory(int error);
int32_t whimbrel_glue_digest(mbedtls_md_type_t type, const void *data, size_t size, uint8_t *digest);
int32_t whimbrel_glue_suites(struct session *session, const whimbrel_session_t *setup);
int whimbrel_glue_saves(int suite);
int32_t whimbrel_glue_mark(const struct session *session, const whimbrel_session_t *setup, uint8_t *mark);

/* Configuration (configure.c): from `setup` to a context that can shake hands, or take over a saved association. */
int32_t whimbrel_glue_configure(struct session *session, const whimbrel_session_t *setup, int handshakes);
void whimbrel_glue_free(struct session *session);
void whimbrel_glue_identify(struct session *session);
void whimbrel_glue_forget(struct session *session);
void whimbrel_glue_resume(struct session *session, const whimbrel_session_t *setup);
void whimbrel_glue_keep(struct session *session);

/* Certificates (certificate.c). */
#ifdef WITH_CERTIFICATES
int32_t whimbrel_glue_certificate(struct session *session, const whimbrel_session_t *setup);
void whimbrel_glue_release(struct session *session);
int whimbrel_glue_trust(mbedtls_x509_crt *chain, const uint8_t *der, size_t length);
#endif

/* Saving (saved.c). */
#ifdef WITH_SAVING
int whimbrel_glue_savable(struct session *session);
int32_t whimbrel_glue_save(struct session *session, uint8_t *buffer, size_t size);
int32_t whimbrel_glue_load(struct session *session, const uint8_t *data, size_t size, uint64_t sequence);
void whimbrel_glue_fence(struct session *session);
#endif
uint64_t whimbrel_glue_sequence(const struct session *session);

#endif /* WHIMBREL_MBEDTLS_INTERNAL_H */
