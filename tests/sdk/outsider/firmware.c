/*
 * Somebody else's firmware: a client on a port of its own, linked with the archive for its CPU. Nothing runs it; what is
 * shown is that it links.
 */
#include <whimbrel.h>

static volatile uint32_t tick_register, data_register;

static void fill_random(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    while (size-- > 0) {
        *buffer++ = (uint8_t)data_register;
    }
}

static uint64_t now(void *context)
{
    (void)context;
    return tick_register;
}

static int32_t link_open(void *context, uint8_t link, const char *host, size_t host_length, uint16_t port,
                         int32_t how)
{
    (void)context, (void)link, (void)host, (void)host_length, (void)port, (void)how;
    return WHIMBREL_OK;
}

static int32_t link_send(void *context, uint8_t link, const uint8_t *data, size_t size)
{
    (void)context, (void)link;
    while (size-- > 0) {
        data_register = *data++;
    }
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

static const whimbrel_port_t port = {
    .size = sizeof port,
    .random = fill_random,
    .now = now,
    .link_open = link_open,
    .link_send = link_send,
    .link_receive = link_receive,
    .link_close = link_close,
    .crypto = &whimbrel_crypto_software,
};

static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_OK;
}

/* Every part that a configuration can name. */
static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text,
                                                    &whimbrel_format_opaque, &whimbrel_format_json };
static const whimbrel_feature_t *const features[] = {
    &whimbrel_reporting,   &whimbrel_transfers,      &whimbrel_creation, &whimbrel_deferral,
    &whimbrel_persistence, &whimbrel_bootstrap,      &whimbrel_sms,      &whimbrel_secured_packets,
    &whimbrel_uicc,        &whimbrel_secure_channel,
};

int main(void)
{
    static uint64_t memory[4096];
    static const whimbrel_device_t device = { .size = sizeof device, .reboot = reboot };
    static const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = "coap://192.0.2.1",
        .short_server_id = 1,
        .lifetime_s = 300,
    };
    static const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "outsider",
        .formats = formats,
        .format_count = sizeof formats / sizeof *formats,
        .features = features,
        .feature_count = sizeof features / sizeof *features,
    };
    whimbrel_client_t *client;
    uint64_t next_ms;
    int32_t status = whimbrel_client_init(memory, sizeof memory, &config, &port, &client);
    if (status == WHIMBREL_OK) status = whimbrel_device_add(client, &device, NULL);
    if (status == WHIMBREL_OK) status = whimbrel_account_add(client, &account);
    while (status == WHIMBREL_OK)
        status = whimbrel_client_poll(client, &next_ms);
    return (int)status;
}
