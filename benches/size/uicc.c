/*
 * The bootstrap product with a smartcard: its accounts are read from there, in clear.
 */
#include "product.h"

static int32_t transmit(void *context, const uint8_t *command, size_t command_length, uint8_t *response,
                        size_t room, size_t *length)
{
    (void)context, (void)command, (void)command_length, (void)response, (void)room, (void)length;
    return WHIMBREL_PENDING;
}

static const whimbrel_feature_t *const features[] = {
    &whimbrel_reporting, &whimbrel_transfers,   &whimbrel_creation,  &whimbrel_deferral,
    &whimbrel_dtls,      &whimbrel_persistence, &whimbrel_bootstrap, &whimbrel_uicc,
};
static const whimbrel_config_t config = {
    .size = sizeof config,
    .endpoint = "product",
    .limits = &uicc_limits,
    .formats = formats,
    .format_count = 3,
    .features = features,
    .feature_count = 8,
};
uint64_t client_memory[UICC_BYTES / 8];

int main(void)
{
    whimbrel_port_t port = { STUB_PORT };
    whimbrel_client_t *client;
    int32_t status = make_port(&port);

    port.uicc_transmit = transmit;

    if (status == WHIMBREL_OK) {
        status = whimbrel_client_init(client_memory, sizeof client_memory, &config, &port, &client);
    }
    if (status == WHIMBREL_OK) {
        status = whimbrel_device_add(client, &device, NULL);
    }
    if (status == WHIMBREL_OK) {
        status = whimbrel_configuration_load(client);
        status = status == WHIMBREL_ERR_NOT_FOUND ? WHIMBREL_OK : status;
    }
    while (status == WHIMBREL_OK) {
        status = whimbrel_client_poll(client, &clock_ms);
    }
    return (int)status;
}
