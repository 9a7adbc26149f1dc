//! The files by which a bootstrap file is found (TS 1.0 Appendix G; PKCS#15 v1.1 sections 5.5 to 6.9), in every form that
//! cards have them.

use super::ber::{group, tlv};
use super::description::{Description, Pin};
use super::files::{Access, Directory, File};

/// OID of the bootstrap object, 2.23.43.9.1.
pub const OID: [u8; 4] = [0x67, 0x2b, 0x09, 0x01];
/// AID of the PKCS#15 application.
pub const PKCS15: [u8; 12] = *b"\xa0\0\0\0\x63PKCS-15";
/// AID of the USIM that stands before it.
pub const USIM: [u8; 16] =
    [0xa0, 0, 0, 0, 0x87, 0x10, 0x02, 0xff, 0xff, 0xff, 0xff, 0x89, 0x07, 0x09, 0x00, 0x00];

/// Which choice of PKCS15Data a data object is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// opaqueDO with applicationOID, as TS 1.0 words it.
    #[default]
    Opaque,
    /// oidDO.
    Oid,
}

/// Which sequence of attributes has the label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Label {
    #[default]
    First,
    Second,
    None,
}

/// How a Path leads to the bootstrap file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By its identifier.
    #[default]
    Short,
    /// From the current ADF: 7FFF.
    Current,
    /// From MF: 3F00.
    Master,
}

/// A card with a bootstrap file, in the order in which it is found.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Digits of EF(ICCID).
    pub iccid: String,
    /// AID of the application, which may be longer than the standard one.
    pub aid: Vec<u8>,
    /// Label and path in EF_DIR.
    pub label: Option<String>,
    /// A USIM stands before it.
    pub usim: bool,
    /// EF(DODF) is named after so many others that have another object in them.
    pub other_directories: u16,
    /// The ODF names certificates before.
    pub other_class: bool,
    /// The objects are in place in the ODF, without EF(DODF).
    pub in_place: bool,
    /// Which form the object has.
    pub form: Form,
    /// Where its label is.
    pub object_label: Label,
    /// The OID is wrapped twice.
    pub double_oid: bool,
    /// CommonObjectFlags: 80 private, 40 modifiable, 0 there and empty.
    pub flags: Option<u8>,
    /// Its authentication object.
    pub auth_id: Option<u8>,
    /// applicationName.
    pub name: Option<String>,
    /// Another object stands before.
    pub other_object: bool,
    /// How the file is named.
    pub way: Way,
    /// Index and length: only that slice of the file is the content.
    pub slice: Option<(u16, u16)>,
    /// The PIN that reading the file takes.
    pub pin: Option<Pin>,
    /// What fills files up.
    pub pad: u8,
    /// Sizes of ODF, DODF and bootstrap file; what is longer keeps its length.
    pub rooms: [usize; 3],
    /// The bootstrap file.
    pub bootstrap: Vec<u8>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            iccid: "89000000000000000001".into(),
            aid: PKCS15.to_vec(),
            label: Some("LwM2M PKCS15".into()),
            usim: true,
            other_directories: 0,
            other_class: false,
            in_place: false,
            form: Form::Opaque,
            object_label: Label::First,
            double_oid: false,
            flags: None,
            auth_id: None,
            name: None,
            other_object: false,
            way: Way::Short,
            slice: None,
            pin: None,
            pad: 0xff,
            rooms: [32, 64, 0],
            bootstrap: Vec::new(),
        }
    }
}

impl Profile {
    /// EF(ODF).
    pub const ODF: u16 = 0x5031;
    /// EF(DODF-bootstrap).
    pub const DODF: u16 = 0x6430;
    /// EF(LwM2M_Bootstrap).
    pub const FILE: u16 = 0x6432;
    /// EF(TokenInfo).
    pub const TOKEN_INFO: u16 = 0x5032;
    /// EF(DIR).
    pub const DIR: u16 = 0x2f00;
    /// EF(ICCID).
    pub const ICCID: u16 = 0x2fe2;
    /// The application, as the path in EF_DIR names it.
    pub const APPLICATION: u16 = 0x7f50;

    /// The plainest card with that file.
    pub fn new(bootstrap: impl Into<Vec<u8>>) -> Self {
        Self { bootstrap: bootstrap.into(), ..Self::default() }
    }

    /// Private: the file takes this PIN.
    #[must_use]
    pub fn private(self, pin: Pin) -> Self {
        Self { flags: Some(0x80), auth_id: Some(1), pin: Some(pin), ..self }
    }

    /// A way to the bootstrap file.
    fn path(&self) -> Vec<u8> {
        let file = Self::FILE.to_be_bytes();
        let application = Self::APPLICATION.to_be_bytes();
        let path = match self.way {
            Way::Short => file.to_vec(),
            Way::Current => [[0x7f, 0xff], file].concat(),
            Way::Master => [[0x3f, 0x00], application, file].concat(),
        };
        let slice = self.slice.map(|(index, length)| [tlv(0x02, &number(index)), tlv(0x80, &number(length))]);
        group(0x30, &[tlv(0x04, &path), slice.map(|slice| slice.concat()).unwrap_or_default()])
    }

    /// The object that names the bootstrap file.
    pub fn object(&self) -> Vec<u8> {
        let oid = tlv(0x06, &if self.double_oid { tlv(0x06, &OID) } else { OID.to_vec() });
        let label = |place| if self.object_label == place { text("LwM2M Bootstrap") } else { Vec::new() };
        let flags = self.flags.map(flags).unwrap_or_default();
        let auth_id = self.auth_id.map(|id| tlv(0x04, &[id])).unwrap_or_default();
        let name = self.name.as_deref().map(text).unwrap_or_default();
        let first = group(0x30, &[label(Label::First), flags, auth_id]);
        let second = [label(Label::Second), name];
        match self.form {
            Form::Opaque => {
                let second = group(0x30, &[second.concat(), oid]);
                group(0x30, &[first, second, tlv(0xa1, &self.path())])
            }
            Form::Oid => {
                let value = group(0x30, &[oid, self.path()]);
                group(0xa1, &[first, group(0x30, &second), tlv(0xa1, &value)])
            }
        }
    }

