//! Object instances as a bootstrap server writes them: well-formed, and with flaws that somebody chose.

use crate::bytes::Bytes;

const INSTANCE: u8 = 0x00;
const RESOURCE_INSTANCE: u8 = 0x40;
const MULTIPLE: u8 = 0x80;
const RESOURCE: u8 = 0xc0;

/// Objects worth writing: those that exist, the application's more often, and one that does not.
pub const OBJECTS: [u16; 8] = [0, 1, 2, 1000, 0, 1, 3, 9];
/// Instances likewise.
pub const INSTANCES: [u16; 8] = [0, 1, 2, 3, 7, 0, 1, 65535];
/// Resources of all of these objects.
pub const RESOURCES: [u16; 32] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 0, 1, 2, 3, 10, 12, 13, 22, 99,
    300, 65535,
];
const URIS: [&[u8]; 8] = [
    b"coap://bootstrap.example",
    b"coap://one.example",
    b"coap://two.example:5685",
    b"coap://[::3]",
    b"coaps://keys.example",
    b"coap://h:0",
    b"http://x",
    b"",
];

/// A record in TLV (TS 1.0 section 6.4.3).
fn record(kind: u8, id: u16, value: &[u8]) -> Vec<u8> {
    let (wide, length) = (u8::from(id > 255) << 5, value.len());
    let mut out = match length {
        0..=7 => vec![kind | wide | length as u8],
        8..=255 => vec![kind | wide | 8],
        _ => vec![kind | wide | 16],
    };
    out.extend(&id.to_be_bytes()[if id > 255 { 0 } else { 1 }..]);
    let from = match length {
        0..=7 => 2,
        8..=255 => 1,
        _ => 0,
    };
    out.extend(&(length as u16).to_be_bytes()[from..]);
    out.extend(value);
    out
}

fn integer(number: u32) -> Vec<u8> {
    match number {
        0..=0x7f => vec![number as u8],
        0x80..=0x7fff => (number as u16).to_be_bytes().to_vec(),
        _ => number.to_be_bytes().to_vec(),
    }
}

type Field = (u16, Vec<u8>, bool);

fn single(id: u16, value: impl Into<Vec<u8>>) -> Field {
    (id, value.into(), false)
}

/// A resource with instances.
fn several(id: u16, values: &[(u16, Vec<u8>)]) -> Field {
    (id, values.iter().flat_map(|(id, value)| record(RESOURCE_INSTANCE, *id, value)).collect(), true)
}

/// An account of a server, 0 for the bootstrap server.
fn security(server: u16, shape: u8) -> Vec<Field> {
    let keyed = shape & 0x20 != 0;
    let uri = if keyed { URIS[4] } else { URIS[usize::from(server) % 4] };
    let key: &[u8] = if keyed { b"0123456789abcdef" } else { b"" };
    let mut fields = vec![
        single(0, uri),
        single(1, [u8::from(server == 0)]),
        single(2, [if keyed { 0 } else { 3 }]),
        single(3, if keyed { &b"me"[..] } else { b"" }),
        single(4, b""),
        single(5, key),
    ];
    if server != 0 {
        fields.push(single(10, integer(server.into())));
    } else if shape & 0x40 != 0 {
        fields.extend([single(11, integer(20)), single(12, integer(1000))]);
    }
    if shape & 0x80 != 0 {
        fields.extend([single(14, b"sni"), several(16, &[(0, integer(0xc0a8)), (1, integer(0xc0ae))])]);
    }
    fields
}

fn server(server: u16, shape: u8) -> Vec<Field> {
    let mut fields = vec![
        single(0, integer(server.into())),
        single(1, integer(if shape & 0x20 != 0 { 60 } else { 86_400 })),
        single(6, [1]),
        single(7, if shape & 0x40 != 0 { &b"UQ"[..] } else { b"U" }),
    ];
    if shape & 0x80 != 0 {
        fields.insert(2, single(2, integer(1)));
        fields.extend([single(13, integer(server.into())), single(14, integer(10)), single(15, [1])]);
        fields.extend([single(17, integer(2)), single(18, integer(30)), single(20, integer(2))]);
    }
    fields
}

fn control(owner: u16, shape: u8) -> Vec<Field> {
    let (object, instance) = [(3, 0), (1000, 7), (1000, 65535), (1, 0)][usize::from(shape >> 5) % 4];
    vec![
        single(0, integer(object)),
        single(1, integer(instance)),
        several(2, &[(owner, integer(31)), (if shape & 0x80 != 0 { 3 } else { 0 }, integer(1))]),
        single(3, integer(owner.into())),
    ]
}

fn thing(shape: u8) -> Vec<Field> {
    let mut fields = vec![single(0, [b"written", &b"x"[..]][usize::from(shape >> 5) & 1])];
    if shape & 0x40 != 0 {
        fields.extend([single(3, integer(70_000)), single(6, 1.5f32.to_be_bytes()), single(11, b"octets")]);
    }
    if shape & 0x80 != 0 {
        fields.push(several(12, &[(0, integer(4)), (9, integer(5))]));
        fields.push(several(13, &[(1, b"one".to_vec())]));
    }
    fields
}

