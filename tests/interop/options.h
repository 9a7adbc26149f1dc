/* The command line of the interop client, see README.md. */
#ifndef INTEROP_OPTIONS_H
#define INTEROP_OPTIONS_H

#include <whimbrel.h>

#define OPTIONS_SERVERS 4
#define OPTIONS_SUITES  16

/* A file's content, or what a word in hexadecimal says. NULL: the option was not given. */
typedef struct octets_t {
    uint8_t *bytes;
    size_t length;
} octets_t;

typedef struct options_t {
    const char *servers[OPTIONS_SERVERS];
    uint16_t server_count;
    const char *bootstrap; /* the URI of the bootstrap server, or NULL */
    uint32_t hold_off;
    uint8_t access; /* 1: with access control */
    const char *endpoint;
    uint32_t lifetime;
    const char *binding;
    uint8_t version;
    uint16_t datagram;
    uint8_t confirm;
    uint8_t retransmissions;

    /* security; all accounts with a coaps:// URI have the same */
    int mode; /* -1: as the credentials that were given say */
    const char *psk_identity;
    octets_t psk_key;
    octets_t certificate;
    octets_t key;
    octets_t server_key;
    uint8_t usage;
    uint8_t matching;
    const char *sni;
    octets_t trust;
    uint16_t suites[OPTIONS_SUITES];
    size_t suite_count;
    const char *storage;
    uint8_t no_connection_id;
    uint8_t without_clock;
    uint8_t ignore_dates;
    uint16_t mtu;
    int64_t time; /* the wall clock at the start; -1: that of the system */
} options_t;

/* Fills `out`, which has the defaults; 0 for a wrong command line, after a word on standard error. */
int options_parse(int count, char **words, options_t *out);

/* What the account of this URI is secured with; NULL for NoSec. It points into `options`. */
const whimbrel_credentials_t *options_credentials(const options_t *options, const char *uri);

#endif
