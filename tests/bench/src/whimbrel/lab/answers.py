"""What the lab's servers are told: responses, notifications, registrations, the log of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Dict, Union

from .process import LabError


class NoAnswer(LabError):
    """A request of a server has no response: nobody is registered, or all repetitions went unanswered."""


Tree = Dict[int, Union[bytes, "Tree"]]


def _tree(told: Mapping[str, Any]) -> Tree:
    return {int(id): bytes.fromhex(below) if isinstance(below, str) else _tree(below) for id, below in told.items()}


@dataclass(frozen=True)
class Link:
    """A link of an object list or a Discover answer; a flag's attribute is None."""

    path: str
    attributes: Mapping[str, str | None] = field(default_factory=dict)


def links(told: list[Mapping[str, Any]] | None) -> list[Link]:
    return [Link(one["path"], one["attributes"]) for one in told or []]


@dataclass(frozen=True)
class Content:
    """What a message of a device says, whole, as the lab's own decoders read it."""

    code: str
    """`2.05`"""
    format: int | None
    """Content-Format by number."""
    payload: bytes
    time: int
    """When it (or its last block) arrived, in milliseconds."""
    text: str | None
    """The one String in it, in whatever format; None if there is not exactly one. So the two below."""
    number: float | None
    integer: int | None
    tlv: Tree
    """A TLV payload by IDs; empty for other formats."""
    links: list[Link]
    """A list of links; empty for other formats."""

    @property
    def ok(self) -> bool:
        """Whether the code is a success."""
        return self.code.startswith("2.")


def content(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": told["code"],
        "format": told["format"],
        "payload": bytes.fromhex(told["payload"]),
        "time": told["time"],
        "text": told["string"],
        "number": told["float"],
        "integer": told["integer"],
        "tlv": _tree(told["tlv"] or {}),
        "links": links(told["links"]),
    }


@dataclass(frozen=True)
class Response(Content):
    """The response to a request."""

    location: str
    """Location-Path, of a Create."""
    separate: bool
    """Not piggybacked on an acknowledgement."""
    options: list[tuple[int, bytes]]
    retransmissions: int
    """How many datagrams of the server were sent once more."""
    messages: int
    """How many messages the server needed: 1, or the number of blocks."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Response:
        if "failure" in told:
            raise NoAnswer(told["failure"])
        return cls(
            **content(told),
            location=told["location"],
            separate=told["separate"],
            options=[(number, bytes.fromhex(value)) for number, value in told["options"]],
            retransmissions=told["retransmissions"],
            messages=told["messages"],
        )


@dataclass(frozen=True)
class Notification(Content):
    """One notification."""

    confirmable: bool
    sequence: int | None
    fresh: bool
    """False if a later one overtook it (RFC 7641 section 3.4)."""
    whole: bool
    """False while blocks are missing."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Notification:
        names = ("confirmable", "sequence", "fresh", "whole")
        return cls(**content(told), **{name: told[name] for name in names})


@dataclass(frozen=True)
class Registration:
    """A device as a server knows it. Times are milliseconds of the lab's clock."""

    endpoint: str
    location: str
    lifetime: int
    version: str
    binding: str
    queue: bool
    sms: str | None
    registered: int
    refreshed: int
    awake_until: int
    expires: int | None
    peer: str
    links: list[Link]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Registration:
        return cls(**{**told, "links": links(told["links"])})

    @property
    def paths(self) -> list[str]:
        """The object list without attributes."""
        return [link.path for link in self.links]


@dataclass(frozen=True)
class LogEntry:
    """What a device asked of a server (register, update, deregister, bootstrap, other), or that its lifetime ended (expired)."""

    time: int
    event: str
    endpoint: str
    path: str
    queries: list[str]
    payload: bytes
    answer: str | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> LogEntry:
        return cls(**{**told, "payload": bytes.fromhex(told["payload"])})
