/*
 * The device of card.c on a desk: the card is in a reader that PC/SC knows, and there is no modem. For who personalises cards
 * and wants to see that a device finds its servers on them.
 *
 * usage: card_pcsc READER ENDPOINT [KEY-VERSION KEY-ENC KEY-MAC] [PIN]
 *
 * READER is the beginning of a reader's name, or "" for the first one with a card. The keys, in hexadecimal, are those of SCP03.
 */
#include "whimbrel.h"
#include "whimbrel_mbedtls.h"
#include "whimbrel_pcsc.h"
#include "whimbrel_posix.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNTS 4 /* as many as cards have, that of a bootstrap server included */

static int32_t reboot(void *context)
{
    *(int *)context = 1; /* only noted: the server gets its answer before main() acts */
    return WHIMBREL_OK;
}

static const whimbrel_device_t device = {
    .size = sizeof device,
    .manufacturer = "Whimbrel",
    .model_number = "card_pcsc",
    .reboot = reboot,
};

static const whimbrel_format_t *const formats[] = { &whimbrel_format_tlv };
/* the order matters: whimbrel_uicc comes after the two that it needs */
static const whimbrel_feature_t *const features[] = { &whimbrel_reporting, &whimbrel_dtls,
                                                      &whimbrel_bootstrap, &whimbrel_secure_channel,
                                                      &whimbrel_uicc };

/* What happens, in words; of the card also where and how often. */
static void event(void *context, const whimbrel_event_t *event)
{
    static const char *const steps[] = {
        "?",    "ICCID",       "EF(DIR)", "MANAGE CHANNEL", "SELECT",         "secure channel", "ODF",
        "DODF", "SELECT file", "PIN",     "bootstrap file", "MANAGE CHANNEL", "messages"
    };
    (void)context;
    printf("%s", whimbrel_posix_event_text(event->code));
    if (event->short_server_id != 0) printf(" (server %u)", (unsigned)event->short_server_id);
    if (event->code == WHIMBREL_EVENT_CARD_READ || event->code == WHIMBREL_EVENT_CARD_CHECKED) {
        printf(" (%d commands)", (int)event->status);
    } else if (event->code == WHIMBREL_EVENT_CARD_FAILED) {
        const unsigned step = (unsigned)event->status >> 16, why = (unsigned)event->status & 0xffff;
        printf(": %s: ", step < sizeof steps / sizeof steps[0] ? steps[step] : steps[0]);
        if (why > 0xff) {
            printf("status word %04X", why);
        } else {
            printf("%s", whimbrel_posix_status_text(-(int32_t)why));
        }
    } else if (event->status < 0) {
        printf(": %s", whimbrel_posix_status_text(event->status));
    }
    printf("\n");
    fflush(stdout);
}

/* A wrong PIN is never given twice: three of them lock the card. */
struct pin {
    const char *digits;
    int given;
};

static int32_t pin(void *context, uint8_t reference, uint8_t tries, uint8_t *out)
{
    struct pin *mine = (struct pin *)context;
    const size_t length = mine->digits != NULL ? strlen(mine->digits) : 0;

    (void)reference;
    if (mine->given || tries < 2 || length < 4 || length > 8) return 0;
    mine->given = 1;
    memcpy(out, mine->digits, length);
    return (int32_t)length;
}

/* From hexadecimal digits to bytes: how many, 0 if they are none. */
static size_t from_hex(const char *text, uint8_t *bytes, size_t room)
{
    size_t count = 0;
    unsigned byte;
    int end;

    while (count < room && sscanf(text, "%2x%n", &byte, &end) == 1 && end == 2) {
        bytes[count++] = (uint8_t)byte;
        text += 2;
    }
    return *text == '\0' ? count : 0;
}

