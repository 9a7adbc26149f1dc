//! Every command of every flow, answered wrongly in every way; cards that never come to an end; cards that say anything.

use super::*;
use host::{ENC, MAC, read};

const FAULTS: [Fault; 17] = [
    Fault::Status(0x6f00),
    Fault::Status(0x6a82),
    Fault::Status(0x6982),
    Fault::Status(0x6283),
    Fault::Status(0x6d00),
    Fault::Status(0x9300),
    Fault::Status(0x61ff),
    Fault::Status(0x6cff),
    Fault::Status(0x9000),
    Fault::Short,
    Fault::Empty,
    Fault::Long,
    Fault::Garbage,
    Fault::Never,
    Fault::Error(Error::NotFound),
    Fault::Error(Error::Link),
    Fault::Error(Error::Timeout),
];

/// A flow: its card, its host, its configuration, and the step of each of its commands.
struct Flow {
    name: &'static str,
    goal: Goal,
    config: Config,
    make: fn() -> (TestCard, TestHost),
}

fn clear() -> (TestCard, TestHost) {
    (card(hex(FULL), None), TestHost::new())
}

fn with_pin() -> (TestCard, TestHost) {
    let mut card = card(hex(FULL), Some(0x80));
    card.waits = true;
    card.pin = Some((0x81, b"1234\xff\xff\xff\xff".to_vec(), 3));
    (card, TestHost { pin: Some(b"1234".to_vec()), ..TestHost::new() })
}

fn secured() -> (TestCard, TestHost) {
    let (mut card, host) = with_pin();
    card.keys = Some((ENC, MAC));
    (card, TestHost { keys: TestHost::with_keys().keys, ..host })
}

fn talking() -> (TestCard, TestHost) {
    let mut card = TestCard::new(Vec::new());
    card.aid = hex("F04C574D324D01");
    card.keys = Some((ENC, MAC));
    let body = |length: u8| [hex("0B915155550521F3 05 00"), vec![length], vec![0x42; length.into()]].concat();
    card.incoming = [body(9), body(10)].into();
    (card, TestHost { outgoing: vec![body(11), body(250)], ..TestHost::with_keys() })
}

const FLOWS: [Flow; 4] = [
    Flow { name: "clear", goal: Goal::Load, config: CLEAR, make: clear },
    Flow { name: "with a PIN", goal: Goal::Load, config: CLEAR, make: with_pin },
    Flow {
        name: "secured",
        goal: Goal::Load,
        config: Config { secure: Secure::Required, ..CLEAR },
        make: secured,
    },
    Flow {
        name: "messages",
        goal: Goal::Messages,
        config: Config { secure: Secure::Required, ..CLEAR },
        make: talking,
    },
];

impl Flow {
    fn run(&self, fault: Option<(usize, Fault)>) -> (Run, TestCard, TestHost) {
        let (mut card, mut host) = (self.make)();
        card.fault = fault;
        let run = read(self.goal, self.config, 1024, &mut card, &mut host);
        (run, card, host)
    }

    /// Which step each command belongs to, by the commands themselves.
    fn steps(&self) -> Vec<Step> {
        let (run, card, _) = self.run(None);
        assert!(run.result.is_ok(), "{}: {run:?}", self.name);
        let mut files = [Step::Iccid, Step::Directory].iter();
        let mut inner = [Step::Odf, Step::Dodf, Step::Select].iter();
        let mut at = Step::Iccid;
        for_each(&card.wire, |command| {
            let secured = command[0] & 0x04 != 0;
            at = match (command[1], command[2]) {
                (0x70, 0) => Step::Channel,
                (0x70, _) => Step::Close,
                (0xa4, 4) => Step::Application,
                (0xa4, _) if command[0] == 0 => *files.next().unwrap(),
                (0xa4, _) => *inner.next().unwrap(),
                (0x50 | 0x82, _) => Step::Secure,
                (0x20, _) => Step::Pin,
                (0xe2 | 0xca, _) => Step::Message,
                (0xb0, _) if matches!(at, Step::Select | Step::Pin) => Step::File,
                (0xb0 | 0xb2 | 0xc0, _) => at,
                _ => panic!("{command:02x?} {secured}"),
            };
            at
        })
    }
}

fn for_each(wire: &[Vec<u8>], step: impl FnMut(&Vec<u8>) -> Step) -> Vec<Step> {
    wire.iter().map(step).collect()
}

