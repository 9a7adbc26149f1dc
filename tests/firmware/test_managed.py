"""Image (a): a client on FreeRTOS, lwIP and DTLS, managed by Eclipse Leshan on the host."""

from __future__ import annotations

import sys
import time
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from qemu import NETWORK, Image, compile  # noqa: E402
from support import leshan, name, pre_shared, single  # noqa: E402

SOURCES = [
    "+lwip", "+engine", "+mbedtls", "-Iexamples-c/freertos", "examples-c/freertos/client.c",
    "tests/firmware/managed.c", "tests/firmware/measure.c",
    *(f"ports/freertos/{one}.c" for one in ("freertos", "hooks", "resolve", "udp")),
]  # fmt: skip

# A machine with two cores and four guests is slow at times; what is awaited comes within seconds as a rule.
PATIENCE = 60.0
LIFETIME = 20
MANAGED_SECONDS = 110


class Managed(unittest.TestCase):
    """What all boards do; a subclass names one."""

    board = ""

    def start(self, what: str, **words: Any) -> tuple[Image, str, int]:
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
             "uri": f"coaps://10.0.2.2:{server.coaps_ports['main']}", **words},
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


class M4(Managed):
    """Two minutes on a Cortex-M4: every operation, in queue mode, and an interrupt that measures."""

    board = "an386"

    def test_it_is_managed_and_sleeps_between(self) -> None:
        guest, endpoint, mark = self.start("managed", measure=25)
        server = self.server
        self.assertEqual(server.read(endpoint, "/3/0/0", "TLV").value, "Whimbrel")
        self.assertEqual(server.observe(endpoint, "/3303/0/5700", "TLV").value, 20.0)
        deadline = time.monotonic() + MANAGED_SECONDS
        turns = 0
        while time.monotonic() < deadline:
            self.turn(endpoint, turns)
            turns += 1
        self.notified(endpoint, mark)
        self.assertEqual(server.events.since(mark, "REGISTRATION", endpoint)[1:], [], "it never had to register again")
        self.leave(guest, endpoint)
        self.slept(guest)
        self.measured(guest)

    def turn(self, endpoint: str, number: int) -> None:
        """One operation after an Update, another each time."""
        match number % 5:
            case 0:
                where = f"room {number}"
                self.assertEqual(self.awake(endpoint, "write", "/3303/0/5750", single("string", where)).code, 204)
                self.assertEqual(self.server.read(endpoint, "/3303/0/5750", "TEXT").value, where)
            case 1:
                links = self.awake(endpoint, "discover", "/3303").links
                self.assertEqual([one for one in links if one.count("/") == 3],
                                 ["/3303/0/5700", "/3303/0/5701", "/3303/0/5750"])  # fmt: skip
            case 2:
                mark = self.server.events.mark()
                self.assertEqual(self.awake(endpoint, "execute", "/1/0/8").code, 204)
                self.server.events.wait("UPDATED", endpoint, mark, PATIENCE)
            case 3:
                self.assertEqual(self.awake(endpoint, "read", "/3303/0", "TLV").resources()[5701], "Cel")
            case 4:
                self.assertEqual(self.awake(endpoint, "read", "/3303/0/5601", "TLV").code, 404)

    def notified(self, endpoint: str, mark: int) -> None:
        """The interrupt's values, each of them and in order, each after an Update by which the client said that it is awake."""
        told = [one.data["content"]["value"] for one in self.server.events.since(mark, "NOTIFICATION", endpoint)]
        self.assertGreaterEqual(len(told), 3)
        self.assertEqual(told, [20.0 + 0.5 * (number + 1) for number in range(len(told))])

    def slept(self, guest: Image) -> None:
        """Each sleep was ended by one deadline or one interrupt, and nothing else woke the task."""
        sleeps = guest.since(0, "slept ")
        self.assertGreaterEqual(len(sleeps), 5)
        for one in sleeps:
            self.assertTrue(one.startswith("slept 1 wakes,"), sleeps)

    def measured(self, guest: Image) -> None:
        """The memory that docs/freertos.md tells of. Bounds with room: a change of the compiler is no failure."""
        client = next(line for line in guest.since(0, "stack client "))
        self.assertLess(int(client.split()[2]), 3072, client)
        self.assertLess(guest.numbers("heap peak ")[0], 16384)
        print("\n".join(f"{self.board}: {line}" for line in guest.since(0, MEASURED)))


class Short(Managed):
    """What the other boards do: they register by a name, are read, and leave."""

    def test_it_registers_is_read_and_leaves(self) -> None:
        for board in ("an385", "an505"):
            with self.subTest(board):
                self.board = board
                self.visit()

    def visit(self) -> None:
        guest, endpoint, _ = self.start("short")
        self.assertEqual(self.server.read(endpoint, "/3/0/1", "TLV").value, "freertos")
        self.leave(guest, endpoint)


MEASURED = ("seconds ", "switches ", "wakes ", "heap ", "stack ", "static ", "image ")

del Managed

if __name__ == "__main__":
    unittest.main()
