"""The lab's short message service centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .time import Lab


@dataclass(frozen=True)
class ShortMessage:
    """A short message as the centre saw it."""

    time: int
    sender: str
    receiver: str
    tpdu: bytes
    """What was submitted."""
    payload: bytes | None
    """Its user data without the header; None: a status report."""
    copies: list[tuple[str, int]]
    """What became of each: arriving, delivered, expired or unknown, and when. None if it was lost."""


class Centre:
    """See Lab.sms. Numbers are texts, as "+15555550199"."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def weather(self, *, loss: int = 0, duplication: int = 0, delay: int = 0, jitter: int = 0) -> None:
        """As Lab.weather(), for short messages; 2000 and 4000 are an ordinary day."""
        self._lab.order("sms.weather", loss=loss, duplication=duplication, delay=delay, jitter=jitter)

    def lose(self, count: int = 1, *, sender: str = "", skip: int = 0) -> None:
        """Loses the next messages of a number, or of anybody."""
        self._fault("sms.lose", count, sender, skip=skip)

    def double(self, count: int = 1, *, sender: str = "") -> None:
        """Delivers each of the next messages twice."""
        self._fault("sms.double", count, sender)

    def hold(self, milliseconds: int, count: int = 1, *, sender: str = "") -> None:
        """The next messages take so much longer: others overtake them."""
        self._fault("sms.hold", count, sender, milliseconds=milliseconds)

    def refuse(self, cause: int = 42, count: int = 1, *, sender: str = "") -> None:
        """Refuses the next messages; 42 is congestion."""
        self._fault("sms.refuse", count, sender, cause=cause)

    def _fault(self, op: str, count: int, sender: str, **members: Any) -> None:
        self._lab.order(op, count=count, **{"from": sender}, **members)

    def reachable(self, number: str, reachable: bool) -> None:
        """Whether messages for a number can be delivered; while not, they wait."""
        self._lab.order("sms.reachable", number=number, reachable=reachable, now=self._lab.time)

    @property
    def messages(self) -> list[ShortMessage]:
        """All so far, lost ones included."""
        return [
            ShortMessage(
                time=one["time"],
                sender=one["from"],
                receiver=one["to"],
                tpdu=bytes.fromhex(one["tpdu"]),
                payload=None if one["text"] is None else bytes.fromhex(one["text"]),
                copies=[(fate, at) for fate, at in one["copies"]],
            )
            for one in self._lab.order("sms.records")
        ]

    def sent_by(self, number: str) -> list[ShortMessage]:
        """Those of a number."""
        return [message for message in self.messages if message.sender == number]
