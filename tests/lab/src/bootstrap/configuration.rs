//! Instances of the objects 0, 1 and 2 as values (TS 1.0 and 1.1 Appendix E.1 to E.3), and as what a bootstrap server
//! writes of them.
//!
//! A field that is an `Option` is a resource that may be absent; lists are absent where they are empty.

use super::file::{FileObject, file};
use super::plan::{Plan, Step};
use crate::device::Security;
use crate::tlv;

/// An instance of the Security object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityValues {
    /// 0: LwM2M Server URI.
    pub uri: String,
    /// 1: Bootstrap-Server.
    pub bootstrap_server: bool,
    /// 2: Security Mode: 0 pre-shared key, 1 raw public key, 2 certificate, 3 NoSec.
    pub mode: i64,
    /// 3: Public Key or Identity.
    pub identity: Option<Vec<u8>>,
    /// 4: Server Public Key.
    pub server_key: Option<Vec<u8>>,
    /// 5: Secret Key.
    pub secret_key: Option<Vec<u8>>,
    /// 10: Short Server ID.
    pub short_server_id: Option<u16>,
    /// 11: Client Hold Off Time, in seconds.
    pub hold_off: Option<u32>,
    /// 12: Bootstrap-Server Account Timeout, in seconds.
    pub account_timeout: Option<u32>,
    /// 13: Matching Type.
    pub matching_type: Option<u8>,
    /// 14: SNI.
    pub sni: Option<String>,
    /// 15: Certificate Usage.
    pub certificate_usage: Option<u8>,
    /// 16: DTLS/TLS Ciphersuite, by resource instance.
    pub ciphersuites: Vec<u16>,
    /// Further resources, TLV, behind all others.
    pub more: Vec<u8>,
}

impl Default for SecurityValues {
    /// A server without security; the mandatory resources that hold keys are there and empty.
    fn default() -> Self {
        Self {
            uri: String::new(),
            bootstrap_server: false,
            mode: 3,
            identity: Some(Vec::new()),
            server_key: Some(Vec::new()),
            secret_key: Some(Vec::new()),
            short_server_id: None,
            hold_off: None,
            account_timeout: None,
            matching_type: None,
            sni: None,
            certificate_usage: None,
            ciphersuites: Vec::new(),
            more: Vec::new(),
        }
    }
}

fn some<T>(value: &Option<T>, write: impl FnOnce(&T) -> Vec<u8>) -> Vec<u8> {
    value.as_ref().map(write).unwrap_or_default()
}

impl SecurityValues {
    /// The instance of a server, secured as an application would say it.
    pub fn new(id: u16, uri: &str, security: &Security) -> Self {
        Self { short_server_id: Some(id), ..Self::secured(uri, security) }
    }

    /// The instance of a bootstrap server.
    pub fn of_bootstrap_server(uri: &str, security: &Security) -> Self {
        Self { bootstrap_server: true, ..Self::secured(uri, security) }
    }

    fn secured(uri: &str, security: &Security) -> Self {
        // C says 1 to 4 where the resource has 0 to 3, and 0 where there is none
        let usage = security.certificate_usage.checked_sub(1);
        let sni = security.sni.as_ref().map(|sni| sni.to_string_lossy().into_owned());
        Self {
            uri: uri.into(),
            mode: security.mode.into(),
            identity: Some(security.identity.clone()),
            server_key: Some(security.server_key.clone()),
            secret_key: Some(security.secret_key.clone()),
            matching_type: Some(security.matching_type).filter(|matching| *matching != 0),
            sni,
            certificate_usage: usage,
            ciphersuites: security.ciphersuites.clone(),
            ..Self::default()
        }
    }

