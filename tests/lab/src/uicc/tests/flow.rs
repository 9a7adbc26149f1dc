//! All APDUs of a bootstrap from a card, and what goes wrong with one of them.

use super::*;

/// The card of the vectors: its application names a global PIN, which is disabled, and an administrative one.
fn vector_card() -> Uicc {
    let mut card = card();
    card.description.application(&PKCS15).pins = vec![0x01, 0x0a];
    card.description.pins = vec![Pin { enabled: false, ..Pin::new(0x01, "0000") }];
    card
}

#[test]
fn every_step_of_the_flow_is_answered_as_in_the_vectors() {
    let vectors = vectors(CARD);
    let mut card = vector_card();
    let steps = vectors["apdu_flow"].as_array().unwrap();
    assert_eq!(steps.len(), 15);
    for step in steps {
        // one step of it is a card's that has its data fetched
        card.description.waits = step["response"] == "611C";
        assert_eq!(ask(&mut card, step["command"].as_str().unwrap()), step["response"], "{}", step["step"]);
    }
    assert_eq!(card.trace.len(), 15);
    assert!(card.open_channels().is_empty());
}

#[test]
fn a_card_that_has_its_data_fetched_gives_the_same_data() {
    let vectors = vectors(CARD);
    let mut card = vector_card();
    card.description.waits = true;
    let mut fetched = 0;
    for step in vectors["apdu_flow"].as_array().unwrap() {
        let command = bytes(step, "command");
        let (wanted, mut answer) = (bytes(step, "response"), card.answer(&command));
        if let [0x61, size] = answer[..]
            && wanted[0] != 0x61
        {
            answer = card.answer(&[command[0], ins::GET_RESPONSE, 0, 0, size]);
            fetched += 1;
        }
        assert_eq!(answer, wanted, "{}", step["step"]);
    }
    assert_eq!(fetched, 4, "by AID and three times by path");
}

#[test]
fn status_words_are_those_of_the_vectors() {
    let vectors = vectors(CARD);
    let case = |name: &str| {
        let cases = vectors["status_word_cases"].as_array().unwrap();
        let found = cases.iter().find(|case| case["case"] == name).unwrap();
        (found["command"].as_str().unwrap().to_owned(), found["response"].as_str().unwrap().to_owned())
    };
    let mut card = vector_card();
    talk(&mut card, &[("0070000001", "019000")]);
    let select = ["01A404040CA000000063504B43532D313500", "01A40804047FFF503100", "01A40804047FFF643200"];
    ask(&mut card, select[0]);
    ask(&mut card, select[1]);
    let (command, response) = case("wrong Le");
    assert_eq!(ask(&mut card, &command), response);
    ask(&mut card, select[2]);
    let (command, response) = case("offset past the end");
    assert_eq!(ask(&mut card, &command), response);
    let (command, response) = case("end reached early");
    assert_eq!(response, "6282 with short data");
    let answer = card.answer(&hex(&command));
    assert_eq!(answer, [&bootstrap()[0xf0..], &[0x62, 0x82]].concat());
    card.description.file(Profile::FILE).access = Access::Pin(2);
    let (command, response) = case("security status");
    assert_eq!(ask(&mut card, &command), response);
    let (command, response) = case("file not found");
    card.description.root.directories[1].files.retain(|file| file.id != Profile::FILE);
    assert_eq!(ask(&mut card, &command), response);
}

