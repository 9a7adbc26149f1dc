/* Short messages and the smartcard: the client's calls go on to functions with a context of their own. */
#include "base.h"

const whimbrel_port_t *whimbrel_zephyr_port(whimbrel_zephyr_t *zephyr)
{
    return zephyr == NULL ? NULL : &((struct base *)zephyr)->port;
}

static int32_t sms_send(void *context, const uint8_t *tpdu, size_t size)
{
    const struct base *base = (const struct base *)context;
    return base->sms_send(base->sms_context, tpdu, size);
}

static int32_t sms_receive(void *context, uint8_t *buffer, size_t size)
{
    const struct base *base = (const struct base *)context;
    return base->sms_receive(base->sms_context, buffer, size);
}

int32_t whimbrel_zephyr_sms(whimbrel_zephyr_t *zephyr, whimbrel_zephyr_sms_send_t *send,
                            whimbrel_zephyr_sms_receive_t *receive, void *context)
{
    struct base *base = (struct base *)zephyr;

    if (base == NULL || (send == NULL) != (receive == NULL)) return WHIMBREL_ERR_ARGUMENT;
    base->sms_send = send;
    base->sms_receive = receive;
    base->sms_context = context;
    base->port.sms_send = send == NULL ? NULL : sms_send;
    base->port.sms_receive = send == NULL ? NULL : sms_receive;
    return WHIMBREL_OK;
}

static int32_t transmit(void *context, const uint8_t *command, size_t command_length, uint8_t *response,
                        size_t room, size_t *length)
{
    const struct base *base = (const struct base *)context;
    return base->transmit(base->transmit_context, command, command_length, response, room, length);
}

int32_t whimbrel_zephyr_card(whimbrel_zephyr_t *zephyr, whimbrel_zephyr_transmit_t *function, void *context)
{
    struct base *base = (struct base *)zephyr;

    if (base == NULL) return WHIMBREL_ERR_ARGUMENT;
    base->transmit = function;
    base->transmit_context = context;
    base->port.uicc_transmit = function == NULL ? NULL : transmit;
    return WHIMBREL_OK;
}
