use super::*;
use std::vec::Vec;

const fn block(number: u32, more: bool, exponent: u8) -> Block {
    Block { number, more, exponent }
}

/// xorshift32: enough chance for a lossy wire.
struct Chance(u32);
impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % limit
    }
}

#[test]
fn a_body_arrives_block_by_block() {
    let mut body = Incoming::new();
    assert_eq!(body.take(block(0, true, 0), 16), Ok(Arrival::First));
    assert_eq!(body.take(block(1, true, 0), 16), Ok(Arrival::Next { offset: 16 }));
    assert!(body.is_open());
    assert_eq!(body.take(block(2, false, 0), 3), Ok(Arrival::Next { offset: 32 }));
    assert_eq!((body.is_open(), body.received()), (false, 35));
}

#[test]
fn the_latest_block_again_is_not_delivered() {
    let mut body = Incoming::new();
    body.take(block(0, true, 0), 16).unwrap();
    body.take(block(1, true, 0), 16).unwrap();
    assert_eq!(body.take(block(1, true, 0), 16), Ok(Arrival::Repeat));
    body.take(block(2, false, 0), 3).unwrap();
    assert_eq!(body.take(block(2, false, 0), 3), Ok(Arrival::Repeat), "the last one");
    assert_eq!(body.take(block(2, false, 0), 2), Err(Error::Incomplete), "another length");
    assert_eq!(body.take(block(2, true, 0), 16), Err(Error::Incomplete), "another M bit");
    assert_eq!(body.take(block(3, false, 0), 3), Err(Error::Incomplete), "behind the end");
    assert_eq!(body.take(block(0, true, 0), 16), Ok(Arrival::First), "the next body");
}

#[test]
fn block_0_begins_anew() {
    let mut body = Incoming::new();
    body.take(block(0, true, 0), 16).unwrap();
    assert_eq!(body.take(block(0, true, 0), 16), Ok(Arrival::Restart), "its bytes may differ");
    body.take(block(1, true, 0), 16).unwrap();
    assert_eq!(body.take(block(0, false, 6), 100), Ok(Arrival::Restart));
    assert!(!body.is_open());
    assert_eq!(body.take(block(0, false, 6), 100), Ok(Arrival::First), "a request of its own");
}

#[test]
fn a_gap_changes_nothing() {
    let mut body = Incoming::new();
    assert_eq!(body.take(block(1, true, 0), 16), Err(Error::Incomplete), "nothing under way");
    body.take(block(0, true, 0), 16).unwrap();
    let before = body;
    assert_eq!(body.take(block(2, true, 0), 16), Err(Error::Incomplete));
    assert_eq!(body.take(block(1, true, 0), 15), Err(Error::Malformed), "M set, not full");
    assert_eq!(body.take(block(1, false, 0), 17), Err(Error::Malformed), "larger than a block");
    assert_eq!(body, before);
}

#[test]
fn sizes_may_change_on_the_way() {
    let mut body = Incoming::new();
    body.take(block(0, true, 3), 128).unwrap();
    assert_eq!(body.take(block(4, true, 1), 32), Ok(Arrival::Next { offset: 128 }), "RFC 7959 figure 9");
    assert_eq!(body.take(block(10, true, 0), 16), Ok(Arrival::Next { offset: 160 }));
    assert_eq!(body.take(block(2, true, 3), 128), Err(Error::Incomplete), "176 is no multiple of 128");
    assert_eq!(body.take(block(11, false, 0), 0), Ok(Arrival::Next { offset: 176 }), "an empty end");
}

#[test]
fn a_body_is_sent_block_by_block() {
    let mut body = Outgoing::new(6);
    assert_eq!((body.offset(), body.size(), body.block(true)), (0, 1024, Ok(block(0, true, 6))));
    assert_eq!(body.answer(Code::CONTINUE, Some(block(0, true, 6))), Answer::Next);
    assert_eq!((body.offset(), body.block(true)), (1024, Ok(block(1, true, 6))));
    assert_eq!(body.answer(Code::CHANGED, Some(block(1, false, 6))), Answer::Next, "not atomic, but allowed");
    assert_eq!(body.block(false), Ok(block(2, false, 6)));
    assert_eq!(body.answer(Code::CREATED, None), Answer::Done);
}

#[test]
fn a_smaller_size_is_adopted_behind_what_was_taken() {
    let mut body = Outgoing::new(3);
    body.block(true).unwrap();
    assert_eq!(body.answer(Code::CONTINUE, Some(block(0, true, 1))), Answer::Next);
    assert_eq!((body.size(), body.block(true)), (32, Ok(block(4, true, 1))), "RFC 7959 figure 9");
    assert_eq!(body.answer(Code::CONTINUE, Some(block(4, true, 6))), Answer::Next);
    assert_eq!(body.block(false), Ok(block(5, false, 1)), "never larger");
}

