use super::*;
use std::vec;
use std::vec::Vec;

const TIMEOUT: u64 = 300_000;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn server() -> Number {
    Number::parse(b"+15555550123").unwrap()
}

fn other() -> Number {
    Number::parse(b"+15555550777").unwrap()
}

/// Part `sequence` of `total`.
fn part(reference: u16, total: u8, sequence: u8) -> Header {
    let concat = Some(Concat { wide: false, reference, total, sequence });
    Header { concat, ..Header::default() }
}

/// Sets over memory of their own.
struct Owned {
    slots: Vec<Set>,
    memory: Vec<u8>,
}

impl Owned {
    fn new(slots: usize, room: usize) -> Self {
        Self { slots: vec![Set::FREE; slots], memory: vec![0xaa; slots * room] }
    }

    fn sets(&mut self) -> Sets<'_> {
        Sets::new(&mut self.slots, &mut self.memory, TIMEOUT)
    }
}

/// What a whole message holds, released.
fn read(sets: &mut Sets<'_>, taken: Taken) -> Vec<u8> {
    let Taken::Whole { slot, length, .. } = taken else { panic!("{taken:?}") };
    let bytes = sets.bytes_mut(slot, length).to_vec();
    assert_eq!(bytes.len(), length);
    sets.release(slot);
    bytes
}

fn parts(cut: &Cut) -> Vec<(Vec<u8>, Range<usize>)> {
    let mut header = [0xaa; 8];
    let all = (0..cut.count()).map(|n| {
        let (length, range) = cut.part(n, &mut header).unwrap();
        (header[..length].to_vec(), range)
    });
    let all = all.collect();
    assert_eq!(cut.part(cut.count(), &mut header), None);
    all
}

#[test]
fn one_message_has_no_reference() {
    for length in [0, 1, 140] {
        assert_eq!(parts(&Cut::new(length, false, 7).unwrap()), [(vec![], 0..length)]);
    }
    for length in [0, 137] {
        assert_eq!(parts(&Cut::new(length, true, 7).unwrap()), [(vec![0x70, 0], 0..length)]);
    }
}

#[test]
fn parts_are_as_long_as_possible() {
    let plain = parts(&Cut::new(141, false, 0x5c).unwrap());
    assert_eq!(plain, [(vec![0, 3, 0x5c, 2, 1], 0..134), (vec![0, 3, 0x5c, 2, 2], 134..141)]);
    let packet = parts(&Cut::new(138, true, 0x5c).unwrap());
    assert_eq!(packet, [(vec![0, 3, 0x5c, 2, 1, 0x70, 0], 0..132), (vec![0, 3, 0x5c, 2, 2], 132..138)]);
    for (length, packet, count) in [
        (268, false, 2),
        (269, false, 3),
        (266, true, 2),
        (267, true, 3),
        (255 * 134, false, 255),
        (132 + 254 * 134, true, 255),
    ] {
        let cut = Cut::new(length, packet, 0).unwrap();
        assert_eq!(cut.count(), count, "{length}");
        assert_eq!(parts(&cut).last().unwrap().1.end, length);
    }
    assert_eq!(Cut::new(255 * 134 + 1, false, 0), Err(Error::TooLarge));
    assert_eq!(Cut::new(132 + 254 * 134 + 1, true, 0), Err(Error::TooLarge));
    assert_eq!(Cut::new(usize::MAX, true, 0), Err(Error::TooLarge));
}

#[test]
fn what_is_cut_comes_together_in_every_order() {
    let message: Vec<u8> = (0..400u16).map(|n| (n % 251) as u8).collect();
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (order, is_packet) in orders.into_iter().flat_map(|order| [(order, false), (order, true)]) {
        let cut = Cut::new(message.len(), is_packet, 9).unwrap();
        let parts = parts(&cut);
        assert_eq!(parts.len(), 3);
        let (mut owned, mut last) = (Owned::new(1, 406), Taken::Waiting);
        let mut sets = owned.sets();
        for n in order {
            assert_eq!(last, Taken::Waiting);
            let (header, range) = &parts[n];
            let header = Header::parse(header).unwrap();
            last = sets.take(at(0), &server(), &header, &message[range.clone()]);
        }
        assert_eq!(last, Taken::Whole { slot: 0, length: 400, packet: is_packet });
        assert_eq!(read(&mut sets, last), message);
        assert_eq!((sets.expire(at(0)), sets.deadline()), (0, Instant::NEVER));
    }
}

#[test]
fn messages_that_are_no_parts_are_whole_at_once() {
    let mut owned = Owned::new(1, 142);
    let mut sets = owned.sets();
    for packet in [false, true, true] {
        let header = Header { command_packet: packet, ..Header::default() };
        let taken = sets.take(at(0), &server(), &header, &[7; 140]);
        assert_eq!(taken, Taken::Whole { slot: 0, length: 140, packet });
        assert_eq!(read(&mut sets, taken), [7; 140]);
    }
    let response = Header { response_packet: true, ..Header::default() };
    let taken = sets.take(at(0), &server(), &response, &[7]);
    assert_eq!(taken, Taken::Dropped(Error::NotSupported));
    let taken = sets.take(at(0), &server(), &Header::default(), &[7; 141]);
    assert_eq!(taken, Taken::Dropped(Error::TooLarge), "longer than a short message");
}

