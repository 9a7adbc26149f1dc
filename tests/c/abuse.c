/*
 * What no application should do, and what it is told: NULL, wrong sizes, memory that does not do, calls out of order
 * and from inside, tables that break their promises. Everything must get the status that the header names.
 */
#include "harness.h"

static struct bench bench;

/* ---- Every function with NULL for the client, with memory that is none, and from inside */

static void all_functions(whimbrel_client_t *client, int32_t expected)
{
    static const whimbrel_path_t path = { 3, 0, 0, WHIMBREL_NONE };
    whimbrel_deadline_t deadline;
    uint64_t next = 42;

    EQUAL(expected, whimbrel_client_poll(client, &next));
    EQUAL(42, next);
    EQUAL(expected, whimbrel_client_poll(client, NULL));
    EQUAL(expected, whimbrel_client_deadline(client, &deadline));
    EQUAL(expected, whimbrel_complete(client, path, WHIMBREL_OK));
    EQUAL(expected, whimbrel_client_network(client, 0, 1));
    EQUAL(expected, whimbrel_client_stop(client));
    EQUAL(expected, whimbrel_client_end(client));
    EQUAL(expected, whimbrel_account_add(client, NULL));
    EQUAL(expected, whimbrel_account_remove(client, 1));
    EQUAL(expected, whimbrel_account_registered(client, 1));
    EQUAL(expected, whimbrel_account_update(client, 0));
    EQUAL(expected, whimbrel_object_add(client, NULL, NULL));
    EQUAL(expected, whimbrel_object_remove(client, 3303));
    EQUAL(expected, whimbrel_instance_add(client, 3303, 0, NULL));
    EQUAL(expected, whimbrel_instance_remove(client, 3303, 0));
    EQUAL(expected, whimbrel_device_add(client, NULL, NULL));
    EQUAL(expected, whimbrel_device_error(client, 1));
    EQUAL(expected, whimbrel_access_add(client, NULL));
    /* the one that may be called from inside */
    EQUAL(expected == WHIMBREL_ERR_REENTERED ? WHIMBREL_OK : expected, whimbrel_changed(client, path));
}

static void without_a_client(void)
{
    static uint64_t nothing[1024]; /* zeros */
    whimbrel_config_t config;
    all_functions(NULL, WHIMBREL_ERR_ARGUMENT);
    all_functions((whimbrel_client_t *)nothing, WHIMBREL_ERR_STATE);

    /* after the end */
    config = bench_config(&bench);
    make(&bench, &config);
    EQUAL(WHIMBREL_OK, whimbrel_client_end(bench.client));
    all_functions(bench.client, WHIMBREL_ERR_STATE);
    free(bench.client);
}

/* ---- whimbrel_client_size() and whimbrel_client_init() */

static void sizes(void)
{
    whimbrel_limits_t limits = { .size = sizeof limits };
    size_t *stub =
        (size_t *)malloc(sizeof *stub); /* a struct of a size that nobody knows, and not a byte more */

    CHECK(whimbrel_client_size(NULL) > 0);
    EQUAL(whimbrel_client_size(NULL), whimbrel_client_size(&limits));
    *stub = sizeof *stub;
    EQUAL(0, whimbrel_client_size((const whimbrel_limits_t *)(void *)stub));
    free(stub);
    limits.size = 0;
    EQUAL(0, whimbrel_client_size(&limits));
    limits.size = sizeof limits + 8;
    EQUAL(0, whimbrel_client_size(&limits));

#define OUT_OF_RANGE(member, value)                                         \
    limits = (whimbrel_limits_t){ .size = sizeof limits, .member = value }; \
    EQUAL(0, whimbrel_client_size(&limits))
#define IN_RANGE(member, value)                                             \
    limits = (whimbrel_limits_t){ .size = sizeof limits, .member = value }; \
    CHECK(whimbrel_client_size(&limits) > 0)
    OUT_OF_RANGE(servers, 33);
    IN_RANGE(servers, 32);
    OUT_OF_RANGE(observations, 256);
    IN_RANGE(observations, 255);
    OUT_OF_RANGE(datagram, 127);
    IN_RANGE(datagram, 128);
    IN_RANGE(datagram, 65535);
    IN_RANGE(objects, 65535);
    IN_RANGE(recent, 65535);
}

