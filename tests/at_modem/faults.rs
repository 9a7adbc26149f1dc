//! Every line of a dialogue answered wrongly, in every way, in turn: afterwards the modem is ready again, and no message is
//! lost or delivered twice.

use crate::bench::{Bench, CONFIG, send};
use crate::delivery::message;
use crate::fake::{FAULTS, Fake, Fault};
use whimbrel::at::{Config, Readiness};

const TPDU: &str = "01000B915155550521F3000401A5";

/// A whole life: set up with two messages stored, two that come, one that is sent. `faults` says what goes wrong where.
fn live(direct: bool, faults: &[(usize, Fault)]) -> Bench {
    let mut fake = Fake::new();
    fake.store("ME", 1, &message(1).0);
    fake.store("ME", 2, &message(2).0);
    fake.faults = faults.iter().copied().collect();
    let mut bench = Bench::with(Config { direct, check_ms: 60_000, ..CONFIG }, 4, fake);
    bench.run(5_000);
    bench.fake.deliver(&message(3).0);
    bench.fake.deliver(&message(4).0);
    send(&mut bench.modem, TPDU).unwrap();
    bench.run(900_000);
    bench.until_ready();
    bench
}

fn judge(bench: &Bench, what: &str) {
    assert_eq!(bench.modem.state().readiness, Readiness::Ready, "{what}");
    let mut inbox = bench.inbox.clone();
    inbox.sort();
    let expected: Vec<String> = (1..=4).map(|text| message(text).1).collect();
    assert_eq!(inbox, expected, "{what}: {:?}", bench.fake.commands);
    assert_eq!(bench.fake.undelivered(), 0, "{what}");
}

#[test]
fn every_command_answered_wrongly_once() {
    for direct in [true, false] {
        let whole = live(direct, &[]);
        judge(&whole, "no fault");
        assert_eq!(whole.fake.sent, [TPDU]);
        let commands = whole.fake.commands.clone();
        assert!(commands.len() > 24);
        for (number, command) in commands.iter().enumerate() {
            for fault in FAULTS {
                let what = format!("{direct}: {fault:?} instead of the answer to {number}, {command}");
                let mut bench = live(direct, &[(number, fault)]);
                if fault == Fault::Lie {
                    // a storage that is said to be empty is believed until the next start
                    restart(&mut bench);
                }
                judge(&bench, &what);
                let twice = command.starts_with("body") && matches!(fault, Fault::Mute | Fault::Half);
                // OK to a body that was not sent: there is no way to know
                let lied = command.starts_with("body") && fault == Fault::Lie;
                assert_eq!(bench.fake.sent.len(), if lied { 0 } else { 1 + usize::from(twice) }, "{what}");
            }
        }
    }
}

#[test]
fn pairs_of_faults() {
    let number_of =
        |commands: &[String], start: &str| commands.iter().position(|c| c.starts_with(start)).unwrap();
    let commands = live(false, &[]).fake.commands;
    for (first, second) in
        [("AT+CMGL", "AT+CMGD"), ("AT+CMGD", "AT+CMGR"), ("AT+CNMI=", "AT+CMGL"), ("ATE0", "AT+CPIN?")]
    {
        for one in FAULTS {
            for other in FAULTS {
                let (a, b) = (number_of(&commands, first), number_of(&commands, second));
                let what = format!("{one:?} to {first}, {other:?} near {second}");
                let bench = live_long(&[(a, one), (b + 1, other)]);
                judge(&bench, &what);
            }
        }
    }
}

/// Like `live`, and whatever is left over is found by the listing after another start.
fn live_long(faults: &[(usize, Fault)]) -> Bench {
    let mut bench = live(false, faults);
    restart(&mut bench);
    bench
}

fn restart(bench: &mut Bench) {
    bench.fake.faults.clear();
    bench.fake.reset(true);
    bench.run(120_000);
}

/// A SIM that is said to be ready and cannot be used: the list is sent again after longer and longer pauses, and at once goes on
/// where the SIM works.
#[test]
fn a_sim_that_is_not_what_it_is_said_to_be() {
    let mut fake = Fake::new();
    fake.unknown.push(("AT+CMGL", "+CMS ERROR: 310"));
    let mut bench = Bench::with(CONFIG, 4, fake);
    bench.run(3_600_000);
    let tries = bench.commands("AT+CMGL");
    assert!((8..=16).contains(&tries), "{tries}");
    bench.fake.unknown.clear();
    bench.run(1_200_000);
    assert_eq!(bench.commands("AT+CMGL"), tries + 1);
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
}
