/*
 * Two servers with different rights: the owner may do everything, the guest may only read, and each may change its
 * own account. End the input (Ctrl-D) to leave.
 *
 * usage: servers coap://OWNER:PORT coap://GUEST:PORT
 */
#include "whimbrel.h"
#include "whimbrel_posix.h"
#include <stdio.h>
#include <stdlib.h>

enum { OWNER = 101, GUEST = 102 }; /* Short Server IDs */

/* ---- A switch that the owner alone may turn */

static uint8_t on;
static const whimbrel_resource_t resources[] = {
    {
        .id = 5850,
        .data_type = WHIMBREL_BOOLEAN,
        .operations = WHIMBREL_READ | WHIMBREL_WRITE,
        .flags = WHIMBREL_MANDATORY,
        .value = &on,
    },
};
static const whimbrel_object_t power = {
    .size = sizeof power,
    .id = 3312,
    .resource_count = 1,
    .resources = resources,
};

static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_ERR_NOT_SUPPORTED;
}

static const whimbrel_device_t device = { .size = sizeof device,
                                          .manufacturer = "Whimbrel",
                                          .reboot = reboot };

/* ---- Who may do what: without an entry here nobody may do anything. Each is an instance of object 2. */

#define ALL (WHIMBREL_RIGHT_READ | WHIMBREL_RIGHT_WRITE | WHIMBREL_RIGHT_EXECUTE | WHIMBREL_RIGHT_DELETE)

/* 0 stands for all servers that are not named. */
static const whimbrel_right_t owner_else_read[] = { { OWNER, ALL }, { 0, WHIMBREL_RIGHT_READ } };

static const whimbrel_access_entry_t access_entries[] = {
    { sizeof(whimbrel_access_entry_t), 3, 0, OWNER, 2, owner_else_read },
    { sizeof(whimbrel_access_entry_t), 3312, 0, OWNER, 2, owner_else_read },
    /* an owner without further rights in the entry may do everything; accounts are numbered as they are added */
    { sizeof(whimbrel_access_entry_t), 1, 0, OWNER, 0, NULL },
    { sizeof(whimbrel_access_entry_t), 1, 1, GUEST, 0, NULL },
};
enum { ENTRIES = sizeof access_entries / sizeof access_entries[0] };

/* ---- The client */

static void show(void *context, const whimbrel_event_t *event)
{
    printf("servers: %u: %s", event->short_server_id, whimbrel_posix_event_text(event->code));
    printf("%s%s\n", event->status ? ": " : "",
           event->status ? whimbrel_posix_status_text(event->status) : "");
    if (event->code == WHIMBREL_EVENT_STOPPED) *(int *)context = 1;
}

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "servers: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

static int32_t add_account(whimbrel_client_t *client, uint16_t short_server_id, const char *uri)
{
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = uri,
        .short_server_id = short_server_id,
        .lifetime_s = 300,
    };
    return whimbrel_account_add(client, &account);
}

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
static const whimbrel_feature_t *const features[] = { &whimbrel_reporting };

int main(int argc, char **argv)
{
    /* What is not said takes its default. Each server has its own link, registration and observations. */
    const whimbrel_limits_t limits = { .size = sizeof limits, .servers = 2, .access = ENTRIES, .recent = 8 };
    int stopped = 0;
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "whimbrel-servers",
        .limits = &limits,
        .formats = formats,
        .format_count = 2,
        .features = features,
        .feature_count = 1,
        .access = &whimbrel_access_control,
        .event = show,
        .event_context = &stopped,
    };
    const size_t size = whimbrel_client_size(&limits);
    void *memory = malloc(size); /* a device would use an array; its engine never allocates */
    whimbrel_posix_t *posix;
    whimbrel_client_t *client;
    uint64_t next_ms;
    int32_t status;

    if (argc != 3 || memory == NULL) return fail("usage: servers OWNER-URI GUEST-URI", WHIMBREL_ERR_ARGUMENT);
    setvbuf(stdout, NULL, _IOLBF, 0);
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_client_init(memory, size, &config, whimbrel_posix_port(posix), &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_device_add(client, &device, NULL);
    if (status < 0) return fail("object 3", status);
    status = whimbrel_object_add(client, &power, NULL);
    if (status < 0) return fail("object 3312", status);
    for (int i = 0; i < ENTRIES; i++) {
        status = whimbrel_access_add(client, &access_entries[i]);
        if (status < 0) return fail("object 2", status);
    }
    status = add_account(client, OWNER, argv[1]);
    if (status < 0) return fail(argv[1], status);
    status = add_account(client, GUEST, argv[2]);
    if (status < 0) return fail(argv[2], status);

    while (!stopped) {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        if (stopped || whimbrel_posix_wait(posix, next_ms, feof(stdin) ? -1 : 0) != 1) continue;
        if (getchar() == EOF) whimbrel_client_stop(client);
    }
    whimbrel_client_end(client);
    whimbrel_posix_close(posix);
    free(memory);
    return EXIT_SUCCESS;
}
