"""The client under test, as a process: commands on its standard input, one event a line on its standard output."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "target" / "interop"
HEADER = HERE.parents[1] / "include" / "whimbrel.h"

# WHIMBREL_ERR_… by name, so that a case says NAME and not -29.
ERRORS = {
    name: int(number)
    for name, number in re.findall(r"#define WHIMBREL_ERR_(\w+) \((-\d+)\)", HEADER.read_text(encoding="utf-8"))
}


def program() -> list[str]:
    """WHIMBREL_INTEROP_CLIENT names another program."""
    return [os.environ.get("WHIMBREL_INTEROP_CLIENT", str(TARGET / "interop-client"))]


def available() -> bool:
    return os.access(program()[0], os.X_OK)


class Process:
    """A program. What it prints is kept whole, and waited on without polling."""

    def __init__(self, endpoint: str, words: list[str]) -> None:
        self.endpoint = endpoint
        TARGET.mkdir(parents=True, exist_ok=True)
        self._errors = open(TARGET / f"{endpoint}.log", "w", encoding="utf-8")
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, bufsize=1
        )
        self.pid = self._process.pid
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._changed:
                self._lines.append(line.rstrip("\n"))
                self._changed.notify_all()

    def mark(self) -> int:
        with self._changed:
            return len(self._lines)

    def wait(self, start: str | tuple[str, ...], mark: int = 0, timeout: float = 10.0) -> str:
        """The first line after the mark that begins with `start`."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for line in self._lines[mark:]:
                    if line.startswith(start):
                        return line
                left = deadline - time.monotonic()
                if left <= 0 or (not self._reader.is_alive() and self._process.poll() is not None):
                    raise AssertionError(f"{self.endpoint}: no line {start!r}; printed {self._lines[mark:]}")
                self._changed.wait(left)

    def since(self, mark: int, start: str | tuple[str, ...]) -> list[str]:
        """The lines after the mark that begin with `start`, without waiting."""
        with self._changed:
            return [line for line in self._lines[mark:] if line.startswith(start)]

    def abandon(self) -> None:
        """Ends it without a word to any server, and for good."""
        self.kill()
        self._close()

    def kill(self) -> None:
        """Ends it without a word to any server, as a power cut does."""
        self._process.kill()
        self._process.wait()

    def ends(self, timeout: float = 10.0) -> int:
        """Waits until it has ended by itself; its exit status."""
        return self._process.wait(timeout)

    def _close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._reader.join(5)
        try:
            self._process.stdin.close()
        except OSError:
            pass
        if not self._reader.is_alive():
            self._process.stdout.close()
        self._errors.close()


class Client(Process):
    """One running client."""

    def __init__(
        self, endpoint: str, server_ports: list[int], version: str = "1.0", binding: str = "U", lifetime: int = 300,
        datagram: int | None = None, confirm: bool = False, security: dict[str, str] | None = None,
        host: str = "127.0.0.1", bootstrap: str | None = None, more: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        """
        `security` has options of the program, without their dashes; where it is given, the servers are secured. `more` are
        further ones, `bootstrap` is the URI of the bootstrap server.
        """
        arguments = ["--endpoint", endpoint, "--lifetime", str(lifetime), "--binding", binding, "--version", version]
        if datagram:
            arguments += ["--datagram", str(datagram)]
        if confirm:
            arguments += ["--confirm", "yes"]
        if bootstrap:
            arguments += ["--bootstrap", bootstrap]
        for option, value in [*(security or {}).items(), *(more or {}).items()]:
            arguments += [f"--{option}", value]
        for port in server_ports:
            arguments += ["--server", f"{'coap' if security is None else 'coaps'}://{host}:{port}"]
        super().__init__(endpoint, program() + arguments)

    def tell(self, command: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def set(self, path: str, value: object) -> None:
        """Changes a value as the device would; `path` is /object/instance/resource."""
        self.tell(f"set {path.strip('/').replace('/', ' ')} {value}")

    def status(self, start: str, mark: int = 0, timeout: float = 10.0) -> int:
        """Waits for a line, and returns the number that it ends with."""
        return int(self.wait(start, mark, timeout).rsplit(" ", 1)[1])

    def refusal(self) -> int:
        """Why it cannot start, or an account of it cannot be used."""
        account = self.wait(("cannot start", "event account-invalid 101"))
        return int(account.rsplit(" ", 1)[1])

    def stop(self, timeout: float = 10.0) -> int | None:
        """Asks it to de-register and end. Returns its exit status, None if it had to be killed."""
        status: int | None = None
        try:
            self.tell("quit")
            status = self._process.wait(timeout)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            self.kill()
        self._close()
        return status
