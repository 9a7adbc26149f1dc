"""The record: a LwM2M_Bootstrap file (TS 1.0 Appendix G.3.3) as objects, and objects as a file. Its TLV is TS 1.0
section 6.4.3.

    number of objects (2), size of all that follows (2), then for each object:
    Object ID (2), version (1: 00 for 1.0, or 2: major, minor), length (2), Object Instance TLVs
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

INSTANCE, RESOURCE_INSTANCE, MULTIPLE, RESOURCE = range(4)
KINDS = ("an object instance", "a resource instance", "a multiple resource", "a resource")
HEAD = 4
LARGEST = 0xFFFF

# Where something comes from: a byte's number in a file, or the way to a value in a description.
Place = Any


class Flaw(NamedTuple):
    """One thing that is wrong, or with `fatal` false only strange."""

    place: Place
    reason: str
    fatal: bool = True

    def __str__(self) -> str:
        if isinstance(self.place, int):
            return f"byte {self.place}: {self.reason}"
        way = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place)
        return f"{way.lstrip('.') or 'description'}: {self.reason}"


class ProvisionError(Exception):
    """All that this tool refuses; `flaws` says where and why."""

    def __init__(self, *flaws: Flaw) -> None:
        super().__init__("\n".join(map(str, flaws)))
        self.flaws = flaws


class Malformed(ProvisionError):
    """Bytes that are no record."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(Flaw(offset, reason))
        self.offset = offset


class Refused(ProvisionError):
    """A description that no record is made of."""


@dataclass
class Resource:
    """`value` is None for a multiple resource, which has `instances`: ID and value of each."""

    id: int
    value: Optional[bytes]
    instances: List[Tuple[int, bytes]] = field(default_factory=list)
    place: Place = field(default=(), compare=False)


@dataclass
class Instance:
    id: int
    resources: List[Resource] = field(default_factory=list)
    place: Place = field(default=(), compare=False)

    def find(self, number: int) -> Optional[Resource]:
        return next((resource for resource in self.resources if resource.id == number), None)


@dataclass
class Object:
    """`version` is None for the implicit 1.0. `payload`: its TLVs as they are, where they are not to be made anew."""

    id: int
    version: Optional[Tuple[int, int]] = None
    instances: List[Instance] = field(default_factory=list)
    payload: Optional[bytes] = field(default=None, compare=False)
    place: Place = field(default=(), compare=False)


@dataclass
class File:
    """`tail` stands behind the record: a card's file has one size, and the rest of it is FF."""

    objects: List[Object] = field(default_factory=list)
    tail: bytes = b""
    place: Place = field(default=0, compare=False)

    def instances(self, number: int) -> Iterator[Instance]:
        for each in self.objects:
            if each.id == number:
                yield from each.instances


def tlv(kind: int, number: int, value: bytes) -> bytes:
    """One TLV in its shortest form."""
    head = kind << 6 | (number > 0xFF) << 5
    length = b""
    if len(value) < 8:
        head |= len(value)
    else:
        width = 1 if len(value) <= 0xFF else 2 if len(value) <= 0xFFFF else 3
        head |= width << 3
        length = len(value).to_bytes(width, "big")
    return bytes([head]) + number.to_bytes(2 if number > 0xFF else 1, "big") + length + value


def encode_resource(resource: Resource) -> bytes:
    if resource.value is not None:
        return tlv(RESOURCE, resource.id, resource.value)
    parts = (tlv(RESOURCE_INSTANCE, number, value) for number, value in resource.instances)
    return tlv(MULTIPLE, resource.id, b"".join(parts))


def encode_instances(instances: List[Instance]) -> bytes:
    return b"".join(tlv(INSTANCE, at.id, b"".join(map(encode_resource, at.resources))) for at in instances)


