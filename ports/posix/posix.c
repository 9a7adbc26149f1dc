/* The platform as a whole: its life, its lock, its clock and its one place to wait. */
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* CLOCK_MONOTONIC of Linux stands still during suspend, and the server's lifetime does not. */
#ifdef CLOCK_BOOTTIME
#define POSIX_CLOCK CLOCK_BOOTTIME
#else
#define POSIX_CLOCK CLOCK_MONOTONIC
#endif

uint64_t whimbrel_posix_now(void)
{
    struct timespec now;
    /* cannot fail: whimbrel_posix_open() tried */
    clock_gettime(POSIX_CLOCK, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)(now.tv_nsec / 1000000);
}

static uint64_t port_now(void *context)
{
    (void)context;
    return whimbrel_posix_now();
}

/* Tokens and retransmission times would be guessed, or sent twice, if this went on without entropy: it does not. */
static void port_random(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    if (posix_entropy(buffer, size) < 0) abort();
}

static int64_t port_wall_clock(void *context)
{
    (void)context;
    return (int64_t)time(NULL);
}

/* No signal interrupts who holds the lock, so that a handler which takes it never waits for its own thread. */
static uint32_t port_lock(void *context)
{
    whimbrel_posix_t *const posix = (whimbrel_posix_t *)context;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_mutex_lock(&posix->mutex);
    posix->signals = before;
    return 0;
}

static void port_unlock(void *context, uint32_t state)
{
    whimbrel_posix_t *const posix = (whimbrel_posix_t *)context;
    const sigset_t before = posix->signals;

    (void)state;
    pthread_mutex_unlock(&posix->mutex);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void port_wake(void *context)
{
    whimbrel_posix_wake((whimbrel_posix_t *)context);
}

/* write(2) is allowed in signal handlers. A full pipe is fine: whoever waits will see that. */
void whimbrel_posix_wake(whimbrel_posix_t *posix)
{
    const int before = errno;
    if (posix != NULL) {
        const ssize_t written = write(posix->wake[1], "", 1);
        (void)written;
    }
    errno = before;
}

int posix_prepare(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -1;
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void fill_table(whimbrel_posix_t *posix)
{
    posix->port.size = sizeof posix->port;
    posix->port.context = posix;
    posix->port.now = port_now;
    posix->port.random = port_random;
    posix->port.link_open = posix_udp_open;
    posix->port.link_send = posix_udp_send;
    posix->port.link_receive = posix_udp_receive;
    posix->port.link_close = posix_udp_close;
    posix->port.lock = port_lock;
    posix->port.unlock = port_unlock;
    posix->port.wake = port_wake;
    posix->port.wall_clock = port_wall_clock;
}

int32_t whimbrel_posix_open(whimbrel_posix_t **out)
{
    struct timespec now;
    uint8_t probe;
    whimbrel_posix_t *posix;
    size_t i;

    if (out == NULL) return WHIMBREL_ERR_ARGUMENT;
    *out = NULL;
    if (clock_gettime(POSIX_CLOCK, &now) < 0 || posix_entropy(&probe, 1) < 0)
        return WHIMBREL_ERR_NOT_SUPPORTED;
    posix = (whimbrel_posix_t *)calloc(1, sizeof *posix);
    if (posix == NULL) return WHIMBREL_ERR_FULL;
    posix->wake[0] = posix->wake[1] = posix->watched = -1;
    for (i = 0; i < POSIX_LINKS; i++)
        posix->links[i].fd = -1;
    fill_table(posix);
    if (pthread_mutex_init(&posix->mutex, NULL) != 0) {
        free(posix);
        return WHIMBREL_ERR_FULL;
    }
    if (pipe(posix->wake) < 0 || posix_prepare(posix->wake[0]) < 0 || posix_prepare(posix->wake[1]) < 0) {
        whimbrel_posix_close(posix);
        return WHIMBREL_ERR_FULL;
    }
    *out = posix;
    return WHIMBREL_OK;
}

const whimbrel_port_t *whimbrel_posix_port(whimbrel_posix_t *posix)
{
    return posix == NULL ? NULL : &posix->port;
}

/* poll(2) takes an int of milliseconds; a longer wait is made of several, because an early poll is harmless. */
static int patience(uint64_t until_ms)
{
    const uint64_t now = whimbrel_posix_now();
    if (until_ms == UINT64_MAX) return -1;
    if (until_ms <= now) return 0;
    return until_ms - now > INT_MAX ? INT_MAX : (int)(until_ms - now);
}

int32_t whimbrel_posix_watch(whimbrel_posix_t *posix, int fd)
{
    if (posix == NULL) return WHIMBREL_ERR_ARGUMENT;
    posix->watched = fd;
    return WHIMBREL_OK;
}

int32_t whimbrel_posix_wait(whimbrel_posix_t *posix, uint64_t until_ms, int also)
{
    struct pollfd fds[POSIX_LINKS + 3];
    uint8_t drained[64];
    nfds_t i;

    if (posix == NULL) return WHIMBREL_ERR_ARGUMENT;
    /* poll(2) skips negative descriptors, so that closed links and a missing `also` need no care */
    for (i = 0; i < POSIX_LINKS; i++)
        fds[i].fd = posix->links[i].fd;
    fds[POSIX_LINKS].fd = posix->wake[0];
    fds[POSIX_LINKS + 1].fd = also;
    fds[POSIX_LINKS + 2].fd = posix->watched;
    for (i = 0; i < POSIX_LINKS + 3; i++) {
        fds[i].events = POLLIN;
        fds[i].revents = 0;
    }
    if (poll(fds, POSIX_LINKS + 3, patience(until_ms)) < 0) return errno == EINTR ? 0 : WHIMBREL_ERR_LINK;
    if (fds[POSIX_LINKS].revents != 0) {
        while (read(posix->wake[0], drained, sizeof drained) > 0)
            continue;
    }
    return fds[POSIX_LINKS + 1].revents != 0;
}

void whimbrel_posix_close(whimbrel_posix_t *posix)
{
    uint8_t i;
    if (posix == NULL) return;
    for (i = 0; i < POSIX_LINKS; i++)
        posix_udp_close(posix, i);
    if (posix->wake[0] >= 0) close(posix->wake[0]);
    if (posix->wake[1] >= 0) close(posix->wake[1]);
    pthread_mutex_destroy(&posix->mutex);
    free(posix);
}
