//! Who is registered, and the log of all that happened (TS 1.0 section 5.3, TS 1.2 sections 6.2 and 6.4.3).

use super::answer::Operation;
use crate::coap::Code;
use crate::links::Link;
use crate::net::Peer;

/// What a Register or Update said, parsed; `None` is what it did not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `ep`.
    pub endpoint: Option<String>,
    /// `lt`, in seconds.
    pub lifetime: Option<u32>,
    /// `lwm2m`.
    pub version: Option<String>,
    /// `b`.
    pub binding: Option<String>,
    /// The `Q` flag.
    pub queue: bool,
    /// `sms`.
    pub sms: Option<String>,
    /// `pid`.
    pub profile: Option<String>,
    /// The object list, if there was a payload.
    pub links: Option<Vec<Link>>,
    /// All queries as they came, known or not.
    pub queries: Vec<String>,
    /// The payload as it came, blocks put together.
    pub payload: Vec<u8>,
}

impl Parameters {
    /// Takes queries and payload apart; `None` if a number is none.
    pub(crate) fn parse(queries: Vec<String>, payload: Vec<u8>) -> Option<Self> {
        let mut parameters = Self::default();
        for query in &queries {
            let (name, value) = query.split_once('=').unwrap_or((query, ""));
            let text = || Some(value.to_owned());
            match name {
                "ep" => parameters.endpoint = text(),
                "lt" => parameters.lifetime = Some(value.parse().ok()?),
                "lwm2m" => parameters.version = text(),
                "b" => parameters.binding = text(),
                "Q" => parameters.queue = true,
                "sms" => parameters.sms = text(),
                "pid" => parameters.profile = text(),
                _ => {}
            }
        }
        parameters.links = (!payload.is_empty()).then(|| Link::parse_list(&payload));
        Some(Self { queries, payload, ..parameters })
    }
}

/// A client as the server knows it.
#[derive(Clone, Debug)]
pub struct Registration {
    /// `ep`; the address as text if the client named none.
    pub endpoint: String,
    /// Where Update and De-register go, such as `/rd/1`.
    pub location: String,
    /// Its address, as of the last message that proved it.
    pub peer: Peer,
    /// `lt` in seconds; 0 never ends.
    pub lifetime: u32,
    /// `lwm2m`.
    pub version: String,
    /// `b`; `U` if not said.
    pub binding: String,
    /// Queue mode: the `Q` flag, or a Q in `b` as LwM2M 1.0 has it.
    pub queue: bool,
    /// `sms`.
    pub sms: Option<String>,
    /// The object list in force.
    pub links: Vec<Link>,
    /// What the Register said.
    pub register: Parameters,
    /// When it registered.
    pub registered: u64,
    /// When the lifetime began to count.
    pub refreshed: u64,
    /// Until when it can be reached if it uses queue mode.
    pub awake_until: u64,
}

impl Registration {
    /// When it ends if no Update comes.
    pub fn expires(&self) -> Option<u64> {
        (self.lifetime > 0).then(|| self.refreshed + u64::from(self.lifetime) * 1000)
    }

    /// The object instances listed, such as `[(1, 0), (3, 0)]`.
    pub fn instances(&self) -> Vec<(u16, u16)> {
        let ids = self.links.iter().map(Link::ids);
        ids.filter_map(|ids| Some((*ids.first()?, *ids.get(1)?))).collect()
    }

    /// The objects listed, by themselves or by an instance, without repetition.
    pub fn objects(&self) -> Vec<u16> {
        let mut objects: Vec<u16> =
            self.links.iter().filter_map(|link| link.ids().first().copied()).collect();
        objects.sort_unstable();
        objects.dedup();
        objects
    }

    /// The `ver` attribute of an object, on its own link or an instance's.
    pub fn object_version(&self, object: u16) -> Option<&str> {
        self.links
            .iter()
            .filter(|link| link.ids().first() == Some(&object))
            .find_map(|link| link.attribute("ver"))
    }

    /// The path before the objects: `/` or an alternate path such as `/lwm2m`.
    pub fn root(&self) -> &str {
        let root = self.links.iter().find(|link| link.attribute("rt") == Some("oma.lwm2m"));
        root.map_or("/", |link| link.path.as_str())
    }

    /// The content formats announced by `ct` on the root link.
    pub fn content_formats(&self) -> Vec<u16> {
        let text =
            self.links.iter().filter(|link| link.ids().is_empty()).find_map(|link| link.attribute("ct"));
        text.unwrap_or_default().split_whitespace().filter_map(|n| n.parse().ok()).collect()
    }

    pub(super) fn apply(&mut self, update: &Parameters) {
        self.lifetime = update.lifetime.unwrap_or(self.lifetime);
        if let Some(binding) = &update.binding {
            self.binding.clone_from(binding);
        }
        // From 1.1 on `b` says nothing about queue mode, and no Update can take the flag back.
        if update.binding.is_some() && self.version == "1.0" {
            self.queue = self.binding.contains('Q');
        }
        self.queue |= update.queue;
        self.sms = update.sms.clone().or(self.sms.take());
        if let Some(links) = &update.links {
            self.links.clone_from(links);
        }
    }
}

/// What a log entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The client asked for something.
    Asked(Operation),
    /// The lifetime ran out.
    Expired,
}

/// One line of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When the request was whole, or the lifetime over.
    pub time: u64,
    /// What happened.
    pub event: Event,
    /// By whom.
    pub peer: Peer,
    /// Its endpoint name, if known.
    pub endpoint: String,
    /// The path asked for.
    pub path: String,
    /// What it said.
    pub said: Parameters,
    /// Content-Format of the payload.
    pub content_format: Option<u16>,
    /// The payload, blocks put together.
    pub payload: Vec<u8>,
    /// What was answered; `None` for silence (or an expiry).
    pub answer: Option<Code>,
    /// When the answer goes out.
    pub answered: Option<u64>,
}

/// Registrations in force and the log.
#[derive(Debug, Default)]
pub(super) struct Registry {
    pub(super) list: Vec<Registration>,
    pub(super) log: Vec<Entry>,
    pub(super) serial: u32,
}

impl Registry {
    pub(super) fn by_location(&mut self, location: &str) -> Option<&mut Registration> {
        self.list.iter_mut().find(|registration| registration.location == location)
    }

    pub(super) fn by_endpoint(&self, endpoint: &str) -> Option<&Registration> {
        self.list.iter().find(|registration| registration.endpoint == endpoint)
    }

    pub(super) fn by_peer(&mut self, peer: Peer) -> Option<&mut Registration> {
        self.list.iter_mut().find(|registration| registration.peer == peer)
    }

    /// When the next lifetime ends.
    pub(super) fn next_expiry(&self) -> Option<u64> {
        self.list.iter().filter_map(Registration::expires).min()
    }

    /// Takes out what has expired, and says so in the log.
    pub(super) fn expire(&mut self, now: u64) -> Vec<Registration> {
        let (gone, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.list)
            .into_iter()
            .partition(|registration| registration.expires().is_some_and(|time| time <= now));
        self.list = rest;
        self.log.extend(gone.iter().map(|registration| Entry {
            time: now,
            event: Event::Expired,
            peer: registration.peer,
            endpoint: registration.endpoint.clone(),
            path: registration.location.clone(),
            said: Parameters::default(),
            content_format: None,
            payload: Vec::new(),
            answer: None,
            answered: None,
        }));
        gone
    }
}
