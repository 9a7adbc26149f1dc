//! The server of ten thousand registered devices goes away for an hour, and returns.

use crate::fleet::{DEVICES, Fleet};
use crate::report::{self, Back};
use crate::rules::{self, PERIOD, TRANSMISSIONS};
use crate::server::Kind;
use whimbrel_lab::{Random, seconds};

/// When the server goes: every device has sent an Update in its turn.
const GOES: u64 = 7200;
/// When it returns.
const RETURNS: u64 = GOES + 3600;
const OUTAGE: u64 = seconds(RETURNS - GOES);
const ALL: &[Kind] = &[Kind::Register, Kind::Update];

/// The devices at the moment when the server returns. Their Updates are due evenly over a period.
fn after_an_hour(seed: u64) -> Fleet {
    let mut fleet = Fleet::new(seed, PERIOD, None);
    fleet.run_until(seconds(GOES));
    assert_eq!(fleet.server().registered(fleet.now()), DEVICES, "all are registered");
    fleet.away(true);
    fleet.run_until(seconds(RETURNS));
    assert_eq!(fleet.server().registered(fleet.now()), 0, "an hour is the lifetime");
    fleet.away(false);
    fleet
}

/// The chance that a datagram of a device falls into a certain second of the outage, or is its first one after: each is at
/// a fixed distance from an Update that is due evenly over a period.
fn chance_of_a_second() -> f64 {
    let datagrams = rules::most_messages(OUTAGE, rules::pause) * TRANSMISSIONS;
    f64::from(datagrams + 1) * 1000.0 / PERIOD as f64
}

/// Story A: what the wire sees is what the documentation says, and nobody waits longer than it says.
#[test]
fn a_server_that_returns_after_an_hour_is_not_stormed() {
    let mut fleet = after_an_hour(1);
    fleet.run_until(seconds(RETURNS) + 3 * PERIOD);
    let back = Back::new(&fleet, seconds(RETURNS));
    let server = fleet.server();

    report::histogram("A. One hour without the server", server, GOES - 900..RETURNS + 8100, RETURNS, 300);
    report::compare("before the outage", server, GOES - 3507..GOES, ALL);
    report::compare("during the outage", server, GOES..RETURNS, ALL);
    let until = RETURNS + back.after(990).div_ceil(1000);
    report::compare("after the return, until 99 % are back", server, RETURNS..until, ALL);
    report::compare("one lifetime later", server, until..until + 3507, ALL);
    back.print();
    let most = report::per_device("during the outage", &fleet, seconds(GOES)..seconds(RETURNS));

    let (datagrams, longest) = (
        rules::most_messages(OUTAGE, rules::pause) * TRANSMISSIONS,
        rules::longest_pause(OUTAGE, rules::pause),
    );
    println!("limits: {datagrams} datagrams a device; {:.0}/s", rules::most(DEVICES, chance_of_a_second()));
    assert!(most <= datagrams, "{most} datagrams in an hour");
    let peak = report::peak(server, GOES..RETURNS + 3507, ALL);
    assert!(f64::from(peak.1) <= rules::most(DEVICES, chance_of_a_second()), "{peak:?}");
    assert_eq!(back.count(), DEVICES);
    // the last repetition went out just before the return, and the longest pause follows
    assert!(back.after(1000) <= rules::LAST_WAIT + longest + 500, "{}", back.after(1000));
    let once = report::total(server, RETURNS..RETURNS + 3507, &[Kind::Register]);
    assert!(once as usize <= DEVICES, "{once} datagrams: one of each is enough");
    pauses_are_as_documented(&fleet);
    return_is_as_forecast(&back);
}

