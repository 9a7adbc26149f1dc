//! What a bootstrap server commands (TS 1.0 section 5.2.7; Bootstrap-Read: TS 1.1 section 6.1.7), and what comes of it.

use whimbrel::capi::*;
use whimbrel_lab::bootstrap::{SecurityValues, ServerValues, Session};
use whimbrel_lab::device::{BootstrapAccount, Security};
use whimbrel_lab::format::{OPAQUE, TEXT, TLV};
use whimbrel_lab::scene::{FIRST_ID, SECOND_ID};
use whimbrel_lab::server::Response;
use whimbrel_lab::{Answer, Code, Lab, Operation, Plan, Request, Setup, Step, minutes, seconds, tlv};

const BAD: Code = Code::BAD_REQUEST;
const CHANGED: Code = Code::CHANGED;
const CONTENT: Code = Code::CONTENT;
const DELETED: Code = Code::DELETED;
const FOUND: Code = Code::NOT_FOUND;
const METHOD: Code = Code::METHOD_NOT_ALLOWED;
const REFUSED: Code = Code::NOT_ACCEPTABLE;
const TYPE: Code = Code::UNSUPPORTED_CONTENT_FORMAT;

/// The factory set one server, `/0/1` and `/1/0`, and the bootstrap server, `/0/0`; LwM2M 1.1.
pub fn known() -> Setup {
    let bootstrap = Some(BootstrapAccount::default());
    Setup { bootstrap, versions: (10, 11), places: Some(5), ..Setup::default() }
}

/// Only the bootstrap server.
pub fn empty() -> Setup {
    Setup { factory: false, ..known() }
}

/// What comes of a session that the application asks for.
pub fn session(lab: &mut Lab, plan: impl Into<Plan>) -> Session {
    lab.bootstrap.plan(plan);
    let number = lab.bootstrap.sessions().len();
    assert_eq!(lab.device.start_bootstrap(), WHIMBREL_OK);
    lab.session(number)
}

/// The same, of a device of its own, with the codes only.
fn codes(setup: &Setup, plan: impl Into<Plan>) -> Vec<Code> {
    session(&mut setup.registered(), plan).codes()
}

/// Paths and attributes of a Discover, in the order of the paths.
pub fn listed(response: &Response) -> Vec<String> {
    assert_eq!((response.code, response.content_format()), (CONTENT, Some(40)));
    let mut links: Vec<_> = response.text().split(',').map(str::to_owned).collect();
    links.sort();
    links
}

pub fn instance_paths(session: &Session, n: usize) -> Vec<String> {
    session.links(n).into_iter().map(|link| link.path).filter(|path| path.matches('/').count() == 2).collect()
}

fn lifetime(seconds: u32) -> ServerValues {
    ServerValues { lifetime: seconds, ..ServerValues::new(FIRST_ID) }
}

pub fn nosec(id: u16, uri: &str) -> Vec<u8> {
    SecurityValues::new(id, uri, &Security::default()).resources()
}

/// LwM2M-BOOT-014-C-O: `POST /bs`, at 1.0 with the endpoint name alone (table 5).
#[test]
fn boot_014_c_o_the_request_at_1_0_has_the_endpoint_name_alone() {
    let lab = Setup { versions: (10, 10), endpoint: "urn:imei:1", ..empty() }.registered();
    let [asked] = lab.bootstrap.requests()[..] else { panic!("one request") };
    assert_eq!(asked.said.queries, ["ep=urn:imei:1"]);
}

/// From 1.1 on it says which format it would like (TS 1.1 section 6.1.7.1), whatever the lowest version is.
#[test]
fn boot_014_c_o_the_request_at_1_1_says_the_preferred_format() {
    for few_formats in [false, true] {
        let lab = Setup { few_formats, ..empty() }.registered();
        assert_eq!(lab.bootstrap.last().queries(), ["ep=whimbrel", "pct=11542"]);
    }
}

