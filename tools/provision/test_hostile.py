"""Blobs that are damaged or made up: the sentence and the byte for each damage, and no exception but the tool's own."""

from __future__ import annotations

import random
import unittest

from hand import FULL, MINIMAL, TOML, Bench, blob, object_, tlv

import description
import provision

MUTATIONS = 1000
RANDOM = 1000


class Damaged(Bench):
    def damaged(self, data: bytes, sentence: str) -> None:
        """All commands that read a blob say it, and nothing else."""
        name = self.file("blob", data)
        for command in ("print", "check"):
            self.assertEqual(self.run_tool(command, name), (1, "", f"{name}: {sentence}\n"))

    def test_size_longer_than_the_file(self) -> None:
        self.damaged(MINIMAL[:2] + b"\x7f\xff" + MINIMAL[4:],
                     "byte 2: a size of at most 65 was expected, what follows; it says 32767")

    def test_object_length_overrun(self) -> None:
        self.damaged(MINIMAL[:7] + b"\xff\xff" + MINIMAL[9:],
                     "byte 7: a length of at most 60 was expected for /0; it says 65535")

    def test_object_longer_than_the_size_but_not_than_the_file(self) -> None:
        data = blob(object_(9, b"")) + b"\xff" * 300
        self.damaged(data[:8] + b"\x01" + data[9:], "byte 7: a length of at most 0 was expected for /9; it says 1")

    def test_count_too_high(self) -> None:
        self.damaged(b"\0\3" + MINIMAL[2:], "byte 69: object 3 of 3 was expected, but the size at byte 2 ends here")

    def test_count_too_low(self) -> None:
        self.damaged(b"\0\1" + MINIMAL[2:],
                     "byte 48: the end was expected, after 1 objects; the size at byte 2 counts 21 more")

    def test_truncated_anywhere(self) -> None:
        self.damaged(MINIMAL[:64], "byte 2: a size of at most 60 was expected, what follows; it says 65")
        self.damaged(MINIMAL[:3], "byte 0: a number of objects and a size were expected, 4 bytes; the file has 3")
        self.damaged(b"", "byte 0: a number of objects and a size were expected, 4 bytes; the file has 0")
        for size in range(len(MINIMAL)):
            with self.assertRaises(provision.Malformed):
                provision.parse(MINIMAL[:size])

    def test_all_ff(self) -> None:
        self.damaged(b"\xff" * 32,
                     "byte 0: a number of objects was expected, but all bytes are FF: nothing was written here")

    def test_object_head_cut_off(self) -> None:
        for head, wanted in (("0009", 5), ("0009 01 00 00", 6)):
            rest = bytes.fromhex(head)
            self.damaged(bytes([0, 1, 0, len(rest)]) + rest,
                         f"byte 4: Object ID, version and length were expected, {wanted} bytes; {len(rest)} are left")

    def test_tlv(self) -> None:
        for instances, sentence in (
            ("C1 00 00", "byte 9: an object instance was expected; the TLV type C1 is a resource"),
            ("08", "byte 9: a TLV head of 3 bytes was expected, 1 are left"),
            ("38 0000 0000", "byte 9: a TLV head of 6 bytes was expected, 5 are left"),
            ("01 00", "byte 9: a value of at most 0 bytes was expected for an object instance 0; its length says 1"),
            ("02 00 41 00", "byte 11: a resource or a multiple resource was expected; "
                            "the TLV type 41 is a resource instance"),
            ("03 00 C2 00 00", "byte 11: a value of at most 1 bytes was expected for a resource 0; its length says 2"),
            ("04 00 82 00 C1 00", "byte 13: a resource instance was expected; the TLV type C1 is a resource"),
            ("04 00 82 00 42 00", "byte 13: a value of at most 0 bytes was expected for a resource instance 0; "
                                  "its length says 2"),
            ("00 00 00", "byte 11: a TLV head of 2 bytes was expected, 1 are left"),
        ):
            with self.subTest(instances):
                self.damaged(blob(object_(9, bytes.fromhex(instances))), sentence)

    def test_the_byte_is_that_of_the_file(self) -> None:
        good = object_(8, tlv("instance", 0, tlv("resource", 0, bytes(300))), "0205")
        self.damaged(blob(good, object_(9, b"\xc0\x00")),
                     f"byte {4 + len(good) + 5}: an object instance was expected; the TLV type C0 is a resource")


