/* Between a line and the engine: a line that vanishes and comes back. */
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
/* How long a device that is away is left alone. */
#define AWAY_MS 1000

struct whimbrel_at_modem_t {
    char path[PATH_SIZE];
    uint32_t baud;
    int fd;                   /* -1: away */
    int is_socket;            /* then a write must not raise SIGPIPE */
    uint64_t retry;           /* when to look for the device again */
    size_t size;              /* of the block */
    whimbrel_modem_t *engine; /* in the same block, behind this */
};

/* Where the engine's memory lies: aligned to 8 bytes as malloc() is. */
static void *behind(whimbrel_at_modem_t *modem)
{
    return (char *)modem + ((sizeof *modem + 7) & ~(size_t)7);
}

/* The engine may hold an APDU in the middle of a reading, and a PIN. */
static void give_back(whimbrel_at_modem_t *modem)
{
    volatile uint8_t *at = (volatile uint8_t *)modem;
    size_t size = modem->size;
    while (size-- > 0)
        *at++ = 0;
    free(modem);
}

/* What a read or a write says, for whimbrel_line_t: 0 bytes read is the end, EIO a device that was pulled out. */
static int32_t moved(ssize_t n)
{
    if (n > 0) return (int32_t)n;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : -1;
}

static int32_t line_receive(void *context, uint8_t *buffer, size_t size)
{
    const whimbrel_at_modem_t *modem = (const whimbrel_at_modem_t *)context;
    return modem->fd < 0 ? 0 : moved(read(modem->fd, buffer, size));
}

static int32_t line_send(void *context, const uint8_t *bytes, size_t size)
{
    const whimbrel_at_modem_t *modem = (const whimbrel_at_modem_t *)context;
    return moved(modem->is_socket ? send(modem->fd, bytes, size, MSG_NOSIGNAL)
                                  : write(modem->fd, bytes, size));
}

static void look_for_it(whimbrel_at_modem_t *modem, uint64_t now)
{
    if (modem->fd >= 0 || now < modem->retry) return;
    modem->fd = at_line_open(modem->path, modem->baud);
    modem->retry = now + AWAY_MS;
    if (modem->fd >= 0) whimbrel_modem_line(modem->engine, now, 1);
}

int32_t whimbrel_at_modem_poll(whimbrel_at_modem_t *modem, uint64_t *next_ms)
{
    whimbrel_line_t line = { sizeof line, NULL, line_receive, line_send };
    const uint64_t now = whimbrel_posix_now();
    uint64_t next = now; /* after a line that is lost too: there may be news */
    int32_t status;

    if (modem == NULL) return WHIMBREL_ERR_ARGUMENT;
    line.context = modem;
    look_for_it(modem, now);
    status = whimbrel_modem_serve(modem->engine, now, &line, &next);
    if (status == WHIMBREL_ERR_LINK) {
        close(modem->fd);
        modem->fd = -1;
        modem->retry = now + AWAY_MS;
        status = WHIMBREL_OK;
    } else if (modem->fd < 0 && next > modem->retry) {
        next = modem->retry;
    }
    if (next_ms != NULL) *next_ms = next;
    return status;
}

int32_t whimbrel_at_modem_send(void *context, const uint8_t *tpdu, size_t size)
{
    return context == NULL ? WHIMBREL_ERR_ARGUMENT
                           : whimbrel_modem_send(((whimbrel_at_modem_t *)context)->engine, tpdu, size);
}

int32_t whimbrel_at_modem_receive(void *context, uint8_t *buffer, size_t size)
{
    return context == NULL ? WHIMBREL_ERR_ARGUMENT
                           : whimbrel_modem_receive(((whimbrel_at_modem_t *)context)->engine, buffer, size);
}

int32_t whimbrel_at_modem_transmit(void *context, const uint8_t *command, size_t command_length,
                                   uint8_t *response, size_t room, size_t *length)
{
    if (context == NULL) return WHIMBREL_ERR_ARGUMENT;
    return whimbrel_modem_transmit(((whimbrel_at_modem_t *)context)->engine, command, command_length,
                                   response, room, length);
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
