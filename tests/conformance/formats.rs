//! Data formats (TS 1.0 section 6.4, LwM2M-DF-001-C-O to DF-004-C-O): each at each level, both ways.

use whimbrel_lab::format::{self, JSON, OPAQUE, TLV};
use whimbrel_lab::{Code, Lab, Request, Setup, tlv};

/// The client's first format where the server does not say; text is a format like others.
#[test]
fn df_003_c_m_without_accept_the_preferred_format_answers() {
    let mut lab = Lab::registered();
    for path in ["/3", "/3/0", "/3/0/6", "/3/0/9"] {
        let read = lab.send(Request::get(path));
        assert_eq!((read.code, read.content_format()), (Code::CONTENT, Some(TLV)), "{path}");
    }
}

/// A client that names few formats answers in those, and refuses the rest.
#[test]
fn df_003_c_m_a_format_that_is_not_named_is_not_there() {
    let mut lab = Setup { few_formats: true, ..Setup::default() }.registered();
    assert_eq!(lab.send(Request::get("/3/0").accept(JSON)).code, Code::NOT_ACCEPTABLE);
    assert_eq!(lab.send(Request::get("/26241/0/4").accept(OPAQUE)).code, Code::NOT_ACCEPTABLE);
    assert_eq!(
        lab.send(Request::put("/26241/0/4").content(OPAQUE, "x")).code,
        Code::UNSUPPORTED_CONTENT_FORMAT
    );
    assert_eq!(lab.send(Request::get("/3/0").accept(TLV)).code, Code::CONTENT);
    assert_eq!(lab.text("/3/0/9"), "100");
}

/// Each type as text, written and read (Appendix C; opaque in Base64).
#[test]
fn df_001_c_o_text_carries_every_type() {
    let mut lab = Lab::registered();
    for (id, text) in [
        (0, "größer"),
        (1, "-9223372036854775808"),
        (2, "-0.5"),
        (3, "1"),
        (4, "AQID/w=="),
        (5, "1367491215"),
        (6, "3:0"),
    ] {
        let path = format!("/26241/0/{id}");
        let write = lab.server.write_text(&path, text);
        assert_eq!(lab.code(write), Code::CHANGED, "{path}");
        assert_eq!(lab.text(&path), text, "{path}");
    }
    assert_eq!(lab.device.values(0).unwrap().bytes[..4], [1, 2, 3, 255]);
}

/// LwM2M-DF-002-C-O: opaque values only.
#[test]
fn df_002_c_o_opaque_carries_opaque_values() {
    let mut lab = Lab::registered();
    assert_eq!(lab.send(Request::put("/26241/0/4").content(OPAQUE, [0, 255, 7])).code, Code::CHANGED);
    let read = lab.send(Request::get("/26241/0/4").accept(OPAQUE));
    assert_eq!((read.code, read.payload.as_slice()), (Code::CONTENT, &[0, 255, 7][..]));
    for path in ["/3/0/9", "/3/0/0", "/3/0"] {
        assert_eq!(lab.send(Request::get(path).accept(OPAQUE)).code, Code::NOT_ACCEPTABLE, "{path}");
    }
    assert!(!lab.send(Request::put("/26241/0/1").content(OPAQUE, [5])).code.is_success());
    assert_eq!(
        lab.send(Request::put("/26241/0/4").content(OPAQUE, [0; 17])).code,
        Code::BAD_REQUEST,
        "16 fit"
    );
    assert_eq!(
        lab.send(Request::put("/26241/0/4").content(OPAQUE, [])).code,
        Code::CHANGED,
        "an empty value is one"
    );
}

/// All resources of the test object, in TLV.
fn everything() -> Vec<u8> {
    [
        tlv::resource(0, "curlew"),
        tlv::integer(1, -70_000),
        tlv::resource(2, 2.5_f32.to_be_bytes()),
        tlv::resource(3, [1]),
        tlv::resource(4, [1, 2, 3]),
        tlv::integer(5, 1_700_000_000),
        tlv::resource(6, [0, 3, 0, 0]),
        tlv::multiple(10, &[(0, b"a"), (3, b"bc")]),
        tlv::multiple(11, &[(1, &[255]), (2, &[1, 0])]),
        tlv::multiple(12, &[(0, &1.5_f32.to_be_bytes())]),
        tlv::multiple(13, &[(0, &[0]), (1, &[1])]),
        tlv::multiple(14, &[(0, &[9, 8])]),
        tlv::multiple(15, &[(7, &[1, 0, 0, 0])]),
        tlv::multiple(16, &[(0, &[255, 255, 255, 255])]),
    ]
    .concat()
}

/// LwM2M-DF-003-C-M: what was written in TLV is read in TLV, byte for byte, at every level.
#[test]
fn df_003_c_m_tlv_carries_every_type_at_every_level() {
    let mut lab = Lab::registered();
    assert_eq!(lab.send(Request::put("/26241/0").content(TLV, everything())).code, Code::CHANGED);
    let instance = lab.send(Request::get("/26241/0").accept(TLV));
    let ours = [everything(), tlv::integer(22, 0)].concat();
    assert_eq!(tlv::decode(&instance.payload), tlv::decode(&ours));
    let object = lab.send(Request::get("/26241").accept(TLV)).payload;
    assert_eq!(
        tlv::decode(&object),
        tlv::decode(&tlv::entry(tlv::Kind::ObjectInstance, 0, &instance.payload))
    );
    let multiple = lab.send(Request::get("/26241/0/11").accept(TLV)).payload;
    assert_eq!(multiple, tlv::multiple(11, &[(1, &[255]), (2, &[1, 0])]));
    let single = lab.send(Request::get("/26241/0/1").accept(TLV)).payload;
    assert_eq!(single, tlv::integer(1, -70_000));
}

