//! Lines, in whatever pieces and order they come.

use crate::bench::{Bench, send};
use whimbrel::at::{Code, Readiness};

const SUBMIT: &str = "01000B915155550521F300041E64451234A1B2C3D4C0FF4F70656E204D6F62696C6520416C6C69616E6365";
const DELIVER: &str = "040B915155550521F300046210203040508 00E44011234A1B2C3D4B13301300130";

fn deliver() -> String {
    DELIVER.replace(' ', "")
}

#[test]
fn bytes_may_come_one_by_one() {
    let mut bench = Bench::new();
    bench.grain = 1;
    bench.run(3_000);
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
    send(&mut bench.modem, SUBMIT).unwrap();
    bench.fake.deliver(&format!("07915155550501F0{}", deliver()));
    bench.run(3_000);
    assert_eq!(
        (bench.fake.sent.as_slice(), bench.inbox.as_slice()),
        (&[SUBMIT.to_owned()][..], &[deliver()][..])
    );
}

#[test]
fn an_endless_line_is_dropped_and_the_next_one_is_not() {
    let mut bench = Bench::ready();
    bench.fake.say("\r\n+CMT: ,33\r\n");
    bench.fake.say(&"A5".repeat(5_000));
    bench.fake.say("\r\n+CEREG: 5\r\n");
    bench.run(100);
    assert_eq!((bench.modem.state().registration, bench.inbox.len()), (5, 0));
}

#[test]
fn a_delivery_in_the_middle_of_an_answer_is_neither_lost_nor_part_of_it() {
    let mut bench = Bench::ready();
    bench.fake.deaf_to = vec!["AT+CMGS"];
    send(&mut bench.modem, SUBMIT).unwrap();
    bench.run(50);
    let pdu = format!("07915155550501f0{}", deliver().to_lowercase());
    bench.fake.say(&format!("\r\n+CMT: \"a,b\",33\r\n{pdu}\r\n\r\n> "));
    bench.run(50);
    assert_eq!(bench.inbox, [deliver()]);
    assert_eq!(bench.fake.commands.last().unwrap(), "AT+CMGS=43", "one command at a time");
    // the body went out after the prompt, and the modem has taken it for a command without an end
    bench.fake.say(&format!("\r\n+CMGS: 1\r\n\r\n+CDS: 33\r\n07915155550501F0{}\r\n\r\nOK\r\n", deliver()));
    bench.run(50);
    assert_eq!((bench.modem.state().counters.sent, bench.inbox.len()), (1, 1), "the same one is known");
}

#[test]
fn a_pdu_that_is_lost_takes_nothing_else_with_it() {
    let mut bench = Bench::ready();
    bench.fake.deaf_to = vec!["AT+CMGS"];
    send(&mut bench.modem, SUBMIT).unwrap();
    bench.run(50);
    bench.fake.say("\r\n+CMT: ,33\r\n\r\n+CMS ERROR: 21\r\n");
    bench.run(50);
    assert_eq!(bench.last(Code::SendFailed), Some(21));
}

#[test]
fn a_pdu_of_another_length_than_announced_is_not_taken() {
    let mut bench = Bench::ready();
    for length in [0, 1, 32, 34, 177, 65_536] {
        bench.fake.say(&format!("\r\n+CMT: ,{length}\r\n07915155550501F0{}\r\n", deliver()));
    }
    bench.fake.say("\r\n+CMT:\r\n07\r\n\r\n+CMT: ,\"\r\nFF\r\n");
    bench.run(1_000);
    assert_eq!((bench.inbox.len(), bench.commands("AT+CNMA")), (0, 0));
}

#[test]
fn broadcasts_and_calls_are_nobodys_business() {
    let mut bench = Bench::ready();
    bench.fake.say("\r\n+CBM: 88\r\nA5A5A5\r\n\r\nRING\r\n\r\nNO CARRIER\r\n\r\nOK\r\n\r\n+CMS ERROR: 1\r\n");
    bench.run(100);
    send(&mut bench.modem, SUBMIT).unwrap();
    bench.run(3_000);
    assert_eq!((bench.fake.sent.len(), bench.inbox.len(), bench.count(Code::Restarted)), (1, 0, 0));
}

#[test]
fn a_late_answer_is_not_taken_for_that_of_the_next_command() {
    let mut bench = Bench::ready();
    bench.fake.deaf_to = vec!["AT+CMGS"];
    send(&mut bench.modem, SUBMIT).unwrap();
    bench.run(6_500);
    // the answer comes with those to AT
    bench.fake.deaf_to.clear();
    bench.fake.say("\r\n+CMS ERROR: 21\r\n");
    bench.run(30_000);
    assert_eq!((bench.fake.sent.len(), bench.count(Code::SendFailed)), (1, 0));
}

#[test]
fn a_prompt_that_nobody_wants_any_more_is_cancelled() {
    let mut bench = Bench::ready();
    bench.fake.latency = 8_000; // the prompt comes after five seconds of patience
    send(&mut bench.modem, SUBMIT).unwrap();
    bench.run(5_500);
    bench.fake.latency = 10;
    bench.run(60_000);
    assert_eq!(bench.fake.sent, [SUBMIT]);
    assert_eq!(bench.modem.state().readiness, Readiness::Ready);
}
