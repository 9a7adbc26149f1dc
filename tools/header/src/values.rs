//! Values of constants that Rust takes from elsewhere in the crate, so that C gets the number and Rust need not repeat it:
//! `pub const WHIMBREL_ERR_FULL: i32 = Error::Full as i32;` and `pub const WHIMBREL_NONE: u16 = NONE;`.
//! cbindgen leaves out the former and writes the latter as a name that C does not know.

use std::path::Path;
use std::{fs, io};

/// All sources below a directory as one text.
pub fn sources(directory: &Path) -> io::Result<String> {
    let mut text = String::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            text += &sources(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &fs::read_to_string(&path)?;
        }
    }
    Ok(text)
}

/// The source with the constants of the API that name an enum's variant or another constant replaced by its value, and
/// without `repr(transparent)`: what a handle wraps is not for C, it is opaque there.
pub fn resolved(source: &str, crate_text: &str) -> String {
    let lines = source.lines().filter(|line| !line.starts_with("#[repr(transparent)]"));
    let lines = lines.map(|line| resolved_line(line, crate_text).unwrap_or_else(|| line.to_owned()));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn resolved_line(line: &str, crate_text: &str) -> Option<String> {
    let declared = line.strip_prefix("pub const WHIMBREL_")?;
    let (declared, value) = declared.split_once(" = ")?;
    let (_, kind) = declared.split_once(": ")?;
    let value = value.strip_suffix(';')?;
    let expression = value.split_once(" as ").map_or(value, |(before, _)| before);
    let number = match expression.split_once("::") {
        Some((name, variant)) => variant_value(crate_text, name, variant)?,
        None => constant_value(crate_text, expression, kind)?,
    };
    Some(format!("pub const WHIMBREL_{declared} = {number};"))
}

/// `Variant = NUMBER,` in `pub enum Name {`.
fn variant_value<'a>(text: &'a str, name: &str, variant: &str) -> Option<&'a str> {
    let (_, body) = text.split_once(&format!("pub enum {name} {{"))?;
    let (body, _) = body.split_once("\n}")?;
    let prefix = format!("{variant} = ");
    body.lines().find_map(|line| line.trim().strip_prefix(&prefix)?.strip_suffix(','))
}

/// `const NAME: KIND = VALUE;`, if all that are declared so have the same value.
fn constant_value<'a>(text: &'a str, name: &str, kind: &str) -> Option<&'a str> {
    let declaration = format!("const {name}: {kind} = ");
    let mut values = text.lines().filter_map(|line| line.split_once(&declaration)?.1.strip_suffix(';'));
    let value = values.next()?;
    values.all(|other| other == value).then_some(value)
}
