/*
 * ports/pcsc on a PC/SC of the test's own: every call of pcsclite that the port makes ends here, and gives the code that the
 * test asks for. What is checked is what the client hears, and what is said to PC/SC: who keeps others away, who resets.
 */
#include "checks.h"
#include "whimbrel_pcsc.h"
#include <string.h>
#include <winscard.h>

const SCARD_IO_REQUEST g_rgSCardT0Pci = { SCARD_PROTOCOL_T0, sizeof(SCARD_IO_REQUEST) };
const SCARD_IO_REQUEST g_rgSCardT1Pci = { SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST) };
const SCARD_IO_REQUEST g_rgSCardRawPci = { SCARD_PROTOCOL_RAW, sizeof(SCARD_IO_REQUEST) };

/* ---- the fake: two readers, a card in one of them */

enum { ESTABLISH, LIST, STATUS, CONNECT, BEGIN, TRANSMIT, CALLS };

static struct {
    const char *readers; /* names, each ended by a NUL, and one more */
    DWORD readers_size;
    int inserted[2];
    unsigned events[2]; /* as PC/SC counts them */
    DWORD protocol;
    LONG next[CALLS]; /* the code of the next call, once */
    int silent;       /* the next response has no bytes */
    char connected_to[64];
    DWORD disposition; /* of the last SCardDisconnect */
    int contexts, cards, transactions, connects, resets, sent;
    uint8_t command[300];
    DWORD command_length;
    uint8_t response[300];
    DWORD response_length;
} fake;

static LONG code_of(int call)
{
    const LONG code = fake.next[call];
    fake.next[call] = SCARD_S_SUCCESS;
    return code;
}

LONG SCardEstablishContext(DWORD scope, LPCVOID one, LPCVOID two, LPSCARDCONTEXT context)
{
    const LONG code = code_of(ESTABLISH);
    (void)one;
    (void)two;
    EQUAL(SCARD_SCOPE_SYSTEM, scope);
    if (code == SCARD_S_SUCCESS) *context = ++fake.contexts;
    return code;
}

LONG SCardReleaseContext(SCARDCONTEXT context)
{
    EQUAL(fake.contexts, context);
    fake.contexts--;
    return SCARD_S_SUCCESS;
}

LONG SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD size)
{
    const LONG code = code_of(LIST);
    EQUAL(fake.contexts, context);
    CHECK(groups == NULL);
    if (code != SCARD_S_SUCCESS) return code;
    if (fake.readers == NULL) return SCARD_E_NO_READERS_AVAILABLE;
    CHECK(*size >= fake.readers_size);
    memcpy(names, fake.readers, fake.readers_size);
    *size = fake.readers_size;
    return SCARD_S_SUCCESS;
}

LONG SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states, DWORD count)
{
    DWORD i;
    const LONG code = code_of(STATUS);
    EQUAL(fake.contexts, context);
    EQUAL(0, timeout); /* the port never waits here */
    for (i = 0; i < count; i++) {
        const int reader = strstr(states[i].szReader, "Second") != NULL;
        EQUAL(SCARD_STATE_UNAWARE, states[i].dwCurrentState);
        states[i].dwEventState = fake.inserted[reader] ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;
        states[i].dwEventState |= SCARD_STATE_CHANGED | (DWORD)fake.events[reader] << 16;
    }
    return code;
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols, LPSCARDHANDLE card,
                  LPDWORD protocol)
{
    const LONG code = code_of(CONNECT);
    EQUAL(fake.contexts, context);
    EQUAL(SCARD_SHARE_SHARED, share);
    EQUAL(SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, protocols);
    fake.connects++;
    if (code != SCARD_S_SUCCESS) return code;
    EQUAL(0, fake.cards);
    fake.cards++;
    strncpy(fake.connected_to, reader, sizeof fake.connected_to - 1);
    *card = 77;
    *protocol = fake.protocol;
    return SCARD_S_SUCCESS;
}

LONG SCardDisconnect(SCARDHANDLE card, DWORD disposition)
{
    EQUAL(77, card);
    EQUAL(1, fake.cards);
    EQUAL(0, fake.transactions);
    fake.cards--;
    fake.disposition = disposition;
    fake.resets += disposition == SCARD_RESET_CARD;
    return SCARD_S_SUCCESS;
}

