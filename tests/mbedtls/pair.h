/*
 * What the tests of ports/mbedtls share: checks that count, an allocator that counts and can fail, and two backends,
 * client and server, joined by a wire in virtual time that loses, repeats and reorders. No sockets, no waiting.
 */
#ifndef PAIR_H
#define PAIR_H

#include "../c/checks.h"
#include "internal.h"
#include <string.h>

/* ---- An allocator that counts */

static struct {
    size_t now, peak;
    long blocks, left; /* how many allocations succeed from now on; -1: all */
} heap = { .left = -1 };

#define BLOCK_HEAD 16

static inline void *counted_calloc(size_t count, size_t size)
{
    unsigned char *block;
    if (heap.left == 0) return NULL;
    if (heap.left > 0) heap.left--;
    block = calloc(1, BLOCK_HEAD + count * size);
    if (block == NULL) return NULL;
    size *= count;
    memcpy(block, &size, sizeof size);
    heap.now += size;
    heap.blocks++;
    if (heap.now > heap.peak) heap.peak = heap.now;
    return block + BLOCK_HEAD;
}

static inline void counted_free(void *pointer)
{
    size_t size;
    if (pointer == NULL) return;
    memcpy(&size, (unsigned char *)pointer - BLOCK_HEAD, sizeof size);
    heap.now -= size;
    heap.blocks--;
    free((unsigned char *)pointer - BLOCK_HEAD);
}

/* ---- The wire */

enum { FLYING = 256, LARGEST = 2048, HISTORY = 64, SERVER = 1, CLIENT = 0 };

struct flying {
    uint64_t due_ms;
    size_t size;
    uint8_t bytes[LARGEST];
};

struct pair;

struct side {
    struct pair *pair;
    int who;
    whimbrel_mbedtls_t *backend;
    const whimbrel_security_t *security;
    whimbrel_outlet_t outlet;
    int32_t status; /* the first negative one, else 0 */
    int sent_count; /* datagrams that it sent, lost ones too */
    size_t sent_bytes, largest;
    uint64_t sent_ms[HISTORY];
    struct flying last;     /* what it sent last */
    uint8_t plain[LARGEST]; /* what it got last */
    int32_t plain_size, plain_count;
    struct flying *flying; /* towards it */
    int flying_count;
    size_t heap_now, heap_peak; /* of what it has allocated */
    long allowance;             /* how many allocations it has left; -1: all that it wants */
};

struct pair {
    uint64_t now_ms;
    uint32_t seed;
    int loss, repetition, delay; /* per cent, per cent, at most milliseconds */
    int cut;                     /* nothing arrives at the server */
    struct side side[2];
    whimbrel_port_t port;
};

static inline uint32_t chance(struct pair *pair)
{
    pair->seed ^= pair->seed << 13;
    pair->seed ^= pair->seed >> 17;
    pair->seed ^= pair->seed << 5;
    return pair->seed;
}

static inline void pair_random(void *context, uint8_t *buffer, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buffer[i] = (uint8_t)(chance(context) >> 11);
}

static inline void fly(struct side *to, const uint8_t *datagram, size_t size, uint64_t due_ms)
{
    struct flying *flying = &to->flying[to->flying_count];
    if (to->flying_count == FLYING) return;
    to->flying_count++;
    flying->due_ms = due_ms;
    flying->size = size;
    memcpy(flying->bytes, datagram, size);
}

static inline int32_t pair_send(void *context, const uint8_t *datagram, size_t size)
{
    struct side *from = context;
    struct pair *pair = from->pair;
    struct side *to = &pair->side[!from->who];
    if (size > LARGEST) return WHIMBREL_ERR_TOO_LARGE;
    if (from->sent_count < HISTORY) from->sent_ms[from->sent_count] = pair->now_ms;
    from->sent_count++;
    from->sent_bytes += size;
    if (size > from->largest) from->largest = size;
    from->last.size = size;
    memcpy(from->last.bytes, datagram, size);
    if (pair->cut && to->who == SERVER) return WHIMBREL_OK;
    for (int copies = 1 + ((int)(chance(pair) % 100) < pair->repetition); copies > 0; copies--) {
        const uint64_t delay = pair->delay ? chance(pair) % (unsigned)pair->delay : 1;
        if ((int)(chance(pair) % 100) >= pair->loss) fly(to, datagram, size, pair->now_ms + delay);
    }
    return WHIMBREL_OK;
}

