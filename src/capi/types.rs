//! Constants and the structs that the application fills.

use super::access::whimbrel_access_entry_t;
use super::card::whimbrel_uicc_t;
use super::crypto::whimbrel_crypto_t;
use super::security::whimbrel_security_t;
use crate::error::Error;
use crate::uicc::Seal;
use core::ffi::{c_char, c_void};

/// Done.
pub const WHIMBREL_OK: i32 = 0;
/// From a handler: the answer comes later, by whimbrel_complete().
pub const WHIMBREL_DEFERRED: i32 = 1;
/// From whimbrel_port_t.link_open: not yet; ask again.
pub const WHIMBREL_PENDING: i32 = 2;

/// Bytes that do not follow their grammar. On the wire 4.00.
pub const WHIMBREL_ERR_MALFORMED: i32 = -1;
/// Nothing there. On the wire 4.04.
pub const WHIMBREL_ERR_NOT_FOUND: i32 = -2;
/// Not supported by the target. On the wire 4.05.
pub const WHIMBREL_ERR_NOT_ALLOWED: i32 = -3;
/// A table or buffer is full: see whimbrel_limits_t. On the wire 5.00.
pub const WHIMBREL_ERR_FULL: i32 = -4;
/// A handler failed. On the wire 5.00.
pub const WHIMBREL_ERR_HANDLER: i32 = -5;
/// NULL where none may be, or a struct with an unknown size.
pub const WHIMBREL_ERR_ARGUMENT: i32 = -6;
/// Called from inside a handler, an event or a port function.
pub const WHIMBREL_ERR_REENTERED: i32 = -7;
/// No right. On the wire 4.01.
pub const WHIMBREL_ERR_UNAUTHORIZED: i32 = -8;
/// A value of wrong type, length or range. On the wire 4.00.
pub const WHIMBREL_ERR_BAD_VALUE: i32 = -9;
/// No such format to answer in. On the wire 4.06.
pub const WHIMBREL_ERR_NOT_ACCEPTABLE: i32 = -10;
/// A payload in an unknown format. On the wire 4.15.
pub const WHIMBREL_ERR_UNSUPPORTED_FORMAT: i32 = -11;
/// A payload larger than can be taken. On the wire 4.13.
pub const WHIMBREL_ERR_TOO_LARGE: i32 = -12;
/// A part of a transfer is missing. On the wire 4.08.
pub const WHIMBREL_ERR_INCOMPLETE: i32 = -13;
/// Something else is under way. On the wire 5.03.
pub const WHIMBREL_ERR_BUSY: i32 = -14;
/// Not part of this client. On the wire 5.01.
pub const WHIMBREL_ERR_NOT_SUPPORTED: i32 = -15;
/// A critical option is not understood. On the wire 4.02.
pub const WHIMBREL_ERR_BAD_OPTION: i32 = -16;
/// The link cannot send or receive.
pub const WHIMBREL_ERR_LINK: i32 = -17;
/// A datagram did not fit into the buffer.
pub const WHIMBREL_ERR_TRUNCATED: i32 = -18;
/// Not a client, or called out of order.
pub const WHIMBREL_ERR_STATE: i32 = -19;
/// The identifier is in use.
pub const WHIMBREL_ERR_EXISTS: i32 = -20;
/// The server did not answer in time.
pub const WHIMBREL_ERR_TIMEOUT: i32 = -21;
/// The server refused.
pub const WHIMBREL_ERR_REFUSED: i32 = -22;
/// The security mode, or what goes with it, is not supported by the backend; or there is none.
pub const WHIMBREL_ERR_SECURITY_MODE: i32 = -24;
/// Keys, certificate or name cannot be used as they are.
pub const WHIMBREL_ERR_CREDENTIALS: i32 = -25;
/// None of the cipher suites is supported.
pub const WHIMBREL_ERR_CIPHERSUITE: i32 = -26;
/// The DTLS handshake failed: no common cipher suite, a wrong key.
pub const WHIMBREL_ERR_HANDSHAKE: i32 = -27;
/// The server's certificate or key is not the one expected, or not vouched for.
pub const WHIMBREL_ERR_CERTIFICATE: i32 = -28;
/// The server's certificate is for another name.
pub const WHIMBREL_ERR_NAME: i32 = -29;
/// The server's certificate is not valid now, or nobody knows what time it is.
pub const WHIMBREL_ERR_EXPIRED: i32 = -30;
/// The server closed the session.
pub const WHIMBREL_ERR_CLOSED: i32 = -31;
/// Stable storage cannot be read or written.
pub const WHIMBREL_ERR_STORAGE: i32 = -32;
/// Accounts, keys, Short Server IDs or access control do not fit together (TS 1.0 section 5.2.6). On the wire 4.06.
pub const WHIMBREL_ERR_INCONSISTENT: i32 = -33;

