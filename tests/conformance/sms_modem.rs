//! The client at a modem that speaks AT: all the way from the Register to `+CMGS`, through the service centre, and back; the
//! modem resets, fills up, forgets and mumbles meanwhile. The bench's modem knows nothing of the engine's.

use super::sms::{every_operation, patient, setup};
use whimbrel::capi::*;
use whimbrel_lab::device::{Serial, Sms, Texting};
use whimbrel_lab::scene::{FIRST_ID, PHONE, SERVER_NUMBER};
use whimbrel_lab::sms::modem::{Fault, Modem, Options};
use whimbrel_lab::sms::{Carrier, Weather};
use whimbrel_lab::{Lab, Operation, Setup, minutes, seconds};

/// A modem that works at what comes while it works.
pub fn options() -> Options {
    Options { type_ahead: true, ..Options::default() }
}

/// A device whose only way is a modem at a serial line.
fn at_a_modem(setup: &Setup, options: Options, stored: bool) -> Lab {
    let mut lab = setup.switched_on();
    patient(&mut lab);
    let modem = Modem::new(lab.centre.phone(PHONE), options);
    lab.device.plug_serial(Serial::new(modem, stored));
    if let Some(gateway) = &mut lab.gateways[0] {
        gateway.secured = Carrier::PLAIN;
    }
    lab
}

fn registers(lab: &mut Lab) {
    lab.run_until("registration", minutes(30), |lab| lab.device.is_registered(FIRST_ID));
}

/// Models of modems: what they can, and what they lack.
fn models() -> Vec<(&'static str, Options, bool)> {
    vec![
        ("direct", options(), false),
        ("stored", options(), true),
        ("phase 2", Options { phase_2_plus: false, ..options() }, false),
        ("no direct delivery", Options { direct: false, ..options() }, false),
        (
            "without echo, in lower case",
            Options { echo: false, lower_hex: true, quotes: false, ..options() },
            false,
        ),
        ("loses bytes", Options::default(), false),
        ("slow", Options { delay: 700, send_delay: 8000, chunk: (3, 5), ..options() }, false),
        ("in text mode, few places", Options { text_mode: true, places: 2, ..options() }, true),
        ("knows little", Options { unknown: vec!["+CGSMS", "+CSCA", "+CEREG"], ..options() }, false),
    ]
}

/// LwM2M-MEC-003-C-O at every model, over an ordinary network.
#[test]
fn mec_003_c_o_every_operation_at_a_modem() {
    for (name, options, stored) in models() {
        let mut lab = at_a_modem(&setup("S"), options, stored);
        lab.centre.weather(Weather::ordinary());
        registers(&mut lab);
        println!("{name}");
        every_operation(&mut lab);
        let state = lab.device.serial().state();
        assert_eq!((state.state, state.failed, state.dropped), (WHIMBREL_MODEM_READY, 0, 0), "{name}");
        assert_eq!(state.restarts, 0, "{name}");
    }
}

/// The same in secured packets.
#[test]
fn mec_003_c_o_secured_packets_at_a_modem() {
    let sms = Sms::packets(SERVER_NUMBER, b"0123456789abcdefFEDCBA9876543210");
    let texting = Texting { number: Some(PHONE.into()), packets: true, ..Texting::default() };
    let setup = Setup { texting: Some(texting), sms: [Some(sms), None], persistent: true, ..setup("S") };
    let mut lab = at_a_modem(&setup, options(), false);
    registers(&mut lab);
    every_operation(&mut lab);
    // with TP-PID 7f and class 2 the modem gives them to its card, as TS 23.040 says
    if let Some(gateway) = &mut lab.gateways[0] {
        gateway.secured = Carrier::SMARTCARD;
    }
    let read = lab.server.read("/3/0/9");
    lab.run(minutes(10));
    assert!(lab.server.outcome(read).is_some_and(|outcome| outcome.result.is_err()));
    assert_eq!(lab.device.serial().modem.for_card().len(), 1);
}

