/*
 * A sensor on FreeRTOS and lwIP: DTLS with a pre-shared key by Mbed TLS, queue mode, and a task that sleeps until there is
 * something to do. An interrupt measures. The server reads, observes, names and reboots it.
 */
#include "client.h"
#include "FreeRTOS.h"
#include "task.h"
#include "whimbrel_freertos.h"
#include "whimbrel_mbedtls.h"
#include <string.h>

/* How long the server may ask after a message (queue mode). A field device takes 0: what TS 1.0 section 8.3 says, 93 s. */
#define AWAKE_MS 3000

/* One server, DTLS, and what a sensor needs; what is not named has its default. */
const whimbrel_limits_t client_limits = { .size = sizeof client_limits, .datagram = 640, .mtu = 720 };
uint64_t client_memory[1024]; /* whimbrel_client_size(&client_limits) tells how much of it is needed */
const size_t client_memory_size = sizeof client_memory;
struct client_wakes client_wakes;

static whimbrel_client_t *client;
static int leaving, stopped;

/* Written by the interrupt, read by the task: 32 bits are written at once on these processors, a double is not. */
static volatile int32_t temperature = 20000;
static char application[24] = "cold store";

static int32_t read_temperature(void *context, whimbrel_call_t *call)
{
    (void)context;
    return whimbrel_reply_float(call, temperature / 1000.0);
}

/* In ascending order. The tables are constant: they stay in flash. */
static const whimbrel_resource_t resources[] = {
    {
        .id = 5700,
        .data_type = WHIMBREL_FLOAT,
        .operations = WHIMBREL_READ,
        .flags = WHIMBREL_MANDATORY,
        .read = read_temperature,
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

void client_measured(int32_t millicelsius)
{
    temperature = millicelsius;
    (void)whimbrel_changed(client, WHIMBREL_RESOURCE(3303, 0, 5700));
}

static int32_t reboot(void *context)
{
    (void)context;
    leaving = 1; /* only noted: the server gets its answer before the task acts */
    return WHIMBREL_OK;
}

static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Whimbrel",
    .model_number = "freertos",
    .binding = "UQ",
    .reboot = reboot,
};

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
static const whimbrel_feature_t *const features[] = { &whimbrel_reporting, &whimbrel_dtls };

/* Where a device would switch its modem off and on at RADIO_OFF and RADIO_ON. */
static void happened(void *context, const whimbrel_event_t *event)
{
    const struct client_setup *setup = context;

    if (event->code == WHIMBREL_EVENT_STOPPED) stopped = 1;
    if (setup->told != NULL) setup->told(event);
}

static void count_wake(int32_t reasons, uint8_t deadline)
{
    if (reasons == 0) client_wakes.deadlines[deadline % 16]++;
    if ((reasons & WHIMBREL_FREERTOS_DATAGRAM) != 0) client_wakes.datagrams++;
    if ((reasons & WHIMBREL_FREERTOS_WOKEN) != 0) client_wakes.changes++;
    if ((reasons & WHIMBREL_FREERTOS_NAME) != 0) client_wakes.names++;
}

/* Polls and sleeps, until the server has rebooted the device and the De-register is answered or given up. */
static int32_t serve(whimbrel_freertos_t *rtos)
{
    whimbrel_deadline_t deadline = { 0 };
    uint64_t next_ms;
    int32_t status;

    while (!stopped) {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return status;
        if (leaving == 1) {
            leaving = 2;
            status = whimbrel_client_stop(client);
            if (status < 0) return status;
            continue;
        }
        if (next_ms <= whimbrel_freertos_now()) continue; /* more datagrams may wait */
        (void)whimbrel_client_deadline(client, &deadline);
        count_wake(whimbrel_freertos_wait(rtos, next_ms), deadline.reason);
    }
    return WHIMBREL_OK;
}

/* The client with its objects and its account. */
static int32_t make(const struct client_setup *setup, const whimbrel_port_t *port)
{
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = setup->endpoint,
        .limits = &client_limits,
        .formats = formats,
        .format_count = 2,
        .features = features,
        .feature_count = setup->identity != NULL ? 2 : 1,
        .event = happened,
        .event_context = (void *)setup,
        .awake_ms = AWAKE_MS,
    };
    const whimbrel_credentials_t security = {
        .size = sizeof security,
        .mode = WHIMBREL_PSK,
        .identity = (const uint8_t *)setup->identity,
        .identity_length = setup->identity != NULL ? strlen(setup->identity) : 0,
        .secret_key = setup->key,
        .secret_key_length = setup->key_length,
    };
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = setup->uri,
        .security = setup->identity != NULL ? &security : NULL,
        .short_server_id = 1,
        .lifetime_s = setup->lifetime_s,
        .binding = "UQ",
    };
    int32_t status = whimbrel_client_init(client_memory, sizeof client_memory, &config, port, &client);

    if (status == WHIMBREL_OK) status = whimbrel_device_add(client, &device, NULL);
    if (status == WHIMBREL_OK) status = whimbrel_object_add(client, &sensor, NULL);
    if (status == WHIMBREL_OK) status = whimbrel_account_add(client, &account);
    return status;
}

void client_task(void *context)
{
    const struct client_setup *setup = context;
    const whimbrel_freertos_config_t platform = { .size = sizeof platform, .random = setup->random };
    whimbrel_mbedtls_config_t backend = {
        .size = sizeof backend,
        .allocate = whimbrel_freertos_calloc,
        .release = whimbrel_freertos_free,
    };
    whimbrel_freertos_t *rtos = NULL;
    whimbrel_mbedtls_t *dtls = NULL;
    whimbrel_client_t *last;
    whimbrel_port_t port;
    int32_t status = whimbrel_freertos_open(&platform, &rtos);

    if (status == WHIMBREL_OK) {
        port = *whimbrel_freertos_port(rtos);
        backend.port = &port;
        status = whimbrel_mbedtls_open(&backend, &dtls);
    }
    if (status == WHIMBREL_OK) {
        port.security = whimbrel_mbedtls_security(dtls);
        status = make(setup, &port);
    }
    if (status == WHIMBREL_OK) status = serve(rtos);

    /* interrupts may still measure: from here on there is no client for them */
    last = client;
    taskENTER_CRITICAL();
    client = NULL;
    taskEXIT_CRITICAL();
    (void)whimbrel_client_end(last);
    whimbrel_mbedtls_close(dtls);
    whimbrel_freertos_close(rtos);
    setup->ended(status);
    vTaskDelete(NULL);
}