/// What has to come of a fault, where it is the same for every command.
fn expected(fault: Fault, step: Step) -> Option<Result<(), Error>> {
    match fault {
        Fault::Error(Error::NotFound) => Some(Err(Error::NotFound)),
        // the reading was done already
        _ if step == Step::Close => Some(Ok(())),
        Fault::Error(error) => Some(Err(error)),
        Fault::Never => Some(Err(Error::Timeout)),
        Fault::Short | Fault::Empty => Some(Err(Error::Malformed)),
        Fault::Status(0x9300) => Some(Err(Error::Busy)),
        Fault::Status(0x6f00) if step != Step::Message => Some(Err(Error::Refused)),
        _ => None,
    }
}

#[test]
fn every_command_answered_wrongly_in_every_way() {
    let (mut cases, mut failed) = (0, 0);
    for flow in &FLOWS {
        let (_, _, good) = flow.run(None);
        let steps = flow.steps();
        for (at, step) in steps.iter().copied().enumerate() {
            for fault in FAULTS {
                let (run, card, host) = flow.run(Some((at, fault)));
                let what = std::format!("{}, command {at} ({step:?}), {fault:?}: {run:?}", flow.name);
                check(&what, step, fault, &run);
                check_channel(&what, step, fault, &run, &card);
                // nothing but the beginning of what a good card says, unless the file itself is another one
                let forged =
                    fault == Fault::Garbage && step == Step::File && flow.config.secure == Secure::Never;
                if !forged {
                    assert_eq!(host.items, good.items[..host.items.len()], "{what}");
                }
                let whole = host.items.len() == good.items.len() && flow.goal == Goal::Load;
                assert!(run.result.is_ok() || !whole || step == Step::Close, "{what}");
                assert!(host.messages.iter().all(|message| good.messages.contains(message)), "{what}");
                assert!(
                    host.asked.len() <= 1 && run.elapsed <= 2 * u64::from(flow.config.timeout_ms),
                    "{what}"
                );
                if flow.config.secure == Secure::Required {
                    let leaks = |command: &&Vec<u8>| matches!(command.as_slice(), [cla, 0xb0 | 0xe2 | 0xca | 0x20 | 0xf2, ..] if cla & 0x7f != 0 && cla & 0x04 == 0);
                    assert_eq!(card.wire.iter().find(leaks), None, "{what}");
                }
                cases += 1;
                failed += usize::from(run.result.is_err());
            }
        }
    }
    std::println!("{cases} wrong answers, {failed} failures");
    assert!(cases > 1000 && failed * 10 > cases * 7);
}

fn check(what: &str, step: Step, fault: Fault, run: &Run) {
    if let Err(failure) = run.result {
        // a failure names the command that was answered wrongly, or one that suffers from it
        assert!(failure.step as u8 >= step as u8 || failure.step == Step::Pin, "{what}");
        assert_eq!(failure.error == Error::NotFound, fault == Fault::Error(Error::NotFound), "{what}");
    }
    if let Ok(Outcome::Empty { .. }) = run.result {
        // only a card that says that it has no such file, or claims to have selected another one
        let lies = matches!(step, Step::Application | Step::Dodf)
            && matches!(fault, Fault::Garbage | Fault::Status(0x9000));
        let denies = matches!(step, Step::Odf | Step::Dodf | Step::Select) && fault == Fault::Status(0x6a82);
        assert!(lies || denies, "{what}");
    }
    match expected(fault, step) {
        Some(Ok(())) => {
            // a card that is lost has no channels left; the others are told to close it once more
            assert!(run.result.is_ok() && !run.unclosed, "{what}");
        }
        Some(Err(error)) => {
            let failure = run.result.expect_err(what);
            assert_eq!((failure.step, failure.error), (step, error), "{what}");
        }
        None => {}
    }
}

fn check_channel(what: &str, step: Step, fault: Fault, run: &Run, card: &TestCard) {
    let gone = matches!(fault, Fault::Error(_));
    // what the client was never told it cannot close; where closing is what fails, there is nothing else to do
    let untold = step == Step::Channel && !matches!(fault, Fault::Status(_));
    if step == Step::Close {
        assert!(
            card.open_channels() <= 1 && (card.open_channels() == 0 || run.result.is_ok() || gone),
            "{what}"
        );
    } else if !gone && !untold {
        assert_eq!(card.open_channels(), 0, "{what}");
    }
    if gone && step != Step::Close {
        assert_eq!(card.wire.len(), 1 + card.fault.unwrap().0, "a card that is lost is left alone: {what}");
    }
}

