"""Image (a) on the other boards: a Cortex-M3 and a Cortex-M33. They look the server's name up, register, are read, leave."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from dns import NameServer  # noqa: E402
from guests import Managed  # noqa: E402


class Visit(Managed):
    """Abstract."""

    def visit(self, board: str) -> None:
        self.board = board
        names = NameServer("leshan.test", delay=1.5)
        self.addCleanup(names.stop)
        guest, endpoint, _ = self.start("visit", host="leshan.test", dns=names.port)
        self.assertEqual(set(names.asked), {"leshan.test"})
        self.assertEqual(self.server.read(endpoint, "/3/0/1", "TLV").value, "freertos")
        self.leave(guest, endpoint)
        self.assertEqual(guest.numbers("looked up "), [1], "the end of the lookup woke the task")


class M3(Visit):
    def test_it_registers_is_read_and_leaves(self) -> None:
        self.visit("an385")


class M33(Visit):
    def test_it_registers_is_read_and_leaves(self) -> None:
        self.visit("an505")


del Managed, Visit  # abstract: unittest must not collect them here

if __name__ == "__main__":
    unittest.main()
