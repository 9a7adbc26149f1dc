/*
 * The C skin: pointers in, engine calls, status out. The only unsafe code.
 *
 * Each function's comment stands in the header as it is here. `enter` answers NULL, dead handles and re-entry, and
 * reads the clock once a call.
 *
 * Written by `make header` from src/capi. Edit the comments there.
 */
#ifndef WHIMBREL_H
#define WHIMBREL_H

#include <stddef.h>
#include <stdint.h>

/** The version of this header; whimbrel_version() tells the library's. */
#define WHIMBREL_VERSION_MAJOR 0
#define WHIMBREL_VERSION_MINOR 1
#define WHIMBREL_VERSION_PATCH 0
#define WHIMBREL_VERSION_STRING "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------------------------------------------------- */
/* The handle: what lies behind a `whimbrel_client_t *`, and the one way in.                                */
/* -------------------------------------------------------------------------------------------------------- */

/** A client, in memory of the caller. Opaque. */
typedef struct whimbrel_client_t whimbrel_client_t;

/* -------------------------------------------------------------------------------------------------------- */
/* What protects a link: the table of a DTLS backend, which `ports/mbedtls` supplies and a platform may replace. */
/* -------------------------------------------------------------------------------------------------------- */

/** Security Mode (TS 1.0 Appendix E.1 resource 2): Pre-Shared Key. */
#define WHIMBREL_PSK 0
/** Raw Public Key. */
#define WHIMBREL_RAW_PUBLIC_KEY 1
/** X.509 certificate. */
#define WHIMBREL_CERTIFICATE 2
/** No security. */
#define WHIMBREL_NOSEC 3
/** What a backend can do, as bits: Security Mode 0. */
#define WHIMBREL_CAN_PSK 1
/** Security Mode 1: type negotiation (RFC 7250) and exact comparison of the server's key. */
#define WHIMBREL_CAN_RAW_PUBLIC_KEY 2
/** Security Mode 2, with every Certificate Usage and Matching Type that it does not refuse at `start`. */
#define WHIMBREL_CAN_CERTIFICATE 4
/** Connection ID (RFC 9146): the address may change under a session. */
#define WHIMBREL_CAN_CONNECTION_ID 8
/** Session resumption by ticket (RFC 5077) or ID. */
#define WHIMBREL_CAN_RESUME 16
/** `save` and `load`: an association survives the loss of its memory. */
#define WHIMBREL_CAN_SAVE 32
/** The role of the DTLS server (TS 1.0 section 7.1.6). */
#define WHIMBREL_CAN_SERVE 64
/** Certificate Usage (LwM2M 1.1, `/0/x/15`) plus one, so that 0 can stand for a resource that is not there: CA constraint. */
#define WHIMBREL_USAGE_CA_CONSTRAINT 1
/** Service certificate constraint. */
#define WHIMBREL_USAGE_SERVICE_CERTIFICATE_CONSTRAINT 2
/** Trust anchor assertion. */
#define WHIMBREL_USAGE_TRUST_ANCHOR_ASSERTION 3
/** Domain-issued certificate: the default, and the only one of LwM2M 1.0. */
#define WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE 4
/** How a session ends (whimbrel_security_t.end), as bits: tell the peer by close_notify. */
#define WHIMBREL_END_NOTIFY 1
/** Forget also what a later session could be resumed with. */
#define WHIMBREL_END_FORGET 2

/**
 * What a session is made of. All of it is valid only during the call of `start` or `load`: a backend copies what it
 * keeps, and overwrites its copies of keys when the session ends.
 */
typedef struct whimbrel_session_t {
    /** sizeof(whimbrel_session_t) */
    size_t size;
    /** WHIMBREL_PSK, WHIMBREL_RAW_PUBLIC_KEY or WHIMBREL_CERTIFICATE. */
    uint8_t mode;
    /** 0: the client's role. 1: the server's, for the bootstrap of 1.0 that a server initiates. */
    uint8_t serves;
    /** WHIMBREL_USAGE_…, never 0. */
    uint8_t certificate_usage;
    /** Matching Type (`/0/x/13`): 0 `server_key` itself; 1, 2, 3 its SHA-256, SHA-384, SHA-512. */
    uint8_t matching_type;
    /** 1: the server's certificate must be for `name`. 0: a certificate that equals `server_key` needs no name. */
    uint8_t check_name;
    /** 1: `name` is an address literal: it goes into no Server Name Indication. */
    uint8_t name_is_address;
    /** The largest datagram that may be sent, in bytes. */
    uint16_t mtu;
    /** The first retransmission timeout of the handshake in milliseconds; it doubles. */
    uint32_t first_timeout_ms;
    /** The longest one. When it has passed without an answer, the handshake has failed. */
    uint32_t longest_timeout_ms;
    /** The time in seconds since 1970, negative where the platform does not know it. */
    int64_t wall_clock_s;
    /** The cipher suites to offer and no others, by IANA number, the preferred one first; NULL: the backend's own list. */
    const uint16_t *ciphersuites;
    /** How many there are. */
    size_t ciphersuite_count;
    /** Public Key or Identity (`/0/x/3`): PSK identity, own SubjectPublicKeyInfo, or own certificate, DER. */
    const uint8_t *identity;
    /** Its length in bytes. */
    size_t identity_length;
    /** Server Public Key (`/0/x/4`): the server's SubjectPublicKeyInfo, certificate or trust anchor, DER, or a hash. */
    const uint8_t *server_key;
    /** Its length in bytes. */
    size_t server_key_length;
    /** Secret Key (`/0/x/5`): the PSK, or the private key, DER. A secure element may take it as the name of a key. */
    const uint8_t *secret_key;
    /** Its length in bytes. */
    size_t secret_key_length;
    /** The reference identifier (RFC 6125): `/0/x/14`, else the host of the URI. UTF-8, not terminated. */
    const char *name;
    /** Its length in bytes. */
    size_t name_length;
} whimbrel_session_t;

/** Where a backend puts the datagrams that it wants sent, during the call that it is given to. */
typedef struct whimbrel_outlet_t {
    /** Given to `send`. */
    void *context;
    /** Sends one datagram whole. An error counts as a loss; a backend need not look at it. */
    int32_t (*send)(void *context, const uint8_t *datagram, size_t size);
} whimbrel_outlet_t;

/** Where a session stands. */
typedef struct whimbrel_session_state_t {
    /** When it wants to be called by `step`, on the clock of whimbrel_port_t.now; UINT64_MAX: only input can change anything. */
    uint64_t deadline_ms;
    /** Sequence number of the next record that it will send under its keys. */
    uint64_t sequence;
    /** Description of the last alert that the peer sent (RFC 5246 section 7.2); -1: none since the session began. */
    int32_t alert;
    /** The cipher suite by IANA number, once established. */
    uint16_t ciphersuite;
    /** By how many bytes a datagram is longer than what is written, at the most, once established. */
    uint16_t overhead;
    /** 1: the handshake is done. */
    uint8_t established;
    /** 1: it was an abbreviated one, or none at all because the session was loaded. */
    uint8_t resumed;
    /** 1: the peer gave us a Connection ID: our address may change. */
    uint8_t connection_id;
    /** 1: `save` would succeed now. */
    uint8_t savable;
} whimbrel_session_state_t;

/**
 * A DTLS backend: Mbed TLS by `ports/mbedtls`, another library, a modem's own, a secure element.
 *
 * A session is a small number that the client chooses, below whimbrel_limits_t.servers. No function may block, and none may
 * call the client. A function that gets an `outlet` may send datagrams through it, before it returns. Each function but
 * `capabilities` and `end` is called only for a session that `start` or `load` has begun and `end` has not ended; a
 * negative status means that the session is over, unless said otherwise, and `end` follows.
 *
 * Why a session is over: WHIMBREL_ERR_TIMEOUT: the peer does not answer the handshake. WHIMBREL_ERR_CLOSED: the peer sent
 * close_notify or a fatal alert. WHIMBREL_ERR_CERTIFICATE, _NAME, _EXPIRED: the peer's certificate or key is not the one,
 * is for another name, is not valid now. WHIMBREL_ERR_HANDSHAKE: anything else that the protocol does not forgive.
 * Records that fail their integrity check, are replayed or make no sense are dropped without a word.
 */
typedef struct whimbrel_security_t {
    /** sizeof(whimbrel_security_t) */
    size_t size;
    /** Given to each function. */
    void *context;
    /** What the backend can do: WHIMBREL_CAN_… */
    uint32_t (*capabilities)(void *context);
    /**
     * Begins a session. Nothing is sent before `step`. If the session of that number was ended without
     * WHIMBREL_END_FORGET and `setup` has the same credentials, it may be resumed.
     *
     * Returns WHIMBREL_OK; WHIMBREL_ERR_SECURITY_MODE: `mode`, `serves`, the Certificate Usage or the Matching Type is not
     * supported; WHIMBREL_ERR_CREDENTIALS: keys, certificate or name cannot be used as they are;
     * WHIMBREL_ERR_CIPHERSUITE: none of the suites is supported; WHIMBREL_ERR_FULL: no memory.
     */
    int32_t (*start)(void *context, uint8_t session, const whimbrel_session_t *setup);
    /**
     * Does what is due: the first flight, a retransmission. Harmless at any time. Returns WHIMBREL_OK or why the session is
     * over.
     */
    int32_t (*step)(void *context, uint8_t session, uint64_t now_ms, const whimbrel_outlet_t *outlet);
    /**
     * Takes a datagram that came, or with `size` 0 goes on with the one before, which may hold several records.
     *
     * Returns how many bytes of plaintext it has put into `plain`: the content of one record, and the client calls again
     * with `size` 0 until there is none; 0: none; WHIMBREL_ERR_TRUNCATED: a record's content did not fit into `room` bytes
     * and is lost, but its beginning is in `plain` and the session lives; or why the session is over.
     * `plain` may be the memory of `datagram`: take that out first.
     */
    int32_t (*feed)(void *context,
                    uint8_t session,
                    uint64_t now_ms,
                    const uint8_t *datagram,
                    size_t size,
                    uint8_t *plain,
                    size_t room,
                    const whimbrel_outlet_t *outlet);
    /**
     * Protects `size` bytes as one record and sends it. Established sessions only. Returns WHIMBREL_OK;
     * WHIMBREL_ERR_TOO_LARGE: longer than the session can send, nothing is, and the session lives; or why it is over.
     */
    int32_t (*write)(void *context,
                     uint8_t session,
                     uint64_t now_ms,
                     const uint8_t *plain,
                     size_t size,
                     const whimbrel_outlet_t *outlet);
    /** Tells where a session stands. */
    void (*state)(void *context, uint8_t session, whimbrel_session_state_t *state);
    /**
     * Puts the whole association into `buffer`: keys, Connection ID, what the cipher suite needs. The session goes on.
     * Returns its length; WHIMBREL_ERR_FULL: `size` is too small; WHIMBREL_ERR_STATE: not now (see `savable`);
     * WHIMBREL_ERR_NOT_SUPPORTED: never. None of these ends the session. NULL without WHIMBREL_CAN_SAVE.
     */
    int32_t (*save)(void *context, uint8_t session, uint8_t *buffer, size_t size);
    /**
     * Begins a session as `start` does, but established, from what `save` gave. It goes on sending with record number
     * `sequence`, which is beyond all that was sent. Returns WHIMBREL_OK; WHIMBREL_ERR_MALFORMED: not what this backend
     * saved; or as `start`. NULL without WHIMBREL_CAN_SAVE.
     */
    int32_t (*load)(void *context,
                    uint8_t session,
                    const whimbrel_session_t *setup,
                    const uint8_t *data,
                    size_t size,
                    uint64_t sequence);
    /**
     * After `load`: what came just now proves to be fresh, so that every record up to it counts as received and is
     * dropped if it comes (again). NULL without WHIMBREL_CAN_SAVE.
     */
    void (*fence)(void *context, uint8_t session);
    /**
     * Ends a session: WHIMBREL_END_… Keys are overwritten. Without WHIMBREL_END_FORGET, what resumption needs may be kept.
     * A session that does not exist is ended already; there WHIMBREL_END_FORGET forgets what was kept.
     */
    void (*end)(void *context,
                uint8_t session,
                uint64_t now_ms,
                uint32_t how,
                const whimbrel_outlet_t *outlet);
} whimbrel_security_t;

/* -------------------------------------------------------------------------------------------------------- */
/* Primitives of secured short messages and of secure channels: a table that a library or the SDK fills.    */
/* -------------------------------------------------------------------------------------------------------- */

/** A block cipher (whimbrel_crypto_t): AES with a key of 16, 24 or 32 bytes. */
#define WHIMBREL_AES 1
/** Triple DES with three keys, 24 bytes together. Their parity bits count for nothing. */
#define WHIMBREL_TRIPLE_DES 2

/** A piece of a message. */
typedef struct whimbrel_chunk_t {
    /** Its bytes; may be NULL if there are none. */
    const uint8_t *data;
    /** How many. */
    size_t size;
} whimbrel_chunk_t;

/**
 * A table of primitives: whimbrel_crypto_software, whimbrel_mbedtls_crypto, an SDK's own, a secure element.
 *
 * No function may block for long or call the client. What a pointer refers to is valid during the call only, and keys are not kept.
 * Each function returns WHIMBREL_OK; WHIMBREL_ERR_CREDENTIALS: the cipher knows no key of that length;
 * WHIMBREL_ERR_NOT_SUPPORTED: the table lacks the cipher, or keys of that length; WHIMBREL_ERR_FULL: no memory.
 */
