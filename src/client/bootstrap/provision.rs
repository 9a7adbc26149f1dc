//! Factory bootstrap from a blob: the bootstrap file of a production line (TS 1.0 section 5.2.3.1, Appendix G.3.3).

use super::Bootstrap;
use crate::client::{Context, Engine};
use crate::error::Error;
use crate::format::{TLV, bootstrap_file};
use crate::model::Change;
use crate::path::{NONE, Path};
use crate::time::Instant;

impl Bootstrap<'_> {
    /// Takes a blob as a whole, or leaves everything as it is.
    pub(super) fn apply(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        blob: &[u8],
    ) -> Result<(), Error> {
        let objects = bootstrap_file::objects(blob)?;
        engine.settled()?;
        // until it is settled, the same as in a session: a failure brings the old values back
        self.hold(engine);
        let done = self.impose_all(engine, objects).and_then(|()| self.settle_loaded(engine, ctx));
        if done.is_err() {
            self.give_back(engine, ctx);
        }
        self.resume(engine);
        done
    }

    fn impose_all(&self, engine: &mut Engine<'_>, objects: bootstrap_file::Objects<'_>) -> Result<(), Error> {
        for object in objects {
            let known = engine.model.object(object.id).filter(|mine| mine.version().0 == object.version.0);
            if known.is_none() {
                // optional objects may be unknown
                self.uncontrolled.set(self.uncontrolled.get() || object.id == 2);
                continue;
            }
            let base = Path::object(object.id);
            let change = Change { format: &TLV, base, payload: object.instances, replace: true };
            self.impose(engine, &change, &mut [])?;
        }
        Ok(())
    }

    /// What a blob or a card brought comes to hold, if it is consistent.
    pub(super) fn settle_loaded(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) -> Result<(), Error> {
        let mut named = 0u32;
        self.log.each(|at, _| {
            let instance = engine.model.instance(at.object, at.instance).filter(|_| at.object == 0);
            let row = instance.and_then(|instance| engine.security.row(instance));
            named = named.wrapping_add(row.is_some_and(|row| row.bootstrap.get()).into());
        });
        if named > 1 {
            // which of them would replace the other nobody can say
            return Err(Error::Inconsistent);
        }
        let security = self.consistent(engine, ctx, false)?;
        let bootstrap = engine.place_of_bootstrap();
        if let Some(who) = bootstrap {
            self.replace(engine, who, security)?;
        }
        engine.with_send(|engine, buffer| engine.save_settings(ctx, buffer))?;
        if let Some(who) = bootstrap {
            if security == NONE {
                // what was its instance is a server's now
                engine.release(ctx, who);
                self.purge.set(Instant::NEVER);
            } else if self.replaced.get() {
                self.rest(engine, ctx, who);
            }
        }
        self.take_over(engine, ctx, bootstrap.filter(|_| security != NONE).unwrap_or(usize::MAX));
        if security != NONE && bootstrap.is_none() {
            engine.place_bootstrap(security);
        }
        Ok(())
    }
}

impl Engine<'_> {
    /// Takes a provisioning blob.
    pub fn provision(&mut self, ctx: &mut Context<'_>, blob: &[u8]) -> Result<(), Error> {
        let bootstrapping = self.config.features.bootstrapping.ok_or(Error::NotSupported)?;
        bootstrapping.provision(self, ctx, blob)
    }

    /// Asks the bootstrap server for a bootstrap.
    pub fn start_bootstrap(&mut self) -> Result<(), Error> {
        let bootstrapping = self.config.features.bootstrapping.ok_or(Error::NotSupported)?;
        bootstrapping.start(self)
    }

    /// Makes the account of a bootstrap server that has none.
    pub(crate) fn place_bootstrap(&mut self, security: u16) -> bool {
        let free =
            self.accounts.iter().position(|account| account.state == crate::client::account::State::Free);
        if let Some(who) = free {
            self.settle_account(who, 0, security, NONE, Instant::NEVER);
        }
        free.is_some()
    }
}
