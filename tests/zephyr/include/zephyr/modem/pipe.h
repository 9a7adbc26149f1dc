#ifndef FAKE_ZEPHYR_MODEM_PIPE_H
#define FAKE_ZEPHYR_MODEM_PIPE_H

#include <stddef.h>
#include <stdint.h>

enum modem_pipe_event {
    MODEM_PIPE_EVENT_OPENED = 0,
    MODEM_PIPE_EVENT_RECEIVE_READY,
    MODEM_PIPE_EVENT_TRANSMIT_IDLE,
    MODEM_PIPE_EVENT_CLOSED,
};
struct modem_pipe;
typedef void (*modem_pipe_api_callback)(struct modem_pipe *pipe, enum modem_pipe_event event, void *context);

int modem_pipe_open_async(struct modem_pipe *pipe);
void modem_pipe_attach(struct modem_pipe *pipe, modem_pipe_api_callback callback, void *context);
int modem_pipe_transmit(struct modem_pipe *pipe, const uint8_t *bytes, size_t size);
int modem_pipe_receive(struct modem_pipe *pipe, uint8_t *bytes, size_t size);
void modem_pipe_release(struct modem_pipe *pipe);

#endif
