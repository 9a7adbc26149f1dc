/*
 * A modem that speaks AT at a serial device, a pseudo-terminal or a Unix socket: the bytes for whimbrel_modem_t of the
 * engine, and SMS for a client on ports/posix.
 *
 *     whimbrel_at_modem_open("/dev/ttyUSB2", 115200, &config, &modem);
 *     whimbrel_posix_sms(posix, whimbrel_at_modem_send, whimbrel_at_modem_receive, modem);
 *     whimbrel_client_init(memory, size, &client_config, whimbrel_posix_port(posix), &client);
 *     while (whimbrel_client_poll(client, &next_ms) == WHIMBREL_OK) {
 *         whimbrel_at_modem_poll(modem, &modem_ms);
 *         whimbrel_posix_watch(posix, whimbrel_at_modem_fd(modem));
 *         whimbrel_posix_wait(posix, next_ms < modem_ms ? next_ms : modem_ms, -1);
 *     }
 *
 * The device may vanish, as a USB modem does when it restarts: it is opened again when it is back. One thread a modem.
 */
#ifndef WHIMBREL_AT_MODEM_H
#define WHIMBREL_AT_MODEM_H

#include "whimbrel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A modem and its line. Opaque. */
typedef struct whimbrel_at_modem_t whimbrel_at_modem_t;

/**
 * Opens the line, raw with 8 data bits, no parity and one stop bit, without flow control.
 *
 * @param path    A serial device or a pseudo-terminal; `unix:PATH` is a Unix socket. At most 100 bytes. Copied.
 * @param baud    9600, 19200, 38400, 57600, 115200, 230400, 460800 or 921600, as far as the system has it; 0: as it is.
 *                Not used for a socket.
 * @param config  What the engine is told; NULL takes all defaults. What it points to must live as long as the modem.
 * @param modem   Out: NULL after an error. To be given to whimbrel_at_modem_close().
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, a path that is too long, a wrong `size` in the configuration;
 *         WHIMBREL_ERR_BAD_VALUE: a baud rate or a configuration that cannot be; WHIMBREL_ERR_FULL: no memory;
 *         WHIMBREL_ERR_LINK: there is no such device, or it cannot be set up.
 */
int32_t whimbrel_at_modem_open(const char *path, uint32_t baud, const whimbrel_modem_config_t *config,
                               whimbrel_at_modem_t **modem);

/**
 * Moves bytes both ways and does what is due. To be called when the descriptor can be read, when the time has come, and after
 * each whimbrel_client_poll().
 *
 * @param next_ms  Out, may be NULL: when to call again, on the clock of whimbrel_posix_now(); now, if the client has a message
 *                 or the response to an APDU to take; UINT64_MAX if only input can change anything.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: modem is NULL; WHIMBREL_ERR_REENTERED: called from inside an event.
 */
int32_t whimbrel_at_modem_poll(whimbrel_at_modem_t *modem, uint64_t *next_ms);

/** The descriptor to wait for; -1 while the device is away. It is another one after that. */
int whimbrel_at_modem_fd(const whimbrel_at_modem_t *modem);

/** whimbrel_modem_send(); `modem` is a whimbrel_at_modem_t. It leaves by the next whimbrel_at_modem_poll(). */
int32_t whimbrel_at_modem_send(void *modem, const uint8_t *tpdu, size_t size);

/** whimbrel_modem_receive(); `modem` is a whimbrel_at_modem_t. */
int32_t whimbrel_at_modem_receive(void *modem, uint8_t *buffer, size_t size);

/**
 * whimbrel_modem_transmit(); `modem` is a whimbrel_at_modem_t. Fits whimbrel_port_t.uicc_transmit. The command leaves by the
 * next whimbrel_at_modem_poll(). While it returns WHIMBREL_PENDING, whimbrel_at_modem_poll() tells when there is news.
 */
int32_t whimbrel_at_modem_transmit(void *modem, const uint8_t *command, size_t command_length,
                                   uint8_t *response, size_t room, size_t *length);

/** The engine's modem, for whimbrel_modem_state(). NULL for NULL. */
whimbrel_modem_t *whimbrel_at_modem_engine(whimbrel_at_modem_t *modem);

/** Closes the line and gives all memory back; the client ends first. NULL is allowed. */
void whimbrel_at_modem_close(whimbrel_at_modem_t *modem);

#ifdef __cplusplus
}
#endif

#endif /* WHIMBREL_AT_MODEM_H */
