//! A card that is not there, or that seems so: what is told of it, and what becomes of its channels.

use crate::bench::{Bench, CONFIG, send};
use crate::card::{OPEN, SUBMIT};
use crate::card_faults::{GIVE_BACK, WAYS, opened, works_again};
use crate::delivery::message;
use crate::fake::Fake;
use whimbrel::at::{Code, Config, Readiness, Way};
use whimbrel::error::Error;

#[test]
fn a_sim_that_is_not_there_locked_or_broken_is_told_apart() {
    let ask = |config: Config<'static>, change: &dyn Fn(&mut Fake)| {
        let mut fake = Fake::new();
        change(&mut fake);
        let mut bench = Bench::with_card(config, Way::Generic, fake);
        let error = bench.apdu(OPEN);
        assert!(bench.now < 200_000, "{}", bench.now);
        (error, bench.commands("AT+CPIN?"), bench.commands("AT+CSIM"))
    };
    let no_sim = |fake: &mut Fake| fake.card.missing = true;
    assert_eq!(ask(CONFIG, &no_sim), (Err(Error::NotFound), 3, 0));
    let not_ready = |fake: &mut Fake| fake.unknown = vec![("AT+CPIN?", "ERROR")];
    assert_eq!(ask(CONFIG, &not_ready), (Err(Error::Link), 3, 0));
    let locked = |fake: &mut Fake| fake.pin = Some("1234");
    assert_eq!(ask(CONFIG, &locked), (Err(Error::Unauthorized), 3, 0));
    let busy = |fake: &mut Fake| fake.unknown = vec![("AT+CPIN?", "+CME ERROR: 14")];
    assert_eq!(ask(CONFIG, &busy), (Err(Error::Busy), 8, 0));
    let dead = |fake: &mut Fake| fake.dead = true;
    assert_eq!(ask(CONFIG, &dead), (Err(Error::Link), 0, 0));
    let pin = Config { pin: Some(b"1234"), ..CONFIG };
    let (response, asked, carried) = ask(pin, &locked);
    assert_eq!((response, asked, carried), (Ok("019000".into()), 2, 1));
}

#[test]
fn a_sim_that_comes_late_is_not_missed() {
    let mut fake = Fake::new();
    fake.card.missing = true;
    let mut bench = Bench::with_card(CONFIG, Way::Generic, fake);
    assert_eq!(bench.ask(OPEN), Ok(None));
    bench.run(1_000);
    bench.fake.card.missing = false;
    assert_eq!(bench.apdu(OPEN), Ok("019000".into()));
}

#[test]
fn a_sim_that_is_pulled_out_in_a_session_is_missing_after_that() {
    for way in WAYS {
        let mut bench = opened(way, |_| {});
        bench.fake.card.missing = true;
        bench.fake.card.reset();
        let asked = bench.commands("AT+CPIN?");
        assert_eq!(bench.apdu(GIVE_BACK), Err(Error::Closed), "not by one answer");
        assert_eq!(bench.apdu("00A40004022FE200"), Err(Error::NotFound));
        assert_eq!(bench.commands("AT+CPIN?"), asked + 3);
        bench.run(60_000);
        assert_eq!(bench.modem.state().readiness, Readiness::NoSim);
        assert_eq!(bench.ask(GIVE_BACK), Err(Error::NotFound));
        bench.fake.card.missing = false;
        works_again(&mut bench, "put in again");
    }
}

/// That there is no card deletes accounts: one odd answer is not enough for it.
#[test]
fn one_answer_that_there_is_no_sim_ends_the_session_and_no_more() {
    for way in WAYS {
        for answer in ["+CME ERROR: 10", "+CME ERROR: 11", "+CME ERROR: 12", "+CMS ERROR: 310"] {
            let mut bench = opened(way, |_| {});
            bench.fake.unknown = vec![("AT+CSIM", answer), ("AT+CGLA", answer)];
            assert_eq!(bench.ask(GIVE_BACK), Ok(None));
            bench.run(30);
            bench.fake.unknown.clear();
            let locked = answer.ends_with("11") || answer.ends_with("12");
            let error = if locked { Error::Unauthorized } else { Error::Closed };
            assert_eq!(bench.ask(GIVE_BACK), Err(error), "{way:?} {answer}");
            // the channel is open still, and is not forgotten
            works_again(&mut bench, answer);
            assert_eq!(bench.commands("AT+CPIN?"), 2, "{way:?} {answer}");
        }
    }
}

