"""Secured packets (TS 102 225, TS 31.115) from here against ours: random packets of every algorithm, made by the layout as it is
written below and by others' cryptography, are what `lab-packet` makes, and it opens them.

Needs pycryptodome (as Debian has it, `Cryptodome`, or from PyPI, `Crypto`), openssl(1), and target/release/lab-packet.
"""

import json
import pathlib
import random
import subprocess
import unittest

try:
    from Cryptodome.Cipher import AES, DES3
    from Cryptodome.Hash import CMAC
except ImportError:
    from Crypto.Cipher import AES, DES3
    from Crypto.Hash import CMAC

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAB = ROOT / "target/release/lab-packet"
TAR = bytes.fromhex("b20203")
LONGEST = 400

# name: block, bytes of a key, low nibble of KIc and KID, lengths of the checksum
ALGORITHMS = {
    "aes128": (16, 16, 0x2, (8, 4)),
    "aes192": (16, 24, 0x2, (8, 4)),
    "aes256": (16, 32, 0x2, (8, 4)),
    "3des": (8, 24, 0x9, (8,)),
}


def pycryptodome_encipher(name, key, data):
    if name == "3des":
        return DES3.new(key, DES3.MODE_CBC, iv=bytes(8)).encrypt(data)
    return AES.new(key, AES.MODE_CBC, iv=bytes(16)).encrypt(data)


def pycryptodome_checksum(name, key, data):
    if name == "3des":
        padded = data + bytes(-len(data) % 8)
        return DES3.new(key, DES3.MODE_CBC, iv=bytes(8)).encrypt(padded)[-8:]
    return CMAC.new(key, ciphermod=AES, msg=data).digest()


def openssl(*arguments, data):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def openssl_encipher(name, key, data):
    cipher, iv = ("des-ede3-cbc", 8) if name == "3des" else (f"aes-{8 * len(key)}-cbc", 16)
    return openssl("enc", f"-{cipher}", "-nopad", "-K", key.hex(), "-iv", "00" * iv, data=data)


def openssl_checksum(name, key, data):
    if name == "3des":
        return openssl_encipher(name, key, data + bytes(-len(data) % 8))[-8:]
    told = openssl("mac", "-cipher", f"AES-{8 * len(key)}-CBC", "-macopt", f"hexkey:{key.hex()}", "CMAC", data=data)
    return bytes.fromhex(told.decode().strip())


PYCRYPTODOME = (pycryptodome_encipher, pycryptodome_checksum)
OPENSSL = (openssl_encipher, openssl_checksum)


def ber(value):
    """The message in its BER-TLV."""
    if len(value) < 128:
        return bytes([5, len(value)]) + value
    if len(value) < 256:
        return bytes([5, 0x81, len(value)]) + value
    return bytes([5, 0x82]) + len(value).to_bytes(2, "big") + value


class Case:
    """Keys and octets of one account, at random."""

    def __init__(self, chance, name, checksum_length):
        self.name, self.checksum_length = name, checksum_length
        self.block, key_length, nibble, _ = ALGORITHMS[name]
        self.family = "3des" if name == "3des" else "aes"
        self.cipher_key, self.mac_key = self.key(chance, key_length), self.key(chance, key_length)
        self.kic = chance.randrange(16) << 4 | nibble
        self.kid = chance.randrange(16) << 4 | nibble
        self.por = chance.choice([0x00, 0x01, 0x21, 0x29, 0x39, 0x3A])

    def key(self, chance, length):
        key = chance.randbytes(length)
        # three different keys, which pycryptodome insists on too
        return DES3.adjust_key_parity(key) if self.name == "3des" else key

    def packet(self, library, counter, data, padding=None):
        """A Command Packet with `data` as its secured data; `padding` may lie."""
        encipher, checksum = library
        fill = -(6 + self.checksum_length + len(data)) % self.block
        header = bytes([13 + self.checksum_length, 0x16, self.por, self.kic, self.kid]) + TAR
        front = counter.to_bytes(5, "big") + bytes([fill if padding is None else padding])
        secured = data + bytes(fill)
        head = (len(header) + len(front) + self.checksum_length + len(secured)).to_bytes(2, "big") + header
        mac = checksum(self.name, self.mac_key, head + front + secured)[: self.checksum_length]
        return head + encipher(self.name, self.cipher_key, front + mac + secured)

    def words(self, number, data):
        return (
            f"{self.family} {self.kic:02x} {self.kid:02x} 16{self.por:02x} {TAR.hex()} {self.cipher_key.hex()} "
            f"{self.mac_key.hex()} {self.checksum_length} {number} {data.hex() or '-'}"
        )


