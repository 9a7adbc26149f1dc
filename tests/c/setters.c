/*
 * Every member of the structs that an application fills, tested by its effect: a setter that sets nothing is found
 * here. One function a struct; each line says what a server or the application sees of it.
 */
#include "harness.h"

static struct bench bench;

/* ---- whimbrel_config_t */

static int64_t number;

static const whimbrel_resource_t number_resources[] = {
    {
        .id = 1,
        .data_type = WHIMBREL_INTEGER,
        .operations = WHIMBREL_READ | WHIMBREL_WRITE,
        .capacity = 8,
        .value = &number,
    },
    {
        .id = 2,
        .data_type = WHIMBREL_INTEGER,
        .operations = WHIMBREL_READ | WHIMBREL_WRITE,
        .capacity = 8,
        .value = &number,
    },
};
static const whimbrel_object_t number_object = {
    .size = sizeof number_object,
    .id = 33001,
    .resource_count = 2,
    .resources = number_resources,
};

static void registers_with(const whimbrel_config_t *config)
{
    forget(&bench);
    make(&bench, config);
    EQUAL(WHIMBREL_OK, add_server(&bench, 1));
    after(&bench, 0);
}

static void names_and_versions(void)
{
    whimbrel_config_t config = bench_config(&bench);

    config.endpoint = "curlew";
    registers_with(&config);
    CHECK(says(&bench, 0, "ep=curlew"));
    CHECK(says(&bench, 0, "lwm2m=1.0"));
    drop(&bench);

    config.version_max = 11;
    registers_with(&config);
    CHECK(says(&bench, 0, "lwm2m=1.1"));
    answer(&bench, 0, 0x8c); /* 4.12: the server does not speak it */
    CHECK(says(&bench, 0, "lwm2m=1.0"));
    drop(&bench);

    config.version_min = 11;
    registers_with(&config);
    answer(&bench, 0, 0x8c);
    CHECK(says(&bench, 0, "lwm2m=1.1"));
    CHECK(event_of(&bench, WHIMBREL_EVENT_REGISTER_FAILED) != NULL);
    drop(&bench);
}

static void formats_and_features(void)
{
    static const whimbrel_format_t *const text_first[] = { &whimbrel_format_text, &whimbrel_format_tlv };
    static const whimbrel_format_t *const tlv_only[] = { &whimbrel_format_tlv };
    whimbrel_config_t config = bench_config(&bench);

    number = 5;
    config.formats = text_first;
    config.format_count = 2;
    registered(&bench, &config);
    EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &number_object, NULL));
    after(&bench, 0);
    answer(&bench, 0, CHANGED);
    EQUAL(CONTENT, ask_with(&bench, GET, "33001/0/1", "", 0, plain));
    CHECK(says(&bench, 0,
               "\xff"
               "5"));
    drop(&bench);

    config.formats = tlv_only;
    config.format_count = 1;
    config.feature_count = 0;
    registered(&bench, &config);
    EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &number_object, NULL));
    after(&bench, 0);
    answer(&bench, 0, CHANGED);
    EQUAL(0x86, ask(&bench, GET, "33001/0/1", ""));        /* 4.06 */
    EQUAL(0x8f, ask(&bench, PUT, "33001/0/1", "1"));       /* 4.15 */
    EQUAL(0x85, ask(&bench, PUT, "33001/0/1?pmin=1", "")); /* without whimbrel_reporting */
    drop(&bench);
}

static void observe(const char *path)
{
    struct extras extras = plain;
    extras.observe = 0;
    EQUAL(CONTENT, ask_with(&bench, GET, path, "", 0, extras));
    CHECK(event_of(&bench, WHIMBREL_EVENT_OBSERVED) != NULL);
    forget(&bench);
}

static whimbrel_client_t *registered_with_number(const whimbrel_config_t *config)
{
    make(&bench, config);
    EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &number_object, NULL));
    EQUAL(WHIMBREL_OK, add_server(&bench, 1));
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    forget(&bench);
    return bench.client;
}

