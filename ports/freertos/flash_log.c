/*
 * The log of records in a sector of flash: how it is laid out, read and programmed. Which sector holds is decided in storage.c.
 *
 * A sector that holds begins with its head, twice: magic, sequence, format, write size, two zeros, sector size, CRC-32. Entries follow,
 * each at a multiple of the write size:
 *
 *     record 2, length 2, CRC-32 of the content 4, CRC-32 of these eight 4, content
 *
 * Numbers have their low byte first. An entry is programmed from its beginning to its end.
 */
#include "flash_log.h"
#include <string.h>

#define SECTOR_HEAD 20
#define MAGIC       0x53464857u /* "WHFS" */
#define FORMAT      1
#define PIECE       32

uint32_t flog_crc(uint32_t crc, const uint8_t *bytes, size_t size)
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

static uint32_t head_size(const whimbrel_flash_t *flash)
{
    return rounded(flash, SECTOR_HEAD);
}

uint32_t flog_first(const whimbrel_flash_t *flash)
{
    return 2 * head_size(flash);
}

uint32_t flog_entry_size(const whimbrel_flash_t *flash, uint16_t length)
{
    return rounded(flash, FLOG_ENTRY_HEAD + (length == FLOG_DAMAGED ? 0u : length));
}

int32_t flog_read(const whimbrel_flash_t *flash, uint32_t sector, uint32_t at, uint8_t *buffer, size_t size)
{
    const int32_t status = flash->read(flash->context, sector, at, buffer, size);

    if (status == WHIMBREL_OK || status == WHIMBREL_ERR_MALFORMED) return status;
    return WHIMBREL_ERR_STORAGE;
}

