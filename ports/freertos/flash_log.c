/*
 * Stable storage in two sectors of flash, see whimbrel_flash.h.
 *
 * A sector that holds begins with its head, twice: magic, sequence, format, log2 of the write size, zeros, sector size, CRC-32. Of two
 * such sectors the one with the higher sequence counts. Entries follow, each at a multiple of the write size:
 *
 *     record 2, length 2, CRC-32 of the content 4, CRC-32 of these eight 4, content
 *
 * The flash_newest entry of a record is the record; a length of 0 says that it was removed. Numbers have their low byte first. An entry
 * is programmed from its beginning to its end, so that power which goes meanwhile leaves a last entry that fails a check. It
 * does not count, and nothing is programmed flash_behind it: the next write begins the other sector. That one is erased, gets what is
 * live, and last its head: until then it is nothing, from then on the old sector is.
 */
#include "whimbrel_flash.h"
#include <string.h>

#define SECTOR_HEAD 20
#define ENTRY_HEAD  12
#define MAGIC       0x53464857u /* "WHFS" */
#define FORMAT      1
#define LONGEST     0xfff0u
/* The length of an entry whose content was damaged when it was copied; it has no content. */
#define DAMAGED     0xfffeu
#define NO_RECORD   0xffffu
#define PIECE       32

struct flash_entry {
    uint32_t at;
    uint16_t record, length;
    uint32_t crc; /* of the content */
};

/* A content in RAM, or if `data` is NULL in the sector that holds, from `from`. */
struct flash_content {
    const uint8_t *data;
    uint32_t from;
    uint16_t length;
};

/* Where the next bytes are programmed, in chunks that no page of the flash cuts. */
struct writer {
    const whimbrel_flash_t *flash;
    uint32_t sector, at;
    size_t fill;
    uint8_t bytes[WHIMBREL_FLASH_CHUNK];
};

