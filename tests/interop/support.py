"""What every case needs: the one Leshan, and a client registered with it, directly or through bad weather."""

from __future__ import annotations

import hashlib
import itertools
import os
import unittest
from typing import Any

from client import Client, available, program
from leshan.bootstrap_server import BootstrapServer
from leshan.server import Answer, Leshan, Server
from proxy import LossyProxy

SEED = int(os.environ.get("WHIMBREL_INTEROP_SEED", "20261121"))

_shared: list[Leshan] = []
_bootstrap: list[BootstrapServer] = []
_names = itertools.count(1)


def leshan() -> Leshan:
    """Started by the first who asks, stopped when the interpreter ends: one second for the whole suite."""
    if not available():
        raise RuntimeError(f"no client to test at {program()[0]}; build it, or set WHIMBREL_INTEROP_CLIENT")
    if not _shared:
        _shared.append(Leshan().start())
    return _shared[0]


def bootstrap_server() -> BootstrapServer:
    """As leshan(): the first who asks waits a second for it."""
    if not _bootstrap:
        _bootstrap.append(BootstrapServer().start())
    return _bootstrap[0]


def name(what: str) -> str:
    """An endpoint name that no other case uses, so that a left-over of one cannot disturb another."""
    return f"{what}-{next(_names)}"


def pre_shared(server: Server, endpoint: str, **options: str) -> dict[str, str]:
    """Lets the endpoint in with a key of its own, and returns the client's options for it."""
    identity, key = f"identity of {endpoint}", hashlib.sha256(endpoint.encode()).digest()[:16]
    server.allow(endpoint, identity, key)
    return {"psk-identity": identity, "psk-key": key.hex(), **options}


class Bench(unittest.TestCase):
    """One registered client for a class of cases; a subclass chooses version and weather."""

    version = "1.0"
    lossy = False
    secure = False
    options: dict[str, Any] = {}
    seed = SEED
    timeout = 10.0

    server: Server
    client: Client
    proxy: LossyProxy | None
    endpoint: str
    registration: dict[str, Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = leshan().servers[0]
        cls.server.timeout = cls.timeout
        cls.proxy = LossyProxy(cls.server_port(), cls.seed) if cls.lossy else None
        if cls.proxy:
            cls.addClassCleanup(cls.proxy.stop)
        cls.endpoint = name(cls.__name__.lower())
        mark = cls.server.events.mark()
        security = pre_shared(cls.server, cls.endpoint) if cls.secure else None
        cls.client = Client(cls.endpoint, [cls.port()], cls.version, security=security, **cls.options)
        cls.addClassCleanup(cls.client.stop)
        event = cls.server.events.wait("REGISTRATION", cls.endpoint, mark, cls.timeout)
        cls.registration = event.data
        cls.client.wait("event registered", timeout=cls.timeout)

    @classmethod
    def server_port(cls) -> int:
        return cls.server.coaps_ports["main"] if cls.secure else cls.server.coap_port

    @classmethod
    def port(cls) -> int:
        return cls.proxy.port if cls.proxy else cls.server_port()

    # Operations on this class's client, so that a case reads as what the operator does.

    def read(self, path: str, format: str | None = None, **query: Any) -> Answer:
        return self.server.read(self.endpoint, path, format, **query)

    def write(self, path: str, node: dict[str, Any], format: str | None = None, **query: Any) -> Answer:
        return self.server.write(self.endpoint, path, node, format, **query)

    def update(self, path: str, node: dict[str, Any], format: str | None = None, **query: Any) -> Answer:
        return self.server.update(self.endpoint, path, node, format, **query)

    def wait(self, event: str, mark: int, where: Any = None) -> dict[str, Any]:
        return self.server.events.wait(event, self.endpoint, mark, self.timeout, where).data

    def mark(self) -> int:
        return self.server.events.mark()

    def succeeds(self, answer: Answer, code: int) -> Answer:
        self.assertEqual((answer.status, answer.code), (200, code), answer)
        return answer

    def refused(self, answer: Answer, *codes: int) -> None:
        self.assertEqual(answer.status, 200, answer)
        self.assertIn(answer.code, codes, answer)


def single(kind: str, value: object) -> dict[str, Any]:
    return {"type": kind, "value": value}


def multiple(kind: str, *values: object) -> dict[str, Any]:
    return {"type": kind, "values": dict(enumerate(values))}
