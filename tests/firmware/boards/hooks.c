/* What FreeRTOS asks of an application. */
#include "FreeRTOS.h"
#include "board.h"
#include "task.h"

volatile uint32_t board_switches;

void vApplicationIdleHook(void)
{
    __asm__ volatile("wfi");
}

void vApplicationStackOverflowHook(TaskHandle_t task, char *name)
{
    (void)task;
    board_print("FreeRTOS: the stack of %s is too small", name);
    board_exit(94);
}
