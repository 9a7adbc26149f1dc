//! APDUs, and a modem or a card that does not do as it should: an error is told, never the response to another command, and
//! the next session works.

use crate::bench::{Bench, send};
use crate::card::{CLOSE_1, OPEN, SUBMIT, ready, ready_with, select_1};
use crate::fake::{FAULTS, Fake, Fault};
use whimbrel::at::{Code, Progress, Way};
use whimbrel::error::Error;

pub const WAYS: [Way; 2] = [Way::Generic, Way::Channels];
/// A command that the application on the card gives back.
pub const GIVE_BACK: &str = "0110AABB00";

/// A channel with its application.
pub fn opened(way: Way, change: impl FnOnce(&mut Fake)) -> Bench {
    let mut bench = ready(way);
    change(&mut bench.fake);
    open(&mut bench);
    bench
}

fn open(bench: &mut Bench) {
    assert_eq!(bench.apdu(OPEN), Ok("019000".into()));
    assert!(bench.apdu(&select_1()).unwrap().ends_with("9000"));
}

/// All channels are closed, and a session works.
pub fn works_again(bench: &mut Bench, what: &str) {
    bench.run(20_000);
    bench.until_ready();
    assert_eq!(bench.fake.card.open(), [0; 0], "{what}: {:?}", bench.fake.commands);
    open(bench);
    assert_eq!(bench.apdu(GIVE_BACK), Ok("AABB9000".into()), "{what}");
    assert_eq!(bench.apdu(CLOSE_1), Ok("9000".into()), "{what}");
    assert_eq!(bench.fake.card.open(), [0; 0], "{what}");
}

#[test]
fn answers_whose_lengths_do_not_agree_are_no_responses() {
    let twists: [fn(&str) -> String; 10] = [
        |answer| answer.replace(": ", ": 1"),
        |answer| answer.replace("9000", "900"),
        |answer| answer.replace("9000", "90"),
        |answer| answer.replace("9000", "90G0"),
        |answer| answer.replace("AABB9000", "").replace('8', "0"),
        |answer| answer.replace("AABB9000", "90").replace('8', "2"),
        |answer| answer.replace(',', ""),
        |answer| answer.replace("\"AABB9000\"", ""),
        |answer| format!("{}: 518,\"{}\"", &answer[..5], "A5".repeat(259)),
        |answer| format!("{answer}\r\n{answer}"),
    ];
    for way in WAYS {
        for (number, twist) in twists.into_iter().enumerate() {
            let mut bench = opened(way, |_| {});
            bench.fake.card.twist = Some(twist);
            assert_eq!(bench.apdu(GIVE_BACK), Err(Error::Malformed), "{way:?} {number}");
            bench.fake.card.twist = None;
            works_again(&mut bench, "twisted");
        }
        let mut bench = opened(way, |_| {});
        bench.fake.card.twist = Some(|answer| {
            answer.to_lowercase().replacen("+c", "+C", 1).replace("sim", "SIM").replace("gla", "GLA")
        });
        assert_eq!(bench.apdu(GIVE_BACK), Ok("AABB9000".into()), "lower case is hex too");
        bench.fake.card.twist = Some(|answer| answer.replace('"', ""));
        assert_eq!(bench.apdu(GIVE_BACK), Ok("AABB9000".into()), "no quotes are no harm");
    }
}

#[test]
fn what_crsm_says_wrongly_is_no_response() {
    let twists: [fn(&str) -> String; 6] = [
        |answer| answer.replace("144,0", "144"),
        |answer| answer.replace("144,0", "400,0"),
        |answer| answer.replace("144,0", ","),
        |answer| answer.replace("\"62", "\"6"),
        |answer| answer.replace("\"62", "\"XX"),
        |_| format!("+CRSM: 144,0,\"{}\"", "A5".repeat(257)),
    ];
    for (number, twist) in twists.into_iter().enumerate() {
        let mut bench = ready(Way::Channels);
        bench.fake.card.twist = Some(twist);
        assert_eq!(bench.apdu("00A40004022FE200"), Err(Error::Malformed), "{number}");
        assert_eq!(bench.ask("00B000000A"), Ok(Some("6986".into())), "nothing is selected");
    }
    let mut bench = ready(Way::Channels);
    bench.fake.card.twist = Some(|_| "+CRSM: 148,4,\"\"".into());
    assert_eq!(bench.apdu("00A40004022FE200"), Ok("9404".into()));
}

