//! The card against vectors that other implementations confirmed (`verified_by`), and against the status words of TS 102 221.

mod files;
mod flow;
mod forms;
mod messages;
mod secure;

use super::description::unhex;
use super::*;
use crate::text;
use serde_json::Value;

const CARD: &str = include_str!("../../../vectors/pkcs15.json");
const SESSIONS: &str = include_str!("../../../vectors/scp03.json");
const PACKETS: &str = include_str!("../../../vectors/sms_secured_packet.json");
const PDUS: &str = include_str!("../../../vectors/sms_pdu.json");

fn vectors(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The entry of a list that has this name.
fn named<'v>(list: &'v Value, name: &str) -> &'v Value {
    let found = list.as_array().unwrap().iter().find(|entry| entry["name"] == name);
    found.unwrap_or_else(|| panic!("no vector is called {name}"))
}

fn hex(digits: &str) -> Vec<u8> {
    unhex(digits).unwrap_or_else(|| panic!("{digits}"))
}

fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    hex(vector[name].as_str().unwrap_or_else(|| panic!("{name} of {vector}")))
}

/// What a command gets, both in hexadecimal.
fn ask(card: &mut Uicc, command: &str) -> String {
    text::hex(&card.answer(&hex(command))).to_uppercase()
}

/// Commands and what they are to get.
fn talk(card: &mut Uicc, flow: &[(&str, &str)]) {
    for (n, (command, answer)) in flow.iter().enumerate() {
        assert_eq!(ask(card, command), *answer, "step {n}: {command}");
    }
}

/// The bootstrap file of the vectors.
fn bootstrap() -> Vec<u8> {
    let vectors = vectors(CARD);
    bytes(named(&vectors["ef_lwm2m_bootstrap"]["examples"], "security-and-server-full"), "hex")
}

fn card() -> Uicc {
    Uicc::new(Profile::new(bootstrap()).description())
}

/// Selects the PKCS#15 application in the basic channel.
const SELECT_PKCS15: &str = "00A404040CA000000063504B43532D313500";

/// The first record of EF_DIR.
const RECORD: &str =
    "61184F10A0000000871002FFFFFFFF890709000050045553494DFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF9000";
