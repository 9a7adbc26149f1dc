/* UART0 of QEMU's boards: the CMSDK's, with one byte each way and an interrupt for both. */
#ifndef UART0_H
#define UART0_H

#include <stddef.h>
#include <stdint.h>

/* Has what comes in given to `received`, and `sent` called when there is room again; both in interrupts. */
void uart0_start(void (*received)(const uint8_t *bytes, size_t size), void (*sent)(void));

/* No more interrupts. */
void uart0_stop(void);

/* Copies as many bytes as there is room for, and returns how many. */
size_t uart0_send(const uint8_t *bytes, size_t size);

#endif /* UART0_H */
