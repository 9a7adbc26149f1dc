"""The port of a modem at a UART by itself: tests/firmware/uart.c. test_texted.py has a modem at it."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from qemu import Image, compile  # noqa: E402

SOURCES = [
    "+engine", "-DWHIMBREL_FREERTOS_WITHOUT_LWIP", "tests/firmware/uart.c",
    *(f"ports/freertos/{one}.c" for one in ("freertos", "hooks", "uart", "without_lwip")),
]  # fmt: skip


class Uart(unittest.TestCase):
    def test_what_wakes_what_is_lost_and_what_is_sent(self) -> None:
        guest = Image("an386", compile("an386", "uart", *SOURCES), "uart", {})
        self.addCleanup(guest.abandon)
        self.assertEqual(guest.ends(60), 0, guest.since(0, ""))


if __name__ == "__main__":
    unittest.main()
