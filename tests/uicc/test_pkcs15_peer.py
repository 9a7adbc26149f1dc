"""What is on a card, from here against ours: random files of PKCS#15 encoded by asn1tools from its ASN.1, or by hand where cards
leave the standard; file control parameters; and bootstrap files against a reader that is written here once more.

`--write` writes tests/vectors/pkcs15_forms.json. Needs asn1tools and target/release/lab-uicc-peer.
"""

import json
import pathlib
import random
import sys
import unittest

import asn1tools

from engine import ROOT, Peer

FORMS = ROOT / "tests/vectors/pkcs15_forms.json"
AID = bytes.fromhex("a000000063504b43532d3135")
BOOTSTRAP = "2.23.43.9.1"

# PKCS #15 v1.1 section 6 and its module, as far as data objects go; raw identifiers for what no encoder would write
MODULE = asn1tools.compile_string(
    """
    Card DEFINITIONS IMPLICIT TAGS ::= BEGIN
    Path ::= SEQUENCE {
        path OCTET STRING, index INTEGER (0..65535) OPTIONAL, length [0] INTEGER (0..65535) OPTIONAL }
    CommonObjectAttributes ::= SEQUENCE {
        label UTF8String OPTIONAL, flags BIT STRING { private(0), modifiable(1) } OPTIONAL,
        authId OCTET STRING OPTIONAL, userConsent INTEGER OPTIONAL }
    CommonDataObjectAttributes ::= SEQUENCE {
        applicationName UTF8String OPTIONAL, applicationOID OBJECT IDENTIFIER OPTIONAL }
    OpaqueDO ::= SEQUENCE {
        common CommonObjectAttributes, class CommonDataObjectAttributes, type [1] EXPLICIT Path }
    OidValue ::= SEQUENCE { id OBJECT IDENTIFIER, value Path }
    OidDO ::= SEQUENCE {
        common CommonObjectAttributes, class CommonDataObjectAttributes, type [1] EXPLICIT OidValue }
    DataType ::= CHOICE { opaqueDO OpaqueDO, externalIDO [0] OpaqueDO, oidDO [1] OidDO }
    PathOrObjects ::= CHOICE { path Path, objects [0] SEQUENCE OF DataType }
    Objects ::= CHOICE {
        privateKeys [0] PathOrObjects, publicKeys [1] PathOrObjects, certificates [4] PathOrObjects,
        dataObjects [7] PathOrObjects, authObjects [8] PathOrObjects }
    END
    """,
    "der",
)


def der(tag, *content):
    content = b"".join(content)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    octets = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def loosened(chance, element):
    """The same with lengths in longer forms than they need: BER that is no DER."""
    if not element:
        return b""
    head, length = 2, element[1]
    if length > 127:
        head, length = 2 + (length & 127), int.from_bytes(element[2 : 2 + (length & 127)], "big")
    content = element[head : head + length]
    if element[0] & 0x20:
        content = loosened(chance, content)
    forms = [bytes([0x82]) + len(content).to_bytes(2, "big")]
    if len(content) < 256:
        forms.append(bytes([0x81, len(content)]))
    if len(content) < 128:
        forms += [bytes([len(content)])] * 3
    return element[:1] + chance.choice(forms) + content + loosened(chance, element[head + length :])


def own_form(tag, common, of_class, of_type):
    return der(tag, der(0x30, *common), der(0x30, *of_class), der(0xA1, *of_type))


def label(text):
    return der(0x0C, text.encode())


TWICE = der(0x06, der(0x06, bytes.fromhex("672b0901")))
ONCE = der(0x06, bytes.fromhex("672b0901"))


def path_of(path, *more):
    return der(0x30, der(0x04, bytes.fromhex(path)), *more)


