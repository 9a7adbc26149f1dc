//! What the format tests share: a tree of values and a writer that drives a format as the model does.
#![allow(dead_code, reason = "each test file uses a part")]

use whimbrel::error::Error;
use whimbrel::format::{Container, Cursor, Encoder, Format, Window};
use whimbrel::path::Path;
use whimbrel::value::{DataType, Value};

/// A value that owns its bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Owned {
    String(String),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Boolean(bool),
    Opaque(Vec<u8>),
    Time(i64),
    Objlnk(u16, u16),
}

impl Owned {
    pub fn text(text: &str) -> Self {
        Self::String(text.into())
    }

    pub fn value(&self) -> Value<'_> {
        match self {
            Self::String(text) => Value::String(text),
            Self::Integer(number) => Value::Integer(*number),
            Self::Unsigned(number) => Value::Unsigned(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Boolean(yes) => Value::Boolean(*yes),
            Self::Opaque(bytes) => Value::Opaque(bytes),
            Self::Time(number) => Value::Time(*number),
            Self::Objlnk(object, instance) => Value::Objlnk(*object, *instance),
        }
    }

    pub fn data_type(&self) -> DataType {
        match self {
            Self::String(_) => DataType::String,
            Self::Integer(_) => DataType::Integer,
            Self::Unsigned(_) => DataType::Unsigned,
            Self::Float(_) => DataType::Float,
            Self::Boolean(_) => DataType::Boolean,
            Self::Opaque(_) => DataType::Opaque,
            Self::Time(_) => DataType::Time,
            Self::Objlnk(..) => DataType::Objlnk,
        }
    }

    pub fn of(value: Value<'_>) -> Self {
        match value {
            Value::String(text) => Self::String(text.into()),
            Value::Integer(number) => Self::Integer(number),
            Value::Unsigned(number) => Self::Unsigned(number),
            Value::Float(number) => Self::Float(number),
            Value::Boolean(yes) => Self::Boolean(yes),
            Value::Opaque(bytes) => Self::Opaque(bytes.into()),
            Value::Time(number) => Self::Time(number),
            Value::Objlnk(object, instance) => Self::Objlnk(object, instance),
        }
    }
}

/// A part of the object tree.
#[derive(Clone, Debug)]
pub enum Node {
    Instance(u16, Vec<Node>),
    Multiple(u16, Vec<(u16, Owned)>),
    Resource(u16, Owned),
}

fn write_nodes(format: &dyn Format, out: &mut Encoder<'_>, at: Path, nodes: &[Node]) -> Result<(), Error> {
    for node in nodes {
        match node {
            Node::Instance(id, inner) => {
                let at = Path { instance: *id, ..at };
                let length = if out.exact() { measure(format, at, inner) } else { 0 };
                format.open(out, Container::Instance, at, length);
                write_nodes(format, out, at, inner)?;
                format.close(out, Container::Instance, at);
            }
            Node::Multiple(id, values) if out.base().depth() == 4 => {
                for (instance, value) in values {
                    format.value(
                        out,
                        at.with_resource(*id).with_resource_instance(*instance),
                        value.value(),
                    )?;
                }
            }
            Node::Multiple(id, values) => {
                let at = at.with_resource(*id);
                let write = |out: &mut Encoder<'_>| {
                    values.iter().try_for_each(|(instance, value)| {
                        format.value(out, at.with_resource_instance(*instance), value.value())
                    })
                };
                let mut counter = Encoder::new(Window::new(&mut [], 0), at, false);
                write(&mut counter)?;
                format.open(out, Container::Multiple, at, counter.window.total());
                write(out)?;
                format.close(out, Container::Multiple, at);
            }
            Node::Resource(id, value) => format.value(out, at.with_resource(*id), value.value())?,
        }
    }
    Ok(())
}

fn measure(format: &dyn Format, at: Path, nodes: &[Node]) -> usize {
    let mut counter = Encoder::new(Window::new(&mut [], 0), at, false);
    write_nodes(format, &mut counter, at, nodes).unwrap();
    counter.window.total()
}

fn parent(base: Path) -> Path {
    if base.instance == 0xffff { base } else { Path::instance(base.object, base.instance) }
}

