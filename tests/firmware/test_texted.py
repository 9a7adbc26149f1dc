"""Image (b): a client whose only way out is a UART to an AT modem. A smartcard brings the account, SMS does the rest."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from qemu import ROOT, Image, compile  # noqa: E402

sys.path.insert(1, str(ROOT / "tests" / "c"))

import cards  # noqa: E402
import smsc  # noqa: E402
from peer import CHANGED, POST, PUT, Peer, coap  # noqa: E402

SOURCES = [
    "+engine", "+mbedtls", "-DWHIMBREL_FREERTOS_WITHOUT_LWIP", "-Iexamples-c/freertos", "-Itests/firmware/uart",
    "examples-c/freertos/modem.c", "tests/firmware/texted.c", "tests/firmware/measure.c", "tests/firmware/uart/uart0.c",
    *(f"ports/freertos/{one}.c" for one in ("freertos", "hooks", "uart", "without_lwip")),
]  # fmt: skip

PATIENCE = 60.0
REGISTERED, CARD_READ = "event 1 ", "event 33 "
MEASURED = ("seconds ", "switches ", "heap ", "stack ", "memory ", "image ", "modem ", "bytes ")


class Texted(unittest.TestCase):
    board = "an386"

    def test_a_card_brings_the_account_and_sms_does_the_rest(self) -> None:
        """In secured packets, which end on the card: all of it goes through the card's channels."""
        account = cards.by_sms(smsc.SERVER, smsc.AES, short_server_id=101, lifetime=86400)
        centre, guest = self.visited(account, smsc.AES, messages={})
        self.through_the_card(centre)
        print("\n".join(f"{self.board} texted: {line}" for line in guest.since(0, MEASURED)))

    def test_the_modem_itself_sends_and_delivers(self) -> None:
        """In clear, so that the messages are the client's own: prompts and bodies, and what the network delivers."""
        account = {
            "uri": "coap://0.0.0.0:5683", "mode": "nosec", "binding": "S", "sms_mode": 3, "sms_number": smsc.SERVER,
            "short_server_id": 101, "lifetime": 86400,
        }  # fmt: skip
        centre, _ = self.visited(account, None)
        self.assertGreaterEqual(len(smsc.by(centre.sent(), smsc.DEVICE)), 6)
        self.assertGreaterEqual(len(smsc.by(centre.sent(), smsc.SERVER)), 6)

    def visited(self, account: dict[str, object], keys: smsc.Keys | None, **more: object) -> tuple[smsc.Centre, Image]:
        """A client that registered, was managed, rebooted by its server, and has left."""
        image = compile(self.board, "texted", *SOURCES, MBEDTLS_CONFIG="config-sms.h")
        server = Peer()
        self.addCleanup(server.close)
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        card = cards.write(folder / "card.json", "89000000000000000018", {"server": [account]}, **more)
        centre = self.enterContext(smsc.Centre(server.port, keys, "--latency", "50", modem=f"card={card},apdu=2"))
        version, enc, mac = cards.SCP03
        guest = Image(
            self.board, image, self.id().rsplit(".", 1)[-1],
            {"endpoint": "qemu-modem", "version": version, "enc": enc, "mac": mac, "ask": 1},
            "-chardev", f"socket,id=line,path={centre.device.removeprefix('unix:')}", "-serial", "chardev:line",
        )  # fmt: skip
        self.addCleanup(guest.abandon)
        self.assertTrue(server.until(lambda: "register" in server.asked, PATIENCE), guest.since(0, ""))
        self.managed(server)
        self.assertEqual(server.ask(POST, "/3/0/4").code, CHANGED)
        server.leaves()
        self.assertEqual(guest.ends(PATIENCE), 0, guest.since(0, ""))
        self.assertEqual(centre.dropped(), [])
        self.through_the_channel(centre)
        return centre, guest

    def managed(self, server: Peer) -> None:
        """What the server reads is what the card and the image say, and a Write of the lifetime is followed by an Update."""
        self.assertEqual(coap.tlvs(server.read("/3/0/1", coap.TLV)), [(coap.RESOURCE, 1, b"modem")])
        self.assertEqual(coap.tlvs(server.read("/1/0/0", coap.TLV)), [(coap.RESOURCE, 0, b"\x65")])
        server.asked.clear()
        self.assertEqual(server.ask(PUT, "/1/0/1", b"600", coap.TEXT).code, CHANGED)
        self.assertTrue(server.until(lambda: "update" in server.asked), "another lifetime, and no Update")
        server.asked.clear()
        self.assertEqual(server.ask(POST, "/1/0/8").code, CHANGED)
        self.assertTrue(server.until(lambda: "update" in server.asked), "the trigger, and no Update")

    def through_the_channel(self, centre: smsc.Centre) -> None:
        """The account came through SCP03."""
        apdus = centre.order("apdus", smsc.DEVICE)["apdus"]
        commands = [command.upper() for command, _ in apdus]
        self.assertTrue(any(one[2:4] == "50" and one[4:6] == "30" for one in commands), "no INITIALIZE UPDATE")
        reads = [one for one in commands if one[2:4] == "B0" and one[1] in "1234567"]
        self.assertTrue(reads and all(int(one[:2], 16) & 4 for one in reads), "read outside of the secure channel")
        everything = "".join(response for _, response in apdus).upper()
        self.assertNotIn(smsc.SERVER.removeprefix("+").encode().hex().upper(), everything, "read in clear")
        self.assertNotIn(smsc.AES.secret.upper(), everything, "the keys crossed the modem in clear")

    def through_the_card(self, centre: smsc.Centre) -> None:
        """What the client said went to the card, which made packets that the centre took; its counters fit."""
        self.assertEqual(centre.order("card", smsc.DEVICE)["dropped"], [])
        self.assertGreaterEqual(len(smsc.by(centre.sent(), smsc.DEVICE)), 6)


if __name__ == "__main__":
    unittest.main()
