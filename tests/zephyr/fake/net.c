/* Zephyr's sockets, names and connection manager on those of the host. */
#define _GNU_SOURCE
#include "fake.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zephyr/kernel.h>
#include <zephyr/net/conn_mgr_monitor.h>
#include <zephyr/net/net_event.h>
#include <zephyr/net/socket.h>

static atomic_t up = 1;
static atomic_t delay_ms;
static atomic_t resolved;

/* From an address of Zephyr to one of the host: its length. */
static socklen_t to_host(const struct net_sockaddr *from, net_socklen_t length, struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (from->sa_family == NET_AF_INET && length >= sizeof(struct net_sockaddr_in)) {
        const struct net_sockaddr_in *four = (const struct net_sockaddr_in *)from;
        struct sockaddr_in *host = (struct sockaddr_in *)to;
        host->sin_family = AF_INET;
        host->sin_port = four->sin_port;
        memcpy(&host->sin_addr, &four->sin_addr, 4);
        return sizeof *host;
    }
    if (from->sa_family == NET_AF_INET6 && length >= sizeof(struct net_sockaddr_in6)) {
        const struct net_sockaddr_in6 *six = (const struct net_sockaddr_in6 *)from;
        struct sockaddr_in6 *host = (struct sockaddr_in6 *)to;
        host->sin6_family = AF_INET6;
        host->sin6_port = six->sin6_port;
        memcpy(&host->sin6_addr, &six->sin6_addr, 16);
        return sizeof *host;
    }
    return 0;
}

int zsock_socket(int family, int type, int protocol)
{
    if (type != NET_SOCK_DGRAM || protocol != NET_IPPROTO_UDP) {
        errno = EPROTONOSUPPORT;
        return -1;
    }
    return socket(family == NET_AF_INET6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
}

int zsock_close(int fd)
{
    return close(fd);
}

int zsock_bind(int fd, const struct net_sockaddr *address, net_socklen_t length)
{
    struct sockaddr_storage host;
    const socklen_t size = to_host(address, length, &host);
    return bind(fd, (const struct sockaddr *)&host, size);
}

int zsock_connect(int fd, const struct net_sockaddr *address, net_socklen_t length)
{
    struct sockaddr_storage host;
    const socklen_t size = to_host(address, length, &host);
    return connect(fd, (const struct sockaddr *)&host, size);
}

ssize_t zsock_send(int fd, const void *data, size_t size, int flags)
{
    if ((flags & ZSOCK_MSG_DONTWAIT) == 0) abort(); /* it would block */
    if (!atomic_get(&up)) {
        errno = ENETDOWN;
        return -1;
    }
    return send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t zsock_recv(int fd, void *data, size_t size, int flags)
{
    ssize_t got;

    if ((flags & ZSOCK_MSG_DONTWAIT) == 0) abort();
    do {
        got = recv(fd, data, size, MSG_DONTWAIT | ((flags & ZSOCK_MSG_TRUNC) != 0 ? MSG_TRUNC : 0));
    } while (got >= 0 && !atomic_get(&up)); /* what comes meanwhile is lost */
    return got;
}

/* CONFIG_ZVFS_POLL_MAX is the most there, whoever asks. */
int zsock_poll(struct zsock_pollfd *fds, int count, int timeout)
{
    struct pollfd host[CONFIG_ZVFS_POLL_MAX];
    int i, ready;

    if (count > CONFIG_ZVFS_POLL_MAX) {
        errno = ENOMEM;
        return -1;
    }
    for (i = 0; i < count; i++)
        host[i] = (struct pollfd){ .fd = fds[i].fd, .events = fds[i].events };
    ready = poll(host, (nfds_t)count, timeout);
    for (i = 0; i < count; i++)
        fds[i].revents = host[i].revents;
    return ready;
}

int zsock_inet_pton(net_sa_family_t family, const char *text, void *address)
{
    return inet_pton(family == NET_AF_INET6 ? AF_INET6 : AF_INET, text, address);
}

/* ---- Names */

void fake_name_delay(int ms)
{
    (void)atomic_set(&delay_ms, ms);
}

int fake_names_resolved(void)
{
    return (int)atomic_get(&resolved);
}

static void from_host(const struct addrinfo *from, struct zsock_addrinfo *to)
{
    to->ai_addr = &to->_ai_addr;
    if (from->ai_family == AF_INET6) {
        struct net_sockaddr_in6 *six = (struct net_sockaddr_in6 *)to->ai_addr;
        six->sin6_family = NET_AF_INET6;
        memcpy(&six->sin6_addr, &((const struct sockaddr_in6 *)from->ai_addr)->sin6_addr, 16);
        to->ai_addrlen = sizeof *six;
    } else {
        struct net_sockaddr_in *four = (struct net_sockaddr_in *)to->ai_addr;
        four->sin_family = NET_AF_INET;
        memcpy(&four->sin_addr, &((const struct sockaddr_in *)from->ai_addr)->sin_addr, 4);
        to->ai_addrlen = sizeof *four;
    }
}

int zsock_getaddrinfo(const char *host, const char *service, const struct zsock_addrinfo *hints,
                      struct zsock_addrinfo **list)
{
    const struct addrinfo wanted = { .ai_socktype = SOCK_DGRAM };
    struct zsock_addrinfo **end = list;
    struct addrinfo *found = NULL;
    struct addrinfo *one;

    *list = NULL;
    usleep((useconds_t)atomic_get(&delay_ms) * 1000);
    (void)__atomic_add_fetch(&resolved, 1, __ATOMIC_SEQ_CST);
    if (service != NULL || hints->ai_socktype != NET_SOCK_DGRAM) return DNS_EAI_FAIL;
    if (!atomic_get(&up)) return DNS_EAI_AGAIN;
    if (getaddrinfo(host, NULL, &wanted, &found) != 0) return DNS_EAI_NONAME;
    for (one = found; one != NULL; one = one->ai_next) {
        *end = calloc(1, sizeof **end);
        from_host(one, *end);
        end = &(*end)->ai_next;
    }
    freeaddrinfo(found);
    return 0;
}

void zsock_freeaddrinfo(struct zsock_addrinfo *list)
{
    while (list != NULL) {
        struct zsock_addrinfo *next = list->ai_next;
        free(list);
        list = next;
    }
}

/* ---- The connection manager */

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct net_mgmt_event_callback *callbacks;

void conn_mgr_mon_resend_status(void)
{
    const fake_event_t event = atomic_get(&up) ? NET_EVENT_L4_CONNECTED : NET_EVENT_L4_DISCONNECTED;
    struct net_mgmt_event_callback *one;

    pthread_mutex_lock(&guard);
    for (one = callbacks; one != NULL; one = one->next) {
        /* the lowest bits are one each; that is enough for these two */
        if ((one->event_mask & event) == event) one->handler(one, event, NULL);
    }
    pthread_mutex_unlock(&guard);
}

void net_mgmt_add_event_callback(struct net_mgmt_event_callback *callback)
{
    pthread_mutex_lock(&guard);
    callback->next = callbacks;
    callbacks = callback;
    pthread_mutex_unlock(&guard);
}

void net_mgmt_del_event_callback(struct net_mgmt_event_callback *callback)
{
    struct net_mgmt_event_callback **at = &callbacks;

    pthread_mutex_lock(&guard);
    while (*at != NULL && *at != callback)
        at = &(*at)->next;
    if (*at == NULL) abort(); /* it was not there */
    *at = callback->next;
    pthread_mutex_unlock(&guard);
}

void fake_network(int now)
{
    (void)atomic_set(&up, now);
    conn_mgr_mon_resend_status();
}