/// The whole representation, in one pass.
pub fn write(format: &dyn Format, base: Path, nodes: &[Node]) -> Result<Vec<u8>, Error> {
    let mut buffer = vec![0; 200_000];
    let mut out = Encoder::new(Window::new(&mut buffer, 0), base, false);
    format.begin(&mut out);
    write_nodes(format, &mut out, parent(base), nodes)?;
    format.end(&mut out);
    assert!(!out.window.overflowed());
    assert_eq!(out.open, 0);
    Ok(out.window.kept().to_vec())
}

/// One window of the representation, the length and the hash of the whole.
pub fn write_window(
    format: &dyn Format,
    base: Path,
    nodes: &[Node],
    buffer: &mut [u8],
    start: usize,
) -> (Vec<u8>, usize, u32) {
    let mut out = Encoder::new(Window::hashing(buffer, start), base, true);
    format.begin(&mut out);
    write_nodes(format, &mut out, parent(base), nodes).unwrap();
    format.end(&mut out);
    (out.window.kept().to_vec(), out.window.total(), out.window.hash())
}

/// Asserts that every window of the sizes given shows its part of `whole`, at every offset, and that all of them hash
/// the same: it is the ETag.
pub fn assert_windows(
    format: &dyn Format,
    base: Path,
    nodes: &[Node],
    whole: &[u8],
    sizes: core::ops::RangeInclusive<usize>,
) {
    assert_eq!(
        write_window(format, base, nodes, &mut [], 0).1,
        whole.len(),
        "what a counting pass says about {base:?}"
    );
    let mut buffer = [0; 256];
    let hash = write_window(format, base, nodes, &mut buffer[..1], whole.len()).2;
    for size in sizes {
        for start in 0..=whole.len() + 1 {
            let (kept, total, other) = write_window(format, base, nodes, &mut buffer[..size], start);
            let from = start.min(whole.len());
            let to = (start + size).min(whole.len());
            assert_eq!(kept, &whole[from..to], "window of {size} at {start} of {base:?}");
            assert_eq!(total, whole.len());
            assert!(size == 0 || other == hash, "hash in a window of {size} at {start} of {base:?}");
        }
    }
    // each block tells the same ETag, wherever it begins and ends
    let hash = |size: usize, start| {
        let mut buffer = vec![0; size];
        let mut out = Encoder::new(Window::hashing(&mut buffer, start), base, true);
        format.begin(&mut out);
        write_nodes(format, &mut out, parent(base), nodes).unwrap();
        format.end(&mut out);
        out.window.hash()
    };
    let first = hash(1, 0);
    assert!((0..whole.len()).all(|start| hash(7, start) == first && hash(64, start) == first), "{base:?}");
}

/// Every record of a payload: path, and the value as the type that `types` gives for it; `None` for containers.
pub fn read(
    format: &dyn Format,
    base: Path,
    payload: &[u8],
    types: &dyn Fn(Path) -> DataType,
) -> Result<Vec<(Path, Option<Owned>)>, Error> {
    let mut cursor = Cursor::new(payload, base);
    let mut records = Vec::new();
    while let Some(record) = format.next(&mut cursor)? {
        let mut scratch = vec![0; payload.len()];
        let value = match record.raw {
            Some(raw) => Some(Owned::of(format.decode(raw, types(record.path), &mut scratch)?)),
            None => None,
        };
        records.push((record.path, value));
    }
    assert_eq!(format.next(&mut cursor)?, None, "a cursor stays at its end");
    Ok(records)
}

/// What a reader must find in a tree, containers left out.
pub fn leaves(base: Path, nodes: &[Node]) -> Vec<(Path, Owned)> {
    fn walk(at: Path, nodes: &[Node], found: &mut Vec<(Path, Owned)>) {
        for node in nodes {
            match node {
                Node::Instance(id, inner) => walk(Path { instance: *id, ..at }, inner, found),
                Node::Multiple(id, values) => found.extend(values.iter().map(|(instance, value)| {
                    (at.with_resource(*id).with_resource_instance(*instance), value.clone())
                })),
                Node::Resource(id, value) => found.push((at.with_resource(*id), value.clone())),
            }
        }
    }
    let mut found = Vec::new();
    walk(parent(base), nodes, &mut found);
    found
}

