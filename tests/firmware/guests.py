"""What the images with the client of examples-c/freertos have in common: built, registered with Leshan, and sent away."""

from __future__ import annotations

import unittest
from typing import Any

from qemu import NETWORK, Image, compile
from support import leshan, name, pre_shared

SOURCES = [
    "+lwip", "+engine", "+mbedtls", "-Iexamples-c/freertos", "examples-c/freertos/client.c",
    "tests/firmware/managed.c", "tests/firmware/measure.c",
    *(f"ports/freertos/{one}.c" for one in ("freertos", "hooks", "resolve", "udp")),
]  # fmt: skip

# A machine with two cores and four guests is slow at times; what is awaited comes within seconds as a rule.
PATIENCE = 60.0
LIFETIME = 20


class Managed(unittest.TestCase):
    """What all boards do; a subclass names one."""

    board = ""

    def start(self, what: str, host: str = "10.0.2.2", **words: Any) -> tuple[Image, str, int]:
        """A client that has registered over DTLS, its name, and the mark before."""
        server = leshan().servers[0]
        self.server, endpoint = server, name(f"{self.board}-{what}")
        security = pre_shared(server, endpoint)
        identity = endpoint  # a word of QEMU's command line has no blanks
        server.allow(endpoint, identity, bytes.fromhex(security["psk-key"]))
        image, mark = compile(self.board, "managed", *SOURCES), server.events.mark()
        guest = Image(
            self.board, image, endpoint,
            {"endpoint": endpoint, "identity": identity, "key": security["psk-key"], "lifetime": LIFETIME,
             "uri": f"coaps://{host}:{server.coaps_ports['main']}", **words},
            *NETWORK,
        )  # fmt: skip
        self.addCleanup(guest.abandon)
        told = server.events.wait("REGISTRATION", endpoint, mark, PATIENCE).data
        self.assertEqual((told["lifetime"], told["binding"], told["queueMode"]), (LIFETIME, "UQ", True))
        guest.wait("event 20 49320 ", timeout=PATIENCE)  # secured, by TLS_PSK_WITH_AES_128_CCM_8
        return guest, endpoint, mark

    def leave(self, guest: Image, endpoint: str) -> None:
        """The server reboots the device, which answers, de-registers, measures, and ends well."""
        mark = self.server.events.mark()
        self.assertEqual(self.awake(endpoint, "execute", "/3/0/4").code, 204)
        gone = self.server.events.wait("DEREGISTRATION", endpoint, mark, PATIENCE)
        self.assertFalse(gone.data["expired"])
        self.assertEqual(guest.ends(PATIENCE), 0, guest.since(0, ""))

    def awake(self, endpoint: str, operation: str, *arguments: Any) -> Any:
        """An operation at once after the next message of the client's, when it listens."""
        mark = self.server.events.mark()
        self.server.events.wait("AWAKE", endpoint, mark, PATIENCE)
        return getattr(self.server, operation)(endpoint, *arguments)
