"""Runs each test_*.py of this directory as a process of its own, side by side, since a guest mostly waits. What they print
comes when all have ended; the last line is the one that CI reads: `N passed, N failed, N skipped`.

usage: run.py [test_name…]
"""

from __future__ import annotations

import concurrent.futures
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOGETHER = 4  # guests and their servers; two cores carry them
LIMIT = 280  # seconds for one file

_running: list[subprocess.Popen[str]] = []


def one(file: Path) -> tuple[str, str, float]:
    """What a file printed, and how long it took. The last line is its own count."""
    began = time.monotonic()
    command = [sys.executable, str(HERE / "run.py"), "--alone", file.stem]
    # a group of its own, so that its guests and servers end with it
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0
    )
    _running.append(process)
    try:
        output, _ = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += f"\n{file.name}: not done within {LIMIT} s\n0 passed, 1 failed, 0 skipped\n"
    return file.name, output, time.monotonic() - began


def stop_all(number: int, _frame: object) -> None:
    """Interrupted: nothing is left behind."""
    for process in _running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    os._exit(128 + number)


def alone(name: str) -> int:
    """This process runs one file."""
    sys.path.insert(0, str(HERE))
    suite = unittest.defaultTestLoader.loadTestsFromName(name)
    text = io.StringIO()
    result = unittest.TextTestRunner(stream=text, verbosity=2).run(suite)
    bad = {getattr(test, "test_case", test) for test, _ in result.failures + result.errors}
    ran = {test for test in bad if isinstance(test, unittest.TestCase)}
    skipped = len(result.skipped)
    passed = result.testsRun - len(ran) - skipped
    print(text.getvalue())
    print(f"{passed} passed, {len(bad)} failed, {skipped} skipped", flush=True)
    return 0


def measured(printed: str) -> dict[str, dict[str, int]]:
    """What the images told of themselves, for docs/measured.py: the largest where several guests ran the same image."""
    found: dict[str, dict[str, int]] = {}
    wanted = {
        "flash": r"image text (\d+)", "bss": r"image text \d+ data \d+ bss (\d+)", "client": r"(?:static needed|static client|memory) (\d+)",
        "heap": r"heap peak (\d+)", "stack": r"stack client (\d+)", "asleep_ms": r"asleep (\d+) ms",
        "asleep_switches": r"asleep \d+ ms (\d+)",
    }
    for image, line in re.findall(r"^an386 (\w+): (.*)$", printed, re.MULTILINE):
        row = found.setdefault(image, {})
        for key, pattern in wanted.items():
            if match := re.match(pattern, line):
                value = int(match[1])
                # what is needed counts, not what there is
                row[key] = value if line.startswith("static needed") else max(value, row.get(key, 0))
    return found


def main(names: list[str]) -> int:
    files = [HERE / f"{name}.py" for name in names] or sorted(HERE.glob("test_*.py"))
    subprocess.run([ROOT / "tests/interop/leshan/fetch.sh"], check=True, timeout=600)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_all)
    sums = [0, 0, 0]
    printed = ""
    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        for name, output, seconds in pool.map(one, files):
            print(f"--- {name}, {seconds:.0f} s\n{output}", flush=True)
            printed += output
            words = output.rstrip().rsplit("\n", 1)[-1].replace(",", "").split()
            counts = [int(word) for word in words[0::2]] if len(words) == 6 else [0, 1, 0]
            sums = [before + now for before, now in zip(sums, counts)]
    if not names:
        (ROOT / "target/qemu.json").write_text(json.dumps(measured(printed), indent=2) + "\n")
    print(f"{sums[0]} passed, {sums[1]} failed, {sums[2]} skipped")
    return 0 if sums[1] == 0 and sums[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(alone(sys.argv[2]) if sys.argv[1:2] == ["--alone"] else main(sys.argv[1:]))
