/*
 * The bootstrap product with a smartcard: its accounts are read from there, through SCP03. The ciphers are
 * the platform's.
 */
#include "product.h"

static int32_t transmit(void *context, const uint8_t *command, size_t command_length, uint8_t *response,
                        size_t room, size_t *length)
{
    (void)context, (void)command, (void)command_length, (void)response, (void)room, (void)length;
    return WHIMBREL_PENDING;
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
static const whimbrel_uicc_t uicc = {
    .size = sizeof uicc,
    .secure = WHIMBREL_UICC_REQUIRED,
    .key_length = 16,
    .key_enc = (const uint8_t *)"0123456789abcdef",
    .key_mac = (const uint8_t *)"fedcba9876543210",
};
static const whimbrel_feature_t *const features[] = {
    &whimbrel_reporting,   &whimbrel_transfers, &whimbrel_creation,       &whimbrel_deferral, &whimbrel_dtls,
    &whimbrel_persistence, &whimbrel_bootstrap, &whimbrel_secure_channel, &whimbrel_uicc,
};
static const whimbrel_config_t config = {
    .size = sizeof config,
    .endpoint = "product",
    .limits = &uicc_limits,
    .formats = formats,
    .format_count = 3,
    .features = features,
    .feature_count = 9,
    .uicc = &uicc,
};
uint64_t client_memory[UICC_BYTES / 8];

int main(void)
{
    whimbrel_port_t port = { STUB_PORT };
    whimbrel_client_t *client;
    int32_t status = make_port(&port);

    port.uicc_transmit = transmit;
    port.crypto = &crypto;

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
