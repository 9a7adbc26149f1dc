//! Observations and notifications (RFC 7641; TS 1.0 section 5.5).

mod common;

use common::{Bench, CLIENT, Fake, SERVER};
use whimbrel_lab::format::{TEXT, TLV};
use whimbrel_lab::server::Standing;
use whimbrel_lab::{Code, Message, ObservationId, Type, options, seconds, tlv};

const PATH: &str = "/3303/0/5700";

fn observing() -> (Bench, ObservationId) {
    let mut bench = Bench::registered(Fake::new().with(PATH, TEXT, b"20"));
    let observation = bench.server.observe(PATH);
    bench.run(seconds(1));
    assert_eq!(bench.server.observation(observation).standing, Standing::Active);
    (bench, observation)
}

#[test]
fn notifications_are_collected_without_the_first_answer() {
    let (mut bench, observation) = observing();
    assert_eq!(bench.server.first_answer(observation).float(), Some(20.0));
    assert_eq!(bench.server.notified(observation), [] as [f64; 0]);
    for (kind, value) in [(Type::Con, "21.5"), (Type::Non, "22")] {
        bench.client.notify(PATH, kind, value.as_bytes());
        bench.run(seconds(1));
    }
    assert_eq!(bench.server.notified(observation), [21.5, 22.0]);
    assert_eq!(bench.server.notified_integers(observation), [None, Some(22)]);
    assert_eq!(bench.server.notified_at(observation), [1000, 2000]);
    let seen = bench.server.notifications(observation).iter().map(|n| (n.kind, n.sequence, n.fresh));
    assert_eq!(seen.collect::<Vec<_>>(), [(Type::Con, Some(1), true), (Type::Non, Some(2), true)]);
    assert_eq!((bench.heard().kind, bench.heard().code), (Type::Ack, Code::EMPTY), "for the CON");
}

#[test]
fn tlv_notifications_are_numbers_too() {
    let mut bench = Bench::registered(Fake::new().with(PATH, TLV, &tlv::float(5700, 20.0)));
    let observation = bench.server.observe_as(PATH, TLV);
    bench.run(0);
    assert_eq!(bench.server.first_answer(observation).float(), Some(20.0));
}

#[test]
fn cancelling_by_get_uses_the_same_token_and_later_notifications_are_reset() {
    let (mut bench, observation) = observing();
    let token = bench.heard().token.clone();
    let cancel = bench.server.cancel_observe(observation);
    bench.client.notify(PATH, Type::Con, b"21");
    bench.run(seconds(1));
    assert_eq!(bench.server.code(cancel), Some(Code::CONTENT));
    let get = bench.client.received.iter().rev().find(|(_, m)| m.code == Code::GET).unwrap();
    assert_eq!((get.1.uint(options::OBSERVE), &get.1.token), (Some(1), &token));
    assert_eq!(bench.server.observation(observation).standing, Standing::Cancelled);
    assert!(!bench.client.observes(PATH));
    let before = bench.server.notifications(observation).len();
    let mut late = Message::new(Type::Non, Code::CONTENT, 900);
    late.token = token;
    late.push(options::OBSERVE, [9]);
    bench.client.say(late);
    bench.run(1);
    assert_eq!((bench.heard().kind, bench.heard().id), (Type::Rst, 900));
    assert_eq!(bench.server.notifications(observation).len(), before);
}

#[test]
fn cancelling_by_reset_answers_the_next_notification() {
    let (mut bench, observation) = observing();
    bench.server.cancel_by_reset(observation);
    bench.client.notify(PATH, Type::Con, b"21");
    bench.run(1);
    assert_eq!(bench.heard().kind, Type::Rst);
    assert_eq!(bench.server.notified(observation), [] as [f64; 0]);
    assert_eq!(bench.server.observation(observation).standing, Standing::Cancelled);
}

