//! Factory bootstrap and NoSec (TS 1.0 sections 5.2.3.1 and 7.1.10): what the device was delivered with.

use whimbrel::capi::*;
use whimbrel_lab::scene::{FIRST_ID, SECOND, SECOND_ID, SERVER};
use whimbrel_lab::{Code, Lab, Operation, Request, Setup, seconds};

/// LwM2M-BOOT-001-C-M: with the factory's accounts no bootstrap is asked for.
#[test]
fn boot_001_c_m_a_device_with_accounts_registers_without_a_bootstrap() {
    let lab = Lab::registered();
    assert_eq!(lab.server.count(Operation::Bootstrap), 0);
    assert_eq!(lab.server.count(Operation::Register), 1);
}

/// LwM2M-BOOT-002-C-O: each account is an instance of the Server object with the values given.
#[test]
fn boot_002_c_o_accounts_become_server_instances() {
    let mut lab = Setup { servers: 2, lifetime: 1234, pmin: 3, ..Setup::default() }.registered();
    for (instance, id) in [(0, FIRST_ID), (1, SECOND_ID)] {
        assert_eq!(lab.text(&format!("/1/{instance}/0")), id.to_string());
        assert_eq!(lab.text(&format!("/1/{instance}/1")), "1234");
        assert_eq!(lab.text(&format!("/1/{instance}/2")), "3");
    }
}

/// An account that cannot be is refused as a whole.
#[test]
fn boot_002_c_o_an_account_is_added_whole_or_not_at_all() {
    let setup = Setup { servers: 2, ..Setup::default() };
    let mut lab = setup.registered();
    assert_eq!(lab.device.remove_account(SECOND_ID), 0);
    let account = |id, binding| whimbrel_lab::device::Account { binding, ..setup.account(id, SECOND) };
    assert_eq!(lab.device.add_account(&account(FIRST_ID, "U")), WHIMBREL_ERR_EXISTS);
    assert_eq!(lab.device.add_account(&account(0, "U")), WHIMBREL_ERR_BAD_VALUE);
    assert_eq!(lab.device.add_account(&account(65535, "U")), WHIMBREL_ERR_BAD_VALUE);
    assert_eq!(lab.device.add_account(&account(7, "S")), WHIMBREL_ERR_BAD_VALUE);
    assert_eq!(lab.device.add_account(&account(7, "U")), 0);
    assert_eq!(lab.device.add_account(&account(8, "U")), WHIMBREL_ERR_FULL);
    lab.run(seconds(1));
    let instances = lab.server.client().instances();
    assert_eq!(instances.iter().filter(|(object, _)| *object == 1).count(), 2);
    assert!(lab.device.is_registered(7));
}

/// LwM2M-SEC-005-C-O: to the host and port of the URI, in clear.
#[test]
fn sec_005_c_o_nosec_speaks_coap_to_the_servers_port() {
    let lab = Lab::registered();
    let first = &lab.network.records()[0];
    assert_eq!(first.to, SERVER);
    assert!(whimbrel_lab::Message::parse(&first.bytes).is_ok());
}

/// LwM2M-OBJ-001-C-M: there, but no server sees it.
#[test]
fn obj_001_c_m_the_security_object_is_there_for_nobody() {
    let mut lab = Lab::registered();
    for path in ["/0", "/0/0", "/0/0/0", "/0/0/5"] {
        let read = lab.send(Request::get(path));
        assert_eq!((read.code, read.payload.len()), (Code::UNAUTHORIZED, 0), "{path}");
    }
}
