"""Whimbrel against Eclipse Leshan with nothing but a smartcard: accounts and keys come from it, through SCP03.

The device is a C example, examples-c/card.c, at the AT modem of `lab-smsc`, which has the card.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any

import cards
from client import Process
from leshan.server import Answer, Server
from smsc import AES, DEVICE, ROOT, SERVER, Centre, by
from support import bootstrap_server, leshan, name, single

LIFETIME, TRIGGER = "/1/0/1", "/1/0/8"
#: What the device says.
READ, AS_IT_WAS, GONE = "the smartcard was read", "the smartcard is as it was", "there is no smartcard"
FIRST, SECOND = "89000000000000000018", "89000000000000000026"
#: Of the short messages, in milliseconds.
WEATHER = ("--latency", "20")
INITIALIZE_UPDATE = re.compile("8[0-3]50300008")


def setUpModule() -> None:
    leshan()


class Story(unittest.TestCase):
    """Abstract: a device, a card and Leshan's first server."""

    timeout = 15.0
    server: Server
    device: Process

    def setUp(self) -> None:
        self.server = leshan().servers[0]
        self.server.timeout = self.timeout
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "storage").mkdir()
        self.endpoint = name("card")
        self.identity = f"identity on the card of {self.endpoint}"

    def key(self, what: str) -> bytes:
        return hashlib.sha256(f"{self.endpoint} {what}".encode()).digest()[:16]

    def admitted(self, server: Server, what: str, **more: Any) -> dict[str, Any]:
        """An account at the server, which lets the device in with a key of this name."""
        key = self.key(what)
        server.allow(self.endpoint, self.identity, key)
        self.addCleanup(server.disallow, self.endpoint)
        return cards.pre_shared(server.coaps_ports["main"], self.identity, key, **more)

    def card(self, file: str, iccid: str, accounts: dict[str, Any], **more: Any) -> Path:
        return cards.write(self.folder / file, iccid, accounts, **more)

    def insert(self, card: Path, keys: Any = None) -> None:
        """A modem with this card in it; behind it is Leshan, and packets end with these keys."""
        path = ROOT / "target" / "interop" / f"{name('smsc')}.log"
        log = self.enterContext(open(path, "w", encoding="utf-8"))
        self.centre = self.enterContext(Centre(self.server.coap_port, keys, *WEATHER, modem=f"card={card},apdu=5", log=log))

    def switch_on(self, ask_s: int = 30) -> None:
        self.device = cards.device(name("card-device"), self.centre, self.folder / "storage", self.endpoint, ask_s)
        self.addCleanup(self.device.abandon)

    def mark(self) -> int:
        return self.server.events.mark()

    def wait(self, event: str | tuple[str, ...], mark: int, where: Any = None, server: Server | None = None) -> Any:
        return (server or self.server).events.wait(event, self.endpoint, mark, self.timeout, where).data

    def says(self, text: str, mark: int = 0) -> str:
        return self.device.wait(text, mark, self.timeout)

    def succeeds(self, answer: Answer, code: int) -> Answer:
        self.assertEqual((answer.status, answer.code), (200, code), answer)
        return answer

    def operations(self, binding: str) -> None:
        """Read, Observe, Write, Notify, Execute."""
        server, endpoint = self.server, self.endpoint
        resources = self.succeeds(server.read(endpoint, "/3/0", "TLV"), 205).resources()
        self.assertEqual((resources[0], resources[1]), ("Whimbrel", "card"))
        account = self.succeeds(server.read(endpoint, "/1/0", "TLV"), 205).resources()
        self.assertEqual((account[0], account[7]), (101, binding))
        self.succeeds(server.observe(endpoint, LIFETIME, "TLV"), 205)
        mark = self.mark()
        self.succeeds(server.write(endpoint, LIFETIME, single("integer", 444), "TLV"), 204)
        # by SMS, Leshan also takes a repeated answer to its Observe for one
        self.wait("NOTIFICATION", mark, lambda data: data["content"]["value"] == 444)
        self.assertEqual(self.wait("UPDATED", mark)["update"]["lifetime"], 444)
        mark = self.mark()
        self.succeeds(server.execute(endpoint, TRIGGER), 204)
        self.wait("UPDATED", mark)

    def lives(self) -> None:
        self.assertEqual(self.succeeds(self.server.read(self.endpoint, "/3/0/0", "TLV"), 205).value, "Whimbrel")

    def settled(self) -> None:
        """It is registered, has looked once more because the modem was ready, and what it saw counts no more: a look is good
        for one second."""
        self.says("registered")
        self.says(AS_IT_WAS)
        time.sleep(1.1)  # there is nothing to wait on

    def rewritten(self, accounts: dict[str, Any], **more: Any) -> int:
        """The card says something else, of which nobody is told. The next Update, for which Leshan asks, has it looked at
        first. A mark in what the device says."""
        self.settled()
        said = self.device.mark()
        self.centre.order("rewrite", DEVICE, self.card("other.json", FIRST, accounts, **more))
        self.lives()
        self.succeeds(self.server.execute(self.endpoint, TRIGGER), 204)
        self.says(READ, said)
        self.says(("registration updated", "registered"), said)
        first, *_ = self.device.since(said, (READ, AS_IT_WAS, "registration updated", "registered"))
        self.assertEqual(first[: len(READ)], READ, "an Update without a look at the card")
        return said

    def shook_hands(self, server: Server, mark: int) -> None:
        """Leshan says that it has admitted the identity of the card."""
        ours = lambda data: data["what"] == "established" and data["identity"] == self.identity  # noqa: E731
        server.events.wait("HANDSHAKE", None, mark, self.timeout, ours)

    def commands(self) -> list[str]:
        return [command.upper() for command, _ in self.centre.order("apdus", DEVICE)["apdus"]]


