//! Write and Create (TS 1.0 sections 5.4.3, 5.4.6 and 7.3.2): all of it or nothing.

use crate::management::codes;
use whimbrel::capi::*;
use whimbrel_lab::format::{LINK, OPAQUE, TEXT, TLV};
use whimbrel_lab::{Code, Lab, Request, Setup, tlv};

fn put(path: &str, text: &str) -> Request {
    Request::put(path).content(TEXT, text)
}

fn put_tlv(path: &str, entries: &[Vec<u8>]) -> Request {
    Request::put(path).content(TLV, entries.concat())
}

fn post_tlv(path: &str, entries: &[Vec<u8>]) -> Request {
    Request::post(path).content(TLV, entries.concat())
}

/// Resource instances that a Read shows: IDs and Integers.
fn list(lab: &mut Lab, path: &str) -> Vec<(u16, i64)> {
    let entries = lab.send(Request::get(path).accept(TLV)).tlv();
    let children = entries.first().map(|entry| entry.children.clone()).unwrap_or_default();
    children.iter().map(|child| (child.id, child.integer().unwrap())).collect()
}

/// LwM2M-DMSE-003-C-M: a single value.
#[test]
fn dmse_003_c_m_writes_a_resource() {
    let mut lab = Lab::registered();
    let written = [
        put("/26241/0/0", "curlew"),
        put("/26241/0/1", "-42"),
        put("/26241/0/2", "2.5"),
        put("/26241/0/3", "1"),
    ];
    assert_eq!(codes(&mut lab, written), [Code::CHANGED; 4]);
    assert_eq!(
        codes(&mut lab, [put("/26241/0/5", "1700000000"), put("/26241/0/6", "3:0")]),
        [Code::CHANGED; 2]
    );
    let values = lab.device.values(0).unwrap();
    assert_eq!(
        (values.text().as_str(), values.integer, values.float, values.boolean),
        ("curlew", -42, 2.5, 1)
    );
    assert_eq!((values.time, values.link), (1_700_000_000, [3, 0]));
    let events = lab.device.events_of(WHIMBREL_EVENT_WRITTEN);
    assert_eq!((events.len(), events[0].path.as_str()), (6, "/26241/0/0"));
}

/// LwM2M-DMSE-003-C-M: Replace of an instance. Optional resources that the payload does not name go.
#[test]
fn dmse_003_c_m_put_replaces_an_instance() {
    let mut lab = Lab::registered();
    let replace = put_tlv("/26241/0", &[tlv::resource(0, "a"), tlv::integer(1, 7)]);
    assert_eq!(lab.send(replace).code, Code::CHANGED);
    let ids: Vec<u16> = lab.send(Request::get("/26241/0").accept(TLV)).tlv().iter().map(|e| e.id).collect();
    assert_eq!(ids, [0, 1, 22], "22 cannot be written and stays");
    assert_eq!(lab.send(Request::get("/26241/0/2")).code, Code::NOT_FOUND);
    let discover = lab.send(Request::get("/26241/0").accept(LINK)).text();
    assert_eq!(discover, "</26241/0>,</26241/0/0>,</26241/0/1>,</26241/0/20>,</26241/0/22>");
}

/// LwM2M-DMSE-003-C-M: Partial Update of an instance leaves the rest alone.
#[test]
fn dmse_003_c_m_post_updates_an_instance_in_part() {
    let mut lab = Lab::registered();
    let before = put_tlv(
        "/26241/0",
        &[tlv::resource(0, "a"), tlv::integer(1, 7), tlv::multiple(11, &[(0, &[1]), (1, &[2])])],
    );
    assert_eq!(lab.send(before).code, Code::CHANGED);
    let partial = post_tlv("/26241/0", &[tlv::integer(5, 99), tlv::multiple(11, &[(1, &[20]), (3, &[30])])]);
    assert_eq!(lab.send(partial).code, Code::CHANGED);
    assert_eq!(lab.text("/26241/0/0"), "a");
    assert_eq!(lab.text("/26241/0/1"), "7");
    assert_eq!(lab.text("/26241/0/5"), "99");
    assert_eq!(list(&mut lab, "/26241/0/11"), [(0, 1), (1, 20), (3, 30)]);
}

