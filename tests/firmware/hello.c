/* The smallest image: a task, a tick, an interrupt, the host's words, and an exit status. */
#include "FreeRTOS.h"
#include "board.h"
#include "semphr.h"
#include "task.h"

static SemaphoreHandle_t came;

static void interrupted(void)
{
    BaseType_t yield = pdFALSE;
    xSemaphoreGiveFromISR(came, &yield);
    portYIELD_FROM_ISR(yield);
}

static void hello(void *context)
{
    (void)context;
    board_interrupt(BOARD_SPARE_INTERRUPT, interrupted);
    vTaskDelay(pdMS_TO_TICKS(20));
    board_pend(BOARD_SPARE_INTERRUPT);
    board_print("hello %s", board_argument("who", "nobody"));
    board_exit(xSemaphoreTake(came, pdMS_TO_TICKS(1000)) == pdTRUE ? 0 : 1);
}

int main(void)
{
    came = xSemaphoreCreateBinary();
    xTaskCreate(hello, "hello", 256, NULL, 2, NULL);
    vTaskStartScheduler();
    return 1;
}
