"""SCP03 from here against ours: a card written from GlobalPlatform's Amendment D by others' cryptography opens sessions with
random keys, takes random commands on every channel, and answers; each side has to find what the other one meant.

Needs pycryptodome and target/release/lab-uicc-peer.
"""

import random
import unittest

from Crypto.Cipher import AES
from Crypto.Hash import CMAC

from engine import Peer

KEY_LENGTHS = (16, 24, 32)
SIZES = {8: 0x70, 16: 0x71}
CHANNELS = range(20)


def cmac(key, message):
    return CMAC.new(key, ciphermod=AES, msg=message).digest()


def derive(key, constant, length, context):
    """NIST SP 800-108 in counter mode with GlobalPlatform's fields; `length` bytes."""
    out = b""
    while len(out) < length:
        number = len(out) // 16 + 1
        out += cmac(key, bytes(11) + bytes([constant, 0]) + (8 * length).to_bytes(2, "big") + bytes([number]) + context)
    return out[:length]


def class_of(first, channel, secured):
    """TS 102 221 table 10.3 and 10.4a: `first` is 00 or 80."""
    if channel < 4:
        return first | channel | (0x04 if secured else 0)
    return first | 0x40 | channel - 4 | (0x20 if secured else 0)


def pad(data):
    return data + b"\x80" + bytes(-(len(data) + 1) % 16)


class Card:
    """One application with static keys, and the session that the host opens with it."""

    def __init__(self, chance, key_length, size, pseudo_random=True):
        self.chance, self.size = chance, size
        self.enc, self.mac = chance.randbytes(key_length), chance.randbytes(key_length)
        self.aid = chance.randbytes(chance.randrange(5, 17))
        self.i = SIZES[size] if pseudo_random else SIZES[size] & ~0x10
        self.sequence = chance.randbytes(3)

    def initialize(self, host_challenge):
        if self.i & 0x10:
            challenge = derive(self.enc, 2, self.size, self.sequence + self.aid)
        else:
            challenge = self.chance.randbytes(self.size)
        context, length = host_challenge + challenge, len(self.enc)
        self.s_enc = derive(self.enc, 4, length, context)
        self.s_mac = derive(self.mac, 6, length, context)
        self.s_rmac = derive(self.mac, 7, length, context)
        self.host_cryptogram = derive(self.s_mac, 1, self.size, context)
        self.chain, self.counter = bytes(16), 0
        cryptogram = derive(self.s_mac, 0, self.size, context)
        head = self.chance.randbytes(10) + bytes([0x30, 0x03, self.i])
        return head + challenge + cryptogram + (self.sequence if self.i & 0x10 else b"")

    def cbc(self, top):
        counter = bytearray(self.counter.to_bytes(16, "big"))
        counter[0] |= top
        return AES.new(self.s_enc, AES.MODE_CBC, iv=AES.new(self.s_enc, AES.MODE_ECB).encrypt(bytes(counter)))

    def take(self, wrapped, enciphered=True):
        """The plain command that a wrapped one is, without its class; the class that it has here is told apart."""
        length = wrapped[4] - self.size
        covered = bytes([wrapped[0] & 0x80 | 0x04]) + wrapped[1 : 5 + length]
        self.chain = cmac(self.s_mac, self.chain + covered)
        if wrapped[5 + length :][: self.size] != self.chain[: self.size]:
            raise ValueError("C-MAC")
        data, le = wrapped[5 : 5 + length], wrapped[5 + length + self.size :]
        if enciphered:
            self.counter += 1
            if data:
                padded = self.cbc(0).decrypt(data)
                data = padded.rstrip(b"\0")[:-1]
                if pad(data) != padded:
                    raise ValueError("padding")
        return wrapped[1:4], data, le

    def answer(self, data, status):
        if status[0] not in (0x62, 0x63) and status != b"\x90\x00":
            return status
        body = self.cbc(0x80).encrypt(pad(data)) if data else b""
        return body + cmac(self.s_rmac, self.chain + body + status)[: self.size] + status


class Sessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.peer = Peer()

    @classmethod
    def tearDownClass(cls):
        cls.peer.close()

    def setUp(self):
        self.chance = random.Random(self.id())

    def cards(self, count=1):
        for _ in range(count):
            for key_length in KEY_LENGTHS:
                for size in SIZES:
                    yield Card(self.chance, key_length, size, self.chance.random() < 0.7)

    def open(self, card, response=None, challenge=None, **other):
        challenge = challenge or self.chance.randbytes(card.size)
        response = response or card.initialize(challenge)
        return self.peer.ask(
            "open", **({"enc": card.enc, "mac": card.mac, "challenge": challenge, "aid": card.aid, "response": response} | other)
        )

    def begin(self, card, channel):
        """A session as far as the answer to EXTERNAL AUTHENTICATE."""
        self.assertEqual(self.open(card), {"cryptogram": card.host_cryptogram.hex()})
        head = bytes([class_of(0x80, channel, False), 0x82, 0x33, 0x00, card.size])
        wrapped = bytes.fromhex(self.peer.ask("wrap", plain=head + card.host_cryptogram)["wrapped"])
        self.assertEqual(wrapped[0], class_of(0x80, channel, True))
        self.assertEqual(card.take(wrapped, enciphered=False), (b"\x82\x33\x00", card.host_cryptogram, b""))
        self.assertEqual(self.peer.ask("unwrap", response=b"\x90\x00"), {"plain": "9000", "open": True})

    def command(self, card, channel, data):
        first, le = self.chance.choice((0x00, 0x80)), self.chance.choice((b"", b"\0", self.chance.randbytes(1)))
        head = self.chance.choice((b"\xa4\x08\x04", b"\xb0\x01\x23", b"\xca\x00\x05", b"\xe2\x80\x00"))
        plain = bytes([class_of(first, channel, False)]) + head + (bytes([len(data)]) + data if data else b"") + le
        wrapped = bytes.fromhex(self.peer.ask("wrap", plain=plain)["wrapped"])
        self.assertEqual(wrapped[0], class_of(first, channel, True))
        self.assertEqual(card.take(wrapped), (head, data, le))

    def answer(self, card, data, status):
        told = self.peer.ask("unwrap", response=card.answer(data, status))
        self.assertEqual(told, {"plain": (data + status).hex(), "open": True})

    def exchange(self, card, channel):
        most = 239 if card.size == 8 else 223
        self.command(card, channel, self.chance.randbytes(self.chance.choice((0, 0, 2, 4, self.chance.randint(0, most)))))
        status = self.chance.choice((b"\x90\x00", b"\x62\x82", b"\x63\xc2", b"\x6a\x82", b"\x6b\x00", b"\x6c\x10"))
        data = self.chance.randbytes(self.chance.randint(0, 239))
        self.answer(card, data if status[0] in (0x90, 0x62) else b"", status)

    def test_random_sessions_on_every_channel(self):
        for channel in CHANNELS:
            for card in self.cards(3):
                with self.subTest(channel=channel, key=len(card.enc), size=card.size):
                    self.begin(card, channel)
                    for _ in range(12):
                        self.exchange(card, channel)

    def test_every_length_of_data_both_ways(self):
        for card in self.cards():
            self.begin(card, 1)
            most = 239 if card.size == 8 else 223
            for length in range(240):
                self.command(card, 1, self.chance.randbytes(min(length, most)))
                self.answer(card, self.chance.randbytes(length), b"\x90\x00")
            for length in range(most + 1, 256):
                plain = bytes([0x01, 0xE2, 0x80, 0x00, length]) + bytes(length)
                self.assertEqual(self.peer.ask("wrap", plain=plain), {"error": "TooLarge", "open": True})

    def test_a_long_session(self):
        card = Card(self.chance, 16, 8)
        self.begin(card, 2)
        for _ in range(1000):
            self.exchange(card, 2)
        self.assertEqual(card.counter, 1000)

    def test_another_key_than_the_card_s(self):
        for card in self.cards(5):
            for name in ("enc", "mac"):
                other = self.chance.randbytes(len(card.enc))
                told = self.open(card, **{name: other})
                if name == "enc" and not card.i & 0x10:
                    # only what is enciphered would show it: the card's cryptogram is made with Key-MAC
                    self.assertIn("cryptogram", told)
                else:
                    self.assertEqual(told, {"error": "Handshake", "open": False})

    def test_no_greeting_with_a_bit_changed(self):
        for card in self.cards():
            challenge = self.chance.randbytes(card.size)
            response = card.initialize(challenge)
            for bit in range(8 * 13, 8 * len(response)):
                flipped = bytearray(response)
                flipped[bit // 8] ^= 1 << bit % 8
                told = self.open(card, bytes(flipped), challenge)
                self.assertEqual(told, {"error": "Handshake", "open": False}, bit)
            self.assertIn("cryptogram", self.open(card, response, challenge))

    def test_no_answer_with_a_bit_changed(self):
        for card in self.cards():
            for data in (b"", b"some data"):
                self.begin(card, 1)
                self.command(card, 1, b"")
                length = len(card.answer(data, b"\x90\x00"))
                for bit in range(8 * length):
                    self.begin(card, 1)
                    self.command(card, 1, b"")
                    flipped = bytearray(card.answer(data, b"\x90\x00"))
                    flipped[bit // 8] ^= 1 << bit % 8
                    told = self.peer.ask("unwrap", response=bytes(flipped))
                    self.assertEqual(told, {"error": "Handshake", "open": False}, bit)

    def test_an_answer_to_another_command(self):
        for card in self.cards(3):
            self.begin(card, 1)
            self.command(card, 1, b"")
            old = card.answer(b"old", b"\x90\x00")
            self.answer(card, b"new", b"\x90\x00")
            self.command(card, 1, b"")
            self.assertEqual(self.peer.ask("unwrap", response=old), {"error": "Handshake", "open": False})
            self.assertEqual(self.peer.ask("wrap", plain=b"\x01\xb0\0\0\0"), {"error": "State", "open": False})

    def test_a_card_that_ends_the_session(self):
        for card in self.cards():
            self.begin(card, 1)
            self.command(card, 1, b"")
            self.assertEqual(self.peer.ask("unwrap", response=b"\x69\x82"), {"plain": "6982", "open": False})


if __name__ == "__main__":
    unittest.main()
