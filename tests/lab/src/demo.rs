//! The demo: one walk through the interfaces of LwM2M 1.0 (registration, device management, reporting) with any
//! client that has the objects 1, 3, 3303 and the writable example object 26241.
//!
//! A step says what it does, starts it, and then looks again after each event until it has happened or its time is
//! over. The steps know the server only; a [`Wire`] carries datagrams, over UDP or through a virtual network.

use crate::coap::Code;
use crate::format::{LINK, TLV};
use crate::server::{Entry, ObservationId, Operation, RequestId, Server, Standing};
use crate::{seconds, tlv};

/// Carries datagrams between the server and the client.
pub trait Wire {
    /// The time.
    fn now(&self) -> u64;
    /// Waits for one event (a datagram, a deadline of the server) but not beyond `until`, and lets the server handle
    /// it; on return all that the server had to say is sent.
    fn step(&mut self, server: &mut Server, until: u64);
    /// Prints a line to the audience.
    fn print(&mut self, line: &str);
}

/// What a look at the server shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet.
    Waiting,
    /// It happened.
    Happened,
    /// It will not happen, and why.
    Failed(String),
}

/// One step of a demo.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// One sentence for the audience.
    pub heading: &'static str,
    /// What must happen, as the end of "expected …".
    pub expected: &'static str,
    /// How long it may take, in milliseconds.
    pub limit: u64,
    begin: fn(&mut Stage),
    check: fn(&Stage) -> Verdict,
}

/// The server and what the steps remember.
#[derive(Debug)]
pub struct Stage<'a> {
    server: &'a mut Server,
    /// The request of the running step.
    request: Option<RequestId>,
    observation: Option<ObservationId>,
    /// The lifetime that was written.
    lifetime: u32,
    /// How long the log was when the running step began.
    mark: usize,
}

/// The new instance's path, and its resources.
const INSTANCE: &str = "/26241/1";
const NAME: &str = "curlew";
const NUMBER: i64 = 42;

