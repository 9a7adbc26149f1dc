/*
 * Two sectors of NOR flash that a test can look into: bits are only cleared, a word is programmed once between two erasures, and
 * power can go, or the driver can fail, in any operation. Header only; for a test that includes it once.
 */
#ifndef FAKE_FLASH_H
#define FAKE_FLASH_H

#include "whimbrel_flash.h"
#include <string.h>

#define FLASH_MOST 4096

/* What is known of a word: erased; programmed; a program that was cut short left it, so that it takes no other; an erasure that was. */
enum word { ERASED, PROGRAMMED, TORN, HALF_ERASED };

/* How far an operation gets in which power goes. */
enum cut {
    CUT_BEFORE,   /* nothing of it happens */
    CUT_UNSEEN,   /* nothing of it is seen, and its first word takes no other program */
    CUT_WORDS,    /* some words are done, of one more some bits */
    CUT_PARALLEL, /* some bits of all */
    CUT_LAST,     /* all is done but bits of the last word */
    CUT_AFTER,    /* all of it happens */
    CUTS
};

struct fake_flash {
    whimbrel_flash_t driver;
    uint8_t bytes[2][FLASH_MOST];
    uint8_t words[2][FLASH_MOST]; /* enum word, of each write_size bytes one */
    int ecc;                      /* a word that was cut short cannot be read */
    int once;                     /* a word is programmed once; else as long as bits are only cleared */
    uint32_t random;
    long changes, reads, erasures[2];
    long cut_at; /* the number of the change in which power goes or the driver fails; -1: none */
    enum cut cut;
    int survives;      /* that was a failure of the driver only */
    long burst;        /* and so many changes after it fail too */
    int lies;          /* and it says that all is well */
    long read_fails;   /* the number of the read that fails; -1: none */
    int off;           /* power is gone */
    long wrong_orders; /* what no driver may be told */
};