class Dtls(Story):
    """Servers reached by DTLS with the identity and the key that are on the card."""

    def registered(self, lifetime: int = 300, **more: Any) -> dict[str, Any]:
        """A device with an account on its card that has just registered; what Leshan says of it."""
        mark = self.mark()
        account = self.admitted(self.server, "first", short_server_id=101, lifetime=lifetime)
        self.insert(self.card("first.json", FIRST, {"server": [account]}, **more))
        self.switch_on()
        told = self.wait("REGISTRATION", mark)
        self.assertEqual(told["lifetime"], lifetime)
        self.shook_hands(self.server, mark)
        return told

    def test_registers_and_is_managed(self) -> None:
        self.registered()
        self.operations("U")
        commands = self.commands()
        self.assertTrue(any(INITIALIZE_UPDATE.match(one) for one in commands), "no secure channel")
        # what is read in the application is read in secure messaging (GlobalPlatform: bit 3 of the class)
        reads = [one for one in commands if one[2:4] == "B0" and one[1] in "1234567"]
        self.assertTrue(reads and all(int(one[:2], 16) & 0x04 for one in reads), reads)
        carried = [response for _, response in self.centre.order("apdus", DEVICE)["apdus"]]
        key = self.key("first").hex()
        self.assertFalse([one for one in carried if key in one.lower()], "the key crossed the modem in clear")

    def test_a_power_cut_keeps_the_registration(self) -> None:
        told = self.registered()
        self.says("registered")
        for _ in range(2):
            self.device.kill()
            mark = self.mark()
            self.switch_on()
            self.wait("UPDATED", mark)
            self.says("registration updated")
            self.says(AS_IT_WAS)
            self.assertEqual(self.server.events.since(mark, "REGISTRATION", self.endpoint), [])
            self.lives()
        client = self.server.client(self.endpoint)
        assert client
        self.assertEqual(client["registrationId"], told["registrationId"])

    def test_the_card_is_rewritten(self) -> None:
        """First with another lifetime, then with another server, and nobody tells the device."""
        self.registered()
        self.says(AS_IT_WAS)
        mark = self.mark()
        self.rewritten({"server": [self.admitted(self.server, "first", short_server_id=101, lifetime=777)]})
        self.wait(("UPDATED", "REGISTRATION"), mark, lambda data: lifetime(data) == 777)
        self.lives()

        second = leshan().servers[1]
        mark, also = self.mark(), second.events.mark()
        said = self.rewritten({"server": [self.admitted(second, "second", short_server_id=102, lifetime=300)]})
        self.wait("REGISTRATION", also, server=second)
        self.says("a server account was removed", said)
        self.assertEqual(self.succeeds(second.read(self.endpoint, "/1/0/0", "TLV"), 205).value, 102)
        self.assertEqual(self.server.events.since(mark, "UPDATED", self.endpoint), [])

    def test_another_key_for_the_same_server(self) -> None:
        """The card goes out and comes back with another key. Leshan forgets the old one, and its sessions, at once."""
        self.registered()
        self.settled()
        mark, said = self.mark(), self.device.mark()
        account = self.admitted(self.server, "second", short_server_id=101, lifetime=300)
        self.centre.order("insert", DEVICE, self.card("other.json", FIRST, {"server": [account]}))
        self.says(READ, said)
        self.shook_hands(self.server, mark)
        self.wait("REGISTRATION", mark)
        self.lives()

    def test_the_card_is_pulled_and_another_one_comes(self) -> None:
        self.registered(lifetime=4)
        self.settled()
        mark, said = self.mark(), self.device.mark()
        self.centre.order("pull", DEVICE)
        self.says(GONE, said)
        self.says("a server account was removed", said)
        # no Update: Leshan waits in vain
        left = self.wait("DEREGISTRATION", mark)
        self.assertTrue(left["expired"], left)
        self.assertEqual(self.device.since(said, ("registration updated", "registered")), [])
        # another one, with another key, and found in another way
        mark, said = self.mark(), self.device.mark()
        account = self.admitted(self.server, "second", short_server_id=101, lifetime=500)
        other = self.card("second.json", SECOND, {"server": [account]}, form="oid", double_oid=True)
        self.centre.order("insert", DEVICE, other)
        self.assertEqual(self.wait("REGISTRATION", mark)["lifetime"], 500)
        self.says(READ, said)
        self.lives()

    def test_a_card_that_is_not_there_after_a_power_cut(self) -> None:
        """What storage holds of a card is not used without it."""
        self.registered()
        self.says("registered")
        self.device.kill()
        self.centre.order("pull", DEVICE)
        mark = self.mark()
        self.switch_on()
        self.says(GONE)
        self.assertEqual(self.server.events.since(mark, ("UPDATED", "REGISTRATION"), self.endpoint), [])

    def test_an_account_of_the_bootstrap_server(self) -> None:
        """The card knows the bootstrap server alone, and that brings the rest."""
        server, bootstrap = self.server, bootstrap_server()
        key, brought = self.key("bootstrap"), self.key("brought")
        bootstrap.allow(self.endpoint, self.identity, key)
        self.addCleanup(bootstrap.disallow, self.endpoint)
        server.allow(self.endpoint, "brought", brought)
        self.addCleanup(server.disallow, self.endpoint)
        security = {
            "uri": f"coaps://127.0.0.1:{server.coaps_ports['main']}", "securityMode": "PSK", "serverId": 101,
            "publicKeyOrId": b"brought".hex(), "secretKey": brought.hex(),
        }  # fmt: skip
        account = {"shortId": 101, "lifetime": 222, "binding": ["U"], "notifIfDisabled": True}
        bootstrap.configure(self.endpoint, {"security": {"1": security}, "servers": {"0": account}})
        self.addCleanup(bootstrap.forget, self.endpoint)
        mark, began = self.mark(), bootstrap.events.mark()
        on_card = cards.pre_shared(bootstrap.coaps_port, self.identity, key)
        self.insert(self.card("first.json", FIRST, {"bootstrap_server": on_card}))
        self.switch_on()
        bootstrap.events.wait("FINISHED", self.endpoint, began, self.timeout)
        self.assertEqual(self.wait("REGISTRATION", mark)["lifetime"], 222)
        self.says(READ)
        self.lives()