def forms():
    """Data objects as cards have them that leave the standard, or use of it what the other vectors do not."""
    slice_of = (der(0x02, b"\x10"), der(0x80, b"\x01\x2c"))
    other = MODULE.encode("DataType", ("externalIDO", {"common": {"label": "other"}, "class": {}, "type": {"path": b"\x11\x11"}}))
    variants = [
        ("opaqueDO, the OID wrapped twice", {"path": "6F01"},
         own_form(0x30, [label("Whimbrel test card")], [TWICE], [path_of("6F01")])),
        ("oidDO, the OID wrapped twice, label in the second sequence", {"path": "6F02"},
         own_form(0xA1, [], [label("Whimbrel test card")], [der(0x30, TWICE, path_of("6F02"))])),
        ("opaqueDO, private and modifiable, a slice", {
            "path": "50206F03", "private": True, "modifiable": True, "index": 16, "length": 300},
         own_form(0x30, [label("slice"), bytes.fromhex("030206c0")], [ONCE], [path_of("50206F03", *slice_of)])),
        ("oidDO, the OID among the attributes too", {"path": "6F04"},
         own_form(0xA1, [label("both")], [label("name"), ONCE], [der(0x30, ONCE, path_of("6F04"))])),
        ("opaqueDO, modifiable, no label, lengths in long forms", {"path": "6F05", "modifiable": True},
         bytes.fromhex("30811c308104030206403081060604672b0901a18200083082000404026f05")),
        ("behind an external object, with a long name", {"path": "6F06"},
         other + own_form(0x30, [label("x" * 130)], [ONCE], [path_of("6F06")])),
    ]
    title = "Data objects that name the bootstrap file, as cards have them; written by tests/uicc/test_pkcs15_peer.py"
    named = [{"name": name, "der": der.hex().upper()} | told for name, told, der in variants]
    return json.dumps({"title": title, "variants": named}, indent=1) + "\n"


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.peer = Peer()

    @classmethod
    def tearDownClass(cls):
        cls.peer.close()

    def setUp(self):
        self.chance = random.Random(self.id())

    def ask(self, what, **arguments):
        return self.peer.ask(what, **arguments)

    def text(self, most):
        return "".join(self.chance.choices("LwM2M Bootstrap-äß€", k=self.chance.randint(0, most)))


def selected(path):
    """Data of the SELECT from the MF, with the application as its current one."""
    if path[:2] == b"\x3f\x00":
        return path[2:]
    return path if path[:2] == b"\x7f\xff" else b"\x7f\xff" + path


