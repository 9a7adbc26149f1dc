/*
 * UDP, IPv4 and IPv6. Each link is a socket connected to its server: the kernel then drops what others send, and
 * tells when nobody listens there.
 */
#include "internal.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* The longest name that DNS knows, with its NUL. */
#define HOST_SIZE 256

static struct posix_link *find(void *context, uint8_t link)
{
    return link < POSIX_LINKS ? &((whimbrel_posix_t *)context)->links[link] : NULL;
}

/* Where the server speaks first, it looks for us at a known port. */
static int bind_own(int fd, sa_family_t family, uint16_t port)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };

    if (port == 0) return 0;
    if (family == AF_INET6) return bind(fd, (const struct sockaddr *)&six, sizeof six);
    return bind(fd, (const struct sockaddr *)&four, sizeof four);
}

/* Connects to the first address from `at` on that the routing table knows a way to: on a network without IPv6 the
 * IPv6 addresses of a name fail here, without a packet. */
static int32_t connect_from(struct posix_link *link, size_t at)
{
    for (; at < link->addresses.count; at++) {
        const struct sockaddr *address = (const struct sockaddr *)&link->addresses.list[at].address;
        const int fd = socket(address->sa_family, SOCK_DGRAM, 0);
        if (fd < 0) continue;
        if (posix_prepare(fd) == 0 && bind_own(fd, address->sa_family, link->own) == 0 &&
            connect(fd, address, link->addresses.list[at].length) == 0) {
            if (link->fd >= 0) close(link->fd);
            link->fd = fd;
            link->at = at;
            return WHIMBREL_OK;
        }
        close(fd);
    }
    return WHIMBREL_ERR_LINK;
}

/* Nobody listens at this address. The next address of the same name may be the right one (`localhost` is often ::1
 * first), unless something came from here already: then the server is only away, and CoAP's timers decide. */
static void refused(struct posix_link *link)
{
    if (!link->answered) (void)connect_from(link, link->at + 1);
}

static int32_t begin(whimbrel_posix_t *posix, struct posix_link *link, const char *host, uint16_t port)
{
    link->answered = 0;
    if (posix_resolve_literal(host, port, &link->addresses) == WHIMBREL_OK) return connect_from(link, 0);
    link->lookup = posix_lookup_begin(host, port, posix->wake[1]);
    return link->lookup == NULL ? WHIMBREL_ERR_FULL : WHIMBREL_PENDING;
}

/* whimbrel_port_t.link_open */
int32_t posix_udp_open(void *context, uint8_t number, const char *host, size_t host_length, uint16_t port,
                       int32_t how)
{
    struct posix_link *link = find(context, number);
    char name[HOST_SIZE];
    int32_t status;

    if (link == NULL || host_length >= sizeof name || memchr(host, 0, host_length) != NULL)
        return WHIMBREL_ERR_BAD_VALUE;
    link->own = 0;
    if ((how & WHIMBREL_LINK_LISTEN) != 0) link->own = (how & WHIMBREL_LINK_SECURE) != 0 ? 5684 : 5683;
    if (link->fd >= 0) return WHIMBREL_OK;
    if (link->lookup == NULL) {
        memcpy(name, host, host_length);
        name[host_length] = '\0';
        return begin((whimbrel_posix_t *)context, link, name, port);
    }
    status = posix_lookup_result(link->lookup, &link->addresses);
    if (status == WHIMBREL_PENDING) return status;
    posix_lookup_drop(link->lookup);
    link->lookup = NULL;
    return status == WHIMBREL_OK ? connect_from(link, 0) : status;
}

/* What the network says about earlier datagrams, and a full queue: the datagram is lost, the socket is well. */
static int is_passing(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ENOBUFS ||
           error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN || error == EHOSTDOWN;
}

/* whimbrel_port_t.link_send */
int32_t posix_udp_send(void *context, uint8_t number, const uint8_t *data, size_t size)
{
    struct posix_link *link = find(context, number);
    ssize_t sent;

    if (link == NULL || link->fd < 0) return WHIMBREL_ERR_LINK;
    sent = send(link->fd, data, size, 0);
    if (sent < 0 && errno == ECONNREFUSED) {
        /* this is about an earlier datagram; this one was not sent */
        refused(link);
        sent = send(link->fd, data, size, 0);
    }
    return sent == (ssize_t)size || errno == ECONNREFUSED || is_passing(errno) ? WHIMBREL_OK
                                                                               : WHIMBREL_ERR_LINK;
}

/* whimbrel_port_t.link_receive. An empty datagram is no message, so that 0 may stand for it too. */
int32_t posix_udp_receive(void *context, uint8_t number, uint8_t *buffer, size_t size)
{
    struct posix_link *link = find(context, number);
    struct iovec part;
    struct msghdr message;
    ssize_t received;

    if (link == NULL || link->fd < 0) return WHIMBREL_ERR_LINK;
    part.iov_base = buffer;
    part.iov_len = size;
    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    received = recvmsg(link->fd, &message, 0);
    if (received >= 0) {
        link->answered = 1;
        return message.msg_flags & MSG_TRUNC ? WHIMBREL_ERR_TRUNCATED : (int32_t)received;
    }
    if (errno != ECONNREFUSED) return is_passing(errno) ? 0 : WHIMBREL_ERR_LINK;
    refused(link);
    return 0;
}

/* whimbrel_port_t.link_close */
void posix_udp_close(void *context, uint8_t number)
{
    struct posix_link *link = find(context, number);
    if (link == NULL) return;
    if (link->lookup != NULL) posix_lookup_drop(link->lookup);
    link->lookup = NULL;
    if (link->fd >= 0) close(link->fd);
    link->fd = -1;
}
