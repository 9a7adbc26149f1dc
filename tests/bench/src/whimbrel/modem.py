"""A modem that speaks AT: the engine's side of the dialogue, over any line that carries bytes."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from ctypes import byref, c_char_p, c_size_t, c_uint64, c_void_p
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from . import structs
from ._glue import Callbacks
from .errors import Status, WhimbrelError, check
from .events import NEVER
from .library import address, load

LONGEST_TPDU = 176
LONGEST_RESPONSE = 258


class ModemStage(IntEnum):
    """States of a modem: WHIMBREL_MODEM_…"""

    OFF = 0
    STARTING = 1
    NO_SIM = 2
    PIN = 3
    PUK = 4
    SEARCHING = 5
    READY = 6
    LOST = 7


class ModemEventCode(IntEnum):
    """WHIMBREL_MODEM_EVENT_…"""

    READY = 1
    LOST = 2
    RESTARTED = 3
    SEND_FAILED = 4
    REGISTRATION = 5
    SIM = 6
    RECEIVED = 7
    DROPPED = 8


@dataclass(frozen=True)
class ModemEvent:
    """Something that happened to a modem; what `detail` is, whimbrel.h says."""

    code: ModemEventCode
    detail: int


@dataclass(frozen=True)
class ModemState:
    """What is known of a modem: whimbrel_modem_state_t."""

    stage: ModemStage
    registration: int
    sms: bool
    cms_error: int
    cme_error: int
    waiting: int
    sent: int
    received: int
    failed: int
    dropped: int
    restarts: int
    service_centre: str
    card_waits: bool
    """An APDU is answered, or something is to be told of it."""


class AtModem:
    """A modem without its line: bytes of the line go in by input() and come out by output().

    Each call takes the time, milliseconds of one clock. One thread at a time.
    """

    def __init__(
        self,
        *,
        pin: str | None = None,
        service_centre: str | None = None,
        storage: str | None = None,
        commands: Iterable[str] = (),
        card: str | None = None,
        **settings: int,
    ) -> None:
        """`card` is how APDUs reach the card: auto, generic or channels. `settings` are named as in whimbrel_modem_config_t."""
        self.events: list[ModemEvent] = []
        self._callbacks = Callbacks()
        texts = [command.encode() for command in commands]
        listed = (c_char_p * (len(texts) + 1))(*texts, None)
        config = structs.ModemConfig(
            size=ctypes.sizeof(structs.ModemConfig),
            pin=pin.encode() if pin else None,
            service_centre=service_centre.encode() if service_centre else None,
            storage=storage.encode() if storage else None,
            commands=listed if texts else None,
            event=self._callbacks.make(structs.MODEM_EVENT, self._event, 0),
            card=address(f"whimbrel_modem_card_{card}") if card else None,
            **settings,
        )
        size = load().whimbrel_modem_size(byref(config))
        if not size:
            raise WhimbrelError(Status.ERR_ARGUMENT, "whimbrel_modem_size")
        self._memory = (c_uint64 * (size // 8 + 1))()
        handle = c_void_p()
        self._callbacks.keep(config, listed)
        check(load().whimbrel_modem_init(self._memory, size, byref(config), byref(handle)), "whimbrel_modem_init")
        self._modem = handle.value

    def _event(self, _: Any, code: int, detail: int) -> None:
        self.events.append(ModemEvent(ModemEventCode(code), detail))

    def _call(self, name: str, *arguments: Any) -> int:
        status = getattr(load(), f"whimbrel_modem_{name}")(self._modem, *arguments)
        self._callbacks.raise_pending()
        return check(status, f"whimbrel_modem_{name}")

    def input(self, now: int, data: bytes) -> None:
        """Takes bytes that came from the line, in pieces of any size."""
        self._call("input", now, data, len(data))

    def output(self) -> bytes:
        """What is to be written to the line by now; to be called after each of the other functions."""
        said, buffer = b"", ctypes.create_string_buffer(512)
        while True:
            size = self._call("output", ctypes.addressof(buffer), len(buffer))
            if not size:
                return said
            said += buffer.raw[:size]

    def poll(self, now: int) -> int | None:
        """Does what is due. When to call again; None: when input comes."""
        next_ms = c_uint64()
        self._call("poll", now, byref(next_ms))
        return None if next_ms.value == NEVER else next_ms.value

    def line(self, now: int, open: bool) -> None:
        """The line is gone, or open anew."""
        self._call("line", now, open)

    def send(self, tpdu: bytes) -> None:
        """Queues an SMS-SUBMIT; WhimbrelError(ERR_BUSY): there is no room now."""
        self._call("send", tpdu, len(tpdu))

    def receive(self) -> bytes | None:
        """Takes an SMS-DELIVER or SMS-STATUS-REPORT, None if none waits."""
        buffer = ctypes.create_string_buffer(LONGEST_TPDU)
        size = self._call("receive", ctypes.addressof(buffer), len(buffer))
        return buffer.raw[:size] if size else None

    def transmit(self, command: bytes) -> bytes | None:
        """The response to a command APDU; None: not yet, ask again. An empty command gives up the one that pends."""
        buffer, length = ctypes.create_string_buffer(LONGEST_RESPONSE), c_size_t()
        place = ctypes.addressof(buffer)
        status = self._call("transmit", command, len(command), place, len(buffer), byref(length))
        return None if status == Status.PENDING else buffer.raw[: length.value]

    def state(self) -> ModemState:
        """What is known of the modem."""
        raw = structs.ModemState(size=ctypes.sizeof(structs.ModemState))
        self._call("state", byref(raw))
        return ModemState(
            stage=ModemStage(raw.state),
            registration=raw.registration,
            sms=bool(raw.sms),
            service_centre=raw.service_centre.decode(),
            card_waits=raw.card == 2,
            **{name: getattr(raw, name) for name in ("cms_error", "cme_error", "waiting", "sent", "received")},
            **{name: getattr(raw, name) for name in ("failed", "dropped", "restarts")},
        )
