"""Image (c): a client whose flash outlives it. QEMU is killed in every change of the flash, and at other moments, and the next life
reaches its server again: a bootstrap server leads it there, over DTLS, and Leshan is both."""

from __future__ import annotations

import concurrent.futures
import hashlib
import random
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from qemu import NETWORK, Image, compile  # noqa: E402
from support import SEED, bootstrap_server, leshan, name, single  # noqa: E402
from wire import Watched  # noqa: E402

SOURCES = [
    "+lwip", "+engine", "+mbedtls", "-Iexamples-c/freertos", "-Itests/firmware/flash", "tests/firmware/survives.c",
    "tests/firmware/measure.c", "tests/firmware/flash/flash_file.c",
    *(f"ports/freertos/{one}.c" for one in ("freertos", "hooks", "resolve", "udp", "storage", "flash_log")),
]  # fmt: skip

BOARD = "an386"
SECTORS = 2 * 2048  # tests/firmware/flash/flash_file.h
PATIENCE = 60.0
#: How long Leshan waits for an answer: the device may be dead, and a late answer is taken for none.
ANSWER = 3.0
#: What a cut does, by flash_file.h: nothing, half of the change, all but some bits, all of it.
HOW = 4
#: More changes than a bootstrap has.
ENDLESS = 200
#: A managed life has some 20 changes, and 50 if one sector takes over from the other in it.
CHANGES = 52
TOGETHER = 3
MADE = "as it was made"
MEASURED = ("heap ", "stack ", "static ", "image ", "flash ")

#: How often power goes at a moment that chance chooses.
MOMENTS = 12

told = threading.Lock()
CHANGE, ANY = "in a change of the flash", "at another moment"
cuts = {CHANGE: 0, ANY: 0}