typedef struct whimbrel_crypto_t {
    /** sizeof(whimbrel_crypto_t) */
    size_t size;
    /** Given to each function. */
    void *context;
    /**
     * Enciphers (`encrypt` 1) or deciphers (0) `size` bytes in place by CBC. `iv` has the length of a block: 16 bytes for
     * WHIMBREL_AES, 8 for WHIMBREL_TRIPLE_DES; it is not changed. One block with an IV of zeros is the block cipher itself.
     * WHIMBREL_ERR_BAD_VALUE: `size` is not a multiple of a block.
     */
    int32_t (*cbc)(void *context,
                   uint8_t cipher,
                   uint8_t encrypt,
                   const uint8_t *key,
                   size_t key_length,
                   const uint8_t *iv,
                   uint8_t *data,
                   size_t size);
    /**
     * Computes the checksum of `count` chunks, at most 6, one behind the other, into the 16 bytes of `out`.
     * WHIMBREL_AES: CMAC (NIST SP 800-38B). WHIMBREL_TRIPLE_DES: 8 bytes, the last block of CBC with an IV of zeros over the
     * chunks, which zeros fill up to whole blocks; `out` ends with 8 zeros.
     */
    int32_t (*mac)(void *context,
                   uint8_t cipher,
                   const uint8_t *key,
                   size_t key_length,
                   const whimbrel_chunk_t *chunks,
                   size_t count,
                   uint8_t *out);
} whimbrel_crypto_t;

/**
 * AES and Triple DES in Rust, without the context. In the library of a host; firmware has it if it was built with the feature
 * `crypto`, and otherwise brings whimbrel_mbedtls_crypto or a table of its own.
 */
extern const whimbrel_crypto_t whimbrel_crypto_software;

/* -------------------------------------------------------------------------------------------------------- */
/* The smartcard: how it is read, by which keys, and what ends on it.                                       */
/* -------------------------------------------------------------------------------------------------------- */

/** whimbrel_uicc_t.secure: the card is read in clear. */
#define WHIMBREL_UICC_CLEAR 0
/** Through a secure channel where the card knows it, else in clear. A card that fails the cryptogram is not read. */
#define WHIMBREL_UICC_PREFERRED 1
/** Through a secure channel, or not at all. */
#define WHIMBREL_UICC_REQUIRED 2
/** Key-ENC, see whimbrel_uicc_t.cmac. */
#define WHIMBREL_KEY_ENC 1
/** Key-MAC. */
#define WHIMBREL_KEY_MAC 2
/** Where the reading of a card failed: the upper half of the status of WHIMBREL_EVENT_CARD_FAILED. EF(ICCID). */
#define WHIMBREL_UICC_ICCID 1
/** EF(DIR). */
#define WHIMBREL_UICC_DIRECTORY 2
/** MANAGE CHANNEL, to open one. */
#define WHIMBREL_UICC_CHANNEL 3
/** SELECT of the application. */
#define WHIMBREL_UICC_APPLICATION 4
/** INITIALIZE UPDATE and EXTERNAL AUTHENTICATE. */
#define WHIMBREL_UICC_SECURE 5
/** EF(ODF). */
#define WHIMBREL_UICC_ODF 6
/** EF(DODF-bootstrap). */
#define WHIMBREL_UICC_DODF 7
/** SELECT of EF(LwM2M_Bootstrap). */
#define WHIMBREL_UICC_SELECT 8
/** VERIFY PIN. */
#define WHIMBREL_UICC_PIN 9
/** Reading the bootstrap file, or what it says cannot be used. */
#define WHIMBREL_UICC_FILE 10
/** MANAGE CHANNEL, to close it. */
#define WHIMBREL_UICC_CLOSE 11
/** GET DATA and STORE DATA. */
#define WHIMBREL_UICC_MESSAGE 12

/** How the smartcard is read. All of it may be zero. Copied; what it points to lives as long as the client. */
typedef struct whimbrel_uicc_t {
    /** sizeof(whimbrel_uicc_t) */
    size_t size;
    /** Given to the functions below. */
    void *context;
    /**
     * WHIMBREL_UICC_CLEAR, WHIMBREL_UICC_PREFERRED or WHIMBREL_UICC_REQUIRED (TS 1.0 Appendix H). Others than the first need
     * whimbrel_secure_channel.
     */
    uint8_t secure;
    /** The version of the keys on the card; 0: the first one. */
    uint8_t key_version;
    /** 1: challenges and checksums of 16 bytes (S16), 0: of 8 (S8). */
    uint8_t s16;
    /** The length of each static key: 16, 24 or 32 bytes. */
    uint8_t key_length;
    /** Key-ENC; NULL where `cmac` is there. */
    const uint8_t *key_enc;
    /** Key-MAC; NULL where `cmac` is there. */
    const uint8_t *key_mac;
    /**
     * AES-CMAC with a static key that a secure element keeps (`key` is WHIMBREL_KEY_…): all that is done with these keys. Gives
     * WHIMBREL_OK and 16 bytes in `out`, or an error. NULL: the keys are above.
     */
    int32_t (*cmac)(void *context, uint8_t key, const uint8_t *message, size_t size, uint8_t *out);
    /**
     * The PIN of a reference (ETSI TS 102 221 section 9.5.1), of which `tries` are left: puts its 4 to 8 bytes
     * into `pin` and gives their number, or 0: nobody knows it. Asked once a reading, and only where the file wants one. A wrong
     * PIN is a try less: it is not asked for again until whimbrel_card_changed(), or until more tries are left.
     * NULL: a card that wants a PIN cannot be read.
     */
    int32_t (*pin)(void *context, uint8_t reference, uint8_t tries, uint8_t *pin);
    /** How long the card may take for one command in milliseconds; 0 takes 30000. */
    uint32_t timeout_ms;
    /**
     * How often a card is looked for while there is none with bootstrap data, in seconds; 0: when whimbrel_card_changed() is
     * called.
     */
    uint32_t look_s;
    /**
     * How often the card is asked for messages, in seconds; 0: when whimbrel_card_message() is called. With
     * whimbrel_limits_t.uicc_messages.
     */
    uint32_t ask_s;
    /** The AID of the LwM2M application, which TS 1.0 does not name; NULL takes F04C574D324D01. */
    const uint8_t *message_aid;
    /** Its length, 5 to 16 bytes. */
    uint8_t message_aid_length;
    /** The tag before the length of a message; 0 takes 5. */
    uint8_t message_tag;
    /** P1 and P2 of GET DATA; 0 takes 0x0005. */
    uint16_t message_object;
} whimbrel_uicc_t;

/* -------------------------------------------------------------------------------------------------------- */
/* Constants and the structs that the application fills.                                                    */
/* -------------------------------------------------------------------------------------------------------- */

/** Done. */
#define WHIMBREL_OK 0
/** From a handler: the answer comes later, by whimbrel_complete(). */
#define WHIMBREL_DEFERRED 1
/** From whimbrel_port_t.link_open: not yet; ask again. */
#define WHIMBREL_PENDING 2
/** Bytes that do not follow their grammar. On the wire 4.00. */
#define WHIMBREL_ERR_MALFORMED (-1)
/** Nothing there. On the wire 4.04. */
#define WHIMBREL_ERR_NOT_FOUND (-2)
/** Not supported by the target. On the wire 4.05. */
#define WHIMBREL_ERR_NOT_ALLOWED (-3)
/** A table or buffer is full: see whimbrel_limits_t. On the wire 5.00. */
#define WHIMBREL_ERR_FULL (-4)
/** A handler failed. On the wire 5.00. */
#define WHIMBREL_ERR_HANDLER (-5)
/** NULL where none may be, or a struct with an unknown size. */
#define WHIMBREL_ERR_ARGUMENT (-6)
/** Called from inside a handler, an event or a port function. */
#define WHIMBREL_ERR_REENTERED (-7)
/** No right. On the wire 4.01. */
#define WHIMBREL_ERR_UNAUTHORIZED (-8)
/** A value of wrong type, length or range. On the wire 4.00. */
#define WHIMBREL_ERR_BAD_VALUE (-9)
/** No such format to answer in. On the wire 4.06. */
#define WHIMBREL_ERR_NOT_ACCEPTABLE (-10)
/** A payload in an unknown format. On the wire 4.15. */
#define WHIMBREL_ERR_UNSUPPORTED_FORMAT (-11)
/** A payload larger than can be taken. On the wire 4.13. */
#define WHIMBREL_ERR_TOO_LARGE (-12)
/** A part of a transfer is missing. On the wire 4.08. */
#define WHIMBREL_ERR_INCOMPLETE (-13)
/** Something else is under way. On the wire 5.03. */
#define WHIMBREL_ERR_BUSY (-14)
/** Not part of this client. On the wire 5.01. */
#define WHIMBREL_ERR_NOT_SUPPORTED (-15)
/** A critical option is not understood. On the wire 4.02. */
#define WHIMBREL_ERR_BAD_OPTION (-16)
/** The link cannot send or receive. */
#define WHIMBREL_ERR_LINK (-17)
/** A datagram did not fit into the buffer. */
#define WHIMBREL_ERR_TRUNCATED (-18)
/** Not a client, or called out of order. */
#define WHIMBREL_ERR_STATE (-19)
/** The identifier is in use. */
#define WHIMBREL_ERR_EXISTS (-20)
/** The server did not answer in time. */
#define WHIMBREL_ERR_TIMEOUT (-21)
/** The server refused. */
#define WHIMBREL_ERR_REFUSED (-22)
/** The security mode, or what goes with it, is not supported by the backend; or there is none. */
#define WHIMBREL_ERR_SECURITY_MODE (-24)
/** Keys, certificate or name cannot be used as they are. */
#define WHIMBREL_ERR_CREDENTIALS (-25)
/** None of the cipher suites is supported. */
#define WHIMBREL_ERR_CIPHERSUITE (-26)
/** The DTLS handshake failed: no common cipher suite, a wrong key. */
#define WHIMBREL_ERR_HANDSHAKE (-27)
/** The server's certificate or key is not the one expected, or not vouched for. */
#define WHIMBREL_ERR_CERTIFICATE (-28)
/** The server's certificate is for another name. */
#define WHIMBREL_ERR_NAME (-29)
/** The server's certificate is not valid now, or nobody knows what time it is. */
#define WHIMBREL_ERR_EXPIRED (-30)
/** The server closed the session. */
#define WHIMBREL_ERR_CLOSED (-31)
/** Stable storage cannot be read or written. */
#define WHIMBREL_ERR_STORAGE (-32)
/** Accounts, keys, Short Server IDs or access control do not fit together (TS 1.0 section 5.2.6). On the wire 4.06. */
#define WHIMBREL_ERR_INCONSISTENT (-33)
/** No identifier at this level of a path (MAX_ID). */
#define WHIMBREL_NONE 65535
/** Resource types (TS 1.0 Appendix C). An executable resource has none. */
#define WHIMBREL_NO_TYPE 0
/** UTF-8 text. Variable: an array of `capacity` char, NUL-terminated; capacity 0: a constant text of any length. */
#define WHIMBREL_STRING 1
/** Integer. Variable: int8_t, int16_t, int32_t or int64_t by capacity 1, 2, 4, 8; capacity 0: int32_t. */
#define WHIMBREL_INTEGER 2
/** Unsigned Integer (1.1). Variable: as for WHIMBREL_INTEGER, unsigned. */
#define WHIMBREL_UNSIGNED 3
/** Float. Variable: float by capacity 4, double by 8 or 0. */
#define WHIMBREL_FLOAT 4
/** Boolean. Variable: uint8_t, 0 or 1. */
#define WHIMBREL_BOOLEAN 5
/** Opaque. Variable: whimbrel_bytes_t. */
#define WHIMBREL_OPAQUE 6
/** Time, seconds since 1970. Variable: int64_t by capacity 8 or 0, int32_t by 4. */
#define WHIMBREL_TIME 7
/** Objlnk. Variable: two uint16_t, Object ID and Object Instance ID. */
#define WHIMBREL_OBJLNK 8
/** Corelnk (1.1). Variable: as for WHIMBREL_STRING. */
#define WHIMBREL_CORELNK 9
/** Operations of a resource: it can be read and observed. */
#define WHIMBREL_READ 1
/** It can be written. */
#define WHIMBREL_WRITE 2
/** It can be executed. */
#define WHIMBREL_EXECUTE 4
/** Flags of a resource: it has resource instances; a variable is a whimbrel_list_t. */
#define WHIMBREL_MULTIPLE 1
/** A Create must bring it, and a Replace keeps it. */
#define WHIMBREL_MANDATORY 2
/** An Opaque that the write handler takes chunk by chunk, each once, in order. */
#define WHIMBREL_STREAM 4
/** The variable lies in the instance's data: `value` is WHIMBREL_OFFSET(type, member). */
#define WHIMBREL_MEMBER 16
/** Flags of an object: it can have several instances; the application adds them by whimbrel_instance_add(). */
#define WHIMBREL_INSTANCES 1
/** Servers may create and delete instances; implies WHIMBREL_INSTANCES. */
#define WHIMBREL_CREATABLE 2
/** What servers write into it is stored, and taken up by whimbrel_configuration_load(): resources that can be written and read. */
#define WHIMBREL_PERSISTENT 4
/** Rights of a server on an object instance (TS 1.0 Appendix E.3): Read, Observe, Write-Attributes. */
#define WHIMBREL_RIGHT_READ 1
/** Write. */
#define WHIMBREL_RIGHT_WRITE 2
/** Execute. */
#define WHIMBREL_RIGHT_EXECUTE 4
/** Delete. */
#define WHIMBREL_RIGHT_DELETE 8
/** Create, on the object. */
#define WHIMBREL_RIGHT_CREATE 16
/** Events: a server accepted the registration. */
#define WHIMBREL_EVENT_REGISTERED 1
/** A Register failed: status says why, at when it is tried again. */
#define WHIMBREL_EVENT_REGISTER_FAILED 2
/** A server accepted an Update. */
#define WHIMBREL_EVENT_UPDATED 3
/** An Update failed; the client registers again. */
#define WHIMBREL_EVENT_UPDATE_FAILED 4
/** The registration has ended. */
#define WHIMBREL_EVENT_DEREGISTERED 5
/** A server disabled its account until `at`. */
#define WHIMBREL_EVENT_DISABLED 6
/** A server observes `path`. */
#define WHIMBREL_EVENT_OBSERVED 7
/** The observation of `path` has ended. */
#define WHIMBREL_EVENT_OBSERVATION_ENDED 8
/** A server wrote `path`. */
#define WHIMBREL_EVENT_WRITTEN 9
/** A server executed `path`. */
#define WHIMBREL_EVENT_EXECUTED 10
/** A server created `path`. */
#define WHIMBREL_EVENT_CREATED 11
/** A server deleted `path`. */
#define WHIMBREL_EVENT_DELETED 12
/** Nothing is sent or expected before `at`: the radio may be switched off. */
#define WHIMBREL_EVENT_RADIO_OFF 13
/** Something is about to be sent: the radio is needed now. */
#define WHIMBREL_EVENT_RADIO_ON 14
/** A link cannot be opened or used: status says why. */
#define WHIMBREL_EVENT_LINK_FAILED 15
/** All servers are left, after whimbrel_client_stop(). */
#define WHIMBREL_EVENT_STOPPED 16
/** An account cannot be used as configured: status says why. It is not tried again. */
#define WHIMBREL_EVENT_ACCOUNT_INVALID 17
/** A datagram was dropped: status says why. */
#define WHIMBREL_EVENT_DROPPED 18
/** A Confirmable notification of `path` was not acknowledged. */
#define WHIMBREL_EVENT_NOTIFY_FAILED 19
/** A DTLS session is established by a full handshake: status is the cipher suite's IANA number. */
#define WHIMBREL_EVENT_SECURED 20
/** A DTLS session goes on without a full handshake, resumed or loaded from storage: status is the cipher suite. */
#define WHIMBREL_EVENT_RESUMED 21
/** A DTLS session could not be established, or is over: status says why. */
#define WHIMBREL_EVENT_SECURITY_FAILED 22
/** The server sent an alert: status is its description, 0 to 255 (RFC 5246 section 7.2; 0 is close_notify). */
#define WHIMBREL_EVENT_ALERT 23
/** Stable storage could not be read or written: status says why. */
#define WHIMBREL_EVENT_STORAGE_FAILED 24
/** A bootstrap server has answered, and configures the client from now on. What servers send meanwhile is not heard. */
#define WHIMBREL_EVENT_BOOTSTRAP_STARTED 25
/** The bootstrap server has finished, and what it wrote holds: the client registers. */
#define WHIMBREL_EVENT_BOOTSTRAPPED 26
/** A bootstrap failed: status says why, `at` when it is tried again. All is as it was before. */
#define WHIMBREL_EVENT_BOOTSTRAP_FAILED 27
/** The account of the bootstrap server has timed out and is gone: there will be no more bootstrap. */
#define WHIMBREL_EVENT_BOOTSTRAP_PURGED 28
/** A bootstrap brought the account of short_server_id. */
#define WHIMBREL_EVENT_ACCOUNT_ADDED 29
/** A bootstrap removed the account of short_server_id. */
#define WHIMBREL_EVENT_ACCOUNT_REMOVED 30
/** The bootstrap data of a smartcard was read and holds; status is the number of APDUs that this took. */
#define WHIMBREL_EVENT_CARD_READ 31
/** The bootstrap data of the smartcard is what it was; status is the number of APDUs. */
#define WHIMBREL_EVENT_CARD_CHECKED 32
/** There is no smartcard (status 0), or none with bootstrap data (1): what came from one is gone. */
#define WHIMBREL_EVENT_CARD_GONE 33
/**
 * The smartcard could not be read, or its data cannot be used: `status >> 16` is WHIMBREL_UICC_…, where that was; below, in
 * `status & 0xffff`, is the status word, or under 256 the number of an error, WHIMBREL_ERR_… with the sign away. `at` is when the
 * card is tried again.
 */
