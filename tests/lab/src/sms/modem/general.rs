//! Commands of V.250 and TS 27.007.

use super::line::{End, Reply};
use super::{Card, Modem};

/// A command, taken apart.
#[derive(Debug)]
pub(super) struct Call {
    /// In capitals: `+CMGF`.
    pub name: String,
    pub kind: Kind,
    /// What follows `=`, without quotes.
    pub arguments: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `+X`
    Do,
    /// `+X=…`
    Set,
    /// `+X?`
    Read,
    /// `+X=?`
    Test,
}

impl Call {
    fn parse(text: &str) -> Self {
        let end = text.find(['=', '?']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let (kind, arguments) = match rest {
            "" => (Kind::Do, ""),
            "?" => (Kind::Read, ""),
            "=?" => (Kind::Test, ""),
            _ => (Kind::Set, rest.trim_start_matches(['=', '?'])),
        };
        let arguments = if kind == Kind::Set { arguments.split(',').collect() } else { Vec::new() };
        let arguments = arguments.into_iter().map(|text| text.trim().trim_matches('"').to_owned()).collect();
        Self { name: name.trim().to_ascii_uppercase(), kind, arguments }
    }

    pub fn text(&self, n: usize) -> &str {
        self.arguments.get(n).map_or("", String::as_str)
    }

    /// The n-th argument; `unsaid` where it is left out.
    pub fn number<T: std::str::FromStr>(&self, n: usize, unsaid: T) -> Option<T> {
        match self.text(n) {
            "" => Some(unsaid),
            text => text.parse().ok(),
        }
    }

    /// The only argument, which must be within this range.
    pub fn one(&self, range: std::ops::RangeInclusive<u8>) -> Option<u8> {
        self.text(0).parse().ok().filter(|n| range.contains(n))
    }
}

pub(super) const fn nothing() -> Result<Reply, End> {
    Ok(Reply::Said(Vec::new()))
}

pub(super) fn said(line: impl Into<String>) -> Result<Reply, End> {
    Ok(Reply::Said(vec![line.into()]))
}

impl Modem {
    /// One command of a line, without `AT`.
    pub(super) fn command(&mut self, text: &str) -> Result<Reply, End> {
        if !text.starts_with('+') {
            return self.basic(text);
        }
        let call = Call::parse(text);
        if self.options.unknown.contains(&call.name.as_str()) {
            return Err(End::Error);
        }
        let answer = self.extended(&call);
        let answer = answer.or_else(|| self.card_command(&call));
        answer.or_else(|| self.message_command(&call)).unwrap_or(Err(End::Error))
    }

    /// V.250 section 5.3.1: a letter and digits, several in a row.
    fn basic(&mut self, text: &str) -> Result<Reply, End> {
        let mut rest = text;
        let mut lines = Vec::new();
        while let Some(letter) = rest.chars().next() {
            let ampersand = letter == '&';
            let head =
                if ampersand { rest.chars().take(2).map(char::len_utf8).sum() } else { letter.len_utf8() };
            let (name, tail) = rest.split_at(head);
            let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
            let (value, tail) = tail.split_at(digits);
            rest = tail;
            let on = value.parse::<u8>().unwrap_or(0) != 0;
            match name.to_ascii_uppercase().as_str() {
                "E" => self.settings.echo = on,
                "V" => self.settings.verbose = on,
                "Q" => self.settings.quiet = on,
                "Z" | "&F" => self.settings = self.options.settings(),
                "I" => lines.extend(["Whimbrel bench".to_owned(), "Modem 1".to_owned()]),
                // S-registers keep their values whatever is written
                "S" => rest = rest.trim_start_matches(|c: char| c == '=' || c == '?' || c.is_ascii_digit()),
                "H" | "X" | "L" | "M" | "&C" | "&D" | "&K" | "&S" | "&W" => {}
                "+" => return Err(End::Error),
                "D" => return Err(End::Result("NO CARRIER".into())),
                _ => return Err(End::Error),
            }
        }
        Ok(Reply::Said(lines))
    }

