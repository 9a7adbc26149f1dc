/*
 * Stable storage in two sectors of flash, see whimbrel_flash.h: of two that hold a log, the one with the higher sequence counts.
 *
 * The newest entry of a record is the record. Power that goes while one is programmed leaves a last entry that fails its check. It
 * does not count, and nothing is programmed behind it: the next write begins the other sector. That one is erased, gets what is
 * live, and last its head: until then it is nothing, from then on the old sector is.
 */
#include "flash_log.h"
#include <string.h>

/* The longest record. */
#define LONGEST   0xfff0u
#define NO_RECORD 0xffffu

/* ---- the other sector takes over ---- */

/* What is live is visited record by record. */
struct walk {
    uint32_t at;
    uint8_t seen[WHIMBREL_STORE_RECORDS / 8];
};

/* The next record that is live but `without`: 1; 0: that was all; WHIMBREL_ERR_STORAGE. */
static int32_t next_live(const whimbrel_store_t *store, struct walk *walk, uint32_t without,
                         struct flog_entry *entry)
{
    int32_t status;

    if (walk->at == 0) walk->at = flog_first(store->flash);
    while ((status = flog_next(store, walk->at, entry)) > 0) {
        uint8_t *seen = &walk->seen[entry->record / 8];
        const uint8_t bit = (uint8_t)(1u << entry->record % 8);
        walk->at = flog_behind(store, entry);
        if (entry->record == without || (*seen & bit) != 0) continue;
        *seen |= bit;
        status = flog_newest(store, entry->record, entry);
        if (status != 0) return status;
    }
    return status;
}

/* How many bytes the live entries but `without` take. */
static int32_t live_size(const whimbrel_store_t *store, uint32_t without, uint32_t *size)
{
    struct walk walk = { 0, { 0 } };
    struct flog_entry entry;
    int32_t status;

    *size = 0;
    while ((status = next_live(store, &walk, without, &entry)) > 0)
        *size += flog_entry_size(store->flash, entry.length);
    return status;
}

/* Puts what is live but `without` into the other sector, from `at` on. */
static int32_t copy_live(const whimbrel_store_t *store, uint32_t sector, uint32_t without, uint32_t *at)
{
    struct walk walk = { 0, { 0 } };
    struct flog_entry entry;
    int32_t status;

    while ((status = next_live(store, &walk, without, &entry)) > 0) {
        struct flog_content content = { NULL, entry.at + FLOG_ENTRY_HEAD, entry.length };
        status = flog_check(store, &entry);
        if (status == WHIMBREL_ERR_STORAGE) return status;
        if (status < 0) content.length = entry.length = FLOG_DAMAGED;
        status = flog_put_entry(store, sector, *at, entry.record, &content);
        if (status < 0) return status;
        *at += flog_entry_size(store->flash, entry.length);
    }
    return status;
}

static int32_t erase(const whimbrel_flash_t *flash, uint32_t sector)
{
    if (flash->erase(flash->context, sector) < 0) return WHIMBREL_ERR_STORAGE;
    return flog_is_blank(flash, sector, 0) > 0 ? WHIMBREL_OK : WHIMBREL_ERR_STORAGE;
}

/* The other sector takes over, with `content` as that of `record`; NO_RECORD: only with what is live. */
static int32_t take_over(whimbrel_store_t *store, uint32_t record, const struct flog_content *content)
{
    const whimbrel_flash_t *flash = store->flash;
    const uint32_t sector = store->sector ^ 1u;
    uint32_t at = flog_first(flash), live;
    int32_t status = live_size(store, record, &live);

    if (status < 0) return status;
    if (content->length > 0) live += flog_entry_size(flash, content->length);
    if (live > flash->sector_size - at) return WHIMBREL_ERR_FULL;
    status = erase(flash, sector);
    if (status == WHIMBREL_OK) status = copy_live(store, sector, record, &at);
    if (status == WHIMBREL_OK && content->length > 0) {
        status = flog_put_entry(store, sector, at, (uint16_t)record, content);
        at += flog_entry_size(flash, content->length);
    }
    if (status < 0) return status;
    /* from here on a restart may find the new sector: were it not to be, nothing may be added to this one */
    store->closed = 1;
    status = flog_put_heads(store, sector, store->sequence + 1);
    if (status < 0) return status;
    store->sequence++;
    store->sector = (uint8_t)sector;
    store->end = at;
    store->closed = 0;
    return WHIMBREL_OK;
}

/* ---- what is called from outside ---- */

/* What a program call that was cut short can have touched, if it was the first that held a byte of an entry's head at `at`. */
static uint32_t reach(uint32_t at)
{
    return (at + FLOG_ENTRY_HEAD - 1) / WHIMBREL_FLASH_CHUNK * WHIMBREL_FLASH_CHUNK + WHIMBREL_FLASH_CHUNK;
}

/* Finds the end of the log. */
static int32_t survey(whimbrel_store_t *store)
{
    uint32_t at = flog_first(store->flash);
    struct flog_entry entry, last = { 0, 0, 0, 0 };
    int32_t status, gap = 0;

    store->end = store->flash->sector_size;
    while (at < store->end) {
        status = flog_entry_at(store, at, &entry);
        if (status < 0) return status;
        if (status > 0) {
            if (gap) store->damaged = 1;
            gap = 0;
            last = entry;
            at = flog_behind(store, &entry);
            continue;
        }
        status = flog_is_blank(store->flash, store->sector, reach(at));
        if (status < 0) return status;
        if (status > 0) break;
        gap = 1;
        at += store->flash->write_size;
    }
    store->end = last.at == 0 ? flog_first(store->flash) : flog_behind(store, &last);
    status = flog_is_blank(store->flash, store->sector, store->end);
    if (status < 0) return status;
    store->closed = status == 0 && store->end < store->flash->sector_size;
    if (gap) store->damaged = 1;
    if (last.at == 0 || last.length == FLOG_DAMAGED) return WHIMBREL_OK;
    status = flog_check(store, &last);
    if (status != WHIMBREL_ERR_MALFORMED) return status;
    store->end = last.at; /* power went while it was written */
    store->closed = 1;
    return WHIMBREL_OK;
}

