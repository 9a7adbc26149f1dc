//! What every format promises: whatever decodes is written again and decodes to the same; a representation produced
//! window by window is the whole; reading ends.

use crate::owned::{Owned, TYPES};
use whimbrel::error::Error;
use whimbrel::format::{Container, Cursor, Encoder, Format, Raw, Window};
use whimbrel::path::{NONE, Path};
use whimbrel::value::DataType;

/// A record that was read: its place, and its value unless it is a container.
type Read = (Path, Option<(Owned, DataType)>);

/// The place that a request addresses, by one byte.
pub fn base(choice: u8) -> Path {
    match choice % 6 {
        0 => Path::object(65),
        1 => Path::instance(65, 0),
        2 => Path::resource(65, 0, 1),
        3 => Path::resource(65, 0, 1).with_resource_instance(0),
        4 => Path::instance(3, 0),
        _ => Path::resource(3, 0, 257),
    }
}

fn decode(format: &dyn Format, raw: Raw<'_>, data_type: DataType, room: usize) -> Result<Owned, Error> {
    let mut scratch = vec![0; room];
    let decoded = format.decode(raw, data_type, &mut scratch).map(Owned::from);
    if let Ok(value) = &decoded {
        assert!(value.is_a(data_type), "{data_type:?} decodes to {value:?}");
    }
    decoded
}

/// Reads `payload` as a request to `base` carried it, and checks every value by itself. `None` where an error ends it.
pub fn read(format: &dyn Format, payload: &[u8], base: Path) -> Option<Vec<Read>> {
    let mut cursor = Cursor::new(payload, base);
    let mut records = Vec::new();
    loop {
        let record = match format.next(&mut cursor) {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(_) => return None,
        };
        assert!(records.len() <= payload.len(), "more records than bytes");
        assert!(base.touches(record.path), "{:?} is not below {base:?}", record.path);
        let mut first = None;
        if let Some(raw) = record.raw {
            // where a format leaves the type open, the record keeps the one its identifier asks for, if it can
            let wanted = usize::from(record.path.resource);
            for turn in 0..TYPES.len() {
                let data_type = TYPES[(wanted + turn) % TYPES.len()];
                if let Ok(value) = decode(format, raw, data_type, payload.len()) {
                    again(format, record.path, &value, data_type);
                    first = first.or(Some((value, data_type)));
                }
            }
            first.as_ref()?;
        }
        records.push((record.path, first));
    }
    assert_eq!(format.next(&mut cursor).ok().flatten(), None, "a record behind the end");
    Some(records)
}

/// One value by itself: written, read and decoded again.
fn again(format: &dyn Format, at: Path, value: &Owned, data_type: DataType) {
    let at = if at.instance == NONE { Path { instance: 0, ..at } } else { at };
    let records = [(at, Some((value.clone(), data_type)))];
    let text = whole(format, at, &records, WHOLE);
    // NaN and infinities have no text
    let Ok((text, _)) = text else {
        assert!(
            matches!(value, Owned::Float(bits) if !f64::from_bits(*bits).is_finite()),
            "{value:?}: {text:?}"
        );
        return;
    };
    let mut cursor = Cursor::new(&text, at);
    let mut found = 0;
    while let Some(record) = format.next(&mut cursor).expect("what was written can be read") {
        let Some(raw) = record.raw else { continue };
        let back = decode(format, raw, data_type, text.len());
        assert_eq!((record.path, back.as_ref()), (at, Ok(value)), "{text:x?}");
        found += 1;
    }
    assert_eq!(found, 1, "{text:x?}");
}