static int32_t init(void *memory, size_t size, const whimbrel_config_t *config, const whimbrel_port_t *port)
{
    whimbrel_client_t *client = (whimbrel_client_t *)&bench;
    const int32_t status = whimbrel_client_init(memory, size, config, port, &client);
    if (status == WHIMBREL_OK) {
        EQUAL(WHIMBREL_OK, whimbrel_client_end(client));
    } else {
        CHECK(client == NULL);
    }
    return status;
}

static void memory_that_does_not_do(void)
{
    const whimbrel_config_t config = bench_config(&bench);
    const whimbrel_port_t port = bench_port(&bench);
    const size_t size = whimbrel_client_size(NULL);
    uint8_t *memory = (uint8_t *)malloc(size + 8);
    whimbrel_client_t *client;

    EQUAL(WHIMBREL_ERR_ARGUMENT, init(NULL, size, &config, &port));
    for (int i = 1; i < 8; i++)
        EQUAL(WHIMBREL_ERR_ARGUMENT, init(memory + i, size, &config, &port));
    /* each size below must be refused without a byte behind it being touched */
    for (size_t less = 0; less < size; less += 61) {
        void *small = malloc(less);
        EQUAL(small == NULL ? WHIMBREL_ERR_ARGUMENT : WHIMBREL_ERR_FULL, init(small, less, &config, &port));
        free(small);
    }
    EQUAL(WHIMBREL_ERR_FULL, init(memory, size - 1, &config, &port));
    EQUAL(WHIMBREL_OK, init(memory, size, &config, &port));
    EQUAL(WHIMBREL_OK, init(memory + 8, size, &config, &port));
    EQUAL(WHIMBREL_ERR_ARGUMENT, init(memory, size, NULL, &port));
    EQUAL(WHIMBREL_ERR_ARGUMENT, init(memory, size, &config, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_client_init(memory, size, &config, &port, NULL));
    EQUAL(WHIMBREL_OK, whimbrel_client_init(memory, size, &config, &port, &client));
    EQUAL(WHIMBREL_OK, whimbrel_client_end(client));
    free(memory);
}

static void bad_ports(void)
{
    static uint64_t memory[4096];
    const whimbrel_config_t config = bench_config(&bench);
    size_t *stub = (size_t *)malloc(sizeof *stub);
    whimbrel_port_t port;

    *stub = sizeof *stub;
    EQUAL(WHIMBREL_ERR_ARGUMENT, init(memory, sizeof memory, &config, (const whimbrel_port_t *)(void *)stub));
    free(stub);
#define WITHOUT(member, status) \
    port = bench_port(&bench);  \
    port.member = 0;            \
    EQUAL(status, init(memory, sizeof memory, &config, &port))
    WITHOUT(size, WHIMBREL_ERR_ARGUMENT);
    WITHOUT(now, WHIMBREL_ERR_ARGUMENT);
    WITHOUT(random, WHIMBREL_ERR_ARGUMENT);
    WITHOUT(link_open, WHIMBREL_ERR_ARGUMENT);
    WITHOUT(link_send, WHIMBREL_ERR_ARGUMENT);
    WITHOUT(link_receive, WHIMBREL_ERR_ARGUMENT);
    WITHOUT(link_close, WHIMBREL_ERR_ARGUMENT);
    WITHOUT(lock, WHIMBREL_ERR_ARGUMENT);
    WITHOUT(unlock, WHIMBREL_ERR_ARGUMENT);
    WITHOUT(wake, WHIMBREL_OK);
    port.lock = NULL;
    port.unlock = NULL;
    EQUAL(WHIMBREL_OK, init(memory, sizeof memory, &config, &port));
}

static int32_t with(const whimbrel_config_t *config)
{
    static uint64_t memory[4096];
    const whimbrel_port_t port = bench_port(&bench);
    return init(memory, sizeof memory, config, &port);
}

static void bad_configs(void)
{
    static const whimbrel_format_t *const hole[] = { &whimbrel_format_tlv, NULL };
    static const whimbrel_feature_t *const feature_hole[] = { &whimbrel_reporting, NULL };
    static const whimbrel_format_t *many[17];
    whimbrel_limits_t limits = { .size = sizeof limits, .servers = 33 };
    char name[130];
    size_t *stub = (size_t *)malloc(sizeof *stub);
    whimbrel_config_t config;

    *stub = sizeof *stub;
    EQUAL(WHIMBREL_ERR_ARGUMENT, with((const whimbrel_config_t *)(void *)stub));
    config = bench_config(&bench);
    config.limits = (const whimbrel_limits_t *)(void *)stub;
    EQUAL(WHIMBREL_ERR_ARGUMENT, with(&config));
    free(stub);
#define SET(member, value, status) \
    config = bench_config(&bench); \
    config.member = value;         \
    EQUAL(status, with(&config))
    SET(size, 0, WHIMBREL_ERR_ARGUMENT);
    SET(limits, &limits, WHIMBREL_ERR_ARGUMENT);
    SET(endpoint, NULL, WHIMBREL_ERR_ARGUMENT);
    SET(endpoint, "", WHIMBREL_ERR_ARGUMENT);
    SET(endpoint, "\xff\xfe", WHIMBREL_ERR_BAD_VALUE);
    memset(name, 'n', sizeof name);
    name[129] = '\0';
    SET(endpoint, name, WHIMBREL_ERR_BAD_VALUE);
    name[128] = '\0';
    SET(endpoint, name, WHIMBREL_OK);
    SET(formats, NULL, WHIMBREL_ERR_ARGUMENT);
    SET(format_count, 0, WHIMBREL_ERR_ARGUMENT);
    SET(formats, hole, WHIMBREL_ERR_ARGUMENT);
    for (size_t i = 0; i < 17; i++)
        many[i] = &whimbrel_format_tlv;
    config = bench_config(&bench);
    config.formats = many;
    config.format_count = 17;
    EQUAL(WHIMBREL_ERR_ARGUMENT, with(&config));
    SET(features, NULL, WHIMBREL_ERR_ARGUMENT);
    config.feature_count = 0;
    EQUAL(WHIMBREL_OK, with(&config));
    SET(feature_count, 17, WHIMBREL_ERR_ARGUMENT);
    config = bench_config(&bench);
    config.features = feature_hole;
    config.feature_count = 2;
    EQUAL(WHIMBREL_ERR_ARGUMENT, with(&config));
    SET(version_max, 9, WHIMBREL_ERR_NOT_SUPPORTED);
    SET(version_max, 12, WHIMBREL_ERR_NOT_SUPPORTED);
    SET(version_min, 12, WHIMBREL_ERR_NOT_SUPPORTED);
    SET(version_min, 11, WHIMBREL_ERR_NOT_SUPPORTED); /* above the highest, which is 1.0 if not said */
    SET(version_max, 11, WHIMBREL_OK);
    SET(coap.ack_random_permille, 999, WHIMBREL_ERR_ARGUMENT);
    SET(coap.max_retransmit, 21, WHIMBREL_ERR_ARGUMENT);
    SET(coap.max_retransmit, 20, WHIMBREL_OK);
    SET(coap.nstart, 2, WHIMBREL_ERR_ARGUMENT);
    SET(event, NULL, WHIMBREL_OK);
}

/* ---- Accounts, access control, device */

static void bad_accounts(void)
{
    const whimbrel_config_t config = bench_config(&bench);
    whimbrel_account_t account;
    size_t *stub = (size_t *)malloc(sizeof *stub);

    make(&bench, &config);
    *stub = sizeof *stub;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_account_add(bench.client, (whimbrel_account_t *)(void *)stub));
    free(stub);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_account_add(bench.client, NULL));
