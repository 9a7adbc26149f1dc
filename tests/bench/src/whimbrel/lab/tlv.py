"""OMA TLV (TS 1.0 section 6.4.3), for what a server writes and creates. Written against the text; nothing here knows the library."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Union

INSTANCE, RESOURCE_INSTANCE, MULTIPLE, RESOURCE = 0x00, 0x40, 0x80, 0xC0

Single = Union[bool, int, float, str, bytes]
Value = Union[Single, Mapping[int, Single]]


def entry(kind: int, id: int, value: bytes) -> bytes:
    """Type, identifier, length, value."""
    wide = 0x20 if id > 0xFF else 0
    identifier = id.to_bytes(2 if wide else 1, "big")
    if len(value) < 8:
        return bytes([kind | wide | len(value)]) + identifier + value
    width = 1 if len(value) <= 0xFF else 2 if len(value) <= 0xFFFF else 3
    return bytes([kind | wide | width << 3]) + identifier + len(value).to_bytes(width, "big") + value


def single(value: Single) -> bytes:
    """One value: integers in 1, 2, 4 or 8 bytes, floats in 8."""
    if isinstance(value, bool):
        return bytes([value])
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, float):
        return struct.pack(">d", value)
    if isinstance(value, int):
        for width in (1, 2, 4):
            if -(1 << 8 * width - 1) <= value < 1 << 8 * width - 1:
                return value.to_bytes(width, "big", signed=True)
        return value.to_bytes(8, "big", signed=True)
    return bytes(value)


def resources(values: Mapping[int, Value]) -> bytes:
    """Resources by ID; a mapping is a multiple resource."""
    out = b""
    for id, value in values.items():
        if isinstance(value, Mapping):
            below = b"".join(entry(RESOURCE_INSTANCE, at, single(one)) for at, one in value.items())
            out += entry(MULTIPLE, id, below)
        else:
            out += entry(RESOURCE, id, single(value))
    return out


def instance(id: int, values: Mapping[int, Value]) -> bytes:
    """An object instance with its resources."""
    return entry(INSTANCE, id, resources(values))
