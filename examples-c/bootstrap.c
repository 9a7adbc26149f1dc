/*
 * A device that leaves the factory with one account, that of its bootstrap server, and is told by it which servers there
 * are. What it was told lies in a directory: killed at any moment and started again, it goes on where it was, with an
 * Update instead of a handshake and a Register; or, if the bootstrap had not finished, with the factory's account.
 *
 * usage: bootstrap ENDPOINT DIRECTORY coaps://HOST:PORT KEY-IN-HEX   the PSK of the factory; ENDPOINT is its identity
 *        bootstrap ENDPOINT DIRECTORY coap://HOST:PORT               without security
 *        bootstrap ENDPOINT DIRECTORY --provision FILE               a blob of tools/provision
 */
#include "whimbrel.h"
#include "whimbrel_mbedtls.h"
#include "whimbrel_posix.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNTS 3 /* the bootstrap server's, and two that it may bring */

enum { RUNNING, REBOOT, FACTORY_RESET };

static int32_t reboot(void *context)
{
    *(int *)context = REBOOT; /* only noted: the server gets its answer before main() acts */
    return WHIMBREL_OK;
}

static int32_t factory_reset(void *context)
{
    *(int *)context = FACTORY_RESET;
    return WHIMBREL_OK;
}

static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Whimbrel",
    .model_number = "bootstrap",
    .reboot = reboot,
    .factory_reset = factory_reset,
};

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv };
static const whimbrel_feature_t *const features[] = { &whimbrel_bootstrap, &whimbrel_persistence,
                                                      &whimbrel_dtls, &whimbrel_transfers };

/* What happens, in words: nothing else tells why a device is silent. */
static void event(void *context, const whimbrel_event_t *event)
{
    (void)context;
    printf("%s", whimbrel_posix_event_text(event->code));
    if (event->short_server_id != 0) printf(" (server %u)", (unsigned)event->short_server_id);
    if (event->status < 0) printf(": %s", whimbrel_posix_status_text(event->status));
    printf("\n");
    fflush(stdout);
}

/* From hexadecimal digits to bytes: how many, 0 if they are none. */
static size_t from_hex(const char *text, uint8_t *bytes, size_t room)
{
    size_t count = 0;
    unsigned byte;
    int end;

    while (count < room && sscanf(text, "%2x%n", &byte, &end) == 1 && end == 2) {
        bytes[count++] = (uint8_t)byte;
        text += 2;
    }
    return *text == '\0' ? count : 0;
}

/* The account that the factory gives a device: with a key `coaps://`, without `coap://`. */
static int32_t add_factory_account(whimbrel_client_t *client, const char *uri, const char *identity,
                                   const char *hex)
{
    uint8_t key[64];
    const whimbrel_credentials_t security = {
        .size = sizeof security,
        .mode = WHIMBREL_PSK,
        .identity = (const uint8_t *)identity,
        .identity_length = strlen(identity),
        .secret_key = key,
        .secret_key_length = hex != NULL ? from_hex(hex, key, sizeof key) : 0,
    };
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = uri,
        .security = hex != NULL ? &security : NULL,
        .bootstrap_server = 1,
        .hold_off_s = 0, /* a product waits some seconds here, for a server that speaks first */
    };
    const int32_t status = whimbrel_account_add(client, &account);

    memset(key, 0, sizeof key); /* the client has its copy, in the Security object */
    return status;
}

/* A provisioning blob: docs/provisioning.md says how the factory makes one. */
static int32_t take_blob(whimbrel_client_t *client, const char *name)
{
    static uint8_t blob[4096];
    FILE *file = fopen(name, "rb");
    int32_t status;

    if (file == NULL) return WHIMBREL_ERR_NOT_FOUND;
    status = whimbrel_provision(client, blob, fread(blob, 1, sizeof blob, file));
    memset(blob, 0, sizeof blob); /* it held keys */
    fclose(file);
    return status;
}

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "bootstrap: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static uint64_t memory[2048]; /* 16 KiB; whimbrel_client_size(&limits) tells what is needed */
    const whimbrel_limits_t limits = {
        .size = sizeof limits,
        .servers = ACCOUNTS,
        .mtu = 1280,
        .body = 1024, /* a bootstrap server may write in blocks */
        .bootstrap = 1024,
    };
    whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = argc > 1 ? argv[1] : "",
        .limits = &limits,
        .formats = formats,
        .format_count = 1,
        .features = features,
        .feature_count = 4,
        .version_max = 11,
        .event = event,
    };
    whimbrel_port_t port;
    whimbrel_posix_t *posix;
    whimbrel_mbedtls_t *dtls;
    whimbrel_client_t *client;
    uint64_t next_ms;
    int ending = RUNNING;
    int32_t status;

    if (argc < 4) {
        fprintf(stderr, "usage: bootstrap ENDPOINT DIRECTORY coaps://HOST:PORT KEY-IN-HEX\n"
                        "       bootstrap ENDPOINT DIRECTORY coap://HOST:PORT\n"
                        "       bootstrap ENDPOINT DIRECTORY --provision FILE\n");
        return EXIT_FAILURE;
    }
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_posix_storage(posix, argv[2]);
    if (status < 0) return fail(argv[2], status);
    port = *whimbrel_posix_port(posix);
    const whimbrel_mbedtls_config_t backend = { .size = sizeof backend, .port = &port, .sessions = ACCOUNTS };
    status = whimbrel_mbedtls_open(&backend, &dtls);
    if (status < 0) return fail("Mbed TLS", status);
    port.security = whimbrel_mbedtls_security(dtls);

    status = whimbrel_client_init(memory, sizeof memory, &config, &port, &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_device_add(client, &device, &ending);
    if (status < 0) return fail("object 3", status);

    /* The heart of it: first what an earlier life left, and only where there is nothing, the factory's. */
    status = whimbrel_configuration_load(client);
    if (status > 0) {
        printf("%d stored accounts\n", (int)status);
    } else if (status != WHIMBREL_ERR_NOT_FOUND) {
        return fail(argv[2], status);
    } else if (strcmp(argv[3], "--provision") == 0) {
        status = argc > 4 ? take_blob(client, argv[4]) : WHIMBREL_ERR_ARGUMENT;
    } else {
        status = add_factory_account(client, argv[3], argv[1], argc > 4 ? argv[4] : NULL);
    }
    if (status < 0) return fail(argv[3], status);

    while (ending == RUNNING) {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        if (ending == RUNNING) whimbrel_posix_wait(posix, next_ms, -1);
    }
    if (ending == FACTORY_RESET) {
        status = whimbrel_configuration_erase(client);
        if (status < 0) return fail("factory reset", status);
    }

    /* As a power cut would: nothing is said to the servers, and what storage holds stays. */
    whimbrel_client_end(client);
    whimbrel_mbedtls_close(dtls);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
