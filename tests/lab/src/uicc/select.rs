//! SELECT, READ BINARY, READ RECORD and VERIFY (ETSI TS 102 221 sections 8.4 and 11.1).

use super::apdu::{Command, Reply, counted, sw};
use super::card::Uicc;
use super::description::Reading;
use super::files::{Access, CURRENT_APPLICATION, Content, Directory, File, MASTER};
use super::scp03::Session;

/// EF(DIR).
const EF_DIR: u16 = 0x2f00;

/// What SELECT found: a directory, and maybe a file in it.
struct Target {
    steps: Vec<usize>,
    file: Option<usize>,
}

impl Target {
    const fn directory(steps: Vec<usize>) -> Self {
        Self { steps, file: None }
    }
}

impl Uicc {
    pub(super) fn select(&mut self, command: &Command) -> Result<Reply, u16> {
        let by_name = command.p1 == 0x04;
        let occurrence = if by_name { command.p2 & 0x03 } else { 0 };
        let wants_data = match command.p2 - occurrence {
            0x00 | 0x04 => !self.description.mute,
            0x0c => false,
            _ => return Err(sw::P1_P2),
        };
        let target = match (command.p1, occurrence) {
            (0x00, _) => self.by_id(command)?,
            (0x03, _) => self.parent(command)?,
            (0x04, 0 | 2) => self.by_name(command, occurrence == 2)?,
            (0x08, _) => self.by_path(command, Vec::new())?,
            (0x09, _) => {
                let here = self.channel(command.channel).directory.clone();
                self.by_path(command, here)?
            }
            _ => return Err(sw::P1_P2),
        };
        let reply = self.told(&target, wants_data)?;
        self.enter(command, target, by_name);
        Ok(reply)
    }

    fn told(&self, target: &Target, wants_data: bool) -> Result<Reply, u16> {
        let directory = self.description.root.at(&target.steps).ok_or(sw::NOT_FOUND)?;
        let file = target.file.and_then(|n| directory.files.get(n));
        let active = file.map_or(directory.active, |file| file.active);
        let fcp = || match file {
            Some(file) => file.fcp(!target.steps.is_empty()),
            None => directory.fcp(&self.description.pins),
        };
        let data = if wants_data { fcp() } else { Vec::new() };
        Ok(Reply { data, sw: if active { sw::OK } else { sw::DEACTIVATED } })
    }

    fn enter(&mut self, command: &Command, target: Target, by_name: bool) {
        let directory = self.description.root.at(&target.steps);
        let application = directory.is_some_and(|directory| !directory.aid.is_empty());
        let channel = self.channel(command.channel);
        if by_name {
            channel.session = Session::None;
            channel.blocks.clear();
        }
        if application {
            channel.application = Some(target.steps.clone());
        }
        channel.directory = target.steps;
        channel.file = target.file;
    }

    /// A file of the current directory, a directory below, beside or above it, the current application, MF.
    fn by_id(&mut self, command: &Command) -> Result<Target, u16> {
        let id = match command.data[..] {
            [] => MASTER,
            [high, low] => u16::from_be_bytes([high, low]),
            _ => return Err(sw::LENGTH),
        };
        let channel = self.channel(command.channel).clone();
        if id == MASTER {
            return Ok(Target::directory(Vec::new()));
        }
        if id == CURRENT_APPLICATION {
            return channel.application.map(Target::directory).ok_or(sw::NOT_FOUND);
        }
        if let Some(found) = self.child(command, &channel.directory, id) {
            return Ok(found);
        }
        let (_, above) = channel.directory.split_last().ok_or(sw::NOT_FOUND)?;
        let beside = self.child(command, above, id).filter(|found| found.file.is_none());
        let parent = || self.description.root.at(above).filter(|parent| parent.id == id);
        beside.or_else(|| parent().map(|_| Target::directory(above.to_vec()))).ok_or(sw::NOT_FOUND)
    }

    fn child(&self, command: &Command, steps: &[usize], id: u16) -> Option<Target> {
        if id == EF_DIR && self.description.basic_dir && command.channel != 0 {
            return None;
        }
        let directory = self.description.root.at(steps)?;
        if let Some(file) = directory.files.iter().position(|file| file.id == id) {
            return Some(Target { steps: steps.to_vec(), file: Some(file) });
        }
        let below = directory.directories.iter().position(|below| below.id == id && id != 0)?;
        Some(Target::directory([steps, &[below]].concat()))
    }

    fn parent(&mut self, command: &Command) -> Result<Target, u16> {
        let mut steps = self.channel(command.channel).directory.clone();
        steps.pop().ok_or(sw::NOT_FOUND)?;
        Ok(Target::directory(steps))
    }

    /// The first application whose AID begins so, or the next one after the current.
    fn by_name(&mut self, command: &Command, next: bool) -> Result<Target, u16> {
        if !(1..=16).contains(&command.data.len()) {
            return Err(sw::LENGTH);
        }
        let current = self.channel(command.channel).application.as_ref().and_then(|steps| steps.first());
        let from = if next { current.map_or(0, |n| n + 1) } else { 0 };
        let mut applications = self.description.root.directories.iter().enumerate().skip(from);
        let named = |(_, directory): &(usize, &Directory)| {
            !directory.aid.is_empty() && directory.aid.starts_with(&command.data)
        };
        let (n, _) = applications.find(named).ok_or(sw::NOT_FOUND)?;
        Ok(Target::directory(vec![n]))
    }

