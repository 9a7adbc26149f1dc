/*
 * The bench and stable storage of the test. Header only; for a test that includes it once.
 */
#ifndef FAKE_STORAGE_H
#define FAKE_STORAGE_H

#include "harness.h"

enum { SLOTS = 512, SLOT_SIZE = 512 };

static struct {
    size_t length[SLOTS];
    uint8_t bytes[SLOTS][SLOT_SIZE];
    int32_t writing; /* what storage_write answers */
    int written;
} storage;

static struct bench bench;

static int32_t storage_read(void *context, uint16_t record, uint8_t *buffer, size_t size)
{
    CHECK(context == &bench);
    CHECK(record < SLOTS);
    if (storage.length[record] == 0) return WHIMBREL_ERR_NOT_FOUND;
    if (storage.length[record] > size) return WHIMBREL_ERR_FULL;
    memcpy(buffer, storage.bytes[record], storage.length[record]);
    return (int32_t)storage.length[record];
}
static int32_t storage_write(void *context, uint16_t record, const uint8_t *data, size_t size)
{
    CHECK(context == &bench);
    CHECK(record < SLOTS && size <= SLOT_SIZE);
    if (storage.writing < 0) return storage.writing;
    memcpy(storage.bytes[record], data, size);
    storage.length[record] = size;
    storage.written++;
    return WHIMBREL_OK;
}

#endif /* FAKE_STORAGE_H */
