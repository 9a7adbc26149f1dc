//! What a test calls: LwM2M operations (TS 1.0 sections 5.4, 5.5 and 8.2.5; TS 1.2 section 6.3), the script, and
//! what can be asked about the past.
//!
//! Operations go to the client selected by [`Server::select`], or else to the one that registered last.

use super::Server;
use super::answer::{Answer, Operation};
use super::exchange::{Purpose, Target};
use super::observe::{Notification, Observation, ObservationId, Standing};
use super::registry::{Entry, Event, Registration};
use super::request::{Outcome, Request, RequestId, Response};
use crate::coap::Code;
use crate::format;
use crate::net::Peer;

/// Device management and reporting.
impl Server {
    /// Read, in whatever format the client prefers.
    pub fn read(&mut self, path: &str) -> RequestId {
        self.send(Request::get(path))
    }

    /// Read in a format of [`crate::format`].
    pub fn read_as(&mut self, path: &str, accept: u16) -> RequestId {
        self.send(Request::get(path).accept(accept))
    }

    /// Discover.
    pub fn discover(&mut self, path: &str) -> RequestId {
        self.read_as(path, format::LINK)
    }

    /// Write, Replace (PUT).
    pub fn write(&mut self, path: &str, format: u16, payload: impl Into<Vec<u8>>) -> RequestId {
        self.send(Request::put(path).content(format, payload))
    }

    /// Write, Replace, of a text.
    pub fn write_text(&mut self, path: &str, text: &str) -> RequestId {
        self.write(path, format::TEXT, text)
    }

    /// Write, Partial Update (POST).
    pub fn write_partial(&mut self, path: &str, format: u16, payload: impl Into<Vec<u8>>) -> RequestId {
        self.send(Request::post(path).content(format, payload))
    }

    /// Write-Attributes, such as `"pmin=1&gt=25"`.
    pub fn write_attributes(&mut self, path: &str, attributes: &str) -> RequestId {
        self.send(Request::put(path).query(attributes))
    }

    /// Execute; the arguments are text, nothing if empty.
    pub fn execute(&mut self, path: &str, arguments: &str) -> RequestId {
        let request = Request::post(path);
        self.send(if arguments.is_empty() { request } else { request.content(format::TEXT, arguments) })
    }

    /// Create.
    pub fn create(&mut self, path: &str, format: u16, payload: impl Into<Vec<u8>>) -> RequestId {
        self.send(Request::post(path).content(format, payload))
    }

    /// Delete.
    pub fn delete(&mut self, path: &str) -> RequestId {
        self.send(Request::delete(path))
    }

    /// Observe, in whatever format the client prefers.
    pub fn observe(&mut self, path: &str) -> ObservationId {
        self.observe_with(path, Request::get(path).observe(0))
    }

    /// Observe in a format of [`crate::format`].
    pub fn observe_as(&mut self, path: &str, accept: u16) -> ObservationId {
        self.observe_with(path, Request::get(path).observe(0).accept(accept))
    }

    /// Observe by any request with Observe 0, such as a FETCH; `name` is for people.
    pub fn observe_with(&mut self, name: &str, request: Request) -> ObservationId {
        let target = self.target();
        self.begin_observation(name, target, request)
    }

    /// Observe at an address, such as a device's number, whichever address its registration came from.
    pub fn observe_at(&mut self, peer: Peer, path: &str) -> ObservationId {
        self.begin_observation(path, Target::Peer(peer), Request::get(path).observe(0))
    }

    /// Cancels by GET with Observe 1 under the same token.
    pub fn cancel_observe(&mut self, observation: ObservationId) -> RequestId {
        self.begin_cancellation(observation)
    }

    /// Cancels by answering the next notification with a Reset.
    pub fn cancel_by_reset(&mut self, observation: ObservationId) {
        self.observations[observation.0].standing = Standing::ResetNext;
    }

    /// CoAP ping: its outcome is [`super::Failure::Reset`] if the client lives (see [`Server::ponged`]).
    pub fn ping(&mut self) -> RequestId {
        self.send(Request::new(Code::EMPTY, "").token([]).by_hand())
    }

    /// Sends any request.
    pub fn send(&mut self, request: Request) -> RequestId {
        let target = self.target();
        self.queue(target, request, Purpose::Plain)
    }

    /// Sends any request to an address, registered or not.
    pub fn send_to(&mut self, peer: Peer, request: Request) -> RequestId {
        self.queue(Target::Peer(peer), request, Purpose::Plain)
    }

    /// Sends bytes as they are, at once and once, to an address.
    pub fn send_raw(&mut self, peer: Peer, datagram: &[u8]) -> RequestId {
        self.queue_raw(peer, datagram)
    }

    /// Gives up a request that is not over: what comes back for it is nobody's.
    pub fn give_up(&mut self, request: RequestId) {
        if self.active.contains(&request.0) {
            self.finish(request.0, Err(super::Failure::GivenUp));
        }
    }