    /// All resources, TLV.
    pub fn resources(&self) -> Vec<u8> {
        let suites: Vec<_> =
            self.ciphersuites.iter().map(|suite| tlv::unsigned_bytes((*suite).into())).collect();
        let suites: Vec<_> = (0..).zip(suites.iter().map(Vec::as_slice)).collect();
        [
            tlv::resource(0, &self.uri),
            tlv::boolean(1, self.bootstrap_server),
            tlv::integer(2, self.mode),
            some(&self.identity, |bytes| tlv::resource(3, bytes)),
            some(&self.server_key, |bytes| tlv::resource(4, bytes)),
            some(&self.secret_key, |bytes| tlv::resource(5, bytes)),
            some(&self.short_server_id, |id| tlv::integer(10, (*id).into())),
            some(&self.hold_off, |seconds| tlv::integer(11, (*seconds).into())),
            some(&self.account_timeout, |seconds| tlv::integer(12, (*seconds).into())),
            some(&self.matching_type, |matching| tlv::unsigned(13, (*matching).into())),
            some(&self.sni, |name| tlv::resource(14, name)),
            some(&self.certificate_usage, |usage| tlv::unsigned(15, (*usage).into())),
            if suites.is_empty() { Vec::new() } else { tlv::multiple(16, &suites) },
            self.more.clone(),
        ]
        .concat()
    }
}

/// An instance of the Server object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerValues {
    /// 0: Short Server ID.
    pub short_server_id: u16,
    /// 1: Lifetime, in seconds.
    pub lifetime: u32,
    /// 2: Default Minimum Period, in seconds.
    pub pmin: Option<u32>,
    /// 3: Default Maximum Period, in seconds.
    pub pmax: Option<u32>,
    /// 5: Disable Timeout, in seconds.
    pub disable_timeout: Option<u32>,
    /// 6: Notification Storing When Disabled or Offline.
    pub storing: bool,
    /// 7: Binding.
    pub binding: String,
    /// 13: Registration Priority Order.
    pub priority: Option<u64>,
    /// 14: Initial Registration Delay Timer, in seconds.
    pub initial_delay: Option<u64>,
    /// 15: Registration Failure Block.
    pub failure_block: Option<bool>,
    /// 16: Bootstrap on Registration Failure.
    pub bootstrap_on_failure: Option<bool>,
    /// 17: Communication Retry Count.
    pub retry_count: Option<u64>,
    /// 18: Communication Retry Timer, in seconds.
    pub retry_timer: Option<u64>,
    /// 19: Communication Sequence Delay Timer, in seconds.
    pub sequence_delay: Option<u64>,
    /// 20: Communication Sequence Retry Count.
    pub sequence_count: Option<u64>,
    /// Further resources, TLV, behind all others.
    pub more: Vec<u8>,
}

impl Default for ServerValues {
    /// A day's lifetime, binding U, notifications stored, and what else may be absent is.
    fn default() -> Self {
        Self {
            short_server_id: 0,
            lifetime: 86_400,
            pmin: None,
            pmax: None,
            disable_timeout: None,
            storing: true,
            binding: "U".into(),
            priority: None,
            initial_delay: None,
            failure_block: None,
            bootstrap_on_failure: None,
            retry_count: None,
            retry_timer: None,
            sequence_delay: None,
            sequence_count: None,
            more: Vec::new(),
        }
    }
}

impl ServerValues {
    /// The instance of this server.
    pub fn new(id: u16) -> Self {
        Self { short_server_id: id, ..Self::default() }
    }

    /// All resources, TLV.
    pub fn resources(&self) -> Vec<u8> {
        let seconds = |id, value: &Option<u32>| some(value, |value| tlv::integer(id, (*value).into()));
        let number = |id, value: &Option<u64>| some(value, |value| tlv::unsigned(id, *value));
        let switch = |id, value: &Option<bool>| some(value, |value| tlv::boolean(id, *value));
        [
            tlv::integer(0, self.short_server_id.into()),
            tlv::integer(1, self.lifetime.into()),
            seconds(2, &self.pmin),
            seconds(3, &self.pmax),
            seconds(5, &self.disable_timeout),
            tlv::boolean(6, self.storing),
            tlv::resource(7, &self.binding),
            number(13, &self.priority),
            number(14, &self.initial_delay),
            switch(15, &self.failure_block),
            switch(16, &self.bootstrap_on_failure),
            number(17, &self.retry_count),
            number(18, &self.retry_timer),
            number(19, &self.sequence_delay),
            number(20, &self.sequence_count),
            self.more.clone(),
        ]
        .concat()
    }
}

