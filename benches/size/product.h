/*
 * What product.c and bootstrap.c share: storage, formats, keys, the device.
 */
#ifndef WHIMBREL_BENCH_PRODUCT_H
#define WHIMBREL_BENCH_PRODUCT_H

#include "limits.h"
#include "stub.h"
#include "whimbrel_mbedtls.h"

static int32_t battery = 100;

static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_OK;
}
static int32_t storage_read(void *context, uint16_t record, uint8_t *buffer, size_t size)
{
    (void)context, (void)record, (void)buffer, (void)size;
    return WHIMBREL_ERR_NOT_FOUND;
}
static int32_t storage_write(void *context, uint16_t record, const uint8_t *data, size_t size)
{
    (void)context, (void)record, (void)data, (void)size;
    return WHIMBREL_OK;
}

static const whimbrel_format_t *const formats[] = {
    &whimbrel_format_tlv,
    &whimbrel_format_text,
    &whimbrel_format_opaque,
};
static const whimbrel_credentials_t security = {
    .size = sizeof security,
    .mode = WHIMBREL_PSK,
    .identity = (const uint8_t *)"product",
    .identity_length = 7,
    .secret_key = (const uint8_t *)"0123456789abcdef",
    .secret_key_length = 16,
};
static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Open Mobile Alliance",
    .reboot = reboot,
    .battery_level = &battery,
};

static uint64_t tls_memory[1024]; /* not counted: docs/security.md has what Mbed TLS takes */

/* The platform, with Mbed TLS. */
static int32_t make_port(whimbrel_port_t *port)
{
    const whimbrel_mbedtls_config_t backend = {
        .size = sizeof backend,
        .port = port,
        .memory = tls_memory,
        .memory_size = sizeof tls_memory,
    };
    whimbrel_mbedtls_t *dtls;
    const int32_t status = whimbrel_mbedtls_open(&backend, &dtls);

    port->storage_read = storage_read;
    port->storage_write = storage_write;
    port->security = whimbrel_mbedtls_security(dtls);
    return status;
}

#endif
