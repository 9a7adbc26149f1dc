/*
 * A client without an operating system: a thermometer in an image of its own, on a port of six functions.
 *
 * Loops as long as there is power. A server reads and observes the temperature, and may reboot the board.
 */
#include "board.h"
#include "whimbrel.h"

/* ---- the port: one server, reached through a modem that carries datagrams to it */

static void fill_random(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    board_random(buffer, size);
}

static uint64_t now(void *context)
{
    (void)context;
    return board_now_ms();
}

static int32_t link_open(void *context, uint8_t link, const char *host, size_t host_length, uint16_t port,
                         int32_t how)
{
    (void)context, (void)link, (void)host, (void)host_length, (void)port;
    return how == 0 ? WHIMBREL_OK : WHIMBREL_ERR_NOT_SUPPORTED;
}

static int32_t link_send(void *context, uint8_t link, const uint8_t *data, size_t size)
{
    (void)context, (void)link;
    board_send(data, size);
    return WHIMBREL_OK;
}

static int32_t link_receive(void *context, uint8_t link, uint8_t *buffer, size_t size)
{
    const size_t length = board_receive(buffer, size);
    (void)context, (void)link;
    return length <= size ? (int32_t)length : WHIMBREL_ERR_TRUNCATED;
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
};

/* ---- what a server finds: Device, and a temperature */

static int rebooting;

static int32_t reboot(void *context)
{
    (void)context;
    rebooting = 1; /* the answer goes out first */
    return WHIMBREL_OK;
}

static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Whimbrel",
    .model_number = "bare-metal",
    .reboot = reboot,
};

static float celsius = 21.5f;
static const whimbrel_resource_t resources[] = {
    { .id = 5700,
      .data_type = WHIMBREL_FLOAT,
      .operations = WHIMBREL_READ,
      .flags = WHIMBREL_MANDATORY,
      .capacity = sizeof celsius,
      .value = &celsius },
};
static const whimbrel_object_t thermometer = {
    .size = sizeof thermometer,
    .id = 3303,
    .resource_count = 1,
    .resources = resources,
};

/* ---- the client */

static void tell(void *context, const whimbrel_event_t *event)
{
    (void)context;
    if (event->code == WHIMBREL_EVENT_REGISTERED) board_print("registered\n");
    if (event->code == WHIMBREL_EVENT_REGISTER_FAILED) board_print("not registered\n");
}

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
static const whimbrel_feature_t *const features[] = { &whimbrel_reporting };
static const whimbrel_config_t config = {
    .size = sizeof config,
    .endpoint = "whimbrel-bare-metal",
    .formats = formats,
    .format_count = 2,
    .features = features,
    .feature_count = 1,
    .event = tell,
};
static const whimbrel_account_t account = {
    .size = sizeof account,
    .uri = "coap://192.0.2.1",
    .short_server_id = 1,
    .lifetime_s = 300,
};

int main(void)
{
    static uint64_t memory[768]; /* 6 KiB; whimbrel_client_size(NULL) tells what the default limits need */
    whimbrel_client_t *client;
    uint64_t next_ms;

    int32_t status = whimbrel_client_init(memory, sizeof memory, &config, &port, &client);
    if (status == WHIMBREL_OK) status = whimbrel_device_add(client, &device, NULL);
    if (status == WHIMBREL_OK) status = whimbrel_object_add(client, &thermometer, NULL);
    if (status == WHIMBREL_OK) status = whimbrel_account_add(client, &account);
    while (status == WHIMBREL_OK && !rebooting) {
        status = whimbrel_client_poll(client, &next_ms);
        /* a real board sleeps on until next_ms, or until its modem interrupts; here each tick looks for datagrams */
        if (!rebooting && board_now_ms() < next_ms) board_sleep();
    }
    if (status != WHIMBREL_OK) board_print("failed\n");
    board_restart();
    return status;
}
