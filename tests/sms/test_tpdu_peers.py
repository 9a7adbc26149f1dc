"""Second opinions on short messages: python-gsmmodem-new and pycrate read what our codec writes, ours reads what they write.

`make test-sms` sets up what this needs. Messages are random with a fixed seed; WHIMBREL_SMS_SEED takes another.
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import random
import subprocess
import unittest
from typing import Any

from gsmmodem import pdu as gsm
from gsmmodem.util import SimpleOffsetTzInfo
from pycrate_mobile import TS23040_SMS as pycrate

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("WHIMBREL_LAB_TPDU", ROOT / "target/release/lab-tpdu"))
SEED = int(os.environ.get("WHIMBREL_SMS_SEED", "20261126"))
ROUNDS = 300


class Codec:
    """lab-tpdu: a command, an answer."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words: str) -> Any:
        """The answer; an error of the codec is a failure."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if isinstance(answer, dict) and "error" in answer:
            raise AssertionError(f"{answer} to {words}")
        return answer

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()


def octets(text: str) -> str:
    """An argument of lab-tpdu."""
    return text or "-"


def seconds_of(octet: int) -> int:
    """What gsmmodem takes a relative TP-VP for."""
    return int(gsm._decodeRelativeValidityPeriod(octet).total_seconds())


class Peers(unittest.TestCase):
    """Random messages both ways."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.codec = Codec()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.codec.close()

    def setUp(self) -> None:
        self.random = random.Random(f"{SEED} {self.id()}")

    def number(self) -> str:
        digits = "".join(self.random.choices("0123456789", k=self.random.randint(1, 20)))
        return self.random.choice(["", "+"]) + digits

    def data(self, most: int) -> bytes:
        return self.random.randbytes(self.random.choice([0, 1, most, self.random.randint(0, most)]))

    def elements(self) -> list[tuple[int, bytes]]:
        """None, one or two information elements."""
        total = self.random.randint(1, 255)
        parts = bytes([total, self.random.randint(1, total)])
        choices = [
            (0x00, self.random.randbytes(1) + parts),
            (0x08, self.random.randbytes(2) + parts),
            (0x04, self.random.randbytes(2)),
            (0x05, self.random.randbytes(4)),
            (0x70, b""),
        ]
        return self.random.sample(choices, k=self.random.choice([0, 1, 1, 2]))

    # ---- what we write

    def submit(self, number: str, dcs: int, validity: str, ies: list[tuple[int, bytes]], data: bytes) -> bytes:
        header = b"".join(bytes([number, len(value)]) + value for number, value in ies)
        return bytes.fromhex(
            self.codec.ask("submit", number, "00", f"{dcs:02X}", validity, octets(header.hex()), octets(data.hex()))
        )

    def room(self, ies: list[tuple[int, bytes]]) -> int:
        return 140 - (1 if ies else 0) - sum(2 + len(value) for _, value in ies)

    def test_gsmmodem_reads_our_submits(self) -> None:
        for _ in range(ROUNDS):
            number, ies = self.number(), self.elements()
            data = self.data(self.room(ies))
            # it knows no enhanced validity period, and codings of the first group only
            validity = self.random.choice([0, 1, 300, self.random.randint(1, 38_102_400)])
            tpdu = self.submit(number, self.random.choice([0x04, 0x15]), str(validity), ies, data)
            read = gsm.decodeSmsPdu((b"\0" + tpdu).hex())
            self.assertEqual((read["type"], read["number"], read["smsc"]), ("SMS-SUBMIT", number, None))
            self.assertEqual((read["reference"], read["protocol_id"]), (0, 0))
            self.assertEqual(read["tpdu_length"], len(tpdu))
            self.assertEqual(read["text"].encode("latin-1"), data)
            udh = [(ie.id, bytes(ie.data)) for ie in read.get("udh", [])]
            self.assertEqual(udh, ies)
            self.assertEqual("validity" in read, validity > 0)
            if validity:
                lasts = int(read["validity"].total_seconds())
                self.assertEqual(lasts, min(seconds_of(n) for n in range(256) if seconds_of(n) >= validity))

    def test_pycrate_reads_our_submits(self) -> None:
        for _ in range(ROUNDS):
            number, ies = self.number(), self.elements()
            data = self.data(self.room(ies))
            dcs = self.random.choice([0x04, 0x15, 0xF5, 0xF6])
            validity = self.random.choice(["0", "600", "=36", "=255", "=300", "=359999"])
            tpdu = self.submit(number, dcs, validity, ies, data)
            read = pycrate.SMS_SUBMIT()
            read.from_bytes(tpdu)
            self.assertEqual(read.to_bytes(), tpdu)
            address = read["TP_DA"]
            kind = 1 if number.startswith("+") else 0
            self.assertEqual((address["Num"].decode(), address["Type"]()), (number.removeprefix("+"), kind))
            self.assertEqual((read["TP_MR"](), read["TP_SRR"](), read["TP_UDHI"]()), (0, 0, int(bool(ies))))
            self.assertEqual(read["TP_DCS"].to_bytes(), bytes([dcs]))
            self.assertEqual(read["TP_UD"]["UD"].get_val(), data)
            if ies:
                udh = [(ie["T"](), ie["V"].to_bytes()) for ie in read["TP_UD"]["UDH"]["UDH"]]
                self.assertEqual(udh, ies)
            self.assertEqual(read["TP_VPF"](), 0 if validity == "0" else 2 if validity == "600" else 1)
            if validity.startswith("="):
                self.check_enhanced(read["TP_VPe"], int(validity[1:]))

    def check_enhanced(self, period: Any, seconds: int) -> None:
        if seconds <= 255:
            self.assertEqual((period["VPFormat"](), period["VP"].get_val()), (2, seconds))
        else:
            self.assertEqual(period["VPFormat"](), 3)
            swapped = gsm.decodeSemiOctets(iter(period.to_bytes()[1:4]), 3)
            clock = [int(swapped[at : at + 2]) for at in (0, 2, 4)]
            self.assertEqual(clock[0] * 3600 + clock[1] * 60 + clock[2], seconds)

    def test_both_put_together_what_we_cut(self) -> None:
        for length in [0, 137, 138, 140, 141, 266, 267, 268, 269, 1000, 34_170]:
            for kind in ["plain", "packet"]:
                if kind == "packet" and length == 34_170:
                    continue  # needs 256 parts
                data = self.random.randbytes(length)
                tpdus = self.codec.ask("cut", "+15555550123", "7F", "04", "300", kind, "5C", octets(data.hex()))
                joined = b""
                for place, tpdu in enumerate(map(bytes.fromhex, tpdus), 1):
                    read = pycrate.SMS_SUBMIT()
                    read.from_bytes(tpdu)
                    other = gsm.decodeSmsPdu((b"\0" + tpdu).hex())
                    part = read["TP_UD"]["UD"].get_val()
                    self.assertEqual(other["text"].encode("latin-1"), part)
                    joined += part
                    ids = [ie.id for ie in other.get("udh", [])]
                    concat, packet = [0] * (len(tpdus) > 1), [0x70] * (kind == "packet" and place == 1)
                    self.assertEqual(ids, concat + packet)
                    if concat:
                        ie = other["udh"][0]
                        self.assertEqual((ie.reference, ie.parts, ie.number), (0x5C, len(tpdus), place))
                self.assertEqual(joined, data)

    # ---- what they write

    def test_we_read_what_pycrate_writes(self) -> None:
        for _ in range(ROUNDS):
            number, ies = self.number(), self.elements()
            data = self.data(self.room(ies))
            group, of_class = self.random.choice([(0, 0), (1, 1), (15, 1), (15, 2)])
            bits = {name: self.random.randint(0, 1) for name in ["TP_RP", "TP_SRI", "TP_MMS"]}
            kind = 1 if number.startswith("+") else self.random.choice([0, 2])
            message = pycrate.SMS_DELIVER(val={
                **bits,
                "TP_UDHI": int(bool(ies)),
                "TP_OA": {"Type": kind, "NumberingPlan": 1, "Num": number.removeprefix("+")},
                "TP_PID": {"Format": 1, "Protocol": 0x3F},
                "TP_DCS": {"Group": group, "Charset": 1, "Class": of_class},
                "TP_UD": {"UD": data},
            })
            if ies:
                header = b"".join(bytes([number, len(value)]) + value for number, value in ies)
                message["TP_UD"]["UDH"].from_bytes(bytes([len(header)]) + header)
            tpdu = message.to_bytes()
            read = self.codec.ask("parse", tpdu.hex())
            self.assertEqual((read["type"], read["from"], read["pid"]), ("deliver", number, 0x7F))
            self.assertEqual((read["dcs"], read["is_8_bit"]), (message["TP_DCS"].to_bytes()[0], True))
            flags = (bits["TP_RP"] == 1, bits["TP_SRI"] == 1, bits["TP_MMS"] == 0)
            self.assertEqual((read["reply"], read["report"], read["more"]), flags)
            self.assertEqual(bytes.fromhex(read["data"]), data)
            self.check_header(read["header"], ies)

    def check_header(self, header: dict[str, Any], ies: list[tuple[int, bytes]]) -> None:
        """Of two of a kind, the last one counts."""
        concat = ports = None
        for number, value in ies:
            if number in (0x00, 0x08):
                reference = int.from_bytes(value[:-2], "big")
                concat = {"wide": number == 8, "reference": reference, "total": value[-2], "sequence": value[-1]}
            elif number in (0x04, 0x05):
                half = len(value) // 2
                ports = [int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")]
        packet = any(number == 0x70 for number, _ in ies)
        expected = {"concat": concat, "ports": ports, "command_packet": packet, "response_packet": False}
        self.assertEqual(header, expected)

    def test_we_read_texts_of_pycrate_as_texts(self) -> None:
        for length in [0, 1, 7, 8, 9, 160]:
            message = pycrate.SMS_DELIVER(val={
                "TP_OA": {"Type": 1, "NumberingPlan": 1, "Num": "15555550123"},
                "TP_DCS": {"Group": 0, "Charset": 0, "Class": 0},
            })
            text, _ = pycrate.encode_7b("x" * length)
            tpdu = message.to_bytes()
            tpdu = tpdu[: tpdu.rindex(message["TP_UD"].to_bytes())] + bytes([length]) + text
            read = self.codec.ask("parse", tpdu.hex())
            self.assertEqual((read["is_8_bit"], bytes.fromhex(read["data"])), (False, text))

    def test_we_read_what_gsmmodem_writes(self) -> None:
        """It writes no SMS-DELIVER as a whole: its address, time, information elements and text make one."""
        for _ in range(ROUNDS):
            number, smsc = self.number(), self.number()
            zone = self.random.randint(-48, 56) / 4
            time = datetime.datetime(
                2026, self.random.randint(1, 12), self.random.randint(1, 28), tzinfo=SimpleOffsetTzInfo(zone)
            )
            ie = gsm.Concatenation()
            ie.parts = self.random.randint(1, 255)
            ie.number, ie.reference = self.random.randint(1, ie.parts), self.random.randint(0, 0xFFFF)
            text = gsm.encodeUcs2("é" * self.random.randint(0, 60))
            header = bytes(ie.encode())
            user_data = bytes([len(header)]) + header + bytes(text)
            line = bytes(gsm._encodeAddressField(smsc, smscField=True)) + b"\x40"
            line += bytes(gsm._encodeAddressField(number)) + b"\x00\x08" + bytes(gsm._encodeTimestamp(time))
            line += bytes([len(user_data)]) + user_data
            read = self.codec.ask("line", line.hex())
            self.assertEqual((read["smsc"], read["from"], read["dcs"]), (smsc, number, 8))
            self.assertEqual((read["is_8_bit"], bytes.fromhex(read["data"])), (False, bytes(text)))
            self.assertEqual(gsm._decodeTimestamp(iter(bytes.fromhex(read["time"]))), time)
            wide = ie.reference > 0xFF
            expected = {"wide": wide, "reference": ie.reference, "total": ie.parts, "sequence": ie.number}
            self.assertEqual(read["header"]["concat"], expected)

    def test_names_are_no_numbers(self) -> None:
        for name in ["LwM2M", "Server", "A1B2C3D4E5F"]:
            address = bytes(gsm._encodeAddressField(name))
            tpdu = b"\x04" + address + bytes.fromhex("0004621020304050800101")
            self.assertIsNone(self.codec.ask("parse", tpdu.hex())["from"])

    def test_status_reports(self) -> None:
        """pycrate writes, we and gsmmodem read the same."""
        for status in range(256):
            number = self.number()
            kind = 1 if number.startswith("+") else 0
            report = pycrate.SMS_STATUS_REPORT(val={
                "TP_MR": self.random.randint(0, 255),
                "TP_RA": {"Type": kind, "NumberingPlan": 1, "Num": number.removeprefix("+")},
                "TP_ST": status,
            })
            report["TP_SCTS"].from_bytes(bytes.fromhex("62102030405080"))
            report["TP_DT"].from_bytes(bytes.fromhex("6210203040900A"))
            tpdu = report.to_bytes()
            ours, other = self.codec.ask("parse", tpdu.hex()), gsm.decodeSmsPdu((b"\0" + tpdu).hex())
            self.assertEqual((ours["type"], other["type"]), ("status-report", "SMS-STATUS-REPORT"))
            self.assertEqual((ours["reference"], ours["to"]), (other["reference"], other["number"]))
            self.assertEqual((ours["status"], other["status"]), (status, status))
            for key in ["time", "discharge"]:
                self.assertEqual(gsm._decodeTimestamp(iter(bytes.fromhex(ours[key]))), other[key])


if __name__ == "__main__":
    unittest.main()
