/* The calls of ports/at-modem that examples make, on whimbrel_zephyr_modem() and a pipe to the bench's modem. */
#ifndef WHIMBREL_AT_MODEM_H
#define WHIMBREL_AT_MODEM_H

#include "whimbrel_posix.h"

/** A modem, and the pipe to it. */
typedef struct whimbrel_at_modem_t {
    whimbrel_modem_t *engine;
    struct modem_pipe *pipe;
    uint64_t memory[1024];
} whimbrel_at_modem_t;

static whimbrel_at_modem_t at_modem;

static inline int32_t whimbrel_at_modem_open(const char *path, uint32_t baud,
                                             const whimbrel_modem_config_t *config,
                                             whimbrel_at_modem_t **modem)
{
    (void)baud;
    *modem = &at_modem;
    at_modem.pipe = fake_pipe(path, 48);
    return whimbrel_modem_init(at_modem.memory, sizeof at_modem.memory, config, &at_modem.engine);
}

/* whimbrel_posix_sms() does it all. */
#define whimbrel_at_modem_send     NULL
#define whimbrel_at_modem_receive  NULL
#define whimbrel_at_modem_transmit NULL
#undef whimbrel_posix_sms
#undef whimbrel_posix_card
#define whimbrel_posix_sms(posix, send, receive, modem) \
    whimbrel_zephyr_modem(posix, (modem)->engine, (modem)->pipe)
#define whimbrel_posix_card(posix, transmit, modem) ((void)(modem))

#define whimbrel_at_modem_fd(modem)     (-1)
#define whimbrel_at_modem_engine(modem) ((modem)->engine)
#define whimbrel_at_modem_close(modem)  ((void)(modem))

/* whimbrel_zephyr_wait() serves it. */
static inline int32_t whimbrel_at_modem_poll(whimbrel_at_modem_t *modem, uint64_t *next_ms)
{
    (void)modem;
    *next_ms = UINT64_MAX;
    return WHIMBREL_OK;
}

#endif
