/* The client under test of the interop suite: four objects, commands on standard input, events on standard output. */
#include "objects.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <whimbrel_mbedtls.h>
#include <whimbrel_posix.h>

static int stopped;
/* How far the device's clock is ahead of the system's, in seconds. */
static int64_t ahead;

static void on_event(void *context, const whimbrel_event_t *event)
{
    static const char *const names[] = {
        "nothing",           "registered",        "register-failed", "updated",
        "update-failed",     "deregistered",      "disabled",        "observed",
        "observation-ended", "written",           "executed",        "created",
        "deleted",           "radio-off",         "radio-on",        "link-failed",
        "stopped",           "account-invalid",   "dropped",         "notify-failed",
        "secured",           "resumed",           "security-failed", "alert",
        "storage-failed",    "bootstrap-started", "bootstrapped",    "bootstrap-failed",
        "bootstrap-purged",  "account-added",     "account-removed",
    };
    (void)context;
    const char *name = event->code < sizeof names / sizeof *names ? names[event->code] : "unknown";
    printf("event %s %u", name, event->short_server_id);
    const uint16_t path[] = { event->path.object, event->path.instance, event->path.resource };
    for (size_t i = 0; i < 3 && path[i] != WHIMBREL_NONE; i++) {
        printf("%s%u", i ? "/" : " /", path[i]);
    }
    /* 0 is an alert too: close_notify */
    if (event->status || event->code == WHIMBREL_EVENT_ALERT) {
        printf(" status %d", (int)event->status);
    }
    putchar('\n');
    stopped |= event->code == WHIMBREL_EVENT_STOPPED;
}

/* Takes one line. */
static void obey(whimbrel_client_t *client, char *line)
{
    unsigned object, instance, resource;
    int at = 0;
    if (sscanf(line, "set %u %u %u %n", &object, &instance, &resource, &at) == 3 && at) {
        whimbrel_path_t path = WHIMBREL_RESOURCE((uint16_t)object, (uint16_t)instance, (uint16_t)resource);
        if (objects_set(client, path, line + at) < 0) {
            fprintf(stderr, "cannot: %s\n", line);
        }
    } else if (strcmp(line, "update") == 0) {
        whimbrel_account_update(client, 0);
    } else if (strcmp(line, "bootstrap") == 0) {
        whimbrel_bootstrap_start(client);
    } else if (strcmp(line, "offline") == 0) {
        whimbrel_client_network(client, 0, 0);
    } else if (strcmp(line, "online") == 0) {
        whimbrel_client_network(client, 1, 0);
    } else if (strcmp(line, "moved") == 0) {
        whimbrel_client_network(client, 1, 1);
    } else if (strcmp(line, "hurry") == 0 || strcmp(line, "steady") == 0) {
        objects_hurry(line[0] == 'h');
    } else if (strcmp(line, "quit") == 0) {
        whimbrel_client_stop(client);
    } else {
        fprintf(stderr, "unknown: %s\n", line);
    }
}

/* Takes what standard input has; 0 at its end. */
static int take_commands(whimbrel_client_t *client)
{
    static char pending[1024];
    static size_t used;
    ssize_t got = read(STDIN_FILENO, pending + used, sizeof pending - 1 - used);
    if (got <= 0) {
        return 0;
    }
    used += (size_t)got;
    pending[used] = 0;
    char *line = pending, *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = 0;
        obey(client, line);
        line = end + 1;
    }
    used = strlen(line);
    memmove(pending, line, used);
    return 1;
}

static int64_t wall_clock(void *context)
{
    (void)context;
    return (int64_t)time(NULL) + ahead;
}

/* Whether DTLS is needed: a bootstrap may bring keys to a client that begins without. */
static int secured(const options_t *options)
{
    int needed = options->bootstrap != NULL;
    for (uint16_t i = 0; i < options->server_count; i++) {
        needed |= options_credentials(options, options->servers[i]) != NULL;
    }
    return needed;
}

/* The parts of the library that the options ask for; how many there are. */
static size_t choose(const options_t *options, const whimbrel_feature_t **out)
{
    size_t count = 0;
    out[count++] = &whimbrel_reporting;
    out[count++] = &whimbrel_transfers;
    out[count++] = &whimbrel_creation;
    out[count++] = &whimbrel_deferral;
    if (secured(options)) {
        out[count++] = &whimbrel_dtls;
    }
    if (secured(options) && options->storage) {
        out[count++] = &whimbrel_persistence;
    }
    if (options->bootstrap) {
        out[count++] = &whimbrel_bootstrap;
    }
    return count;
}

static int32_t add_accounts(const options_t *options, whimbrel_client_t *client)
{
    int32_t status = WHIMBREL_OK;
    for (uint16_t i = 0; i < options->server_count && status >= 0; i++) {
        const whimbrel_account_t account = {
            .size = sizeof account,
            .uri = options->servers[i],
            .binding = options->binding,
            .lifetime_s = options->lifetime,
            .short_server_id = (uint16_t)(101 + i),
            .security = options_credentials(options, options->servers[i]),
        };
        status = whimbrel_account_add(client, &account);
    }
    if (options->bootstrap && status >= 0) {
        const whimbrel_account_t account = {
            .size = sizeof account,
            .uri = options->bootstrap,
            .security = options_credentials(options, options->bootstrap),
            .bootstrap_server = 1,
            .hold_off_s = options->hold_off,
        };
        status = whimbrel_account_add(client, &account);
    }
    return status;
}

