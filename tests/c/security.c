/*
 * The security table as a backend sees it, and each setter that has to do with security by its effect.
 */
#include "fake_backend.h"

/* ---- The client */

static const whimbrel_feature_t *const secured[] = { &whimbrel_dtls, &whimbrel_reporting };
static const whimbrel_feature_t *const kept[] = { &whimbrel_dtls, &whimbrel_persistence,
                                                  &whimbrel_reporting };
static const whimbrel_limits_t limits = { .size = sizeof limits, .mtu = 600 };
static whimbrel_credentials_t credentials;
static whimbrel_account_t account;

static void reset(void)
{
    memset(&backend, 0, sizeof backend);
    backend.can = WHIMBREL_CAN_PSK | WHIMBREL_CAN_CERTIFICATE | WHIMBREL_CAN_SAVE;
    backend.alert = -1;
    bench.secure = 1;
    forget(&bench);
    credentials = (whimbrel_credentials_t){
        .size = sizeof credentials,
        .mode = WHIMBREL_PSK,
        .identity = (const uint8_t *)"me",
        .identity_length = 2,
        .secret_key = (const uint8_t *)"secret",
        .secret_key_length = 6,
    };
    account = (whimbrel_account_t){
        .size = sizeof account,
        .uri = "coaps://server.example",
        .short_server_id = 1,
        .lifetime_s = 300,
        .security = &credentials,
    };
}

static whimbrel_config_t secure_config(void)
{
    whimbrel_config_t config = bench_config(&bench);
    config.limits = &limits;
    config.features = secured;
    config.feature_count = 2;
    return config;
}

static int32_t init(const whimbrel_config_t *config, const whimbrel_port_t *port)
{
    const size_t size = whimbrel_client_size(config->limits);
    void *memory = malloc(size);
    const int32_t status = whimbrel_client_init(memory, size, config, port, &bench.client);
    if (status != WHIMBREL_OK) free(memory);
    return status;
}

static whimbrel_port_t secure_port(void)
{
    whimbrel_port_t port = bench_port(&bench);
    port.security = &table;
    port.wall_clock = wall_clock;
    return port;
}

static void make_secure(const whimbrel_config_t *config)
{
    const whimbrel_port_t port = secure_port();
    EQUAL(WHIMBREL_OK, init(config, &port));
    if (bench.client == NULL) exit(verdict("no client"));
}

static void receive(const char *text)
{
    bench.inbox[0].length = strlen(text);
    memcpy(bench.inbox[0].bytes, text, strlen(text));
    after(&bench, 0);
}

/* Answers what the client sent last, as records. */
static void answer_secured(uint8_t code)
{
    struct datagram *sent = &bench.sent[0];
    struct datagram *in = &bench.inbox[0];
    CHECK(sent->length > 0 && sent->bytes[0] == 's');
    memmove(sent->bytes, sent->bytes + 1, --sent->length);
    in->length = 0;
    {
        const size_t token = sent->bytes[0] & 15u;
        in->bytes[0] = 's';
        in->bytes[1] = (uint8_t)(0x60 | token);
        in->bytes[2] = code;
        memcpy(in->bytes + 3, sent->bytes + 2, 2 + token);
        in->length = 5 + token;
        if (code == 0x41) {
            memcpy(in->bytes + in->length, "\x82rd\x01z", 5);
            in->length += 5;
        }
    }
    after(&bench, 0);
}

static void register_secured(const whimbrel_config_t *config)
{
    make_secure(config);
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    receive("welcome");
    answer_secured(0x41);
    EQUAL(1, whimbrel_account_registered(bench.client, 1));
}

/* ---- What init refuses */

