/* The calls of ports/posix that examples make, on ports/zephyr: so that examples-c runs on it as it stands. */
#ifndef WHIMBREL_POSIX_H
#define WHIMBREL_POSIX_H

#include "fake.h"
#include "whimbrel_zephyr.h"
#include <zephyr/storage/flash_map.h>

#define whimbrel_posix_t                whimbrel_zephyr_t
#define whimbrel_posix_open             whimbrel_zephyr_open
#define whimbrel_posix_port             whimbrel_zephyr_port
#define whimbrel_posix_now              whimbrel_zephyr_now
#define whimbrel_posix_close            whimbrel_zephyr_close
#define whimbrel_posix_sms              whimbrel_zephyr_sms
#define whimbrel_posix_card             whimbrel_zephyr_card
#define whimbrel_posix_watch(posix, fd) ((void)(posix))

/* The directory is where the file of the flash lies. */
static inline int32_t whimbrel_posix_storage(whimbrel_zephyr_t *zephyr, const char *directory)
{
    fake_flash_in(directory);
    return whimbrel_zephyr_storage(zephyr, FIXED_PARTITION_ID(storage_partition));
}

static inline int32_t whimbrel_posix_wait(whimbrel_zephyr_t *zephyr, uint64_t until_ms, int also)
{
    (void)also;
    return whimbrel_zephyr_wait(zephyr, until_ms);
}

/* ports/posix/text.c */
const char *whimbrel_posix_status_text(int32_t status);
const char *whimbrel_posix_event_text(uint16_t code);

#endif
