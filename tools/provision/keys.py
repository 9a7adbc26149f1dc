"""Certificates and keys: from PEM to DER, and just enough of DER to tell one from another, so that what was swapped or cut
off is found on the production line and not in the field. Nothing is verified."""

from __future__ import annotations

import base64
import binascii
import re
from typing import List, NamedTuple, Optional

CERTIFICATE, PUBLIC, PRIVATE = "a certificate", "a public key (SubjectPublicKeyInfo)", "a private key (PKCS #8)"
SEC1, ENCRYPTED = "an EC private key as SEC 1 has it", "an encrypted private key"
CONVERT = {
    SEC1: "; `openssl pkcs8 -topk8 -nocrypt` makes PKCS #8 of it",
    ENCRYPTED: "; a device cannot ask for the password, `openssl pkcs8` takes it off",
}

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.S)
SEQUENCE, INTEGER, BITS, OCTETS, OID = 0x30, 0x02, 0x03, 0x04, 0x06


class Part(NamedTuple):
    """A DER value: its tag, where it begins, where its content does, and where it ends."""

    tag: int
    at: int
    start: int
    end: int


def load(data: bytes) -> bytes:
    """The DER of a PEM file, of several blocks one after the other; DER itself stays as it is."""
    if b"-----BEGIN" not in data:
        return data
    blocks = _PEM.findall(data)
    # openssl writes the curve in front of a SEC 1 key; it says nothing that the key does not
    blocks = [block for block in blocks if block[0] != b"EC PARAMETERS"]
    if not blocks:
        raise ValueError("the PEM block has no end")
    try:
        return b"".join(base64.b64decode(b"".join(body.split()), validate=True) for _, body in blocks)
    except binascii.Error:
        raise ValueError("the PEM block is no base64; encrypted ones are not supported") from None


def _part(der: bytes, at: int, end: int) -> Part:
    if at + 2 > end:
        raise ValueError("cut off")
    length, start = der[at + 1], at + 2
    if length >= 0x80:
        width = length & 0x7F
        length, start = int.from_bytes(der[start : start + width], "big"), start + width
        if not 1 <= width <= 4:
            raise ValueError("no DER")
    if start + length > end:
        raise ValueError("cut off")
    return Part(der[at], at, start, start + length)


def _parts(der: bytes, at: int, end: int) -> List[Part]:
    parts = []
    while at < end:
        parts.append(_part(der, at, end))
        at = parts[-1].end
    return parts


def _within(der: bytes, part: Part) -> List[Part]:
    return _parts(der, part.start, part.end)


def split(der: bytes) -> List[bytes]:
    """A chain of certificates as single ones."""
    return [der[part.at : part.end] for part in _parts(der, 0, len(der))]


def kind(der: bytes) -> Optional[str]:
    """What a DER value is, by its outline; None: nothing that an account holds."""
    try:
        (whole,) = _parts(der, 0, len(der))
        inner = _within(der, whole) if whole.tag == SEQUENCE else []
        first = _within(der, inner[0]) if inner and inner[0].tag == SEQUENCE else []
    except ValueError:
        return None
    tags, begin = [part.tag for part in inner], [part.tag for part in first]
    if tags == [SEQUENCE, SEQUENCE, BITS] and len(begin) >= 6:
        return CERTIFICATE
    if tags == [SEQUENCE, BITS] and begin[:1] == [OID]:
        return PUBLIC
    if tags[:3] == [INTEGER, SEQUENCE, OCTETS] and der[inner[0].start : inner[0].end] == b"\0":
        return PRIVATE
    if tags[:2] == [INTEGER, OCTETS]:
        return SEC1
    return ENCRYPTED if tags == [SEQUENCE, OCTETS] else None


def public_point(private: bytes) -> Optional[bytes]:
    """The public key that an EC private key in PKCS #8 brings along, as the bytes that its certificate has too."""
    try:
        octets = _within(private, _part(private, 0, len(private)))[2]
        (key,) = _within(private, octets)
        (brought,) = [part for part in _within(private, key) if part.tag == 0xA1]
        (bits,) = _within(private, brought)
    except (ValueError, IndexError):
        return None
    return private[bits.start + 1 : bits.end] if key.tag == SEQUENCE and bits.tag == BITS else None
