//! Where two features meet: what one of them keeps must not outlive the other. And what LwM2M 1.1 adds.

use whimbrel::capi::*;
use whimbrel_lab::format::{LINK, TEXT, TLV};
use whimbrel_lab::scene::{DEVICE, FIRST_ID, SECOND_ID, SERVER};
use whimbrel_lab::server::Standing;
use whimbrel_lab::{Code, Lab, Operation, Request, Setup, minutes, seconds, tlv};

const CELSIUS: &str = "/3303/0/5700";

/// A Confirmable notification is under way when its observation is cancelled and the place in the table taken by
/// another one: what comes back for it does not concern the new one.
#[test]
fn ir_003_c_m_a_reset_of_an_old_notification_does_not_end_a_new_observation() {
    let mut lab = Setup { confirm: true, observations: 1, ..Setup::default() }.registered();
    let old = lab.observe(CELSIUS);
    lab.network.drop_next(DEVICE, 1);
    lab.device.set(CELSIUS, 25.0);
    lab.run(100);
    let cancel = lab.server.cancel_observe(old);
    lab.answer(cancel);
    let new = lab.observe("/3/0/9");
    assert!(lab.server.first_answer(new).observe().is_some());
    lab.run(seconds(60));
    lab.device.set("/3/0/9", 50.0);
    lab.run(seconds(60));
    assert_eq!(lab.server.notified_integers(new), [Some(50)]);
    assert_eq!(lab.server.observation(new).standing, Standing::Active);
}

