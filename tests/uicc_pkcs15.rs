//! Files of a card against `tests/vectors/pkcs15.json`, which asn1tools and OpenSC have seen (`verified_by`), and the bootstrap
//! file piece by piece against the same read as a whole.

use serde_json::Value;
use whimbrel::error::Error;
use whimbrel::format::bootstrap_file;
use whimbrel::uicc::ber::{self, Front};
use whimbrel::uicc::fcp::{Fcp, Kind, PinRef};
use whimbrel::uicc::file::{File, Item};
use whimbrel::uicc::pkcs15::{self, Directory};

const VECTORS: &str = include_str!("vectors/pkcs15.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex(value.as_str().unwrap())
}

/// The elements of a file, cut as a reader does.
fn elements(file: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let (mut rest, mut all) = (file, Vec::new());
    loop {
        match ber::front(rest, true)? {
            Front::End => return Ok(all),
            Front::Longer(_) => panic!("nothing follows"),
            Front::Whole(size) => {
                all.push(&rest[..size]);
                rest = &rest[size..];
            }
        }
    }
}

#[test]
fn ef_dir_names_the_application() {
    let vectors = vectors();
    let records = vectors["ef_dir"]["records"].as_array().unwrap();
    let found: Vec<_> =
        records.iter().map(|record| pkcs15::application(&bytes(record)).unwrap().is_some()).collect();
    assert_eq!(found, [false, true]);
    let mine = bytes(&records[1]);
    assert_eq!(pkcs15::application(&mine).unwrap().unwrap(), bytes(&vectors["pkcs15_aid"]));
    // a record that nobody wrote, and one that is longer than it is
    assert_eq!(pkcs15::application(&[0xff; 48]), Ok(None));
    assert_eq!(pkcs15::application(&mine[..20]), Err(Error::Malformed));
}

#[test]
fn the_odf_leads_to_the_dodf() {
    let vectors = vectors();
    for name in ["der", "file_content_padded", "other_entry_before"] {
        let file = bytes(&vectors["ef_odf"][name]);
        let found: Vec<_> = elements(&file).unwrap().into_iter().map(pkcs15::directory).collect();
        let Some(Ok(Directory::File(path))) = found.last() else { panic!("{name}: {found:?}") };
        assert_eq!(path.select(&mut [0; 18]), Ok((8, &hex("7FFF6430")[..])), "{name}");
        assert!(found[..found.len() - 1].iter().all(|other| *other == Ok(Directory::Other)), "{name}");
    }
}

