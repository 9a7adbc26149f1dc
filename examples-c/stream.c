/*
 * Values larger than memory: an Opaque that a server writes in blocks and the application takes chunk by chunk, and
 * one that it reads in blocks. Neither is ever assembled. End the input (Ctrl-D) to leave.
 *
 * usage: stream coap://HOST:PORT
 */
#include "whimbrel.h"
#include "whimbrel_posix.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- What is written: here only counted and summed up; a device would write it to flash */

static int32_t received;
static int32_t checksum;

static int32_t take_chunk(void *context, whimbrel_call_t *call)
{
    const uint8_t *data;
    size_t length, offset;
    int32_t last;
    int32_t status = whimbrel_value_bytes(call, &data, &length);

    (void)context;
    if (status == WHIMBREL_OK) status = whimbrel_value_part(call, &offset, &last);
    if (status != WHIMBREL_OK) return status;
    if (offset == 0) received = checksum = 0; /* a server may begin anew at any time */
    for (size_t i = 0; i < length; i++)
        checksum = (checksum * 31 + data[i]) & 0xffffff;
    received = (int32_t)(offset + length);
    printf("stream: %lu bytes at %lu%s\n", (unsigned long)length, (unsigned long)offset,
           last ? ", the last" : "");
    return WHIMBREL_OK;
}

/* ---- What is read: the log of a device, in flash. The engine shows each block a window of it. */

static uint8_t record[10000];

static int32_t give_record(void *context, whimbrel_call_t *call)
{
    (void)context;
    return whimbrel_reply_opaque(call, record, sizeof record);
}

/* A vendor's own object: the IDs from 32769 on are free for private use. */
static const whimbrel_resource_t resources[] = {
    {
        .id = 0,
        .data_type = WHIMBREL_OPAQUE,
        .operations = WHIMBREL_WRITE,
        .flags = WHIMBREL_STREAM,
        .write = take_chunk,
    },
    { .id = 1, .data_type = WHIMBREL_INTEGER, .operations = WHIMBREL_READ, .value = &received },
    { .id = 2, .data_type = WHIMBREL_INTEGER, .operations = WHIMBREL_READ, .value = &checksum },
    { .id = 3, .data_type = WHIMBREL_OPAQUE, .operations = WHIMBREL_READ, .read = give_record },
};
static const whimbrel_object_t transfer = {
    .size = sizeof transfer,
    .id = 32800,
    .resource_count = 4,
    .resources = resources,
};

/* ---- The client */

static void show(void *context, const whimbrel_event_t *event)
{
    if (event->code == WHIMBREL_EVENT_STOPPED) *(int *)context = 1;
}

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "stream: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

static const whimbrel_format_t *const formats[] = {
    &whimbrel_format_tlv,
    &whimbrel_format_opaque,
    &whimbrel_format_text,
};
static const whimbrel_feature_t *const features[] = { &whimbrel_transfers };

int main(int argc, char **argv)
{
    static uint64_t memory[640]; /* 5 KiB: half of what is transferred */
    /* The datagram decides how large a block can be. */
    const whimbrel_limits_t limits = { .size = sizeof limits, .datagram = 600 };
    int stopped = 0;
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "whimbrel-stream",
        .limits = &limits,
        .formats = formats,
        .format_count = 3,
        .features = features,
        .feature_count = 1,
        .event = show,
        .event_context = &stopped,
    };
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = argc > 1 ? argv[1] : "coap://127.0.0.1",
        .short_server_id = 1,
        .lifetime_s = 300,
    };
    whimbrel_posix_t *posix;
    whimbrel_client_t *client;
    uint64_t next_ms;
    int32_t status;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof record; i++)
        record[i] = (uint8_t)(i % 251);
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_client_init(memory, sizeof memory, &config, whimbrel_posix_port(posix), &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_object_add(client, &transfer, NULL);
    if (status < 0) return fail("object 32800", status);
    status = whimbrel_account_add(client, &account);
    if (status < 0) return fail(account.uri, status);

    while (!stopped) {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        if (stopped || whimbrel_posix_wait(posix, next_ms, feof(stdin) ? -1 : 0) != 1) continue;
        if (getchar() == EOF) whimbrel_client_stop(client);
    }
    whimbrel_client_end(client);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
