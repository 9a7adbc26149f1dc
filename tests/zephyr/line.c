/*
 * The line of a modem by itself: a card that is asked before the line is open, bytes both ways in pieces, and a pipe that closes
 * and opens again. The modem is a Unix socket of the test.
 */
#define _POSIX_C_SOURCE 200809L
#include "checks.h"
#include "fake.h"
#include "whimbrel_zephyr.h"
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zephyr/modem/pipe.h>

/* Long enough for valgrind on a busy machine. */
#define PATIENCE_MS 20000

static whimbrel_zephyr_t *zephyr;
static const whimbrel_port_t *port;
static whimbrel_modem_t *modem;

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    CHECK(bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0);
    return fd;
}

/* Serves the line until `fd` can be read. */
static int readable(int fd)
{
    const uint64_t end = whimbrel_zephyr_now() + PATIENCE_MS;
    struct pollfd one = { .fd = fd, .events = POLLIN };

    while (whimbrel_zephyr_now() < end) {
        if (poll(&one, 1, 0) == 1) return 1;
        whimbrel_zephyr_wait(zephyr, whimbrel_zephyr_now() + 100);
    }
    return 0;
}

/* Whether the client's next command is `text`; it is answered by OK. */
static int commanded(int fd, const char *text)
{
    char line[64] = "";
    size_t at = 0;

    while (at < sizeof line - 1 && (at == 0 || line[at - 1] != '\r') && readable(fd)) {
        if (read(fd, &line[at], 1) != 1) return 0;
        if (at > 0 || line[at] >= ' ') at++; /* ESC and line ends before it mean nothing */
        line[at] = '\0';
    }
    if (at > 0) line[at - 1] = '\0';
    CHECK(write(fd, "\r\nOK\r\n", 6) == 6);
    return strcmp(line, text) == 0;
}

static uint8_t state(void)
{
    whimbrel_modem_state_t known = { .size = sizeof known };

    EQUAL(WHIMBREL_OK, whimbrel_modem_state(modem, &known));
    return known.state;
}

static int becomes(uint8_t wanted)
{
    const uint64_t end = whimbrel_zephyr_now() + PATIENCE_MS;

    while (state() != wanted && whimbrel_zephyr_now() < end)
        whimbrel_zephyr_wait(zephyr, whimbrel_zephyr_now() + 100);
    return state() == wanted;
}

static int32_t transmit(size_t *length)
{
    static const uint8_t select_mf[] = { 0x00, 0xa4, 0x00, 0x0c, 0x02, 0x3f, 0x00 };
    static uint8_t response[258];

    return port->uicc_transmit(port->context, select_mf, sizeof select_mf, response, sizeof response, length);
}

int main(void)
{
    static uint64_t memory[1024];
    const whimbrel_modem_config_t config = { .size = sizeof config, .card = &whimbrel_modem_card_generic };
    char directory[] = "/tmp/whimbrel-line-XXXXXX";
    char path[64], name[80];
    struct modem_pipe *pipe;
    size_t length = 1;
    int server, fd;

    CHECK(mkdtemp(directory) != NULL);
    snprintf(path, sizeof path, "%s/modem", directory);
    snprintf(name, sizeof name, "unix:%s", path);
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_open(&zephyr));
    port = whimbrel_zephyr_port(zephyr);
    EQUAL(WHIMBREL_OK, whimbrel_modem_init(memory, sizeof memory, &config, &modem));

    /* there is no modem yet: all is set up nevertheless, and a card is not told to be missing or broken */
    pipe = fake_pipe(name, 3);
    EQUAL(WHIMBREL_ERR_LINK, whimbrel_zephyr_modem(zephyr, modem, pipe));
    EQUAL(WHIMBREL_PENDING, transmit(&length));
    EQUAL(0, length);
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_wait(zephyr, 0));
    EQUAL(WHIMBREL_MODEM_OFF, state());

    server = listen_at(path);
    EQUAL(0, modem_pipe_open_async(pipe));
    EQUAL(WHIMBREL_OK, whimbrel_zephyr_wait(zephyr, UINT64_MAX)); /* the client is to ask again */
    fd = accept(server, NULL, NULL);
    EQUAL(WHIMBREL_PENDING, transmit(&length)); /* the modem has it now */
    CHECK(commanded(fd, "AT"));
    CHECK(commanded(fd, "ATE0")); /* in pieces of three bytes */
    EQUAL(WHIMBREL_MODEM_STARTING, state());

    close(fd);
    CHECK(becomes(WHIMBREL_MODEM_OFF));
    EQUAL(WHIMBREL_ERR_LINK, transmit(&length)); /* it was there before: this is told */
    EQUAL(0, modem_pipe_open_async(pipe));
    fd = accept(server, NULL, NULL);
    CHECK(commanded(fd, "AT")); /* from the beginning */
    CHECK(commanded(fd, "ATE0"));

    whimbrel_zephyr_close(zephyr);
    close(fd);
    close(server);
    unlink(path);
    rmdir(directory);
    return verdict("zephyr line");
}
