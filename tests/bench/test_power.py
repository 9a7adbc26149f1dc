"""Power that goes at every operation of storage in a whole life: bootstrap, register, write, observe, sleep, bootstrap anew.

After each cut the device is in the state before or in the state after, and reaches a server again by itself. With DTLS the same
is done in tests/conformance.
"""

from __future__ import annotations

import unittest
from collections import Counter
from collections.abc import Iterable, Iterator, MutableMapping

from coap import ACCEPT, CHANGED, CONTENT, CONTENT_FORMAT, DELETE, GET, OBSERVE, POST, PUT
from coap import Message, Registrar
from tlv import security, server
from whimbrel import Client, Object, Resource, Type, VirtualPort

TLV = (CONTENT_FORMAT, (11542).to_bytes(2, "big"))
TEXT = (CONTENT_FORMAT, b"")
FEATURES = ("reporting", "transfers", "creation", "deferral", "bootstrap", "persistence")
MOMENTS = ("before", "torn", "garbled", "after")


class PowerCut(Exception):
    """Nothing that the device does has any effect any more."""


class Flash(MutableMapping[int, bytes]):
    """Records whose power can be made to go at an operation, counted from 0."""

    def __init__(self) -> None:
        self.records: dict[int, bytes] = {}
        self.operations = 0
        self.cut: tuple[int, str] | None = None
        self.off = False

    def _moment(self) -> str | None:
        """Counts an operation; how power goes in it."""
        if self.off:
            raise PowerCut
        moment = self.cut[1] if self.cut and self.cut[0] == self.operations else None
        self.operations += 1
        self.off = moment is not None
        if moment == "before":
            raise PowerCut
        return moment

    def get(self, record: int, default: bytes = b"") -> bytes:  # type: ignore[override]
        if self._moment():
            raise PowerCut
        return self.records.get(record, default)

    def __setitem__(self, record: int, content: bytes) -> None:
        moment = self._moment()
        old, half = self.records.get(record, b""), len(content) // 2
        if moment == "torn":
            content = content[:half] + old[half:]
        elif moment == "garbled":
            content = content[:half] + b"\xa5" * (len(content) - half)
        self.records[record] = content
        if moment:
            raise PowerCut

    def __getitem__(self, record: int) -> bytes:
        return self.get(record)

    def __delitem__(self, record: int) -> None:
        self[record] = b""

    def __iter__(self) -> Iterator[int]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)


class Strict(Registrar):
    """A server that knows who has registered."""

    def __init__(self) -> None:
        super().__init__()
        self.registers = 0

    def answer(self, datagram: bytes) -> Iterable[bytes]:
        message = Message.decode(datagram)
        answers = list(super().answer(datagram))
        if message.code == POST and message.path == "/rd":
            self.registers += not any(old.id == message.id for old in self.heard[:-1])
        elif message.code == POST and not self.registers:
            unknown = Message.decode(answers[0])
            unknown.code = 0x84
            return [unknown.encode()]
        return answers