class DataObjects(Case):
    def path(self):
        path = {"path": self.chance.choice((b"", b"\x3f\x00", b"\x7f\xff")) + self.chance.randbytes(2)}
        if len(path["path"]) == 2 and self.chance.random() < 0.5:
            path["path"] += self.chance.randbytes(2 * self.chance.randint(0, 7))
        if self.chance.random() < 0.4:
            path |= {"index": self.chance.choice((0, 1, 127, 128, 255, 256, 32768, 65535))}
            path |= {"length": self.chance.choice((0, 1, 127, 128, 255, 256, 32768, 65535))}
        return path if path["path"] not in (b"\x3f\x00", b"\x7f\xff") else self.path()

    def told_path(self, path):
        return {"p1": 8, "select": selected(path["path"]).hex(), "index": path.get("index", 0), "size": path.get("length")}

    def attributes(self):
        common, flags = {}, None
        if self.chance.random() < 0.8:
            common["label"] = self.text(150)
        if self.chance.random() < 0.5:
            flags = self.chance.randrange(4) << 6
            common["flags"] = (bytes([flags]), 2)
        if self.chance.random() < 0.3:
            common["authId"] = self.chance.randbytes(self.chance.randint(1, 4))
        if self.chance.random() < 0.2:
            common["userConsent"] = self.chance.randint(1, 9)
        return common, flags or 0

    def object(self, bootstrap):
        """A data object, and what is to be told of it."""
        (common, flags), path = self.attributes(), self.path()
        oid = BOOTSTRAP if bootstrap else self.chance.choice(("2.23.43.9.2", "2.23.43.9", "2.23.43.9.1.1", "1.3.6.1.4.1"))
        of_class = {"applicationName": self.text(20)} if self.chance.random() < 0.5 else {}
        kind = self.chance.choice(("opaqueDO", "oidDO"))
        if kind == "opaqueDO":
            if bootstrap or self.chance.random() < 0.7:
                of_class["applicationOID"] = oid
            of_type = path
        else:
            of_type = {"id": oid, "value": path}
        element = MODULE.encode("DataType", (kind, {"common": common, "class": of_class, "type": of_type}))
        told = self.told_path(path) | {"private": bool(flags & 0x80), "modifiable": bool(flags & 0x40)}
        return element, told if bootstrap else None

    def test_random_objects(self):
        for number in range(3000):
            element, told = self.object(number % 3 > 0)
            for form in (element, loosened(self.chance, element)):
                self.assertEqual(self.ask("object", element=form), {"object": told}, form.hex())

    def test_objects_cut_anywhere(self):
        for _ in range(50):
            element, _ = self.object(True)
            for length in range(len(element)):
                self.assertEqual(self.ask("object", element=element[:length])["error"], "Malformed")

    def test_random_directories(self):
        """A whole EF(ODF), and a whole EF(DODF), in pieces of every size."""
        for _ in range(600):
            elements, told = [], []
            for _ in range(self.chance.randint(0, 5)):
                kind = self.chance.choice(("dataObjects", "dataObjects", "privateKeys", "publicKeys", "certificates", "authObjects"))
                path = self.path()
                if self.chance.random() < 0.7:
                    choice, expected = ("path", path), {"file": self.told_path(path)}
                else:
                    inner = [MODULE.decode("DataType", self.object(True)[0]) for _ in range(self.chance.randint(0, 3))]
                    choice = ("objects", inner)
                    expected = {"here": b"".join(MODULE.encode("DataType", one) for one in inner).hex()}
                elements.append(MODULE.encode("Objects", (kind, choice)))
                told.append(expected if kind == "dataObjects" else {"other": True})
            file = b"".join(elements) + self.chance.choice((b"", b"\xff", b"\0" * 9, b"\xff" * 60))
            for step in (1, self.chance.randint(2, 60), 239):
                found = self.ask("elements", file=file, step=step)["elements"]
                self.assertEqual(found, [element.hex() for element in elements])
            self.assertEqual([self.ask("directory", element=element) for element in elements], told)

    def test_records_of_the_directory_of_applications(self):
        for _ in range(500):
            ours = self.chance.random() < 0.5
            aid = AID + self.chance.randbytes(self.chance.choice((0, 0, 1, 4))) if ours else self.chance.randbytes(self.chance.randint(5, 16))
            parts = [der(0x4F, aid)]
            if self.chance.random() < 0.7:
                parts.append(der(0x50, self.text(8).encode()))
            if self.chance.random() < 0.7:
                parts.append(der(0x51, b"\x3f\x00" + self.chance.randbytes(2)))
            if self.chance.random() < 0.2:
                self.chance.shuffle(parts)
            record = der(0x61, *parts)
            record += b"\xff" * self.chance.randint(0, 20)
            self.assertEqual(self.ask("application", record=record), {"aid": aid.hex() if ours else None})

    def test_the_committed_forms_are_these(self):
        self.assertEqual(FORMS.read_text(), forms(), "python3 tests/uicc/test_pkcs15_peer.py --write")

    def test_digits_of_an_iccid(self):
        for length in range(21):
            digits = "".join(self.chance.choices("0123456789", k=length))
            filled = digits.ljust(20, "F")
            swapped = bytes.fromhex("".join(filled[at + 1] + filled[at] for at in range(0, 20, 2)))
            self.assertEqual(self.ask("iccid", file=swapped), {"digits": digits})