/// No identifier at this level of a path (MAX_ID).
pub const WHIMBREL_NONE: u16 = 0xffff;

/// Resource types (TS 1.0 Appendix C). An executable resource has none.
pub const WHIMBREL_NO_TYPE: u8 = 0;
/// UTF-8 text. Variable: an array of `capacity` char, NUL-terminated; capacity 0: a constant text of any length.
pub const WHIMBREL_STRING: u8 = 1;
/// Integer. Variable: int8_t, int16_t, int32_t or int64_t by capacity 1, 2, 4, 8; capacity 0: int32_t.
pub const WHIMBREL_INTEGER: u8 = 2;
/// Unsigned Integer (1.1). Variable: as for WHIMBREL_INTEGER, unsigned.
pub const WHIMBREL_UNSIGNED: u8 = 3;
/// Float. Variable: float by capacity 4, double by 8 or 0.
pub const WHIMBREL_FLOAT: u8 = 4;
/// Boolean. Variable: uint8_t, 0 or 1.
pub const WHIMBREL_BOOLEAN: u8 = 5;
/// Opaque. Variable: whimbrel_bytes_t.
pub const WHIMBREL_OPAQUE: u8 = 6;
/// Time, seconds since 1970. Variable: int64_t by capacity 8 or 0, int32_t by 4.
pub const WHIMBREL_TIME: u8 = 7;
/// Objlnk. Variable: two uint16_t, Object ID and Object Instance ID.
pub const WHIMBREL_OBJLNK: u8 = 8;
/// Corelnk (1.1). Variable: as for WHIMBREL_STRING.
pub const WHIMBREL_CORELNK: u8 = 9;

/// Operations of a resource: it can be read and observed.
pub const WHIMBREL_READ: u8 = 1;
/// It can be written.
pub const WHIMBREL_WRITE: u8 = 2;
/// It can be executed.
pub const WHIMBREL_EXECUTE: u8 = 4;

/// Flags of a resource: it has resource instances; a variable is a whimbrel_list_t.
pub const WHIMBREL_MULTIPLE: u8 = 1;
/// A Create must bring it, and a Replace keeps it.
pub const WHIMBREL_MANDATORY: u8 = 2;
/// An Opaque that the write handler takes chunk by chunk, each once, in order.
pub const WHIMBREL_STREAM: u8 = 4;
/// The variable lies in the instance's data: `value` is WHIMBREL_OFFSET(type, member).
pub const WHIMBREL_MEMBER: u8 = 16;

/// Flags of an object: it can have several instances; the application adds them by whimbrel_instance_add().
pub const WHIMBREL_INSTANCES: u8 = 1;
/// Servers may create and delete instances; implies WHIMBREL_INSTANCES.
pub const WHIMBREL_CREATABLE: u8 = 2;
/// What servers write into it is stored, and taken up by whimbrel_configuration_load(): resources that can be written and read.
pub const WHIMBREL_PERSISTENT: u8 = 4;

/// Rights of a server on an object instance (TS 1.0 Appendix E.3): Read, Observe, Write-Attributes.
pub const WHIMBREL_RIGHT_READ: u8 = 1;
/// Write.
pub const WHIMBREL_RIGHT_WRITE: u8 = 2;
/// Execute.
pub const WHIMBREL_RIGHT_EXECUTE: u8 = 4;
/// Delete.
pub const WHIMBREL_RIGHT_DELETE: u8 = 8;
/// Create, on the object.
pub const WHIMBREL_RIGHT_CREATE: u8 = 16;