/// Between giving up and the next Register lie three to five quarters of the pause, evenly.
fn pauses_are_as_documented(fleet: &Fleet) {
    let mut parts = [0u32; 8];
    let mut longest = 0;
    for attempts in &fleet.attempts {
        let mut failures = 0;
        for pair in attempts.windows(2) {
            let Some(given_up) = pair[0].given_up() else {
                failures = 0;
                continue;
            };
            let (least, greatest) = rules::spread(rules::pause(failures));
            let lasted = pair[1].at - given_up;
            assert!(
                (least..=greatest).contains(&lasted),
                "pause {failures}: {lasted}, not {least} to {greatest}"
            );
            parts[((lasted - least) * 8 / (greatest - least + 1)) as usize] += 1;
            longest = longest.max(lasted);
            failures += 1;
        }
    }
    let all: u32 = parts.iter().sum();
    println!(
        "pauses: {all}, the longest {:.0} s; by eighths of their range {parts:?}",
        longest as f64 / 1000.0
    );
    let (mean, sigma) = (f64::from(all) / 8.0, (f64::from(all) * 7.0 / 64.0).sqrt());
    for part in parts {
        assert!((f64::from(part) - mean).abs() <= 6.0 * sigma, "{part} of {all} in an eighth");
    }
}

/// The rules by themselves say when how many are back.
fn return_is_as_forecast(back: &Back) {
    let mut random = Random::new(2);
    let mut forecast: Vec<_> = (0..100_000).map(|_| rules::forecast(&mut random, OUTAGE)).collect();
    forecast.sort_unstable();
    for permille in [100, 250, 500, 750, 900, 990] {
        let expected = DEVICES as f64 * f64::from(permille) / 1000.0;
        // both are drawn; the forecast's own error is a third of this one's
        let sigma = (expected * (1.0 - f64::from(permille) / 1000.0) * 1.1).sqrt();
        // a datagram and its answer take 0.3 s on average
        let time = forecast[permille as usize * 100] + 300;
        let came = back.by(time) as f64;
        println!("forecast: {expected} devices after {:.1} s; {came} came", time as f64 / 1000.0);
        assert!((came - expected).abs() <= 6.0 * sigma, "{came} after {time} ms, not {expected}");
    }
}

/// Story B: the server can answer `capacity` requests a second after its return, and drops all others. `lost`:
/// so many messages in a row may be lost with all their transmissions. How many messages to register again there were in
/// each of the three periods that follow.
fn a_slow_server(seed: u64, capacity: u32, lost: u64) -> [usize; 3] {
    let mut fleet = after_an_hour(seed);
    fleet.servers[0].capacity = Some(capacity);
    fleet.run_until(seconds(RETURNS) + 4 * PERIOD);
    let back = Back::new(&fleet, seconds(RETURNS));
    let server = fleet.server();

    let title = format!("B. The server answers {capacity} requests a second after its return");
    report::histogram(&title, server, RETURNS - 600..RETURNS + 14_000, RETURNS, 300);
    back.print();
    let most = report::per_device("in the hour after", &fleet, seconds(RETURNS)..seconds(RETURNS + 3600));
    let full =
        (RETURNS..RETURNS + 3507).filter(|second| report::arrived(server, *second, ALL) > capacity).count();
    println!("seconds with more than {capacity}: {full} in the first period");

    // within a period each device is answered once, so that a full second brings `capacity` of them back
    assert!(full <= DEVICES / capacity as usize, "{full} full seconds: answers were given in vain");
    assert!(
        most <= rules::most_messages(OUTAGE, rules::pause) * TRANSMISSIONS,
        "{most} datagrams in an hour"
    );
    assert_eq!(back.count(), DEVICES);
    // the longest pause; and again after each message of which all transmissions met a full second
    let cycle = rules::spread(rules::pause(9)).1 + rules::GIVEN_UP.1;
    let longest = rules::LAST_WAIT + (lost + 1) * cycle;
    assert!(back.after(1000) <= longest, "{}", back.after(1000));
    let again = |period: u64| {
        let from = seconds(RETURNS + period * 3507);
        fleet.attempts_within(from..from + PERIOD, Kind::Register)
    };
    let again = [1, 2, 3].map(again);
    println!("messages to register again in the three periods that follow: {again:?}");
    again
}

/// Three and a half times the regular load: it settles. In no later period more than a hundredth of the devices is lost.
#[test]
fn a_server_with_some_reserve_gets_everybody_back_and_keeps_them() {
    let again = a_slow_server(3, 10, 1);
    assert!(again.iter().all(|again| *again < DEVICES / 100), "{again:?}");
}

/// Not twice the regular load: who was lost by a crowded second comes back.
#[test]
fn a_server_with_hardly_any_reserve_gets_everybody_back() {
    a_slow_server(4, 5, 2);
}
