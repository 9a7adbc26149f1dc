//! Commands of TS 27.005 in PDU mode.

use super::general::{Call, Kind, nothing, said};
use super::line::{End, Prompt, Reply};
use super::storage::{READ, UNREAD};
use super::{Card, Modem};
use crate::sms::{CENTRE, address};

/// +CMS ERROR: not allowed.
const NOT_ALLOWED: End = End::Message(302);
/// +CMS ERROR: not supported.
const NOT_SUPPORTED: End = End::Message(303);
/// +CMS ERROR: bad PDU mode parameter.
const BAD_PARAMETER: End = End::Message(304);
/// +CMS ERROR: bad index.
const BAD_INDEX: End = End::Message(321);
/// +CMS ERROR: memory full.
const FULL: End = End::Message(322);
/// +CMS ERROR: no service.
const NO_SERVICE: End = End::Message(331);
/// +CMS ERROR: no acknowledgement expected.
const NOT_EXPECTED: End = End::Message(340);
/// The largest TPDU that a host may give.
const LARGEST: usize = 164;

impl Modem {
    /// `None` if it is no command that is known.
    pub(super) fn message_command(&mut self, call: &Call) -> Option<Result<Reply, End>> {
        let command = match call.name.as_str() {
            "+CSMS" => Self::service,
            "+CMGF" => Self::message_format,
            "+CSCA" => Self::centre_address,
            "+CPMS" => Self::preferred_memories,
            "+CNMI" => Self::indications,
            "+CMGS" => Self::send,
            "+CMGW" => Self::write,
            "+CNMA" => Self::acknowledge,
            "+CMGL" => Self::list,
            "+CMGR" => Self::read,
            "+CMGD" => Self::delete,
            "+CGSMS" => Self::domain,
            _ => return None,
        };
        let open = match self.card {
            Card::Ready => Ok(()),
            Card::Pin => Err(End::Message(311)),
            Card::Puk => Err(End::Message(316)),
            Card::Missing => Err(End::Message(310)),
        };
        Some(open.and_then(|()| command(self, call)))
    }

    fn service(&mut self, call: &Call) -> Result<Reply, End> {
        let most = u8::from(self.options.phase_2_plus);
        match call.kind {
            Kind::Set => {
                self.settings.service = call.one(0..=most).ok_or(NOT_SUPPORTED)?;
                said("+CSMS: 1,1,1")
            }
            Kind::Read => said(format!("+CSMS: {},1,1,1", self.settings.service)),
            Kind::Test => said(if most == 1 { "+CSMS: (0,1)" } else { "+CSMS: (0)" }),
            Kind::Do => Err(End::Error),
        }
    }

    fn message_format(&mut self, call: &Call) -> Result<Reply, End> {
        match call.kind {
            Kind::Set => {
                // text mode can be set, but nothing works in it
                self.settings.text_mode = call.one(0..=1).ok_or(NOT_SUPPORTED)? == 1;
                nothing()
            }
            Kind::Read => said(format!("+CMGF: {}", u8::from(self.settings.text_mode))),
            Kind::Test => said("+CMGF: (0,1)"),
            Kind::Do => Err(End::Error),
        }
    }

