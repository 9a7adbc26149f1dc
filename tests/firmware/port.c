/*
 * The port by itself: each function of ports/freertos and each promise of docs/porting.md, against a peer on the host that
 * does what datagrams tell it (test_port.py). Words: peer=PORT dns=PORT. Exit status 0: all checks passed.
 */
#include "FreeRTOS.h"
#include "board.h"
#include "network.h"
#include "semphr.h"
#include "task.h"
#include "whimbrel_freertos.h"
#include <stdlib.h>
#include <string.h>

static unsigned passed, failed;

#define CHECK(condition) check((condition) != 0, #condition, __LINE__)

static void check(int good, const char *what, int line)
{
    if (good) {
        passed++;
        return;
    }
    failed++;
    board_print("port.c:%d: not so: %s", line, what);
}

static void random_bytes(void *context, uint8_t *buffer, size_t size)
{
    board_random(context, buffer, size);
}

static int64_t the_time(void *context)
{
    return *(const int64_t *)context;
}

static const whimbrel_freertos_config_t config = {
    .size = sizeof config,
    .random = random_bytes,
    .links = 5,
};

static whimbrel_freertos_t *rtos;
static const whimbrel_port_t *port;
static uint16_t peer;

static void open_platform(void)
{
    CHECK(whimbrel_freertos_open(&config, &rtos) == WHIMBREL_OK);
    port = whimbrel_freertos_port(rtos);
}

static void close_platform(void)
{
    whimbrel_freertos_close(rtos);
    rtos = NULL;
}

static int32_t open_link(uint8_t link, const char *host, int32_t how)
{
    return port->link_open(port->context, link, host, strlen(host), peer, how);
}

/* ---- life */

static void arguments(void)
{
    whimbrel_freertos_config_t wrong = config;
    whimbrel_freertos_t *out = (whimbrel_freertos_t *)1;

    CHECK(whimbrel_freertos_open(NULL, &out) == WHIMBREL_ERR_ARGUMENT && out == NULL);
    CHECK(whimbrel_freertos_open(&config, NULL) == WHIMBREL_ERR_ARGUMENT);
    wrong.random = NULL;
    CHECK(whimbrel_freertos_open(&wrong, &out) == WHIMBREL_ERR_ARGUMENT);
    wrong = config;
    wrong.size = 1;
    CHECK(whimbrel_freertos_open(&wrong, &out) == WHIMBREL_ERR_ARGUMENT);
    wrong = config;
    wrong.links = 33;
    CHECK(whimbrel_freertos_open(&wrong, &out) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_freertos_port(NULL) == NULL);
    CHECK(whimbrel_freertos_wait(NULL, 0) == WHIMBREL_ERR_ARGUMENT);
    whimbrel_freertos_wake(NULL);
    whimbrel_freertos_close(NULL);
}

static void wall_clock(void)
{
    int64_t now = 1700000000;
    const whimbrel_freertos_config_t with = {
        .size = sizeof with,
        .random = random_bytes,
        .wall_clock = the_time,
        .context = &now,
    };
    whimbrel_freertos_t *one;

    CHECK(whimbrel_freertos_open(&with, &one) == WHIMBREL_OK);
    CHECK(whimbrel_freertos_port(one)->wall_clock(whimbrel_freertos_port(one)->context) == now);
    whimbrel_freertos_close(one);
    CHECK(port->wall_clock == NULL);
}

/* Takes the whole heap, block by block, each of which begins with where the one before is; and gives it back. */
static void no_memory(void)
{
    whimbrel_freertos_t *out;
    size_t size;
    void **taken = NULL;

    for (size = 16384; size >= sizeof(void *); size /= 2) {
        void **one;
        while ((one = pvPortMalloc(size)) != NULL) {
            *one = taken;
            taken = one;
        }
    }
    CHECK(whimbrel_freertos_open(&config, &out) == WHIMBREL_ERR_FULL && out == NULL);
    CHECK(open_link(0, "leshan.test", 0) == WHIMBREL_ERR_FULL);
    CHECK(open_link(0, "10.0.2.2", 0) == WHIMBREL_ERR_FULL);
    while (taken != NULL) {
        void **next = *taken;
        vPortFree(taken);
        taken = next;
    }
}

