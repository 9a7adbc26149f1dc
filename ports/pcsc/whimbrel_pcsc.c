/* Between uicc_transmit and pcsclite: finding a reader, sharing its card, and what PC/SC's codes mean to the client. */
#include "whimbrel_pcsc.h"
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

#define CHANNEL_0(class) (((class) & 0x43) == 0)
#define SELECT           0xa4
#define GET_RESPONSE     0xc0
#define READ_BINARY      0xb0
#define READ_RECORD      0xb2
#define MANAGE_CHANNEL   0x70

struct whimbrel_pcsc_t {
    char wanted[MAX_READERNAME]; /* how the name begins */
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol;
    int running;   /* context is one */
    int connected; /* card is one */
    int held;      /* a transaction keeps others away */
    int channels;  /* logical channels that are open */
    char names[PCSCLITE_MAX_READERS_CONTEXTS * MAX_READERNAME];
    SCARD_READERSTATE states[PCSCLITE_MAX_READERS_CONTEXTS];
};

/* That a card is gone is said code by code, never by default: the client deletes what it has read from it. */
static int32_t status_of(LONG code)
{
    switch (code) {
    case SCARD_S_SUCCESS:
        return WHIMBREL_OK;
    case SCARD_E_NO_SMARTCARD:
    case SCARD_W_REMOVED_CARD:
    case SCARD_E_NO_READERS_AVAILABLE:
    case SCARD_E_UNKNOWN_READER:
    case SCARD_E_READER_UNAVAILABLE:
        return WHIMBREL_ERR_NOT_FOUND;
    case SCARD_W_RESET_CARD:
        return WHIMBREL_ERR_CLOSED;
    case SCARD_E_SHARING_VIOLATION:
        return WHIMBREL_ERR_BUSY;
    case SCARD_E_PROTO_MISMATCH:
        return WHIMBREL_ERR_NOT_SUPPORTED;
    case SCARD_E_INSUFFICIENT_BUFFER:
        return WHIMBREL_ERR_TRUNCATED;
    case SCARD_E_TIMEOUT:
        return WHIMBREL_ERR_TIMEOUT;
    case SCARD_E_NO_MEMORY:
        return WHIMBREL_ERR_FULL;
    default:
        return WHIMBREL_ERR_LINK; /* a card that is mute or unpowered, a reader that fails, a service that is gone */
    }
}

/* ---- the card and the service are let go */

static void release(whimbrel_pcsc_t *pcsc)
{
    if (pcsc->held) SCardEndTransaction(pcsc->card, SCARD_LEAVE_CARD);
    pcsc->held = 0;
}

static void disconnect(whimbrel_pcsc_t *pcsc, DWORD disposition)
{
    release(pcsc);
    if (pcsc->connected) SCardDisconnect(pcsc->card, disposition);
    pcsc->connected = pcsc->channels = 0;
}

/* What the client hears of a code. It counts on it that its channels are closed. */
static int32_t lost(whimbrel_pcsc_t *pcsc, LONG code)
{
    switch (code) {
    case SCARD_W_RESET_CARD:
    case SCARD_W_REMOVED_CARD:
    case SCARD_E_SHARING_VIOLATION: /* there are none any more, and another program may be in the middle of something */
        disconnect(pcsc, SCARD_LEAVE_CARD);
        break;
    case SCARD_E_NO_SERVICE:
    case SCARD_E_SERVICE_STOPPED:
    case SCARD_E_INVALID_HANDLE:
    case SCARD_F_COMM_ERROR: /* the service has ended; another may be there next time */
        disconnect(pcsc, SCARD_LEAVE_CARD);
        if (pcsc->running) SCardReleaseContext(pcsc->context);
        pcsc->running = 0;
        break;
    default:
        disconnect(pcsc, SCARD_RESET_CARD);
    }
    return status_of(code);
}

/* ---- readers */

static LONG start(whimbrel_pcsc_t *pcsc)
{
    LONG code = SCARD_S_SUCCESS;

    if (!pcsc->running) code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &pcsc->context);
    pcsc->running = code == SCARD_S_SUCCESS;
    return code;
}

