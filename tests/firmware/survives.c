/*
 * Image (c): a client that a bootstrap server leads to its server, over DTLS, with storage in flash that outlives the image. Words from
 * the host:
 *   endpoint=NAME uri=coaps://10.0.2.2:PORT key=HEX flash=FILE [cut=CHANGE how=NUMBER]
 * The endpoint is the identity. Each event is a line. Power is cut by the host, or in the flash driver (flash_file.h); only who is
 * rebooted by a server leaves, measures, and has an exit status.
 */
#include "FreeRTOS.h"
#include "board.h"
#include "client.h"
#include "flash_file.h"
#include "measure.h"
#include "network.h"
#include "task.h"
#include "whimbrel_freertos.h"
#include "whimbrel_mbedtls.h"
#include <stdlib.h>
#include <string.h>

#define CLIENT_STACK_WORDS 1024

uint64_t client_memory[1280]; /* 10 KiB */
const size_t client_memory_size = sizeof client_memory;
struct client_wakes client_wakes;

static whimbrel_store_t store;
static whimbrel_client_t *client;
static int leaving;
static double celsius = 20;
static char application[24] = "as it was made";

static int32_t reboot(void *context)
{
    (void)context;
    leaving = 1; /* only noted: the server gets its answer before the task acts */
    return WHIMBREL_OK;
}

static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Whimbrel",
    .model_number = "survives",
    .reboot = reboot,
};

/* In ascending order. What a server writes is stored before it is answered. */
static const whimbrel_resource_t resources[] = {
    { .id = 5700, .data_type = WHIMBREL_FLOAT, .operations = WHIMBREL_READ, .value = &celsius },
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
    .flags = WHIMBREL_PERSISTENT,
    .resource_count = sizeof resources / sizeof resources[0],
    .resources = resources,
};

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
static const whimbrel_feature_t *const features[] = { &whimbrel_reporting, &whimbrel_bootstrap,
                                                      &whimbrel_persistence, &whimbrel_dtls };

/* Whoever observes the temperature hears of each Write by another one. */
static void happened(void *context, const whimbrel_event_t *event)
{
    (void)context;
    board_print("event %d %d at %lu changes %ld", event->code, (int)event->status,
                (unsigned long)(xTaskGetTickCount() - configINITIAL_TICK_COUNT), flash_file_changes());
    if (event->code == WHIMBREL_EVENT_REGISTERED || event->code == WHIMBREL_EVENT_UPDATED) measure_begin();
    if (event->code == WHIMBREL_EVENT_WRITTEN) {
        celsius += 0.5;
        (void)whimbrel_changed(client, WHIMBREL_RESOURCE(3303, 0, 5700));
    }
}

static void random_bytes(void *context, uint8_t *buffer, size_t size)
{
    board_random(context, buffer, size);
}

static size_t from_hex(const char *text, uint8_t *bytes, size_t room)
{
    size_t count;
    for (count = 0; count < room && text[0] != '\0' && text[1] != '\0'; count++, text += 2) {
        const char digits[] = { text[0], text[1], '\0' };
        bytes[count] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return count;
}

static int32_t add_factory_account(void)
{
    static uint8_t key[32];
    const char *identity = board_argument("endpoint", "");
    const whimbrel_credentials_t security = {
        .size = sizeof security,
        .mode = WHIMBREL_PSK,
        .identity = (const uint8_t *)identity,
        .identity_length = strlen(identity),
        .secret_key = key,
        .secret_key_length = from_hex(board_argument("key", ""), key, sizeof key),
    };
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = board_argument("uri", ""),
        .security = &security,
        .bootstrap_server = 1,
    };
    return whimbrel_account_add(client, &account);
}

