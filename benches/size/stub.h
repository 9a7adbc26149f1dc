/*
 * A platform that does nothing: drivers are not counted. Includes whimbrel.h by way of the profile that includes this.
 */
#ifndef WHIMBREL_SIZE_STUB_H
#define WHIMBREL_SIZE_STUB_H

static uint64_t clock_ms;
static uint64_t now(void *context)
{
    (void)context;
    return clock_ms;
}
static void random_bytes(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    while (size > 0) {
        buffer[--size] = 4;
    }
}
static int32_t link_open(void *context, uint8_t link, const char *host, size_t length, uint16_t port,
                         int32_t secure)
{
    (void)context, (void)link, (void)host, (void)length, (void)port, (void)secure;
    return WHIMBREL_OK;
}
static int32_t link_send(void *context, uint8_t link, const uint8_t *data, size_t size)
{
    (void)context, (void)link, (void)data, (void)size;
    return WHIMBREL_OK;
}
static int32_t link_receive(void *context, uint8_t link, uint8_t *buffer, size_t size)
{
    (void)context, (void)link, (void)buffer, (void)size;
    return 0;
}
static void link_close(void *context, uint8_t link)
{
    (void)context, (void)link;
}

#define STUB_PORT                                                                                \
    .size = sizeof(whimbrel_port_t), .now = now, .random = random_bytes, .link_open = link_open, \
    .link_send = link_send, .link_receive = link_receive, .link_close = link_close

#endif