class Device:
    """An endpoint with its flash, known to both servers, and what must be true of it."""

    def __init__(self, folder: Path, image: Path) -> None:
        self.server, self.bootstrap, self.image = leshan().servers[0], bootstrap_server(), image
        self.endpoint = name("survives")
        self.flash = folder / f"{self.endpoint}.flash"
        self.wire = Watched(self.server.coaps_ports["main"])
        self.factory, key = (hashlib.sha256(f"{what} {self.endpoint}".encode()).digest()[:16] for what in "bs")
        self.bootstrap.allow(self.endpoint, self.endpoint, self.factory)
        self.server.allow(self.endpoint, self.endpoint, key)
        security = {
            "uri": f"coaps://10.0.2.2:{self.wire.port}", "securityMode": "PSK", "serverId": 101,
            "publicKeyOrId": self.endpoint.encode().hex(), "secretKey": key.hex(),
        }  # fmt: skip
        account = {"shortId": 101, "lifetime": 300, "binding": ["U"], "notifIfDisabled": True}
        self.bootstrap.configure(self.endpoint, {"security": {"1": security}, "servers": {"0": account}})
        self.fresh()
        self.guest: Image | None = None
        self.closed = False
        #: What the server wrote: what a Read may give.
        self.places, self.lifetimes = {MADE}, {300}

    def fresh(self) -> None:
        self.flash.write_bytes(b"\xff" * SECTORS)

    def switch_on(self, cut: int = -1, how: int = 0) -> Image:
        """Power is on. With `cut`, it goes in that change of the flash."""
        self.mark = self.server.events.mark()
        self.guest = Image(
            BOARD, self.image, self.endpoint,
            {"endpoint": self.endpoint, "uri": f"coaps://10.0.2.2:{self.bootstrap.coaps_port}", "key": self.factory.hex(),
             "flash": self.flash, "cut": cut, "how": how},
            *NETWORK,
        )  # fmt: skip
        return self.guest

    def is_cut(self) -> bool:
        assert self.guest
        return bool(self.guest.since(0, "cut "))

    def power_off(self, why: str) -> None:
        assert self.guest
        self.guest.abandon()
        with told:
            cuts[why] += 1

    def reached(self) -> str:
        """Waits until it has reached its server, or is cut: `UPDATED`, `REGISTRATION`, or nothing."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            events = self.server.events.since(self.mark, ("UPDATED", "REGISTRATION"), self.endpoint)
            if events:
                return events[0].name
            if self.is_cut():
                return ""
            time.sleep(0.02)  # there are two things to wait for
        raise AssertionError(f"{self.endpoint}: it does not reach its server: {self.guest and self.guest.since(0, '')}")

    def ask(self, operation: str, *arguments: Any) -> Any:
        """What the device answers, or None if it is cut."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = getattr(self.server, operation)(self.endpoint, *arguments, timeout=int(ANSWER * 1000))
            if answer.status == 200:
                return answer
            if self.is_cut():
                return None
        raise AssertionError(f"{self.endpoint}: {operation} {arguments}: {answer}: {self.guest and self.guest.since(0, '')}")

    def write(self, path: str, kind: str, value: Any, known: set[Any]) -> bool:
        """What is written may be there from now on, and must be if the device says so. Whether it said so."""
        known.add(value)
        answer = self.ask("write", path, single(kind, value), "TLV")
        if answer is None:
            return False
        assert answer.code == 204, answer
        known.clear()
        known.add(value)
        return True

    def holds(self) -> bool:
        """What a Read gives is old or new, and from now on it is known which. Whether that came through without a cut."""
        for path, known in (("/3303/0/5750", self.places), ("/1/0/1", self.lifetimes)):
            answer = self.ask("read", path, "TEXT")
            if answer is None:
                return False
            assert answer.code == 205, answer
            assert answer.value in known, f"{path}: {answer.value!r}, not {known}"
            known.clear()
            known.add(answer.value)
        return True

    def works(self, turn: int) -> bool:
        """Observed, written twice, and it notifies. Whether it came through that without a cut."""
        if self.ask("observe", "/3303/0/5700", "TLV") is None:
            return False
        mark = self.server.events.mark()
        if not self.write("/3303/0/5750", "string", f"room {turn}", self.places):
            return False
        if not self.write("/1/0/1", "integer", 300 + turn, self.lifetimes):
            return False
        deadline = time.monotonic() + PATIENCE
        while not self.server.events.since(mark, "NOTIFICATION", self.endpoint):
            if self.is_cut():
                return False
            assert time.monotonic() < deadline, f"{self.endpoint}: it does not notify"
            time.sleep(0.02)  # there are two things to wait for
        return not self.is_cut()

    def next_life(self) -> str:
        """Power is back: it reaches its server, and holds what it must. How it came."""
        self.switch_on()
        came = self.reached()
        assert came and self.holds(), "cut without being told to"
        return came

    def unused(self) -> None:
        """No record number was used twice, and there were some to be seen."""
        assert self.wire.reused == [], self.wire.reused
        assert sum(self.wire.sessions().values()) > 0

    def close(self) -> None:
        """Once is enough, twice does no harm."""
        if self.guest:
            self.guest.abandon()
        self.guest, wire = None, self.wire
        if not self.closed:
            wire.stop()
        self.closed = True


