//! What protects a link: the table of a DTLS backend, which `ports/mbedtls` supplies and a platform may replace.

use core::ffi::{c_char, c_void};

/// Security Mode (TS 1.0 Appendix E.1 resource 2): Pre-Shared Key.
pub const WHIMBREL_PSK: u8 = 0;
/// Raw Public Key.
pub const WHIMBREL_RAW_PUBLIC_KEY: u8 = 1;
/// X.509 certificate.
pub const WHIMBREL_CERTIFICATE: u8 = 2;
/// No security.
pub const WHIMBREL_NOSEC: u8 = 3;

/// What a backend can do, as bits: Security Mode 0.
pub const WHIMBREL_CAN_PSK: u32 = 1;
/// Security Mode 1: type negotiation (RFC 7250) and exact comparison of the server's key.
pub const WHIMBREL_CAN_RAW_PUBLIC_KEY: u32 = 2;
/// Security Mode 2, with every Certificate Usage and Matching Type that it does not refuse at `start`.
pub const WHIMBREL_CAN_CERTIFICATE: u32 = 4;
/// Connection ID (RFC 9146): the address may change under a session.
pub const WHIMBREL_CAN_CONNECTION_ID: u32 = 8;
/// Session resumption by ticket (RFC 5077) or ID.
pub const WHIMBREL_CAN_RESUME: u32 = 16;
/// `save` and `load`: an association survives the loss of its memory.
pub const WHIMBREL_CAN_SAVE: u32 = 32;
/// The role of the DTLS server (TS 1.0 section 7.1.6).
pub const WHIMBREL_CAN_SERVE: u32 = 64;

/// Certificate Usage (LwM2M 1.1, `/0/x/15`) plus one, so that 0 can stand for a resource that is not there: CA constraint.
pub const WHIMBREL_USAGE_CA_CONSTRAINT: u8 = 1;
/// Service certificate constraint.
pub const WHIMBREL_USAGE_SERVICE_CERTIFICATE_CONSTRAINT: u8 = 2;
/// Trust anchor assertion.
pub const WHIMBREL_USAGE_TRUST_ANCHOR_ASSERTION: u8 = 3;
/// Domain-issued certificate: the default, and the only one of LwM2M 1.0.
pub const WHIMBREL_USAGE_DOMAIN_ISSUED_CERTIFICATE: u8 = 4;

/// How a session ends (whimbrel_security_t.end), as bits: tell the peer by close_notify.
pub const WHIMBREL_END_NOTIFY: u32 = 1;
/// Forget also what a later session could be resumed with.
pub const WHIMBREL_END_FORGET: u32 = 2;

/// What a session is made of. All of it is valid only during the call of `start` or `load`: a backend copies what it
/// keeps, and overwrites its copies of keys when the session ends.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_session_t {
    /// sizeof(whimbrel_session_t)
    pub size: usize,
    /// WHIMBREL_PSK, WHIMBREL_RAW_PUBLIC_KEY or WHIMBREL_CERTIFICATE.
    pub mode: u8,
    /// 0: the client's role. 1: the server's, for the bootstrap of 1.0 that a server initiates.
    pub serves: u8,
    /// WHIMBREL_USAGE_…, never 0.
    pub certificate_usage: u8,
    /// Matching Type (`/0/x/13`): 0 `server_key` itself; 1, 2, 3 its SHA-256, SHA-384, SHA-512.
    pub matching_type: u8,
    /// 1: the server's certificate must be for `name`. 0: a certificate that equals `server_key` needs no name.
    pub check_name: u8,
    /// 1: `name` is an address literal: it goes into no Server Name Indication.
    pub name_is_address: u8,
    /// The largest datagram that may be sent, in bytes.
    pub mtu: u16,
    /// The first retransmission timeout of the handshake in milliseconds; it doubles.
    pub first_timeout_ms: u32,
    /// The longest one. When it has passed without an answer, the handshake has failed.
    pub longest_timeout_ms: u32,
    /// The time in seconds since 1970, negative where the platform does not know it.
    pub wall_clock_s: i64,
    /// The cipher suites to offer and no others, by IANA number, the preferred one first; NULL: the backend's own list.
    pub ciphersuites: *const u16,
    /// How many there are.
    pub ciphersuite_count: usize,
    /// Public Key or Identity (`/0/x/3`): PSK identity, own SubjectPublicKeyInfo, or own certificate, DER.
    pub identity: *const u8,
    /// Its length in bytes.
    pub identity_length: usize,
    /// Server Public Key (`/0/x/4`): the server's SubjectPublicKeyInfo, certificate or trust anchor, DER, or a hash.
    pub server_key: *const u8,
    /// Its length in bytes.
    pub server_key_length: usize,
    /// Secret Key (`/0/x/5`): the PSK, or the private key, DER. A secure element may take it as the name of a key.
    pub secret_key: *const u8,
    /// Its length in bytes.
    pub secret_key_length: usize,
    /// The reference identifier (RFC 6125): `/0/x/14`, else the host of the URI. UTF-8, not terminated.
    pub name: *const c_char,
    /// Its length in bytes.
    pub name_length: usize,
}

