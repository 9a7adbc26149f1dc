#ifndef FAKE_ZEPHYR_NET_EVENT_H
#define FAKE_ZEPHYR_NET_EVENT_H

#include <zephyr/net/net_mgmt.h>

#define NET_EVENT_L4_CONNECTED    ((fake_event_t)0xa0140001)
#define NET_EVENT_L4_DISCONNECTED ((fake_event_t)0xa0140002)

#endif
