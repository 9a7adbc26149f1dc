//! Messages that are sent, and what is done when they cannot be (TS 27.005 section 3.2.5).

use crate::bench::{Bench, CONFIG, send};
use crate::fake::{Fake, Fault};
use whimbrel::at::{Code, Config, TPDU_MAX};
use whimbrel::error::Error;

const TPDU: &str = "01000B915155550521F300041E64451234A1B2C3D4C0FF4F70656E204D6F62696C6520416C6C69616E6365";
/// The line that goes with it by the vectors: the service centre is that of the SIM.
const LINE: &str = "0001000B915155550521F300041E64451234A1B2C3D4C0FF4F70656E204D6F62696C6520416C6C69616E6365";

/// What becomes of a message whose first bodies are answered so.
fn after(faults: &[Fault]) -> Bench {
    let mut bench = Bench::ready();
    send(&mut bench.modem, TPDU).unwrap();
    for fault in faults {
        let bodies = bench.commands("body");
        bench.until(|bench| bench.commands("AT+CMGS") > bodies);
        // the next command is the body
        bench.fake.faults.insert(bench.fake.commands.len(), *fault);
        bench.until(|bench| bench.commands("body") > bodies);
    }
    bench.run(600_000);
    bench
}

#[test]
fn the_body_goes_out_after_the_prompt_as_the_vectors_have_it() {
    let mut bench = Bench::ready();
    send(&mut bench.modem, TPDU).unwrap();
    bench.run(1_000);
    assert_eq!(
        bench.fake.commands[bench.fake.commands.len() - 2..],
        ["AT+CMGS=43".to_owned(), format!("body {LINE}")]
    );
    assert_eq!((bench.modem.state().counters.sent, bench.count(Code::SendFailed)), (1, 0));
}

#[test]
fn messages_leave_in_their_order_and_a_full_queue_says_so() {
    let mut bench = Bench::new();
    for last in ["00", "01", "02", "03"] {
        assert_eq!(send(&mut bench.modem, last), Ok(()));
    }
    assert_eq!(send(&mut bench.modem, "04"), Err(Error::Busy));
    bench.run(10_000);
    assert_eq!(bench.fake.sent, ["00", "01", "02", "03"]);
    assert_eq!(send(&mut bench.modem, ""), Err(Error::BadValue));
    assert_eq!(bench.modem.send(&[0; TPDU_MAX + 1]), Err(Error::TooLarge));
    assert_eq!(bench.modem.send(&[0xa5; TPDU_MAX]), Ok(()));
    bench.run(1_000);
    assert_eq!(bench.fake.sent.last().unwrap().len(), 2 * TPDU_MAX);
}

#[test]
fn what_the_network_cannot_do_now_is_tried_again_five_times() {
    for code in [38, 41, 42, 47, 0xc0, 0xc2, 301, 314, 331, 332] {
        let bench = after(&[Fault::Message(code); 5]);
        assert_eq!((bench.fake.sent.len(), bench.count(Code::SendFailed)), (1, 0), "{code}");
        let bench = after(&[Fault::Message(code); 6]);
        assert_eq!((bench.fake.sent.len(), bench.last(Code::SendFailed)), (0, Some(code.into())), "{code}");
        assert_eq!(bench.modem.state().message_error, code);
    }
}

#[test]
fn what_may_have_been_an_accident_is_tried_once_more() {
    for fault in [Fault::Message(300), Fault::Message(500), Fault::Error, Fault::Equipment(100)] {
        let bench = after(&[fault]);
        assert_eq!((bench.fake.sent.len(), bench.count(Code::SendFailed)), (1, 0), "{fault:?}");
        let bench = after(&[fault; 2]);
        assert_eq!((bench.fake.sent.len(), bench.count(Code::SendFailed)), (0, 1), "{fault:?}");
    }
}

#[test]
fn what_will_never_work_is_told_at_once() {
    for code in [1, 8, 21, 28, 50, 69, 96, 111, 0x80, 0xd5, 302, 303, 304, 330] {
        let bench = after(&[Fault::Message(code)]);
        assert_eq!((bench.fake.sent.len(), bench.last(Code::SendFailed)), (0, Some(code.into())), "{code}");
        assert_eq!(bench.modem.state().counters.failed, 1);
    }
    let bench = after(&[Fault::Equipment(3)]);
    assert_eq!(bench.last(Code::SendFailed), Some(65_536 + 3));
}

#[test]
fn a_failed_message_does_not_hold_up_the_next_one() {
    let mut bench = Bench::ready();
    bench.fake.faults.insert(bench.fake.commands.len(), Fault::Message(21));
    send(&mut bench.modem, TPDU).unwrap();
    send(&mut bench.modem, "0102").unwrap();
    bench.run(3_000);
    assert_eq!(
        (bench.fake.sent.as_slice(), bench.last(Code::SendFailed)),
        (&["0102".to_owned()][..], Some(21))
    );
}

#[test]
fn a_full_storage_is_cleaned_up_first() {
    let mut bench = Bench::ready();
    bench.fake.store("ME", 4, &crate::delivery::message(4).0);
    bench.fake.faults.insert(bench.fake.commands.len() + 1, Fault::Message(322));
    send(&mut bench.modem, TPDU).unwrap();
    bench.run(20_000);
    assert_eq!((bench.inbox.len(), bench.fake.storage.len(), bench.fake.sent.len()), (1, 0, 1));
}

#[test]
fn an_unknown_service_centre_is_set_where_its_number_is_known() {
    let mut bench = Bench::with(Config { centre: Some(b"15555550100"), ..CONFIG }, 4, Fake::new());
    bench.run(3_000);
    bench.fake.faults.insert(bench.fake.commands.len() + 1, Fault::Message(330));
    send(&mut bench.modem, TPDU).unwrap();
    bench.run(20_000);
    assert_eq!((bench.commands("AT+CSCA=\"15555550100\",129"), bench.fake.sent.len()), (2, 1));
}

#[test]
fn a_message_without_a_result_is_sent_once_more_and_may_go_out_twice() {
    let bench = after(&[Fault::Mute]);
    assert_eq!((bench.fake.sent.len(), bench.count(Code::SendFailed)), (2, 0));
    let bench = after(&[Fault::Mute; 2]);
    assert_eq!((bench.fake.sent.len(), bench.last(Code::SendFailed)), (2, Some(0)));
}

#[test]
fn a_modem_that_restarts_meanwhile_gets_the_message_again() {
    for fault in [Fault::Banner, Fault::Reset] {
        let bench = after(&[fault]);
        assert_eq!((bench.fake.sent.len(), bench.count(Code::SendFailed)), (1, 0), "{fault:?}");
    }
}

#[test]
fn a_sim_that_lost_its_pin_gets_the_list_again() {
    let mut fake = Fake::new();
    fake.pin = Some("1234");
    let mut bench = Bench::with(Config { pin: Some(b"1234"), ..CONFIG }, 4, fake);
    bench.run(5_000);
    bench.fake.faults.insert(bench.fake.commands.len() + 1, Fault::Message(311));
    send(&mut bench.modem, TPDU).unwrap();
    bench.run(20_000);
    assert_eq!((bench.commands("AT+CPIN?"), bench.fake.sent.len()), (3, 1));
}