LONG SCardBeginTransaction(SCARDHANDLE card)
{
    const LONG code = code_of(BEGIN);
    EQUAL(77, card);
    EQUAL(0, fake.transactions);
    fake.transactions += code == SCARD_S_SUCCESS;
    return code;
}

LONG SCardEndTransaction(SCARDHANDLE card, DWORD disposition)
{
    EQUAL(77, card);
    EQUAL(1, fake.transactions);
    EQUAL(SCARD_LEAVE_CARD, disposition);
    fake.transactions--;
    return SCARD_S_SUCCESS;
}

LONG SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *send, LPCBYTE command, DWORD command_length,
                   SCARD_IO_REQUEST *receive, LPBYTE response, LPDWORD length)
{
    const LONG code = code_of(TRANSMIT);
    EQUAL(77, card);
    EQUAL(1, fake.transactions); /* never between the commands of others */
    EQUAL(fake.protocol, send->dwProtocol);
    CHECK(receive == NULL);
    memcpy(fake.command, command, command_length);
    fake.command_length = command_length;
    fake.sent++;
    if (code != SCARD_S_SUCCESS) return code;
    if (*length < fake.response_length) return SCARD_E_INSUFFICIENT_BUFFER;
    memcpy(response, fake.response, fake.response_length);
    *length = fake.silent ? 0 : fake.response_length;
    fake.silent = 0;
    return SCARD_S_SUCCESS;
}

/* ---- the stage */

static const char both[] = "First reader 00 00\0Second reader 00 00\0";

static const uint8_t open_channel[] = { 0x00, 0x70, 0x00, 0x00, 0x01 };
static const uint8_t close_channel[] = { 0x00, 0x70, 0x80, 0x01 };
static const uint8_t select_dir[] = { 0x00, 0xa4, 0x00, 0x04, 0x02, 0x2f, 0x00, 0x00 };
static const uint8_t get_response[] = { 0x00, 0xc0, 0x00, 0x00, 0x1c };
static const uint8_t read_record[] = { 0x00, 0xb2, 0x01, 0x04, 0x30 };
static const uint8_t read_binary[] = { 0x01, 0xb0, 0x00, 0x00, 0x20 };

/* Two readers, a card with T=1 in the second one. */
static whimbrel_pcsc_t *stage(const char *name)
{
    whimbrel_pcsc_t *pcsc = NULL;
    memset(&fake, 0, sizeof fake);
    fake.readers = both;
    fake.readers_size = sizeof both;
    fake.inserted[1] = 1;
    fake.protocol = SCARD_PROTOCOL_T1;
    EQUAL(WHIMBREL_OK, whimbrel_pcsc_open(name, &pcsc));
    return pcsc;
}

/* The end of a test: nothing is left open, in whatever way it went. */
static void over(whimbrel_pcsc_t *pcsc)
{
    whimbrel_pcsc_close(pcsc);
    EQUAL(0, fake.contexts);
    EQUAL(0, fake.cards);
    EQUAL(0, fake.transactions);
}

/* Sends a command to a card that answers with data of so many bytes and this status word. */
static int32_t ask_for(whimbrel_pcsc_t *pcsc, const uint8_t *command, size_t size, DWORD data, unsigned word)
{
    uint8_t response[258];
    size_t length = 99;
    int32_t status;

    memset(fake.response, 0xaa, data);
    fake.response[data] = (uint8_t)(word >> 8);
    fake.response[data + 1] = (uint8_t)word;
    fake.response_length = data + 2;
    status = whimbrel_pcsc_transmit(pcsc, command, size, response, sizeof response, &length);
    EQUAL(status == WHIMBREL_OK ? data + 2 : 0, length);
    if (status == WHIMBREL_OK) CHECK(memcmp(response, fake.response, length) == 0);
    return status;
}

#define ASK(command, data, word) ask_for(pcsc, command, sizeof command, data, word)

/* ---- tests */