static void memory(void)
{
    uint8_t *block = pvPortMalloc(64);

    memset(block, 0xa5, 64);
    vPortFree(block);
    block = whimbrel_freertos_calloc(8, 8);
    CHECK(block != NULL && block[0] == 0 && memcmp(block, block + 1, 63) == 0);
    whimbrel_freertos_free(block);
    whimbrel_freertos_free(NULL);
    CHECK(whimbrel_freertos_calloc(SIZE_MAX / 2 + 1, 2) == NULL);
    CHECK(whimbrel_freertos_calloc(2, SIZE_MAX / 2 + 1) == NULL);
}

static void random_is_random(void)
{
    uint8_t one[16] = { 0 }, two[16] = { 0 };

    port->random(port->context, one, sizeof one);
    port->random(port->context, two, sizeof two);
    CHECK(memcmp(one, two, sizeof one) != 0);
}

/* ---- clock, waiting, waking, lock */

/* The image is built so that ticks of 32 bits overflow two seconds after the start. */
static void clock_goes_on(void)
{
    const TickType_t first = xTaskGetTickCount();
    const uint64_t begin = whimbrel_freertos_now();
    uint64_t last = begin, now;
    int overflown = 0, backwards = 0;

    do {
        vTaskDelay(1);
        now = port->now(port->context);
        backwards += now < last;
        last = now;
        overflown |= xTaskGetTickCount() < first;
    } while (now < begin + 3000);
    CHECK(overflown);
    CHECK(backwards == 0);
    CHECK(now - begin < 60000);
}

static volatile unsigned interruptions;

static void interrupted(void)
{
    interruptions++;
    if (rtos != NULL) port->wake(port->context);
}

static void waker(void *context)
{
    (void)context;
    vTaskDelay(50);
    whimbrel_freertos_wake(rtos);
    vTaskDelete(NULL);
}

static void interrupter(void *context)
{
    (void)context;
    vTaskDelay(50);
    board_pend(BOARD_SPARE_INTERRUPT);
    vTaskDelete(NULL);
}

static uint64_t in_a_minute(void)
{
    return whimbrel_freertos_now() + 60000;
}

static void waits(void)
{
    const uint64_t until = whimbrel_freertos_now() + 100;

    CHECK(whimbrel_freertos_wait(rtos, until) == 0);
    CHECK(whimbrel_freertos_now() >= until);
    CHECK(whimbrel_freertos_wait(rtos, 0) == 0);
    whimbrel_freertos_wake(rtos);
    whimbrel_freertos_wake(rtos);
    CHECK(whimbrel_freertos_wait(rtos, UINT64_MAX) == WHIMBREL_FREERTOS_WOKEN);
    CHECK(whimbrel_freertos_wait(rtos, whimbrel_freertos_now() + 10) == 0);
    xTaskCreate(waker, "waker", 128, NULL, 1, NULL);
    CHECK(whimbrel_freertos_wait(rtos, UINT64_MAX) == WHIMBREL_FREERTOS_WOKEN);
    xTaskCreate(interrupter, "interrupter", 128, NULL, 1, NULL);
    CHECK(whimbrel_freertos_wait(rtos, in_a_minute()) == WHIMBREL_FREERTOS_WOKEN);
    CHECK(interruptions == 1);
}

/* While it is locked no interrupt gets in that may call us; unlocked, it comes at once. */
static void locks(void)
{
    const unsigned before = interruptions;
    uint32_t state, inner;

    state = port->lock(port->context);
    board_pend(BOARD_SPARE_INTERRUPT);
    __asm__ volatile("dsb\n isb" ::: "memory");
    CHECK(interruptions == before);
    inner = port->lock(port->context);
    port->unlock(port->context, inner);
    CHECK(interruptions == before);
    port->unlock(port->context, state);
    __asm__ volatile("dsb\n isb" ::: "memory");
    CHECK(interruptions == before + 1);
    CHECK(whimbrel_freertos_wait(rtos, in_a_minute()) == WHIMBREL_FREERTOS_WOKEN);
}

