//! Information Reporting (TS 1.0 section 5.5, RFC 7641): Observe, Notify, Cancel Observation.

use whimbrel::capi::*;
use whimbrel_lab::format::{LINK, TEXT, TLV};
use whimbrel_lab::scene::{DEVICE, SERVER};
use whimbrel_lab::server::Standing;
use whimbrel_lab::{Code, Lab, Request, Setup, Type, minutes, seconds, tlv};

const CELSIUS: &str = "/3303/0/5700";

/// LwM2M-IR-001-C-M: the answer is the first notification.
#[test]
fn ir_001_c_m_observe_is_answered_with_the_value_and_an_observe_option() {
    let mut lab = Lab::registered();
    for path in [CELSIUS, "/3303/0", "/3303", "/3/0/6"] {
        let observation = lab.observe(path);
        let first = lab.server.first_answer(observation).clone();
        assert_eq!(first.code, Code::CONTENT, "{path}");
        assert!(first.observe().is_some(), "{path}");
        assert!(!first.payload.is_empty(), "{path}");
    }
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_OBSERVED).len(), 4);
}

/// LwM2M-IR-001-C-M: codes of an Observe that cannot be.
#[test]
fn ir_001_c_m_observe_refuses_with_the_right_code() {
    let mut lab = Lab::registered();
    for (path, code) in [
        ("/9", Code::NOT_FOUND),
        ("/3/7", Code::NOT_FOUND),
        ("/3/0/99", Code::NOT_FOUND),
        ("/3/0/4", Code::METHOD_NOT_ALLOWED),
        ("/", Code::METHOD_NOT_ALLOWED),
    ] {
        let observation = lab.observe(path);
        assert_eq!(lab.server.first_answer(observation).code, code, "{path}");
        assert_eq!(lab.server.observation(observation).standing, Standing::Ended);
    }
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_OBSERVED), []);
}

/// LwM2M-IR-002-C-M (TS 1.0 sections 5.5.2, 5.1.2): silent until pmin has passed, then the last value, once.
#[test]
fn ir_002_c_m_notify_waits_for_pmin_and_carries_the_last_value() {
    let mut lab = Lab::registered();
    lab.attributes(CELSIUS, "pmin=10");
    let observation = lab.observe(CELSIUS);
    for celsius in [21.5, 22.0] {
        lab.device.set(CELSIUS, celsius);
        lab.run(seconds(4));
    }
    assert_eq!(lab.server.notified(observation), [] as [f64; 0], "after 8 s");
    lab.run(seconds(2));
    assert_eq!(lab.server.notified(observation), [22.0]);
    lab.run(minutes(10));
    assert_eq!(lab.server.notified(observation), [22.0], "once");
}

/// LwM2M-IR-002-C-M: without attributes each change is told at once; an object and an instance tell any of theirs.
#[test]
fn ir_002_c_m_every_change_is_told_at_every_level() {
    let mut lab = Lab::registered();
    let observations = ["/3303", "/3303/0", CELSIUS, "/3303/0/5601"].map(|path| lab.observe(path));
    lab.device.set(CELSIUS, 25.0);
    lab.run(seconds(1));
    lab.device.set(CELSIUS, 26.0);
    lab.run(seconds(1));
    let counts = observations.map(|id| lab.server.notifications(id).len());
    assert_eq!(counts, [2, 2, 2, 0]);
    assert_eq!(lab.server.notified(observations[2]), [25.0, 26.0]);
    let object = lab.server.notifications(observations[0])[1].tlv();
    assert_eq!(tlv::find(&object, &[0, 5700]).unwrap().float(), Some(26.0), "the whole target");
    assert_eq!(tlv::find(&object, &[0, 5701]).unwrap().text(), Some("Cel"));
}

