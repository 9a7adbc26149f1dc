/*
 * What others may send, and what the caller may run out of: replayed, reflected, forged and mutilated datagrams, alerts,
 * closing, records that do not fit, memory.
 */
#include "pair.h"

/* A plaintext alert of epoch 0: fatal, handshake_failure. */
static const uint8_t forged_alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40 };

static void open_established(struct pair *pair, uint32_t seed)
{
    open_pair(pair, seed);
    establish(pair);
    talks(pair, CLIENT, "hello");
    talks(pair, SERVER, "hello to you");
}

static void shut(struct pair *pair)
{
    end_pair(pair, 0);
    close_pair(pair);
}

/* Epoch 0 is over for an open session, whatever it says. */
static void alerts(void)
{
    struct pair pair;
    const whimbrel_session_t client = psk(0);
    open_established(&pair, 31);
    for (int who = 0; who < 2; who++) {
        EQUAL(0, deliver(&pair.side[who], forged_alert, sizeof forged_alert));
        EQUAL(1, state_of(&pair.side[who]).established);
        EQUAL(-1, state_of(&pair.side[who]).alert);
    }
    talks(&pair, CLIENT, "still here");
    talks(&pair, SERVER, "so am I");
    shut(&pair);

    /* during the handshake it cannot be told from a true one */
    open_pair(&pair, 32);
    EQUAL(WHIMBREL_OK, start_side(&pair, CLIENT, &client));
    EQUAL(WHIMBREL_OK, step_side(&pair.side[CLIENT]));
    EQUAL(WHIMBREL_ERR_CLOSED, deliver(&pair.side[CLIENT], forged_alert, sizeof forged_alert));
    EQUAL(40, state_of(&pair.side[CLIENT]).alert);
    shut(&pair);
}

static void closing(void)
{
    for (int who = 0; who < 2; who++) {
        struct pair pair;
        struct side *other;
        open_established(&pair, 33);
        other = &pair.side[!who];
        end_side(&pair, who, WHIMBREL_END_NOTIFY);
        run(&pair, pair.now_ms + 1000);
        EQUAL(WHIMBREL_ERR_CLOSED, other->status);
        EQUAL(0, state_of(other).alert);
        EQUAL(0, state_of(other).established);
        EQUAL(WHIMBREL_ERR_CLOSED, say(&pair, !who, "anybody?", 8));
        EQUAL(WHIMBREL_ERR_CLOSED, step_side(other));
        shut(&pair);

        open_established(&pair, 34);
        pair.side[who].sent_count = 0;
        end_side(&pair, who, 0);
        EQUAL(0, pair.side[who].sent_count);
        shut(&pair);
    }
}

static void replayed_and_reflected(void)
{
    struct flying from_server, from_client;
    struct pair pair;
    open_established(&pair, 35);
    from_server = pair.side[SERVER].last;
    from_client = pair.side[CLIENT].last;
    pair.side[CLIENT].plain_count = pair.side[SERVER].plain_count = 0;
    for (int i = 0; i < 3; i++) {
        EQUAL(0, deliver(&pair.side[CLIENT], from_server.bytes, from_server.size));
        EQUAL(0, deliver(&pair.side[SERVER], from_client.bytes, from_client.size));
        EQUAL(0, deliver(&pair.side[CLIENT], from_client.bytes, from_client.size));
        EQUAL(0, deliver(&pair.side[SERVER], from_server.bytes, from_server.size));
    }
    EQUAL(0, pair.side[CLIENT].plain_count);
    EQUAL(0, pair.side[SERVER].plain_count);
    talks(&pair, CLIENT, "still here");
    talks(&pair, SERVER, "so am I");
    shut(&pair);
}

/* Something that is no record that was ever sent: random, mutilated, or with the look of a handshake. */
static size_t garbage(struct pair *pair, const struct flying *model, uint8_t *bytes)
{
    size_t size = model->size;
    memcpy(bytes, model->bytes, size);
    switch (chance(pair) % 4) {
    case 0:
        size = chance(pair) % 1500;
        pair_random(pair, bytes, size);
        return size;
    case 1:
        return size == 0 ? 0 : chance(pair) % size;
    case 2: /* epoch 0, a handshake or anything; a length that is right */
        size = 13 + chance(pair) % 60;
        pair_random(pair, bytes, size);
        memcpy(bytes, "\x16\xfe\xfd\0\0\0\0\0\0", 9);
        bytes[0] = (uint8_t)(20 + chance(pair) % 7);
        bytes[11] = 0;
        bytes[12] = (uint8_t)(size - 13);
        return size;
    default:
        if (size == 0) return 0;
        for (uint32_t flips = 1 + chance(pair) % 4, i = 0; i < flips; i++)
            bytes[chance(pair) % size] ^= (uint8_t)(1 + chance(pair) % 255);
        return memcmp(bytes, model->bytes, size) == 0 ? size - 1 : size;
    }
}