    fn objects(&self) -> Vec<u8> {
        let before = if self.other_object { other_object(0x6431) } else { Vec::new() };
        [before, self.object()].concat()
    }

    fn odf(&self) -> Vec<u8> {
        let mut entries = Vec::new();
        if self.other_class {
            entries.push(tlv(0xa4, &short_path(0x4404)));
        }
        for n in 1..=self.other_directories {
            entries.push(tlv(0xa7, &short_path(Self::DODF + 0x10 * n)));
        }
        entries.push(if self.in_place {
            tlv(0xa7, &tlv(0xa0, &self.objects()))
        } else {
            tlv(0xa7, &short_path(Self::DODF))
        });
        entries.concat()
    }

    fn padded(&self, mut bytes: Vec<u8>, room: usize) -> Vec<u8> {
        bytes.resize(room.max(bytes.len()), self.pad);
        bytes
    }

    fn pkcs15(&self) -> Directory {
        let [odf, dodf, file] = self.rooms;
        let mut made = Directory::application(Self::APPLICATION, &self.aid);
        made.pins = self.pin.iter().map(|pin| pin.reference).collect();
        made.files.push(File::new(Self::ODF, self.padded(self.odf(), odf)));
        made.files.push(File::new(Self::TOKEN_INFO, self.token_info()));
        for n in 1..=self.other_directories {
            let id = Self::DODF + 0x10 * n;
            made.files.push(File::new(id, self.padded(other_object(id + 1), dodf)));
        }
        if !self.in_place {
            made.files.push(File::new(Self::DODF, self.padded(self.objects(), dodf)));
        }
        let mut bootstrap = File::new(Self::FILE, self.padded(self.bootstrap.clone(), file));
        bootstrap.access = self.pin.as_ref().map_or(Access::Always, |pin| Access::Pin(pin.reference));
        made.files.push(bootstrap);
        made
    }

    fn token_info(&self) -> Vec<u8> {
        let serial = swapped(&self.iccid);
        let label = self.label.as_deref().unwrap_or("LwM2M");
        // read-only
        group(0x30, &[tlv(2, &[0]), tlv(4, &serial), tlv(0x80, label.as_bytes()), tlv(3, &[7, 0x80])])
    }

    fn dir(&self) -> File {
        let usim = [tlv(0x4f, &USIM), tlv(0x50, b"USIM")];
        let path = [0x3f00, Self::APPLICATION].map(u16::to_be_bytes).concat();
        let label = self.label.as_ref().map(|label| [tlv(0x50, label.as_bytes()), tlv(0x51, &path)].concat());
        let pkcs15 = [tlv(0x4f, &self.aid), label.unwrap_or_default()];
        let records = usim_first(self.usim, group(0x61, &usim), group(0x61, &pkcs15));
        let longest = records.iter().map(Vec::len).max().unwrap_or(0);
        let mut dir = File::records(Self::DIR, longest.max(48) as u8, records);
        dir.short = Some(30);
        dir
    }

    /// The card.
    pub fn description(&self) -> Description {
        let mut card = Description::empty();
        let mut iccid = File::new(Self::ICCID, swapped(&self.iccid));
        iccid.short = Some(2);
        card.root.files = vec![self.dir(), iccid];
        if self.usim {
            let mut usim = Directory::application(0, &USIM);
            // IMSI of the test network
            usim.files.push(File::new(0x6f07, [8, 0x09, 0x10, 0x10, 0x10, 0x32, 0x54, 0x76, 0x98]));
            card.root.directories.push(usim);
        }
        card.root.directories.push(self.pkcs15());
        card.pins = self.pin.iter().cloned().collect();
        card
    }
}

fn usim_first(there: bool, usim: Vec<u8>, pkcs15: Vec<u8>) -> Vec<Vec<u8>> {
    if there { vec![usim, pkcs15] } else { vec![pkcs15] }
}

fn text(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

/// CommonObjectFlags: two bits, or as few as DER leaves.
fn flags(flags: u8) -> Vec<u8> {
    let unused = if flags & 0x40 == 0 && flags != 0 { 7 } else { 6 };
    tlv(0x03, &[unused, flags])
}

/// An INTEGER that is not negative.
fn number(value: u16) -> Vec<u8> {
    match value.to_be_bytes() {
        [0, low] if low < 0x80 => vec![low],
        [high, low] if high < 0x80 && (high != 0 || low >= 0x80) => vec![high, low],
        [high, low] => vec![0, high, low],
    }
}

/// A Path to a file of the application.
fn short_path(id: u16) -> Vec<u8> {
    group(0x30, &[tlv(0x04, &id.to_be_bytes())])
}

/// An object that is no bootstrap file: its OID, 2.23.43.1, is another arc.
fn other_object(file: u16) -> Vec<u8> {
    let oid = tlv(0x06, &[0x67, 0x2b, 0x01]);
    group(0x30, &[group(0x30, &[text("OMA DM")]), group(0x30, &[oid]), tlv(0xa1, &short_path(file))])
}

/// Ten octets of digits with their nibbles swapped, filled up with F.
fn swapped(digits: &str) -> Vec<u8> {
    let digit = |n| digits.as_bytes().get(n).map_or(0x0f, |digit: &u8| digit & 0x0f);
    (0..10).map(|n| digit(2 * n) | digit(2 * n + 1) << 4).collect()
}
