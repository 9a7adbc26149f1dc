/* What the files of this port share. Applications include whimbrel_posix.h only. */
#ifndef WHIMBREL_POSIX_INTERNAL_H
#define WHIMBREL_POSIX_INTERNAL_H

/* This file comes first in each source, so that -std=c99 shows what POSIX has. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "whimbrel_posix.h"
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

/* The engine numbers links from 0 and has no more than this many servers. */
#define POSIX_LINKS 32
/* A name's addresses beyond these are not tried. */
#define POSIX_ADDRESSES 4

/* Where a server can be reached. */
struct posix_addresses {
    size_t count;
    struct {
        struct sockaddr_storage address;
        socklen_t length;
    } list[POSIX_ADDRESSES];
};

/* A name that a thread looks up, see resolve.c. */
struct posix_lookup;

/* An address literal: at once. WHIMBREL_ERR_NOT_FOUND if `host` is none. */
int32_t posix_resolve_literal(const char *host, uint16_t port, struct posix_addresses *found);
/* Begins a lookup; NULL if there is no memory or no thread. It writes a byte to `wake` when it is done. */
struct posix_lookup *posix_lookup_begin(const char *host, uint16_t port, int wake);
/* WHIMBREL_PENDING, or the outcome. */
int32_t posix_lookup_result(struct posix_lookup *lookup, struct posix_addresses *found);
/* Forgets a lookup, whether it is done or not. */
void posix_lookup_drop(struct posix_lookup *lookup);

/* A connected socket to one server, see udp.c. */
struct posix_link {
    int fd; /* -1: no socket */
    struct posix_lookup *lookup;
    struct posix_addresses addresses;
    size_t at;    /* which of them the socket is connected to */
    int answered; /* whether something came from there */
    uint16_t own; /* the port of our end; 0: any */
};

/* The longest directory for storage, and what a file name adds to it. */
#define POSIX_DIRECTORY 200
#define POSIX_FILE      24

struct whimbrel_posix_t {
    whimbrel_port_t port;
    pthread_mutex_t mutex;
    sigset_t signals; /* of who holds the lock: those that were blocked before */
    int wake[2];      /* a pipe: what is written into the second end shows at the first */
    struct posix_link links[POSIX_LINKS];
    char directory[POSIX_DIRECTORY + 1]; /* of storage, see storage.c */
    int watched;                         /* another descriptor that ends a wait; -1: none */
    whimbrel_posix_sms_send_t *sms_send; /* see sms.c */
    whimbrel_posix_sms_receive_t *sms_receive;
    void *sms_context;
    whimbrel_posix_transmit_t *card_transmit; /* see card.c */
    void *card_context;
};

int32_t posix_udp_open(void *context, uint8_t link, const char *host, size_t host_length, uint16_t port,
                       int32_t how);
int32_t posix_udp_send(void *context, uint8_t link, const uint8_t *data, size_t size);
int32_t posix_udp_receive(void *context, uint8_t link, uint8_t *buffer, size_t size);
void posix_udp_close(void *context, uint8_t link);

/* whimbrel_port_t.storage_read and storage_write, see storage.c. */
int32_t posix_storage_read(void *context, uint16_t record, uint8_t *buffer, size_t size);
int32_t posix_storage_write(void *context, uint16_t record, const uint8_t *data, size_t size);

/* Fills the buffer, or returns an error. */
int32_t posix_entropy(uint8_t *buffer, size_t size);

/* Makes a descriptor non-blocking, and keeps it from programs that this one starts. */
int posix_prepare(int fd);

#endif /* WHIMBREL_POSIX_INTERNAL_H */