/// A server that does not like it is asked once more without, at once, and never again with it.
#[test]
fn boot_014_c_o_a_server_that_refuses_the_format_is_asked_without() {
    let mut lab = empty().switched_on();
    lab.bootstrap.on_next(Answer::code(TYPE));
    lab.session(0);
    lab.run(seconds(5));
    assert!(lab.device.is_registered(FIRST_ID));
    session(&mut lab, [Step::finish()]);
    let said: Vec<_> = lab.bootstrap.requests().iter().map(|entry| entry.said.queries.clone()).collect();
    assert_eq!(said[0], ["ep=whimbrel", "pct=11542"]);
    assert_eq!(said[1..], [["ep=whimbrel"], ["ep=whimbrel"]]);
    assert_eq!(lab.bootstrap.requests()[0].time, lab.bootstrap.requests()[1].time);
}

/// One that says so twice is asked again later only.
#[test]
fn boot_014_c_o_a_second_refusal_of_the_format_is_a_failure() {
    let mut lab = empty().switched_on();
    lab.bootstrap.always(Some(Answer::code(TYPE)));
    lab.run(seconds(20));
    assert_eq!(lab.bootstrap.requests().len(), 2);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_FAILED).len(), 1);
}

/// LwM2M-BOOT-015-C-O, section 5.2.7.3: the version, every instance, and of accounts the Short Server ID; the bootstrap
/// server has none. Every entry is a link, as RFC 6690 wants it.
#[test]
fn boot_015_c_o_discover_at_1_0_lists_instances_with_their_servers() {
    let mut lab = Setup { versions: (10, 10), servers: 2, ..known() }.registered();
    let session = session(&mut lab, [Step::discover("/"), Step::discover("/0"), Step::discover("/1")]);
    let security = ["</0/0>", "</0/1>;ssid=101", "</0/2>;ssid=102"];
    let server = ["</1/0>;ssid=101", "</1/1>;ssid=102"];
    let rest = ["</26241/0>", "</26242/0>", "</26243/0>", "</3/0>", "</3303/0>", "</3303>;ver=1.1"];
    let version = ["</>;lwm2m=1.0"];
    let all = [&security[..], &server, &rest, &version].concat();
    assert_eq!(listed(session.response(0)), all);
    assert_eq!(listed(session.response(1)), [&security[..], &version].concat());
    assert_eq!(listed(session.response(2)), [&server[..], &version].concat());
}

/// From 1.1 on accounts have their URI too (TS 1.1 section 6.1.7.3).
#[test]
fn boot_015_c_o_discover_at_1_1_has_the_uri() {
    let mut lab = known().registered();
    let session = session(&mut lab, [Step::discover("/0"), Step::discover("/1")]);
    let links = session.links(0);
    let of = |path: &str| links.iter().find(|link| link.path == path).expect("a link");
    assert_eq!(of("/").attribute("lwm2m"), Some("1.1"));
    assert_eq!(of("/0/1").attribute("ssid"), Some("101"));
    assert_eq!(of("/0/1").attribute("uri"), Some("coap://10.0.0.2:5683"));
    assert_eq!(of("/0/0").attribute("ssid"), None);
    let server = session.links(1);
    let server = server.iter().find(|link| link.path == "/1/0").expect("a link");
    assert_eq!((server.attribute("ssid"), server.attribute("uri")), (Some("101"), None));
}

/// Objects without instances are listed by themselves; what is not there cannot be discovered, nor can an instance.
#[test]
fn boot_015_c_o_discover_of_what_has_no_instances() {
    let mut lab = known().registered();
    let plan = [
        Step::delete("/26241"),
        Step::discover("/26241"),
        Step::discover("/77"),
        Step::discover("/2"),
        Step::discover("/3/0"),
        Step::Ask(Request::get("/").accept(TLV)),
    ];
    let session = session(&mut lab, plan);
    assert_eq!(session.codes(), [DELETED, CONTENT, FOUND, FOUND, METHOD, METHOD]);
    assert_eq!(listed(session.response(1)), ["</26241>", "</>;lwm2m=1.1"]);
}

