/*
 * ports/at-modem on a pseudo-terminal and on a Unix socket: bytes as they are, a line that vanishes and comes back, and the
 * functions that a client on ports/posix calls. The test plays the modem: it answers OK, and knows +CMGS and one +CSIM.
 */
#define _XOPEN_SOURCE 700
#include "checks.h"
#include "whimbrel_at_modem.h"
#include "whimbrel_posix.h"
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const uint8_t submit[] = { 0x01, 0x00, 0x0b, 0x0a, 0x0d, 0x11, 0x13, 0xff };
static const char delivered[] = "\r\n+CMT: ,3\r\n07915155550501F00401AB\r\n";

/* ---- the other end of the line */

static int line = -1;
static char heard[4096];
static size_t heard_length;

static void answer(const char *text)
{
    CHECK(write(line, text, strlen(text)) == (ssize_t)strlen(text));
}

/* Answers what stands in `heard` from `from` on; how far that is done. */
static size_t respond(size_t from)
{
    size_t at;
    for (at = from; at < heard_length; at++) {
        const char *const command = heard + from;
        if (heard[at] == '\x1a') {
            answer("\r\n+CMGS: 1\r\n\r\nOK\r\n");
        } else if (heard[at] != '\r') {
            continue;
        } else if (strncmp(command, "AT+CMGS", 7) == 0) {
            answer("\r\n> ");
        } else if (strncmp(command, "AT+CSIM=10,\"0070000001\"", 23) == 0) {
            answer("\r\n+CSIM: 6,\"019000\"\r\n\r\nOK\r\n");
        } else if (strncmp(command, "AT+CPIN?", 8) == 0) {
            answer("\r\n+CPIN: READY\r\n\r\nOK\r\n");
        } else if (strncmp(command, "AT+CEREG?", 9) == 0) {
            answer("\r\n+CEREG: 1,1\r\n\r\nOK\r\n");
        } else {
            answer("\r\nOK\r\n");
        }
        from = at + 1;
    }
    return from;
}

/* Lets both ends work until the modem is in `state` and `count` messages are sent; 0 if that takes too long. */
static int until(whimbrel_posix_t *posix, whimbrel_at_modem_t *modem, uint8_t state, uint32_t count)
{
    static size_t done;
    const uint64_t end = whimbrel_posix_now() + 10000;
    whimbrel_modem_state_t known = { .size = sizeof known };
    uint64_t next;

    if (heard_length == 0) done = 0;
    while (whimbrel_posix_now() < end) {
        EQUAL(WHIMBREL_OK, whimbrel_at_modem_poll(modem, &next));
        EQUAL(WHIMBREL_OK, whimbrel_modem_state(whimbrel_at_modem_engine(modem), &known));
        if (known.state == state && known.sent >= count) return 1;
        if (line >= 0) {
            const ssize_t n = read(line, heard + heard_length, sizeof heard - heard_length - 1);
            if (n > 0) {
                heard_length += (size_t)n;
                done = respond(done);
                continue;
            }
        }
        EQUAL(WHIMBREL_OK, whimbrel_posix_watch(posix, whimbrel_at_modem_fd(modem)));
        if (next > whimbrel_posix_now() + 20) next = whimbrel_posix_now() + 20;
        CHECK(whimbrel_posix_wait(posix, next, -1) >= 0);
    }
    return 0;
}

/* ---- a pseudo-terminal under a name that can vanish */

static char link_path[64];

static void plug_in(void)
{
    line = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    CHECK(line >= 0);
    EQUAL(0, grantpt(line));
    EQUAL(0, unlockpt(line));
    EQUAL(0, symlink(ptsname(line), link_path));
    heard_length = 0;
    memset(heard, 0, sizeof heard);
}

static void pull_out(void)
{
    unlink(link_path);
    close(line);
    line = -1;
}

