"""`examples-c/card_pcsc.c`: a device whose only knowledge is the card in the reader."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from pcscd import ROOT, Pcscd, Slot

sys.path.insert(1, str(ROOT / "tests/c"))
sys.path.insert(1, str(ROOT / "tests/interop"))
from peer import CHANGED, POST, Peer, coap, running

PROGRAM = str(ROOT / "target/examples-c/card_pcsc")
CARD_TOOL = ROOT / "tools/card/card.py"
ENC, MAC = "40" * 24, "60" * 24


def card(server: Peer, **changes) -> dict:
    """A card for that server, which is read through a secure channel or not at all."""
    scp03 = {"version": 0x30, "enc_hex": ENC, "mac_hex": MAC}
    account = {"short_server_id": 101, "uri": server.uri, "mode": "nosec", "lifetime": 600}
    described = {"server": [account], "card": {"secured": True, "scp03": scp03, **changes}}
    with tempfile.TemporaryDirectory() as directory:
        source, made = (pathlib.Path(directory) / name for name in ("in.json", "out.json"))
        source.write_text(json.dumps(described))
        subprocess.run([CARD_TOOL, "make", source, made], check=True, stdout=subprocess.PIPE)
        return json.loads(made.read_text())


class Device(unittest.TestCase):
    def setUp(self) -> None:
        self.server = Peer()
        self.pcscd = Pcscd()
        self.addCleanup(self.pcscd.close)
        self.slot = Slot(self.pcscd.directory, self.pcscd.port, card(self.server))
        self.addCleanup(self.slot.close)
        self.pcscd.wait_for_card(True)
        os.environ["PCSCLITE_CSOCK_NAME"] = self.pcscd.env["PCSCLITE_CSOCK_NAME"]

    def test_a_device_finds_its_server_on_the_card_and_follows_it(self) -> None:
        server = self.server
        with running(PROGRAM, "Whimbrel", "whimbrel-desk", "0x30", ENC, MAC) as process:
            server.registers()
            self.assertEqual(coap.tlvs(server.read("/3/0/0", coap.TLV)), [(coap.RESOURCE, 0, b"Whimbrel")])
            # another card, in another form: the device is the other server's then
            other = Peer()
            self.slot.replace(self.pcscd, card(other, iccid="89000000000000000002", form="oid", double_oid=True))
            other.registers()
            self.assertEqual(other.ask(POST, "/3/0/4").code, CHANGED)
            said = process.stdout.read()
        self.assertEqual(said.count("the smartcard was read"), 2, said)
        commands = [command for command, _ in self.slot.trace()]
        self.assertTrue(commands, "nothing of the other card was read")
        # what is read on a channel of its own is protected: class 04 with the channel
        reads = [command for command in commands if command[2:4] == "B0" and command[:2] != "00"]
        self.assertTrue(all(command[:2] in ("05", "06", "07") for command in reads), reads)


if __name__ == "__main__":
    unittest.main()
