//! Access control (TS 1.0 section 7.3, LwM2M-SEC-008-C-O, LwM2M-OBJ-003-C-O): every row of section 7.3.2.

use whimbrel_lab::device::Right;
use whimbrel_lab::format::{LINK, TLV};
use whimbrel_lab::scene::{FIRST_ID, SECOND_ID};
use whimbrel_lab::{Code, Lab, Request, Setup, seconds, tlv};

const R: u16 = 1;
const W: u16 = 2;
const E: u16 = 4;
const D: u16 = 8;
const C: u16 = 16;
const NONE: u16 = 65535;

fn right(object: u16, instance: u16, owner: u16, entries: &[(u16, u16)]) -> Right {
    Right { object, instance, owner, entries: entries.to_vec() }
}

/// Two servers; the first owns what the second asks for, if the entries say no more.
fn lab(rights: &[Right]) -> Lab {
    Setup { servers: 2, rights: Some(rights.to_vec()), ..Setup::default() }.registered()
}

/// What the second server is told: Read, Observe, Write, Execute, Delete, Discover, Write-Attributes on `/26241/0`.
fn told(lab: &mut Lab) -> [Code; 7] {
    [
        Request::get("/26241/0/1"),
        Request::get("/26241/0/1").observe(0),
        Request::put("/26241/0/1").content(0, "5"),
        Request::post("/26241/0/20"),
        Request::get("/26241/0").accept(LINK),
        Request::put("/26241/0/1").query("pmin=1"),
        Request::delete("/26241/0"),
    ]
    .map(|request| {
        let id = lab.second.send(request);
        lab.second_code(id)
    })
}

const OK: [Code; 7] =
    [Code::CONTENT, Code::CONTENT, Code::CHANGED, Code::CHANGED, Code::CONTENT, Code::CHANGED, Code::DELETED];
const NO: Code = Code::UNAUTHORIZED;

/// The table of section 7.3.2: each right opens its operations, Discover and Write-Attributes need none.
#[test]
fn sec_008_c_o_each_right_opens_its_operations() {
    for rights in 0..16 {
        let mut lab = lab(&[right(26241, 0, FIRST_ID, &[(SECOND_ID, rights)])]);
        let may = [rights & R, rights & R, rights & W, rights & E, 1, 1, rights & D];
        let mut expected = OK;
        for (code, may) in expected.iter_mut().zip(may) {
            if may == 0 {
                *code = NO;
            }
        }
        assert_eq!(told(&mut lab), expected, "rights {rights}");
    }
}

/// Section 7.3.2.1 B, C and the rest: own entry, else entry 0, else nothing.
#[test]
fn sec_008_c_o_own_entry_then_default_then_nothing() {
    let own = lab_told(&[(SECOND_ID, R), (0, W | E | D)]);
    assert_eq!(
        own,
        [Code::CONTENT, Code::CONTENT, NO, NO, Code::CONTENT, Code::CHANGED, NO],
        "the own entry alone counts"
    );
    let default = lab_told(&[(0, R | E)]);
    assert_eq!(default, [Code::CONTENT, Code::CONTENT, NO, Code::CHANGED, Code::CONTENT, Code::CHANGED, NO]);
    let none = lab_told(&[(FIRST_ID, R)]);
    assert_eq!(none, [NO, NO, NO, NO, Code::CONTENT, Code::CHANGED, NO]);
    let barred = lab_told(&[(SECOND_ID, 0), (0, R | W | E | D)]);
    assert_eq!(
        barred,
        [NO, NO, NO, NO, Code::CONTENT, Code::CHANGED, NO],
        "an entry that grants nothing is one"
    );
}

fn lab_told(entries: &[(u16, u16)]) -> [Code; 7] {
    told(&mut lab(&[right(26241, 0, FIRST_ID, entries)]))
}

/// Section 7.3.2.1 A: the owner without an entry of its own has all rights; with one, those.
#[test]
fn sec_008_c_o_the_owner_has_all_rights_unless_an_entry_says_less() {
    assert_eq!(told(&mut lab(&[right(26241, 0, SECOND_ID, &[])])), OK);
    assert_eq!(told(&mut lab(&[right(26241, 0, SECOND_ID, &[(0, R)])])), OK);
    let less = told(&mut lab(&[right(26241, 0, SECOND_ID, &[(SECOND_ID, R)])]));
    assert_eq!(less[2], NO);
}

/// No Access Control instance at all for it: nothing, where there are several servers.
#[test]
fn sec_008_c_o_without_an_instance_nobody_may() {
    assert_eq!(told(&mut lab(&[])), [NO, NO, NO, NO, Code::CONTENT, Code::CHANGED, NO]);
}

/// Section 7.3.2.1: a single server has full rights, whatever the table says.
#[test]
fn sec_008_c_o_a_single_server_may_do_everything() {
    let rights = vec![right(26241, 0, SECOND_ID, &[(FIRST_ID, 0)])];
    let mut lab = Setup { rights: Some(rights), ..Setup::default() }.registered();
    assert_eq!(lab.send(Request::get("/26241/0/1")).code, Code::CONTENT);
    let create = Request::post("/26241").content(TLV, tlv::resource(0, "x"));
    assert_eq!(lab.send(create).code, Code::CREATED);
    assert_eq!(lab.send(Request::delete("/26241/0")).code, Code::DELETED);
}

