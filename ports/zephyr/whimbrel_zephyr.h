/*
 * Whimbrel on Zephyr 4.0 and later: UDP by its sockets, name resolution, clock, entropy, storage by NVS, a modem on a
 * modem pipe, and the one place where a thread waits. docs/zephyr.md tells how it is built in, and what of it was tested.
 *
 *     whimbrel_zephyr_t *zephyr;
 *     whimbrel_zephyr_open(&zephyr);
 *     whimbrel_client_init(memory, sizeof memory, &config, whimbrel_zephyr_port(zephyr), &client);
 *     while (whimbrel_client_poll(client, &next_ms) == WHIMBREL_OK) whimbrel_zephyr_wait(zephyr, next_ms);
 *
 * One client a whimbrel_zephyr_t. Both belong to one thread of the kernel (not of user mode), but for what says otherwise.
 * Functions that need an option are there only with it.
 */
#ifndef WHIMBREL_ZEPHYR_H
#define WHIMBREL_ZEPHYR_H

#include "whimbrel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zephyr's, as <zephyr/fs/nvs.h> and <zephyr/modem/pipe.h> have them. */
struct nvs_fs;
struct modem_pipe;

/** A platform for one client. Opaque. */
typedef struct whimbrel_zephyr_t whimbrel_zephyr_t;

/**
 * Makes a platform, out of CONFIG_WHIMBREL_INSTANCES that are static: nothing is allocated. The first one starts the
 * thread that looks names up.
 *
 * @param zephyr  Out: NULL after an error. To be given to whimbrel_zephyr_close().
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_FULL: all are in use, or no event descriptor is left
 *         (CONFIG_ZVFS_EVENTFD_MAX); WHIMBREL_ERR_NOT_SUPPORTED: the generator of random numbers does not work.
 */
int32_t whimbrel_zephyr_open(whimbrel_zephyr_t **zephyr);

/** The table for whimbrel_client_init(). It lives as long as `zephyr`. NULL for NULL. */
const whimbrel_port_t *whimbrel_zephyr_port(whimbrel_zephyr_t *zephyr);

/**
 * Keeps the records of whimbrel_persistence in a flash partition of their own, by NVS. A partition with other contents is
 * lost by this. With CONFIG_WHIMBREL_STORAGE. Call it before whimbrel_client_init().
 *
 * @param area  FIXED_PARTITION_ID() of the partition: at least three sectors, each of CONFIG_WHIMBREL_STORAGE_SECTOR bytes or
 *              of a page of the flash if that is larger. Nobody else may read it: it holds keys.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: zephyr is NULL; WHIMBREL_ERR_NOT_FOUND: there is no such partition;
 *         WHIMBREL_ERR_FULL: it is too small; WHIMBREL_ERR_STORAGE: its flash is not ready, or NVS cannot be mounted.
 */
int32_t whimbrel_zephyr_storage(whimbrel_zephyr_t *zephyr, uint8_t area);

/**
 * Keeps the records in an NVS that is mounted already and that others use too, as the one of Settings. Call it before
 * whimbrel_client_init().
 *
 * @param nvs    Mounted. Its sectors hold four times whimbrel_limits_t.datagram. Must live as long as `zephyr`.
 * @param first  The records are `first` to `first` + 511, which nobody else uses; at most 0x7e00 (Settings begins at 0x8000).
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, or `first` is out of range.
 */
int32_t whimbrel_zephyr_storage_share(whimbrel_zephyr_t *zephyr, struct nvs_fs *nvs, uint16_t first);

/**
 * Sleeps until a datagram comes, a name is resolved, someone wakes, the network or the modem has news, or the clock has
 * reached `until_ms`. A modem (whimbrel_zephyr_modem()) is served here, and the client is told when the network has come or gone
 * (whimbrel_zephyr_follow()).
 *
 * @param until_ms  As whimbrel_client_poll() tells it, on the clock of whimbrel_zephyr_now(); UINT64_MAX for never.
 * @return WHIMBREL_OK; WHIMBREL_ERR_LINK: zsock_poll() failed, which is CONFIG_ZVFS_POLL_MAX if it does so always: it has slept
 *         for a second instead; WHIMBREL_ERR_ARGUMENT: zephyr is NULL.
 */
