//! Short messages as a way to a server (TS 1.0 sections 5.3.1.1, 7.2, 8.4 and 8.6.2): from TPDUs to messages and back.
//!
//! Whose an SMS is, its originating address says: one of a number that no account names is dropped, and nobody is answered.

use crate::client::account::{State, changed};
use crate::client::config::TextConfig;
use crate::client::features::Texting;
use crate::client::line::{Line, is_packets, level, of_row, on_card};
use crate::client::registration::query;
use crate::client::request::Request;
use crate::client::setup::NewSms;
use crate::client::{Beside, Context, Deadline, Engine, Reason};
use crate::coap::{Code, Message, Writer};
use crate::error::Error;
use crate::objects::{Field, SMS_DTLS, SMS_NOSEC, SMS_PACKETS, SecurityRow};
use crate::port::{Event, EventCode, Port};
use crate::sms::concat::{Cut, Sets, Taken};
use crate::sms::header::Header;
use crate::sms::number::Number;
use crate::sms::packet::Opened;
use crate::sms::tpdu::{self, Incoming, Options, Submit, TPDU_MAX, USER_DATA};
use core::cell::Cell;

/// How short messages are sent and what is done with those that come, as bits: `WHIMBREL_SMS_…`.
pub mod how {
    /// For debugging: an account without security hears everybody.
    pub const ANYONE: u8 = 1;
    /// Numbers are the same if their last digits are.
    pub const SIMILAR: u8 = 2;
    /// A key of 32 bytes is one for AES-256, and not two for AES-128.
    pub const AES_256: u8 = 4;
    /// A cryptographic checksum has 4 bytes.
    pub const SHORT_MAC: u8 = 8;
    /// A response packet is sent where a server asks for one.
    pub const RESPOND: u8 = 16;
    /// The validity period is told in seconds.
    pub const PRECISE: u8 = 32;
}

/// What is known of a message that came.
#[derive(Clone, Copy)]
struct Came<'n> {
    from: Option<&'n Number>,
    /// Whether it is a command packet.
    packet: bool,
    /// Whether it came in parts.
    parts: bool,
    /// The account that it must be for.
    only: Option<usize>,
}

/// The platform's way of sending and receiving, see `whimbrel_port_t.sms_send`.
pub trait Courier: Sync {
    /// Hands one SMS-SUBMIT over. [`Error::Busy`] where there is no room for it now.
    fn send(&self, port: &dyn Port, tpdu: &[u8]) -> Result<(), Error>;
    /// Takes one TPDU that waits, an SMS-DELIVER or SMS-STATUS-REPORT; 0 if none does.
    fn receive(&self, port: &dyn Port, buffer: &mut [u8]) -> Result<usize, Error>;
}

/// Puts a datagram of a security backend into the SMS that it goes by.
pub trait Lines {
    /// The length of the TPDU; `None` where the link is no line.
    fn submit(&self, link: u8, datagram: &[u8], tpdu: &mut [u8]) -> Option<Result<usize, Error>>;
}

/// The part of a client that does short messages.
pub struct Texts<'a> {
    courier: &'a dyn Courier,
    config: TextConfig,
    /// One an account.
    lines: &'a [Cell<Line>],
    /// The number of this device.
    own: Cell<Option<Number>>,
    /// Messages that lack parts.
    sets: Cell<Option<Sets<'a>>>,
    /// A packet to be sent.
    packet: Cell<&'a mut [u8]>,
    /// The reference number of the next long message.
    reference: Cell<u8>,
    /// The account that is heard now, and who is answered, where that is not its number.
    answered: Cell<Option<(u8, Number)>>,
    /// The modem failed the last time, and that was told.
    failing: Cell<bool>,
}

