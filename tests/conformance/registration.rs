//! Client Registration (TS 1.0 section 5.3): what a server sees of Register, and of its failures.

use whimbrel::capi::*;
use whimbrel_lab::format::LINK;
use whimbrel_lab::scene::{DEVICE, FIRST_ID, SECOND, SECOND_ID, SERVER};
use whimbrel_lab::server::Answer;
use whimbrel_lab::{Code, Lab, Message, Operation, Setup, Type, options, seconds};

fn register(lab: &Lab) -> &whimbrel_lab::server::Entry {
    lab.server.last(Operation::Register).expect("a Register")
}

/// LwM2M-CR-001-C-M, interop case 101.
#[test]
fn cr_001_c_m_registers_by_post_to_rd_with_a_link_list() {
    let lab = Lab::registered();
    assert_eq!(register(&lab).path, "/rd");
    assert_eq!(register(&lab).content_format, Some(LINK));
    assert_eq!(lab.server.count(Operation::Register), 1);
    assert_eq!(lab.server.complaints(), []);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_REGISTERED)[0].server, FIRST_ID);
}

/// LwM2M-CR-001-C-M (TS 1.0 section 5.3.1): the message is Confirmable.
#[test]
fn cr_001_c_m_register_is_confirmable() {
    let lab = Lab::registered();
    let first = Message::parse(&lab.network.records()[0].bytes).unwrap();
    assert_eq!((first.kind, first.code), (Type::Con, Code::POST));
}

/// LwM2M-CR-002-C-M.
#[test]
fn cr_002_c_m_names_its_endpoint() {
    let lab = Setup { endpoint: "urn:imei:490154203237518", ..Setup::default() }.registered();
    assert_eq!(register(&lab).said.endpoint.as_deref(), Some("urn:imei:490154203237518"));
}

/// LwM2M-CR-003-C-M: `lt` is what `/1/x/1` holds.
#[test]
fn cr_003_c_m_lifetime_is_that_of_the_server_object() {
    let mut lab = Setup { lifetime: 7200, ..Setup::default() }.registered();
    assert_eq!(register(&lab).said.lifetime, Some(7200));
    assert_eq!(lab.text("/1/0/1"), "7200");
}

/// LwM2M-CR-004-C-M.
#[test]
fn cr_004_c_m_names_its_version() {
    assert_eq!(register(&Lab::registered()).said.version.as_deref(), Some("1.0"));
    let lab = Setup { versions: (10, 11), ..Setup::default() }.registered();
    assert_eq!(register(&lab).said.version.as_deref(), Some("1.1"));
}

/// LwM2M-CR-004-C-M (TS 1.0 section 8.5): 4.12 means that the versions do not fit; the client tries the lower one.
#[test]
fn cr_004_c_m_steps_down_to_1_0_after_4_12() {
    let mut lab = Setup { versions: (10, 11), ..Setup::default() }.switched_on();
    lab.server.settings.max_version = (1, 0);
    lab.run(seconds(1));
    let versions: Vec<_> =
        lab.server.asked(Operation::Register).filter_map(|entry| entry.said.version.clone()).collect();
    assert_eq!(versions, ["1.1", "1.0"]);
    assert!(lab.device.is_registered(FIRST_ID));
}

/// The lowest version allowed is not gone below: the client waits and asks again.
#[test]
fn cr_004_c_m_does_not_go_below_the_lowest_version() {
    let mut lab = Setup { versions: (11, 11), ..Setup::default() }.switched_on();
    lab.server.settings.max_version = (1, 0);
    lab.run(seconds(15));
    let versions: Vec<_> =
        lab.server.asked(Operation::Register).filter_map(|entry| entry.said.version.clone()).collect();
    assert_eq!(versions, ["1.1"]);
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_REGISTER_FAILED)[0].status, 0x8c);
}