static int fail(const char *what, int32_t status)
{
    fprintf(stderr, "card_pcsc: %s: %s\n", what, whimbrel_posix_status_text(status));
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static uint64_t memory[3072]; /* 24 KiB; whimbrel_client_size(&limits) tells what is needed */
    static uint8_t enc[32], mac[32];
    struct pin known = { argc == 4 || argc == 7 ? argv[argc - 1] : NULL, 0 };
    const whimbrel_limits_t limits = {
        .size = sizeof limits,
        .servers = ACCOUNTS,
        .credentials = 256,
        .mtu = 1280,
        .bootstrap = 2048,
        .uicc = 600, /* the longest key or certificate on the card, and 34 */
    };
    whimbrel_uicc_t uicc = { .size = sizeof uicc, .context = &known, .pin = pin };
    const whimbrel_config_t config = {
        .size = sizeof config,
        .endpoint = argc > 2 ? argv[2] : "",
        .limits = &limits,
        .formats = formats,
        .format_count = 1,
        .features = features,
        .feature_count = sizeof features / sizeof features[0],
        .version_max = 11,
        .event = event,
        .uicc = &uicc,
    };
    whimbrel_pcsc_t *pcsc;
    whimbrel_posix_t *posix;
    whimbrel_mbedtls_t *dtls;
    whimbrel_port_t port;
    whimbrel_client_t *client;
    uint64_t next_ms, soon_ms;
    uint32_t before = 0, events = 0;
    int rebooting = 0;
    int32_t status;

    if (argc < 3 || argc > 7 || argc == 5) {
        fprintf(stderr, "usage: card_pcsc READER ENDPOINT [KEY-VERSION KEY-ENC KEY-MAC] [PIN]\n");
        return EXIT_FAILURE;
    }
    if (argc > 5) {
        uicc.secure = WHIMBREL_UICC_REQUIRED;
        uicc.key_version = (uint8_t)strtoul(argv[3], NULL, 0);
        uicc.key_length = (uint8_t)from_hex(argv[4], enc, sizeof enc);
        if (from_hex(argv[5], mac, sizeof mac) != uicc.key_length)
            return fail("keys", WHIMBREL_ERR_BAD_VALUE);
        uicc.key_enc = enc;
        uicc.key_mac = mac;
    }
    status = whimbrel_posix_open(&posix);
    if (status < 0) return fail("platform", status);
    status = whimbrel_pcsc_open(argv[1][0] != '\0' ? argv[1] : NULL, &pcsc);
    if (status < 0) return fail(argv[1], status);

    /* The card, DTLS, and ciphers for the secure channel. */
    whimbrel_posix_card(posix, whimbrel_pcsc_transmit, pcsc);
    port = *whimbrel_posix_port(posix);
    const whimbrel_mbedtls_config_t backend = { .size = sizeof backend, .port = &port, .sessions = ACCOUNTS };
    status = whimbrel_mbedtls_open(&backend, &dtls);
    if (status < 0) return fail("Mbed TLS", status);
    port.security = whimbrel_mbedtls_security(dtls);
    port.crypto = &whimbrel_crypto_software;

    status = whimbrel_client_init(memory, sizeof memory, &config, &port, &client);
    if (status < 0) return fail("client", status);
    status = whimbrel_device_add(client, &device, &rebooting);
    if (status < 0) return fail("object 3", status);

    /* PC/SC is asked every second whether a card has come or gone: nothing else would wake this program. */
    while (!rebooting) {
        status = whimbrel_client_poll(client, &next_ms);
        if (status < 0) return fail("poll", status);
        whimbrel_pcsc_card(pcsc, &events);
        if (events != before) {
            before = events;
            whimbrel_card_changed(client);
        } else if (!rebooting) {
            soon_ms = whimbrel_posix_now() + 1000;
            whimbrel_posix_wait(posix, next_ms < soon_ms ? next_ms : soon_ms, -1);
        }
    }

    /* As a power cut would: nothing is said to the servers. */
    whimbrel_client_end(client);
    memset(enc, 0, sizeof enc);
    memset(mac, 0, sizeof mac);
    whimbrel_pcsc_close(pcsc);
    whimbrel_mbedtls_close(dtls);
    whimbrel_posix_close(posix);
    return EXIT_SUCCESS;
}