#[test]
fn sessions_that_have_no_number_are_not_opened() {
    for twist in [|_: &str| "+CCHO: x".to_owned(), |_: &str| "+CCHO:".into(), |_: &str| "4294967296".into()] {
        let mut bench = ready_with(Way::Channels, |fake| fake.card.twist = Some(twist));
        bench.apdu(OPEN).unwrap();
        assert_eq!(bench.apdu(&select_1()), Err(Error::Malformed));
    }
}

#[test]
fn a_modem_that_does_not_answer_is_woken_and_the_channel_is_closed() {
    for way in WAYS {
        let mut bench = opened(way, |_| {});
        bench.fake.deaf_to = vec!["AT+CSIM", "AT+CGLA"];
        let before = bench.now;
        assert_eq!(bench.apdu(GIVE_BACK), Err(Error::Timeout));
        assert_eq!(bench.now - before, 15_000);
        bench.fake.deaf_to.clear();
        works_again(&mut bench, "deaf");
        assert_eq!(bench.count(Code::Restarted), 1);
    }
}

#[test]
fn a_restart_between_two_apdus_is_told_once_and_by_whatever_comes_next() {
    for way in WAYS {
        for banner in [true, false] {
            for next in [GIVE_BACK, OPEN, CLOSE_1] {
                if way == Way::Channels && next == OPEN && !banner {
                    // the modem is not asked for that, and so it is not seen
                    continue;
                }
                let mut bench = opened(way, |_| {});
                bench.fake.reset(banner);
                if banner {
                    bench.run(10_000);
                }
                // +CSIM has opened a channel before the echo shows the restart, and its number is not known
                let leaks = way == Way::Generic && !banner && next == OPEN;
                let error = bench.apdu(next);
                let closes = bench.commands("AT+CCHC");
                assert_eq!(error, Err(Error::Closed), "{way:?} {banner} {next}");
                if leaks {
                    assert_eq!(bench.fake.card.open(), [1]);
                    bench.fake.card.reset();
                }
                works_again(&mut bench, "restart");
                assert_eq!(
                    bench.commands("AT+CCHC"),
                    closes + usize::from(way == Way::Channels),
                    "only ours"
                );
            }
        }
    }
}

#[test]
fn a_restart_after_the_end_of_a_session_is_nobodys_business() {
    for way in WAYS {
        let mut bench = opened(way, |_| {});
        assert_eq!(bench.apdu(CLOSE_1), Ok("9000".into()));
        bench.fake.reset(true);
        bench.run(10_000);
        open(&mut bench);
    }
}

#[test]
fn a_session_that_the_modem_knows_no_more_is_over() {
    let mut bench = opened(Way::Channels, |_| {});
    bench.fake.card.reset();
    assert_eq!(bench.apdu(GIVE_BACK), Err(Error::Closed));
    works_again(&mut bench, "forgotten");
}

#[test]
fn a_busy_card_is_tried_again_a_few_times() {
    for way in WAYS {
        let mut bench = opened(way, |_| {});
        bench.fake.card.busy = 5;
        let before = bench.now;
        assert_eq!(bench.apdu(GIVE_BACK), Ok("AABB9000".into()));
        assert!((10_000..11_000).contains(&(bench.now - before)));
        bench.fake.card.busy = 6;
        assert_eq!(bench.apdu(GIVE_BACK), Err(Error::Busy));
        works_again(&mut bench, "busy");
    }
}