/// Events: a server accepted the registration.
pub const WHIMBREL_EVENT_REGISTERED: u16 = 1;
/// A Register failed: status says why, at when it is tried again.
pub const WHIMBREL_EVENT_REGISTER_FAILED: u16 = 2;
/// A server accepted an Update.
pub const WHIMBREL_EVENT_UPDATED: u16 = 3;
/// An Update failed; the client registers again.
pub const WHIMBREL_EVENT_UPDATE_FAILED: u16 = 4;
/// The registration has ended.
pub const WHIMBREL_EVENT_DEREGISTERED: u16 = 5;
/// A server disabled its account until `at`.
pub const WHIMBREL_EVENT_DISABLED: u16 = 6;
/// A server observes `path`.
pub const WHIMBREL_EVENT_OBSERVED: u16 = 7;
/// The observation of `path` has ended.
pub const WHIMBREL_EVENT_OBSERVATION_ENDED: u16 = 8;
/// A server wrote `path`.
pub const WHIMBREL_EVENT_WRITTEN: u16 = 9;
/// A server executed `path`.
pub const WHIMBREL_EVENT_EXECUTED: u16 = 10;
/// A server created `path`.
pub const WHIMBREL_EVENT_CREATED: u16 = 11;
/// A server deleted `path`.
pub const WHIMBREL_EVENT_DELETED: u16 = 12;
/// Nothing is sent or expected before `at`: the radio may be switched off.
pub const WHIMBREL_EVENT_RADIO_OFF: u16 = 13;
/// Something is about to be sent: the radio is needed now.
pub const WHIMBREL_EVENT_RADIO_ON: u16 = 14;
/// A link cannot be opened or used: status says why.
pub const WHIMBREL_EVENT_LINK_FAILED: u16 = 15;
/// All servers are left, after whimbrel_client_stop().
pub const WHIMBREL_EVENT_STOPPED: u16 = 16;
/// An account cannot be used as configured: status says why. It is not tried again.
pub const WHIMBREL_EVENT_ACCOUNT_INVALID: u16 = 17;
/// A datagram was dropped: status says why.
pub const WHIMBREL_EVENT_DROPPED: u16 = 18;
/// A Confirmable notification of `path` was not acknowledged.
pub const WHIMBREL_EVENT_NOTIFY_FAILED: u16 = 19;
/// A DTLS session is established by a full handshake: status is the cipher suite's IANA number.
pub const WHIMBREL_EVENT_SECURED: u16 = 20;
/// A DTLS session goes on without a full handshake, resumed or loaded from storage: status is the cipher suite.
pub const WHIMBREL_EVENT_RESUMED: u16 = 21;
/// A DTLS session could not be established, or is over: status says why.
pub const WHIMBREL_EVENT_SECURITY_FAILED: u16 = 22;
/// The server sent an alert: status is its description, 0 to 255 (RFC 5246 section 7.2; 0 is close_notify).
pub const WHIMBREL_EVENT_ALERT: u16 = 23;
/// Stable storage could not be read or written: status says why.
pub const WHIMBREL_EVENT_STORAGE_FAILED: u16 = 24;
/// A bootstrap server has answered, and configures the client from now on. What servers send meanwhile is not heard.
pub const WHIMBREL_EVENT_BOOTSTRAP_STARTED: u16 = 25;
/// The bootstrap server has finished, and what it wrote holds: the client registers.
pub const WHIMBREL_EVENT_BOOTSTRAPPED: u16 = 26;
/// A bootstrap failed: status says why, `at` when it is tried again. All is as it was before.
pub const WHIMBREL_EVENT_BOOTSTRAP_FAILED: u16 = 27;
/// The account of the bootstrap server has timed out and is gone: there will be no more bootstrap.
pub const WHIMBREL_EVENT_BOOTSTRAP_PURGED: u16 = 28;
/// A bootstrap brought the account of short_server_id.
pub const WHIMBREL_EVENT_ACCOUNT_ADDED: u16 = 29;
/// A bootstrap removed the account of short_server_id.
pub const WHIMBREL_EVENT_ACCOUNT_REMOVED: u16 = 30;
/// The bootstrap data of a smartcard was read and holds; status is the number of APDUs that this took.
pub const WHIMBREL_EVENT_CARD_READ: u16 = 31;
/// The bootstrap data of the smartcard is what it was; status is the number of APDUs.
pub const WHIMBREL_EVENT_CARD_CHECKED: u16 = 32;
/// There is no smartcard (status 0), or none with bootstrap data (1): what came from one is gone.
pub const WHIMBREL_EVENT_CARD_GONE: u16 = 33;
/// The smartcard could not be read, or its data cannot be used: `status >> 16` is WHIMBREL_UICC_…, where that was; below, in
/// `status & 0xffff`, is the status word, or under 256 the number of an error, WHIMBREL_ERR_… with the sign away. `at` is when the
/// card is tried again.
pub const WHIMBREL_EVENT_CARD_FAILED: u16 = 34;

