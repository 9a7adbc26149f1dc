"""OpenSC reads the bench's card: it finds the object that ours is to find, where ours is to find it, with the same bytes."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import cards
from pcscd import ROOT, Pcscd

OID = "2.23.43.9.1"
PATH = "3f007f506432"
TOOLS = ROOT / "tools/card"


class OpenSc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pcscd = Pcscd()
        cls.addClassCleanup(cls.pcscd.close)
        cls.slot = cls.pcscd.insert(cards.card())
        cls.addClassCleanup(cls.slot.close)

    def listed(self) -> list[tuple[str, str, str]]:
        """Label, OID and path of the data objects of the card."""
        text = self.pcscd.run("pkcs15-tool", "--reader", "0", "--list-data-objects")
        pattern = r"Data object '(.*)'\n(?:\t.*\n)*?\tapplicationOID: +(\S+)\n\tPath: +(\S+)"
        return re.findall(pattern, text)

    def content(self, oid: str = OID) -> str:
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "object"
            words = ["--read-data-object", oid, "--raw", "--output", path]
            self.pcscd.run("pkcs15-tool", "--reader", "0", *words)
            return path.read_bytes().hex().upper()

    def test_the_object_and_its_content(self):
        self.slot.replace(self.pcscd, cards.card())
        self.assertEqual([("LwM2M Bootstrap", OID, PATH)], self.listed())
        self.assertEqual(cards.bootstrap("security-and-server-full"), self.content())
        selected = [command for command, _ in self.slot.trace() if command.startswith("00a4")]
        self.assertIn("00a40800047f506432", selected, "it was read from the card")

    def test_a_card_that_speaks_t1(self):
        self.slot.replace(self.pcscd, cards.card(waits=False))
        self.assertEqual([("LwM2M Bootstrap", OID, PATH)], self.listed())
        self.assertEqual(cards.bootstrap("security-and-server-full"), self.content())

    def test_ours_among_other_objects(self):
        # OMA DM's bootstrap lies beside it, with the OID of another arc
        other = "3021" + "300A0C08" + b"OMA DM x".hex() + "300B0C0344" + "4D31" + "0604672B0902" + "A106300404026431"
        dodf = other + cards.data_object("opaqueDO-with-applicationOID")
        card = cards.with_file(cards.card(), "6430", cards.padded(dodf, 128))
        card["root"]["directories"][0]["files"].append({"id": "6431", "content": "0102030405"})
        self.slot.replace(self.pcscd, card)
        expected = [("OMA DM x", "2.23.43.9.2", "3f007f506431"), ("LwM2M Bootstrap", OID, PATH)]
        self.assertEqual(expected, self.listed())
        self.assertEqual(cards.bootstrap("security-and-server-full"), self.content())
        self.assertEqual("0102030405", self.content("2.23.43.9.2"))

    def test_a_private_object_with_a_slice_of_its_file(self):
        dodf = cards.data_object("opaqueDO-private-authid-path-length")
        card = cards.with_file(cards.card(), "6430", cards.padded(dodf, 64))
        content = cards.bootstrap("security-and-server-full")
        card = cards.with_file(card, "6432", cards.padded(content, 600))
        self.slot.replace(self.pcscd, card)
        text = self.pcscd.run("pkcs15-tool", "--reader", "0", "--list-data-objects")
        self.assertIn("Data object 'LwM2M Bootstrap'", text)
        self.assertRegex(text, r"applicationName: +LwM2M\n")
        self.assertRegex(text, rf"applicationOID: +{re.escape(OID)}\n")
        self.assertRegex(text, r"Auth ID: +01\n")

    def test_a_card_of_our_own_tool(self):
        with tempfile.TemporaryDirectory() as directory:
            made, files = pathlib.Path(directory) / "card.json", pathlib.Path(directory) / "files"
            words = ["make", TOOLS / "example.toml", made, "--files", files]
            subprocess.run([sys.executable, TOOLS / "card.py", *words], check=True, stdout=subprocess.DEVNULL)
            self.slot.replace(self.pcscd, json.loads(made.read_text()))
            self.assertEqual([("LwM2M Bootstrap", OID, PATH)], self.listed())
            self.assertEqual((files / "6432.bin").read_bytes().hex().upper(), self.content())


if __name__ == "__main__":
    unittest.main()
