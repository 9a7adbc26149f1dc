/*
 * The port by itself, on the fakes: addresses and names, datagrams that do not fit, waiting and waking from threads and from
 * an interrupt, storage, the network, and what it refuses. The other end is a socket of the test.
 */
#define _POSIX_C_SOURCE 200809L
#include "checks.h"
#include "fake.h"
#include "whimbrel_zephyr.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zephyr/fs/nvs.h>
#include <zephyr/storage/flash_map.h>

/* Long enough for valgrind on a busy machine. */
#define PATIENCE_MS 20000

static whimbrel_zephyr_t *zephyr;
static const whimbrel_port_t *port;

static void sleep_ms(long ms)
{
    const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

/* A server's socket on a free port of a loopback address; -1: the machine has none. */
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

/* As the client does it: asks again until it is told something else, and sleeps between. */
static int32_t open_patiently(uint8_t link, const char *host, uint16_t number)
{
    const uint64_t end = whimbrel_zephyr_now() + PATIENCE_MS;
    int32_t status = open_link(link, host, number);

    while (status == WHIMBREL_PENDING && whimbrel_zephyr_now() < end) {
        whimbrel_zephyr_wait(zephyr, end);
        status = open_link(link, host, number);
    }
    return status;
}

/* Takes what the client's socket sent and answers with `size` bytes, which a buffer of 100 is to take. */
static int32_t echo(uint8_t link, int server, size_t size)
{
    struct sockaddr_storage client;
    socklen_t length = sizeof client;
    uint8_t buffer[300], shown[100];
    int32_t received;
    size_t i;

    EQUAL(WHIMBREL_OK, port->link_send(port->context, link, (const uint8_t *)"ping", 4));
    EQUAL(4, recvfrom(server, buffer, sizeof buffer, 0, (struct sockaddr *)&client, &length));
    EQUAL(0, port->link_receive(port->context, link, shown, sizeof shown));
    for (i = 0; i < size; i++)
        buffer[i] = (uint8_t)i;
    EQUAL(size, sendto(server, buffer, size, 0, (struct sockaddr *)&client, length));
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_wait(zephyr, whimbrel_zephyr_now() + PATIENCE_MS));
    received = port->link_receive(port->context, link, shown, sizeof shown);
    for (i = 0; i < size && i < sizeof shown; i++)
        EQUAL(i, shown[i]);
    return received;
}

static void datagrams(int family, const char *literal)
{
    uint16_t number = 0;
    const int server = listen_on(family, &number);

    if (server < 0) {
        printf("port: SKIPPED, no %s here\n", literal);
        return;
    }
    EQUAL(WHIMBREL_OK, open_link(0, literal, number));
    EQUAL(WHIMBREL_OK, open_link(0, literal, number)); /* it is open */
    EQUAL(40, echo(0, server, 40));
    EQUAL(100, echo(0, server, 100));
    EQUAL(WHIMBREL_ERR_TRUNCATED, echo(0, server, 101));
    EQUAL(0, echo(0, server, 0));
    EQUAL(7, echo(0, server, 7)); /* what did not fit is gone */
    port->link_close(port->context, 0);
    port->link_close(port->context, 0);
    EQUAL(WHIMBREL_ERR_LINK, port->link_send(port->context, 0, (const uint8_t *)"x", 1));
    EQUAL(WHIMBREL_OK, open_link(0, literal, number));
    EQUAL(3, echo(0, server, 3));
    port->link_close(port->context, 0);
    close(server);
}

/* Others than the server are not heard, and a server that is away is no dead link. */
static void strangers(void)
{
    uint16_t number, other;
    const int server = listen_on(AF_INET, &number);
    const int stranger = listen_on(AF_INET, &other);
    struct sockaddr_in client;
    socklen_t length = sizeof client;
    uint8_t buffer[16];

    EQUAL(WHIMBREL_OK, open_link(0, "127.0.0.1", number));
    EQUAL(WHIMBREL_OK, port->link_send(port->context, 0, (const uint8_t *)"ping", 4));
    EQUAL(4, recvfrom(server, buffer, sizeof buffer, 0, (struct sockaddr *)&client, &length));
    EQUAL(3, sendto(stranger, "bad", 3, 0, (struct sockaddr *)&client, length));
    EQUAL(4, sendto(server, "good", 4, 0, (struct sockaddr *)&client, length));
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_wait(zephyr, whimbrel_zephyr_now() + PATIENCE_MS));
    EQUAL(4, port->link_receive(port->context, 0, buffer, sizeof buffer));
    close(server);
    EQUAL(WHIMBREL_OK, port->link_send(port->context, 0, (const uint8_t *)"ping", 4));
    whimbrel_zephyr_wait(zephyr,
                         whimbrel_zephyr_now() + PATIENCE_MS); /* nobody listens there: that is told */
    EQUAL(0, port->link_receive(port->context, 0, buffer, sizeof buffer));
    EQUAL(WHIMBREL_OK, port->link_send(port->context, 0, (const uint8_t *)"ping", 4));
    port->link_close(port->context, 0);
    close(stranger);
}

