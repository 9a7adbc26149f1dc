/* The Cortex-M4's part, for QEMU's mps2-an386: vectors, memory, semihosting (arguments, print, exit), painted stack. */
#include "../harness/harness.h"

#include <stdint.h>
#include <string.h>

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_limit[], stack_top[];

enum { SYS_WRITE0 = 0x04, SYS_GET_CMDLINE = 0x15, SYS_EXIT_EXTENDED = 0x20 };
#define STOPPED_APPLICATION_EXIT 0x20026u
#define PAINT                    0xA5A5A5A5u

static uintptr_t semihost(uintptr_t operation, const void *argument)
{
    register uintptr_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void leave(uint32_t status)
{
    const uint32_t block[2] = { STOPPED_APPLICATION_EXIT, status };
    for (;;) {
        semihost(SYS_EXIT_EXTENDED, block);
    }
}

void bench_print(const char *line)
{
    semihost(SYS_WRITE0, line);
}

unsigned long bench_heap_calls(void)
{
    return 0;
}

static uint32_t *caller, *painted_to;

/* Paints everything below the caller's frame but the 16 words in which this function works itself. */
__attribute__((noinline)) void bench_stack_paint(void)
{
    uint32_t *word = stack_limit;
    caller = __builtin_dwarf_cfa();
    painted_to = caller - 16;
    while (word < painted_to) {
        *word++ = PAINT;
    }
}

__attribute__((noinline)) unsigned long bench_stack_used(void)
{
    const uint32_t *word = stack_limit;
    while (word < painted_to && *word == PAINT) {
        word++;
    }
    return (unsigned long)(caller - word) * sizeof *word; /* 64 at least: too much rather than too little */
}

static void fault(void)
{
    leave(99);
}

static void start(void)
{
    static char line[256];
    static char *argv[8];
    const struct {
        char *text;
        uint32_t size;
    } block = { line, sizeof line };
    int argc = 0;
    memcpy(data_start, data_load, (size_t)((char *)data_end - (char *)data_start));
    memset(bss_start, 0, (size_t)((char *)bss_end - (char *)bss_start));
    semihost(SYS_GET_CMDLINE, &block);
    /* By hand: newlib's strtok brings its allocator. */
    for (char *at = line; at != NULL && argc < 8;) {
        argv[argc++] = at;
        at = strchr(at, ' ');
        if (at != NULL) *at++ = '\0';
    }
    leave((uint32_t)bench_main(argc, argv));
}

void reset(void)
{
    start();
}

__attribute__((section(".vectors"), used)) static const struct {
    const void *stack;
    void (*handlers[15])(void);
} vectors = { stack_top,
              { reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
                fault, fault } };
