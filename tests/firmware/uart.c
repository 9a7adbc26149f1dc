/*
 * The port of a modem at a UART by itself: what wakes the task, what finds no room, and a driver that takes little at a time. The
 * driver is this file's. Exit status 0: all of it holds.
 */
#include "FreeRTOS.h"
#include "board.h"
#include "task.h"
#include "whimbrel_uart.h"
#include <string.h>

enum { ROOM = 32 };

static int checks, failures;
static whimbrel_freertos_t *rtos;
static whimbrel_uart_t *uart;
static uint8_t sent[256];
static size_t sent_length, takes; /* what the driver got, and how much it takes at most */
static const uint8_t *in_interrupt;
static size_t in_length;

#define CHECK(condition) check((condition) != 0, #condition, __LINE__)

static void check(int holds, const char *what, int line)
{
    checks++;
    if (holds) return;
    failures++;
    board_print("uart.c:%d: not so: %s", line, what);
}

static void random_bytes(void *context, uint8_t *buffer, size_t size)
{
    board_random(context, buffer, size);
}

static size_t send(void *context, const uint8_t *bytes, size_t size)
{
    const size_t taken = size < takes ? size : takes;

    (void)context;
    if (taken > sizeof sent - sent_length) return 0;
    memcpy(sent + sent_length, bytes, taken);
    sent_length += taken;
    return taken;
}

static void interrupt(void)
{
    whimbrel_uart_received(uart, in_interrupt, in_length);
}

/* Bytes that come in an interrupt; whether that wakes the task. */
static int comes(const char *bytes)
{
    in_interrupt = (const uint8_t *)bytes;
    in_length = strlen(bytes);
    board_pend(BOARD_SPARE_INTERRUPT);
    return whimbrel_freertos_wait(rtos, whimbrel_freertos_now() + 5) == WHIMBREL_FREERTOS_WOKEN;
}

static void what_wakes(void)
{
    CHECK(!comes("OK"));
    CHECK(comes("\r"));
    CHECK(!comes("\n"));
    CHECK(comes("\n"));
    CHECK(comes(">"));
    CHECK(!comes(" "));
    CHECK(comes("a line\r\n"));
    CHECK(whimbrel_uart_lost(uart) == 0);
    CHECK(whimbrel_uart_poll(uart, NULL) == WHIMBREL_OK);
    CHECK(!comes("fifteen bytes -"));
    CHECK(comes("!"));
    CHECK(comes("fifteen bytes -"));
    CHECK(whimbrel_uart_lost(uart) == 0);
    CHECK(comes("two") && whimbrel_uart_lost(uart) == 2);
    CHECK(whimbrel_uart_poll(uart, NULL) == WHIMBREL_OK);
    whimbrel_uart_received(uart, (const uint8_t *)"\r", 1); /* from a task */
    CHECK(whimbrel_freertos_wait(rtos, whimbrel_freertos_now() + 5) == WHIMBREL_FREERTOS_WOKEN);
}

/* The first words to a modem are AT and CR, however little the driver takes. */
static void how_it_sends(void)
{
    uint64_t next = 0;

    takes = 0;
    CHECK(whimbrel_uart_line(uart, 0) == WHIMBREL_OK && whimbrel_uart_line(uart, 1) == WHIMBREL_OK);
    sent_length = 0;
    CHECK(whimbrel_uart_poll(uart, &next) == WHIMBREL_OK);
    CHECK(sent_length == 0 && next <= whimbrel_freertos_now() + 20);
    takes = 2;
    whimbrel_uart_sent(uart);
    CHECK(whimbrel_freertos_wait(rtos, whimbrel_freertos_now() + 1000) == WHIMBREL_FREERTOS_WOKEN);
    CHECK(whimbrel_uart_poll(uart, &next) == WHIMBREL_OK);
    CHECK(sent_length == 2 && next <= whimbrel_freertos_now() + 20);
    CHECK(whimbrel_uart_poll(uart, &next) == WHIMBREL_OK);
    CHECK(sent_length == 3 && memcmp(sent, "AT\r", 3) == 0);
    CHECK(next > whimbrel_freertos_now() + 20);
}

static void misuse(void)
{
    whimbrel_uart_config_t config = { .size = sizeof config, .send = send };
    whimbrel_uart_t *none = uart;

    CHECK(whimbrel_uart_open(rtos, &config, NULL) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_uart_open(NULL, &config, &none) == WHIMBREL_ERR_ARGUMENT && none == NULL);
    CHECK(whimbrel_uart_open(rtos, NULL, &none) == WHIMBREL_ERR_ARGUMENT);
    config.size = 1;
    CHECK(whimbrel_uart_open(rtos, &config, &none) == WHIMBREL_ERR_ARGUMENT);
    config.size = sizeof config;
    config.send = NULL;
    CHECK(whimbrel_uart_open(rtos, &config, &none) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_uart_poll(NULL, NULL) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_uart_send(NULL, sent, 1) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_uart_receive(NULL, sent, 1) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_uart_transmit(NULL, sent, 1, sent, 1, NULL) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_uart_engine(NULL) == NULL && whimbrel_uart_lost(NULL) == 0);
    whimbrel_uart_close(NULL);
}

static void run(void *context)
{
    const whimbrel_freertos_config_t platform = { .size = sizeof platform, .random = random_bytes };
    const whimbrel_uart_config_t config = { .size = sizeof config, .send = send, .room = ROOM };
    const size_t before = xPortGetFreeHeapSize();

    (void)context;
    takes = sizeof sent;
    CHECK(whimbrel_freertos_open(&platform, &rtos) == WHIMBREL_OK);
    CHECK(whimbrel_uart_open(rtos, &config, &uart) == WHIMBREL_OK);
    CHECK(whimbrel_uart_engine(uart) != NULL);
    board_interrupt(BOARD_SPARE_INTERRUPT, interrupt);
    what_wakes();
    how_it_sends();
    misuse();
    whimbrel_uart_close(uart);
    whimbrel_freertos_close(rtos);
    CHECK(xPortGetFreeHeapSize() == before);
    board_print("%d passed, %d failed", checks - failures, failures);
    board_exit(failures == 0 ? 0 : 1);
}

int main(void)
{
    xTaskCreate(run, "run", 1024, NULL, 2, NULL);
    vTaskStartScheduler();
    return 4;
}
