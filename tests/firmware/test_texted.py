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
        image = compile(self.board, "texted", *SOURCES, MBEDTLS_CONFIG="config-sms.h")
        server = Peer()
        self.addCleanup(server.close)
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        account = cards.by_sms(smsc.SERVER, smsc.AES, short_server_id=101, lifetime=86400)
        card = cards.write(folder / "card.json", "89000000000000000018", {"server": [account]}, messages={})
        centre = self.enterContext(
            smsc.Centre(server.port, smsc.AES, "--latency", "50", modem=f"card={card},apdu=2")
        )
        version, enc, mac = cards.SCP03
        guest = Image(
            self.board, image, "texted",
            {"endpoint": "qemu-modem", "version": version, "enc": enc, "mac": mac, "ask": 1},
            "-chardev", f"socket,id=line,path={centre.device.removeprefix('unix:')}", "-serial", "chardev:line",
        )  # fmt: skip
        self.addCleanup(guest.abandon)
        server.registers()
        self.managed(server)
        self.assertEqual(server.ask(POST, "/3/0/4").code, CHANGED)
        server.leaves()
        self.assertEqual(guest.ends(PATIENCE), 0, guest.since(0, ""))
        self.carried(centre)
        print("\n".join(f"{self.board} texted: {line}" for line in guest.since(0, MEASURED)))

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

    def carried(self, centre: smsc.Centre) -> None:
        """Everything went in packets that the card made and the centre took, and the account came through SCP03."""
        self.assertEqual(centre.dropped(), [])
        sent = smsc.by(centre.sent(), smsc.DEVICE)
        self.assertGreaterEqual(len(sent), 6)
        apdus = [command.upper() for command, _ in centre.order("apdus", smsc.DEVICE)["apdus"]]
        self.assertTrue(any(one[2:12] == "50300008" + one[10:12] for one in apdus), "no INITIALIZE UPDATE")
        reads = [one for one in apdus if one[2:4] == "B0" and one[1] in "1234567"]
        self.assertTrue(reads and all(int(one[:2], 16) & 4 for one in reads), "read outside of the secure channel")
        everything = "".join(response for _, response in centre.order("apdus", smsc.DEVICE)["apdus"]).upper()
        self.assertNotIn(smsc.AES.secret.upper(), everything, "the keys crossed the modem in clear")


if __name__ == "__main__":
    unittest.main()
