/* ClientHello messages: which handshake they begin, and their fragments (RFC 6347 sections 4.2.2 and 4.2.3). */
#include "internal.h"
#include <stdlib.h>
#include <string.h>

/* The header of a handshake message, and where it and the message stand in a record without protection. */
#define MESSAGE_HEADER_SIZE 12
#define BODY                (HEADER_SIZE + MESSAGE_HEADER_SIZE)

static size_t number(const uint8_t *at, size_t bytes)
{
    size_t value = 0;
    for (size_t n = 0; n < bytes; n++)
        value = value << 8 | at[n];
    return value;
}

/* Whether the first record holds a ClientHello or a fragment of one, in epoch 0. */
static int is_hello(const uint8_t *datagram, size_t size)
{
    if (size < BODY || datagram[0] != HANDSHAKE || number(datagram + 3, 2) != 0) return 0;
    return datagram[HEADER_SIZE] == 1 && number(datagram + 11, 2) <= size - HEADER_SIZE;
}

const uint8_t *hello_random(const uint8_t *datagram, size_t size)
{
    if (!is_hello(datagram, size) || size < BODY + 34 || number(datagram + HEADER_SIZE + 6, 3) != 0)
        return NULL;
    return datagram + BODY + 2;
}

/* The message that a fragment belongs to; made if there is none. */
static struct hello *find(lab_dtls_t *server, const lab_dtls_address_t *from, const uint8_t *message)
{
    const size_t length = number(message + 1, 3);
    for (struct hello *hello = server->hellos; hello != NULL; hello = hello->next)
        if (memcmp(&hello->from, from, sizeof *from) == 0 && hello->length == length &&
            memcmp(hello->sequence, message + 4, 2) == 0)
            return hello;
    struct hello *hello = calloc(1, sizeof *hello);
    if (hello == NULL) abort();
    hello->from = *from;
    hello->length = length;
    memcpy(hello->sequence, message + 4, 2);
    hello->next = server->hellos;
    server->hellos = hello;
    return hello;
}

static void forget(lab_dtls_t *server, struct hello *gone)
{
    struct hello **link = &server->hellos;
    while (*link != gone)
        link = &(*link)->next;
    *link = gone->next;
    free(gone);
}

/* The message as one record, with the header of the fragment that came last. */
static size_t whole_record(const struct hello *hello, const uint8_t *last, uint8_t *whole)
{
    const size_t message = MESSAGE_HEADER_SIZE + hello->length;
    memcpy(whole, last, BODY);
    whole[11] = (uint8_t)(message >> 8);
    whole[12] = (uint8_t)message;
    memset(whole + HEADER_SIZE + 6, 0, 3);
    memcpy(whole + HEADER_SIZE + 9, whole + HEADER_SIZE + 1, 3);
    memcpy(whole + BODY, hello->body, hello->length);
    return BODY + hello->length;
}

size_t hello_assemble(lab_dtls_t *server, const lab_dtls_address_t *from, const uint8_t *datagram,
                      size_t size, uint8_t *whole, size_t room)
{
    if (size > room) return 0;
    memcpy(whole, datagram, size);
    if (!is_hello(datagram, size)) return size;
    size_t done = 0;
    for (size_t at = 0; at < size && is_hello(datagram + at, size - at);) {
        const uint8_t *message = datagram + at + HEADER_SIZE;
        const size_t length = number(message + 1, 3), offset = number(message + 6, 3);
        const size_t here = number(message + 9, 3);
        if (here == length) return size;
        if (here == 0 || length > HELLO_SIZE || offset + here > length || at + BODY + here > size) return 0;
        struct hello *hello = find(server, from, message);
        const uint8_t *part = datagram + at + BODY;
        /* another message under the same number: the client began anew */
        if (hello->there[offset] && memcmp(hello->body + offset, part, here) != 0)
            memset(hello->there, 0, sizeof hello->there);
        memcpy(hello->body + offset, part, here);
        memset(hello->there + offset, 1, here);
        if (memchr(hello->there, 0, length) == NULL && BODY + length <= room) {
            done = whole_record(hello, datagram + at, whole);
            forget(server, hello);
        }
        at += BODY + here;
    }
    return done;
}

void hello_forget(lab_dtls_t *server)
{
    while (server->hellos != NULL)
        forget(server, server->hellos);
}
