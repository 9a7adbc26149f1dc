"""What a lab is furnished with, and what happens on its network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, cast

from ..card import CardReader
from ..security import AES_PACKETS, MbedTls
from .bootstrap import Configuration, LabBootstrapServer
from .card import LabCard
from .device import LabDevice
from .modem import LabModem
from .server import LabServer
from .sms import Centre

if TYPE_CHECKING:
    from .time import Lab


def how(
    psk: Mapping[str, bytes] | None,
    certificate: str | None,
    number: str | None,
    keys: bytes,
    parameters: bytes,
    to_card: bool,
) -> dict[str, Any]:
    """How a server can be reached, in the words of the process."""
    told: dict[str, Any] = {"certificate": certificate, "number": number, "to_card": to_card}
    if psk:
        told["psk"] = [{"identity": name.encode().hex(), "key": key.hex()} for name, key in psk.items()]
    if keys:
        told.update(keys=keys.hex(), parameters=parameters.hex())
    return told


class Parts(ABC):
    """The furniture of a Lab."""

    @abstractmethod
    def order(self, op: str, **members: Any) -> Any: ...

    @abstractmethod
    def _address(self, server: LabServer) -> None: ...

    _devices: list[LabDevice]
    _modems: dict[str, LabModem]

    def server(
        self,
        name: str = "server",
        *,
        psk: Mapping[str, bytes] | None = None,
        certificate: str | None = None,
        number: str | None = None,
        keys: bytes = b"",
        parameters: bytes = AES_PACKETS,
        to_card: bool = False,
    ) -> LabServer:
        """An LwM2M server.

        `psk` (identities and keys) or `certificate` (`server` or `elsewhere`, which is for another name) puts DTLS before it.
        `number` gives it a number at the service centre, with `keys` for secured packets, or DTLS in short messages; `to_card`:
        the packets end on the devices' cards.
        """
        told = how(psk, certificate, number, keys, parameters, to_card)
        peer = self.order("server.new", name=name, **told)["peer"]
        made = LabServer(cast("Lab", self), name, peer, {**told, "secrets": psk, "sms_keys": keys, "parameters": parameters})
        self._address(made)
        return made

    def bootstrap_server(
        self,
        name: str = "bootstrap",
        *,
        psk: Mapping[str, bytes] | None = None,
        certificate: str | None = None,
        number: str | None = None,
        keys: bytes = b"",
        parameters: bytes = AES_PACKETS,
    ) -> LabBootstrapServer:
        """An LwM2M Bootstrap-Server: see configure()."""
        told = how(psk, certificate, number, keys, parameters, False)
        peer = self.order("bootstrap.new", name=name, **told)["peer"]
        secrets = {"secrets": psk, "sms_keys": keys, "parameters": parameters}
        made = LabBootstrapServer(cast("Lab", self), name, peer, {**told, **secrets})
        self._address(made)
        return made

    def device(
        self,
        endpoint: str = "device",
        *,
        number: str | None = None,
        modem: LabModem | None = None,
        card: LabCard | None = None,
        reader: CardReader | None = None,
        storage: MutableMapping[int, bytes] | None = None,
        security: MbedTls | bool = False,
        bootstrap: bool = False,
        **settings: Any,
    ) -> LabDevice:
        """A Client in the lab that has the object Device and no account yet.

        `number` gives it a phone at the service centre, `modem` one that speaks AT, and its card; `card` is one in a slot of its
        own, read as `reader` says. `security` is DTLS, `bootstrap` the part of that name, `storage` what outlives it.
        Further settings are those of Client.
        """
        return LabDevice(
            cast("Lab", self),
            endpoint,
            number=number,
            modem=modem,
            card=card,
            reader=reader,
            storage=storage,
            security=MbedTls() if security is True else security or None,
            bootstrap=bootstrap,
            **settings,
        )

    def modem(self, number: str, *, card: LabCard | None = None, **options: Any) -> LabModem:
        """A modem that speaks AT; options: pin, places, send_delay, boot, direct, shows_card_messages."""
        name = card.name if card else None
        self.order("modem.new", number=number, card=name, **options)
        made = self._modems[number] = LabModem(cast("Lab", self), number)
        return made

    def card(self, configuration: Configuration | bytes | None = None, name: str = "card", **how: Any) -> LabCard:
        """A UICC with that bootstrap file. `how`: pin, iccid, key_enc and key_mac (SCP03) and `secured` (nothing without),
        messages (`{number: keys}`: short messages of these servers end on it), or a `description` as tools/card/card.py
        makes it."""
        return LabCard(cast("Lab", self), name, configuration, **how)

    @property
    def sms(self) -> Centre:
        """The short message service centre."""
        return Centre(cast("Lab", self))

    # ---- the network

    def weather(self, *, loss: int = 0, duplication: int = 0, delay: int = 0, jitter: int = 0) -> None:
        """From now on: percent of datagrams that are lost, percent that come twice, milliseconds on the way, and up to so many
        more. With nothing said the wire is perfect."""
        self.order("weather", loss=loss, duplication=duplication, delay=delay, jitter=jitter)

    def lose(self, sender: LabDevice | LabServer, count: int = 1, skip: int = 0) -> None:
        """Loses the next datagrams of a device or a server, after letting `skip` pass."""
        self.order("lose", **{"from": sender.peer}, count=count, skip=skip)

    def double(self, sender: LabDevice | LabServer, count: int = 1) -> None:
        """Delivers each of the next datagrams of a device or a server twice."""
        self.order("double", **{"from": sender.peer}, count=count)

    def ladder(self, since: int = 0) -> list[str]:
        """Datagrams on the network as lines for people, from a number on."""
        return [record["line"] for record in self.order("records", since=since)]

    def datagrams(self, since: int = 0) -> list[tuple[int, str, str, bytes]]:
        """The same as time, sender, receiver and content; lost ones included."""
        records = self.order("records", since=since)
        return [(one["time"], one["from"], one["to"], bytes.fromhex(one["datagram"])) for one in records]
