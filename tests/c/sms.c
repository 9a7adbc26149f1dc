/*
 * Short messages from C: each setter and function by its effect, and what is refused. TPDUs are those of the facts
 * (TS 23.040): the server has +15555550123, the device +15555550199.
 */
#include "fake_storage.h"

enum { MODEM_QUEUE = 8, TPDU_SIZE = 200, HEAD = 14 /* of an SMS-SUBMIT with a relative TP-VP */ };

static struct {
    struct datagram sent[MODEM_QUEUE];
    struct datagram inbox[MODEM_QUEUE];
    int sent_count, waiting;
    int32_t sending; /* what sms_send answers */
} modem;

static const whimbrel_feature_t *const features[] = { &whimbrel_reporting, &whimbrel_persistence,
                                                      &whimbrel_bootstrap, &whimbrel_sms,
                                                      &whimbrel_secured_packets };
static whimbrel_limits_t limits;
static whimbrel_config_t config;
static whimbrel_port_t port;
static whimbrel_account_t account;
static whimbrel_sms_t sms;

static int32_t sms_send(void *context, const uint8_t *tpdu, size_t size)
{
    CHECK(context == &bench);
    CHECK(size <= TPDU_SIZE);
    if (modem.sending < 0) return modem.sending;
    if (modem.sent_count < MODEM_QUEUE) {
        modem.sent[modem.sent_count].length = size;
        memcpy(modem.sent[modem.sent_count].bytes, tpdu, size);
    }
    modem.sent_count++;
    return WHIMBREL_OK;
}

static int32_t sms_receive(void *context, uint8_t *buffer, size_t size)
{
    size_t length;
    CHECK(context == &bench);
    if (modem.waiting == 0) return 0;
    length = modem.inbox[0].length;
    CHECK(length <= size);
    memcpy(buffer, modem.inbox[0].bytes, length);
    memmove(modem.inbox, modem.inbox + 1, sizeof modem.inbox[0] * (size_t)--modem.waiting);
    return (int32_t)length;
}

static void reset(void)
{
    memset(&storage, 0, sizeof storage);
    memset(&modem, 0, sizeof modem);
    forget(&bench);
    limits = (whimbrel_limits_t){ .size = sizeof limits, .servers = 2, .bootstrap = 1024, .sms = 2 };
    config = bench_config(&bench);
    config.limits = &limits;
    config.features = features;
    config.feature_count = 5;
    port = bench_port(&bench);
    port.storage_read = storage_read;
    port.storage_write = storage_write;
    port.sms_send = sms_send;
    port.sms_receive = sms_receive;
    port.crypto = &whimbrel_crypto_software;
    sms = (whimbrel_sms_t){ .size = sizeof sms, .mode = WHIMBREL_SMS_NOSEC, .number = "+1 555 555-0123" };
    account = (whimbrel_account_t){
        .size = sizeof account, .uri = "coap://server", .binding = "S", .short_server_id = 7, .sms = &sms
    };
}

static int32_t init(void)
{
    const size_t size = whimbrel_client_size(&limits);
    void *memory = malloc(size != 0 ? size : 1);
    const int32_t status = whimbrel_client_init(memory, size, &config, &port, &bench.client);
    if (status != WHIMBREL_OK) free(memory);
    return status;
}

static int32_t add(void)
{
    return whimbrel_account_add(bench.client, &account);
}

/* An SMS-DELIVER with those user data. `first` is 4, or 0x44 with a header. */
static void deliver(uint8_t first, const char *from, uint8_t coding, const uint8_t *data, size_t length)
{
    struct datagram *out = &modem.inbox[modem.waiting++];
    const uint8_t middle[] = { 0, coding, 0x62, 0x10, 0x20, 0x30, 0x40, 0x50, 0x80, (uint8_t)length };
    out->bytes[0] = first;
    memcpy(out->bytes + 1, from, 8);
    memcpy(out->bytes + 9, middle, sizeof middle);
    memcpy(out->bytes + 19, data, length);
    out->length = 19 + length;
}