static void garbage_for_open_sessions(void)
{
    uint8_t bytes[LARGEST];
    struct pair pair;
    open_established(&pair, 36);
    pair.side[CLIENT].plain_count = pair.side[SERVER].plain_count = 0;
    for (int i = 0; i < 40000; i++) {
        const int who = i % 2;
        const struct flying model = pair.side[(i >> 1) % 2].last;
        EQUAL(0, deliver(&pair.side[who], bytes, garbage(&pair, &model, bytes)));
        pair.side[who].last.size = model.size;
    }
    EQUAL(0, pair.side[CLIENT].plain_count);
    EQUAL(0, pair.side[SERVER].plain_count);
    pair.side[CLIENT].flying_count = pair.side[SERVER].flying_count = 0;
    talks(&pair, CLIENT, "still here");
    talks(&pair, SERVER, "so am I");
    shut(&pair);
}

/* Malformed records in every state of the handshake: headers that are none, handshake messages shorter than their header or
 * than they say, wrong versions, epochs to come. */
static void noise_in_the_handshake(void)
{
    static const struct {
        size_t size;
        uint8_t bytes[40];
    } noise[] = {
        { 1, { 0 } },
        { 12, { 22, 0xfe, 0xfd } },
        { 13, { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0 } },
        { 16, { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 2, 0, 3, 2, 0, 0 } },
        { 25, { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 3, 0, 12, 2, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 9 } },
        { 25, { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 4, 0, 12, 2, 0, 0, 1, 0, 0, 0, 0, 5, 0, 0, 1 } },
        { 25, { 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 5, 0, 12, 2, 0, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0 } },
        { 18, { 22, 3, 3, 0, 0, 0, 0, 0, 0, 1, 6, 0, 5, 1, 2, 3, 4, 5 } },
        { 15, { 23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 7, 0, 2, 1, 2 } },
        { 15, { 23, 0xfe, 0xfd, 0, 7, 0, 0, 0, 0, 1, 8, 0, 2, 1, 2 } },
        { 15, { 20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 9, 0, 2, 1, 2 } },
        { 16, { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 2, 0, 0, 3, 2, 40, 0 } },
        { 15, { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 2, 1, 0, 2, 1, 90 } },
        { 15, { 99, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 2, 2, 0, 2, 1, 2 } },
    };
    const whimbrel_session_t client = psk(0), server = psk(1);
    for (size_t kind = 0; kind < sizeof noise / sizeof *noise; kind++) {
        struct pair pair;
        open_pair(&pair, 37);
        start_both(&pair, &client, &server);
        for (int turn = 0; turn < 12; turn++) {
            EQUAL(0, deliver(&pair.side[CLIENT], noise[kind].bytes, noise[kind].size));
            settle(&pair);
            EQUAL(0, deliver(&pair.side[SERVER], noise[kind].bytes, noise[kind].size));
            pair.now_ms++;
            settle(&pair);
        }
        run(&pair, pair.now_ms + 100000);
        EQUAL(1, state_of(&pair.side[CLIENT]).established);
        EQUAL(1, state_of(&pair.side[SERVER]).established);
        if (!state_of(&pair.side[CLIENT]).established)
            fprintf(stderr, "noise %zu: %d %d\n", kind, (int)pair.side[CLIENT].status,
                    (int)pair.side[SERVER].status);
        shut(&pair);
    }
}

