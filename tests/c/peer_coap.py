"""CoAP messages (RFC 7252) and TLV, text and JSON values (TS 1.0 section 6.4): just enough for a test server.

Written apart from the engine on purpose, so that a test which passes here and fails there points at the engine.
"""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field
from typing import Any

CON, NON, ACK, RST = range(4)
OBSERVE, LOCATION, PATH, FORMAT, QUERY, ACCEPT, BLOCK2, BLOCK1 = 6, 8, 11, 12, 15, 17, 23, 27
TEXT, LINK, OPAQUE, TLV, JSON = 0, 40, 42, 11542, 11543


def uint(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


@dataclass
class Message:
    type: int
    code: int
    mid: int
    token: bytes = b""
    options: list[tuple[int, bytes]] = field(default_factory=list)
    payload: bytes = b""

    def all(self, number: int) -> list[bytes]:
        return [value for one, value in self.options if one == number]

    def number(self, number: int) -> int | None:
        found = self.all(number)
        return int.from_bytes(found[0], "big") if found else None

    def encode(self) -> bytes:
        out = bytearray([0x40 | self.type << 4 | len(self.token), self.code])
        out += self.mid.to_bytes(2, "big") + self.token
        last = 0
        for number, value in sorted(self.options, key=lambda option: option[0]):
            delta, more = _nibble(number - last)
            length, extra = _nibble(len(value))
            out += bytes([delta << 4 | length]) + more + extra + value
            last = number
        return bytes(out) + (b"\xff" + self.payload if self.payload else b"")

    @classmethod
    def decode(cls, data: bytes) -> Message:
        at = 4 + (data[0] & 15)
        message = cls(data[0] >> 4 & 3, data[1], int.from_bytes(data[2:4], "big"), data[4:at])
        number = 0
        while at < len(data) and data[at] != 0xFF:
            head, at = data[at], at + 1
            delta, at = _extended(head >> 4, data, at)
            length, at = _extended(head & 15, data, at)
            number += delta
            message.options.append((number, data[at : at + length]))
            at += length
        message.payload = data[at + 1 :]
        return message


def _nibble(value: int) -> tuple[int, bytes]:
    if value < 13:
        return value, b""
    return (13, bytes([value - 13])) if value < 269 else (14, (value - 269).to_bytes(2, "big"))


def _extended(nibble: int, data: bytes, at: int) -> tuple[int, int]:
    if nibble < 13:
        return nibble, at
    return (data[at] + 13, at + 1) if nibble == 13 else (int.from_bytes(data[at : at + 2], "big") + 269, at + 2)


# Values. Types: s string, i integer, f float, b boolean, o opaque, t time, l object link.


def to_text(kind: str, value: Any) -> bytes:
    if kind == "o":
        return base64.b64encode(value)
    return str(int(value) if kind == "b" else value).encode()


def from_text(kind: str, data: bytes) -> Any:
    if kind == "o":
        return base64.b64decode(data, validate=True)
    text = data.decode()
    if kind == "b":
        return {"0": False, "1": True}[text]
    return {"i": int, "t": int, "f": float}.get(kind, str)(text)


def to_bytes(kind: str, value: Any) -> bytes:
    if kind in "it":
        size = next(size for size in (1, 2, 4, 8) if -(1 << size * 8 - 1) <= value < 1 << size * 8 - 1)
        return value.to_bytes(size, "big", signed=True)
    if kind == "l":
        return struct.pack(">HH", *map(int, value.split(":")))
    return {"f": lambda: struct.pack(">d", value), "b": lambda: bytes([value]), "o": lambda: value}.get(
        kind, lambda: value.encode()
    )()


def from_bytes(kind: str, data: bytes) -> Any:
    if kind in "it":
        return int.from_bytes(data, "big", signed=True)
    if kind == "f":
        return struct.unpack(">d" if len(data) == 8 else ">f", data)[0]
    if kind == "b":
        return {b"\0": False, b"\1": True}[data]
    if kind == "l":
        return "%d:%d" % struct.unpack(">HH", data)
    return data if kind == "o" else data.decode()


INSTANCE, RESOURCE_INSTANCE, MULTIPLE, RESOURCE = range(4)


def tlv(kind: int, number: int, value: bytes) -> bytes:
    wide = number > 255
    size = 0 if len(value) < 8 else (len(value).bit_length() + 7) // 8
    head = kind << 6 | wide << 5 | size << 3 | (0 if size else len(value))
    return bytes([head]) + number.to_bytes(1 + wide, "big") + (len(value).to_bytes(size, "big") if size else b"") + value


def tlvs(data: bytes) -> list[tuple[int, int, bytes]]:
    out, at = [], 0
    while at < len(data):
        head, wide, size = data[at], data[at] >> 5 & 1, data[at] >> 3 & 3
        number = int.from_bytes(data[at + 1 : at + 2 + wide], "big")
        at += 2 + wide
        length = int.from_bytes(data[at : at + size], "big") if size else head & 7
        at += size
        out.append((head >> 6, number, data[at : at + length]))
        at += length
    return out


def json_entry(name: str, kind: str, value: Any) -> dict[str, Any]:
    if kind == "o":
        return {"n": name, "sv": base64.b64encode(value).decode()}
    return {"n": name, {"i": "v", "f": "v", "t": "v", "b": "bv", "l": "ov"}.get(kind, "sv"): value}


def from_json(kind: str, entry: dict[str, Any]) -> Any:
    value = next(entry[name] for name in ("v", "bv", "ov", "sv") if name in entry)
    if kind == "o":
        return base64.b64decode(value)
    return {"i": int, "t": int, "f": float}.get(kind, lambda same: same)(value)


def json_entries(data: bytes) -> list[tuple[list[int], dict[str, Any]]]:
    document = json.loads(data)
    base = document.get("bn", "")
    return [
        ([int(part) for part in (base + entry.get("n", "")).split("/") if part], entry) for entry in document["e"]
    ]
