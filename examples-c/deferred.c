/*
 * Handlers that answer later: a thermometer that needs a second to measure, and a calibration that may fail. The
 * server's request is acknowledged at once and answered when the work is done. End the input (Ctrl-D) to leave.
 *
 * usage: deferred coap://HOST:PORT
 */
#include "whimbrel.h"
#include "whimbrel_posix.h"
#include <stdio.h>
#include <stdlib.h>

enum { MEASURING_MS = 1000, FRESH_MS = 5000 };

/* A piece of work: not under way while `due_ms` is UINT64_MAX. */
struct work {
    uint64_t due_ms;
    uint64_t done_ms;
};

static struct work measuring = { UINT64_MAX, 0 }, calibrating = { UINT64_MAX, 0 };
static int calibration_fails;
static double celsius;

static void start(struct work *work)
{
    if (work->due_ms == UINT64_MAX) work->due_ms = whimbrel_posix_now() + MEASURING_MS;
}

/* Asked for a value that is not there yet, a handler says so. After whimbrel_complete() it is called again. */
static int32_t read_temperature(void *context, whimbrel_call_t *call)
{
    (void)context;
    if (measuring.done_ms != 0 && whimbrel_posix_now() - measuring.done_ms < FRESH_MS)
        return whimbrel_reply_float(call, celsius);
    start(&measuring);
    return WHIMBREL_DEFERRED;
}

/* Arguments can be read now and not later: `call` ends with this function. The argument 9 lets it fail. */
static int32_t calibrate(void *context, whimbrel_call_t *call)
{
    const char *value;
    size_t length;
    (void)context;
    if (calibrating.due_ms != UINT64_MAX) return WHIMBREL_ERR_BUSY;
    calibration_fails = whimbrel_argument(call, 9, &value, &length) == WHIMBREL_OK;
    start(&calibrating);
    return WHIMBREL_DEFERRED;
}

static const whimbrel_resource_t resources[] = {
    {
        .id = 5700,
        .data_type = WHIMBREL_FLOAT,
        .operations = WHIMBREL_READ,
        .flags = WHIMBREL_MANDATORY,
        .read = read_temperature,
    },
    { .id = 5821, .operations = WHIMBREL_EXECUTE, .execute = calibrate },
};
static const whimbrel_object_t thermometer = {
    .size = sizeof thermometer,
    .id = 3303,
    .resource_count = 2,
    .resources = resources,
};

/* Whether a piece of work is done now. On a device an interrupt would tell. */
static int is_done(struct work *work, uint64_t now_ms)
{
    if (now_ms < work->due_ms) return 0;
    work->due_ms = UINT64_MAX;
    work->done_ms = now_ms;
    return 1;
}

/* Tells the client which answers are there. That nobody waits for one any more is no trouble. */
static void finish_work(whimbrel_client_t *client)
{
    const uint64_t now_ms = whimbrel_posix_now();
    if (is_done(&measuring, now_ms)) {
        celsius = 21.5;
        whimbrel_complete(client, WHIMBREL_RESOURCE(3303, 0, 5700), WHIMBREL_OK);
    }
    if (is_done(&calibrating, now_ms)) {
        whimbrel_complete(client, WHIMBREL_RESOURCE(3303, 0, 5821),
                          calibration_fails ? WHIMBREL_ERR_HANDLER : WHIMBREL_OK);
    }
}

static uint64_t earliest(uint64_t next_ms)
{
    if (measuring.due_ms < next_ms) next_ms = measuring.due_ms;
    return calibrating.due_ms < next_ms ? calibrating.due_ms : next_ms;
}

static void show(void *context, const whimbrel_event_t *event)
{
    if (event->code == WHIMBREL_EVENT_STOPPED) *(int *)context = 1;
}

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "deferred: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text };
static const whimbrel_feature_t *const features[] = { &whimbrel_deferral };

int main(int argc, char **argv)
{
    static uint64_t memory[1024];
    /* As many requests as can wait at a time; one more is told 5.03. */
    const whimbrel_limits_t limits = { .size = sizeof limits, .deferred = 2 };
    int stopped = 0;
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = "whimbrel-deferred",
        .limits = &limits,
        .formats = formats,
        .format_count = 2,
        .features = features,
        .feature_count = 1,
        .event = show,
        .event_context = &stopped,
    };
    const whimbrel_account_t account = {
        .size = sizeof account,
        .uri = argc > 1 ? argv[1] : "coap://127.0.0.1",
        .short_server_id = 1,
        .lifetime_s = 300,
    };
    whimbrel_posix_t *posix;
    whimbrel_client_t *client;
    uint64_t next_ms;
    int32_t status;

    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_client_init(memory, sizeof memory, &config, whimbrel_posix_port(posix), &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_object_add(client, &thermometer, NULL);
    if (status < 0) return fail("object 3303", status);
    status = whimbrel_account_add(client, &account);
    if (status < 0) return fail(account.uri, status);

    while (!stopped) {
        finish_work(client);
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        if (stopped || whimbrel_posix_wait(posix, earliest(next_ms), feof(stdin) ? -1 : 0) != 1) continue;
        if (getchar() == EOF) whimbrel_client_stop(client);
    }
    whimbrel_client_end(client);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
