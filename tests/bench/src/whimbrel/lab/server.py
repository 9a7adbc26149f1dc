"""The lab's LwM2M server, as a test speaks to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

from ..client import Client
from ..security import Credentials, Sms, SmsMode
from . import tlv
from .answers import LogEntry, Notification, Registration, Response

if TYPE_CHECKING:
    from .time import Lab

TEXT, LINKS, OPAQUE, TLV, JSON = 0, 40, 42, 11542, 11543
"""Content-Formats."""

WRITABLE = Union[bool, int, float, str, bytes, Mapping[int, tlv.Value]]
"""What can be written: a value of a resource, or resources by ID."""


def payload(value: WRITABLE) -> tuple[int, bytes]:
    """Content-Format and payload: one value as text (bytes as they are), several as TLV."""
    if isinstance(value, Mapping):
        return TLV, tlv.resources(value)
    if isinstance(value, bytes):
        return OPAQUE, value
    return TEXT, str(int(value) if isinstance(value, bool) else value).encode()


class Request:
    """A request under way. Time passes only when the lab is run, or by response()."""

    def __init__(self, server: LabServer, id: int) -> None:
        self._server, self._id = server, id
        self._told: Any = None

    def _look(self) -> Any:
        if self._told is None:
            self._told = self._server._order("server.outcome", request=self._id)
        return self._told

    @property
    def done(self) -> bool:
        """Whether there is a response, or will be none."""
        return self._look() is not None

    def response(self, timeout: float = 600.0) -> Response:
        """Lets time pass until there is one; NoAnswer if there will be none, TimeoutError after so many seconds."""
        self._server.lab.run_until(lambda: self.done, timeout, "the answer")
        return Response.of(self._look())


class Observation:
    """An observation, from the Observe on."""

    def __init__(self, server: LabServer, id: int, request: int) -> None:
        self._server, self._id = server, id
        self.first = Request(server, request).response()
        """The answer to the Observe."""

    def _look(self) -> Any:
        return self._server._order("server.notifications", observation=self._id)

    @property
    def standing(self) -> str:
        """asked, active, resetnext, cancelled (by the server) or ended (by the device)."""
        return str(self._look()["standing"])

    @property
    def notifications(self) -> list[Notification]:
        """What came after the first answer."""
        return [Notification.of(one) for one in self._look()["notifications"]]

    def next(self, timeout: float = 600.0) -> Notification:
        """Lets time pass until one more notification has come."""
        before = len(self._look()["notifications"])
        self._server.lab.run_until(lambda: len(self._look()["notifications"]) > before, timeout, "a notification")
        return self.notifications[before]

    def cancel(self, *, reset: bool = False) -> None:
        """Ends it: by a GET, or with `reset` by a Reset to the next notification."""
        told = self._server._order("server.cancel", observation=self._id, reset=reset)
        if not reset:
            Request(self._server, told["request"]).response()


def credentials(server: LabServer, identity: str | None = None) -> Credentials | None:
    """What a device needs to speak to a server of the lab: the first PSK, or the one of an identity, or the lab's certificates;
    None where it has no security."""
    secrets: Mapping[str, bytes] = server.how.get("secrets") or {}
    if secrets:
        name = identity or next(iter(secrets))
        return Credentials.psk(name, secrets[name])
    if server.how.get("certificate"):
        keys = server.lab.keys
        return Credentials.certificate(keys["client"], keys["client_key"], keys[server.how["certificate"]])
    return None


def sms(server: LabServer) -> Sms | None:
    """How a device reaches a server of the lab by SMS; None where it has no number."""
    if not server.number:
        return None
    if server.how.get("secrets"):
        return Sms(server.number, mode=SmsMode.DTLS)
    return Sms(server.number, server.how["sms_keys"], server.how["parameters"])


class LabServer:
    """A server of the lab. Each operation lets time pass until it is answered; `ask` returns at once.

    With several devices, `endpoint` says which one is meant from then on; otherwise it is the one that registered last.
    """

    def __init__(self, lab: Lab, name: str, peer: str, how: Mapping[str, Any], kind: str = "coap") -> None:
        self.lab, self.name, self.peer, self.how = lab, name, peer, how
        self.endpoint: str | None = None
        host, _, port = peer.rpartition(":")
        secured = bool(how.get("psk") or how.get("certificate"))
        self.uri = f"coaps://{host}:5684" if secured else f"coap://{host}:{port}"
        """For Client.add_account()."""
        self.number: str | None = how.get("number")
        """Its number at the service centre."""

    def _order(self, op: str, **members: Any) -> Any:
        return self.lab.order(op, server=self.name, **members)

    def enroll(self, device: Client, short_server_id: int = 1, *, identity: str | None = None, **settings: Any) -> None:
        """Gives a device an account with this server, secured as the server is; `settings` are those of Client.add_account().

        A server that has a number is also reached by that: with the binding U unless another is said."""
        settings.setdefault("security", credentials(self, identity))
        settings.setdefault("sms", sms(self))
        self.lab.knows(device)
        device.add_account(settings.pop("uri", self.uri), short_server_id, **settings)

    # ---- operations

    def ask(
        self,
        method: str,
        path: str,
        value: WRITABLE | None = None,
        *,
        accept: int | None = None,
        format: int | None = None,
        blocks: int | None = None,
        non: bool = False,
        number: str | None = None,
    ) -> Request:
        """Any request, without waiting. `path` may carry a query. `blocks` is a size exponent: 0 is 16 bytes, 6 is 1,024.
        `number` reaches that number by SMS, whatever way its device has registered."""
        members: dict[str, Any] = {"method": method, "path": path, "accept": accept, "blocks": blocks, "non": non}
        members.update(number=number, endpoint=None if number else self.endpoint)
        if value is not None:
            usual, data = payload(value)
            members.update(format=usual if format is None else format, payload=data.hex())
        return Request(self, self._order("server.ask", **members)["request"])

    def read(self, path: str, accept: int | None = None) -> Response:
        """Read."""
        return self.ask("GET", path, accept=accept).response()

    def discover(self, path: str) -> Response:
        """Discover: the answer has `links`."""
        return self.ask("GET", path, accept=LINKS).response()

    def write(self, path: str, value: WRITABLE, format: int | None = None) -> Response:
        """Write (Replace): a value to a resource, `{resource: value}` to an instance."""
        return self.ask("PUT", path, value, format=format).response()

    def update(self, path: str, values: Mapping[int, tlv.Value]) -> Response:
        """Write (Partial Update) of an instance."""
        return self.ask("POST", path, values).response()

    def write_attributes(self, path: str, **attributes: float | str) -> Response:
        """Write-Attributes: `pmin=10, gt=25.5`."""
        query = "&".join(f"{name}={value}" for name, value in attributes.items())
        return self.ask("PUT", f"{path}?{query}").response()

    def execute(self, path: str, arguments: str = "") -> Response:
        """Execute; arguments as `0='text',1`."""
        return self.ask("POST", path, arguments or None).response()

    def create(self, object_id: int, values: Mapping[int, tlv.Value], instance: int | None = None) -> Response:
        """Create; without `instance` the device chooses its ID, which `location` then tells."""
        data = tlv.resources(values) if instance is None else tlv.instance(instance, values)
        return self.ask("POST", f"/{object_id}", data, format=TLV).response()

    def delete(self, path: str) -> Response:
        """Delete."""
        return self.ask("DELETE", path).response()

    def observe(self, path: str, accept: int | None = None) -> Observation:
        """Observe."""
        told = self._order("server.observe", path=path, accept=accept, endpoint=self.endpoint)
        return Observation(self, told["observation"], told["request"])

    # ---- what it knows

    @property
    def registrations(self) -> list[Registration]:
        """Those in force, in the order of registering."""
        return [Registration.of(one) for one in self._order("server.registrations")]

    def registration(self, endpoint: str) -> Registration | None:
        """Of a device, None if it is not registered (any more)."""
        return next((one for one in self.registrations if one.endpoint == endpoint), None)

    @property
    def log(self) -> list[LogEntry]:
        """All that devices asked for, and lifetimes that ended."""
        return [LogEntry.of(one) for one in self._order("server.log")]

    def count(self, event: str) -> int:
        """How often that is in the log."""
        return sum(entry.event == event for entry in self.log)

    @property
    def complaints(self) -> list[tuple[int, str]]:
        """What devices did against the rules, as far as the server noticed."""
        return [(time, sentence) for time, sentence in self._order("server.complaints")]

    # ---- how it behaves

    def answer_next(self, operation: str, code: str | None = None, **how: Any) -> None:
        """Answers the next such request (register, update, deregister, bootstrap) with that code; or `silent=True`,
        `delay=ms`, `separate=True`, `times=n`."""
        self._order("server.answer", operation=operation, code=code, **how)

    def answer_always(self, operation: str, code: str | None = None, **how: Any) -> None:
        """The same from now on; with nothing said, as it should be again."""
        self._order("server.answer", operation=operation, code=code, always=True, **how)

    def settings(self, **how: Any) -> None:
        """ack_timeout, max_retransmit, response_wait, awake_window (milliseconds), respect_queue_mode, address_bound, version."""
        self._order("server.settings", **how)

    def lose(self, endpoint: str) -> None:
        """Forgets a device without telling it."""
        self._order("server.lose", endpoint=endpoint)

    # ---- what stands before it

    def gate(self, do: str = "tell", **members: Any) -> dict[str, int]:
        """Its DTLS: how many handshakes were `full` and `resumed`, and how many `sessions` there are. `do` may also be
        "forget sessions", "forget all", "forget identities" or "close"."""
        return dict(self._order("server.gate", do=do, **members))

    @property
    def dropped(self) -> list[tuple[int, str, str]]:
        """Short messages that were no good: when, from whom, why."""
        return [(time, number, why) for time, number, why in self._order("server.gateway")["dropped"]]