class Configurer(Registrar):
    """A bootstrap server: after each Bootstrap-Request it sends the commands of its plan, each when the last is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.plan: list[tuple[int, str, bytes]] = []
        self.finished = 0
        self._left: list[tuple[int, str, bytes]] = []
        self._asked: Message | None = None

    def answer(self, datagram: bytes) -> Iterable[bytes]:
        message = Message.decode(datagram)
        answers = list(super().answer(datagram))
        if message.code == POST and message.path == "/bs":
            self._left = list(self.plan)
        elif not (self._asked and message.token == self._asked.token and message.code == (
            0x42 if self._asked.code == DELETE else CHANGED
        )):
            return answers
        elif self._asked.path == "/bs":
            self.finished += 1
            self._asked = None
            return answers
        if self._left:
            code, path, payload = self._left.pop(0)
            self._asked = self.request(code, path, payload, *([TLV] if payload else []))
            if path == "/":
                self._asked.options = []
            answers.append(self._asked.encode())
        return answers


class Meter(Object):
    object_id = 33000
    persistent = True
    limit = Resource(1, Type.INTEGER, default=0)


class Life:
    """One device and its servers. What each server was promised is noted."""

    def __init__(self, cut: tuple[int, str] | None = None) -> None:
        self.flash = Flash()
        self.flash.cut = cut
        self.servers: dict[str, Registrar] = {"bs": Configurer(), "one": Strict(), "two": Strict()}
        self.promised: dict[str, bytes] = {}
        self.observed = 0
        self.time = 1000
        self.boots = 0

    @property
    def bs(self) -> Configurer:
        found = self.servers["bs"]
        assert isinstance(found, Configurer)
        return found

    def boot(self) -> None:
        self.boots += 1
        self.port = VirtualPort(self.arrive, seed=self.boots)
        self.port.time = self.time
        self.port.storage = self.flash
        limits = {"servers": 2, "bootstrap": 1024}
        self.client = Client("life", port=self.port, limits=limits, features=FEATURES, version_max=11)
        self.meter = Meter()
        self.client.add_object(Meter, self.meter)
        if self.client.load() == 0:
            self.client.add_account("coap://bs", 0, bootstrap_server=1)

    def arrive(self, link: int, datagram: bytes) -> Iterable[bytes]:
        return () if self.flash.off else self.servers[self.port.hosts[link]].answer(datagram)

    def poll(self) -> int | None:
        following = self.client.poll()
        self.time = self.port.time
        return following

    def pass_time(self, milliseconds: int) -> None:
        end = self.port.time + milliseconds
        while self.port.time < end:
            following = self.poll()
            if not self.port.waiting():
                self.port.time = min(end, max(self.port.time, following or end))
        self.poll()

    def ask(self, host: str, code: int, path: str, payload: bytes = b"", *options: tuple[int, bytes]) -> Message | None:
        registrar = self.servers[host]
        request = registrar.request(code, path, payload, *options)
        link = next((link for link in self.port.open_links if self.port.hosts[link] == host), None)
        if link is None:
            return None
        self.port.deliver(request.encode(), link)
        while self.port.waiting():
            self.poll()
        return registrar.response(request)

    def write(self, host: str, path: str, value: bytes) -> None:
        self.promised[path + "?"] = value
        answer = self.ask(host, PUT, path, value, TEXT)
        assert answer and answer.code == CHANGED, "the life itself must succeed"
        self.promised[path] = value

    def configure(self, host: str, lifetime: int) -> None:
        self.bs.plan = [
            (DELETE, "/", b""),
            (PUT, "/0", security(1, f"coap://{host}", 101)),
            (PUT, "/1", server(0, 101, lifetime=lifetime)),
            (POST, "/bs", b""),
        ]

    def live(self) -> None:
        self.configure("one", 300)
        self.boot()
        self.pass_time(5000)
        self.write("one", "/1/0/1", b"600")
        self.write("one", "/33000/0/1", b"42")
        self.observed = 1
        observed = self.ask("one", GET, "/33000/0/1", b"", (OBSERVE, b""), (ACCEPT, b""))
        assert observed and observed.code == CONTENT
        self.observed = 2
        self.pass_time(2_000_000)
        self.configure("two", 900)
        self.ask("one", POST, "/1/0/9")
        self.pass_time(5000)
        self.write("two", "/1/0/1", b"1200")
        self.pass_time(2_000_000)


class EveryCut(unittest.TestCase):
    def recover(self, life: Life) -> str:
        """Power comes again; what the device then is."""
        life.flash.cut, life.flash.off = None, False
        finished, counted = life.bs.finished, {host: len(life.servers[host].heard) for host in ("one", "two")}
        registers = {host: life.servers[host].registers for host in ("one", "two")}  # type: ignore[attr-defined]
        life.boot()
        life.pass_time(2_000_000)
        self.assertTrue(life.client.registered(101), "it reaches a server by itself")
        host = next(host for host in ("two", "one") if len(life.servers[host].heard) > counted[host])
        lifetime = life.ask(host, GET, "/1/0/1", b"", (ACCEPT, b""))
        limit = life.ask(host, GET, "/33000/0/1", b"", (ACCEPT, b""))
        assert lifetime and limit
        self.assertIn(lifetime.payload, self.possible(life, host))
        known = {life.promised.get("/33000/0/1", b"0"), life.promised.get("/33000/0/1?", b"0")}
        self.assertIn(limit.payload, known)
        if life.bs.finished - finished == 0 and life.bs.finished == 2:
            self.assertEqual(host, "two", "what the bootstrap server was told holds")
        if host == "one" and life.observed == 2 and registers["one"] == life.servers["one"].registers:  # type: ignore
            # the server has no reason to ask anew: it must hear of a change
            before = len(life.servers["one"].heard)
            life.meter.limit = 77
            life.pass_time(5000)
            self.assertIn(b"77", [message.payload for message in life.servers["one"].heard[before:]])
        again = life.bs.finished - finished
        return f"{host}, {'bootstrapped anew' if again else 'as stored'}"

    def possible(self, life: Life, host: str) -> set[bytes]:
        """Lifetimes that server may find: the configured one, what it wrote, or what it was about to."""
        values = {"one": [b"300", b"600"], "two": [b"900", b"1200"]}[host]
        done = life.promised.get("/1/0/1")
        if done in values and life.bs.finished == {"one": 1, "two": 2}[host]:
            values = values[values.index(done):]
        return set(values)

    def test_a_life_without_a_cut(self) -> None:
        life = Life()
        life.live()
        self.assertEqual((life.bs.finished, life.promised["/1/0/1"]), (2, b"1200"))

    def test_every_operation_of_storage(self) -> None:
        whole = Life()
        whole.live()
        outcomes: Counter[str] = Counter()
        for operation in range(whole.flash.operations):
            for moment in MOMENTS:
                with self.subTest(operation=operation, moment=moment):
                    life = Life((operation, moment))
                    with self.assertRaises((PowerCut, AssertionError)):
                        life.live()
                    self.assertTrue(life.flash.off, "power went")
                    outcomes[self.recover(life)] += 1
        total = whole.flash.operations * len(MOMENTS)
        self.assertEqual(sum(outcomes.values()), total)
        print(f"\npower cuts: {whole.flash.operations} operations of storage, {total} cuts;", dict(outcomes))


if __name__ == "__main__":
    unittest.main()
