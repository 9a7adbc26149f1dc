/* Zephyr's sockets, names and connection manager on those of the host. */
#define _GNU_SOURCE
#include "fake.h"
#include <arpa/inet.h>
#include <errno.h>
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

/* The names of this world. That two.test has two addresses, nobody is at the first one, and IPv6 comes last. */
static const struct {
    const char *host;
    const char *address;
} addresses[] = {
    { "localhost", "127.0.0.1" }, { "two.test", "127.0.0.2" }, { "two.test", "127.0.0.1" },
    { "two.test", "::1" },        { "six.test", "::1" },
};

static struct zsock_addrinfo *address_of(const char *text)
{
    struct zsock_addrinfo *info = calloc(1, sizeof *info);
    struct net_sockaddr_in *four = (struct net_sockaddr_in *)&info->_ai_addr;
    struct net_sockaddr_in6 *six = (struct net_sockaddr_in6 *)&info->_ai_addr;

    info->ai_addr = &info->_ai_addr;
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = NET_AF_INET;
        info->ai_addrlen = sizeof *four;
    } else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
        six->sin6_family = NET_AF_INET6;
        info->ai_addrlen = sizeof *six;
    } else {
        abort();
    }
    return info;
}

int zsock_getaddrinfo(const char *host, const char *service, const struct zsock_addrinfo *hints,
                      struct zsock_addrinfo **list)
{
    struct zsock_addrinfo **end = list;
    size_t i;

    *list = NULL;
    usleep((useconds_t)atomic_get(&delay_ms) * 1000);
    (void)__atomic_add_fetch(&resolved, 1, __ATOMIC_SEQ_CST);
    if (service != NULL || hints->ai_socktype != NET_SOCK_DGRAM) return DNS_EAI_FAIL;
    if (!atomic_get(&up)) return DNS_EAI_AGAIN;
    for (i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        if (strcmp(host, addresses[i].host) != 0) continue;
        *end = address_of(addresses[i].address);
        end = &(*end)->ai_next;
    }
    return *list != NULL ? 0 : DNS_EAI_NONAME;
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