/// RFC 7641 section 4.4: rising sequence numbers, same token, same format as the answer.
#[test]
fn ir_002_c_m_notifications_are_in_sequence_and_in_the_format_of_the_answer() {
    let mut lab = Lab::registered();
    for format in [TEXT, TLV, 11543] {
        let observation = lab.server.observe_as(CELSIUS, format);
        lab.run(seconds(1));
        assert_eq!(lab.server.first_answer(observation).content_format(), Some(format));
        for celsius in [30.0, 31.0, 32.0] {
            lab.device.set(CELSIUS, celsius);
            lab.run(seconds(1));
        }
        let notifications = lab.server.notifications(observation);
        assert_eq!(notifications.len(), 3);
        assert!(
            notifications
                .iter()
                .all(|n| n.content_format == Some(format) && n.fresh && n.code == Code::CONTENT)
        );
        lab.server.cancel_observe(observation);
        lab.run(seconds(1));
    }
}

/// LwM2M-DMSE-006-C-O, interop case 301: at pmax without a change, counted from the last notification.
#[test]
fn dmse_006_c_o_notify_comes_at_pmax_without_a_change() {
    let mut lab = Lab::registered();
    lab.attributes(CELSIUS, "pmin=5&pmax=20");
    let observation = lab.observe(CELSIUS);
    let start = lab.server.first_answer(observation).time;
    lab.run(seconds(30));
    lab.device.set(CELSIUS, 23.0);
    lab.run(seconds(30));
    let times: Vec<u64> = lab.server.notified_at(observation).iter().map(|time| time - start).collect();
    assert_eq!(times, [seconds(20), seconds(30), seconds(50)]);
    assert_eq!(lab.server.notified(observation), [20.0, 23.0, 23.0]);
}

/// Facts sheet B.2: pmax below pmin is ignored; pmin = pmax is one notification every period.
#[test]
fn dmse_006_c_o_pmax_below_pmin_is_ignored_and_equal_is_a_period() {
    let mut lab = Lab::registered();
    lab.attributes("/3/0/9", "pmin=30&pmax=10");
    lab.attributes(CELSIUS, "pmin=10&pmax=10");
    let (ignored, period) = (lab.observe("/3/0/9"), lab.observe(CELSIUS));
    lab.run(seconds(101));
    assert_eq!(lab.server.notifications(ignored).len(), 0);
    assert_eq!(lab.server.notifications(period).len(), 10);
}

/// Values that a sensor takes one second apart, and what is notified of them under these attributes.
fn told(attributes: &str, values: &[f64]) -> Vec<f64> {
    let mut lab = Lab::registered();
    lab.attributes(CELSIUS, attributes);
    lab.device.set(CELSIUS, values[0]);
    let observation = lab.observe(CELSIUS);
    for value in &values[1..] {
        lab.device.set(CELSIUS, *value);
        lab.run(seconds(1));
    }
    lab.server.notified(observation)
}

/// LwM2M-DMSE-007-C-O: each crossing, in both directions, and nothing else (facts sheet L 3).
#[test]
fn dmse_007_c_o_gt_is_told_at_each_crossing() {
    assert_eq!(told("gt=45", &[40.0, 44.0, 50.0, 60.0, 46.0, 45.0, 44.0, 46.0]), [50.0, 45.0, 46.0]);
    assert_eq!(told("gt=-5.5", &[-10.0, -5.5, -5.0, 0.0, -6.0]), [-5.0, -6.0]);
}

/// LwM2M-DMSE-008-C-O.
#[test]
fn dmse_008_c_o_lt_is_told_at_each_crossing() {
    assert_eq!(told("lt=20", &[25.0, 21.0, 20.0, 19.0, 10.0, 20.0, 30.0]), [19.0, 20.0]);
}

/// LwM2M-DMSE-009-C-O: against the value told last, up and down.
#[test]
fn dmse_009_c_o_st_is_told_at_each_step_from_the_last_notification() {
    assert_eq!(told("st=10", &[20.0, 25.0, 29.9, 30.0, 39.0, 40.5, 31.0, 30.5]), [30.0, 40.5, 30.5]);
}