/// A small seeded generator (xorshift64*): the same tests everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn bytes(&mut self, limit: usize) -> Vec<u8> {
        (0..self.below(limit)).map(|_| self.next() as u8).collect()
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn id(&mut self) -> u16 {
        let id = self.next() as u16;
        if self.next() & 1 == 0 { id & 0xff } else { id.min(65534) }
    }

    pub fn text(&mut self, limit: usize) -> String {
        const ODD: [char; 12] =
            ['"', '\\', '/', '\n', '\t', '\u{1}', 'ä', '€', '𝄞', '\u{7f}', ' ', '\u{ffff}'];
        (0..self.below(limit))
            .map(|_| if self.below(4) == 0 { self.pick(&ODD) } else { (b'a' + self.below(26) as u8).into() })
            .collect()
    }

    /// A value of any type; floats are finite.
    pub fn value(&mut self) -> Owned {
        let shift = self.below(64);
        let limit = if self.below(20) == 0 { 400 } else { 12 };
        match self.below(9) {
            0 | 1 => Owned::String(self.text(limit)),
            2 => Owned::Integer(self.next() as i64 >> shift),
            3 => Owned::Unsigned(self.next() >> shift),
            4 => {
                let number = f64::from_bits(self.next());
                let narrow = f64::from(number as f32);
                let number = if self.below(2) == 0 { number } else { narrow };
                Owned::Float(if number.is_finite() { number } else { 22.5 })
            }
            5 => Owned::Boolean(self.next() & 1 == 0),
            6 => Owned::Opaque(self.bytes(limit)),
            7 => Owned::Time(self.next() as i64 >> shift),
            _ => Owned::Objlnk(self.next() as u16, self.next() as u16),
        }
    }

    fn distinct(&mut self, count: usize) -> Vec<u16> {
        let mut ids: Vec<_> = (0..count).map(|_| self.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub fn multiple(&mut self, id: u16) -> Node {
        let count = self.below(5);
        Node::Multiple(id, self.distinct(count).into_iter().map(|id| (id, self.value())).collect())
    }

    pub fn resources(&mut self) -> Vec<Node> {
        let count = self.below(7);
        let ids = self.distinct(count);
        ids.into_iter()
            .map(|id| if self.below(3) == 0 { self.multiple(id) } else { Node::Resource(id, self.value()) })
            .collect()
    }

    /// A base of depth 1 to 4 and what a Read of it shows.
    pub fn tree(&mut self) -> (Path, Vec<Node>) {
        let instance = Path::instance(self.id(), self.id());
        match self.below(5) {
            0 => {
                let count = self.below(4);
                let ids = self.distinct(count);
                let nodes = ids.into_iter().map(|id| Node::Instance(id, self.resources())).collect();
                (Path::object(instance.object), nodes)
            }
            1 => (instance, self.resources()),
            2 => {
                let id = self.id();
                (instance.with_resource(id), vec![Node::Resource(id, self.value())])
            }
            3 => {
                let id = self.id();
                (instance.with_resource(id), vec![self.multiple(id)])
            }
            _ => {
                let (id, inner) = (self.id(), self.id());
                let base = instance.with_resource(id).with_resource_instance(inner);
                (base, vec![Node::Multiple(id, vec![(inner, self.value())])])
            }
        }
    }
}

/// Bytes from hexadecimal digits; whitespace is for the reader's eye.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|digit| u8::try_from(digit).unwrap()).collect();
    assert_eq!(digits.len() % 2, 0);
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The Device Object Instance of the example client (TS 1.0 Appendix F, table 40).
pub fn device() -> Vec<Node> {
    use Node::{Multiple, Resource};
    let integer = Owned::Integer;
    vec![
        Resource(0, Owned::text("Open Mobile Alliance")),
        Resource(1, Owned::text("Lightweight M2M Client")),
        Resource(2, Owned::text("345000123")),
        Resource(3, Owned::text("1.0")),
        Multiple(6, vec![(0, integer(1)), (1, integer(5))]),
        Multiple(7, vec![(0, integer(3800)), (1, integer(5000))]),
        Multiple(8, vec![(0, integer(125)), (1, integer(900))]),
        Resource(9, integer(100)),
        Resource(10, integer(15)),
        Multiple(11, vec![(0, integer(0))]),
        Resource(13, Owned::Time(1_367_491_215)),
        Resource(14, Owned::text("+02:00")),
        Resource(16, Owned::text("U")),
    ]
}
