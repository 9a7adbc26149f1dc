"""Blobs that are made and printed: against bytes written down by hand, and round trips over random descriptions."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import stat
import string
import struct
import subprocess
import sys
import unittest
from typing import Any, Dict, List, Tuple
from unittest import mock

from hand import FULL, FULL_TOML, HERE, MINIMAL, MINIMAL_TOML, OMITTED, TOML, Bench, blob, object_, tlv

import description
import provision

DESCRIPTIONS = 400
NOTE_ACCESS = "there are 2 servers and no access control: a client may refuse that, or give them no rights"
URI = "C8 00 08 636F61703A2F2F61"  # coap://a
SERVER = "C10001 C40100015180 C10601 C10755"  # Short Server ID 1 and the defaults


def nosec(**more: Any) -> Dict[str, Any]:
    return {"uri": "coap://a", "mode": "nosec", "short_server_id": 1, **more}


def pair(security: str, server: str = SERVER) -> bytes:
    """A blob of one Security and one Server instance."""
    first, second = (tlv("instance", 0, bytes.fromhex(each)) for each in (security, server))
    return blob(object_(0, first), object_(1, second))


class Made(Bench):
    @TOML
    def test_blobs_written_by_hand(self) -> None:
        name = self.file("minimal.toml", MINIMAL_TOML)
        status, _, err = self.run_tool("make", name, self.folder / "minimal")
        self.assertEqual((status, err), (0, f"{name}:1: note: /0/0: {OMITTED}\n"))
        self.assertEqual((self.folder / "minimal").read_bytes(), MINIMAL)
        name = self.file("full.toml", FULL_TOML)
        status, _, err = self.run_tool("make", name, self.folder / "full")
        second = 1 + FULL_TOML[: FULL_TOML.rindex("[[server]]")].count("\n")
        self.assertEqual((status, err), (0, f"{name}:{second}: note: {NOTE_ACCESS}\n"))
        self.assertEqual((self.folder / "full").read_bytes(), FULL)

    def test_defaults_are_written_and_keys_without_use_are_empty(self) -> None:
        made = provision.make({"server": [nosec()]})
        self.assertEqual(made, pair(URI + "C10100 C10203 C003 C004 C005 C10A01"))

    def test_a_bootstrap_server_alone(self) -> None:
        made = provision.make({"bootstrap_server": {
            "uri": "coaps://b", "mode": "psk", "identity_hex": "00 01", "key_hex": "ab" * 16,
            "hold_off": 70000, "account_timeout": 3600,
        }})
        expected = "C8 00 09 636F6170733A2F2F62 C10101 C10200 C2030001 C004 C8 05 10" + "AB" * 16
        expected += "C40B00011170 C20C0E10"
        self.assertEqual(made, blob(object_(0, tlv("instance", 0, bytes.fromhex(expected)))))

    def test_resources_of_1_1(self) -> None:
        made = provision.make({"server": [nosec(
            ciphersuites=[0xC0A8, 0xAE], sni="s", matching_type=0, certificate_usage=3, pmin=1, pmax=300,
            disable_timeout=7, priority=200, initial_delay=40000, failure_block=True, bootstrap_on_failure=False,
            retry_count=3, retry_timer=61, sequence_delay=4294967295, sequence_count=2,
        )]})
        # unsigned ones have no byte for a sign: 200 is C8, 40000 is 9C40
        self.assertEqual(made, pair(
            URI + "C10100 C10203 C003 C004 C005 C10A01 C10D00 C10E73 C10F03 87 10 42 00 C0A8 41 01 AE",
            "C10001 C40100015180 C10201 C203012C C10507 C10601 C10755"
            "C10DC8 C20E9C40 C10F01 C11000 C11103 C1123D C413FFFFFFFF C11402",
        ))

    def test_access_control_as_the_specification_shows_it(self) -> None:
        # TS 1.0 section 6.4.3.2 B), but for its 86, which should be 87: the ACL of /2/2 is 7 bytes
        servers = [nosec(short_server_id=127), nosec(short_server_id=310)]
        access = [
            {"object": 1, "instance": 0, "owner": 127, "rights": {"127": "RWE"}},
            {"id": 2, "object": 3, "instance": 0, "owner": 127, "rights": {"127": "EWR", "310": 1}},
            {"object": 3303, "owner": "bootstrap", "rights": {"0": "C"}},
        ]
        made = provision.make({"server": servers, "access": access})
        expected = object_(2, bytes.fromhex(
            "08 00 0E C10001 C10100 83 02 41 7F 07 C1037F"
            "08 01 15 C2000CE7 C4010000FFFF 83 02 41 00 10 C4030000FFFF"
            "08 02 12 C10003 C10100 87 02 41 7F 07 61 0136 01 C1037F"
        ))
        self.assertEqual(made[-len(expected):], expected)

    def test_versions(self) -> None:
        made = provision.make({
            "version": {"security": "1.1", "server": "255.0", "access": "1.255"},
            "server": [nosec()],
            "access": [{"object": 3, "owner": 1}],
        })
        file = provision.parse(made)
        self.assertEqual([each.version for each in file.objects], [(1, 1), (255, 0), (1, 255)])
        self.assertEqual(made[4:8], bytes.fromhex("0000 01 01"))

    def test_padding_is_ff_up_to_the_size(self) -> None:
        text = json.dumps({"server": [nosec()], "pad": 100})
        made = self.make(text, name="a.json")
        self.assertEqual((len(made), made.rstrip(b"\xff")), (100, pair(URI + "C10100 C10203 C003 C004 C005 C10A01")))
        self.assertEqual(len(self.make(text, "--pad", "0x80", name="a.json")), 128, "the option comes first")

    def test_the_file_is_for_its_owner_alone_and_whole(self) -> None:
        self.make(json.dumps({"server": [nosec()]}), name="a.json")
        self.assertEqual(stat.S_IMODE((self.folder / "device.blob").stat().st_mode), 0o600)
        before = (self.folder / "device.blob").read_bytes()
        with mock.patch("os.replace", side_effect=OSError(28, "No space left on device", "device.blob")):
            name = self.file("b.json", json.dumps({"server": [nosec(lifetime=1)]}))
            status, _, err = self.run_tool("make", name, self.folder / "device.blob")
        self.assertEqual((status, err), (1, "device.blob: No space left on device\n"))
        self.assertEqual((self.folder / "device.blob").read_bytes(), before)
        self.assertEqual(sorted(each.name for each in self.folder.iterdir()), ["a.json", "b.json", "device.blob"])

    @TOML
    def test_the_example(self) -> None:
        made = self.make((HERE / "example.toml").read_text())
        file = provision.parse(made)
        self.assertEqual([each.id for each in file.objects], [0, 1, 2, 3303])
        self.assertEqual(self.run_tool("check", self.file("x", made))[0], 0)

    def test_as_a_program(self) -> None:
        name, out = self.file("a.json", json.dumps({"server": [nosec()]})), self.folder / "a.blob"
        command = [sys.executable, str(HERE / "provision.py")]
        done = subprocess.run([*command, "make", name, out], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, f"{out}: {out.stat().st_size} bytes, server 1\n")
        done = subprocess.run([*command, "print", out], capture_output=True, text=True, check=True)
        self.assertIn('uri = "coap://a"\n', done.stdout)


class Values(unittest.TestCase):
    def test_every_type(self) -> None:
        for kind, value, data in (
            ("string", "", ""), ("string", "°C", "C2B043"), ("corelnk", "</3>", "3C2F333E"),
            ("integer", 0, "00"), ("integer", 127, "7F"), ("integer", 128, "0080"), ("integer", -128, "80"),
            ("integer", -129, "FF7F"), ("integer", 32768, "00008000"), ("integer", 2**31, "0000000080000000"),
            ("integer", -(2**63), "8000000000000000"), ("time", 1700000000, "6553F100"),
            ("unsigned", 255, "FF"), ("unsigned", 256, "0100"), ("unsigned", 2**64 - 1, "FF" * 8),
            ("float", 1, "3FF0000000000000"), ("float", -40.5, "C044400000000000"),
            ("boolean", True, "01"), ("boolean", False, "00"), ("opaque", "0a 0B:0c", "0A0B0C"), ("opaque", "", ""),
            ("objlnk", "66:0", "00420000"), ("objlnk", "65535:65535", "FFFFFFFF"),
        ):
            with self.subTest(type=kind, value=value):
                entry = {"id": 7, "type": kind, "value": value}
                made = provision.make({"object": [{"id": 9, "instance": [{"id": 300, "resource": [entry]}]}]}, checked=False)
                expected = tlv("instance", 300, tlv("resource", 7, bytes.fromhex(data)))
                self.assertEqual(made, blob(object_(9, expected)))

    def test_lengths_at_the_borders(self) -> None:
        for size in (0, 7, 8, 255, 256, 65500):
            entry = {"id": 256, "type": "opaque", "values": {"0": "00" * size}}
            made = provision.make({"object": [{"id": 9, "instance": [{"id": 0, "resource": [entry]}]}]}, checked=False)
            expected = tlv("instance", 0, tlv("multiple", 256, tlv("part", 0, bytes(size))))
            self.assertEqual(made, blob(object_(9, expected)), size)


class Files(Bench):
    """Keys and certificates from files; those of openssl(1) where it is installed."""

    def der(self, tag: int, *content: bytes) -> bytes:
        body = b"".join(content)
        size = bytes([len(body)]) if len(body) < 128 else bytes([0x82]) + struct.pack(">H", len(body))
        return bytes([tag]) + size + body

    def account(self, **more: Any) -> Dict[str, Any]:
        return {"server": [{"uri": "coaps://a", "short_server_id": 1, **more}]}

    def test_a_psk_from_files_is_taken_as_it_is(self) -> None:
        self.file("id", b"me\n")
        self.file("key", bytes(range(16)))
        made = provision.make(self.account(mode="psk", identity_file="id", key_file="key"), self.folder)
        self.assertIn(bytes.fromhex("C303 6D650A C004 C8 05 10 000102030405060708090A0B0C0D0E0F"), made)

    def test_a_server_certificate_by_its_hash(self) -> None:
        oid, bits = self.der(6, b"\x2a\x03"), self.der(3, b"\0\4")
        number, algorithm = self.der(2, b"\1"), self.der(0x30, oid)
        certificate = self.der(0x30, self.der(0x30, *[number] * 6, bytes(0)), algorithm, bits)
        private = self.der(0x30, self.der(2, b"\0"), algorithm, self.der(4, b"\0"))
        for matching, name in ((1, "sha256"), (2, "sha384"), (3, "sha512")):
            digest = hashlib.new(name, b"certificate").hexdigest()
            made = provision.make(self.account(
                mode="x509", identity_hex=certificate.hex(), key_hex=private.hex(), server_key_hex=digest,
                matching_type=matching,
            ))
            self.assertIn(bytes.fromhex("C804" + format(len(digest) // 2, "02X") + digest), made)

    @unittest.skipUnless(shutil.which("openssl"), "no openssl")
    def test_pem_and_der_of_openssl(self) -> None:
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", "sec1.pem")
        self.openssl("pkcs8", "-topk8", "-nocrypt", "-in", "sec1.pem", "-out", "key.pem")
        self.openssl("pkcs8", "-topk8", "-nocrypt", "-in", "sec1.pem", "-outform", "DER", "-out", "key.der")
        self.openssl("req", "-x509", "-key", "sec1.pem", "-subj", "/CN=a", "-days", "9", "-out", "crt.pem")
        self.openssl("x509", "-in", "crt.pem", "-outform", "DER", "-out", "crt.der")
        self.openssl("ec", "-in", "sec1.pem", "-pubout", "-out", "pub.pem")
        self.openssl("ec", "-in", "sec1.pem", "-pubout", "-outform", "DER", "-out", "pub.der")
        for mode, stem in (("x509", "crt"), ("rpk", "pub")):
            made = [provision.make(self.account(
                mode=mode, identity_file=f"{stem}.{form}", server_key_file=f"{stem}.{form}", key_file=f"key.{form}",
            ), self.folder) for form in ("pem", "der")]
            self.assertEqual(made[0], made[1])
            whole = (self.folder / f"{stem}.der").read_bytes()
            self.assertIn(tlv("resource", 3, whole) + tlv("resource", 4, whole), made[0])
            self.assertIn(tlv("resource", 5, (self.folder / "key.der").read_bytes()), made[0])
        (self.folder / "chain.pem").write_bytes((self.folder / "crt.pem").read_bytes() * 2)
        made_of_chain = provision.make(self.account(
            mode="x509", identity_file="chain.pem", server_key_file="crt.pem", key_file="key.pem"), self.folder)
        self.assertIn(tlv("resource", 3, (self.folder / "crt.der").read_bytes() * 2), made_of_chain)
        self.refused_of_openssl()

    def refused_of_openssl(self) -> None:
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "other.pem")
        self.openssl("pkcs8", "-topk8", "-in", "sec1.pem", "-passout", "pass:a", "-out", "locked.pem")
        good = {"identity_file": "crt.pem", "server_key_file": "crt.pem", "key_file": "key.pem"}
        key, own = "server[0].key_file: /0/0/5 Secret Key: ", "server[0].identity_file: /0/0/3 Public Key or Identity: "
        wanted = f"{key}a private key (PKCS #8) in DER is expected; this is "
        for changed, sentence in (
            ({"key_file": "other.pem"}, f"{key}the private key is not that of the Public Key or Identity, resource 3"),
            ({"key_file": "sec1.pem"}, f"{wanted}an EC private key as SEC 1 has it; "
                                       "`openssl pkcs8 -topk8 -nocrypt` makes PKCS #8 of it"),
            ({"key_file": "locked.pem"}, f"{wanted}an encrypted private key; a device cannot ask for the password, "
                                         "`openssl pkcs8` takes it off"),
            ({"identity_file": "pub.pem"}, f"{own}a certificate in DER is expected; "
                                           "this is a public key (SubjectPublicKeyInfo)"),
        ):
            with self.assertRaises(provision.Refused) as caught:
                provision.make(self.account(mode="x509", **{**good, **changed}), self.folder)
            self.assertEqual(str(caught.exception), sentence)

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


class Printed(Bench):
    def shown(self, data: bytes, *options: str) -> str:
        status, out, err = self.run_tool("print", self.file("blob", data), *options)
        self.assertEqual((status, err), (0, ""))
        return out

    def test_descriptions_come_back(self) -> None:
        self.assertEqual(self.shown(MINIMAL), f"# note: byte 9: /0/0: {OMITTED}\n\n{MINIMAL_TOML}", "nothing to hide")
        self.assertEqual(self.shown(FULL, "--secrets"), f"# note: byte 181: {NOTE_ACCESS}\n\n{FULL_TOML}")

    def test_keys_are_hidden(self) -> None:
        out = self.shown(FULL)
        for secret in ("00112233", "FFEEDDCC", "0C1A2B3D"):
            self.assertIn(secret, FULL_TOML)
            self.assertNotIn(secret, out)
        self.assertEqual(out.count('_hex = "***"'), 3)
        self.assertIn("# *** hides what may be a key; --secrets shows it\n", out)

    def test_keys_are_hidden_however_the_blob_is_written(self) -> None:
        secret = bytes.fromhex("5EC2E75EC2E75EC2E75EC2E75EC2E7AA")
        text = secret.hex().upper()
        padded = b"\xc8\x05\x10" + secret
        long_form = b"\xd0\x05\x00\x10" + secret  # a length of two bytes, as no writer needs it
        for name, data in (
            ("no account", blob(object_(0, tlv("instance", 0, padded)))),
            ("long TLV", blob(object_(0, tlv("instance", 0, long_form)))),
            ("unknown resource", blob(object_(0, tlv("instance", 0, tlv("resource", 99, secret))))),
            ("unknown object", blob(object_(21, tlv("instance", 0, tlv("resource", 1, secret))))),
            ("multiple", blob(object_(21, tlv("instance", 0, tlv("multiple", 1, tlv("part", 7, secret)))))),
            ("behind the record", blob() + secret),
        ):
            with self.subTest(name):
                self.assertNotIn(text, self.shown(data).upper())
                self.assertIn(text, self.shown(data, "--secrets").upper())

    @TOML
    def test_a_hidden_key_cannot_be_made(self) -> None:
        name = self.file("shown.toml", self.shown(FULL))
        status, _, err = self.run_tool("make", name, self.folder / "out")
        line = 1 + name.read_text().splitlines().index('key_hex = "***"')
        wanted = "the value is hidden (***); print with --secrets gives a description that has it"
        self.assertEqual((status, err), (1, f"{name}:{line}: {wanted}\n"))
        self.assertFalse((self.folder / "out").exists())

    @TOML
    def test_whatever_is_well_formed_comes_back(self) -> None:
        one = tlv("instance", 0, tlv("resource", 0, b"coap://a"))
        for name, data in (
            ("nothing", blob()),
            ("no instances", blob(object_(0, b""), object_(1, b""))),
            ("empty instance", blob(object_(5, tlv("instance", 0, b"")))),
            ("objects in another order", blob(*[object_(number, one) for number in (9, 1, 0, 2)])),
            ("object twice", blob(object_(0, one), object_(0, one))),
            ("instances in another order", blob(object_(9, tlv("instance", 1, b"") + tlv("instance", 0, b"")))),
            ("instance twice", blob(object_(0, one + one))),
            ("resource twice", blob(object_(0, tlv("instance", 0, tlv("resource", 3, b"a") + tlv("resource", 3, b"b"))))),
            ("part twice", blob(object_(9, tlv("instance", 0, tlv("multiple", 3, 2 * tlv("part", 3, b"a")))))),
            ("empty multiple", blob(object_(0, tlv("instance", 0, tlv("multiple", 16, b""))))),
            ("long identifier", blob(object_(0, bytes.fromhex("28 0000 00")))),
            ("long length", blob(object_(9, bytes.fromhex("18 00 000003 C10001")))),
            ("explicit 1.0", blob(object_(0, one, "0100"))),
            ("version 2.5", blob(object_(0x8123, tlv("instance", 0, tlv("resource", 0, b"hi")), "0205"))),
            ("line breaks", blob(object_(1, tlv("instance", 0, tlv("resource", 7, b'a\n"\\\x7f\x00\xc2\x85'))))),
            ("padding", MINIMAL + b"\xff" * 7),
            ("other bytes behind it", MINIMAL + b"\xff\x00"),
            ("padding beyond 32 KB", MINIMAL + b"\xff" * 32768),
            ("integer longer than needed", pair(URI + "C10100 C10203 C20A0001")),
        ):
            with self.subTest(name):
                shown = self.file("shown.toml", self.shown(data, "--secrets"))
                status, _, err = self.run_tool("make", shown, self.folder / "again", "--no-check")
                self.assertEqual(status, 0, err)
                self.assertEqual((self.folder / "again").read_bytes(), data)

    def test_what_does_not_hold_together_is_shown_with_the_reason(self) -> None:
        out = self.shown(blob())
        self.assertEqual(out, "# wrong: byte 0: there is neither a server account nor one of a bootstrap server\n"
                              "# make takes it with --no-check only\n\n")


class RoundTrips(unittest.TestCase):
    """Random descriptions in the form in which `describe` writes them: they must come back as they were."""

    def test_random_descriptions(self) -> None:
        seen = set()
        for seed in range(DESCRIPTIONS):
            found, objects = Random(seed).description()
            with self.subTest(seed=seed):
                made = provision.make(found, checked=False)
                self.assertTrue(made.rstrip(b"\xff").endswith(objects.rstrip(b"\xff")), "objects as written by hand")
                self.assertEqual(provision.describe(provision.parse(made)), found)
                if description.tomllib:
                    text = provision.to_toml(found)
                    self.assertEqual(description.tomllib.loads(text), found)
                seen.add(made)
        self.assertGreater(len(seen), DESCRIPTIONS * 9 // 10, "they differ")


class Random:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def maybe(self, table: Dict[str, Any], key: str, value: Any) -> None:
        if self.random.random() < 0.4:
            table[key] = value

    def number(self, bits: int = 32) -> int:
        return self.random.getrandbits(self.random.randrange(1, bits))

    def text(self, most: int = 20) -> str:
        letters = string.printable[:95] + "äß€😀"
        return "".join(self.random.choices(letters, k=self.random.randrange(1, most)))

    def octets(self, most: int = 300) -> bytes:
        # C1 alone is no UTF-8: this is never taken for text
        return b"\xc1" + self.random.randbytes(self.random.randrange(most))

    def description(self) -> Tuple[Dict[str, Any], bytes]:
        """A description, and the bytes of the objects at its end."""
        found: Dict[str, Any] = {}
        servers = [self.account(ssid) for ssid in self.random.sample(range(1, 65535), self.random.randrange(3))]
        if self.random.random() < 0.5:
            found["bootstrap_server"] = self.security()
            self.maybe(found["bootstrap_server"], "hold_off", self.number())
            self.maybe(found["bootstrap_server"], "account_timeout", self.number())
        if servers:
            found["server"] = servers
        self.number_instances(found)
        entries = [self.access() for _ in range(self.random.randrange(3))]
        if entries:
            found["access"] = entries
        self.maybe(found, "pad", 32768)
        there = ["security"] * ("bootstrap_server" in found or bool(servers)) + ["server"] * bool(servers)
        there += ["access"] * bool(entries)
        if there:
            self.maybe(found, "version", {key: f"1.{self.random.randrange(256)}" for key in there})
        made = [self.object(number) for number in self.random.sample(range(3, 65536), self.random.randrange(3))]
        if made:
            found["object"] = [each for each, _ in made]
        return found, b"".join(data for _, data in made)

    def number_instances(self, found: Dict[str, Any]) -> None:
        """Sometimes with IDs, which then are not those without."""
        if self.random.random() < 0.5:
            return
        servers, bootstrap = found.get("server", []), found.get("bootstrap_server")
        numbers = sorted(self.random.sample(range(10, 65535), len(servers)))
        for account, number in zip(servers, numbers):
            account["security_instance"] = number
        if bootstrap:
            bootstrap["security_instance"] = self.random.randrange(1, 9)
        for account, number in zip(servers, self.random.sample(range(10, 65535), len(servers))):
            account["server_instance"] = number

    def security(self) -> Dict[str, Any]:
        mode = self.random.choice(["nosec", "psk", "rpk", "x509", "est", 9])
        account = {"uri": self.text(60), "mode": mode}
        omitted = []
        for key in ("identity", "server_key", "key"):
            choice = self.random.random()
            if choice < 0.2:
                omitted.append(key)
            elif choice < 0.4 and key == "identity" and mode == "psk":
                account["identity"] = self.text()
            elif choice < 0.8:
                account[f"{key}_hex"] = self.octets().hex().upper()
        if omitted:
            account["omit"] = omitted
        self.maybe(account, "sms_mode", self.number(8))
        self.maybe(account, "sms_parameters_hex", self.octets(7).hex().upper())
        self.maybe(account, "sms_number", self.text())
        self.maybe(account, "sni", self.text())
        self.maybe(account, "matching_type", self.number(3))
        self.maybe(account, "ciphersuites", [self.number(17) for _ in range(self.random.randrange(4))])
        self.maybe(account, "oscore", f"{self.number(16)}:{self.number(16)}")
        return account

    def account(self, ssid: int) -> Dict[str, Any]:
        account = {**self.security(), "short_server_id": ssid, "lifetime": self.number(), "binding": self.text(4)}
        account["storing"] = self.random.random() < 0.5
        for key in ("pmin", "pmax", "disable_timeout", "priority", "initial_delay", "retry_count", "retry_timer"):
            self.maybe(account, key, self.number())
        self.maybe(account, "failure_block", True)
        self.maybe(account, "mute_send", False)
        return account

    def access(self) -> Dict[str, Any]:
        entry: Dict[str, Any] = {"object": self.number(16), "owner": self.random.choice(["bootstrap", self.number(15)])}
        self.maybe(entry, "instance", self.number(15))
        letters = ["".join(each for each in "RWEDC" if self.random.random() < 0.5) for _ in range(3)]
        numbers = self.random.sample(range(65536), self.random.randrange(4))
        self.maybe(entry, "rights", {str(number): self.random.choice(letters + [77]) for number in numbers})
        return entry

    def object(self, number: int) -> Tuple[Dict[str, Any], bytes]:
        found: Dict[str, Any] = {"id": number}
        version, instances, data = "00", [], b""
        if self.random.random() < 0.4:
            major, minor = self.random.randrange(1, 256), self.random.randrange(256)
            found["version"], version = f"{major}.{minor}", f"{major:02x}{minor:02x}"
        for instance in self.random.sample(range(65536), self.random.randrange(3)):
            resources = [self.resource(each) for each in self.random.sample(range(65536), self.random.randrange(1, 4))]
            instances.append({"id": instance, "resource": [each for each, _ in resources]})
            data += tlv("instance", instance, b"".join(each for _, each in resources))
        if instances:
            found["instance"] = instances
        return found, object_(number, data, version)

    def resource(self, number: int) -> Tuple[Dict[str, Any], bytes]:
        kind = self.random.choice(["string", "opaque"])
        values: List[Any] = [self.text() if kind == "string" else self.octets() for _ in range(3)]
        data = [each.encode() if kind == "string" else each for each in values]
        shown = [each if kind == "string" else each.hex().upper() for each in values]
        if self.random.random() < 0.6:
            return {"id": number, "type": kind, "value": shown[0]}, tlv("resource", number, data[0])
        numbers = self.random.choice([[0, 1, 2], self.random.sample(range(65536), 3)])
        parts = b"".join(tlv("part", each, value) for each, value in zip(numbers, data))
        named = shown if numbers == [0, 1, 2] else {str(each): value for each, value in zip(numbers, shown)}
        return {"id": number, "type": kind, "values": named}, tlv("multiple", number, parts)


if __name__ == "__main__":
    unittest.main()
