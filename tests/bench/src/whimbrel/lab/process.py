"""The process in which servers, service centre, modems and cards are: `lab-bench`, spoken to by lines of JSON."""

from __future__ import annotations

import json
import select
import subprocess
import tempfile
import threading
from typing import Any

from ..library import native

PATIENCE = 60.0
"""Seconds of real time after which an answer will not come any more."""


class LabError(Exception):
    """The lab cannot do what it was told, or nothing answers."""


class Process:
    """`lab-bench`. One order at a time, from any thread."""

    def __init__(self, seed: int) -> None:
        program = native("lab-bench", "WHIMBREL_LAB_BENCH", "target/release", "bench-native")
        self._errors = tempfile.TemporaryFile()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [str(program), str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )

    def order(self, op: str, **members: Any) -> Any:
        """Gives an order and takes the answer."""
        line = json.dumps({"op": op, **members}, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            answer = self._exchange(line)
        if not answer:
            raise LabError(f"lab-bench has ended at the order {op}: {self._complaint()}")
        told = json.loads(answer)
        if "error" in told:
            raise LabError(f"{op}: {told['error']}")
        return told["ok"]

    def _exchange(self, line: bytes) -> bytes:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return b""
        # one line answers one line, so that nothing waits in the buffer before
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        if not ready:
            self._process.kill()
            raise LabError(f"lab-bench has not answered within {PATIENCE:.0f} s: {line[:100]!r}")
        return self._process.stdout.readline()

    def _complaint(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-2000:] or "without a word"

    def close(self) -> None:
        """Ends it. A second time does nothing."""
        if self._process.stdin and not self._process.stdin.closed:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                pass
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()
            self._errors.close()
