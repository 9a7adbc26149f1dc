/* Rows that show that the runner counts: one that does right and one that does each thing it must catch. */
#include "../../../../benches/harness/harness.h"
#include "whimbrel.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t request[] = { 0x44, 1, 0, 0, 1, 2, 3, 4, 0xB1, 0x33, 1, 0x30, 0x62, 0x2D, 0x16 };
static uint8_t datagram[sizeof request];
static uint8_t answer[16];
static size_t answered;

static int start(void)
{
    return 0;
}

static void receive(unsigned n)
{
    memcpy(datagram, request, sizeof request);
    datagram[3] = (uint8_t)n;
}

static void read_device(unsigned n)
{
    receive(n);
    answered =
        (size_t)whimbrel_packet(&whimbrel_format_text, datagram, sizeof datagram, answer, sizeof answer);
}

static void read_wastefully(unsigned n)
{
    volatile uint8_t deep[512];
#ifndef __arm__ /* no allocator there */
    void *volatile memory = malloc(n + 1);
    free(memory);
#endif
    deep[0] = (uint8_t)n;
    read_device(deep[0]);
}

static size_t length(void)
{
    return answered;
}

static size_t nothing(void)
{
    return 0;
}

const struct bench_row bench_rows[] = {
    { "read_3_0_tlv", start, read_device, receive, length },
    { "register", start, read_wastefully, receive, length },
    { "notify_3_0_9", start, read_device, receive, nothing },
    { NULL, NULL, NULL, NULL, NULL },
};
