/*
 * The platform on Zephyr. Every call of Zephyr is in this file: links, names, storage, the modem's line, the network, waiting.
 *
 * One thread polls the client and waits here. What others do (the lookups' thread, the modem's and the network's work, interrupts)
 * leaves a flag and wakes it.
 */
#include "base.h"
#include "versions.h"
#include <errno.h>
#include <string.h>

/* whimbrel_limits_t.servers must not be larger. */
#define LINKS CONFIG_WHIMBREL_LINKS
/* A name's addresses beyond these are not tried: one of IPv4 and one of IPv6, or two of either. */
#define ADDRESSES 2
/* The longest name and its NUL. whimbrel_limits_t.credentials is rarely larger. */
#define HOST_SIZE 128

#ifdef CONFIG_ZVFS_POLL_MAX
BUILD_ASSERT(CONFIG_ZVFS_POLL_MAX > LINKS, "whimbrel_zephyr_wait() polls all links and one event descriptor");
#endif

union address {
    struct net_sockaddr any;
    struct net_sockaddr_in four;
    struct net_sockaddr_in6 six;
};

enum { LOOKUP_NONE, LOOKUP_RUNS, LOOKUP_DONE };

/* What the lookups' thread writes is read only after `state` has become LOOKUP_DONE, and the other way round. */
struct lookup {
    struct k_work work;
    atomic_t state;
    whimbrel_zephyr_t *zephyr; /* whom to wake */
    int32_t status;
    uint16_t port;
    char host[HOST_SIZE];
    size_t count;
    union address found[ADDRESSES];
};

struct link {
    int socket; /* -1: none */
    struct lookup lookup;
    int forgotten;  /* the lookup that runs is for a link that was closed */
    int answered;   /* something came from there */
    unsigned first; /* which of the addresses is tried first */
    uint16_t own;   /* the port of our end; 0: any */
};

struct whimbrel_zephyr_t {
    struct base base; /* first, so that a pointer to it is one to this */
    int used;
    int event; /* what ends a wait; lives on when the platform is closed */
    struct k_work waking;
    struct link links[LINKS];
#ifdef CONFIG_WHIMBREL_STORAGE
    struct nvs_fs own; /* of whimbrel_zephyr_storage() */
    struct nvs_fs *nvs;
    uint16_t first_record;
#endif
#ifdef CONFIG_WHIMBREL_CONNECTION_MANAGER
    struct net_mgmt_event_callback network;
    atomic_t online;
    int told;        /* what the client knows: 1 there is a network */
    int online_once; /* since then it may have spoken from an address that it has no more */
    whimbrel_client_t *client;
#endif
#ifdef CONFIG_WHIMBREL_MODEM_PIPE
    struct line line;
    atomic_t line_news; /* LINE_…, from the pipe's thread */
#endif
};

static whimbrel_zephyr_t platforms[CONFIG_WHIMBREL_INSTANCES];

/* zsock_getaddrinfo() may block for many seconds: not in the system's queue. */
static struct k_work_q lookups;
static K_THREAD_STACK_DEFINE(lookups_stack, CONFIG_WHIMBREL_RESOLVER_STACK_SIZE);

/* ---- Clock, entropy, lock, and who wakes whom */

uint64_t whimbrel_zephyr_now(void)
{
    return (uint64_t)k_uptime_get();
}

static uint64_t port_now(void *context)
{
    (void)context;
    return whimbrel_zephyr_now();
}

/* Tokens and retransmission times would be guessed, or keys known, if this went on without entropy: it does not. */
static void port_random(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    if (sys_csrand_get(buffer, size) != 0) k_panic();
}

static uint32_t port_lock(void *context)
{
    (void)context;
    return (uint32_t)irq_lock();
}

static void port_unlock(void *context, uint32_t state)
{
    (void)context;
    irq_unlock((unsigned int)state);
}

/* The descriptor is for threads; an interrupt leaves the writing to the system's work queue. */
void whimbrel_zephyr_wake(whimbrel_zephyr_t *zephyr)
{
    if (zephyr == NULL) return;
    if (k_is_in_isr()) {
        (void)k_work_submit(&zephyr->waking);
    } else {
        (void)zvfs_eventfd_write(zephyr->event, 1); /* it fails only where 2^64 - 2 others did so before */
    }
}