#define ACCOUNT(member, value, status)                                                                 \
    account = (whimbrel_account_t){ .size = sizeof account, .uri = "coap://a", .short_server_id = 1 }; \
    account.member = value;                                                                            \
    EQUAL(status, whimbrel_account_add(bench.client, &account))
    ACCOUNT(size, 0, WHIMBREL_ERR_ARGUMENT);
    ACCOUNT(uri, NULL, WHIMBREL_ERR_ARGUMENT);
    ACCOUNT(uri, "", WHIMBREL_ERR_BAD_VALUE);
    ACCOUNT(uri, "a:5683", WHIMBREL_ERR_BAD_VALUE);
    ACCOUNT(uri, "http://a", WHIMBREL_ERR_BAD_VALUE);
    ACCOUNT(uri, "coap://a:70000", WHIMBREL_ERR_BAD_VALUE);
    ACCOUNT(uri, "coaps://a", WHIMBREL_ERR_BAD_VALUE); /* NoSec */
    ACCOUNT(short_server_id, 0, WHIMBREL_ERR_BAD_VALUE);
    ACCOUNT(short_server_id, 65535, WHIMBREL_ERR_BAD_VALUE);
    ACCOUNT(binding, "", WHIMBREL_ERR_BAD_VALUE);
    ACCOUNT(binding, "S", WHIMBREL_ERR_BAD_VALUE);
    ACCOUNT(binding, "UQS", WHIMBREL_ERR_BAD_VALUE);
    {
        char uri[200] = "coap://";
        memset(uri + 7, 'a', sizeof uri - 8);
        ACCOUNT(uri, uri, WHIMBREL_ERR_FULL);
    }
    /* none of the refused left anything behind: there is room for one */
    ACCOUNT(lifetime_s, 60, WHIMBREL_OK);
    EQUAL(WHIMBREL_ERR_EXISTS, whimbrel_account_add(bench.client, &account));
    ACCOUNT(short_server_id, 2, WHIMBREL_ERR_FULL);
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_account_remove(bench.client, 2));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_account_remove(bench.client, 0));
    EQUAL(WHIMBREL_OK, whimbrel_account_remove(bench.client, 1));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_account_remove(bench.client, 1));
    ACCOUNT(short_server_id, 65534, WHIMBREL_OK);
    EQUAL(0, whimbrel_account_registered(bench.client, 65534));
    EQUAL(0, whimbrel_account_registered(bench.client, 7));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_account_update(bench.client, 65534));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_account_update(bench.client, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_client_deadline(bench.client, NULL));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_complete(bench.client, WHIMBREL_OBJECT(3), WHIMBREL_OK));
    drop(&bench);
}