class ControlParameters(Case):
    def test_random_parameters(self):
        for _ in range(2000):
            kind = self.chance.choice(("directory", "transparent", "records"))
            shareable, size, active = self.chance.choice((0x40, 0)), None, True
            parts, pins = [], []
            if kind == "directory":
                descriptor = bytes([0x38 | shareable, 0x21])
            elif kind == "transparent":
                descriptor = bytes([0x01 | shareable, 0x21])
            else:
                kind = [self.chance.randint(1, 255), self.chance.randint(0, 254)]
                descriptor = bytes([self.chance.choice((0x02, 0x06)) | shareable, 0x21, 0, *kind])
            parts.append(der(0x82, descriptor))
            if kind != "directory":
                parts.append(der(0x83, self.chance.randbytes(2)))
                if self.chance.random() < 0.9:
                    size = self.chance.randint(0, 0xFFFF)
                    parts.append(der(0x80, size.to_bytes(self.chance.choice((2, 3)), "big")))
            else:
                parts.append(der(0x84, AID))
                status, pins = self.pins()
                parts.append(der(0xC6, status))
            if self.chance.random() < 0.9:
                state, active = self.chance.choice(((0x05, True), (0x07, True), (0x04, False), (0x06, False), (0x0C, False)))
                parts.append(der(0x8A, bytes([state])))
            parts.append(der(0x8B, self.chance.randbytes(3)))
            parts.append(der(0x88, self.chance.choice((b"", b"\xf0"))))
            # data of the maker's, with a tag of two octets
            parts.append(der(0xA5, b"\x5f\x2f" + der(0, self.chance.randbytes(4))[1:], b"\x80\x01\x71"))
            tail = parts[1:]
            self.chance.shuffle(tail)
            response = der(0x62, parts[0], *tail)
            told = {"kind": kind, "size": size, "active": active, "pins": pins[:4]}
            self.assertEqual(self.ask("fcp", response=response), told, response.hex())
            cut = self.chance.randrange(len(response))
            self.assertEqual(self.ask("fcp", response=response[:cut])["error"], "Malformed")

    def pins(self):
        count = self.chance.randint(0, 8)
        enabled = self.chance.randrange(256)
        status, pins = der(0x90, bytes([enabled])), []
        for number in range(count):
            reference, usage = self.chance.choice((0x01, 0x81, 0x82, 0x11, 0x0A)), 0x08
            if reference == 0x11:
                usage = self.chance.choice((0x00, 0x08))
                status += der(0x95, bytes([usage]))
            status += der(0x83, bytes([reference]))
            pins.append([reference, bool(enabled & 0x80 >> number and usage)])
        return status, pins


# --- the bootstrap file: TS 1.0 Appendix G.3.3, its instances as TLV (section 6.4.3) ---
class Wrong(Exception):
    pass


def tlvs(content):
    """Kind, identifier, the whole TLV and its value."""
    at = 0
    while at < len(content):
        first, start = content[at], at
        widths = (2 if first & 0x20 else 1, first >> 3 & 3)
        head = 1 + sum(widths)
        if at + head > len(content):
            raise Wrong("head")
        number = int.from_bytes(content[at + 1 : at + 1 + widths[0]], "big")
        length = int.from_bytes(content[at + 1 + widths[0] : at + head], "big") if widths[1] else first & 7
        at += head + length
        if at > len(content) or number == 0xFFFF:
            raise Wrong("value")
        yield first >> 6, number, content[start:at], content[start + head : at]


def read(content, size):
    if size < 4 or int.from_bytes(content[2:4], "big") > size - 4:
        raise Wrong("size")
    count = int.from_bytes(content[:2], "big")
    rest, objects = content[4 : 4 + int.from_bytes(content[2:4], "big")], []
    while rest:
        if len(rest) < 5 or rest[2] and len(rest) < 6:
            raise Wrong("object")
        head = 6 if rest[2] else 5
        length = int.from_bytes(rest[head - 2 : head], "big")
        if head + length > len(rest):
            raise Wrong("object length")
        instances = []
        for kind, number, _, value in tlvs(rest[head : head + length]):
            resources = []
            for inner, _, whole, _ in tlvs(value):
                if inner < 2:
                    raise Wrong("no resource")
                resources.append(whole.hex())
            if kind:
                raise Wrong("no instance")
            instances.append({"id": number, "resources": resources})
        version = [rest[2], rest[3]] if rest[2] else [1, 0]
        objects.append({"id": int.from_bytes(rest[:2], "big"), "version": version, "instances": instances})
        rest = rest[head + length :]
    if len(objects) != count:
        raise Wrong("count")
    return {"objects": objects}