/// Where a backend puts the datagrams that it wants sent, during the call that it is given to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_outlet_t {
    /// Given to `send`.
    pub context: *mut c_void,
    /// Sends one datagram whole. An error counts as a loss; a backend need not look at it.
    pub send: Option<unsafe extern "C" fn(context: *mut c_void, datagram: *const u8, size: usize) -> i32>,
}

/// Where a session stands.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_session_state_t {
    /// When it wants to be called by `step`, on the clock of whimbrel_port_t.now; UINT64_MAX: only input can change anything.
    pub deadline_ms: u64,
    /// Sequence number of the next record that it will send under its keys.
    pub sequence: u64,
    /// Description of the last alert that the peer sent (RFC 5246 section 7.2); -1: none since the session began.
    pub alert: i32,
    /// The cipher suite by IANA number, once established.
    pub ciphersuite: u16,
    /// By how many bytes a datagram is longer than what is written, at the most, once established.
    pub overhead: u16,
    /// 1: the handshake is done.
    pub established: u8,
    /// 1: it was an abbreviated one, or none at all because the session was loaded.
    pub resumed: u8,
    /// 1: the peer gave us a Connection ID: our address may change.
    pub connection_id: u8,
    /// 1: `save` would succeed now.
    pub savable: u8,
}

/// A DTLS backend: Mbed TLS by `ports/mbedtls`, another library, a modem's own, a secure element.
///
/// A session is a small number that the client chooses, below whimbrel_limits_t.servers. No function may block, and none may
/// call the client. A function that gets an `outlet` may send datagrams through it, before it returns. Each function but
/// `capabilities` and `end` is called only for a session that `start` or `load` has begun and `end` has not ended; a
/// negative status means that the session is over, unless said otherwise, and `end` follows.
///
/// Why a session is over: WHIMBREL_ERR_TIMEOUT: the peer does not answer the handshake. WHIMBREL_ERR_CLOSED: the peer sent
/// close_notify or a fatal alert. WHIMBREL_ERR_CERTIFICATE, _NAME, _EXPIRED: the peer's certificate or key is not the one,
/// is for another name, is not valid now. WHIMBREL_ERR_HANDSHAKE: anything else that the protocol does not forgive.
/// Records that fail their integrity check, are replayed or make no sense are dropped without a word.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_security_t {
    /// sizeof(whimbrel_security_t)
    pub size: usize,
    /// Given to each function.
    pub context: *mut c_void,
    /// What the backend can do: WHIMBREL_CAN_…
    pub capabilities: Option<unsafe extern "C" fn(context: *mut c_void) -> u32>,
    /// Begins a session. Nothing is sent before `step`. If the session of that number was ended without
    /// WHIMBREL_END_FORGET and `setup` has the same credentials, it may be resumed.
    ///
    /// Returns WHIMBREL_OK; WHIMBREL_ERR_SECURITY_MODE: `mode`, `serves`, the Certificate Usage or the Matching Type is not
    /// supported; WHIMBREL_ERR_CREDENTIALS: keys, certificate or name cannot be used as they are;
    /// WHIMBREL_ERR_CIPHERSUITE: none of the suites is supported; WHIMBREL_ERR_FULL: no memory.
    pub start: Option<
        unsafe extern "C" fn(context: *mut c_void, session: u8, setup: *const whimbrel_session_t) -> i32,
    >,
    /// Does what is due: the first flight, a retransmission. Harmless at any time. Returns WHIMBREL_OK or why the session is
    /// over.
    pub step: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            session: u8,
            now_ms: u64,
            outlet: *const whimbrel_outlet_t,
        ) -> i32,
    >,
    /// Takes a datagram that came, or with `size` 0 goes on with the one before, which may hold several records.
    ///
    /// Returns how many bytes of plaintext it has put into `plain`: the content of one record, and the client calls again
    /// with `size` 0 until there is none; 0: none; WHIMBREL_ERR_TRUNCATED: a record's content did not fit into `room` bytes
    /// and is lost, but its beginning is in `plain` and the session lives; or why the session is over.
    /// `plain` may be the memory of `datagram`: take that out first.
    pub feed: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            session: u8,
            now_ms: u64,
            datagram: *const u8,
            size: usize,
            plain: *mut u8,
            room: usize,
            outlet: *const whimbrel_outlet_t,
        ) -> i32,
    >,
    /// Protects `size` bytes as one record and sends it. Established sessions only. Returns WHIMBREL_OK;
    /// WHIMBREL_ERR_TOO_LARGE: longer than the session can send, nothing is, and the session lives; or why it is over.
    pub write: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            session: u8,
            now_ms: u64,
            plain: *const u8,
            size: usize,
            outlet: *const whimbrel_outlet_t,
        ) -> i32,
    >,
    /// Tells where a session stands.
    pub state:
        Option<unsafe extern "C" fn(context: *mut c_void, session: u8, state: *mut whimbrel_session_state_t)>,
    /// Puts the whole association into `buffer`: keys, Connection ID, what the cipher suite needs. The session goes on.
    /// Returns its length; WHIMBREL_ERR_FULL: `size` is too small; WHIMBREL_ERR_STATE: not now (see `savable`);
    /// WHIMBREL_ERR_NOT_SUPPORTED: never. None of these ends the session. NULL without WHIMBREL_CAN_SAVE.
    pub save:
        Option<unsafe extern "C" fn(context: *mut c_void, session: u8, buffer: *mut u8, size: usize) -> i32>,
    /// Begins a session as `start` does, but established, from what `save` gave. It goes on sending with record number
    /// `sequence`, which is beyond all that was sent. Returns WHIMBREL_OK; WHIMBREL_ERR_MALFORMED: not what this backend
    /// saved; or as `start`. NULL without WHIMBREL_CAN_SAVE.
    pub load: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            session: u8,
            setup: *const whimbrel_session_t,
            data: *const u8,
            size: usize,
            sequence: u64,
        ) -> i32,
    >,
    /// After `load`: what came just now proves to be fresh, so that every record up to it counts as received and is
    /// dropped if it comes (again). NULL without WHIMBREL_CAN_SAVE.
    pub fence: Option<unsafe extern "C" fn(context: *mut c_void, session: u8)>,
    /// Ends a session: WHIMBREL_END_… Keys are overwritten. Without WHIMBREL_END_FORGET, what resumption needs may be kept.
    /// A session that does not exist is ended already; there WHIMBREL_END_FORGET forgets what was kept.
    pub end: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            session: u8,
            now_ms: u64,
            how: u32,
            outlet: *const whimbrel_outlet_t,
        ),
    >,
}
