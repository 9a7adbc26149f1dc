use super::*;

const fn block(number: u32, more: bool, exponent: u8) -> Block {
    Block { number, more, exponent }
}

#[test]
fn taken_apart_and_put_together() {
    for (bytes, expected, uint) in [
        (&[][..], block(0, false, 0), 0),
        (&[0x06], block(0, false, 6), 0x06),
        (&[0x0e], block(0, true, 6), 0x0e),
        (&[0x12], block(1, false, 2), 0x12),
        (&[0x00, 0x12], block(1, false, 2), 0x12),
        (&[0x01, 0x0a], block(16, true, 2), 0x010a),
        (&[0xff, 0xff, 0xfe], block(MAX_NUMBER, true, 6), 0x00ff_fffe),
    ] {
        assert_eq!(Block::decode(bytes), Ok(expected));
        assert_eq!(expected.to_uint(), uint);
    }
    assert_eq!(Block::decode(&[0x07]), Err(Error::Malformed), "SZX 7");
    assert_eq!(Block::decode(&[0, 0, 0, 0]), Err(Error::BadOption), "four bytes");
}

#[test]
fn sizes_and_offsets() {
    assert_eq!((0..=6).map(|exponent| block(0, false, exponent).size()).sum::<usize>(), 16 * 127);
    assert_eq!(block(3, false, 2).offset(), 192);
    assert_eq!(block(MAX_NUMBER, false, 6).offset(), 0x3fff_fc00);
    assert_eq!(Block::at(192, true, 2), Ok(block(3, true, 2)));
    assert_eq!(Block::at(255, true, 2), Ok(block(3, true, 2)), "rounded down");
    assert_eq!(Block::at(1 << 24, true, 0), Err(Error::TooLarge));
}

#[test]
fn smaller_blocks_begin_at_the_same_byte() {
    assert_eq!(block(1, true, 6).reduced_to(2), Ok(block(16, true, 2)));
    assert_eq!(block(1, true, 2).reduced_to(6), Ok(block(1, true, 2)), "never larger");
    assert_eq!(block(MAX_NUMBER, true, 6).reduced_to(5), Err(Error::TooLarge));
}

#[test]
fn only_the_first_block_is_told_another_size() {
    assert_eq!(block(0, true, 6).acknowledged(2), block(0, true, 2));
    assert_eq!(block(0, true, 2).acknowledged(6), block(0, true, 2));
    assert_eq!(block(4, true, 6).acknowledged(2), block(4, true, 6));
}

#[test]
fn a_block_is_full_unless_it_is_the_last() {
    for (length, open, last) in [(0, false, true), (15, false, true), (16, true, true), (17, false, false)] {
        assert_eq!(
            (block(0, true, 0).suits(length), block(0, false, 0).suits(length)),
            (open, last),
            "{length}"
        );
    }
}

#[test]
fn the_largest_exponent_for_a_buffer() {
    for (room, exponent) in [
        (0, None),
        (15, None),
        (16, Some(0)),
        (31, Some(0)),
        (32, Some(1)),
        (1023, Some(5)),
        (1024, Some(6)),
        (9999, Some(6)),
    ] {
        assert_eq!(largest_exponent(room), exponent, "{room}");
    }
}
