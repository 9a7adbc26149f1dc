/*
 * Storage in flash, against flash that forgives nothing and a model that is a table. Power goes in every operation that changes
 * something, in each way of CUTS; the driver fails in every operation, reads included.
 *
 * usage: flash [WRITES]: how long the lives are in which power is cut at every operation.
 */
#include "checks.h"
#include "fake_flash.h"

enum { RECORDS = 9, LONGEST_RECORD = 90 };

/* What the storage must hold. The numbers are those of a client with one server, and the last one. */
static const uint16_t numbers[RECORDS] = { 0, 1, 2, 3, 4, 5, 256, 257, 511 };

struct model {
    size_t length[RECORDS];
    uint8_t bytes[RECORDS][LONGEST_RECORD];
};

struct life {
    struct fake_flash flash;
    whimbrel_store_t store;
    struct model model;
};

/* One write. */
struct order {
    uint32_t which;
    size_t length;
    uint8_t bytes[LONGEST_RECORD];
};

static long cuts, faults;

static struct order next_order(uint32_t *random)
{
    struct order order;
    size_t i;

    order.which = chance(random) % RECORDS;
    /* one in eight removes; the others are as long as those of a client, or short */
    order.length = chance(random) % 8 == 0 ? 0 : 1 + chance(random) % (LONGEST_RECORD - 1);
    for (i = 0; i < sizeof order.bytes; i++)
        order.bytes[i] = (uint8_t)chance(random);
    return order;
}

static void apply(struct model *model, const struct order *order)
{
    model->length[order->which] = order->length;
    memcpy(model->bytes[order->which], order->bytes, sizeof order->bytes);
}

static int32_t write_it(struct life *life, const struct order *order)
{
    return whimbrel_store_write(&life->store, numbers[order->which], order->bytes, order->length);
}

/* Whether a record is what a model says. */
static int same(struct life *life, const struct model *model, uint32_t which)
{
    uint8_t buffer[LONGEST_RECORD];
    const size_t length = model->length[which];
    const int32_t got = whimbrel_store_read(&life->store, numbers[which], buffer, sizeof buffer);

    if (length == 0) return got == WHIMBREL_ERR_NOT_FOUND;
    return got == (int32_t)length && memcmp(buffer, model->bytes[which], length) == 0;
}

/* All is as the model says; where `order` was under way, its record may be that instead, and the model learns it. */
static void compare(struct life *life, const struct order *order)
{
    uint32_t i;

    for (i = 0; i < RECORDS; i++) {
        if (same(life, &life->model, i)) continue;
        if (order != NULL && order->which == i) {
            apply(&life->model, order);
            if (same(life, &life->model, i)) continue;
        }
        CHECK(!"a record is neither what it was nor what it was to be");
        return;
    }
}

static void reopen(struct life *life)
{
    fake_power_on(&life->flash);
    life->flash.driver.context = &life->flash;
    EQUAL(WHIMBREL_OK, whimbrel_store_open(&life->store, &life->flash.driver));
}

/* As reopen(), after a driver that lied: what it did is damage, and that may be told. */
static void reopen_any(struct life *life)
{
    const int lied = life->flash.lies;
    int32_t status;

    fake_power_on(&life->flash);
    status = whimbrel_store_open(&life->store, &life->flash.driver);
    CHECK(status == WHIMBREL_OK || (lied && status == WHIMBREL_ERR_MALFORMED));
}

/* What follows in a life after something went wrong: it is used on, until sectors have changed. */
static void go_on(struct life *life, uint32_t random)
{
    int i;

    for (i = 0; i < 6; i++) {
        const struct order order = next_order(&random);
        if (write_it(life, &order) != WHIMBREL_OK) {
            CHECK(!"a write after a mishap");
            return;
        }
        apply(&life->model, &order);
    }
    compare(life, NULL);
    reopen(life);
    compare(life, NULL);
    EQUAL(WHIMBREL_OK, whimbrel_store_forget(&life->store));
    reopen(life);
    compare(life, NULL);
    EQUAL(0, life->flash.wrong_orders);
}

/* A copy of a life; what it points to is its own, and so is its chance. */
static void copy(struct life *to, const struct life *from)
{
    static uint32_t copies;

    *to = *from;
    to->flash.random ^= ++copies * 2654435761u;
    (void)chance(&to->flash.random);
    to->flash.driver.context = &to->flash;
    to->store.flash = &to->flash.driver;
    to->flash.changes = to->flash.reads = 0;
}

