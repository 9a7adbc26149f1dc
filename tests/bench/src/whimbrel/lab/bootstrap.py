"""The lab's bootstrap server, and what a device is to know of servers: for it, for a bootstrap file, for a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..security import Mode
from .answers import Link, links
from .server import LabServer, credentials, sms

if TYPE_CHECKING:
    from .device import LabDevice
    from .time import Lab


@dataclass
class Configuration:
    """Instances of the objects 0, 1 and 2, in the words of the lab. server() and bootstrap_server() add some."""

    security: list[dict[str, Any]] = field(default_factory=list)
    servers: list[dict[str, Any]] = field(default_factory=list)
    access: list[dict[str, Any]] = field(default_factory=list)

    def _security(self, server: LabServer, instance: int | None, uri: str | None) -> dict[str, Any]:
        found, texts = credentials(server), sms(server)
        one: dict[str, Any] = {"instance": len(self.security) if instance is None else instance, "uri": uri or server.uri}
        if found:
            one.update(mode=int(found.mode), identity=found.identity.hex(), secret_key=found.secret_key.hex())
            one.update(server_key=found.server_key.hex())
        else:
            one.update(mode=int(Mode.NOSEC))
        if texts:
            one.update(sms_mode=texts.security_mode, sms_number=texts.number)
            if texts.keys:
                one.update(sms_keys=texts.keys.hex(), sms_parameters=texts.parameters.hex())
        self.security.append(one)
        return one

    def server(
        self,
        server: LabServer,
        short_server_id: int,
        *,
        instance: int | None = None,
        uri: str | None = None,
        **settings: Any,
    ) -> Configuration:
        """An account with a server of the lab, secured as that is. `instance` is the Security object's. Settings: lifetime_s,
        pmin_s, pmax_s, disable_timeout_s, discard_offline, binding, priority, retry_count, retry_timer_s … (TS 1.1 Appendix E.2)."""
        self._security(server, instance, uri)["short_server_id"] = short_server_id
        self.servers.append({"instance": len(self.servers), "short_server_id": short_server_id, **settings})
        return self

    def bootstrap_server(self, server: LabServer, *, instance: int | None = None, **settings: Any) -> Configuration:
        """The account of a bootstrap server. Settings: hold_off_s, account_timeout_s."""
        self._security(server, instance, None).update(bootstrap_server=True, **settings)
        return self

    def rights(self, path: str, owner: int, rights: Mapping[int, int]) -> Configuration:
        """Who may do what with an object instance (`/3/0`), or create (`/3`): by Short Server ID, 0 for all others."""
        ids = [int(id) for id in path.strip("/").split("/")]
        listed = [{"server": id, "rights": what} for id, what in rights.items()]
        of = ids[1] if len(ids) > 1 else 65_535
        self.access.append({"instance": len(self.access), "object": ids[0], "of": of, "owner": owner, "rights": listed})
        return self

    def members(self) -> dict[str, Any]:
        return {"security": self.security, "servers": self.servers, "access": self.access}

    def file(self, lab: Lab) -> bytes:
        """As a bootstrap file (TS 1.0 Appendix G.3.3), for Client.provision() and Lab.card()."""
        return bytes.fromhex(lab.order("bootstrap.file", **self.members()))


@dataclass(frozen=True)
class Session:
    """What came of a bootstrap session."""

    endpoint: str
    began: int
    queries: list[str]
    """Of the Bootstrap-Request."""
    steps: list[tuple[str, str | None]]
    """Each as `PUT /0`, and the code of its answer."""
    found: list[Link]
    """What Bootstrap-Discover told."""
    ending: str | None
    """through, refused, noanswer, superseded; None: it is not over."""
    finished: str | None
    """The answer to Bootstrap-Finish."""


def _session(told: Mapping[str, Any]) -> Session:
    steps = [(step["step"], step["answer"]["code"] if step["answer"] else None) for step in told["steps"]]
    names = ("endpoint", "began", "queries", "ending", "finished")
    return Session(steps=steps, found=links(told["found"]), **{name: told[name] for name in names})


class LabBootstrapServer(LabServer):
    """See Lab.bootstrap_server(). Until it is told what to do it answers a Bootstrap-Request and says no more."""

    def configure(self, configuration: Configuration) -> None:
        """Whoever asks is looked at, cleared, and given this."""
        self._order("bootstrap.plan", **configuration.members())

    def steps(self, *steps: Mapping[str, Any]) -> None:
        """Exactly these steps: `{"do": "write", "path": "/0", "format": 11542, "payload": "…"}`, delete, discover, read, pause,
        finish."""
        self._order("bootstrap.plan", steps=list(steps))

    def begin(self, device: LabDevice, configuration: Configuration) -> None:
        """Speaks first (server initiated bootstrap). Such a client has `server_initiated=1`."""
        self._order("bootstrap.begin", peer=device.peer, **configuration.members())

    @property
    def sessions(self) -> list[Session]:
        """In the order of their beginning."""
        return [_session(told) for told in self._order("bootstrap.sessions")]
