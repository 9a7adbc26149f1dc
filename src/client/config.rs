//! What the application chooses: name, versions, formats, timing.

use crate::client::features::Features;
use crate::coap::Params;
use crate::error::Error;
use crate::format::{Entry, Format};
use crate::objects::Access;
use crate::value::DataType;

/// LwM2M 1.0.
pub const VERSION_1_0: u8 = 0;
/// LwM2M 1.1.
pub const VERSION_1_1: u8 = 1;

/// The choices of the application; all borrowed for as long as the client lives.
#[derive(Clone, Copy)]
pub struct Config<'a> {
    /// Endpoint Client Name (TS 1.0 section 6.3.1).
    pub endpoint: &'a str,
    /// The formats, the preferred one first.
    pub formats: &'a [&'a Entry],
    /// The parts of the client that are wanted.
    pub features: Features<'a>,
    /// Who decides on rights; without it every server may do everything.
    pub access: Option<&'a dyn Access>,
    /// The lowest and the highest minor version of LwM2M 1 that may be spoken.
    pub versions: (u8, u8),
    /// CoAP transmission parameters.
    pub coap: Params,
    /// Queue mode: how long to stay awake after the last message, in milliseconds (TS 1.0 section 8.3).
    pub awake_ms: u32,
    /// The first and the longest pause before a failed registration is tried again, in seconds.
    pub retry_s: (u32, u32),
    /// DTLS: the first and the longest retransmission timeout of a handshake, in milliseconds.
    pub handshake_ms: (u32, u32),
    /// DTLS: the largest datagram of a link.
    pub mtu: u16,
    /// Whether notifications are Confirmable; one a day is in any case (RFC 7641 section 4.5).
    pub confirm_notifications: bool,
    /// Whether a bootstrap server may speak first (TS 1.0 section 5.2.3.4).
    pub invites: bool,
    /// How short messages are sent.
    pub texts: TextConfig,
}

/// How short messages are sent (TS 23.040), and what is done with those that come.
#[derive(Clone, Copy, Debug)]
pub struct TextConfig {
    /// How long an answer may take: nothing is repeated meanwhile (TS 1.0 section 8.6.2).
    pub params: Params,
    /// The validity period of a DTLS record in seconds: it covers the timers of the handshake (TS 1.0 section 7.2.2.1.5).
    pub record_s: u32,
    /// TP-PID.
    pub protocol: u8,
    /// TP-DCS.
    pub coding: u8,
    /// Bits of [`text`](crate::client::texting::how).
    pub how: u8,
}

impl<'a> Config<'a> {
    /// The format of a request's payload (TS 1.0 section 8.5: 4.15 where it is not known).
    pub fn format(&self, content_format: u16) -> Option<&'a dyn Format> {
        self.formats.iter().map(|entry| entry.0).find(|format| format.content_format() == content_format)
    }

    /// The format of a response: the one asked for, else the first that can represent the target.
    /// `single` is the type of a single value, `None` for more than one.
    pub fn choose(&self, accept: Option<u16>, single: Option<DataType>) -> Result<&'a dyn Format, Error> {
        let fits = |format: &&dyn Format| {
            format.structured() || single.is_some_and(|data_type| format.carries(data_type))
        };
        let wanted = |format: &&dyn Format| accept.is_none_or(|number| format.content_format() == number);
        self.formats
            .iter()
            .map(|entry| entry.0)
            .find(|format| wanted(format) && fits(format))
            .ok_or(Error::NotAcceptable)
    }
}
