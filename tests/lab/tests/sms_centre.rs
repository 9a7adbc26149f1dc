//! The bench's service centre in virtual time: weather, validity, store and forward, status reports.

use whimbrel_lab::seconds;
use whimbrel_lab::sms::tpdu::{Malformed, Stamp};
use whimbrel_lab::sms::{
    Address, Centre, Deliver, Fate, Phone, StatusReport, Submit, UserData, Validity, Weather, number,
};

/// 2026-01-02 03:04:05 UTC.
const EPOCH: i64 = 1_767_323_045;

fn stage(seed: u64, weather: Weather) -> (Centre, Phone, Phone) {
    let centre = Centre::new(seed, EPOCH);
    centre.weather(weather);
    (centre.clone(), centre.new_phone(), centre.new_phone())
}

fn send(now: u64, from: &Phone, to: &Phone, payload: &[u8]) -> u8 {
    from.submit(now, &Submit::new(to.number(), UserData::plain(payload)).bytes()).unwrap()
}

/// What arrives at B, and when, of 200 numbered messages sent by A a second apart.
fn arrivals(seed: u64, weather: Weather) -> (Vec<(u64, u8)>, Centre) {
    let (centre, a, b) = stage(seed, weather);
    (0..200_u8).for_each(|n| _ = send(seconds(n.into()), &a, &b, &[n]));
    let mut arrivals = Vec::new();
    while let Some(now) = b.next_deadline() {
        let tpdu = b.receive(now).expect("it has arrived");
        arrivals.push((now, Deliver::parse(&tpdu).unwrap().data.payload[0]));
    }
    (arrivals, centre)
}

#[test]
fn a_perfect_network_delivers_at_once_under_the_senders_number_and_time() {
    let (centre, a, b) = stage(1, Weather::default());
    assert_eq!((a.number(), b.number()), ("+15555550101", "+15555550102"));
    send(60_000, &a, &b, b"coap");
    let deliver = Deliver::parse(&b.receive(60_000).unwrap()).unwrap();
    assert_eq!(deliver.from, Address::number(a.number()));
    assert_eq!(deliver.time, Stamp([0x62, 0x10, 0x20, 0x30, 0x50, 0x50, 0x00]), "03:05:05");
    assert_eq!((deliver.data.payload.as_slice(), deliver.more), (&b"coap"[..], false));
    assert_eq!(b.receive(60_000), None);
    assert_eq!(a.receive(60_000), None);
    assert_eq!(centre.records()[0].copies, [Fate::Delivered(60_000)]);
}

#[test]
fn the_same_seed_repeats_a_run_and_another_does_not() {
    let storm = Weather { loss: 20, duplication: 10, delay: 2000, jitter: 9000, ..Weather::default() };
    assert_eq!(arrivals(7, storm).0, arrivals(7, storm).0);
    assert_ne!(arrivals(7, storm).0, arrivals(8, storm).0);
}

#[test]
fn latency_stays_within_its_range_and_reorders() {
    let (arrived, centre) = arrivals(3, Weather::ordinary());
    let late = |(time, n): &(u64, u8)| time - seconds((*n).into());
    assert!(arrived.iter().all(|message| (2000..=6000).contains(&late(message))));
    assert!(arrived.windows(2).any(|pair| pair[0].1 > pair[1].1));
    assert_eq!((arrived.len(), centre.statistics().delivered), (200, 200));
}

#[test]
fn statistics_say_what_was_lost_and_doubled() {
    let (arrived, centre) = arrivals(1, Weather { loss: 25, duplication: 25, ..Weather::default() });
    let sums = centre.statistics();
    assert_eq!((sums.submitted, sums.octets), (200, 200));
    assert_eq!(sums.delivered as usize, arrived.len());
    assert_eq!(sums.delivered, 200 - sums.lost + sums.duplicated);
    assert!((30..70).contains(&sums.lost), "{sums:?}");
    assert!((20..60).contains(&sums.duplicated), "{sums:?}");
}

#[test]
fn ordered_faults_hit_exactly_what_was_named() {
    let (centre, a, b) = stage(1, Weather::default());
    centre.drop_after(a.number(), 1, 1);
    centre.duplicate_next(b.number(), 1);
    (0..3).for_each(|n| _ = send(0, &a, &b, &[n]));
    send(0, &b, &a, &[9]);
    let heard = |phone: &Phone| {
        let all = std::iter::from_fn(|| phone.receive(0));
        all.map(|tpdu| Deliver::parse(&tpdu).unwrap().data.payload[0]).collect::<Vec<_>>()
    };
    assert_eq!((heard(&b), heard(&a)), (vec![0, 2], vec![9, 9]));
    centre.hold_next(a.number(), 1, 5000);
    (0..2).for_each(|n| _ = send(0, &a, &b, &[n]));
    assert_eq!((heard(&b), b.next_deadline()), (vec![1], Some(5000)));
    centre.refuse_next(a.number(), 1, 38);
    assert_eq!(a.submit(0, &Submit::new(b.number(), UserData::plain(&[0])).bytes()), Err(38));
    assert_eq!(a.submit(0, b"rubbish"), Err(96));
    assert_eq!(centre.statistics().refused, 2);
}

