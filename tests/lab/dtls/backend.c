/* Opens the client's backend for the bench: the struct is filled here, so that Rust need not know its layout. */
#include "backend.h"

int32_t lab_backend_open(const lab_backend_t *wanted, whimbrel_mbedtls_t **backend)
{
    const whimbrel_mbedtls_config_t config = {
        .size = sizeof config,
        .port = wanted->port,
        .trust_store = wanted->trust_store,
        .trust_store_length = wanted->trust_store_length,
        .without_clock = wanted->ignore_dates ? WHIMBREL_MBEDTLS_IGNORE_DATES : 0,
        .no_connection_id = wanted->no_connection_id,
        .psk_tickets = wanted->psk_tickets,
        .sessions = wanted->sessions,
    };
    return whimbrel_mbedtls_open(&config, backend);
}