#[test]
fn of_a_part_that_comes_twice_the_first_is_kept() {
    let mut owned = Owned::new(1, 20);
    let mut sets = owned.sets();
    assert_eq!(sets.take(at(0), &server(), &part(1, 3, 2), b"bb"), Taken::Waiting);
    assert_eq!(sets.take(at(0), &server(), &part(1, 3, 2), b"XXXX"), Taken::Waiting);
    assert_eq!(sets.take(at(0), &server(), &part(1, 3, 3), b""), Taken::Waiting);
    let packet = Header { command_packet: true, ..part(1, 3, 2) };
    assert_eq!(sets.take(at(0), &server(), &packet, b"YY"), Taken::Waiting);
    let whole = sets.take(at(0), &server(), &part(1, 3, 1), b"a");
    assert_eq!(whole, Taken::Whole { slot: 0, length: 3, packet: false }, "part 2 does not say what it is");
    assert_eq!(read(&mut sets, whole), b"abb");
}

#[test]
fn parts_of_different_messages_are_not_mixed() {
    let mut owned = Owned::new(5, 20);
    let mut sets = owned.sets();
    let mut wide = part(1, 2, 1);
    wide.concat.as_mut().unwrap().wide = true;
    for (from, header, data) in [
        (server(), part(1, 2, 1), b"a"),
        (other(), part(1, 2, 1), b"b"),
        (server(), wide, b"c"),
        (server(), part(2, 2, 1), b"d"),
        (server(), part(1, 3, 1), b"e"),
    ] {
        assert_eq!(sets.take(at(0), &from, &header, data), Taken::Waiting);
    }
    let taken = sets.take(at(0), &other(), &part(1, 2, 2), b"!");
    assert_eq!(read(&mut sets, taken), b"b!");
    wide.concat.as_mut().unwrap().sequence = 2;
    let taken = sets.take(at(0), &server(), &wide, b"!");
    assert_eq!(read(&mut sets, taken), b"c!");
    let taken = sets.take(at(0), &server(), &part(1, 2, 2), b"!");
    assert_eq!(read(&mut sets, taken), b"a!");
    let taken = sets.take(at(0), &server(), &part(2, 2, 2), b"!");
    assert_eq!(read(&mut sets, taken), b"d!");
}

#[test]
fn missing_parts_time_out() {
    let mut owned = Owned::new(2, 20);
    let mut sets = owned.sets();
    assert_eq!(sets.deadline(), Instant::NEVER);
    sets.take(at(1000), &server(), &part(1, 2, 1), b"a");
    sets.take(at(5000), &server(), &part(2, 3, 1), b"b");
    sets.take(at(9000), &server(), &part(2, 3, 2), b"b");
    assert_eq!(sets.deadline(), at(1000 + TIMEOUT));
    assert_eq!(sets.expire(at(999 + TIMEOUT)), 0);
    assert_eq!(sets.expire(at(1000 + TIMEOUT)), 1);
    assert_eq!(sets.deadline(), at(5000 + TIMEOUT), "from the first part on");
    // nobody asked in time: the part that comes then does not complete it
    assert_eq!(sets.take(at(5000 + TIMEOUT), &server(), &part(2, 3, 3), b"b"), Taken::Waiting);
    assert_eq!(sets.expire(at(5000 + TIMEOUT)), 1);
    assert_eq!(sets.deadline(), at(5000 + 2 * TIMEOUT));
}

#[test]
fn late_duplicates_are_not_delivered_again() {
    let mut owned = Owned::new(2, 40);
    let mut sets = owned.sets();
    sets.take(at(0), &server(), &part(1, 2, 1), b"a");
    let taken = sets.take(at(0), &server(), &part(1, 2, 2), b"b");
    // still with the caller, then released
    for _ in 0..2 {
        for (sequence, data) in [(2, b"b"), (1, b"a")] {
            let again = sets.take(at(TIMEOUT - 1), &server(), &part(1, 2, sequence), data);
            assert_eq!(again, Taken::Dropped(Error::Exists));
        }
        let Taken::Whole { slot, .. } = taken else { panic!("{taken:?}") };
        sets.release(slot);
    }
    assert_eq!(sets.deadline(), Instant::NEVER, "none waits");
    // a sender that always uses the same reference
    assert_eq!(sets.take(at(TIMEOUT - 1), &server(), &part(1, 2, 1), b"A"), Taken::Waiting);
    let taken = sets.take(at(TIMEOUT - 1), &server(), &part(1, 2, 2), b"b");
    assert_eq!(read(&mut sets, taken), b"Ab");
    // a long time afterwards
    let later = at(2 * TIMEOUT);
    assert_eq!(sets.take(later, &server(), &part(1, 2, 1), b"A"), Taken::Waiting);
    // part 9 is not remembered by its content
    for sequence in 1..=9 {
        sets.take(later, &other(), &part(1, 9, sequence), &[sequence]);
    }
    assert_eq!(sets.take(later, &other(), &part(1, 9, 9), b"new"), Taken::Dropped(Error::Exists));
}

