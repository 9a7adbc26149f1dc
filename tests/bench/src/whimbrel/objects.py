"""Objects of the application, declared as Python classes.

    class Thermometer(Object):
        object_id = 3303
        value = Resource(5700, Type.FLOAT, "R", default=20.0)

        @execute(5605)
        def reset(self, arguments): ...

A resource is an attribute: servers read and write it, and setting it in Python reports the change.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref, c_double, c_int32, c_int64, c_size_t, c_uint16, c_uint64, c_void_p
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from . import structs
from .errors import Status, WhimbrelError, check
from .library import load

if TYPE_CHECKING:
    from .client import Client


class Type(IntEnum):
    """WHIMBREL_STRING and so on."""

    NO_TYPE = 0
    STRING = 1
    INTEGER = 2
    UNSIGNED = 3
    FLOAT = 4
    BOOLEAN = 5
    OPAQUE = 6
    TIME = 7
    OBJLNK = 8
    CORELNK = 9


OPERATIONS = {"R": 1, "W": 2, "E": 4}
MULTIPLE, MANDATORY, STREAM = 1, 2, 4
INSTANCES, CREATABLE, PERSISTENT = 1, 2, 4


@dataclass(frozen=True)
class Chunk:
    """A part of a stream. One at offset 0 begins anew."""

    data: bytes
    offset: int
    last: bool


class Resource:
    """One resource. Its value is kept in the instance, unless `reader` and `writer` say otherwise.

    With `multiple` the value is a dict by resource instance. With `stream` the writer gets one Chunk after the other.
    """

    def __init__(
        self,
        id: int,
        type: Type = Type.NO_TYPE,
        operations: str = "RW",
        *,
        multiple: bool = False,
        mandatory: bool = False,
        stream: bool = False,
        default: Any = None,
    ) -> None:
        self.id, self.type, self.operations, self.default = id, type, operations, default
        self.flags = multiple * MULTIPLE | mandatory * MANDATORY | stream * STREAM
        self.name = ""
        self._get: Callable[[Any], Any] | None = None
        self._set: Callable[[Any, Any], None] | None = None
        self.run: Callable[[Any, dict[int, str | None]], None] | None = None

    def reader(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Decorates what gives the value; None: there is none now."""
        self._get = function
        return function

    def writer(self, function: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """Decorates what takes the value; WhimbrelError(status) refuses it."""
        self._set = function
        return function

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        if self._get:
            return self._get(instance)
        default = dict(self.default or {}) if self.flags & MULTIPLE else self.default
        return instance.__dict__.setdefault(self.name, default)

    def __set__(self, instance: Object, value: Any) -> None:
        self.store(instance, value)
        instance.changed(self.id)

    def store(self, instance: Any, value: Any) -> None:
        """Takes a value without reporting it."""
        if self._set:
            self._set(instance, value)
        else:
            instance.__dict__[self.name] = value


def execute(id: int) -> Callable[[Callable[[Any, dict[int, str | None]], None]], Any]:
    """Decorates what an executable resource does; it gets the arguments by digit."""

    def decorate(function: Callable[[Any, dict[int, str | None]], None]) -> Any:
        resource = Resource(id, Type.NO_TYPE, "E")
        resource.run = function
        return resource

    return decorate


class Object:
    """An object instance of the application. The class is the object."""

    object_id: int = 0
    version: tuple[int, int] = (1, 0)
    multiple_instances: bool = False
    creatable: bool = False
    persistent: bool = False

    _client: Client | None = None
    _instance: int = 0

    @classmethod
    def resources(cls) -> list[Resource]:
        """The resources in ascending order."""
        found = {
            resource.id: resource
            for base in reversed(cls.__mro__)
            for resource in vars(base).values()
            if isinstance(resource, Resource)
        }
        return [found[id] for id in sorted(found)]

    def changed(self, resource: int) -> None:
        """Reports a change, if the instance belongs to a client."""
        if self._client:
            self._client.changed(f"/{self.object_id}/{self._instance}/{resource}")


_SCALARS: dict[int, tuple[str, Any]] = {
    Type.INTEGER: ("integer", c_int64),
    Type.TIME: ("integer", c_int64),
    Type.UNSIGNED: ("unsigned", c_uint64),
    Type.FLOAT: ("float", c_double),
    Type.BOOLEAN: ("boolean", c_int32),
}


def _reply(call: int, type: Type, value: Any) -> int:
    """Gives one value."""
    if type in (Type.STRING, Type.CORELNK):
        text = str(value).encode()
        return int(load().whimbrel_reply_string(call, text, len(text)))
    if type == Type.OPAQUE:
        return int(load().whimbrel_reply_opaque(call, bytes(value), len(value)))
    if type == Type.OBJLNK:
        return int(load().whimbrel_reply_objlnk(call, *value))
    return int(getattr(load(), f"whimbrel_reply_{type.name.lower()}")(call, value))


def read(resource: Resource, instance: Any, call: int) -> int:
    """A read handler."""
    value = resource.__get__(instance)
    if value is None:
        return int(Status.ERR_NOT_FOUND)
    if not resource.flags & MULTIPLE:
        return _reply(call, resource.type, value)
    for id, one in value.items():
        check(load().whimbrel_reply_instance(call, id), "whimbrel_reply_instance")
        check(_reply(call, resource.type, one), "whimbrel_reply")
    return int(Status.OK)


def _bytes(call: int) -> bytes:
    data, length = c_void_p(), c_size_t()
    check(load().whimbrel_value_bytes(call, byref(data), byref(length)), "whimbrel_value_bytes")
    return ctypes.string_at(data.value, length.value) if length.value and data.value else b""


def _value(resource: Resource, call: int) -> Any:
    """The value that a server wrote."""
    if resource.type in (Type.STRING, Type.CORELNK):
        return _bytes(call).decode()
    if resource.flags & STREAM:
        offset, last = c_size_t(), c_int32()
        check(load().whimbrel_value_part(call, byref(offset), byref(last)), "whimbrel_value_part")
        return Chunk(_bytes(call), offset.value, bool(last.value))
    if resource.type == Type.OPAQUE:
        return _bytes(call)
    if resource.type == Type.OBJLNK:
        link = c_uint16(), c_uint16()
        check(load().whimbrel_value_objlnk(call, byref(link[0]), byref(link[1])), "whimbrel_value_objlnk")
        return (link[0].value, link[1].value)
    name, kind = _SCALARS[resource.type]
    value = kind()
    check(getattr(load(), f"whimbrel_value_{name}")(call, byref(value)), f"whimbrel_value_{name}")
    return bool(value.value) if resource.type == Type.BOOLEAN else value.value


def write(resource: Resource, instance: Any, call: int) -> int:
    """A write handler."""
    if not resource.flags & MULTIPLE:
        resource.store(instance, _value(resource, call))
    elif load().whimbrel_value_clears(call):
        resource.store(instance, {})
    else:
        at = load().whimbrel_call_path(call).resource_instance
        resource.store(instance, {**resource.__get__(instance), at: _value(resource, call)})
    return int(Status.OK)


def run(resource: Resource, instance: Any, call: int) -> int:
    """An execute handler."""
    arguments: dict[int, str | None] = {}
    for digit in range(10):
        text, length = c_void_p(), c_size_t()
        found = load().whimbrel_argument(call, digit, byref(text), byref(length))
        if found != Status.ERR_NOT_FOUND:
            check(found, "whimbrel_argument")
            arguments[digit] = ctypes.string_at(text.value, length.value).decode() if text.value else None
    if resource.run is None:
        raise WhimbrelError(Status.ERR_NOT_ALLOWED)
    resource.run(instance, arguments)
    return int(Status.OK)


def table(client: Client, cls: type[Object], instances: dict[int, Object]) -> structs.Object:
    """A whimbrel_object_t whose handlers are the class's; `instances` are followed as servers create and delete."""
    make = client.callbacks.make

    def handler(resource: Resource, does: Callable[[Resource, Any, int], int]) -> Any:
        def handle(_: Any, call: int) -> int:
            at = load().whimbrel_call_path(call).instance
            return does(resource, instances[at], call)

        return make(structs.HANDLER, handle)

    def create(_: Any, id: int, _data: Any) -> int:
        instance = cls()
        instance._client, instance._instance = client, id
        instances[id] = instance
        return int(Status.OK)

    def remove(_: Any, id: int, _data: Any) -> int:
        instances.pop(id)._client = None
        return int(Status.OK)

    rows = []
    for resource in cls.resources():
        row = structs.Resource(id=resource.id, data_type=resource.type, flags=resource.flags)
        for letter, field, does in (("R", "read", read), ("W", "write", write), ("E", "execute", run)):
            if letter in resource.operations:
                row.operations |= OPERATIONS[letter]
                setattr(row, field, handler(resource, does))
        rows.append(row)
    array = (structs.Resource * len(rows))(*rows)
    made = structs.Object(
        size=ctypes.sizeof(structs.Object),
        id=cls.object_id,
        version_major=cls.version[0],
        version_minor=cls.version[1],
        flags=cls.multiple_instances * INSTANCES | cls.creatable * CREATABLE | cls.persistent * PERSISTENT,
        resource_count=len(rows),
        resources=array,
    )
    if cls.creatable:
        made.create, made.remove = make(structs.CREATE, create), make(structs.REMOVE, remove)
    client.callbacks.keep(array, made, instances)
    return made
