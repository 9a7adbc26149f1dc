/*
 * What ports/at-modem gives back to the heap: nothing of an APDU or of anything else, however the modem ends. The port is a
 * part of this program, so that its blocks can be looked at when they are freed.
 */
#define _XOPEN_SOURCE 700
/* first, because it asks the system for more than POSIX has */
#include "../../ports/at-modem/line.c"

#include "checks.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint8_t *block;
static size_t block_size;
static unsigned freed;

static void *seen_calloc(size_t count, size_t size)
{
    void *const memory = calloc(count, size);
    block = (const uint8_t *)memory;
    block_size = count * size;
    return memory;
}

/* Whether anything is left in the block. */
static int is_used(void)
{
    size_t i;
    for (i = 0; i < block_size; i++)
        if (block[i] != 0) return 1;
    return 0;
}

static int contains(const uint8_t *bytes, size_t length)
{
    size_t i;
    for (i = 0; i + length <= block_size; i++)
        if (memcmp(block + i, bytes, length) == 0) return 1;
    return 0;
}

static void seen_free(void *memory)
{
    CHECK(memory == (const void *)block);
    CHECK(!is_used());
    free(memory);
    freed++;
}

#define calloc seen_calloc
#define free   seen_free
#include "../../ports/at-modem/at_modem.c"
#undef calloc
#undef free

static void in_the_middle_of_a_reading(void)
{
    static const uint8_t verify[] = {
        0x01, 0x20, 0x00, 0x01, 0x08, '9', '7', '5', '3', 0xff, 0xff, 0xff, 0xff
    };
    const whimbrel_modem_config_t config = { .size = sizeof config,
                                             .pin = "2468",
                                             .card = &whimbrel_modem_card_generic };
    const int line = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    whimbrel_at_modem_t *modem;
    uint8_t response[258];
    size_t length;

    CHECK(line >= 0);
    EQUAL(0, grantpt(line));
    EQUAL(0, unlockpt(line));
    EQUAL(WHIMBREL_OK, whimbrel_at_modem_open(ptsname(line), 115200, &config, &modem));
    EQUAL(WHIMBREL_PENDING,
          whimbrel_at_modem_transmit(modem, verify, sizeof verify, response, sizeof response, &length));
    CHECK(contains(verify, sizeof verify));
    whimbrel_at_modem_close(modem);
    EQUAL(1, freed);
    close(line);
}

static void where_there_is_no_line(void)
{
    const whimbrel_modem_config_t config = { .size = sizeof config, .pin = "2468" };
    whimbrel_at_modem_t *modem;

    EQUAL(WHIMBREL_ERR_LINK, whimbrel_at_modem_open("/nowhere/at/all", 0, &config, &modem));
    EQUAL(2, freed);
}

int main(void)
{
    in_the_middle_of_a_reading();
    where_there_is_no_line();
    return verdict("at_wiped");
}
