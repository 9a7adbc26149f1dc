"""DTLS servers that know no LwM2M: `openssl s_server`, which lets a test answer, and `gnutls-serv`, which echoes.

Both choose a port themselves; neither says which, so it is read from /proc.
"""

from __future__ import annotations

import atexit
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "target" / "interop"
sys.path.insert(1, str(HERE.parent / "bench"))

from coap import CHANGED, CON, CREATED, DELETED, POST, Message, Registrar  # noqa: E402

__all__ = ["CHANGED", "CON", "CREATED", "DELETED", "POST", "GnuTls", "Message", "OpenSsl"]


def udp_port(process: subprocess.Popen[bytes], timeout: float = 10.0) -> int:
    """The first UDP port that a process has. Linux only."""
    folder, deadline = f"/proc/{process.pid}/fd", time.monotonic() + timeout
    while process.poll() is None and time.monotonic() < deadline:
        ours = {link[8:-1] for link in _links(folder) if link.startswith("socket:[")}
        with open("/proc/net/udp", encoding="ascii") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        for row in rows:
            if row[9] in ours:
                return int(row[1].rsplit(":", 1)[1], 16)
        time.sleep(0.01)  # there is nothing to wait on
    raise RuntimeError(f"{process.args}: no port; ended with {process.poll()}")


def _links(folder: str) -> list[str]:
    links = []
    for one in os.listdir(folder):
        try:
            links.append(os.readlink(f"{folder}/{one}"))
        except FileNotFoundError:
            pass  # closed since
    return links


class Peer:
    """A process whose messages are kept and can be waited for."""

    def __init__(self, name: str, arguments: list[str], messages: str) -> None:
        TARGET.mkdir(parents=True, exist_ok=True)
        self._log = open(TARGET / f"{name}.log", "ab")
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, cwd=TARGET)
        self._text = ""
        self._changed = threading.Condition()
        stream = getattr(self.process, messages)
        self._threads = [threading.Thread(target=self._read, args=(stream.fileno(), self._note), daemon=True)]
        self._threads[0].start()
        atexit.register(self.stop)  # also where a constructor fails
        self.port = udp_port(self.process)

    def _read(self, descriptor: int, take: object) -> None:
        assert callable(take)
        while data := os.read(descriptor, 65536):
            take(data)

    def _note(self, data: bytes) -> None:
        with self._changed:
            self._log.write(data)
            self._text += data.decode(errors="replace")
            self._changed.notify_all()

    def says(self, text: str, timeout: float = 10.0) -> str:
        """Waits until the server has written this; returns all that it has written so far."""
        with self._changed:
            if not self._changed.wait_for(lambda: text in self._text, timeout):
                raise AssertionError(f"{self.process.args}: never said {text!r}; it said: {self._text[-2000:]}")
            return self._text

    def stop(self) -> None:
        atexit.unregister(self.stop)
        self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join(5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            try:
                stream.close()
            except OSError:
                pass  # what was not yet written to it
        self._log.close()


class OpenSsl(Peer):
    """What s_server decrypts comes out of it, and what goes into it leaves as one record: the test is the LwM2M server."""

    def __init__(self, ciphers: str, *options: str, version: str = "dtls1_2") -> None:
        super().__init__(
            "openssl",
            ["openssl", "s_server", f"-{version}", "-accept", "127.0.0.1:0", "-brief", "-timeout",
             "-cipher", f"{ciphers}:@SECLEVEL=0", *options],
            "stderr",
        )  # fmt: skip
        self._heard: queue.Queue[bytes] = queue.Queue()
        assert self.process.stdout
        self._threads.append(
            threading.Thread(target=self._read, args=(self.process.stdout.fileno(), self._heard.put), daemon=True)
        )
        self._threads[-1].start()
        self._registrar = Registrar()

    def send(self, message: Message) -> None:
        assert self.process.stdin
        self.process.stdin.write(message.encode())
        self.process.stdin.flush()

    def receive(self, timeout: float = 10.0) -> Message:
        """The next message of the client; a request of it is answered at once."""
        try:
            data = self._heard.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"nothing from the client; {self._text[-2000:]}") from None
        for answer in self._registrar.answer(data):
            self.send(Message.decode(answer))
        return Message.decode(data)

    def ask(self, code: int, path: str, payload: bytes = b"", *options: tuple[int, bytes]) -> Message:
        """One request, and the client's answer."""
        request = self._registrar.request(code, path, payload, *options)
        self.send(request)
        while True:
            message = self.receive()
            if message.token == request.token and message.code:
                return message


class GnuTls(Peer):
    """Sends back what it gets. gnutls-serv cannot be bound to one address: it listens on all."""

    def __init__(self, priority: str, *options: str) -> None:
        super().__init__(
            "gnutls", ["gnutls-serv", "--udp", "--echo", "-p", "0", "-d", "4", "--priority", priority, *options], "stdout"
        )
        assert self.process.stderr
        self._threads.append(
            threading.Thread(target=self._read, args=(self.process.stderr.fileno(), self._note), daemon=True)
        )
        self._threads[-1].start()