#[test]
fn messages_wait_for_a_phone_that_is_away_as_long_as_they_are_valid() {
    let (centre, a, b) = stage(1, Weather::default());
    b.reachable(0, false);
    let valid = |validity| {
        let submit = Submit { validity, report: true, ..Submit::new(b.number(), UserData::plain(b"x")) };
        a.submit(0, &submit.bytes()).unwrap();
    };
    valid(Validity::Relative(0));
    valid(Validity::Enhanced([2, 36, 0, 0, 0, 0, 0]));
    valid(Validity::Absolute(Stamp::new(EPOCH + 600)));
    assert_eq!((b.receive(0), b.next_deadline()), (None, None));
    assert_eq!(a.next_deadline(), Some(36_000), "a report, when the shortest ends");
    let report = StatusReport::parse(&a.receive(36_000).unwrap()).unwrap();
    assert_eq!((report.status, report.to.text.as_str()), (StatusReport::EXPIRED, b.number()));
    assert_eq!(report.done.seconds() - report.time.seconds(), 36);
    b.reachable(300_000, true);
    assert!(b.receive(300_000).is_some());
    assert_eq!(b.receive(300_000), None);
    let copies: Vec<_> =
        centre.records().iter().filter_map(|record| record.copies.first().copied()).collect();
    assert_eq!(copies[..2], [Fate::Expired(300_000), Fate::Expired(36_000)]);
    let statuses: Vec<u8> = std::iter::from_fn(|| a.receive(300_000))
        .map(|tpdu| StatusReport::parse(&tpdu).unwrap().status)
        .collect();
    assert_eq!(statuses, [StatusReport::EXPIRED, StatusReport::RECEIVED]);
    assert_eq!((centre.statistics().expired, centre.statistics().delivered), (2, 1));
}

#[test]
fn what_is_refused_comes_again_and_what_is_for_nobody_never() {
    let (centre, a, b) = stage(1, Weather { retry: 10_000, ..Weather::default() });
    send(0, &a, &b, b"x");
    let delivery = b.offer(0).unwrap();
    assert_eq!(b.offer(0), None, "it is in hand");
    b.refuse(0, &delivery);
    assert_eq!((b.offer(0), b.next_deadline()), (None, Some(10_000)));
    b.has_room(5000);
    assert!(b.receive(5000).is_some());
    let submit = Submit { report: true, ..Submit::new(&number(77), UserData::plain(b"x")) };
    a.submit(0, &submit.bytes()).unwrap();
    assert_eq!(StatusReport::parse(&a.receive(0).unwrap()).unwrap().status, StatusReport::UNKNOWN);
    assert_eq!((centre.statistics().unknown, centre.statistics().reports), (1, 1));
}

#[test]
fn what_waits_behind_is_announced() {
    let (_, a, b) = stage(1, Weather::default());
    (0..2).for_each(|n| _ = send(0, &a, &b, &[n]));
    let more: Vec<bool> =
        std::iter::from_fn(|| b.receive(0)).map(|tpdu| Deliver::parse(&tpdu).unwrap().more).collect();
    assert_eq!(more, [true, false]);
}

#[test]
fn rubbish_is_refused_whatever_it_is() {
    let good = Submit::new("+15555550123", UserData::plain(&[7; 20])).bytes();
    for length in 0..good.len() {
        assert_eq!(Submit::parse(&good[..length]), Err(Malformed::Short), "{length} octets");
    }
    assert_eq!(Submit::parse(&[&good[..], &[0]].concat()), Err(Malformed::Long));
    for at in 0..good.len() {
        for value in 0..=255 {
            let mut bad = good.clone();
            bad[at] = value;
            // whatever it says, reading it has an end
            let _ = (Submit::parse(&bad), Deliver::parse(&bad), StatusReport::parse(&bad));
        }
    }
    assert_eq!(Deliver::parse(&good), Err(Malformed::Kind));
}

#[test]
fn time_stamps_are_dates() {
    for time in [946_684_800, 951_782_399, 951_782_400, 1_709_164_800, 1_735_689_599, 1_735_689_600] {
        assert_eq!(Stamp::new(time).seconds(), time);
    }
    assert_eq!(Stamp::new(1_709_164_800).0, [0x42, 0x20, 0x92, 0, 0, 0, 0], "2024-02-29");
    assert_eq!(Stamp::new(1_735_689_599).0, [0x42, 0x21, 0x13, 0x32, 0x95, 0x95, 0], "the end of 2024");
}
