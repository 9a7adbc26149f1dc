//! Notification attributes: written by servers, inherited from above, each server's own (TS 1.0 sections 5.1 and 5.4.4).

use crate::client::Engine;
use crate::client::config::VERSION_1_0;
use crate::client::request::Request;
use crate::client::respond::Reply;
use crate::coap::Code;
use crate::error::Error;
use crate::format::link::LinkWriter;
use crate::format::{float, number};
use crate::model::definition::READ;
use crate::model::rights;
use crate::objects::server::{DEFAULT_PMAX, DEFAULT_PMIN};
use crate::path::{NONE, Path};

/// The attributes, in the order in which they are written out.
const NAMES: [&str; 5] = ["pmin", "pmax", "gt", "lt", "st"];
const PMIN: usize = 0;
const PMAX: usize = 1;
const GT: usize = 2;
const LT: usize = 3;
const ST: usize = 4;

/// What one server set at one place. Free where nothing is set.
#[derive(Clone, Copy, Debug)]
pub struct AttributeSet {
    pub(super) server: u16,
    pub(super) path: Path,
    /// Which are set: bits in the order of [`NAMES`].
    pub(super) set: u8,
    pub(super) periods: [u32; 2],
    pub(super) conditions: [f64; 3],
}

/// The attributes that govern an observation (TS 1.0 section 5.1.1 rules 3 to 5, and the Server object's defaults).
#[derive(Clone, Copy, Debug)]
pub struct Effective {
    /// Minimum Period in seconds.
    pub pmin: u32,
    /// Maximum Period in seconds, 0 for none.
    pub pmax: u32,
    /// Greater Than.
    pub gt: Option<f64>,
    /// Less Than.
    pub lt: Option<f64>,
    /// Step.
    pub st: Option<f64>,
}

impl Effective {
    /// Whether only some changes of a number count.
    pub fn has_conditions(&self) -> bool {
        self.gt.is_some() || self.lt.is_some() || self.st.is_some()
    }

    /// Whether a change from the value sent last to `value` counts (TS 1.0 table 4).
    pub fn is_met(&self, sent: f64, value: f64) -> bool {
        let over = |limit: f64| (value > limit) != (sent > limit);
        let under = |limit: f64| (value < limit) != (sent < limit);
        let step = |step: f64| value - sent >= step || sent - value >= step;
        self.gt.is_some_and(over) || self.lt.is_some_and(under) || self.st.is_some_and(step)
    }
}

impl AttributeSet {
    /// A place that is not taken.
    pub const FREE: Self =
        Self { server: 0, path: Path::ROOT, set: 0, periods: [0; 2], conditions: [0.0; 3] };

    fn has(&self, which: usize) -> bool {
        self.set.wrapping_shr(which as u32) & 1 != 0
    }

    fn period(&self, which: usize) -> Option<u32> {
        if self.has(which) { self.periods.get(which).copied() } else { None }
    }

    fn condition(&self, which: usize) -> Option<f64> {
        if self.has(which) { self.conditions.get(which.wrapping_sub(GT)).copied() } else { None }
    }

    /// Sets, or with no value unsets, one attribute.
    fn put(&mut self, which: usize, value: Option<&[u8]>) -> Result<(), Error> {
        let Some(text) = value else {
            self.set &= !(1 << which);
            return Ok(());
        };
        if let Some(period) = self.periods.get_mut(which) {
            let seconds = number::unsigned(text).ok_or(Error::BadValue)?;
            *period = u32::try_from(seconds).map_err(|_| Error::BadValue)?;
        } else if let Some(condition) = self.conditions.get_mut(which.wrapping_sub(GT)) {
            *condition = float::parse(text).ok_or(Error::BadValue)?;
        }
        self.set |= 1 << which;
        Ok(())
    }

    /// lt + 2 st < gt where they are set together (TS 1.0 table 4), and a step that is one.
    pub(super) fn is_consistent(&self) -> bool {
        let (gt, lt, st) = (self.condition(GT), self.condition(LT), self.condition(ST));
        if st.is_some_and(|st| st <= 0.0) {
            return false;
        }
        match (lt, gt) {
            (Some(lt), Some(gt)) => lt + 2.0 * st.unwrap_or(0.0) < gt,
            _ => true,
        }
    }
}