static void names(void)
{
    uint16_t number;
    const int server = listen_on(AF_INET, &number);
    const int before = fake_names_resolved();
    char longest[200];

    memset(longest, 'a', sizeof longest);
    EQUAL(WHIMBREL_PENDING, open_link(0, "localhost", number));
    EQUAL(WHIMBREL_OK, open_patiently(0, "localhost", number));
    EQUAL(before + 1, fake_names_resolved());
    EQUAL(9, echo(0, server, 9));
    port->link_close(port->context, 0);
    EQUAL(WHIMBREL_ERR_NOT_FOUND, open_patiently(0, "no.such.name.invalid", number));
    EQUAL(WHIMBREL_PENDING, open_link(0, "no.such.name.invalid", number)); /* it is tried anew */
    EQUAL(WHIMBREL_ERR_NOT_FOUND, open_patiently(0, "no.such.name.invalid", number));
    fake_network(0);
    EQUAL(WHIMBREL_ERR_TIMEOUT, open_patiently(0, "localhost", number));
    fake_network(1);
    EQUAL(WHIMBREL_ERR_BAD_VALUE, port->link_open(port->context, 0, longest, sizeof longest, number, 0));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, port->link_open(port->context, 0, "a\0b", 3, number, 0));
    EQUAL(WHIMBREL_ERR_FULL, open_link(2, "127.0.0.1", number)); /* CONFIG_WHIMBREL_LINKS is 2 */
    close(server);
}

/* A lookup that is under way when its link is closed: its result is for nobody, and does not become the next link's. */
static void forgotten(void)
{
    uint16_t number;
    const int server = listen_on(AF_INET, &number);
    const int before = fake_names_resolved();

    fake_name_delay(300);
    EQUAL(WHIMBREL_PENDING, open_link(0, "no.such.name.invalid", 1));
    port->link_close(port->context, 0);
    EQUAL(WHIMBREL_PENDING, open_link(0, "127.0.0.1", number)); /* the lookup still has the place */
    EQUAL(WHIMBREL_OK, open_patiently(0, "127.0.0.1", number));
    EQUAL(before + 1, fake_names_resolved());
    EQUAL(5, echo(0, server, 5));
    port->link_close(port->context, 0);

    /* and one that has ended before the next is opened */
    EQUAL(WHIMBREL_PENDING, open_link(1, "no.such.name.invalid", 1));
    port->link_close(port->context, 1);
    while (fake_names_resolved() < before + 2)
        sleep_ms(10);
    EQUAL(WHIMBREL_OK,
          whimbrel_zephyr_wait(zephyr, whimbrel_zephyr_now() + PATIENCE_MS)); /* it wakes nevertheless */
    EQUAL(WHIMBREL_OK, open_link(1, "127.0.0.1", number));
    EQUAL(6, echo(1, server, 6));
    port->link_close(port->context, 1);
    fake_name_delay(0);
    close(server);
}

/* Whether the server hears what is sent to two.test, and it ends so. */
static int reaches(int server, uint16_t number)
{
    uint8_t buffer[16];
    int heard;

    EQUAL(WHIMBREL_OK, open_patiently(0, "two.test", number));
    EQUAL(WHIMBREL_OK, port->link_send(port->context, 0, (const uint8_t *)"ping", 4));
    heard = recv(server, buffer, sizeof buffer, MSG_DONTWAIT) == 4; /* over loopback it is there at once */
    if (heard) EQUAL(8, echo(0, server, 8));
    port->link_close(port->context, 0);
    return heard;
}

/* The next address of a name is tried where nothing came from the first one, and one that answered is kept. */
static void other_address(void)
{
    uint16_t number;
    const int server = listen_on(AF_INET, &number);

    CHECK(!reaches(server, number)); /* 127.0.0.2 */
    CHECK(reaches(server, number));  /* 127.0.0.1, which answers */
    CHECK(reaches(server, number));
    close(server);
}