/* Around each call into a side: what is allocated meanwhile is its own. */
static inline size_t enter_side(struct side *side)
{
    heap.left = side->allowance;
    heap.peak = heap.now;
    return heap.now;
}

static inline void leave_side(struct side *side, size_t before)
{
    const size_t peak = side->heap_now + heap.peak - before;
    side->allowance = heap.left;
    heap.left = -1;
    if (peak > side->heap_peak) side->heap_peak = peak;
    side->heap_now += heap.now - before;
}

static inline whimbrel_session_state_t state_of(const struct side *side)
{
    whimbrel_session_state_t state;
    side->security->state(side->security->context, 0, &state);
    return state;
}

static inline int32_t note(struct side *side, int32_t status)
{
    if (status < 0 && side->status == 0) side->status = status;
    return status;
}

/* One datagram into a side, and all that is in it out again. */
static inline int32_t deliver(struct side *side, const uint8_t *datagram, size_t size)
{
    const whimbrel_security_t *s = side->security;
    const size_t before = enter_side(side);
    int32_t got = s->feed(s->context, 0, side->pair->now_ms, datagram, size, side->plain, sizeof side->plain,
                          &side->outlet);
    for (int i = 0; got > 0 && i < 100; i++) {
        side->plain_size = got;
        side->plain_count++;
        got = s->feed(s->context, 0, side->pair->now_ms, NULL, 0, side->plain + got,
                      sizeof side->plain - (size_t)got, &side->outlet);
    }
    leave_side(side, before);
    return note(side, got);
}

static inline int arrive(struct side *side)
{
    static struct flying taken;
    int first = -1;
    for (int i = 0; i < side->flying_count; i++)
        if (side->flying[i].due_ms <= side->pair->now_ms &&
            (first < 0 || side->flying[i].due_ms < side->flying[first].due_ms))
            first = i;
    if (first < 0) return 0;
    taken = side->flying[first];
    memmove(&side->flying[first], &side->flying[first + 1],
            sizeof taken * (size_t)(side->flying_count - first - 1));
    side->flying_count--;
    if (side->status == 0) deliver(side, taken.bytes, taken.size);
    return 1;
}

static inline int32_t step_side(struct side *side)
{
    const whimbrel_security_t *s = side->security;
    const size_t before = enter_side(side);
    const int32_t status = s->step(s->context, 0, side->pair->now_ms, &side->outlet);
    leave_side(side, before);
    return note(side, status);
}

/* Everything that is due now; then the time of what is next. */
static inline uint64_t settle(struct pair *pair)
{
    uint64_t next = UINT64_MAX;
    for (int who = 0; who < 2; who++) {
        struct side *side = &pair->side[who];
        while (arrive(side)) {
        }
        if (side->status == 0 && state_of(side).deadline_ms <= pair->now_ms) step_side(side);
    }
    for (int who = 0; who < 2; who++) {
        const struct side *side = &pair->side[who];
        if (side->status == 0 && state_of(side).deadline_ms < next) next = state_of(side).deadline_ms;
        for (int i = 0; i < side->flying_count; i++)
            if (side->flying[i].due_ms < next) next = side->flying[i].due_ms;
    }
    return next;
}

/* Goes on until nothing is due before `until_ms`. */
static inline void run(struct pair *pair, uint64_t until_ms)
{
    for (;;) {
        const uint64_t next = settle(pair);
        if (next > until_ms) break;
        if (next > pair->now_ms) pair->now_ms = next;
    }
    if (until_ms != UINT64_MAX) pair->now_ms = until_ms;
}

/* ---- Two backends */

static inline void open_side(struct pair *pair, int who, const whimbrel_mbedtls_config_t *more)
{
    struct side *side = &pair->side[who];
    whimbrel_mbedtls_config_t config = *more;
    config.size = sizeof config;
    config.port = &pair->port;
    if (config.memory == NULL) {
        config.allocate = counted_calloc;
        config.release = counted_free;
    }
    EQUAL(WHIMBREL_OK, whimbrel_mbedtls_open(&config, &side->backend));
    side->security = whimbrel_mbedtls_security(side->backend);
    side->pair = pair;
    side->who = who;
    side->outlet.context = side;
    side->outlet.send = pair_send;
    side->flying = calloc(FLYING, sizeof *side->flying);
    side->allowance = -1;
}

