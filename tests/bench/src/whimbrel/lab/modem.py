"""An AT modem of the lab, and the engine's dialogue with it when a device has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import Status, WhimbrelError
from ..modem import AtModem, ModemState

if TYPE_CHECKING:
    from .card import LabCard
    from .time import Lab


class LabModem:
    """See Lab.modem(). A device that is given it speaks AT with it; without one, type() and said are the line."""

    def __init__(self, lab: Lab, number: str) -> None:
        self.lab, self.number = lab, number
        self.said = b""
        """What came from the modem and nobody has taken."""
        self.settings: dict[str, Any] = {"card": "auto"}
        """Of the engine's side, before a device is given it: see AtModem."""
        self.due: int | None = None
        self._engine: AtModem | None = None
        self._shown = 0
        self._asked = False

    @property
    def engine(self) -> AtModem:
        """The engine's side of the line."""
        if self._engine is None:
            raise WhimbrelError(Status.ERR_STATE, "no device has this modem")
        return self._engine

    @property
    def state(self) -> ModemState:
        """What the engine knows of it."""
        return self.engine.state()

    def begin(self) -> None:
        """The engine begins its dialogue."""
        self._engine = AtModem(**self.settings)
        self.due = self.lab.time
        self._shown = 0

    def type(self, data: bytes) -> None:
        """Bytes to the modem."""
        self.lab._type(self.number, data)

    def heard(self, data: bytes) -> None:
        """Bytes from the modem."""
        self.said += data

    def pump(self) -> None:
        """Moves bytes, and does what is due."""
        if self._engine is None:
            return
        said, self.said = self.said, b""
        if said:
            self._engine.input(self.lab.time, said)
        if said or (self.due is not None and self.due <= self.lab.time):
            self.due = self._engine.poll(self.lab.time)
        self._flush()

    def _flush(self) -> None:
        output = self.engine.output()
        if output:
            self.type(output)

    def has_news(self) -> bool:
        """Whether the client has a message or the response to an APDU to take."""
        if self._engine is None:
            return False
        state = self._engine.state()
        return state.received != self._shown or (state.card_waits and not self._asked)

    def send(self, tpdu: bytes) -> None:
        self.engine.send(tpdu)
        self.due = self.lab.time
        self._flush()

    def receive(self) -> bytes | None:
        tpdu = self.engine.receive()
        if tpdu is None:
            self._shown = self.engine.state().received
        self.due = self.lab.time
        return tpdu

    def transmit(self, command: bytes) -> bytes | None:
        try:
            return self.engine.transmit(command)
        finally:
            self._asked = self.engine.state().card_waits
            self.due = self.lab.time
            self._flush()

    # ---- what goes wrong

    def _order(self, op: str, **members: Any) -> Any:
        return self.lab.order(op, number=self.number, now=self.lab.time, **members)

    def reset(self) -> None:
        """It restarts, and has forgotten its settings."""
        self._order("modem.reset")

    def silence(self, seconds: float) -> None:
        """It says nothing for so long."""
        self._order("modem.silent", until=self.lab.time + round(1000 * seconds))

    def register(self, status: int) -> None:
        """The registration changes: 1 home, 2 searching, 3 denied, 5 roaming."""
        self._order("modem.register", status=status)

    def fault(self, prefix: str, result: str) -> None:
        """The next command that begins so gets this result: `+CMGS`, `+CMS ERROR: 500`."""
        self._order("modem.fault", prefix=prefix, result=result)

    def pull_card(self) -> None:
        """Somebody takes the SIM out."""
        self._order("modem.pull")

    def insert_card(self, card: LabCard) -> None:
        """Somebody puts a SIM in."""
        self._order("modem.insert", card=card.name)

    @property
    def commands(self) -> list[str]:
        """The command lines that it got."""
        return [line for _, line in self._order("modem.commands")]