/// The steps in order.
pub const STEPS: &[Step] = &[
    Step {
        heading: "The client registers.",
        expected: "a Register that the server can accept",
        limit: seconds(20),
        begin: |_| {},
        check: |stage| happened(!stage.server.registrations().is_empty()),
    },
    Step {
        heading: "Discover: which resources has the Device object?",
        expected: "2.05 with links to /3/0 and below",
        limit: seconds(5),
        begin: |stage| stage.request = Some(stage.server.discover("/3")),
        check: |stage| {
            stage.answered(Code::CONTENT, |r| {
                r.content_format() == Some(LINK)
                    && crate::Link::parse_list(&r.payload).iter().any(|link| link.ids().starts_with(&[3, 0]))
            })
        },
    },
    Step {
        heading: "Read the whole Device instance as TLV.",
        expected: "2.05 with at least one resource in TLV",
        limit: seconds(5),
        begin: |stage| stage.request = Some(stage.server.read_as("/3/0", TLV)),
        check: |stage| stage.answered(Code::CONTENT, |r| !r.tlv().is_empty()),
    },
    Step {
        heading: "Read the manufacturer as plain text.",
        expected: "2.05 with a text",
        limit: seconds(5),
        begin: |stage| stage.request = Some(stage.server.read_as("/3/0/0", crate::format::TEXT)),
        check: |stage| stage.answered(Code::CONTENT, |r| !r.payload.is_empty()),
    },
    Step {
        heading: "Write another lifetime; the client must say so in an Update.",
        expected: "2.04, then an Update with the new lt",
        limit: seconds(8),
        begin: |stage| stage.write_lifetime(),
        check: |stage| {
            let lifetime = Some(stage.lifetime);
            stage.answered_then_updated(|update| update.said.lifetime == lifetime)
        },
    },
    Step {
        heading: "Write-Attributes: not more than one report a second, and only across 25 degrees.",
        expected: "2.04",
        limit: seconds(5),
        begin: |stage| stage.request = Some(stage.server.write_attributes("/3303/0/5700", "pmin=1&gt=25")),
        check: |stage| stage.answered(Code::CHANGED, |_| true),
    },
    Step {
        heading: "Observe the temperature, and wait for two notifications.",
        expected: "2.05 with Observe, then two notifications with a number",
        limit: seconds(20),
        begin: |stage| stage.observe(),
        check: |stage| stage.notified_twice(),
    },
    Step {
        heading: "Execute: reset the minimum and maximum of the sensor.",
        expected: "2.04",
        limit: seconds(5),
        begin: |stage| stage.request = Some(stage.server.execute("/3303/0/5605", "")),
        check: |stage| stage.answered(Code::CHANGED, |_| true),
    },
    Step {
        heading: "Create an instance of the example object; the client must list it in an Update.",
        expected: "2.01, then an Update that lists </26241/1>",
        limit: seconds(8),
        begin: |stage| stage.create(),
        check: |stage| stage.answered_then_listed(Code::CREATED, true),
    },
    Step {
        heading: "Read it back.",
        expected: "2.05 with the two values written",
        limit: seconds(5),
        begin: |stage| stage.request = Some(stage.server.read_as(INSTANCE, TLV)),
        check: |stage| stage.answered(Code::CONTENT, |r| is_what_was_written(&r.tlv())),
    },
    Step {
        heading: "Delete it; the client must leave it out of an Update.",
        expected: "2.02, then an Update without </26241/1>",
        limit: seconds(8),
        begin: |stage| stage.request = Some(stage.server.delete(INSTANCE)),
        check: |stage| stage.answered_then_listed(Code::DELETED, false),
    },
    Step {
        heading: "Execute the Registration Update Trigger.",
        expected: "2.04, then an Update",
        limit: seconds(8),
        begin: |stage| stage.request = Some(stage.server.execute("/1/0/8", "")),
        check: |stage| stage.answered_then_updated(|_| true),
    },
    Step {
        heading: "Cancel the observation.",
        expected: "2.05",
        limit: seconds(5),
        begin: |stage| stage.request = stage.observation.map(|id| stage.server.cancel_observe(id)),
        check: |stage| stage.answered(Code::CONTENT, |r| r.observe().is_none()),
    },
    Step {
        heading: "Reboot the device.",
        expected: "2.04",
        limit: seconds(5),
        begin: |stage| stage.request = Some(stage.server.execute("/3/0/4", "")),
        check: |stage| stage.answered(Code::CHANGED, |_| true),
    },
    Step {
        heading: "The client says goodbye.",
        expected: "a De-register",
        limit: seconds(10),
        begin: |_| {},
        check: |stage| happened(stage.server.count(Operation::Deregister) > 0),
    },
];

/// Plays the steps until one does not happen, all within `limit` milliseconds. True if all happened.
pub fn play(steps: &[Step], wire: &mut dyn Wire, server: &mut Server, limit: u64) -> bool {
    let start = wire.now();
    let mut stage = Stage { server, request: None, observation: None, lifetime: 0, mark: 0 };
    for (number, step) in steps.iter().enumerate() {
        wire.print("");
        wire.print(&format!("{:>2}. {}", number + 1, step.heading));
        if let Err(why) = play_step(step, wire, &mut stage, start + limit) {
            wire.print(&format!("    FAILED: expected {}; {why}", step.expected));
            wire.print("");
            wire.print(&format!("Step {} of {} did not happen: {}", number + 1, steps.len(), step.heading));
            return false;
        }
        wire.print("    ok");
    }
    let elapsed = (wire.now() - start) as f64 / 1000.0;
    wire.print("");
    wire.print(&format!("All {} steps happened, in {elapsed:.1} s.", steps.len()));
    true
}

