/* What flash_log.c does for storage.c. Applications include whimbrel_flash.h only. */
#ifndef WHIMBREL_FLASH_LOG_H
#define WHIMBREL_FLASH_LOG_H

#include "whimbrel_flash.h"

/* What stands before the content of an entry. */
#define FLOG_ENTRY_HEAD 12
/* The length of an entry whose content was damaged when it was copied; it has no content. */
#define FLOG_DAMAGED 0xfffeu

/* An entry of the log; a length of 0 says that the record was removed. */
struct flog_entry {
    uint32_t at;
    uint16_t record, length;
    uint32_t crc; /* of the content */
};

/* A content in RAM, or if `data` is NULL in the sector that holds, from `from`. */
struct flog_content {
    const uint8_t *data;
    uint32_t from;
    uint16_t length;
};

/* Reads cells: WHIMBREL_OK, WHIMBREL_ERR_MALFORMED or WHIMBREL_ERR_STORAGE, and so do the functions below. */
int32_t flog_read(const whimbrel_flash_t *flash, uint32_t sector, uint32_t at, uint8_t *buffer, size_t size);
/* Whether all is erased from `at` on: 1 or 0. */
int32_t flog_is_blank(const whimbrel_flash_t *flash, uint32_t sector, uint32_t at);
/* CRC-32 (IEEE 802.3), begun with UINT32_MAX and to be inverted. */
uint32_t flog_crc(uint32_t crc, const uint8_t *bytes, size_t size);

/* Where the first entry is, what an entry takes, and where the next one is. */
uint32_t flog_first(const whimbrel_flash_t *flash);
uint32_t flog_entry_size(const whimbrel_flash_t *flash, uint16_t length);
uint32_t flog_behind(const whimbrel_store_t *store, const struct flog_entry *entry);

/* The sequence of a sector, 0 if it holds no log. WHIMBREL_ERR_NOT_SUPPORTED: it does, for another driver. */
int32_t flog_sequence(const whimbrel_flash_t *flash, uint32_t sector, uint32_t *sequence);
/* The entry at `at` of the sector that holds: 1; 0: there is none. */
int32_t flog_entry_at(const whimbrel_store_t *store, uint32_t at, struct flog_entry *entry);
/* The next entry at `at` or behind it, over what is none: 1; 0: there is none before the end. */
int32_t flog_next(const whimbrel_store_t *store, uint32_t at, struct flog_entry *entry);
/* The entry that a record is: 1; 0: there is none. */
int32_t flog_newest(const whimbrel_store_t *store, uint16_t record, struct flog_entry *found);
/* Whether an entry's content is what was written: WHIMBREL_OK; WHIMBREL_ERR_MALFORMED: it is not. */
int32_t flog_check(const whimbrel_store_t *store, const struct flog_entry *entry);

/* Programs an entry into either sector, and looks whether it is there. */
int32_t flog_put_entry(const whimbrel_store_t *store, uint32_t sector, uint32_t at, uint16_t record,
                       const struct flog_content *content);
/* Makes a sector the one that holds. */
int32_t flog_put_heads(const whimbrel_store_t *store, uint32_t sector, uint32_t sequence);

#endif /* WHIMBREL_FLASH_LOG_H */