static void confirmed_notifications(void)
{
    whimbrel_config_t config = bench_config(&bench);

    for (uint8_t confirm = 0; confirm < 2; confirm++) {
        config.confirm_notifications = confirm;
        registered_with_number(&config);
        observe("33001/0/1");
        number++;
        EQUAL(WHIMBREL_OK, whimbrel_changed(bench.client, WHIMBREL_RESOURCE(33001, 0, 1)));
        after(&bench, 0);
        EQUAL(1, bench.sent_count);
        EQUAL(confirm ? 0 : 1, bench.sent[0].bytes[0] >> 4 & 3); /* CON or NON */
        drop(&bench);
    }
}

/* Times to the millisecond, with a factor of 1 so that chance has no say. */
static void transmission(void)
{
    whimbrel_config_t config = bench_config(&bench);

    config.coap.ack_timeout_ms = 700;
    config.coap.ack_random_permille = 1000;
    config.coap.max_retransmit = 2;
    config.retry_first_s = 100;
    registers_with(&config);
    EQUAL(1, bench.sent_count);
    EQUAL(bench.now + 699, after(&bench, 1));
    after(&bench, 698);
    EQUAL(1, bench.sent_count);
    after(&bench, 1);
    EQUAL(2, bench.sent_count);
    after(&bench, 1400);
    EQUAL(3, bench.sent_count);
    after(&bench, 2799);
    CHECK(event_of(&bench, WHIMBREL_EVENT_REGISTER_FAILED) == NULL);
    after(&bench, 1);
    EQUAL(3, bench.sent_count);
    CHECK(event_of(&bench, WHIMBREL_EVENT_REGISTER_FAILED) != NULL);
    drop(&bench);

    /* the random factor stretches the first timeout, within its bounds */
    config.coap.ack_random_permille = 3000;
    registers_with(&config);
    {
        const uint64_t due = after(&bench, 0) - bench.now;
        CHECK(due >= 700 && due <= 2100);
        CHECK(due != 700);
    }
    drop(&bench);
}

static void pauses(void)
{
    whimbrel_config_t config = bench_config(&bench);
    uint64_t pause;

    config.retry_first_s = 100;
    config.retry_longest_s = 150;
    registers_with(&config);
    for (int i = 0; i < 4; i++) {
        const uint64_t whole = i == 0 ? 100000 : 150000;
        bench.sent_count = bench.event_count = 0;
        answer(&bench, 0, 0xa0);
        CHECK(event_of(&bench, WHIMBREL_EVENT_REGISTER_FAILED) != NULL);
        EQUAL(0xa0, event_of(&bench, WHIMBREL_EVENT_REGISTER_FAILED)->status);
        pause = event_of(&bench, WHIMBREL_EVENT_REGISTER_FAILED)->at - bench.now;
        CHECK(pause >= whole / 4 * 3 && pause <= whole / 4 * 5);
        after(&bench, pause - 1);
        EQUAL(0, bench.sent_count);
        after(&bench, 1);
        EQUAL(1, bench.sent_count);
    }
    drop(&bench);
}

static void awake(void)
{
    whimbrel_config_t config = bench_config(&bench);
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = "coap://server",
        .short_server_id = 1,
        .lifetime_s = 3600,
        .binding = "UQ",
    };
    whimbrel_deadline_t deadline;

    config.awake_ms = 5000;
    forget(&bench);
    make(&bench, &config);
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    CHECK(says(&bench, 0, "b=UQ"));
    answer(&bench, 0, 0x41);
    CHECK(event_of(&bench, WHIMBREL_EVENT_RADIO_OFF) == NULL);
    EQUAL(WHIMBREL_OK, whimbrel_client_deadline(bench.client, &deadline));
    EQUAL(bench.now, deadline.at); /* more input may wait */
    EQUAL(WHIMBREL_WAKE_WORK, deadline.reason);
    after(&bench, 0);
    EQUAL(WHIMBREL_OK, whimbrel_client_deadline(bench.client, &deadline));
    EQUAL(bench.now + 5000, deadline.at);
    EQUAL(WHIMBREL_WAKE_SLEEP, deadline.reason);
    EQUAL(1, deadline.short_server_id);
    after(&bench, 4999);
    CHECK(event_of(&bench, WHIMBREL_EVENT_RADIO_OFF) == NULL);
    after(&bench, 1);
    CHECK(event_of(&bench, WHIMBREL_EVENT_RADIO_OFF) != NULL);
    EQUAL(WHIMBREL_OK, whimbrel_client_deadline(bench.client, &deadline));
    EQUAL(WHIMBREL_WAKE_UPDATE, deadline.reason);
    EQUAL(deadline.at, event_of(&bench, WHIMBREL_EVENT_RADIO_OFF)->at);
    EQUAL(WHIMBREL_OK, whimbrel_account_update(bench.client, 1));
    after(&bench, 0);
    CHECK(event_of(&bench, WHIMBREL_EVENT_RADIO_ON) != NULL);
    drop(&bench);
}