/// Facts sheet B.4, examples: (gt=45, st=10) and (lt=20, gt=85, st=10).
#[test]
fn dmse_009_c_o_conditions_combine() {
    assert_eq!(told("gt=45&st=10", &[45.0, 50.0]), [50.0]);
    assert_eq!(told("gt=45&st=10", &[38.0, 49.0]), [49.0]);
    assert_eq!(told("gt=45&st=10", &[46.0, 47.0, 55.9]), [] as [f64; 0]);
    assert_eq!(told("lt=20&gt=85&st=10", &[75.0, 90.0]), [90.0]);
    assert_eq!(told("lt=20&gt=85&st=10", &[50.0, 10.0]), [10.0]);
    assert_eq!(told("lt=20&gt=85&st=10", &[87.0, 99.0]), [99.0]);
}

/// TS 1.0 section 5.1.2: a condition met during pmin is told when pmin ends, with the value of that time.
#[test]
fn dmse_005_c_o_a_condition_met_during_pmin_is_told_when_it_ends() {
    let mut lab = Lab::registered();
    lab.attributes(CELSIUS, "pmin=10&gt=45");
    let observation = lab.observe(CELSIUS);
    lab.run(seconds(2));
    lab.device.set(CELSIUS, 50.0);
    lab.run(seconds(2));
    lab.device.set(CELSIUS, 40.0);
    lab.run(seconds(7));
    assert_eq!(lab.server.notified(observation), [40.0]);
}

/// Integers and Time are numbers too; wider targets have no conditions (facts sheet B.3).
#[test]
fn dmse_007_c_o_conditions_on_integers_and_wider_targets() {
    let mut lab = Lab::registered();
    lab.attributes("/3/0/9", "lt=20");
    let (resource, instance) = (lab.observe("/3/0/9"), lab.observe("/3/0"));
    for level in [80.0, 15.0] {
        lab.device.set("/3/0/9", level);
        lab.run(seconds(1));
    }
    assert_eq!(lab.server.notified_integers(resource), [Some(15)]);
    assert_eq!(lab.server.notifications(instance).len(), 2);
}

/// TS 1.0 section 5.1.1 rules 3 to 5: the nearest level wins, attribute by attribute.
#[test]
fn dmse_004_c_m_attributes_are_inherited_over_three_levels() {
    let first = |attributes: &[(&str, &str)]| {
        let mut lab = Lab::registered();
        for (path, query) in attributes {
            lab.attributes(path, query);
        }
        let observation = lab.observe(CELSIUS);
        let start = lab.now();
        lab.device.set(CELSIUS, 50.0);
        lab.run(seconds(200));
        let times: Vec<u64> =
            lab.server.notified_at(observation).iter().map(|t| (t - start) / 1000).collect();
        times.into_iter().take(2).collect::<Vec<_>>()
    };
    assert_eq!(first(&[("/3303", "pmin=30")]), [30]);
    assert_eq!(first(&[("/3303", "pmin=30"), ("/3303/0", "pmin=20")]), [20]);
    assert_eq!(first(&[("/3303", "pmin=30"), ("/3303/0", "pmin=20"), (CELSIUS, "pmin=10")]), [10]);
    assert_eq!(first(&[(CELSIUS, "pmin=10"), ("/3303/0", "pmin=20"), ("/3303", "pmin=30")]), [10]);
    assert_eq!(first(&[("/3303", "pmax=40"), ("/3303/0", "pmin=10")]), [10, 50], "each for itself");
    assert_eq!(first(&[("/3303/0", "pmin=20"), (CELSIUS, "pmin=10"), (CELSIUS, "pmin")]), [20], "unset");
    assert_eq!(first(&[("/3303/0", "pmin=20"), (CELSIUS, "pmin=0")]), [0], "0 is a value");
}

