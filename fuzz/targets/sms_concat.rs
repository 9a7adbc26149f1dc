//! Parts of long messages in any order, at any time, of any sender. A whole message is what its parts were when each came
//! first, and no part serves two messages; what the caller holds stays; nothing outlives the timeout.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::error::Error;
use whimbrel::sms::concat::{Cut, Set, Sets, Taken};
use whimbrel::sms::header::{Concat, Header};
use whimbrel::sms::number::Number;
use whimbrel::time::Instant;
use whimbrel_fuzz::bytes::Bytes;

/// What tells one message from another: the sender; width of the reference, reference, parts.
type Key = (Number, Option<(bool, u16, u8)>);

/// A part as it was given.
#[derive(Clone, Copy)]
struct Given<'a> {
    at: Instant,
    from: Number,
    header: Header,
    data: &'a [u8],
}

impl Given<'_> {
    fn key(&self) -> Key {
        (self.from, self.header.concat.map(|concat| (concat.wide, concat.reference, concat.total)))
    }

    fn sequence(&self) -> u8 {
        self.header.concat.map_or(1, |concat| concat.sequence)
    }

    fn total(&self) -> u8 {
        self.header.concat.map_or(1, |concat| concat.total)
    }
}

/// What the parts give if those before `log` do not count: the first of each number, in order. `None` if one is missing.
fn joined(log: &[Given<'_>], last: &Given<'_>) -> Option<(Vec<u8>, bool)> {
    let first = |sequence| log.iter().find(|part| part.sequence() == sequence);
    let parts: Option<Vec<_>> = (1..=last.total()).map(first).collect();
    let parts = parts?;
    Some((parts.iter().flat_map(|part| part.data).copied().collect(), parts[0].header.command_packet))
}

/// A message that the caller has not released.
struct Held {
    slot: usize,
    bytes: Vec<u8>,
}

struct World<'a> {
    /// All parts that came, but those of messages that were whole.
    log: Vec<Given<'a>>,
    held: Vec<Held>,
    /// Of which messages there were parts.
    keys: Vec<Key>,
    now: u64,
    timeout: u64,
    room: usize,
}

