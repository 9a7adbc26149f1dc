"""What the tests share: a card of their own that is made of a file set and knows no more than a bootstrap asks for, and the
tool run as a command."""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import card as tool  # noqa: E402


class HandCard:
    """SELECT by name, identifier and path from MF, READ BINARY, READ RECORD, VERIFY, MANAGE CHANNEL, GET RESPONSE. FCP by
    hand: tags 82 and 80. `waits`: 61xx before data; `mute`: no FCP; `most`: short answers."""

    def __init__(self, found: Dict[str, Any], waits: bool = False, mute: bool = False, most: int = 256) -> None:
        self.root, self.waits, self.mute, self.most = found["root"], waits, mute, most
        self.pins = {pin["reference"]: pin["value"] for pin in found.get("pins", [])}
        self.verified: List[int] = []
        self.channels: Dict[int, Dict[str, Any]] = {0: {}}
        self.commands: List[bytes] = []
        self.after: Dict[str, str] = {}  # answers by the beginning of the command, before all else

    def transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        for head, answer in self.after.items():
            if command.hex().upper().startswith(head):
                return bytes.fromhex(answer)
        data, word = self._answer(command)
        return data + word.to_bytes(2, "big")

    def _answer(self, command: bytes) -> Tuple[bytes, int]:
        cla, ins, p1, p2 = command[:4]
        body = command[5 : 5 + command[4]] if len(command) > 5 else b""
        if cla not in self.channels:
            return b"", 0x6881
        at = self.channels[cla]
        if ins == 0xC0:
            return at.pop("waiting"), 0x9000
        if ins == 0x70:
            return self._manage(p1, p2)
        if ins == 0x20:
            right = self.pins.get(p2, "").encode().ljust(8, b"\xff") == body
            self.verified += [p2] if right else []
            return b"", 0x9000 if right else 0x63C2
        if ins == 0xA4:
            return self._select(at, p1, body)
        return self._read(at, ins, p1 << 8 | p2, command[4] or 256)

    def _manage(self, p1: int, p2: int) -> Tuple[bytes, int]:
        if p1 == 0x80:
            self.channels.pop(p2)
            return b"", 0x9000
        self.channels[1] = {}
        return b"\x01", 0x9000

    def _select(self, at: Dict[str, Any], p1: int, body: bytes) -> Tuple[bytes, int]:
        if p1 == 4:
            named = [each for each in self.root["directories"] if each["aid"] == body.hex().upper()]
            at["application"] = named[0] if named else None
            fcp = bytes.fromhex("620482027821")
            return self._given(at, fcp) if named else (b"", 0x6A82)
        directory, ids = self.root, [body[n : n + 2].hex().upper() for n in range(0, len(body), 2)]
        for name in ids:
            below = [each for each in directory.get("directories", []) if each.get("id") == name]
            if name == "7FFF":
                directory = at["application"]
            elif below:
                directory = at["application"] = below[0]
        file = next((each for each in directory["files"] if each["id"] == ids[-1]), None)
        if file is None:
            return b"", 0x6A82
        at["file"] = file
        kind = bytes([0x42, 0x21, 0, file["length"], len(file["records"])]) if "records" in file else b"\x41\x21"
        size = file.get("size", len(file.get("content", "")) // 2)
        parts = bytes([0x82, len(kind)]) + kind + b"\x80\x02" + size.to_bytes(2, "big")
        return self._given(at, bytes([0x62, len(parts)]) + parts)

    def _given(self, at: Dict[str, Any], data: bytes) -> Tuple[bytes, int]:
        if self.mute:
            return b"", 0x9000
        if self.waits:
            at["waiting"] = data
            return b"", 0x6100 + len(data)
        return data, 0x9000

    def _read(self, at: Dict[str, Any], ins: int, place: int, le: int) -> Tuple[bytes, int]:
        file = at["file"]
        if "pin" in file and file["pin"] not in self.verified:
            return b"", 0x6982
        if ins == 0xB2:
            number = place >> 8
            if number > len(file["records"]):
                return b"", 0x6A83
            record = bytes.fromhex(file["records"][number - 1])
            return (record, 0x9000) if le == len(record) else (b"", 0x6C00 + len(record))
        content = bytes.fromhex(file["content"])
        if place >= len(content):
            return b"", 0x6B00
        data = content[place : place + min(le, self.most)]
        return data, 0x6282 if place + le > len(content) else 0x9000


def connect(card: HandCard, port: int) -> threading.Thread:
    """The card at the other end of a socket, as vicc speaks to vpcd."""

    def run() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as stream:
            while True:
                head = _exactly(stream, 2)
                message = _exactly(stream, int.from_bytes(head, "big"))
                if message == b"\0":
                    return
                if message in (b"\1", b"\2"):
                    continue
                answer = bytes.fromhex("3B00") if message == b"\4" else card.transmit(message)
                stream.sendall(len(answer).to_bytes(2, "big") + answer)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _exactly(stream: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class Bench(unittest.TestCase):
    """A folder, and the command."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_tool(self, *arguments: Any) -> Tuple[int, str, str]:
        """Exit status, what is printed, and what is said beside."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = tool.main([str(each) for each in arguments])
            except SystemExit as end:
                status = int(end.code or 0)
        return status, out.getvalue(), err.getvalue()


def files(found: Dict[str, Any], aid: Optional[str] = None) -> Dict[str, bytes]:
    """The files of the application with this AID by identifier, the last one without."""
    directories = found["root"]["directories"]
    directory = next((each for each in directories if each["aid"] == aid), directories[-1])
    return {file["id"]: bytes.fromhex(file["content"]) for file in directory["files"]}
