/* A smartcard: the client's commands go on to a function with a context of its own, such as that of ports/pcsc. */
#include "internal.h"

static int32_t transmit(void *context, const uint8_t *command, size_t command_length, uint8_t *response,
                        size_t room, size_t *length)
{
    const whimbrel_posix_t *posix = (const whimbrel_posix_t *)context;
    return posix->card_transmit(posix->card_context, command, command_length, response, room, length);
}

int32_t whimbrel_posix_card(whimbrel_posix_t *posix, whimbrel_posix_transmit_t *function, void *context)
{
    if (posix == NULL) return WHIMBREL_ERR_ARGUMENT;
    posix->card_transmit = function;
    posix->card_context = context;
    posix->port.uicc_transmit = function == NULL ? NULL : transmit;
    return WHIMBREL_OK;
}
