//! The init list, the SIM, registration.

use crate::bench::{Bench, CONFIG, NO_SCRIPT, send};
use crate::fake::Fake;
use whimbrel::at::{Cause, Code, Config, LINE_MIN, Memory, Message, Modem, Readiness};
use whimbrel::error::Error;
use whimbrel::time::Instant;

const TPDU: &str = "01000B915155550521F300041E64451234A1B2C3D4C0FF4F70656E204D6F62696C6520416C6C69616E6365";

fn with(config: Config<'static>, change: impl FnOnce(&mut Fake)) -> Bench {
    let mut fake = Fake::new();
    change(&mut fake);
    let mut bench = Bench::with(config, 4, fake);
    bench.run(5_000);
    bench
}

#[test]
fn the_list_is_sent_in_its_order_and_the_modem_is_ready() {
    let bench = Bench::ready();
    let expected = [
        "AT",
        "ATE0",
        "ATV1",
        "AT+CMEE=1",
        "AT+CPIN?",
        "AT+CSMS=1",
        "AT+CMGF=0",
        "AT+CSCA?",
        "AT+CPMS=\"ME\",\"ME\",\"ME\"",
        "AT+CEREG=1",
        "AT+CREG=1",
        "AT+CEREG?",
        "AT+CREG?",
        "AT+CNMI=2,2,0,1,0",
        "AT+CMGL=4",
    ];
    assert_eq!(bench.fake.commands, expected);
    let state = bench.modem.state();
    assert_eq!((state.readiness, state.registration, state.possible), (Readiness::Ready, 1, true));
    assert_eq!(state.centre, b"+15555550100");
    assert_eq!((bench.count(Code::Ready), bench.count(Code::Restarted)), (1, 0));
}

#[test]
fn a_ready_modem_without_work_is_left_alone() {
    let mut bench = Bench::ready();
    let commands = bench.fake.commands.len();
    let next = bench.modem.poll(Instant::from_millis(bench.now), &mut |_| {});
    assert!(next.is_never());
    bench.run(86_400_000);
    assert_eq!(bench.fake.commands.len(), commands);
}

#[test]
fn what_the_application_wants_is_sent_too() {
    const SCRIPT: &[&[u8]] = &[b"AT+CFUN=1", b"AT#OWN=\"x\""];
    let config = Config {
        centre: Some(b"+15555550100"),
        bearer: Some(2),
        storage: *b"SM",
        direct: false,
        script: &SCRIPT,
        ..CONFIG
    };
    let mut bench = with(config, |_| {});
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
    for command in [
        "AT+CFUN=1",
        "AT#OWN=\"x\"",
        "AT+CSCA=\"+15555550100\",145",
        "AT+CPMS=\"SM\",\"SM\",\"SM\"",
        "AT+CGSMS=2",
        "AT+CNMI=2,1,0,1,0",
    ] {
        assert_eq!(bench.commands(command), 1, "{command}");
    }
    // its own +CFUN is no reason to begin again
    bench.fake.say("\r\n+CFUN: 1\r\n");
    bench.run(5_000);
    assert_eq!(bench.count(Code::Restarted), 0);
}

#[test]
fn a_modem_that_knows_little_is_set_up_by_what_it_knows() {
    let bench = with(CONFIG, |fake| {
        fake.unknown = vec![
            ("AT+CMEE", "ERROR"),
            ("AT+CSMS", "ERROR"),
            ("AT+CSCA", "ERROR"),
            ("AT+CPMS=\"ME", "+CMS ERROR: 302"),
            ("AT+CEREG", "ERROR"),
            ("AT+CREG", "ERROR"),
            ("AT+CNMI=2,1,0,1", "+CMS ERROR: 303"),
        ];
    });
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
    assert_eq!(bench.commands("AT+CSMS"), 2);
    assert_eq!(bench.commands("AT+CPMS=\"SM"), 1);
    // without acknowledgements only what is stored is safe
    assert_eq!(bench.commands("AT+CNMI=2,2"), 0);
    assert_eq!(bench.commands("AT+CNMI=2,1,0,0,0"), 1);
}

