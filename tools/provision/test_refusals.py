"""Each refusal of `make` and `check`: the line or byte that it names, and the sentence.

In the descriptions below #! marks the line that is to be named."""

from __future__ import annotations

import json
import unittest
from typing import Any, List, Tuple
from unittest import mock

from hand import MINIMAL, OMITTED, TOML, Bench, blob, object_, tlv

import description
import provision

# An account that is right; a case changes a line of it or adds one.
PSK = """\
[[server]]
short_server_id = 1
uri = "coaps://a"
mode = "psk"
identity = "me"
key_hex = "000102030405060708090A0B0C0D0E0F"
"""
NOSEC = """\
[[server]]
short_server_id = 1
uri = "coap://a"
mode = "nosec"
"""
BOOTSTRAP = """\
[bootstrap_server]
uri = "coap://b"
mode = "nosec"
"""
# Handmade DER: a certificate, a public and a private key by their outlines.
CERTIFICATE = "301F 3012 020101 020101 020101 020101 020101 020101 300406022A03 0303000405".replace(" ", "")
PUBLIC = "300B 300406022A03 0303000405".replace(" ", "")
PRIVATE = "300C 020100 300406022A03 0401AA".replace(" ", "")
X509 = f"""\
[[server]]
short_server_id = 1
uri = "coaps://a"
mode = "x509"
identity_hex = "{CERTIFICATE}"
server_key_hex = "{CERTIFICATE}"
key_hex = "{PRIVATE}"
"""
RPK = X509.replace(CERTIFICATE, PUBLIC).replace("x509", "rpk")

MODES = "psk, rpk, x509, nosec, est"
TYPES = "string, integer, unsigned, float, boolean, opaque, time, objlnk, corelnk"
NEITHER = "there is neither a server account nor one of a bootstrap server"


def swap(text: str, key: str, line: str) -> str:
    """The account with another line for a key, which is marked."""
    lines = text.splitlines()
    at = next(n for n, each in enumerate(lines) if each.startswith(f"{key} ="))
    lines[at] = f"{line} #!"
    return "\n".join(lines)


def less(text: str, *keys: str) -> str:
    """The account without some keys, its first line marked."""
    lines = [each for each in text.splitlines() if each.split(" ")[0] not in keys]
    return "\n".join([f"{lines[0]} #!", *lines[1:]])


def resource(line: str) -> str:
    return f"{NOSEC}[[object]]\nid = 9\n[[object.instance]]\nid = 0\nresource = [\n{{ id = 1, {line} }}, #!\n]\n"


def access(*lines: str) -> str:
    return f"{NOSEC}[[access]]\nobject = 3\nowner = 1\n" + "\n".join(lines)


