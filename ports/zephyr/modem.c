/* The line of a modem that speaks AT: bytes from it into the engine's whimbrel_modem_t, and out again. */
#include "base.h"

/* So many pieces are read at a time, that the client gets its turn. */
#define READS 8
/* When a line that takes no more is tried again, should it not tell. */
#define FULL_MS 100

/* Lines carry keys, those of the card's files and PINs. */
static void wipe(uint8_t *bytes, size_t size)
{
    volatile uint8_t *byte = bytes;
    while (size-- > 0)
        *byte++ = 0;
}

void line_forget(struct line *line)
{
    wipe(line->out, sizeof line->out);
    line->at = line->length = 0;
}

static void take_news(struct line *line, uint64_t now, uint32_t news)
{
    if ((news & LINE_CLOSED) != 0) {
        line_forget(line);
        line->open = 0;
        (void)whimbrel_modem_line(line->modem, now, 0);
    }
    if ((news & LINE_OPENED) != 0 && !line->open) {
        line->open = line->opened = 1;
        (void)whimbrel_modem_line(line->modem, now, 1);
    }
}

/* Whether there may be more. */
static int take_input(struct line *line, uint64_t now)
{
    uint8_t bytes[64];
    int i;

    for (i = 0; i < READS; i++) {
        const int n = line->receive(line->pipe, bytes, sizeof bytes);
        if (n <= 0) return 0; /* that it has closed comes as news */
        (void)whimbrel_modem_input(line->modem, now, bytes, (size_t)n);
        wipe(bytes, (size_t)n);
    }
    return 1;
}

/* Whether the line takes no more now. */
static int give_output(struct line *line)
{
    for (;;) {
        int n;
        if (line->at == line->length) {
            int32_t more;
            line_forget(line);
            more = whimbrel_modem_output(line->modem, line->out, sizeof line->out);
            if (more <= 0) return 0;
            line->length = (size_t)more;
        }
        n = line->transmit(line->pipe, line->out + line->at, line->length - line->at);
        if (n <= 0) return 1;
        line->at += (size_t)n;
    }
}

uint64_t line_serve(struct line *line, uint64_t now, uint32_t news)
{
    whimbrel_modem_state_t state = { .size = sizeof state };
    int more = 0, full = 0, ask, fresh;

    take_news(line, now, news);
    if (line->open) more = take_input(line, now);
    (void)whimbrel_modem_poll(line->modem, now, &line->due);
    if (line->open) full = give_output(line);
    if (more) line->due = now;
    if (full && line->due > now + FULL_MS) line->due = now + FULL_MS;
    (void)whimbrel_modem_state(line->modem, &state);
    ask = state.card == WHIMBREL_MODEM_CARD_ASK;
    fresh = state.received != line->shown || (ask && !line->card_shown) || (line->asked && line->opened);
    line->shown = state.received;
    line->card_shown = ask;
    if (line->opened) line->asked = 0;
    return fresh ? 0 : line->due;
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
    line->card_shown = 0;
    return whimbrel_modem_transmit(line->modem, command, command_length, response, room, length);
}
