//! Registration with the network (TS 27.007 sections 7.2 and 10.1.22).

use super::text::{Parameters, number};
use crate::time::Instant;

/// Not told yet.
const UNKNOWN: u8 = 255;

/// What the modem said of its registration.
pub(super) struct Network {
    /// `stat` of +CEREG and of +CREG.
    packet: u8,
    circuit: u8,
    /// While not registered: when to ask again, and how long to wait then.
    pub ask: Instant,
    pub ask_ms: u32,
    /// Both are asked one after the other.
    pub ask_circuit: bool,
}

impl Network {
    /// Nothing.
    pub const UNKNOWN: Self =
        Self { packet: UNKNOWN, circuit: UNKNOWN, ask: Instant::ZERO, ask_ms: 0, ask_circuit: false };

    /// Whether short messages work: at home 1, roaming 5, and where only messages do 6 and 7. A modem that knows neither
    /// command may try.
    pub const fn carries_messages(&self) -> bool {
        carries(self.packet) || carries(self.circuit) || (self.packet == UNKNOWN && self.circuit == UNKNOWN)
    }

    /// The one of both that tells more.
    pub const fn shown(&self) -> u8 {
        if carries(self.packet) || (self.packet != UNKNOWN && !carries(self.circuit)) {
            self.packet
        } else {
            self.circuit
        }
    }

    /// Takes `+CEREG` or `+CREG`. An answer begins with `<n>`, an unsolicited code with `<stat>`; while an answer is waited
    /// for, a code is told apart by the text in quotes, or by the nothing, that stands in second place.
    pub fn take(&mut self, text: &[u8], packet: bool, asked: bool) {
        let mut parameters = Parameters::of(text);
        let (first, second) = (parameters.next(), parameters.next());
        let stat = match second.and_then(number) {
            Some(stat) if asked => Some(stat),
            _ => first.and_then(number),
        };
        let Some(stat) = stat.and_then(|stat| u8::try_from(stat).ok()).filter(|stat| *stat < UNKNOWN) else {
            return;
        };
        if packet {
            self.packet = stat;
        } else {
            self.circuit = stat;
        }
    }
}

const fn carries(stat: u8) -> bool {
    matches!(stat, 1 | 5 | 6 | 7)
}
