//! What is on a card, against `tests/vectors/pkcs15.json`: encoders and readers of others confirmed those (`verified_by`).
//! `tests/vectors/pkcs15_forms.json` are more forms of the data object, written by `tests/uicc/test_pkcs15_peer.py`.

use serde_json::Value;
use whimbrel::error::Error;
use whimbrel::format::bootstrap_file::objects;
use whimbrel::uicc::ber::{self, Front};
use whimbrel::uicc::fcp::{Fcp, Kind, PinRef};
use whimbrel::uicc::file::{File, Item};
use whimbrel::uicc::pkcs15::{AID, BootstrapObject, Directory, FilePath, application, directory, object};

const VECTORS: &str = include_str!("vectors/pkcs15.json");
const FORMS: &str = include_str!("vectors/pkcs15_forms.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// The bytes of a member.
fn bytes(case: &Value, name: &str) -> Vec<u8> {
    hex(case[name].as_str().unwrap_or_else(|| panic!("{name} in {case}")))
}

/// The elements of a file, read in pieces of `step` bytes.
fn elements(file: &[u8], step: usize) -> Vec<Vec<u8>> {
    let (mut at, mut held, mut found) = (0, 0, Vec::new());
    loop {
        let window = &file[at..at + held];
        match ber::front(window, at + held == file.len()).unwrap() {
            Front::End => return found,
            Front::Longer(needed) => {
                assert!(needed > held);
                held = (held + step).min(file.len() - at);
            }
            Front::Whole(size) => {
                found.push(window[..size].to_vec());
                (at, held) = (at + size, held - size);
            }
        }
    }
}

fn path_of(file: &FilePath) -> Vec<u8> {
    let mut buffer = [0; 18];
    let (p1, data) = file.select(&mut buffer).unwrap();
    assert_eq!(p1, 0x08);
    data.to_vec()
}

/// The first bootstrap file that a DODF names.
fn bootstrap_object(dodf: &[u8]) -> Option<BootstrapObject> {
    let told = [1, 7, 239].map(|step| elements(dodf, step).iter().find_map(|e| object(e).unwrap()));
    assert!(told[0] == told[1] && told[1] == told[2]);
    told[0]
}

#[test]
fn the_application_is_found_in_its_directory() {
    let vectors = vectors();
    assert_eq!(AID, *bytes(&vectors, "pkcs15_aid"));
    let directory = &vectors["ef_dir"];
    let records = directory["records"].as_array().unwrap();
    let told: Vec<_> = records.iter().map(|record| hex(record.as_str().unwrap())).collect();
    assert_eq!(told.len(), 2);
    assert_eq!(application(&told[0]), Ok(None));
    assert_eq!(application(&told[1]), Ok(Some(&AID[..])));
    assert_eq!(application(&bytes(directory, "pkcs15_template")), Ok(Some(&AID[..])));
    let size = directory["record_size"].as_u64().unwrap() as u8;
    let kind = Kind::Records { length: size, count: 2 };
    assert_eq!(Fcp::parse(&bytes(directory, "fcp")).unwrap().kind, kind);
}

#[test]
fn the_data_objects_are_found_in_the_odf() {
    let vectors = vectors();
    let odf = &vectors["ef_odf"];
    for name in ["der", "file_content_padded", "other_entry_before"] {
        let found: Vec<_> = elements(&bytes(odf, name), 5).iter().map(|e| path_of_directory(e)).collect();
        let before = usize::from(name == "other_entry_before");
        assert_eq!(found.len(), before + 1);
        assert!(found[..before].iter().all(|other| other.is_none()));
        assert_eq!(found[before].as_deref(), Some(&[0x7f, 0xff, 0x64, 0x30][..]), "{name}");
    }
}

fn path_of_directory(element: &[u8]) -> Option<Vec<u8>> {
    match directory(element).unwrap() {
        Directory::File(file) => Some(path_of(&file)),
        Directory::Other => None,
        Directory::Here(_) => panic!("{element:02x?}"),
    }
}

#[test]
fn every_variant_names_the_bootstrap_file() {
    let (vectors, forms) = (vectors(), serde_json::from_str::<Value>(FORMS).unwrap());
    let dodf = &vectors["ef_dodf"];
    let (variants, own) = (dodf["variants"].as_array().unwrap(), forms["variants"].as_array().unwrap());
    assert_eq!((variants.len(), own.len()), (5, 6));
    for case in variants.iter().chain(own) {
        let told = bootstrap_object(&bytes(case, "der")).unwrap();
        let expected = [&[0x7f, 0xff][..], &bytes(case, "path")].concat();
        assert_eq!(path_of(&told.file), expected, "{}", case["name"]);
        let flag = |name: &str| case[name].as_bool().unwrap_or(false);
        assert_eq!(
            (told.private, told.modifiable),
            (flag("private"), flag("modifiable")),
            "{}",
            case["name"]
        );
        assert_eq!(u64::from(told.file.index), case["index"].as_u64().unwrap_or(0));
        assert_eq!(told.file.size.map(u64::from), case["length"].as_u64());
    }
    assert!(bootstrap_object(&bytes(dodf, "padded_with_ff")).is_some());
    assert_eq!(bootstrap_object(&bytes(dodf, "empty")), None);
}

#[test]
fn file_control_parameters_say_how_a_file_is_read() {
    let vectors = vectors();
    let examples = &vectors["fcp_examples"];
    let told = |name: &str| Fcp::parse(&bytes(examples, name)).unwrap();
    assert_eq!(examples.as_object().unwrap().len(), 3);
    let adf = told("adf");
    assert_eq!((adf.kind, adf.size, adf.active), (Kind::Directory, None, true));
    let pin = |reference, enabled| Some(PinRef { reference, enabled });
    assert_eq!(adf.pins, [pin(0x01, false), pin(0x0a, true), None, None]);
    let file = told("ef_transparent");
    assert_eq!((file.kind, file.size, file.active), (Kind::Transparent, Some(331), true));
    let records = told("ef_linear_fixed");
    assert_eq!(records.kind, Kind::Records { length: 0x30, count: 2 });
    assert_eq!(records.size, Some(0x60));
}

/// What the file holds in all: objects and octets of resources, by windows of one size.
fn walk(content: &[u8], room: usize) -> Result<(usize, Vec<u8>), Error> {
    let mut file = File::new(content.len() as u16);
    let (mut at, mut objects, mut resources) = (0, 0, Vec::new());
    let mut held = room;
    loop {
        let window = &content[at..content.len().min(at + held)];
        let (item, used) = file.next(window)?;
        match item {
            Item::More(needed) => {
                assert!(needed > window.len() && at + needed <= content.len());
                held = needed;
                continue;
            }
            Item::Object { .. } => objects += 1,
            Item::Instance { .. } => {}
            Item::Resource => resources.extend(&window[..used]),
            Item::End => return Ok((objects, resources)),
        }
        (at, held) = (at + used, room);
    }
}

#[test]
fn bootstrap_files_are_read_in_windows() {
    let vectors = vectors();
    let files = &vectors["ef_lwm2m_bootstrap"];
    let examples = files["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 4);
    for case in examples {
        let content = bytes(case, "hex");
        assert_eq!(content.len() as u64, case["size"].as_u64().unwrap() + 4);
        let count = case["objects"].as_u64().unwrap() as usize;
        assert_eq!(objects(&content).unwrap().count(), count);
        let whole = walk(&content, content.len()).unwrap();
        assert_eq!(whole.0, count, "{}", case["name"]);
        let padded = [&content[..], &[0xff; 100]].concat();
        for room in 0..40 {
            assert_eq!(walk(&content, room), Ok(whole.clone()), "{} {room}", case["name"]);
            assert_eq!(walk(&padded, room), Ok(whole.clone()));
        }
    }
    let negative = files["negative"].as_array().unwrap();
    assert_eq!(negative.len(), 5);
    for case in negative {
        let content = bytes(case, "hex");
        assert_eq!(objects(&content).err(), Some(Error::Malformed));
        for room in [0, 1, 16, content.len()] {
            assert_eq!(walk(&content, room), Err(Error::Malformed), "{}", case["name"]);
        }
    }
}

/// The flow of APDUs, from its responses alone: what is found in one is what the next command selects or reads.
#[test]
fn the_flow_of_the_vectors_leads_to_the_file() {
    let vectors = vectors();
    let flow = vectors["apdu_flow"].as_array().unwrap();
    let answers = |step: &str| {
        let found: Vec<_> =
            flow.iter().filter(|case| case["step"].as_str().unwrap().starts_with(step)).collect();
        assert!(!found.is_empty(), "{step}");
        found
            .iter()
            .flat_map(|case| bytes(case, "response").strip_suffix(b"\x90\x00").unwrap().to_vec())
            .collect()
    };
    let commands: Vec<_> = flow.iter().map(|case| bytes(case, "command")).collect();
    let selects = |data: &[u8]| {
        let tail = [&[data.len() as u8], data, &[0x00]].concat();
        commands.iter().any(|command| command.ends_with(&tail))
    };
    let record: Vec<u8> = answers("READ RECORD 2");
    assert!(selects(application(&record).unwrap().unwrap()));
    let odf: Vec<u8> = answers("READ BINARY 5031");
    let dodf_path = elements(&odf, 32).iter().find_map(|e| path_of_directory(e)).unwrap();
    assert!(selects(&dodf_path));
    let dodf: Vec<u8> = answers("READ BINARY 6430");
    let found = bootstrap_object(&dodf).unwrap();
    assert!(selects(&path_of(&found.file)));
    let fcp = Fcp::parse(&answers("SELECT EF 6432")).unwrap();
    let file: Vec<u8> = answers("READ BINARY 6432");
    assert_eq!(fcp.size.map(usize::from), Some(file.len()));
    assert_eq!(walk(&file, 48).unwrap().0, 2);
}
