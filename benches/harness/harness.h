/* What a bench row consists of. The rows are in exchange.c, the runner that counts around them in main.c. */
#ifndef WHIMBREL_BENCH_HARNESS_H
#define WHIMBREL_BENCH_HARNESS_H

#include <stddef.h>

struct bench_row {
    const char *name;
    int (*start)(void);       /* brings the client to the state before the first step; 0 if that worked */
    void (*step)(unsigned n); /* one exchange; n counts up from 0 */
    void (*stub)(unsigned n); /* the same loop and stub work without the engine, to be subtracted on M4 */
    size_t (*response_bytes)(
        void); /* length of the last datagram that was sent; 0: the last step went wrong */
};

/* Ends with a row whose name is NULL. */
extern const struct bench_row bench_rows[];

/* Calls of the allocator since start: heap.c on the host, 0 on the M4, where no allocator is linked. */
unsigned long bench_heap_calls(void);

/* The platform's part: print a line, and on the M4 the painted stack. */
void bench_print(const char *line);
void bench_stack_paint(void);
unsigned long bench_stack_used(void); /* bytes since bench_stack_paint(); 0 where it is not measured */

int bench_main(int argc, char **argv);

#endif
