//! A modem engine against the scripted modem in virtual time.

use crate::fake::Fake;
use whimbrel::at::{
    Code, Config, Event, LINE_CARD_MIN, LINE_MIN, Memory, Message, Modem, Progress, Readiness, Slot, Way,
};
use whimbrel::error::Error;
use whimbrel::time::Instant;
use whimbrel::uicc::{Card, RESPONSE_MAX};

pub const NO_SCRIPT: &[&[u8]] = &[];

pub const CONFIG: Config<'static> = Config {
    pin: None,
    centre: None,
    storage: *b"ME",
    direct: true,
    bearer: None,
    script: &NO_SCRIPT,
    check_ms: 0,
};

pub struct Bench {
    pub fake: Fake,
    pub modem: Modem<'static>,
    pub events: Vec<Event>,
    pub now: u64,
    /// How many bytes are passed at a time, both ways.
    pub grain: usize,
    /// What was received.
    pub inbox: Vec<String>,
    /// The application takes messages at once.
    pub takes: bool,
}

impl Bench {
    pub fn with(config: Config<'static>, places: usize, fake: Fake) -> Self {
        Self::make(config, places, None, fake)
    }

    /// With a card that is reached this way.
    pub fn with_card(config: Config<'static>, way: Way, fake: Fake) -> Self {
        Self::make(config, 4, Some(way), fake)
    }

    fn make(config: Config<'static>, places: usize, way: Option<Way>, fake: Fake) -> Self {
        let memory = Memory {
            line: vec![0; if way.is_some() { LINE_CARD_MIN } else { LINE_MIN }].leak(),
            card: way.map(|way| Box::leak(Box::new(Slot::new(way))).cards()),
            outgoing: vec![Message::FREE; places].leak(),
            incoming: vec![Message::FREE; places].leak(),
        };
        let modem = Modem::new(memory, config).unwrap();
        Self { fake, modem, events: vec![], now: 0, grain: usize::MAX, inbox: vec![], takes: true }
    }

    pub fn new() -> Self {
        Self::with(CONFIG, 4, Fake::new())
    }

    /// The same, set up.
    pub fn ready() -> Self {
        let mut bench = Self::new();
        bench.run(3_000);
        assert_eq!(bench.modem.state().readiness, Readiness::Ready);
        bench
    }

    fn exchange(&mut self) -> u64 {
        let (events, now) = (&mut self.events, Instant::from_millis(self.now));
        let bytes = self.fake.run(self.now);
        for part in bytes.chunks(self.grain) {
            self.modem.input(now, part, &mut |event| events.push(event));
        }
        if self.takes {
            while let Some(message) = receive(&mut self.modem) {
                self.inbox.push(message);
            }
        }
        let next = self.modem.poll(now, &mut |event| events.push(event));
        assert!(next > now, "a deadline in the past");
        let mut buffer = vec![0; self.grain.min(64)];
        loop {
            let length = self.modem.output(&mut buffer);
            if length == 0 {
                break;
            }
            self.fake.feed(&buffer[..length]);
        }
        next.as_millis().min(self.fake.next().unwrap_or(u64::MAX))
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            let next = self.exchange();
            if next > end {
                break;
            }
            self.now = next.max(self.now + 1);
        }
        self.now = end;
        self.exchange();
    }

    /// Until something is so, looked at after each event.
    pub fn until(&mut self, done: impl Fn(&Self) -> bool) {
        let end = self.now + 7_200_000;
        loop {
            let next = self.exchange();
            if done(self) || next > end {
                return;
            }
            self.now = next.max(self.now + 1);
        }
    }

    /// Sends an APDU once: its response, if it is there.
    pub fn ask(&mut self, command: &str) -> Result<Option<String>, Error> {
        let mut response = [0xee; RESPONSE_MAX];
        let length = self.modem.transmit(&octets(command), &mut response)?;
        Ok(length.map(|length| hex(&response[..length])))
    }

    /// Sends an APDU, and waits for its response.
    pub fn apdu(&mut self, command: &str) -> Result<String, Error> {
        for _ in 0..3 {
            if let Some(response) = self.ask(command)? {
                return Ok(response);
            }
            self.until(|bench| bench.modem.state().card == Progress::Ask);
        }
        panic!("no response to {command}: {:?}", self.fake.commands);
    }

    /// Until the modem is ready again, or never.
    pub fn until_ready(&mut self) {
        for _ in 0..7_200 {
            if self.modem.state().readiness == Readiness::Ready {
                return;
            }
            self.run(1_000);
        }
        panic!("not ready after two hours: {:?}, {:?}", self.modem.state(), self.fake.commands);
    }

    pub fn count(&self, code: Code) -> usize {
        self.events.iter().filter(|event| event.code == code).count()
    }

    pub fn last(&self, code: Code) -> Option<i32> {
        self.events.iter().rfind(|event| event.code == code).map(|event| event.detail)
    }

    pub fn commands(&self, start: &str) -> usize {
        self.fake.commands.iter().filter(|command| command.starts_with(start)).count()
    }
}

pub fn receive(modem: &mut Modem<'_>) -> Option<String> {
    let mut buffer = [0; 256];
    let length = modem.receive(&mut buffer).unwrap();
    (length > 0).then(|| hex(&buffer[..length]))
}

pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

pub fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

pub fn send(modem: &mut Modem<'_>, tpdu: &str) -> Result<(), Error> {
    modem.send(&octets(tpdu))
}
