//! Link format: what is read ends, lies inside the payload, and is written again so that it reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whimbrel::format::{Attribute, LinkWriter, Links, Window};

type Read = (Vec<u8>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

fn read(payload: &[u8]) -> Option<Vec<Read>> {
    let mut links = Vec::new();
    for link in Links::new(payload) {
        let link = link.ok()?;
        let attributes: Vec<_> = link
            .attributes()
            .map(|Attribute { name, value }| (name.to_vec(), value.map(<[u8]>::to_vec)))
            .collect();
        if let Some((name, _)) = attributes.first()
            && let Ok(name) = str::from_utf8(name)
        {
            let first = attributes.first().map(|(_, value)| value.as_deref());
            assert_eq!(link.attribute(name), first, "{name}");
        }
        links.push((link.target.to_vec(), attributes));
        assert!(links.len() <= payload.len(), "more links than bytes");
    }
    Some(links)
}

/// As the writer can write it: UTF-8, and values without what the reader does not unescape.
fn writable(link: &Read) -> bool {
    let plain = |text: &[u8]| {
        str::from_utf8(text).is_ok() && !text.iter().any(|byte| b"\"\\;,=<> \t\n\r\x0b\x0c".contains(byte))
    };
    let quotable =
        |text: &[u8]| str::from_utf8(text).is_ok() && !text.iter().any(|byte| b"\"\\".contains(byte));
    link.1
        .iter()
        .all(|(name, value)| !name.is_empty() && plain(name) && value.as_deref().is_none_or(quotable))
}

fuzz_target!(|data: &[u8]| {
    let Some(links) = read(data) else { return };
    for link in links.iter().filter(|link| writable(link)) {
        let mut buffer = vec![0; 2 * data.len() + 64];
        let mut window = Window::new(&mut buffer, 0);
        let mut writer = LinkWriter::new(&mut window, "");
        writer.link(whimbrel::path::Path::object(3));
        for (name, value) in &link.1 {
            let name = str::from_utf8(name).expect("it is writable");
            match value {
                Some(value) => writer.text(name, str::from_utf8(value).expect("it is writable")),
                None => writer.flag(name),
            }
        }
        let back = read(window.kept()).expect("what was written can be read");
        assert_eq!(back, [(b"/3".to_vec(), link.1.clone())]);
    }
});
