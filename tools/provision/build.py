"""From a description to a record: names become numbers, values bytes. What the values mean together is for rules.py."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import keys
import tables
from record import LARGEST, File, Flaw, Instance, Malformed, Object, Refused, Resource, encode, parse_instances
from rules import LARGEST as LARGEST_FILE
from tables import ACCESS, FIELDS, IDENTITY, KEY, MODE, MODES, NOBODY, RIGHTS, SECURITY, SERVER, SERVER_KEY, SSID, URI, Field

Way = Tuple[Any, ...]
Taker = Callable[[Any], bytes]
MISSING = object()
# Mandatory in the object, though not every mode has a use for them: they are written empty.
KEYS = (IDENTITY, SERVER_KEY, KEY)
DEFAULTS: Dict[int, Any] = {1: 86400, 6: True, 7: "U"}


def refuse(way: Way, reason: str) -> Refused:
    return Refused(Flaw(way, reason))


class Table:
    """A table of a description; what nobody took from it is a mistake."""

    def __init__(self, values: Any, way: Way) -> None:
        if not isinstance(values, dict):
            raise refuse(way, "a table with keys is expected")
        self.values, self.way = values, way
        self._known: List[str] = []

    def has(self, key: str) -> bool:
        self._known.append(key)
        return key in self.values

    def get(self, key: str, default: Any = MISSING) -> Any:
        if not self.has(key):
            if default is MISSING:
                raise refuse(self.way, f'"{key}" is missing')
            return default
        return self.values[key]

    def number(self, key: str, default: Any = MISSING, most: int = LARGEST) -> Any:
        value = self.get(key, default)
        if value is default and key not in self.values:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise refuse(self.way + (key,), f"a number from 0 to {most} is expected")
        return value

    def tables(self, key: str) -> Iterator[Table]:
        """The elements of an array of tables."""
        found = self.get(key, [])
        if not isinstance(found, list):
            raise refuse(self.way + (key,), f"several are possible: [[{key}]] is expected, or a list of tables")
        for at, each in enumerate(found):
            yield Table(each, self.way + (key, at))

    def finish(self) -> None:
        for key in self.values:
            if key in self._known:
                continue
            if key in ("hold_off", "account_timeout"):
                raise refuse(self.way + (key,), f'"{key}" is of a bootstrap server only')
            close = difflib.get_close_matches(key, self._known, 1)
            hint = f'; is it "{close[0]}"?' if close else ""
            raise refuse(self.way + (key,), f"{tables.quoted(key)} is no key that is known here{hint}")


def build(description: Dict[str, Any], base: Path, pad: Optional[int] = None) -> File:
    """The record of a description; names of files are relative to `base`. Refused: something in it cannot be written."""
    top = Table(description, ())
    versions = Table(top.get("version", {}), ("version",))
    known = {SECURITY: "security", SERVER: "server", ACCESS: "access"}
    found = {number: _version(versions, key) for number, key in known.items()}
    file = File(_accounts(top, base) + _access(top), place=())
    for each in file.objects:
        each.version = found[each.id]
    versions.finish()
    file.objects += [_object(table, base) for table in top.tables("object")]
    _pad(file, top, pad)
    top.finish()
    return file


def _version(table: Table, key: str) -> Optional[Tuple[int, int]]:
    text = table.get(key, None)
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})", text) if isinstance(text, str) else None
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 0 < version[0] <= 255 or version[1] > 255:
        raise refuse(table.way + (key,), 'a version as "1.1" is expected, from 1.0 to 255.255')
    return version


def _pad(file: File, top: Table, pad: Optional[int]) -> None:
    way: Way = ("pad",)
    given = top.number("pad", None, LARGEST_FILE)
    pad = given if pad is None else pad
    if top.has("tail_hex"):
        if pad is not None:
            raise refuse(("tail_hex",), "pad and tail_hex both say what stands behind the record")
        file.tail = _converted(("tail_hex",), tables.unhex, top.get("tail_hex"))
    if pad is not None:
        size = len(encode(file))
        if size > pad:
            raise refuse(way, f"the record takes {size} bytes, {size - pad} more than it is padded to")
        file.tail = b"\xff" * (pad - size)


def _converted(way: Way, convert: Taker, value: Any) -> bytes:
    try:
        return convert(value)
    except ValueError as error:
        raise refuse(way, str(error)) from None


# Accounts


def _accounts(top: Table, base: Path) -> List[Object]:
    accounts = [(table, False) for table in top.tables("server")]
    if top.has("bootstrap_server"):
        accounts.insert(0, (Table(top.get("bootstrap_server"), ("bootstrap_server",)), True))
    security_ids = _numbers([table for table, _ in accounts], "security_instance")
    server_ids = iter(_numbers([table for table, bootstrap in accounts if not bootstrap], "server_instance"))
    securities, servers = [], []
    for (table, bootstrap), number in zip(accounts, security_ids):
        securities.append(Instance(number, list(_security(table, bootstrap, base)), table.way))
        if not bootstrap:
            servers.append(Instance(next(server_ids), list(_server(table, base)), table.way))
        table.finish()
    objects = [(SECURITY, securities), (SERVER, servers)]
    return [Object(number, instances=_sorted(made), place=made[0].place) for number, made in objects if made]


def _sorted(instances: List[Instance]) -> List[Instance]:
    return sorted(instances, key=lambda instance: instance.id)


def _numbers(accounts: List[Table], key: str) -> List[int]:
    """The instance IDs: those that are given, and for the others the lowest free ones in order."""
    given = [table.number(key, None) for table in accounts]
    free = (number for number in range(LARGEST) if number not in given)
    return [next(free) if number is None else number for number in given]


def _security(table: Table, bootstrap: bool, base: Path) -> Iterator[Resource]:
    omitted = table.get("omit", [])
    names = [FIELDS[SECURITY][number].key for number in KEYS]
    if not isinstance(omitted, list) or any(each not in names for each in omitted):
        raise refuse(table.way + ("omit",), f"a list out of {', '.join(names)} is expected")
    for field in FIELDS[SECURITY].values():
        if field.account == ("server" if bootstrap else "bootstrap"):
            continue
        if not field.key:
            yield Resource(field.id, tables.encode_value("boolean", bootstrap), place=table.way)
            continue
        found = _field(table, field, base)
        if found is None and field.id in (URI, MODE, SSID):
            raise refuse(table.way, f'"{field.key}" is missing')
        if found is None and field.id in KEYS and field.key not in omitted:
            found = Resource(field.id, b"", place=table.way)
        if found is not None:
            yield found


def _server(table: Table, base: Path) -> Iterator[Resource]:
    for field in FIELDS[SERVER].values():
        found = _field(table, field, base)
        if found is None and field.id in DEFAULTS:
            found = Resource(field.id, tables.encode_value(field.type, DEFAULTS[field.id]), place=table.way)
        if found is not None:
            yield found


def _field(table: Table, field: Field, base: Path) -> Optional[Resource]:
    """A resource from the key of its name; None where the table does not have it."""
    if field.type == "opaque":
        return _bytes(table, field, base)
    if not table.has(field.key):
        return None
    way, value = table.way + (field.key,), table.get(field.key)
    if (field.key, field.type) == ("mode", "integer") and isinstance(value, str):
        if value not in MODES:
            raise refuse(way, f"{tables.quoted(value)} is no mode; {', '.join(MODES)} are")
        value = MODES[value]
    if field.multiple:
        return Resource(field.id, None, _many(way, value, lambda each: tables.encode_value(field.type, each)), way)
    return Resource(field.id, _converted(way, lambda v: tables.encode_value(field.type, v), value), place=way)


def _bytes(table: Table, field: Field, base: Path) -> Optional[Resource]:
    """Bytes as hexadecimal, from a file, or as the text that an identity is."""
    ways = {key: table.has(key) for key in (f"{field.key}_hex", f"{field.key}_file", field.key)}
    there = [key for key, found in ways.items() if found]
    if not there:
        return None
    way = table.way + (there[0],)
    if len(there) > 1:
        raise refuse(way, f"{' and '.join(there)} say the same; one is expected")
    value = table.get(there[0])
    if there[0].endswith("_hex"):
        data = _converted(way, tables.unhex, value)
    elif there[0].endswith("_file"):
        data = _file(way, value, base, table.values.get("mode") in ("psk", "nosec", 0, 3) or field.id not in KEYS)
    elif field.id == IDENTITY:
        data = _converted(way, lambda text: tables.encode_value("string", text), value)
    else:
        raise refuse(way, f"{field.key} is bytes: {field.key}_hex or {field.key}_file is expected")
    return Resource(field.id, data, place=way)


def _file(way: Way, name: Any, base: Path, plain: bool) -> bytes:
    if not isinstance(name, str):
        raise refuse(way, "the name of a file is expected")
    try:
        data = (base / name).read_bytes()
    except (OSError, ValueError) as error:
        raise refuse(way, f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not plain:
        return _converted(way, keys.load, data)
    if len(data) > 8 and re.fullmatch(rb"[0-9A-Fa-f\s:]+", data):
        raise refuse(way, f"{name} is text in hexadecimal; the bytes themselves are expected, or the digits as …_hex")
    return data


def _many(way: Way, value: Any, convert: Taker) -> List[Tuple[int, bytes]]:
    """The instances of a resource: a list, numbered from 0, or a table with the number of each."""
    if isinstance(value, list):
        return [(at, _converted(way + (at,), convert, each)) for at, each in enumerate(value)]
    if not isinstance(value, dict):
        raise refuse(way, "a list of values is expected, or a table with the number of each")
    for key in value:
        if not re.fullmatch("[0-9]{1,5}", str(key)) or int(key) > NOBODY:
            raise refuse(way, f"{tables.quoted(str(key))} is no number of a resource instance; 0 to 65535 are")
    return [(int(key), _converted(way + (key,), convert, each)) for key, each in value.items()]


# Access control, and objects resource by resource


def _access(top: Table) -> List[Object]:
    entries = list(top.tables("access"))
    instances = []
    for number, table in zip(_numbers(entries, "id"), entries):
        owner = table.get("owner")
        resources = [
            Resource(0, tables.encode_value("integer", table.number("object")), place=table.way + ("object",)),
            Resource(1, tables.encode_value("integer", table.number("instance", NOBODY)), place=table.way + ("instance",)),
        ]
        if table.has("rights"):
            way = table.way + ("rights",)
            resources.append(Resource(2, None, _many(way, table.get("rights"), _rights), way))
        owner = NOBODY if owner == "bootstrap" else table.number("owner")
        resources.append(Resource(3, tables.encode_value("integer", owner), place=table.way + ("owner",)))
        table.finish()
        instances.append(Instance(number, resources, table.way))
    return [Object(ACCESS, instances=_sorted(instances), place=instances[0].place)] if instances else []


def _rights(value: Any) -> bytes:
    if isinstance(value, str):
        if not set(value) <= set(RIGHTS) or len(set(value)) < len(value):
            letters = f"letters of {RIGHTS} are, Read, Write, Execute, Delete, Create"
            raise ValueError(f"{tables.quoted(value)} are no rights; {letters}")
        value = sum(1 << RIGHTS.index(letter) for letter in value)
    return tables.encode_value("integer", value)


def _object(table: Table, base: Path) -> Object:
    made = Object(table.number("id"), _version(table, "version"), place=table.way)
    if table.has("payload_hex"):
        way = table.way + ("payload_hex",)
        made.payload = _converted(way, tables.unhex, table.get("payload_hex"))
        try:
            made.instances = parse_instances(made.payload, 0, len(made.payload))
        except Malformed as error:
            raise refuse(way, str(error)) from None
        _place(made, way)
    else:
        made.instances = [_instance(each, base) for each in table.tables("instance")]
    table.finish()
    return made


def _place(made: Object, way: Way) -> None:
    for instance in made.instances:
        instance.place = way
        for resource in instance.resources:
            resource.place = way


def _instance(table: Table, base: Path) -> Instance:
    made = Instance(table.number("id"), [_resource(each, base) for each in table.tables("resource")], table.way)
    table.finish()
    return made


def _resource(table: Table, base: Path) -> Resource:
    number, kind = table.number("id"), table.get("type")
    if kind not in tables.TYPES:
        raise refuse(table.way + ("type",), f"{tables.quoted(str(kind))} is no type; {', '.join(tables.TYPES)} are")
    there = [key for key in ("value", "values", "file") if table.has(key)]
    if len(there) != 1:
        raise refuse(table.way, "one of value, values (of a multiple resource) and file is expected")
    way, value = table.way + (there[0],), table.get(there[0])
    table.finish()
    if there[0] == "values":
        return Resource(number, None, _many(way, value, lambda each: tables.encode_value(kind, each)), way)
    if there[0] == "file":
        if kind != "opaque":
            raise refuse(way, f"a file is for the type opaque, not {kind}")
        return Resource(number, _file(way, value, base, False), place=way)
    return Resource(number, _converted(way, lambda v: tables.encode_value(kind, v), value), place=way)