/// Why the client wants to be called (whimbrel_deadline_t.reason): only input can change anything.
pub const WHIMBREL_WAKE_NOTHING: u8 = 0;
/// More input may wait, or something changed.
pub const WHIMBREL_WAKE_WORK: u8 = 1;
/// A message is repeated or given up.
pub const WHIMBREL_WAKE_RETRANSMISSION: u8 = 2;
/// A link is being opened.
pub const WHIMBREL_WAKE_LINK: u8 = 3;
/// A pause before a registration ends.
pub const WHIMBREL_WAKE_REGISTRATION: u8 = 4;
/// An Update is due.
pub const WHIMBREL_WAKE_UPDATE: u8 = 5;
/// pmin or pmax of an observation ends.
pub const WHIMBREL_WAKE_NOTIFICATION: u8 = 6;
/// The awake window of queue mode ends.
pub const WHIMBREL_WAKE_SLEEP: u8 = 7;
/// A handshake message is repeated or given up.
pub const WHIMBREL_WAKE_HANDSHAKE: u8 = 8;
/// A bootstrap is given up or ends, or its account times out.
pub const WHIMBREL_WAKE_BOOTSTRAP: u8 = 9;
/// Parts of a long SMS are given up.
pub const WHIMBREL_WAKE_SMS: u8 = 10;
/// A smartcard is read, looked for, or asked for messages.
pub const WHIMBREL_WAKE_CARD: u8 = 11;

/// How SMS is done, as bits of whimbrel_config_t.sms_flags: for debugging, an account with WHIMBREL_SMS_NOSEC hears everybody,
/// and answers whom it heard. Never in a product (TS 1.0 section 7.2).
pub const WHIMBREL_SMS_ANYONE: u8 = 1;
/// Numbers are the same if their last seven digits are, for networks that show national numbers.
pub const WHIMBREL_SMS_SIMILAR: u8 = 2;
/// Keys of 32 bytes are one of AES-256, and not two of AES-128.
pub const WHIMBREL_SMS_AES_256: u8 = 4;
/// The cryptographic checksum of secured packets has 4 bytes, and not 8.
pub const WHIMBREL_SMS_SHORT_MAC: u8 = 8;
/// A response packet is sent where the server asks for one.
pub const WHIMBREL_SMS_RESPOND: u8 = 16;
/// The validity period is told in seconds (enhanced format), which few networks know.
pub const WHIMBREL_SMS_PRECISE: u8 = 32;

/// All of them.
pub(super) const WHIMBREL_SMS_FLAGS: u8 = 63;

/// How a link is opened (whimbrel_port_t.link_open), as bits: the datagrams are those of the security backend, which a socket
/// need not know.
pub const WHIMBREL_LINK_SECURE: u8 = 1;
/// The server speaks first: our end is the port 5683, or with security 5684, where it looks for us. Only asked for with
/// whimbrel_config_t.server_initiated; a port that cannot returns WHIMBREL_ERR_NOT_SUPPORTED.
pub const WHIMBREL_LINK_LISTEN: u8 = 2;

