/* What lwIP asks of compiler and platform. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include "board.h"

#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x)                                \
    do {                                                       \
        board_print("lwIP: %s:%d: %s", __FILE__, __LINE__, x); \
        board_exit(93);                                        \
    } while (0)

/* Ports and DNS identifiers that nobody can guess. */
uint32_t network_random(void);
#define LWIP_RAND() network_random()

#endif /* ARCH_CC_H */
