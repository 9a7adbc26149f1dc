//! CoRE link format (RFC 6690) and the arguments of Execute (TS 1.0 section 5.4.5).

mod format_common;

use format_common::Random;
use whimbrel::error::Error;
use whimbrel::format::arguments::Arguments;
use whimbrel::format::{LinkWriter, Links, Window};
use whimbrel::path::Path;

fn written(prefix: &str, write: impl Fn(&mut LinkWriter<'_, '_>)) -> String {
    let mut buffer = [0; 512];
    let mut window = Window::new(&mut buffer, 0);
    write(&mut LinkWriter::new(&mut window, prefix));
    let whole = String::from_utf8(window.kept().to_vec()).unwrap();
    for start in 0..=whole.len() {
        let mut buffer = [0; 16];
        let mut window = Window::new(&mut buffer, start);
        write(&mut LinkWriter::new(&mut window, prefix));
        assert_eq!(window.kept(), &whole.as_bytes()[start..whole.len().min(start + 16)]);
        assert_eq!(window.total(), whole.len());
    }
    whole
}

/// Every link as target and attributes, printed.
fn read(text: &str) -> Result<Vec<String>, Error> {
    Links::new(text.as_bytes())
        .map(|link| {
            let link = link?;
            let mut shown = String::from_utf8_lossy(link.target).into_owned();
            for attribute in link.attributes() {
                shown += &format!("|{}", String::from_utf8_lossy(attribute.name));
                if let Some(value) = attribute.value {
                    shown += &format!("={}", String::from_utf8_lossy(value));
                }
            }
            Ok(shown)
        })
        .collect()
}