/// TS 1.0 section 6.4.3.1: the Device object's example, byte for byte where the values are ours.
#[test]
fn df_003_c_m_the_device_object_as_in_the_example() {
    let mut lab = Lab::registered();
    let payload = lab.send(Request::get("/3/0").accept(TLV)).payload;
    let head = [
        &b"\xc8\x00\x14Open Mobile Alliance"[..],
        b"\xc8\x01\x16Lightweight M2M Client",
        b"\xc8\x02\x09345000123",
        b"\xc3\x031.0",
        &[0x86, 0x06, 0x41, 0x00, 0x01, 0x41, 0x01, 0x05],
        &[0x88, 0x07, 0x08, 0x42, 0x00, 0x0e, 0xd8, 0x42, 0x01, 0x13, 0x88],
        &[0x87, 0x08, 0x41, 0x00, 0x7d, 0x42, 0x01, 0x03, 0x84],
        &[0xc1, 0x09, 0x64, 0xc1, 0x0a, 0x0f, 0x83, 0x0b, 0x41, 0x00, 0x00],
        &[0xc4, 0x0d, 0x51, 0x82, 0x42, 0x8f],
        b"\xc6\x0e+02:00",
    ]
    .concat();
    assert_eq!(payload[..head.len()], head);
    assert!(payload.ends_with(b"\xc1\x10U"));
}

/// LwM2M-DF-004-C-O (TS 1.0 section 6.4.4): names and values at every level.
#[test]
fn df_004_c_o_json_carries_every_type_at_every_level() {
    let mut lab = Lab::registered();
    assert_eq!(lab.send(Request::put("/26241/0").content(TLV, everything())).code, Code::CHANGED);
    let names = |lab: &mut Lab, path: &str| -> Vec<String> {
        let read = lab.send(Request::get(path).accept(JSON));
        assert_eq!((read.code, read.content_format()), (Code::CONTENT, Some(JSON)), "{path}");
        let values = format::json_values(&read.payload).expect("JSON");
        values.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    };
    let instance = names(&mut lab, "/26241/0");
    for expected in [
        "/26241/0/0=\"curlew\"",
        "/26241/0/1=-70000",
        "/26241/0/2=2.5",
        "/26241/0/3=true",
        "/26241/0/4=\"AQID\"",
        "/26241/0/6=\"3:0\"",
        "/26241/0/10/3=\"bc\"",
        "/26241/0/11/1=-1",
        "/26241/0/15/7=16777216",
    ] {
        assert!(instance.iter().any(|entry| entry == expected), "{expected} in {instance:?}");
    }
    assert_eq!(names(&mut lab, "/26241"), instance);
    assert_eq!(names(&mut lab, "/26241/0/1"), ["/26241/0/1=-70000"]);
    assert_eq!(names(&mut lab, "/26241/0/13"), ["/26241/0/13/0=false", "/26241/0/13/1=true"]);
}

/// JSON written: an instance, a resource, an array; a Create.
#[test]
fn df_004_c_o_json_is_written_at_every_level() {
    let mut lab = Lab::registered();
    let put = |path: &str, text: &str| Request::put(path).content(JSON, text);
    let instance = put(
        "/26241/0",
        r#"{"bn":"/26241/0/","e":[{"n":"0","sv":"dunlin"},{"n":"1","v":7},{"n":"3","bv":true},{"n":"11/2","v":9}]}"#,
    );
    assert_eq!(lab.send(instance).code, Code::CHANGED);
    assert_eq!(
        (lab.text("/26241/0/0"), lab.text("/26241/0/1"), lab.text("/26241/0/3")),
        ("dunlin".into(), "7".into(), "1".into())
    );
    assert_eq!(lab.send(Request::get("/26241/0/11").accept(TLV)).payload, tlv::multiple(11, &[(2, &[9])]));
    assert_eq!(lab.send(put("/26241/0/1", r#"{"bn":"/26241/0/1","e":[{"v":8}]}"#)).code, Code::CHANGED);
    assert_eq!(lab.text("/26241/0/1"), "8");
    let create = Request::post("/26241").content(JSON, r#"{"bn":"/26241/4/","e":[{"n":"0","sv":"knot"}]}"#);
    assert_eq!(lab.send(create).code, Code::CREATED);
    assert_eq!(lab.text("/26241/4/0"), "knot");
    for broken in
        ["", "{", "[]", r#"{"e":[{"n":"1","v":}]}"#, r#"{"bn":"/26241/0/","e":[{"n":"1","sv":"x"}]}"#]
    {
        assert_eq!(lab.send(put("/26241/0", broken)).code, Code::BAD_REQUEST, "{broken}");
    }
}
