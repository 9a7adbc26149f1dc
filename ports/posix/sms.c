/* Short messages: the client's calls go on to functions with a context of their own, such as those of ports/at-modem. */
#include "internal.h"

static int32_t sms_send(void *context, const uint8_t *tpdu, size_t size)
{
    const whimbrel_posix_t *posix = (const whimbrel_posix_t *)context;
    return posix->sms_send(posix->sms_context, tpdu, size);
}

static int32_t sms_receive(void *context, uint8_t *buffer, size_t size)
{
    const whimbrel_posix_t *posix = (const whimbrel_posix_t *)context;
    return posix->sms_receive(posix->sms_context, buffer, size);
}

int32_t whimbrel_posix_sms(whimbrel_posix_t *posix, whimbrel_posix_sms_send_t *send,
                           whimbrel_posix_sms_receive_t *receive, void *context)
{
    if (posix == NULL || (send == NULL) != (receive == NULL)) return WHIMBREL_ERR_ARGUMENT;
    posix->sms_send = send;
    posix->sms_receive = receive;
    posix->sms_context = context;
    posix->port.sms_send = send == NULL ? NULL : sms_send;
    posix->port.sms_receive = send == NULL ? NULL : sms_receive;
    return WHIMBREL_OK;
}
