/* The host's part: an allocator that counts. Defining these names in the program replaces glibc's everywhere. */
#include "harness.h"

#include <stdio.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void __libc_free(void *memory);

static unsigned long calls;

void *malloc(size_t size)
{
    calls++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    calls++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    calls++;
    return __libc_realloc(memory, size);
}

void free(void *memory)
{
    calls++;
    __libc_free(memory);
}

unsigned long bench_heap_calls(void)
{
    return calls;
}

void bench_print(const char *line)
{
    fputs(line, stdout);
}

/* The stack is measured on the M4 only: here it would be that of another machine. */
void bench_stack_paint(void)
{
}

unsigned long bench_stack_used(void)
{
    return 0;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv);
}
