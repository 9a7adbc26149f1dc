/*
 * A card in a reader that PC/SC knows, for whimbrel_port_t.uicc_transmit: by pcsclite (`pkg-config libpcsclite`) on a
 * gateway with a reader, or on a bench.
 *
 *     whimbrel_pcsc_open(NULL, &pcsc);
 *     port.uicc_transmit = whimbrel_pcsc_transmit;     called with pcsc as its context
 *     ...
 *     whimbrel_pcsc_close(pcsc);
 *
 * The card is shared with other programs. They cannot come between commands that belong together; when one of them resets
 * the card, the logical channels are gone and the client begins anew. Nothing is logged: APDUs hold keys.
 *
 * PC/SC has no call that does not wait: whimbrel_pcsc_transmit() takes as long as the card, some 10 ms a command, and as long
 * as another program has the card for itself. A device that has to answer all the time puts it on a thread of its own and
 * answers WHIMBREL_PENDING meanwhile. One thread a whimbrel_pcsc_t.
 */
#ifndef WHIMBREL_PCSC_H
#define WHIMBREL_PCSC_H

#include "whimbrel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A reader, and the card in it. Opaque. */
typedef struct whimbrel_pcsc_t whimbrel_pcsc_t;

/**
 * Says which reader it is. Neither reader, card nor the PC/SC service has to be there yet.
 *
 * @param reader  The name of a reader, or its beginning: PC/SC puts numbers behind it. NULL: whichever has a card, the first
 *                one found. At most 127 bytes. Copied.
 * @param pcsc    Out: NULL after an error. To be given to whimbrel_pcsc_close().
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, or a name that is too long; WHIMBREL_ERR_FULL: no memory.
 */
int32_t whimbrel_pcsc_open(const char *reader, whimbrel_pcsc_t **pcsc);

/**
 * Sends a command APDU and waits for the response: whimbrel_port_t.uicc_transmit, with a whimbrel_pcsc_t as context.
 *
 * @param command_length  0: nothing is sent, other programs may have the card again.
 * @param response        258 bytes hold every response to a short command.
 * @param length          Out: the length of the response with its status word.
 * @return WHIMBREL_OK: the response is there, or the command was empty; WHIMBREL_ERR_NOT_FOUND: there is no card, or no such
 *         reader.
 *         After any other error logical channels are closed, and the next command is sent to a card that is connected anew:
 *         WHIMBREL_ERR_CLOSED: another program has reset the card, or it was out and is in again; WHIMBREL_ERR_BUSY: another
 *         program has it for itself; WHIMBREL_ERR_LINK: the card does not answer, or PC/SC is not running;
 *         WHIMBREL_ERR_TRUNCATED: the response is longer than `room`; WHIMBREL_ERR_NOT_SUPPORTED: neither T=0 nor T=1;
 *         WHIMBREL_ERR_TIMEOUT; WHIMBREL_ERR_FULL; WHIMBREL_ERR_ARGUMENT: NULL, a command of 1 to 3 bytes (this one closes
 *         nothing).
 */
int32_t whimbrel_pcsc_transmit(void *pcsc, const uint8_t *command, size_t command_length, uint8_t *response,
                               size_t room, size_t *length);

/**
 * Looks whether a card is in, without waiting for anything.
 *
 * @param events  Out, may be NULL: another number than before when a card was put in or taken out meanwhile, or both.
 * @return 1: a card is in; 0: none is; WHIMBREL_ERR_LINK: PC/SC is not running; WHIMBREL_ERR_FULL; WHIMBREL_ERR_ARGUMENT:
 *         pcsc is NULL.
 */
int32_t whimbrel_pcsc_card(whimbrel_pcsc_t *pcsc, uint32_t *events);

/** Lets the card go and gives all memory back; a card with channels that are still open is reset. NULL is allowed. */
void whimbrel_pcsc_close(whimbrel_pcsc_t *pcsc);

#ifdef __cplusplus
}
#endif

#endif /* WHIMBREL_PCSC_H */
