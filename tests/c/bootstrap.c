/*
 * Bootstrap and stored settings from C: each setter and function by its effect, and what is refused. The client is of LwM2M
 * 1.1; the bootstrap server is link 0.
 */
#include "fake_storage.h"

#define PUT    3 /* PUT */
#define GET    1
#define POST   2
#define DELETE 4
#define TLV    11542
#define LINKS  40

static const whimbrel_feature_t *const features[] = { &whimbrel_bootstrap, &whimbrel_persistence,
                                                      &whimbrel_creation, &whimbrel_transfers };
static whimbrel_limits_t limits;
static whimbrel_config_t config;
static whimbrel_port_t port;
static whimbrel_account_t account;

static void reset(void)
{
    memset(&storage, 0, sizeof storage);
    forget(&bench);
    bench.secure = 0;
    limits = (whimbrel_limits_t){ .size = sizeof limits, .servers = 3, .bootstrap = 1024 };
    config = bench_config(&bench);
    config.limits = &limits;
    config.features = features;
    config.feature_count = 4;
    config.version_max = 11;
    port = bench_port(&bench);
    port.storage_read = storage_read;
    port.storage_write = storage_write;
    account =
        (whimbrel_account_t){ .size = sizeof account, .uri = "coap://boot.example", .bootstrap_server = 1 };
}

static int32_t init(void)
{
    const size_t size = whimbrel_client_size(&limits);
    void *memory = malloc(size);
    const int32_t status = whimbrel_client_init(memory, size, &config, &port, &bench.client);
    if (status != WHIMBREL_OK) free(memory);
    return status;
}

/* A client with the account of a bootstrap server. */
static void start(void)
{
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
}

/* The same in a session. */
static void begin(void)
{
    start();
    after(&bench, 0);
    answer(&bench, 0, 0x44);
    CHECK(event_of(&bench, WHIMBREL_EVENT_BOOTSTRAP_STARTED) != NULL);
}

/* What the bootstrap server sends, and the code of the answer: 204 for 2.04. */
static int command(uint8_t method, const char *path, const void *payload, size_t length)
{
    struct extras extras = plain;
    int code;
    if (length != 0) extras.format = TLV;
    if (method == GET) extras.accept = LINKS;
    code = ask_with(&bench, method, path, payload, length, extras);
    return code / 32 * 100 + code % 32;
}

/* Security 1 of a NoSec server with Short Server ID 101, and Server 0 for it; the same as a file of Appendix G.3.3. */
static const uint8_t security[] = "\x08\x01\x1c"
                                  "\xc8\x00\x0a"
                                  "coap://s.t"
                                  "\xc1\x01\x00"
                                  "\xc1\x02\x03"
                                  "\xc0\x03\xc0\x04\xc0\x05"
                                  "\xc1\x0a\x65";
static const uint8_t server[] = "\x08\x00\x0d\xc1\x00\x65\xc2\x01\x01\x2c\xc1\x06\x01\xc1\x07U";
static uint8_t file[64];

static size_t make_file(void)
{
    const size_t sizes[2] = { sizeof security - 1, sizeof server - 1 };
    const uint8_t *const parts[2] = { security, server };
    size_t length = 4;
    memset(file, 0, sizeof file);
    file[1] = 2;
    for (int i = 0; i < 2; i++) {
        file[length + 1] = (uint8_t)i;
        file[length + 4] = (uint8_t)sizes[i];
        memcpy(file + length + 5, parts[i], sizes[i]);
        length += 5 + sizes[i];
    }
    file[3] = (uint8_t)(length - 4);
    return length;
}

static void init_needs_what_bootstrap_needs(void)
{
    reset();
    limits.bootstrap = 0;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init());
    reset();
    limits.bootstrap = 0x01000000;
    EQUAL(0, whimbrel_client_size(&limits));
    reset();
    port.storage_write = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init());
    /* without the features nothing of it is there */
    reset();
    config.feature_count = 0;
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, whimbrel_account_add(bench.client, &account));
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, whimbrel_bootstrap_start(bench.client));
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, whimbrel_provision(bench.client, file, sizeof file));
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, whimbrel_configuration_load(bench.client));
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, whimbrel_configuration_erase(bench.client));
    drop(&bench);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_bootstrap_start(NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_provision(NULL, file, sizeof file));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_configuration_load(NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_configuration_erase(NULL));
}

static void accounts_that_are_refused(void)
{
    reset();
    start();
    EQUAL(WHIMBREL_ERR_EXISTS, whimbrel_account_add(bench.client, &account));
    account.short_server_id = 1; /* a bootstrap server has none */
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_account_add(bench.client, &account));
    account.short_server_id = WHIMBREL_NONE;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_account_add(bench.client, &account));
    account.short_server_id = 0;
    account.bootstrap_server = 0; /* a server has one */
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_account_add(bench.client, &account));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_account_remove(bench.client, 0));
    drop(&bench);
    reset();
    limits.servers = 1;
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, add_server(&bench, 1));
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_account_add(bench.client, &account));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_bootstrap_start(bench.client));
    drop(&bench);
}