impl<'a> Texts<'a> {
    /// `lines` has a place an account, `packet` room for the longest packet.
    pub fn new(
        courier: &'a dyn Courier,
        config: TextConfig,
        lines: &'a [Cell<Line>],
        own: Option<Number>,
        sets: Sets<'a>,
        packet: &'a mut [u8],
        reference: u8,
    ) -> Self {
        Self {
            courier,
            config,
            lines,
            own: Cell::new(own),
            sets: Cell::new(Some(sets)),
            packet: Cell::new(packet),
            reference: Cell::new(reference),
            answered: Cell::new(None),
            failing: Cell::new(false),
        }
    }

    fn line(&self, who: usize) -> Line {
        self.lines.get(who).map_or(Line::NONE, Cell::get)
    }

    fn is(&self, how: u8) -> bool {
        self.config.how & how != 0
    }

    fn set_way(&self, engine: &mut Engine<'_>, who: usize, texts: bool) {
        if let Some(account) = engine.account(who) {
            account.texts = texts;
        }
    }

    /// Whether an SMS from there is for that account.
    fn hears(&self, line: &Line, from: Option<&Number>) -> bool {
        let same = |mine: &Number, from: &Number| {
            if self.is(how::SIMILAR) { mine.is_similar(from) } else { mine.is_same(from) }
        };
        let known = line.number.as_ref().zip(from).is_some_and(|(mine, from)| same(mine, from));
        known || (self.is(how::ANYONE) && line.mode == SMS_NOSEC)
    }

    /// Sends bytes as one SMS, or as several in a row.
    fn post(&self, ctx: &mut Context<'_>, to: Number, bytes: &[u8], packet: bool) -> Result<(), Error> {
        let reference = self.reference.get();
        let cut = Cut::new(bytes.len(), packet, reference)?;
        if cut.count() > 1 {
            self.reference.set(reference.wrapping_add(1));
        }
        for n in 0..cut.count() {
            let mut header = [0; 8];
            let (length, range) = cut.part(n, &mut header).ok_or(Error::Full)?;
            let header = header.get(..length).unwrap_or(&[]);
            self.post_one(ctx, to, header, bytes.get(range).unwrap_or(&[]))?;
        }
        Ok(())
    }

    fn post_one(&self, ctx: &mut Context<'_>, to: Number, header: &[u8], data: &[u8]) -> Result<(), Error> {
        let mut tpdu = [0; TPDU_MAX];
        // what comes later than an answer is waited for is of no use
        let validity_s = self.config.params.ack_timeout_ms / 1000;
        let length = self.write(to, header, data, validity_s, &mut tpdu)?;
        self.courier.send(ctx.port, tpdu.get(..length).unwrap_or(&[]))
    }

    fn write(
        &self,
        to: Number,
        header: &[u8],
        data: &[u8],
        validity_s: u32,
        tpdu: &mut [u8],
    ) -> Result<usize, Error> {
        Submit {
            to,
            protocol: self.config.protocol,
            coding: self.config.coding,
            validity_s,
            report: false,
            header,
            data,
        }
        .write_with(Options { precise: self.is(how::PRECISE), ..Options::default() }, tpdu)
    }

    /// One SMS: a message, or a part of one.
    fn take(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        mut came: Came<'_>,
        header: &Header,
        data: &mut [u8],
    ) -> Result<(), Error> {
        let from = came.from;
        // who is not known has no place to put parts into
        if !self.lines.iter().any(|line| self.hears(&line.get(), from)) {
            return Err(Error::Unauthorized);
        }
        if header.ports.is_some() || header.response_packet {
            return Err(Error::NotSupported);
        }
        if header.concat.is_none() {
            return self.message(engine, ctx, came, data);
        }
        let (Some(from), Some(mut sets)) = (from, self.sets.take()) else { return Err(Error::NotSupported) };
        let taken = match sets.take(ctx.now, from, header, data) {
            Taken::Whole { slot, length, packet } => {
                (came.packet, came.parts) = (packet, true);
                let taken = self.message(engine, ctx, came, sets.bytes_mut(slot, length));
                crate::bytes::zeroise(sets.bytes_mut(slot, length));
                sets.release(slot);
                taken
            }
            Taken::Waiting => Ok(()),
            Taken::Dropped(error) => Err(error),
        };
        self.sets.set(Some(sets));
        taken
    }