#[test]
fn a_pin_is_entered_once_and_again_only_after_it_was_right() {
    let mut bench = with(Config { pin: Some(b"1234"), ..CONFIG }, |fake| fake.pin = Some("1234"));
    assert_eq!((bench.modem.state().readiness, bench.fake.pins_entered), (Readiness::Ready, 1));
    bench.fake.reset(true);
    bench.run(10_000);
    assert_eq!((bench.modem.state().readiness, bench.fake.pins_entered), (Readiness::Ready, 2));
}

#[test]
fn a_wrong_pin_is_never_entered_twice() {
    let mut bench = with(Config { pin: Some(b"9999"), ..CONFIG }, |fake| fake.pin = Some("1234"));
    assert_eq!((bench.modem.state().readiness, bench.fake.pins_entered), (Readiness::Pin, 1));
    assert_eq!(bench.last(Code::Sim), Some(Readiness::Pin as i32));
    bench.run(3_600_000);
    for banner in [true, false] {
        bench.fake.reset(banner);
        bench.run(600_000);
    }
    assert_eq!((bench.modem.state().readiness, bench.fake.pins_entered), (Readiness::Pin, 1));
    assert_eq!(bench.count(Code::Sim), 1);
}

#[test]
fn a_pin_without_an_answer_counts_as_entered() {
    let mut bench = with(Config { pin: Some(b"9999"), ..CONFIG }, |fake| {
        fake.pin = Some("1234");
        fake.deaf_to = vec!["AT+CPIN="];
    });
    bench.fake.deaf_to.clear();
    bench.run(3_600_000);
    assert_eq!(bench.commands("AT+CPIN="), 1);
}

#[test]
fn without_a_pin_the_sim_is_asked_until_somebody_else_has_entered_it() {
    let mut bench = with(CONFIG, |fake| fake.pin = Some("1234"));
    assert_eq!(bench.modem.state().readiness, Readiness::Pin);
    bench.fake.pin = None;
    bench.run(60_000);
    assert_eq!((bench.modem.state().readiness, bench.fake.pins_entered), (Readiness::Ready, 0));
}

#[test]
fn sims_that_are_missing_or_locked_are_told_and_come_back_at_once() {
    for (answer, expected) in [
        ("+CME ERROR: 10", Readiness::NoSim),
        ("ERROR", Readiness::NoSim),
        ("+CME ERROR: 12", Readiness::Puk),
        ("+CME ERROR: 11", Readiness::Pin),
        ("+CME ERROR: 14", Readiness::Starting),
    ] {
        let mut bench = with(CONFIG, |fake| fake.unknown = vec![("AT+CPIN", answer)]);
        bench.run(600_000);
        assert_eq!(bench.modem.state().readiness, expected, "{answer}");
        assert!(bench.commands("AT+CPIN?") < 25, "{answer}");
        bench.fake.unknown.clear();
        bench.fake.say("\r\n+CPIN: READY\r\n");
        bench.run(3_000);
        assert_eq!(bench.modem.state().readiness, Readiness::Ready, "{answer}");
    }
}

#[test]
fn a_sim_that_is_pulled_out_is_noticed() {
    let mut bench = Bench::ready();
    bench.fake.unknown = vec![("AT+CPIN", "+CME ERROR: 10")];
    bench.fake.say("\r\n+CPIN: NOT READY\r\n");
    bench.run(5_000);
    assert_eq!(bench.modem.state().readiness, Readiness::NoSim);
}

#[test]
fn messages_wait_for_a_network_that_carries_them() {
    for (stat, carried) in [
        (0, false),
        (1, true),
        (2, false),
        (3, false),
        (4, false),
        (5, true),
        (6, true),
        (7, true),
        (8, false),
    ] {
        let mut bench = with(CONFIG, |fake| fake.registered = 2);
        assert_eq!(bench.modem.state().readiness, Readiness::Searching);
        send(&mut bench.modem, TPDU).unwrap();
        bench.run(1_000);
        assert_eq!(bench.commands("AT+CMGS"), 0);
        bench.fake.register(stat);
        bench.run(1_000);
        assert_eq!(bench.fake.sent.len(), usize::from(carried), "{stat}");
        assert_eq!(bench.modem.state().registration, stat);
    }
}