/* ---- datagrams */

static uint8_t buffer[1500];

static int32_t say(uint8_t link, const char *text)
{
    return port->link_send(port->context, link, (const uint8_t *)text, strlen(text));
}

/* Waits for a datagram; its length. */
static int32_t hear(uint8_t link, size_t size)
{
    const uint64_t until = in_a_minute();
    int32_t length;

    while ((length = port->link_receive(port->context, link, buffer, size)) == 0)
        if (whimbrel_freertos_wait(rtos, until) == 0) return 0;
    return length;
}

static int heard(uint8_t link, const char *text)
{
    const int32_t length = hear(link, sizeof buffer);
    const int good = length == (int32_t)strlen(text) && memcmp(buffer, text, (size_t)length) == 0;
    if (!good)
        board_print("%d bytes, %.*s, instead of %s", (int)length, (int)(length > 0 ? length : 0),
                    (const char *)buffer, text);
    return good;
}

/* Both lie there when it is asked for the first time, unless the host was slow: then once more. */
static int empty_is_skipped(void)
{
    unsigned patience;

    for (patience = 200; patience <= 3200; patience *= 2) {
        int32_t length;
        if (say(0, "empty") != WHIMBREL_OK) return 0;
        vTaskDelay(pdMS_TO_TICKS(patience));
        length = port->link_receive(port->context, 0, buffer, sizeof buffer);
        if (length != 0) return length == 9 && memcmp(buffer, "behind it", 9) == 0;
        (void)hear(0, sizeof buffer);
    }
    return 0;
}

static void datagrams(void)
{
    CHECK(say(0, "x") == WHIMBREL_ERR_LINK);
    CHECK(port->link_receive(port->context, 0, buffer, sizeof buffer) == WHIMBREL_ERR_LINK);
    CHECK(open_link(0, "10.0.2.2", 0) == WHIMBREL_OK);
    CHECK(open_link(0, "10.0.2.2", 0) == WHIMBREL_OK);
    CHECK(port->link_receive(port->context, 0, buffer, sizeof buffer) == 0);
    CHECK(say(0, "echo one") == WHIMBREL_OK && heard(0, "one"));
    /* too long for the buffer: its beginning, and the rest is gone */
    CHECK(say(0, "echo abcdef") == WHIMBREL_OK && hear(0, 4) == WHIMBREL_ERR_TRUNCATED);
    CHECK(memcmp(buffer, "abcd", 4) == 0);
    CHECK(say(0, "echo two") == WHIMBREL_OK && heard(0, "two"));
    CHECK(empty_is_skipped());

    /* somebody else first */
    CHECK(say(0, "stranger") == WHIMBREL_OK && heard(0, "not a stranger"));
    CHECK(port->link_receive(port->context, 0, buffer, sizeof buffer) == 0);
    port->link_close(port->context, 0);
    port->link_close(port->context, 0);
}

/* The largest that Ethernet takes whole, both ways. */
static void long_datagram(void)
{
    static uint8_t message[1472];
    size_t i;

    for (i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 7);
    memcpy(message, "echo ", 5);
    CHECK(open_link(1, "10.0.2.2", 0) == WHIMBREL_OK);
    CHECK(port->link_send(port->context, 1, message, sizeof message) == WHIMBREL_OK);
    CHECK(hear(1, sizeof buffer) == (int32_t)sizeof message - 5);
    CHECK(memcmp(buffer, message + 5, sizeof message - 5) == 0);
    port->link_close(port->context, 1);
}

/* Nobody listens: what the network says about it is no error of the link. */
static void nobody(void)
{
    static const char host[] = "10.0.2.2";

    CHECK(port->link_open(port->context, 0, host, strlen(host), 9, 0) == WHIMBREL_OK);
    CHECK(say(0, "anybody?") == WHIMBREL_OK);
    vTaskDelay(200);
    CHECK(port->link_receive(port->context, 0, buffer, sizeof buffer) == 0);
    CHECK(say(0, "anybody?") == WHIMBREL_OK);
    port->link_close(port->context, 0);
}