static void listening(void)
{
    int32_t status;

    status =
        port->link_open(port->context, 0, "127.0.0.1", 9, 40000, WHIMBREL_LINK_LISTEN | WHIMBREL_LINK_SECURE);
    EQUAL(WHIMBREL_OK, status);
    /* the port is taken, so that nobody else has it */
    status =
        port->link_open(port->context, 1, "127.0.0.1", 9, 40000, WHIMBREL_LINK_LISTEN | WHIMBREL_LINK_SECURE);
    EQUAL(WHIMBREL_ERR_LINK, status);
    EQUAL(WHIMBREL_OK, port->link_open(port->context, 1, "127.0.0.1", 9, 40000, WHIMBREL_LINK_LISTEN));
    port->link_close(port->context, 0);
    port->link_close(port->context, 1);
}

/* ---- Waiting and waking */

static void interrupt(void *context)
{
    (void)context;
    port->wake(port->context);
}

static void *wake_later(void *context)
{
    sleep_ms(100);
    if (context == NULL) {
        whimbrel_zephyr_wake(zephyr);
    } else {
        fake_interrupt(interrupt, NULL);
    }
    return NULL;
}

static void woken_by(void *how)
{
    const uint64_t begin = whimbrel_zephyr_now();
    pthread_t thread;

    pthread_create(&thread, NULL, wake_later, how);
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_wait(zephyr, begin + PATIENCE_MS));
    CHECK(whimbrel_zephyr_now() < begin + PATIENCE_MS);
    pthread_join(thread, NULL);
}

static void waiting(void)
{
    const uint64_t begin = whimbrel_zephyr_now();
    uint32_t state;

    EQUAL(WHIMBREL_OK, whimbrel_zephyr_wait(zephyr, 0));
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_wait(zephyr, begin + 50));
    CHECK(whimbrel_zephyr_now() >= begin + 50);
    woken_by(NULL);
    woken_by(&port);
    /* what came before the wait ends it, and only once */
    whimbrel_zephyr_wake(zephyr);
    whimbrel_zephyr_wake(zephyr);
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_wait(zephyr, UINT64_MAX));
    state = (uint32_t)whimbrel_zephyr_now();
    whimbrel_zephyr_wait(zephyr, whimbrel_zephyr_now() + 50);
    CHECK((uint32_t)whimbrel_zephyr_now() - state >= 50);
    state = port->lock(port->context);
    port->unlock(port->context, port->lock(port->context)); /* a lock in a lock */
    port->unlock(port->context, state);
    whimbrel_zephyr_wake(NULL);
}

/* ---- Storage */

static void records(uint16_t first)
{
    uint8_t big[1200], buffer[1200];

    memset(big, 0x5a, sizeof big);
    EQUAL(WHIMBREL_ERR_NOT_FOUND, port->storage_read(port->context, first, buffer, sizeof buffer));
    EQUAL(WHIMBREL_OK,
          port->storage_write(port->context, first, NULL, 0)); /* there is none: nothing to remove */
    EQUAL(WHIMBREL_OK, port->storage_write(port->context, first, big, 1152));
    EQUAL(WHIMBREL_OK, port->storage_write(port->context, first, big, 1152)); /* the same is no error */
    EQUAL(1152, port->storage_read(port->context, first, buffer, sizeof buffer));
    EQUAL(0, memcmp(big, buffer, 1152));
    EQUAL(1152, port->storage_read(port->context, first, buffer, 1152));
    EQUAL(WHIMBREL_ERR_FULL, port->storage_read(port->context, first, buffer, 1151));
    EQUAL(WHIMBREL_OK, port->storage_write(port->context, first, (const uint8_t *)"new", 3));
    EQUAL(3, port->storage_read(port->context, first, buffer, sizeof buffer));
    EQUAL(0, memcmp("new", buffer, 3));
    EQUAL(WHIMBREL_ERR_NOT_FOUND,
          port->storage_read(port->context, (uint16_t)(first + 1), buffer, sizeof buffer));
    fake_flash_broken(1);
    EQUAL(WHIMBREL_ERR_STORAGE, port->storage_write(port->context, first, (const uint8_t *)"lost", 4));
    fake_flash_broken(0);
    EQUAL(3, port->storage_read(port->context, first, buffer, sizeof buffer));
    EQUAL(WHIMBREL_OK, port->storage_write(port->context, first, NULL, 0));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, port->storage_read(port->context, first, buffer, sizeof buffer));
}