static void init_needs_what_dtls_needs(void)
{
    whimbrel_config_t config = secure_config();
    whimbrel_port_t port = secure_port();
    whimbrel_security_t half = table;
    whimbrel_limits_t wrong = limits;

    reset();
    config.limits = NULL; /* mtu 0 */
    EQUAL(WHIMBREL_ERR_ARGUMENT, init(&config, &port));
    config.limits = &wrong;
    wrong.mtu = 139;
    EQUAL(0, whimbrel_client_size(&wrong));
    wrong.mtu = 16385;
    EQUAL(0, whimbrel_client_size(&wrong));
    wrong.mtu = 140;
    EQUAL(WHIMBREL_OK, init(&config, &port));
    drop(&bench);
    config.limits = &limits;
    port.security = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init(&config, &port));
    port.security = &half;
    half.size--;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init(&config, &port));
    half = table;
    half.feed = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init(&config, &port));
    half = table;
    half.fence = NULL; /* needed by a backend that can save, and only there */
    EQUAL(WHIMBREL_ERR_ARGUMENT, init(&config, &port));
    backend.can = WHIMBREL_CAN_PSK;
    EQUAL(WHIMBREL_OK, init(&config, &port));
    drop(&bench);
    config.features = kept;
    config.feature_count = 3;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init(&config, &port)); /* no storage */
    port.storage_read = storage_read;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init(&config, &port));
    port.storage_write = storage_write;
    EQUAL(WHIMBREL_OK, init(&config, &port));
    drop(&bench);
    config.features = kept + 1; /* persistence alone */
    config.feature_count = 1;
    EQUAL(WHIMBREL_OK, init(&config, &port));
    drop(&bench);
}

/* ---- Accounts */

static void accounts_that_are_refused(void)
{
    whimbrel_config_t config = secure_config();
    static uint16_t many[17];

    reset();
    make_secure(&config);
    EQUAL((int32_t)backend.can, whimbrel_client_capabilities(bench.client));
    account.uri = "coap://server.example";
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_account_add(bench.client, &account));
    account.uri = "coaps://server.example";
    account.security = NULL;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_account_add(bench.client, &account));
    account.security = &credentials;
    credentials.mode = WHIMBREL_NOSEC;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_account_add(bench.client, &account));
    credentials.mode = 4; /* EST */
    EQUAL(WHIMBREL_ERR_SECURITY_MODE, whimbrel_account_add(bench.client, &account));
    credentials.mode = WHIMBREL_RAW_PUBLIC_KEY;
    EQUAL(WHIMBREL_ERR_CREDENTIALS, whimbrel_account_add(bench.client, &account));
    credentials.server_key = (const uint8_t *)"its key";
    credentials.server_key_length = 7;
    EQUAL(WHIMBREL_ERR_SECURITY_MODE, whimbrel_account_add(bench.client, &account));
    credentials.mode = WHIMBREL_CERTIFICATE;
    credentials.certificate_usage = 5;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_account_add(bench.client, &account));
    credentials.certificate_usage = 0;
    credentials.matching_type = 4;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_account_add(bench.client, &account));
    credentials.matching_type = 0;
    credentials.size--;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_account_add(bench.client, &account));
    credentials.size++;
    credentials.ciphersuites = many;
    credentials.ciphersuite_count = 17;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_account_add(bench.client, &account));
    credentials.ciphersuite_count = 0;
    credentials.sni = "\xff";
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_account_add(bench.client, &account));
    credentials.sni = NULL;
    credentials.secret_key = NULL;
    EQUAL(WHIMBREL_ERR_CREDENTIALS, whimbrel_account_add(bench.client, &account));
    credentials.secret_key = (const uint8_t *)bench_formats; /* any memory */
    credentials.secret_key_length = 200;
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_account_add(bench.client, &account));
    EQUAL(0, backend.started);
    /* nothing of all that is left behind: the one account still fits */
    reset();
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    drop(&bench);

    bench.secure = 0;
    config = bench_config(&bench); /* without whimbrel_dtls */
    make(&bench, &config);
    EQUAL(0, whimbrel_client_capabilities(bench.client));
    EQUAL(WHIMBREL_ERR_SECURITY_MODE, whimbrel_account_add(bench.client, &account));
    drop(&bench);
}

