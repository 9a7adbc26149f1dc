"""File sets that are made, printed, and read back from a card: against the vectors, bytes written down by hand, and a card
that shares nothing with the tool."""

from __future__ import annotations

import json
import stat
import unittest
from typing import Any, Dict
from unittest import mock

from hand_card import HERE, Bench, HandCard, connect, files

import cardset
import forms
import readers
import shown
import walk
from ber import Malformed, elements, number, tlv
from description import Lines, tomllib
from record import ProvisionError

VECTORS = json.loads((HERE.parent.parent / "tests" / "vectors" / "pkcs15.json").read_text())
NOSEC = {"uri": "coap://a", "mode": "nosec", "short_server_id": 1}
BOOTSTRAP = bytes.fromhex(next(
    each["hex"] for each in VECTORS["ef_lwm2m_bootstrap"]["examples"] if each["name"] == "security-and-server-full"
))


def made(**card: Any) -> Dict[str, Any]:
    return cardset.assemble({"card": card}, BOOTSTRAP)


def dodf(**card: Any) -> bytes:
    return files(made(dodf_size=0, **card))["6430"]


def variant(name: str) -> bytes:
    return bytes.fromhex(next(each["der"] for each in VECTORS["ef_dodf"]["variants"] if each["name"] == name))


class Made(Bench):
    def test_the_object_is_written_as_in_the_vectors(self) -> None:
        for name, card in {
            "opaqueDO-with-applicationOID": {},
            "opaqueDO-private-authid-path-length": {
                "private": True, "auth_id": 1, "name": "LwM2M", "index": 0, "length": 512},
            "opaqueDO-empty-flags": {"empty_flags": True},
            "oidDO": {"form": "oid"},
            "unrelated-object-first": {"other_object": True},
        }.items():
            with self.subTest(name):
                self.assertEqual(dodf(**card), variant(name))

    def test_forms_that_the_vectors_do_not_have(self) -> None:
        self.assertEqual(dodf(form="oid", object_label="second", double_oid=True), bytes.fromhex(
            "A127 3000 3011 0C0F 4C774D324D20426F6F747374726170 A110 300E 06060604672B0901 300404026432"))
        self.assertEqual(dodf(object_label="none", way="current", modifiable=True), bytes.fromhex(
            "3018 3004 03020640 3006 0604672B0901 A108 3006 0404 7FFF6432"))
        self.assertEqual(dodf(object_label="none", way="master", private=True, modifiable=True), bytes.fromhex(
            "301A 3004 030206C0 3006 0604672B0901 A10A 3008 0406 3F007F506432"))

    def test_ef_dir_and_odf_are_written_as_in_the_vectors(self) -> None:
        found = made()
        self.assertEqual(found["root"]["files"][0]["records"], VECTORS["ef_dir"]["records"])
        self.assertEqual(files(found)["5031"].hex().upper(), VECTORS["ef_odf"]["file_content_padded"])
        self.assertEqual(files(found)["6432"], BOOTSTRAP)
        bare = made(usim=False, label=False)["root"]
        self.assertEqual(bare["files"][0]["records"], ["610E4F0CA000000063504B43532D3135" + "FF" * 32])
        self.assertEqual(len(bare["directories"]), 1)
        several = files(made(other_directories=2, other_class=True, odf_size=0))
        self.assertEqual(several["5031"], bytes.fromhex(
            "A406 3004 0402 4404 A706 3004 0402 6440 A706 3004 0402 6450 A706 3004 0402 6430"))
        self.assertNotIn(forms.OID, several["6440"] + several["6450"])
        within = files(made(in_place=True, odf_size=0))
        self.assertEqual(within["5031"], b"\xa7\x27\xa0\x25" + variant("opaqueDO-with-applicationOID"))
        self.assertNotIn("6430", within)

    def test_a_slice_is_the_record_without_its_padding(self) -> None:
        padded = BOOTSTRAP.ljust(400, b"\xff")
        found = cardset.assemble({"card": {"index": 128}}, padded)
        self.assertEqual(files(found)["6432"], b"\xff" * 128 + padded)
        named, data = shown.bootstrap(found)
        self.assertEqual((named.where.index, named.where.length, data), (128, len(BOOTSTRAP), BOOTSTRAP))

    def test_numbers_in_der_have_a_bit_for_the_sign(self) -> None:
        for value, wanted in {0: "00", 1: "01", 127: "7F", 128: "0080", 255: "00FF", 256: "0100", 32768: "008000"}.items():
            self.assertEqual(number(value).hex().upper(), wanted)
        self.assertEqual(tlv(0x04, bytes(128))[:3], b"\x04\x81\x80")
        self.assertEqual(tlv(0x04, bytes(256))[:4], b"\x04\x82\x01\x00")

    @unittest.skipIf(tomllib is None, "this Python has no TOML")
    def test_the_example_is_what_the_bench_knows(self) -> None:
        """example.json is a test of the bench too: there a card is made of it."""
        out = self.folder / "card.json"
        status, said, err = self.run_tool("make", HERE / "example.toml", out, "--files", self.folder / "files")
        self.assertEqual((status, said, err), (0, f"{out}: opaqueDO, 512 bytes in 6432\n", ""))
        self.assertEqual(out.read_text(), (HERE / "example.json").read_text())
        self.assertEqual(stat.S_IMODE(out.stat().st_mode), 0o600)
        written = {each.name: each.read_bytes() for each in (self.folder / "files").iterdir()}
        self.assertEqual(sorted(written), [f"{each}.bin" for each in (
            "2F00", "2FE2", "5031", "5032", "6430", "6432", "6F07")])
        self.assertEqual(written["2F00.bin"].hex().upper(), "".join(VECTORS["ef_dir"]["records"]))
        self.assertEqual(written["2FE2.bin"].hex(), "98000000000000000010")
        self.assertEqual(len(written["6432.bin"]), 512)

    def test_all_that_the_example_says_is_what_is_without(self) -> None:
        if tomllib is None:
            self.skipTest("this Python has no TOML")
        said = tomllib.loads((HERE / "example.toml").read_text())
        card = {key: said["card"][key] for key in ("scp03", "messages")}
        self.assertEqual(cardset.make(said), cardset.make({**said, "card": card}))