/* The states of the readers that are meant, how many they are. */
static LONG look(whimbrel_pcsc_t *pcsc, DWORD *count)
{
    DWORD size = sizeof pcsc->names - 1;
    const char *name = pcsc->names;
    LONG code = start(pcsc);

    *count = 0;
    memset(pcsc->names, 0, sizeof pcsc->names);
    if (code == SCARD_S_SUCCESS) code = SCardListReaders(pcsc->context, NULL, pcsc->names, &size);
    if (code != SCARD_S_SUCCESS) return code;
    for (; *name != '\0' && *count < PCSCLITE_MAX_READERS_CONTEXTS; name += strlen(name) + 1) {
        if (strncmp(name, pcsc->wanted, strlen(pcsc->wanted)) != 0) continue;
        memset(&pcsc->states[*count], 0, sizeof pcsc->states[0]);
        pcsc->states[(*count)++].szReader = name;
    }
    if (*count == 0) return SCARD_E_UNKNOWN_READER;
    code = SCardGetStatusChange(pcsc->context, 0, pcsc->states, *count);
    /* nothing new is an answer too */
    return code == SCARD_E_TIMEOUT ? SCARD_S_SUCCESS : code;
}

/* The first reader with a card; NULL: none has one. */
static const char *with_card(const whimbrel_pcsc_t *pcsc, DWORD count)
{
    DWORD i;

    for (i = 0; i < count; i++) {
        if (pcsc->states[i].dwEventState & SCARD_STATE_PRESENT) return pcsc->states[i].szReader;
    }
    return NULL;
}

static LONG connect_card(whimbrel_pcsc_t *pcsc)
{
    const char *name;
    DWORD count;
    LONG code;

    if (pcsc->connected) return SCARD_S_SUCCESS;
    code = look(pcsc, &count);
    if (code != SCARD_S_SUCCESS) return code;
    name = with_card(pcsc, count);
    if (name == NULL) return SCARD_E_NO_SMARTCARD;
    code = SCardConnect(pcsc->context, name, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                        &pcsc->card, &pcsc->protocol);
    pcsc->connected = code == SCARD_S_SUCCESS;
    return code;
}

int32_t whimbrel_pcsc_card(whimbrel_pcsc_t *pcsc, uint32_t *events)
{
    DWORD count, i;
    int32_t status;
    LONG code;

    if (pcsc == NULL) return WHIMBREL_ERR_ARGUMENT;
    code = look(pcsc, &count);
    status = status_of(code);
    if (status == WHIMBREL_ERR_NOT_FOUND)
        count = 0; /* a reader that is away has no card in it */
    else if (status < 0)
        return lost(pcsc, code);
    if (events != NULL) {
        /* PC/SC counts in the upper half of each state */
        *events = (uint32_t)count;
        for (i = 0; i < count; i++)
            *events = *events * 31 + (uint32_t)(pcsc->states[i].dwEventState >> 16);
    }
    return with_card(pcsc, count) != NULL;
}

/* ---- commands */

/*
 * How much of a command is sent. T=0 has no Le where there is data: the card says 61xx, and the client asks for the response
 * (ISO/IEC 7816-3).
 */
static size_t sent_length(const whimbrel_pcsc_t *pcsc, const uint8_t *command, size_t length)
{
    const int has_both = length > 5 && length == (size_t)6 + command[4];
    return pcsc->protocol == SCARD_PROTOCOL_T0 && has_both ? length - 1 : length;
}

static LONG exchange(whimbrel_pcsc_t *pcsc, const uint8_t *command, size_t command_length, uint8_t *response,
                     DWORD *length)
{
    const SCARD_IO_REQUEST *head = pcsc->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
    uint8_t bare[5] = { 0, 0, 0, 0, 0 };
    LONG code = SCARD_S_SUCCESS;

    if (!pcsc->held) code = SCardBeginTransaction(pcsc->card);
    if (code != SCARD_S_SUCCESS) return code;
    pcsc->held = 1;
    command_length = sent_length(pcsc, command, command_length);
    if (command_length == 4 && pcsc->protocol == SCARD_PROTOCOL_T0) {
        /* T=0 has a fifth byte in every command */
        memcpy(bare, command, 4);
        command = bare;
        command_length = sizeof bare;
    }
    return SCardTransmit(pcsc->card, head, command, (DWORD)command_length, NULL, response, length);
}

