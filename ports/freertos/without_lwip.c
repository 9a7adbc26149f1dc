/*
 * For a device that has no datagrams, only short messages: in the place of udp.c and resolve.c, with WHIMBREL_FREERTOS_WITHOUT_LWIP
 * defined for all files of this port. Links are refused.
 */
#include "internal.h"

int32_t freertos_udp_open(void *context, uint8_t number, const char *host, size_t host_length, uint16_t port,
                          int32_t how)
{
    (void)context;
    (void)number;
    (void)host;
    (void)host_length;
    (void)port;
    (void)how;
    return WHIMBREL_ERR_NOT_SUPPORTED;
}

int32_t freertos_udp_send(void *context, uint8_t number, const uint8_t *data, size_t size)
{
    (void)context;
    (void)number;
    (void)data;
    (void)size;
    return WHIMBREL_ERR_LINK;
}

int32_t freertos_udp_receive(void *context, uint8_t number, uint8_t *buffer, size_t size)
{
    (void)context;
    (void)number;
    (void)buffer;
    (void)size;
    return WHIMBREL_ERR_LINK;
}

void freertos_udp_close(void *context, uint8_t number)
{
    (void)context;
    (void)number;
}