#[test]
fn objects_of_every_form_lead_to_the_file() {
    let vectors = vectors();
    let mut cases: Vec<(String, Vec<u8>, Value)> = vectors["ef_dodf"]["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (case["name"].as_str().unwrap().into(), bytes(&case["der"]), case.clone()))
        .collect();
    // the same OID with its tag and length inside once more, and the label in the second sequence, as an oidDO
    let ours =
        "A11F 3000 3009 0C07 5768696D627265 A110 300E 0606 0604672B0901 3004 0402 6432".replace(' ', "");
    cases.push(("oidDO with an OID in an OID".into(), hex(&ours), Value::Null));
    for (name, file, case) in cases {
        let found: Vec<_> = elements(&file)
            .unwrap()
            .into_iter()
            .filter_map(|element| pkcs15::object(element).unwrap())
            .collect();
        let [object] = found[..] else { panic!("{name}: {found:?}") };
        assert_eq!(object.file.select(&mut [0; 18]), Ok((8, &hex("7FFF6432")[..])), "{name}");
        assert_eq!(object.private, case["private"] == true, "{name}");
        assert_eq!(object.modifiable, case["modifiable"] == true, "{name}");
        assert_eq!(u64::from(object.file.index), case["index"].as_u64().unwrap_or(0), "{name}");
        assert_eq!(object.file.size.map(u64::from), case["length"].as_u64(), "{name}");
    }
    assert!(elements(&bytes(&vectors["ef_dodf"]["empty"])).unwrap().is_empty());
    assert_eq!(elements(&bytes(&vectors["ef_dodf"]["padded_with_ff"])).unwrap().len(), 1);
}

#[test]
fn flags_are_bits_and_paths_are_read_as_they_are_meant() {
    let object = |flags: &str, path: &str| {
        let path = format!("30{:02X}04{:02X}{path}", path.len() / 2 + 2, path.len() / 2);
        let common = format!("30{:02X}{flags}", flags.len() / 2);
        let body = format!("{common}30060604672B0901A1{:02X}{path}", path.len() / 2);
        let element = hex(&format!("30{:02X}{body}", body.len() / 2));
        pkcs15::object(&element).unwrap().unwrap()
    };
    for (flags, private, modifiable) in [
        ("", false, false),
        ("03020780", true, false),
        ("03020640", false, true),
        ("030206C0", true, true),
        ("0303000000", false, false),
        ("0303008000", true, false),
    ] {
        let object = object(flags, "6432");
        assert_eq!((object.private, object.modifiable), (private, modifiable), "{flags}");
    }
    for (path, selected) in [
        ("6432", "7FFF6432"),
        ("3F007F506432", "7F506432"),
        ("7FFF6432", "7FFF6432"),
        ("5F006432", "7FFF5F006432"),
    ] {
        assert_eq!(object("", path).file.select(&mut [0; 18]), Ok((8, &hex(selected)[..])), "{path}");
    }
}

#[test]
fn fcp_says_how_a_file_is_read() {
    let vectors = vectors();
    let fcp = |name: &str| Fcp::parse(&bytes(&vectors["fcp_examples"][name])).unwrap();
    let adf = fcp("adf");
    assert_eq!((adf.kind, adf.size, adf.active), (Kind::Directory, None, true));
    let pin = |reference| Some(PinRef { reference, enabled: reference == 0x0a });
    // 90 01 40: of two references the second is enabled
    assert_eq!(adf.pins, [pin(0x01).map(|pin| PinRef { enabled: false, ..pin }), pin(0x0a), None, None]);
    let transparent = fcp("ef_transparent");
    assert_eq!(
        (transparent.kind, transparent.size, transparent.active),
        (Kind::Transparent, Some(331), true)
    );
    assert_eq!(fcp("ef_linear_fixed").kind, Kind::Records { length: 48, count: 2 });
    let with = |old: &str, new: &str| {
        let text = vectors["fcp_examples"]["ef_transparent"].as_str().unwrap().replace(old, new);
        Fcp::parse(&hex(&text))
    };
    for (state, active) in [
        ("8A0105", true),
        ("8A0107", true),
        ("8A0104", false),
        ("8A0106", false),
        ("8A010C", false),
        ("8A0101", true),
    ] {
        assert_eq!(with("8A0105", state).unwrap().active, active, "{state}");
    }
    assert_eq!(with("6216", "6F16"), Err(Error::Malformed));
    for end in 0..24 {
        assert!(Fcp::parse(&bytes(&vectors["fcp_examples"]["ef_transparent"])[..end]).is_err(), "{end}");
    }
}

/// Object ID, version, and instances.
type Object = (u16, (u8, u8), Vec<u8>);

/// What a file says, read through a window.
fn pieces(file: &[u8], size: usize, step: usize) -> Result<Vec<Object>, Error> {
    let mut reading = File::new(size as u16);
    let (mut at, mut window, mut all) = (0, Vec::new(), Vec::<Object>::new());
    let mut rounds = 0;
    loop {
        rounds += 1;
        assert!(rounds < 100_000, "it comes to an end");
        let (item, used) = reading.next(&window)?;
        assert!(used <= window.len());
        match item {
            Item::More(needed) => {
                assert!(used == 0 && needed > window.len(), "{needed} of {}", window.len());
                if at == file.len() {
                    return Err(Error::Truncated);
                }
                let end = (at + step.max(needed - window.len())).min(file.len());
                window.extend(&file[at..end]);
                at = end;
                continue;
            }
            Item::Object { id, version } => all.push((id, version, Vec::new())),
            Item::Instance { .. } => {
                // as it stands in the file, but for what the head of the file and an object take
                all.last_mut().unwrap().2.extend(&window[..used]);
            }
            Item::Resource => all.last_mut().unwrap().2.extend(&window[..used]),
            Item::End => return Ok(all),
        }
        window.drain(..used);
    }
}

#[test]
fn the_bootstrap_file_in_pieces_is_the_whole() {
    let vectors = vectors();
    let cases = vectors["ef_lwm2m_bootstrap"]["examples"].as_array().unwrap();
    assert!(cases.len() >= 4);
    for case in cases {
        let (name, file) = (&case["name"], bytes(&case["hex"]));
        for padding in [0, 1, 40] {
            let padded = [&file[..], &vec![0xff; padding]].concat();
            for step in [1, 2, 7, 64, 255] {
                let read = pieces(&padded, padded.len(), step)
                    .unwrap_or_else(|error| panic!("{name} {step}: {error:?}"));
                let whole: Vec<_> = bootstrap_file::objects(&padded)
                    .unwrap()
                    .map(|object| (object.id, object.version, object.instances.to_vec()))
                    .collect();
                assert_eq!(read, whole, "{name} {step}");
                assert_eq!(read.len() as u64, case["objects"].as_u64().unwrap(), "{name}");
            }
        }
    }
}

#[test]
fn what_does_not_add_up_is_refused_in_pieces_too() {
    let vectors = vectors();
    let cases = vectors["ef_lwm2m_bootstrap"]["negative"].as_array().unwrap();
    assert!(cases.len() >= 5);
    for case in cases {
        let file = bytes(&case["hex"]);
        for step in [1, 5, 255] {
            assert!(pieces(&file, file.len(), step).is_err(), "{}", case["name"]);
        }
        assert!(bootstrap_file::objects(&file).is_err(), "{}", case["name"]);
    }
}

/// Every byte of the full example changed in every way: both readers say the same of heads and lengths, and nothing hangs.
#[test]
fn changed_files_get_the_same_verdict_from_both() {
    let vectors = vectors();
    let full = bytes(&vectors["ef_lwm2m_bootstrap"]["examples"][0]["hex"]);
    let mut differ = 0;
    for at in 0..full.len() {
        for bit in 0..8 {
            let mut file = full.clone();
            file[at] ^= 1 << bit;
            let whole = bootstrap_file::objects(&file).is_ok();
            let inside = pieces(&file, file.len(), 64).is_ok();
            // what is wrong inside of instances, the other reader leaves to the TLV
            assert!(whole || !inside, "byte {at} bit {bit}");
            differ += u32::from(whole != inside);
        }
    }
    assert!(differ > 0 && differ < 400, "{differ}");
}

#[test]
fn an_iccid_has_its_nibbles_swapped() {
    let mut digits = [0; 20];
    assert_eq!(pkcs15::iccid(&hex("98941012345678901234"), &mut digits), 20);
    assert_eq!(&digits, b"89490121436587092143");
    assert_eq!(pkcs15::iccid(&hex("989410123456789012F4"), &mut digits), 19);
    assert_eq!(pkcs15::iccid(&[], &mut digits), 0);
}
