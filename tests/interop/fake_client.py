"""A stand-in for the client under test: proves the harness, and nothing about the engine.

It obeys the same command line, commands and output as the real program (README.md). Its CoAP is the least that Leshan
is content with: retransmission with a fixed timeout, an answer cache, block-wise both ways, Observe with pmin and gt.
"""

from __future__ import annotations

import argparse
import os
import random
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlparse

import fake_coap as coap
from fake_coap import Message
from fake_objects import BAD_REQUEST, NOT_ALLOWED, Objects, Path, Refused

BLOCK = 512
RETRY = 0.4


@dataclass
class Observation:
    path: Path
    accept: int | None
    count: int = 1
    last: float = 0.0  # when
    value: object = None  # what gt compares with
    pending: bool = False
    mids: set[int] = field(default_factory=set)


@dataclass
class Account:
    """One server: its socket, the registration, and what is under way."""

    number: int
    sock: socket.socket
    location: list[bytes] = field(default_factory=list)
    waiting: tuple[str, Message, float, int] | None = None  # what, message, next try, tries left
    queued: list[dict[str, str]] = field(default_factory=list)
    refresh: float = 0.0
    cache: dict[int, bytes] = field(default_factory=dict)
    observations: dict[bytes, Observation] = field(default_factory=dict)
    attributes: dict[Path, dict[str, str]] = field(default_factory=dict)
    upload: bytearray = field(default_factory=bytearray)