# What cannot be written.
FORM: List[Tuple[str, str]] = [
    ("server = 1 #!", "several are possible: [[server]] is expected, or a list of tables"),
    ("server = [\n1, #!\n]", "a table with keys is expected"),
    ("bootstrap_server = 'a' #!", "a table with keys is expected"),
    (less(PSK, "uri"), '"uri" is missing'),
    (less(PSK, "mode"), '"mode" is missing'),
    (less(PSK, "short_server_id"), '"short_server_id" is missing'),
    (PSK + "lifetme = 1 #!", '"lifetme" is no key that is known here; is it "lifetime"?'),
    (PSK + "zzz = 1 #!", '"zzz" is no key that is known here'),
    (BOOTSTRAP + "lifetime = 1 #!", '"lifetime" is no key that is known here'),
    (PSK + "hold_off = 1 #!", '"hold_off" is of a bootstrap server only'),
    (PSK + "account_timeout = 1 #!", '"account_timeout" is of a bootstrap server only'),
    (swap(PSK, "mode", 'mode = "PSK"'), f'"PSK" is no mode; {MODES} are'),
    (swap(PSK, "mode", "mode = []"), "a whole number is expected"),
    (swap(PSK, "uri", "uri = 1"), "text is expected"),
    (swap(PSK, "short_server_id", 'short_server_id = "1"'), "a whole number is expected"),
    (swap(PSK, "short_server_id", "short_server_id = true"), "a whole number is expected"),
    (PSK + "lifetime = 9223372036854775808 #!", "9223372036854775808 does not fit 64 bits"),
    (PSK + "priority = -1 #!", "-1 does not fit 64 bits without a sign"),
    (PSK + "storing = 1 #!", "true or false is expected"),
    (PSK + 'oscore = "21" #!', '"21" is no link; "object:instance" is expected, each at most 65535'),
    (PSK + 'oscore = "21:65536" #!', '"21:65536" is no link; "object:instance" is expected, each at most 65535'),
    (PSK + "ciphersuites = 1 #!", "a list of values is expected, or a table with the number of each"),
    (PSK + 'ciphersuites = [\n1,\n"a", #!\n]', "a whole number is expected"),
    (PSK + "security_instance = 65536 #!", "a number from 0 to 65535 is expected"),
    (PSK + 'omit = ["uri"] #!', "a list out of identity, server_key, key is expected"),
    (PSK + "omit = 1 #!", "a list out of identity, server_key, key is expected"),
    (swap(PSK, "key_hex", 'key_hex = "00F"'), "3 hexadecimal digits; a whole number of bytes needs an even number of them"),
    (swap(PSK, "key_hex", 'key_hex = "0g"'), '"g" is no hexadecimal digit'),
    (swap(PSK, "key_hex", "key_hex = 10"), "text in hexadecimal is expected"),
    (swap(PSK, "key_hex", 'key = "secret"'), "key is bytes: key_hex or key_file is expected"),
    (swap(PSK, "identity", 'identity_hex = "00" #!\nidentity = "a"').replace('"a" #!', '"a"'),
     "identity_hex and identity say the same; one is expected"),
    (swap(PSK, "key_hex", "key_file = 1"), "the name of a file is expected"),
    (swap(PSK, "key_hex", 'key_file = "nothing"'), "nothing cannot be read: No such file or directory"),
    (swap(PSK, "key_hex", 'key_file = "hexadecimal"'),
     "hexadecimal is text in hexadecimal; the bytes themselves are expected, or the digits as …_hex"),
    (swap(X509, "key_hex", 'key_file = "no-end.pem"'), "the PEM block has no end"),
    (swap(X509, "key_hex", 'key_file = "no-base64.pem"'),
     "the PEM block is no base64; encrypted ones are not supported"),
    (PSK + "[version]\nsecurity = 1 #!", 'a version as "1.1" is expected, from 1.0 to 255.255'),
    (PSK + '[version]\nserver = "0.9" #!', 'a version as "1.1" is expected, from 1.0 to 255.255'),
    (PSK + '[version]\naccess = "1.256" #!', 'a version as "1.1" is expected, from 1.0 to 255.255'),
    (PSK + '[version]\nacces = "1.1" #!', '"acces" is no key that is known here; is it "access"?'),
    ("pad = 32769 #!\n" + PSK, "a number from 0 to 32768 is expected"),
    ("pad = 8 #!\n" + PSK, "the record takes 81 bytes, 73 more than it is padded to"),
    ('pad = 99\ntail_hex = "00" #!\n' + PSK, "pad and tail_hex both say what stands behind the record"),
    (access("rights = 1 #!"), "a list of values is expected, or a table with the number of each"),
    (access('rights = { 1 = "RX" } #!'), '"RX" are no rights; letters of RWEDC are, Read, Write, Execute, Delete, Create'),
    (access('rights = { 1 = "RR" } #!'), '"RR" are no rights; letters of RWEDC are, Read, Write, Execute, Delete, Create'),
    (access('rights = { a = "R" } #!'), '"a" is no number of a resource instance; 0 to 65535 are'),
    (access('rights = { 65536 = "R" } #!'), '"65536" is no number of a resource instance; 0 to 65535 are'),
    (access().replace("owner = 1", 'owner = "all" #!'), "a number from 0 to 65535 is expected"),
    (access().replace("object = 3", "object = true #!"), "a number from 0 to 65535 is expected"),
    (NOSEC + "[[access]] #!\nobject = 3", '"owner" is missing'),
    (NOSEC + "[[object]] #!", '"id" is missing'),
    (NOSEC + '[[object]]\nid = 9\npayload_hex = "C0" #!',
     "byte 0: an object instance was expected; the TLV type C0 is a resource"),
    (resource("type = 'text', value = 'a'"), f'"text" is no type; {TYPES} are'),
    (resource("type = 'string'"), "one of value, values (of a multiple resource) and file is expected"),
    (resource("type = 'string', value = 'a', values = ['a']"),
     "one of value, values (of a multiple resource) and file is expected"),
    (resource("type = 'string', file = 'a'"), "a file is for the type opaque, not string"),
    (resource("type = 'float', value = 'a'"), "a number is expected"),
    (resource("type = 'float', value = 1" + "0" * 309), "the number is too large for a float"),
    (resource("type = 'opaque', value = '***'"),
     "the value is hidden (***); print with --secrets gives a description that has it"),
    (NOSEC + '[[object]] #!\nid = 9\n[[object.instance]]\nid = 0\nresource = [{ id = 1, type = "opaque", file = "large" }]',
     "/9 takes 70010 bytes, a length has room for 65535"),
]

# What does not hold together: the path of the resource is part of the sentence.
TOGETHER: List[Tuple[str, str]] = [
    ("#!", NEITHER),
    (swap(PSK, "uri", 'uri = "coap://a"'), "/0/0/0 LwM2M Server URI: the scheme coap goes with nosec, but the mode is psk"),
    (swap(NOSEC, "uri", 'uri = "coaps://a"'),
     "/0/0/0 LwM2M Server URI: the scheme coaps goes with psk, rpk or x509, but the mode is nosec"),
    *[(swap(NOSEC, "uri", f'uri = "{uri}"'), f'/0/0/0 LwM2M Server URI: "{uri}" is no URI of a server; '
       "coap://host:port or coaps://host:port is expected") for uri in ("", "http://a", "a")],
    *[(swap(NOSEC, "uri", f'uri = "{uri}"'), f'/0/0/0 LwM2M Server URI: "{uri}" has no host and port; '
       "coap://host:port is expected") for uri in ("coap://", "coap:a", "coap://a:0", "coap://a:65536", "coap://[::1",
                                                   "coap://a b", "coap://a:999999", "coap://u@a")],
    (swap(NOSEC, "uri", 'uri = "tel:+1"'), "/0/0/0 LwM2M Server URI: tel: needs an SMS Security Mode"),
    (swap(NOSEC, "uri", f'uri = "coap://{"a" * 250}"'), "/0/0/0 LwM2M Server URI: 257 bytes are too long; 255 are the most"),
    (swap(PSK, "mode", 'mode = "est"'), "/0/0/2 Security Mode: mode 4 is none that a client of 1.0 has: "
     "0 psk, 1 rpk, 2 x509, 3 nosec"),
    (less(PSK, "identity"), "/0/0/3 Public Key or Identity: the mode psk needs resource 3, and it is empty"),
    (less(PSK, "key_hex"), "/0/0/5 Secret Key: the mode psk needs resource 5, and it is empty"),
    (less(PSK, "key_hex") + '\nomit = ["key"]', "/0/0/5 Secret Key: the mode psk needs resource 5, and it is missing"),
    (less(RPK, "server_key_hex"), "/0/0/4 Server Public Key: the mode rpk needs resource 4, and it is empty"),
    (less(X509, "server_key_hex"), "/0/0/4 Server Public Key: the mode x509 needs resource 4, and it is empty"),
    (NOSEC + 'key_hex = "00" #!', "/0/0/5 Secret Key: the mode nosec has no use for it, but it is 1 bytes"),
    (PSK + 'server_key_hex = "00" #!', "/0/0/4 Server Public Key: the mode psk has no use for it, but it is 1 bytes"),
    (swap(PSK, "identity", f'identity = "{"a" * 129}"'),
     "/0/0/3 Public Key or Identity: 129 bytes are too long; a client need not take more than 128"),
    (swap(PSK, "key_hex", f'key_hex = "{"a" * 130}"'),
     "/0/0/5 Secret Key: 65 bytes are too long; a client need not take more than 64"),
    (swap(X509, "identity_hex", f'identity_hex = "{PRIVATE}"'),
     "/0/0/3 Public Key or Identity: a certificate in DER is expected; this is a private key (PKCS #8)"),
    (swap(X509, "key_hex", f'key_hex = "{CERTIFICATE}"'),
     "/0/0/5 Secret Key: a private key (PKCS #8) in DER is expected; this is a certificate"),
    (swap(X509, "server_key_hex", f'server_key_hex = "{CERTIFICATE[:-2]}"'),
     "/0/0/4 Server Public Key: a certificate in DER is expected; this is nothing of the kind, or cut off"),
    (swap(RPK, "server_key_hex", f'server_key_hex = "{CERTIFICATE}"'),
     "/0/0/4 Server Public Key: a public key (SubjectPublicKeyInfo) in DER is expected; this is a certificate"),
    (swap(X509, "server_key_hex", f'server_key_hex = "{"00" * 31}"') + "\nmatching_type = 1",
     "/0/0/4 Server Public Key: a hash of 32 bytes, as the Matching Type 1 says, is expected; these are 31"),
    (X509 + "matching_type = 4 #!", "/0/0/13 Matching Type: 4 is not within 0 to 3"),
    (X509 + "certificate_usage = 4 #!", "/0/0/15 Certificate Usage: 4 is not within 0 to 3"),
    (X509 + 'sni = "a b" #!', "/0/0/14 SNI: a host name is expected"),
    (X509 + "ciphersuites = [65536] #!", "/0/0/16 DTLS/TLS Ciphersuite: a cipher suite has 16 bits"),
    (BOOTSTRAP + "hold_off = -1 #!", "/0/0/11 Client Hold Off Time: -1 is not within 0 to 4294967295"),
    (BOOTSTRAP + "account_timeout = 4294967296 #!",
     "/0/0/12 Bootstrap-Server Account Timeout: 4294967296 is not within 0 to 4294967295"),
    (NOSEC + "sms_mode = 4 #!", "/0/0/6 SMS Security Mode: 4 is reserved; 1 DTLS, 2 secured packets, 3 NoSec"),
    (RPK + "sms_mode = 1 #!", "/0/0/6 SMS Security Mode: 1 is DTLS with a pre-shared key, but the mode is rpk"),
    (less(NOSEC) + '\nsms_mode = 1\nidentity = "me"',
     "/0/0/5 Secret Key: SMS Security Mode 1 needs resource 5, and it is empty"),
    (less(NOSEC) + f'\nsms_mode = 2\nsms_keys_hex = "{"00" * 16}"',
     "/0/0/7 SMS Binding Key Parameters: secured packets (SMS Security Mode 2) need resource 7"),
    (less(NOSEC) + '\nsms_mode = 2\nsms_parameters_hex = "000000000000"',
     "/0/0/8 SMS Binding Secret Key(s): secured packets (SMS Security Mode 2) need resource 8"),
    (NOSEC + 'sms_parameters_hex = "00" #!', "/0/0/7 SMS Binding Key Parameters: 6 or 7 bytes are expected; these are 1"),
    (NOSEC + 'sms_keys_hex = "00" #!', "/0/0/8 SMS Binding Secret Key(s): 16, 32 or 48 bytes are expected; these are 1"),
    (NOSEC + 'sms_number = "1-2" #!',
     '/0/0/9 LwM2M Server SMS Number: "1-2" is no telephone number; digits are, with + in front or not'),
    (swap(PSK, "short_server_id", "short_server_id = 65535"),
     "/0/0/10 Short Server ID: 65535 is not within 1 to 65534 | /1/0/0 Short Server ID: 65535 is not within 1 to 65534 | "
     + NEITHER),
    (PSK + NOSEC.replace("_id = 1", "_id = 1 #!"), "/0/1/10 Short Server ID: 1 is the Short Server ID of /0/0 already | "
     "/1/1/0 Short Server ID: 1 is the Short Server ID of /1/0 already"),
    (PSK + "security_instance = 3\n" + less(NOSEC).replace("_id = 1", "_id = 2") + "\nsecurity_instance = 3",
     "/0/3: the instance stands more than once"),
    (less(PSK) + "\nsecurity_instance = 65535", "/0/65535: 65535 is reserved"),
    (PSK + "lifetime = -1 #!", "/1/0/1 Lifetime: -1 is not within 0 to 4294967295"),
    (PSK + "pmin = 9\npmax = 8 #!", "/1/0/3 Default Maximum Period: pmax 8 is less than pmin 9"),
    *[(PSK + f'binding = "{binding}" #!', f'/1/0/7 Binding: "{binding}" is no binding; '
       "U, UQ, S, SQ, US, UQS, and from 1.1 on letters of UMHTSN are") for binding in ("", "X", "UU", "Q", "u")],
    (PSK + 'binding = "US" #!', '/1/0/7 Binding: "US" has SMS, but /0/0/9, the number of the server, is missing'),
    (access("instance = 0\n[[access]]\nobject = 3 #!\ninstance = 0\nowner = 1"),
     "/2/1/0 Object ID: /2/0 is about /3/0 already"),
    (access().replace("object = 3", "object = 0 #!"), "/2/0/0 Object ID: 0 is not within 1 to 65534"),
    (access().replace("owner = 1", "owner = 2 #!"),
     "/2/0/3 Access Control Owner: the owner 2 is the Short Server ID of no account; 65535 is the bootstrap"),
    (access('rights = { 7 = "R" } #!'), "/2/0/2 ACL: 7 is the Short Server ID of no account; 0 is the default of all"),
    (access("rights = { 1 = 32 } #!"), "/2/0/2 ACL: the rights of 1 have more than the bits 0 to 4 (RWEDC)"),
    (NOSEC + 'oscore = "21:0" #!', "/0/0/17 OSCORE Security Mode: it links to /21/0, which the record does not have"),
    (NOSEC + 'cose = ["21:0"] #!', "/0/0/27 LwM2M COSE Security: it links to /21/0; an instance of /23 is expected"),
    (NOSEC + "[[object]]\nid = 9\n[[object]] #!\nid = 9", "/9: the object stands 2 times in the record; once is expected"),
    (resource("type = 'string', value = 'a' }, { id = 1, type = 'string', value = 'a'"),
     "/9/0/1: the resource stands more than once"),
]


