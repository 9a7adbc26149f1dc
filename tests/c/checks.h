/* Checks that count, for tests that are programs of their own. A failed one is told and the test goes on. */
#ifndef CHECKS_H
#define CHECKS_H

#include <stdio.h>
#include <stdlib.h>

static int checks, failures;

#define CHECK(condition)        check(!!(condition), #condition, __FILE__, __LINE__)
#define EQUAL(expected, actual) equal((long long)(expected), (long long)(actual), #actual, __FILE__, __LINE__)

static inline void check(int holds, const char *what, const char *file, int line)
{
    checks++;
    if (holds) return;
    failures++;
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
}

static inline void equal(long long expected, long long actual, const char *what, const char *file, int line)
{
    checks++;
    if (expected == actual) return;
    failures++;
    fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, actual, expected);
}

static inline int verdict(const char *name)
{
    printf("%s: %d checks, %d failed\n", name, checks, failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif /* CHECKS_H */
