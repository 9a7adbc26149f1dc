//! A bootstrap server and its device: what the server commands, in order and out of order, while links fail, time passes
//! and the application has wishes of its own.

use super::life::{Life, Shape};
use super::payload::{self, INSTANCES, OBJECTS, RESOURCES};
use super::provisioning::next_life;
use super::watch::{State, Watch, has_thing};
use crate::bytes::Bytes;
use crate::request::{Request, response};
use crate::world::objects::THING;
use crate::world::{LINKS, World};
use whimbrel::capi::*;
use whimbrel::coap::{Block, Code, Kind, Message, Writer, option};

/// How many steps a run has.
const STEPS: usize = 48;
const TLV: u16 = 11542;

/// Runs a script: the shape of the client, then what is done to it.
pub fn session(data: &[u8]) {
    let mut bytes = Bytes(data);
    let shape = Shape::new(bytes.pair());
    let mut world = Box::new(World::new());
    let life = Life::new(&raw mut *world, shape);
    let mut scene = Scene { life, watch: Watch::default(), last: Vec::new() };
    scene.begin();
    for _ in 0..STEPS {
        if bytes.is_empty() {
            break;
        }
        scene.step(&mut bytes);
    }
    scene.finish();
}

struct Scene {
    life: Life,
    watch: Watch,
    /// What the bootstrap server sent last.
    last: Vec<u8>,
}

/// A command of the bootstrap server.
#[derive(Default)]
struct Command<'c> {
    method: u8,
    path: &'c [String],
    format: Option<u16>,
    accept: Option<u16>,
    block: Option<Block>,
    payload: &'c [u8],
}

/// The formats of payloads, the right one more often.
fn format(bytes: &mut Bytes<'_>) -> Option<u16> {
    match bytes.pick(&[TLV, TLV, TLV, TLV, 11543, 0, 42, 40, 9999, u16::MAX]) {
        u16::MAX => None,
        format => Some(format),
    }
}

/// A place of that depth.
fn place(depth: u8, bytes: &mut Bytes<'_>) -> Vec<u16> {
    let mut path = Vec::new();
    for ids in [&OBJECTS[..], &INSTANCES, &RESOURCES].iter().take(depth.into()) {
        path.push(bytes.pick(ids));
    }
    path
}

fn segments(path: &[u16]) -> Vec<String> {
    path.iter().map(u16::to_string).collect()
}

impl Scene {
    fn begin(&mut self) {
        if self.life.shape.keeps {
            let status = unsafe { whimbrel_configuration_load(self.life.client) };
            assert_eq!(status, WHIMBREL_ERR_NOT_FOUND);
        }
        self.life.furnish();
        self.watch.settle(&mut self.life);
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        let choice = bytes.byte();
        match choice & 31 {
            0 => {
                let datagram = bytes.chunk().to_vec();
                self.put(usize::from(choice >> 6), datagram);
            }
            1 | 2 => self.request(usize::from(choice >> 6), bytes),
            3..=6 => self.write(bytes),
            7 => self.write_value(bytes),
            8 => self.write_in_blocks(choice, bytes),
            9 | 10 => self.delete(choice, bytes),
            11 => self.ask(choice, bytes),
            12..=14 => self.finish_session(choice, bytes),
            15 => {
                let last = self.last.clone();
                self.tell(last);
            }
            16 => self.answer(usize::from(choice >> 6), bytes),
            _ => self.happen(choice, bytes),
        }
        self.watch.tainted |= !self.life.world().refusals.is_empty();
        if choice & 0x20 == 0 {
            self.watch.settle(&mut self.life);
        }
    }

