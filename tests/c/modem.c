/*
 * A modem that speaks AT, from C: its dialogue line by line, what its functions refuse, and that setters set something. The
 * serial line is a string.
 */
#include "checks.h"
#include "whimbrel.h"
#include <string.h>

static uint64_t memory[512];
static whimbrel_modem_t *modem;
static whimbrel_modem_config_t config;
static uint64_t now;
static int events[16];
static int32_t last_detail;

static void on_event(void *context, uint16_t code, int32_t detail)
{
    EQUAL(&now, context);
    CHECK(code < 16);
    events[code]++;
    last_detail = detail;
    /* from inside nothing is allowed */
    EQUAL(WHIMBREL_ERR_REENTERED, whimbrel_modem_poll(modem, now, NULL));
    EQUAL(WHIMBREL_ERR_REENTERED, whimbrel_modem_send(modem, (const uint8_t *)"\1", 1));
    EQUAL(WHIMBREL_ERR_REENTERED, whimbrel_modem_transmit(modem, NULL, 0, NULL, 0, NULL));
}

static void reset(void)
{
    config = (whimbrel_modem_config_t){ .size = sizeof config, .event = on_event, .event_context = &now };
    memset(events, 0, sizeof events);
    now = 0;
}

static void make(void)
{
    CHECK(whimbrel_modem_size(&config) <= sizeof memory);
    EQUAL(WHIMBREL_OK, whimbrel_modem_init(memory, sizeof memory, &config, &modem));
}