/// What an instance of an object holds.
fn fields(object: u16, bytes: &mut Bytes<'_>) -> Vec<Field> {
    let shape = bytes.byte();
    let who = u16::from(shape & 3);
    let mut fields = match object {
        0 => security(who, shape),
        1 => server(who, shape),
        2 => control(who, shape),
        1000 => thing(shape),
        _ => vec![single(13, integer(1_500_000_000)), single(14, b"+01:00")],
    };
    if shape & 4 != 0 {
        for _ in 0..=bytes.byte() % 3 {
            flaw(&mut fields, bytes);
        }
    }
    fields
}

/// One of the resources becomes another.
fn flaw(fields: &mut Vec<Field>, bytes: &mut Bytes<'_>) {
    let choice = bytes.byte();
    let at = usize::from(choice >> 4) % fields.len().max(1);
    match choice & 7 {
        0 | 1 => fields.push((bytes.pick(&RESOURCES), value(bytes), choice & 8 != 0)),
        2 | 3 if at < fields.len() => fields[at].1 = value(bytes),
        4 if at < fields.len() => drop(fields.remove(at)),
        5 if at < fields.len() => fields.push(fields[at].clone()),
        6 if at < fields.len() => fields[at].2 ^= true,
        _ => fields.reverse(),
    }
}

/// A value of any type.
pub fn value(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let choice = bytes.byte();
    match choice & 7 {
        0 => integer(bytes.byte().into()),
        1 => integer(bytes.pick(&[1, 2, 3, 4, 9, 60, 65534, 65535, 65536, u32::MAX])),
        2 => bytes
            .pick(&[&[0xff; 1][..], &[0xff; 2], &[0xff; 4], &[0xff; 8], &[0x80, 0, 0, 0, 0, 0, 0, 0]])
            .to_vec(),
        3 => URIS[usize::from(choice >> 3) % 8].to_vec(),
        4 => bytes.pick(&[&b"U"[..], b"UQ", b"S", b"\xff", b"text that is longer"]).to_vec(),
        5 => vec![b'k'; usize::from(bytes.byte())],
        6 => record(
            RESOURCE_INSTANCE,
            bytes.pick(&[0, 1, 2, 3, 65535]),
            bytes.pick(&[&[1][..], &[0xff; 2], b""]),
        ),
        _ => bytes.chunk().to_vec(),
    }
}

/// The resources of one instance, as TLV.
pub fn instance(object: u16, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let all = fields(object, bytes);
    all.iter()
        .flat_map(|(id, value, many)| record(if *many { MULTIPLE } else { RESOURCE }, *id, value))
        .collect()
}

/// Instances of one object, as TLV.
pub fn instances(object: u16, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let count = bytes.byte();
    if count >= 0xf0 {
        return bytes.chunk().to_vec();
    }
    (0..count % 4).flat_map(|_| record(INSTANCE, bytes.pick(&INSTANCES), &instance(object, bytes))).collect()
}

/// A bootstrap file of these objects (TS 1.0 Appendix G.3.3).
pub fn file(objects: &[(u16, Vec<u8>)], bytes: &mut Bytes<'_>) -> Vec<u8> {
    let flaw = bytes.byte();
    let mut content = Vec::new();
    for (id, instances) in objects {
        content.extend(id.to_be_bytes());
        content.extend(match flaw >> 5 {
            0..=4 => &[0][..],
            5 => &[1, 0],
            6 => &[1, 3],
            _ => &[2, 0],
        });
        content.extend((instances.len() as u16).to_be_bytes());
        content.extend(instances);
    }
    let (count, size) = (objects.len() as u16, content.len() as u16);
    let (count, size) = match flaw & 15 {
        1 => (count + 1, size),
        2 => (count, size.wrapping_add(1)),
        3 => (count, size.saturating_sub(1)),
        4 => (u16::MAX, u16::MAX),
        _ => (count, size),
    };
    let mut file = [count.to_be_bytes(), size.to_be_bytes()].concat();
    file.extend(content);
    // a card's file is longer than what it holds
    file.extend(vec![0xff; usize::from(flaw & 0x10)]);
    file
}

/// A file as the next bytes say: some of its own octets, or objects with instances.
pub fn blob(bytes: &mut Bytes<'_>) -> Vec<u8> {
    let count = bytes.byte();
    if count >= 0xc0 {
        let (blob, rest) = bytes.0.split_at(bytes.0.len().min(usize::from(count - 0xc0) << 4));
        bytes.0 = rest;
        return blob.to_vec();
    }
    let objects: Vec<_> = (0..count % 6)
        .map(|_| {
            let object = bytes.pick(&OBJECTS);
            (object, instances(object, bytes))
        })
        .collect();
    file(&objects, bytes)
}

/// One server's account, and the bootstrap server's: what nobody can refuse. Security instances 0 and 1, Server instance 0.
pub fn sound(server_id: u16) -> [(u16, Vec<u8>); 3] {
    let whole = |fields: Vec<Field>| -> Vec<u8> {
        fields.iter().flat_map(|(id, value, _)| record(RESOURCE, *id, value)).collect()
    };
    [(0, whole(security(0, 0))), (1, whole(security(server_id, 0))), (0, whole(server(server_id, 0)))]
}
