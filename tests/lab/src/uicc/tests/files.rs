//! Selecting, reading, channels and PINs.

use super::*;

const ODF: &str = "A706300404026430FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF9000";

#[test]
fn files_are_selected_by_identifier_path_and_name() {
    let mut card = card();
    talk(
        &mut card,
        &[
            ("00A4000C027FFF", "6A82"), // there is no current application yet
            ("00A4000C026430", "6A82"), // not in MF
            ("00A4000C023F00", "9000"),
            ("00A4000C022FE2", "9000"),
            ("00B000000A", "980000000000000000109000"),
            ("00A4080C047F505031", "9000"), // from MF
            ("00B0000020", ODF),
            ("00A4000C026430", "9000"), // beside it
            ("00A4000C026433", "6A82"),
            ("00A4090C025031", "9000"),
            ("00A4030C", "9000"), // its parent
            ("00A4000C022F00", "9000"),
            ("00A4080C063F007F505031", "6A82"), // MF does not stand in a path from MF
            ("00A4080C047FFF5031", "9000"),     // the application is still the current one
            ("00A4080C067FFF50316430", "6A82"), // a file is no directory
            ("00A4080C03", "6700"),
            ("00A4080C037FFF50", "6700"),
            ("00A4080C", "6700"),
            ("00A4000C033F0000", "6700"),
            ("00A4010C023F00", "6A86"),
            ("00A400FF023F00", "6A86"),
            ("00A4000C", "9000"), // MF
            ("00A4030C", "6A82"),
        ],
    );
}

#[test]
fn names_may_be_cut_and_more_than_one_application_may_have_them() {
    let mut card = card();
    let fcp = ask(&mut card, SELECT_PKCS15);
    talk(
        &mut card,
        &[
            ("00A4040407A000000063504B00", fcp.as_str()), // the beginning of the name
            ("00A4040C0DA000000063504B43532D31350000", "6A82"),
            ("00A4040C05A000000087", "9000"),
            ("00A4040C05A000000099", "6A82"),
            ("00A4040C01A0", "9000"), // the first of two
            ("80F2000100", "8410A0000000871002FFFFFFFF8907090000 9000".replace(' ', "").as_str()),
            ("00A4040E01A0", "9000"), // the next one
            ("80F2000100", "840CA000000063504B43532D31359000"),
            ("00A4040E01A0", "6A82"),
            ("00A4040D01A0", "6A86"), // the last one is not supported
            ("00A4040C", "6700"),
        ],
    );
}

#[test]
fn what_select_tells_depends_on_p2_and_on_the_card() {
    let mut card = card();
    let fcp = ask(&mut card, SELECT_PKCS15);
    talk(
        &mut card,
        &[
            ("00A4040C0CA000000063504B43532D313500", "9000"),
            ("00A404000CA000000063504B43532D313500", fcp.as_str()), // whatever the card likes
            ("80F2000000", fcp.as_str()),
            ("80F2000C", "9000"),
            ("80F2000200", "6A86"),
            ("00F2000000", "6E00"),
            // without Le, and with one that is too small
            ("00A404040CA000000063504B43532D3135", &format!("61{:02X}", fcp.len() / 2 - 2)),
            ("00A404040CA000000063504B43532D313505", &format!("6C{:02X}", fcp.len() / 2 - 2)),
        ],
    );
    card.description.mute = true;
    talk(&mut card, &[(SELECT_PKCS15, "9000")]);
    card.description.proactive = true;
    talk(&mut card, &[(SELECT_PKCS15, "9110")]);
}

#[test]
fn a_file_that_is_deactivated_is_found_and_not_read() {
    let mut card = card();
    card.description.file(Profile::FILE).active = false;
    ask(&mut card, SELECT_PKCS15);
    talk(
        &mut card,
        &[
            ("00A40804047FFF643200", "621682024121830264328A01048B036F06028002014B88006283"),
            ("00B0000010", "6985"),
            ("00A4080C047FFF5031", "9000"),
            ("00B0000020", ODF),
        ],
    );
    card.description.application(&PKCS15).active = false;
    talk(&mut card, &[("00A4040C0CA000000063504B43532D3135", "6283"), ("00A4000C025031", "9000")]);
    talk(&mut card, &[("00B0000020", "6985")]);
}

