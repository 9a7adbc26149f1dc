/*
 * What ports/zephyr and its sample call of Zephyr's kernel, declared anew for compiling and running them without Zephyr. The
 * other headers here are the same for other parts. Signatures are Zephyr 4.0's to 4.4's; bodies are in ../../fake.
 */
#ifndef FAKE_ZEPHYR_KERNEL_H
#define FAKE_ZEPHYR_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <zephyr/sys/atomic.h>

#define BIT(n)                             (1UL << (n))
#define BUILD_ASSERT(e, ...)               extern char build_assert[(e) ? 1 : -1]
#define CONTAINER_OF(pointer, type, field) ((type *)(void *)((char *)(pointer)-offsetof(type, field)))

int64_t k_uptime_get(void);
int32_t k_msleep(int32_t ms);
bool k_is_in_isr(void);
#define k_panic() abort()

unsigned int irq_lock(void);
void irq_unlock(unsigned int key);

typedef struct {
    char byte;
} k_thread_stack_t;
#define K_THREAD_STACK_DEFINE(name, size) k_thread_stack_t name[size]
#define K_THREAD_STACK_SIZEOF(name)       sizeof(name)

struct k_work;
typedef void (*k_work_handler_t)(struct k_work *work);
struct k_work {
    k_work_handler_t handler;
    struct k_work *next;
    int queued, running;
};
struct k_work_sync {
    int none;
};
struct k_work_q {
    struct fake_queue *fake;
};
struct k_work_queue_config {
    const char *name;
    bool no_yield;
};

void k_work_init(struct k_work *work, k_work_handler_t handler);
int k_work_submit(struct k_work *work);
int k_work_submit_to_queue(struct k_work_q *queue, struct k_work *work);
bool k_work_cancel_sync(struct k_work *work, struct k_work_sync *sync);
void k_work_queue_init(struct k_work_q *queue);
void k_work_queue_start(struct k_work_q *queue, k_thread_stack_t *stack, size_t size, int priority,
                        const struct k_work_queue_config *config);

#endif