/// LwM2M-CR-005-C-M (TS 1.0 section 5.3.1.1): U is the default and need not be said.
#[test]
fn cr_005_c_m_tells_its_binding() {
    let lab = Lab::registered();
    assert!(matches!(register(&lab).said.binding.as_deref(), None | Some("U")));
    let mut lab = Setup { binding: "UQ", ..Setup::default() }.registered();
    assert_eq!(register(&lab).said.binding.as_deref(), Some("UQ"));
    assert_eq!(lab.text("/1/0/7"), "UQ");
}

/// Facts sheet A.3: from 1.1 on the queue mode is a query of its own.
#[test]
fn cr_005_c_m_queue_mode_at_1_1_is_a_flag() {
    let lab = Setup { binding: "UQ", versions: (11, 11), ..Setup::default() }.registered();
    assert!(register(&lab).said.queue);
    assert!(matches!(register(&lab).said.binding.as_deref(), None | Some("U")));
}

/// LwM2M-CR-007-C-M.
#[test]
fn cr_007_c_m_lists_objects_and_instances() {
    let mut lab = Lab::registered();
    assert_eq!(
        lab.server.client().instances(),
        [(1, 0), (3, 0), (3303, 0), (26241, 0), (26242, 0), (26243, 0)]
    );
    lab.device.remove(0);
    lab.run(seconds(1));
    assert!(
        lab.server.client().objects().contains(&26241),
        "an object without instances is listed by itself"
    );
    assert!(!lab.server.client().instances().contains(&(26241, 0)));
}

/// LwM2M-CR-0011-C-M.
#[test]
fn cr_0011_c_m_never_lists_the_security_object() {
    let mut lab = Lab::registered();
    lab.device.create(5);
    lab.run(seconds(1));
    for entry in lab.server.log() {
        assert!(!String::from_utf8_lossy(&entry.payload).contains("</0"), "{entry:?}");
    }
    assert_eq!(lab.server.count(Operation::Update), 1);
}

/// LwM2M-CR-0012-C-M (TS 1.0 table 19): told where it is not 1.0, and only there.
#[test]
fn cr_0012_c_m_tells_object_versions() {
    let mut lab = Lab::registered();
    let client = lab.server.client();
    assert_eq!(client.object_version(3303), Some("1.1"));
    assert_eq!(client.object_version(26241), None);
    assert_eq!(client.object_version(3), None);
    let discover = lab.server.discover("/3303");
    assert!(lab.answer(discover).text().starts_with("</3303>;ver=1.1,"), "also in Discover");
}

/// TS 1.0 section 8.2.4: the location is the server's choice.
#[test]
fn cr_001_c_m_any_location_is_used_for_what_follows() {
    let mut lab = Setup::default().switched_on();
    lab.server.settings.location = Some(vec!["a".into(), "very".into(), "deep-location".into()]);
    lab.run(seconds(1));
    assert_eq!(lab.device.update(FIRST_ID), 0);
    lab.run(seconds(1));
    let update = lab.server.last(Operation::Update).unwrap();
    assert_eq!((update.path.as_str(), update.answer), ("/a/very/deep-location", Some(Code::CHANGED)));
}

/// RFC 7252 section 4.2: first after 2 to 3 s, then doubled; five transmissions of one message.
#[test]
fn cr_001_c_m_register_is_retransmitted_as_rfc_7252_says() {
    for seed in 1..6 {
        let mut lab = Setup { seed, ..Setup::default() }.switched_on();
        lab.network.partition_until(SERVER, u64::MAX);
        lab.run(seconds(93));
        let sent: Vec<_> = lab.network.records().iter().filter(|r| r.to == SERVER).collect();
        assert_eq!(sent.len(), 5);
        assert!(sent.windows(2).all(|pair| pair[0].bytes == pair[1].bytes), "one message");
        let gaps: Vec<u64> = sent.windows(2).map(|pair| pair[1].time - pair[0].time).collect();
        assert!((2000..=3000).contains(&gaps[0]), "{gaps:?}");
        assert!(gaps.windows(2).all(|pair| pair[1] == 2 * pair[0]), "{gaps:?}");
        let failed = lab.device.events_of(WHIMBREL_EVENT_REGISTER_FAILED);
        assert_eq!(failed[0].status, WHIMBREL_ERR_TIMEOUT);
        assert_eq!(failed[0].time - sent[4].time, 2 * gaps[3], "MAX_TRANSMIT_WAIT");
    }
}