class FakeClient:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.objects = Objects(len(options.server), options.lifetime, options.binding)
        self.mid = random.randrange(65536)
        self.accounts = []
        for number, uri in enumerate(options.server):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.connect(("127.0.0.1", urlparse(uri).port))
            self.accounts.append(Account(number, sock))
        self.leaving = False

    def next_mid(self) -> int:
        self.mid = (self.mid + 1) % 65536
        return self.mid

    def run(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(sys.stdin, selectors.EVENT_READ)
        for account in self.accounts:
            selector.register(account.sock, selectors.EVENT_READ, account)
            self.register(account)
        commands = b""
        while not (self.leaving and all(account.waiting is None for account in self.accounts)):
            for key, _ in selector.select(max(0.0, self.due() - time.monotonic())):
                if key.data is None:
                    chunk = os.read(sys.stdin.fileno(), 4096)
                    if not chunk:
                        return
                    *lines, commands = (commands + chunk).split(b"\n")
                    for line in lines:
                        self.command(line.decode().split(" ", 4))
                else:
                    self.receive(key.data)
            for account in self.accounts:
                self.tick(account)

    # Timers

    def due(self) -> float:
        times = [time.monotonic() + 60]
        for account in self.accounts:
            times += [account.waiting[2]] if account.waiting else [account.refresh] if account.location else []
            times += [self.reported_by(account, one) for one in account.observations.values()]
        return min(times)

    def tick(self, account: Account) -> None:
        now = time.monotonic()
        if account.waiting and account.waiting[2] <= now:
            what, message, _, left = account.waiting
            if left == 0:
                account.waiting = None
                if not self.leaving:
                    self.register(account)
            else:
                account.waiting = (what, message, now + RETRY, left - 1)
                self.send(account, message)
        elif not account.waiting and account.location and account.queued:
            self.update(account, account.queued.pop(0))
        elif not account.waiting and account.location and account.refresh <= now:
            self.update(account, {})
        for token, one in account.observations.items():
            if self.reported_by(account, one) <= now:
                self.notify(account, token, one)

    # Registration

    def request(self, account: Account, what: str, code: int, path: list[bytes], **query: str) -> None:
        options = [(coap.PATH, part) for part in path]
        options += [(coap.QUERY, f"{name}={value}".rstrip("=").encode()) for name, value in query.items() if name != "links"]
        if "links" in query:
            options.append((coap.FORMAT, coap.uint(coap.LINK)))
        message = Message(coap.CON, code, self.next_mid(), os.urandom(2), options, query.get("links", "").encode())
        account.waiting = (what, message, time.monotonic() + RETRY, 12)
        self.send(account, message)

    def register(self, account: Account) -> None:
        account.location, account.observations = [], {}
        query = {"ep": self.options.endpoint, "lwm2m": self.options.version, "lt": str(self.lifetime(account))}
        if self.options.version == "1.0":
            query["b"] = self.options.binding
        else:
            query |= {"b": self.options.binding.replace("Q", "")} | ({"Q": ""} if "Q" in self.options.binding else {})
        self.request(account, "registered", 2, [b"rd"], **query, links=self.objects.links())

    def update(self, account: Account, query: dict[str, str]) -> None:
        self.request(account, "updated", 2, account.location, **query)

    def lifetime(self, account: Account) -> int:
        return int(self.objects.tree[1][account.number][1].value)

    def command(self, words: list[str]) -> None:
        if words[0] == "set":
            path = tuple(int(word) for word in words[1:4])
            self.objects.set(path, words[4])
            self.changed(path)
        elif words[0] == "update":
            for account in self.accounts:
                account.queued.append({})
        elif words[0] == "quit":
            self.leaving = True
            for account in self.accounts:
                self.request(account, "deregistered", 4, account.location or [b"rd"])

    # Messages

    def send(self, account: Account, message: Message) -> None:
        try:
            account.sock.send(message.encode())
        except OSError:
            pass  # nobody there yet; the retransmission will see

    def receive(self, account: Account) -> None:
        try:
            message = Message.decode(account.sock.recv(65536))
        except OSError:
            return
        if message.code == 0 or message.code >> 5 >= 2:
            self.answered(account, message)
            return
        known = account.cache.get(message.mid)
        if known is None:
            reply = self.answer(account, message)
            known = reply.encode()
            account.cache[message.mid] = known
            if len(account.cache) > 64:
                del account.cache[next(iter(account.cache))]
        account.sock.send(known)

    def answered(self, account: Account, message: Message) -> None:
        if message.type == coap.RST:
            lost = [token for token, one in account.observations.items() if message.mid in one.mids]
            for token in lost:
                del account.observations[token]
                print("event cancelled", flush=True)
        if account.waiting is None or message.mid != account.waiting[1].mid:
            return
        what, account.waiting = account.waiting[0], None
        account.refresh = time.monotonic() + self.lifetime(account) * 0.8
        if what == "registered":
            account.location = message.all(coap.LOCATION)
        if message.code >> 5 == 2:
            print("event", what, 101 + account.number, flush=True)
        elif what == "updated":
            self.register(account)

    def answer(self, account: Account, request: Message) -> Message:
        reply = Message(coap.ACK if request.type == coap.CON else coap.NON, 0, request.mid, request.token)
        try:
            parts = tuple(int(part) for part in request.all(coap.PATH))
            self.dispatch(account, request, reply, parts)
        except Refused as refused:
            reply.code, reply.options, reply.payload = refused.code, [], b""
        except ValueError:
            reply.code = 0x84
        return reply

    def dispatch(self, account: Account, request: Message, reply: Message, path: Path) -> None:
        method, query = request.code, [text.decode() for text in request.all(coap.QUERY)]
        if method == 1 and request.number(coap.ACCEPT) == coap.LINK:
            self.content(request, reply, coap.LINK, self.objects.discover(path, account.attributes).encode())
        elif method == 1:
            self.read(account, request, reply, path)
        elif method == 3 and query:
            self.write_attributes(account, path, query)
            reply.code = 0x44
        elif method in (2, 3) and not self.assemble(account, request, reply):
            return
        elif method == 3 or (method == 2 and len(path) == 2):
            data = bytes(account.upload)
            self.objects.write(path, request.number(coap.FORMAT), data, method == 3)
            reply.code = 0x44
            self.written(account, path)
        elif method == 2 and len(path) == 3:
            self.objects.execute(path, bytes(account.upload).decode())
            reply.code = 0x44
            if path[0] == 1 and path[2] == 8:
                account.queued.append({})
        elif method == 2 and len(path) == 1:
            number, ours = self.objects.create(path, request.number(coap.FORMAT), bytes(account.upload))
            reply.code = 0x41
            if ours:
                reply.options += [(coap.LOCATION, str(part).encode()) for part in (*path, number)]
            self.listed()
        elif method == 4:
            self.objects.delete(path)
            reply.code = 0x42
            self.listed()
        else:
            raise Refused(NOT_ALLOWED)

    def read(self, account: Account, request: Message, reply: Message, path: Path) -> None:
        form, data = self.objects.read(path, request.number(coap.ACCEPT))
        observe = request.number(coap.OBSERVE)
        if observe == 0 and not (request.number(coap.BLOCK2) or 0) >> 4:
            one = Observation(path, request.number(coap.ACCEPT), last=time.monotonic(), value=self.value(path))
            account.observations[request.token] = one
            reply.options.append((coap.OBSERVE, coap.uint(one.count)))
        elif observe == 1:
            account.observations.pop(request.token, None)
            print("event cancelled", flush=True)
        self.content(request, reply, form, data)

    def content(self, request: Message, reply: Message, form: int, data: bytes) -> None:
        """2.05, cut to the block that was asked for (RFC 7959)."""
        asked = request.number(coap.BLOCK2) or 5
        size = min(BLOCK, 16 << (asked & 7))
        start = (asked >> 4) * (16 << (asked & 7))
        reply.code, reply.payload = 0x45, data[start : start + size]
        reply.options.append((coap.FORMAT, coap.uint(form)))
        if len(data) > size:
            more = start + size < len(data)
            reply.options.append((coap.BLOCK2, coap.uint(start // size << 4 | more << 3 | size.bit_length() - 5)))

    def assemble(self, account: Account, request: Message, reply: Message) -> bool:
        """Collects Block1; True if `upload` is whole."""
        block = request.number(coap.BLOCK1)
        if block is None:
            account.upload[:] = request.payload
            return True
        if block >> 4 == 0:
            account.upload.clear()
        if len(account.upload) != (block >> 4) * (16 << (block & 7)):
            raise Refused(0x88)
        account.upload += request.payload
        reply.options.append((coap.BLOCK1, coap.uint(block)))
        reply.code = 0x5F
        return not block & 8

    def written(self, account: Account, path: Path) -> None:
        if path[0] == 1 and path[2:] in ((), (1,)):
            account.queued.append({"lt": str(self.lifetime(account))})
        self.changed(path)

    def listed(self) -> None:
        for account in self.accounts:
            account.queued.append({"links": self.objects.links()})

    # Observe

    def write_attributes(self, account: Account, path: Path, query: list[str]) -> None:
        self.objects.resource(path) if len(path) == 3 else self.objects.read(path, None)
        new = dict(account.attributes.get(path, {}))
        for one in query:
            name, _, value = one.partition("=")
            if name not in ("pmin", "pmax", "gt", "lt", "st"):
                raise Refused(BAD_REQUEST)
            new[name] = value
        account.attributes[path] = {name: value for name, value in new.items() if value}

    def attribute(self, account: Account, path: Path, name: str) -> float | None:
        found = [account.attributes.get(path[:depth], {}).get(name) for depth in (3, 2, 1)]
        return next((float(one) for one in found if one is not None), None)

    def reported_by(self, account: Account, one: Observation) -> float:
        """When its next notification is due: at pmin if something changed, at pmax if nothing did."""
        wait = self.attribute(account, one.path, "pmin" if one.pending else "pmax")
        return one.last + (wait if wait is not None else 0.0 if one.pending else float("inf"))

    def value(self, path: Path) -> object:
        return self.objects.resource(path).value if len(path) == 3 else None

    def changed(self, path: Path) -> None:
        for account in self.accounts:
            for one in account.observations.values():
                depth = min(len(path), len(one.path))
                if path[:depth] == one.path[:depth] and self.crosses(account, one):
                    one.pending = True

    def crosses(self, account: Account, one: Observation) -> bool:
        limit, now = self.attribute(account, one.path, "gt"), self.value(one.path)
        if limit is None or not isinstance(now, float) or not isinstance(one.value, float):
            return True
        return (one.value > limit) != (now > limit)

    def notify(self, account: Account, token: bytes, one: Observation) -> None:
        one.pending, one.last, one.value = False, time.monotonic(), self.value(one.path)
        one.count += 1
        message = Message(coap.NON, 0x45, self.next_mid(), token, [(coap.OBSERVE, coap.uint(one.count))])
        form, data = self.objects.read(one.path, one.accept)
        self.content(Message(coap.NON, 1, 0), message, form, data)
        one.mids.add(message.mid)
        self.send(account, message)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", action="append", required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--lifetime", type=int, default=300)
    parser.add_argument("--binding", default="U")
    parser.add_argument("--version", default="1.0")
    FakeClient(parser.parse_args()).run()


if __name__ == "__main__":
    main()
