//! What a slot leaves behind, which nobody can see from outside.

use super::*;

const VERIFY: [u8; 13] = [1, 0x20, 0, 1, 8, 0x31, 0x32, 0x33, 0x34, 0xff, 0xff, 0xff, 0xff];

fn ask(slot: &mut Slot, command: &[u8]) -> Result<Option<usize>, Error> {
    slot.transmit(Ok(()), command, &mut [0; RESPONSE_MAX])
}

/// A PIN on its way, so far that its command line is written.
fn flying() -> Slot {
    let mut slot = Slot::new(Way::Generic);
    assert_eq!(ask(&mut slot, &VERIFY), Ok(None));
    let mut output = Output::EMPTY;
    slot.start(&mut output).unwrap();
    assert_eq!(slot.octets(), VERIFY);
    slot
}

fn assert_clean(slot: &Slot) {
    assert!(slot.apdu.octets.iter().all(|octet| *octet == 0));
    assert_eq!((slot.apdu.length, slot.asked, slot.step == Step::None), (0, 0, true));
}

#[test]
fn a_command_and_its_response_are_overwritten_when_the_response_is_fetched() {
    let mut slot = flying();
    assert!(slot.line(b"+CSIM: 8,\"ABCD9000\""));
    assert_eq!(ask(&mut slot, &VERIFY), Ok(None), "not before OK");
    slot.done(Instant::ZERO, Outcome::Ok);
    assert_eq!(ask(&mut slot, &VERIFY), Ok(Some(4)));
    assert_clean(&slot);
}

#[test]
fn what_is_given_up_is_overwritten_at_once_or_when_the_line_has_ended() {
    let mut slot = Slot::new(Way::Generic);
    assert_eq!(ask(&mut slot, &VERIFY), Ok(None));
    assert_eq!(ask(&mut slot, &[]), Ok(None));
    assert_clean(&slot);
    for outcome in [Outcome::Ok, Outcome::Error, Outcome::Equipment(14), Outcome::Equipment(10)] {
        let mut slot = flying();
        assert_eq!(ask(&mut slot, &[]), Ok(None));
        assert!(slot.line(b"+CSIM: 8,\"ABCD9000\""));
        slot.done(Instant::ZERO, outcome);
        assert_clean(&slot);
    }
    let mut slot = flying();
    assert_eq!(ask(&mut slot, &[]), Ok(None));
    slot.lose(Error::Timeout, false);
    assert_clean(&slot);
}

#[test]
fn the_end_of_a_channel_leaves_nothing_of_the_command_before_it() {
    const CLOSE_2: [u8; 4] = [0, 0x70, 0x80, 2];
    for outcome in [Outcome::Ok, Outcome::Equipment(14)] {
        let mut slot = flying();
        slot.open = bit(2);
        assert_eq!(ask(&mut slot, &CLOSE_2), Ok(None));
        assert_eq!(slot.octets(), VERIFY, "still on its way");
        if outcome == Outcome::Ok {
            assert!(slot.line(b"+CSIM: 8,\"ABCD9000\""));
        }
        slot.done(Instant::ZERO, outcome);
        assert_eq!(slot.octets(), CLOSE_2);
        assert!(slot.apdu.octets.iter().skip(CLOSE_2.len()).all(|octet| *octet == 0));
    }
}

#[test]
fn an_error_overwrites_the_command() {
    for outcome in [Outcome::Ok, Outcome::Error, Outcome::Equipment(13)] {
        let mut slot = flying();
        slot.done(Instant::ZERO, outcome);
        assert!(slot.apdu.octets.iter().all(|octet| *octet == 0));
        assert!(ask(&mut slot, &VERIFY).is_err());
        assert_clean(&slot);
    }
}

#[test]
fn a_card_out_of_reach_takes_nothing() {
    let mut slot = Slot::new(Way::Channels);
    assert_eq!(slot.transmit(Err(Error::NotFound), &VERIFY, &mut [0; 2]), Err(Error::NotFound));
    assert_clean(&slot);
    assert!(slot.due().is_never());
}

/// The line is lost while a channel of somebody else's is closed: the response that waits is whole, and then nothing is open.
#[test]
fn a_response_that_waits_outlives_the_line() {
    let mut slot = flying();
    assert!(slot.line(b"+CSIM: 8,\"ABCD9000\""));
    slot.done(Instant::ZERO, Outcome::Ok);
    slot.step = Step::Close(2);
    slot.lose(Error::Link, false);
    let mut response = [0; RESPONSE_MAX];
    assert_eq!(slot.transmit(Ok(()), &VERIFY, &mut response), Ok(Some(4)));
    assert_eq!(response[..4], [0xab, 0xcd, 0x90, 0x00]);
    assert_eq!(ask(&mut slot, &VERIFY), Err(Error::Closed));
}