#define WHIMBREL_EVENT_CARD_FAILED 34
/** Why the client wants to be called (whimbrel_deadline_t.reason): only input can change anything. */
#define WHIMBREL_WAKE_NOTHING 0
/** More input may wait, or something changed. */
#define WHIMBREL_WAKE_WORK 1
/** A message is repeated or given up. */
#define WHIMBREL_WAKE_RETRANSMISSION 2
/** A link is being opened. */
#define WHIMBREL_WAKE_LINK 3
/** A pause before a registration ends. */
#define WHIMBREL_WAKE_REGISTRATION 4
/** An Update is due. */
#define WHIMBREL_WAKE_UPDATE 5
/** pmin or pmax of an observation ends. */
#define WHIMBREL_WAKE_NOTIFICATION 6
/** The awake window of queue mode ends. */
#define WHIMBREL_WAKE_SLEEP 7
/** A handshake message is repeated or given up. */
#define WHIMBREL_WAKE_HANDSHAKE 8
/** A bootstrap is given up or ends, or its account times out. */
#define WHIMBREL_WAKE_BOOTSTRAP 9
/** Parts of a long SMS are given up. */
#define WHIMBREL_WAKE_SMS 10
/** A smartcard is read, looked for, or asked for messages. */
#define WHIMBREL_WAKE_CARD 11
/**
 * How SMS is done, as bits of whimbrel_config_t.sms_flags: for debugging, an account with WHIMBREL_SMS_NOSEC hears everybody,
 * and answers whom it heard. Never in a product (TS 1.0 section 7.2).
 */
#define WHIMBREL_SMS_ANYONE 1
/** Numbers are the same if their last seven digits are, for networks that show national numbers. */
#define WHIMBREL_SMS_SIMILAR 2
/** Keys of 32 bytes are one of AES-256, and not two of AES-128. */
#define WHIMBREL_SMS_AES_256 4
/** The cryptographic checksum of secured packets has 4 bytes, and not 8. */
#define WHIMBREL_SMS_SHORT_MAC 8
/** A response packet is sent where the server asks for one. */
#define WHIMBREL_SMS_RESPOND 16
/** The validity period is told in seconds (enhanced format), which few networks know. */
#define WHIMBREL_SMS_PRECISE 32
/**
 * How a link is opened (whimbrel_port_t.link_open), as bits: the datagrams are those of the security backend, which a socket
 * need not know.
 */
#define WHIMBREL_LINK_SECURE 1
/**
 * The server speaks first: our end is the port 5683, or with security 5684, where it looks for us. Only asked for with
 * whimbrel_config_t.server_initiated; a port that cannot returns WHIMBREL_ERR_NOT_SUPPORTED.
 */
#define WHIMBREL_LINK_LISTEN 2

/** Access control (TS 1.0 section 7.3); the library has whimbrel_access_control. Only where named it is linked. */
typedef struct whimbrel_access_t whimbrel_access_t;

/**
 * A part of the client that a product can leave out; the library has whimbrel_reporting, whimbrel_transfers,
 * whimbrel_creation, whimbrel_deferral, whimbrel_dtls, whimbrel_persistence, whimbrel_bootstrap, whimbrel_sms and
 * whimbrel_secured_packets. Only those named are linked.
 */
typedef struct whimbrel_feature_t whimbrel_feature_t;

/** A content format; the library has whimbrel_format_text, _opaque, _tlv and _json. Only those named are linked. */
typedef struct whimbrel_format_t whimbrel_format_t;

/** How much a client can hold. All of it comes from the one memory block; a 0 takes the default in parentheses. */
typedef struct whimbrel_limits_t {
    /** sizeof(whimbrel_limits_t) */
    size_t size;
    /** Server accounts, that of the bootstrap server included, at most 32 (1). */
    uint16_t servers;
    /** Objects of the application, beside 0, 1 and 2 (4). */
    uint16_t objects;
    /** Object instances of the application (4). */
    uint16_t instances;
    /** Instances of the Access Control object (0; NONE needed with one server). */
    uint16_t access;
    /** Observations, at most 255 (4). */
    uint16_t observations;
    /** Places with attributes, one for each server and path (4). */
    uint16_t attributes;
    /** Requests remembered to recognise their repetition, at least one a server (4). */
    uint16_t recent;
    /** Requests deferred at a time (1). */
    uint16_t deferred;
    /** Changes noted between two polls; more are taken as a change of everything (8). */
    uint16_t changes;
    /** The largest CoAP message, sent or received, in bytes; 128 at least (1152). */
    uint16_t datagram;
    /** Bytes for URI and keys of one account together (128). */
    uint16_t credentials;
    /** Bytes to undo a failed write with: the old values of what one request changes (256). */
    uint16_t undo;
    /**
     * The largest payload assembled from blocks, in bytes; streams are not bound by it. Answers to a Read and notifications
     * that go in blocks and fit are written once, so that all blocks are of one moment (0: none).
     */
    uint32_t body;
    /** With DTLS: the largest datagram of a link, sent or received, in bytes, 140 to 16384 (0: no DTLS). */
    uint16_t mtu;
    /**
     * With bootstrap: bytes for the old values of what a bootstrap server changes, until it has finished; about 100 and the
     * keys for each account (0: no bootstrap, and without DTLS no persistence).
     */
    uint32_t bootstrap;
    /**
     * With SMS: messages in several parts that can wait for the rest at a time, at most 64. Each takes about
     * `datagram` bytes, and so does one that is sent (0: no SMS).
     */
    uint16_t sms;
    /**
     * With a smartcard: 34 bytes more than the longest resource of its bootstrap file, a key or a certificate, and than the
     * longest message that ends on it; 290 at least (0: no whimbrel_uicc).
     */
    uint16_t uicc;
    /** With a smartcard: bytes for messages that it is to send, about `datagram` for each (0: none end on it). */
    uint16_t uicc_messages;
} whimbrel_limits_t;

/** Timing of CoAP (RFC 7252 section 4.8). A 0 takes the default in parentheses. */
typedef struct whimbrel_coap_t {
    /** ACK_TIMEOUT in milliseconds (2000). */
    uint32_t ack_timeout_ms;
    /** ACK_RANDOM_FACTOR in thousandths, 1000 or more (1500). */
    uint16_t ack_random_permille;
    /** MAX_RETRANSMIT, 1 to 20 (4). */
    uint8_t max_retransmit;
    /** NSTART; only 1 is supported (1). */
    uint8_t nstart;
} whimbrel_coap_t;

/** A place in the object tree. Levels that are not given are WHIMBREL_NONE. */
typedef struct whimbrel_path_t {
    /** Object ID. */
    uint16_t object;
    /** Object Instance ID. */
    uint16_t instance;
    /** Resource ID. */
    uint16_t resource;
    /** Resource Instance ID. */
    uint16_t resource_instance;
} whimbrel_path_t;

/** Something that happened. */
typedef struct whimbrel_event_t {
    /** WHIMBREL_EVENT_… */
    uint16_t code;
    /** Short Server ID of the server concerned, 0 for none. */
    uint16_t short_server_id;
    /** 0; a WHIMBREL_ERR_…; or the CoAP code that a server answered, as on the wire: 0x84 is 4.04. */
    int32_t status;
    /** The place concerned. */
    whimbrel_path_t path;
    /** The time concerned, on the clock of whimbrel_port_t.now; 0 for none, UINT64_MAX for never. */
    uint64_t at;
} whimbrel_event_t;

/** When the client wants to be called next, and why. */
typedef struct whimbrel_deadline_t {
    /** When, on the clock of whimbrel_port_t.now; UINT64_MAX if only input can change anything. */
    uint64_t at;
    /** For which server, 0 for none in particular. */
    uint16_t short_server_id;
    /** WHIMBREL_WAKE_… */
    uint8_t reason;
} whimbrel_deadline_t;