static int32_t set_up(const options_t *options, const whimbrel_port_t *port, whimbrel_client_t **client)
{
    static const whimbrel_format_t *const formats[] = {
        &whimbrel_format_tlv,
        &whimbrel_format_text,
        &whimbrel_format_opaque,
        &whimbrel_format_json,
    };
    const whimbrel_limits_t limits = {
        .size = sizeof limits,
        .servers = OPTIONS_SERVERS,
        .instances = 8,
        .access = options->access ? 8 : 0,
        .observations = 8,
        .attributes = 8,
        .recent = 16,
        .datagram = options->datagram,
        .undo = 4096,
        .body = 2048,
        .credentials = 4096,
        .mtu = secured(options) ? options->mtu : 0,
        .bootstrap = options->bootstrap ? 8192 : 0,
    };
    static const whimbrel_feature_t *features[7];
    whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = options->endpoint,
        .limits = &limits,
        .formats = formats,
        .format_count = sizeof formats / sizeof *formats,
        .features = features,
        .feature_count = choose(options, features),
        .access = options->access ? &whimbrel_access_control : NULL,
        .version_min = options->version,
        .version_max = options->version,
        /* as patient as the suite makes Leshan, so that a lossy run takes a minute and does not give up */
        .coap = { .ack_timeout_ms = 400,
                  .ack_random_permille = 1200,
                  .max_retransmit = options->retransmissions },
        .confirm_notifications = options->confirm,
        .awake_ms = 2000,
        .retry_first_s = 1,
        .event = on_event,
        .handshake_first_ms = 400,
        .handshake_longest_ms = 1600,
    };
    size_t size = whimbrel_client_size(&limits);
    void *memory = malloc(size);
    int32_t status = memory ? whimbrel_client_init(memory, size, &config, port, client) : WHIMBREL_ERR_FULL;
    if (status >= 0) {
        status = objects_add(*client);
    }
    /* what a bootstrap left on the storage goes before the accounts of the command line */
    const int keeps = options->bootstrap && options->storage;
    int32_t kept = status >= 0 && keeps ? whimbrel_configuration_load(*client) : WHIMBREL_ERR_NOT_FOUND;
    if (status >= 0) {
        status = kept == WHIMBREL_ERR_NOT_FOUND ? add_accounts(options, *client) : kept;
    }
    return status;
}

static const whimbrel_security_t *backend;

static int32_t feed(void *context, uint8_t session, uint64_t now, const uint8_t *datagram, size_t size,
                    uint8_t *plain, size_t room, const whimbrel_outlet_t *outlet)
{
    int32_t got = backend->feed(context, session, now, datagram, size, plain, room, outlet);
    if (got > 0) {
        printf("record in %d\n", (int)got);
    }
    return got;
}

static int32_t write_record(void *context, uint8_t session, uint64_t now, const uint8_t *plain, size_t size,
                            const whimbrel_outlet_t *outlet)
{
    printf("record out %u\n", (unsigned)size);
    return backend->write(context, session, now, plain, size, outlet);
}

/* The same backend, but it tells of each record that it decrypts or is to encrypt. */
static const whimbrel_security_t *traced(const whimbrel_security_t *table)
{
    static whimbrel_security_t copy;
    backend = table;
    copy = *table;
    copy.feed = feed;
    copy.write = write_record;
    return &copy;
}

/* The platform: sockets, and for secured accounts a backend and a wall clock. */
static int32_t open_platform(const options_t *options, whimbrel_posix_t **posix, whimbrel_mbedtls_t **tls,
                             whimbrel_port_t *port)
{
    int32_t status = whimbrel_posix_open(posix);
    if (status >= 0 && options->storage) {
        status = whimbrel_posix_storage(*posix, options->storage);
    }
    if (status < 0) {
        return status;
    }
    *port = *whimbrel_posix_port(*posix);
    ahead = options->time < 0 ? 0 : options->time - (int64_t)time(NULL);
    port->wall_clock = options->without_clock ? NULL : wall_clock;
    const whimbrel_mbedtls_config_t config = {
        .size = sizeof config,
        .port = port,
        .trust_store = options->trust.bytes,
        .trust_store_length = options->trust.length,
        .without_clock = options->ignore_dates ? WHIMBREL_MBEDTLS_IGNORE_DATES : 0,
        .no_connection_id = options->no_connection_id,
        .sessions = OPTIONS_SERVERS,
    };
    status = whimbrel_mbedtls_open(&config, tls);
    if (status >= 0) {
        port->security = traced(whimbrel_mbedtls_security(*tls));
    }
    return status;
}

static int32_t run(whimbrel_posix_t *posix, whimbrel_client_t *client)
{
    int32_t status = WHIMBREL_OK;
    uint64_t next, later;
    while (!stopped) {
        objects_poll(client, whimbrel_posix_now);
        status = whimbrel_client_poll(client, &next);
        if (status < 0 || stopped) {
            break;
        }
        later = objects_due();
        if (whimbrel_posix_wait(posix, next < later ? next : later, STDIN_FILENO) == 1 &&
            !take_commands(client)) {
            break; /* a power cut: not a word to any server */
        }
    }
    return status;
}

int main(int count, char **words)
{
    options_t options = {
        .lifetime = 300,
        .binding = "U",
        .version = 10,
        .datagram = 1152,
        .retransmissions = 10,
        .mode = -1,
        .mtu = 1280,
        .time = -1,
    };
    if (!options_parse(count, words, &options)) {
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    whimbrel_posix_t *posix = NULL;
    whimbrel_mbedtls_t *tls = NULL;
    whimbrel_client_t *client = NULL;
    static whimbrel_port_t port;
    int32_t status = open_platform(&options, &posix, &tls, &port);
    if (status >= 0) {
        status = set_up(&options, &port, &client);
    }
    if (status < 0) {
        printf("cannot start %d\n", (int)status);
    } else {
        status = run(posix, client);
        whimbrel_client_end(client);
    }
    whimbrel_mbedtls_close(tls);
    whimbrel_posix_close(posix);
    return status < 0 ? 1 : 0;
}
