"""Leshan's bootstrap server as a process, and what it is told over HTTP.

Its events are those of bootstrap/Sessions.java: INITIATED, UNAUTHORIZED, AUTHORIZED, NO_CONFIGURATION, SENT, ANSWERED,
UNANSWERED, FINISHED and FAILED, beside HANDSHAKE and COAP.
"""

from __future__ import annotations

from typing import Any

import certificates

from .events import EventLog
from .program import HERE, TARGET, Program, call


class BootstrapServer:
    """The one bootstrap server."""

    def __init__(self) -> None:
        self._program = Program(
            "BootstrapBridge", TARGET / "leshan" / "bootstrap", "leshan-bootstrap.log",
            {"models": HERE / "models", "certificates": certificates.folder(), "identity": "main"},
        )  # fmt: skip
        self.version = ""
        self.coap_port = self.coaps_port = 0

    def start(self) -> BootstrapServer:
        ready = self._program.start()
        self.version, self.coap_port, self.coaps_port = ready["leshan"], ready["coap"], ready["coaps"]
        self._base = f"http://127.0.0.1:{ready['http']}"
        self.events = EventLog(self._base + "/event")
        return self

    def stop(self) -> None:
        self._program.stop()

    def configure(self, endpoint: str, configuration: dict[str, Any], checked: bool = True) -> None:
        """What the endpoint is given from now on; unless `checked`, also what Leshan would not accept."""
        query = {} if checked else {"unchecked": "true"}
        self._tell("PUT", f"/configurations/{endpoint}", query, configuration)

    def forget(self, endpoint: str) -> None:
        """There is nothing for it any more."""
        self._tell("DELETE", f"/configurations/{endpoint}", {})

    def allow(self, endpoint: str, identity: str, key: bytes) -> None:
        """Lets the endpoint in over DTLS with a pre-shared key, and only so."""
        self._tell("PUT", f"/security/{endpoint}", {"identity": identity, "key": key.hex()}, b"")

    def allow_certificate(self, endpoint: str) -> None:
        """Lets it in with a certificate whose CN is the endpoint's name, and only so."""
        self._tell("PUT", f"/security/{endpoint}", {}, b"")

    def disallow(self, endpoint: str) -> None:
        """It need prove nothing any more."""
        self._tell("DELETE", f"/security/{endpoint}", {})

    def _tell(self, method: str, path: str, query: dict[str, Any], body: Any = None) -> None:
        status, answer = call(self._base, method, path, query, body)
        assert status == 200, answer