static void test_arguments(void)
{
    char name[MAX_READERNAME + 1];
    whimbrel_pcsc_t *pcsc = stage(NULL);
    uint8_t response[258];
    size_t length = 99;

    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_pcsc_open(NULL, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_pcsc_card(NULL, NULL));
    whimbrel_pcsc_close(NULL);
    EQUAL(WHIMBREL_ERR_ARGUMENT,
          whimbrel_pcsc_transmit(NULL, open_channel, 5, response, sizeof response, &length));
    EQUAL(WHIMBREL_ERR_ARGUMENT,
          whimbrel_pcsc_transmit(pcsc, open_channel, 5, response, sizeof response, NULL));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_pcsc_transmit(pcsc, NULL, 5, response, sizeof response, &length));
    EQUAL(WHIMBREL_ERR_ARGUMENT,
          whimbrel_pcsc_transmit(pcsc, open_channel, 3, response, sizeof response, &length));
    EQUAL(WHIMBREL_ERR_ARGUMENT,
          whimbrel_pcsc_transmit(pcsc, open_channel, 5, NULL, sizeof response, &length));
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_pcsc_transmit(pcsc, open_channel, 5, response, 1, &length));
    EQUAL(0, fake.contexts);
    EQUAL(WHIMBREL_OK, whimbrel_pcsc_transmit(pcsc, NULL, 0, NULL, 0, &length));
    EQUAL(0, length);
    over(pcsc);

    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    EQUAL(WHIMBREL_ERR_ARGUMENT, whimbrel_pcsc_open(name, &pcsc));
    CHECK(pcsc == NULL);
    name[sizeof name - 2] = '\0';
    EQUAL(WHIMBREL_OK, whimbrel_pcsc_open(name, &pcsc));
    whimbrel_pcsc_close(pcsc);
}

static void test_the_reader_is_found_by_its_card_or_by_its_name(void)
{
    whimbrel_pcsc_t *pcsc = stage(NULL);
    EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
    CHECK(strcmp(fake.connected_to, "Second reader 00 00") == 0);
    over(pcsc);

    pcsc = stage("First");
    EQUAL(WHIMBREL_ERR_NOT_FOUND, ASK(open_channel, 1, 0x9000));
    EQUAL(0, fake.connects);
    fake.inserted[0] = 1;
    EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
    CHECK(strcmp(fake.connected_to, "First reader 00 00") == 0);
    over(pcsc);

    pcsc = stage("Third");
    EQUAL(WHIMBREL_ERR_NOT_FOUND, ASK(open_channel, 1, 0x9000));
    EQUAL(0, whimbrel_pcsc_card(pcsc, NULL));
    fake.readers = NULL;
    EQUAL(WHIMBREL_ERR_NOT_FOUND, ASK(open_channel, 1, 0x9000));
    over(pcsc);
}

/* ISO/IEC 7816-3: with T=0 there is no Le behind data, and a fifth byte where there is nothing else. */
static void test_commands_as_each_protocol_has_them(void)
{
    whimbrel_pcsc_t *pcsc = stage(NULL);
    EQUAL(WHIMBREL_OK, ASK(select_dir, 0x1c, 0x9000));
    EQUAL(sizeof select_dir, fake.command_length);
    EQUAL(WHIMBREL_OK, ASK(close_channel, 0, 0x9000));
    EQUAL(sizeof close_channel, fake.command_length);
    over(pcsc);

    pcsc = stage(NULL);
    fake.protocol = SCARD_PROTOCOL_T0;
    EQUAL(WHIMBREL_OK, ASK(select_dir, 0, 0x611c));
    EQUAL(sizeof select_dir - 1, fake.command_length);
    CHECK(memcmp(fake.command, select_dir, sizeof select_dir - 1) == 0);
    EQUAL(WHIMBREL_OK, ASK(get_response, 0x1c, 0x9000));
    EQUAL(sizeof get_response, fake.command_length);
    EQUAL(WHIMBREL_OK, ask_for(pcsc, select_dir, sizeof select_dir - 1, 0, 0x611c));
    EQUAL(sizeof select_dir - 1, fake.command_length);
    EQUAL(WHIMBREL_OK, ASK(close_channel, 0, 0x9000));
    EQUAL(5, fake.command_length);
    CHECK(memcmp(fake.command, close_channel, 4) == 0 && fake.command[4] == 0);
    over(pcsc);
}