#[test]
fn a_message_without_room_is_given_up_for_good() {
    let mut owned = Owned::new(1, 20);
    let mut sets = owned.sets();
    let dropped = Taken::Dropped(Error::TooLarge);
    assert_eq!(sets.take(at(0), &server(), &part(1, 255, 1), b"a"), dropped, "255 parts");
    assert_eq!(sets.expire(at(0)), 0, "of which none was kept");
    assert_eq!(sets.take(at(0), &server(), &part(2, 2, 1), &[1; 9]), Taken::Waiting);
    assert_eq!(sets.take(at(0), &server(), &part(2, 2, 2), &[2; 8]), dropped);
    assert_eq!(sets.expire(at(0)), 1);
    assert_eq!(sets.take(at(1), &server(), &part(2, 2, 1), &[1; 9]), Taken::Dropped(Error::Exists));
    assert_eq!(sets.take(at(1), &server(), &part(3, 2, 1), &[1; 9]), Taken::Waiting);
    let taken = sets.take(at(1), &server(), &part(3, 2, 2), &[2; 7]);
    assert_eq!(read(&mut sets, taken), [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2], "just so");
    // no memory at all
    let dropped_all = Sets::new(&mut [], &mut [], TIMEOUT).take(at(0), &server(), &Header::default(), b"");
    assert_eq!(dropped_all, dropped);
}

#[test]
fn of_many_messages_the_oldest_gives_way() {
    let mut owned = Owned::new(2, 20);
    let mut sets = owned.sets();
    for reference in 1..=3 {
        sets.take(at(reference.into()), &server(), &part(reference, 2, 1), &[reference as u8]);
    }
    // its second part must not drive the second message out
    assert_eq!(sets.take(at(4), &server(), &part(1, 2, 2), b"!"), Taken::Dropped(Error::Exists));
    for reference in 2..=3 {
        let taken = sets.take(at(5), &server(), &part(reference, 2, 2), b"!");
        assert_eq!(read(&mut sets, taken), [reference as u8, b'!']);
    }
    assert_eq!(sets.expire(at(5)), 1);
}

#[test]
fn a_flood_drowns_only_its_sender() {
    let mut owned = Owned::new(2, 20);
    let mut sets = owned.sets();
    sets.take(at(0), &server(), &part(1, 2, 1), b"a");
    for reference in 0..=255 {
        let taken = sets.take(at(1), &other(), &part(reference, 2, 1), b"x");
        assert_eq!(taken, Taken::Waiting);
    }
    assert_eq!(sets.expire(at(1)), 255);
    let taken = sets.take(at(2), &server(), &part(1, 2, 2), b"b");
    assert_eq!(read(&mut sets, taken), b"ab");
    // and the other way round: all sets are the flood's
    sets.take(at(3), &other(), &part(7, 3, 1), b"x");
    sets.take(at(3), &other(), &part(8, 3, 1), b"x");
    sets.take(at(4), &server(), &part(2, 2, 1), b"c");
    sets.take(at(5), &other(), &part(9, 3, 1), b"x");
    let taken = sets.take(at(6), &server(), &part(2, 2, 2), b"d");
    assert_eq!(read(&mut sets, taken), b"cd");
}

#[test]
fn what_the_caller_has_stays() {
    let mut owned = Owned::new(1, 20);
    let mut sets = owned.sets();
    let taken = sets.take(at(0), &server(), &Header::default(), b"mine");
    assert_eq!(sets.take(at(0), &server(), &part(1, 2, 1), b"x"), Taken::Dropped(Error::Busy));
    assert_eq!((sets.expire(at(9 * TIMEOUT)), sets.deadline()), (0, Instant::NEVER));
    assert_eq!(sets.bytes_mut(0, 5), [], "longer than it is");
    assert_eq!(sets.bytes_mut(1, 1), [], "no such slot");
    assert_eq!(read(&mut sets, taken), b"mine");
    assert_eq!(sets.bytes_mut(0, 4), [], "released");
    assert_eq!(sets.memory, [0; 20], "and overwritten");
    sets.take(at(0), &server(), &part(1, 2, 1), b"x");
    sets.release(0);
    assert_eq!(
        sets.take(at(0), &server(), &part(1, 2, 2), b"y"),
        Taken::Whole { slot: 0, length: 2, packet: false }
    );
}

#[test]
fn a_set_is_small() {
    assert!(size_of::<Set>() <= 96, "{}", size_of::<Set>());
}
