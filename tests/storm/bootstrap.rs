//! The server goes away for an hour, and the bootstrap server with it: devices whose attempts are used up go there.

use crate::device::Host;
use crate::fleet::{Attempt, DEVICES, Fleet};
use crate::report::{self, Back};
use crate::rules::{self, PERIOD, TRANSMISSIONS};
use crate::server::Kind;
use whimbrel_lab::seconds;

/// When the servers go: every device has sent an Update in its turn.
const GOES: u64 = 7200;
/// When they return.
const RETURNS: u64 = GOES + 3600;
const OUTAGE: u64 = seconds(RETURNS - GOES);
/// Client Hold Off Time.
const HOLD_OFF_S: u32 = 60;
const HOLD_OFF: u64 = seconds(HOLD_OFF_S as u64);
const ALL: &[Kind] = &[Kind::Register, Kind::Update, Kind::Bootstrap];

/// How many attempts there are before the bootstrap server is asked (Communication Retry Count).
const ATTEMPTS: u32 = 5;

/// How long the bootstrap server can be asked in an outage: from when the attempts are used up.
fn asking() -> u64 {
    OUTAGE - rules::earliest(ATTEMPTS - 1, rules::pause_of_five) - rules::GIVEN_UP.0 - HOLD_OFF
}

/// The most messages of a device in the outage: to its server, and to the bootstrap server.
fn most_messages() -> u32 {
    rules::most_messages(OUTAGE, rules::pause_of_five) + rules::most_messages(asking(), rules::pause)
}

/// Story D.
#[test]
fn a_bootstrap_server_that_returns_after_an_hour_is_not_stormed() {
    let mut fleet = Fleet::new(7, PERIOD, Some(HOLD_OFF_S));
    fleet.run_until(seconds(GOES));
    assert_eq!(fleet.server().registered(fleet.now()), DEVICES, "all are registered");
    fleet.away(true);
    fleet.run_until(seconds(RETURNS));
    fleet.away(false);
    fleet.run_until(seconds(RETURNS) + PERIOD);
    let back = Back::new(&fleet, seconds(RETURNS));

    let bootstrap = &fleet.servers[Host::Bootstrap as usize];
    report::histogram("D. The server", fleet.server(), GOES - 600..RETURNS + 3000, RETURNS, 300);
    report::histogram("D. The bootstrap server", bootstrap, GOES - 600..RETURNS + 3000, RETURNS, 300);
    report::compare("the server, during the outage", fleet.server(), GOES..RETURNS, ALL);
    report::compare("the bootstrap server, during the outage", bootstrap, GOES..RETURNS, ALL);
    back.print();
    let most = report::per_device("during the outage", &fleet, seconds(GOES)..seconds(RETURNS));
    let datagrams = most_messages() * TRANSMISSIONS;
    let chance = f64::from(datagrams + 1) * 1000.0 / PERIOD as f64;
    println!("limits: {datagrams} datagrams a device; {:.0}/s", rules::most(DEVICES, chance));

    assert!(most <= datagrams, "{most} datagrams in an hour");
    for server in &fleet.servers {
        let (second, count) = report::peak(server, GOES..RETURNS + 3507, ALL);
        assert!(f64::from(count) <= rules::most(DEVICES, chance), "{count} in second {second}");
    }
    assert_eq!(back.count(), DEVICES);
    // the longest pause between two Bootstrap-Requests; then request, Finish after a second, Register
    let longest = rules::LAST_WAIT + rules::longest_pause(asking(), rules::pause) + 3 * 500 + 1000;
    assert!(back.after(1000) <= longest, "{}", back.after(1000));
    let asked = fleet.attempts.iter().filter(|attempts| asks_as_documented(attempts)).count();
    println!("{asked} devices asked the bootstrap server");
    // whose attempts are used up in the outage, and the hold-off too
    let latest = rules::latest_end(ATTEMPTS - 1, rules::pause_of_five) + HOLD_OFF * 5 / 4;
    let surely = rules::least(DEVICES, (OUTAGE - latest) as f64 / PERIOD as f64);
    assert!(asked as f64 >= surely, "{asked}, not {surely}");
}

/// Five attempts, the hold-off, then pauses as after any failure; whether the device got so far.
fn asks_as_documented(attempts: &[Attempt]) -> bool {
    let failing = attempts.iter().skip_while(|attempt| attempt.given_up().is_none());
    let (asks, registers): (Vec<_>, Vec<_>) = failing.partition(|attempt| attempt.kind == Kind::Bootstrap);
    let failed = chain(&asks, rules::pause).len();
    // behind a bootstrap that succeeds, the Register does not wait for the end of a pause
    let until = asks.get(failed).map_or(u64::MAX, |success| success.at);
    let before = registers.partition_point(|register| register.at < until);
    let given_up = chain(&registers[..before], rules::pause_of_five);
    let Some(first) = asks.first() else {
        assert!(given_up.len() <= ATTEMPTS as usize, "it should have asked");
        return false;
    };
    let waited = first.at - given_up[ATTEMPTS as usize - 1];
    assert!((HOLD_OFF..=HOLD_OFF * 5 / 4).contains(&waited), "asked after {waited}");
    true
}

/// Each message begins after the pause that follows the failure of the one before, until one does not fail; when they
/// were given up.
fn chain(attempts: &[&Attempt], pause: impl Fn(u32) -> u64) -> Vec<u64> {
    let given_up: Vec<_> = attempts.iter().map_while(|attempt| attempt.given_up()).collect();
    for (n, (failed, next)) in given_up.iter().zip(attempts.iter().skip(1)).enumerate() {
        let (least, greatest) = rules::spread(pause(n as u32));
        let lasted = next.at - failed;
        assert!((least..=greatest).contains(&lasted), "pause {n}: {lasted}, not {least} to {greatest}");
    }
    given_up
}
