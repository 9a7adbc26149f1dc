/* The platform as a whole: its life, its lock, its clock, its one place to wait, and memory for others. */
#include "internal.h"
#include "task.h"
#include <string.h>

/* ---- the lock: interrupts up to configMAX_SYSCALL_INTERRUPT_PRIORITY, which are those that may call FreeRTOS */

uint32_t freertos_lock(void)
{
    if (WHIMBREL_FREERTOS_IN_INTERRUPT()) return (uint32_t)taskENTER_CRITICAL_FROM_ISR();
    taskENTER_CRITICAL();
    return 0;
}

void freertos_unlock(uint32_t state)
{
    if (WHIMBREL_FREERTOS_IN_INTERRUPT()) {
        taskEXIT_CRITICAL_FROM_ISR(state);
    } else {
        taskEXIT_CRITICAL();
    }
}

static uint32_t port_lock(void *context)
{
    (void)context;
    return freertos_lock();
}

static void port_unlock(void *context, uint32_t state)
{
    (void)context;
    freertos_unlock(state);
}

/* ---- the clock */

/* The kernel's ticks with the overflows that it counts. */
static uint64_t ticks_now(void)
{
    TimeOut_t now;
    vTaskSetTimeOutState(&now);
#if configTICK_TYPE_WIDTH_IN_BITS == TICK_TYPE_WIDTH_64_BITS
    return now.xTimeOnEntering;
#else
    return (uint64_t)(UBaseType_t)now.xOverflowCount << (8 * sizeof(TickType_t)) | now.xTimeOnEntering;
#endif
}

/* By parts: a product of 64 bits would overflow long before the clock does. */
static uint64_t rescale(uint64_t count, uint32_t from, uint32_t to, uint32_t round)
{
    return count / from * to + (count % from * to + round) / from;
}

uint64_t whimbrel_freertos_now(void)
{
    return rescale(ticks_now(), configTICK_RATE_HZ, 1000, 0);
}

static uint64_t port_now(void *context)
{
    (void)context;
    return whimbrel_freertos_now();
}

/* ---- waiting and waking */

/* The reason is noted first: whoever takes the semaphore finds it. */
void freertos_signal(whimbrel_freertos_t *rtos, int32_t reason)
{
    const uint32_t state = freertos_lock();
    rtos->reasons |= reason;
    freertos_unlock(state);
    if (WHIMBREL_FREERTOS_IN_INTERRUPT()) {
        BaseType_t yield = pdFALSE;
        (void)xSemaphoreGiveFromISR(rtos->wake, &yield);
        portYIELD_FROM_ISR(yield);
    } else {
        (void)xSemaphoreGive(rtos->wake);
    }
}

static int32_t take_reasons(whimbrel_freertos_t *rtos)
{
    const uint32_t state = freertos_lock();
    const int32_t reasons = rtos->reasons;
    rtos->reasons = 0;
    freertos_unlock(state);
    return reasons;
}

/* A wait longer than ticks can say is made of several, because an early poll is harmless. */
static TickType_t patience(uint64_t until_ms)
{
    uint64_t until, now;

    if (until_ms == UINT64_MAX) return portMAX_DELAY;
    until = rescale(until_ms, 1000, configTICK_RATE_HZ, 999);
    now = ticks_now();
    if (until <= now) return 0;
    return until - now < portMAX_DELAY ? (TickType_t)(until - now) : portMAX_DELAY - 1;
}

int32_t whimbrel_freertos_wait(whimbrel_freertos_t *rtos, uint64_t until_ms)
{
    int32_t reasons;

    if (rtos == NULL) return WHIMBREL_ERR_ARGUMENT;
    for (;;) {
        const BaseType_t taken = xSemaphoreTake(rtos->wake, patience(until_ms));
        reasons = take_reasons(rtos);
        /* given without a reason: the one before took it already */
        if (reasons != 0 || taken == pdFALSE) return reasons;
    }
}

void whimbrel_freertos_wake(whimbrel_freertos_t *rtos)
{
    if (rtos != NULL) freertos_signal(rtos, WHIMBREL_FREERTOS_WOKEN);
}

static void port_wake(void *context)
{
    freertos_signal((whimbrel_freertos_t *)context, WHIMBREL_FREERTOS_WOKEN);
}

/* ---- what the application gives */

static void port_random(void *context, uint8_t *buffer, size_t size)
{
    const whimbrel_freertos_config_t *config = &((whimbrel_freertos_t *)context)->config;
    config->random(config->context, buffer, size);
}

static int64_t port_wall_clock(void *context)
{
    const whimbrel_freertos_config_t *config = &((whimbrel_freertos_t *)context)->config;
    return config->wall_clock(config->context);
}

/* ---- memory */

void *whimbrel_freertos_calloc(size_t count, size_t size)
{
    void *memory;

    if (size != 0 && count > SIZE_MAX / size) return NULL;
    memory = pvPortMalloc(count * size);
    if (memory != NULL) memset(memory, 0, count * size);
    return memory;
}

void whimbrel_freertos_free(void *pointer)
{
    vPortFree(pointer);
}

/* ---- life */

static void fill_table(whimbrel_freertos_t *rtos)
{
    rtos->port.size = sizeof rtos->port;
    rtos->port.context = rtos;
    rtos->port.now = port_now;
    rtos->port.random = port_random;
    rtos->port.link_open = freertos_udp_open;
    rtos->port.link_send = freertos_udp_send;
    rtos->port.link_receive = freertos_udp_receive;
    rtos->port.link_close = freertos_udp_close;
    rtos->port.lock = port_lock;
    rtos->port.unlock = port_unlock;
    rtos->port.wake = port_wake;
    if (rtos->config.wall_clock != NULL) rtos->port.wall_clock = port_wall_clock;
}

int32_t whimbrel_freertos_open(const whimbrel_freertos_config_t *config, whimbrel_freertos_t **out)
{
    whimbrel_freertos_t *rtos;
    uint8_t links;

    if (out == NULL) return WHIMBREL_ERR_ARGUMENT;
    *out = NULL;
    if (config == NULL || config->size != sizeof *config || config->random == NULL)
        return WHIMBREL_ERR_ARGUMENT;
    links = config->links == 0 ? 1 : config->links;
    if (links > FREERTOS_LINKS) return WHIMBREL_ERR_ARGUMENT;
    rtos = whimbrel_freertos_calloc(1, sizeof *rtos + links * sizeof rtos->links[0]);
    if (rtos == NULL) return WHIMBREL_ERR_FULL;
    rtos->config = *config;
    rtos->config.links = links;
    rtos->wake = xSemaphoreCreateBinary();
    if (rtos->wake == NULL) {
        vPortFree(rtos);
        return WHIMBREL_ERR_FULL;
    }
    fill_table(rtos);
    *out = rtos;
    return WHIMBREL_OK;
}

const whimbrel_port_t *whimbrel_freertos_port(whimbrel_freertos_t *rtos)
{
    return rtos == NULL ? NULL : &rtos->port;
}

void whimbrel_freertos_close(whimbrel_freertos_t *rtos)
{
    uint8_t i;

    if (rtos == NULL) return;
    for (i = 0; i < rtos->config.links; i++)
        freertos_udp_close(rtos, i);
    vSemaphoreDelete(rtos->wake);
    vPortFree(rtos);
}