    fn centre_address(&mut self, call: &Call) -> Result<Reply, End> {
        match call.kind {
            Kind::Set => {
                let digits = call.text(0).trim_start_matches('+');
                let international = call.text(0).starts_with('+') || call.text(1) == "145";
                if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                    return Err(BAD_PARAMETER);
                }
                self.centre = if international { format!("+{digits}") } else { digits.to_owned() };
                nothing()
            }
            Kind::Read => {
                let kind = if self.centre.starts_with('+') { 145 } else { 129 };
                said(format!("+CSCA: {},{kind}", self.quoted(&self.centre)))
            }
            Kind::Test => nothing(),
            Kind::Do => Err(End::Error),
        }
    }

    fn preferred_memories(&mut self, call: &Call) -> Result<Reply, End> {
        let names = |modem: &Self| format!("({},{})", modem.quoted("ME"), modem.quoted("SM"));
        match call.kind {
            Kind::Set => {
                let mut chosen = self.settings.memories;
                for (n, name) in call.arguments.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
                    let place = chosen.get_mut(n).ok_or(NOT_ALLOWED)?;
                    *place = self.storage.name(name).ok_or(NOT_ALLOWED)?;
                }
                self.settings.memories = chosen;
                let used = chosen.map(|memory| self.storage.used(memory));
                let counts: Vec<_> = used.iter().map(|(used, total)| format!("{used},{total}")).collect();
                said(format!("+CPMS: {}", counts.join(",")))
            }
            Kind::Read => {
                let shown = self.settings.memories.map(|memory| {
                    let (used, total) = self.storage.used(memory);
                    format!("{},{used},{total}", self.quoted(memory))
                });
                said(format!("+CPMS: {}", shown.join(",")))
            }
            Kind::Test => said(format!("+CPMS: {0},{0},{0}", names(self))),
            Kind::Do => Err(End::Error),
        }
    }

    fn indications(&mut self, call: &Call) -> Result<Reply, End> {
        match call.kind {
            Kind::Set => {
                let mut routing = [0; 5];
                let most = [3, if self.options.direct { 3 } else { 1 }, 3, 2, 1];
                for (n, value) in routing.iter_mut().enumerate() {
                    *value = call.number(n, 0).filter(|value| *value <= most[n]).ok_or(NOT_SUPPORTED)?;
                }
                self.settings.routing = routing;
                self.flush_indications();
                nothing()
            }
            Kind::Read => {
                let [mode, mt, bm, ds, bfr] = self.settings.routing;
                said(format!("+CNMI: {mode},{mt},{bm},{ds},{bfr}"))
            }
            Kind::Test => {
                let mt = if self.options.direct { "0-3" } else { "0,1" };
                said(format!("+CNMI: (0-3),({mt}),(0-3),(0-2),(0,1)"))
            }
            Kind::Do => Err(End::Error),
        }
    }

    /// A length of a TPDU, with a prompt to follow.
    fn length(&self, call: &Call, n: usize) -> Result<usize, End> {
        if self.settings.text_mode {
            return Err(NOT_ALLOWED);
        }
        call.text(n).parse().ok().filter(|length| (1..=LARGEST).contains(length)).ok_or(BAD_PARAMETER)
    }

    fn send(&mut self, call: &Call) -> Result<Reply, End> {
        match call.kind {
            Kind::Set => Ok(Reply::Prompt(Prompt::Send { length: self.length(call, 0)? })),
            Kind::Test => nothing(),
            _ => Err(End::Error),
        }
    }

    fn write(&mut self, call: &Call) -> Result<Reply, End> {
        if call.kind != Kind::Set {
            return Err(End::Error);
        }
        let status = call.number(1, 2).filter(|status| *status <= 3).ok_or(BAD_PARAMETER)?;
        Ok(Reply::Prompt(Prompt::Write { length: self.length(call, 0)?, status }))
    }

    fn acknowledge(&mut self, call: &Call) -> Result<Reply, End> {
        if call.kind == Kind::Test {
            return said("+CNMA: (0-2)");
        }
        let kind = call.number(0, 0).filter(|kind| *kind <= 2).ok_or(BAD_PARAMETER)?;
        if self.unacknowledged.is_none() {
            return Err(NOT_EXPECTED);
        }
        if kind > 0 && !call.text(1).is_empty() {
            let length = self.length(call, 1)?;
            return Ok(Reply::Prompt(Prompt::Acknowledge { length, fine: kind == 1 }));
        }
        self.acknowledged(kind != 2);
        nothing()
    }

    /// What came after a prompt: the lines before the result.
    pub(super) fn pdu(&mut self, prompt: &Prompt, line: Vec<u8>) -> Result<Vec<String>, End> {
        match prompt {
            Prompt::Send { length } => self.submit(*length, &line),
            Prompt::Write { length, status } => {
                let (_, tpdu) = address::take_centre(&line).map_err(|_| BAD_PARAMETER)?;
                if tpdu.len() != *length {
                    return Err(BAD_PARAMETER);
                }
                let index = self.storage.add(self.settings.memories[1], *status, line).ok_or(FULL)?;
                Ok(vec![format!("+CMGW: {index}")])
            }
            Prompt::Acknowledge { length, fine } => {
                if line.len() != *length {
                    return Err(BAD_PARAMETER);
                }
                self.acknowledgements.push(line);
                self.acknowledged(*fine);
                Ok(Vec::new())
            }
        }
    }

    fn submit(&mut self, length: usize, line: &[u8]) -> Result<Vec<String>, End> {
        let (centre, tpdu) = address::take_centre(line).map_err(|_| BAD_PARAMETER)?;
        let centre = centre.map_or_else(|| self.centre.clone(), |centre| centre.text);
        if tpdu.len() != length {
            return Err(BAD_PARAMETER);
        }
        if centre != CENTRE {
            return Err(End::Message(330));
        }
        if !self.is_attached() {
            return Err(NO_SERVICE);
        }
        // most modems count messages themselves
        let mut tpdu = tpdu.to_vec();
        if let Some(reference) = tpdu.get_mut(1) {
            self.reference = self.reference.wrapping_add(1);
            *reference = self.reference;
        }
        let reference = self.phone.submit(self.now, &tpdu).map_err(End::Message)?;
        Ok(vec![format!("+CMGS: {reference}")])
    }

    fn list(&mut self, call: &Call) -> Result<Reply, End> {
        if call.kind == Kind::Test {
            return said("+CMGL: (0-4)");
        }
        if self.settings.text_mode {
            return Err(NOT_ALLOWED);
        }
        let status = call.number(0, UNREAD).filter(|status| *status <= 4).ok_or(BAD_PARAMETER)?;
        let memory = self.settings.memories[0];
        let mut lines = Vec::new();
        for index in self.storage.list(memory, status) {
            lines.extend(self.entry(memory, index, &format!("+CMGL: {index},")).into_iter().flatten());
        }
        Ok(Reply::Said(lines))
    }

    fn read(&mut self, call: &Call) -> Result<Reply, End> {
        if self.settings.text_mode {
            return Err(NOT_ALLOWED);
        }
        let memory = self.settings.memories[0];
        let index = call.text(0).parse().map_err(|_| BAD_INDEX)?;
        self.entry(memory, index, "+CMGR: ").map(Reply::Said).ok_or(BAD_INDEX)
    }

    /// The two lines of a stored message, which has been read by that.
    fn entry(&mut self, memory: &str, index: usize, head: &str) -> Option<Vec<String>> {
        let stored = self.storage.get(memory, index)?;
        let before = stored.clone();
        if stored.status == UNREAD {
            stored.status = READ;
        }
        Some(vec![format!("{head}{},,{}", before.status, before.length()), self.shown(&before.line)])
    }

    fn delete(&mut self, call: &Call) -> Result<Reply, End> {
        let memory = self.settings.memories[0];
        if call.kind == Kind::Test {
            let indexes: Vec<_> = self.storage.list(memory, 4).iter().map(usize::to_string).collect();
            return said(format!("+CMGD: ({}),(0-4)", indexes.join(",")));
        }
        match call.number(1, 0u8) {
            Some(0) => {
                let index = call.text(0).parse().map_err(|_| BAD_INDEX)?;
                if !self.storage.remove(memory, index) {
                    return Err(BAD_INDEX);
                }
            }
            Some(1) => self.storage.clear(memory, &[READ]),
            Some(2) => self.storage.clear(memory, &[READ, 3]),
            Some(3) => self.storage.clear(memory, &[READ, 2, 3]),
            Some(4) => self.storage.clear(memory, &[UNREAD, READ, 2, 3]),
            _ => return Err(BAD_PARAMETER),
        }
        self.phone.has_room(self.now);
        nothing()
    }

    fn domain(&mut self, call: &Call) -> Result<Reply, End> {
        match call.kind {
            Kind::Set => {
                self.settings.domain = call.one(0..=3).ok_or(BAD_PARAMETER)?;
                nothing()
            }
            Kind::Read => said(format!("+CGSMS: {}", self.settings.domain)),
            Kind::Test => said("+CGSMS: (0-3)"),
            Kind::Do => Err(End::Error),
        }
    }
}
