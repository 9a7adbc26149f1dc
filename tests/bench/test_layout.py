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

from whimbrel import EventCode, Status, Wake, structs
from whimbrel.objects import OPERATIONS, Type

INCLUDE = Path(__file__).resolve().parents[2] / "include"
HEADER = (INCLUDE / "whimbrel.h").read_text()
COMPILER = os.environ.get("CC", "cc").split()


def program() -> str:
    """C that prints the size of each struct, and offset and size of each member."""
    lines = []
    for mirror in structs.ALL:
        name = mirror._c_name_
        lines.append(f'    printf("{name} %zu\\n", sizeof({name}));')
        for field in mirror._fields_:
            place = f"offsetof({name}, {field[0]}), sizeof((({name} *)0)->{field[0]})"
            lines.append(f'    printf("{name}.{field[0]} %zu %zu\\n", {place});')
    body = "\n".join(lines)
    return f"#include <stdio.h>\n#include <whimbrel.h>\nint main(void) {{\n{body}\n    return 0;\n}}\n"


def mirrored() -> str:
    """What that program should print."""
    lines = []
    for mirror in structs.ALL:
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
            subprocess.run([*COMPILER, "-std=c99", f"-I{INCLUDE}", source, "-o", binary], check=True)
            printed = subprocess.run([binary], check=True, capture_output=True, text=True).stdout
        self.assertEqual(printed, mirrored())

    def test_every_struct_and_member_is_mirrored(self) -> None:
        bodies = re.findall(r"typedef struct \w+ \{(.*?)\n\} (\w+);", HEADER, re.DOTALL)
        self.assertEqual({name for _, name in bodies}, {mirror._c_name_ for mirror in structs.ALL})
        by_name = {mirror._c_name_: mirror for mirror in structs.ALL}
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
        for prefix, mirror in (("EVENT_", EventCode), ("WAKE_", Wake)):
            numbers = {name: number for name, number in defined.items() if name.startswith(prefix)}
            self.assertEqual(numbers, {prefix + member.name: member.value for member in mirror})
        for type in Type:
            self.assertEqual(defined[type.name], type.value)
        self.assertEqual([defined[name] for name in ("READ", "WRITE", "EXECUTE")], list(OPERATIONS.values()))
        self.assertEqual(defined["NONE"], structs.NONE)


if __name__ == "__main__":
    unittest.main()
