"""Eclipse Leshan as a process, and its servers over HTTP.

The bridge (bridge/*.java) is ours; the servers behind it, their CoAP and their codecs are Leshan's. Every method of
`Server` is one LwM2M operation and returns what Leshan made of the client's answer.

Query parameters of every operation, found to be needed and therefore in the bridge:
  format   TEXT OPAQUE TLV JSON CBOR SENML_JSON SENML_CBOR. Without it Leshan sends no Accept at all on Read and
           Observe, and chooses TLV for Write and Create.
  timeout  ms until Leshan gives up on the client (HTTP 504).
  accept, ct, payload  overwrite the option or the bytes in the CoAP request (ct=none removes it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import certificates

from .events import EventLog
from .program import HERE, TARGET, Program, call


@dataclass(frozen=True)
class Answer:
    """HTTP status of the bridge, and its JSON; the rest are shortcuts into it."""

    status: int
    body: Any

    @property
    def code(self) -> int | None:
        """The client's response code as Leshan writes it: 205 is 2.05, 404 is 4.04."""
        return self.body.get("code")

    @property
    def content(self) -> dict[str, Any]:
        assert "content" in self.body, f"no content: {self}"
        return self.body["content"]

    @property
    def value(self) -> Any:
        """The value of a single resource, or the values of a multiple one by instance id."""
        return _value(self.content)

    @property
    def format(self) -> int | None:
        return self.body.get("format")

    @property
    def links(self) -> dict[str, dict[str, str | None]]:
        assert "links" in self.body, f"no links: {self}"
        return {link["url"]: link["attributes"] for link in self.body["links"]}

    def resources(self) -> dict[int, Any]:
        """The values of an instance by resource id."""
        return _values(self.content)

    def instances(self) -> dict[int, dict[int, Any]]:
        """The values of an object by instance id and resource id."""
        return {int(number): _values(one) for number, one in self.content["instances"].items()}


def _value(resource: dict[str, Any]) -> Any:
    if "values" in resource:
        return {int(number): value for number, value in resource["values"].items()}
    return resource["value"]


def _values(instance: dict[str, Any]) -> dict[int, Any]:
    return {int(number): _value(one) for number, one in instance["resources"].items()}


