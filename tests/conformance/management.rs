//! Device Management (TS 1.0 section 5.4): Read, Discover, Execute, Delete and what is refused.

use whimbrel::capi::*;
use whimbrel_lab::format::{LINK, OPAQUE, TEXT, TLV};
use whimbrel_lab::server::Failure;
use whimbrel_lab::{Code, Lab, Link, Request, Setup, tlv};

/// The code of each request, one after the other.
pub fn codes<const N: usize>(lab: &mut Lab, requests: [Request; N]) -> [Code; N] {
    requests.map(|request| lab.send(request).code)
}

/// LwM2M-DMSE-001-C-M, interop cases 201, 203: the values of Appendix F.
#[test]
fn dmse_001_c_m_reads_a_resource_an_instance_an_object() {
    let mut lab = Lab::registered();
    assert_eq!(lab.text("/3/0/0"), "Open Mobile Alliance");
    assert_eq!(lab.text("/3/0/9"), "100");
    let instance = lab.send(Request::get("/3/0").accept(TLV));
    assert_eq!((instance.code, instance.content_format()), (Code::CONTENT, Some(TLV)));
    let entries = instance.tlv();
    assert_eq!(tlv::find(&entries, &[2]).unwrap().text(), Some("345000123"));
    assert_eq!(tlv::find(&entries, &[7, 1]).unwrap().integer(), Some(5000));
    let object = lab.send(Request::get("/3").accept(TLV)).tlv();
    assert_eq!(object[0].kind, tlv::Kind::ObjectInstance);
    assert_eq!(tlv::find(&object, &[0, 8, 1]).unwrap().integer(), Some(900));
    let multiple = lab.send(Request::get("/3/0/6").accept(TLV)).tlv();
    assert_eq!(tlv::find(&multiple, &[6, 1]).unwrap().integer(), Some(5));
}

/// TS 1.0 section 7.3.2.3: what cannot be read is left out of a wider Read.
#[test]
fn dmse_001_c_m_leaves_out_what_cannot_be_read() {
    let mut lab = Lab::registered();
    let sensor: Vec<u16> = lab.send(Request::get("/3303/0").accept(TLV)).tlv().iter().map(|e| e.id).collect();
    assert_eq!(sensor, [5601, 5602, 5700, 5701], "not 5605");
    let device: Vec<u16> = lab.send(Request::get("/3/0").accept(TLV)).tlv().iter().map(|e| e.id).collect();
    assert_eq!(device, [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16]);
}

/// An object that exists without instances has an empty representation (facts sheet A.7).
#[test]
fn dmse_001_c_m_an_object_without_instances_reads_as_nothing() {
    let mut lab = Lab::registered();
    lab.device.remove(0);
    let read = lab.send(Request::get("/26241").accept(TLV));
    assert_eq!((read.code, read.payload.as_slice()), (Code::CONTENT, &[][..]));
}

/// Facts sheet A.9 and TS 1.0 table 27.
#[test]
fn dmse_001_c_m_read_refuses_with_the_right_code() {
    let mut lab = Lab::registered();
    let read = |path: &str| Request::get(path);
    let missing = codes(
        &mut lab,
        [read("/9"), read("/3/1"), read("/3/0/99"), read("/26241/4"), read("/rd"), read("/3/0/x")],
    );
    assert_eq!(missing, [Code::NOT_FOUND; 6]);
    let executable =
        codes(&mut lab, [read("/3/0/4"), read("/3303/0/5605"), read("/26242/0/1"), read("/26243/0/8")]);
    assert_eq!(executable, [Code::METHOD_NOT_ALLOWED; 4]);
    assert_eq!(
        codes(&mut lab, [read("/"), read("/3/0/6/0"), read("/3/0/0/0/0")]),
        [Code::METHOD_NOT_ALLOWED; 3]
    );
    assert_eq!(
        codes(&mut lab, [read("/26243/0/6"), read("/26243/0/7")]),
        [Code::INTERNAL_SERVER_ERROR, Code::NOT_FOUND]
    );
}

/// Interop case 221: the Security object.
#[test]
fn case_221_the_security_object_is_closed() {
    let mut lab = Lab::registered();
    let requests = [
        Request::get("/0"),
        Request::get("/0/0"),
        Request::get("/0/0/0"),
        Request::get("/0").accept(LINK),
        Request::put("/0/0/0").content(TEXT, "coap://evil"),
        Request::put("/0").query("pmin=1"),
        Request::get("/0/0/0").observe(0),
        Request::delete("/0/0"),
        Request::post("/0").content(TLV, tlv::instance(1, &[tlv::resource(0, "coap://evil")])),
        Request::post("/0/0/0"),
    ];
    assert_eq!(codes(&mut lab, requests), [Code::UNAUTHORIZED; 10]);
}

