/*
 * A security backend of the test: a record is an 's' before the plaintext, a handshake is "hello" and "welcome".
 * Header only; for a test that includes it once.
 */
#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

#include "fake_storage.h"

static struct {
    uint32_t can;
    int32_t starting; /* what start answers */
    int32_t feeding;  /* what feed answers to the next datagram, if it is not 0 */
    int started, stepped, loaded, fenced, ended;
    uint32_t how; /* of the last end */
    int established, resumed;
    int32_t alert;
    uint64_t sequence, deadline;
    uint16_t overhead;
    whimbrel_session_t setup; /* numbers only: what it points to is gone */
    char identity[32], server_key[32], secret_key[32], name[32];
    uint16_t suites[4];
} backend;

static int64_t wall_clock_s;

static void keep(char *out, const void *bytes, size_t length)
{
    CHECK(length < 32);
    memcpy(out, bytes, length);
    out[length] = '\0';
}

static uint32_t capabilities(void *context)
{
    CHECK(context == &backend);
    return backend.can;
}
static int32_t start(void *context, uint8_t session, const whimbrel_session_t *setup)
{
    (void)context;
    EQUAL(0, session);
    EQUAL(sizeof *setup, setup->size);
    backend.setup = *setup;
    keep(backend.identity, setup->identity, setup->identity_length);
    keep(backend.server_key, setup->server_key, setup->server_key_length);
    keep(backend.secret_key, setup->secret_key, setup->secret_key_length);
    keep(backend.name, setup->name, setup->name_length);
    CHECK(setup->ciphersuite_count <= 4);
    for (size_t i = 0; i < setup->ciphersuite_count && i < 4; i++)
        backend.suites[i] = setup->ciphersuites[i];
    backend.started++;
    backend.established = backend.resumed = 0;
    backend.deadline = bench.now;
    return backend.starting;
}
static int32_t step(void *context, uint8_t session, uint64_t now_ms, const whimbrel_outlet_t *outlet)
{
    (void)context, (void)session;
    EQUAL(bench.now, now_ms);
    backend.stepped++;
    backend.deadline = now_ms + backend.setup.first_timeout_ms;
    return outlet->send(outlet->context, (const uint8_t *)"hello", 5);
}
static int32_t feed(void *context, uint8_t session, uint64_t now_ms, const uint8_t *datagram, size_t size,
                    uint8_t *plain, size_t room, const whimbrel_outlet_t *outlet)
{
    const int32_t feeding = backend.feeding;
    (void)context, (void)session, (void)now_ms, (void)outlet;
    if (size == 0) return 0;
    backend.feeding = 0;
    if (feeding != 0) return feeding;
    if (size == 7 && memcmp(datagram, "welcome", 7) == 0) {
        backend.established = 1;
        backend.deadline = UINT64_MAX;
        return 0;
    }
    if (datagram[0] != 's') return 0;
    CHECK(size - 1 <= room);
    memmove(plain, datagram + 1, size - 1);
    return (int32_t)size - 1;
}
static int32_t write_record(void *context, uint8_t session, uint64_t now_ms, const uint8_t *plain,
                            size_t size, const whimbrel_outlet_t *outlet)
{
    uint8_t record[BENCH_SIZE];
    (void)context, (void)session, (void)now_ms;
    CHECK(backend.established);
    record[0] = 's';
    memcpy(record + 1, plain, size);
    backend.sequence++;
    return outlet->send(outlet->context, record, size + 1);
}
static void state(void *context, uint8_t session, whimbrel_session_state_t *out)
{
    (void)context, (void)session;
    out->deadline_ms = backend.deadline;
    out->sequence = backend.sequence;
    out->alert = backend.alert;
    out->ciphersuite = 0xc0a8;
    out->overhead = backend.overhead;
    out->established = (uint8_t)backend.established;
    out->resumed = (uint8_t)backend.resumed;
    out->connection_id = 1;
    out->savable = (uint8_t)backend.established;
}
static int32_t save(void *context, uint8_t session, uint8_t *buffer, size_t size)
{
    (void)context, (void)session;
    CHECK(size >= 4);
    memcpy(buffer, "keys", 4);
    return 4;
}
static int32_t load(void *context, uint8_t session, const whimbrel_session_t *setup, const uint8_t *data,
                    size_t size, uint64_t sequence)
{
    (void)context, (void)session, (void)setup;
    EQUAL(4, size);
    CHECK(memcmp(data, "keys", 4) == 0);
    CHECK(sequence > backend.sequence);
    backend.sequence = sequence;
    backend.established = backend.resumed = 1;
    backend.loaded++;
    return WHIMBREL_OK;
}
static void fence(void *context, uint8_t session)
{
    (void)context, (void)session;
    backend.fenced++;
}
static void end(void *context, uint8_t session, uint64_t now_ms, uint32_t how,
                const whimbrel_outlet_t *outlet)
{
    (void)context, (void)session, (void)now_ms, (void)outlet;
    backend.established = 0;
    backend.how = how;
    backend.ended++;
}

static const whimbrel_security_t table = {
    .size = sizeof table,
    .context = &backend,
    .capabilities = capabilities,
    .start = start,
    .step = step,
    .feed = feed,
    .write = write_record,
    .state = state,
    .save = save,
    .load = load,
    .fence = fence,
    .end = end,
};

static int64_t wall_clock(void *context)
{
    CHECK(context == &bench);
    return wall_clock_s;
}

#endif /* FAKE_BACKEND_H */
