/* The client as a task of a firmware: what main() gives it, and what it tells. */
#ifndef CLIENT_H
#define CLIENT_H

#include "whimbrel.h"

/* What the task needs to know. Must live until `ended` is called. */
struct client_setup {
    const char *endpoint;
    const char *uri; /* coaps://HOST:PORT, or coap:// where `identity` is NULL */
    const char *identity;
    const uint8_t *key; /* the pre-shared key, `key_length` bytes */
    size_t key_length;
    uint32_t lifetime_s;
    /* the board's generator, see whimbrel_freertos_config_t */
    void (*random)(void *context, uint8_t *buffer, size_t size);
    /* the application hears what happens; may be NULL */
    void (*told)(const whimbrel_event_t *event);
    /* the task has given back what it took, and ends; `status` is WHIMBREL_OK if it was asked to */
    void (*ended)(int32_t status);
};

/* Why the task woke, counted. */
struct client_wakes {
    uint32_t datagrams;
    uint32_t changes;       /* whimbrel_changed() */
    uint32_t names;         /* a name was looked up */
    uint32_t deadlines[16]; /* by WHIMBREL_WAKE_… */
};
extern struct client_wakes client_wakes;

/* How much the client can hold, for whoever wants to know what that takes: whimbrel_client_size(). */
extern const whimbrel_limits_t client_limits;

/* The memory that it has. */
extern uint64_t client_memory[];
extern const size_t client_memory_size;

/* The task: for xTaskCreate(), with a struct client_setup. */
void client_task(void *setup);

/* A new temperature in thousandths of a degree. From an interrupt or a task. */
void client_measured(int32_t millicelsius);

#endif /* CLIENT_H */
