/*
 * Stable storage: a file for each record. A record is written to a file of another name, which is brought to the disk and
 * then takes the place of the old one, so that a power cut leaves one of the two.
 */
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE (POSIX_DIRECTORY + POSIX_FILE)

static void name_file(char path[PATH_SIZE], const whimbrel_posix_t *posix, uint16_t record, const char *end)
{
    (void)snprintf(path, PATH_SIZE, "%s/record-%04x%s", posix->directory, record, end);
}

/* A new name is on the disk only when its directory is. */
static int32_t sync_directory(const whimbrel_posix_t *posix)
{
    const int fd = open(posix->directory, O_RDONLY);
    int failed;
    if (fd < 0) return WHIMBREL_ERR_STORAGE;
    failed = fsync(fd);
    close(fd);
    return failed ? WHIMBREL_ERR_STORAGE : WHIMBREL_OK;
}

int32_t posix_storage_read(void *context, uint16_t record, uint8_t *buffer, size_t size)
{
    const whimbrel_posix_t *posix = (const whimbrel_posix_t *)context;
    char path[PATH_SIZE];
    struct stat status;
    ssize_t got = -1;
    int fd;

    name_file(path, posix, record, "");
    fd = open(path, O_RDONLY);
    if (fd < 0) return errno == ENOENT ? WHIMBREL_ERR_NOT_FOUND : WHIMBREL_ERR_STORAGE;
    if (fstat(fd, &status) == 0) {
        if (status.st_size > (off_t)size) {
            close(fd);
            return WHIMBREL_ERR_FULL;
        }
        got = read(fd, buffer, size);
    }
    close(fd);
    return got < 0 ? WHIMBREL_ERR_STORAGE : (int32_t)got;
}

static int write_file(const char *path, const uint8_t *data, size_t size)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR);
    int failed;
    if (fd < 0) return -1;
    failed = write(fd, data, size) != (ssize_t)size || fsync(fd) != 0;
    return close(fd) != 0 || failed ? -1 : 0;
}

int32_t posix_storage_write(void *context, uint16_t record, const uint8_t *data, size_t size)
{
    const whimbrel_posix_t *posix = (const whimbrel_posix_t *)context;
    char path[PATH_SIZE];
    char fresh[PATH_SIZE];

    name_file(path, posix, record, "");
    name_file(fresh, posix, record, ".new");
    if (size == 0) {
        if (unlink(path) != 0 && errno != ENOENT) return WHIMBREL_ERR_STORAGE;
    } else if (write_file(fresh, data, size) != 0 || rename(fresh, path) != 0) {
        return WHIMBREL_ERR_STORAGE;
    }
    return sync_directory(posix);
}

int32_t whimbrel_posix_storage(whimbrel_posix_t *posix, const char *directory)
{
    if (posix == NULL || directory == NULL || strlen(directory) > POSIX_DIRECTORY)
        return WHIMBREL_ERR_ARGUMENT;
    if (access(directory, W_OK | X_OK) != 0) return WHIMBREL_ERR_STORAGE;
    strcpy(posix->directory, directory);
    if (sync_directory(posix) != WHIMBREL_OK) return WHIMBREL_ERR_STORAGE;
    posix->port.storage_read = posix_storage_read;
    posix->port.storage_write = posix_storage_write;
    return WHIMBREL_OK;
}