static void sizes(void)
{
    static uint8_t large[LARGEST];
    struct pair pair;
    struct flying one, two;
    struct side *client = &pair.side[CLIENT], *server = &pair.side[SERVER];
    const whimbrel_security_t *s;
    uint8_t both[LARGEST], tiny[4] = { 0 };
    int room;

    open_established(&pair, 38);
    s = client->security;
    room = 1280 - state_of(client).overhead;
    server->largest = server->plain_count = client->sent_count = 0;
    EQUAL(WHIMBREL_ERR_TOO_LARGE, say(&pair, CLIENT, large, 1280));
    EQUAL(0, client->sent_count);
    EQUAL(WHIMBREL_OK, say(&pair, CLIENT, large, (size_t)room));
    CHECK(client->last.size <= 1280);
    run(&pair, pair.now_ms + 10);
    EQUAL(room, server->plain_size);

    pair.side[SERVER].sent_count = 0;
    EQUAL(WHIMBREL_OK, say(&pair, SERVER, "1234567", 7));
    one = server->last;
    EQUAL(WHIMBREL_OK, say(&pair, SERVER, "abc", 3));
    two = server->last;
    client->flying_count = 0;
    /* what does not fit is lost, the beginning is there, and the next record is not mixed up with it */
    EQUAL(WHIMBREL_ERR_TRUNCATED,
          s->feed(s->context, 0, pair.now_ms, one.bytes, one.size, tiny, sizeof tiny, &client->outlet));
    CHECK(memcmp(tiny, "1234", 4) == 0);
    EQUAL(0, s->feed(s->context, 0, pair.now_ms, NULL, 0, tiny, sizeof tiny, &client->outlet));
    EQUAL(3, s->feed(s->context, 0, pair.now_ms, two.bytes, two.size, tiny, sizeof tiny, &client->outlet));
    CHECK(memcmp(tiny, "abc", 3) == 0);

    /* two records in a datagram, the second half of it garbage, into the memory that it came in */
    EQUAL(WHIMBREL_OK, say(&pair, SERVER, "first", 5));
    one = server->last;
    EQUAL(WHIMBREL_OK, say(&pair, SERVER, "second", 6));
    two = server->last;
    client->flying_count = 0;
    memcpy(both, one.bytes, one.size);
    memcpy(both + one.size, two.bytes, two.size);
    memset(both + one.size + two.size, 0x55, 20);
    EQUAL(5, s->feed(s->context, 0, pair.now_ms, both, one.size + two.size + 20, both, sizeof both,
                     &client->outlet));
    CHECK(memcmp(both, "first", 5) == 0);
    EQUAL(6, s->feed(s->context, 0, pair.now_ms, NULL, 0, both, sizeof both, &client->outlet));
    CHECK(memcmp(both, "second", 6) == 0);
    EQUAL(0, s->feed(s->context, 0, pair.now_ms, NULL, 0, both, sizeof both, &client->outlet));

    /* longer than the library can hold: dropped */
    EQUAL(0, deliver(client, large, sizeof large));
    talks(&pair, SERVER, "still here");
    shut(&pair);
}

/* Memory that ends at every allocation of a handshake in turn: the session is over with its own error, nothing leaks. */
static void without_memory(void)
{
    int failed = 0, succeeded = 0, obscure = 0;
    for (long left = 0; left < 200; left++) {
        const whimbrel_session_t client = psk(0), server = psk(1);
        struct pair pair;
        int32_t status;
        open_pair(&pair, 39);
        pair.side[CLIENT].allowance = left;
        status = start_side(&pair, CLIENT, &client);
        EQUAL(WHIMBREL_OK, start_side(&pair, SERVER, &server));
        if (status == 0) {
            run(&pair, pair.now_ms + 100000);
            status = pair.side[CLIENT].status;
        }
        if (status == 0)
            succeeded++;
        else
            failed++;
        /* Mbed TLS tells of two or three as of a Finished that does not fit */
        CHECK(status == 0 || status == WHIMBREL_ERR_FULL || status == WHIMBREL_ERR_HANDSHAKE);
        shut(&pair);
    }
    printf("handshakes: %d with too few allocations, %d with enough\n", failed, succeeded);
    CHECK(failed > 10);
    CHECK(succeeded > 10);
    CHECK(obscure <= 3);
}

/* A block of the caller, too small and large enough. */
static void in_a_block(void)
{
    static uint64_t block[8192];
    static const size_t sizes_of_it[] = { 4000, 30000, 65536 };
    for (int i = 0; i < 3; i++) {
        whimbrel_port_t port = { .size = sizeof port };
        struct pair pair = { .seed = 40 };
        const whimbrel_mbedtls_config_t config = {
            .size = sizeof config,
            .port = &port,
            .memory = block,
            .memory_size = sizes_of_it[i],
            .sessions = 8,
        };
        whimbrel_mbedtls_t *backend;
        const whimbrel_session_t setup = psk(0);
        int started = 0;
        port.context = &pair;
        port.random = pair_random;
        if (i == 0) {
            EQUAL(WHIMBREL_ERR_FULL, whimbrel_mbedtls_open(&config, &backend));
            CHECK(backend == NULL);
            continue;
        }
        EQUAL(WHIMBREL_OK, whimbrel_mbedtls_open(&config, &backend));
        for (uint8_t number = 0; number < 8; number++) {
            const whimbrel_security_t *s = whimbrel_mbedtls_security(backend);
            const int32_t status = s->start(s->context, number, &setup);
            if (status == 0)
                started++;
            else
                EQUAL(WHIMBREL_ERR_FULL, status);
        }
        printf("sessions that start in a block of %zu bytes: %d of 8\n", sizes_of_it[i], started);
        CHECK(started == (i == 1 ? 1 : 4));
        whimbrel_mbedtls_close(backend);
    }
}

int main(void)
{
    alerts();
    closing();
    replayed_and_reflected();
    garbage_for_open_sessions();
    noise_in_the_handshake();
    sizes();
    without_memory();
    in_a_block();
    return verdict("mbedtls hostile");
}
