//! The forms in which cards name their bootstrap file, and the description that the host's tool writes.

use super::*;

fn variant(name: &str) -> Vec<u8> {
    bytes(named(&vectors(CARD)["ef_dodf"]["variants"], name), "der")
}

fn plain() -> Profile {
    Profile { rooms: [0; 3], ..Profile::new(bootstrap()) }
}

/// The DODF of a card.
fn dodf(profile: &Profile) -> Vec<u8> {
    profile.description().bytes(Profile::DODF).clone()
}

#[test]
fn the_object_is_written_as_in_the_vectors() {
    let private = Profile {
        flags: Some(0x80),
        auth_id: Some(1),
        name: Some("LwM2M".into()),
        slice: Some((0, 512)),
        ..plain()
    };
    for (name, profile) in [
        ("opaqueDO-with-applicationOID", plain()),
        ("opaqueDO-private-authid-path-length", private),
        ("opaqueDO-empty-flags", Profile { flags: Some(0), ..plain() }),
        ("oidDO", Profile { form: Form::Oid, ..plain() }),
        ("unrelated-object-first", Profile { other_object: true, ..plain() }),
    ] {
        assert_eq!(dodf(&profile), variant(name), "{name}");
    }
}

/// What was found in the field has no vector in this tree: its parts, by hand.
#[test]
fn the_label_may_be_in_the_second_sequence_and_the_oid_wrapped_twice() {
    let profile = Profile { form: Form::Oid, object_label: Label::Second, double_oid: true, ..plain() };
    let wanted = "A127 3000 3011 0C0F 4C774D324D20426F6F747374726170 A110 300E 06060604672B0901 300404026432";
    assert_eq!(profile.object(), hex(&wanted.replace(' ', "")));
    let none = Profile { object_label: Label::None, way: Way::Current, ..plain() };
    assert_eq!(
        none.object(),
        hex("301430003006 0604672B0901 A108 3006 0404 7FFF6432".replace(' ', "").as_str())
    );
    let master = Profile { way: Way::Master, slice: Some((0x80, 200)), ..plain() }.object();
    assert_eq!(
        master[master.len() - 18..],
        hex("301004063F007F506432020200808002 00C8".replace(' ', "").as_str())
    );
}

#[test]
fn the_odf_is_written_as_in_the_vectors() {
    let vectors = vectors(CARD);
    let odf = |profile: &Profile| profile.description().bytes(Profile::ODF).clone();
    assert_eq!(odf(&plain()), bytes(&vectors["ef_odf"], "der"));
    assert_eq!(odf(&Profile::default()), bytes(&vectors["ef_odf"], "file_content_padded"));
    let objects = variant("opaqueDO-with-applicationOID");
    let inside = [&[0xa7, 39, 0xa0, 37][..], &objects].concat();
    let mut in_place = Profile { in_place: true, ..plain() }.description();
    assert_eq!(*in_place.bytes(Profile::ODF), inside);
    assert!(in_place.root.find(Profile::DODF).is_none());
    let several = Profile { other_directories: 2, other_class: true, ..plain() };
    let wanted = "A4063004040 24404 A706300404026440 A706300404026450 A706300404026430".replace(' ', "");
    assert_eq!(odf(&several), hex(&wanted));
    let mut card = several.description();
    assert!(!card.bytes(0x6440).windows(4).any(|octets| octets == OID));
    assert_eq!(*card.bytes(Profile::DODF), objects);
}

#[test]
fn ef_dir_is_written_as_in_the_vectors() {
    let vectors = vectors(CARD);
    let mut card = Profile::default().description();
    let dir = card.file(Profile::DIR);
    assert_eq!(dir.fcp(false), bytes(&vectors["ef_dir"], "fcp"));
    let wanted: Vec<_> =
        vectors["ef_dir"]["records"].as_array().unwrap().iter().map(|r| hex(r.as_str().unwrap())).collect();
    assert_eq!([dir.record(1).unwrap(), dir.record(2).unwrap()], wanted[..]);
    assert_eq!(dir.record(3), None);
    let bare = Profile { usim: false, label: None, ..Profile::default() };
    let record = bare.description().file(Profile::DIR).record(1).unwrap();
    assert_eq!(record[..16], hex("610E4F0CA000000063504B43532D3135"));
    assert!(record[16..].iter().all(|octet| *octet == 0xff));
}

#[test]
fn fcp_templates_are_written_as_in_the_vectors() {
    let examples = &vectors(CARD)["fcp_examples"];
    let mut card = Profile::new(bootstrap()).description();
    assert_eq!(card.file(Profile::FILE).fcp(true), bytes(examples, "ef_transparent"));
    card.application(&PKCS15).pins = vec![0x01, 0x0a];
    let pins = [Pin { enabled: false, ..Pin::new(0x01, "0000") }];
    assert_eq!(card.application(&PKCS15).fcp(&pins), bytes(examples, "adf"));
    card.file(Profile::FILE).told = Some(5);
    assert!(card.file(Profile::FILE).fcp(true).windows(4).any(|octets| octets == [0x80, 2, 0, 5]));
}