/// A list that is longer than a datagram comes in blocks, and is the same.
#[test]
fn boot_015_c_o_a_long_discover_comes_in_blocks() {
    let mut lab = Setup { servers: 2, ..known() }.registered();
    let small = Request::get("/").accept(40).block2_szx(0);
    let session = session(&mut lab, [Step::discover("/"), Step::Ask(small)]);
    assert_eq!(listed(session.response(0)), listed(session.response(1)));
    let messages = session.done[1].outcome.as_ref().map(|outcome| outcome.messages);
    assert!(messages > Some(5), "{messages:?}");
}

/// TS 1.1 section 6.1.7.4: the Server and Access Control objects may be read, and nothing else; at 1.0 nothing at all.
#[test]
fn boot_015_c_o_read_is_for_servers_and_access_control_from_1_1_on() {
    let paths = ["/1", "/1/0", "/1/7", "/2", "/0", "/0/1", "/0/1/0", "/1/0/1", "/3", "/3/0", "/26241/0"];
    let codes = |setup: Setup| codes(&setup, Plan::new(paths.map(Step::read)));
    let allowed = [CONTENT, CONTENT, FOUND, FOUND];
    assert_eq!(codes(known()), [&allowed[..], &[METHOD; 7]].concat());
    assert_eq!(codes(Setup { versions: (10, 10), ..known() }), [METHOD; 11]);
}

/// An object without instances is read as such (case 8).
#[test]
fn boot_015_c_o_read_of_an_object_without_instances_is_empty() {
    let mut lab = empty().switched_on();
    lab.bootstrap.plan([Step::read("/1"), Step::read("/1/0")]);
    let done = lab.session(0);
    assert_eq!(done.codes(), [CONTENT, FOUND]);
    assert_eq!(done.response(0).payload, [0; 0]);
}

/// Case 4: `/0` and `/1` are deleted, the bootstrap account survives, and a Read shows that no server is left.
#[test]
fn case_004_delete_of_both_account_objects_spares_the_bootstrap_account() {
    let setup = known();
    let mut lab = setup.registered();
    let look = [Step::delete("/0"), Step::delete("/1"), Step::read("/1"), Step::discover("/0")];
    let plan = [look.to_vec(), setup.configuration().writes(), vec![Step::finish()]].concat();
    let done = session(&mut lab, plan);
    assert_eq!(done.codes(), [DELETED, DELETED, CONTENT, CONTENT, CHANGED, CHANGED, CHANGED]);
    assert_eq!(done.response(2).payload, [0; 0]);
    assert_eq!(instance_paths(&done, 3), ["/0/0"]);
}

/// Case 5: a server executes the Bootstrap-Request Trigger, gets its 2.04, and the request follows.
fn trigger(setup: &Setup) {
    let mut lab = setup.registered();
    let before = lab.bootstrap.requests().len();
    assert_eq!(lab.send(Request::post("/1/0/9")).code, CHANGED);
    assert_eq!(lab.session(before).finish(), Some(CHANGED));
    assert_eq!(lab.bootstrap.requests().len(), before + 1);
}

#[test]
fn case_005_a_trigger_is_answered_and_followed_by_a_request() {
    trigger(&empty());
}

#[test]
fn case_005_a_trigger_of_a_factory_account_too() {
    trigger(&known());
}

/// Case 9: an account of which only `/1/x/5` was written is none.
#[test]
fn case_009_an_account_with_one_optional_resource_alone_is_refused() {
    let mut lab = empty().switched_on();
    lab.bootstrap.plan([Step::delete("/1"), Step::write_text("/1/0/5", "60"), Step::finish()]);
    assert_eq!(lab.session(0).codes(), [DELETED, CHANGED, REFUSED]);
}