class Packets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = subprocess.Popen([LAB], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    @classmethod
    def tearDownClass(cls):
        cls.lab.stdin.close()
        cls.lab.stdout.close()
        cls.lab.wait()

    def setUp(self):
        self.chance = random.Random(self.id())

    def ask(self, line):
        self.lab.stdin.write(line + "\n")
        answer = json.loads(self.lab.stdout.readline())
        self.assertNotIn("usage", answer)
        return answer

    def cases(self):
        for name, (_, _, _, lengths) in ALGORITHMS.items():
            for length in lengths:
                yield Case(self.chance, name, length)

    def compare(self, case, library, message):
        counter = self.chance.randrange(1, 0xFFFFFFFFFF)
        packet = case.packet(library, counter, ber(message))
        self.assertEqual(self.ask("protect " + case.words(counter, message)), {"packet": packet.hex()})
        opened = self.ask("open " + case.words(self.chance.randrange(counter), packet))
        self.assertEqual(opened, {"counter": counter, "message": message.hex(), "por": case.por})
        for last in (counter, self.chance.randrange(counter, 0xFFFFFFFFFF)):
            self.assertEqual(self.ask("open " + case.words(last, packet)), {"error": "Exists"})

    def test_every_length_of_a_message_by_pycryptodome(self):
        for case in self.cases():
            for length in range(LONGEST + 1):
                with self.subTest(algorithm=case.name, checksum=case.checksum_length, length=length):
                    self.compare(case, PYCRYPTODOME, self.chance.randbytes(length))

    def test_new_keys_for_each_packet_by_pycryptodome(self):
        for _ in range(200):
            for case in self.cases():
                self.compare(case, PYCRYPTODOME, self.chance.randbytes(self.chance.randrange(LONGEST)))

    def test_by_openssl(self):
        for case in self.cases():
            for length in [0, 1, 96, 127, 128, 255, 256, LONGEST, *self.chance.choices(range(LONGEST), k=12)]:
                with self.subTest(algorithm=case.name, checksum=case.checksum_length, length=length):
                    self.compare(case, OPENSSL, self.chance.randbytes(length))

    def test_no_packet_opens_with_a_bit_changed(self):
        for _ in range(3):
            for case in self.cases():
                for length in (0, 14, 60, 145):
                    packet = case.packet(PYCRYPTODOME, 7, ber(self.chance.randbytes(length)))
                    told = self.ask("flip " + case.words(0, packet))
                    self.assertEqual(told, {"opened": 0, "refused": 8 * len(packet)})

    def test_other_keys_open_nothing(self):
        for case in self.cases():
            packet = case.packet(PYCRYPTODOME, 7, ber(b"message"))
            for which in ("cipher_key", "mac_key"):
                own = getattr(case, which)
                setattr(case, which, case.key(self.chance, len(own)))
                self.assertEqual(self.ask("open " + case.words(0, packet)), {"error": "Unauthorized"})
                setattr(case, which, own)
            self.assertEqual(self.ask("open " + case.words(0, packet))["counter"], 7)

    def test_what_is_authentic_and_still_makes_no_sense_is_refused(self):
        for case in self.cases():
            fine = b"a message of some length"
            for data, padding in [
                (ber(fine), 0xFF),  # more padding than there is
                (b"\x04" + ber(fine)[1:], None),  # another tag
                (b"\x05\x7f" + fine, None),  # longer than what is there
                (b"\x05\x01" + fine, None),  # something behind it
                (b"\x05\x80" + fine, None),  # indefinite
                (b"\x05\x83\x00\x00\x18" + fine, None),
                (b"\x05\x81", None),
                (b"\x05", None),
                (b"", None),
            ]:
                packet = case.packet(PYCRYPTODOME, 7, data, padding)
                with self.subTest(algorithm=case.name, data=data.hex(), padding=padding):
                    self.assertEqual(self.ask("open " + case.words(0, packet)), {"error": "Malformed"})
            # BER allows lengths that are written longer than they need be
            for head in (b"\x05\x81\x18", b"\x05\x82\x00\x18"):
                opened = self.ask("open " + case.words(0, case.packet(PYCRYPTODOME, 7, head + fine)))
                self.assertEqual(opened["message"], fine.hex())

    def test_the_end_of_the_counter(self):
        for case in self.cases():
            last = case.packet(PYCRYPTODOME, 0xFFFFFFFFFE, ber(b""))
            self.assertEqual(self.ask("open " + case.words(0xFFFFFFFFFD, last))["counter"], 0xFFFFFFFFFE)
            end = case.packet(PYCRYPTODOME, 0xFFFFFFFFFF, ber(b""))
            self.assertEqual(self.ask("open " + case.words(0, end)), {"error": "Credentials"})
            self.assertEqual(self.ask("protect " + case.words(0xFFFFFFFFFF, b"")), {"error": "Credentials"})

    def test_packets_by_keys_from_the_resources(self):
        """Resource 8 in each of its readings (decision 018), from bytes to an opened packet."""
        for name, secret_length, flag in [
            ("aes128", 16, 0), ("aes128", 32, 0), ("aes192", 48, 0), ("aes256", 32, 1), ("3des", 48, 0),
        ]:
            case = Case(self.chance, name, 8)
            both = secret_length == len(case.cipher_key)
            secret = case.cipher_key if both else case.cipher_key + case.mac_key
            if both:
                case.mac_key = case.cipher_key
            parameters = bytes([case.kic, case.kid, 0x16, *TAR])
            told = self.ask(f"keys {parameters.hex()} {secret.hex()} {flag} 0")
            expected = {"cipher_key": case.cipher_key.hex(), "mac_key": case.mac_key.hex(), "mac_length": 8}
            self.assertEqual(told, expected)
            self.compare(case, PYCRYPTODOME, b"message")


if __name__ == "__main__":
    unittest.main()
