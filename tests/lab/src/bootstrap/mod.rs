//! A scriptable LwM2M Bootstrap-Server without I/O (TS 1.0 section 5.2; Bootstrap-Read: TS 1.1 section 6.1.7).
//!
//! It is a [`Server`] that answers a Bootstrap-Request and then follows a [`Plan`]: step by step, each when the one before
//! is over. The server beneath sends, repeats and cuts into blocks; it is public, so that its settings and its script hold
//! here too. What was asked and what came of each step is kept as a [`Session`].
//!
//! Files: `plan` (what is sent), `session` (what came of it), `configuration` (objects 0, 1 and 2 as payloads), `file`
//! (the bootstrap file of Appendix G).

mod configuration;
mod file;
mod plan;
mod session;

pub use configuration::{AccessValues, Configuration, SecurityValues, ServerValues};
pub use file::{FileObject, file};
pub use plan::{Plan, Step};
pub use session::{Done, Ending, Session};

use crate::coap::Code;
use crate::net::{Node, Peer};
use crate::server::{Answer, Entry, Event, Operation, RequestId, Server};
use std::collections::{HashMap, VecDeque};

/// The bootstrap server. Without a plan it answers a Bootstrap-Request and says nothing more.
#[derive(Debug, Default)]
pub struct BootstrapServer {
    /// The server beneath: its settings, its log of what was asked, how the next Bootstrap-Request is answered.
    pub server: Server,
    now: u64,
    plans: Plans,
    sessions: Vec<Session>,
    /// The sessions that are not over: their numbers, and where they stand.
    running: Vec<(usize, Stage)>,
    /// Requests whose outcome is not known yet: session, step, request.
    open: Vec<(usize, usize, RequestId)>,
    /// How much of the server's log was looked at.
    read: usize,
    /// The last request that was sent to each client.
    sent: HashMap<Peer, Vec<u8>>,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The next step is due at this time.
    Due(u64),
    /// The next step is due when this request is over.
    Waiting(RequestId),
}

/// What clients are configured with: the first of a list, which goes when it was used unless it is the last.
#[derive(Debug, Default)]
struct Plans {
    all: VecDeque<Plan>,
    of: HashMap<String, VecDeque<Plan>>,
}

impl Plans {
    fn next(&mut self, endpoint: &str) -> Plan {
        let list = self.of.get_mut(endpoint).unwrap_or(&mut self.all);
        let plan = if list.len() > 1 { list.pop_front() } else { list.front().cloned() };
        plan.unwrap_or_default()
    }
}

impl BootstrapServer {
    /// A server at time 0 that has plans for nobody. The seed is that of [`Server::new`].
    pub fn new(seed: u64) -> Self {
        Self { server: Server::new(seed), ..Self::default() }
    }

    /// Follows this plan whenever a client asks that has none of its own.
    pub fn plan(&mut self, plan: impl Into<Plan>) {
        self.plans([plan.into()]);
    }

    /// Follows the first plan in the next session, the second in the one after, and the last from then on.
    pub fn plans(&mut self, plans: impl IntoIterator<Item = Plan>) {
        self.plans.all = plans.into_iter().collect();
    }

    /// The same for one client, by its endpoint name; without a plan it is treated as all others.
    pub fn plans_of(&mut self, endpoint: &str, plans: impl IntoIterator<Item = Plan>) {
        let plans: VecDeque<_> = plans.into_iter().collect();
        if plans.is_empty() {
            self.plans.of.remove(endpoint);
        } else {
            self.plans.of.insert(endpoint.into(), plans);
        }
    }

    /// Answers the next Bootstrap-Request in this way. Unless the answer is a success, no session follows.
    pub fn on_next(&mut self, answer: Answer) {
        self.server.on_next(Operation::Bootstrap, answer);
    }

    /// Answers all Bootstrap-Requests in this way from now on; `None`: again with a success.
    pub fn always(&mut self, answer: Option<Answer>) {
        self.server.always(Operation::Bootstrap, answer);
    }

    /// Begins a session with a client that has not asked for it (TS 1.0 section 5.2.3.4); its number.
    pub fn begin(&mut self, peer: Peer, plan: impl Into<Plan>) -> usize {
        self.end_others(peer, "");
        self.session_with(peer, String::new(), None, self.now, plan.into())
    }

    /// All Bootstrap-Requests, refused ones included.
    pub fn requests(&self) -> Vec<&Entry> {
        self.server.asked(Operation::Bootstrap).collect()
    }

    /// All sessions, in the order of their beginning.
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// The session that began last.
    ///
    /// # Panics
    ///
    /// If there was none.
    pub fn last(&self) -> &Session {
        self.sessions.last().expect("a bootstrap session")
    }

    /// How many sessions ended with a Finish that the client took.
    pub fn finished(&self) -> usize {
        self.sessions.iter().filter(|session| session.finish() == Some(Code::CHANGED)).count()
    }

