/* The line itself, see line.c. */
#ifndef WHIMBREL_AT_MODEM_LINE_H
#define WHIMBREL_AT_MODEM_LINE_H

#include <stdint.h>

/* Whether the system knows the baud rate; 0 is none to be set. */
int at_line_knows(uint32_t baud);

/* Opens a device, or a socket behind `unix:`, for reading and writing without waiting; -1: it cannot be. */
int at_line_open(const char *path, uint32_t baud);

#endif /* WHIMBREL_AT_MODEM_LINE_H */
