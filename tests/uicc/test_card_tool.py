"""tools/card reads the bench's card back, through PC/SC and as a reader of its own: what it reads is what it made."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from pcscd import CARD, ROOT, Lines, Pcscd, free_ports

TOOL = ROOT / "tools/card/card.py"
EXAMPLE = ROOT / "tools/card/example.toml"
# where Debian's pyscard is
DEBIAN_PYTHON = "/usr/bin/python3"
READ = ["2F00", "2FE2", "5031", "6430", "6432"]


def contents(card: dict) -> dict[str, object]:
    """The files of a set by their identifiers."""
    found, left = {}, [card["root"]]
    while left:
        directory = left.pop()
        left += directory.get("directories", [])
        for file in directory.get("files", []):
            found[file["id"]] = file.get("content") or file["records"]
    return {identifier: found.get(identifier) for identifier in READ}


class CardTool(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.made, self.read = (pathlib.Path(directory.name) / name for name in ("made.json", "read.json"))
        words = [sys.executable, TOOL, "make", EXAMPLE, self.made]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        self.card = json.loads(self.made.read_text())

    def same(self):
        made, read = contents(self.card), contents(json.loads(self.read.read_text()))
        self.assertNotIn(None, made.values())
        self.assertEqual(made, read)

    def test_through_pcsc(self):
        pcscd = Pcscd()
        self.addCleanup(pcscd.close)
        self.addCleanup(pcscd.insert(self.card).close)
        text = pcscd.run(DEBIAN_PYTHON, TOOL, "dump", self.read, "--reader", "Whimbrel")
        self.assertIn("names 6432", text)
        self.same()

    def test_as_a_reader_of_its_own(self):
        port = free_ports()
        with subprocess.Popen(
            [sys.executable, TOOL, "dump", self.read, "--vpcd", str(port)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as reader:  # fmt: skip
            slot = Lines(CARD, "--card", self.made, "--vpcd", f"127.0.0.1:{port}", "--until-eof")
            self.addCleanup(slot.close)
            said, _ = reader.communicate(timeout=30)
            self.assertEqual(0, reader.returncode, said)
        self.same()


if __name__ == "__main__":
    unittest.main()
