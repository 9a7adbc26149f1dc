/*
 * The exchanges that every client is measured on (bench-harness.md of the design): Appendix F's device, a frozen clock,
 * a port that copies. One step is one datagram in, one datagram out.
 */
#include "../size/limits.h"
#include "harness.h"

#include <string.h>

static uint64_t client_memory[2048];
static whimbrel_client_t *client;
static uint8_t inbox[1200], outbox[4096];
static size_t inbox_size, outbox_size;
static unsigned long written;

static uint64_t now(void *context)
{
    (void)context;
    return 1000;
}

static void random_bytes(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    memset(buffer, 7, size);
}

static int32_t link_open(void *context, uint8_t link, const char *host, size_t length, uint16_t port,
                         int32_t secure)
{
    (void)context, (void)link, (void)host, (void)length, (void)port, (void)secure;
    return WHIMBREL_OK;
}

static int32_t link_send(void *context, uint8_t link, const uint8_t *data, size_t size)
{
    (void)context, (void)link;
    memcpy(outbox, data, size);
    outbox_size = size;
    return WHIMBREL_OK;
}

/* Named by scripts/bench.py: its copying is not the engine's work. */
int32_t bench_receive(void *context, uint8_t link, uint8_t *buffer, size_t size);
int32_t bench_receive(void *context, uint8_t link, uint8_t *buffer, size_t size)
{
    const size_t length = inbox_size;
    (void)context, (void)link;
    if (length > size) {
        return WHIMBREL_ERR_TRUNCATED;
    }
    memcpy(buffer, inbox, length);
    inbox_size = 0;
    return (int32_t)length;
}

static void link_close(void *context, uint8_t link)
{
    (void)context, (void)link;
}

static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_OK;
}

static int64_t get_time(void *context)
{
    (void)context;
    return 1367491215;
}

static int32_t set_time(void *context, int64_t seconds)
{
    (void)context, (void)seconds;
    return WHIMBREL_OK;
}

static const whimbrel_port_t port = {
    .size = sizeof port,
    .now = now,
    .random = random_bytes,
    .link_open = link_open,
    .link_send = link_send,
    .link_receive = bench_receive,
    .link_close = link_close,
};
static const whimbrel_limits_t limits = { .size = sizeof limits };
static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv, &whimbrel_format_text,
                                                    &whimbrel_format_opaque };
static const whimbrel_feature_t *const features[] = { &whimbrel_reporting, &whimbrel_transfers };
static const whimbrel_config_t config = {
    .size = sizeof config,
    .endpoint = "bench",
    .limits = &limits,
    .formats = formats,
    .format_count = 3,
    .features = features,
    .feature_count = 2,
};
static const whimbrel_account_t account = {
    .size = sizeof account,
    .uri = "coap://192.0.2.1",
    .lifetime_s = 300,
    .short_server_id = 123,
};
static int32_t battery = 100, memory_free = 15;
static const int32_t sources[] = { 1, 5 }, voltages[] = { 3800, 5000 }, currents[] = { 125, 900 };
static char utc_offset[8] = "+02:00", timezone[32] = "Europe/Berlin";
static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Open Mobile Alliance",
    .model_number = "Lightweight M2M Client",
    .serial_number = "345000123",
    .firmware_version = "1.0",
    .reboot = reboot,
    .get_time = get_time,
    .set_time = set_time,
    .utc_offset = utc_offset,
    .utc_offset_capacity = sizeof utc_offset,
    .timezone = timezone,
    .timezone_capacity = sizeof timezone,
    .power_source_count = 2,
    .power_sources = sources,
    .power_voltages = voltages,
    .power_currents = currents,
    .battery_level = &battery,
    .memory_free = &memory_free,
};

static int32_t take_package(void *context, whimbrel_call_t *call)
{
    const uint8_t *data;
    size_t length;
    const int32_t status = whimbrel_value_bytes(call, &data, &length);
    (void)context;
    written += length;
    return status;
}

static const whimbrel_resource_t package[] = {
    { .id = 0,
      .data_type = WHIMBREL_OPAQUE,
      .operations = WHIMBREL_WRITE,
      .flags = WHIMBREL_STREAM,
      .write = take_package },
};
static const whimbrel_object_t firmware = {
    .size = sizeof firmware, .id = 5, .resource_count = 1, .resources = package
};

static void deliver(const void *datagram, size_t size, unsigned n)
{
    memcpy(inbox, datagram, size);
    inbox[2] = (uint8_t)(n >> 8);
    inbox[3] = (uint8_t)n;
    inbox_size = size;
    outbox_size = 0;
}

static void poll(void)
{
    whimbrel_client_poll(client, NULL);
}

/* Answers the POST in the outbox, with some options. */
static int accept(uint8_t code, const char *options, size_t size)
{
    uint8_t answer[16] = { 0, code, 0, 0 };
    const size_t token = outbox[0] & 15;
    if (outbox_size == 0 || outbox[1] != 0x02) {
        return 1;
    }
    answer[0] = (uint8_t)(0x60 | token);
    memcpy(answer + 4, outbox + 4, token);
    memcpy(answer + 4 + token, options, size);
    deliver(answer, 4 + token + size, (unsigned)(outbox[2] << 8 | outbox[3]));
    poll();
    return 0;
}

