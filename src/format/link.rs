//! CoRE link format, `application/link-format` (RFC 6690): payloads of Register (TS 1.0 section 5.3.1), Discover
//! (5.4.2) and Bootstrap-Discover (5.2.7.3), and values of type Corelnk.
//!
//! Output is strict: no space, numbers and versions bare, text quoted. Input is lenient: the examples of the
//! specifications put spaces after commas and leave slashes out. The reader is in `link_reader`.

use crate::error::Error;
use crate::format::{Window, float};
use crate::path::{NONE, Path};

/// Writes links, one after the other, each with its attributes behind it.
pub struct LinkWriter<'w, 'b> {
    window: &'w mut Window<'b>,
    prefix: &'w str,
    started: bool,
}

impl<'w, 'b> LinkWriter<'w, 'b> {
    /// A list that begins here. `prefix` is the alternate path (TS 1.0 section 8.2.2), such as `/lwm2m`, or empty.
    pub fn new(window: &'w mut Window<'b>, prefix: &'w str) -> Self {
        Self { window, prefix, started: false }
    }

    /// The comma between two entries.
    fn next(&mut self) {
        if self.started {
            self.window.byte(b',');
        }
        self.started = true;
    }

    /// `<prefix/object/instance…>`; [`Path::ROOT`] gives the alternate path itself, or `</>`.
    pub fn link(&mut self, at: Path) {
        self.next();
        self.window.byte(b'<');
        self.window.put(self.prefix.as_bytes());
        if at.object != NONE {
            path(self.window, at);
        } else if self.prefix.is_empty() {
            self.window.byte(b'/');
        }
        self.window.byte(b'>');
    }

    /// `;name`
    pub fn flag(&mut self, name: &str) {
        self.window.byte(b';');
        self.window.put(name.as_bytes());
    }

    /// `;name=10`, as for pmin, pmax, dim, ssid.
    pub fn number(&mut self, name: &str, value: u64) {
        self.token(name, "");
        self.window.decimal(value);
    }

    /// `;name=42.2`, as for gt, lt, st. Infinities and NaN are refused; nothing is written then.
    pub fn float(&mut self, name: &str, value: f64) -> Result<(), Error> {
        if !float::is_finite(value) {
            return Err(Error::BadValue);
        }
        self.token(name, "");
        float::put(self.window, value)
    }

    /// `;name=value`, for what needs no quotes, such as `ver=1.1` and `ct=112`.
    pub fn token(&mut self, name: &str, value: &str) {
        self.flag(name);
        self.window.byte(b'=');
        self.window.put(value.as_bytes());
    }

    /// `;name="value"`, as for `rt="oma.lwm2m"` and `ct="60 110"`.
    pub fn text(&mut self, name: &str, value: &str) {
        self.flag(name);
        self.quoted(value);
    }

    /// `="value"`
    fn quoted(&mut self, value: &str) {
        self.window.put(b"=\"");
        for byte in value.bytes() {
            if matches!(byte, b'"' | b'\\') {
                self.window.byte(b'\\');
            }
            self.window.byte(byte);
        }
        self.window.byte(b'"');
    }
}

/// Writes `/object/instance…`, and nothing for [`Path::ROOT`].
pub fn path(window: &mut Window<'_>, at: Path) {
    for id in at.ids() {
        if id == NONE {
            break;
        }
        window.byte(b'/');
        window.decimal(id.into());
    }
}
