/*
 * DTLS 1.2 by Mbed TLS behind whimbrel_security_t (RFC 6347, RFC 9146; TS 1.0 section 7.1). The functions of the table in
 * their order; each finds the session, notes the arguments of the call, and lets Mbed TLS run until it wants to read.
 *
 * A session: start -> SESSION_HANDSHAKE -> SESSION_OPEN -> end, and SESSION_DEAD from anywhere, with the reason, which
 * every later call returns. What an attacker can inject does not end an open session: Mbed TLS drops records of another
 * epoch and those that fail their check. During the handshake nothing is authentic yet, and RFC 6347 has no cure for that:
 * malformed records are dropped, but a forged alert or a forged ServerHello ends the attempt.
 */
#include "internal.h"
#include <string.h>

#if MBEDTLS_VERSION_NUMBER >= 0x04000000 || defined(MBEDTLS_USE_PSA_CRYPTO)
#include <psa/crypto.h>
#define WITH_PSA
#endif
#if defined(MBEDTLS_MEMORY_BUFFER_ALLOC_C)
#include <mbedtls/memory_buffer_alloc.h>
#endif

/* How often Mbed TLS is called in one call: a datagram holds far fewer messages, unless someone wants to keep us busy. */
enum { STEPS = 64 };

static struct session *find(void *context, uint8_t number)
{
    whimbrel_mbedtls_t *self = context;
    return number < self->count ? &self->sessions[number] : NULL;
}

static void enter(struct session *session, uint64_t now_ms, const whimbrel_outlet_t *outlet)
{
    session->now_ms = now_ms;
    session->outlet = outlet;
    session->busy = 0;
}

static int32_t leave(struct session *session, int32_t status)
{
    session->outlet = NULL;
    session->datagram = NULL;
    return status;
}

/* ---- Why a session is over */

static int alert_of(const mbedtls_ssl_context *ssl, int result)
{
    if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY;
#if MBEDTLS_VERSION_NUMBER >= 0x04010000
    return mbedtls_ssl_get_fatal_alert(ssl);
#else
    /* no function tells it: the message, level and description, is what was received last */
    return ssl->MBEDTLS_PRIVATE(in_msg)[1];
#endif
}

static int32_t reason(const struct session *session, int result)
{
#ifdef WITH_CERTIFICATES
    if (session->judge.verdict < 0) return session->judge.verdict;
#else
    (void)session;
#endif
    if (whimbrel_glue_is_memory(result)) return WHIMBREL_ERR_FULL;
    switch (result) {
    case MBEDTLS_ERR_SSL_TIMEOUT:
        return WHIMBREL_ERR_TIMEOUT;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        return WHIMBREL_ERR_CLOSED;
#ifdef WITH_CERTIFICATES
    case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
    case MBEDTLS_ERR_X509_FATAL_ERROR:
        return WHIMBREL_ERR_CERTIFICATE;
#endif
    default:
        return WHIMBREL_ERR_HANDSHAKE;
    }
}

/* A session that is over answers the same to whatever comes. What an attempt to resume has failed with is not tried again,
 * unless nobody answered. */