uint32_t flash_crc(uint32_t crc, const uint8_t *bytes, size_t size)
{
    int bit;

    while (size-- > 0) {
        crc ^= *bytes++;
        for (bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return crc;
}

static void put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *to, uint32_t value)
{
    put16(to, value);
    put16(to + 2, value >> 16);
}

static uint16_t get16(const uint8_t *from)
{
    return (uint16_t)(from[0] | from[1] << 8);
}

static uint32_t get32(const uint8_t *from)
{
    return get16(from) | (uint32_t)get16(from + 2) << 16;
}

/* ---- the driver, and what sizes come to ---- */

static uint32_t rounded(const whimbrel_flash_t *flash, uint32_t size)
{
    return (size + flash->write_size - 1) & ~(flash->write_size - 1);
}

uint32_t flash_head_size(const whimbrel_flash_t *flash)
{
    return rounded(flash, SECTOR_HEAD);
}

uint32_t flash_first(const whimbrel_flash_t *flash)
{
    return 2 * flash_head_size(flash);
}

uint32_t flash_entry_size(const whimbrel_flash_t *flash, uint16_t length)
{
    return rounded(flash, ENTRY_HEAD + (length == DAMAGED ? 0u : length));
}

/* WHIMBREL_OK, WHIMBREL_ERR_MALFORMED or WHIMBREL_ERR_STORAGE. */
int32_t flash_read(const whimbrel_flash_t *flash, uint32_t sector, uint32_t at, uint8_t *buffer,
                          size_t size)
{
    const int32_t status = flash->read(flash->context, sector, at, buffer, size);

    if (status == WHIMBREL_OK || status == WHIMBREL_ERR_MALFORMED) return status;
    return WHIMBREL_ERR_STORAGE;
}

/* Whether all is erased from `at` on: 1, 0, or WHIMBREL_ERR_STORAGE. */
int32_t flash_is_blank(const whimbrel_flash_t *flash, uint32_t sector, uint32_t at)
{
    uint8_t piece[PIECE];

    while (at < flash->sector_size) {
        size_t size = flash->sector_size - at, i;
        int32_t status;
        if (size > sizeof piece) size = sizeof piece;
        status = flash_read(flash, sector, at, piece, size);
        if (status == WHIMBREL_ERR_MALFORMED) return 0;
        if (status < 0) return status;
        for (i = 0; i < size; i++) {
            if (piece[i] != 0xff) return 0;
        }
        at += (uint32_t)size;
    }
    return 1;
}

/* ---- what lies in a sector ---- */

static void make_head(const whimbrel_flash_t *flash, uint32_t sequence, uint8_t head[SECTOR_HEAD])
{
    memset(head, 0, SECTOR_HEAD);
    put32(head, MAGIC);
    put32(head + 4, sequence);
    head[8] = FORMAT;
    head[9] = (uint8_t)flash->write_size;
    put32(head + 12, flash->sector_size);
    put32(head + 16, ~flash_crc(UINT32_MAX, head, 16));
}

/* The sequence of a sector that holds; 0: it does not; WHIMBREL_ERR_NOT_SUPPORTED: it is laid out for another driver. */
int32_t flash_head_at(const whimbrel_flash_t *flash, uint32_t sector, uint32_t at, uint32_t *sequence)
{
    uint8_t head[SECTOR_HEAD], mine[SECTOR_HEAD];
    const int32_t status = flash_read(flash, sector, at, head, sizeof head);

    *sequence = 0;
    if (status == WHIMBREL_ERR_MALFORMED) return WHIMBREL_OK;
    if (status < 0) return status;
    if (get32(head) != MAGIC || get32(head + 16) != ~flash_crc(UINT32_MAX, head, 16)) return WHIMBREL_OK;
    make_head(flash, get32(head + 4), mine);
    if (memcmp(head, mine, sizeof head) != 0) return WHIMBREL_ERR_NOT_SUPPORTED;
    *sequence = get32(head + 4);
    return WHIMBREL_OK;
}

/* The entry at `at` of the sector that holds: 1; 0: there is none; WHIMBREL_ERR_STORAGE. */
int32_t flash_entry_at(const whimbrel_store_t *store, uint32_t at, struct flash_entry *entry)
{
    const whimbrel_flash_t *flash = store->flash;
    uint8_t head[ENTRY_HEAD];
    int32_t status;

    if (at + ENTRY_HEAD > flash->sector_size) return 0;
    status = flash_read(flash, store->sector, at, head, sizeof head);
    if (status == WHIMBREL_ERR_MALFORMED) return 0;
    if (status < 0) return status;
    entry->at = at;
    entry->record = get16(head);
    entry->length = get16(head + 2);
    entry->crc = get32(head + 4);
    if (get32(head + 8) != ~flash_crc(UINT32_MAX, head, 8)) return 0;
    if (entry->record >= WHIMBREL_STORE_RECORDS) return 0;
    return flash_entry_size(flash, entry->length) <= flash->sector_size - at;
}

uint32_t flash_behind(const whimbrel_store_t *store, const struct flash_entry *entry)
{
    return entry->at + flash_entry_size(store->flash, entry->length);
}

/* The next entry at `at` or flash_behind it, over what is none: 1; 0: there is none before the end; WHIMBREL_ERR_STORAGE. */
int32_t flash_next(const whimbrel_store_t *store, uint32_t at, struct flash_entry *entry)
{
    for (; at < store->end; at += store->flash->write_size) {
        const int32_t status = flash_entry_at(store, at, entry);
        if (status != 0) return status;
    }
    return 0;
}

/* The entry that a record is: 1; 0: there is none; WHIMBREL_ERR_STORAGE. */
int32_t flash_newest(const whimbrel_store_t *store, uint16_t record, struct flash_entry *found)
{
    struct flash_entry entry;
    uint32_t at = flash_first(store->flash);
    int32_t status, any = 0;

    while ((status = flash_next(store, at, &entry)) > 0) {
        if (entry.record == record) {
            *found = entry;
            any = 1;
        }
        at = flash_behind(store, &entry);
    }
    if (status < 0) return status;
    return any && found->length != 0;
}

/* ---- contents ---- */

static int32_t fetch(const whimbrel_store_t *store, const struct flash_content *content, uint32_t at, uint8_t *piece,
                     size_t size)
{
    if (content->data == NULL)
        return flash_read(store->flash, store->sector, content->from + at, piece, size);
    memcpy(piece, content->data + at, size);
    return WHIMBREL_OK;
}

static size_t piece_of(uint16_t length, uint32_t at)
{
    const size_t left = length - (size_t)at;
    return left < PIECE ? left : PIECE;
}

/* Its CRC-32. WHIMBREL_ERR_MALFORMED: the cells cannot be read; WHIMBREL_ERR_STORAGE. */
static int32_t check_of(const whimbrel_store_t *store, const struct flash_content *content, uint16_t length,
                        uint32_t *crc)
{
    uint8_t piece[PIECE];
    uint32_t at, running = UINT32_MAX;

    for (at = 0; at < length; at += PIECE) {
        const int32_t status = fetch(store, content, at, piece, piece_of(length, at));
        if (status < 0) return status;
        running = flash_crc(running, piece, piece_of(length, at));
    }
    *crc = ~running;
    return WHIMBREL_OK;
}

/* Whether an entry's content is what was written: WHIMBREL_OK, WHIMBREL_ERR_MALFORMED or WHIMBREL_ERR_STORAGE. */
int32_t flash_check(const whimbrel_store_t *store, const struct flash_entry *entry)
{
    const struct flash_content content = { NULL, entry->at + ENTRY_HEAD, entry->length };
    uint32_t crc = 0;
    int32_t status;

    if (entry->length == DAMAGED) return WHIMBREL_ERR_MALFORMED;
    status = check_of(store, &content, entry->length, &crc);
    if (status < 0) return status;
    return crc == entry->crc ? WHIMBREL_OK : WHIMBREL_ERR_MALFORMED;
}

/* ---- programming ---- */

static int32_t flush(struct writer *writer)
{
    int32_t status = WHIMBREL_OK;

    if (writer->fill > 0) {
        status = writer->flash->program(writer->flash->context, writer->sector, writer->at, writer->bytes,
                                        writer->fill);
        writer->at += (uint32_t)writer->fill;
        writer->fill = 0;
    }
    return status < 0 ? WHIMBREL_ERR_STORAGE : WHIMBREL_OK;
}

static int32_t put(struct writer *writer, const uint8_t *data, size_t size)
{
    while (size > 0) {
        const size_t at = (writer->at + writer->fill) % WHIMBREL_FLASH_CHUNK;
        size_t part = WHIMBREL_FLASH_CHUNK - at;
        if (part > size) part = size;
        memcpy(writer->bytes + writer->fill, data, part);
        writer->fill += part;
        data += part;
        size -= part;
        if (at + part == WHIMBREL_FLASH_CHUNK && flush(writer) < 0) return WHIMBREL_ERR_STORAGE;
    }
    return WHIMBREL_OK;
}

static int32_t finish(struct writer *writer)
{
    while (writer->fill % writer->flash->write_size != 0)
        writer->bytes[writer->fill++] = 0xff;
    return flush(writer);
}

static struct writer writer_at(const whimbrel_store_t *store, uint32_t sector, uint32_t at)
{
    struct writer writer;
    writer.flash = store->flash;
    writer.sector = sector;
    writer.at = at;
    writer.fill = 0;
    return writer;
}

int32_t flash_put_entry(const whimbrel_store_t *store, uint32_t sector, uint32_t at, uint16_t record,
                        const struct flash_content *content)
{
    const uint16_t length = content->length == DAMAGED ? 0 : content->length;
    struct writer writer = writer_at(store, sector, at);
    whimbrel_store_t there = *store;
    struct flash_entry written;
    uint8_t piece[PIECE];
    uint32_t crc = 0, i;
    int32_t status = check_of(store, content, length, &crc);

    put16(piece, record);
    put16(piece + 2, content->length);
    put32(piece + 4, crc);
    put32(piece + 8, ~flash_crc(UINT32_MAX, piece, 8));
    if (status == WHIMBREL_OK) status = put(&writer, piece, ENTRY_HEAD);
    for (i = 0; status == WHIMBREL_OK && i < length; i += PIECE) {
        status = fetch(store, content, i, piece, piece_of(length, i));
        if (status == WHIMBREL_OK) status = put(&writer, piece, piece_of(length, i));
    }
    if (status < 0 || finish(&writer) < 0) return WHIMBREL_ERR_STORAGE;
    there.sector = (uint8_t)sector;
    if (flash_entry_at(&there, at, &written) <= 0 || written.crc != crc) return WHIMBREL_ERR_STORAGE;
    if (written.record != record || written.length != content->length) return WHIMBREL_ERR_STORAGE;
    if (written.length == DAMAGED) return WHIMBREL_OK;
    return flash_check(&there, &written) < 0 ? WHIMBREL_ERR_STORAGE : WHIMBREL_OK;
}

/* Makes a sector the one that holds. Twice, for one bad cell must not bring the old sector back; once is enough to go on. */
int32_t flash_put_heads(const whimbrel_store_t *store, uint32_t sector, uint32_t sequence)
{
    uint8_t head[SECTOR_HEAD];
    uint32_t i, good = 0;

    make_head(store->flash, sequence, head);
    for (i = 0; i < 2; i++) {
        struct writer writer = writer_at(store, sector, i * flash_head_size(store->flash));
        uint32_t found;
        if (put(&writer, head, sizeof head) == WHIMBREL_OK && finish(&writer) == WHIMBREL_OK &&
            flash_head_at(store->flash, sector, i * flash_head_size(store->flash), &found) == WHIMBREL_OK &&
            found == sequence)
            good++;
    }
    return good > 0 ? WHIMBREL_OK : WHIMBREL_ERR_STORAGE;
}

