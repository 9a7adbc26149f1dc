"""The objects of the client under test (README.md), in the stand-in's memory: read, write, create, discover."""

from __future__ import annotations

import copy
import json
import zlib
from dataclasses import dataclass
from typing import Any

import fake_coap as coap

Path = tuple[int, ...]
Instance = dict[int, "Resource"]


class Refused(Exception):
    """An answer other than success, by its CoAP code byte."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code >> 5}.{code & 31:02}")
        self.code = code


BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, NOT_ALLOWED, NOT_ACCEPTABLE, BAD_FORMAT = 0x80, 0x81, 0x84, 0x85, 0x86, 0x8F


@dataclass
class Resource:
    kind: str
    operations: str
    value: Any = None

    @property
    def multiple(self) -> bool:
        return isinstance(self.value, dict)


def _device(binding: str) -> Instance:
    values = [
        (0, "s", "Open Mobile Alliance"), (1, "s", "Lightweight M2M Client"), (2, "s", "345000123"), (3, "s", "1.0"),
        (6, "i", {0: 1, 1: 5}), (7, "i", {0: 3800, 1: 5000}), (8, "i", {0: 125, 1: 900}), (9, "i", 100),
        (10, "i", 15), (11, "i", {0: 0}), (16, "s", binding),
    ]  # fmt: skip
    out = {number: Resource(kind, "R", value) for number, kind, value in values}
    out[4] = Resource("", "E")
    out[13] = Resource("t", "RW", 1367491215)
    out[14] = Resource("s", "RW", "+02:00")
    return out


def test_values() -> Instance:
    single = ["", 0, 0.0, False, b"", 0, "65535:65535"]
    out = {number: Resource(kind, "RW", single[number]) for number, kind in enumerate("sifbotl")}
    out |= {10 + number: Resource(kind, "RW", {}) for number, kind in enumerate("sifbotl")}
    out |= {20: Resource("", "E"), 21: Resource("s", "R", ""), 22: Resource("i", "R", 0)}
    return out


def _server(number: int, lifetime: int, binding: str) -> Instance:
    out = {0: Resource("i", "R", 101 + number), 1: Resource("i", "RW", lifetime), 7: Resource("s", "RW", binding)}
    return out | {6: Resource("b", "RW", True), 8: Resource("", "E")}


class Objects:
    def __init__(self, servers: int, lifetime: int, binding: str) -> None:
        temperature = {number: Resource("f", "R", 20.0) for number in (5700, 5601, 5602)}
        source = bytes((7 * i + 3) % 256 for i in range(6000))
        self.tree: dict[int, dict[int, Instance]] = {
            1: {number: _server(number, lifetime, binding) for number in range(servers)},
            3: {0: _device(binding)},
            3303: {0: temperature | {5605: Resource("", "E"), 5701: Resource("s", "R", "Cel")}},
            26241: {0: test_values()},
            26242: {
                0: {0: Resource("o", "R", source), 1: Resource("o", "W"), 2: Resource("i", "R", 0)}
                | {3: Resource("i", "R", 0), 4: Resource("i", "R", 0)}
            },
        }

    def links(self) -> str:
        """The list of a Register: /0 is not in it."""
        return ",".join(f"</{o}/{i}>" for o, instances in self.tree.items() for i in instances)

    def instance(self, path: Path) -> Instance:
        if path[0] == 0:
            raise Refused(UNAUTHORIZED)
        try:
            return self.tree[path[0]][path[1]]
        except KeyError:
            raise Refused(NOT_FOUND) from None

    def resource(self, path: Path) -> Resource:
        instance = self.instance(path)
        if path[2] not in instance:
            raise Refused(NOT_FOUND)
        return instance[path[2]]

    def set(self, path: Path, text: str) -> None:
        one = self.resource(path)
        one.value = bytes.fromhex(text) if one.kind == "o" else coap.from_text(one.kind, text.encode())
        if path[0] == 3303 and path[2] == 5700:
            instance = self.instance(path)
            instance[5601].value = min(instance[5601].value, one.value)
            instance[5602].value = max(instance[5602].value, one.value)

    # Read

    def read(self, path: Path, accept: int | None) -> tuple[int, bytes]:
        if path[0] == 0:
            raise Refused(UNAUTHORIZED)
        if path[0] not in self.tree:
            raise Refused(NOT_FOUND)
        if len(path) > 2 and "R" not in self.resource(path).operations:
            raise Refused(NOT_ALLOWED)
        if accept in (coap.TEXT, coap.OPAQUE):
            one = self.resource(path) if len(path) == 3 else None
            if one is None or one.multiple or accept == coap.OPAQUE and one.kind != "o":
                raise Refused(NOT_ACCEPTABLE)
            return accept, one.value if accept == coap.OPAQUE else coap.to_text(one.kind, one.value)
        if accept == coap.JSON:
            return accept, self._json(path)
        if accept in (None, coap.TLV):
            return coap.TLV, self._tlv(path)
        raise Refused(NOT_ACCEPTABLE)

    def _tlv(self, path: Path) -> bytes:
        if len(path) == 1:
            return b"".join(coap.tlv(coap.INSTANCE, i, self._tlv((path[0], i))) for i in self.tree[path[0]])
        if len(path) == 2:
            return b"".join(_tlv(number, one) for number, one in self.instance(path).items() if "R" in one.operations)
        return _tlv(path[2], self.resource(path))

    def _json(self, path: Path) -> bytes:
        entries = []
        for number in self.tree[path[0]] if len(path) == 1 else [path[1]]:
            for rid, one in self.instance((path[0], number)).items():
                if "R" in one.operations and path[2:] in ((), (rid,)):
                    items = one.value.items() if one.multiple else [(None, one.value)]
                    for index, value in items:
                        name = [[number, rid, index], [rid, index], [index]][len(path) - 1]
                        text = "/".join(str(part) for part in name if part is not None)
                        entries.append(coap.json_entry(text, one.kind, value))
        base = "/" + "/".join(map(str, path)) + ("" if entries and entries[0]["n"] == "" else "/")
        return json.dumps({"bn": base, "e": entries}).encode()

    # Discover

    def discover(self, path: Path, attributes: dict[Path, dict[str, str]]) -> str:
        if len(path) == 1 and path[0] in self.tree:
            paths = [path, *((path[0], i) for i in self.tree[path[0]])]
            paths += [(path[0], i, r) for i, instance in self.tree[path[0]].items() for r in instance]
        elif len(path) == 2:
            paths = [path, *((*path, number) for number in self.instance(path))]
        else:
            self.resource(path)
            paths = [path]
        return ",".join(self._link(one, attributes.get(one, {})) for one in sorted(paths))

    def _link(self, path: Path, attributes: dict[str, str]) -> str:
        link = "</" + "/".join(map(str, path)) + ">"
        if len(path) == 3 and self.resource(path).multiple:
            link += f";dim={len(self.resource(path).value)}"
        return link + "".join(f";{name}={value}" for name, value in attributes.items())

    # Write

    def write(self, path: Path, form: int | None, data: bytes, replace: bool) -> None:
        if len(path) < 2:
            raise Refused(NOT_ALLOWED)
        instance = copy.deepcopy(self.instance(path))
        self._put(instance, path, self._changes(instance, path, form, data), replace)
        self.tree[path[0]][path[1]] = instance

    def _changes(self, instance: Instance, path: Path, form: int | None, data: bytes) -> dict[int, Any]:
        if form is None:
            raise Refused(BAD_REQUEST)
        try:
            if form in (coap.TEXT, coap.OPAQUE) and len(path) == 3:
                one = self.resource(path)
                return {path[2]: data if form == coap.OPAQUE else coap.from_text(one.kind, data)}
            if form == coap.TLV:
                return _from_tlv(instance, coap.tlvs(data))
            if form == coap.JSON:
                return _from_json(instance, coap.json_entries(data))
        except (ValueError, KeyError, StopIteration):
            raise Refused(BAD_REQUEST) from None
        raise Refused(BAD_FORMAT)

    def _put(self, instance: Instance, path: Path, changes: dict[int, Any], replace: bool) -> None:
        if any("W" not in instance[number].operations for number in changes):
            raise Refused(NOT_ALLOWED)
        if replace and len(path) == 2:
            for number, default in test_values().items():
                if path[0] == 26241 and "W" in default.operations:
                    instance[number] = default
        for number, value in changes.items():
            one = instance[number]
            if path[0] == 26242:
                instance[2].value, instance[3].value = len(value), zlib.crc32(value)
                instance[4].value += 1
            elif one.multiple and not replace:
                one.value |= value
            else:
                one.value = value

    def create(self, path: Path, form: int | None, data: bytes) -> tuple[int, bool]:
        """The new instance's id, and whether it was our choice."""
        if path != (26241,):
            raise Refused(NOT_ALLOWED if path[0] in self.tree else NOT_FOUND)
        if form != coap.TLV:
            raise Refused(BAD_FORMAT)
        records, instances = coap.tlvs(data), self.tree[path[0]]
        given = [(number, value) for kind, number, value in records if kind == coap.INSTANCE]
        number = given[0][0] if given else next(i for i in range(65535) if i not in instances)
        if number in instances:
            raise Refused(BAD_REQUEST)
        new = test_values()
        changes = _from_tlv(new, coap.tlvs(given[0][1]) if given else records)
        self._put(new, (path[0], number), changes, False)
        instances[number] = new
        return number, not given

    def delete(self, path: Path) -> None:
        if len(path) != 2 or path[0] in (1, 3, 3303, 26242):
            raise Refused(NOT_ALLOWED)
        self.instance(path)
        del self.tree[path[0]][path[1]]

    def execute(self, path: Path, arguments: str) -> None:
        instance = self.instance(path)
        if "E" not in self.resource(path).operations:
            raise Refused(NOT_ALLOWED)
        if path[0] == 26241:
            instance[21].value = arguments
            instance[22].value += 1
        elif path[0] == 3303:
            instance[5601].value = instance[5602].value = instance[5700].value


