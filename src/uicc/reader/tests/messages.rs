//! Messages to and from the card's LwM2M application.

use super::*;

fn application() -> TestCard {
    let mut card = TestCard::new(Vec::new());
    card.aid = hex("F04C574D324D01");
    card
}

/// Address of +15555550123, tag, length, and a message of that many bytes.
fn body(length: u16) -> Vec<u8> {
    [hex("0B915155550521F3").as_slice(), &[0x05], length.to_be_bytes().as_slice(), &vec![0x64; length.into()]]
        .concat()
}

fn talk(card: &mut TestCard, host: &mut TestHost) -> Run {
    read(Goal::Messages, CLEAR, WINDOW, card, host)
}

#[test]
fn messages_go_both_ways_in_turn() {
    let mut card = application();
    let mut host = TestHost { outgoing: vec![body(4), body(5)], ..TestHost::new() };
    card.incoming = [body(1), body(2), body(3)].into();
    let run = talk(&mut card, &mut host);
    assert_eq!(run.result, Ok(Outcome::Messages { apdus: card.wire.len() as u16 }));
    assert_eq!(card.taken, [body(4), body(5)]);
    assert_eq!((host.stored, host.messages), (vec![Ok(()); 2], vec![body(1), body(2), body(3)]));
    let ins: Vec<u8> = card.wire.iter().map(|command| command[1]).collect();
    assert_eq!(ins, [0x70, 0xa4, 0xe2, 0xca, 0xe2, 0xca, 0xca, 0xca, 0x70]);
    assert_eq!(card.wire[1], hex("01A4040407F04C574D324D0100"));
    assert_eq!(card.wire[2], [hex("81E280000F"), body(4)].concat());
    assert_eq!(card.wire[3], hex("81CA000500"));
    assert!(!run.more && card.open_channels() == 0);
}

#[test]
fn a_long_message_goes_in_numbered_blocks() {
    for (length, blocks) in [(228, 1), (229, 2), (467, 2), (468, 3)] {
        let mut card = application();
        let mut host = TestHost { outgoing: vec![body(length)], ..TestHost::new() };
        let run = read(Goal::Messages, CLEAR, 1024, &mut card, &mut host);
        assert!(run.result.is_ok());
        assert_eq!(card.taken, [body(length)]);
        let heads: Vec<[u8; 2]> = card
            .wire
            .iter()
            .filter(|command| command[1] == 0xe2)
            .map(|command| [command[2], command[3]])
            .collect();
        let expected: Vec<[u8; 2]> =
            (0..blocks).map(|at| [if at + 1 == blocks { 0x80 } else { 0 }, at]).collect();
        assert_eq!(heads, expected, "{length}");
    }
}

#[test]
fn a_message_that_is_refused_is_told_and_the_others_go_on() {
    let mut card = application();
    card.refuses_message = true;
    card.incoming = [body(1)].into();
    let mut host = TestHost { outgoing: vec![body(4), body(600)], ..TestHost::new() };
    let run = read(Goal::Messages, CLEAR, 1024, &mut card, &mut host);
    assert!(run.result.is_ok());
    let refused = Err(Failure { step: Step::Message, status: 0x6a80, error: Error::Refused });
    assert_eq!((host.stored, host.messages.len()), (vec![refused, refused], 1));
}

#[test]
fn a_card_that_is_busy_has_refused_nothing() {
    let mut card = application();
    card.fault = Some((2, Fault::Status(0x9300)));
    let mut host = TestHost { outgoing: vec![body(4)], ..TestHost::new() };
    let run = talk(&mut card, &mut host);
    assert_eq!(run.result, Err(Failure { step: Step::Message, status: 0x9300, error: Error::Busy }));
    assert!(host.stored.is_empty() && host.outgoing.len() == 1 && card.open_channels() == 0);
}

#[test]
fn a_session_takes_sixteen_each_way_and_says_that_there_is_more() {
    let mut card = application();
    card.incoming = vec![body(1); 100].into();
    let mut host = TestHost { outgoing: vec![body(4); 100], ..TestHost::new() };
    let run = talk(&mut card, &mut host);
    assert!(run.result.is_ok() && run.more);
    assert_eq!((host.messages.len(), host.stored.len(), host.outgoing.len()), (16, 16, 84));
}

#[test]
fn what_is_no_message_is_told_as_such() {
    let mut card = application();
    let mut cut = body(9);
    cut.pop();
    let mut tag = body(9);
    tag[8] = 0x04;
    let noise = [cut, tag, vec![0xff; 30], vec![0x0b]];
    card.incoming = noise.iter().cloned().chain([body(9)]).collect();
    let mut host = TestHost::new();
    assert!(talk(&mut card, &mut host).result.is_ok());
    assert_eq!(host.messages, [body(9)]);
    assert_eq!(host.noise, noise);
}

#[test]
fn the_parts_of_a_body() {
    let whole = body(3);
    let (address, coap) = message_parts(&whole, 5).unwrap();
    assert_eq!((address, coap), (hex("0B915155550521F3").as_slice(), [0x64; 3].as_slice()));
    assert!(message_parts(&whole, 4).is_err());
    for length in 0..whole.len() {
        assert!(message_parts(&whole[..length], 5).is_err());
    }
    assert_eq!(message_parts(&hex("00 81 05 0000"), 5), Ok((hex("0081").as_slice(), [].as_slice())));
}