/// Section 7.3.1.3: when the second account comes, rights begin to count.
#[test]
fn sec_008_c_o_a_second_account_ends_the_shortcut() {
    let setup = Setup { servers: 2, rights: Some(vec![]), ..Setup::default() };
    let mut lab = setup.registered();
    assert_eq!(lab.send(Request::get("/3/0/0")).code, NO);
    assert_eq!(lab.device.remove_account(SECOND_ID), 0);
    assert_eq!(lab.send(Request::get("/3/0/0")).code, Code::CONTENT);
}

/// Section 7.3.2.2: the right comes before the operation (facts sheet A.9: before the resource).
#[test]
fn sec_008_c_o_the_right_is_checked_before_the_resource() {
    let mut lab = lab(&[right(26241, 0, FIRST_ID, &[(SECOND_ID, R)])]);
    let codes = [
        Request::get("/26241/0/99"),
        Request::get("/26241/0/20"),
        Request::put("/26241/0/22").content(0, "1"),
        Request::get("/26241/9/1"),
        Request::post("/26241/0"),
    ]
    .map(|request| {
        let id = lab.second.send(request);
        lab.second_code(id)
    });
    assert_eq!(codes[..4], [Code::NOT_FOUND, Code::METHOD_NOT_ALLOWED, NO, Code::NOT_FOUND]);
}

/// Section 7.3.2.4: a Read of an object shows the instances that may be read, and only those.
#[test]
fn sec_008_c_o_an_object_shows_the_instances_that_may_be_read() {
    let rights = [
        right(26241, 0, FIRST_ID, &[]),
        right(26241, 1, FIRST_ID, &[(SECOND_ID, R)]),
        right(26241, 2, FIRST_ID, &[(0, W)]),
    ];
    let mut lab = lab(&rights);
    lab.device.create(1);
    lab.device.create(2);
    lab.run(seconds(1));
    let ids = |entries: Vec<tlv::Entry>| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    let read = lab.second.read_as("/26241", TLV);
    assert_eq!(ids(lab.second_answer(read).tlv()), [1]);
    let observation = lab.second.observe("/26241");
    lab.run(seconds(1));
    assert_eq!(ids(lab.second.first_answer(observation).tlv()), [1]);
    lab.device.changed("/26241/1/1");
    lab.run(seconds(1));
    assert_eq!(ids(lab.second.notifications(observation)[0].tlv()), [1]);
    let discover = lab.second.discover("/26241");
    let list = lab.second_answer(discover).text();
    assert!(list.contains("</26241/0>") && list.contains("</26241/2>"), "Discover needs no right: {list}");
    let mine = lab.server.read_as("/26241", TLV);
    assert_eq!(ids(lab.answer(mine).tlv()), [0, 1, 2], "the owner of all");
}

/// Facts sheet A.7: an object of whose instances none may be read is refused.
#[test]
fn sec_008_c_o_an_object_of_which_nothing_may_be_read_is_4_01() {
    let mut lab = lab(&[right(26241, 0, FIRST_ID, &[])]);
    let read = lab.second.read("/26241");
    assert_eq!(lab.second_code(read), NO);
}

/// Sections 7.3.1.2.1 and 7.3.2: Create needs the right on the object, the creator owns what it made.
#[test]
fn sec_008_c_o_create_needs_its_right_and_makes_an_owner() {
    let rights = [
        right(26241, NONE, NONE, &[(SECOND_ID, C)]),
        right(26241, 0, SECOND_ID, &[(FIRST_ID, R | W | E | D | C)]),
    ];
    let mut lab = lab(&rights);
    let create = || Request::post("/26241").content(TLV, tlv::instance(5, &[tlv::resource(0, "x")]));
    assert_eq!(lab.send(create()).code, NO, "rights on instances are none on the object");
    assert_eq!(lab.device.instances(), [0]);
    let id = lab.second.send(create());
    assert_eq!(lab.second_code(id), Code::CREATED);
    let read = lab.second.read("/26241/5/0");
    assert_eq!(lab.second_code(read), Code::CONTENT);
    assert_eq!(lab.send(Request::get("/26241/5/0")).code, NO);
    lab.run(seconds(1));
    let acl = acl_of(&mut lab, 26241, 5).expect("an Access Control instance");
    let entries = lab.send(Request::get(&format!("/2/{acl}")).accept(TLV)).tlv();
    assert_eq!(tlv::find(&entries, &[3]).unwrap().integer(), Some(SECOND_ID.into()));
    assert!(lab.server.client().instances().contains(&(2, acl)), "the list names it");
    let delete = lab.second.delete("/26241/5");
    assert_eq!(lab.second_code(delete), Code::DELETED);
    assert_eq!(acl_of(&mut lab, 26241, 5), None, "section 7.3.1.2.2: it goes with its instance");
}