static void storage(void)
{
    static struct nvs_fs shared = { .sector_size = 4096, .ready = true };
    uint8_t byte;

    CHECK(port->storage_read == NULL && port->storage_write == NULL);
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_zephyr_storage(zephyr, 77));
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_zephyr_storage(zephyr, FIXED_PARTITION_ID(small_partition)));
    CHECK(port->storage_read == NULL);
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_storage(zephyr, FIXED_PARTITION_ID(huge_pages)));
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_storage(zephyr, FIXED_PARTITION_ID(storage_partition)));
    records(0);
    records(281);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_zephyr_storage_share(zephyr, NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_zephyr_storage_share(zephyr, &shared, 0x7e01));
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_storage_share(zephyr, &shared, 0x300));
    records(0);
    /* the same record by its number in NVS */
    EQUAL(WHIMBREL_OK, port->storage_write(port->context, 5, (const uint8_t *)"!", 1));
    EQUAL(1, nvs_read(&shared, 0x305, &byte, 1));
    EQUAL('!', byte);
    shared.ready = false;
    EQUAL(WHIMBREL_ERR_STORAGE, port->storage_read(port->context, 5, &byte, 1));
    EQUAL(WHIMBREL_ERR_STORAGE, port->storage_write(port->context, 5, NULL, 0));
}

/* ---- What it refuses */

static int32_t no_sms(void *context, const uint8_t *tpdu, size_t size)
{
    (void)context;
    (void)tpdu;
    return (int32_t)size;
}

static int32_t no_card(void *context, const uint8_t *command, size_t command_length, uint8_t *response,
                       size_t room, size_t *length)
{
    (void)command;
    (void)response;
    *length = room;
    return (int32_t)(command_length + *(const uint8_t *)context);
}

static int32_t sms_waits(void *context, uint8_t *buffer, size_t size)
{
    buffer[0] = *(const uint8_t *)context;
    return (int32_t)size;
}

static void hooks(void)
{
    uint8_t context = 7, buffer[4];
    size_t length;

    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_zephyr_sms(NULL, no_sms, sms_waits, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_zephyr_sms(zephyr, no_sms, NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_zephyr_card(NULL, no_card, NULL));
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_sms(zephyr, no_sms, sms_waits, &context));
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_card(zephyr, no_card, &context));
    EQUAL(3, port->sms_send(port->context, buffer, 3));
    EQUAL(4, port->sms_receive(port->context, buffer, 4));
    EQUAL(7, buffer[0]);
    EQUAL(12, port->uicc_transmit(port->context, buffer, 5, buffer, 9, &length));
    EQUAL(9, length);
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_sms(zephyr, NULL, NULL, NULL));
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_card(zephyr, NULL, NULL));
    CHECK(port->sms_send == NULL && port->sms_receive == NULL && port->uicc_transmit == NULL);
}

static void life(void)
{
    whimbrel_zephyr_t *second, *third;

    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_zephyr_open(NULL));
    fake_entropy(0);
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, whimbrel_zephyr_open(&second));
    CHECK(second == NULL);
    fake_entropy(1);
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_open(&second));
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_zephyr_open(&third)); /* CONFIG_WHIMBREL_INSTANCES is 2 */
    CHECK(third == NULL && second != zephyr);
    whimbrel_zephyr_wake(second);
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_wait(second, UINT64_MAX));
    whimbrel_zephyr_close(second);
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_open(&third));
    CHECK(third == second);
    /* closed while a name is looked up */
    fake_name_delay(200);
    EQUAL(WHIMBREL_PENDING, whimbrel_zephyr_port(third)->link_open(third, 0, "localhost", 9, 1, 0));
    whimbrel_zephyr_close(third);
    fake_name_delay(0);
    whimbrel_zephyr_close(NULL);
    CHECK(whimbrel_zephyr_port(NULL) == NULL);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_zephyr_wait(NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_zephyr_storage(NULL, 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_zephyr_follow(NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_zephyr_modem(zephyr, NULL, NULL));
}

int main(void)
{
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_open(&zephyr));
    port = whimbrel_zephyr_port(zephyr);
    datagrams(AF_INET, "127.0.0.1");
    datagrams(AF_INET6, "::1");
    strangers();
    names();
    forgotten();
    other_address();
    listening();
    waiting();
    storage();
    hooks();
    life();
    whimbrel_zephyr_close(zephyr);
    return verdict("zephyr port");
}
