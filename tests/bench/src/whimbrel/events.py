"""What happens to a client, as Python values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from .errors import MEANINGS, Status
from .structs import RawEvent

NEVER = 2**64 - 1


class EventCode(IntEnum):
    """WHIMBREL_EVENT_…"""

    REGISTERED = 1
    REGISTER_FAILED = 2
    UPDATED = 3
    UPDATE_FAILED = 4
    DEREGISTERED = 5
    DISABLED = 6
    OBSERVED = 7
    OBSERVATION_ENDED = 8
    WRITTEN = 9
    EXECUTED = 10
    CREATED = 11
    DELETED = 12
    RADIO_OFF = 13
    RADIO_ON = 14
    LINK_FAILED = 15
    STOPPED = 16
    ACCOUNT_INVALID = 17
    DROPPED = 18
    NOTIFY_FAILED = 19
    SECURED = 20
    RESUMED = 21
    SECURITY_FAILED = 22
    ALERT = 23
    STORAGE_FAILED = 24
    BOOTSTRAP_STARTED = 25
    BOOTSTRAPPED = 26
    BOOTSTRAP_FAILED = 27
    BOOTSTRAP_PURGED = 28
    ACCOUNT_ADDED = 29
    ACCOUNT_REMOVED = 30
    CARD_READ = 31
    CARD_CHECKED = 32
    CARD_GONE = 33
    CARD_FAILED = 34


class Wake(IntEnum):
    """WHIMBREL_WAKE_…: why the client wants to be called."""

    NOTHING = 0
    WORK = 1
    RETRANSMISSION = 2
    LINK = 3
    REGISTRATION = 4
    UPDATE = 5
    NOTIFICATION = 6
    SLEEP = 7
    HANDSHAKE = 8
    BOOTSTRAP = 9
    SMS = 10
    CARD = 11


@dataclass(frozen=True)
class Event:
    """Something that happened. `at` is in milliseconds on the port's clock, None for no time or never."""

    code: EventCode
    server: int
    status: int
    path: str
    at: int | None

    @property
    def reason(self) -> str:
        """What `status` says: a CoAP code as `4.03`, the name and the meaning of an error, or nothing for 0. Of CARD_FAILED it
        has parts of its own: CardStep in the upper half, a status word or an error in the lower."""
        if self.status in MEANINGS:
            return f"{Status(self.status).name}: {MEANINGS[self.status]}"
        if 0 < self.status <= 0xFF:
            return f"{self.status >> 5}.{self.status & 0x1F:02}"
        return str(self.status) if self.status else ""

    @classmethod
    def of(cls, raw: RawEvent) -> Event:
        at = None if raw.at in (0, NEVER) else raw.at
        return cls(EventCode(raw.code), raw.short_server_id, raw.status, str(raw.path), at)


@dataclass(frozen=True)
class Deadline:
    """When the client wants to be called next, None for never, and why."""

    at: int | None
    reason: Wake
    server: int