/// The Access Control instance for an object instance.
fn acl_of(lab: &mut Lab, object: i64, instance: i64) -> Option<u16> {
    let all = lab.send(Request::get("/2").accept(TLV)).tlv();
    let value = |entry: &tlv::Entry, id: u16| tlv::find(&entry.children, &[id]).and_then(tlv::Entry::integer);
    all.iter().find(|e| value(e, 0) == Some(object) && value(e, 1) == Some(instance)).map(|e| e.id)
}

/// The default entry (ID 0) of the object-level instance gives nobody the right to create.
#[test]
fn sec_008_c_o_the_default_entry_does_not_allow_create() {
    let mut lab = lab(&[right(26241, NONE, NONE, &[(0, C)])]);
    let create = Request::post("/26241").content(TLV, tlv::resource(0, "x"));
    assert_eq!(lab.send(create).code, NO);
}

/// Without room for the Access Control instance nothing is created.
#[test]
fn sec_008_c_o_a_create_without_room_for_its_access_control_leaves_nothing() {
    let mut rights = vec![right(26241, NONE, NONE, &[(SECOND_ID, C)])];
    rights.extend((1..16).map(|n| right(26241, 100 + n, FIRST_ID, &[])));
    let mut lab = lab(&rights);
    let create = lab.second.send(Request::post("/26241").content(TLV, tlv::resource(0, "x")));
    assert_eq!(lab.second_code(create), Code::INTERNAL_SERVER_ERROR);
    assert_eq!(lab.device.instances(), [0]);
}

/// Section 7.3.1.2.2: an Access Control instance is managed by its owner alone.
#[test]
fn obj_003_c_o_the_owner_grants_and_revokes() {
    let mut lab = lab(&[right(26241, 0, FIRST_ID, &[])]);
    let acl = acl_of(&mut lab, 26241, 0).unwrap();
    let grant = |rights: u8| tlv::multiple(2, &[(SECOND_ID, &[rights])]);
    let theft = lab.second.send(Request::post(&format!("/2/{acl}")).content(TLV, grant(15)));
    assert_eq!(lab.second_code(theft), NO);
    assert_eq!(lab.send(Request::post(&format!("/2/{acl}")).content(TLV, grant(1))).code, Code::CHANGED);
    let read = lab.second.read("/26241/0/1");
    assert_eq!(lab.second_code(read), Code::CONTENT);
    let write = lab.second.write_text("/26241/0/1", "1");
    assert_eq!(lab.second_code(write), NO);
    for bad in [32, 255] {
        let code = lab.send(Request::post(&format!("/2/{acl}")).content(TLV, grant(bad))).code;
        assert_eq!(code, Code::BAD_REQUEST, "{bad} is no set of rights");
    }
    assert_eq!(lab.send(Request::put(&format!("/2/{acl}/0")).content(0, "3")).code, Code::METHOD_NOT_ALLOWED);
    assert_eq!(lab.send(Request::delete(&format!("/2/{acl}"))).code.class(), 4);
    let create = Request::post("/2").content(TLV, tlv::instance(9, &[tlv::integer(0, 3)]));
    assert_eq!(lab.send(create).code.class(), 4, "only a bootstrap makes them");
}

/// Section 7.3.2.5: rights are checked again at each Notify.
#[test]
fn sec_008_c_o_rights_are_checked_at_each_notify() {
    let mut lab = lab(&[right(3303, 0, FIRST_ID, &[(SECOND_ID, R)])]);
    let acl = acl_of(&mut lab, 3303, 0).unwrap();
    let attributes = lab.second.write_attributes("/3303/0/5700", "pmax=30");
    assert_eq!(lab.second_code(attributes), Code::CHANGED);
    let observation = lab.second.observe("/3303/0/5700");
    lab.run(seconds(1));
    let grant = |rights: u8| {
        Request::post(&format!("/2/{acl}")).content(TLV, tlv::multiple(2, &[(SECOND_ID, &[rights])]))
    };
    assert_eq!(lab.send(grant(2)).code, Code::CHANGED);
    lab.device.set("/3303/0/5700", 25.0);
    lab.run(seconds(100));
    assert_eq!(lab.second.notifications(observation).len(), 0);
    assert_eq!(lab.send(grant(1)).code, Code::CHANGED);
    lab.device.set("/3303/0/5700", 26.0);
    lab.run(seconds(1));
    assert_eq!(lab.second.notified(observation).last(), Some(&26.0));
}

/// Facts sheet A.10: from 1.1 on Write-Attributes needs R on an instance; at object level it is always done.
#[test]
fn sec_008_c_o_write_attributes_needs_r_from_1_1_on() {
    let rights = vec![right(26241, 0, FIRST_ID, &[(SECOND_ID, W)])];
    let mut lab =
        Setup { servers: 2, rights: Some(rights), versions: (11, 11), ..Setup::default() }.registered();
    for (path, code) in [("/26241", Code::CHANGED), ("/26241/0", NO), ("/26241/0/1", NO)] {
        let id = lab.second.write_attributes(path, "pmin=1");
        assert_eq!(lab.second_code(id), code, "{path}");
    }
}
