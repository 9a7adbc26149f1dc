//! Bootstrap and access control: what goes with a Security instance (TS 1.0 Appendix E.1.3), and rights that cannot be
//! (sections 7.3.1.2 and 7.3.1.3).

use super::bootstrap_commands::{empty, instance_paths, known, listed, nosec, refused_then_mended, session};
use whimbrel::capi::*;
use whimbrel_lab::bootstrap::{AccessValues, SecurityValues, ServerValues};
use whimbrel_lab::device::{Right, Security};
use whimbrel_lab::scene::{FIRST_ID, SECOND_ID};
use whimbrel_lab::server::Response;
use whimbrel_lab::{Code, Lab, Operation, Plan, Request, Setup, Step, minutes, seconds, tlv};

const CHANGED: Code = Code::CHANGED;
const CONTENT: Code = Code::CONTENT;
const DELETED: Code = Code::DELETED;

/// Object, instance, owner and entries.
type Given<'a> = (u16, u16, u16, &'a [(u16, u16)]);

/// Three servers with rights; the third is nowhere, which is no matter here.
fn three(rights: &[Given<'_>]) -> Lab {
    let setup = Setup { servers: 2, rights: Some(Vec::new()), ..empty() };
    let uri = "coap://10.0.0.9:5683";
    let third = SecurityValues::new(103, uri, &Security::default());
    let mut configuration = setup.configuration().security(3, third).server(2, ServerValues::new(103));
    for (n, (object, instance, owner, acl)) in (0..).zip(rights) {
        configuration = configuration.access(n, AccessValues::new(*object, *instance, *owner, acl));
    }
    let mut lab = setup.switched_on();
    lab.bootstrap.plan(Plan::new(configuration.writes()).then(Step::finish()));
    lab.run_until("two registrations", minutes(1), |lab| {
        [FIRST_ID, SECOND_ID].iter().all(|id| lab.device.is_registered(*id))
    });
    lab
}

/// Owner and entries of an access control instance.
fn entry(response: &Response, instance: u16) -> Option<(i64, Vec<(u16, i64)>)> {
    let all = response.tlv();
    let owner = tlv::find(&all, &[instance, 3])?.integer()?;
    let integer = |entry: &tlv::Entry| Some((entry.id, entry.integer()?));
    let entries =
        tlv::find(&all, &[instance, 2]).map(|list| list.children.iter().filter_map(integer).collect());
    Some((owner, entries.unwrap_or_default()))
}

/// Appendix E.1.3: with the Security instance of a server goes what belonged to it alone, its rights, and its ownership,
/// which the server gets that has most of Write and Delete.
#[test]
fn boot_015_c_o_a_security_instance_is_deleted_with_what_belonged_to_it() {
    let second = i64::from(SECOND_ID);
    let mut lab = three(&[
        (26241, 0, SECOND_ID, &[(SECOND_ID, 15)]),
        (3303, 0, SECOND_ID, &[(SECOND_ID, 1), (FIRST_ID, 1), (103, 10)]),
        (3, 0, FIRST_ID, &[(FIRST_ID, 15), (SECOND_ID, 1)]),
        (26243, 0, SECOND_ID, &[(FIRST_ID, 9), (103, 7)]),
        (26242, 0, SECOND_ID, &[(103, 3), (FIRST_ID, 15)]),
    ]);
    let plan =
        [Step::read("/2"), Step::delete("/0/2"), Step::read("/2"), Step::discover("/"), Step::finish()];
    let done = session(&mut lab, plan);
    assert_eq!(done.codes(), [CONTENT, DELETED, CONTENT, CONTENT, CHANGED]);
    assert_eq!(entry(done.response(0), 1), Some((second, vec![(SECOND_ID, 1), (FIRST_ID, 1), (103, 10)])));
    let after = |instance| entry(done.response(2), instance);
    assert_eq!(after(0), None, "nobody else could reach it");
    assert_eq!(after(1), Some((103, vec![(FIRST_ID, 1), (103, 10)])), "two rights beat none");
    assert_eq!(after(2), Some((FIRST_ID.into(), vec![(FIRST_ID, 15)])));
    let (owner, _) = after(3).expect("an entry");
    assert!([i64::from(FIRST_ID), 103].contains(&owner), "one right each: either of them, not {owner}");
    assert_eq!(after(4), Some((FIRST_ID.into(), vec![(103, 3), (FIRST_ID, 15)])));
    let paths = instance_paths(&done, 3);
    for gone in ["/26241/0", "/2/0", "/1/1", "/0/2"] {
        assert!(!paths.contains(&gone.into()), "{gone} in {paths:?}");
    }
    lab.run(seconds(10));
    let removed: Vec<_> = lab.device.events_of(WHIMBREL_EVENT_ACCOUNT_REMOVED);
    assert_eq!(removed.iter().map(|event| event.server).collect::<Vec<_>>(), [SECOND_ID]);
    assert_eq!(lab.device.instances(), [0; 0]);
}

/// Its observations end, and it is heard no more; those of others go on.
#[test]
fn boot_015_c_o_the_observations_of_a_deleted_account_end() {
    let both: &[(u16, u16)] = &[(FIRST_ID, 15), (SECOND_ID, 15)];
    let mut lab = three(&[(3303, 0, FIRST_ID, both)]);
    let first = lab.observe("/3303/0/5700");
    let second = lab.second.observe("/3303/0/5700");
    lab.run(seconds(1));
    let done = session(&mut lab, [Step::delete("/0/2"), Step::finish()]);
    assert_eq!(done.codes(), [DELETED, CHANGED]);
    lab.run(seconds(1));
    lab.device.set("/3303/0/5700", 31.0);
    lab.run(seconds(5));
    assert_eq!((lab.server.notified(first), lab.second.notified(second)), (vec![31.0], vec![]));
    let asked = lab.second.send(Request::get("/3303/0/5700"));
    lab.run(minutes(5));
    assert!(lab.second.outcome(asked).is_some_and(|outcome| outcome.result.is_err()));
    assert_eq!(lab.second.count(Operation::Update), 0);
}

/// A session that fails brings back account, rights and instances.
#[test]
fn boot_015_c_o_an_unbootstrapping_is_undone_with_its_session() {
    let only: &[(u16, u16)] = &[(SECOND_ID, 15)];
    let mut lab = three(&[(26241, 0, SECOND_ID, only), (3, 0, SECOND_ID, &[(SECOND_ID, 1), (FIRST_ID, 1)])]);
    let observation = lab.second.observe("/26241/0/1");
    lab.run(seconds(1));
    let done = session(&mut lab, [Step::discover("/"), Step::read("/2"), Step::delete("/0/2")]);
    lab.run(seconds(248));
    let again = session(&mut lab, [Step::discover("/"), Step::read("/2"), Step::finish()]);
    assert_eq!(listed(done.response(0)), listed(again.response(0)));
    assert_eq!(done.response(1).payload, again.response(1).payload);
    let write = lab.second.write_text("/26241/0/1", "7");
    assert_eq!(lab.second_code(write), CHANGED);
    lab.run(seconds(5));
    assert_eq!(lab.second.notified_integers(observation), [Some(7)]);
}

/// Access control that cannot be (sections 7.3.1.2 and 7.3.1.3).
#[test]
fn boot_016_c_o_access_control_that_cannot_be_is_refused() {
    let all = vec![(FIRST_ID, 15), (SECOND_ID, 15)];
    let right = |object| Right { object, instance: 0, owner: FIRST_ID, entries: all.clone() };
    let rights = [3, 3303].map(right).to_vec();
    let setup = Setup { servers: 2, rights: Some(rights), ..known() };
    let write = |values: AccessValues| vec![Step::write("/2/7", values.resources())];
    let wrong = vec![
        ("a second entry for a place", write(AccessValues::new(3, 0, FIRST_ID, &all))),
        ("an owner that is nobody", write(AccessValues::new(26241, 0, 0, &all))),
        ("an owner that is unknown", write(AccessValues::new(26241, 0, 7, &all))),
        ("a right of an unknown server", write(AccessValues::new(26241, 0, FIRST_ID, &[(7, 1)]))),
        ("two servers and no entry", vec![Step::delete("/2")]),
        ("no owner", vec![Step::write("/2/7", [tlv::integer(0, 26241), tlv::integer(1, 0)].concat())]),
    ];
    refused_then_mended(&setup, wrong);
}

/// The example of section 5.2.6: access control is loaded into a client that has none.
#[test]
fn boot_016_c_o_several_servers_need_access_control_where_it_is_written() {
    let access = AccessValues::new(3, 0, FIRST_ID, &[(FIRST_ID, 15)]).resources();
    let second = [
        Step::write("/0/2", nosec(SECOND_ID, "coap://10.0.0.3:5683")),
        Step::write("/1/1", ServerValues::new(SECOND_ID).resources()),
        Step::write("/2/0", access.clone()),
    ];
    refused_then_mended(&known(), vec![("access control", second.to_vec())]);
    let mut lab = known().registered();
    let alone = session(&mut lab, [Step::write("/2/0", access), Step::finish()]);
    assert_eq!(alone.codes(), [Code::NOT_FOUND, CHANGED], "one server needs none");
}