/// What was read, written as a whole and in windows, and read again. Formats of many values only.
pub fn write(format: &dyn Format, base: Path, records: &[Read]) {
    // an instance that is the client's choice, as a Create with bare resources has it
    let chosen = |path: Path| if path.instance == NONE { Path { instance: 0, ..path } } else { path };
    let bare = records.iter().any(|(path, _)| path.instance == NONE);
    let base = if bare { chosen(base) } else { base };
    let records: Vec<Read> = records.iter().map(|(path, value)| (chosen(*path), value.clone())).collect();
    if !possible(&records) {
        return;
    }
    let Ok((text, _)) = whole(format, base, &records, WHOLE) else { return };
    let kept = |records: &[Read]| -> Vec<Read> {
        records.iter().filter(|(_, value)| value.is_some()).cloned().collect()
    };
    if let Some(back) = typed(format, &text, base, &records) {
        assert_eq!(kept(&records), back, "{text:x?}");
    } else {
        panic!("cannot read what was written: {text:x?} of {records:?}");
    }
    let mut hashes = Vec::new();
    let room = 16.max(text.len() / 8);
    for start in (0..text.len()).step_by(room) {
        let (part, hash) = whole(format, base, &records, Some((start, room))).expect("a window more");
        assert_eq!(part, text[start..text.len().min(start + room)], "window at {start}");
        hashes.push(hash);
    }
    assert!(hashes.iter().all(|hash| *hash == hashes[0]), "the ETag changes: {hashes:?}");
}

/// Whether the model could hold this: no resource is single and multiple.
fn possible(records: &[Read]) -> bool {
    let single = |path: Path| path.resource != NONE && path.resource_instance == NONE;
    let multiple = |path: Path| records.iter().any(|(other, _)| *other != path && path.contains(*other));
    !records.iter().any(|(path, value)| value.is_some() && single(*path) && multiple(*path))
}

/// Reads with the types that the records had.
fn typed(format: &dyn Format, text: &[u8], base: Path, records: &[Read]) -> Option<Vec<Read>> {
    let mut types = records.iter().filter_map(|(_, value)| value.as_ref().map(|(_, data_type)| *data_type));
    let mut cursor = Cursor::new(text, base);
    let mut back = Vec::new();
    while let Some(record) = format.next(&mut cursor).ok()? {
        let Some(raw) = record.raw else { continue };
        let data_type = types.next()?;
        let value = decode(format, raw, data_type, text.len()).ok()?;
        back.push((record.path, Some((value, data_type))));
    }
    Some(back)
}

/// No window: all of it.
const WHOLE: Option<(usize, usize)> = None;

/// Writes records, all or a window's beginning and length; the bytes, and the hash of the stream.
fn whole(
    format: &dyn Format,
    base: Path,
    records: &[Read],
    window: Option<(usize, usize)>,
) -> Result<(Vec<u8>, u32), Error> {
    let write = |mut out: Encoder<'_>| {
        format.begin(&mut out);
        level(format, &mut out, records)?;
        format.end(&mut out);
        Ok((out.window.kept().to_vec(), out.window.hash(), out.window.total()))
    };
    let (_, _, total) = write(Encoder::new(Window::new(&mut [], 0), base, false))?;
    let (start, room) = window.unwrap_or((0, total));
    let mut buffer = vec![0; room];
    let (text, hash, again) =
        write(Encoder::new(Window::hashing(&mut buffer, start), base, window.is_some()))?;
    assert_eq!(again, total, "counted and written");
    Ok((text, hash))
}

/// The container that a record announces.
fn container(path: Path) -> Container {
    if path.resource == NONE { Container::Instance } else { Container::Multiple }
}

/// Writes records of one level, containers with what lies in them.
fn level(format: &dyn Format, out: &mut Encoder<'_>, mut records: &[Read]) -> Result<(), Error> {
    while let Some(((path, value), rest)) = records.split_first() {
        records = rest;
        if let Some((value, _)) = value {
            format.value(out, *path, value.value())?;
            continue;
        }
        let length = rest.iter().take_while(|(inner, _)| path.contains(*inner) && inner != path).count();
        let (inner, rest) = rest.split_at(length);
        records = rest;
        if out.base().depth() == 4 {
            // the format wraps a resource instance by itself
            level(format, out, inner)?;
            continue;
        }
        let mut counting = Encoder::new(Window::new(&mut [], 0), out.base(), false);
        level(format, &mut counting, inner)?;
        format.open(out, container(*path), *path, counting.window.total());
        level(format, out, inner)?;
        format.close(out, container(*path), *path);
    }
    Ok(())
}
