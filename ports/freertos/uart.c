/* Between a UART's driver and the engine's modem: bytes both ways, and no wake-up of the task for each of them. */
#include "internal.h"
#include "stream_buffer.h"
#include "whimbrel_uart.h"
#include <string.h>

#define DEFAULT_ROOM 1024
/* When a driver that has no room is asked again, should it not say that it has. */
#define FULL_MS 20
/* How many pieces are read in one call at most, so that it ends even if a modem never stops to speak. */
#define READS 32

struct whimbrel_uart_t {
    whimbrel_freertos_t *rtos;
    whimbrel_uart_config_t config;
    StreamBufferHandle_t input;
    volatile uint32_t lost; /* written where bytes come in */
    uint8_t last;           /* the byte that came last, likewise */
    uint64_t due;           /* what the engine said last */
    int busy;               /* inside the engine, which may call the application */
    uint32_t shown;         /* how many messages the client was told of */
    int card_shown;         /* it was told that there is something about its APDU */
    uint8_t out[64];        /* what the driver has not taken yet */
    size_t at, length;
    size_t size;              /* of the block, the engine's memory included */
    whimbrel_modem_t *engine; /* in the same block, behind this */
};

static size_t own_size(void)
{
    return (sizeof(whimbrel_uart_t) + 7) & ~(size_t)7;
}

/* A PIN or an APDU with keys in it may have passed. */
static void wipe(void *memory, size_t size)
{
    volatile uint8_t *at = (volatile uint8_t *)memory;
    while (size-- > 0)
        *at++ = 0;
}

/* ---- where bytes come in, an interrupt as a rule */

/* Whether the engine can do something with what has come: a line ends with CR, where another follows with LF; `>` is a prompt. */
static int complete(whimbrel_uart_t *uart, const uint8_t *bytes, size_t size)
{
    int found = 0;
    size_t i;

    for (i = 0; i < size; i++) {
        found |= bytes[i] == '\r' || bytes[i] == '>' || (bytes[i] == '\n' && uart->last != '\r');
        uart->last = bytes[i];
    }
    return found;
}

void whimbrel_uart_received(whimbrel_uart_t *uart, const uint8_t *bytes, size_t size)
{
    size_t taken;

    if (WHIMBREL_FREERTOS_IN_INTERRUPT()) {
        /* nobody waits for the buffer itself, so nobody is to be switched to */
        taken = xStreamBufferSendFromISR(uart->input, bytes, size, NULL);
    } else {
        taken = xStreamBufferSend(uart->input, bytes, size, 0);
    }
    uart->lost += (uint32_t)(size - taken);
    if (complete(uart, bytes, size) ||
        xStreamBufferBytesAvailable(uart->input) >= xStreamBufferSpacesAvailable(uart->input))
        freertos_signal(uart->rtos, WHIMBREL_FREERTOS_WOKEN);
}

void whimbrel_uart_sent(whimbrel_uart_t *uart)
{
    freertos_signal(uart->rtos, WHIMBREL_FREERTOS_WOKEN);
}

/* ---- the task */

/* Whether there is more to be read. */
static int take_input(whimbrel_uart_t *uart, uint64_t now)
{
    uint8_t bytes[64];
    int i;

    for (i = 0; i < READS; i++) {
        const size_t got = xStreamBufferReceive(uart->input, bytes, sizeof bytes, 0);
        if (got == 0) return 0;
        whimbrel_modem_input(uart->engine, now, bytes, got);
        wipe(bytes, got);
    }
    return 1;
}

/* Whether the driver takes no more now. */
static int give_output(whimbrel_uart_t *uart)
{
    for (;;) {
        if (uart->at == uart->length) {
            int32_t more;
            wipe(uart->out, uart->length);
            uart->at = uart->length = 0;
            more = whimbrel_modem_output(uart->engine, uart->out, sizeof uart->out);
            if (more <= 0) return 0;
            uart->length = (size_t)more;
        }
        uart->at += uart->config.send(uart->config.context, uart->out + uart->at, uart->length - uart->at);
        if (uart->at < uart->length) return 1;
    }
}

static void pump(whimbrel_uart_t *uart)
{
    const uint64_t now = whimbrel_freertos_now();
    int more, full;

    uart->busy = 1;
    more = take_input(uart, now);
    whimbrel_modem_poll(uart->engine, now, &uart->due);
    full = give_output(uart);
    if (more) uart->due = now;
    if (full && uart->due > now + FULL_MS) uart->due = now + FULL_MS;
    uart->busy = 0;
}

