//! What a bootstrap server sends in a session (TS 1.0 section 5.2.7, table of operations).

use crate::format;
use crate::server::Request;
use std::fmt;

/// One step. A step begins when the one before is over.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends a request, and is over when it has its answer.
    Ask(Request),
    /// Sends a request, and is over at once; how many may be outstanding is [`crate::server::Settings::nstart`].
    Tell(Request),
    /// Sends the last request's datagram once more as it was, and is over when that has an answer.
    Again,
    /// Sends bytes as they are, and is over at once.
    Datagram(Vec<u8>),
    /// Says nothing for so many milliseconds.
    Pause(u64),
}

impl Step {
    /// Bootstrap-Discover of `/` or of an object.
    pub fn discover(path: &str) -> Self {
        Self::Ask(Request::get(path).accept(format::LINK))
    }

    /// Bootstrap-Read of `/1`, `/2` or an instance, as TLV.
    pub fn read(path: &str) -> Self {
        Self::Ask(Request::get(path).accept(format::TLV))
    }

    /// Bootstrap-Write of an object, an instance or a resource in a format of [`crate::format`].
    pub fn write_as(path: &str, format: u16, payload: impl Into<Vec<u8>>) -> Self {
        Self::Ask(Request::put(path).content(format, payload))
    }

    /// The same as TLV.
    pub fn write(path: &str, payload: impl Into<Vec<u8>>) -> Self {
        Self::write_as(path, format::TLV, payload)
    }

    /// Bootstrap-Write of a resource as text.
    pub fn write_text(path: &str, text: &str) -> Self {
        Self::write_as(path, format::TEXT, text)
    }

    /// Bootstrap-Write of a resource as bytes.
    pub fn write_opaque(path: &str, bytes: &[u8]) -> Self {
        Self::write_as(path, format::OPAQUE, bytes)
    }

    /// Bootstrap-Delete of `/`, an object or an instance.
    pub fn delete(path: &str) -> Self {
        Self::Ask(Request::delete(path))
    }

    /// Bootstrap-Finish.
    pub fn finish() -> Self {
        Self::Ask(Request::post("/bs"))
    }

    /// With its payload in blocks of this size exponent (0 is 16 bytes, 6 is 1024), however small it is.
    pub fn in_blocks(self, szx: u8) -> Self {
        match self {
            Self::Ask(request) => Self::Ask(request.upload_szx(szx)),
            Self::Tell(request) => Self::Tell(request.upload_szx(szx)),
            other => other,
        }
    }

    /// Without waiting for the answer.
    pub fn without_waiting(self) -> Self {
        match self {
            Self::Ask(request) => Self::Tell(request),
            other => other,
        }
    }

    /// Whether it is a Bootstrap-Finish.
    pub fn is_finish(&self) -> bool {
        matches!(self, Self::Ask(request) | Self::Tell(request) if request.to_string() == "POST /bs")
    }

    /// Whether an answer is due.
    pub(super) const fn asks(&self) -> bool {
        matches!(self, Self::Ask(_) | Self::Tell(_) | Self::Again)
    }
}

/// As `PUT /0/1`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(request) | Self::Tell(request) => write!(f, "{request}"),
            Self::Again => f.write_str("the same once more"),
            Self::Datagram(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Pause(milliseconds) => write!(f, "silence for {milliseconds} ms"),
        }
    }
}

/// The steps of a session. One that does not end with a Finish leaves the client waiting.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// Ends where a step is answered with an error. Without an answer it ends in any case.
    pub careful: bool,
}

impl Plan {
    /// Exactly these steps.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), careful: false }
    }

    /// One step more.
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Ends where a step is answered with an error.
    pub fn careful(self) -> Self {
        Self { careful: true, ..self }
    }

    /// Only the first `n` steps, then silence.
    pub fn broken_off_after(mut self, n: usize) -> Self {
        self.steps.truncate(n);
        self
    }
}

impl From<Vec<Step>> for Plan {
    fn from(steps: Vec<Step>) -> Self {
        Self::new(steps)
    }
}

impl<const N: usize> From<[Step; N]> for Plan {
    fn from(steps: [Step; N]) -> Self {
        Self::new(steps)
    }
}
