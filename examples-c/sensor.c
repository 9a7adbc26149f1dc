/*
 * A temperature sensor (object 3303) that a server can read, observe, describe and reset. Type temperatures, one a
 * line, to change it; end the input (Ctrl-D) to leave.
 *
 * usage: sensor coap://HOST:PORT
 */
#include "whimbrel.h"
#include "whimbrel_posix.h"
#include <stdio.h>
#include <stdlib.h>

/* The variables that a server sees. The engine reads them when it is asked, and tells nobody before main() says
 * whimbrel_changed(). */
static double celsius = 20.0, lowest = 20.0, highest = 20.0;
static char application[24] = "indoor";

/* Execute without data: what the variables cannot do is a handler. */
static int32_t reset_extremes(void *context, whimbrel_call_t *call)
{
    (void)context;
    (void)call; /* the resource takes no arguments */
    lowest = highest = celsius;
    printf("sensor: reset by the server\n");
    return WHIMBREL_OK;
}

/* In ascending order. The tables are constant: on a device they stay in flash. */
static const whimbrel_resource_t resources[] = {
    { .id = 5601, .data_type = WHIMBREL_FLOAT, .operations = WHIMBREL_READ, .value = &lowest },
    { .id = 5602, .data_type = WHIMBREL_FLOAT, .operations = WHIMBREL_READ, .value = &highest },
    { .id = 5605, .operations = WHIMBREL_EXECUTE, .execute = reset_extremes },
    {
        .id = 5700,
        .data_type = WHIMBREL_FLOAT,
        .operations = WHIMBREL_READ,
        .flags = WHIMBREL_MANDATORY,
        .value = &celsius,
    },
    { .id = 5701, .data_type = WHIMBREL_STRING, .operations = WHIMBREL_READ, .value = "Cel" },
    {
        .id = 5750,
        .data_type = WHIMBREL_STRING,
        .operations = WHIMBREL_READ | WHIMBREL_WRITE,
        .capacity = sizeof application,
        .value = application,
    },
};
static const whimbrel_object_t sensor = {
    .size = sizeof sensor,
    .id = 3303,
    .resource_count = sizeof resources / sizeof resources[0],
    .resources = resources,
};

static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_ERR_NOT_SUPPORTED; /* the server is told 5.01 */
}

static const whimbrel_device_t device = { .size = sizeof device,
                                          .manufacturer = "Whimbrel",
                                          .reboot = reboot };

/* What a server asks for is answered in the format it wants, else in the first of these. */
static const whimbrel_format_t *const formats[] = {
    &whimbrel_format_tlv,
    &whimbrel_format_text,
    &whimbrel_format_json,
};
static const whimbrel_feature_t *const features[] = { &whimbrel_reporting };

static void show(void *context, const whimbrel_event_t *event)
{
    printf("sensor: %s%s%s\n", whimbrel_posix_event_text(event->code), event->status ? ": " : "",
           event->status ? whimbrel_posix_status_text(event->status) : "");
    if (event->code == WHIMBREL_EVENT_STOPPED) *(int *)context = 1;
}

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "sensor: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

/* Takes one line. The observers of each resource hear of it, as their attributes (pmin, gt …) allow. */
static void measure(whimbrel_client_t *client)
{
    char line[64];
    if (fgets(line, sizeof line, stdin) == NULL) {
        whimbrel_client_stop(client);
        return;
    }
    celsius = strtod(line, NULL);
    if (celsius < lowest) lowest = celsius;
    if (celsius > highest) highest = celsius;
    whimbrel_changed(client, WHIMBREL_INSTANCE(3303, 0));
}

int main(int argc, char **argv)
{
    static uint64_t memory[1024];
    int stopped = 0;
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "whimbrel-sensor",
        .formats = formats,
        .format_count = sizeof formats / sizeof formats[0],
        .features = features,
        .feature_count = 1,
        .event = show,
        .event_context = &stopped,
    };
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = argc > 1 ? argv[1] : "coap://localhost",
        .short_server_id = 1,
        .lifetime_s = 300,
    };
    whimbrel_posix_t *posix;
    whimbrel_client_t *client;
    uint64_t next_ms;
    int32_t status;

    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF,
            0); /* so that a waiting line always shows in the descriptor that is waited for */
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_client_init(memory, sizeof memory, &config, whimbrel_posix_port(posix), &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_device_add(client, &device, NULL);
    if (status < 0) return fail("object 3", status);
    status = whimbrel_object_add(client, &sensor, NULL);
    if (status < 0) return fail("object 3303", status);
    status = whimbrel_account_add(client, &account);
    if (status < 0) return fail(account.uri, status);

    while (!stopped) {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        if (!stopped && whimbrel_posix_wait(posix, next_ms, feof(stdin) ? -1 : 0) == 1) measure(client);
    }
    whimbrel_client_end(client);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