/* Power goes in the change `at` of a write. Once more in the first write of the next life, at a change that chance chooses. */
static void cut(const struct life *before, const struct order *order, long at, enum cut how)
{
    static struct life life;
    struct order second;

    copy(&life, before);
    life.flash.cut_at = at;
    life.flash.cut = how;
    (void)write_it(&life, order);
    CHECK(life.flash.off);
    reopen(&life);
    compare(&life, order);
    reopen(&life);
    compare(&life, NULL); /* what was found once is found again */
    cuts++;

    second = next_order(&life.flash.random);
    life.flash.changes = 0;
    life.flash.cut_at = (long)(chance(&life.flash.random) % 24);
    life.flash.cut = (enum cut)(chance(&life.flash.random) % CUTS);
    if (write_it(&life, &second) == WHIMBREL_OK) {
        apply(&life.model, &second);
    } else {
        cuts++;
    }
    reopen(&life);
    compare(&life, &second);
    go_on(&life, life.flash.random);
}

/*
 * The driver fails in the change `at` of a write, having done any part of it; the power stays. It says so or does not, and does it
 * once or goes on with it for some time.
 */
static void fail_change(const struct life *before, const struct order *order, long at, enum cut how)
{
    static struct life life;
    int32_t status;
    int i;

    copy(&life, before);
    life.flash.cut_at = at;
    life.flash.cut = how;
    life.flash.survives = 1;
    life.flash.lies = (at + (long)how) % 3 == 0;
    life.flash.burst = chance(&life.flash.random) % 4 == 0 ? chance(&life.flash.random) % 8 : 0;
    for (i = 0; i < 3; i++) {
        status = write_it(&life, order);
        CHECK(status == WHIMBREL_OK || status == WHIMBREL_ERR_STORAGE);
        if (status == WHIMBREL_OK) apply(&life.model, order);
        compare(&life, NULL);
    }
    faults++;
    if (at % 2 == 0) {
        reopen_any(&life);
        compare(&life, status == WHIMBREL_OK ? NULL : order);
    }
    life.flash.cut_at = -1;
    go_on(&life, life.flash.random);
}

/* A read fails, in a write or when the storage is opened. */
static void fail_read(const struct life *before, const struct order *order, long at, int restart)
{
    static struct life life;
    int32_t status;

    copy(&life, before);
    life.flash.read_fails = at;
    status = write_it(&life, order);
    CHECK(status == WHIMBREL_OK || status == WHIMBREL_ERR_STORAGE);
    if (status == WHIMBREL_OK) apply(&life.model, order);
    compare(&life, NULL);
    if (!restart) {
        /* a short one, that the full sector may still take: a restart must find it */
        struct order little = next_order(&life.flash.random);
        little.length = 1;
        EQUAL(WHIMBREL_OK, write_it(&life, &little));
        apply(&life.model, &little);
        reopen(&life);
        compare(&life, NULL);
    } else {
        reopen(&life);
        compare(&life, status == WHIMBREL_OK ? NULL : order);
    }

    life.flash.reads = 0;
    life.flash.read_fails = at;
    status = whimbrel_store_open(&life.store, &life.flash.driver);
    CHECK(status == (at < life.flash.reads ? WHIMBREL_ERR_STORAGE : WHIMBREL_OK));
    faults++;
    reopen(&life);
    compare(&life, NULL);
    go_on(&life, life.flash.random);
}

