"""The lab and its clock: one that stands still until a test lets time pass, or that of the wall."""

from __future__ import annotations

import select
import socket
import threading
import time
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ..client import Client
from .parts import Parts
from .process import LabError, Process

if TYPE_CHECKING:
    from .device import LabDevice
    from .modem import LabModem
    from .server import LabServer

FOREVER = 2**62
PATIENCE = 10_000
"""How often one instant may be worked through before it is called a livelock, which on a device is a flat battery."""

Self = TypeVar("Self", bound="Lab")


def milliseconds(seconds: float = 0, minutes: float = 0, hours: float = 0) -> int:
    return round(1000 * (seconds + 60 * minutes + 3600 * hours))


class Lab(Parts):
    """Servers, a network, a service centre, modems and cards, and one virtual clock for all of them and the devices.

    Time passes by run(), run_until(), Client.run(), Client.wait_for() and each operation of a server that waits for its answer.
    Nothing is left to chance but by `seed`.
    """

    real_time = False

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self._process = Process(seed)
        self._devices: list[LabDevice] = []
        self._modems: dict[str, LabModem] = {}
        self._servers: dict[str, LabServer] = {}
        self._outbox: list[list[str]] = []
        self._serial: list[list[str]] = []
        self._next: int | None = None
        self._time = 1000
        hello = self.order("hello")
        self.epoch: int = hello["epoch"]
        """Seconds since 1970 when the lab's clock shows 0: New Year 2027."""
        self.keys: dict[str, bytes] = {name: bytes.fromhex(key) for name, key in hello["keys"].items()}
        """DER: authority, server, elsewhere, client, client_key, stranger, stranger_key."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the devices, without a word to anybody, and the lab. A second time does nothing."""
        for device in list(self._devices):
            device.end()
        self._process.close()

    def order(self, op: str, **members: Any) -> Any:
        """An order to the process of the lab, by its own words: tests/lab/src/bin/lab-bench."""
        return self._process.order(op, **members)

    # ---- the clock

    @property
    def time(self) -> int:
        """Milliseconds since the lab was switched on."""
        return self._time

    def run(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0) -> None:
        """Lets so much time pass."""
        end = self.time + milliseconds(seconds, minutes, hours)
        self._work()
        while self.time < end:
            self._pass(end)

    def run_until(self, condition: Callable[[], bool], timeout: float = 600.0, what: str = "it") -> None:
        """Lets time pass until the condition holds; TimeoutError if it does not within so many seconds of the lab's clock."""
        end = self.time + milliseconds(timeout)
        self._work()
        while not condition():
            if self.time >= end:
                raise TimeoutError(f"{what} did not happen within {timeout:g} s")
            self._pass(end)

    def _work(self) -> bool:
        """All that is due now, until nothing is; whether a device had anything to do."""
        worked = False
        for _ in range(PATIENCE):
            worked |= self._poll()
            self._exchange()
            if not (self._outbox or self._serial or self._is_due()):
                return worked
        raise LabError(f"something asks to be called at {self.time} ms for ever")

    def _is_due(self) -> bool:
        due = [self._next, *(device.due for device in self._devices), *(modem.due for modem in self._modems.values())]
        return any(device.port.waiting() for device in self._devices) or any(
            at is not None and at <= self.time for at in due
        )

    def _poll(self) -> bool:
        """Lets modems and devices do what is due; whether a device had anything."""
        for modem in self._modems.values():
            modem.pump()
        worked = False
        for device in list(self._devices):
            if device.port.waiting() or (device.due is not None and device.due <= self.time):
                device.poll()
                worked = True
        return worked

    def _exchange(self) -> None:
        """Tells the process what was sent and how late it is, and takes what has arrived."""
        sent, self._outbox = self._outbox, []
        typed, self._serial = self._serial, []
        told = self.order("step", now=self.time, send=sent, serial=typed)
        self._next = told["next"]
        self._hand_out(told)

    def _hand_out(self, told: Any) -> None:
        for to, sender, datagram in told["received"]:
            self._arrived(to, sender, bytes.fromhex(datagram))
        for number, tpdu in told["sms"]:
            for device in self._devices:
                if device.port.number == number:
                    device.port.text(bytes.fromhex(tpdu))
        for number, said in told["serial"]:
            self._modems[number].heard(bytes.fromhex(said))

    def _arrived(self, to: str, sender: str, datagram: bytes) -> None:
        for device in self._devices:
            if device.port.peer == to:
                device.port.arrived(sender, datagram)

    def _pass(self, until: int | None) -> None:
        """To the next moment at which anything happens, `until` at the latest; and what happens then. If something was still to
        be done now, only that: whoever waits looks before time passes."""
        if self._work():
            return
        dues = [until, self._next, *(device.due for device in self._devices)]
        dues += [modem.due for modem in self._modems.values()]
        known = [due for due in dues if due is not None]
        if not known:
            raise TimeoutError("nothing waits, and only input could change anything")
        self._time = max(self._time, min(known))
        self._work()

    # ---- what its parts and its devices say

    def _say(self, sender: str, to: str, datagram: bytes) -> None:
        self._outbox.append([sender, to, datagram.hex()])

    def _type(self, number: str, data: bytes) -> None:
        self._serial.append([number, data.hex()])

    def _address(self, server: LabServer) -> None:
        """Says where a new server is."""
        self._servers[server.name] = server

    def _peer(self, host: str, port: int) -> str | None:
        """The address in the lab of a host, which is a server's name or its IP address."""
        found = (one for one in self._servers.values() if host in (one.name, one.peer.rpartition(":")[0]))
        server = next(found, None)
        return server.peer if server else None

    def poke(self) -> None:
        """Something was said that is to be looked at soon."""

    def knows(self, client: Client) -> None:
        """A client has an account here."""


