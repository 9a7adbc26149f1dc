"""Statuses of the C API, and the exceptions that stand for them."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """What a C function returns, or a handler answers."""

    OK = 0
    DEFERRED = 1
    PENDING = 2
    ERR_MALFORMED = -1
    ERR_NOT_FOUND = -2
    ERR_NOT_ALLOWED = -3
    ERR_FULL = -4
    ERR_HANDLER = -5
    ERR_ARGUMENT = -6
    ERR_REENTERED = -7
    ERR_UNAUTHORIZED = -8
    ERR_BAD_VALUE = -9
    ERR_NOT_ACCEPTABLE = -10
    ERR_UNSUPPORTED_FORMAT = -11
    ERR_TOO_LARGE = -12
    ERR_INCOMPLETE = -13
    ERR_BUSY = -14
    ERR_NOT_SUPPORTED = -15
    ERR_BAD_OPTION = -16
    ERR_LINK = -17
    ERR_TRUNCATED = -18
    ERR_STATE = -19
    ERR_EXISTS = -20
    ERR_TIMEOUT = -21
    ERR_REFUSED = -22
    ERR_SECURITY_MODE = -24
    ERR_CREDENTIALS = -25
    ERR_CIPHERSUITE = -26
    ERR_HANDSHAKE = -27
    ERR_CERTIFICATE = -28
    ERR_NAME = -29
    ERR_EXPIRED = -30
    ERR_CLOSED = -31
    ERR_STORAGE = -32
    ERR_INCONSISTENT = -33


MEANINGS: dict[int, str] = {
    Status.ERR_MALFORMED: "bytes that do not follow their grammar",
    Status.ERR_NOT_FOUND: "nothing there",
    Status.ERR_NOT_ALLOWED: "not supported by the target",
    Status.ERR_FULL: "a table or buffer is full: see limits",
    Status.ERR_HANDLER: "a handler failed",
    Status.ERR_ARGUMENT: "NULL where none may be, or a struct with an unknown size",
    Status.ERR_REENTERED: "called from inside a handler, an event or a port function",
    Status.ERR_UNAUTHORIZED: "no right",
    Status.ERR_BAD_VALUE: "a value of wrong type, length or range",
    Status.ERR_NOT_ACCEPTABLE: "no such format to answer in",
    Status.ERR_UNSUPPORTED_FORMAT: "a payload in an unknown format",
    Status.ERR_TOO_LARGE: "a payload larger than can be taken",
    Status.ERR_INCOMPLETE: "a part of a transfer is missing",
    Status.ERR_BUSY: "something else is under way",
    Status.ERR_NOT_SUPPORTED: "not part of this client",
    Status.ERR_BAD_OPTION: "a critical option is not understood",
    Status.ERR_LINK: "the link cannot send or receive",
    Status.ERR_TRUNCATED: "a datagram did not fit into the buffer",
    Status.ERR_STATE: "not a client, or called out of order",
    Status.ERR_EXISTS: "the identifier is in use",
    Status.ERR_TIMEOUT: "the server did not answer in time",
    Status.ERR_REFUSED: "the server refused",
    Status.ERR_SECURITY_MODE: "the security mode is not supported",
    Status.ERR_CREDENTIALS: "keys, certificate or name cannot be used as they are",
    Status.ERR_CIPHERSUITE: "none of the cipher suites is supported",
    Status.ERR_HANDSHAKE: "the handshake failed: no common cipher suite, a wrong key",
    Status.ERR_CERTIFICATE: "the server's certificate is not the one expected",
    Status.ERR_NAME: "the server's certificate is for another name",
    Status.ERR_EXPIRED: "the server's certificate is not valid now, or there is no clock",
    Status.ERR_CLOSED: "the server closed the session",
    Status.ERR_STORAGE: "stable storage cannot be read or written",
    Status.ERR_INCONSISTENT: "accounts, keys, Short Server IDs or access control do not fit together",
}


class WhimbrelError(Exception):
    """A negative status. Raised by a handler it is what the server is told, and goes no further."""

    def __init__(self, status: int, during: str = "") -> None:
        self.status = status
        name = Status(status).name if status in MEANINGS else "unknown status"
        meaning = f": {MEANINGS[status]}" if status in MEANINGS else ""
        super().__init__(f"WHIMBREL_{name} ({status}){meaning}" + (f", from {during}" if during else ""))


class Deferred(Exception):
    """Raised by a handler: the answer comes later, by Client.complete()."""


def check(status: int, during: str) -> int:
    """The status of a C call, unless it is an error."""
    if status < 0:
        raise WhimbrelError(status, during)
    return status
