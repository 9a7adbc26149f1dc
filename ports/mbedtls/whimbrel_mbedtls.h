/*
 * DTLS for Whimbrel by Mbed TLS: PSK and X.509 certificates, Connection ID, resumption, associations that outlive a
 * power cycle. Built with whatever Mbed TLS 3.6 an SDK ships; README.md tells what its configuration should have.
 *
 *     const whimbrel_mbedtls_config_t backend = { .size = sizeof backend, .port = &port, .sessions = 2 };
 *     whimbrel_mbedtls_open(&backend, &dtls);
 *     port.security = whimbrel_mbedtls_security(dtls);
 *     whimbrel_client_init(memory, size, &config, &port, &client);
 *
 * One client a whimbrel_mbedtls_t, and the thread that polls the client is the only one that uses it.
 */
#ifndef WHIMBREL_MBEDTLS_H
#define WHIMBREL_MBEDTLS_H

#include "whimbrel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** whimbrel_mbedtls_config_t.without_clock: where the time is not known, dates of certificates are not judged. */
#define WHIMBREL_MBEDTLS_IGNORE_DATES 1

/** A backend with its sessions. Opaque. */
typedef struct whimbrel_mbedtls_t whimbrel_mbedtls_t;

/** What a backend is made of. Zero everything that is not needed. */
typedef struct whimbrel_mbedtls_config_t {
    /** sizeof(whimbrel_mbedtls_config_t) */
    size_t size;
    /**
     * Its `random` and its context are used, nothing else, and both are copied; the context must outlive the backend.
     * Every key depends on `random`. Mbed TLS 4 draws from the PSA generator instead, which the SDK seeds.
     */
    const whimbrel_port_t *port;
    /**
     * A block that Mbed TLS takes all its memory from, aligned to 8 bytes, and its size in bytes; NULL: none. It serves
     * the whole process: two backends cannot have a block each, and other users of Mbed TLS take from it too.
     */
    void *memory;
    /** Its size in bytes. */
    size_t memory_size;
    /**
     * As calloc(), for Mbed TLS in the whole process: memory from an RTOS. NULL together with `release`: what the
     * library was built with. Not together with `memory`.
     */
    void *(*allocate)(size_t count, size_t size);
    /** As free(). */
    void (*release)(void *pointer);
    /**
     * Certificates of authorities for Certificate Usage 0 and 1, DER, one after the other, and their length in bytes. Must
     * outlive the backend. NULL: those two usages are refused.
     */
    const uint8_t *trust_store;
    /** Its length in bytes. */
    size_t trust_store_length;
    /**
     * What becomes of certificates while whimbrel_session_t.wall_clock_s is negative. 0: they are refused with
     * WHIMBREL_ERR_EXPIRED. WHIMBREL_MBEDTLS_IGNORE_DATES: their dates are not judged.
     */
    uint8_t without_clock;
    /** 1: Connection ID is not offered. */
    uint8_t no_connection_id;
    /**
     * 1: asks for session tickets with PSK too. A session resumed by ticket takes one round trip less and some 300 bytes
     * more than a new handshake with PSK does. 0: tickets with certificates only; with PSK by session ID, if the server
     * gives one.
     */
    uint8_t psk_tickets;
    /** How many sessions at most: whimbrel_limits_t.servers. 0: one. */
    uint8_t sessions;
} whimbrel_mbedtls_config_t;

/**
 * Makes a backend. The table of its sessions is allocated here, everything else when a session starts.
 *
 * @param config   Copied; what it points to must outlive the backend where it says so.
 * @param backend  Out: NULL after an error. To be given to whimbrel_mbedtls_close().
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, a wrong `size`, no `random`, `memory` together with `allocate`, one of
 *         `allocate` and `release` without the other, a trust store that is not DER certificates;
 *         WHIMBREL_ERR_NOT_SUPPORTED: `memory` or `allocate` with a library built without MBEDTLS_MEMORY_BUFFER_ALLOC_C or
 *         MBEDTLS_PLATFORM_MEMORY, or its cryptography does not start; WHIMBREL_ERR_FULL: no memory.
 */
int32_t whimbrel_mbedtls_open(const whimbrel_mbedtls_config_t *config, whimbrel_mbedtls_t **backend);

/** The table for whimbrel_port_t.security. It lives as long as `backend`. NULL for NULL. */
const whimbrel_security_t *whimbrel_mbedtls_security(whimbrel_mbedtls_t *backend);

/**
 * Ends all sessions without a word to their peers, overwrites all keys and gives all memory back; whimbrel_client_end()
 * comes first. `memory` is the caller's again. NULL is allowed.
 */
void whimbrel_mbedtls_close(whimbrel_mbedtls_t *backend);

/**
 * AES and Triple DES by Mbed TLS 3.6. It needs no backend. CMAC allocates some 320 bytes during a call, from where Mbed TLS
 * takes its memory. What the library was not configured for is WHIMBREL_ERR_NOT_SUPPORTED (README.md), and so is all of it with
 * Mbed TLS 4.
 */
extern const whimbrel_crypto_t whimbrel_mbedtls_crypto;

#ifdef __cplusplus
}
#endif

#endif /* WHIMBREL_MBEDTLS_H */
