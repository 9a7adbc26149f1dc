//! The network of ten thousand registered devices was away, and returns at one moment: a power cut at the operator's.

use crate::fleet::{DEVICES, Fleet};
use crate::report::{self, Back};
use crate::rules::{self, PERIOD, TRANSMISSIONS};
use crate::server::Kind;
use whimbrel_lab::seconds;

/// When the network goes: every device has sent an Update in its turn.
const GOES: u64 = 7200;
/// When it returns. The longest wait until then is shorter than what is left of most lifetimes.
const RETURNS: u64 = GOES + 600;
const ALL: &[Kind] = &[Kind::Register, Kind::Update];

/// The devices at the moment when the network has returned: whimbrel_client_network() was called for all of them.
fn back_online(seed: u64, capacity: Option<u32>) -> Fleet {
    let mut fleet = Fleet::new(seed, PERIOD, None);
    fleet.run_until(seconds(GOES));
    fleet.network(false);
    fleet.run_until(seconds(RETURNS));
    fleet.servers[0].capacity = capacity;
    fleet.network(true);
    fleet
}

/// Prints what followed, and how the Updates of the next periods are spread.
fn show(fleet: &Fleet) -> Back {
    let back = Back::new(fleet, seconds(RETURNS));
    back.print();
    for period in 1..4 {
        let due = RETURNS + period * 3507;
        report::compare(&format!("period {period}"), fleet.server(), due..due + 3507, ALL);
    }
    back
}

/// Story C: documented is a message at once ("The network"); the server is spared all others.
#[test]
fn a_network_that_returns_brings_one_message_of_each_device() {
    let mut fleet = back_online(5, None);
    fleet.run_until(seconds(RETURNS) + 4 * PERIOD);
    let title = "C. All networks return at once";
    report::histogram(title, fleet.server(), RETURNS - 501..RETURNS + 4 * 3507, RETURNS, 501);
    let back = show(&fleet);

    assert_eq!(report::total(fleet.server(), GOES + 1..RETURNS, ALL), 0, "nothing is sent without a network");
    assert_eq!(back.count(), DEVICES);
    let minute = seconds(RETURNS)..seconds(RETURNS + 60);
    let most = report::per_device("in the minute after", &fleet, minute);
    assert_eq!(most, 1);
}

/// Story C again, with a server that answers a hundredth of the devices in a second: what it drops comes again, each
/// time over twice the span.
#[test]
fn a_returning_network_disperses_what_a_server_cannot_answer() {
    let mut fleet = back_online(6, Some(100));
    fleet.run_until(seconds(RETURNS) + 4 * PERIOD);
    let title = "C. All networks return at once, and the server answers 100 requests a second";
    report::histogram(title, fleet.server(), RETURNS..RETURNS + 300, RETURNS, 5);
    let back = show(&fleet);
    let most = report::per_device("in the hour after", &fleet, seconds(RETURNS)..seconds(RETURNS + 3600));

    // a first timeout of 2 to 3 s: the k-th repetition comes after 2^k - 1 of them, and so over as many seconds
    let server = fleet.server();
    for k in 1..TRANSMISSIONS {
        let times = (1 << k) - 1;
        let span = RETURNS + 2 * times..RETURNS + 3 * times + 1;
        let (second, count) = report::peak(server, span, ALL);
        println!("repetition {k}: {count}/s at most");
        assert!(f64::from(count) <= rules::most(DEVICES, 1.0 / times as f64), "{count} in second {second}");
    }
    // given up after 62 to 93 s, and then a pause: the five transmissions of the next message lie over 31 s and more
    let after = RETURNS + rules::GIVEN_UP.0 / 1000;
    let (second, count) = report::peak(server, after..RETURNS + 3507, ALL);
    let chance = f64::from(TRANSMISSIONS) * 1000.0 / (rules::GIVEN_UP.1 - rules::GIVEN_UP.0) as f64;
    assert!(f64::from(count) <= rules::most(DEVICES, chance), "{count} in second {second}");
    // each full second brings a hundred back, and no device is answered twice
    let full = (RETURNS..RETURNS + 3507).filter(|second| report::arrived(server, *second, ALL) > 100).count();
    println!("seconds with more than 100: {full} in the first period");
    assert!(full <= DEVICES / 100, "{full} full seconds: answers were given in vain");
    assert!(
        most <= rules::most_messages(seconds(3600), rules::pause) * TRANSMISSIONS,
        "{most} datagrams in an hour"
    );
    assert_eq!(back.count(), DEVICES);
}