static void wake_from_queue(struct k_work *work)
{
    whimbrel_zephyr_wake(CONTAINER_OF(work, whimbrel_zephyr_t, waking));
}

static void port_wake(void *context)
{
    whimbrel_zephyr_wake((whimbrel_zephyr_t *)context);
}

/* ---- Names */

static void set_port(union address *address, uint16_t port)
{
    if (address->any.sa_family == NET_AF_INET6) {
        address->six.sin6_port = net_htons(port);
    } else {
        address->four.sin_port = net_htons(port);
    }
}

static int32_t look_up(struct lookup *lookup)
{
    static const struct zsock_addrinfo hints = { .ai_family = NET_AF_UNSPEC, .ai_socktype = NET_SOCK_DGRAM };
    struct zsock_addrinfo *list = NULL;
    struct zsock_addrinfo *one;
    const int failure = zsock_getaddrinfo(lookup->host, NULL, &hints, &list);

    if (failure != 0) return failure == DNS_EAI_AGAIN ? WHIMBREL_ERR_TIMEOUT : WHIMBREL_ERR_NOT_FOUND;
    lookup->count = 0;
    for (one = list; one != NULL && lookup->count < ADDRESSES; one = one->ai_next) {
        if (one->ai_addrlen > sizeof lookup->found[0]) continue;
        memcpy(&lookup->found[lookup->count], one->ai_addr, one->ai_addrlen);
        set_port(&lookup->found[lookup->count++], lookup->port);
    }
    zsock_freeaddrinfo(list);
    return lookup->count > 0 ? WHIMBREL_OK : WHIMBREL_ERR_NOT_FOUND;
}

static void look_up_in_queue(struct k_work *work)
{
    struct lookup *lookup = CONTAINER_OF(work, struct lookup, work);

    lookup->status = look_up(lookup);
    (void)atomic_set(&lookup->state, LOOKUP_DONE);
    whimbrel_zephyr_wake(lookup->zephyr);
}

/* An address literal needs no lookup. 1 if `host` is one. */
static int take_literal(struct lookup *lookup, const char *host, uint16_t port)
{
    union address *address = &lookup->found[0];

    memset(address, 0, sizeof *address);
    if (zsock_inet_pton(NET_AF_INET, host, &address->four.sin_addr) == 1) {
        address->four.sin_family = NET_AF_INET;
    } else if (zsock_inet_pton(NET_AF_INET6, host, &address->six.sin6_addr) == 1) {
        address->six.sin6_family = NET_AF_INET6;
    } else {
        return 0;
    }
    set_port(address, port);
    lookup->count = 1;
    return 1;
}

/* ---- Links */

static int bind_own(int socket, const union address *to, uint16_t port)
{
    union address own;

    if (port == 0) return 0;
    memset(&own, 0, sizeof own); /* any address of ours */
    own.any.sa_family = to->any.sa_family;
    set_port(&own, port);
    return zsock_bind(socket, &own.any, own.any.sa_family == NET_AF_INET6 ? sizeof own.six : sizeof own.four);
}

/* A connected socket: Zephyr then drops what others send. -1 if there is no way to that address. */
static int connected(const union address *to, uint16_t own)
{
    const int socket = zsock_socket(to->any.sa_family, NET_SOCK_DGRAM, NET_IPPROTO_UDP);

    if (socket < 0) return -1;
    if (bind_own(socket, to, own) == 0 &&
        zsock_connect(socket, &to->any,
                      to->any.sa_family == NET_AF_INET6 ? sizeof to->six : sizeof to->four) == 0)
        return socket;
    (void)zsock_close(socket);
    return -1;
}

/* Where nothing came from the address before, the next one of the same name is tried first. */
static int32_t connect_any(struct link *link)
{
    size_t i;

    for (i = 0; i < link->lookup.count; i++) {
        link->socket = connected(&link->lookup.found[(link->first + i) % link->lookup.count], link->own);
        if (link->socket < 0) continue;
        link->first += (unsigned)i;
        link->answered = 0;
        return WHIMBREL_OK;
    }
    return WHIMBREL_ERR_LINK;
}

