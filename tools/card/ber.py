"""BER as cards write it (ITU-T X.690): definite lengths of up to three octets."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple

PADDING = (0x00, 0xFF)


class Malformed(ValueError):
    """Bytes that are no BER, or not of the structure that was expected."""


class Element(NamedTuple):
    tag: int
    value: bytes


def tlv(tag: int, *values: bytes) -> bytes:
    """An element in its shortest form, of several parts."""
    value = b"".join(values)
    size = len(value)
    if size < 0x80:
        length = bytes([size])
    elif size <= 0xFF:
        length = bytes([0x81, size])
    else:
        length = b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + value


def number(value: int) -> bytes:
    """The content of an INTEGER that is not negative."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


def scan(data: bytes) -> Iterator[Element]:
    """Elements one after the other; padding ends them."""
    at = 0
    while at < len(data) and data[at] not in PADDING:
        tag, start = data[at], at + 2
        if start > len(data):
            raise Malformed(f"byte {at}: a length is expected")
        size = data[at + 1]
        if size >= 0x80:
            width = size & 0x7F
            if not 1 <= width <= 3:
                raise Malformed(f"byte {at + 1}: a length in {width} bytes is not supported")
            size, start = int.from_bytes(data[start : start + width], "big"), start + width
        if start + size > len(data):
            raise Malformed(f"byte {at}: element {tag:02X} takes {size} bytes, {max(len(data) - start, 0)} are left")
        yield Element(tag, data[start : start + size])
        at = start + size


def elements(data: bytes) -> List[Element]:
    return list(scan(data))
