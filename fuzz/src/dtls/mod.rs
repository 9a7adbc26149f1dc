//! A secured client between two of C's DTLS implementations: the backend in `ports/mbedtls` on this side, the bench's
//! server in `tests/lab/dtls` on the other, and a wire on which the fuzzer may do what an attacker or a bad network could.
//! All in virtual time and with chance that is the same in every run.

mod device;
mod guard;
mod load;
mod native;
mod net;
mod pair;
mod records;
mod scene;
mod script;
mod world;

pub use load::Shelf;
pub use pair::Pair;
pub use scene::Scene;
pub use world::Shape;

/// Where the server is; its certificate is for that address.
const URI: &core::ffi::CStr = c"coaps://10.0.0.2:5684";
/// What must never be seen on the wire.
const ENDPOINT: &core::ffi::CStr = c"urn:whimbrel:in-clear";
const MANUFACTURER: &core::ffi::CStr = c"Whimbrel in clear";

const IDENTITY: &[u8] = b"whimbrel";
const KEY: &[u8] = b"sixteen bytes of";

/// Certificates and keys of the bench, DER.
mod keys {
    pub const AUTHORITY: &[u8] = include_bytes!("../../../tests/lab/dtls/keys/authority.der");
    pub const SERVER: &[u8] = include_bytes!("../../../tests/lab/dtls/keys/server.der");
    pub const SERVER_KEY: &[u8] = include_bytes!("../../../tests/lab/dtls/keys/server.key.der");
    pub const CLIENT: &[u8] = include_bytes!("../../../tests/lab/dtls/keys/client.der");
    pub const CLIENT_KEY: &[u8] = include_bytes!("../../../tests/lab/dtls/keys/client.key.der");
}

/// Seconds since 1970, within the validity of the certificates.
const WALL_CLOCK: i64 = 1_900_000_000;
/// The first retransmission timeout of a handshake and the longest one, in milliseconds.
const FIRST_TIMEOUT: u32 = 1_000;
const LONGEST_TIMEOUT: u32 = 60_000;
/// How long a handshake can take that nobody disturbs: five flights, each with all its timeouts and some.
const LONGEST_HANDSHAKE: u64 = 5 * 130_000;