int32_t whimbrel_uart_poll(whimbrel_uart_t *uart, uint64_t *next_ms)
{
    whimbrel_modem_state_t state;
    int ask, news;

    if (uart == NULL) return WHIMBREL_ERR_ARGUMENT;
    if (uart->busy) return WHIMBREL_ERR_REENTERED;
    pump(uart);
    state.size = sizeof state;
    whimbrel_modem_state(uart->engine, &state);
    ask = state.card == WHIMBREL_MODEM_CARD_ASK;
    news = state.received != uart->shown || (ask && !uart->card_shown);
    if (next_ms != NULL) *next_ms = news ? whimbrel_freertos_now() : uart->due;
    uart->shown = state.received;
    uart->card_shown = ask;
    return WHIMBREL_OK;
}

int32_t whimbrel_uart_line(whimbrel_uart_t *uart, int32_t open)
{
    if (uart == NULL) return WHIMBREL_ERR_ARGUMENT;
    if (uart->busy) return WHIMBREL_ERR_REENTERED;
    (void)xStreamBufferReset(uart->input);
    wipe(uart->out, sizeof uart->out);
    uart->at = uart->length = 0;
    return whimbrel_modem_line(uart->engine, whimbrel_freertos_now(), open);
}

int32_t whimbrel_uart_send(void *context, const uint8_t *tpdu, size_t size)
{
    whimbrel_uart_t *uart = (whimbrel_uart_t *)context;
    int32_t status;

    if (uart == NULL) return WHIMBREL_ERR_ARGUMENT;
    status = whimbrel_modem_send(uart->engine, tpdu, size);
    if (status == WHIMBREL_OK) pump(uart);
    return status;
}

int32_t whimbrel_uart_receive(void *context, uint8_t *buffer, size_t size)
{
    whimbrel_uart_t *uart = (whimbrel_uart_t *)context;
    int32_t status;

    if (uart == NULL) return WHIMBREL_ERR_ARGUMENT;
    status = whimbrel_modem_receive(uart->engine, buffer, size);
    if (status > 0) pump(uart); /* there is room for the next one */
    return status;
}

int32_t whimbrel_uart_transmit(void *context, const uint8_t *command, size_t command_length,
                               uint8_t *response, size_t room, size_t *length)
{
    whimbrel_uart_t *uart = (whimbrel_uart_t *)context;
    int32_t status;

    if (uart == NULL) return WHIMBREL_ERR_ARGUMENT;
    if (uart->busy) return WHIMBREL_ERR_REENTERED;
    status = whimbrel_modem_transmit(uart->engine, command, command_length, response, room, length);
    uart->card_shown = 0;
    pump(uart); /* after an error too: channels are to be closed */
    return status;
}

whimbrel_modem_t *whimbrel_uart_engine(whimbrel_uart_t *uart)
{
    return uart == NULL ? NULL : uart->engine;
}

uint32_t whimbrel_uart_lost(const whimbrel_uart_t *uart)
{
    return uart == NULL ? 0 : uart->lost;
}

/* ---- life */

int32_t whimbrel_uart_open(whimbrel_freertos_t *rtos, const whimbrel_uart_config_t *config,
                           whimbrel_uart_t **out)
{
    size_t size;
    whimbrel_uart_t *uart;
    int32_t status;

    if (out == NULL) return WHIMBREL_ERR_ARGUMENT;
    *out = NULL;
    if (rtos == NULL || config == NULL || config->size != sizeof *config || config->send == NULL)
        return WHIMBREL_ERR_ARGUMENT;
    size = whimbrel_modem_size(config->modem);
    if (size == 0) return WHIMBREL_ERR_ARGUMENT;
    uart = (whimbrel_uart_t *)whimbrel_freertos_calloc(1, own_size() + size);
    if (uart == NULL) return WHIMBREL_ERR_FULL;
    uart->rtos = rtos;
    uart->config = *config;
    if (uart->config.room == 0) uart->config.room = DEFAULT_ROOM;
    uart->size = own_size() + size;
    status = whimbrel_modem_init((uint8_t *)uart + own_size(), size, config->modem, &uart->engine);
    if (status == WHIMBREL_OK) {
        uart->input = xStreamBufferCreate(uart->config.room, 1);
        if (uart->input == NULL) status = WHIMBREL_ERR_FULL;
    }
    if (status != WHIMBREL_OK) {
        whimbrel_freertos_free(uart);
        return status;
    }
    *out = uart;
    return WHIMBREL_OK;
}

void whimbrel_uart_close(whimbrel_uart_t *uart)
{
    static const uint8_t zeros[32];

    if (uart == NULL) return;
    (void)xStreamBufferReset(uart->input);
    while (xStreamBufferSend(uart->input, zeros, sizeof zeros, 0) > 0)
        ;
    vStreamBufferDelete(uart->input);
    wipe(uart, uart->size);
    whimbrel_freertos_free(uart);
}