class BootstrapFiles(Case):
    def tlv(self, kind, value):
        number = self.chance.choice((0, 1, 10, 255, 256, 65534))
        wide = number > 255 or self.chance.random() < 0.2
        least = 0 if len(value) < 8 else (len(value).bit_length() + 7) // 8
        width = self.chance.choice((least, least, self.chance.randint(least, 3)))
        first = kind << 6 | wide << 5 | width << 3 | (0 if width else len(value))
        length = len(value).to_bytes(width, "big") if width else b""
        return bytes([first]) + number.to_bytes(1 + wide, "big") + length + value

    def resource(self):
        if self.chance.random() < 0.2:
            inner = [self.tlv(1, self.chance.randbytes(self.chance.randint(0, 9))) for _ in range(self.chance.randint(0, 3))]
            return self.tlv(2, b"".join(inner))
        return self.tlv(3, self.chance.randbytes(self.chance.choice((0, 1, 7, 8, 16, 64, 255, 256, 700))))

    def file(self):
        objects = []
        for _ in range(self.chance.randint(0, 4)):
            instances = b"".join(
                self.tlv(0, b"".join(self.resource() for _ in range(self.chance.randint(0, 5))))
                for _ in range(self.chance.randint(0, 3))
            )
            version = self.chance.choice((b"\0", b"\1\0", b"\2\5", self.chance.randbytes(1) + b"\1"))
            version = version if version[0] else b"\0"
            objects.append(self.chance.randbytes(2) + version + len(instances).to_bytes(2, "big") + instances)
        content = b"".join(objects)
        return len(objects).to_bytes(2, "big") + len(content).to_bytes(2, "big") + content

    def compare(self, content, size=None):
        size = len(content) if size is None else size
        try:
            expected = read(content, size)
        except Wrong:
            expected = None
        for room in (0, self.chance.randint(1, 60), 239, len(content)):
            told = self.ask("file", content=content, size=size, room=room)
            if expected is None:
                self.assertEqual(told.get("error"), "Malformed", content.hex())
            else:
                self.assertEqual(told, expected, content.hex())
        return expected is not None

    def test_random_files(self):
        for _ in range(600):
            content = self.file()
            self.assertTrue(self.compare(content))
            self.assertTrue(self.compare(content + self.chance.choice((b"\0", b"\xff")) * self.chance.randint(1, 300)))

    def test_damaged_files(self):
        refused = 0
        for _ in range(4000):
            content = bytearray(self.file())
            for _ in range(self.chance.randint(1, 2)):
                at = self.chance.randrange(len(content))
                content[at] = self.chance.choice((content[at] ^ 1 << self.chance.randrange(8), self.chance.randrange(256)))
            refused += not self.compare(bytes(content))
        self.assertGreater(refused, 1000)

    def test_files_cut_anywhere(self):
        for _ in range(30):
            content = self.file()
            for length in range(min(len(content), 400)):
                self.assertFalse(self.compare(content[:length]))

    def test_the_longest_file(self):
        value = self.chance.randbytes(0x7FFF - 4 - 5 - 4 - 4)
        resource = bytes([0xD0, 5]) + len(value).to_bytes(2, "big") + value
        instance = bytes([0x10, 0]) + len(resource).to_bytes(2, "big") + resource
        body = bytes(3) + len(instance).to_bytes(2, "big") + instance
        content = b"\0\1" + len(body).to_bytes(2, "big") + body
        self.assertEqual(len(content), 0x7FFF)
        self.assertTrue(self.compare(content))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        pathlib.Path(FORMS).write_text(forms())
    else:
        unittest.main()