impl<'a> World<'a> {
    fn now(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    /// The message whose last part is the last of the log.
    fn whole(&mut self, sets: &mut Sets<'_>, slot: usize, length: usize, packet: bool) {
        let last = *self.log.last().expect("a part");
        let mine: Vec<_> = self.log.iter().filter(|part| part.key() == last.key()).copied().collect();
        let bytes = sets.bytes_mut(slot, length).to_vec();
        assert_eq!(bytes.len(), length);
        assert!(length + 2 * usize::from(last.total()) <= self.room, "more than there is room for");
        // its set began with one of the parts that came within the timeout
        let began = |at: &usize| {
            self.now().since(mine[*at].at) < self.timeout.max(1)
                && joined(&mine[*at..], &last) == Some((bytes.clone(), packet))
        };
        assert!((0..mine.len()).any(|at| began(&at)), "of other parts");
        self.log.retain(|part| part.key() != last.key());
        assert!(self.held.iter().all(|held| held.slot != slot), "the caller has it");
        self.held.push(Held { slot, bytes });
    }

    /// Whether a part of the message is missing that this one belongs to.
    fn lacks(&self, part: &Given<'_>) -> bool {
        let mine: Vec<_> = self.log.iter().filter(|other| other.key() == part.key()).copied().collect();
        joined(&mine, part).is_none()
    }

    /// The last of the log is in no set; and if it made its message too long, nor are the others.
    fn dropped(&mut self, part: &Given<'_>, error: Error, calm: bool) {
        self.log.pop();
        match error {
            Error::TooLarge if part.data.len() <= 140 => self.log.retain(|other| other.key() != part.key()),
            Error::TooLarge => {}
            Error::NotSupported => assert!(part.header.response_packet),
            Error::Exists => assert!(part.header.concat.is_some()),
            Error::Busy => assert!(!calm && !self.held.is_empty(), "there is a set for it"),
            other => panic!("{other:?}"),
        }
    }

    fn check(&self, sets: &mut Sets<'_>) {
        for held in &self.held {
            assert_eq!(sets.bytes_mut(held.slot, held.bytes.len()), held.bytes, "held");
        }
    }

    fn release(&mut self, sets: &mut Sets<'_>, choice: u8) {
        if !self.held.is_empty() {
            let held = self.held.remove(usize::from(choice) % self.held.len());
            sets.release(held.slot);
            assert_eq!(sets.bytes_mut(held.slot, 1), []);
        }
    }
}

fn part<'a>(world: &World<'a>, bytes: &mut Bytes<'a>) -> Given<'a> {
    let from = bytes.pick(&[&b"+15555550123"[..], b"+15555550777", b"123"]);
    let from = Number::parse(from).expect("a number");
    let flags = bytes.byte();
    let total = bytes.pick(&[1, 2, 2, 3, 3, 4, 9, 10, 255]);
    let sequence = bytes.byte() % total + 1;
    let reference = u16::from(flags >> 4 & 3) | if flags & 0x80 != 0 { 0x100 } else { 0 };
    let concat = Concat { wide: flags & 0x80 != 0, reference, total, sequence };
    let concat = if flags & 0x0f == 0 { None } else { Some(concat) };
    let header =
        Header { concat, ports: None, command_packet: flags & 1 != 0, response_packet: flags & 0x0f == 15 };
    Given { at: world.now(), from, header, data: bytes.chunk() }
}

/// Cut and put together again, in an order of the fuzzer's.
fn cut(mut bytes: Bytes<'_>) {
    let (length, packet, reference) = (usize::from(bytes.pair()), bytes.byte() & 1 != 0, bytes.byte());
    let Ok(cut) = Cut::new(length, packet, reference) else { return assert!(length > 132 + 254 * 134) };
    let message: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
    let from = Number::parse(b"1").expect("a number");
    let (mut slots, mut memory) = ([Set::FREE], vec![0; length + 2 * 255]);
    let mut sets = Sets::new(&mut slots, &mut memory, 1);
    let mut left: Vec<u8> = (0..cut.count()).collect();
    let mut end = 0;
    for n in &left {
        let (_, range) = cut.part(*n, &mut [0; 8]).expect("a part");
        assert_eq!(range.start, end);
        end = range.end;
    }
    assert_eq!(end, length);
    // many parts take their time
    while !left.is_empty() && cut.count() <= 20 {
        let n = left.swap_remove(usize::from(bytes.byte()) % left.len());
        let mut header = [0; 8];
        let (elements, range) = cut.part(n, &mut header).expect("a part");
        let user_data = elements + usize::from(elements > 0) + range.len();
        assert!(user_data == 140 || n + 1 == cut.count() && user_data <= 140, "{user_data} octets");
        let header = Header::parse(&header[..elements]).expect("what was written");
        let taken = sets.take(Instant::ZERO, &from, &header, &message[range]);
        let expected =
            if left.is_empty() { Taken::Whole { slot: 0, length, packet } } else { Taken::Waiting };
        assert_eq!(taken, expected);
    }
    assert!(!left.is_empty() || sets.bytes_mut(0, length) == message);
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let choice = bytes.byte();
    if choice == 0 {
        return cut(bytes);
    }
    let slot_count = usize::from(choice % 5);
    let memory_size = usize::from(bytes.byte()) * 8;
    let room = memory_size.checked_div(slot_count).unwrap_or(0);
    let mut world =
        World { log: vec![], held: vec![], keys: vec![], now: 0, timeout: u64::from(bytes.byte()), room };
    let (mut slots, mut memory) = (vec![Set::FREE; slot_count], vec![0; memory_size]);
    let mut sets = Sets::new(&mut slots, &mut memory, world.timeout);
    let (mut given, mut lost) = (0, 0);
    let mut always_calm = true;
    while !bytes.is_empty() {
        match bytes.byte() {
            step @ 0..=0x1f => world.now += u64::from(step),
            step @ 0x20..=0x3f => world.release(&mut sets, step),
            0x40..=0x47 => {
                lost += sets.expire(world.now());
                assert!(lost <= given, "more given up than there were");
                assert!(sets.deadline() > world.now(), "something outlives the timeout");
            }
            _ => {
                let part = part(&world, &mut bytes);
                world.log.push(part);
                if !world.keys.contains(&part.key()) {
                    world.keys.push(part.key());
                }
                given += 1;
                let calm = world.keys.len() + world.held.len() <= slot_count && world.now < world.timeout;
                // no set can have been given up but for its length, also not while the caller held others
                always_calm &= calm;
                match sets.take(world.now(), &part.from, &part.header, part.data) {
                    Taken::Whole { slot, length, packet } => world.whole(&mut sets, slot, length, packet),
                    Taken::Waiting => {
                        assert!(sets.deadline() <= world.now().after(world.timeout));
                        assert!(!always_calm || world.lacks(&part), "nothing is missing");
                    }
                    Taken::Dropped(error) => world.dropped(&part, error, calm),
                }
                world.check(&mut sets);
            }
        }
    }
    // what waits is given up once the time is over, and then all memory is the caller's or free
    world.now += world.timeout;
    sets.expire(world.now());
    assert!(sets.deadline().is_never());
    while !world.held.is_empty() {
        world.release(&mut sets, 0);
    }
    drop(sets);
    assert!(memory.iter().all(|octet| *octet == 0), "something is left");
});