/* ---- whimbrel_account_t */

static void accounts(void)
{
    const whimbrel_config_t config = bench_config(&bench);
    whimbrel_account_t account = {
        .size = sizeof account,
        .uri = "coap://[2001:db8::1]:61616/ignored",
        .short_server_id = 123,
        .lifetime_s = 77,
        .pmin_s = 3,
        .pmax_s = 9,
        .disable_timeout_s = 55,
        .discard_offline = 1,
    };

    forget(&bench);
    make(&bench, &config);
    EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &number_object, NULL));
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    CHECK(strcmp("2001:db8::1", bench.host) == 0);
    EQUAL(61616, bench.port);
    CHECK(says(&bench, 0, "lt=77"));
    CHECK(!says(&bench, 0, "b=U"));
    answer(&bench, 0, 0x41);
    EQUAL(123, event_of(&bench, WHIMBREL_EVENT_REGISTERED)->short_server_id);
    CHECK(reads(&bench, "1/0/0", "123"));
    CHECK(reads(&bench, "1/0/1", "77"));
    CHECK(reads(&bench, "1/0/2", "3"));
    CHECK(reads(&bench, "1/0/3", "9"));
    CHECK(reads(&bench, "1/0/5", "55"));
    CHECK(reads(&bench, "1/0/6", "0"));
    CHECK(reads(&bench, "1/0/7", "U"));

    observe("33001/0/1");
    EQUAL(WHIMBREL_OK, whimbrel_changed(bench.client, WHIMBREL_OBJECT(33001)));
    after(&bench, 2999);
    EQUAL(0, bench.sent_count);
    after(&bench, 1);
    EQUAL(1, bench.sent_count); /* pmin */
    after(&bench, 8999);
    EQUAL(1, bench.sent_count);
    after(&bench, 1);
    EQUAL(2, bench.sent_count); /* pmax */

    EQUAL(DELETE, ask(&bench, POST, "1/0/4", "")); /* Disable: the answer, and at once the De-register */
    answer(&bench, 0, 0x42);
    EQUAL(bench.now + 55000, event_of(&bench, WHIMBREL_EVENT_DISABLED)->at);
    EQUAL(0, whimbrel_account_registered(bench.client, 123));
    drop(&bench);

    /* what is 0 takes its default */
    account = (whimbrel_account_t){ .size = sizeof account, .uri = "coap://b", .short_server_id = 1 };
    make(&bench, &config);
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    EQUAL(5683, bench.port);
    CHECK(says(&bench, 0, "lt=86400"));
    answer(&bench, 0, 0x41);
    CHECK(reads(&bench, "1/0/6", "1"));
    EQUAL(NOT_FOUND, ask(&bench, GET, "1/0/2", ""));
    drop(&bench);
}

/* ---- whimbrel_limits_t: one more than the limit is too much */

static whimbrel_limits_t limits;

static whimbrel_config_t limited(void)
{
    whimbrel_config_t config = bench_config(&bench);
    config.limits = &limits;
    return config;
}

#define LIMIT(...)                         \
    limits = (whimbrel_limits_t)           \
    {                                      \
        .size = sizeof limits, __VA_ARGS__ \
    }