static void credentials_reach_the_backend(void)
{
    static const uint16_t suites[] = { 0xc0a8, 0x00ae };
    whimbrel_config_t config = secure_config();

    reset();
    config.handshake_first_ms = 9000;
    config.handshake_longest_ms = 72000;
    make_secure(&config);
    credentials.mode = WHIMBREL_CERTIFICATE;
    credentials.certificate_usage = WHIMBREL_USAGE_TRUST_ANCHOR_ASSERTION;
    credentials.matching_type = 1;
    credentials.server_key = (const uint8_t *)"anchor";
    credentials.server_key_length = 6;
    credentials.sni = "other.example";
    credentials.ciphersuites = suites;
    credentials.ciphersuite_count = 2;
    wall_clock_s = 1800000000;
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    EQUAL(1, backend.started);
    EQUAL(WHIMBREL_CERTIFICATE, backend.setup.mode);
    EQUAL(0, backend.setup.serves);
    EQUAL(WHIMBREL_USAGE_TRUST_ANCHOR_ASSERTION, backend.setup.certificate_usage);
    EQUAL(1, backend.setup.matching_type);
    EQUAL(600, backend.setup.mtu);
    EQUAL(9000, backend.setup.first_timeout_ms);
    EQUAL(72000, backend.setup.longest_timeout_ms);
    EQUAL(1800000000, backend.setup.wall_clock_s);
    EQUAL(2, backend.setup.ciphersuite_count);
    EQUAL(0xc0a8, backend.suites[0]);
    EQUAL(0x00ae, backend.suites[1]);
    EQUAL(0, strcmp(backend.identity, "me"));
    EQUAL(0, strcmp(backend.secret_key, "secret"));
    EQUAL(0, strcmp(backend.server_key, "anchor"));
    EQUAL(0, strcmp(backend.name, "other.example"));
    EQUAL(0, backend.setup.name_is_address);
    EQUAL(1, backend.setup.check_name); /* a client of 1.0 */
    CHECK(says(&bench, 0, "hello"));
    EQUAL(5684, bench.port);
    drop(&bench);
    EQUAL(WHIMBREL_END_FORGET, backend.how);

    reset();
    config = secure_config();
    make_secure(&config);
    account.uri = "coaps://[2001:db8::1]:5000";
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    EQUAL(0, strcmp(backend.name, "2001:db8::1"));
    EQUAL(1, backend.setup.name_is_address);
    EQUAL(0, backend.setup.check_name); /* there is no certificate */
    EQUAL(WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE, backend.setup.certificate_usage);
    EQUAL(0, backend.setup.ciphersuite_count);
    EQUAL(2000, backend.setup.first_timeout_ms);
    EQUAL(60000, backend.setup.longest_timeout_ms);
    drop(&bench);

    reset();
    config.version_max = 11;
    make_secure(&config);
    credentials.mode = WHIMBREL_CERTIFICATE;
    credentials.server_key = (const uint8_t *)"certificate";
    credentials.server_key_length = 11;
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    EQUAL(0, backend.setup.check_name);
    drop(&bench);
}

/* ---- A session and its end */

