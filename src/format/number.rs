//! Numbers as text, without `core::fmt`.

/// The decimal digits of `number`, in `buffer`.
pub fn digits(mut number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    for slot in buffer.iter_mut().rev() {
        // 32-bit division where it suffices: the 64-bit one is a library call on the devices we serve
        let digit = if let Ok(small) = u32::try_from(number) {
            number = u64::from(small / 10);
            small % 10
        } else {
            let digit = number % 10;
            number /= 10;
            digit as u32
        };
        *slot = b'0' + digit as u8;
        at -= 1;
        if number == 0 {
            break;
        }
    }
    buffer.get(at..).unwrap_or(&[])
}
