/* Between a UART's driver and the engine's modem: no wake-up of the task for each byte. */
#include "internal.h"
#include "stream_buffer.h"
#include "whimbrel_uart.h"
#include <string.h>

#define DEFAULT_ROOM 1024

struct whimbrel_uart_t {
    whimbrel_freertos_t *rtos;
    whimbrel_uart_config_t config;
    StreamBufferHandle_t input;
    volatile uint32_t lost;   /* written where bytes come in */
    uint8_t last;             /* the byte that came last, likewise */
    size_t size;              /* of the block, the engine's memory included */
    whimbrel_modem_t *engine; /* in the same block, behind this */
};

static size_t own_size(void)
{
    return (sizeof(whimbrel_uart_t) + 7) & ~(size_t)7;
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

static int32_t line_receive(void *context, uint8_t *buffer, size_t size)
{
    return (int32_t)xStreamBufferReceive(((whimbrel_uart_t *)context)->input, buffer, size, 0);
}

static int32_t line_send(void *context, const uint8_t *bytes, size_t size)
{
    const whimbrel_uart_config_t *config = &((whimbrel_uart_t *)context)->config;
    const size_t taken = config->send(config->context, bytes, size);
    return (int32_t)(taken < size ? taken : size);
}

int32_t whimbrel_uart_poll(whimbrel_uart_t *uart, uint64_t *next_ms)
{
    whimbrel_line_t line = { sizeof line, NULL, line_receive, line_send };

    if (uart == NULL) return WHIMBREL_ERR_ARGUMENT;
    line.context = uart;
    return whimbrel_modem_serve(uart->engine, whimbrel_freertos_now(), &line, next_ms);
}

int32_t whimbrel_uart_line(whimbrel_uart_t *uart, int32_t open)
{
    int32_t status;

    if (uart == NULL) return WHIMBREL_ERR_ARGUMENT;
    status = whimbrel_modem_line(uart->engine, whimbrel_freertos_now(), open);
    if (status == WHIMBREL_OK) (void)xStreamBufferReset(uart->input);
    return status;
}

int32_t whimbrel_uart_send(void *context, const uint8_t *tpdu, size_t size)
{
    return context == NULL ? WHIMBREL_ERR_ARGUMENT
                           : whimbrel_modem_send(((whimbrel_uart_t *)context)->engine, tpdu, size);
}

int32_t whimbrel_uart_receive(void *context, uint8_t *buffer, size_t size)
{
    return context == NULL ? WHIMBREL_ERR_ARGUMENT
                           : whimbrel_modem_receive(((whimbrel_uart_t *)context)->engine, buffer, size);
}

int32_t whimbrel_uart_transmit(void *context, const uint8_t *command, size_t command_length,
                               uint8_t *response, size_t room, size_t *length)
{
    if (context == NULL) return WHIMBREL_ERR_ARGUMENT;
    return whimbrel_modem_transmit(((whimbrel_uart_t *)context)->engine, command, command_length, response,
                                   room, length);
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

/* A PIN or an APDU with keys in it may have passed. */
static void wipe(void *memory, size_t size)
{
    volatile uint8_t *at = (volatile uint8_t *)memory;
    while (size-- > 0)
        *at++ = 0;
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
