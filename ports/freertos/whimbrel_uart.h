/*
 * A modem that speaks AT at a UART: the bytes for whimbrel_modem_t of the engine, from an interrupt through a stream buffer, and
 * SMS and a smartcard for a client on ports/freertos. The UART's driver is the application's.
 *
 *     whimbrel_uart_open(rtos, &config, &uart);
 *     whimbrel_freertos_sms(rtos, whimbrel_uart_send, whimbrel_uart_receive, uart);
 *     whimbrel_freertos_card(rtos, whimbrel_uart_transmit, uart);
 *     whimbrel_client_init(memory, size, &client_config, whimbrel_freertos_port(rtos), &client);
 *     while (whimbrel_client_poll(client, &next_ms) == WHIMBREL_OK) {
 *         whimbrel_uart_poll(uart, &modem_ms);
 *         whimbrel_freertos_wait(rtos, next_ms < modem_ms ? next_ms : modem_ms);
 *     }
 *
 * All but the two functions for interrupts are for the task that polls the client.
 */
#ifndef WHIMBREL_UART_H
#define WHIMBREL_UART_H

#include "whimbrel_freertos.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A modem at a UART. Opaque. */
typedef struct whimbrel_uart_t whimbrel_uart_t;

/** What it is made of. Zero everything that is not needed. */
typedef struct whimbrel_uart_config_t {
    /** sizeof(whimbrel_uart_config_t) */
    size_t size;
    /**
     * Needed. Gives bytes to the driver, which copies them and returns how many it took; 0 if it has no room. It does not wait,
     * and calls nothing of the modem. After fewer than `size`, whimbrel_uart_sent() says when there is room; else it is asked again after 20 ms.
     */
    size_t (*send)(void *context, const uint8_t *bytes, size_t size);
    /** Given to it. */
    void *context;
    /** What the engine is told; NULL takes all defaults. What it points to must live as long as the modem. */
    const whimbrel_modem_config_t *modem;
    /**
     * How many bytes wait at most until the task takes them; 0 takes 1024. At 115200 baud that is 90 ms in which
     * the task may do something else, such as erasing flash.
     */
    uint16_t room;
} whimbrel_uart_config_t;

/**
 * Makes a modem, whose line counts as open: one block and a stream buffer from the RTOS's heap.
 *
 * @param rtos    Its wait ends when there is something to do; must live as long as the modem.
 * @param config  Copied.
 * @param uart    Out: NULL after an error. To be given to whimbrel_uart_close().
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, a wrong `size`, no `send`; WHIMBREL_ERR_BAD_VALUE: a configuration of the modem
 *         that cannot be; WHIMBREL_ERR_FULL: no memory.
 */
int32_t whimbrel_uart_open(whimbrel_freertos_t *rtos, const whimbrel_uart_config_t *config,
                           whimbrel_uart_t **uart);

/**
 * Takes bytes that came in. From the UART's interrupt, of a priority from which FreeRTOS may be called, or from one task,
 * never from both. What finds no room is lost, and counted. Wakes the client's task at the end of a line only, at a prompt,
 * or when half of the room is used.
 */
void whimbrel_uart_received(whimbrel_uart_t *uart, const uint8_t *bytes, size_t size);

/** The driver has room again. From an interrupt or a task. */
void whimbrel_uart_sent(whimbrel_uart_t *uart);

/**
 * Moves bytes both ways and does what is due. To be called after each whimbrel_client_poll().
 *
 * @param next_ms  Out, may be NULL: when to call again, on the clock of whimbrel_freertos_now(); now, if the client has a message
 *                 or the response to an APDU to take; UINT64_MAX if only input can change anything.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: uart is NULL; WHIMBREL_ERR_REENTERED: called from inside an event.
 */
int32_t whimbrel_uart_poll(whimbrel_uart_t *uart, uint64_t *next_ms);

/** Tells that the modem was switched off (`open` 0) or on (1): what was in flight is forgotten. As whimbrel_modem_line(). */
int32_t whimbrel_uart_line(whimbrel_uart_t *uart, int32_t open);

/** whimbrel_modem_send(); `uart` is a whimbrel_uart_t. It leaves by the next whimbrel_uart_poll(). */
int32_t whimbrel_uart_send(void *uart, const uint8_t *tpdu, size_t size);

/** whimbrel_modem_receive(); `uart` is a whimbrel_uart_t. */
int32_t whimbrel_uart_receive(void *uart, uint8_t *buffer, size_t size);

/** whimbrel_modem_transmit(); `uart` is a whimbrel_uart_t. The command leaves by the next whimbrel_uart_poll(). */
int32_t whimbrel_uart_transmit(void *uart, const uint8_t *command, size_t command_length, uint8_t *response,
                               size_t room, size_t *length);

/** The engine's modem, for whimbrel_modem_state(). NULL for NULL. */
whimbrel_modem_t *whimbrel_uart_engine(whimbrel_uart_t *uart);

/** How many bytes found no room so far: the task came too late, or `room` is too small. 0 for NULL. */
uint32_t whimbrel_uart_lost(const whimbrel_uart_t *uart);

/** Gives all memory back, overwritten; the client ends first, and the driver calls no more. NULL is allowed. */
void whimbrel_uart_close(whimbrel_uart_t *uart);

#ifdef __cplusplus
}
#endif

#endif /* WHIMBREL_UART_H */
