/*
 * Runs one bench row: `bench ROW N step|stub`. The caller (scripts/bench.py) counts instructions for two values of N
 * and takes the difference, so that start, painting and printing cancel. Prints the rest as one line of JSON.
 */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

static const struct bench_row *find(const char *name)
{
    const struct bench_row *row = bench_rows;
    while (row->name != NULL && strcmp(row->name, name) != 0) {
        row++;
    }
    return row->name != NULL ? row : NULL;
}

/* Appends `"key": value` without printf, which would be most of the image and allocates. */
static char *append(char *at, const char *key, unsigned long value)
{
    char digits[24];
    size_t count = 0;
    at = strcpy(at, key) + strlen(key);
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0) {
        *at++ = digits[--count];
    }
    *at = '\0';
    return at;
}

int bench_main(int argc, char **argv)
{
    char line[160];
    char *at = line;
    const struct bench_row *row = argc == 4 ? find(argv[1]) : NULL;
    if (row == NULL) {
        return 2;
    }
    const unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
    void (*const work)(unsigned) = strcmp(argv[3], "stub") == 0 ? row->stub : row->step;
    if (row->start() != 0) {
        return 3;
    }

    const unsigned long heap_before = bench_heap_calls();
    for (unsigned n = 0; n < count; n++) {
        work(n);
    }
    const unsigned long heap_calls = bench_heap_calls() - heap_before;

    bench_stack_paint();
    work(count);
    const unsigned long stack_bytes = bench_stack_used();
    if (work == row->step && row->response_bytes() == 0) {
        return 4;
    }

    at = append(at, "{\"heap_calls\": ", heap_calls);
    at = append(at, ", \"stack_bytes\": ", stack_bytes);
    at = append(at, ", \"response_bytes\": ", (unsigned long)row->response_bytes());
    strcpy(at, "}\n");
    bench_print(line);
    return 0;
}
