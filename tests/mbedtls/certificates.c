/*
 * The backend against itself with X.509 (TS 1.0 section 7.1.9; LwM2M 1.1, `/0/x/13` to 15): whom it takes for the server and
 * whom not. usage: certificates DIRECTORY, as certificates.sh has filled it.
 */
#include "pair.h"

static const char *directory;

struct file {
    size_t size;
    uint8_t bytes[4096];
};

/* The content of a file, or a digest over it: "sha256:ca.der". */
static struct file read_file(const char *name)
{
    static const struct {
        const char *prefix;
        mbedtls_md_type_t type;
    } hashes[] = { { "sha256:", MBEDTLS_MD_SHA256 },
                   { "sha384:", MBEDTLS_MD_SHA384 },
                   { "sha512:", MBEDTLS_MD_SHA512 } };
    struct file file = { 0 };
    char path[512];
    FILE *stream;
    for (size_t i = 0; i < 3; i++)
        if (strncmp(name, hashes[i].prefix, 7) == 0) {
            const struct file whole = read_file(name + 7);
            const mbedtls_md_info_t *info = mbedtls_md_info_from_type(hashes[i].type);
            EQUAL(0, mbedtls_md(info, whole.bytes, whole.size, file.bytes));
            file.size = mbedtls_md_get_size(info);
            return file;
        }
    snprintf(path, sizeof path, "%s/%s", directory, name);
    stream = fopen(path, "rb");
    if (stream == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    file.size = fread(file.bytes, 1, sizeof file.bytes, stream);
    fclose(stream);
    return file;
}

/* One handshake. Of the server: what it sends and the key of its first certificate. Of the client: what it trusts. */
struct scene {
    const char *sends, *key;
    uint8_t usage, matching_type;
    const char *expects;
    const char *name;
    uint8_t check_name, is_address;
    int64_t clock_s;
    uint8_t ignore_dates;
    int32_t status; /* the client's */
    int alert;      /* the server's, RFC 5246 section 7.2.2 */
};

enum { CA_CONSTRAINT = 1, SERVICE, ANCHOR, DOMAIN };
enum { BAD = 42, OUTDATED = 45, UNKNOWN_CA = 48 };
#define NOW   1795000000 /* November 2026 */
#define WRONG WHIMBREL_ERR_CERTIFICATE

static whimbrel_session_t with_files(int serves, const struct file *own, const struct file *key,
                                     const struct file *peer)
{
    const whimbrel_session_t setup = {
        .size = sizeof setup,
        .mode = WHIMBREL_CERTIFICATE,
        .serves = (uint8_t)serves,
        .certificate_usage = WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE,
        .mtu = 1280,
        .first_timeout_ms = 1000,
        .longest_timeout_ms = 60000,
        .wall_clock_s = NOW,
        .identity = own->bytes,
        .identity_length = own->size,
        .secret_key = key->bytes,
        .secret_key_length = key->size,
        .server_key = peer->bytes,
        .server_key_length = peer->size,
    };
    return setup;
}

static void play(const struct scene *scene, int number)
{
    const struct file client_own = read_file("client.der"), client_key = read_file("client.key.der");
    const struct file server_own = read_file(scene->sends), server_key = read_file(scene->key);
    const struct file expected = read_file(scene->expects), store = read_file("ca.der");
    const whimbrel_mbedtls_config_t config = {
        .trust_store = store.bytes,
        .trust_store_length = store.size,
        .without_clock = scene->ignore_dates,
    };
    whimbrel_session_t client = with_files(0, &client_own, &client_key, &expected);
    const whimbrel_session_t server = with_files(1, &server_own, &server_key, &client_own);
    const int before = failures;
    struct pair pair;

    client.certificate_usage = scene->usage;
    client.matching_type = scene->matching_type;
    client.name = scene->name;
    client.name_length = strlen(scene->name);
    client.check_name = scene->check_name;
    client.name_is_address = scene->is_address;
    client.wall_clock_s = scene->clock_s;
    open_pair_with(&pair, (uint32_t)number + 1, &config);
    start_both(&pair, &client, &server);
    run(&pair, pair.now_ms + 100000);
    EQUAL(scene->status, pair.side[CLIENT].status);
    EQUAL(scene->status == 0, state_of(&pair.side[CLIENT]).established);
    EQUAL(scene->status == 0, state_of(&pair.side[SERVER]).established);
    EQUAL(scene->status == 0 ? 0 : WHIMBREL_ERR_CLOSED, pair.side[SERVER].status);
    EQUAL(scene->status == 0 ? -1 : scene->alert, state_of(&pair.side[SERVER]).alert);
    if (scene->status == 0) {
        EQUAL(0xc0ae, state_of(&pair.side[CLIENT]).ciphersuite);
        talks(&pair, CLIENT, "hello");
        talks(&pair, SERVER, "hello to you");
    }
    end_pair(&pair, 0);
    close_pair(&pair);
    if (failures != before)
        fprintf(stderr, "in scene %d, %s for usage %d\n", number, scene->sends, scene->usage - 1);
}

#define SENDS(name) #name ".der", #name ".key.der"

static const struct scene scenes[] = {
    /* Usage 3: equal to what is expected, whoever signed it; the name only if asked for */
    { SENDS(server), DOMAIN, 0, "server.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { SENDS(server), DOMAIN, 1, "sha256:server.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { SENDS(server), DOMAIN, 2, "sha384:server.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { SENDS(server), DOMAIN, 3, "sha512:server.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { SENDS(self), DOMAIN, 0, "self.der", "localhost", 1, 0, NOW, 0, 0, 0 },
    { SENDS(rogue), DOMAIN, 0, "rogue.der", "localhost", 1, 0, NOW, 0, 0, 0 },
    { "chain.der", "leaf.key.der", DOMAIN, 0, "leaf.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { SENDS(other), DOMAIN, 0, "other.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { SENDS(other), DOMAIN, 0, "other.der", "localhost", 1, 0, NOW, 0, WHIMBREL_ERR_NAME, BAD },
    { SENDS(self), DOMAIN, 0, "server.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(self), DOMAIN, 1, "sha256:server.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(rogue), DOMAIN, 0, "server.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(server), DOMAIN, 0, "ca.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { "chain.der", "leaf.key.der", DOMAIN, 0, "intermediate.der", "localhost", 0, 0, NOW, 0, WRONG,
      UNKNOWN_CA },
    /* Usage 2: signed by what is expected, or by what that has signed */
    { SENDS(server), ANCHOR, 0, "ca.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { "chain.der", "leaf.key.der", ANCHOR, 0, "ca.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { "chain.der", "leaf.key.der", ANCHOR, 0, "intermediate.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { "long-chain.der", "leaf.key.der", ANCHOR, 1, "sha256:ca.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { "long-chain.der", "leaf.key.der", ANCHOR, 3, "sha512:intermediate.der", "localhost", 0, 0, NOW, 0, 0,
      0 },
    { "chain.der", "leaf.key.der", ANCHOR, 2, "sha384:intermediate.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { SENDS(self), ANCHOR, 0, "self.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { SENDS(self), ANCHOR, 1, "sha256:self.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { "chain.der", "leaf.key.der", ANCHOR, 1, "sha256:ca.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(leaf), ANCHOR, 0, "ca.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(rogue), ANCHOR, 0, "ca.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(impostor), ANCHOR, 0, "ca.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { "false-chain.der", "impostor.key.der", ANCHOR, 1, "sha256:ca.der", "localhost", 0, 0, NOW, 0, WRONG,
      UNKNOWN_CA },
    { SENDS(server), ANCHOR, 0, "server.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(server), ANCHOR, 1, "sha256:server.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(server), ANCHOR, 0, "ca.der", "other.example", 0, 0, NOW, 0, WHIMBREL_ERR_NAME, BAD },
    /* Usage 0: by the trust store, through what is expected */
    { SENDS(server), CA_CONSTRAINT, 0, "ca.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { "chain.der", "leaf.key.der", CA_CONSTRAINT, 1, "sha256:intermediate.der", "localhost", 0, 0, NOW, 0, 0,
      0 },
    { "chain.der", "leaf.key.der", CA_CONSTRAINT, 0, "ca.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { SENDS(server), CA_CONSTRAINT, 0, "intermediate.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(server), CA_CONSTRAINT, 0, "server.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(rogue), CA_CONSTRAINT, 0, "rogue-ca.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(other), CA_CONSTRAINT, 0, "ca.der", "localhost", 0, 0, NOW, 0, WHIMBREL_ERR_NAME, BAD },
    /* Usage 1: by the trust store, and the one that is expected */
    { SENDS(server), SERVICE, 0, "server.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { "chain.der", "leaf.key.der", SERVICE, 1, "sha256:leaf.der", "localhost", 0, 0, NOW, 0, 0, 0 },
    { SENDS(server), SERVICE, 0, "ca.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(self), SERVICE, 0, "self.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(impostor), SERVICE, 0, "impostor.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    { SENDS(leaf), SERVICE, 0, "leaf.der", "localhost", 0, 0, NOW, 0, WRONG, UNKNOWN_CA },
    /* Names: DNS (RFC 6125), and addresses as TS 7.1.9 and RFC 5280 have them */
    { SENDS(wildcard), ANCHOR, 0, "ca.der", "coap.example.org", 0, 0, NOW, 0, 0, 0 },
    { SENDS(wildcard), ANCHOR, 0, "ca.der", "example.org", 0, 0, NOW, 0, WHIMBREL_ERR_NAME, BAD },
    { SENDS(wildcard), ANCHOR, 0, "ca.der", "a.b.example.org", 0, 0, NOW, 0, WHIMBREL_ERR_NAME, BAD },
    { SENDS(server), ANCHOR, 0, "ca.der", "LOCALHOST", 0, 0, NOW, 0, 0, 0 },
    { SENDS(server), ANCHOR, 0, "ca.der", "127.0.0.1", 0, 1, NOW, 0, 0, 0 },
    { SENDS(server), ANCHOR, 0, "ca.der", "::1", 0, 1, NOW, 0, 0, 0 },
    { SENDS(server), ANCHOR, 0, "ca.der", "0:0::0:0:1", 0, 1, NOW, 0, 0, 0 },
    { SENDS(server), ANCHOR, 0, "ca.der", "127.0.0.2", 0, 1, NOW, 0, WHIMBREL_ERR_NAME, BAD },
    { SENDS(server), ANCHOR, 0, "ca.der", "::2", 0, 1, NOW, 0, WHIMBREL_ERR_NAME, BAD },
    { SENDS(ip_cn), ANCHOR, 0, "ca.der", "127.0.0.1", 0, 1, NOW, 0, 0, 0 },
    { SENDS(ip_cn), ANCHOR, 0, "ca.der", "127.0.0.11", 0, 1, NOW, 0, WHIMBREL_ERR_NAME, BAD },
    { SENDS(ip_uri), ANCHOR, 0, "ca.der", "127.0.0.1", 0, 1, NOW, 0, 0, 0 },
    { SENDS(ip_uri), ANCHOR, 0, "ca.der", "2001:db8:0:0::2:1", 0, 1, NOW, 0, 0, 0 },
    { SENDS(ip_uri), ANCHOR, 0, "ca.der", "2001:db8::2:2", 0, 1, NOW, 0, WHIMBREL_ERR_NAME, BAD },
    { SENDS(ip_uri), DOMAIN, 0, "ip_uri.der", "10.0.0.1", 1, 1, NOW, 0, WHIMBREL_ERR_NAME, BAD },
    { SENDS(ip_uri), DOMAIN, 0, "ip_uri.der", "10.0.0.1", 0, 1, NOW, 0, 0, 0 },
    /* Dates: 2021-01-01 is 1609459200, 2048-01-01 is 2461449600 */
    { SENDS(expired), DOMAIN, 0, "expired.der", "localhost", 0, 0, NOW, 0, WHIMBREL_ERR_EXPIRED, OUTDATED },
    { SENDS(expired), ANCHOR, 0, "ca.der", "localhost", 0, 0, NOW, 0, WHIMBREL_ERR_EXPIRED, OUTDATED },
    { SENDS(expired), ANCHOR, 0, "ca.der", "localhost", 0, 0, 1609459200, 0, 0, 0 },
    { SENDS(expired), ANCHOR, 0, "ca.der", "localhost", 0, 0, 1609459201, 0, WHIMBREL_ERR_EXPIRED, OUTDATED },
    { SENDS(future), DOMAIN, 0, "future.der", "localhost", 0, 0, NOW, 0, WHIMBREL_ERR_EXPIRED, OUTDATED },
    { SENDS(future), ANCHOR, 0, "ca.der", "localhost", 0, 0, 2461449599, 0, WHIMBREL_ERR_EXPIRED, OUTDATED },
    { SENDS(future), ANCHOR, 0, "ca.der", "localhost", 0, 0, 2461449600, 0, 0, 0 },
    /* in 2050 the authority has ended, too */
    { SENDS(server), ANCHOR, 0, "ca.der", "localhost", 0, 0, 2524608000, 0, WHIMBREL_ERR_EXPIRED, OUTDATED },
    { SENDS(server), DOMAIN, 0, "server.der", "localhost", 0, 0, -1, 0, WHIMBREL_ERR_EXPIRED, OUTDATED },
    { SENDS(server), DOMAIN, 0, "server.der", "localhost", 0, 0, -1, 1, 0, 0 },
    { SENDS(expired), CA_CONSTRAINT, 0, "ca.der", "localhost", 0, 0, -1, 1, 0, 0 },
    { SENDS(expired), DOMAIN, 0, "expired.der", "localhost", 0, 0, NOW, 1, WHIMBREL_ERR_EXPIRED, OUTDATED },
};

static int32_t start_alone(whimbrel_session_t setup, const struct file *store)
{
    const whimbrel_mbedtls_config_t config = {
        .trust_store = store != NULL ? store->bytes : NULL,
        .trust_store_length = store != NULL ? store->size : 0,
    };
    struct pair pair;
    int32_t status;
    open_pair_with(&pair, 1, &config);
    setup.name = "localhost";
    setup.name_length = 9;
    status = start_side(&pair, CLIENT, &setup);
    close_pair(&pair);
    return status;
}

/* Keys and certificates in each form that they may have, and what cannot be used. */
static void forms(void)
{
    const struct file own = read_file("client.der"), key = read_file("client.key.der"),
                      sec1 = read_file("client.sec1.der"), own_pem = read_file("client.pem"),
                      key_pem = read_file("client.key.pem"), peer = read_file("server.der"),
                      peer_pem = read_file("server.pem"), ca = read_file("ca.der"),
                      hash = read_file("sha256:server.der"), other = read_file("other.key.der"),
                      chain = read_file("chain.der");
    struct file broken = own, empty = { 0 };
    whimbrel_session_t setup = with_files(0, &own, &key, &hash);

    EQUAL(WHIMBREL_OK, start_alone(with_files(0, &own, &key, &peer), NULL));
    EQUAL(WHIMBREL_OK, start_alone(with_files(0, &own, &sec1, &peer), NULL));
    EQUAL(WHIMBREL_OK, start_alone(with_files(0, &own_pem, &key_pem, &peer_pem), NULL));
    EQUAL(WHIMBREL_ERR_CREDENTIALS, start_alone(with_files(0, &own, &other, &peer), NULL)); /* not a pair */
    EQUAL(WHIMBREL_ERR_CREDENTIALS, start_alone(with_files(0, &chain, &key, &peer), NULL));
    EQUAL(WHIMBREL_ERR_CREDENTIALS, start_alone(with_files(0, &empty, &key, &peer), NULL));
    EQUAL(WHIMBREL_ERR_CREDENTIALS, start_alone(with_files(0, &own, &empty, &peer), NULL));
    EQUAL(WHIMBREL_ERR_CREDENTIALS, start_alone(with_files(0, &own, &key, &empty), NULL));
    EQUAL(WHIMBREL_ERR_CREDENTIALS, start_alone(with_files(0, &own, &key, &hash), NULL)); /* no certificate */
    broken.size--;
    EQUAL(WHIMBREL_ERR_CREDENTIALS, start_alone(with_files(0, &broken, &key, &peer), NULL));
    EQUAL(WHIMBREL_ERR_CREDENTIALS, start_alone(with_files(0, &own, &key, &broken), NULL));

    for (uint8_t type = 1; type <= 4; type++) {
        setup.matching_type = type;
        EQUAL(type == 1   ? WHIMBREL_OK
              : type == 4 ? WHIMBREL_ERR_SECURITY_MODE
                          : WHIMBREL_ERR_CREDENTIALS,
              start_alone(setup, NULL));
    }
    setup = with_files(0, &own, &key, &peer);
    for (uint8_t usage = 0; usage <= 5; usage++) {
        setup.certificate_usage = usage;
        EQUAL(usage >= ANCHOR && usage <= DOMAIN ? WHIMBREL_OK : WHIMBREL_ERR_SECURITY_MODE,
              start_alone(setup, NULL));
        EQUAL(usage >= CA_CONSTRAINT && usage <= DOMAIN ? WHIMBREL_OK : WHIMBREL_ERR_SECURITY_MODE,
              start_alone(setup, &ca));
    }
    setup.certificate_usage = DOMAIN;
    setup.check_name = setup.name_is_address = 1; /* but localhost is none */
    EQUAL(WHIMBREL_ERR_CREDENTIALS, start_alone(setup, NULL));
}

/* A client that the server does not expect: in its eyes a wrong certificate, and for the client an alert. */
static void strange_client(void)
{
    const struct file own = read_file("client.der"), key = read_file("client.key.der"),
                      server = read_file("server.der"), server_key = read_file("server.key.der"),
                      other = read_file("ca.der");
    const whimbrel_session_t client = with_files(0, &own, &key, &server);
    const whimbrel_session_t expecting_other = with_files(1, &server, &server_key, &other);
    struct pair pair;
    open_pair(&pair, 1);
    start_both(&pair, &client, &expecting_other);
    run(&pair, pair.now_ms + 100000);
    EQUAL(WRONG, pair.side[SERVER].status);
    EQUAL(WHIMBREL_ERR_CLOSED, pair.side[CLIENT].status);
    EQUAL(UNKNOWN_CA, state_of(&pair.side[CLIENT]).alert);
    end_pair(&pair, 0);
    close_pair(&pair);
}

static void suites(void)
{
    static const uint16_t numbers[] = { 0xc0ae, 0xc0ac, 0xc02b, 0xc023, 0xc02c };
    const struct file own = read_file("client.der"), key = read_file("client.key.der"),
                      server = read_file("server.der"), server_key = read_file("server.key.der");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        whimbrel_session_t client = with_files(0, &own, &key, &server),
                           serving = with_files(1, &server, &server_key, &own);
        struct pair pair;
        client.ciphersuites = serving.ciphersuites = &numbers[i];
        client.ciphersuite_count = serving.ciphersuite_count = 1;
        open_pair(&pair, 1);
        start_both(&pair, &client, &serving);
        run(&pair, pair.now_ms + 100000);
        EQUAL(numbers[i], state_of(&pair.side[CLIENT]).ciphersuite);
        talks(&pair, CLIENT, "hello");
        talks(&pair, SERVER, "hello to you");
        end_pair(&pair, 0);
        close_pair(&pair);
    }
}

/* Certificates in pieces, with a fifth lost. At 140 bytes a ClientHello with curves and signatures is in pieces too, which
 * the server's side of Mbed TLS 3.6 does not take. */
static void small_datagrams(void)
{
    const struct file own = read_file("client.der"), key = read_file("client.key.der"),
                      server = read_file("chain.der"), server_key = read_file("leaf.key.der"),
                      leaf = read_file("leaf.der");
    int established = 0;
    for (uint32_t seed = 1; seed <= 40; seed++) {
        whimbrel_session_t client = with_files(0, &own, &key, &leaf),
                           serving = with_files(1, &server, &server_key, &own);
        struct pair pair;
        client.mtu = serving.mtu = 256;
        open_pair(&pair, seed * 2654435761u);
        pair.loss = pair.repetition = 10;
        pair.delay = 500;
        start_both(&pair, &client, &serving);
        run(&pair, pair.now_ms + 600000);
        CHECK(pair.side[CLIENT].largest <= 256);
        CHECK(pair.side[SERVER].largest <= 256);
        pair.loss = pair.repetition = pair.delay = 0;
        if (state_of(&pair.side[CLIENT]).established && state_of(&pair.side[SERVER]).established) {
            established++;
            talks(&pair, CLIENT, "through");
            talks(&pair, SERVER, "indeed");
        }
        end_pair(&pair, 0);
        close_pair(&pair);
    }
    printf("certificates in datagrams of 256 bytes: %d of 40 handshakes\n", established);
    CHECK(established >= 36);
}

/* By ticket; but not beyond the end of a certificate that was judged then, and not when the time is lost. */
static void resumption(void)
{
    const struct file own = read_file("client.der"), key = read_file("client.key.der"),
                      server = read_file("expired.der"), server_key = read_file("expired.key.der");
    static const int64_t again_s[] = { 1609459200, 1609459201, -1 };
    for (int i = 0; i < 3; i++) {
        whimbrel_session_t client = with_files(0, &own, &key, &server);
        const whimbrel_session_t serving = with_files(1, &server, &server_key, &own);
        struct pair pair;
        client.wall_clock_s = 1609459100;
        open_pair(&pair, 1);
        start_both(&pair, &client, &serving);
        run(&pair, pair.now_ms + 100000);
        talks(&pair, CLIENT, "hello");
        if (i == 0) {
            printf("certificates: client %zu bytes, server %zu bytes; heap of the client: peak %zu, steady "
                   "%zu\n",
                   pair.side[CLIENT].sent_bytes, pair.side[SERVER].sent_bytes, pair.side[CLIENT].heap_peak,
                   pair.side[CLIENT].heap_now);
        }
        end_pair(&pair, WHIMBREL_END_NOTIFY);
        client.wall_clock_s = again_s[i];
        start_both(&pair, &client, &serving);
        run(&pair, pair.now_ms + 100000);
        EQUAL(i == 0, state_of(&pair.side[CLIENT]).resumed);
        EQUAL(i == 0 ? 0 : WHIMBREL_ERR_EXPIRED, pair.side[CLIENT].status);
        if (i == 0)
            printf("resumed: client %zu bytes, server %zu bytes\n", pair.side[CLIENT].sent_bytes,
                   pair.side[SERVER].sent_bytes);
        end_pair(&pair, 0);
        close_pair(&pair);
    }
}

int main(int count, char **arguments)
{
    if (count != 2) return EXIT_FAILURE;
    directory = arguments[1];
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        play(&scenes[i], (int)i);
    forms();
    strange_client();
    suites();
    small_datagrams();
    resumption();
    return verdict("mbedtls certificates");
}
