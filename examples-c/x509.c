/*
 * A client secured by X.509 certificates: its own, and an authority that vouches for the server (Certificate Usage 2), for
 * the name in the URI. Dates are judged by the clock of the system.
 *
 * usage: x509 coaps://NAME:PORT ENDPOINT CERTIFICATE.der KEY.der AUTHORITY.der
 */
#include "whimbrel.h"
#include "whimbrel_mbedtls.h"
#include "whimbrel_posix.h"
#include <stdio.h>
#include <stdlib.h>

static int32_t reboot(void *context)
{
    *(int *)context = 1; /* only noted: the server gets its answer before main() acts */
    return WHIMBREL_OK;
}

static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Whimbrel",
    .model_number = "x509",
    .reboot = reboot,
};

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv };
static const whimbrel_feature_t *const features[] = { &whimbrel_dtls };

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

/* The whole of a small file: how many bytes, 0 if it cannot be read or does not fit. */
static size_t read_file(const char *name, uint8_t *bytes, size_t room)
{
    FILE *file = fopen(name, "rb");
    size_t count;

    if (file == NULL) return 0;
    count = fread(bytes, 1, room, file);
    if (fgetc(file) != EOF) count = 0;
    fclose(file);
    return count;
}

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "x509: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static uint64_t memory[2048]; /* 16 KiB; whimbrel_client_size(&limits) tells what is needed */
    static uint8_t certificate[1024], key[256], authority[1024];
    const whimbrel_limits_t limits = { .size = sizeof limits, .mtu = 1280, .credentials = 2600 };
    whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = argc > 2 ? argv[2] : "", /* the CN of the certificate, mostly */
        .limits = &limits,
        .formats = formats,
        .format_count = 1,
        .features = features,
        .feature_count = 1,
        .version_min = 10,
        .version_max = 11, /* Certificate Usage is of 1.1 */
        .event = event,
    };
    whimbrel_port_t port;
    whimbrel_posix_t *posix;
    whimbrel_mbedtls_t *dtls;
    whimbrel_client_t *client;
    uint64_t next_ms;
    int rebooting = 0;
    int32_t status;

    if (argc < 6) {
        fprintf(stderr, "usage: x509 coaps://NAME:PORT ENDPOINT CERTIFICATE.der KEY.der AUTHORITY.der\n");
        return EXIT_FAILURE;
    }
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);

    port = *whimbrel_posix_port(posix);
    const whimbrel_mbedtls_config_t backend = { .size = sizeof backend, .port = &port };
    status = whimbrel_mbedtls_open(&backend, &dtls);
    if (status < 0) return fail("Mbed TLS", status);
    port.security = whimbrel_mbedtls_security(dtls);
    const whimbrel_credentials_t security = {
        .size = sizeof security,
        .mode = WHIMBREL_CERTIFICATE,
        .certificate_usage = WHIMBREL_USAGE_TRUST_ANCHOR_ASSERTION,
        .identity = certificate,
        .identity_length = read_file(argv[3], certificate, sizeof certificate),
        .secret_key = key,
        .secret_key_length = read_file(argv[4], key, sizeof key),
        .server_key = authority,
        .server_key_length = read_file(argv[5], authority, sizeof authority),
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

    while (!rebooting) {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        if (!rebooting) whimbrel_posix_wait(posix, next_ms, -1);
    }

    whimbrel_client_end(client);
    whimbrel_mbedtls_close(dtls);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
