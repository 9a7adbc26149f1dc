/* Start-up of QEMU's boards: vectors, memory, semihosting, and what becomes of faults. */
#include "board.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[], stack_top[];
extern int main(void);
/* FreeRTOS */
extern void SVC_Handler(void), PendSV_Handler(void), board_kernel_tick(void);

enum {
    SYS_OPEN = 0x01,
    SYS_WRITE0 = 0x04,
    SYS_READ = 0x06,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20
};
#define STOPPED_APPLICATION_EXIT 0x20026u

#define NVIC_ENABLE   ((volatile uint32_t *)0xE000E100u)
#define NVIC_PEND     ((volatile uint32_t *)0xE000E200u)
#define NVIC_PRIORITY ((volatile uint8_t *)0xE000E400u)
#define SCB_CFSR      (*(volatile uint32_t *)0xE000ED28u)
#define SCB_VTOR      (*(volatile uint32_t *)0xE000ED08u)
#define SCB_CPACR     (*(volatile uint32_t *)0xE000ED88u)

static uintptr_t semihost(uintptr_t operation, const void *argument)
{
    register uintptr_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_exit(int status)
{
    const uint32_t block[2] = { STOPPED_APPLICATION_EXIT, (uint32_t)status };
    for (;;)
        semihost(SYS_EXIT_EXTENDED, block);
}

void board_print(const char *format, ...)
{
    char line[257];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    strcpy(line + (length < 255 ? length : 255), "\n");
    semihost(SYS_WRITE0, line);
}

char **board_arguments(void)
{
    static char line[512];
    static char *words[24];
    const struct {
        char *text;
        uint32_t size;
    } block = { line, sizeof line };
    size_t count = 0;
    char *at = line;

    if (words[0] != NULL || semihost(SYS_GET_CMDLINE, &block) != 0) return words;
    while (count < sizeof words / sizeof words[0] - 1) {
        at += strspn(at, " ");
        if (*at == '\0') break;
        words[count++] = at;
        at += strcspn(at, " ");
        if (*at != '\0') *at++ = '\0';
    }
    return words;
}

const char *board_argument(const char *name, const char *otherwise)
{
    const size_t length = strlen(name);
    char **word;

    for (word = board_arguments(); *word != NULL; word++)
        if (strncmp(*word, name, length) == 0 && (*word)[length] == '=') return *word + length + 1;
    return otherwise;
}

void board_random(void *context, uint8_t *buffer, unsigned size)
{
    static const char path[] = "/dev/urandom";
    static uintptr_t file;
    const struct {
        const char *path;
        uint32_t mode; /* 1: "rb" */
        uint32_t length;
    } opening = { path, 1, sizeof path - 1 };

    (void)context;
    if (file == 0) file = semihost(SYS_OPEN, &opening);
    const struct {
        uint32_t file;
        uint8_t *buffer;
        uint32_t size;
    } reading = { file, buffer, size };
    /* the result counts what was not read */
    if (file == UINTPTR_MAX || semihost(SYS_READ, &reading) != 0) {
        board_print("board: the host gives no random bytes");
        board_exit(97);
    }
}

static void (*handlers[BOARD_INTERRUPTS])(void);

void board_interrupt(unsigned number, void (*handler)(void))
{
    handlers[number] = handler;
    NVIC_PRIORITY[number] = BOARD_INTERRUPT_PRIORITY;
    NVIC_ENABLE[number / 32] = 1u << number % 32;
}

void board_pend(unsigned number)
{
    NVIC_PEND[number / 32] = 1u << number % 32;
}

/*
 * On a busy host QEMU runs late and leaves SysTick's interrupts out: a guest's minute would be two of its server's. As
 * tickless idle does, ticks that are missing are made up by a timer that goes on by itself.
 */
#define TIMER_VALUE   (*(volatile uint32_t *)(BOARD_TIMER + 4))
#define TIMER_CONTROL (*(volatile uint32_t *)(BOARD_TIMER + 8))
#define TIMER_FREE    0x8au /* on, free-running, 32 bits, a 256th of the clock: half a day */

static void tick(void)
{
    static uint32_t first;
    static uint64_t ticks;

    if (ticks == 0) {
        TIMER_CONTROL = TIMER_FREE;
        first = TIMER_VALUE;
    }
    do {
        board_kernel_tick();
        ticks++;
    } while (ticks * BOARD_CLOCK_HZ < (uint64_t)(first - TIMER_VALUE) * 256 * BOARD_TICK_HZ);
}

static void dispatch(void)
{
    uint32_t exception;
    __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
    if (exception < 16 || exception >= 16 + BOARD_INTERRUPTS || handlers[exception - 16] == NULL) {
        board_print("board: interrupt %d that nobody wants", (int)exception - 16);
        board_exit(98);
    }
    handlers[exception - 16]();
}

static void fault(void)
{
    board_print("board: fault, CFSR %08lx", (unsigned long)SCB_CFSR);
    board_exit(99);
}

static const uintptr_t vectors[16 + BOARD_INTERRUPTS];

void board_start(void);
void board_start(void)
{
    SCB_VTOR = (uint32_t)vectors;
#ifdef __ARM_FP
    SCB_CPACR |= 0xFu << 20;
#endif
    memcpy(data_start, data_load, (size_t)((char *)data_end - (char *)data_start));
    memset(bss_start, 0, (size_t)((char *)bss_end - (char *)bss_start));
    board_exit(main());
}

#define EIGHT(x) x, x, x, x, x, x, x, x
static const uintptr_t vectors[16 + BOARD_INTERRUPTS] __attribute__((section(".vectors"), used)) = {
    (uintptr_t)stack_top,
    (uintptr_t)board_start,
    (uintptr_t)fault, /* NMI */
    (uintptr_t)fault, /* HardFault, MemManage, BusFault, UsageFault, SecureFault */
    (uintptr_t)fault,
    (uintptr_t)fault,
    (uintptr_t)fault,
    (uintptr_t)fault,
    0,
    0,
    0,
    (uintptr_t)SVC_Handler,
    0,
    0,
    (uintptr_t)PendSV_Handler,
    (uintptr_t)tick,
    EIGHT((uintptr_t)dispatch),
    EIGHT((uintptr_t)dispatch),
    EIGHT((uintptr_t)dispatch),
    EIGHT((uintptr_t)dispatch),
    EIGHT((uintptr_t)dispatch),
    EIGHT((uintptr_t)dispatch),
    EIGHT((uintptr_t)dispatch),
    EIGHT((uintptr_t)dispatch),
};

/* What asks newlib for a heap is a mistake here: memory comes from FreeRTOS's. newlib's own _sbrk() compares with the
 * stack pointer, and task stacks lie below it. */
void *_sbrk(intptr_t size);
void *_sbrk(intptr_t size)
{
    (void)size;
    board_print("board: newlib asks for memory");
    board_exit(96);
}