/// TS 1.0 section 5.1.2: defaults of the Server object where no level sets a value.
#[test]
fn dmse_005_c_o_defaults_come_from_the_server_object() {
    let mut lab = Setup { pmin: 10, pmax: 30, ..Setup::default() }.registered();
    let observation = lab.observe(CELSIUS);
    let start = lab.now();
    lab.device.set(CELSIUS, 25.0);
    lab.run(seconds(45));
    let times: Vec<u64> = lab.server.notified_at(observation).iter().map(|t| t - start).collect();
    assert_eq!(times, [seconds(10), seconds(40)]);
    lab.attributes(CELSIUS, "pmin=1&pmax=100");
    let before = lab.server.notifications(observation).len();
    lab.device.set(CELSIUS, 26.0);
    lab.run(seconds(2));
    assert_eq!(lab.server.notifications(observation).len(), before + 1);
}

/// Attributes are each server's own.
#[test]
fn dmse_004_c_m_attributes_are_per_server() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    lab.attributes(CELSIUS, "pmin=60");
    let mine = lab.observe(CELSIUS);
    let theirs = lab.second.observe(CELSIUS);
    lab.run(seconds(1));
    lab.device.set(CELSIUS, 25.0);
    lab.run(seconds(10));
    assert_eq!(lab.server.notified(mine), [] as [f64; 0]);
    assert_eq!(lab.second.notified(theirs), [25.0]);
    lab.run(seconds(50));
    assert_eq!(lab.server.notified(mine), [25.0]);
}

/// Write-Attributes on a running observation holds from then on.
#[test]
fn dmse_004_c_m_new_attributes_hold_for_a_running_observation() {
    let mut lab = Lab::registered();
    let observation = lab.observe(CELSIUS);
    lab.attributes("/3303/0", "pmax=15");
    lab.run(seconds(31));
    assert_eq!(lab.server.notifications(observation).len(), 2);
    lab.attributes("/3303/0", "pmax");
    lab.run(seconds(100));
    assert_eq!(lab.server.notifications(observation).len(), 2);
}

/// Facts sheet B.2: all or nothing.
#[test]
fn dmse_004_c_m_wrong_attributes_are_refused_whole() {
    let mut lab = Lab::registered();
    lab.attributes(CELSIUS, "pmin=7");
    let wrong = [
        "foo=1",
        "ver=1",
        "dim=3",
        "pmin=x",
        "pmin=-1",
        "pmin=1.5",
        "pmin=",
        "pmin=1&pmin=2",
        "gt=abc",
        "st=0",
        "st=-1",
        "gt=",
        "lt=50&gt=40",
        "lt=40&gt=40",
        "lt=30&gt=40&st=5",
        "pmin=3&gt=x",
        "pmin=3&foo",
        "PMIN=3",
        "pmin=99999999999",
    ];
    for query in wrong {
        let id = lab.server.write_attributes(CELSIUS, query);
        assert_eq!(lab.code(id), Code::BAD_REQUEST, "{query}");
    }
    let text = lab.send(Request::get(CELSIUS).accept(LINK)).text();
    assert_eq!(text, "</3303/0/5700>;pmin=7");
}

/// Facts sheet B.2: the targets.
#[test]
fn dmse_004_c_m_write_attributes_refuses_with_the_right_code() {
    let mut lab = Lab::registered();
    for (path, query, code) in [
        ("/9", "pmin=1", Code::NOT_FOUND),
        ("/3303/9", "pmin=1", Code::NOT_FOUND),
        ("/3303/0/99", "pmin=1", Code::NOT_FOUND),
        ("/3/0/4", "pmin=1", Code::METHOD_NOT_ALLOWED),
        ("/26242/0/1", "pmin=1", Code::METHOD_NOT_ALLOWED),
        ("/3303", "gt=1", Code::BAD_REQUEST),
        ("/3303/0", "st=1", Code::BAD_REQUEST),
        ("/3/0/0", "gt=1", Code::BAD_REQUEST),
        ("/26241/0/3", "lt=1", Code::BAD_REQUEST),
        ("/", "pmin=1", Code::METHOD_NOT_ALLOWED),
        ("/3/0/0", "pmin=1", Code::CHANGED),
        ("/3/0/6", "pmin=1", Code::CHANGED),
        ("/3303/0/5700", "lt=-4&gt=4.5&st=0.5", Code::CHANGED),
        ("/3303/0/5700", "pmin=0&pmax=0", Code::CHANGED),
    ] {
        let id = lab.server.write_attributes(path, query);
        assert_eq!(lab.code(id), code, "{path}?{query}");
    }
}