/// An instance of the Access Control object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessValues {
    /// 0: Object ID.
    pub object: u16,
    /// 1: Object Instance ID; 65535 for the right to create.
    pub instance: u16,
    /// 2: ACL: Short Server ID (0: all others) and rights.
    pub acl: Vec<(u16, u16)>,
    /// 3: Access Control Owner; 65535: a bootstrap's.
    pub owner: u16,
    /// Further resources, TLV, behind all others.
    pub more: Vec<u8>,
}

impl AccessValues {
    /// Who may do what with an object instance.
    pub fn new(object: u16, instance: u16, owner: u16, acl: &[(u16, u16)]) -> Self {
        Self { object, instance, acl: acl.to_vec(), owner, more: Vec::new() }
    }

    /// All resources, TLV.
    pub fn resources(&self) -> Vec<u8> {
        let acl: Vec<_> =
            self.acl.iter().map(|(id, rights)| (*id, tlv::integer_bytes((*rights).into()))).collect();
        let acl: Vec<_> = acl.iter().map(|(id, bytes)| (*id, bytes.as_slice())).collect();
        [
            tlv::integer(0, self.object.into()),
            tlv::integer(1, self.instance.into()),
            if acl.is_empty() { Vec::new() } else { tlv::multiple(2, &acl) },
            tlv::integer(3, self.owner.into()),
            self.more.clone(),
        ]
        .concat()
    }
}

/// What a client is to know of servers: instances with their IDs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Of the Security object.
    pub security: Vec<(u16, SecurityValues)>,
    /// Of the Server object.
    pub servers: Vec<(u16, ServerValues)>,
    /// Of the Access Control object.
    pub access: Vec<(u16, AccessValues)>,
}

impl Configuration {
    /// With an instance of the Security object.
    pub fn security(mut self, instance: u16, values: SecurityValues) -> Self {
        self.security.push((instance, values));
        self
    }

    /// With an instance of the Server object.
    pub fn server(mut self, instance: u16, values: ServerValues) -> Self {
        self.servers.push((instance, values));
        self
    }

    /// With an instance of the Access Control object.
    pub fn access(mut self, instance: u16, values: AccessValues) -> Self {
        self.access.push((instance, values));
        self
    }

    /// Object, instance and resources of each.
    fn instances(&self) -> Vec<(u16, u16, Vec<u8>)> {
        let security = self.security.iter().map(|(id, values)| (0, *id, values.resources()));
        let servers = self.servers.iter().map(|(id, values)| (1, *id, values.resources()));
        let access = self.access.iter().map(|(id, values)| (2, *id, values.resources()));
        security.chain(servers).chain(access).collect()
    }

    /// The objects that it has instances of, each with all of them as TLV.
    pub fn objects(&self) -> Vec<(u16, Vec<u8>)> {
        let instances = self.instances();
        let payload = |object| -> Vec<u8> {
            let mine = instances.iter().filter(|(of, ..)| *of == object);
            mine.flat_map(|(_, id, resources)| tlv::entry(tlv::Kind::ObjectInstance, *id, resources))
                .collect()
        };
        (0..3).map(|object| (object, payload(object))).filter(|(_, payload)| !payload.is_empty()).collect()
    }

    /// One Write for each object.
    pub fn writes(&self) -> Vec<Step> {
        self.objects()
            .into_iter()
            .map(|(object, payload)| Step::write(&format!("/{object}"), payload))
            .collect()
    }

    /// One Write for each instance.
    pub fn writes_by_instance(&self) -> Vec<Step> {
        let write = |(object, id, resources)| Step::write(&format!("/{object}/{id}"), resources);
        self.instances().into_iter().map(write).collect()
    }

    /// Looks, clears, writes object by object, finishes.
    pub fn plan(&self) -> Plan {
        let mut plan = Plan::new([Step::discover("/"), Step::delete("/")]);
        plan.steps.extend(self.writes());
        plan.then(Step::finish())
    }