#[test]
fn too_large_begins_anew_with_smaller_blocks() {
    let mut body = Outgoing::new(6);
    body.block(true).unwrap();
    assert_eq!(body.answer(Code::REQUEST_ENTITY_TOO_LARGE, Some(block(0, true, 2))), Answer::Restart);
    assert_eq!(body.block(true), Ok(block(0, true, 2)));
    assert_eq!(
        body.answer(Code::REQUEST_ENTITY_TOO_LARGE, Some(block(0, true, 2))),
        Answer::Failed,
        "not smaller"
    );
    assert_eq!(body.answer(Code::REQUEST_ENTITY_TOO_LARGE, None), Answer::Failed);
}

#[test]
fn incomplete_begins_anew_once() {
    let mut body = Outgoing::new(2);
    body.block(true).unwrap();
    body.answer(Code::CONTINUE, Some(block(0, true, 2)));
    body.block(true).unwrap();
    assert_eq!((body.answer(Code::REQUEST_ENTITY_INCOMPLETE, None), body.offset()), (Answer::Restart, 0));
    body.block(true).unwrap();
    assert_eq!(body.answer(Code::REQUEST_ENTITY_INCOMPLETE, None), Answer::Failed);
}

#[test]
fn answers_that_end_a_transfer() {
    let after = |more, code, option| {
        let mut body = Outgoing::new(2);
        body.block(more).unwrap();
        body.answer(code, option)
    };
    assert_eq!(after(true, Code::BAD_REQUEST, None), Answer::Failed);
    assert_eq!(after(true, Code::CONTINUE, None), Answer::Failed, "Block1 ignored");
    assert_eq!(after(true, Code::CONTINUE, Some(block(1, true, 2))), Answer::Failed, "another block");
    assert_eq!(after(false, Code::CONTINUE, Some(block(0, false, 2))), Answer::Failed, "continue what?");
    assert_eq!(after(false, Code::CREATED, None), Answer::Done);
}

#[test]
fn blocks_run_out_at_20_bits() {
    let mut body = Outgoing { offset: 1 << 24, ..Outgoing::new(0) };
    assert_eq!(body.block(true), Err(Error::TooLarge));
    assert_eq!(body.size(), 16);
    assert_eq!(Fetch::resume(1 << 24, 0, &[]), Err(Error::TooLarge));
}

const fn part(offset: u32, last: bool) -> Result<Fetched, Error> {
    Ok(Fetched::Part { offset, last })
}

#[test]
fn a_body_is_fetched_block_by_block() {
    let mut body = Fetch::new(6);
    assert_eq!(body.request(), Ok(block(0, false, 6)));
    assert_eq!(body.answer(Some(block(0, true, 2)), b"v1", 64), part(0, false));
    assert_eq!((body.request(), body.etag()), (Ok(block(1, false, 2)), &b"v1"[..]));
    assert_eq!(body.answer(Some(block(1, true, 2)), b"v1", 64), part(64, false));
    assert_eq!(body.answer(Some(block(2, false, 2)), b"v1", 7), part(128, true));
    assert_eq!(body.received(), 135);
}

#[test]
fn an_answer_without_block2_is_the_whole_body() {
    assert_eq!(Fetch::new(6).answer(None, b"", 2000), part(0, true));
    let mut body = Fetch::resume(64, 2, &[]).unwrap();
    assert_eq!(body.answer(None, b"", 2000), Err(Error::Incomplete), "not what was asked for");
}

#[test]
fn another_etag_is_another_body() {
    for (first, second) in [(&b"v1"[..], &b"v2"[..]), (b"v1", b""), (b"", b"v1"), (b"v1", b"v11")] {
        let mut body = Fetch::new(2);
        body.answer(Some(block(0, true, 2)), first, 64).unwrap();
        assert_eq!(body.answer(Some(block(1, false, 2)), second, 1), Ok(Fetched::Changed));
    }
    let mut body = Fetch::resume(130, 2, b"v1").unwrap();
    assert_eq!(body.request(), Ok(block(2, false, 2)), "rounded down");
    assert_eq!(body.answer(Some(block(2, false, 2)), b"v2", 1), Ok(Fetched::Changed));
    assert_eq!(body.answer(Some(block(2, false, 2)), b"v1", 1), part(128, true));
    assert_eq!(Fetch::resume(0, 2, b"123456789"), Err(Error::BadOption));
}

