/*
 * The other side of the wire, as bytes of RFC 7252: one request at a time, each as soon as the one before is answered as
 * it should be. There are no losses in memory, so nothing is repeated.
 */
#include "server.h"
#include <string.h>

enum { HEADER = 4, LARGEST = 32, CONFIRMABLE = 0x40, ACKNOWLEDGEMENT = 0x60 };
enum { GET = 0x01, POST = 0x02, CREATED = 0x41, CHANGED = 0x44, CONTENT = 0x45 };

/* What is asked, with Uri-Path and Accept behind the header, and what must come: the code and the end of the payload. */
static const struct {
    uint8_t method;
    const char *options;
    uint8_t code;
    const char *end;
} steps[] = {
    { GET, "\xb1\x33\x01\x30\x01\x30\x60", CONTENT, "\xffWhimbrel" }, /* /3/0/0 as text */
    { GET, "\xb4\x33\x33\x30\x33\x01\x30\x04\x35\x37\x30\x30\x60", CONTENT,
      "\xff"
      "21.5" },                                        /* /3303/0/5700 as text */
    { POST, "\xb1\x33\x01\x30\x01\x34", CHANGED, "" }, /* /3/0/4 */
};
enum { STEPS = sizeof steps / sizeof *steps };

static uint8_t waiting[LARGEST];
static size_t length;
static size_t step;
static int registered, wrong;

static void put(const void *bytes, size_t size)
{
    memcpy(waiting + length, bytes, size);
    length += size;
}

/* The request of the current step: its number is its Message ID, and it has no token. */
static void ask(void)
{
    const uint8_t header[HEADER] = { CONFIRMABLE, steps[step].method, 0x10, (uint8_t)step };
    length = 0;
    put(header, sizeof header);
    put(steps[step].options, strlen(steps[step].options));
}

/* 2.01 with the request's Message ID and token, and where the registration is: /rd/1. */
static void accept_registration(const uint8_t *datagram)
{
    const size_t token = datagram[0] & 0x0f;
    const uint8_t header[HEADER] = { (uint8_t)(ACKNOWLEDGEMENT | token), CREATED, datagram[2], datagram[3] };
    length = 0;
    put(header, sizeof header);
    put(datagram + HEADER, token);
    put("\x82rd\x01\x31", 5);
    registered = 1;
}

static int is_answer(const uint8_t *datagram, size_t size)
{
    const size_t end = strlen(steps[step].end);
    return datagram[0] == ACKNOWLEDGEMENT && datagram[1] == steps[step].code && datagram[3] == step &&
           size >= HEADER + end && memcmp(datagram + size - end, steps[step].end, end) == 0;
}

void server_take(const uint8_t *datagram, size_t size)
{
    if (size < HEADER) {
        wrong = 1;
    } else if (!registered && (datagram[0] & 0xf0) == CONFIRMABLE && datagram[1] == POST &&
               size >= HEADER + (datagram[0] & 0x0fu)) {
        accept_registration(datagram);
    } else if (registered && step < STEPS && is_answer(datagram, size)) {
        step++;
        if (step < STEPS) ask();
    } else {
        wrong = 1;
    }
}

size_t server_give(uint8_t *buffer, size_t size)
{
    const size_t given = length;
    memcpy(buffer, waiting, given < size ? given : size);
    length = 0;
    if (given > 0 && step == 0 && waiting[1] == CREATED) ask(); /* the registration is answered: go on */
    return given;
}

int server_is_content(void)
{
    return step == STEPS && !wrong;
}

int server_is_offended(void)
{
    return wrong;
}
