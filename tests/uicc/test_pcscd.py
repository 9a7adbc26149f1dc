"""PC/SC's own daemon between the card and `ports/pcsc`: every APDU of a bootstrap, a card that is pulled out and put back, and
other programs that use the card at the same time."""

import re
import subprocess
import unittest

import cards
from pcscd import PORT, Lines, Pcscd, until

OK, NOT_FOUND, LINK, CLOSED = 0, -2, -17, -31

OPEN = "0070000001"
CLOSE = "00708001"
SELECT_DIR = "00A40004022F0000"
READ_DIR = "00B2020430"
SELECT_PKCS15 = "01A404040CA000000063504B43532D313500"
SELECT_FILE = "01A40804047FFF643200"
READ_FILE = "01B0000010"
CHANNEL_NOT_SUPPORTED = "6881"


class Port(Lines):
    """`ports/pcsc` in a program: status and response of each command."""

    def __init__(self, pcscd: Pcscd, reader: str = "Whimbrel") -> None:
        super().__init__(PORT, reader, env=pcscd.env)

    def send(self, command: str) -> tuple[int, str]:
        status, response = self.ask(command).split(" ")
        return int(status), response.upper()

    def fetch(self, command: str) -> str:
        """Data and status word, as a client gets them: 61xx and 6Cxx are followed."""
        status, response = self.send(command)
        while status == OK and response[-4:-2] in ("61", "6C"):
            kind, size = response[-4:-2], response[-2:]
            retry = command[:2] + "C00000" + size if kind == "61" else command[:8] + size
            status, response = self.send(retry)
        assert status == OK, f"{command}: {status}"
        return response

    def card(self) -> tuple[bool, int]:
        """Whether a card is in, and a number that changes with it."""
        status, events = map(int, self.ask("card").split(" "))
        assert status >= 0, status
        return status == 1, events


class InReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pcscd = Pcscd()
        cls.addClassCleanup(cls.pcscd.close)
        cls.slot = cls.pcscd.insert(cards.card())
        cls.addClassCleanup(cls.slot.close)

    def setUp(self):
        if not self.slot.order("status")["in"]:
            self.slot.order("insert")
        self.pcscd.wait_for_card(True)
        self.port = Port(self.pcscd)
        self.addCleanup(self.port.close)
        self.slot.trace()

    def scriptor(self, *commands: str) -> list[str]:
        """What scriptor of pcsc-tools gets for commands."""
        text = self.pcscd.run("scriptor", "-u", "-r", "Whimbrel bench 00 00", stdin="\n".join(commands) + "\n")
        answers = re.findall(r"^< ((?:[0-9A-F]{2}\s+)+): ", text, re.MULTILINE)
        return ["".join(answer.split()) for answer in answers]

    # ---- all APDUs of a bootstrap

    def walk(self) -> None:
        """The flow of the vectors: what is read is what they say. An FCP has more or less in it from card to card."""
        for command, response in cards.FLOW:
            if command[2:4] == "C0":
                continue
            got = self.port.fetch(command)
            if command[2:4] == "A4":
                self.assertEqual(("62", "9000"), (got[:2], got[-4:]), command)
            else:
                self.assertEqual(response, got, command)

    def test_the_flow_with_t0(self):
        self.walk()
        sent = [command.upper() for command, _ in self.slot.trace()]
        self.assertIn(SELECT_PKCS15[:-2], sent, "no Le with T=0")
        self.assertIn("01C00000", [command[:8] for command in sent])

    def test_the_flow_with_t1(self):
        self.slot.replace(self.pcscd, cards.card(waits=False))
        self.addCleanup(self.slot.replace, self.pcscd, cards.card())
        self.walk()
        sent = [command.upper() for command, _ in self.slot.trace()]
        self.assertIn(SELECT_PKCS15, sent, "with Le")
        self.assertNotIn("C0", [command[2:4] for command in sent])

    def test_the_flow_by_scriptor(self):
        self.port.ask("close")
        commands, expected = [], []
        for command, response in cards.FLOW:
            if command[2:4] == "C0":
                continue
            if command[2:4] == "A4":
                commands.append(command)
                expected.append("61")
            else:
                commands.append(command)
                expected.append(response)
        answers = self.scriptor(*commands)
        self.assertEqual(len(expected), len(answers))
        for command, response, answer in zip(commands, expected, answers, strict=True):
            self.assertEqual(response, answer if len(response) > 2 else answer[:2], command)

    # ---- the card is pulled out

    def begin(self) -> None:
        self.port.fetch(OPEN)
        self.port.fetch(SELECT_PKCS15)
        self.port.fetch(SELECT_FILE)

    def test_a_card_that_is_pulled_in_the_middle(self):
        there, before = self.port.card()
        self.assertTrue(there)
        self.begin()
        self.slot.order("remove")
        self.pcscd.wait_for_card(False)
        self.assertEqual((NOT_FOUND, ""), self.port.send(READ_FILE))
        self.assertEqual((NOT_FOUND, ""), self.port.send(OPEN))
        self.assertFalse(self.port.card()[0])
        self.slot.order("insert")
        self.pcscd.wait_for_card(True)
        there, after = self.port.card()
        self.assertTrue(there)
        self.assertNotEqual(before, after)
        self.assertEqual((OK, CHANNEL_NOT_SUPPORTED), self.port.send(READ_FILE), "its channels are gone")
        self.walk()

    def test_a_card_that_is_out_and_in_again_in_the_middle(self):
        self.begin()
        self.slot.order("remove")
        self.pcscd.wait_for_card(False)
        self.slot.order("insert")
        self.pcscd.wait_for_card(True)
        self.assertEqual((CLOSED, ""), self.port.send(READ_FILE))
        self.walk()

    def test_a_card_that_is_changed_between_two_visits(self):
        self.walk()
        self.slot.replace(self.pcscd, cards.with_file(cards.card(), "6432", "0000" * 2))
        self.addCleanup(self.slot.replace, self.pcscd, cards.card())
        self.begin()
        self.assertEqual("00000000" + "9000", self.port.fetch("01B0000004"))
        self.port.fetch(CLOSE)

    def test_a_reader_without_a_card_and_one_that_is_not_there(self):
        self.slot.order("remove")
        self.pcscd.wait_for_card(False)
        self.assertEqual((NOT_FOUND, ""), self.port.send(OPEN))
        self.slot.order("insert")
        other = Port(self.pcscd, "Nobody")
        self.addCleanup(other.close)
        self.assertEqual((NOT_FOUND, ""), other.send(OPEN))
        self.assertFalse(other.card()[0])

    def test_a_card_that_does_not_answer(self):
        self.begin()
        self.slot.order("fault silent")
        self.assertEqual((LINK, ""), self.port.send(READ_FILE))
        self.assertEqual([], until(lambda: self.slot.order("status"), "status")["channels"], "it was reset")
        self.walk()

    # ---- other programs

    def reset_by_others(self) -> None:
        self.pcscd.run("opensc-tool", "--reader", "0", "--reset")

    def test_another_program_resets_the_card_in_the_middle(self):
        self.begin()
        self.reset_by_others()
        self.assertEqual((CLOSED, ""), self.port.send(READ_FILE))
        self.walk()

    def test_another_program_resets_the_card_between_two_visits(self):
        self.walk()
        self.reset_by_others()
        self.walk()

    def test_another_program_waits_until_the_basic_channel_is_free(self):
        self.port.fetch(SELECT_DIR)
        self.slot.trace()
        words = ["opensc-tool", "--reader", "0", "--send-apdu", "00:A4:00:0C:02:2F:E2"]
        pipe = subprocess.PIPE
        seen = len(self.pcscd.said())
        other = subprocess.Popen(words, env=self.pcscd.env, stdout=pipe, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(other.kill)
        waits = re.compile("Waiting for release of lock|SCARD_E_SHARING_VIOLATION")
        until(lambda: waits.search(self.pcscd.said(), seen), "the other program wants the card")
        self.assertIsNone(other.poll())
        self.assertEqual(dict(cards.FLOW)[READ_DIR], self.port.fetch(READ_DIR))
        self.assertEqual([READ_DIR], [command.upper() for command, _ in self.slot.trace()], "nobody came between")
        self.assertEqual("0 ", self.port.ask("pause"))
        said, _ = other.communicate(timeout=30)
        self.assertEqual(0, other.returncode, said)
        self.assertIn("SW1=0x90", said)
        self.assertIn("00a4000c022fe2", [command for command, _ in self.slot.trace()])

    def test_a_channel_that_was_left_open_is_closed_with_the_port(self):
        self.begin()
        self.assertEqual([1], self.slot.order("status")["channels"])
        self.assertEqual("0 ", self.port.ask("close"))
        self.assertEqual([], self.slot.order("status")["channels"])

    # ---- the daemon

    def test_a_daemon_that_ends_and_is_started_again(self):
        self.begin()
        self.pcscd.stop()
        self.assertEqual((LINK, ""), self.port.send(READ_FILE))
        self.assertEqual((LINK, ""), self.port.send(OPEN))
        self.assertEqual(LINK, int(self.port.ask("card").split(" ")[0]))
        self.pcscd.start()
        self.slot.order("remove")
        self.slot.order("insert")
        self.pcscd.wait_for_card(True)
        self.walk()


if __name__ == "__main__":
    unittest.main()
