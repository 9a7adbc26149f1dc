/*
 * The backend against itself with PSK: handshakes on good and bad wires, retransmission times, records, resumption,
 * saving, closing, what an attacker can and cannot do, and memory. Virtual time, one process, no socket.
 */
#include "pair.h"

static const char identity[] = "urn:dev:ops:32473-whimbrel-1", key[] = "sixteen bytes !!";

static whimbrel_session_t psk(int serves)
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

static void start_both(struct pair *pair, const whimbrel_session_t *client, const whimbrel_session_t *server)
{
    EQUAL(WHIMBREL_OK, start_side(pair, CLIENT, client));
    EQUAL(WHIMBREL_OK, start_side(pair, SERVER, server));
}

static void establish(struct pair *pair)
{
    const whimbrel_session_t client = psk(0), server = psk(1);
    start_both(pair, &client, &server);
    run(pair, pair->now_ms + 60000);
    EQUAL(1, state_of(&pair->side[CLIENT]).established);
    EQUAL(1, state_of(&pair->side[SERVER]).established);
}

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

int main(void)
{
    each_suite();
    (void)establish;
    return verdict("mbedtls loopback");
}
