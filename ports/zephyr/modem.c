/* The line of a modem that speaks AT: it opens and closes when it likes. */
#include "base.h"

static void take_news(struct line *line, uint64_t now, uint32_t news)
{
    if ((news & LINE_CLOSED) != 0) {
        line->open = 0;
        (void)whimbrel_modem_line(line->modem, now, 0);
    }
    if ((news & LINE_OPENED) != 0 && !line->open) {
        line->open = line->opened = 1;
        (void)whimbrel_modem_line(line->modem, now, 1);
    }
}

/* That a pipe has closed comes as news: until then nothing moves. */
static int32_t line_receive(void *context, uint8_t *buffer, size_t size)
{
    const struct line *line = (const struct line *)context;
    const int n = line->open ? line->receive(line->pipe, buffer, size) : 0;
    return n < 0 ? 0 : n;
}

static int32_t line_send(void *context, const uint8_t *bytes, size_t size)
{
    const struct line *line = (const struct line *)context;
    const int n = line->open ? line->transmit(line->pipe, bytes, size) : 0;
    return n < 0 ? 0 : n;
}

uint64_t line_serve(struct line *line, uint64_t now, uint32_t news)
{
    const whimbrel_line_t both = { sizeof both, line, line_receive, line_send };
    uint64_t next = UINT64_MAX;

    take_news(line, now, news);
    (void)whimbrel_modem_serve(line->modem, now, &both, &next);
    if (line->asked && line->opened) {
        line->asked = 0;
        next = now;
    }
    return next;
}

int32_t line_sms_send(void *context, const uint8_t *tpdu, size_t size)
{
    return whimbrel_modem_send(((struct line *)context)->modem, tpdu, size);
}

int32_t line_sms_receive(void *context, uint8_t *buffer, size_t size)
{
    return whimbrel_modem_receive(((struct line *)context)->modem, buffer, size);
}

int32_t line_transmit(void *context, const uint8_t *command, size_t command_length, uint8_t *response,
                      size_t room, size_t *length)
{
    struct line *line = (struct line *)context;

    /* A line that is still being opened is no card that fails, which would be tried again after a long pause only. */
    line->asked = !line->opened && command_length > 0;
    *length = 0;
    if (line->asked) return WHIMBREL_PENDING;
    return whimbrel_modem_transmit(line->modem, command, command_length, response, room, length);
}
