/*
 * What the C tests share: checks that count, a platform in memory with a clock that the test sets, and just enough
 * CoAP to be the server. Header only; each test is a program of its own.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "checks.h"
#include "whimbrel.h"
#include <string.h>

/* ---- A platform in memory */

enum { BENCH_LINKS = 4, BENCH_QUEUE = 16, BENCH_SIZE = 1500, BENCH_EVENTS = 64 };

struct datagram {
    size_t length;
    uint8_t bytes[BENCH_SIZE];
};

struct bench {
    uint64_t now;
    uint32_t random;
    int32_t opening; /* what link_open answers */
    int32_t sending; /* what link_send answers */
    int32_t secure;  /* what link_open is to be told */
    char host[64];   /* what link_open was asked last */
    uint16_t port;
    int opened, closed, locked, woken;
    int sent_count;                     /* of all */
    struct datagram sent[BENCH_LINKS];  /* the last one of each link */
    struct datagram inbox[BENCH_LINKS]; /* at most one waits */
    int event_count;
    whimbrel_event_t events[BENCH_EVENTS];
    whimbrel_client_t *client; /* for those who call from inside */
};

static inline uint64_t bench_now(void *context)
{
    return ((struct bench *)context)->now;
}

/* A generator, so that a run can be repeated. */
static inline void bench_random(void *context, uint8_t *buffer, size_t size)
{
    struct bench *bench = (struct bench *)context;
    for (size_t i = 0; i < size; i++) {
        bench->random = bench->random * 1103515245u + 12345u;
        buffer[i] = (uint8_t)(bench->random >> 16);
    }
}

static inline int32_t bench_open(void *context, uint8_t link, const char *host, size_t host_length,
                                 uint16_t port, int32_t secure)
{
    struct bench *bench = (struct bench *)context;
    CHECK(link < BENCH_LINKS);
    CHECK(host_length < sizeof bench->host);
    EQUAL(bench->secure, secure);
    memcpy(bench->host, host, host_length);
    bench->host[host_length] = '\0';
    bench->port = port;
    bench->opened++;
    return bench->opening;
}

static inline int32_t bench_send(void *context, uint8_t link, const uint8_t *data, size_t size)
{
    struct bench *bench = (struct bench *)context;
    CHECK(size <= BENCH_SIZE);
    bench->sent[link].length = size;
    memcpy(bench->sent[link].bytes, data, size);
    bench->sent_count++;
    return bench->sending;
}

static inline int32_t bench_receive(void *context, uint8_t link, uint8_t *buffer, size_t size)
{
    struct datagram *waiting = &((struct bench *)context)->inbox[link];
    const size_t length = waiting->length;
    waiting->length = 0;
    memcpy(buffer, waiting->bytes, length < size ? length : size);
    return length <= size ? (int32_t)length : WHIMBREL_ERR_TRUNCATED;
}

static inline void bench_close(void *context, uint8_t link)
{
    (void)link;
    ((struct bench *)context)->closed++;
}

static inline uint32_t bench_lock(void *context)
{
    struct bench *bench = (struct bench *)context;
    EQUAL(0, bench->locked);
    bench->locked = 1;
    return 77;
}

static inline void bench_unlock(void *context, uint32_t state)
{
    struct bench *bench = (struct bench *)context;
    EQUAL(1, bench->locked);
    EQUAL(77, state);
    bench->locked = 0;
}

static inline void bench_wake(void *context)
{
    ((struct bench *)context)->woken++;
}

static inline void bench_event(void *context, const whimbrel_event_t *event)
{
    struct bench *bench = (struct bench *)context;
    if (bench->event_count < BENCH_EVENTS) bench->events[bench->event_count++] = *event;
}

static inline whimbrel_port_t bench_port(struct bench *bench)
{
    const whimbrel_port_t port = {
        .size = sizeof port,
        .context = bench,
        .now = bench_now,
        .random = bench_random,
        .link_open = bench_open,
        .link_send = bench_send,
        .link_receive = bench_receive,
        .link_close = bench_close,
        .lock = bench_lock,
        .unlock = bench_unlock,
        .wake = bench_wake,
    };
    return port;
}

