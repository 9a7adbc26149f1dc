//! Responses: the payload lies in place, the header is put in front of it.

use crate::coap::{Block, Code, Kind, Writer, option};
use crate::error::Error;

/// Where in the send buffer a payload begins: header, token, options and marker have room before it.
pub const GAP: usize = 60;

/// What is answered.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// The response code.
    pub code: Code,
    /// Content-Format of the payload.
    pub content_format: Option<u16>,
    /// Observe.
    pub observe: Option<u32>,
    /// ETag of a representation in blocks.
    pub etag: Option<u32>,
    /// Location-Path of a Create: object and instance.
    pub location: Option<(u16, u16)>,
    /// Block2.
    pub block2: Option<Block>,
    /// Block1.
    pub block1: Option<Block>,
    /// Size2 of a representation in blocks.
    pub size2: Option<u32>,
    /// Size1: how much could be taken.
    pub size1: Option<u32>,
    /// How many payload bytes lie behind [`GAP`].
    pub length: usize,
}

impl Reply {
    /// A code and nothing else.
    pub const fn code(code: Code) -> Self {
        Self {
            code,
            content_format: None,
            observe: None,
            etag: None,
            location: None,
            block2: None,
            block1: None,
            size2: None,
            size1: None,
            length: 0,
        }
    }

    /// What a server is told of an error.
    pub const fn error(error: Error) -> Self {
        Self::code(error.to_wire())
    }

    /// Puts header and options in front of the payload in `buffer`; the message as it is to be sent. `None` where the
    /// buffer is too small for any message.
    pub fn place<'b>(&self, kind: Kind, id: u16, token: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        let mut head = [0u8; GAP];
        let length = self.write(kind, id, token, &mut head).ok()?;
        let start = GAP - length.min(GAP);
        crate::bytes::put(buffer, start, head.get(..length)?).ok()?;
        buffer.get(start..GAP.checked_add(self.length)?)
    }

    fn write(&self, kind: Kind, id: u16, token: &[u8], head: &mut [u8; GAP]) -> Result<usize, Error> {
        let mut writer = Writer::new(head, kind, self.code, id, token)?;
        if let Some(etag) = self.etag {
            writer.option(option::ETAG, &etag.to_be_bytes())?;
        }
        if let Some(observe) = self.observe {
            writer.option_uint(option::OBSERVE, observe)?;
        }
        if let Some((object, instance)) = self.location {
            for id in [object, instance] {
                let mut digits = [0u8; 20];
                writer
                    .option(option::LOCATION_PATH, crate::format::number::digits(id.into(), &mut digits))?;
            }
        }
        if let Some(format) = self.content_format {
            writer.option_uint(option::CONTENT_FORMAT, format.into())?;
        }
        let blocks = [(option::BLOCK2, self.block2), (option::BLOCK1, self.block1)];
        for (number, block) in blocks {
            if let Some(block) = block {
                writer.option_uint(number, block.to_uint())?;
            }
        }
        for (number, size) in [(option::SIZE2, self.size2), (option::SIZE1, self.size1)] {
            if let Some(size) = size {
                writer.option_uint(number, size)?;
            }
        }
        if self.length == 0 { Ok(writer.finish()) } else { writer.mark() }
    }
}