/** What the application chooses. Everything pointed to must live as long as the client; strings end with NUL. */
typedef struct whimbrel_config_t {
    /** sizeof(whimbrel_config_t) */
    size_t size;
    /** Endpoint Client Name, 1 to 128 bytes (TS 1.0 section 6.3.1). */
    const char *endpoint;
    /** How much the client can hold; needed only during whimbrel_client_init(). NULL: all defaults. */
    const whimbrel_limits_t *limits;
    /** The formats, the preferred one first. */
    const whimbrel_format_t *const *formats;
    /** How many formats there are; 1 at least. */
    size_t format_count;
    /** The parts of the client that are wanted; NULL for none. */
    const whimbrel_feature_t *const *features;
    /** How many there are. */
    size_t feature_count;
    /** &whimbrel_access_control, or NULL: every server may do everything. */
    const whimbrel_access_t *access;
    /** The lowest version of LwM2M to be spoken: 10 for 1.0, 11 for 1.1; 0 takes 10. */
    uint8_t version_min;
    /** The highest; it is tried first. 0 takes 10. 1.1 is supported with TLV, without what later versions add. */
    uint8_t version_max;
    /** 1: notifications are Confirmable. 0: Non-confirmable, but for one a day (RFC 7641 section 4.5). */
    uint8_t confirm_notifications;
    /** Timing of CoAP. */
    whimbrel_coap_t coap;
    /** Queue mode: how long to stay awake after the last message, in milliseconds; 0 takes MAX_TRANSMIT_WAIT. */
    uint32_t awake_ms;
    /**
     * The pause after a first failed registration in seconds, doubled after each further one; 0 takes 30. With
     * whimbrel_bootstrap that is so of a bootstrap; registrations follow the resources 17 to 20 of the Server object.
     */
    uint32_t retry_first_s;
    /** The longest such pause in seconds; 0 takes 3600. Each pause is spread by a quarter up and down. */
    uint32_t retry_longest_s;
    /**
     * Called for everything that happens, from inside whimbrel_client_poll() and other calls; may be NULL. May call
     * whimbrel_changed() and nothing else.
     */
    void (*event)(void *context, const whimbrel_event_t *event);
    /** Given to `event`. */
    void *event_context;
    /** DTLS: the first retransmission timeout of a handshake in milliseconds; 0 takes that of CoAP. It doubles. */
    uint32_t handshake_first_ms;
    /** DTLS: the longest such timeout; when it has passed without an answer, the handshake has failed. 0 takes 60000. */
    uint32_t handshake_longest_ms;
    /**
     * With whimbrel_bootstrap, 1: the bootstrap server may speak first (server initiated bootstrap, TS 1.0 section 5.2.3.4).
     * The client listens for it, with DTLS in the role of the server, and the radio stays on.
     */
    uint8_t server_initiated;
    /** With whimbrel_sms: WHIMBREL_SMS_… as bits. */
    uint8_t sms_flags;
    /** TP-PID of what is sent, and */
    uint8_t sms_protocol;
    /**
     * TP-DCS; 0 takes 4, 8-bit data. Secured packets that a smartcard of the server's side expects have 0x7f and 0xf6
     * (TS 1.0 section 7.2.2.2).
     */
    uint8_t sms_coding;
    /**
     * The number of this device, "+15555550199", for the registration (TS 1.0 section 5.3.1); NULL: not known, see
     * whimbrel_sms_number().
     */
    const char *sms_number;
    /**
     * How long an answer by SMS may take in seconds, for nothing is sent twice (TS 1.0 section 8.6.2), and the least validity
     * period (TP-VP) of an SMS; 0 takes 300.
     */
    uint32_t sms_answer_s;
    /** How a smartcard is read, for whimbrel_uicc; read by whimbrel_client_init(). NULL: all of it zero. */
    const whimbrel_uicc_t *uicc;
} whimbrel_config_t;

/** The platform. None of these functions may block, and none may call the client but whimbrel_changed(). */
typedef struct whimbrel_port_t {
    /** sizeof(whimbrel_port_t) */
    size_t size;
    /** Given to each function. */
    void *context;
    /** Milliseconds of a clock that never goes back and goes on while the device sleeps. */
    uint64_t (*now)(void *context);
    /** Fills `buffer` with bytes nobody can guess. */
    void (*random)(void *context, uint8_t *buffer, size_t size);
    /**
     * Opens a link to a server, or tells how far that has come. `link` is below whimbrel_limits_t.servers; `host` is a
     * name or an address literal of `host_length` bytes, not terminated; `how` is WHIMBREL_LINK_… as bits. Returns WHIMBREL_OK,
     * WHIMBREL_PENDING (the client asks again with the same arguments), or an error.
     */
    int32_t (*link_open)(void *context,
                         uint8_t link,
                         const char *host,
                         size_t host_length,
                         uint16_t port,
                         int32_t how);
    /** Sends one datagram whole. An error counts as a loss. */
    int32_t (*link_send)(void *context, uint8_t link, const uint8_t *data, size_t size);
    /**
     * Takes one whole datagram: its length; 0 if none waits; WHIMBREL_ERR_TRUNCATED if it did not fit, with its
     * beginning in `buffer`; another error if the link is dead.
     */
    int32_t (*link_receive)(void *context, uint8_t link, uint8_t *buffer, size_t size);
    /** Closes a link, also one that is still being opened; it may be opened again. */
    void (*link_close)(void *context, uint8_t link);
    /**
     * Locks out interrupts and other threads for the few instructions of whimbrel_changed(); gives what `unlock` needs.
     * NULL together with `unlock`: whimbrel_changed() is called only by the thread that polls.
     */
    uint32_t (*lock)(void *context);
    /** Undoes `lock`. */
    void (*unlock)(void *context, uint32_t state);
    /** Called by whimbrel_changed(), so that a waiting thread polls; may be NULL. May run in an interrupt. */
    void (*wake)(void *context);
    /** The DTLS backend, for whimbrel_dtls; must live as long as the client. NULL: none. */
    const whimbrel_security_t *security;
    /** The time in seconds since 1970, negative where it is not known; certificates are judged by it. NULL: not known. */
    int64_t (*wall_clock)(void *context);
    /**
     * Reads a record of stable storage, which holds secrets: its length, at most `size`; WHIMBREL_ERR_NOT_FOUND or 0: it
     * was never written, or last with size 0; WHIMBREL_ERR_FULL: it is longer than `size`; another error: it cannot be read.
     * For whimbrel_persistence; NULL together with `storage_write`.
     */
    int32_t (*storage_read)(void *context, uint16_t record, uint8_t *buffer, size_t size);
    /**
     * Replaces a record of stable storage; with `size` 0 removes it. When it returns WHIMBREL_OK, the new content is there
     * after a power cut. If power is cut meanwhile, the record may hold anything: the client sees that, and has another.
     */
    int32_t (*storage_write)(void *context, uint16_t record, const uint8_t *data, size_t size);
    /**
     * Takes an SMS-SUBMIT (TS 23.040) to be sent, without service centre address: WHIMBREL_OK; WHIMBREL_ERR_BUSY: there is no
     * room for it now; another error. An error counts as a loss. For whimbrel_sms; NULL together with `sms_receive`.
     */
    int32_t (*sms_send)(void *context, const uint8_t *tpdu, size_t size);
    /**
     * Gives an SMS-DELIVER or SMS-STATUS-REPORT that came, without service centre address: its length, 0 if none waits, or an
     * error.
     */
    int32_t (*sms_receive)(void *context, uint8_t *buffer, size_t size);
    /** Ciphers for whimbrel_secured_packets; must live as long as the client. NULL: none. */
    const whimbrel_crypto_t *crypto;
    /**
     * Sends a command APDU to the smartcard, or asks how far that has come. WHIMBREL_OK: the response with its status word is in
     * `response`, and `length` says how long it is; WHIMBREL_PENDING: not yet, the client asks again with the same command;
     * WHIMBREL_ERR_NOT_FOUND: there is no card, and what came from it is deleted; another error: the card cannot be used now,
     * and its logical channels are closed. Another command than the one that pends gives that one up, a `command_length` of 0
     * does only that, and follows each reading as well: others may have the card then. NULL: no card. For whimbrel_uicc.
     */
    int32_t (*uicc_transmit)(void *context,
                             const uint8_t *command,
                             size_t command_length,
                             uint8_t *response,
                             size_t room,
                             size_t *length);
} whimbrel_port_t;

/* -------------------------------------------------------------------------------------------------------- */
/* Short messages: what an account is reached and secured with, and the parts that do it.                   */
/* -------------------------------------------------------------------------------------------------------- */

/** SMS Security Mode (TS 1.0 Appendix E.1 resource 6): DTLS that ends in the device, with PSK. */
#define WHIMBREL_SMS_DTLS 1
/** Secured packets (TS 102 225). Without a smartcard they end in the device, by whimbrel_secured_packets. */
#define WHIMBREL_SMS_PACKETS 2
/** No security. */
#define WHIMBREL_SMS_NOSEC 3

/**
 * How an account is reached by SMS: the resources 6 to 9 of the Security object (TS 1.0 Appendix E.1), and Trigger of the
 * Server object. Copied, not kept.
 */
typedef struct whimbrel_sms_t {
    /** sizeof(whimbrel_sms_t) */
    size_t size;
    /**
     * SMS Security Mode, resource 6: WHIMBREL_SMS_DTLS, whose keys are those of whimbrel_account_t.security,
     * WHIMBREL_SMS_PACKETS or WHIMBREL_SMS_NOSEC.
     */
    uint8_t mode;
    /**
     * 1: the server may trigger an Update or a bootstrap by SMS, whatever the binding is (`/1/x/21`, 1.1). Such an SMS is not
     * answered.
     */
    uint8_t trigger;
    /** LwM2M Server SMS Number, resource 9: "+15555550123". NULL where whimbrel_account_t.uri is `tel:+15555550123`. */
    const char *number;
    /** SMS Binding Key Parameters, resource 7: KIc, KID, SPI, TAR; 6 bytes with the first of SPI, or 7. */
    const uint8_t *parameters;
    /** Their length in bytes. */
    size_t parameters_length;
    /** SMS Binding Secret Key(s), resource 8: 16, 32 or 48 bytes. */
    const uint8_t *keys;
    /** Their length in bytes. */
    size_t keys_length;
} whimbrel_sms_t;

/**
 * Short messages as a way to servers (TS 1.0 sections 7.2 and 8.6.2): bindings S, SQ, US, UQS, `tel:` URIs, triggers. Needs
 * whimbrel_port_t.sms_send and .sms_receive and whimbrel_limits_t.sms. Named after whimbrel_dtls, where that is named. Without it
 * such bindings are refused.
 */
extern const whimbrel_feature_t whimbrel_sms;

/**
 * Secured packets that end in the device (TS 1.0 section 7.2.2.3). Needs whimbrel_sms, whimbrel_port_t.crypto, and the storage
 * functions: counters must outlive a power cut.
 */
extern const whimbrel_feature_t whimbrel_secured_packets;

/**
 * Tells what number the device has, where that was not known at whimbrel_client_init(): servers are told with the next Update.
 *
 * @param number  "+15555550199"; copied.
 * @return WHIMBREL_OK; WHIMBREL_ERR_BAD_VALUE: not a number; WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_sms is not named;
 *         WHIMBREL_ERR_ARGUMENT: NULL.
 *
 * Serves: TS 1.0 sections 5.3.1 and 5.3.2 (SMS Number). Since 0.1.
 */
int32_t whimbrel_sms_number(whimbrel_client_t *client,
                            const char *number);

/* -------------------------------------------------------------------------------------------------------- */
/* The smartcard behind the engine's traits.                                                                */
/* -------------------------------------------------------------------------------------------------------- */

/**
 * Bootstrap from a smartcard (TS 1.0 section 5.2.3.2 and Appendix G): its file is read before anybody is spoken to, and looked
 * at again before each Register and Update with a server that came from it. Needs whimbrel_port_t.uicc_transmit and
 * whimbrel_limits_t.uicc; named after whimbrel_bootstrap. With whimbrel_limits_t.uicc_messages and whimbrel_sms, short messages
 * of the mode WHIMBREL_SMS_PACKETS end on the card (TS 1.0 section 7.2.2.2).
 */
extern const whimbrel_feature_t whimbrel_uicc;

/**
 * A secure channel with the smartcard, SCP03 (TS 1.0 Appendix H). Named before whimbrel_uicc; needs whimbrel_port_t.crypto. Without
 * it whimbrel_uicc_t.secure can only be WHIMBREL_UICC_CLEAR.
 */
extern const whimbrel_feature_t whimbrel_secure_channel;

/**
 * The card may be another one, or there is one now, or none: it is looked at with the next poll.
 *
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_uicc is not named; WHIMBREL_ERR_ARGUMENT, WHIMBREL_ERR_STATE,
 *         WHIMBREL_ERR_REENTERED as for whimbrel_client_poll().
 *
 * What comes of it is told by WHIMBREL_EVENT_CARD_…. Serves: TS 1.0 section 5.2.3.2. Since 0.1.
 */
int32_t whimbrel_card_changed(whimbrel_client_t *client);

/**
 * Messages may wait on the card: they are fetched with the next poll. For a modem that tells so (ETSI TS 102 223).
 *
 * @return As for whimbrel_card_changed().
 *
 * Serves: TS 1.0 section 7.2.2.2.1. Since 0.1.
 */
int32_t whimbrel_card_message(whimbrel_client_t *client);

/**
 * Whether messages wait until the card takes them, so that a device that is to restart can wait for its last answer.
 *
 * @return 1: poll on. 0: none waits. Or an error as for whimbrel_card_changed().
 *
 * Serves: TS 1.0 section 7.2.2.2.2. Since 0.1.
 */
int32_t whimbrel_card_unsent(whimbrel_client_t *client);

/* -------------------------------------------------------------------------------------------------------- */
/* The life of a client, from C.                                                                            */
/* -------------------------------------------------------------------------------------------------------- */

/**
 * The version of the library, which may be newer than the header.
 *
 * @return Major version * 65536 + minor version * 256 + patch level. Since 0.1.
 */
uint32_t whimbrel_version(void);

/**
 * How many bytes whimbrel_client_init() needs for these limits.
 *
 * @param limits  NULL takes all defaults.
 * @return Bytes; 0 if a limit is out of range or `size` is wrong. Since 0.1.
 */
size_t whimbrel_client_size(const whimbrel_limits_t *limits);