impl Engine<'_> {
    /// Write-Attributes: all of them or none (TS 1.0 section 5.4.4).
    pub(crate) fn write_attributes(&mut self, who: usize, request: &Request<'_>) -> Result<Reply, Error> {
        let path = request.path;
        // needs no right at 1.0 (TS 1.0 section 7.3.2); from 1.1 on that to read, but on the object
        let later = self.accounts.get(who).is_some_and(|account| account.version > VERSION_1_0);
        if later && path.instance != NONE {
            self.demand(who, path, rights::READ)?;
        }
        let numeric = self.takes_conditions(path)?;
        let server = self.server_id(who);
        let mine = |set: &AttributeSet| set.set != 0 && set.server == server && set.path == path;
        let at = self.attributes.iter().position(mine);
        let at = at.or_else(|| self.attributes.iter().position(|set| set.set == 0));
        let known = at.and_then(|at| self.attributes.get(at)).filter(|set| set.set != 0).copied();
        let mut new = known.unwrap_or(AttributeSet { server, path, ..AttributeSet::FREE });
        let mut named = 0u8;
        request.each_query(|query| {
            let mut parts = query.splitn(2, |byte| *byte == b'=');
            let name = parts.next().unwrap_or(&[]);
            let which = NAMES.iter().position(|known| known.as_bytes() == name).ok_or(Error::BadValue)?;
            if named >> which & 1 != 0 || (which >= GT && !numeric) {
                return Err(Error::BadValue);
            }
            named |= 1 << which;
            new.put(which, parts.next())
        })?;
        if !new.is_consistent() {
            return Err(Error::BadValue);
        }
        match at.and_then(|at| self.attributes.get_mut(at)) {
            Some(place) => *place = new,
            // nothing to remember where nothing is set
            None if new.set == 0 => {}
            None => return Err(Error::Full),
        }
        self.reporting_changed = true;
        self.attributes_changed(server, path);
        Ok(Reply::code(Code::CHANGED))
    }

    /// Whether the target is a number; refuses targets that cannot be observed.
    fn takes_conditions(&self, path: Path) -> Result<bool, Error> {
        if path.resource == NONE {
            return Ok(false);
        }
        let object = self.model.object(path.object).ok_or(Error::NotFound)?;
        let index = object.find(path.resource).ok_or(Error::NotFound)?;
        let resource = object.resource(index).ok_or(Error::NotFound)?;
        if !resource.allows(READ) {
            return Err(Error::NotAllowed);
        }
        Ok(resource.data_type.is_numeric())
    }

    /// What governs an observation of `path` by that server: each attribute from the nearest level that sets it.
    pub(crate) fn effective(&self, who: usize, path: Path) -> Effective {
        let server = self.server_id(who);
        let mut effective = Effective {
            pmin: self.server_period(who, DEFAULT_PMIN).unwrap_or(0),
            pmax: self.server_period(who, DEFAULT_PMAX).unwrap_or(0),
            gt: None,
            lt: None,
            st: None,
        };
        for depth in 1..=path.depth() {
            let Some(set) = self.set_at(server, path, depth) else { continue };
            effective.pmin = set.period(PMIN).unwrap_or(effective.pmin);
            effective.pmax = set.period(PMAX).unwrap_or(effective.pmax);
            effective.gt = set.condition(GT).or(effective.gt);
            effective.lt = set.condition(LT).or(effective.lt);
            effective.st = set.condition(ST).or(effective.st);
        }
        effective
    }

    fn set_at(&self, server: u16, path: Path, depth: usize) -> Option<&AttributeSet> {
        self.attributes.iter().find(|set| {
            set.set != 0 && set.server == server && set.path.depth() == depth && set.path.contains(path)
        })
    }

    /// Writes the attributes of `path` behind its link: those set there, and those inherited where `inherited`.
    pub(crate) fn link_attributes(
        &self,
        who: usize,
        path: Path,
        inherited: bool,
        out: &mut LinkWriter<'_, '_>,
    ) -> Result<(), Error> {
        let server = self.server_id(who);
        let depth = path.depth();
        for (which, name) in NAMES.iter().enumerate() {
            let from = if inherited { 1 } else { depth };
            let found = (from..=depth)
                .rev()
                .find_map(|depth| self.set_at(server, path, depth).filter(|set| set.has(which)));
            let Some(set) = found else { continue };
            if let Some(seconds) = set.period(which) {
                out.number(name, seconds.into());
            } else if let Some(value) = set.condition(which) {
                out.float(name, value)?;
            }
        }
        Ok(())
    }

    /// A server is gone, and what it set.
    pub(crate) fn forget_attributes_of(&mut self, who: usize) {
        let server = self.server_id(who);
        for set in self.attributes.iter_mut().filter(|set| set.server == server) {
            set.set = 0;
        }
    }

    /// An instance is gone, and what was set on it and below.
    pub(crate) fn forget_attributes(&mut self, path: Path) {
        for set in self.attributes.iter_mut().filter(|set| path.contains(set.path)) {
            set.set = 0;
        }
    }
}