static void tables(void)
{
    whimbrel_object_t objects[6];
    whimbrel_config_t config = limited();

    LIMIT(.servers = 3);
    make(&bench, &config);
    for (uint16_t i = 1; i <= 3; i++)
        EQUAL(WHIMBREL_OK, add_server(&bench, i));
    EQUAL(WHIMBREL_ERR_FULL, add_server(&bench, 4));
    drop(&bench);

    LIMIT(.objects = 5, .instances = 9);
    make(&bench, &config);
    EQUAL(WHIMBREL_OK, add_server(&bench, 1)); /* its own instances come from elsewhere */
    for (uint16_t i = 0; i < 6; i++) {
        objects[i] = number_object;
        objects[i].id = (uint16_t)(33001 + i);
        objects[i].flags = i == 0 ? WHIMBREL_INSTANCES : 0;
        EQUAL(i < 5 ? WHIMBREL_OK : WHIMBREL_ERR_FULL, whimbrel_object_add(bench.client, &objects[i], NULL));
    }
    /* four objects took an instance each */
    for (uint16_t i = 0; i < 6; i++)
        EQUAL(i < 5 ? WHIMBREL_OK : WHIMBREL_ERR_FULL, whimbrel_instance_add(bench.client, 33001, i, NULL));
    drop(&bench);
}

static void observations(void)
{
    whimbrel_config_t config = limited();
    struct extras extras = plain;
    extras.observe = 0;

    LIMIT(.observations = 2);
    registered_with_number(&config);
    observe("33001/0/1");
    observe("33001/0/2");
    EQUAL(CONTENT, ask_with(&bench, GET, "33001/0", "", 0, extras));
    CHECK(event_of(&bench, WHIMBREL_EVENT_OBSERVED) == NULL); /* read, not observed: RFC 7641 section 4.1 */
    drop(&bench);

    LIMIT(.attributes = 2);
    registered_with_number(&config);
    EQUAL(CHANGED, ask(&bench, PUT, "33001/0/1?pmin=1", ""));
    EQUAL(CHANGED, ask(&bench, PUT, "33001/0/2?pmin=1", ""));
    EQUAL(CHANGED, ask(&bench, PUT, "33001/0/2?pmin=2", ""));
    EQUAL(INTERNAL, ask(&bench, PUT, "33001/0?pmin=1", ""));
    drop(&bench);

    /* changes beyond the limit count as a change of everything: none is lost */
    LIMIT(.changes = 1);
    registered_with_number(&config);
    observe("33001/0/1");
    observe("33001/0/2");
    bench.woken = 0;
    EQUAL(WHIMBREL_OK, whimbrel_changed(bench.client, WHIMBREL_RESOURCE(33001, 0, 1)));
    EQUAL(WHIMBREL_OK, whimbrel_changed(bench.client, WHIMBREL_OBJECT(9)));
    EQUAL(2, bench.woken);
    after(&bench, 0);
    EQUAL(2, bench.sent_count);
    drop(&bench);
}

static void remembered(void)
{
    whimbrel_config_t config = limited();
    struct datagram request;

    for (uint16_t recent = 1; recent <= 3; recent += 2) {
        LIMIT(.recent = recent);
        registered_with_number(&config);
        number = 0;
        EQUAL(CHANGED, ask(&bench, PUT, "33001/0/1", "1"));
        request = bench.inbox[0]; /* taken, but its bytes are still there */
        request.length = 0;
        EQUAL(CHANGED, ask(&bench, PUT, "33001/0/1", "2"));
        EQUAL(CHANGED, ask(&bench, PUT, "33001/0/1", "3"));
        /* the first one once more: known among three, forgotten where there is room for one */
        while (request.bytes[request.length] != 0xff)
            request.length++;
        request.length += 2;
        bench.inbox[0] = request;
        after(&bench, 0);
        EQUAL(recent == 3 ? 3 : 1, number);
        drop(&bench);
    }
}

