/*
 * Whimbrel on POSIX: UDP over IPv4 and IPv6, name resolution, clock, entropy, storage in files, and the one place
 * where a program waits.
 *
 *     whimbrel_posix_t *posix;
 *     whimbrel_posix_open(&posix);
 *     whimbrel_client_init(memory, size, &config, whimbrel_posix_port(posix), &client);
 *     while (whimbrel_client_poll(client, &next_ms) == WHIMBREL_OK) whimbrel_posix_wait(posix, next_ms, -1);
 *
 * One client a whimbrel_posix_t; a process may have many of both. Needs POSIX.1-2008 with threads.
 */
#ifndef WHIMBREL_POSIX_H
#define WHIMBREL_POSIX_H

#include "whimbrel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A platform for one client. Opaque. */
typedef struct whimbrel_posix_t whimbrel_posix_t;

/**
 * Makes a platform.
 *
 * @param posix  Out: NULL after an error. To be given to whimbrel_posix_close().
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_FULL: no memory, or no file descriptor is left;
 *         WHIMBREL_ERR_NOT_SUPPORTED: the system has no entropy or no monotonic clock.
 */
int32_t whimbrel_posix_open(whimbrel_posix_t **posix);

/** The table for whimbrel_client_init(). It lives as long as `posix`. NULL for NULL. */
const whimbrel_port_t *whimbrel_posix_port(whimbrel_posix_t *posix);

/**
 * Keeps the records of whimbrel_persistence as files in a directory, which only the owner should be able to read: they
 * hold keys. A write is on the disk before it is reported as done. Call it before whimbrel_client_init().
 *
 * @param directory  Exists and can be written; at most 200 bytes. Copied. One client a directory.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, or too long; WHIMBREL_ERR_STORAGE: not a directory that can be written.
 */
int32_t whimbrel_posix_storage(whimbrel_posix_t *posix, const char *directory);

/**
 * Sleeps until a datagram comes, a name is resolved, someone wakes, or the clock has reached `until_ms`.
 *
 * @param until_ms  As whimbrel_client_poll() tells it, on the clock of whimbrel_posix_now(); UINT64_MAX for never.
 * @param also      Another file descriptor to wait for, such as standard input; -1 for none.
 * @return 1: `also` can be read, or has ended; 0: anything else, signals included; WHIMBREL_ERR_LINK: poll(2) failed;
 *         WHIMBREL_ERR_ARGUMENT: posix is NULL.
 */
int32_t whimbrel_posix_wait(whimbrel_posix_t *posix, uint64_t until_ms, int also);

/**
 * Watches another file descriptor in each whimbrel_posix_wait(), such as a modem's line, until it is told otherwise.
 *
 * @param fd  When it can be read, or has ended, the wait is over; -1 for none.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: posix is NULL.
 */
int32_t whimbrel_posix_watch(whimbrel_posix_t *posix, int fd);

/** As whimbrel_port_t.sms_send. */
typedef int32_t whimbrel_posix_sms_send_t(void *context, const uint8_t *tpdu, size_t size);
/** As whimbrel_port_t.sms_receive. */
typedef int32_t whimbrel_posix_sms_receive_t(void *context, uint8_t *buffer, size_t size);

/**
 * Has short messages sent and received by functions with a context of their own, such as whimbrel_at_modem_send() and
 * whimbrel_at_modem_receive(). Call it before whimbrel_client_init().
 *
 * @param send     NULL together with `receive`: no short messages.
 * @param context  Given to both; must live as long as the client.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: posix is NULL, or one of both functions.
 */
int32_t whimbrel_posix_sms(whimbrel_posix_t *posix, whimbrel_posix_sms_send_t *send,
                           whimbrel_posix_sms_receive_t *receive, void *context);

/** As whimbrel_port_t.uicc_transmit. */
typedef int32_t whimbrel_posix_transmit_t(void *context, const uint8_t *command, size_t command_length,
                                          uint8_t *response, size_t room, size_t *length);

/**
 * Has a smartcard reached by a function with a context of its own, such as whimbrel_at_modem_transmit() or
 * whimbrel_pcsc_transmit(). Call it before whimbrel_client_init().
 *
 * @param transmit  NULL: there is no smartcard.
 * @param context   Given to it; must live as long as the client.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: posix is NULL.
 */
int32_t whimbrel_posix_card(whimbrel_posix_t *posix, whimbrel_posix_transmit_t *transmit, void *context);

/** Ends a whimbrel_posix_wait(), or the next one. Any thread and any signal handler may call it. */
void whimbrel_posix_wake(whimbrel_posix_t *posix);

/** Milliseconds of a clock that never goes back, and where the system has such a clock goes on during suspend. */
uint64_t whimbrel_posix_now(void);

/** Closes all links and gives all memory back; whimbrel_client_end() comes first. NULL is allowed. */
void whimbrel_posix_close(whimbrel_posix_t *posix);

/** What a WHIMBREL_ERR_… means, or a CoAP code that a server answered, in words; never NULL. */
const char *whimbrel_posix_status_text(int32_t status);

/** What a WHIMBREL_EVENT_… means, in words; never NULL. */
const char *whimbrel_posix_event_text(uint16_t code);

#ifdef __cplusplus
}
#endif

#endif /* WHIMBREL_POSIX_H */
