//! Our codec against coap-lite 0.13.3: the same messages mean the same, the same bytes come out, and whatever
//! arrives gets the same verdict, apart from the deviations listed in [`Deviation`].

use std::collections::BTreeMap;

use coap_lite::option_value::OptionValueU32;
use coap_lite::{CoapOption, MessageType, Packet};
use whimbrel::coap::{Block, Code, Kind, Message, Writer, option};
use whimbrel::error::Error;

const MESSAGES: u32 = 20_000;

/// Where coap-lite accepts what we refuse, and why we are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deviation {
    /// RFC 7252 section 3: other versions MUST be ignored; coap-lite leaves that to its user.
    Version,
    /// RFC 7252 section 4.1: bytes behind the Message ID of an Empty message are a format error.
    EmptyWithBytes,
    /// RFC 7252 table 1, section 4.2: a request in an Acknowledgement, anything in a Reset, an Empty
    /// Non-confirmable message, a reserved class.
    CodeForType,
    /// RFC 7252 section 3: a marker followed by a payload of zero length is a format error.
    MarkerWithoutPayload,
}

/// xorshift32.
struct Chance(u32);

impl Chance {
    fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.word() >> 4) as usize % limit
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.word() as u8).collect()
    }
}

/// A message as the test means it.
#[derive(Debug, PartialEq)]
struct Meaning {
    kind: Kind,
    code: u8,
    id: u16,
    token: Vec<u8>,
    options: Vec<(u16, Vec<u8>)>,
    payload: Vec<u8>,
}

impl Meaning {
    fn random(chance: &mut Chance) -> Self {
        let codes = [
            0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x1f, 0x41, 0x44, 0x45, 0x5f, 0x84, 0x88, 0x8d, 0xa0,
            0xbf,
        ];
        let kind = chance.of(&[Kind::Confirmable, Kind::NonConfirmable, Kind::Acknowledgement]);
        let code = if kind == Kind::Acknowledgement { chance.of(&codes[8..]) } else { chance.of(&codes) };
        let mut numbers: Vec<u16> = (0..chance.below(12))
            .map(|_| match chance.below(4) {
                0 => chance.of(&[0, 12, 13, 268, 269, 65_535]),
                1 => chance.word() as u16,
                _ => chance
                    .of(&[1, 3, 4, 5, 6, 7, 8, 9, 11, 11, 12, 14, 15, 15, 17, 20, 23, 27, 28, 35, 60, 258]),
            })
            .collect();
        numbers.sort_unstable();
        let options = numbers
            .into_iter()
            .map(|number| {
                let length = match chance.below(12) {
                    0 => chance.of(&[11, 12, 13, 14, 268, 269, 270]),
                    _ => chance.below(6),
                };
                (number, chance.bytes(length))
            })
            .collect();
        let length = chance.below(3) * chance.below(40);
        let (id, token) = (chance.word() as u16, chance.below(9));
        Self { kind, code, id, token: chance.bytes(token), options, payload: chance.bytes(length) }
    }

    fn write(&self) -> Vec<u8> {
        let mut buffer = vec![0xaa; 8000];
        let mut writer = Writer::new(&mut buffer, self.kind, Code(self.code), self.id, &self.token).unwrap();
        for (number, value) in &self.options {
            writer.option(*number, value).unwrap();
        }
        let length = writer.payload(&self.payload).unwrap();
        buffer.truncate(length);
        buffer
    }

    fn ours(datagram: &[u8]) -> Result<Self, Error> {
        let message = Message::parse(datagram)?;
        let (mut reader, mut options) = (message.options(), Vec::new());
        while let Some((number, value)) = reader.next()? {
            options.push((number, value.to_vec()));
        }
        let (kind, code, id, token) = (message.kind, message.code.0, message.id, message.token.to_vec());
        Ok(Self { kind, code, id, token, options, payload: reader.payload().to_vec() })
    }

    fn theirs(packet: &Packet) -> Self {
        let kind = match packet.header.get_type() {
            MessageType::Confirmable => Kind::Confirmable,
            MessageType::NonConfirmable => Kind::NonConfirmable,
            MessageType::Acknowledgement => Kind::Acknowledgement,
            MessageType::Reset => Kind::Reset,
        };
        let (code, id, token) =
            (packet.header.code.into(), packet.header.message_id, packet.get_token().to_vec());
        let options = packet
            .options()
            .flat_map(|(&number, values)| values.iter().map(move |value| (number, value.clone())));
        Self { kind, code, id, token, options: options.collect(), payload: packet.payload.clone() }
    }
}

/// Why we refuse a datagram that coap-lite takes apart like this.
fn deviation(packet: &Packet, datagram: &[u8]) -> Option<Deviation> {
    let (code, class) = (u8::from(packet.header.code), u8::from(packet.header.code) >> 5);
    let (empty, request) = (code == 0, class == 0 && code != 0);
    let misplaced = match packet.header.get_type() {
        MessageType::Confirmable => false,
        MessageType::NonConfirmable => empty,
        MessageType::Acknowledgement => request,
        MessageType::Reset => !empty,
    };
    if packet.header.get_version() != 1 {
        Some(Deviation::Version)
    } else if misplaced || matches!(class, 1 | 6 | 7) {
        Some(Deviation::CodeForType)
    } else if empty && datagram.len() > 4 {
        Some(Deviation::EmptyWithBytes)
    } else if packet.payload.is_empty() && Meaning::theirs(packet).write().len() + 1 == datagram.len() {
        Some(Deviation::MarkerWithoutPayload)
    } else {
        None
    }
}