/* A life of so many writes; each of them once for every mishap that it can have. */
static void long_life(uint32_t write_size, int ecc, int writes)
{
    static struct life life, before;
    uint32_t random = 77 + write_size;
    int i;

    memset(&life, 0, sizeof life);
    fake_flash(&life.flash, 1024, write_size, random);
    life.flash.ecc = ecc;
    reopen(&life);
    for (i = 0; i < writes; i++) {
        const struct order order = next_order(&random);
        long changes, reads, at;
        int how;

        before = life;
        life.flash.changes = life.flash.reads = 0;
        EQUAL(WHIMBREL_OK, write_it(&life, &order));
        changes = life.flash.changes;
        reads = life.flash.reads;
        apply(&life.model, &order);
        compare(&life, NULL);
        for (at = 0; at < changes; at++) {
            for (how = 0; how < CUTS; how++) {
                cut(&before, &order, at, (enum cut)how);
                fail_change(&before, &order, at, (enum cut)how);
            }
        }
        /* some of them, and the last ones: whether a sector has taken over */
        for (at = 0; at < reads; at += at < reads - 4 - reads / 16 ? 1 + reads / 16 : 1) {
            fail_read(&before, &order, at, 0);
            fail_read(&before, &order, at, 1);
        }
    }
    EQUAL(0, life.flash.wrong_orders);
    CHECK(life.flash.erasures[0] - life.flash.erasures[1] <= 1);
    CHECK(life.flash.erasures[1] - life.flash.erasures[0] <= 1);
    CHECK(writes < 25 || life.flash.erasures[0] > 0);
}

/* Random writes and restarts against the model, without mishaps. */
static void model_test(uint32_t write_size, int writes)
{
    static struct life life;
    uint32_t random = 4711 + write_size;
    int i;

    memset(&life, 0, sizeof life);
    fake_flash(&life.flash, 2048, write_size, random);
    reopen(&life);
    for (i = 0; i < writes; i++) {
        const struct order order = next_order(&random);
        if (chance(&random) % 16 == 0) reopen(&life);
        EQUAL(WHIMBREL_OK, write_it(&life, &order));
        apply(&life.model, &order);
        compare(&life, NULL);
    }
    EQUAL(0, life.flash.wrong_orders);
}

/* Factory reset, with power going in it: all or nothing, and in the end no trace. */
static void erased(uint32_t write_size)
{
    static struct life life, before;
    static const struct model nothing;
    uint32_t random = 99, i;
    int how;
    long at;

    memset(&before, 0, sizeof before);
    fake_flash(&before.flash, 1024, write_size, random);
    reopen(&before);
    for (i = 0; i < 20; i++) {
        const struct order order = next_order(&random);
        EQUAL(WHIMBREL_OK, write_it(&before, &order));
        apply(&before.model, &order);
    }
    for (at = 0;; at++) {
        for (how = 0; how < CUTS; how++) {
            uint32_t kept = 0, gone = 0;
            copy(&life, &before);
            life.flash.cut_at = at;
            life.flash.cut = (enum cut)how;
            if (whimbrel_store_erase(&life.store) == WHIMBREL_OK) break;
            reopen(&life);
            for (i = 0; i < RECORDS; i++) {
                kept += same(&life, &before.model, i) != 0;
                gone += same(&life, &nothing, i) != 0;
            }
            CHECK(kept == RECORDS || gone == RECORDS);
            cuts++;
            life.model = kept == RECORDS ? before.model : nothing;
            go_on(&life, random + (uint32_t)at);
        }
        if (how < CUTS) break;
    }
    CHECK(at >= 4); /* two erasures and two heads */
    reopen(&life);
    life.model = nothing;
    compare(&life, NULL);
    for (i = 0; i < RECORDS; i++) {
        uint32_t sector, from;
        const size_t length = before.model.length[i];
        for (sector = 0; length > 8 && sector < 2; sector++) {
            for (from = 0; from + 8 < 1024; from++)
                CHECK(memcmp(life.flash.bytes[sector] + from, before.model.bytes[i], 8) != 0);
        }
    }
    go_on(&life, 5);
}

/* Where bytes lie in the sector that holds; 0: nowhere. */
static uint32_t find(const struct life *life, const uint8_t *bytes, size_t size)
{
    uint32_t at, found = 0;

    for (at = 0; at + size <= life->flash.driver.sector_size; at++) {
        if (memcmp(life->flash.bytes[life->store.sector] + at, bytes, size) == 0) found = at;
    }
    return found;
}