static void bad_access(void)
{
    const whimbrel_limits_t limits = { .size = sizeof limits, .servers = 2, .access = 2 };
    whimbrel_right_t rights[9] = { { 1, WHIMBREL_RIGHT_READ } };
    whimbrel_access_entry_t entry = { sizeof entry, 3, 0, 1, 1, rights };
    whimbrel_config_t config = bench_config(&bench);

    make(&bench, &config);
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_access_add(bench.client, &entry));
    drop(&bench);

    config.limits = &limits;
    config.access = &whimbrel_access_control;
    make(&bench, &config);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_access_add(bench.client, NULL));
    entry.size = 0;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_access_add(bench.client, &entry));
    entry.size = sizeof entry;
    entry.right_count = 9;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_access_add(bench.client, &entry));
    entry.right_count = 1;
    entry.rights = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_access_add(bench.client, &entry));
    entry.right_count = 0;
    EQUAL(WHIMBREL_OK, whimbrel_access_add(bench.client, &entry));
    EQUAL(WHIMBREL_ERR_EXISTS, whimbrel_access_add(bench.client, &entry));
    entry.instance = WHIMBREL_NONE;
    EQUAL(WHIMBREL_OK, whimbrel_access_add(bench.client, &entry));
    entry.instance = 1;
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_access_add(bench.client, &entry));
    drop(&bench);
}

static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_OK;
}

static void bad_devices(void)
{
    const whimbrel_config_t config = bench_config(&bench);
    whimbrel_device_t device = { .size = sizeof device, .reboot = reboot };

    make(&bench, &config);
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_device_error(bench.client, 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_device_add(bench.client, NULL, NULL));
    device.size = 8;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_device_add(bench.client, &device, NULL));
    device.size = sizeof device;
    device.reboot = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_device_add(bench.client, &device, NULL));
    device.reboot = reboot;
    EQUAL(WHIMBREL_OK, whimbrel_device_add(bench.client, &device, NULL));
    EQUAL(WHIMBREL_ERR_EXISTS, whimbrel_device_add(bench.client, &device, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_device_error(bench.client, 0));
    for (int code = 1; code < 256; code++)
        EQUAL(WHIMBREL_OK, whimbrel_device_error(bench.client, (uint8_t)code));
    EQUAL(WHIMBREL_OK, whimbrel_object_remove(bench.client, 3));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_device_error(bench.client, 1));
    EQUAL(WHIMBREL_OK, whimbrel_device_add(bench.client, &device, NULL));
    drop(&bench);
}

