/* A modem pipe to a Unix socket, with a thread that tells of what happens, as the modem's work queue does. */
#define _GNU_SOURCE
#include "fake.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zephyr/modem/pipe.h>

struct modem_pipe {
    pthread_mutex_t lock; /* recursive: callbacks may call back */
    struct sockaddr_un address;
    size_t room;
    int fd;     /* -1: closed */
    int kick;   /* the thread is to look again */
    int opened; /* told soon */
    int waits;  /* there is input that nobody has taken */
    int full;   /* until the thread says that it is not any more */
    modem_pipe_api_callback callback;
    void *context;
};

static void tell(struct modem_pipe *pipe, enum modem_pipe_event event)
{
    if (pipe->callback != NULL) pipe->callback(pipe, event, pipe->context);
}

static void closed(struct modem_pipe *pipe)
{
    close(pipe->fd);
    pipe->fd = -1;
    pipe->waits = pipe->full = 0;
    tell(pipe, MODEM_PIPE_EVENT_CLOSED);
}

static void look(struct modem_pipe *pipe, short seen)
{
    uint8_t byte;

    if (pipe->opened) tell(pipe, MODEM_PIPE_EVENT_OPENED);
    pipe->opened = 0;
    if (pipe->full) tell(pipe, MODEM_PIPE_EVENT_TRANSMIT_IDLE);
    pipe->full = 0;
    if (seen == 0 || pipe->fd < 0) return;
    if (recv(pipe->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
        closed(pipe);
    } else if (!pipe->waits) {
        pipe->waits = 1;
        tell(pipe, MODEM_PIPE_EVENT_RECEIVE_READY);
    }
}

static void *watch(void *context)
{
    struct modem_pipe *pipe = (struct modem_pipe *)context;
    eventfd_t kicks;

    for (;;) {
        struct pollfd fds[2] = { { .fd = pipe->kick, .events = POLLIN } };
        pthread_mutex_lock(&pipe->lock);
        fds[1].fd = pipe->waits ? -1 : pipe->fd;
        fds[1].events = POLLIN;
        pthread_mutex_unlock(&pipe->lock);
        if (poll(fds, 2, -1) < 0) continue;
        if (fds[0].revents != 0) eventfd_read(pipe->kick, &kicks);
        pthread_mutex_lock(&pipe->lock);
        look(pipe, fds[1].revents);
        pthread_mutex_unlock(&pipe->lock);
    }
    return NULL;
}

struct modem_pipe *fake_pipe(const char *path, size_t room)
{
    static struct modem_pipe pipes[2];
    static int used;
    struct modem_pipe *pipe = &pipes[used++];
    pthread_t thread;

    if (used > 2 || strncmp(path, "unix:", 5) != 0) abort();
    pipe->lock = (pthread_mutex_t)PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    pipe->address.sun_family = AF_UNIX;
    snprintf(pipe->address.sun_path, sizeof pipe->address.sun_path, "%s", path + 5);
    pipe->room = room;
    pipe->fd = -1;
    pipe->kick = eventfd(0, EFD_NONBLOCK);
    if (pthread_create(&thread, NULL, watch, pipe) != 0) abort();
    pthread_detach(thread);
    return pipe;
}

int modem_pipe_open_async(struct modem_pipe *pipe)
{
    int status = 0;

    pthread_mutex_lock(&pipe->lock);
    if (pipe->fd < 0) {
        pipe->fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(pipe->fd, (const struct sockaddr *)&pipe->address, sizeof pipe->address) < 0) {
            status = -errno;
            close(pipe->fd);
            pipe->fd = -1;
        }
    }
    pipe->opened = status == 0;
    pthread_mutex_unlock(&pipe->lock);
    eventfd_write(pipe->kick, 1);
    return status;
}

void modem_pipe_attach(struct modem_pipe *pipe, modem_pipe_api_callback callback, void *context)
{
    pthread_mutex_lock(&pipe->lock);
    pipe->callback = callback;
    pipe->context = context;
    pthread_mutex_unlock(&pipe->lock);
}

void modem_pipe_release(struct modem_pipe *pipe)
{
    modem_pipe_attach(pipe, NULL, NULL);
}

int modem_pipe_transmit(struct modem_pipe *pipe, const uint8_t *bytes, size_t size)
{
    int n = -EPERM;

    pthread_mutex_lock(&pipe->lock);
    if (pipe->full) {
        n = 0;
    } else if (pipe->fd >= 0) {
        n = (int)send(pipe->fd, bytes, size < pipe->room ? size : pipe->room, MSG_NOSIGNAL);
        pipe->full = 1;
    }
    pthread_mutex_unlock(&pipe->lock);
    eventfd_write(pipe->kick, 1);
    return n;
}

int modem_pipe_receive(struct modem_pipe *pipe, uint8_t *bytes, size_t size)
{
    int n = -EPERM;

    pthread_mutex_lock(&pipe->lock);
    if (pipe->fd >= 0) n = (int)recv(pipe->fd, bytes, size, MSG_DONTWAIT);
    if (n < 0 && pipe->fd >= 0) n = 0;
    if (n == 0) pipe->waits = 0; /* the next byte is told again */
    pthread_mutex_unlock(&pipe->lock);
    if (n == 0) eventfd_write(pipe->kick, 1);
    return n;
}
