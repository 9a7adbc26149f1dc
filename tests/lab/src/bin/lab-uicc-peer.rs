//! What of the engine reads a card, line by line, for tests in other languages: `tests/uicc/test_pkcs15_peer.py` and
//! `tests/uicc/test_scp03_peer.py` make their own cards and compare. A line is a JSON object, and so is its answer.
//!
//! ```text
//! {"do":"application","record":…}                            -> {"aid":… or null}
//! {"do":"elements","file":…,"step":n}                        -> {"elements":[…]}
//! {"do":"directory","element":…}                             -> {"file":{…}}, {"here":…} or {"other":true}
//! {"do":"object","element":…}                                -> {"object":{…} or null}
//! {"do":"fcp","response":…}                                  -> {"kind":…,"size":…,"active":…,"pins":[[reference,enabled]…]}
//! {"do":"file","content":…,"size":n,"room":n}                -> {"objects":[{"id":…,"version":[…],"instances":[…]}…]}
//! {"do":"iccid","file":…}                                    -> {"digits":…}
//! {"do":"open","enc":…,"mac":…,"challenge":…,"aid":…,"response":…} -> {"cryptogram":…}
//! {"do":"wrap","plain":…}                                    -> {"wrapped":…}
//! {"do":"unwrap","response":…}                               -> {"plain":…,"open":…}
//! ```
//!
//! Bytes are hexadecimal. What is refused is `{"error":"…"}`. There is one secure channel; `open` begins it anew.

use serde_json::{Value, json};
use std::io::{self, BufRead, Write};
use whimbrel::crypto::Software;
use whimbrel::error::Error;
use whimbrel::uicc::COMMAND_MAX;
use whimbrel::uicc::ber::{self, Front};
use whimbrel::uicc::fcp::{Fcp, Kind};
use whimbrel::uicc::file::{File, Item};
use whimbrel::uicc::pkcs15::{Directory, FilePath, application, directory, iccid, object};
use whimbrel::uicc::scp03::{Channel, MemoryKeys};

/// Why there is no answer: the engine refuses, or the line is none.
enum No {
    Refused(Error),
    Usage(String),
}

impl From<Error> for No {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(line: &Value, name: &str) -> Result<Vec<u8>, No> {
    let digits = line[name].as_str().ok_or_else(|| No::Usage(format!("no {name}")))?;
    let pairs = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).map_err(|error| No::Usage(error.to_string()))?;
        u8::from_str_radix(pair, 16).map_err(|error| No::Usage(format!("{pair}: {error}")))
    });
    pairs.collect()
}

fn number(line: &Value, name: &str) -> Result<usize, No> {
    let number = line[name].as_u64().and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| No::Usage(format!("no {name}")))
}

/// The elements of a file that is read in pieces of `step` bytes.
fn elements(file: &[u8], step: usize) -> Result<Value, No> {
    let (mut at, mut held, mut found) = (0, 0, Vec::new());
    loop {
        let end = file.len().min(at + held);
        match ber::front(&file[at..end], end == file.len())? {
            Front::End => return Ok(json!({ "elements": found })),
            Front::Longer(needed) if needed <= held => return Err(No::Usage("no longer than it is".into())),
            Front::Longer(_) => held += step.max(1),
            Front::Whole(size) => {
                found.push(hex(&file[at..at + size]));
                (at, held) = (at + size, held - size);
            }
        }
    }
}

fn path(file: &FilePath) -> Result<Value, Error> {
    let mut buffer = [0; 18];
    let (p1, data) = file.select(&mut buffer)?;
    Ok(json!({ "p1": p1, "select": hex(data), "index": file.index, "size": file.size }))
}

fn told_directory(element: &[u8]) -> Result<Value, No> {
    Ok(match directory(element)? {
        Directory::Other => json!({ "other": true }),
        Directory::File(file) => json!({ "file": path(&file)? }),
        Directory::Here(objects) => json!({ "here": hex(objects) }),
    })
}

fn told_object(element: &[u8]) -> Result<Value, No> {
    let Some(found) = object(element)? else { return Ok(json!({ "object": null })) };
    let mut told = path(&found.file)?;
    (told["private"], told["modifiable"]) = (found.private.into(), found.modifiable.into());
    Ok(json!({ "object": told }))
}

fn told_fcp(response: &[u8]) -> Result<Value, No> {
    let fcp = Fcp::parse(response)?;
    let kind = match fcp.kind {
        Kind::Directory => json!("directory"),
        Kind::Transparent => json!("transparent"),
        Kind::Records { length, count } => json!([length, count]),
    };
    let pins: Vec<_> = fcp.pins.iter().flatten().map(|pin| json!([pin.reference, pin.enabled])).collect();
    Ok(json!({ "kind": kind, "size": fcp.size, "active": fcp.active, "pins": pins }))
}

