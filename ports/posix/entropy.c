/* Bytes that nobody can guess, from the system's generator. If there are none this fails: it never makes do. */
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/random.h>

/* getrandom() waits, early at boot, until the generator is seeded. /dev/urandom would not. */
static ssize_t draw(int source, uint8_t *buffer, size_t size)
{
    (void)source;
    return getrandom(buffer, size, 0);
}
#else
static ssize_t draw(int source, uint8_t *buffer, size_t size)
{
    return read(source, buffer, size);
}
#endif

static int32_t fill(int source, uint8_t *buffer, size_t size)
{
    while (size > 0) {
        const ssize_t n = draw(source, buffer, size);
        if (n == 0 || (n < 0 && errno != EINTR)) return WHIMBREL_ERR_NOT_SUPPORTED;
        if (n < 0) continue;
        buffer += n;
        size -= (size_t)n;
    }
    return WHIMBREL_OK;
}

int32_t posix_entropy(uint8_t *buffer, size_t size)
{
#ifdef __linux__
    return fill(-1, buffer, size);
#else
    const int source = open("/dev/urandom", O_RDONLY);
    int32_t status;
    if (source < 0) return WHIMBREL_ERR_NOT_SUPPORTED;
    status = fill(source, buffer, size);
    close(source);
    return status;
#endif
}
