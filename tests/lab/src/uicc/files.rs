//! The card's files and what SELECT says of them (ETSI TS 102 221 sections 8 and 11.1.1.3).

use super::ber::{group, tlv};
use super::description::Pin;

/// The MF.
pub const MASTER: u16 = 0x3f00;
/// The current ADF, as the first of a path.
pub const CURRENT_APPLICATION: u16 = 0x7fff;

/// What is in an EF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Bytes, by READ BINARY.
    Bytes(Vec<u8>),
    /// Records of one length, by READ RECORD; shorter ones are filled up with FF.
    Records(u8, Vec<Vec<u8>>),
}

/// Who may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Always,
    /// Whoever verified this PIN, unless it is disabled.
    Pin(u8),
    /// Nobody.
    Never,
}

/// An elementary file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// File identifier.
    pub id: u16,
    /// What is in it.
    pub content: Content,
    /// What its FCP tells as size, where that is not the truth.
    pub told: Option<u16>,
    /// Life cycle: activated.
    pub active: bool,
    /// Who may read it.
    pub access: Access,
    /// Short file identifier.
    pub short: Option<u8>,
}

impl File {
    /// A transparent file that anybody may read.
    pub fn new(id: u16, bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(id, Content::Bytes(bytes.into()))
    }

    /// A linear fixed file that anybody may read; records are filled up with FF.
    pub fn records(id: u16, length: u8, mut records: Vec<Vec<u8>>) -> Self {
        records.iter_mut().for_each(|record| record.resize(length.into(), 0xff));
        Self::of(id, Content::Records(length, records))
    }

    const fn of(id: u16, content: Content) -> Self {
        Self { id, content, told: None, active: true, access: Access::Always, short: None }
    }

    /// A record, counted from 1.
    pub(super) fn record(&self, number: u8) -> Option<Vec<u8>> {
        let Content::Records(length, records) = &self.content else { return None };
        let mut record = records.get(usize::from(number).checked_sub(1)?)?.clone();
        record.resize((*length).into(), 0xff);
        Some(record)
    }

    fn size(&self) -> u16 {
        self.told.unwrap_or(match &self.content {
            Content::Bytes(bytes) => bytes.len() as u16,
            Content::Records(length, records) => u16::from(*length) * records.len() as u16,
        })
    }

    /// File control parameters; `within`: of an application.
    pub(super) fn fcp(&self, within: bool) -> Vec<u8> {
        let descriptor = match &self.content {
            Content::Bytes(_) => vec![0x41, 0x21],
            Content::Records(length, records) => vec![0x42, 0x21, 0, *length, records.len() as u8],
        };
        let rule = if within { [0x6f, 0x06] } else { [0x2f, 0x06] };
        let record = u8::from(within) + self.rule();
        let short: Vec<u8> = self.short.map(|id| id << 3).into_iter().collect();
        group(
            0x62,
            &[
                tlv(0x82, &descriptor),
                tlv(0x83, &self.id.to_be_bytes()),
                tlv(0x8a, &[life(self.active)]),
                tlv(0x8b, &[rule[0], rule[1], record]),
                tlv(0x80, &self.size().to_be_bytes()),
                tlv(0x88, &short),
            ],
        )
    }

    /// The record of EF(ARR), which this card does not have.
    const fn rule(&self) -> u8 {
        match self.access {
            Access::Always => 1,
            Access::Pin(_) => 2,
            Access::Never => 3,
        }
    }
}

const fn life(active: bool) -> u8 {
    if active { 0x05 } else { 0x04 }
}

/// MF, DF or ADF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// File identifier.
    pub id: u16,
    /// DF name; empty: it is no application.
    pub aid: Vec<u8>,
    /// Life cycle: activated.
    pub active: bool,
    /// The references of the PINs that its FCP names.
    pub pins: Vec<u8>,
    /// What is in it is given through SCP03 only.
    pub secured: bool,
    /// Its files.
    pub files: Vec<File>,
    /// Directories under it.
    pub directories: Vec<Self>,
}

impl Directory {
    /// A directory with nothing in it.
    pub const fn new(id: u16) -> Self {
        Self {
            id,
            aid: Vec::new(),
            active: true,
            pins: Vec::new(),
            secured: false,
            files: Vec::new(),
            directories: Vec::new(),
        }
    }

    /// An application with nothing in it.
    pub fn application(id: u16, aid: &[u8]) -> Self {
        Self { aid: aid.to_vec(), ..Self::new(id) }
    }

    /// A file in it or below.
    pub fn find(&mut self, id: u16) -> Option<&mut File> {
        let here = self.files.iter_mut().find(|file| file.id == id);
        here.or_else(|| self.directories.iter_mut().find_map(|below| below.find(id)))
    }

    /// The directory at these steps.
    pub(super) fn at(&self, steps: &[usize]) -> Option<&Self> {
        match steps {
            [] => Some(self),
            [first, rest @ ..] => self.directories.get(*first)?.at(rest),
        }
    }

    /// File control parameters; whether a PIN is enabled, the PIN says.
    pub(super) fn fcp(&self, pins: &[Pin]) -> Vec<u8> {
        let name = if self.aid.is_empty() { tlv(0x83, &self.id.to_be_bytes()) } else { tlv(0x84, &self.aid) };
        let mut elements = vec![
            tlv(0x82, &[0x78, 0x21]),
            name,
            tlv(0x8a, &[life(self.active)]),
            tlv(0x8b, &[0x2f, 6, 0x0c]),
        ];
        if !self.pins.is_empty() {
            elements.push(group(0xc6, &self.pin_status(pins)));
        }
        group(0x62, &elements)
    }

    fn pin_status(&self, pins: &[Pin]) -> Vec<Vec<u8>> {
        let disabled = |reference| pins.iter().any(|pin| pin.reference == reference && !pin.enabled);
        let bits = self.pins.iter().take(8).enumerate();
        let bitmap = bits.fold(0, |bitmap, (n, pin)| bitmap | if disabled(*pin) { 0 } else { 0x80 >> n });
        let references = self.pins.iter().map(|pin| tlv(0x83, &[*pin]));
        std::iter::once(tlv(0x90, &[bitmap])).chain(references).collect()
    }
}