    /// Operations go to this endpoint from now on.
    pub fn select(&mut self, endpoint: &str) {
        self.selected = Some(endpoint.into());
    }

    fn target(&self) -> Target {
        let newest = self.registry.list.last().map(|registration| registration.endpoint.clone());
        self.selected.clone().or(newest).map_or(Target::Nobody, Target::Endpoint)
    }

    /// Answers the next request of this kind in this way; may be called several times for several requests.
    pub fn on_next(&mut self, operation: Operation, answer: Answer) {
        self.script.push((operation, answer));
    }

    /// Answers all requests of this kind in this way from now on, but for those that [`Server::on_next`] speaks of; `None`:
    /// with what is right again.
    pub fn always(&mut self, operation: Operation, answer: Option<Answer>) {
        match answer {
            Some(answer) => self.habits.insert(operation, answer),
            None => self.habits.remove(&operation),
        };
    }
}

/// What became of requests and observations.
impl Server {
    /// What became of a request; `None` while it waits or is under way.
    pub fn outcome(&self, request: RequestId) -> Option<&Outcome> {
        self.exchanges.get(request.0)?.outcome.as_ref()
    }

    /// The response to a request.
    ///
    /// # Panics
    ///
    /// If there is none (yet).
    pub fn response(&self, request: RequestId) -> &Response {
        match self.outcome(request).map(|outcome| &outcome.result) {
            Some(Ok(response)) => response,
            Some(Err(failure)) => panic!("request {} has no response: {failure:?}", request.0),
            None => panic!("request {} is not over at {} ms", request.0, self.now),
        }
    }

    /// The response code to a request, if it has a response.
    pub fn code(&self, request: RequestId) -> Option<Code> {
        self.outcome(request)?.result.as_ref().ok().map(|response| response.code)
    }

    /// True if a ping was answered.
    pub fn ponged(&self, ping: RequestId) -> bool {
        self.outcome(ping).is_some_and(|outcome| outcome.result == Err(super::Failure::Reset))
    }

    /// Requests that are not over: waiting for their turn or for the client to wake, or under way.
    pub fn pending(&self) -> usize {
        self.active.len()
    }

    /// An observation.
    pub fn observation(&self, observation: ObservationId) -> &Observation {
        &self.observations[observation.0]
    }

    /// The first answer to an Observe.
    ///
    /// # Panics
    ///
    /// As [`Server::response`].
    pub fn first_answer(&self, observation: ObservationId) -> &Response {
        self.response(self.observation(observation).request)
    }

    /// The notifications of an observation, without the first answer.
    pub fn notifications(&self, observation: ObservationId) -> &[Notification] {
        &self.observation(observation).notifications
    }

    /// The numbers notified, without the first answer. What is no number shows as NaN, which equals nothing.
    pub fn notified(&self, observation: ObservationId) -> Vec<f64> {
        self.notifications(observation).iter().map(|n| n.float().unwrap_or(f64::NAN)).collect()
    }

    /// The Integers notified; `None` is what is no Integer.
    pub fn notified_integers(&self, observation: ObservationId) -> Vec<Option<i64>> {
        self.notifications(observation).iter().map(Notification::integer).collect()
    }

    /// When each notification arrived.
    pub fn notified_at(&self, observation: ObservationId) -> Vec<u64> {
        self.notifications(observation).iter().map(|notification| notification.time).collect()
    }
}

/// Who is registered, and what happened.
impl Server {
    /// All registrations in force, in the order of registering.
    pub fn registrations(&self) -> &[Registration] {
        &self.registry.list
    }

    /// A registration by endpoint name.
    pub fn registered(&self, endpoint: &str) -> Option<&Registration> {
        self.registry.by_endpoint(endpoint)
    }

    /// The registration operations go to.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn client(&self) -> &Registration {
        let selected = self.selected.as_deref().map(|name| self.registry.by_endpoint(name));
        selected.unwrap_or(self.registry.list.last()).expect("no client is registered")
    }

    /// All that clients asked for, and expiries, in order.
    pub fn log(&self) -> &[Entry] {
        &self.registry.log
    }

    /// The log's entries of one kind, answered or not.
    pub fn asked(&self, operation: Operation) -> impl DoubleEndedIterator<Item = &Entry> {
        self.registry.log.iter().filter(move |entry| entry.event == Event::Asked(operation))
    }

    /// How often clients asked for this.
    pub fn count(&self, operation: Operation) -> usize {
        self.asked(operation).count()
    }

    /// The latest entry of this kind.
    pub fn last(&self, operation: Operation) -> Option<&Entry> {
        self.asked(operation).next_back()
    }

    /// How many registrations ran out.
    pub fn expiries(&self) -> usize {
        self.registry.log.iter().filter(|entry| entry.event == Event::Expired).count()
    }

    /// Forgets a client without telling it, as a server that lost its memory.
    pub fn lose(&mut self, endpoint: &str) {
        self.forget(endpoint);
    }
}