def encode(file: File) -> bytes:
    """The bytes of a file."""
    body = b""
    for each in file.objects:
        payload = encode_instances(each.instances) if each.payload is None else each.payload
        if len(payload) > LARGEST:
            raise Refused(Flaw(each.place, f"/{each.id} takes {len(payload)} bytes, a length has room for {LARGEST}"))
        version = bytes([0]) if each.version is None else bytes(each.version)
        body += each.id.to_bytes(2, "big") + version + len(payload).to_bytes(2, "big") + payload
        if len(body) > LARGEST:
            raise Refused(Flaw(each.place, f"with /{each.id} it is {len(body)} bytes, the size has room for {LARGEST}"))
    return len(file.objects).to_bytes(2, "big") + len(body).to_bytes(2, "big") + body + file.tail


def parse(data: bytes) -> File:
    """Takes a file apart; raises Malformed with the byte that is wrong."""
    if len(data) < HEAD:
        raise Malformed(0, f"a number of objects and a size were expected, 4 bytes; the file has {len(data)}")
    if data.strip(b"\xff") == b"":
        raise Malformed(0, "a number of objects was expected, but all bytes are FF: nothing was written here")
    count, size = (int.from_bytes(data[at : at + 2], "big") for at in (0, 2))
    end = HEAD + size
    if end > len(data):
        raise Malformed(2, f"a size of at most {len(data) - HEAD} was expected, what follows; it says {size}")
    objects: List[Object] = []
    at = HEAD
    while at < end:
        if len(objects) == count:
            raise Malformed(at, f"the end was expected, after {count} objects; the size at byte 2 counts {end - at} more")
        found, at = _object(data, at, end)
        objects.append(found)
    if len(objects) < count:
        raise Malformed(at, f"object {len(objects) + 1} of {count} was expected, but the size at byte 2 ends here")
    return File(objects, data[end:])


def _object(data: bytes, at: int, end: int) -> Tuple[Object, int]:
    version = data[at + 2] if at + 2 < end else 0
    head = 6 if version else 5
    if at + head > end:
        raise Malformed(at, f"Object ID, version and length were expected, {head} bytes; {end - at} are left")
    number = int.from_bytes(data[at : at + 2], "big")
    length = int.from_bytes(data[at + head - 2 : at + head], "big")
    start, stop = at + head, at + head + length
    if stop > end:
        raise Malformed(start - 2, f"a length of at most {end - start} was expected for /{number}; it says {length}")
    found = Object(number, (version, data[at + 3]) if version else None, payload=data[start:stop], place=at)
    found.instances = parse_instances(data, start, stop)
    return found, stop


def parse_instances(data: bytes, at: int, end: int) -> List[Instance]:
    """The instances of an object from its TLVs, data[at:end]."""
    instances = []
    for kind, number, start, stop, head in _entries(data, at, end, (INSTANCE,)):
        instance = Instance(number, place=head)
        for kind, number, first, last, head in _entries(data, start, stop, (RESOURCE, MULTIPLE)):
            resource = Resource(number, data[first:last], place=head)
            if kind == MULTIPLE:
                inner = _entries(data, first, last, (RESOURCE_INSTANCE,))
                resource.value = None
                resource.instances = [(each, data[a:b]) for _, each, a, b, _ in inner]
            instance.resources.append(resource)
        instances.append(instance)
    return instances


def _entries(data: bytes, at: int, end: int, wanted: Tuple[int, ...]) -> Iterator[Tuple[int, int, int, int, int]]:
    """Kind, ID, first byte and end of the value, and first byte of the TLV itself."""
    while at < end:
        head = data[at]
        kind = head >> 6
        if kind not in wanted:
            expected = " or ".join(KINDS[each] for each in wanted)
            raise Malformed(at, f"{expected} was expected; the TLV type {head:02X} is {KINDS[kind]}")
        numbers, lengths = 1 + (head >> 5 & 1), head >> 3 & 3
        start = at + 1 + numbers + lengths
        if start > end:
            raise Malformed(at, f"a TLV head of {start - at} bytes was expected, {end - at} are left")
        number = int.from_bytes(data[at + 1 : at + 1 + numbers], "big")
        length = int.from_bytes(data[start - lengths : start], "big") if lengths else head & 7
        if start + length > end:
            raise Malformed(at, f"a value of at most {end - start} bytes was expected for {KINDS[kind]} {number}; "
                                f"its length says {length}")
        yield kind, number, start, start + length, at
        at = start + length
