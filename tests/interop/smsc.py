"""`lab-smsc` as a process: a service centre with one AT modem, and servers that have phone numbers.

The checks of the C examples (tests/c/examples.py) use it too.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "release" / "lab-smsc"

#: Numbers that nobody has (North American Numbering Plan: 555-01XX is for fiction).
DEVICE = "+15555550199"
SERVER = "+15555550123"


@dataclass(frozen=True)
class Keys:
    """SMS Binding Key Parameters and SMS Binding Secret Key(s), /0/x/7 and /0/x/8, in hexadecimal."""

    parameters: str
    secret: str


AES = Keys("121216B20203", bytes(range(32)).hex())
TRIPLE_DES = Keys("393916B20203", bytes(range(0x40, 0x70)).hex())


class Centre:
    """A modem of the number DEVICE at `device`, and a UDP server of the number SERVER. Leave the block, and it is gone."""

    def __init__(
        self, port: int, keys: Keys | None = None, *options: str, modem: str = "", log: IO[str] | None = None
    ) -> None:
        """`port` is the server's; packets with `keys` end in the centre. `modem` has more options of the modem, such as its
        card. `log` takes a line for each short message."""
        self._folder = tempfile.TemporaryDirectory()
        self.device = f"unix:{self._folder.name}/modem"
        server = f"{SERVER}=127.0.0.1:{port}"
        if keys:
            server += f",keys={keys.parameters}:{keys.secret}"
        # `visible`: messages of class 2 are for this client, where a modem would keep them for its smartcard
        modem = modem or "visible"
        words = ["--modem", f"{DEVICE}={self.device},send=50,{modem}", "--server", server, "--until-eof", *options]
        if log:
            words.append("--trace")
        self._process = subprocess.Popen(
            [str(PROGRAM), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1
        )
        while "ready" not in self._line():
            pass

    def _line(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "lab-smsc ended"
        return json.loads(line)

    def order(self, *words: object) -> Any:
        """One line of its standard input; what it answers."""
        assert self._process.stdin
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        answer = self._line()
        assert not isinstance(answer, dict) or "error" not in answer, answer
        return answer

    def peer(self) -> int:
        """The port where the server reaches the device."""
        return self.order("peer", DEVICE, SERVER)["port"]

    def sent(self) -> list[dict[str, Any]]:
        """The short messages so far."""
        return [one for one in self.order("log") if not one["report"]]

    def dropped(self) -> list[str]:
        """Why the server's side did not take what came for it."""
        return [why for server in self.order("stats")["servers"] for _, _, why in server["dropped"]]

    def settle(self, timeout: float) -> None:
        """Waits until no short message is on its way."""
        deadline = time.monotonic() + timeout
        while any("arriving" in copy for one in self.sent() for copy in one["copies"]):
            assert time.monotonic() < deadline, "short messages that never arrive"
            time.sleep(0.05)  # there is nothing to wait on

    def stop(self) -> None:
        """The end of its input is its end."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()

    def __enter__(self) -> Centre:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def by(messages: Iterable[dict[str, Any]], number: str) -> list[dict[str, Any]]:
    """Those that a number sent."""
    return [one for one in messages if one["from"] == number]
