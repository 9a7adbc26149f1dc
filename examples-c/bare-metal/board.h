/* What this example needs of a board. qemu.c is one; yours replaces it. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/** Milliseconds since power came, by an interrupt that also ends board_sleep(). */
uint64_t board_now_ms(void);

/** Sleeps until an interrupt comes. */
void board_sleep(void);

/** Bytes from the hardware's generator. */
void board_random(uint8_t *buffer, size_t size);

/** Hands one datagram to the modem. */
void board_send(const uint8_t *datagram, size_t size);

/** Takes one datagram from the modem: its length, 0 if none waits. One that is longer than `size` is cut off. */
size_t board_receive(uint8_t *buffer, size_t size);

/** One line for the log. */
void board_print(const char *line);

/** Restarts the board. */
void board_restart(void);

#endif
