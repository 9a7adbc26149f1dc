/* Two sectors of NOR flash in a file of the host, which outlives QEMU: the driver of image (c). */
#ifndef FLASH_FILE_H
#define FLASH_FILE_H

#include "whimbrel_flash.h"

#define FLASH_SECTOR 2048
#define FLASH_WORD   8

/*
 * Opens the file, which has two sectors. Bits are only cleared, and a word is programmed once: who wants more ends the image with
 * status 6.
 *
 * In the change number `cut` from now on, programs and erasures counted from 0, power goes: a part of it is done, which `how` chooses
 * (0 nothing, 1 half, 2 all but bits of the last word, 3 all of it), `cut` is printed, and nothing happens any more until the
 * host kills QEMU. Negative: never.
 */
const whimbrel_flash_t *flash_file(const char *path, long cut, int how);

/* How many changes there were. */
long flash_file_changes(void);

#endif /* FLASH_FILE_H */
