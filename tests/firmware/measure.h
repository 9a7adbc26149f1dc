/* What a client takes, measured inside: stacks, the RTOS's heap, static memory, wake-ups. */
#ifndef MEASURE_H
#define MEASURE_H

/* When the client's task is made and has not run: the heap that is free now is the mark to compare with. */
void measure_heap(void);

/* When it has registered: from here on, wake-ups, context switches and allocations are counted. Only the first call counts. */
void measure_begin(void);

/* The radio is off, and on again: what woke the task in between is a line `slept`, and only one thing may have. */
void measure_sleep(void);
void measure_awake(void);

/* Prints it all, one `name value…` a line. To be called by the client's task, when all of its memory is given back. */
void measure_report(void);

/* How many things were found that must not be: memory not given back, a stack nearly used up, a
 * sleep that was disturbed. */
int measure_failures(void);

#endif /* MEASURE_H */
