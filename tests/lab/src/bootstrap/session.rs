//! What came of a session with a client.

use super::plan::{Plan, Step};
use crate::coap::Code;
use crate::links::Link;
use crate::net::Peer;
use crate::server::{Entry, Outcome, Response};

/// A session, from the answer to a Bootstrap-Request on.
#[derive(Clone, Debug)]
pub struct Session {
    /// `ep`; empty if the client did not say, or did not ask.
    pub endpoint: String,
    /// Its address.
    pub peer: Peer,
    /// The Bootstrap-Request, with its time and its queries; `None` if the server spoke first.
    pub asked: Option<Entry>,
    /// What is sent.
    pub plan: Plan,
    /// When its first step was due.
    pub began: u64,
    /// The steps begun so far.
    pub done: Vec<Done>,
    /// When and how it ended, as the server sees it.
    pub ended: Option<(u64, Ending)>,
}

/// A step that has begun.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was to be done.
    pub step: Step,
    /// When.
    pub time: u64,
    /// What came of it; `None` while that is open, and for a pause.
    pub outcome: Option<Outcome>,
}

impl Done {
    /// The answer, if there is one.
    pub fn response(&self) -> Option<&Response> {
        self.outcome.as_ref()?.result.as_ref().ok()
    }

    /// The code of the answer, if there is one.
    pub fn code(&self) -> Option<Code> {
        self.response().map(|response| response.code)
    }
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All steps are done.
    Through,
    /// A step was answered with an error, and the plan is careful.
    Refused,
    /// A step got no answer.
    NoAnswer,
    /// The client asked anew.
    Superseded,
}

impl Session {
    /// The queries of the Bootstrap-Request.
    pub fn queries(&self) -> &[String] {
        self.asked.as_ref().map_or(&[], |entry| &entry.said.queries)
    }

    /// `pct`: the content format that the client prefers.
    pub fn preferred_format(&self) -> Option<u16> {
        self.queries().iter().find_map(|query| query.strip_prefix("pct=")?.parse().ok())
    }

    /// The steps that have or had an answer coming.
    pub fn answered(&self) -> impl DoubleEndedIterator<Item = &Done> {
        self.done.iter().filter(|done| done.step.asks())
    }

    /// The codes of their answers; [`Code::EMPTY`] where there is none.
    pub fn codes(&self) -> Vec<Code> {
        self.answered().map(|done| done.code().unwrap_or(Code::EMPTY)).collect()
    }

    /// The answer to the n-th of them, counted from 0.
    ///
    /// # Panics
    ///
    /// If there is none (yet).
    pub fn response(&self, n: usize) -> &Response {
        let done = self.answered().nth(n).unwrap_or_else(|| panic!("step {n} has not begun"));
        done.response().unwrap_or_else(|| panic!("{} has no response: {:?}", done.step, done.outcome))
    }

    /// The links in the answer to the n-th of them, a Discover.
    ///
    /// # Panics
    ///
    /// As [`Session::response`].
    pub fn links(&self, n: usize) -> Vec<Link> {
        Link::parse_list(&self.response(n).payload)
    }

    /// The code of the answer to the last Finish, if there was one.
    pub fn finish(&self) -> Option<Code> {
        self.answered().rfind(|done| done.step.is_finish())?.code()
    }

    /// Whether nothing is sent any more.
    pub const fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// Why it cannot go on after its last step.
    pub(super) fn is_stuck(&self) -> Option<Ending> {
        let outcome = self.done.last().filter(|done| done.step.asks())?.outcome.as_ref()?;
        match &outcome.result {
            Err(_) => Some(Ending::NoAnswer),
            Ok(response) if self.plan.careful && !response.code.is_success() => Some(Ending::Refused),
            Ok(_) => None,
        }
    }
}