#[test]
fn reading_beyond_the_end_is_answered_as_the_card_likes() {
    let mut card = card();
    ask(&mut card, SELECT_PKCS15);
    ask(&mut card, "00A4000C025031");
    let end = ODF.trim_end_matches("9000");
    let warned = format!("{end}6282");
    let steps = ["00B0000020", "00B0000021", "00B0000000", "00B0001F05", "00B0002001"];
    let expect = [
        (Reading::Usual, [ODF, &warned, "6C20", "FF6282", "6B00"]),
        (Reading::Exact, [ODF, "6C20", "6C20", "6C01", "6B00"]),
        (Reading::Generous, [ODF, ODF, ODF, "FF9000", "6B00"]),
    ];
    for (reading, answers) in expect {
        card.description.reading = reading;
        talk(&mut card, &std::iter::zip(steps, answers).collect::<Vec<_>>());
    }
    card.description.reading = Reading::Usual;
    card.description.most = Some(3);
    talk(
        &mut card,
        &[("00B0000020", "A706309000"), ("00B0001E20", "FFFF6282"), ("00B0001D03", "FFFFFF9000")],
    );
}

#[test]
fn a_large_file_is_read_by_256() {
    let file: Vec<u8> = (0..600_u32).map(|n| (n % 251) as u8).collect();
    let mut card = Uicc::new(Profile::new(file.clone()).description());
    ask(&mut card, SELECT_PKCS15);
    ask(&mut card, "00A4000C026432");
    let parts = ["00B0000000", "00B0010000", "00B0020058"].map(|command| card.answer(&hex(command)));
    let lengths = parts.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lengths, [258, 258, 90]);
    let read: Vec<u8> = parts.iter().flat_map(|part| part[..part.len() - 2].to_vec()).collect();
    assert_eq!(read, file);
}

#[test]
fn records_are_counted_from_1() {
    let mut card = card();
    talk(
        &mut card,
        &[
            ("00B2010430", "6986"), // no file is selected
            ("00A4000C022F00", "9000"),
            ("00B2010400", "6C30"),
            ("00B2010410", "6C30"),
            ("00B2030430", "6A83"),
            ("00B2000430", "6A83"),
            ("00B2010230", "6A86"), // only by number
            ("00B2010430", RECORD),
            ("00B0000010", "6981"),
            ("00A4000C022FE2", "9000"),
            ("00B2010430", "6981"),
            ("00B201F430", RECORD), // by the short identifier 1E
            ("00B2010430", RECORD),
            ("00B082000A", "980000000000000000109000"),
            ("00B083000A", "6A82"),
            ("00B0C2000A", "6A86"),
        ],
    );
}

#[test]
fn channels_stand_for_themselves() {
    let mut card = card();
    let fcp = ask(&mut card, SELECT_PKCS15);
    talk(
        &mut card,
        &[
            ("00A4000C025031", "9000"),
            ("0070000001", "019000"),
            ("01B0000020", "6986"), // another channel begins at MF
            ("01A4000C022FE2", "9000"),
            ("0170000001", "029000"),
            ("02A4000C022F00", "9000"),
            ("00B0000020", ODF),
            ("0070000001", "039000"),
            ("0070000001", "6A81"), // there are three
            ("0070800100", "9000"),
            ("01B0000020", "6881"),
            ("0070800100", "6881"),
            ("0070800000", "6A86"), // the basic channel stays
            ("0070000101", "6A86"),
            ("0070010001", "6A86"),
            ("0070000002", "6C01"),
            ("00700000", "6700"),
            ("0070000001", "019000"),
            ("01A404040CA000000063504B43532D313500", fcp.as_str()),
            ("0170000001", "6A81"),
            ("0070800200", "9000"),
            ("0170000001", "029000"), // from a channel where that is
            ("02A4000C025031", "9000"),
            ("02B0000020", ODF),
        ],
    );
    assert_eq!(card.open_channels(), [1, 2, 3]);
}