static void a_session_from_beginning_to_end(void)
{
    reset();
    begin();
    EQUAL(0, strcmp(bench.host, "boot.example"));
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_bootstrap_start(bench.client));
    EQUAL(WHIMBREL_ERR_STATE, add_server(&bench, 7));
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_provision(bench.client, file, make_file()));
    EQUAL(205, command(GET, "", "", 0));
    EQUAL(204, command(PUT, "0", security, sizeof security - 1));
    EQUAL(406, command(POST, "bs", "", 0));
    EQUAL(204, command(PUT, "1", server, sizeof server - 1));
    EQUAL(204, command(POST, "bs", "", 0));
    EQUAL(101, event_of(&bench, WHIMBREL_EVENT_ACCOUNT_ADDED)->short_server_id);
    CHECK(event_of(&bench, WHIMBREL_EVENT_BOOTSTRAPPED) != NULL);
    answer(&bench, 1, 0x41);
    EQUAL(1, whimbrel_account_registered(bench.client, 101));
    EQUAL(0, strcmp(bench.host, "s.t"));

    /* once more, by the application; this one removes the server, and comes to nothing */
    EQUAL(WHIMBREL_OK, whimbrel_bootstrap_start(bench.client));
    after(&bench, 0);
    after(&bench, 0);
    answer(&bench, 0, 0x44);
    EQUAL(202, command(DELETE, "0", "", 0));
    EQUAL(406, command(POST, "bs", "", 0));
    after(&bench, 247000);
    EQUAL(WHIMBREL_ERR_TIMEOUT, event_of(&bench, WHIMBREL_EVENT_BOOTSTRAP_FAILED)->status);
    CHECK(event_of(&bench, WHIMBREL_EVENT_BOOTSTRAP_FAILED)->at > bench.now);
    EQUAL(1, whimbrel_account_registered(bench.client, 101));
    drop(&bench);
}

static void times_of_the_account(void)
{
    uint64_t next;
    whimbrel_deadline_t deadline;

    reset();
    account.hold_off_s = 100;
    account.account_timeout_s = 500;
    start();
    next = after(&bench, 0);
    CHECK(next >= bench.now + 100000 && next <= bench.now + 125000);
    EQUAL(0, bench.sent_count);
    after(&bench, next - bench.now);
    EQUAL(1, bench.sent_count);
    answer(&bench, 0, 0x44);
    after(&bench, 0);
    EQUAL(WHIMBREL_OK, whimbrel_client_deadline(bench.client, &deadline));
    EQUAL(WHIMBREL_WAKE_BOOTSTRAP, deadline.reason);
    EQUAL(bench.now + 247000, deadline.at);
    EQUAL(204, command(PUT, "0", security, sizeof security - 1));
    EQUAL(204, command(PUT, "1", server, sizeof server - 1));
    EQUAL(204, command(POST, "bs", "", 0));
    answer(&bench, 1, 0x41);
    after(&bench, 499000);
    CHECK(event_of(&bench, WHIMBREL_EVENT_BOOTSTRAP_PURGED) == NULL);
    after(&bench, 1000);
    CHECK(event_of(&bench, WHIMBREL_EVENT_BOOTSTRAP_PURGED) != NULL);
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_bootstrap_start(bench.client));
    drop(&bench);
}

static void a_server_may_speak_first(void)
{
    reset();
    config.server_initiated = 1;
    bench.secure = WHIMBREL_LINK_LISTEN;
    account.hold_off_s = 1000;
    start();
    after(&bench, 0);
    EQUAL(0, bench.sent_count);
    EQUAL(204, command(PUT, "0", security, sizeof security - 1));
    CHECK(event_of(&bench, WHIMBREL_EVENT_BOOTSTRAP_STARTED) != NULL);
    EQUAL(204, command(PUT, "1", server, sizeof server - 1));
    bench.secure = 0; /* the server is called */
    EQUAL(204, command(POST, "bs", "", 0));
    CHECK(event_of(&bench, WHIMBREL_EVENT_BOOTSTRAPPED) != NULL);
    drop(&bench);
}

static void a_blob_is_taken_whole_or_not_at_all(void)
{
    size_t length = make_file();
    const int opened = bench.opened;
    reset();
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_provision(bench.client, NULL, 4));
    for (size_t cut = 0; cut < length; cut++)
        EQUAL(WHIMBREL_ERR_MALFORMED, whimbrel_provision(bench.client, file, cut));
    file[length - 1] = 'X'; /* a binding that is none */
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_provision(bench.client, file, length));
    make_file();
    file[length - 12] = 102; /* a Server instance without Security */
    EQUAL(WHIMBREL_ERR_INCONSISTENT, whimbrel_provision(bench.client, file, length));
    after(&bench, 0);
    EQUAL(opened, bench.opened); /* nobody to go to */
    make_file();
    EQUAL(WHIMBREL_OK, whimbrel_provision(bench.client, file, sizeof file));
    EQUAL(WHIMBREL_OK, whimbrel_provision(bench.client, file, sizeof file));
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    EQUAL(1, whimbrel_account_registered(bench.client, 101));
    drop(&bench);
    reset();
    limits.credentials = 8;
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_provision(bench.client, file, sizeof file));
    drop(&bench);
    reset();
    limits.bootstrap = 20;
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_provision(bench.client, file, sizeof file));
    drop(&bench);
}

