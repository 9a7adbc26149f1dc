//! The service centre: takes SMS-SUBMIT, keeps it, delivers it later, in virtual time and with weather (TS 23.040).
//!
//! A handle: clones are the same centre, so that devices, modems and gateways of a scene can each hold one. Nobody has to
//! drive it: whoever asks brings the time.

use super::phone::{Delivery, Phone};
use super::tpdu::{Deliver, Stamp, StatusReport, Submit, Validity};
use crate::Random;
use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// RP cause: a SUBMIT that makes no sense (TS 24.011 section 8.2.5.4).
pub const INVALID: u16 = 96;
/// How long a message waits at most that says nothing of validity: two days.
const LONGEST: u64 = 172_800_000;

/// What happens to short messages. The default is a perfect network: nothing lost, no time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Percentage of messages that vanish, although they were accepted.
    pub loss: u8,
    /// Percentage of messages that arrive twice.
    pub duplication: u8,
    /// Milliseconds from acceptance to arrival.
    pub delay: u64,
    /// Up to so many milliseconds more, chosen for each copy: above the sending gap it reorders.
    pub jitter: u64,
    /// How long after a failed delivery the next attempt follows.
    pub retry: u64,
}

impl Default for Weather {
    fn default() -> Self {
        Self { loss: 0, duplication: 0, delay: 0, jitter: 0, retry: 30_000 }
    }
}

impl Weather {
    /// Two to six seconds, nothing lost: an ordinary day.
    pub fn ordinary() -> Self {
        Self { delay: 2000, jitter: 4000, ..Self::default() }
    }
}

/// What became of one copy of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives at this time, or arrived and was not taken yet.
    Arriving(u64),
    /// It was taken at this time.
    Delivered(u64),
    /// Its validity period ended at this time.
    Expired(u64),
    /// There is no such number.
    Unknown(u64),
}

/// One short message, as the centre saw it.
#[derive(Clone, Debug)]
pub struct Record {
    /// When it was submitted.
    pub time: u64,
    /// By whom.
    pub from: String,
    /// For whom.
    pub to: String,
    /// What was submitted, octet for octet.
    pub tpdu: Vec<u8>,
    /// The same, read. A status report is not submitted: `None`.
    pub submit: Option<Submit>,
    /// Its copies; none if it was lost.
    pub copies: Vec<Fate>,
    /// Deliveries that the receiver refused.
    pub refusals: u32,
}

/// Sums over the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// SUBMITs accepted.
    pub submitted: u64,
    /// SUBMITs refused.
    pub refused: u64,
    /// Octets of user data accepted.
    pub octets: u64,
    /// Messages lost.
    pub lost: u64,
    /// Messages that arrive twice.
    pub duplicated: u64,
    /// Copies delivered, status reports not counted.
    pub delivered: u64,
    /// Copies expired.
    pub expired: u64,
    /// Messages for nobody.
    pub unknown: u64,
    /// Status reports sent.
    pub reports: u64,
}

/// A fault ordered by the test: the next messages from a number.
#[derive(Clone, Copy, Debug)]
enum Order {
    Copies(usize),
    Hold(u64),
    Refuse(u16),
}

#[derive(Clone, Debug)]
struct Fault {
    from: String,
    skip: u32,
    left: u32,
    order: Order,
}

/// A copy on its way or waiting.
#[derive(Clone, Copy, Debug)]
struct Copy {
    record: usize,
    copy: usize,
    expires: u64,
    /// Given to the receiver, who has not said whether it is kept.
    in_hand: bool,
}

#[derive(Debug)]
struct State {
    weather: Weather,
    epoch: i64,
    random: Random,
    records: Vec<Record>,
    refused: u64,
    reports: u64,
    /// By the time of arrival, then by the order of sending.
    waiting: BTreeMap<(u64, u64), Copy>,
    serial: u64,
    numbers: BTreeMap<String, bool>,
    faults: Vec<Fault>,
}

/// The service centre. See the module.
#[derive(Clone, Debug)]
pub struct Centre(Rc<RefCell<State>>);