/// How much a client can hold. All of it comes from the one memory block; a 0 takes the default in parentheses.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_limits_t {
    /// sizeof(whimbrel_limits_t)
    pub size: usize,
    /// Server accounts, that of the bootstrap server included, at most 32 (1).
    pub servers: u16,
    /// Objects of the application, beside 0, 1 and 2 (4).
    pub objects: u16,
    /// Object instances of the application (4).
    pub instances: u16,
    /// Instances of the Access Control object (0; NONE needed with one server).
    pub access: u16,
    /// Observations, at most 255 (4).
    pub observations: u16,
    /// Places with attributes, one for each server and path (4).
    pub attributes: u16,
    /// Requests remembered to recognise their repetition, at least one a server (4).
    pub recent: u16,
    /// Requests deferred at a time (1).
    pub deferred: u16,
    /// Changes noted between two polls; more are taken as a change of everything (8).
    pub changes: u16,
    /// The largest CoAP message, sent or received, in bytes; 128 at least (1152).
    pub datagram: u16,
    /// Bytes for URI and keys of one account together (128).
    pub credentials: u16,
    /// Bytes to undo a failed write with: the old values of what one request changes (256).
    pub undo: u16,
    /// The largest payload assembled from blocks, in bytes; streams are not bound by it. Answers to a Read and notifications
    /// that go in blocks and fit are written once, so that all blocks are of one moment (0: none).
    pub body: u32,
    /// With DTLS: the largest datagram of a link, sent or received, in bytes, 140 to 16384 (0: no DTLS).
    pub mtu: u16,
    /// With bootstrap: bytes for the old values of what a bootstrap server changes, until it has finished; about 100 and the
    /// keys for each account (0: no bootstrap, and without DTLS no persistence).
    pub bootstrap: u32,
    /// With SMS: messages in several parts that can wait for the rest at a time, at most 64. Each takes about
    /// `datagram` bytes, and so does one that is sent (0: no SMS).
    pub sms: u16,
    /// With a smartcard: 34 bytes more than the longest resource of its bootstrap file, a key or a certificate, and than the
    /// longest message that ends on it; 290 at least (0: no whimbrel_uicc).
    pub uicc: u16,
    /// With a smartcard: bytes for messages that it is to send, about `datagram` for each (0: none end on it).
    pub uicc_messages: u16,
}

/// Timing of CoAP (RFC 7252 section 4.8). A 0 takes the default in parentheses.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_coap_t {
    /// ACK_TIMEOUT in milliseconds (2000).
    pub ack_timeout_ms: u32,
    /// ACK_RANDOM_FACTOR in thousandths, 1000 or more (1500).
    pub ack_random_permille: u16,
    /// MAX_RETRANSMIT, 1 to 20 (4).
    pub max_retransmit: u8,
    /// NSTART; only 1 is supported (1).
    pub nstart: u8,
}

/// A place in the object tree. Levels that are not given are WHIMBREL_NONE.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_path_t {
    /// Object ID.
    pub object: u16,
    /// Object Instance ID.
    pub instance: u16,
    /// Resource ID.
    pub resource: u16,
    /// Resource Instance ID.
    pub resource_instance: u16,
}

/// Something that happened.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_event_t {
    /// WHIMBREL_EVENT_…
    pub code: u16,
    /// Short Server ID of the server concerned, 0 for none.
    pub short_server_id: u16,
    /// 0; a WHIMBREL_ERR_…; or the CoAP code that a server answered, as on the wire: 0x84 is 4.04.
    pub status: i32,
    /// The place concerned.
    pub path: whimbrel_path_t,
    /// The time concerned, on the clock of whimbrel_port_t.now; 0 for none, UINT64_MAX for never.
    pub at: u64,
}

/// When the client wants to be called next, and why.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_deadline_t {
    /// When, on the clock of whimbrel_port_t.now; UINT64_MAX if only input can change anything.
    pub at: u64,
    /// For which server, 0 for none in particular.
    pub short_server_id: u16,
    /// WHIMBREL_WAKE_…
    pub reason: u8,
}

/// A content format; the library has whimbrel_format_text, _opaque, _tlv and _json. Only those named are linked.
pub struct whimbrel_format_t {
    pub(crate) _entry: crate::format::Entry,
}

// An array of pointers to formats is read as one of pointers to entries.
const _: () = assert!(
    core::mem::offset_of!(whimbrel_format_t, _entry) == 0
        && size_of::<whimbrel_format_t>() == size_of::<crate::format::Entry>()
);

/// Access control (TS 1.0 section 7.3); the library has whimbrel_access_control. Only where named it is linked.
pub struct whimbrel_access_t {
    pub(crate) attach: Attach,
    pub(crate) enroll: unsafe fn(
        &mut crate::client::Engine<'static>,
        &super::layout::Parts,
        &whimbrel_access_entry_t,
    ) -> Result<(), Error>,
}