static int32_t begin_lookup(whimbrel_zephyr_t *zephyr, struct link *link, const char *host, size_t length,
                            uint16_t port)
{
    struct lookup *lookup = &link->lookup;

    memcpy(lookup->host, host, length);
    lookup->host[length] = '\0';
    if (take_literal(lookup, lookup->host, port)) return connect_any(link);
    lookup->port = port;
    lookup->zephyr = zephyr;
    (void)atomic_set(&lookup->state, LOOKUP_RUNS);
    if (k_work_submit_to_queue(&lookups, &lookup->work) >= 0) return WHIMBREL_PENDING;
    (void)atomic_set(&lookup->state, LOOKUP_NONE);
    return WHIMBREL_ERR_FULL;
}

static struct link *find(void *context, uint8_t number)
{
    return number < LINKS ? &((whimbrel_zephyr_t *)context)->links[number] : NULL;
}

/* whimbrel_port_t.link_open */
static int32_t port_open(void *context, uint8_t number, const char *host, size_t host_length, uint16_t port,
                         int32_t how)
{
    struct link *link = find(context, number);
    const atomic_val_t state = link == NULL ? LOOKUP_NONE : atomic_get(&link->lookup.state);

    if (link == NULL) return WHIMBREL_ERR_FULL; /* CONFIG_WHIMBREL_LINKS */
    if (host_length >= HOST_SIZE || memchr(host, 0, host_length) != NULL) return WHIMBREL_ERR_BAD_VALUE;
    link->own = 0;
    if ((how & WHIMBREL_LINK_LISTEN) != 0) link->own = (how & WHIMBREL_LINK_SECURE) != 0 ? 5684 : 5683;
    if (link->socket >= 0) return WHIMBREL_OK;
    if (state == LOOKUP_RUNS) return WHIMBREL_PENDING;
    (void)atomic_set(&link->lookup.state, LOOKUP_NONE);
    if (state == LOOKUP_NONE || link->forgotten) {
        link->forgotten = 0;
        return begin_lookup((whimbrel_zephyr_t *)context, link, host, host_length, port);
    }
    return link->lookup.status == WHIMBREL_OK ? connect_any(link) : link->lookup.status;
}

/* What the network says about earlier datagrams, and want of buffers: the datagram is lost, the socket is well. */
static int is_passing(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ENOBUFS || error == ENOMEM ||
           error == ENETDOWN || error == ENETUNREACH || error == EHOSTUNREACH || error == ECONNREFUSED;
}

/* whimbrel_port_t.link_send */
static int32_t port_send(void *context, uint8_t number, const uint8_t *data, size_t size)
{
    const struct link *link = find(context, number);

    if (link == NULL || link->socket < 0) return WHIMBREL_ERR_LINK;
    if (zsock_send(link->socket, data, size, ZSOCK_MSG_DONTWAIT) == (ssize_t)size) return WHIMBREL_OK;
    return is_passing(errno) ? WHIMBREL_OK : WHIMBREL_ERR_LINK;
}

/* whimbrel_port_t.link_receive */
static int32_t port_receive(void *context, uint8_t number, uint8_t *buffer, size_t size)
{
    struct link *link = find(context, number);
    ssize_t received;

    if (link == NULL || link->socket < 0) return WHIMBREL_ERR_LINK;
    received = zsock_recv(link->socket, buffer, size, ZSOCK_MSG_DONTWAIT | ZSOCK_MSG_TRUNC);
    if (received < 0) return is_passing(errno) ? 0 : WHIMBREL_ERR_LINK;
    link->answered = 1;
    return (size_t)received > size ? WHIMBREL_ERR_TRUNCATED : (int32_t)received;
}

/* whimbrel_port_t.link_close. A lookup cannot be called off: its result is not looked at. */
static void port_close(void *context, uint8_t number)
{
    struct link *link = find(context, number);

    if (link == NULL) return;
    if (atomic_get(&link->lookup.state) != LOOKUP_NONE) link->forgotten = 1;
    if (link->socket < 0) return;
    (void)zsock_close(link->socket);
    link->socket = -1;
    if (!link->answered) link->first++;
}

/* ---- Storage */

#ifdef CONFIG_WHIMBREL_STORAGE

