/*
 * A client without a network of its own: everything goes by SMS through a modem that speaks AT, in secured packets whose
 * counters outlive a power cut.
 *
 * usage: sms MODEM DIRECTORY SERVER-NUMBER [KEY-PARAMETERS KEYS] [OWN-NUMBER]
 *
 * MODEM is a serial device, or unix:PATH. Parameters and keys are those of /0/x/7 and /0/x/8 in hexadecimal; without
 * them messages go in clear, for debugging. DIRECTORY holds what must outlive a power cut.
 */
#include "whimbrel.h"
#include "whimbrel_at_modem.h"
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
    .model_number = "sms",
    .reboot = reboot,
    .binding = "S",
};

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
static const whimbrel_feature_t *const features[] = { &whimbrel_reporting, &whimbrel_persistence,
                                                      &whimbrel_sms, &whimbrel_secured_packets };

/* A message takes seconds: one wants to see what goes on. */
static void event(void *context, const whimbrel_event_t *event)
{
    (void)context;
    printf("%s", whimbrel_posix_event_text(event->code));
    if (event->status < 0) printf(": %s", whimbrel_posix_status_text(event->status));
    printf("\n");
    fflush(stdout);
}

static void modem_event(void *context, uint16_t code, int32_t detail)
{
    static const char *const texts[] = { "?",           "ready",   "line lost", "restarted",
                                         "send failed", "network", "SIM",       NULL };
    (void)context;
    if (code >= sizeof texts / sizeof texts[0] || texts[code] == NULL) return;
    printf("modem: %s %d\n", texts[code], (int)detail);
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

/* Whether an answer is still on its way to the modem, and can get there. */
static int unsent(whimbrel_at_modem_t *modem)
{
    whimbrel_modem_state_t state = { .size = sizeof state };

    return whimbrel_modem_state(whimbrel_at_modem_engine(modem), &state) == WHIMBREL_OK &&
           state.state == WHIMBREL_MODEM_READY && state.waiting > 0;
}

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "sms: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static uint64_t memory[1792]; /* 14 KiB; whimbrel_client_size(&limits) tells what is needed */
    static uint8_t parameters[7], keys[48];
    /* a message may have two parts missing at a time; `bootstrap` also makes room for what is stored */
    const whimbrel_limits_t limits = { .size = sizeof limits, .datagram = 640, .bootstrap = 256, .sms = 2 };
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "whimbrel-sms",
        .limits = &limits,
        .formats = formats,
        .format_count = 2,
        .features = features,
        .feature_count = 4,
        .event = event,
        .sms_number = argc == 5 || argc > 6 ? argv[argc - 1] : NULL,
    };
    /* an answer may take five SMS, and all of them wait until the modem has sent them */
    const whimbrel_modem_config_t line = { .size = sizeof line, .event = modem_event, .outgoing = 8 };
    whimbrel_sms_t sms = { .size = sizeof sms, .mode = WHIMBREL_SMS_NOSEC };
    whimbrel_account_t account = {
        .size = sizeof account,
        .uri = "coap://0.0.0.0", /* mandatory, and not used: the binding says how the server is reached */
        .binding = "S",
        .short_server_id = 1,
        .sms = &sms,
    };
    whimbrel_at_modem_t *modem;
    whimbrel_posix_t *posix;
    whimbrel_port_t port;
    whimbrel_client_t *client;
    uint64_t next_ms, modem_ms;
    int rebooting = 0, done;
    int32_t status;

    if (argc < 4 || argc > 7) {
        fprintf(stderr, "usage: sms MODEM DIRECTORY SERVER-NUMBER [KEY-PARAMETERS KEYS] [OWN-NUMBER]\n");
        return EXIT_FAILURE;
    }
    sms.number = argv[3];
    if (argc > 5) {
        sms.mode = WHIMBREL_SMS_PACKETS;
        sms.parameters = parameters;
        sms.parameters_length = from_hex(argv[4], parameters, sizeof parameters);
        sms.keys = keys;
        sms.keys_length = from_hex(argv[5], keys, sizeof keys);
    }
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_posix_storage(posix, argv[2]);
    if (status < 0) return fail(argv[2], status);
    status = whimbrel_at_modem_open(argv[1], 115200, &line, &modem);
    if (status < 0) return fail(argv[1], status);

    /* The modem's SMS, and ciphers for the packets: what this client takes beside a port. */
    status = whimbrel_posix_sms(posix, whimbrel_at_modem_send, whimbrel_at_modem_receive, modem);
    if (status < 0) return fail("SMS", status);
    port = *whimbrel_posix_port(posix);
    port.crypto = &whimbrel_crypto_software;

    status = whimbrel_client_init(memory, sizeof memory, &config, &port, &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_device_add(client, &device, &rebooting);
    if (status < 0) return fail("object 3", status);
    status = whimbrel_account_add(client, &account);
    if (status < 0) return fail("account", status);
    memset(keys, 0, sizeof keys); /* the client has its copy, in the Security object */

    do {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        whimbrel_at_modem_poll(modem, &modem_ms);
        whimbrel_posix_watch(posix, whimbrel_at_modem_fd(modem));
        done = rebooting && !unsent(modem);
        if (!done) whimbrel_posix_wait(posix, next_ms < modem_ms ? next_ms : modem_ms, -1);
    } while (!done);

    /* As a power cut would: nothing is said to the server, and what storage holds stays. */
    whimbrel_client_end(client);
    whimbrel_at_modem_close(modem);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
