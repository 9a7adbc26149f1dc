/* Short messages, the smartcard, and a modem's AT line behind them: what needs nothing of Zephyr. Not for applications. */
#ifndef WHIMBREL_ZEPHYR_BASE_H
#define WHIMBREL_ZEPHYR_BASE_H

#include "whimbrel_zephyr.h"

/* What a platform begins with: the table for the client, and whom its messages and APDUs go on to. */
struct base {
    whimbrel_port_t port;
    whimbrel_zephyr_sms_send_t *sms_send;
    whimbrel_zephyr_sms_receive_t *sms_receive;
    void *sms_context;
    whimbrel_zephyr_transmit_t *transmit;
    void *transmit_context;
};

/* What the line has told since it was looked at, as bits. If both, it has closed and is open again. */
#define LINE_OPENED 1
#define LINE_CLOSED 2

/* A modem and its line, which both functions move bytes on: how many, 0 for none now, negative if the line is closed. */
struct line {
    whimbrel_modem_t *modem; /* NULL: none */
    void *pipe;
    int (*receive)(void *pipe, uint8_t *bytes, size_t size);
    int (*transmit)(void *pipe, const uint8_t *bytes, size_t size);
    int open;
    int opened; /* was open once */
    int asked;  /* the client wants to hear of that */
};

/* Moves what is to be moved, and tells when to do so next; now, if the client has something to take. `news` is LINE_… */
uint64_t line_serve(struct line *line, uint64_t now, uint32_t news);

/* For whimbrel_zephyr_sms() and whimbrel_zephyr_card(); `context` is a struct line, served by the next wait. */
int32_t line_sms_send(void *context, const uint8_t *tpdu, size_t size);
int32_t line_sms_receive(void *context, uint8_t *buffer, size_t size);
int32_t line_transmit(void *context, const uint8_t *command, size_t command_length, uint8_t *response,
                      size_t room, size_t *length);

#endif /* WHIMBREL_ZEPHYR_BASE_H */
