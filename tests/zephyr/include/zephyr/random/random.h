#ifndef FAKE_ZEPHYR_RANDOM_H
#define FAKE_ZEPHYR_RANDOM_H

#include <stddef.h>

int sys_csrand_get(void *target, size_t size);

#endif
