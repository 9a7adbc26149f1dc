/*
 * The bench's DTLS 1.2 server, on Mbed TLS. On purpose not on ports/mbedtls: the two check each other.
 *
 * No I/O, no clock and no chance of its own. Datagrams and the time go in, datagrams and plaintext come out by
 * callbacks, so that a run can be repeated to the byte. One thread.
 */
#ifndef WHIMBREL_LAB_DTLS_SERVER_H
#define WHIMBREL_LAB_DTLS_SERVER_H

#include <stddef.h>
#include <stdint.h>

/* The length of the Connection IDs that the server gives, so that a record can be read without asking it. */
#define LAB_DTLS_CID_LENGTH 6

/* An address as the caller likes it; compared byte by byte. */
typedef struct lab_dtls_address_t {
    uint8_t bytes[18];
} lab_dtls_address_t;

typedef struct lab_dtls_config_t {
    /* Given to each function. */
    void *context;
    void (*random)(void *context, uint8_t *buffer, size_t size);
    void (*send)(void *context, const lab_dtls_address_t *to, const uint8_t *datagram, size_t size);
    /* Plaintext of one record. `peer` is the same for a session and those that resume it. */
    void (*message)(void *context, uint32_t peer, const uint8_t *plain, size_t size);
    /* The key of a PSK identity: its length, or 0 for an unknown one. */
    size_t (*psk)(void *context, const uint8_t *identity, size_t length, uint8_t *key, size_t room);
    /* Own certificate and key, and who vouches for clients, DER. Without a certificate: PSK only. */
    const uint8_t *certificate;
    size_t certificate_length;
    const uint8_t *key;
    size_t key_length;
    const uint8_t *trust;
    size_t trust_length;
    /* By IANA number, the preferred one first; NULL: what the client prefers. */
    const uint16_t *ciphersuites;
    size_t ciphersuite_count;
    uint32_t first_timeout_ms;
    uint32_t longest_timeout_ms;
    /* For how long a session can be resumed. */
    uint32_t resumable_ms;
    uint16_t mtu;
    /* 1 or 0: HelloVerifyRequest, session tickets, session IDs, Connection IDs. */
    uint8_t cookies;
    uint8_t tickets;
    uint8_t session_ids;
    uint8_t connection_ids;
} lab_dtls_config_t;

/* What happened so far. */
typedef struct lab_dtls_counters_t {
    uint32_t full;     /* full handshakes that were completed */
    uint32_t resumed;  /* abbreviated ones */
    uint32_t failed;   /* handshakes that ended otherwise, cookie exchanges not counted */
    uint32_t closed;   /* sessions ended by a client's close_notify */
    uint32_t dropped;  /* datagrams to an established session that led to nothing */
    uint32_t strange;  /* datagrams for which there is no session */
    uint32_t moved;    /* changes of a session's address */
    uint32_t unsent;   /* messages that were too large, or for nobody */
    int32_t alert;     /* description of the latest fatal alert received; -1: none */
    int32_t alert_out; /* description of the latest fatal alert sent in clear; -1: none */
    int32_t status;    /* why the latest handshake or session failed, a number of Mbed TLS; 0: none did */
    int32_t suite;     /* cipher suite of the latest session, IANA number; 0: none */
} lab_dtls_counters_t;

typedef struct lab_dtls_t lab_dtls_t;

/* Makes a server. What `config` points to is copied, but for `context`. NULL: something of it cannot be used. */
lab_dtls_t *lab_dtls_new(const lab_dtls_config_t *config);
void lab_dtls_free(lab_dtls_t *server);

/* Takes one datagram. */
void lab_dtls_input(lab_dtls_t *server, uint64_t now, const lab_dtls_address_t *from, const uint8_t *datagram,
                    size_t size);
/* Does what is due, at `now`. */
void lab_dtls_poll(lab_dtls_t *server, uint64_t now);
/* When something will be due; UINT64_MAX: only input can change anything. */
uint64_t lab_dtls_deadline(const lab_dtls_t *server);

/* Sends a message to a peer, by its latest established session. */
void lab_dtls_write(lab_dtls_t *server, uint32_t peer, const uint8_t *plain, size_t size);
/* Sends an alert to a peer, protected; a fatal one ends the session without another word. 0 or an error. */
int32_t lab_dtls_alert(lab_dtls_t *server, uint32_t peer, uint8_t level, uint8_t description);
/* Sends close_notify to a peer and ends its session. 0 or an error. */
int32_t lab_dtls_close(lab_dtls_t *server, uint32_t peer);
/* Loses all sessions without a word; with `also_resumption` also what they could be resumed from. */
void lab_dtls_forget(lab_dtls_t *server, int32_t also_resumption);

/* How many sessions are established. */
size_t lab_dtls_sessions(const lab_dtls_t *server);
void lab_dtls_counters(const lab_dtls_t *server, lab_dtls_counters_t *counters);

#endif