fn play_step(step: &Step, wire: &mut dyn Wire, stage: &mut Stage, end: u64) -> Result<(), String> {
    let until = end.min(wire.now() + step.limit);
    stage.request = None;
    stage.mark = stage.server.log().len();
    (step.begin)(stage);
    loop {
        match (step.check)(stage) {
            Verdict::Happened => return Ok(()),
            Verdict::Failed(why) => return Err(why),
            Verdict::Waiting if wire.now() >= end => return Err("the time for the whole demo is over".into()),
            Verdict::Waiting if wire.now() >= until => {
                return Err(format!("it did not happen within {} s", step.limit / 1000));
            }
            Verdict::Waiting => wire.step(stage.server, until),
        }
    }
}

impl Stage<'_> {
    fn write_lifetime(&mut self) {
        let before = self.server.registrations().last().map_or(0, |client| client.lifetime);
        self.lifetime = if before == 120 { 180 } else { 120 };
        self.request = Some(self.server.write_text("/1/0/1", &self.lifetime.to_string()));
    }

    fn observe(&mut self) {
        let observation = self.server.observe("/3303/0/5700");
        self.observation = Some(observation);
        self.request = Some(self.server.observation(observation).request);
    }

    fn create(&mut self) {
        let resources = [tlv::resource(0, NAME), tlv::integer(1, NUMBER)];
        self.request = Some(self.server.create("/26241", TLV, tlv::instance(1, &resources)));
    }

    /// The step's request has this answer, and it is as it should be.
    fn answered(&self, code: Code, right: impl Fn(&crate::server::Response) -> bool) -> Verdict {
        let Some(outcome) = self.request.and_then(|request| self.server.outcome(request)) else {
            return Verdict::Waiting;
        };
        match &outcome.result {
            Ok(response) if response.code != code => {
                Verdict::Failed(format!("the answer is {:?}", response.code))
            }
            Ok(response) if !right(response) => Verdict::Failed("the answer holds something else".into()),
            Ok(_) => Verdict::Happened,
            Err(failure) => Verdict::Failed(format!("there is no answer: {failure:?}")),
        }
    }

    fn answered_then_updated(&self, right: impl Fn(&Entry) -> bool) -> Verdict {
        self.answered_then(Code::CHANGED, right)
    }

    fn answered_then_listed(&self, code: Code, listed: bool) -> Verdict {
        self.answered_then(code, |update| {
            let links = update.said.links.as_deref();
            links.is_some_and(|links| links.iter().any(|link| link.ids() == [26241, 1]) == listed)
        })
    }

    fn answered_then(&self, code: Code, right: impl Fn(&Entry) -> bool) -> Verdict {
        let since = self.server.log().iter().skip(self.mark);
        let mut updates = since.filter(|entry| entry.event == crate::server::Event::Asked(Operation::Update));
        match self.answered(code, |_| true) {
            Verdict::Happened => happened(updates.any(right)),
            other => other,
        }
    }

    fn notified_twice(&self) -> Verdict {
        let (Some(id), Verdict::Happened) = (self.observation, self.answered(Code::CONTENT, |_| true)) else {
            return self.answered(Code::CONTENT, |_| true);
        };
        if self.server.observation(id).standing == Standing::Ended {
            return Verdict::Failed("the observation has ended".into());
        }
        let values = self.server.notified(id);
        match values.iter().any(|value| value.is_nan()) {
            true => Verdict::Failed("a notification holds no number".into()),
            false => happened(values.len() >= 2),
        }
    }
}

fn happened(it: bool) -> Verdict {
    if it { Verdict::Happened } else { Verdict::Waiting }
}

/// Resources by themselves, or inside their instance: an answer to a Read of an instance may be either.
fn is_what_was_written(entries: &[tlv::Entry]) -> bool {
    let entries = match entries {
        [only] if only.kind == tlv::Kind::ObjectInstance => &only.children,
        entries => entries,
    };
    tlv::find(entries, &[0]).and_then(tlv::Entry::text) == Some(NAME)
        && tlv::find(entries, &[1]).and_then(tlv::Entry::integer) == Some(NUMBER)
}
