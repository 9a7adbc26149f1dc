/*
 * The product that is delivered with the account of a bootstrap server alone: bootstrap, the order of registrations, and settings
 * that are stored.
 */
#include "product.h"

static const whimbrel_feature_t *const features[] = {
    &whimbrel_reporting, &whimbrel_transfers,   &whimbrel_creation,  &whimbrel_deferral,
    &whimbrel_dtls,      &whimbrel_persistence, &whimbrel_bootstrap,
};
static const whimbrel_config_t config = {
    .size = sizeof config,
    .endpoint = "product",
    .limits = &bootstrap_limits,
    .formats = formats,
    .format_count = 3,
    .features = features,
    .feature_count = 7,
};
static const whimbrel_account_t account = {
    .size = sizeof account,
    .uri = "coaps://192.0.2.2",
    .security = &security,
    .bootstrap_server = 1,
};
uint64_t client_memory[BOOTSTRAP_BYTES / 8];

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
        status = whimbrel_configuration_load(client);
        status = status == WHIMBREL_ERR_NOT_FOUND ? whimbrel_account_add(client, &account) : WHIMBREL_OK;
    }
    while (status == WHIMBREL_OK) {
        status = whimbrel_client_poll(client, &clock_ms);
    }
    return (int)status;
}
