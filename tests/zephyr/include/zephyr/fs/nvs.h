#ifndef FAKE_ZEPHYR_NVS_H
#define FAKE_ZEPHYR_NVS_H

#include <sys/types.h>
#include <zephyr/device.h>
#include <zephyr/kernel.h>

struct nvs_fs {
    off_t offset;
    uint32_t sector_size;
    uint16_t sector_count;
    bool ready;
    const struct device *flash_device;
};
int nvs_mount(struct nvs_fs *fs);
ssize_t nvs_write(struct nvs_fs *fs, uint16_t id, const void *data, size_t size);
int nvs_delete(struct nvs_fs *fs, uint16_t id);
ssize_t nvs_read(struct nvs_fs *fs, uint16_t id, void *data, size_t size);

#endif