#[test]
fn the_slice_is_only_a_part_of_the_file() {
    let padded = [&[0xaa; 0x80][..], &bootstrap()].concat();
    let profile = Profile { slice: Some((0x80, 331)), rooms: [32, 64, 1024], ..Profile::new(padded) };
    let mut card = profile.description();
    assert_eq!(card.bytes(Profile::FILE).len(), 1024);
    assert_eq!(card.bytes(Profile::FILE)[0x80..0x80 + 331], bootstrap());
    assert!(card.bytes(Profile::FILE)[0x80 + 331..].iter().all(|octet| *octet == 0xff));
}

/// What `card.py make` writes for `tools/card/example.toml`; its own tests hold it to that file.
const EXAMPLE: &str = include_str!("../../../../../tools/card/example.json");

#[test]
fn the_card_of_the_host_tool_is_that_of_the_same_profile() {
    let mut made = Description::from_json(EXAMPLE).unwrap();
    let file = made.bytes(Profile::FILE).clone();
    assert_eq!((file.len(), &file[..4]), (512, &[0, 2, 0, 0xae][..]));
    let profile = Profile::new(file).description();
    assert_eq!(made.root, profile.root);
    assert_eq!(made.pins, []);
    let keys = made.scp03.unwrap();
    assert_eq!(keys, Scp03::new(&(0x40..0x50).collect::<Vec<u8>>(), &(0x60..0x70).collect::<Vec<u8>>()));
    let messages = made.messages.unwrap();
    let (number, association) = &messages.peers[0];
    assert_eq!((&messages.aid[..], messages.tag, &number[..]), (&Messages::AID[..], 5, "+15555550123"));
    assert_eq!((association.sent, association.accepted, association.keys.kic), (0, 0, 0x12));
}

#[test]
fn what_is_no_description_is_told_by_name() {
    let with =
        |member: &str| format!(r#"{{"format": "whimbrel-card 1", "root": {{"id": "3F00"}}, {member}}}"#);
    let cases = [
        ("[".to_owned(), "EOF"),
        ("{}".to_owned(), "format"),
        (r#"{"format": "whimbrel-card 1"}"#.to_owned(), "root is missing"),
        (with(r#""channels": 20"#), "channels of card: a number up to 19 is expected"),
        (with(r#""waits": 1"#), "waits of card: true or false is expected"),
        (with(r#""reading": "x""#), "reading: x is not known"),
        (with(r#""atr": "3B0""#), "atr of card: hexadecimal is expected"),
        (with(r#""pins": [{"value": "1234"}]"#), "reference of pins: a number up to 255 is expected"),
        (with(r#""scp03": {"keys": [{"enc": "00", "mac": "00"}]}"#), "enc and mac"),
        (
            with(r#""messages": {"peers": [{"parameters": "00", "keys": ""}]}"#),
            "key parameters are 6 or 7 bytes",
        ),
    ];
    for (text, wanted) in cases {
        let error = Description::from_json(&text).unwrap_err();
        assert!(error.contains(wanted), "{error} for {text}");
    }
    let all = r#""waits": true, "most": 7, "reading": "exact", "basic_dir": true, "mute": true, "proactive": true, "atr": "3B00",
        "pins": [{"reference": 1, "value": "1234", "tries": 5, "left": 2, "disabled": true}]"#;
    let card = Description::from_json(&with(all)).unwrap();
    assert_eq!((card.waits, card.most, card.reading, card.channels), (true, Some(7), Reading::Exact, 3));
    assert!(card.basic_dir && card.mute && card.proactive);
    assert_eq!(card.pins, [Pin { tries: 5, left: 2, enabled: false, ..Pin::new(1, "1234") }]);
    assert_eq!(Uicc::new(card).atr(), [0x3b, 0x00]);
    let file = r#"{"format": "whimbrel-card 1", "root": {"id": "3F00", "files": [
        {"id": "6432", "content": "00", "size": 9, "pin": 129, "deactivated": true, "sfi": 3}, {"id": "0001", "locked": true}]}}"#;
    let mut card = Description::from_json(file).unwrap();
    let wanted = File {
        told: Some(9),
        active: false,
        access: Access::Pin(129),
        short: Some(3),
        ..File::new(0x6432, [0])
    };
    assert_eq!(*card.file(0x6432), wanted);
    assert_eq!(card.file(1).access, Access::Never);
}
