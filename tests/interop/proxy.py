"""A bad network between a client and a server, on loopback.

Every datagram, either way, may be lost, doubled or held back until the next one has overtaken it; and a client may get a
new address, as behind a NAT that forgot it. The dice are seeded; a run is still not repeatable
to the datagram, because the order in which two processes send is not.
"""

from __future__ import annotations

import random
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field

Address = tuple[str, int]


@dataclass
class Weather:
    """Probabilities per datagram. A held-back datagram goes out after `hold` seconds at the latest."""

    loss: float = 0.2
    duplicate: float = 0.1
    reorder: float = 0.1
    hold: float = 0.05


@dataclass
class Path:
    """Where a datagram that came in on one socket is to go out."""

    out: socket.socket
    to: Address
    held: list[tuple[float, bytes]] = field(default_factory=list)


class LossyProxy:
    """Listens on `port`; gives each client its own socket towards the server, so that addresses stay distinct."""

    def __init__(self, upstream_port: int, seed: int, weather: Weather | None = None) -> None:
        self.weather, self._dice = weather or Weather(), random.Random(seed)
        self._upstream = ("127.0.0.1", upstream_port)
        self._front = _bound()
        self.port: int = self._front.getsockname()[1]
        self._up: dict[Address, Path] = {}  # by client address
        self._down: dict[socket.socket, Path] = {}  # by the socket that the server answers to
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._front, selectors.EVENT_READ)
        self._stop, self._wake = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self.lost = self.doubled = self.delayed = self.carried = self.rebound = 0
        self._forget = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.send(b".")
        self._thread.join(5)
        for sock in [self._front, self._stop, self._wake, *self._down]:
            sock.close()
        self._selector.close()

    def rebind_once(self) -> None:
        """The next datagram of a client comes from a new port."""
        self._forget = True

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select(self._flush()):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                if sock is self._wake:
                    return
                try:
                    data, sender = sock.recvfrom(65536)
                except OSError:
                    continue  # an ICMP error of an earlier send: the peer is gone
                self._carry(self._path(sock, sender), data)

    def _path(self, sock: socket.socket, sender: Address) -> Path:
        if sock is not self._front:
            return self._down[sock]
        if sender not in self._up:
            out = _bound()
            self._selector.register(out, selectors.EVENT_READ)
            self._up[sender] = Path(out, self._upstream)
            self._down[out] = Path(self._front, sender)
        path = self._up[sender]
        if self._forget:
            self._rebind(path)
        return path

    def _rebind(self, path: Path) -> None:
        """What the server still sends to the old address finds nobody."""
        out = _bound()
        self._selector.register(out, selectors.EVENT_READ)
        self._selector.unregister(path.out)
        self._down[out] = self._down.pop(path.out)
        path.out.close()
        path.out, self._forget = out, False
        self.rebound += 1

    def _carry(self, path: Path, data: bytes) -> None:
        if self._dice.random() < self.weather.loss:
            self.lost += 1
            return
        if self._dice.random() < self.weather.reorder:
            self.delayed += 1
            path.held.append((time.monotonic() + self.weather.hold, data))
            return
        self._send(path, data)
        if self._dice.random() < self.weather.duplicate:
            self.doubled += 1
            self._send(path, data)
        for _, late in path.held:
            self._send(path, late)
        path.held.clear()

    def _send(self, path: Path, data: bytes) -> None:
        self.carried += 1
        try:
            path.out.sendto(data, path.to)
        except OSError:
            pass  # nobody listens any more: lost like any other

    def _flush(self) -> float | None:
        """Sends what was held long enough; returns how long the next may still wait."""
        now, waits = time.monotonic(), []
        for path in [*self._up.values(), *self._down.values()]:
            for due, late in path.held:
                if due <= now:
                    self._send(path, late)
            path.held = [(due, late) for due, late in path.held if due > now]
            waits += [due - now for due, _ in path.held]
        return min(waits, default=None)


def _bound() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock
