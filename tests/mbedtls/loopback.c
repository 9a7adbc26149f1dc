/*
 * The backend against itself with PSK: handshakes on good and bad wires, retransmission times, records, resumption,
 * saving, closing, what an attacker can and cannot do, and memory. Virtual time, one process, no socket.
 */
#include "pair.h"
#include <mbedtls/ssl_cache.h>

static void each_suite(void)
{
    /* by how much a record of each is longer: header 13, explicit nonce 8, tag (RFC 6655, RFC 5487, RFC 5288); of CBC
     * (RFC 7366): header 13, IV 16, MAC 32 and 1 to 16 of padding */
    static const struct {
        uint16_t suite;
        int overhead;
    } suites[] = { { 0xc0a8, 29 }, { 0xc0a4, 37 }, { 0x00a8, 37 }, { 0x00ae, 77 } };

    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        struct pair pair;
        whimbrel_session_t client = psk(0), server = psk(1);
        whimbrel_session_state_t state;
        client.ciphersuites = &suites[i].suite;
        client.ciphersuite_count = 1;
        open_pair(&pair, 1);
        start_both(&pair, &client, &server);
        run(&pair, pair.now_ms + 60000);
        state = state_of(&pair.side[CLIENT]);
        EQUAL(1, state.established);
        EQUAL(suites[i].suite, state.ciphersuite);
        EQUAL(0, state.resumed);
        EQUAL(-1, state.alert);
        EQUAL(0, state.connection_id);
        CHECK(state.overhead == suites[i].overhead || state.overhead == suites[i].overhead + 1);
        EQUAL(UINT64_MAX, state.deadline_ms);
        EQUAL(1, state.sequence); /* Finished was 0 */
        talks(&pair, CLIENT, "hello");
        CHECK(pair.side[CLIENT].last.size <= 5u + state.overhead);
        talks(&pair, SERVER, "and hello to you");
        EQUAL(2, state_of(&pair.side[CLIENT]).sequence);
        EQUAL(suites[i].suite != 0x00ae, state_of(&pair.side[CLIENT]).savable);
        EQUAL(suites[i].suite != 0x00ae, state_of(&pair.side[SERVER]).savable);
        end_pair(&pair, WHIMBREL_END_FORGET);
        close_pair(&pair);
    }
}

static void defaults(void)
{
    struct pair pair;
    open_pair(&pair, 2);
    EQUAL(WHIMBREL_CAN_PSK | WHIMBREL_CAN_CERTIFICATE | WHIMBREL_CAN_CONNECTION_ID | WHIMBREL_CAN_RESUME |
              WHIMBREL_CAN_SAVE | WHIMBREL_CAN_SERVE,
          pair.side[CLIENT].security->capabilities(pair.side[CLIENT].security->context));
    establish(&pair);
    EQUAL(0xc0a8, state_of(&pair.side[CLIENT]).ciphersuite);
    printf("PSK handshake: client %d datagrams %zu bytes, server %d datagrams %zu bytes\n",
           pair.side[CLIENT].sent_count, pair.side[CLIENT].sent_bytes, pair.side[SERVER].sent_count,
           pair.side[SERVER].sent_bytes);
    printf("PSK heap of the client: peak %zu, steady %zu, of it the table %zu\n", pair.side[CLIENT].heap_peak,
           pair.side[CLIENT].heap_now, sizeof(struct session));
    end_pair(&pair, 0);
    close_pair(&pair);
}

/* What start refuses, and that nothing is left of it. */
static void refused(int32_t expected, whimbrel_session_t setup)
{
    struct pair pair;
    open_pair(&pair, 3);
    EQUAL(expected, start_side(&pair, CLIENT, &setup));
    EQUAL(WHIMBREL_ERR_STATE, step_side(&pair.side[CLIENT]));
    setup = psk(0);
    EQUAL(WHIMBREL_OK, start_side(&pair, CLIENT, &setup));
    EQUAL(WHIMBREL_ERR_STATE, start_side(&pair, CLIENT, &setup));
    EQUAL(WHIMBREL_ERR_STATE, say(&pair, CLIENT, "early", 5));
    EQUAL(0, state_of(&pair.side[CLIENT]).deadline_ms);
    EQUAL(0, pair.side[CLIENT].sent_count);
    end_pair(&pair, 0);
    close_pair(&pair);
}

static void misuse(void)
{
    static const uint8_t long_key[129] = { 1 };
    static const uint16_t unknown[] = { 0x1301, 0xc0ae, 0x002f };
    whimbrel_session_t setup = psk(0);

    setup.secret_key_length = 0;
    refused(WHIMBREL_ERR_CREDENTIALS, setup);
    setup = psk(0);
    setup.secret_key = long_key;
    setup.secret_key_length = sizeof long_key;
    refused(WHIMBREL_ERR_CREDENTIALS, setup);
    setup = psk(0);
    setup.identity_length = 0;
    refused(WHIMBREL_ERR_CREDENTIALS, setup);
    setup = psk(0);
    setup.mode = WHIMBREL_RAW_PUBLIC_KEY;
    refused(WHIMBREL_ERR_SECURITY_MODE, setup);
    setup.mode = WHIMBREL_NOSEC;
    refused(WHIMBREL_ERR_SECURITY_MODE, setup);
    setup = psk(0);
    setup.ciphersuites = unknown; /* of TLS 1.3, of certificates, of RSA */
    setup.ciphersuite_count = 3;
    refused(WHIMBREL_ERR_CIPHERSUITE, setup);
    setup.ciphersuite_count = 0;
    refused(WHIMBREL_ERR_CIPHERSUITE, setup);
    setup = psk(0);
    setup.size--;
    refused(WHIMBREL_ERR_ARGUMENT, setup);
}

/* The longest key, the shortest, identities of every length that the Security object must allow. */
static void credentials(void)
{
    static uint8_t bytes[128] = { 'k' };
    for (size_t size = 1; size <= sizeof bytes; size += size < 8 ? 1 : 24) {
        struct pair pair;
        whimbrel_session_t client = psk(0), server = psk(1);
        client.secret_key = server.secret_key = client.identity = server.identity = bytes;
        client.secret_key_length = server.secret_key_length = size;
        client.identity_length = server.identity_length = size;
        open_pair(&pair, 4);
        start_both(&pair, &client, &server);
        run(&pair, pair.now_ms + 60000);
        talks(&pair, CLIENT, "hello");
        end_pair(&pair, 0);
        close_pair(&pair);
    }
}

static void strangers(void)
{
    for (int wrong_key = 0; wrong_key < 2; wrong_key++) {
        struct pair pair;
        whimbrel_session_t client = psk(0), server = psk(1);
        if (wrong_key)
            client.secret_key_length--;
        else
            client.identity_length--;
        open_pair(&pair, 5);
        start_both(&pair, &client, &server);
        run(&pair, pair.now_ms + 200000);
        /* RFC 4279 section 2, RFC 5246 section 7.2.2: unknown_psk_identity; bad_record_mac */
        EQUAL(WHIMBREL_ERR_HANDSHAKE, pair.side[SERVER].status);
        EQUAL(WHIMBREL_ERR_CLOSED, pair.side[CLIENT].status);
        EQUAL(wrong_key ? 20 : 115, state_of(&pair.side[CLIENT]).alert);
        EQUAL(0, state_of(&pair.side[CLIENT]).established);
        EQUAL(UINT64_MAX, state_of(&pair.side[CLIENT]).deadline_ms);
        EQUAL(WHIMBREL_ERR_CLOSED, step_side(&pair.side[CLIENT]));
        EQUAL(WHIMBREL_ERR_CLOSED, say(&pair, CLIENT, "x", 1));
        EQUAL(WHIMBREL_ERR_CLOSED, deliver(&pair.side[CLIENT], (const uint8_t *)"x", 1));
        end_pair(&pair, 0);
        close_pair(&pair);
    }
}

