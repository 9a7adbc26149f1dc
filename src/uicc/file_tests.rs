use super::*;
use crate::format::bootstrap_file::objects;
use crate::format::{Cursor, Format, TLV};
use crate::path::Path;
use std::vec;
use std::vec::Vec;

/// What a file says, item by item, resources as they lie in it.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Object(u16, (u8, u8)),
    Instance(u16),
    Resource(Vec<u8>),
}

/// Reads a file as a card gives it: the window grows by what is asked for and no more, and at most to `room`.
fn told(content: &[u8]) -> Result<Vec<Told>, Error> {
    let mut file = File::new(content.len() as u16);
    let (mut at, mut held, mut told) = (0, 0, Vec::new());
    loop {
        let window = &content[at..at + held];
        let (item, used) = file.next(window)?;
        assert!(used <= window.len());
        match item {
            Item::More(needed) => {
                assert!(needed > held && used == 0);
                assert!(at + needed <= content.len(), "more than there is");
                held = needed;
                continue;
            }
            Item::Object { id, version } => told.push(Told::Object(id, version)),
            Item::Instance { id } => told.push(Told::Instance(id)),
            Item::Resource => told.push(Told::Resource(window[..used].to_vec())),
            Item::End => {
                assert_eq!((file.left, file.next(b"").unwrap()), (0, (Item::End, 0)), "it stays the end");
                return Ok(told);
            }
        }
        (at, held) = (at + used, held - used);
    }
}

/// The same from the whole file: `bootstrap_file` finds the objects, the format TLV says what is in them.
fn from_the_whole(content: &[u8]) -> Result<Vec<Told>, Error> {
    let mut told = Vec::new();
    for object in objects(content)? {
        told.push(Told::Object(object.id, object.version));
        let base = Path { object: object.id, instance: NONE, resource: NONE, resource_instance: NONE };
        let mut cursor = Cursor::new(object.instances, base);
        let mut begun: Option<usize> = None;
        let mut before = 0;
        while let Some(record) = TLV.next(&mut cursor)? {
            let (at, path) = (core::mem::replace(&mut before, cursor.at), record.path);
            if path.instance == NONE {
                // resources without an instance
                return Err(Error::Malformed);
            }
            if path.resource == NONE {
                told.push(Told::Instance(path.instance));
            } else if record.raw.is_none() {
                begun = Some(at);
            } else if path.resource_instance == NONE {
                told.push(Told::Resource(object.instances[at..cursor.at].to_vec()));
            }
            if let Some(from) = begun
                && cursor.at == cursor.ends[1]
            {
                told.push(Told::Resource(object.instances[from..cursor.at].to_vec()));
                begun = None;
            }
        }
    }
    Ok(told)
}

const SAMPLE: &[u8] = b"\x00\x03\x00\x28\
    \x00\x00\x00\x00\x0b\x08\x00\x08\xc1\x0a\x01\xc3\x02abc\
    \x01\x23\x02\x05\x00\x0f\x28\x01\x00\x0b\x88\x06\x08\x41\x00\x01\x43\x01xyz\
    ";

fn sample() -> Vec<u8> {
    let mut file = SAMPLE.to_vec();
    file.extend(b"\x00\x01\x00\x00\x00");
    let size = file.len() as u16 - 4;
    file[2..4].copy_from_slice(&size.to_be_bytes());
    file
}

#[test]
fn a_file_is_told_object_by_object() {
    let expected = || {
        vec![
            Told::Object(0, (1, 0)),
            Told::Instance(0),
            Told::Resource(b"\xc1\x0a\x01".to_vec()),
            Told::Resource(b"\xc3\x02abc".to_vec()),
            Told::Object(0x123, (2, 5)),
            Told::Instance(0x100),
            Told::Resource(b"\x88\x06\x08\x41\x00\x01\x43\x01xyz"[..].to_vec()),
            Told::Object(1, (1, 0)),
        ]
    };
    assert_eq!(told(&sample()), Ok(expected()));
    // a card's file is longer than what it holds
    assert_eq!(told(&[sample(), vec![0xff; 40]].concat()), Ok(expected()));
    assert_eq!(told(b"\0\0\0\0"), Ok(vec![]));
    assert_eq!(from_the_whole(&sample()), Ok(expected()));
}

#[test]
fn lengths_that_do_not_fit_together_are_refused() {
    let whole = sample();
    for cut in 0..whole.len() {
        assert_eq!(told(&whole[..cut]), Err(Error::Malformed), "{cut}");
    }
    let changed = |at: usize, to: u8| {
        let mut file = whole.clone();
        file[at] = to;
        told(&file)
    };
    let size = whole[3];
    for (at, to, what) in [
        (1, 2, "too few objects"),
        (1, 4, "too many"),
        (3, size - 1, "content shorter than its objects"),
        (3, size + 1, "longer than the file"),
        (8, 0xff, "an object longer than all"),
        (8, 0x0a, "an object that ends in a resource"),
        (11, 9, "an instance longer than its object"),
        (11, 7, "an instance that ends in a resource"),
        (9, 0xc8, "a resource between instances"),
        (9, 0x48, "a resource instance between instances"),
        (12, 0x41, "a resource instance in an instance"),
        (12, 0x01, "an instance in an instance"),
        (15, 0xc4, "a resource longer than its instance"),
    ] {
        assert_eq!(changed(at, to), Err(Error::Malformed), "{what}");
    }
    // no identifier of anything
    for file in [
        &b"\x00\x01\x00\x09\x00\x00\x00\x00\x04\x20\xff\xff\x00"[..],
        b"\x00\x01\x00\x0a\x00\x00\x00\x00\x05\x03\x00\xe0\xff\xff",
    ] {
        assert_eq!(told(file), Err(Error::Malformed));
    }
}