static inline void open_pair_with(struct pair *pair, uint32_t seed, const whimbrel_mbedtls_config_t *client)
{
    static const whimbrel_mbedtls_config_t plain = { 0 };
    memset(pair, 0, sizeof *pair);
    pair->seed = seed;
    pair->now_ms = 1000000;
    pair->port.size = sizeof pair->port;
    pair->port.context = pair;
    pair->port.random = pair_random;
    open_side(pair, CLIENT, client);
    open_side(pair, SERVER, &plain);
}

static inline void open_pair(struct pair *pair, uint32_t seed)
{
    static const whimbrel_mbedtls_config_t plain = { 0 };
    open_pair_with(pair, seed, &plain);
}

static inline void close_pair(struct pair *pair)
{
    for (int who = 0; who < 2; who++) {
        whimbrel_mbedtls_close(pair->side[who].backend);
        free(pair->side[who].flying);
    }
    EQUAL(0, heap.blocks);
    EQUAL(0, heap.now);
}

static inline int32_t start_side(struct pair *pair, int who, const whimbrel_session_t *setup)
{
    struct side *side = &pair->side[who];
    size_t before;
    int32_t status;
    side->status = 0;
    side->plain_size = side->plain_count = 0;
    side->sent_count = 0;
    side->sent_bytes = side->largest = 0;
    before = enter_side(side);
    status = side->security->start(side->security->context, 0, setup);
    leave_side(side, before);
    return status;
}

static inline void end_side(struct pair *pair, int who, uint32_t how)
{
    struct side *side = &pair->side[who];
    const size_t before = enter_side(side);
    side->security->end(side->security->context, 0, pair->now_ms, how, &side->outlet);
    leave_side(side, before);
}

static inline void end_pair(struct pair *pair, uint32_t how)
{
    end_side(pair, CLIENT, how);
    end_side(pair, SERVER, how);
    pair->side[CLIENT].flying_count = pair->side[SERVER].flying_count = 0;
}

static inline int32_t say(struct pair *pair, int who, const void *text, size_t size)
{
    struct side *side = &pair->side[who];
    const whimbrel_security_t *s = side->security;
    return s->write(s->context, 0, pair->now_ms, text, size, &side->outlet);
}

/* Whether what one says is what the other hears. */
static inline void talks(struct pair *pair, int who, const char *text)
{
    struct side *to = &pair->side[!who];
    const int before = to->plain_count;
    EQUAL(WHIMBREL_OK, say(pair, who, text, strlen(text)));
    run(pair, pair->now_ms + 1000);
    EQUAL(before + 1, to->plain_count);
    EQUAL(strlen(text), to->plain_size);
    CHECK(memcmp(to->plain, text, strlen(text)) == 0);
}

/* ---- With PSK */

static const char identity[] = "urn:dev:ops:32473-whimbrel-1", key[] = "sixteen bytes !!";

static inline whimbrel_session_t psk(int serves)
{
    const whimbrel_session_t setup = {
        .size = sizeof setup,
        .mode = WHIMBREL_PSK,
        .serves = (uint8_t)serves,
        .certificate_usage = WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE,
        .mtu = 1280,
        .first_timeout_ms = 1000,
        .longest_timeout_ms = 60000,
        .wall_clock_s = -1,
        .identity = (const uint8_t *)identity,
        .identity_length = sizeof identity - 1,
        .secret_key = (const uint8_t *)key,
        .secret_key_length = sizeof key - 1,
        .name = "localhost",
        .name_length = 9,
    };
    return setup;
}

static inline void start_both(struct pair *pair, const whimbrel_session_t *client,
                              const whimbrel_session_t *server)
{
    EQUAL(WHIMBREL_OK, start_side(pair, CLIENT, client));
    EQUAL(WHIMBREL_OK, start_side(pair, SERVER, server));
}

static inline void establish(struct pair *pair)
{
    const whimbrel_session_t client = psk(0), server = psk(1);
    start_both(pair, &client, &server);
    run(pair, pair->now_ms + 60000);
    EQUAL(1, state_of(&pair->side[CLIENT]).established);
    EQUAL(1, state_of(&pair->side[SERVER]).established);
}

/* The inside, for what only a server of another make would do. */
static inline struct session *inside(struct pair *pair, int who)
{
    return &pair->side[who].backend->sessions[0];
}

#endif