class Survives(unittest.TestCase):
    """Each test has devices of its own; they share the image and the servers."""

    image: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.image = compile(BOARD, "survives", *SOURCES)
        leshan()
        bootstrap_server()

    @classmethod
    def tearDownClass(cls) -> None:
        for why, count in cuts.items():
            print(f"power was cut {count} times {why}")

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def device(self) -> Device:
        device = Device(self.folder, self.image)
        self.addCleanup(device.close)
        return device

    def test_power_goes_in_each_change_of_a_bootstrap_and_the_registration(self) -> None:
        """From the factory each time."""
        with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
            reached = list(pool.map(self.bootstraps, range(TOGETHER), [TOGETHER] * TOGETHER))
        self.assertGreater(min(reached), 10, "a bootstrap changes the flash more than ten times")

    def bootstraps(self, first: int, step: int) -> int:
        """One of `step` workers. How many changes a bootstrap has."""
        for cut in range(first, ENDLESS, step):
            device = self.device()
            device.switch_on(cut, (cut // step) % HOW)
            came = device.reached()
            deadline = time.monotonic() + 2
            while not device.is_cut() and time.monotonic() < deadline:
                time.sleep(0.02)  # what is stored after the Register is stored soon; nobody says when all is
            over = not device.is_cut()
            device.power_off(ANY if over else CHANGE)
            finished = device.bootstrap.events.since(0, "FINISHED", device.endpoint)
            device.next_life()
            begun = device.bootstrap.events.since(0, "INITIATED", device.endpoint)
            assert not finished or len(begun) == 1, "a bootstrap that was finished is not begun again"
            assert came != "" or not over
            device.unused()
            device.close()
            if over:
                return cut
        raise AssertionError("a bootstrap without an end")

    def test_power_goes_in_each_change_of_a_life_that_is_managed(self) -> None:
        """Two flashes side by side: the one is cut in each even change, the other in each odd one."""
        with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
            devices = list(pool.map(self.lives, range(2), [2] * 2))
        for device in devices:
            self.leaves(device)

    def lives(self, first: int, step: int) -> Device:
        """One flash that goes through all of it. A life that reaches its server before power goes shows that the last one
        ended well; after one that did not, there is one without a cut."""
        device = self.device()
        device.next_life()
        device.power_off(ANY)
        handshakes = device.wire.hellos
        for turn in range(first, CHANGES, step):
            device.switch_on(turn, (turn // step) % HOW)
            reached = device.reached() != "" and device.holds()
            over = reached and device.works(turn) and self.settles(device)
            device.power_off(ANY if over else CHANGE)
            if not reached:
                device.next_life()
                device.power_off(ANY)
        device.next_life()
        device.unused()
        with told:
            print(f"{device.endpoint}: {device.wire.hellos - handshakes} handshakes after the first, "
                  f"{sum(device.wire.sessions().values())} records in {len(device.wire.sessions())} sessions")  # fmt: skip
        return device

    def settles(self, device: Device) -> bool:
        """What is stored after an answer is stored soon. Whether no cut comes any more."""
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline and not device.is_cut():
            time.sleep(0.02)
        return not device.is_cut()

    def leaves(self, device: Device) -> None:
        """The server reboots it, and it measures what it took."""
        self.assertEqual(device.ask("execute", "/3/0/4").code, 204)
        assert device.guest
        self.assertEqual(device.guest.ends(PATIENCE), 0, device.guest.since(0, ""))
        self.assertEqual(device.guest.since(0, "from the factory"), [])
        print("\n".join(f"{BOARD} survives: {line}" for line in device.guest.since(0, MEASURED)))

    def test_power_goes_at_any_moment(self) -> None:
        """Whatever it does then."""
        dice, device = random.Random(SEED), self.device()
        for turn in range(MOMENTS):
            guest = device.switch_on()
            guest.wait("network ready", timeout=PATIENCE)
            time.sleep(dice.random() / 2)
            if turn % 3 == 2:
                self.assertNotEqual(device.reached(), "")
                device.holds()
                device.write("/3303/0/5750", "string", f"moment {turn}", device.places)
            device.power_off(ANY)
        device.next_life()
        device.unused()

    def test_flash_that_is_put_back_is_noticed(self) -> None:
        """The proof that a record number which is used twice would be seen: an older copy of the flash does it."""
        device = self.device()
        device.next_life()
        device.power_off(ANY)
        older = device.flash.read_bytes()
        for _ in range(2):
            device.flash.write_bytes(older)
            device.switch_on()
            deadline = time.monotonic() + PATIENCE
            while not device.guest.since(0, "event 3 ") and not device.wire.reused and time.monotonic() < deadline:
                time.sleep(0.02)
            device.power_off(ANY)
        self.assertNotEqual(device.wire.reused, [])


if __name__ == "__main__":
    unittest.main()