static int start(void)
{
    /* what `make size` counts as RAM must be enough where pointers have four bytes */
    if (sizeof(void *) == 4 &&
        (whimbrel_client_size(&minimal_limits) > MINIMAL_BYTES ||
         whimbrel_client_size(&product_limits) > PRODUCT_BYTES ||
         whimbrel_client_size(&bootstrap_limits) > BOOTSTRAP_BYTES ||
         whimbrel_client_size(&uicc_limits) > UICC_BYTES || whimbrel_client_size(&sms_limits) > SMS_BYTES ||
         whimbrel_modem_size(NULL) > SMS_MODEM_BYTES)) {
        return 1;
    }
    if (sizeof client_memory < whimbrel_client_size(&limits) ||
        whimbrel_client_init(client_memory, sizeof client_memory, &config, &port, &client) != WHIMBREL_OK ||
        whimbrel_device_add(client, &device, NULL) != WHIMBREL_OK ||
        whimbrel_object_add(client, &firmware, NULL) != WHIMBREL_OK ||
        whimbrel_account_add(client, &account) != WHIMBREL_OK) {
        return 1;
    }
    poll();
    /* Location-Path rd/0 */
    return accept(0x41, "\x82rd\x01\x30", 5) != 0 || whimbrel_account_registered(client, 123) != 1;
}

/* The same client with a bootstrap server, in a session. */
static int start_bootstrap(void)
{
    static const whimbrel_feature_t *const parts[] = { &whimbrel_bootstrap };
    static const whimbrel_limits_t room = { .size = sizeof room, .servers = 2, .bootstrap = 512 };
    static const whimbrel_account_t server = {
        .size = sizeof server,
        .uri = "coap://192.0.2.2",
        .bootstrap_server = 1,
    };
    whimbrel_config_t bootstraps = config;
    bootstraps.limits = &room;
    bootstraps.features = parts;
    bootstraps.feature_count = 1;
    if (sizeof client_memory < whimbrel_client_size(&room) ||
        whimbrel_client_init(client_memory, sizeof client_memory, &bootstraps, &port, &client) !=
            WHIMBREL_OK ||
        whimbrel_account_add(client, &server) != WHIMBREL_OK) {
        return 1;
    }
    poll();
    return accept(0x44, "", 0);
}

/* An SMS-DELIVER around a message, and where the message begins in an SMS-SUBMIT with a relative TP-VP. */
enum { DELIVER_HEAD = 19, SUBMIT_HEAD = 14 };

static void deliver_sms(const uint8_t *message, size_t size)
{
    memcpy(inbox, "\x04\x0b\x91\x51\x55\x55\x05\x21\xf3\0\4\x62\x10\x20\x30\x40\x50\x80", DELIVER_HEAD - 1);
    inbox[DELIVER_HEAD - 1] = (uint8_t)size;
    memcpy(inbox + DELIVER_HEAD, message, size);
    inbox_size = DELIVER_HEAD + size;
    outbox_size = 0;
    poll();
}

static int32_t sms_send(void *context, const uint8_t *tpdu, size_t size)
{
    return link_send(context, 0, tpdu, size);
}

static int32_t sms_receive(void *context, uint8_t *buffer, size_t size)
{
    return bench_receive(context, 0, buffer, size);
}

/* The same client with SMS for its only way. */
static int start_sms(void)
{
    static const whimbrel_feature_t *const parts[] = { &whimbrel_sms };
    static const whimbrel_limits_t room = { .size = sizeof room, .sms = 1 };
    static const whimbrel_sms_t sms = { .size = sizeof sms, .mode = WHIMBREL_SMS_NOSEC };
    static const whimbrel_account_t server = {
        .size = sizeof server,
        .uri = "tel:+15555550123",
        .binding = "S",
        .short_server_id = 123,
        .sms = &sms,
    };
    whimbrel_config_t texts = config;
    whimbrel_port_t phone = port;
    uint8_t created[] = "\x62\x41\0\0\0\0\x82rd\x01\x30";
    texts.limits = &room;
    texts.features = parts;
    texts.feature_count = 1;
    phone.sms_send = sms_send;
    phone.sms_receive = sms_receive;
    if (sizeof client_memory < whimbrel_client_size(&room) ||
        whimbrel_client_init(client_memory, sizeof client_memory, &texts, &phone, &client) != WHIMBREL_OK ||
        whimbrel_device_add(client, &device, NULL) != WHIMBREL_OK ||
        whimbrel_account_add(client, &server) != WHIMBREL_OK) {
        return 1;
    }
    poll();
    memcpy(created + 2, outbox + SUBMIT_HEAD + 2, 4);
    deliver_sms(created, sizeof created - 1);
    return whimbrel_account_registered(client, 123) != 1;
}

