"""What a passer-by sees of DTLS: record numbers, which no session may use twice (RFC 6347 section 4.1), and handshakes."""

from __future__ import annotations

import threading

from proxy import LossyProxy, Path, Weather

HANDSHAKE, CONNECTION_ID = 22, 25
CLIENT_HELLO = 1
CID_LENGTH = 6  # of the bench's Leshan: tests/interop/leshan/common/Handshakes.java


class Watched(LossyProxy):
    """A way to a server that loses nothing, and takes down what the client sends."""

    def __init__(self, upstream_port: int) -> None:
        self._lock = threading.Lock()
        self._records: set[tuple[bytes, bytes]] = set()
        #: Connection ID, and epoch with number, that came twice.
        self.reused: list[tuple[bytes, bytes]] = []
        self.hellos = 0
        super().__init__(upstream_port, 1, Weather(0, 0, 0))

    def _carry(self, path: Path, data: bytes) -> None:
        if path.out is not self._front:
            self._watch(data)
        super()._carry(path, data)

    def _watch(self, data: bytes) -> None:
        at = 0
        while at + 13 <= len(data):
            kind, number = data[at], data[at + 3 : at + 11]
            cid = data[at + 11 : at + 11 + CID_LENGTH] if kind == CONNECTION_ID else b""
            body = at + 13 + len(cid)
            with self._lock:
                if kind == CONNECTION_ID:
                    if (cid, number) in self._records:
                        self.reused.append((cid, number))
                    self._records.add((cid, number))
                elif kind == HANDSHAKE and number[:2] == b"\0\0" and data[body : body + 1] == bytes([CLIENT_HELLO]):
                    self.hellos += 1
            at = body + int.from_bytes(data[body - 2 : body], "big")

    def sessions(self) -> dict[bytes, int]:
        """How many protected records there were, by Connection ID."""
        with self._lock:
            counts: dict[bytes, int] = {}
            for cid, _ in self._records:
                counts[cid] = counts.get(cid, 0) + 1
            return counts
