//! The bootstrap file, as a UICC holds it and a production line writes it (TS 1.0 Appendix G.3.3).

/// One object of the file.
#[derive(Clone, Debug)]
pub struct FileObject {
    /// Object ID.
    pub id: u16,
    /// Major and minor version; `None` is 1.0, said in one octet.
    pub version: Option<(u8, u8)>,
    /// Its instances, TLV.
    pub instances: Vec<u8>,
}

impl FileObject {
    /// An object of version 1.0.
    pub const fn new(id: u16, instances: Vec<u8>) -> Self {
        Self { id, version: None, instances }
    }

    fn bytes(&self) -> Vec<u8> {
        let version = self.version.map_or(vec![0], |(major, minor)| vec![major, minor]);
        [&self.id.to_be_bytes()[..], &version, &length(&self.instances), &self.instances].concat()
    }
}

/// A length in two octets.
fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).expect("a file below 64 KiB").to_be_bytes()
}

/// The file: how many objects, how many octets they take, then each with its ID, version, length and instances.
///
/// # Panics
///
/// If it would be larger than its lengths can say.
pub fn file(objects: &[FileObject]) -> Vec<u8> {
    let count = u16::try_from(objects.len()).expect("a number of two octets").to_be_bytes();
    let content: Vec<u8> = objects.iter().flat_map(FileObject::bytes).collect();
    [&count[..], &length(&content), &content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap::{Configuration, SecurityValues, ServerValues};

    /// The fact sheet's smallest example (cellular facts, section E.6): one NoSec server.
    #[test]
    fn a_file_is_laid_out_as_the_specification_says() {
        let security = SecurityValues {
            uri: "coap://198.51.100.7:5683".into(),
            identity: None,
            server_key: None,
            secret_key: None,
            short_server_id: Some(1),
            ..SecurityValues::default()
        };
        let server =
            ServerValues { short_server_id: 1, lifetime: 300, storing: false, ..ServerValues::default() };
        let file = Configuration::default().security(0, security).server(0, server).file();
        let security =
            b"\x08\x00\x24\xc8\x00\x18coap://198.51.100.7:5683\xc1\x01\x00\xc1\x02\x03\xc1\x0a\x01";
        let server = b"\x08\x00\x0d\xc1\x00\x01\xc2\x01\x01\x2c\xc1\x06\x00\xc1\x07U";
        let expected =
            [b"\x00\x02\x00\x41\x00\x00\x00\x00\x27", &security[..], b"\x00\x01\x00\x00\x10", server]
                .concat();
        assert_eq!((file.len(), file), (69, expected));
    }

    /// Major and minor version take an octet each.
    #[test]
    fn a_version_other_than_the_first_is_said() {
        let object = FileObject { id: 0x123, version: Some((2, 5)), instances: vec![8, 1, 0] };
        assert_eq!(file(&[object]), b"\x00\x01\x00\x09\x01\x23\x02\x05\x00\x03\x08\x01\x00");
        assert_eq!(file(&[]), [0; 4]);
    }
}
