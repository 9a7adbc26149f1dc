/* FreeRTOS for the images of tests/firmware. docs/freertos.md says which of these the port needs. */
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

#include "board.h"

#define configCPU_CLOCK_HZ            BOARD_CLOCK_HZ
#define configTICK_RATE_HZ            BOARD_TICK_HZ
#define configTICK_TYPE_WIDTH_IN_BITS TICK_TYPE_WIDTH_32_BITS
/* Ticks of 32 bits overflow in the middle of a test, and not after 49 days. */
#ifndef BOARD_TICKS_BEFORE_OVERFLOW
#define BOARD_TICKS_BEFORE_OVERFLOW 20000
#endif
#define configINITIAL_TICK_COUNT (0u - BOARD_TICKS_BEFORE_OVERFLOW)

#define configUSE_PREEMPTION             1
#define configUSE_TIME_SLICING           0
#define configMAX_PRIORITIES             6
#define configMINIMAL_STACK_SIZE         96
#define configMAX_TASK_NAME_LEN          12
#define configUSE_MUTEXES                1
#define configUSE_RECURSIVE_MUTEXES      1 /* lwIP */
#define configUSE_COUNTING_SEMAPHORES    1
#define configUSE_TASK_NOTIFICATIONS     1
#define configUSE_TIMERS                 1
#define configTIMER_TASK_PRIORITY        4
#define configTIMER_QUEUE_LENGTH         8
#define configTIMER_TASK_STACK_DEPTH     256
#define configSUPPORT_DYNAMIC_ALLOCATION 1
#define configSUPPORT_STATIC_ALLOCATION  0

#ifndef BOARD_HEAP_BYTES
#define BOARD_HEAP_BYTES 49152
#endif
#define configTOTAL_HEAP_SIZE ((size_t)BOARD_HEAP_BYTES)

/* Whoever is idle lets the host rest, too. */
#define configUSE_IDLE_HOOK             1
#define configUSE_TICK_HOOK             0
#define configCHECK_FOR_STACK_OVERFLOW  2
#define configUSE_MALLOC_FAILED_HOOK    0
#define configUSE_TRACE_FACILITY        1
#define configRECORD_STACK_HIGH_ADDRESS 1

#define INCLUDE_vTaskDelay                  1
#define INCLUDE_vTaskDelete                 1
#define INCLUDE_vTaskSuspend                1 /* portMAX_DELAY is for ever */
#define INCLUDE_uxTaskGetStackHighWaterMark 1
#define INCLUDE_xTaskGetCurrentTaskHandle   1
#define INCLUDE_xTaskGetSchedulerState      1

/* Three bits of priority, as these processors have here. board_interrupt() uses the highest that may call FreeRTOS. */
#define configPRIO_BITS                      3
#define configKERNEL_INTERRUPT_PRIORITY      (7 << 5)
#define configMAX_SYSCALL_INTERRUPT_PRIORITY BOARD_INTERRUPT_PRIORITY

/* For ports of v8-M: all of it secure, without MPU. */
#define configENABLE_FPU                0
#define configENABLE_MPU                0
#define configENABLE_TRUSTZONE          0
#define configRUN_FREERTOS_SECURE_ONLY  1
#define configMINIMAL_SECURE_STACK_SIZE 256

#define vPortSVCHandler    SVC_Handler
#define xPortPendSVHandler PendSV_Handler
/* start.c has the handler of SysTick, which calls the kernel's */
#define xPortSysTickHandler board_kernel_tick
#define SysTick_Handler     board_kernel_tick

#define configASSERT(x)                                                 \
    do {                                                                \
        if (!(x)) {                                                     \
            board_print("FreeRTOS: %s:%d: %s", __FILE__, __LINE__, #x); \
            board_exit(95);                                             \
        }                                                               \
    } while (0)

/* Every change of the running task is counted. */
extern volatile uint32_t board_switches;
#define traceTASK_SWITCHED_IN() (board_switches++)

#endif /* FREERTOS_CONFIG_H */