/* The last event with that code, NULL if there was none. */
static inline const whimbrel_event_t *event_of(const struct bench *bench, uint16_t code)
{
    for (int i = bench->event_count; i-- > 0;)
        if (bench->events[i].code == code) return &bench->events[i];
    return NULL;
}

static inline void forget(struct bench *bench)
{
    bench->event_count = 0;
    bench->sent_count = 0;
    memset(bench->sent, 0, sizeof bench->sent);
}

static const whimbrel_format_t *const bench_formats[] = {
    &whimbrel_format_tlv,
    &whimbrel_format_text,
    &whimbrel_format_opaque,
};

static const whimbrel_feature_t *const bench_features[] = {
    &whimbrel_reporting,
    &whimbrel_transfers,
    &whimbrel_creation,
    &whimbrel_deferral,
};

static inline whimbrel_config_t bench_config(struct bench *bench)
{
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "bench",
        .formats = bench_formats,
        .format_count = 3,
        .features = bench_features,
        .feature_count = 4,
        .event = bench_event,
        .event_context = bench,
    };
    return config;
}

/* A client in exactly as much memory as it asks for; ended and freed by drop(). */
static inline whimbrel_client_t *make(struct bench *bench, const whimbrel_config_t *config)
{
    const whimbrel_port_t port = bench_port(bench);
    const size_t size = whimbrel_client_size(config->limits);
    void *memory = malloc(size);
    bench->client = NULL;
    EQUAL(WHIMBREL_OK, whimbrel_client_init(memory, size, config, &port, &bench->client));
    if (bench->client == NULL) exit(verdict("no client"));
    return bench->client;
}

static inline void drop(struct bench *bench)
{
    EQUAL(WHIMBREL_OK, whimbrel_client_end(bench->client));
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_client_end(bench->client));
    free(bench->client); /* the handle lies at the beginning of its memory */
    bench->client = NULL;
}

static inline int32_t add_server(struct bench *bench, uint16_t short_server_id)
{
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = "coap://server",
        .short_server_id = short_server_id,
        .lifetime_s = 300,
    };
    return whimbrel_account_add(bench->client, &account);
}

/* ---- The server's side */

/* Polls at a time later by `ms`, and tells when to call next. */
static inline uint64_t after(struct bench *bench, uint64_t ms)
{
    uint64_t next = 0;
    bench->now += ms;
    EQUAL(WHIMBREL_OK, whimbrel_client_poll(bench->client, &next));
    return next;
}

/* Answers the Confirmable request that the client sent last. */
static inline void answer(struct bench *bench, uint8_t link, uint8_t code)
{
    const uint8_t *asked = bench->sent[link].bytes;
    struct datagram *out = &bench->inbox[link];
    const size_t token = asked[0] & 15u;
    out->bytes[0] = (uint8_t)(0x60 | token);
    out->bytes[1] = code;
    memcpy(out->bytes + 2, asked + 2, 2 + token);
    out->length = 4 + token;
    if (code == 0x41) {
        out->bytes[out->length++] = 0x82; /* Location-Path: rd, 1 */
        memcpy(out->bytes + out->length,
               "rd\x01"
               "1",
               4);
        out->length += 4;
    }
    after(bench, 0);
}

/* A client that is registered with one server. */
static inline whimbrel_client_t *registered(struct bench *bench, const whimbrel_config_t *config)
{
    make(bench, config);
    EQUAL(WHIMBREL_OK, add_server(bench, 1));
    after(bench, 0);
    answer(bench, 0, 0x41);
    EQUAL(1, whimbrel_account_registered(bench->client, 1));
    forget(bench);
    return bench->client;
}

static inline void put_option(struct datagram *out, uint16_t *last, uint16_t number, const void *value,
                              size_t length)
{
    const uint16_t delta = (uint16_t)(number - *last);
    uint8_t *head = &out->bytes[out->length++];
    *head = (uint8_t)((delta < 13 ? delta : 13) << 4 | (length < 13 ? length : 13));
    if (delta >= 13) out->bytes[out->length++] = (uint8_t)(delta - 13);
    if (length >= 13) out->bytes[out->length++] = (uint8_t)(length - 13);
    memcpy(out->bytes + out->length, value, length);
    out->length += length;
    *last = number;
}

