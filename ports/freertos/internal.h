/* What the files of this port share. Applications include whimbrel_freertos.h only. */
#ifndef WHIMBREL_FREERTOS_INTERNAL_H
#define WHIMBREL_FREERTOS_INTERNAL_H

#include "whimbrel_freertos.h"

#include "FreeRTOS.h"
#include "semphr.h"

/* A device whose only way out is a modem's SMS has no lwIP: without_lwip.c in the place of udp.c and resolve.c. */
#ifndef WHIMBREL_FREERTOS_WITHOUT_LWIP
#include "lwip/api.h"
#endif

/* Whether the code runs in an interrupt. A FreeRTOS port that cannot tell needs another definition here. */
#ifndef WHIMBREL_FREERTOS_IN_INTERRUPT
#define WHIMBREL_FREERTOS_IN_INTERRUPT() xPortIsInsideInterrupt()
#endif

/* The engine numbers links from 0 and has no more than this many servers. */
#define FREERTOS_LINKS 32
/* The longest name that DNS knows, with its NUL. */
#define FREERTOS_HOST 256

/* A name that lwIP looks up, see resolve.c. */
struct freertos_lookup;

#ifndef WHIMBREL_FREERTOS_WITHOUT_LWIP
/* Begins a lookup; the platform's wait ends when it is done. WHIMBREL_PENDING: `lookup` is NULL if lwIP cannot take it now. */
int32_t freertos_lookup_begin(whimbrel_freertos_t *rtos, const char *host, struct freertos_lookup **lookup);
/* WHIMBREL_PENDING, or the outcome. */
int32_t freertos_lookup_result(struct freertos_lookup *lookup, ip_addr_t *found);
/* Forgets a lookup, whether it is done or not. */
void freertos_lookup_drop(struct freertos_lookup *lookup);
#endif

/* A connection of lwIP's to one server, see udp.c. */
struct freertos_link {
    struct netconn *connection; /* NULL: closed */
    struct freertos_lookup *lookup;
};

struct whimbrel_freertos_t {
    whimbrel_port_t port;
    whimbrel_freertos_config_t config;
    SemaphoreHandle_t wake;   /* given when there is something to poll for */
    volatile int32_t reasons; /* WHIMBREL_FREERTOS_…, why it was given */
    /* see hooks.c */
    whimbrel_freertos_storage_read_t *storage_read;
    whimbrel_freertos_storage_write_t *storage_write;
    void *storage_context;
    whimbrel_freertos_sms_send_t *sms_send;
    whimbrel_freertos_sms_receive_t *sms_receive;
    void *sms_context;
    whimbrel_freertos_transmit_t *card_transmit;
    void *card_context;
    struct freertos_link links[]; /* config.links of them */
};

/* Excludes tasks and interrupts; gives what freertos_unlock() needs. From both. */
uint32_t freertos_lock(void);
void freertos_unlock(uint32_t state);

/* Ends the platform's wait for this reason. From tasks and interrupts. */
void freertos_signal(whimbrel_freertos_t *rtos, int32_t reason);

/* whimbrel_port_t.link_open and so on, see udp.c */
int32_t freertos_udp_open(void *context, uint8_t number, const char *host, size_t host_length, uint16_t port,
                          int32_t how);
int32_t freertos_udp_send(void *context, uint8_t number, const uint8_t *data, size_t size);
int32_t freertos_udp_receive(void *context, uint8_t number, uint8_t *buffer, size_t size);
void freertos_udp_close(void *context, uint8_t number);

#endif /* WHIMBREL_FREERTOS_INTERNAL_H */