    /// As a bootstrap file.
    pub fn file(&self) -> Vec<u8> {
        let objects = self.objects().into_iter().map(|(id, instances)| FileObject::new(id, instances));
        file(&objects.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;

    /// Each value is where TS 1.1 Appendix E.1 has it.
    #[test]
    fn security_values_are_at_their_resources() {
        let security = Security {
            sni: Some(c"lwm2m.example".into()),
            certificate_usage: 4,
            matching_type: 1,
            ..Security::psk("me", &[7; 16])
        };
        let values = SecurityValues {
            hold_off: Some(10),
            account_timeout: Some(86_400),
            ..SecurityValues::new(101, "coaps://[::1]", &security.with_suites(&[0xc0a8, 0x00ae]))
        };
        let tree = tlv::decode(&values.resources()).unwrap();
        let at = |path: &[u16]| tlv::find(&tree, path).unwrap();
        assert_eq!(
            (at(&[0]).text(), at(&[3]).text(), at(&[14]).text()),
            (Some("coaps://[::1]"), Some("me"), Some("lwm2m.example"))
        );
        assert_eq!((&at(&[4]).value, &at(&[5]).value), (&vec![], &vec![7; 16]));
        let integers = [1, 2, 10, 11, 12, 13, 15].map(|id| at(&[id]).integer());
        assert_eq!(integers, [0, 0, 101, 10, 86_400, 1, 3].map(Some));
        assert_eq!((&at(&[16, 0]).value, &at(&[16, 1]).value), (&vec![0xc0, 0xa8], &vec![0xae]));
        let ids: Vec<_> = tree.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16]);
    }

    #[test]
    fn what_is_not_said_is_absent() {
        let ids = |bytes: &[u8]| tlv::decode(bytes).unwrap().iter().map(|entry| entry.id).collect::<Vec<_>>();
        assert_eq!(
            ids(&SecurityValues::of_bootstrap_server("coap://a", &Security::default()).resources()),
            [0, 1, 2, 3, 4, 5]
        );
        assert_eq!(ids(&ServerValues::new(7).resources()), [0, 1, 6, 7]);
        assert_eq!(ids(&AccessValues::new(3, 0, 7, &[]).resources()), [0, 1, 3]);
    }

    /// TS 1.1 Appendix E.2.
    #[test]
    fn server_values_are_at_their_resources() {
        let values = ServerValues {
            pmin: Some(2),
            pmax: Some(3),
            disable_timeout: Some(5),
            priority: Some(13),
            initial_delay: Some(14),
            failure_block: Some(true),
            bootstrap_on_failure: Some(false),
            retry_count: Some(17),
            retry_timer: Some(18),
            sequence_delay: Some(u32::MAX.into()),
            sequence_count: Some(20),
            more: tlv::integer(200, 1),
            ..ServerValues::new(102)
        };
        let tree = tlv::decode(&values.resources()).unwrap();
        let found: Vec<_> =
            tree.iter().filter(|entry| entry.id != 7).map(|entry| (entry.id, entry.integer())).collect();
        let expected = [
            (0, 102),
            (1, 86_400),
            (2, 2),
            (3, 3),
            (5, 5),
            (6, 1),
            (13, 13),
            (14, 14),
            (15, 1),
            (16, 0),
            (17, 17),
            (18, 18),
            (19, -1),
            (20, 20),
            (200, 1),
        ];
        assert_eq!(found, expected.map(|(id, value)| (id, Some(value))));
        assert_eq!(tlv::find(&tree, &[7]).unwrap().text(), Some("U"));
    }

    #[test]
    fn a_plan_looks_clears_writes_and_finishes() {
        let configuration = Configuration::default()
            .security(1, SecurityValues::new(101, "coap://10.0.0.2", &Security::default()))
            .server(0, ServerValues::new(101))
            .access(4, AccessValues::new(3, 0, 65535, &[(101, 15), (0, 1)]));
        let words = |steps: &[Step]| steps.iter().map(Step::to_string).collect::<Vec<_>>();
        assert_eq!(
            words(&configuration.plan().steps),
            ["GET /", "DELETE /", "PUT /0", "PUT /1", "PUT /2", "POST /bs"]
        );
        assert_eq!(words(&configuration.writes_by_instance()), ["PUT /0/1", "PUT /1/0", "PUT /2/4"]);
        let (object, access) = configuration.objects().pop().unwrap();
        assert_eq!(object, 2);
        assert_eq!(crate::text::payload(Some(format::TLV), &access), "4{0=3 1=0 2{101=15 0=1} 3=65535}");
    }
}