#[test]
fn the_largest_resource_there_can_be() {
    let length = 0xffff - 4 - 5 - 4 - 4usize;
    let head = |kind: u8, length: usize| [kind, 0, (length >> 8) as u8, length as u8];
    let resource = [&head(0xd0, length)[..], &vec![7; length]].concat();
    let instance = [&head(0x10, resource.len())[..], &resource].concat();
    let object = [&b"\0\0\0"[..], &(instance.len() as u16).to_be_bytes(), &instance].concat();
    let file = [&b"\0\x01"[..], &(object.len() as u16).to_be_bytes(), &object].concat();
    assert_eq!(file.len(), 0xffff);
    let expected = vec![Told::Object(0, (1, 0)), Told::Instance(0), Told::Resource(resource)];
    assert_eq!(told(&file), Ok(expected));
    // three octets could say more
    let long = b"\0\x01\0\x0d\0\0\0\0\x08\x18\0\x01\0\0\xc8\0\0";
    assert_eq!(told(long), Err(Error::Malformed));
}

#[test]
fn what_is_left_counts_down() {
    let whole = sample();
    let mut file = File::new(whole.len() as u16);
    let (mut at, mut content) = (0, whole.len() - 4);
    assert_eq!(file.left, 0);
    while at < whole.len() {
        let (_, used) = file.next(&whole[at..]).unwrap();
        assert!(used > 0);
        content -= if at == 0 { used - 4 } else { used };
        at += used;
        assert_eq!(file.left as usize, content);
    }
}

/// xorshift: the same files in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }

    /// A TLV around `value`, in one of the forms that its length allows.
    fn tlv(&mut self, kind: u8, value: &[u8]) -> Vec<u8> {
        let id = if self.below(20) == 0 { 0xffff } else { self.below(0x200) };
        let wide = id > 255 || self.below(4) == 0;
        let width = match value.len() {
            0..=7 => self.below(4),
            8..=0xff => 1 + self.below(3),
            _ => 2 + self.below(2),
        };
        let low = if width == 0 { value.len() as u8 } else { self.below(8) as u8 };
        let mut tlv = vec![kind | u8::from(wide) << 5 | (width as u8) << 3 | low];
        tlv.extend(&(id as u16).to_be_bytes()[usize::from(!wide)..]);
        tlv.extend(&(value.len() as u32).to_be_bytes()[4 - width as usize..]);
        tlv.extend(value);
        tlv
    }

    fn many(&mut self, most: u64, mut one: impl FnMut(&mut Self) -> Vec<u8>) -> (u16, Vec<u8>) {
        let count = self.below(most);
        (count as u16, (0..count).flat_map(|_| one(self)).collect())
    }

    fn resource(&mut self) -> Vec<u8> {
        let length = [3, 9, 300][self.below(3) as usize];
        let length = self.below(length);
        match self.below(4) {
            0 => {
                let (_, inner) = self.many(4, |random| {
                    let value = random.bytes(5);
                    random.tlv(0x40, &value)
                });
                self.tlv(0x80, &inner)
            }
            _ => {
                let value = self.bytes(length);
                self.tlv(0xc0, &value)
            }
        }
    }

    fn file(&mut self) -> Vec<u8> {
        let (count, content) = self.many(4, |random| {
            let (_, instances) = random.many(4, |random| {
                let (_, resources) = random.many(5, Self::resource);
                random.tlv(0x00, &resources)
            });
            let mut object = random.bytes(2);
            object.extend(match random.below(2) {
                0 => vec![0],
                _ => vec![1 + random.below(255) as u8, random.below(256) as u8],
            });
            object.extend((instances.len() as u16).to_be_bytes());
            object.extend(instances);
            object
        });
        let mut file = [count.to_be_bytes(), (content.len() as u16).to_be_bytes()].concat();
        file.extend(content);
        let padding = self.below(10);
        file.extend(self.bytes(padding));
        file
    }
}

/// Two readers, one grammar: the same verdict and the same content, of files that are right and of damaged ones.
#[test]
fn windows_tell_what_the_whole_file_says() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut file = random.file();
        for _ in 0..random.below(3) {
            let at = random.below(file.len() as u64) as usize;
            match random.below(3) {
                0 => file[at] ^= 1 << random.below(8),
                1 => file[at] = file[at].wrapping_add(random.below(3) as u8),
                _ => file.truncate(at),
            }
            if file.is_empty() {
                break;
            }
        }
        compare(&file, &mut taken, &mut refused);
    }
    assert!(taken > 5_000 && refused > 5_000, "{taken} {refused}");
}

fn compare(file: &[u8], taken: &mut u32, refused: &mut u32) {
    match (told(file), from_the_whole(file)) {
        (Ok(told), Ok(whole)) => {
            assert_eq!(told, whole, "{file:02x?}");
            *taken += 1;
        }
        (Err(_), Err(_)) => *refused += 1,
        // what is inside of a multiple resource, its reader checks
        (Ok(told), Err(_)) => {
            assert!(told.iter().any(broken), "{file:02x?}");
            *refused += 1;
        }
        (Err(_), Ok(_)) => panic!("{file:02x?}"),
    }
}

/// A resource that its format refuses, or one that an object of no identifier holds.
fn broken(told: &Told) -> bool {
    match told {
        Told::Resource(tlv) => {
            let base = Path { object: 0, instance: 0, resource: NONE, resource_instance: NONE };
            let mut cursor = Cursor::new(tlv, base);
            loop {
                match TLV.next(&mut cursor) {
                    Ok(Some(_)) => {}
                    Ok(None) => break false,
                    Err(_) => break true,
                }
            }
        }
        Told::Object(id, _) => *id == NONE,
        Told::Instance(_) => false,
    }
}
