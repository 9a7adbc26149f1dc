//! Payloads as short text for people (see [`crate::ladder`]).

use crate::format;
use crate::tlv::{self, Entry, Kind};

/// A payload on one line: text and JSON as they are, TLV as `5700=22.5`, CBOR and the rest in hexadecimal.
pub fn payload(content_format: Option<u16>, bytes: &[u8]) -> String {
    match content_format {
        Some(format::TLV) => tlv::decode(bytes).map_or_else(|_| hex(bytes), |entries| tree(&entries)),
        Some(format::TEXT | format::LINK | format::JSON | format::SENML_JSON) | None => readable(bytes),
        _ => hex(bytes),
    }
}

/// Bytes in hexadecimal, without spaces.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text if it is one and fit to print, else hexadecimal.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => hex(bytes),
    }
}

/// Cuts a line to so many characters, and shows that it did.
pub fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let kept: String = line.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

fn tree(entries: &[Entry]) -> String {
    entries.iter().map(branch).collect::<Vec<_>>().join(" ")
}

fn branch(entry: &Entry) -> String {
    match entry.kind {
        Kind::ObjectInstance | Kind::MultipleResource => format!("{}{{{}}}", entry.id, tree(&entry.children)),
        Kind::Resource | Kind::ResourceInstance => format!("{}={}", entry.id, value(entry)),
    }
}

/// TLV carries no types, so this guesses: printable text, else a plausible Float, else an Integer.
fn value(entry: &Entry) -> String {
    let bytes = entry.value.as_slice();
    let text = entry.text().filter(|text| !text.is_empty() && !text.chars().any(char::is_control));
    let plausible = |float: &f64| *float == 0.0 || (1e-6..1e12).contains(&float.abs());
    match (text, entry.integer()) {
        (_, Some(n)) if bytes.len() <= 2 && !bytes.iter().all(u8::is_ascii_graphic) => n.to_string(),
        (_, Some(n)) if bytes.len() == 1 => n.to_string(),
        (Some(text), _) => format!("\"{text}\""),
        (None, Some(n)) => match entry.float().filter(plausible).filter(|_| bytes.len() > 2) {
            Some(float) if n != 0 => format!("{}", (float * 1e6).round() / 1e6),
            _ => n.to_string(),
        },
        (None, None) => format!("x{}", hex(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tlv_reads_like_a_list() {
        let device =
            [tlv::resource(0, "Whimbrel"), tlv::multiple(6, &[(0, &[1]), (1, &[5])]), tlv::integer(9, 95)];
        assert_eq!(payload(Some(format::TLV), &device.concat()), "0=\"Whimbrel\" 6{0=1 1=5} 9=95");
        let sensor = tlv::instance(0, &[tlv::float(5700, 22.5), tlv::integer(5518, 1_700_000_000)]);
        assert_eq!(payload(Some(format::TLV), &sensor), "0{5700=22.5 5518=1700000000}");
    }

    #[test]
    fn what_cannot_be_printed_is_hexadecimal() {
        assert_eq!(payload(Some(format::TEXT), b"22.5"), "22.5");
        assert_eq!(payload(Some(format::TEXT), b"\x1b[2J"), "1b5b324a");
        assert_eq!(payload(Some(format::TLV), &[0xff]), "ff");
        assert_eq!(payload(Some(format::OPAQUE), b"ab"), "6162");
    }

    #[test]
    fn cut_counts_characters() {
        assert_eq!((cut("äöü", 3), cut("äöüß", 3)), ("äöü".into(), "äö…".into()));
    }
}