/* Cells that go bad long after they were programmed: the record says so, or the storage does; nothing else is touched. */
static void rotten(uint32_t write_size)
{
    static struct life life, whole;
    struct order order;
    uint8_t buffer[LONGEST_RECORD];
    uint32_t i, at;

    memset(&whole, 0, sizeof whole);
    fake_flash(&whole.flash, 1024, write_size, 3);
    reopen(&whole);
    for (i = 0; i < RECORDS; i++) {
        order.which = i;
        order.length = 40;
        memset(order.bytes, (int)(0x30 + i), sizeof order.bytes);
        EQUAL(WHIMBREL_OK, write_it(&whole, &order));
        apply(&whole.model, &order);
    }
    at = find(&whole, whole.model.bytes[3], 40);
    CHECK(at > 12);

    copy(&life, &whole);
    life.flash.bytes[life.store.sector][at + 7] ^= 0x10;
    reopen(&life);
    EQUAL(WHIMBREL_ERR_MALFORMED, whimbrel_store_read(&life.store, numbers[3], buffer, sizeof buffer));
    EQUAL(WHIMBREL_OK, whimbrel_store_forget(&life.store));
    reopen(&life);
    EQUAL(WHIMBREL_ERR_MALFORMED, whimbrel_store_read(&life.store, numbers[3], buffer, sizeof buffer));
    order.which = 3;
    order.length = 12;
    EQUAL(WHIMBREL_OK, write_it(&life, &order));
    apply(&life.model, &order);
    compare(&life, NULL);

    copy(&life, &whole);
    life.flash.bytes[life.store.sector][at - 3] ^= 0x01; /* in its head */
    EQUAL(WHIMBREL_ERR_MALFORMED, whimbrel_store_open(&life.store, &life.flash.driver));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_store_read(&life.store, numbers[3], buffer, sizeof buffer));
    order.length = 13;
    EQUAL(WHIMBREL_OK, write_it(&life, &order));
    apply(&life.model, &order);
    EQUAL(WHIMBREL_ERR_MALFORMED, whimbrel_store_open(&life.store, &life.flash.driver));
    compare(&life, NULL);
    EQUAL(WHIMBREL_OK, whimbrel_store_forget(&life.store));
    reopen(&life); /* the other sector has no such place */
    compare(&life, NULL);

    for (i = 0; i < 20; i++) {
        copy(&life, &whole);
        life.flash.bytes[life.store.sector][i] ^= 0x80; /* in the first head of the sector */
        reopen(&life);
        compare(&life, NULL);
    }
}

/* Too much: refused, and no erasure is spent on it. */
static void too_much(void)
{
    static struct life life;
    static uint8_t large[4096];
    struct order order;
    long erasures;

    memset(&life, 0, sizeof life);
    fake_flash(&life.flash, 1024, 8, 1);
    reopen(&life);
    order.which = 1;
    order.length = 90;
    memset(order.bytes, 9, sizeof order.bytes);
    EQUAL(WHIMBREL_OK, write_it(&life, &order));
    apply(&life.model, &order);
    erasures = life.flash.erasures[0] + life.flash.erasures[1];
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_store_write(&life.store, 7, large, 950));
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_store_write(&life.store, 7, large, sizeof large));
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_store_write(&life.store, 7, large, 70000));
    EQUAL(erasures, life.flash.erasures[0] + life.flash.erasures[1]);
    EQUAL(WHIMBREL_ERR_FULL, whimbrel_store_read(&life.store, 1, large, 89));
    EQUAL(90, whimbrel_store_read(&life.store, 1, large, 90));
    compare(&life, NULL);
    /* what fits only in place of the former one */
    EQUAL(WHIMBREL_OK, whimbrel_store_write(&life.store, 7, large, 700));
    EQUAL(WHIMBREL_OK, whimbrel_store_write(&life.store, 7, large, 701));
    EQUAL(701, whimbrel_store_read(&life.store, 7, large, sizeof large));
    EQUAL(WHIMBREL_OK, whimbrel_store_write(&life.store, 7, NULL, 0));
    EQUAL(WHIMBREL_OK, whimbrel_store_write(&life.store, 7, NULL, 0));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_store_read(&life.store, 7, large, sizeof large));
    compare(&life, NULL);
}