#[test]
fn errors_of_the_modem_are_told_apart() {
    for (answer, error) in [
        ("ERROR", Error::Refused),
        ("+CME ERROR: 3", Error::Refused),
        ("+CME ERROR: 4", Error::NotSupported),
        ("+CME ERROR: 10", Error::Closed),
        ("+CME ERROR: 11", Error::Unauthorized),
        ("+CME ERROR: 12", Error::Unauthorized),
        ("+CME ERROR: 13", Error::Link),
        ("+CME ERROR: 15", Error::Link),
        ("+CME ERROR: SIM failure", Error::Refused),
        ("+CMS ERROR: 310", Error::Closed),
    ] {
        let mut bench = ready_with(Way::Generic, |fake| fake.unknown = vec![("AT+CSIM", answer)]);
        assert_eq!(bench.apdu(OPEN), Err(error), "{answer}");
        bench.fake.unknown.clear();
        works_again(&mut bench, answer);
    }
}

#[test]
fn a_command_that_is_given_up_is_carried_to_its_end_and_its_response_dropped() {
    for way in WAYS {
        let mut bench = opened(way, |fake| fake.latency = 500);
        let at = bench.fake.commands.len();
        assert_eq!(bench.ask(GIVE_BACK), Ok(None));
        bench.run(100);
        assert_eq!(bench.ask("0110CCDD00"), Ok(None), "the line is busy");
        assert_eq!(bench.modem.state().card, Progress::Waiting);
        bench.run(100);
        assert_eq!(bench.fake.commands.len(), at + 1, "one in flight");
        assert_eq!(bench.apdu("0110CCDD00"), Ok("CCDD9000".into()));
        // and by nothing at all
        assert_eq!(bench.ask(GIVE_BACK), Ok(None));
        bench.run(100);
        assert_eq!(bench.ask(""), Ok(None));
        assert_eq!(bench.modem.state().card, Progress::Idle);
        bench.run(2_000);
        assert_eq!(bench.ask(""), Ok(None));
        assert_eq!(bench.fake.commands.len(), at + 3);
        // before the line has begun, and when the response is there
        assert_eq!(bench.ask(GIVE_BACK), Ok(None));
        assert_eq!(bench.ask("0110000100"), Ok(None));
        bench.run(2_000);
        assert_eq!(bench.apdu("0110000200"), Ok("00029000".into()));
        assert_eq!(bench.fake.card.seen.iter().filter(|apdu| apdu.ends_with("AABB00")).count(), 2);
        assert_eq!(bench.apdu(CLOSE_1), Ok("9000".into()));
        assert_eq!(bench.count(Code::Restarted), 0);
    }
}

#[test]
fn the_same_command_after_its_response_is_another_one() {
    for way in WAYS {
        let mut bench = opened(way, |_| {});
        for _ in 0..3 {
            assert_eq!(bench.apdu(GIVE_BACK), Ok("AABB9000".into()));
        }
        assert_eq!(bench.fake.card.seen.iter().filter(|apdu| apdu.as_str() == GIVE_BACK).count(), 3);
    }
}

#[test]
fn a_channel_whose_opening_nobody_has_waited_for_is_closed() {
    // given up while the card opens it, and when its response is there
    for wait in [0, 100, 2_000] {
        for way in [Way::Auto, Way::Generic, Way::Channels] {
            let mut bench = ready(way);
            bench.fake.latency = 300;
            for _ in 0..5 {
                if bench.ask(OPEN).unwrap().is_some() {
                    // the modem is not asked for that
                    assert_eq!(bench.apdu(CLOSE_1), Ok("9000".into()));
                }
                bench.run(wait);
                bench.ask("").unwrap();
                bench.run(2_000);
            }
            assert_eq!(bench.fake.card.open(), [0; 0]);
            assert_eq!(bench.apdu(OPEN), Ok("019000".into()));
        }
    }
}