#[test]
fn a_registration_that_is_not_told_is_asked_for_more_and_more_rarely() {
    let mut bench = with(CONFIG, |fake| {
        fake.registered = 2;
        fake.unknown = vec![("AT+CEREG=", "ERROR")];
    });
    bench.run(3_600_000);
    assert!((5..20).contains(&bench.commands("AT+CEREG?")));
    bench.fake.registered = 1;
    bench.run(600_000);
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
    assert_eq!(bench.last(Code::Registration), Some(1));
}

#[test]
fn an_unsolicited_registration_is_told_apart_from_the_answer_that_is_waited_for() {
    let mut fake = Fake::new();
    fake.deaf_to = vec!["AT+CEREG?"];
    let mut bench = Bench::with(CONFIG, 4, fake);
    bench.until(|bench| bench.commands("AT+CEREG?") == 1);
    // pending: the code has its text in quotes in second place, the answer a number
    assert_eq!(bench.fake.commands.last().unwrap(), "AT+CEREG?");
    bench.fake.say("\r\n+CEREG: 3,\"00A1\",\"00B2\",7\r\n");
    bench.run(20);
    assert_eq!(bench.modem.state().registration, 3);
    bench.fake.say("\r\n+CEREG: 2\r\n");
    bench.run(20);
    assert_eq!(bench.modem.state().registration, 2);
    bench.fake.say("\r\n+CEREG: 2,5\r\n\r\nOK\r\n");
    bench.run(2_000);
    assert_eq!(bench.modem.state().registration, 5);
    // not pending: <stat> comes first, whatever follows
    bench.fake.say("\r\n+CEREG: 1,5\r\n");
    bench.run(20);
    assert_eq!(bench.modem.state().registration, 1);
}

#[test]
fn echo_that_cannot_be_switched_off_and_digits_at_the_start_do_no_harm() {
    for grain in [1, 7, usize::MAX] {
        let mut fake = Fake::new();
        fake.always_echoes = true;
        fake.starts_in_digits = true;
        fake.reset(false);
        let mut bench = Bench::with(CONFIG, 4, fake);
        bench.grain = grain;
        bench.run(5_000);
        assert_eq!(bench.modem.state().readiness, Readiness::Ready);
        send(&mut bench.modem, TPDU).unwrap();
        bench.run(5_000);
        assert_eq!((bench.fake.sent.len(), bench.count(Code::Restarted)), (1, 0));
    }
}

#[test]
fn every_banner_has_the_list_sent_again() {
    for banner in ["RDY", "APP RDY", "+CFUN: 1", "^SYSSTART", "Ready"] {
        let mut bench = Bench::ready();
        bench.fake.reset(false);
        bench.fake.say(&format!("\0\0\r\n{banner}\r\n"));
        bench.run(5_000);
        assert_eq!(bench.last(Code::Restarted), Some(Cause::Banner as i32), "{banner}");
        assert_eq!((bench.commands("AT+CNMI="), bench.count(Code::Ready)), (2, 2), "{banner}");
        assert_eq!(bench.modem.state().counters.restarts, 1);
    }
}

#[test]
fn a_silent_restart_shows_by_the_echo_of_the_next_command_or_by_a_check() {
    let mut bench = Bench::ready();
    bench.fake.reset(false);
    send(&mut bench.modem, TPDU).unwrap();
    bench.run(30_000);
    assert_eq!(bench.last(Code::Restarted), Some(Cause::Settings as i32));
    assert_eq!(bench.fake.sent, [TPDU]);

    let mut bench = with(Config { check_ms: 60_000, ..CONFIG }, |fake| fake.always_echoes = true);
    bench.run(600_000);
    assert_eq!((bench.commands("AT+CNMI?"), bench.count(Code::Restarted)), (11, 0));
    bench.fake.reset(false);
    bench.run(70_000);
    assert_eq!(bench.last(Code::Restarted), Some(Cause::Settings as i32));
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
}