static void bytes(void)
{
    static uint8_t stored[200];
    static whimbrel_bytes_t opaque = { 0, sizeof stored, stored };
    static const whimbrel_resource_t resources[] = {
        {
            .id = 0,
            .data_type = WHIMBREL_OPAQUE,
            .operations = WHIMBREL_READ | WHIMBREL_WRITE,
            .value = &opaque,
        },
    };
    static const whimbrel_object_t object = {
        .size = sizeof object,
        .id = 33002,
        .resource_count = 1,
        .resources = resources,
    };
    whimbrel_config_t config = limited();
    struct extras extras = plain;
    uint8_t body[200];
    char uri[160];

    memset(body, 'x', sizeof body);
    extras.format = 42;

    /* datagram: what is larger is dropped, and the server told to use blocks */
    for (uint16_t datagram = 128; datagram <= 256; datagram += 128) {
        LIMIT(.datagram = datagram);
        make(&bench, &config);
        EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &object, NULL));
        EQUAL(WHIMBREL_OK, add_server(&bench, 1));
        after(&bench, 0);
        answer(&bench, 0, 0x41);
        EQUAL(datagram == 256 ? CHANGED : TOO_LARGE, ask_with(&bench, PUT, "33002/0/0", body, 150, extras));
        drop(&bench);
    }

    /* body: what blocks may add up to */
    for (uint32_t most = 64; most <= 96; most += 32) {
        LIMIT(.body = most);
        make(&bench, &config);
        EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &object, NULL));
        EQUAL(WHIMBREL_OK, add_server(&bench, 1));
        after(&bench, 0);
        answer(&bench, 0, 0x41);
        opaque.length = 0;
        extras.block1 = 0 << 4 | 8 | 1; /* 32 bytes a block */
        EQUAL(0x5f, ask_with(&bench, PUT, "33002/0/0", body, 32, extras));
        extras.block1 = 1 << 4 | 8 | 1;
        EQUAL(0x5f, ask_with(&bench, PUT, "33002/0/0", body, 32, extras));
        extras.block1 = 2 << 4 | 1;
        EQUAL(most == 96 ? CHANGED : TOO_LARGE, ask_with(&bench, PUT, "33002/0/0", body, 20, extras));
        EQUAL(most == 96 ? 84 : 0, opaque.length);
        drop(&bench);
    }
    extras.block1 = -1;

    /* credentials: the URI must fit */
    for (uint16_t room = 64; room <= 128; room += 64) {
        whimbrel_account_t account = { .size = sizeof account, .uri = uri, .short_server_id = 1 };
        memset(uri, 'h', sizeof uri);
        memcpy(uri, "coap://", 7);
        uri[100] = '\0';
        LIMIT(.credentials = room);
        make(&bench, &config);
        EQUAL(room == 128 ? WHIMBREL_OK : WHIMBREL_ERR_FULL, whimbrel_account_add(bench.client, &account));
        drop(&bench);
    }
}

static int32_t defers(void *context, whimbrel_call_t *call)
{
    (void)context;
    (void)call;
    return WHIMBREL_DEFERRED;
}

static void deferred(void)
{
    static const whimbrel_resource_t resources[] = {
        { .id = 0, .operations = WHIMBREL_EXECUTE, .execute = defers },
        { .id = 1, .operations = WHIMBREL_EXECUTE, .execute = defers },
    };
    static const whimbrel_object_t object = {
        .size = sizeof object,
        .id = 33003,
        .resource_count = 2,
        .resources = resources,
    };
    whimbrel_config_t config = limited();

    for (uint16_t most = 1; most <= 2; most++) {
        LIMIT(.deferred = most);
        make(&bench, &config);
        EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &object, NULL));
        EQUAL(WHIMBREL_OK, add_server(&bench, 1));
        after(&bench, 0);
        answer(&bench, 0, 0x41);
        EQUAL(0, ask(&bench, POST, "33003/0/0", "")); /* an empty Acknowledgement */
        EQUAL(most == 2 ? 0 : 0xa3, ask(&bench, POST, "33003/0/1", ""));
        EQUAL(WHIMBREL_OK,
              whimbrel_complete(bench.client, WHIMBREL_RESOURCE(33003, 0, 0), WHIMBREL_ERR_HANDLER));
        EQUAL(INTERNAL, bench.sent[0].bytes[1]);
        EQUAL(0, bench.sent[0].bytes[0] >> 4 & 3); /* Confirmable */
        drop(&bench);
    }
}

/* ---- Functions that change the client's behaviour */

