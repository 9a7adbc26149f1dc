"""Platforms for a client: real UDP in real time, or a link in memory under a clock that the test turns."""

from __future__ import annotations

import os
import random
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from .errors import Status, WhimbrelError


class Port:
    """What a client needs. Each function returns at once; link errors are WhimbrelError or OSError."""

    storage: MutableMapping[int, bytes] | None = None
    """Stable storage, for the features that need it: a dict outlives a client, another mapping what it likes."""

    texts: bool = False
    """Whether there are send_sms() and receive_sms()."""

    card: bool = False
    """Whether there is transmit(): a slot for a smartcard."""

    listens: bool = False
    """Whether a bootstrap server finds the device at its own port and may speak first."""

    def now(self) -> int:
        """Milliseconds of a clock that never goes back."""
        raise NotImplementedError

    def random(self, size: int) -> bytes:
        return os.urandom(size)

    def open(self, link: int, host: str, port: int) -> bool:
        """Whether the link is open; False: ask again."""
        raise NotImplementedError

    def send(self, link: int, datagram: bytes) -> None:
        raise NotImplementedError

    def receive(self, link: int) -> bytes | None:
        """One datagram, None if none waits."""
        raise NotImplementedError

    def close(self, link: int) -> None:
        raise NotImplementedError

    def wait(self, until: int | None) -> None:
        """Returns when a datagram waits, wake() was called or the time has come; None: the time does not count."""
        raise NotImplementedError

    def wake(self) -> None:
        """Ends wait(), from any thread: Client.changed() was called, or something else may have happened."""

    def wall_clock(self) -> int | None:
        """Seconds since 1970; None: nobody knows. Certificates are judged by it."""
        return int(time.time())

    def send_sms(self, tpdu: bytes) -> None:
        """Takes an SMS-SUBMIT (TS 23.040); WhimbrelError(ERR_BUSY): there is no room."""
        raise NotImplementedError

    def receive_sms(self) -> bytes | None:
        """One SMS-DELIVER or SMS-STATUS-REPORT, None if none waits."""
        raise NotImplementedError

    def transmit(self, command: bytes) -> bytes | None:
        """The response to a command APDU; None: not yet, it is asked for again. WhimbrelError(ERR_NOT_FOUND): there is no
        card. An empty command gives up the one that pends."""
        raise NotImplementedError


class _Lookup(threading.Thread):
    """A name being resolved."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(daemon=True)
        self.target = (host, port)
        self.found: list[Any] = []
        self.start()

    def run(self) -> None:
        try:
            self.found = socket.getaddrinfo(*self.target, type=socket.SOCK_DGRAM)
        except OSError:
            self.found = []


class UdpPort(Port):
    """UDP over IPv4 and IPv6, in real time."""

    def __init__(self) -> None:
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._sockets: dict[int, socket.socket] = {}
        self._lookups: dict[int, _Lookup] = {}

    def now(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def open(self, link: int, host: str, port: int) -> bool:
        lookup = self._lookups.get(link)
        if lookup is None or lookup.target != (host, port):
            lookup = self._lookups[link] = _Lookup(host, port)
        if lookup.is_alive():
            return False
        del self._lookups[link]
        if not lookup.found:
            raise WhimbrelError(Status.ERR_LINK, f"looking up {host}")
        family, kind, protocol, _, address = lookup.found[0]
        udp = socket.socket(family, kind, protocol)
        udp.setblocking(False)
        try:
            udp.connect(address)
        except OSError:
            udp.close()
            raise
        self._sockets[link] = udp
        return True

    def send(self, link: int, datagram: bytes) -> None:
        self._sockets[link].send(datagram)

    def receive(self, link: int) -> bytes | None:
        while True:
            try:
                datagram = self._sockets[link].recv(65_536)
            except (BlockingIOError, ConnectionRefusedError):
                # refused: nobody listens there now, which the retransmissions find out
                return None
            if datagram:
                return datagram

    def close(self, link: int) -> None:
        self._lookups.pop(link, None)
        udp = self._sockets.pop(link, None)
        if udp:
            udp.close()

    def wait(self, until: int | None) -> None:
        patience = None if until is None else max(0, until - self.now()) / 1000
        ready, _, _ = select.select([self._woken, *self._sockets.values()], [], [], patience)
        if self._woken in ready:
            self._woken.recv(65_536)

    def wake(self) -> None:
        try:
            self._waker.send(b"!")
        except BlockingIOError:
            pass  # it has not slept for long: what is there wakes it

    def __del__(self) -> None:
        for used in (self._woken, self._waker, *self._sockets.values()):
            used.close()


class VirtualPort(Port):
    """Links in memory, under a clock that stands still until somebody sets `time` or waits.

    `server` is shown each datagram that the client sends, and gives those that come back at once. What it leaves is in
    `sent`; `deliver` lets something come by itself.
    """

    def __init__(self, server: Callable[[int, bytes], Iterable[bytes]] | None = None, seed: int = 1) -> None:
        self.time = 1000
        self.sent: list[tuple[int, int, bytes]] = []
        """Time, link and datagram of all that was sent."""
        self.open_links: set[int] = set()
        self.hosts: dict[int, str] = {}
        """Where each link goes, or went last."""
        self.server = server
        self._random = random.Random(seed)
        self._waiting: dict[int, deque[bytes]] = {}

    def deliver(self, datagram: bytes, link: int = 0) -> None:
        """A datagram comes from the server."""
        self._waiting.setdefault(link, deque()).append(datagram)

    def now(self) -> int:
        return self.time

    def wall_clock(self) -> int | None:
        return 1_798_761_600 + self.time // 1000

    def random(self, size: int) -> bytes:
        return self._random.randbytes(size)

    def open(self, link: int, host: str, port: int) -> bool:
        self.open_links.add(link)
        self.hosts[link] = host
        return True

    def send(self, link: int, datagram: bytes) -> None:
        self.sent.append((self.time, link, datagram))
        for answer in self.server(link, datagram) if self.server else ():
            self.deliver(answer, link)

    def receive(self, link: int) -> bytes | None:
        waiting = self._waiting.get(link)
        return waiting.popleft() if waiting else None

    def close(self, link: int) -> None:
        self.open_links.discard(link)
        self._waiting.pop(link, None)

    def waiting(self) -> bool:
        """Whether a datagram waits on any link."""
        return any(self._waiting.values())

    def wait(self, until: int | None) -> None:
        if self.waiting():
            return
        if until is None:
            raise TimeoutError("nothing waits, and only input could wake the client")
        self.time = max(self.time, until)
