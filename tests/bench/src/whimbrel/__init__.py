"""Whimbrel, an LwM2M client, driven from Python through its public C API. For tests and experiments."""

from .card import CardReader, CardSecurity, CardStep
from .client import Client
from .errors import Deferred, Status, WhimbrelError
from .events import Deadline, Event, EventCode, Wake
from .library import ALL_FEATURES, FEATURES, FORMATS, version
from .modem import AtModem, ModemEvent, ModemEventCode, ModemStage, ModemState
from .objects import Chunk, Object, Resource, Type, execute
from .port import Port, UdpPort, VirtualPort
from .security import AES_PACKETS, Capability, Credentials, MbedTls, Mode, Sms, SmsMode

__all__ = [
    "Client",
    "Port",
    "UdpPort",
    "VirtualPort",
    "Event",
    "EventCode",
    "Deadline",
    "Wake",
    "Object",
    "Resource",
    "Type",
    "Chunk",
    "execute",
    "Status",
    "WhimbrelError",
    "Deferred",
    "Credentials",
    "Mode",
    "MbedTls",
    "Capability",
    "Sms",
    "SmsMode",
    "AES_PACKETS",
    "CardReader",
    "CardSecurity",
    "CardStep",
    "AtModem",
    "ModemEvent",
    "ModemEventCode",
    "ModemStage",
    "ModemState",
    "ALL_FEATURES",
    "FEATURES",
    "FORMATS",
    "version",
]
