//! Datagrams of an enemy who can write in the server's name: bounded work, the registration intact, no value changed
//! that a well-formed request did not change.

use whimbrel_lab::format::{LINK, TEXT, TLV};
use whimbrel_lab::options;
use whimbrel_lab::scene::{DEVICE, FIRST_ID, SERVER};
use whimbrel_lab::server::Answer;
use whimbrel_lab::{Code, Lab, Message, Operation, Random, Request, Setup, Type, seconds};

/// Messages to be spoilt: none of them, as they are, changes a value.
fn harmless() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut add = |kind: Type, code: Code, path: &[&str], extra: &[(u16, &[u8])], payload: &[u8]| {
        let mut message = Message::new(kind, code, 7);
        message.token = vec![1, 2, 3, 4];
        for segment in path {
            message.push(options::URI_PATH, *segment);
        }
        for (number, value) in extra {
            message.push(*number, *value);
        }
        message.payload = payload.to_vec();
        all.push(message.bytes());
    };
    add(Type::Con, Code::GET, &["3", "0"], &[(options::ACCEPT, &[0x2d, 0x16])], b"");
    add(Type::Con, Code::GET, &["3"], &[(options::ACCEPT, &[40])], b"");
    add(Type::Con, Code::GET, &["26242", "0", "0"], &[(options::BLOCK2, &[0x26])], b"");
    add(Type::Con, Code::GET, &["3303", "0", "5700"], &[(options::OBSERVE, &[1])], b"");
    add(
        Type::Con,
        Code::POST,
        &["26241", "0"],
        &[(options::CONTENT_FORMAT, &[0x2d, 0x16])],
        &[0xc1, 22, 5, 0x88, 11, 3, 1, 2, 3],
    );
    add(Type::Con, Code::PUT, &["3", "0", "0"], &[(options::CONTENT_FORMAT, &[])], b"never");
    add(
        Type::Con,
        Code::PUT,
        &["3303"],
        &[(options::URI_QUERY, b"pmin=x"), (options::URI_QUERY, b"gt")],
        b"",
    );
    add(
        Type::Con,
        Code::POST,
        &["26241"],
        &[(options::CONTENT_FORMAT, &[0x2d, 0x17])],
        br#"{"bn":"/26241/1/","e":[{"n":"22","v":1}]}"#,
    );
    add(Type::Con, Code(0x45), &[], &[(options::OBSERVE, &[1])], b"22");
    add(Type::Ack, Code(0x41), &[], &[(options::LOCATION_PATH, b"rd")], b"");
    add(Type::Non, Code(0x84), &[], &[], b"");
    all
}

/// One byte changed, cut, lengthened, or two messages mixed.
fn mutated(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let pick = |random: &mut Random| seeds[random.up_to(seeds.len() as u64 - 1) as usize].clone();
    let mut bytes = pick(random);
    for _ in 0..=random.up_to(3) {
        let at = random.up_to(bytes.len().saturating_sub(1) as u64) as usize;
        match random.up_to(4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.next() as u8),
            2 => {
                let other = pick(random);
                bytes.truncate(at);
                bytes.extend(&other[at.min(other.len())..]);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.next() as u8;
                }
            }
        }
    }
    // a fresh Message ID, or the cache would answer
    for byte in bytes.iter_mut().skip(2).take(2) {
        *byte = random.next() as u8;
    }
    bytes
}

/// What may change something if a mutation makes it well-formed; such datagrams are left out of the test of values.
fn could_change(bytes: &[u8]) -> bool {
    let Ok(message) = Message::parse(bytes) else { return false };
    matches!(message.code, Code::PUT | Code::POST | Code::DELETE)
}

/// All that servers can read; Current Time as when the bench was switched on.
fn image(lab: &mut Lab) -> (Vec<Vec<u8>>, u64) {
    let passed = lab.now() / 1000;
    let read = |path: &str| Request::get(path).accept(TLV);
    let mut all = ["/1", "/3303", "/26241", "/26243/0/0"].map(|path| lab.send(read(path)).payload).to_vec();
    let device = lab.send(read("/3/0")).tlv();
    let (clock, rest): (Vec<_>, Vec<_>) = device.into_iter().partition(|entry| entry.id == 13);
    all.extend(rest.into_iter().map(|entry| format!("{entry:?}").into_bytes()));
    let time = clock[0].value.iter().fold(0, |time, byte| time << 8 | u64::from(*byte));
    (all, time - passed)
}

#[test]
fn hostile_random_bytes_leave_everything_as_it_was() {
    let mut lab = Lab::registered();
    let before = image(&mut lab);
    let mut random = Random::new(7);
    for n in 0..25_000_u32 {
        let length = random.up_to(if n % 50 == 0 { 1500 } else { 40 });
        let mut bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        if let Some(first) = bytes.first_mut().filter(|_| n % 8 != 0) {
            *first = 0x40 | (*first & 0x37);
        }
        lab.network.send(SERVER, DEVICE, &bytes);
        if n % 16 == 0 {
            lab.run(1);
        }
    }
    lab.run(seconds(600));
    assert_eq!(image(&mut lab), before);
    assert!(lab.device.is_registered(FIRST_ID));
    assert_eq!(lab.server.count(Operation::Register), 1);
}