/// LwM2M-DMSE-002-C-M, interop case 260.
#[test]
fn dmse_002_c_m_discovers_object_instance_and_resource() {
    let mut lab = Lab::registered();
    let list = |lab: &mut Lab, path: &str| {
        let response = lab.send(Request::get(path).accept(LINK));
        assert_eq!((response.code, response.content_format()), (Code::CONTENT, Some(LINK)));
        response.text()
    };
    assert_eq!(
        list(&mut lab, "/3303"),
        "</3303>;ver=1.1,</3303/0>,</3303/0/5601>,</3303/0/5602>,</3303/0/5605>,</3303/0/5700>,</3303/0/5701>"
    );
    let device = list(&mut lab, "/3/0");
    let paths: Vec<String> =
        Link::parse_list(device.as_bytes()).iter().map(|link| link.path.clone()).collect();
    let ids = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16].map(|id| format!("/3/0/{id}"));
    assert_eq!(paths[0], "/3/0");
    assert_eq!(paths[1..], ids, "executable resources too");
    assert!(device.contains("</3/0/6>;dim=2,") && device.contains("</3/0/11>;dim=1,"), "{device}");
    assert_eq!(list(&mut lab, "/3/0/7"), "</3/0/7>;dim=2");
    let refused = codes(&mut lab, ["/9", "/3/1", "/3/0/99"].map(|path| Request::get(path).accept(LINK)));
    assert_eq!(refused, [Code::NOT_FOUND; 3]);
}

/// LwM2M-DMSE-002-C-M, interop case 261: attributes of the asking server, inherited ones on a resource's own link.
#[test]
fn case_261_discover_shows_attributes_and_inheritance() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    lab.attributes("/3", "pmin=10");
    lab.attributes("/3/0", "pmax=60");
    lab.attributes("/3/0/9", "gt=50&lt=42.2");
    let resource = lab.send(Request::get("/3/0/9").accept(LINK)).text();
    assert_eq!(resource, "</3/0/9>;pmin=10;pmax=60;gt=50;lt=42.2");
    let instance = lab.send(Request::get("/3/0").accept(LINK)).text();
    assert!(instance.contains("</3/0/9>;gt=50;lt=42.2,"), "{instance}");
    assert!(instance.contains("pmax=60"), "{instance}");
    let object = lab.send(Request::get("/3").accept(LINK)).text();
    assert!(object.starts_with("</3>;pmin=10,"), "{object}");
    let other = lab.second.discover("/3/0/9");
    assert_eq!(lab.second_answer(other).text(), "</3/0/9>", "another server's attributes are its own");
}

/// LwM2M-DMSE-011-C-M.
#[test]
fn dmse_011_c_m_executes_with_and_without_arguments() {
    let mut lab = Lab::registered();
    for (arguments, shown) in [
        ("", vec![]),
        ("5", vec![(5, None)]),
        ("2='10.3'", vec![(2, Some("10.3"))]),
        ("0,1,2,3,4", vec![(0, None), (1, None), (2, None), (3, None), (4, None)]),
        ("7,0='https://www.oma.org'", vec![(0, Some("https://www.oma.org")), (7, None)]),
        ("3=''", vec![(3, Some(""))]),
    ] {
        let execute = lab.server.execute("/26241/0/20", arguments);
        assert_eq!(lab.code(execute), Code::CHANGED, "{arguments}");
        let shown: Vec<_> =
            shown.into_iter().map(|(d, v): (u8, Option<&str>)| (d, v.map(str::to_owned))).collect();
        assert_eq!(lab.device.arguments(), shown, "{arguments}");
    }
    assert_eq!(lab.device.executed("/26241/0/20"), 6);
    assert_eq!(lab.text("/26241/0/22"), "6");
}

/// LwM2M-DMSE-011-C-M: the grammar of section 5.4.5.
#[test]
fn dmse_011_c_m_refuses_malformed_arguments() {
    let mut lab = Lab::registered();
    for arguments in [
        "x", "10", "1=", "1=2", "1='", "1='a", ",", "1,", "1,,2", "'a'", "1='a'b", "=1", "1='a\\'", "1=\"a\"",
    ] {
        let execute = lab.server.execute("/26241/0/20", arguments);
        assert_eq!(lab.code(execute), Code::BAD_REQUEST, "{arguments}");
    }
    assert_eq!(lab.device.executed("/26241/0/20"), 0);
}