    /// `None` if it is none of TS 27.007.
    fn extended(&mut self, call: &Call) -> Option<Result<Reply, End>> {
        let answer = match (call.name.as_str(), call.kind) {
            ("+CGMI", Kind::Do) => said("Whimbrel"),
            ("+CGMM", Kind::Do) => said("Bench modem"),
            ("+CGMR", Kind::Do) => said("1.0"),
            ("+CGSN", Kind::Do) => said(&self.options.imei),
            ("+CGSN", Kind::Set) if call.text(0) == "1" => {
                said(format!("+CGSN: {}", self.quoted(&self.options.imei)))
            }
            ("+CIMI", Kind::Do) => self.with_card().and_then(|()| said(&self.options.imsi)),
            ("+CSQ", Kind::Do) => said("+CSQ: 20,99"),
            ("+CMEE", Kind::Set) => match call.one(0..=2) {
                Some(n) => {
                    self.settings.errors = n;
                    nothing()
                }
                None => Err(End::Equipment(50)),
            },
            ("+CMEE", Kind::Read) => said(format!("+CMEE: {}", self.settings.errors)),
            ("+CPIN", Kind::Read) => self.pin_state(),
            ("+CPIN", Kind::Set) => self.enter_pin(call),
            ("+CFUN", Kind::Read) => said(format!("+CFUN: {}", self.function)),
            ("+CFUN", Kind::Set) => self.set_function(call),
            ("+CEREG", kind) => self.registration_command(0, call, kind),
            ("+CREG", kind) => self.registration_command(1, call, kind),
            ("+CGREG", kind) => self.registration_command(2, call, kind),
            ("+COPS", Kind::Read) => said(format!("+COPS: 0,2,{},7", self.quoted("00101"))),
            ("+COPS" | "+CGATT", Kind::Set) => nothing(),
            _ => return None,
        };
        Some(answer)
    }

    /// Whether the card is there and open.
    pub(super) fn with_card(&self) -> Result<(), End> {
        match self.card {
            _ if self.slot.starts.is_some() => Err(End::Equipment(14)),
            Card::Ready => Ok(()),
            Card::Pin => Err(End::Equipment(11)),
            Card::Puk => Err(End::Equipment(12)),
            Card::Missing => Err(End::Equipment(10)),
        }
    }

    fn pin_state(&self) -> Result<Reply, End> {
        match self.card {
            _ if self.slot.starts.is_some() => Err(End::Equipment(14)),
            Card::Ready => said("+CPIN: READY"),
            Card::Pin => said("+CPIN: SIM PIN"),
            Card::Puk => said("+CPIN: SIM PUK"),
            Card::Missing => Err(End::Equipment(10)),
        }
    }

    fn enter_pin(&mut self, call: &Call) -> Result<Reply, End> {
        if self.card != Card::Pin {
            return self.with_card().and(Err(End::Equipment(3)));
        }
        if self.options.pin.as_deref() == Some(call.text(0)) {
            (self.card, self.tries) = (Card::Ready, 3);
            self.radio();
            self.tell_registration();
            return nothing();
        }
        self.tries = self.tries.saturating_sub(1);
        if self.tries == 0 {
            self.card = Card::Puk;
        }
        Err(End::Equipment(16))
    }

    fn set_function(&mut self, call: &Call) -> Result<Reply, End> {
        let Some(function) = call.number(0, 1).filter(|n| [0, 1, 4].contains(n)) else {
            return Err(End::Equipment(50));
        };
        if call.text(1) == "1" {
            // the answer is out before the modem goes down
            let text = self.framed(&["OK"]);
            self.reset(self.now);
            self.wire.put(self.now, &text);
            return Ok(Reply::Gone);
        }
        let before = std::mem::replace(&mut self.function, function);
        self.radio();
        if before != function {
            self.tell_registration();
        }
        nothing()
    }

    fn registration_command(&mut self, which: usize, call: &Call, kind: Kind) -> Result<Reply, End> {
        let name = ["+CEREG", "+CREG", "+CGREG"][which];
        match kind {
            Kind::Test => said(format!("{name}: ({})", if which == 0 { "0-5" } else { "0-2" })),
            Kind::Set => {
                let n = call.one(0..=if which == 0 { 5 } else { 2 }).ok_or(End::Equipment(50))?;
                self.settings.reports[which] = n;
                nothing()
            }
            Kind::Read => said(format!("{name}: {},{}", self.settings.reports[which], self.place(which))),
            Kind::Do => Err(End::Error),
        }
    }

    /// `stat`, and from mode 2 on where that is.
    fn place(&self, which: usize) -> String {
        let status = self.status();
        if self.settings.reports[which] < 2 || !matches!(status, 1 | 5) {
            return status.to_string();
        }
        format!("{status},{},{},7", self.quoted("0001"), self.quoted("00000001"))
    }

    pub(super) fn tell_registration(&mut self) {
        for (which, name) in ["+CEREG", "+CREG", "+CGREG"].iter().enumerate() {
            if self.settings.reports[which] > 0 {
                let line = format!("{name}: {}", self.place(which));
                self.unsolicited(self.now, &line);
            }
        }
    }
}