/* Whether this, and nothing more, is to be written to the line. */
static int says(const char *expected)
{
    char text[512];
    size_t length = 0;
    int32_t got;
    EQUAL(WHIMBREL_OK, whimbrel_modem_poll(modem, now, NULL));
    /* byte by byte now and then */
    while ((got = whimbrel_modem_output(modem, (uint8_t *)text + length, length % 3 == 0 ? 1 : 7)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    if (strcmp(text, expected) != 0) fprintf(stderr, "said %s, not %s\n", text, expected);
    return strcmp(text, expected) == 0;
}

static void hears(const char *line)
{
    EQUAL(WHIMBREL_OK, whimbrel_modem_input(modem, now, (const uint8_t *)line, strlen(line)));
}

static whimbrel_modem_state_t state(void)
{
    whimbrel_modem_state_t state;
    state.size = sizeof state;
    EQUAL(WHIMBREL_OK, whimbrel_modem_state(modem, &state));
    return state;
}

/* The answers to the init list in their order; NULL stands for OK. */
static void set_up(const char *const pairs[][2])
{
    for (size_t i = 0; pairs[i][0] != NULL; i++) {
        CHECK(says(pairs[i][0]));
        if (pairs[i][1] != NULL) hears(pairs[i][1]);
        hears("\r\nOK\r\n");
        if (i == 0) now += 300; /* late answers are waited for */
    }
}

static const char *const usual[][2] = { { "AT\r", NULL },
                                        { "ATE0\r", "ATE0\r" },
                                        { "ATV1\r", NULL },
                                        { "AT+CMEE=1\r", NULL },
                                        { "AT+CPIN?\r", "\r\n+CPIN: READY\r\n" },
                                        { "AT+CSMS=1\r", "\r\n+CSMS: 1,1,1\r\n" },
                                        { "AT+CMGF=0\r", NULL },
                                        { "AT+CSCA?\r", "\r\n+CSCA: \"+15555550100\",145\r\n" },
                                        { "AT+CPMS=\"ME\",\"ME\",\"ME\"\r", "\r\n+CPMS: 0,9,0,9,0,9\r\n" },
                                        { "AT+CEREG=1\r", NULL },
                                        { "AT+CREG=1\r", NULL },
                                        { "AT+CEREG?\r", "\r\n+CEREG: 1,5\r\n" },
                                        { "AT+CREG?\r", "\r\n+CREG: 1,0\r\n" },
                                        { "AT+CNMI=2,2,0,1,0\r", NULL },
                                        { "AT+CMGL=4\r", NULL },
                                        { NULL, NULL } };

static void a_message_each_way(void)
{
    static const uint8_t submit[] = { 0x01, 0x00, 0x0b, 0xaf };
    uint8_t buffer[176];
    uint64_t next = 0;

    reset();
    make();
    EQUAL(WHIMBREL_MODEM_STARTING, state().state);
    set_up(usual);
    CHECK(says(""));
    EQUAL(WHIMBREL_OK, whimbrel_modem_poll(modem, now, &next));
    CHECK(next == UINT64_MAX);
    EQUAL(WHIMBREL_MODEM_READY, state().state);
    EQUAL(5, state().registration);
    EQUAL(1, state().sms);
    EQUAL(0, strcmp("+15555550100", state().service_centre));
    EQUAL(1, events[WHIMBREL_MODEM_EVENT_READY]);

    EQUAL(0, state().waiting);
    EQUAL(WHIMBREL_OK, whimbrel_modem_send(modem, submit, sizeof submit));
    EQUAL(1, state().waiting);
    CHECK(says("AT+CMGS=4\r"));
    EQUAL(1, state().waiting);
    EQUAL(WHIMBREL_OK, whimbrel_modem_poll(modem, now, &next));
    EQUAL(now + 5000, next);
    hears("\r\n> ");
    CHECK(says("0001000BAF\x1a"));
    hears("\r\n+CMT: ,3\r\n07915155550501f0");
    hears("0401ab\r\n\r\n+CMGS: 1\r\n\r\nOK\r\n");
    CHECK(says("AT+CNMA\r"));
    hears("\r\nOK\r\n");
    CHECK(says(""));
    EQUAL(1, state().sent);
    EQUAL(0, state().waiting);
    EQUAL(1, events[WHIMBREL_MODEM_EVENT_RECEIVED]);
    EQUAL(3, whimbrel_modem_receive(modem, buffer, sizeof buffer));
    EQUAL(0, memcmp("\x04\x01\xab", buffer, 3));
    EQUAL(0, whimbrel_modem_receive(modem, buffer, sizeof buffer));

    hears("\r\n+CMT: ,3\r\n0004AABB\r\n");
    EQUAL(WHIMBREL_ERR_TRUNCATED, whimbrel_modem_receive(modem, buffer, 2));
    EQUAL(0, memcmp("\x04\xaa", buffer, 2));
    CHECK(says("AT+CNMA\r"));
    hears("\r\nOK\r\n");

    EQUAL(WHIMBREL_OK, whimbrel_modem_send(modem, submit, sizeof submit));
    CHECK(says("AT+CMGS=4\r"));
    hears("\r\n+CMS ERROR: 21\r\n");
    EQUAL(1, events[WHIMBREL_MODEM_EVENT_SEND_FAILED]);
    EQUAL(21, last_detail);
    EQUAL(21, state().cms_error);
    EQUAL(1, state().failed);
}

static const uint8_t open_channel[] = { 0x00, 0x70, 0x00, 0x00, 0x01 };
static uint8_t response[258], too_long[262];
static size_t length;

static int32_t transmit(const void *command, size_t size)
{
    length = 42;
    return whimbrel_modem_transmit(modem, (const uint8_t *)command, size, response, sizeof response, &length);
}

static void an_apdu_by_csim(void)
{
    reset();
    config.card = &whimbrel_modem_card_generic;
    make();
    EQUAL(WHIMBREL_MODEM_CARD_IDLE, state().card);
    EQUAL(WHIMBREL_PENDING, transmit(open_channel, sizeof open_channel)); /* before the SIM is ready */
    EQUAL(0, length);
    for (int i = 0; i < 5; i++) {
        CHECK(says(usual[i][0]));
        if (usual[i][1] != NULL) hears(usual[i][1]);
        hears("\r\nOK\r\n");
        if (i == 0) now += 300;
    }
    CHECK(says("AT+CSIM=10,\"0070000001\"\r"));
    EQUAL(WHIMBREL_MODEM_CARD_WAITING, state().card);
    hears("\r\n+CSIM: 6,\"019000\"\r\n");
    EQUAL(WHIMBREL_PENDING, transmit(open_channel, sizeof open_channel));
    hears("\r\nOK\r\n");
    EQUAL(WHIMBREL_MODEM_CARD_ASK, state().card);
    EQUAL(WHIMBREL_OK, transmit(open_channel, sizeof open_channel));
    EQUAL(3, length);
    EQUAL(0, memcmp("\x01\x90\x00", response, 3));
    EQUAL(WHIMBREL_MODEM_CARD_IDLE, state().card);
    CHECK(says("AT+CSMS=1\r")); /* the list goes on */
    EQUAL(WHIMBREL_PENDING, transmit("\x01\xb0\x00\x00\x02", 5));
    hears("\r\nOK\r\n");
    CHECK(says("AT+CSIM=10,\"01B0000002\"\r"));
    EQUAL(WHIMBREL_OK, transmit(NULL, 0)); /* given up: the response is for nobody */
    EQUAL(WHIMBREL_PENDING, transmit("\x01\xb0\x00\x05\x02", 5));
    hears("\r\n+CSIM: 8,\"AABB9000\"\r\n\r\nOK\r\n");
    EQUAL(WHIMBREL_PENDING, transmit("\x01\xb0\x00\x05\x02", 5));
    EQUAL(WHIMBREL_OK, whimbrel_modem_poll(modem, now, NULL));
    EQUAL(WHIMBREL_OK, whimbrel_modem_line(modem, now, 0));
    EQUAL(WHIMBREL_ERR_CLOSED, transmit("\x01\xb0\x00\x05\x02", 5));
    EQUAL(WHIMBREL_ERR_LINK, transmit("\x01\xb0\x00\x05\x02", 5));
    EQUAL(0, length);
}

static void an_apdu_in_a_session(void)
{
    static const char select[] = "\x01\xa4\x04\x04\x02\xf0\x01"; /* and a zero: Le */

    for (int i = 0; i < 2; i++) {
        reset();
        config.card = i == 0 ? &whimbrel_modem_card_auto : &whimbrel_modem_card_channels;
        make();
        set_up(usual);
        EQUAL(i == 0 ? WHIMBREL_PENDING : WHIMBREL_OK, transmit(open_channel, sizeof open_channel));
        if (i == 0) {
            CHECK(says("AT+CCHO=?\r"));
            hears("\r\nOK\r\n");
            CHECK(says("AT+CGLA=?\r"));
            hears("\r\nOK\r\n");
            EQUAL(WHIMBREL_OK, transmit(open_channel, sizeof open_channel));
        }
        EQUAL(0, memcmp("\x01\x90\x00", response, 3));
        EQUAL(WHIMBREL_PENDING, transmit(select, sizeof select));
        CHECK(says("AT+CCHO=\"F001\"\r"));
        hears("\r\n5\r\n\r\nOK\r\n");
        EQUAL(WHIMBREL_OK, transmit(select, sizeof select));
        EQUAL(2, length);
        EQUAL(WHIMBREL_PENDING, transmit("\x01\xb0\x00\x00\x02", 5));
        CHECK(says("AT+CGLA=5,10,\"00B0000002\"\r"));
        hears("\r\n+CGLA: 8,\"aabb9000\"\r\n\r\nOK\r\n");
        EQUAL(WHIMBREL_ERR_TRUNCATED, whimbrel_modem_transmit(modem, (const uint8_t *)"\x01\xb0\x00\x00\x02",
                                                              5, response, 3, &length));
        CHECK(says("AT+CCHC=5\r")); /* after an error all channels are closed */
        hears("\r\nOK\r\n");
        CHECK(says(""));
    }
}

static void what_is_configured_is_said(void)
{
    static const char *const commands[] = { "AT+OWN=1", "AT+OWN=2", NULL };
    static const char *const lines[][2] = { { "AT\r", NULL },
                                            { "ATE0\r", NULL },
                                            { "ATV1\r", NULL },
                                            { "AT+CMEE=1\r", NULL },
                                            { "AT+OWN=1\r", NULL },
                                            { "AT+OWN=2\r", NULL },
                                            { "AT+CPIN?\r", "\r\n+CPIN: SIM PIN\r\n" },
                                            { "AT+CPIN=\"1234\"\r", NULL },
                                            { NULL, NULL } };
    static const char *const more[][2] = { { "AT+CPIN?\r", "\r\n+CPIN: READY\r\n" }, { NULL, NULL } };

    reset();
    config.pin = "1234";
    config.service_centre = "+1555";
    config.storage = "SM";
    config.commands = commands;
    config.stored = 1;
    config.bearer = WHIMBREL_BEARER_CIRCUIT;
    config.outgoing = 1;
    config.incoming = 1;
    config.check_s = 60;
    make();
    set_up(lines);
    now += 1000;
    set_up(more);
    now += 1000;
    for (int i = 0; i < 2; i++) { /* the service centre is set after AT+CSMS and AT+CMGF */
        CHECK(says(i == 0 ? "AT+CSMS=1\r" : "AT+CMGF=0\r"));
        hears("\r\nOK\r\n");
    }
    CHECK(says("AT+CSCA=\"+1555\",145\r"));
    hears("\r\nOK\r\n");
    CHECK(says("AT+CSCA?\r"));
    hears("\r\nOK\r\n");
    CHECK(says("AT+CPMS=\"SM\",\"SM\",\"SM\"\r"));
    hears("\r\n+CPMS: 0\r\n\r\nOK\r\n");
    CHECK(says("AT+CGSMS=1\r"));
    for (int i = 0; i < 5; i++) { /* registration, which this modem does not know */
        hears(i == 0 ? "\r\nOK\r\n" : "\r\nERROR\r\n");
        EQUAL(WHIMBREL_OK, whimbrel_modem_poll(modem, now, NULL));
        if (i < 4) CHECK(whimbrel_modem_output(modem, (uint8_t[32]){ 0 }, 32) > 0);
    }
    CHECK(says("AT+CNMI=2,1,0,1,0\r"));
    hears("\r\nOK\r\n");
    CHECK(says("AT+CNMI?\r"));
    hears("\r\n+CNMI: 2,1,0,1,0\r\n\r\nOK\r\n");
    CHECK(says("AT+CMGL=4\r"));
    hears("\r\nOK\r\n");
    EQUAL(WHIMBREL_MODEM_READY, state().state);
    EQUAL(WHIMBREL_OK, whimbrel_modem_send(modem, (const uint8_t *)"\1", 1));
    EQUAL(WHIMBREL_ERR_BUSY, whimbrel_modem_send(modem, (const uint8_t *)"\1", 1));
    CHECK(says("AT+CMGS=1\r"));
    hears("\r\n+CMS ERROR: 8\r\n");
    now += 60000;
    CHECK(says("AT+CNMI?\r"));

    EQUAL(WHIMBREL_OK, whimbrel_modem_line(modem, now, 0));
    EQUAL(WHIMBREL_MODEM_OFF, state().state);
    EQUAL(1, events[WHIMBREL_MODEM_EVENT_LOST]);
    CHECK(says(""));
    EQUAL(WHIMBREL_OK, whimbrel_modem_line(modem, now, 1));
    CHECK(says("AT\r"));
}

/* ---- a line, for whimbrel_modem_serve() */

static struct {
    const char *comes; /* what the modem says */
    size_t left;
    char went[512]; /* what it was told */
    size_t length;
    size_t room;  /* how much it takes yet */
    size_t piece; /* how much at a time */
    int gone;     /* 1: when it is read, 2: when it is written */
} wire;

static int32_t wire_receive(void *context, uint8_t *buffer, size_t size)
{
    const size_t n = wire.left < size ? wire.left : size;
    EQUAL(&wire, context);
    EQUAL(WHIMBREL_ERR_REENTERED, whimbrel_modem_poll(modem, now, NULL));
    if (wire.gone == 1) return -5;
    memcpy(buffer, wire.comes, n);
    wire.comes += n;
    wire.left -= n;
    return (int32_t)n;
}

static int32_t wire_send(void *context, const uint8_t *bytes, size_t size)
{
    size_t n = size < wire.piece ? size : wire.piece;
    EQUAL(&wire, context);
    CHECK(size > 0);
    EQUAL(WHIMBREL_ERR_REENTERED, whimbrel_modem_serve(modem, now, NULL, NULL));
    if (wire.gone == 2) return -1;
    if (n > wire.room) n = wire.room;
    memcpy(wire.went + wire.length, bytes, n);
    wire.length += n;
    wire.room -= n;
    return (int32_t)n;
}

static const whimbrel_line_t line = { sizeof line, &wire, wire_receive, wire_send };

/* Serves a line on which `comes` stands; when to do so next. */
static uint64_t served(const char *comes, size_t room, size_t piece)
{
    uint64_t next = 42;
    memset(&wire, 0, sizeof wire);
    wire.comes = comes;
    wire.left = strlen(comes);
    wire.room = room;
    wire.piece = piece;
    EQUAL(WHIMBREL_OK, whimbrel_modem_serve(modem, now, &line, &next));
    return next;
}

static void a_line_is_served(void)
{
    uint8_t buffer[176];

    reset();
    make();
    for (size_t i = 0; usual[i][0] != NULL; i++) {
        char answer[128];
        /* the one who types slowly and the one who takes all; what was not taken is not lost */
        if (i % 2 == 0) {
            EQUAL(now + 20, served("", 1, 7));
            EQUAL(1, wire.length);
            EQUAL(now + 20, served("", 512, 1)); /* fewer than it was offered */
            EQUAL(1, wire.length);
            CHECK(served("", 512, 512) > now + 20);
            CHECK(strcmp(usual[i][0] + 2, wire.went) == 0);
        } else {
            EQUAL(now + 20, served("", 0, 7));
            CHECK(served("", 512, 512) > now + 20);
            CHECK(strcmp(usual[i][0], wire.went) == 0);
        }
        (void)snprintf(answer, sizeof answer, "%s\r\nOK\r\n", usual[i][1] == NULL ? "" : usual[i][1]);
        (void)served(answer, 0, 1);
        if (i == 0) now += 300;
    }
    EQUAL(WHIMBREL_MODEM_READY, state().state);

    /* each of two messages is told once */
    EQUAL(now, served("\r\n+CMT: ,3\r\n00040111\r\n", 512, 512));
    CHECK(served("", 512, 512) > now);
    EQUAL(3, whimbrel_modem_receive(modem, buffer, sizeof buffer));
    CHECK(served("\r\nOK\r\n", 512, 512) > now);
    EQUAL(now, served("\r\n+CMT: ,3\r\n00040122\r\n", 512, 512));
    EQUAL(3, whimbrel_modem_receive(modem, buffer, sizeof buffer));
}

static void news_of_an_apdu(void)
{
    static const uint8_t get[] = { 0x00, 0xb0, 0x00, 0x00, 0x02 };
    uint8_t response[258];
    size_t length;

    reset();
    config.card = &whimbrel_modem_card_generic;
    make();
    set_up(usual);
    for (int i = 0; i < 2; i++) { /* the second one is news again */
        EQUAL(WHIMBREL_PENDING,
              whimbrel_modem_transmit(modem, get, sizeof get, response, sizeof response, &length));
        CHECK(served("", 512, 512) > now);
        CHECK(strcmp("AT+CSIM=10,\"00B0000002\"\r", wire.went) == 0);
        EQUAL(now, served("\r\n+CSIM: 8,\"0A0B9000\"\r\n\r\nOK\r\n", 512, 512));
        CHECK(served("", 512, 512) > now);
        EQUAL(WHIMBREL_OK,
              whimbrel_modem_transmit(modem, get, sizeof get, response, sizeof response, &length));
        EQUAL(4, length);
    }
}

/* An APDU was under way: that it has failed is news, once, though the line stays as it is. */
static void a_line_that_is_gone_under_an_apdu(void)
{
    static const uint8_t get[] = { 0x00, 0xb0, 0x00, 0x00, 0x02 };
    uint8_t response[258];
    uint64_t next = 42;
    size_t length;

    reset();
    config.card = &whimbrel_modem_card_generic;
    make();
    set_up(usual);
    EQUAL(WHIMBREL_PENDING,
          whimbrel_modem_transmit(modem, get, sizeof get, response, sizeof response, &length));
    CHECK(served("", 512, 512) > now);
    wire.gone = 1;
    EQUAL(WHIMBREL_ERR_LINK, whimbrel_modem_serve(modem, now, &line, &next));
    next = 42;
    EQUAL(WHIMBREL_OK, whimbrel_modem_serve(modem, now, &line, &next));
    EQUAL(now, next);
    EQUAL(WHIMBREL_OK, whimbrel_modem_serve(modem, now, &line, &next));
    EQUAL(UINT64_MAX, next);
    CHECK(whimbrel_modem_transmit(modem, get, sizeof get, response, sizeof response, &length) < 0);
}

static void a_line_that_never_ends(void)
{
    static char noise[5000];

    reset();
    make();
    memset(noise, 'x', sizeof noise - 1);
    EQUAL(now, served(noise, 512, 512));
    EQUAL(sizeof noise - 1 - 2048, wire.left);
    CHECK(strcmp("AT\r", wire.went) == 0); /* it is served, though it hears nothing but that */
}

static void a_line_that_is_gone(void)
{
    for (int gone = 1; gone <= 2; gone++) {
        uint64_t next = 42;
        reset();
        make();
        memset(&wire, 0, sizeof wire);
        wire.comes = "";
        wire.gone = gone;
        EQUAL(WHIMBREL_ERR_LINK, whimbrel_modem_serve(modem, now, &line, &next));
        EQUAL(now, next); /* the client may have to hear of it */
        EQUAL(WHIMBREL_MODEM_OFF, state().state);
        EQUAL(1, events[WHIMBREL_MODEM_EVENT_LOST]);
        /* and then no more */
        EQUAL(WHIMBREL_OK, whimbrel_modem_serve(modem, now, &line, &next));
        EQUAL(UINT64_MAX, next);
        /* nothing is sent until it is back */
        EQUAL(UINT64_MAX, served("", 512, 512));
        EQUAL(0, wire.length);
        EQUAL(WHIMBREL_OK, whimbrel_modem_line(modem, now, 1));
        (void)served("", 512, 512);
        CHECK(strcmp("AT\r", wire.went) == 0);
    }
}

static void a_line_that_cannot_be(void)
{
    whimbrel_line_t wrong = line;

    reset();
    make();
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_serve(modem, now, NULL, NULL));
    wrong.size--;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_serve(modem, now, &wrong, NULL));
    wrong = line;
    wrong.receive = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_serve(modem, now, &wrong, NULL));
    wrong = line;
    wrong.send = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_serve(modem, now, &wrong, NULL));
    memset(&wire, 0, sizeof wire);
    wire.comes = "";
    EQUAL(WHIMBREL_OK, whimbrel_modem_serve(modem, now, &line, NULL));
}

