use super::*;
use std::collections::VecDeque;
use std::vec::Vec;

/// Answers in order; `None`: not yet. What it was asked is kept.
struct Script {
    answers: VecDeque<Result<Option<Vec<u8>>, Error>>,
    asked: Vec<Vec<u8>>,
}

impl Script {
    fn new(answers: &[Result<Option<&[u8]>, Error>]) -> Self {
        Self {
            answers: answers.iter().map(|answer| answer.map(|answer| answer.map(<[u8]>::to_vec))).collect(),
            asked: Vec::new(),
        }
    }
}

impl Card for Script {
    fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
        self.asked.push(command.to_vec());
        if command.is_empty() {
            return Ok(None);
        }
        let Some(answer) = self.answers.pop_front().expect("no more commands")? else { return Ok(None) };
        response.get_mut(..answer.len()).ok_or(Error::Truncated)?.copy_from_slice(&answer);
        Ok(Some(answer.len()))
    }
}

/// Runs a command to its end, one millisecond a poll.
fn run(command: &Command<'_>, card: &mut Script, room: &mut [u8]) -> (Event, u16) {
    let mut exchange = Exchange::IDLE;
    exchange.begin(command, 1, Instant::from_millis(100), None).unwrap();
    for now in 0..1000 {
        match exchange.poll(Instant::from_millis(now), card, room, None) {
            Event::Pending | Event::Again => assert!(exchange.is_busy()),
            event => {
                assert!(!exchange.is_busy());
                assert_eq!(exchange.command, [0; COMMAND_MAX], "the command is not left lying about");
                return (event, exchange.count());
            }
        }
    }
    panic!("it never ends");
}

const READ: Command<'static> = Command::read_binary(0, 4);
const SENT: [u8; 5] = [0x01, 0xb0, 0, 0, 4];

#[test]
fn a_response_comes_when_it_is_there() {
    let mut card = Script::new(&[Ok(None), Ok(None), Ok(Some(&[1, 2, 3, 4, 0x90, 0x00]))]);
    let mut room = [0; 32];
    assert_eq!(run(&READ, &mut card, &mut room), (Event::Done(Status::OK, 4), 1));
    assert_eq!(room[..4], [1, 2, 3, 4]);
    assert_eq!(card.asked, [SENT, SENT, SENT]);
}

#[test]
fn what_waits_is_fetched_on_the_same_channel_and_joined() {
    let mut card = Script::new(&[
        Ok(Some(&[0x61, 0x03])),
        Ok(None),
        Ok(Some(&[1, 2, 3, 0x9f, 0x02])),
        Ok(Some(&[4, 5, 0x91, 0x20])),
    ]);
    let mut room = [0; 32];
    assert_eq!(run(&READ, &mut card, &mut room), (Event::Done(Status(0x9120), 5), 3));
    assert_eq!(room[..5], [1, 2, 3, 4, 5]);
    assert_eq!(card.asked[1], [0x01, 0xc0, 0, 0, 3]);
    assert_eq!(card.asked[3], [0x01, 0xc0, 0, 0, 2]);
}

#[test]
fn le_is_put_right_once_for_the_command_and_for_get_response() {
    let mut card = Script::new(&[
        Ok(Some(&[0x6c, 0x02])),
        Ok(Some(&[0x61, 0x09])),
        Ok(Some(&[0x6c, 0x01])),
        Ok(Some(&[7, 0x90, 0x00])),
    ]);
    let mut room = [0; 32];
    assert_eq!(run(&READ, &mut card, &mut room), (Event::Done(Status::OK, 1), 4));
    assert_eq!(card.asked[1], [0x01, 0xb0, 0, 0, 2]);
    assert_eq!(card.asked[2], [0x01, 0xc0, 0, 0, 9]);
    assert_eq!(card.asked[3], [0x01, 0xc0, 0, 0, 1]);

    let mut card = Script::new(&[Ok(Some(&[0x6c, 0x02])), Ok(Some(&[0x6c, 0x03]))]);
    assert_eq!(run(&READ, &mut card, &mut room).0, Event::Done(Status(0x6c03), 0));

    let mut card = Script::new(&[Ok(Some(&[0x6c, 0x02]))]);
    let without_le = Command::new(0x20, 0, 1, &[], None);
    assert_eq!(run(&without_le, &mut card, &mut room).0, Event::Done(Status(0x6c02), 0));
}

