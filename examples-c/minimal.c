/*
 * The smallest client: it registers with one server, which may then read what this device is and reboot it.
 *
 * usage: minimal coap://HOST:PORT
 */
#include "whimbrel.h"
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
    .model_number = "minimal",
    .reboot = reboot,
};

/* The only format that every 1.0 client must have. What is not named in the
 * configuration, formats and features such as whimbrel_reporting, is not linked. */
static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv };

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "minimal: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static uint64_t memory[1024]; /* 8 KiB; whimbrel_client_size(NULL) tells what the default limits need */
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "whimbrel-minimal",
        .formats = formats,
        .format_count = 1,
    };
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = argc > 1 ? argv[1] : "coap://127.0.0.1",
        .short_server_id = 1,
        .lifetime_s = 300,
    };
    whimbrel_posix_t *posix;
    whimbrel_client_t *client;
    uint64_t next_ms;
    int rebooting = 0;
    int32_t status;

    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_client_init(memory, sizeof memory, &config, whimbrel_posix_port(posix), &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_device_add(client, &device, &rebooting);
    if (status < 0) return fail("object 3", status);
    status = whimbrel_account_add(client, &account);
    if (status < 0) return fail(account.uri, status);

    /* Does what is due, then sleeps until the next deadline or the next datagram. This is all a client needs. */
    while (!rebooting) {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        if (!rebooting) whimbrel_posix_wait(posix, next_ms, -1);
    }

    /* A device would restart here and register again. demo.c shows how to say goodbye first. */
    whimbrel_client_end(client);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
