/* Device (3), Temperature (3303) and Interop Blob (26242): variables bound directly, and handlers where needed. */
#include "objects.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 3: Device, the client of TS 1.0 table 40. */

static const int32_t sources[] = { 1, 5 };
static const int32_t voltages[] = { 3800, 5000 };
static const int32_t currents[] = { 125, 900 };
static int32_t battery = 100;
static int32_t memory_free = 15;
static char utc_offset[8] = "+02:00";
static int64_t clock_offset;
/* Seconds that the clock goes on each time that it is looked at. */
static int64_t stride;

static int32_t reboot(void *context)
{
    (void)context;
    return WHIMBREL_OK;
}

static int64_t get_time(void *context)
{
    (void)context;
    clock_offset += stride;
    return (int64_t)time(NULL) + clock_offset;
}

void objects_hurry(int on)
{
    stride = on;
}

static int32_t set_time(void *context, int64_t seconds)
{
    (void)context;
    clock_offset = seconds - (int64_t)time(NULL);
    return WHIMBREL_OK;
}

static const whimbrel_device_t device = {
    .size = sizeof(whimbrel_device_t),
    .manufacturer = "Open Mobile Alliance",
    .model_number = "Lightweight M2M Client",
    .serial_number = "345000123",
    .firmware_version = "1.0",
    .reboot = reboot,
    .get_time = get_time,
    .set_time = set_time,
    .utc_offset = utc_offset,
    .utc_offset_capacity = sizeof utc_offset,
    .power_source_count = 2,
    .power_sources = sources,
    .power_voltages = voltages,
    .power_currents = currents,
    .battery_level = &battery,
    .memory_free = &memory_free,
};

/* 3303: Temperature. */

static double temperature = 20.0;
static double lowest = 20.0;
static double highest = 20.0;

static int32_t reset_extremes(void *context, whimbrel_call_t *call)
{
    (void)context;
    (void)call;
    lowest = highest = temperature;
    return WHIMBREL_OK;
}

/* clang-format off */
static const whimbrel_resource_t temperature_resources[] = {
    {5601, WHIMBREL_FLOAT, WHIMBREL_READ, 0, 0, 8, &lowest, NULL, NULL, NULL},
    {5602, WHIMBREL_FLOAT, WHIMBREL_READ, 0, 0, 8, &highest, NULL, NULL, NULL},
    {5605, WHIMBREL_NO_TYPE, WHIMBREL_EXECUTE, 0, 0, 0, NULL, NULL, NULL, reset_extremes},
    {5700, WHIMBREL_FLOAT, WHIMBREL_READ, 0, 0, 8, &temperature, NULL, NULL, NULL},
    {5701, WHIMBREL_STRING, WHIMBREL_READ, 0, 0, 0, "Cel", NULL, NULL, NULL},
};
/* clang-format on */

/* 26242: Interop Blob. A long value is read window by window; a written one is never held, only summed up. */

static uint8_t blob[6000];
static uint32_t running_crc;
static int64_t last_length;
static int64_t last_crc;
static int32_t writes;

static int32_t read_blob(void *context, whimbrel_call_t *call)
{
    (void)context;
    return whimbrel_reply_opaque(call, blob, sizeof blob);
}

static uint32_t crc32(uint32_t crc, const uint8_t *data, size_t length)
{
    crc = ~crc;
    while (length--) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}

static int32_t write_blob(void *context, whimbrel_call_t *call)
{
    (void)context;
    const uint8_t *data;
    size_t length, offset;
    int32_t last;
    int32_t status = whimbrel_value_bytes(call, &data, &length);
    if (status == WHIMBREL_OK) {
        status = whimbrel_value_part(call, &offset, &last);
    }
    if (status != WHIMBREL_OK) {
        return status;
    }
    running_crc = crc32(offset ? running_crc : 0, data, length);
    if (last) {
        last_length = (int64_t)(offset + length);
        last_crc = running_crc;
        writes++;
    }
    return WHIMBREL_OK;
}

/* What is answered later: due at a time, then ready for the engine to ask again. */
static uint64_t (*clock_ms)(void);
static uint64_t execute_due = UINT64_MAX;
static uint64_t read_due = UINT64_MAX;
static int read_fresh = 1; /* as a sensor's value is, until something changes it */
static int32_t executions;

static int32_t execute_later(void *context, whimbrel_call_t *call)
{
    (void)context;
    const char *text;
    size_t length;
    uint64_t pause = 0;
    int32_t status = whimbrel_argument(call, 0, &text, &length);
    if (status != WHIMBREL_OK || text == NULL) {
        return WHIMBREL_ERR_BAD_VALUE;
    }
    for (size_t i = 0; i < length; i++) {
        pause = pause * 10 + (uint64_t)(text[i] - '0');
    }
    executions++;
    read_fresh = 0;
    execute_due = clock_ms() + pause;
    return WHIMBREL_DEFERRED;
}