    /// What happens beside the commands.
    fn happen(&mut self, choice: u8, bytes: &mut Bytes<'_>) {
        match choice & 31 {
            17 => {
                let step = bytes.pick(&[1, 100, 2_000, 20_000, 93_000, 247_000, 300_000, 90_000_000]);
                self.watch.disturbed |= step > 300_000;
                self.life.world().now += step;
            }
            18 | 19 => self.watch.sleep(&mut self.life),
            20 => self.network(choice >> 6),
            21 => {
                self.life.world().trouble = bytes.byte();
                self.watch.disturbed = true;
            }
            22 => {
                let answers = [Some(Code::CHANGED), None, Some(Code::BAD_REQUEST), Some(Code(0x8f))];
                let world = self.life.world();
                (world.serves, world.bootstraps) = (choice & 0x80 == 0, bytes.pick(&answers));
            }
            23 => self.life.world().shelf.trouble = bytes.byte() & 7,
            24 => {
                let status = bytes.pick(&[0, 0, -5, -4, -2, WHIMBREL_DEFERRED]);
                self.life.world().refusals.push_back(status);
            }
            25 => self.order(bytes),
            26 => {
                let blob = payload::blob(bytes);
                let held = self.watch.is_held();
                let status = unsafe { whimbrel_provision(self.life.client, blob.as_ptr(), blob.len()) };
                assert!(!held || status < 0, "a blob is taken during a bootstrap");
            }
            27 => drop(unsafe { whimbrel_bootstrap_start(self.life.client) }),
            28 => self.conduct(&[1, 2, 3][usize::from(choice >> 6) % 3..][..1], choice & 0x40 != 0),
            29 => self.execute(usize::from(choice >> 6), bytes),
            _ => drop(unsafe { whimbrel_changed(self.life.client, path(bytes)) }),
        }
        self.watch.called(&mut self.life);
    }

    fn network(&mut self, how: u8) {
        self.watch.disturbed = true;
        // links go with it, and with the bootstrap server's its session, at the next poll
        self.life.world().quiet = false;
        let (online, new_address) = (i32::from(how & 1), i32::from(how >> 1 & 1));
        unsafe { whimbrel_client_network(self.life.client, online, new_address) };
    }

    /// What an application may ask for at any time.
    fn order(&mut self, bytes: &mut Bytes<'_>) {
        let (choice, id) = (bytes.byte(), u16::from(bytes.byte() % 4));
        self.watch.disturbed |= choice % 8 == 7;
        unsafe {
            match choice % 8 {
                0 => drop(self.life.add_account(id, choice & 0x80 != 0)),
                1 => drop(whimbrel_account_remove(self.life.client, id)),
                2 => drop(whimbrel_account_update(self.life.client, id)),
                3 => drop(self.life.add_thing(id)),
                // the data stays with the world
                4 => drop(whimbrel_instance_remove(self.life.client, THING, id)),
                5 => drop(whimbrel_device_error(self.life.client, choice)),
                6 if choice & 0x80 != 0 => {
                    // the next life has nothing of this one
                    self.life.shape.keeps = false;
                    whimbrel_configuration_erase(self.life.client);
                }
                6 if choice & 0x40 != 0 => drop(self.life.secure(id)),
                6 => drop(self.life.allow(THING, id)),
                7 => {
                    self.life.world().quiet = false;
                    whimbrel_client_stop(self.life.client);
                }
                _ => {}
            }
        }
    }

    fn put(&mut self, link: usize, datagram: Vec<u8>) {
        let link = &mut self.life.world().links[link % LINKS];
        if link.open {
            link.inbox.push_back(datagram);
        }
    }

    /// The bootstrap server sends something, if there is a link to it.
    fn tell(&mut self, datagram: Vec<u8>) {
        self.last.clone_from(&datagram);
        if let Some(link) = self.life.world().bootstrap_link() {
            self.put(link, datagram);
        }
    }

    fn command(&mut self, command: &Command<'_>) {
        let id = self.life.world().fresh_id();
        let mut buffer = [0; 1400];
        let mut out =
            Writer::new(&mut buffer, Kind::Confirmable, Code(command.method), id, b"bs").expect("room");
        for segment in command.path {
            let _ = out.option(option::URI_PATH, segment.as_bytes());
        }
        if let Some(format) = command.format {
            let _ = out.option_uint(option::CONTENT_FORMAT, format.into());
        }
        if let Some(accept) = command.accept {
            let _ = out.option_uint(option::ACCEPT, accept.into());
        }
        if let Some(block) = command.block {
            let _ = out.option_uint(option::BLOCK1, block.to_uint());
        }
        let room = out.room().len();
        let length = out.payload(&command.payload[..command.payload.len().min(room)]).expect("room");
        self.tell(buffer[..length].to_vec());
    }

    /// Writes an object or an instance.
    fn write(&mut self, bytes: &mut Bytes<'_>) {
        let path = place(1 + bytes.byte() % 2, bytes);
        let payload = payload_for(&path, bytes);
        let format = if bytes.byte() & 7 == 7 { format(bytes) } else { Some(TLV) };
        self.command(&Command {
            method: 3,
            path: &segments(&path),
            format,
            payload: &payload,
            ..Command::default()
        });
    }

