/*
 * Names to addresses. lwIP's DNS calls back in lwIP's thread, some time, and cannot be called off: each lookup has memory
 * of its own, and whoever is last, lwIP or the link, gives it back.
 */
#include "internal.h"
#include "lwip/dns.h"
#include "lwip/tcpip.h"
#include "task.h"
#include <string.h>

#if LWIP_DNS

struct freertos_lookup {
    whimbrel_freertos_t *rtos; /* NULL: the link has left */
    int owners;
    int32_t status;
    ip_addr_t found;
    char host[];
};

/* One of the owners leaves. */
static void leave(struct freertos_lookup *lookup)
{
    const uint32_t state = freertos_lock();
    const int left = --lookup->owners;
    freertos_unlock(state);
    if (left == 0) vPortFree(lookup);
}

/* In lwIP's thread. The scheduler stands still, so that the link does not leave, and the platform with it, in between. */
static void done(const char *name, const ip_addr_t *found, void *context)
{
    struct freertos_lookup *lookup = context;
    (void)name;
    vTaskSuspendAll();
    if (found != NULL) lookup->found = *found;
    lookup->status = found != NULL ? WHIMBREL_OK : WHIMBREL_ERR_NOT_FOUND;
    if (lookup->rtos != NULL) freertos_signal(lookup->rtos, WHIMBREL_FREERTOS_NAME);
    (void)xTaskResumeAll();
    leave(lookup);
}

/* In lwIP's thread. Known names are answered at once, without a callback; so is a full table of lookups. */
static void ask(void *context)
{
    struct freertos_lookup *lookup = context;
    ip_addr_t found;
    const err_t error = dns_gethostbyname(lookup->host, &found, done, lookup);

    if (error != ERR_INPROGRESS) done(lookup->host, error == ERR_OK ? &found : NULL, lookup);
}

int32_t freertos_lookup_begin(whimbrel_freertos_t *rtos, const char *host, struct freertos_lookup **out)
{
    const size_t size = strlen(host) + 1;
    struct freertos_lookup *lookup = whimbrel_freertos_calloc(1, sizeof *lookup + size);

    *out = NULL;
    if (lookup == NULL) return WHIMBREL_ERR_FULL;
    lookup->rtos = rtos;
    lookup->owners = 2;
    lookup->status = WHIMBREL_PENDING;
    memcpy(lookup->host, host, size);
    *out = lookup;
    /* lwIP's mailbox may be full of packets: the client asks again in a moment */
    if (tcpip_try_callback(ask, lookup) != ERR_OK) {
        vPortFree(lookup);
        *out = NULL;
    }
    return WHIMBREL_PENDING;
}

int32_t freertos_lookup_result(struct freertos_lookup *lookup, ip_addr_t *found)
{
    const uint32_t state = freertos_lock();
    const int32_t status = lookup->status;
    *found = lookup->found;
    freertos_unlock(state);
    return status;
}

void freertos_lookup_drop(struct freertos_lookup *lookup)
{
    const uint32_t state = freertos_lock();
    lookup->rtos = NULL;
    freertos_unlock(state);
    leave(lookup);
}

#else /* LWIP_DNS */

int32_t freertos_lookup_begin(whimbrel_freertos_t *rtos, const char *host, struct freertos_lookup **lookup)
{
    (void)rtos;
    (void)host;
    *lookup = NULL;
    return WHIMBREL_ERR_NOT_FOUND;
}

int32_t freertos_lookup_result(struct freertos_lookup *lookup, ip_addr_t *found)
{
    (void)lookup;
    (void)found;
    return WHIMBREL_ERR_NOT_FOUND;
}

void freertos_lookup_drop(struct freertos_lookup *lookup)
{
    (void)lookup;
}

#endif /* LWIP_DNS */