    /// One message that is whole: for the first account that can read it.
    fn message(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        came: Came<'_>,
        bytes: &mut [u8],
    ) -> Result<(), Error> {
        let mut refused = Error::Unauthorized;
        for who in 0..self.lines.len() {
            let line = self.line(who);
            if !self.hears(&line, came.from) || came.only.is_some_and(|only| only != who) {
                continue;
            }
            if engine.accounts.get(who).is_none_or(|account| account.texts && !account.linked) {
                // it rests, and nothing is to be spoilt for another account with the same number
                refused = Error::State;
                continue;
            }
            let taken = match (line.mode, came.packet) {
                (SMS_NOSEC, false) => self.hear(engine, ctx, who, came.from, bytes),
                // a record is never cut (TS 1.0 section 7.2.2.1.2)
                (SMS_DTLS, false) if !came.parts => self.feed(engine, ctx, who, bytes),
                // where it ends on the card, what comes here was not for us
                (SMS_PACKETS, true) if on_card(engine) => Err(Error::NotAllowed),
                (mode, true) if is_packets(mode) => match self.open(engine, ctx, who, bytes) {
                    Ok(opened) => {
                        let message = bytes.get(opened.start..opened.start.wrapping_add(opened.length));
                        return self.hear(engine, ctx, who, came.from, message.unwrap_or(&[]));
                    }
                    Err(error) => Err(error),
                },
                _ => continue,
            };
            match taken {
                Ok(()) => return Ok(()),
                // another account may have the same number, and take it
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn open(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        packet: &mut [u8],
    ) -> Result<Opened, Error> {
        let packing = engine.config.features.packing.ok_or(Error::SecurityMode)?;
        let opened = packing.open(engine, ctx, who, packet)?;
        self.respond(engine, ctx, who, &opened);
        Ok(opened)
    }

    /// A response packet, where the server wants one and the client may (TS 102 225 section 5.2).
    fn respond(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, opened: &Opened) {
        let (wanted, by_submit) = (opened.por & 3 == 1, opened.por & 0x20 != 0);
        let Some(packing) = engine.config.features.packing else { return };
        if !(wanted && by_submit && self.is(how::RESPOND)) {
            return;
        }
        let mut packet = [0; 48];
        if let (Ok(length), Some(to)) =
            (packing.respond(engine, who, opened, &mut packet), self.line(who).number)
        {
            // it is not repeated if it cannot be sent
            let _ = self.post_one(ctx, to, &[0x71, 0], packet.get(..length).unwrap_or(&[]));
        }
    }

    /// A DTLS record of the server.
    fn feed(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        record: &mut [u8],
    ) -> Result<(), Error> {
        let linked = engine.accounts.get(who).is_some_and(|account| account.linked && account.texts);
        let (Some((securing, _)), true) = (engine.config.features.securing, linked) else {
            return Err(Error::State);
        };
        let length = record.len();
        securing.take(engine, ctx, who, record, length);
        Ok(())
    }

    /// A message of the server in plain.
    fn hear(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        from: Option<&Number>,
        message: &[u8],
    ) -> Result<(), Error> {
        let account = engine.accounts.get(who).ok_or(Error::State)?;
        let trigger = engine.server_row(who).is_some_and(|row| row.trigger.get());
        let way = if account.texts {
            Beside::No
        } else if account.binding.texts() {
            Beside::Texts
        } else if trigger && triggers(message, account.server) {
            Beside::Mute
        } else {
            return Err(Error::NotAllowed);
        };
        if !account.linked && way == Beside::No {
            return Err(Error::State);
        }
        let fits = message.len() <= engine.receive_size();
        // TS 1.0 section 7.2.2.2: the address of the answer is that of the request
        self.answered.set(from.map(|from| (who as u8, *from)));
        engine.going(way, |engine| match fits {
            true => engine.input(ctx, who, message),
            false => engine.refuse_large(ctx, who, message),
        });
        self.answered.set(None);
        Ok(())
    }
}

/// Whether a message executes Registration Update Trigger or Bootstrap-Request Trigger of that instance, and nothing else.
fn triggers(message: &[u8], server: u16) -> bool {
    let Ok(message) = Message::parse(message) else { return false };
    let mut request = Request::of(&message);
    let path = request.read(&message).map(|()| request.path.ids());
    request.method == Code::POST && matches!(path, Ok([1, at, 8 | 9, _]) if at == server)
}

impl Engine<'_> {
    /// The device has another number: servers are told.
    pub fn set_sms_number(&mut self, number: &[u8]) -> Result<(), Error> {
        self.config.features.texting.ok_or(Error::NotSupported)?.set_number(number)?;
        for account in self.accounts.iter_mut() {
            account.changed |= changed::NUMBER;
        }
        Ok(())
    }
}

impl Lines for Texts<'_> {
    fn submit(&self, link: u8, datagram: &[u8], tpdu: &mut [u8]) -> Option<Result<usize, Error>> {
        let line = self.line(link.into());
        let number = line.number.filter(|_| line.mode == SMS_DTLS)?;
        Some(self.write(number, &[], datagram, self.config.record_s, tpdu))
    }
}

impl Texting for Texts<'_> {
    fn accepts(&self, engine: &Engine<'_>, row: &SecurityRow<'_>) -> Result<u8, Error> {
        level(engine, row)
    }

