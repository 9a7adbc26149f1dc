/*
 * Associations that outlive a power cut: save, load, record numbers that are never used twice, the replay window, and what
 * becomes of damaged data.
 */
#include "pair.h"

enum { ROOM = 1024 };

static int32_t save_side(struct pair *pair, int who, uint8_t *buffer, size_t size)
{
    const whimbrel_security_t *s = pair->side[who].security;
    return s->save(s->context, 0, buffer, size);
}

static int32_t load_side(struct pair *pair, int who, const uint8_t *data, size_t size, uint64_t sequence)
{
    const whimbrel_security_t *s = pair->side[who].security;
    const whimbrel_session_t setup = psk(who == SERVER);
    pair->side[who].status = 0;
    return s->load(s->context, 0, &setup, data, size, sequence);
}

/* The number in the record that a side sent last (RFC 6347 section 4.1), without its epoch, which is checked. */
static uint64_t record_number(const struct side *side)
{
    uint64_t number = 0;
    EQUAL(1, side->last.bytes[3] << 8 | side->last.bytes[4]);
    for (int i = 5; i < 11; i++)
        number = number << 8 | side->last.bytes[i];
    return number;
}

/* A power cut: the memory is gone, no word to the peer. */
static void cut_power(struct pair *pair, int who)
{
    end_side(pair, who, WHIMBREL_END_FORGET);
}

static void goes_on(void)
{
    uint8_t saved[ROOM];
    struct pair pair;
    int32_t size;
    open_pair(&pair, 21);
    establish(&pair);
    EQUAL(WHIMBREL_ERR_STATE,
          save_side(&pair, SERVER, saved, sizeof saved)); /* its last flight may be wanted again */
    talks(&pair, CLIENT, "one");
    EQUAL(1, state_of(&pair.side[SERVER]).savable);
    for (size_t room = 0; room < 150; room += 10)
        EQUAL(WHIMBREL_ERR_FULL, save_side(&pair, CLIENT, saved, room));
    size = save_side(&pair, CLIENT, saved, sizeof saved);
    CHECK(size > 150);
    printf("saved with PSK: %d bytes\n", (int)size);
    EQUAL(2, state_of(&pair.side[CLIENT]).sequence);
    talks(&pair, CLIENT, "two"); /* saving has changed nothing */
    EQUAL(2, record_number(&pair.side[CLIENT]));
    talks(&pair, SERVER, "three");
    cut_power(&pair, CLIENT);

    EQUAL(WHIMBREL_OK, load_side(&pair, CLIENT, saved, (size_t)size, 66));
    EQUAL(1, state_of(&pair.side[CLIENT]).established);
    EQUAL(1, state_of(&pair.side[CLIENT]).resumed);
    EQUAL(1, state_of(&pair.side[CLIENT]).savable);
    EQUAL(0xc0a8, state_of(&pair.side[CLIENT]).ciphersuite);
    EQUAL(66, state_of(&pair.side[CLIENT]).sequence);
    EQUAL(UINT64_MAX, state_of(&pair.side[CLIENT]).deadline_ms);
    talks(&pair, CLIENT, "four");
    EQUAL(66, record_number(&pair.side[CLIENT]));
    talks(&pair, SERVER, "five");
    size = save_side(&pair, CLIENT, saved, sizeof saved);
    cut_power(&pair, CLIENT);

    EQUAL(WHIMBREL_OK, load_side(&pair, CLIENT, saved, (size_t)size, 3)); /* what is saved is beyond */
    EQUAL(67, state_of(&pair.side[CLIENT]).sequence);
    talks(&pair, CLIENT, "six");
    EQUAL(67, record_number(&pair.side[CLIENT]));
    cut_power(&pair, CLIENT);
    EQUAL(WHIMBREL_OK, load_side(&pair, CLIENT, saved, (size_t)size, 0x123456789abc));
    talks(&pair, CLIENT, "seven");
    EQUAL(0x123456789abc, record_number(&pair.side[CLIENT]));
    end_pair(&pair, 0);
    close_pair(&pair);
}

/* With a Connection ID, and the other role. */
static void both_roles(void)
{
    static const unsigned char cid[] = { 0xc1, 0xc2 };
    const whimbrel_session_t client = psk(0), server = psk(1);
    uint8_t saved[2][ROOM];
    int32_t size[2];
    struct pair pair;
    open_pair(&pair, 22);
    start_both(&pair, &client, &server);
    EQUAL(0, mbedtls_ssl_conf_cid(&inside(&pair, SERVER)->config, sizeof cid,
                                  MBEDTLS_SSL_UNEXPECTED_CID_IGNORE));
    EQUAL(0, mbedtls_ssl_set_cid(&inside(&pair, SERVER)->ssl, MBEDTLS_SSL_CID_ENABLED, cid, sizeof cid));
    run(&pair, pair.now_ms + 60000);
    talks(&pair, CLIENT, "one");
    for (int who = 0; who < 2; who++) {
        size[who] = save_side(&pair, who, saved[who], ROOM);
        CHECK(size[who] > 0);
        cut_power(&pair, who);
    }
    EQUAL(WHIMBREL_ERR_MALFORMED, load_side(&pair, CLIENT, saved[SERVER], (size_t)size[SERVER], 100));
    EQUAL(WHIMBREL_OK, load_side(&pair, CLIENT, saved[CLIENT], (size_t)size[CLIENT], 100));
    EQUAL(WHIMBREL_ERR_STATE, load_side(&pair, CLIENT, saved[CLIENT], (size_t)size[CLIENT], 100));
    EQUAL(WHIMBREL_OK, load_side(&pair, SERVER, saved[SERVER], (size_t)size[SERVER], 200));
    EQUAL(1, state_of(&pair.side[CLIENT]).connection_id);
    EQUAL(0, mbedtls_ssl_conf_cid(&inside(&pair, SERVER)->config, sizeof cid,
                                  MBEDTLS_SSL_UNEXPECTED_CID_IGNORE));
    talks(&pair, CLIENT, "two");
    EQUAL(25, pair.side[CLIENT].last.bytes[0]);
    EQUAL(100, record_number(&pair.side[CLIENT]));
    talks(&pair, SERVER, "three");
    EQUAL(200, record_number(&pair.side[SERVER]));
    end_pair(&pair, 0);
    close_pair(&pair);
}