/// LwM2M-DMSE-011-C-M (TS 1.0 sections 5.4.5 and 7.3.2.3): resources only, and only executable ones.
#[test]
fn dmse_011_c_m_execute_refuses_with_the_right_code() {
    let mut lab = Lab::registered();
    let post = |path: &str| Request::post(path);
    let refused =
        codes(&mut lab, [post("/3/0/0"), post("/3/0/9"), post("/26243/0/3"), post("/3/0/4/0"), post("/")]);
    assert_eq!(refused, [Code::METHOD_NOT_ALLOWED; 5]);
    assert_eq!(codes(&mut lab, [post("/9/0/1"), post("/3/1/4"), post("/3/0/99")]), [Code::NOT_FOUND; 3]);
    assert_eq!(codes(&mut lab, [post("/26243/0/4")]), [Code::INTERNAL_SERVER_ERROR]);
    assert_eq!(
        codes(&mut lab, [post("/3/0/4").content(TLV, [0xc1, 0, 1])]),
        [Code::UNSUPPORTED_CONTENT_FORMAT]
    );
    assert_eq!(lab.device.executed("/3/0/4"), 0);
}

/// Interop case 241 and Appendix E.4: Reboot, Factory Reset, Reset Error Code.
#[test]
fn obj_004_c_m_device_object_reboots_resets_and_forgets_errors() {
    let mut lab = Lab::registered();
    lab.device.error(1);
    lab.device.error(3);
    let errors = |lab: &mut Lab| {
        let entries = lab.send(Request::get("/3/0/11").accept(TLV)).tlv();
        entries[0].children.iter().map(|e| e.integer().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(errors(&mut lab), [1, 3]);
    assert_eq!(codes(&mut lab, ["/3/0/12", "/3/0/4", "/3/0/5"].map(Request::post)), [Code::CHANGED; 3]);
    assert_eq!(errors(&mut lab), [0], "no error is code 0");
    assert_eq!((lab.device.executed("/3/0/4"), lab.device.executed("/3/0/5")), (1, 1));
}

/// Interop cases 680 and 685.
#[test]
fn case_680_the_device_object_is_not_created_and_not_deleted() {
    let mut lab = Lab::registered();
    let create = Request::post("/3").content(TLV, tlv::instance(0, &[tlv::resource(0, "x")]));
    assert_eq!(codes(&mut lab, [create, Request::delete("/3/0")]), [Code::METHOD_NOT_ALLOWED; 2]);
    assert_eq!(lab.text("/3/0/0"), "Open Mobile Alliance");
}

/// LwM2M-DMSE-013-C-M.
#[test]
fn dmse_013_c_m_deletes_instances_and_nothing_else() {
    let mut lab = Lab::registered();
    lab.device.create(4);
    let delete = |path: &str| Request::delete(path);
    assert_eq!(codes(&mut lab, [delete("/26241/4"), delete("/26241/4")]), [Code::DELETED, Code::NOT_FOUND]);
    assert_eq!(lab.device.instances(), [0]);
    let refused = codes(
        &mut lab,
        [delete("/26241"), delete("/26241/0/1"), delete("/3303/0"), delete("/1/0"), delete("/")],
    );
    assert_eq!(refused, [Code::METHOD_NOT_ALLOWED; 5]);
    assert_eq!(codes(&mut lab, [delete("/9/0"), delete("/26241/9")]), [Code::NOT_FOUND; 2]);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_DELETED).len(), 1);
    assert!(!lab.server.client().instances().contains(&(26241, 4)));
}

/// RFC 7252 section 5.8: methods that the client does not know.
#[test]
fn mec_002_c_m_unknown_methods_are_4_05() {
    let mut lab = Lab::registered();
    let request = |method: u8| Request::new(Code(method), "/3/0/0");
    assert_eq!(codes(&mut lab, [5, 6, 7, 8, 30].map(request)), [Code::METHOD_NOT_ALLOWED; 5]);
}

