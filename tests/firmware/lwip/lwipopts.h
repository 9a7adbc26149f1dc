/* lwIP for the images of tests/firmware: UDP over IPv4, DHCP, DNS. docs/freertos.md says which of these the port needs. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS                  0 /* a thread of its own, and */
#define LWIP_NETCONN            1 /* its sequential interface; sockets may be there too */
#define LWIP_SOCKET             0
#define SYS_LIGHTWEIGHT_PROT    1
#define LWIP_COMPAT_MUTEX       0
#define LWIP_TCPIP_CORE_LOCKING 0

#define LWIP_IPV4                1
#define LWIP_IPV6                0
#define LWIP_UDP                 1
#define LWIP_TCP                 0
#define LWIP_RAW                 0
#define LWIP_ICMP                1
#define LWIP_DHCP                1
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* QEMU gives no address twice, and seconds are dear */
#define LWIP_DNS                 1
/* With three retries of one second, a name server that is away is given up within seconds. */
#define DNS_MAX_RETRIES 4
/* The name server of a test listens where an ordinary program may. */
#define DNS_SERVER_PORT network_dns_port
extern unsigned short network_dns_port;

#define TCPIP_THREAD_STACKSIZE    1024
#define TCPIP_THREAD_PRIO         4
#define TCPIP_MBOX_SIZE           16
#define DEFAULT_UDP_RECVMBOX_SIZE 8
#define DEFAULT_THREAD_STACKSIZE  1024

#define MEM_ALIGNMENT    8
#define MEM_SIZE         8192
#define MEMP_NUM_NETCONN 4
/* datagrams that wait, and one that is sent: with 2, the default, a quick answer is lost */
#define MEMP_NUM_NETBUF            8
#define MEMP_NUM_UDP_PCB           6
#define PBUF_POOL_SIZE             12
#define PBUF_POOL_BUFSIZE          1536
#define ETH_PAD_SIZE               0
#define LWIP_SINGLE_NETIF          1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_STATS                 0
#define LWIP_ERRNO_STDINCLUDE      1

#endif /* LWIPOPTS_H */