static void network(void)
{
    const whimbrel_config_t config = bench_config(&bench);

    registered_with_number(&config);
    EQUAL(WHIMBREL_OK, whimbrel_account_update(bench.client, 1));
    after(&bench, 0);
    EQUAL(1, bench.sent_count);
    answer(&bench, 0, CHANGED);
    CHECK(event_of(&bench, WHIMBREL_EVENT_UPDATED) != NULL);

    observe("33001/0/1");
    EQUAL(WHIMBREL_OK, whimbrel_client_network(bench.client, 0, 0));
    EQUAL(WHIMBREL_OK, whimbrel_changed(bench.client, WHIMBREL_OBJECT(33001)));
    after(&bench, 0);
    EQUAL(UINT64_MAX, after(&bench, 1000));
    EQUAL(0, bench.sent_count);
    EQUAL(WHIMBREL_OK, whimbrel_client_network(bench.client, 1, 0));
    after(&bench, 0);
    EQUAL(2, bench.sent_count); /* an Update, and the change that was kept */

    bench.opened = bench.closed = 0;
    EQUAL(WHIMBREL_OK, whimbrel_client_network(bench.client, 1, 1));
    after(&bench, 0);
    EQUAL(1, bench.closed);
    EQUAL(1, bench.opened);
    CHECK(says(&bench, 0, "ep=bench")); /* a Register */
    drop(&bench);
}

static void leaving(void)
{
    whimbrel_config_t config = limited();

    /* with nobody to leave it is done at once */
    LIMIT(.servers = 2);
    forget(&bench);
    make(&bench, &config);
    EQUAL(WHIMBREL_OK, whimbrel_client_stop(bench.client));
    after(&bench, 0);
    CHECK(event_of(&bench, WHIMBREL_EVENT_STOPPED) != NULL);
    drop(&bench);

    make(&bench, &config);
    EQUAL(WHIMBREL_OK, add_server(&bench, 1));
    EQUAL(WHIMBREL_OK, add_server(&bench, 2));
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    answer(&bench, 1, 0x41);
    forget(&bench);
    EQUAL(WHIMBREL_OK, whimbrel_client_stop(bench.client));
    after(&bench, 0);
    EQUAL(2, bench.sent_count);
    answer(&bench, 0, 0x42);
    CHECK(event_of(&bench, WHIMBREL_EVENT_STOPPED) == NULL);
    answer(&bench, 1, 0x42);
    CHECK(event_of(&bench, WHIMBREL_EVENT_STOPPED) != NULL);
    CHECK(bench.events[bench.event_count - 1].code != WHIMBREL_EVENT_DEREGISTERED);
    forget(&bench);
    EQUAL(UINT64_MAX, after(&bench, 1000000));
    EQUAL(0, bench.sent_count);
    drop(&bench);
}

/* ---- whimbrel_account_t.discard_offline, whimbrel_limits_t.undo and whimbrel_device_t */

static void discarding(void)
{
    const whimbrel_config_t config = bench_config(&bench);
    whimbrel_account_t account = { .size = sizeof account, .uri = "coap://server", .short_server_id = 1 };

    for (uint8_t discard = 0; discard < 2; discard++) {
        account.discard_offline = discard;
        make(&bench, &config);
        EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &number_object, NULL));
        EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
        after(&bench, 0);
        answer(&bench, 0, 0x41);
        observe("33001/0/1");
        EQUAL(WHIMBREL_OK, whimbrel_client_network(bench.client, 0, 0));
        EQUAL(WHIMBREL_OK, whimbrel_changed(bench.client, WHIMBREL_OBJECT(33001)));
        after(&bench, 1000);
        EQUAL(WHIMBREL_OK, whimbrel_client_network(bench.client, 1, 0));
        after(&bench, 0);
        EQUAL(discard ? 1 : 2, bench.sent_count); /* the Update alone, or what was stored too */
        drop(&bench);
    }
}

/* The value of a write that fails later must come back: where there is no room to keep it, nothing is written. */
static void undo(void)
{
    static char texts[2][40];
    static const whimbrel_resource_t resources[] = {
        {
            .id = 0,
            .data_type = WHIMBREL_STRING,
            .operations = WHIMBREL_READ | WHIMBREL_WRITE,
            .capacity = 40,
            .value = texts[0],
        },
        {
            .id = 1,
            .data_type = WHIMBREL_STRING,
            .operations = WHIMBREL_READ | WHIMBREL_WRITE,
            .capacity = 40,
            .value = texts[1],
        },
    };
    static const whimbrel_object_t object = {
        .size = sizeof object,
        .id = 33004,
        .resource_count = 2,
        .resources = resources,
    };
    static const uint8_t both[] = { 0xc1, 0, 'a', 0xc1, 1, 'b' };
    whimbrel_config_t config = limited();
    struct extras extras = plain;

    extras.format = 11542;
    for (uint16_t room = 16; room <= 256; room += 240) {
        LIMIT(.undo = room);
        make(&bench, &config);
        EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &object, NULL));
        EQUAL(WHIMBREL_OK, add_server(&bench, 1));
        after(&bench, 0);
        answer(&bench, 0, 0x41);
        memset(texts, 'x', sizeof texts);
        texts[0][39] = texts[1][39] = '\0';
        EQUAL(room == 256 ? CHANGED : INTERNAL, ask_with(&bench, POST, "33004/0", both, sizeof both, extras));
        CHECK(strcmp(texts[0], "a") == 0 || room == 16);
        CHECK(strcmp(texts[1], "b") == 0 || room == 16);
        CHECK(room == 256 || (texts[0][0] == 'x' && texts[1][0] == 'x'));
        drop(&bench);
    }
}

