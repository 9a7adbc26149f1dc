/* A server of a few lines for qemu.c: takes a registration, reads two resources and reboots the device. */
#ifndef SERVER_H
#define SERVER_H

#include <stddef.h>
#include <stdint.h>

/** A datagram for the server. */
void server_take(const uint8_t *datagram, size_t size);

/** A datagram from the server, or what of it `size` bytes hold: its whole length; 0 if it has nothing to say. */
size_t server_give(uint8_t *buffer, size_t size);

/** 1: all has happened. */
int server_is_content(void);

/** 1: something came that should not have. Nothing is asked any more. */
int server_is_offended(void);

#endif
