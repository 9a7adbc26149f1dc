/*
 * A product that is reached by SMS alone, in secured packets, through a modem that speaks AT. The ciphers are the platform's.
 */
#include "limits.h"
#include "stub.h"

static uint64_t modem_memory[SMS_MODEM_BYTES / 8];
static whimbrel_modem_t *modem;

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
static int32_t sms_send(void *context, const uint8_t *tpdu, size_t size)
{
    (void)context;
    return whimbrel_modem_send(modem, tpdu, size);
}
static int32_t sms_receive(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    return whimbrel_modem_receive(modem, buffer, size);
}
static int32_t cbc(void *context, uint8_t cipher, uint8_t encrypt, const uint8_t *key, size_t key_size,
                   const uint8_t *iv, uint8_t *data, size_t size)
{
    (void)context, (void)cipher, (void)encrypt, (void)key, (void)key_size, (void)iv, (void)data, (void)size;
    return WHIMBREL_OK;
}
static int32_t mac(void *context, uint8_t cipher, const uint8_t *key, size_t key_size,
                   const whimbrel_chunk_t *parts, size_t count, uint8_t *out)
{
    (void)context, (void)cipher, (void)key, (void)key_size, (void)parts, (void)count, (void)out;
    return WHIMBREL_OK;
}

static const whimbrel_crypto_t crypto = { .size = sizeof crypto, .cbc = cbc, .mac = mac };
static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
static const whimbrel_feature_t *const features[] = {
    &whimbrel_reporting, &whimbrel_transfers, &whimbrel_persistence, &whimbrel_sms, &whimbrel_secured_packets,
};
static const whimbrel_device_t device = { .size = sizeof device,
                                          .manufacturer = "Whimbrel",
                                          .reboot = reboot };
static const whimbrel_config_t config = {
    .size = sizeof config,
    .endpoint = "sms",
    .limits = &sms_limits,
    .formats = formats,
    .format_count = 2,
    .features = features,
    .feature_count = 5,
};
static const whimbrel_sms_t sms = {
    .size = sizeof sms,
    .mode = WHIMBREL_SMS_PACKETS,
    .parameters = (const uint8_t *)"\x12\x12\x16\xb2\x02\x03",
    .parameters_length = 6,
    .keys = (const uint8_t *)"0123456789abcdef",
    .keys_length = 16,
};
static const whimbrel_account_t account = {
    .size = sizeof account,
    .uri = "tel:+15555550123",
    .binding = "S",
    .short_server_id = 1,
    .sms = &sms,
};
static const whimbrel_modem_config_t dialogue = { .size = sizeof dialogue };

static int32_t line_receive(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    (void)buffer;
    return (int32_t)(size & clock_ms);
}

static int32_t line_send(void *context, const uint8_t *bytes, size_t size)
{
    (void)context;
    return (int32_t)(size & bytes[0]);
}

static const whimbrel_line_t line = { .size = sizeof line, .receive = line_receive, .send = line_send };
uint64_t client_memory[SMS_BYTES / 8];

int main(void)
{
    whimbrel_port_t port = { STUB_PORT };
    whimbrel_client_t *client;
    int32_t status = whimbrel_modem_init(modem_memory, sizeof modem_memory, &dialogue, &modem);

    port.storage_read = storage_read;
    port.storage_write = storage_write;
    port.sms_send = sms_send;
    port.sms_receive = sms_receive;
    port.crypto = &crypto;
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
        whimbrel_modem_serve(modem, clock_ms, &line, &clock_ms);
    }
    return (int)status;
}
