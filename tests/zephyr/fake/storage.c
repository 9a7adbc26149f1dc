/* NVS over a file, or in memory: a log of records as NVS has it, without its sectors. */
#include "fake.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zephyr/device.h>
#include <zephyr/drivers/flash.h>
#include <zephyr/fs/nvs.h>
#include <zephyr/storage/flash_map.h>

#define ROOM 2048

static struct {
    int used;
    size_t size;
    uint8_t data[ROOM];
} records[0x10000 / 16];
static const char *file_name;
static int broken;

void fake_flash(const char *path)
{
    file_name = path;
}

void fake_flash_in(const char *directory)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/flash", directory);
    fake_flash(path);
}

void fake_flash_broken(int now)
{
    broken = now;
}

static const struct device chip = { "flash" };

bool device_is_ready(const struct device *device)
{
    return device == &chip;
}

static const struct flash_area areas[] = {
    { .fa_id = FIXED_PARTITION_ID(storage_partition), .fa_off = 0x10000, .fa_size = 0x8000 },
    { .fa_id = FIXED_PARTITION_ID(small_partition), .fa_off = 0x20000, .fa_size = 0x2000 },
    { .fa_id = FIXED_PARTITION_ID(huge_pages), .fa_off = 0x80000, .fa_size = 0x60000 },
};

int flash_area_open(uint8_t id, const struct flash_area **area)
{
    size_t i;
    for (i = 0; i < sizeof areas / sizeof areas[0]; i++) {
        *area = &areas[i];
        if (areas[i].fa_id == id) return 0;
    }
    return -ENOENT;
}

void flash_area_close(const struct flash_area *area)
{
    (void)area;
}

const struct device *flash_area_get_device(const struct flash_area *area)
{
    (void)area;
    return &chip;
}

int flash_get_page_info_by_offs(const struct device *device, off_t offset, struct flash_pages_info *info)
{
    if (device != &chip) return -EINVAL;
    info->size = offset >= 0x80000 ? 0x20000 : 1024;
    info->start_offset = offset / (off_t)info->size * (off_t)info->size;
    return 0;
}

/* Places are few, and Settings' names and ours are far from each other. */
static size_t place(uint16_t id)
{
    return id % (sizeof records / sizeof records[0]);
}

static void take(uint16_t id, const void *data, size_t size)
{
    records[place(id)].used = size > 0;
    records[place(id)].size = size;
    memcpy(records[place(id)].data, data, size);
}

/* What NVS demands of its sectors. */
int nvs_mount(struct nvs_fs *fs)
{
    uint8_t data[ROOM];
    uint16_t head[2];
    FILE *file;

    if (fs->flash_device != &chip || fs->sector_count < 2 || fs->sector_size % 1024 != 0 ||
        fs->offset < 0x10000)
        return -EINVAL;
    fs->ready = true;
    if (file_name == NULL) return 0;
    file = fopen(file_name, "rb");
    while (file != NULL && fread(head, sizeof head, 1, file) == 1) {
        if (head[1] > ROOM || fread(data, 1, head[1], file) != head[1]) break; /* power was cut in it */
        take(head[0], data, head[1]);
    }
    if (file != NULL) fclose(file);
    return 0;
}

static int append(uint16_t id, const void *data, size_t size)
{
    const uint16_t head[2] = { id, (uint16_t)size };
    FILE *file;
    int fine;

    take(id, data, size);
    if (file_name == NULL) return 0;
    file = fopen(file_name, "ab");
    if (file == NULL) return -EIO;
    fine = fwrite(head, sizeof head, 1, file) == 1 && fwrite(data, 1, size, file) == size;
    return fclose(file) == 0 && fine ? 0 : -EIO;
}

ssize_t nvs_write(struct nvs_fs *fs, uint16_t id, const void *data, size_t size)
{
    if (!fs->ready) return -EACCES;
    if (broken) return -EIO;
    if (id == 0xffff || size > ROOM || size > fs->sector_size - 4 * 8) return -EINVAL;
    if (size == records[place(id)].size && memcmp(data, records[place(id)].data, size) == 0) return 0;
    return append(id, data, size) == 0 ? (ssize_t)size : -EIO;
}

int nvs_delete(struct nvs_fs *fs, uint16_t id)
{
    if (!fs->ready) return -EACCES;
    return records[place(id)].used ? append(id, "", 0) : 0;
}

ssize_t nvs_read(struct nvs_fs *fs, uint16_t id, void *data, size_t size)
{
    const size_t there = records[place(id)].size;

    if (!fs->ready) return -EACCES;
    if (!records[place(id)].used) return -ENOENT;
    memcpy(data, records[place(id)].data, size < there ? size : there);
    return (ssize_t)there; /* more than `size` where it did not fit */
}
