//! A card in the virtual reader of vsmartcard, by which it is at hand for every program that uses PC/SC.
//!
//! The reader listens, the card connects: it is in as long as the connection is there. Both sides send a length of two
//! octets and so many octets. One octet from the reader is a control: 0 off, 1 on, 2 reset, 4 asks for the ATR, and only
//! that one is answered. All else are command APDUs.

use super::Chip;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const OFF: u8 = 0;
const ON: u8 = 1;
const RESET: u8 = 2;
const ATR: u8 = 4;
/// What stands for no answer.
const MUTE: u8 = 0x60;

/// A card that is in a slot and in the hands of a test at the same time.
impl<C: Chip + ?Sized> Chip for Arc<Mutex<C>> {
    fn apdu(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        self.lock().unwrap_or_else(PoisonError::into_inner).apdu(command)
    }

    fn reset(&mut self) -> Vec<u8> {
        self.lock().unwrap_or_else(PoisonError::into_inner).reset()
    }
}

/// Serves a reader until it ends the connection.
pub fn serve(mut reader: impl Read + Write, chip: &mut dyn Chip) -> io::Result<()> {
    let mut atr = chip.reset();
    loop {
        let mut length = [0; 2];
        match reader.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        }
        let mut message = vec![0; u16::from_be_bytes(length).into()];
        reader.read_exact(&mut message)?;
        let answer = match message[..] {
            [ATR] => atr.clone(),
            [OFF] => continue,
            [ON | RESET] => {
                atr = chip.reset();
                continue;
            }
            // the reader waits for ever for a card that is mute; less than a status word is the nearest there is
            _ => chip.apdu(&message).unwrap_or_else(|| vec![MUTE]),
        };
        let length = u16::try_from(answer.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        reader.write_all(&[&length.to_be_bytes(), &answer[..]].concat())?;
    }
}

/// The reader's messages. It sends their length by itself and waits for an acknowledgement, which the system would hold
/// back for 40 ms: seconds in a bootstrap by OpenSC.
struct Prompt(TcpStream);

impl Read for Prompt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(target_os = "linux")]
        rustix::net::sockopt::set_tcp_quickack(&self.0, true)?;
        self.0.read(buffer)
    }
}

impl Write for Prompt {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A card, and the reader into which it is put.
pub struct Vpcd<C> {
    reader: SocketAddr,
    chip: Arc<Mutex<C>>,
    connection: Option<(TcpStream, JoinHandle<()>)>,
}

impl<C: Chip + 'static> Vpcd<C> {
    /// The card is not in yet.
    pub const fn new(reader: SocketAddr, chip: Arc<Mutex<C>>) -> Self {
        Self { reader, chip, connection: None }
    }

    /// Puts the card in; waits so long for a reader that is being started.
    pub fn insert(&mut self, patience: Duration) -> io::Result<()> {
        if self.is_in() {
            return Ok(());
        }
        let end = Instant::now() + patience;
        let stream = loop {
            match TcpStream::connect(self.reader) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() >= end => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        };
        stream.set_nodelay(true)?;
        let (mut reader, mut chip) = (Prompt(stream.try_clone()?), Arc::clone(&self.chip));
        let thread = thread::spawn(move || {
            // a reader that is gone is one without a card
            let _ = serve(&mut reader, &mut chip);
            let _ = reader.0.shutdown(Shutdown::Both);
        });
        self.connection = Some((stream, thread));
        Ok(())
    }

    /// Takes the card out, in the middle of a command too.
    pub fn remove(&mut self) {
        if let Some((stream, thread)) = self.connection.take() {
            let _ = stream.shutdown(Shutdown::Both);
            let _ = thread.join();
        }
    }

    /// Whether the card is in.
    pub fn is_in(&self) -> bool {
        self.connection.as_ref().is_some_and(|(_, thread)| !thread.is_finished())
    }
}

impl<C> Drop for Vpcd<C> {
    fn drop(&mut self) {
        if let Some((stream, _)) = self.connection.take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Counts its resets in the ATR, turns commands around, and keeps silent where one begins with FF.
    struct Mirror(u8);

    impl Chip for Mirror {
        fn apdu(&mut self, command: &[u8]) -> Option<Vec<u8>> {
            (command[0] != 0xff).then(|| command.iter().rev().copied().collect())
        }

        fn reset(&mut self) -> Vec<u8> {
            self.0 += 1;
            vec![0x3b, self.0]
        }
    }

    fn reader() -> (TcpListener, Vpcd<Mirror>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let card = Vpcd::new(listener.local_addr().unwrap(), Arc::new(Mutex::new(Mirror(0))));
        (listener, card)
    }

    fn ask(stream: &mut TcpStream, message: &[u8]) -> Vec<u8> {
        stream.write_all(&[&(message.len() as u16).to_be_bytes(), message].concat()).unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut answer).unwrap();
        answer
    }

    #[test]
    fn controls_and_apdus_as_the_reader_sends_them() {
        let (listener, mut card) = reader();
        card.insert(Duration::ZERO).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        assert_eq!(ask(&mut stream, &[4]), [0x3b, 1]);
        stream.write_all(&[0, 1, 0, 0, 1, 1]).unwrap();
        assert_eq!(ask(&mut stream, &[4]), [0x3b, 2], "off and on");
        stream.write_all(&[0, 1, 2]).unwrap();
        assert_eq!(ask(&mut stream, &[4]), [0x3b, 3], "reset");
        assert_eq!(ask(&mut stream, &[0, 0xa4, 4, 4, 0]), [0, 4, 4, 0xa4, 0]);
        assert_eq!(ask(&mut stream, &[0xff, 0, 0, 0]), b"\x60", "no answer");
        let long: Vec<u8> = (0..=255).chain(0..5).collect();
        assert_eq!(ask(&mut stream, &long), long.iter().rev().copied().collect::<Vec<_>>());
    }

    #[test]
    fn a_card_is_taken_out_and_put_in_again() {
        let (listener, mut card) = reader();
        assert!(!card.is_in());
        card.insert(Duration::ZERO).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        assert!(card.is_in());
        card.remove();
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
        card.insert(Duration::ZERO).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        assert_eq!(ask(&mut stream, &[4]), [0x3b, 2], "it started anew");
        drop(stream);
        drop(listener);
        while card.is_in() {
            thread::yield_now();
        }
        assert!(card.insert(Duration::ZERO).is_err(), "there is no reader");
    }

    #[test]
    fn a_reader_that_breaks_off_in_the_middle_of_a_message_is_told_of() {
        let mut cut = io::Cursor::new(vec![0, 5, 1, 2]);
        let kind = serve(&mut cut, &mut Mirror(0)).map_err(|error| error.kind());
        assert_eq!(kind, Err(io::ErrorKind::UnexpectedEof));
    }
}