static int32_t port_read(void *context, uint16_t record, uint8_t *buffer, size_t size)
{
    const whimbrel_zephyr_t *zephyr = (const whimbrel_zephyr_t *)context;
    const ssize_t length = nvs_read(zephyr->nvs, (uint16_t)(zephyr->first_record + record), buffer, size);

    if (length == -ENOENT) return WHIMBREL_ERR_NOT_FOUND;
    if (length < 0) return WHIMBREL_ERR_STORAGE;
    return (size_t)length > size ? WHIMBREL_ERR_FULL : (int32_t)length;
}

/* NVS writes the entry that makes a record hold after its data: power that goes leaves the old record. */
static int32_t port_write(void *context, uint16_t record, const uint8_t *data, size_t size)
{
    const whimbrel_zephyr_t *zephyr = (const whimbrel_zephyr_t *)context;
    const uint16_t id = (uint16_t)(zephyr->first_record + record);
    const ssize_t written = size == 0 ? nvs_delete(zephyr->nvs, id) : nvs_write(zephyr->nvs, id, data, size);

    /* 0 where the same is there already */
    return written == 0 || written == (ssize_t)size ? WHIMBREL_OK : WHIMBREL_ERR_STORAGE;
}

int32_t whimbrel_zephyr_storage_share(whimbrel_zephyr_t *zephyr, struct nvs_fs *nvs, uint16_t first)
{
    if (zephyr == NULL || nvs == NULL || first > 0x7e00) return WHIMBREL_ERR_ARGUMENT;
    zephyr->nvs = nvs;
    zephyr->first_record = first;
    zephyr->base.port.storage_read = port_read;
    zephyr->base.port.storage_write = port_write;
    return WHIMBREL_OK;
}

/* Sectors are whole pages of the flash. */
static int32_t divide(struct nvs_fs *nvs, const struct flash_area *area)
{
    struct flash_pages_info page;
    size_t sector;

    nvs->flash_device = flash_area_get_device(area);
    nvs->offset = area->fa_off;
    if (!device_is_ready(nvs->flash_device) ||
        flash_get_page_info_by_offs(nvs->flash_device, area->fa_off, &page) != 0)
        return WHIMBREL_ERR_STORAGE;
    sector = (CONFIG_WHIMBREL_STORAGE_SECTOR + page.size - 1) / page.size * page.size;
    if (area->fa_size / sector < 3) return WHIMBREL_ERR_FULL;
    nvs->sector_size = sector;
    nvs->sector_count = (uint16_t)(area->fa_size / sector);
    return nvs->sector_size == sector ? WHIMBREL_OK : WHIMBREL_ERR_STORAGE; /* 16 bits, in older versions */
}

int32_t whimbrel_zephyr_storage(whimbrel_zephyr_t *zephyr, uint8_t number)
{
    const struct flash_area *area;
    int32_t status;

    if (zephyr == NULL) return WHIMBREL_ERR_ARGUMENT;
    if (flash_area_open(number, &area) != 0) return WHIMBREL_ERR_NOT_FOUND;
    status = divide(&zephyr->own, area);
    flash_area_close(area);
    if (status != WHIMBREL_OK) return status;
    if (nvs_mount(&zephyr->own) != 0) return WHIMBREL_ERR_STORAGE;
    return whimbrel_zephyr_storage_share(zephyr, &zephyr->own, 0);
}

#endif

/* ---- A modem that speaks AT on a pipe */

#ifdef CONFIG_WHIMBREL_MODEM_PIPE

static void pipe_event(struct modem_pipe *pipe, enum modem_pipe_event event, void *context)
{
    whimbrel_zephyr_t *zephyr = (whimbrel_zephyr_t *)context;

    (void)pipe;
    if (event == MODEM_PIPE_EVENT_OPENED) (void)atomic_or(&zephyr->line_news, LINE_OPENED);
    if (event == MODEM_PIPE_EVENT_CLOSED) (void)atomic_or(&zephyr->line_news, LINE_CLOSED);
    whimbrel_zephyr_wake(zephyr);
}

static int pipe_receive(void *pipe, uint8_t *bytes, size_t size)
{
    return modem_pipe_receive((struct modem_pipe *)pipe, bytes, size);
}

static int pipe_transmit(void *pipe, const uint8_t *bytes, size_t size)
{
    return modem_pipe_transmit((struct modem_pipe *)pipe, bytes, size);
}

/* When the wait has to end for the modem. */
static uint64_t serve_modem(whimbrel_zephyr_t *zephyr)
{
    if (zephyr->line.modem == NULL) return UINT64_MAX;
    return line_serve(&zephyr->line, whimbrel_zephyr_now(), (uint32_t)atomic_clear(&zephyr->line_news));
}

