/*
 * A client that sleeps: it speaks UDP in queue mode, and its server wakes it by SMS, with a Registration Update Trigger
 * (TS 1.0 section 8.4). The SMS is answered by SMS, and the Update goes by UDP.
 *
 * usage: wake coap://HOST:PORT MODEM SERVER-NUMBER [OWN-NUMBER]
 */
#include "whimbrel.h"
#include "whimbrel_at_modem.h"
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
    .model_number = "wake",
    .reboot = reboot,
    .binding = "UQS",
};

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
static const whimbrel_feature_t *const features[] = { &whimbrel_sms };

/* Here a device would switch its radio for IP on and off: SMS reaches it without. */
static void event(void *context, const whimbrel_event_t *event)
{
    (void)context;
    printf("%s", whimbrel_posix_event_text(event->code));
    if (event->status < 0) printf(": %s", whimbrel_posix_status_text(event->status));
    printf("\n");
    fflush(stdout);
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
    fprintf(stderr, "wake: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static uint64_t memory[1536]; /* 12 KiB; whimbrel_client_size(&limits) tells what is needed */
    const whimbrel_limits_t limits = { .size = sizeof limits, .datagram = 640, .sms = 1 };
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "whimbrel-wake",
        .limits = &limits,
        .formats = formats,
        .format_count = 2,
        .features = features,
        .feature_count = 1,
        .event = event,
        .awake_ms = 2000, /* a bench is impatient; 0 takes what TS 1.0 section 8.3 says, 93 seconds */
        .sms_number = argc > 4 ? argv[4] : NULL,
    };
    whimbrel_sms_t sms = { .size = sizeof sms, .mode = WHIMBREL_SMS_NOSEC };
    whimbrel_account_t account = {
        .size = sizeof account,
        .binding = "UQS",
        .short_server_id = 1,
        .sms = &sms,
    };
    whimbrel_at_modem_t *modem;
    whimbrel_posix_t *posix;
    /* an answer may take five SMS, and all of them wait until the modem has sent them */
    const whimbrel_modem_config_t line = { .size = sizeof line, .outgoing = 8 };
    whimbrel_client_t *client;
    uint64_t next_ms, modem_ms;
    int rebooting = 0, done;
    int32_t status;

    if (argc < 4) {
        fprintf(stderr, "usage: wake coap://HOST:PORT MODEM SERVER-NUMBER [OWN-NUMBER]\n");
        return EXIT_FAILURE;
    }
    account.uri = argv[1];
    sms.number = argv[3];
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_at_modem_open(argv[2], 115200, &line, &modem);
    if (status < 0) return fail(argv[2], status);
    status = whimbrel_posix_sms(posix, whimbrel_at_modem_send, whimbrel_at_modem_receive, modem);
    if (status < 0) return fail("SMS", status);
    status = whimbrel_client_init(memory, sizeof memory, &config, whimbrel_posix_port(posix), &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_device_add(client, &device, &rebooting);
    if (status < 0) return fail("object 3", status);
    status = whimbrel_account_add(client, &account);
    if (status < 0) return fail(account.uri, status);

    do {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        whimbrel_at_modem_poll(modem, &modem_ms);
        whimbrel_posix_watch(posix, whimbrel_at_modem_fd(modem));
        done = rebooting && !unsent(modem);
        if (!done) whimbrel_posix_wait(posix, next_ms < modem_ms ? next_ms : modem_ms, -1);
    } while (!done);

    whimbrel_client_end(client);
    whimbrel_at_modem_close(modem);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