static int32_t read_slowly(void *context, whimbrel_call_t *call)
{
    (void)context;
    if (read_fresh) {
        return whimbrel_reply_integer(call, executions);
    }
    if (read_due == UINT64_MAX) {
        read_due = clock_ms() + 200;
    }
    return WHIMBREL_DEFERRED;
}

void objects_poll(whimbrel_client_t *client, uint64_t (*now)(void))
{
    clock_ms = now;
    if (execute_due <= now()) {
        execute_due = UINT64_MAX;
        whimbrel_complete(client, WHIMBREL_RESOURCE(26242, 0, 5), WHIMBREL_OK);
    }
    if (read_due <= now()) {
        read_due = UINT64_MAX;
        read_fresh = 1;
        whimbrel_complete(client, WHIMBREL_RESOURCE(26242, 0, 6), WHIMBREL_OK);
    }
}

uint64_t objects_due(void)
{
    return execute_due < read_due ? execute_due : read_due;
}

/* clang-format off */
static const whimbrel_resource_t blob_resources[] = {
    {0, WHIMBREL_OPAQUE, WHIMBREL_READ, 0, 0, 0, NULL, read_blob, NULL, NULL},
    {1, WHIMBREL_OPAQUE, WHIMBREL_WRITE, WHIMBREL_STREAM, 0, 0, NULL, NULL, write_blob, NULL},
    {2, WHIMBREL_INTEGER, WHIMBREL_READ, 0, 0, 8, &last_length, NULL, NULL, NULL},
    {3, WHIMBREL_INTEGER, WHIMBREL_READ, 0, 0, 8, &last_crc, NULL, NULL, NULL},
    {4, WHIMBREL_INTEGER, WHIMBREL_READ, 0, 0, 4, &writes, NULL, NULL, NULL},
    {5, WHIMBREL_NO_TYPE, WHIMBREL_EXECUTE, 0, 0, 0, NULL, NULL, NULL, execute_later},
    {6, WHIMBREL_INTEGER, WHIMBREL_READ, 0, 0, 0, NULL, read_slowly, NULL, NULL},
};
/* clang-format on */

#define COUNT(array) (uint16_t)(sizeof(array) / sizeof *(array))

static const whimbrel_object_t thermometer = {
    .size = sizeof(whimbrel_object_t),
    .id = 3303,
    .resource_count = COUNT(temperature_resources),
    .resources = temperature_resources,
};
static const whimbrel_object_t blob_object = {
    .size = sizeof(whimbrel_object_t),
    .id = 26242,
    .resource_count = COUNT(blob_resources),
    .resources = blob_resources,
};

int32_t objects_add(whimbrel_client_t *client)
{
    for (size_t i = 0; i < sizeof blob; i++) {
        blob[i] = (uint8_t)(7 * i + 3);
    }
    int32_t status = whimbrel_device_add(client, &device, NULL);
    if (status >= 0) {
        status = whimbrel_object_add(client, &thermometer, NULL);
    }
    if (status >= 0) {
        status = whimbrel_object_add(client, &blob_object, NULL);
    }
    return status < 0 ? status : values_add(client);
}

static void set_temperature(whimbrel_client_t *client, double value)
{
    temperature = value;
    lowest = value < lowest ? value : lowest;
    highest = value > highest ? value : highest;
    whimbrel_changed(client, WHIMBREL_RESOURCE(3303, 0, 5601));
    whimbrel_changed(client, WHIMBREL_RESOURCE(3303, 0, 5602));
}

/* Hexadecimal bytes take the place of the first ones of the blob; its length stays. */
static void set_blob(const char *hex)
{
    char pair[3] = { 0 };
    for (size_t i = 0; i < sizeof blob && hex[0] && hex[1]; i++, hex += 2) {
        memcpy(pair, hex, 2);
        blob[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

int objects_set(whimbrel_client_t *client, whimbrel_path_t path, const char *value)
{
    if (path.object == 3303 && path.resource == 5700) {
        set_temperature(client, strtod(value, NULL));
    } else if (path.object == 3 && path.resource == 9) {
        battery = (int32_t)strtol(value, NULL, 10);
    } else if (path.object == 3 && path.resource == 10) {
        memory_free = (int32_t)strtol(value, NULL, 10);
    } else if (path.object == 26242 && path.resource == 0) {
        set_blob(value);
    } else {
        return -1;
    }
    return whimbrel_changed(client, path) < 0 ? -1 : 0;
}