static void test_responses_of_256_bytes_and_longer_ones(void)
{
    whimbrel_pcsc_t *pcsc = stage(NULL);
    uint8_t response[20];
    size_t length;

    EQUAL(WHIMBREL_OK, ASK(read_binary, 256, 0x9000));
    EQUAL(WHIMBREL_ERR_TRUNCATED,
          whimbrel_pcsc_transmit(pcsc, read_binary, 5, response, sizeof response, &length));
    EQUAL(0, length);
    EQUAL(1, fake.resets); /* so that channels are closed, as the client believes */
    over(pcsc);
}

/* Others are kept away while something hangs on the next command, and not longer. */
static void test_transactions(void)
{
    whimbrel_pcsc_t *pcsc = stage(NULL);
    size_t length;

    EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
    EQUAL(0, fake.transactions);
    EQUAL(WHIMBREL_OK, ASK(select_dir, 0, 0x611c));
    EQUAL(1, fake.transactions);
    EQUAL(WHIMBREL_OK, ASK(get_response, 0x1c, 0x9000));
    EQUAL(1, fake.transactions); /* the file is selected in the basic channel */
    EQUAL(WHIMBREL_OK, ASK(read_record, 0x30, 0x9000));
    EQUAL(1, fake.transactions);
    EQUAL(WHIMBREL_OK, ASK(read_record, 0, 0x6a83));
    EQUAL(0, fake.transactions);
    EQUAL(WHIMBREL_OK, ASK(read_binary, 0x20, 0x9000));
    EQUAL(0, fake.transactions); /* channel 1 is ours anyway */
    EQUAL(WHIMBREL_OK, ASK(read_binary, 0, 0x6c10));
    EQUAL(1, fake.transactions);
    EQUAL(WHIMBREL_OK, whimbrel_pcsc_transmit(pcsc, NULL, 0, NULL, 0, &length));
    EQUAL(0, fake.transactions); /* given up */
    EQUAL(WHIMBREL_OK, ASK(read_binary, 0, 0x9f10));
    EQUAL(1, fake.transactions); /* 61xx of older cards */
    EQUAL(WHIMBREL_OK, ASK(select_dir, 0x1c, 0x9000));
    EQUAL(1, fake.transactions);
    EQUAL(WHIMBREL_OK, ASK(close_channel, 0, 0x9000));
    EQUAL(0, fake.transactions);
    EQUAL(WHIMBREL_OK, ASK(select_dir, 0x1c, 0x9000));
    over(pcsc); /* ends the one that is held */
    EQUAL(SCARD_LEAVE_CARD, fake.disposition);
}

static void test_a_channel_that_is_still_open_is_closed_by_a_reset(void)
{
    whimbrel_pcsc_t *pcsc = stage(NULL);
    EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
    EQUAL(WHIMBREL_OK, ASK(close_channel, 0, 0x9000));
    over(pcsc);
    EQUAL(SCARD_LEAVE_CARD, fake.disposition);

    pcsc = stage(NULL);
    EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
    EQUAL(WHIMBREL_OK, ASK(close_channel, 0, 0x6a81));
    over(pcsc);
    EQUAL(SCARD_RESET_CARD, fake.disposition);

    pcsc = stage(NULL);
    EQUAL(WHIMBREL_OK, ASK(close_channel, 0, 0x9000)); /* another program's */
    EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
    over(pcsc);
    EQUAL(SCARD_RESET_CARD, fake.disposition);

    pcsc = stage(NULL);
    EQUAL(WHIMBREL_OK, ASK(open_channel, 0, 0x6a81));
    over(pcsc);
    EQUAL(SCARD_LEAVE_CARD, fake.disposition);
}

static void test_a_reset_by_others_ends_what_was_open(void)
{
    static const int calls[] = { BEGIN, TRANSMIT };
    size_t i;

    for (i = 0; i < 2; i++) {
        whimbrel_pcsc_t *pcsc = stage(NULL);
        EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
        fake.next[calls[i]] = SCARD_W_RESET_CARD;
        EQUAL(WHIMBREL_ERR_CLOSED, ASK(read_binary, 0x20, 0x9000));
        EQUAL(SCARD_LEAVE_CARD, fake.disposition); /* not into the others' work */
        EQUAL(0, fake.cards);
        EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
        EQUAL(2, fake.connects);
        over(pcsc);
    }
}

