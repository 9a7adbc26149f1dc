/* A driver of the SMSC LAN9118 for lwIP, for the boards that QEMU gives one. */
#ifndef LAN9118_H
#define LAN9118_H

#include "lwip/netif.h"

/* For netif_add(): starts the controller, and a task that hands frames to netif->input. */
err_t lan9118_init(struct netif *netif);

#endif /* LAN9118_H */