static int fits(const whimbrel_flash_t *flash)
{
    const uint32_t unit = flash->write_size;

    return unit >= 1 && unit <= 32 && (unit & (unit - 1)) == 0 && flash->sector_size % unit == 0 &&
           flash->sector_size >= 256 && flash->sector_size <= INT32_MAX;
}

int32_t whimbrel_store_open(whimbrel_store_t *store, const whimbrel_flash_t *flash)
{
    uint32_t sector, sequence;

    if (store == NULL || flash == NULL || flash->size != sizeof *flash) return WHIMBREL_ERR_ARGUMENT;
    if (flash->read == NULL || flash->program == NULL || flash->erase == NULL) return WHIMBREL_ERR_ARGUMENT;
    if (!fits(flash)) return WHIMBREL_ERR_BAD_VALUE;
    memset(store, 0, sizeof *store);
    store->flash = flash;
    store->sector = 1;
    store->closed = 1;
    for (sector = 0; sector < 2; sector++) {
        const int32_t status = flog_sequence(flash, sector, &sequence);
        if (status < 0) return status;
        if (sequence <= store->sequence) continue;
        store->sequence = sequence;
        store->sector = (uint8_t)sector;
    }
    if (store->sequence != 0) {
        const int32_t status = survey(store);
        if (status < 0) return status;
    }
    return store->damaged ? WHIMBREL_ERR_MALFORMED : WHIMBREL_OK;
}

int32_t whimbrel_store_read(void *context, uint16_t record, uint8_t *buffer, size_t size)
{
    const whimbrel_store_t *store = (const whimbrel_store_t *)context;
    struct flog_entry entry;
    int32_t status;

    if (store == NULL || (buffer == NULL && size > 0)) return WHIMBREL_ERR_ARGUMENT;
    if (record >= WHIMBREL_STORE_RECORDS) return WHIMBREL_ERR_BAD_VALUE;
    status = flog_newest(store, record, &entry);
    if (status <= 0) return status < 0 ? status : WHIMBREL_ERR_NOT_FOUND;
    if (entry.length == FLOG_DAMAGED) return WHIMBREL_ERR_MALFORMED;
    if (entry.length > size) return WHIMBREL_ERR_FULL;
    status = flog_read(store->flash, store->sector, entry.at + FLOG_ENTRY_HEAD, buffer, entry.length);
    if (status < 0) return status;
    return ~flog_crc(UINT32_MAX, buffer, entry.length) == entry.crc ? (int32_t)entry.length
                                                                    : WHIMBREL_ERR_MALFORMED;
}

int32_t whimbrel_store_write(void *context, uint16_t record, const uint8_t *data, size_t size)
{
    whimbrel_store_t *store = (whimbrel_store_t *)context;
    struct flog_content content = { data, 0, (uint16_t)size };
    struct flog_entry entry;
    int32_t status;

    if (store == NULL || (data == NULL && size > 0)) return WHIMBREL_ERR_ARGUMENT;
    if (record >= WHIMBREL_STORE_RECORDS) return WHIMBREL_ERR_BAD_VALUE;
    if (size > LONGEST) return WHIMBREL_ERR_FULL;
    if (size == 0) {
        status = flog_newest(store, record, &entry);
        if (status <= 0) return status; /* there is none to be removed */
    }
    if (!store->closed &&
        flog_entry_size(store->flash, content.length) <= store->flash->sector_size - store->end) {
        status = flog_put_entry(store, store->sector, store->end, record, &content);
        if (status == WHIMBREL_OK) {
            store->end += flog_entry_size(store->flash, content.length);
            return WHIMBREL_OK;
        }
        store->closed = 1; /* what was programmed of it lies there now */
    }
    return take_over(store, record, &content);
}

/* The other sector takes over, with nothing but what is live, and this one is erased. */
static int32_t leave(whimbrel_store_t *store)
{
    const struct flog_content nothing = { NULL, 0, 0 };
    const int32_t status = take_over(store, NO_RECORD, &nothing);

    return status < 0 ? status : erase(store->flash, store->sector ^ 1u);
}

int32_t whimbrel_store_forget(whimbrel_store_t *store)
{
    if (store == NULL) return WHIMBREL_ERR_ARGUMENT;
    return store->sequence == 0 ? WHIMBREL_OK : leave(store);
}

int32_t whimbrel_store_erase(whimbrel_store_t *store)
{
    uint32_t end, sequence;
    int32_t status;

    if (store == NULL) return WHIMBREL_ERR_ARGUMENT;
    end = store->end;
    sequence = store->sequence;
    store->end = flog_first(store->flash); /* with an empty log nothing is live */
    status = leave(store);
    if (store->sequence == sequence) store->end = end;
    if (store->sequence != sequence) store->damaged = 0;
    return status;
}

int32_t whimbrel_store_state(whimbrel_store_t *store, whimbrel_store_state_t *state)
{
    int32_t status;

    if (store == NULL || state == NULL || state->size != sizeof *state) return WHIMBREL_ERR_ARGUMENT;
    status = live_size(store, NO_RECORD, &state->live);
    if (status < 0) return status;
    state->erasures = store->sequence;
    state->room = store->flash->sector_size - flog_first(store->flash);
    state->used = store->end == 0 ? 0 : store->end - flog_first(store->flash);
    state->damaged = store->damaged;
    return WHIMBREL_OK;
}