/// When each Register failed, and how long the pause after it is.
fn pauses(seed: u64, failures: usize) -> Vec<u64> {
    let mut lab = Setup { seed, retry: (10, 100), ..Setup::default() }.switched_on();
    for _ in 0..failures {
        lab.server.on_next(Operation::Register, Answer::code(Code::FORBIDDEN));
    }
    lab.run(seconds(2000));
    assert!(lab.device.is_registered(FIRST_ID), "in the end");
    assert_eq!(lab.server.count(Operation::Register), failures + 1);
    lab.device.events_of(WHIMBREL_EVENT_REGISTER_FAILED).iter().map(|e| e.at - e.time).collect()
}

/// A server that refuses is asked again, later and later, and not by all devices at once.
#[test]
fn cr_001_c_m_backs_off_after_4_03_with_growing_jittered_capped_pauses() {
    let mine = pauses(1, 7);
    for (n, pause) in mine.iter().enumerate() {
        let middle = 100_000.min(10_000 << n);
        assert!((middle * 3 / 4..=middle * 5 / 4).contains(pause), "pause {n}: {pause} ms");
    }
    assert_ne!(mine, pauses(2, 7), "jitter");
}

/// After a refusal is forgotten the pauses begin small again.
#[test]
fn cr_001_c_m_pauses_begin_anew_after_a_success() {
    let mut lab = Setup { retry: (10, 100), ..Setup::default() }.switched_on();
    for _ in 0..4 {
        lab.server.on_next(Operation::Register, Answer::code(Code::BAD_REQUEST));
    }
    lab.run(seconds(400));
    assert!(lab.device.is_registered(FIRST_ID));
    lab.server.lose("whimbrel");
    lab.server.on_next(Operation::Register, Answer::code(Code::FORBIDDEN));
    assert_eq!(lab.device.update(0), 0);
    lab.run(seconds(1));
    let failed = lab.device.events_of(WHIMBREL_EVENT_REGISTER_FAILED);
    let last = failed.last().unwrap();
    assert!(last.at - last.time <= 12_500, "{last:?}");
}

/// RFC 7252 section 5.2.2.
#[test]
fn cr_001_c_m_accepts_a_separate_response() {
    let mut lab = Setup::default().switched_on();
    lab.server.on_next(Operation::Register, Answer::right().separately().after(40_000));
    lab.run(seconds(39));
    assert!(!lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.network.sent_by(DEVICE), 1, "an empty acknowledgement ends retransmission");
    lab.run(seconds(2));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.server.count(Operation::Register), 1);
    let last = Message::parse(&lab.network.records().last().unwrap().bytes).unwrap();
    assert_eq!((last.kind, last.code), (Type::Ack, Code::EMPTY), "the client acknowledges");
}

/// The acknowledgement of a separate response got lost: it is given again, and nothing happens twice.
#[test]
fn cr_001_c_m_acknowledges_a_repeated_separate_response_again() {
    let mut lab = Setup::default().switched_on();
    lab.server.on_next(Operation::Register, Answer::right().separately().after(1000));
    lab.network.drop_after(DEVICE, 1, 1);
    lab.run(seconds(30));
    assert_eq!(lab.device.events_of(WHIMBREL_EVENT_REGISTERED).len(), 1);
    assert_eq!(lab.server.count(Operation::Register), 1);
    assert_eq!(lab.server.pending(), 0);
    let from = |peer| lab.network.records().iter().filter(|r| r.from == peer).count();
    assert_eq!((from(DEVICE), from(SERVER)), (3, 3), "Register, ACK, ACK; ACK, CON, CON");
}