    fn install(
        &self,
        engine: &Engine<'_>,
        row: &SecurityRow<'_>,
        sms: Option<&NewSms<'_>>,
    ) -> Result<u8, Error> {
        if let Some(sms) = sms {
            row.sms_mode.set(sms.mode);
            row.set_field(Field::SmsNumber, sms.number.as_bytes())?;
            row.set_field(Field::SmsParameters, sms.parameters)?;
            row.set_field(Field::SmsKeys, sms.keys)?;
            return level(engine, row);
        }
        let (_, named) = of_row(row)?;
        if named { Err(Error::BadValue) } else { Ok(0) }
    }

    fn follow(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) {
        let Some(before) = engine.accounts.get(who).copied() else { return };
        self.settle(engine, who);
        let texts = engine.has_texts(who);
        if before.texts == texts || before.rests() {
            return;
        }
        // what goes is closed as what it is
        self.set_way(engine, who, before.texts);
        engine.forget_server(ctx, who, false);
        engine.forget_registration(ctx, who);
        engine.unlink(ctx, who);
        self.set_way(engine, who, texts);
        engine.set_phase(who);
        match before.state {
            State::Waiting { .. } => {}
            State::Leaving { until } => engine.enter(who, State::Waiting { until }),
            _ => engine.enter(who, State::Waiting { until: ctx.now }),
        }
    }

    fn settle(&self, engine: &mut Engine<'_>, who: usize) {
        let (mut found, mut texts) = (Line::NONE, false);
        if let Some(row) = engine.security_row(who)
            && let (Ok(level), Ok((line, named))) = (level(engine, row), of_row(row))
        {
            let binding = engine.server_row(who).map(|server| {
                server.texts.set(level);
                server.binding.get()
            });
            texts = named || binding.is_some_and(|binding| binding.only_texts());
            // two DTLS sessions with one server are not supported
            if level > 1 || texts {
                found = line;
            }
        } else if let Some(server) = engine.server_row(who) {
            server.texts.set(0);
        }
        if let Some(line) = self.lines.get(who) {
            line.set(found);
        }
        if let Some(packing) = engine.config.features.packing {
            packing.forget(who);
        }
        self.set_way(engine, who, texts);
    }