int32_t whimbrel_zephyr_modem(whimbrel_zephyr_t *zephyr, whimbrel_modem_t *modem, struct modem_pipe *pipe)
{
    if (zephyr == NULL || modem == NULL || pipe == NULL) return WHIMBREL_ERR_ARGUMENT;
    zephyr->line =
        (struct line){ .modem = modem, .pipe = pipe, .receive = pipe_receive, .transmit = pipe_transmit };
    (void)atomic_clear(&zephyr->line_news);
    (void)whimbrel_modem_line(modem, whimbrel_zephyr_now(), 0); /* until the pipe tells that it is open */
    (void)whimbrel_zephyr_sms(zephyr, line_sms_send, line_sms_receive, &zephyr->line);
    (void)whimbrel_zephyr_card(zephyr, line_transmit, &zephyr->line);
    modem_pipe_attach(pipe, pipe_event, zephyr);
    return modem_pipe_open_async(pipe) == 0 ? WHIMBREL_OK : WHIMBREL_ERR_LINK;
}

static void release_modem(whimbrel_zephyr_t *zephyr)
{
    if (zephyr->line.modem == NULL) return;
    modem_pipe_release((struct modem_pipe *)zephyr->line.pipe);
    zephyr->line.modem = NULL;
}

#endif

/* ---- The network */

#ifdef CONFIG_WHIMBREL_CONNECTION_MANAGER

static void network_event(struct net_mgmt_event_callback *callback, event_mask_t event,
                          struct net_if *interface)
{
    whimbrel_zephyr_t *zephyr = CONTAINER_OF(callback, whimbrel_zephyr_t, network);

    (void)interface;
    (void)atomic_set(&zephyr->online, event == NET_EVENT_L4_CONNECTED);
    whimbrel_zephyr_wake(zephyr);
}

/* Whether the client was told something new. A network that comes again may have given another address: nobody here knows. */
static int tell_network(whimbrel_zephyr_t *zephyr)
{
    const int online = atomic_get(&zephyr->online) != 0;
    const int moved = online && zephyr->online_once;
    const int news = zephyr->client != NULL && online != zephyr->told;

    zephyr->told = online;
    zephyr->online_once |= online;
    if (news) (void)whimbrel_client_network(zephyr->client, online, moved);
    return news;
}

static void unfollow(whimbrel_zephyr_t *zephyr)
{
    if (zephyr->client != NULL) net_mgmt_del_event_callback(&zephyr->network);
    zephyr->client = NULL;
}

int32_t whimbrel_zephyr_follow(whimbrel_zephyr_t *zephyr, whimbrel_client_t *client)
{
    if (zephyr == NULL) return WHIMBREL_ERR_ARGUMENT;
    unfollow(zephyr);
    if (client == NULL) return WHIMBREL_OK;
    zephyr->client = client;
    zephyr->told = 1; /* what a client believes at first */
    zephyr->online_once = 0;
    (void)atomic_set(&zephyr->online, 0);
    net_mgmt_init_event_callback(&zephyr->network, network_event,
                                 NET_EVENT_L4_CONNECTED | NET_EVENT_L4_DISCONNECTED);
    net_mgmt_add_event_callback(&zephyr->network);
    conn_mgr_mon_resend_status(); /* what it is now */
    return WHIMBREL_OK;
}

#endif

/* ---- Waiting */

/* A longer wait is made of several, because an early poll is harmless. */
static int patience(uint64_t until_ms)
{
    const uint64_t longest = (uint64_t)CONFIG_WHIMBREL_LONGEST_WAIT * 1000;
    const uint64_t now = whimbrel_zephyr_now();

    if (until_ms <= now) return 0;
    return until_ms - now > longest ? (int)longest : (int)(until_ms - now);
}