/* RFC 6347 section 4.2.4.1: the timer doubles; when the longest has passed it is over. */
static void nobody_answers(void)
{
    static const uint64_t at[] = { 0, 1000, 3000, 7000 };
    struct pair pair;
    whimbrel_session_t client = psk(0);
    uint64_t begin;
    client.longest_timeout_ms = 8000;
    open_pair(&pair, 6);
    begin = pair.now_ms;
    pair.cut = 1;
    EQUAL(WHIMBREL_OK, start_side(&pair, CLIENT, &client));
    run(&pair, begin + 14999);
    EQUAL(0, pair.side[CLIENT].status);
    EQUAL(begin + 15000, state_of(&pair.side[CLIENT]).deadline_ms);
    EQUAL(4, pair.side[CLIENT].sent_count);
    for (int i = 0; i < 4; i++)
        EQUAL(begin + at[i], pair.side[CLIENT].sent_ms[i]);
    pair.now_ms = begin + 15000;
    EQUAL(WHIMBREL_ERR_TIMEOUT, step_side(&pair.side[CLIENT]));
    EQUAL(WHIMBREL_ERR_TIMEOUT, step_side(&pair.side[CLIENT]));
    end_pair(&pair, 0);
    close_pair(&pair);
}

/* Polled long after the deadline, with the answer waiting: it counts. */
static void late(void)
{
    struct pair pair;
    whimbrel_session_t client = psk(0), server = psk(1);
    client.longest_timeout_ms = client.first_timeout_ms;
    open_pair(&pair, 7);
    start_both(&pair, &client, &server);
    for (int i = 0; i < 4; i++) { /* a turn is 900 s */
        settle(&pair);
        pair.now_ms += 900000;
        while (arrive(&pair.side[SERVER])) {
        }
        pair.now_ms += 1;
        while (arrive(&pair.side[CLIENT])) {
        }
    }
    EQUAL(0, pair.side[CLIENT].status);
    EQUAL(1, state_of(&pair.side[CLIENT]).established);
    end_pair(&pair, 0);
    close_pair(&pair);
}

/* 30 % lost, 20 % twice, in any order, and no datagram above the limit: 1280 bytes, and 140 as SMS has it. */
static void bad_wires(void)
{
    int established = 0;
    for (uint32_t seed = 1; seed <= 120; seed++) {
        struct pair pair;
        whimbrel_session_t client = psk(0), server = psk(1);
        client.mtu = server.mtu = seed % 2 ? 140 : 1280;
        open_pair(&pair, seed * 2654435761u);
        pair.loss = 30;
        pair.repetition = 20;
        pair.delay = 1500;
        start_both(&pair, &client, &server);
        run(&pair, pair.now_ms + 600000);
        CHECK(pair.side[CLIENT].largest <= client.mtu);
        CHECK(pair.side[SERVER].largest <= server.mtu);
        pair.loss = pair.repetition = pair.delay = 0;
        if (state_of(&pair.side[CLIENT]).established && state_of(&pair.side[SERVER]).established) {
            established++;
            talks(&pair, CLIENT, "through");
            talks(&pair, SERVER, "indeed");
        }
        end_pair(&pair, 0);
        close_pair(&pair);
    }
    printf("bad wires: %d of 120 handshakes\n", established);
    CHECK(established >=
          114); /* the rest ran out of its seven transmissions: 0.51 to the seventh, a flight, a turn */
}

