"""How a smartcard is read."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from . import structs
from .security import octets

if TYPE_CHECKING:
    from ._glue import Callbacks


class CardSecurity(IntEnum):
    """Whether the card is read through a secure channel, SCP03 (TS 1.0 Appendix H)."""

    CLEAR = 0
    PREFERRED = 1
    REQUIRED = 2


class CardStep(IntEnum):
    """Where the reading of a card failed: `Event.status >> 16` of CARD_FAILED."""

    ICCID = 1
    DIRECTORY = 2
    CHANNEL = 3
    APPLICATION = 4
    SECURE = 5
    ODF = 6
    DODF = 7
    SELECT = 8
    PIN = 9
    FILE = 10
    CLOSE = 11
    MESSAGE = 12


@dataclass(frozen=True)
class CardReader:
    """How Client reads its card: whimbrel_uicc_t. `pin(reference, tries)` gives a PIN, None: nobody knows it.

    Secrets are not shown by repr().
    """

    secure: CardSecurity = CardSecurity.CLEAR
    key_enc: bytes = b""
    key_mac: bytes = b""
    key_version: int = 0
    s16: bool = False
    pin: Callable[[int, int], str | None] | None = None
    timeout_ms: int = 0
    look_s: int = 0
    ask_s: int = 0

    def __repr__(self) -> str:
        return f"CardReader(secure={self.secure!r})"

    def table(self, callbacks: Callbacks) -> structs.Uicc:
        """The same for C."""
        keys = [octets(self.key_enc), octets(self.key_mac)]
        callbacks.keep(keys)
        made = structs.Uicc(
            size=ctypes.sizeof(structs.Uicc),
            secure=self.secure,
            key_version=self.key_version,
            s16=self.s16,
            key_length=len(self.key_enc),
            key_enc=ctypes.cast(keys[0], ctypes.c_void_p) if self.key_enc else None,
            key_mac=ctypes.cast(keys[1], ctypes.c_void_p) if self.key_mac else None,
            timeout_ms=self.timeout_ms,
            look_s=self.look_s,
            ask_s=self.ask_s,
        )
        asked = self.pin
        if asked:

            def ask(_: Any, reference: int, tries: int, place: Any) -> int:
                pin = (asked(reference, tries) or "").encode()
                if len(pin) > 8:
                    raise ValueError("a PIN has 4 to 8 digits")
                ctypes.memmove(place, pin, len(pin))
                return len(pin)

            made.pin = callbacks.make(structs.UICC_PIN, ask)
        return made
