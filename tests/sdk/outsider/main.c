/*
 * Somebody else's program: registers with a server, waits for the answer, says goodbye.
 *
 * usage: outsider coap://HOST:PORT
 */
#include <stdio.h>
#include <whimbrel.h>
#include <whimbrel_posix.h>

enum { PATIENCE_MS = 60000 };

struct outcome {
    int registered;
    int stopped;
};

static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_OK;
}

static void note(void *context, const whimbrel_event_t *event)
{
    struct outcome *outcome = context;
    printf("%s\n", whimbrel_posix_event_text(event->code));
    if (event->code == WHIMBREL_EVENT_REGISTERED) outcome->registered = 1;
    if (event->code == WHIMBREL_EVENT_STOPPED) outcome->stopped = 1;
}

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "outsider: %s: %s\n", what, whimbrel_posix_status_text(status));
    return 1;
}

static int run(whimbrel_posix_t *posix, whimbrel_client_t *client, struct outcome *outcome)
{
    const uint64_t end_ms = whimbrel_posix_now() + PATIENCE_MS;
    int leaving = 0;

    while (!outcome->stopped && whimbrel_posix_now() < end_ms) {
        uint64_t next_ms;
        int32_t status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        if (outcome->registered && !leaving) {
            leaving = 1;
            status = whimbrel_client_stop(client);
            if (status < 0) return fail("stop", status);
            continue;
        }
        whimbrel_posix_wait(posix, next_ms < end_ms ? next_ms : end_ms, -1);
    }
    return outcome->registered && outcome->stopped ? 0 : fail("the server", WHIMBREL_ERR_TIMEOUT);
}

int main(int argc, char **argv)
{
    static uint64_t memory[1024];
    static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv };
    static const whimbrel_device_t device = {
        .size = sizeof device,
        .manufacturer = "Somebody else",
        .reboot = reboot,
    };
    struct outcome outcome = { 0, 0 };
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "outsider",
        .formats = formats,
        .format_count = 1,
        .event = note,
        .event_context = &outcome,
    };
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = argc > 1 ? argv[1] : "coap://127.0.0.1",
        .short_server_id = 1,
        .lifetime_s = 300,
    };
    whimbrel_posix_t *posix;
    whimbrel_client_t *client;
    int32_t status;
    int result;

    if (whimbrel_version() >> 8 != WHIMBREL_VERSION_MAJOR * 256 + WHIMBREL_VERSION_MINOR) {
        fprintf(stderr, "outsider: the header of %s, another library\n", WHIMBREL_VERSION_STRING);
        return 1;
    }
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_client_init(memory, sizeof memory, &config, whimbrel_posix_port(posix), &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_device_add(client, &device, NULL);
    if (status < 0) return fail("object 3", status);
    status = whimbrel_account_add(client, &account);
    if (status < 0) return fail(account.uri, status);
    result = run(posix, client, &outcome);
    whimbrel_client_end(client);
    whimbrel_posix_close(posix);
    return result;
}
