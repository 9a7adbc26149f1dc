/* More is named, so more is linked; and something from libc. */
#include "whimbrel.h"

#include <stdlib.h>

uint8_t client_memory[128];

static uint8_t answer[16];

int main(int argc, char **argv)
{
    const whimbrel_object_t object = { .size = sizeof object,
                                       .id = (uint16_t)strtoul(argv[argc - 1], NULL, 10) };
    const int32_t status = whimbrel_object_add((whimbrel_client_t *)(void *)client_memory, &object, NULL);
    return (int)status + (int)whimbrel_packet(&whimbrel_format_text, client_memory, sizeof client_memory,
                                              answer, sizeof answer);
}
