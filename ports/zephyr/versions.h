/* Zephyr's headers, and what its versions call differently. Not for applications. */
#ifndef WHIMBREL_ZEPHYR_VERSIONS_H
#define WHIMBREL_ZEPHYR_VERSIONS_H

#include <zephyr/kernel.h>
#include <zephyr/net/socket.h>
#include <zephyr/random/random.h>
#include <zephyr/sys/atomic.h>
#include <zephyr/zvfs/eventfd.h>

/* Before 4.4 the names of POSIX. */
#ifndef NET_AF_INET
#define NET_AF_INET      AF_INET
#define NET_AF_INET6     AF_INET6
#define NET_AF_UNSPEC    AF_UNSPEC
#define NET_SOCK_DGRAM   SOCK_DGRAM
#define NET_IPPROTO_UDP  IPPROTO_UDP
#define net_htons        htons
#define net_sockaddr     sockaddr
#define net_sockaddr_in  sockaddr_in
#define net_sockaddr_in6 sockaddr_in6
#endif

#ifdef CONFIG_WHIMBREL_STORAGE
#include <zephyr/drivers/flash.h>
#include <zephyr/storage/flash_map.h>
#if __has_include(<zephyr/kvss/nvs.h>)
#include <zephyr/kvss/nvs.h> /* since 4.4 */
#else
#include <zephyr/fs/nvs.h>
#endif
#endif

#ifdef CONFIG_WHIMBREL_CONNECTION_MANAGER
#include <zephyr/net/conn_mgr_monitor.h>
#include <zephyr/net/net_event.h>
#include <zephyr/net/net_mgmt.h>

/* 32 bits in older versions. */
typedef __typeof__(((struct net_mgmt_event_callback *)NULL)->event_mask) event_mask_t;
#endif

#ifdef CONFIG_WHIMBREL_MODEM_PIPE
#include <zephyr/modem/pipe.h>
#endif

#endif /* WHIMBREL_ZEPHYR_VERSIONS_H */
