"""What the tests share: blobs written down by hand from TS 1.0 Appendix G.3.3 and section 6.4.3, a TLV writer that has
nothing from the tool, and the tool run as a command."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, Tuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import description  # noqa: E402
import provision  # noqa: E402

TOML = unittest.skipIf(description.tomllib is None, "this Python has no TOML")

# A server and a NoSec account in its shortest form.
MINIMAL = bytes.fromhex(
    "0002 0041"
    "0000 00 0027 08 00 24 C80018 636F61703A2F2F3139382E35312E3130302E373A35363833 C10100 C10203 C10A01"
    "0001 00 0010 08 00 0D C10001 C201012C C10600 C10755"
)
MINIMAL_TOML = """\
[[server]]
uri = "coap://198.51.100.7:5683"
mode = "nosec"
short_server_id = 1
omit = ["identity", "server_key", "key"]
lifetime = 300
storing = false
binding = "U"
"""
OMITTED = "there is no resource 3, 4, 5, mandatory in 1.0 if only empty; a client may refuse that"

# Two servers with SMS, and between them a bootstrap server.
FULL = bytes.fromhex(
    "0002 0147"
    "0000 00 0119"
    "  08 00 5C C8 00 1E 636F6170733A2F2F6C776D326D2E6578616D706C652E6F72673A35363834 C10100 C10200"
    "    C8 03 08 6465762D30303031 C004 C8 05 10 00112233445566778899AABBCCDDEEFF"
    "    C10601 C8 09 0C 2B3135353535353530313233 C10A65"
    "  08 01 4A C8 00 1B 636F6170733A2F2F62732E6578616D706C652E6F72673A35363834 C10101 C10200"
    "    C8 03 0B 6465762D303030312D6273 C004 C8 05 10 FFEEDDCCBBAA99887766554433221100 C10B0A"
    "  08 02 6A C8 00 1B 636F61703A2F2F736D732E6578616D706C652E6F72673A35363833 C10100 C10203"
    "    C003 C004 C005 C10602 C607 121216B20203"
    "    C8 08 20 0C1A2B3D4F5061728394A5B6C7D8E9F0F1E2D3C4B5A69788796A5B4C3D2E1F00"
    "    C8 09 0C 2B3135353535353530313234 C10A66"
    "0001 00 0024"
    "  08 00 0F C10065 C40100015180 C10601 C10755"
    "  08 01 0F C10066 C40100015180 C10601 C10753"
)
FULL_TOML = """\
[bootstrap_server]
uri = "coaps://bs.example.org:5684"
mode = "psk"
identity = "dev-0001-bs"
key_hex = "FFEEDDCCBBAA99887766554433221100"
hold_off = 10
security_instance = 1

[[server]]
uri = "coaps://lwm2m.example.org:5684"
mode = "psk"
identity = "dev-0001"
key_hex = "00112233445566778899AABBCCDDEEFF"
sms_mode = 1
sms_number = "+15555550123"
short_server_id = 101
lifetime = 86400
storing = true
binding = "U"
security_instance = 0

[[server]]
uri = "coap://sms.example.org:5683"
mode = "nosec"
sms_mode = 2
sms_parameters_hex = "121216B20203"
sms_keys_hex = "0C1A2B3D4F5061728394A5B6C7D8E9F0F1E2D3C4B5A69788796A5B4C3D2E1F00"
sms_number = "+15555550124"
short_server_id = 102
lifetime = 86400
storing = true
binding = "S"
security_instance = 2
"""


def tlv(kind: str, number: int, value: bytes) -> bytes:
    """By table 21 of TS 1.0; kind: "instance", "part" of a multiple resource, "multiple", "resource"."""
    bits = {"instance": "00", "part": "01", "multiple": "10", "resource": "11"}[kind]
    bits += "0" if number < 256 else "1"
    size = len(value)
    if size <= 7:
        bits, length = bits + "00" + format(size, "03b"), ""
    elif size <= 255:
        bits, length = bits + "01000", format(size, "02x")
    elif size <= 65535:
        bits, length = bits + "10000", format(size, "04x")
    else:
        bits, length = bits + "11000", format(size, "06x")
    identifier = format(number, "02x" if number < 256 else "04x")
    return bytes.fromhex(format(int(bits, 2), "02x") + identifier + length) + value


def blob(*objects: bytes, count: int = -1) -> bytes:
    """A file of objects, each as object_() makes it."""
    body = b"".join(objects)
    return bytes.fromhex(f"{len(objects) if count < 0 else count:04x}{len(body):04x}") + body


def object_(number: int, instances: bytes, version: str = "00") -> bytes:
    return bytes.fromhex(f"{number:04x}{version}{len(instances):04x}") + instances


class Bench(unittest.TestCase):
    """A folder, and the command."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run_tool(self, *arguments: Any) -> Tuple[int, str, str]:
        """Exit status, what is printed, and what is said beside."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = provision.main([str(each) for each in arguments])
            except SystemExit as end:
                status = int(end.code or 0)
        return status, out.getvalue(), err.getvalue()

    def make(self, text: str, *options: str, name: str = "device.toml") -> bytes:
        """The blob of a description, which must be made without a word."""
        out = self.folder / "device.blob"
        status, _, err = self.run_tool("make", self.file(name, text), out, *options)
        self.assertEqual((status, err), (0, ""))
        return out.read_bytes()