/// The modem crashes in the middle of everything and comes back with a banner: nothing that it had taken is lost, and what comes
/// meanwhile is delivered afterwards.
#[test]
fn mec_003_c_o_a_modem_that_resets() {
    for at in 0..40 {
        let mut lab = at_a_modem(&setup("S"), options(), at % 2 == 0);
        registers(&mut lab);
        let execute = lab.server.execute("/26241/0/20", "");
        lab.run(at * 37);
        let now = lab.now();
        lab.device.serial().modem.reset(now);
        lab.run(minutes(1));
        let known = lab.server.outcome(execute).is_some();
        let done = lab.device.executed("/26241/0/20");
        assert!(done <= 1, "after {at}");
        assert!(known || done == 0 || lab.device.serial().state().failed <= 1, "after {at}");
        lab.server.give_up(execute);
        assert_eq!(lab.text("/3/0/9"), "100", "after {at}");
        assert_eq!(lab.device.serial().state().restarts, 1, "after {at}");
    }
}

/// Any one of the commands goes wrong: the client registers all the same.
#[test]
fn mec_003_c_o_each_command_goes_wrong() {
    let faults = || {
        [
            Fault::Silence,
            Fault::Result("ERROR".into()),
            Fault::Result("+CME ERROR: 14".into()),
            Fault::NoResult,
            Fault::Noise(b"\r\n\x00\xff+CMT: \r\n".to_vec()),
            Fault::Unsolicited(vec!["+CEREG: 1".into()]),
            Fault::Slow(4000),
            Fault::Reset,
        ]
    };
    let mut whole = at_a_modem(&setup("S"), options(), false);
    registers(&mut whole);
    let commands = whole.device.serial().modem.commands().len() as u32;
    assert!(commands > 10, "{commands}");
    for n in 1..=commands {
        for fault in faults() {
            let mut lab = at_a_modem(&setup("S"), options(), false);
            let what = format!("{fault:?} at command {n}");
            lab.device.serial().modem.fault(n, fault);
            lab.run_until(&what, minutes(60), |lab| lab.device.is_registered(FIRST_ID));
            assert_eq!(lab.text("/3/0/9"), "100", "{what}");
        }
    }
    println!("{commands} commands, {} faults each", faults().len());
}

/// The memory is full of what is not ours when the device comes up: it is cleared, and the server's messages have room.
#[test]
fn mec_003_c_o_a_full_memory_is_cleared() {
    let mut lab = at_a_modem(&setup("S"), Options { places: 3, ..options() }, true);
    lab.device.serial().modem.fill();
    assert_eq!(lab.device.serial().modem.used("ME"), (3, 3));
    registers(&mut lab);
    assert_eq!(lab.device.serial().modem.used("ME"), (0, 3));
    assert_eq!(lab.text("/3/0/9"), "100");
}

/// Messages that came while the device was off are there when it comes back; the newest state counts.
#[test]
fn mec_003_c_o_messages_wait_while_the_device_is_off() {
    let mut lab = at_a_modem(&Setup { persistent: true, ..setup("S") }, options(), false);
    registers(&mut lab);
    let now = lab.now();
    lab.device.serial().modem.plug(now, false);
    lab.storage.power_off();
    let trigger = lab.server.execute("/1/0/8", "");
    lab.run(minutes(2));
    lab.power_cycle();
    let modem = Modem::new(lab.centre.phone(PHONE), options());
    lab.device.plug_serial(Serial::new(modem, false));
    lab.run(minutes(4));
    assert!(lab.device.is_registered(FIRST_ID));
    assert!(lab.server.count(Operation::Update) >= 1);
    lab.server.give_up(trigger);
    assert_eq!(lab.text("/3/0/9"), "100");
}

/// Without a network for messages nothing is sent, and what waits goes out when it is there.
#[test]
fn mec_003_c_o_waits_for_the_network() {
    let mut lab = at_a_modem(&setup("S"), options(), false);
    lab.device.serial().modem.register(0, 2);
    lab.run(minutes(2));
    assert_eq!(lab.centre.sent_by(PHONE).len(), 0);
    let now = lab.now();
    lab.device.serial().modem.register(now, 5);
    lab.run(seconds(30));
    assert!(lab.device.is_registered(FIRST_ID));
}
