"""Whimbrel, an LwM2M client, driven from Python through its public C API. For tests and experiments."""

from .client import Client
from .errors import Deferred, Status, WhimbrelError
from .events import Deadline, Event, EventCode, Wake
from .objects import Chunk, Object, Resource, Type, execute
from .port import Port, UdpPort, VirtualPort

__all__ = [
    *("Client", "Port", "UdpPort", "VirtualPort"),
    *("Event", "EventCode", "Deadline", "Wake"),
    *("Object", "Resource", "Type", "Chunk", "execute"),
    *("Status", "WhimbrelError", "Deferred"),
]