    fn receive(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, only: Option<usize>) {
        if let Some(mut sets) = self.sets.take() {
            for _ in 0..sets.expire(ctx.now) {
                engine.tell(ctx, Event::new(EventCode::Dropped, 0).why(Error::Incomplete.to_c()));
            }
            self.sets.set(Some(sets));
        }
        let mut tpdu = [0; TPDU_MAX];
        let received = match self.courier.receive(ctx.port, &mut tpdu) {
            Ok(0) => return self.failing.set(false),
            Ok(length) => tpdu.get(..length).ok_or(Error::Truncated).and_then(tpdu::parse),
            // the rest of that one is lost, others may wait
            Err(Error::Truncated) => Err(Error::Truncated),
            Err(error) => {
                // nothing to hurry for: the port says when it works again
                if !self.failing.replace(true) {
                    engine.tell(ctx, Event::new(EventCode::Dropped, 0).why(error.to_c()));
                }
                return;
            }
        };
        self.failing.set(false);
        engine.note_busy();
        let mut copy = [0; USER_DATA];
        let taken = received.and_then(|incoming| {
            // a report says nothing that is acted on (TS 1.0 section 7.2.2.1.5)
            let Incoming::Deliver(deliver) = incoming else { return Ok(()) };
            if !tpdu::is_8_bit(deliver.coding) {
                return Err(Error::UnsupportedFormat);
            }
            let header = Header::parse(deliver.header)?;
            let data = copy.get_mut(..deliver.data.len()).ok_or(Error::Truncated)?;
            crate::bytes::copy(data, deliver.data);
            let (from, packet) = (deliver.from.as_ref(), header.command_packet);
            self.take(engine, ctx, Came { from, packet, parts: false, only }, &header, data)
        });
        // a packet was deciphered in place: keys may have come so
        crate::bytes::zeroise(&mut copy);
        if let Err(error) = taken {
            engine.tell(ctx, Event::new(EventCode::Dropped, 0).why(error.to_c()));
        }
    }

    fn send(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        message: &[u8],
    ) -> Result<(), Error> {
        let line = self.line(who);
        let answered = self.answered.get().filter(|answered| usize::from(answered.0) == who);
        let number = answered.map(|answered| answered.1).or(line.number).ok_or(Error::State)?;
        match (line.mode, engine.config.features.securing, engine.config.features.packing) {
            (SMS_NOSEC, ..) => self.post(ctx, number, message, false),
            (SMS_PACKETS, ..) if on_card(engine) => match engine.config.features.carding {
                Some(carding) => carding.post(&number, message),
                None => Err(Error::State),
            },
            (SMS_DTLS, Some((securing, _)), _) => securing.send(engine, ctx, who, message),
            (_, _, Some(packing)) => {
                let packet = self.packet.take();
                let sent = packing
                    .protect(engine, ctx, who, message, packet)
                    .and_then(|length| self.post(ctx, number, packet.get(..length).unwrap_or(&[]), true));
                self.packet.set(packet);
                sent
            }
            _ => Err(Error::State),
        }
    }

    fn deadline(&self, next: Deadline) -> Deadline {
        let Some(sets) = self.sets.take() else { return next };
        let next = next.or(sets.deadline(), Reason::Sms, 0);
        self.sets.set(Some(sets));
        next
    }

    fn write_number(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        let Some(number) = self.own.get() else { return Ok(()) };
        let mut digits = [0; 20];
        let length = number.digits(&mut digits);
        query(writer, b"sms=", digits.get(..length).unwrap_or(&[]))
    }

    fn arrived(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        from: &Number,
        message: &[u8],
    ) -> Result<(), Error> {
        let mut refused = Error::Unauthorized;
        for who in 0..self.lines.len() {
            let line = self.line(who);
            if line.mode == SMS_PACKETS && self.hears(&line, Some(from)) {
                // while a bootstrap server is at work nobody else is heard
                let heard = engine.settled().is_ok() || engine.bootstraps(who).is_some();
                let taken = match heard {
                    true => self.hear(engine, ctx, who, Some(from), message),
                    false => Err(Error::State),
                };
                match taken {
                    Ok(()) => return Ok(()),
                    Err(error) => refused = error,
                }
            }
        }
        Err(refused)
    }

    fn set_number(&self, number: &[u8]) -> Result<(), Error> {
        self.own.set(Some(Number::parse(number)?));
        Ok(())
    }
}