/* ---- Tables */

static int32_t variable;
static char text[8];

static int32_t handler(void *context, whimbrel_call_t *call)
{
    (void)context;
    (void)call;
    return WHIMBREL_OK;
}

static int32_t create(void *context, uint16_t instance, void **data)
{
    (void)context;
    (void)instance;
    (void)data;
    return WHIMBREL_OK;
}

static int32_t removes(void *context, uint16_t instance, void *data)
{
    (void)context;
    (void)instance;
    (void)data;
    return WHIMBREL_OK;
}

static int32_t add(const whimbrel_resource_t *resources, uint16_t count, uint8_t flags)
{
    const whimbrel_object_t object = {
        .size = sizeof object,
        .id = 3303,
        .flags = flags,
        .resource_count = count,
        .resources = resources,
        .create = flags & WHIMBREL_CREATABLE ? create : NULL,
        .remove = flags & WHIMBREL_CREATABLE ? removes : NULL,
    };
    const int32_t status = whimbrel_object_add(bench.client, &object, NULL);
    EQUAL(status == WHIMBREL_OK ? WHIMBREL_OK : WHIMBREL_ERR_NOT_FOUND,
          whimbrel_object_remove(bench.client, 3303));
    return status;
}

static void bad_resources(void)
{
    static const whimbrel_resource_t good = {
        .id = 1,
        .data_type = WHIMBREL_INTEGER,
        .operations = WHIMBREL_READ,
        .value = &variable,
    };
    const whimbrel_config_t config = bench_config(&bench);
    whimbrel_resource_t many[65];
    whimbrel_resource_t one;

    make(&bench, &config);
    for (uint16_t i = 0; i < 65; i++) {
        many[i] = good;
        many[i].id = i;
    }
    EQUAL(WHIMBREL_OK, add(many, 64, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, add(many, 65, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, add(many, 0, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, add(NULL, 1, 0));
    many[1].id = 7; /* 0 7 2 */
    EQUAL(WHIMBREL_ERR_ARGUMENT, add(many, 3, 0));
    many[1].id = 0; /* 0 0 2 */
    EQUAL(WHIMBREL_ERR_ARGUMENT, add(many, 3, 0));
    many[1].id = 1;
    EQUAL(WHIMBREL_OK, add(many, 3, 0));
    many[2].id = WHIMBREL_NONE;
    EQUAL(WHIMBREL_ERR_ARGUMENT, add(many, 3, 0));

#define RESOURCE(status, ...)                            \
    one = (whimbrel_resource_t){ .id = 1, __VA_ARGS__ }; \
    EQUAL(status, add(&one, 1, 0))
    /* neither variable nor handler */
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_INTEGER, .operations = WHIMBREL_READ);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_INTEGER, .operations = WHIMBREL_WRITE);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_INTEGER,
             .operations = WHIMBREL_READ | WHIMBREL_WRITE, .read = handler);
    RESOURCE(WHIMBREL_OK, .data_type = WHIMBREL_INTEGER, .operations = WHIMBREL_READ, .read = handler);
    RESOURCE(WHIMBREL_OK, .data_type = WHIMBREL_INTEGER, .operations = WHIMBREL_WRITE, .write = handler);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .operations = WHIMBREL_EXECUTE);
    RESOURCE(WHIMBREL_OK, .operations = WHIMBREL_EXECUTE, .execute = handler);
    /* types and capacities */
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .operations = WHIMBREL_READ, .value = &variable);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = 10, .operations = WHIMBREL_READ, .value = &variable);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_INTEGER, .operations = WHIMBREL_READ,
             .value = &variable, .capacity = 3);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_UNSIGNED, .operations = WHIMBREL_READ,
             .value = &variable, .capacity = 16);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_FLOAT, .operations = WHIMBREL_READ,
             .value = &variable, .capacity = 2);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_TIME, .operations = WHIMBREL_READ,
             .value = &variable, .capacity = 1);
    RESOURCE(WHIMBREL_OK, .data_type = WHIMBREL_STRING, .operations = WHIMBREL_READ, .value = "constant");
    /* a text of no capacity is constant */
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_STRING, .operations = WHIMBREL_WRITE,
             .value = "constant");
    RESOURCE(WHIMBREL_OK, .data_type = WHIMBREL_STRING, .operations = WHIMBREL_WRITE, .value = text,
             .capacity = sizeof text);
    /* bits that mean nothing */
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_INTEGER, .operations = 8, .value = &variable);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_INTEGER, .operations = 1, .value = &variable,
             .flags = 8);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_INTEGER, .operations = 1, .value = &variable,
             .flags = 32);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_INTEGER, .operations = 1, .value = &variable,
             .reserved = 1);
    /* streams are Opaque, single, and taken by a handler */
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_STRING, .operations = WHIMBREL_WRITE,
             .write = handler, .flags = WHIMBREL_STREAM);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_OPAQUE, .operations = WHIMBREL_WRITE, .value = text,
             .flags = WHIMBREL_STREAM);
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_OPAQUE, .operations = WHIMBREL_WRITE,
             .write = handler, .flags = WHIMBREL_STREAM | WHIMBREL_MULTIPLE);
    RESOURCE(WHIMBREL_OK, .data_type = WHIMBREL_OPAQUE, .operations = WHIMBREL_WRITE, .write = handler,
             .flags = WHIMBREL_STREAM);
    /* members lie in an instance's data, which an object of one instance does not have */
    RESOURCE(WHIMBREL_ERR_ARGUMENT, .data_type = WHIMBREL_INTEGER, .operations = WHIMBREL_READ,
             .flags = WHIMBREL_MEMBER);
    EQUAL(WHIMBREL_OK, add(&one, 1, WHIMBREL_INSTANCES));
    EQUAL(WHIMBREL_OK, add(&one, 1, WHIMBREL_CREATABLE));
    drop(&bench);
}

