/*
 * A product over DTLS with a pre-shared key: objects 0, 1 and 3, Discover, all formats, Observe, Create, block-wise bodies as
 * a firmware package comes in, answers that come later, sessions that outlive a power cut. With ports/mbedtls and Mbed TLS
 * configured for PSK with AES-128-CCM and Connection ID. Its accounts are the factory's; bootstrap.c has the rest.
 */
#include "product.h"

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
static const whimbrel_account_t account = {
    .size = sizeof account,
    .uri = "coaps://192.0.2.1",
    .security = &security,
    .lifetime_s = 300,
    .short_server_id = 123,
};
uint64_t client_memory[PRODUCT_BYTES / 8];

int main(void)
{
    whimbrel_port_t port = { STUB_PORT };
    whimbrel_client_t *client;
    int32_t status = make_port(&port);

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
