"""Whimbrel against Eclipse Leshan by SMS alone, and woken by SMS: Leshan has no numbers, so `lab-smsc` has one for it.

The devices are C examples, examples-c/sms.c and examples-c/wake.c, at an AT modem.
"""

from __future__ import annotations

import os
import socket
import tempfile
import unittest
from pathlib import Path
from typing import Any

from client import Process
from leshan.events import Predicate
from leshan.server import Answer, Server
from peers import CHANGED, CON, POST, Message
from smsc import AES, DEVICE, ROOT, SERVER, TRIPLE_DES, Centre, Keys, by
from support import leshan, name, single

#: What the examples call themselves.
SMS, WAKE = "whimbrel-sms", "whimbrel-wake"
LIFETIME = "/1/0/1"
TRIGGER = "/1/0/8"


def setUpModule() -> None:
    leshan()


def udp_sockets(pid: int) -> set[str]:
    """What a process holds of the kernel's list of UDP sockets."""
    listed = "".join(Path(f"/proc/{pid}/net/{kind}").read_text() for kind in ("udp", "udp6"))
    inodes = {words[9] for line in listed.splitlines() if (words := line.split())[0] != "sl"}
    held = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
    return {f"socket:[{inode}]" for inode in inodes} & held


class Phone(unittest.TestCase):
    """One device that Leshan reaches by SMS, for a class of cases; a subclass chooses keys and weather."""

    keys: Keys | None = None
    weather = ("--latency", "20")
    timeout = 15.0

    server: Server
    centre: Centre
    device: Process
    folder: str
    registration: dict[str, Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = leshan().servers[0]
        cls.server.timeout = cls.timeout
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        log = cls.enterClassContext(open(ROOT / "target" / "interop" / f"{name('smsc')}.log", "w", encoding="utf-8"))
        cls.centre = cls.enterClassContext(Centre(cls.server.coap_port, cls.keys, *cls.weather, log=log))
        cls.registration = cls.wait("REGISTRATION", cls.start())

    @classmethod
    def start(cls) -> int:
        """Switches the device on; a mark before that."""
        mark = cls.server.events.mark()
        keys = [cls.keys.parameters, cls.keys.secret] if cls.keys else []
        words = [str(ROOT / "target" / "examples-c" / "sms"), cls.centre.device, cls.folder, SERVER, *keys, DEVICE]
        cls.device = Process(name("sms"), words)
        cls.addClassCleanup(cls.device.abandon)
        return mark

    @classmethod
    def wait(cls, event: str | tuple[str, ...], mark: int, where: Any = None) -> dict[str, Any]:
        return cls.server.events.wait(event, SMS, mark, cls.timeout, where).data

    def mark(self) -> int:
        return self.server.events.mark()

    def succeeds(self, answer: Answer, code: int) -> Answer:
        self.assertEqual((answer.status, answer.code), (200, code), answer)
        return answer

    def lives(self) -> None:
        """Both ways are open."""
        self.assertEqual(self.succeeds(self.server.read(SMS, "/3/0/0", "TEXT"), 205).value, "Whimbrel")

    def largest(self, since: int, number: str) -> int:
        """In how many short messages the longest message went that a number sent."""
        return max(one["parts"] for one in by(self.centre.sent()[since:], number))


class Cases(Phone):
    """What every way of protection must do."""

    @classmethod
    def tearDownClass(cls) -> None:
        dropped = cls.centre.dropped()
        assert dropped == [], dropped

    def test_it_registered_by_sms_and_has_no_socket(self) -> None:
        told = self.server.client(SMS)
        assert told
        self.assertEqual((told["binding"], told["sms"], told["queueMode"]), ("S", DEVICE.lstrip("+"), False))
        self.assertEqual(told["address"], f"127.0.0.1:{self.centre.peer()}")
        self.assertEqual(udp_sockets(self.device.pid), set())
        self.assertEqual(by(self.centre.sent(), DEVICE)[0]["parts"], 1)

    def test_read(self) -> None:
        since = len(self.centre.sent())
        self.lives()
        resources = self.succeeds(self.server.read(SMS, "/3/0", "TLV"), 205).resources()
        self.assertEqual((resources[0], resources[1], resources[16]), ("Whimbrel", "sms", "S"))
        instances = self.succeeds(self.server.read(SMS, "/1", "TLV"), 205).instances()
        self.assertEqual((instances[0][0], instances[0][7]), (1, "S"))
        self.assertEqual((self.largest(since, SERVER), self.largest(since, DEVICE)), (1, 1))

    def test_an_answer_in_several_short_messages(self) -> None:
        resources = [f"/1/0/{number}" for number in (0, 1, 6, 7)]
        for path in resources:
            self.succeeds(self.server.write_attributes(SMS, path, "pmin=3600&pmax=86400"), 204)
            self.addCleanup(self.server.write_attributes, SMS, path, "pmin&pmax")
        since = len(self.centre.sent())
        links = self.succeeds(self.server.discover(SMS, "/1"), 205).links
        self.assertEqual([links[path]["pmax"] for path in resources], 4 * ["86400"])
        self.assertGreater(self.largest(since, DEVICE), 1)

    def test_a_request_in_several_short_messages(self) -> None:
        mark, since = self.mark(), len(self.centre.sent())
        self.succeeds(self.server.execute(SMS, TRIGGER, "0='" + 150 * "x" + "'"), 204)
        self.wait("UPDATED", mark)
        self.assertGreater(self.largest(since, SERVER), 1)

    def test_write(self) -> None:
        for seconds in (600, 86400):
            mark = self.mark()
            self.succeeds(self.server.write(SMS, LIFETIME, single("integer", seconds), "TLV"), 204)
            self.assertEqual(self.wait("UPDATED", mark)["update"]["lifetime"], seconds)

    def test_observe(self) -> None:
        self.succeeds(self.server.observe(SMS, LIFETIME, "TEXT"), 205)
        for seconds in (1200, 86400):
            mark = self.mark()
            self.succeeds(self.server.write(SMS, LIFETIME, single("integer", seconds), "TEXT"), 204)
            told = self.wait("NOTIFICATION", mark)
            self.assertEqual((told["path"], told["content"]["value"]), (LIFETIME, seconds))
        self.server.cancel_passively(SMS, LIFETIME)
        mark = self.device.mark()
        self.succeeds(self.server.write(SMS, LIFETIME, single("integer", 1200), "TEXT"), 204)
        self.device.wait("no longer observed", mark)

    def test_execute(self) -> None:
        mark = self.mark()
        self.succeeds(self.server.execute(SMS, TRIGGER), 204)
        self.assertEqual(self.wait("UPDATED", mark)["sms"], DEVICE.lstrip("+"))


class Plain(Cases):
    """In clear: TS 1.0 section 7.2 calls it NoSec."""


class Aes(Cases):
    """In secured packets that end in the centre: AES-128 and AES-CMAC."""

    keys = AES


class TripleDes(Cases):
    """The same with 3DES."""

    keys = TRIPLE_DES


class Weather(Phone):
    """Messages take one to three seconds, overtake each other, and every tenth comes twice."""

    weather = ("--latency", "1000-3000", "--duplicate", "10", "--seed", "7")
    timeout = 25.0

    def test_operations(self) -> None:
        self.succeeds(self.server.observe(SMS, LIFETIME, "TEXT"), 205)
        mark = self.mark()
        self.succeeds(self.server.write(SMS, LIFETIME, single("integer", 900), "TEXT"), 204)
        self.wait("NOTIFICATION", mark, lambda data: data["content"]["value"] == 900)
        self.assertEqual(self.wait("UPDATED", mark)["update"]["lifetime"], 900)
        executed_once(self, self.mark())
        sums = self.centre.order("stats")
        self.assertGreater(sums["duplicated"], 0)


class SecuredWeather(Phone):
    """The same in packets, of which one that was overtaken counts as old and is lost: Leshan repeats, the device does not."""

    keys = AES
    weather = Weather.weather
    timeout = 25.0

    def test_operations(self) -> None:
        mark = self.mark()
        self.succeeds(self.server.write(SMS, LIFETIME, single("integer", 900), "TEXT"), 204)
        self.assertEqual(self.succeeds(self.server.read(SMS, LIFETIME, "TEXT"), 205).value, 900)
        self.centre.settle(self.timeout)
        self.server.events.poll("UPDATED", SMS, mark, 0.3)
        # none if it was overtaken by an answer
        self.assertLessEqual(len(self.server.events.since(mark, "UPDATED", SMS)), 1)
        self.assertEqual(set(self.centre.dropped()) - {"Command(Counter)"}, set())


class Losses(Phone):
    """Leshan repeats what is not answered, and the device does it once."""

    def test_a_lost_request_is_repeated(self) -> None:
        mark = self.mark()
        self.centre.order("lose", 1, SERVER)
        executed_once(self, mark)

    def test_a_lost_answer_is_repeated_and_nothing_done_again(self) -> None:
        mark = self.mark()
        self.centre.order("lose", 1, DEVICE)
        executed_once(self, mark)
        self.assertGreater(len(self.server.events.since(mark, "COAP", None, request(TRIGGER))), 1)


class SecuredLosses(Losses):
    """The same in packets."""

    keys = AES


def request(path: str) -> Predicate:
    """Whether it is a CoAP message of Leshan's to there."""
    names = path.strip("/").split("/")
    option = '"Uri-Path":[' + ",".join(f'"{one}"' for one in names) + "]"
    return lambda data: data["way"] == "out" and data["code"] == "0.02" and option in data["options"]


def executed_once(case: Phone, mark: int) -> None:
    """A trigger is executed, and one Update follows, however often either message was on its way."""
    case.succeeds(case.server.execute(SMS, TRIGGER), 204)
    first = case.server.events.wait("UPDATED", SMS, mark, case.timeout)
    case.centre.settle(case.timeout)
    case.assertIsNone(case.server.events.poll("UPDATED", SMS, first.index + 1, 0.3))


class PowerCut(Phone):
    """The device loses power, and comes back with what storage holds."""

    keys = AES

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls.centre.dropped() == [], cls.centre.dropped()

    def back(self, mark: int) -> None:
        """It tells Leshan that it is there, which needs a counter that Leshan's side has not seen."""
        self.wait(("UPDATED", "REGISTRATION"), mark)
        self.lives()

    def test_between_messages(self) -> None:
        for _ in range(2):
            self.lives()
            self.device.kill()
            self.back(self.start())

    def test_with_a_request_on_its_way(self) -> None:
        self.device.kill()
        self.assertEqual(self.server.read(SMS, "/3/0/0", timeout=300).status, 504)
        self.back(self.start())

    def test_after_a_reboot_by_the_server(self) -> None:
        self.succeeds(self.server.execute(SMS, "/3/0/4"), 204)
        self.assertEqual(self.device.ends(), 0)
        self.back(self.start())


class PlainPowerCut(PowerCut):
    """The same in clear."""

    keys = None


class Woken(unittest.TestCase):
    """A device that sleeps, as far as UDP goes, and hears short messages of its server."""

    def test_an_sms_wakes_it(self) -> None:
        server = leshan().servers[0]
        phone = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(10)
        centre = self.enterContext(Centre(phone.getsockname()[1], None, "--latency", "20"))
        begin = server.events.mark()
        program = str(ROOT / "target" / "examples-c" / "wake")
        device = Process(name("wake"), [program, f"coap://127.0.0.1:{server.coap_port}", centre.device, SERVER, DEVICE])
        self.addCleanup(device.abandon)
        told = server.events.wait("REGISTRATION", WAKE, begin).data
        self.assertEqual((set(told["binding"]), told["sms"]), (set("UQS"), DEVICE.lstrip("+")))
        server.events.wait("SLEEPING", WAKE, begin)
        device.wait("the radio may be switched off")
        late = server.read(WAKE, "/3/0/1", "TLV")
        self.assertEqual(late.status, 202, late)

        mark = server.events.mark()
        trigger = Message(CON, POST, 4711, b"wake", [(11, segment) for segment in (b"1", b"0", b"8")])
        phone.sendto(trigger.encode(), ("127.0.0.1", centre.peer()))
        answer = Message.decode(phone.recv(2048))
        self.assertEqual((answer.code, answer.id, answer.token), (CHANGED, 4711, b"wake"))
        server.events.wait("UPDATED", WAKE, mark)
        delayed = server.events.wait("DELAYED", WAKE, mark).data
        self.assertEqual(delayed["answer"]["content"]["value"], "wake")
        self.assertEqual([one["from"] for one in centre.sent()], [SERVER, DEVICE])


del Cases, Phone  # abstract: unittest must not collect them here
