"""A UICC of the lab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..security import AES_PACKETS
from .bootstrap import Configuration

if TYPE_CHECKING:
    from .time import Lab


class LabCard:
    """See Lab.card()."""

    def __init__(self, lab: Lab, name: str, configuration: Configuration | bytes | None, **how: Any) -> None:
        self.lab, self.name = lab, name
        self.lab.order("card.new", card=name, **self._description(configuration, **how))

    def _description(
        self,
        configuration: Configuration | bytes | None,
        *,
        messages: Mapping[str, bytes] | None = None,
        parameters: bytes = AES_PACKETS,
        **how: Any,
    ) -> dict[str, Any]:
        told = {name: value.hex() if isinstance(value, bytes) else value for name, value in how.items()}
        if configuration is not None:
            told["bootstrap"] = self.lab_file(configuration).hex()
        if messages:
            known = messages.items()
            told["messages"] = [{"number": to, "keys": keys.hex(), "parameters": parameters.hex()} for to, keys in known]
        return told

    def lab_file(self, configuration: Configuration | bytes) -> bytes:
        """The bootstrap file of a configuration."""
        return configuration if isinstance(configuration, bytes) else configuration.file(self.lab)

    def apdu(self, command: bytes) -> bytes | None:
        """The answer to a command APDU; None: the card does not answer."""
        answer = self.lab.order("card.apdu", card=self.name, command=command.hex())
        return None if answer is None else bytes.fromhex(answer)

    def rewrite(self, configuration: Configuration | bytes, **how: Any) -> None:
        """Other files on the same card, as an operator writes them over the air: nobody is told."""
        self.lab.order("card.rewrite", card=self.name, **self._description(configuration, **how))

    def fault(self, status: int | None = None, skip: int = 0) -> None:
        """The next command, after letting `skip` pass, gets this status word, or no answer."""
        self.lab.order("card.fault", card=self.name, status=status, skip=skip)

    def reset(self) -> bytes:
        """Resets the card; its ATR."""
        return bytes.fromhex(self.lab.order("card.reset", card=self.name))

    @property
    def trace(self) -> list[tuple[bytes, bytes]]:
        """All commands and what they got, with whatever is secret in them."""
        lines = self.lab.order("card.trace", card=self.name)
        return [(bytes.fromhex(command), bytes.fromhex(answer)) for command, answer in lines]
