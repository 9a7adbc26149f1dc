#ifndef FAKE_ZEPHYR_FLASH_MAP_H
#define FAKE_ZEPHYR_FLASH_MAP_H

#include <stdint.h>
#include <sys/types.h>
#include <zephyr/device.h>

struct flash_area {
    uint8_t fa_id;
    off_t fa_off;
    size_t fa_size;
};
int flash_area_open(uint8_t id, const struct flash_area **area);
void flash_area_close(const struct flash_area *area);
const struct device *flash_area_get_device(const struct flash_area *area);

/* By node labels of the devicetree: partitions that ../../fake has. */
#define FIXED_PARTITION_ID(label) FAKE_PARTITION_##label
enum { FAKE_PARTITION_storage_partition = 1, FAKE_PARTITION_small_partition, FAKE_PARTITION_huge_pages };

#endif
