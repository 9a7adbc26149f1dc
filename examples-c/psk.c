/*
 * A client secured by a pre-shared key: DTLS by Mbed TLS. With a directory, its session outlives a power cycle: started
 * again, the client goes on with an Update, and no handshake.
 *
 * usage: psk coaps://HOST:PORT IDENTITY KEY-IN-HEX [DIRECTORY]
 */
#include "whimbrel.h"
#include "whimbrel_mbedtls.h"
#include "whimbrel_posix.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t reboot(void *context)
{
    *(int *)context = 1; /* only noted: the server gets its answer before main() acts */
    return WHIMBREL_OK;
}

static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Whimbrel",
    .model_number = "psk",
    .reboot = reboot,
};

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv };
static const whimbrel_feature_t *const features[] = { &whimbrel_dtls, &whimbrel_persistence };

/* What becomes of the session is what one wants to know when nothing happens. */
static void event(void *context, const whimbrel_event_t *event)
{
    (void)context;
    printf("%s", whimbrel_posix_event_text(event->code));
    if (event->status < 0) printf(": %s", whimbrel_posix_status_text(event->status));
    if (event->code == WHIMBREL_EVENT_SECURED || event->code == WHIMBREL_EVENT_RESUMED)
        printf(", cipher suite 0x%04x", (unsigned)event->status);
    if (event->code == WHIMBREL_EVENT_ALERT) printf(" %d", (int)event->status);
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

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "psk: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static uint64_t memory[1536]; /* 12 KiB; whimbrel_client_size(&limits) tells what is needed */
    static uint8_t key[64];
    const whimbrel_limits_t limits = { .size = sizeof limits, .mtu = 1280 };
    whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = argc > 2 ? argv[2] : "", /* servers compare it with the identity (TS 1.0 section 7.1.5) */
        .limits = &limits,
        .formats = formats,
        .format_count = 1,
        .features = features,
        .feature_count = argc > 4 ? 2 : 1,
        .event = event,
    };
    whimbrel_port_t port;
    whimbrel_posix_t *posix;
    whimbrel_mbedtls_t *dtls;
    whimbrel_client_t *client;
    uint64_t next_ms;
    int rebooting = 0;
    int32_t status;

    if (argc < 4) {
        fprintf(stderr, "usage: psk coaps://HOST:PORT IDENTITY KEY-IN-HEX [DIRECTORY]\n");
        return EXIT_FAILURE;
    }
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    if (argc > 4) status = whimbrel_posix_storage(posix, argv[4]);
    if (status < 0) return fail(argv[4], status);

    /* These lines, the account's `security`, whimbrel_dtls and `mtu` are what DTLS takes. */
    port = *whimbrel_posix_port(posix);
    const whimbrel_mbedtls_config_t backend = { .size = sizeof backend, .port = &port };
    status = whimbrel_mbedtls_open(&backend, &dtls);
    if (status < 0) return fail("Mbed TLS", status);
    port.security = whimbrel_mbedtls_security(dtls);
    const whimbrel_credentials_t security = {
        .size = sizeof security,
        .mode = WHIMBREL_PSK,
        .identity = (const uint8_t *)argv[2],
        .identity_length = strlen(argv[2]),
        .secret_key = key,
        .secret_key_length = from_hex(argv[3], key, sizeof key),
    };
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = argv[1],
        .security = &security,
        .short_server_id = 1,
        .lifetime_s = 300,
    };

    status = whimbrel_client_init(memory, sizeof memory, &config, &port, &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_device_add(client, &device, &rebooting);
    if (status < 0) return fail("object 3", status);
    status = whimbrel_account_add(client, &account);
    if (status < 0) return fail(account.uri, status);
    memset(key, 0, sizeof key); /* the client has its copy, in the Security object */

    while (!rebooting) {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        if (!rebooting) whimbrel_posix_wait(posix, next_ms, -1);
    }

    /* As a power cut would: nothing is said to the server, and what storage holds stays. */
    whimbrel_client_end(client);
    whimbrel_mbedtls_close(dtls);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