class Fuzz(Bench):
    """Seeded: the same bytes each time. What is accepted must come back as it was."""

    def survives(self, data: bytes) -> bool:
        """Whether the blob is well-formed; then it is checked, printed, and made again."""
        try:
            file = provision.parse(data)
        except provision.Malformed as error:
            self.assertLessEqual(error.offset, len(data))
            return False
        for flaw in provision.check(file):
            self.assertIsInstance(flaw.place, int)
            self.assertLess(flaw.place, len(data))
        self.assertEqual(provision.make(provision.describe(file), checked=False), data)
        provision.to_text(file, secrets=False)
        text = provision.to_text(file, secrets=True)
        if description.tomllib:
            self.assertEqual(provision.make(description.tomllib.loads(text), checked=False), data)
        return True

    def test_mutations(self) -> None:
        chance, accepted = random.Random(1), 0
        for _ in range(MUTATIONS):
            data = bytearray(chance.choice([MINIMAL, FULL]))
            for _ in range(chance.randrange(1, 4)):
                at = chance.randrange(len(data))
                kind = chance.randrange(4)
                if kind == 0:
                    data[at] = chance.getrandbits(8)
                elif kind == 1:
                    data[at] ^= 1 << chance.randrange(8)
                elif kind == 2:
                    del data[at : at + chance.randrange(1, 9)]
                    data = data or bytearray(1)
                else:
                    data[at:at] = chance.randbytes(chance.randrange(1, 9))
            accepted += self.survives(bytes(data))
        self.assertGreater(accepted, MUTATIONS // 6, "mutations that are refused at once try nothing")

    def test_random_bytes(self) -> None:
        chance = random.Random(2)
        for _ in range(RANDOM):
            self.survives(chance.randbytes(chance.randrange(64)))

    def test_random_tlv_in_right_lengths(self) -> None:
        """Random values in the resources of the objects 0, 1 and 2, and heads that fit them."""
        chance, accepted = random.Random(3), 0
        for _ in range(RANDOM):
            objects = []
            for number in chance.choices([0, 0, 1, 1, 2, 9], k=chance.randrange(1, 4)):
                instances = b""
                for _ in range(chance.randrange(3)):
                    resources = [self.resource(chance) for _ in range(chance.randrange(6))]
                    instances += tlv("instance", chance.choice([0, 0, 1, 300, 65535]), b"".join(resources))
                objects.append(object_(number, instances, chance.choice(["00", "00", "0101"])))
            accepted += self.survives(blob(*objects) + chance.choice([b"", b"\xff" * 5, b"\xff\0"]))
        self.assertEqual(accepted, RANDOM)

    @staticmethod
    def resource(chance: random.Random) -> bytes:
        value = chance.choice([b"", b"\0", b"\1", b"\3", b"\0\1", b"coap://a", b"coaps://a:1", b"U", chance.randbytes(4)])
        if chance.random() < 0.8:
            return tlv("resource", chance.randrange(33), value)
        parts = [tlv("part", chance.randrange(3), value) for _ in range(chance.randrange(4))]
        return tlv("multiple", chance.choice([2, 16, 18, 25, 27]), b"".join(parts))

    def test_every_byte_of_a_small_blob(self) -> None:
        for at in range(len(MINIMAL)):
            for value in range(0, 256, 51):
                self.survives(MINIMAL[:at] + bytes([value]) + MINIMAL[at + 1 :])


@TOML
class Lines(Bench):
    def test_lines_of_toml(self) -> None:
        text = '''# comment [x]
a = 1
b.c = """
[not.a.header]
"""
[t] # [u]
"d e" = ''' + """'''
k = 2
'''
f = [ 1, [ 2,
  3 ], { g = "]", h.i = 4 },
  # comment
  { j = { k = '"' } },
]

[[s.u]]
v = 1
[[s.u]]
v = 2
[s.u.w]
x = 1979-05-27T07:32:00Z
[[s.u.y]]
[[s.u.y]]
z = -1.5e3
"""
        lines = description.Lines(text, toml=True)
        for way, line in (
            (("a",), 2), (("b", "c"), 3), (("t",), 6), (("t", "d e"), 7), (("t", "f"), 10), (("t", "f", 0), 10),
            (("t", "f", 1), 10), (("t", "f", 1, 1), 11), (("t", "f", 2), 11), (("t", "f", 2, "h", "i"), 11),
            (("t", "f", 3, "j", "k"), 13), (("s", "u", 0), 16), (("s", "u", 0, "v"), 17), (("s", "u", 1, "v"), 19),
            (("s", "u", 1, "w", "x"), 21), (("s", "u", 1, "y", 1), 23), (("s", "u", 1, "y", 1, "z"), 24),
            (("s", "u", 1, "y", 1, "nothing"), 23), (("nothing", 1), 1),
        ):
            self.assertEqual(lines.of(way), line, way)
            found = description.tomllib.loads(text)
            for step in way if "nothing" not in way else ():
                found = found[step]  # the way is one of the document


if __name__ == "__main__":
    unittest.main()
