/* See measure.h. */
#include "measure.h"
#include "FreeRTOS.h"
#include "board.h"
#include "client.h"
#include "task.h"

/* Less than this left of a stack is too little for a port in the field. */
#define STACK_RESERVE 64u

static int failures;
static size_t free_before;
static struct {
    int running;
    TickType_t tick;
    uint32_t switches;
    struct client_wakes wakes;
    size_t allocations;
} start;

static size_t allocations(void)
{
    HeapStats_t heap;
    vPortGetHeapStats(&heap);
    return heap.xNumberOfSuccessfulAllocations;
}

void measure_heap(void)
{
    free_before = xPortGetFreeHeapSize();
}

void measure_begin(void)
{
    if (start.running) return;
    start.running = 1;
    start.tick = xTaskGetTickCount();
    start.switches = board_switches;
    start.wakes = client_wakes;
    start.allocations = allocations();
}

static uint32_t all_wakes(const struct client_wakes *wakes)
{
    uint32_t sum = wakes->changes + wakes->names;
    unsigned i;
    for (i = 0; i < sizeof wakes->deadlines / sizeof wakes->deadlines[0]; i++)
        sum += wakes->deadlines[i];
    return sum;
}

static struct {
    int sleeping;
    uint32_t wakes, datagrams, switches;
    TickType_t tick;
} sleep;

/* Over all sleeps. */
static uint32_t slept_ms, slept_switches;

void measure_sleep(void)
{
    sleep.sleeping = 1;
    sleep.wakes = all_wakes(&client_wakes);
    sleep.datagrams = client_wakes.datagrams;
    sleep.switches = board_switches;
    sleep.tick = xTaskGetTickCount();
}

/* Datagrams are what others do: a repeated answer may come late. */
void measure_awake(void)
{
    const uint32_t wakes = all_wakes(&client_wakes) - sleep.wakes;

    if (!sleep.sleeping) return; /* the first time, there was no sleep before */
    sleep.sleeping = 0;
    slept_ms +=
        (uint32_t)((uint64_t)(TickType_t)(xTaskGetTickCount() - sleep.tick) * 1000 / configTICK_RATE_HZ);
    slept_switches += board_switches - sleep.switches;
    board_print("slept %lu wakes, %lu datagrams", (unsigned long)wakes,
                (unsigned long)(client_wakes.datagrams - sleep.datagrams));
    if (wakes != 1) failures++;
}

static void report_stacks(void)
{
    static TaskStatus_t tasks[10];
    const UBaseType_t count = uxTaskGetSystemState(tasks, sizeof tasks / sizeof tasks[0], NULL);
    UBaseType_t i;

    for (i = 0; i < count; i++) {
        const size_t size = (size_t)(tasks[i].pxEndOfStack - tasks[i].pxStackBase + 1) * sizeof(StackType_t);
        const size_t left = tasks[i].usStackHighWaterMark * sizeof(StackType_t);
        board_print("stack %s %u of %u", tasks[i].pcTaskName, (unsigned)(size - left), (unsigned)size);
        if (left < STACK_RESERVE) failures++;
    }
}

static void report_heap(void)
{
    const size_t kept = free_before - xPortGetFreeHeapSize();

    board_print("heap peak %u", (unsigned)(free_before - xPortGetMinimumEverFreeHeapSize()));
    board_print("heap kept %d", (int)kept);
    if (kept != 0) failures++;
    board_print("heap allocations %u", (unsigned)(allocations() - start.allocations));
}

static void report_wakes(void)
{
    const struct client_wakes *first = &start.wakes;
    unsigned i;

    board_print("seconds %lu", (unsigned long)((xTaskGetTickCount() - start.tick) / configTICK_RATE_HZ));
    board_print("switches %lu", (unsigned long)(board_switches - start.switches));
    if (slept_ms != 0)
        board_print("asleep %lu ms %lu switches", (unsigned long)slept_ms, (unsigned long)slept_switches);
    board_print("wakes datagrams %lu", (unsigned long)(client_wakes.datagrams - first->datagrams));
    board_print("wakes changes %lu", (unsigned long)(client_wakes.changes - first->changes));
    for (i = 0; i < sizeof first->deadlines / sizeof first->deadlines[0]; i++) {
        const uint32_t count = client_wakes.deadlines[i] - first->deadlines[i];
        if (count != 0) board_print("wakes deadline-%u %lu", i, (unsigned long)count);
    }
}

void measure_report(void)
{
    report_wakes();
    report_heap();
    report_stacks();
    board_print("static client %u", (unsigned)client_memory_size);
    board_print("image text %u data %u bss %u", (unsigned)(uintptr_t)board_text_bytes,
                (unsigned)(uintptr_t)board_data_bytes, (unsigned)(uintptr_t)board_bss_bytes);
}

int measure_failures(void)
{
    return failures;
}
