/*
 * Image (a): the client of examples-c/freertos, an interrupt that measures, and what it all takes. Words from the host:
 *   endpoint=NAME uri=coaps://10.0.2.2:PORT [identity=WORD key=HEX] [lifetime=SECONDS] [measure=SECONDS] [dns=PORT]
 * Each event is a line; the last lines are the measurements. Exit status 0: the server rebooted the client and it left.
 */
#include "FreeRTOS.h"
#include "board.h"
#include "client.h"
#include "measure.h"
#include "network.h"
#include "task.h"
#include "timers.h"
#include <stdlib.h>
#include <string.h>

#define CLIENT_STACK_WORDS 1024

static struct client_setup setup;
static uint8_t key[64];
static volatile uint32_t interrupts;

static void random_bytes(void *context, uint8_t *buffer, size_t size)
{
    board_random(context, buffer, size);
}

/* The sensor's interrupt: half a degree more each time. */
static void measured(void)
{
    interrupts++;
    client_measured(20000 + 500 * (int32_t)interrupts);
}

static void due(TimerHandle_t timer)
{
    (void)timer;
    board_pend(BOARD_SPARE_INTERRUPT);
}

static void told(const whimbrel_event_t *event)
{
    board_print("event %d %d at %lu", event->code, (int)event->status,
                (unsigned long)(xTaskGetTickCount() - configINITIAL_TICK_COUNT));
    if (event->code == WHIMBREL_EVENT_REGISTERED) measure_begin();
    if (event->code == WHIMBREL_EVENT_RADIO_OFF) measure_sleep();
    if (event->code == WHIMBREL_EVENT_RADIO_ON) measure_awake();
}

static void ended(int32_t status)
{
    measure_report();
    board_print("static needed %u", (unsigned)whimbrel_client_size(&client_limits));
    board_print("looked up %lu", (unsigned long)client_wakes.names);
    board_print("interrupts %lu", (unsigned long)interrupts);
    board_print("client ended %d", (int)status);
    board_exit(status == WHIMBREL_OK && measure_failures() == 0 ? 0 : 1);
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

static void take_arguments(void)
{
    setup.endpoint = board_argument("endpoint", "qemu");
    setup.uri = board_argument("uri", "coap://10.0.2.2:5683");
    setup.identity = board_argument("identity", NULL);
    setup.key = key;
    setup.key_length = from_hex(board_argument("key", ""), key, sizeof key);
    setup.lifetime_s = (uint32_t)strtoul(board_argument("lifetime", "60"), NULL, 10);
    setup.random = random_bytes;
    setup.told = told;
    setup.ended = ended;
}

static void begin(void *context)
{
    const unsigned long seconds = strtoul(board_argument("measure", "0"), NULL, 10);
    const unsigned long dns = strtoul(board_argument("dns", "0"), NULL, 10);

    (void)context;
    if (!network_ready()) {
        board_print("no address");
        board_exit(2);
    }
    if (dns != 0) network_dns("10.0.2.2", (unsigned short)dns);
    board_print("network ready");
    board_interrupt(BOARD_SPARE_INTERRUPT, measured);
    if (seconds != 0)
        xTimerStart(xTimerCreate("measure", pdMS_TO_TICKS(1000 * seconds), pdTRUE, NULL, due), portMAX_DELAY);
    /* of a lower priority: it runs when this task rests */
    if (xTaskCreate(client_task, "client", CLIENT_STACK_WORDS, &setup, 2, NULL) != pdPASS) board_exit(3);
    measure_heap();
    vTaskSuspend(NULL);
}

int main(void)
{
    take_arguments();
    network_start();
    xTaskCreate(begin, "begin", 256, NULL, 3, NULL);
    vTaskStartScheduler();
    return 4;
}
