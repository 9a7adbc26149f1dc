//! Messages that are received: directly and from storage, with and without room.

use crate::bench::{Bench, CONFIG, receive};
use crate::fake::Fake;
use whimbrel::at::{Code, Config, Readiness};

/// DELIVER of `text` (8-bit data, one octet) as the modem shows it, and without the service centre's address.
pub fn message(text: u8) -> (String, String) {
    let tpdu = format!("040B915155550521F30004621020304050800101{text:02X}").replace("800101", "8001");
    (format!("07915155550501F0{tpdu}"), tpdu)
}

/// A STATUS-REPORT.
pub fn report() -> (String, String) {
    let tpdu = "06070B915155550521F3621020304050806210203040508000".to_owned();
    (format!("07915155550501F0{tpdu}"), tpdu)
}

fn stored(places: usize) -> Bench {
    let mut bench = Bench::with(Config { direct: false, ..CONFIG }, places, Fake::new());
    bench.run(3_000);
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
    bench
}

#[test]
fn direct_delivery_is_acknowledged_once_a_message() {
    let mut bench = Bench::ready();
    for text in 1..=5 {
        bench.fake.deliver(&message(text).0);
    }
    bench.fake.deliver(&report().0);
    bench.run(10_000);
    let mut expected: Vec<String> = (1..=5).map(|text| message(text).1).collect();
    expected.push(report().1);
    assert_eq!(bench.inbox, expected);
    assert_eq!((bench.commands("AT+CNMA"), bench.fake.repeats, bench.fake.undelivered()), (6, 0, 0));
    assert_eq!((bench.count(Code::Received), bench.modem.state().counters.received), (6, 6));
}

#[test]
fn a_modem_that_wants_the_acknowledgement_spelt_out_gets_it_so() {
    let mut bench = Bench::ready();
    bench.fake.faults.insert(bench.fake.commands.len(), crate::fake::Fault::Error);
    bench.fake.deliver(&message(1).0);
    bench.run(1_000);
    assert_eq!((bench.commands("AT+CNMA=0"), bench.fake.undelivered()), (1, 0));
}

#[test]
fn without_room_nothing_is_acknowledged_and_the_network_repeats_it() {
    let mut bench = Bench::ready();
    bench.takes = false;
    for text in 1..=6 {
        bench.fake.deliver(&message(text).0);
    }
    bench.run(60_000);
    // the modem has ended direct delivery over it, and stores
    assert_eq!((bench.commands("AT+CNMA"), bench.fake.undelivered() + bench.fake.storage.len()), (4, 2));
    assert!(bench.fake.repeats > 0);
    bench.takes = true;
    bench.run(180_000);
    let expected: Vec<String> = (1..=6).map(|text| message(text).1).collect();
    assert_eq!((bench.inbox.as_slice(), bench.fake.undelivered()), (&expected[..], 0));
    assert!(bench.commands("AT+CNMI=2,2,0,1,0") > 1, "direct delivery is set up again");
    assert!(bench.fake.storage.is_empty());
}

#[test]
fn a_message_whose_acknowledgement_came_too_late_is_delivered_once() {
    let mut bench = Bench::ready();
    // a message is being sent for more than the fifteen seconds
    bench.fake.deaf_to = vec!["AT+CMGS"];
    crate::bench::send(&mut bench.modem, "0100").unwrap();
    bench.run(50);
    bench.fake.say("\r\n> ");
    bench.run(50);
    bench.fake.deliver(&message(1).0);
    bench.run(40_000);
    assert_eq!((bench.inbox.len(), bench.commands("AT+CNMA")), (1, 0));
    bench.fake.deaf_to.clear();
    bench.fake.say("\r\n+CMGS: 1\r\n\r\nOK\r\n");
    bench.run(120_000);
    assert_eq!((bench.inbox.len(), bench.fake.undelivered()), (1, 0));
    assert_eq!(bench.commands("AT+CNMI=2,2,0,1,0"), 2);
}

#[test]
fn stored_delivery_reads_then_deletes() {
    let mut bench = stored(4);
    bench.fake.deliver(&message(1).0);
    bench.fake.deliver(&message(2).0);
    bench.run(3_000);
    assert_eq!(bench.inbox, [message(1).1, message(2).1]);
    assert!(bench.fake.storage.is_empty());
    assert_eq!(
        (bench.commands("AT+CMGR="), bench.commands("AT+CMGD="), bench.commands("AT+CNMA")),
        (2, 2, 0)
    );
}