/// The object as a whole: instances that are there are written, others come into being.
#[test]
fn boot_008_c_m_an_object_is_written_with_several_instances() {
    let mut lab = known().registered();
    let payload = [(0, "zero", 1), (5, "five", 55)]
        .map(|(id, text, number)| tlv::instance(id, &[tlv::resource(0, text), tlv::integer(1, number)]));
    let done = session(&mut lab, [Step::write("/26241", payload.concat()), Step::finish()]);
    assert_eq!(done.codes(), [CHANGED; 2]);
    lab.run(seconds(5));
    let values = ["/26241/0/0", "/26241/0/1", "/26241/5/0", "/26241/5/1"].map(|path| lab.text(path));
    assert_eq!(values, ["zero", "1", "five", "55"]);
    assert!(lab.server.client().instances().contains(&(26241, 5)), "the Update lists it");
}

/// An instance of an account: what differs is known to the server by an Update.
#[test]
fn boot_008_c_m_an_instance_is_written_as_a_whole() {
    let mut lab = Setup { pmin: 3, ..known() }.registered();
    let done = session(
        &mut lab,
        [Step::write("/1/0", lifetime(777).resources()), Step::read("/1/0"), Step::finish()],
    );
    assert_eq!(done.codes(), [CHANGED, CONTENT, CHANGED]);
    let read = done.response(1).tlv();
    assert_eq!(tlv::find(&read, &[1]).and_then(tlv::Entry::integer), Some(777));
    assert_eq!(tlv::find(&read, &[2]), None, "an optional resource that is not named is not instantiated");
    lab.run(seconds(5));
    assert_eq!(lab.server.client().lifetime, 777);
    assert_eq!(lab.send(Request::get("/1/0/2")).code, FOUND);
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// The same holds for objects of the application: what is not named is gone.
#[test]
fn boot_015_c_o_optional_resources_not_named_are_not_instantiated() {
    let mut lab = known().registered();
    let payload = [tlv::resource(0, "a"), tlv::integer(1, 1), tlv::float(2, 2.0)].concat();
    let less = [tlv::resource(0, "b"), tlv::float(2, 3.0)].concat();
    let plan = [Step::write("/26241/0", payload), Step::write("/26241/0", less), Step::finish()];
    assert_eq!(session(&mut lab, plan).codes(), [CHANGED; 3]);
    lab.run(seconds(5));
    assert_eq!((lab.text("/26241/0/0"), lab.text("/26241/0/2")), ("b".into(), "3".into()));
    for path in ["/26241/0/1", "/26241/0/3", "/26241/0/10"] {
        assert_eq!(lab.send(Request::get(path)).code, FOUND, "{path}");
    }
}

/// A resource: as text, as TLV, in blocks of 16 bytes.
#[test]
fn boot_015_c_o_a_resource_is_written_in_every_format() {
    let mut lab = known().registered();
    let long = "coap://10.0.0.2:5683/a/path/that/takes/more/than/a/block";
    let plan = [
        Step::write_text("/1/0/1", "600"),
        Step::write("/1/0/2", tlv::integer(2, 7)),
        Step::write_text("/26241/0/0", &"long ".repeat(50)).in_blocks(0),
        Step::write_opaque("/26241/0/4", &[7; 16]).in_blocks(0),
        Step::write_text("/0/1/0", long).in_blocks(0),
        Step::write_text("/0/1/0", "coap://10.0.0.2:5683"),
        Step::finish(),
    ];
    assert_eq!(session(&mut lab, plan).codes(), [CHANGED; 7]);
    lab.run(seconds(5));
    assert_eq!((lab.text("/1/0/1"), lab.text("/1/0/2")), ("600".into(), "7".into()));
    assert_eq!(lab.text("/26241/0/0"), "long ".repeat(50));
    let read = lab.server.read_as("/26241/0/4", OPAQUE);
    assert_eq!(lab.answer(read).payload, [7; 16]);
    assert_eq!(lab.server.count(Operation::Register), 1, "the account is the same in the end");
}

/// LwM2M-BOOT-007-C-O: a key, as bytes and in blocks; the session with the server is a new one.
#[test]
fn boot_007_c_o_a_key_is_written_as_opaque() {
    let setup = Setup { security: Security::psk("server", &[1; 32]), ..known() };
    let mut lab = setup.registered();
    lab.gate().forget_identities();
    lab.gate().know(b"other", &[2; 32]);
    let plan = [
        Step::write_opaque("/0/1/3", b"other"),
        Step::write_opaque("/0/1/5", &[2; 32]).in_blocks(0),
        Step::finish(),
    ];
    assert_eq!(session(&mut lab, plan).codes(), [CHANGED; 3]);
    lab.run_until("a registration", minutes(5), |lab| lab.server.count(Operation::Register) == 2);
    assert_eq!(lab.gate().counters().full, 2);
}

/// "Regardless of an existence of the targeted Object Instance(s) or Resource(s)".
#[test]
fn boot_008_c_m_what_is_not_there_is_written() {
    let mut lab = Setup { servers: 2, ..known() }.registered();
    let plan = [
        Step::delete("/0/2"),
        Step::write("/0/9", nosec(SECOND_ID, "coap://10.0.0.3:5683")),
        Step::write("/1/8", ServerValues::new(SECOND_ID).resources()),
        Step::write_text("/26241/4/0", "new"),
        Step::write_text("/1/0/3", "60"),
        Step::finish(),
    ];
    assert_eq!(session(&mut lab, plan).codes(), [DELETED, CHANGED, CHANGED, CHANGED, CHANGED, CHANGED]);
    lab.run(seconds(5));
    assert_eq!((lab.text("/26241/4/0"), lab.text("/1/0/3")), ("new".into(), "60".into()));
    assert_eq!(lab.text("/1/8/0"), SECOND_ID.to_string());
    assert!(lab.device.is_registered(SECOND_ID));
}

/// Section 5.2.7.4: what the client does not know of an instance is passed over; what is asked for by itself is not.
#[test]
fn boot_015_c_o_unknown_resources_are_passed_over_unless_addressed() {
    let more = || tlv::integer(200, 1);
    let server = ServerValues { more: more(), ..lifetime(900) };
    let security = [nosec(FIRST_ID, "coap://10.0.0.2:5683"), more()].concat();
    let mut lab = known().registered();
    let plan = [
        Step::write("/1/0", server.resources()),
        Step::write("/0/1", security),
        Step::write("/26241/0", [tlv::resource(0, "a"), more()].concat()),
        Step::write_text("/1/0/200", "1"),
        Step::write_text("/26241/0/200", "1"),
        Step::write("/77/0", more()),
        Step::write("/77", tlv::instance(0, &[more()])),
        Step::finish(),
    ];
    let expected = [CHANGED, CHANGED, CHANGED, FOUND, FOUND, FOUND, FOUND, CHANGED];
    assert_eq!(session(&mut lab, plan).codes(), expected);
    assert_eq!(lab.text("/1/0/1"), "900");
}

/// Values and formats that cannot be, and resources that take no value.
#[test]
fn boot_015_c_o_what_cannot_be_written_is_refused() {
    let refused = [
        (Step::write_text("/1/0/1", "abc"), BAD),
        (Step::write("/1/0", tlv::resource(1, [1, 2, 3])), BAD),
        (Step::write("/1/0", b"\xc8\x00\xff"), BAD),
        (Step::write("/0/1", tlv::integer(2, 9)), BAD),
        (Step::write_text("/0/1/1", "2"), BAD),
        (Step::write_as("/1/0/1", 9999, "1"), TYPE),
        (Step::write_as("/1/0", TEXT, "1"), TYPE),
        (Step::write_as("/1", TEXT, "1"), TYPE),
        (Step::Ask(Request::put("/1/0/1").payload("1")), BAD),
        (Step::write_text("/1/0/8", "1"), METHOD),
        (Step::write_text("/3303/0/5700", "1"), METHOD),
        (Step::Ask(Request::put("/").content(TLV, lifetime(1).resources())), METHOD),
        (Step::Ask(Request::post("/1/0").content(TLV, lifetime(1).resources())), METHOD),
        (Step::Ask(Request::post("/3/0/4")), METHOD),
    ];
    let mut lab = known().registered();
    let (steps, expected): (Vec<_>, Vec<_>) = refused.into_iter().unzip();
    let done = session(&mut lab, Plan::new(steps).then(Step::finish()));
    assert_eq!(done.codes(), [&expected[..], &[CHANGED]].concat());
    assert_eq!(lab.text("/1/0/1"), "86400");
}

/// One mistake at the very end, and nothing is changed: neither the instance with it nor the one before.
#[test]
fn boot_015_c_o_a_payload_wrong_at_its_end_changes_nothing() {
    let mut lab = Setup { servers: 2, ..known() }.registered();
    let bad = [lifetime(100).resources(), tlv::resource(6, b"xx")].concat();
    let servers =
        [tlv::instance(0, &[lifetime(5).resources()]), tlv::instance(1, std::slice::from_ref(&bad))];
    let cut = tlv::instance(0, &[lifetime(5).resources()]);
    let plan = [
        Step::read("/1"),
        Step::write("/1", servers.concat()),
        Step::write("/1/0", bad),
        Step::write("/1", [&cut[..], &[0x08, 0x01, 0x09]].concat()),
        Step::write("/26241/0", [tlv::resource(0, "lost"), tlv::resource(3, b"xx")].concat()),
        Step::read("/1"),
        Step::finish(),
    ];
    let before = lab.text("/26241/0/0");
    let done = session(&mut lab, plan);
    assert_eq!(done.codes(), [CONTENT, BAD, BAD, BAD, BAD, CONTENT, CHANGED]);
    assert_eq!(done.response(0).payload, done.response(5).payload);
    assert_eq!(lab.text("/26241/0/0"), before);
}

/// What a session did to an object of the application is undone with all else when it comes to nothing.
#[test]
fn boot_008_c_m_the_values_of_an_application_are_undone() {
    let mut lab = known().registered();
    for (path, value) in [("/26241/0/0", "mine"), ("/26241/0/1", "41")] {
        let write = lab.server.write_text(path, value);
        assert_eq!(lab.code(write), CHANGED);
    }
    let all = || Request::get("/26241").accept(TLV);
    let before = lab.send(all()).payload;
    let other = [tlv::resource(0, "theirs"), tlv::float(2, 1.5)].concat();
    let plans: [Vec<Step>; 4] = [
        vec![Step::write("/26241/0", other.clone())],
        vec![Step::write("/26241/3", other), Step::write_text("/26241/0/1", "42")],
        vec![Step::delete("/26241/0"), Step::write_text("/26241/0/0", "anew")],
        vec![Step::delete("/")],
    ];
    for plan in plans {
        let done = session(&mut lab, plan);
        assert!(done.codes().iter().all(|code| code.is_success()), "{:?}", done.codes());
        lab.run(seconds(248));
        assert_eq!(lab.send(all()).payload, before, "{:?}", done.plan);
        assert_eq!(lab.device.instances(), [0]);
    }
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// Section 5.2.7.5: an instance, an object, everything; resources cannot be deleted.
#[test]
fn boot_015_c_o_delete_is_for_instances_objects_and_everything() {
    let mut lab = known().registered();
    let plan = [
        Step::delete("/26241/0/0"),
        Step::delete("/1/0/1"),
        Step::delete("/26241/9"),
        Step::delete("/77"),
        Step::write_text("/26241/1/0", "one"),
        Step::delete("/26241/0"),
        Step::discover("/26241"),
        Step::delete("/26241"),
        Step::discover("/26241"),
        Step::finish(),
    ];
    let done = session(&mut lab, plan);
    let refused = [METHOD, METHOD, FOUND, FOUND];
    let obeyed = [CHANGED, DELETED, CONTENT, DELETED, CONTENT, CHANGED];
    assert_eq!(done.codes(), [&refused[..], &obeyed].concat());
    assert_eq!((instance_paths(&done, 6), instance_paths(&done, 8)), (vec!["/26241/1".into()], vec![]));
    assert_eq!(lab.device.instances(), [0; 0]);
}

/// Deleting everything leaves the account of the bootstrap server, the Device object, and what nobody can make again.
#[test]
fn boot_015_c_o_delete_spares_the_bootstrap_account_and_the_device() {
    let rest = ["/3/0", "/3303/0", "/26242/0", "/26243/0"];
    for (path, left) in [("/", vec!["/0/0"]), ("/0", vec!["/0/0", "/26241/0"])] {
        let mut lab = known().registered();
        let done = session(&mut lab, [Step::delete(path), Step::discover("/")]);
        assert_eq!(done.codes(), [DELETED, CONTENT], "{path}");
        let (mut paths, mut expected) = (instance_paths(&done, 1), [&left[..], &rest].concat());
        paths.sort();
        expected.sort_unstable();
        assert_eq!(paths, expected, "{path}");
    }
    let mut lab = known().registered();
    let plan = ["/0/0", "/3/0", "/3", "/3303/0"].map(Step::delete);
    let done = session(&mut lab, Plan::new(plan).then(Step::discover("/")).then(Step::finish()));
    assert_eq!((done.codes()[3], done.finish()), (METHOD, Some(CHANGED)));
    let paths = instance_paths(&done, 4);
    for path in ["/0/0", "/3/0", "/3303/0"] {
        assert!(paths.contains(&path.into()), "{path} in {paths:?}");
    }
}

/// The end may be said twice, as the same message and as another one; nothing else is heard after it.
#[test]
fn boot_015_c_o_after_the_finish_only_a_finish_is_answered() {
    let mut lab = known().registered();
    let plan = [
        Step::finish(),
        Step::Again,
        Step::finish(),
        Step::write_text("/1/0/1", "100"),
        Step::discover("/"),
        Step::read("/1"),
        Step::delete("/"),
        Step::finish(),
    ];
    let codes = session(&mut lab, plan).codes();
    assert_eq!((&codes[..3], codes[7]), (&[CHANGED; 3][..], CHANGED));
    assert!(codes[3..7].iter().all(|code| !code.is_success()), "{codes:?}");
    assert_eq!(lab.text("/1/0/1"), "86400");
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAPPED).len(), 1);
}

