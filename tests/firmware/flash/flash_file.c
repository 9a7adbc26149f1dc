/* See flash_file.h. By semihosting, whose writes are the host's own: what was written is there when QEMU is killed. */
#include "flash_file.h"
#include "board.h"
#include <string.h>

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_SEEK = 0x0A };

static uint32_t file;
static long changes, cut_at;
static int cut_how;

static uint32_t semihost(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void must(int holds, const char *what)
{
    if (holds) return;
    board_print("flash: %s", what);
    board_exit(6);
}

/* SYS_READ or SYS_WRITE of `size` bytes at a place in a sector. */
static void transfer(uint32_t operation, uint32_t sector, uint32_t offset, const void *bytes, size_t size)
{
    const uint32_t seek[] = { file, sector * FLASH_SECTOR + offset };
    const uint32_t block[] = { file, (uint32_t)(uintptr_t)bytes, (uint32_t)size };

    must(sector < 2 && offset + size <= FLASH_SECTOR, "beyond the end");
    must(semihost(SYS_SEEK, seek) == 0 && semihost(operation, block) == 0, "the host's file");
}

static int32_t file_read(void *context, uint32_t sector, uint32_t offset, uint8_t *buffer, size_t size)
{
    (void)context;
    transfer(SYS_READ, sector, offset, buffer, size);
    return WHIMBREL_OK;
}

/* Whether power goes in this change. */
static int is_cut(void)
{
    return changes++ == cut_at;
}

static void power_goes(void)
{
    board_print("cut %ld", changes - 1);
    __asm__ volatile("cpsid i");
    for (;;)
        __asm__ volatile("wfi");
}

static void program_word(uint32_t sector, uint32_t offset, const uint8_t *data)
{
    uint8_t there[FLASH_WORD] = { 0 };
    size_t i;

    transfer(SYS_READ, sector, offset, there, sizeof there);
    for (i = 0; i < sizeof there; i++)
        must(there[i] == 0xff, "a word is programmed twice");
    transfer(SYS_WRITE, sector, offset, data, FLASH_WORD);
}

static int32_t file_program(void *context, uint32_t sector, uint32_t offset, const uint8_t *data, size_t size)
{
    const int cut = is_cut();
    const size_t done = !cut || cut_how == 3 ? size
                        : cut_how == 2       ? size - FLASH_WORD
                        : cut_how == 1       ? size / 16 * 8
                                             : 0;
    uint8_t some[FLASH_WORD];
    size_t i;

    (void)context;
    must(offset % FLASH_WORD == 0 && size % FLASH_WORD == 0, "not aligned");
    for (i = 0; i < done; i += FLASH_WORD)
        program_word(sector, offset + (uint32_t)i, data + i);
    if (cut && cut_how == 2) {
        for (i = 0; i < sizeof some; i++)
            some[i] = data[done + i] | 0x5a;
        program_word(sector, offset + (uint32_t)done, some);
    }
    if (cut) power_goes();
    return WHIMBREL_OK;
}

static int32_t file_erase(void *context, uint32_t sector)
{
    static uint8_t blank[256];
    const int cut = is_cut();
    const uint32_t done = !cut || cut_how == 3 ? FLASH_SECTOR : cut_how == 0 ? 0 : FLASH_SECTOR / 2;
    uint32_t at;

    (void)context;
    memset(blank, 0xff, sizeof blank);
    for (at = 0; at < done; at += sizeof blank)
        transfer(SYS_WRITE, sector, at, blank, sizeof blank);
    if (cut) power_goes();
    return WHIMBREL_OK;
}

const whimbrel_flash_t *flash_file(const char *path, long cut, int how)
{
    static const whimbrel_flash_t flash = {
        .size = sizeof flash,
        .sector_size = FLASH_SECTOR,
        .write_size = FLASH_WORD,
        .read = file_read,
        .program = file_program,
        .erase = file_erase,
    };
    const uint32_t opening[] = { (uint32_t)(uintptr_t)path, 3, (uint32_t)strlen(path) }; /* 3: "r+b" */

    cut_at = cut;
    cut_how = how;
    file = semihost(SYS_OPEN, opening);
    must(file != UINT32_MAX, "no such file");
    return &flash;
}

long flash_file_changes(void)
{
    return changes;
}