/* Everything between two bytes of a text as options of their own. */
static inline void put_parts(struct datagram *out, uint16_t *last, uint16_t number, const char *text,
                             char between)
{
    while (*text != '\0') {
        const char *end = strchr(text, between);
        const size_t length = end == NULL ? strlen(text) : (size_t)(end - text);
        put_option(out, last, number, text, length);
        text += length + (end != NULL);
    }
}

/* What a request can have beside method, path and payload; -1 for none. */
struct extras {
    int observe, format, accept, block1;
};
static const struct extras plain = { -1, -1, -1, -1 };

/* One Confirmable request by link 0: `path` as "3/0/0?pmin=1". Returns the code of the answer, 0 for none. */
static inline int ask_with(struct bench *bench, uint8_t method, const char *path, const void *payload,
                           size_t length, struct extras extras)
{
    static uint16_t id = 1;
    struct datagram *out = &bench->inbox[0];
    char resource[64];
    const char *query = strchr(path, '?');
    const int numbers[] = { extras.accept, extras.block1 };
    const uint16_t options[] = { 17, 27 };
    uint16_t last = 0;

    id++;
    out->bytes[0] = 0x42;
    out->bytes[1] = method;
    out->bytes[2] = out->bytes[4] = (uint8_t)(id >> 8);
    out->bytes[3] = out->bytes[5] = (uint8_t)id;
    out->length = 6;
    snprintf(resource, sizeof resource, "%.*s", query ? (int)(query - path) : (int)strlen(path), path);
    if (extras.observe >= 0) put_option(out, &last, 6, extras.observe ? "\1" : "", extras.observe ? 1 : 0);
    put_parts(out, &last, 11, resource, '/');
    if (extras.format >= 0) {
        const uint8_t format[2] = { (uint8_t)(extras.format >> 8), (uint8_t)extras.format };
        put_option(out, &last, 12, extras.format ? format : (const uint8_t *)"", extras.format ? 2 : 0);
    }
    if (query != NULL) put_parts(out, &last, 15, query + 1, '&');
    for (int i = 0; i < 2; i++) {
        const uint8_t number[2] = { (uint8_t)(numbers[i] >> 8), (uint8_t)numbers[i] };
        if (numbers[i] >= 0) put_option(out, &last, options[i], number, numbers[i] ? 2 : 0);
    }
    if (length != 0) {
        out->bytes[out->length++] = 0xff;
        memcpy(out->bytes + out->length, payload, length);
        out->length += length;
    }
    bench->sent[0].length = 0;
    after(bench, 0);
    return bench->sent[0].length >= 2 ? bench->sent[0].bytes[1] : 0;
}

static inline int ask(struct bench *bench, uint8_t method, const char *path, const char *text)
{
    struct extras extras = plain;
    if (*text != '\0') extras.format = 0;
    if (method == 1) extras.accept = 0;
    return ask_with(bench, method, path, text, strlen(text), extras);
}

enum { GET = 1, POST, PUT, DELETE };
enum {
    CHANGED = 0x44,
    CONTENT = 0x45,
    BAD_REQUEST = 0x80,
    NOT_FOUND = 0x84,
    TOO_LARGE = 0x8d,
    INTERNAL = 0xa0
};

/* Whether the last datagram of a link holds these bytes. */
static inline int says(const struct bench *bench, uint8_t link, const char *text)
{
    const struct datagram *sent = &bench->sent[link];
    const size_t length = strlen(text);
    for (size_t i = 0; i + length <= sent->length; i++)
        if (memcmp(sent->bytes + i, text, length) == 0) return 1;
    return 0;
}

/* Whether a Read as text is answered with exactly this. */
static inline int reads(struct bench *bench, const char *path, const char *text)
{
    const struct datagram *sent = &bench->sent[0];
    const size_t length = strlen(text);
    if (ask(bench, GET, path, "") != CONTENT || sent->length < length + 1) return 0;
    return (length == 0 || sent->bytes[sent->length - length - 1] == 0xff) &&
           memcmp(sent->bytes + sent->length - length, text, length) == 0;
}

#endif /* HARNESS_H */