/// LwM2M-DMSE-010-C-O, LwM2M-IR-003-C-M, interop case 302: GET with Observe 1.
#[test]
fn ir_003_c_m_cancels_by_get_with_observe_1() {
    let mut lab = Lab::registered();
    let (mine, other) = (lab.observe(CELSIUS), lab.observe("/3/0/9"));
    let cancel = lab.server.cancel_observe(mine);
    let answer = lab.answer(cancel);
    assert_eq!((answer.code, answer.observe()), (Code::CONTENT, None));
    lab.device.set(CELSIUS, 25.0);
    lab.device.set("/3/0/9", 50.0);
    lab.run(seconds(10));
    assert_eq!(lab.server.notifications(mine).len(), 0);
    assert_eq!(lab.server.notifications(other).len(), 1, "others go on");
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_OBSERVATION_ENDED)[0].path, CELSIUS);
}

/// LwM2M-IR-003-C-M, interop case 303: a Reset, to a Confirmable and to a Non-confirmable notification.
#[test]
fn ir_003_c_m_cancels_by_reset() {
    for confirm in [false, true] {
        let mut lab = Setup { confirm, ..Setup::default() }.registered();
        let (mine, other) = (lab.observe(CELSIUS), lab.observe("/3303/0"));
        lab.server.cancel_by_reset(mine);
        for celsius in [25.0, 26.0, 27.0] {
            lab.device.set(CELSIUS, celsius);
            lab.run(seconds(1));
        }
        assert_eq!(lab.server.observation(mine).standing, Standing::Cancelled);
        assert_eq!(lab.server.notifications(other).len(), 3, "confirm {confirm}");
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_OBSERVATION_ENDED).len(), 1);
        let to_mine = lab.server.complaints().len();
        assert_eq!(to_mine, 0, "no further notification of it");
    }
}

/// RFC 7641 section 4.1: the same token replaces, another one is another observation.
#[test]
fn ir_001_c_m_the_same_token_replaces_an_observation() {
    let mut lab = Lab::registered();
    for _ in 0..2 {
        lab.send(Request::get(CELSIUS).observe(0).token([7, 7]));
    }
    lab.device.set(CELSIUS, 25.0);
    lab.run(0);
    let before = lab.network.sent_by(DEVICE);
    lab.device.set(CELSIUS, 26.0);
    lab.run(0);
    assert_eq!(lab.network.sent_by(DEVICE) - before, 0, "the lab reset the first one, which ended it");
    let (a, b) = (lab.observe(CELSIUS), lab.observe(CELSIUS));
    lab.device.set(CELSIUS, 27.0);
    lab.run(seconds(1));
    assert_eq!((lab.server.notified(a), lab.server.notified(b)), (vec![27.0], vec![27.0]));
}

/// RFC 7641 section 4.1: without room the request is served as a Read.
#[test]
fn ir_001_c_m_a_full_table_answers_plainly() {
    let mut lab = Setup { observations: 2, ..Setup::default() }.registered();
    let kept = [lab.observe(CELSIUS), lab.observe("/3/0/9")];
    let third = lab.observe("/3/0/10");
    let answer = lab.server.first_answer(third);
    assert_eq!((answer.code, answer.observe(), answer.integer()), (Code::CONTENT, None, Some(15)));
    let cancel = lab.server.cancel_observe(kept[0]);
    lab.answer(cancel);
    let fourth = lab.observe("/3/0/10");
    assert!(lab.server.first_answer(fourth).observe().is_some());
}

