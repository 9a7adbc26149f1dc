/* The client under test of the Leshan suite: four objects, commands on standard input, events on standard output. */
#include "objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <whimbrel_posix.h>

#define SERVERS 4

typedef struct options_t {
    const char *servers[SERVERS];
    uint16_t server_count;
    const char *endpoint;
    uint32_t lifetime;
    const char *binding;
    uint8_t version;
    uint16_t datagram;
    uint8_t confirm;
} options_t;

static int stopped;

static void on_event(void *context, const whimbrel_event_t *event)
{
    static const char *const names[] = {
        "nothing",      "registered", "register-failed", "updated",           "update-failed",
        "deregistered", "disabled",   "observed",        "observation-ended", "written",
        "executed",     "created",    "deleted",         "radio-off",         "radio-on",
        "link-failed",  "stopped",    "account-invalid", "dropped",           "notify-failed",
    };
    (void)context;
    const char *name = event->code < sizeof names / sizeof *names ? names[event->code] : "unknown";
    printf("event %s %u", name, event->short_server_id);
    const uint16_t path[] = { event->path.object, event->path.instance, event->path.resource };
    for (size_t i = 0; i < 3 && path[i] != WHIMBREL_NONE; i++) {
        printf("%s%u", i ? "/" : " /", path[i]);
    }
    if (event->status) {
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
    } else if (strcmp(line, "offline") == 0) {
        whimbrel_client_network(client, 0, 0);
    } else if (strcmp(line, "online") == 0) {
        whimbrel_client_network(client, 1, 0);
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

static int usage(void)
{
    fputs("usage: interop-client --server URI [--server URI] --endpoint NAME [--lifetime S] [--binding U|UQ] "
          "[--version 1.0|1.1] [--datagram BYTES] [--confirm yes|no]\n",
          stderr);
    return 2;
}

static int parse(int count, char **words, options_t *out)
{
    for (int i = 1; i + 1 < count; i += 2) {
        const char *name = words[i], *value = words[i + 1];
        if (strcmp(name, "--server") == 0 && out->server_count < SERVERS) {
            out->servers[out->server_count++] = value;
        } else if (strcmp(name, "--endpoint") == 0) {
            out->endpoint = value;
        } else if (strcmp(name, "--lifetime") == 0) {
            out->lifetime = (uint32_t)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--binding") == 0) {
            out->binding = value;
        } else if (strcmp(name, "--version") == 0) {
            out->version = strcmp(value, "1.1") == 0 ? 11 : 10;
        } else if (strcmp(name, "--datagram") == 0) {
            out->datagram = (uint16_t)strtoul(value, NULL, 10);
        } else if (strcmp(name, "--confirm") == 0) {
            out->confirm = strcmp(value, "yes") == 0;
        } else {
            return 0;
        }
    }
    return count % 2 == 1 && out->server_count && out->endpoint;
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
        .servers = SERVERS,
        .instances = 8,
        .observations = 8,
        .attributes = 8,
        .recent = 16,
        .datagram = options->datagram,
        .undo = 4096,
        .body = 2048,
    };
    static const whimbrel_feature_t *const features[] = {
        &whimbrel_reporting,
        &whimbrel_transfers,
        &whimbrel_creation,
        &whimbrel_deferral,
    };
    whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = options->endpoint,
        .limits = &limits,
        .formats = formats,
        .format_count = sizeof formats / sizeof *formats,
        .features = features,
        .feature_count = sizeof features / sizeof *features,
        .version_min = options->version,
        .version_max = options->version,
        /* as patient as the suite makes Leshan, so that a lossy run takes a minute and does not give up */
        .coap = { .ack_timeout_ms = 400, .ack_random_permille = 1200, .max_retransmit = 10 },
        .confirm_notifications = options->confirm,
        .awake_ms = 2000,
        .retry_first_s = 1,
        .event = on_event,
    };
    size_t size = whimbrel_client_size(&limits);
    void *memory = malloc(size);
    int32_t status = memory ? whimbrel_client_init(memory, size, &config, port, client) : WHIMBREL_ERR_FULL;
    if (status >= 0) {
        status = objects_add(*client);
    }
    for (uint16_t i = 0; i < options->server_count && status >= 0; i++) {
        const whimbrel_account_t account = {
            .size = sizeof account,
            .uri = options->servers[i],
            .binding = options->binding,
            .lifetime_s = options->lifetime,
            .short_server_id = (uint16_t)(101 + i),
        };
        status = whimbrel_account_add(*client, &account);
    }
    return status;
}

int main(int count, char **words)
{
    options_t options = { .lifetime = 300, .binding = "U", .version = 10, .datagram = 1152 };
    if (!parse(count, words, &options)) {
        return usage();
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    whimbrel_posix_t *posix;
    whimbrel_client_t *client = NULL;
    int32_t status = whimbrel_posix_open(&posix);
    if (status >= 0) {
        status = set_up(&options, whimbrel_posix_port(posix), &client);
    }
    if (status < 0) {
        fprintf(stderr, "cannot start: %d\n", (int)status);
        return 1;
    }
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
    whimbrel_client_end(client);
    whimbrel_posix_close(posix);
    return status < 0 ? 1 : 0;
}