/* lwipopts.h has room for four. */
static void more_than_lwip_has(void)
{
    uint8_t link;

    for (link = 0; link < 4; link++)
        CHECK(open_link(link, "10.0.2.2", 0) == WHIMBREL_OK);
    CHECK(open_link(4, "10.0.2.2", 0) == WHIMBREL_ERR_FULL);
    port->link_close(port->context, 0);
    CHECK(open_link(4, "10.0.2.2", 0) == WHIMBREL_OK);
    CHECK(say(4, "echo four") == WHIMBREL_OK && heard(4, "four"));
    for (link = 0; link < 5; link++)
        port->link_close(port->context, link);
    CHECK(open_link(5, "10.0.2.2", 0) == WHIMBREL_ERR_BAD_VALUE);
}

/* The server speaks first, to the port that it knows; QEMU brings it there. */
static void listens(void)
{
    CHECK(open_link(0, "10.0.2.2", WHIMBREL_LINK_LISTEN) == WHIMBREL_OK);
    CHECK(open_link(1, "10.0.2.2", 0) == WHIMBREL_OK);
    CHECK(say(1, "speak first 5683") == WHIMBREL_OK && heard(0, "first"));
    port->link_close(port->context, 0);
    CHECK(open_link(0, "10.0.2.2", WHIMBREL_LINK_LISTEN | WHIMBREL_LINK_SECURE) == WHIMBREL_OK);
    CHECK(say(1, "speak first 5684") == WHIMBREL_OK && heard(0, "first"));
    port->link_close(port->context, 0);
    port->link_close(port->context, 1);
}

/* ---- names */

static int32_t resolve(uint8_t link, const char *host)
{
    int32_t status, reasons = WHIMBREL_FREERTOS_NAME;

    while ((status = open_link(link, host, 0)) == WHIMBREL_PENDING) {
        /* datagrams that were taken before they were waited for end a wait, too */
        do {
            reasons = whimbrel_freertos_wait(rtos, in_a_minute());
        } while (reasons != 0 && (reasons & WHIMBREL_FREERTOS_NAME) == 0);
        if (reasons == 0) return WHIMBREL_ERR_TIMEOUT;
    }
    if (status != WHIMBREL_OK) board_print("%s: %d", host, (int)status);
    return status;
}

static void names(void)
{
    static const char nul[] = { 'a', '\0', 'b' };

    CHECK(open_link(0, "leshan.test", 0) == WHIMBREL_PENDING);
    CHECK(open_link(0, "leshan.test", 0) == WHIMBREL_PENDING);
    CHECK(resolve(0, "leshan.test") == WHIMBREL_OK);
    CHECK(say(0, "echo by name") == WHIMBREL_OK && heard(0, "by name"));
    port->link_close(port->context, 0);
    /* it is known now, and lwIP's thread, which goes first, tells at once; a wait tells of all that came */
    (void)whimbrel_freertos_wait(rtos, 0);
    CHECK(open_link(0, "leshan.test", 0) == WHIMBREL_PENDING);
    whimbrel_freertos_wake(rtos);
    CHECK(whimbrel_freertos_wait(rtos, in_a_minute()) == (WHIMBREL_FREERTOS_NAME | WHIMBREL_FREERTOS_WOKEN));
    CHECK(open_link(0, "leshan.test", 0) == WHIMBREL_OK);
    port->link_close(port->context, 0);
    CHECK(resolve(0, "other.test") == WHIMBREL_ERR_NOT_FOUND);
    CHECK(resolve(0, "silent.test") == WHIMBREL_ERR_NOT_FOUND);
    CHECK(port->link_open(port->context, 0, nul, sizeof nul, peer, 0) == WHIMBREL_ERR_BAD_VALUE);
    memset(buffer, 'n', 256);
    CHECK(port->link_open(port->context, 0, (const char *)buffer, 256, peer, 0) == WHIMBREL_ERR_BAD_VALUE);
    /* names that nobody waits for any more end somewhere, and wake nobody: see give_back() */
    CHECK(open_link(0, "silent-one.test", 0) == WHIMBREL_PENDING);
    port->link_close(port->context, 0);
    CHECK(open_link(0, "10.0.2.2", 0) == WHIMBREL_OK);
    port->link_close(port->context, 0);
    CHECK(open_link(1, "silent-two.test", 0) == WHIMBREL_PENDING);
}

