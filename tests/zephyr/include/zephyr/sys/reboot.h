#ifndef FAKE_ZEPHYR_REBOOT_H
#define FAKE_ZEPHYR_REBOOT_H

#define SYS_REBOOT_COLD 1
void sys_reboot(int type) __attribute__((noreturn));

#endif