static void all_functions(whimbrel_modem_t *which, int32_t expected)
{
    uint8_t bytes[4] = { 0 };
    uint64_t next = 42;
    size_t size = 42;
    whimbrel_modem_state_t state = { .size = sizeof state };

    EQUAL(expected, whimbrel_modem_input(which, 0, bytes, 4));
    EQUAL(expected, whimbrel_modem_output(which, bytes, 4));
    EQUAL(expected, whimbrel_modem_poll(which, 0, &next));
    EQUAL(expected, whimbrel_modem_serve(which, 0, &line, &next));
    EQUAL(42, next);
    EQUAL(expected, whimbrel_modem_line(which, 0, 1));
    EQUAL(expected, whimbrel_modem_send(which, bytes, 4));
    EQUAL(expected, whimbrel_modem_receive(which, bytes, 4));
    EQUAL(expected, whimbrel_modem_transmit(which, bytes, 4, bytes, 4, &size));
    EQUAL(42, size);
    EQUAL(expected, whimbrel_modem_state(which, &state));
}

static int32_t init(void)
{
    whimbrel_modem_t *made = (whimbrel_modem_t *)memory;
    const int32_t status = whimbrel_modem_init(memory, sizeof memory, &config, &made);
    CHECK((status == WHIMBREL_OK) == (made != NULL));
    return status;
}

