/*
 * A device on FreeRTOS that has a modem at a UART, and no network but its SMS: what it needs to know is on the smartcard in the
 * modem and read through a secure channel; messages go in secured packets, which end on the card. The server reads and
 * reboots it.
 */
#include "modem.h"
#include "FreeRTOS.h"
#include "task.h"
#include "whimbrel_freertos.h"
#include "whimbrel_mbedtls.h"
#include "whimbrel_uart.h"
#include <mbedtls/platform.h>

uint64_t modem_memory[1536]; /* 12 KiB; whimbrel_client_size(&limits) tells what is needed */
const size_t modem_memory_size = sizeof modem_memory;
struct modem_wakes modem_wakes;

static whimbrel_client_t *client;
static whimbrel_uart_t *uart;
static int leaving, stopped, card_news;
static uint32_t lost;

void modem_received(const uint8_t *bytes, size_t size)
{
    whimbrel_uart_received(uart, bytes, size);
}

void modem_sent(void)
{
    whimbrel_uart_sent(uart);
}

uint32_t modem_lost(void)
{
    return lost;
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
    .model_number = "modem",
    .binding = "S",
    .reboot = reboot,
};

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
/* the order matters: whimbrel_uicc comes after what it needs */
static const whimbrel_feature_t *const features[] = {
    &whimbrel_reporting, &whimbrel_bootstrap, &whimbrel_sms, &whimbrel_secure_channel, &whimbrel_uicc,
};

static void happened(void *context, const whimbrel_event_t *event)
{
    const struct modem_setup *setup = context;

    if (event->code == WHIMBREL_EVENT_STOPPED) stopped = 1;
    if (setup->told != NULL) setup->told(event);
}

/* The SIM went, or another one came: the client looks at it. */
static void modem_happened(void *context, uint16_t code, int32_t detail)
{
    (void)context;
    (void)detail;
    if (code == WHIMBREL_MODEM_EVENT_READY || code == WHIMBREL_MODEM_EVENT_SIM) card_news = 1;
}

/* Whether something is on its way that must not be cut short: to the card, or to the network. */
static int unsent(void)
{
    whimbrel_modem_state_t state = { .size = sizeof state };

    if (whimbrel_card_unsent(client) == 1) return 1;
    return whimbrel_modem_state(whimbrel_uart_engine(uart), &state) == WHIMBREL_OK && state.waiting > 0;
}

/* Polls and sleeps, until the server has rebooted the device and the De-register is answered or given up. */
static int32_t serve(whimbrel_freertos_t *rtos)
{
    uint64_t next_ms, modem_ms;
    int32_t status = WHIMBREL_OK;

    while (status == WHIMBREL_OK && (!stopped || unsent())) {
        if (card_news) {
            card_news = 0;
            (void)whimbrel_card_changed(client);
        }
        status = whimbrel_client_poll(client, &next_ms);
        (void)whimbrel_uart_poll(uart, &modem_ms);
        if (modem_ms < next_ms) next_ms = modem_ms;
        if (leaving == 1 && !unsent()) {
            leaving = 2;
            status = whimbrel_client_stop(client);
        } else if (!card_news && next_ms > whimbrel_freertos_now()) {
            if (whimbrel_freertos_wait(rtos, next_ms) == 0) {
                modem_wakes.deadlines++;
            } else {
                modem_wakes.signals++;
            }
        }
    }
    return status;
}

/* The client. It knows no server: the card does. */
static int32_t make(const struct modem_setup *setup, const whimbrel_port_t *port)
{
    static const whimbrel_limits_t limits = {
        .size = sizeof limits,
        .datagram = 640,
        .servers = 2,
        .credentials = 128,
        .bootstrap = 1024,
        .sms = 2,
        .uicc = 320,          /* the longest resource on the card */
        .uicc_messages = 640, /* what waits until the card takes it */
    };
    const whimbrel_uicc_t uicc = {
        .size = sizeof uicc,
        .secure = setup->key_length != 0 ? WHIMBREL_UICC_REQUIRED : 0,
        .key_version = setup->key_version,
        .key_length = setup->key_length,
        .key_enc = setup->key_enc,
        .key_mac = setup->key_mac,
        .look_s = 60,
        .ask_s = setup->ask_s,
    };
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = setup->endpoint,
        .limits = &limits,
        .formats = formats,
        .format_count = sizeof formats / sizeof formats[0],
        .features = features,
        .feature_count = sizeof features / sizeof features[0],
        .event = happened,
        .event_context = (void *)setup,
        .uicc = &uicc,
    };
    const int32_t status = whimbrel_client_init(modem_memory, sizeof modem_memory, &config, port, &client);

    return status < 0 ? status : whimbrel_device_add(client, &device, NULL);
}

/* The platform with the modem's SMS and its card. */
static int32_t open(const struct modem_setup *setup, whimbrel_freertos_t **rtos)
{
    static const whimbrel_modem_config_t line = {
        .size = sizeof line,
        .event = modem_happened,
        .outgoing = 8, /* an answer may take five */
        .card = &whimbrel_modem_card_auto,
    };
    const whimbrel_freertos_config_t platform = { .size = sizeof platform,
                                                  .random = setup->random,
                                                  .links = 2 };
    const whimbrel_uart_config_t serial = { .size = sizeof serial, .send = setup->send, .modem = &line };
    int32_t status = whimbrel_freertos_open(&platform, rtos);

    if (status == WHIMBREL_OK) status = whimbrel_uart_open(*rtos, &serial, &uart);
    if (status == WHIMBREL_OK)
        status = whimbrel_freertos_sms(*rtos, whimbrel_uart_send, whimbrel_uart_receive, uart);
    if (status == WHIMBREL_OK) status = whimbrel_freertos_card(*rtos, whimbrel_uart_transmit, uart);
    return status;
}

void modem_task(void *context)
{
    const struct modem_setup *setup = context;
    whimbrel_freertos_t *rtos = NULL;
    whimbrel_port_t port;
    int32_t status = open(setup, &rtos);

    if (status == WHIMBREL_OK) {
        /* whimbrel_mbedtls_open() would do that, and there is no DTLS here; CMAC allocates */
        (void)mbedtls_platform_set_calloc_free(whimbrel_freertos_calloc, whimbrel_freertos_free);
        port = *whimbrel_freertos_port(rtos);
        port.crypto = &whimbrel_mbedtls_crypto; /* for the secure channel */
        status = make(setup, &port);
    }
    if (status == WHIMBREL_OK) {
        setup->listening(1);
        status = serve(rtos);
        setup->listening(0);
    }
    (void)whimbrel_client_end(client);
    client = NULL;
    lost = whimbrel_uart_lost(uart);
    whimbrel_uart_close(uart);
    whimbrel_freertos_close(rtos);
    setup->ended(status);
    vTaskDelete(NULL);
}
