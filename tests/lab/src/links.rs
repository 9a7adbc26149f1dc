//! Object lists in CoRE link format (RFC 6690; TS 1.0 section 5.3.1), read leniently and for inspection only.

/// One link of a Register payload or a Discover answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What stands between the angle brackets.
    pub path: String,
    /// Attributes in order; quotes are taken off, a flag has no value.
    pub attributes: Vec<(String, Option<String>)>,
}

impl Link {
    /// Reads a list. What does not begin with `<` is skipped up to the next comma.
    pub fn parse_list(payload: &[u8]) -> Vec<Self> {
        split(&String::from_utf8_lossy(payload), ',')
            .iter()
            .filter_map(|text| Self::parse(text.trim()))
            .collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let (path, rest) = text.strip_prefix('<')?.split_once('>')?;
        let attributes = split(rest, ';').into_iter().filter(|text| !text.trim().is_empty());
        let attributes = attributes.map(|text| match text.split_once('=') {
            Some((name, value)) => (name.trim().to_owned(), Some(value.trim().trim_matches('"').to_owned())),
            None => (text.trim().to_owned(), None),
        });
        Some(Self { path: path.to_owned(), attributes: attributes.collect() })
    }

    /// The value of an attribute; an empty text for a flag.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name)?;
        Some(found.1.as_deref().unwrap_or_default())
    }

    /// The numbers at the end of the path, without an alternate path's prefix: `/lwm2m/3/0` is `[3, 0]`.
    pub fn ids(&self) -> Vec<u16> {
        let all: Vec<_> = crate::coap::segments(&self.path).map(|s| s.parse().ok()).collect();
        let start = all.iter().rposition(Option::is_none).map_or(0, |last| last + 1);
        all.into_iter().skip(start).flatten().collect()
    }
}

/// Splits at a separator outside quotation marks and angle brackets.
fn split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut quoted, mut bracketed) = (vec![String::new()], false, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            _ => {}
        }
        if c == separator && !quoted && !bracketed {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_paths_and_attributes() {
        let links =
            Link::parse_list(br#"</>;rt="oma.lwm2m";ct="60 110",</3>;ver=1.2, </3/0>,</lwm2m/5/1>;obs"#);
        assert_eq!(links.len(), 4);
        assert_eq!(links[0].attribute("ct"), Some("60 110"));
        assert_eq!(links[1].attribute("ver"), Some("1.2"));
        assert_eq!((links[2].ids(), links[3].ids()), (vec![3, 0], vec![5, 1]));
        assert_eq!((links[3].attribute("obs"), links[3].attribute("ver")), (Some(""), None));
    }

    #[test]
    fn links_survive_rubbish() {
        for text in ["", ",,,", "<", "<>", "<a,b", "\"", "</1>;;=;\"x", "\u{fffd}<</>>"] {
            Link::parse_list(text.as_bytes());
        }
    }
}
