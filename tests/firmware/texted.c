/*
 * Image (b): the client of examples-c/freertos/modem.c at UART0, and what it takes. Words from the host:
 *   endpoint=NAME version=NUMBER enc=HEX mac=HEX [ask=SECONDS]
 * Each event is a line; the last lines are the measurements. Exit status 0: the server rebooted the client and it left.
 */
#include "FreeRTOS.h"
#include "board.h"
#include "client.h"
#include "measure.h"
#include "modem.h"
#include "task.h"
#include "uart0.h"
#include <stdlib.h>

#define CLIENT_STACK_WORDS 1280

static struct modem_setup setup;
static uint8_t enc[32], mac[32];

/* What measure.c reports, which knows the other example. */
struct client_wakes client_wakes;
uint64_t client_memory[1];
const size_t client_memory_size = 0;

static void random_bytes(void *context, uint8_t *buffer, size_t size)
{
    board_random(context, buffer, size);
}

static size_t send(void *context, const uint8_t *bytes, size_t size)
{
    (void)context;
    return uart0_send(bytes, size);
}

static void listening(int yes)
{
    if (yes) {
        uart0_start(modem_received, modem_sent);
    } else {
        uart0_stop();
    }
}

static void told(const whimbrel_event_t *event)
{
    board_print("event %d %d at %lu", event->code, (int)event->status,
                (unsigned long)(xTaskGetTickCount() - configINITIAL_TICK_COUNT));
    if (event->code == WHIMBREL_EVENT_REGISTERED) measure_begin();
}

static void ended(int32_t status)
{
    measure_report();
    board_print("memory %u", (unsigned)modem_memory_size);
    board_print("modem wakes %lu deadlines %lu", (unsigned long)modem_wakes.signals,
                (unsigned long)modem_wakes.deadlines);
    board_print("bytes lost %lu", (unsigned long)modem_lost());
    board_print("client ended %d", (int)status);
    board_exit(status == WHIMBREL_OK && measure_failures() == 0 && modem_lost() == 0 ? 0 : 1);
}

static uint8_t from_hex(const char *text, uint8_t *bytes, size_t room)
{
    size_t count;
    for (count = 0; count < room && text[0] != '\0' && text[1] != '\0'; count++, text += 2) {
        const char digits[] = { text[0], text[1], '\0' };
        bytes[count] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return (uint8_t)count;
}

static void begin(void *context)
{
    (void)context;
    /* of a lower priority: it runs when this task rests */
    if (xTaskCreate(modem_task, "client", CLIENT_STACK_WORDS, &setup, 2, NULL) != pdPASS) board_exit(3);
    measure_heap();
    vTaskSuspend(NULL);
}

int main(void)
{
    setup.endpoint = board_argument("endpoint", "qemu");
    setup.key_version = (uint8_t)strtoul(board_argument("version", "0"), NULL, 0);
    setup.key_length = from_hex(board_argument("enc", ""), enc, sizeof enc);
    if (from_hex(board_argument("mac", ""), mac, sizeof mac) != setup.key_length) return 5;
    setup.key_enc = enc;
    setup.key_mac = mac;
    setup.ask_s = (uint32_t)strtoul(board_argument("ask", "30"), NULL, 10);
    setup.random = random_bytes;
    setup.send = send;
    setup.listening = listening;
    setup.told = told;
    setup.ended = ended;
    xTaskCreate(begin, "begin", 128, NULL, 3, NULL);
    vTaskStartScheduler();
    return 4;
}
