//! How an account is reached by SMS, as its Security object says (TS 1.0 sections 7.2 and Appendix E.1 resources 6 to 9).

use crate::client::Engine;
use crate::client::uri::Uri;
use crate::error::Error;
use crate::objects::{Field, SMS_DTLS, SMS_NOSEC, SMS_PACKETS, SecurityRow};
use crate::sms::number::Number;

/// How an account is reached by SMS.
#[derive(Clone, Copy)]
pub struct Line {
    /// The server's number, if it has one.
    pub number: Option<Number>,
    /// SMS Security Mode.
    pub mode: u8,
}

impl Line {
    /// Not at all.
    pub const NONE: Self = Self { number: None, mode: 0 };
}

/// Whether packets of the mode that TS 1.0 means for smartcards end on one.
pub fn on_card(engine: &Engine<'_>) -> bool {
    engine.config.features.carding.is_some_and(|carding| carding.ends_messages())
}

/// Whether that SMS Security Mode is one of secured packets.
pub fn is_packets(mode: u8) -> bool {
    mode == SMS_PACKETS || mode >= 204
}

/// Number and mode as an account has them; whether its URI is a number.
pub fn of_row(row: &SecurityRow<'_>) -> Result<(Line, bool), Error> {
    let given = row.field(Field::SmsNumber, |bytes| {
        if bytes.is_empty() { Ok(None) } else { Number::parse(bytes).map(Some) }
    })?;
    let named = row.field(Field::Uri, |bytes| match Uri::from_bytes(bytes) {
        Ok(uri) if uri.texts => Number::parse(uri.host.as_bytes()).map(Some),
        _ => Ok(None),
    })?;
    Ok((Line { number: given.or(named), mode: row.sms_mode.get() }, named.is_some()))
}

/// Which bindings an account can keep: 0 those without S, 1 those with S alone, 2 all.
pub fn level(engine: &Engine<'_>, row: &SecurityRow<'_>) -> Result<u8, Error> {
    let (line, _) = of_row(row)?;
    if line.number.is_none() {
        return Err(Error::BadValue);
    }
    match line.mode {
        SMS_NOSEC => Ok(2),
        SMS_DTLS if engine.config.features.securing.is_none() => Err(Error::SecurityMode),
        SMS_DTLS => row.credentials(|_, keys| {
            let complete = !keys.identity.is_empty() && !keys.secret_key.is_empty();
            if complete { Ok(1) } else { Err(Error::Credentials) }
        }),
        SMS_PACKETS if on_card(engine) => Ok(2),
        mode if is_packets(mode) => match engine.config.features.packing {
            Some(packing) => packing.accepts(engine, row).map(|()| 2),
            None => Err(Error::SecurityMode),
        },
        _ => Err(Error::SecurityMode),
    }
}