/// Other reasons why a SIM cannot be used do not count for that.
#[test]
fn a_sim_is_missing_only_when_that_was_said_three_times_in_a_row() {
    for (before, times) in [("+CME ERROR: 14", 4), ("ERROR", 4), ("+CME ERROR: 13", 9)] {
        let mut fake = Fake::new();
        fake.unknown = vec![("AT+CPIN?", before)];
        let mut bench = Bench::with_card(CONFIG, Way::Generic, fake);
        bench.until(|bench| bench.commands("AT+CPIN?") == times);
        bench.fake.unknown.clear();
        bench.fake.card.missing = true;
        bench.until(|bench| bench.commands("AT+CPIN?") == times + 2);
        bench.run(100);
        assert_eq!(bench.modem.state().readiness, Readiness::NoSim);
        assert_eq!(bench.ask(OPEN), Ok(None), "{before}");
        assert_eq!(bench.apdu(OPEN), Err(Error::NotFound), "{before}");
        assert_eq!(bench.commands("AT+CPIN?"), times + 3, "{before}");
    }
}

/// A card that was off has no channels: another one's would be closed.
#[test]
fn nothing_is_closed_on_a_card_that_was_off() {
    for way in WAYS {
        let mut bench = opened(way, |_| {});
        bench.fake.card.missing = true;
        bench.fake.card.reset();
        assert_eq!(bench.apdu(GIVE_BACK), Err(Error::Closed));
        bench.run(10_000);
        bench.fake.card.missing = false;
        let (lines, before) = (["AT+CCHC", "AT+CSIM"], bench.fake.commands.len());
        bench.run(60_000);
        bench.until_ready();
        let sent = &bench.fake.commands[before..];
        assert!(!sent.iter().any(|line| lines.iter().any(|start| line.starts_with(start))), "{sent:?}");
        works_again(&mut bench, "another card");
    }
}

/// A message is refused in the middle of a session, in a way after which the modem gets its settings anew.
#[test]
fn a_modem_that_is_set_up_again_over_a_message_has_its_channels_closed() {
    for way in WAYS {
        for refusal in ["ERROR", "+CMS ERROR: 310", "+CMS ERROR: 313", "+CME ERROR: 15"] {
            let mut bench = opened(way, |fake| fake.unknown = vec![("AT+CMGS", refusal)]);
            send(&mut bench.modem, SUBMIT).unwrap();
            bench.run(100);
            bench.fake.unknown.clear();
            bench.run(1_000);
            assert_eq!(bench.ask(GIVE_BACK), Err(Error::Closed), "{way:?} {refusal}");
            works_again(&mut bench, refusal);
            assert_eq!(bench.count(Code::Restarted), 1, "{way:?} {refusal}");
        }
        // the storage cannot be listed, three times; an acknowledgement is refused, and delivery after that
        for unknown in
            [vec![("AT+CMGL", "ERROR")], vec![("AT+CNMA", "+CMS ERROR: 340"), ("AT+CNMI", "ERROR")]]
        {
            let mut bench = opened(way, |_| {});
            bench.fake.unknown = unknown;
            bench.fake.say("\r\n+CMTI:\r\n");
            bench.fake.deliver(&message(1).0);
            bench.until(|bench| bench.modem.state().readiness == Readiness::Starting);
            bench.fake.unknown.clear();
            assert_eq!(bench.ask(GIVE_BACK), Err(Error::Closed), "{way:?}");
            works_again(&mut bench, "set up again");
            assert_eq!(bench.count(Code::Restarted), 1, "{way:?}");
        }
    }
}

#[test]
fn a_closed_line_has_no_card_and_an_open_one_closes_what_was_left() {
    for way in WAYS {
        let mut bench = opened(way, |_| {});
        let now = whimbrel::time::Instant::from_millis(bench.now);
        bench.modem.line(now, false, &mut |_| {});
        assert_eq!(bench.ask(GIVE_BACK), Err(Error::Closed));
        assert_eq!(bench.ask(GIVE_BACK), Err(Error::Link));
        bench.modem.line(now, true, &mut |_| {});
        works_again(&mut bench, "line");
    }
}