static void what_is_refused(void)
{
    static uint64_t nothing[64];
    static const char *const breaks[] = { "AT\r", NULL };
    static const char *const empty[] = { "", NULL };
    uint8_t bytes[200] = { 0 };
    whimbrel_modem_state_t known = { .size = 1 };
    size_t size;

    all_functions(NULL, WHIMBREL_ERR_ARGUMENT);
    all_functions((whimbrel_modem_t *)nothing, WHIMBREL_ERR_STATE);
    reset();
    make();
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_input(modem, 0, NULL, 1));
    EQUAL(WHIMBREL_OK, whimbrel_modem_input(modem, 0, NULL, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_output(modem, NULL, 1));
    EQUAL(0, whimbrel_modem_output(modem, bytes, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_send(modem, NULL, 1));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_modem_send(modem, NULL, 0));
    EQUAL(WHIMBREL_ERR_TOO_LARGE, whimbrel_modem_send(modem, bytes, 177));
    EQUAL(WHIMBREL_OK, whimbrel_modem_send(modem, bytes, 176));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_receive(modem, NULL, 1));
    EQUAL(0, whimbrel_modem_receive(modem, bytes, 0));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_transmit(modem, bytes, 5, bytes, 200, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_transmit(modem, NULL, 5, bytes, 200, &size));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_transmit(modem, bytes, 5, NULL, 200, &size));
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, whimbrel_modem_transmit(modem, bytes, 5, bytes, 200, &size));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_state(modem, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_state(modem, &known));

    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_init(memory, sizeof memory, &config, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_init(NULL, sizeof memory, &config, &modem));
    CHECK(modem == NULL);
    for (size_t i = 1; i < 8; i++)
        EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_modem_init((char *)memory + i, 2000, &config, &modem));
    EQUAL(whimbrel_modem_size(NULL), whimbrel_modem_size(&config));
    size = whimbrel_modem_size(NULL);
    for (size_t less = 0; less < size; less += 61) {
        void *small = malloc(less);
        EQUAL(small == NULL ? WHIMBREL_ERR_ARGUMENT : WHIMBREL_ERR_FULL,
              whimbrel_modem_init(small, less, &config, &modem));
        free(small);
    }
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_modem_init(memory, size - 1, NULL, &modem));
    EQUAL(WHIMBREL_OK, whimbrel_modem_init(memory, size, NULL, &modem));