/// The response is overtaken by its own empty acknowledgement's loss (RFC 7252 section 5.2.2).
#[test]
fn cr_001_c_m_a_separate_response_counts_without_its_empty_acknowledgement() {
    let mut lab = Setup::default().switched_on();
    lab.server.on_next(Operation::Register, Answer::right().separately().after(500));
    lab.network.drop_next(SERVER, 1);
    lab.run(seconds(30));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// The answer was lost: the same message again, the server knows it.
#[test]
fn cr_001_c_m_a_lost_answer_costs_a_retransmission_and_no_second_register() {
    let mut lab = Setup::default().switched_on();
    lab.network.drop_next(SERVER, 1);
    lab.run(seconds(10));
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.server.count(Operation::Register), 1);
    assert_eq!(lab.server.duplicates(), 1);
}

/// A Reset is an answer too: there is nobody who speaks LwM2M.
#[test]
fn cr_001_c_m_a_reset_ends_the_attempt() {
    let mut lab = Setup::default().switched_on();
    lab.network.partition_until(SERVER, seconds(1));
    lab.run(0);
    let register = Message::parse(&lab.network.records()[0].bytes).unwrap();
    lab.network.send(SERVER, DEVICE, &Message::new(Type::Rst, Code::EMPTY, register.id).bytes());
    lab.network.heal(SERVER);
    lab.network.send(SERVER, DEVICE, &Message::new(Type::Rst, Code::EMPTY, register.id).bytes());
    lab.run(seconds(5));
    let failed = lab.device.events_of(WHIMBREL_EVENT_REGISTER_FAILED);
    assert_eq!(failed.len(), 1);
    assert!(failed[0].at > failed[0].time);
    lab.run(seconds(60));
    assert!(lab.device.is_registered(FIRST_ID));
}

/// RFC 7959 section 2.5: the list does not fit one datagram.
#[test]
fn cr_007_c_m_a_long_list_goes_in_blocks() {
    let mut lab = Setup { datagram: 128, instances: 30, ..Setup::default() }.switched_on();
    for instance in 1..20 {
        lab.device.create(instance);
    }
    lab.run(seconds(5));
    let instances = lab.server.client().instances();
    assert_eq!(instances.iter().filter(|(object, _)| *object == 26241).count(), 20);
    assert_eq!(instances.len(), 25);
    assert_eq!(lab.server.complaints(), []);
    let posts: Vec<_> = sent_by_device(&lab).into_iter().filter(|m| m.code == Code::POST).collect();
    assert!(posts.len() > 3);
    let total = register(&lab).payload.len() as u32;
    assert_eq!(posts[0].uint(options::SIZE1), Some(total));
    assert!(lab.network.records().iter().all(|record| record.bytes.len() <= 128));
    assert!(
        posts.iter().all(|m| m.content_format() == Some(LINK) && m.path() == "/rd"),
        "all options in each"
    );
}

fn sent_by_device(lab: &Lab) -> Vec<Message> {
    let mine = lab.network.records().iter().filter(|record| record.from == DEVICE);
    mine.map(|record| Message::parse(&record.bytes).expect("a message")).collect()
}

/// The server asks for smaller blocks (RFC 7959 section 2.5).
#[test]
fn cr_007_c_m_a_smaller_block_size_is_adopted() {
    let mut lab = Setup { datagram: 256, instances: 40, ..Setup::default() }.switched_on();
    lab.server.settings.upload_szx = 1;
    for instance in 1..30 {
        lab.device.create(instance);
    }
    lab.run(seconds(10));
    assert_eq!(lab.server.client().instances().len(), 35);
    let sizes: Vec<u8> =
        sent_by_device(&lab).iter().filter_map(|m| m.block(options::BLOCK1)).map(|b| b.szx).collect();
    assert!(sizes[0] > 1, "{sizes:?}");
    assert!(sizes[1..].iter().all(|szx| *szx == 1), "{sizes:?}");
}