/* What was received after saving is not known to have been, until the fence stands. */
static void fence_drops(int fenced)
{
    const whimbrel_security_t *s;
    uint8_t saved[ROOM];
    struct flying old;
    struct pair pair;
    int32_t size;
    open_pair(&pair, 23);
    s = pair.side[CLIENT].security;
    establish(&pair);
    talks(&pair, CLIENT, "one");
    size = save_side(&pair, CLIENT, saved, sizeof saved);
    talks(&pair, SERVER, "an Execute");
    old = pair.side[SERVER].last;
    EQUAL(0, deliver(&pair.side[CLIENT], old.bytes, old.size)); /* once is enough, as long as memory lasts */
    cut_power(&pair, CLIENT);
    EQUAL(WHIMBREL_OK, load_side(&pair, CLIENT, saved, (size_t)size, 100));
    talks(&pair, SERVER, "fresh");
    if (fenced) s->fence(s->context, 0);
    pair.side[CLIENT].plain_count = 0;
    EQUAL(0, deliver(&pair.side[CLIENT], old.bytes, old.size));
    EQUAL(fenced ? 0 : 1, pair.side[CLIENT].plain_count);
    talks(&pair, SERVER, "go on");
    end_pair(&pair, 0);
    close_pair(&pair);
}

/* Not one bit may be other than it was, none missing and none too many; and after each refusal the slot is free. */
static void damaged(void)
{
    uint8_t saved[ROOM], wrong[ROOM];
    struct pair pair;
    int32_t size;
    open_pair(&pair, 24);
    establish(&pair);
    talks(&pair, CLIENT, "one");
    size = save_side(&pair, CLIENT, saved, sizeof saved - 1);
    cut_power(&pair, CLIENT);
    for (int32_t i = 0; i < size; i++) {
        memcpy(wrong, saved, sizeof saved);
        wrong[i] = (uint8_t)(wrong[i] ^ 1 << i % 8);
        EQUAL(WHIMBREL_ERR_MALFORMED, load_side(&pair, CLIENT, wrong, (size_t)size, 100));
        EQUAL(WHIMBREL_ERR_MALFORMED, load_side(&pair, CLIENT, saved, (size_t)i, 100));
    }
    saved[size] = 0;
    EQUAL(WHIMBREL_ERR_MALFORMED, load_side(&pair, CLIENT, saved, (size_t)size + 1, 100));
    EQUAL(WHIMBREL_ERR_MALFORMED, load_side(&pair, CLIENT, saved, (size_t)size, (uint64_t)1 << 48));
    EQUAL(WHIMBREL_OK, load_side(&pair, CLIENT, saved, (size_t)size, 100));
    talks(&pair, CLIENT, "two");
    end_pair(&pair, 0);
    close_pair(&pair);
}

/* A suite without AEAD cannot be saved, ever; before the handshake is over nothing can. Neither ends the session. */
static void not_now(void)
{
    static const uint16_t cbc = 0x00ae;
    whimbrel_session_t client = psk(0);
    const whimbrel_session_t server = psk(1);
    uint8_t saved[ROOM];
    struct pair pair;
    open_pair(&pair, 25);
    client.ciphersuites = &cbc;
    client.ciphersuite_count = 1;
    EQUAL(WHIMBREL_ERR_STATE, save_side(&pair, CLIENT, saved, sizeof saved));
    start_both(&pair, &client, &server);
    settle(&pair);
    EQUAL(WHIMBREL_ERR_STATE, save_side(&pair, CLIENT, saved, sizeof saved));
    run(&pair, pair.now_ms + 60000);
    talks(&pair, CLIENT, "one");
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, save_side(&pair, CLIENT, saved, sizeof saved));
    talks(&pair, CLIENT, "two");
    end_pair(&pair, 0);
    close_pair(&pair);
}

/* Memory that runs out while the context is saved ends the session with its own error, or does no harm. */
static void without_memory(void)
{
    uint8_t saved[ROOM];
    int failed = 0, saves = 0;
    for (long left = 0; left < 40; left++) {
        struct pair pair;
        int32_t size;
        open_pair(&pair, 26);
        establish(&pair);
        talks(&pair, CLIENT, "one");
        heap.left = left;
        size = save_side(&pair, CLIENT, saved, sizeof saved);
        heap.left = -1;
        if (size < 0) {
            failed++;
            EQUAL(WHIMBREL_ERR_FULL, size);
            EQUAL(WHIMBREL_ERR_FULL, say(&pair, CLIENT, "two", 3));
        } else {
            saves++;
            talks(&pair, CLIENT, "two");
        }
        end_pair(&pair, 0);
        close_pair(&pair);
    }
    CHECK(failed > 0);
    CHECK(saves > 0);
}

int main(void)
{
    goes_on();
    both_roles();
    fence_drops(0);
    fence_drops(1);
    damaged();
    not_now();
    without_memory();
    return verdict("mbedtls saving");
}
