/* What a client takes, measured inside: stacks, the RTOS's heap, static memory, wake-ups. */
#ifndef MEASURE_H
#define MEASURE_H

/* Before the client is made: the heap that is free now is the mark to compare with. */
void measure_heap(void);

/* When it has registered: from here on, wake-ups, context switches and allocations are counted. Only the first call counts. */
void measure_begin(void);

/* Prints it all, one `name value…` a line. To be called by the client's task, when all of its memory is given back. */
void measure_report(void);

/* How many things were found that must not be: memory not given back, a stack nearly used up. */
int measure_failures(void);

#endif /* MEASURE_H */
