/*
 * A board for QEMU: vectors, memory, SysTick, and semihosting to print and to end. No modem is emulated: datagrams go to
 * server.c in the same image. Restarting is the end here, with status 0 if all that the server wants has happened.
 */
#include "board.h"
#include "server.h"
#include <string.h>

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_top[];
int main(void);
void reset(void);
void tick(void);
void fault(void);

/* Processors are clocked at 25 MHz by mps2, at 64 MHz by microbit: ticks are then longer than a millisecond, or shorter. */
enum { CYCLES_PER_MS = 25000 };
/* All is done in a few ticks, if it is done at all. */
enum { PATIENCE = 20000 };
enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20 };
#define STOPPED_APPLICATION_EXIT 0x20026u
#define FAULTED                  99u

static volatile uint32_t ticks, laps;

static uintptr_t semihost(uintptr_t operation, const void *argument)
{
    register uintptr_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void leave(uint32_t status)
{
    const uint32_t block[2] = { STOPPED_APPLICATION_EXIT, status };
    for (;;) {
        semihost(SYS_EXIT_EXTENDED, block);
    }
}

void tick(void)
{
    ticks = ticks + 1;
    if (ticks == 0) laps = laps + 1;
}

uint64_t board_now_ms(void)
{
    uint32_t high, low;
    do {
        high = laps;
        low = ticks;
    } while (high != laps);
    return (uint64_t)high << 32 | low;
}

void board_sleep(void)
{
    if (ticks > PATIENCE) board_restart();
    __asm__ volatile("wfi");
}

/* QEMU's boards have no generator that they share. A DEVICE MUST NOT DO THIS: see docs/porting.md. */
void board_random(uint8_t *buffer, size_t size)
{
    static uint32_t state = 1;
    while (size-- > 0) {
        state = state * 1664525u + 1013904223u;
        *buffer++ = (uint8_t)(state >> 24);
    }
}

void board_send(const uint8_t *datagram, size_t size)
{
    server_take(datagram, size);
    if (server_is_offended()) board_restart();
}

size_t board_receive(uint8_t *buffer, size_t size)
{
    return server_give(buffer, size);
}

void board_print(const char *line)
{
    semihost(SYS_WRITE0, line);
}

void board_restart(void)
{
    board_print(server_is_content() ? "the server has seen all that it wants\n"
                                    : "the server is not content\n");
    leave(server_is_content() ? 0 : 1);
}

void fault(void)
{
    leave(FAULTED);
}

void reset(void)
{
    volatile uint32_t *const systick = (volatile uint32_t *)0xe000e010;
#ifdef __ARM_FP
    volatile uint32_t *const access_to_coprocessors = (volatile uint32_t *)0xe000ed88;
    *access_to_coprocessors |= 0xfu << 20;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
    memcpy(data_start, data_load, (size_t)((char *)data_end - (char *)data_start));
    memset(bss_start, 0, (size_t)((char *)bss_end - (char *)bss_start));
    systick[1] = CYCLES_PER_MS - 1;
    systick[2] = 0;
    systick[0] = 7; /* the processor's clock, interrupt, on */
    leave((uint32_t)main());
}

__attribute__((section(".vectors"), used)) static const struct {
    const void *stack;
    void (*handlers[15])(void);
} vectors = {
    stack_top,
    { reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
      tick },
};
