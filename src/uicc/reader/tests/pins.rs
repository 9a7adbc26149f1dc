//! Cardholder verification: never more than one PIN, never an administrator's.

use super::*;

const PRIVATE: Option<u8> = Some(0x80);

fn with_pin(tries: u8) -> (TestCard, TestHost) {
    let mut card = card(hex(MINIMAL), PRIVATE);
    card.pin = Some((0x81, b"1234\xff\xff\xff\xff".to_vec(), tries));
    (card, TestHost { pin: Some(b"1234".to_vec()), ..TestHost::new() })
}

/// The VERIFYs of a reading.
fn verified(card: &TestCard) -> Vec<Vec<u8>> {
    card.trace.iter().map(|(command, _)| command.clone()).filter(|command| command[1] == 0x20).collect()
}

fn fails(run: &Run, status: u16, error: Error) {
    assert_eq!(run.result, Err(Failure { step: Step::Pin, status, error }));
}

#[test]
fn a_flag_asks_for_the_pin_before_the_file_is_read() {
    for flags in [0x80, 0x40, 0xc0] {
        let (mut card, mut host) = with_pin(3);
        card.files[3] = transparent(0x6430, true, object(0x6432, Some(flags)));
        assert_eq!(found(&load(&mut card, &mut host)).size, 69);
        assert_eq!(host.asked, [(0x81, 3)]);
        assert_eq!(verified(&card), [hex("01200081"), hex("012000810831323334FFFFFFFF")]);
        assert!(!card.trace.iter().any(|(_, reply)| *reply == sw(0x6982)), "it was not tried without");
    }
}

#[test]
fn a_card_that_wants_a_pin_without_a_flag_gets_it() {
    let (mut card, mut host) = with_pin(3);
    card.files[3] = transparent(0x6430, true, object(0x6432, None));
    assert_eq!(found(&load(&mut card, &mut host)).size, 69);
    assert_eq!(host.asked, [(0x81, 3)]);
    // a DODF may want one as well; then the file does not ask again
    let (mut card, mut host) = with_pin(3);
    card.files[3].private = true;
    assert_eq!(found(&load(&mut card, &mut host)).size, 69);
    assert_eq!((host.asked, verified(&card).len()), (vec![(0x81, 3)], 2));
}

#[test]
fn a_wrong_pin_is_given_once_and_ends_the_reading() {
    let (mut card, mut host) = with_pin(3);
    host.pin = Some(b"9999".to_vec());
    let run = load(&mut card, &mut host);
    fails(&run, 0x63c2, Error::Unauthorized);
    assert_eq!((host.asked.len(), verified(&card).len(), card.open_channels()), (1, 2, 0));
    assert!(host.items.is_empty());
}

#[test]
fn a_blocked_pin_is_not_given() {
    let (mut card, mut host) = with_pin(0);
    fails(&load(&mut card, &mut host), 0x6983, Error::Unauthorized);
    assert_eq!((host.asked.len(), verified(&card).len()), (0, 1));
    // nor is one that has no tries left by its counter
    let (mut card, mut host) = with_pin(3);
    let at = {
        let (mut card, mut host) = with_pin(3);
        load(&mut card, &mut host);
        card.wire.iter().position(|command| command[1] == 0x20).unwrap()
    };
    card.fault = Some((at, Fault::Status(0x63c0)));
    fails(&load(&mut card, &mut host), 0x63c0, Error::Unauthorized);
    assert!(host.asked.is_empty());
}

#[test]
fn a_pin_that_nobody_knows_costs_no_try() {
    let (mut card, mut host) = with_pin(2);
    host.pin = None;
    fails(&load(&mut card, &mut host), 0x63c2, Error::Credentials);
    assert_eq!((host.asked.clone(), verified(&card).len()), (vec![(0x81, 2)], 1));
    for length in [0, 3, 9] {
        let (mut card, mut host) = with_pin(2);
        host.pin = Some(vec![0x31; length]);
        fails(&load(&mut card, &mut host), 0, Error::BadValue);
        assert_eq!(verified(&card).len(), 1);
    }
}

#[test]
fn a_pin_that_is_disabled_or_verified_is_not_asked_for() {
    // both are disabled
    let (mut card, mut host) = with_pin(3);
    let fcp = card.application_fcp.windows(3).position(|three| three == [0x90, 0x01, 0xc0]).unwrap();
    card.application_fcp[fcp + 2] = 0x00;
    card.files[4].private = false;
    assert_eq!(found(&load(&mut card, &mut host)).size, 69);
    assert!(verified(&card).is_empty());
    // only an administrator's is enabled, and the file wants one
    card.reset();
    card.application_fcp[fcp + 2] = 0x40;
    card.files[4].private = true;
    fails(&load(&mut card, &mut host), 0x6982, Error::Unauthorized);
    assert!(verified(&card).is_empty() && host.asked.is_empty());
    // verified already
    let (mut card, mut host) = with_pin(3);
    card.verified = true;
    assert_eq!(found(&load(&mut card, &mut host)).size, 69);
    assert_eq!((host.asked.len(), verified(&card).len()), (0, 1));
}

#[test]
fn where_select_told_nothing_status_is_asked_for_the_references() {
    let (mut card, mut host) = with_pin(3);
    let at = card_position(&mut card, &mut host, |command| command[..4] == [0x01, 0xa4, 0x04, 0x04]);
    let fcp = core::mem::take(&mut card.application_fcp);
    card.reset();
    // SELECT of the application answers without FCP
    let mut quiet = Quiet(card, fcp, at);
    let mut window = [0; WINDOW];
    let mut reader = Reader::new(&mut window).unwrap();
    reader.start(Goal::Load, CLEAR);
    host.asked.clear();
    let outcome = loop {
        match reader.step(Instant::ZERO, &mut quiet, &mut host) {
            Progress::Again => {}
            Progress::Done(outcome) => break outcome,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(outcome, Outcome::Read(_)));
    assert!(quiet.0.wire.contains(&hex("81F2000000")));
    assert_eq!(host.asked, [(0x81, 3)]);
}

/// Has FCP from a command on only.
struct Quiet(TestCard, Vec<u8>, usize);

impl Card for Quiet {
    fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
        if self.0.wire.len() > self.2 {
            self.0.application_fcp = self.1.clone();
        }
        self.0.transmit(command, response)
    }
}

fn card_position(card: &mut TestCard, host: &mut TestHost, is: impl Fn(&[u8]) -> bool) -> usize {
    load(card, host);
    card.wire.iter().position(|command| is(command)).unwrap()
}