#define SERVER  "\x0b\x91\x51\x55\x55\x05\x21\xf3"
#define FOREIGN "\x0b\x91\x51\x55\x55\x05\x77\xf7"

static void say(const uint8_t *message, size_t length)
{
    deliver(4, SERVER, 4, message, length);
    after(&bench, 0);
}

/* The message in the last SMS. */
static const uint8_t *heard(size_t *length)
{
    const struct datagram *last = &modem.sent[modem.sent_count - 1];
    CHECK(modem.sent_count > 0 && modem.sent_count <= MODEM_QUEUE);
    EQUAL(0, memcmp(last->bytes, "\x11\x00\x0b\x91\x51\x55\x55\x05\x21\xf3\x00\x04\x00", 13));
    EQUAL(last->bytes[13], last->length - HEAD);
    *length = last->length - HEAD;
    return last->bytes + HEAD;
}

/* Answers the Register or Update that came by SMS last. */
static void accept_it(uint8_t code)
{
    size_t length;
    const uint8_t *asked = heard(&length);
    uint8_t out[32];
    const size_t token = asked[0] & 15u;
    out[0] = (uint8_t)(0x60 | token);
    out[1] = code;
    memcpy(out + 2, asked + 2, 2 + token);
    memcpy(out + 4 + token,
           "\x82rd\x01"
           "1",
           5);
    say(out, 4 + token + (code == 0x41 ? 5 : 0));
}

static void begin(void)
{
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, add());
    after(&bench, 0);
    accept_it(0x41);
    EQUAL(1, whimbrel_account_registered(bench.client, 7));
}

static int has(const uint8_t *bytes, size_t length, const char *text)
{
    const size_t size = strlen(text);
    for (size_t at = 0; at + size <= length; at++)
        if (memcmp(bytes + at, text, size) == 0) return 1;
    return 0;
}

/* CON GET /3/0/0 and NON POST /1/0/8 of the vectors. */
static const uint8_t get[] = "\x44\x01\x12\x34\xa1\xb2\xc3\xd4\xb1\x33\x01\x30\x01\x30";
static const uint8_t trigger[] = "\x51\x02\x00\xf1\x77\xb1\x31\x01\x30\x01\x38";

static void init_needs_what_sms_needs(void)
{
    reset();
    limits.sms = 0;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init());
    reset();
    limits.sms = 65;
    EQUAL(0, whimbrel_client_size(&limits));
    reset();
    port.sms_send = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init());
    port.sms_receive = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init());
    reset();
    port.crypto = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init());
    config.feature_count = 4;
    EQUAL(WHIMBREL_OK, init());
    drop(&bench);
    reset();
    config.sms_flags = 64;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init());
    reset();
    config.sms_number = "Bob";
    EQUAL(WHIMBREL_ERR_BAD_VALUE, init());
    config.sms_number = "+15555550199";
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_sms_number(bench.client, NULL));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_sms_number(bench.client, "none"));
    drop(&bench);
    reset();
    config.feature_count = 3;
    limits.sms = 0;
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, add());
    account.sms = NULL;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, add());
    account.binding = NULL;
    EQUAL(WHIMBREL_OK, add());
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, whimbrel_sms_number(bench.client, "+15555550199"));
    drop(&bench);
}

