//! What the fuzzer does to a device and its server.

use super::Scene;
use super::net::{DEVICE, Harm, SERVER};
use crate::bytes::Bytes;
use crate::request::Request;

/// How far the time can go on at once, in milliseconds.
const STEPS: [u64; 8] = [1, 100, 1_000, 2_000, 5_000, 60_000, 300_000, 90_000_000];

impl Scene {
    /// Does what the next bytes say.
    pub fn act(&mut self, bytes: &mut Bytes<'_>) {
        let choice = bytes.byte();
        match choice & 0x0f {
            0..=3 => self.world().net.inject(DEVICE, bytes),
            4 => self.disturb(DEVICE, bytes),
            5 => self.disturb(SERVER, bytes),
            6 => self.deliver(DEVICE),
            7 => self.deliver(SERVER),
            8 | 9 => drop(self.pump()),
            10 | 11 => self.wait(choice, bytes),
            12 => {
                self.ask(b"some", &[["3", "1", "5"][usize::from(choice >> 4) % 3], "0"], choice & 0x40 != 0)
            }
            13 => self.request(bytes),
            14 => self.order(bytes),
            _ => self.server_acts(bytes),
        }
        if choice & 0x80 == 0 {
            self.device().settle();
        }
    }

    /// The network does something.
    fn disturb(&mut self, to: usize, bytes: &mut Bytes<'_>) {
        let mtu = self.shape.mtu;
        if self.world().net.disturb(to, bytes, mtu) == Harm::Loss {
            self.clean = false;
        }
    }

    /// Time goes by; what is on its way may stay there meanwhile.
    fn wait(&mut self, choice: u8, bytes: &mut Bytes<'_>) {
        if choice & 0x40 == 0 {
            self.pump();
        } else if !self.world().net.is_quiet() {
            self.clean = false;
        }
        if choice & 1 == 0 {
            let next = self.device().settle().min(self.server.deadline());
            self.sleep(next);
        } else {
            self.world().now += bytes.pick(&STEPS);
        }
    }

    /// A request of the server's, which may well change when and whether the device is there.
    fn request(&mut self, bytes: &mut Bytes<'_>) {
        let mut buffer = [0; 1400];
        let id = bytes.pair() | 0x8000;
        let length = Request { buffer: &mut buffer, id }.write(bytes);
        let peer = self.world().peer;
        self.server.write(peer, &buffer[..length]);
        self.clean = false;
    }

    /// The application does something.
    fn order(&mut self, bytes: &mut Bytes<'_>) {
        let choice = bytes.byte();
        if choice & 0xf0 == 0xf0 {
            self.device().secure_anew(self.shape);
        } else {
            self.device().order(choice);
        }
        if choice & 3 == 3 || choice & 0xf0 == 0xf0 {
            self.clean = false;
        }
    }

    /// The server ends its session, or loses it.
    fn server_acts(&mut self, bytes: &mut Bytes<'_>) {
        let (choice, peer) = (bytes.byte(), self.world().peer);
        match choice % 4 {
            0 => self.server.alert(peer, 1 + (choice >> 7), choice >> 2 & 0x1f),
            1 => self.server.close(peer),
            2 => self.server.forget(false),
            _ => self.server.forget(true),
        }
        self.clean = false;
    }

    /// Whatever was done may have been to a handshake, of which nothing is authentic.
    pub fn is_unsettled(&mut self) {
        self.clean = false;
    }
}