    fn write_value(&mut self, bytes: &mut Bytes<'_>) {
        let path = place(3, bytes);
        let (format, payload) = (format(bytes), payload::value(bytes));
        self.command(&Command {
            method: 3,
            path: &segments(&path),
            format,
            payload: &payload,
            ..Command::default()
        });
    }

    /// Sends a payload in blocks, of which one may come twice, and one not at all.
    fn write_in_blocks(&mut self, choice: u8, bytes: &mut Bytes<'_>) {
        let path = place(1 + bytes.byte() % 2, bytes);
        let (payload, exponent) = (payload_for(&path, bytes), bytes.byte() % 3);
        let flaw = bytes.byte();
        let count = payload.chunks(16 << exponent).count();
        let path = segments(&path);
        for (number, part) in payload.chunks(16 << exponent).enumerate() {
            if flaw & 0x80 != 0 && number == usize::from(flaw & 15) {
                continue;
            }
            let block = Some(Block { number: number as u32, more: number + 1 < count, exponent });
            self.command(&Command {
                method: 3,
                path: &path,
                format: Some(TLV),
                block,
                payload: part,
                ..Command::default()
            });
            if flaw & 0x40 != 0 && number == usize::from(flaw & 15) {
                let last = self.last.clone();
                self.tell(last);
            }
            if choice & 0x40 == 0 {
                self.watch.settle(&mut self.life);
            }
        }
    }

    fn delete(&mut self, choice: u8, bytes: &mut Bytes<'_>) {
        let path = segments(&place(choice >> 6, bytes));
        self.command(&Command { method: 4, path: &path, ..Command::default() });
    }

    /// Discover and Read.
    fn ask(&mut self, choice: u8, bytes: &mut Bytes<'_>) {
        let path = segments(&place(choice >> 6, bytes));
        let accept = bytes.pick(&[Some(40), Some(40), None, Some(TLV), Some(11543), Some(0)]);
        self.command(&Command { method: 1, path: &path, accept, ..Command::default() });
    }

    fn finish_session(&mut self, choice: u8, bytes: &mut Bytes<'_>) {
        let flawed = choice & 0xc0 == 0xc0;
        let path = if flawed { vec!["bs".to_owned(), "x".to_owned()] } else { vec!["bs".to_owned()] };
        let payload = if choice & 0x80 == 0 { &[][..] } else { bytes.chunk() };
        self.command(&Command { method: 2, path: &path, payload, ..Command::default() });
    }

    /// Some request, of any server.
    fn request(&mut self, link: usize, bytes: &mut Bytes<'_>) {
        let mut buffer = [0; 1400];
        let id = self.life.world().fresh_id();
        let length = Request { buffer: &mut buffer, id }.write(bytes);
        self.put(link, buffer[..length].to_vec());
    }

    /// Some answer to what the client said last.
    fn answer(&mut self, link: usize, bytes: &mut Bytes<'_>) {
        let (id, token) = self.life.world().links[link % LINKS].last.clone();
        let mut buffer = [0; 600];
        let length = response(&mut buffer, bytes, id, &token);
        self.put(link, buffer[..length].to_vec());
    }

    /// A server executes what its account offers: Disable, Update, Bootstrap-Request Trigger.
    fn execute(&mut self, link: usize, bytes: &mut Bytes<'_>) {
        self.watch.disturbed = true;
        let path = [1, bytes.pick(&[0, 1, 2, 3]), bytes.pick(&[9, 9, 4, 8])];
        let id = self.life.world().fresh_id();
        let mut buffer = [0; 64];
        let mut out = Writer::new(&mut buffer, Kind::Confirmable, Code::POST, id, b"do").expect("room");
        for segment in segments(&path) {
            out.option(option::URI_PATH, segment.as_bytes()).expect("room");
        }
        let length = out.finish();
        self.put(link, buffer[..length].to_vec());
    }