def _tlv(number: int, one: Resource) -> bytes:
    if not one.multiple:
        return coap.tlv(coap.RESOURCE, number, coap.to_bytes(one.kind, one.value))
    inner = (coap.tlv(coap.RESOURCE_INSTANCE, i, coap.to_bytes(one.kind, value)) for i, value in one.value.items())
    return coap.tlv(coap.MULTIPLE, number, b"".join(inner))


def _from_tlv(instance: Instance, records: list[tuple[int, int, bytes]]) -> dict[int, Any]:
    out: dict[int, Any] = {}
    for kind, number, value in records:
        if kind == coap.INSTANCE:
            return _from_tlv(instance, coap.tlvs(value))
        if number not in instance:
            raise Refused(NOT_FOUND)
        form = instance[number].kind
        many = kind == coap.MULTIPLE
        out[number] = (
            {i: coap.from_bytes(form, one) for _, i, one in coap.tlvs(value)} if many else coap.from_bytes(form, value)
        )
    return out


def _from_json(instance: Instance, entries: list[tuple[list[int], dict[str, Any]]]) -> dict[int, Any]:
    out: dict[int, Any] = {}
    for path, entry in entries:
        value = coap.from_json(instance[path[2]].kind, entry)
        if len(path) == 4:
            out.setdefault(path[2], {})[path[3]] = value
        else:
            out[path[2]] = value
    return out