impl Centre {
    /// A centre at time 0 without numbers. `epoch` is the time of day then, in seconds since 1970.
    pub fn new(seed: u64, epoch: i64) -> Self {
        Self(Rc::new(RefCell::new(State {
            weather: Weather::default(),
            epoch,
            random: Random::new(seed),
            records: Vec::new(),
            refused: 0,
            reports: 0,
            waiting: BTreeMap::new(),
            serial: 0,
            numbers: BTreeMap::new(),
            faults: Vec::new(),
        })))
    }

    /// Sets the weather from now on.
    pub fn weather(&self, weather: Weather) {
        self.0.borrow_mut().weather = weather;
    }

    /// The phone of this number, which is in use from now on and reachable unless it was made otherwise.
    pub fn phone(&self, number: &str) -> Phone {
        self.0.borrow_mut().numbers.entry(number.to_owned()).or_insert(true);
        Phone::new(self.clone(), number)
    }

    /// A phone with the lowest fictional number (see [`super::number`]) that is not in use.
    ///
    /// # Panics
    ///
    /// If all are in use.
    pub fn new_phone(&self) -> Phone {
        let free = (1..100).map(super::number).find(|number| !self.0.borrow().numbers.contains_key(number));
        self.phone(&free.expect("a number that is free"))
    }

    /// Whether messages for a number can be delivered. While not, they wait.
    pub fn reachable(&self, now: u64, number: &str, reachable: bool) {
        let mut state = self.0.borrow_mut();
        state.expire(now);
        state.numbers.insert(number.to_owned(), reachable);
    }

    /// Loses the next `n` messages of a number. Here and below, the number `""` is everybody.
    pub fn drop_next(&self, from: &str, n: u32) {
        self.fault(from, 0, n, Order::Copies(0));
    }

    /// Lets `skip` messages of a number pass and loses the `n` that follow.
    pub fn drop_after(&self, from: &str, skip: u32, n: u32) {
        self.fault(from, skip, n, Order::Copies(0));
    }

    /// Delivers each of the next `n` messages of a number twice.
    pub fn duplicate_next(&self, from: &str, n: u32) {
        self.fault(from, 0, n, Order::Copies(2));
    }

    /// The next `n` messages of a number take so many milliseconds more: others overtake them.
    pub fn hold_next(&self, from: &str, n: u32, milliseconds: u64) {
        self.fault(from, 0, n, Order::Hold(milliseconds));
    }

    /// Refuses the next `n` messages of a number with this cause, as `+CMS ERROR` shows it: 42 is congestion.
    pub fn refuse_next(&self, from: &str, n: u32, cause: u16) {
        self.fault(from, 0, n, Order::Refuse(cause));
    }

    fn fault(&self, from: &str, skip: u32, left: u32, order: Order) {
        self.0.borrow_mut().faults.push(Fault { from: from.to_owned(), skip, left, order });
    }

    /// Takes an SMS-SUBMIT; its TP-MR, or the cause of a refusal.
    pub fn submit(&self, now: u64, from: &str, tpdu: &[u8]) -> Result<u8, u16> {
        self.0.borrow_mut().submit(now, from, tpdu)
    }

    /// Sends a TPDU under any name, past weather and records: what an attacker does. It is there at once.
    pub fn inject(&self, now: u64, from: &str, to: &str, submit: &Submit) {
        let mut state = self.0.borrow_mut();
        let weather = std::mem::take(&mut state.weather);
        let faults = std::mem::take(&mut state.faults);
        let _ = state.submit(now, from, &Submit { to: super::Address::number(to), ..submit.clone() }.bytes());
        (state.weather, state.faults) = (weather, faults);
    }

    pub(super) fn offer(&self, now: u64, to: &str) -> Option<Delivery> {
        self.0.borrow_mut().offer(now, to)
    }

    pub(super) fn settle(&self, now: u64, delivery: &Delivery, taken: bool) {
        self.0.borrow_mut().settle(now, delivery, taken);
    }

    pub(super) fn alert(&self, now: u64, to: &str) {
        self.0.borrow_mut().alert(now, to);
    }

