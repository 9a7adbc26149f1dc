//! The smartcard: how it is read, by which keys, and what ends on it.

use core::ffi::c_void;

/// whimbrel_uicc_t.secure: the card is read in clear.
pub const WHIMBREL_UICC_CLEAR: u8 = 0;
/// Through a secure channel where the card knows it, else in clear. A card that fails the cryptogram is not read.
pub const WHIMBREL_UICC_PREFERRED: u8 = 1;
/// Through a secure channel, or not at all.
pub const WHIMBREL_UICC_REQUIRED: u8 = 2;

/// Key-ENC, see whimbrel_uicc_t.cmac.
pub const WHIMBREL_KEY_ENC: u8 = 1;
/// Key-MAC.
pub const WHIMBREL_KEY_MAC: u8 = 2;

/// Where the reading of a card failed: the upper half of the status of WHIMBREL_EVENT_CARD_FAILED. EF(ICCID).
pub const WHIMBREL_UICC_ICCID: u8 = 1;
/// EF(DIR).
pub const WHIMBREL_UICC_DIRECTORY: u8 = 2;
/// MANAGE CHANNEL, to open one.
pub const WHIMBREL_UICC_CHANNEL: u8 = 3;
/// SELECT of the application.
pub const WHIMBREL_UICC_APPLICATION: u8 = 4;
/// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE.
pub const WHIMBREL_UICC_SECURE: u8 = 5;
/// EF(ODF).
pub const WHIMBREL_UICC_ODF: u8 = 6;
/// EF(DODF-bootstrap).
pub const WHIMBREL_UICC_DODF: u8 = 7;
/// SELECT of EF(LwM2M_Bootstrap).
pub const WHIMBREL_UICC_SELECT: u8 = 8;
/// VERIFY PIN.
pub const WHIMBREL_UICC_PIN: u8 = 9;
/// Reading the bootstrap file, or what it says cannot be used.
pub const WHIMBREL_UICC_FILE: u8 = 10;
/// MANAGE CHANNEL, to close it.
pub const WHIMBREL_UICC_CLOSE: u8 = 11;
/// GET DATA and STORE DATA.
pub const WHIMBREL_UICC_MESSAGE: u8 = 12;

/// How the smartcard is read. All of it may be zero. Copied; what it points to lives as long as the client.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_uicc_t {
    /// sizeof(whimbrel_uicc_t)
    pub size: usize,
    /// Given to the functions below.
    pub context: *mut c_void,
    /// WHIMBREL_UICC_CLEAR, WHIMBREL_UICC_PREFERRED or WHIMBREL_UICC_REQUIRED (TS 1.0 Appendix H). Others than the first need
    /// whimbrel_secure_channel.
    pub secure: u8,
    /// The version of the keys on the card; 0: the first one.
    pub key_version: u8,
    /// 1: challenges and checksums of 16 bytes (S16), 0: of 8 (S8).
    pub s16: u8,
    /// The length of each static key: 16, 24 or 32 bytes.
    pub key_length: u8,
    /// Key-ENC; NULL where `cmac` is there.
    pub key_enc: *const u8,
    /// Key-MAC; NULL where `cmac` is there.
    pub key_mac: *const u8,
    /// AES-CMAC with a static key that a secure element keeps (`key` is WHIMBREL_KEY_…): all that is done with these keys. Gives
    /// WHIMBREL_OK and 16 bytes in `out`, or an error. NULL: the keys are above.
    pub cmac: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            key: u8,
            message: *const u8,
            size: usize,
            out: *mut u8,
        ) -> i32,
    >,
    /// The PIN of a reference (ETSI TS 102 221 section 9.5.1), of which `tries` are left: puts its 4 to 8 bytes
    /// into `pin` and gives their number, or 0: nobody knows it. Asked once a reading, and only where the file wants one. A wrong
    /// PIN is a try less: it is not asked for again until whimbrel_card_changed(), or until more tries are left.
    /// NULL: a card that wants a PIN cannot be read.
    pub pin:
        Option<unsafe extern "C" fn(context: *mut c_void, reference: u8, tries: u8, pin: *mut u8) -> i32>,
    /// How long the card may take for one command in milliseconds; 0 takes 30000.
    pub timeout_ms: u32,
    /// How often a card is looked for while there is none with bootstrap data, in seconds; 0: when whimbrel_card_changed() is
    /// called.
    pub look_s: u32,
    /// How often the card is asked for messages, in seconds; 0: when whimbrel_card_message() is called. With
    /// whimbrel_limits_t.uicc_messages.
    pub ask_s: u32,
    /// The AID of the LwM2M application, which TS 1.0 does not name; NULL takes F04C574D324D01.
    pub message_aid: *const u8,
    /// Its length, 5 to 16 bytes.
    pub message_aid_length: u8,
    /// The tag before the length of a message; 0 takes 5.
    pub message_tag: u8,
    /// P1 and P2 of GET DATA; 0 takes 0x0005.
    pub message_object: u16,
}