static void read_by_sms(unsigned n)
{
    uint8_t message[] = "\x44\x01\0\0\1\2\3\4\xB1\x33\x01\x30\x01\x30\x62\x2D\x16";
    message[2] = (uint8_t)(n >> 8);
    message[3] = (uint8_t)n;
    deliver_sms(message, sizeof message - 1);
}

static size_t sms_bytes(void)
{
    return outbox_size > SUBMIT_HEAD && outbox[SUBMIT_HEAD + 1] >> 5 == 2 ? outbox_size : 0;
}

static size_t response_bytes(void)
{
    return outbox_size;
}

/* 2.05 or 2.04 came back. */
static size_t success_bytes(void)
{
    return outbox_size > 0 && outbox[1] >> 5 == 2 ? outbox_size : 0;
}

static void read_instance(unsigned n)
{
    deliver("\x44\x01\0\0\1\2\3\4\xB1\x33\x01\x30\x62\x2D\x16", 15, n);
    poll();
}

static void read_resource(unsigned n)
{
    deliver("\x44\x01\0\0\1\2\3\4\xB1\x33\x01\x30\x01\x30\x62\x2D\x16", 17, n);
    poll();
}

static void read_text(unsigned n)
{
    deliver("\x44\x01\0\0\1\2\3\4\xB1\x33\x01\x30\x01\x30\x60", 15, n);
    poll();
}

static void write_lifetime(unsigned n)
{
    deliver("\x44\x03\0\0\1\2\3\4\xB1\x31\x01\x30\x01\x31\x10\xff\x33\x30\x30", 19, n);
    poll();
}

/* Bootstrap-Write of a PSK account: 70 bytes for /0/1. */
static void write_security(unsigned n)
{
    static const char command[] = "\x44\x03\0\0\1\2\3\4\xB1\x30\x01\x31\x12\x2D\x16\xff"
                                  "\xC8\x00\x11"
                                  "coaps://192.0.2.1"
                                  "\xC1\x01\x00\xC1\x02\x00\xC7\x03"
                                  "bench-1"
                                  "\xC0\x04\xC8\x05\x10"
                                  "0123456789abcdef"
                                  "\xC1\x0A\x65";
    deliver(command, sizeof command - 1, n);
    poll();
}

static int start_observing(void)
{
    const int failed = start();
    deliver("\x44\x01\0\0\1\2\3\4\x60\x51\x33\x01\x30\x01\x39\x60", 16, 60000);
    poll();
    return failed || success_bytes() == 0;
}

static void notify(unsigned n)
{
    (void)n;
    outbox_size = 0;
    whimbrel_changed(client, WHIMBREL_RESOURCE(3, 0, 9));
    poll();
}

static void register_again(unsigned n)
{
    (void)n;
    outbox_size = 0;
    whimbrel_client_network(client, 1, 1);
    poll();
}

/* One block of 1,024 bytes of a body of 1 MiB; after the last the next body begins. */
static void push_block(unsigned n)
{
    const unsigned number = n % 1024, more = number != 1023;
    uint8_t *at = inbox;
    memcpy(at, "\x44\x03\0\0\1\2\3\4\xB1\x35\x01\x30\x01\x30\x11\x2A", 16);
    at += 16;
    *at++ = 0xD2; /* Block1: 27 - 12 = 13 + 2, two bytes */
    *at++ = 0x02;
    *at++ = (uint8_t)(number >> 4);
    *at++ = (uint8_t)((number & 15) << 4 | more << 3 | 6);
    *at++ = 0xff;
    inbox[2] = (uint8_t)(n >> 8);
    inbox[3] = (uint8_t)n;
    inbox_size = (size_t)(at - inbox) + 1024;
    outbox_size = 0;
    poll();
}

static void stub(unsigned n)
{
    uint8_t buffer[64];
    deliver("\x44\x01\0\0\1\2\3\4\xB1\x33\x01\x30\x62\x2D\x16", 15, n);
    bench_receive(NULL, 0, buffer, sizeof buffer);
    link_send(NULL, 0, buffer, 15);
}

static void stub_block(unsigned n)
{
    static uint8_t buffer[1200];
    (void)n;
    inbox_size = 1045;
    bench_receive(NULL, 0, buffer, sizeof buffer);
    link_send(NULL, 0, buffer, 15);
}

const struct bench_row bench_rows[] = {
    { "read_3_0_tlv", start, read_instance, stub, success_bytes },
    { "read_3_0_0_tlv", start, read_resource, stub, success_bytes },
    { "read_3_0_0_text", start, read_text, stub, success_bytes },
    { "notify_3_0_9", start_observing, notify, stub, success_bytes },
    { "write_1_0_1", start, write_lifetime, stub, success_bytes },
    { "register", start, register_again, stub, response_bytes },
    { "firmware_1mib", start, push_block, stub_block, success_bytes },
    { "bootstrap_write_0", start_bootstrap, write_security, stub, success_bytes },
    { "sms_read_3_0_0_tlv", start_sms, read_by_sms, stub, sms_bytes },
    { NULL, NULL, NULL, NULL, NULL },
};