int32_t flog_is_blank(const whimbrel_flash_t *flash, uint32_t sector, uint32_t at)
{
    uint8_t piece[PIECE];

    while (at < flash->sector_size) {
        size_t size = flash->sector_size - at, i;
        int32_t status;
        if (size > sizeof piece) size = sizeof piece;
        status = flog_read(flash, sector, at, piece, size);
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
    put32(head + 16, ~flog_crc(UINT32_MAX, head, 16));
}

/* As flog_sequence(), of one of the two heads. */
static int32_t head_at(const whimbrel_flash_t *flash, uint32_t sector, uint32_t at, uint32_t *sequence)
{
    uint8_t head[SECTOR_HEAD], mine[SECTOR_HEAD];
    const int32_t status = flog_read(flash, sector, at, head, sizeof head);

    *sequence = 0;
    if (status == WHIMBREL_ERR_MALFORMED) return WHIMBREL_OK;
    if (status < 0) return status;
    if (get32(head) != MAGIC || get32(head + 16) != ~flog_crc(UINT32_MAX, head, 16)) return WHIMBREL_OK;
    make_head(flash, get32(head + 4), mine);
    if (memcmp(head, mine, sizeof head) != 0) return WHIMBREL_ERR_NOT_SUPPORTED;
    *sequence = get32(head + 4);
    return WHIMBREL_OK;
}

int32_t flog_sequence(const whimbrel_flash_t *flash, uint32_t sector, uint32_t *sequence)
{
    const int32_t status = head_at(flash, sector, 0, sequence);

    if (status < 0 || *sequence != 0) return status;
    return head_at(flash, sector, head_size(flash), sequence);
}

int32_t flog_entry_at(const whimbrel_store_t *store, uint32_t at, struct flog_entry *entry)
{
    const whimbrel_flash_t *flash = store->flash;
    uint8_t head[FLOG_ENTRY_HEAD];
    int32_t status;

    if (at + FLOG_ENTRY_HEAD > flash->sector_size) return 0;
    status = flog_read(flash, store->sector, at, head, sizeof head);
    if (status == WHIMBREL_ERR_MALFORMED) return 0;
    if (status < 0) return status;
    entry->at = at;
    entry->record = get16(head);
    entry->length = get16(head + 2);
    entry->crc = get32(head + 4);
    if (get32(head + 8) != ~flog_crc(UINT32_MAX, head, 8)) return 0;
    if (entry->record >= WHIMBREL_STORE_RECORDS) return 0;
    return flog_entry_size(flash, entry->length) <= flash->sector_size - at;
}

uint32_t flog_behind(const whimbrel_store_t *store, const struct flog_entry *entry)
{
    return entry->at + flog_entry_size(store->flash, entry->length);
}

int32_t flog_next(const whimbrel_store_t *store, uint32_t at, struct flog_entry *entry)
{
    for (; at < store->end; at += store->flash->write_size) {
        const int32_t status = flog_entry_at(store, at, entry);
        if (status != 0) return status;
    }
    return 0;
}

int32_t flog_newest(const whimbrel_store_t *store, uint16_t record, struct flog_entry *found)
{
    struct flog_entry entry;
    uint32_t at = flog_first(store->flash);
    int32_t status, any = 0;

    while ((status = flog_next(store, at, &entry)) > 0) {
        if (entry.record == record) {
            *found = entry;
            any = 1;
        }
        at = flog_behind(store, &entry);
    }
    if (status < 0) return status;
    return any && found->length != 0;
}

/* ---- contents ---- */

static int32_t fetch(const whimbrel_store_t *store, const struct flog_content *content, uint32_t at,
                     uint8_t *piece, size_t size)
{
    if (content->data == NULL) return flog_read(store->flash, store->sector, content->from + at, piece, size);
    memcpy(piece, content->data + at, size);
    return WHIMBREL_OK;
}

static size_t piece_of(uint16_t length, uint32_t at)
{
    const size_t left = length - (size_t)at;
    return left < PIECE ? left : PIECE;
}

/* Its CRC-32. WHIMBREL_ERR_MALFORMED: the cells cannot be read; WHIMBREL_ERR_STORAGE. */
static int32_t check_of(const whimbrel_store_t *store, const struct flog_content *content, uint16_t length,
                        uint32_t *crc)
{
    uint8_t piece[PIECE];
    uint32_t at, running = UINT32_MAX;

    for (at = 0; at < length; at += PIECE) {
        const int32_t status = fetch(store, content, at, piece, piece_of(length, at));
        if (status < 0) return status;
        running = flog_crc(running, piece, piece_of(length, at));
    }
    *crc = ~running;
    return WHIMBREL_OK;
}

int32_t flog_check(const whimbrel_store_t *store, const struct flog_entry *entry)
{
    const struct flog_content content = { NULL, entry->at + FLOG_ENTRY_HEAD, entry->length };
    uint32_t crc = 0;
    int32_t status;

    if (entry->length == FLOG_DAMAGED) return WHIMBREL_ERR_MALFORMED;
    status = check_of(store, &content, entry->length, &crc);
    if (status < 0) return status;
    return crc == entry->crc ? WHIMBREL_OK : WHIMBREL_ERR_MALFORMED;
}

/* ---- programming ---- */

/* Where the next bytes are programmed, in chunks that no page of the flash cuts. */
struct writer {
    const whimbrel_flash_t *flash;
    uint32_t sector, at;
    size_t fill;
    uint8_t bytes[WHIMBREL_FLASH_CHUNK];
};

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

int32_t flog_put_entry(const whimbrel_store_t *store, uint32_t sector, uint32_t at, uint16_t record,
                       const struct flog_content *content)
{
    const uint16_t length = content->length == FLOG_DAMAGED ? 0 : content->length;
    struct writer writer = writer_at(store, sector, at);
    whimbrel_store_t there = *store;
    struct flog_entry written;
    uint8_t piece[PIECE];
    uint32_t crc = 0, i;
    int32_t status = check_of(store, content, length, &crc);

    put16(piece, record);
    put16(piece + 2, content->length);
    put32(piece + 4, crc);
    put32(piece + 8, ~flog_crc(UINT32_MAX, piece, 8));
    if (status == WHIMBREL_OK) status = put(&writer, piece, FLOG_ENTRY_HEAD);
    for (i = 0; status == WHIMBREL_OK && i < length; i += PIECE) {
        status = fetch(store, content, i, piece, piece_of(length, i));
        if (status == WHIMBREL_OK) status = put(&writer, piece, piece_of(length, i));
    }
    if (status < 0 || finish(&writer) < 0) return WHIMBREL_ERR_STORAGE;
    there.sector = (uint8_t)sector;
    if (flog_entry_at(&there, at, &written) <= 0 || written.crc != crc) return WHIMBREL_ERR_STORAGE;
    if (written.record != record || written.length != content->length) return WHIMBREL_ERR_STORAGE;
    if (written.length == FLOG_DAMAGED) return WHIMBREL_OK;
    return flog_check(&there, &written) < 0 ? WHIMBREL_ERR_STORAGE : WHIMBREL_OK;
}

/*
 * Twice, for one bad cell must not bring the old sector back; one is enough to go on. What counts is not what the driver says but
 * what a restart would find.
 */
int32_t flog_put_heads(const whimbrel_store_t *store, uint32_t sector, uint32_t sequence)
{
    uint8_t head[SECTOR_HEAD];
    uint32_t i, found;

    make_head(store->flash, sequence, head);
    for (i = 0; i < 2; i++) {
        struct writer writer = writer_at(store, sector, i * head_size(store->flash));
        if (put(&writer, head, sizeof head) == WHIMBREL_OK) (void)finish(&writer);
    }
    if (flog_sequence(store->flash, sector, &found) < 0) return WHIMBREL_ERR_STORAGE;
    return found == sequence ? WHIMBREL_OK : WHIMBREL_ERR_STORAGE;
}