/// An observation ends when its path goes (RFC 7641 section 4.2: a last notification with an error).
#[test]
fn ir_003_c_m_an_observation_ends_with_its_path() {
    let mut lab = Lab::registered();
    lab.device.create(4);
    lab.run(seconds(1));
    let (resource, instance, object) =
        (lab.observe("/26241/4/22"), lab.observe("/26241/4"), lab.observe("/26241"));
    assert_eq!(lab.send(Request::delete("/26241/4")).code, Code::DELETED);
    lab.run(seconds(1));
    for gone in [resource, instance] {
        assert_eq!(lab.server.observation(gone).standing, Standing::Ended);
        assert_eq!(lab.server.notifications(gone)[0].code, Code::NOT_FOUND);
    }
    assert_eq!(lab.server.observation(object).standing, Standing::Active);
    assert_eq!(lab.server.notifications(object).len(), 1, "the object's content changed");
    let sensor = lab.observe(CELSIUS);
    lab.device.remove_object(3303);
    lab.run(seconds(1));
    assert_eq!(lab.server.observation(sensor).standing, Standing::Ended);
}

/// An instance that comes is a change of its object.
#[test]
fn ir_002_c_m_a_new_instance_is_told_to_who_observes_the_object() {
    let mut lab = Lab::registered();
    let object = lab.observe("/26241");
    let create = Request::post("/26241").content(TLV, tlv::instance(2, &[tlv::resource(0, "x")]));
    assert_eq!(lab.send(create).code, Code::CREATED);
    lab.run(seconds(1));
    assert!(tlv::find(&lab.server.notifications(object)[0].tlv(), &[2, 0]).is_some());
    lab.device.create(3);
    lab.run(seconds(1));
    assert_eq!(lab.server.notifications(object).len(), 2, "also when the application adds it");
}

/// A Write by one server is a change for the other.
#[test]
fn ir_002_c_m_a_write_is_told_to_the_other_server() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    let theirs = lab.second.observe("/26241/0/1");
    lab.run(seconds(1));
    let write = lab.server.write_text("/26241/0/1", "5");
    lab.code(write);
    lab.run(seconds(1));
    assert_eq!(lab.second.notified_integers(theirs), [Some(5)]);
}

/// TS 1.0 section 5.5.1: a Register voids observations.
#[test]
fn ir_001_c_m_a_new_registration_voids_observations() {
    let mut lab = Lab::registered();
    lab.observe(CELSIUS);
    lab.server.lose("whimbrel");
    assert_eq!(lab.device.update(0), 0);
    lab.run(seconds(1));
    let before = lab.network.sent_by(DEVICE);
    lab.device.set(CELSIUS, 25.0);
    lab.run(minutes(1));
    assert_eq!(lab.network.sent_by(DEVICE), before);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_OBSERVATION_ENDED).len(), 1);
}

/// RFC 7641 section 4.5: at least once a day a notification is Confirmable.
#[test]
fn ir_002_c_m_a_notification_a_day_is_confirmable() {
    let mut lab = Lab::registered();
    lab.attributes(CELSIUS, "pmax=3600");
    let observation = lab.observe(CELSIUS);
    lab.run(minutes(60 * 73));
    let kinds: Vec<Type> = lab.server.notifications(observation).iter().map(|n| n.kind).collect();
    let confirmed = kinds.iter().filter(|kind| **kind == Type::Con).count();
    assert_eq!(kinds.len(), 73);
    assert_eq!(confirmed, 3);
    assert_eq!(kinds[23], Type::Con);
}

