//! The Server URI: what is accepted has a host and a port, and put together again it is the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::client::uri::Uri;

fuzz_target!(|text: &str| {
    let Ok(uri) = Uri::parse(text) else { return };
    let Uri { host, port, secure, texts } = uri;
    if texts {
        return assert!(port == 0 && !secure && text.ends_with(host));
    }
    assert!(!host.is_empty() && port != 0);
    assert!(!host.contains(['/', '?', '#']) && text.contains(host));
    let scheme = if secure { "coaps" } else { "coap" };
    let literal = host.contains(':') || host.starts_with('[');
    let again =
        if literal { format!("{scheme}://[{host}]:{port}") } else { format!("{scheme}://{host}:{port}") };
    assert_eq!(Uri::parse(&again), Ok(uri), "{again}");
});