static void a_session_begins_and_ends(void)
{
    const whimbrel_config_t config = secure_config();
    whimbrel_deadline_t deadline;

    reset();
    make_secure(&config);
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    EQUAL(bench.now + 2000, after(&bench, 0));
    EQUAL(WHIMBREL_OK, whimbrel_client_deadline(bench.client, &deadline));
    EQUAL(WHIMBREL_WAKE_HANDSHAKE, deadline.reason);
    EQUAL(1, backend.stepped);
    after(&bench, 2000);
    EQUAL(2, backend.stepped);
    receive("garbage");
    EQUAL(0, whimbrel_account_registered(bench.client, 1));
    receive("welcome");
    CHECK(event_of(&bench, WHIMBREL_EVENT_SECURED) != NULL);
    EQUAL(0xc0a8, event_of(&bench, WHIMBREL_EVENT_SECURED)->status);
    CHECK(says(&bench, 0, "sB") && says(&bench, 0, "ep=bench"));
    answer_secured(0x41);
    EQUAL(1, whimbrel_account_registered(bench.client, 1));

    backend.alert = 0; /* close_notify */
    backend.feeding = WHIMBREL_ERR_CLOSED;
    receive("bye");
    after(&bench, 0);
    EQUAL(0, event_of(&bench, WHIMBREL_EVENT_ALERT)->status);
    EQUAL(WHIMBREL_ERR_CLOSED, event_of(&bench, WHIMBREL_EVENT_SECURITY_FAILED)->status);
    EQUAL(0, whimbrel_account_registered(bench.client, 1));
    EQUAL(0, backend.how); /* it may be resumed */
    EQUAL(1, backend.started);
    after(&bench, 60000);
    EQUAL(2, backend.started);
    drop(&bench);
}

static void a_session_that_cannot_start(void)
{
    const whimbrel_config_t config = secure_config();

    reset();
    make_secure(&config);
    backend.starting = WHIMBREL_ERR_CREDENTIALS;
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    CHECK(event_of(&bench, WHIMBREL_EVENT_ACCOUNT_INVALID) != NULL);
    EQUAL(WHIMBREL_ERR_CREDENTIALS, event_of(&bench, WHIMBREL_EVENT_ACCOUNT_INVALID)->status);
    EQUAL(UINT64_MAX, after(&bench, 100000)); /* not tried again */
    EQUAL(1, backend.started);
    EQUAL(0, bench.sent_count);
    /* corrected, it is */
    backend.starting = WHIMBREL_OK;
    EQUAL(WHIMBREL_OK, whimbrel_account_secure(bench.client, 1, &credentials));
    after(&bench, 0);
    EQUAL(2, backend.started);
    drop(&bench);
}

static void credentials_are_replaced(void)
{
    const whimbrel_config_t config = secure_config();

    reset();
    register_secured(&config);
    credentials.identity = (const uint8_t *)"somebody else";
    credentials.identity_length = 13;
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_account_secure(bench.client, 2, &credentials));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_account_secure(bench.client, 1, NULL));
    credentials.mode = WHIMBREL_NOSEC;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_account_secure(bench.client, 1, &credentials));
    credentials.mode = WHIMBREL_PSK;
    credentials.secret_key_length = 0;
    EQUAL(WHIMBREL_ERR_CREDENTIALS, whimbrel_account_secure(bench.client, 1, &credentials));
    credentials.secret_key_length = 5;
    EQUAL(1, whimbrel_account_registered(bench.client, 1)); /* what was refused changed nothing */
    EQUAL(0, backend.ended);
    EQUAL(WHIMBREL_OK, whimbrel_account_secure(bench.client, 1, &credentials));
    EQUAL(WHIMBREL_END_NOTIFY | WHIMBREL_END_FORGET, backend.how);
    after(&bench, 0);
    EQUAL(2, backend.started);
    EQUAL(0, strcmp(backend.identity, "somebody else"));
    EQUAL(0, strcmp(backend.secret_key, "secre"));
    drop(&bench);
}

/* ---- Storage */