/// Facts sheet A.7, worked example: Replace of a multiple resource replaces the whole array.
#[test]
fn dmse_003_c_m_put_replaces_a_multiple_resource() {
    let mut lab = Lab::registered();
    let first = put_tlv("/26241/0/11", &[tlv::multiple(11, &[(0, &[1]), (1, &[2])])]);
    let second = put_tlv("/26241/0/11", &[tlv::multiple(11, &[(1, &[20]), (3, &[30])])]);
    assert_eq!(codes(&mut lab, [first, second]), [Code::CHANGED; 2]);
    assert_eq!(list(&mut lab, "/26241/0/11"), [(1, 20), (3, 30)]);
    let none = put_tlv("/26241/0/11", &[tlv::multiple(11, &[])]);
    assert_eq!(lab.send(none).code, Code::CHANGED);
    assert_eq!(list(&mut lab, "/26241/0/11"), []);
}

/// A resource that a Replace removed begins empty when it comes back.
#[test]
fn dmse_003_c_m_a_removed_array_comes_back_empty() {
    let mut lab = Lab::registered();
    let array = put_tlv("/26241/0", &[tlv::resource(0, "a"), tlv::multiple(11, &[(0, &[1]), (1, &[2])])]);
    let without = put_tlv("/26241/0", &[tlv::resource(0, "a")]);
    let again = post_tlv("/26241/0", &[tlv::multiple(11, &[(3, &[30])])]);
    assert_eq!(codes(&mut lab, [array, without, again]), [Code::CHANGED; 3]);
    assert_eq!(list(&mut lab, "/26241/0/11"), [(3, 30)]);
}

/// Interop case 651: `/3/0/13` to 15.
#[test]
fn case_651_partial_write_of_the_device_object() {
    let mut lab = Lab::registered();
    let time = 1_500_000_000_i64;
    let write = post_tlv(
        "/3/0",
        &[tlv::integer(13, time), tlv::resource(14, "+01:00"), tlv::resource(15, "Europe/Rome")],
    );
    assert_eq!(lab.send(write).code, Code::CHANGED);
    assert_eq!(
        ["/3/0/13", "/3/0/14", "/3/0/15"].map(|path| lab.text(path)),
        ["1500000000", "+01:00", "Europe/Rome"]
    );
    assert_eq!(lab.text("/3/0/0"), "Open Mobile Alliance");
}

/// Facts sheet A.9: every code of a Write, and nothing is changed by any of them.
#[test]
fn dmse_003_c_m_write_refuses_with_the_right_code() {
    let mut lab = Lab::registered();
    assert_eq!(lab.send(put("/26241/0/1", "5")).code, Code::CHANGED);
    let missing = [put("/9/0/1", "1"), put("/26241/9/1", "1"), put("/26241/0/99", "1")];
    assert_eq!(codes(&mut lab, missing), [Code::NOT_FOUND; 3]);
    let refused = [
        put("/3/0/0", "x"),
        put("/3303/0/5700", "1"),
        put("/26241/0/20", "1"),
        put("/26241", "1"),
        post_tlv("/26241/0/1", &[]),
    ];
    assert_eq!(codes(&mut lab, refused)[..4], [Code::METHOD_NOT_ALLOWED; 4]);
    let wrong = [
        put("/26241/0/1", "x"),
        put("/26241/0/1", ""),
        put("/26241/0/1", "1.5"),
        put("/26241/0/3", "2"),
        put("/26241/0/2", "y"),
        put("/26241/0/6", "3"),
    ];
    assert_eq!(codes(&mut lab, wrong), [Code::BAD_REQUEST; 6]);
    let format = |format: u16, bytes: &[u8]| Request::put("/26241/0/1").content(format, bytes);
    assert_eq!(
        codes(&mut lab, [format(60, &[5]), format(65000, b"5"), format(LINK, b"5")]),
        [Code::UNSUPPORTED_CONTENT_FORMAT; 3]
    );
    assert_eq!(
        lab.send(Request::put("/26241/0/1").payload("6")).code,
        Code::BAD_REQUEST,
        "no Content-Format"
    );
    assert_eq!(lab.send(Request::put("/26241/0/1")).code, Code::BAD_REQUEST, "nothing at all");
    assert_eq!(lab.send(put("/26241/0", "x")).code, Code::UNSUPPORTED_CONTENT_FORMAT);
    assert_eq!(lab.device.values(0).unwrap().integer, 5);
}