/// RFC 7252 section 5.4.1: critical options that are not understood are 4.02, elective ones are ignored.
#[test]
fn mec_002_c_m_unknown_options() {
    let mut lab = Lab::registered();
    let request = |number: u16| Request::get("/3/0/0").accept(TEXT).option(number, [1]);
    // If-Match, 9 (OSCORE), 2049; If-None-Match has a value here, which makes it unknown too
    assert_eq!(codes(&mut lab, [1, 5, 9, 2049].map(request)), [Code::BAD_OPTION; 4]);
    assert_eq!(codes(&mut lab, [2, 14, 60, 258, 2050].map(request)), [Code::CONTENT; 5]);
    let repeated = Request::get("/3/0/0").accept(TEXT).accept(TLV);
    assert_eq!(codes(&mut lab, [repeated]), [Code::BAD_OPTION], "an option that may stand once");
    let host = Request::get("/3/0/0").accept(TEXT).option(3, "device.example").option(7, [0x16, 0x33]);
    assert_eq!(codes(&mut lab, [host]), [Code::CONTENT], "whatever the server calls us");
}

/// RFC 7252 section 4.3: a ping.
#[test]
fn mec_002_c_m_a_ping_is_reset() {
    let mut lab = Lab::registered();
    let ping = lab.server.ping();
    assert_eq!(lab.done(ping), Err(Failure::Reset));
    assert!(lab.server.ponged(ping));
}

/// RFC 7252 section 4.3: a Non-confirmable request has a Non-confirmable response, and no acknowledgement.
#[test]
fn mec_002_c_m_non_confirmable_requests_are_answered_in_kind() {
    let mut lab = Lab::registered();
    let read = lab.send(Request::get("/3/0/9").accept(TEXT).non());
    assert_eq!((read.kind, read.code, read.text()), (whimbrel_lab::Type::Non, Code::CONTENT, "100".into()));
    let execute = lab.send(Request::post("/26241/0/20").non());
    assert_eq!((execute.kind, execute.code), (whimbrel_lab::Type::Non, Code::CHANGED));
    lab.network.duplicate_next(whimbrel_lab::scene::SERVER, 1);
    assert_eq!(lab.send(Request::post("/26241/0/20").non()).code, Code::CHANGED);
    assert_eq!(lab.device.executed("/26241/0/20"), 2, "a duplicate is not run");
}

/// Tokens of every length come back (RFC 7252 section 5.3.1).
#[test]
fn mec_002_c_m_tokens_of_any_length_come_back() {
    let mut lab = Lab::registered();
    for length in 0..=8 {
        assert_eq!(lab.send(Request::get("/3/0/9").token_length(length)).code, Code::CONTENT, "{length}");
    }
}

/// LwM2M-OBJ-002-C-M (Appendix E.2): the Server object's resources.
#[test]
fn obj_002_c_m_server_object_reads_as_configured() {
    let mut lab = Setup { pmin: 1, pmax: 60, disable_timeout: 300, ..Setup::default() }.registered();
    let entries = lab.send(Request::get("/1/0").accept(TLV)).tlv();
    let ids: Vec<u16> = entries.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [0, 1, 2, 3, 5, 6, 7]);
    let value = |id: u16| tlv::find(&entries, &[id]).unwrap().integer();
    assert_eq!([0, 1, 2, 3, 5, 6].map(value), [101, 86_400, 1, 60, 300, 1].map(Some));
    let refused = [Request::put("/1/0/0").content(TEXT, "7"), Request::post("/1/0/1")];
    assert_eq!(codes(&mut lab, refused), [Code::METHOD_NOT_ALLOWED; 2], "interop case 256");
    assert_eq!(lab.text("/1/0/0"), "101");
    let plain = Lab::registered().send(Request::get("/1/0").accept(TLV)).tlv();
    assert_eq!(
        plain.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        [0, 1, 6, 7],
        "optional ones are not there"
    );
}

/// Facts sheet A.7: single-value formats for a single value only.
#[test]
fn df_001_c_o_accept_that_cannot_be_met_is_4_06() {
    let mut lab = Lab::registered();
    let accept = |path: &str, format: u16| Request::get(path).accept(format);
    let refused = [
        accept("/3", TEXT),
        accept("/3/0", TEXT),
        accept("/3/0/6", TEXT),
        accept("/3/0", OPAQUE),
        accept("/3/0/9", OPAQUE),
        accept("/3/0/9", 60),
        accept("/3/0", 112),
        accept("/3/0", 65000),
    ];
    assert_eq!(codes(&mut lab, refused), [Code::NOT_ACCEPTABLE; 8]);
    let observe = [accept("/3/0", TEXT).observe(0), accept("/3/0/9", 60).observe(0)];
    assert_eq!(codes(&mut lab, observe), [Code::NOT_ACCEPTABLE; 2]);
}
