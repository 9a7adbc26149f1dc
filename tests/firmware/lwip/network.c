/* Brings lwIP up: its thread, the interface, DHCP. */
#include "network.h"
#include "FreeRTOS.h"
#include "lan9118.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/netif.h"
#include "lwip/tcpip.h"
#include "semphr.h"

unsigned short network_dns_port = 53;

static struct netif ethernet;
static SemaphoreHandle_t ready;

uint32_t network_random(void)
{
    uint32_t word;
    board_random(NULL, (uint8_t *)&word, sizeof word);
    return word;
}

static void changed(struct netif *netif)
{
    if (netif_is_up(netif) && !ip4_addr_isany(netif_ip4_addr(netif))) xSemaphoreGive(ready);
}

/* In lwIP's thread. */
static void begin(void *context)
{
    (void)context;
    netif_add_noaddr(&ethernet, NULL, lan9118_init, tcpip_input);
    netif_set_default(&ethernet);
    netif_set_status_callback(&ethernet, changed);
    netif_set_up(&ethernet);
    dhcp_start(&ethernet);
}

void network_start(void)
{
    ready = xSemaphoreCreateBinary();
    configASSERT(ready != NULL);
    tcpip_init(begin, NULL);
}

int network_ready(void)
{
    return xSemaphoreTake(ready, pdMS_TO_TICKS(20000)) == pdTRUE;
}

/* In lwIP's thread. */
static void use(void *context)
{
    dns_setserver(0, (const ip_addr_t *)context);
}

void network_dns(const char *address, unsigned short port)
{
    static ip_addr_t server;
    network_dns_port = port;
    if (ipaddr_aton(address, &server)) tcpip_callback(use, &server);
}