/**
 * Makes a client in memory of the caller. It has no server yet: see whimbrel_account_add().
 *
 * @param memory  Aligned to 8 bytes, `size` bytes, the client's until whimbrel_client_end().
 * @param size    whimbrel_client_size() of the limits, or more.
 * @param config  What it points to must live as long as the client; the struct itself is copied.
 * @param port    Copied; its context must live as long as the client.
 * @param client  Out: the handle, inside `memory`; NULL after an error.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, misaligned memory, a wrong `size` in a struct, a function
 *         missing in the port, no endpoint name or no format, limits or timing out of range, access control with
 *         whimbrel_limits_t.access 0, whimbrel_dtls without a complete whimbrel_port_t.security or with whimbrel_limits_t.mtu 0,
 *         whimbrel_persistence without storage functions, whimbrel_bootstrap with whimbrel_limits_t.bootstrap 0, whimbrel_sms
 *         without its functions or with whimbrel_limits_t.sms 0, whimbrel_secured_packets without a complete
 *         whimbrel_port_t.crypto or without storage functions;
 *         WHIMBREL_ERR_FULL: `memory` is too small;
 *         WHIMBREL_ERR_BAD_VALUE: the endpoint name is not UTF-8 or longer than 128 bytes, whimbrel_config_t.sms_number is
 *         no number;
 *         WHIMBREL_ERR_NOT_SUPPORTED: a version other than 1.0 and 1.1.
 *
 * Since 0.1.
 */
int32_t whimbrel_client_init(void *memory,
                             size_t size,
                             const whimbrel_config_t *config,
                             const whimbrel_port_t *port,
                             whimbrel_client_t **client);

/**
 * Does what is due, then says when to call again. Never blocks.
 *
 * @param client   From whimbrel_client_init(). One thread at a time, never from inside a handler.
 * @param next_ms  Out, may be NULL: when to call next, in milliseconds on the clock of whimbrel_port_t.now;
 *                 UINT64_MAX if only input can wake the client. Earlier is harmless, later delays retransmissions.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: client is NULL; WHIMBREL_ERR_STATE: not a client;
 *         WHIMBREL_ERR_REENTERED: called from a handler. After an error nothing was done. Trouble on a link is an
 *         event, not a status.
 *
 * Memory: keeps neither pointer. What a handler is shown during the call is valid until the handler returns.
 * Work: bounded; one datagram per link. If more may wait, next_ms is now.
 * Serves: RFC 7252 section 4.2; TS 1.0 sections 5.3.2 (Update in time) and 5.5.2 (Notify). Since 0.1.
 */
int32_t whimbrel_client_poll(whimbrel_client_t *client,
                             uint64_t *next_ms);

/**
 * When the client wants to be called next, and why: so that one can see what wakes a device.
 *
 * @param deadline  Out.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL. Since 0.1.
 */
int32_t whimbrel_client_deadline(whimbrel_client_t *client, whimbrel_deadline_t *deadline);

/**
 * The value at `path` has changed, or something below it: it is reported to the servers that observe it.
 *
 * Any thread and any interrupt may call this at any time, if whimbrel_port_t has `lock` and `unlock`; handlers and
 * events may call it too. The path is only noted; the next whimbrel_client_poll() reads the value.
 *
 * @param path  An object, an instance, a resource or a resource instance.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: client is NULL; WHIMBREL_ERR_STATE: not a client.
 *
 * Serves: TS 1.0 section 5.5.2. Since 0.1.
 */
int32_t whimbrel_changed(whimbrel_client_t *client,
                         whimbrel_path_t path);

/**
 * The application has the answer to what its handlers deferred at `path` (WHIMBREL_DEFERRED).
 *
 * @param path    The resource whose handler deferred.
 * @param status  WHIMBREL_OK: a Write or Execute is done; a Read is read again, and the handler now has the value.
 *                WHIMBREL_ERR_…: what the server is told.
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: nothing waits there (any more).
 *
 * Serves: RFC 7252 section 5.2.2 (separate response). Since 0.1.
 */
int32_t whimbrel_complete(whimbrel_client_t *client,
                          whimbrel_path_t path,
                          int32_t status);

/**
 * Tells the client that the network went or came. While it is away nothing is sent.
 *
 * @param online       1: there is a network. 0: there is none.
 * @param new_address  1: the device has another address than before, so that a server without security does not know
 *                     it: the client registers anew. 0: the same, the client sends an Update.
 * @return WHIMBREL_OK or an error.
 *
 * Serves: TS 1.0 sections 8.2.4 and Appendix E.2 resource 6 (storing while offline). Since 0.1.
 */
int32_t whimbrel_client_network(whimbrel_client_t *client,
                                int32_t online,
                                int32_t new_address);

/**
 * De-registers from all servers. Poll on until WHIMBREL_EVENT_STOPPED.
 *
 * Serves: TS 1.0 section 5.3.3. Since 0.1.
 */
int32_t whimbrel_client_stop(whimbrel_client_t *client);

/**
 * Ends the client at once, without a word to its servers: links are closed, keys are overwritten, the memory is the
 * caller's again.
 *
 * Since 0.1.
 */
int32_t whimbrel_client_end(whimbrel_client_t *client);

/* -------------------------------------------------------------------------------------------------------- */
/* Server accounts from C.                                                                                  */
/* -------------------------------------------------------------------------------------------------------- */

/**
 * What an account is secured with: the resources of the Security object that have to do with it (TS 1.0 section 7.1,
 * Appendix E.1). Copied, not kept.
 */
typedef struct whimbrel_credentials_t {
    /** sizeof(whimbrel_credentials_t) */
    size_t size;
    /** Security Mode, resource 2: WHIMBREL_PSK, WHIMBREL_RAW_PUBLIC_KEY, WHIMBREL_CERTIFICATE, WHIMBREL_NOSEC. */
    uint8_t mode;
    /** Certificate Usage, resource 15 (1.1): WHIMBREL_USAGE_…; 0: not instantiated, a domain-issued certificate. */
    uint8_t certificate_usage;
    /** Matching Type, resource 13 (1.1): 0 `server_key` itself; 1, 2, 3 its SHA-256, SHA-384, SHA-512. */
    uint8_t matching_type;
    /** Public Key or Identity, resource 3: PSK identity, own SubjectPublicKeyInfo, or own certificate, DER. */
    const uint8_t *identity;
    /** Its length in bytes. */
    size_t identity_length;
    /** Server Public Key, resource 4: the server's SubjectPublicKeyInfo, certificate or trust anchor, DER, or a hash. */
    const uint8_t *server_key;
    /** Its length in bytes. */
    size_t server_key_length;
    /** Secret Key, resource 5: the PSK, or the private key, DER. */
    const uint8_t *secret_key;
    /** Its length in bytes. */
    size_t secret_key_length;
    /** SNI, resource 14 (1.1): the name that the server's certificate must be for, instead of the URI's host. NULL: none. */
    const char *sni;
    /**
     * DTLS/TLS Ciphersuite, resource 16 (1.1): what to offer, by IANA number, the preferred one first. NULL: the
     * backend's own list.
     */
    const uint16_t *ciphersuites;
    /** How many there are, at most 16. */
    size_t ciphersuite_count;
} whimbrel_credentials_t;

/** A server account: one instance of the Security object and one of the Server object (TS 1.0 Appendix E.1, E.2). */
typedef struct whimbrel_account_t {
    /** sizeof(whimbrel_account_t) */
    size_t size;
    /**
     * LwM2M Server URI: `coap://host:port`, or `coaps://host:port` where `security` secures; `tel:+15555550123` for a server
     * that is reached by SMS alone.
     */
    const char *uri;
    /** Binding: "U" or "UQ"; with `sms` also "S", "SQ", "US", "UQS" (TS 1.0 section 5.3.1.1); NULL is "U". */
    const char *binding;
    /** Lifetime in seconds; 0 takes 86400. */
    uint32_t lifetime_s;
    /** Default Minimum Period in seconds, 0 for none. */
    uint32_t pmin_s;
    /** Default Maximum Period in seconds, 0 for none. */
    uint32_t pmax_s;
    /** Disable Timeout in seconds; 0 takes one day. */
    uint32_t disable_timeout_s;
    /** Short Server ID, 1 to 65534. */
    uint16_t short_server_id;
    /** 0: changes are stored while the server cannot be reached. 1: they are discarded (the inverse of `/1/x/6`). */
    uint8_t discard_offline;
    /** What the account is secured with; NULL is NoSec. */
    const whimbrel_credentials_t *security;
    /**
     * 1: the account is that of the LwM2M Bootstrap-Server: an instance of the Security object alone. `short_server_id` is 0,
     * and what belongs to the Server object is not used.
     */
    uint8_t bootstrap_server;
    /**
     * Of a bootstrap server: Client Hold Off Time in seconds, resource 11. The pause before a bootstrap that the client
     * begins, and up to a quarter more.
     */
    uint32_t hold_off_s;
    /** Of a bootstrap server: Bootstrap-Server Account Timeout in seconds, resource 12; 0: the account stays. */
    uint32_t account_timeout_s;
    /** How the server is reached by SMS; NULL: not at all. */
    const whimbrel_sms_t *sms;
} whimbrel_account_t;

/**
 * Adds a server account; the client registers at the next poll, after a DTLS handshake where the account is secured.
 *
 * @param client   From whimbrel_client_init().
 * @param account  Copied; not kept.
 * @return WHIMBREL_OK; WHIMBREL_ERR_EXISTS: the Short Server ID is in use, or there is a bootstrap server's account already;
 *         WHIMBREL_ERR_NOT_SUPPORTED: a bootstrap server's account without whimbrel_bootstrap; WHIMBREL_ERR_BAD_VALUE: the URI is no
 *         `coap://` or `coaps://` URI, or its scheme and the Security Mode contradict each other, the Short Server ID is 0
 *         or 65535, the binding is not supported, or a Certificate Usage or Matching Type is out of range;
 *         WHIMBREL_ERR_SECURITY_MODE: whimbrel_dtls is not named, or the backend cannot do the Security Mode;
 *         the same of an SMS Security Mode and whimbrel_secured_packets; WHIMBREL_ERR_CREDENTIALS: what the mode needs is missing,
 *         or keys of secured packets are not those that their parameters need; WHIMBREL_ERR_FULL: whimbrel_limits_t.servers is exhausted
 *         or .credentials is too small for URI and keys; WHIMBREL_ERR_ARGUMENT. Keys that cannot be parsed show when the
 *         session begins, as WHIMBREL_EVENT_ACCOUNT_INVALID.
 *
 * All of it is added, or nothing. Serves: TS 1.0 sections 5.2.3.1 (factory bootstrap) and 7.1. Since 0.1.
 */
int32_t whimbrel_account_add(whimbrel_client_t *client,
                             const whimbrel_account_t *account);

/**
 * Replaces what a server account is secured with. Its session ends, with a close_notify, and a full handshake follows at
 * the next poll, then a Register.
 *
 * @param credentials  Copied; not kept. Its mode must fit the scheme of the account's URI.
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: no such Short Server ID; else as whimbrel_account_add(), and then nothing has
 *         changed.
 *
 * Serves: TS 1.0 section 5.2.5 (changed security materials). Since 0.1.
 */
int32_t whimbrel_account_secure(whimbrel_client_t *client,
                                uint16_t short_server_id,
                                const whimbrel_credentials_t *credentials);

/**
 * What the security backend can do.
 *
 * @return WHIMBREL_CAN_… as bits; 0 without whimbrel_dtls; an error, which is negative. Since 0.1.
 */
int32_t whimbrel_client_capabilities(whimbrel_client_t *client);

/**
 * Forgets a server account without a word to the server.
 *
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: no such Short Server ID. Since 0.1.
 */
int32_t whimbrel_account_remove(whimbrel_client_t *client, uint16_t short_server_id);

/**
 * Whether a server has accepted the registration.
 *
 * @return 1 or 0; an error. Since 0.1.
 */
int32_t whimbrel_account_registered(whimbrel_client_t *client, uint16_t short_server_id);

/**
 * Asks for an Update at the next poll.
 *
 * @param short_server_id  The server, or 0 for all that the client is registered with.
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: the client is not registered there.
 *
 * Serves: TS 1.0 section 5.3.2. Since 0.1.
 */
int32_t whimbrel_account_update(whimbrel_client_t *client, uint16_t short_server_id);

/* -------------------------------------------------------------------------------------------------------- */
/* What a handler is shown, and how it answers.                                                             */
/* -------------------------------------------------------------------------------------------------------- */

/** One call of a handler. Opaque; valid until the handler returns. */
typedef struct whimbrel_call_t whimbrel_call_t;

/**
 * Which resource a handler is called for; in a Write of a resource instance also which.
 *
 * @return All WHIMBREL_NONE if call is NULL. Since 0.1.
 */
whimbrel_path_t whimbrel_call_path(const struct whimbrel_call_t *call);

/**
 * The data of the object instance, as given to whimbrel_instance_add() or by whimbrel_object_t.create.
 *
 * Since 0.1.
 */
void *whimbrel_call_data(const struct whimbrel_call_t *call);

/**
 * Read handler: names the resource instance whose value comes next. For WHIMBREL_MULTIPLE, before each value.
 *
 * @return WHIMBREL_OK; WHIMBREL_ERR_STATE: not a read; WHIMBREL_ERR_ARGUMENT. Since 0.1.
 */
int32_t whimbrel_reply_instance(struct whimbrel_call_t *call, uint16_t resource_instance);

