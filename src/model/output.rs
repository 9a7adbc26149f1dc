//! Where read handlers put values: the one way out of a resource, whoever asks.

use crate::error::Error;
use crate::format::{Encoder, Format};
use crate::path::{NONE, Path};
use crate::value::Value;

/// Takes the values of one resource and hands them to the format.
pub struct Output<'o, 'e> {
    format: &'o dyn Format,
    encoder: &'o mut Encoder<'e>,
    at: Path,
    only: u16,
    count: u16,
    multiple: bool,
}

impl<'o, 'e> Output<'o, 'e> {
    /// An output for the resource at `at`. Where `only` is not [`NONE`], other resource instances are left out.
    pub fn new(
        format: &'o dyn Format,
        encoder: &'o mut Encoder<'e>,
        at: Path,
        multiple: bool,
        only: u16,
    ) -> Self {
        Self { format, encoder, at, only, count: 0, multiple }
    }

    /// The resource asked for, with the resource instance named last.
    pub fn path(&self) -> Path {
        self.at
    }

    /// Names the resource instance whose value comes next.
    pub fn resource_instance(&mut self, id: u16) {
        self.at.resource_instance = id;
    }

    /// Puts one value. In a multiple resource the resource instance must have been named.
    pub fn value(&mut self, value: Value<'_>) -> Result<(), Error> {
        if self.multiple == (self.at.resource_instance == NONE) || (!self.multiple && self.count != 0) {
            return Err(Error::Handler);
        }
        if self.only != NONE && self.only != self.at.resource_instance {
            return Ok(());
        }
        self.count = self.count.saturating_add(1);
        self.format.value(self.encoder, self.at, value)
    }

    /// How many values were put.
    pub fn count(&self) -> u16 {
        self.count
    }
}