static void a_session_outlives_its_client(void)
{
    whimbrel_config_t config = secure_config();
    whimbrel_port_t port = secure_port();

    reset();
    memset(&storage, 0, sizeof storage);
    config.features = kept;
    config.feature_count = 3;
    port.storage_read = storage_read;
    port.storage_write = storage_write;
    EQUAL(WHIMBREL_OK, init(&config, &port));
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    receive("welcome");
    answer_secured(0x41);
    EQUAL(2, storage.written);
    drop(&bench);

    EQUAL(WHIMBREL_OK, init(&config, &port));
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    EQUAL(1, backend.loaded);
    EQUAL(1, backend.started);
    CHECK(says(&bench, 0, "sB") && !says(&bench, 0, "ep=")); /* an Update */
    EQUAL(0, backend.fenced);
    answer_secured(0x44);
    EQUAL(1, backend.fenced);
    EQUAL(1, whimbrel_account_registered(bench.client, 1));

    /* storage that fails: no number beyond the reservation is used, and a new session follows */
    storage.writing = WHIMBREL_ERR_STORAGE;
    forget(&bench);
    for (int i = 0; i < 70 && event_of(&bench, WHIMBREL_EVENT_STORAGE_FAILED) == NULL; i++) {
        EQUAL(WHIMBREL_OK, whimbrel_account_update(bench.client, 1));
        after(&bench, 0);
        if (event_of(&bench, WHIMBREL_EVENT_STORAGE_FAILED) == NULL) answer_secured(0x44);
        bench.event_count = event_of(&bench, WHIMBREL_EVENT_STORAGE_FAILED) == NULL ? 0 : bench.event_count;
    }
    EQUAL(WHIMBREL_ERR_STORAGE, event_of(&bench, WHIMBREL_EVENT_STORAGE_FAILED)->status);
    after(&bench, 0);
    EQUAL(WHIMBREL_ERR_STORAGE, event_of(&bench, WHIMBREL_EVENT_SECURITY_FAILED)->status);
    drop(&bench);

    /* other credentials: what was kept is not for them */
    storage.writing = 0;
    credentials.identity = (const uint8_t *)"you";
    credentials.identity_length = 3;
    backend.loaded = 0;
    EQUAL(WHIMBREL_OK, init(&config, &port));
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    EQUAL(0, backend.loaded);
    CHECK(says(&bench, 0, "hello"));
    drop(&bench);
}

/* Server initiated bootstrap: the client is the DTLS server (TS 1.0 section 7.1.6). */
static void a_bootstrap_server_speaks_first(void)
{
    static const whimbrel_feature_t *const both[] = { &whimbrel_dtls, &whimbrel_bootstrap };
    static const uint8_t discover[] = "s\x40\x01\x12\x34\xd1\x04\x28"; /* GET, Accept: 40 */
    whimbrel_config_t config = secure_config();
    whimbrel_limits_t room = limits;

    reset();
    room.bootstrap = 256;
    config.limits = &room;
    config.features = both;
    config.server_initiated = 1;
    account = (whimbrel_account_t){
        .size = sizeof account,
        .uri = "coaps://boot.example",
        .security = &credentials,
        .bootstrap_server = 1,
        .hold_off_s = 1000,
    };
    bench.secure = WHIMBREL_LINK_SECURE | WHIMBREL_LINK_LISTEN;
    make_secure(&config);
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    after(&bench, 0);
    EQUAL(0, backend.started);
    EQUAL(0, bench.sent_count);
    receive("client hello");
    EQUAL(1, backend.started);
    EQUAL(1, backend.setup.serves);
    receive("welcome");
    CHECK(event_of(&bench, WHIMBREL_EVENT_SECURED) != NULL);
    CHECK(!says(&bench, 0, "bs"));
    bench.inbox[0].length = sizeof discover - 1;
    memcpy(bench.inbox[0].bytes, discover, sizeof discover - 1);
    after(&bench, 0);
    CHECK(event_of(&bench, WHIMBREL_EVENT_BOOTSTRAP_STARTED) != NULL);
    CHECK(says(&bench, 0, "</0/0>"));
    /* it leaves half-way: all is as before, and it may come again */
    backend.feeding = WHIMBREL_ERR_CLOSED;
    receive("alert");
    after(&bench, 0);
    CHECK(event_of(&bench, WHIMBREL_EVENT_BOOTSTRAP_FAILED) != NULL);
    drop(&bench);
}

int main(void)
{
    init_needs_what_dtls_needs();
    accounts_that_are_refused();
    credentials_reach_the_backend();
    a_session_begins_and_ends();
    a_session_that_cannot_start();
    credentials_are_replaced();
    a_session_outlives_its_client();
    a_bootstrap_server_speaks_first();
    return verdict("security");
}
