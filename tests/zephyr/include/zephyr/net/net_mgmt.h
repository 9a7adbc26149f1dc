#ifndef FAKE_ZEPHYR_NET_MGMT_H
#define FAKE_ZEPHYR_NET_MGMT_H

#include <stdint.h>

#ifdef ZEPHYR_OLD_NAMES
typedef uint32_t fake_event_t; /* up to 4.1 or so */
#else
typedef uint64_t fake_event_t;
#endif

struct net_if;
struct net_mgmt_event_callback;
typedef void (*net_mgmt_event_handler_t)(struct net_mgmt_event_callback *callback, fake_event_t event,
                                         struct net_if *interface);
struct net_mgmt_event_callback {
    struct net_mgmt_event_callback *next;
    net_mgmt_event_handler_t handler;
    fake_event_t event_mask;
};

void net_mgmt_add_event_callback(struct net_mgmt_event_callback *callback);
void net_mgmt_del_event_callback(struct net_mgmt_event_callback *callback);

static inline void net_mgmt_init_event_callback(struct net_mgmt_event_callback *callback,
                                                net_mgmt_event_handler_t handler, fake_event_t mask)
{
    callback->handler = handler;
    callback->event_mask = mask;
}

#endif