int32_t whimbrel_zephyr_wait(whimbrel_zephyr_t *zephyr, uint64_t until_ms)
{
    struct zsock_pollfd fds[LINKS + 1];
    zvfs_eventfd_t count;
    int i;
    int used = 1;

    if (zephyr == NULL) return WHIMBREL_ERR_ARGUMENT;
#ifdef CONFIG_WHIMBREL_CONNECTION_MANAGER
    if (tell_network(zephyr)) return WHIMBREL_OK; /* the client has work */
#endif
#ifdef CONFIG_WHIMBREL_MODEM_PIPE
    {
        const uint64_t due = serve_modem(zephyr);
        if (due < until_ms) until_ms = due;
    }
#endif
    fds[0].fd = zephyr->event;
    for (i = 0; i < LINKS; i++) {
        if (zephyr->links[i].socket >= 0) fds[used++].fd = zephyr->links[i].socket;
    }
    for (i = 0; i < used; i++) {
        fds[i].events = ZSOCK_POLLIN;
        fds[i].revents = 0;
    }
    if (zsock_poll(fds, used, patience(until_ms)) < 0) {
        k_msleep(1000); /* a loop around this would leave no time to anybody else */
        return WHIMBREL_ERR_LINK;
    }
    if (fds[0].revents != 0) (void)zvfs_eventfd_read(zephyr->event, &count);
#ifdef CONFIG_WHIMBREL_MODEM_PIPE
    (void)serve_modem(zephyr); /* so that what has come shows in whimbrel_modem_state() */
#endif
    return WHIMBREL_OK;
}

/* ---- Its life */

static void fill_table(whimbrel_zephyr_t *zephyr)
{
    whimbrel_port_t *port = &zephyr->base.port;

    memset(port, 0, sizeof *port);
    port->size = sizeof *port;
    port->context = zephyr;
    port->now = port_now;
    port->random = port_random;
    port->link_open = port_open;
    port->link_send = port_send;
    port->link_receive = port_receive;
    port->link_close = port_close;
    port->lock = port_lock;
    port->unlock = port_unlock;
    port->wake = port_wake;
}

/* Once: the thread of the lookups, and the descriptors that are -1 while there is none. */
static void start(void)
{
    static const struct k_work_queue_config config = { .name = "whimbrel" };
    static int started;
    int i;

    if (started) return;
    started = 1;
    k_work_queue_init(&lookups);
    k_work_queue_start(&lookups, lookups_stack, K_THREAD_STACK_SIZEOF(lookups_stack),
                       CONFIG_WHIMBREL_RESOLVER_PRIORITY, &config);
    for (i = 0; i < CONFIG_WHIMBREL_INSTANCES; i++) {
        platforms[i].event = -1;
        k_work_init(&platforms[i].waking, wake_from_queue);
    }
}

int32_t whimbrel_zephyr_open(whimbrel_zephyr_t **out)
{
    whimbrel_zephyr_t *zephyr = platforms;
    uint8_t probe;
    int i;

    if (out == NULL) return WHIMBREL_ERR_ARGUMENT;
    *out = NULL;
    if (sys_csrand_get(&probe, sizeof probe) != 0) return WHIMBREL_ERR_NOT_SUPPORTED;
    start();
    while (zephyr < platforms + CONFIG_WHIMBREL_INSTANCES && zephyr->used)
        zephyr++;
    if (zephyr == platforms + CONFIG_WHIMBREL_INSTANCES) return WHIMBREL_ERR_FULL;
    if (zephyr->event < 0) zephyr->event = zvfs_eventfd(0, ZVFS_EFD_NONBLOCK);
    if (zephyr->event < 0) return WHIMBREL_ERR_FULL;
    memset(zephyr->links, 0, sizeof zephyr->links);
    for (i = 0; i < LINKS; i++) {
        zephyr->links[i].socket = -1;
        k_work_init(&zephyr->links[i].lookup.work, look_up_in_queue);
    }
    fill_table(zephyr);
    zephyr->used = 1;
    *out = zephyr;
    return WHIMBREL_OK;
}

void whimbrel_zephyr_close(whimbrel_zephyr_t *zephyr)
{
    struct k_work_sync sync;
    uint8_t i;

    if (zephyr == NULL) return;
#ifdef CONFIG_WHIMBREL_CONNECTION_MANAGER
    unfollow(zephyr);
#endif
#ifdef CONFIG_WHIMBREL_MODEM_PIPE
    release_modem(zephyr);
#endif
    for (i = 0; i < LINKS; i++) {
        port_close(zephyr, i);
        (void)k_work_cancel_sync(&zephyr->links[i].lookup.work, &sync);
    }
    zephyr->used = 0;
}
