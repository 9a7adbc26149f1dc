"""The mirrors of the C header are what the C compiler and the header say."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from whimbrel import ALL_FEATURES, FORMATS, Capability, CardSecurity, CardStep, EventCode, Mode, ModemEventCode, ModemStage
from whimbrel import SmsMode, Status, Wake, structs
from whimbrel.library import load, load_mbedtls
from whimbrel.objects import OPERATIONS, Type

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
BACKEND = ROOT / "ports" / "mbedtls"
HEADER = (INCLUDE / "whimbrel.h").read_text()
BACKEND_HEADER = (BACKEND / "whimbrel_mbedtls.h").read_text()
MIRRORS = (*structs.ALL, structs.MbedTlsConfig)
NOT_BOUND = {
    "whimbrel_call_data": "an instance is found by its path",
}
"""Functions that the package leaves out, and why."""
COMPILER = os.environ.get("CC", "cc").split()


def program() -> str:
    """C that prints the size of each struct, and offset and size of each member."""
    lines = []
    for mirror in MIRRORS:
        name = mirror._c_name_
        lines.append(f'    printf("{name} %zu\\n", sizeof({name}));')
        for field in mirror._fields_:
            place = f"offsetof({name}, {field[0]}), sizeof((({name} *)0)->{field[0]})"
            lines.append(f'    printf("{name}.{field[0]} %zu %zu\\n", {place});')
    body = "\n".join(lines)
    return f"#include <stdio.h>\n#include <whimbrel_mbedtls.h>\nint main(void) {{\n{body}\n    return 0;\n}}\n"


def mirrored() -> str:
    """What that program should print."""
    lines = []
    for mirror in MIRRORS:
        lines.append(f"{mirror._c_name_} {ctypes.sizeof(mirror)}")
        for field in mirror._fields_:
            place = getattr(mirror, field[0])
            lines.append(f"{mirror._c_name_}.{field[0]} {place.offset} {place.size}")
    return "\n".join(lines) + "\n"


class Layout(unittest.TestCase):
    maxDiff = None

    @unittest.skipUnless(shutil.which(COMPILER[0]), "no C compiler")
    def test_sizes_and_offsets_are_the_compilers(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            source, binary = Path(directory, "layout.c"), Path(directory, "layout")
            source.write_text(program())
            subprocess.run([*COMPILER, "-std=c99", f"-I{INCLUDE}", f"-I{BACKEND}", source, "-o", binary], check=True)
            printed = subprocess.run([binary], check=True, capture_output=True, text=True).stdout
        self.assertEqual(printed, mirrored())

    def test_every_struct_and_member_is_mirrored(self) -> None:
        bodies = re.findall(r"typedef struct \w+ \{(.*?)\n\} (\w+);", HEADER + BACKEND_HEADER, re.DOTALL)
        self.assertEqual({name for _, name in bodies}, {mirror._c_name_ for mirror in MIRRORS})
        by_name = {mirror._c_name_: mirror for mirror in MIRRORS}
        for body, name in bodies:
            plain = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
            members = re.findall(r"\(\*(\w+)\)\(|(\w+)(?:\[\d+\])?;", re.sub(r"\)\([^;]*\);", ")(", plain))
            self.assertEqual([a or b for a, b in members], [field[0] for field in by_name[name]._fields_], name)

    def test_numbers_are_the_headers(self) -> None:
        defined = {
            name: int(value.strip("()"))
            for name, value in re.findall(r"#define WHIMBREL_(\w+) (\(?-?\d+\)?)$", HEADER, re.MULTILINE)
        }
        statuses = {name: number for name, number in defined.items() if name.startswith("ERR_")}
        self.assertEqual(statuses, {status.name: status.value for status in Status if status < 0})
        for prefix, mirror in (("EVENT_", EventCode), ("WAKE_", Wake), ("CAN_", Capability), ("MODEM_EVENT_", ModemEventCode)):
            numbers = {name: number for name, number in defined.items() if name.startswith(prefix)}
            self.assertEqual(numbers, {prefix + member.name: member.value for member in mirror})
        stages = {
            name: number
            for name, number in defined.items()
            if name.startswith("MODEM_") and not name.startswith(("MODEM_EVENT_", "MODEM_CARD_"))
        }
        self.assertEqual(stages, {f"MODEM_{member.name}": member.value for member in ModemStage})
        steps = {f"UICC_{member.name}": member.value for member in (*CardSecurity, *CardStep)}
        self.assertEqual({name: number for name, number in defined.items() if name.startswith("UICC_")}, steps)
        for mode, number in (("PSK", 0), ("RAW_PUBLIC_KEY", 1), ("CERTIFICATE", 2), ("NOSEC", 3)):
            self.assertEqual((defined[mode], Mode[mode].value), (number, number))
        for texting in SmsMode:
            self.assertEqual(defined[f"SMS_{texting.name}"], texting.value)
        for type in Type:
            self.assertEqual(defined[type.name], type.value)
        self.assertEqual([defined[name] for name in ("READ", "WRITE", "EXECUTE")], list(OPERATIONS.values()))
        self.assertEqual(defined["NONE"], structs.NONE)

    def test_every_function_is_bound_or_left_out_for_a_reason(self) -> None:
        for header, library in ((HEADER, load()), (BACKEND_HEADER, load_mbedtls())):
            declared = set(re.findall(r"^(?!typedef|extern|static| )[\w *]*?\**(whimbrel_\w+)\(", header, re.MULTILINE))
            self.assertTrue(declared)
            # ctypes keeps what was asked for; only our own asking gives a function its types
            bound = {name for name in declared if name in vars(library) and vars(library)[name].argtypes is not None}
            self.assertEqual(declared - bound, {name for name in NOT_BOUND if name in declared})
        self.assertLessEqual(set(NOT_BOUND), set(re.findall(r"whimbrel_\w+", HEADER)))

    def test_every_part_and_format_has_its_name(self) -> None:
        for kind, prefix, names in (("feature", "", ALL_FEATURES), ("format", "format_", FORMATS)):
            declared = re.findall(rf"^extern const whimbrel_{kind}_t whimbrel_{prefix}(\w+);", HEADER, re.MULTILINE)
            self.assertEqual(set(declared), set(names))


if __name__ == "__main__":
    unittest.main()