    pub(super) fn ready_at(&self, to: &str) -> Option<u64> {
        let state = self.0.borrow();
        let reachable = state.numbers.get(to) == Some(&true);
        let mine = state.waiting.iter().filter(|(_, copy)| {
            let to_me = state.records[copy.record].to == to;
            let report = state.records[copy.record].submit.as_ref().is_some_and(|submit| submit.report);
            !copy.in_hand && (to_me && reachable || report && state.records[copy.record].from == to)
        });
        // a report is due when the message expires at the latest
        let due =
            |copy: &Copy, arrives| if state.records[copy.record].to == to { arrives } else { copy.expires };
        mine.map(|((arrives, _), copy)| due(copy, *arrives)).min()
    }

    /// All short messages so far, lost ones included, in the order of submission.
    pub fn records(&self) -> Ref<'_, [Record]> {
        Ref::map(self.0.borrow(), |state| state.records.as_slice())
    }

    /// What a number submitted so far.
    pub fn sent_by(&self, number: &str) -> Vec<Record> {
        let records = self.records();
        let mine = |record: &&Record| record.from == number && record.submit.is_some();
        records.iter().filter(mine).cloned().collect()
    }

    /// Sums over all.
    pub fn statistics(&self) -> Statistics {
        let state = self.0.borrow();
        let mut sums = Statistics { refused: state.refused, reports: state.reports, ..Statistics::default() };
        for record in state.records.iter().filter(|record| record.submit.is_some()) {
            sums.submitted += 1;
            let data = record.submit.as_ref().map(|submit| &submit.data);
            sums.octets += data.map_or(0, |data| data.octets() as u64);
            sums.lost += u64::from(record.copies.is_empty());
            sums.duplicated += u64::from(record.copies.len() > 1);
            for copy in &record.copies {
                match copy {
                    Fate::Delivered(_) => sums.delivered += 1,
                    Fate::Expired(_) => sums.expired += 1,
                    Fate::Unknown(_) => sums.unknown += 1,
                    Fate::Arriving(_) => {}
                }
            }
        }
        sums
    }
}

impl State {
    fn fault(&mut self, from: &str) -> Option<Order> {
        let fault = self
            .faults
            .iter_mut()
            .find(|fault| (fault.from == from || fault.from.is_empty()) && fault.left > 0)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.left -= 1;
        Some(fault.order)
    }

    fn stamp(&self, time: u64) -> Stamp {
        Stamp::new(self.time_of_day(time))
    }

    const fn time_of_day(&self, time: u64) -> i64 {
        self.epoch + (time / 1000) as i64
    }

    /// Every message draws the same number of random values, so changing one percentage leaves the rest alone.
    fn submit(&mut self, now: u64, from: &str, tpdu: &[u8]) -> Result<u8, u16> {
        self.expire(now);
        let order = self.fault(from);
        let parsed = Submit::parse(tpdu).map_err(|_| INVALID);
        let submit = match (parsed, order) {
            (Err(cause), _) | (Ok(_), Some(Order::Refuse(cause))) => {
                self.refused += 1;
                return Err(cause);
            }
            (Ok(submit), _) => submit,
        };
        let Weather { loss, duplication, delay, jitter, .. } = self.weather;
        let (lost, twice) = (self.random.happens(loss), self.random.happens(duplication));
        let mut times = vec![0; 2];
        times.fill_with(|| now + delay + self.random.up_to(jitter));
        match order {
            Some(Order::Copies(copies)) => times.truncate(copies),
            Some(Order::Hold(more)) => {
                times.truncate(1);
                times[0] += more;
            }
            _ => times.truncate(if lost { 0 } else { 1 + usize::from(twice) }),
        }
        let to = submit.to.text.clone();
        let reference = submit.reference;
        self.post(now, from, to, tpdu, Some(submit), &times);
        Ok(reference)
    }

