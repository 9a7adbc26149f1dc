"""Image (a): a client on FreeRTOS, lwIP and DTLS, managed by Eclipse Leshan on the host for two minutes."""

from __future__ import annotations

import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from guests import PATIENCE, Managed  # noqa: E402
from qemu import Image  # noqa: E402
from support import single  # noqa: E402

MANAGED_SECONDS = 110
MEASURED = ("seconds ", "switches ", "asleep ", "wakes ", "heap ", "stack ", "static ", "image ")


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
        print("\n".join(f"{self.board} managed: {line}" for line in guest.since(0, MEASURED)))


del Managed  # abstract: unittest must not collect it here

if __name__ == "__main__":
    unittest.main()
