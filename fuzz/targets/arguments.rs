//! Arguments of Execute: each digit once, values inside the payload, and written again they are the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::format::arguments::Arguments;

fuzz_target!(|data: &[u8]| {
    let Ok(arguments) = Arguments::parse(data) else { return };
    assert_eq!(arguments.is_empty(), data.is_empty());
    let mut text = Vec::new();
    let mut seen = 0u16;
    for (digit, value) in &arguments {
        assert!(digit < 10 && seen & (1 << digit) == 0, "{digit}");
        seen |= 1 << digit;
        assert_eq!(arguments.get(digit), Some(value));
        if !text.is_empty() {
            text.push(b',');
        }
        text.push(b'0' + digit);
        if let Some(value) = value {
            assert!(!value.contains(&b'\'') && value.is_ascii());
            text.extend([b"='", value, b"'"].concat());
        }
    }
    assert!(
        (0..=255).all(|digit| arguments.get(digit).is_some() == (digit < 10 && seen & (1 << digit) != 0))
    );
    let again = Arguments::parse(&text).expect("what was written can be read");
    assert!(again.iter().eq(arguments.iter()), "{text:?}");
});
