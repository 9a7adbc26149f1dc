/* What the files of the bench's DTLS server share. */
#ifndef WHIMBREL_LAB_DTLS_INTERNAL_H
#define WHIMBREL_LAB_DTLS_INTERNAL_H

#include "server.h"
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

/* The longest cipher suite list. */
#define SUITES 32
/* The longest ClientHello that is put together from fragments. */
#define HELLO_SIZE 1024
/* The largest datagram and the longest plaintext of a record: more than Mbed TLS is configured for. */
#define DATAGRAM_SIZE 16640
#define PLAIN_SIZE    16384
/* Content types and the record header without a Connection ID (RFC 6347 section 4.1, RFC 9146 section 4). */
#define ALERT       21
#define HANDSHAKE   22
#define WITH_CID    25
#define HEADER_SIZE 13

/* One association, established or on its way there. */
struct session {
    struct session *next;
    struct lab_dtls_t *server;
    mbedtls_ssl_context ssl;
    /* As the caller knows it. */
    uint32_t peer;
    lab_dtls_address_t address;
    uint8_t cid[LAB_DTLS_CID_LENGTH];
    /* The random of the ClientHello that began it: another one begins another session. */
    uint8_t hello[32];
    /* Mbed TLS's two timers; `final` 0 is none. */
    uint64_t intermediate;
    uint64_t final;
    /* What `receive` gives next, NULL if nothing. */
    const uint8_t *datagram;
    size_t datagram_size;
    /* Epoch and number of the newest record that proved authentic: only a newer one moves the address. */
    uint64_t newest;
    uint8_t established;
    uint8_t resumed;
};

/* What a session can be resumed from. */
struct kept {
    struct kept *next;
    uint8_t id[32];
    uint32_t peer;
    uint64_t until;
    size_t size;
    uint8_t *state;
};

/* A ClientHello that comes in fragments, which Mbed TLS's server does not put together. */
struct hello {
    struct hello *next;
    lab_dtls_address_t from;
    uint8_t sequence[2];
    size_t length;
    uint8_t body[HELLO_SIZE];
    uint8_t there[HELLO_SIZE];
};

struct lab_dtls_t {
    lab_dtls_config_t given;
    lab_dtls_counters_t counters;
    mbedtls_ssl_config config;
    mbedtls_x509_crt own;
    mbedtls_x509_crt trust;
    mbedtls_pk_context key;
    int suites[SUITES + 1];
    uint8_t secret[32];
    uint64_t now;
    uint32_t peers;
    struct session *sessions;
    struct kept *kept;
    struct hello *hellos;
    /* Whose handshake calls back. */
    struct session *current;
    /* Whether the datagram at hand led to a message. */
    int progress;
    /* The datagram at hand, and what it says. In here, for each test of a process has a thread of its own. */
    uint8_t datagram[DATAGRAM_SIZE];
    uint8_t plain[PLAIN_SIZE];
};

/* keep.c: tickets, session IDs and cookies */
void keep_configure(lab_dtls_t *server);
void keep_forget(lab_dtls_t *server);

/* session.c */
struct session *session_new(lab_dtls_t *server, const lab_dtls_address_t *from, const uint8_t *random);
void session_free(struct session *session);
/* Goes on with the session as far as it can; 1 if it lives on. */
int session_run(struct session *session);

/* hello.c */
/* Whether a datagram is a ClientHello or the beginning of one: its random, or NULL. */
const uint8_t *hello_random(const uint8_t *datagram, size_t size);
/*
 * Puts a fragment of a ClientHello to the others. Returns the size of the whole message as one record in `whole`, 0 if
 * more is missing; a datagram that is no such fragment is given back as it is.
 */
size_t hello_assemble(lab_dtls_t *server, const lab_dtls_address_t *from, const uint8_t *datagram,
                      size_t size, uint8_t *whole, size_t room);
void hello_forget(lab_dtls_t *server);

#endif