/// What cannot be, in a session of its own each: the Finish is refused, the server mends it, and the next one is not.
pub fn refused_then_mended(setup: &Setup, wrong: Vec<(&str, Vec<Step>)>) {
    for (what, steps) in wrong {
        let mut lab = setup.registered();
        let number = steps.len();
        let mut plan = Plan::new(steps).then(Step::finish()).then(Step::delete("/"));
        plan.steps.extend(setup.configuration().writes());
        let done = session(&mut lab, plan.then(Step::finish()));
        let codes = done.codes();
        assert_eq!(codes[number], REFUSED, "{what}: {codes:?}");
        assert_eq!(done.finish(), Some(CHANGED), "{what}: {codes:?}");
        lab.run(minutes(1));
        assert!(lab.device.is_registered(FIRST_ID), "{what}");
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAPPED).len(), 1, "{what}");
        assert_eq!(lab.device.events_of(WHIMBREL_EVENT_BOOTSTRAP_FAILED), [], "{what}");
    }
}

/// LwM2M-BOOT-016-C-O: an account needs both its instances, each once, whole, and of a kind that the client can use.
#[test]
fn boot_016_c_o_accounts_that_cannot_be_are_refused() {
    let uri = "coap://10.0.0.2:5683";
    let security = |id, uri| vec![Step::write("/0/1", nosec(id, uri))];
    let keys = Security::psk("me", &[1; 16]);
    let secured = SecurityValues::new(FIRST_ID, "coaps://10.0.0.2", &keys).resources();
    let whole = [tlv::integer(0, 101), tlv::integer(1, 60), tlv::boolean(6, true), tlv::resource(7, "U")];
    let mut wrong = vec![
        ("no server at all", vec![Step::delete("/0")]),
        ("no Server instance", vec![Step::delete("/1/0")]),
        ("no Security instance", vec![Step::write("/1/1", ServerValues::new(SECOND_ID).resources())]),
        ("two Server instances", vec![Step::write("/1/1", ServerValues::new(FIRST_ID).resources())]),
        ("two Security instances", vec![Step::write("/0/2", nosec(FIRST_ID, uri))]),
        ("Short Server ID 0", security(0, uri)),
        ("Short Server ID 65535", security(65535, uri)),
        ("another Short Server ID", security(SECOND_ID, uri)),
        ("another scheme", security(FIRST_ID, "http://10.0.0.2")),
        ("no URI", security(FIRST_ID, "")),
        ("no host", security(FIRST_ID, "coap://")),
        ("a scheme that secures", security(FIRST_ID, "coaps://10.0.0.2")),
        ("a mode that the client does not have", vec![Step::write("/0/1", secured)]),
        ("no mode", vec![Step::write("/0/1", [tlv::resource(0, uri), tlv::boolean(1, false)].concat())]),
    ];
    for (left_out, _) in whole.iter().enumerate() {
        let rest: Vec<_> = whole.iter().enumerate().filter(|(n, _)| *n != left_out).collect();
        let rest: Vec<u8> = rest.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
        wrong.push(("a mandatory resource is left out", vec![Step::write("/1/0", rest)]));
    }
    refused_then_mended(&known(), wrong);
}

