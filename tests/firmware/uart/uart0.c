/* See uart0.h. The queue is short on purpose: a driver that takes only a part is what the port must live with. */
#include "uart0.h"
#include "FreeRTOS.h"
#include "board.h"
#include "task.h"

#define REGISTER(offset) (*(volatile uint32_t *)(BOARD_UART0 + (offset)))
#define DATA             REGISTER(0x00)
#define STATE            REGISTER(0x04)
#define CONTROL          REGISTER(0x08)
#define INTERRUPT        REGISTER(0x0C) /* read: what is pending; written: what is dealt with */
#define BAUD_DIVIDER     REGISTER(0x10)

enum {
    SEND = 1,
    RECEIVE = 2,
    SENT_INTERRUPT = 4,
    RECEIVED_INTERRUPT = 8
}; /* CONTROL; the first two also of the others */
enum { QUEUE = 48 };

static void (*told_received)(const uint8_t *bytes, size_t size);
static void (*told_sent)(void);
static uint8_t queue[QUEUE];
static volatile size_t first, count;
static volatile int refused; /* somebody waits for room */

/* With interrupts locked out. */
static void send_some(void)
{
    while (count > 0 && (STATE & SEND) == 0) {
        DATA = queue[first];
        first = (first + 1) % QUEUE;
        count--;
    }
}

static void can_send(void)
{
    INTERRUPT = SEND;
    send_some();
    if (refused && count == 0) {
        refused = 0;
        told_sent();
    }
}

static void has_received(void)
{
    INTERRUPT = RECEIVE;
    while ((STATE & RECEIVE) != 0) {
        const uint8_t byte = (uint8_t)DATA;
        told_received(&byte, 1);
    }
}

void uart0_start(void (*received)(const uint8_t *bytes, size_t size), void (*sent)(void))
{
    told_received = received;
    told_sent = sent;
    BAUD_DIVIDER = BOARD_CLOCK_HZ / 115200;
    board_interrupt(BOARD_UART0_RX, has_received);
    board_interrupt(BOARD_UART0_TX, can_send);
    CONTROL = SEND | RECEIVE | SENT_INTERRUPT | RECEIVED_INTERRUPT;
}

void uart0_stop(void)
{
    CONTROL = 0;
}

size_t uart0_send(const uint8_t *bytes, size_t size)
{
    size_t taken = 0;

    taskENTER_CRITICAL();
    while (taken < size && count < QUEUE) {
        queue[(first + count) % QUEUE] = bytes[taken++];
        count++;
    }
    refused = taken < size;
    send_some();
    taskEXIT_CRITICAL();
    return taken;
}