static void on_a_pseudo_terminal(whimbrel_posix_t *posix)
{
    whimbrel_at_modem_t *modem;
    uint8_t buffer[176];
    uint64_t next;
    const whimbrel_port_t *port = whimbrel_posix_port(posix);

    plug_in();
    EQUAL(WHIMBREL_OK, whimbrel_at_modem_open(link_path, 115200, NULL, &modem));
    CHECK(whimbrel_at_modem_fd(modem) >= 0);
    CHECK(until(posix, modem, WHIMBREL_MODEM_READY, 0));

    /* as the client calls it */
    CHECK(port->sms_send == NULL && port->sms_receive == NULL);
    EQUAL(WHIMBREL_OK, whimbrel_posix_sms(posix, whimbrel_at_modem_send, whimbrel_at_modem_receive, modem));
    EQUAL(WHIMBREL_OK, port->sms_send(port->context, submit, sizeof submit));
    CHECK(until(posix, modem, WHIMBREL_MODEM_READY, 1));
    /* nothing is changed on the way: neither CR to LF nor Ctrl-Z to the end of a file */
    CHECK(strstr(heard, "AT+CMGS=8\r0001000B0A0D1113FF\x1a") != NULL);

    EQUAL(0, port->sms_receive(port->context, buffer, sizeof buffer));
    answer(delivered);
    EQUAL(WHIMBREL_OK, whimbrel_posix_watch(posix, whimbrel_at_modem_fd(modem)));
    EQUAL(0, whimbrel_posix_wait(posix, UINT64_MAX, -1)); /* the line ends it */
    EQUAL(WHIMBREL_OK, whimbrel_at_modem_poll(modem, &next));
    CHECK(next <= whimbrel_posix_now()); /* there is something for the client, which is told once */
    EQUAL(WHIMBREL_OK, whimbrel_at_modem_poll(modem, &next));
    CHECK(next > whimbrel_posix_now());
    EQUAL(3, port->sms_receive(port->context, buffer, sizeof buffer));
    EQUAL(0, memcmp("\x04\x01\xab", buffer, 3));

    pull_out();
    CHECK(until(posix, modem, WHIMBREL_MODEM_OFF, 1));
    EQUAL(-1, whimbrel_at_modem_fd(modem));
    EQUAL(WHIMBREL_OK, whimbrel_at_modem_send(modem, submit, sizeof submit)); /* waits */
    plug_in();
    CHECK(until(posix, modem, WHIMBREL_MODEM_READY, 2));
    EQUAL(WHIMBREL_OK, whimbrel_posix_sms(posix, NULL, NULL, NULL));
    CHECK(port->sms_send == NULL);
    whimbrel_posix_watch(posix, -1);
    whimbrel_at_modem_close(modem);
    pull_out();
}

/* What whimbrel_port_t.uicc_transmit looks like: the context is the modem. */
static void an_apdu(whimbrel_posix_t *posix)
{
    static const uint8_t open_channel[] = { 0x00, 0x70, 0x00, 0x00, 0x01 };
    int32_t (*const transmit)(void *, const uint8_t *, size_t, uint8_t *, size_t, size_t *) =
        whimbrel_at_modem_transmit;
    const whimbrel_modem_config_t config = { .size = sizeof config, .card = &whimbrel_modem_card_generic };
    const uint64_t end = whimbrel_posix_now() + 10000;
    whimbrel_modem_state_t known = { .size = sizeof known };
    whimbrel_at_modem_t *modem;
    uint8_t response[258];
    size_t length = 42;
    uint64_t next = UINT64_MAX;

    plug_in();
    EQUAL(WHIMBREL_OK, whimbrel_at_modem_open(link_path, 115200, &config, &modem));
    EQUAL(WHIMBREL_PENDING,
          transmit(modem, open_channel, sizeof open_channel, response, sizeof response, &length));
    EQUAL(0, length);
    CHECK(until(posix, modem, WHIMBREL_MODEM_READY, 0)); /* which it is after the SIM */
    EQUAL(WHIMBREL_OK, whimbrel_modem_state(whimbrel_at_modem_engine(modem), &known));
    EQUAL(WHIMBREL_MODEM_CARD_ASK, known.card);
    EQUAL(WHIMBREL_OK,
          transmit(modem, open_channel, sizeof open_channel, response, sizeof response, &length));
    EQUAL(3, length);
    EQUAL(0, memcmp("\x01\x90\x00", response, 3));

    /* that there is a response is told once */
    EQUAL(WHIMBREL_PENDING,
          transmit(modem, open_channel, sizeof open_channel, response, sizeof response, &length));
    CHECK(strstr(heard, "AT+CSIM=10,\"0070000001\"\r") != NULL);
    for (int told = 0; told < 1 && whimbrel_posix_now() < end;) {
        const ssize_t n = read(line, heard, sizeof heard - 1);
        if (n > 0) answer("\r\n+CSIM: 6,\"029000\"\r\n\r\nOK\r\n");
        EQUAL(WHIMBREL_OK, whimbrel_at_modem_poll(modem, &next));
        told = next <= whimbrel_posix_now();
    }
    EQUAL(WHIMBREL_OK, whimbrel_at_modem_poll(modem, &next));
    CHECK(next > whimbrel_posix_now());
    EQUAL(WHIMBREL_OK,
          transmit(modem, open_channel, sizeof open_channel, response, sizeof response, &length));
    EQUAL(0, memcmp("\x02\x90\x00", response, 3));
    EQUAL(WHIMBREL_OK, transmit(modem, NULL, 0, NULL, 0, &length));
    whimbrel_at_modem_close(modem);
    pull_out();
}

