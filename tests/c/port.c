/*
 * The POSIX port by itself: both families, names, datagrams that do not fit, refusals, waiting and waking. The other
 * end is a socket of the test.
 */
#define _POSIX_C_SOURCE 200809L
#include "../../ports/posix/internal.h"
#include "harness.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

static whimbrel_posix_t *posix;
static const whimbrel_port_t *port;

/* A socket that listens on a free port of a loopback address, or -1 if the machine has no such address. */
static int listen_on(int family, uint16_t *number)
{
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t length = family == AF_INET ? sizeof v4 : sizeof v6;
    const int fd = socket(family, SOCK_DGRAM, 0);
    if (fd < 0) return -1;
    if (bind(fd, address, length) < 0 || getsockname(fd, address, &length) < 0) {
        close(fd);
        return -1;
    }
    *number = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return fd;
}

static int32_t open_link(uint8_t link, const char *host, uint16_t number)
{
    return port->link_open(port->context, link, host, strlen(host), number, 0);
}

/* Sends through a link and back, and tells what comes of an answer of `size` bytes in a buffer of 100. */
static int32_t echo(uint8_t link, int server, size_t size)
{
    struct sockaddr_storage client;
    socklen_t length = sizeof client;
    uint8_t buffer[300], shown[100];
    int32_t received;

    EQUAL(WHIMBREL_OK, port->link_send(port->context, link, (const uint8_t *)"ping", 4));
    EQUAL(4, recvfrom(server, buffer, sizeof buffer, 0, (struct sockaddr *)&client, &length));
    EQUAL(0, port->link_receive(port->context, link, shown, sizeof shown));
    for (size_t i = 0; i < size; i++)
        buffer[i] = (uint8_t)i;
    EQUAL(size, sendto(server, buffer, size, 0, (struct sockaddr *)&client, length));
    EQUAL(0, whimbrel_posix_wait(posix, UINT64_MAX, -1));
    received = port->link_receive(port->context, link, shown, sizeof shown);
    for (size_t i = 0; i < size && i < sizeof shown; i++)
        EQUAL(i, shown[i]);
    return received;
}

static void datagrams(int family, const char *literal)
{
    uint16_t number;
    const int server = listen_on(family, &number);

    if (server < 0) {
        printf("port: SKIPPED, no %s here\n", literal);
        return;
    }
    EQUAL(WHIMBREL_OK, open_link(0, literal, number));
    EQUAL(WHIMBREL_OK, open_link(0, literal, number)); /* it is open: nothing to do */
    EQUAL(40, echo(0, server, 40));
    EQUAL(100, echo(0, server, 100));
    EQUAL(WHIMBREL_ERR_TRUNCATED, echo(0, server, 101));
    EQUAL(0, echo(0, server, 0));
    EQUAL(7, echo(0, server, 7)); /* what did not fit is gone */
    port->link_close(port->context, 0);
    port->link_close(port->context, 0);
    EQUAL(WHIMBREL_ERR_LINK, port->link_send(port->context, 0, (const uint8_t *)"x", 1));
    EQUAL(WHIMBREL_OK, open_link(0, literal, number)); /* again */
    EQUAL(3, echo(0, server, 3));
    port->link_close(port->context, 0);
    close(server);
}

static void names(void)
{
    uint16_t number;
    const int server = listen_on(AF_INET, &number);
    int32_t status;
    int waits = 0;

    /* never at once, because the lookup is a thread's; and its end ends the wait */
    EQUAL(WHIMBREL_PENDING, open_link(1, "localhost", number));
    while ((status = open_link(1, "localhost", number)) == WHIMBREL_PENDING) {
        EQUAL(0, whimbrel_posix_wait(posix, UINT64_MAX, -1));
        waits++;
    }
    EQUAL(WHIMBREL_OK, status);
    CHECK(waits <= 2);
    port->link_close(port->context, 1);

    /* closed while it is looked up; whoever ends last tidies up */
    for (int i = 0; i < 20; i++) {
        EQUAL(WHIMBREL_PENDING, open_link(1, "localhost", number));
        port->link_close(port->context, 1);
    }
    /* a name of no form that DNS allows fails in the resolver, without a query */
    EQUAL(WHIMBREL_PENDING, open_link(2, "-not a name-", number));
    while ((status = open_link(2, "-not a name-", number)) == WHIMBREL_PENDING)
        EQUAL(0, whimbrel_posix_wait(posix, UINT64_MAX, -1));
    CHECK(status < 0);

    EQUAL(WHIMBREL_ERR_BAD_VALUE, open_link(POSIX_LINKS, "127.0.0.1", number));
    EQUAL(WHIMBREL_OK,
          port->link_open(port->context, 3, "127.0.0.1", 9, number, 1)); /* a backend's datagrams */
    EQUAL(WHIMBREL_ERR_BAD_VALUE, port->link_open(port->context, 3, "a\0b", 3, number, 0));
    close(server);
}