#[test]
fn parts_that_do_not_fit_change_nothing() {
    let mut body = Fetch::new(2);
    body.answer(Some(block(0, true, 2)), b"", 64).unwrap();
    let before = body;
    assert_eq!(body.answer(Some(block(0, true, 2)), b"", 64), Err(Error::Incomplete), "the one before");
    assert_eq!(body.answer(Some(block(2, true, 2)), b"", 64), Err(Error::Incomplete), "the one after");
    assert_eq!(body.answer(Some(block(1, true, 2)), b"", 63), Err(Error::Malformed), "M set, not full");
    assert_eq!(body, before);
    assert_eq!(body.answer(Some(block(4, true, 0)), b"", 16), part(64, false), "smaller on the way");
    assert_eq!(body.request(), Ok(block(5, false, 0)));
}

/// Loss, duplication and application-level repetition (fresh Message IDs, so nothing is deduplicated below): what
/// `Incoming` delivers between two beginnings is the body, each byte exactly once.
#[test]
fn each_byte_is_delivered_exactly_once() {
    for seed in 1..2000 {
        let mut chance = Chance(seed);
        let body: Vec<u8> = (0..chance.below(3000)).map(|n| (n * 7) as u8).collect();
        let (mut sender, mut receiver) = (Outgoing::new(chance.below(7) as u8), Incoming::new());
        let (mut delivered, mut complete, mut attempts) = (Vec::<u8>::new(), 0, 0);
        loop {
            attempts += 1;
            assert!(attempts < 10_000, "seed {seed} does not end");
            let start = sender.offset() as usize;
            let end = body.len().min(start + sender.size());
            let option = sender.block(end < body.len()).unwrap();
            let (mut answer, mut lost) = (None, true);
            for _ in 0..chance.below(3) {
                // 0: the request is lost; 2: it is duplicated
                let preferred = chance.below(7) as u8;
                let code = match receiver.take(option, end - start) {
                    Ok(arrival) => {
                        if matches!(arrival, Arrival::First | Arrival::Restart) {
                            delivered.clear();
                        }
                        if arrival != Arrival::Repeat {
                            assert_eq!(delivered.len(), option.offset() as usize, "seed {seed}");
                            delivered.extend(&body[start..end]);
                            if !receiver.is_open() {
                                complete += 1;
                                assert_eq!(delivered, body, "seed {seed}");
                            }
                        }
                        if option.more { Code::CONTINUE } else { Code::CHANGED }
                    }
                    Err(error) => error.to_wire(),
                };
                answer = Some((code, option.acknowledged(preferred)));
                lost = chance.below(4) == 0;
            }
            if chance.below(200) == 0 && receiver.is_open() {
                receiver = Incoming::new(); // the receiver loses its memory: 4.08, once
            }
            let Some((code, option)) = answer.filter(|_| !lost) else { continue };
            match sender.answer(code, Some(option)) {
                Answer::Next | Answer::Restart => {}
                Answer::Done => break assert!(complete > 0, "seed {seed}"),
                Answer::Failed => break assert!(sender.restarted, "seed {seed}"),
            }
        }
    }
}

/// The same for `Fetch`: answers are lost, stale answers come again, the body may change on the way.
#[test]
fn each_byte_is_fetched_exactly_once() {
    for seed in 1..2000 {
        let mut chance = Chance(seed);
        let mut body: Vec<u8> = (0..chance.below(3000)).map(|n| (n * 7) as u8).collect();
        let asked = chance.below(7) as u8;
        let (mut fetch, mut fetched, mut version, mut stale) = (Fetch::new(asked), Vec::new(), 1u8, None);
        loop {
            let request = fetch.request().unwrap().reduced_to(chance.below(7) as u8).unwrap();
            let start = request.offset() as usize;
            let end = body.len().min(start + request.size());
            let fresh = (
                block(request.number, end < body.len(), request.exponent),
                version,
                body[start..end].to_vec(),
            );
            if version < 6 && chance.below(50) == 0 {
                (version, body) = (version + 1, body.iter().map(|byte| byte ^ 0x55).collect());
            }
            if chance.below(4) == 0 {
                continue;
            }
            let (option, etag, bytes) = if chance.below(3) == 0 { stale.unwrap_or(fresh) } else { fresh };
            stale = Some((option, etag, bytes.clone()));
            match fetch.answer(Some(option), &[etag], bytes.len()) {
                Ok(Fetched::Part { offset, last }) => {
                    assert_eq!(offset as usize, fetched.len(), "seed {seed}");
                    fetched.extend(bytes);
                    if last {
                        break;
                    }
                }
                Ok(Fetched::Changed) => (fetch, fetched) = (Fetch::new(asked), Vec::new()),
                Err(error) => assert_eq!(error, Error::Incomplete, "seed {seed}"),
            }
        }
        let changed = (fetch.etag()[0] - 1) & 1 == 1;
        let expected = (0..fetched.len() as u32).map(|n| (n * 7) as u8 ^ if changed { 0x55 } else { 0 });
        assert!(fetched.len() == body.len() && fetched.iter().copied().eq(expected), "seed {seed}");
    }
}