/// A Confirmable notification that is lost is sent again; changes meanwhile are told after it.
#[test]
fn ir_002_c_m_a_confirmable_notification_survives_loss() {
    let mut lab = Setup { confirm: true, ..Setup::default() }.registered();
    let observation = lab.observe(CELSIUS);
    lab.network.drop_next(DEVICE, 2);
    for celsius in [21.0, 22.0, 23.0] {
        lab.device.set(CELSIUS, celsius);
        lab.run(seconds(1));
    }
    lab.run(seconds(30));
    let notified = lab.server.notified(observation);
    assert_eq!(notified.last(), Some(&23.0));
    assert!(lab.server.notifications(observation).iter().all(|n| n.fresh && n.kind == Type::Con));
}

/// Nobody acknowledges: the client finds out by an Update, and the change is not lost if the server is there.
#[test]
fn ir_002_c_m_an_unacknowledged_notification_is_not_lost() {
    let mut lab = Setup { confirm: true, ..Setup::default() }.registered();
    let observation = lab.observe(CELSIUS);
    lab.network.drop_next(DEVICE, 5);
    lab.device.set(CELSIUS, 25.0);
    lab.run(seconds(200));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_NOTIFY_FAILED).len(), 1);
    assert_eq!(lab.server.notified(observation), [25.0]);
}

/// TS 1.0 Appendix E.2 resource 6: true stores the last value while offline.
#[test]
fn obj_002_c_m_notifications_are_stored_while_offline_where_6_says_so() {
    for confirm in [false, true] {
        let mut lab = Setup { confirm, ..Setup::default() }.registered();
        let observation = lab.observe(CELSIUS);
        lab.device.network(false, false);
        for celsius in [25.0, 26.0] {
            lab.device.set(CELSIUS, celsius);
            lab.run(seconds(100));
        }
        assert_eq!(lab.server.notifications(observation).len(), 0);
        lab.device.network(true, false);
        lab.run(seconds(10));
        assert_eq!(lab.server.notified(observation), [26.0], "confirm {confirm}");
    }
}

/// False: what happened while offline is not told.
#[test]
fn obj_002_c_m_notifications_are_discarded_while_offline_where_6_says_so() {
    let mut lab = Setup { discard_offline: true, ..Setup::default() }.registered();
    assert_eq!(lab.text("/1/0/6"), "0");
    let observation = lab.observe(CELSIUS);
    lab.device.network(false, false);
    lab.device.set(CELSIUS, 25.0);
    lab.run(seconds(100));
    lab.device.network(true, false);
    lab.run(seconds(10));
    assert_eq!(lab.server.notifications(observation).len(), 0);
    lab.device.set(CELSIUS, 26.0);
    lab.run(seconds(10));
    assert_eq!(lab.server.notified(observation), [26.0], "the observation goes on");
}

/// The same with pmax: what fell due while offline is discarded, and the period goes on.
#[test]
fn obj_002_c_m_pmax_goes_on_after_discarding() {
    let mut lab = Setup { discard_offline: true, ..Setup::default() }.registered();
    lab.attributes(CELSIUS, "pmax=20");
    let observation = lab.observe(CELSIUS);
    lab.device.network(false, false);
    lab.run(seconds(50));
    lab.device.changed("/3/0/9");
    lab.run(seconds(50));
    lab.device.network(true, false);
    lab.run(seconds(60));
    let told = lab.server.notifications(observation).len();
    assert!((2..=4).contains(&told), "{told} notifications in 60 s with pmax=20");
}

/// A Confirmable notification is under way when the network goes: it is stored too.
#[test]
fn obj_002_c_m_a_notification_caught_by_the_network_going_is_stored() {
    let mut lab = Setup { confirm: true, ..Setup::default() }.registered();
    let observation = lab.observe(CELSIUS);
    lab.network.partition_until(SERVER, lab.now() + seconds(50));
    lab.device.set(CELSIUS, 25.0);
    lab.run(seconds(1));
    lab.device.network(false, false);
    lab.run(seconds(60));
    lab.device.network(true, false);
    lab.run(seconds(30));
    assert_eq!(lab.server.notified(observation), [25.0]);
}