/// TLV that is no TLV, or for another place.
#[test]
fn df_003_c_m_broken_tlv_is_refused_whole() {
    let mut lab = Lab::registered();
    assert_eq!(lab.send(put("/26241/0/0", "before")).code, Code::CHANGED);
    let whole = [tlv::resource(0, "after"), tlv::integer(1, 300)].concat();
    for cut in 1..whole.len() {
        if cut == tlv::resource(0, "after").len() {
            continue;
        }
        let request = Request::post("/26241/0").content(TLV, &whole[..cut]);
        assert_eq!(lab.send(request).code, Code::BAD_REQUEST, "cut at {cut}");
    }
    let wrong_type = [
        post_tlv("/26241/0", &[tlv::resource(0, "after"), tlv::resource(1, [1, 2, 3])]),
        post_tlv("/26241/0", &[tlv::resource(0, "after"), tlv::resource(3, [2])]),
        post_tlv("/26241/0", &[tlv::resource(0, "after"), tlv::resource(11, [2])]),
        post_tlv("/26241/0", &[tlv::resource(0, "after"), tlv::multiple(1, &[(0, &[2])])]),
        post_tlv("/26241/0", &[tlv::resource(0, [0xff, 0xfe])]),
        post_tlv("/26241/0", &[]),
    ];
    assert_eq!(codes(&mut lab, wrong_type), [Code::BAD_REQUEST; 6]);
    assert_eq!(lab.text("/26241/0/0"), "before");
}

/// TS 1.0 section 7.3.2.3: one resource that cannot be written spoils the request; unknown optional ones do not.
#[test]
fn dmse_003_c_m_a_record_that_fails_changes_nothing() {
    let mut lab = Lab::registered();
    let first = put_tlv(
        "/26241/0",
        &[tlv::resource(0, "before"), tlv::integer(1, 1), tlv::multiple(11, &[(0, &[1])])],
    );
    assert_eq!(lab.send(first).code, Code::CHANGED);
    let records = |last: Vec<u8>| {
        [tlv::resource(0, "after"), tlv::integer(1, 2), tlv::multiple(11, &[(0, &[9])]), last]
    };
    for request in [Request::put("/26241/0"), Request::post("/26241/0")] {
        for (last, code) in [
            (tlv::integer(22, 5), Code::METHOD_NOT_ALLOWED),
            (tlv::resource(3, [9]), Code::BAD_REQUEST),
            (tlv::resource(0, "x".repeat(301)), Code::BAD_REQUEST),
            (tlv::multiple(12, &[(0, &[1, 2, 3])]), Code::BAD_REQUEST),
            (tlv::resource(6, [0xff, 0, 0, 0]), Code::BAD_REQUEST),
        ] {
            let refused = lab.send(request.clone().content(TLV, records(last.clone()).concat()));
            assert_eq!(refused.code, code, "{last:?}");
            assert_eq!(lab.text("/26241/0/0"), "before");
            assert_eq!(lab.text("/26241/0/1"), "1");
            assert_eq!(list(&mut lab, "/26241/0/11"), [(0, 1)]);
        }
    }
    let unknown = post_tlv("/26241/0", &[tlv::integer(999, 1), tlv::integer(1, 3)]);
    assert_eq!(lab.send(unknown).code, Code::CHANGED);
    assert_eq!(lab.text("/26241/0/1"), "3");
}

/// A list that cannot take another value: found only while writing, rolled back all the same.
#[test]
fn dmse_003_c_m_a_full_list_changes_nothing() {
    let mut lab = Lab::registered();
    let three = put_tlv(
        "/26241/0",
        &[tlv::resource(0, "before"), tlv::multiple(11, &[(0, &[1]), (1, &[2]), (2, &[3])])],
    );
    assert_eq!(lab.send(three).code, Code::CHANGED);
    let fourth =
        post_tlv("/26241/0", &[tlv::resource(0, "after"), tlv::multiple(11, &[(0, &[9]), (3, &[4])])]);
    assert!(!lab.send(fourth).code.is_success());
    assert_eq!(lab.text("/26241/0/0"), "before");
    assert_eq!(list(&mut lab, "/26241/0/11"), [(0, 1), (1, 2), (2, 3)]);
}

/// A handler fails in the middle of a Write: 5.00, and what was written before it is put back.
#[test]
fn dmse_003_c_m_a_failing_handler_rolls_the_others_back() {
    let mut lab = Lab::registered();
    lab.device.trouble().fail = true;
    let records = [tlv::integer(0, 7), tlv::resource(1, "new"), tlv::integer(2, 8)];
    assert_eq!(lab.send(post_tlv("/26243/0", &records)).code, Code::INTERNAL_SERVER_ERROR);
    assert_eq!(lab.send(put_tlv("/26243/0", &records)).code, Code::INTERNAL_SERVER_ERROR);
    assert_eq!((lab.device.number("/26243/0/0"), lab.device.number("/26243/0/2")), (0.0, 0.0));
    assert_eq!(lab.device.trouble().text, "fine");
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_WRITTEN), []);
    lab.device.trouble().fail = false;
    assert_eq!(lab.send(post_tlv("/26243/0", &records)).code, Code::CHANGED);
    assert_eq!(lab.device.trouble().text, "new");
    assert_eq!((lab.device.number("/26243/0/0"), lab.device.number("/26243/0/2")), (7.0, 8.0));
}