#[test]
fn a_notification_that_comes_twice_counts_once_and_is_acknowledged_twice() {
    let (mut bench, observation) = observing();
    bench.network.duplicate_next(CLIENT, 1);
    bench.client.notify(PATH, Type::Con, b"21");
    let before = bench.client.received.len();
    bench.run(1);
    assert_eq!(bench.server.notified(observation), [21.0]);
    assert_eq!(bench.client.received.len(), before + 2);
}

#[test]
fn an_overtaken_notification_is_marked_stale() {
    let (mut bench, observation) = observing();
    bench.network.weather.delay = 500;
    bench.client.notify(PATH, Type::Non, b"21");
    bench.run(1);
    bench.network.weather.delay = 0;
    bench.client.notify(PATH, Type::Non, b"22");
    bench.run(seconds(1));
    assert_eq!(bench.server.notified(observation), [22.0, 21.0]);
    let fresh: Vec<_> = bench.server.notifications(observation).iter().map(|n| n.fresh).collect();
    assert_eq!(fresh, [true, false]);
}

#[test]
fn the_rest_of_a_large_notification_is_fetched_under_another_token() {
    let (mut bench, observation) = observing();
    bench.client.szx = 2;
    let body: Vec<u8> = (0..200).collect();
    bench.client.notify(PATH, Type::Con, &body);
    bench.run(seconds(1));
    let notification = &bench.server.notifications(observation)[0];
    assert!(notification.whole);
    assert_eq!(notification.payload, body);
    let get = &bench.client.received.iter().rev().find(|(_, m)| m.code == Code::GET).unwrap().1;
    assert_eq!(get.option(options::OBSERVE), None);
    assert_ne!(get.token, bench.client.received[1].1.token);
}

#[test]
fn the_first_answer_may_come_in_blocks() {
    let mut bench = Bench::registered(Fake::new().with(PATH, TEXT, &[b'1'; 100]));
    bench.client.szx = 1;
    let observation = bench.server.observe(PATH);
    bench.run(0);
    assert_eq!(bench.server.first_answer(observation).payload, [b'1'; 100]);
    bench.client.notify(PATH, Type::Con, b"5");
    bench.run(0);
    assert_eq!(bench.server.notified(observation), [5.0]);
}

#[test]
fn a_new_register_voids_observations_and_an_update_does_not() {
    let (mut bench, observation) = observing();
    bench.client.update(&[], b"");
    bench.run(1);
    assert_eq!(bench.server.observation(observation).standing, Standing::Active);
    bench.client.register(&["ep=fake", "lt=300", "lwm2m=1.1"]);
    bench.run(1);
    assert_eq!(bench.server.observation(observation).standing, Standing::Ended);
    bench.client.notify(PATH, Type::Con, b"21");
    bench.run(1);
    assert_eq!(bench.heard().kind, Type::Rst);
}

#[test]
fn a_refused_observation_has_ended() {
    let mut bench = Bench::registered(Fake::new());
    let observation = bench.server.observe("/9");
    bench.run(0);
    assert_eq!(bench.server.observation(observation).standing, Standing::Ended);
    assert_eq!(bench.server.first_answer(observation).code, Code::NOT_FOUND);
}

#[test]
fn a_storm_delivers_every_confirmable_message_it_is_asked_for_and_repeats_with_its_seed() {
    let storm = || {
        let (mut bench, _) = observing();
        bench.network.weather =
            whimbrel_lab::net::Weather { loss: 20, duplication: 20, delay: 30, jitter: 300 };
        let reads: Vec<_> = (0..50).map(|_| bench.server.read(PATH)).collect();
        bench.run(seconds(600));
        let answered = reads.iter().filter(|read| bench.server.code(**read) == Some(Code::CONTENT)).count();
        (answered, bench.network.records().to_vec())
    };
    let (answered, records) = storm();
    assert!(answered >= 48, "{answered} of 50");
    assert_eq!(storm().1, records);
    assert!(records.iter().any(|record| record.from == SERVER && record.arrivals.is_empty()));
}
