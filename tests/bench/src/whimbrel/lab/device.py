"""A device of the lab: a Client whose links, phone, modem and card are there."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

from ..card import CardReader
from ..client import Client
from ..errors import Status, WhimbrelError
from ..events import EventCode
from ..library import FEATURES
from ..port import Port
from ..security import MbedTls

if TYPE_CHECKING:
    from .card import LabCard
    from .modem import LabModem
    from .time import Lab


class LabPort(Port):
    """The platform of a device in the lab."""

    listens = True

    def __init__(self, lab: Lab, number: str | None, modem: LabModem | None, card: LabCard | None, slot: bool) -> None:
        self.lab = lab
        self.peer: str = lab.order("device")["peer"]
        """Its address on the lab's network."""
        self.number = number
        """Of its phone, if that is no modem."""
        self.modem = modem
        self.inserted = card
        self.texts = number is not None or modem is not None
        self.card = slot or card is not None or modem is not None
        self.radio = True
        """Off between the events RADIO_OFF and RADIO_ON, as a product switches it. Short messages come all the same."""
        self._random = random.Random(f"{lab.seed} {self.peer}")
        self._remote: dict[int, str] = {}
        self._waiting: dict[int, deque[bytes]] = {}
        self._texts: deque[bytes] = deque()
        self._silent = b""
        self._woken = False
        if number:
            lab.order("sms.phone", number=number)

    # ---- what the lab brings

    def arrived(self, sender: str, datagram: bytes) -> None:
        """A datagram. If no link goes there, it is dropped, as by a closed socket; and nobody hears it while the radio is off."""
        if not self.radio:
            return
        for link, remote in self._remote.items():
            if remote == sender:
                self._waiting.setdefault(link, deque()).append(datagram)
                return

    def text(self, tpdu: bytes) -> None:
        """A short message."""
        self._texts.append(tpdu)

    def waiting(self) -> bool:
        """Whether anything is there that the client has not taken, or it was woken."""
        modem = self.modem is not None and self.modem.has_news()
        return self._woken or bool(self._texts) or modem or any(self._waiting.values())

    def polled(self) -> None:
        """The client has looked at all that woke it."""
        self._woken = False

    # ---- what the client asks for

    def now(self) -> int:
        return self.lab.time

    def random(self, size: int) -> bytes:
        return bytes(self._random.getrandbits(8) for _ in range(size))

    def wall_clock(self) -> int | None:
        return self.lab.epoch + self.lab.time // 1000

    def open(self, link: int, host: str, port: int) -> bool:
        remote = self.lab._peer(host, port)
        if remote is None:
            raise WhimbrelError(Status.ERR_LINK, f"there is no host {host} in the lab")
        self._remote[link] = remote
        return True

    def send(self, link: int, datagram: bytes) -> None:
        self.lab._say(self.peer, self._remote[link], datagram)

    def receive(self, link: int) -> bytes | None:
        waiting = self._waiting.get(link)
        return waiting.popleft() if waiting else None

    def close(self, link: int) -> None:
        self._remote.pop(link, None)
        self._waiting.pop(link, None)

    def wait(self, until: int | None) -> None:
        if not self.waiting():
            self.lab._pass(until)

    def wake(self) -> None:
        self._woken = True
        self.lab.poke()

    def send_sms(self, tpdu: bytes) -> None:
        if self.modem:
            self.modem.send(tpdu)
        elif self.lab.order("sms.submit", number=self.number, now=self.lab.time, tpdu=tpdu.hex())["refused"] is not None:
            raise WhimbrelError(Status.ERR_BUSY, "the service centre refuses")

    def receive_sms(self) -> bytes | None:
        if self.modem:
            return self.modem.receive()
        return self._texts.popleft() if self._texts else None

    def transmit(self, command: bytes) -> bytes | None:
        if self.modem:
            return self.modem.transmit(command)
        pending, self._silent = self._silent, b""
        if self.inserted is None:
            raise WhimbrelError(Status.ERR_NOT_FOUND, "no card")
        if not command:
            return b""
        answer = self.inserted.apdu(command) if command != pending else None
        if answer is None:
            self._silent = command
        return answer


class LabDevice(Client):
    """See Lab.device()."""

    def __init__(
        self,
        lab: Lab,
        endpoint: str,
        *,
        number: str | None,
        modem: LabModem | None,
        card: LabCard | None,
        reader: CardReader | None,
        storage: MutableMapping[int, bytes] | None,
        security: MbedTls | None,
        bootstrap: bool,
        features: Iterable[str] = FEATURES,
        limits: dict[str, int] | None = None,
        manufacturer: str = "Whimbrel",
        **settings: Any,
    ) -> None:
        port = LabPort(lab, number, modem, card, slot=reader is not None)
        port.storage = storage
        parts = set(features)
        if storage is not None:
            parts |= {"persistence"}
        if port.texts:
            parts |= {"sms"} | ({"secured_packets"} if storage is not None else set())
        if port.card and (reader is not None or card is not None):
            parts |= {"bootstrap", "uicc"} | ({"secure_channel"} if reader and reader.secure else set())
        if bootstrap:
            parts |= {"bootstrap"}
        room = {"servers": 3, "objects": 8, "instances": 16, "observations": 16, "attributes": 16, "access": 8}
        room.update({"credentials": 2048, "undo": 1024, "body": 8192, "bootstrap": 4096 if "bootstrap" in parts else 256})
        room.update(limits or {})
        self.lab, self.endpoint = lab, endpoint
        self.due: int | None = lab.time
        super().__init__(
            endpoint,
            port=port,
            limits=room,
            features=parts,
            security=security,
            card=reader,
            sms_number=settings.pop("sms_number", number or (modem.number if modem else None)),
            **settings,
        )
        self.port: LabPort
        lab._devices.append(self)
        if modem:
            modem.begin()
        self.add_device(manufacturer=manufacturer)

    @property
    def peer(self) -> str:
        """Its address on the lab's network."""
        return self.port.peer

    def poll(self) -> int | None:
        self.port.polled()
        self.due = super().poll()
        return self.due

    def _event(self, context: Any, raw: Any) -> None:
        super()._event(context, raw)
        if self.events[-1].code in (EventCode.RADIO_OFF, EventCode.RADIO_ON):
            self.port.radio = self.events[-1].code == EventCode.RADIO_ON

    def _call(self, name: str, *arguments: Any) -> int:
        # whatever the client is told may give it something to do
        self.due = self.lab.time
        return super()._call(name, *arguments)

    def outage(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0) -> None:
        """The network is away while so much time passes, and the device is not told: what is sent is lost, both ways."""
        end = self.lab.time + round(1000 * (seconds + 60 * minutes + 3600 * hours))
        self.lab.order("partition", peer=self.peer, until=end)
        self.lab.run(seconds, minutes=minutes, hours=hours)
        self.lab.order("partition", peer=self.peer)

    def rebind(self) -> None:
        """The NAT in front of it forgets it: servers see another address from now on."""
        self.lab.order("rebind", peer=self.peer)

    def insert_card(self, card: LabCard) -> None:
        """Puts a card into the slot, and says so."""
        self.port.inserted = card
        self.card_changed()

    def pull_card(self) -> None:
        """Takes it out, and says so."""
        self.port.inserted = None
        self.card_changed()

    def end(self) -> None:
        if self in self.lab._devices:
            self.lab._devices.remove(self)
        super().end()
