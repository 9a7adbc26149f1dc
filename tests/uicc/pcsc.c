/*
 * ports/pcsc by hand, for test_pcscd.py: a line is a command APDU in hexadecimal, or `card`, or `pause` (an empty command),
 * or `close` (the reader is let go and opened anew); the answer is a line with the status, and the response or the state.
 * usage: pcsc [READER]
 */
#include "whimbrel_pcsc.h"
#include <stdio.h>
#include <string.h>

/* Bytes of a line in hexadecimal; 0 if it is none. */
static size_t from_hex(const char *line, uint8_t *bytes, size_t room)
{
    size_t length = 0;
    unsigned value;
    int used;

    while (length < room && sscanf(line, "%2x%n", &value, &used) == 1 && used == 2) {
        bytes[length++] = (uint8_t)value;
        line += used;
    }
    return *line == '\n' || *line == '\0' ? length : 0;
}

static void transmit(whimbrel_pcsc_t *pcsc, const char *line)
{
    uint8_t command[261], response[258];
    const size_t command_length = from_hex(line, command, sizeof command);
    size_t length = 0, i;
    int32_t status = WHIMBREL_ERR_ARGUMENT;

    if (command_length > 0) {
        status = whimbrel_pcsc_transmit(pcsc, command, command_length, response, sizeof response, &length);
    }
    printf("%ld ", (long)status);
    for (i = 0; i < length; i++)
        printf("%02x", response[i]);
    printf("\n");
}

int main(int argc, char **argv)
{
    const char *const reader = argc > 1 ? argv[1] : NULL;
    char line[600];
    whimbrel_pcsc_t *pcsc;
    uint32_t events = 0;
    size_t length;
    int32_t status = whimbrel_pcsc_open(reader, &pcsc);

    while (status >= 0 && fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "card\n") == 0) {
            const int32_t card = whimbrel_pcsc_card(pcsc, &events);
            printf("%ld %lu\n", (long)card, (unsigned long)events);
        } else if (strcmp(line, "pause\n") == 0) {
            printf("%ld \n", (long)whimbrel_pcsc_transmit(pcsc, NULL, 0, NULL, 0, &length));
        } else if (strcmp(line, "close\n") == 0) {
            whimbrel_pcsc_close(pcsc);
            status = whimbrel_pcsc_open(reader, &pcsc);
            printf("%ld \n", (long)status);
        } else {
            transmit(pcsc, line);
        }
        fflush(stdout);
    }
    if (status >= 0) whimbrel_pcsc_close(pcsc);
    return status < 0;
}
