/* Storage, short messages and a smartcard: the client's calls go on to functions with contexts of their own. */
#include "internal.h"

static int32_t storage_read(void *context, uint16_t record, uint8_t *buffer, size_t size)
{
    const whimbrel_freertos_t *rtos = (const whimbrel_freertos_t *)context;
    return rtos->storage_read(rtos->storage_context, record, buffer, size);
}

static int32_t storage_write(void *context, uint16_t record, const uint8_t *data, size_t size)
{
    const whimbrel_freertos_t *rtos = (const whimbrel_freertos_t *)context;
    return rtos->storage_write(rtos->storage_context, record, data, size);
}

int32_t whimbrel_freertos_storage(whimbrel_freertos_t *rtos, whimbrel_freertos_storage_read_t *read,
                                  whimbrel_freertos_storage_write_t *write, void *context)
{
    if (rtos == NULL || (read == NULL) != (write == NULL)) return WHIMBREL_ERR_ARGUMENT;
    rtos->storage_read = read;
    rtos->storage_write = write;
    rtos->storage_context = context;
    rtos->port.storage_read = read == NULL ? NULL : storage_read;
    rtos->port.storage_write = write == NULL ? NULL : storage_write;
    return WHIMBREL_OK;
}

static int32_t sms_send(void *context, const uint8_t *tpdu, size_t size)
{
    const whimbrel_freertos_t *rtos = (const whimbrel_freertos_t *)context;
    return rtos->sms_send(rtos->sms_context, tpdu, size);
}

static int32_t sms_receive(void *context, uint8_t *buffer, size_t size)
{
    const whimbrel_freertos_t *rtos = (const whimbrel_freertos_t *)context;
    return rtos->sms_receive(rtos->sms_context, buffer, size);
}

int32_t whimbrel_freertos_sms(whimbrel_freertos_t *rtos, whimbrel_freertos_sms_send_t *send,
                              whimbrel_freertos_sms_receive_t *receive, void *context)
{
    if (rtos == NULL || (send == NULL) != (receive == NULL)) return WHIMBREL_ERR_ARGUMENT;
    rtos->sms_send = send;
    rtos->sms_receive = receive;
    rtos->sms_context = context;
    rtos->port.sms_send = send == NULL ? NULL : sms_send;
    rtos->port.sms_receive = receive == NULL ? NULL : sms_receive;
    return WHIMBREL_OK;
}

static int32_t transmit(void *context, const uint8_t *command, size_t command_length, uint8_t *response,
                        size_t room, size_t *length)
{
    const whimbrel_freertos_t *rtos = (const whimbrel_freertos_t *)context;
    return rtos->card_transmit(rtos->card_context, command, command_length, response, room, length);
}

int32_t whimbrel_freertos_card(whimbrel_freertos_t *rtos, whimbrel_freertos_transmit_t *function,
                               void *context)
{
    if (rtos == NULL) return WHIMBREL_ERR_ARGUMENT;
    rtos->card_transmit = function;
    rtos->card_context = context;
    rtos->port.uicc_transmit = function == NULL ? NULL : transmit;
    return WHIMBREL_OK;
}
