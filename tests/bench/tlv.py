"""Instances of the objects 0, 1 and 2 as a bootstrap server writes them, and the bootstrap file (TS 1.0 section 6.4.3 and
Appendix G.3.3). Written against the text; nothing here knows the library."""

from __future__ import annotations

from collections.abc import Mapping

_INSTANCE, _RESOURCE_INSTANCE, _MULTIPLE, _RESOURCE = 0x00, 0x40, 0x80, 0xC0


def entry(kind: int, id: int, value: bytes) -> bytes:
    """Type, identifier, length, value."""
    wide = 0x20 if id > 0xFF else 0
    identifier = id.to_bytes(2 if wide else 1, "big")
    if len(value) < 8:
        return bytes([kind | wide | len(value)]) + identifier + value
    width = 1 if len(value) <= 0xFF else 2
    return bytes([kind | wide | width << 3]) + identifier + len(value).to_bytes(width, "big") + value


def _number(value: int, signed: bool = True) -> bytes:
    for width in (1, 2, 4, 8):
        try:
            return value.to_bytes(width, "big", signed=signed)
        except OverflowError:
            continue
    raise ValueError(value)


def resource(id: int, value: bool | int | str | bytes | None) -> bytes:
    """One resource; nothing for None."""
    if value is None:
        return b""
    if isinstance(value, bool):
        value = bytes([value])
    if isinstance(value, int):
        value = _number(value)
    return entry(_RESOURCE, id, value.encode() if isinstance(value, str) else value)


def unsigned(id: int, value: int | None) -> bytes:
    """An Unsigned Integer resource of 1.1."""
    return b"" if value is None else entry(_RESOURCE, id, _number(value, signed=False))


def security(
    instance: int,
    uri: str,
    short_server_id: int | None,
    *,
    bootstrap: bool | None = None,
    mode: int = 3,
    identity: bytes = b"",
    key: bytes = b"",
    hold_off: int | None = None,
) -> bytes:
    """An instance of object 0. Without a Short Server ID it is the bootstrap server's."""
    is_bootstrap = short_server_id is None if bootstrap is None else bootstrap
    values = [uri, is_bootstrap, mode, identity, b"", key]
    body = b"".join(resource(id, value) for id, value in enumerate(values))
    return entry(_INSTANCE, instance, body + resource(10, short_server_id) + resource(11, hold_off))


def server(
    instance: int,
    short_server_id: int,
    *,
    lifetime: int = 86_400,
    binding: str = "U",
    priority: int | None = None,
    initial_delay: int | None = None,
    block: bool | None = None,
    bootstrap: bool | None = None,
    retry_count: int | None = None,
    retry_timer: int | None = None,
    sequence_delay: int | None = None,
    sequence_count: int | None = None,
) -> bytes:
    """An instance of object 1, with resources 13 to 20 of 1.1."""
    body = resource(0, short_server_id) + resource(1, lifetime) + resource(6, True) + resource(7, binding)
    body += unsigned(13, priority) + unsigned(14, initial_delay) + resource(15, block) + resource(16, bootstrap)
    body += unsigned(17, retry_count) + unsigned(18, retry_timer)
    return entry(_INSTANCE, instance, body + unsigned(19, sequence_delay) + unsigned(20, sequence_count))


def access(instance: int, object_id: int, object_instance: int, owner: int, rights: Mapping[int, int]) -> bytes:
    """An instance of object 2."""
    entries = b"".join(entry(_RESOURCE_INSTANCE, server_id, bytes([bits])) for server_id, bits in rights.items())
    target = entry(_RESOURCE, 0, object_id.to_bytes(2, "big")) + entry(_RESOURCE, 1, object_instance.to_bytes(2, "big"))
    return entry(_INSTANCE, instance, target + entry(_MULTIPLE, 2, entries) + resource(3, owner))


def bootstrap_file(objects: Mapping[int, bytes]) -> bytes:
    """A file with these objects, each of version 1.0."""
    there = {id: instances for id, instances in objects.items() if instances}
    body = b"".join(
        id.to_bytes(2, "big") + b"\0" + len(instances).to_bytes(2, "big") + instances for id, instances in there.items()
    )
    return len(there).to_bytes(2, "big") + len(body).to_bytes(2, "big") + body
