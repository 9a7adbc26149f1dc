/*
 * The smallest product: objects 0, 1 and 3, Discover, TLV, one server over UDP. What lies below `main` is what such a
 * product names; the port is a stub, because drivers are not counted.
 */
#include "minimal.h"

static uint64_t clock_ms;
static int32_t battery = 100;

static uint64_t now(void *context)
{
    (void)context;
    return clock_ms;
}
static void random_bytes(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    while (size > 0) {
        buffer[--size] = 4;
    }
}
static int32_t link_open(void *context, uint8_t link, const char *host, size_t length, uint16_t port,
                         int32_t secure)
{
    (void)context, (void)link, (void)host, (void)length, (void)port, (void)secure;
    return WHIMBREL_OK;
}
static int32_t link_send(void *context, uint8_t link, const uint8_t *data, size_t size)
{
    (void)context, (void)link, (void)data, (void)size;
    return WHIMBREL_OK;
}
static int32_t link_receive(void *context, uint8_t link, uint8_t *buffer, size_t size)
{
    (void)context, (void)link, (void)buffer, (void)size;
    return 0;
}
static void link_close(void *context, uint8_t link)
{
    (void)context, (void)link;
}
static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_OK;
}

static const whimbrel_port_t port = {
    .size = sizeof port,
    .now = now,
    .random = random_bytes,
    .link_open = link_open,
    .link_send = link_send,
    .link_receive = link_receive,
    .link_close = link_close,
};
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