/* The client as it left the factory, or as it was when power went. */
static int32_t make(const whimbrel_port_t *port)
{
    static const whimbrel_limits_t limits = {
        .size = sizeof limits, .datagram = 640, .mtu = 720, .servers = 2, .bootstrap = 512
    };
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = board_argument("endpoint", ""),
        .limits = &limits,
        .formats = formats,
        .format_count = sizeof formats / sizeof formats[0],
        .features = features,
        .feature_count = sizeof features / sizeof features[0],
        .event = happened,
    };
    int32_t status = whimbrel_client_init(client_memory, sizeof client_memory, &config, port, &client);

    if (status == WHIMBREL_OK) status = whimbrel_device_add(client, &device, NULL);
    if (status == WHIMBREL_OK) status = whimbrel_object_add(client, &sensor, NULL);
    if (status == WHIMBREL_OK) status = whimbrel_configuration_load(client);
    if (status == WHIMBREL_ERR_NOT_FOUND) {
        board_print("from the factory");
        status = add_factory_account();
    }
    return status < 0 ? status : WHIMBREL_OK;
}

/* Polls and sleeps until a server has rebooted the device. Nothing is said to it then, as when power goes. */
static int32_t serve(whimbrel_freertos_t *rtos)
{
    uint64_t next_ms;
    int32_t status = WHIMBREL_OK;

    while (status == WHIMBREL_OK && !leaving) {
        status = whimbrel_client_poll(client, &next_ms);
        if (!leaving) (void)whimbrel_freertos_wait(rtos, next_ms);
    }
    return status;
}

static int32_t open(whimbrel_freertos_t **rtos)
{
    const whimbrel_freertos_config_t platform = { .size = sizeof platform,
                                                  .random = random_bytes,
                                                  .links = 2 };
    const char *path = board_argument("flash", "");
    const long cut = strtol(board_argument("cut", "-1"), NULL, 10);
    const int how = (int)strtol(board_argument("how", "0"), NULL, 10);
    int32_t status = whimbrel_freertos_open(&platform, rtos);

    if (status == WHIMBREL_OK) status = whimbrel_store_open(&store, flash_file(path, cut, how));
    if (status == WHIMBREL_OK)
        status = whimbrel_freertos_storage(*rtos, whimbrel_store_read, whimbrel_store_write, &store);
    return status;
}

static void report(int32_t status)
{
    whimbrel_store_state_t state = { .size = sizeof state };

    measure_report();
    if (whimbrel_store_state(&store, &state) == WHIMBREL_OK)
        board_print("flash erasures %u live %u of %u", (unsigned)state.erasures, (unsigned)state.live,
                    (unsigned)state.room);
    board_print("client ended %d", (int)status);
    board_exit(status == WHIMBREL_OK && measure_failures() == 0 ? 0 : 1);
}

static void client_run(void *context)
{
    whimbrel_mbedtls_config_t backend = {
        .size = sizeof backend,
        .sessions = 2,
        .allocate = whimbrel_freertos_calloc,
        .release = whimbrel_freertos_free,
    };
    whimbrel_freertos_t *rtos = NULL;
    whimbrel_mbedtls_t *dtls = NULL;
    whimbrel_port_t port;
    int32_t status = open(&rtos);

    (void)context;
    if (status == WHIMBREL_OK) {
        port = *whimbrel_freertos_port(rtos);
        backend.port = &port;
        status = whimbrel_mbedtls_open(&backend, &dtls);
    }
    if (status == WHIMBREL_OK) {
        port.security = whimbrel_mbedtls_security(dtls);
        status = make(&port);
    }
    if (status == WHIMBREL_OK) status = serve(rtos);
    (void)whimbrel_client_end(client);
    whimbrel_mbedtls_close(dtls);
    whimbrel_freertos_close(rtos);
    report(status);
}

static void begin(void *context)
{
    (void)context;
    if (!network_ready()) {
        board_print("no address");
        board_exit(2);
    }
    board_print("network ready");
    /* of a lower priority: it runs when this task rests */
    if (xTaskCreate(client_run, "client", CLIENT_STACK_WORDS, NULL, 2, NULL) != pdPASS) board_exit(3);
    measure_heap();
    vTaskSuspend(NULL);
}

int main(void)
{
    network_start();
    xTaskCreate(begin, "begin", 256, NULL, 3, NULL);
    vTaskStartScheduler();
    return 4;
}