class RealTimeLab(Lab):
    """The same in real time: servers have UDP sockets of this machine, for devices in this process and others.

    A thread moves datagrams and does what is due; the devices of the lab are polled by whoever lets time pass.
    """

    real_time = True

    def __init__(self, seed: int = 1) -> None:
        self._start = time.monotonic()
        self._news = threading.Condition()
        self._sockets: dict[str, socket.socket] = {}
        self._outside: set[str] = set()
        self._clients: weakref.WeakSet[Client] = weakref.WeakSet()
        self._poked, self._poker = socket.socketpair()
        self._poker.setblocking(False)
        self._closed = False
        self._failure: BaseException | None = None
        super().__init__(seed)
        self._thread = threading.Thread(target=self._serve, name="whimbrel lab", daemon=True)
        self._thread.start()

    @property
    def time(self) -> int:
        return 1000 + int(1000 * (time.monotonic() - self._start))

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._poker.send(b"!")
            self._thread.join()
            super().close()
            for used in (self._poked, self._poker, *self._sockets.values()):
                used.close()

    def order(self, op: str, **members: Any) -> Any:
        told = super().order(op, **members)
        if op != "step":
            self.poke()
        return told

    def poke(self) -> None:
        try:
            self._poker.send(b"!")
        except BlockingIOError:
            pass  # it has been poked often enough

    def _serve(self) -> None:
        """The thread."""
        while not self._closed:
            try:
                with self._news:
                    taken = self._take()
                    super()._exchange()
                    self._news.notify_all()
                    clients = list(self._clients) if taken else []
                for client in clients:
                    # its run() may wait for what a server has just learnt
                    client.port.wake()
            except BaseException as error:  # noqa: BLE001, it goes on in _pass()
                with self._news:
                    self._failure = error
                    self._news.notify_all()
                return
            patience = 60.0 if self._next is None else max(0.0, (self._next - self.time) / 1000)
            ready, _, _ = select.select([self._poked, *self._sockets.values()], [], [], min(patience, 60.0))
            if self._poked in ready:
                self._poked.recv(65_536)

    def _take(self) -> bool:
        """Datagrams from outside; whether there were any."""
        taken = False
        for peer, udp in list(self._sockets.items()):
            while True:
                try:
                    datagram, (host, port) = udp.recvfrom(65_536)
                except (BlockingIOError, ConnectionError):
                    break
                self._outside.add(f"{host}:{port}")
                self._say(f"{host}:{port}", peer, datagram)
                taken = True
        return taken

    def _arrived(self, to: str, sender: str, datagram: bytes) -> None:
        if to not in self._outside:
            super()._arrived(to, sender, datagram)
        elif sender in self._sockets:
            host, _, port = to.rpartition(":")
            try:
                self._sockets[sender].sendto(datagram, (host, int(port)))
            except OSError:
                pass  # a datagram that cannot be sent is a lost one

    def _exchange(self) -> None:
        """Nothing: the thread does it."""

    def _work(self) -> bool:
        return self._poll()

    def _pass(self, until: int | None) -> None:
        dues = [until, *(device.due for device in self._devices), *(modem.due for modem in self._modems.values())]
        due = min((at for at in dues if at is not None), default=self.time + 60_000)
        with self._news:
            if not any(device.port.waiting() for device in self._devices):
                # a condition that a test waits for may come true without a sign
                self._news.wait(min(max(0.0, (due - self.time) / 1000), 0.05))
            failure = self._failure
        if failure:
            raise LabError("the lab's thread has ended") from failure
        self._poll()

    def _say(self, sender: str, to: str, datagram: bytes) -> None:
        with self._news:
            super()._say(sender, to, datagram)
        self.poke()

    def _type(self, number: str, data: bytes) -> None:
        with self._news:
            super()._type(number, data)
        self.poke()

    def knows(self, client: Client) -> None:
        with self._news:
            self._clients.add(client)

    def _address(self, server: LabServer) -> None:
        super()._address(server)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        with self._news:
            self._sockets[server.peer] = udp
        scheme = server.uri.partition(":")[0]
        server.uri = f"{scheme}://127.0.0.1:{udp.getsockname()[1]}"
        self.poke()

    def _peer(self, host: str, port: int) -> str | None:
        mine = (peer for peer, udp in self._sockets.items() if udp.getsockname() == (host, port))
        return next(mine, None) or super()._peer(host, port)