    fn post(&mut self, now: u64, from: &str, to: String, tpdu: &[u8], submit: Option<Submit>, times: &[u64]) {
        let validity = submit.as_ref().map_or(Validity::Unsaid, |submit| submit.validity);
        let expires = now + validity.milliseconds(self.time_of_day(now)).unwrap_or(LONGEST);
        let record = self.records.len();
        let known = self.numbers.contains_key(&to);
        let mut copies = Vec::new();
        for (copy, time) in times.iter().enumerate() {
            copies.push(if known { Fate::Arriving(*time) } else { Fate::Unknown(now) });
            if known {
                self.serial += 1;
                let waiting = Copy { record, copy, expires, in_hand: false };
                self.waiting.insert((*time, self.serial), waiting);
            }
        }
        let tpdu = tpdu.to_vec();
        self.records.push(Record { time: now, from: from.into(), to, tpdu, submit, copies, refusals: 0 });
        if !known && !times.is_empty() {
            self.report(now, record, StatusReport::UNKNOWN);
        }
    }

    /// Tells the sender what became of its message, if it asked.
    fn report(&mut self, now: u64, record: usize, status: u8) {
        let about = &self.records[record];
        let Some(submit) = about.submit.as_ref().filter(|submit| submit.report) else { return };
        let report = StatusReport {
            reference: submit.reference,
            to: submit.to.clone(),
            time: self.stamp(about.time),
            done: self.stamp(now),
            status,
        };
        let (from, to) = (about.to.clone(), about.from.clone());
        let arrives = now + self.weather.delay + self.random.up_to(self.weather.jitter);
        self.reports += 1;
        self.post(now, &from, to, &report.bytes(), None, &[arrives]);
    }

    fn expire(&mut self, now: u64) {
        let gone = |(_, copy): &(&(u64, u64), &Copy)| copy.expires <= now && !copy.in_hand;
        let gone: Vec<_> = self.waiting.iter().filter(gone).map(|(key, copy)| (*key, *copy)).collect();
        for (key, copy) in gone {
            self.waiting.remove(&key);
            self.records[copy.record].copies[copy.copy] = Fate::Expired(copy.expires);
            self.report(copy.expires, copy.record, StatusReport::EXPIRED);
        }
    }

    fn offer(&mut self, now: u64, to: &str) -> Option<Delivery> {
        self.expire(now);
        if self.numbers.get(to) != Some(&true) {
            return None;
        }
        let records = &self.records;
        let arrived = |((arrives, _), copy): &(&(u64, u64), &Copy)| {
            *arrives <= now && !copy.in_hand && records[copy.record].to == to
        };
        let mut mine = self.waiting.iter().filter(arrived).map(|(key, copy)| (*key, *copy));
        let (key, copy) = mine.next()?;
        let more = mine.next().is_some();
        drop(mine);
        let record = &self.records[copy.record];
        let tpdu = match &record.submit {
            None => record.tpdu.clone(),
            Some(submit) => {
                let from = super::Address::number(&record.from);
                let (time, data) = (self.stamp(record.time), submit.data.clone());
                Deliver { from, time, more, report: submit.report, data }.bytes()
            }
        };
        let copy = self.waiting.get_mut(&key)?;
        copy.in_hand = true;
        Some(Delivery { tpdu, key })
    }

    fn alert(&mut self, now: u64, to: &str) {
        let records = &self.records;
        let refused = |(key, copy): &(&(u64, u64), &Copy)| {
            let record = &records[copy.record];
            key.0 > now && !copy.in_hand && record.to == to && record.refusals > 0
        };
        let refused: Vec<_> = self.waiting.iter().filter(refused).map(|(key, copy)| (*key, *copy)).collect();
        for (key, copy) in refused {
            self.waiting.remove(&key);
            self.waiting.insert((now, key.1), copy);
            self.records[copy.record].copies[copy.copy] = Fate::Arriving(now);
        }
    }

    fn settle(&mut self, now: u64, delivery: &Delivery, taken: bool) {
        let Some(mut copy) = self.waiting.remove(&delivery.key) else { return };
        if !taken {
            self.records[copy.record].refusals += 1;
            copy.in_hand = false;
            self.serial += 1;
            let again = now + self.weather.retry;
            self.records[copy.record].copies[copy.copy] = Fate::Arriving(again);
            self.waiting.insert((again, self.serial), copy);
            return;
        }
        self.records[copy.record].copies[copy.copy] = Fate::Delivered(now);
        self.report(now, copy.record, StatusReport::RECEIVED);
    }
}