/// What cannot be read back goes last, so that its failure can undo the rest.
#[test]
fn dmse_003_c_m_a_failing_write_only_resource_rolls_the_others_back() {
    let mut lab = Lab::registered();
    lab.device.trouble().refuse = true;
    let records = [tlv::resource(8, "secret"), tlv::integer(0, 7), tlv::resource(1, "new")];
    assert_eq!(lab.send(post_tlv("/26243/0", &records)).code, Code::INTERNAL_SERVER_ERROR);
    assert_eq!(lab.device.number("/26243/0/0"), 0.0);
    assert_eq!(lab.device.trouble().text, "fine");
    lab.device.trouble().refuse = false;
    lab.device.trouble().fail = true;
    assert_eq!(lab.send(post_tlv("/26243/0", &records)).code, Code::INTERNAL_SERVER_ERROR);
    assert_eq!(lab.device.trouble().secrets, [] as [String; 0]);
}

/// Old values that do not fit the undo buffer: the Write is refused, not half done.
#[test]
fn dmse_003_c_m_without_room_to_undo_nothing_is_written() {
    let mut lab = Setup { undo: 64, ..Setup::default() }.registered();
    let long = "x".repeat(200);
    assert_eq!(lab.send(put("/26241/0/0", &long)).code, Code::CHANGED);
    let both = post_tlv("/26241/0", &[tlv::integer(1, 7), tlv::resource(0, "short")]);
    let code = lab.send(both).code;
    assert_eq!(code, Code::INTERNAL_SERVER_ERROR);
    assert_eq!(lab.text("/26241/0/0"), long);
    assert_eq!(lab.device.values(0).unwrap().integer, 0);
}

/// LwM2M-DMSE-012-C-M, interop case 1630: with an ID from the server.
#[test]
fn dmse_012_c_m_creates_the_instance_named() {
    let mut lab = Lab::registered();
    let create = post_tlv("/26241", &[tlv::instance(7, &[tlv::resource(0, "curlew"), tlv::integer(1, 42)])]);
    let created = lab.send(create);
    assert_eq!(created.code, Code::CREATED);
    lab.run(1000);
    assert!(lab.server.client().instances().contains(&(26241, 7)), "an Update lists it");
    let ids: Vec<u16> = lab.send(Request::get("/26241/7").accept(TLV)).tlv().iter().map(|e| e.id).collect();
    assert_eq!(
        ids,
        [0, 1, 22],
        "TS 1.0 section 5.4.6: optional resources that were not given are not instantiated"
    );
    assert_eq!(lab.text("/26241/7/0"), "curlew");
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_CREATED)[0].path, "/26241/7");
}

/// LwM2M-DMSE-012-C-M: without one; the client chooses and tells.
#[test]
fn dmse_012_c_m_chooses_an_id_and_tells_it() {
    let mut lab = Lab::registered();
    let created = lab.send(post_tlv("/26241", &[tlv::resource(0, "curlew")]));
    assert_eq!((created.code, created.location().as_str()), (Code::CREATED, "/26241/1"));
    assert_eq!(lab.text("/26241/1/0"), "curlew");
    let next = lab.send(post_tlv("/26241", &[tlv::resource(0, "dunlin")]));
    assert_eq!(next.location(), "/26241/2");
}

/// Several instances in one Create: all, or none.
#[test]
fn dmse_012_c_m_creates_several_or_none() {
    let mut lab = Lab::registered();
    let both = |a: u16, b: u16| {
        let one = |id| tlv::instance(id, &[tlv::resource(0, "x")]);
        post_tlv("/26241", &[one(a), one(b)])
    };
    assert_eq!(lab.send(both(3, 4)).code, Code::CREATED);
    assert_eq!(lab.device.instances(), [0, 3, 4]);
    assert_eq!(lab.send(both(5, 4)).code, Code::BAD_REQUEST, "4 exists");
    assert_eq!(lab.device.instances(), [0, 3, 4]);
    lab.run(1000);
    assert_eq!(lab.server.client().instances().iter().filter(|(o, _)| *o == 26241).count(), 3);
}