#[test]
fn hostile_mutated_messages_change_no_value_and_cost_bounded_work() {
    for seed in 0..5 {
        let mut lab = Setup { seed, ..Setup::default() }.registered();
        let before = image(&mut lab);
        let seeds = harmless();
        let mut random = Random::new(seed);
        let mut sent = 0;
        for n in 0..6000 {
            let bytes = mutated(&mut random, &seeds);
            if could_change(&bytes) && n % 2 == 0 {
                continue;
            }
            // what is well-formed and could change something goes to places that cannot be changed
            let mut message = match Message::parse(&bytes) {
                Ok(message) if could_change(&bytes) => message,
                _ => {
                    lab.network.send(SERVER, DEVICE, &bytes);
                    sent += 1;
                    lab.run(u64::from(n % 16 == 0));
                    continue;
                }
            };
            message.options.retain(|(number, _)| *number != options::URI_PATH);
            for segment in ["3", "0", "0"] {
                message.push(options::URI_PATH, segment);
            }
            lab.network.send(SERVER, DEVICE, &message.bytes());
            sent += 1;
        }
        assert!(sent > 3000);
        lab.run(seconds(600));
        assert_eq!(image(&mut lab), before, "seed {seed}");
        assert!(lab.device.is_registered(FIRST_ID), "seed {seed}");
        assert_eq!(lab.server.count(Operation::Register), 1, "seed {seed}");
        assert!(lab.device.most_sent() <= 4, "{} datagrams in one poll", lab.device.most_sent());
    }
}

/// The same without mercy: whatever changes, the device goes on and keeps its registration.
#[test]
fn hostile_mutated_requests_of_every_kind_leave_a_working_device() {
    for seed in 0..4 {
        let mut lab = Setup { seed, ..Setup::default() }.registered();
        let mut seeds = harmless();
        let mut add = |code: Code, path: &[&str], format: &[u8], payload: &[u8]| {
            let mut message = Message::new(Type::Con, code, 7);
            path.iter().for_each(|segment| message.push(options::URI_PATH, *segment));
            message.push(options::CONTENT_FORMAT, format);
            message.payload = payload.to_vec();
            seeds.push(message.bytes());
        };
        add(Code::POST, &["26241"], &[0x2d, 0x16], &[0x08, 9, 4, 0xc1, 0, b'x', 0xc1]);
        add(Code::PUT, &["26241", "0"], &[0x2d, 0x16], &[0xc1, 0, b'x', 0x86, 11, 0x41, 0, 1, 0x41, 1, 5]);
        add(
            Code::PUT,
            &["26243", "0"],
            &[0x2d, 0x17],
            br#"{"bn":"/26243/0/","e":[{"n":"0","v":1},{"n":"1","sv":"x"}]}"#,
        );
        add(Code::POST, &["26241", "0", "20"], &[], b"0='a',1,2='b'");
        add(Code::PUT, &["26242", "0", "1"], &[42], &[7; 64]);
        add(Code::DELETE, &["26241", "9"], &[], b"");
        let mut random = Random::new(seed + 100);
        for n in 0..6000 {
            lab.network.send(SERVER, DEVICE, &mutated(&mut random, &seeds));
            lab.run(u64::from(n % 16 == 0));
        }
        lab.run(seconds(4000));
        let answers = ["/3/0/0", "/1/0/0"].map(|path| lab.send(Request::get(path).accept(TEXT)).code);
        assert_eq!(answers, [Code::CONTENT; 2], "seed {seed}");
        assert_eq!(lab.send(Request::get("/26241").accept(LINK)).code, Code::CONTENT);
        assert!(lab.device.is_registered(FIRST_ID), "seed {seed}");
    }
}

/// A flood: every datagram costs at most one, and the device is not kept from its duties.
#[test]
fn hostile_a_flood_of_pings_is_answered_one_by_one() {
    let mut lab = Setup { lifetime: 300, ..Setup::default() }.registered();
    for _ in 0..300 {
        for id in 0..20_u16 {
            lab.network.send(SERVER, DEVICE, &Message::new(Type::Con, Code::EMPTY, id).bytes());
        }
        lab.run(seconds(1));
    }
    assert_eq!(lab.server.expiries(), 0, "Updates went out in time");
    assert!(lab.device.most_sent() <= 2, "{}", lab.device.most_sent());
}

/// What comes in the server's name but answers nothing is no answer.
#[test]
fn hostile_responses_that_were_not_asked_for_register_nobody() {
    let mut lab = Setup::default().switched_on();
    lab.server.on_next(Operation::Register, Answer::silence());
    lab.run(1);
    let mut random = Random::new(3);
    for _ in 0..2000 {
        let mut forged = Message::new(Type::Non, Code::CREATED, random.next() as u16);
        forged.token = (0..3).map(|_| random.next() as u8).collect();
        forged.push(options::LOCATION_PATH, "rd");
        lab.network.send(SERVER, DEVICE, &forged.bytes());
        lab.run(0);
        assert!(!lab.device.is_registered(FIRST_ID));
    }
}