static void on_a_socket(whimbrel_posix_t *posix)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char path[80];
    whimbrel_at_modem_t *modem;
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(address.sun_path, link_path);
    strcpy(path, "unix:");
    strcat(path, link_path);
    EQUAL(WHIMBREL_ERR_LINK, whimbrel_at_modem_open(path, 0, NULL, &modem));
    EQUAL(0, bind(listener, (const struct sockaddr *)&address, sizeof address));
    EQUAL(0, listen(listener, 1));
    EQUAL(WHIMBREL_OK, whimbrel_at_modem_open(path, 0, NULL, &modem));
    for (int life = 0; life < 2; life++) {
        if (life == 1) {
            CHECK(until(posix, modem, WHIMBREL_MODEM_OFF, 1));
            CHECK(until(posix, modem, WHIMBREL_MODEM_STARTING, 1));
        }
        line = accept(listener, NULL, NULL);
        CHECK(line >= 0);
        EQUAL(0, fcntl(line, F_SETFL, O_NONBLOCK));
        heard_length = 0;
        CHECK(until(posix, modem, WHIMBREL_MODEM_READY, (uint32_t)life));
        EQUAL(WHIMBREL_OK, whimbrel_at_modem_send(modem, submit, sizeof submit));
        CHECK(until(posix, modem, WHIMBREL_MODEM_READY, (uint32_t)life + 1));
        close(line);
        line = -1;
        /* into a socket that nobody reads: no signal, only a line that is gone */
        EQUAL(WHIMBREL_OK, whimbrel_at_modem_send(modem, submit, sizeof submit));
        if (life == 0) EQUAL(WHIMBREL_OK, whimbrel_at_modem_poll(modem, NULL));
    }
    whimbrel_posix_watch(posix, -1);
    whimbrel_at_modem_close(modem);
    close(listener);
    unlink(link_path);
}

static void what_is_refused(whimbrel_posix_t *posix)
{
    static char longest[200];
    whimbrel_modem_config_t config = { .size = 1 };
    whimbrel_at_modem_t *modem = NULL;
    uint8_t bytes[1] = { 0 };
    size_t length;

    memset(longest, 'x', sizeof longest - 1);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_at_modem_open("/dev/null", 0, NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_at_modem_open(NULL, 0, NULL, &modem));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_at_modem_open(longest, 0, NULL, &modem));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_at_modem_open("/dev/null", 0, &config, &modem));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_at_modem_open("/dev/null", 115201, NULL, &modem));
    config = (whimbrel_modem_config_t){ .size = sizeof config, .pin = "x" };
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_at_modem_open("/dev/null", 0, &config, &modem));
    EQUAL(WHIMBREL_ERR_LINK, whimbrel_at_modem_open("/dev/null", 0, NULL, &modem)); /* no line */
    EQUAL(WHIMBREL_ERR_LINK, whimbrel_at_modem_open("/nowhere/at/all", 0, NULL, &modem));
    CHECK(modem == NULL);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_at_modem_poll(NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_at_modem_send(NULL, bytes, 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_at_modem_receive(NULL, bytes, 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_at_modem_transmit(NULL, bytes, 1, bytes, 1, &length));
    EQUAL(-1, whimbrel_at_modem_fd(NULL));
    CHECK(whimbrel_at_modem_engine(NULL) == NULL);
    whimbrel_at_modem_close(NULL);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_posix_watch(NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_posix_sms(NULL, NULL, NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_posix_sms(posix, whimbrel_at_modem_send, NULL, NULL));
}

int main(void)
{
    char directory[] = "at-port-XXXXXX"; /* where the test runs */
    whimbrel_posix_t *posix;

    CHECK(mkdtemp(directory) != NULL);
    strcpy(link_path, directory);
    strcat(link_path, "/line");
    EQUAL(WHIMBREL_OK, whimbrel_posix_open(&posix));
    on_a_pseudo_terminal(posix);
    an_apdu(posix);
    on_a_socket(posix);
    what_is_refused(posix);
    whimbrel_posix_close(posix);
    rmdir(directory);
    return verdict("at_port");
}
