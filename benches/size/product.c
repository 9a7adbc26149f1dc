/*
 * A product over DTLS with a pre-shared key: objects 0, 1 and 3, Discover, all formats, Observe, Create, block-wise bodies as
 * a firmware package comes in, answers that come later, sessions that outlive a power cut. With ports/mbedtls and Mbed TLS
 * configured for PSK with AES-128-CCM and Connection ID; bootstrap, Send and object 5 are not there yet.
 */
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
static const whimbrel_feature_t *const features[] = {
    &whimbrel_reporting, &whimbrel_transfers, &whimbrel_creation,
    &whimbrel_deferral,  &whimbrel_dtls,      &whimbrel_persistence,
};
static const whimbrel_config_t config = {
    .size = sizeof config,
    .endpoint = "product",
    .limits = &product_limits,
    .formats = formats,
    .format_count = 3,
    .features = features,
    .feature_count = 6,
};
static const whimbrel_credentials_t security = {
    .size = sizeof security,
    .mode = WHIMBREL_PSK,
    .identity = (const uint8_t *)"product",
    .identity_length = 7,
    .secret_key = (const uint8_t *)"0123456789abcdef",
    .secret_key_length = 16,
};
static const whimbrel_account_t account = {
    .size = sizeof account,
    .uri = "coaps://192.0.2.1",
    .security = &security,
    .lifetime_s = 300,
    .short_server_id = 123,
};
static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Open Mobile Alliance",
    .reboot = reboot,
    .battery_level = &battery,
};

uint64_t client_memory[PRODUCT_BYTES / 8];
static uint64_t tls_memory[1024]; /* not counted: docs/security.md has what Mbed TLS takes */

int main(void)
{
    whimbrel_port_t port = { STUB_PORT };
    const whimbrel_mbedtls_config_t backend = {
        .size = sizeof backend,
        .port = &port,
        .memory = tls_memory,
        .memory_size = sizeof tls_memory,
    };
    whimbrel_mbedtls_t *dtls;
    whimbrel_client_t *client;
    int32_t status = whimbrel_mbedtls_open(&backend, &dtls);

    port.storage_read = storage_read;
    port.storage_write = storage_write;
    port.security = whimbrel_mbedtls_security(dtls);
    if (status == WHIMBREL_OK) {
        status = whimbrel_client_init(client_memory, sizeof client_memory, &config, &port, &client);
    }
    if (status == WHIMBREL_OK) {
        status = whimbrel_device_add(client, &device, NULL);
    }
    if (status == WHIMBREL_OK) {
        status = whimbrel_account_add(client, &account);
    }
    while (status == WHIMBREL_OK) {
        status = whimbrel_client_poll(client, &clock_ms);
    }
    return (int)status;
}
