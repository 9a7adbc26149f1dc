/* The command line of the interop client: pairs of a name and a value. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: interop-client [--server URI [--server URI]] [--bootstrap URI [--hold-off S]] --endpoint NAME\n"
    "  [--lifetime S] [--binding U|UQ] [--access yes|no] [--version 1.0|1.1] [--datagram BYTES] [--confirm "
    "yes|no] [--retransmissions N]\n"
    "  [--psk-identity TEXT --psk-key HEX | --certificate FILE --key FILE --server-key FILE] [--mode 0..3]\n"
    "  [--usage 0..3|none] [--matching 0..3] [--sni NAME] [--trust FILE] [--suites HEX,HEX] [--storage "
    "DIRECTORY]\n"
    "  [--cid yes|no] [--clock yes|no|ignored] [--time SECONDS] [--mtu BYTES]\n";

static int read_file(const char *name, octets_t *out)
{
    static const size_t most = 16384;
    FILE *file = fopen(name, "rb");
    if (file) {
        out->bytes = malloc(most);
        out->length = out->bytes ? fread(out->bytes, 1, most, file) : 0;
        fclose(file);
    }
    return out->length > 0;
}

static int read_hex(const char *text, octets_t *out)
{
    unsigned byte;
    out->bytes = malloc(strlen(text) / 2 + 1);
    for (; out->bytes && sscanf(text, "%2x", &byte) == 1 && text[1]; text += 2) {
        out->bytes[out->length++] = (uint8_t)byte;
    }
    return out->bytes && !*text;
}

static int read_suites(const char *text, options_t *out)
{
    char *end = NULL;
    while (out->suite_count < OPTIONS_SUITES) {
        out->suites[out->suite_count++] = (uint16_t)strtoul(text, &end, 16);
        if (end == text || !*end) {
            return end != text;
        }
        text = end + 1;
    }
    return 0;
}

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

static int yes(const char *text)
{
    return strcmp(text, "yes") == 0;
}

/* 1: taken; 0: taken, and wrong; -1: not an option of this group. */
static int general(const char *name, const char *value, options_t *out)
{
    if (strcmp(name, "--server") == 0) {
        if (out->server_count == OPTIONS_SERVERS) {
            return 0;
        }
        out->servers[out->server_count++] = value;
    } else if (strcmp(name, "--bootstrap") == 0) {
        out->bootstrap = value;
    } else if (strcmp(name, "--hold-off") == 0) {
        out->hold_off = number(value);
    } else if (strcmp(name, "--access") == 0) {
        out->access = (uint8_t)yes(value);
    } else if (strcmp(name, "--endpoint") == 0) {
        out->endpoint = value;
    } else if (strcmp(name, "--lifetime") == 0) {
        out->lifetime = number(value);
    } else if (strcmp(name, "--binding") == 0) {
        out->binding = value;
    } else if (strcmp(name, "--version") == 0) {
        out->version = strcmp(value, "1.1") == 0 ? 11 : 10;
    } else if (strcmp(name, "--datagram") == 0) {
        out->datagram = (uint16_t)number(value);
    } else if (strcmp(name, "--confirm") == 0) {
        out->confirm = (uint8_t)yes(value);
    } else if (strcmp(name, "--retransmissions") == 0) {
        out->retransmissions = (uint8_t)number(value);
    } else {
        return -1;
    }
    return 1;
}

static int credentials(const char *name, const char *value, options_t *out)
{
    if (strcmp(name, "--mode") == 0) {
        out->mode = (int)number(value);
    } else if (strcmp(name, "--psk-identity") == 0) {
        out->psk_identity = value;
    } else if (strcmp(name, "--psk-key") == 0) {
        return read_hex(value, &out->psk_key);
    } else if (strcmp(name, "--certificate") == 0) {
        return read_file(value, &out->certificate);
    } else if (strcmp(name, "--key") == 0) {
        return read_file(value, &out->key);
    } else if (strcmp(name, "--server-key") == 0) {
        return read_file(value, &out->server_key);
    } else if (strcmp(name, "--trust") == 0) {
        return read_file(value, &out->trust);
    } else {
        return -1;
    }
    return 1;
}

static int security(const char *name, const char *value, options_t *out)
{
    if (strcmp(name, "--usage") == 0) {
        /* Certificate Usage 0 is a value, so the header counts from 1 */
        out->usage = strcmp(value, "none") == 0 ? 0 : (uint8_t)(number(value) + 1);
    } else if (strcmp(name, "--matching") == 0) {
        out->matching = (uint8_t)number(value);
    } else if (strcmp(name, "--sni") == 0) {
        out->sni = value;
    } else if (strcmp(name, "--suites") == 0) {
        return read_suites(value, out);
    } else if (strcmp(name, "--storage") == 0) {
        out->storage = value;
    } else if (strcmp(name, "--cid") == 0) {
        out->no_connection_id = (uint8_t)!yes(value);
    } else if (strcmp(name, "--clock") == 0) {
        out->without_clock = (uint8_t)!yes(value);
        out->ignore_dates = strcmp(value, "ignored") == 0;
    } else if (strcmp(name, "--time") == 0) {
        out->time = (int64_t)strtoll(value, NULL, 10);
    } else if (strcmp(name, "--mtu") == 0) {
        out->mtu = (uint16_t)number(value);
    } else {
        return -1;
    }
    return 1;
}

int options_parse(int count, char **words, options_t *out)
{
    static int (*const groups[])(const char *, const char *, options_t *) = { general, credentials,
                                                                              security };
    int right = count % 2 == 1;
    for (int i = 1; right && i + 1 < count; i += 2) {
        int taken = -1;
        for (size_t group = 0; taken < 0 && group < sizeof groups / sizeof *groups; group++) {
            taken = groups[group](words[i], words[i + 1], out);
        }
        right = taken > 0;
        if (!right) {
            fprintf(stderr, "cannot take %s %s\n", words[i], words[i + 1]);
        }
    }
    right = right && (out->server_count || out->bootstrap) && out->endpoint;
    if (!right) {
        fputs(usage, stderr);
    }
    return right;
}

const whimbrel_credentials_t *options_credentials(const options_t *options, const char *uri)
{
    static whimbrel_credentials_t security;
    const int psk = options->psk_identity != NULL;
    if (strncmp(uri, "coaps:", 6) != 0 || (options->mode < 0 && !psk && !options->certificate.bytes)) {
        return NULL;
    }
    security = (whimbrel_credentials_t){
        .size = sizeof security,
        .mode = options->mode >= 0 ? (uint8_t)options->mode
                : psk              ? WHIMBREL_PSK
                                   : WHIMBREL_CERTIFICATE,
        .certificate_usage = options->usage,
        .matching_type = options->matching,
        .identity = psk ? (const uint8_t *)options->psk_identity : options->certificate.bytes,
        .identity_length = psk ? strlen(options->psk_identity) : options->certificate.length,
        .server_key = options->server_key.bytes,
        .server_key_length = options->server_key.length,
        .secret_key = psk ? options->psk_key.bytes : options->key.bytes,
        .secret_key_length = psk ? options->psk_key.length : options->key.length,
        .sni = options->sni,
        .ciphersuites = options->suite_count ? options->suites : NULL,
        .ciphersuite_count = options->suite_count,
    };
    return &security;
}