@TOML
class Descriptions(Bench):
    maxDiff = None

    def setUp(self) -> None:
        super().setUp()
        self.file("hexadecimal", "00112233 44556677\n")
        self.file("no-end.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n")
        self.file("no-base64.pem", "-----BEGIN PRIVATE KEY-----\nA!AA\n-----END PRIVATE KEY-----\n")
        self.file("large", bytes(70000))

    def refused(self, text: str, sentences: str) -> None:
        """Refused with these sentences, parted by |, each on the line with the mark."""
        name, out = self.file("device.toml", text), self.folder / "out"
        line = 1 + next(at for at, each in enumerate(text.splitlines()) if "#!" in each)
        status, printed, err = self.run_tool("make", name, out)
        lines = [each for each in err.splitlines() if ": note: " not in each]
        wanted = [f"{name}:{line}: {each}" for each in sentences.split(" | ")]
        if sentences.endswith(NEITHER):
            wanted[-1] = f"{name}:1: {NEITHER}"
        self.assertEqual((status, printed, lines), (1, "", wanted))
        self.assertFalse(out.exists(), "nothing is written")

    def test_the_accounts_of_the_cases_are_right(self) -> None:
        for text in (PSK, NOSEC, BOOTSTRAP, X509, RPK, access()):
            self.make(text)

    def test_what_cannot_be_written(self) -> None:
        for text, sentence in FORM:
            with self.subTest(sentence):
                self.refused(text, sentence)

    def test_what_does_not_hold_together(self) -> None:
        for text, sentence in TOGETHER:
            with self.subTest(sentence):
                self.refused(text, sentence)
                status, _, err = self.run_tool("make", self.folder / "device.toml", self.folder / "forced", "--no-check")
                self.assertEqual(status, 0, err)
                self.assertIn(": note: " + sentence.split(" | ")[0], err)

    def test_more_than_32_kb(self) -> None:
        entry = 'resource = [{ id = 1, type = "opaque", file = "half" }]'
        self.file("half", bytes(32695))
        self.refused(f"{less(NOSEC)}\n[[object]]\nid = 9\n[[object.instance]]\nid = 0\n{entry}",
                     "the file is 32769 bytes; 32768 are the most (Appendix G.3.3)")

    def test_more_than_the_size_has_room_for(self) -> None:
        one = '[[object]]{}\nid = {}\n[[object.instance]]\nid = 0\n'
        one += 'resource = [{{ id = 1, type = "opaque", file = "half" }}]\n'
        self.file("half", bytes(33000))
        self.refused(NOSEC + one.format("", 9) + one.format(" #!", 10),
                     "with /10 it is 66083 bytes, the size has room for 65535")

    def test_notes_do_not_refuse(self) -> None:
        name = self.file("device.toml", swap(PSK, "key_hex", 'key_hex = "00"'))
        status, _, err = self.run_tool("make", name, self.folder / "out")
        wanted = f"{name}:6: note: /0/0/5 Secret Key: 1 bytes are short; 16 random bytes are recommended\n"
        self.assertEqual((status, err), (0, wanted))


