/*
 * A temperature sensor (object 3303) on Zephyr: it registers, serves what a server asks for, measures now and then, and sleeps.
 * After a restart it goes on with an Update, since the registration is in flash.
 */
#include <whimbrel.h>
#include <whimbrel_zephyr.h>
#include <zephyr/kernel.h>
#include <zephyr/storage/flash_map.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/reboot.h>

static double celsius = 20.0, highest = 20.0;
static int rebooting;

static int32_t reset_highest(void *context, whimbrel_call_t *call)
{
    (void)context;
    (void)call; /* the resource takes no arguments */
    highest = celsius;
    return WHIMBREL_OK;
}

/* In ascending order. The tables are constant: they stay in flash. */
static const whimbrel_resource_t resources[] = {
    { .id = 5602, .data_type = WHIMBREL_FLOAT, .operations = WHIMBREL_READ, .value = &highest },
    { .id = 5605, .operations = WHIMBREL_EXECUTE, .execute = reset_highest },
    {
        .id = 5700,
        .data_type = WHIMBREL_FLOAT,
        .operations = WHIMBREL_READ,
        .flags = WHIMBREL_MANDATORY,
        .value = &celsius,
    },
    { .id = 5701, .data_type = WHIMBREL_STRING, .operations = WHIMBREL_READ, .value = "Cel" },
};
static const whimbrel_object_t sensor = {
    .size = sizeof sensor,
    .id = 3303,
    .resource_count = 4,
    .resources = resources,
};

static int32_t reboot(void *context)
{
    (void)context;
    rebooting = 1; /* only noted: the server gets its answer before main() acts */
    return WHIMBREL_OK;
}

static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Whimbrel",
    .model_number = "zephyr",
    .reboot = reboot,
    .binding = "UQ",
};

/* Numbers: docs/events.md has them, and whimbrel.h those of errors. RADIO_OFF is where a product switches its modem off. */
static void event(void *context, const whimbrel_event_t *event)
{
    (void)context;
    printk("whimbrel: event %u, status %d\n", event->code, (int)event->status);
}

/* A room that is heated and cooled: a product reads its sensor here. */
static void measure(void)
{
    static double step = 0.5;

    celsius += step;
    if (celsius >= 22.0 || celsius <= 20.0) step = -step;
    if (celsius > highest) highest = celsius;
}

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
static const whimbrel_feature_t *const features[] = { &whimbrel_reporting, &whimbrel_persistence };
static const whimbrel_limits_t limits = { .size = sizeof limits, .bootstrap = 256 };
static const whimbrel_config_t config = {
    .size = sizeof config,
    .endpoint = CONFIG_SENSOR_ENDPOINT,
    .limits = &limits,
    .formats = formats,
    .format_count = 2,
    .features = features,
    .feature_count = 2,
    .event = event,
    .awake_ms = 10000, /* queue mode: how long it listens after the last message */
};
static const whimbrel_account_t account = {
    .size = sizeof account,
    .uri = CONFIG_SENSOR_SERVER_URI,
    .binding = "UQ",
    .short_server_id = 1,
    .lifetime_s = CONFIG_SENSOR_LIFETIME,
};

/* Everything that can fail before the client runs; what failed is printed. */
static int32_t begin(whimbrel_zephyr_t **zephyr, whimbrel_client_t **client)
{
    static uint64_t memory[1024]; /* 8 KiB; whimbrel_client_size(&limits) tells what is needed */
    const char *what = "platform";
    int32_t status = whimbrel_zephyr_open(zephyr);

    if (status == WHIMBREL_OK) {
        what = "storage";
        status = whimbrel_zephyr_storage(*zephyr, FIXED_PARTITION_ID(storage_partition));
    }
    if (status == WHIMBREL_OK) {
        what = "client";
        status = whimbrel_client_init(memory, sizeof memory, &config, whimbrel_zephyr_port(*zephyr), client);
    }
    if (status == WHIMBREL_OK) status = whimbrel_device_add(*client, &device, NULL);
    if (status == WHIMBREL_OK) status = whimbrel_object_add(*client, &sensor, NULL);
    if (status == WHIMBREL_OK) {
        what = account.uri;
        status = whimbrel_account_add(*client, &account);
    }
    if (status == WHIMBREL_OK) status = whimbrel_zephyr_follow(*zephyr, *client);
    if (status != WHIMBREL_OK) printk("whimbrel: %s: %d\n", what, (int)status);
    return status;
}

int main(void)
{
    whimbrel_zephyr_t *zephyr;
    whimbrel_client_t *client;
    uint64_t next_ms, measure_ms;

    if (begin(&zephyr, &client) != WHIMBREL_OK) return 0;
    measure_ms = whimbrel_zephyr_now();
    while (!rebooting && whimbrel_client_poll(client, &next_ms) == WHIMBREL_OK) {
        if (rebooting) break;
        if (whimbrel_zephyr_now() >= measure_ms) {
            measure();
            whimbrel_changed(client, WHIMBREL_INSTANCE(3303, 0));
            measure_ms += (uint64_t)CONFIG_SENSOR_PERIOD * 1000;
            continue; /* the client reads the value, if a server observes it */
        }
        (void)whimbrel_zephyr_wait(zephyr, next_ms < measure_ms ? next_ms : measure_ms);
    }

    whimbrel_client_end(client); /* nothing is said to the server: the registration is in flash */
    whimbrel_zephyr_close(zephyr);
    sys_reboot(SYS_REBOOT_COLD);
}
