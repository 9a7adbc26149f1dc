/*
 * The LAN9118 as QEMU has it: frames go through two FIFOs, word by word. Its interrupt wakes a task, which empties the
 * one for frames that came.
 */
#include "lan9118.h"
#include "FreeRTOS.h"
#include "board.h"
#include "lwip/etharp.h"
#include "lwip/pbuf.h"
#include "task.h"
#include <string.h>

#define REGISTER(offset) (*(volatile uint32_t *)(BOARD_ETHERNET + (offset)))
#define RX_DATA          REGISTER(0x00)
#define TX_DATA          REGISTER(0x20)
#define RX_STATUS        REGISTER(0x40)
#define IRQ_CFG          REGISTER(0x54)
#define INT_STS          REGISTER(0x58)
#define INT_EN           REGISTER(0x5c)
#define FIFO_INT         REGISTER(0x68)
#define TX_CFG           REGISTER(0x70)
#define HW_CFG           REGISTER(0x74)
#define RX_FIFO_INF      REGISTER(0x7c)
#define TX_FIFO_INF      REGISTER(0x80)
#define MAC_COMMAND      REGISTER(0xa4)
#define MAC_DATA         REGISTER(0xa8)

#define MAC_BUSY 0x80000000u
#define MAC_READ 0x40000000u
enum { MAC_CR = 1, MAC_ADDRESS_HIGH = 2, MAC_ADDRESS_LOW = 3 };
#define MAC_TRANSMIT  0x08u
#define MAC_RECEIVE   0x04u
#define TX_ON         0x02u
#define HOLDS_TX_8K   0x00050000u
#define IRQ_ENABLE    0x00000111u /* on, active high, push-pull */
#define RX_WAITS      0x08u       /* more frames wait than FIFO_INT says: than none */
#define FIRST_LAST    0x00003000u /* the only buffer of a frame */
#define ERROR_SUMMARY 0x8000u

#define FRAME 1514u

static TaskHandle_t receiver;

static uint32_t mac_read(uint32_t number)
{
    MAC_COMMAND = MAC_BUSY | MAC_READ | number;
    while (MAC_COMMAND & MAC_BUSY)
        continue;
    return MAC_DATA;
}

static void mac_write(uint32_t number, uint32_t value)
{
    MAC_DATA = value;
    MAC_COMMAND = MAC_BUSY | number;
    while (MAC_COMMAND & MAC_BUSY)
        continue;
}

/* In lwIP's thread. A frame for which there is no room is lost, as on any Ethernet. */
static err_t output(struct netif *netif, struct pbuf *frame)
{
    static uint32_t words[(FRAME + 3) / 4];
    const uint32_t length = frame->tot_len;
    uint32_t i;

    (void)netif;
    if (length > FRAME || (TX_FIFO_INF & 0xffff) < length + 16) return ERR_MEM;
    pbuf_copy_partial(frame, words, frame->tot_len, 0);
    TX_DATA = FIRST_LAST | length;
    TX_DATA = length;
    for (i = 0; i < (length + 3) / 4; i++)
        TX_DATA = words[i];
    return ERR_OK;
}

/* The next frame; NULL if it was broken or there is no room for it. Its checksum of 4 bytes comes with it. */
static struct pbuf *take(void)
{
    static uint32_t words[(FRAME + 4 + 3) / 4];
    const uint32_t status = RX_STATUS;
    const uint32_t length = status >> 16 & 0x3fff;
    struct pbuf *frame = NULL;
    uint32_t i;

    for (i = 0; i < (length + 3) / 4; i++) {
        const uint32_t word = RX_DATA;
        if (i < sizeof words / sizeof words[0]) words[i] = word;
    }
    if ((status & ERROR_SUMMARY) || length <= 4 || length > sizeof words) return NULL;
    frame = pbuf_alloc(PBUF_RAW, (u16_t)(length - 4), PBUF_POOL);
    if (frame != NULL) pbuf_take(frame, words, (u16_t)(length - 4));
    return frame;
}

static void receive(void *context)
{
    struct netif *netif = context;

    for (;;) {
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        INT_STS = RX_WAITS; /* before looking: a frame that comes meanwhile sets it again */
        while (RX_FIFO_INF >> 16 & 0xff) {
            struct pbuf *frame = take();
            if (frame != NULL && netif->input(frame, netif) != ERR_OK) pbuf_free(frame);
        }
        INT_EN = RX_WAITS;
    }
}

/* Frames go on waiting while the task works: it asks for the next interrupt itself. */
static void interrupted(void)
{
    BaseType_t yield = pdFALSE;
    INT_EN = 0;
    vTaskNotifyGiveFromISR(receiver, &yield);
    portYIELD_FROM_ISR(yield);
}

err_t lan9118_init(struct netif *netif)
{
    const uint32_t low = mac_read(MAC_ADDRESS_LOW), high = mac_read(MAC_ADDRESS_HIGH);

    memcpy(netif->hwaddr, &low, 4);
    memcpy(netif->hwaddr + 4, &high, 2);
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->mtu = 1500;
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    netif->output = etharp_output;
    netif->linkoutput = output;
    if (xTaskCreate(receive, "ethernet", 256, netif, configMAX_PRIORITIES - 1, &receiver) != pdPASS)
        return ERR_MEM;
    HW_CFG = HOLDS_TX_8K;
    FIFO_INT = 0;
    IRQ_CFG = IRQ_ENABLE;
    board_interrupt(BOARD_ETHERNET_RX, interrupted);
    INT_STS = 0xffffffffu;
    INT_EN = RX_WAITS;
    mac_write(MAC_CR, MAC_TRANSMIT | MAC_RECEIVE);
    TX_CFG = TX_ON;
    return ERR_OK;
}