#[test]
fn there_are_up_to_nineteen_more_channels() {
    let mut card = card();
    card.description.channels = 19;
    for number in 1..=19 {
        assert_eq!(card.answer(&hex("0070000001")), [number, 0x90, 0x00]);
    }
    talk(&mut card, &[("0070000001", "6A81"), ("4FA4000C022F00", "9000"), ("40A4000C022FE2", "9000")]);
    talk(&mut card, &[("40B000000A", "980000000000000000109000"), ("4FB000000A", "6981")]);
    talk(&mut card, &[("4F70801300", "9000"), ("4FB000000A", "6881")]);
    card.description.channels = 0;
    Chip::reset(&mut card);
    talk(&mut card, &[("0070000001", "6A81")]);
}

#[test]
fn what_waits_is_for_the_next_get_response_of_its_channel() {
    let mut card = card();
    card.description.waits = true;
    talk(
        &mut card,
        &[
            ("00C0000010", "6985"),
            ("0070000001", "019000"),
            ("00A40004022F0000", "611C"),
            ("01C000001C", "6985"), // on another channel nothing waits
            ("00C000001D", "6C1C"),
            ("00C0000002", "621A611A"),
            ("00C0000018", "8205422100300283022F008A01058B032F06018002006088 6102".replace(' ', "").as_str()),
            ("00C0000000", "01F09000"),
            ("00C0000002", "6985"),
            ("00A40004022F0000", "611C"),
            ("00B2010430", RECORD),
            ("00C000001C", "6985"), // too late
        ],
    );
}

#[test]
fn commands_that_make_no_sense_are_told_so() {
    talk(
        &mut card(),
        &[
            ("00", "6700"),
            ("00A404", "6700"),
            ("00A4000C033F00", "6700"),
            ("00A4000C023F000000", "6700"),
            ("00A4000C00003F00", "6700"), // no extended lengths
            ("00FE0000", "6D00"),
            ("80A4000C023F00", "6E00"),
            ("A0A4000C023F00", "6E00"),
            ("08A4000C023F00", "6E00"), // another secure messaging
            ("00E40000023F00", "6D00"),
            ("8050000008010203040506070800", "6D00"), // no SCP03 on this card
            ("8084000008", "6D00"),
            ("80CA000500", "6A88"),
            ("80E2800001FF", "6985"),
            ("80C2000002D000", "6A80"),
            ("00B00000", "6986"),
        ],
    );
}

#[test]
fn a_pin_opens_a_private_file_and_may_block() {
    let profile = Profile::new(bootstrap()).private(Pin::new(0x81, "1234"));
    let mut card = Uicc::new(profile.description());
    let right = "0020008108 31323334FFFFFFFF".replace(' ', "");
    let wrong = "0020008108 31323335FFFFFFFF".replace(' ', "");
    let fcp = "622282027821840CA000000063504B43532D31358A01058B032F060CC6069001808301819000";
    talk(&mut card, &[(SELECT_PKCS15, fcp)]);
    talk(
        &mut card,
        &[
            ("00A40004026432", "6118"),
            ("00B0000004", "6982"),
            ("00200081", "63C3"),
            (&wrong, "63C2"),
            (&right, "9000"),
            ("00B0000004", "000201479000"),
            ("00200081", "63C3"),
            (&wrong, "63C2"), // a wrong one takes away what was verified
            ("00B0000004", "6982"),
            (&wrong, "63C1"),
            ("002000810431323334", "6700"),
            ("00200001083132333400000000", "6A88"),
            ("00200181", "6A86"),
            (&wrong, "63C0"),
            (&right, "6983"),
            ("00200081", "6983"),
        ],
    );
    Chip::reset(&mut card);
    talk(&mut card, &[(&right, "6983")]);
    card.description.pins[0].left = 3;
    talk(&mut card, &[(&right, "9000")]);
    Chip::reset(&mut card);
    ask(&mut card, SELECT_PKCS15);
    talk(&mut card, &[("00A4000C026432", "9000"), ("00B0000004", "6982")]);
    card.description.pins[0].enabled = false;
    talk(&mut card, &[("00B0000004", "000201479000"), (&right, "6984")]);
    card.description.file(Profile::FILE).access = Access::Never;
    talk(&mut card, &[("00B0000004", "6982")]);
}

#[test]
fn ef_dir_may_be_found_in_the_basic_channel_only() {
    let mut card = card();
    card.description.basic_dir = true;
    talk(&mut card, &[("0070000001", "019000"), ("01A4000C022F00", "6A82"), ("00A4000C022F00", "9000")]);
}
