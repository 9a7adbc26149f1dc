/* Between a line and the engine: bytes both ways, and a line that vanishes and comes back. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "line.h"
#include "whimbrel_at_modem.h"
#include "whimbrel_posix.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATH_SIZE 101
/* How long a device that is away is left alone, and a line that takes no more. */
#define AWAY_MS 1000
#define FULL_MS 20
/* How many pieces are read in one call at most, so that it ends even if a modem never stops to speak. */
#define READS 32

struct whimbrel_at_modem_t {
    char path[PATH_SIZE];
    uint32_t baud;
    int fd;          /* -1: away */
    int is_socket;   /* then a write must not raise SIGPIPE */
    uint64_t retry;  /* when to look for the device again */
    uint64_t due;    /* what the engine said last */
    int busy;        /* inside the engine, which may call the application */
    uint32_t shown;  /* how many messages the client was told of */
    int card_shown;  /* it was told that there is something about its APDU */
    uint8_t out[64]; /* what the line has not taken yet */
    size_t at, length;
    size_t size;              /* of the block */
    whimbrel_modem_t *engine; /* in the same block, behind this */
};

/* Where the engine's memory lies: aligned to 8 bytes as malloc() is. */
static void *behind(whimbrel_at_modem_t *modem)
{
    return (char *)modem + ((sizeof *modem + 7) & ~(size_t)7);
}

/* A PIN or an APDU with keys in it may have passed. */
static void wipe(uint8_t *bytes, size_t size)
{
    volatile uint8_t *at = bytes;
    while (size-- > 0)
        *at++ = 0;
}

/* The engine may hold an APDU in the middle of a reading, and a PIN. */
static void give_back(whimbrel_at_modem_t *modem)
{
    wipe((uint8_t *)modem, modem->size);
    free(modem);
}

static void line_lost(whimbrel_at_modem_t *modem, uint64_t now)
{
    close(modem->fd);
    modem->fd = -1;
    modem->at = modem->length = 0;
    wipe(modem->out, sizeof modem->out);
    modem->retry = now + AWAY_MS;
    whimbrel_modem_line(modem->engine, now, 0);
}

static void look_for_it(whimbrel_at_modem_t *modem, uint64_t now)
{
    if (modem->fd >= 0 || now < modem->retry) return;
    modem->fd = at_line_open(modem->path, modem->baud);
    modem->retry = now + AWAY_MS;
    if (modem->fd >= 0) whimbrel_modem_line(modem->engine, now, 1);
}

/* Whether there is more to be read. */
static int take_input(whimbrel_at_modem_t *modem, uint64_t now)
{
    uint8_t bytes[256];
    int i;

    for (i = 0; i < READS && modem->fd >= 0; i++) {
        const ssize_t n = read(modem->fd, bytes, sizeof bytes);
        if (n > 0) {
            whimbrel_modem_input(modem->engine, now, bytes, (size_t)n);
            wipe(bytes, (size_t)n);
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
            return 0;
        } else {
            line_lost(modem, now); /* 0 is the end, EIO a device that was pulled out */
            return 0;
        }
    }
    return modem->fd >= 0;
}

/* Whether the line takes no more now. */
static int give_output(whimbrel_at_modem_t *modem, uint64_t now)
{
    while (modem->fd >= 0) {
        ssize_t n;
        if (modem->at == modem->length) {
            int32_t more;
            wipe(modem->out, modem->length);
            modem->at = modem->length = 0;
            more = whimbrel_modem_output(modem->engine, modem->out, sizeof modem->out);
            if (more <= 0) return 0;
            modem->length = (size_t)more;
        }
        if (modem->is_socket) {
            n = send(modem->fd, modem->out + modem->at, modem->length - modem->at, MSG_NOSIGNAL);
        } else {
            n = write(modem->fd, modem->out + modem->at, modem->length - modem->at);
        }
        if (n > 0) {
            modem->at += (size_t)n;
        } else if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            line_lost(modem, now);
        } else {
            return 1;
        }
    }
    return 0;
}

static void pump(whimbrel_at_modem_t *modem)
{
    const uint64_t now = whimbrel_posix_now();
    int more, full;

    modem->busy = 1;
    look_for_it(modem, now);
    more = take_input(modem, now);
    whimbrel_modem_poll(modem->engine, now, &modem->due);
    full = give_output(modem, now);
    if (more) modem->due = now;
    if (full && modem->due > now + FULL_MS) modem->due = now + FULL_MS;
    if (modem->fd < 0) modem->due = modem->retry;
    modem->busy = 0;
}