int32_t whimbrel_zephyr_wait(whimbrel_zephyr_t *zephyr, uint64_t until_ms);

/** Ends a whimbrel_zephyr_wait(), or the next one. Any thread and any interrupt may call it. NULL is allowed. */
void whimbrel_zephyr_wake(whimbrel_zephyr_t *zephyr);

/** Milliseconds since the kernel has started: k_uptime_get(). */
uint64_t whimbrel_zephyr_now(void);

/**
 * Follows Zephyr's connection manager: whimbrel_zephyr_wait() calls whimbrel_client_network() when the network has gone, and
 * when it is back: from the second time on as with a new address, since nobody here knows. With
 * CONFIG_WHIMBREL_CONNECTION_MANAGER. Call it after whimbrel_client_init().
 *
 * @param client  Must live until whimbrel_zephyr_close(), or until this is called with NULL, which ends it.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: zephyr is NULL.
 */
int32_t whimbrel_zephyr_follow(whimbrel_zephyr_t *zephyr, whimbrel_client_t *client);

/** As whimbrel_port_t.sms_send. */
typedef int32_t whimbrel_zephyr_sms_send_t(void *context, const uint8_t *tpdu, size_t size);
/** As whimbrel_port_t.sms_receive. */
typedef int32_t whimbrel_zephyr_sms_receive_t(void *context, uint8_t *buffer, size_t size);

/**
 * Has short messages sent and received by functions with a context of their own, for a modem with an API instead of AT
 * commands. When one has come, call whimbrel_zephyr_wake(). Call it before whimbrel_client_init().
 *
 * @param send     NULL together with `receive`: no short messages.
 * @param context  Given to both; must live as long as the client.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: zephyr is NULL, or one of both functions.
 */
int32_t whimbrel_zephyr_sms(whimbrel_zephyr_t *zephyr, whimbrel_zephyr_sms_send_t *send,
                            whimbrel_zephyr_sms_receive_t *receive, void *context);

/** As whimbrel_port_t.uicc_transmit. */
typedef int32_t whimbrel_zephyr_transmit_t(void *context, const uint8_t *command, size_t command_length,
                                           uint8_t *response, size_t room, size_t *length);

/**
 * Has a smartcard reached by a function with a context of its own. When a response has come after WHIMBREL_PENDING, call
 * whimbrel_zephyr_wake(). Call it before whimbrel_client_init().
 *
 * @param transmit  NULL: there is no smartcard.
 * @param context   Given to it; must live as long as the client.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: zephyr is NULL.
 */
int32_t whimbrel_zephyr_card(whimbrel_zephyr_t *zephyr, whimbrel_zephyr_transmit_t *transmit, void *context);

/**
 * Has short messages, and APDUs if whimbrel_modem_config_t.card is set, carried by a modem that speaks AT on a modem pipe:
 * of an UART backend, or a channel of CMUX that Zephyr's modem driver leaves to the application. The pipe is opened; when it has
 * closed, modem_pipe_open_async() opens it again, which is the application's to call. With CONFIG_WHIMBREL_MODEM_PIPE. Call it
 * before whimbrel_client_init().
 *
 * @param modem  From whimbrel_modem_init(); this port calls all of its functions but whimbrel_modem_state(), which remains yours.
 *               Must live as long as `zephyr`.
 * @param pipe   Attached to this from now on; must live as long as `zephyr`.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_LINK: the pipe cannot be opened now, and all is
 *         set up nevertheless: a card is waited for until the pipe opens for the first time.
 */
int32_t whimbrel_zephyr_modem(whimbrel_zephyr_t *zephyr, whimbrel_modem_t *modem, struct modem_pipe *pipe);

/**
 * Closes all links and lets go of the pipe and the connection manager; whimbrel_client_end() comes first. Waits until a lookup
 * that is under way has ended. What NVS holds stays. NULL is allowed.
 */
void whimbrel_zephyr_close(whimbrel_zephyr_t *zephyr);

#ifdef __cplusplus
}
#endif

#endif /* WHIMBREL_ZEPHYR_H */
