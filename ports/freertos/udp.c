/*
 * UDP, IPv4 and IPv6 as lwIP was configured. Each link is a netconn connected to its server, so that lwIP drops what
 * others send. Not a socket: lwip_select() cannot be ended from an interrupt, a netconn's callback gives a semaphore.
 * Calls wait for lwIP's thread, for as long as it works on what came before, and for no packet.
 */
#include "internal.h"
#include "lwip/ip.h"
#include "lwip/netbuf.h"
#include <string.h>

/* lwIP 2.2 keeps a word for the callback; before, there was a socket's number, and no socket here. */
#ifndef netconn_set_callback_arg
#define netconn_set_callback_arg(connection, argument) ((connection)->socket = (int)(argument))
#define netconn_get_callback_arg(connection)           ((void *)(connection)->socket)
#endif

static struct freertos_link *find(void *context, uint8_t number)
{
    whimbrel_freertos_t *rtos = (whimbrel_freertos_t *)context;
    return number < rtos->config.links ? &rtos->links[number] : NULL;
}

/* In lwIP's thread. Nothing arrives before the netconn is connected, and by then the callback has its word. */
static void happened(struct netconn *connection, enum netconn_evt event, u16_t length)
{
    if (event == NETCONN_EVT_RCVPLUS && length > 0)
        freertos_signal((whimbrel_freertos_t *)netconn_get_callback_arg(connection),
                        WHIMBREL_FREERTOS_DATAGRAM);
}

static enum netconn_type type_for(const ip_addr_t *address)
{
#if LWIP_IPV6
    if (IP_IS_V6(address)) return NETCONN_UDP_IPV6;
#endif
    (void)address;
    return NETCONN_UDP;
}

static int32_t connect_to(whimbrel_freertos_t *rtos, struct freertos_link *link, const ip_addr_t *address,
                          uint16_t port, int32_t how)
{
    struct netconn *connection = netconn_new_with_callback(type_for(address), happened);
    err_t error = ERR_OK;

    if (connection == NULL) return WHIMBREL_ERR_FULL;
    netconn_set_callback_arg(connection, rtos);
    netconn_set_nonblocking(connection, 1);
    /* where the server speaks first, it looks for us at a known port */
    if ((how & WHIMBREL_LINK_LISTEN) != 0)
        error = netconn_bind(connection, NULL, (how & WHIMBREL_LINK_SECURE) != 0 ? 5684 : 5683);
    if (error == ERR_OK) error = netconn_connect(connection, address, port);
    if (error != ERR_OK) {
        netconn_delete(connection);
        return WHIMBREL_ERR_LINK;
    }
    link->connection = connection;
    return WHIMBREL_OK;
}

/* whimbrel_port_t.link_open */
int32_t freertos_udp_open(void *context, uint8_t number, const char *host, size_t host_length, uint16_t port,
                          int32_t how)
{
    whimbrel_freertos_t *rtos = (whimbrel_freertos_t *)context;
    struct freertos_link *link = find(context, number);
    char name[FREERTOS_HOST];
    ip_addr_t address;
    int32_t status;

    if (link == NULL || host_length >= sizeof name || memchr(host, 0, host_length) != NULL)
        return WHIMBREL_ERR_BAD_VALUE;
    if (link->connection != NULL) return WHIMBREL_OK;
    if (link->lookup == NULL) {
        memcpy(name, host, host_length);
        name[host_length] = '\0';
        if (ipaddr_aton(name, &address)) return connect_to(rtos, link, &address, port, how);
        return freertos_lookup_begin(rtos, name, &link->lookup);
    }
    status = freertos_lookup_result(link->lookup, &address);
    if (status == WHIMBREL_PENDING) return status;
    freertos_lookup_drop(link->lookup);
    link->lookup = NULL;
    return status == WHIMBREL_OK ? connect_to(rtos, link, &address, port, how) : status;
}

/* What passes: no memory for a packet now, no address yet, no way to the server. The datagram is lost, CoAP repeats it. */
static int is_passing(err_t error)
{
    return error == ERR_MEM || error == ERR_BUF || error == ERR_TIMEOUT || error == ERR_RTE ||
           error == ERR_IF || error == ERR_WOULDBLOCK || error == ERR_INPROGRESS;
}

/* whimbrel_port_t.link_send */
int32_t freertos_udp_send(void *context, uint8_t number, const uint8_t *data, size_t size)
{
    struct freertos_link *link = find(context, number);
    struct netbuf *datagram;
    void *room;
    err_t error = ERR_MEM;

    if (link == NULL || link->connection == NULL || size > UINT16_MAX) return WHIMBREL_ERR_LINK;
    datagram = netbuf_new();
    if (datagram == NULL) return WHIMBREL_OK; /* lost */
    room = netbuf_alloc(datagram, (u16_t)size);
    if (room != NULL) {
        memcpy(room, data, size);
        error = netconn_send(link->connection, datagram);
    }
    netbuf_delete(datagram);
    return error == ERR_OK || is_passing(error) ? WHIMBREL_OK : WHIMBREL_ERR_LINK;
}

/* whimbrel_port_t.link_receive. Empty datagrams are no messages, and must not stand before one that is: the callback has
 * told of that one already, and nobody would come back for it. */
int32_t freertos_udp_receive(void *context, uint8_t number, uint8_t *buffer, size_t size)
{
    struct freertos_link *link = find(context, number);
    struct netbuf *datagram = NULL;
    size_t length;
    err_t error;

    if (link == NULL || link->connection == NULL) return WHIMBREL_ERR_LINK;
    do {
        error = netconn_recv(link->connection, &datagram);
        if (error != ERR_OK) return is_passing(error) ? 0 : WHIMBREL_ERR_LINK;
        length = netbuf_len(datagram);
        netbuf_copy(datagram, buffer, size < length ? (u16_t)size : (u16_t)length);
        netbuf_delete(datagram);
    } while (length == 0);
    return length <= size ? (int32_t)length : WHIMBREL_ERR_TRUNCATED;
}

/* whimbrel_port_t.link_close */
void freertos_udp_close(void *context, uint8_t number)
{
    struct freertos_link *link = find(context, number);

    if (link == NULL) return;
    if (link->lookup != NULL) freertos_lookup_drop(link->lookup);
    link->lookup = NULL;
    if (link->connection != NULL) netconn_delete(link->connection);
    link->connection = NULL;
}
