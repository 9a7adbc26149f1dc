"""The files by which a bootstrap file is found (TS 1.0 Appendix G; PKCS#15 v1.1), in every form that cards have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

from ber import number, tlv

OID = bytes.fromhex("672B0901")  # 2.23.43.9.1
PKCS15 = bytes.fromhex("A000000063504B43532D3135")
USIM = bytes.fromhex("A0000000871002FFFFFFFF8907090000")
MASTER, DIR, ICCID, ODF, TOKEN_INFO, IMSI = 0x3F00, 0x2F00, 0x2FE2, 0x5031, 0x5032, 0x6F07
RECORD = 48


@dataclass
class Profile:
    """How a card names its bootstrap file; the names are those of a description's table [card]."""

    iccid: str = "89000000000000000001"
    aid: bytes = PKCS15
    label: Optional[str] = "LwM2M PKCS15"
    usim: bool = True
    application: int = 0x7F50
    dodf: int = 0x6430
    file: int = 0x6432
    odf_size: int = 32
    dodf_size: int = 64
    other_directories: int = 0
    other_class: bool = False
    in_place: bool = False
    form: str = "opaque"
    object_label: str = "first"
    double_oid: bool = False
    private: bool = False
    modifiable: bool = False
    empty_flags: bool = False
    auth_id: Optional[int] = None
    name: Optional[str] = None
    other_object: bool = False
    way: str = "short"
    index: Optional[int] = None
    length: Optional[int] = None

    def path(self) -> bytes:
        """Where the bootstrap file is."""
        ids = {
            "short": (self.file,),
            "current": (0x7FFF, self.file),
            "master": (MASTER, self.application, self.file),
        }[self.way]
        parts = [tlv(0x04, b"".join(map(identifier, ids)))]
        if self.index is not None:
            parts += [tlv(0x02, number(self.index)), tlv(0x80, number(self.length or 0))]
        return tlv(0x30, *parts)

    def object(self) -> bytes:
        """The data object of the bootstrap file."""
        oid = tlv(0x06, tlv(0x06, OID) if self.double_oid else OID)
        label = text("LwM2M Bootstrap")
        first = tlv(
            0x30,
            label if self.object_label == "first" else b"",
            self.flags(),
            b"" if self.auth_id is None else tlv(0x04, bytes([self.auth_id])),
        )
        second = (label if self.object_label == "second" else b"") + (text(self.name) if self.name else b"")
        if self.form == "oid":
            return tlv(0xA1, first, tlv(0x30, second), tlv(0xA1, tlv(0x30, oid, self.path())))
        return tlv(0x30, first, tlv(0x30, second, oid), tlv(0xA1, self.path()))

    def flags(self) -> bytes:
        """CommonObjectFlags: DER leaves out bits that are 0 at the end."""
        bits = self.private << 7 | self.modifiable << 6
        if not bits:
            return tlv(0x03, b"\x06\x00") if self.empty_flags else b""
        return tlv(0x03, bytes([6 if self.modifiable else 7, bits]))

    def objects(self) -> bytes:
        return (other_object(0x6431) if self.other_object else b"") + self.object()

    def others(self) -> List[int]:
        """Files in the way of EF(DODF) that have another object in them."""
        return [self.dodf + 0x10 * n for n in range(1, self.other_directories + 1)]

    def odf_content(self) -> bytes:
        entries = [tlv(0xA4, path(0x4404))] if self.other_class else []
        entries += [tlv(0xA7, path(each)) for each in self.others()]
        entries.append(tlv(0xA7, tlv(0xA0, self.objects()) if self.in_place else path(self.dodf)))
        return b"".join(entries)

    def token_info(self) -> bytes:
        label = (self.label or "LwM2M").encode()
        read_only = b"\x07\x80"
        return tlv(0x30, tlv(2, b"\0"), tlv(4, swapped(self.iccid)), tlv(0x80, label), tlv(3, read_only))

    def records(self) -> List[bytes]:
        """EF_DIR."""
        usim = tlv(0x61, tlv(0x4F, USIM), tlv(0x50, b"USIM"))
        where = identifier(MASTER) + identifier(self.application)
        label = b"" if self.label is None else tlv(0x50, self.label.encode()) + tlv(0x51, where)
        return ([usim] if self.usim else []) + [tlv(0x61, tlv(0x4F, self.aid), label)]


def identifier(number_: int) -> bytes:
    return number_.to_bytes(2, "big")


def text(value: str) -> bytes:
    return tlv(0x0C, value.encode())


def path(file: int) -> bytes:
    """A Path to a file of the application."""
    return tlv(0x30, tlv(0x04, identifier(file)))


def other_object(file: int) -> bytes:
    """An object that is no bootstrap file: its OID is another."""
    oid = tlv(0x06, bytes.fromhex("672B01"))
    return tlv(0x30, tlv(0x30, text("OMA DM")), tlv(0x30, oid), tlv(0xA1, path(file)))


def swapped(digits: str) -> bytes:
    """Ten bytes of digits with their nibbles swapped, filled up with F."""
    filled = digits.ljust(20, "F")
    return bytes.fromhex("".join(filled[at + 1] + filled[at] for at in range(0, 20, 2)))


def unswapped(data: bytes) -> str:
    return "".join(f"{each & 15:X}{each >> 4:X}" for each in data).rstrip("F")
