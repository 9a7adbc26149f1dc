"""A name server for guests: one name, which is the host; `silent` gets no answer, everything else does not exist."""

from __future__ import annotations

import socket
import threading
import time

HOST = bytes((10, 0, 2, 2))  # as a guest of QEMU's sees it


class NameServer:
    """On the host's loopback; answers take `delay` seconds. `asked` are the names, as they came."""

    def __init__(self, name: str, delay: float = 0.0) -> None:
        self._name, self._delay = name, delay
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.asked: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        try:
            while True:
                query, peer = self._socket.recvfrom(512)
                time.sleep(self._delay)
                answer = self._answer(query)
                if not self.asked[-1].startswith("silent"):
                    self._socket.sendto(answer, peer)
        except OSError:
            pass  # stopped

    def _answer(self, query: bytes) -> bytes:
        """RFC 1035 section 4.1; an A record of one minute, or NXDOMAIN."""
        labels, at = [], 12
        while length := query[at]:
            labels.append(query[at + 1 : at + 1 + length].decode())
            at += 1 + length
        question = query[12 : at + 5]
        self.asked.append(".".join(labels))
        known = self.asked[-1] == self._name
        head = query[:2] + (b"\x81\x80" if known else b"\x81\x83") + b"\0\1" + (b"\0\1" if known else b"\0\0") + bytes(4)
        record = b"\xc0\x0c\0\1\0\1" + (60).to_bytes(4, "big") + b"\0\4" + HOST
        return head + question + (record if known else b"")
