//! The JSON of LwM2M 1.0, `application/vnd.oma.lwm2m+json` (TS 1.0 section 6.4.4, table 22). Later releases must not
//! use it: they have SenML. Reading is in `json_reader`.
//!
//! Flat: the Base Name is the place represented, with a slash behind it where entries have a name of their own, and
//! an entry is one value. Whether a resource has instances shows with its first value, so the end of the Base Name
//! waits for that. Containers write nothing; a multiple resource without instances leaves no trace but that slash.

use crate::error::Error;
use crate::format::link::path;
use crate::format::{CF_JSON, Container, Cursor, Encoder, Format, Raw, Record, Window};
use crate::format::{float, json_reader, json_text, text};
use crate::path::{NONE, Path};
use crate::value::{DataType, Value};

/// The JSON format of 1.0 (TS 1.0 section 6.4.4).
pub struct Json;

/// The JSON format of 1.0, to be named in a configuration.
pub static JSON: Json = Json;

/// Ends the Base Name and begins the array, once. `named` tells that a resource has instances.
fn head(out: &mut Encoder<'_>, named: bool) {
    let depth = out.base().depth();
    let [done, _] = &mut out.marks;
    if *done == 0 {
        *done = 1;
        if depth < 3 || (named && depth == 3) {
            out.window.byte(b'/');
        }
        out.window.put(b"\",\"e\":[");
    }
}

/// The name of an entry relative to the base, if it has one.
fn name(out: &mut Encoder<'_>, at: Path) {
    let mut separator: &[u8] = b"\"n\":\"";
    for id in at.ids().into_iter().skip(out.base().depth()) {
        if id == NONE {
            break;
        }
        out.window.put(separator);
        out.window.decimal(id.into());
        separator = b"/";
    }
    if separator == b"/" {
        out.window.put(b"\",");
    }
}

/// The value's member (table 22).
fn member(window: &mut Window<'_>, value: Value<'_>) -> Result<(), Error> {
    match value {
        Value::Boolean(yes) => window.put(if yes { b"\"bv\":true" } else { b"\"bv\":false" }),
        Value::String(text) => {
            window.put(b"\"sv\":");
            json_text::put(window, text);
        }
        Value::Opaque(_) | Value::Objlnk(..) => {
            window.put(if matches!(value, Value::Opaque(_)) { b"\"sv\":\"" } else { b"\"ov\":\"" });
            text::put(window, value)?;
            window.byte(b'"');
        }
        Value::Float(number) => {
            window.put(b"\"v\":");
            float::put_json(window, number)?;
        }
        Value::Integer(_) | Value::Unsigned(_) | Value::Time(_) => {
            window.put(b"\"v\":");
            text::put(window, value)?;
        }
    }
    Ok(())
}

impl Format for Json {
    fn content_format(&self) -> u16 {
        CF_JSON
    }

    fn structured(&self) -> bool {
        true
    }

    fn carries(&self, data_type: DataType) -> bool {
        data_type != DataType::None
    }

    fn begin(&self, out: &mut Encoder<'_>) {
        out.window.put(b"{\"bn\":\"");
        let base = out.base();
        path(&mut out.window, base);
    }

    fn open(&self, out: &mut Encoder<'_>, container: Container, _: Path, _: usize) {
        head(out, container == Container::Multiple);
    }

    fn value(&self, out: &mut Encoder<'_>, at: Path, value: Value<'_>) -> Result<(), Error> {
        if let Value::Float(number) = value
            && !float::is_finite(number)
        {
            return Err(Error::BadValue);
        }
        head(out, at.resource_instance != NONE);
        out.window.put(if out.started { b",{" } else { b"{" });
        out.started = true;
        name(out, at);
        member(&mut out.window, value)?;
        out.window.byte(b'}');
        Ok(())
    }

    fn close(&self, _: &mut Encoder<'_>, _: Container, _: Path) {}

    fn end(&self, out: &mut Encoder<'_>) {
        head(out, false);
        out.window.put(b"]}");
    }

    fn next<'a>(&self, cursor: &mut Cursor<'a>) -> Result<Option<Record<'a>>, Error> {
        json_reader::next(cursor)
    }

    fn decode<'a>(
        &self,
        raw: Raw<'a>,
        data_type: DataType,
        scratch: &'a mut [u8],
    ) -> Result<Value<'a>, Error> {
        json_reader::decode(raw, data_type, scratch)
    }
}