/// The payload of Register for the example client (TS 1.0 section 5.3.1, Appendix F).
#[test]
fn register_payloads() {
    let plain = written("", |links| {
        for path in [Path::instance(1, 0), Path::instance(1, 1), Path::instance(3, 0), Path::object(5)] {
            links.link(path);
        }
    });
    assert_eq!(plain, "</1/0>,</1/1>,</3/0>,</5>");
    let rich = written("", |links| {
        links.link(Path::ROOT);
        links.text("rt", "oma.lwm2m");
        links.text("ct", "60 110");
        links.link(Path::object(3));
        links.token("ver", "1.1");
        links.link(Path::instance(3, 0));
    });
    assert_eq!(rich, r#"</>;rt="oma.lwm2m";ct="60 110",</3>;ver=1.1,</3/0>"#);
    let below = written("/lwm2m", |links| {
        links.link(Path::ROOT);
        links.text("rt", "oma.lwm2m");
        links.link(Path::instance(1, 0));
    });
    assert_eq!(below, r#"</lwm2m>;rt="oma.lwm2m",</lwm2m/1/0>"#);
    assert_eq!(written("", |_| {}), "");
}

/// TS 1.0 sections 5.4.2 and 5.2.7.3, without the spaces and with the slashes that the examples miss.
#[test]
fn discover_payloads() {
    let resource = written("", |links| {
        links.link(Path::resource(3, 0, 7));
        links.number("dim", 8);
        links.number("pmin", 10);
        links.float("gt", 50.0).unwrap();
        links.float("lt", 42.2).unwrap();
        links.float("st", -0.5).unwrap();
        assert_eq!(links.float("st", f64::NAN), Err(Error::BadValue));
        links.link(Path::resource(3, 0, 7).with_resource_instance(65534));
        links.flag("con");
    });
    assert_eq!(resource, "</3/0/7>;dim=8;pmin=10;gt=50;lt=42.2;st=-0.5,</3/0/7/65534>;con");
    let bootstrap = written("", |links| {
        links.link(Path::ROOT);
        links.token("lwm2m", "1.0");
        links.link(Path::instance(0, 0));
        links.number("ssid", 101);
    });
    assert_eq!(bootstrap, "</>;lwm2m=1.0,</0/0>;ssid=101");
    assert_eq!(written("", |links| links.text("uri", r#"a"b\c"#)), r#";uri="a\"b\\c""#);
}

#[test]
fn lists_as_the_specifications_print_them() {
    assert_eq!(
        read(
            r#"lwm2m="2.0",</0/0>,</0/1>;ssid=101, </1/0>;ssid=101, </3/0>,</5>,</4>,</55>;ver=1.9, </55/0>"#
        ),
        Ok([
            "|lwm2m=2.0",
            "/0/0",
            "/0/1|ssid=101",
            "/1/0|ssid=101",
            "/3/0",
            "/5",
            "/4",
            "/55|ver=1.9",
            "/55/0"
        ]
        .map(String::from)
        .to_vec())
    );
    assert_eq!(
        read("</3>;pmin=10, </3/0/1>, <3/0/2>"),
        Ok(["/3|pmin=10", "/3/0/1", "3/0/2"].map(String::from).to_vec())
    );
}

#[test]
fn lists_are_read_leniently() {
    for (text, links) in [
        ("", vec![]),
        (" , ,", vec![]),
        ("<>", vec![""]),
        ("</1>,", vec!["/1"]),
        (r#"</1>;a="x,y;z>\"";b , </2> ; c = 5"#, vec![r#"/1|a=x,y;z>\"|b"#, "/2|c=5"]),
        ("</1>;;a", vec!["/1|a"]),
        ("</1>;a=", vec!["/1|a="]),
    ] {
        assert_eq!(read(text), Ok(links.into_iter().map(String::from).collect()), "{text}");
    }
    for text in ["<", "</1", "</1>x", r#"</1>;a="x"#, r#"</1>;a="x\""#, "</1> </2>"] {
        assert_eq!(read(text), Err(Error::Malformed), "{text}");
    }
    let link = Links::new(b"</1>;con;ver=1.1").next().unwrap().unwrap();
    assert_eq!(link.attribute("ver"), Some(Some(&b"1.1"[..])));
    assert_eq!(link.attribute("con"), Some(None));
    assert_eq!(link.attribute("pmin"), None);
}

/// The examples of TS 1.0 section 5.4.5, and the one of facts A.7.
#[test]
fn arguments_as_the_specification_prints_them() {
    let parse = |text: &'static str| {
        let arguments = Arguments::parse(text.as_bytes())?;
        let text = |value| std::str::from_utf8(value).unwrap();
        Ok::<Vec<_>, Error>(arguments.iter().map(|(digit, value)| (digit, value.map(text))).collect())
    };
    for (text, expected) in [
        ("5", vec![(5, None)]),
        ("2='10.3'", vec![(2, Some("10.3"))]),
        ("7, 0=' https://www.oma.org'", vec![(7, None), (0, Some(" https://www.oma.org"))]),
        ("0,1,2,3,4", vec![(0, None), (1, None), (2, None), (3, None), (4, None)]),
        ("0='U'", vec![(0, Some("U"))]),
        ("0=''", vec![(0, Some(""))]),
        ("", vec![]),
        ("9='!#&([]~',8", vec![(9, Some("!#&([]~")), (8, None)]),
    ] {
        assert_eq!(parse(text), Ok(expected), "{text}");
    }
    for text in [
        "a",
        "10",
        ",",
        "1,",
        "1,,2",
        ",1",
        "1=",
        "1='",
        "1='a",
        "1=a",
        "1='a'b",
        "1=\"a\"",
        "1='\"'",
        "1='\\'",
        "1='a''",
        "1='\u{e4}'",
        "1='\n'",
        "1,1",
        "1='a',1",
        "0=U",
        "1 2",
        "1='x' 2",
        " ",
    ] {
        assert_eq!(parse(text), Err(Error::Malformed), "{text:?}");
    }
    let arguments = Arguments::parse(b"7,0='x'").unwrap();
    assert_eq!(arguments.get(0), Some(Some(&b"x"[..])));
    assert_eq!(arguments.get(7), Some(None));
    assert_eq!(arguments.get(1), None);
}

#[test]
fn garbage_is_survived() {
    const LETTERS: &[u8] = b"<>/;,=\"\\ '0123x\xff";
    let mut random = Random(0x11);
    for _ in 0..200_000 {
        let text: Vec<u8> = (0..random.below(24)).map(|_| random.pick(LETTERS)).collect();
        for link in Links::new(&text).flatten() {
            link.attributes().for_each(drop);
        }
        if let Ok(arguments) = Arguments::parse(&text) {
            let text = str::from_utf8(&text).unwrap();
            let commas = text.split('\'').step_by(2).map(|plain| plain.matches(',').count()).sum::<usize>();
            let expected = if text.is_empty() { 0 } else { commas + 1 };
            assert_eq!(arguments.iter().count(), expected, "{text}");
        }
    }
}