static void test_a_reset_between_two_visits_is_none_of_the_clients_business(void)
{
    static const LONG codes[] = { SCARD_W_RESET_CARD, SCARD_W_REMOVED_CARD };
    size_t i;

    for (i = 0; i < 2; i++) {
        whimbrel_pcsc_t *pcsc = stage(NULL);
        EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
        EQUAL(WHIMBREL_OK, ASK(close_channel, 0, 0x9000));
        fake.next[BEGIN] = codes[i];
        EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
        EQUAL(2, fake.connects);
        EQUAL(0, fake.resets);
        /* and when there is no card any more, that is what is said */
        EQUAL(WHIMBREL_OK, ASK(close_channel, 0, 0x9000));
        fake.next[BEGIN] = codes[i];
        fake.inserted[1] = 0;
        EQUAL(WHIMBREL_ERR_NOT_FOUND, ASK(open_channel, 1, 0x9000));
        over(pcsc);
    }
}

static void test_a_card_that_is_taken_out_in_the_middle(void)
{
    whimbrel_pcsc_t *pcsc = stage(NULL);
    EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
    fake.next[TRANSMIT] = SCARD_W_REMOVED_CARD;
    fake.inserted[1] = 0;
    EQUAL(WHIMBREL_ERR_NOT_FOUND, ASK(read_binary, 0x20, 0x9000));
    EQUAL(WHIMBREL_ERR_NOT_FOUND, ASK(open_channel, 1, 0x9000));
    fake.inserted[1] = 1;
    EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
    /* out and in again: there is a card, but none that knows the channel */
    fake.next[TRANSMIT] = SCARD_W_REMOVED_CARD;
    EQUAL(WHIMBREL_ERR_CLOSED, ASK(read_binary, 0x20, 0x9000));
    over(pcsc);
}

static void test_every_code(void)
{
    static const struct {
        int call;
        LONG code;
        int32_t status;
    } cases[] = {
        { ESTABLISH, SCARD_E_NO_SERVICE, WHIMBREL_ERR_LINK },
        { ESTABLISH, SCARD_E_NO_MEMORY, WHIMBREL_ERR_FULL },
        { LIST, SCARD_E_NO_READERS_AVAILABLE, WHIMBREL_ERR_NOT_FOUND },
        { LIST, SCARD_E_NO_SERVICE, WHIMBREL_ERR_LINK },
        { LIST, SCARD_F_COMM_ERROR, WHIMBREL_ERR_LINK },
        { STATUS, SCARD_E_UNKNOWN_READER, WHIMBREL_ERR_NOT_FOUND },
        { STATUS, SCARD_E_SERVICE_STOPPED, WHIMBREL_ERR_LINK },
        { STATUS, SCARD_E_TIMEOUT, WHIMBREL_OK },
        { CONNECT, SCARD_E_NO_SMARTCARD, WHIMBREL_ERR_NOT_FOUND },
        { CONNECT, SCARD_W_REMOVED_CARD, WHIMBREL_ERR_CLOSED }, /* it is there again: the state says so */
        { CONNECT, SCARD_E_UNKNOWN_READER, WHIMBREL_ERR_NOT_FOUND },
        { CONNECT, SCARD_E_READER_UNAVAILABLE, WHIMBREL_ERR_NOT_FOUND },
        { CONNECT, SCARD_E_SHARING_VIOLATION, WHIMBREL_ERR_BUSY },
        { CONNECT, SCARD_E_PROTO_MISMATCH, WHIMBREL_ERR_NOT_SUPPORTED },
        { CONNECT, SCARD_W_UNPOWERED_CARD, WHIMBREL_ERR_LINK },
        { CONNECT, SCARD_W_UNRESPONSIVE_CARD, WHIMBREL_ERR_LINK },
        { CONNECT, SCARD_W_UNSUPPORTED_CARD, WHIMBREL_ERR_LINK },
        { BEGIN, SCARD_E_SHARING_VIOLATION, WHIMBREL_ERR_BUSY },
        { BEGIN, SCARD_E_INVALID_HANDLE, WHIMBREL_ERR_LINK },
        { BEGIN, SCARD_W_RESET_CARD, WHIMBREL_ERR_CLOSED },
        { TRANSMIT, SCARD_E_NOT_TRANSACTED, WHIMBREL_ERR_LINK },
        { TRANSMIT, SCARD_E_INSUFFICIENT_BUFFER, WHIMBREL_ERR_TRUNCATED },
        { TRANSMIT, SCARD_E_TIMEOUT, WHIMBREL_ERR_TIMEOUT },
        { TRANSMIT, SCARD_E_NO_SERVICE, WHIMBREL_ERR_LINK },
        { TRANSMIT, SCARD_E_READER_UNAVAILABLE, WHIMBREL_ERR_NOT_FOUND },
        { TRANSMIT, SCARD_W_SECURITY_VIOLATION, WHIMBREL_ERR_LINK },
        { TRANSMIT, (LONG)0x12345678, WHIMBREL_ERR_LINK },
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        whimbrel_pcsc_t *pcsc = stage(NULL);
        fake.next[cases[i].call] = cases[i].code;
        EQUAL(cases[i].status, ASK(open_channel, 1, 0x9000));
        /* and the next command finds a new connection */
        EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
        over(pcsc);
    }
}

