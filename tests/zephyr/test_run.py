"""The port at work on this machine: examples-c on it, and the sample through a life of lost networks and restarts."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support import ARCHIVE, BUILT, ROOT, image

import peer_coap as coap
from peer import CHANGED, GET, POST, PUT, Peer

VALGRIND = (
    "valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=all"
    f" --suppressions={ROOT}/tests/c/valgrind.supp"
)
#: What events of whimbrel.h are called here.
REGISTERED, UPDATED, DEREGISTERED = 1, 3, 5


def run(words: list[str], valgrind: bool) -> tuple[str, int, str]:
    environment = os.environ | ({"VALGRIND": VALGRIND} if valgrind else {})
    try:
        said = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired as error:
        return " ".join(words), 124, f"{error.stdout!r}\n{error.stderr!r}"
    return " ".join(words), said.returncode, said.stdout + said.stderr


class Programs(unittest.TestCase):
    """Each under valgrind, and once more with sanitizers. They wait more than they work, so that several run at a time."""

    def test_port_and_examples(self) -> None:
        jobs = []
        for valgrind, variant in ((True, "plain"), (False, "sanitized")):
            for name in ("card", "sms", "demo", "psk", "minimal"):
                jobs.append((["python3", "tests/zephyr/example.py", name, f"target/tests-zephyr/{variant}/{name}"], valgrind))
            under = VALGRIND.split() if valgrind else []
            jobs += [([*under, f"target/tests-zephyr/{variant}/{name}"], False) for name in ("port", "line")]
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda job: run(*job), jobs))
        for command, code, said in results:
            with self.subTest(command):
                self.assertEqual(code, 0, said)
        self.assertEqual(len(results), 14)


class Device:
    """The sample as a process; power comes with the block, and goes with it."""

    def __init__(self, program: Path, flash: Path, *, valgrind: bool = False, network: int = 1) -> None:
        words = [*(VALGRIND.split() if valgrind else []), str(program)]
        settings = os.environ | {"FAKE_FLASH": str(flash), "FAKE_NETWORK": str(network)}
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=settings)

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def order(self, line: str) -> None:
        """One line for the board, which has obeyed when this returns."""
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        self.says(f"board: {line}")

    def says(self, text: str) -> None:
        lines = []
        assert self.process.stdout
        for line in iter(self.process.stdout.readline, ""):
            lines.append(line)
            if line.strip() == text:
                return
        raise AssertionError(f"{text} was not said, but {lines}")

    def reboots(self) -> None:
        code = self.process.wait(60)
        assert code == 0, f"exit status {code}\n{self.process.communicate()[0]}"


class Sample(unittest.TestCase):
    """examples-c/zephyr as it stands, but for the server's address, and with a measurement a second."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.server = Peer()
        lines = (
            f"SENSOR_SERVER_URI=coap://localhost:{cls.server.port}",
            "SENSOR_PERIOD=1",
            "WHIMBREL_TARGET=host",
            f"WHIMBREL_ARCHIVE={ARCHIVE}",
        )
        flags = "-DCMAKE_C_FLAGS=-g -O1 -std=c99 -Wall -Wextra -Wpedantic -Werror"
        cls.program, _ = image(cls.directory / "plain", lines, flags)
        sanitize = " -fsanitize=address,undefined -fno-sanitize-recover=all"
        cls.sanitized, _ = image(cls.directory / "sanitized", lines, flags + sanitize)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.close()

    def setUp(self) -> None:
        self.flash = self.directory / f"{self.id()}.flash"
        self.server.asked.clear()
        self.server.notified.clear()

    def registered(self) -> None:
        self.assertTrue(self.server.until(lambda: self.server.asked != []), "it does not register")

    def test_a_life(self) -> None:
        """Registers, is read, observed and written; its network goes and comes; power is cut, and it goes on."""
        server = self.server
        with Device(self.sanitized, self.flash) as device:
            self.registered()
            self.assertEqual(server.asked, ["register"])
            self.assertEqual(server.read("/3/0/1"), b"zephyr")
            self.assertGreaterEqual(float(server.read("/3303/0/5700")), 20)
            self.assertEqual(server.ask(GET, "/3303/0/5700", options=[(coap.OBSERVE, b""), (coap.ACCEPT, b"")]).code, 0x45)
            self.assertTrue(server.until(lambda: len(server.notified) >= 2), "no notifications")
            # a restart later would need an Update because of that; the lifetime is in flash
            self.assertEqual(server.ask(PUT, "/1/0/1", b"600", coap.TEXT).code, CHANGED)
            self.assertTrue(server.until(lambda: "update" in server.asked))

            server.asked.clear()
            device.order("network 0")
            before = len(server.notified)
            server.until(lambda: False, 2.5)
            self.assertEqual((len(server.notified), server.asked), (before, []), "something came without a network")
            device.order("network 1")
            self.assertTrue(server.until(lambda: server.asked != []), "nothing when the network was back")
            self.assertEqual(server.asked, ["register"], "the address may be another one")
            self.assertEqual(server.read("/3303/0/5701"), b"Cel")

            device.process.kill()  # a power cut
            device.process.wait()
        server.asked.clear()
        with Device(self.sanitized, self.flash) as device:
            self.registered()
            self.assertEqual(server.asked[0], "update", "the registration was in flash")
            self.assertEqual(server.ask(POST, "/3/0/4").code, CHANGED)
            device.reboots()

    def test_it_leaks_nothing(self) -> None:
        with Device(self.program, self.flash, valgrind=True) as device:
            self.registered()
            self.assertEqual(self.server.read("/3/0/0"), b"Whimbrel")
            self.assertEqual(self.server.ask(POST, "/3/0/4").code, CHANGED)
            device.reboots()

    def test_it_starts_without_a_network(self) -> None:
        """Names are not found then; the client hears when there is a network, and does not wait for its pause."""
        with Device(self.program, self.flash, network=0) as device:
            self.server.until(lambda: False, 1)
            self.assertEqual(self.server.asked, [])
            device.order("network 1")
            self.registered()
            self.assertEqual(self.server.ask(POST, "/3/0/4").code, CHANGED)
            device.reboots()

    def test_it_sleeps(self) -> None:
        """A registered device that measures once a second computes nothing in between."""
        with Device(self.program, self.flash) as device:
            self.registered()
            begin = used(device.process.pid)
            self.server.until(lambda: False, 5)
            # whatever it does in five wake-ups is far below this; a loop that does not sleep is far above
            self.assertLess(used(device.process.pid) - begin, 0.5)


def used(pid: int) -> float:
    """Seconds of processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    unittest.main()
