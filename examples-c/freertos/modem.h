/* A client that has a modem and nothing else, as a task of a firmware: what main() gives it, and what it tells. */
#ifndef MODEM_H
#define MODEM_H

#include "whimbrel.h"

/* What the task needs to know. Must live until `ended` is called. */
struct modem_setup {
    const char *endpoint;
    /* SCP03: the card's Key-ENC and Key-MAC, both `key_length` bytes; 0: the card is read in clear */
    uint8_t key_version, key_length;
    const uint8_t *key_enc, *key_mac;
    /* how often the card is asked for messages, in seconds; 0: 30 */
    uint32_t ask_s;
    /* the board's generator, see whimbrel_freertos_config_t */
    void (*random)(void *context, uint8_t *buffer, size_t size);
    /* the UART's driver, see whimbrel_uart_config_t */
    size_t (*send)(void *context, const uint8_t *bytes, size_t size);
    /* there is somebody for what the UART receives: enable its interrupts; 0: there is nobody any more */
    void (*listening)(int yes);
    /* the application hears what happens; may be NULL */
    void (*told)(const whimbrel_event_t *event);
    /* the task has given back what it took, and ends; `status` is WHIMBREL_OK if it was asked to */
    void (*ended)(int32_t status);
};

/* Why the task woke, counted. */
struct modem_wakes {
    uint32_t signals;   /* lines of the modem */
    uint32_t deadlines; /* of the client or of the modem */
};
extern struct modem_wakes modem_wakes;

/* How many bytes of the modem found no room. */
uint32_t modem_lost(void);

/* The memory of the client, for whoever wants to know its size. */
extern uint64_t modem_memory[];
extern const size_t modem_memory_size;

/* The task: for xTaskCreate(), with a struct modem_setup. */
void modem_task(void *setup);

/* For the UART's interrupts, between listening(1) and listening(0): bytes that came, and room for more to be sent. */
void modem_received(const uint8_t *bytes, size_t size);
void modem_sent(void);

#endif /* MODEM_H */