#[test]
fn every_apdu_can_go_wrong_in_every_way() {
    let flow = ["0070000001", "01A404040CA000000063504B43532D313500", "01A40804047FFF503100", "01B0000020"];
    let right: Vec<Vec<u8>> = {
        let mut card = card();
        flow.iter().map(|command| card.answer(&hex(command))).collect()
    };
    for n in 0..flow.len() {
        let data = right[n].len() - 2;
        let turned: Vec<u8> = right[n][..data].iter().map(|octet| octet ^ 0xff).collect();
        let cases = [
            (Fault::Status(0x6f00), Some(vec![0x6f, 0x00])),
            (Fault::Short(1), Some([&right[n][..data - 1], &[0x90, 0]].concat())),
            (Fault::Long(vec![1, 2]), Some([&right[n][..data], &[1, 2, 0x90, 0]].concat())),
            (Fault::Garbled, Some([&turned[..], &[0x90, 0]].concat())),
            (Fault::Raw(vec![0x90]), Some(vec![0x90])),
            (Fault::Silent, None),
            (Fault::Lost, None),
        ];
        for (fault, wanted) in cases {
            let mut card = card();
            card.fault(n, fault.clone());
            let mut answers: Vec<_> = flow.iter().map(|command| card.apdu(&hex(command))).collect();
            assert_eq!(answers.remove(n), wanted, "{fault:?} at {n}");
            assert_eq!(card.trace[n], (hex(flow[n]), wanted.unwrap_or_default()));
            assert!(card.faults.is_empty());
        }
    }
}

#[test]
fn a_command_whose_answer_is_lost_was_carried_out() {
    for (fault, channels) in [(Fault::Lost, vec![1]), (Fault::Silent, vec![])] {
        let mut card = card();
        card.fault(0, fault);
        assert_eq!(card.apdu(&hex("0070000001")), None);
        assert_eq!(card.open_channels(), channels);
    }
}

#[test]
fn a_reset_closes_all_channels() {
    let mut card = card();
    talk(&mut card, &[("0070000001", "019000"), ("01A4000C022F00", "9000")]);
    card.fault(1, Fault::Reset);
    talk(&mut card, &[("01B2010430", RECORD)]);
    talk(&mut card, &[("01B2010430", "6881"), ("0070000001", "019000"), ("01B2010430", "6986")]);
    assert_eq!(Chip::reset(&mut card), card.atr());
    assert!(card.open_channels().is_empty());
}

#[test]
fn the_answer_to_reset_says_the_protocol() {
    let mut card = card();
    let atr = card.atr();
    assert_eq!(atr[..3], [0x3b, 0x84, 0x01], "T=1 and four historical octets");
    assert_eq!(atr[1..].iter().fold(0, |sum, octet| sum ^ octet), 0, "TCK");
    card.description.waits = true;
    assert_eq!(card.atr(), *b"\x3b\x04BIRD");
    card.description.atr = vec![0x3b, 0x00];
    assert_eq!(card.atr(), [0x3b, 0x00]);
}

/// Commands that begin as right ones do: the card may say what it likes, but it answers, and with a status word.
#[test]
fn no_command_takes_the_card_down() {
    let mut description = Profile::new(bootstrap()).private(Pin::new(1, "1234")).description();
    description.scp03 = Some(Scp03::new(&[1; 16], &[2; 16]));
    description.messages = Some(Messages::new([]));
    let seeds = [
        "0070000001",
        SELECT_PKCS15,
        "00A40804047FFF643200",
        "00B0000020",
        "00B201F430",
        "002000010831323334FFFFFFFF",
        "8050000008010203040506070800",
        "848233001082AD05128E2D3C674C29A489083CB332",
        "00A4040C07F04C574D324D01",
        "80CA000500",
        "80E28000170B915155550521F305000C64451234A1B2C3D4C0FF4F4B",
        "80C2000051D14F820283818607915155550501F08B40440B915155550521F37FF6621020304050002D0270000028151600",
        "00C0000000",
    ]
    .map(hex);
    let mut chance = crate::Random::new(6);
    let mut card = Uicc::new(description);
    for n in 0..30_000_u32 {
        let mut command = seeds[chance.up_to(12) as usize].clone();
        for _ in 0..chance.up_to(2) {
            let at = chance.up_to(command.len() as u64 - 1) as usize;
            match chance.up_to(3) {
                0 => command.truncate(at.max(1)),
                1 => command.insert(at, chance.next() as u8),
                2 => command[at] ^= 1 << chance.up_to(7),
                _ => command[at] = chance.next() as u8,
            }
        }
        card.description.waits = n % 3 == 0;
        let answer = card.answer(&command);
        assert!((2..=258).contains(&answer.len()), "{command:02X?}");
        assert!([0x6, 0x9].contains(&(answer[answer.len() - 2] >> 4)), "{command:02X?}");
    }
    assert!(card.open_channels().len() <= 3);
}