static void bad_objects(void)
{
    static const whimbrel_resource_t resource = { .operations = WHIMBREL_EXECUTE, .execute = handler };
    const whimbrel_config_t config = bench_config(&bench);
    whimbrel_object_t object;
    size_t *stub = (size_t *)malloc(sizeof *stub);

    make(&bench, &config);
    *stub = sizeof *stub;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_object_add(bench.client, (whimbrel_object_t *)(void *)stub, NULL));
    free(stub);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_object_add(bench.client, NULL, NULL));
#define OBJECT(status, ...)                                                             \
    object = (whimbrel_object_t){                                                       \
        .size = sizeof object, .resource_count = 1, .resources = &resource, __VA_ARGS__ \
    };                                                                                  \
    EQUAL(status, whimbrel_object_add(bench.client, &object, NULL))
    OBJECT(WHIMBREL_ERR_ARGUMENT, .id = 0);
    OBJECT(WHIMBREL_ERR_ARGUMENT, .id = 1);
    OBJECT(WHIMBREL_ERR_ARGUMENT, .id = 2);
    OBJECT(WHIMBREL_ERR_ARGUMENT, .id = 65535);
    OBJECT(WHIMBREL_ERR_ARGUMENT, .id = 9, .version_major = 10);
    OBJECT(WHIMBREL_ERR_ARGUMENT, .id = 9, .version_minor = 10);
    OBJECT(WHIMBREL_ERR_ARGUMENT, .id = 9, .flags = WHIMBREL_CREATABLE);
    OBJECT(WHIMBREL_ERR_ARGUMENT, .id = 9, .flags = WHIMBREL_CREATABLE, .create = create);
    OBJECT(WHIMBREL_ERR_ARGUMENT, .id = 9, .flags = WHIMBREL_CREATABLE, .remove = removes);
    OBJECT(WHIMBREL_ERR_ARGUMENT, .id = 9, .flags = 8);
    OBJECT(WHIMBREL_OK, .id = 9, .flags = WHIMBREL_INSTANCES | WHIMBREL_PERSISTENT);
    EQUAL(WHIMBREL_ERR_EXISTS, whimbrel_object_add(bench.client, &object, NULL));

    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_instance_add(bench.client, 10, 0, NULL));
    EQUAL(WHIMBREL_ERR_NOT_ALLOWED, whimbrel_instance_add(bench.client, 0, 0, NULL));
    EQUAL(WHIMBREL_ERR_NOT_ALLOWED, whimbrel_instance_add(bench.client, 1, 0, NULL));
    EQUAL(WHIMBREL_ERR_NOT_ALLOWED, whimbrel_instance_add(bench.client, 2, 0, NULL));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_instance_add(bench.client, 9, 65535, NULL));
    EQUAL(WHIMBREL_OK, whimbrel_instance_add(bench.client, 9, 65534, NULL));
    EQUAL(WHIMBREL_ERR_EXISTS, whimbrel_instance_add(bench.client, 9, 65534, NULL));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_instance_remove(bench.client, 9, 0));
    EQUAL(WHIMBREL_ERR_NOT_ALLOWED, whimbrel_instance_remove(bench.client, 1, 0));
    EQUAL(WHIMBREL_OK, whimbrel_instance_remove(bench.client, 9, 65534));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_instance_remove(bench.client, 9, 65534));
    EQUAL(WHIMBREL_ERR_NOT_ALLOWED, whimbrel_object_remove(bench.client, 0));
    EQUAL(WHIMBREL_ERR_NOT_ALLOWED, whimbrel_object_remove(bench.client, 2));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_object_remove(bench.client, 10));
    EQUAL(WHIMBREL_OK, whimbrel_object_remove(bench.client, 9));
    /* an object of one instance has that one only */
    OBJECT(WHIMBREL_OK, .id = 10);
    EQUAL(WHIMBREL_ERR_EXISTS, whimbrel_instance_add(bench.client, 10, 0, NULL));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_instance_add(bench.client, 10, 1, NULL));
    drop(&bench);
}

