"""Storage in flash, on the host: tests/c/flash.c with a long life. It runs shorter under valgrind and with sanitizers, in test-examples."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from qemu import ROOT  # noqa: E402

WRITES = 60
SOURCES = ("tests/c/flash.c", "ports/freertos/storage.c", "ports/freertos/flash_log.c")
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


class Storage(unittest.TestCase):
    def test_power_goes_in_every_operation_of_a_long_life(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "flash"
            compiler = os.environ.get("CC", "cc")
            command = [compiler, "-O2", *WARNINGS, "-Iinclude", "-Iports/freertos", *SOURCES, "-o", str(program)]
            subprocess.run(command, cwd=ROOT, check=True, timeout=120)
            done = subprocess.run([program, str(WRITES)], capture_output=True, text=True, timeout=240)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])


if __name__ == "__main__":
    unittest.main()
