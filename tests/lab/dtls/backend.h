/* What a test chooses of the client's backend. */
#ifndef WHIMBREL_LAB_BACKEND_H
#define WHIMBREL_LAB_BACKEND_H

#include <whimbrel_mbedtls.h>

typedef struct lab_backend_t {
    const whimbrel_port_t *port;
    const uint8_t *trust_store;
    size_t trust_store_length;
    uint8_t ignore_dates;
    uint8_t no_connection_id;
    uint8_t psk_tickets;
    uint8_t sessions;
} lab_backend_t;

/* As whimbrel_mbedtls_open(). */
int32_t lab_backend_open(const lab_backend_t *wanted, whimbrel_mbedtls_t **backend);

#endif