static uint32_t chance(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static uint8_t *word_of(struct fake_flash *flash, uint32_t sector, uint32_t offset)
{
    return &flash->words[sector][offset / flash->driver.write_size];
}

static int32_t fake_read(void *context, uint32_t sector, uint32_t offset, uint8_t *buffer, size_t size)
{
    struct fake_flash *flash = (struct fake_flash *)context;
    uint32_t i;

    if (sector > 1 || offset + size > flash->driver.sector_size) {
        flash->wrong_orders++;
        return WHIMBREL_ERR_STORAGE;
    }
    if (flash->off || flash->reads++ == flash->read_fails) return WHIMBREL_ERR_STORAGE;
    memcpy(buffer, flash->bytes[sector] + offset, size);
    for (i = 0; flash->ecc && i < size; i++) {
        const int word = *word_of(flash, sector, offset + i);
        if (word == TORN || word == HALF_ERASED) return WHIMBREL_ERR_MALFORMED;
    }
    return WHIMBREL_OK;
}

/* Programs a word, or some bits of it. Whether that could be. */
static int program_word(struct fake_flash *flash, uint32_t sector, uint32_t offset, const uint8_t *data,
                        int whole)
{
    const uint32_t unit = flash->driver.write_size;
    uint8_t *word = word_of(flash, sector, offset), *bytes = flash->bytes[sector] + offset;
    const int before = *word;
    uint32_t i;

    if (before == HALF_ERASED || (before == PROGRAMMED && flash->once)) flash->wrong_orders++;
    if (before == TORN && flash->once) return 0;
    for (i = 0; i < unit; i++) {
        if ((bytes[i] & data[i]) != data[i]) {
            if (before != TORN) flash->wrong_orders++; /* what nobody can see is nobody's fault */
            return 0;
        }
    }
    *word = whole ? PROGRAMMED : TORN;
    for (i = 0; i < unit; i++)
        bytes[i] &= (uint8_t)(data[i] | (whole ? 0 : chance(&flash->random)));
    return 1;
}

/* What a program that is cut short does to the words. */
static void program_part(struct fake_flash *flash, uint32_t sector, uint32_t offset, const uint8_t *data,
                         uint32_t size)
{
    const uint32_t unit = flash->driver.write_size;
    const uint32_t last = size - unit;
    uint32_t i, torn = last;

    if (flash->cut == CUT_WORDS) torn = chance(&flash->random) % (size / unit) * unit;
    if (flash->cut == CUT_UNSEEN) *word_of(flash, sector, offset) = TORN;
    if (flash->cut == CUT_BEFORE || flash->cut == CUT_UNSEEN) return;
    for (i = 0; i < size; i += unit) {
        const int whole = flash->cut == CUT_AFTER || (i < torn && flash->cut != CUT_PARALLEL);
        if (i > torn) break;
        (void)program_word(flash, sector, offset + i, data + i, whole);
    }
}

/* Whether this change is the one that does not go well. */
static int goes_wrong(struct fake_flash *flash)
{
    const long change = flash->changes++;

    if (flash->cut_at < 0 || change < flash->cut_at || change > flash->cut_at + flash->burst) return 0;
    flash->off = !flash->survives;
    return 1;
}

static int32_t fake_program(void *context, uint32_t sector, uint32_t offset, const uint8_t *data, size_t size)
{
    struct fake_flash *flash = (struct fake_flash *)context;
    const uint32_t unit = flash->driver.write_size;
    uint32_t i;

    if (sector > 1 || offset + size > flash->driver.sector_size || size == 0 || offset % unit != 0 ||
        size % unit != 0 || offset / WHIMBREL_FLASH_CHUNK != (offset + size - 1) / WHIMBREL_FLASH_CHUNK) {
        flash->wrong_orders++;
        return WHIMBREL_ERR_STORAGE;
    }
    if (flash->off) return WHIMBREL_ERR_STORAGE;
    if (goes_wrong(flash)) {
        program_part(flash, sector, offset, data, (uint32_t)size);
        return flash->lies ? WHIMBREL_OK : WHIMBREL_ERR_STORAGE;
    }
    for (i = 0; i < size; i += unit) {
        if (!program_word(flash, sector, offset + i, data + i, 1)) return WHIMBREL_ERR_STORAGE;
    }
    return WHIMBREL_OK;
}

/* What an erasure that is cut short leaves. */
static void erase_part(struct fake_flash *flash, uint32_t sector)
{
    const uint32_t size = flash->driver.sector_size;
    uint32_t i;

    for (i = 0; i < size; i++) {
        uint8_t *byte = &flash->bytes[sector][i];
        if (flash->cut == CUT_WORDS || flash->cut == CUT_PARALLEL) *byte |= (uint8_t)chance(&flash->random);
        if (flash->cut == CUT_LAST && i < size / 2) *byte = 0xff;
        if (flash->cut == CUT_AFTER) *byte = 0xff;
    }
    for (i = 0; i < size && flash->bytes[sector][i] == 0xff; i++)
        ;
    /* nobody can see that, so a driver may say so only if it is well */
    memset(flash->words[sector], flash->lies && i == size ? ERASED : HALF_ERASED,
           sizeof flash->words[sector]);
}

static int32_t fake_erase(void *context, uint32_t sector)
{
    struct fake_flash *flash = (struct fake_flash *)context;

    if (sector > 1) flash->wrong_orders++;
    if (sector > 1 || flash->off) return WHIMBREL_ERR_STORAGE;
    if (goes_wrong(flash)) {
        if (flash->cut != CUT_BEFORE) erase_part(flash, sector);
        return flash->lies ? WHIMBREL_OK : WHIMBREL_ERR_STORAGE;
    }
    flash->erasures[sector]++;
    memset(flash->bytes[sector], 0xff, sizeof flash->bytes[sector]);
    memset(flash->words[sector], ERASED, sizeof flash->words[sector]);
    return WHIMBREL_OK;
}

/* A new chip, with anything in it. */
static void fake_flash(struct fake_flash *flash, uint32_t sector_size, uint32_t write_size, uint32_t seed)
{
    uint32_t i;

    memset(flash, 0, sizeof *flash);
    flash->driver.size = sizeof flash->driver;
    flash->driver.context = flash;
    flash->driver.sector_size = sector_size;
    flash->driver.write_size = write_size;
    flash->driver.read = fake_read;
    flash->driver.program = fake_program;
    flash->driver.erase = fake_erase;
    flash->random = seed;
    flash->once = 1;
    flash->cut_at = flash->read_fails = -1;
    for (i = 0; i < sector_size; i++) {
        flash->bytes[0][i] = (uint8_t)chance(&flash->random);
        flash->bytes[1][i] = (uint8_t)chance(&flash->random);
    }
    memset(flash->words, PROGRAMMED, sizeof flash->words);
}

/* Power is back, and nothing fails any more. */
static void fake_power_on(struct fake_flash *flash)
{
    flash->off = flash->survives = flash->lies = 0;
    flash->burst = 0;
    flash->cut_at = flash->read_fails = -1;
}

#endif /* FAKE_FLASH_H */