struct told {
    int reboots, resets;
    int64_t time;
};

static int32_t reboot(void *context)
{
    ((struct told *)context)->reboots++;
    return WHIMBREL_OK;
}

static int32_t factory_reset(void *context)
{
    ((struct told *)context)->resets++;
    return WHIMBREL_OK;
}

static int64_t get_time(void *context)
{
    return ((struct told *)context)->time;
}

static int32_t set_time(void *context, int64_t seconds)
{
    ((struct told *)context)->time = seconds;
    return WHIMBREL_OK;
}

static void device(void)
{
    static char offset[7] = "+01:00", zone[16] = "Europe/Berlin";
    static const int32_t sources[] = { 1, 5 }, voltages[] = { 3700, 5000 }, currents[] = { 80, 500 };
    static const int32_t level = 97, battery = 3, unused = 12, total = 64;
    struct told told = { 0, 0, 1700000000 };
    const whimbrel_device_t full = {
        .size = sizeof full,
        .manufacturer = "maker",
        .model_number = "model",
        .serial_number = "serial",
        .firmware_version = "fw",
        .device_type = "type",
        .hardware_version = "hw",
        .software_version = "sw",
        .binding = "UQ",
        .reboot = reboot,
        .factory_reset = factory_reset,
        .get_time = get_time,
        .set_time = set_time,
        .utc_offset = offset,
        .utc_offset_capacity = sizeof offset,
        .timezone_capacity = sizeof zone,
        .power_source_count = 2,
        .timezone = zone,
        .power_sources = sources,
        .power_voltages = voltages,
        .power_currents = currents,
        .battery_level = &level,
        .battery_status = &battery,
        .memory_free = &unused,
        .memory_total = &total,
    };
    static const struct {
        const char *path, *text;
    } expected[] = {
        { "3/0/0", "maker" },       { "3/0/1", "model" },
        { "3/0/2", "serial" },      { "3/0/3", "fw" },
        { "3/0/9", "97" },          { "3/0/10", "12" },
        { "3/0/13", "1700000000" }, { "3/0/14", "+01:00" },
        { "3/0/16", "UQ" },         { "3/0/15", "Europe/Berlin" },
        { "3/0/17", "type" },       { "3/0/18", "hw" },
        { "3/0/19", "sw" },         { "3/0/20", "3" },
        { "3/0/21", "64" },
    };
    static const char *const absent[] = { "3/0/0", "3/0/6", "3/0/7", "3/0/9", "3/0/13", "3/0/14", "3/0/21" };
    const whimbrel_device_t empty = { .size = sizeof empty, .reboot = reboot };
    const whimbrel_config_t config = bench_config(&bench);
    struct extras tlv = plain;

    tlv.accept = 11542;
    make(&bench, &config);
    EQUAL(WHIMBREL_OK, whimbrel_device_add(bench.client, &full, &told));
    EQUAL(WHIMBREL_OK, add_server(&bench, 1));
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        if (reads(&bench, expected[i].path, expected[i].text)) continue;
        fprintf(stderr, "%s is not %s\n", expected[i].path, expected[i].text);
        CHECK(0);
    }
    EQUAL(CONTENT, ask_with(&bench, GET, "3/0/6", "", 0, tlv));
    CHECK(says(&bench, 0,
               "\x86\x06"
               "A")); /* multiple resource 6, six bytes, resource instance 0 … */
    EQUAL(CONTENT, ask_with(&bench, GET, "3/0/7", "", 0, tlv));
    CHECK(says(&bench, 0, "\x0e\x74")); /* 3700 */
    EQUAL(CONTENT, ask_with(&bench, GET, "3/0/8", "", 0, tlv));
    CHECK(says(&bench, 0, "\x01\xf4")); /* 500 */
    EQUAL(CHANGED, ask(&bench, POST, "3/0/4", ""));
    EQUAL(1, told.reboots);
    EQUAL(CHANGED, ask(&bench, POST, "3/0/5", ""));
    EQUAL(1, told.resets);
    EQUAL(CHANGED, ask(&bench, PUT, "3/0/13", "1800000000"));
    EQUAL(1800000000, told.time);
    EQUAL(CHANGED, ask(&bench, PUT, "3/0/14", "-03:30"));
    CHECK(strcmp("-03:30", offset) == 0);
    EQUAL(BAD_REQUEST, ask(&bench, PUT, "3/0/14", "-03:30:00"));
    EQUAL(CHANGED, ask(&bench, PUT, "3/0/15", "Etc/UTC"));
    CHECK(strcmp("Etc/UTC", zone) == 0);
    EQUAL(WHIMBREL_OK, whimbrel_device_error(bench.client, 6));
    EQUAL(CONTENT, ask_with(&bench, GET, "3/0/11", "", 0, tlv));
    CHECK(says(&bench, 0,
               "\x0b"
               "A")); /* resource 11: one resource instance … */
    CHECK(bench.sent[0].bytes[bench.sent[0].length - 1] == 6);
    EQUAL(CHANGED, ask(&bench, POST, "3/0/12", ""));
    EQUAL(CONTENT, ask_with(&bench, GET, "3/0/11", "", 0, tlv));
    CHECK(bench.sent[0].bytes[bench.sent[0].length - 1] == 0);
    drop(&bench);

    make(&bench, &config);
    EQUAL(WHIMBREL_OK, whimbrel_device_add(bench.client, &empty, &told));
    EQUAL(WHIMBREL_OK, add_server(&bench, 1));
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        EQUAL(NOT_FOUND, ask(&bench, GET, absent[i], ""));
    CHECK(reads(&bench, "3/0/16", "U"));
    drop(&bench);
}