static void settings_outlive_the_client(void)
{
    make_file();
    reset();
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_configuration_load(bench.client));
    EQUAL(WHIMBREL_OK, whimbrel_provision(bench.client, file, sizeof file));
    CHECK(storage.written > 0);
    EQUAL(WHIMBREL_OK, whimbrel_account_add(bench.client, &account));
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_configuration_load(bench.client));
    after(&bench, 0);
    drop(&bench);

    EQUAL(WHIMBREL_OK, init());
    EQUAL(2, whimbrel_configuration_load(bench.client));
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    EQUAL(1, whimbrel_account_registered(bench.client, 101));
    drop(&bench);

    /* a damaged record is told; with the only one no account is left */
    storage.bytes[258 + 1][40] ^= 1;
    storage.bytes[258][40] ^= 1;
    forget(&bench);
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_configuration_load(bench.client));
    EQUAL(WHIMBREL_ERR_MALFORMED, event_of(&bench, WHIMBREL_EVENT_STORAGE_FAILED)->status);
    EQUAL(WHIMBREL_OK, whimbrel_configuration_erase(bench.client));
    drop(&bench);

    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_configuration_load(bench.client));
    storage.writing = WHIMBREL_ERR_STORAGE;
    EQUAL(WHIMBREL_ERR_STORAGE, whimbrel_provision(bench.client, file, sizeof file));
    after(&bench, 0);
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_account_remove(bench.client, 101));
    drop(&bench);
}

/* An object of the application, as one image defines it and as another does: what is one value here is a list there. */
static struct settings {
    int32_t one;
    int32_t guard; /* what lies behind the variable */
    int32_t many[3];
    uint16_t ids[3];
    whimbrel_list_t list;
} settings;

static const whimbrel_object_t *object_of(int swapped)
{
    static whimbrel_resource_t resources[2];
    static whimbrel_object_t object;
    const whimbrel_resource_t one = {
        .data_type = WHIMBREL_INTEGER,
        .operations = WHIMBREL_READ | WHIMBREL_WRITE,
        .capacity = sizeof settings.one,
        .value = &settings.one,
    };
    whimbrel_resource_t many = one;
    many.flags = WHIMBREL_MULTIPLE;
    many.value = &settings.list;
    settings = (struct settings){ .one = 600, .guard = 7, .many = { 8, 9 }, .ids = { 0, 1 } };
    settings.list.count = 2;
    settings.list.capacity = 3;
    settings.list.ids = settings.ids;
    settings.list.values = settings.many;
    resources[0] = swapped ? many : one;
    resources[1] = swapped ? one : many;
    resources[1].id = 1;
    object = (whimbrel_object_t){ .size = sizeof object, .id = 33000, .flags = WHIMBREL_PERSISTENT };
    object.resource_count = 2;
    object.resources = resources;
    return &object;
}

static void stored_values_keep_the_shape_of_their_definition(void)
{
    static const uint8_t written[] = "\xc1\x00\x05\x86\x01\x41\x00\x0a\x41\x02\x0b";
    make_file();
    reset();
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, object_of(0), NULL));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_configuration_load(bench.client));
    EQUAL(WHIMBREL_OK, whimbrel_provision(bench.client, file, sizeof file));
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    EQUAL(204, command(PUT, "33000/0", written, sizeof written - 1));
    EQUAL(5, settings.one);
    EQUAL(2, settings.list.count);
    EQUAL(11, settings.many[1]);
    drop(&bench);

    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, object_of(0), NULL));
    CHECK(whimbrel_configuration_load(bench.client) > 0);
    EQUAL(5, settings.one);
    EQUAL(2, settings.list.count);
    EQUAL(2, settings.ids[1]);
    EQUAL(11, settings.many[1]);
    drop(&bench);

    /* the next image has it the other way round: the accounts are loaded, the object keeps the values of the image */
    forget(&bench);
    EQUAL(WHIMBREL_OK, init());
    EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, object_of(1), NULL));
    CHECK(whimbrel_configuration_load(bench.client) > 0);
    EQUAL(WHIMBREL_ERR_MALFORMED, event_of(&bench, WHIMBREL_EVENT_STORAGE_FAILED)->status);
    EQUAL(600, settings.one);
    EQUAL(7, settings.guard);
    EQUAL(2, settings.list.count);
    EQUAL(8, settings.many[0]);
    EQUAL(1, settings.ids[1]);
    after(&bench, 0);
    answer(&bench, 0, 0x44);
    EQUAL(1, whimbrel_account_registered(bench.client, 101));
    drop(&bench);
}

int main(void)
{
    init_needs_what_bootstrap_needs();
    accounts_that_are_refused();
    a_session_from_beginning_to_end();
    times_of_the_account();
    a_server_may_speak_first();
    a_blob_is_taken_whole_or_not_at_all();
    settings_outlive_the_client();
    stored_values_keep_the_shape_of_their_definition();
    return verdict("bootstrap");
}