#define REFUSED(status, member, value) \
    reset();                           \
    config.member = value;             \
    EQUAL(status, init())
    size = whimbrel_modem_size(NULL);
    reset();
    config.card = &whimbrel_modem_card_auto;
    CHECK(whimbrel_modem_size(&config) > size);
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_modem_init(memory, whimbrel_modem_size(&config) - 1, &config, &modem));
    EQUAL(WHIMBREL_OK, whimbrel_modem_init(memory, whimbrel_modem_size(&config), &config, &modem));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, transmit(open_channel, 3));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, transmit(too_long, sizeof too_long));
    REFUSED(WHIMBREL_ERR_ARGUMENT, size, 0);
    EQUAL(0, whimbrel_modem_size(&config));
    REFUSED(WHIMBREL_ERR_ARGUMENT, size, sizeof config + 8);
    REFUSED(WHIMBREL_ERR_FULL, outgoing, 65535);
    REFUSED(WHIMBREL_ERR_BAD_VALUE, pin, "123");
    REFUSED(WHIMBREL_ERR_BAD_VALUE, pin, "123456789");
    REFUSED(WHIMBREL_ERR_BAD_VALUE, pin, "12\"4");
    REFUSED(WHIMBREL_ERR_BAD_VALUE, service_centre, "");
    REFUSED(WHIMBREL_ERR_BAD_VALUE, service_centre, "+1\r");
    REFUSED(WHIMBREL_ERR_BAD_VALUE, storage, "M");
    REFUSED(WHIMBREL_ERR_BAD_VALUE, storage, "MEM");
    REFUSED(WHIMBREL_ERR_BAD_VALUE, storage, "me");
    REFUSED(WHIMBREL_ERR_BAD_VALUE, bearer, 5);
    REFUSED(WHIMBREL_ERR_BAD_VALUE, commands, breaks);
    REFUSED(WHIMBREL_ERR_BAD_VALUE, commands, empty);
    reset();
    EQUAL(WHIMBREL_OK, init());
}

int main(void)
{
    a_message_each_way();
    an_apdu_by_csim();
    an_apdu_in_a_session();
    what_is_configured_is_said();
    what_is_refused();
    a_line_is_served();
    news_of_an_apdu();
    a_line_that_never_ends();
    a_line_that_is_gone();
    a_line_that_is_gone_under_an_apdu();
    a_line_that_cannot_be();
    return verdict("modem");
}
