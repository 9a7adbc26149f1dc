//! Content formats by number and name (TS 1.0 section 6.4, TS 1.2 table of media types), and values out of payloads.

use crate::tlv;
use serde_json::Value;

/// `text/plain`.
pub const TEXT: u16 = 0;
/// `application/link-format`.
pub const LINK: u16 = 40;
/// `application/octet-stream`.
pub const OPAQUE: u16 = 42;
/// `application/cbor`.
pub const CBOR: u16 = 60;
/// `application/senml+json`.
pub const SENML_JSON: u16 = 110;
/// `application/senml+cbor`.
pub const SENML_CBOR: u16 = 112;
/// `application/senml-etch+json`.
pub const SENML_ETCH_JSON: u16 = 320;
/// `application/senml-etch+cbor`.
pub const SENML_ETCH_CBOR: u16 = 322;
/// `application/vnd.oma.lwm2m+tlv`.
pub const TLV: u16 = 11542;
/// `application/vnd.oma.lwm2m+json`, of 1.0 only.
pub const JSON: u16 = 11543;
/// `application/vnd.oma.lwm2m+cbor`.
pub const LWM2M_CBOR: u16 = 11544;

/// A short name for a content format; its number if the lab does not know it.
pub fn name(number: u16) -> String {
    match number {
        TEXT => "text",
        LINK => "link-format",
        OPAQUE => "opaque",
        CBOR => "CBOR",
        SENML_JSON => "SenML JSON",
        SENML_CBOR => "SenML CBOR",
        SENML_ETCH_JSON => "SenML-ETCH JSON",
        SENML_ETCH_CBOR => "SenML-ETCH CBOR",
        TLV => "TLV",
        JSON => "OMA JSON",
        LWM2M_CBOR => "LwM2M CBOR",
        _ => return format!("format {number}"),
    }
    .into()
}

/// The one number in a payload: text, TLV, OMA JSON or SenML JSON. `None` if there is none, or more than one.
///
/// TLV carries no types: four and eight bytes are read as a Float here, shorter values as an Integer.
pub fn float(format: Option<u16>, payload: &[u8]) -> Option<f64> {
    match format.unwrap_or(TEXT) {
        TEXT => std::str::from_utf8(payload).ok()?.parse().ok(),
        TLV => single_tlv(payload).and_then(|entry| entry.float().or(entry.integer().map(|n| n as f64))),
        JSON | SENML_JSON => single_json(payload)?.as_f64(),
        _ => None,
    }
}

/// The one Integer in a payload, by the same rules; TLV values of any length are integers here.
pub fn integer(format: Option<u16>, payload: &[u8]) -> Option<i64> {
    match format.unwrap_or(TEXT) {
        TEXT => std::str::from_utf8(payload).ok()?.parse().ok(),
        TLV => single_tlv(payload)?.integer(),
        JSON | SENML_JSON => single_json(payload)?.as_i64(),
        _ => None,
    }
}

/// The one String in a payload, by the same rules.
pub fn string(format: Option<u16>, payload: &[u8]) -> Option<String> {
    match format.unwrap_or(TEXT) {
        TEXT => String::from_utf8(payload.to_vec()).ok(),
        TLV => single_tlv(payload)?.text().map(str::to_owned),
        JSON | SENML_JSON => single_json(payload)?.as_str().map(str::to_owned),
        _ => None,
    }
}

fn single_tlv(payload: &[u8]) -> Option<tlv::Entry> {
    let mut entries = tlv::decode(payload).ok()?;
    while entries.len() == 1 {
        let entry = entries.pop()?;
        if entry.children.is_empty() {
            return Some(entry);
        }
        entries = entry.children;
    }
    None
}

fn single_json(payload: &[u8]) -> Option<Value> {
    let mut values = json_values(payload)?;
    let (_, value) = values.pop()?;
    values.is_empty().then_some(value)
}

/// Names and values in OMA JSON (`{"bn":…,"e":[…]}`) or SenML JSON (`[{"bn":…,"n":…}]`), base names applied.
pub fn json_values(payload: &[u8]) -> Option<Vec<(String, Value)>> {
    let document: Value = serde_json::from_slice(payload).ok()?;
    let mut base = document.get("bn").and_then(Value::as_str).unwrap_or_default().to_owned();
    let records = document.get("e").or(Some(&document))?.as_array()?;
    let mut values = Vec::new();
    for record in records {
        if let Some(name) = record.get("bn").and_then(Value::as_str) {
            name.clone_into(&mut base);
        }
        let name = record.get("n").and_then(Value::as_str).unwrap_or_default();
        let value = ["v", "sv", "bv", "ov", "vs", "vb", "vd", "vlo"].iter().find_map(|key| record.get(key));
        values.extend(value.map(|value| (format!("{base}{name}"), value.clone())));
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float_reads_every_format_the_lab_decodes() {
        assert_eq!(float(None, b"22.5"), Some(22.5));
        assert_eq!(float(Some(TLV), &tlv::float(5700, 22.5)), Some(22.5));
        assert_eq!(float(Some(TLV), &tlv::instance(0, &[tlv::integer(5700, 7)])), Some(7.0));
        assert_eq!(float(Some(JSON), br#"{"bn":"/3303/0/5700","e":[{"v":22.5}]}"#), Some(22.5));
        assert_eq!(float(Some(SENML_JSON), br#"[{"bn":"/3303/0/","n":"5700","v":22.5}]"#), Some(22.5));
        assert_eq!(float(Some(OPAQUE), b"22.5"), None);
        assert_eq!(float(Some(TLV), &[tlv::integer(1, 1), tlv::integer(2, 1)].concat()), None);
    }

    #[test]
    fn json_values_carry_their_base_names() {
        let values = json_values(br#"{"bn":"/3/0/","e":[{"n":"0","sv":"a"},{"n":"9","v":3}]}"#).unwrap();
        assert_eq!(values, [("/3/0/0".into(), "a".into()), ("/3/0/9".into(), 3.into())]);
        assert_eq!(json_values(b"{"), None);
        assert_eq!(json_values(b"3"), None);
    }
}
