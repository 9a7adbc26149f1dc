/*
 * What stands around a sample that runs here: orders come by standard input, one a line, and flash is the file that
 * $FAKE_FLASH names. Linked to the sample, this needs no call of its own.
 *
 *   network 0|1       see fake_network()
 *   names MS          see fake_name_delay()
 *
 * $FAKE_NETWORK is 0 where there is no network yet.
 */
#define _GNU_SOURCE
#include "fake.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *obey(void *context)
{
    char line[64];
    int number;

    (void)context;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "network %d", &number) == 1) {
            fake_network(number);
        } else if (sscanf(line, "names %d", &number) == 1) {
            fake_name_delay(number);
        } else {
            _exit(2);
        }
        printf("board: %s", line);
        fflush(stdout);
    }
    _exit(3); /* the test is gone */
    return NULL;
}

__attribute__((constructor)) static void power_on(void)
{
    pthread_t thread;
    const char *network = getenv("FAKE_NETWORK");

    fake_flash(getenv("FAKE_FLASH"));
    fake_network(network == NULL || atoi(network) != 0);
    if (pthread_create(&thread, NULL, obey, NULL) != 0) abort();
    pthread_detach(thread);
}