static void resumption(void)
{
    struct pair pair;
    int full, abbreviated;
    const whimbrel_mbedtls_config_t config = { .psk_tickets = 1 };
    open_pair_with(&pair, 8, &config);
    establish(&pair);
    EQUAL(0, state_of(&pair.side[CLIENT]).resumed);
    full = pair.side[CLIENT].sent_count;
    printf("PSK with ticket: client %d datagrams %zu bytes, server %zu bytes\n", full,
           pair.side[CLIENT].sent_bytes, pair.side[SERVER].sent_bytes);
    talks(&pair, CLIENT, "first");
    end_pair(&pair, WHIMBREL_END_NOTIFY);
    establish(&pair);
    EQUAL(1, state_of(&pair.side[CLIENT]).resumed);
    EQUAL(1, state_of(&pair.side[SERVER]).resumed);
    abbreviated = pair.side[CLIENT].sent_count;
    printf("resumed by ticket: client %d datagrams %zu bytes, server %zu bytes\n", abbreviated,
           pair.side[CLIENT].sent_bytes, pair.side[SERVER].sent_bytes);
    CHECK(abbreviated <= full);
    /* who sent the last flight keeps it until the other is heard */
    EQUAL(0, state_of(&pair.side[CLIENT]).savable);
    talks(&pair, SERVER, "second");
    EQUAL(1, state_of(&pair.side[CLIENT]).savable);
    end_side(&pair, CLIENT, 0);
    end_side(&pair, SERVER, WHIMBREL_END_FORGET); /* a server that cannot read the ticket any more */
    establish(&pair);
    EQUAL(0, state_of(&pair.side[CLIENT]).resumed);
    EQUAL(0, state_of(&pair.side[SERVER]).resumed);
    end_pair(&pair, 0);
    establish(&pair);
    EQUAL(1, state_of(&pair.side[CLIENT]).resumed);
    end_side(&pair, CLIENT, WHIMBREL_END_FORGET);
    end_side(&pair, SERVER, 0);
    establish(&pair);
    EQUAL(0, state_of(&pair.side[CLIENT]).resumed);
    end_pair(&pair, 0);
    end_side(&pair, CLIENT, WHIMBREL_END_FORGET); /* of one that does not exist */
    establish(&pair);
    EQUAL(0, state_of(&pair.side[CLIENT]).resumed);
    end_pair(&pair, 0);
    close_pair(&pair);
}

/* Where a ClientHello with a ticket would not fit, none is offered. */
static void no_resumption_in_short_datagrams(void)
{
    const whimbrel_mbedtls_config_t config = { .psk_tickets = 1 };
    whimbrel_session_t client = psk(0);
    const whimbrel_session_t server = psk(1);
    struct pair pair;
    client.mtu = 140;
    open_pair_with(&pair, 12, &config);
    for (int turn = 0; turn < 2; turn++) {
        start_both(&pair, &client, &server);
        run(&pair, pair.now_ms + 60000);
        EQUAL(1, state_of(&pair.side[CLIENT]).established);
        EQUAL(0, state_of(&pair.side[CLIENT]).resumed);
        CHECK(pair.side[CLIENT].largest <= 140);
        end_pair(&pair, 0);
    }
    client.mtu = 1280; /* what was kept then is good now */
    start_both(&pair, &client, &server);
    run(&pair, pair.now_ms + 60000);
    EQUAL(1, state_of(&pair.side[CLIENT]).resumed);
    end_pair(&pair, 0);
    close_pair(&pair);
}

/* A server that remembers by session ID (RFC 5246 section 7.3), which ours does not: its library does. */
static void resumption_by_id(void)
{
    const whimbrel_session_t client = psk(0), server = psk(1);
    mbedtls_ssl_cache_context cache;
    struct pair pair;
    open_pair(&pair, 11);
    mbedtls_ssl_cache_init(&cache);
    for (int turn = 0; turn < 3; turn++) {
        start_both(&pair, &client, &server);
        mbedtls_ssl_conf_session_cache(&inside(&pair, SERVER)->config, &cache, mbedtls_ssl_cache_get,
                                       mbedtls_ssl_cache_set);
        run(&pair, pair.now_ms + 60000);
        EQUAL(turn != 0, state_of(&pair.side[CLIENT]).resumed);
        EQUAL(turn != 0, state_of(&pair.side[SERVER]).resumed);
        talks(&pair, CLIENT, "hello again");
        printf("by ID, turn %d: client %d datagrams %zu bytes, server %zu bytes\n", turn,
               pair.side[CLIENT].sent_count, pair.side[CLIENT].sent_bytes, pair.side[SERVER].sent_bytes);
        end_pair(&pair, WHIMBREL_END_NOTIFY);
    }
    mbedtls_ssl_cache_free(&cache);
    close_pair(&pair);
}