/* ---- Links */

/* A link that is being opened is closed too, and one that cannot be opened is tried again. */
static void links(void)
{
    const whimbrel_config_t config = bench_config(&bench);

    bench.opened = bench.closed = 0;
    bench.opening = WHIMBREL_PENDING;
    registers_with(&config);
    EQUAL(1, bench.opened);
    CHECK(after(&bench, 0) > bench.now);
    EQUAL(0, bench.sent_count);
    EQUAL(WHIMBREL_OK, whimbrel_account_remove(bench.client, 1));
    EQUAL(1, bench.closed);
    drop(&bench);

    bench.opening = WHIMBREL_ERR_NOT_FOUND;
    registers_with(&config);
    EQUAL(WHIMBREL_ERR_NOT_FOUND, event_of(&bench, WHIMBREL_EVENT_LINK_FAILED)->status);
    bench.opening = WHIMBREL_OK;
    after(&bench, event_of(&bench, WHIMBREL_EVENT_REGISTER_FAILED)->at - bench.now);
    EQUAL(1, bench.sent_count);

    /* a send that fails is a loss, and told */
    forget(&bench);
    bench.sending = WHIMBREL_ERR_LINK;
    after(&bench, 3000);
    EQUAL(WHIMBREL_ERR_LINK, event_of(&bench, WHIMBREL_EVENT_LINK_FAILED)->status);
    bench.sending = WHIMBREL_OK;
    answer(&bench, 0, 0x41);
    EQUAL(1, whimbrel_account_registered(bench.client, 1));
    drop(&bench);
}

int main(void)
{
    bench.now = 1000;
    names_and_versions();
    formats_and_features();
    confirmed_notifications();
    transmission();
    pauses();
    awake();
    accounts();
    tables();
    observations();
    remembered();
    bytes();
    deferred();
    discarding();
    undo();
    device();
    network();
    leaving();
    links();
    return verdict("setters");
}