/// How the end of a client in the middle of a session looks: the command is given up, the end of the channel handed over
/// once, and nobody comes back.
#[test]
fn a_channel_whose_end_is_handed_over_while_the_line_is_busy_is_closed() {
    for way in WAYS {
        for command in [GIVE_BACK, &select_1(), CLOSE_1, "00A40004022FE200"] {
            for next in [None, Some(""), Some(OPEN)] {
                let what = format!("{way:?} {command} {next:?}");
                let mut bench = opened(way, |fake| fake.latency = 500);
                assert_eq!(bench.ask(command), Ok(None), "{what}");
                bench.run(10);
                assert_eq!(bench.ask(""), Ok(None), "{what}");
                assert_eq!(bench.ask(CLOSE_1), Ok(None), "{what}");
                if let Some(next) = next {
                    assert_eq!(bench.ask(next), Ok(None), "{what}");
                    assert_eq!(bench.ask(""), Ok(None), "{what}");
                }
                works_again(&mut bench, &what);
                assert_eq!(bench.count(Code::Restarted), 0, "{what}");
            }
        }
    }
}

/// The same, where the application was only being selected.
#[test]
fn a_session_that_is_being_opened_when_its_end_is_handed_over_is_closed() {
    for answer in [None, Some("+CME ERROR: 22"), Some("+CME ERROR: 14"), Some("ERROR")] {
        for given_up in [false, true] {
            let mut bench = ready(Way::Channels);
            assert_eq!(bench.apdu(OPEN), Ok("019000".into()));
            bench.fake.latency = 500;
            bench.fake.unknown = answer.map(|answer| ("AT+CCHO", answer)).into_iter().collect();
            assert_eq!(bench.ask(&select_1()), Ok(None));
            bench.run(10);
            assert_eq!(bench.ask(CLOSE_1), Ok(None));
            if given_up {
                assert_eq!(bench.ask(""), Ok(None));
            }
            bench.run(2_000);
            bench.fake.unknown.clear();
            works_again(&mut bench, answer.unwrap_or("OK"));
            let ended = usize::from(answer.is_none());
            assert_eq!(bench.commands("AT+CCHC"), ended + 1, "what is not open is not closed: {answer:?}");
        }
    }
}

#[test]
fn who_waits_for_the_end_of_a_channel_behind_another_command_is_told_of_it() {
    for way in WAYS {
        let mut bench = opened(way, |fake| fake.latency = 500);
        assert_eq!(bench.ask(GIVE_BACK), Ok(None));
        bench.run(10);
        assert_eq!(bench.ask(""), Ok(None));
        assert_eq!(bench.apdu(CLOSE_1), Ok("9000".into()));
        assert_eq!(bench.fake.card.open(), [0; 0]);
        works_again(&mut bench, "waited");
        // the command before it fails: all channels are closed
        let mut bench = opened(way, |fake| fake.latency = 500);
        bench.fake.unknown = vec![("AT+CSIM", "ERROR"), ("AT+CGLA", "ERROR")];
        assert_eq!(bench.ask(GIVE_BACK), Ok(None));
        bench.run(10);
        bench.fake.unknown.clear();
        assert_eq!(bench.ask(CLOSE_1), Ok(None));
        bench.run(600);
        assert_eq!(bench.ask(CLOSE_1), Err(Error::Closed));
        works_again(&mut bench, "failed");
    }
}

/// The modem is at work on a message, and the end of the channel waits until nobody waits for it any more.
#[test]
fn the_end_of_a_channel_that_is_given_up_before_its_turn_comes_later() {
    for way in WAYS {
        let mut bench = opened(way, |fake| fake.deaf_to = vec!["AT+CMGS"]);
        send(&mut bench.modem, SUBMIT).unwrap();
        bench.run(10);
        assert!(bench.fake.commands.last().unwrap().starts_with("AT+CMGS"));
        assert_eq!(bench.ask(CLOSE_1), Ok(None));
        bench.run(1_000);
        assert_eq!(bench.ask(""), Ok(None));
        bench.fake.deaf_to.clear();
        bench.fake.say("\r\n+CMS ERROR: 38\r\n");
        works_again(&mut bench, "given up");
        assert_eq!(bench.count(Code::Restarted), 0);
    }
}