/* ---- hooks */

static int hook_context;

static int32_t hook_read(void *context, uint16_t record, uint8_t *data, size_t size)
{
    (void)data;
    return context == &hook_context && record == 7 && size == 9 ? 5 : -1;
}

static int32_t hook_write(void *context, uint16_t record, const uint8_t *data, size_t size)
{
    (void)data;
    return context == &hook_context && record == 8 && size == 3 ? 6 : -1;
}

static int32_t hook_send(void *context, const uint8_t *tpdu, size_t size)
{
    (void)tpdu;
    return context == &hook_context && size == 4 ? 7 : -1;
}

static int32_t hook_receive(void *context, uint8_t *data, size_t size)
{
    (void)data;
    return context == &hook_context && size == 2 ? 8 : -1;
}

static int32_t hook_transmit(void *context, const uint8_t *command, size_t command_length, uint8_t *response,
                             size_t room, size_t *length)
{
    (void)command;
    (void)response;
    *length = 1;
    return context == &hook_context && command_length == 5 && room == 6 ? 9 : -1;
}

static void hooks(void)
{
    size_t length = 0;

    CHECK(port->storage_read == NULL && port->sms_send == NULL && port->uicc_transmit == NULL);
    CHECK(whimbrel_freertos_storage(rtos, hook_read, NULL, NULL) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_freertos_storage(NULL, hook_read, hook_write, NULL) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_freertos_sms(rtos, NULL, hook_receive, NULL) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_freertos_card(NULL, hook_transmit, NULL) == WHIMBREL_ERR_ARGUMENT);
    CHECK(whimbrel_freertos_storage(rtos, hook_read, hook_write, &hook_context) == WHIMBREL_OK);
    CHECK(whimbrel_freertos_sms(rtos, hook_send, hook_receive, &hook_context) == WHIMBREL_OK);
    CHECK(whimbrel_freertos_card(rtos, hook_transmit, &hook_context) == WHIMBREL_OK);
    CHECK(port->storage_read(port->context, 7, buffer, 9) == 5);
    CHECK(port->storage_write(port->context, 8, buffer, 3) == 6);
    CHECK(port->sms_send(port->context, buffer, 4) == 7);
    CHECK(port->sms_receive(port->context, buffer, 2) == 8);
    CHECK(port->uicc_transmit(port->context, buffer, 5, buffer, 6, &length) == 9 && length == 1);
    CHECK(whimbrel_freertos_storage(rtos, NULL, NULL, NULL) == WHIMBREL_OK && port->storage_read == NULL);
}

/* Lookups that lwIP still has are its own to give back, when it gives up: within half a minute. */
static void give_back(size_t free_before)
{
    const uint64_t until = in_a_minute();

    while (xPortGetFreeHeapSize() != free_before && whimbrel_freertos_now() < until)
        vTaskDelay(100);
    CHECK(xPortGetFreeHeapSize() == free_before);
}

static void run(void *context)
{
    size_t free_before;

    (void)context;
    if (!network_ready()) board_exit(2);
    network_dns("10.0.2.2", (unsigned short)atoi(board_argument("dns", "53")));
    peer = (uint16_t)atoi(board_argument("peer", "0"));
    board_interrupt(BOARD_SPARE_INTERRUPT, interrupted);
    free_before = xPortGetFreeHeapSize();
    arguments();
    memory();
    open_platform();
    wall_clock();
    no_memory();
    random_is_random();
    clock_goes_on();
    waits();
    locks();
    datagrams();
    long_datagram();
    nobody();
    more_than_lwip_has();
    listens();
    hooks();
    names();
    close_platform();
    give_back(free_before);
    board_print("%u passed, %u failed", passed, failed);
    board_exit(failed == 0 ? 0 : 1);
}

int main(void)
{
    network_start();
    xTaskCreate(run, "run", 512, NULL, 2, NULL);
    vTaskStartScheduler();
    return 4;
}