/// A part of the client that a product can leave out; the library has whimbrel_reporting, whimbrel_transfers,
/// whimbrel_creation, whimbrel_deferral, whimbrel_dtls, whimbrel_persistence, whimbrel_bootstrap, whimbrel_sms and
/// whimbrel_secured_packets. Only those named are linked.
pub struct whimbrel_feature_t {
    pub(crate) select: fn(&mut crate::client::features::Features<'static>),
    pub(crate) attach: Option<Attach>,
}

/// Checks that the platform has what a part needs, and makes its tables.
pub(crate) type Attach = unsafe fn(&mut Fitting<'_>) -> Result<(), Error>;

/// A client while it is being made.
pub(crate) struct Fitting<'f> {
    pub port: &'f whimbrel_port_t,
    pub tables: &'f mut crate::client::Memory<'static>,
    pub parts: &'f mut super::layout::Parts,
    pub places: &'f super::layout::Places,
    pub config: &'f mut crate::client::Config<'static>,
    pub sms_number: *const c_char,
    pub uicc: *const whimbrel_uicc_t,
    /// What makes a secure channel with a card.
    pub seal: Option<&'static dyn Seal>,
}

/// What the application chooses. Everything pointed to must live as long as the client; strings end with NUL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_config_t {
    /// sizeof(whimbrel_config_t)
    pub size: usize,
    /// Endpoint Client Name, 1 to 128 bytes (TS 1.0 section 6.3.1).
    pub endpoint: *const c_char,
    /// How much the client can hold; needed only during whimbrel_client_init(). NULL: all defaults.
    pub limits: *const whimbrel_limits_t,
    /// The formats, the preferred one first.
    pub formats: *const *const whimbrel_format_t,
    /// How many formats there are; 1 at least.
    pub format_count: usize,
    /// The parts of the client that are wanted; NULL for none.
    pub features: *const *const whimbrel_feature_t,
    /// How many there are.
    pub feature_count: usize,
    /// &whimbrel_access_control, or NULL: every server may do everything.
    pub access: *const whimbrel_access_t,
    /// The lowest version of LwM2M to be spoken: 10 for 1.0, 11 for 1.1; 0 takes 10.
    pub version_min: u8,
    /// The highest; it is tried first. 0 takes 10. 1.1 is supported with TLV, without what later versions add.
    pub version_max: u8,
    /// 1: notifications are Confirmable. 0: Non-confirmable, but for one a day (RFC 7641 section 4.5).
    pub confirm_notifications: u8,
    /// Timing of CoAP.
    pub coap: whimbrel_coap_t,
    /// Queue mode: how long to stay awake after the last message, in milliseconds; 0 takes MAX_TRANSMIT_WAIT.
    pub awake_ms: u32,
    /// The pause after a first failed registration in seconds, doubled after each further one; 0 takes 30. With
    /// whimbrel_bootstrap that is so of a bootstrap; registrations follow the resources 17 to 20 of the Server object.
    pub retry_first_s: u32,
    /// The longest such pause in seconds; 0 takes 3600. Each pause is spread by a quarter up and down.
    pub retry_longest_s: u32,
    /// Called for everything that happens, from inside whimbrel_client_poll() and other calls; may be NULL. May call
    /// whimbrel_changed() and nothing else.
    pub event: Option<unsafe extern "C" fn(context: *mut c_void, event: *const whimbrel_event_t)>,
    /// Given to `event`.
    pub event_context: *mut c_void,
    /// DTLS: the first retransmission timeout of a handshake in milliseconds; 0 takes that of CoAP. It doubles.
    pub handshake_first_ms: u32,
    /// DTLS: the longest such timeout; when it has passed without an answer, the handshake has failed. 0 takes 60000.
    pub handshake_longest_ms: u32,
    /// With whimbrel_bootstrap, 1: the bootstrap server may speak first (server initiated bootstrap, TS 1.0 section 5.2.3.4).
    /// The client listens for it, with DTLS in the role of the server, and the radio stays on.
    pub server_initiated: u8,
    /// With whimbrel_sms: WHIMBREL_SMS_… as bits.
    pub sms_flags: u8,
    /// TP-PID of what is sent, and
    pub sms_protocol: u8,
    /// TP-DCS; 0 takes 4, 8-bit data. Secured packets that a smartcard of the server's side expects have 0x7f and 0xf6
    /// (TS 1.0 section 7.2.2.2).
    pub sms_coding: u8,
    /// The number of this device, "+15555550199", for the registration (TS 1.0 section 5.3.1); NULL: not known, see
    /// whimbrel_sms_number().
    pub sms_number: *const c_char,
    /// How long an answer by SMS may take in seconds, for nothing is sent twice (TS 1.0 section 8.6.2), and the least validity
    /// period (TP-VP) of an SMS; 0 takes 300.
    pub sms_answer_s: u32,
    /// How a smartcard is read, for whimbrel_uicc; read by whimbrel_client_init(). NULL: all of it zero.
    pub uicc: *const whimbrel_uicc_t,
}