/**
 * Read handler: gives an Integer. As all of whimbrel_reply_…(): once for a single resource, and a handler returns
 * what this returns unless it knows better.
 *
 * @return WHIMBREL_OK; WHIMBREL_ERR_STATE: not a read; WHIMBREL_ERR_HANDLER: a second value, or no resource instance
 *         was named; WHIMBREL_ERR_BAD_VALUE: the format cannot carry it. Since 0.1.
 */
int32_t whimbrel_reply_integer(struct whimbrel_call_t *call,
                               int64_t value);

/** Read handler: gives an Unsigned Integer. Since 0.1. */
int32_t whimbrel_reply_unsigned(struct whimbrel_call_t *call, uint64_t value);

/** Read handler: gives a Float. Since 0.1. */
int32_t whimbrel_reply_float(struct whimbrel_call_t *call, double value);

/** Read handler: gives a Boolean, any other number than 0 being true. Since 0.1. */
int32_t whimbrel_reply_boolean(struct whimbrel_call_t *call, int32_t value);

/** Read handler: gives a Time, in seconds since 1970. Since 0.1. */
int32_t whimbrel_reply_time(struct whimbrel_call_t *call, int64_t seconds);

/** Read handler: gives an Objlnk. Since 0.1. */
int32_t whimbrel_reply_objlnk(struct whimbrel_call_t *call, uint16_t object, uint16_t instance);

/**
 * Read handler: gives a String or Corelnk of `length` bytes of UTF-8; copied. Since 0.1.
 *
 * @return As whimbrel_reply_integer(); WHIMBREL_ERR_BAD_VALUE: not UTF-8.
 */
int32_t whimbrel_reply_string(struct whimbrel_call_t *call, const char *text, size_t length);

/**
 * Read handler: gives an Opaque of `length` bytes; copied, or only a window of it where it is long. The handler is
 * called again for each block, and must give the same.
 *
 * Serves: RFC 7959 section 2.4. Since 0.1.
 */
int32_t whimbrel_reply_opaque(struct whimbrel_call_t *call,
                              const uint8_t *data,
                              size_t length);

/**
 * Write handler: takes an Integer or a Time.
 *
 * @param value  Out.
 * @return WHIMBREL_OK; WHIMBREL_ERR_BAD_VALUE: the resource is of another type; WHIMBREL_ERR_STATE: not a write;
 *         WHIMBREL_ERR_ARGUMENT. Since 0.1.
 */
int32_t whimbrel_value_integer(const struct whimbrel_call_t *call,
                               int64_t *value);

/** Write handler: takes an Unsigned Integer. Since 0.1. */
int32_t whimbrel_value_unsigned(const struct whimbrel_call_t *call, uint64_t *value);

/** Write handler: takes a Float. Since 0.1. */
int32_t whimbrel_value_float(const struct whimbrel_call_t *call, double *value);

/** Write handler: takes a Boolean, 0 or 1. Since 0.1. */
int32_t whimbrel_value_boolean(const struct whimbrel_call_t *call, int32_t *value);

/** Write handler: takes an Objlnk: Object ID and Object Instance ID, two WHIMBREL_NONE for the null link. Since 0.1. */
int32_t whimbrel_value_objlnk(const struct whimbrel_call_t *call,
                              uint16_t *object,
                              uint16_t *instance);

/**
 * Write handler: shows a String, Corelnk or Opaque, or the chunk of it that has come.
 *
 * @param data    Out: the bytes, not terminated; valid until the handler returns.
 * @param length  Out: how many.
 * @return As whimbrel_value_integer(). Since 0.1.
 */
int32_t whimbrel_value_bytes(const struct whimbrel_call_t *call, const uint8_t **data, size_t *length);

/**
 * Write handler of a WHIMBREL_STREAM: where the chunk begins, and whether it is the last. A chunk at 0 begins anew.
 *
 * @param offset  Out, in bytes.
 * @param last    Out, 0 or 1.
 * @return As whimbrel_value_integer(). Serves: RFC 7959 section 2.5. Since 0.1.
 */
int32_t whimbrel_value_part(const struct whimbrel_call_t *call,
                            size_t *offset,
                            int32_t *last);

/**
 * Write handler of a WHIMBREL_MULTIPLE: whether all resource instances are to be removed, before the new ones are
 * written by calls of their own.
 *
 * @return 1 or 0. Since 0.1.
 */
int32_t whimbrel_value_clears(const struct whimbrel_call_t *call);

/**
 * Execute handler: looks an argument up (TS 1.0 section 5.4.5).
 *
 * @param digit   0 to 9.
 * @param value   Out: the text between the quotes, not terminated; NULL if the argument has none. Valid until the
 *                handler returns.
 * @param length  Out: how many bytes.
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: no such argument; WHIMBREL_ERR_STATE: not an execute;
 *         WHIMBREL_ERR_ARGUMENT. Since 0.1.
 */
int32_t whimbrel_argument(const struct whimbrel_call_t *call,
                          uint8_t digit,
                          const char **value,
                          size_t *length);

/* -------------------------------------------------------------------------------------------------------- */
/* Objects as tables of the application.                                                                    */
/* -------------------------------------------------------------------------------------------------------- */

/**
 * What a resource handler looks like. Returns WHIMBREL_OK, WHIMBREL_DEFERRED or a WHIMBREL_ERR_…, which becomes the
 * answer of the same meaning. `call` is valid until it returns.
 */
typedef int32_t (*whimbrel_handler_t)(void *context, whimbrel_call_t *call);

/** One resource of an object. It names a variable, or handlers, or both: a handler goes first. */
typedef struct whimbrel_resource_t {
    /** Resource ID. Resources stand in ascending order, at most 64 an object. */
    uint16_t id;
    /** WHIMBREL_STRING … WHIMBREL_CORELNK; WHIMBREL_NO_TYPE for an executable one. */
    uint8_t data_type;
    /** WHIMBREL_READ, WHIMBREL_WRITE, WHIMBREL_EXECUTE. */
    uint8_t operations;
    /** WHIMBREL_MULTIPLE, WHIMBREL_MANDATORY, WHIMBREL_STREAM, WHIMBREL_MEMBER. */
    uint8_t flags;
    /** 0 */
    uint8_t reserved;
    /** Size of the variable in bytes, see the types; of one element for a list. */
    uint16_t capacity;
    /** The variable, NULL for none. It must be writable where the resource is. With WHIMBREL_MULTIPLE a whimbrel_list_t. */
    const void *value;
    /**
     * Gives the value: by whimbrel_reply_…(), for each resource instance after whimbrel_reply_instance().
     * WHIMBREL_ERR_NOT_FOUND: there is none now.
     */
    whimbrel_handler_t read;
    /** Takes the value: by whimbrel_value_…(). A failed request may write the old value back. */
    whimbrel_handler_t write;
    /** Does it; arguments by whimbrel_argument(). */
    whimbrel_handler_t execute;
} whimbrel_resource_t;

/** An object: a constant table. */
typedef struct whimbrel_object_t {
    /** sizeof(whimbrel_object_t) */
    size_t size;
    /** Object ID, 3 to 65534. */
    uint16_t id;
    /** Object version; both 0 for 1.0. Each 0 to 9. */
    uint8_t version_major;
    /** Minor version. */
    uint8_t version_minor;
    /** 0: one instance, with ID 0, from the start. WHIMBREL_INSTANCES, WHIMBREL_CREATABLE, WHIMBREL_PERSISTENT. */
    uint8_t flags;
    /** How many resources there are, 1 to 64. */
    uint16_t resource_count;
    /** The resources, in ascending order. */
    const whimbrel_resource_t *resources;
    /**
     * WHIMBREL_CREATABLE: makes room for an instance that a server creates and gives its data, which handlers and
     * WHIMBREL_MEMBER then use; its resources are written next. An error refuses it.
     */
    int32_t (*create)(void *context, uint16_t instance, void **data);
    /** WHIMBREL_CREATABLE: an instance goes, deleted by a server or because its creation failed. */
    int32_t (*remove)(void *context, uint16_t instance, void *data);
} whimbrel_object_t;

/** An Opaque variable. */
typedef struct whimbrel_bytes_t {
    /** How many bytes there are. */
    uint16_t length;
    /** How many fit. */
    uint16_t capacity;
    /** The bytes. */
    uint8_t *bytes;
} whimbrel_bytes_t;

/** The variable of a resource with WHIMBREL_MULTIPLE. */
typedef struct whimbrel_list_t {
    /** How many resource instances there are. */
    uint16_t count;
    /** How many fit; 0 for a list that is not written. */
    uint16_t capacity;
    /** Their IDs; NULL: 0, 1, 2 …, for a list that is not written. */
    uint16_t *ids;
    /**
     * Their values, one after the other, each whimbrel_resource_t.capacity bytes; for constant texts (capacity 0) an
     * array of const char *.
     */
    void *values;
} whimbrel_list_t;

/**
 * Adds an object. Without WHIMBREL_INSTANCES and WHIMBREL_CREATABLE its one instance exists at once.
 *
 * @param object   Must live as long as the client, or until whimbrel_object_remove(); so must all it points to.
 * @param context  Given to each of its functions.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: the table is not as whimbrel_object_t and whimbrel_resource_t say;
 *         WHIMBREL_ERR_EXISTS: the Object ID is taken; WHIMBREL_ERR_FULL: whimbrel_limits_t.objects or .instances.
 *
 * Registered servers are told by an Update. Serves: TS 1.0 sections 5.3.2 and 6.1. Since 0.1.
 */
int32_t whimbrel_object_add(whimbrel_client_t *client,
                            const whimbrel_object_t *object,
                            void *context);

/**
 * Takes an object out, with all its instances; whimbrel_object_t.remove is not called.
 *
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND; WHIMBREL_ERR_NOT_ALLOWED: a built-in object. Since 0.1.
 */
int32_t whimbrel_object_remove(whimbrel_client_t *client, uint16_t id);

/**
 * Adds an object instance, with all its resources.
 *
 * @param object    Object ID of an object with WHIMBREL_INSTANCES or WHIMBREL_CREATABLE.
 * @param instance  Object Instance ID, 0 to 65534.
 * @param data      For WHIMBREL_MEMBER and whimbrel_call_data(); may be NULL. Must live as long as the instance.
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: no such object; WHIMBREL_ERR_EXISTS; WHIMBREL_ERR_BAD_VALUE: not a
 *         possible ID; WHIMBREL_ERR_FULL: whimbrel_limits_t.instances; WHIMBREL_ERR_NOT_ALLOWED: objects 0 to 2.
 *
 * Registered servers are told by an Update. Serves: TS 1.0 section 5.3.2. Since 0.1.
 */
int32_t whimbrel_instance_add(whimbrel_client_t *client,
                              uint16_t object,
                              uint16_t instance,
                              void *data);

/**
 * Takes an object instance out; whimbrel_object_t.remove is not called. Observations of it end.
 *
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND; WHIMBREL_ERR_NOT_ALLOWED: objects 0 to 2. Since 0.1.
 */
int32_t whimbrel_instance_remove(whimbrel_client_t *client, uint16_t object, uint16_t instance);

/* -------------------------------------------------------------------------------------------------------- */
/* LwM2M Device, object 3 (TS 1.0 Appendix E.4), from one table of the application.                         */
/* -------------------------------------------------------------------------------------------------------- */

/** The Device object: a constant table. What is NULL or 0 is not instantiated, unless said otherwise. */
typedef struct whimbrel_device_t {
    /** sizeof(whimbrel_device_t) */
    size_t size;
    /** Resource 0. */
    const char *manufacturer;
    /** Resource 1. */
    const char *model_number;
    /** Resource 2. */
    const char *serial_number;
    /** Resource 3. */
    const char *firmware_version;
    /** Resource 17. */
    const char *device_type;
    /** Resource 18. */
    const char *hardware_version;
    /** Resource 19. */
    const char *software_version;
    /** Resource 16; NULL is "U". */
    const char *binding;
    /** Resource 4, needed: asks for a reboot. The answer goes out after it has returned, so it only takes note. */
    int32_t (*reboot)(void *context);
    /** Resource 5: asks for a factory reset, as `reboot`. */
    int32_t (*factory_reset)(void *context);
    /** Resource 13: the time in seconds since 1970; negative where it is not known. */
    int64_t (*get_time)(void *context);
    /** Resource 13 written: sets the clock. NULL: a Write is refused. */
    int32_t (*set_time)(void *context, int64_t seconds);
    /** Resource 14, such as "+02:00": a variable. */
    char *utc_offset;
    /** Size of the variable, with room for the NUL. */
    uint16_t utc_offset_capacity;
    /** Size of `timezone`, with room for the NUL. */
    uint16_t timezone_capacity;
    /** How many power sources there are. */
    uint16_t power_source_count;
    /** Resource 15, such as "Europe/Berlin": a variable. */
    char *timezone;
    /** Resource 6: their kinds, 0 to 7. */
    const int32_t *power_sources;
    /** Resource 7: their voltages in mV. */
    const int32_t *power_voltages;
    /** Resource 8: their currents in mA. */
    const int32_t *power_currents;
    /** Resource 9, in %: a variable. */
    const int32_t *battery_level;
    /** Resource 20, 0 to 6: a variable. */
    const int32_t *battery_status;
    /** Resource 10, in kB: a variable. */
    const int32_t *memory_free;
    /** Resource 21, in kB: a variable. */
    const int32_t *memory_total;
} whimbrel_device_t;

/**
 * Adds the Device object.
 *
 * @param device   Must live as long as the client; so must its texts and variables.
 * @param context  Given to its functions.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, a wrong `size`, or no `reboot`; WHIMBREL_ERR_EXISTS: it was added
 *         before; WHIMBREL_ERR_FULL: whimbrel_limits_t.objects or .instances.
 *
 * Serves: TS 1.0 Appendix E.4. Since 0.1.
 */
