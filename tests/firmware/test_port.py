"""ports/freertos by itself on each board (port.c), against a peer that does what the guest's datagrams tell it."""

from __future__ import annotations

import contextlib
import random
import socket
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from dns import NameServer  # noqa: E402
from qemu import Image, compile  # noqa: E402

SOURCES = [
    "+lwip", "-Iinclude", "-Iports/freertos", "-DBOARD_TICKS_BEFORE_OVERFLOW=2000", "tests/firmware/port.c",
    *(f"ports/freertos/{one}.c" for one in ("freertos", "hooks", "resolve", "udp")),
]  # fmt: skip
CHECKS = 95  # at least; what is not reached does not pass unseen
LIMIT = 120.0


def free_port() -> int:
    """Below those that systems give away by themselves: whoever binds a socket in between does not get it before QEMU does."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            with contextlib.suppress(OSError):
                one.bind(("127.0.0.1", port))
                return port
    raise OSError("no free port")


class Peer:
    """A UDP socket on the host's loopback. `known` are its ports by which QEMU brings datagrams to the guest's own."""

    def __init__(self, known: dict[str, int]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._known = known
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        try:
            while True:
                told, guest = self._socket.recvfrom(2048)
                self._do(told, guest)
        except OSError:
            pass  # stopped

    def _do(self, told: bytes, guest: tuple[str, int]) -> None:
        if told.startswith(b"echo "):
            self._socket.sendto(told[5:], guest)
        elif told == b"empty":
            self._socket.sendto(b"", guest)
            self._socket.sendto(b"behind it", guest)
        elif told == b"stranger":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(b"a stranger", guest)
            self._socket.sendto(b"not a stranger", guest)
        elif told.startswith(b"speak first "):
            self._socket.sendto(b"first", ("127.0.0.1", self._known[told[12:].decode()]))


class Port(unittest.TestCase):
    def run_on(self, board: str) -> None:
        names = NameServer("leshan.test", delay=0.3)
        self.addCleanup(names.stop)
        known = {"5683": free_port(), "5684": free_port()}
        peer = Peer(known)
        self.addCleanup(peer.stop)
        forwards = "".join(f",hostfwd=udp:127.0.0.1:{ours}-:{theirs}" for theirs, ours in known.items())
        guest = Image(
            board, compile(board, "port", *SOURCES), f"port-{board}", {"peer": peer.port, "dns": names.port},
            "-serial", "null", "-nic", f"user,model=lan9118{forwards}",
        )  # fmt: skip
        self.addCleanup(guest.abandon)
        status = guest.ends(LIMIT)
        said = guest.since(0, "")
        self.assertEqual(status, 0, said)
        self.assertGreaterEqual(int(said[-1].split()[0]), CHECKS, said)

    def test_m3(self) -> None:
        self.run_on("an385")

    def test_m4(self) -> None:
        self.run_on("an386")

    def test_m33(self) -> None:
        self.run_on("an505")


if __name__ == "__main__":
    unittest.main()
