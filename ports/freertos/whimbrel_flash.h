/*
 * Stable storage in two sectors of NOR flash: whimbrel_port_t.storage_read and storage_write over three functions of a flash
 * driver. Records are appended to a log in one sector; when it is full, what still holds goes to the other one, so that both
 * wear alike. No RTOS, no heap, no memory but whimbrel_store_t and some 600 bytes of stack.
 *
 *     static const whimbrel_flash_t flash = { sizeof flash, NULL, 4096, 8, flash_read, flash_program, flash_erase };
 *     static whimbrel_store_t store;
 *     status = whimbrel_store_open(&store, &flash);
 *     if (status == WHIMBREL_OK) port.storage_read = ... whimbrel_store_read(&store, ...)
 *
 * Power may go at any moment: a record is then as it was before or as it was to be, and all others are as they were.
 */
#ifndef WHIMBREL_FLASH_H
#define WHIMBREL_FLASH_H

#include "whimbrel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Records have numbers below this. */
#define WHIMBREL_STORE_RECORDS 512
/** program() never gets more bytes at once, nor some on both sides of a multiple of this: of a page of any SPI flash. */
#define WHIMBREL_FLASH_CHUNK 64

/** A flash driver, and what there is of flash: two sectors that are only this storage's. Const, and must live as long as it. */
typedef struct whimbrel_flash_t {
    /** sizeof(whimbrel_flash_t) */
    size_t size;
    /** Given to each function. */
    void *context;
    /** Bytes of one sector: what erase() erases, at least 256, a multiple of `write_size`. May be several sectors of the chip. */
    uint32_t sector_size;
    /** What program() programs at a time, in bytes: 1, 2, 4, 8, 16 or 32. With ECC the word that ECC covers. */
    uint32_t write_size;
    /**
     * Reads from sector 0 or 1; any offset and length within it. WHIMBREL_OK; WHIMBREL_ERR_MALFORMED: the cells cannot be
     * read, as after a word that power cut short (an ECC error; it must not trap); another error: not now, the
     * caller gets WHIMBREL_ERR_STORAGE and nothing is lost.
     */
    int32_t (*read)(void *context, uint32_t sector, uint32_t offset, uint8_t *buffer, size_t size);
    /**
     * Programs erased words, each once between two erasures. `offset` and `size` are multiples of `write_size`. When it
     * returns, the cells hold it. An error may have programmed any part.
     */
    int32_t (*program)(void *context, uint32_t sector, uint32_t offset, const uint8_t *data, size_t size);
    /** Erases a sector: all bytes are 0xff when it returns. */
    int32_t (*erase)(void *context, uint32_t sector);
} whimbrel_flash_t;

/** A storage. In memory of the caller; its fields are none of the caller's business. */
typedef struct whimbrel_store_t {
    const whimbrel_flash_t *flash;
    uint32_t sequence; /* of the sector that holds; 0: there is none yet */
    uint32_t end;      /* behind its last entry */
    uint8_t sector;    /* which one it is */
    uint8_t closed;    /* it takes no more entries */
    uint8_t damaged;
} whimbrel_store_t;

/** What is known of a storage. */
typedef struct whimbrel_store_state_t {
    /** sizeof(whimbrel_store_state_t) */
    size_t size;
    /** How often a sector was erased, both together. */
    uint32_t erasures;
    /** What the log may hold, in bytes. */
    uint32_t room;
    /** What it holds now. */
    uint32_t used;
    /** What of that would remain if the other sector took over now: keep it below half of `room`, or each write erases. */
    uint32_t live;
    /** 1: the log has a place that is no entry, see whimbrel_store_open(). */
    uint8_t damaged;
} whimbrel_store_state_t;

/**
 * Finds what the sectors hold. Writes nothing: two sectors with anything else in them are an empty storage, and the first
 * whimbrel_store_write() erases one.
 *
 * @param store  Filled; its memory is needed as long as it is used. Nothing is to be given back.
 * @param flash  Not copied.
 * @return WHIMBREL_OK; WHIMBREL_ERR_MALFORMED: the storage can be used, but an entry in the middle of the log is not
 *         readable any more, and its record is as it was before, which no power cut does: DTLS record numbers and counters of
 *         secured packets may be old. The product decides whether it goes on, or calls whimbrel_store_erase().
 *         The store cannot be used after these: WHIMBREL_ERR_ARGUMENT: NULL or a wrong `size`; WHIMBREL_ERR_BAD_VALUE: sizes that
 *         cannot be; WHIMBREL_ERR_NOT_SUPPORTED: it was written with another `sector_size` or `write_size`, or in another
 *         format; WHIMBREL_ERR_STORAGE: the driver could not read.
 */
int32_t whimbrel_store_open(whimbrel_store_t *store, const whimbrel_flash_t *flash);

/**
 * As whimbrel_port_t.storage_read; `store` is a whimbrel_store_t.
 *
 * @return The length; WHIMBREL_ERR_NOT_FOUND; WHIMBREL_ERR_FULL: longer than `size`; WHIMBREL_ERR_MALFORMED: it was written and is
 *         damaged; WHIMBREL_ERR_STORAGE: the driver could not read; WHIMBREL_ERR_BAD_VALUE: no such number.
 */
int32_t whimbrel_store_read(void *store, uint16_t record, uint8_t *buffer, size_t size);

/**
 * As whimbrel_port_t.storage_write; `store` is a whimbrel_store_t. Takes the time of programming, and where the sector is full
 * that of an erasure, of copying what is live, and of reading both.
 *
 * @return WHIMBREL_OK; WHIMBREL_ERR_FULL: with this record all that is live would not fit into a sector; WHIMBREL_ERR_STORAGE: the
 *         driver failed: the record has its old content now, and old or new after a restart; nothing else is touched.
 *         WHIMBREL_ERR_BAD_VALUE: no such number; WHIMBREL_ERR_ARGUMENT: NULL.
 */
int32_t whimbrel_store_write(void *store, uint16_t record, const uint8_t *data, size_t size);

/**
 * Forgets what does not hold any more: what is live goes to the other sector, and this one is erased. Keys that were replaced or
 * removed are in flash until then. Two erasures.
 *
 * @return WHIMBREL_OK; WHIMBREL_ERR_STORAGE: what is live is still there, what is not may be.
 */
int32_t whimbrel_store_forget(whimbrel_store_t *store);

/**
 * Removes all records, counters of secured packets too, as a whole also if power goes meanwhile. Only while no client runs.
 *
 * @return WHIMBREL_OK; WHIMBREL_ERR_STORAGE: all is there, or nothing but perhaps in cells that hold no more.
 */
int32_t whimbrel_store_erase(whimbrel_store_t *store);

/** WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL or a wrong `size`; WHIMBREL_ERR_STORAGE: the driver could not read. */
int32_t whimbrel_store_state(whimbrel_store_t *store, whimbrel_store_state_t *state);

#ifdef __cplusplus
}
#endif

#endif /* WHIMBREL_FLASH_H */