    /// A bootstrap as it should be, from Delete to Finish: these servers, and the bootstrap server as it is.
    fn conduct(&mut self, servers: &[u16], finishes: bool) {
        let bootstrap = |held: &&super::probe::Held| held.object == 0 && held.number(1) == Some(1);
        let held = self.life.look();
        let mine = held.iter().find(bootstrap).map_or(65535, |held| held.id);
        self.command(&Command { method: 4, ..Command::default() });
        self.watch.settle(&mut self.life);
        for server in servers {
            let [_, (_, security), (_, account)] = payload::sound(*server);
            let id = if mine == *server { server + 1 } else { *server };
            for (object, instance, payload) in [(0, id, &security), (1, *server, &account)] {
                let path = segments(&[object, instance]);
                self.command(&Command {
                    method: 3,
                    path: &path,
                    format: Some(TLV),
                    payload,
                    ..Command::default()
                });
                self.watch.settle(&mut self.life);
            }
        }
        if finishes {
            self.command(&Command { method: 2, path: &["bs".to_owned()], ..Command::default() });
        }
    }

    /// Everything works again. What was under way comes to its end; then a bootstrap succeeds.
    fn finish(mut self) {
        self.calm();
        if self.life.shape.small {
            // there may be no room for the old values of all that is there
            return next_life(self.life, &mut self.watch);
        }
        let before = State::of(&self.life);
        let sound = |held: &super::probe::Held| {
            let uri = held.value(0).unwrap_or(&[]);
            held.object == 0
                && held.number(1) == Some(1)
                && held.number(2) == Some(3)
                && uri.starts_with(b"coap://")
        };
        let there = before.accounts.first() == Some(&0) && before.held.iter().any(sound);
        let status = unsafe { whimbrel_bootstrap_start(self.life.client) };
        assert_eq!(status == WHIMBREL_ERR_NOT_FOUND, before.accounts.first() != Some(&0), "{status}");
        if there {
            self.bootstrap_succeeds();
        }
        next_life(self.life, &mut self.watch);
    }

    fn calm(&mut self) {
        let world = self.life.world();
        (world.trouble, world.serves, world.bootstraps) = (0, true, Some(Code::CHANGED));
        world.shelf.trouble = 0;
        world.refusals.clear();
        for link in &mut world.links {
            link.inbox.clear();
        }
        self.network(1);
        self.watch.settle(&mut self.life);
        // beyond EXCHANGE_LIFETIME a session has failed, and no Message ID is remembered
        self.watch.disturbed = true;
        self.life.world().bootstraps = None;
        self.life.world().now += 300_000;
        self.watch.settle(&mut self.life);
        if self.watch.is_held() {
            // another one had begun meanwhile
            self.life.world().now += 300_000;
            self.watch.settle(&mut self.life);
        }
        assert!(!self.watch.is_held(), "a session without an end");
        self.life.world().bootstraps = Some(Code::CHANGED);
    }

    fn bootstrap_succeeds(&mut self) {
        for _ in 0..40 {
            if self.watch.is_held() {
                break;
            }
            self.watch.sleep(&mut self.life);
        }
        let told: Vec<_> = self.life.world().events.iter().map(|e| (e.code, e.status, e.at)).collect();
        assert!(self.watch.is_held(), "no bootstrap begins: {told:?} at {}", self.life.world().now);
        let link = self.life.world().bootstrap_link().expect("a session has a link");
        self.life.world().links[link].answers.clear();
        let (held, before) = (self.life.look(), self.watch.succeeded);
        self.conduct(&[1], true);
        self.watch.settle(&mut self.life);
        let answers: Vec<_> = self.life.world().links[link]
            .answers
            .iter()
            .map(|answer| Message::parse(answer).expect("was checked when it came").code)
            .collect();
        assert_eq!(self.watch.succeeded, before + 1, "{answers:?} with {held:?}");
        let after = self.life.look();
        assert!(!has_thing(&after, 7), "what was deleted is there");
        for _ in 0..20 {
            if self.life.registered() == [1] {
                return;
            }
            self.watch.sleep(&mut self.life);
        }
        panic!("not registered after a bootstrap");
    }
}

/// What may be written to a place.
fn payload_for(path: &[u16], bytes: &mut Bytes<'_>) -> Vec<u8> {
    match *path {
        [object] => payload::instances(object, bytes),
        [object, ..] => payload::instance(object, bytes),
        [] => Vec::new(),
    }
}

/// A place that may exist.
fn path(bytes: &mut Bytes<'_>) -> whimbrel_path_t {
    whimbrel_path_t {
        object: bytes.pick(&OBJECTS),
        instance: bytes.pick(&INSTANCES),
        resource: bytes.pick(&RESOURCES),
        resource_instance: WHIMBREL_NONE,
    }
}
