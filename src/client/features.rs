//! Parts of the client that a product can leave out: what the configuration does not name is not linked.
//!
//! Each is a table of entry points into the engine; without it, its requests get the answer that the specifications
//! give a client without it.

use crate::client::cards::IDENTITY;
use crate::client::keep::Keeper;
use crate::client::represent::Place;
use crate::client::request::Request;
use crate::client::respond::Reply;
use crate::client::setup::NewSms;
use crate::client::{Context, Deadline, Engine};
use crate::coap::{Block, Code, Message, Writer};
use crate::error::Error;
use crate::format::link::LinkWriter;
use crate::format::{Window, Written};
use crate::model::Object;
use crate::objects::{Credentials, SecurityRow};
use crate::path::Path;
use crate::secure::Backend;
use crate::sms::number::Number;
use crate::sms::packet::Opened;
use crate::storage::Storage;
use crate::time::Instant;

/// The parts that a configuration names.
#[derive(Clone, Copy, Default)]
pub struct Features<'a> {
    /// Observe, Notify and attributes. Without: Observe is answered as a Read (RFC 7641 section 4.1).
    pub reporting: Option<&'a dyn Reporting>,
    /// Request bodies in blocks, and long answers of one moment. Without: 4.13, and each block is of its own.
    pub transfers: Option<&'a dyn Transfers>,
    /// Create and Delete by servers. Without: 4.05.
    pub creation: Option<&'a dyn Creation>,
    /// Handlers that answer later. Without: 5.00.
    pub deferral: Option<&'a dyn Deferral>,
    /// DTLS, and the backend that does it. Without: accounts in NoSec mode only.
    pub securing: Option<(&'a dyn Securing, &'a dyn Backend)>,
    /// What outlives a power cut. Without: nothing does.
    pub keeping: Option<&'a dyn Keeping>,
    /// Short messages. Without: bindings without S only.
    pub texting: Option<&'a dyn Texting>,
    /// Secured packets. Without: SMS is NoSec or DTLS.
    pub packing: Option<&'a dyn Packing>,
    /// Bootstrap from a smartcard, and short messages that end on it. Without: no card is read.
    pub carding: Option<&'a dyn Carding>,
    /// Bootstrap, and the order of registrations that goes with it. Without: the accounts are the factory's.
    pub bootstrapping: Option<&'a dyn Bootstrapping>,
}

/// What became of a Confirmable notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was acknowledged.
    Arrived,
    /// It was not, however often repeated.
    Lost,
    /// The server does not want it.
    Rejected,
    /// The network went before it arrived.
    Caught,
}