class Refusals(Bench):
    def refused(self, way: str, reason: str, **card: Any) -> None:
        with self.assertRaises(ProvisionError) as caught:
            made(**card)
        (flaw,) = caught.exception.flaws
        self.assertEqual((".".join(map(str, flaw.place)), flaw.reason), (way, reason))

    def test_what_does_not_hold_together(self) -> None:
        self.refused("card.lable", '"lable" is no key that is known here; is it "label"?', lable="x")
        self.refused("card.form", "one of opaque, oid is expected", form="Oid")
        self.refused("card.iccid", "up to 20 digits are expected", iccid="89x")
        self.refused("card.aid", "no PKCS#15 application: it begins with A000000063504B43532D3135", aid="A0" * 12)
        self.refused("card.dodf", "3 bytes; 2 are expected", dodf="643000")
        self.refused("card", "two files of the application have one identifier", dodf="6432")
        self.refused("card.length", '"index" is missing: PKCS#15 has both or none', length=4)
        self.refused("card.index", "index and length go beyond 32768 bytes", index=32700)
        self.refused("card.usim", "true or false is expected", usim=1)
        self.refused("card.label", "text of 1 to 64 bytes is expected", label="")
        self.refused("card.pin", "the object is neither private nor modifiable, so nobody would ask for the PIN", pin="1234")
        self.refused("card.pin", "4 to 8 digits are expected", pin="12a4", private=True)
        self.refused("card.behaviour.channels", "a number from 0 to 19 is expected", behaviour={"channels": 20})
        self.refused("card.behaviour.reading", "one of usual, exact, generous is expected", behaviour={"reading": ""})
        self.refused("card.scp03", '"enc_hex" is missing', scp03={"mac_hex": "00" * 16})
        self.refused("card.scp03.enc_hex", "4 bytes; 16 or 24 or 32 are expected", scp03={"enc_hex": "00" * 4})
        self.refused("card.scp03.mac_hex", "both keys have one length", scp03={"enc_hex": "00" * 16, "mac_hex": "00" * 24})
        self.refused("card.messages", "no account has sms_mode 2, so there is nobody to talk to", messages={})

    def test_the_line_is_told(self) -> None:
        name = self.folder / "card.json"
        name.write_text(json.dumps({"server": [NOSEC], "card": {"iccid": "1", "form": "x"}}, indent=0))
        lines = Lines(name.read_text(), False)
        status, _, err = self.run_tool("make", name, self.folder / "out.json")
        self.assertEqual(status, 1)
        self.assertEqual(err, f"{name}:{lines.of(('card', 'form'))}: one of opaque, oid is expected\n")
        self.assertFalse((self.folder / "out.json").exists())

    def test_accounts_are_checked_by_the_neighbour(self) -> None:
        name = self.folder / "card.json"
        name.write_text(json.dumps({"server": [{**NOSEC, "uri": "http://a"}]}))
        status, _, err = self.run_tool("make", name, self.folder / "out.json")
        self.assertEqual(status, 1)
        self.assertIn("/0/0/0 LwM2M Server URI", err)

    def test_files_that_are_no_set(self) -> None:
        name = self.folder / "set.json"
        for text, reason in {
            "[": "no JSON",
            "{}": "no file set",
            '{"format": "whimbrel-card 1"}': "no file set",
            '{"format": "whimbrel-card 1", "root": {"files": [], "directories": []}}': "there is no PKCS#15 application",
        }.items():
            name.write_text(text)
            status, out, err = self.run_tool("print", name)
            self.assertEqual((status, out), (1, ""))
            self.assertIn(reason, err)


