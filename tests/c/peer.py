"""A server for one C example: real UDP, and no more of CoAP than its checks need. It answers what the client asks, and
asks what a check wants to know.

The codec (peer_coap.py) is written apart from the engine on purpose.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import peer_coap as coap
from peer_coap import ACK, CON, RST, Message

GET, POST, PUT, DELETE = 1, 2, 3, 4
CREATED, DELETED, CHANGED, CONTENT, CONTINUE = 0x41, 0x42, 0x44, 0x45, 0x5F
#: Valgrind is slow.
PATIENCE = 20.0


class Peer:
    """One server on a free port of 127.0.0.1, and its one client."""

    def __init__(self, host: str = "127.0.0.1", family: int = socket.AF_INET) -> None:
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.uri = f"coap://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.client: object = None
        self.mid = 100
        #: What the client asked (register, update, deregister), and what it notified.
        self.asked: list[str] = []
        self.notified: list[Message] = []
        #: Whether the last response came by itself, after an empty acknowledgement.
        self.separate = False

    def close(self) -> None:
        self.socket.close()

    def send(self, message: Message) -> None:
        self.socket.sendto(message.encode(), self.client)

    def receive(self, until: float) -> Message | None:
        """The next message that is not the client's own request; those are answered here."""
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, sender = self.socket.recvfrom(4096)
            except TimeoutError:
                return None
            message = Message.decode(data)
            if not 1 <= message.code <= 4:
                return message
            self.client = sender
            self.answer(message)
            return None
        return None

    def answer(self, request: Message) -> None:
        path = [segment.decode() for segment in request.all(coap.PATH)]
        if request.code == DELETE:
            self.asked, code, options = [*self.asked, "deregister"], DELETED, []
        elif len(path) == 1:
            self.asked, code = [*self.asked, "register"], CREATED
            options = [(coap.LOCATION, b"rd"), (coap.LOCATION, b"7")]
        else:
            self.asked, code, options = [*self.asked, "update"], CHANGED, []
        self.send(Message(ACK, code, request.mid, request.token, options))

    def until(self, done: Callable[[], bool], patience: float = PATIENCE) -> bool:
        end = time.monotonic() + patience
        while not done() and time.monotonic() < end:
            message = self.receive(end)
            if message:
                self.take_notification(message)
        return done()

    def take_notification(self, message: Message) -> None:
        if message.type == CON:
            self.send(Message(ACK, 0, message.mid))
        self.notified.append(message)

    def registers(self) -> None:
        assert self.until(lambda: "register" in self.asked), "no Register came"

    def leaves(self) -> None:
        assert self.until(lambda: "deregister" in self.asked), "no De-register came"

    def ask(
        self,
        method: int,
        path: str,
        payload: bytes = b"",
        content: int | None = None,
        options: list[tuple[int, bytes]] | None = None,
    ) -> Message:
        """One request and its response, whether it comes in the acknowledgement or by itself."""
        path, _, query = path.partition("?")
        all_options = [(coap.PATH, part.encode()) for part in path.split("/") if part]
        all_options += [(coap.QUERY, part.encode()) for part in query.split("&") if part]
        if content is not None:
            all_options.append((coap.FORMAT, coap.uint(content)))
        self.mid += 1
        token = self.mid.to_bytes(2, "big")
        self.send(Message(CON, method, self.mid, token, all_options + (options or []), payload))
        self.separate = False
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            message = self.receive(end)
            if message is None:
                continue
            assert message.type != RST, f"{path}: Reset"
            if message.type == ACK and message.code == 0:
                self.separate = True
            elif message.token == token:
                if message.type == CON:
                    self.send(Message(ACK, 0, message.mid))
                return message
            else:
                self.take_notification(message)
        raise AssertionError(f"{path}: no answer")

    def read(self, path: str, accept: int = coap.TEXT) -> bytes:
        answer = self.ask(GET, path, options=[(coap.ACCEPT, coap.uint(accept))])
        assert answer.code == CONTENT, f"Read {path}: {answer.code:#x}"
        return answer.payload

    def read_blocks(self, path: str, accept: int, exponent: int) -> bytes:
        body, number = b"", 0
        while True:
            block = coap.uint(number << 4 | exponent)
            answer = self.ask(GET, path, options=[(coap.ACCEPT, coap.uint(accept)), (coap.BLOCK2, block)])
            assert answer.code == CONTENT, f"Read {path}: {answer.code:#x}"
            got = answer.number(coap.BLOCK2)
            if got is None:
                return answer.payload
            assert got >> 4 == number, "another block than asked for"
            exponent = min(exponent, got & 7)
            body += answer.payload
            if not got & 8:
                return body
            number = len(body) >> (exponent + 4)

    def write_blocks(self, path: str, body: bytes, content: int, exponent: int) -> Message:
        size = 16 << exponent
        for at in range(0, len(body), size):
            more = at + size < len(body)
            block = coap.uint(at // size << 4 | more << 3 | exponent)
            answer = self.ask(PUT, path, body[at : at + size], content, [(coap.BLOCK1, block)])
            assert answer.code == (CONTINUE if more else CHANGED), f"block at {at}: {answer.code:#x}"
        return answer


@contextlib.contextmanager
def running(program: str, *uris: str) -> Iterator[subprocess.Popen[str]]:
    """The example as a process, under what $VALGRIND says; its verdict counts when the block is left."""
    words = [*shlex.split(os.environ.get("VALGRIND", "")), program, *uris]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
        # ends its input, which is how these examples are told to leave
        out, _ = process.communicate(timeout=PATIENCE)
    except BaseException:
        process.kill()
        print(process.communicate()[0])
        raise
    assert process.returncode == 0, f"exit status {process.returncode}\n{out}"


def leave(process: subprocess.Popen[str], *peers: Peer) -> None:
    """Ends the client's input, and sees it say goodbye."""
    assert process.stdin
    process.stdin.close()
    process.stdin = None
    for peer in peers:
        peer.leaves()