/// Information reporting (TS 1.0 section 5.5) and attributes (5.1, 5.4.4).
pub trait Reporting: Sync {
    /// A Read with Observe has been answered; gives the Observe option of the answer.
    fn observe(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        format: u16,
    ) -> Option<u32>;
    /// Write-Attributes.
    fn write_attributes(
        &self,
        engine: &mut Engine<'_>,
        who: usize,
        request: &Request<'_>,
    ) -> Result<Reply, Error>;
    /// Writes the attributes of `path` behind its link.
    fn link(
        &self,
        engine: &Engine<'_>,
        who: usize,
        path: Path,
        inherited: bool,
        out: &mut LinkWriter<'_, '_>,
    ) -> Result<(), Error>;
    /// A value changed.
    fn note(&self, engine: &mut Engine<'_>, path: Path);
    /// A handler that deferred has its value now. Whether a notification waited for it.
    fn ready(&self, engine: &mut Engine<'_>, path: Path) -> bool;
    /// The default periods of the Server object changed.
    fn periods_changed(&self, engine: &mut Engine<'_>, who: usize);
    /// A place and all below it is gone.
    fn gone(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, path: Path);
    /// The server knows nothing of its observations any more; with `account`, it is gone altogether.
    fn forget(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, account: bool);
    /// Sends what is due.
    fn report(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>);
    /// When something is due.
    fn deadline(&self, engine: &Engine<'_>, now: Instant, next: Deadline) -> Deadline;
    /// What became of the Confirmable notification in that place.
    fn fate(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, at: u8, fate: Fate);
    /// A Reset of a Non-confirmable notification.
    fn reset(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, id: u16);
    /// Gives what a server observes and the attributes that it set, in pieces, to be stored.
    fn pack(&self, engine: &Engine<'_>, who: usize, put: &mut dyn FnMut(&[u8]));
    /// Takes up what was stored.
    fn unpack(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        packed: &[u8],
    ) -> Result<(), Error>;
}

/// Request bodies in blocks (RFC 7959 section 2.5).
pub trait Transfers: Sync {
    /// Serves one block.
    fn block(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        block: Block,
        buffer: &mut [u8],
    ) -> Result<Reply, Error>;
    /// Writes a block of a representation, all of whose blocks are of one moment where there is room for that.
    fn cut(
        &self,
        engine: &mut Engine<'_>,
        now: Instant,
        place: &Place<'_>,
        window: Window<'_>,
    ) -> Result<Written, Error>;
    /// A place and all below it is gone.
    fn gone(&self, engine: &mut Engine<'_>, path: Path);
    /// Tells a server how large a body and a block may be.
    fn hint(&self, engine: &Engine<'_>, reply: Reply) -> Reply;
}

/// Create and Delete (TS 1.0 sections 5.4.6 and 5.4.7).
pub trait Creation: Sync {
    /// Create.
    fn create(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        object: &dyn Object,
        buffer: &mut [u8],
    ) -> Result<Reply, Error>;
    /// Delete.
    fn delete(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        path: Path,
        object: &dyn Object,
    ) -> Result<Reply, Error>;
}

/// Requests that are answered later (RFC 7252 section 5.2.2).
pub trait Deferral: Sync {
    /// Keeps a request.
    fn keep(&self, engine: &mut Engine<'_>, who: usize, request: &Request<'_>) -> Result<(), Error>;
    /// Sends answers that are ready.
    fn answer(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>);
}

/// DTLS sessions (TS 1.0 section 7.1).
pub trait Securing: Sync {
    /// Whether the backend can serve credentials.
    fn accepts(
        &self,
        ctx: &Context<'_>,
        backend: &dyn Backend,
        credentials: &Credentials<'_>,
    ) -> Result<(), Error>;
    /// Puts credentials into a row of the Security object. An error, and nothing done, where the backend cannot serve them.
    fn install(
        &self,
        ctx: &Context<'_>,
        backend: &dyn Backend,
        row: &SecurityRow<'_>,
        credentials: &Credentials<'_>,
    ) -> Result<(), Error>;
    /// The link of an account is given up, because it failed or our address is a new one. True if the session goes on over
    /// another link: then this one is closed. False if the link is still to be closed, and the session with it.
    fn leave(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> bool;
    /// The server did not know the registration or the session that we tried to go on with: all begins anew, at once.
    fn begin_anew(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize);
    /// The link of an account that is to be secured is ready.
    fn begin(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize);
    /// Does what is due.
    fn drive(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize);
    /// Takes a datagram, the first `length` bytes of `buffer`.
    fn take(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        buffer: &mut [u8],
        length: usize,
    );
    /// Sends a message.
    fn send(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        plain: &[u8],
    ) -> Result<(), Error>;
    /// Ends the session of an account, if there is one.
    fn end(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, how: u32);
}

/// What is stored of the objects: only an application that loads them links it.
pub trait Storing: Sync {
    /// A server wrote to a place, or the accounts changed.
    fn touched(&self, keeper: &Keeper<'_>, engine: &Engine<'_>, path: Path);
    /// Stores everything that differs from what storage holds; `buffer` is for that.
    fn store(
        &self,
        keeper: &Keeper<'_>,
        engine: &Engine<'_>,
        ctx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Result<(), Error>;
    /// Takes up what was stored; the number of accounts.
    fn load(
        &self,
        keeper: &Keeper<'_>,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
    ) -> Result<usize, Error>;
    /// Removes what was stored.
    fn erase(&self, keeper: &Keeper<'_>, ctx: &mut Context<'_>) -> Result<(), Error>;
}

/// What outlives a power cut.
pub trait Keeping {
    /// A server wrote to a place, or the accounts changed.
    fn touched(&self, engine: &Engine<'_>, path: Path);
    /// Stores what was touched; `buffer` is for that.
    fn flush(&self, engine: &Engine<'_>, ctx: &mut Context<'_>, buffer: &mut [u8]);
    /// Stores the objects 0 to 2, and those that ask for it.
    fn store(&self, engine: &Engine<'_>, ctx: &mut Context<'_>, buffer: &mut [u8]) -> Result<(), Error>;
    /// Takes up what was stored; the number of accounts. From then on `storing` does the four above.
    fn load(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        storing: &'static dyn Storing,
    ) -> Result<usize, Error>;
    /// Removes what was stored.
    fn erase(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        storing: &'static dyn Storing,
    ) -> Result<(), Error>;
    /// Stable storage.
    fn storage(&self) -> &dyn Storage;
    /// Takes the session of the last life up, once; false where there is none.
    fn restore(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> bool;
    /// The server has answered a Register or an Update.
    fn keep(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize);
    /// What storage says of the registration may have changed.
    fn refresh(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize);
    /// A server is about to be told that it observes something, or that its attributes hold: storage must not say
    /// otherwise.
    fn observed(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize);
    /// Writes down what servers observe, where that has changed.
    fn settle(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>);
    /// Makes sure that the next record may be sent. After an error it may not.
    fn reserve(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize) -> Result<(), Error>;
    /// Removes the session of an account.
    fn discard(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize);
}

/// Short messages (TS 1.0 sections 5.3.1.1, 7.2 and 8.6.2).
pub trait Texting {
    /// Which bindings an account can keep by what its Security instance says: 1 those of SMS alone, 2 all. An error: none with S.
    fn accepts(&self, engine: &Engine<'_>, row: &SecurityRow<'_>) -> Result<u8, Error>;
    /// Puts what the application says of SMS into a row of the Security object; what [`Texting::accepts`] says then.
    fn install(
        &self,
        engine: &Engine<'_>,
        row: &SecurityRow<'_>,
        sms: Option<&NewSms<'_>>,
    ) -> Result<u8, Error>;
    /// The account is a new one: how it is reached, and whether SMS is its way.
    fn settle(&self, engine: &mut Engine<'_>, who: usize);
    /// The binding was written: where another way is the account's now, it registers by that.
    fn follow(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize);
    /// Takes one message, if one waits; with `only` it must be for that account.
    fn receive(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, only: Option<usize>);
    /// Sends a message.
    fn send(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        message: &[u8],
    ) -> Result<(), Error>;
    /// When parts of a message that is not complete are given up.
    fn deadline(&self, next: Deadline) -> Deadline;
    /// `sms=`, where the own number is known (TS 1.0 section 5.3.1).
    fn write_number(&self, writer: &mut Writer<'_>) -> Result<(), Error>;
    /// A message that a card has opened.
    fn arrived(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        from: &Number,
        message: &[u8],
    ) -> Result<(), Error>;
    /// The own number is another one.
    fn set_number(&self, number: &[u8]) -> Result<(), Error>;
}

/// Secured packets (TS 1.0 section 7.2.2.3).
pub trait Packing {
    /// Whether parameters and keys can be used.
    fn accepts(&self, engine: &Engine<'_>, row: &SecurityRow<'_>) -> Result<(), Error>;
    /// Opens a packet in place; where the message lies in it, and whether a response packet is asked for.
    fn open(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        packet: &mut [u8],
    ) -> Result<Opened, Error>;
    /// Makes a packet of a message.
    fn protect(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        message: &[u8],
        packet: &mut [u8],
    ) -> Result<usize, Error>;
    /// Makes a response packet for the packet with that counter, as its SPI asks for.
    fn respond(
        &self,
        engine: &Engine<'_>,
        who: usize,
        opened: &Opened,
        packet: &mut [u8],
    ) -> Result<usize, Error>;
    /// A bootstrap session begins: what its server writes over its own keys is not for this session. [`Packing::forget`]
    /// ends that.
    fn hold(&self, engine: &Engine<'_>, who: usize);
    /// The account in that place is another one, or another session of it.
    fn forget(&self, who: usize);
}

/// A smartcard (TS 1.0 sections 5.2.3.2 and 7.2.2.2).
pub trait Carding {
    /// Does what is due. Whether that is all that may happen now.
    fn turn(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) -> bool;
    /// When something is due; whether nothing else is.
    fn deadline(&self, next: Deadline) -> (Deadline, bool);
    /// Whether the card was tried, so that other ways may follow (TS 1.0 section 5.2.4).
    fn is_tried(&self) -> bool;
    /// Whether an account may register or send an Update now. One that came from the card has it looked at before.
    fn admits(&self, engine: &Engine<'_>, now: Instant, who: usize) -> bool;
    /// Whether an account waits for the card.
    fn holds(&self, who: usize) -> bool;
    /// The card is to be looked at: another one may be there.
    fn changed(&self);
    /// Card and data that hold, to be stored; `None`: nothing came from a card.
    fn identity(&self) -> Option<[u8; IDENTITY]>;
    /// What was stored.
    fn adopt(&self, identity: [u8; IDENTITY]);
    /// Whether short messages in secured packets end on the card.
    fn ends_messages(&self) -> bool;
    /// A message for the card to pack and send. [`Error::Busy`] where there is no room for it now.
    fn post(&self, to: &Number, message: &[u8]) -> Result<(), Error>;
    /// How large a message can be that goes to the card; `usize::MAX` where none end on it.
    fn room(&self) -> usize;
    /// Whether messages wait for the card.
    fn unsent(&self) -> bool;
    /// Messages may wait on the card.
    fn messages_wait(&self);
    /// The client ends.
    fn abandon(&self);
}

/// Bootstrap (TS 1.0 section 5.2), and what follows when a registration fails.
pub trait Bootstrapping {
    /// Does what is due. Whether that is all that may happen now.
    fn turn(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) -> bool;
    /// When something is due; whether nothing else is.
    fn deadline(&self, engine: &Engine<'_>, now: Instant, next: Deadline) -> (Deadline, bool);
    /// The bootstrap server can be spoken to.
    fn request(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize);
    /// It has answered the Bootstrap-Request.
    fn answered(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, code: Code);
    /// An attempt failed. Whether it is said when the next one is made.
    fn failed(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, status: i32) -> bool;
    /// A server knows the client.
    fn registered(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize);
    /// A message of the bootstrap server.
    fn serve(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        came: (&Message<'_>, &Request<'_>),
        buffer: &mut [u8],
    ) -> Result<Reply, Error>;
    /// A command of the bootstrap server whose payload is complete.
    fn command(
        &self,
        engine: &mut Engine<'_>,
        who: usize,
        request: &Request<'_>,
        buffer: &mut [u8],
    ) -> Result<Reply, Error>;
    /// The application wants a bootstrap.
    fn start(&self, engine: &mut Engine<'_>) -> Result<(), Error>;
    /// The client leaves all servers, `for_good`; or the network is another one.
    fn stop(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, for_good: bool);
    /// Overwrites what is secret.
    fn wipe(&self);
    /// Whether a session is under way: accounts are the bootstrap server's to change.
    fn is_held(&self) -> bool;
    /// Makes an instance of the Security object that of the bootstrap server, with Client Hold Off Time and Bootstrap-Server
    /// Account Timeout; gives its instance of the Server object, [`NONE`](crate::path::NONE).
    fn adopt(&self, engine: &Engine<'_>, security: u16, times: (u32, u32)) -> Result<u16, Error>;
    /// Takes a provisioning blob.
    fn provision(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, blob: &[u8]) -> Result<(), Error>;
    /// The accounts come from storage: they begin in their order. `purges` is what [`Bootstrapping::purges`] said then.
    fn arrange(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, purges: bool);
    /// Whether the time of the bootstrap server's account has begun to run.
    fn purges(&self) -> bool;
}

/// The parts as the library has them.
pub struct Library;

impl Reporting for Library {
    fn observe(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        format: u16,
    ) -> Option<u32> {
        engine.observe_or_cancel(ctx, who, request, format)
    }
    fn write_attributes(
        &self,
        engine: &mut Engine<'_>,
        who: usize,
        request: &Request<'_>,
    ) -> Result<Reply, Error> {
        engine.write_attributes(who, request)
    }
    fn link(
        &self,
        engine: &Engine<'_>,
        who: usize,
        path: Path,
        inherited: bool,
        out: &mut LinkWriter<'_, '_>,
    ) -> Result<(), Error> {
        engine.link_attributes(who, path, inherited, out)
    }
    fn note(&self, engine: &mut Engine<'_>, path: Path) {
        engine.latch_change(path);
    }
    fn ready(&self, engine: &mut Engine<'_>, path: Path) -> bool {
        engine.resume_notifications(path)
    }
    fn periods_changed(&self, engine: &mut Engine<'_>, who: usize) {
        let server = engine.server_id(who);
        engine.attributes_changed(server, Path::ROOT);
    }
    fn gone(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, path: Path) {
        engine.end_observations_of(ctx, path);
        engine.forget_attributes(path);
    }
    fn forget(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, account: bool) {
        engine.drop_observations(ctx, who);
        if account {
            engine.forget_attributes_of(who);
        }
    }
    fn report(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        engine.report_due(ctx);
    }
    fn deadline(&self, engine: &Engine<'_>, now: Instant, next: Deadline) -> Deadline {
        engine.observation_deadlines(now, next)
    }
    fn fate(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, at: u8, fate: Fate) {
        match fate {
            Fate::Arrived => engine.notify_confirmed(ctx.now, at),
            Fate::Lost => engine.notify_failed(ctx, who, at.into()),
            Fate::Rejected => engine.end_observation(ctx, at.into(), 0),
            Fate::Caught => engine.take_back(at.into()),
        }
    }
    fn reset(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>, who: usize, id: u16) {
        engine.reset_notification(ctx, who, id);
    }
    fn pack(&self, engine: &Engine<'_>, who: usize, put: &mut dyn FnMut(&[u8])) {
        engine.pack_observations(who, put);
        engine.pack_attributes(who, put);
    }
    fn unpack(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        packed: &[u8],
    ) -> Result<(), Error> {
        let rest = engine.unpack_observations(ctx, who, packed)?;
        engine.unpack_attributes(who, rest)
    }
}

impl Transfers for Library {
    fn block(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        block: Block,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        engine.serve_block(ctx, who, request, block, buffer)
    }
    fn cut(
        &self,
        engine: &mut Engine<'_>,
        now: Instant,
        place: &Place<'_>,
        window: Window<'_>,
    ) -> Result<Written, Error> {
        engine.cut_held(now, place, window)
    }
    fn gone(&self, engine: &mut Engine<'_>, path: Path) {
        engine.end_stream(path);
    }
    fn hint(&self, engine: &Engine<'_>, reply: Reply) -> Reply {
        engine.size_hint(reply)
    }
}

impl Creation for Library {
    fn create(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        request: &Request<'_>,
        object: &dyn Object,
        buffer: &mut [u8],
    ) -> Result<Reply, Error> {
        engine.create(ctx, who, request, object, buffer)
    }
    fn delete(
        &self,
        engine: &mut Engine<'_>,
        ctx: &mut Context<'_>,
        who: usize,
        path: Path,
        object: &dyn Object,
    ) -> Result<Reply, Error> {
        engine.delete(ctx, who, path, object)
    }
}

impl Deferral for Library {
    fn keep(&self, engine: &mut Engine<'_>, who: usize, request: &Request<'_>) -> Result<(), Error> {
        engine.keep_pending(who, request)
    }
    fn answer(&self, engine: &mut Engine<'_>, ctx: &mut Context<'_>) {
        engine.answer_pending(ctx);
    }
}

/// The one of them all.
pub static LIBRARY: Library = Library;