class Printed(Bench):
    def test_secrets_are_shown_to_those_who_ask(self) -> None:
        # of the vectors, and of the example
        secrets = ("00112233445566778899AABBCCDDEEFF", "FFEEDDCCBBAA99887766554433221100", "0C1A2B3D4F", "4711",
                   "40414243", "60616263")
        found = made(private=True, pin="4711", scp03={"enc_hex": "404142434445464748494A4B4C4D4E4F",
                                                      "mac_hex": "606162636465666768696A6B6C6D6E6F"})
        hidden, told = shown.to_text(found, False), shown.to_text(found, True)
        for secret in secrets:
            self.assertNotIn(secret, hidden)
            self.assertIn(secret, told)
        for line in (
            "# ICCID 89000000000000000001",
            '# EF_DIR 2: AID A000000063504B43532D3135 "LwM2M PKCS15", path 3F007F50',
            "# PIN 01: ***",
            "# EF 6432: 331 bytes, PIN 01",
            '# opaqueDO "LwM2M Bootstrap": file 6432, private',
            'uri = "coaps://bs.example.org:5684"',
        ):
            self.assertIn(line + "\n", hidden)


class Walked(Bench):
    """Cards of every form, read by the tool."""

    def test_every_form_leads_to_the_file(self) -> None:
        cases: Dict[str, Dict[str, Any]] = {
            "plain": {}, "oid": {"form": "oid"}, "field": {"form": "oid", "object_label": "second", "double_oid": True},
            "twice": {"double_oid": True}, "place": {"in_place": True, "odf_size": 200}, "slice": {"index": 300},
            "several": {"other_directories": 2, "other_class": True, "other_object": True}, "long": {"aid": forms.PKCS15.hex() + "01"},
            "current": {"way": "current"}, "master": {"way": "master"}, "named": {"name": "x", "empty_flags": True},
            "bare": {"label": False, "usim": False}, "other": {"dodf": "4401", "file": "4402", "application": "5015"},
        }
        for name, card in cases.items():
            for quirks in ({}, {"waits": True}, {"mute": True}, {"most": 7}):
                with self.subTest(name, **quirks):
                    whole = made(**card)
                    hand = HandCard(whole, **quirks)
                    found = walk.walk(walk.Card(hand.transmit))
                    self.assertEqual(shown.bootstrap(found)[1], BOOTSTRAP)
                    read, there = files(found), files(whole)
                    # what is behind others in the ODF is not looked at once the file is found
                    self.assertEqual(read, {key: there[key] for key in read})
                    self.assertEqual(list(hand.channels), [0], "the channel is closed")

    def test_a_file_that_is_longer_than_told_ends_where_it_is_told(self) -> None:
        hand = HandCard(made(told_size=100))
        found = walk.walk(walk.Card(hand.transmit))
        self.assertEqual(files(found)["6432"], BOOTSTRAP[:100])
        hand = HandCard(made(told_size=1000))
        self.assertEqual(files(walk.walk(walk.Card(hand.transmit)))["6432"], BOOTSTRAP)

    def test_a_pin_is_verified_once(self) -> None:
        whole = made(private=True, pin="1234")
        with self.assertRaisesRegex(walk.CardError, "6982, a PIN or SCP03 is needed"):
            walk.walk(walk.Card(HandCard(whole).transmit))
        hand = HandCard(whole)
        self.assertEqual(files(walk.walk(walk.Card(hand.transmit), (1, "1234")))["6432"], BOOTSTRAP)
        hand = HandCard(whole)
        with self.assertRaisesRegex(walk.CardError, "PIN 01: 63C2"):
            walk.walk(walk.Card(hand.transmit), (1, "4321"))
        self.assertEqual(sum(command[1] == 0x20 for command in hand.commands), 1)
        self.assertEqual(list(hand.channels), [0])

    def test_what_is_missing_is_named(self) -> None:
        for head, answer, reason in (
            ("00A40004", "6A82", "EF_DIR: 6A82, it is not there"),
            ("00B201", "6A83", "EF_DIR names no PKCS#15 application"),
            ("00700000", "6A81", "no logical channel: 6A81, no logical channel is free"),
            ("FFFF", "", "no data object"),
            ("01A404040C", "6A82", "the PKCS#15 application: 6A82"),
            ("01A40804047FFF5031", "6A82", "EF\\(ODF\\): 6A82"),
            ("01A40804047FFF6430", "6A82", "EF\\(DODF\\) 6430: 6A82"),
            ("01A40804047FFF6432", "6A82", "EF\\(LwM2M_Bootstrap\\) 6432: 6A82"),
            ("01B0", "6982", "reading EF\\(ODF\\): 6982"),
            ("01B0", "A7FF9000", "a length in 127 bytes is not supported"),
            ("01B0", "A706306282", "element A7 takes 6 bytes, 1 are left"),
            ("01B0", "90", "1 bytes for 01B0000020; a status word has two"),
        ):
            with self.subTest(head + answer):
                whole = made()
                if reason == "no data object":
                    whole["root"]["directories"][-1]["files"][2]["content"] = "FF" * 64
                    reason = "no data object has the OID 2.23.43.9.1"
                hand = HandCard(whole)
                hand.after = {head: answer}
                with self.assertRaisesRegex(walk.CardError, reason):
                    walk.walk(walk.Card(hand.transmit))
                self.assertEqual(list(hand.channels), [0])

    def test_a_wrong_length_is_asked_for_anew(self) -> None:
        hand = HandCard(made(), mute=True)  # without an FCP nobody knows how long records are
        walk.walk(walk.Card(hand.transmit))
        self.assertIn(bytes.fromhex("00B2010400"), hand.commands)
        self.assertIn(bytes.fromhex("00B2010430"), hand.commands)

    def test_broken_elements_are_told(self) -> None:
        for text, reason in {"30": "a length", "3005AA": "takes 5 bytes, 1 are left", "3084": "4 bytes"}.items():
            with self.assertRaisesRegex(Malformed, reason):
                elements(bytes.fromhex(text))
        self.assertEqual(elements(bytes.fromhex("040102FF30")), [(4, b"\2")])
        self.assertIsNone(walk.bootstrap_object(bytes.fromhex("3000 A100 A10430003000".replace(" ", ""))))


