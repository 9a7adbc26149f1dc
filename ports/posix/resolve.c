/*
 * Names to addresses. getaddrinfo() may block for half a minute and cannot be called off, so that each lookup is a
 * thread of its own with memory of its own; whoever is last, the thread or the link, gives it back.
 */
#include "internal.h"
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct posix_lookup {
    int owners; /* the link and the thread */
    int32_t status;
    int wake;
    uint16_t port;
    struct posix_addresses found;
    char host[256];
};

/* Guards `owners`, `status` and `found` of all lookups: held for a moment only, and lookups are rare. */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static int32_t resolve(const char *host, uint16_t port, int flags, struct posix_addresses *found)
{
    struct addrinfo hints;
    struct addrinfo *list = NULL;
    struct addrinfo *one;
    char service[8];
    int failure;

    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_NUMERICSERV | flags;
    snprintf(service, sizeof service, "%u", (unsigned)port);
    failure = getaddrinfo(host, service, &hints, &list);
    /* a name that is not there today, or a resolver that is not: the engine tries again later */
    if (failure != 0) return failure == EAI_AGAIN ? WHIMBREL_ERR_TIMEOUT : WHIMBREL_ERR_NOT_FOUND;
    found->count = 0;
    for (one = list; one != NULL && found->count < POSIX_ADDRESSES; one = one->ai_next) {
        if (one->ai_addrlen > sizeof found->list[0].address) continue;
        memcpy(&found->list[found->count].address, one->ai_addr, one->ai_addrlen);
        found->list[found->count++].length = one->ai_addrlen;
    }
    freeaddrinfo(list);
    return found->count > 0 ? WHIMBREL_OK : WHIMBREL_ERR_NOT_FOUND;
}

int32_t posix_resolve_literal(const char *host, uint16_t port, struct posix_addresses *found)
{
    return resolve(host, port, AI_NUMERICHOST, found);
}

static void leave(struct posix_lookup *lookup)
{
    int left;
    pthread_mutex_lock(&guard);
    left = --lookup->owners;
    pthread_mutex_unlock(&guard);
    if (left > 0) return;
    close(lookup->wake);
    free(lookup);
}

static void *look_up(void *context)
{
    struct posix_lookup *lookup = (struct posix_lookup *)context;
    struct posix_addresses found;
    const int32_t status = resolve(lookup->host, lookup->port, 0, &found);
    int awaited;

    pthread_mutex_lock(&guard);
    if (status == WHIMBREL_OK) lookup->found = found;
    lookup->status = status;
    awaited = lookup->owners == 2;
    pthread_mutex_unlock(&guard);
    if (awaited) {
        /* should the reader have gone just now this raises SIGPIPE, which is blocked here */
        const ssize_t written = write(lookup->wake, "", 1);
        (void)written;
    }
    leave(lookup);
    return NULL;
}

/* Starts the thread with all signals blocked: they are for the application's threads. */
static int start(struct posix_lookup *lookup)
{
    sigset_t all, before;
    pthread_t thread;
    int failure;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failure = pthread_create(&thread, NULL, look_up, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure == 0) pthread_detach(thread);
    return failure;
}

struct posix_lookup *posix_lookup_begin(const char *host, uint16_t port, int wake)
{
    struct posix_lookup *lookup = (struct posix_lookup *)calloc(1, sizeof *lookup);
    if (lookup == NULL) return NULL;
    lookup->owners = 2;
    lookup->status = WHIMBREL_PENDING;
    lookup->port = port;
    strncpy(lookup->host, host, sizeof lookup->host - 1);
    /* of its own, because the thread may outlive the pipe */
    lookup->wake = dup(wake);
    if (lookup->wake >= 0 && posix_prepare(lookup->wake) == 0 && start(lookup) == 0) return lookup;
    lookup->owners = 1;
    leave(lookup);
    return NULL;
}

int32_t posix_lookup_result(struct posix_lookup *lookup, struct posix_addresses *found)
{
    int32_t status;
    pthread_mutex_lock(&guard);
    status = lookup->status;
    if (status == WHIMBREL_OK) *found = lookup->found;
    pthread_mutex_unlock(&guard);
    return status;
}

void posix_lookup_drop(struct posix_lookup *lookup)
{
    leave(lookup);
}