class Server:
    """One of the Leshan servers in the process."""

    def __init__(self, base: str, ports: dict[str, Any], timeout: float) -> None:
        self.base = base
        self.coap_port: int = ports["coap"]
        self.coaps_ports: dict[str, int] = ports["coaps"]  # by the certificate that is shown there
        self.timeout = timeout
        self.events = EventLog(base + "/event")

    def call(self, method: str, path: str, query: dict[str, Any], body: Any = None) -> Answer:
        return Answer(*call(self.base, method, path, {"timeout": int(self.timeout * 1000), **query}, body))

    def operation(self, endpoint: str, verb: str, path: str, body: Any = b"", **query: Any) -> Answer:
        return self.call("POST", f"/clients/{endpoint}/{verb}", {"path": path, **query}, body)

    def clients(self) -> list[dict[str, Any]]:
        return self.call("GET", "/clients", {}).body

    def client(self, endpoint: str) -> dict[str, Any] | None:
        answer = self.call("GET", f"/clients/{endpoint}", {})
        return answer.body if answer.status == 200 else None

    def read(self, endpoint: str, path: str, format: str | None = None, **query: Any) -> Answer:
        return self.operation(endpoint, "read", path, format=format, **query)

    def discover(self, endpoint: str, path: str, **query: Any) -> Answer:
        return self.operation(endpoint, "discover", path, **query)

    def write(self, endpoint: str, path: str, node: dict[str, Any], format: str | None = None, **query: Any) -> Answer:
        """Write (Replace): PUT."""
        return self.operation(endpoint, "write", path, node, format=format, **query)

    def update(self, endpoint: str, path: str, node: dict[str, Any], format: str | None = None, **query: Any) -> Answer:
        """Write (Partial Update): POST."""
        return self.operation(endpoint, "write", path, node, format=format, partial="true", **query)

    def write_attributes(self, endpoint: str, path: str, attributes: str, **query: Any) -> Answer:
        """attributes is the query as it goes out: "pmin=1&gt=5", a name alone takes the attribute away."""
        return self.operation(endpoint, "attributes", path, set=attributes, **query)

    def execute(self, endpoint: str, path: str, arguments: str = "", **query: Any) -> Answer:
        return self.operation(endpoint, "execute", path, arguments.encode(), **query)

    def create(self, endpoint: str, path: str, node: dict[str, Any], format: str | None = None, **query: Any) -> Answer:
        """node is {"resources": ...}, the client then chooses the id, or {"instances": {"7": {"resources": ...}}}."""
        return self.operation(endpoint, "create", path, node, format=format, **query)

    def delete(self, endpoint: str, path: str, **query: Any) -> Answer:
        return self.operation(endpoint, "delete", path, **query)

    def observe(self, endpoint: str, path: str, format: str | None = None, **query: Any) -> Answer:
        return self.operation(endpoint, "observe", path, format=format, **query)

    def observations(self, endpoint: str) -> list[str]:
        answer = self.call("GET", f"/clients/{endpoint}/observations", {})
        return [one["path"] for one in answer.body] if answer.status == 200 else []

    def cancel_passively(self, endpoint: str, path: str) -> Answer:
        """Leshan forgets the observation; the next notification is answered with a Reset."""
        return self.operation(endpoint, "cancel", path)

    def cancel_actively(self, endpoint: str, path: str) -> Answer:
        """A GET with Observe 1."""
        return self.operation(endpoint, "cancel", path, active="true")

    def forget(self, endpoint: str) -> None:
        """Drops the registration and its observations, as a server does that lost its memory: nobody is told."""
        self.operation(endpoint, "forget", "/")

    def allow(self, endpoint: str, identity: str, key: bytes) -> None:
        """Lets the endpoint in over DTLS with a pre-shared key, and only so."""
        self._admit("PUT", endpoint, {"identity": identity, "key": key.hex()})

    def allow_certificate(self, endpoint: str) -> None:
        """Lets it in with a certificate whose CN is the endpoint's name, and only so."""
        self._admit("PUT", endpoint, {})

    def allow_raw_key(self, endpoint: str, public_key: bytes) -> None:
        """Lets it in with this SubjectPublicKeyInfo, and only so."""
        self._admit("PUT", endpoint, {"raw": public_key.hex()})

    def disallow(self, endpoint: str) -> None:
        """Whoever it is, it need prove nothing any more; its connections are closed."""
        self._admit("DELETE", endpoint, {})

    def _admit(self, method: str, endpoint: str, query: dict[str, Any]) -> None:
        answer = self.call(method, f"/security/{endpoint}", query, b"" if method == "PUT" else None)
        assert answer.status == 200, answer

    def handshakes(self) -> Handshakes:
        return Handshakes(**self.call("GET", "/dtls", {}).body)

    def forget_connections(self) -> None:
        """Drops every DTLS connection and session, as a restart does: nobody is told."""
        self.call("DELETE", "/dtls", {})


@dataclass(frozen=True)
class Handshakes:
    """How many there were since the server started: full ones, abbreviated ones, and attempts that failed."""

    full: int
    resumed: int
    failed: int


class Leshan:
    """The process with the servers."""

    def __init__(self, servers: int = 2, awake_ms: int = 2000, timeout: float = 10.0) -> None:
        self._timeout = timeout
        self._program = Program(
            "Bridge", TARGET / "leshan", "leshan.log",
            {"models": HERE / "models", "servers": servers, "awake-ms": awake_ms,
             "certificates": certificates.folder(), "identities": ",".join(certificates.SERVERS)},
        )  # fmt: skip
        self.servers: list[Server] = []
        self.version = ""

    def start(self) -> Leshan:
        ready = self._program.start()
        self.version = ready["leshan"]
        self.servers = [
            Server(f"http://127.0.0.1:{ready['http']}/{number}", ports, self._timeout)
            for number, ports in enumerate(ready["servers"])
        ]
        return self

    def stop(self) -> None:
        self._program.stop()