/// The platform. None of these functions may block, and none may call the client but whimbrel_changed().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_port_t {
    /// sizeof(whimbrel_port_t)
    pub size: usize,
    /// Given to each function.
    pub context: *mut c_void,
    /// Milliseconds of a clock that never goes back and goes on while the device sleeps.
    pub now: Option<unsafe extern "C" fn(context: *mut c_void) -> u64>,
    /// Fills `buffer` with bytes nobody can guess.
    pub random: Option<unsafe extern "C" fn(context: *mut c_void, buffer: *mut u8, size: usize)>,
    /// Opens a link to a server, or tells how far that has come. `link` is below whimbrel_limits_t.servers; `host` is a
    /// name or an address literal of `host_length` bytes, not terminated; `how` is WHIMBREL_LINK_… as bits. Returns WHIMBREL_OK,
    /// WHIMBREL_PENDING (the client asks again with the same arguments), or an error.
    pub link_open: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            link: u8,
            host: *const c_char,
            host_length: usize,
            port: u16,
            how: i32,
        ) -> i32,
    >,
    /// Sends one datagram whole. An error counts as a loss.
    pub link_send:
        Option<unsafe extern "C" fn(context: *mut c_void, link: u8, data: *const u8, size: usize) -> i32>,
    /// Takes one whole datagram: its length; 0 if none waits; WHIMBREL_ERR_TRUNCATED if it did not fit, with its
    /// beginning in `buffer`; another error if the link is dead.
    pub link_receive:
        Option<unsafe extern "C" fn(context: *mut c_void, link: u8, buffer: *mut u8, size: usize) -> i32>,
    /// Closes a link, also one that is still being opened; it may be opened again.
    pub link_close: Option<unsafe extern "C" fn(context: *mut c_void, link: u8)>,
    /// Locks out interrupts and other threads for the few instructions of whimbrel_changed(); gives what `unlock` needs.
    /// NULL together with `unlock`: whimbrel_changed() is called only by the thread that polls.
    pub lock: Option<unsafe extern "C" fn(context: *mut c_void) -> u32>,
    /// Undoes `lock`.
    pub unlock: Option<unsafe extern "C" fn(context: *mut c_void, state: u32)>,
    /// Called by whimbrel_changed(), so that a waiting thread polls; may be NULL. May run in an interrupt.
    pub wake: Option<unsafe extern "C" fn(context: *mut c_void)>,
    /// The DTLS backend, for whimbrel_dtls; must live as long as the client. NULL: none.
    pub security: *const whimbrel_security_t,
    /// The time in seconds since 1970, negative where it is not known; certificates are judged by it. NULL: not known.
    pub wall_clock: Option<unsafe extern "C" fn(context: *mut c_void) -> i64>,
    /// Reads a record of stable storage, which holds secrets: its length, at most `size`; WHIMBREL_ERR_NOT_FOUND or 0: it
    /// was never written, or last with size 0; WHIMBREL_ERR_FULL: it is longer than `size`; another error: it cannot be read.
    /// For whimbrel_persistence; NULL together with `storage_write`.
    pub storage_read:
        Option<unsafe extern "C" fn(context: *mut c_void, record: u16, buffer: *mut u8, size: usize) -> i32>,
    /// Replaces a record of stable storage; with `size` 0 removes it. When it returns WHIMBREL_OK, the new content is there
    /// after a power cut. If power is cut meanwhile, the record may hold anything: the client sees that, and has another.
    pub storage_write:
        Option<unsafe extern "C" fn(context: *mut c_void, record: u16, data: *const u8, size: usize) -> i32>,
    /// Takes an SMS-SUBMIT (TS 23.040) to be sent, without service centre address: WHIMBREL_OK; WHIMBREL_ERR_BUSY: there is no
    /// room for it now; another error. An error counts as a loss. For whimbrel_sms; NULL together with `sms_receive`.
    pub sms_send: Option<unsafe extern "C" fn(context: *mut c_void, tpdu: *const u8, size: usize) -> i32>,
    /// Gives an SMS-DELIVER or SMS-STATUS-REPORT that came, without service centre address: its length, 0 if none waits, or an
    /// error.
    pub sms_receive: Option<unsafe extern "C" fn(context: *mut c_void, buffer: *mut u8, size: usize) -> i32>,
    /// Ciphers for whimbrel_secured_packets; must live as long as the client. NULL: none.
    pub crypto: *const whimbrel_crypto_t,
    /// Sends a command APDU to the smartcard, or asks how far that has come. WHIMBREL_OK: the response with its status word is in
    /// `response`, and `length` says how long it is; WHIMBREL_PENDING: not yet, the client asks again with the same command;
    /// WHIMBREL_ERR_NOT_FOUND: there is no card, and what came from it is deleted; another error: the card cannot be used now,
    /// and its logical channels are closed. Another command than the one that pends gives that one up, a `command_length` of 0
    /// does only that, and follows each reading as well: others may have the card then. NULL: no card. For whimbrel_uicc.
    pub uicc_transmit: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            command: *const u8,
            command_length: usize,
            response: *mut u8,
            room: usize,
            length: *mut usize,
        ) -> i32,
    >,
}