static void accounts_that_are_refused(void)
{
    static const uint8_t des[] = { 0x11, 0x11, 0x16, 0xb2, 0x02, 0x03 };
    static const uint8_t aes[] = { 0x12, 0x12, 0x16, 0xb2, 0x02, 0x03 };
    static const uint8_t keys[49] = { 1, 2, 3 };
    static const char *const bindings[] = { "SU", "USQ", "UQSQ", "s", "" };

    reset();
    EQUAL(WHIMBREL_OK, init());
    for (size_t i = 0; i < sizeof bindings / sizeof bindings[0]; i++) {
        account.binding = bindings[i];
        EQUAL(WHIMBREL_ERR_BAD_VALUE, add());
    }
    account.binding = "S";
    sms.size--;
    EQUAL(WHIMBREL_ERR_ARGUMENT, add());
    sms.size++;
    sms.number = NULL;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, add());
    sms.number = "not a number";
    EQUAL(WHIMBREL_ERR_BAD_VALUE, add());
    account.uri = "tel:Bob";
    sms.number = "+15555550123";
    EQUAL(WHIMBREL_ERR_BAD_VALUE, add());
    account.uri = "tel:+15555550123";
    sms.number = NULL;
    sms.mode = 0;
    EQUAL(WHIMBREL_ERR_SECURITY_MODE, add());
    sms.mode = 4;
    EQUAL(WHIMBREL_ERR_SECURITY_MODE, add());
    sms.mode = WHIMBREL_SMS_DTLS; /* whimbrel_dtls is not named */
    EQUAL(WHIMBREL_ERR_SECURITY_MODE, add());
    sms.mode = WHIMBREL_SMS_PACKETS;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, add());
    sms.parameters = des;
    sms.parameters_length = sizeof des;
    sms.keys = keys;
    sms.keys_length = 32;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, add());
    sms.parameters = aes;
    for (sms.keys_length = 0; sms.keys_length < sizeof keys; sms.keys_length++)
        if (sms.keys_length % 16 != 0 || sms.keys_length == 0) EQUAL(WHIMBREL_ERR_CREDENTIALS, add());
    sms.keys_length = 49;
    EQUAL(WHIMBREL_ERR_CREDENTIALS, add());
    sms.keys_length = 32;
    EQUAL(WHIMBREL_OK, add());
    drop(&bench);
}

static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_OK;
}

static void registers_and_is_read(void)
{
    size_t length;
    const uint8_t *message;
    static const whimbrel_device_t device = { .size = sizeof device, .manufacturer = "W", .reboot = reboot };

    reset();
    config.sms_number = "+15555550199";
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, whimbrel_device_add(bench.client, &device, NULL));
    EQUAL(WHIMBREL_OK, add());
    after(&bench, 0);
    EQUAL(1, modem.sent_count);
    message = heard(&length);
    CHECK(has(message, length, "b=S") && has(message, length, "sms=15555550199"));
    EQUAL(0, bench.opened);

    /* nothing is repeated, and an answer may take five minutes */
    EQUAL(bench.now + 300000, after(&bench, 0));
    after(&bench, 299999);
    EQUAL(1, modem.sent_count);
    accept_it(0x41);
    EQUAL(1, whimbrel_account_registered(bench.client, 7));

    say(get, sizeof get - 1);
    message = heard(&length);
    EQUAL(0, memcmp(message, "\x64\x45\x12\x34\xa1\xb2\xc3\xd4", 8));
    EQUAL('W', message[length - 1]);
    EQUAL(2, modem.sent_count);
    say(get, sizeof get - 1); /* a duplicate: the same answer */
    EQUAL(3, modem.sent_count);
    EQUAL(0, memcmp(modem.sent[1].bytes, modem.sent[2].bytes, modem.sent[1].length));

    /* without a network there is still SMS */
    EQUAL(WHIMBREL_OK, whimbrel_client_network(bench.client, 0, 0));
    EQUAL(WHIMBREL_OK, whimbrel_sms_number(bench.client, "+15555550198"));
    after(&bench, 0);
    message = heard(&length);
    CHECK(has(message, length, "sms=15555550198"));
    accept_it(0x44);
    drop(&bench);
}