/* ---- From inside handlers, events and port functions */

static int inside;

static void call_everything(void)
{
    inside++;
    all_functions(bench.client, WHIMBREL_ERR_REENTERED);
}

static int32_t meddling_read(void *context, whimbrel_call_t *call)
{
    const uint8_t *data;
    const char *value;
    size_t size;
    int64_t number;
    int32_t flag;
    uint16_t link;

    (void)context;
    call_everything();
    /* what belongs to other operations */
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_value_integer(call, &number));
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_value_bytes(call, &data, &size));
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_value_part(call, &size, &flag));
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_value_objlnk(call, &link, &link));
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_argument(call, 0, &value, &size));
    EQUAL(0, whimbrel_value_clears(call));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_string(call, NULL, 3));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_reply_string(call, "\xff", 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_opaque(call, NULL, 3));
    EQUAL(3303, whimbrel_call_path(call).object);
    EQUAL(1, whimbrel_call_path(call).resource);
    EQUAL(WHIMBREL_OK, whimbrel_reply_integer(call, 7));
    EQUAL(WHIMBREL_ERR_HANDLER, whimbrel_reply_integer(call, 8));
    return WHIMBREL_OK;
}

static int32_t meddling_write(void *context, whimbrel_call_t *call)
{
    int64_t number = 0;
    uint64_t other;
    double real;
    int32_t flag;
    const uint8_t *data;
    size_t size;

    (void)context;
    call_everything();
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_reply_integer(call, 1));
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_reply_instance(call, 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_integer(call, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_bytes(call, NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_part(call, NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_objlnk(call, NULL, NULL));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_value_unsigned(call, &other));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_value_float(call, &real));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_value_boolean(call, &flag));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_value_bytes(call, &data, &size));
    EQUAL(WHIMBREL_OK, whimbrel_value_integer(call, &number));
    EQUAL(5, number);
    return WHIMBREL_OK;
}