// The numbers above are what the engine means by them.
const _: () = {
    assert!(WHIMBREL_ERR_MALFORMED == Error::Malformed as i32);
    assert!(WHIMBREL_ERR_NOT_FOUND == Error::NotFound as i32);
    assert!(WHIMBREL_ERR_NOT_ALLOWED == Error::NotAllowed as i32);
    assert!(WHIMBREL_ERR_FULL == Error::Full as i32);
    assert!(WHIMBREL_ERR_HANDLER == Error::Handler as i32);
    assert!(WHIMBREL_ERR_ARGUMENT == Error::Argument as i32);
    assert!(WHIMBREL_ERR_REENTERED == Error::Reentered as i32);
    assert!(WHIMBREL_ERR_UNAUTHORIZED == Error::Unauthorized as i32);
    assert!(WHIMBREL_ERR_BAD_VALUE == Error::BadValue as i32);
    assert!(WHIMBREL_ERR_NOT_ACCEPTABLE == Error::NotAcceptable as i32);
    assert!(WHIMBREL_ERR_UNSUPPORTED_FORMAT == Error::UnsupportedFormat as i32);
    assert!(WHIMBREL_ERR_TOO_LARGE == Error::TooLarge as i32);
    assert!(WHIMBREL_ERR_INCOMPLETE == Error::Incomplete as i32);
    assert!(WHIMBREL_ERR_BUSY == Error::Busy as i32);
    assert!(WHIMBREL_ERR_NOT_SUPPORTED == Error::NotSupported as i32);
    assert!(WHIMBREL_ERR_BAD_OPTION == Error::BadOption as i32);
    assert!(WHIMBREL_ERR_LINK == Error::Link as i32);
    assert!(WHIMBREL_ERR_TRUNCATED == Error::Truncated as i32);
    assert!(WHIMBREL_ERR_STATE == Error::State as i32);
    assert!(WHIMBREL_ERR_EXISTS == Error::Exists as i32);
    assert!(WHIMBREL_ERR_TIMEOUT == Error::Timeout as i32);
    assert!(WHIMBREL_ERR_REFUSED == Error::Refused as i32);
    assert!(WHIMBREL_ERR_SECURITY_MODE == Error::SecurityMode as i32);
    assert!(WHIMBREL_ERR_CREDENTIALS == Error::Credentials as i32);
    assert!(WHIMBREL_ERR_CIPHERSUITE == Error::Ciphersuite as i32);
    assert!(WHIMBREL_ERR_HANDSHAKE == Error::Handshake as i32);
    assert!(WHIMBREL_ERR_CERTIFICATE == Error::Certificate as i32);
    assert!(WHIMBREL_ERR_NAME == Error::Name as i32);
    assert!(WHIMBREL_ERR_EXPIRED == Error::Expired as i32);
    assert!(WHIMBREL_ERR_CLOSED == Error::Closed as i32);
    assert!(WHIMBREL_ERR_STORAGE == Error::Storage as i32);
    assert!(WHIMBREL_ERR_INCONSISTENT == Error::Inconsistent as i32);
    assert!(WHIMBREL_NONE == crate::path::NONE);
};
