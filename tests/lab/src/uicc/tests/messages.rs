//! The LwM2M application: secured packets in and out.

use super::*;
use crate::sms::packet::Keys;
use crate::sms::tpdu::COMMAND;
use crate::sms::{Address, Association, Deliver, Refusal, Submit, UserData};

const SERVER: &str = "+15555550123";
const SELECT: &str = "00A4040C07F04C574D324D01";
const TO: &str = "0B915155550521F3";

fn packet(name: &str) -> Value {
    named(&vectors(PACKETS)["command_packets"], name).clone()
}

fn keys(packet: &Value) -> Keys {
    Keys::new(0x12, 0x12, &bytes(packet, "kic_key"), &bytes(packet, "kid_key"))
}

fn messages_card() -> Uicc {
    let mut card = Profile::default().description();
    card.messages = Some(Messages::new([(SERVER.to_owned(), keys(&packet("aes128-mt-get")))]));
    let mut card = Uicc::new(card);
    talk(&mut card, &[(SELECT, "9000")]);
    card
}

fn tpdus(packet: &Value) -> Vec<Vec<u8>> {
    let messages = packet["sms"].as_array().unwrap();
    messages.iter().map(|message| bytes(message, "tpdu")).collect()
}

/// What GET DATA gives for a CoAP message.
fn got(coap: &[u8]) -> String {
    format!("{TO}05{:04X}{}9000", coap.len(), text::hex(coap).to_uppercase())
}

#[test]
fn a_packet_of_the_vectors_waits_for_get_data() {
    let mut card = messages_card();
    let packet = packet("aes128-mt-get");
    talk(&mut card, &[("80CA000500", "6A88")]);
    // as the modem hands it over
    assert_eq!(card.answer(&bytes(&vectors(PDUS)["envelope"], "apdu")), [0x90, 0]);
    assert_eq!(card.waiting(), 1);
    talk(&mut card, &[("80CA000600", "6A88"), ("80CA000500", &got(&bytes(&packet, "coap_message")))]);
    talk(&mut card, &[("80CA000500", "6A88")]);
    // in another channel, where the application is not selected
    card.envelope(&tpdus(&super::messages::packet("aes128-mt-write-2sms"))[0]).unwrap();
    card.envelope(&tpdus(&super::messages::packet("aes128-mt-write-2sms"))[1]).unwrap();
    talk(&mut card, &[("0070000001", "019000"), ("81CA000500", "6A88")]);
    let long = bytes(&super::messages::packet("aes128-mt-write-2sms"), "coap_message");
    talk(&mut card, &[("00CA000500", &got(&long))]);
}

#[test]
fn parts_come_in_any_order() {
    let packet = packet("aes128-mt-write-2sms");
    let mut parts = tpdus(&packet);
    parts.reverse();
    let mut card = messages_card();
    assert_eq!(card.envelope(&parts[0]), Ok(()));
    assert_eq!(card.waiting(), 0);
    assert_eq!(card.envelope(&parts[1]), Ok(()));
    talk(&mut card, &[("80CA000500", &got(&bytes(&packet, "coap_message")))]);
    // a reset loses what is not whole
    let mut card = messages_card();
    card.envelope(&parts[0]).unwrap();
    Chip::reset(&mut card);
    card.envelope(&parts[1]).unwrap();
    assert_eq!(card.waiting(), 0);
}

#[test]
fn what_is_not_right_is_dropped_without_a_word() {
    let tpdu = &tpdus(&packet("aes128-mt-get"))[0];
    let changed = |change: &dyn Fn(&mut Deliver)| {
        let mut deliver = Deliver::parse(tpdu).unwrap();
        change(&mut deliver);
        deliver.bytes()
    };
    let cases = [
        (changed(&|deliver| deliver.data.pid = 0), Dropped::NotForCard),
        (changed(&|deliver| deliver.data.dcs = 0xf5), Dropped::NotForCard),
        (changed(&|deliver| deliver.data.header.retain(|element| element.id != COMMAND)), Dropped::NoPacket),
        (changed(&|deliver| deliver.from = Address::number("+15555550124")), Dropped::Unknown),
        (changed(&|deliver| deliver.data.payload[20] ^= 1), Dropped::Packet(Refusal::Checksum)),
        (changed(&|deliver| deliver.data.payload[9] ^= 1), Dropped::Packet(Refusal::Tar)),
    ];
    let mut card = messages_card();
    for (tpdu, why) in &cases {
        let field = [&[0x8b, tpdu.len() as u8], &tpdu[..]].concat();
        let apdu = [&[0x80, 0xc2, 0, 0, field.len() as u8 + 2, 0xd1, field.len() as u8], &field[..]].concat();
        assert_eq!(card.answer(&apdu), [0x90, 0]);
        assert_eq!(card.dropped.last(), Some(why));
    }
    assert_eq!((card.dropped.len(), card.waiting()), (6, 0));
    assert!(card.outgoing().is_empty(), "no response packet either");
    // the counter counts over a reset
    assert_eq!(card.envelope(tpdu), Ok(()));
    Chip::reset(&mut card);
    assert_eq!(card.envelope(tpdu), Err(Dropped::Packet(Refusal::Counter)));
    assert_eq!(card.waiting(), 1);
}