/// The instance goes while a notification of it is under way.
#[test]
fn ir_003_c_m_a_deleted_instance_takes_its_notification_along() {
    let mut lab = Setup { confirm: true, ..Setup::default() }.registered();
    lab.device.create(4);
    lab.run(seconds(1));
    let gone = lab.observe("/26241/4/1");
    let other = lab.observe(CELSIUS);
    lab.network.drop_next(DEVICE, 1);
    lab.device.changed("/26241/4/1");
    lab.run(100);
    lab.device.remove(4);
    lab.run(seconds(100));
    assert_eq!(lab.server.observation(gone).standing, Standing::Ended);
    lab.device.set(CELSIUS, 25.0);
    lab.run(seconds(100));
    assert_eq!(lab.server.notified(other), [25.0]);
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// A deferred request does not outlive its registration.
#[test]
fn dmse_011_c_m_a_new_registration_forgets_deferred_requests() {
    let mut lab = Lab::registered();
    lab.server.execute("/26243/0/5", "");
    lab.run(seconds(1));
    lab.server.lose("whimbrel");
    lab.device.update(FIRST_ID);
    lab.run(seconds(1));
    assert_eq!(lab.server.count(Operation::Register), 2);
    lab.network.clear_records();
    lab.device.complete("/26243/0/5", WHIMBREL_OK);
    lab.run(seconds(100));
    let strays = lab.network.records().iter().filter(|r| r.from == DEVICE).count();
    assert!(strays <= 1, "{strays} messages to a server that does not know them");
    for _ in 0..2 {
        let execute = lab.server.execute("/26243/0/5", "");
        lab.run(seconds(1));
        lab.device.complete("/26243/0/5", WHIMBREL_OK);
        assert_eq!(lab.code(execute), Code::CHANGED, "the places are free again");
    }
}

/// The resource of a deferred Read goes before its value comes.
#[test]
fn dmse_001_c_m_a_deferred_read_of_what_is_gone_is_4_04() {
    let mut lab = Lab::registered();
    let read = lab.server.read("/26243/0/3");
    lab.run(seconds(1));
    lab.device.remove_object(26243);
    lab.device.complete("/26243/0/3", WHIMBREL_OK);
    assert_eq!(lab.code(read), Code::NOT_FOUND);
}

/// An account is removed in the middle of everything: silence, and the other goes on.
#[test]
fn cr_009_c_o_a_removed_account_is_silent() {
    let mut lab = Setup { servers: 2, confirm: true, ..Setup::default() }.registered();
    let (mine, theirs) = (lab.observe(CELSIUS), lab.second.observe(CELSIUS));
    lab.run(seconds(1));
    lab.network.partition_until(SERVER, lab.now() + seconds(1));
    lab.device.set(CELSIUS, 25.0);
    lab.run(100);
    assert_eq!(lab.device.remove_account(FIRST_ID), 0);
    lab.run(minutes(10));
    assert_eq!(lab.server.notified(mine), [] as [f64; 0]);
    lab.device.set(CELSIUS, 26.0);
    lab.run(seconds(1));
    assert_eq!(lab.second.notified(theirs), [25.0, 26.0]);
    assert!(!lab.second.client().instances().contains(&(1, 0)));
    assert!(lab.device.is_registered(SECOND_ID));
}

/// Attributes go with the instance they were written to.
#[test]
fn dmse_004_c_m_attributes_go_with_their_instance() {
    let mut lab = Lab::registered();
    lab.device.create(4);
    lab.attributes("/26241/4", "pmin=100");
    lab.attributes("/26241/4/1", "pmax=200");
    assert_eq!(lab.send(Request::delete("/26241/4")).code, Code::DELETED);
    let create =
        Request::post("/26241").content(TLV, tlv::instance(4, &[tlv::resource(0, "x"), tlv::integer(1, 1)]));
    assert_eq!(lab.send(create).code, Code::CREATED);
    let list = lab.send(Request::get("/26241/4").accept(LINK)).text();
    assert!(!list.contains("pm"), "{list}");
}

/// Attributes survive a new registration (facts sheet B.2), observations do not.
#[test]
fn dmse_004_c_m_attributes_survive_a_new_registration() {
    let mut lab = Lab::registered();
    lab.attributes(CELSIUS, "pmin=100");
    lab.server.lose("whimbrel");
    lab.device.update(0);
    lab.run(seconds(1));
    assert_eq!(lab.send(Request::get(CELSIUS).accept(LINK)).text(), "</3303/0/5700>;pmin=100");
}

/// Unsetting what was never set takes no place, and works where all are taken.
#[test]
fn dmse_004_c_m_a_full_attribute_table_can_be_emptied() {
    let mut lab = Lab::registered();
    let places: Vec<String> =
        [0, 1, 2, 3, 9, 10, 13, 14, 15, 16].iter().map(|id| format!("/3/0/{id}")).collect();
    let mut refused = Vec::new();
    for path in places.iter().map(String::as_str).chain(["/3", "/3/0", "/3303", "/3303/0"]) {
        let id = lab.server.write_attributes(path, "pmin=1");
        if lab.code(id) != Code::CHANGED {
            refused.push(path.to_owned());
        }
    }
    assert_eq!(refused, ["/3303", "/3303/0"], "12 places");
    let unset = lab.server.write_attributes(CELSIUS, "pmin");
    assert_eq!(lab.code(unset), Code::CHANGED, "nothing to remember");
    lab.attributes("/3", "pmin");
    lab.attributes("/3303", "pmin=1");
}

/// Facts sheet A.8: attributes in an Observe belong to 1.2; a client without them must not ignore them silently.
#[test]
fn case_312_attributes_in_an_observe_are_refused() {
    let mut lab = Lab::registered();
    let observe = lab.send(Request::get(&format!("{CELSIUS}?pmin=5")).observe(0));
    assert_eq!((observe.code, observe.observe()), (Code::BAD_REQUEST, None));
}

/// Facts sheet A.7: `depth` (1.2) is ignored by a client without it.
#[test]
fn case_264_depth_in_a_discover_is_ignored() {
    let mut lab = Lab::registered();
    let plain = lab.send(Request::get("/3303").accept(LINK)).text();
    assert_eq!(lab.send(Request::get("/3303?depth=0").accept(LINK)).text(), plain);
}

/// Interop cases 222 to 228: resource instances are addressed from 1.1 on.
#[test]
fn case_222_resource_instances_at_1_1() {
    let mut lab = Setup { versions: (11, 11), ..Setup::default() }.registered();
    assert_eq!(lab.text("/3/0/6/1"), "5");
    let put = |path: &str, text: &str| Request::put(path).content(TEXT, text);
    let array = Request::put("/26241/0/11").content(TLV, tlv::multiple(11, &[(0, &[1]), (2, &[3])]));
    assert_eq!(lab.send(array).code, Code::CHANGED);
    assert_eq!(lab.send(put("/26241/0/11/2", "30")).code, Code::CHANGED);
    assert_eq!(lab.text("/26241/0/11/2"), "30");
    assert_eq!(lab.text("/26241/0/11/0"), "1");
    assert_eq!(lab.send(Request::get("/3/0/6/7")).code, Code::NOT_FOUND);
    assert_eq!(lab.send(Request::get("/3/0/9/0")).code, Code::METHOD_NOT_ALLOWED, "not a multiple resource");
    assert_eq!(lab.send(put("/26241/0/11/1", "2")).code, Code::NOT_FOUND, "a Replace needs it to exist");
    assert_eq!(lab.send(put("/26241/0/1/0", "2")).code, Code::METHOD_NOT_ALLOWED);
    let observation = lab.observe("/26241/0/11/2");
    assert_eq!(lab.send(put("/26241/0/11/2", "31")).code, Code::CHANGED);
    lab.run(seconds(1));
    assert_eq!(lab.server.notified_integers(observation), [Some(31)]);
}

/// The clock of a device that was switched on long ago.
#[test]
fn mec_002_c_m_a_year_of_silence_is_no_trouble() {
    let mut lab = Lab::registered();
    lab.run(minutes(60 * 24 * 400));
    assert_eq!(lab.server.expiries(), 0);
    assert_eq!(lab.text("/3/0/9"), "100");
}
