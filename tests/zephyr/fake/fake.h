/* What tests do to the machine that ports/zephyr runs on here. */
#ifndef FAKE_H
#define FAKE_H

#include <stddef.h>
#include <stdint.h>

/* Runs `function` as an interrupt would: k_is_in_isr() is true, and what an interrupt may not call aborts. */
void fake_interrupt(void (*function)(void *context), void *context);
/* 0: sys_csrand_get() fails. */
void fake_entropy(int works);
/* How long zsock_getaddrinfo() takes, and how many calls of it have ended. */
void fake_name_delay(int ms);
int fake_names_resolved(void);
/* 0: datagrams are lost both ways, and who follows the connection manager hears of it. */
void fake_network(int up);
/* Where NVS has its records; NULL: in memory. */
void fake_flash(const char *path);
/* The same in a directory. */
void fake_flash_in(const char *directory);
/* Fails every nvs_write() while 1. */
void fake_flash_broken(int broken);

/* A modem pipe, not open yet, to a Unix socket: `unix:PATH`. `room` is the most that it takes at a time. */
struct modem_pipe *fake_pipe(const char *path, size_t room);

#endif
