/*
 * The client of `make demo`: a temperature sensor, an object whose instances a server creates, and a device that
 * leaves its server properly when it is told to reboot.
 *
 * usage: demo coap://HOST:PORT
 */
#include "whimbrel.h"
#include "whimbrel_posix.h"
#include <stdio.h>
#include <stdlib.h>

static int leaving, gone;

/* ---- Device, object 3 */

static int32_t reboot(void *context)
{
    (void)context;
    leaving = 1; /* the answer goes out first, then main() says goodbye */
    return WHIMBREL_OK;
}

static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Whimbrel",
    .model_number = "demo",
    .serial_number = "345000123",
    .firmware_version = WHIMBREL_VERSION_STRING,
    .reboot = reboot,
};

/* ---- Temperature, object 3303: variables, and one thing to do */

static double celsius = 24.0, lowest = 24.0, highest = 24.0;

static int32_t reset_extremes(void *context, whimbrel_call_t *call)
{
    (void)context;
    (void)call; /* the resource takes no arguments */
    lowest = highest = celsius;
    return WHIMBREL_OK;
}

static const whimbrel_resource_t temperature_resources[] = {
    { .id = 5601, .data_type = WHIMBREL_FLOAT, .operations = WHIMBREL_READ, .value = &lowest },
    { .id = 5602, .data_type = WHIMBREL_FLOAT, .operations = WHIMBREL_READ, .value = &highest },
    { .id = 5605, .operations = WHIMBREL_EXECUTE, .execute = reset_extremes },
    { .id = 5700,
      .data_type = WHIMBREL_FLOAT,
      .operations = WHIMBREL_READ,
      .flags = WHIMBREL_MANDATORY,
      .value = &celsius },
    { .id = 5701, .data_type = WHIMBREL_STRING, .operations = WHIMBREL_READ, .value = "Cel" },
};
static const whimbrel_object_t temperature = {
    .size = sizeof temperature,
    .id = 3303,
    .resource_count = 5,
    .resources = temperature_resources,
};

/* A room that is heated and cooled: 24, 25, 26, 27, 26, 25, 24 … degrees. */
static void measure(void)
{
    static double step = 1.0;
    celsius += step;
    if (celsius >= 27.0 || celsius <= 24.0) step = -step;
    if (celsius < lowest) lowest = celsius;
    if (celsius > highest) highest = celsius;
}

/* ---- Example object 26241: a server creates and deletes its instances */

struct note {
    int used;
    char text[33];
    int32_t number;
};
static struct note notes[4];

static int32_t create_note(void *context, uint16_t instance, void **data)
{
    (void)context;
    (void)instance;
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        if (notes[i].used) continue;
        notes[i] = (struct note){ .used = 1 };
        *data = &notes[i];
        return WHIMBREL_OK;
    }
    return WHIMBREL_ERR_FULL;
}

static int32_t remove_note(void *context, uint16_t instance, void *data)
{
    (void)context;
    (void)instance;
    ((struct note *)data)->used = 0;
    return WHIMBREL_OK;
}

static const whimbrel_resource_t note_resources[] = {
    {
        .id = 0,
        .data_type = WHIMBREL_STRING,
        .operations = WHIMBREL_READ | WHIMBREL_WRITE,
        .flags = WHIMBREL_MANDATORY | WHIMBREL_MEMBER,
        .capacity = sizeof notes[0].text,
        .value = WHIMBREL_OFFSET(struct note, text),
    },
    {
        .id = 1,
        .data_type = WHIMBREL_INTEGER,
        .operations = WHIMBREL_READ | WHIMBREL_WRITE,
        .flags = WHIMBREL_MEMBER,
        .value = WHIMBREL_OFFSET(struct note, number),
    },
};
static const whimbrel_object_t note_object = {
    .size = sizeof note_object,
    .id = 26241,
    .flags = WHIMBREL_CREATABLE,
    .resource_count = 2,
    .resources = note_resources,
    .create = create_note,
    .remove = remove_note,
};

/* ---- The client */

static void show(void *context, const whimbrel_event_t *event)
{
    (void)context;
    printf("demo: %s", whimbrel_posix_event_text(event->code));
    if (event->path.object != WHIMBREL_NONE) printf(", /%u", event->path.object);
    if (event->path.instance != WHIMBREL_NONE) printf("/%u", event->path.instance);
    if (event->path.resource != WHIMBREL_NONE) printf("/%u", event->path.resource);
    if (event->status != 0) printf(": %s", whimbrel_posix_status_text(event->status));
    printf("\n");
    if (event->code == WHIMBREL_EVENT_STOPPED) gone = 1;
}

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "demo: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
static const whimbrel_feature_t *const features[] = { &whimbrel_reporting, &whimbrel_creation };

int main(int argc, char **argv)
{
    static uint64_t memory[1024]; /* 8 KiB; whimbrel_client_size(NULL) tells what the default limits need */
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "whimbrel-demo",
        .formats = formats,
        .format_count = 2,
        .features = features,
        .feature_count = 2,
        .event = show,
    };
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = argc > 1 ? argv[1] : "coap://127.0.0.1",
        .short_server_id = 1,
        .lifetime_s = 60,
    };
    whimbrel_posix_t *posix;
    whimbrel_client_t *client;
    uint64_t next_ms, measure_ms;
    int32_t status;

    setvbuf(stdout, NULL, _IOLBF, 0);
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_client_init(memory, sizeof memory, &config, whimbrel_posix_port(posix), &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_device_add(client, &device, NULL);
    if (status < 0) return fail("object 3", status);
    status = whimbrel_object_add(client, &temperature, NULL);
    if (status < 0) return fail("object 3303", status);
    status = whimbrel_object_add(client, &note_object, NULL);
    if (status < 0) return fail("object 26241", status);
    status = whimbrel_account_add(client, &account);
    if (status < 0) return fail(account.uri, status);

    measure_ms = whimbrel_posix_now();
    while (!gone) {
        if (whimbrel_posix_now() >= measure_ms) {
            measure();
            whimbrel_changed(client, WHIMBREL_INSTANCE(3303, 0));
            measure_ms += 1000;
        }
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        if (leaving == 1) {
            leaving = 2;
            whimbrel_client_stop(client);
            continue;
        }
        whimbrel_posix_wait(posix, next_ms < measure_ms ? next_ms : measure_ms, -1);
    }
    whimbrel_client_end(client);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