/* A server that is not there is no error; and a name's next address is tried then. */
static void refusals(void)
{
    struct posix_link *link = &posix->links[4];
    uint16_t free_port, number;
    const int gone = listen_on(AF_INET, &free_port), server = listen_on(AF_INET, &number);
    struct sockaddr_in second = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    uint8_t buffer[16];

    close(gone);
    EQUAL(WHIMBREL_OK, open_link(4, "127.0.0.1", free_port));
    for (int i = 0; i < 3; i++) {
        EQUAL(WHIMBREL_OK, port->link_send(port->context, 4, (const uint8_t *)"x", 1));
        EQUAL(0, whimbrel_posix_wait(posix, whimbrel_posix_now() + 1000, -1));
        EQUAL(0, port->link_receive(port->context, 4, buffer, sizeof buffer));
    }
    second.sin_port = htons(number);
    memcpy(&link->addresses.list[1].address, &second, sizeof second);
    link->addresses.list[1].length = sizeof second;
    link->addresses.count = 2;
    EQUAL(WHIMBREL_OK, port->link_send(port->context, 4, (const uint8_t *)"x", 1));
    EQUAL(0, whimbrel_posix_wait(posix, whimbrel_posix_now() + 1000, -1));
    EQUAL(0, port->link_receive(port->context, 4, buffer, sizeof buffer));
    EQUAL(1, link->at);
    EQUAL(5, echo(4, server, 5));
    /* once it has answered it stays the one, also while it is away */
    link->addresses.count = 3;
    link->addresses.list[2] = link->addresses.list[0];
    close(server);
    EQUAL(WHIMBREL_OK, port->link_send(port->context, 4, (const uint8_t *)"x", 1));
    EQUAL(0, whimbrel_posix_wait(posix, whimbrel_posix_now() + 1000, -1));
    EQUAL(0, port->link_receive(port->context, 4, buffer, sizeof buffer));
    EQUAL(1, link->at);
    port->link_close(port->context, 4);
}

static void waiting(void)
{
    const uint64_t begin = whimbrel_posix_now();
    int ends[2];

    EQUAL(0, whimbrel_posix_wait(posix, begin, -1)); /* is over */
    EQUAL(0, whimbrel_posix_wait(posix, 0, -1));
    /* a lookup given up may wake once more, just now */
    for (int i = 0; i < 20 && whimbrel_posix_now() < begin + 30; i++)
        EQUAL(0, whimbrel_posix_wait(posix, begin + 30, -1));
    CHECK(whimbrel_posix_now() >= begin + 30);

    /* many wakes end one wait, and not the one after */
    for (int i = 0; i < 100000; i++)
        whimbrel_posix_wake(posix);
    EQUAL(0, whimbrel_posix_wait(posix, UINT64_MAX, -1));
    EQUAL(0, whimbrel_posix_wait(posix, whimbrel_posix_now() + 5, -1));

    EQUAL(0, pipe(ends));
    EQUAL(0, whimbrel_posix_wait(posix, 0, ends[0]));
    EQUAL(1, write(ends[1], "x", 1));
    EQUAL(1, whimbrel_posix_wait(posix, UINT64_MAX, ends[0]));
    close(ends[1]);
    EQUAL(1, whimbrel_posix_wait(posix, UINT64_MAX, ends[0]));
    close(ends[0]);
}

static void random_bytes(void)
{
    uint8_t first[32] = { 0 }, second[32] = { 0 };
    port->random(port->context, first, sizeof first);
    port->random(port->context, second, sizeof second);
    CHECK(memcmp(first, second, sizeof first) != 0);
    port->random(port->context, first, 0);
}

static void misuse(void)
{
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_posix_open(NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_posix_wait(NULL, 0, -1));
    CHECK(whimbrel_posix_port(NULL) == NULL);
    whimbrel_posix_wake(NULL);
    whimbrel_posix_close(NULL);
    for (int32_t status = -300; status < 300; status++)
        CHECK(whimbrel_posix_status_text(status)[0] != '\0');
    for (uint16_t code = 0; code < 300; code++)
        CHECK(whimbrel_posix_event_text(code)[0] != '\0');
}

int main(void)
{
    EQUAL(WHIMBREL_OK, whimbrel_posix_open(&posix));
    port = whimbrel_posix_port(posix);
    datagrams(AF_INET, "127.0.0.1");
    datagrams(AF_INET6, "::1");
    names();
    refusals();
    waiting();
    random_bytes();
    misuse();
    /* with a lookup under way */
    EQUAL(WHIMBREL_PENDING, open_link(5, "localhost", 5683));
    whimbrel_posix_close(posix);
    if (verdict("port") != EXIT_SUCCESS) return EXIT_FAILURE;
    /* ends the program when the last of its threads has ended, the lookups that were given up included */
    pthread_exit(NULL);
}