static void who_is_not_heard(void)
{
    static const uint8_t ports[] = "\x06\x05\x04\x16\x34\x16\x33\x44\x01\x12\x34\xa1\xb2\xc3\xd4";
    static const uint8_t text[] = { 0x04, 0x09, 0xd0, 0xcc, 0x7b, 0x53, 0xd6, 0x04, 0x00, 0x04, 0x62,
                                    0x10, 0x20, 0x30, 0x40, 0x50, 0x80, 0x04, 0x40, 0x01, 0x12, 0x35 };

    reset();
    begin();
    modem.sent_count = 0;
    deliver(4, FOREIGN, 4, get, sizeof get - 1);
    deliver(4, SERVER, 0, get, 12);                    /* 7-bit text */
    deliver(0x44, SERVER, 4, ports, sizeof ports - 1); /* ports */
    deliver(0x44, SERVER, 4, get, 3);                  /* a header that runs over */
    memcpy(modem.inbox[modem.waiting].bytes, text, sizeof text);
    modem.inbox[modem.waiting++].length = sizeof text;
    for (int i = 0; i < 6; i++)
        after(&bench, 0);
    EQUAL(0, modem.waiting);
    EQUAL(0, modem.sent_count);
    EQUAL(WHIMBREL_ERR_UNAUTHORIZED, event_of(&bench, WHIMBREL_EVENT_DROPPED)->status);
    drop(&bench);

    /* but for debugging */
    reset();
    config.sms_flags = WHIMBREL_SMS_ANYONE;
    begin();
    deliver(4, FOREIGN, 4, get, sizeof get - 1);
    after(&bench, 0);
    EQUAL(2, modem.sent_count);
    EQUAL(0, memcmp(modem.sent[1].bytes + 2, FOREIGN, 8));
    drop(&bench);
}

/* A trigger by SMS to a client that is registered by UDP: it acts, and says nothing by SMS. */
static void a_trigger_is_not_answered(void)
{
    reset();
    sms.trigger = 1;
    account.binding = "UQ";
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, add());
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    EQUAL(1, bench.sent_count);
    say(get, sizeof get - 1); /* nothing else may be done */
    EQUAL(WHIMBREL_ERR_NOT_ALLOWED, event_of(&bench, WHIMBREL_EVENT_DROPPED)->status);
    EQUAL(1, bench.sent_count);
    say(trigger, sizeof trigger - 1);
    EQUAL(2, bench.sent_count);
    EQUAL(2, bench.sent[0].bytes[1]);
    answer(&bench, 0, 0x44);
    say(trigger, sizeof trigger - 1); /* a duplicate */
    EQUAL(2, bench.sent_count);
    EQUAL(0, modem.sent_count);
    drop(&bench);

    reset();
    account.binding = "UQ";
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, add());
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    say(trigger, sizeof trigger - 1); /* not allowed to */
    EQUAL(1, bench.sent_count);
    drop(&bench);
}

static void what_the_modem_refuses_is_lost(void)
{
    reset();
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, add());
    modem.sending = WHIMBREL_ERR_BUSY;
    after(&bench, 0);
    EQUAL(WHIMBREL_ERR_BUSY, event_of(&bench, WHIMBREL_EVENT_LINK_FAILED)->status);
    modem.sending = WHIMBREL_OK;
    EQUAL(0, modem.sent_count);
    after(&bench, 300000);
    EQUAL(WHIMBREL_ERR_TIMEOUT, event_of(&bench, WHIMBREL_EVENT_REGISTER_FAILED)->status);
    drop(&bench);
}

/* `aes128-mt-get` of the vectors: CON GET /3/0/0 with counter 1. */
static const uint8_t packet_keys[32] = "\x0c\x1a\x2b\x3d\x4f\x50\x61\x72\x83\x94\xa5\xb6\xc7\xd8\xe9\xf0"
                                       "\xf1\xe2\xd3\xc4\xb5\xa6\x97\x88\x79\x6a\x5b\x4c\x3d\x2e\x1f";
