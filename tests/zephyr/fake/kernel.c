/* The kernel of Zephyr, as far as ports/zephyr calls it, on POSIX. */
#define _GNU_SOURCE
#include "fake.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <zephyr/kernel.h>
#include <zephyr/random/random.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/reboot.h>
#include <zephyr/zvfs/eventfd.h>

static __thread int in_interrupt;
static int entropy_works = 1;

static void not_in_interrupt(const char *what)
{
    if (!in_interrupt) return;
    fprintf(stderr, "fake: %s in an interrupt\n", what);
    abort();
}

int64_t k_uptime_get(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int32_t k_msleep(int32_t ms)
{
    not_in_interrupt("k_msleep");
    usleep((useconds_t)ms * 1000);
    return 0;
}

bool k_is_in_isr(void)
{
    return in_interrupt;
}

void fake_interrupt(void (*function)(void *context), void *context)
{
    in_interrupt = 1;
    function(context);
    in_interrupt = 0;
}

/* Threads here do not exclude each other by that, so that a lock does. As there, it may be taken again. */
static pthread_mutex_t interrupts = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

unsigned int irq_lock(void)
{
    pthread_mutex_lock(&interrupts);
    return 0x20;
}

void irq_unlock(unsigned int key)
{
    if (key != 0x20) abort(); /* what irq_lock() gave must come back */
    pthread_mutex_unlock(&interrupts);
}

/* ---- Work queues: one lock for all of them */

struct fake_queue {
    struct k_work *first;
    pthread_t thread;
};
static pthread_mutex_t works = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;
static struct fake_queue system_queue;

static void *work(void *context)
{
    struct fake_queue *queue = (struct fake_queue *)context;

    pthread_mutex_lock(&works);
    for (;;) {
        struct k_work *one = queue->first;
        if (one == NULL) {
            pthread_cond_wait(&news, &works);
            continue;
        }
        queue->first = one->next;
        one->queued = 0;
        one->running = 1;
        pthread_mutex_unlock(&works);
        one->handler(one);
        pthread_mutex_lock(&works);
        one->running = 0;
        pthread_cond_broadcast(&news);
    }
    return NULL;
}

static void start(struct fake_queue *queue)
{
    if (pthread_create(&queue->thread, NULL, work, queue) != 0) abort();
    pthread_detach(queue->thread);
}

static int submit(struct fake_queue *queue, struct k_work *one)
{
    struct k_work **end = &queue->first;
    int added = 0;

    pthread_mutex_lock(&works);
    if (one->handler == NULL) abort(); /* no k_work_init() */
    if (!one->queued) {
        one->queued = added = 1;
        one->next = NULL;
        while (*end != NULL)
            end = &(*end)->next;
        *end = one;
        pthread_cond_broadcast(&news);
    }
    pthread_mutex_unlock(&works);
    return added;
}

void k_work_init(struct k_work *one, k_work_handler_t handler)
{
    if (one->queued || one->running) abort(); /* it would be forgotten by its queue */
    *one = (struct k_work){ .handler = handler };
}

static void start_system_queue(void)
{
    start(&system_queue);
}

int k_work_submit(struct k_work *one)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_system_queue);
    return submit(&system_queue, one);
}

int k_work_submit_to_queue(struct k_work_q *queue, struct k_work *one)
{
    if (queue->fake == NULL) abort(); /* not started */
    return submit(queue->fake, one);
}

bool k_work_cancel_sync(struct k_work *one, struct k_work_sync *sync)
{
    bool was;

    (void)sync;
    not_in_interrupt("k_work_cancel_sync");
    pthread_mutex_lock(&works);
    was = one->queued || one->running;
    /* what is queued and has not begun is waited for as well: simpler, and no less true */
    while (one->queued || one->running)
        pthread_cond_wait(&news, &works);
    pthread_mutex_unlock(&works);
    return was;
}

static int initialised;

void k_work_queue_init(struct k_work_q *queue)
{
    queue->fake = NULL;
    initialised = 1;
}

void k_work_queue_start(struct k_work_q *queue, k_thread_stack_t *stack, size_t size, int priority,
                        const struct k_work_queue_config *config)
{
    static struct fake_queue fakes[4];
    static size_t used;

    (void)priority;
    if (!initialised || stack == NULL || size < 512 || config == NULL || used == 4) abort();
    queue->fake = &fakes[used++];
    start(queue->fake);
}

/* ---- Event descriptors */

int zvfs_eventfd(unsigned int initial, int flags)
{
    return eventfd(initial, (flags & ZVFS_EFD_NONBLOCK) != 0 ? EFD_NONBLOCK : 0);
}

int zvfs_eventfd_read(int fd, zvfs_eventfd_t *value)
{
    not_in_interrupt("zvfs_eventfd_read");
    return eventfd_read(fd, value);
}

int zvfs_eventfd_write(int fd, zvfs_eventfd_t value)
{
    not_in_interrupt("zvfs_eventfd_write");
    return eventfd_write(fd, value);
}

/* ---- The rest */

void fake_entropy(int works_now)
{
    entropy_works = works_now;
}

int sys_csrand_get(void *target, size_t size)
{
    if (!entropy_works) return -5;
    return getrandom(target, size, 0) == (ssize_t)size ? 0 : -5;
}

void printk(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
}

void sys_reboot(int type)
{
    exit(type == SYS_REBOOT_COLD ? 0 : 1);
}