/// Only one bootstrap server may come, and it replaces the one that is there.
#[test]
fn boot_016_c_o_two_new_bootstrap_servers_are_refused() {
    let write = |path: &str| {
        let values = SecurityValues::of_bootstrap_server("coap://10.0.0.4:5683", &Security::default());
        Step::write(path, values.resources())
    };
    refused_then_mended(&known(), vec![("three", vec![write("/0/5"), write("/0/6")])]);
}

/// A handler of the application says no in the middle of a Write: none of it holds.
#[test]
fn boot_015_c_o_a_write_that_a_handler_refuses_changes_nothing() {
    let mut lab = known().registered();
    lab.device.trouble().fail = true;
    lab.device.trouble().defer = false;
    let payload = [tlv::integer(0, 5), tlv::resource(1, "x"), tlv::integer(2, 6)].concat();
    let done = session(&mut lab, [Step::write("/26243/0", payload), Step::finish()]);
    assert_eq!(done.codes(), [Code::INTERNAL_SERVER_ERROR, CHANGED]);
    assert_eq!(["/26243/0/0", "/26243/0/2"].map(|path| lab.text(path)), ["0", "0"]);
}

/// An instance that its application does not make is not there; what it cannot show at once could not be undone.
#[test]
fn boot_015_c_o_what_an_application_refuses_is_not_there() {
    let mut lab = known().registered();
    lab.device.refuse_creates(1);
    lab.device.trouble().defer = true;
    let plan = [
        Step::write("/26241/5", tlv::resource(0, "five")),
        Step::write_text("/26243/0/0", "5"),
        Step::discover("/26241"),
        Step::finish(),
    ];
    let done = session(&mut lab, plan);
    assert_eq!(done.codes(), [Code::INTERNAL_SERVER_ERROR, Code::INTERNAL_SERVER_ERROR, CONTENT, CHANGED]);
    assert_eq!(instance_paths(&done, 2), ["/26241/0"]);
    assert_eq!(lab.text("/26243/0/0"), "0");
}