#[test]
fn a_command_that_is_not_answered_in_time_is_given_up() {
    let never = std::vec![Ok(None); 200];
    let mut card = Script::new(&never);
    let mut room = [0; 32];
    assert_eq!(run(&READ, &mut card, &mut room), (Event::Failed(Error::Timeout), 0));
    // asked at 0 to 100 ms, then told that nobody waits
    assert_eq!(card.asked.len(), 102);
    assert_eq!(card.asked.last().unwrap(), &[] as &[u8]);
}

#[test]
fn the_time_limit_is_that_of_the_whole_response() {
    let mut answers: Vec<Result<Option<&[u8]>, Error>> = std::vec![Ok(Some(&[0x61, 0x01]))];
    answers.resize(200, Ok(None));
    let mut card = Script::new(&answers);
    assert_eq!(run(&READ, &mut card, &mut [0; 32]).0, Event::Failed(Error::Timeout));
    assert_eq!(card.asked.len(), 102);
}

#[test]
fn answers_that_are_none() {
    for answer in [&[] as &[u8], &[0x90]] {
        let mut card = Script::new(&[Ok(Some(answer))]);
        assert_eq!(run(&READ, &mut card, &mut [0; 32]).0, Event::Failed(Error::Malformed));
        // nor does a status word that came before make one of it
        let mut card = Script::new(&[Ok(Some(&[0x61, 0x02])), Ok(Some(answer))]);
        assert_eq!(run(&READ, &mut card, &mut [0; 32]).0, Event::Failed(Error::Malformed));
    }
    let mut card = Script::new(&[Ok(Some(&[0; 33]))]);
    assert_eq!(run(&READ, &mut card, &mut [0; 32]).0, Event::Failed(Error::Truncated));
    // more waits than there is room for: it is not even asked for
    for sw1 in [0x61, 0x9f, 0x6c] {
        let mut card = Script::new(&[Ok(Some(&[sw1, 0x1f]))]);
        assert_eq!(run(&READ, &mut card, &mut [0; 32]), (Event::Failed(Error::Truncated), 1));
        let mut card = Script::new(&[Ok(Some(&[sw1, 0x1e])), Ok(Some(&[0x90, 0x00]))]);
        assert_eq!(run(&READ, &mut card, &mut [0; 32]).0, Event::Done(Status::OK, 0));
    }
}

#[test]
fn a_port_that_claims_more_than_it_had_room_for_is_not_believed() {
    struct Liar;
    impl Card for Liar {
        fn transmit(&mut self, _: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
            Ok(Some(response.len() + 1))
        }
    }
    let mut exchange = Exchange::IDLE;
    exchange.begin(&READ, 0, Instant::NEVER, None).unwrap();
    let event = exchange.poll(Instant::ZERO, &mut Liar, &mut [0x90; 16], None);
    assert_eq!(event, Event::Failed(Error::Truncated));
}

#[test]
fn a_card_that_always_has_more_comes_to_an_end() {
    let always: Vec<Result<Option<&[u8]>, Error>> = std::vec![Ok(Some([0x61, 0x02].as_slice())); 100];
    let mut card = Script::new(&always);
    assert_eq!(run(&READ, &mut card, &mut [0; 32]), (Event::Failed(Error::Malformed), u16::from(ROUNDS) + 1));
}

#[test]
fn a_card_that_is_lost_is_told_apart() {
    for error in [Error::NotFound, Error::Link, Error::Closed, Error::Timeout] {
        let mut card = Script::new(&[Err(error)]);
        assert_eq!(run(&READ, &mut card, &mut [0; 32]).0, Event::Lost(error));
        assert_eq!(card.asked.len(), 1);
    }
}

#[test]
fn what_is_not_under_way_is_not_given_up() {
    let mut card = Script::new(&[]);
    let mut idle = Exchange::IDLE;
    idle.give_up(&mut card, &mut [0; 32]);
    assert!(card.asked.is_empty());
}