#[test]
fn after_any_failure_the_next_reading_is_a_good_one() {
    for flow in &FLOWS {
        let (good, ..) = flow.run(None);
        for at in 0..flow.steps().len() {
            let (mut card, mut host) = (flow.make)();
            let mut window = vec![0; 1024];
            let mut reader = Reader::new(&mut window).unwrap();
            card.fault = Some((at, Fault::Garbage));
            host::drive(&mut reader, flow.goal, flow.config, &mut card, &mut host);
            let (mut card, mut host) = (flow.make)();
            let run = host::drive(&mut reader, flow.goal, flow.config, &mut card, &mut host);
            assert_eq!(run.result, good.result, "{} after {at}", flow.name);
        }
    }
}

/// A card that says what it likes.
struct Any<F: FnMut(&[u8], usize) -> Vec<u8>>(F, u32);

impl<F: FnMut(&[u8], usize) -> Vec<u8>> Card for Any<F> {
    fn transmit(&mut self, command: &[u8], response: &mut [u8]) -> Result<Option<usize>, Error> {
        if command.is_empty() {
            return Ok(None);
        }
        self.1 += 1;
        let reply = (self.0)(command, response.len());
        response.get_mut(..reply.len()).ok_or(Error::Truncated)?.copy_from_slice(&reply);
        Ok(Some(reply.len()))
    }
}

/// Runs it to its end; how many commands that took.
fn ends(mut card: Any<impl FnMut(&[u8], usize) -> Vec<u8>>, goal: Goal) -> (Ending, u32) {
    let mut window = [0xee; WINDOW];
    let mut reader = Reader::new(&mut window).unwrap();
    let mut host = TestHost::new();
    reader.start(goal, CLEAR);
    for _ in 0..200_000 {
        let ending = match reader.step(Instant::ZERO, &mut card, &mut host) {
            Progress::Again => continue,
            Progress::Waiting(_) => panic!("it always answers"),
            Progress::Done(outcome) => Ok(outcome),
            Progress::Failed(failure) => Err(failure),
        };
        assert_eq!(window, [0; WINDOW]);
        return (ending, card.1);
    }
    panic!("it never ends");
}

#[test]
fn cards_that_never_come_to_an_end() {
    // always more to fetch
    let (ending, commands) = ends(Any(|_, _| sw(0x6101), 0), Goal::Load);
    assert!(matches!(ending, Err(Failure { step: Step::Iccid, .. })) && commands < 30);
    // always another Le
    let (ending, commands) = ends(Any(|_, _| sw(0x6c01), 0), Goal::Load);
    assert!(ending.is_err() && commands < 30, "{ending:?}");
    // always another record of EF(DIR)
    let record = |command: &[u8], _| match command[1] {
        0xb2 => hex("61124F10A0000000871002FFFFFFFF8907090000 9000"),
        _ => sw(0x9000),
    };
    let (ending, commands) = ends(Any(record, 0), Goal::Load);
    assert!(matches!(ending, Ok(Outcome::Empty { .. })) && commands < 300, "{ending:?}");
}

/// A card of which EF(DIR) is in order, and files are as `file` says: by their identifier, offset and Le.
fn made_of(mut file: impl FnMut(u16, usize, usize) -> Vec<u8>) -> Any<impl FnMut(&[u8], usize) -> Vec<u8>> {
    let mut selected = 0u16;
    Any(
        move |command, _| match command[1] {
            0x70 => hex("019000"),
            0xb2 => hex("610E4F0CA000000063504B43532D31359000"),
            0xa4 if command[2] == 8 => {
                selected = u16::from_be_bytes([command[command.len() - 3], command[command.len() - 2]]);
                sw(0x9000)
            }
            0xb0 if command[0] == 1 => {
                let offset = usize::from(u16::from_be_bytes([command[2], command[3]]));
                let mut reply = file(selected, offset, command[4].into());
                reply.extend_from_slice(&[0x90, 0x00]);
                reply
            }
            _ => sw(0x9000),
        },
        0,
    )
}