class OnCard(Story):
    """By SMS alone, in packets that end on the card: the device has no key of them."""

    def registered(self) -> dict[str, Any]:
        """The account of a device that has just registered."""
        mark = self.mark()
        account = cards.by_sms(SERVER, AES, short_server_id=101, lifetime=300)
        self.insert(self.card("first.json", FIRST, {"server": [account]}, messages={}), AES)
        self.switch_on(ask_s=1)
        told = self.wait("REGISTRATION", mark)
        self.assertEqual((told["binding"], told["lifetime"]), ("S", 300))
        self.assertEqual(told["address"], f"127.0.0.1:{self.centre.peer()}")
        return account

    def nothing_dropped(self) -> None:
        """Neither side saw a packet of which the counter, the checksum or the keys are wrong."""
        self.centre.settle(self.timeout)
        self.assertEqual(self.centre.dropped(), [])
        self.assertEqual(self.centre.order("card", DEVICE)["dropped"], [])
        self.assertTrue(by(self.centre.sent(), DEVICE) and by(self.centre.sent(), SERVER))

    def test_registers_and_is_managed(self) -> None:
        self.registered()
        self.operations("S")
        self.nothing_dropped()

    def test_another_lifetime_on_the_card(self) -> None:
        account = self.registered()
        mark = self.mark()
        self.rewritten({"server": [{**account, "lifetime": 777}]}, messages={})
        self.wait(("UPDATED", "REGISTRATION"), mark, lambda data: lifetime(data) == 777)
        self.lives()
        self.nothing_dropped()

    def test_a_power_cut(self) -> None:
        """Counters are the card's, and the registration is kept."""
        self.registered()
        self.says("registered")
        self.device.kill()
        mark = self.mark()
        self.switch_on(ask_s=1)
        self.wait("UPDATED", mark)
        self.assertEqual(self.server.events.since(mark, "REGISTRATION", self.endpoint), [])
        self.lives()
        self.nothing_dropped()


def lifetime(data: dict[str, Any]) -> int | None:
    """What a Register or an Update said."""
    found: int | None = data.get("update", data).get("lifetime")
    return found


del Story  # abstract: unittest must not collect it here