/// Windows of `room` bytes, of more only where that is asked for. Of the file the card says that it has `size` bytes.
fn told_file(content: &[u8], size: usize, room: usize) -> Result<Value, No> {
    let size = u16::try_from(size).map_err(|_| No::Usage("a file is not so long".into()))?;
    let (mut file, mut at, mut held) = (File::new(size), 0, room);
    let mut objects: Vec<Value> = Vec::new();
    loop {
        let window = &content[at..content.len().min(at + held)];
        let (item, used) = file.next(window)?;
        match item {
            Item::More(needed) if needed <= window.len() || at + needed > content.len() => {
                return Err(No::Usage(format!("{needed} of {} at {at}", content.len())));
            }
            Item::More(needed) => {
                held = needed;
                continue;
            }
            Item::Object { id, version } => {
                objects.push(json!({ "id": id, "version": [version.0, version.1], "instances": [] }));
            }
            Item::Instance { id } => {
                let instances = objects.last_mut().and_then(|object| object["instances"].as_array_mut());
                instances.expect("in an object").push(json!({ "id": id, "resources": [] }));
            }
            Item::Resource => {
                let instances = objects.last_mut().and_then(|object| object["instances"].as_array_mut());
                let instance = instances.and_then(|instances| instances.last_mut()).expect("in an instance");
                instance["resources"].as_array_mut().expect("a list").push(hex(&window[..used]).into());
            }
            Item::End => return Ok(json!({ "objects": objects })),
        }
        (at, held) = (at + used, room);
    }
}

fn digits(file: &[u8]) -> Value {
    let mut digits = [0; 20];
    let length = iccid(file, &mut digits);
    json!({ "digits": String::from_utf8_lossy(&digits[..length]) })
}

fn open(channel: &mut Channel, line: &Value) -> Result<Value, No> {
    let (enc, mac) = (bytes(line, "enc")?, bytes(line, "mac")?);
    let keys = MemoryKeys { crypto: &Software, enc: &enc, mac: &mac };
    let (challenge, aid, response) =
        (bytes(line, "challenge")?, bytes(line, "aid")?, bytes(line, "response")?);
    let (cryptogram, length) = channel.open(&Software, &keys, &challenge, &aid, &response)?;
    Ok(json!({ "cryptogram": hex(&cryptogram[..length]) }))
}

fn wrap(channel: &mut Channel, plain: &[u8]) -> Result<Value, No> {
    let mut apdu = [0xee; COMMAND_MAX];
    let room = apdu.get_mut(..plain.len()).ok_or_else(|| No::Usage("no APDU is so long".into()))?;
    room.copy_from_slice(plain);
    let length = channel.wrap(&Software, &mut apdu, plain.len())?;
    Ok(json!({ "wrapped": hex(&apdu[..length]) }))
}

fn unwrap(channel: &mut Channel, mut response: Vec<u8>) -> Result<Value, No> {
    let length = response.len();
    let length = channel.unwrap(&Software, &mut response, length)?;
    Ok(json!({ "plain": hex(&response[..length]), "open": channel.is_open() }))
}

fn answer(channel: &mut Channel, line: &str) -> Result<Value, No> {
    let line: Value = serde_json::from_str(line).map_err(|error| No::Usage(error.to_string()))?;
    match line["do"].as_str().unwrap_or_default() {
        "application" => Ok(json!({ "aid": application(&bytes(&line, "record")?)?.map(hex) })),
        "elements" => elements(&bytes(&line, "file")?, number(&line, "step")?),
        "directory" => told_directory(&bytes(&line, "element")?),
        "object" => told_object(&bytes(&line, "element")?),
        "fcp" => told_fcp(&bytes(&line, "response")?),
        "file" => told_file(&bytes(&line, "content")?, number(&line, "size")?, number(&line, "room")?),
        "iccid" => Ok(digits(&bytes(&line, "file")?)),
        "open" => open(channel, &line),
        "wrap" => wrap(channel, &bytes(&line, "plain")?),
        "unwrap" => unwrap(channel, bytes(&line, "response")?),
        other => Err(No::Usage(format!("cannot {other}"))),
    }
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut channel = Channel::CLOSED;
    for line in io::stdin().lock().lines() {
        let answer = match answer(&mut channel, &line?) {
            Ok(answer) => answer,
            Err(No::Refused(error)) => json!({ "error": format!("{error:?}"), "open": channel.is_open() }),
            Err(No::Usage(what)) => json!({ "usage": what }),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
