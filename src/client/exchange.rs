//! Confirmable messages of the client: one at a time a server (NSTART), kept until they are answered or given up.

use crate::client::account::{Exchange, Purpose, State};
use crate::client::features::Fate;
use crate::client::session::Phase;
use crate::client::{Beside, Context, Engine};
use crate::coap::exchange::Due;
use crate::coap::{Kind, Transmission, writer};
use crate::error::Error;
use crate::port::{Event, EventCode};

impl Engine<'_> {
    /// Takes the outgoing buffer of an account out of the engine, so that both can be used.
    pub(crate) fn with_outgoing<R>(&mut self, who: usize, job: impl FnOnce(&mut Self, &mut [u8]) -> R) -> R {
        let buffer = core::mem::take(&mut self.outgoing);
        let size = self.send.len();
        let from = who.wrapping_mul(size);
        let done = job(self, buffer.get_mut(from..from.wrapping_add(size)).unwrap_or(&mut []));
        self.outgoing = buffer;
        done
    }

    /// The same with the buffer of responses; not while one is being made in it.
    pub(crate) fn with_send<R>(&mut self, job: impl FnOnce(&mut Self, &mut [u8]) -> R) -> R {
        let buffer = core::mem::take(&mut self.send);
        let done = job(self, buffer);
        self.send = buffer;
        done
    }

    /// Two bytes nobody can guess, for a token.
    pub(crate) fn fresh_token(&mut self, ctx: &mut Context<'_>) -> [u8; 2] {
        let mut token = [0u8; 2];
        ctx.port.random(&mut token);
        token
    }

    /// The next Message ID.
    pub(crate) fn fresh_id(&mut self) -> u16 {
        self.ids.take()
    }

    /// Sends the first `length` bytes of the account's outgoing buffer, and again until they are answered.
    pub(crate) fn begin_exchange(
        &mut self,
        ctx: &mut Context<'_>,
        who: usize,
        (purpose, id, token): (Purpose, u16, [u8; 2]),
        length: usize,
    ) {
        let mut random = [0u8; 4];
        ctx.port.random(&mut random);
        let beside = self.beside == Beside::Texts;
        let transmission = Transmission::start(ctx.now, self.params(who), u32::from_ne_bytes(random));
        let exchange =
            Exchange { purpose, id, token, length: length as u16, beside, transmission, acknowledged: None };
        if let Some(account) = self.account(who) {
            account.exchange = Some(exchange);
        }
        self.transmit_outgoing(ctx, who, length);
    }

    fn transmit_outgoing(&mut self, ctx: &mut Context<'_>, who: usize, length: usize) {
        self.with_outgoing(who, |engine, buffer| {
            engine.transmit(ctx, who, buffer.get(..length).unwrap_or(&[]));
        });
    }

    /// Hands a datagram to the link. A link that fails has lost it; retransmission decides what follows.
    pub(crate) fn transmit(&mut self, ctx: &mut Context<'_>, who: usize, datagram: &[u8]) {
        if self.beside == Beside::Mute {
            return;
        }
        self.need_radio(ctx);
        self.stay_awake(ctx.now, who);
        let sent = match (self.config.features.texting, self.config.features.securing) {
            (Some(texting), _) if self.texts(who) => texting.send(self, ctx, who, datagram),
            (_, Some((securing, _))) if self.phase(who) != Phase::Clear => {
                securing.send(self, ctx, who, datagram)
            }
            _ => ctx.port.send(who as u8, datagram),
        };
        if let Err(error) = sent {
            let server = self.server_id(who);
            self.tell(ctx, Event::new(EventCode::LinkFailed, server).why(error.to_c()));
        }
    }

    /// Sends an empty message: an Acknowledgement or a Reset.
    pub(crate) fn transmit_empty(&mut self, ctx: &mut Context<'_>, who: usize, kind: Kind, id: u16) {
        self.transmit(ctx, who, &writer::empty(kind, id));
    }

    /// Repeats what is due, and gives up what was repeated often enough.
    pub(crate) fn drive_exchange(&mut self, ctx: &mut Context<'_>, who: usize) {
        let Some(account) = self.account(who) else { return };
        let Some(exchange) = account.exchange.as_mut() else { return };
        match exchange.due(ctx.now) {
            Due::Wait(_) => {}
            Due::Resend => {
                exchange.transmission.resent(ctx.now);
                let length = exchange.length.into();
                self.transmit_outgoing(ctx, who, length);
            }
            Due::GaveUp => {
                let purpose = exchange.purpose;
                account.exchange = None;
                self.gave_up(ctx, who, purpose, Error::Timeout.to_c());
            }
        }
    }

    /// An Acknowledgement without a response: the response comes later.
    pub(crate) fn acknowledged(&mut self, ctx: &mut Context<'_>, who: usize, id: u16) {
        let lifetime = self.lifetime(who, true);
        let Some(account) = self.account(who) else { return };
        let Some(exchange) = account.exchange.as_mut().filter(|exchange| exchange.id == id) else { return };
        match exchange.purpose {
            Purpose::Notify(_) | Purpose::Respond => {
                let purpose = exchange.purpose;
                account.exchange = None;
                if let Purpose::Notify(at) = purpose {
                    self.notification_ended(ctx, who, at, Fate::Arrived);
                }
            }
            _ => exchange.acknowledged = Some(ctx.now.after(lifetime.into())),
        }
    }

    /// A Reset: the server knows nothing of it (RFC 7252 section 4.2, RFC 7641 section 3.6).
    pub(crate) fn was_reset(&mut self, ctx: &mut Context<'_>, who: usize, id: u16) {
        let Some(account) = self.account(who) else { return };
        if let Some(exchange) = account.exchange.filter(|exchange| exchange.id == id) {
            account.exchange = None;
            match exchange.purpose {
                Purpose::Notify(at) => self.notification_ended(ctx, who, at, Fate::Rejected),
                purpose => self.gave_up(ctx, who, purpose, Error::Refused.to_c()),
            }
            return;
        }
        if let Some(reporting) = self.config.features.reporting {
            reporting.reset(self, ctx, who, id);
        }
    }

    /// A Confirmable notification has met its fate.
    pub(crate) fn notification_ended(&mut self, ctx: &mut Context<'_>, who: usize, at: u8, fate: Fate) {
        if let Some(reporting) = self.config.features.reporting {
            reporting.fate(self, ctx, who, at, fate);
        }
    }

    /// Whether the account may begin an exchange now.
    pub(crate) fn may_begin(&self, who: usize) -> bool {
        self.reachable(who)
            && self.accounts.get(who).is_some_and(|account| {
                account.exchange.is_none() && account.linked && !matches!(account.state, State::Free)
            })
    }

    /// Whether the network is there.
    pub(crate) fn is_online(&self) -> bool {
        self.online
    }

    /// How large a datagram can be that is received.
    pub(crate) fn receive_size(&self) -> usize {
        self.receive_room
    }
}