/// LwM2M-DMSE-012-C-M (TS 1.0 sections 5.4.6, 7.3.2.4 and 8.5).
#[test]
fn dmse_012_c_m_create_refuses_with_the_right_code_and_leaves_nothing() {
    let mut lab = Lab::registered();
    let create = |entries: &[Vec<u8>]| post_tlv("/26241", entries);
    let refused = [
        create(&[tlv::instance(0, &[tlv::resource(0, "x")])]),
        create(&[tlv::instance(1, &[tlv::integer(1, 5)])]),
        create(&[tlv::instance(1, &[])]),
        create(&[tlv::instance(1, &[tlv::resource(0, "x"), tlv::resource(3, [7])])]),
        create(&[tlv::instance(1, &[tlv::resource(0, "x".repeat(400))])]),
        Request::post("/26241"),
    ];
    assert_eq!(codes(&mut lab, refused), [Code::BAD_REQUEST; 6]);
    let format = |format: u16| Request::post("/26241").content(format, "x");
    assert_eq!(
        codes(&mut lab, [format(TEXT), format(OPAQUE), format(60)]),
        [Code::UNSUPPORTED_CONTENT_FORMAT; 3]
    );
    assert_eq!(codes(&mut lab, [post_tlv("/9", &[tlv::integer(0, 1)])]), [Code::NOT_FOUND]);
    let closed = ["/1", "/3303"].map(|path| post_tlv(path, &[tlv::instance(1, &[tlv::integer(0, 1)])]));
    assert_eq!(codes(&mut lab, closed), [Code::METHOD_NOT_ALLOWED; 2]);
    assert_eq!(lab.device.instances(), [0]);
    assert_eq!(lab.server.client().instances().len(), 6);
}

/// A Create that fails while writing leaves no instance, in the application neither.
#[test]
fn dmse_012_c_m_a_create_that_fails_midway_leaves_nothing() {
    let mut lab = Lab::registered();
    let one =
        |id, list: &[(u16, &[u8])]| tlv::instance(id, &[tlv::resource(0, "x"), tlv::multiple(11, list)]);
    let full: &[(u16, &[u8])] = &[(0, &[1]), (1, &[1]), (2, &[1]), (3, &[1])];
    let refused = lab.send(post_tlv("/26241", &[one(1, &[(0, &[1])]), one(2, full)]));
    assert!(!refused.code.is_success());
    assert_eq!(lab.device.instances(), [0]);
    lab.device.refuse_creates(1);
    assert!(!lab.send(post_tlv("/26241", &[one(1, &[])])).code.is_success());
    assert_eq!(lab.device.instances(), [0]);
    let discover = lab.send(Request::get("/26241").accept(LINK)).text();
    assert!(!discover.contains("/26241/1"), "{discover}");
}

/// TS 1.0 section 7.3.2.4: Read-only resources in the payload are ignored, and so are unknown optional ones.
#[test]
fn dmse_012_c_m_ignores_read_only_and_unknown_resources() {
    let mut lab = Lab::registered();
    let resources = [tlv::resource(0, "x"), tlv::integer(22, 99), tlv::integer(999, 1)];
    assert_eq!(lab.send(post_tlv("/26241", &[tlv::instance(1, &resources)])).code, Code::CREATED);
    assert_eq!(lab.text("/26241/1/22"), "0");
}

/// The instance table is full: 5.00 and nothing is left; it works again after a Delete.
#[test]
fn dmse_012_c_m_a_full_table_is_no_trap() {
    let mut lab = Setup { instances: 6, ..Setup::default() }.registered();
    let create = || post_tlv("/26241", &[tlv::resource(0, "x")]);
    let mut created = 0;
    let refused = loop {
        let code = lab.send(create()).code;
        if code != Code::CREATED {
            break code;
        }
        created += 1;
        assert!(created < 20);
    };
    assert_eq!(refused, Code::INTERNAL_SERVER_ERROR);
    assert_eq!(lab.device.instances().len(), created + 1);
    assert_eq!(lab.send(Request::delete("/26241/1")).code, Code::DELETED);
    assert_eq!(lab.send(create()).location(), "/26241/1");
}

/// TS 1.0 Appendix E.2: replacing the Server instance without its optional resources ends their effect.
#[test]
fn obj_002_c_m_replacing_the_server_instance_resets_what_is_not_named() {
    let mut lab = Setup { pmin: 50, pmax: 100, ..Setup::default() }.registered();
    let records = [tlv::integer(1, 86_400), tlv::integer(6, 1), tlv::resource(7, "U")];
    assert_eq!(lab.send(put_tlv("/1/0", &records)).code, Code::CHANGED);
    assert_eq!(lab.send(Request::get("/1/0/2")).code, Code::NOT_FOUND);
    let observation = lab.observe("/3303/0/5700");
    lab.device.set("/3303/0/5700", 30.0);
    lab.run(1000);
    assert_eq!(lab.server.notified(observation), [30.0], "pmin is gone");
}