#[test]
fn files_that_never_come_to_an_end() {
    let repeated = |pattern: &'static [u8]| {
        move |_: u16, offset: usize, le: usize| {
            pattern.iter().cycle().skip(offset % pattern.len()).take(le).copied().collect::<Vec<u8>>()
        }
    };
    // padding for ever is the end
    let (ending, commands) = ends(made_of(repeated(&[0xff])), Goal::Load);
    assert!(matches!(ending, Ok(Outcome::Empty { .. })) && commands < 20, "{ending:?}");
    // other classes of objects for ever: 32 kB are all there is
    let (ending, commands) = ends(made_of(repeated(&[0xa5, 0x02, 0x30, 0x00])), Goal::Load);
    assert!(commands < 200, "{ending:?} after {commands}");
    // one DODF after the other, of nothing
    let many = |file: u16, offset: usize, le: usize| match file {
        0x5031 => [0xa7, 0x06, 0x30, 0x04, 0x04, 0x02, 0x64, 0x30]
            .iter()
            .cycle()
            .skip(offset % 8)
            .take(le)
            .copied()
            .collect(),
        _ => vec![0xff; le],
    };
    let (ending, commands) = ends(made_of(many), Goal::Load);
    assert!(ending.is_err() && commands <= u32::from(COMMANDS_MAX) + 2, "{ending:?} after {commands}");
    // elements that are longer than anything
    let (ending, commands) = ends(made_of(repeated(&[0x30, 0x82, 0xff, 0xff])), Goal::Load);
    assert!(ending.is_err() && commands < 20, "{ending:?}");
    // a bootstrap file of 32 kB and no end, a byte at a time
    let drop_by_drop = |file: u16, offset: usize, le: usize| match file {
        0x5031 => hex("A706300404026430FFFF").into_iter().skip(offset).take(le).collect(),
        0x6430 => object(0x6432, None).into_iter().skip(offset).take(le).collect(),
        _ => [0xff; 300].iter().take(le.min(1)).copied().collect::<Vec<u8>>(),
    };
    let (ending, commands) = ends(made_of(drop_by_drop), Goal::Load);
    assert!(commands <= u32::from(COMMANDS_MAX) + 2, "{ending:?} after {commands}");
    // messages for ever
    let message = |command: &[u8], _| match command[1] {
        0x70 => hex("019000"),
        0xca => hex("0B915155550521F3 05 0001 40 9000"),
        _ => sw(0x9000),
    };
    let (ending, commands) = ends(Any(message, 0), Goal::Messages);
    assert!(ending.is_ok() && commands == 3 + 16, "{ending:?} after {commands}");
}

#[test]
fn cards_that_say_anything() {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    const WORDS: [u16; 12] =
        [0x9000, 0x9000, 0x9000, 0x9000, 0x6282, 0x6982, 0x6a82, 0x6b00, 0x63c1, 0x9110, 0x6120, 0x6c20];
    let (mut runs, mut late) = (0, 0);
    for goal in [Goal::Load, Goal::Messages] {
        for _ in 0..4000 {
            let (mut card, mut host) = with_pin();
            let wild = random() % 8;
            let card = Any(
                |command: &[u8], room| {
                    let mut reply = vec![0; 300];
                    let length = card.transmit(command, &mut reply).unwrap().unwrap_or(0);
                    reply.truncate(length);
                    if random() % 30 < wild {
                        let length = (random() % 40) as usize;
                        reply = (0..length.min(room.saturating_sub(2))).map(|_| random() as u8).collect();
                        reply.extend_from_slice(&WORDS[(random() % 12) as usize].to_be_bytes());
                    } else if random() % 30 < wild && reply.len() > 2 {
                        let at = random() as usize % reply.len();
                        reply[at] ^= 1 << (random() % 8);
                    }
                    reply
                },
                0,
            );
            let mut card = card;
            let mut window = [0xee; WINDOW];
            let mut reader = Reader::new(&mut window).unwrap();
            reader.start(goal, CLEAR);
            let mut steps = 0;
            while !reader.is_idle() {
                reader.step(Instant::ZERO, &mut card, &mut host);
                steps += 1;
                assert!(steps < 20_000);
            }
            assert!(host.asked.len() <= 1);
            assert_eq!(window, [0; WINDOW]);
            runs += 1;
            late += usize::from(card.1 > 10);
        }
    }
    std::println!("{runs} cards, {late} of them beyond the tenth command");
    assert!(late > 1000);
}