#[test]
fn random_messages_mean_the_same_and_give_the_same_bytes() {
    let mut chance = Chance(0x7252);
    for _ in 0..MESSAGES {
        let meaning = Meaning::random(&mut chance);
        let bytes = meaning.write();
        let packet = Packet::from_bytes(&bytes).unwrap();
        assert_eq!(Meaning::theirs(&packet), meaning);
        assert_eq!(Meaning::ours(&bytes).as_ref(), Ok(&meaning));
        assert_eq!(packet.to_bytes_unlimited().unwrap(), bytes);
    }
}

#[test]
fn whatever_arrives_gets_the_same_verdict() {
    let (mut chance, mut deviations, mut refused) = (Chance(0x7641), BTreeMap::new(), 0);
    for round in 0..2 * MESSAGES {
        let mut datagram = Meaning::random(&mut chance).write();
        if round % 2 == 0 {
            for _ in 0..=chance.below(3) {
                let at = chance.below(datagram.len());
                match chance.below(4) {
                    0 => datagram.truncate(at.max(1)),
                    1 => datagram[at] = chance.of(&[0x00, 0xff, 0xf0, 0x0f, 0xdd, 0xee, 0xd0, 0x0e]),
                    2 => datagram[at] ^= 1 << chance.below(8),
                    _ => datagram.insert(at, chance.word() as u8),
                }
            }
        } else {
            let length = chance.below(40);
            datagram = chance.bytes(length);
            if let Some(first) = datagram.first_mut().filter(|_| chance.below(8) > 0) {
                *first = 0x40 | (*first & 0x33); // version 1, a token of up to 3 bytes
            }
        }
        match (Meaning::ours(&datagram), Packet::from_bytes(&datagram)) {
            (Ok(meaning), Ok(packet)) => {
                assert_eq!(Meaning::theirs(&packet), meaning, "{datagram:02x?}");
                assert_eq!(meaning.write(), datagram, "there is one encoding of a message");
            }
            (Err(error), Ok(packet)) => {
                assert_eq!(error, Error::Malformed);
                let deviation =
                    deviation(&packet, &datagram).unwrap_or_else(|| panic!("refused: {datagram:02x?}"));
                *deviations.entry(deviation).or_insert(0) += 1;
            }
            (Err(_), Err(_)) => refused += 1,
            (Ok(_), Err(error)) => panic!("accepted, {error:?}: {datagram:02x?}"),
        }
    }
    println!("both refuse {refused}; only we refuse {deviations:?}");
    assert_eq!(deviations.len(), 4, "each deviation was met: {deviations:?}");
}

/// coap-lite refuses option values of 65,536 to 65,804 bytes, which RFC 7252 section 3.1 can express. No
/// datagram is that long.
#[test]
fn only_we_take_options_beyond_64_kib() {
    let mut datagram = vec![0x40, 1, 0, 0, 0x1e, 0xfe, 0xf3];
    datagram.resize(7 + 65_536, 7);
    assert!(Packet::from_bytes(&datagram).is_err());
    assert_eq!(Meaning::ours(&datagram).unwrap().options[0].1.len(), 65_536);
}

#[test]
fn uints_are_the_same() {
    let mut chance = Chance(0x7959);
    for _ in 0..MESSAGES {
        let value = chance.word() >> chance.below(32);
        let mut packet = Packet::new();
        packet.add_option_as(CoapOption::MaxAge, OptionValueU32(value));
        let mut buffer = [0; 16];
        let mut writer = Writer::new(&mut buffer, Kind::Confirmable, Code::GET, 0, &[]).unwrap();
        writer.option_uint(option::MAX_AGE, value).unwrap();
        let length = writer.finish();
        assert_eq!(packet.to_bytes().unwrap(), &buffer[..length]);

        let length = chance.below(6);
        let bytes = chance.bytes(length);
        let theirs = OptionValueU32::try_from(bytes.clone()).ok().map(|value| value.0);
        assert_eq!(option::uint(&bytes).ok(), theirs);
    }
}

/// coap-lite keeps a whole Block option in 16 bits: numbers of 4,096 and more are refused when read and cut
/// when written. It accepts SZX 7, which RFC 7959 section 2.2 reserves.
#[test]
fn blocks_are_the_same_up_to_12_bits() {
    use coap_lite::block_handler::BlockValue;
    let (mut beyond, mut reserved) = (0, 0);
    for value in (0..1 << 16).chain((1 << 16..1 << 24).step_by(997)) {
        let bytes: Vec<u8> = u32::to_be_bytes(value).into_iter().skip_while(|&byte| byte == 0).collect();
        match (Block::decode(&bytes), BlockValue::try_from(bytes.clone())) {
            (Ok(ours), Ok(theirs)) => {
                assert_eq!(ours.number, u32::from(theirs.num));
                assert_eq!(
                    (ours.more, ours.exponent, ours.size()),
                    (theirs.more, theirs.size_exponent, theirs.size())
                );
                assert_eq!(Vec::from(theirs), bytes);
                assert_eq!(ours.to_uint(), value);
            }
            (Ok(ours), Err(_)) => {
                assert!(ours.number >= 4096);
                beyond += 1;
            }
            (Err(error), Ok(_)) => {
                assert_eq!((error, value & 7), (Error::Malformed, 7));
                reserved += 1;
            }
            (Err(_), Err(_)) => assert_eq!((value & 7, value >> 16 > 0), (7, true)),
        }
    }
    assert_eq!((beyond, reserved), (14_667, 8192));
}
