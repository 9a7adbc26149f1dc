/* What the programs of tests/firmware know of QEMU's three boards, and what they may ask of the start-up code. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#if defined(BOARD_AN385) || defined(BOARD_AN386)
#define BOARD_CLOCK_HZ    25000000u
#define BOARD_TIMER       0x40002000u
#define BOARD_UART0       0x40004000u
#define BOARD_UART0_RX    0 /* its interrupt */
#define BOARD_UART0_TX    1
#define BOARD_ETHERNET    0x40200000u
#define BOARD_ETHERNET_RX 13
#elif defined(BOARD_AN505)
/* Everything runs in the secure state, which sees the peripherals from 0x50000000 on. */
#define BOARD_CLOCK_HZ    20000000u
#define BOARD_TIMER       0x50002000u
#define BOARD_UART0       0x50200000u
#define BOARD_UART0_RX    32
#define BOARD_UART0_TX    33
#define BOARD_ETHERNET    0x52000000u
#define BOARD_ETHERNET_RX 48
#else
#error "which board? tests/firmware/image.sh defines it"
#endif

/* The highest priority from which FreeRTOS may be called: 1 of 7. */
#define BOARD_INTERRUPT_PRIORITY (1 << 5)

#define BOARD_TICK_HZ 1000u

#define BOARD_INTERRUPTS 64
/* An interrupt that no device of these boards has: software sets it off, for what a sensor's line would do. */
#define BOARD_SPARE_INTERRUPT 31

/* Has `handler` called for an interrupt, at the highest priority from which FreeRTOS may be called, and enables it. */
void board_interrupt(unsigned number, void (*handler)(void));

/* Sets an interrupt off by software. */
void board_pend(unsigned number);

/* One line to the host, by semihosting; as printf, without floating point, at most 255 characters. */
void board_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The words after the program's name that the host gave (image.sh's runner), NULL behind the last. */
char **board_arguments(void);

/* The word behind `name=`, or `otherwise`. */
const char *board_argument(const char *name, const char *otherwise);

/* Ends QEMU with this exit status. */
void board_exit(int status) __attribute__((noreturn));

/* Bytes that nobody can guess, from the host's generator. These boards have none of their own. */
void board_random(void *context, uint8_t *buffer, unsigned size);

/* What the linker placed, in bytes: code with constants, initialised and zeroed RAM. */
extern char board_text_bytes[], board_data_bytes[], board_bss_bytes[];

#endif /* BOARD_H */