#[test]
fn a_stored_message_stays_stored_until_there_is_room() {
    let mut bench = stored(2);
    bench.takes = false;
    for text in 1..=9 {
        bench.fake.deliver(&message(text).0);
    }
    bench.run(60_000);
    assert_eq!((bench.fake.storage.len(), bench.commands("AT+CMGD=")), (7, 2));
    while let Some(message) = receive(&mut bench.modem) {
        bench.inbox.push(message);
        bench.run(1_000);
    }
    assert_eq!(bench.inbox, (1..=9).map(|text| message(text).1).collect::<Vec<_>>());
    assert!(bench.fake.storage.is_empty());
}

#[test]
fn what_came_while_the_device_was_off_is_listed_and_deleted() {
    let mut fake = Fake::new();
    fake.capacity = 30;
    for index in 1..=20 {
        fake.store("ME", index, &message(index as u8).0);
    }
    // what somebody wrote there to be sent is not ours
    fake.storage.insert(("ME".into(), 21), (2, "0001000B915155550521F30004010A".into()));
    let mut bench = Bench::with(CONFIG, 3, fake);
    bench.run(30_000);
    let mut inbox = bench.inbox.clone();
    inbox.sort();
    assert_eq!(inbox, (1..=20).map(|text| message(text).1).collect::<Vec<_>>());
    assert_eq!(bench.fake.storage.len(), 1);
    assert_eq!(bench.fake.storage.keys().next().unwrap().1, 21);
}

#[test]
fn a_message_in_another_storage_is_read_there() {
    let mut bench = stored(4);
    bench.fake.store("SM", 5, &message(7).0);
    bench.fake.say("\r\n+CMTI: \"SM\",5\r\n");
    bench.run(1_000);
    bench.fake.deliver(&message(8).0);
    bench.run(3_000);
    assert_eq!(bench.inbox, [message(7).1, message(8).1]);
    assert!(bench.fake.storage.is_empty());
}

#[test]
fn a_storage_that_cannot_be_chosen_is_left_alone() {
    let mut bench = stored(4);
    bench.fake.unknown = vec![("AT+CPMS=\"SM\"", "+CMS ERROR: 302")];
    bench.fake.say("\r\n+CMTI: \"SM\",5\r\n");
    bench.fake.deliver(&message(8).0);
    bench.run(3_000);
    assert_eq!(bench.inbox, [message(8).1]);
}

#[test]
fn a_message_that_is_gone_or_unreadable_does_not_hold_up_the_others() {
    let mut bench = stored(4);
    bench.fake.say("\r\n+CMTI: \"ME\",9\r\n"); // nothing is there
    bench.fake.store("ME", 3, "07915155550501F0");
    bench.fake.say("\r\n+CMTI: \"ME\",3\r\n"); // a PDU without a TPDU
    bench.fake.deliver(&message(8).0);
    bench.run(10_000);
    assert_eq!((bench.inbox.as_slice(), bench.count(Code::Dropped)), (&[message(8).1][..], 1));
    assert!(bench.fake.storage.is_empty());
}

#[test]
fn a_message_that_cannot_be_deleted_is_delivered_once_all_the_same() {
    let mut bench = stored(4);
    bench.fake.unknown = vec![("AT+CMGD", "+CMS ERROR: 320")];
    bench.fake.deliver(&message(1).0);
    bench.run(10_000);
    for _ in 0..3 {
        bench.fake.reset(true);
        bench.run(10_000);
    }
    assert_eq!(bench.inbox, [message(1).1]);
    bench.fake.unknown.clear();
    bench.fake.reset(true);
    bench.run(10_000);
    assert_eq!(bench.inbox.len(), 1);
    assert!(bench.fake.storage.is_empty());
}

#[test]
fn another_message_at_a_place_that_was_to_be_deleted_survives() {
    let mut bench = stored(4);
    // deleted, but the modem dies before it says so; meanwhile another message takes the place
    bench.fake.deliver(&message(1).0);
    bench.until(|bench| bench.commands("AT+CMGR") == 1);
    bench.fake.faults.insert(bench.fake.commands.len(), crate::fake::Fault::Mute);
    bench.run(100);
    assert_eq!((bench.commands("AT+CMGD="), bench.fake.storage.len()), (1, 0));
    bench.fake.reset(false);
    bench.fake.store("ME", 1, &message(2).0);
    bench.run(30_000);
    assert_eq!(bench.inbox, [message(1).1, message(2).1]);
}

#[test]
fn a_message_that_does_not_fit_into_the_callers_buffer_is_dropped_and_the_next_one_is_whole() {
    let mut bench = Bench::ready();
    bench.takes = false;
    bench.fake.deliver(&message(1).0);
    bench.fake.deliver(&message(2).0);
    bench.run(3_000);
    let mut small = [0; 3];
    assert_eq!(bench.modem.receive(&mut small), Err(whimbrel::error::Error::Truncated));
    assert_eq!(small, [0x04, 0x0b, 0x91]);
    assert_eq!(receive(&mut bench.modem), Some(message(2).1));
    assert_eq!(receive(&mut bench.modem), None);
}