#[test]
fn a_dead_modem_is_told_once_and_tried_for_ever_more_and_more_rarely() {
    let mut bench = Bench::ready();
    bench.fake.dead = true;
    send(&mut bench.modem, TPDU).unwrap();
    bench.run(3_600_000);
    assert_eq!((bench.modem.state().readiness, bench.count(Code::Lost)), (Readiness::Lost, 1));
    bench.fake.dead = false;
    bench.run(400_000);
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
    assert_eq!(bench.last(Code::Restarted), Some(Cause::Silence as i32));
    assert_eq!(bench.fake.sent, [TPDU]);
}

#[test]
fn an_optional_step_without_an_answer_is_left_out_at_last() {
    let bench = with(CONFIG, |fake| fake.deaf_to = vec!["AT+CSCA?"]);
    let mut bench = bench;
    bench.run(60_000);
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
    assert_eq!(bench.commands("AT+CSCA?"), 2);
}

#[test]
fn a_line_that_was_closed_and_opened_has_everything_told_again() {
    let mut bench = Bench::ready();
    let now = Instant::from_millis(bench.now);
    let mut events = vec![];
    bench.modem.line(now, false, &mut |event| events.push(event.code));
    assert_eq!((events, bench.modem.state().readiness), (vec![Code::Lost], Readiness::Off));
    bench.fake.say("\r\nRDY\r\n");
    send(&mut bench.modem, TPDU).unwrap();
    assert!(bench.modem.poll(now, &mut |_| {}).is_never());
    bench.run(10_000);
    assert_eq!((bench.modem.state().readiness, bench.commands("ATE0")), (Readiness::Off, 1));
    bench.modem.line(Instant::from_millis(bench.now), true, &mut |_| {});
    bench.run(5_000);
    assert_eq!((bench.modem.state().readiness, bench.commands("ATE0")), (Readiness::Ready, 2));
    assert_eq!(bench.fake.sent, [TPDU]);
}

#[test]
fn configurations_that_would_break_a_command_line_are_refused() {
    let make = |config, line, places| {
        let memory = Memory {
            line: vec![0; line].leak(),
            outgoing: vec![Message::FREE; places].leak(),
            incoming: vec![Message::FREE; places].leak(),
            card: None,
        };
        Modem::new(memory, config).err()
    };
    const BROKEN: &[&[u8]] = &[b"AT\r"];
    const EMPTY: &[&[u8]] = &[b""];
    assert_eq!(make(CONFIG, LINE_MIN, 1), None);
    assert_eq!(make(CONFIG, LINE_MIN - 1, 1), Some(Error::Full));
    assert_eq!(make(CONFIG, LINE_MIN, 0), Some(Error::Full));
    for config in [
        Config { pin: Some(b"123"), ..CONFIG },
        Config { pin: Some(b"12\"4"), ..CONFIG },
        Config { centre: Some(b"1\"2"), ..CONFIG },
        Config { centre: Some(b"+"), ..CONFIG },
        Config { centre: Some(b"123456789012345678901"), ..CONFIG },
        Config { storage: *b"\"M", ..CONFIG },
        Config { bearer: Some(4), ..CONFIG },
        Config { script: &BROKEN, ..CONFIG },
        Config { script: &EMPTY, ..CONFIG },
    ] {
        assert_eq!(make(config, LINE_MIN, 1), Some(Error::BadValue));
    }
    let longest = Config {
        centre: Some(b"+12345678901234567890"),
        pin: Some(b"12345678"),
        script: &NO_SCRIPT,
        ..CONFIG
    };
    let bench = with(longest, |_| {});
    assert_eq!(bench.commands("AT+CSCA=\"+12345678901234567890\",145"), 1);
}
