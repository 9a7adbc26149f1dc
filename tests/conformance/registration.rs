//! Client Registration (TS 1.0 section 5.3): what a server sees of Register.

use whimbrel_lab::format::LINK;
use whimbrel_lab::{Lab, Operation};

/// LwM2M-CR-001-C-M, interop case 101.
#[test]
fn cr_001_c_m_registers_by_post_to_rd_with_a_link_list() {
    let lab = Lab::registered();
    let register = lab.server.last(Operation::Register).expect("a Register");
    assert_eq!(register.path, "/rd");
    assert_eq!(register.content_format, Some(LINK));
    assert_eq!(lab.server.count(Operation::Register), 1);
    assert_eq!(lab.server.complaints(), []);
}