int32_t whimbrel_at_modem_poll(whimbrel_at_modem_t *modem, uint64_t *next_ms)
{
    whimbrel_modem_state_t state;
    int ask, news;

    if (modem == NULL) return WHIMBREL_ERR_ARGUMENT;
    if (modem->busy) return WHIMBREL_ERR_REENTERED;
    pump(modem);
    state.size = sizeof state;
    whimbrel_modem_state(modem->engine, &state);
    ask = state.card == WHIMBREL_MODEM_CARD_ASK;
    news = state.received != modem->shown || (ask && !modem->card_shown);
    if (next_ms != NULL) *next_ms = news ? whimbrel_posix_now() : modem->due;
    modem->shown = state.received;
    modem->card_shown = ask;
    return WHIMBREL_OK;
}

int32_t whimbrel_at_modem_send(void *context, const uint8_t *tpdu, size_t size)
{
    whimbrel_at_modem_t *modem = (whimbrel_at_modem_t *)context;
    int32_t status;

    if (modem == NULL) return WHIMBREL_ERR_ARGUMENT;
    status = whimbrel_modem_send(modem->engine, tpdu, size);
    if (status == WHIMBREL_OK) pump(modem);
    return status;
}

int32_t whimbrel_at_modem_receive(void *context, uint8_t *buffer, size_t size)
{
    whimbrel_at_modem_t *modem = (whimbrel_at_modem_t *)context;
    int32_t status;

    if (modem == NULL) return WHIMBREL_ERR_ARGUMENT;
    status = whimbrel_modem_receive(modem->engine, buffer, size);
    if (status > 0) pump(modem); /* there is room for the next one */
    return status;
}

int32_t whimbrel_at_modem_transmit(void *context, const uint8_t *command, size_t command_length,
                                   uint8_t *response, size_t room, size_t *length)
{
    whimbrel_at_modem_t *modem = (whimbrel_at_modem_t *)context;
    int32_t status;

    if (modem == NULL) return WHIMBREL_ERR_ARGUMENT;
    if (modem->busy) return WHIMBREL_ERR_REENTERED;
    status = whimbrel_modem_transmit(modem->engine, command, command_length, response, room, length);
    modem->card_shown = 0;
    pump(modem); /* after an error too: channels are to be closed */
    return status;
}

int whimbrel_at_modem_fd(const whimbrel_at_modem_t *modem)
{
    return modem == NULL ? -1 : modem->fd;
}

whimbrel_modem_t *whimbrel_at_modem_engine(whimbrel_at_modem_t *modem)
{
    return modem == NULL ? NULL : modem->engine;
}

int32_t whimbrel_at_modem_open(const char *path, uint32_t baud, const whimbrel_modem_config_t *config,
                               whimbrel_at_modem_t **out)
{
    const size_t size = whimbrel_modem_size(config);
    const size_t block = ((sizeof(whimbrel_at_modem_t) + 7) & ~(size_t)7) + size;
    whimbrel_at_modem_t *modem;
    int32_t status;

    if (out == NULL) return WHIMBREL_ERR_ARGUMENT;
    *out = NULL;
    if (path == NULL || strlen(path) >= PATH_SIZE || size == 0) return WHIMBREL_ERR_ARGUMENT;
    if (!at_line_knows(baud)) return WHIMBREL_ERR_BAD_VALUE;
    modem = (whimbrel_at_modem_t *)calloc(1, block);
    if (modem == NULL) return WHIMBREL_ERR_FULL;
    modem->size = block;
    modem->fd = -1;
    modem->baud = baud;
    modem->is_socket = strncmp(path, "unix:", 5) == 0;
    memcpy(modem->path, path, strlen(path) + 1);
    status = whimbrel_modem_init(behind(modem), size, config, &modem->engine);
    if (status == WHIMBREL_OK) {
        modem->fd = at_line_open(path, baud);
        if (modem->fd < 0) status = WHIMBREL_ERR_LINK;
    }
    if (status != WHIMBREL_OK) {
        give_back(modem);
        return status;
    }
    *out = modem;
    return WHIMBREL_OK;
}

void whimbrel_at_modem_close(whimbrel_at_modem_t *modem)
{
    if (modem == NULL) return;
    if (modem->fd >= 0) close(modem->fd);
    give_back(modem);
}
