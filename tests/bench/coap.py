"""As much of CoAP as a test needs to play a server: messages, and answers to registrations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

CON, NON, ACK, RST = range(4)
GET, POST, PUT, DELETE = 0x01, 0x02, 0x03, 0x04
CREATED, DELETED, CHANGED, CONTENT = 0x41, 0x42, 0x44, 0x45
OBSERVE, LOCATION_PATH, URI_PATH, CONTENT_FORMAT, URI_QUERY, ACCEPT = 6, 8, 11, 12, 15, 17


def _extended(nibble: int, data: bytes, at: int) -> tuple[int, int]:
    if nibble == 13:
        return data[at] + 13, at + 1
    if nibble == 14:
        return int.from_bytes(data[at : at + 2], "big") + 269, at + 2
    return nibble, at


def _nibble(value: int) -> tuple[int, bytes]:
    if value < 13:
        return value, b""
    return (13, bytes([value - 13])) if value < 269 else (14, (value - 269).to_bytes(2, "big"))


@dataclass
class Message:
    """A CoAP message (RFC 7252 section 3)."""

    kind: int
    code: int
    id: int
    token: bytes = b""
    options: list[tuple[int, bytes]] = field(default_factory=list)
    payload: bytes = b""

    @classmethod
    def decode(cls, data: bytes) -> Message:
        end = 4 + (data[0] & 15)
        message = cls(data[0] >> 4 & 3, data[1], int.from_bytes(data[2:4], "big"), data[4:end])
        number, at = 0, end
        while at < len(data) and data[at] != 0xFF:
            first, at = data[at], at + 1
            delta, at = _extended(first >> 4, data, at)
            length, at = _extended(first & 15, data, at)
            number += delta
            message.options.append((number, data[at : at + length]))
            at += length
        message.payload = data[at + 1 :]
        return message

    def encode(self) -> bytes:
        out = bytes([0x40 | self.kind << 4 | len(self.token), self.code]) + self.id.to_bytes(2, "big") + self.token
        last = 0
        for number, value in sorted(self.options, key=lambda option: option[0]):
            (delta, more), (length, longer) = _nibble(number - last), _nibble(len(value))
            out += bytes([delta << 4 | length]) + more + longer + value
            last = number
        return out + (b"\xff" + self.payload if self.payload else b"")

    def all(self, number: int) -> list[bytes]:
        return [value for other, value in self.options if other == number]

    @property
    def path(self) -> str:
        return "/" + "/".join(segment.decode() for segment in self.all(URI_PATH))


class Registrar:
    """Answers Register, Update and De-register, acknowledges notifications, and keeps all that it heard."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self._id = 0

    def answer(self, datagram: bytes) -> Iterable[bytes]:
        message = Message.decode(datagram)
        self.heard.append(message)
        if message.kind != CON:
            return
        reply = Message(ACK, 0, message.id)
        if message.code in (POST, DELETE):
            reply.token = message.token
            reply.code = DELETED if message.code == DELETE else CHANGED
            if message.path == "/rd":
                reply.code = CREATED
                reply.options = [(LOCATION_PATH, b"rd"), (LOCATION_PATH, b"5")]
        yield reply.encode()

    def request(self, code: int, path: str, payload: bytes = b"", *options: tuple[int, bytes]) -> Message:
        """A request whose token is its Message ID."""
        self._id += 1
        segments = [(URI_PATH, part.encode()) for part in path.strip("/").split("/")]
        return Message(CON, code, self._id, self._id.to_bytes(2, "big"), [*segments, *options], payload)

    def response(self, request: Message) -> Message | None:
        """What came back for a request, notifications included: the latest."""
        return next((heard for heard in reversed(self.heard) if heard.code and heard.token == request.token), None)