class Dumped(Bench):
    def dump(self, hand: HandCard, *options: str) -> Any:
        """With a card that connects as soon as the tool listens."""
        threads = []
        accept = readers.VirtualCard.connect

        def connected(virtual: readers.VirtualCard) -> None:
            threads.append(connect(hand, virtual.port))
            accept(virtual)

        out = self.folder / "dump.json"
        with mock.patch.object(readers.VirtualCard, "connect", connected):
            result = self.run_tool("dump", out, "--vpcd", "0", *options)
        threads[0].join(10)
        self.assertFalse(threads[0].is_alive(), "the card was switched off")
        return (*result, out)

    def test_a_virtual_card_is_read(self) -> None:
        status, said, err, out = self.dump(HandCard(made()))
        self.assertEqual(status, 0, err)
        self.assertIn('opaqueDO "LwM2M Bootstrap" names 6432\nEF 6432 has 331 bytes\n', said)
        found = shown.load(out)
        self.assertEqual(shown.bootstrap(found)[1], BOOTSTRAP)
        status, printed, _ = self.run_tool("print", out)
        self.assertEqual((status, "lwm2m.example.org" in printed), (0, True))
        self.assertNotIn("80CA", err)

    def test_what_a_virtual_card_refuses_is_told(self) -> None:
        hand = HandCard(made())
        hand.after = {"00A40004": "6A82"}
        status, _, err, out = self.dump(hand, "--apdus")
        self.assertEqual((status, out.exists()), (1, False))
        self.assertIn("> 00A40004022F0000\n< 6A82\n", err)
        self.assertIn("card: EF_DIR: 6A82, it is not there\n", err)

    def test_nobody_comes(self) -> None:
        with mock.patch.object(readers.VirtualCard.__init__, "__defaults__", (0, 0.05)):
            status, _, err = self.run_tool("dump", self.folder / "out.json", "--vpcd", "0")
        self.assertEqual(status, 1)
        self.assertIn("no card connected to port", err)

    def test_without_pyscard_it_says_so(self) -> None:
        with mock.patch.dict("sys.modules", {"smartcard": None, "smartcard.System": None}):
            status, _, err = self.run_tool("dump", self.folder / "out.json")
        self.assertEqual((status, err), (1, "card: pyscard is not there: install python3-pyscard, or use --vpcd\n"))

    def test_a_reader_is_taken_by_its_name(self) -> None:
        hand = HandCard(made())

        class Connection:
            def connect(self) -> None: ...

            def disconnect(self) -> None: ...

            def transmit(self, command: Any) -> Any:
                answer = hand.transmit(bytes(command))
                return list(answer[:-2]), answer[-2], answer[-1]

        class Reader:
            def __str__(self) -> str:
                return "Virtual PCD 00 00"

            def createConnection(self) -> Connection:
                return Connection()

        module = mock.Mock(readers=lambda: [Reader()])
        out = self.folder / "out.json"
        with mock.patch.dict("sys.modules", {"smartcard": mock.Mock(), "smartcard.System": module}):
            status, said, _ = self.run_tool("dump", out, "--reader", "PCD")
            self.assertEqual(status, 0)
            self.assertEqual(shown.bootstrap(shown.load(out))[1], BOOTSTRAP)
            status, _, err = self.run_tool("dump", out, "--reader", "other")
            self.assertEqual((status, err), (1, 'card: no reader is called "other"\n'))


if __name__ == "__main__":
    unittest.main()
