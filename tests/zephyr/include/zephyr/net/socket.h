/* With ZEPHYR_OLD_NAMES as before 4.4. Families have Zephyr's numbers, which are not those of the host. */
#ifndef FAKE_ZEPHYR_SOCKET_H
#define FAKE_ZEPHYR_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef ZEPHYR_OLD_NAMES
#define AF_UNSPEC        0
#define AF_INET          1
#define AF_INET6         2
#define htons(x)         fake_swap(x)
#define net_in_addr      in_addr
#define net_in6_addr     in6_addr
#define net_sockaddr     sockaddr
#define net_sockaddr_in  sockaddr_in
#define net_sockaddr_in6 sockaddr_in6
#define net_sa_family_t  sa_family_t
#define net_socklen_t    socklen_t
#define NET_IPPROTO_UDP  IPPROTO_UDP
#define NET_SOCK_DGRAM   SOCK_DGRAM
#else
#define NET_AF_UNSPEC 0
#define NET_AF_INET   1
#define NET_AF_INET6  2
#define net_htons(x)  fake_swap(x)
#endif

enum net_ip_protocol { NET_IPPROTO_UDP = 17 };
enum net_sock_type { NET_SOCK_DGRAM = 2 };

typedef unsigned short net_sa_family_t;
typedef size_t net_socklen_t;

struct net_in_addr {
    uint8_t bytes[4];
};
struct net_in6_addr {
    uint8_t bytes[16];
};
struct net_sockaddr {
    net_sa_family_t sa_family;
    char data[22];
};
struct net_sockaddr_in {
    net_sa_family_t sin_family;
    uint16_t sin_port;
    struct net_in_addr sin_addr;
};
struct net_sockaddr_in6 {
    net_sa_family_t sin6_family;
    uint16_t sin6_port;
    struct net_in6_addr sin6_addr;
    uint8_t sin6_scope_id;
};

struct zsock_addrinfo {
    struct zsock_addrinfo *ai_next;
    int ai_flags;
    int ai_family;
    int ai_socktype;
    int ai_protocol;
    net_socklen_t ai_addrlen;
    struct net_sockaddr *ai_addr;
    char *ai_canonname;
    struct net_sockaddr _ai_addr;
};
enum dns_resolve_status { DNS_EAI_NONAME = -2, DNS_EAI_AGAIN = -3, DNS_EAI_FAIL = -4 };

struct zsock_pollfd {
    int fd;
    short events;
    short revents;
};
#define ZSOCK_POLLIN       1
#define ZSOCK_MSG_TRUNC    0x20
#define ZSOCK_MSG_DONTWAIT 0x40

/* Little-endian, as every Cortex-M here is. */
static inline uint16_t fake_swap(uint16_t x)
{
    return (uint16_t)(x << 8 | x >> 8);
}

int zsock_socket(int family, int type, int protocol);
int zsock_close(int fd);
int zsock_bind(int fd, const struct net_sockaddr *address, net_socklen_t length);
int zsock_connect(int fd, const struct net_sockaddr *address, net_socklen_t length);
ssize_t zsock_send(int fd, const void *data, size_t size, int flags);
ssize_t zsock_recv(int fd, void *data, size_t size, int flags);
int zsock_poll(struct zsock_pollfd *fds, int count, int timeout);
int zsock_inet_pton(net_sa_family_t family, const char *text, void *address);
int zsock_getaddrinfo(const char *host, const char *service, const struct zsock_addrinfo *hints,
                      struct zsock_addrinfo **list);
void zsock_freeaddrinfo(struct zsock_addrinfo *list);

#ifdef ZEPHYR_OLD_NAMES
#undef net_in_addr
#undef net_in6_addr
#undef net_sockaddr
#undef net_sockaddr_in
#undef net_sockaddr_in6
#undef net_sa_family_t
#undef net_socklen_t
#undef NET_IPPROTO_UDP
#undef NET_SOCK_DGRAM
#endif

#endif