class Texts(Bench):
    """Files that are no descriptions."""

    def refused(self, name: str, content: Any, sentence: str) -> None:
        path = self.file(name, content)
        status, _, err = self.run_tool("make", path, self.folder / "out")
        self.assertEqual(status, 1)
        self.assertRegex(err, f"^{path}: {sentence}")

    def test_no_description(self) -> None:
        self.refused("a.json", "{", "no JSON: Expecting")
        self.refused("a.json", '{"pad": 1, "pad": 2}', 'no JSON: "pad" stands twice in a table$')
        self.refused("a.json", "[]", "a description is a table with keys$")
        self.refused("a.json", "[" * 100000, "no JSON: ")
        self.refused("a.json", b"\xff", "cannot be read: 'utf-8' codec")
        if description.tomllib:
            self.refused("a.toml", "a = ", r"no TOML: Invalid value \(at end of document\)$")

    def test_a_python_without_toml_asks_for_json(self) -> None:
        with mock.patch.object(description, "tomllib", None):
            wanted = r"this Python has no TOML \(3.11 has\); write the description as JSON, in a file \*.json$"
            self.refused("a.toml", "", wanted)

    def test_half_a_surrogate_pair(self) -> None:
        name = self.file("a.json", '{"server": [\n{"short_server_id": 1, "mode": "nosec",\n "uri": "\\ud800"}]}')
        status, _, err = self.run_tool("make", name, self.folder / "out")
        sentence = "the text has half of a surrogate pair, which UTF-8 cannot hold"
        self.assertEqual((status, err), (1, f"{name}:3: {sentence}\n"))

    def test_lines_of_json(self) -> None:
        text = json.dumps({"server": [{"uri": "coap://a", "mode": "nosec", "short_server_id": 1, "x": 1}]}, indent=1)
        name = self.file("a.json", text)
        line = 1 + next(at for at, each in enumerate(text.splitlines()) if '"x"' in each)
        _, _, err = self.run_tool("make", name, self.folder / "out")
        self.assertEqual(err, f'{name}:{line}: "x" is no key that is known here\n')

    def test_files_that_are_not_there(self) -> None:
        for command in (("print",), ("check",)):
            status, _, err = self.run_tool(*command, self.folder / "nothing")
            self.assertEqual((status, err), (1, f"{self.folder / 'nothing'}: No such file or directory\n"))
        status, _, err = self.run_tool("make", self.folder / "nothing.json", self.folder / "out")
        self.assertEqual(status, 1)
        self.assertIn("cannot be read", err)

    def test_usage(self) -> None:
        for arguments in ((), ("make", "a"), ("make", "a", "b", "--pad", "32769"), ("make", "a", "b", "--pad", "x")):
            self.assertEqual(self.run_tool(*arguments)[0], 2, arguments)