static int32_t meddling_execute(void *context, whimbrel_call_t *call)
{
    const char *value;
    size_t length;
    (void)context;
    call_everything();
    EQUAL(WHIMBREL_ERR_STATE, whimbrel_reply_float(call, 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_argument(call, 0, NULL, &length));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_argument(call, 0, &value, &length));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_argument(call, 200, &value, &length));
    EQUAL(WHIMBREL_OK, whimbrel_argument(call, 1, &value, &length));
    CHECK(length == 1 && value[0] == 'x');
    EQUAL(WHIMBREL_OK, whimbrel_argument(call, 2, &value, &length));
    CHECK(length == 0 && value == NULL);
    return WHIMBREL_OK;
}

static void meddling_event(void *context, const whimbrel_event_t *event)
{
    bench_event(context, event);
    if (bench.client != NULL) call_everything();
}

/* whimbrel_port_t: "none may call the client but whimbrel_changed()" */
static int32_t meddling_send(void *context, uint8_t link, const uint8_t *data, size_t size)
{
    call_everything();
    return bench_send(context, link, data, size);
}

static int32_t meddling_receive(void *context, uint8_t link, uint8_t *buffer, size_t size)
{
    call_everything();
    return bench_receive(context, link, buffer, size);
}

static void from_inside(void)
{
    static const whimbrel_resource_t resources[] = {
        {
            .id = 1,
            .data_type = WHIMBREL_INTEGER,
            .operations = WHIMBREL_READ | WHIMBREL_WRITE,
            .read = meddling_read,
            .write = meddling_write,
        },
        { .id = 2, .operations = WHIMBREL_EXECUTE, .execute = meddling_execute },
    };
    static const whimbrel_object_t object = {
        .size = sizeof object,
        .id = 3303,
        .resource_count = 2,
        .resources = resources,
    };
    whimbrel_config_t config = bench_config(&bench);
    whimbrel_port_t port = bench_port(&bench);
    static uint64_t memory[4096];

    config.event = meddling_event;
    port.link_send = meddling_send;
    port.link_receive = meddling_receive;
    bench.client = NULL;
    EQUAL(WHIMBREL_OK, whimbrel_client_init(memory, sizeof memory, &config, &port, &bench.client));
    EQUAL(WHIMBREL_OK, whimbrel_object_add(bench.client, &object, NULL));
    EQUAL(WHIMBREL_OK, add_server(&bench, 1));
    after(&bench, 0);
    answer(&bench, 0, 0x41);
    EQUAL(1, whimbrel_account_registered(bench.client, 1));
    inside = 0;
    EQUAL(CONTENT, ask(&bench, GET, "3303/0/1", ""));
    CHECK(says(&bench, 0,
               "\xff"
               "7"));
    EQUAL(CHANGED, ask(&bench, PUT, "3303/0/1", "5"));
    EQUAL(CHANGED, ask(&bench, POST, "3303/0/2", "1='x',2"));
    CHECK(inside >= 9);
    EQUAL(1, whimbrel_account_registered(bench.client, 1));
    EQUAL(WHIMBREL_OK, whimbrel_client_end(bench.client));
}

/* ---- Functions for handlers, outside of any */

static void without_a_call(void)
{
    int64_t number;
    size_t size;
    const char *value;

    EQUAL(WHIMBREL_NONE, whimbrel_call_path(NULL).object);
    CHECK(whimbrel_call_data(NULL) == NULL);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_instance(NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_integer(NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_unsigned(NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_float(NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_boolean(NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_time(NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_objlnk(NULL, 0, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_string(NULL, "", 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_reply_opaque(NULL, NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_integer(NULL, &number));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_unsigned(NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_float(NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_boolean(NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_objlnk(NULL, NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_bytes(NULL, NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_value_part(NULL, NULL, NULL));
    EQUAL(0, whimbrel_value_clears(NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_argument(NULL, 0, &value, &size));
}

int main(void)
{
    EQUAL(WHIMBREL_VERSION_MAJOR << 16 | WHIMBREL_VERSION_MINOR << 8 | WHIMBREL_VERSION_PATCH,
          whimbrel_version());
    without_a_client();
    without_a_call();
    sizes();
    memory_that_does_not_do();
    bad_ports();
    bad_configs();
    bad_accounts();
    bad_access();
    bad_devices();
    bad_resources();
    bad_objects();
    from_inside();
    return verdict("abuse");
}