    /// Reads on in the server's log: each Bootstrap-Request that was granted begins a session when its answer goes out.
    fn begin_asked(&mut self) {
        while let Some(entry) = self.server.log().get(self.read).cloned() {
            self.read += 1;
            let asked = entry.event == Event::Asked(Operation::Bootstrap);
            let granted = entry.answer.is_some_and(Code::is_success);
            if let Some(at) = entry.answered.filter(|_| asked && granted) {
                self.end_others(entry.peer, &entry.endpoint);
                let plan = self.plans.next(&entry.endpoint);
                self.session_with(entry.peer, entry.endpoint.clone(), Some(entry), at, plan);
            }
        }
    }

    fn session_with(
        &mut self,
        peer: Peer,
        endpoint: String,
        asked: Option<Entry>,
        at: u64,
        plan: Plan,
    ) -> usize {
        let number = self.sessions.len();
        self.sessions.push(Session { endpoint, peer, asked, plan, began: at, done: Vec::new(), ended: None });
        self.running.push((number, Stage::Due(at)));
        number
    }

    /// A client that asks anew has given up the session before.
    fn end_others(&mut self, peer: Peer, endpoint: &str) {
        let same = |session: &Session| {
            session.peer == peer || (!endpoint.is_empty() && session.endpoint == endpoint)
        };
        for number in self.running.iter().map(|(number, _)| *number).collect::<Vec<_>>() {
            if same(&self.sessions[number]) {
                for (_, _, request) in self.open.iter().filter(|(of, ..)| *of == number) {
                    self.server.give_up(*request);
                }
                self.end(number, Ending::Superseded);
            }
        }
    }

    fn end(&mut self, number: usize, ending: Ending) {
        self.running.retain(|(running, _)| *running != number);
        self.sessions[number].ended = Some((self.now, ending));
    }

    /// Does all that can be done now.
    fn advance(&mut self) {
        self.begin_asked();
        self.collect();
        let mut began = false;
        for number in self.running.iter().map(|(number, _)| *number).collect::<Vec<_>>() {
            while self.is_due(number) {
                began = true;
                self.step(number);
            }
        }
        if began {
            self.server.poll(self.now);
        }
    }

    /// Writes down the outcomes that are known by now.
    fn collect(&mut self) {
        let (server, sessions) = (&self.server, &mut self.sessions);
        self.open.retain(|(session, step, request)| {
            let outcome = server.outcome(*request).cloned();
            let known = outcome.is_some();
            sessions[*session].done[*step].outcome = outcome;
            !known
        });
    }

    fn is_due(&self, number: usize) -> bool {
        let stage = self.running.iter().find(|(running, _)| *running == number);
        stage.is_some_and(|(_, stage)| match stage {
            Stage::Due(at) => *at <= self.now,
            Stage::Waiting(request) => self.server.outcome(*request).is_some(),
        })
    }

    /// Begins the next step of a session, or ends it.
    fn step(&mut self, number: usize) {
        let session = &self.sessions[number];
        if let Some(ending) = session.is_stuck() {
            return self.end(number, ending);
        }
        let (peer, place) = (session.peer, session.done.len());
        let Some(step) = session.plan.steps.get(place).cloned() else {
            return self.end(number, Ending::Through);
        };
        let (request, stage) = match &step {
            Step::Ask(request) => wait_for(self.server.send_to(peer, request.clone())),
            Step::Again => {
                let datagram = self.sent.get(&peer).expect("a request that can be repeated");
                wait_for(self.server.send_raw(peer, datagram))
            }
            Step::Tell(request) => (Some(self.server.send_to(peer, request.clone())), Stage::Due(self.now)),
            Step::Datagram(bytes) => (Some(self.server.send_raw(peer, bytes)), Stage::Due(self.now)),
            Step::Pause(milliseconds) => (None, Stage::Due(self.now + milliseconds)),
        };
        self.open.extend(request.map(|request| (number, place, request)));
        self.sessions[number].done.push(Done { step, time: self.now, outcome: None });
        self.running.iter_mut().filter(|(running, _)| *running == number).for_each(|(_, now)| *now = stage);
    }
}

const fn wait_for(request: RequestId) -> (Option<RequestId>, Stage) {
    (Some(request), Stage::Waiting(request))
}

impl Node for BootstrapServer {
    fn input(&mut self, now: u64, from: Peer, datagram: &[u8]) {
        self.now = self.now.max(now);
        self.server.input(now, from, datagram);
        self.advance();
    }

    fn poll(&mut self, now: u64) {
        self.now = self.now.max(now);
        self.server.poll(now);
        self.advance();
    }

    fn output(&mut self) -> Option<(Peer, Vec<u8>)> {
        let (to, bytes) = self.server.output()?;
        if bytes.get(1).is_some_and(|code| Code(*code).is_request()) {
            self.sent.insert(to, bytes.clone());
        }
        Some((to, bytes))
    }

    fn next_deadline(&self) -> Option<u64> {
        let due = self.running.iter().filter_map(|(_, stage)| match stage {
            Stage::Due(at) => Some(*at),
            Stage::Waiting(_) => None,
        });
        self.server.next_deadline().into_iter().chain(due).min()
    }
}
