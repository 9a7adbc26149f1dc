/*
 * Whimbrel on FreeRTOS with lwIP: UDP, name resolution, clock, lock, and the one place where the client's task sleeps.
 *
 *     const whimbrel_freertos_config_t platform = { .size = sizeof platform, .random = from_the_generator };
 *     whimbrel_freertos_open(&platform, &rtos);
 *     whimbrel_client_init(memory, size, &config, whimbrel_freertos_port(rtos), &client);
 *     while (whimbrel_client_poll(client, &next_ms) == WHIMBREL_OK) whimbrel_freertos_wait(rtos, next_ms);
 *
 * One client a whimbrel_freertos_t, and one task that polls it. lwIP runs with its own thread (NO_SYS 0) and LWIP_NETCONN;
 * docs/freertos.md says what FreeRTOSConfig.h and lwipopts.h need.
 */
#ifndef WHIMBREL_FREERTOS_H
#define WHIMBREL_FREERTOS_H

#include "whimbrel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A platform for one client. Opaque. */
typedef struct whimbrel_freertos_t whimbrel_freertos_t;

/** What a platform is made of. Zero everything that is not needed. */
typedef struct whimbrel_freertos_config_t {
    /** sizeof(whimbrel_freertos_config_t) */
    size_t size;
    /** Needed. As whimbrel_port_t.random, with `context`: the board's generator. It must be ready when it is given. */
    void (*random)(void *context, uint8_t *buffer, size_t size);
    /** As whimbrel_port_t.wall_clock, with `context`; NULL: the time is not known. */
    int64_t (*wall_clock)(void *context);
    /** Given to both; must outlive the platform. */
    void *context;
    /** How many links: whimbrel_limits_t.servers, at most 32. 0: one. */
    uint8_t links;
} whimbrel_freertos_config_t;

/**
 * Makes a platform: one block and one semaphore from the RTOS's heap. The scheduler need not run yet.
 *
 * @param config  Copied.
 * @param rtos    Out: NULL after an error. To be given to whimbrel_freertos_close().
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, a wrong `size`, no `random`, too many links; WHIMBREL_ERR_FULL: no memory.
 */
int32_t whimbrel_freertos_open(const whimbrel_freertos_config_t *config, whimbrel_freertos_t **rtos);

/** The table for whimbrel_client_init(). It lives as long as `rtos`. NULL for NULL. */
const whimbrel_port_t *whimbrel_freertos_port(whimbrel_freertos_t *rtos);

/** As whimbrel_port_t.storage_read. */
typedef int32_t whimbrel_freertos_storage_read_t(void *context, uint16_t record, uint8_t *buffer,
                                                 size_t size);
/** As whimbrel_port_t.storage_write. */
typedef int32_t whimbrel_freertos_storage_write_t(void *context, uint16_t record, const uint8_t *data,
                                                  size_t size);

/**
 * Has records kept by functions with a context of their own. Call it before whimbrel_client_init().
 *
 * @param read     NULL together with `write`: there is no storage.
 * @param context  Given to both; must live as long as the client.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: rtos is NULL, or one of both functions.
 */
int32_t whimbrel_freertos_storage(whimbrel_freertos_t *rtos, whimbrel_freertos_storage_read_t *read,
                                  whimbrel_freertos_storage_write_t *write, void *context);

/** As whimbrel_port_t.sms_send. */
typedef int32_t whimbrel_freertos_sms_send_t(void *context, const uint8_t *tpdu, size_t size);
/** As whimbrel_port_t.sms_receive. */
typedef int32_t whimbrel_freertos_sms_receive_t(void *context, uint8_t *buffer, size_t size);

/**
 * Has short messages sent and received by functions with a context of their own. Call it before whimbrel_client_init().
 *
 * @param send     NULL together with `receive`: no short messages.
 * @param context  Given to both; must live as long as the client.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: rtos is NULL, or one of both functions.
 */
int32_t whimbrel_freertos_sms(whimbrel_freertos_t *rtos, whimbrel_freertos_sms_send_t *send,
                              whimbrel_freertos_sms_receive_t *receive, void *context);

/** As whimbrel_port_t.uicc_transmit. */
typedef int32_t whimbrel_freertos_transmit_t(void *context, const uint8_t *command, size_t command_length,
                                             uint8_t *response, size_t room, size_t *length);

/**
 * Has a smartcard reached by a function with a context of its own. Call it before whimbrel_client_init().
 *
 * @param transmit  NULL: there is no smartcard.
 * @param context   Given to it; must live as long as the client.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: rtos is NULL.
 */
int32_t whimbrel_freertos_card(whimbrel_freertos_t *rtos, whimbrel_freertos_transmit_t *transmit,
                               void *context);

/** whimbrel_freertos_wait(): a datagram came. */
#define WHIMBREL_FREERTOS_DATAGRAM 1
/** whimbrel_freertos_wait(): a name was looked up. */
#define WHIMBREL_FREERTOS_NAME 2
/** whimbrel_freertos_wait(): whimbrel_changed() or whimbrel_freertos_wake() was called. */
#define WHIMBREL_FREERTOS_WOKEN 4

/**
 * Sleeps until a datagram comes, a name is resolved, someone wakes, or the clock has reached `until_ms`. What came since
 * the last call ends it at once.
 *
 * @param until_ms  As whimbrel_client_poll() tells it; UINT64_MAX for never.
 * @return Why it ended: WHIMBREL_FREERTOS_… as bits, 0: the time has come. WHIMBREL_ERR_ARGUMENT: rtos is NULL.
 */
int32_t whimbrel_freertos_wait(whimbrel_freertos_t *rtos, uint64_t until_ms);

/**
 * Ends a whimbrel_freertos_wait(), or the next one. Any task may call it, and any interrupt of a priority from which
 * FreeRTOS may be called.
 */
void whimbrel_freertos_wake(whimbrel_freertos_t *rtos);

/**
 * Milliseconds of the kernel's ticks, with 64 bits although ticks have 32 or 16: the overflows that the kernel counts are
 * taken in, so that nothing need call it in time. It goes on in tickless idle, as ticks do. Not from an interrupt.
 */
uint64_t whimbrel_freertos_now(void);

/** As calloc(), from the RTOS's heap: for whimbrel_mbedtls_config_t.allocate. */
void *whimbrel_freertos_calloc(size_t count, size_t size);

/** As free(), for whimbrel_mbedtls_config_t.release. */
void whimbrel_freertos_free(void *pointer);

/** Closes all links and gives all memory back; whimbrel_client_end() comes first. NULL is allowed. */
void whimbrel_freertos_close(whimbrel_freertos_t *rtos);

#ifdef __cplusplus
}
#endif

#endif /* WHIMBREL_FREERTOS_H */