static void misuse(void)
{
    static struct fake_flash flash;
    whimbrel_store_state_t state = { .size = sizeof state };
    whimbrel_store_t store;
    whimbrel_flash_t other;
    uint8_t byte = 1;

    fake_flash(&flash, 1024, 8, 1);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_open(NULL, &flash.driver));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_open(&store, NULL));
    other = flash.driver;
    other.size = 3;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_open(&store, &other));
    other = flash.driver;
    other.erase = NULL;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_open(&store, &other));
    other = flash.driver;
    for (other.write_size = 0; other.write_size < 70; other.write_size++) {
        const uint32_t unit = other.write_size;
        const int good = unit == 1 || unit == 2 || unit == 4 || unit == 8 || unit == 16 || unit == 32;
        EQUAL(good ? WHIMBREL_OK : WHIMBREL_ERR_BAD_VALUE, whimbrel_store_open(&store, &other));
    }
    other = flash.driver;
    other.sector_size = 1020;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_store_open(&store, &other));
    other.sector_size = 128;
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_store_open(&store, &other));

    EQUAL(WHIMBREL_OK, whimbrel_store_open(&store, &flash.driver));
    EQUAL(0, flash.changes);
    EQUAL(WHIMBREL_ERR_NOT_FOUND, whimbrel_store_read(&store, 1, &byte, 1));
    EQUAL(WHIMBREL_OK, whimbrel_store_forget(&store));
    EQUAL(0, flash.changes);
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_write(NULL, 1, &byte, 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_write(&store, 1, NULL, 1));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_store_write(&store, 512, &byte, 1));
    EQUAL(WHIMBREL_OK, whimbrel_store_write(&store, 511, &byte, 1));
    EQUAL(WHIMBREL_ERR_BAD_VALUE, whimbrel_store_read(&store, 512, &byte, 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_read(NULL, 1, &byte, 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_read(&store, 1, NULL, 1));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_erase(NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_forget(NULL));
    EQUAL(WHIMBREL_OK, whimbrel_store_state(&store, &state));
    EQUAL(1, state.erasures);
    EQUAL(16, state.used);
    EQUAL(16, state.live);
    EQUAL(1024 - 48, state.room);
    state.size = 1;
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_store_state(&store, &state));
    /* another driver for the same flash */
    other = flash.driver;
    other.write_size = 4;
    EQUAL(WHIMBREL_ERR_NOT_SUPPORTED, whimbrel_store_open(&store, &other));
}

/* How much a year of the profile of docs/persistence.md wears: three writes of 55 bytes a day beside all else that is stored. */
static void wear(void)
{
    static const struct {
        uint16_t record, length;
    } kept[] = { { 0, 256 },  { 1, 256 },  { 4, 29 },    { 5, 29 },
                 { 256, 25 }, { 257, 25 }, { 258, 202 }, { 259, 202 } };
    static struct fake_flash flash;
    static uint8_t bytes[256];
    whimbrel_store_state_t state = { .size = sizeof state };
    whimbrel_store_t store;
    size_t i;

    fake_flash(&flash, 4096, 8, 1);
    EQUAL(WHIMBREL_OK, whimbrel_store_open(&store, &flash.driver));
    for (i = 0; i < sizeof kept / sizeof kept[0]; i++)
        EQUAL(WHIMBREL_OK, whimbrel_store_write(&store, kept[i].record, bytes, kept[i].length));
    for (i = 0; i < 3 * 365; i++) {
        bytes[0] = (uint8_t)i;
        EQUAL(WHIMBREL_OK, whimbrel_store_write(&store, (uint16_t)(2 + i % 2), bytes, 55));
    }
    EQUAL(WHIMBREL_OK, whimbrel_store_state(&store, &state));
    printf("flash: a year of 3 writes a day in two sectors of 4 KiB: %ld and %ld erasures; %u bytes live of "
           "%u\n",
           flash.erasures[0], flash.erasures[1], (unsigned)state.live, (unsigned)state.room);
    EQUAL(state.erasures, flash.erasures[0] + flash.erasures[1]);
    CHECK(flash.erasures[0] <= 20 && flash.erasures[1] <= 20);
}

int main(int argc, char **argv)
{
    const int writes = argc > 1 ? atoi(argv[1]) : 3;
    uint32_t unit;

    misuse();
    too_much();
    wear();
    for (unit = 1; unit <= 32; unit *= 2) {
        erased(unit);
        rotten(unit);
        model_test(unit, 100 * writes);
        long_life(unit, 0, writes);
        long_life(unit, 1, writes);
    }
    printf("flash: power was cut at %ld points, the driver failed at %ld\n", cuts, faults);
    CHECK(cuts > 500 && faults > 500);
    return verdict("flash");
}