#[test]
fn store_data_makes_the_packet_of_the_vectors() {
    let packet = packet("aes128-mo-content");
    let mut card = messages_card();
    let unit = format!("{TO}05001E{}", packet["coap_message"].as_str().unwrap());
    talk(&mut card, &[(&format!("80E28000{:02X}{unit}", unit.len() / 2), "9000")]);
    let sent = card.outgoing();
    assert!(card.outgoing().is_empty());
    let submit = Submit::parse(&sent[0]).unwrap();
    assert_eq!((sent.len(), &submit.to.text[..]), (1, SERVER));
    assert_eq!((submit.data.pid, submit.data.dcs), (0x7f, 0xf6));
    assert_eq!(submit.data.payload, bytes(&packet, "command_packet"));
    assert_eq!(submit.data.header.len(), 1);
    assert_eq!((submit.data.header[0].id, submit.data.header[0].data.len()), (0x70, 0));
}

#[test]
fn a_long_message_comes_in_blocks_and_goes_in_parts() {
    let packet = packet("aes128-mo-register-2sms");
    let coap = bytes(&packet, "coap_message");
    let mut card = messages_card();
    card.description.messages.as_mut().unwrap().peers[0].1.sent = 1;
    let unit = [&hex(TO)[..], &[5, 0, coap.len() as u8], &coap].concat();
    let blocks: Vec<&[u8]> = unit.chunks(60).collect();
    for (n, block) in blocks.iter().enumerate() {
        let last = if n + 1 == blocks.len() { 0x80 } else { 0 };
        let apdu = [&[0x80, 0xe2, last, n as u8, block.len() as u8], *block].concat();
        assert_eq!(card.answer(&apdu), [0x90, 0]);
    }
    let parts: Vec<Submit> = card.outgoing().iter().map(|tpdu| Submit::parse(tpdu).unwrap()).collect();
    let wanted: Vec<Submit> = tpdus(&packet).iter().map(|tpdu| Submit::parse(tpdu).unwrap()).collect();
    let payloads = |parts: &[Submit]| parts.iter().map(|part| part.data.payload.clone()).collect::<Vec<_>>();
    assert_eq!((parts.len(), payloads(&parts)), (2, payloads(&wanted)));
}

#[test]
fn store_data_has_its_own_status_words() {
    let mut card = messages_card();
    let ok = format!("{TO}05000464451234");
    let unknown = "0B915155550521F405000464451234";
    let store = |head: &str, unit: &str| format!("80E2{head}{:02X}{unit}", unit.len() / 2);
    talk(
        &mut card,
        &[
            (&store("8000", &ok.replace("0004", "0005")), "6A80"),
            (&store("8000", &ok.replace("0500", "0600")), "6A80"),
            (&store("8000", "0B91"), "6A80"),
            (&store("8000", unknown), "6A88"),
            (&store("8001", &ok), "6A86"), // not the first block
            (&store("0000", "0B91"), "9000"),
            (&store("0002", "5155"), "6A86"), // one is left out: all are
            (&store("0001", "5155"), "6A86"),
            (&store("9000", &ok), "6A86"),
            (&store("0000", "0B91"), "9000"),
            (SELECT, "9000"), // as is selecting anew
            (&store("8000", &ok), "9000"),
        ],
    );
    assert_eq!(card.outgoing().len(), 1);
    card.description.messages.as_mut().unwrap().peers[0].1.sent = 0xff_ffff_fffe;
    talk(&mut card, &[(&store("8000", &ok), "6985")]);
    card.description.application(&Messages::AID).secured = true;
    talk(&mut card, &[(&store("8000", &ok), "6982"), ("80CA000500", "6982")]);
}

#[test]
fn what_the_server_seals_the_card_opens_and_the_other_way_round() {
    let mut card = messages_card();
    let mut server = Association::new(keys(&packet("aes128-mt-get")));
    for length in [1, 95, 97, 200] {
        let coap: Vec<u8> = (0..length).collect();
        let sealed = server.protect(&coap).unwrap();
        let cut = crate::sms::parts::Cut { command: true, reference: length.into(), wide: true };
        for data in cut.parts(&sealed, 0x7f, 0xf6).unwrap() {
            card.envelope(&deliver(data)).unwrap();
        }
        talk(&mut card, &[("80CA000500", &got(&coap))]);
    }
    // longer than one response: the rest is fetched
    let coap = vec![7; 300];
    let sealed = server.protect(&coap).unwrap();
    let cut = crate::sms::parts::Cut { command: true, reference: 1, wide: false };
    for data in cut.parts(&sealed, 0x7f, 0xf6).unwrap() {
        card.envelope(&deliver(data)).unwrap();
    }
    talk(&mut card, &[("80CA000500", "6100")]);
    let first = card.answer(&hex("00C0000000"));
    let second = card.answer(&hex("00C0000037"));
    assert_eq!(first[256..], [0x61, 0x37]);
    let unit = [&first[..256], &second[..0x37]].concat();
    assert_eq!((&unit[8..11], &unit[11..]), (&[5, 1, 44][..], &coap[..]));
}

fn deliver(data: UserData) -> Vec<u8> {
    let time = crate::sms::tpdu::Stamp::new(0);
    Deliver { from: Address::number(SERVER), time, more: false, report: false, data }.bytes()
}