/// Blocks under loss: each is a Confirmable message of its own.
#[test]
fn cr_007_c_m_blocks_survive_loss_and_duplication() {
    for seed in 0..10 {
        let mut lab = Setup { seed, datagram: 128, instances: 30, ..Setup::default() }.switched_on();
        lab.network.weather.loss = 25;
        lab.network.weather.duplication = 20;
        for instance in 1..20 {
            lab.device.create(instance);
        }
        lab.run_until("registration", seconds(3000), |lab| lab.device.is_registered(FIRST_ID));
        assert_eq!(lab.server.client().instances().len(), 25, "seed {seed}");
    }
}

/// TS 1.0 section 5.3.1: a Register to each server.
#[test]
fn cr_001_c_m_registers_with_every_server() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.registered();
    assert_eq!(lab.server.count(Operation::Register), 1);
    assert_eq!(lab.second.count(Operation::Register), 1);
    assert!(lab.server.client().instances().contains(&(1, 1)), "both Server instances are listed");
    assert_eq!(lab.text("/1/0/0"), "101");
    assert_eq!(lab.text("/1/1/0"), "102");
    let read = lab.second.read("/3/0/0");
    assert_eq!(lab.second_code(read), Code::CONTENT);
}

/// A server that is away does not keep the other waiting.
#[test]
fn cr_001_c_m_a_dead_server_does_not_delay_the_other() {
    let mut lab = Setup { servers: 2, ..Setup::default() }.switched_on();
    lab.network.partition_until(SERVER, seconds(500));
    lab.run(seconds(1));
    assert!(!lab.device.is_registered(FIRST_ID));
    assert!(lab.device.is_registered(SECOND_ID));
    lab.run(seconds(1500));
    assert!(lab.device.is_registered(FIRST_ID));
}

/// A server account added while the client runs.
#[test]
fn cr_001_c_m_registers_with_a_server_that_comes_later() {
    let setup = Setup { servers: 2, ..Setup::default() };
    let mut lab = setup.registered();
    assert_eq!(lab.device.remove_account(SECOND_ID), 0);
    lab.run(seconds(1));
    assert_eq!(lab.server.client().instances().iter().filter(|(object, _)| *object == 1).count(), 1);
    assert_eq!(lab.device.add_account(&setup.account(SECOND_ID, SECOND)), 0);
    lab.run(seconds(1));
    assert_eq!(lab.second.count(Operation::Register), 2);
    assert!(lab.server.client().instances().contains(&(1, 1)));
}

/// A link that takes its time, and one that fails first: neither is asked without pause.
#[test]
fn mec_002_c_m_links_may_be_pending_or_fail() {
    let lab = Setup::default();
    let mut slow = lab.switched_on();
    slow.device.links_pending(20);
    slow.run(seconds(1));
    assert!(!slow.device.is_registered(FIRST_ID));
    slow.run(seconds(2));
    assert!(slow.device.is_registered(FIRST_ID));
    let mut broken = lab.switched_on();
    broken.device.links_broken(true);
    broken.run(seconds(300));
    let tries = broken.device.events_of(WHIMBREL_EVENT_LINK_FAILED).len();
    assert!((2..6).contains(&tries), "{tries} tries in 300 s");
    broken.device.links_broken(false);
    broken.run(seconds(1000));
    assert!(broken.device.is_registered(FIRST_ID));
}

/// TS 1.0 sections 5.4 and 5.5: the client ignores a server that has not answered the Register.
#[test]
fn cr_001_c_m_requests_before_the_registration_are_ignored() {
    let mut lab = Setup::default().switched_on();
    lab.server.on_next(Operation::Register, Answer::right().after(10_000).separately());
    lab.run(seconds(1));
    let read = lab.server.send_to(DEVICE, whimbrel_lab::Request::get("/3/0/0"));
    lab.run(seconds(5));
    assert!(lab.server.outcome(read).is_none(), "no answer, not even a Reset");
    let answers = sent_by_device(&lab).into_iter().filter(|m| m.code.is_response()).count();
    assert_eq!(answers, 0);
    lab.run(seconds(30));
    assert_eq!(lab.server.code(read), Some(Code::CONTENT), "the retransmission after it is answered");
}
