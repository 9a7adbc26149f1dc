//! The line of a modem that speaks AT, from C: what every port to a UART would write again.

use super::at::{enter, whimbrel_modem_t};
use crate::at::Line;
use crate::error::Error;
use crate::time::Instant;
use core::ffi::c_void;

/// A serial line, for whimbrel_modem_serve(). Its functions do not wait, and call nothing of the modem.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct whimbrel_line_t {
    /// sizeof(whimbrel_line_t)
    pub size: usize,
    /// Given to both functions.
    pub context: *mut c_void,
    /// Fills `buffer` with up to `size` bytes that came. Returns how many; 0: there are none now; negative: the line is gone.
    pub receive: Option<unsafe extern "C" fn(context: *mut c_void, buffer: *mut u8, size: usize) -> i32>,
    /// Takes up to `size` bytes for the modem. Returns how many; fewer than `size`: there is no room for more now, and the rest is
    /// offered again; negative: the line is gone. The bytes may be a PIN or keys: who keeps them overwrites them.
    pub send: Option<unsafe extern "C" fn(context: *mut c_void, bytes: *const u8, size: usize) -> i32>,
}

/// The functions, with their context.
struct Given {
    context: *mut c_void,
    receive: unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i32,
    send: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> i32,
}

impl Line for Given {
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        // SAFETY: the application's function, with what it was promised
        let got = unsafe { (self.receive)(self.context, buffer.as_mut_ptr(), buffer.len()) };
        usize::try_from(got).map_err(|_| Error::Link)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        // SAFETY: the same
        let took = unsafe { (self.send)(self.context, bytes.as_ptr(), bytes.len()) };
        usize::try_from(took).map_err(|_| Error::Link)
    }
}

/// Moves bytes both ways between a modem and its line, and does what is due: instead of whimbrel_modem_input(),
/// whimbrel_modem_poll() and whimbrel_modem_output(). To be called when bytes have come, when the line has room again, when the
/// time has come, and after whimbrel_modem_send(), whimbrel_modem_receive() and whimbrel_modem_transmit().
///
/// @param now_ms   As for whimbrel_modem_input().
/// @param line     Not kept. At most 2048 bytes are taken from it in one call.
/// @param next_ms  Out, may be NULL: when to call next on the same clock; now_ms: at once, and the client before, because it has a
///                 message or the response to an APDU to take, or bytes may wait; UINT64_MAX: only input can change anything. A line
///                 without room is asked again after 20 ms at the latest. Earlier is harmless.
/// @return WHIMBREL_OK; WHIMBREL_ERR_LINK: a function of the line said that it is gone, and the modem was told so, as by
///         whimbrel_modem_line(), which has to say when it is back; next_ms is now_ms, and until then nothing moves on the line,
///         whatever its functions return; WHIMBREL_ERR_ARGUMENT: NULL, or a wrong `size`; WHIMBREL_ERR_STATE; WHIMBREL_ERR_REENTERED.
///         Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn whimbrel_modem_serve(
    modem: *mut whimbrel_modem_t,
    now_ms: u64,
    line: *const whimbrel_line_t,
    next_ms: *mut u64,
) -> i32 {
    // SAFETY: the contract of every function
    unsafe {
        enter(modem, |modem, tell| {
            let mut line = read_line(line)?;
            let now = Instant::from_millis(now_ms);
            let served = modem.serve(now, &mut line, tell);
            if !next_ms.is_null() {
                next_ms.write(served.unwrap_or(now).as_millis());
            }
            served.map(|_| 0)
        })
    }
}

unsafe fn read_line(line: *const whimbrel_line_t) -> Result<Given, Error> {
    // SAFETY: behind a size that is not ours there may be less than we know
    unsafe {
        if line.is_null() || (&raw const (*line).size).read() != size_of::<whimbrel_line_t>() {
            return Err(Error::Argument);
        }
        let (receive, send) = ((*line).receive, (*line).send);
        match (receive, send) {
            (Some(receive), Some(send)) => Ok(Given { context: (*line).context, receive, send }),
            _ => Err(Error::Argument),
        }
    }
}