    fn by_path(&mut self, command: &Command, from: Vec<usize>) -> Result<Target, u16> {
        if command.data.is_empty() || !command.data.len().is_multiple_of(2) {
            return Err(sw::LENGTH);
        }
        let ids: Vec<u16> =
            command.data.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        let mut target = Target::directory(from);
        for (n, id) in ids.into_iter().enumerate() {
            target = match (n, id, target.file) {
                (0, CURRENT_APPLICATION, _) => {
                    let application = self.channel(command.channel).application.clone();
                    Target::directory(application.ok_or(sw::NOT_FOUND)?)
                }
                (_, _, None) => self.child(command, &target.steps, id).ok_or(sw::NOT_FOUND)?,
                _ => return Err(sw::NOT_FOUND),
            };
        }
        Ok(target)
    }

    /// The file that a command reads: by its short identifier, which makes it current, or the current one.
    fn readable(&mut self, command: &Command, short: Option<u8>) -> Result<File, u16> {
        let channel = self.channel(command.channel);
        let (steps, current) = (channel.directory.clone(), channel.file);
        let directory = self.description.root.at(&steps).ok_or(sw::NO_FILE)?;
        let number = match short {
            Some(short) => {
                let found = directory.files.iter().position(|file| file.short == Some(short));
                Some(found.ok_or(sw::NOT_FOUND)?)
            }
            None => current,
        };
        let file = number.and_then(|number| directory.files.get(number)).ok_or(sw::NO_FILE)?;
        if !file.active || !directory.active {
            return Err(sw::CONDITIONS);
        }
        if (directory.secured && !command.secured) || !self.allowed(file.access) {
            return Err(sw::SECURITY);
        }
        let file = file.clone();
        self.channel(command.channel).file = number;
        Ok(file)
    }

    fn allowed(&self, access: Access) -> bool {
        match access {
            Access::Always => true,
            Access::Never => false,
            Access::Pin(reference) => {
                let disabled = |pin: &super::Pin| pin.reference == reference && !pin.enabled;
                self.verified.contains(&reference) || self.description.pins.iter().any(disabled)
            }
        }
    }

    pub(super) fn read_binary(&mut self, command: &Command) -> Result<Reply, u16> {
        let (short, offset) = match command.p1 {
            p1 @ 0..=0x7f => (None, usize::from(u16::from_be_bytes([p1, command.p2]))),
            p1 if p1 & 0x60 == 0 => (Some(p1 & 0x1f), command.p2.into()),
            _ => return Err(sw::P1_P2),
        };
        let file = self.readable(command, short)?;
        let Content::Bytes(bytes) = &file.content else { return Err(sw::INCOMPATIBLE) };
        let le = command.le.ok_or(sw::LENGTH)?;
        let rest = bytes.get(offset..).filter(|rest| !rest.is_empty()).ok_or(sw::OFFSET)?;
        let room = if command.secured { self.channel(command.channel).session.room() } else { 256 };
        let most = self.description.most.map_or(room, |most| room.min(most.into()));
        let word = match self.description.reading {
            _ if le <= rest.len() => sw::OK,
            Reading::Generous => sw::OK,
            // whoever asks for 256 gets told how much there is
            Reading::Usual if le < 256 => sw::END_OF_FILE,
            Reading::Usual if rest.len() > room => sw::OK,
            Reading::Usual | Reading::Exact => return Err(counted(0x6c00, rest.len())),
        };
        let data = rest[..le.min(rest.len()).min(most)].to_vec();
        // only what reaches the end tells of it
        let sw = if data.len() < rest.len() { sw::OK } else { word };
        Ok(Reply { data, sw })
    }

    pub(super) fn read_record(&mut self, command: &Command) -> Result<Reply, u16> {
        let short = Some(command.p2 >> 3).filter(|short| *short != 0);
        if command.p2 & 7 != 4 || short == Some(31) {
            return Err(sw::P1_P2);
        }
        let file = self.readable(command, short)?;
        let Content::Records(length, _) = &file.content else { return Err(sw::INCOMPATIBLE) };
        let record = file.record(command.p1).ok_or(sw::NO_RECORD)?;
        match command.le.ok_or(sw::LENGTH)? {
            le if le == usize::from(*length) => Ok(Reply::data(record)),
            256 if self.description.reading == Reading::Generous => Ok(Reply::data(record)),
            _ => Err(counted(0x6c00, (*length).into())),
        }
    }

    pub(super) fn verify(&mut self, command: &Command) -> Result<Reply, u16> {
        if command.p1 != 0 {
            return Err(sw::P1_P2);
        }
        let pins = &mut self.description.pins;
        let pin = pins.iter_mut().find(|pin| pin.reference == command.p2).ok_or(sw::NO_DATA)?;
        match command.data.len() {
            _ if !pin.enabled => return Err(sw::INVALIDATED),
            _ if pin.left == 0 => return Err(sw::BLOCKED),
            0 => return Err(sw::TRIES | u16::from(pin.left)),
            8 => {}
            _ => return Err(sw::LENGTH),
        }
        let mut wanted = pin.value.as_bytes().to_vec();
        wanted.resize(8, 0xff);
        if command.data == wanted {
            pin.left = pin.tries;
            self.verified.insert(command.p2);
            return Ok(Reply::OK);
        }
        pin.left -= 1;
        let left = pin.left;
        self.verified.remove(&command.p2);
        Err(sw::TRIES | u16::from(left))
    }
}
