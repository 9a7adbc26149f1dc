/*
 * The smallest product: objects 0, 1 and 3, Discover, TLV, one server over UDP. What lies below `main` is what such a
 * product names; the port is a stub, because drivers are not counted.
 */
#include "limits.h"
#include "stub.h"

static int32_t battery = 100;

static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_OK;
}

static const whimbrel_port_t port = { STUB_PORT };
static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv };
static const whimbrel_config_t config = {
    .size = sizeof config,
    .endpoint = "minimal",
    .limits = &minimal_limits,
    .formats = formats,
    .format_count = 1,
};
static const whimbrel_account_t account = {
    .size = sizeof account,
    .uri = "coap://192.0.2.1",
    .lifetime_s = 300,
    .short_server_id = 123,
};
static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Open Mobile Alliance",
    .reboot = reboot,
    .battery_level = &battery,
};

uint64_t client_memory[MINIMAL_BYTES / 8];

int main(void)
{
    whimbrel_client_t *client;
    int32_t status = whimbrel_client_init(client_memory, sizeof client_memory, &config, &port, &client);
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