static const uint8_t packet_get[] = "\x02\x70\x00\x00\x28\x15\x16\x00\x12\x12\xb2\x02\x03"
                                    "\xd4\xa3\xa5\x2f\xb2\xd6\xb5\x73\x16\x4c\x04\x0a\x90\x30\xc6\x32"
                                    "\x63\x4a\x9f\xa9\xfd\xb2\x83\xa3\x8a\xd2\xc4\x9d\xf6\xe3\x34\x36";
static const uint8_t parameters[] = { 0x12, 0x12, 0x16, 0xb2, 0x02, 0x03 };

static void packets(void)
{
    sms.mode = WHIMBREL_SMS_PACKETS;
    sms.parameters = parameters;
    sms.parameters_length = sizeof parameters;
    sms.keys = packet_keys;
    sms.keys_length = 32;
}

static int32_t counters(int slot) /* whether one of the slots of record 3 was written */
{
    return storage.length[3 * 2 + slot] != 0;
}

static void packets_are_taken_once(void)
{
    uint8_t flipped[sizeof packet_get];

    reset();
    packets();
    account.binding = "US"; /* so that the registration goes by UDP, and a request may come by SMS */
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, add());
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    EQUAL(0, modem.sent_count);
    say(get, sizeof get - 1); /* in clear */
    EQUAL(0, modem.sent_count);
    memcpy(flipped, packet_get, sizeof flipped);
    flipped[30] ^= 1;
    deliver(0x44, SERVER, 0xf6, flipped, sizeof packet_get - 1);
    after(&bench, 0);
    EQUAL(WHIMBREL_ERR_UNAUTHORIZED, event_of(&bench, WHIMBREL_EVENT_DROPPED)->status);
    EQUAL(0, modem.sent_count);
    EQUAL(0, counters(0) + counters(1));

    deliver(0x44, SERVER, 0xf6, packet_get, sizeof packet_get - 1);
    after(&bench, 0);
    EQUAL(1, modem.sent_count);
    EQUAL(0x51, modem.sent[0].bytes[0]);
    EQUAL(0, memcmp(modem.sent[0].bytes + HEAD, "\x02\x70\x00\x00", 4));
    EQUAL(2, counters(0) + counters(1)); /* what came, and what may be sent */

    deliver(0x44, SERVER, 0xf6, packet_get, sizeof packet_get - 1);
    after(&bench, 0);
    EQUAL(1, modem.sent_count);
    EQUAL(WHIMBREL_ERR_EXISTS, event_of(&bench, WHIMBREL_EVENT_DROPPED)->status);
    /* our own answer, sent back to us */
    deliver(0x44, SERVER, 0xf6, modem.sent[0].bytes + HEAD, modem.sent[0].length - HEAD);
    after(&bench, 0);
    EQUAL(WHIMBREL_ERR_EXISTS, event_of(&bench, WHIMBREL_EVENT_DROPPED)->status);
    drop(&bench);

    /* after a power cut it is still known */
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, add());
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    deliver(0x44, SERVER, 0xf6, packet_get, sizeof packet_get - 1);
    after(&bench, 0);
    EQUAL(1, modem.sent_count);
    drop(&bench);

    /* where it cannot be written down it is not acted on */
    reset();
    packets();
    account.binding = "US";
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, add());
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    storage.writing = WHIMBREL_ERR_STORAGE;
    deliver(0x44, SERVER, 0xf6, packet_get, sizeof packet_get - 1);
    after(&bench, 0);
    EQUAL(0, modem.sent_count);
    EQUAL(WHIMBREL_ERR_STORAGE, event_of(&bench, WHIMBREL_EVENT_STORAGE_FAILED)->status);
    drop(&bench);
}

int main(void)
{
    init_needs_what_sms_needs();
    accounts_that_are_refused();
    registers_and_is_read();
    who_is_not_heard();
    a_trigger_is_not_answered();
    what_the_modem_refuses_is_lost();
    packets_are_taken_once();
    return verdict("sms");
}
