/* The smallest client: what benches/size/minimal.c is for the engine. */
#include "whimbrel.h"

/* Its size is the client_ram row: what whimbrel_client_size() answers for this profile's limits. */
uint8_t client_memory[64];

static uint8_t answer[16];

int main(void)
{
    return (int)whimbrel_packet(&whimbrel_format_text, client_memory, sizeof client_memory, answer,
                                sizeof answer);
}