#[test]
fn the_end_of_a_channel_that_is_given_up_on_its_way_happens_once() {
    for way in WAYS {
        for busy in [0, 1] {
            let mut bench = opened(way, |fake| fake.latency = 500);
            bench.fake.card.busy = busy;
            assert_eq!(bench.ask(CLOSE_1), Ok(None));
            bench.run(10);
            assert_eq!(bench.ask(""), Ok(None));
            works_again(&mut bench, "on its way");
            assert_eq!(
                bench.fake.card.seen.iter().filter(|apdu| *apdu == CLOSE_1).count(),
                2,
                "and that of the test"
            );
        }
    }
}

#[test]
fn an_application_selected_for_nobody_is_replaced_by_the_next() {
    let mut bench = ready(Way::Channels);
    bench.fake.latency = 300;
    bench.apdu(OPEN).unwrap();
    assert_eq!(bench.ask(&select_1()), Ok(None));
    bench.run(100);
    assert_eq!(bench.ask(""), Ok(None));
    assert_eq!(bench.apdu(&select_1()), Ok("9000".into()));
    assert_eq!((bench.commands("AT+CCHO"), bench.commands("AT+CCHC")), (2, 1));
    assert_eq!(bench.apdu(GIVE_BACK), Ok("AABB9000".into()));
}

#[test]
fn an_error_that_nobody_has_asked_for_is_told_as_closed_channels() {
    for way in WAYS {
        let mut bench = opened(way, |_| {});
        bench.fake.deaf_to = vec!["AT+CSIM", "AT+CGLA"];
        assert_eq!(bench.ask(GIVE_BACK), Ok(None));
        bench.run(100);
        bench.ask("").unwrap();
        bench.run(10_000);
        bench.fake.deaf_to.clear();
        bench.run(16_000);
        assert_eq!(bench.ask("0110000000"), Err(Error::Closed));
        works_again(&mut bench, "timeout for nobody");
    }
}

/// Every line of a session answered wrongly, in every way.
#[test]
fn every_command_line_answered_wrongly_once() {
    for way in [Way::Auto, Way::Generic, Way::Channels] {
        let mut whole = ready(way);
        let first = whole.fake.commands.len();
        open(&mut whole);
        whole.apdu(GIVE_BACK).unwrap();
        whole.apdu(CLOSE_1).unwrap();
        let lines = whole.fake.commands.split_off(first);
        assert!(lines.len() >= 3);
        for (number, line) in lines.iter().enumerate() {
            for fault in FAULTS {
                let what = format!("{way:?}: {fault:?} instead of the answer to {line}");
                let mut bench = ready(way);
                bench.fake.faults = [(first + number, fault)].into();
                let done = attempt(&mut bench, &what);
                let harmless = matches!(fault, Fault::Equipment(14))
                    || line.starts_with("AT+CCHC")
                    || line.ends_with("=?");
                assert!(done.is_err() || harmless, "{what}");
                bench.run(60_000);
                bench.until_ready();
                // what was opened or not closed without a word about it stays so until the card is switched off
                let silent =
                    matches!(fault, Fault::Lie | Fault::Silence | Fault::Mute | Fault::Half | Fault::Garbage);
                let opens = line.starts_with("AT+CCHO=\"") || line.starts_with("AT+CSIM=10");
                if line.starts_with("AT+CCHC") || (silent && (opens || line.starts_with("AT+CSIM=8"))) {
                    bench.fake.card.reset();
                }
                works_again(&mut bench, &what);
            }
        }
    }
}

/// A session. What is told is the response to what was asked, or an error.
fn attempt(bench: &mut Bench, what: &str) -> Result<(), Error> {
    let fine = |response: &str| response == "6A82" || response.ends_with("9000");
    assert_eq!(bench.apdu(OPEN)?, "019000", "{what}");
    let selected = bench.apdu(&select_1())?;
    assert!(fine(&selected), "{what}: {selected}");
    if selected == "6A82" {
        bench.apdu(CLOSE_1)?;
        return Err(Error::Refused);
    }
    assert_eq!(bench.apdu(GIVE_BACK)?, "AABB9000", "{what}");
    assert_eq!(bench.apdu(CLOSE_1)?, "9000", "{what}");
    Ok(())
}