static int32_t die(struct session *session, int result)
{
    const int was_open = session->state == SESSION_OPEN;
    session->error = reason(session, result);
    if (session->error == WHIMBREL_ERR_CLOSED) session->alert = alert_of(&session->ssl, result);
    if (was_open && result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        whimbrel_glue_keep(session);
    else if (session->offered && session->error != WHIMBREL_ERR_TIMEOUT)
        whimbrel_glue_forget(session);
    session->state = SESSION_DEAD;
    return session->error;
}

/* ---- The handshake */

static void open_session(struct session *session)
{
    session->state = SESSION_OPEN;
    session->resumed = !session->full_handshake;
    session->final_ms = 0;
#if defined(MBEDTLS_SSL_DTLS_ANTI_REPLAY)
    mbedtls_ssl_conf_dtls_anti_replay(&session->config, MBEDTLS_SSL_ANTI_REPLAY_ENABLED);
#endif
#ifdef WITH_CERTIFICATES
    whimbrel_glue_release(session);
#endif
}

/* Whether something of the datagram is left, so that reading on makes sense. */
static int has_input(const struct session *session)
{
    return session->datagram != NULL || mbedtls_ssl_check_pending(&session->ssl) != 0;
}

/* A server goes back to where it waits for a ClientHello. */
static int32_t wait_anew(struct session *session)
{
    const int result = mbedtls_ssl_session_reset(&session->ssl);
    if (result != 0) return die(session, result);
    whimbrel_glue_identify(session);
    return 1;
}

/* What `result` of a step means: 1 go on, 0 wait, negative: the session is over. */
static int32_t after_step(struct session *session, int result)
{
    switch (result) {
    case 0:
        return 1;
    case MBEDTLS_ERR_SSL_WANT_READ:
        return has_input(session);
    case MBEDTLS_ERR_SSL_INVALID_RECORD: /* noise; Mbed TLS says so but has changed nothing */
        return 1;
#if defined(MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS)
    case MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS: /* MBEDTLS_ECP_RESTARTABLE: the next call goes on */
        session->busy = 1;
        return 0;
#endif
    case MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED: /* the cookie is sent, and the client begins anew with it */
        return wait_anew(session);
    default:
        /* before a ClientHello with a cookie a server has nothing to lose, and has spoken with nobody */
        if (session->serves && session->ssl.MBEDTLS_PRIVATE(state) <= MBEDTLS_SSL_CLIENT_HELLO &&
            !whimbrel_glue_is_memory(result))
            return wait_anew(session);
        return die(session, result);
    }
}

/* Goes on until Mbed TLS waits for the peer. A full handshake comes by SERVER_HELLO_DONE in both roles, an abbreviated one
 * does not: no function tells, neither before nor after. */
static int32_t shake_hands(struct session *session)
{
    session->untouched = 0;
    for (int i = 0; i < STEPS; i++) {
        int32_t next;
        if (mbedtls_ssl_is_handshake_over(&session->ssl)) {
            open_session(session);
            return WHIMBREL_OK;
        }
        if (session->ssl.MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_SERVER_HELLO_DONE) session->full_handshake = 1;
        next = after_step(session, mbedtls_ssl_handshake_step(&session->ssl));
        if (next <= 0) return next;
    }
    session->busy = 1;
    return WHIMBREL_OK;
}

/* ---- The table */

static uint32_t capabilities(void *context)
{
    const whimbrel_mbedtls_t *self = context;
    uint32_t can = 0;
#ifdef WITH_PSK
    can |= WHIMBREL_CAN_PSK;
#endif
#ifdef WITH_CERTIFICATES
    can |= WHIMBREL_CAN_CERTIFICATE;
#endif
#if defined(MBEDTLS_SSL_DTLS_CONNECTION_ID)
    if (!self->no_connection_id) can |= WHIMBREL_CAN_CONNECTION_ID;
#else
    (void)self;
#endif
#if defined(MBEDTLS_SSL_CLI_C)
    can |= WHIMBREL_CAN_RESUME; /* by ID always, by ticket with MBEDTLS_SSL_SESSION_TICKETS */
#endif
#ifdef WITH_SAVING
    can |= WHIMBREL_CAN_SAVE;
#endif
#if defined(MBEDTLS_SSL_SRV_C)
    can |= WHIMBREL_CAN_SERVE;
#endif
    return can;
}

static int32_t begin(struct session *session, const whimbrel_session_t *setup, int handshakes)
{
    int32_t status;
    if (session == NULL) return WHIMBREL_ERR_FULL; /* whimbrel_mbedtls_config_t.sessions */
    if (setup == NULL || setup->size != sizeof *setup) return WHIMBREL_ERR_ARGUMENT;
    if (session->state != SESSION_NONE) return WHIMBREL_ERR_STATE;
    session->error = 0;
    session->alert = -1;
    session->untouched = 1;
    session->busy = session->full_handshake = session->resumed = session->offered = 0;
    session->intermediate_ms = session->final_ms = session->now_ms = 0;
    leave(session, 0);
    status = whimbrel_glue_configure(session, setup, handshakes);
    if (status < 0) whimbrel_glue_free(session);
    return status;
}

static int32_t start(void *context, uint8_t number, const whimbrel_session_t *setup)
{
    struct session *session = find(context, number);
    const int32_t status = begin(session, setup, 1);
    if (status >= 0) whimbrel_glue_resume(session, setup);
    return status;
}

static int32_t step(void *context, uint8_t number, uint64_t now_ms, const whimbrel_outlet_t *outlet)
{
    struct session *session = find(context, number);
    if (session == NULL || session->state == SESSION_NONE) return WHIMBREL_ERR_STATE;
    if (session->state == SESSION_DEAD) return session->error;
    if (session->state == SESSION_OPEN) return WHIMBREL_OK;
    enter(session, now_ms, outlet);
    return leave(session, shake_hands(session));
}

/* The rest of a record that did not fit: what is left of it would be taken for the next one. */
static int32_t drop_rest(struct session *session)
{
    unsigned char rest[64];
    while (mbedtls_ssl_get_bytes_avail(&session->ssl) != 0)
        if (mbedtls_ssl_read(&session->ssl, rest, sizeof rest) <= 0) break;
    mbedtls_platform_zeroize(rest, sizeof rest);
    return WHIMBREL_ERR_TRUNCATED;
}

/* The next record with content, or 0. */
static int32_t read_record(struct session *session, uint8_t *plain, size_t room)
{
    for (int i = 0; i < STEPS; i++) {
        const int result = mbedtls_ssl_read(&session->ssl, plain, room);
        if (result > 0) return mbedtls_ssl_get_bytes_avail(&session->ssl) != 0 ? drop_rest(session) : result;
        switch (result) {
        case 0: /* an empty record */
        case MBEDTLS_ERR_SSL_INVALID_RECORD:
            break;
        case MBEDTLS_ERR_SSL_WANT_READ:
            if (!has_input(session)) return 0;
            break;
        case MBEDTLS_ERR_SSL_CLIENT_RECONNECT: /* MBEDTLS_SSL_DTLS_CLIENT_PORT_REUSE: the peer begins anew, and so do we */
            session->state = SESSION_HANDSHAKE;
            session->full_handshake = 0;
#if defined(MBEDTLS_SSL_DTLS_ANTI_REPLAY)
            mbedtls_ssl_conf_dtls_anti_replay(&session->config, MBEDTLS_SSL_ANTI_REPLAY_DISABLED);
#endif
            whimbrel_glue_identify(session);
            return shake_hands(session);
        default:
            return die(session, result);
        }
    }
    return 0;
}

static int32_t feed(void *context, uint8_t number, uint64_t now_ms, const uint8_t *datagram, size_t size,
                    uint8_t *plain, size_t room, const whimbrel_outlet_t *outlet)
{
    struct session *session = find(context, number);
    int32_t status = WHIMBREL_OK;
    if (session == NULL || session->state == SESSION_NONE) return WHIMBREL_ERR_STATE;
    if (session->state == SESSION_DEAD) return session->error;
    if (plain == NULL || room == 0) return WHIMBREL_ERR_ARGUMENT;
    enter(session, now_ms, outlet);
    if (size != 0) {
        session->datagram = datagram;
        session->datagram_size = size;
    }
    if (session->state == SESSION_HANDSHAKE) status = shake_hands(session);
    if (status >= 0 && session->state == SESSION_OPEN) status = read_record(session, plain, room);
    return leave(session, status);
}

static int32_t write(void *context, uint8_t number, uint64_t now_ms, const uint8_t *plain, size_t size,
                     const whimbrel_outlet_t *outlet)
{
    struct session *session = find(context, number);
    int room, result;
    if (session == NULL || session->state == SESSION_NONE) return WHIMBREL_ERR_STATE;
    if (session->state == SESSION_DEAD) return session->error;
    if (session->state != SESSION_OPEN) return WHIMBREL_ERR_STATE;
    room = mbedtls_ssl_get_max_out_record_payload(&session->ssl);
    if (room < 0 || size > (size_t)room) return WHIMBREL_ERR_TOO_LARGE;
    enter(session, now_ms, outlet);
    result = mbedtls_ssl_write(&session->ssl, plain, size);
    return leave(session, result >= 0 ? WHIMBREL_OK : die(session, result));
}

static uint64_t deadline_of(const struct session *session)
{
    if (session->state == SESSION_HANDSHAKE) {
        if (session->untouched || session->busy) return 0;
        if (session->final_ms != 0) return session->final_ms;
    }
    return UINT64_MAX;
}

static void describe(const struct session *session, whimbrel_session_state_t *state)
{
    const int overhead = mbedtls_ssl_get_record_expansion(&session->ssl);
    state->established = 1;
    state->resumed = session->resumed;
    state->sequence = whimbrel_glue_sequence(session);
    state->ciphersuite = (uint16_t)mbedtls_ssl_get_ciphersuite_id_from_ssl(&session->ssl);
    state->overhead = overhead > 0 ? (uint16_t)overhead : 0;
}

static int has_connection_id(struct session *session)
{
#if defined(MBEDTLS_SSL_DTLS_CONNECTION_ID)
    int enabled = MBEDTLS_SSL_CID_DISABLED;
    size_t length = 0;
    return mbedtls_ssl_get_peer_cid(&session->ssl, &enabled, NULL, &length) == 0 &&
           enabled == MBEDTLS_SSL_CID_ENABLED && length != 0;
#else
    (void)session;
    return 0;
#endif
}

static void tell_state(void *context, uint8_t number, whimbrel_session_state_t *state)
{
    struct session *session = find(context, number);
    const whimbrel_session_state_t none = { .deadline_ms = UINT64_MAX, .alert = -1 };
    if (state == NULL) return;
    *state = none;
    if (session == NULL || session->state == SESSION_NONE) return;
    state->deadline_ms = deadline_of(session);
    state->alert = session->alert;
    if (session->state != SESSION_OPEN) return;
    describe(session, state);
    state->connection_id = (uint8_t)has_connection_id(session);
#ifdef WITH_SAVING
    state->savable = (uint8_t)whimbrel_glue_savable(session);
#endif
}

#ifdef WITH_SAVING

static int32_t save(void *context, uint8_t number, uint8_t *buffer, size_t size)
{
    struct session *session = find(context, number);
    if (session == NULL || buffer == NULL) return WHIMBREL_ERR_ARGUMENT;
    return whimbrel_glue_save(session, buffer, size);
}

static int32_t load(void *context, uint8_t number, const whimbrel_session_t *setup, const uint8_t *data,
                    size_t size, uint64_t sequence)
{
    struct session *session = find(context, number);
    int32_t status = data == NULL ? WHIMBREL_ERR_ARGUMENT : begin(session, setup, 0);
    if (status < 0) return status;
    status = whimbrel_glue_load(session, data, size, sequence);
    if (status < 0) {
        whimbrel_glue_free(session);
        return status;
    }
    open_session(session);
    session->untouched = 0;
    return WHIMBREL_OK;
}

static void fence(void *context, uint8_t number)
{
    struct session *session = find(context, number);
    if (session != NULL && session->state == SESSION_OPEN) whimbrel_glue_fence(session);
}

#endif

static void end(void *context, uint8_t number, uint64_t now_ms, uint32_t how, const whimbrel_outlet_t *outlet)
{
    struct session *session = find(context, number);
    if (session == NULL) return;
    if (session->state == SESSION_OPEN) {
        enter(session, now_ms, outlet);
        if (how & WHIMBREL_END_NOTIFY) (void)mbedtls_ssl_close_notify(&session->ssl);
        if (!(how & WHIMBREL_END_FORGET)) whimbrel_glue_keep(session);
        leave(session, 0);
    }
    if (how & WHIMBREL_END_FORGET) whimbrel_glue_forget(session);
    whimbrel_glue_free(session);
}

/* ---- The backend */

static int32_t set_memory(const whimbrel_mbedtls_config_t *config)
{
    if ((config->allocate == NULL) != (config->release == NULL)) return WHIMBREL_ERR_ARGUMENT;
    if (config->memory != NULL) {
        if (config->allocate != NULL) return WHIMBREL_ERR_ARGUMENT;
#if defined(MBEDTLS_MEMORY_BUFFER_ALLOC_C)
        mbedtls_memory_buffer_alloc_init(config->memory, config->memory_size);
#else
        return WHIMBREL_ERR_NOT_SUPPORTED;
#endif
    } else if (config->allocate != NULL) {
#if defined(MBEDTLS_PLATFORM_MEMORY) && !defined(MBEDTLS_PLATFORM_CALLOC_MACRO)
        (void)mbedtls_platform_set_calloc_free(config->allocate, config->release);
#else
        return WHIMBREL_ERR_NOT_SUPPORTED;
#endif
    }
    return WHIMBREL_OK;
}

static int32_t check_trust_store(const whimbrel_mbedtls_config_t *config)
{
#ifdef WITH_CERTIFICATES
    mbedtls_x509_crt chain;
    int result;
    if (config->trust_store == NULL) return WHIMBREL_OK;
    mbedtls_x509_crt_init(&chain);
    result = config->trust_store_length == 0
                 ? -1
                 : whimbrel_glue_trust(&chain, config->trust_store, config->trust_store_length);
    mbedtls_x509_crt_free(&chain);
    if (result != 0) return whimbrel_glue_is_memory(result) ? WHIMBREL_ERR_FULL : WHIMBREL_ERR_ARGUMENT;
#else
    (void)config;
#endif
    return WHIMBREL_OK;
}

static int32_t make(const whimbrel_mbedtls_config_t *config, whimbrel_mbedtls_t **backend)
{
    const whimbrel_security_t table = {
        .size = sizeof table,
        .capabilities = capabilities,
        .start = start,
        .step = step,
        .feed = feed,
        .write = write,
        .state = tell_state,
#ifdef WITH_SAVING
        .save = save,
        .load = load,
        .fence = fence,
#endif
        .end = end,
    };
    const uint8_t count = config->sessions != 0 ? config->sessions : 1;
    whimbrel_mbedtls_t *self = mbedtls_calloc(1, sizeof *self);
    if (self == NULL) return WHIMBREL_ERR_FULL;
    self->sessions = mbedtls_calloc(count, sizeof *self->sessions);
    if (self->sessions == NULL) {
        mbedtls_free(self);
        return WHIMBREL_ERR_FULL;
    }
    self->table = table;
    self->table.context = self;
    self->random = config->port->random;
    self->random_context = config->port->context;
    self->trust_store = config->trust_store;
    self->trust_store_length = config->trust_store_length;
    self->without_clock = config->without_clock;
    self->no_connection_id = config->no_connection_id;
    self->psk_tickets = config->psk_tickets;
    self->has_memory = config->memory != NULL;
    self->count = count;
    for (uint8_t i = 0; i < count; i++)
        self->sessions[i].backend = self;
    *backend = self;
    return WHIMBREL_OK;
}

static void give_memory_back(int has_memory)
{
#if defined(MBEDTLS_MEMORY_BUFFER_ALLOC_C)
    if (has_memory) mbedtls_memory_buffer_alloc_free();
#else
    (void)has_memory;
#endif
}

int32_t whimbrel_mbedtls_open(const whimbrel_mbedtls_config_t *config, whimbrel_mbedtls_t **backend)
{
    int32_t status;
    if (backend == NULL) return WHIMBREL_ERR_ARGUMENT;
    *backend = NULL;
    if (config == NULL || config->size != sizeof *config || config->port == NULL ||
        config->port->random == NULL)
        return WHIMBREL_ERR_ARGUMENT;
    status = set_memory(config);
    if (status < 0) return status;
#ifdef WITH_PSA
    if (psa_crypto_init() != PSA_SUCCESS) status = WHIMBREL_ERR_NOT_SUPPORTED;
#endif
    if (status >= 0) status = check_trust_store(config);
    if (status >= 0) status = make(config, backend);
    if (status < 0) give_memory_back(config->memory != NULL);
    return status;
}

const whimbrel_security_t *whimbrel_mbedtls_security(whimbrel_mbedtls_t *backend)
{
    return backend != NULL ? &backend->table : NULL;
}

void whimbrel_mbedtls_close(whimbrel_mbedtls_t *backend)
{
    if (backend == NULL) return;
    const int has_memory = backend->has_memory;
    for (uint8_t i = 0; i < backend->count; i++)
        end(backend, i, 0, WHIMBREL_END_FORGET, NULL);
    mbedtls_free(backend->sessions);
    mbedtls_platform_zeroize(backend, sizeof *backend);
    mbedtls_free(backend);
    give_memory_back(has_memory);
}