/* Other credentials, or other suites: nothing of the old session is used, not even by a server that knows the ticket. */
static void no_resumption_with_others(void)
{
    static const uint16_t other[] = { 0xc0a4 };
    const whimbrel_mbedtls_config_t config = { .psk_tickets = 1 };
    for (int what = 0; what < 3; what++) {
        struct pair pair;
        whimbrel_session_t client = psk(0), server = psk(1);
        open_pair_with(&pair, 9, &config);
        establish(&pair);
        end_pair(&pair, 0);
        if (what == 0) {
            client.identity_length--;
            server.identity_length--;
        } else if (what == 1) {
            client.secret_key_length--;
            server.secret_key_length--;
        } else {
            client.ciphersuites = other;
            client.ciphersuite_count = 1;
        }
        start_both(&pair, &client, &server);
        run(&pair, pair.now_ms + 60000);
        EQUAL(1, state_of(&pair.side[CLIENT]).established);
        EQUAL(0, state_of(&pair.side[CLIENT]).resumed);
        end_pair(&pair, 0);
        close_pair(&pair);
    }
}

/* Peers with a Connection ID: we have none, and put theirs into our records (RFC 9146 section 4). */
static void connection_id(void)
{
    static const unsigned char cid[] = { 0xc1, 0xc2, 0xc3, 0xc4 };
    for (uint8_t without = 0; without < 2; without++) {
        struct pair pair;
        const whimbrel_mbedtls_config_t config = { .no_connection_id = without };
        const whimbrel_session_t client = psk(0), server = psk(1);
        open_pair_with(&pair, 10, &config);
        start_both(&pair, &client, &server);
        EQUAL(0, mbedtls_ssl_conf_cid(&inside(&pair, SERVER)->config, sizeof cid,
                                      MBEDTLS_SSL_UNEXPECTED_CID_IGNORE));
        EQUAL(0, mbedtls_ssl_set_cid(&inside(&pair, SERVER)->ssl, MBEDTLS_SSL_CID_ENABLED, cid, sizeof cid));
        run(&pair, pair.now_ms + 60000);
        EQUAL(!without, state_of(&pair.side[CLIENT]).connection_id);
        EQUAL(0, state_of(&pair.side[SERVER]).connection_id);
        EQUAL(without ? 0 : WHIMBREL_CAN_CONNECTION_ID,
              pair.side[CLIENT].security->capabilities(pair.side[CLIENT].security->context) &
                  WHIMBREL_CAN_CONNECTION_ID);
        talks(&pair, CLIENT, "moved");
        /* 13 + 4 + 8 + ("moved" and its type, no padding) + 8 */
        EQUAL(without ? 34 : 39, pair.side[CLIENT].last.size);
        EQUAL(without ? 23 : 25, pair.side[CLIENT].last.bytes[0]);
        CHECK(without || memcmp(pair.side[CLIENT].last.bytes + 11, cid, sizeof cid) == 0);
        CHECK(pair.side[CLIENT].last.size <= 5u + state_of(&pair.side[CLIENT]).overhead);
        talks(&pair, SERVER, "good");
        EQUAL(23, pair.side[SERVER].last.bytes[0]);
        end_pair(&pair, 0);
        close_pair(&pair);
    }
}

int main(void)
{
    each_suite();
    defaults();
    misuse();
    credentials();
    strangers();
    nobody_answers();
    late();
    bad_wires();
    resumption();
    no_resumption_in_short_datagrams();
    resumption_by_id();
    no_resumption_with_others();
    connection_id();
    return verdict("mbedtls loopback");
}