class Blobs(Bench):
    """What `check` says of a blob: the byte."""

    def checked(self, data: bytes) -> Tuple[int, str]:
        name = self.file("blob", data)
        status, out, err = self.run_tool("check", name)
        lines = [each for each in (out + err).splitlines(keepends=True) if OMITTED not in each]
        return status, "".join(lines).replace(f"{name}: ", "")

    def test_a_good_one(self) -> None:
        self.assertEqual(self.checked(MINIMAL), (0, "69 bytes, server 1\n"))

    def test_keys_that_are_left_out_are_noted(self) -> None:
        name = self.file("blob", MINIMAL)
        self.assertEqual(self.run_tool("check", name)[2], f"{name}: note: byte 9: /0/0: {OMITTED}\n")

    def test_no_account(self) -> None:
        self.assertEqual(self.checked(blob()), (1, f"byte 0: {NEITHER}\n"))

    def test_resources_are_missing_or_of_another_type(self) -> None:
        security = tlv("resource", 0, b"coap://a") + tlv("resource", 2, b"\0\0\3") + tlv("multiple", 10, b"")
        security += tlv("resource", 1, b"\2") + tlv("resource", 17, b"\0")
        status, said = self.checked(blob(object_(0, tlv("instance", 0, security))))
        self.assertEqual((status, said.splitlines()), (1, [
            "byte 23: /0/0/2 Security Mode: a number has 1, 2, 4 or 8 bytes; these are 3",
            "byte 28: /0/0/10 Short Server ID: a single value is expected",
            "byte 30: /0/0/1 Bootstrap-Server: true is 01 and false is 00; this is 02",
            "byte 33: /0/0/17 OSCORE Security Mode: a link has 4 bytes; these are 1",
            f"byte 0: {NEITHER}",
        ]))
        server = tlv("resource", 0, b"\1") + tlv("resource", 7, b"\xff")
        _, said = self.checked(blob(object_(1, tlv("instance", 0, server))))
        self.assertEqual(said.splitlines(), [
            "byte 9: /1/0: resource 1, Lifetime, is missing",
            "byte 9: /1/0: resource 6, Notification Storing When Disabled or Offline, is missing",
            "byte 14: /1/0/7 Binding: the text is no UTF-8",
            "byte 11: /1/0/0 Short Server ID: no instance of the Security object has the Short Server ID 1",
            f"byte 0: {NEITHER}",
        ])

    def test_halves_of_accounts(self) -> None:
        security = object_(0, MINIMAL[9:48])
        _, said = self.checked(blob(security))
        reason = "no instance of the Server object has the Short Server ID 1"
        self.assertEqual(said, f"byte 45: /0/0/10 Short Server ID: {reason}\n")
        without = tlv("instance", 0, MINIMAL[12:45])
        _, said = self.checked(blob(object_(0, without)))
        self.assertEqual(said, f"byte 9: /0/0: resource 10, Short Server ID, is missing\nbyte 0: {NEITHER}\n")

    def test_two_bootstrap_servers(self) -> None:
        account = MINIMAL[12:45].replace(b"\xc1\x01\x00", b"\xc1\x01\x01")
        _, said = self.checked(blob(object_(0, tlv("instance", 0, account) + tlv("instance", 1, account))))
        self.assertEqual(said, "byte 75: /0/1/1 Bootstrap-Server: /0/0 is a bootstrap server already; one is the most\n")

    def test_a_bootstrap_server_with_a_short_server_id(self) -> None:
        account = MINIMAL[12:48].replace(b"\xc1\x01\x00", b"\xc1\x01\x01")
        status, said = self.checked(blob(object_(0, tlv("instance", 0, account))))
        note = "note: byte 45: /0/0/10 Short Server ID: a bootstrap server has none; clients pass it over\n"
        self.assertEqual((status, said), (0, "48 bytes, bootstrap server\n" + note))

    def test_instances_of_a_resource_that_stand_twice(self) -> None:
        part = tlv("part", 7, b"\0")
        entry = tlv("instance", 0, bytes.fromhex("C10003 C10100") + tlv("multiple", 2, part + part) + b"\xc1\x03\x01")
        _, said = self.checked(blob(*[object_(0, MINIMAL[9:48]), object_(1, MINIMAL[53:69]), object_(2, entry)]))
        self.assertIn("byte 83: /2/0/2 ACL: instance 7 stands 2 times\n", said)

    def test_bytes_behind_the_record(self) -> None:
        status, said = self.checked(MINIMAL + b"\xff\0")
        self.assertEqual(status, 0)
        self.assertIn("note: byte 69: 2 bytes stand behind the record that are not FF; clients do not look at them\n", said)
        self.assertNotIn("note", self.checked(MINIMAL + b"\xff" * 9)[1])


if __name__ == "__main__":
    unittest.main()