int32_t whimbrel_device_add(whimbrel_client_t *client,
                            const whimbrel_device_t *device,
                            void *context);

/**
 * Adds an error code to the Device object's Error Code, resource 11; one that is there already stays alone. Up to 8
 * are kept until a server executes Reset Error Code.
 *
 * @param code  1 to 255; TS 1.0 defines 1 to 8.
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: no Device object; WHIMBREL_ERR_ARGUMENT: code 0.
 *
 * Servers that observe it are told at the next poll. Since 0.1.
 */
int32_t whimbrel_device_error(whimbrel_client_t *client,
                              uint8_t code);

/* -------------------------------------------------------------------------------------------------------- */
/* The formats and parts that an application can name.                                                      */
/* -------------------------------------------------------------------------------------------------------- */

/** text/plain: single values as text (TS 1.0 section 6.4.1). */
extern const whimbrel_format_t whimbrel_format_text;

/** application/octet-stream: single Opaque values (TS 1.0 section 6.4.2). */
extern const whimbrel_format_t whimbrel_format_opaque;

/** application/vnd.oma.lwm2m+tlv (TS 1.0 section 6.4.3). Every 1.0 client needs it. */
extern const whimbrel_format_t whimbrel_format_tlv;

/** application/vnd.oma.lwm2m+json (TS 1.0 section 6.4.4), of LwM2M 1.0 only. */
extern const whimbrel_format_t whimbrel_format_json;

/**
 * Observe, Notify, Cancel and Write-Attributes (TS 1.0 sections 5.4.4 and 5.5). Without it an Observe is answered as a
 * Read (RFC 7641 section 4.1), and Write-Attributes with 4.05.
 */
extern const whimbrel_feature_t whimbrel_reporting;

/**
 * Request bodies that come in blocks (RFC 7959 section 2.5). Without it they are answered with 4.13. Answers go out in
 * blocks in any case, but only with it, and within whimbrel_limits_t.body, are all blocks of what is read of one moment: without,
 * a server cannot read in blocks what changes meanwhile (section 2.4).
 */
extern const whimbrel_feature_t whimbrel_transfers;

/** Create and Delete by servers (TS 1.0 sections 5.4.6 and 5.4.7). Without it they are answered with 4.05. */
extern const whimbrel_feature_t whimbrel_creation;

/**
 * Handlers that answer later, by whimbrel_complete() (RFC 7252 section 5.2.2). Without it WHIMBREL_DEFERRED is a
 * handler's failure.
 */
extern const whimbrel_feature_t whimbrel_deferral;

/**
 * DTLS by the backend that whimbrel_port_t.security names (TS 1.0 section 7.1). Needs whimbrel_limits_t.mtu. Without it every
 * account is NoSec, and `coaps://` is refused.
 */
extern const whimbrel_feature_t whimbrel_dtls;

/**
 * What outlives a power cut, by whimbrel_port_t.storage_read and .storage_write: DTLS associations with the registrations,
 * observations and attributes that go with them. After a restart such a client sends an Update, without a handshake. Needs whimbrel_dtls.
 */
extern const whimbrel_feature_t whimbrel_persistence;

/**
 * Bootstrap by a bootstrap server or by a provisioning blob (TS 1.0 section 5.2), and what LwM2M 1.1 says about the order of
 * registrations and about what follows when one fails. Needs whimbrel_limits_t.bootstrap. Without it the accounts are those
 * that the application adds.
 */
extern const whimbrel_feature_t whimbrel_bootstrap;

/* -------------------------------------------------------------------------------------------------------- */
/* Access control from C.                                                                                   */
/* -------------------------------------------------------------------------------------------------------- */

/** One server's rights. */
typedef struct whimbrel_right_t {
    /** Short Server ID; 0 for all servers that have no entry of their own. */
    uint16_t short_server_id;
    /** WHIMBREL_RIGHT_… */
    uint16_t rights;
} whimbrel_right_t;

/** Who may do what with one object instance. */
typedef struct whimbrel_access_entry_t {
    /** sizeof(whimbrel_access_entry_t) */
    size_t size;
    /** Object ID. */
    uint16_t object;
    /** Object Instance ID; WHIMBREL_NONE for the right to create instances. */
    uint16_t instance;
    /** Short Server ID of the Access Control Owner; WHIMBREL_NONE: only a bootstrap may change the entry. */
    uint16_t owner;
    /** How many rights follow, at most 8. */
    uint16_t right_count;
    /** The rights; copied. */
    const whimbrel_right_t *rights;
} whimbrel_access_entry_t;

/**
 * Access control by object 2 (TS 1.0 section 7.3): with two servers or more, each has the rights that its Access
 * Control instances give, and none elsewhere.
 */
extern const whimbrel_access_t whimbrel_access_control;

/**
 * Adds an instance of the Access Control object.
 *
 * @param client  From whimbrel_client_init().
 * @param entry   Copied; not kept.
 * @return WHIMBREL_OK; WHIMBREL_ERR_STATE: the configuration names no access control; WHIMBREL_ERR_EXISTS: the place
 *         has an entry; WHIMBREL_ERR_FULL: whimbrel_limits_t.access is exhausted; WHIMBREL_ERR_ARGUMENT.
 *
 * Serves: TS 1.0 section 7.3.1. Since 0.1.
 */
int32_t whimbrel_access_add(whimbrel_client_t *client,
                            const whimbrel_access_entry_t *entry);

/* -------------------------------------------------------------------------------------------------------- */
/* Bootstrap and stored settings, from C.                                                                   */
/* -------------------------------------------------------------------------------------------------------- */

/**
 * Asks the bootstrap server for a bootstrap, as the execution of `/1/x/9` does: after its Client Hold Off Time.
 *
 * @param client  From whimbrel_client_init().
 * @return WHIMBREL_OK; WHIMBREL_ERR_NOT_FOUND: there is no account of a bootstrap server; WHIMBREL_ERR_STATE: a bootstrap is
 *         under way; WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_bootstrap is not named.
 *
 * What comes of it is told by WHIMBREL_EVENT_BOOTSTRAPPED or WHIMBREL_EVENT_BOOTSTRAP_FAILED. Until it has succeeded it is
 * tried again. Serves: TS 1.0 section 5.2.3.3. Since 0.1.
 */
int32_t whimbrel_bootstrap_start(whimbrel_client_t *client);

/**
 * Takes a provisioning blob: a bootstrap file as a production line writes it and as a UICC holds it (TS 1.0 Appendix G.3.3).
 * All of it is taken, or nothing.
 *
 * Its instances are created, or replaced where there are any of the same ID; everything else stays. Resources and objects
 * that the client does not know are passed over, but for access control of several servers.
 *
 * @param client  From whimbrel_client_init().
 * @param blob    Read during the call; not kept. The caller overwrites it: it holds keys.
 * @param size    Its length in bytes; what stands behind the blob's own length is not looked at.
 * @return WHIMBREL_OK; WHIMBREL_ERR_MALFORMED: lengths or numbers do not add up; WHIMBREL_ERR_BAD_VALUE: a value of the wrong
 *         type or range; WHIMBREL_ERR_INCONSISTENT: an account lacks a part, a key or a mode that the backend can do, Short
 *         Server IDs or access control do not fit together; WHIMBREL_ERR_FULL: a limit is exhausted, see
 *         whimbrel_limits_t.servers, .credentials, .bootstrap; WHIMBREL_ERR_STATE: a bootstrap is under way;
 *         WHIMBREL_ERR_STORAGE; WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_bootstrap is not named; WHIMBREL_ERR_ARGUMENT: NULL.
 *
 * Serves: TS 1.0 section 5.2.3.1 (factory bootstrap). Since 0.1.
 */
int32_t whimbrel_provision(whimbrel_client_t *client,
                           const uint8_t *blob,
                           size_t size);

/**
 * Takes up the accounts as the last life left them: what a bootstrap, servers and the application wrote into the objects 0, 1
 * and 2, and what servers wrote into objects with WHIMBREL_PERSISTENT. From then on each change of them is stored.
 *
 * Call it once, after the objects are added and before an account is: where nothing was stored, add the accounts of the
 * factory then.
 *
 * @param client  From whimbrel_client_init().
 * @return How many accounts there are, the bootstrap server's included; WHIMBREL_ERR_NOT_FOUND: nothing was stored, or nothing
 *         of it is whole; WHIMBREL_ERR_STATE: there are accounts already; WHIMBREL_ERR_STORAGE: it cannot be read;
 *         WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_persistence or whimbrel_bootstrap is not named, or a newer version wrote it.
 *
 * WHIMBREL_EVENT_STORAGE_FAILED tells of what is damaged; the rest is taken. Since 0.1.
 */
int32_t whimbrel_configuration_load(whimbrel_client_t *client);

/**
 * Removes what whimbrel_configuration_load() would take up. The client goes on as it is, and stores no more changes: after the
 * next start it is as the factory delivered it.
 *
 * @param client  From whimbrel_client_init().
 * @return WHIMBREL_OK; WHIMBREL_ERR_STORAGE; WHIMBREL_ERR_NOT_SUPPORTED: whimbrel_persistence is not named. Since 0.1.
 */
int32_t whimbrel_configuration_erase(whimbrel_client_t *client);

/* -------------------------------------------------------------------------------------------------------- */
/* A modem that speaks AT commands: SMS for whimbrel_port_t over a serial line, from C.                     */
/* -------------------------------------------------------------------------------------------------------- */

/** States of a modem: its line is closed. */
#define WHIMBREL_MODEM_OFF 0
/** The dialogue begins. */
#define WHIMBREL_MODEM_STARTING 1
/** There is no SIM, or none that works. It is asked for again. */
#define WHIMBREL_MODEM_NO_SIM 2
/** The SIM wants a PIN: none was given, or it was refused. */
#define WHIMBREL_MODEM_PIN 3
/** The SIM is locked: only its PUK helps. */
#define WHIMBREL_MODEM_PUK 4
/** Not registered with a network that carries messages. */
#define WHIMBREL_MODEM_SEARCHING 5
/** Messages can be sent and received. */
#define WHIMBREL_MODEM_READY 6
/** The modem does not answer. It is tried again. */
#define WHIMBREL_MODEM_LOST 7
/** Events of a modem: it is set up. */
#define WHIMBREL_MODEM_EVENT_READY 1
/** It does not answer, or its line was closed. */
#define WHIMBREL_MODEM_EVENT_LOST 2
/** It has lost its settings, and gets them again: `detail` is 1 if it said so, 2 if it did not answer, 3 if it was seen. */
#define WHIMBREL_MODEM_EVENT_RESTARTED 3
/** A message could not be sent and is dropped: `detail` is its +CMS ERROR, 65536 and its +CME ERROR, or 0. */
#define WHIMBREL_MODEM_EVENT_SEND_FAILED 4
/** The registration has changed: `detail` is `stat` of +CEREG or +CREG. */
#define WHIMBREL_MODEM_EVENT_REGISTRATION 5
/** The SIM cannot be used: `detail` is WHIMBREL_MODEM_NO_SIM, _PIN or _PUK. */
#define WHIMBREL_MODEM_EVENT_SIM 6
/** A message was received: whimbrel_modem_receive() has it. */
#define WHIMBREL_MODEM_EVENT_RECEIVED 7
/** A message that came in is lost. */
#define WHIMBREL_MODEM_EVENT_DROPPED 8
/** What carries outgoing messages (+CGSMS): as the modem is. */
#define WHIMBREL_BEARER_ANY 0
/** Packet domain. */
#define WHIMBREL_BEARER_PACKET 1
/** Circuit switched. */
#define WHIMBREL_BEARER_CIRCUIT 2
/** Packet domain preferred. */
#define WHIMBREL_BEARER_PACKET_FIRST 3
/** Circuit switched preferred. */
#define WHIMBREL_BEARER_CIRCUIT_FIRST 4
/** An APDU to the card: nobody waits for anything. */
#define WHIMBREL_MODEM_CARD_IDLE 0
/** The modem is at work. */
#define WHIMBREL_MODEM_CARD_WAITING 1
/** whimbrel_modem_transmit() has something to tell. */
#define WHIMBREL_MODEM_CARD_ASK 2

/** A way to the card in the modem, for whimbrel_modem_config_t.card. Opaque. */
typedef struct whimbrel_modem_card_t whimbrel_modem_card_t;

/** A modem, in memory of the caller. Opaque. */
typedef struct whimbrel_modem_t whimbrel_modem_t;

/** What the application chooses about a modem; zeros are good. What it points to must live as long as the modem. */
typedef struct whimbrel_modem_config_t {
    /** sizeof(whimbrel_modem_config_t) */
    size_t size;
    /**
     * The SIM's PIN, 4 to 8 digits; NULL: none. After it was refused, or when no answer came, it is not entered again by this
     * modem: three wrong ones lock the SIM. Whoever makes a new modem gives it another try.
     */
    const char *pin;
    /** The number of the service centre to be set, digits with or without `+`; NULL: that of the SIM. */
    const char *service_centre;
    /** Where received messages are stored, "ME" or "SM"; NULL is "ME". All that is received there is taken and deleted. */
    const char *storage;
    /** Commands for this modem, each without its line end, sent before the SIM is asked for; NULL ends them. NULL: none. */
    const char *const *commands;
    /** 1: messages are stored by the modem, then read and deleted. 0: they come directly and are acknowledged, if it can do so. */
    uint8_t stored;
    /** WHIMBREL_BEARER_… */
    uint8_t bearer;
    /** Places for messages to be sent, 176 bytes each; 0 takes 4. */
    uint16_t outgoing;
    /** Places for messages received; 0 takes 4. */
    uint16_t incoming;
    /**
     * How long the modem may be idle before it is asked whether it still has its settings, in seconds; 0: for ever. For those
     * that may restart without a word: nothing would be received any more.
     */
    uint32_t check_s;
    /** Called for everything that happens, from inside the functions below; may be NULL. May call none of them. */
    void (*event)(void *context, uint16_t code, int32_t detail);
    /** Given to `event`. */
    void *event_context;
    /** How APDUs reach the card in the modem: &whimbrel_modem_card_auto, _generic or _channels; NULL: not at all. */
    const whimbrel_modem_card_t *card;
} whimbrel_modem_config_t;