/* A card that does not answer is reset; a service that has ended is not asked for anything. */
static void test_what_is_done_after_an_error(void)
{
    whimbrel_pcsc_t *pcsc = stage(NULL);
    fake.silent = 1;
    EQUAL(WHIMBREL_ERR_LINK, ASK(open_channel, 1, 0x9000));
    EQUAL(1, fake.resets);
    fake.next[TRANSMIT] = SCARD_E_NOT_TRANSACTED;
    EQUAL(WHIMBREL_ERR_LINK, ASK(open_channel, 1, 0x9000));
    EQUAL(2, fake.resets);
    EQUAL(1, fake.contexts);
    fake.next[TRANSMIT] = SCARD_E_SERVICE_STOPPED;
    EQUAL(WHIMBREL_ERR_LINK, ASK(open_channel, 1, 0x9000));
    EQUAL(2, fake.resets);
    EQUAL(0, fake.contexts);
    EQUAL(WHIMBREL_OK, ASK(open_channel, 1, 0x9000));
    over(pcsc);
}

static void test_a_card_is_looked_for_without_a_connection(void)
{
    whimbrel_pcsc_t *pcsc = stage(NULL);
    uint32_t first = 0, second = 0;

    EQUAL(1, whimbrel_pcsc_card(pcsc, &first));
    EQUAL(1, whimbrel_pcsc_card(pcsc, &second));
    EQUAL(first, second);
    fake.events[1] += 2; /* out and in again */
    EQUAL(1, whimbrel_pcsc_card(pcsc, &second));
    CHECK(first != second);
    fake.events[1]++;
    fake.inserted[1] = 0;
    EQUAL(0, whimbrel_pcsc_card(pcsc, NULL));
    fake.readers = NULL;
    EQUAL(0, whimbrel_pcsc_card(pcsc, &second));
    fake.next[LIST] = SCARD_E_NO_SERVICE;
    EQUAL(WHIMBREL_ERR_LINK, whimbrel_pcsc_card(pcsc, &second));
    EQUAL(0, fake.connects);
    over(pcsc);
}

int main(void)
{
    test_arguments();
    test_the_reader_is_found_by_its_card_or_by_its_name();
    test_commands_as_each_protocol_has_them();
    test_responses_of_256_bytes_and_longer_ones();
    test_transactions();
    test_a_channel_that_is_still_open_is_closed_by_a_reset();
    test_a_reset_by_others_ends_what_was_open();
    test_a_reset_between_two_visits_is_none_of_the_clients_business();
    test_a_card_that_is_taken_out_in_the_middle();
    test_every_code();
    test_what_is_done_after_an_error();
    test_a_card_is_looked_for_without_a_connection();
    return verdict("pcsc_port");
}