static int went_well(uint8_t word)
{
    return word == 0x90 || word == 0x91 || word == 0x62 || word == 0x63;
}

/*
 * Whether the next command hangs on this one: the card said that there is more, or a file was selected in the basic channel,
 * which is everybody's.
 */
static int goes_on(const uint8_t *command, uint8_t word)
{
    const uint8_t instruction = command[1];
    const int reads = instruction == SELECT || instruction == READ_BINARY || instruction == READ_RECORD ||
                      instruction == GET_RESPONSE;

    return word == 0x61 || word == 0x6c || word == 0x9f ||
           (CHANNEL_0(command[0]) && reads && went_well(word));
}

static LONG attempt(whimbrel_pcsc_t *pcsc, const uint8_t *command, size_t command_length, uint8_t *response,
                    DWORD *length)
{
    const LONG code = connect_card(pcsc);
    return code == SCARD_S_SUCCESS ? exchange(pcsc, command, command_length, response, length) : code;
}

int32_t whimbrel_pcsc_transmit(void *context, const uint8_t *command, size_t command_length,
                               uint8_t *response, size_t room, size_t *length)
{
    whimbrel_pcsc_t *const pcsc = context;
    int is_new;
    uint8_t word;
    DWORD got = (DWORD)room;
    LONG code;

    if (pcsc == NULL || length == NULL) return WHIMBREL_ERR_ARGUMENT;
    *length = 0;
    if (command_length == 0) {
        release(pcsc);
        return WHIMBREL_OK;
    }
    if (command == NULL || command_length < 4 || response == NULL || room < 2) return WHIMBREL_ERR_ARGUMENT;

    /* whatever became of the card while nothing of ours was open: this is a new beginning */
    is_new = pcsc->connected && !pcsc->held && pcsc->channels == 0;
    code = attempt(pcsc, command, command_length, response, &got);
    if (is_new && (code == SCARD_W_RESET_CARD || code == SCARD_W_REMOVED_CARD)) {
        disconnect(pcsc, SCARD_LEAVE_CARD);
        got = (DWORD)room;
        code = attempt(pcsc, command, command_length, response, &got);
    }
    if (code == SCARD_S_SUCCESS && got < 2) code = SCARD_E_NOT_TRANSACTED; /* a card that keeps silent */
    if (code == SCARD_W_REMOVED_CARD && whimbrel_pcsc_card(pcsc, NULL) == 1) code = SCARD_W_RESET_CARD;
    if (code != SCARD_S_SUCCESS) return lost(pcsc, code);

    word = response[got - 2];
    if (command[1] == MANAGE_CHANNEL && went_well(word)) pcsc->channels += command[2] == 0 ? 1 : -1;
    if (pcsc->channels < 0) pcsc->channels = 0;
    if (!goes_on(command, word)) release(pcsc);
    *length = got;
    return WHIMBREL_OK;
}

/* ---- the port */

int32_t whimbrel_pcsc_open(const char *reader, whimbrel_pcsc_t **pcsc)
{
    whimbrel_pcsc_t *made;

    if (pcsc == NULL) return WHIMBREL_ERR_ARGUMENT;
    *pcsc = NULL;
    if (reader != NULL && strlen(reader) >= sizeof made->wanted) return WHIMBREL_ERR_ARGUMENT;
    made = calloc(1, sizeof *made);
    if (made == NULL) return WHIMBREL_ERR_FULL;
    if (reader != NULL) strcpy(made->wanted, reader);
    *pcsc = made;
    return WHIMBREL_OK;
}

void whimbrel_pcsc_close(whimbrel_pcsc_t *pcsc)
{
    if (pcsc == NULL) return;
    disconnect(pcsc, pcsc->channels > 0 ? SCARD_RESET_CARD : SCARD_LEAVE_CARD);
    if (pcsc->running) SCardReleaseContext(pcsc->context);
    free(pcsc);
}