/** What is known of a modem. */
typedef struct whimbrel_modem_state_t {
    /** sizeof(whimbrel_modem_state_t) */
    size_t size;
    /** WHIMBREL_MODEM_… */
    uint8_t state;
    /** `stat` of +CEREG or +CREG (TS 27.007): 1 home, 2 searching, 3 denied, 5 roaming, 6 and 7 messages only; 255: not known. */
    uint8_t registration;
    /** 1: the network carries messages. */
    uint8_t sms;
    /** The last +CMS ERROR; 0: none yet. */
    uint16_t cms_error;
    /** The last +CME ERROR; 0: none yet. */
    uint16_t cme_error;
    /** Messages that wait to be sent, that which is being sent included: before power is cut there should be none. */
    uint16_t waiting;
    /** Messages that the modem has taken. */
    uint32_t sent;
    /** Messages received. */
    uint32_t received;
    /** Messages that could not be sent. */
    uint32_t failed;
    /** Messages that came in and are lost. */
    uint32_t dropped;
    /** How often the modem has lost its settings. */
    uint32_t restarts;
    /** The service centre's number, as the SIM has it; empty: not known. */
    char service_centre[25];
    /** WHIMBREL_MODEM_CARD_…: how an APDU comes along. */
    uint8_t card;
} whimbrel_modem_state_t;

/** +CCHO, +CGLA and +CCHC with +CRSM if the modem says that it has the first two, else +CSIM. */
extern const whimbrel_modem_card_t whimbrel_modem_card_auto;

/** +CSIM (TS 27.007 section 8.17): the card sees each APDU as it is. */
extern const whimbrel_modem_card_t whimbrel_modem_card_generic;

/** +CCHO, +CGLA, +CCHC (TS 27.007 sections 8.45 to 8.47): the modem manages the channels; +CRSM reads files on the basic one. */
extern const whimbrel_modem_card_t whimbrel_modem_card_channels;

/**
 * How many bytes whimbrel_modem_init() needs.
 *
 * @param config  NULL takes all defaults.
 * @return Bytes; 0 if `size` is wrong. Since 0.1.
 */
size_t whimbrel_modem_size(const whimbrel_modem_config_t *config);

/**
 * Makes a modem in memory of the caller. Its line counts as open; whimbrel_modem_poll() begins.
 *
 * @param memory  Aligned to 8 bytes, `size` bytes, the modem's from now on.
 * @param size    whimbrel_modem_size() of the configuration, or more.
 * @param config  Copied; NULL takes all defaults.
 * @param modem   Out: the handle, inside `memory`; NULL after an error.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, misaligned memory, a wrong `size` in the struct; WHIMBREL_ERR_FULL: `memory`
 *         is too small; WHIMBREL_ERR_BAD_VALUE: a PIN, number, storage, bearer or command that cannot be.
 *
 * There is nothing to be ended: when the memory is used for something else, the modem is gone. Since 0.1.
 */
int32_t whimbrel_modem_init(void *memory,
                            size_t size,
                            const whimbrel_modem_config_t *config,
                            whimbrel_modem_t **modem);

/**
 * Takes bytes that came from the serial line, in pieces of any size. Then call whimbrel_modem_output().
 *
 * @param modem   From whimbrel_modem_init(). One thread at a time, never from inside an event.
 * @param now_ms  Milliseconds of a clock that never goes back, the same in each call.
 * @param bytes   Not kept. @param size How many.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_STATE: not a modem; WHIMBREL_ERR_REENTERED. Since 0.1.
 */
int32_t whimbrel_modem_input(whimbrel_modem_t *modem,
                             uint64_t now_ms,
                             const uint8_t *bytes,
                             size_t size);

/**
 * Gives bytes to be written to the serial line. Call it after each of the other functions, until it returns 0.
 *
 * @param buffer  Filled. @param size How much it holds.
 * @return How many bytes; 0: there are no more; WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED.
 *         Since 0.1.
 */
int32_t whimbrel_modem_output(whimbrel_modem_t *modem,
                              uint8_t *buffer,
                              size_t size);

/**
 * Does what is due, then says when to call again. Call it after whimbrel_modem_send() and whimbrel_modem_receive() as well.
 *
 * @param now_ms   As for whimbrel_modem_input().
 * @param next_ms  Out, may be NULL: when to call next on the same clock; UINT64_MAX if only input can change anything. Earlier is
 *                 harmless.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: modem is NULL; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED. Since 0.1.
 */
int32_t whimbrel_modem_poll(whimbrel_modem_t *modem,
                            uint64_t now_ms,
                            uint64_t *next_ms);

/**
 * Tells that the serial line is gone, or open anew: then everything is said to the modem again. Messages stay in their queues.
 *
 * @param now_ms  As for whimbrel_modem_input().
 * @param open    0: the line is closed. 1: it is open, and what was in flight is not any more.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: modem is NULL; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED. Since 0.1.
 */
int32_t whimbrel_modem_line(whimbrel_modem_t *modem,
                            uint64_t now_ms,
                            int32_t open);

/**
 * Queues a message; whimbrel_port_t.sms_send has the same shape. It leaves when the modem is set up and registered.
 *
 * @param tpdu  An SMS-SUBMIT TPDU without the service centre's address, at most 176 bytes (TS 23.040 section 9.2.2.2). Copied.
 * @param size  Its length.
 * @return WHIMBREL_OK: it is queued, and what becomes of it is told by WHIMBREL_MODEM_EVENT_SEND_FAILED if it fails;
 *         WHIMBREL_ERR_BUSY: no room now; WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_BAD_VALUE: empty; WHIMBREL_ERR_TOO_LARGE;
 *         WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED.
 *
 * A message may go out twice: if the modem has its body and does not answer any more, it is sent once more. Since 0.1.
 */
int32_t whimbrel_modem_send(whimbrel_modem_t *modem,
                            const uint8_t *tpdu,
                            size_t size);

/**
 * Takes a message that was received; whimbrel_port_t.sms_receive has the same shape.
 *
 * @param buffer  An SMS-DELIVER or SMS-STATUS-REPORT TPDU without the service centre's address (TS 23.040 sections 9.2.2.1,
 *                9.2.2.3).
 * @param size    How much it holds; 176 is always enough.
 * @return The length; 0: none waits; WHIMBREL_ERR_TRUNCATED: it did not fit and is lost, its beginning is in `buffer`;
 *         WHIMBREL_ERR_ARGUMENT: NULL; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED. Since 0.1.
 */
int32_t whimbrel_modem_receive(whimbrel_modem_t *modem,
                               uint8_t *buffer,
                               size_t size);

/**
 * Sends a command APDU to the card in the modem, or asks how far that has come; whimbrel_port_t.uicc_transmit has the same
 * shape but for the handle. Then call whimbrel_modem_poll(). It is possible as soon as the SIM can be used, registered or not.
 *
 * @param command   A command APDU, 4 to 261 bytes (ETSI TS 102 221 section 10.1). Copied, and overwritten when its response is
 *                  fetched. Another command than the one that is pending gives that up, and its response is dropped.
 * @param size      Its length; 0 only gives up the one that is pending.
 * @param response  Filled: data and status word. Not where `command` is. @param room How much it holds; 258 is always enough.
 * @param length    Out: the length of the response; 0 with every other result.
 * @return WHIMBREL_OK: the response is there, or size was 0; WHIMBREL_PENDING: ask again with the same command, when
 *         whimbrel_modem_state_t.card is WHIMBREL_MODEM_CARD_ASK; WHIMBREL_ERR_NOT_FOUND: there is no SIM.
 *         After any other error the card's channels are closed: WHIMBREL_ERR_CLOSED: the modem has restarted, or its session is
 *         gone; WHIMBREL_ERR_TIMEOUT: no answer within 15 s; WHIMBREL_ERR_LINK: the modem is lost or off, or the SIM does not
 *         work; WHIMBREL_ERR_UNAUTHORIZED: the SIM wants a PIN; WHIMBREL_ERR_BUSY: the SIM stays busy; WHIMBREL_ERR_REFUSED:
 *         the modem does not carry the command; WHIMBREL_ERR_MALFORMED: its answer has no sense; WHIMBREL_ERR_TRUNCATED: `room`
 *         is too small; WHIMBREL_ERR_BAD_VALUE: not a command; WHIMBREL_ERR_NOT_SUPPORTED: no whimbrel_modem_config_t.card,
 *         or the modem has no such commands. WHIMBREL_ERR_ARGUMENT, _STATE, _REENTERED: nothing was done. Since 0.1.
 */
int32_t whimbrel_modem_transmit(whimbrel_modem_t *modem,
                                const uint8_t *command,
                                size_t size,
                                uint8_t *response,
                                size_t room,
                                size_t *length);

/**
 * Tells what is known of the modem.
 *
 * @param state  Filled; its `size` is to be set before.
 * @return WHIMBREL_OK; WHIMBREL_ERR_ARGUMENT: NULL, or a wrong `size`; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED. Since 0.1.
 */
int32_t whimbrel_modem_state(whimbrel_modem_t *modem,
                             whimbrel_modem_state_t *state);

/* -------------------------------------------------------------------------------------------------------- */
/* The line of a modem that speaks AT, from C: what every port to a UART would write again.                 */
/* -------------------------------------------------------------------------------------------------------- */

/** A serial line, for whimbrel_modem_serve(). Its functions do not wait, and call nothing of the modem. */
typedef struct whimbrel_line_t {
    /** sizeof(whimbrel_line_t) */
    size_t size;
    /** Given to both functions. */
    void *context;
    /** Fills `buffer` with up to `size` bytes that came. Returns how many; 0: there are none now; negative: the line is gone. */
    int32_t (*receive)(void *context, uint8_t *buffer, size_t size);
    /**
     * Takes up to `size` bytes for the modem. Returns how many; fewer than `size`: there is no room for more now, and the rest is
     * offered again; negative: the line is gone. The bytes may be a PIN or keys: who keeps them overwrites them.
     */
    int32_t (*send)(void *context, const uint8_t *bytes, size_t size);
} whimbrel_line_t;

/**
 * Moves bytes both ways between a modem and its line, and does what is due: instead of whimbrel_modem_input(),
 * whimbrel_modem_poll() and whimbrel_modem_output(). To be called when bytes have come, when the line has room again, when the
 * time has come, and after whimbrel_modem_send(), whimbrel_modem_receive() and whimbrel_modem_transmit().
 *
 * @param now_ms   As for whimbrel_modem_input().
 * @param line     Not kept. At most 2048 bytes are taken from it in one call.
 * @param next_ms  Out, may be NULL: when to call next on the same clock; now_ms: at once, and the client before, because it has a
 *                 message or the response to an APDU to take, or bytes may wait; UINT64_MAX: only input can change anything. A line
 *                 without room is asked again after 20 ms at the latest. Earlier is harmless.
 * @return WHIMBREL_OK; WHIMBREL_ERR_LINK: a function of the line said that it is gone, and the modem was told so, as by
 *         whimbrel_modem_line(), which has to say when it is back; next_ms is now_ms, and until then nothing moves on the line,
 *         whatever its functions return; WHIMBREL_ERR_ARGUMENT: NULL, or a wrong `size`; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED.
 *         Since 0.1.
 */
int32_t whimbrel_modem_serve(whimbrel_modem_t *modem,
                             uint64_t now_ms,
                             const whimbrel_line_t *line,
                             uint64_t *next_ms);

/* -------------------------------------------------------------------------------------------------------- */
/* Paths in one word.                                                                                       */
/* -------------------------------------------------------------------------------------------------------- */

/** `/object` */
static inline whimbrel_path_t WHIMBREL_OBJECT(uint16_t object)
{
    const whimbrel_path_t path = {object, WHIMBREL_NONE, WHIMBREL_NONE, WHIMBREL_NONE};
    return path;
}

/** `/object/instance` */
static inline whimbrel_path_t WHIMBREL_INSTANCE(uint16_t object, uint16_t instance)
{
    const whimbrel_path_t path = {object, instance, WHIMBREL_NONE, WHIMBREL_NONE};
    return path;
}

/** `/object/instance/resource` */
static inline whimbrel_path_t WHIMBREL_RESOURCE(uint16_t object, uint16_t instance, uint16_t resource)
{
    const whimbrel_path_t path = {object, instance, resource, WHIMBREL_NONE};
    return path;
}

/** For whimbrel_resource_t.value with WHIMBREL_MEMBER: where `member` lies in `type`. */
#define WHIMBREL_OFFSET(type, member) ((const void *)offsetof(type, member))

#ifdef __cplusplus
}
#endif

#endif /* WHIMBREL_H */
